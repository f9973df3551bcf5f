//! What does one probe say? Probe now, print the report, exit.

use super::args::{CheckArgs, NetArgs, args_of_a_check, flag, is_typed};
use super::experiment::experiment;
use super::output::{self, Format, OutputArgs};
use super::progress::run_watched;
use super::{Stop, configuration, runtime};
use crate::check::Check;
use crate::config::{Config, DEFAULT_TIMEOUT, NetSettings};
use crate::probe::Net;
use crate::report::Report;
use clap::{ArgMatches, Args};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::LocalSet;

#[derive(Debug, Args)]
#[command(
    override_usage = "apigw-probe once INVOKE_URL [VPCE_DNS_NAME] [OPTIONS]\n       apigw-probe once --config FILE [TARGET_NAME]... [OPTIONS]"
)]
pub(super) struct OnceArgs {
    #[command(flatten)]
    check: CheckArgs,
    /// Probe the targets of this configuration: all, or those that are named in the place of INVOKE_URL
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    net: NetArgs,
    /// Where the answers leave something open, send up to four requests more that may decide it; they are told before
    #[arg(long)]
    experiment: bool,
    #[command(flatten)]
    output: OutputArgs,
    /// Print this target as configuration, with the intents that were observed, in place of the report
    #[arg(long)]
    print_config: bool,
}

/// Options of the command line that contradict each other. The environment is no contradiction: an option that is not for
/// this use of the command is passed over there.
pub(super) fn refuse_what_does_not_go_together(matches: &ArgMatches) -> Result<(), String> {
    let first = ["config", "print_config"].into_iter().find(|id| is_typed(matches, id));
    let others: Vec<String> = match first {
        Some("config") => args_of_a_check().into_iter().chain(["print_config".to_owned()]).collect(),
        Some(_) => ["experiment", "format", "verbose", "quiet"].map(str::to_owned).to_vec(),
        None => return Ok(()),
    };
    match (first, others.iter().find(|id| is_typed(matches, id))) {
        (Some(first), Some(other)) => Err(format!("{} cannot be used with {}", flag(other), flag(first))),
        (_, _) => Ok(()),
    }
}

pub(super) fn run(args: &OnceArgs) -> Result<u8, Stop> {
    let proxies = ignored_proxy_variables();
    if !proxies.is_empty() && args.output.format != Format::Nagios {
        output::complain(&format!("warning: {} ignored: a probe through a proxy would test the proxy", set(&proxies)));
    }
    match &args.config {
        Some(file) => run_configured(args, file, &proxies),
        None => run_given(args, &proxies),
    }
}

fn run_given(args: &OnceArgs, proxies: &[String]) -> Result<u8, Stop> {
    let mut check = args.check.check(usual_timeout(args.output.format))?;
    if check.lacks_canary() {
        output::complain(&format!("warning: {}", super::offline::NO_CANARY));
    }
    if let Some(warning) = check.auth.contradiction() {
        output::complain(&format!("warning: {warning}"));
    }
    let settings = args.net.settings(&NetSettings::default());
    check.request.ca_file.clone_from(&settings.ca_file);
    let net = settings.open().map_err(Stop::host)?;
    let output = args.output.open()?;
    let quiet = args.output.quiet || args.output.format == Format::Nagios;
    let report = runtime()?.block_on(async {
        let report = run_watched(&check, &net, proxies, quiet).await;
        if args.experiment { experiment(&check, &net, report, &args.output).await } else { report }
    });
    if args.print_config {
        if report.round.rows.iter().all(|row| !row.returns_expected(&report.round.target)) {
            output::complain("warning: no path returned an expected status; all stay required");
        }
        output.write(configuration::observed(check, &settings, &report).as_bytes())?;
        return Ok(super::status(report.verdict()));
    }
    args.output.tell(output, &report)
}

fn run_configured(args: &OnceArgs, file: &Path, proxies: &[String]) -> Result<u8, Stop> {
    let config = Config::read(file)?;
    let names = &args.check.target.inputs;
    let known = |name: &&String| config.targets.iter().any(|one| one.check.target.name == **name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        let all: Vec<&str> = config.targets.iter().map(|one| one.check.target.name.as_str()).collect();
        return Err(Stop::usage(format!("`{name}` is no target of {}; those are {}", file.display(), all.join(", "))));
    }
    let net = &config.open(&args.net.settings(&config.net)).map_err(Stop::host)?;
    let output = args.output.open()?;
    let all = config.targets.into_iter().map(|one| one.check);
    let wanted = all.filter(|check| names.is_empty() || names.contains(&check.target.name));
    let checks: &[Check] = &wanted.collect::<Vec<_>>();
    let runtime = runtime()?;
    let mut reports = runtime.block_on(run_all(checks, net, proxies.to_vec()));
    if args.experiment {
        reports = runtime.block_on(ask_further(checks, net, reports, &args.output));
    }
    args.output.tell_all(output, &reports)
}

/// Probes several targets, a few at a time; the reports come in the order of the checks.
async fn run_all(checks: &[Check], net: &Net, proxies: Vec<String>) -> Vec<Report> {
    let shared = std::rc::Rc::new((net.clone(), proxies, tokio::sync::Semaphore::new(AT_ONCE)));
    let local = LocalSet::new();
    let rounds: Vec<_> = checks
        .iter()
        .cloned()
        .map(|check| {
            let shared = shared.clone();
            local.spawn_local(async move {
                let (net, proxies, slots) = &*shared;
                let _slot = slots.acquire().await;
                check.run(net, proxies).await
            })
        })
        .collect();
    let mut reports = Vec::with_capacity(rounds.len());
    for round in rounds {
        reports.push(local.run_until(round).await.expect("a round does not panic"));
    }
    reports
}

/// Asks what the rounds leave open, target by target.
async fn ask_further(checks: &[Check], net: &Net, reports: Vec<Report>, output: &OutputArgs) -> Vec<Report> {
    let mut told = Vec::with_capacity(reports.len());
    for (check, report) in checks.iter().zip(reports) {
        told.push(experiment(check, net, report, output).await);
    }
    told
}

/// The deadline of a path if none was given; a Nagios plugin must end before its caller loses patience.
pub(super) fn usual_timeout(format: Format) -> Duration {
    if format == Format::Nagios { NAGIOS_TIMEOUT } else { DEFAULT_TIMEOUT }
}

/// The proxy variables that other programs would follow.
pub(super) fn ignored_proxy_variables() -> Vec<String> {
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    names.into_iter().filter(is_set).map(str::to_owned).collect()
}

fn set(names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb} set and", names.join(", "))
}

const NAGIOS_TIMEOUT: Duration = Duration::from_secs(8);
const AT_ONCE: usize = 8;
