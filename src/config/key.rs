//! Which keys does the configuration know? An unknown one is an error that names the nearest valid key.

use super::JSON_SCHEMA;
use super::fault::Fault;
use super::form::Form;
use serde_json::Value;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Checks every key of the text, and the form of its value, against the configuration's schema. What values mean is found when they
/// are read.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Fault { at: span.start, message: told(error.message(), text, span) }
    })?;
    if let Some((key, _)) = table.get_ref().iter().find(|(key, value)| *key.get_ref() == "target" && is_table(value)) {
        let message = "a target begins with a line `[[target]]`, with two brackets".to_owned();
        return Err(Fault { at: key.span().start, message });
    }
    let schema = serde_json::from_str(JSON_SCHEMA).expect("a test compares it");
    walk(table.get_ref(), 0, &schema, &schema)
}

/// The key whose value stands at a byte, if it is a value and not a table.
pub(super) fn of_value_at(text: &str, at: usize) -> Option<String> {
    let Ok(table) = DeTable::parse(text) else { return of_line_at(text, at) };
    within(table.get_ref(), at)
}

fn within(table: &DeTable<'_>, at: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        // within a table it is one of its keys that is meant
        let is_it = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::Table(_) => value.span().start == at,
            _ => value.span().contains(&at),
        };
        let inner = match value.get_ref() {
            DeValue::Table(table) => within(table, at),
            DeValue::Array(items) => items.iter().find_map(|item| within(item.get_ref().as_table()?, at)),
            _ => None,
        };
        let is_here = || match value.get_ref() {
            DeValue::Array(items) if items.iter().any(is_table) => items.iter().any(is_it),
            _ => is_it(value),
        };
        inner.or_else(|| is_here().then(|| key.get_ref().to_string()))
    })
}

/// The key that a line begins with; for texts that are no TOML.
fn of_line_at(text: &str, at: usize) -> Option<String> {
    let begin = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let key = text.get(begin..at)?.split_once('=')?.0.trim();
    let is_bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    is_bare.then(|| key.to_owned())
}

fn walk(table: &DeTable<'_>, begin: usize, schema: &Value, root: &Value) -> Result<(), Fault> {
    let schema = resolve(schema, root);
    let properties = schema.get("properties").and_then(Value::as_object);
    // the keys of a map are the names of an enum
    let names = schema.get("propertyNames").map(|names| names_of(resolve(names, root)));
    for (key, value) in table {
        let known: Vec<&str> = match (properties, &names) {
            (Some(properties), _) => properties.keys().map(String::as_str).collect(),
            (None, Some(names)) => names.clone(),
            (None, None) => return Ok(()),
        };
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            let message = elsewhere(name, root).unwrap_or_else(|| unknown(name, &known));
            return Err(Fault { at: key.span().start, message });
        }
        let inner =
            properties.and_then(|properties| properties.get(name)).or_else(|| schema.get("additionalProperties"));
        if let Some(inner) = inner {
            Form::new(inner, root).check(value)?;
            match value.get_ref() {
                DeValue::Table(table) => walk(table, value.span().start, inner, root)?,
                DeValue::Array(items) => {
                    for item in items {
                        if let (DeValue::Table(table), Some(inner)) = (item.get_ref(), inner.get("items")) {
                            walk(table, item.span().start, inner, root)?;
                        }
                    }
                }
                _ => {}
            }
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    match required.into_iter().find(|name| !table.contains_key(*name)) {
        None => Ok(()),
        Some(name) => {
            let example = properties.and_then(|all| all.get(name)?.get("examples")?.get(0));
            let example = example.map(|example| format!(", such as `{name} = {example}`")).unwrap_or_default();
            Err(Fault { at: begin, message: format!("`{name}` is missing here{example}") })
        }
    }
}

fn is_table(value: &Spanned<DeValue<'_>>) -> bool {
    matches!(value.get_ref(), DeValue::Table(_))
}

/// The words of an enum's schema.
pub(super) fn names_of(schema: &Value) -> Vec<&str> {
    let plain = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let described = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    plain.chain(described.filter_map(|one| one.get("const"))).filter_map(Value::as_str).collect()
}

/// What a schema refers to, or itself.
pub(super) fn resolve<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

/// The word that is most like one that is not known, if any is like it at all.
pub(super) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let nearest = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    nearest.copied().filter(|nearest| likeness(nearest) > 0.75)
}

/// Where a key belongs that stands in the wrong place.
fn elsewhere(name: &str, root: &Value) -> Option<String> {
    let knows = |schema: &Value| resolve(schema, root).get("properties").is_some_and(|known| known.get(name).is_some());
    if knows(root.pointer("/properties/target/items")?) {
        Some(format!("`{name}` is not a key here; it belongs to a target, right below its line `[[target]]`"))
    } else if knows(root) {
        Some(format!("`{name}` is not a key here; it belongs to all targets, above the first line `[[target]]`"))
    } else {
        None
    }
}

fn unknown(name: &str, known: &[&str]) -> String {
    let shown: String = name.chars().take(60).filter(|c| !c.is_control()).collect();
    match nearest(name, known) {
        Some(nearest) => format!("`{shown}` is not a key here; `{nearest}` is the nearest"),
        None => format!("`{shown}` is not a key here; those are {}", known.join(", ")),
    }
}

/// The parser's word, and which key it is about if one stands twice.
fn told(message: &str, text: &str, place: Range<usize>) -> String {
    match text.get(place) {
        Some(key) if message == "duplicate key" && !key.contains('\n') => {
            format!("`{key}` stands here for the second time; once is enough")
        }
        Some(_) | None => format!("this is no TOML: {message}"),
    }
}
