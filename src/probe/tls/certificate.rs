//! What does a certificate say of itself? Subject, names, issuer and validity, whoever signed it.

use crate::observation::{Certificate, printable};
use std::net::{Ipv4Addr, Ipv6Addr};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::oid2abbrev;
use x509_parser::oid_registry::OidRegistry;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// Reads a certificate; the error says why it cannot be read.
pub(super) fn read(der: &[u8]) -> Result<Certificate, String> {
    let certificate = parse(der)?;
    let sans = match certificate.subject_alternative_name() {
        Ok(Some(extension)) => extension.value.general_names.iter().take(MOST_NAMES).filter_map(name).collect(),
        Ok(None) | Err(_) => Vec::new(),
    };
    let moment = |time: x509_parser::time::ASN1Time| time.to_datetime();
    Ok(Certificate {
        subject: printable(spelled(certificate.subject()).as_bytes(), MOST_CHARS),
        sans,
        issuer: printable(spelled(certificate.issuer()).as_bytes(), MOST_CHARS),
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
