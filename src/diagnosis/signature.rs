//! What does one HTTP answer mean by itself? Judged by the error-type header first, the body's words second, the status third.

use super::cause::Cause;
use super::finding::Confidence;
use crate::observation::{Answer, Denial, Effect, MethodArn, PolicyKind, Wording};
use crate::plan::Plan;
use crate::target::Target;

/// What an answer means, before it is held against those of other paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) family: Family,
    /// The most useful cause first; never empty.
    pub(crate) causes: Vec<Cause>,
    /// How much the answer says by itself.
    pub(crate) strength: Confidence,
    /// What in the answer bears on it.
    pub(crate) remarks: Vec<String>,
}

/// Answers that are weighed alike when paths are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `ForbiddenException`: the gateway knows no such API, stage or key, or WAF blocks.
    Forbidden,
    /// `MissingAuthenticationTokenException`: no such route, or no signature.
    MissingToken,
    /// A policy refuses.
    Policy,
    /// An authorizer refuses or fails.
    Authorizer,
    /// The signature or the credentials behind it are refused.
    Signing,
    /// Too many requests.
    Limit,
    /// The request's form is refused.
    Request,
    /// The integration fails.
    Integration,
    /// The backend answers by itself.
    Backend,
    /// It is not API Gateway that answers.
    Foreign,
}

impl Family {
    /// Whether such an answer comes only after API and stage were found.
    pub(crate) fn proves_api(self) -> bool {
        match self {
            Self::MissingToken
            | Self::Policy
            | Self::Authorizer
            | Self::Limit
            | Self::Request
            | Self::Integration
            | Self::Backend => true,
            Self::Forbidden | Self::Signing | Self::Foreign => false,
        }
    }
}

/// Reads an answer by itself, knowing what was asked.
pub(crate) fn read(answer: &Answer, plan: &Plan, target: &Target) -> Signature {
    let error_type = answer.error_type();
    let wording = answer.wording();
    let typed = error_type.and_then(|kind| of_type(kind, wording.as_ref()));
    let mut signature = match (&typed, wording) {
        (Some(typed), _) => of_wording(typed, answer, plan),
        (None, Some(wording)) => untyped(&wording, answer, plan),
        (None, None) => of_status(answer),
    };
    if let Some(Wording::Denied(Denial { resource: Some(arn), .. })) = answer.wording() {
        compare(&mut signature, &arn, plan, target);
    }
    if signature.family == Family::Signing {
        compare_signing(&mut signature, answer, plan, target);
    }
    let usual = typed.as_ref().map(usual_statuses).unwrap_or_default();
    if let Some(first) = usual.first().filter(|_| !usual.contains(&answer.status)) {
        signature.weaken(Confidence::Likely);
        signature
            .remark(format!("status {} is not the usual {first}: the owner customised this response", answer.status));
    }
    if answer.apigw_id().is_none() && signature.family != Family::Foreign {
        // the header may be lost, but look-alikes never have it
        signature.weaken(Confidence::Likely);
        signature.also(Cause::NotApiGateway);
        signature.remark("no `x-amz-apigw-id`, which API Gateway puts on every answer of a REST API".to_owned());
    }
    if answer.error_type().is_some() && came_through_cloudfront(answer) {
        signature.remark(
            "CloudFront's headers are on it: it came over an edge-optimised API, not over an endpoint".to_owned(),
        );
    }
    signature
}

/// Whether a success hides a backend's error: a body that says no more than a gateway's error, and no error type.
pub(crate) fn is_masked_error(answer: &Answer) -> bool {
    answer.status < 400 && (answer.wording().is_some() || answer.error_type().is_some())
}

impl Signature {
    fn new(family: Family, strength: Confidence, causes: &[Cause]) -> Self {
        Self { family, strength, causes: causes.to_vec(), remarks: Vec::new() }
    }

    /// Adds another explanation, after those there are.
    pub(crate) fn also(&mut self, cause: Cause) {
        if !self.causes.contains(&cause) {
            self.causes.push(cause);
        }
    }

    /// Puts an explanation before the others.
    fn rather(&mut self, cause: Cause) {
        self.causes.retain(|known| *known != cause);
        self.causes.insert(0, cause);
    }

    fn weaken(&mut self, most: Confidence) {
        self.strength = self.strength.min(most);
    }

    fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }
}

