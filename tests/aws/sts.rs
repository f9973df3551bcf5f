//! Whose role is taken, at which STS, and what is said when it is not.

use super::endpoints::Endpoint;
use super::far_end::{Authority, FarEnd};
use super::name_server::NameServer;
use super::{credentials, file, found, role, variables, why, wish};
use apigw_probe::aws::{Wallet, Wish};
use apigw_probe::probe::{Detour, Net, Resolver, Trust};
use apigw_probe::sign::NoCredentials;
use std::collections::HashMap;
use std::net::IpAddr;
use tokio::io::AsyncWriteExt as _;

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIABASE"), ("AWS_SECRET_ACCESS_KEY", "secret-of-the-base")];

/// What STS says when a role may be taken.
fn taken(action: &str, id: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><AssumedRoleUser><Arn>a</Arn>\
         <AssumedRoleId>b</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>{id}</AccessKeyId>\
         <SecretAccessKey>secret&amp;of/{id}</SecretAccessKey><SessionToken>token+of/{id}==</SessionToken>\
         <Expiration>2099-01-02T03:04:05Z</Expiration></Credentials></{action}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    )
}

fn refused(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

fn in_account_b(external_id: Option<&str>, session_name: Option<&str>) -> Wish {
    Wish { role: Some(role(external_id, session_name)), ..wish() }
}

#[tokio::test]
async fn a_role_is_taken_with_the_keys_that_the_chain_found() {
    let sts = Endpoint::answering(|_| (200, taken("AssumeRole", "ASIAROLE"))).await;
    let at = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", sts.url.as_str())];
    let found = credentials(in_account_b(Some("orders & co"), Some("probe@host-1")), &at).await;
    assert_eq!(found.access_key_id, "ASIAROLE");
    assert_eq!(found.secret_access_key, "secret&of/ASIAROLE");
    assert_eq!(found.session_token.as_deref(), Some("token+of/ASIAROLE=="));
    assert_eq!(found.expires.unwrap().year(), 2099);
    let asked = sts.asked().remove(0);
    assert_eq!(asked.line, "POST /");
    assert!(
        asked.head.contains("Credential=AKIABASE/") && asked.head.contains("/us-east-1/sts/aws4_request"),
        "{asked:?}"
    );
    assert!(!asked.head.contains("x-amz-security-token"));
    assert_eq!(
        asked.body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A222233334444%3Arole%2Fprobe\
         &RoleSessionName=probe%40host-1&ExternalId=orders+%26+co"
    );
}

#[tokio::test]
async fn a_profile_may_lead_over_other_profiles_to_a_role() {
    let sts = Endpoint::answering(|asked| {
        let id = if asked.body.contains("first") { "ASIAFIRST" } else { "ASIASECOND" };
        (200, taken("AssumeRole", id))
    })
    .await;
    let (_kept, config) = file(
        "[profile last]\nrole_arn=arn:aws:iam::222233334444:role/second\nsource_profile=middle\nrole_session_name=me\n\
         [profile middle]\nrole_arn=arn:aws:iam::111122223333:role/first\nsource_profile=middle\nexternal_id=x\n\
         aws_access_key_id=AKIAMIDDLE\naws_secret_access_key=s\n\
         [profile env]\nrole_arn=arn:aws:iam::222233334444:role/second\ncredential_source=Environment\n\
         [profile ring]\nrole_arn=arn:aws:iam::222233334444:role/second\nsource_profile=gnir\n\
         [profile gnir]\nrole_arn=arn:aws:iam::222233334444:role/second\nsource_profile=ring\n",
    );
    let at = [("AWS_CONFIG_FILE", config.to_str().unwrap()), ("AWS_ENDPOINT_URL", sts.url.as_str()), KEYS[0], KEYS[1]];
    let of = |name: &str| Wish { profile: Some(name.to_owned()), ..wish() };
    assert_eq!(credentials(of("last"), &at).await.access_key_id, "ASIASECOND");
    let keys = |asked: &super::endpoints::Asked| asked.head.split("Credential=").nth(1).unwrap()[..9].to_owned();
    // each role is taken with what the profile before it gave
    assert_eq!(sts.asked().iter().map(keys).collect::<Vec<_>>(), ["AKIAMIDDL", "ASIAFIRST"]);
    assert!(sts.asked()[0].body.contains("ExternalId=x") && sts.asked()[1].body.contains("RoleSessionName=me"));
    assert!(sts.asked()[1].head.contains("x-amz-security-token: token+of/ASIAFIRST=="));
    assert_eq!(credentials(of("env"), &at).await.access_key_id, "ASIASECOND");
    assert_eq!(keys(sts.asked().last().unwrap()), "AKIABASE/");
    assert!(why(of("ring"), &at).await.contains("no keys"));
}

#[tokio::test]
async fn a_web_identity_goes_unsigned_with_its_token() {
    let sts = Endpoint::answering(|_| (200, taken("AssumeRoleWithWebIdentity", "ASIAWEB"))).await;
    let (_kept, token) = file("ey.J.x\n");
    let at = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pod"),
        ("AWS_ENDPOINT_URL_STS", sts.url.as_str()),
    ];
    assert_eq!(credentials(wish(), &at).await.access_key_id, "ASIAWEB");
    let asked = sts.asked().remove(0);
    assert!(!asked.head.to_ascii_lowercase().contains("authorization"));
    assert!(
        asked.body.contains("Action=AssumeRoleWithWebIdentity&") && asked.body.ends_with("&WebIdentityToken=ey.J.x")
    );
}

