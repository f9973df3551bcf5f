//! What does a certificate say of itself? Subject, names, issuer and validity, whoever signed it.

use crate::observation::{Certificate, printable};
use std::net::{Ipv4Addr, Ipv6Addr};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

/// Reads a certificate; the error says why it cannot be read.
pub(super) fn read(der: &[u8]) -> Result<Certificate, String> {
    let certificate = parse(der)?;
    let sans = match certificate.subject_alternative_name() {
        Ok(Some(extension)) => extension.value.general_names.iter().take(MOST_NAMES).filter_map(name).collect(),
        Ok(None) | Err(_) => Vec::new(),
    };
    let moment = |time: x509_parser::time::ASN1Time| time.to_datetime();
    Ok(Certificate {
        subject: printable(certificate.subject().to_string().as_bytes(), MOST_CHARS),
        sans,
        issuer: printable(certificate.issuer().to_string().as_bytes(), MOST_CHARS),
        not_before: moment(certificate.validity().not_before),
        not_after: moment(certificate.validity().not_after),
    })
}

/// When a certificate begins and ends to be valid.
pub(super) fn validity(der: &[u8]) -> Option<(OffsetDateTime, OffsetDateTime)> {
    let certificate = parse(der).ok()?;
    let validity = certificate.validity();
    Some((validity.not_before.to_datetime(), validity.not_after.to_datetime()))
}

/// Whether a certificate names itself as its issuer.
pub(super) fn is_self_issued(der: &[u8]) -> bool {
    parse(der).is_ok_and(|certificate| certificate.subject().as_raw() == certificate.issuer().as_raw())
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    match X509Certificate::from_der(der) {
        Ok((_, certificate)) => Ok(certificate),
        Err(error) => Err(format!("the certificate cannot be read: {error}")),
    }
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
