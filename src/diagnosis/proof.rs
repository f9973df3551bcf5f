//! What do the facts of the set-up say of an explanation? They prove causes, speak for or against them, or rule them out.

mod api;
mod network;

use super::cause::Cause;
use super::circumstance::Circumstance;
use super::clock::Clock;
use super::draft::{Draft, Sifting};
use crate::plan::AccessPath;
use crate::setup::{Admission, Api, Ruling, Setup, VpcEndpoint};
use crate::target::{Target, Warning};
use std::net::IpAddr;

/// What the facts say of one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// It is so: where it explains what was seen, nothing else needs to.
    Proves(String),
    /// It is the likelier for a fault that the set-up has.
    For(String),
    /// It is the likelier where what looked better is not so: the set-up has no fault there, which speaks against no other cause.
    Suits(String),
    /// It may still be so, by what is not seen.
    Against(String),
    /// It is not so.
    Refutes(String),
    /// Worth knowing with it.
    Beside(String),
    /// Nothing.
    Silent,
}

/// What is known of the set-up, beside what the round asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// What is known.
    pub(crate) setup: &'a Setup,
    /// What was probed.
    pub(crate) target: &'a Target,
    /// The method of the calls.
    pub(crate) method: &'a str,
    /// Whether they are signed.
    pub(crate) signed: bool,
    /// The addresses of the paths that the explanation is about.
    pub(crate) addresses: &'a [IpAddr],
    /// Whether the VPC's resolver, asked directly, has an endpoint's addresses for the names that the explanation is about.
    pub(crate) known_to_vpc: Option<bool>,
    /// What the answers' dates say of this host's clock.
    pub(crate) clock: &'a Clock,
    /// Whether nothing but silence came from the addresses: no refusal, no router's word.
    pub(crate) is_silence: bool,
}

