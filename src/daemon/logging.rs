//! The log: `tracing` events as lines on standard error, with a priority under systemd and with the time elsewhere.
//!
//! A thread of its own writes the lines, so that a reader that is slow or stopped delays neither probes nor scrapes.

use super::line;
use crate::config::{LogFormat, LogLevel, LogSettings};
use crate::render::Clean;
use crate::report::Report;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::{Registry, reload};

/// The log of this process.
static LOG: OnceLock<(reload::Handle<Targets, Registry>, LineWriter)> = OnceLock::new();

/// Sends the events of this process to the log, at first with the default settings. Dropping the guard flushes the log.
pub(super) fn install() -> FlushGuard {
    LOG.get_or_init(|| {
        let (queue, inbox) = sync_channel(MAX_QUEUED_LINES);
        let write_all = move || inbox.into_iter().for_each(LogItem::write);
        // without a thread the lines are written where the events happen
        let _ = std::thread::Builder::new().name("log".into()).spawn(write_all);
        let writer =
            LineWriter { queue, lost: Arc::default(), is_journal: is_stderr_journal(), is_json: Arc::default() };
        let (filter, handle) = reload::Layer::new(filter(LogSettings::default().level));
        // fails only where a subscriber is installed already, which then has the events
        let _ = tracing::subscriber::set_global_default(Registry::default().with(filter).with(writer.clone()));
        (handle, writer)
    });
    FlushGuard
}

/// Applies other settings from the next event on.
pub(super) fn configure(settings: LogSettings) {
    if let Some((handle, writer)) = LOG.get() {
        writer.is_json.store(settings.format == LogFormat::Json, Ordering::Relaxed);
        let _ = handle.reload(filter(settings.level));
    }
}

/// Writes a panic as a line of the log. It passes by the queue, since a panic may come from the log itself or end the
/// process.
pub(super) fn write_panic(target: Option<&str>, message: &str) {
    let Some((_, writer)) = LOG.get() else { return };
    let message: String = message.chars().take(MAX_PANIC_CHARS).collect();
    let target = target.map(|target| Clean(target).to_string());
    let line = LogLine { target, ..LogLine::new(LogLevel::Error, &message) };
    write_if_ready(&io::stderr(), &writer.format(&line));
}

/// Writes a line to a file that takes it without waiting. It does not take the lock of standard error, which the writing
/// thread may hold while it waits for a reader.
fn write_if_ready(file: &impl AsFd, line: &str) {
    let mut writable = [PollFd::new(file.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut writable, PollTimeout::ZERO).is_ok_and(|ready| ready > 0) {
        let file = file.as_fd().try_clone_to_owned().map(File::from);
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}

/// Logs a round at `warn`, `info` or `debug`.
pub(super) fn log_round(report: &Report, level: LogLevel) {
    let causes: BTreeSet<_> = report.diagnosis.findings.iter().map(|finding| finding.cause.name()).collect();
    macro_rules! log_at {
        ($level:ident) => {
            tracing::$level!(
                target = report.round.target.name.as_str(),
                verdict = report.verdict().name(),
                findings = Vec::from_iter(causes).join(","),
                duration_seconds = report.round.took.as_secs_f64(),
                "{}",
                line::tally(report)
            )
        };
    }
    match level {
        LogLevel::Error | LogLevel::Warn => log_at!(warn),
        LogLevel::Info => log_at!(info),
        LogLevel::Debug => log_at!(debug),
    }
}

/// Flushes the log when dropped, for a second at most.
#[derive(Debug)]
#[must_use]
pub(super) struct FlushGuard;

impl Drop for FlushGuard {
    fn drop(&mut self) {
        if let Some((_, writer)) = LOG.get() {
            writer.flush();
        }
    }
}

/// Selects the events of this program, and at `debug` those of its libraries. The AWS SDK stays out: its warnings quote
/// lines of credentials files and what a token service answered.
fn filter(level: LogLevel) -> Targets {
    let filter = Targets::new().with_target(OWN_CRATE, level.name().parse::<LevelFilter>().expect("a level"));
    match level {
        LogLevel::Error | LogLevel::Warn | LogLevel::Info => filter,
        LogLevel::Debug => filter.with_default(LevelFilter::DEBUG).with_target("aws_", LevelFilter::OFF),
    }
}

/// Returns whether journald reads standard error (systemd.exec(5)): it stamps lines itself and understands priorities.
fn is_stderr_journal() -> bool {
    let stderr = io::stderr().as_fd().try_clone_to_owned().and_then(|stderr| File::from(stderr).metadata());
    let stream = stderr.map(|metadata| format!("{}:{}", metadata.dev(), metadata.ino()));
    stream.is_ok_and(|stream| std::env::var("JOURNAL_STREAM").is_ok_and(|named| named == stream))
}

/// Formats events and hands the lines to the writing thread. Clones share the queue and the format.
#[derive(Debug, Clone)]
struct LineWriter {
    queue: SyncSender<LogItem>,
    /// Lines that found no room.
    lost: Arc<AtomicU64>,
    is_journal: bool,
    is_json: Arc<AtomicBool>,
}

#[derive(Debug)]
enum LogItem {
    Line(String),
    /// Dropped when all lines before it are written.
    Mark(SyncSender<()>),
}

impl LogItem {
    /// A standard error that is closed is no error.
    fn write(self) {
        match self {
            Self::Line(line) => drop(io::stderr().write_all(line.as_bytes())),
            Self::Mark(mark) => drop(mark),
        }
    }
}

impl<S: Subscriber> Layer<S> for LineWriter {
    /// Queues the line of an event; before the first that may find room again goes the number of those that found none.
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let message = format!("{lost} lines of this log are lost, since standard error was not read");
            self.queue(&LogLine::new(LogLevel::Warn, &message), lost);
        }
        self.queue(&LogLine::from_event(event), 1);
    }
}

