//! Parses files of certificates in PEM, as `--ca-file` names one.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error, PemObject as _};

/// Returns the certificates of a file.
///
/// Accepted as well: a byte order mark, line breaks that are spelled `\n` (as environment variables and secret stores have them),
/// quotes, indentation, and the old label `X509 CERTIFICATE`.
///
/// # Errors
///
/// What is wrong with the file.
pub(super) fn parse(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if let [0xfe, 0xff, ..] | [0xff, 0xfe, ..] = file {
        return Err("it is UTF-16; convert it, e.g. `iconv -f UTF-16 -t UTF-8 FILE`".to_owned());
    }
    if let [0x30, 0x80..=0x84, ..] = file {
        return Err("it is DER, not PEM; convert it, e.g. `openssl x509 -inform DER -in FILE`".to_owned());
    }
    let text = normalized(&String::from_utf8_lossy(file));
    if text.contains("-----BEGIN TRUSTED CERTIFICATE-----") {
        return Err(
            "it contains a `TRUSTED CERTIFICATE`, OpenSSL's own form, whose trust settings this probe cannot apply; convert it, \
                    e.g. `openssl x509 -in FILE`"
                .to_owned(),
        );
    }
    let certificates = CertificateDer::pem_slice_iter(text.as_bytes()).enumerate();
    let certificates: Vec<_> = certificates
        .map(|(at, one)| one.map_err(|error| format!("certificate {}: {}", at + 1, pem_error_text(&error))))
        .collect::<Result<_, _>>()?;
    if certificates.is_empty() {
        return Err("it holds no PEM certificate, which begins with `-----BEGIN CERTIFICATE-----`".to_owned());
    }
    Ok(certificates)
}

/// Returns what is wrong with a PEM file; the library shows lines as lists of byte values.
pub(crate) fn pem_error_text(error: &Error) -> String {
    match error {
        Error::MissingSectionEnd { end_marker } => {
            format!("the line `-----END {}-----` is missing", String::from_utf8_lossy(end_marker))
        }
        Error::IllegalSectionStart { .. } => {
            "a line that begins with `-----BEGIN` does not end with `-----`".to_owned()
        }
        Error::Base64Decode(_) => "what stands between its BEGIN and END lines is not base64".to_owned(),
        Error::Io(error) => error.to_string(),
        Error::NoItemsFound => "there is none".to_owned(),
        Error::SectionTooLarge => "it is too large".to_owned(),
        _ => "it is not PEM".to_owned(),
    }
}

fn normalized(text: &str) -> String {
    let text = text.replace("\\r", "").replace("\\n", "\n").replace("X509 CERTIFICATE-----", "CERTIFICATE-----");
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\u{feff}');
    text.lines().flat_map(|line| [line.trim_matches(is_around), "\n"]).collect()
}