/// What an error type says, with the body where the type alone leaves it open.
fn of_type(kind: &str, wording: Option<&Wording>) -> Option<Wording> {
    use Wording as W;
    let said = |known: &[W]| wording.filter(|wording| known.contains(wording)).cloned();
    Some(match kind {
        "ForbiddenException" => W::Forbidden,
        "MissingAuthenticationTokenException" => W::MissingToken,
        "AccessDeniedException" => match wording {
            Some(W::Denied(_) | W::AuthorizerDenied | W::FunctionUrl | W::TokenInvalid | W::TokenExpired) => {
                wording.cloned()?
            }
            _ => W::Denied(Denial { user: None, resource: None, effect: Effect::Unspecified, policy: None }),
        },
        "UnauthorizedException" => W::Unauthorized,
        "InvalidSignatureException" => {
            said(&[W::SignatureExpired, W::SignatureNotYetCurrent, W::TokenInvalid, W::TokenExpired])
                .unwrap_or(W::SignatureMismatch)
        }
        "IncompleteSignatureException" => W::NotSigV4,
        "LimitExceededException" => W::LimitExceeded,
        "TooManyRequestsException" => W::TooManyRequests,
        "BadRequestException" => W::InvalidRequest,
        "InternalServerErrorException" => said(&[W::TimedOut, W::NetworkError]).unwrap_or(W::InternalError),
        "AuthorizerConfigurationException" => W::Null,
        // names that only emulators and other services use prove nothing; the words may
        _ => return wording.cloned(),
    })
}

fn of_wording(wording: &Wording, answer: &Answer, plan: &Plan) -> Signature {
    use Confidence::{Certain, Likely};
    use Family as F;
    use Wording as W;
    match wording {
        W::Forbidden => forbidden(answer, plan),
        W::MissingToken if is_signed(plan) => {
            Signature::new(F::MissingToken, Likely, &[Cause::WrongResourceOrMethod, Cause::MissingAuthTokenUnspecified])
        }
        W::MissingToken => Signature::new(
            F::MissingToken,
            Likely,
            &[Cause::WrongResourceOrMethod, Cause::IamAuthUnsigned, Cause::MissingAuthTokenUnspecified],
        ),
        W::Denied(denial) => denied(denial, plan),
        W::AuthorizerDenied => Signature::new(F::Authorizer, Certain, &[Cause::LambdaAuthorizerExplicitDeny]),
        W::Unauthorized => {
            Signature::new(F::Authorizer, Likely, &[Cause::AuthorizerUnauthorized, Cause::CognitoUnauthorized])
        }
        W::SignatureMismatch => Signature::new(F::Signing, Likely, &[Cause::SigMismatch, Cause::SigMismatchWrongHost]),
        W::SignatureExpired | W::SignatureNotYetCurrent => {
            Signature::new(F::Signing, Likely, &[Cause::SigExpired, Cause::ClockSkew])
        }
        W::NotSigV4 => Signature::new(
            F::Signing,
            Likely,
            &[Cause::SigIncomplete, Cause::WrongResourceOrMethod, Cause::IamAuthUnsigned],
        ),
        W::TokenInvalid => {
            Signature::new(F::Signing, Likely, &[Cause::TokenInvalid, Cause::TokenExpired, Cause::CredentialsExpired])
        }
        W::TokenExpired => {
            Signature::new(F::Signing, Likely, &[Cause::TokenExpired, Cause::CredentialsExpired, Cause::TokenInvalid])
        }
        W::LimitExceeded => Signature::new(F::Limit, Certain, &[Cause::QuotaExceeded]),
        W::TooManyRequests => Signature::new(F::Limit, Certain, &[Cause::Throttled]),
        W::InvalidRequest => Signature::new(F::Request, Certain, &[Cause::RequestValidationFailed]),
        W::BodyTooLarge => Signature::new(F::Request, Certain, &[Cause::BodyTooLarge]),
        W::UriTooLong => Signature::new(F::Request, Certain, &[Cause::UriTooLong]),
        W::InternalError => Signature::new(F::Integration, Likely, internal_error(answer.status)),
        W::TimedOut => Signature::new(F::Integration, Certain, &[Cause::IntegrationTimeout]),
        W::NetworkError => Signature::new(F::Integration, Certain, &[Cause::IntegrationNetworkError]),
        W::Unavailable => Signature::new(F::Integration, Likely, hints(503)),
        W::NotFound => Signature::new(
            F::Request,
            Likely,
            &[
                Cause::WrongResourceOrMethod,
                Cause::MissingStage,
                Cause::DefaultEndpointDisabled,
                Cause::WrongApiId,
                Cause::BackendStatus,
            ],
        ),
        W::Null => Signature::new(F::Authorizer, Certain, &[Cause::AuthorizerMisconfigured]),
        W::FunctionUrl => Signature::new(F::Foreign, Certain, &[Cause::NotApiGateway]),
    }
}

