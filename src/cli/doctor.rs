//! What can account A see of its own set-up? Facts first, then a probe, then what each says of the other.

use super::args::{CheckArgs, NetArgs, args_of_a_check, flag, is_typed};
use super::experiment::experiment;
use super::output::{self, Format, OutputArgs};
use super::progress::run_watched;
use super::{Stop, once, runtime};
use crate::aws::{AssumeRoleConfig, CredentialsBase, CredentialsConfig, EnvVars, InventoryCollector, outgoing};
use crate::check::{Auth, Check};
use crate::config::{DEFAULT_TIMEOUT, NetSettings};
use crate::observation::{Environment, NameSource, Round, Seen};
use crate::probe::Net;
use crate::report::Report;
use crate::setup::{Policy, Setup, VpcEndpoint};
use crate::target::{AwsHost, AwsHostKind, Target};
use clap::{ArgMatches, Args};
use std::collections::BTreeMap;
use tokio::time::Instant;

#[derive(Debug, Args)]
#[command(
    override_usage = "apigw-probe doctor [INVOKE_URL [VPCE_DNS_NAME]] [OPTIONS]\n       apigw-probe doctor --iam-policy [INVOKE_URL]\n       apigw-probe doctor --resource-policy INVOKE_URL VPCE_DNS_NAME"
)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    check: CheckArgs,
    /// Take this role to see the API's side too
    #[arg(long, value_name = "ARN", value_parser = AssumeRoleConfig::parse_arn, env = "APIGW_PROBE_ACCOUNT_B_ROLE")]
    account_b_role: Option<String>,
    /// What that role's trust policy asks third parties for
    #[arg(long, value_name = "ID", env = "APIGW_PROBE_ACCOUNT_B_EXTERNAL_ID")]
    account_b_external_id: Option<String>,
    /// Print the least IAM policies that seeing each side takes, and nothing else; no network
    #[arg(long, conflicts_with = "resource_policy")]
    iam_policy: bool,
    /// Print the API's documented resource policy and the endpoint's least policy, and nothing else; no network
    #[arg(long)]
    resource_policy: bool,
    /// After the round and the facts, ask what both leave open with at most four requests more, announced on standard error
    #[arg(long)]
    experiment: bool,
    #[command(flatten)]
    net: NetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Options that say how an API is called or seen, where none is named. What only the environment says is passed over.
pub(super) fn refuse_what_needs_an_invoke_url(matches: &ArgMatches) -> Result<(), String> {
    if is_typed(matches, "inputs") {
        return Ok(());
    }
    // credentials and a Region are for reading too, and who may take a role needs no API
    let of_no_api = |id: &String| {
        ["region", "profile"].contains(&id.as_str()) || (id == "account_b_role" && is_typed(matches, "iam_policy"))
    };
    let more = ["experiment", "account_b_role", "account_b_external_id"].map(str::to_owned);
    let all = args_of_a_check().into_iter().chain(more);
    let stray: Vec<_> = all.filter(|id| is_typed(matches, id) && !of_no_api(id)).map(|id| flag(&id)).collect();
    match stray.as_slice() {
        [] => Ok(()),
        [one] => Err(format!("{one} goes with an INVOKE_URL, {URL}")),
        many => Err(format!("{} go with an INVOKE_URL, {URL}", many.join(", "))),
    }
}

pub(super) fn run(args: &DoctorArgs) -> Result<u8, Stop> {
    let (policies, format) = (args.iam_policy || args.resource_policy, args.output.format);
    if matches!(format, Format::Nagios | Format::Prometheus) {
        if policies {
            return Err(Stop::usage("policies are JSON documents without a verdict: --format json, or none"));
        }
        if args.check.target.inputs.is_empty() {
            return Err(Stop::usage("without INVOKE_URL there is no verdict: --format text or json"));
        }
    }
    if args.iam_policy {
        return args.print_iam_policies();
    }
    if args.resource_policy {
        return args.print_resource_policies();
    }
    if args.account_b_external_id.is_some() && args.account_b_role.is_none() {
        return Err(Stop::usage("--account-b-external-id goes with --account-b-role"));
    }
    let settings = args.net.settings(&NetSettings::default());
    let net = settings.open().map_err(Stop::host)?;
    runtime()?.block_on(args.look(net, &settings))
}

