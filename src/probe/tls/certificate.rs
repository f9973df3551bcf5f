//! Reads a certificate: subject, names, issuer and validity.

use crate::observation::{Certificate, printable};
use rustls::pki_types::UnixTime;
use std::net::{Ipv4Addr, Ipv6Addr};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::oid2abbrev;
use x509_parser::oid_registry::OidRegistry;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// Returns what a certificate says of itself.
///
/// # Errors
///
/// That it cannot be read.
pub(super) fn read(der: &[u8]) -> Result<Certificate, String> {
    let certificate = parse(der)?;
    let sans = match certificate.subject_alternative_name() {
        Ok(Some(extension)) => extension.value.general_names.iter().take(MOST_NAMES).filter_map(name).collect(),
        Ok(None) | Err(_) => Vec::new(),
    };
    let (not_before, not_after) = validity(&certificate);
    Ok(Certificate { subject: subject(&certificate), sans, issuer: issuer(&certificate), not_before, not_after })
}

/// Returns a parsed certificate.
///
/// # Errors
///
/// That it cannot be read; the library's own words are not for people.
pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    match X509Certificate::from_der(der) {
        Ok((_, certificate)) => Ok(certificate),
        Err(_) => Err("the certificate cannot be read".to_owned()),
    }
}

/// Returns the subject's name, fit to be shown.
pub(super) fn subject(certificate: &X509Certificate<'_>) -> String {
    printable(spelled(certificate.subject()).as_bytes(), MOST_CHARS)
}

/// Returns the issuer's name, fit to be shown.
pub(super) fn issuer(certificate: &X509Certificate<'_>) -> String {
    printable(spelled(certificate.issuer()).as_bytes(), MOST_CHARS)
}

/// Returns the first and the last moment of a certificate's validity.
pub(super) fn validity(certificate: &X509Certificate<'_>) -> (OffsetDateTime, OffsetDateTime) {
    let validity = certificate.validity();
    (validity.not_before.to_datetime(), validity.not_after.to_datetime())
}

/// Returns whether a certificate names itself as its issuer.
pub(super) fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// Returns a moment as RFC 3339 writes it, in UTC and whole seconds.
pub(super) fn timestamp(at: OffsetDateTime) -> String {
    let whole = at.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(at);
    // beyond the year 9999 there is no such form
    whole.format(&Rfc3339).unwrap_or_else(|_| whole.to_string())
}

/// Returns a moment as rustls counts it.
pub(super) fn to_unix(at: OffsetDateTime) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(at.unix_timestamp()).unwrap_or_default()))
}

/// Returns a moment that rustls counted.
pub(super) fn from_unix(at: UnixTime) -> OffsetDateTime {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A name as the library writes it. Most have attributes with abbreviations alone; its register of all others takes a while to lay out.
fn spelled(name: &X509Name<'_>) -> String {
    let none = OidRegistry::default();
    let is_abbreviated = |attribute: &AttributeTypeAndValue<'_>| oid2abbrev(attribute.attr_type(), &none).is_ok();
    let brief = name.iter_attributes().all(is_abbreviated).then(|| name.to_string_with_registry(&none).ok());
    brief.flatten().unwrap_or_else(|| name.to_string())
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(printable(name.as_bytes(), MOST_CHARS)),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|octets| Ipv4Addr::from(octets).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|octets| Ipv6Addr::from(octets).to_string()),
            _ => None,
        },
        // no other kind of name can be that of a host
        _ => None,
    }
}

const MOST_NAMES: usize = 100;
const MOST_CHARS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelled_as_the_library_spells_it() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let attributes = [vec![2, 5, 4, 3], vec![2, 5, 4, 10], vec![2, 5, 4, 5], vec![1, 2, 3, 4]];
        for (count, oid) in attributes.into_iter().enumerate() {
            params.distinguished_name.push(rcgen::DnType::from_oid(&oid), format!("value {count}"));
            let der = params.self_signed(&key).unwrap().der().to_vec();
            let subject = parse(&der).unwrap().subject().to_string();
            assert_eq!(read(&der).unwrap().subject, subject);
            assert_eq!(subject.matches("value").count(), count + 1);
        }
    }
}
