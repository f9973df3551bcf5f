//! Does what comes along with the probe fit it? The dashboard, the alerts and their runbook, the Run Command document.
//!
//! What needs a real Prometheus, Nagios or Icinga is in `tests/real/`.

#[path = "support/side.rs"]
mod side;

use apigw_probe::lab::Scenario;
use serde_json::{Value, json};
use side::{Side, binary};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn contributed(name: &str) -> String {
    let path = Path::new(CONTRIB).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_readme_links_to_everything() {
    let readme = contributed("README.md");
    let mut folders = vec![PathBuf::from(CONTRIB)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(CONTRIB).unwrap().to_str().unwrap();
            // a folder whose files belong together is linked as one
            let is_linked = readme.contains(&format!("]({name})"));
            if path.is_dir() && !is_linked {
                folders.push(path);
            } else if name != "README.md" {
                assert!(is_linked, "contrib/README.md has no link to {name}");
            }
        }
    }
}

/// The commands of each block of the set-up's README that touches account B's stack.
fn commands_for_account_b() -> Vec<String> {
    let readme = contributed("cloudformation/README.md");
    let blocks = readme.split("```console\n").skip(1).map(|block| block.split("```").next().unwrap());
    let commands = blocks.map(|block| block.lines().map(|line| line.strip_prefix("$ ").unwrap_or(line)));
    let commands = commands.map(|lines| lines.collect::<Vec<_>>().join("\n"));
    commands.filter(|text| text.contains("deploy --profile b ")).collect()
}

/// As the CLI would: a deployment of a stack keeps what it is not told, and tells what it has.
const A_CLI: &str = r#"#!/bin/sh
case "$*" in
*"deploy --profile b "*) for word; do case "$word" in *=*) echo "$word" >>parameters ;; esac; done ;;
*"describe-stacks --profile b "*) grep '^Deployment=' parameters | tail -1 | cut -d= -f2 ;;
esac
"#;

#[test]
fn whatever_is_in_force_in_account_b_each_change_is_deployed_anew() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (cli, parameters) = (folder.path().join("aws"), folder.path().join("parameters"));
    std::fs::write(&cli, A_CLI).unwrap();
    std::fs::set_permissions(&cli, std::fs::Permissions::from_mode(0o755)).unwrap();
    let template = contributed("cloudformation/account-b.yaml");
    assert!(template.contains("AllowedValues: [a, b]\n    Default: a"), "what is in force after the first step");
    let commands = commands_for_account_b();
    assert!(commands.len() > 2 && !commands[0].contains("Deployment="), "{commands:?}");
    for change in &commands[1..] {
        for before in ["a", "b"] {
            std::fs::write(&parameters, format!("Deployment={before}\n")).unwrap();
            let path = format!("{}:/usr/bin:/bin", folder.path().display());
            let run = Command::new("sh").args(["-ec", change]).current_dir(&folder).env("PATH", path).output().unwrap();
            let after = std::fs::read_to_string(&parameters).unwrap();
            let other = if before == "a" { "Deployment=b" } else { "Deployment=a" };
            assert!(run.status.success() && after.lines().last() == Some(other), "{change}: {after}");
            for name in after.lines().map(|line| line.split('=').next().unwrap()) {
                assert!(template.contains(&format!("\n  {name}:\n    Type: ")), "{name} is a parameter");
            }
        }
    }
}

#[test]
fn every_alert_links_to_its_section_of_the_runbook() {
    let (rules, runbook) = (contributed("prometheus/alerts.yml"), contributed("runbook.md"));
    let after = |start: &'static str| rules.lines().filter_map(move |line| line.trim().strip_prefix(start));
    let alerts: Vec<&str> = after("- alert: ").collect();
    let links: Vec<&str> = after("runbook_url: ").collect();
    assert!(alerts.len() > 8, "the alerts were not found");
    for (alert, link) in alerts.iter().zip(&links) {
        assert!(alert.starts_with("ApigwProbe") && link.ends_with(&format!("#{}", alert.to_lowercase())), "{alert}");
    }
    let sections: Vec<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ApigwProbe")).collect();
    assert_eq!(sections, alerts.iter().map(|alert| &alert["ApigwProbe".len()..]).collect::<Vec<_>>());
    for wanted in ["for: ", "severity: ", "summary: ", "description: ", "runbook_url: "] {
        assert_eq!(after(wanted).count(), alerts.len(), "{wanted}");
    }
}

#[test]
fn the_dashboard_can_be_imported_anywhere() {
    let dashboard: Value = serde_json::from_str(&contributed("grafana/dashboard.json")).unwrap();
    assert_eq!(dashboard["uid"], "apigw-probe");
    for exported in ["id", "__inputs", "__requires"] {
        assert!(dashboard.get(exported).is_none(), "{exported}");
    }
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels of one id");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<&str> = variables.iter().map(|variable| variable["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["datasource", "job", "instance", "target", "path"]);
    let queries = panels.iter().filter(|panel| panel["type"] != "row");
    let sources = queries.chain(&variables[1..]).flat_map(|one| {
        let targets = one["targets"].as_array().into_iter().flatten();
        targets.map(|target| &target["datasource"]).chain([&one["datasource"]])
    });
    for source in sources {
        assert_eq!(source, &json!({"type": "prometheus", "uid": "${datasource}"}));
    }
    for (at, panel) in panels.iter().enumerate() {
        for other in &panels[..at] {
            assert!(!overlap(&panel["gridPos"], &other["gridPos"]), "{} covers {}", panel["title"], other["title"]);
        }
    }
}

fn overlap(one: &Value, other: &Value) -> bool {
    let meet = |at: &str, long: &str| {
        let ends =
            |place: &Value| (place[at].as_u64().unwrap(), place[at].as_u64().unwrap() + place[long].as_u64().unwrap());
        let ((from, to), (start, end)) = (ends(one), ends(other));
        from < end && start < to
    };
    meet("x", "w") && meet("y", "h")
}