/// `Forbidden` has ten known reasons. Without other paths to compare with, only the request itself tips the balance.
fn forbidden(answer: &Answer, plan: &Plan) -> Signature {
    let keys = if sends_key(plan) {
        [Cause::ApiKeyInvalid, Cause::ApiKeyMissingOrInvalid, Cause::ApiKeyMissing]
    } else {
        // an authorizer may supply the key, so that a wrong one is possible though none was sent
        [Cause::ApiKeyMissing, Cause::ApiKeyMissingOrInvalid, Cause::ApiKeyInvalid]
    };
    let causes: Vec<_> = [Cause::ForbiddenUnknown, Cause::MissingStage]
        .into_iter()
        .chain(keys)
        .chain([
            Cause::WafBlock,
            Cause::WafOrCustomResponse,
            Cause::WrongApiId,
            Cause::PublicApiViaVpce,
            Cause::DefaultEndpointDisabled,
        ])
        .chain([Cause::WrongHostHeader, Cause::WrongApiIdHeader, Cause::WrongRegion])
        .collect();
    let mut signature = Signature::new(Family::Forbidden, Confidence::Possible, &causes);
    if answer.status != 403 {
        signature.rather(Cause::WafOrCustomResponse);
    }
    if answer.status == 429 {
        signature.also(Cause::Throttled);
        signature.also(Cause::QuotaExceeded);
    }
    signature
}

fn denied(denial: &Denial, plan: &Plan) -> Signature {
    use Confidence::{Certain, Likely};
    let anonymous = denial.user.as_deref().map_or(!is_signed(plan), |user| user == "anonymous");
    let (strength, mut causes) = match (denial.effect, denial.policy) {
        (Effect::Explicit, Some(PolicyKind::Resource)) => (Certain, vec![Cause::ResourcePolicyExplicitDeny]),
        (Effect::Implicit, Some(PolicyKind::Resource)) => (Certain, vec![Cause::ResourcePolicyImplicitDeny]),
        (Effect::Explicit, Some(PolicyKind::Endpoint)) => (Certain, vec![Cause::VpcePolicyExplicitDeny]),
        (Effect::Implicit, Some(PolicyKind::Endpoint)) => (Certain, vec![Cause::VpcePolicyImplicitDeny]),
        (_, Some(PolicyKind::Identity | PolicyKind::Guardrail)) => (Certain, vec![Cause::IdentityPolicyDeny]),
        (Effect::Explicit, None) => (Likely, vec![Cause::ResourcePolicyExplicitDeny, Cause::VpcePolicyExplicitDeny]),
        (Effect::Implicit, None) => (Likely, vec![Cause::ResourcePolicyImplicitDeny, Cause::VpcePolicyImplicitDeny]),
        (Effect::Unspecified, _) => (
            Likely,
            vec![
                Cause::ResourcePolicyDenyUnspecified,
                Cause::ResourcePolicyImplicitDeny,
                Cause::VpcePolicyImplicitDeny,
                Cause::ResourcePolicyExplicitDeny,
                Cause::VpcePolicyExplicitDeny,
            ],
        ),
    };
    if denial.policy.is_none() && !anonymous {
        causes.push(Cause::IdentityPolicyDeny);
    }
    let mut signature = Signature::new(Family::Policy, strength, &causes);
    if denial.user.is_none() && denial.resource.is_none() && denial.policy.is_none() {
        // only the type is known, as after HEAD
        signature.also(Cause::LambdaAuthorizerExplicitDeny);
    }
    if let Some(user) = &denial.user {
        signature.remark(format!("the caller was taken as `{user}`"));
    }
    signature
}

/// Words without the header that API Gateway puts beside them: weaker.
fn untyped(wording: &Wording, answer: &Answer, plan: &Plan) -> Signature {
    let mut signature = of_wording(wording, answer, plan);
    let unmistakable = matches!(wording, Wording::Denied(Denial { user: Some(_), .. }) | Wording::FunctionUrl);
    signature.weaken(if unmistakable { Confidence::Likely } else { Confidence::Possible });
    if matches!(wording, Wording::TooManyRequests | Wording::LimitExceeded) {
        signature.also(Cause::Throttled);
        signature.also(Cause::QuotaExceeded);
    }
    if *wording == Wording::Null {
        signature.also(Cause::LambdaError);
    }
    if answer.apigw_id().is_some() {
        signature.family = Family::Backend;
        signature.rather(Cause::BackendStatus);
        signature.weaken(Confidence::Likely);
        signature.remark("it has no `x-amzn-ErrorType`, so that a backend behind the API said it".to_owned());
    } else {
        signature.remark("it has no `x-amzn-ErrorType`: only the words speak for it".to_owned());
    }
    signature
}

