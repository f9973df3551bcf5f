//! Can each fix be read and copied? A command is printed on a line of its own, so that it must end its step.

use apigw_probe::diagnosis::Cause;

/// What stands in backticks, with where it begins and ends.
fn codes(step: &str) -> Vec<(usize, usize, &str)> {
    let quotes: Vec<_> = step.match_indices('`').map(|(at, _)| at).collect();
    assert!(quotes.len().is_multiple_of(2), "{step}");
    quotes.chunks_exact(2).map(|pair| (pair[0], pair[1] + 1, &step[pair[0] + 1..pair[1]])).collect()
}

fn is_command(code: &str) -> bool {
    ["aws ", "curl ", "dig ", "nft ", "openssl ", "ping "].iter().any(|program| code.starts_with(program))
}

#[test]
fn each_command_ends_a_step_of_its_own() {
    for cause in Cause::ALL {
        for step in cause.fix(None) {
            let commands: Vec<_> = codes(&step).into_iter().filter(|(.., code)| is_command(code)).collect();
            assert!(commands.len() <= 1, "{cause}: {step}");
            for (from, to, _) in commands {
                let before = step[..from].trim_end();
                assert!(before.is_empty() || before.ends_with(':'), "{cause}: {step}");
                assert_eq!(to, step.len(), "{cause}: {step}");
            }
        }
    }
}

#[test]
fn a_private_custom_domain_name_is_asked_for_by_its_id_as_well() {
    let private = crate::round::Scene::with_domain().round.target;
    let public = crate::round::Scene::public("https://api.example.com/orders", None).round.target;
    for cause in [Cause::CustomDomainCertificate, Cause::BasePathUnmapped] {
        assert!(
            cause.fix(Some(&private)).concat().contains("--domain-name private.example.com --domain-name-id "),
            "{cause}"
        );
        let fix = cause.fix(Some(&public)).concat();
        assert!(fix.contains("--domain-name api.example.com ") && !fix.contains("--domain-name-id"), "{fix}");
    }
}

#[test]
fn brackets_in_a_step_are_closed() {
    for cause in Cause::ALL {
        for step in cause.fix(None) {
            let count = |bracket: char| step.matches(bracket).count();
            assert_eq!(count('('), count(')'), "{cause}: {step}");
        }
    }
}
