//! What is asked further, and what the answers leave: each experiment against the explanations that it is to tell apart.

use crate::round::{ALL, P1, P2, P3, P4, Scene, healthy, names};
use crate::setup::missing_token;
use apigw_probe::diagnosis::{Cause, Confidence, Inquiry, diagnose, inquiries};
use apigw_probe::observation::{Experiment, HttpFault, Intent, Observation, Question, TlsFault};
use apigw_probe::plan::AccessPath;
use apigw_probe::target::ApiId;

const FORBIDDEN: &str = "{\"message\":\"Forbidden\"}";

fn asked(scene: &Scene) -> Vec<Inquiry> {
    let stranger = scene.round.target.api().unwrap().id.other_than(1);
    inquiries(&scene.round, &scene.diagnosis(), &stranger)
}

fn questions(scene: &Scene) -> Vec<Question> {
    asked(scene).into_iter().map(|inquiry| inquiry.question).collect()
}

/// The scene with its questions asked; each is answered as a path of another scene was.
pub(crate) fn answered(mut scene: Scene, answers: &[(Question, &Scene, AccessPath)]) -> Scene {
    let inquiries = asked(&scene);
    let all: Vec<_> = inquiries.iter().map(|inquiry| inquiry.question).collect();
    assert_eq!(all, answers.iter().map(|(question, ..)| *question).collect::<Vec<_>>());
    for (Inquiry { question, plan }, (_, other, path)) in inquiries.into_iter().zip(answers) {
        let row = other.round.rows.iter().find(|row| row.path == *path).unwrap();
        let seen = row.observation().unwrap().clone();
        let mut seen = Observation { plan: plan.clone(), ..seen };
        seen.attempts.truncate(1);
        seen.attempts[0].address.set_ip(plan.connect_to.unwrap());
        scene.round.experiments.push(Experiment { question, seen });
    }
    scene
}

pub(crate) fn forbidden(scene: Scene, paths: &[AccessPath]) -> Scene {
    scene.error(paths, 403, "ForbiddenException", FORBIDDEN)
}

#[test]
fn nothing_is_asked_of_a_healthy_round() {
    assert_eq!(asked(&healthy()), []);
    assert_eq!(asked(&healthy().only(&[P1])), []);
}

#[test]
fn nothing_is_asked_where_no_request_would_decide() {
    for scene in [
        healthy().nxdomain(&[P1]),
        healthy().unanswered(&ALL, HttpFault::NoAnswer),
        forbidden(healthy(), &ALL),
        healthy().unsecured(&ALL, TlsFault::Expired),
        healthy().intent(P4, Intent::Forbidden),
        forbidden(healthy(), &[P4]).intent(P4, Intent::Forbidden),
    ] {
        assert_eq!(asked(&scene), [], "{:#?}", scene.diagnosis());
    }
}

#[test]
fn nothing_is_asked_twice() {
    let scene = forbidden(healthy(), &[P2, P3, P4]);
    let again = answered(scene.clone(), &[(Question::OwnNameInHandshake, &scene, P4)]);
    assert_eq!(asked(&again), []);
}

#[test]
fn an_inquiry_differs_from_its_path_in_what_it_asks_for_alone() {
    let scene = forbidden(healthy(), &[P2, P3, P4]);
    let inquiry = asked(&scene).remove(0);
    let own = scene.round.target.invoke_name();
    let mut plan = scene.round.rows[3].observation().unwrap().plan.clone();
    (plan.dial, plan.sni, plan.connect_to) = (own.clone(), own, Some([10, 0, 1, 10].into()));
    assert_eq!((inquiry.question, inquiry.plan), (Question::OwnNameInHandshake, plan));
}

#[test]
fn a_stranger_gets_no_secret() {
    let scene = forbidden(healthy().sending("authorization"), &[P4]);
    let unknown = asked(&scene).remove(0);
    assert_eq!(unknown.question, Question::UnknownIdBesideHost);
    let sent: Vec<_> = unknown.plan.headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(sent, ["x-apigw-api-id"]);
    assert_ne!(unknown.plan.headers[0].value.to_send(), scene.round.target.api().unwrap().id.as_str());
}

