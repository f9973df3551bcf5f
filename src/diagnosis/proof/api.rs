//! What do the facts say of the API? What account B has saved, and both policies.
//!
//! Methods, the resource policy, the endpoint type and the default endpoint count once they are deployed: as they are
//! saved, they make a cause likelier or less likely and prove nothing.

use super::{Facts, Word, when};
use crate::setup::{Api, Fact, Ruling};

impl Facts<'_> {
    pub(super) fn kind(&self) -> Word {
        match (&self.setup.api, self.setup.catching_endpoint()) {
            (Fact::Known(api), _) => {
                let fact = format!("as it is saved, account B has it as {}", api.types.join(", "));
                when(api.is_private(), Word::Against, Word::For, fact)
            }
            (Fact::Absent | Fact::CannotSee(_), Some(one)) if self.target.is_public() => Word::For(format!(
                "private DNS of {} is on in {}, whose resolver leads the name to it",
                one.id, one.vpc
            )),
            (Fact::Absent | Fact::CannotSee(_), _) => Word::Silent,
        }
    }

    pub(super) fn id(&self) -> Word {
        match &self.setup.api {
            Fact::Known(api) => Word::Refutes(format!("account B has it: `{}`", api.name)),
            // a public API may be an HTTP API, which is none of these
            Fact::Absent if self.target.is_public() => Word::Silent,
            // the role may be of another account than the API
            Fact::Absent => Word::For(format!(
                "the account of the role has no {} in {}",
                self.target.api_word(),
                self.target.region_word()
            )),
            Fact::CannotSee(_) => Word::Silent,
        }
    }

    pub(super) fn region(&self) -> Word {
        match (&self.setup.api, self.setup.endpoint(self.target)) {
            (Fact::Known(_), Fact::Known(_)) => Word::Refutes(format!("both are in {}", self.target.region_word())),
            (_, _) => Word::Silent,
        }
    }

    pub(super) fn default_endpoint(&self) -> Word {
        self.api(|api| {
            let fact = format!("disableExecuteApiEndpoint, as it is saved, is {}", api.default_endpoint_disabled);
            when(api.default_endpoint_disabled, Word::For, Word::Against, fact)
        })
    }

    pub(super) fn access_mode(&self) -> Word {
        self.api(|api| {
            let mode = api.access_mode.as_deref().unwrap_or("not set");
            // a change takes minutes, in which the former mode is in force
            let changes = api.status.as_deref().is_some_and(|status| status != "AVAILABLE");
            let otherwise = if changes { Word::Against } else { Word::Refutes };
            when(mode == "STRICT", Word::For, otherwise, format!("endpointAccessMode is {mode}"))
        })
    }

    pub(super) fn tls_version(&self) -> Word {
        self.api(|api| match &api.security_policy {
            Some(policy) if policy.contains("TLS13_1_3") => Word::For(format!("the API wants {policy}")),
            Some(_) | None => Word::Silent,
        })
    }

    pub(super) fn web_acl(&self) -> Word {
        match &self.setup.stage {
            Fact::Known(stage) => match &stage.web_acl {
                Some(acl) => Word::Beside(format!("the stage is guarded by {acl}")),
                None => Word::Refutes("the stage has no web ACL".to_owned()),
            },
            Fact::Absent | Fact::CannotSee(_) => Word::Silent,
        }
    }

    /// Of a refusal that does not tell which policy it is by.
    pub(super) fn any_resource_policy(&self) -> Word {
        if self.has_no_policy() {
            return Word::For(NO_POLICY.to_owned());
        }
        match self.setup.api_ruling(self.target, self.method, self.signed) {
            Some(Ruling::Allows) => Word::Against(SAVED_ALLOWS.to_owned()),
            Some(Ruling::Denies(words)) => Word::For(format!("as it is saved, it denies this call: {words}")),
            Some(Ruling::Silent) => Word::For("as it is saved, no statement allows this call".to_owned()),
            Some(Ruling::Unclear(_)) | None => Word::Silent,
        }
    }

    pub(super) fn stage(&self) -> Word {
        match (&self.setup.stage, self.target.stage.as_deref()) {
            (Fact::Known(_), Some(name)) => Word::Refutes(format!("account B has the stage `{name}`")),
            (Fact::Absent, name) if self.setup.api.known().is_some() => Word::Proves(match name {
                Some(name) => format!("the API has no stage `{name}`"),
                None => "the invoke URL names no stage".to_owned(),
            }),
            (Fact::Known(_) | Fact::Absent | Fact::CannotSee(_), _) => Word::Silent,
        }
    }

    pub(super) fn route(&self) -> Word {
        let call = format!("{} {}", self.method, self.target.resource());
        match self.setup.route(self.target.resource(), self.method) {
            Fact::Known(_) => Word::Against(format!("as it is saved, the API has {call}; it may not be deployed")),
            Fact::Absent if self.setup.api.known().is_some() => {
                Word::For(format!("as it is saved, the API has no method for {call}"))
            }
            Fact::Absent | Fact::CannotSee(_) => Word::Silent,
        }
    }

    pub(super) fn authorization(&self, fits: fn(&str) -> bool) -> Word {
        match self.setup.route(self.target.resource(), self.method) {
            Fact::Known(method) => {
                let fact = format!("the method's authorization, as it is saved, is {}", method.authorization);
                when(fits(&method.authorization), Word::For, Word::Against, fact)
            }
            Fact::Absent | Fact::CannotSee(_) => Word::Silent,
        }
    }

    pub(super) fn api_key(&self) -> Word {
        match self.setup.route(self.target.resource(), self.method) {
            Fact::Known(method) => {
                let fact = format!("apiKeyRequired of the method, as it is saved, is {}", method.api_key_required);
                when(method.api_key_required, Word::For, Word::Against, fact)
            }
            Fact::Absent | Fact::CannotSee(_) => Word::Silent,
        }
    }

    pub(super) fn resource_policy(&self, explicit: bool) -> Word {
        if self.has_no_policy() {
            return if explicit { Word::Against(NO_POLICY.to_owned()) } else { Word::For(NO_POLICY.to_owned()) };
        }
        match (self.setup.api_ruling(self.target, self.method, self.signed), explicit) {
            (Some(Ruling::Allows), _) => Word::Against(SAVED_ALLOWS.to_owned()),
            (Some(Ruling::Denies(words)), true) => Word::For(format!("as it is saved, it denies this call: {words}")),
            (Some(Ruling::Silent), false) => Word::For("as it is saved, no statement allows this call".to_owned()),
            (Some(Ruling::Denies(_) | Ruling::Silent | Ruling::Unclear(_)) | None, _) => Word::Silent,
        }
    }

    pub(super) fn endpoint_policy(&self, explicit: bool) -> Word {
        match (self.setup.endpoint_ruling(self.target, self.method, self.signed), explicit) {
            (Some(Ruling::Allows), _) => Word::Refutes(ENDPOINT_ALLOWS.to_owned()),
            (Some(Ruling::Denies(words)), true) => Word::Proves(format!("it denies this call: {words}")),
            (Some(Ruling::Silent), false) => Word::Proves("no statement of it allows this call".to_owned()),
            (Some(Ruling::Denies(_) | Ruling::Silent | Ruling::Unclear(_)) | None, _) => Word::Silent,
        }
    }

    /// Whether the API is a private one to which nobody gave a policy, as it is saved.
    fn has_no_policy(&self) -> bool {
        self.setup.api.known().is_some_and(|api| api.is_private() && api.policy.is_none())
    }

    pub(super) fn api(&self, word: impl FnOnce(&Api) -> Word) -> Word {
        self.setup.api.known().map_or(Word::Silent, word)
    }
}

const NO_POLICY: &str = "as it is saved, the API has no resource policy, without which a private one lets nobody in";
pub(super) const ENDPOINT_ALLOWS: &str = "the endpoint's policy allows this call";
pub(super) const SAVED_ALLOWS: &str =
    "as it is saved, the policy allows this call; a change counts once the API is deployed again";
