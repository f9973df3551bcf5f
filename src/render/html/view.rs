//! Which page is asked for? The query of its address, read at the door.

use std::fmt::{self, Display};
use std::time::Duration;

/// What the address of a status page asks for: `/`, `/?target=orders`, `/?refresh=30`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The one target to show in full; all of them if absent.
    pub target: Option<String>,
    /// How often the browser is to ask again; never if absent, because a page that moves by itself hinders many readers (WCAG 2.2, 3.2.5).
    pub refresh: Option<Duration>,
}

impl View {
    /// Reads the query of an address. Keys that mean nothing here are passed over; an empty value asks for nothing.
    pub fn parse(query: &str) -> Result<Self, ViewError> {
        let mut view = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            match key.as_ref() {
                "target" => view.target = Some(value.into_owned()),
                "refresh" => view.refresh = Some(refresh(&value)?),
                _ => {}
            }
        }
        Ok(view)
    }

    /// The same page with another refresh.
    pub(super) fn refreshing(&self, refresh: Option<Duration>) -> Self {
        Self { refresh, ..self.clone() }
    }

    /// The page of one target, refreshed as this one is.
    pub(super) fn of(&self, target: &str) -> Self {
        Self { target: Some(target.to_owned()), ..self.clone() }
    }

    /// The page of all targets, refreshed as this one is.
    pub(super) fn of_all(&self) -> Self {
        Self { target: None, ..self.clone() }
    }
}

/// The address, relative to the page of all targets, so that it holds behind a proxy's prefix too.
impl Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(target) = &self.target {
            query.append_pair("target", target);
        }
        if let Some(refresh) = self.refresh {
            query.append_pair("refresh", &refresh.as_secs().to_string());
        }
        let query = query.finish();
        if query.is_empty() { f.write_str("./") } else { write!(f, "?{query}") }
    }
}

fn refresh(text: &str) -> Result<Duration, ViewError> {
    let seconds = text.parse().ok().filter(|seconds| (LEAST_REFRESH..=MOST_REFRESH).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| ViewError::Refresh(text.chars().take(20).collect()))
}

/// A query that asks for no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The time from one request to the next.
    #[error("refresh: `{0}` is not a number of seconds from {LEAST_REFRESH} to {MOST_REFRESH}, such as `?refresh=30`")]
    Refresh(String),
}

const LEAST_REFRESH: u64 = 5;
const MOST_REFRESH: u64 = 3600;
