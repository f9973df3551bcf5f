//! Every kind of error of the TLS libraries has a sentence, and none shows what they write for programmers.

use super::error_text;
use rustls::CertificateError as C;
use rustls::Error as E;
use rustls::InvalidMessage as M;
use rustls::PeerIncompatible as I;
use rustls::PeerMisbehaved as P;
use rustls::pki_types::{ServerName, UnixTime, alg_id};
use rustls::{AlertDescription, CertRevocationListError, EncryptedClientHelloError, InconsistentKeys, OtherError};
use std::sync::Arc;
use std::time::Duration;
use webpki::Error as W;

/// Whether a word is a name of program code, such as `NameConstraintViolation`.
fn is_of_code(word: &str) -> bool {
    let inner = word.chars().skip(1).any(|c| c.is_ascii_uppercase()) && word.chars().any(|c| c.is_ascii_lowercase());
    inner && word.starts_with(|c: char| c.is_ascii_uppercase())
}

#[track_caller]
fn is_a_sentence(error: &E) {
    let (text, code) = (error_text(error), format!("{error:?}"));
    assert!(text.len() > 15 && !text.contains(['{', '[', '"']), "{code}: {text}");
    for word in code.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| is_of_code(word)) {
        assert!(!text.contains(word), "{code}: {text}");
    }
    assert_ne!(text, error.to_string());
}

#[test]
fn errors_of_the_protocol_have_sentences() {
    for error in [
        E::InappropriateMessage { expect_types: Vec::new(), got_type: rustls::ContentType::Alert },
        E::InappropriateHandshakeMessage { expect_types: Vec::new(), got_type: rustls::HandshakeType::Finished },
        E::InvalidEncryptedClientHello(EncryptedClientHelloError::NoCompatibleConfig),
        E::NoCertificatesPresented,
        E::UnsupportedNameType,
        E::DecryptError,
        E::EncryptError,
        E::AlertReceived(AlertDescription::HandshakeFailure),
        E::AlertReceived(AlertDescription::Unknown(42)),
        E::InvalidCertRevocationList(CertRevocationListError::ParseError),
        E::General("SomeWords { of: code }".to_owned()),
        E::FailedToGetCurrentTime,
        E::FailedToGetRandomBytes,
        E::HandshakeNotComplete,
        E::PeerSentOversizedRecord,
        E::NoApplicationProtocol,
        E::BadMaxFragmentSize,
        E::InconsistentKeys(InconsistentKeys::KeyMismatch),
        E::InconsistentKeys(InconsistentKeys::Unknown),
        E::Other(OtherError(Arc::new(W::BadDer))),
    ] {
        is_a_sentence(&error);
    }
}

#[test]
fn invalid_messages_have_sentences() {
    #[rustfmt::skip]
    let all = [
        M::CertificatePayloadTooLarge, M::HandshakePayloadTooLarge, M::InvalidCcs, M::InvalidContentType,
        M::InvalidCertificateStatusType, M::InvalidCertRequest, M::InvalidDhParams, M::InvalidEmptyPayload,
        M::InvalidKeyUpdate, M::InvalidServerName, M::MessageTooLarge, M::MessageTooShort, M::MissingData("Data"),
        M::MissingKeyExchange, M::NoSignatureSchemes, M::TrailingData("Data"), M::UnexpectedMessage("Data"),
        M::UnknownProtocolVersion, M::UnsupportedCompression, M::UnsupportedCurveType, M::EmptyTicketValue,
        M::IllegalEmptyList("List"), M::IllegalEmptyValue, M::DuplicateExtension(1),
        M::PreSharedKeyIsNotFinalExtension, M::UnknownHelloRetryRequestExtension, M::UnknownCertificateExtension,
    ];
    for message in all {
        is_a_sentence(&message.into());
    }
}

#[test]
fn incompatible_servers_have_sentences() {
    #[rustfmt::skip]
    let all = [
        I::EcPointsExtensionRequired, I::ExtendedMasterSecretExtensionRequired, I::IncorrectCertificateTypeExtension,
        I::KeyShareExtensionRequired, I::NamedGroupsExtensionRequired,
        I::NoCertificateRequestSignatureSchemesInCommon, I::NoCipherSuitesInCommon, I::NoEcPointFormatsInCommon,
        I::NoKxGroupsInCommon, I::NoSignatureSchemesInCommon, I::NullCompressionRequired,
        I::ServerDoesNotSupportTls12Or13, I::ServerSentHelloRetryRequestWithUnknownExtension,
        I::ServerTlsVersionIsDisabledByOurConfig, I::SignatureAlgorithmsExtensionRequired,
        I::SupportedVersionsExtensionRequired, I::Tls12NotOffered, I::Tls12NotOfferedOrEnabled,
        I::Tls13RequiredForQuic, I::UncompressedEcPointsRequired, I::UnsolicitedCertificateTypeExtension,
        I::ServerRejectedEncryptedClientHello(None),
    ];
    for why in all {
        is_a_sentence(&why.into());
    }
}

