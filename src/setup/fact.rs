//! Is it known? A fact, or what would show it and why it does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that is so, that is not there, or that cannot be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FactOf{T}")]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// It is so.
    Known(T),
    /// It was looked for and is not there.
    Absent,
    /// It cannot be seen.
    CannotSee(Blind),
}

/// Why something cannot be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Blind {
    /// What would show it: a permission such as `ec2:DescribeVpcEndpoints`, or a place.
    pub source: String,
    /// Why it does not.
    pub why: String,
}

impl Blind {
    /// What would show it, and why it does not.
    pub fn new(source: impl Into<String>, why: impl Into<String>) -> Self {
        Self { source: source.into(), why: why.into() }
    }
}

impl<T> Fact<T> {
    /// The fact, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Absent | Self::CannotSee(_) => None,
        }
    }

    /// What a known fact becomes.
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(fact) => Fact::Known(into(fact)),
            Self::Absent => Fact::Absent,
            Self::CannotSee(blind) => Fact::CannotSee(blind),
        }
    }

    /// Why it cannot be seen, if it cannot.
    pub fn blind(&self) -> Option<&Blind> {
        match self {
            Self::CannotSee(blind) => Some(blind),
            Self::Known(_) | Self::Absent => None,
        }
    }
}

impl<T> From<Result<T, Blind>> for Fact<T> {
    fn from(read: Result<T, Blind>) -> Self {
        read.map_or_else(Self::CannotSee, Self::Known)
    }
}
