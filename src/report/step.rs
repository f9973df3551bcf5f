//! How far is the set-up? The six documented steps in their order, each with what shows it and what to do.

mod view;

use super::Report;
use crate::diagnosis::{Cause, Confidence};
use crate::named::named;
use crate::observation::{DnsFault, Outcome, Row};
use crate::plan::AccessPath;
use crate::setup::{Admission, Blind, Fact, Ruling, Setup, VpcEndpoint};
use crate::target::Target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use view::{View, is_inside};

/// One documented step of the set-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its place among the six.
    pub number: u8,
    /// Who does what in it.
    pub title: String,
    /// Whether it is done.
    pub state: StepState,
    /// What shows it, or what would.
    pub seen: Vec<String>,
    /// What to do.
    pub todo: Vec<String>,
}

named! {
    /// Whether a step is done.
    pub enum StepState {
        /// It is.
        Done = "done",
        /// It is not, or not rightly.
        NotDone = "not-done",
        /// Nothing that may be seen shows it.
        CannotSee = "cannot-see",
    }
}

/// The steps of a set-up; of a round that was probed too, what its answers show counts as well.
pub fn steps(setup: &Setup, report: Option<&Report>) -> Vec<Step> {
    let view = View { setup, report, target: report.map(|report| &*report.round.target) };
    let states = [view.endpoint(), view.api(), view.policy(), view.method(), view.deployed(), view.called()];
    let numbered = (1..).zip(TITLES).zip(states);
    numbered.map(|((number, title), found)| found.step(number, title)).collect()
}

const TITLES: [&str; 6] = [
    "account A: an interface endpoint for execute-api in the VPC",
    "account B: a private REST API, associated with the endpoint",
    "account B: a resource policy that lets the endpoint in",
    "account B: a method on the resource",
    "account B: deployed to the stage",
    "account A: called from the VPC",
];

/// What was found of a step.
#[derive(Debug)]
struct Found {
    state: StepState,
    seen: Vec<String>,
    todo: Vec<String>,
}

impl Found {
    fn done(seen: impl Into<String>) -> Self {
        Self { state: StepState::Done, seen: vec![seen.into()], todo: Vec::new() }
    }

    fn not_done(seen: impl Into<String>) -> Self {
        Self { state: StepState::NotDone, seen: vec![seen.into()], todo: Vec::new() }
    }

    fn unseen(blind: &Blind) -> Self {
        Self { state: StepState::CannotSee, seen: vec![format!("{}: {}", blind.source, blind.why)], todo: Vec::new() }
    }

    fn and(mut self, seen: impl IntoIterator<Item = String>) -> Self {
        self.seen.extend(seen);
        self
    }

    fn todo(mut self, todo: impl IntoIterator<Item = String>) -> Self {
        self.todo.extend(todo);
        self
    }

    fn step(self, number: u8, title: &str) -> Step {
        let Self { state, seen, todo } = self;
        Step { number, title: title.to_owned(), state, seen, todo }
    }
}

