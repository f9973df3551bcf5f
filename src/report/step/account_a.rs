//! How far is account A? Its endpoint, and its calls.

use super::view::{View, shows_nothing};
use super::{Found, StepState};
use crate::diagnosis::Cause;
use crate::observation::Row;
use crate::setup::{Admission, Fact, Ruling, VpcEndpoint};
use crate::target::Target;

impl View<'_> {
    pub(super) fn endpoint(&self) -> Found {
        let Some((target, id)) = self.target.and_then(|target| Some((target, target.vpce.as_ref()?))) else {
            return self.any_endpoint();
        };
        let stray = |one: &&VpcEndpoint| one.id == id.as_str() && !one.is_for_execute_api();
        if let Some(one) = self.setup.endpoints.known().and_then(|all| all.iter().find(stray)) {
            return Found::not_done(one.purpose()).todo([create(target, Some(&one.vpc))]);
        }
        let found = match self.setup.endpoint(target) {
            Fact::Known(one) if !one.is_available() => {
                Found::not_done(format!("{id} is {}", one.state)).todo([mended(one, target)])
            }
            Fact::Known(one) => Found::done(described(one)).and(self.attributes(one)),
            Fact::Absent => self.unlisted(target),
            Fact::CannotSee(_) if !self.reached().is_empty() => {
                Found::done(format!("its addresses take connections: {}", self.reached().join(", ")))
            }
            Fact::CannotSee(blind) => self.unseen(&blind),
        };
        match found.state {
            StepState::Done => self.under_its_policy(found, target),
            StepState::NotDone | StepState::CannotSee => found,
        }
    }

    /// An endpoint that is there, by what its policy says of this call: as it was read, or else as the answers tell. It counts as it
    /// is, without a deployment.
    fn under_its_policy(&self, found: Found, target: &Target) -> Found {
        let ruling = self.endpoint_ruling();
        let refused = self.refused_by(&BY_THE_ENDPOINT);
        let (against, cause) = match (&ruling, refused) {
            (Some(Ruling::Denies(words)), _) => {
                (format!("its policy denies this call: {words}"), Cause::VpcePolicyExplicitDeny)
            }
            (Some(Ruling::Silent), _) => {
                ("no statement of its policy allows this call".to_owned(), Cause::VpcePolicyImplicitDeny)
            }
            (Some(Ruling::Allows), Some(cause)) => {
                return Found::unclear(format!("its policy allows this call, and the answer is {cause}"))
                    .and(found.seen);
            }
            (Some(Ruling::Unclear(_)) | None, Some(cause)) => (format!("the answer is {cause}"), cause),
            (Some(Ruling::Allows | Ruling::Unclear(_)) | None, None) => return found,
        };
        if self.answered().is_empty() {
            Found::not_done(against).and(found.seen).todo(self.fix(cause, target))
        } else {
            let yet = format!(
                "against it: {against}; {} came through, before it was so or over another endpoint",
                self.calls()
            );
            found.and([yet])
        }
    }

    /// One that account A does not list. It lists its own alone: in a VPC that is shared with it, it sees none of the owner's.
    fn unlisted(&self, target: &Target) -> Found {
        let id = target.vpce.as_ref().map(ToString::to_string).unwrap_or_default();
        let not_listed = format!("account A has no {id} in {}", target.endpoint_region_word());
        let (others, reached) = (self.others(), self.reached_by_its_name());
        if !reached.is_empty() {
            let seen = format!("its own name leads to addresses that take connections: {}", reached.join(", "));
            Found::done(seen).and([format!("{not_listed}; {ELSEWHERE}")])
        } else if others.is_empty() && !self.answered().is_empty() {
            Found::unclear(not_listed).and([format!("{} came through all the same; {ELSEWHERE}", self.calls())])
        } else {
            Found::not_done(not_listed).and(others).todo([self.another(target)])
        }
    }

    /// Where none was named.
    fn any_endpoint(&self) -> Found {
        let through = !self.answered().is_empty();
        let listed = match &self.setup.endpoints {
            Fact::Known(endpoints) => endpoints.as_slice(),
            Fact::Absent => &[],
            Fact::CannotSee(_) if through => return Found::done(format!("{} came through one", self.calls())),
            Fact::CannotSee(blind) => return self.unseen(blind),
        };
        let lines = || listed.iter().map(described);
        if listed.iter().any(VpcEndpoint::is_available) {
            let in_use = listed.iter().find(|one| one.is_available() && one.private_dns);
            let attributes = in_use.map(|one| self.attributes(one));
            Found::done("the VPC has one").and(lines()).and(attributes.into_iter().flatten())
        } else if through {
            let seen = format!("{} came through one", self.calls());
            Found::done(seen).and(lines()).and([format!("account A has none that is available; {ELSEWHERE}")])
        } else {
            let coming = listed.iter().find(|one| one.is_coming());
            let todo = self.target.map(|target| coming.map_or_else(|| self.created(target), |one| mended(one, target)));
            Found::not_done("the VPC has none that is available").and(lines()).todo(todo)
        }
    }

    /// Which endpoint takes the place of one that is not there: another one of this VPC, or a new one.
    fn another(&self, target: &Target) -> String {
        let is_here = |one: &&VpcEndpoint| self.setup.instance.known().is_none_or(|instance| instance.vpc == one.vpc);
        let Some(one) = self.setup.likely_endpoint().filter(is_here) else { return self.created(target) };
        let name = one.dns_names.first().map(|name| format!(", as `{name}`")).unwrap_or_default();
        let associated = self.setup.api.known().is_some_and(|api| api.vpc_endpoints.contains(&one.id));
        let asked = if associated { "" } else { "be associated with it and " };
        format!("name {} in its place{name}; the API must {asked}let it in by its policy (account B)", one.id)
    }

    /// A new one in this VPC.
    fn created(&self, target: &Target) -> String {
        create(target, self.setup.instance.known().map(|instance| instance.vpc.as_str()))
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

    pub(super) fn called(&self) -> Found {
        let (Some(report), Some(target)) = (self.report, self.target) else { return Found::unnamed() };
        let row = |row: &Row| format!("{}: {}", row.id(), row.outcome(target).name());
        let rows: Vec<String> = report.round.deciding().filter(|row| row.observation().is_some()).map(row).collect();
        let rows = rows.join(", ");
        let found = match self.denial() {
            _ if self.is_expected() => Found::done(rows),
            Some(cause) => Found::unclear(rows).and([shows_nothing(cause)]),
            None => Found::not_done(rows),
        };
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
}

/// An endpoint in a line.
fn described(one: &VpcEndpoint) -> String {
    let dns = if one.private_dns { "on" } else { "off" };
    format!("{} in {}: {}, private DNS {dns}", one.id, one.vpc, one.state)
}

/// What makes an endpoint available: time, or another one.
fn mended(one: &VpcEndpoint, target: &Target) -> String {
    if one.is_coming() {
        format!("wait until {} is available, which takes some minutes; a second one does not help", one.id)
    } else {
        create(target, Some(&one.vpc))
    }
}

/// How an endpoint is made in a VPC.
fn create(target: &Target, vpc: Option<&str>) -> String {
    let (region, vpc) = (target.region_word(), vpc.filter(|vpc| !vpc.is_empty()).unwrap_or("VPC"));
    format!(
        "`aws ec2 create-vpc-endpoint --vpc-id {vpc} --vpc-endpoint-type Interface --service-name com.amazonaws.{region}.execute-api --subnet-ids SUBNET --security-group-ids GROUP --region {region}`"
    )
}

/// What an answer is called that the endpoint's policy gave.
const BY_THE_ENDPOINT: [Cause; 2] = [Cause::VpcePolicyExplicitDeny, Cause::VpcePolicyImplicitDeny];
const ELSEWHERE: &str = "it may be of another account, as in a shared VPC";
