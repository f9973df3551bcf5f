//! What the steps of a set-up are told by, from outside: no more than what shows it, and only of what is set up in them.

use super::doctor::{Ec2, aws, doctor_of, over, report, states};
use super::side::binary;
use super::start;
use serde_json::Value;
use std::io::Write as _;

/// EC2 of a healthy set-up.
fn ec2() -> String {
    aws(|request| Ec2::HEALTHY.answer(request))
}

#[test]
fn a_public_api_is_judged_as_once_judges_it_beside_an_endpoint_that_is_known() {
    for (scenario, status) in [("public", 0), ("http-api", 0), ("public-swallowed", 1), ("http-api-iam-unsigned", 1)] {
        let side = start(scenario);
        let once = report(&mut side.once());
        let mut command = doctor_of(&side, &ec2());
        let seen = report(&mut command);
        let outcomes = |report: &Value| {
            let paths = report["paths"].as_array().unwrap().iter();
            paths.map(|path| (path["path"].clone(), path["outcome"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(outcomes(&seen), outcomes(&once), "{scenario}");
        assert_eq!(
            (&seen["verdict"], &seen["findings"][0]["cause"]),
            (&once["verdict"], &once["findings"][0]["cause"])
        );
        assert_eq!(command.output().unwrap().status.code(), Some(status), "{scenario}");
        // the steps are those of a private REST API
        assert_eq!(seen.get("steps"), None, "{seen:#}");
        assert_eq!(seen["setup"]["endpoints"]["known"][0]["private_dns"], true);
    }
}

#[test]
fn nothing_is_done_by_an_answer_that_is_not_the_apis() {
    for scenario in ["answers-any-api", "answers-anything", "not-api-gateway"] {
        let side = start(scenario);
        // EC2 shows the endpoint, and nothing else is seen
        let seen = report(&mut doctor_of(&side, &ec2()));
        assert_eq!(states(&seen)[0], "done", "{scenario}");
        assert_eq!(states(&seen)[1..], ["cannot-see"; 5], "{scenario}: {seen:#}");
        let blind = report(&mut doctor_of(&side, &aws(|_| (403, String::new()))));
        assert_eq!(states(&blind), ["cannot-see"; 6], "{scenario}: {blind:#}");
    }
}

#[test]
fn what_several_causes_explain_is_not_said_to_be_missing() {
    let side = start("iam-unsigned");
    let seen = report(&mut doctor_of(&side, &ec2()));
    assert_eq!(states(&seen), ["done", "cannot-see", "cannot-see", "cannot-see", "cannot-see", "not-done"], "{seen:#}");
}

#[test]
fn an_expected_refusal_is_no_call_that_came_through() {
    for scenario in ["explicit-deny", "wrong-stage", "wrong-api-id", "iam-unsigned", "endpoint-policy-implicit-deny"] {
        let side = start(scenario);
        let seen = report(doctor_of(&side, &ec2()).args(["--expect-status", "403"]));
        assert_eq!(seen["verdict"], "pass", "{scenario}");
        assert!(!states(&seen)[2..5].contains(&"done"), "{scenario}: {seen:#}");
    }
}

#[test]
fn a_set_up_by_itself_is_not_taken_for_a_spoiled_report() {
    let mut command = binary();
    command.args(["doctor", "--dns-server", "127.0.0.1:9"]);
    let alone = report(&mut over(command, &ec2()));
    let told = |document: &Value| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "{document}").unwrap();
        let output = binary().arg("replay").arg(file.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(!told(&alone).contains("started_at"), "{}", told(&alone));
    let mut spoiled = report(&mut start("healthy").once());
    spoiled.as_object_mut().unwrap().remove("started_at");
    assert!(told(&spoiled).contains("started_at"), "{}", told(&spoiled));
}

#[test]
fn commands_of_steps_stand_whole() {
    for (scenario, ec2) in [
        ("explicit-deny", Ec2::HEALTHY),
        ("wrong-api-id", Ec2 { state: "failed", ..Ec2::HEALTHY }),
        ("one-address-dead", Ec2 { state: "deleting", ..Ec2::HEALTHY }),
    ] {
        let side = start(scenario);
        let url = aws(move |request| ec2.answer(request));
        let seen = report(&mut doctor_of(&side, &url));
        let text = String::from_utf8(doctor_of(&side, &url).output().unwrap().stdout).unwrap();
        let steps = seen["steps"].as_array().unwrap().iter();
        let todo: Vec<_> =
            steps.flat_map(|step| step["todo"].as_array().unwrap()).map(|one| one.as_str().unwrap()).collect();
        let quoted = todo.iter().flat_map(|todo| todo.split('`').skip(1).step_by(2));
        let commands: Vec<_> =
            quoted.filter(|code| code.starts_with("aws ") || code.starts_with("apigw-probe ")).collect();
        assert!(commands.iter().any(|command| command.len() > 80), "{scenario}: {todo:?}");
        for command in commands {
            assert!(text.lines().any(|line| line.ends_with(command)), "{scenario}: {command}\n{text}");
            assert!(!command.contains("VPCE_DNS_NAME"), "{command}");
        }
    }
}

#[test]
fn a_set_up_by_itself_is_of_the_schema_and_a_report_is_not_taken_for_one() {
    let mut command = binary();
    command.args(["doctor", "--dns-server", "127.0.0.1:9"]);
    let alone = report(&mut over(command, &ec2()));
    let schema: Value =
        serde_json::from_slice(&binary().args(["config", "schema", "--report"]).output().unwrap().stdout).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&alone).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    let side = start("healthy");
    let whole = report(&mut doctor_of(&side, &ec2()));
    assert!(validator.is_valid(&whole));
    for key in ["target", "verdict", "paths", "findings", "started_at"] {
        let mut spoiled = whole.clone();
        spoiled.as_object_mut().unwrap().remove(key);
        assert!(!validator.is_valid(&spoiled), "without {key}");
    }
    for key in ["setup", "steps", "tool"] {
        let mut spoiled = alone.clone();
        spoiled.as_object_mut().unwrap().remove(key);
        assert!(!validator.is_valid(&spoiled), "without {key}");
    }
}

#[test]
fn a_default_policy_of_the_endpoint_is_told_too() {
    let side = start("healthy");
    let text = |policy| {
        let url = aws(move |request| Ec2 { policy, ..Ec2::HEALTHY }.answer(request));
        String::from_utf8(doctor_of(&side, &url).output().unwrap().stdout).unwrap()
    };
    let full = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}"#;
    assert_eq!(text(full).lines().count(), text("").lines().count() + 1, "{}", text(full));
    assert!(text(r#"{"Statement": []}"#).lines().count() > text(full).lines().count());
}

#[test]
fn help_speaks_of_no_option_that_the_command_lacks() {
    for command in ["once", "doctor", "curl", "replay", "serve", "explain", "demo", "reload"] {
        let output = binary().args([command, "--help"]).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let is_of_name = |c: char| c.is_ascii_lowercase() || c == '-';
        let name = |word: &str| word.chars().take_while(|c| is_of_name(*c)).collect::<String>();
        let named: Vec<String> = help.match_indices("--").map(|(at, _)| name(&help[at..])).collect();
        let own: Vec<String> = help
            .lines()
            .map(str::trim_start)
            .filter_map(|line| {
                line.strip_prefix("--").or_else(|| line.strip_prefix('-')?.split_once(", --").map(|(_, rest)| rest))
            })
            .map(|rest| format!("--{}", name(rest)))
            .collect();
        for option in named.iter().filter(|option| option.len() > 2) {
            assert!(own.contains(option), "{command} --help speaks of {option}");
        }
    }
}

#[test]
fn a_report_tells_which_role_was_to_sign() {
    let side = start("explicit-deny");
    let role = "arn:aws:iam::222233334444:role/probe";
    let mut command = doctor_of(&side, &ec2());
    let seen = report(command.args(["--auth", "iam", "--assume-role-arn", role]));
    assert_eq!(seen["setup"]["assume_role_arn"], role);
}

#[test]
fn an_endpoint_whose_policy_shuts_the_call_out_is_a_step_to_do() {
    let side = start("endpoint-policy-implicit-deny");
    let other = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:execute-api:*:*:zzzzzzzzzz/*"}}"#;
    for policy in ["", other] {
        let url = aws(move |request| Ec2 { policy, ..Ec2::HEALTHY }.answer(request));
        let seen = report(&mut doctor_of(&side, &url));
        assert_eq!(states(&seen)[0], "not-done", "{seen:#}");
        assert!(seen["steps"][0]["todo"].to_string().contains("vpce-1a2b3c456d7e89012"), "{seen:#}");
    }
}
