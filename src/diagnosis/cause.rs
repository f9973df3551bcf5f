//! What can be wrong? The catalogue: one entry a cause.

use crate::named::named;

named! {
    /// The name of one explanation; the same in code, JSON, metrics, `explain` and documentation.
    pub enum Cause {
        /// Success through a REST API.
        Ok = "ok",
        /// Success through an HTTP API.
        OkHttpApi = "ok-http-api",
        /// A success status whose body is a backend's error.
        BackendErrorMaskedAs200 = "backend-error-masked-as-200",
        /// The API's own name does not resolve: private DNS is off, or the client is outside the VPC.
        PrivateDnsDisabled = "private-dns-disabled",
        /// The alias does not resolve: API and endpoint are not associated.
        VpceNotAssociated = "vpce-not-associated",
        /// A private API addressed over its public name.
        PrivateApiViaInternet = "private-api-via-internet",
        /// A public API addressed through an endpoint.
        PublicApiViaVpce = "public-api-via-vpce",
        /// The certificate does not cover the host of the URL.
        TlsNameMismatch = "tls-name-mismatch",
        /// `Host` names no API here.
        WrongHostHeader = "wrong-host-header",
        /// No stage, or an unknown one.
        MissingStage = "missing-stage",
        /// No such route.
        WrongResourceOrMethod = "wrong-resource-or-method",
        /// The method wants a signature and got none.
        IamAuthUnsigned = "iam-auth-unsigned",
        /// The method answers unsigned calls as it answers signed ones.
        IamAuthNotEnforced = "iam-auth-not-enforced",
        /// "Missing Authentication Token" without a reason.
        MissingAuthTokenUnspecified = "missing-auth-token-unspecified",
        /// A wrong signature.
        SigMismatch = "sig-mismatch",
        /// A wrong signature because another host was signed than sent.
        SigMismatchWrongHost = "sig-mismatch-wrong-host",
        /// A signature that is too old or too new: clock or age.
        SigExpired = "sig-expired",
        /// An `Authorization` header that is no SigV4.
        SigIncomplete = "sig-incomplete",
        /// Access key or session token rejected.
        TokenInvalid = "token-invalid",
        /// The resource policy denies.
        ResourcePolicyExplicitDeny = "resource-policy-explicit-deny",
        /// The resource policy does not allow.
        ResourcePolicyImplicitDeny = "resource-policy-implicit-deny",
        /// A policy refuses, in the old wording that does not tell which or how.
        ResourcePolicyDenyUnspecified = "resource-policy-deny-unspecified",
        /// The endpoint policy does not allow.
        VpcePolicyImplicitDeny = "vpce-policy-implicit-deny",
        /// A Lambda authorizer's policy denies.
        LambdaAuthorizerExplicitDeny = "lambda-authorizer-explicit-deny",
        /// An authorizer got no token, or rejected it.
        AuthorizerUnauthorized = "authorizer-unauthorized",
        /// A Cognito authorizer got no token, or rejected it.
        CognitoUnauthorized = "cognito-unauthorized",
        /// An authorizer failed by itself.
        AuthorizerMisconfigured = "authorizer-misconfigured",
        /// No API key.
        ApiKeyMissing = "api-key-missing",
        /// A wrong API key.
        ApiKeyInvalid = "api-key-invalid",
        /// No API key or a wrong one.
        ApiKeyMissingOrInvalid = "api-key-missing-or-invalid",
        /// The usage plan's quota is used up.
        QuotaExceeded = "quota-exceeded",
        /// Too many requests.
        Throttled = "throttled",
        /// WAF blocks.
        WafBlock = "waf-block",
        /// WAF, or a response that the owner customised.
        WafOrCustomResponse = "waf-or-custom-response",
        /// "Forbidden" without a reason.
        ForbiddenUnknown = "forbidden-unknown",
        /// The request validator rejects.
        RequestValidationFailed = "request-validation-failed",
        /// The request body is over 10 MB.
        BodyTooLarge = "body-too-large",
        /// API Gateway may not invoke the Lambda function.
        LambdaPermissionMissing = "lambda-permission-missing",
        /// The Lambda function's answer has the wrong form.
        LambdaProxyMalformed = "lambda-proxy-malformed",
        /// The Lambda function failed.
        LambdaError = "lambda-error",
        /// The integration is set up wrongly.
        IntegrationConfigError = "integration-config-error",
        /// The backend took too long.
        IntegrationTimeout = "integration-timeout",
        /// The backend could not be reached.
        IntegrationNetworkError = "integration-network-error",
        /// The backend itself answered, with a status that is not expected.
        BackendStatus = "backend-status",
        /// Something else than API Gateway answered.
        NotApiGateway = "not-api-gateway",
        /// An API that does not exist is answered as well.
        AnswersAnyApi = "answers-any-api",
        /// The API accepts only requests whose SNI and endpoint type match (`endpointAccessMode: STRICT`).
        StrictAccessMode = "strict-access-mode",
        /// No API of this id.
        WrongApiId = "wrong-api-id",
        /// The API-id header does not reach the gateway, or names no API.
        WrongApiIdHeader = "wrong-api-id-header",
        /// API and endpoint are of two Regions.
        WrongRegion = "wrong-region",
        /// The API's `execute-api` endpoint is disabled.
        DefaultEndpointDisabled = "default-endpoint-disabled",
        /// The session token is past its end.
        TokenExpired = "token-expired",
        /// The endpoint policy denies.
        VpcePolicyExplicitDeny = "vpce-policy-explicit-deny",
        /// The caller's own policies deny or do not allow.
        IdentityPolicyDeny = "identity-policy-deny",
        /// A resource control policy of the organisation that the API's account belongs to refuses.
        ResourceControlPolicyDeny = "resource-control-policy-deny",
        /// The request's URI is too long.
        UriTooLong = "uri-too-long",
        /// No TLS version in common.
        TlsVersion = "tls-version",
        /// A certificate of an authority that is not trusted: interception.
        TlsUntrustedIssuer = "tls-untrusted-issuer",
        /// A certificate outside its validity.
        CertificateExpired = "certificate-expired",
        /// A certificate or an authority of its chain that breaks a rule.
        CertificateInvalid = "certificate-invalid",
        /// A certificate that this probe cannot verify.
        CertificateNotSupported = "certificate-not-supported",
        /// A root in `--ca-file` that has expired: the probe accepts it, other clients do not.
        RootCertificateExpired = "root-certificate-expired",
        /// No answer to SYN: security group, network ACL, route.
        ConnectTimeout = "connect-timeout",
        /// A RST in answer to SYN.
        ConnectionRefused = "connection-refused",
        /// One of several addresses takes no connection.
        OneAddressDown = "one-address-down",
        /// No DNS server answers.
        DnsServerUnreachable = "dns-server-unreachable",
        /// The DNS server answers with a failure.
        DnsServerFailure = "dns-server-failure",
        /// The DNS server does not forward to the VPC resolver.
        DnsNotForwarded = "dns-not-forwarded",
        /// The DNS server drops private addresses from public answers.
        DnsRebindingProtection = "dns-rebinding-protection",
        /// The name resolves to public addresses.
        PublicAddresses = "public-addresses",
        /// The name answers with another endpoint's addresses.
        DifferentEndpoint = "different-endpoint",
        /// The endpoint's DNS name is mistyped.
        WrongEndpointName = "wrong-endpoint-name",
        /// The endpoint no longer exists.
        EndpointDeleted = "endpoint-deleted",
        /// Another API, stage, method or Region answered than was asked.
        AnsweredByAnotherApi = "answered-by-another-api",
        /// An HTTP API answered, with a status that is not expected.
        AnsweredByHttpApi = "answered-by-http-api",
        /// A path that must be closed returned an expected status.
        ForbiddenPathOpen = "forbidden-path-open",
        /// An address of a family for which this host has no route: no fault.
        NoRouteForFamily = "no-route-for-family",
        /// This host has no socket left to give: nothing was sent.
        HostOutOfResources = "host-out-of-resources",
        /// This host's clock differs from the service's.
        ClockSkew = "clock-skew",
        /// Large packets are lost on the way.
        MtuBlackHole = "mtu-black-hole",
        /// There are no credentials to sign with.
        CredentialsMissing = "credentials-missing",
        /// The credentials are past their end.
        CredentialsExpired = "credentials-expired",
        /// A proxy stands between.
        ProxyInterference = "proxy-interference",
        /// What came back is not HTTP/1.1.
        HttpProtocolError = "http-protocol-error",
        /// The answer did not come in time.
        ResponseTooSlow = "response-too-slow",
        /// A custom domain name does not resolve to where its API is.
        CustomDomainNotResolved = "custom-domain-not-resolved",
        /// The endpoint has no access association with the private custom domain name.
        CustomDomainNotAssociated = "custom-domain-not-associated",
        /// The custom domain's certificate does not cover it, is past its end, or leads to a root that is not trusted here.
        CustomDomainCertificate = "custom-domain-certificate",
        /// The private custom domain's own policy refuses.
        CustomDomainPolicyDeny = "custom-domain-policy-deny",
        /// The custom domain maps no API, or another one, at this path.
        BasePathUnmapped = "base-path-unmapped",
        /// A public API's addresses do not answer: there is no way to the Internet.
        InternetUnreachable = "internet-unreachable",
        /// Nothing in the catalogue fits.
        Unexplained = "unexplained",
    }
}
