//! What is deployed? APIs with their stages, methods, limits and integrations.

use crate::lab::policy::Policy;
use std::time::Duration;

/// An API.
#[derive(Debug)]
pub(in crate::lab) struct Api {
    pub(in crate::lab) id: &'static str,
    pub(in crate::lab) kind: Kind,
    /// The last four digits of the owner's account, all that AWS shows of it.
    pub(in crate::lab) account: &'static str,
    pub(in crate::lab) exposure: Exposure,
    pub(in crate::lab) policy: Policy,
    pub(in crate::lab) stages: Vec<Stage>,
    /// Whether the `execute-api` names lead to it (`disableExecuteApiEndpoint` is off).
    pub(in crate::lab) default_endpoint: bool,
    /// `endpointAccessMode: STRICT`: SNI and `Host` must be the API's own name.
    pub(in crate::lab) strict: bool,
    /// Whether a web ACL blocks the client.
    pub(in crate::lab) waf_blocks: bool,
}

/// Of which kind an API is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Kind {
    Rest,
    /// Always public, with one stage that is not in the URL.
    Http,
}

/// Who can reach an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Exposure {
    /// Endpoints only.
    Private {
        /// Whether public DNS still answers its name, as one public report of such an API suggests.
        public_record: bool,
    },
    /// The Internet only.
    Public,
}

/// A deployment stage.
#[derive(Debug)]
pub(in crate::lab) struct Stage {
    pub(in crate::lab) name: &'static str,
    pub(in crate::lab) routes: Vec<Route>,
    pub(in crate::lab) limit: Limit,
}

/// What a usage plan or the account still allows.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) enum Limit {
    NotReached,
    Throttled,
    QuotaUsedUp,
}

/// A resource and method.
#[derive(Debug)]
pub(in crate::lab) struct Route {
    /// The method, or any.
    pub(in crate::lab) method: Option<&'static str>,
    pub(in crate::lab) path: &'static str,
    pub(in crate::lab) authorization: Authorization,
    pub(in crate::lab) api_key_required: bool,
    /// A query parameter that the request validator wants.
    pub(in crate::lab) required_parameter: Option<&'static str>,
    pub(in crate::lab) integration: Integration,
}

/// Who may call a method.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) enum Authorization {
    /// Everybody.
    None,
    /// `AWS_IAM`.
    Iam,
    /// A Lambda authorizer, by what it does with a request that has a token.
    Lambda(Authorizer),
}

/// What a Lambda authorizer does.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) enum Authorizer {
    WantsToken,
    Denies,
    Fails,
}

/// What stands behind a method.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) enum Integration {
    /// A mock that answers at once.
    Mock,
    /// A backend that answers after this long.
    Slow(Duration),
    /// A backend slower than the integration timeout.
    TimesOut,
    /// A VPC link without a reachable target.
    Unreachable,
    /// A URI or mapping that cannot work, or a Lambda function that may not be invoked.
    Misconfigured,
    /// A Lambda function whose answer is no proxy answer.
    Malformed,
    /// A mapping that turns the backend's 403 into 200.
    Masked,
    /// A backend that fails and repeats the request in its error, secrets and all.
    Echoes,
}

impl Api {
    /// A private API with one stage, `test`: anything on its root, `GET` on `/orders`.
    pub(super) fn private(id: &'static str, policy: Policy) -> Self {
        let stage = Stage {
            name: "test",
            routes: vec![Route::mock(None, "/"), Route::mock(Some("GET"), "/orders")],
            limit: Limit::NotReached,
        };
        Self {
            id,
            kind: Kind::Rest,
            account: "3333",
            exposure: Exposure::Private { public_record: false },
            policy,
            stages: vec![stage],
            default_endpoint: true,
            strict: false,
            waf_blocks: false,
        }
    }
}

impl Route {
    fn mock(method: Option<&'static str>, path: &'static str) -> Self {
        Self {
            method,
            path,
            authorization: Authorization::None,
            api_key_required: false,
            required_parameter: None,
            integration: Integration::Mock,
        }
    }
}
