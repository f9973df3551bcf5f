//! What can be wrong behind the API, where the private path is proven good, or with the request's form?

use super::entry::Entry;
use crate::diagnosis::finding::{
    Confidence::{Certain, Likely},
    Owner,
};

pub(super) const BACKEND_ERROR_MASKED_AS_200: Entry = Entry {
    title: "a success status hides a backend's error",
    owner: Owner::AccountB,
    meaning: "A non-proxy integration turns the backend's refusal into a success; only the body tells.",
    shows: "an expected status with a body such as `{\"message\":\"Forbidden\"}` or `{\"errorMessage\":…}` and no `x-amzn-ErrorType`.",
    ceiling: Likely,
    fix: &[
        "in account B, give the integration responses a `selectionPattern` for the backend's errors, or use a proxy integration, and redeploy",
        "see why the backend refuses API Gateway: its own keys, policies and health",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/handle-errors-in-lambda-integration.html",
};

pub(super) const BACKEND_STATUS: Entry = Entry {
    title: "the private path works: the backend itself answered, with a status that is not expected",
    owner: Owner::AccountB,
    meaning: "Everything up to the integration is good. What came back is the backend's own answer, or a response that the API's owner made.",
    shows: "API Gateway's id on the answer, and no error type.",
    ceiling: Likely,
    fix: &[
        "see the backend's log in account B, by the request id of the report",
        "or give a resource that answers well, or expect this status: `--expect-status CODE`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
};

pub(super) const REQUEST_VALIDATION_FAILED: Entry = Entry {
    title: "the request does not have the form that the method demands",
    owner: Owner::Caller,
    meaning: "A request validator misses a parameter, a header or a body, or the content type is not taken.",
    shows: "400 or 415 `BadRequestException`, on every path alike: the private path works up to here.",
    ceiling: Certain,
    fix: &[
        "add what the message names: to the URL's query, or with `--header`",
        "in account B: `aws apigateway get-request-validators --rest-api-id {api} --region {region}`",
        "or probe a resource that needs nothing",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html",
};

pub(super) const BODY_TOO_LARGE: Entry = Entry {
    title: "the request's body is over 10 MB",
    owner: Owner::Caller,
    meaning: "API Gateway takes bodies of up to 10 MB.",
    shows: "413 `HTTP content length exceeded 10485760 bytes.`",
    ceiling: Likely,
    fix: &["send less; large data goes over S3 with a presigned URL"],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
};

pub(super) const URI_TOO_LONG: Entry = Entry {
    title: "the request's path is too long",
    owner: Owner::Caller,
    meaning: "For private APIs the method's ARN, which holds the path, may have 1600 bytes.",
    shows: "414 `Request URI too long`.",
    ceiling: Likely,
    fix: &["shorten the path; data belongs into query or body"],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
};

pub(super) const LAMBDA_PERMISSION_MISSING: Entry = Entry {
    title: "API Gateway may not invoke the Lambda function",
    owner: Owner::AccountB,
    meaning: "The function's own policy does not admit this API, stage or method.",
    shows: "500 `Internal server error`; the execution log says `Invalid permissions on Lambda function`.",
    ceiling: Likely,
    fix: &[
        "in account B: `aws lambda add-permission --function-name FUNCTION --statement-id apigateway --action lambda:InvokeFunction --principal apigateway.amazonaws.com \
         --source-arn 'arn:{partition}:execute-api:{region}:ACCOUNT_B:{api}/*' --region {region}`",
        "if the integration names an alias or a stage variable, the permission must be on that alias (`--qualifier`)",
    ],
    docs: "https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html",
};

pub(super) const LAMBDA_PROXY_MALFORMED: Entry = Entry {
    title: "the Lambda function's answer does not have the form of a proxy response",
    owner: Owner::AccountB,
    meaning: "A proxy integration wants `statusCode`, `headers` and a `body` that is a string.",
    shows: "502 `Internal server error`; the execution log says `Malformed Lambda proxy response`.",
    ceiling: Likely,
    fix: &[
        "in account B, see the execution log of {api}/{stage} at this time",
        "return `statusCode` as a number and `body` as a string",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html",
};

pub(super) const LAMBDA_ERROR: Entry = Entry {
    title: "the Lambda function failed",
    owner: Owner::AccountB,
    meaning: "It threw, ran out of time or memory, or was throttled.",
    shows: "502 (proxy) or 500 `Internal server error`; the function's log has the reason.",
    ceiling: Likely,
    fix: &[
        "in account B, see the function's log at this time, by the request id of the report",
        "see its `Errors`, `Duration` and `Throttles` in CloudWatch",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/handle-errors-in-lambda-integration.html",
};

pub(super) const INTEGRATION_CONFIG_ERROR: Entry = Entry {
    title: "the API's integration is set up wrongly",
    owner: Owner::AccountB,
    meaning: "The integration's address, mapping, role, stage variable or the backend's TLS name is wrong. The answer is the same for a Lambda \
              function that may not be invoked.",
    shows: "500 `Internal server error` on every path alike: the private path works up to here.",
    ceiling: Likely,
    fix: &[
        "{if plain-to-tls}where the backend says that plain HTTP came to its TLS port, the integration's address must begin with `https://`: `aws apigateway update-integration --rest-api-id {api} --resource-id RESOURCE --http-method {method} --patch-operations op=replace,path=/uri,value=https://BACKEND --region {region}`",
        "{if plain-to-tls}where the address was changed, that counts once it is deployed: `aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}`",
        "{unless http-api}in account B, see the execution log of {api}/{stage} at this time; it has the reason",
        "{if http-api}in account B, see the HTTP API's access log at this time: `$context.integrationErrorMessage` has the reason, since there is no execution log",
        "{unless http-api}or see the same log at once, by a call that the backend gets for real: `aws apigateway test-invoke-method --rest-api-id {api} --resource-id RESOURCE --http-method {method} --region {region}`",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
};

pub(super) const INTEGRATION_TIMEOUT: Entry = Entry {
    title: "the backend took longer than the integration's timeout",
    owner: Owner::AccountB,
    meaning: "API Gateway waited, 29 s by default, and gave up.",
    shows: "504 `Endpoint request timed out`.",
    ceiling: Certain,
    fix: &[
        "in account B, see the backend's duration at this time (`IntegrationLatency` of {api} in CloudWatch)",
        "a private API's integration may be given more than 29 s (`timeoutInMillis`, after a quota increase that may cost account throttle)",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
};

pub(super) const INTEGRATION_NETWORK_ERROR: Entry = Entry {
    title: "API Gateway cannot reach the backend",
    owner: Owner::AccountB,
    meaning: "A VPC link, its load balancer, the targets behind it or their security groups do not let it through. A VPC link that was idle for 60 days sleeps.",
    shows: "504 `Network error communicating with endpoint`, mostly at once.",
    ceiling: Certain,
    fix: &[
        "{if http-api}in account B, for an HTTP API this must say AVAILABLE: `aws apigatewayv2 get-vpc-links --region {region} --query 'Items[].[VpcLinkId,VpcLinkStatus]'`",
        "{unless http-api}in account B, this must say AVAILABLE: `aws apigateway get-vpc-links --region {region} --query 'items[].[id,status]'`",
        "see the targets' health and the security groups of load balancer and targets",
    ],
    docs: "https://repost.aws/knowledge-center/api-gateway-500-error-vpc",
};

pub(super) const RESPONSE_TOO_SLOW: Entry = Entry {
    title: "no whole answer came before the deadline",
    owner: Owner::AccountB,
    meaning: "Connection and TLS are good, so the endpoint was reached; the backend did not finish in the time that this probe gives it.",
    shows: "the deadline passed while waiting for the answer, or for its end.",
    ceiling: Likely,
    fix: &[
        "probe with more time: `--timeout 35s` covers API Gateway's default of 29 s",
        "in account B, see `IntegrationLatency` of {api} in CloudWatch",
        "or probe a resource that answers quickly",
    ],
    docs: "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
};
