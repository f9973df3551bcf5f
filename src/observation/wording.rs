//! What does an error of API Gateway say? The grammar of its own messages, old and new; reading them is no opinion yet.

use super::secret::REDACTED;

/// A message that API Gateway, or the AWS front end before it, words itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wording {
    /// `Forbidden`.
    Forbidden,
    /// `Missing Authentication Token`.
    MissingToken,
    /// `User: … is not authorized to perform: execute-api:Invoke on resource: …`: a policy refuses.
    Denied(Denial),
    /// `User is not authorized to access this resource …`: a Lambda authorizer's policy refuses, explicitly if the message says so.
    AuthorizerDenied {
        /// Whether a statement denies.
        explicit: bool,
    },
    /// `Unauthorized`.
    Unauthorized,
    /// `The request signature we calculated does not match …`.
    SignatureMismatch,
    /// `Signature expired: …`.
    SignatureExpired,
    /// `Signature not yet current: …`.
    SignatureNotYetCurrent,
    /// The `Authorization` header is not SigV4, or lacks parts of it.
    NotSigV4,
    /// `The security token included in the request is invalid`.
    TokenInvalid,
    /// `The security token included in the request is expired`.
    TokenExpired,
    /// `Limit Exceeded`.
    LimitExceeded,
    /// `Too Many Requests`.
    TooManyRequests,
    /// The request validator's words.
    InvalidRequest,
    /// `HTTP content length exceeded …`.
    BodyTooLarge,
    /// `Request URI too long`.
    UriTooLong,
    /// `Internal server error`.
    InternalError,
    /// `Endpoint request timed out`.
    TimedOut,
    /// `Network error communicating with endpoint`.
    NetworkError,
    /// `The plain HTTP request was sent to HTTPS port` and its like: a backend that wants TLS.
    PlainToTls,
    /// `Service Unavailable`.
    Unavailable,
    /// `Not Found`, which HTTP APIs say.
    NotFound,
    /// `null`, which a failing authorizer leaves in the message's place.
    Null,
    /// `User: … is not authorized to perform: SERVICE:Action …`: another AWS service refuses.
    DeniedElsewhere,
    /// `Forbidden. For troubleshooting Function URL …`: a Lambda function URL, not API Gateway.
    FunctionUrl,
}

/// What a policy's refusal says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// As whom the caller was taken: `anonymous` or an ARN; absent where the text is only a fragment.
    pub user: Option<String>,
    /// What was refused.
    pub resource: Option<MethodArn>,
    /// How it was refused.
    pub effect: Effect,
    /// By which kind of policy, which only newer wordings tell.
    pub policy: Option<PolicyKind>,
}

impl Denial {
    /// Whether caller and API are of one account, by the digits of their ARNs that both show; none if they show none in common.
    pub fn is_within_an_account(&self) -> Option<bool> {
        let caller = self.user.as_deref().and_then(|user| user.split(':').nth(4)).filter(|id| is_account(id))?;
        let owner = self.resource.as_ref().and_then(|arn| arn.account.as_deref()).filter(|id| is_account(id))?;
        let pairs = caller.bytes().zip(owner.bytes());
        let shown: Vec<_> = pairs.filter(|(one, other)| *one != b'*' && *other != b'*').collect();
        (!shown.is_empty()).then(|| shown.iter().all(|(one, other)| one == other))
    }
}

/// Whether it is an account's id, of which digits may be masked.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*')
}

/// How a policy refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A statement denies.
    Explicit,
    /// No statement allows.
    Implicit,
    /// The message does not tell.
    Unspecified,
}

/// The kind of a policy, as AWS names it in its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// The API's resource policy.
    Resource,
    /// The VPC endpoint's policy.
    Endpoint,
    /// A policy of the calling user or role.
    Identity,
    /// A service control policy of the caller's organisation, a permissions boundary or a session policy.
    Guardrail,
    /// A resource control policy of the organisation that owns the resource.
    ResourceControl,
}

