//! What can be wrong with the way an API is named: id, stage, route, headers?

use super::entry::Entry;
use crate::diagnosis::finding::{
    Confidence::{Certain, Likely, Possible},
    Owner,
};

pub(super) const OK: Entry = Entry {
    title: "the path works",
    owner: Owner::Caller,
    meaning: "An expected status came back through a REST API.",
    shows: "an expected status with `x-amz-apigw-id`.",
    ceiling: Certain,
    fix: &["nothing to do"],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html",
};

pub(super) const OK_HTTP_API: Entry = Entry {
    title: "the answer comes from an HTTP API, which cannot be private",
    owner: Owner::Caller,
    meaning: "Only REST APIs can be private. An HTTP API that answers was reached over the Internet.",
    shows: "`apigw-requestid` in the place of `x-amz-apigw-id`.",
    ceiling: Likely,
    fix: &[
        "see whether {api} is the API that is meant; if this knows it, it is an HTTP or WebSocket API: `aws apigatewayv2 get-api --api-id {api} --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html",
};

pub(super) const PUBLIC_API_VIA_VPCE: Entry = Entry {
    title: "the API is public, and an endpoint serves private APIs only",
    owner: Owner::AccountB,
    meaning: "Edge-optimised and Regional APIs, HTTP and WebSocket APIs answer `Forbidden` through an endpoint. With private DNS on, \
              the endpoint catches every public API of the Region that the VPC calls by its default name, and every Regional custom \
              domain name whose record is a CNAME to `d-….execute-api.…`.",
    shows: "`ForbiddenException` through the endpoint; for a public API, private addresses where public ones belong.",
    ceiling: Likely,
    fix: &[
        "{unless saved-private}in account B, see its kind; an endpoint serves PRIVATE alone: `aws apigateway get-rest-api --rest-api-id {api} --region {region} --query endpointConfiguration.types`",
        "{if saved-private}if it is saved as PRIVATE already, that counts once it is deployed: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{if saved-private}if it was called with `--public`, leave that out and give VPCE_DNS_NAME: a private API is called over an endpoint",
        "{unless saved-private}if it is to stay public, give it a Regional custom domain name and reach that by an alias record (type A), not by a CNAME to its \
         `d-….execute-api.…` name, which the endpoint catches too; or an edge-optimised custom domain name",
        "{unless private-dns-off saved-private}or turn private DNS off, with a private hosted zone for the exact name of each private API in its place: `aws ec2 modify-vpc-endpoint --vpc-endpoint-id {vpce} --no-private-dns-enabled --region {region}`",
        "{unless saved-private}a private subnet needs a NAT gateway for the way to a public API",
        "{unless saved-private}or make it private, which needs a resource policy and a deployment, and takes it from its Internet callers (`types/EDGE` for an edge-optimised one): `aws apigateway update-rest-api --rest-api-id {api} --region {region} --patch-operations op=replace,path=/endpointConfiguration/types/REGIONAL,value=PRIVATE`",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-vpc-connections",
};

pub(super) const WRONG_HOST_HEADER: Entry = Entry {
    title: "the `Host` header names no API at this endpoint",
    owner: Owner::Caller,
    meaning: "Over the endpoint's own name, `Host` must be the API's own name with the suffix of the right partition; the endpoint's name \
              or a wrong suffix finds nothing.",
    shows: "`ForbiddenException` on `vpce-host-header` while `vpce-api-id-header` works.",
    ceiling: Likely,
    fix: &[
        "{if other-suffix}if INVOKE_URL ends in another suffix than the names of its Region (in China amazonaws.com.cn), correct it: `Host` must be `{own-name}`",
        "{unless other-suffix}if `Host: {invoke}` is what was sent, it is right: look for a proxy or load balancer that rewrites it on the way",
        "or call with `x-apigw-api-id: {api}`, which wins over `Host`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html",
};

pub(super) const WRONG_API_ID_HEADER: Entry = Entry {
    title: "the `x-apigw-api-id` header does not reach the gateway, or names no API",
    owner: Owner::Caller,
    meaning: "Over the endpoint's own name this header selects the API. A wrong id, or a middlebox that strips it, leaves nothing to select by.",
    shows: "`ForbiddenException` on `vpce-api-id-header` while `vpce-host-header` works.",
    ceiling: Likely,
    fix: &[
        "if `x-apigw-api-id: {api}` is what was sent, it is right: look for a proxy or load balancer that strips or changes it on the way",
        "or use `Host: {invoke}`, which works here",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html",
};

pub(super) const WRONG_API_ID: Entry = Entry {
    title: "there is no API of this id here",
    owner: Owner::Caller,
    meaning: "The id is mistyped, of another Region, or the API was deleted. With private DNS on, its names resolve all the same.",
    shows: "`ForbiddenException` through the endpoint; without private DNS the API's names do not exist.",
    ceiling: Likely,
    fix: &[
        "in account B, this must find it: `aws apigateway get-rest-api --rest-api-id {api} --region {region}`",
        "copy the invoke URL anew: API Gateway, the API, Stages",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
};

pub(super) const MISSING_STAGE: Entry = Entry {
    title: "the URL has no stage, or one that is not deployed",
    owner: Owner::Caller,
    meaning: "The first segment of the path must be a stage to which the API was deployed.",
    shows: "`ForbiddenException` on every path alike; an undefined path below a good stage says `Missing Authentication Token`.",
    ceiling: Likely,
    fix: &[
        "{if no-stage}if INVOKE_URL names no stage, add one, as in `https://{invoke}/STAGE_NAME`",
        "{unless http-api no-stage}if INVOKE_URL names another stage than those of the API, correct it there; `{stage}` was asked for",
        "{unless http-api}in account B, list the stages: `aws apigateway get-stages --rest-api-id {api} --region {region} --query 'item[].stageName'`",
        "{if http-api}in account B, list the stages of the HTTP API; `$default` serves what names none: `aws apigatewayv2 get-stages --api-id {api} --region {region} --query 'Items[].[StageName,AutoDeploy]'`",
        "{unless http-api no-stage}if `{stage}` should be among them and is not, put the API's present state live under that name: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
};

pub(super) const WRONG_RESOURCE_OR_METHOD: Entry = Entry {
    title: "the API has no such path or method in this stage",
    owner: Owner::Caller,
    meaning: "API and stage are there, but no route fits. For an undefined route API Gateway says `Missing Authentication Token`, \
              the same as for an unsigned call of an AWS_IAM method.",
    shows: "`MissingAuthenticationTokenException` on every path alike.",
    ceiling: Likely,
    fix: &[
        "{unless http-api saved-route}in account B, list the routes; {resource} must be there with {method} or ANY: `aws apigateway get-resources --rest-api-id {api} --region {region} --embed methods`",
        "{unless http-api saved-route}if it is not there, correct INVOKE_URL or the method, or let account B add it",
        "{if iam-auth-unsigned}if the method is AWS_IAM, sign the calls (`--auth iam`); `--auth both` tells a missing signature from a missing route",
        "{unless http-api}if {method} {resource} is there, the stage may show an older deployment; redeploy: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{if http-api}in account B, list the routes of the HTTP API; one must fit the method and what follows the stage: `aws apigatewayv2 get-routes --api-id {api} --region {region} --query 'Items[].[RouteKey,AuthorizationType]'`",
        "{if http-api}see whether the URL's first part is a stage, or `$default` takes it as a part of the path: `aws apigatewayv2 get-stages --api-id {api} --region {region} --query 'Items[].[StageName,AutoDeploy]'`",
        "{if http-api}where AutoDeploy is not true, a new route counts once it is deployed: `aws apigatewayv2 create-deployment --api-id {api} --stage-name STAGE_NAME --region {region}`",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-authentication-token-errors",
};

pub(super) const FORBIDDEN_UNKNOWN: Entry = Entry {
    title: "API Gateway says `Forbidden` and does not say why",
    owner: Owner::AccountB,
    meaning: "`ForbiddenException` has ten known reasons: stage, API key, WAF, an API that is public, disabled, deleted or of another id, `Host`, \
              and the API-id header. What was seen does not tell them apart.",
    shows: "403 with `ForbiddenException` and the body `Forbidden`.",
    ceiling: Possible,
    fix: &[
        "{if missing-stage}the stage; this must list `{stage}`: `aws apigateway get-stages --rest-api-id {api} --region {region} --query 'item[].stageName'`",
        "{if public-api-via-vpce wrong-api-id}{unless saved-private}the kind; this must say PRIVATE, and be deployed: `aws apigateway get-rest-api --rest-api-id {api} --region {region} --query endpointConfiguration.types`",
        "{if default-endpoint-disabled}{unless saved-enabled}the default endpoint; this must say false, and be deployed: `aws apigateway get-rest-api --rest-api-id {api} --region {region} --query disableExecuteApiEndpoint`",
        "{if api-key-missing api-key-invalid api-key-missing-or-invalid}{unless saved-keyless}an API key: if the method has apiKeyRequired, send one in `x-api-key` (`--header-file`), of a usage plan for `{stage}`",
        "{if waf-block}WAF: with a web ACL on the stage, see its log, or `$context.wafResponseCode` in the access log",
        "{if waf-or-custom-response}a response of the owner's making: `aws apigateway get-gateway-responses --rest-api-id {api} --region {region} --query 'items[?!defaultResponse]'`",
        "{if wrong-host-header wrong-api-id-header}see that nothing between changes `Host` or `x-apigw-api-id`",
        "{if default-endpoint-disabled public-api-via-vpce api-key-missing api-key-invalid api-key-missing-or-invalid}if kind, default endpoint and key are saved as they should be, they count once they are deployed: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{if missing-stage wrong-api-id}probe an undefined path below the stage: `Missing Authentication Token` there proves API and stage, and leaves API key and WAF",
        "look for the request id of the report in account B's access log: `$context.error.responseType` names the reason there, such as INVALID_API_KEY or WAF_FILTERED; without a line this stage did not get the call",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
};

pub(super) const DEFAULT_ENDPOINT_DISABLED: Entry = Entry {
    title: "the API's default endpoint is disabled",
    owner: Owner::AccountB,
    meaning: "With `disableExecuteApiEndpoint` an API answers by its custom domain names only; all four paths are refused.",
    shows: "`ForbiddenException` on every path alike, while a custom domain name works.",
    ceiling: Likely,
    fix: &[
        "{unless http-api saved-enabled}in account B: `aws apigateway update-rest-api --rest-api-id {api} --region {region} --patch-operations op=replace,path=/disableExecuteApiEndpoint,value=false`",
        "{unless http-api}`disableExecuteApiEndpoint` counts as false once that is deployed: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{if http-api}in account B, for an HTTP API: `aws apigatewayv2 update-api --api-id {api} --no-disable-execute-api-endpoint --region {region}`",
        "{if http-api}where AutoDeploy of the stage is not true, deploy the HTTP API: `aws apigatewayv2 create-deployment --api-id {api} --stage-name STAGE_NAME --region {region}`",
        "or call its custom domain name",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-disable-endpoint",
};

pub(super) const STRICT_ACCESS_MODE: Entry = Entry {
    title: "the API takes only requests by its own name (`endpointAccessMode: STRICT`)",
    owner: Owner::AccountB,
    meaning: "With an enhanced security policy in strict mode, SNI, `Host` and endpoint type must fit together. Then the alias and the endpoint's own \
              name are refused, and private DNS or a private custom domain name is the only way. How the refusal looks is documented nowhere.",
    shows: "`private-dns` works, the three others reach the endpoint and fail alike.",
    ceiling: Likely,
    fix: &[
        "in account B, see the mode; a change takes up to 15 minutes: `aws apigateway get-rest-api --rest-api-id {api} --region {region} --query '[securityPolicy,endpointAccessMode,apiStatus]'`",
        "use `private-dns` alone, and mark the others `forbidden` or `skip`",
        "or in account B: `aws apigateway update-rest-api --rest-api-id {api} --region {region} --patch-operations op=replace,path=/endpointAccessMode,value=BASIC`",
        "then redeploy, for the change to take effect: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html",
};

pub(super) const ANSWERED_BY_ANOTHER_API: Entry = Entry {
    title: "another API, stage or Region answered than was asked",
    owner: Owner::Caller,
    meaning: "A refusal names the resource that was refused. If that is not what was asked for, a name, a header or a proxy leads elsewhere.",
    shows: "the ARN in the message differs from the URL in partition, Region, API, stage, method or path.",
    ceiling: Likely,
    fix: &[
        "{if names-resource}where an answer names an ARN, compare that in the evidence with {api}/{stage} in {region}",
        "{unless names-resource}look for the request id of the report in the access log of {api}/{stage}: without a line there, another API or stage answered",
        "see that nothing between rewrites `Host`, `x-apigw-api-id` or the path",
        "see that the names lead to the endpoint that is meant: hosts file, hosted zones",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-policy-language-overview.html",
};

pub(super) const ANSWERED_BY_HTTP_API: Entry = Entry {
    title: "an HTTP API answered, which cannot be private",
    owner: Owner::Caller,
    meaning: "Only REST APIs can be private. An HTTP API is reached over the Internet, or by something on the way that calls it; what it refuses says \
              nothing of a private API.",
    shows: "`apigw-requestid` in the place of `x-amz-apigw-id`, with a status that is not expected.",
    ceiling: Likely,
    fix: &[
        "see whether {api} is the API that is meant; if this knows it, it is an HTTP or WebSocket API: `aws apigatewayv2 get-api --api-id {api} --region {region}`",
        "if a private API is meant, copy its invoke URL: API Gateway, the REST API, Stages",
        "HTTP APIs have no resource policies: a caller of another account takes a role in the API's, and signs: `--auth iam --assume-role-arn arn:{partition}:iam::ACCOUNT_B:role/NAME`",
        "if the HTTP API is meant, call it from where the Internet is reached, and see its routes: `aws apigatewayv2 get-routes --api-id {api} --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html",
};