impl DoctorArgs {
    /// Looks at the set-up, probes what was named, and tells both.
    async fn look(&self, net: Net, settings: &NetSettings) -> Result<u8, Stop> {
        let target = self.target()?;
        let region = self.check.target.region()?;
        let output = self.output.open()?;
        let account_b = self.reader();
        let collector = InventoryCollector {
            net: &net.current(),
            env: &EnvVars::of_process(),
            target: target.as_ref(),
            region: region.as_ref(),
            base: &self.check.auth.base(),
            account_b: account_b.as_ref(),
        };
        let setup = collector.run().await;
        let Some(target) = target else { return self.output.tell_setup(output, &setup) };
        let mut check = self.check(target, &setup)?;
        check.request.ca_file.clone_from(&settings.ca_file);
        let setup = Setup { assume_role_arn: role(&check.auth).map(str::to_owned), ..setup };
        let quiet = self.output.quiet || self.output.format == Format::Nagios;
        let report = run_watched(&check, &net, &once::ignored_proxy_variables(), quiet).await;
        let report = beside(report, setup, &net).await;
        // what the facts prove needs no experiment
        let report = if self.experiment { experiment(&check, &net, report, &self.output).await } else { report };
        self.output.tell(output, &report)
    }

    /// The check, over an endpoint that was found where none was named.
    fn check(&self, target: Target, setup: &Setup) -> Result<Check, Stop> {
        let named = self.check.target.inputs.len() > 1;
        let found = match &target.vpce {
            // private DNS may catch a public API, but over an endpoint nobody calls it
            _ if named || target.is_public() => None,
            Some(_) => setup.endpoint(&target).known().copied(),
            None => setup.likely_endpoint(),
        };
        let target = match found.and_then(|one| Some((one, regional_name(one)?))) {
            None => target,
            Some((one, name)) => {
                let all = setup.endpoints.known().map(Vec::len).unwrap_or_default();
                let more = if all > 1 {
                    format!("; of {all} that are seen, name another to probe that")
                } else {
                    String::new()
                };
                output::complain(&format!("endpoint: {}, as `{name}`{more}", one.id));
                self.check.target.target_over(Some(name), self.check.limits.expectation())?
            }
        };
        let auth = self.check.auth.auth_beside_reading(&target)?;
        self.tell_stray_roles(&target, &auth);
        self.check.check_of(target, auth, once::usual_timeout(self.output.format))
    }

    fn print_iam_policies(&self) -> Result<u8, Stop> {
        let target = self.target()?;
        let auth = target.as_ref().map(|target| self.check.auth.auth_beside_reading(target)).transpose()?;
        if let (Some(target), Some(auth)) = (&target, &auth) {
            self.tell_contradictions(target, auth);
        }
        let region = self.check.target.region()?;
        let region = target.as_ref().map_or(region.as_ref(), Target::region);
        // whoever takes a role calls as that one, which needs a policy of its own
        let caller = auth.as_ref().and_then(role);
        let roles = [self.account_b_role.as_deref(), caller].into_iter().flatten().collect();
        let policy = Policy::to_read_account_a(region).and_to_take(&roles);
        let signed = target.as_ref().filter(|_| auth.as_ref().is_some_and(|auth| auth.credentials().is_some()));
        let (own, others) = match (signed, caller) {
            (Some(target), None) => (policy.and(Policy::to_call(target)), None),
            (Some(target), Some(role)) => (policy, Some((role, Policy::to_call(target)))),
            (None, _) => (policy, None),
        };
        let title = "account A: attach this to the role of the instance, to see the endpoint's side";
        let mut documents = vec![(title.to_owned(), own)];
        if self.account_b_role.is_none() {
            output::complain(
                "account A: to see the API's side by a role of account B, it needs `sts:AssumeRole` on that role: \
                 --account-b-role arn:aws:iam::ACCOUNT_B:role/NAME adds it",
            );
        }
        if let Some((role, policy)) = others {
            let title = format!("{role}: attach this, to call the API; its trust policy must admit account A");
            documents.push((title, policy));
        }
        if target.as_ref().is_some_and(|target| target.api().is_none()) {
            output::complain(
                "a custom domain name does not tell the API's id: put it in the place of the `*` that stands for it",
            );
        }
        match &target {
            Some(target) => {
                let title = "account B: attach this to a role that trusts the instance's, for --account-b-role";
                documents.push((title.to_owned(), Policy::to_read_account_b(target)));
            }
            None => output::complain(
                "account B, and signed calls: give the INVOKE_URL for the policies that seeing and calling that API take",
            ),
        }
        self.output.tell_policies(&documents)
    }