impl Facts<'_> {
    /// Holds an explanation against the facts; none is left of a remark that they refute.
    pub(crate) fn weigh(&self, draft: Draft) -> Option<Draft> {
        if let (Some(allows), Word::Proves(fact)) = (self.own_allowance(draft.cause()), self.other_endpoint()) {
            return Some(draft.because(allows).proven(Cause::DifferentEndpoint, &fact));
        }
        let unsay = |word| match word {
            Word::Refutes(fact) | Word::Against(fact) if draft.is_said() => Word::Beside(fact),
            word => word,
        };
        let words: Vec<_> = draft.causes().map(|cause| (cause, unsay(self.word(cause, draft.paths())))).collect();
        let mut draft = draft.given(self.circumstances());
        let mut sifting = Sifting::default();
        for (cause, word) in &words {
            // a certificate may be past its end by any clock
            let dated = *cause == Cause::ClockSkew && draft.causes().any(|other| other == Cause::CertificateExpired);
            let fits = !dated && explains(*cause, draft.paths());
            match word {
                Word::Proves(fact) if fits => return Some(draft.proven(*cause, fact)),
                Word::Refutes(_) => sifting.refuted.push(*cause),
                Word::Against(_) => sifting.doubted.push(*cause),
                Word::For(_) if fits => sifting.favoured = sifting.favoured.or(Some(*cause)),
                Word::Suits(_) if fits => sifting.suited = sifting.suited.or(Some(*cause)),
                Word::Proves(_) | Word::For(_) | Word::Suits(_) | Word::Beside(_) | Word::Silent => {}
            }
        }
        // what is said of several causes is said once
        for same in words.chunk_by(|(_, one), (_, next)| one == next) {
            let causes = same.iter().map(|(cause, _)| cause.to_string()).collect::<Vec<_>>().join(", ");
            draft = match &same[0].1 {
                Word::Refutes(fact) => draft.because(format!("ruled out: {causes}, since {fact}")),
                Word::Against(fact) => draft.because(format!("against {causes}: {fact}")),
                Word::Proves(fact) | Word::For(fact) | Word::Suits(fact) => {
                    draft.because(format!("for {causes}: {fact}"))
                }
                Word::Beside(fact) => draft.because(fact),
                Word::Silent => draft,
            };
        }
        // the groups of one endpoint say nothing of another's addresses
        let unreached = |(cause, _): &(Cause, Word)| matches!(cause, Cause::ConnectTimeout | Cause::ConnectionRefused);
        if let (true, Word::Proves(fact)) = (words.iter().any(unreached), self.other_endpoint()) {
            return Some(draft.proven(Cause::DifferentEndpoint, &fact));
        }
        draft.sifted(&sifting, instead(&sifting.refuted))
    }

    /// That a policy which refused lets the call in over this endpoint: it judged one over another.
    fn own_allowance(&self, cause: Cause) -> Option<&'static str> {
        let of_api = [
            Cause::ResourcePolicyExplicitDeny,
            Cause::ResourcePolicyImplicitDeny,
            Cause::ResourcePolicyDenyUnspecified,
        ];
        let (ruling, said) = if of_api.contains(&cause) {
            (self.setup.api_ruling(self.target, self.method, self.signed), api::SAVED_ALLOWS)
        } else if [Cause::VpcePolicyExplicitDeny, Cause::VpcePolicyImplicitDeny].contains(&cause) {
            (self.setup.endpoint_ruling(self.target, self.method, self.signed), api::ENDPOINT_ALLOWS)
        } else {
            return None;
        };
        (ruling == Some(Ruling::Allows)).then_some(said)
    }

    /// What the facts say of what is to be done.
    fn circumstances(&self) -> Vec<Circumstance> {
        let Setup { dns_support, dns_hostnames, api, .. } = self.setup;
        let endpoint = self.setup.endpoint(self.target);
        let endpoint = endpoint.known().copied();
        let route = self.setup.route(self.target.resource(), self.method);
        let route = route.known();
        let allows = |ruling| ruling == Some(Ruling::Allows);
        let admits = |admission| matches!(admission, Some(Admission::Yes(_)));
        let listed = |api: &Api| self.target.vpce.as_ref().is_some_and(|own| api.lists(own));
        let all = [
            (allows(self.setup.api_ruling(self.target, self.method, self.signed)), Circumstance::SavedAllows),
            (api.known().is_some_and(asks_nothing_of_source_ip), Circumstance::NoSourceIp),
            (allows(self.setup.endpoint_ruling(self.target, self.method, self.signed)), Circumstance::EndpointAllows),
            (api.known().is_some_and(listed), Circumstance::Associated),
            (admits(endpoint.map(|one| self.setup.lets_in(one))), Circumstance::GroupsLetIn),
            (admits(endpoint.map(|one| self.setup.lets_out(one, self.addresses))), Circumstance::GroupsLetOut),
            (endpoint.is_some_and(|one| one.private_dns), Circumstance::PrivateDnsOn),
            (dns_support.known() == Some(&true), Circumstance::DnsSupportOn),
            (dns_hostnames.known() == Some(&true), Circumstance::DnsHostnamesOn),
            (endpoint.is_some_and(|one| !one.private_dns), Circumstance::PrivateDnsOff),
            (endpoint.is_some_and(VpcEndpoint::is_coming), Circumstance::EndpointPending),
            (api.known().is_some_and(Api::is_private), Circumstance::SavedPrivate),
            (api.known().is_some_and(|one| !one.default_endpoint_disabled), Circumstance::SavedEnabled),
            (route.is_some(), Circumstance::SavedRoute),
            (route.is_some_and(|method| method.authorization == "AWS_IAM"), Circumstance::SavedIam),
            (route.is_some_and(|method| !method.api_key_required), Circumstance::SavedKeyless),
        ];
        all.into_iter().filter(|(holds, _)| *holds).map(|(_, one)| one).collect()
    }

    /// Whether the URL is of another Region than the endpoint.
    fn is_of_two_regions(&self) -> bool {
        self.target.warnings.iter().any(|warning| matches!(warning, Warning::RegionsDiffer { .. }))
    }

    /// What the facts say of a cause for these paths.
    fn word(&self, cause: Cause, paths: &[AccessPath]) -> Word {
        match cause {
            _ if self.is_of_two_regions() && of_one_region(cause) => Word::Silent,
            Cause::PrivateDnsDisabled => self.private_dns(),
            Cause::VpceNotAssociated => self.association(),
            Cause::PrivateApiViaInternet => self.outside(),
            Cause::EndpointDeleted => self.deletion(),
            Cause::WrongEndpointName => self.endpoint_name(),
            Cause::DifferentEndpoint => self.other_endpoint(),
            Cause::ConnectTimeout => self.admission(),
            Cause::OneAddressDown => self.zones(),
            Cause::DnsNotForwarded => self.forwarding(paths),
            Cause::DnsServerUnreachable | Cause::DnsServerFailure => self.vpc_resolver(),
            Cause::PublicApiViaVpce => self.kind(),
            Cause::WrongApiId => self.id(),
            Cause::WrongRegion => self.region(),
            Cause::DefaultEndpointDisabled => self.default_endpoint(),
            Cause::StrictAccessMode => self.access_mode(),
            Cause::TlsVersion => self.tls_version(),
            Cause::MissingStage => self.stage(),
            Cause::WafBlock => self.web_acl(),
            Cause::WrongResourceOrMethod => self.route(),
            Cause::IamAuthUnsigned => self.authorization(|kind| kind == "AWS_IAM"),
            Cause::CognitoUnauthorized => self.authorization(|kind| kind == "COGNITO_USER_POOLS"),
            Cause::LambdaAuthorizerExplicitDeny | Cause::AuthorizerMisconfigured => {
                self.authorization(|kind| kind == "CUSTOM")
            }
            Cause::IamAuthNotEnforced => self.authorization(|kind| kind != "AWS_IAM"),
            Cause::ApiKeyMissing | Cause::ApiKeyInvalid | Cause::ApiKeyMissingOrInvalid => self.api_key(),
            Cause::ResourcePolicyExplicitDeny => self.resource_policy(true),
            Cause::ResourcePolicyImplicitDeny => self.resource_policy(false),
            Cause::ResourcePolicyDenyUnspecified => self.any_resource_policy(),
            Cause::VpcePolicyExplicitDeny => self.endpoint_policy(true),
            Cause::VpcePolicyImplicitDeny => self.endpoint_policy(false),
            Cause::ClockSkew => self.clock(),
            Cause::MtuBlackHole => self.mtu(),
            // nothing of the set-up shows them
            Cause::CustomDomainNotResolved
            | Cause::CustomDomainNotAssociated
            | Cause::CustomDomainCertificate
            | Cause::CustomDomainPolicyDeny
            | Cause::BasePathUnmapped
            | Cause::InternetUnreachable
            | Cause::Ok
            | Cause::OkHttpApi
            | Cause::BackendErrorMaskedAs200
            | Cause::TlsNameMismatch
            | Cause::WrongHostHeader
            | Cause::WrongApiIdHeader
            | Cause::MissingAuthTokenUnspecified
            | Cause::SigMismatch
            | Cause::SigMismatchWrongHost
            | Cause::SigExpired
            | Cause::SigIncomplete
            | Cause::TokenInvalid
            | Cause::TokenExpired
            | Cause::AuthorizerUnauthorized
            | Cause::QuotaExceeded
            | Cause::Throttled
            | Cause::WafOrCustomResponse
            | Cause::ForbiddenUnknown
            | Cause::RequestValidationFailed
            | Cause::BodyTooLarge
            | Cause::LambdaPermissionMissing
            | Cause::LambdaProxyMalformed
            | Cause::LambdaError
            | Cause::IntegrationConfigError
            | Cause::IntegrationTimeout
            | Cause::IntegrationNetworkError
            | Cause::BackendStatus
            | Cause::NotApiGateway
            | Cause::IdentityPolicyDeny
            | Cause::ResourceControlPolicyDeny
            | Cause::UriTooLong
            | Cause::TlsUntrustedIssuer
            | Cause::CertificateExpired
            | Cause::CertificateInvalid
            | Cause::CertificateNotSupported
            | Cause::RootCertificateExpired
            | Cause::ConnectionRefused
            | Cause::DnsRebindingProtection
            | Cause::PublicAddresses
            | Cause::AnswersAnyApi
            | Cause::AnsweredByAnotherApi
            | Cause::AnsweredByHttpApi
            | Cause::ForbiddenPathOpen
            | Cause::NoRouteForFamily
            | Cause::HostOutOfResources
            | Cause::CredentialsMissing
            | Cause::CredentialsExpired
            | Cause::ProxyInterference
            | Cause::HttpProtocolError
            | Cause::ResponseTooSlow
            | Cause::Unexplained => Word::Silent,
        }
    }
}

