//! What is explained already, and what is not? All paths of a round side by side, and the drafts so far.

use super::cause::Cause;
use super::draft::Draft;
use super::endpoint::Side;
use super::finding::{Diagnosis, Finding};
use super::proof::with_ids;
use super::sight::Sight;
use crate::observation::{Intent, Question, Round, Row};
use crate::plan::AccessPath;

/// A round under examination.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) round: &'a Round,
    pub(crate) sights: Vec<Sight<'a>>,
    /// Whether these are the calls that decide, to which experiments and canary belong.
    pub(crate) decides: bool,
    trials: Vec<(Question, Sight<'a>)>,
    drafts: Vec<Draft>,
    /// Causes that nobody may blame any more.
    dismissed: Vec<Cause>,
}

impl<'a> Case<'a> {
    /// Reads each path by itself; of a round that calls each path twice, the signed or the unsigned calls.
    pub(crate) fn open(round: &'a Round, signed: bool) -> Self {
        let decides = round.rows.iter().any(|row| row.signed) == signed;
        let experiments = round.experiments.iter().filter(|_| decides);
        let trials = experiments.map(|one| (one.question, Sight::of_experiment(one, &round.target))).collect();
        Self { round, sights: Sight::all(round, signed), decides, trials, drafts: Vec::new(), dismissed: Vec::new() }
    }

    /// Reads a row of a single zone in the place of its path, and the other paths beside it.
    pub(crate) fn in_zone(round: &'a Round, row: &'a Row) -> Self {
        let (sights, trials) = (Sight::in_zone(round, row), Vec::new());
        Self { round, sights, decides: false, trials, drafts: Vec::new(), dismissed: Vec::new() }
    }

    /// Takes up what a rule found. A path that must fail and does needs no word.
    pub(crate) fn take(&mut self, drafts: Vec<Draft>) {
        let shut =
            |sight: &Sight<'_>| sight.intent == Intent::Forbidden && sight.open_at(&self.round.target).is_empty();
        let silent = |path| self.sight(path).is_some_and(shut);
        let spoken = drafts.into_iter().map(|draft| {
            // the canary makes the round fail, whatever path it took
            if draft.cause() == Cause::AnswersAnyApi { draft } else { draft.only(|path| !silent(path)) }
        });
        let stands = |draft: &Draft| !draft.paths().is_empty() && !self.dismissed.contains(&draft.cause());
        let kept: Vec<_> = spoken.filter(stands).collect();
        for draft in kept {
            // one cause over several paths is one finding
            match self.drafts.iter_mut().find(|known| known.cause() == draft.cause()) {
                Some(known) => known.merge(&draft),
                None => self.drafts.push(draft),
            }
        }
    }

    /// Gives all drafts away, so that nothing is explained.
    pub(crate) fn release(&mut self) -> Vec<Draft> {
        std::mem::take(&mut self.drafts)
    }

    /// Takes up nothing any more that blames a cause.
    pub(crate) fn dismiss(&mut self, cause: Cause) {
        self.dismissed.push(cause);
    }

    /// Adds to each explanation what else is known of its paths.
    pub(crate) fn testify(&mut self, known: impl Fn(&[AccessPath]) -> Vec<String>) {
        for draft in &mut self.drafts {
            let explained: Vec<_> = draft.paths().iter().copied().filter(|path| draft.explains(*path)).collect();
            for fact in known(&explained) {
                draft.testify(&fact);
            }
        }
    }

    /// What explains why a path failed.
    pub(crate) fn explanations(&self, path: AccessPath) -> impl Iterator<Item = &Draft> {
        self.drafts.iter().filter(move |draft| draft.explains(path))
    }

    /// Those of some paths that were probed.
    pub(crate) fn sights_of(&self, paths: &[AccessPath]) -> Vec<&Sight<'a>> {
        self.sights.iter().filter(|sight| paths.contains(&sight.path)).collect()
    }

    /// A path, if it was probed.
    pub(crate) fn sight(&self, path: AccessPath) -> Option<&Sight<'a>> {
        self.sights.iter().find(|sight| sight.path == path)
    }

    /// What came of an experiment, if it was made.
    pub(crate) fn trial(&self, question: Question) -> Option<&Sight<'a>> {
        self.trials.iter().find(|(asked, _)| *asked == question).map(|(_, sight)| sight)
    }

    /// Whether a path's failure is explained.
    pub(crate) fn is_explained(&self, path: AccessPath) -> bool {
        self.drafts.iter().any(|draft| draft.explains(path))
    }

    /// Whether a cause was found already.
    pub(crate) fn blames(&self, cause: Cause) -> bool {
        self.drafts.iter().any(|draft| draft.cause() == cause)
    }

    /// Whether a cause was found that is about this path.
    pub(crate) fn blames_on(&self, cause: Cause, path: AccessPath) -> bool {
        self.drafts.iter().any(|draft| draft.cause() == cause && draft.paths().contains(&path))
    }

    /// The paths that failed against their intent and are not explained yet.
    pub(crate) fn unexplained(&self) -> impl Iterator<Item = &Sight<'a>> {
        self.sights.iter().filter(|sight| sight.wants_explanation() && !self.is_explained(sight.path))
    }

    /// Those of the unexplained paths that fit.
    pub(crate) fn unexplained_if(&self, fits: impl Fn(&Sight<'a>) -> bool) -> Vec<&Sight<'a>> {
        self.unexplained().filter(|sight| fits(sight)).collect()
    }

    /// Whether any path fits.
    pub(crate) fn any(&self, fits: impl Fn(&Sight<'a>) -> bool) -> bool {
        self.sights.iter().any(fits)
    }

    /// Whether a path shows that the API and its stage are there and reachable over an endpoint.
    pub(crate) fn api_is_proven(&self) -> bool {
        self.any(|sight| sight.path.is_of_four() && sight.proves_api())
    }

    /// The paths that return what is expected from addresses that an endpoint can have.
    pub(crate) fn working_inside(&self) -> Vec<&Sight<'a>> {
        self.sights.iter().filter(|sight| sight.is_ok() && sight.side() == Side::Inside).collect()
    }

    /// Whether a path leads to other addresses than every path that works.
    pub(crate) fn is_apart(&self, sight: &Sight<'_>) -> bool {
        let works = self.working_inside();
        !sight.public && !works.is_empty() && works.iter().all(|other| sight.is_apart_from(other))
    }

    /// The findings: those that explain failing required paths first, then optional ones, then remarks.
    pub(crate) fn close(self) -> Diagnosis {
        let Self { round, sights, trials, mut drafts, .. } = self;
        for (question, trial) in &trials {
            // what does not decide is evidence all the same
            let explains = drafts.iter().position(|draft| draft.explains(trial.path));
            let speaks = explains.or_else(|| drafts.iter().position(|draft| draft.paths().contains(&trial.path)));
            if let Some(at) = speaks {
                drafts[at].testify(&format!("experiment {question}: {}", trial.exchange()));
            }
        }
        drafts.sort_by_key(|draft| {
            let of = |intent| sights.iter().any(|sight| draft.explains(sight.path) && sight.intent == intent);
            [Intent::Required, Intent::Forbidden, Intent::Optional].into_iter().position(of).unwrap_or(usize::MAX)
        });
        let findings = drafts.into_iter().map(|draft| {
            let finding = draft.close(&round.target);
            match round.environment.setup.as_deref() {
                None => finding,
                Some(setup) => {
                    let fix = finding.fix.into_iter().map(|step| with_ids(step, setup, &round.target)).collect();
                    Finding { fix, ..finding }
                }
            }
        });
        Diagnosis { findings: findings.collect() }
    }
}
