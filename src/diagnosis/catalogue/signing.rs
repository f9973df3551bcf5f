//! What can be wrong with a signature, the credentials behind it, and the clock?

use super::entry::Entry;
use crate::diagnosis::finding::{
    Confidence::{Certain, Likely},
    Owner,
};

pub(super) const IAM_AUTH_UNSIGNED: Entry = Entry {
    title: "the method wants a signed call (AWS_IAM), and this one was not signed",
    owner: Owner::Caller,
    meaning: "An unsigned call of an AWS_IAM method gets the same answer as one of an undefined route. A signed call tells them apart.",
    shows: "`MissingAuthenticationTokenException` on every path alike, without an `Authorization` header; with `--auth both`, the signed \
            call gets another answer.",
    ceiling: Certain,
    fix: &[
        "sign the calls: `--auth iam`, in a configuration `auth = \"iam\"`",
        "{unless compared}`--auth both` shows whether a signature is what is missing",
        "{if http-api}in account B, see what the routes of the HTTP API ask for: `aws apigatewayv2 get-routes --api-id {api} --region {region} --query 'Items[].[RouteKey,AuthorizationType]'`",
        "{unless http-api}in account B, see authorizationType: `aws apigateway get-resources --rest-api-id {api} --region {region} --embed methods --query 'items[].resourceMethods'`",
        "or expect 403: `--expect-status 403` still proves the path to the API",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-authentication-token-errors",
};

pub(super) const IAM_AUTH_NOT_ENFORCED: Entry = Entry {
    title: "the method answers unsigned calls as well: nothing asks for a signature",
    owner: Owner::AccountB,
    meaning: "The method's authorization is NONE, or the change to AWS_IAM was not deployed. Only policies and the network stand before it.",
    shows: "with `--auth both`, the unsigned and the signed call of a path return an expected status.",
    ceiling: Likely,
    fix: &[
        "{unless http-api saved-iam}if the method is to be protected by IAM, in account B (RESOURCE is its id in `get-resources`; `ANY` where that takes every method): `aws apigateway update-method --rest-api-id {api} --resource-id RESOURCE --http-method {method} --patch-operations op=replace,path=/authorizationType,value=AWS_IAM --region {region}`",
        "{unless http-api}AWS_IAM, as it is saved, protects the method once it is deployed: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{if http-api}if the route of an HTTP API is to be protected by IAM, in account B: `aws apigatewayv2 update-route --api-id {api} --route-id ROUTE_ID --authorization-type AWS_IAM --region {region}`",
        "if the method needs no protection, leave `auth` out: a call that needs no signature is better probed without one",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html",
};

pub(super) const MISSING_AUTH_TOKEN_UNSPECIFIED: Entry = Entry {
    title: "API Gateway says `Missing Authentication Token` and does not say why",
    owner: Owner::Caller,
    meaning: "The route does not exist, or its method is AWS_IAM and the call was not signed.",
    shows: "403 `MissingAuthenticationTokenException`.",
    ceiling: Likely,
    fix: &[
        "{unless saved-route}in account B, this must have {resource} with {method} or ANY; see its authorizationType: `aws apigateway get-resources --rest-api-id {api} --region {region} --embed methods`",
        "{unless saved-iam signed}if the method is AWS_IAM, sign the calls (`--auth iam`); `--auth both` shows whether a signature is what is missing",
        "if {method} {resource} is there, the stage may show an older deployment; redeploy: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-authentication-token-errors",
};

pub(super) const SIG_MISMATCH: Entry = Entry {
    title: "the signature does not fit the request",
    owner: Owner::Caller,
    meaning: "Secret key, Region, service, body hash or a signed header differs between signing and sending; or something on the way changed it.",
    shows: "`InvalidSignatureException`; the message shows the canonical request as the service read it. A call that this probe signed \
            is compared with it line by line.",
    ceiling: Likely,
    fix: &[
        "where no line differs, the secret key is not that of the access key, and this fails with it as well: `aws sts get-caller-identity --region {region}`",
        "where a line differs, something on the way changed it after signing: that must stop",
        "sign for service execute-api in {region}; whatever a proxy may change must not be among the signed headers",
    ],
    docs: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html",
};

pub(super) const SIG_MISMATCH_WRONG_HOST: Entry = Entry {
    title: "the signature was made for another host than `Host` says",
    owner: Owner::Caller,
    meaning: "The `Host` that is sent must be the one that is signed. On `vpce-host-header` that is the API's name, not the URL's; on `vpce-api-id-header` the endpoint's.",
    shows: "`InvalidSignatureException` on some paths, while others with another `Host` work.",
    ceiling: Likely,
    fix: &[
        "sign `host:{invoke}` on `private-dns` and `vpce-host-header`, `host:{alias}` on `route53-alias`, `host:{endpoint}` on `vpce-api-id-header`",
    ],
    docs: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html",
};

pub(super) const SIG_EXPIRED: Entry = Entry {
    title: "the signature is too old or too new",
    owner: Owner::Caller,
    meaning: "A signature holds for five minutes around its time. This host's clock is off, or an old signature was sent again.",
    shows: "`InvalidSignatureException`, `Signature expired: …` or `Signature not yet current: …`; the message has the server's time.",
    ceiling: Likely,
    fix: &["set the clock: `chronyc tracking`; on EC2 the time server is 169.254.169.123", "sign each request anew"],
    docs: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html",
};

pub(super) const SIG_INCOMPLETE: Entry = Entry {
    title: "the `Authorization` header is not a signature (SigV4)",
    owner: Owner::Caller,
    meaning: "A bearer token or key was sent where a signature is wanted: the method is AWS_IAM, or the route does not exist.",
    shows: "`IncompleteSignatureException`; the message repeats or hashes the header, which reports leave out.",
    ceiling: Likely,
    fix: &[
        "see that path and method exist in the stage: an undefined route says this to any `Authorization` header",
        "an API key goes in `x-api-key`, not in `Authorization`",
        "if the method is AWS_IAM, sign for service execute-api in {region}",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-authentication-token-errors",
};

pub(super) const TOKEN_INVALID: Entry = Entry {
    title: "the access key or the session token is not accepted",
    owner: Owner::Caller,
    meaning: "The access key is unknown or inactive, or the session token is missing, cut or of another key.",
    shows: "403 `The security token included in the request is invalid`.",
    ceiling: Likely,
    fix: &[
        "with the same credentials this must work: `aws sts get-caller-identity --region {region}`",
        "temporary credentials need all three parts, the session token too",
    ],
    docs: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html",
};

pub(super) const TOKEN_EXPIRED: Entry = Entry {
    title: "the session token is past its end",
    owner: Owner::Caller,
    meaning: "Temporary credentials were used after their end.",
    shows: "403 `The security token included in the request is expired`.",
    ceiling: Likely,
    fix: &["get fresh credentials: assume the role again, or let the instance profile supply them"],
    docs: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html",
};

pub(super) const CREDENTIALS_MISSING: Entry = Entry {
    title: "there are no credentials to sign with",
    owner: Owner::AccountA,
    meaning: "Neither environment, profile, web identity, container endpoint nor instance metadata gave any, or the role could not be \
              assumed. It says nothing of the API: connections were made, nothing was sent.",
    shows: "a signed call was wanted, and none could be made; the evidence says what became of each source.",
    ceiling: Certain,
    fix: &[
        "see what the AWS CLI finds on this host, as this user: `aws sts get-caller-identity --region {region}`",
        "for a role in account B, its trust policy must admit this caller, and this caller's policies must allow `sts:AssumeRole` on it",
        "where there is no way to the Internet, STS needs an interface endpoint as well: `{sts}`",
        "give the instance a profile: `aws ec2 associate-iam-instance-profile --instance-id INSTANCE --iam-instance-profile Name=PROFILE --region {region}`",
        "in a container, metadata needs a hop limit of 2: `aws ec2 modify-instance-metadata-options --instance-id INSTANCE --http-put-response-hop-limit 2 --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html",
};

pub(super) const CREDENTIALS_EXPIRED: Entry = Entry {
    title: "the credentials are past their end",
    owner: Owner::AccountA,
    meaning: "Whatever supplies the temporary credentials did not renew them. It says nothing of the API: connections were made, nothing \
              was sent.",
    shows: "their expiry is past, by this host's clock.",
    ceiling: Certain,
    fix: &[
        "see the supplier of the credentials: instance metadata, container endpoint, the role's session, file or environment",
        "see this host's clock: `chronyc tracking`",
    ],
    docs: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html",
};

pub(super) const CLOCK_SKEW: Entry = Entry {
    title: "this host's clock is minutes off",
    owner: Owner::Caller,
    meaning: "Signatures fail from five minutes on, and certificates look expired or not yet valid. A cache that keeps old answers looks the same.",
    shows: "the `Date` of the answers differs from this host's time.",
    ceiling: Likely,
    fix: &[
        "see `chronyc tracking` or `timedatectl`; on EC2 let it follow 169.254.169.123",
        "if the clock is right, look for a cache between",
    ],
    docs: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html",
};
