//! What can refuse a call that the policies let through: authorizers, keys, limits, WAF?

use super::entry::Entry;
use crate::diagnosis::finding::{
    Confidence::{Certain, Likely},
    Owner,
};

pub(super) const LAMBDA_AUTHORIZER_EXPLICIT_DENY: Entry = Entry {
    title: "the Lambda authorizer's policy refuses the call",
    owner: Owner::AccountB,
    meaning: "The authorizer ran, and the policy that it returned does not let this call pass. Its verdict is cached, 300 s by default.",
    shows: "`AccessDeniedException` `User is not authorized to access this resource …`, without an ARN.",
    ceiling: Certain,
    fix: &[
        "see the authorizer's log in account B, by the request id of the report",
        "send a token that it accepts: `--header-file`",
        "a cached policy for one method also refuses others: let it allow `arn:{partition}:execute-api:{region}:*:{api}/{stage}/*`, or turn caching off",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-403-error-lambda-authorizer",
};

pub(super) const AUTHORIZER_UNAUTHORIZED: Entry = Entry {
    title: "an authorizer got no token, or rejected it",
    owner: Owner::Caller,
    meaning: "The method has an authorizer. Its identity source is missing from the request, or the token is not valid. A Lambda and a Cognito authorizer say the same.",
    shows: "401 `UnauthorizedException`, on every path alike: the private path works up to here.",
    ceiling: Likely,
    fix: &[
        "send what it wants: `apigw-probe once … --header-file FILE` with a line `Authorization: …`",
        "{if http-api}in account B, see what an HTTP API asks for: `aws apigatewayv2 get-authorizers --api-id {api} --region {region} --query 'Items[].[AuthorizerType,IdentitySource,JwtConfiguration]'`",
        "{unless http-api}in account B, see what that is: `aws apigateway get-authorizers --rest-api-id {api} --region {region} --query 'items[].[type,identitySource]'`",
        "or expect 401: `--expect-status 401` still proves the whole path",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html",
};

pub(super) const COGNITO_UNAUTHORIZED: Entry = Entry {
    title: "a Cognito authorizer got no token, or rejected it",
    owner: Owner::Caller,
    meaning: "The token is missing, expired, of another user pool, or lacks the scope; an access token is wanted where scopes are set, an ID token where none are.",
    shows: "401 `UnauthorizedException`, on every path alike.",
    ceiling: Likely,
    fix: &[
        "send a fresh token of the right kind: `--header-file` with a line `Authorization: …`",
        "in account B, see of which pool: `aws apigateway get-authorizers --rest-api-id {api} --region {region} --query 'items[].providerARNs'`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html",
};

pub(super) const AUTHORIZER_MISCONFIGURED: Entry = Entry {
    title: "the authorizer itself failed",
    owner: Owner::AccountB,
    meaning: "The authorizer's function threw, timed out, returned no valid policy, or may not be invoked by API Gateway.",
    shows: "500 `AuthorizerConfigurationException`, body `{\"message\":null}`.",
    ceiling: Certain,
    fix: &[
        "see the authorizer's log in account B at this time",
        "let API Gateway invoke it: `aws lambda add-permission --function-name AUTHORIZER --statement-id apigateway --action lambda:InvokeFunction --principal apigateway.amazonaws.com \
         --source-arn 'arn:{partition}:execute-api:{region}:ACCOUNT_B:{api}/authorizers/*' --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html",
};

pub(super) const API_KEY_MISSING: Entry = Entry {
    title: "the method wants an API key, and none was sent",
    owner: Owner::Caller,
    meaning: "With apiKeyRequired a call without a key of a usage plan for this stage is refused.",
    shows: "`ForbiddenException` on every path alike, and the request had no `x-api-key`.",
    ceiling: Likely,
    fix: &[
        "send the key: `--header-file FILE` with a line `x-api-key: …`",
        "in account B, this must name {api} and {stage}: `aws apigateway get-usage-plans --region {region} --query 'items[].apiStages'`",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
};

pub(super) const API_KEY_INVALID: Entry = Entry {
    title: "the API key is wrong, disabled, or not in a usage plan of this stage",
    owner: Owner::Caller,
    meaning: "The key that was sent, or that an authorizer supplied, is not one that this stage takes.",
    shows: "`ForbiddenException` on every path alike, although a key was sent.",
    ceiling: Likely,
    fix: &[
        "in account B, see whether it is enabled: `aws apigateway get-api-keys --region {region} --query 'items[].[id,name,enabled]'`",
        "its usage plan must name {api} and {stage}: `aws apigateway get-usage-plans --region {region} --query 'items[].apiStages'`",
        "a stage that was deleted and made anew must be added to the usage plan again",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
};

pub(super) const API_KEY_MISSING_OR_INVALID: Entry = Entry {
    title: "the API key is missing or wrong",
    owner: Owner::Caller,
    meaning: "A method with apiKeyRequired refuses a missing key and a wrong one with the same words.",
    shows: "`ForbiddenException` on every path alike.",
    ceiling: Likely,
    fix: &[
        "send a good key: `--header-file FILE` with a line `x-api-key: …`",
        "in account B, this must name {api} and {stage}: `aws apigateway get-usage-plans --region {region} --query 'items[].apiStages'`",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
};

pub(super) const QUOTA_EXCEEDED: Entry = Entry {
    title: "the usage plan's quota is used up",
    owner: Owner::AccountB,
    meaning: "The API key's plan allows so many calls a day, week or month; they are spent. No header says until when.",
    shows: "429 `LimitExceededException`, `Limit Exceeded`.",
    ceiling: Certain,
    fix: &[
        "wait for the next period, or in account B: `aws apigateway update-usage-plan --usage-plan-id PLAN --region {region} --patch-operations op=replace,path=/quota/limit,value=LIMIT`",
        "give the probe a key and a plan of its own, and see what its interval costs: `config check` prints calls per day",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html",
};

pub(super) const THROTTLED: Entry = Entry {
    title: "too many requests: a throttle of plan, method, stage or account",
    owner: Owner::AccountB,
    meaning: "The rate is over a limit: the plan's for this client or method, the method's on the stage, or the account's in the Region. The probe itself sends one request a path.",
    shows: "429 `TooManyRequestsException`; some calls pass.",
    ceiling: Certain,
    fix: &[
        "in account B: see `Count` and `4XXError` of {api} in CloudWatch at this time",
        "{if http-api}raise the throttle of an HTTP API's stage: `aws apigatewayv2 update-stage --api-id {api} --stage-name STAGE_NAME --default-route-settings ThrottlingRateLimit=RATE,ThrottlingBurstLimit=BURST --region {region}`",
        "{unless http-api}raise the throttle of the stage: `aws apigateway update-stage --rest-api-id {api} --stage-name {stage} --region {region} --patch-operations 'op=replace,path=/*/*/throttling/rateLimit,value=RATE'`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html",
};

pub(super) const WAF_BLOCK: Entry = Entry {
    title: "WAF blocks the request",
    owner: Owner::AccountB,
    meaning: "A rule of the stage's web ACL fits: address, method, user agent, size or rate. WAF is asked before any policy, and so hides what they would say.",
    shows: "`ForbiddenException`, or whatever response the ACL is given; `$context.wafResponseCode` is WAF_BLOCK.",
    ceiling: Likely,
    fix: &[
        "in account B, see whether there is one: `aws apigateway get-stage --rest-api-id {api} --stage-name {stage} --region {region} --query webAclArn`",
        "see its sampled requests for this time, and let the probe's user agent or address pass",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html",
};

pub(super) const WAF_OR_CUSTOM_RESPONSE: Entry = Entry {
    title: "a response that the API's owner made: of WAF, or of a gateway response",
    owner: Owner::AccountB,
    meaning: "Status, headers and body of every refusal can be changed, so that these do not tell the reason.",
    shows: "a status or body that API Gateway does not use by itself.",
    ceiling: Likely,
    fix: &[
        "in account B, list those that were changed: `aws apigateway get-gateway-responses --rest-api-id {api} --region {region} --query 'items[?!defaultResponse]'`",
        "see the access log at this time, by the request id of the report: `$context.error.responseType` and `$context.wafResponseCode` tell the reason",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html",
};
