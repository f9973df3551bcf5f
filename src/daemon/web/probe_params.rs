//! Parameters of `/probe`: the query, and the scrape timeout that Prometheus sends as a header.

use super::response;
use crate::daemon::board::{LEAST_ROUND, TIME_TO_ANSWER};
use crate::render::Clean;
use axum::extract::FromRequestParts;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::HeaderName;
use hyper::http::request::Parts;
use std::time::Duration;

/// The parameters of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProbeParams {
    /// The name of the target.
    pub(super) target: String,
    /// The format of the response.
    pub(super) format: ProbeFormat,
    /// The time limit of the round.
    pub(super) within: Duration,
}

/// The format of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeFormat {
    /// Metrics, text or OpenMetrics by `Accept`.
    Metrics,
    /// The JSON report.
    Json,
    /// The text report.
    Text,
}

impl<S: Sync> FromRequestParts<S> for ProbeParams {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let scrape_timeout = parts.headers.get(SCRAPE_TIMEOUT).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let params = Self::parse(parts.uri.query().unwrap_or_default(), scrape_timeout.as_deref());
        params.map_err(|message| response::text(StatusCode::BAD_REQUEST, message))
    }
}

impl ProbeParams {
    fn parse(query: &str, scrape_timeout: Option<&str>) -> Result<Self, String> {
        let (mut target, mut format) = (None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let is_duplicate = match key.as_ref() {
                "target" => target.replace(value.into_owned()).is_some(),
                "format" => format.replace(ProbeFormat::parse(&value)?).is_some(),
                other => return Err(format!("unknown parameter `{}`: expected target or format", shown(other))),
            };
            if is_duplicate {
                return Err(format!("duplicate parameter `{key}`"));
            }
        }
        let target = target.filter(|target| !target.is_empty());
        let target =
            target.ok_or("missing parameter `target` (the name of a configured target), e.g. /probe?target=orders")?;
        let within = scrape_timeout.map_or(Ok(MAX_ROUND), parse_scrape_timeout)?;
        Ok(Self { target, format: format.unwrap_or(ProbeFormat::Metrics), within })
    }
}

impl ProbeFormat {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            other => Err(format!("invalid format `{}`: expected json or text; the default is metrics", shown(other))),
        }
    }
}

/// Parses `X-Prometheus-Scrape-Timeout-Seconds` and returns the time limit of the round: half a second less, so that the response
/// arrives in time.
fn parse_scrape_timeout(text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let timeout =
        timeout.ok_or("invalid X-Prometheus-Scrape-Timeout-Seconds: expected a number of seconds, e.g. 10")?;
    if timeout < MIN_SCRAPE_TIMEOUT {
        let (given, least) = (timeout.as_secs_f64(), MIN_SCRAPE_TIMEOUT.as_secs_f64());
        return Err(format!("scrape timeout of {given} s leaves no time for a round: expected {least} s or more"));
    }
    Ok(timeout.saturating_sub(RESPONSE_TIME).min(MAX_ROUND))
}

/// Returns the beginning of a text from a request, without control characters.
pub(super) fn shown(text: &str) -> String {
    Clean(&text.chars().take(64).collect::<String>()).to_string()
}

const SCRAPE_TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");
const RESPONSE_TIME: Duration = Duration::from_millis(500);
const MIN_SCRAPE_TIMEOUT: Duration = RESPONSE_TIME.saturating_add(TIME_TO_ANSWER).saturating_add(LEAST_ROUND);
const MAX_ROUND: Duration = crate::config::LONGEST_TIMEOUT;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_target_and_a_format_are_read() {
        let params = |target: &str, format| Ok(ProbeParams { target: target.to_owned(), format, within: MAX_ROUND });
        assert_eq!(ProbeParams::parse("target=orders", None), params("orders", ProbeFormat::Metrics));
        assert_eq!(ProbeParams::parse("format=json&target=a%2Eb", None), params("a.b", ProbeFormat::Json));
        assert_eq!(ProbeParams::parse("target=orders&format=text", None), params("orders", ProbeFormat::Text));
    }

    #[test]
    fn a_query_that_says_something_else_is_refused() {
        for query in
            ["", "target=", "targett=x", "target=x&target=y", "target=x&format=xml", "target=x&module=http", "x"]
        {
            assert!(ProbeParams::parse(query, None).is_err(), "{query}");
        }
    }

    #[test]
    fn the_round_ends_before_the_scrape() {
        let seconds = |text| parse_scrape_timeout(text).map(|within| within.as_secs_f64());
        assert_eq!(seconds("10"), Ok(9.5));
        assert_eq!(seconds("1"), Ok(0.5));
        assert_eq!(parse_scrape_timeout("0.8"), Ok(LEAST_ROUND + TIME_TO_ANSWER));
        assert_eq!(seconds("1e9"), Ok(600.0));
        for text in ["", "0", "0.79", "-1", "ten", "NaN", "inf"] {
            assert!(parse_scrape_timeout(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_query_is_too_strange(query in ".{0,200}", timeout in ".{0,20}") {
            let _ = ProbeParams::parse(&query, Some(&timeout));
        }
    }
}
