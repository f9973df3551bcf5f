//! How far is the documented set-up? Each step by what is seen of it, and where nothing is seen by what the calls show.

use crate::round::{ALL, P1, P2, Scene, healthy};
use crate::setup::{Change, api, beside, denied, endpoint, forbidden, missing_token, policy};
use apigw_probe::observation::TcpFault;
use apigw_probe::report::{Report, StepState, steps};
use apigw_probe::setup::{Blind, Fact, Setup};
use serde_json::json;

/// `+` done, `-` not done, `?` cannot be seen.
fn marks(steps: &[apigw_probe::report::Step]) -> String {
    let numbers: Vec<u8> = steps.iter().map(|step| step.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let mark = |state| match state {
        StepState::Done => '+',
        StepState::NotDone => '-',
        StepState::CannotSee => '?',
    };
    steps.iter().map(|step| mark(step.state)).collect()
}

fn seen(scene: Scene, change: Change) -> String {
    marks(&Report::of(beside(scene, change).round).steps())
}

/// What the calls alone show.
fn unseen(scene: Scene) -> String {
    let mut round = scene.round;
    round.environment.setup = Some(Box::new(Setup::unseen(&Blind::new("x", "denied"))));
    marks(&Report::of(round).steps())
}

#[test]
fn each_step_is_told_by_what_is_seen_of_it() {
    let rows: Vec<(&str, Change, &str)> = vec![
        ("all is well", |_| {}, "++++++"),
        ("the endpoint is pending", |it| endpoint(it).state = "pending".into(), "-+++++"),
        ("the account has no such endpoint", |it| it.endpoints = Fact::Known(Vec::new()), "-+++++"),
        ("the API is public", |it| api(it).types = vec!["EDGE".into()], "+-++++"),
        ("the API is not associated", |it| api(it).vpc_endpoints.clear(), "+-++++"),
        ("account B has no such API", |it| it.api = Fact::Absent, "+-++++"),
        ("the API has no policy", |it| api(it).policy = None, "++-+++"),
        ("the policy names another endpoint", |it| api(it).policy = Some(policy("vpce-0aaaaaaaaaaaaaaaa")), "++-+++"),
        (
            "the policy asks for what is not known, and calls come through",
            |it| {
                let condition = json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}});
                let one = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition});
                api(it).policy = Some(json!({ "Statement": one }));
            },
            "++++++",
        ),
        ("there is no such stage", |it| it.stage = Fact::Absent, "++++-+"),
    ];
    for (name, change, expected) in rows {
        assert_eq!(seen(healthy(), change), expected, "{name}");
    }
}

#[test]
fn what_is_not_there_is_not_done_where_no_call_comes_through() {
    assert_eq!(seen(missing_token(), |it| it.resources = Fact::Known(Vec::new())), "+++-+-");
    assert_eq!(seen(denied("with an explicit deny in a resource-based policy"), |_| {}), "++-++-");
    assert_eq!(seen(forbidden(), |it| it.stage = Fact::Absent), "++++--");
}

#[test]
fn calls_that_come_through_show_what_nobody_may_see() {
    // private DNS may answer the alias, associated or not
    assert_eq!(unseen(healthy()), "+?++++");
    assert_eq!(unseen(healthy().nxdomain(&[P1])), "++++++");
    assert_eq!(unseen(healthy().nxdomain(&[P2])), "+-++++");
    assert_eq!(unseen(denied("with an explicit deny in a resource-based policy")), "+?-??-");
    assert_eq!(unseen(healthy().unconnected(&ALL, TcpFault::Timeout)), "?????-");
    assert_eq!(unseen(healthy().at_addresses(&ALL, &["52.94.1.1"])), "?????-");
}

#[test]
fn nobody_looked_means_no_steps() {
    assert_eq!(Report::of(healthy().round).steps(), []);
}

#[test]
fn without_a_target_the_endpoint_alone_is_told() {
    let setup = |change: Change| *beside(healthy(), change).round.environment.setup.unwrap();
    assert_eq!(marks(&steps(&setup(|_| {}), None)), "+?????");
    assert_eq!(marks(&steps(&setup(|it| it.endpoints = Fact::Known(Vec::new())), None)), "-?????");
    assert_eq!(marks(&steps(&Setup::unseen(&Blind::new("x", "denied")), None)), "??????");
}

#[test]
fn what_is_not_done_says_what_to_do() {
    let changes: [Change; 4] = [
        |it| endpoint(it).state = "failed".into(),
        |it| api(it).vpc_endpoints.clear(),
        |it| api(it).policy = None,
        |it| it.stage = Fact::Absent,
    ];
    for change in changes {
        let steps = Report::of(beside(healthy(), change).round).steps();
        let not_done: Vec<_> = steps.iter().filter(|step| step.state == StepState::NotDone).collect();
        assert_eq!(not_done.len(), 1);
        assert!(not_done.iter().all(|step| !step.todo.is_empty() && !step.seen.is_empty()), "{not_done:#?}");
    }
}
