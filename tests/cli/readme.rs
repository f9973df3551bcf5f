//! Does the README say what the program says? Its generated parts are held against the real output.
//! `UPDATE_README=1 cargo test --test cli readme` writes them anew.

use crate::side::binary;
use apigw_probe::diagnosis::Cause;
use apigw_probe::render::metrics::{MetricFamily, families};
use std::fmt::Write as _;
use std::path::PathBuf;

const URL: &str = "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
const VPCE: &str = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com";

/// What stands between `<!-- name:begin -->` and `<!-- name:end -->`.
fn part(name: &str) -> String {
    let text = std::fs::read_to_string(readme()).unwrap();
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let from = text.find(&begin).unwrap_or_else(|| panic!("{name} is not marked")) + begin.len();
    text[from..from + text[from..].find(&end).unwrap()].to_owned()
}

/// Holds a part against what it should be, by a view that leaves out what differs from run to run.
fn hold(name: &str, expected: &str, view: impl Fn(&str) -> String) {
    let current = part(name);
    if std::env::var_os("UPDATE_README").is_some() {
        let text = std::fs::read_to_string(readme()).unwrap();
        let begin = format!("<!-- {name}:begin -->\n");
        std::fs::write(readme(), text.replacen(&format!("{begin}{current}"), &format!("{begin}{expected}"), 1))
            .unwrap();
        return;
    }
    assert_eq!(view(&current), view(expected), "README.md, part {name}: UPDATE_README=1 cargo test --test cli readme");
}

fn readme() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn run(args: &[&str]) -> String {
    let output = binary().args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The parts one after the other, since updating writes one file.
#[test]
fn the_readme_tells_what_the_program_tells() {
    hold("curl", &format!("```sh\n{}```\n", run(&["curl", URL, VPCE])), str::to_owned);

    let report = run(&["demo", "--scenario", "private-dns-off", "--quiet"]);
    assert_eq!(report.lines().count(), 1);
    let report = run(&["demo", "--scenario", "private-dns-off"]);
    let findings = |text: &str| text[text.find("\n1. ").expect("a finding")..].to_owned();
    hold("report", &format!("```text\n{report}```\n"), findings);

    let mut table = "| cause | what it means | who can change it | at most |\n| --- | --- | --- | --- |\n".to_owned();
    for cause in Cause::ALL {
        let entry = cause.entry();
        let _ = writeln!(table, "| `{cause}` | {} | {} | {} |", entry.title, entry.owner, entry.ceiling);
    }
    let table = format!("<details><summary>All {} causes</summary>\n\n{table}\n</details>\n", Cause::ALL.len());
    hold("causes", &table, str::to_owned);

    let table = metrics();
    let table = format!("<details><summary>All {} metrics</summary>\n\n{table}\n</details>\n", families().count());
    hold("metrics", &table, str::to_owned);
}

/// The table of what differs has every form in which it does.
#[test]
fn the_readme_names_the_forms_of_credentials_in_which_the_tools_differ() {
    let text = std::fs::read_to_string(readme()).unwrap();
    let table: toml::Table = include_str!("../credential-forms.toml").parse().unwrap();
    let forms = table["form"].as_array().unwrap();
    assert!(text.contains(&format!("[all {} forms]", forms.len())));
    for form in forms.iter().filter(|form| form["botocore"] != form["sdk"] || form.get("refuses").is_some()) {
        let name = form["name"].as_str().unwrap();
        assert!(text.contains(&format!("\n| {name}")), "README.md lacks a row for `{name}`");
    }
}

fn metrics() -> String {
    let mut table = "| metric | type | labels | what it tells | where |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for (family, places) in families() {
        let MetricFamily { name, kind, help, labels } = family;
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let places: Vec<_> = places.iter().map(|place| place.name()).collect();
        let _ =
            writeln!(table, "| `{name}` | {} | {} | {help} | {} |", kind.as_str(), labels.join(" "), places.join(" "));
    }
    table
}
