//! How long is `10s`? Lengths of time as people write them.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Reads `10s`, `500ms`, `1m 30s`, or a bare number of seconds as curl takes it, within bounds.
pub fn parse_duration(text: &str, bounds: RangeInclusive<Duration>) -> Result<Duration, String> {
    let text = text.trim();
    let shown: String = text.chars().take(40).filter(|c| !c.is_control()).collect();
    let bare = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let duration = bare
        .or_else(|| humantime::parse_duration(text).ok())
        .ok_or_else(|| format!("`{shown}` is not a length of time, such as `10s` or `500ms`"))?;
    if bounds.contains(&duration) {
        return Ok(duration);
    }
    let (least, most) = (humantime::format_duration(*bounds.start()), humantime::format_duration(*bounds.end()));
    Err(format!("`{shown}` is not between {least} and {most}"))
}