/// The ARN of a method, as far as it can be read; account ids are masked but for four digits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MethodArn {
    /// `aws`, `aws-cn`, …
    pub partition: Option<String>,
    /// The Region.
    pub region: Option<String>,
    /// The account that owns the API, most of whose digits are masked.
    pub account: Option<String>,
    /// The API's id.
    pub api: Option<String>,
    /// The deployment stage.
    pub stage: Option<String>,
    /// The HTTP method.
    pub method: Option<String>,
    /// The path within the stage, without its first `/`.
    pub path: Option<String>,
}

impl Wording {
    /// Reads a message; nothing if it is not one that AWS words.
    pub fn of(message: &str) -> Option<Self> {
        let message = message.trim().trim_end_matches('.');
        whole(message).or_else(|| denial(message).map(Self::Denied)).or_else(|| part(message))
    }
}

fn whole(message: &str) -> Option<Wording> {
    const WHOLE: [(&str, Wording); 11] = [
        ("forbidden", Wording::Forbidden),
        ("unauthorized", Wording::Unauthorized),
        ("missing authentication token", Wording::MissingToken),
        ("limit exceeded", Wording::LimitExceeded),
        ("too many requests", Wording::TooManyRequests),
        ("internal server error", Wording::InternalError),
        ("endpoint request timed out", Wording::TimedOut),
        ("network error communicating with endpoint", Wording::NetworkError),
        ("service unavailable", Wording::Unavailable),
        ("not found", Wording::NotFound),
        ("null", Wording::Null),
    ];
    WHOLE.into_iter().find(|(text, _)| message.eq_ignore_ascii_case(text)).map(|(_, wording)| wording)
}

fn part(message: &str) -> Option<Wording> {
    const PARTS: [(&str, Wording); 22] = [
        ("For troubleshooting Function URL", Wording::FunctionUrl),
        (
            "User is not authorized to access this resource with an explicit deny",
            Wording::AuthorizerDenied { explicit: true },
        ),
        ("User is not authorized to access this resource", Wording::AuthorizerDenied { explicit: false }),
        ("The request signature we calculated does not match", Wording::SignatureMismatch),
        ("Signature expired: ", Wording::SignatureExpired),
        ("Signature not yet current: ", Wording::SignatureNotYetCurrent),
        ("(missing equal-sign) in Authorization header", Wording::NotSigV4),
        ("Authorization header requires ", Wording::NotSigV4),
        ("The security token included in the request is expired", Wording::TokenExpired),
        ("The security token included in the request is", Wording::TokenInvalid),
        ("Invalid request body", Wording::InvalidRequest),
        ("Could not parse request body", Wording::InvalidRequest),
        ("Missing required request parameters", Wording::InvalidRequest),
        ("Invalid request parameters", Wording::InvalidRequest),
        ("Unsupported Media Type", Wording::InvalidRequest),
        ("HTTP content length exceeded", Wording::BodyTooLarge),
        ("Request Too Long", Wording::BodyTooLarge),
        ("Request URI too long", Wording::UriTooLong),
        ("Request-URI Too Long", Wording::UriTooLong),
        ("Too Many Requests", Wording::TooManyRequests),
        ("Rate exceeded", Wording::TooManyRequests),
        // what names this service was read before
        (" is not authorized to perform: ", Wording::DeniedElsewhere),
    ];
    let complains = || PLAIN_HTTP_COMPLAINTS.iter().any(|complaint| contains(message, complaint));
    let part = PARTS.into_iter().find(|(text, _)| contains(message, text)).map(|(_, wording)| wording);
    part.or_else(|| complains().then_some(Wording::PlainToTls))
}

/// What servers say where plain HTTP comes to a port that wants TLS: nginx, Apache, Go.
pub(super) const PLAIN_HTTP_COMPLAINTS: [&str; 3] = [
    "The plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "Client sent an HTTP request to an HTTPS server",
];

