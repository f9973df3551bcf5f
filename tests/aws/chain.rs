//! The order of the sources, what is understood of the shared files, and what is said of a source that fails.

use super::caller::Caller;
use super::endpoints::{Endpoint, handed};

const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
    ("AWS_SECRET_ACCESS_KEY", "secret-of-the-environment"),
    ("AWS_SESSION_TOKEN", "token-of-the-environment"),
];
const FILE: &str = "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = secret-of-the-file\n";

#[tokio::test]
async fn the_environment_comes_first() {
    let caller = Caller::new().await;
    caller.write(".aws/credentials", FILE);
    let signed = caller.signed(&[], &KEYS).await.unwrap();
    assert_eq!((signed.access_key_id.as_str(), signed.session_token.as_deref()), ("AKIAENVIRONMENT", Some(KEYS[2].1)));
    assert_eq!(caller.key(&[], &[]).await, "AKIAFILE");
    // a profile that was asked for is the only source
    assert_eq!(caller.key(&["--profile", "default"], &KEYS).await, "AKIAFILE");
}

#[tokio::test]
async fn the_end_of_exported_credentials_is_known() {
    let at = |end| [KEYS[0], KEYS[1], KEYS[2], ("AWS_CREDENTIAL_EXPIRATION", end)];
    let caller = Caller::new().await;
    assert_eq!(caller.key(&[], &at("2099-01-01T00:00:00+00:00")).await, "AKIAENVIRONMENT");
    let unsigned = caller.signed(&[], &at("2020-01-01T00:00:00+00:00")).await.unwrap_err();
    assert_eq!((unsigned.cause.as_str(), unsigned.confidence.as_str()), ("credentials-expired", "certain"));
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
    assert_eq!(Caller::new().await.key(&[], &all).await, "ASIACONTAINER");
    assert!(instance.asked().is_empty());
}

#[tokio::test]
async fn a_source_that_is_configured_and_fails_is_not_passed_over() {
    let container = Endpoint::answering(|_| (200, handed("ASIACONTAINER", "2099-01-01T00:00:00Z"))).await;
    let next = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url.as_str());
    let caller = Caller::new().await;
    caller.write("half", "[default]\naws_access_key_id = AKIAFILE\n");
    caller.write("other-half", "[default]\naws_secret_access_key = hunter2\n");
    caller.write("nowhere", "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = missing\n");
    let [half, other_half, nowhere] = ["half", "other-half", "nowhere"].map(|name| caller.path(name));
    for (failing, named) in [
        (vec![KEYS[0], next], "AWS_SECRET_ACCESS_KEY"),
        (vec![KEYS[1], next], "AWS_ACCESS_KEY_ID"),
        (vec![("AWS_SHARED_CREDENTIALS_FILE", half.as_str()), next], "aws_secret_access_key"),
        (vec![("AWS_SHARED_CREDENTIALS_FILE", other_half.as_str()), next], "aws_access_key_id"),
        (vec![("AWS_CONFIG_FILE", nowhere.as_str()), next], "`missing`"),
        (vec![("AWS_PROFILE", "nowhere"), next], "`nowhere`"),
        (vec![("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"), next], "AWS_ROLE_ARN"),
        (
            vec![("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/x"), next],
            "/nowhere",
        ),
    ] {
        let text = caller.why(&[], &failing).await;
        assert!(text.contains(named) && !text.contains("hunter2"), "{failing:?}: {text}");
    }
    assert!(container.asked().is_empty());
}

#[tokio::test]
async fn keys_that_cannot_stand_in_a_header_are_refused_with_the_name_of_their_source() {
    let container = Endpoint::answering(|_| (200, handed("ASIATORN\\r\\nX-Evil: 1", "2099-01-01T00:00:00Z"))).await;
    let caller = Caller::new().await;
    caller.write(".aws/credentials", "[p]\naws_access_key_id = AKIAFILE\naws_secret_access_key = hunter2 hunter2\n");
    let torn = |at: usize| {
        let mut all = KEYS.to_vec();
        all[at].1 = ["AKIATORN\r", "hunter2\r", "hunter2\nX-Evil: 1"][at];
        all
    };
    for (given, named) in [
        (torn(0), ["AWS_ACCESS_KEY_ID", "carriage return"]),
        (torn(1), ["AWS_SECRET_ACCESS_KEY", "carriage return"]),
        (torn(2), ["AWS_SESSION_TOKEN", "line break"]),
        (vec![("AWS_PROFILE", "p")], ["aws_secret_access_key", "`p`"]),
        (vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url.as_str())], ["container endpoint", "AccessKeyId"]),
    ] {
        let text = caller.why(&[], &given).await;
        assert!(named.iter().all(|word| text.contains(word)), "{text}");
        assert!(!["AKIATORN", "ASIATORN", "hunter2", "X-Evil"].iter().any(|secret| text.contains(secret)), "{text}");
    }
}

