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
        if !policy.is_object() {
            return Self::Unclear("it cannot be read".to_owned());
        }
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

/// Whether a condition holds, where it is about the endpoint, its VPC or TLS, over which all calls go (IAM user guide, "Condition
/// operators").
fn holds(operator: &str, key: &str, values: &[&str], call: &Invocation<'_>) -> Applies {
    let own = match key.to_ascii_lowercase().as_str() {
        "aws:sourcevpce" => call.vpce,
        "aws:sourcevpc" => call.vpc,
        "aws:securetransport" => Some("true"),
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
        "StringEqualsIgnoreCase" | "Bool" => values.iter().any(in_any_case),
        "StringNotEqualsIgnoreCase" => !values.iter().any(in_any_case),
        "StringLike" => values.iter().any(like),
        "StringNotLike" => !values.iter().any(like),
        _ => return Applies::Perhaps(format!("it depends on `{operator}`")),
    };
    if holds { Applies::Yes(format!("{operator} {key} {}", values.join(", "))) } else { Applies::No }
}

/// Whether a resource pattern covers the call. The account in an ARN is not compared: the API's is not known here. What an ARN leaves
/// out at its end is anything (IAM user guide, "IAM JSON policy elements: Resource").
fn covers(pattern: &str, call: &Invocation<'_>) -> bool {
    if let Some(short) = pattern.strip_prefix("execute-api:/") {
        return matches(short, call.method_path);
    }
    let mut parts: Vec<_> = pattern.splitn(6, ':').collect();
    if parts.first() == Some(&"arn") {
        parts.resize(6, "*");
    }
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

/// A text, or a list of them; `true` and `false` may stand without quotes.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(many) => many.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        other => other.as_str(),
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
mod tests;
