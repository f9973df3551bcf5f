//! How far is the documented set-up? Each step by what is seen of it, and where nothing is seen by what the calls show.

use crate::round::{ALL, ENDPOINT, P1, P2, P3, P4, Scene, URL, healthy};
use crate::setup::{Change, VPCE, api, beside, denied, endpoint, forbidden, missing_token, policy};
use apigw_probe::observation::{Intent, NameSource, Row, TcpFault};
use apigw_probe::plan::AccessPath;
use apigw_probe::report::{Report, StepState, steps};
use apigw_probe::setup::{Blind, Fact, Setup};
use apigw_probe::target::{Expectation, Target, TargetInput};
use serde_json::json;

const PUBLIC: AccessPath = AccessPath::Public;

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
        ("the account does not list the endpoint", |it| it.endpoints = Fact::Known(Vec::new()), "++++++"),
        ("the id is that of another type of endpoint", |it| endpoint(it).kind = "Gateway".into(), "-+++++"),
        ("it is another service's", |it| endpoint(it).service = "com.amazonaws.us-east-1.s3".into(), "-+++++"),
        ("the API is public", |it| api(it).types = vec!["EDGE".into()], "+-++++"),
        ("the API is not associated", |it| api(it).vpc_endpoints.clear(), "+-++++"),
        ("the account of the role has no such API", in_another_account, "+?++++"),
        (
            "the policy asks for what is not known, and calls come through",
            |it| {
                let condition = json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}});
                let one = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition});
                api(it).policy = Some(json!({ "Statement": one }));
            },
            "++++++",
        ),
        ("there is no such stage", |it| it.stage = Fact::Absent, "++++++"),
    ];
    for (name, change, expected) in rows {
        assert_eq!(seen(healthy(), change), expected, "{name}");
    }
}

#[test]
fn what_came_through_shows_what_is_deployed_whatever_is_saved() {
    let rows: [(Change, usize); 4] = [
        (|it| api(it).policy = None, 2),
        (|it| api(it).policy = Some(policy("vpce-0aaaaaaaaaaaaaaaa")), 2),
        (|it| it.resources = Fact::Known(Vec::new()), 3),
        (|it| it.stage = Fact::Absent, 4),
    ];
    for (change, at) in rows {
        let step = |scene: Scene, change: Change| Report::of(beside(scene, change).round).steps().remove(at);
        let (well, against) = (step(healthy(), |_| {}), step(healthy(), change));
        assert_eq!((against.state, against.todo.len()), (StepState::Done, 0), "{against:#?}");
        assert!(against.seen.len() > well.seen.len(), "{against:#?}");
        assert_eq!(step(forbidden(), change).state, StepState::NotDone);
    }
}

#[test]
fn a_signed_call_that_passes_shows_that_the_policy_lets_it_in() {
    let mut scene = healthy();
    scene.round.rows.iter_mut().for_each(|row| row.signed = true);
    let refused = denied(IMPLICIT).round.rows.into_iter();
    scene.round.rows.extend(refused.map(|row| Row { intent: Intent::Optional, ..row }));
    assert_eq!(seen(scene.clone(), |_| {}), "++++++");
    assert_eq!(seen(scene, |it| api(it).policy = Some(policy("vpce-0aaaaaaaaaaaaaaaa"))), "++++++");
}

