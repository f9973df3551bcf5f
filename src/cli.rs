//! What does the user want? The command line, and the exit status that answers it.

mod args;
mod configuration;
mod deferred;
#[cfg(feature = "lab")]
mod demo;
mod doctor;
mod experiment;
mod man;
mod offline;
mod once;
mod output;
mod progress;
#[cfg(feature = "lab")]
mod rehearsal;

use crate::aws::drop_ignored_variables;
use crate::config::ConfigError;
use crate::daemon::{ReloadError, ServeOptions, Signals, raise_descriptors, spare_descriptors, usual_control_socket};
use crate::platform::share_heap;
use crate::report::Verdict;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use deferred::Deferred;
use output::{Output, WriteError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Probes a private Amazon API Gateway API through its four documented paths and says what is wrong.
#[derive(Debug, Parser)]
#[command(name = "apigw-probe", version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  apigw-probe once https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test \\
      vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com
  apigw-probe demo --list        rehearse against a simulated AWS, nothing leaves this host
  apigw-probe explain            every cause that the diagnosis knows

Exit status: 0 every path meets its intent, 1 at least one does not, 2 it could not run.
With --format nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Probe now, print the report, exit
    Once(Deferred<once::OnceArgs>),
    /// Probe at intervals and serve the results to monitoring
    Serve {
        /// The configuration file
        #[arg(long, value_name = "FILE", env = "APIGW_PROBE_CONFIG")]
        config: PathBuf,
        /// Answer POST and PUT /-/reload on the web listeners too
        #[arg(long)]
        enable_lifecycle: bool,
    },
    /// Tell the running daemon to read its configuration again, and wait for its verdict
    Reload {
        /// The daemon's control socket; if absent that of the unit which this is part of, else /run/apigw-probe/control.sock
        #[arg(long, value_name = "PATH", env = "APIGW_PROBE_CONTROL")]
        control: Option<PathBuf>,
    },
    /// Probe a simulated AWS side on loopback
    #[cfg(feature = "lab")]
    Demo(Deferred<demo::DemoArgs>),
    /// Say what account A can see of its own set-up, probe, and hold both against each other
    Doctor(Deferred<doctor::DoctorArgs>),
    /// Print the four requests as curl commands, send nothing
    Curl(Deferred<offline::CurlArgs>),
    /// Say what a cause means, how it shows, how to fix it; offline
    Explain {
        /// The cause, such as private-dns-disabled, or an outcome, such as dns-nxdomain; all causes if absent
        #[arg(value_name = "CAUSE", value_parser = offline::Word::parse)]
        word: Option<offline::Word>,
    },
    /// Diagnose a saved JSON report again; no network
    Replay(Deferred<offline::ReplayArgs>),
    /// Check, show or describe the configuration
    Config(Deferred<offline::ConfigArgs>),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
}