#[test]
fn the_gateway_that_refuses_the_host_is_strict() {
    let scene = forbidden(healthy(), &[P2, P3, P4]);
    let before = scene.shows(Cause::StrictAccessMode, &[P2, P3, P4]);
    assert_eq!(before.confidence, Confidence::Possible);
    let after = answered(scene.clone(), &[(Question::OwnNameInHandshake, &scene, P4)]);
    let after = after.shows(Cause::StrictAccessMode, &[P2, P3, P4]);
    assert_eq!((after.confidence, after.alternatives), (Confidence::Likely, vec![]));
}

#[test]
fn without_the_path_that_differs_in_the_handshake_alone_a_web_acl_stays_possible() {
    let scene = forbidden(healthy(), &[P2, P4]).only(&[P1, P2, P4]);
    let after = answered(scene.clone(), &[(Question::OwnNameInHandshake, &scene, P4)]);
    let finding = after.shows(Cause::StrictAccessMode, &[P2, P4]);
    assert_eq!(finding.alternatives, [Cause::WafBlock]);
}

#[test]
fn handshakes_that_fail_by_name_alone_are_a_firewalls() {
    for fault in [TlsFault::Alert, TlsFault::Closed, TlsFault::Reset, TlsFault::Timeout] {
        let scene = healthy().unsecured(&[P2, P3, P4], fault);
        let after = answered(scene.clone(), &[(Question::OwnNameInHandshake, &healthy(), P4)]);
        let finding = after.shows(Cause::ProxyInterference, &[P2, P3, P4]);
        assert_eq!(finding.alternatives, [Cause::StrictAccessMode], "{fault}");
        let refused = forbidden(healthy(), &[P4]);
        let after = answered(scene, &[(Question::OwnNameInHandshake, &refused, P4)]);
        assert_eq!(after.shows(Cause::StrictAccessMode, &[P2, P3, P4]).confidence, Confidence::Likely, "{fault}");
    }
}

#[test]
fn other_addresses_are_asked_whether_they_are_to_blame() {
    let scene = forbidden(healthy(), &[P2, P3, P4]).at_addresses(&[P2, P3, P4], &["10.1.1.10"]);
    assert!(names(&scene.finding(), Cause::DifferentEndpoint));
    let both = [Question::WorkingCallAtFailingAddress, Question::OwnNameInHandshake];
    assert_eq!(questions(&scene), both);
    let address = answered(scene.clone(), &[(both[0], &scene, P3), (both[1], &scene, P4)]);
    let finding = address.shows(Cause::DifferentEndpoint, &[P2, P3, P4]);
    assert_eq!((finding.confidence, finding.alternatives), (Confidence::Likely, vec![]));
    let name = answered(scene.clone(), &[(both[0], &healthy(), P1), (both[1], &scene, P4)]);
    let finding = name.shows(Cause::StrictAccessMode, &[P2, P3, P4]);
    assert_eq!((finding.confidence, finding.alternatives), (Confidence::Likely, vec![]));
}

#[test]
fn an_experiment_without_an_answer_decides_nothing() {
    let scene = forbidden(healthy(), &[P4]);
    let silent = healthy().unanswered(&[P4], HttpFault::NoAnswer);
    let asked = [Question::UnknownIdBesideHost, Question::RightIdBesideHost];
    let after = answered(scene.clone(), &asked.map(|question| (question, &silent, P4)));
    let (before, after) = (scene.finding(), after.finding());
    assert_eq!((before.cause, &before.alternatives), (after.cause, &after.alternatives));
    assert_eq!(after.evidence.len(), before.evidence.len() + 2, "it is told all the same");
}