#[tokio::test]
async fn a_file_that_was_written_on_windows_is_read_as_any_other() {
    let caller = Caller::new().await;
    caller.write(".aws/credentials", "[default]\r\naws_access_key_id = AKIAFILE \r\naws_secret_access_key = s\r\n");
    assert_eq!(caller.key(&[], &[]).await, "AKIAFILE");
}

#[tokio::test]
async fn every_absent_source_is_named() {
    let caller = Caller::new().await;
    let unsigned = caller.signed(&[], &[]).await.unwrap_err();
    for source in ["environment", "profile", "web identity", "container endpoint", "instance metadata"] {
        assert!(unsigned.evidence.contains(source), "{unsigned:?}");
    }
    assert_eq!((unsigned.outcome.as_str(), unsigned.confidence.as_str()), ("http-no-credentials", "certain"));
    // an empty variable counts as an absent one
    let empty = ["AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    let text = caller.why(&[], &empty.map(|name| (name, ""))).await;
    assert!(text.contains("instance metadata") && text.contains("`default`"), "{text}");
}

#[tokio::test]
async fn what_a_probe_cannot_use_is_named_by_its_key() {
    let caller = Caller::new().await;
    caller.write(
        ".aws/config",
        "[profile login]\nlogin_session = arn:aws:iam::1:user/x\n\
         [profile mfa]\nrole_arn = arn:aws:iam::222233334444:role/x\nsource_profile = login\nmfa_serial = arn:aws:iam::1:mfa/me\n\
         [profile half]\nrole_arn = arn:aws:iam::222233334444:role/x\n[profile empty]\nregion = us-east-1\n\
         [profile 'two words']\naws_access_key_id = AKIA\n",
    );
    for (profile, named) in [
        ("login", "login_session"),
        ("mfa", "mfa_serial"),
        ("half", "source_profile"),
        ("empty", "no keys"),
        ("nowhere", "no profile"),
        ("two words", "[profile 'two words']"),
    ] {
        let text = caller.why(&["--profile", profile], &[]).await;
        assert!(text.contains(named) && text.contains(&format!("`{profile}`")), "{profile}: {text}");
    }
}

#[tokio::test]
async fn a_file_that_the_sdk_cannot_parse_is_named_with_the_line() {
    let caller = Caller::new().await;
    for (text, words) in [
        ("aws_access_key_id = hunter2\n", ["line 1", "profile definition"]),
        ("[default]\naws_access_key_id: hunter2\n", ["line 2", "'='"]),
        ("\u{feff}[default]\n", ["credentials", "byte order mark"]),
    ] {
        caller.write(".aws/credentials", text);
        let why = caller.why(&[], &[]).await;
        assert!(words.iter().all(|word| why.contains(word)) && !why.contains("hunter2"), "{why}");
        assert!(why.contains(&caller.path(".aws/credentials")), "{why}");
    }
    caller.write(".aws/credentials", b"[default]\nregion = \xe9\n");
    assert!(caller.why(&[], &[]).await.contains("UTF-8"));
}

#[tokio::test]
async fn files_lie_below_the_home_directory_and_a_tilde_stands_for_it() {
    let caller = Caller::new().await;
    caller.write(".aws/config", "[profile x]\naws_access_key_id=AKIACONFIG\naws_secret_access_key=s\n");
    caller.write(".aws/credentials", "[x]\naws_access_key_id=AKIACREDENTIALS\n");
    caller.write("elsewhere/credentials", "[x]\naws_access_key_id=AKIAELSEWHERE\naws_secret_access_key=s\n");
    assert_eq!(caller.key(&[], &[("AWS_PROFILE", "x")]).await, "AKIACREDENTIALS");
    let elsewhere = ("AWS_SHARED_CREDENTIALS_FILE", "~/elsewhere/credentials");
    assert_eq!(caller.key(&[], &[("AWS_PROFILE", "x"), elsewhere]).await, "AKIAELSEWHERE");
    let text = caller.why(&[], &[("HOME", ""), ("AWS_PROFILE", "x")]).await;
    assert!(text.contains("HOME is not set"), "{text}");
}

#[tokio::test]
async fn a_credential_process_gives_keys_and_its_failure_shows_nothing_of_what_it_said() {
    let caller = Caller::new().await;
    caller.write(
        "keys.json",
        r#"{"Version": 1, "AccessKeyId": "ASIAPROCESS", "SecretAccessKey": "hunter2", "SessionToken": "t"}"#,
    );
    caller.write(
        ".aws/config",
        format!(
            "[profile good]\ncredential_process = cat {0}/keys.json\n\
             [profile fails]\ncredential_process = sh -c 'cat {0}/keys.json >&2; exit 3'\n\
             [profile missing]\ncredential_process = /nowhere/program --password hunter2\n\
             [profile garbage]\ncredential_process = echo hunter2\n\
             [profile token]\ncredential_process = echo '[\"hunter2\"]'\n\
             [profile half]\ncredential_process = echo '{{\"Version\": 1, \"SecretAccessKey\": \"hunter2\"}}'\n",
            caller.home.path().display()
        ),
    );
    assert_eq!(caller.key(&["--profile", "good"], &[]).await, "ASIAPROCESS");
    for (profile, words) in [
        ("fails", "exit status: 3"),
        ("missing", "exit status: 127"),
        ("garbage", "not JSON"),
        ("token", "not JSON"),
        ("half", "`AccessKeyId`"),
    ] {
        let text = caller.why(&["--profile", profile], &[]).await;
        assert!(text.contains(words) && text.contains("`credential_process`"), "{profile}: {text}");
        assert!(!text.contains("hunter2") && !text.contains("ASIAPROCESS"), "{profile}: {text}");
    }
}

#[tokio::test]
async fn a_credential_process_that_hangs_is_reported_and_ends_with_the_path() {
    let caller = Caller::new().await;
    caller.write(".aws/config", "[profile slow]\ncredential_process = sleep 60\n");
    let unsigned = caller.signed(&["--profile", "slow", "--timeout", "1s"], &[]).await.unwrap_err();
    assert_eq!((unsigned.outcome.as_str(), unsigned.cause.as_str()), ("http-no-credentials", "credentials-missing"));
    assert!(unsigned.evidence.contains("the `credential_process` of profile `slow`"), "{unsigned:?}");
}

/// A service has no browser; `once` takes the same profile, as the table of forms has it.
#[tokio::test]
async fn a_daemon_refuses_single_sign_on_with_its_place() {
    let caller = Caller::new().await;
    let sso = "sso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n";
    let of = |name: &str| format!("[profile {name}]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\n");
    caller.write(".aws/config", format!("[default]\nregion = us-east-1\n[profile base]\n{sso}{}", of("role")));
    let target =
        "[[target]]\ninvoke_url = 'https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test'\nauth = 'iam'\n";
    let check = |text: &str, env: &[(&str, &str)]| {
        caller.write("config.toml", text);
        ["check", "serve"].map(|command| {
            let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
            let file = caller.path("config.toml");
            match command {
                "check" => process.args(["config", "check", &file]),
                _ => process.args(["serve", "--config", &file]),
            };
            process.env_clear().env("HOME", caller.home.path()).envs(env.iter().copied());
            let output = process.output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        })
    };
    let listen = "listen = ['127.0.0.1:0']\ndns_servers = ['127.0.0.1:9']\n";
    for (text, env, line) in [
        (format!("{listen}{target}profile = 'role'\n"), vec![], ":6:"),
        (format!("{listen}{target}"), vec![("AWS_PROFILE", "base")], ":3:"),
    ] {
        for (status, said) in check(&text, &env) {
            assert_eq!(status, Some(2), "{said}");
            assert!(said.contains("`base` uses single sign-on") && said.contains(line), "{said}");
        }
    }
    // keys in the environment go before the profile
    let keys = [("AWS_PROFILE", "base"), ("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "s")];
    caller.write("config.toml", format!("{listen}{target}"));
    let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_apigw-probe"));
    process.args(["config", "check", &caller.path("config.toml")]).env_clear().env("HOME", caller.home.path());
    assert!(process.envs(keys).output().unwrap().status.success());
}
