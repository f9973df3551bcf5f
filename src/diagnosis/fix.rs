//! What is to be done about a cause here? The catalogue's lines that are right, with the ids that are known.

use super::cause::Cause;
use super::circumstance::{Circumstance, Particulars, typed};
use super::finding::Owner;
use crate::plan::word;
use crate::target::{Api, DnsSuffix, Target, sts_service};
use std::net::IpAddr;

impl Cause {
    /// What to do, in order, for a target with its own ids; whatever there may be to do, with words such as `API_ID` in their place,
    /// where there is no target.
    pub fn fix(self, target: Option<&Target>) -> Vec<String> {
        let lines = self.entry().fix.iter().map(|line| match target {
            None => Some(divided(line).1),
            Some(target) => chosen(line, |word| word.parse::<Self>().is_ok() || is_typed(target, word)),
        });
        lines.flatten().map(|line| fill(line, |name| value(name, target, &Particulars::default()))).collect()
    }

    /// What to do for a target that was called with this method.
    pub fn fix_of_call(self, target: &Target, method: &str) -> Vec<String> {
        self.fix_with(target, &Particulars { method: Some(method.to_owned()), ..Particulars::default() }, &[])
    }

    /// What to do where more is known, and these are the other causes.
    pub(super) fn fix_with(self, target: &Target, particulars: &Particulars, others: &[Self]) -> Vec<String> {
        if particulars.has(Circumstance::SignedPasses) {
            return MEANT_SO.map(str::to_owned).to_vec();
        }
        let names = |word: &str| word.parse().is_ok_and(|cause| cause == self || others.contains(&cause));
        let holds =
            |word: &str| names(word) || is_typed(target, word) || word.parse().is_ok_and(|one| particulars.has(one));
        let lines = self.entry().fix.iter().filter_map(|line| chosen(line, holds));
        lines.map(|line| fill(line, |name| value(name, Some(target), particulars))).collect()
    }

    /// Who can change it here.
    pub(super) fn owner(self, particulars: &Particulars) -> Owner {
        match self {
            // whoever called from within the API's account is of that account
            Self::IdentityPolicyDeny if particulars.has(Circumstance::OneAccount) => Owner::AccountB,
            _ => self.entry().owner,
        }
    }
}

/// Whether a word is a circumstance that the two strings alone tell.
fn is_typed(target: &Target, word: &str) -> bool {
    typed(target).any(|one| one.name() == word)
}

/// When a line is right, and the line.
fn divided(line: &str) -> (Vec<&str>, &str) {
    let (mut marks, mut rest) = (Vec::new(), line);
    while let Some((mark, line)) = rest.strip_prefix('{').and_then(|line| line.split_once('}')) {
        if !mark.contains(' ') {
            break;
        }
        marks.push(mark);
        rest = line;
    }
    (marks, rest)
}

/// A line without its marks, if each of them is right: `{if …}` one of some words holds, `{unless …}` one does. A word is a
/// circumstance, or a cause that is among those of the finding.
fn chosen(line: &str, holds: impl Fn(&str) -> bool) -> Option<&str> {
    let (marks, line) = divided(line);
    let right = |mark: &str| match mark.split_once(' ') {
        Some(("unless", words)) => !words.split(' ').any(&holds),
        Some((_, words)) => words.split(' ').any(&holds),
        None => true,
    };
    marks.into_iter().all(right).then_some(line)
}

/// What is to be done about a refusal that is there on purpose.
const MEANT_SO: [&str; 2] = [
    "nothing, unless unsigned callers are meant to come in: the signed call passes",
    "where the comparison is no longer wanted, `--auth iam` makes the signed calls alone",
];

/// Puts values in the place of names in braces. A brace that opens no known name stays, as in JSON.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let filled = after.split_once('}').and_then(|(name, tail)| Some((value(name)?, tail)));
        let (text, tail) = filled.unwrap_or_else(|| ("{".to_owned(), after));
        out.push_str(&text);
        rest = tail;
    }
    out.push_str(rest);
    // reports are kept
    out.shrink_to_fit();
    out
}

