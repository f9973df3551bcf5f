//! What was asked beyond the paths? Requests that differ from a path's in one thing, and the call of an API that does not exist.

use super::{Answer, Observation, Wording};
use crate::named::named;
use crate::target::{ApiId, Target};
use std::net::IpAddr;

/// A request to an address that was reached already, to decide between explanations that the paths leave open.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// What it is to tell.
    pub question: Question,
    /// What was seen; its plan names the path whose call was changed.
    pub seen: Observation,
}

impl Experiment {
    /// The address that was asked.
    pub fn address(&self) -> Option<IpAddr> {
        self.seen.plan.connect_to
    }
}

named! {
    /// What an experiment is to tell.
    pub enum Question {
        /// A call that works elsewhere, at the address where another fails: is it the address, or what is asked?
        WorkingCallAtFailingAddress = "working-call-at-failing-address",
        /// A failing call with the API's own name in the handshake: is it that name alone?
        OwnNameInHandshake = "own-name-in-handshake",
        /// The API's own name in the handshake and the endpoint's as `Host`: does something put the one in the place of the other?
        HostFromHandshake = "host-from-handshake",
        /// The API's name as `Host` beside the id of an API that does not exist: does `x-apigw-api-id` arrive?
        UnknownIdBesideHost = "unknown-id-beside-host",
        /// The API's name as `Host` beside its id: is it the endpoint's name as `Host` that is refused?
        RightIdBesideHost = "right-id-beside-host",
        /// A call of an API that does not exist: does the answer depend on the API at all?
        UnknownApi = "unknown-api",
    }
}

impl Question {
    /// The question in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::WorkingCallAtFailingAddress => "is it the address, or what is asked there?",
            Self::OwnNameInHandshake => "is it the name in the handshake alone?",
            Self::HostFromHandshake => "does something set `Host` to the name in the handshake?",
            Self::UnknownIdBesideHost => {
                "does `x-apigw-api-id` arrive? An unknown id beside the right `Host` should be refused"
            }
            Self::RightIdBesideHost => "is it the endpoint's name as `Host` that is refused?",
            Self::UnknownApi => "does the answer depend on the API at all? One that does not exist should be refused",
        }
    }
}

/// The call of an API that does not exist, which nothing must answer as if it did.
#[derive(Debug, Clone, PartialEq)]
pub struct Canary {
    /// The id that was made up.
    pub api: ApiId,
    /// What was seen; its plan names the path that was taken.
    pub seen: Observation,
}

impl Canary {
    /// The answer with an expected status, which must not come back. `Forbidden` is what an API gets that does not exist, even where
    /// its status is expected of the target.
    pub fn accepted(&self, target: &Target) -> Option<&Answer> {
        self.answers().find(|answer| is_expected(answer, target))
    }

    /// Whether an expected status came back.
    pub fn is_answered(&self, target: &Target) -> bool {
        self.accepted(target).is_some()
    }

    /// Whether it was refused, as it should be; absent if no answer came, which proves nothing.
    pub fn is_refused(&self, target: &Target) -> Option<bool> {
        self.answers().next().is_some().then(|| !self.is_answered(target))
    }

    fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.seen.attempts.iter().filter_map(|attempt| attempt.http()?.result.as_ref().ok())
    }
}

/// Whether an answer has an expected status and is no refusal of an unknown API.
fn is_expected(answer: &Answer, target: &Target) -> bool {
    let forbidden = answer.error_type() == Some("ForbiddenException") || answer.wording() == Some(Wording::Forbidden);
    target.expect.status.contains(&answer.status) && !(answer.status >= 400 && forbidden)
}