/// What stops the program before it has a verdict.
#[derive(Debug, thiserror::Error)]
enum Stop {
    /// The command line asks for something that cannot be done.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// A saved report cannot be read.
    #[error("{0}")]
    Replay(String),
    /// This host lacks something that the probe needs.
    #[error("{0}")]
    Host(String),
    /// The running daemon did not reload.
    #[error("{0}")]
    Reload(#[from] ReloadError),
    /// The output could not be written.
    #[error("{0}")]
    Write(#[from] WriteError),
}

#[expect(clippy::needless_pass_by_value, reason = "they are what `map_err` calls")]
impl Stop {
    fn usage(text: impl ToString) -> Self {
        Self::Usage(text.to_string())
    }

    fn host(error: impl ToString) -> Self {
        Self::Host(error.to_string())
    }
}

/// Parses the command line, runs it and gives the exit status.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    drop_ignored_variables();
    let args: Vec<OsString> = args.into_iter().collect();
    let for_nagios = output::asks_for_nagios(&args);
    let cli = match parse(&args) {
        Ok(cli) => cli,
        Err(error) if for_nagios && error.use_stderr() => {
            let text = error.to_string();
            return output::unknown(text.lines().next().unwrap_or_default().trim_start_matches("error: "));
        }
        Err(error) => return output::show_help(&error),
    };
    match run(cli.command) {
        Ok(status) => ExitCode::from(status),
        Err(stop) if for_nagios => output::unknown(&stop.to_string()),
        Err(stop) => {
            output::complain(&format!("error: {stop}"));
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// Reads the command line. What a configuration says is not said again by options; the environment's twins of those are passed over.
fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(args).map_err(|error| naming_the_variable(error, args))?;
    let refused = match matches.subcommand() {
        Some(("once", once)) => once::refuse_what_does_not_go_together(once),
        Some(("doctor", doctor)) => doctor::refuse_what_needs_an_invoke_url(doctor),
        Some(_) | None => Ok(()),
    };
    refused.map_err(|text| {
        let called = matches.subcommand_name().unwrap_or_default();
        let own = command.find_subcommand_mut(called).map(|own| own.error(ErrorKind::ArgumentConflict, &text));
        own.unwrap_or_else(|| command.error(ErrorKind::ArgumentConflict, &text))
    })?;
    Cli::from_arg_matches(&matches)
}

/// A wrong value of the environment is told under the name of its variable: nobody typed the option.
fn naming_the_variable(mut error: clap::Error, args: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return error };
    let option = shown.split(' ').next().unwrap_or_default().to_owned();
    let Some(name) = option.strip_prefix("--") else { return error };
    let variable = format!("APIGW_PROBE_{}", name.to_ascii_uppercase().replace('-', "_"));
    let typed = |arg: &OsString| arg.to_str().is_some_and(|arg| arg.split('=').next() == Some(&option));
    if !args.iter().any(typed) && std::env::var_os(&variable).is_some() {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
    error
}

fn run(command: Command) -> Result<u8, Stop> {
    match command {
        Command::Once(args) => once::run(&args),
        Command::Serve { config, enable_lifecycle } => serve(&config, enable_lifecycle),
        Command::Reload { control } => reload(&control.unwrap_or_else(usual_control_socket)),
        #[cfg(feature = "lab")]
        Command::Demo(args) => demo::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Curl(args) => offline::curl(&args),
        Command::Explain { word } => offline::explain(word),
        Command::Replay(args) => offline::replay(&args),
        Command::Config(args) => offline::config(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "apigw-probe", &mut script);
            print(&script)
        }
        Command::Man => print(&man::page(&Cli::command()).map_err(Stop::host)?),
    }
}

fn serve(file: &Path, lifecycle: bool) -> Result<u8, Stop> {
    raise_descriptors();
    share_heap();
    runtime()?.block_on(async {
        // before all else: a signal that comes while the configuration is read must not end the process
        let signals = Signals::install().map_err(Stop::host)?;
        let options =
            ServeOptions { lifecycle, ignored_proxy_variables: once::ignored_proxy_variables(), identity: None };
        crate::daemon::serve(file, options, signals).await.map_err(Stop::host)?;
        Ok(0)
    })
}

fn reload(control: &Path) -> Result<u8, Stop> {
    runtime()?.block_on(crate::daemon::ask_reload(control)).map_err(Stop::Reload)?;
    print(b"reloaded\n")
}

fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    spare_descriptors(LEAST_DESCRIPTORS).map_err(Stop::host)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Stop::host)
}

fn print(bytes: &[u8]) -> Result<u8, Stop> {
    Output::stdout().write(bytes)?;
    Ok(0)
}

/// The exit status of a verdict.
fn status(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Fail => 1,
    }
}

/// Files that a runtime has open by itself.
const LEAST_DESCRIPTORS: usize = 8;
/// The exit status of usage, configuration and output errors.
const COULD_NOT_RUN: u8 = 2;
