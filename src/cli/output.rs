//! Where does the report go, and in which form? To stdout or, whole or not at all, into a file; messages go to stderr.

use super::Stop;
use crate::bounded_read;
use crate::render;
use crate::report::{Report, Verdict};
use crate::setup::{Policy, Setup};
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The options that say how a report is told.
#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Text, env = "APIGW_PROBE_FORMAT")]
    pub(super) format: Format,
    /// Write to FILE, whole or not at all, in place of standard output
    #[arg(long, value_name = "FILE", env = "APIGW_PROBE_OUTPUT")]
    output: Option<PathBuf>,
    /// When to colour the text
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", env = "APIGW_PROBE_COLOR")]
    color: Color,
    /// Tell more: queries, addresses, certificates, headers
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Tell the verdict only
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One object, or one on each line where there are several targets
    Json,
    /// A Nagios plugin's output and exit status
    Nagios,
    /// Prometheus text format, gauges only
    Prometheus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl OutputArgs {
    /// Opens the output before anything is sent, so that a report is not lost for want of a place.
    pub(super) fn open(&self) -> Result<Output, WriteError> {
        match &self.output {
            Some(path) if path.as_os_str() != "-" => Output::file(path),
            _ => Ok(Output::stdout()),
        }
    }

    /// Writes one report and gives the exit status.
    pub(super) fn tell(&self, output: Output, report: &Report) -> Result<u8, Stop> {
        let text = match self.format {
            Format::Json => render::json(report),
            Format::Nagios => {
                let nagios = render::nagios(report);
                output.write(nagios.to_string().as_bytes())?;
                return Ok(nagios.status.exit_code());
            }
            Format::Text | Format::Prometheus => return self.tell_all(output, std::slice::from_ref(report)),
        };
        output.write(text.as_bytes())?;
        Ok(super::status(report.verdict()))
    }

    /// Writes the reports of several targets and gives the exit status of the worst.
    pub(super) fn tell_all(&self, output: Output, reports: &[Report]) -> Result<u8, Stop> {
        let failed = reports.iter().any(|report| report.verdict() == Verdict::Fail);
        let mut status = super::status(if failed { Verdict::Fail } else { Verdict::Pass });
        let text = match self.format {
            Format::Text => {
                let style = self.style(&output);
                reports.iter().map(|report| render::text(report, &style).to_string()).collect::<Vec<_>>().join("\n")
            }
            Format::Json => reports.iter().map(render::json_line).collect(),
            Format::Prometheus => render::prometheus(reports),
            Format::Nagios => {
                let nagios = render::nagios_of_all(reports);
                status = nagios.status.exit_code();
                nagios.to_string()
            }
        };
        output.write(text.as_bytes())?;
        Ok(status)
    }

    /// Writes what is known of a set-up by itself.
    pub(super) fn tell_setup(&self, output: Output, setup: &Setup) -> Result<u8, Stop> {
        let text = match self.format {
            Format::Json => render::json_setup(setup),
            // the others have a verdict to tell, and there is none
            Format::Text | Format::Nagios | Format::Prometheus => {
                render::setup(setup, &self.style(&output)).to_string().trim_start().to_owned()
            }
        };
        output.write(text.as_bytes())?;
        Ok(0)
    }

    /// Writes policies one after another, so that they can be piped; what each is for goes to stderr.
    pub(super) fn tell_policies(&self, documents: &[(String, Policy)]) -> Result<u8, Stop> {
        let output = self.open()?;
        let mut text = String::new();
        for (title, policy) in documents {
            complain(&format!("# {title}"));
            if output.is_stdout() {
                // at once, so that people see each below its title
                Output::stdout().write(policy.to_json().as_bytes())?;
            } else {
                text += &policy.to_json();
            }
        }
        output.write(text.as_bytes())?;
        Ok(0)
    }

    fn style(&self, output: &Output) -> render::TextStyle {
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => output.is_stdout() && wants_color(),
        };
        let width = if output.is_stdout() { width() } else { NARROW };
        render::TextStyle { width, color, verbose: self.verbose, quiet: self.quiet }
    }
}

/// The style of text that has no options.
pub(super) fn plain_style() -> render::TextStyle {
    render::TextStyle { width: width(), color: wants_color(), ..render::TextStyle::default() }
}

/// Whether stdout wants colour: `NO_COLOR` forbids it, `CLICOLOR_FORCE` demands it, else a terminal that is not dumb gets it.
fn wants_color() -> bool {
    let value = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let forced = value("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    value("NO_COLOR").is_none() && (forced || (io::stdout().is_terminal() && !is_dumb()))
}

/// Whether the terminal understands plain text only.
pub(super) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|kind| kind == "dumb")
}