/// A policy's refusal, whole or as a fragment: `[User: U is not authorized to perform: A on resource: R][ SUFFIX[: policy ARN]]`.
fn denial(message: &str) -> Option<Denial> {
    let invoke = message.contains("execute-api:") && message.contains("is not authorized to perform");
    let allows = message.contains(" allows the execute-api:") && message.contains("no ");
    let masked = message.ends_with("anonymous is not authorized");
    if !(invoke || allows || masked) {
        return None;
    }
    let user = message
        .split_once(" is not authorized")
        .map(|(before, _)| before.rsplit_once("User: ").map_or(before, |(_, user)| user).to_owned());
    let (subject, suffix) = match [EXPLICIT, IMPLICIT].into_iter().filter_map(|mark| message.find(mark)).min() {
        Some(at) => message.split_at(at),
        None => (message, ""),
    };
    let resource = subject.split_once("on resource: ").map(|(_, arn)| MethodArn::parse(arn));
    let (effect, rest) = if let Some(rest) = suffix.strip_prefix(EXPLICIT) {
        (Effect::Explicit, rest)
    } else if let Some(rest) = suffix.strip_prefix(IMPLICIT) {
        (Effect::Implicit, rest)
    } else if allows {
        // a quoted fragment: `no VPC endpoint policy allows the execute-api:Invoke action`
        (Effect::Implicit, message)
    } else {
        (Effect::Unspecified, "")
    };
    // what follows the kind may be the ARN of the policy, or the action
    let kind = rest.split(" allows ").next().unwrap_or_default().split(": ").next().unwrap_or_default();
    Some(Denial { user, resource, effect, policy: PolicyKind::named_in(kind) })
}

const EXPLICIT: &str = " with an explicit deny";
const IMPLICIT: &str = " because no ";

impl PolicyKind {
    fn named_in(text: &str) -> Option<Self> {
        const KINDS: [(&str, PolicyKind); 7] = [
            ("resource-based policy", PolicyKind::Resource),
            ("VPC endpoint policy", PolicyKind::Endpoint),
            ("identity-based policy", PolicyKind::Identity),
            ("service control policy", PolicyKind::Guardrail),
            ("resource control policy", PolicyKind::ResourceControl),
            ("permissions boundary", PolicyKind::Guardrail),
            ("session policy", PolicyKind::Guardrail),
        ];
        KINDS.into_iter().find(|(name, _)| contains(text, name)).map(|(_, kind)| kind)
    }
}

impl MethodArn {
    /// The last digits of the account that owns the API.
    pub fn account_end(&self) -> Option<&str> {
        let account = self.account.as_deref()?;
        account.get(account.len().saturating_sub(4)..).filter(|end| is_digits(end))
    }

    /// Reads what can be read: sources cut and mask, so each part is judged by itself.
    fn parse(text: &str) -> Self {
        let mut parts = text.trim().splitn(6, ':');
        let mut next = |fits: fn(&str) -> bool| parts.next().filter(|part| fits(part)).map(str::to_owned);
        if next(|part| part == "arn").is_none() {
            return Self::default();
        }
        let partition = next(|part| part.starts_with("aws"));
        let _service = next(|_| true);
        let region = next(|part| part.ends_with(|c: char| c.is_ascii_digit()) && part.contains('-'));
        let account = next(|part| !part.is_empty());
        let mut rest = parts.next().unwrap_or_default().splitn(4, '/');
        let mut next = |fits: fn(&str) -> bool| rest.next().filter(|part| fits(part)).map(str::to_owned);
        Self {
            partition,
            region,
            account,
            api: next(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric())),
            stage: next(|part| !part.is_empty() && !part.contains(REDACTED)),
            method: next(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase())),
            path: next(|part| !part.contains(REDACTED)),
        }
    }
}

fn is_digits(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit())
}