#[test]
fn misbehaving_servers_have_sentences() {
    #[rustfmt::skip]
    let all = [
        P::AttemptedDowngradeToTls12WhenTls13IsSupported, P::BadCertChainExtensions, P::CipherSuiteDifferedOnRetry,
        P::DisallowedEncryptedExtension, P::DuplicateClientHelloExtensions, P::DuplicateEncryptedExtensions,
        P::DuplicateHelloRetryRequestExtensions, P::DuplicateNewSessionTicketExtensions,
        P::DuplicateServerHelloExtensions, P::DuplicateServerNameTypes, P::EarlyDataAttemptedInSecondClientHello,
        P::EarlyDataExtensionWithoutResumption, P::EarlyDataOfferedWithVariedCipherSuite,
        P::EchAcceptanceVariedAfterRetry, P::HandshakeHashVariedAfterRetry,
        P::IllegalHelloRetryRequestWithEmptyCookie, P::IllegalHelloRetryRequestWithNoChanges,
        P::IllegalHelloRetryRequestWithOfferedGroup, P::IllegalHelloRetryRequestWithUnofferedCipherSuite,
        P::IllegalHelloRetryRequestWithUnofferedNamedGroup, P::IllegalHelloRetryRequestWithUnsupportedVersion,
        P::IllegalHelloRetryRequestWithWrongSessionId, P::IllegalHelloRetryRequestWithInvalidEch,
        P::IllegalMiddleboxChangeCipherSpec, P::IllegalTlsInnerPlaintext, P::IncorrectBinder,
        P::InvalidCertCompression, P::InvalidMaxEarlyDataSize, P::InvalidKeyShare, P::KeyEpochWithPendingFragment,
        P::KeyUpdateReceivedInQuicConnection, P::MessageInterleavedWithHandshakeMessage,
        P::MissingBinderInPskExtension, P::MissingKeyShare, P::MissingPskExtensionInSecondClientHello,
        P::MissingPskModesExtension, P::MissingQuicTransportParameters, P::OfferedDuplicateCertificateCompressions,
        P::OfferedDuplicateKeyShares, P::OfferedEarlyDataWithOldProtocolVersion, P::OfferedEmptyApplicationProtocol,
        P::OfferedIncorrectCompressions, P::PskExtensionMustBeLast, P::PskExtensionWithMismatchedIdsAndBinders,
        P::RefusedToFollowHelloRetryRequest, P::RejectedEarlyDataInterleavedWithHandshakeMessage,
        P::ResumptionAttemptedWithVariedEms, P::ResumptionOfferedWithVariedCipherSuite,
        P::ResumptionOfferedWithVariedEms, P::ResumptionOfferedWithIncompatibleCipherSuite,
        P::SelectedDifferentCipherSuiteAfterRetry, P::SelectedInvalidPsk, P::SelectedTls12UsingTls13VersionExtension,
        P::SelectedUnofferedApplicationProtocol, P::SelectedUnofferedCertCompression, P::SelectedUnofferedCipherSuite,
        P::SelectedUnofferedCompression, P::SelectedUnofferedKxGroup, P::SelectedUnofferedPsk,
        P::SelectedUnusableCipherSuiteForVersion, P::ServerEchoedCompatibilitySessionId,
        P::ServerHelloMustOfferUncompressedEcPoints, P::ServerNameDifferedOnRetry,
        P::ServerNameMustContainOneHostName, P::SignedKxWithWrongAlgorithm,
        P::SignedHandshakeWithUnadvertisedSigScheme, P::TooManyEmptyFragments, P::TooManyKeyUpdateRequests,
        P::TooManyRenegotiationRequests, P::TooManyWarningAlertsReceived, P::TooMuchEarlyDataReceived,
        P::UnexpectedCleartextExtension, P::UnsolicitedCertExtension, P::UnsolicitedEncryptedExtension,
        P::UnsolicitedSctList, P::UnsolicitedServerHelloExtension, P::WrongGroupForKeyShare,
        P::UnsolicitedEchExtension,
    ];
    for why in all {
        is_a_sentence(&why.into());
    }
}

