//! Which requests can account B find in its access log? Those that it answered in another way than expected.

use crate::observation::{Attempt, Outcome, Row};
use crate::plan::RowId;
use crate::report::Report;

/// The id that a gateway gave to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId<'a> {
    /// The row that the request is of.
    pub(super) row: RowId,
    /// The header that held the id.
    pub(super) header: &'static str,
    /// The id.
    pub(super) id: &'a str,
}

/// The ids of the requests of a round whose answer was not the expected one.
pub(super) fn refused(report: &Report) -> impl Iterator<Item = RequestId<'_>> {
    let round = &report.round;
    round.rows.iter().filter(|row| is_http(row.outcome(&round.target))).flat_map(answers)
}

/// Whether an answer came that is not the expected one.
fn is_http(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Http(_) | Outcome::UnexpectedStatus(_) | Outcome::NotApiGateway => true,
        Outcome::Ok
        | Outcome::NotConfigured
        | Outcome::Skipped
        | Outcome::Dns(_)
        | Outcome::Tcp(_)
        | Outcome::Tls(_) => false,
    }
}

/// The request ids in the answers of a path, with their headers' names.
fn answers(row: &Row) -> impl Iterator<Item = RequestId<'_>> {
    let answers = row.observation().into_iter().flat_map(|seen| &seen.attempts).filter_map(Attempt::answer);
    answers.flat_map(|answer| {
        let ids = [("x-amzn-RequestId", answer.request_id()), ("x-amz-apigw-id", answer.apigw_id())];
        ids.into_iter().filter_map(|(header, id)| Some(RequestId { row: row.id(), header, id: id? }))
    })
}
