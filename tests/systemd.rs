//! Is what comes along in `systemd/` whole? The example configuration has every key, the packages have every file.

use apigw_probe::config::{Config, json_schema};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: impl AsRef<Path>) -> String {
    let file = project().join(file);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The example with its commented keys as if somebody had removed each `#`.
fn uncommented() -> String {
    text("systemd/config.toml").lines().fold(String::new(), |whole, line| {
        let key = line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['));
        whole + key.unwrap_or(line) + "\n"
    })
}

#[test]
fn the_example_shows_every_key() {
    let example: Value = serde_json::to_value(toml::from_str::<toml::Table>(&uncommented()).unwrap()).unwrap();
    let schema = json_schema();
    let shown = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let known = |pointer: &str| shown(schema.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in the schema")));
    assert_eq!(shown(&example), known("/properties"));
    assert_eq!(shown(&example["target"][0]), known("/$defs/Entry/properties"));
    assert_eq!(example["target"][0]["paths"].as_object().unwrap().len(), apigw_probe::plan::AccessPath::FOUR.len());
}

/// The files that it names are put in a folder of the test's own.
#[test]
fn the_example_is_good_with_every_key_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let here = |name: &str| folder.path().join(name).display().to_string();
    fs::write(here("headers"), "x-api-key: 0123456789\n").unwrap();
    let example = uncommented()
        .replace("/run/credentials/apigw-probe.service/", &here(""))
        .replace("/etc/apigw-probe/", &here(""));
    let file = folder.path().join("config.toml");
    fs::write(&file, example).unwrap();
    Config::read(&file).unwrap_or_else(|error| panic!("{error}"));
}

/// What a unit says of its sandbox: the lines after `MemoryMax=`, but for what is its own.
fn sandbox(unit: &str) -> Vec<String> {
    let own = ["RuntimeDirectory=", "StateDirectory=", "SupplementaryGroups=", "ReadWritePaths=", "#", "["];
    let lines = text(unit);
    let lines =
        lines.lines().skip_while(|line| !line.starts_with("MemoryMax=")).take_while(|line| *line != "[Install]");
    lines.filter(|line| !line.is_empty() && !own.iter().any(|word| line.starts_with(word))).map(str::to_owned).collect()
}

#[test]
fn both_services_have_the_same_sandbox() {
    let daemon = sandbox("systemd/apigw-probe.service");
    assert!(daemon.len() > 25, "{daemon:?}");
    assert_eq!(daemon, sandbox("systemd/apigw-probe-once.service"));
}

/// Every file of the folder and where the two packages put it.
#[test]
fn both_packages_have_every_file_of_the_folder() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let metadata = &manifest["package"]["metadata"];
    let sources = |assets: &toml::Value, source: &dyn Fn(&toml::Value) -> String| -> BTreeSet<String> {
        assets.as_array().unwrap().iter().map(source).collect()
    };
    let deb = sources(&metadata["deb"]["assets"], &|asset| asset[0].as_str().unwrap().to_owned());
    let rpm = sources(&metadata["generate-rpm"]["assets"], &|asset| asset["source"].as_str().unwrap().to_owned());
    for file in ["systemd", "systemd/drop-ins"].iter().flat_map(|folder| fs::read_dir(project().join(folder)).unwrap())
    {
        let file = file.unwrap().path();
        if file.is_file() {
            let file = file.strip_prefix(project()).unwrap().to_str().unwrap().to_owned();
            let glob = format!("{}/*", Path::new(&file).parent().unwrap().display());
            assert!(deb.contains(&file) || deb.contains(&glob), "{file} is not in the .deb");
            assert!(rpm.contains(&file) || rpm.contains(&glob), "{file} is not in the .rpm");
        }
    }
    for source in deb.iter().chain(&rpm) {
        let made = source.starts_with("target/") || source.contains('*');
        assert!(made || project().join(source).is_file(), "{source} does not exist");
    }
}

/// `COPY` takes what the build made, or a file of the project.
#[test]
fn the_container_copies_what_there_is() {
    let file = text("contrib/packages/Containerfile");
    let copies = file.lines().filter_map(|line| line.strip_prefix("COPY ")?.rsplit_once(' '));
    let sources: Vec<&str> = copies.flat_map(|(sources, _)| sources.split(' ')).collect();
    assert!(!sources.is_empty());
    for source in sources {
        assert!(source.starts_with("target/") || project().join(source).exists(), "{source} does not exist");
    }
}
