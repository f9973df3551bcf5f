//! Finds what in a certificate chain the TLS library cannot verify.

use super::certificate::{parse, subject};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::{Any, Oid};
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

/// Returns the name of an algorithm: its object id by name if it has one, and that of the curve for a key on an elliptic curve.
pub(super) fn algorithm_name(identifier: &[u8]) -> String {
    let mut names = Vec::new();
    let mut rest = identifier;
    while let Ok((after, oid)) = Oid::from_der(rest) {
        let id = oid.to_id_string();
        let name = match id.as_str() {
            // the registry lacks these
            "1.2.840.10045.4.1" => Ok("ecdsa-with-SHA1"),
            "1.3.132.0.10" => Ok("secp256k1"),
            _ => oid2sn(&oid, oid_registry()),
        };
        names.push(name.map(str::to_owned).unwrap_or(id));
        rest = after;
    }
    let with = if rest.is_empty() || rest == NULL { "" } else { " with unusual parameters" };
    if names.is_empty() { "an unknown algorithm".to_owned() } else { names.join(" on ") + with }
}

/// Returns why signatures of a server's own key cannot be verified by these algorithms, if its kind or size is the reason.
pub(super) fn unsupported_key(
    leaf: &CertificateDer<'_>,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Option<String> {
    let leaf = parse(leaf).ok()?;
    let (_, key) = Any::from_der(leaf.public_key().raw).ok()?;
    let (_, kind) = Any::from_der(key.data).ok()?;
    if !algorithms.iter().any(|algorithm| *algorithm.public_key_alg_id() == *kind.data) {
        let kind = algorithm_name(kind.data);
        return Some(format!("the certificate has a key of the kind {kind}, which this probe cannot verify"));
    }
    let bits = unsupported_rsa_bits(&leaf)?;
    Some(format!("the certificate has an RSA key of {bits} bits; {RSA_RANGE}"))
}

/// Returns why signatures of an authority that the chain needs cannot be verified, if the size of its key is the reason. The
/// authority is one that the server sent, or one of these roots.
pub(super) fn unsupported_authority<'a>(
    chain: &[CertificateDer<'_>],
    roots: impl Iterator<Item = &'a CertificateDer<'static>>,
) -> Option<String> {
    let issued: Vec<_> = chain.iter().filter_map(|der| parse(der).ok()).collect();
    let roots: Vec<_> = roots.filter_map(|der| parse(der).ok()).collect();
    let is_issuer = |authority: &&X509Certificate<'_>| {
        issued.iter().any(|issued| issued.issuer().as_raw() == authority.subject().as_raw())
    };
    issued.iter().skip(1).chain(&roots).filter(is_issuer).find_map(|authority| {
        let bits = unsupported_rsa_bits(authority)?;
        Some(format!("the authority `{}` has an RSA key of {bits} bits; {RSA_RANGE}", subject(authority)))
    })
}

/// Returns the size of an RSA key, if it is out of the range that the library supports.
fn unsupported_rsa_bits(certificate: &X509Certificate<'_>) -> Option<usize> {
    let PublicKey::RSA(key) = certificate.public_key().parsed().ok()? else { return None };
    let first = key.modulus.iter().position(|byte| *byte != 0)?;
    let bits = (key.modulus.len() - first) * 8 - key.modulus[first].leading_zeros() as usize;
    (!(2048..=8192).contains(&bits)).then_some(bits)
}

/// `NULL` in DER, which many identifiers have for their parameters.
const NULL: &[u8] = &[5, 0];
const RSA_RANGE: &str = "this probe verifies those of 2048 to 8192 bits";
