//! What can a policy refuse: the API's, the endpoint's, the caller's?

use super::entry::Entry;
use crate::diagnosis::finding::{
    Confidence::{Certain, Likely},
    Owner,
};

pub(super) const RESOURCE_POLICY_EXPLICIT_DENY: Entry = Entry {
    title: "the API's resource policy denies the call",
    owner: Owner::AccountB,
    meaning: "A Deny statement fits: mostly `StringNotEquals` on `aws:SourceVpce` or `aws:SourceVpc` with another id than this endpoint's. \
              A policy that was changed counts only after a new deployment.",
    shows: "`AccessDeniedException` `… with an explicit deny in a resource-based policy`, on every path alike.",
    ceiling: Certain,
    fix: &[
        "{if saved-allows}if the API's policy allows this call as it is saved, put that in force: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{if saved-allows}if that changes nothing, see that the calls go over {vpce} and no other endpoint, and which deployment the stage shows: `aws apigateway get-stage --rest-api-id {api} --stage-name {stage} --region {region} --query '[deploymentId,lastUpdatedDate,canarySettings]'`",
        "{unless saved-allows}in account B, see the policy; its `aws:SourceVpce` must list {vpce}: `aws apigateway get-rest-api --rest-api-id {api} --region {region} --query policy --output text`",
        "{unless saved-allows no-source-ip}`aws:SourceIp` does not see the client here; use `aws:VpcSourceIp` (IPv4 and IPv6)",
        "{unless saved-allows}then redeploy, or the old policy stays in force: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html",
};

pub(super) const RESOURCE_POLICY_IMPLICIT_DENY: Entry = Entry {
    title: "the API's resource policy does not allow the call",
    owner: Owner::AccountB,
    meaning: "No Allow statement fits: none at all, one with a condition that does not hold (often `aws:SourceIp`, which an endpoint rewrites), \
              one for another resource or stage, one for a principal while the call is anonymous, or one that is not deployed.",
    shows: "`AccessDeniedException` `… because no resource-based policy allows the execute-api:Invoke action`, on every path alike.",
    ceiling: Certain,
    fix: &[
        "{if saved-allows}if the API's policy allows this call as it is saved, put that in force: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{if saved-allows}if that changes nothing, see that the calls go over {vpce} and no other endpoint, and which deployment the stage shows: `aws apigateway get-stage --rest-api-id {api} --stage-name {stage} --region {region} --query '[deploymentId,lastUpdatedDate,canarySettings]'`",
        "{if signed}{unless saved-allows}in account B, for a signed call, allow `execute-api:Invoke` on `arn:{partition}:execute-api:{region}:*:{api}/*` with the Principal `{caller}` (the account in full, a role with its path) and `aws:SourceVpce` = {vpce} as its condition",
        "{unless saved-allows signed}in account B, allow `execute-api:Invoke` on `arn:{partition}:execute-api:{region}:*:{api}/*` with `aws:SourceVpce` = {vpce} as its condition",
        "{unless saved-allows no-source-ip}where its condition is on `aws:SourceIp`, which does not see the client here, make it `aws:VpcSourceIp`",
        "{unless saved-allows signed}if the policy names principals, the method must be AWS_IAM and the call signed",
        "{unless saved-allows}then redeploy, or the old policy stays in force: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html",
};

pub(super) const RESOURCE_POLICY_DENY_UNSPECIFIED: Entry = Entry {
    title: "a policy refuses, without saying which or how",
    owner: Owner::AccountB,
    meaning: "The older wording names neither the policy nor whether it denies or only does not allow. The API's resource policy is the most \
              common, the endpoint's policy the next.",
    shows: "`AccessDeniedException` `User: … is not authorized to perform: execute-api:Invoke on resource: …` and nothing more.",
    ceiling: Likely,
    fix: &[
        "{if saved-allows}if the API's policy allows this call as it is saved, put that in force: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{if saved-allows}if that changes nothing, see that the calls go over {vpce} and no other endpoint, and which deployment the stage shows: `aws apigateway get-stage --rest-api-id {api} --stage-name {stage} --region {region} --query '[deploymentId,lastUpdatedDate,canarySettings]'`",
        "{unless saved-allows}in account B, see the policy; it must allow `execute-api:Invoke` to {vpce}, and be deployed: `aws apigateway get-rest-api --rest-api-id {api} --region {region} --query policy --output text`",
        "{unless endpoint-allows}in account A, see the endpoint's: `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {vpce} --region {region} --query 'VpcEndpoints[].PolicyDocument' --output text`",
        "{unless saved-allows}after a change in account B, redeploy: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html",
};

pub(super) const VPCE_POLICY_IMPLICIT_DENY: Entry = Entry {
    title: "the endpoint's policy does not allow the call",
    owner: Owner::AccountA,
    meaning: "The endpoint's policy is judged first. It has no Allow for this API or this caller; a policy that names principals refuses unsigned calls.",
    shows: "`AccessDeniedException` `… because no VPC endpoint policy allows the execute-api:Invoke action`, on every path alike.",
    ceiling: Certain,
    fix: &[
        "{if endpoint-allows}if the endpoint's policy allows this call as it is now, it may just have changed: call again in some minutes, and see that the calls go over {vpce} and no other endpoint",
        "{unless endpoint-allows}see it: `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {vpce} --region {region} --query 'VpcEndpoints[].PolicyDocument' --output text`",
        "{unless endpoint-allows}allow `execute-api:Invoke` on `arn:{partition}:execute-api:{region}:*:{api}/*`",
        "{unless endpoint-allows}this replaces the whole policy, for every API behind this endpoint: `aws ec2 modify-vpc-endpoint --vpc-endpoint-id {vpce} --policy-document file://policy.json --region {region}`",
        "{unless endpoint-allows}if it names principals, sign the calls",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-endpoint-policies.html",
};

pub(super) const VPCE_POLICY_EXPLICIT_DENY: Entry = Entry {
    title: "the endpoint's policy denies the call",
    owner: Owner::AccountA,
    meaning: "A Deny statement of the endpoint's policy fits this API or this caller.",
    shows: "`AccessDeniedException` `… with an explicit deny in a VPC endpoint policy`.",
    ceiling: Likely,
    fix: &[
        "{if endpoint-allows}if the endpoint's policy allows this call as it is now, it may just have changed: call again in some minutes, and see that the calls go over {vpce} and no other endpoint",
        "{unless endpoint-allows}see it: `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {vpce} --region {region} --query 'VpcEndpoints[].PolicyDocument' --output text`",
        "{unless endpoint-allows}take the statement away or narrow it",
        "{unless endpoint-allows}this replaces the whole policy, for every API behind this endpoint: `aws ec2 modify-vpc-endpoint --vpc-endpoint-id {vpce} --policy-document file://policy.json --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-endpoint-policies.html",
};

pub(super) const IDENTITY_POLICY_DENY: Entry = Entry {
    title: "the caller's own policies, or its organisation's, refuse the call",
    owner: Owner::AccountA,
    meaning: "For a signed call across accounts both sides must allow: the caller's identity policy and the API's resource policy; \
              within one account one of them is enough. Service control policies of the caller's organisation, permissions boundaries and session policies may refuse as well.",
    shows: "`AccessDeniedException` that names an identity-based, session or service control policy, or a permissions boundary.",
    ceiling: Likely,
    fix: &[
        "{if guardrail}where the message names a control policy or a boundary, no allow elsewhere helps: its administrators must change that; a session policy is changed by whoever takes the role",
        "{unless guardrail}{if one-account}where caller and API are of one account (B), by the digits of their ARNs, allow the role or user there `execute-api:Invoke` on `arn:{partition}:execute-api:{region}:*:{api}/{stage}/*`",
        "{unless guardrail}{if one-account}or, where no policy denies and no boundary limits, allow the Principal `{caller}` (the account in full, a role with its path) in the API's resource policy, then redeploy: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{unless guardrail http-api one-account}in account A, allow the role or user `execute-api:Invoke` on `arn:{partition}:execute-api:{region}:*:{api}/{stage}/*`",
        "{if http-api}for an HTTP API, allow the role or user `execute-api:Invoke` on `arn:{partition}:execute-api:{region}:*:{api}/*`",
        "{unless guardrail http-api one-account}in account B, the API's resource policy must allow the same caller too; or take a role there, for which account B decides alone: `--assume-role-arn arn:{partition}:iam::ACCOUNT_B:role/NAME`",
        "{if http-api}an HTTP API has no resource policy: a caller of another account takes a role in the API's: `--assume-role-arn arn:{partition}:iam::ACCOUNT_B:role/NAME`",
    ],
    docs: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
};

pub(super) const RESOURCE_CONTROL_POLICY_DENY: Entry = Entry {
    title: "a resource control policy of the API's organisation refuses the call",
    owner: Owner::AccountB,
    meaning: "Resource control policies (RCP) bind the resources of an organisation's accounts, whoever calls: the one that refuses belongs to the \
              organisation of account B, not to the caller's. Neither the API's resource policy nor the caller's policies can allow what it denies.",
    shows: "`AccessDeniedException` `… with an explicit deny in a resource control policy`.",
    ceiling: Likely,
    fix: &[
        "the administrators of account B's organisation see the policies in force: `aws organizations list-policies-for-target --target-id ACCOUNT_B --filter RESOURCE_CONTROL_POLICY`",
        "mostly such a policy demands the organisation's own principals (`aws:PrincipalOrgID`) or networks (`aws:SourceVpce`): let it except this API or {vpce}",
    ],
    docs: "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html",
};

pub(super) const FORBIDDEN_PATH_OPEN: Entry = Entry {
    title: "a path that must stay shut returns an expected status",
    owner: Owner::AccountA,
    meaning: "The configuration says that this path must not work, and it does: a wall that was meant to be there is not.",
    shows: "an expected status on a path of intent `forbidden`.",
    ceiling: Certain,
    fix: &[
        "deny what should not pass: in the API's resource policy (account B, then redeploy), in the endpoint's policy, or by turning private DNS or the association off",
        "or, if it may work, change the path's intent",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html",
};