impl View<'_> {
    fn endpoint(&self) -> Found {
        let Some(target) = self.target.filter(|target| target.vpce.is_some()) else { return self.any_endpoint() };
        let id = target.vpce.as_ref().map(ToString::to_string).unwrap_or_default();
        match self.setup.endpoint(target) {
            Fact::Known(one) if one.state != "available" => {
                Found::not_done(format!("{id} is {}", one.state)).todo(create(target))
            }
            Fact::Known(one) => Found::done(described(one)).and(self.attributes(one)),
            Fact::Absent => Found::not_done(format!("account A has no {id} in {}", target.region_word()))
                .and(self.others())
                .todo(create(target)),
            Fact::CannotSee(_) if !self.reached().is_empty() => {
                Found::done(format!("its addresses take connections: {}", self.reached().join(", ")))
            }
            Fact::CannotSee(blind) => Found::unseen(&blind),
        }
    }

    /// Where none was named.
    fn any_endpoint(&self) -> Found {
        match &self.setup.endpoints {
            Fact::Known(endpoints) => match endpoints.iter().find(|one| one.state == "available") {
                Some(_) => Found::done("the VPC has one").and(endpoints.iter().map(described)),
                None => Found::not_done("the VPC has none that is available")
                    .and(endpoints.iter().map(described))
                    .todo(self.target.into_iter().flat_map(create)),
            },
            Fact::Absent => Found::not_done("the VPC has none"),
            Fact::CannotSee(blind) => Found::unseen(blind),
        }
    }

    fn others(&self) -> Vec<String> {
        self.setup.endpoints.known().into_iter().flatten().map(|one| format!("it has {}", described(one))).collect()
    }

    /// The VPC's DNS attributes, where private DNS wants them and has them not.
    fn attributes(&self, endpoint: &VpcEndpoint) -> Vec<String> {
        let off = |fact: &Fact<bool>| fact == &Fact::Known(false);
        let names = [("enableDnsSupport", &self.setup.dns_support), ("enableDnsHostnames", &self.setup.dns_hostnames)];
        let off = names.iter().filter(|(_, fact)| endpoint.private_dns && off(fact));
        off.map(|(name, _)| format!("against it: {name} of the VPC is off, and private DNS needs it")).collect()
    }

    fn api(&self) -> Found {
        let (Some(target), api) = (self.target, &self.setup.api) else { return Self::unnamed() };
        let fix = || Cause::VpceNotAssociated.fix(Some(target));
        match api {
            Fact::Known(api) if !api.types.iter().any(|kind| kind == "PRIVATE") => {
                Found::not_done(format!("`{}` is {}, not private", api.name, api.types.join(", ")))
            }
            Fact::Known(api) => {
                let is_ours = |id: &String| target.vpce.as_ref().is_some_and(|vpce| vpce.as_str() == id);
                let listed =
                    if api.vpc_endpoints.is_empty() { "nothing".to_owned() } else { api.vpc_endpoints.join(", ") };
                let said = format!("`{}` is private and associated with {listed}", api.name);
                if target.vpce.is_none() || api.vpc_endpoints.iter().any(is_ours) {
                    Found::done(said)
                } else {
                    Found::not_done(said).todo(fix())
                }
            }
            Fact::Absent => {
                Found::not_done(format!("account B has no API {} in {}", target.api_word(), target.region_word()))
            }
            Fact::CannotSee(blind) => self.alias(target, blind),
        }
    }

    /// What the alias shows, where account B does not.
    fn alias(&self, target: &Target, blind: &Blind) -> Found {
        let name = target.alias_name().map(|name| name.to_string()).unwrap_or_default();
        let Some(row) = self.row(AccessPath::Route53Alias) else { return Found::unseen(blind) };
        let wildcard = self
            .setup
            .endpoint(target)
            .known()
            .map_or_else(|| self.row(AccessPath::PrivateDns).is_none_or(is_inside), |endpoint| endpoint.private_dns);
        match row.outcome(target) {
            Outcome::Dns(DnsFault::NxDomain | DnsFault::NoData) if !self.reached().is_empty() => {
                Found::not_done(format!("`{name}` does not exist, while the endpoint answers"))
                    .todo(Cause::VpceNotAssociated.fix(Some(target)))
            }
            _ if is_inside(row) && !wildcard => Found::done(format!("`{name}` exists, which only association makes")),
            _ if is_inside(row) => {
                Found::unseen(blind).and(["private DNS answers the alias in this VPC, associated or not".to_owned()])
            }
            _ => Found::unseen(blind),
        }
    }

    fn policy(&self) -> Found {
        let Some(target) = self.target else { return Self::unnamed() };
        let todo = || [format!("print it: `apigw-probe doctor --resource-policy {} VPCE_DNS_NAME`", target.invoke_url)];
        let refused = self.blamed(&REFUSALS, Confidence::Likely);
        let answered = self.answered();
        match self.ruling() {
            // a policy that allows makes the same words of the answer less believable, and those words the more telling
            Some(Ruling::Allows) => match self.blamed(&REFUSALS, Confidence::Possible) {
                Some(cause) => {
                    Found::not_done(format!("as it is saved it allows this call, and the answer is {cause}"))
                        .todo(["deploy the API again: a changed policy counts from the next deployment on".to_owned()])
                }
                None => Found::done("as it is saved, it allows this call"),
            },
            Some(Ruling::Denies(words)) => Found::not_done(format!("it denies this call: {words}")).todo(todo()),
            Some(Ruling::Silent) => Found::not_done("no statement of it allows this call").todo(todo()),
            Some(Ruling::Unclear(why)) if answered.is_empty() => Found {
                state: StepState::CannotSee,
                ..Found::done(format!("whether it allows this call is not clear: {why}"))
            },
            None if self.setup.api.known().is_some() => Found::not_done("the API has none").todo(todo()),
            Some(Ruling::Unclear(_)) | None => match (answered.is_empty(), refused) {
                (false, _) => Found::done(format!("{} came through", self.calls())),
                (true, Some(cause)) => Found::not_done(format!("the answer is {cause}")).todo(todo()),
                (true, None) => Self::unseen_of(&self.setup.api),
            },
        }
    }

    fn method(&self) -> Found {
        let Some(target) = self.target else { return Self::unnamed() };
        let method = self.method_name();
        let answered = self.answered();
        let resource = target.resource();
        match self.setup.route(resource, &method) {
            Fact::Known(one) => {
                let key = if one.api_key_required { ", with an API key" } else { "" };
                Found::done(format!("{method} {resource}: authorization {}{key}", one.authorization))
            }
            Fact::Absent if answered.is_empty() => {
                Found::not_done(format!("the API has no method for {method} {resource}"))
                    .todo(Cause::WrongResourceOrMethod.fix(Some(target)))
            }
            Fact::Absent | Fact::CannotSee(_) if !answered.is_empty() => {
                Found::done(format!("{} came through", self.calls()))
            }
            Fact::Absent | Fact::CannotSee(_) => match self.blamed(&[Cause::WrongResourceOrMethod], Confidence::Likely)
            {
                Some(cause) => Found::not_done(format!("the answer is {cause}"))
                    .todo(Cause::WrongResourceOrMethod.fix(Some(target))),
                None => Self::unseen_of(&self.setup.resources),
            },
        }
    }

    fn deployed(&self) -> Found {
        let Some(target) = self.target else { return Self::unnamed() };
        let stage = target.stage.as_deref().unwrap_or("");
        let answered = self.answered();
        match &self.setup.stage {
            Fact::Known(_) => {
                let made = self.setup.deployment.known().and_then(|deployment| deployment.created);
                let age = made.and_then(|made| {
                    let days = (self.report?.round.started - made).whole_days();
                    Some(format!("deployed {} ({days} days ago); the policy's last change is not told anywhere: after one, deploy again", made.format(&Rfc3339).ok()?))
                });
                Found::done(format!("`{stage}` is there")).and(age)
            }
            Fact::Absent => {
                Found::not_done(format!("the API has no stage `{stage}`")).todo(Cause::MissingStage.fix(Some(target)))
            }
            Fact::CannotSee(_) if !answered.is_empty() => Found::done(format!("{} came through", self.calls())),
            Fact::CannotSee(blind) => match self.blamed(&[Cause::MissingStage], Confidence::Likely) {
                Some(cause) => {
                    Found::not_done(format!("the answer is {cause}")).todo(Cause::MissingStage.fix(Some(target)))
                }
                None => Found::unseen(blind),
            },
        }
    }

    fn called(&self) -> Found {
        let (Some(report), Some(target)) = (self.report, self.target) else { return Self::unnamed() };
        let row = |row: &Row| format!("{}: {}", row.id(), row.outcome(target).name());
        let rows: Vec<String> = report.round.deciding().filter(|row| row.observation().is_some()).map(row).collect();
        let answered = !self.answered().is_empty();
        let found = if answered { Found::done(rows.join(", ")) } else { Found::not_done(rows.join(", ")) };
        found.and(self.barred(target)).and(self.elsewhere(target))
    }

    /// What the security groups refuse.
    fn barred(&self, target: &Target) -> Vec<String> {
        let endpoint = self.setup.endpoint(target);
        let Fact::Known(endpoint) = endpoint else { return Vec::new() };
        let inward = match self.setup.lets_in(endpoint) {
            Admission::No(groups) => Some(format!("{} does not admit this host on port 443", groups.join(", "))),
            Admission::Yes(_) | Admission::Unclear(_) => None,
        };
        let addresses: Vec<_> = self
            .rows()
            .filter_map(Row::observation)
            .flat_map(|seen| seen.lookup.addresses())
            .map(|one| one.ip)
            .collect();
        let outward = match self.setup.lets_out(endpoint, &addresses) {
            Admission::No(groups) => {
                Some(format!("{} of this host lets nothing out to port 443 there", groups.join(", ")))
            }
            Admission::Yes(_) | Admission::Unclear(_) => None,
        };
        inward.into_iter().chain(outward).collect()
    }

    /// Whether the instance is in another VPC than the endpoint.
    fn elsewhere(&self, target: &Target) -> Option<String> {
        let instance = self.setup.instance.known()?;
        let endpoint = self.setup.endpoint(target);
        let endpoint = endpoint.known()?;
        let apart = instance.vpc != endpoint.vpc;
        apart.then(|| format!("this host is in {}, the endpoint in {}", instance.vpc, endpoint.vpc))
    }

    fn unnamed() -> Found {
        Found::unseen(&Blind::new("INVOKE_URL", "no API was named"))
    }

    fn unseen_of<T>(fact: &Fact<T>) -> Found {
        fact.blind().map_or_else(|| Found::unseen(&Blind::new("account B", "it is not there")), Found::unseen)
    }
}

/// An endpoint in a line.
fn described(one: &VpcEndpoint) -> String {
    let dns = if one.private_dns { "on" } else { "off" };
    format!("{} in {}: {}, private DNS {dns}", one.id, one.vpc, one.state)
}

/// How an endpoint is made.
fn create(target: &Target) -> [String; 1] {
    let region = target.region_word();
    [format!(
        "`aws ec2 create-vpc-endpoint --vpc-id VPC --vpc-endpoint-type Interface --service-name com.amazonaws.{region}.execute-api --subnet-ids SUBNET --security-group-ids GROUP --region {region}`"
    )]
}

/// What an answer is called that the resource policy gave.
const REFUSALS: [Cause; 3] =
    [Cause::ResourcePolicyExplicitDeny, Cause::ResourcePolicyImplicitDeny, Cause::ResourcePolicyDenyUnspecified];
