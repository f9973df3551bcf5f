//! What does each cause mean, how does it show, and who fixes it how? The catalogue, as `explain` prints it.

mod entry;

mod api;
mod authorization;
mod domains;
mod integration;
mod names;
mod policy;
mod reach;
mod signing;

pub use entry::Entry;

use super::cause::Cause;

impl Cause {
    /// The catalogue's entry.
    pub fn entry(self) -> Entry {
        match self {
            Self::Ok => api::OK,
            Self::OkHttpApi => api::OK_HTTP_API,
            Self::BackendErrorMaskedAs200 => integration::BACKEND_ERROR_MASKED_AS_200,
            Self::PrivateDnsDisabled => names::PRIVATE_DNS_DISABLED,
            Self::VpceNotAssociated => names::VPCE_NOT_ASSOCIATED,
            Self::PrivateApiViaInternet => names::PRIVATE_API_VIA_INTERNET,
            Self::PublicApiViaVpce => api::PUBLIC_API_VIA_VPCE,
            Self::TlsNameMismatch => reach::TLS_NAME_MISMATCH,
            Self::WrongHostHeader => api::WRONG_HOST_HEADER,
            Self::MissingStage => api::MISSING_STAGE,
            Self::WrongResourceOrMethod => api::WRONG_RESOURCE_OR_METHOD,
            Self::IamAuthUnsigned => signing::IAM_AUTH_UNSIGNED,
            Self::IamAuthNotEnforced => signing::IAM_AUTH_NOT_ENFORCED,
            Self::MissingAuthTokenUnspecified => signing::MISSING_AUTH_TOKEN_UNSPECIFIED,
            Self::SigMismatch => signing::SIG_MISMATCH,
            Self::SigMismatchWrongHost => signing::SIG_MISMATCH_WRONG_HOST,
            Self::SigExpired => signing::SIG_EXPIRED,
            Self::SigIncomplete => signing::SIG_INCOMPLETE,
            Self::TokenInvalid => signing::TOKEN_INVALID,
            Self::ResourcePolicyExplicitDeny => policy::RESOURCE_POLICY_EXPLICIT_DENY,
            Self::ResourcePolicyImplicitDeny => policy::RESOURCE_POLICY_IMPLICIT_DENY,
            Self::ResourcePolicyDenyUnspecified => policy::RESOURCE_POLICY_DENY_UNSPECIFIED,
            Self::VpcePolicyImplicitDeny => policy::VPCE_POLICY_IMPLICIT_DENY,
            Self::LambdaAuthorizerExplicitDeny => authorization::LAMBDA_AUTHORIZER_EXPLICIT_DENY,
            Self::AuthorizerUnauthorized => authorization::AUTHORIZER_UNAUTHORIZED,
            Self::CognitoUnauthorized => authorization::COGNITO_UNAUTHORIZED,
            Self::AuthorizerMisconfigured => authorization::AUTHORIZER_MISCONFIGURED,
            Self::ApiKeyMissing => authorization::API_KEY_MISSING,
            Self::ApiKeyInvalid => authorization::API_KEY_INVALID,
            Self::ApiKeyMissingOrInvalid => authorization::API_KEY_MISSING_OR_INVALID,
            Self::QuotaExceeded => authorization::QUOTA_EXCEEDED,
            Self::Throttled => authorization::THROTTLED,
            Self::WafBlock => authorization::WAF_BLOCK,
            Self::WafOrCustomResponse => authorization::WAF_OR_CUSTOM_RESPONSE,
            Self::ForbiddenUnknown => api::FORBIDDEN_UNKNOWN,
            Self::RequestValidationFailed => integration::REQUEST_VALIDATION_FAILED,
            Self::BodyTooLarge => integration::BODY_TOO_LARGE,
            Self::LambdaPermissionMissing => integration::LAMBDA_PERMISSION_MISSING,
            Self::LambdaProxyMalformed => integration::LAMBDA_PROXY_MALFORMED,
            Self::LambdaError => integration::LAMBDA_ERROR,
            Self::IntegrationConfigError => integration::INTEGRATION_CONFIG_ERROR,
            Self::IntegrationTimeout => integration::INTEGRATION_TIMEOUT,
            Self::IntegrationNetworkError => integration::INTEGRATION_NETWORK_ERROR,
            Self::BackendStatus => integration::BACKEND_STATUS,
            Self::NotApiGateway => reach::NOT_API_GATEWAY,
            Self::AnswersAnyApi => reach::ANSWERS_ANY_API,
            Self::StrictAccessMode => api::STRICT_ACCESS_MODE,
            Self::WrongApiId => api::WRONG_API_ID,
            Self::WrongApiIdHeader => api::WRONG_API_ID_HEADER,
            Self::WrongRegion => names::WRONG_REGION,
            Self::DefaultEndpointDisabled => api::DEFAULT_ENDPOINT_DISABLED,
            Self::TokenExpired => signing::TOKEN_EXPIRED,
            Self::VpcePolicyExplicitDeny => policy::VPCE_POLICY_EXPLICIT_DENY,
            Self::IdentityPolicyDeny => policy::IDENTITY_POLICY_DENY,
            Self::ResourceControlPolicyDeny => policy::RESOURCE_CONTROL_POLICY_DENY,
            Self::UriTooLong => integration::URI_TOO_LONG,
            Self::TlsVersion => reach::TLS_VERSION,
            Self::TlsUntrustedIssuer => reach::TLS_UNTRUSTED_ISSUER,
            Self::CertificateExpired => reach::CERTIFICATE_EXPIRED,
            Self::CertificateInvalid => reach::CERTIFICATE_INVALID,
            Self::CertificateNotSupported => reach::CERTIFICATE_NOT_SUPPORTED,
            Self::RootCertificateExpired => reach::ROOT_CERTIFICATE_EXPIRED,
            Self::ConnectTimeout => reach::CONNECT_TIMEOUT,
            Self::ConnectionRefused => reach::CONNECTION_REFUSED,
            Self::OneAddressDown => reach::ONE_ADDRESS_DOWN,
            Self::DnsServerUnreachable => names::DNS_SERVER_UNREACHABLE,
            Self::DnsServerFailure => names::DNS_SERVER_FAILURE,
            Self::DnsNotForwarded => names::DNS_NOT_FORWARDED,
            Self::DnsRebindingProtection => names::DNS_REBINDING_PROTECTION,
            Self::PublicAddresses => names::PUBLIC_ADDRESSES,
            Self::DifferentEndpoint => names::DIFFERENT_ENDPOINT,
            Self::WrongEndpointName => names::WRONG_ENDPOINT_NAME,
            Self::EndpointDeleted => names::ENDPOINT_DELETED,
            Self::AnsweredByAnotherApi => api::ANSWERED_BY_ANOTHER_API,
            Self::AnsweredByHttpApi => api::ANSWERED_BY_HTTP_API,
            Self::ForbiddenPathOpen => policy::FORBIDDEN_PATH_OPEN,
            Self::NoRouteForFamily => reach::NO_ROUTE_FOR_FAMILY,
            Self::HostOutOfResources => reach::HOST_OUT_OF_RESOURCES,
            Self::ClockSkew => signing::CLOCK_SKEW,
            Self::MtuBlackHole => reach::MTU_BLACK_HOLE,
            Self::CredentialsMissing => signing::CREDENTIALS_MISSING,
            Self::CredentialsExpired => signing::CREDENTIALS_EXPIRED,
            Self::ProxyInterference => reach::PROXY_INTERFERENCE,
            Self::HttpProtocolError => reach::HTTP_PROTOCOL_ERROR,
            Self::ResponseTooSlow => integration::RESPONSE_TOO_SLOW,
            Self::CustomDomainNotResolved => domains::CUSTOM_DOMAIN_NOT_RESOLVED,
            Self::CustomDomainNotAssociated => domains::CUSTOM_DOMAIN_NOT_ASSOCIATED,
            Self::CustomDomainCertificate => domains::CUSTOM_DOMAIN_CERTIFICATE,
            Self::CustomDomainPolicyDeny => domains::CUSTOM_DOMAIN_POLICY_DENY,
            Self::BasePathUnmapped => domains::BASE_PATH_UNMAPPED,
            Self::InternetUnreachable => domains::INTERNET_UNREACHABLE,
            Self::Unexplained => reach::UNEXPLAINED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_complete() {
        for cause in Cause::ALL {
            let entry = cause.entry();
            for text in [entry.title, entry.meaning, entry.shows] {
                assert!(text.len() > 10, "{cause} says too little");
            }
            assert!(entry.docs.starts_with("https://"), "{cause} cites no source");
            assert!(!entry.fix.is_empty(), "{cause} has no fix");
            assert!(entry.title.len() <= 110, "{cause}'s title does not fit a line");
        }
    }

    #[test]
    fn no_two_causes_share_an_entry() {
        let mut titles: Vec<_> = Cause::ALL.iter().map(|cause| cause.entry().title).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), Cause::ALL.len());
    }
}
