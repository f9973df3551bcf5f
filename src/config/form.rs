//! Does a value have the form that its key wants? What is wrong is told in TOML's words, with the right form; no text is repeated,
//! since it may be a secret.

use super::fault::Fault;
use super::key::{names_of, nearest, resolve};
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

/// The schema of a value, with the whole that it may refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'s> {
    schema: &'s Value,
    root: &'s Value,
    /// The example of the list, for an item of one.
    list: Option<&'s Value>,
}

/// What a key wants.
#[derive(Debug)]
enum Wanted<'s> {
    Text,
    Number,
    Flag,
    List,
    Table,
    /// One of a few words.
    Word(Vec<&'s str>),
}

impl<'s> Form<'s> {
    pub(super) fn new(schema: &'s Value, root: &'s Value) -> Self {
        Self { schema, root, list: None }
    }

    /// Checks the kind of a value, the bounds of a number, and each item of a list but for tables, whose keys are checked elsewhere.
    pub(super) fn check(self, value: &Spanned<DeValue<'_>>) -> Result<(), Fault> {
        let fault = |message| Err(Fault { at: value.span().start, message });
        match (self.wanted(), value.get_ref()) {
            (Some(Wanted::Word(words)), DeValue::String(word)) if !words.contains(&word.as_ref()) => {
                fault(unknown(word, &words))
            }
            (Some(Wanted::Number), DeValue::Integer(number)) if !self.is_within(number) => fault(self.bounds(number)),
            (Some(Wanted::List), DeValue::Array(items)) => {
                let Some(schema) = self.whole().get("items") else { return Ok(()) };
                let form = Form { schema, list: self.example(), ..self };
                items.iter().try_for_each(|item| form.check(item))
            }
            (Some(Wanted::Text | Wanted::Word(_)), DeValue::String(_))
            | (Some(Wanted::Number), DeValue::Integer(_))
            | (Some(Wanted::Flag), DeValue::Boolean(_))
            | (Some(Wanted::Table), DeValue::Table(_))
            | (None, _) => Ok(()),
            (Some(wanted), given) => fault(format!("{}; {}", shown(given, &wanted), self.right(&wanted))),
        }
    }

    /// The definition that the schema stands for: a value that may be absent has a way out, which TOML has not.
    fn whole(self) -> &'s Value {
        let real = |one: &&Value| one.get("type").and_then(Value::as_str) != Some("null");
        let any = self.schema.get("anyOf").and_then(Value::as_array).and_then(|any| any.iter().find(real));
        resolve(any.unwrap_or(self.schema), self.root)
    }

    fn wanted(self) -> Option<Wanted<'s>> {
        let whole = self.whole();
        let words = names_of(whole);
        if !words.is_empty() {
            return Some(Wanted::Word(words));
        }
        let kind = whole.get("type")?;
        let kind =
            kind.as_str().or_else(|| kind.as_array()?.iter().filter_map(Value::as_str).find(|one| *one != "null"));
        match kind? {
            "string" => Some(Wanted::Text),
            "integer" => Some(Wanted::Number),
            "boolean" => Some(Wanted::Flag),
            "array" => Some(Wanted::List),
            "object" => Some(Wanted::Table),
            _ => None,
        }
    }

    fn is_within(self, number: &DeInteger<'_>) -> bool {
        let bound = |name| self.whole().get(name).and_then(Value::as_i64);
        let number = i64::from_str_radix(number.as_str(), number.radix());
        number.is_ok_and(|number| {
            bound("minimum").is_none_or(|least| least <= number) && bound("maximum").is_none_or(|most| number <= most)
        })
    }

    fn bounds(self, number: &DeInteger<'_>) -> String {
        let bound = |name| self.whole().get(name).map(ToString::to_string);
        match (bound("minimum"), bound("maximum")) {
            (Some(least), Some(most)) => format!("{number} is not between {least} and {most}"),
            _ => format!("{number} is too large"),
        }
    }

    /// The right form, with the example of the key.
    fn right(self, wanted: &Wanted<'_>) -> String {
        let form = match wanted {
            Wanted::Text => "this is text in quotes",
            Wanted::Number => "this is a whole number",
            Wanted::Flag => return "this is `true` or `false`, without quotes".to_owned(),
            Wanted::List => "this is a list in brackets",
            Wanted::Table => "this is a table of keys and values",
            Wanted::Word(words) => return one_of(words),
        };
        match (self.example(), self.list) {
            (Some(example), _) => format!("{form}, such as {example}"),
            (None, Some(list)) => format!("{form}, as in {list}"),
            (None, None) => form.to_owned(),
        }
    }

    fn example(self) -> Option<&'s Value> {
        self.schema.get("examples")?.get(0)
    }
}

/// What was given: numbers and the like as they stand, a text only if it is a number or a flag in quotes.
fn shown(given: &DeValue<'_>, wanted: &Wanted<'_>) -> String {
    match (given, wanted) {
        (DeValue::String(text), Wanted::Number) if text.parse::<i64>().is_ok() => format!("\"{text}\" is text"),
        (DeValue::String(text), Wanted::Flag) if text.parse::<bool>().is_ok() => format!("\"{text}\" is text"),
        (DeValue::String(_), _) => "text was given".to_owned(),
        (DeValue::Integer(number), _) => format!("{number} is a number"),
        (DeValue::Float(number), _) => format!("{number} is a decimal number"),
        (DeValue::Boolean(flag), _) => format!("`{flag}` was given"),
        (DeValue::Datetime(time), _) => format!("{time} is a time"),
        (DeValue::Array(_), _) => "a list was given".to_owned(),
        (DeValue::Table(_), _) => "a table was given".to_owned(),
    }
}

fn unknown(word: &str, words: &[&str]) -> String {
    let word: String = word.chars().take(60).filter(|c| !c.is_control()).collect();
    match nearest(&word, words) {
        Some(nearest) => format!("`{word}` is not known here; `{nearest}` is the nearest of {}", words.join(", ")),
        None => format!("`{word}` is not known here; {}", one_of(words)),
    }
}

fn one_of(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("this is {}", words.join(" or "))
}
