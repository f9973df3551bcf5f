//! The catalogue as text: complete, within the width, and every cause in the list.

use apigw_probe::diagnosis::Cause;
use apigw_probe::observation::Outcome;
use apigw_probe::render::{TextStyle, explain, explain_all, explain_outcome};
use std::collections::BTreeSet;

#[test]
fn entry_names_its_cause_and_its_source() {
    for cause in Cause::ALL {
        let text = explain(*cause, &TextStyle::default()).to_string();
        assert_eq!(text.lines().next(), Some(cause.name()));
        assert!(text.contains(cause.entry().docs), "{text}");
        assert!(text.ends_with('\n'));
    }
}

#[test]
fn every_outcome_has_a_name_of_its_own_and_a_meaning() {
    let names: BTreeSet<_> = Outcome::all().map(Outcome::name).collect();
    assert_eq!(names.len(), Outcome::all().count());
    for outcome in Outcome::all() {
        let text = explain_outcome(outcome, &TextStyle::default()).to_string();
        assert_eq!(text.lines().next(), Some(outcome.name()));
        assert!(outcome.meaning().ends_with('.') && !outcome.meaning().starts_with(' '), "{text}");
    }
}

#[test]
fn list_has_one_entry_a_cause() {
    let text = explain_all(&TextStyle::default()).to_string();
    let names: Vec<_> = text.lines().filter(|line| !line.starts_with(' ')).map(first_word).collect();
    let all: Vec<_> = Cause::ALL.iter().map(|cause| cause.name()).collect();
    assert_eq!(names, all);
}

#[test]
fn lines_keep_to_the_width_and_commands_stay_whole() {
    let style = TextStyle::default();
    let entries = Cause::ALL.iter().map(|cause| explain(*cause, &style).to_string());
    for text in entries.chain([explain_all(&style).to_string()]) {
        for line in text.lines().filter(|line| line.chars().count() > style.width) {
            let word = first_word(line);
            assert!(["aws", "nft", "openssl"].contains(&word) || line.contains("https://"), "{line}");
        }
    }
}

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}