    fn print_resource_policies(&self) -> Result<u8, Stop> {
        let target = self.check.target.target(self.check.limits.expectation())?;
        if target.is_public() {
            return Err(Stop::usage(
                "--resource-policy is for a private API: pasted into a public one, it would lock out everybody who does not \
                 come over the endpoint; without --public if the API is private (a custom domain name then goes beside its own \
                 URL, as --custom-domain)",
            ));
        }
        let Some(vpce) = &target.vpce else {
            return Err(Stop::usage(
                "--resource-policy needs the endpoint: VPCE_DNS_NAME, or --vpce-id vpce-1a2b3c456d7e89012",
            ));
        };
        let auth = self.check.auth.auth(&target)?;
        self.tell_contradictions(&target, &auth);
        let role = role(&auth);
        if auth.credentials().is_some() && role.is_none() {
            output::complain(
                "signed calls: name the caller in the place of `*` in the statement that allows, \
                 such as {\"AWS\": \"arn:aws:iam::ACCOUNT_A:role/NAME\"}; that caller's own policy must allow execute-api:Invoke too",
            );
        }
        let title = "account B: the API's resource policy; deploy the API again after a change";
        let mut documents = vec![(title.to_owned(), Policy::of_api(vpce, role))];
        if let Some(domain) = &target.custom_domain {
            let title = format!("account B: the policy of the custom domain name `{}`, which is its own", domain.name);
            documents.push((title, Policy::of_domain(vpce, role)));
            output::complain(
                "custom domain: in the endpoint's policy, `+*` stands for the domain name's id, and `:*:` for account B's number",
            );
        }
        let title = "account A: the endpoint's policy, for this API alone; others that are called over it need a line of their own";
        documents.push((title.to_owned(), Policy::of_endpoint(&target)));
        self.output.tell_policies(&documents)
    }

    /// What contradicts itself in the names and roles that were given.
    fn tell_contradictions(&self, target: &Target, auth: &Auth) {
        for warning in &target.warnings {
            output::complain(&format!("warning: {warning}"));
        }
        self.tell_stray_roles(target, auth);
    }

    /// What contradicts itself in the roles alone; a report tells of the names.
    fn tell_stray_roles(&self, target: &Target, auth: &Auth) {
        let reader = CredentialsConfig::for_target(target, CredentialsBase::DefaultChain, self.reader());
        for warning in auth.contradiction().into_iter().chain(reader.and_then(|reader| reader.contradiction())) {
            output::complain(&format!("warning: {warning}"));
        }
    }

    /// The role by which account B is seen.
    fn reader(&self) -> Option<AssumeRoleConfig> {
        let (arn, external_id) = (self.account_b_role.clone()?, self.account_b_external_id.clone());
        Some(AssumeRoleConfig { arn, external_id, session_name: None })
    }

    /// What is to be probed, if anything was named.
    fn target(&self) -> Result<Option<Target>, Stop> {
        let named = !self.check.target.inputs.is_empty();
        named.then(|| self.check.target.target(self.check.limits.expectation())).transpose()
    }
}

/// The role that calls.
fn role(auth: &Auth) -> Option<&str> {
    Some(&auth.credentials()?.config()?.role.as_ref()?.arn)
}

/// The endpoint's own name that is of no single zone.
fn regional_name(endpoint: &VpcEndpoint) -> Option<&str> {
    let is_regional =
        |name: &&String| matches!(AwsHost::parse(name).map(|host| host.kind), Ok(AwsHostKind::Endpoint(_, None)));
    endpoint.dns_names.iter().find(is_regional).map(String::as_str)
}

/// The round, with the set-up and what the VPC's resolver says of every name; diagnosed anew.
async fn beside(report: Report, setup: Setup, net: &Net) -> Report {
    let mut round = report.round;
    let mut opinions = BTreeMap::new();
    let mut address = None;
    for row in &mut round.rows {
        let Seen::Probed(seen) = &mut row.seen else { continue };
        address = address.or(seen.attempts.first().map(|attempt| attempt.address.ip()));
        if seen.lookup.source == NameSource::Literal || seen.lookup.second_opinion.is_some() {
            continue;
        }
        let name = &seen.plan.dial;
        if !opinions.contains_key(name) {
            opinions.insert(name.clone(), net.second_opinion(name, Instant::now() + DEFAULT_TIMEOUT).await);
        }
        seen.lookup.second_opinion.clone_from(&opinions[name]);
    }
    let outgoing = address.map_or(setup.outgoing.clone(), outgoing);
    let setup = Setup { outgoing, ..setup };
    Report::of(Round { environment: Environment { setup: Some(Box::new(setup)), ..round.environment }, ..round })
}

const URL: &str = "such as https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test";
