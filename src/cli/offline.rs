//! What can be answered without the network? The curl commands, the catalogue, a saved report, the configuration.

use super::args::{AuthArgs, RequestArgs, TargetArgs};
use super::output::OutputArgs;
use super::{Stop, configuration, print};
use crate::aws::{AssumeRoleConfig, CredentialsConfig};
use crate::bounded_read;
use crate::check::{Auth, Intents};
use crate::config::{self, Config, Untried};
use crate::daemon::check_web_config;
use crate::diagnosis::Cause;
use crate::observation::{Intent, Outcome};
use crate::plan::{Request, rows, word};
use crate::render;
use crate::report::{Report, read_json};
use crate::status::Schedule;
use crate::target::Expectation;
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(override_usage = "apigw-probe curl INVOKE_URL [VPCE_DNS_NAME] [OPTIONS]")]
pub(super) struct CurlArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    auth: AuthArgs,
    /// Trust the certificates of this PEM file
    #[arg(long, value_name = "PEM", env = "APIGW_PROBE_CA_FILE")]
    ca_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The report, or `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say whether a configuration is good, and what it costs
    Check {
        /// The configuration
        #[arg(default_value = CONFIG_FILE)]
        file: PathBuf,
    },
    /// Print the configuration as it is understood, with every default
    Show {
        /// The configuration
        #[arg(default_value = CONFIG_FILE)]
        file: PathBuf,
    },
    /// Print the JSON Schema of the configuration, or of the report
    Schema {
        /// Of the report
        #[arg(long)]
        report: bool,
    },
}

/// Prints the four requests as curl commands.
pub(super) fn curl(args: &CurlArgs) -> Result<u8, Stop> {
    let target = args.target.target(Expectation::default())?;
    for warning in &target.warnings {
        super::output::complain(&format!("warning: {warning}"));
    }
    let intents: Intents = args.target.intents()?;
    let auth = args.auth.auth(&target)?;
    let mut rows = rows(&target, auth.calls(), |path| intents.names(path));
    rows.retain(|row| intents.of(row.path) != Intent::Skip);
    let request = Request { ca_file: args.ca_file.clone(), ..args.request.request(&auth)? };
    let commands = render::curl(&target, &rows, &request);
    match whose_keys(&auth) {
        Some(whose) => print(format!("# {}\n\n{commands}", render::Clean(&whose)).as_bytes()),
        None => print(commands.to_string().as_bytes()),
    }
}

/// What the shell's variables must hold for the commands to be signed by whoever was named.
fn whose_keys(auth: &Auth) -> Option<String> {
    let CredentialsConfig { base, role, .. } = auth.credentials()?.config()?;
    let profile = base.profile();
    let by_profile = profile.map(|name| format!(" --profile {}", word(name))).unwrap_or_default();
    let (whose, command) = match (role, profile) {
        (Some(AssumeRoleConfig { arn, external_id, session_name }), _) => {
            let session = session_name.as_deref().unwrap_or("apigw-probe");
            let external = external_id.as_ref().map(|id| format!(" --external-id {}", word(id))).unwrap_or_default();
            let named = format!("--role-arn {} --role-session-name {}", word(arn), word(session));
            (format!("the role {arn}"), format!("aws sts assume-role {named}{external}{by_profile}"))
        }
        (None, Some(name)) => {
            (format!("the profile {name}"), format!("aws configure export-credentials{by_profile} --format env"))
        }
        (None, None) => return None,
    };
    Some(format!(
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN must be those of {whose}, as printed by: {command}"
    ))
}

/// A word of a report that can be explained.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word {
    Cause(Cause),
    Outcome(Outcome),
}

impl Word {
    fn name(self) -> &'static str {
        match self {
            Self::Cause(cause) => cause.name(),
            Self::Outcome(outcome) => outcome.name(),
        }
    }

    /// Reads the name of a cause or, where there is none, of an outcome; a mistyped one is told the nearest.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let name = text.to_ascii_lowercase();
        let all = || Cause::ALL.iter().copied().map(Self::Cause).chain(Outcome::all().map(Self::Outcome));
        let likeness = |one: &Self| strsim::jaro_winkler(one.name(), &name);
        let nearest = || all().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        all().find(|one| one.name() == name).ok_or_else(|| {
            let nearest = nearest().map_or("unexplained", Self::name);
            format!("there is no such cause or outcome; {nearest} is the nearest, `explain` alone lists all causes")
        })
    }
}

/// Prints an entry of the catalogue, or its table of contents.
pub(super) fn explain(word: Option<Word>) -> Result<u8, Stop> {
    let style = super::output::plain_style();
    let text = match word {
        Some(Word::Cause(cause)) => render::explain(cause, &style).to_string(),
        Some(Word::Outcome(outcome)) => render::explain_outcome(outcome, &style).to_string(),
        None => render::explain_all(&style).to_string(),
    };
    print(text.as_bytes())
}

/// Diagnoses saved reports again.
pub(super) fn replay(ReplayArgs { file, output }: &ReplayArgs) -> Result<u8, Stop> {
    let wrong = |what: &dyn std::fmt::Display| Stop::Replay(format!("`{}`: {what}", file.display()));
    let file = if file.as_os_str() == "-" { Path::new("/dev/stdin") } else { file };
    let bytes = bounded_read::read_at_most(MOST_REPORT_BYTES, file).map_err(|error| wrong(&error))?;
    let documents = serde_json::Deserializer::from_slice(&bytes).into_iter::<Box<serde_json::value::RawValue>>();
    let mut reports = Vec::new();
    for document in documents {
        let document = document.map_err(|error| wrong(&error))?;
        // the daemon's own list of them
        let is_list = document.get().starts_with('[');
        let all =
            if is_list { serde_json::from_str(document.get()).map_err(|error| wrong(&error))? } else { vec![document] };
        for one in all {
            reports.push(Report::of(read_json(one.get().as_bytes()).map_err(|error| wrong(&error))?));
        }
    }
    match reports.as_slice() {
        [] => Err(wrong(&"it is empty; a report is what `once --format json` prints")),
        [report] => output.tell(output.open()?, report),
        _ => output.tell_all(output.open()?, &reports),
    }
}

/// Checks, shows or describes the configuration.
pub(super) fn config(args: &ConfigArgs) -> Result<u8, Stop> {
    let text = match &args.command {
        ConfigCommand::Check { file } => {
            let config = Config::read(file)?;
            config.trust().map_err(Stop::host)?;
            config.check_credentials()?;
            if let Some(web) = &config.web_config_file {
                check_web_config(web).map_err(|error| config.fault(&Untried::WebConfigFile, error))?;
            }
            cost(&config)
        }
        ConfigCommand::Show { file } => configuration::shown(&Config::read(file)?),
        ConfigCommand::Schema { report } => if *report { render::JSON_SCHEMA } else { config::JSON_SCHEMA }.to_owned(),
    };
    print(text.as_bytes())
}

/// What a good configuration costs.
fn cost(config: &Config) -> String {
    let (own, asked) = (config.cost(Schedule::Interval), config.cost(Schedule::OnProbe));
    let targets = own.targets + asked.targets;
    let mut text = format!(
        "ok: {targets} target{}, {:.0} API calls per day, {:.2} DNS queries per second\n",
        if targets == 1 { "" } else { "s" },
        own.calls_per_day,
        own.dns_queries_per_second
    );
    if asked.targets > 0 {
        let _ = writeln!(
            text,
            "{} of them on-probe: {:.0} API calls per day and {:.2} DNS queries per second more, if /probe asks for each once in its interval",
            asked.targets, asked.calls_per_day, asked.dns_queries_per_second
        );
    }
    let most = config.load.dns_queries_per_second;
    if own.dns_queries_per_second + asked.dns_queries_per_second > f64::from(most) {
        let _ = writeln!(
            text,
            "warning: dns_queries_per_second = {most} allows less; rounds will be missed unless targets share enough names"
        );
    }
    for one in &config.targets {
        let name = &one.check.target.name;
        for warning in &one.check.target.warnings {
            let _ = writeln!(text, "warning: {name}: {warning}");
        }
        if let Some(warning) = one.check.auth.contradiction() {
            let _ = writeln!(text, "warning: {name}: {warning}");
        }
        if one.check.lacks_canary() {
            let _ = writeln!(text, "warning: {name}: {NO_CANARY}");
        }
        if one.schedule == Schedule::Interval && one.check.limits.timeout > one.interval {
            let (timeout, interval) = (one.check.limits.timeout.as_secs_f64(), one.interval.as_secs_f64());
            let _ = writeln!(
                text,
                "warning: {name}: a path may take {timeout} s and a round begins every {interval} s: while one is slow, others are missed"
            );
        }
        for (path, missing) in one.check.lacking() {
            let _ = writeln!(text, "warning: {name}: {path} is named and not configured: {}", missing.hint());
        }
    }
    text
}

/// What is said where a canary is wanted and has no way.
pub(super) const NO_CANARY: &str =
    "no canary is sent: it needs one of private-dns, route53-alias, vpce-host-header and vpce-api-id-header";
/// Reports of a thousand targets take some megabytes.
const MOST_REPORT_BYTES: u64 = 1 << 30;
const CONFIG_FILE: &str = "/etc/apigw-probe/config.toml";
