//! Which keys does the configuration know? An unknown one is an error that names the nearest valid key.

use super::{Fault, json_schema};
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Checks every key of the text against the configuration's schema. Values are checked when they are read.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let table = DeTable::parse(text).map_err(|error| Fault {
        at: error.span().map_or(0, |span| span.start),
        message: error.message().to_owned(),
    })?;
    if let Some((key, _)) = table.get_ref().iter().find(|(key, value)| *key.get_ref() == "target" && is_table(value)) {
        let message = "a target begins with a line `[[target]]`, with two brackets".to_owned();
        return Err(Fault { at: key.span().start, message });
    }
    let schema = json_schema();
    walk(table.get_ref(), &schema, &schema)
}

fn walk(table: &DeTable<'_>, schema: &Value, root: &Value) -> Result<(), Fault> {
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
            return Err(Fault { at: key.span().start, message: unknown(name, &known) });
        }
        if let Some(inner) = properties.and_then(|properties| properties.get(name)) {
            match value.get_ref() {
                DeValue::Table(table) => walk(table, inner, root)?,
                DeValue::Array(items) => {
                    for item in items {
                        if let (DeValue::Table(table), Some(inner)) = (item.get_ref(), inner.get("items")) {
                            walk(table, inner, root)?;
                        }
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn is_table(value: &Spanned<DeValue<'_>>) -> bool {
    matches!(value.get_ref(), DeValue::Table(_))
}

fn names_of(schema: &Value) -> Vec<&str> {
    let plain = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let described = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    plain.chain(described.filter_map(|one| one.get("const"))).filter_map(Value::as_str).collect()
}

fn resolve<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

fn unknown(name: &str, known: &[&str]) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let nearest = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let shown: String = name.chars().take(60).filter(|c| !c.is_control()).collect();
    match nearest {
        Some(nearest) if likeness(nearest) > 0.75 => format!("`{shown}` is not a key here; `{nearest}` is the nearest"),
        _ => format!("`{shown}` is not a key here; those are {}", known.join(", ")),
    }
}
