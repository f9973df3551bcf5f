//! Helpers for the JSON form of observations: durations in seconds, and fields that are left out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A length of time in seconds, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Seconds(#[schemars(range(min = 0.0))] f64);

impl From<Duration> for Seconds {
    fn from(duration: Duration) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a round fit 52 bits")]
        Self(duration.as_micros() as f64 / 1e6)
    }
}

impl From<Seconds> for Duration {
    fn from(seconds: Seconds) -> Self {
        Self::try_from_secs_f64(seconds.0).unwrap_or_default()
    }
}

/// A `Duration` or an `Option<Duration>` as [`Seconds`], for `#[serde(with)]`.
pub(super) mod seconds {
    use super::{Duration, Seconds};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        time: &(impl Copy + Into<Option<Duration>>),
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (*time).into().map(Seconds::from).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: From<Duration>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        Seconds::deserialize(deserializer).map(|seconds| Duration::from(seconds).into())
    }
}

/// Whether a field has the default value of its type and is left out of the JSON.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