#[test]
#[allow(deprecated, reason = "the library still has the kinds without details")]
fn errors_of_certificates_have_sentences() {
    let time = UnixTime::since_unix_epoch(Duration::from_secs(1_700_000_000));
    // the object id of ecdsa-with-SHA512
    let id = || vec![6, 8, 42, 134, 72, 206, 61, 4, 3, 4];
    for error in [
        C::BadEncoding,
        C::Expired,
        C::ExpiredContext { time, not_after: time },
        C::NotValidYet,
        C::NotValidYetContext { time, not_before: time },
        C::Revoked,
        C::UnhandledCriticalExtension,
        C::UnknownIssuer,
        C::UnknownRevocationStatus,
        C::ExpiredRevocationList,
        C::ExpiredRevocationListContext { time, next_update: time },
        C::BadSignature,
        C::UnsupportedSignatureAlgorithm,
        C::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: id(),
            supported_algorithms: vec![alg_id::ECDSA_SHA384],
        },
        C::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: id(),
            public_key_algorithm_id: vec![1],
        },
        C::NotValidForName,
        C::NotValidForNameContext { expected: ServerName::try_from("api.test").unwrap(), presented: Vec::new() },
        C::InvalidPurpose,
        C::InvalidPurposeContext { required: rustls::ExtendedKeyPurpose::ServerAuth, presented: Vec::new() },
        C::InvalidOcspResponse,
        C::ApplicationVerificationFailure,
        C::Other(OtherError(Arc::new(std::io::Error::other("SomeWords { of: code }")))),
    ] {
        is_a_sentence(&error.into());
    }
}

#[test]
#[allow(deprecated, reason = "the library still has the kinds without details")]
fn errors_of_the_verifier_have_sentences() {
    let time = UnixTime::since_unix_epoch(Duration::from_secs(1_700_000_000));
    let signature = || webpki::UnsupportedSignatureAlgorithmContext {
        signature_algorithm_id: Vec::new(),
        supported_algorithms: vec![alg_id::ECDSA_SHA384],
    };
    let key = || webpki::UnsupportedSignatureAlgorithmForPublicKeyContext {
        signature_algorithm_id: vec![6, 1],
        public_key_algorithm_id: alg_id::ECDSA_P256.as_ref().to_vec(),
    };
    let usage = webpki::RequiredEkuNotFoundContext { required: webpki::KeyUsage::server_auth(), present: Vec::new() };
    let name =
        webpki::InvalidNameContext { expected: ServerName::try_from("api.test").unwrap(), presented: Vec::new() };
    #[rustfmt::skip]
    let all = [
        W::BadDer, W::BadDerTime, W::CaUsedAsEndEntity, W::CertDistrusted, W::CertRevoked, W::EmptyEkuExtension,
        W::EndEntityUsedAsCa, W::ExtensionValueInvalid, W::InvalidCertValidity, W::InvalidCrlNumber,
        W::InvalidNetworkMaskConstraint, W::InvalidSerialNumber, W::InvalidCrlSignatureForPublicKey,
        W::InvalidSignatureForPublicKey, W::IssuerNotCrlSigner, W::MalformedDnsIdentifier, W::MalformedExtensions,
        W::MalformedNameConstraint, W::MaximumNameConstraintComparisonsExceeded, W::MaximumPathBuildCallsExceeded,
        W::MaximumPathDepthExceeded, W::MaximumSignatureChecksExceeded, W::NameConstraintViolation,
        W::PathLenConstraintViolated, W::RequiredEkuNotFound, W::SignatureAlgorithmMismatch, W::UnknownIssuer,
        W::UnknownRevocationStatus, W::UnsupportedCertVersion, W::UnsupportedCriticalExtension,
        W::UnsupportedCrlIssuingDistributionPoint, W::UnsupportedCrlVersion, W::UnsupportedDeltaCrl,
        W::UnsupportedIndirectCrl, W::UnsupportedNameType, W::UnsupportedRevocationReason,
        W::UnsupportedRevocationReasonsPartitioning, W::UnsupportedCrlSignatureAlgorithm,
        W::UnsupportedSignatureAlgorithm, W::UnsupportedCrlSignatureAlgorithmForPublicKey,
        W::UnsupportedSignatureAlgorithmForPublicKey,
        W::CertExpired { time, not_after: time },
        W::CertNotValidYet { time, not_before: time },
        W::CrlExpired { time, next_update: time },
        W::CertNotValidForName(name),
        W::RequiredEkuNotFoundContext(usage),
        W::TrailingData(webpki::DerTypeId::Certificate),
        W::UnsupportedCrlSignatureAlgorithmContext(signature()),
        W::UnsupportedSignatureAlgorithmContext(signature()),
        W::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(key()),
        W::UnsupportedSignatureAlgorithmForPublicKeyContext(key()),
    ];
    for error in all {
        is_a_sentence(&C::Other(OtherError(Arc::new(error))).into());
    }
}

#[test]
fn alerts_have_the_names_of_the_standard() {
    let name = |alert| error_text(&E::AlertReceived(alert));
    assert!(name(AlertDescription::HandshakeFailure).ends_with(" handshake_failure"));
    assert!(name(AlertDescription::UnrecognisedName).ends_with(" unrecognized_name"));
    assert!(name(AlertDescription::UnknownCA).ends_with(" unknown_ca"));
    assert!(name(AlertDescription::NoApplicationProtocol).ends_with(" no_application_protocol"));
    assert!(name(AlertDescription::Unknown(42)).ends_with(" 42"));
}
