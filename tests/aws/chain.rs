//! In which order are sources tried, and what of the shared files is understood?

use super::endpoints::{Endpoint, handed};
use super::{credentials, file, why, wish};
use apigw_probe::aws::Wish;

const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
    ("AWS_SECRET_ACCESS_KEY", "secret-of-the-environment"),
    ("AWS_SESSION_TOKEN", "token-of-the-environment"),
];

fn of_profile(name: &str) -> Wish {
    Wish { profile: Some(name.to_owned()), ..wish() }
}

#[tokio::test]
async fn the_environment_comes_first() {
    let (_kept, shared) = file("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = secret-of-the-file\n");
    let shared = ("AWS_SHARED_CREDENTIALS_FILE", shared.to_str().unwrap());
    let all = [KEYS[0], KEYS[1], KEYS[2], shared];
    let found = credentials(wish(), &all).await;
    assert_eq!((found.access_key_id.as_str(), found.session_token.as_deref()), ("AKIAENVIRONMENT", Some(KEYS[2].1)));
    assert_eq!(credentials(wish(), &[shared]).await.access_key_id, "AKIAFILE");
    // a profile that was asked for is the only source
    assert_eq!(credentials(of_profile("default"), &all).await.access_key_id, "AKIAFILE");
}

#[tokio::test]
async fn the_end_of_exported_credentials_is_known() {
    let all = [KEYS[0], KEYS[1], ("AWS_CREDENTIAL_EXPIRATION", "2030-01-01T00:00:00+00:00")];
    assert_eq!(credentials(wish(), &all).await.expires.unwrap().year(), 2030);
}

#[tokio::test]
async fn a_container_comes_before_the_instance() {
    let container = Endpoint::answering(|_| (200, handed("ASIACONTAINER", "2099-01-01T00:00:00Z"))).await;
    let instance = Endpoint::answering(|_| (500, String::new())).await;
    let all = [
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.url.as_str()),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url.as_str()),
    ];
    assert_eq!(credentials(wish(), &all).await.access_key_id, "ASIACONTAINER");
    assert!(instance.asked().is_empty());
}

#[tokio::test]
async fn a_source_that_is_there_and_broken_is_not_passed_over() {
    let container = Endpoint::answering(|_| (200, handed("ASIACONTAINER", "2099-01-01T00:00:00Z"))).await;
    let next = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url.as_str());
    let (_kept, shared) = file("[default]\naws_access_key_id = AKIAFILE\n");
    for (broken, named) in [
        (vec![KEYS[0], next], "AWS_SECRET_ACCESS_KEY"),
        (vec![("AWS_SHARED_CREDENTIALS_FILE", shared.to_str().unwrap()), next], "`default`"),
        (vec![("AWS_PROFILE", "nowhere"), next], "`nowhere`"),
        (vec![("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"), next], "AWS_ROLE_ARN"),
        (
            vec![("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/x"), next],
            "/nowhere",
        ),
    ] {
        let text = why(wish(), &broken).await;
        assert!(text.contains(named), "{broken:?}: {text}");
    }
    assert!(container.asked().is_empty());
}

#[tokio::test]
async fn keys_that_cannot_stand_in_a_header_are_refused_with_the_name_of_their_source() {
    let container = Endpoint::answering(|_| (200, handed("ASIATORN\\r\\nX-Evil: 1", "2099-01-01T00:00:00Z"))).await;
    let (_kept, shared) = file("[p]\naws_access_key_id = AKIAFILE\naws_secret_access_key = hunter2 hunter2\n");
    let shared = shared.to_str().unwrap();
    let torn = |at: usize| {
        let mut all = KEYS.to_vec();
        all[at].1 = ["AKIATORN\r", "hunter2\r", "hunter2\nX-Evil: 1"][at];
        all
    };
    for (given, named) in [
        (torn(0), ["AWS_ACCESS_KEY_ID", "carriage return"]),
        (torn(1), ["AWS_SECRET_ACCESS_KEY", "carriage return"]),
        (torn(2), ["AWS_SESSION_TOKEN", "line break"]),
        (vec![("AWS_SHARED_CREDENTIALS_FILE", shared), ("AWS_PROFILE", "p")], [shared, "`p`"]),
        (vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url.as_str())], ["container endpoint", "AccessKeyId"]),
    ] {
        let text = why(wish(), &given).await;
        assert!(named.iter().all(|word| text.contains(word)), "{text}");
        assert!(!["AKIATORN", "ASIATORN", "hunter2", "X-Evil"].iter().any(|secret| text.contains(secret)), "{text}");
    }
}

#[tokio::test]
async fn a_file_that_was_written_on_windows_is_read_as_any_other() {
    let (_kept, shared) = file("[default]\r\naws_access_key_id = AKIAFILE \r\naws_secret_access_key = s\r\n");
    let found = credentials(wish(), &[("AWS_SHARED_CREDENTIALS_FILE", shared.to_str().unwrap())]).await;
    assert_eq!((found.access_key_id.as_str(), found.secret_access_key.as_str()), ("AKIAFILE", "s"));
}

#[tokio::test]
async fn every_absent_source_is_named() {
    let text = why(wish(), &[]).await;
    for source in ["environment", "profile", "web identity", "container endpoint", "instance metadata"] {
        assert!(text.contains(source), "{text}");
    }
}

#[tokio::test]
async fn ways_that_want_a_browser_or_a_program_are_told_by_their_key() {
    let (_kept, config) = file(
        "[profile sso]\nsso_session = corp\n[profile process]\ncredential_process = /bin/keys\n\
         [profile mfa]\nrole_arn = arn:aws:iam::222233334444:role/x\nsource_profile = sso\nmfa_serial = arn:aws:iam::1:mfa/me\n\
         [profile half]\nrole_arn = arn:aws:iam::222233334444:role/x\n[profile empty]\nregion = us-east-1\n",
    );
    let at = [("AWS_CONFIG_FILE", config.to_str().unwrap())];
    for (profile, named) in [
        ("sso", "sso_session"),
        ("process", "credential_process"),
        ("mfa", "mfa_serial"),
        ("half", "source_profile"),
        ("empty", "no keys"),
        ("nowhere", "no profile"),
    ] {
        let text = why(of_profile(profile), &at).await;
        assert!(text.contains(named), "{profile}: {text}");
    }
}

#[tokio::test]
async fn files_lie_below_the_home_directory_if_nothing_else_is_said() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(
        home.path().join(".aws/config"),
        "[profile x]\naws_access_key_id=AKIACONFIG\naws_secret_access_key=s\n",
    )
    .unwrap();
    std::fs::write(home.path().join(".aws/credentials"), "[x]\naws_access_key_id=AKIACREDENTIALS\n").unwrap();
    let at = [("HOME", home.path().to_str().unwrap()), ("AWS_PROFILE", "x")];
    assert_eq!(credentials(wish(), &at).await.access_key_id, "AKIACREDENTIALS");
}
