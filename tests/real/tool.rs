//! Is the program there? What is missing fails loudly, with the package that brings it.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A program of a Debian package.
pub(crate) fn tool(name: &str, package: &str) -> Command {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    Command::new(found.unwrap_or_else(|| panic!("`{name}` is missing: apt-get install {package}")))
}

/// Runs to its end, which must be a good one.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

/// What a program wrote.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}
