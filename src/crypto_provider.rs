//! The one cryptography provider of the program: aws-lc-rs, for the probe, the AWS calls, the web server and the simulator.

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

#[cfg(test)]
mod tests {
    /// The variables are those of `.cargo/config.toml`: without the first a client hello costs 31 ms of CPU instead of 0.7.
    #[test]
    fn this_build_has_the_environment_of_the_cargo_configuration() {
        assert_eq!(option_env!("AWS_LC_SYS_NO_JITTER_ENTROPY"), Some("1"));
        assert_eq!(option_env!("AWS_LC_SYS_USE_SYSTEM"), Some("0"));
    }
}