/// Neither a known error type nor known words.
fn of_status(answer: &Answer) -> Signature {
    let status = answer.status;
    let mut signature = if answer.error_type().is_some() {
        let mut signature = Signature::new(family_of_status(status), Confidence::Possible, hints(status));
        signature.also(Cause::WafOrCustomResponse);
        signature
    } else if answer.from_api_gateway() {
        let mut signature = Signature::new(Family::Backend, Confidence::Likely, &[Cause::BackendStatus]);
        signature.remark("it has API Gateway's id but no error type: the backend's own answer".to_owned());
        signature
    } else {
        let first = if is_proxys(answer) {
            [Cause::ProxyInterference, Cause::NotApiGateway]
        } else {
            [Cause::NotApiGateway, Cause::ProxyInterference]
        };
        let mut signature = Signature::new(Family::Foreign, Confidence::Likely, &first);
        signature.remark("it has none of API Gateway's headers".to_owned());
        signature
    };
    for cause in hints(status) {
        signature.also(*cause);
    }
    if let Some(server) = answer.header("server").filter(|server| *server != "Server") {
        signature.remark(format!("`Server: {server}`"));
    }
    if let Some(via) = answer.header("via") {
        signature.remark(format!("`Via: {via}`"));
    }
    if answer.headers.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-amzn-remapped-")) {
        signature.remark("`x-amzn-Remapped-…` headers: an integration answered".to_owned());
    }
    signature
}

fn internal_error(status: u16) -> &'static [Cause] {
    match status {
        502 => &[Cause::LambdaProxyMalformed, Cause::LambdaError, Cause::IntegrationConfigError],
        504 => &[Cause::IntegrationTimeout, Cause::IntegrationNetworkError],
        503 => &[Cause::IntegrationNetworkError, Cause::IntegrationConfigError, Cause::LambdaError],
        _ => &[
            Cause::IntegrationConfigError,
            Cause::LambdaPermissionMissing,
            Cause::LambdaError,
            Cause::IntegrationNetworkError,
            Cause::LambdaProxyMalformed,
            Cause::AuthorizerMisconfigured,
        ],
    }
}

/// What a bare status may mean, where nothing else speaks.
fn hints(status: u16) -> &'static [Cause] {
    match status {
        400 => &[Cause::RequestValidationFailed, Cause::IntegrationConfigError],
        401 => &[Cause::AuthorizerUnauthorized, Cause::CognitoUnauthorized, Cause::WafOrCustomResponse],
        403 => {
            &[Cause::WafOrCustomResponse, Cause::WafBlock, Cause::ForbiddenUnknown, Cause::LambdaAuthorizerExplicitDeny]
        }
        404 | 405 => &[Cause::WrongResourceOrMethod, Cause::WafOrCustomResponse],
        413 => &[Cause::BodyTooLarge],
        414 => &[Cause::UriTooLong],
        415 => &[Cause::RequestValidationFailed],
        429 => &[Cause::Throttled, Cause::QuotaExceeded, Cause::WafOrCustomResponse],
        502 => &[Cause::LambdaProxyMalformed, Cause::LambdaError, Cause::IntegrationConfigError],
        503 => &[Cause::IntegrationNetworkError, Cause::Throttled, Cause::IntegrationConfigError, Cause::LambdaError],
        504 => &[Cause::IntegrationTimeout, Cause::IntegrationNetworkError],
        500.. => &[Cause::LambdaError, Cause::IntegrationConfigError, Cause::LambdaPermissionMissing],
        ..400 => &[],
        _ => &[Cause::WafOrCustomResponse],
    }
}

fn family_of_status(status: u16) -> Family {
    match status {
        401 => Family::Authorizer,
        429 => Family::Limit,
        500.. => Family::Integration,
        403 => Family::Policy,
        _ => Family::Request,
    }
}