fn document() -> Value {
    serde_json::from_str(&contributed("ssm/apigw-probe-once.json")).unwrap()
}

/// What AWS documents of a Command document of schema version 2.2.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html>
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html>
fn structure() -> Value {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": text, "minItems": 1});
    json!({
        "type": "object",
        "required": ["schemaVersion", "mainSteps"],
        "additionalProperties": false,
        "properties": {
            "schemaVersion": {"const": "2.2"},
            "description": text,
            "parameters": {
                "patternProperties": {"^[A-Za-z][A-Za-z0-9]*$": {
                    "required": ["type", "description"],
                    "additionalProperties": false,
                    "properties": {
                        "type": {"enum": ["String", "StringList", "Integer", "Boolean", "MapList", "StringMap"]},
                        "description": text, "default": text, "allowedPattern": text, "allowedValues": texts,
                        "displayType": {"enum": ["textfield", "textarea"]},
                        "minChars": {"type": "integer"}, "maxChars": {"type": "integer"},
                    },
                }},
                "additionalProperties": false,
            },
            "mainSteps": {"type": "array", "minItems": 1, "items": {
                "required": ["action", "name", "inputs"],
                "additionalProperties": false,
                "properties": {
                    "action": {"const": "aws:runShellScript"},
                    "name": {"type": "string", "pattern": "^[a-zA-Z0-9_]+$"},
                    "precondition": {"const": {"StringEquals": ["platformType", "Linux"]}},
                    "inputs": {
                        "required": ["runCommand"],
                        "additionalProperties": false,
                        "properties": {
                            "runCommand": texts,
                            "timeoutSeconds": {"type": "string", "pattern": "^[0-9]+$"},
                            "workingDirectory": text,
                        },
                    },
                },
            }},
        },
    })
}

#[test]
fn the_run_command_document_has_the_documented_structure() {
    let document = document();
    if let Err(error) = jsonschema::validate(&structure(), &document) {
        panic!("{}: {error}", error.instance_path());
    }
    for (name, parameter) in document["parameters"].as_object().unwrap() {
        if let Some(default) = parameter["default"].as_str() {
            assert!(accepts(&document, name, default), "{name}");
        }
    }
}

/// Whether Systems Manager takes the value of a parameter.
fn accepts(document: &Value, name: &str, value: &str) -> bool {
    let parameter = &document["parameters"][name];
    let mut schema = serde_json::Map::new();
    if let Some(values) = parameter.get("allowedValues") {
        schema.insert("enum".into(), values.clone());
    }
    if let Some(pattern) = parameter.get("allowedPattern") {
        schema.insert("pattern".into(), pattern.clone());
    }
    assert!(!schema.is_empty(), "{name} takes anything");
    jsonschema::is_valid(&Value::Object(schema), &json!(value))
}

#[test]
fn a_parameter_with_what_a_shell_or_the_agent_would_read_is_refused() {
    let document = document();
    let good = [
        ("InvokeUrl", "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test"),
        ("VpceDnsName", "vpce-1a"),
        ("Format", "json"),
    ];
    for (name, good) in good {
        assert!(accepts(&document, name, good), "{name}");
        for c in (0..=u8::MAX).map(char::from).filter(|c| !c.is_ascii_alphanumeric() && !"-._~%/".contains(*c)) {
            assert!(!accepts(&document, name, &format!("{good}{c}id")), "{name} takes {c:?}");
            assert!(!accepts(&document, name, &format!("{c}{good}")), "{name} takes {c:?}");
        }
    }
    for option in ["--config=x", "-v"] {
        assert!(!accepts(&document, "InvokeUrl", option) && !accepts(&document, "VpceDnsName", option));
    }
}

/// Runs the document as the agent does: parameters in their places, then a shell.
fn run_document(side: &Side, parameters: &[(&str, &str)]) -> Output {
    let document = document();
    let lines = document["mainSteps"][0]["inputs"]["runCommand"].as_array().unwrap();
    let mut script = lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n");
    for (name, parameter) in document["parameters"].as_object().unwrap() {
        let given = parameters.iter().find(|(given, _)| given == name).map(|(_, value)| *value);
        let value = given.or(parameter["default"].as_str()).unwrap();
        assert!(accepts(&document, name, value), "{name}: {value}");
        script = script.replace(&format!("{{{{ {name} }}}}"), value);
    }
    let program = binary();
    let folder = Path::new(program.get_program()).parent().unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script]).env_clear().env("PATH", folder);
    // what leads to the lab, as the environment
    let once = side.once();
    let options: Vec<&str> = once.get_args().map(|option| option.to_str().unwrap()).collect();
    for option in options.windows(2) {
        if let Some(name) = option[0].strip_prefix("--") {
            shell.env(format!("APIGW_PROBE_{}", name.to_uppercase().replace('-', "_")), option[1]);
        }
    }
    shell.output().unwrap()
}

#[test]
fn the_run_command_document_probes_and_fails_where_the_api_does() {
    for (scenario, status) in [("healthy", 0), ("private-dns-off", 1)] {
        let side = Side::start(Scenario::named(scenario).unwrap());
        let (url, name) = (side.lab.invoke_url(), side.lab.vpce_dns_name().unwrap());
        let output = run_document(&side, &[("InvokeUrl", url), ("VpceDnsName", name), ("Format", "json")]);
        assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["target"]["vpce_dns_name"], name);
        let short = run_document(&side, &[("InvokeUrl", url)]);
        assert!(short.status.code().is_some_and(|status| status < 2) && !short.stdout.is_empty());
    }
}

const CONTRIB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib");