#[tokio::test]
async fn a_refusal_of_sts_is_told_with_its_code_and_without_secrets() {
    let long = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwcm9iZSJ9.c2lnbmF0dXJl";
    for (code, message) in [
        ("AccessDenied", "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole on resource: y"),
        ("InvalidClientTokenId", "The security token included in the request is invalid. AKIAIOSFODNN7EXAMPLE"),
        ("ExpiredToken", long),
    ] {
        let sts = Endpoint::answering(move |_| (403, refused(code, message))).await;
        let at = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", sts.url.as_str())];
        let text = why(in_account_b(None, None), &at).await;
        assert!(text.contains(code) && text.contains("arn:aws:iam::222233334444:role/probe"), "{text}");
        assert!(!text.contains("AKIAIOSF") && !text.contains("eyJzdWIi") && !text.contains("secret-of"), "{text}");
    }
    let garbage = Endpoint::answering(|_| (200, "<html>".to_owned())).await;
    assert!(
        why(in_account_b(None, None), &[KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", &garbage.url)])
            .await
            .contains("STS")
    );
}

#[tokio::test]
async fn what_sts_calls_past_its_end_is_expired_and_not_missing() {
    let (_kept, token) = file("ey.J.x\n");
    for (role, at) in [
        (Some(role(None, None)), [KEYS[0], KEYS[1]]),
        (None, [("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod")]),
    ] {
        for (code, expired) in [("ExpiredToken", true), ("ExpiredTokenException", true), ("AccessDenied", false)] {
            let sts = Endpoint::answering(move |_| (400, refused(code, "no"))).await;
            let at = [at[0], at[1], ("AWS_ENDPOINT_URL_STS", sts.url.as_str())];
            let none = found(Wish { role: role.clone(), ..wish() }, &at).await.unwrap_err();
            assert_eq!(matches!(none, NoCredentials::Expired(_)), expired, "{none:?}");
        }
    }
}

#[tokio::test]
async fn what_a_refusal_means_depends_on_its_words_and_on_what_was_shown() {
    let (_kept, token) = file("ey.J.x\n");
    let by_token =
        [("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod")];
    let skewed =
        "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T002500Z - 15 min.)";
    for (shown, role, code, message, named, not_named) in [
        (KEYS, Some(role(None, None)), "SignatureDoesNotMatch", skewed, "clock", "keys"),
        (KEYS, Some(role(None, None)), "SignatureDoesNotMatch", "The request signature we calculated", "keys", "clock"),
        (by_token, None, "AccessDenied", "no", "sts:AssumeRoleWithWebIdentity", "own policies"),
        (KEYS, Some(role(None, None)), "AccessDenied", "no", "own policies", "WebIdentity"),
    ] {
        let sts = Endpoint::answering(move |_| (403, refused(code, message))).await;
        let text =
            why(Wish { role, ..wish() }, &[shown[0], shown[1], ("AWS_ENDPOINT_URL_STS", sts.url.as_str())]).await;
        assert!(text.contains(named) && !text.contains(not_named), "{text}");
    }
    let (_empty, none) = file("\n");
    let text = why(wish(), &[("AWS_WEB_IDENTITY_TOKEN_FILE", none.to_str().unwrap()), by_token[1]]).await;
    assert!(text.contains(none.to_str().unwrap()), "{text}");
}

#[tokio::test]
async fn the_regional_sts_is_asked_over_tls_by_the_probes_own_resolver() {
    const NAME: &str = "sts.us-east-1.amazonaws.com";
    let authority = Authority::new();
    let body = taken("AssumeRole", "ASIAROLE");
    let sts = FarEnd::serving(authority.server(NAME), move |mut stream, _| {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        async move {
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    // the name leads to loopback, and a port other than 443 is given as every tool of AWS takes it
    let names = NameServer::start(|asked| vec![asked.addresses(&["127.0.0.1"])]).await;
    let net = Net {
        resolver: Resolver::given(vec![names.address]),
        vpc_resolver: None,
        trust: Trust::from_der(&[&authority.der]).unwrap(),
        detour: Detour::from(HashMap::<IpAddr, _>::new()),
        share: None,
    };
    let url = format!("https://{NAME}:{}", sts.address.port());
    let at = variables(&[KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", url.as_str())]);
    let wallet = Wallet::with(in_account_b(None, None), at.clone());
    assert_eq!(wallet.identity(&net).await.unwrap().access_key_id, "ASIAROLE");
    // another authority's certificate is not believed
    let net = Net { trust: Trust::from_der(&[&Authority::named("another").der]).unwrap(), ..net };
    assert!(Wallet::with(in_account_b(None, None), at).identity(&net).await.is_err());
    assert_eq!(sts.requests(), 1);
}

#[tokio::test]
async fn a_password_in_the_url_of_a_service_is_refused_and_never_told() {
    for url in ["http://u:hunter2@127.0.0.1:9", "https://hunter2@[::1]", "http://127.0.0.1:9/?hunter2", "hunter2"] {
        for variable in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
            let text = why(in_account_b(None, None), &[KEYS[0], KEYS[1], (variable, url)]).await;
            assert!(text.contains(&format!("`{variable}`")) && !text.contains("hunter2"), "{text}");
        }
    }
}

#[tokio::test]
async fn where_sts_is_not_reached_its_interface_endpoint_is_named() {
    for (region, service) in
        [("us-east-1", "`com.amazonaws.us-east-1.sts`"), ("cn-north-1", "`cn.com.amazonaws.cn-north-1.sts`")]
    {
        let wish = Wish { region: region.to_owned(), ..in_account_b(None, None) };
        let text = why(wish, &KEYS).await;
        assert!(text.contains(service), "{text}");
    }
    let refusing = Endpoint::answering(|_| (403, refused("AccessDenied", "no"))).await;
    let text =
        why(in_account_b(None, None), &[KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", refusing.url.as_str())]).await;
    assert!(!text.contains("com.amazonaws"), "{text}");
}

#[tokio::test]
async fn a_role_of_another_partition_than_the_regions_is_told() {
    let refusing = Endpoint::answering(|_| (403, refused("AccessDenied", "no"))).await;
    let at = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL_STS", refusing.url.as_str())];
    let mut wish = in_account_b(None, None);
    assert_eq!(wish.contradiction(), None);
    wish.role.as_mut().unwrap().arn = "arn:aws-cn:iam::222233334444:role/probe".to_owned();
    assert!(wish.contradiction().unwrap().contains("`aws-cn`"));
    assert!(why(wish, &at).await.contains("`aws-cn`"));
}
