//! What in an answer contradicts what was asked? The resource that a refusal names, the host and scope of a signature.

use crate::observation::MethodArn;
use crate::plan::Plan;
use crate::target::{Region, Target};

/// What a refusal names that was not asked for.
#[derive(Debug, Default)]
pub(super) struct Mismatch {
    /// Another partition, Region, API or stage.
    pub(super) api: bool,
    /// Another method or path, which greedy paths and mappings may change, so that it proves less.
    pub(super) route: bool,
    /// Each difference in a sentence.
    pub(super) remarks: Vec<String>,
}

/// Holds the resource in a refusal against what was asked.
pub(super) fn of_resource(arn: &MethodArn, plan: &Plan, target: &Target) -> Mismatch {
    let differs = |seen: &Option<String>, asked: &str| seen.clone().filter(|seen| !seen.eq_ignore_ascii_case(asked));
    let stage = target.stage.as_deref().unwrap_or("none");
    let path = |text: &str| decoded(text.trim_matches('/'));
    let region = target.region().map(Region::as_str);
    let of_region = |seen, asked| region.and_then(|_| differs(seen, asked));
    let api = match target.api() {
        // a custom domain name tells none of them
        None => vec![],
        Some(api) => vec![
            ("API", differs(&arn.api, api.id.as_str()), api.id.as_str()),
            ("stage", arn.stage.clone().filter(|seen| seen != stage), stage),
        ],
    };
    let api: Vec<_> = [
        ("partition", of_region(&arn.partition, target.partition()), target.partition()),
        ("Region", of_region(&arn.region, region.unwrap_or_default()), region.unwrap_or_default()),
    ]
    .into_iter()
    .chain(api)
    .collect();
    // a base path stands before the resource's there, and how long it is nobody said
    let under_domain = target.api().is_none();
    let elsewhere = |seen: &String| !under_domain && path(seen) != path(target.resource());
    let route = [
        ("method", differs(&arn.method, plan.method.as_str()), plan.method.as_str()),
        ("path", arn.path.clone().filter(elsewhere), target.resource()),
    ];
    let said = |(what, seen, asked): &(&str, Option<String>, &str)| {
        Some(format!("the refusal names {what} `{}`, asked was `{asked}`", seen.as_ref()?))
    };
    Mismatch {
        api: api.iter().any(|(_, seen, _)| seen.is_some()),
        route: route.iter().any(|(_, seen, _)| seen.is_some()),
        remarks: api.iter().chain(&route).filter_map(said).collect(),
    }
}

/// The `Host` that the server saw, if a signature error shows another than was sent.
pub(super) fn other_host<'m>(message: &'m str, plan: &Plan) -> Option<&'m str> {
    let line = message.lines().find_map(|line| line.trim_start_matches('\'').strip_prefix("host:"));
    line.filter(|host| !host.eq_ignore_ascii_case(plan.host.as_str()))
}

/// The Region that a signature was made for, if it is not the API's.
pub(super) fn other_region<'m>(message: &'m str, target: &Target) -> Option<&'m str> {
    let scope = message.lines().find(|line| line.contains("/execute-api/aws4_request"))?;
    scope.split('/').nth(1).filter(|region| target.region().is_some_and(|own| *region != own.as_str()))
}

/// `%41` as `A`, for comparing; what is no UTF-8 stays different.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or_default() * 16 + hex(*low).unwrap_or_default());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
