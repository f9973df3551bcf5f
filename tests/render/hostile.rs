//! Text that means harm, in every field of a report that the network or the user fills.
#![allow(dead_code, unreachable_pub, reason = "each test file that includes this one uses a part of it")]

use apigw_probe::observation::{Answer, Attempt, Certificate, Seen};
use apigw_probe::plan::{Header, HeaderText};
use apigw_probe::report::Report;
use proptest::prelude::*;
use std::sync::Arc;

/// Text of any characters, and more often than by chance those that steer a terminal, a shell or a parser.
pub fn text() -> impl Strategy<Value = String> {
    let evil = "\x1b\u{9b}[]0;m\x07\x08\r\n\t\0\x7f|\"\\'`${}#% \u{ad}\u{61c}\u{180e}\u{200b}\u{200e}\u{202e}\u{2028}\u{2066}\u{feff}\u{e0041}aé漢";
    let one = prop_oneof![any::<char>(), proptest::sample::select(evil.chars().collect::<Vec<_>>())];
    proptest::collection::vec(one, 0..120).prop_map(|chars| chars.into_iter().collect())
}

/// The report with the text in every such field. The diagnosis writes `fix` and `docs` itself; they stay.
pub fn filled(mut report: Report, text: &str) -> Report {
    let evil = || text.to_owned();
    Arc::make_mut(&mut report.round.target).name = evil();
    report.round.environment.ignored_proxy_variables = vec![evil()];
    for row in &mut report.round.rows {
        if let Seen::Probed(observation) = &mut row.seen {
            let value = HeaderText::Plain(evil());
            observation.plan.headers.push(Header { name: "zz-last".to_owned(), value });
            observation.plan.path_and_query = format!("/{text}");
            observation.attempts.iter_mut().for_each(|attempt| fill_attempt(attempt, text));
        }
    }
    for finding in &mut report.diagnosis.findings {
        finding.summary = evil();
        finding.evidence = vec![evil(), evil()];
    }
    report
}

fn fill_attempt(attempt: &mut Attempt, text: &str) {
    let connected = match &mut attempt.tcp.result {
        Ok(connected) => connected,
        Err(failure) => return failure.detail = Some(text.to_owned()),
    };
    let Some(tls) = &mut connected.tls else { return };
    let secured = match &mut tls.result {
        Ok(secured) => secured,
        Err(failure) => {
            failure.detail = Some(text.to_owned());
            return failure.certificate.iter_mut().for_each(|certificate| fill_certificate(certificate, text));
        }
    };
    text.clone_into(&mut secured.session.version);
    text.clone_into(&mut secured.session.cipher);
    secured.session.alpn = Some(text.to_owned());
    secured.session.key_exchange = Some(text.to_owned());
    secured.expired_root.iter_mut().for_each(|root| text.clone_into(&mut root.subject));
    secured.certificate.iter_mut().for_each(|certificate| fill_certificate(certificate, text));
    match secured.http.as_mut().map(|http| &mut http.result) {
        None => {}
        Some(Ok(answer)) => fill_answer(answer, text),
        Some(Err(failure)) => {
            failure.detail = Some(text.to_owned());
            failure.answer.iter_mut().for_each(|answer| fill_answer(answer, text));
        }
    }
}

fn fill_certificate(certificate: &mut Certificate, text: &str) {
    text.clone_into(&mut certificate.subject);
    text.clone_into(&mut certificate.issuer);
    certificate.sans = vec![text.to_owned(), text.to_owned()];
}

fn fill_answer(answer: &mut Answer, text: &str) {
    text.clone_into(&mut answer.version);
    for (_, value) in &mut answer.headers {
        text.clone_into(value);
    }
    answer.body_excerpt = Some(text.to_owned());
}