#[test]
fn a_signature_does_not_hold_where_the_host_is_changed() {
    let region = healthy().round.target.region().cloned();
    let scene = forbidden(healthy(), &[P3]).on(&ALL, |seen| seen.plan.signed_for.clone_from(&region));
    let signed = asked(&scene).into_iter().map(|one| (one.question, one.plan.signed_for.is_some()));
    assert_eq!(signed.collect::<Vec<_>>(), [(Question::HostFromHandshake, false)]);
    for (answer, cause) in [
        (missing_token(), Cause::ProxyInterference),
        (healthy(), Cause::ProxyInterference),
        (forbidden(healthy(), &ALL), Cause::WrongHostHeader),
    ] {
        let after = answered(scene.clone(), &[(Question::HostFromHandshake, &answer, P3)]);
        assert_eq!(after.finding().cause, cause);
    }
}

#[test]
fn what_a_public_path_says_is_no_experiments_matter() {
    let scene = healthy().at_addresses(&[P1], &["52.94.1.1"]).nxdomain(&[P2]);
    assert_eq!(questions(&forbidden(scene, &[P3, P4])), []);
}

#[test]
fn one_api_behind_all_names_is_a_proxys_work() {
    let of_other = "{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
        arn:aws:execute-api:us-east-1:********3333:z9yx876w5v/test/GET/pets with an explicit deny\"}";
    let scene = healthy().error(&ALL, 403, "AccessDeniedException", of_other);
    assert_eq!(scene.finding().cause, Cause::AnsweredByAnotherApi);
    let after = answered(scene.clone(), &[(Question::UnknownApi, &scene, P4)]);
    assert_eq!(after.finding().cause, Cause::ProxyInterference);
    let refused = forbidden(healthy(), &ALL);
    let after = answered(scene, &[(Question::UnknownApi, &refused, P4)]);
    assert_eq!(after.finding().cause, Cause::AnsweredByAnotherApi);
}

#[test]
fn a_canary_that_is_answered_makes_the_round_fail_wherever_it_went() {
    use apigw_probe::observation::Canary;
    use apigw_probe::report::{Report, Verdict};
    let with_canary = |mut scene: Scene, answer: &Scene| {
        let api = ApiId::parse("zzzzzzzzzz").unwrap();
        let seen = answer.round.rows[3].observation().unwrap();
        let plan = seen.plan.of_stranger(&scene.round.target, &api);
        scene.round.canary = Some(Box::new(Canary { api, seen: Observation { plan, ..seen.clone() } }));
        scene.round
    };
    let refused = forbidden(healthy(), &[P4]);
    for scene in [healthy(), forbidden(healthy(), &ALL), refused.clone().only(&[P4]).intent(P4, Intent::Forbidden)] {
        let blamed = |answer: &Scene| {
            let round = with_canary(scene.clone(), answer);
            let found = diagnose(&round).findings.iter().any(|finding| finding.cause == Cause::AnswersAnyApi);
            (found, Report::of(round).verdict())
        };
        assert_eq!(blamed(&healthy()), (true, Verdict::Fail));
        assert!(!blamed(&refused).0);
    }
    // of several answers it is the one that must not have come that is told
    let mut round = with_canary(healthy(), &refused);
    let accepted = with_canary(healthy(), &healthy()).canary.unwrap().seen.attempts;
    round.canary.as_mut().unwrap().seen.attempts.extend(accepted);
    let found = diagnose(&round).findings.into_iter().find(|finding| finding.cause == Cause::AnswersAnyApi).unwrap();
    assert!(found.evidence.iter().any(|fact| fact.contains("200") && !fact.contains("403")), "{found:#?}");
    // a status that is expected of the target is a refusal all the same
    let mut scene = refused.clone().only(&[P4]);
    scene = scene.expecting(apigw_probe::target::Expectation { status: vec![403], api_gateway: false });
    assert_eq!(Report::of(with_canary(scene, &refused)).verdict(), Verdict::Pass);
}
