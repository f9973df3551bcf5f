//! Who vouches for the make-believe AWS? An authority of its own: root, intermediate and leaf, as AWS sends them, and the broken ones.

use super::world::{Chain, Endpoint, World};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// The authorities, and the server configurations made so far.
#[derive(Debug)]
pub(super) struct Pki {
    root: Authority,
    intermediate: Authority,
    inspection: Authority,
    configs: Mutex<HashMap<(Chain, String), Arc<ServerConfig>>>,
}

impl Pki {
    /// Makes the authorities; leaves are made when they are first asked for.
    pub(super) fn generate() -> io::Result<Self> {
        let root = CertifiedIssuer::self_signed(authority("Make-believe Amazon", "Lab Root CA 1"), key()?);
        let root = root.map_err(io::Error::other)?;
        let intermediate =
            CertifiedIssuer::signed_by(authority("Make-believe Amazon", "Lab ECDSA 256 M01"), key()?, &root)
                .map_err(io::Error::other)?;
        let inspection = CertifiedIssuer::self_signed(authority("Example Corp", "Example Corp TLS Inspection"), key()?)
            .map_err(io::Error::other)?;
        Ok(Self { root, intermediate, inspection, configs: Mutex::default() })
    }

    /// The root that a client has to trust.
    pub(super) fn root(&self) -> &CertificateDer<'static> {
        self.root.der()
    }

    /// The same as PEM.
    pub(super) fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// The root of the company that inspects TLS, as PEM.
    pub(super) fn inspection_pem(&self) -> String {
        self.inspection.pem()
    }

    /// How to answer a client that asks for a name: with the certificate of its zone, that of a custom domain name which is known
    /// there, or else the default one.
    pub(super) fn server_config(
        &self,
        world: &World,
        chain: Chain,
        sni: Option<&str>,
        endpoint: Option<&Endpoint>,
    ) -> io::Result<Arc<ServerConfig>> {
        let zone = world.endpoint_zone();
        let zone = if sni.is_some_and(|name| name.ends_with(&format!(".{zone}"))) { zone } else { world.api_zone() };
        let (chain, name) = match sni.and_then(|name| world.domain_known_at(endpoint, name)) {
            Some(domain) if chain == Chain::Good => (domain.chain, domain.name.to_owned()),
            Some(_) | None => (chain, format!("*.{zone}")),
        };
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(&(chain, name.clone())) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.make_config(chain, &name)?);
        configs.insert((chain, name), Arc::clone(&config));
        Ok(config)
    }

    fn make_config(&self, chain: Chain, name: &str) -> io::Result<ServerConfig> {
        let now = OffsetDateTime::now_utc();
        let days = |from: i64, to: i64| (now + Duration::days(from), now + Duration::days(to));
        let usual = days(-60, 335);
        let (certificates, key) = match chain {
            Chain::Good => leaf(name, usual, &self.intermediate)?,
            Chain::Expired => leaf(name, days(-398, -3), &self.intermediate)?,
            Chain::NotYetValid => leaf(name, days(2, 397), &self.intermediate)?,
            Chain::OfLoadBalancer => leaf("*.elb.us-east-1.amazonaws.com", usual, &self.intermediate)?,
            Chain::OfInspection => leaf(name, usual, &self.inspection)?,
            Chain::ForClients => leaf_for(ExtendedKeyUsagePurpose::ClientAuth, name, usual, &self.intermediate)?,
            Chain::TooDeep => self.deep_leaf(name, usual)?,
            Chain::OfStranger => {
                let stranger = CertifiedIssuer::self_signed(authority("Nobody Knows", "Nobody Knows Root"), key()?);
                leaf(name, usual, &stranger.map_err(io::Error::other)?)?
            }
        };
        ServerConfig::builder_with_provider(Arc::new(crate::crypto_provider::provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
            .map_err(io::Error::other)
    }

    /// A leaf with one intermediate authority more above it than the probe's TLS library follows.
    fn deep_leaf(&self, name: &str, validity: Validity) -> io::Result<ChainAndKey> {
        let below = |issuer: &Authority, depth: usize| {
            let params = authority("Make-believe Amazon", &format!("Lab Sub CA {depth}"));
            CertifiedIssuer::signed_by(params, key()?, issuer).map_err(io::Error::other)
        };
        let mut above = vec![self.intermediate.der().clone()];
        let mut issuer = below(&self.intermediate, 1)?;
        for depth in 2..=MOST_INTERMEDIATES_FOLLOWED {
            above.push(issuer.der().clone());
            issuer = below(&issuer, depth)?;
        }
        let (mut certificates, key) = leaf(name, validity, &issuer)?;
        certificates.extend(above.into_iter().rev());
        Ok((certificates, key))
    }
}

type Validity = (OffsetDateTime, OffsetDateTime);
type ChainAndKey = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// A server's leaf for one name, with its issuer behind it.
fn leaf(name: &str, validity: Validity, issuer: &Authority) -> io::Result<ChainAndKey> {
    leaf_for(ExtendedKeyUsagePurpose::ServerAuth, name, validity, issuer)
}

fn leaf_for(
    purpose: ExtendedKeyUsagePurpose,
    name: &str,
    (from, to): Validity,
    issuer: &Authority,
) -> io::Result<ChainAndKey> {
    let mut params = CertificateParams::new([name.to_owned()]).map_err(io::Error::other)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = from;
    params.not_after = to;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    let key = key()?;
    let certificate = params.signed_by(&key, issuer).map_err(io::Error::other)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    Ok((vec![certificate.der().clone(), issuer.der().clone()], key))
}

fn authority(organization: &str, name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "US");
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = OffsetDateTime::now_utc() - Duration::days(3650);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(3650);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A new P-256 key.
fn key() -> io::Result<KeyPair> {
    KeyPair::generate().map_err(io::Error::other)
}

/// How many intermediate authorities the probe's TLS library follows.
const MOST_INTERMEDIATES_FOLLOWED: usize = 6;
