//! What does a policy say of a call? As far as its words are about names and endpoints; what else they ask for is left open.

use serde_json::{Map, Value};

/// The call that a policy is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// The endpoint that it comes over.
    pub vpce: Option<&'a str>,
    /// The VPC of that endpoint.
    pub vpc: Option<&'a str>,
    /// The Region.
    pub region: &'a str,
    /// The API.
    pub api: &'a str,
    /// Stage, method and path, as they stand in ARNs: `test/GET/pets`.
    pub method_path: &'a str,
    /// Whether it is signed; then it is somebody, and nobody knows here who.
    pub signed: bool,
}

/// What a policy says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// A statement allows it and none denies it.
    Allows,
    /// A statement denies it, in words.
    Denies(String),
    /// No statement is about it.
    Silent,
    /// It depends on something that is not known here, in words.
    Unclear(String),
}

impl Ruling {
    /// Asks a policy of an API or of an endpoint (IAM user guide, "Policy evaluation logic").
    pub fn of(policy: &Value, call: &Invocation<'_>) -> Self {
        let statements = match &policy["Statement"] {
            Value::Array(many) => many.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        let (mut allows, mut unclear) = (false, None);
        for statement in statements {
            match (statement["Effect"].as_str(), applies(statement, call)) {
                (Some("Deny"), Applies::Yes(words)) => return Self::Denies(words),
                (Some("Allow"), Applies::Yes(_)) => allows = true,
                (Some("Deny"), Applies::Perhaps(why)) => unclear = Some((true, why)),
                (Some("Allow"), Applies::Perhaps(why)) => unclear = unclear.or(Some((false, why))),
                (_, _) => {}
            }
        }
        match unclear {
            Some((is_denial, why)) if is_denial || !allows => Self::Unclear(why),
            _ if allows => Self::Allows,
            _ => Self::Silent,
        }
    }
}

/// Whether a policy lets anybody do anything: what an endpoint has that nobody gave one.
pub fn is_full_access(policy: &Value) -> bool {
    let statement = &policy["Statement"];
    let one = statement.as_array().map_or(statement, |many| many.first().unwrap_or(&Value::Null));
    let alone = statement.as_array().is_none_or(|many| many.len() == 1);
    let all = |key: &str| texts(&one[key]).contains(&"*");
    alone
        && one["Effect"] == "Allow"
        && is_anybody(one)
        && all("Action")
        && all("Resource")
        && one.get("Condition").is_none()
}

/// Whether a statement is about a call.
enum Applies {
    Yes(String),
    No,
    Perhaps(String),
}

impl Applies {
    /// Whether all of these hold: one that does not outweighs what is not known.
    fn all(parts: Vec<Self>) -> Self {
        let (mut words, mut open) = (Vec::new(), None);
        for part in parts {
            match part {
                Self::No => return Self::No,
                Self::Perhaps(why) => open = open.or(Some(why)),
                Self::Yes(said) => words.push(said),
            }
        }
        match open {
            Some(why) => Self::Perhaps(why),
            None if words.is_empty() => Self::Yes("without a condition".to_owned()),
            None => Self::Yes(words.join(", ")),
        }
    }
}

fn applies(statement: &Value, call: &Invocation<'_>) -> Applies {
    let turned = |key: &str| {
        let uses = statement.get(format!("Not{key}")).is_some();
        uses.then(|| Applies::Perhaps(format!("it uses `Not{key}`")))
    };
    let is = |holds: bool| (!holds).then_some(Applies::No);
    let acts =
        texts(&statement["Action"]).iter().any(|action| matches(&action.to_ascii_lowercase(), "execute-api:invoke"));
    let here = texts(&statement["Resource"]).iter().any(|pattern| covers(pattern, call));
    let named = || match (is_anybody(statement), call.signed) {
        (true, _) => None,
        (false, true) => Some(Applies::Perhaps("it names principals".to_owned())),
        (false, false) => Some(Applies::No),
    };
    let about = [
        turned("Action").or_else(|| is(acts)),
        turned("Resource").or_else(|| is(here)),
        turned("Principal").or_else(named),
    ];
    let none = Map::new();
    let conditions = statement["Condition"].as_object().unwrap_or(&none).iter();
    let each = |(operator, keys): (&String, &Value)| -> Vec<Applies> {
        let keys = keys.as_object().unwrap_or(&none).iter();
        keys.map(|(key, values)| holds(operator, key, &texts(values), call)).collect()
    };
    Applies::all(about.into_iter().flatten().chain(conditions.flat_map(each)).collect())
}

/// Whether a condition holds, where it is about the endpoint or its VPC (IAM user guide, "Condition operators").
fn holds(operator: &str, key: &str, values: &[&str], call: &Invocation<'_>) -> Applies {
    let own = match key.to_ascii_lowercase().as_str() {
        "aws:sourcevpce" => call.vpce,
        "aws:sourcevpc" => call.vpc,
        _ => return Applies::Perhaps(format!("it depends on `{key}`")),
    };
    let Some(own) = own else { return Applies::Perhaps(format!("it depends on `{key}`, which is not known here")) };
    if let Some(value) = values.iter().find(|value| value.contains("${")) {
        return Applies::Perhaps(format!("it depends on `{value}`"));
    }
    let exact = |value: &&str| *value == own;
    let in_any_case = |value: &&str| value.eq_ignore_ascii_case(own);
    let like = |value: &&str| matches(value, own);
    let holds = match operator.strip_suffix("IfExists").unwrap_or(operator) {
        "StringEquals" => values.iter().any(exact),
        "StringNotEquals" => !values.iter().any(exact),
        "StringEqualsIgnoreCase" => values.iter().any(in_any_case),
        "StringNotEqualsIgnoreCase" => !values.iter().any(in_any_case),
        "StringLike" => values.iter().any(like),
        "StringNotLike" => !values.iter().any(like),
        _ => return Applies::Perhaps(format!("it depends on `{operator}`")),
    };
    if holds { Applies::Yes(format!("{operator} {key} {}", values.join(", "))) } else { Applies::No }
}

/// Whether a resource pattern covers the call. The account in an ARN is not compared: the API's is not known here.
fn covers(pattern: &str, call: &Invocation<'_>) -> bool {
    if let Some(short) = pattern.strip_prefix("execute-api:/") {
        return matches(short, call.method_path);
    }
    let parts: Vec<_> = pattern.splitn(6, ':').collect();
    match parts.as_slice() {
        [_, _, service, region, _, rest] => {
            matches(service, "execute-api")
                && (region.is_empty() || matches(region, call.region))
                && matches(rest, &format!("{}/{}", call.api, call.method_path))
        }
        _ => pattern == "*",
    }
}

fn is_anybody(statement: &Value) -> bool {
    let principal = &statement["Principal"];
    texts(principal).contains(&"*") || texts(&principal["AWS"]).contains(&"*")
}

/// A text, or a list of them.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// Whether a text fits a pattern of `*` and `?`.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut star, mut p) = (0, None, 0);
    while at < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, at));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[at] => {
                p += 1;
                at += 1;
            }
            _ => match star {
                Some((back, from)) => {
                    p = back + 1;
                    at = from + 1;
                    star = Some((back, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Policy;
    use crate::target::{Target, TargetInput, VpceId};
    use serde_json::json;

    fn call() -> Invocation<'static> {
        Invocation {
            vpce: Some("vpce-1a2b3c456d7e89012"),
            vpc: Some("vpc-1"),
            region: "us-east-1",
            api: "a1bc234d5e",
            method_path: "test/GET/pets",
            signed: false,
        }
    }

    fn ruling(policy: &Value) -> &'static str {
        match Ruling::of(policy, &call()) {
            Ruling::Allows => "allows",
            Ruling::Denies(_) => "denies",
            Ruling::Silent => "silent",
            Ruling::Unclear(_) => "unclear",
        }
    }

    fn statement(effect: &str, resource: &str, condition: Value) -> Value {
        let mut one = json!({"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource});
        if !condition.is_null() {
            one["Condition"] = condition;
        }
        one
    }

    #[test]
    fn the_documented_pair_lets_the_endpoint_in_and_no_other() {
        let of = |id: &str| serde_json::to_value(Policy::of_api(&VpceId::parse(id).unwrap(), None)).unwrap();
        assert_eq!(ruling(&of("vpce-1a2b3c456d7e89012")), "allows");
        assert_eq!(ruling(&of("vpce-0a2b3c456d7e89012")), "denies");
    }

    #[test]
    fn the_least_endpoint_policy_allows_this_api_and_no_other() {
        let target = |api: &str| {
            let url = format!("https://{api}.execute-api.us-east-1.amazonaws.com/test");
            Target::parse(TargetInput { invoke_url: &url, ..TargetInput::default() }).unwrap()
        };
        let of = |api| serde_json::to_value(Policy::of_endpoint(&target(api))).unwrap();
        assert_eq!(ruling(&of("a1bc234d5e")), "allows");
        assert_eq!(ruling(&of("b1bc234d5e")), "silent");
    }

    #[test]
    fn statements_are_read_as_far_as_they_speak_of_names_and_endpoints() {
        let vpce = |operator: &str, id: &str| json!({operator: {"aws:SourceVpce": id}});
        for (statements, expected) in [
            (json!([]), "silent"),
            (json!(statement("Allow", "execute-api:/*", Value::Null)), "allows"),
            (json!([statement("Allow", "execute-api:/test/GET/*", Value::Null)]), "allows"),
            (json!([statement("Allow", "execute-api:/prod/*", Value::Null)]), "silent"),
            (
                json!([statement("Allow", "arn:aws:execute-api:us-east-1:1:a1bc234d5e/*/GET/p?ts", Value::Null)]),
                "allows",
            ),
            (json!([statement("Allow", "arn:aws:execute-api:eu-west-1:1:a1bc234d5e/*", Value::Null)]), "silent"),
            (json!([statement("Allow", "*", vpce("StringEquals", "vpce-1a2b3c456d7e89012"))]), "allows"),
            (json!([statement("Allow", "*", vpce("StringEquals", "vpce-9"))]), "silent"),
            (json!([statement("Allow", "*", vpce("StringLike", "vpce-1a2b*"))]), "allows"),
            (
                json!([statement("Allow", "*", json!({"StringEquals": {"aws:SourceVpc": ["vpc-2", "vpc-1"]}}))]),
                "allows",
            ),
            (json!([statement("Allow", "*", json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}))]), "unclear"),
            (
                json!([
                    statement("Allow", "*", Value::Null),
                    statement("Deny", "*", json!({"Bool": {"aws:SecureTransport": "false"}}))
                ]),
                "unclear",
            ),
            (json!([statement("Allow", "*", Value::Null), statement("Deny", "*", Value::Null)]), "denies"),
        ] {
            assert_eq!(ruling(&json!({"Version": "2012-10-17", "Statement": statements})), expected, "{statements:#}");
        }
    }

    #[test]
    fn operators_on_ids_are_read_as_iam_reads_them() {
        const OWN: &str = "vpce-1a2b3c456d7e89012";
        let upper = OWN.to_ascii_uppercase();
        for (operator, id, holds) in [
            ("StringEquals", OWN, Some(true)),
            ("StringEquals", upper.as_str(), Some(false)),
            // no wildcards but in `Like`
            ("StringEquals", "vpce-*", Some(false)),
            ("StringNotEquals", "vpce-*", Some(true)),
            ("StringLike", "vpce-1?2b*", Some(true)),
            ("StringNotLike", "vpce-1?2b*", Some(false)),
            ("StringLike", "VPCE-*", Some(false)),
            ("StringEqualsIgnoreCase", upper.as_str(), Some(true)),
            ("StringEqualsIgnoreCase", "vpce-9", Some(false)),
            ("StringNotEqualsIgnoreCase", upper.as_str(), Some(false)),
            ("StringNotEqualsIgnoreCase", "vpce-9", Some(true)),
            ("StringEqualsIfExists", OWN, Some(true)),
            ("StringNotEqualsIgnoreCaseIfExists", upper.as_str(), Some(false)),
            ("ForAnyValue:StringEquals", OWN, None),
            ("ForAllValues:StringNotEquals", "vpce-9", None),
            ("Null", "true", None),
            ("StringEquals", "${aws:PrincipalTag/endpoint}", None),
        ] {
            let policy = json!([statement("Deny", "*", json!({operator: {"aws:SourceVpce": id}}))]);
            let expected = match holds {
                Some(true) => "denies",
                Some(false) => "silent",
                None => "unclear",
            };
            assert_eq!(ruling(&json!({"Statement": policy})), expected, "{operator} {id}");
        }
    }

    #[test]
    fn a_condition_that_does_not_hold_outweighs_what_is_not_known() {
        let own = json!({"aws:SourceVpce": "vpce-1a2b3c456d7e89012"});
        let range = json!({"aws:VpcSourceIp": "10.0.0.0/8"});
        let elsewhere = statement("Deny", "*", json!({"StringNotEquals": own, "IpAddress": range}));
        let mut somebody = statement("Deny", "*", json!({"StringNotEquals": own}));
        somebody["Principal"] = json!({"AWS": "arn:aws:iam::111122223333:root"});
        let mut all_but_one = statement("Deny", "*", json!({"StringNotEquals": own}));
        all_but_one.as_object_mut().unwrap().remove("Principal");
        all_but_one["NotPrincipal"] = json!({"AWS": "arn:aws:iam::111122223333:root"});
        for denial in [elsewhere, somebody, all_but_one] {
            let policy = json!({"Statement": [denial, statement("Allow", "*", Value::Null)]});
            let ruling = Ruling::of(&policy, &Invocation { signed: true, ..call() });
            assert_eq!(ruling, Ruling::Allows, "{policy:#}");
        }
    }

    #[test]
    fn principals_are_nobody_to_an_unsigned_call_and_unclear_to_a_signed_one() {
        let policy = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "*", "Resource": "*"}});
        assert_eq!(ruling(&policy), "silent");
        assert!(matches!(Ruling::of(&policy, &Invocation { signed: true, ..call() }), Ruling::Unclear(_)));
    }

    #[test]
    fn full_access_is_what_nobody_gave() {
        let full = json!({"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]});
        assert!(is_full_access(&full));
        assert!(!is_full_access(&json!({"Statement": [statement("Allow", "*", Value::Null)]})));
    }
}