/// What a name in a template stands for; what is not known is a word in capitals.
fn value(name: &str, target: Option<&Target>, particulars: &Particulars) -> Option<String> {
    let (known, missing) = match name {
        "api" => (target.and_then(Target::api).map(|api| api.id.to_string()), "API_ID"),
        "region" => (target.and_then(Target::region).map(ToString::to_string), "REGION"),
        "suffix" => (target.and_then(Target::suffix).map(|suffix| suffix.to_string()), "amazonaws.com"),
        "partition" => (target.map(|target| target.partition().to_owned()), "aws"),
        "stage" => (target.and_then(|target| target.stage.as_deref()).map(word), "STAGE"),
        "resource" => (target.map(|target| word(target.resource())), "/RESOURCE"),
        "vpce" => (target.and_then(|target| target.vpce.as_ref()).map(ToString::to_string), "VPCE_ID"),
        "invoke" => (target.map(|target| target.invoke_name().to_string()), "API_ID.execute-api.REGION.amazonaws.com"),
        // what was dialled
        "name" => (particulars.names.first().cloned().or_else(|| value("invoke", target, particulars)), ""),
        "zones" => (zones(&particulars.names).or_else(|| zones(&[value("invoke", target, particulars)?])), ""),
        // what its name should be, whatever was typed
        "own-name" => (target.and_then(Target::api).map(own_name), "API_ID.execute-api.REGION.amazonaws.com"),
        "sts" => (
            target.and_then(Target::region).map(|region| sts_service(region.as_str())),
            "[cn.]com.amazonaws.REGION.sts",
        ),
        "method" => (particulars.method.as_deref().map(word), "METHOD"),
        "alias" => (
            target.and_then(Target::alias_name).map(|name| name.to_string()),
            "API_ID-VPCE_ID.execute-api.REGION.amazonaws.com",
        ),
        "endpoint" => (
            target.and_then(|target| target.endpoint.as_ref()).map(|endpoint| endpoint.name.to_string()),
            "VPCE_ID-SUFFIX.execute-api.REGION.vpce.amazonaws.com",
        ),
        "domain" => (target.and_then(Target::domain_name).map(ToString::to_string), "CUSTOM_DOMAIN"),
        "base" => (
            target.and_then(|target| target.custom_domain.as_ref()).map(|domain| match domain.base_path.as_str() {
                "" => word("(none)"),
                path => word(path.trim_start_matches('/')),
            }),
            "BASE_PATH",
        ),
        // a private one is found by its id as well, which a public one does not have
        "domain-option" => {
            let id = if target.is_some_and(Target::is_public) { "" } else { " --domain-name-id DOMAIN_NAME_ID" };
            (value("domain", target, particulars).map(|name| format!("--domain-name {name}{id}")), "")
        }
        "address" => (particulars.address.map(|address| address.to_string()), "ADDRESS"),
        "address-filter" => match particulars.address {
            Some(IpAddr::V6(address)) => (Some(format!("Name=ipv6-addresses.ipv6-address,Values={address}")), ""),
            Some(IpAddr::V4(address)) => (Some(format!("Name=addresses.private-ip-address,Values={address}")), ""),
            None => (None, "Name=addresses.private-ip-address,Values=ADDRESS"),
        },
        "caller" => (particulars.caller.clone(), "CALLER_ARN"),
        _ => return None,
    };
    Some(known.unwrap_or_else(|| missing.to_owned()))
}

/// The zones of names, each once, as they are said.
fn zones(names: &[String]) -> Option<String> {
    let mut zones: Vec<_> = names.iter().filter_map(|name| Some(name.split_once('.')?.1)).collect();
    zones.sort_unstable();
    zones.dedup();
    (!zones.is_empty()).then(|| zones.join(" and "))
}

