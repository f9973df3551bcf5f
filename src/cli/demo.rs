//! What would it say? A probe of a simulated AWS side on loopback, for rehearsal and for people without an account.

use super::output::{self, OutputArgs};
use super::progress::run_watched;
use super::{Stop, print, runtime};
use crate::check::{AuthMode, Check, Intents};
use crate::config::{Config, DEFAULT_TIMEOUT, NetSettings, Scheduled};
use crate::lab::{Addresses, Lab, Scenario};
use crate::plan::Request;
use crate::probe::{Detour, Limits, Net, Resolver, Trust};
use crate::serve::Signals;
use crate::target::{Expectation, Target, TargetInput};
use clap::Args;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

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
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &DemoArgs) -> Result<u8, Stop> {
    if args.list {
        return print(list().as_bytes());
    }
    if args.serve {
        return serve(args.scenario);
    }
    let output = args.output.open()?;
    if !args.output.quiet {
        output::complain(&format!("simulated on loopback: {}: {}", args.scenario.name, args.scenario.description()));
    }
    let report = runtime()?.block_on(async {
        let lab = Lab::start(args.scenario, Addresses::AsOnAws).await.map_err(Stop::host)?;
        Ok::<_, Stop>(run_watched(&check(&lab)?, &net(&lab), &[], args.output.quiet).await)
    })?;
    args.output.tell(output, &report)
}

/// Runs the daemon against a simulation that other processes can reach.
fn serve(scenario: &'static Scenario) -> Result<u8, Stop> {
    runtime()?.block_on(async {
        let signals = Signals::install().map_err(Stop::host)?;
        let lab = Lab::start(scenario, Addresses::Loopback).await.map_err(Stop::host)?;
        let mut ca_file =
            tempfile::Builder::new().prefix("apigw-probe-").suffix(".pem").tempfile().map_err(Stop::host)?;
        ca_file.write_all(lab.ca_pem().as_bytes()).map_err(Stop::host)?;
        let mut check = check(&lab)?;
        check.request.port = lab.port();
        let listen = SocketAddr::from(([127, 0, 0, 1], 9715));
        print(instructions(&lab, &check, ca_file.path(), listen).as_bytes())?;
        let targets = vec![Scheduled { check, interval: DEMO_INTERVAL }];
        let config = Config { listen: vec![listen], net: NetSettings::default(), targets };
        crate::serve::serve(config, net(&lab), Vec::new(), signals).await.map_err(Stop::host)?;
        Ok(0)
    })
}

/// How to probe the simulation from another terminal, with what its scenario asks for.
fn instructions(lab: &Lab, check: &Check, ca_file: &Path, listen: SocketAddr) -> String {
    let auth = check.auth.mode();
    let variables = match auth {
        AuthMode::None => Vec::new(),
        AuthMode::Iam | AuthMode::Both => lab.variables(),
    };
    let variables: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value} ")).collect();
    let variables = variables.concat();
    let mut text = format!(
        "# simulated on loopback until Ctrl-C: {}: {}\n\
         {variables}apigw-probe once {} {} --dns-server {} --vpc-resolver {} --port {} --ca-file {}",
        lab.scenario().name,
        lab.scenario().description(),
        lab.invoke_url(),
        lab.vpce_dns_name().unwrap_or_default(),
        lab.dns_server(),
        lab.vpc_resolver(),
        lab.port(),
        ca_file.display()
    );
    for (path, intent) in lab.scenario().intents {
        let _ = write!(text, " --{intent} {path}");
    }
    if auth != AuthMode::None {
        let _ = write!(text, " --auth {auth}");
    }
    if lab.scenario().timeout.is_some() {
        let _ = write!(text, " --timeout {}", humantime::format_duration(check.limits.timeout));
    }
    let _ = write!(text, "\ncurl http://{listen}/metrics\n");
    text
}

/// The check that the operator of the scenario would run.
pub(super) fn check(lab: &Lab) -> Result<Check, Stop> {
    let scenario = lab.scenario();

    let target = Target::parse(TargetInput {
        invoke_url: lab.invoke_url(),
        vpce_dns_name: lab.vpce_dns_name(),
        expect: Expectation::default(),
        ..TargetInput::default()
    })
    .map_err(Stop::usage)?;
    let timeout = scenario.timeout.unwrap_or(DEFAULT_TIMEOUT);
    Ok(Check {
        target,
        request: Request::default(),
        intents: Intents::new(scenario.intents.iter().copied().collect(), false),
        limits: Limits { timeout, every_address: false, show_body: false },
        auth: lab.auth(),
    })
}

/// The make-believe VPC: its resolvers, its authority, and the way to its addresses.
pub(super) fn net(lab: &Lab) -> Net {
    Net {
        resolver: Resolver::given(vec![lab.dns_server()]),
        vpc_resolver: Some(lab.vpc_resolver()),
        trust: Trust::from_der(&[lab.ca_der()]).expect("the lab made it"),
        detour: Detour::from(lab.detour()),
    }
}

fn list() -> String {
    let mut text = String::new();
    for scenario in Scenario::all() {
        let _ = writeln!(text, "{:<34} {}", scenario.name, scenario.description());
    }
    text
}

fn scenario(name: &str) -> Result<&'static Scenario, String> {
    Scenario::named(name).ok_or_else(|| {
        let nearest = Scenario::all().min_by_key(|known| strsim::damerau_levenshtein(known.name, name));
        format!(
            "there is no such scenario; {} is the nearest, --list shows all",
            nearest.map_or("healthy", |known| known.name)
        )
    })
}

const DEMO_INTERVAL: Duration = Duration::from_secs(5);
