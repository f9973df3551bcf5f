//! Roles that are assumed, at which STS, and what is said when that fails.

use super::caller::Caller;
use super::endpoints::Endpoint;
use super::far_end::Authority;
use super::{ROLE, Sts, config, role};
use apigw_probe::aws::CredentialsCache;
use apigw_probe::probe::{Net, Trust};

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIABASE"), ("AWS_SECRET_ACCESS_KEY", "secret-of-the-base")];
const IN_ACCOUNT_B: [&str; 2] = ["--assume-role-arn", ROLE];

/// The response of STS to a role that may be assumed.
pub(crate) fn taken(action: &str, id: &str) -> String {
    taken_until(action, id, "2099-01-02T03:04:05Z")
}

pub(crate) fn taken_until(action: &str, id: &str, end: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><AssumedRoleUser>\
         <Arn>arn:aws:sts::222233334444:assumed-role/probe/s</Arn><AssumedRoleId>b</AssumedRoleId></AssumedRoleUser>\
         <Credentials><AccessKeyId>{id}</AccessKeyId>\
         <SecretAccessKey>secret&amp;of/{id}</SecretAccessKey><SessionToken>token+of/{id}==</SessionToken>\
         <Expiration>{end}</Expiration></Credentials></{action}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    )
}

pub(crate) fn refused(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

#[tokio::test]
async fn a_role_is_assumed_with_the_keys_of_the_chain() {
    let sts = Endpoint::answering(|_| (200, taken("AssumeRole", "ASIAROLE"))).await;
    let at = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", sts.url.as_str())];
    let options = [&IN_ACCOUNT_B[..], &["--external-id", "orders & co", "--session-name", "probe@host-1"]].concat();
    let signed = Caller::new().await.signed(&options, &at).await.unwrap();
    assert_eq!(signed.access_key_id, "ASIAROLE");
    assert_eq!(signed.session_token.as_deref(), Some("token+of/ASIAROLE=="));
    let asked = sts.asked().remove(0);
    assert_eq!(asked.line, "POST /");
    assert!(
        asked.head.contains("Credential=AKIABASE/") && asked.head.contains("/us-east-1/sts/aws4_request"),
        "{asked:?}"
    );
    assert!(!asked.head.contains("x-amz-security-token"));
    let mut form: Vec<_> = asked.body.split('&').collect();
    form.sort_unstable();
    assert_eq!(
        form,
        [
            "Action=AssumeRole",
            "ExternalId=orders%20%26%20co",
            "RoleArn=arn%3Aaws%3Aiam%3A%3A222233334444%3Arole%2Fprobe",
            "RoleSessionName=probe%40host-1",
            "Version=2011-06-15"
        ]
    );
}

/// The secret key and the end of the session, which no request shows.
#[tokio::test]
async fn the_credentials_of_a_role_are_whole() {
    let sts = Sts::answering(|_| (200, taken("AssumeRole", "ASIAROLE"))).await;
    let found = CredentialsCache::new(config(Some(role(None, None)))).identity(&sts.net).await.unwrap();
    assert_eq!(found.access_key_id, "ASIAROLE");
    assert_eq!(found.secret_access_key, "secret&of/ASIAROLE");
    assert_eq!(found.expires.unwrap().year(), 2099);
    assert!(sts.asked()[0].body.contains("RoleSessionName=apigw-probe"));
}

#[tokio::test]
async fn a_web_identity_goes_unsigned_with_its_token() {
    let sts = Endpoint::answering(|_| (200, taken("AssumeRoleWithWebIdentity", "ASIAWEB"))).await;
    let caller = Caller::new().await;
    caller.write("token", "ey.J.x");
    let token = caller.path("token");
    let at = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pod"),
        ("AWS_ENDPOINT_URL_STS", sts.url.as_str()),
    ];
    assert_eq!(caller.key(&[], &at).await, "ASIAWEB");
    let asked = sts.asked().remove(0);
    assert!(!asked.head.to_ascii_lowercase().contains("authorization"));
    for pair in ["Action=AssumeRoleWithWebIdentity", "WebIdentityToken=ey.J.x"] {
        assert!(asked.body.split('&').any(|known| known == pair), "{}", asked.body);
    }
}

