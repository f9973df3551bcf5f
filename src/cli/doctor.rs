//! What can account A see of its own set-up? Facts first, then a probe, then what each says of the other.

use super::Stop;
use super::args::{CheckArgs, NetArgs};
use super::output::{self, Output, OutputArgs};
use crate::setup::Policy;
use crate::side::Role;
use crate::target::Target;
use clap::Args;

#[derive(Debug, Args)]
#[command(
    override_usage = "apigw-probe doctor [INVOKE_URL [VPCE_DNS_NAME]] [OPTIONS]\n       apigw-probe doctor --iam-policy [INVOKE_URL]\n       apigw-probe doctor --resource-policy INVOKE_URL VPCE_DNS_NAME"
)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    check: CheckArgs,
    /// Take this role to see the API's side too
    #[arg(long, value_name = "ARN", value_parser = Role::parse_arn, env = "APIGW_PROBE_ACCOUNT_B_ROLE")]
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
    #[command(flatten)]
    net: NetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &DoctorArgs) -> Result<u8, Stop> {
    if args.iam_policy {
        return args.print_iam_policies();
    }
    if args.resource_policy {
        return args.print_resource_policies();
    }
    if args.account_b_external_id.is_some() && args.account_b_role.is_none() {
        return Err(Stop::usage("--account-b-external-id goes with --account-b-role"));
    }
    Err(Stop::usage("doctor takes --iam-policy or --resource-policy"))
}

impl DoctorArgs {
    fn print_iam_policies(&self) -> Result<u8, Stop> {
        let target = self.target()?;
        let title = "account A: attach this to the role of the instance, to see the endpoint's side";
        print(title, &Policy::to_read_account_a(target.as_ref(), self.account_b_role.as_deref()))?;
        match &target {
            Some(target) => {
                let title = "account B: attach this to a role that trusts the instance's, for --account-b-role";
                print(title, &Policy::to_read_account_b(target))?;
            }
            None => output::complain("account B: give the INVOKE_URL for the policy that seeing that API takes"),
        }
        Ok(0)
    }

    fn print_resource_policies(&self) -> Result<u8, Stop> {
        let target = self.check.target.target(self.check.limits.expectation())?;
        let Some(vpce) = &target.vpce else {
            return Err(Stop::usage(
                "--resource-policy needs the endpoint: VPCE_DNS_NAME, or --vpce-id vpce-1a2b3c456d7e89012",
            ));
        };
        let auth = self.check.auth.auth(&target)?;
        let role = auth.wallet().and_then(|wallet| wallet.wish()?.role.as_ref()).map(|role| role.arn.as_str());
        if auth.wallet().is_some() && role.is_none() {
            output::complain(
                "signed calls: name the caller in the place of `*` in the statement that allows, \
                 such as {\"AWS\": \"arn:aws:iam::ACCOUNT_A:role/NAME\"}; that caller's own policy must allow execute-api:Invoke too",
            );
        }
        print(
            "account B: the API's resource policy; deploy the API again after a change",
            &Policy::of_api(vpce, role),
        )?;
        let title = "account A: the endpoint's policy, for this API alone; others that are called over it need a line of their own";
        print(title, &Policy::of_endpoint(&target))?;
        Ok(0)
    }

    /// What is to be probed, if anything was named.
    fn target(&self) -> Result<Option<Target>, Stop> {
        let named = !self.check.target.inputs.is_empty();
        named.then(|| self.check.target.target(self.check.limits.expectation())).transpose()
    }
}

/// The document on stdout, so that it can be piped; what it is for on stderr.
fn print(title: &str, policy: &Policy) -> Result<(), Stop> {
    output::complain(&format!("# {title}"));
    Ok(Output::stdout().write(policy.to_json().as_bytes())?)
}
