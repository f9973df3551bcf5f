//! What has happened? One line for each event, with a priority under systemd and with the time elsewhere. A thread of its own
//! writes them, so that whoever does not read the log holds nobody up.

use super::line;
use crate::config::{LogFormat, LogLevel, LogSettings};
use crate::render::Clean;
use crate::report::{Report, Verdict};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Where events are told: standard error. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Log {
    settings: Arc<Mutex<LogSettings>>,
    reader: Reader,
    lines: SyncSender<Item>,
    lost: Arc<AtomicU64>,
}

/// What the writing thread gets.
#[derive(Debug)]
enum Item {
    Line(String),
    /// Dropped when all lines before it are written.
    Mark(SyncSender<()>),
}

/// Who reads standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// journald, which knows the time and understands priorities.
    Journal,
    /// Somebody else.
    Other,
}

impl Reader {
    /// journald, if `JOURNAL_STREAM` names standard error (systemd.exec(5)).
    fn of_stderr() -> Self {
        let stderr =
            io::stderr().as_fd().try_clone_to_owned().and_then(|stderr| std::fs::File::from(stderr).metadata());
        let own = stderr.ok().map(|about| format!("{}:{}", about.dev(), about.ino()));
        let named = std::env::var("JOURNAL_STREAM").ok();
        if named.is_some() && named == own { Self::Journal } else { Self::Other }
    }
}

impl Log {
    /// A log with the usual settings.
    pub(super) fn new() -> Self {
        let (lines, inbox) = sync_channel(MOST_UNWRITTEN);
        let log = Self { settings: Arc::default(), reader: Reader::of_stderr(), lines, lost: Arc::default() };
        // without a thread the lines are written where they arise
        let _ = std::thread::Builder::new().name("log".into()).spawn(move || write(&inbox));
        log
    }

    /// Waits until everything is written, or for a second.
    pub(super) fn finish(&self) {
        let (mark, written) = sync_channel(0);
        if self.lines.try_send(Item::Mark(mark)).is_ok() {
            let _ = written.recv_timeout(MOST_WAIT_FOR_READER);
        }
    }

    /// From now on with other settings.
    pub(super) fn set(&self, settings: LogSettings) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Something that the agent should do is not done.
    pub(super) fn error(&self, message: impl Display) {
        self.tell(&Event::bare(LogLevel::Error, &message.to_string()));
    }

    /// Something is worse than it should be.
    pub(super) fn warn(&self, message: impl Display) {
        self.tell(&Event::bare(LogLevel::Warn, &message.to_string()));
    }

    /// Something that an operator wants to know.
    pub(super) fn info(&self, message: impl Display) {
        self.tell(&Event::bare(LogLevel::Info, &message.to_string()));
    }

    /// A round of a target ended by a defect of our own.
    pub(super) fn defect(&self, target: Option<&str>, message: impl Display) {
        let message = message.to_string();
        self.tell(&Event { target, ..Event::bare(LogLevel::Error, &message) });
    }

    /// A round; a change of verdict or findings is told louder.
    pub(super) fn round(&self, report: &Report, change: Option<Direction>) {
        let level = match change {
            Some(Direction::Worse) => LogLevel::Warn,
            Some(Direction::Better) => LogLevel::Info,
            None => LogLevel::Debug,
        };
        let findings: BTreeSet<&str> = report.diagnosis.findings.iter().map(|finding| finding.cause.name()).collect();
        self.tell(&Event {
            target: Some(&report.round.target.name),
            verdict: Some(report.verdict()),
            findings: Some(findings),
            duration_seconds: Some(report.round.took.as_secs_f64()),
            ..Event::bare(level, &line::tally(report))
        });
    }

    /// Tells an event, if it is worth a line; before the first that finds room again, how many found none.
    fn tell(&self, event: &Event<'_>) {
        let settings = *self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if event.level > settings.level {
            return;
        }
        let text = |event: &Event<'_>| event.text(settings.format, self.reader, OffsetDateTime::now_utc());
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let message = format!("{lost} lines of this log are lost, since nobody read it");
            self.send(text(&Event::bare(LogLevel::Warn, &message)), lost);
        }
        self.send(text(event), 1);
    }

    /// Sends a line on its way, or counts what is lost with it.
    fn send(&self, line: String, worth: u64) {
        match self.lines.try_send(Item::Line(line)) {
            Err(TrySendError::Full(_)) => {
                self.lost.fetch_add(worth, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(Item::Line(line))) => write_line(&line),
            Ok(()) | Err(TrySendError::Disconnected(Item::Mark(_))) => {}
        }
    }
}

/// Writes line after line.
fn write(inbox: &Receiver<Item>) {
    for item in inbox {
        match item {
            Item::Line(line) => write_line(&line),
            Item::Mark(mark) => drop(mark),
        }
    }
}

/// If nobody reads it, that is no error.
fn write_line(line: &str) {
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Whether a target fares better than in the round before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// It passes again, or something that was found is gone and nothing new was found.
    Better,
    /// It fails now, or something new was found.
    Worse,
}

