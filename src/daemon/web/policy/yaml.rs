//! What stands in the YAML? Its values with their lines; no error repeats a value, which may be a secret.

use super::Fault;
use saphyr::{LoadableYamlNode as _, MarkedYaml, Scalar, YamlData};
use std::path::PathBuf;

/// A value and its line.
pub(super) struct Value<'y>(MarkedYaml<'y>);

/// A mapping whose keys are all known.
pub(super) struct Section<'y> {
    entries: Vec<(&'y str, &'y MarkedYaml<'y>)>,
}

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

impl<T> At<T> {
    pub(super) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault { line: Some(self.line), message: message.into() }
    }
}

impl<'y> Value<'y> {
    /// Reads the only document of the text; an empty text is an empty mapping.
    pub(super) fn load(text: &'y str) -> Result<Option<Self>, Fault> {
        let mut documents = MarkedYaml::load_from_str(text).map_err(|error| Fault {
            line: Some(error.marker().line()),
            message: format!("no YAML: {}", error.info()),
        })?;
        match documents.len() {
            0 => Ok(None),
            1 => Ok(documents.pop().filter(|document| !is_null(document)).map(Self)),
            _ => {
                let line = Some(documents[1].span.start.line());
                Err(Fault { line, message: "a second document begins here; the file holds one".to_owned() })
            }
        }
    }

    pub(super) fn section(&'y self, known: &[&str]) -> Result<Section<'y>, Fault> {
        Section::of(&self.0, "the file", known)
    }
}

impl<'y> Section<'y> {
    fn of(node: &'y MarkedYaml<'y>, name: &str, known: &[&str]) -> Result<Self, Fault> {
        let section = Self::of_any(node, name)?;
        match section.entries.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(section),
            Some((key, value)) => Err(at(value).fault(unknown(key, known))),
        }
    }

    /// A mapping with keys that the user chooses.
    fn of_any(node: &'y MarkedYaml<'y>, name: &str) -> Result<Self, Fault> {
        if is_null(node) {
            return Ok(Self { entries: Vec::new() });
        }
        let YamlData::Mapping(mapping) = &node.data else {
            return Err(at(node).fault(format!("{name} is a mapping of keys to values, such as `key: value`")));
        };
        let entry = |(key, value): (&'y MarkedYaml<'y>, &'y MarkedYaml<'y>)| match &key.data {
            YamlData::Value(Scalar::String(key)) => Ok((key.as_ref(), value)),
            _ => Err(at(key).fault(format!("a key of {name} is no text; put it in quotes"))),
        };
        Ok(Self { entries: mapping.iter().map(entry).collect::<Result<_, _>>()? })
    }

    /// The section of a key; an empty one if it is absent.
    pub(super) fn section(&self, key: &str, known: &[&str]) -> Result<Self, Fault> {
        match self.find(key) {
            Some(node) => Self::of(node, &format!("`{key}`"), known),
            None => Ok(Self { entries: Vec::new() }),
        }
    }

    /// The texts of a mapping with keys that the user chooses.
    pub(super) fn texts_by_name(&self, key: &str) -> Result<Vec<(String, At<String>)>, Fault> {
        let Some(node) = self.find(key) else { return Ok(Vec::new()) };
        let section = Self::of_any(node, &format!("`{key}`"))?;
        section.entries.iter().map(|(name, node)| Ok((String::from(*name), text(node, name)?))).collect()
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<At<String>>, Fault> {
        let text = self.find(key).map(|node| text(node, key)).transpose()?;
        Ok(text.filter(|text| !text.value.is_empty()))
    }

    pub(super) fn path(&self, key: &str) -> Result<Option<At<PathBuf>>, Fault> {
        Ok(self.text(key)?.map(|At { value, line }| At { value: value.into(), line }))
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Fault> {
        let flag = |node: &MarkedYaml<'_>| match &node.data {
            YamlData::Value(Scalar::Boolean(flag)) => Ok(*flag),
            _ => Err(at(node).fault(format!("`{key}` is `true` or `false`"))),
        };
        self.find(key).map(flag).transpose()
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<At<i64>>, Fault> {
        let number = |node: &MarkedYaml<'_>| match &node.data {
            YamlData::Value(Scalar::Integer(number)) => Ok(At { value: *number, line: at(node).line }),
            _ => Err(at(node).fault(format!("`{key}` is a whole number, such as 10"))),
        };
        self.find(key).map(number).transpose()
    }

    pub(super) fn list(&self, key: &str) -> Result<Option<At<Vec<At<String>>>>, Fault> {
        let list = |node: &MarkedYaml<'_>| match &node.data {
            YamlData::Sequence(items) => {
                let value = items.iter().map(|item| text(item, key)).collect::<Result<_, _>>()?;
                Ok(At { value, line: at(node).line })
            }
            _ => Err(at(node).fault(format!("`{key}` is a list, such as `[ one, two ]`"))),
        };
        self.find(key).map(list).transpose()
    }

    /// The value of a key, unless it is null.
    fn find(&self, key: &str) -> Option<&'y MarkedYaml<'y>> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, node)| *node).filter(|node| !is_null(node))
    }
}

fn text(node: &MarkedYaml<'_>, key: &str) -> Result<At<String>, Fault> {
    let value = match &node.data {
        YamlData::Value(Scalar::String(text)) => text.to_string(),
        YamlData::Value(Scalar::Integer(number)) => number.to_string(),
        YamlData::Value(Scalar::Null) => String::new(),
        _ => return Err(at(node).fault(format!("the value of `{}` is no text; put it in quotes", shown(key)))),
    };
    Ok(At { value, line: at(node).line })
}

fn at(node: &MarkedYaml<'_>) -> At<()> {
    At { value: (), line: node.span.start.line() }
}

fn is_null(node: &MarkedYaml<'_>) -> bool {
    matches!(node.data, YamlData::Value(Scalar::Null))
}

fn unknown(key: &str, known: &[&str]) -> String {
    format!("`{}` is not a key here; those are {}", shown(key), known.join(", "))
}

fn shown(text: &str) -> String {
    crate::render::Clean(&text.chars().take(60).collect::<String>()).to_string()
}
