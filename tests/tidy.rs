//! Does the tree still read from top to bottom? A module uses only modules above it; the pure ones name no runtime.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules in reading order, as `src/lib.rs` lists them.
const ORDER: [&str; 22] = [
    "named",
    "target",
    "plan",
    "setup",
    "observation",
    "diagnosis",
    "report",
    "history",
    "status",
    "render",
    "sign",
    "bounded_read",
    "platform",
    "crypto_provider",
    "probe",
    "aws",
    "check",
    "config",
    "daemon",
    "lab",
    "cli",
    "main",
];

/// The modules that have no socket, no clock and no runtime.
const PURE: [&str; 11] =
    ["named", "target", "plan", "setup", "observation", "diagnosis", "report", "history", "status", "render", "sign"];

/// What a pure module does not name.
const IMPURE: [&str; 9] = [
    "tokio",
    "TcpStream",
    "UdpSocket",
    "TcpListener",
    "Instant::now",
    "now_utc",
    "SystemTime::now",
    "std::env",
    "std::fs",
];

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

/// The top-level module that a file belongs to.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// The lines of a file without comments and without its tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().take_while(|(_, line)| *line != "#[cfg(test)]");
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let place = |name: &str| ORDER.iter().position(|module| *module == name);
    for (path, text) in sources() {
        let own = module(&path);
        if own == "lib" {
            continue;
        }
        let mine = place(&own).unwrap_or_else(|| panic!("{own} has no place in the order: add it to tests/tidy.rs"));
        for (at, line) in code(&text) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let theirs = place(&used).unwrap_or(mine);
                assert!(
                    theirs <= mine,
                    "{}:{}: {own} uses {used}, which stands below it; move one of them",
                    path.display(),
                    at + 1
                );
            }
        }
    }
}

#[test]
fn a_pure_module_names_no_socket_and_no_clock() {
    for (path, text) in sources() {
        if !PURE.contains(&module(&path).as_str()) {
            continue;
        }
        for (at, line) in code(&text) {
            for word in IMPURE {
                assert!(!line.contains(word), "{}:{}: a pure module names {word}", path.display(), at + 1);
            }
        }
    }
}

#[test]
fn every_module_says_which_question_it_answers() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{}: the first line says what question it answers", path.display());
    }
}

#[test]
fn the_map_lists_the_modules_in_reading_order() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let modules = map.lines().map(|line| line.trim_start_matches("pub ")).filter_map(|line| line.strip_prefix("mod "));
    let listed: Vec<&str> = modules.map(|name| name.trim_end_matches(';')).collect();
    assert_eq!(listed, ORDER[..ORDER.len() - 1], "src/lib.rs and tests/tidy.rs name the same order");
}

#[test]
fn only_one_file_holds_unsafe_code() {
    for (path, text) in sources() {
        let unsafe_lines =
            code(&text).filter(|(_, line)| line.contains("unsafe ") || line.contains("unsafe_code")).count();
        assert!(
            unsafe_lines == 0 || path.ends_with("src/platform.rs"),
            "{}: unsafe code lives in src/platform.rs",
            path.display()
        );
    }
}