impl LineWriter {
    /// Queues a line, or counts the lines that are lost with it.
    fn queue(&self, line: &LogLine, worth: u64) {
        match self.queue.try_send(LogItem::Line(self.format(line))) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => drop(self.lost.fetch_add(worth, Ordering::Relaxed)),
            Err(TrySendError::Disconnected(item)) => item.write(),
        }
    }

    /// Waits until all lines are written, for a second at most.
    fn flush(&self) {
        let (mark, written) = sync_channel(0);
        let queue = self.queue.clone();
        // from a thread, since the queue may be full
        if std::thread::Builder::new().spawn(move || queue.send(LogItem::Mark(mark))).is_ok() {
            let _ = written.recv_timeout(FLUSH_TIMEOUT);
        }
    }

    /// Returns the line as text, with a priority as syslog(3) counts where journald reads it.
    fn format(&self, line: &LogLine) -> String {
        let is_json = self.is_json.load(Ordering::Relaxed);
        let text = match &line.target {
            _ if is_json => serde_json::to_string(line).unwrap_or_default(),
            Some(target) => format!("{target}: {}", line.message),
            None => line.message.clone(),
        };
        let priority = match line.level {
            LogLevel::Error => 3,
            LogLevel::Warn => 4,
            LogLevel::Info => 6,
            LogLevel::Debug => 7,
        };
        match (self.is_journal, is_json) {
            (true, _) => format!("<{priority}>{text}\n"),
            (false, true) => format!("{text}\n"),
            (false, false) => format!("{} {:5} {text}\n", line.time, line.level),
        }
    }
}

/// What one line says, cleaned of characters that are not shown.
#[derive(Debug, Serialize)]
struct LogLine {
    time: String,
    level: LogLevel,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
}

impl LogLine {
    fn new(level: LogLevel, message: &str) -> Self {
        Self {
            time: OffsetDateTime::now_utc().format(TIME).unwrap_or_default(),
            level,
            message: Clean(message).to_string(),
            target: None,
            verdict: None,
            findings: None,
            duration_seconds: None,
        }
    }

    fn from_event(event: &Event<'_>) -> Self {
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let module = Some(event.metadata().target()).filter(|module| !module.starts_with(OWN_CRATE));
        let prefix = module.map(|module| format!("{module}:")).unwrap_or_default();
        let mut line = Self::new(level.parse().unwrap_or(LogLevel::Debug), &prefix);
        event.record(&mut line);
        line
    }
}

