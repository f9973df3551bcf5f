//! Who may call what? Resource policies and endpoint policies, as far as a private API needs them, and the words of a refusal.

/// A resource policy or endpoint policy.
#[derive(Debug)]
pub(super) struct Policy(pub(super) Vec<Statement>);

/// One statement, of `execute-api:Invoke` by anybody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement {
    pub(super) effect: Effect,
    /// The API that it speaks of, or any.
    pub(super) api: Option<&'static str>,
    pub(super) condition: Condition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Condition {
    Always,
    /// `StringEquals` on `aws:SourceVpce`.
    SourceVpceIs(&'static str),
    /// `StringNotEquals` on `aws:SourceVpce`; true as well where there is none.
    SourceVpceIsNot(&'static str),
    /// The caller is this principal.
    CallerIs(&'static str),
}

/// What a policy comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    NotAllowed,
    Denied,
}

impl Policy {
    /// A deny outweighs any allow; without an allow the answer is no.
    pub(super) fn decide(&self, api: &str, source_vpce: Option<&str>, caller: Option<&str>) -> Decision {
        let applies = |statement: &&Statement| {
            statement.api.is_none_or(|only| only == api)
                && match statement.condition {
                    Condition::Always => true,
                    Condition::SourceVpceIs(vpce) => source_vpce == Some(vpce),
                    Condition::SourceVpceIsNot(vpce) => source_vpce != Some(vpce),
                    Condition::CallerIs(principal) => caller == Some(principal),
                }
        };
        let effects: Vec<Effect> = self.0.iter().filter(applies).map(|statement| statement.effect).collect();
        if effects.contains(&Effect::Deny) {
            Decision::Denied
        } else if effects.contains(&Effect::Allow) {
            Decision::Allowed
        } else {
            Decision::NotAllowed
        }
    }
}

/// In which words policies refuse; they have become clearer with the years.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wording {
    Old,
    New,
}

/// Whose policy it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Speaker {
    Endpoint,
    Resource,
    /// The caller's own policies.
    Identity,
}

/// How the message ends, which tells who refused; none if nobody did.
pub(super) fn refusal_ending(wording: Wording, speaker: Speaker, decision: Decision) -> Option<&'static str> {
    Some(match (decision, wording, speaker) {
        (Decision::Allowed, ..) => return None,
        (Decision::NotAllowed, Wording::Old, _) => "",
        (Decision::Denied, Wording::Old, _) => " with an explicit deny",
        (Decision::NotAllowed, Wording::New, Speaker::Resource) => {
            " because no resource-based policy allows the execute-api:Invoke action"
        }
        (Decision::NotAllowed, Wording::New, Speaker::Endpoint) => {
            " because no VPC endpoint policy allows the execute-api:Invoke action"
        }
        (Decision::NotAllowed, Wording::New, Speaker::Identity) => {
            " because no identity-based policy allows the execute-api:Invoke action"
        }
        (Decision::Denied, Wording::New, Speaker::Identity) => " with an explicit deny in an identity-based policy",
        (Decision::Denied, Wording::New, Speaker::Resource) => " with an explicit deny in a resource-based policy",
        (Decision::Denied, Wording::New, Speaker::Endpoint) => " with an explicit deny in a VPC endpoint policy",
    })
}

/// The policy of AWS's article: deny what does not come through the endpoint, allow the rest.
pub(super) fn only_through(vpce: &'static str) -> Policy {
    Policy(vec![deny(Condition::SourceVpceIsNot(vpce)), allow(Condition::Always)])
}

pub(super) fn allow(condition: Condition) -> Statement {
    Statement { effect: Effect::Allow, api: None, condition }
}

pub(super) fn deny(condition: Condition) -> Statement {
    Statement { effect: Effect::Deny, api: None, condition }
}