#[tokio::test]
async fn a_refusal_of_sts_is_reported_with_its_code_and_without_secrets() {
    let long = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwcm9iZSJ9.c2lnbmF0dXJl";
    let caller = Caller::new().await;
    for (code, message) in [
        ("AccessDenied", "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole on resource: y"),
        ("InvalidClientTokenId", "The security token included in the request is invalid. AKIAIOSFODNN7EXAMPLE"),
        ("ExpiredToken", long),
    ] {
        let sts = Endpoint::answering(move |_| (403, refused(code, message))).await;
        let at = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", sts.url.as_str())];
        let text = caller.why(&IN_ACCOUNT_B, &at).await;
        assert!(text.contains(code) && text.contains(ROLE), "{text}");
        assert!(!text.contains("AKIAIOSF") && !text.contains("eyJzdWIi") && !text.contains("secret-of"), "{text}");
    }
    let garbage = Endpoint::answering(|_| (200, "<html>".to_owned())).await;
    let at = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", &garbage.url)];
    assert!(caller.why(&IN_ACCOUNT_B, &at).await.contains("STS"));
}

#[tokio::test]
async fn what_sts_calls_expired_is_expired_and_what_it_fails_at_is_not_certain() {
    let caller = Caller::new().await;
    caller.write("token", "ey.J.x");
    let token = caller.path("token");
    let by_token = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod")];
    for (options, shown) in [(&IN_ACCOUNT_B[..], KEYS), (&[], by_token)] {
        for (status, code, outcome) in [
            (400, "ExpiredToken", "http-expired-credentials"),
            (400, "ExpiredTokenException", "http-expired-credentials"),
            (403, "AccessDenied", "http-no-credentials"),
            (400, "Throttling", "http-credentials-unavailable"),
            (503, "ServiceUnavailable", "http-credentials-unavailable"),
        ] {
            let sts = Endpoint::answering(move |_| (status, refused(code, "no"))).await;
            let at = [shown[0], shown[1], ("AWS_ENDPOINT_URL_STS", sts.url.as_str())];
            let unsigned = caller.signed(options, &at).await.unwrap_err();
            assert_eq!(unsigned.outcome, outcome, "{unsigned:?}");
            let certain = outcome != "http-credentials-unavailable";
            assert_eq!(unsigned.confidence == "certain", certain, "{unsigned:?}");
        }
    }
}

#[tokio::test]
async fn what_a_refusal_means_depends_on_its_words_and_on_what_was_shown() {
    let caller = Caller::new().await;
    caller.write("token", "ey.J.x");
    let token = caller.path("token");
    let by_token = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod")];
    let skewed =
        "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T002500Z - 15 min.)";
    for (shown, options, code, message, named, not_named) in [
        (KEYS, &IN_ACCOUNT_B[..], "SignatureDoesNotMatch", skewed, "clock", "keys that"),
        (KEYS, &IN_ACCOUNT_B, "SignatureDoesNotMatch", "The request signature we calculated", "keys that", "clock"),
        (by_token, &[], "AccessDenied", "no", "sts:AssumeRoleWithWebIdentity", "own policies"),
        (KEYS, &IN_ACCOUNT_B, "AccessDenied", "no", "own policies", "WebIdentity"),
    ] {
        let sts = Endpoint::answering(move |_| (403, refused(code, message))).await;
        let text = caller.why(options, &[shown[0], shown[1], ("AWS_ENDPOINT_URL_STS", sts.url.as_str())]).await;
        assert!(text.contains(named) && !text.contains(not_named), "{text}");
    }
    let text = caller.why(&[], &by_token).await;
    assert!(text.contains(&token), "{text}");
}

#[tokio::test]
async fn the_regional_sts_is_called_over_tls_by_the_probes_own_resolver_and_detours() {
    let sts = Sts::answering(|_| (200, taken("AssumeRole", "ASIAROLE"))).await;
    let cache = || CredentialsCache::new(config(Some(role(None, None))));
    assert_eq!(cache().identity(&sts.net).await.unwrap().access_key_id, "ASIAROLE");
    // another authority's certificate is not trusted
    let trust = Trust::from_der(&[&Authority::named("another").der]).unwrap();
    let error = cache().identity(&Net { trust, ..sts.net.clone() }).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("no trusted root") && !text.contains("UnknownIssuer"), "{text}");
    assert_eq!(sts.far_end.requests(), 1);
}

#[tokio::test]
async fn a_password_in_the_url_of_a_service_is_refused_and_never_shown() {
    let caller = Caller::new().await;
    for url in ["http://u:hunter2@127.0.0.1:9", "https://hunter2@[::1]", "http://127.0.0.1:9/?hunter2", "hunter2"] {
        for variable in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
            let text = caller.why(&IN_ACCOUNT_B, &[KEYS[0], KEYS[1], (variable, url)]).await;
            assert!(text.contains(&format!("`{variable}`")) && !text.contains("hunter2"), "{text}");
        }
    }
}