/// The name of an API under the suffix of its Region.
fn own_name(api: &Api) -> String {
    let suffix = DnsSuffix::of_region(&api.region).unwrap_or(api.suffix);
    Api { suffix, ..api.clone() }.name().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TargetInput;

    #[test]
    fn every_name_in_a_fix_is_filled_with_and_without_a_target() {
        let target = Target::parse(TargetInput {
            invoke_url: "https://a1bc234d5e.execute-api.cn-north-1.amazonaws.com.cn/test/pets",
            vpce_dns_name: Some("vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.cn-north-1.vpce.amazonaws.com.cn"),
            ..TargetInput::default()
        })
        .unwrap();
        for cause in Cause::ALL {
            for line in cause.fix(Some(&target)).into_iter().chain(cause.fix(None)) {
                assert!(!line.contains(['{', '}']), "{cause}: {line}");
            }
            let filled = cause.fix(Some(&target)).join(" ");
            let mut words = filled.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            assert!(words.all(|word| !["API_ID", "REGION", "VPCE_ID", "STAGE"].contains(&word)), "{cause}: {filled}");
        }
        assert!(Cause::PrivateDnsDisabled.fix(Some(&target)).concat().contains("vpce-1a2b3c456d7e89012"));
    }

    #[test]
    fn every_mark_names_what_there_is_and_leaves_something_to_do() {
        let target = Target::parse(TargetInput {
            invoke_url: "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test",
            ..TargetInput::default()
        })
        .unwrap();
        for cause in Cause::ALL {
            for mark in cause.entry().fix.iter().flat_map(|line| divided(line).0) {
                let (kind, words) = mark.split_once(' ').unwrap();
                assert!(["if", "unless"].contains(&kind), "{cause}: {mark}");
                for word in words.split(' ') {
                    let known = word.parse::<Cause>().is_ok() || word.parse::<Circumstance>().is_ok();
                    assert!(known, "{cause}: {word}");
                }
            }
            for circumstances in [Vec::new(), Circumstance::ALL.to_vec()] {
                let particulars = Particulars { circumstances, ..Particulars::default() };
                assert!(!cause.fix_with(&target, &particulars, &[]).is_empty(), "{cause}");
            }
            for one in Circumstance::ALL {
                let particulars = Particulars { circumstances: vec![*one], ..Particulars::default() };
                assert!(!cause.fix_with(&target, &particulars, &[]).is_empty(), "{cause} where {one}");
            }
        }
    }

    /// `explain` prints every line, where nothing is known of the set-up.
    #[test]
    fn what_the_set_up_alone_tells_is_said_under_a_condition() {
        // the calls tell these themselves
        let seen = [
            Circumstance::HttpApi,
            Circumstance::Signed,
            Circumstance::PlainToTls,
            Circumstance::NamesResource,
            Circumstance::NamesServer,
            Circumstance::NamesIssuer,
            Circumstance::StaleRecord,
            Circumstance::Elsewhere,
        ];
        for cause in Cause::ALL {
            let marked: Vec<_> = cause.entry().fix.iter().map(|line| divided(line)).collect();
            for group in marked.chunk_by(|(one, _), (next, _)| one == next) {
                let (marks, line) = &group[0];
                let told = |word: &str| word.parse::<Circumstance>().is_ok_and(|one| !seen.contains(&one));
                let told = marks.iter().any(|mark| mark.starts_with("if ") && mark.split(' ').any(told));
                assert!(!told || line.starts_with("if ") || line.starts_with("where "), "{cause}: {line}");
            }
        }
    }

    /// Whether the circumstance holds is read from what the evidence is made of.
    #[test]
    fn no_step_points_at_evidence_that_may_not_be_there() {
        let shown = ["if names-resource", "if names-server", "if names-issuer"];
        for cause in Cause::ALL {
            for (marks, line) in cause.entry().fix.iter().map(|line| divided(line)) {
                let points = line.contains("the evidence");
                assert!(!points || marks.iter().any(|mark| shown.contains(mark)), "{cause}: {line}");
            }
        }
    }

    #[test]
    fn what_is_in_order_is_not_to_be_done() {
        let target = Target::parse(TargetInput {
            invoke_url: "https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test",
            ..TargetInput::default()
        })
        .unwrap();
        for (cause, known, word) in [
            (Cause::IamAuthNotEnforced, Circumstance::SavedIam, "update-method"),
            (Cause::CustomDomainNotAssociated, Circumstance::PrivateDnsOn, "PrivateDnsEnabled"),
            (Cause::PublicApiViaVpce, Circumstance::PrivateDnsOff, "--no-private-dns-enabled"),
            (Cause::DefaultEndpointDisabled, Circumstance::SavedEnabled, "update-rest-api"),
        ] {
            let fix = |circumstances| {
                let particulars = Particulars { circumstances, ..Particulars::default() };
                cause.fix_with(&target, &particulars, &[]).concat()
            };
            assert!(fix(Vec::new()).contains(word) && !fix(vec![known]).contains(word), "{cause} where {known}");
        }
    }

    #[test]
    fn a_line_is_right_where_each_of_its_marks_is() {
        let line = "{if signed}{unless saved-allows}say so: {api}";
        for (known, is_right) in
            [(&["signed"][..], true), (&["signed", "saved-allows"], false), (&["saved-allows"], false), (&[], false)]
        {
            let right = chosen(line, |word| known.contains(&word));
            assert_eq!(right, is_right.then_some("say so: {api}"), "{known:?}");
        }
        assert_eq!(chosen("{api} first", |_| false), Some("{api} first"));
    }

    #[test]
    fn a_stage_cannot_leave_its_word() {
        assert_eq!(word("prod"), "prod");
        assert_eq!(word("a;rm$(x)"), "'a;rm$(x)'");
        assert_eq!(word("a'b"), r"'a'\''b'");
    }
}