/// The statuses that API Gateway gives an error, where its owner changed nothing.
fn usual_statuses(wording: &Wording) -> &'static [u16] {
    use Wording as W;
    match wording {
        W::Forbidden
        | W::MissingToken
        | W::Denied(_)
        | W::AuthorizerDenied
        | W::SignatureMismatch
        | W::SignatureExpired
        | W::SignatureNotYetCurrent
        | W::NotSigV4
        | W::TokenInvalid
        | W::TokenExpired => &[403],
        W::Unauthorized => &[401],
        W::LimitExceeded | W::TooManyRequests => &[429],
        W::InvalidRequest => &[400, 415],
        W::BodyTooLarge => &[413],
        W::UriTooLong => &[414],
        W::InternalError => &[500, 502, 503, 504],
        W::TimedOut | W::NetworkError => &[504],
        W::Null => &[500],
        W::Unavailable | W::NotFound | W::FunctionUrl => &[],
    }
}

/// Holds the resource in a refusal against what was asked.
fn compare(signature: &mut Signature, arn: &MethodArn, plan: &Plan, target: &Target) {
    let differs = |seen: &Option<String>, asked: &str| seen.clone().filter(|seen| !seen.eq_ignore_ascii_case(asked));
    let other = [
        ("partition", differs(&arn.partition, target.partition()), target.partition()),
        ("Region", differs(&arn.region, target.region.as_str()), target.region.as_str()),
        ("API", differs(&arn.api, target.api.as_str()), target.api.as_str()),
        (
            "stage",
            arn.stage.clone().filter(|seen| Some(seen) != target.stage.as_ref()),
            target.stage.as_deref().unwrap_or("none"),
        ),
    ];
    let mut elsewhere = false;
    for (what, seen, asked) in other {
        if let Some(seen) = seen {
            elsewhere = true;
            signature.remark(format!("the refusal names {what} `{seen}`, asked was `{asked}`"));
        }
    }
    let path = |text: &str| decoded(text.trim_matches('/'));
    let route = [
        ("method", differs(&arn.method, plan.method.as_str()), plan.method.as_str()),
        ("path", arn.path.clone().filter(|seen| path(seen) != path(target.resource())), target.resource()),
    ];
    for (what, seen, asked) in route {
        if let Some(seen) = seen {
            // greedy paths and mappings may change these, so they prove less
            signature.weaken(Confidence::Likely);
            signature.also(Cause::AnsweredByAnotherApi);
            signature.remark(format!("the refusal names {what} `{seen}`, asked was `{asked}`"));
        }
    }
    if elsewhere {
        signature.weaken(Confidence::Likely);
        signature.rather(Cause::AnsweredByAnotherApi);
    }
    if let Some(end) = &arn.account_end {
        signature.remark(format!("the API belongs to the account that ends in {end}"));
    }
}

/// The canonical string in a signature error shows what the server saw.
fn compare_signing(signature: &mut Signature, answer: &Answer, plan: &Plan, target: &Target) {
    let Some(message) = answer.message() else { return };
    let line = |start: &str| message.lines().find_map(|line| line.trim_start_matches('\'').strip_prefix(start));
    if let Some(host) = line("host:").filter(|host| !host.eq_ignore_ascii_case(plan.host.as_str())) {
        signature.rather(Cause::SigMismatchWrongHost);
        signature.remark(format!("the server saw `Host: {host}`, sent was `{}`", plan.host));
    }
    let scope = message.lines().find(|line| line.contains("/execute-api/aws4_request"));
    if let Some(region) =
        scope.and_then(|scope| scope.split('/').nth(1)).filter(|region| *region != target.region.as_str())
    {
        signature.remark(format!("the signature is for `{region}`, the API is in `{}`", target.region));
    }
}

/// `%41` as `A`, for comparing; what is no UTF-8 stays different.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or_default() * 16 + hex(*low).unwrap_or_default());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the request carries an `Authorization` header. Its value may be a secret, so it is not read.
pub(crate) fn is_signed(plan: &Plan) -> bool {
    plan.headers.iter().any(|header| header.name.eq_ignore_ascii_case("authorization"))
}

fn sends_key(plan: &Plan) -> bool {
    plan.headers.iter().any(|header| header.name.eq_ignore_ascii_case("x-api-key"))
}

fn came_through_cloudfront(answer: &Answer) -> bool {
    answer.header("x-amz-cf-id").is_some() || answer.header("via").is_some_and(|via| via.contains("(CloudFront)"))
}

/// Whether a proxy says that the answer is its own.
fn is_proxys(answer: &Answer) -> bool {
    const PROXIES: [&str; 8] = ["squid", "zscaler", "bluecoat", "proxysg", "mcafee", "fortigate", "tinyproxy", "envoy"];
    let named = |text: &str| PROXIES.iter().any(|proxy| text.to_ascii_lowercase().contains(proxy));
    answer.status == 407
        || answer.header("server").is_some_and(named)
        || answer.header("via").is_some_and(|via| !via.contains("(CloudFront)"))
}
