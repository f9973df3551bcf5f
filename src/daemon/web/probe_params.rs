//! What does a request of `/probe` ask for? Its query and the scrape's timeout, parsed at the door.

use crate::daemon::board::{LEAST_ROUND, TIME_TO_ANSWER};
use crate::render::Clean;
use std::time::Duration;

/// A round that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Probe {
    /// The name of the target.
    pub(super) target: String,
    /// How the round is told.
    pub(super) form: Form,
}

/// How a round is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As metrics.
    Metrics,
    /// As the JSON report.
    Json,
    /// As the report for people.
    Text,
}

impl Probe {
    /// Reads the query of a URL; the error is one sentence for whoever asked.
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        let (mut target, mut form) = (None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let twice = match key.as_ref() {
                "target" => target.replace(value.into_owned()).is_some(),
                "format" => form.replace(Form::parse(&value)?).is_some(),
                other => return Err(format!("`{}` is not a parameter; those are target and format", shown(other))),
            };
            if twice {
                return Err(format!("`{key}` is given twice"));
            }
        }
        let target = target.filter(|target| !target.is_empty());
        let target =
            target.ok_or("the target is missing, such as /probe?target=orders; it is the name of a configured one")?;
        Ok(Self { target, form: form.unwrap_or(Form::Metrics) })
    }
}

impl Form {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            other => Err(format!(
                "`{}` is not a format; those are json and text, and without one it is metrics",
                shown(other)
            )),
        }
    }
}

/// How long a round may take for a scrape that ends after so many seconds (the value of `X-Prometheus-Scrape-Timeout-Seconds`):
/// half a second less, so that the answer is on its way in time. What leaves no time for a round is an error.
pub(super) fn within(scrape_timeout: &str) -> Result<Duration, String> {
    let seconds = scrape_timeout.trim().parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let timeout = timeout.ok_or("X-Prometheus-Scrape-Timeout-Seconds is a number of seconds, such as 10")?;
    if timeout < LEAST {
        return Err(format!(
            "a scrape that ends after {} s leaves no time for a round; the least is {} s",
            timeout.as_secs_f64(),
            LEAST.as_secs_f64()
        ));
    }
    Ok(timeout.saturating_sub(ON_ITS_WAY).min(MOST_WITHIN))
}

/// A few words of what came, harmless and short.
pub(super) fn shown(text: &str) -> String {
    Clean(&text.chars().take(64).collect::<String>()).to_string()
}

const ON_ITS_WAY: Duration = Duration::from_millis(500);
/// The shortest scrape that is answered, if not always with much.
const LEAST: Duration = ON_ITS_WAY.saturating_add(TIME_TO_ANSWER).saturating_add(LEAST_ROUND);
/// The longest deadline that a round can have.
pub(super) const MOST_WITHIN: Duration = crate::config::LONGEST_TIMEOUT;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_target_and_a_format_are_read() {
        let probe = |target: &str, form| Ok(Probe { target: target.to_owned(), form });
        assert_eq!(Probe::parse("target=orders"), probe("orders", Form::Metrics));
        assert_eq!(Probe::parse("format=json&target=a%2Eb"), probe("a.b", Form::Json));
        assert_eq!(Probe::parse("target=orders&format=text"), probe("orders", Form::Text));
    }

    #[test]
    fn a_query_that_says_something_else_is_refused() {
        for query in
            ["", "target=", "targett=x", "target=x&target=y", "target=x&format=xml", "target=x&module=http", "x"]
        {
            assert!(Probe::parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn the_round_ends_before_the_scrape() {
        let seconds = |text| within(text).map(|within| within.as_secs_f64());
        assert_eq!(seconds("10"), Ok(9.5));
        assert_eq!(seconds("1"), Ok(0.5));
        assert_eq!(within("0.8"), Ok(LEAST_ROUND + TIME_TO_ANSWER));
        assert_eq!(seconds("1e9"), Ok(600.0));
        for text in ["", "0", "0.79", "-1", "ten", "NaN", "inf"] {
            assert!(within(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_query_is_too_strange(query in ".{0,200}") {
            let _ = (Probe::parse(&query), within(&query));
        }
    }
}