#[test]
fn a_refusal_that_is_certain_outweighs_a_policy_that_is_not_clear() {
    let changes: [Change; 2] = [
        |it| {
            api(it).policy =
                Some(json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
                "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}}));
        },
        |it| {
            api(it).policy =
                Some(json!({"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "*", "Resource": "*"}}));
        },
    ];
    for change in changes {
        for by in [IMPLICIT, EXPLICIT] {
            assert_eq!(seen(denied(by), change), "++-++-");
        }
        // what leaves it open is not clear then
        assert_eq!(seen(denied(""), change), "++?++-");
    }
}

#[test]
fn an_expected_error_of_the_gateways_shows_no_more_than_that() {
    let expected = |scene: Scene| {
        let status = vec![403, 504];
        unseen(scene.expecting(Expectation { status, ..Expectation::default() }))
    };
    let timed_out = r#"{"message":"Endpoint request timed out"}"#;
    for refused in [
        denied(EXPLICIT),
        denied("with an explicit deny in a VPC endpoint policy"),
        forbidden(),
        missing_token(),
        healthy().error(&ALL, 504, "InternalServerErrorException", timed_out),
    ] {
        assert_eq!(expected(refused), "+????+");
    }
    // one that is the policy's own leaves open what is deployed
    let expecting = |scene: Scene| scene.expecting(Expectation { status: vec![403], ..Expectation::default() });
    assert_eq!(seen(expecting(denied(EXPLICIT)), |_| {}), "++?+++");
    assert_eq!(seen(expecting(forbidden()), |_| {}), "++++++");
    // the backend's own came through, and so does one that words it like the gateway
    let marks = [("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")];
    for body in [r#"{"error":"nobody"}"#, r#"{"message":"Forbidden"}"#] {
        assert_eq!(expected(healthy().answers(&ALL, 403, &marks, body)), "+?++++");
        let one = forbidden().answers(&[P3], 403, &marks, body);
        assert_eq!(expected(one), "+?++++");
    }
}

const EXPLICIT: &str = "with an explicit deny in a resource-based policy";
const IMPLICIT: &str = "because no resource-based policy allows the execute-api:Invoke action";

/// The role is of an account that has no such API.
fn in_another_account(setup: &mut Setup) {
    (setup.api, setup.resources, setup.stage, setup.deployment) =
        (Fact::Absent, Fact::Absent, Fact::Absent, Fact::Absent);
}

#[test]
fn an_api_that_is_not_found_may_be_of_another_account() {
    assert_eq!(seen(forbidden(), in_another_account), "+????-");
    assert_eq!(seen(missing_token(), in_another_account), "+????-");
}

#[test]
fn an_endpoint_that_the_account_does_not_list_may_be_of_another_one() {
    let unlisted: Change = |it| it.endpoints = Fact::Known(Vec::new());
    let first = |scene: Scene, change: Change| seen(scene, change).chars().next().unwrap();
    // its own name leads there, whatever is answered
    assert_eq!(first(healthy(), unlisted), '+');
    assert_eq!(first(forbidden(), unlisted), '+');
    // by another name, it may be another endpoint that is called
    assert_eq!(first(healthy().nxdomain(&[P3, P4]), unlisted), '?');
    assert_eq!(first(healthy().nxdomain(&[P3, P4]), |it| endpoint(it).id = "vpce-0aaaaaaaaaaaaaaaa".into()), '-');
    assert_eq!(first(healthy().unconnected(&ALL, TcpFault::Timeout), unlisted), '-');
    // nor does an address that the user gave tell whose it is
    let given = healthy().on(&ALL, |seen| seen.lookup.source = NameSource::Literal);
    assert_eq!(first(given, unlisted), '?');
    // where none was named
    let unnamed = || Scene::of(URL, None);
    assert_eq!(first(unnamed(), unlisted), '+');
    assert_eq!(first(unnamed().unconnected(&[P1], TcpFault::Timeout), unlisted), '-');
}

#[test]
fn an_endpoint_that_is_coming_wants_no_second_one() {
    for (state, another) in [("pending", false), ("failed", true)] {
        for scene in [healthy(), Scene::of(URL, None).unconnected(&[P1], TcpFault::Timeout)] {
            let mut round = beside(scene, |_| {}).round;
            endpoint(round.environment.setup.as_mut().unwrap()).state = state.to_owned();
            let step = Report::of(round).steps().remove(0);
            assert_eq!(step.state, StepState::NotDone);
            assert_eq!(step.todo.concat().contains("create-vpc-endpoint"), another, "{step:#?}");
        }
    }
}

#[test]
fn an_answer_that_is_not_the_apis_shows_nothing() {
    let foreign = healthy().answers(&ALL, 200, &[("Server", "nginx")], "welcome");
    assert_eq!(unseen(foreign), "??????");
    // a refusal under another status; and a backend's error, which came through the API
    let denied = r#"{"message":"Missing Authentication Token"}"#;
    assert_eq!(unseen(healthy().error(&ALL, 200, "MissingAuthenticationTokenException", denied)), "+?????");
    let thrown = r#"{"errorMessage":"x","errorType":"E"}"#;
    let marks = [("x-amz-apigw-id", "AyD6VFqGvHcEGBg=")];
    assert_eq!(unseen(healthy().answers(&ALL, 200, &marks, thrown)), "+?++++");
    // one path that the API answers is enough
    let one = healthy().answers(&[P1, P2], 200, &[("Server", "nginx")], "welcome");
    assert_eq!(unseen(one), "+?++++");
}

#[test]
fn what_other_causes_explain_as_well_is_not_said_to_be_missing() {
    let open = missing_token();
    assert!(!open.finding().alternatives.is_empty());
    assert_eq!(unseen(open), "+????-");
    // a policy that allows as it is saved may not be the deployed one
    let refused = denied("");
    assert!(!refused.finding().alternatives.is_empty());
    assert_eq!(seen(refused, |it| endpoint(it).policy = None), "++?++-");
}

#[test]
fn what_is_no_private_rest_api_has_none_of_these_steps() {
    let mark = [("apigw-requestid", "KtUfbjJIg=")];
    let public = |url| Scene::public(url, None);
    for scene in [
        public(URL),
        public("https://api.example.com/"),
        Scene::public(URL, Some(ENDPOINT)),
        public("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/").answers(&[PUBLIC], 403, &mark, "{}"),
        healthy().answers(&[P1], 404, &mark, r#"{"message":"Not Found"}"#),
    ] {
        for api in [in_another_account as Change, |it| it.api = Fact::CannotSee(Blind::new("x", "denied"))] {
            assert_eq!(Report::of(beside(scene.clone(), api).round).steps(), []);
        }
    }
    // account B knows better
    let seen = Report::of(beside(healthy().answers(&[P1], 404, &mark, "{}"), |_| {}).round).steps();
    assert_eq!(seen.len(), 6);
}

#[test]
fn a_url_without_a_stage_says_nothing_of_stages() {
    let scene = || Scene::of("https://a1bc234d5e.execute-api.us-east-1.amazonaws.com", Some(ENDPOINT));
    let unasked: Change = |it| it.stage = Fact::CannotSee(Blind::new("INVOKE_URL", "it names no stage"));
    assert_eq!(seen(scene(), unasked).chars().nth(4), Some('+'));
    let refused = scene().error(&ALL, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
    assert_eq!(seen(refused, unasked).chars().nth(4), Some('?'));
}

#[test]
fn the_command_that_prints_the_policy_names_all_that_it_depends_on() {
    let printed = |scene: Scene, signed: bool, change: Change| {
        let mut silent = scene.only(&[P1]).unconnected(&[P1], TcpFault::Timeout);
        silent.round.rows.iter_mut().for_each(|row| row.signed = signed);
        let mut silent = beside(silent, |it| api(it).policy = None);
        change(silent.round.environment.setup.as_mut().unwrap());
        Report::of(silent.round).steps()[2].todo.concat()
    };
    let endpoint = "/test --vpce-id vpce-1a2b3c456d7e89012";
    for scene in [healthy(), Scene::of(URL, Some(VPCE))] {
        assert!(printed(scene, false, |_| {}).ends_with(&format!("{endpoint}`")));
    }
    let by_role: Change = |it| it.assume_role_arn = Some("arn:aws:iam::222233334444:role/$(probe)".to_owned());
    assert!(printed(healthy(), true, |_| {}).ends_with(&format!("{endpoint} --auth iam`")));
    let named = format!("{endpoint} --auth iam --assume-role-arn 'arn:aws:iam::222233334444:role/$(probe)'`");
    assert!(printed(healthy(), true, by_role).ends_with(&named));
    let mut scene = healthy();
    let input = TargetInput {
        invoke_url: URL,
        vpce_dns_name: Some(ENDPOINT),
        custom_domain: Some("private.example.com/orders"),
        ..TargetInput::default()
    };
    scene.round.target = Target::parse(input).unwrap().into();
    assert!(printed(scene, false, |_| {}).ends_with(&format!("{endpoint} --custom-domain private.example.com`")));
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
    let seen = |change: Change| steps(&setup(change), None).remove(0).seen.len();
    assert!(seen(|it| it.dns_hostnames = Fact::Known(false)) > seen(|_| {}));
    assert_eq!(marks(&steps(&Setup::unseen(&Blind::new("x", "denied")), None)), "??????");
}

#[test]
fn what_is_not_done_says_what_to_do() {
    let changes: [Change; 5] = [
        |it| endpoint(it).state = "failed".into(),
        |it| api(it).vpc_endpoints.clear(),
        |it| api(it).types = vec!["REGIONAL".into()],
        |it| api(it).policy = None,
        |it| it.stage = Fact::Absent,
    ];
    for change in changes {
        let steps = Report::of(beside(forbidden(), change).round).steps();
        let not_done: Vec<_> = steps.iter().take(5).filter(|step| step.state == StepState::NotDone).collect();
        assert_eq!(not_done.len(), 1);
        assert!(not_done.iter().all(|step| !step.todo.is_empty() && !step.seen.is_empty()), "{not_done:#?}");
    }
}

#[test]
fn an_endpoint_that_is_not_there_has_another_of_the_vpc_in_its_place() {
    let first = |change: Change| {
        let gone = healthy().nxdomain(&ALL);
        Report::of(beside(gone, change).round).steps()[0].todo.concat()
    };
    let another: Change = |it| endpoint(it).id = "vpce-0aaaaaaaaaaaaaaaa".into();
    assert!(first(another).contains("vpce-0aaaaaaaaaaaaaaaa"), "{}", first(another));
    // one of another VPC is not, nor one that is not available; then the VPC is named in which one is made
    let elsewhere: [Change; 3] = [
        |it| {
            endpoint(it).id = "vpce-0aaaaaaaaaaaaaaaa".into();
            endpoint(it).vpc = "vpc-2".into();
        },
        |it| {
            endpoint(it).id = "vpce-0aaaaaaaaaaaaaaaa".into();
            endpoint(it).state = "failed".into();
        },
        |it| endpoint(it).state = "failed".into(),
    ];
    for change in elsewhere {
        assert!(first(change).contains("create-vpc-endpoint --vpc-id vpc-1 "), "{}", first(change));
    }
}

/// Its policy is about another API.
fn of_another_api(setup: &mut Setup) {
    let arn = "arn:aws:execute-api:us-east-1:*:b2cd345e6f/*";
    let one = json!({"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": arn});
    endpoint(setup).policy = Some(json!({ "Statement": one }));
}

#[test]
fn an_endpoint_whose_policy_does_not_allow_the_call_is_not_done_unless_calls_come_through() {
    let first = |scene: Scene, change: Change| Report::of(beside(scene, change).round).steps().remove(0);
    let denies: Change = |it| {
        endpoint(it).policy =
            Some(json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}));
    };
    for change in [of_another_api as Change, denies] {
        let (well, against) = (first(healthy(), |_| {}), first(healthy(), change));
        assert_eq!((against.state, against.todo.len()), (StepState::Done, 0), "{against:#?}");
        assert!(against.seen.len() > well.seen.len(), "{against:#?}");
        let refused = first(forbidden(), change);
        assert_eq!(refused.state, StepState::NotDone, "{refused:#?}");
        assert!(refused.todo.concat().contains(VPCE), "{refused:#?}");
        // what one counts for at once, no deployment mends
        assert!(!refused.todo.concat().contains("deploy"), "{refused:#?}");
    }
    // where it is not read, or not clear, the answer tells; one that it contradicts is left open
    let by_endpoint = || denied("because no VPC endpoint policy allows the execute-api:Invoke action");
    assert_eq!(first(by_endpoint(), |it| endpoint(it).policy = None).state, StepState::NotDone);
    assert_eq!(first(by_endpoint(), |_| {}).state, StepState::CannotSee);
    assert_eq!(first(denied(IMPLICIT), |it| endpoint(it).policy = None).state, StepState::Done);
}

#[test]
fn what_to_do_names_the_method_that_was_called() {
    for scene in [missing_token(), forbidden()] {
        let steps = Report::of(beside(scene, |it| it.resources = Fact::Known(Vec::new())).round).steps();
        let todo = steps[3].todo.concat();
        assert!(todo.contains("GET") && !todo.contains("METHOD"), "{todo}");
    }
}