fn contains(text: &str, part: &str) -> bool {
    text.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(message: &str) -> Denial {
        match Wording::of(message) {
            Some(Wording::Denied(denial)) => denial,
            other => panic!("{message} is read as {other:?}"),
        }
    }

    const ANONYMOUS: &str = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
                             arn:aws:execute-api:eu-west-2:********2087:uiv82new6b/dev/GET/a/b";

    #[test]
    fn each_age_of_a_refusal_is_read() {
        for (suffix, effect, policy) in [
            ("", Effect::Unspecified, None),
            (" with an explicit deny", Effect::Explicit, None),
            (" with an explicit deny in a resource-based policy", Effect::Explicit, Some(PolicyKind::Resource)),
            (" with an explicit deny in a VPC endpoint policy", Effect::Explicit, Some(PolicyKind::Endpoint)),
            (" with an explicit deny in an identity-based policy", Effect::Explicit, Some(PolicyKind::Identity)),
            (" with an explicit deny in a service control policy", Effect::Explicit, Some(PolicyKind::Guardrail)),
            (
                " with an explicit deny in a VPC endpoint policy: arn:aws:ec2:eu-west-2:111122223333:session policy",
                Effect::Explicit,
                Some(PolicyKind::Endpoint),
            ),
            (
                " because no resource-based policy allows the execute-api:Invoke action",
                Effect::Implicit,
                Some(PolicyKind::Resource),
            ),
            (
                " because no VPC endpoint policy allows the execute-api:Invoke action",
                Effect::Implicit,
                Some(PolicyKind::Endpoint),
            ),
            (
                " because no permissions boundary allows the execute-api:Invoke action",
                Effect::Implicit,
                Some(PolicyKind::Guardrail),
            ),
        ] {
            let denial = denied(&format!("{ANONYMOUS}{suffix}"));
            assert_eq!((denial.effect, denial.policy), (effect, policy), "{suffix}");
            assert_eq!(denial.user.as_deref(), Some("anonymous"));
            let arn = denial.resource.unwrap();
            assert_eq!(arn.partition.as_deref(), Some("aws"));
            assert_eq!(arn.region.as_deref(), Some("eu-west-2"));
            assert_eq!(arn.account_end(), Some("2087"));
            assert_eq!(arn.api.as_deref(), Some("uiv82new6b"));
            assert_eq!(arn.stage.as_deref(), Some("dev"));
            assert_eq!(arn.method.as_deref(), Some("GET"));
            assert_eq!(arn.path.as_deref(), Some("a/b"));
        }
    }

    #[test]
    fn a_fragment_names_its_policy() {
        let denial = denied("no VPC endpoint policy allows the execute-api:Invoke action");
        assert_eq!((denial.effect, denial.policy), (Effect::Implicit, Some(PolicyKind::Endpoint)));
        assert_eq!(denial.resource, None);
    }

    #[test]
    fn another_services_refusal_is_told_apart() {
        let message = "User: anonymous is not authorized to perform: es:ESHttpGet on resource: orders";
        assert_eq!(Wording::of(message), Some(Wording::DeniedElsewhere));
    }

    #[test]
    fn masked_parts_of_an_arn_are_not_compared() {
        let arn = MethodArn::parse("arn:aws:execute-api:ap-southeast-2:[redacted]/Prod/GET/");
        assert_eq!(arn.region.as_deref(), Some("ap-southeast-2"));
        assert_eq!((arn.api, arn.stage), (None, None));
        let arn = MethodArn::parse("arn:aws-cn:execute-api:cn-north-1:********3333:<api-id>/v1/GET/open");
        assert_eq!(arn.partition.as_deref(), Some("aws-cn"));
        assert_eq!((arn.api.as_deref(), arn.stage.as_deref()), (None, Some("v1")));
    }

    #[test]
    fn an_authorizers_refusal_is_not_a_policys() {
        let message = "User is not authorized to access this resource";
        let explicit = [(message.to_owned(), false), (format!("{message} with an explicit deny"), true)];
        for (message, explicit) in explicit {
            assert_eq!(Wording::of(&message), Some(Wording::AuthorizerDenied { explicit }));
        }
        let newer = format!("{message} with an explicit deny in an identity-based policy");
        assert_eq!(Wording::of(&newer), Some(Wording::AuthorizerDenied { explicit: true }));
    }

    #[test]
    fn a_backends_words_are_not_read() {
        for message in ["", "hello", "customer 4711 is not authorized", "{\"orders\":[]}", "forbidden fruit"] {
            assert_eq!(Wording::of(message), None, "{message}");
        }
    }

    #[test]
    fn echoed_authorization_headers_are_recognised() {
        for message in [
            "'abc' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer abc'.",
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'MZ1'",
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter.",
        ] {
            assert_eq!(Wording::of(message), Some(Wording::NotSigV4), "{message}");
        }
    }
}