/// The columns of the terminal on stdout, within reason.
fn width() -> usize {
    let columns = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    columns().map_or(NARROW, |columns| columns.clamp(NARROW, 140))
}

const NARROW: usize = 80;
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// A place for output.
pub(super) enum Output {
    Stdout,
    /// Something that cannot be replaced, such as a pipe or a device.
    Special(PathBuf, std::fs::File),
    File(PathBuf),
}

impl Output {
    pub(super) fn stdout() -> Self {
        Self::Stdout
    }

    fn file(path: &Path) -> Result<Self, WriteError> {
        // a link stays, what it leads to is replaced
        let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let wrong = |error| WriteError::File(path.to_owned(), error);
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            let (place, late) = (path.to_owned(), "no program opened it to read in time");
            // a pipe is waited for until it is read, which may be never
            let open = move || std::fs::OpenOptions::new().write(true).open(place);
            let file = bounded_read::with_time_limit(OPEN_TIMEOUT, late, open).map_err(wrong)?;
            return Ok(Self::Special(path.to_owned(), file));
        }
        // a place that takes no file is told before anything is probed; what is ended while it probes leaves none behind
        draft_of(path).map_err(wrong)?;
        Ok(Self::File(path.to_owned()))
    }

    /// Writes everything, or says why not.
    pub(super) fn write(self, bytes: &[u8]) -> Result<(), WriteError> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(WriteError::Stdout)
            }
            Self::Special(path, mut file) => file.write_all(bytes).map_err(|error| WriteError::File(path, error)),
            Self::File(path) => replace(&path, bytes).map_err(|error| WriteError::File(path, error)),
        }
    }

    fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }
}

/// Replaces a file whole, with the mode that other readers need, and makes it last.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut draft = draft_of(path)?;
    draft.as_file_mut().write_all(bytes)?;
    draft.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    draft.as_file().sync_all()?;
    draft.persist(path).map(drop).map_err(|error| error.error)
}

/// A new file beside another one; it is gone when it is dropped.
fn draft_of(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // opened and written to as a plain file: the crate would add the draft's name to errors, which means nothing to the user
    tempfile::Builder::new().prefix(".apigw-probe-").make_in(folder, |path| std::fs::File::create_new(path))
}

/// Output that could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// Standard output.
    #[error("standard output: {0}")]
    Stdout(io::Error),
    /// A file.
    #[error("cannot write `{}`: {}", .0.display(), .1)]
    File(PathBuf, io::Error),
}

/// One line on stderr, harmless to a terminal; if that is closed too, nobody listens.
pub(super) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{}", render::Clean(line));
}

/// Prints help or a usage error and gives the exit status.
pub(super) fn show_help(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    let harmless = text.lines().all(|line| render::Clean(line).to_string() == line);
    let shown = if harmless { error.print() } else { write!(io::stderr(), "{}", cleaned(&text)) };
    match shown.and_then(|()| io::stdout().flush()) {
        Ok(()) if !error.use_stderr() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(super::COULD_NOT_RUN),
        Err(error) => {
            complain(&format!("error: {}", WriteError::Stdout(error)));
            ExitCode::from(super::COULD_NOT_RUN)
        }
    }
}

fn cleaned(text: &str) -> String {
    text.lines().map(|line| render::Clean(line).to_string()).collect::<Vec<_>>().join("\n") + "\n"
}

/// Whether the command line, however wrong, asks for a Nagios plugin's manners.
pub(super) fn asks_for_nagios(args: &[OsString]) -> bool {
    let formats = |pair: &[OsString]| match pair[0].to_str()?.strip_prefix("--format")? {
        "" => Some(pair[1].clone()),
        assigned => assigned.strip_prefix('=').map(OsString::from),
    };
    let with_end: Vec<OsString> = args.iter().cloned().chain([OsString::new()]).collect();
    let typed = with_end.windows(2).filter_map(formats).next_back();
    let takes_one =
        args.get(1).is_some_and(|command| ["once", "demo", "doctor", "replay"].iter().any(|one| command == one));
    let meant = typed.or_else(|| std::env::var_os("APIGW_PROBE_FORMAT").filter(|_| takes_one));
    meant.is_some_and(|format| format == "nagios")
}

/// The line and exit status of a Nagios plugin that could not run.
pub(super) fn unknown(message: &str) -> ExitCode {
    let line = render::Nagios::unknown(message).to_string();
    let mut stdout = io::stdout().lock();
    if stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).is_err() {
        complain(line.trim_end());
    }
    ExitCode::from(3)
}
