//! Writes the samples of a metric family with prometheus-client.

use crate::history::Histogram;
use crate::render::Clean;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelKey, EncodeLabelSet, LabelSetEncoder, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::fmt::{self, Write as _};

/// Samples of one name. A family without samples is not written.
#[derive(Debug, Clone, Copy)]
pub struct MetricFamily {
    /// The name as it stands before a sample: with `_total` for a counter and `_info` for an info. A name that ends in
    /// `_seconds` or `_bytes` has that unit.
    pub name: &'static str,
    /// What the samples are.
    pub kind: MetricType,
    /// The names of the labels, in the order of writing.
    pub labels: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
}

impl MetricFamily {
    /// Returns the name without the suffixes that the library adds, and the unit.
    fn stem(&self) -> (&'static str, Option<&'static Unit>) {
        let name = match self.kind {
            MetricType::Counter => self.name.strip_suffix("_total"),
            MetricType::Info => self.name.strip_suffix("_info"),
            MetricType::Gauge | MetricType::Histogram | MetricType::Unknown => None,
        };
        let name = name.unwrap_or(self.name);
        let mut stems = [&SECONDS, &BYTES]
            .into_iter()
            .filter_map(|unit| Some((name.strip_suffix(unit.as_str())?.strip_suffix('_')?, Some(unit))));
        stems.next().unwrap_or((name, None))
    }
}

/// Takes the samples of one family. The comment lines are written with the first one.
#[derive(Debug)]
pub(super) struct FamilyEncoder<'a, 'b> {
    family: &'static MetricFamily,
    descriptor: Option<&'a mut DescriptorEncoder<'b>>,
    metric: Option<MetricEncoder<'a>>,
    result: fmt::Result,
}

impl<'a, 'b> FamilyEncoder<'a, 'b> {
    pub(super) fn new(family: &'static MetricFamily, descriptor: &'a mut DescriptorEncoder<'b>) -> Self {
        Self { family, descriptor: Some(descriptor), metric: None, result: Ok(()) }
    }

    /// Writes a sample that is one number. The values of the labels come in the order of their names; no two samples
    /// have the same.
    pub(super) fn push(&mut self, labels: &[&str], value: f64) {
        self.result = self.result.and_then(|()| self.encode(labels, value));
    }

    /// Writes the buckets, the sum and the count of a histogram.
    pub(super) fn push_histogram(&mut self, labels: &[&str], histogram: &Histogram) {
        self.result = self.result.and_then(|()| self.encode_histogram(labels, histogram));
    }

    /// Returns the first error of the writer.
    pub(super) fn finish(self) -> fmt::Result {
        self.result
    }

    /// Writes whole numbers without a fraction.
    fn encode(&mut self, values: &[&str], value: f64) -> fmt::Result {
        let labels = Labels { names: self.family.labels, values };
        let kind = self.family.kind;
        let metric = self.metric()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        let integer = (value.fract() == 0.0 && (0.0..EXACT).contains(&value)).then_some(value as u64);
        match (kind, integer) {
            (MetricType::Info, _) => metric.encode_info(&labels),
            (MetricType::Counter, Some(integer)) => {
                metric.encode_family(&labels)?.encode_counter::<NoLabelSet, u64, f64>(&integer, None)
            }
            (MetricType::Counter, None) => {
                metric.encode_family(&labels)?.encode_counter::<NoLabelSet, f64, f64>(&value, None)
            }
            (MetricType::Gauge | MetricType::Histogram | MetricType::Unknown, Some(integer)) => {
                metric.encode_family(&labels)?.encode_gauge(&integer)
            }
            (MetricType::Gauge | MetricType::Histogram | MetricType::Unknown, None) => {
                metric.encode_family(&labels)?.encode_gauge(&value)
            }
        }
    }

    fn encode_histogram(&mut self, values: &[&str], histogram: &Histogram) -> fmt::Result {
        let labels = Labels { names: self.family.labels, values };
        let above = histogram.count.saturating_sub(histogram.counts.iter().sum());
        let bounds = Histogram::BOUNDS.into_iter().chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(histogram.counts.into_iter().chain([above])).collect();
        let mut metric = self.metric()?.encode_family(&labels)?;
        metric.encode_histogram::<NoLabelSet>(histogram.sum.as_secs_f64(), histogram.count, &buckets, None)
    }

    fn metric(&mut self) -> Result<&mut MetricEncoder<'a>, fmt::Error> {
        if let Some(descriptor) = self.descriptor.take() {
            let (stem, unit) = self.family.stem();
            self.metric = Some(descriptor.encode_descriptor(stem, self.family.help, unit, self.family.kind)?);
        }
        self.metric.as_mut().ok_or(fmt::Error)
    }
}

/// The labels of one sample.
struct Labels<'a> {
    names: &'static [&'static str],
    values: &'a [&'a str],
}

impl EncodeLabelSet for Labels<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        debug_assert_eq!(self.names.len(), self.values.len(), "{:?}", self.names);
        for (name, value) in self.names.iter().zip(self.values) {
            let mut label = encoder.encode_label();
            let mut key = label.encode_label_key()?;
            name.encode(&mut key)?;
            let mut cleaned = key.encode_label_value()?;
            write!(cleaned, "{}", Clean(value))?;
            cleaned.finish()?;
        }
        Ok(())
    }
}

/// Returns a count as a sample has it.
pub(super) fn number(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    let number = count as f64;
    number
}

static SECONDS: Unit = Unit::Seconds;
static BYTES: Unit = Unit::Bytes;
/// 2^53: integers below it are exact in a double.
const EXACT: f64 = 9_007_199_254_740_992.0;
