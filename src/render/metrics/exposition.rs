//! How is a metric family written? One model, two formats: Prometheus text 0.0.4 and OpenMetrics 1.0.

use crate::history::Histogram;
use crate::named::named;
use crate::render::Clean;
use std::fmt::Write as _;

/// A format that Prometheus reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The text format, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The `Content-Type` of the format.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Samples of one name. A family without samples is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// The name as it stands before a sample: with `_total` for a counter and `_info` for an info. A name that ends in `_seconds` or `_bytes` has that unit.
    pub name: &'static str,
    /// What the samples are.
    pub kind: Kind,
    /// The names of the labels, in the order of writing.
    pub labels: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
}

named! {
    /// What the samples of a family are.
    pub enum Kind {
        /// Goes up and down.
        Gauge = "gauge",
        /// Goes up only, and starts again at zero with the process.
        Counter = "counter",
        /// Always 1; the labels are what matters.
        Info = "info",
        /// Counts of observations in buckets.
        Histogram = "histogram",
    }
}

/// Text in a format, growing sample by sample.
#[derive(Debug)]
pub(super) struct Samples {
    format: Format,
    text: String,
    described: Option<&'static str>,
}

impl Samples {
    pub(super) fn new(format: Format) -> Self {
        Self { format, text: String::new(), described: None }
    }

    /// How much was written since the text was taken.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Takes what was written.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    pub(super) fn end(&mut self) {
        match self.format {
            Format::Text => {}
            Format::OpenMetrics => self.text.push_str("# EOF\n"),
        }
    }

    /// Goes on in a family, whose comment lines come before its first sample.
    pub(super) fn of(&mut self, family: &'static Family) -> SamplesOf<'_> {
        SamplesOf { samples: self, family }
    }
}

/// Where the samples of one family go.
#[derive(Debug)]
pub(super) struct SamplesOf<'a> {
    samples: &'a mut Samples,
    family: &'static Family,
}

impl SamplesOf<'_> {
    /// A sample that is one number. The values of the labels come in the order of their names; no two samples have the same.
    pub(super) fn push(&mut self, labels: &[&str], value: f64) {
        self.describe();
        self.line("", labels, None, value);
    }

    pub(super) fn push_histogram(&mut self, labels: &[&str], histogram: &Histogram) {
        self.describe();
        for (bound, count) in histogram.cumulative() {
            self.line("_bucket", labels, Some(bound), number(count));
        }
        self.line("_bucket", labels, Some(f64::INFINITY), number(histogram.count));
        self.line("_sum", labels, None, histogram.sum.as_secs_f64());
        self.line("_count", labels, None, number(histogram.count));
    }

    fn describe(&mut self) {
        let Samples { format, text, described } = &mut *self.samples;
        if *described == Some(self.family.name) {
            return;
        }
        *described = Some(self.family.name);
        let name = self.family.described_name(*format);
        let mut comment = |word: &str, rest: &str| {
            for piece in ["# ", word, " ", name, " ", rest, "\n"] {
                text.push_str(piece);
            }
        };
        comment("HELP", self.family.help);
        comment("TYPE", self.family.kind.described_name(*format));
        if let (Format::OpenMetrics, Some(unit)) = (*format, self.family.unit()) {
            comment("UNIT", unit);
        }
    }

    fn line(&mut self, suffix: &str, labels: &[&str], bound: Option<f64>, value: f64) {
        debug_assert_eq!(labels.len(), self.family.labels.len(), "{}", self.family.name);
        let text = &mut self.samples.text;
        text.push_str(self.family.name);
        text.push_str(suffix);
        let mut separator = '{';
        for (label, value) in self.family.labels.iter().zip(labels) {
            text.push(separator);
            text.push_str(label);
            text.push_str("=\"");
            push_escaped(text, value);
            text.push('"');
            separator = ',';
        }
        if let Some(bound) = bound {
            text.push(separator);
            text.push_str("le=\"");
            // the same in both formats, or a change of format would change the series: 1.0, not 1
            let _ = if bound.is_infinite() { text.write_str("+Inf") } else { write!(text, "{bound:?}") };
            text.push('"');
            separator = ',';
        }
        if separator == ',' {
            text.push('}');
        }
        let _ = writeln!(text, " {value}");
    }
}

impl Family {
    /// The name in the comment lines: OpenMetrics leaves out the suffix that the kind adds to the samples.
    fn described_name(&self, format: Format) -> &'static str {
        match (format, self.kind) {
            (Format::OpenMetrics, Kind::Counter) => self.name.strip_suffix("_total").unwrap_or(self.name),
            (Format::OpenMetrics, Kind::Info) => self.name.strip_suffix("_info").unwrap_or(self.name),
            (Format::OpenMetrics, Kind::Gauge | Kind::Histogram) | (Format::Text, _) => self.name,
        }
    }

    fn unit(&self) -> Option<&'static str> {
        let name = self.described_name(Format::OpenMetrics);
        ["seconds", "bytes"].into_iter().find(|unit| name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')))
    }
}

impl Kind {
    fn described_name(self, format: Format) -> &'static str {
        match (self, format) {
            (Self::Info, Format::Text) => Self::Gauge.name(),
            (Self::Gauge | Self::Counter | Self::Info | Self::Histogram, _) => self.name(),
        }
    }
}

/// A label's value: cleaned of what is not shown, `\` and `"` escaped. A line break has become a space.
fn push_escaped(text: &mut String, value: &str) {
    if value.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'\\' && b != b'"') {
        text.push_str(value);
    } else {
        let _ = write!(text, "{}", Clean(&value.replace('\\', r"\\").replace('"', r#"\""#)));
    }
}

/// A count as a sample has it.
pub(super) fn number(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    let number = count as f64;
    number
}