#[tokio::test]
async fn where_sts_is_not_reached_its_interface_endpoint_is_named() {
    let china = "https://a1bc234d5e.execute-api.cn-north-1.amazonaws.com.cn/test";
    for (caller, service) in [
        (Caller::new().await, "`com.amazonaws.us-east-1.sts`"),
        (Caller::in_region(china).await, "`cn.com.amazonaws.cn-north-1.sts`"),
    ] {
        let text = caller.why(&IN_ACCOUNT_B, &KEYS).await;
        assert!(text.contains(service), "{text}");
    }
    let refusing = Endpoint::answering(|_| (403, refused("AccessDenied", "no"))).await;
    let at = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", refusing.url.as_str())];
    let text = Caller::new().await.why(&IN_ACCOUNT_B, &at).await;
    assert!(!text.contains("com.amazonaws"), "{text}");
}

#[tokio::test]
async fn fips_and_dual_stack_endpoints_are_called() {
    let caller = Caller::new().await;
    for (variables, host) in [
        (vec![("AWS_USE_FIPS_ENDPOINT", "true")], "sts-fips.us-east-1.amazonaws.com"),
        (vec![("AWS_USE_DUALSTACK_ENDPOINT", "true")], "sts.us-east-1.api.aws"),
    ] {
        let all = [&KEYS[..], &variables].concat();
        let text = caller.why(&IN_ACCOUNT_B, &all).await;
        assert!(text.contains(&format!("https://{host}")), "{text}");
        // and so for the role of a profile, and for a web identity
        caller.write(
            ".aws/config",
            "[profile p]\nrole_arn = arn:aws:iam::222233334444:role/probe\ncredential_source = Environment\n",
        );
        caller.write("token", "ey.J.x");
        let text = caller.why(&["--profile", "p"], &all).await;
        assert!(text.contains(&format!("https://{host}")), "{text}");
        let token = caller.path("token");
        let web = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", ROLE), variables[0]];
        let text = caller.why(&[], &web).await;
        assert!(text.contains(&format!("https://{host}")), "{text}");
    }
}

#[tokio::test]
async fn configured_endpoint_urls_are_ignored_on_request() {
    let sts = Endpoint::answering(|_| (200, taken("AssumeRole", "ASIAROLE"))).await;
    let caller = Caller::new().await;
    caller.write(
        ".aws/config",
        format!(
            "[profile url]\nrole_arn = {ROLE}\ncredential_source = Environment\nendpoint_url = {0}\n\
             [profile service]\nrole_arn = {ROLE}\ncredential_source = Environment\nservices = stand-in\n\
             [services stand-in]\nsts =\n  endpoint_url = {0}\n\
             [profile plain]\nrole_arn = {ROLE}\ncredential_source = Environment\n",
            sts.url
        ),
    );
    let by_variable = ("AWS_ENDPOINT_URL_STS", sts.url.as_str());
    for (options, more) in [
        (vec!["--profile", "url"], None),
        (vec!["--profile", "service"], None),
        (vec!["--profile", "plain"], Some(by_variable)),
        (IN_ACCOUNT_B.to_vec(), Some(by_variable)),
    ] {
        let at: Vec<_> = KEYS.into_iter().chain(more).collect();
        assert_eq!(caller.key(&options, &at).await, "ASIAROLE", "{options:?}");
        let ignoring = [&at[..], &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]].concat();
        let text = caller.why(&options, &ignoring).await;
        assert!(text.contains("https://sts.us-east-1.amazonaws.com"), "{options:?}: {text}");
    }
    assert_eq!(sts.asked().len(), 4);
}

#[tokio::test]
async fn a_role_of_another_partition_than_the_regions_is_reported() {
    let refusing = Endpoint::answering(|_| (403, refused("AccessDenied", "no"))).await;
    let at = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", refusing.url.as_str())];
    let mut config = config(Some(role(None, None)));
    assert_eq!(config.contradiction(), None);
    let role = "arn:aws-cn:iam::222233334444:role/probe";
    config.role.as_mut().unwrap().arn = role.to_owned();
    assert!(config.contradiction().unwrap().contains("`aws-cn`"));
    assert!(Caller::new().await.why(&["--assume-role-arn", role], &at).await.contains("`aws-cn`"));
}
