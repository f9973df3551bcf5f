//! What does the environment say of credentials? The variables that AWS's own tools read, as they were when first needed.

use std::collections::HashMap;
use std::path::PathBuf;

/// Environment variables by their names; what is empty counts as absent.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Variables(HashMap<String, String>);

impl Variables {
    /// Those of this process that matter here.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The file that a variable names, or one below the home directory.
    pub(super) fn file(&self, name: &str, below_home: &str) -> Option<PathBuf> {
        let home = || Some(PathBuf::from(self.value("HOME")?).join(below_home));
        self.value(name).map(PathBuf::from).or_else(home)
    }

    /// Whether a variable says `true`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let matter = |name: &str| name.starts_with("AWS_") || name == "HOME";
        Self(pairs.into_iter().filter(|(name, value)| matter(name) && !value.is_empty()).collect())
    }
}

/// Values may be secret: the names alone.
impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
