//! What do signed calls say, by themselves and beside unsigned ones? And what is to be done then?

use crate::experiment::{answered, forbidden};
use crate::round::{ALL, P1, P2, P3, P4, Scene, healthy};
use crate::setup::missing_token;
use apigw_probe::diagnosis::{Cause, Confidence, Finding, Owner};
use apigw_probe::observation::{Question, Seen};
use apigw_probe::plan::AccessPath::Public;

/// The same calls, signed.
fn signed(mut scene: Scene) -> Scene {
    let region = scene.round.target.region().cloned();
    for row in &mut scene.round.rows {
        row.signed = true;
        if let Seen::Probed(observation) = &mut row.seen {
            observation.plan.signed_for.clone_from(&region);
        }
    }
    scene
}

/// Each path is called without a signature and with one.
fn both(mut unsigned: Scene, other: Scene) -> Scene {
    unsigned.round.rows.extend(signed(other).round.rows);
    unsigned
}

/// The caller's own policies refuse; so far are the accounts shown.
fn refused(caller: &str, owner: &str) -> Finding {
    let body = format!(
        "{{\"Message\":\"User: arn:aws:sts::{caller}:assumed-role/probe/session is not authorized to perform: execute-api:Invoke \
         on resource: arn:aws:execute-api:us-east-1:{owner}:a1bc234d5e/test/GET/pets because no identity-based policy allows the \
         execute-api:Invoke action\"}}"
    );
    signed(healthy().error(&ALL, 403, "AccessDeniedException", &body)).shows(Cause::IdentityPolicyDeny, &ALL)
}

#[test]
fn a_caller_of_the_apis_own_account_is_that_accounts_to_mend() {
    for (caller, owner) in
        [("********3333", "********3333"), ("111122223333", "********3333"), ("111122223333", "111122223333")]
    {
        let finding = refused(caller, owner);
        let fix = finding.fix.concat();
        assert_eq!(finding.owner, Owner::AccountB, "{finding:#?}");
        assert!(!fix.contains("account A") && !fix.contains("--assume-role-arn"), "{fix}");
        assert!(!finding.evidence.concat().contains("across accounts"), "{finding:#?}");
    }
}

#[test]
fn a_signature_of_this_probe_that_fails_on_one_path_was_changed_on_the_way() {
    let body = "{\"message\":\"The request signature we calculated does not match the signature you provided.\"}";
    let scene = |scene: Scene| scene.error(&[P3], 403, "InvalidSignatureException", body);
    let own = signed(scene(healthy())).shows(Cause::SigMismatchWrongHost, &[P3]);
    assert_eq!(own.alternatives, [Cause::SigMismatch, Cause::ProxyInterference]);
    // one that was given from outside is for one host, whatever is sent
    let given = scene(healthy().sending("Authorization")).shows(Cause::SigMismatchWrongHost, &[P3]);
    assert_eq!(given.alternatives, [Cause::SigMismatch]);
}

#[test]
fn a_caller_of_another_account_or_of_one_that_is_not_shown_needs_both_sides() {
    for (caller, owner) in [
        ("********2222", "********3333"),
        // the same end of two accounts
        ("111122223333", "444422223333"),
        ("************", "************"),
        ("111122223333", ""),
        ("3333", "********3333"),
    ] {
        let finding = refused(caller, owner);
        let fix = finding.fix.concat();
        assert_eq!(finding.owner, Owner::AccountA, "{finding:#?}");
        assert!(fix.contains("account A") && fix.contains("--assume-role-arn"), "{fix}");
        assert!(finding.evidence.concat().contains("across accounts"), "{finding:#?}");
    }
}

#[test]
fn an_unsigned_call_that_may_lack_a_signature_is_to_be_compared_with_a_signed_one() {
    let finding = missing_token().shows(Cause::WrongResourceOrMethod, &ALL);
    assert!(finding.alternatives.contains(&Cause::IamAuthUnsigned));
    assert!(finding.fix.concat().contains("`--auth both`"), "{finding:#?}");
    // a signature changed nothing
    let finding = both(missing_token(), missing_token()).shows(Cause::WrongResourceOrMethod, &ALL);
    assert!(!finding.fix.concat().contains("--auth"), "{finding:#?}");
}

