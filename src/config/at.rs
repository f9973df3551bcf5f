//! Where does a value stand? So that an error can name the line.

use super::fault::Fault;
use schemars::JsonSchema;
use serde::Deserialize;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;

/// A value and its place in the text.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct At<T>(Spanned<T>);

impl<T> At<T> {
    /// The value.
    pub(super) fn get(&self) -> &T {
        self.0.get_ref()
    }

    /// The bytes that it takes.
    pub(super) fn span(&self) -> Range<usize> {
        self.0.span()
    }

    /// What is wrong with it.
    pub(super) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault { at: self.span().start, message: message.into() }
    }
}

impl At<String> {
    /// Reads the text into something of meaning.
    pub(super) fn parse<V, E: ToString>(&self, read: impl FnOnce(&str) -> Result<V, E>) -> Result<V, Fault> {
        read(self.get()).map_err(|error| self.fault(error.to_string()))
    }
}

/// In the schema it is the value alone.
impl<T: JsonSchema> JsonSchema for At<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}
