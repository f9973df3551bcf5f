//! What can one answer mean? Causes in their order, how strongly it speaks for the first, and what in it bears on that.

mod mismatch;

use super::cause::Cause;
use super::finding::Confidence;
use crate::observation::{Difference, MethodArn};
use crate::plan::Plan;
use crate::target::Target;

/// What an answer means, before it is held against those of other paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) family: Family,
    /// The most useful cause first; never empty.
    pub(crate) causes: Vec<Cause>,
    /// How much the answer says by itself.
    pub(crate) strength: Confidence,
    /// What in the answer bears on it.
    pub(crate) remarks: Vec<String>,
    /// Whether it is a refusal that names API, stage, method and path, each as it was asked.
    pub(crate) names_the_request: bool,
}

impl Signature {
    pub(crate) fn new(family: Family, strength: Confidence, causes: &[Cause]) -> Self {
        Self { family, strength, causes: causes.to_vec(), remarks: Vec::new(), names_the_request: false }
    }

    /// Adds another explanation, after those there are.
    pub(crate) fn also(&mut self, cause: Cause) {
        if !self.causes.contains(&cause) {
            self.causes.push(cause);
        }
    }

    /// Puts an explanation before the others.
    pub(crate) fn rather(&mut self, cause: Cause) {
        self.causes.retain(|known| *known != cause);
        self.causes.insert(0, cause);
    }

    pub(crate) fn weaken(&mut self, most: Confidence) {
        self.strength = self.strength.min(most);
    }

    pub(crate) fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// Holds the resource in a refusal against what was asked.
    pub(crate) fn hold_against(&mut self, arn: &MethodArn, plan: &Plan, target: &Target) {
        let mismatch = mismatch::of_resource(arn, plan, target);
        let whole = arn.api.is_some() && arn.stage.is_some() && arn.method.is_some() && arn.path.is_some();
        self.names_the_request = whole && !mismatch.api && !mismatch.route;
        if mismatch.route {
            self.weaken(Confidence::Likely);
            self.also(Cause::AnsweredByAnotherApi);
        }
        if mismatch.api {
            self.weaken(Confidence::Likely);
            self.rather(Cause::AnsweredByAnotherApi);
        }
        self.remarks.extend(mismatch.remarks);
        if let Some(end) = arn.account_end() {
            self.remark(format!("the API belongs to the account that ends in {end}"));
        }
    }

    /// Holds an answer without API Gateway's marks against who vouched for its sender.
    pub(crate) fn hold_issuer(&mut self, issuer: &str) {
        if self.family == Family::Foreign {
            // what a gateway means by this status is nothing to a proxy
            self.causes.clear();
        }
        self.family = Family::Foreign;
        self.weaken(Confidence::Likely);
        self.also(Cause::NotApiGateway);
        self.rather(Cause::ProxyInterference);
        self.remark(of_foreign_issuer(issuer));
    }

    /// Holds the canonical request that was signed against the service's own.
    pub(crate) fn hold_canonical(&mut self, differences: &[Difference]) {
        let quoted = |text: &Option<String>| match text.as_deref() {
            None | Some("") => "nothing".to_owned(),
            Some(text) => format!("`{text}`"),
        };
        for Difference { line, ours, theirs } in differences {
            let (ours, theirs) = (quoted(ours), quoted(theirs));
            self.remark(format!(
                "the canonical requests differ in `{line}`: signed was {ours}, the service read {theirs}"
            ));
        }
        if !differences.iter().any(|difference| difference.line == "header host") {
            self.causes.retain(|cause| *cause != Cause::SigMismatchWrongHost);
        }
        if differences.is_empty() {
            let same =
                "the service read the very request that was signed: the secret key is not that of the access key";
            self.remark(same.to_owned());
        } else {
            self.remark("something on the way changed the request after it was signed".to_owned());
            self.rather(Cause::ProxyInterference);
        }
    }

    /// Holds what the server would have signed against what was sent.
    pub(crate) fn hold_signing(&mut self, message: &str, plan: &Plan, target: &Target) {
        if let Some(host) = mismatch::other_host(message, plan) {
            self.rather(Cause::SigMismatchWrongHost);
            self.remark(format!("the server saw `Host: {host}`, sent was `{}`", plan.host));
        }
        if message.contains("Credential should be scoped to") {
            self.causes.retain(|cause| *cause != Cause::SigMismatchWrongHost);
            self.rather(Cause::WrongRegion);
            self.remark(format!(
                "the signature is for {}, which the service does not take for its own",
                target.region_word()
            ));
        }
        if let Some(region) = mismatch::other_region(message, target) {
            let own = target.region().map(ToString::to_string).unwrap_or_default();
            self.remark(format!("the signature is for `{region}`, the API is in `{own}`"));
        }
    }
}

/// What it means that a trusted certificate for a name of AWS's is not of AWS's issuer.
pub(crate) fn of_foreign_issuer(issuer: &str) -> String {
    format!(
        "the certificate is trusted here and was issued by `{issuer}`, not by Amazon: something between decrypts the traffic"
    )
}

/// Answers that are weighed alike when paths are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `ForbiddenException`: the gateway knows no such API, stage or key, or WAF blocks.
    Forbidden,
    /// `MissingAuthenticationTokenException`: no such route, or no signature.
    MissingToken,
    /// A policy refuses.
    Policy,
    /// An authorizer refuses or fails.
    Authorizer,
    /// The signature or the credentials behind it are refused.
    Signing,
    /// Too many requests.
    Limit,
    /// The request's form is refused.
    Request,
    /// The integration fails.
    Integration,
    /// The backend answers by itself.
    Backend,
    /// An HTTP API answers, which cannot be private.
    HttpApi,
    /// It is not API Gateway that answers.
    Foreign,
    /// An error type that is documented nowhere.
    Unclear,
}

impl Family {
    /// Whether such an answer comes only after API and stage were found.
    pub(crate) fn proves_api(self) -> bool {
        match self {
            Self::MissingToken
            | Self::Policy
            | Self::Authorizer
            | Self::Limit
            | Self::Request
            | Self::Integration
            | Self::Backend => true,
            Self::Forbidden | Self::Signing | Self::HttpApi | Self::Foreign | Self::Unclear => false,
        }
    }
}
