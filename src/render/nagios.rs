//! The report for Nagios and its kin: one line and an exit status, by the rules of the monitoring plugins.

use super::Clean;
use super::words::{ended, tally, who};
use super::wrap::Wrapped;
use crate::observation::{Attempt, Observation, Outcome};
use crate::report::{Report, SHORT_OF_DAYS, Verdict};
use std::fmt::{self, Display, Write as _};
use std::time::Duration;

/// A plugin's word for a state; its exit status goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NagiosStatus {
    /// Every path meets its intent.
    Ok,
    /// Something short of failure wants attention.
    Warning,
    /// At least one path does not meet its intent.
    Critical,
    /// The probe could not run.
    Unknown,
}

impl NagiosStatus {
    /// What a report amounts to.
    pub fn of(report: &Report) -> Self {
        match report.verdict() {
            Verdict::Fail => Self::Critical,
            Verdict::Pass if report.has_warning() => Self::Warning,
            Verdict::Pass => Self::Ok,
        }
    }

    /// The exit status that monitoring systems read.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// The word on the first line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// What a plugin prints, and the state that it exits with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nagios {
    /// The state.
    pub status: NagiosStatus,
    text: String,
    performance: String,
    more: String,
}

impl Nagios {
    /// The state in which the probe could not run, with the reason.
    pub fn unknown(reason: &str) -> Self {
        let (text, more) = (reason.to_owned(), String::new());
        Self { status: NagiosStatus::Unknown, text, performance: String::new(), more }
    }
}

/// The lines with a line break at the end. A `|` within a text would begin performance figures, and is written as `/`.
impl Display for Nagios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |text: &str| text.replace('|', "/");
        write!(f, "APIGW_PROBE {}: {}", self.status.word(), Clean(&bare(&self.text)))?;
        if !self.performance.is_empty() {
            write!(f, " | {}", self.performance)?;
        }
        f.write_char('\n')?;
        f.write_str(&bare(&self.more))
    }
}

/// The reports of several targets by the rules of the monitoring plugins: the state of the worst, the failing first.
pub fn nagios_of_all(reports: &[Report]) -> Nagios {
    let mut parts: Vec<(&Report, Nagios)> = reports.iter().map(|report| (report, nagios(report))).collect();
    parts.sort_by_key(|(_, part)| std::cmp::Reverse(part.status.exit_code()));
    let of_target = |(report, part): &(&Report, Nagios)| {
        part.performance
            .replace(" '", "\n'")
            .lines()
            .map(|figure| figure.replacen('\'', &format!("'{} ", report.round.target.name), 1))
            .collect::<Vec<_>>()
            .join(" ")
    };
    Nagios {
        status: parts.first().map_or(NagiosStatus::Unknown, |(_, worst)| worst.status),
        text: parts.iter().map(|(_, part)| part.text.as_str()).collect::<Vec<_>>().join(" — "),
        performance: parts.iter().map(of_target).collect::<Vec<_>>().join(" "),
        more: parts.iter().map(|(_, part)| part.more.as_str()).collect(),
    }
}

/// The report by the rules of the monitoring plugins.
pub fn nagios(report: &Report) -> Nagios {
    let target = &report.round.target;
    let mut text = format!("{} {}", target.name, tally(report));
    for row in report
        .round
        .rows
        .iter()
        .filter(|row| if row.observation().is_some() { !row.is_good(target) } else { !row.meets_intent(target) })
    {
        let outcome = row.outcome(target);
        let name = report.round.label(&row.id());
        let _ = write!(text, "; {name} {}", outcome.name());
        if let Outcome::UnexpectedStatus(status) = outcome {
            let _ = write!(text, " {status}");
        }
    }
    if let Some(canary) = report.round.canary.as_ref().filter(|canary| canary.is_answered(target)) {
        let _ = write!(text, "; canary {}", ended(&canary.seen, target));
    }
    let causes: Vec<_> = report.diagnosis.findings.iter().map(|finding| finding.cause.name()).collect();
    if !causes.is_empty() {
        let _ = write!(text, " ({})", causes.join(", "));
    }
    let mut more = String::new();
    for finding in &report.diagnosis.findings {
        let line = format!("{}: {}; {} must act", finding.cause, finding.summary, who(finding.owner));
        let _ = writeln!(more, "{}", Wrapped { text: &line, column: 0, indent: 2, width: WIDTH });
    }
    Nagios { status: NagiosStatus::of(report), text, performance: performance(report), more }
}

/// `'label'=value[unit];[warn];[crit];[min];[max]`, the same labels whatever happened; `U` is what was not reached.
fn performance(report: &Report) -> String {
    let target = &report.round.target;
    let rows = &report.round.rows;
    let probed: Vec<_> = rows.iter().filter_map(|row| Some((row, row.observation()?))).collect();
    let failing = rows.iter().filter(|row| !row.meets_intent(target)).count();
    let mut figures = vec![format!("'paths_failing'={failing};;;0;{}", rows.len())];
    if let Some(days) = report.certificate_days() {
        figures.push(format!("'certificate_days'={days};{SHORT_OF_DAYS}:;;;"));
    }
    for (row, seen) in probed {
        figures.extend(times(&report.round.label(&row.id()).replace(' ', "_"), seen));
    }
    figures.join(" ")
}

fn times(label: &str, seen: &Observation) -> Vec<String> {
    let decisive = seen.decisive();
    let phases = [
        ("", Some(seen.took)),
        ("_dns", Some(seen.lookup.took)),
        ("_tcp", decisive.map(|attempt| attempt.tcp.felt)),
        ("_tls", decisive.and_then(Attempt::tls).map(|tls| tls.felt)),
        ("_http", decisive.and_then(Attempt::http).map(|http| http.felt)),
    ];
    let figure = |took: Option<Duration>| took.map_or("U".to_owned(), |took| format!("{:.6}s", took.as_secs_f64()));
    phases.into_iter().map(|(phase, took)| format!("'{label}{phase}'={};;;0;", figure(took))).collect()
}

const WIDTH: usize = 80;
