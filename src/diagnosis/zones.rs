//! Is it one zone that fails? A row of a single zone against what came of the others.

use super::case::Case;
use super::cause::Cause;
use super::draft::Draft;
use super::finding::Confidence::Likely;
use super::finding::Finding;
use super::remarks::{death, stage};
use crate::observation::{Attempt, Round, Row};

/// The zone's address does not answer, while another address of the endpoint got further.
pub(crate) fn down(case: &Case<'_>, row: &Row) -> Vec<Draft> {
    let attempts = |row: &Row| row.observation().map(|seen| seen.attempts.clone()).unwrap_or_default();
    let own = attempts(row);
    let dead = !own.is_empty() && own.iter().all(|one| death(one).is_some());
    let furthest = own.iter().map(stage).max();
    let elsewhere = |one: &Attempt| own.iter().all(|dead| dead.address != one.address) && Some(stage(one)) > furthest;
    let others = case.round.rows.iter().filter(|other| other.signed == row.signed);
    let further = others.flat_map(attempts).find(elsewhere);
    let sights = case.unexplained_if(|sight| sight.path == row.path);
    match further {
        Some(other) if dead => {
            vec![
                Draft::over(&[Cause::OneAddressDown], Likely, &sights)
                    .because(format!("{} got further", case.round.place(other.address.ip()))),
            ]
        }
        Some(_) | None => Vec::new(),
    }
}

/// Whether a finding explains no failure of a path.
pub(crate) fn is_remark(finding: &Finding, round: &Round) -> bool {
    let concerns = |row: &&Row| finding.paths.contains(&row.path) && row.zone.is_none();
    round.rows.iter().filter(concerns).all(|row| row.is_good(&round.target) || row.observation().is_none())
}