impl Direction {
    /// From one round to the next; from nothing wrong to the first.
    pub(super) fn between(before: Option<&Report>, after: &Report) -> Self {
        let causes =
            |report: &Report| -> BTreeSet<_> { report.diagnosis.findings.iter().map(|one| one.cause).collect() };
        let known = before.map(causes).unwrap_or_default();
        match (before.map_or(Verdict::Pass, Report::verdict), after.verdict()) {
            (Verdict::Pass, Verdict::Fail) => Self::Worse,
            (Verdict::Fail, Verdict::Pass) => Self::Better,
            (Verdict::Pass, Verdict::Pass) | (Verdict::Fail, Verdict::Fail) => {
                if causes(after).is_subset(&known) {
                    Self::Better
                } else {
                    Self::Worse
                }
            }
        }
    }
}

/// One event.
#[derive(Debug, Serialize)]
struct Event<'a> {
    level: LogLevel,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<BTreeSet<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
}

/// An event as a JSON object.
#[derive(Debug, Serialize)]
struct Timed<'a> {
    time: &'a str,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

impl<'a> Event<'a> {
    fn bare(level: LogLevel, message: &'a str) -> Self {
        Self { level, message, target: None, verdict: None, findings: None, duration_seconds: None }
    }

    /// One line, whatever the message holds.
    fn text(&self, format: LogFormat, reader: Reader, now: OffsetDateTime) -> String {
        let seconds = now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default();
        // always as wide, so that lines sort as text
        let time = format!("{}.{:03}Z", seconds.trim_end_matches('Z'), now.millisecond());
        let message = Clean(self.message).to_string();
        let shown = match format {
            LogFormat::Json => {
                let event = Event { message: &message, findings: self.findings.clone(), ..*self };
                serde_json::to_string(&Timed { time: &time, event: &event }).unwrap_or(message)
            }
            LogFormat::Text => match self.target {
                Some(target) => format!("{}: {message}", Clean(target)),
                None => message,
            },
        };
        match (reader, format) {
            (Reader::Journal, _) => format!("<{}>{shown}\n", self.priority()),
            (Reader::Other, LogFormat::Json) => format!("{shown}\n"),
            (Reader::Other, LogFormat::Text) => format!("{time} {:5} {shown}\n", self.level),
        }
    }

    /// As syslog(3) counts.
    fn priority(&self) -> u8 {
        match self.level {
            LogLevel::Error => 3,
            LogLevel::Warn => 4,
            LogLevel::Info => 6,
            LogLevel::Debug => 7,
        }
    }
}

/// Lines that may wait for whoever reads the log.
const MOST_UNWRITTEN: usize = 1024;
const MOST_WAIT_FOR_READER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: Event<'_> = Event {
        level: LogLevel::Warn,
        message: "a\n<0>b\u{1b}[31m\u{202e}\"c",
        target: Some("orders"),
        verdict: Some(Verdict::Fail),
        findings: None,
        duration_seconds: None,
    };

    #[test]
    fn no_text_breaks_a_line() {
        for format in [LogFormat::Text, LogFormat::Json] {
            for reader in [Reader::Journal, Reader::Other] {
                let text = EVIL.text(format, reader, OffsetDateTime::UNIX_EPOCH);
                assert!(text.ends_with('\n') && text.matches('\n').count() == 1, "{text}");
                assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
            }
        }
    }

    #[test]
    fn what_found_no_room_is_counted_and_told_with_the_next_line() {
        let (lines, inbox) = sync_channel(2);
        let reader = Reader::Journal;
        let log = Log { settings: Arc::default(), reader, lines, lost: Arc::default() };
        let next = || match inbox.try_recv() {
            Ok(Item::Line(line)) => line,
            other => panic!("no line: {other:?}"),
        };
        for message in ["1", "2", "3", "4"] {
            log.info(message);
        }
        assert_eq!([next(), next()], ["<6>1\n", "<6>2\n"]);
        log.info("5");
        let told = next();
        assert!(told.starts_with("<4>2 ") && next() == "<6>5\n", "{told}");
        log.info("6");
        assert_eq!(next(), "<6>6\n");
    }

    #[test]
    fn the_journal_gets_a_priority_and_no_time() {
        let text = EVIL.text(LogFormat::Text, Reader::Journal, OffsetDateTime::UNIX_EPOCH);
        assert!(text.starts_with("<4>orders: a "), "{text}");
        let text = EVIL.text(LogFormat::Text, Reader::Other, OffsetDateTime::UNIX_EPOCH);
        assert!(text.starts_with("1970-01-01T00:00:00.000Z warn  orders: a "), "{text}");
    }

    #[test]
    fn a_json_line_is_an_object() {
        let text = EVIL.text(LogFormat::Json, Reader::Other, OffsetDateTime::UNIX_EPOCH);
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&object["time"], &object["level"], &object["target"], &object["verdict"]),
            (&"1970-01-01T00:00:00.000Z".into(), &"warn".into(), &"orders".into(), &"fail".into())
        );
        assert!(object.get("findings").is_none());
    }
}