#[test]
fn what_was_compared_is_not_to_be_compared() {
    let finding = both(missing_token(), healthy()).shows(Cause::IamAuthUnsigned, &ALL);
    assert_eq!((finding.confidence, finding.signed), (Confidence::Certain, Some(false)));
    assert!(!finding.fix.concat().contains("--auth both"), "{finding:#?}");

    let failing = healthy().error(&ALL, 500, "InternalServerErrorException", r#"{"message":"Internal server error"}"#);
    let mut findings = both(missing_token(), failing).diagnosis().findings;
    findings.retain(|finding| finding.cause == Cause::IamAuthUnsigned);
    let fix = findings[0].fix.concat();
    assert!(fix.contains("--auth iam") && !fix.contains("--auth both"), "{findings:#?}");

    // where the signed call does not pass everywhere, something is to be done
    let mostly = healthy().error(&[P2], 500, "InternalServerErrorException", r#"{"message":"Internal server error"}"#);
    let mut findings = both(missing_token(), mostly).diagnosis().findings;
    findings.retain(|finding| finding.cause == Cause::IamAuthUnsigned);
    assert_eq!(findings[0].paths, ALL);
    assert!(findings[0].fix.concat().contains("authorizationType"), "{findings:#?}");
}

#[test]
fn a_signed_call_that_is_forbidden_where_the_unsigned_one_lacks_a_token_passed_api_and_stage() {
    let findings = both(missing_token(), forbidden(healthy(), &ALL)).diagnosis().findings;
    let of = |signed| findings.iter().find(|finding| finding.signed == Some(signed)).unwrap();
    assert_eq!(findings.len(), 2, "{findings:#?}");
    assert_eq!((of(false).cause, of(false).confidence), (Cause::IamAuthUnsigned, Confidence::Likely));
    assert_eq!(of(true).cause, Cause::ForbiddenUnknown);
    let mut left = of(true).alternatives.clone();
    left.sort_unstable();
    let mut behind = vec![
        Cause::ApiKeyMissing,
        Cause::ApiKeyInvalid,
        Cause::ApiKeyMissingOrInvalid,
        Cause::WafBlock,
        Cause::WafOrCustomResponse,
    ];
    behind.sort_unstable();
    assert_eq!(left, behind);
    assert!(findings.iter().all(|finding| !finding.fix.concat().contains("--auth both")), "{findings:#?}");
}

#[test]
fn an_http_api_that_lets_the_signed_call_alone_pass_wants_a_signature() {
    let called = || {
        Scene::public("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/orders", None)
            .at_addresses(&[Public], &["52.94.1.1"])
    };
    let mark = [("apigw-requestid", "KtUfbjJIg=")];
    let shut = || called().answers(&[Public], 403, &mark, "{\"message\":\"Forbidden\"}");
    let open = called().answers(&[Public], 200, &mark, "[]");
    let alone = shut().shows(Cause::IamAuthUnsigned, &[Public]);
    let findings = both(shut(), open).diagnosis().findings;
    let finding = findings.iter().find(|finding| finding.cause == Cause::IamAuthUnsigned).unwrap();
    assert_eq!((finding.signed, finding.confidence), (Some(false), Confidence::Likely));
    assert!(finding.alternatives.is_empty() && !alone.alternatives.is_empty(), "{finding:#?}");
    assert!(finding.evidence.iter().any(|fact| fact.contains("signed") && fact.contains("200")), "{finding:#?}");
    assert!(!finding.fix.concat().contains("--auth both"), "{finding:#?}");
}

#[test]
fn what_an_experiment_teaches_of_signed_calls_holds_for_unsigned_ones_that_fail_alike() {
    let others = [P2, P3, P4];
    let cut = || forbidden(healthy(), &others);
    let passes = healthy();
    let scene = answered(both(cut(), cut()), &[(Question::OwnNameInHandshake, &passes, P1)]);
    let expected = [(Cause::ProxyInterference, others.to_vec()), (Cause::IamAuthNotEnforced, vec![P1])];
    assert_eq!(scene.findings(), expected, "{:#?}", scene.diagnosis());
    assert_eq!(scene.diagnosis().findings[0].signed, None);

    // but not where the signed calls fail for a reason of their own: then the unsigned ones tell more
    let expired = cut().error(&[P1], 403, "InvalidSignatureException", r#"{"message":"Signature expired: x"}"#);
    let alone = cut().finding().cause;
    assert!(both(cut(), expired).findings().contains(&(alone, others.to_vec())));

    // also where the method lets no unsigned call pass
    let body = r#"{"message":"Missing Authentication Token"}"#;
    let asks = cut().error(&[P1], 403, "MissingAuthenticationTokenException", body);
    let scene = answered(both(asks, cut()), &[(Question::OwnNameInHandshake, &passes, P1)]);
    let expected = [(Cause::ProxyInterference, others.to_vec()), (Cause::IamAuthUnsigned, vec![P1])];
    assert_eq!(scene.findings(), expected, "{:#?}", scene.diagnosis());
}

#[test]
fn against_a_control_policy_or_a_boundary_no_allow_helps() {
    for by in ["a service control policy", "a permissions boundary", "a session policy"] {
        for words in [
            format!("with an explicit deny in {by}"),
            format!("because no {} allows the execute-api:Invoke action", &by[2..]),
        ] {
            let body = format!(
                "{{\"Message\":\"User: arn:aws:sts::111122223333:assumed-role/probe/session is not authorized to perform: \
                 execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********4444:a1bc234d5e/test/GET/pets {words}\"}}"
            );
            let finding = signed(healthy().error(&ALL, 403, "AccessDeniedException", &body)).finding();
            assert_eq!(finding.cause, Cause::IdentityPolicyDeny, "{finding:#?}");
            let fix = finding.fix.concat();
            assert!(!fix.contains("execute-api:Invoke") && !finding.fix.is_empty(), "{fix}");
        }
    }
}

#[test]
fn a_scope_that_is_refused_is_no_fault_of_the_key() {
    let body = r#"{"message":"Credential should be scoped to a valid region, not 'us-east-1'. "}"#;
    let finding = signed(healthy().error(&ALL, 403, "InvalidSignatureException", body)).finding();
    assert_eq!(
        (finding.cause, &finding.alternatives[..]),
        (Cause::WrongRegion, &[Cause::SigMismatch][..]),
        "{finding:#?}"
    );
    assert!(finding.fix[0].contains("--region"), "{finding:#?}");
}

#[test]
fn an_http_api_that_forbids_the_signed_call_as_well_was_asked_both_ways() {
    let scene = || {
        let marks = [("apigw-requestid", "x=")];
        let public = Scene::public("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/orders", None);
        public.at_addresses(&[Public], &["52.94.1.1"]).answers(&[Public], 403, &marks, "{\"message\":\"Forbidden\"}")
    };
    let both_ways = |finding: &Finding| finding.fix.concat().contains("--auth both");
    assert!(both_ways(&scene().finding()));
    let findings = both(scene(), scene()).diagnosis().findings;
    assert_eq!(
        findings.iter().map(|one| one.cause).collect::<Vec<_>>(),
        [Cause::IdentityPolicyDeny, Cause::IamAuthUnsigned]
    );
    assert!(!findings.iter().any(both_ways), "{findings:#?}");
}

#[test]
fn what_passes_unsigned_is_told_of_the_signed_call_that_does_not() {
    let body = "{\"Message\":\"User: arn:aws:sts::111122223333:assumed-role/probe/session is not authorized to perform: execute-api:Invoke \
                on resource: arn:aws:execute-api:us-east-1:********4444:a1bc234d5e/test/GET/pets because no resource-based policy allows \
                the execute-api:Invoke action\"}";
    let refused = || healthy().error(&[P1, P2], 403, "AccessDeniedException", body);
    let told = |scene: Scene| {
        let findings = scene.diagnosis().findings;
        let finding = findings.iter().find(|one| one.cause == Cause::ResourcePolicyImplicitDeny).unwrap();
        finding
            .evidence
            .iter()
            .filter(|fact| fact.starts_with("the same call, unsigned: private-dns, route53-alias:"))
            .count()
    };
    assert_eq!((told(both(healthy(), refused())), told(signed(refused()))), (1, 0));
}

#[test]
fn a_whole_signature_that_did_not_arrive_was_changed_on_the_way() {
    let body = r#"{"message":"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter."}"#;
    let scene = || healthy().sending("Authorization").error(&ALL, 403, "IncompleteSignatureException", body);
    assert_eq!(scene().finding().cause, Cause::SigIncomplete);
    let finding = signed(scene()).finding();
    assert_eq!((finding.cause, &finding.alternatives[..]), (Cause::ProxyInterference, &[Cause::SigIncomplete][..]));
}
