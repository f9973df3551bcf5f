//! How far is account B? Its API, the policy, the method and the stage; where they are not seen, by what the calls show.

use super::view::{View, is_inside, named};
use super::{Found, StepState};
use crate::diagnosis::{Cause, Confidence};
use crate::observation::{DnsFault, Outcome};
use crate::plan::{AccessPath, word};
use crate::setup::{Blind, Fact, Ruling};
use crate::target::Target;
use time::format_description::well_known::Rfc3339;

impl View<'_> {
    pub(super) fn api(&self) -> Found {
        let Some(target) = self.target else { return Found::unnamed() };
        let Fact::Known(api) = &self.setup.api else { return self.alias(target) };
        if !api.is_private() {
            return Found::not_done(format!("`{}` is {}, not private", api.name, api.types.join(", ")))
                .todo(self.fix(Cause::PublicApiViaVpce, target));
        }
        let listed = if api.vpc_endpoints.is_empty() { "nothing".to_owned() } else { api.vpc_endpoints.join(", ") };
        let said = format!("`{}` is private and associated with {listed}", api.name);
        if target.vpce.as_ref().is_none_or(|own| api.lists(own)) {
            Found::done(said)
        } else {
            Found::not_done(said).todo(self.fix(Cause::VpceNotAssociated, target))
        }
    }

    /// What the alias shows, where account B does not.
    fn alias(&self, target: &Target) -> Found {
        let blind = self.blind_to_api(&self.setup.api);
        let name = target.alias_name().map(|name| name.to_string()).unwrap_or_default();
        let by_findings = |causes| self.by_findings(&blind, causes, |cause| self.fix(cause, target));
        let Some(row) = self.row(AccessPath::Route53Alias) else { return by_findings(&[Cause::WrongApiId]) };
        let wildcard = self
            .setup
            .endpoint(target)
            .known()
            .map_or_else(|| self.row(AccessPath::PrivateDns).is_none_or(is_inside), |endpoint| endpoint.private_dns);
        match row.outcome(target) {
            Outcome::Dns(DnsFault::NxDomain | DnsFault::NoData) if !self.reached().is_empty() => {
                by_findings(&[Cause::VpceNotAssociated, Cause::WrongApiId])
                    .and([format!("`{name}` does not exist, while the endpoint answers")])
            }
            _ if is_inside(row) && !wildcard => Found::done(format!("`{name}` exists, which only association makes")),
            _ if is_inside(row) => by_findings(&[Cause::WrongApiId])
                .and(["private DNS answers the alias in this VPC, associated or not".to_owned()]),
            _ => by_findings(&[Cause::WrongApiId]),
        }
    }

    pub(super) fn policy(&self) -> Found {
        let Some(target) = self.target else { return Found::unnamed() };
        let saved = |against: String| self.saved(&against, [self.printed(target)]);
        match self.ruling() {
            // a policy that allows makes the same words of the answer less believable, and those words the more telling
            Some(Ruling::Allows) => {
                let allows = "as it is saved, it allows this call";
                let refused = self.told(&REFUSALS).filter(|_| self.answered().is_empty());
                match refused.filter(|finding| REFUSALS.contains(&finding.cause)) {
                    Some(finding) if finding.alternatives.is_empty() => {
                        Found::not_done(format!("{allows}, and the answer is {}", finding.cause)).todo([
                            "deploy the API again: a changed policy counts from the next deployment on".to_owned(),
                        ])
                    }
                    Some(finding) => {
                        Found::unclear(format!("{allows}, and the answer is {}", named(finding, &REFUSALS)))
                    }
                    None => match self.refusal().filter(|(_, cause)| REFUSALS.contains(cause)) {
                        Some((_, cause)) => Found::unclear(format!("{allows}, and the expected answer is {cause}")),
                        None => Found::done(allows),
                    },
                }
            }
            Some(Ruling::Denies(words)) => saved(format!("it denies this call: {words}")),
            Some(Ruling::Silent) => saved("no statement of it allows this call".to_owned()),
            Some(Ruling::Unclear(why)) => {
                let blind = Blind::new("as it is saved", format!("whether it allows this call is not clear, {why}"));
                let found = self.by_calls(&blind, &REFUSALS, |_| vec![self.printed(target)]);
                match found.state {
                    StepState::NotDone => found.and([format!("{}: {}", blind.source, blind.why)]),
                    StepState::Done | StepState::CannotSee => found,
                }
            }
            None if self.setup.api.known().is_some() => saved("the API has none".to_owned()),
            None => self.by_calls(&self.blind_to_api(&self.setup.api), &REFUSALS, |_| vec![self.printed(target)]),
        }
    }

    /// What speaks against a step as the API is saved; calls that came through show that something else is deployed.
    fn saved(&self, against: &str, todo: impl IntoIterator<Item = String>) -> Found {
        if self.answered().is_empty() {
            return Found::not_done(format!("as it is saved: {against}")).todo(todo);
        }
        let next = format!("against it, as it is saved: {against}; the next deployment puts that in force");
        Found::done(format!("{} came through, by what is deployed", self.calls())).and([next])
    }

    pub(super) fn method(&self) -> Found {
        let Some(target) = self.target else { return Found::unnamed() };
        let (method, resource) = (self.method_name(), target.resource());
        match self.setup.route(resource, &method) {
            Fact::Known(one) => {
                let key = if one.api_key_required { ", with an API key" } else { "" };
                Found::done(format!("{method} {resource}: authorization {}{key}", one.authorization))
            }
            Fact::Absent if self.setup.api.known().is_some() => {
                let against = format!("the API has no method for {method} {resource}");
                self.saved(&against, self.fix(Cause::WrongResourceOrMethod, target))
            }
            Fact::Absent | Fact::CannotSee(_) => {
                let blind = self.blind_to_api(&self.setup.resources);
                self.by_calls(&blind, &[Cause::WrongResourceOrMethod], |cause| self.fix(cause, target))
            }
        }
    }

    pub(super) fn deployed(&self) -> Found {
        let Some(target) = self.target else { return Found::unnamed() };
        let todo = |cause: Cause| self.fix(cause, target);
        let Some(stage) = &target.stage else {
            let blind = Blind::new("INVOKE_URL", "it names no stage");
            return self.by_calls(&blind, &[Cause::MissingStage], todo);
        };
        match &self.setup.stage {
            Fact::Known(_) => {
                let made = self.setup.deployment.known().and_then(|deployment| deployment.created);
                let age = made.and_then(|made| {
                    let days = (self.report?.round.started - made).whole_days();
                    Some(format!("deployed {} ({days} days ago); the policy's last change is not told anywhere: after one, deploy again", made.format(&Rfc3339).ok()?))
                });
                Found::done(format!("`{stage}` is there")).and(age)
            }
            Fact::Absent if self.setup.api.known().is_some() => {
                let against = format!("the API has no stage `{stage}`");
                if self.answered().is_empty() {
                    Found::not_done(against).todo(todo(Cause::MissingStage))
                } else {
                    Found::done(format!("{} came through", self.calls())).and([format!("against it: {against}")])
                }
            }
            Fact::Absent | Fact::CannotSee(_) => {
                self.by_calls(&self.blind_to_api(&self.setup.stage), &[Cause::MissingStage], todo)
            }
        }
    }

    /// What the calls show of a step that nothing else shows: that it is done, if they came through.
    fn by_calls(&self, blind: &Blind, causes: &[Cause], todo: impl FnOnce(Cause) -> Vec<String>) -> Found {
        if self.answered().is_empty() {
            self.by_findings(blind, causes, todo)
        } else {
            Found::done(format!("{} came through", self.calls()))
        }
    }

    /// What the findings show of a step that nothing else shows: that it is not done, if one of these causes explains the answers and
    /// no other does.
    fn by_findings(&self, blind: &Blind, causes: &[Cause], todo: impl FnOnce(Cause) -> Vec<String>) -> Found {
        match self.told(causes) {
            Some(finding) if finding.alternatives.is_empty() && finding.confidence >= Confidence::Likely => {
                Found::not_done(format!("the answer is {}", finding.cause)).todo(todo(finding.cause))
            }
            Some(finding) => self.unseen(blind).and([format!("the answer is {}", named(finding, causes))]),
            None => self.unseen(blind),
        }
    }

    /// The command that prints the policy, with all that it depends on. The path is not in it, nor a stage that a shell or the policy
    /// would take for something else than its name.
    fn printed(&self, target: &Target) -> String {
        let stage = target.stage.as_deref().filter(|stage| word(stage) == *stage);
        let url = format!("https://{}/{}", target.invoke_name(), stage.unwrap_or_default());
        let endpoint = target.vpce.as_ref().map_or("VPCE_DNS_NAME".to_owned(), |id| format!("--vpce-id {id}"));
        let domain = target.custom_domain.as_ref().map(|domain| format!(" --custom-domain {}", domain.name));
        let role = self.setup.assume_role_arn.as_ref().map(|arn| format!(" --assume-role-arn {}", word(arn)));
        let signed = if self.is_signed() { " --auth iam" } else { "" };
        let (domain, role) = (domain.unwrap_or_default(), role.unwrap_or_default());
        format!("print it: `apigw-probe doctor --resource-policy {url} {endpoint}{domain}{signed}{role}`")
    }

    /// Why something of the API is not seen. What is not there where there is no such API either may be in another account.
    fn blind_to_api<T>(&self, fact: &Fact<T>) -> Blind {
        let no_api = || {
            let (api, region) = self.target.map_or(("API", ""), |target| (target.api_word(), target.region_word()));
            let why = format!("the account of the role has no {api} in {region}; the API may be of another one");
            Blind::new("account B", why)
        };
        fact.blind().or(self.setup.api.blind()).cloned().unwrap_or_else(no_api)
    }
}

/// What an answer is called that the resource policy gave.
const REFUSALS: [Cause; 3] =
    [Cause::ResourcePolicyExplicitDeny, Cause::ResourcePolicyImplicitDeny, Cause::ResourcePolicyDenyUnspecified];
