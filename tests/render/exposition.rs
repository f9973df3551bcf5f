//! Is it an exposition? The grammar that both formats share, read without the product's help.

use std::collections::{BTreeMap, BTreeSet};

/// The name of a series and its labels.
pub(crate) type Series = (String, BTreeMap<String, String>);

/// The value of the one series that is written so.
pub(crate) fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

/// Every series with its value. Fails where the grammar is broken: a family that is not together, a series twice, a sample
/// whose family has no type.
pub(crate) fn series(text: &str) -> BTreeMap<Series, String> {
    assert!(text.ends_with('\n'));
    let mut series = BTreeMap::new();
    let mut families = BTreeSet::new();
    let mut family = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let (word, rest) = rest.split_once(' ').expect("a word after `#`");
            let (name, _) = rest.split_once(' ').expect("a name and more");
            match word {
                "HELP" => {
                    assert!(families.insert(name.to_owned()), "{name} is not together");
                    name.clone_into(&mut family);
                }
                "TYPE" | "UNIT" => assert_eq!(name, family),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (name, labels, value) = sample(line);
        assert!(name.starts_with(&family), "{name} is not of {family}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(series.insert((name, labels), value).is_none(), "twice: {line}");
    }
    series
}

/// `name{label="value",…} number`
fn sample(line: &str) -> (String, BTreeMap<String, String>, String) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = line.find(|c| !is_name(c)).expect("more than a name");
    let (name, mut rest) = line.split_at(end);
    assert!(!name.is_empty(), "{line}");
    let mut labels = BTreeMap::new();
    while let Some(inner) = rest.strip_prefix(['{', ',']) {
        let (label, quoted) = inner.split_once("=\"").expect("a label");
        assert!(label.chars().all(is_name), "{line}");
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        let end = loop {
            match chars.next().expect("a closing quote") {
                (at, '"') => break at,
                (_, '\\') => match chars.next().expect("an escaped character").1 {
                    'n' => value.push('\n'),
                    c @ ('\\' | '"') => value.push(c),
                    c => panic!("\\{c} in {line}"),
                },
                (_, c) => value.push(c),
            }
        };
        assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
        rest = &quoted[end + 1..];
    }
    let number = rest.strip_prefix('}').unwrap_or(rest).strip_prefix(' ').expect("a space before the number");
    (name.to_owned(), labels, number.to_owned())
}
