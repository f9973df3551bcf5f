//! What would it say? A probe of a simulated AWS side on loopback, for rehearsal and for people without an account.

use super::experiment::experiment;
use super::output::{self, OutputArgs};
use super::progress::run_watched;
use super::{Stop, print, rehearsal, runtime};
use crate::check::{Check, Intents};
use crate::config::DEFAULT_TIMEOUT;
use crate::lab::{Addresses, Lab, Scenario};
use crate::plan::Request;
use crate::probe::{Detour, Limits, Net, Resolver, Trust};
use crate::target::Target;
use clap::Args;
use std::fmt::Write as _;
use std::net::SocketAddr;

#[expect(clippy::struct_excessive_bools, reason = "they are flags")]
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// What is wrong in the simulation
    #[arg(long, value_name = "NAME", default_value = "healthy", value_parser = scenario)]
    scenario: &'static Scenario,
    /// List the scenarios
    #[arg(long, conflicts_with_all = ["scenario", "serve"])]
    list: bool,
    /// Keep the simulation running, and the daemon with it; print how to probe it from outside
    #[arg(long)]
    serve: bool,
    /// Where the daemon listens, so that it can run beside another
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:9715", requires = "serve")]
    listen: SocketAddr,
    /// Where the answers leave something open, send up to four requests more, as `once --experiment` does
    #[arg(long, conflicts_with_all = ["list", "serve"])]
    experiment: bool,
    /// Call an API that does not exist too, as `once --canary` does; a scenario about it does so by itself
    #[arg(long, conflicts_with_all = ["list", "serve"])]
    canary: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &DemoArgs) -> Result<u8, Stop> {
    if args.list {
        return print(list().as_bytes());
    }
    if args.serve {
        return rehearsal::run(args.scenario, args.listen);
    }
    let output = args.output.open()?;
    if !args.output.quiet {
        output::complain(&format!("simulated on loopback: {}: {}", args.scenario.name, args.scenario.description()));
    }
    let report = runtime()?.block_on(async {
        let lab = Lab::start(args.scenario, Addresses::AsOnAws).await.map_err(Stop::host)?;
        let (mut check, net) = (check(&lab)?, net(&lab));
        check.canary |= args.canary;
        let report = run_watched(&check, &net, &[], args.output.quiet).await;
        Ok::<_, Stop>(if args.experiment { experiment(&check, &net, report, &args.output).await } else { report })
    })?;
    args.output.tell(output, &report)
}

/// The check that the operator of the scenario would run.
pub(super) fn check(lab: &Lab) -> Result<Check, Stop> {
    let scenario = lab.scenario();
    let target = Target::parse(lab.input()).map_err(Stop::usage)?;
    let timeout = scenario.timeout.unwrap_or(DEFAULT_TIMEOUT);
    Ok(Check {
        target: target.into(),
        request: Request::default(),
        intents: Intents::new(scenario.intents.iter().copied().collect(), false),
        limits: Limits { timeout, every_address: false, show_body: false },
        auth: lab.auth(),
        canary: scenario.canary,
    })
}

/// The make-believe VPC: its resolvers, its authority, and the way to its addresses.
pub(super) fn net(lab: &Lab) -> Net {
    Net {
        resolver: Resolver::given(vec![lab.dns_server()]),
        vpc_resolver: Some(lab.vpc_resolver()),
        trust: Trust::from_der(&[lab.ca_der()]).expect("the lab made it"),
        detour: Detour::from(lab.detour()),
        share: None,
    }
}

fn list() -> String {
    let mut text = String::new();
    for scenario in Scenario::all() {
        let _ = writeln!(text, "{:<34} {}", scenario.name, scenario.description());
    }
    text
}

pub(super) fn scenario(name: &str) -> Result<&'static Scenario, String> {
    Scenario::named(name).ok_or_else(|| {
        let nearest = Scenario::all().min_by_key(|known| strsim::damerau_levenshtein(known.name, name));
        format!(
            "there is no such scenario; {} is the nearest, --list shows all",
            nearest.map_or("healthy", |known| known.name)
        )
    })
}