impl Visit for LogLine {
    fn record_str(&mut self, field: &Field, value: &str) {
        let value = Clean(value).to_string();
        let separator = if self.message.is_empty() { "" } else { " " };
        match field.name() {
            "message" => drop(write!(self.message, "{separator}{value}")),
            "target" => self.target = Some(value),
            "verdict" => self.verdict = Some(value),
            "findings" => self.findings = Some(value.split_terminator(',').map(str::to_owned).collect()),
            "duration_seconds" => self.duration_seconds = value.parse().ok(),
            name => drop(write!(self.message, "{separator}{name}={value}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// Always as wide, so that lines sort as text.
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const OWN_CRATE: &str = env!("CARGO_CRATE_NAME");
const MAX_QUEUED_LINES: usize = 1024;
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
/// With the rest of its line less than the 4096 bytes that a pipe with room takes at once (pipe(7)).
const MAX_PANIC_CHARS: usize = 800;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::sync::mpsc::Receiver;

    /// A writer whose lines go nowhere, and the lines.
    fn writer(room: usize, is_journal: bool, is_json: bool) -> (LineWriter, Receiver<LogItem>) {
        let (queue, inbox) = sync_channel(room);
        (LineWriter { queue, lost: Arc::default(), is_journal, is_json: Arc::new(is_json.into()) }, inbox)
    }

    /// The lines of some events at a level.
    fn lines_of(writer: &LineWriter, inbox: &Receiver<LogItem>, level: LogLevel, log: impl FnOnce()) -> Vec<String> {
        let subscriber = Registry::default().with(filter(level)).with(writer.clone());
        tracing::subscriber::with_default(subscriber, log);
        let lines = inbox.try_iter().map(|item| match item {
            LogItem::Line(line) => line,
            LogItem::Mark(_) => panic!("no line"),
        });
        lines.collect()
    }

    #[test]
    fn no_text_breaks_a_line_of_either_format() {
        for (is_journal, is_json, start) in [
            (false, false, "warn  orders: a "),
            (true, false, "<4>orders: a "),
            (false, true, "{"),
            (true, true, "<4>{"),
        ] {
            let (writer, inbox) = writer(8, is_journal, is_json);
            let lines = lines_of(&writer, &inbox, LogLevel::Info, || {
                tracing::warn!(target = "orders", verdict = "fail", findings = "", "a\n<0>b\u{1b}[31m\u{202e}\"c");
            });
            let text = lines.concat();
            let shown = if is_journal || is_json { &text } else { text.split_once("Z ").unwrap().1 };
            assert!(shown.starts_with(start), "{text}");
            assert!(text.ends_with('\n') && text.matches('\n').count() == 1, "{text}");
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
            if is_json {
                let object: serde_json::Value = serde_json::from_str(text.trim_start_matches("<4>")).unwrap();
                let keys: BTreeSet<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
                assert_eq!(keys, BTreeSet::from(["findings", "level", "message", "target", "time", "verdict"]));
                assert_eq!((&object["level"], &object["findings"]), (&"warn".into(), &serde_json::json!([])));
            }
        }
    }

    #[test]
    fn lines_that_find_no_room_are_counted_with_the_next_line() {
        let (writer, inbox) = writer(2, true, false);
        let log = |messages: &[&str]| {
            lines_of(&writer, &inbox, LogLevel::Info, || messages.iter().for_each(|one| tracing::info!("{one}")))
        };
        assert_eq!(log(&["1", "2", "3", "4"]), ["<6>1\n", "<6>2\n"]);
        let lines = log(&["5"]);
        assert!(lines[0].starts_with("<4>2 ") && lines[1..] == ["<6>5\n"], "{lines:?}");
        assert_eq!(log(&["6"]), ["<6>6\n"]);
    }

    #[test]
    fn a_flush_waits_for_a_full_queue() {
        let (writer, inbox) = writer(1, true, false);
        for message in ["1", "2", "3"] {
            writer.queue(&LogLine::new(LogLevel::Info, message), 1);
        }
        let reader =
            std::thread::spawn(move || inbox.iter().take(2).map(|item| matches!(item, LogItem::Mark(_))).collect());
        writer.flush();
        assert_eq!(writer.lost.load(Ordering::Relaxed), 2);
        drop(writer);
        let marks: Vec<bool> = reader.join().unwrap();
        assert_eq!(marks, [false, true]);
    }

    #[test]
    fn a_panic_does_not_wait_for_a_reader() {
        let (mut reader, writer) = io::pipe().unwrap();
        // more than a pipe holds (pipe(7))
        let lines = 100;
        let line = ".".repeat(4095) + "\n";
        (0..lines).for_each(|_| write_if_ready(&writer, &line));
        drop(writer);
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert!((1..lines).contains(&read.lines().count()) && read.lines().all(|one| one.len() == 4095));
    }

    #[test]
    fn libraries_are_logged_at_debug_alone_and_the_aws_sdk_never() {
        let log = || {
            tracing::error!("3");
            tracing::warn!("4");
            tracing::info!("6");
            tracing::debug!("7");
            tracing::error!(target: "hickory_resolver::recursor", queries = 2, "of a library");
            tracing::error!(target: "aws_config::profile", "of the SDK");
        };
        let expected =
            ["<3>3\n", "<4>4\n", "<6>6\n", "<7>7\n", "<3>hickory_resolver::recursor: of a library queries=2\n"];
        let (writer, inbox) = writer(8, true, false);
        for (level, count) in LogLevel::ALL.iter().zip([1, 2, 3, 5]) {
            assert_eq!(lines_of(&writer, &inbox, *level, log), expected[..count], "{level}");
        }
    }
}
