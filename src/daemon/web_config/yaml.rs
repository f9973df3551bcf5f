//! YAML values with their lines. No error repeats a value, because it may be a secret.

use super::WebConfigFault;
use saphyr::{LoadableYamlNode as _, MarkedYaml, Scalar, YamlData};
use std::path::PathBuf;

/// A YAML document.
pub(super) struct YamlValue<'y>(MarkedYaml<'y>);

/// A mapping.
pub(super) struct YamlMapping<'y> {
    entries: Vec<(&'y str, &'y MarkedYaml<'y>)>,
}

/// A value and its line.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

impl<T> Located<T> {
    pub(super) fn fault(&self, message: impl Into<String>) -> WebConfigFault {
        WebConfigFault { line: Some(self.line), message: message.into() }
    }
}

impl<'y> YamlValue<'y> {
    /// Parses the text, which holds one document; `None` if it is empty.
    pub(super) fn load(text: &'y str) -> Result<Option<Self>, WebConfigFault> {
        let mut documents = MarkedYaml::load_from_str(text).map_err(|error| WebConfigFault {
            line: Some(error.marker().line()),
            message: format!("invalid YAML: {}", error.info()),
        })?;
        match documents.len() {
            0 => Ok(None),
            1 => Ok(documents.pop().filter(|document| !is_null(document)).map(Self)),
            _ => {
                let line = Some(documents[1].span.start.line());
                Err(WebConfigFault { line, message: "a second document begins here: expected one".to_owned() })
            }
        }
    }

    pub(super) fn section(&'y self, known: &[&str]) -> Result<YamlMapping<'y>, WebConfigFault> {
        YamlMapping::of(&self.0, "the file", known)
    }
}

impl<'y> YamlMapping<'y> {
    fn of(node: &'y MarkedYaml<'y>, name: &str, known: &[&str]) -> Result<Self, WebConfigFault> {
        let section = Self::of_any(node, name)?;
        match section.entries.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(section),
            Some((key, value)) => Err(at(value).fault(unknown(key, known))),
        }
    }

    /// Returns a mapping whose keys the user chooses.
    fn of_any(node: &'y MarkedYaml<'y>, name: &str) -> Result<Self, WebConfigFault> {
        if is_null(node) {
            return Ok(Self { entries: Vec::new() });
        }
        let YamlData::Mapping(mapping) = &node.data else {
            return Err(at(node).fault(format!("invalid {name}: expected a mapping, e.g. `key: value`")));
        };
        let entry = |(key, value): (&'y MarkedYaml<'y>, &'y MarkedYaml<'y>)| match &key.data {
            YamlData::Value(Scalar::String(key)) => Ok((key.as_ref(), value)),
            _ => Err(at(key).fault(format!("invalid key of {name}: expected text; put it in quotes"))),
        };
        Ok(Self { entries: mapping.iter().map(entry).collect::<Result<_, _>>()? })
    }

    /// Returns the section of a key; an empty one if it is absent.
    pub(super) fn section(&self, key: &str, known: &[&str]) -> Result<Self, WebConfigFault> {
        match self.find(key) {
            Some(node) => Self::of(node, &format!("`{key}`"), known),
            None => Ok(Self { entries: Vec::new() }),
        }
    }

    /// Returns the texts of a mapping whose keys the user chooses.
    pub(super) fn texts_by_name(&self, key: &str) -> Result<Vec<(String, Located<String>)>, WebConfigFault> {
        let Some(node) = self.find(key) else { return Ok(Vec::new()) };
        let section = Self::of_any(node, &format!("`{key}`"))?;
        section.entries.iter().map(|(name, node)| Ok((String::from(*name), text(node, name)?))).collect()
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<Located<String>>, WebConfigFault> {
        let text = self.find(key).map(|node| text(node, key)).transpose()?;
        Ok(text.filter(|text| !text.value.is_empty()))
    }

    pub(super) fn path(&self, key: &str) -> Result<Option<Located<PathBuf>>, WebConfigFault> {
        Ok(self.text(key)?.map(|Located { value, line }| Located { value: value.into(), line }))
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, WebConfigFault> {
        let flag = |node: &MarkedYaml<'_>| match &node.data {
            YamlData::Value(Scalar::Boolean(flag)) => Ok(*flag),
            _ => Err(at(node).fault(format!("invalid `{key}`: expected `true` or `false`"))),
        };
        self.find(key).map(flag).transpose()
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<Located<i64>>, WebConfigFault> {
        let number = |node: &MarkedYaml<'_>| match &node.data {
            YamlData::Value(Scalar::Integer(number)) => Ok(Located { value: *number, line: at(node).line }),
            _ => Err(at(node).fault(format!("invalid `{key}`: expected an integer, e.g. 10"))),
        };
        self.find(key).map(number).transpose()
    }

    pub(super) fn list(&self, key: &str) -> Result<Option<Located<Vec<Located<String>>>>, WebConfigFault> {
        let list = |node: &MarkedYaml<'_>| match &node.data {
            YamlData::Sequence(items) => {
                let value = items.iter().map(|item| text(item, key)).collect::<Result<_, _>>()?;
                Ok(Located { value, line: at(node).line })
            }
            _ => Err(at(node).fault(format!("invalid `{key}`: expected a list, e.g. `[ one, two ]`"))),
        };
        self.find(key).map(list).transpose()
    }

    /// Returns the value of a key, unless it is null.
    fn find(&self, key: &str) -> Option<&'y MarkedYaml<'y>> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, node)| *node).filter(|node| !is_null(node))
    }
}

fn text(node: &MarkedYaml<'_>, key: &str) -> Result<Located<String>, WebConfigFault> {
    let value = match &node.data {
        YamlData::Value(Scalar::String(text)) => text.to_string(),
        YamlData::Value(Scalar::Integer(number)) => number.to_string(),
        YamlData::Value(Scalar::Null) => String::new(),
        _ => return Err(at(node).fault(format!("invalid value of `{}`: expected text; put it in quotes", shown(key)))),
    };
    Ok(Located { value, line: at(node).line })
}

fn at(node: &MarkedYaml<'_>) -> Located<()> {
    Located { value: (), line: node.span.start.line() }
}

fn is_null(node: &MarkedYaml<'_>) -> bool {
    matches!(node.data, YamlData::Value(Scalar::Null))
}

fn unknown(key: &str, known: &[&str]) -> String {
    format!("unknown key `{}`: expected one of {}", shown(key), known.join(", "))
}

fn shown(text: &str) -> String {
    crate::render::Clean(&text.chars().take(60).collect::<String>()).to_string()
}
