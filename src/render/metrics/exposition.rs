//! How is a metric family written? One model, two formats: Prometheus text 0.0.4 and OpenMetrics 1.0.

use crate::render::Clean;
use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

/// Families in a format. They are built one by one while they are written, so that many targets need little memory.
#[derive(Debug, Clone, Copy)]
pub struct Exposition<F> {
    /// Gives the families, from the first each time.
    pub families: F,
    /// How they are written.
    pub format: Format,
}

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
#[derive(Debug, Clone, PartialEq)]
pub struct Family<'a> {
    /// The name as it stands before a sample: with `_total` for a counter and `_info` for an info. A name that ends in `_seconds` or `_bytes` has that unit.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// What the samples are.
    pub kind: Kind,
    /// The samples; no two have the same labels.
    pub samples: Vec<Sample<'a>>,
}

/// What the samples of a family are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Goes up only, and starts again at zero with the process.
    Counter,
    /// Always 1; the labels are what matters.
    Info,
    /// Counts of observations in buckets.
    Histogram,
}

/// Labels and a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    /// The labels.
    pub labels: Labels<'a>,
    /// The value.
    pub value: Value,
}

impl<'a> Sample<'a> {
    /// A sample that is one number.
    pub fn new(labels: Labels<'a>, value: f64) -> Self {
        Self { labels, value: Value::Number(value) }
    }
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A histogram.
    Histogram {
        /// Upper bounds, rising and without the infinite one, each with the number of observations up to it.
        buckets: Vec<(f64, u64)>,
        /// The sum of all observations.
        sum: f64,
        /// How many observations there were.
        count: u64,
    },
}

/// Label names and values, in the order of writing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels<'a>(Vec<(&'static str, Cow<'a, str>)>);

impl<'a> Labels<'a> {
    /// No label.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more label.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.0.push((name, value.into()));
        self
    }
}

impl<'a, F, I> Display for Exposition<F>
where
    F: Fn() -> I,
    I: Iterator<Item = Family<'a>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for family in (self.families)() {
            family.write(f, self.format)?;
        }
        match self.format {
            Format::Text => Ok(()),
            Format::OpenMetrics => f.write_str("# EOF\n"),
        }
    }
}

impl Family<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>, format: Format) -> fmt::Result {
        if self.samples.is_empty() {
            return Ok(());
        }
        let name = self.described_name(format);
        writeln!(f, "# HELP {name} {}", self.help)?;
        writeln!(f, "# TYPE {name} {}", self.kind.name(format))?;
        if let (Format::OpenMetrics, Some(unit)) = (format, self.unit()) {
            writeln!(f, "# UNIT {name} {unit}")?;
        }
        self.samples.iter().try_for_each(|sample| sample.write(f, self.name))
    }

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
    fn name(self, format: Format) -> &'static str {
        match (self, format) {
            (Self::Counter, _) => "counter",
            (Self::Histogram, _) => "histogram",
            (Self::Info, Format::OpenMetrics) => "info",
            (Self::Gauge, _) | (Self::Info, Format::Text) => "gauge",
        }
    }
}

impl Sample<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        match &self.value {
            Value::Number(value) => self.line(f, (name, ""), None, *value),
            Value::Histogram { buckets, sum, count } => {
                for (bound, count) in buckets {
                    self.line(f, (name, "_bucket"), Some(*bound), number(*count))?;
                }
                self.line(f, (name, "_bucket"), Some(f64::INFINITY), number(*count))?;
                self.line(f, (name, "_sum"), None, *sum)?;
                self.line(f, (name, "_count"), None, number(*count))
            }
        }
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, name: (&str, &str), bound: Option<f64>, value: f64) -> fmt::Result {
        write!(f, "{}{}", name.0, name.1)?;
        let mut separator = '{';
        for (label, text) in &self.labels.0 {
            write!(f, "{separator}{label}=\"{}\"", Escaped(text))?;
            separator = ',';
        }
        if let Some(bound) = bound {
            // the same in both formats, or a change of format would change the series: 1.0, not 1
            let bound = if bound.is_infinite() { "+Inf".to_owned() } else { format!("{bound:?}") };
            write!(f, "{separator}le=\"{bound}\"")?;
            separator = ',';
        }
        if separator == ',' {
            f.write_char('}')?;
        }
        writeln!(f, " {}", Number(value))
    }
}

/// A label's value: cleaned of what is not shown, `\` and `"` escaped. A line break has become a space.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(['\\', '"']) {
            write!(f, "{}", Clean(&self.0.replace('\\', r"\\").replace('"', r#"\""#)))
        } else {
            write!(f, "{}", Clean(self.0))
        }
    }
}

struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            number => write!(f, "{number}"),
        }
    }
}

fn number(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    let number = count as f64;
    number
}
