//! The one cryptography provider of the program: aws-lc-rs, for the probe, the AWS calls, the web server and the simulator.

mod ecdh_p521;

use ecdh_p521::Secp521r1;
use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// Returns aws-lc-rs with the classical key exchanges X25519, P-256 and P-384, as curl on Amazon Linux 2023 offers them.
///
/// Its cipher suites come in the order in which API Gateway's documentation lists them: SHA-256, the cheaper, before SHA-384.
pub fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups =
        vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1, aws_lc_rs::kx_group::SECP384R1];
    provider.cipher_suites.sort_by_key(|one| one.suite().as_str().is_some_and(|name| name.ends_with("SHA384")));
    provider
}

/// Returns the provider of the probe: the same with P-521 as the last key exchange, as curl offers it too.
pub fn probe_provider() -> CryptoProvider {
    let mut provider = provider();
    provider.kx_groups.push(&Secp521r1);
    provider
}

#[cfg(test)]
mod tests {
    /// The variables are those of `.cargo/config.toml`: without the first a client hello costs 31 ms of CPU instead of 0.7.
    #[test]
    fn this_build_has_the_environment_of_the_cargo_configuration() {
        assert_eq!(option_env!("AWS_LC_SYS_NO_JITTER_ENTROPY"), Some("1"));
        assert_eq!(option_env!("AWS_LC_SYS_USE_SYSTEM"), Some("0"));
    }

    /// The evidence of a `handshake_failure` says what was offered: this is all of it.
    #[test]
    fn what_is_said_to_be_offered_is_what_the_library_offers() {
        let provider = super::probe_provider();
        let offered = crate::diagnosis::OFFERED;
        let of_suites = |name: &str| match name {
            _ if name.contains("_AES_") => "AES-GCM",
            _ if name.contains("_CHACHA20_POLY1305_") => "ChaCha20-Poly1305",
            other => panic!("{other}"),
        };
        let of_schemes = |scheme: &str| match scheme {
            _ if scheme.starts_with("RSA_") => "RSA",
            "ECDSA_NISTP256_SHA256" => "P-256",
            "ECDSA_NISTP384_SHA384" => "P-384",
            "ECDSA_NISTP521_SHA512" => "P-521",
            "ED25519" => "Ed25519",
            _ if scheme.starts_with("ML_DSA_") => "ML-DSA",
            other => panic!("{other}"),
        };
        for suite in &provider.cipher_suites {
            assert!(offered.contains(of_suites(suite.suite().as_str().unwrap())));
        }
        for scheme in provider.signature_verification_algorithms.supported_schemes() {
            assert!(offered.contains(of_schemes(scheme.as_str().unwrap())));
        }
        for group in &provider.kx_groups {
            let name = group.name().as_str().unwrap();
            let curve = |bits: &str| format!("P-{bits}");
            let name =
                name.strip_prefix("secp").and_then(|name| name.strip_suffix("r1")).map_or(name.to_owned(), curve);
            assert!(offered.contains(&name), "{name}");
        }
    }
}
