//! Does the command behave in a real terminal, a real shell and a real pager?

use crate::side::Side;
use crate::side::binary;
use crate::tool::{run, text, tool};
use apigw_probe::lab::Scenario;
use std::process::{Command, Output};

/// Runs a line of shell, in which `$PROBE` is the binary and its options follow.
fn shell(program: &mut Command, side: &Side, line: &str) -> Output {
    let once = side.once_at(side.lab.invoke_url());
    let words: Vec<String> = std::iter::once(once.get_program()).chain(once.get_args()).map(quoted).collect();
    program
        .args(["-c", &line.replace("PROBE", &words.join(" "))])
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .output()
        .unwrap()
}

fn quoted(word: &std::ffi::OsStr) -> String {
    format!("'{}'", word.to_str().unwrap())
}

#[test]
fn a_reader_that_leaves_early_is_no_crash() {
    let side = Side::start(Scenario::healthy());
    for format in ["text -v", "json", "prometheus"] {
        let line =
            format!("set -o pipefail; PROBE --format {format} | head -1 >/dev/null; echo \"${{PIPESTATUS[0]}}\"");
        let output = shell(&mut tool("bash", "bash"), &side, &line);
        // a short report may have gone into the pipe before its reader left
        let status: i32 = text(&output.stdout).trim().parse().unwrap();
        assert!([0, 2].contains(&status), "{format}: {status}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    }
}

#[test]
fn a_full_disk_is_told_and_ends_with_two() {
    let side = Side::start(Scenario::healthy());
    for format in ["text", "json", "nagios", "prometheus"] {
        let output = shell(&mut tool("bash", "bash"), &side, &format!("PROBE --format {format} > /dev/full"));
        let expected = if format == "nagios" { 3 } else { 2 };
        assert_eq!(output.status.code(), Some(expected), "{format}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty(), "{format}");
    }
}

/// What the program shows on a terminal of its own.
fn on_a_terminal(side: &Side, line: &str) -> String {
    let mut script = tool("script", "bsdutils");
    script.args(["--quiet", "--return", "/dev/null"]);
    let output = shell(&mut script, side, line);
    assert!(output.status.success(), "{}", text(&output.stdout));
    text(&output.stdout).to_owned()
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let side = Side::start(Scenario::healthy());
    assert!(on_a_terminal(&side, "PROBE").contains("\x1b["), "a terminal gets colour");
    for plain in
        ["NO_COLOR=1 PROBE", "TERM=dumb PROBE", "PROBE --color never", "PROBE --format json", "PROBE 2>/dev/null | cat"]
    {
        let shown = on_a_terminal(&side, plain);
        assert!(!shown.is_empty() && !shown.contains('\x1b'), "{plain}: {shown:?}");
    }
    assert!(on_a_terminal(&side, "CLICOLOR_FORCE=1 PROBE | cat").contains("\x1b["));
}

#[test]
fn progress_is_shown_on_a_terminal_and_nowhere_else() {
    let side = Side::start(Scenario::named("port-dropped").unwrap());
    let waits = "PROBE --timeout 2s --format json";
    assert!(on_a_terminal(&side, &format!("{waits} >/dev/null; true")).contains("waiting"));
    assert!(!on_a_terminal(&side, &format!("{waits} 2>/dev/null; true")).contains("waiting"));
    assert_eq!(on_a_terminal(&side, &format!("{waits} 2>&1 >/dev/null | cat")), "");
    assert_eq!(on_a_terminal(&side, &format!("{waits} --quiet >/dev/null; true")), "");
}

#[test]
fn the_man_page_is_without_fault() {
    let page = tempfile::Builder::new().suffix(".1").tempfile().unwrap();
    std::fs::write(page.path(), run(binary().arg("man")).stdout).unwrap();
    let mut man = tool("man", "man-db");
    man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]).env("MANROFFSEQ", "").env("MANWIDTH", "80");
    let mut mandoc = tool("mandoc", "mandoc");
    // what it warns of is how clap's generator puts space between paragraphs
    mandoc.args(["-T", "lint", "-W", "error"]);
    let mut groff = tool("groff", "groff-base");
    groff.args(["-man", "-ww", "-z", "-Tutf8"]);
    for mut command in [man, mandoc, groff] {
        let output = command.arg(page.path()).env("LC_ALL", "C.UTF-8").output().unwrap();
        let said =
            if command.get_program().to_str().unwrap().ends_with("/mandoc") { &output.stdout } else { &output.stderr };
        assert!(said.is_empty() && output.status.success(), "{command:?}: {}", text(said));
    }
}
