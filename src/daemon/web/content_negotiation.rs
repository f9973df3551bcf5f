//! Content negotiation: `Accept` and `Accept-Encoding` with their weights (RFC 9110, section 12.5).

use crate::render::metrics::ExpositionFormat as Format;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName};

/// Returns the format of metrics for `Accept`, as Prometheus 2 and 3 send it. A client that accepts neither format or has no
/// preference gets the text format, as Prometheus asks of exporters.
pub(super) fn metrics_format(headers: &HeaderMap) -> Format {
    format(&joined(headers, &ACCEPT))
}

/// Whether `Accept-Encoding` accepts gzip and does not prefer the plain text.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    gzip(&joined(headers, &ACCEPT_ENCODING))
}

/// Returns all values of a header as one list.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>().join(",")
}

fn format(accept: &str) -> Format {
    let text = Preference::of(accept, "text/plain", "0.0.4");
    let open_metrics = Preference::of(accept, "application/openmetrics-text", "1.0.0");
    if open_metrics > text { Format::OpenMetrics } else { Format::Text }
}

fn gzip(accept_encoding: &str) -> bool {
    let weight = |name: &str| {
        let mut named = ranges(accept_encoding).filter(|range| range.name.eq_ignore_ascii_case(name));
        named.next().map(|range| range.weight)
    };
    let gzip = weight("gzip").or_else(|| weight("x-gzip")).or_else(|| weight("*")).unwrap_or(0);
    gzip > 0 && weight("identity").is_none_or(|plain| plain <= gzip)
}

/// How much a client prefers a media type: by weight, then by how specific the matching range is.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Preference {
    weight: u16,
    specificity: u8,
}

impl Preference {
    /// Returns the preference of the most specific range that covers the type (section 12.5.1).
    fn of(accept: &str, media_type: &str, version: &str) -> Self {
        let all = media_type.split_once('/').map(|(kind, _)| kind).unwrap_or_default();
        let covers = |range: &MediaRange<'_>| {
            let name = range.name.to_ascii_lowercase();
            if name == media_type {
                return range.version.is_none_or(|wanted| wanted == version).then_some(3);
            }
            match name.split_once('/') {
                Some((kind, "*")) if kind == all => Some(2),
                Some(("*", "*")) => Some(1),
                Some(_) | None => None,
            }
        };
        let preferences = ranges(accept).filter_map(|range| Some((covers(&range)?, range.weight)));
        match preferences.max() {
            Some((specificity, weight)) if weight > 0 => Self { weight, specificity },
            // how specific a range is does not matter where it refuses the type
            Some(_) | None => Self::default(),
        }
    }
}

/// One element of the header.
struct MediaRange<'h> {
    name: &'h str,
    version: Option<&'h str>,
    /// In thousandths.
    weight: u16,
}

fn ranges(header: &str) -> impl Iterator<Item = MediaRange<'_>> {
    header.split(',').map(|element| {
        let mut parts = element.split(';');
        let mut range = MediaRange { name: parts.next().unwrap_or_default().trim(), version: None, weight: 1000 };
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "version" => range.version = Some(value),
                "q" => range.weight = thousandths(value),
                _ => {}
            }
        }
        range
    })
}

/// Parses a weight; an invalid one counts as a refusal.
fn thousandths(text: &str) -> u16 {
    let weight = text.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 1000")]
    let thousandths = (weight * 1000.0).round() as u16;
    thousandths
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PROMETHEUS_2: &str = "application/openmetrics-text;version=1.0.0;q=0.5,\
        application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
        text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    const PROTOBUF_FIRST: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,\
        application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    #[test]
    fn prometheus_gets_open_metrics() {
        for accept in [
            PROMETHEUS_2,
            PROMETHEUS_3,
            PROTOBUF_FIRST,
            "application/openmetrics-text",
            "APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\"",
        ] {
            assert_eq!(format(accept), Format::OpenMetrics, "{accept}");
        }
    }

    #[test]
    fn other_clients_get_the_text_format() {
        for accept in [
            "",
            "*/*",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/plain; version=1.0.0; escaping=allow-utf-8",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
            "application/openmetrics-text;q=0,*/*;q=0.1",
            "application/openmetrics-text;q=0.5,text/plain;q=0.5",
            "application/openmetrics-text;q=0.4,text/*;q=0.5",
            "application/openmetrics-text;q=nonsense",
            "application/openmetrics-text;version=2.0.0",
            "application/json",
            ",;,=;q",
        ] {
            assert_eq!(format(accept), Format::Text, "{accept}");
        }
    }

    #[test]
    fn gzip_is_for_clients_that_accept_it() {
        for (accept, taken) in [
            ("gzip", true),
            ("gzip, deflate, br", true),
            ("x-gzip", true),
            ("*", true),
            ("GZIP;q=0.5", true),
            ("identity;q=0.5, gzip", true),
            ("", false),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip;q=0.000, *", false),
            ("*;q=0", false),
            ("deflate", false),
            ("identity, gzip;q=0.5", false),
        ] {
            assert_eq!(gzip(accept), taken, "{accept}");
        }
    }

    proptest! {
        #[test]
        fn no_header_is_too_strange(accept in ".{0,200}") {
            let _ = (format(&accept), gzip(&accept));
        }

        /// The weights alone decide, whatever the order and whatever else is listed.
        #[test]
        fn the_heavier_one_wins(open in 0u16..=1000, text in 0u16..=1000, others in 0usize..4, turned in any::<bool>()) {
            let weight = |thousandths: u16| f64::from(thousandths) / 1000.0;
            let mut ranges = vec![
                format!("application/openmetrics-text; version=1.0.0; escaping=values; q={}", weight(open)),
                format!("text/plain;version=0.0.4;q={}", weight(text)),
            ];
            ranges.extend((0..others).map(|other| format!("application/x-{other};version=1.0.0")));
            if turned {
                ranges.reverse();
            }
            let expected = if open > text { Format::OpenMetrics } else { Format::Text };
            prop_assert_eq!(format(&ranges.join(", ")), expected);
        }
    }
}