/// Whether what is known of an API and an endpoint bears on a cause only where both are of one Region.
fn of_one_region(cause: Cause) -> bool {
    [
        Cause::WrongRegion,
        Cause::WrongEndpointName,
        Cause::EndpointDeleted,
        Cause::PrivateDnsDisabled,
        Cause::VpceNotAssociated,
        Cause::DnsNotForwarded,
    ]
    .contains(&cause)
}

/// Whether no condition of an API's policy is on `aws:SourceIp`, in capitals or not.
fn asks_nothing_of_source_ip(api: &Api) -> bool {
    api.policy.as_ref().is_none_or(|policy| !policy.to_string().to_ascii_lowercase().contains("\"aws:sourceip\""))
}

/// A step with the ids that are known, in the place of the words that stand for them.
pub(crate) fn with_ids(step: String, setup: &Setup, target: &Target) -> String {
    let endpoint = setup.endpoint(target);
    let (endpoint, instance) = (endpoint.known(), setup.instance.known());
    let catching = setup.catching_endpoint().filter(|_| target.is_public());
    let vpc = endpoint.map(|one| &one.vpc).or(instance.map(|one| &one.vpc));
    let words = [
        ("--vpc-id VPC ", "--vpc-id ", vpc, " "),
        ("VPCE_ID", "", catching.map(|one| &one.id), ""),
        ("ENDPOINT_GROUP", "", endpoint.and_then(|one| one.security_groups.first()), ""),
        ("CLIENT_GROUP", "", setup.own_groups().and_then(|groups| groups.first()), ""),
    ];
    words.into_iter().fold(step, |step, (word, before, id, after)| match id {
        // it goes into a shell
        Some(id) if id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
            step.replace(word, &format!("{before}{id}{after}"))
        }
        Some(_) | None => step,
    })
}

fn when(holds: bool, then: fn(String) -> Word, otherwise: fn(String) -> Word, fact: String) -> Word {
    if holds { then(fact) } else { otherwise(fact) }
}

/// Which paths a cause can explain.
type Limit = fn(AccessPath) -> bool;

/// Whether a cause by itself explains why all of these paths failed.
fn explains(cause: Cause, paths: &[AccessPath]) -> bool {
    let limits: [(Cause, Limit); 4] = [
        (Cause::PrivateDnsDisabled, |path| path == AccessPath::PrivateDns),
        (Cause::VpceNotAssociated, |path| path == AccessPath::Route53Alias),
        (Cause::StrictAccessMode, |path| path != AccessPath::PrivateDns),
        (Cause::WrongEndpointName, AccessPath::dials_endpoint),
    ];
    let limit = limits.iter().find(|(limited, _)| *limited == cause);
    limit.is_none_or(|(_, fits)| paths.iter().all(|path| fits(*path)))
}

/// What is left to blame where the facts refute everything that was.
fn instead(refuted: &[Cause]) -> Cause {
    if refuted.contains(&Cause::PrivateDnsDisabled) { Cause::DnsNotForwarded } else { Cause::Unexplained }
}
