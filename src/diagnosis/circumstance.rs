//! What else is known that bears on what is to be done? Words by which the lines of a fix are chosen, and what they are filled with.

use crate::named::named;
use crate::target::{Target, Warning};
use std::net::IpAddr;

named! {
    /// Something that makes a line of a fix right or needless; `{if …}` and `{unless …}` before a line name it.
    pub enum Circumstance {
        /// An HTTP API answers, which other commands show.
        HttpApi = "http-api",
        /// The refused call is signed.
        Signed = "signed",
        /// The refused call is not signed, and the same call passes where it is.
        SignedPasses = "signed-passes",
        /// The same call was made signed as well, and got another answer.
        Compared = "compared",
        /// An answer names the resource that it refuses.
        NamesResource = "names-resource",
        /// An answer without API Gateway's marks names the server or the proxy that gave it.
        NamesServer = "names-server",
        /// A handshake failed after a certificate came, which names its issuer.
        NamesIssuer = "names-issuer",
        /// The backend says that plain HTTP came to a port that wants TLS.
        PlainToTls = "plain-to-tls",
        /// The refusal shows caller and API in one account, as far as digits are shown.
        OneAccount = "one-account",
        /// The refusal is by a control policy, a permissions boundary or a session policy.
        Guardrail = "guardrail",
        /// The resource policy allows the call, as it is saved.
        SavedAllows = "saved-allows",
        /// The resource policy asks nothing of `aws:SourceIp`, as it is saved.
        NoSourceIp = "no-source-ip",
        /// The endpoint's policy allows the call.
        EndpointAllows = "endpoint-allows",
        /// The API lists the endpoint.
        Associated = "associated",
        /// The endpoint's security groups admit this host.
        GroupsLetIn = "groups-let-in",
        /// This host's security groups let it go to the endpoint.
        GroupsLetOut = "groups-let-out",
        /// The endpoint's private DNS is on.
        PrivateDnsOn = "private-dns-on",
        /// The VPC's `enableDnsSupport` is on.
        DnsSupportOn = "dns-support-on",
        /// The VPC's `enableDnsHostnames` is on.
        DnsHostnamesOn = "dns-hostnames-on",
        /// The endpoint's private DNS is off.
        PrivateDnsOff = "private-dns-off",
        /// A name is an alias of one that does not exist.
        StaleRecord = "stale-record",
        /// The address is none of those that the endpoint's own name gives.
        Elsewhere = "elsewhere",
        /// The endpoint is being made.
        EndpointPending = "endpoint-pending",
        /// The API is private, as it is saved.
        SavedPrivate = "saved-private",
        /// The API's default endpoint is enabled, as it is saved.
        SavedEnabled = "saved-enabled",
        /// The API has the method on this path, as it is saved.
        SavedRoute = "saved-route",
        /// The method's authorization is AWS_IAM, as it is saved.
        SavedIam = "saved-iam",
        /// The method asks for no API key, as it is saved.
        SavedKeyless = "saved-keyless",
        /// The invoke URL names no stage, which a private API needs.
        NoStage = "no-stage",
        /// The base path of a public custom domain name has more than one level.
        PublicLevels = "public-levels",
        /// The base path of a private custom domain name has more than one level.
        PrivateLevels = "private-levels",
        /// The invoke URL ends in another suffix than the names of its Region.
        OtherSuffix = "other-suffix",
    }
}

/// What a fix is about beside the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Particulars {
    pub(crate) circumstances: Vec<Circumstance>,
    /// The names that were dialled.
    pub(crate) names: Vec<String>,
    /// The address that is to blame.
    pub(crate) address: Option<IpAddr>,
    /// As whom a policy has to name the caller.
    pub(crate) caller: Option<String>,
    /// The method of the call.
    pub(crate) method: Option<String>,
}

impl Particulars {
    /// Takes up what is known of other calls.
    pub(crate) fn join(&mut self, other: &Self) {
        // that the signed call passes is of use only where it always does
        if !other.has(Circumstance::SignedPasses) {
            self.circumstances.retain(|one| *one != Circumstance::SignedPasses);
        }
        for one in other.circumstances.iter().filter(|one| **one != Circumstance::SignedPasses) {
            self.note(*one);
        }
        self.names.extend(other.names.iter().cloned());
        self.address = self.address.or(other.address);
        self.caller = self.caller.take().or(other.caller.clone());
        self.method = self.method.take().or(other.method.clone());
    }

    pub(crate) fn note(&mut self, one: Circumstance) {
        if !self.has(one) {
            self.circumstances.push(one);
        }
    }

    pub(crate) fn has(&self, one: Circumstance) -> bool {
        self.circumstances.contains(&one)
    }
}

/// What the two strings alone tell.
pub(crate) fn typed(target: &Target) -> impl Iterator<Item = Circumstance> {
    let base_path = target.custom_domain.as_ref().map_or("", |domain| domain.base_path.trim_matches('/'));
    let levels = if target.is_public() { Circumstance::PublicLevels } else { Circumstance::PrivateLevels };
    let warned = target.warnings.iter().filter_map(|warning| match warning {
        Warning::NoStage => Some(Circumstance::NoStage),
        Warning::SuffixOfAnotherPartition { .. } => Some(Circumstance::OtherSuffix),
        Warning::RegionsDiffer { .. }
        | Warning::SuffixesDiffer { .. }
        | Warning::AliasOfAnotherApi { .. }
        | Warning::EndpointsDiffer { .. }
        | Warning::UnusualVpceId(_)
        | Warning::UnusualApiId(_)
        | Warning::UnusualStage(_)
        | Warning::PlainHttp => None,
    });
    base_path.contains('/').then_some(levels).into_iter().chain(warned)
}

/// As whom a policy has to name a caller whom a refusal names: the role of a session, whose path a session does not tell; most of the
/// account's digits are masked. None of what is no ARN, since the words came from the network.
pub(crate) fn principal(user: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/_-+=.,@*".contains(&byte);
    if !user.starts_with("arn:") || !user.bytes().all(plain) {
        return None;
    }
    let role = user.split_once(":sts::").and_then(|(partition, rest)| {
        let (account, session) = rest.split_once(":assumed-role/")?;
        Some(format!("{partition}:iam::{account}:role/{}", session.split('/').next()?))
    });
    role.or(Some(user.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::principal;

    #[test]
    fn a_session_is_named_by_its_role() {
        for (user, expected) in [
            ("arn:aws:sts::111122223333:assumed-role/client/i-0abc", Some("arn:aws:iam::111122223333:role/client")),
            ("arn:aws-cn:sts::********3333:assumed-role/c/s", Some("arn:aws-cn:iam::********3333:role/c")),
            ("arn:aws:iam::111122223333:user/me", Some("arn:aws:iam::111122223333:user/me")),
            ("anonymous", None),
            ("arn:aws:iam::1:user/$(reboot)", None),
        ] {
            assert_eq!(principal(user).as_deref(), expected, "{user}");
        }
    }
}
