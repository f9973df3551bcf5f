//! How does an explanation become a finding? Drafts collect causes, paths and evidence; confidence is decided here alone.

use super::cause::Cause;
use super::circumstance::{Circumstance, Particulars, principal};
use super::finding::{Confidence, Finding};
use super::meaning::Family;
use super::sight::{Sight, accounts};
use super::signature::speakers;
use crate::observation::{Answer, Denial, PolicyKind, Wording, printable};
use crate::plan::AccessPath;
use crate::target::Target;
use std::net::IpAddr;

/// An explanation in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    cause: Cause,
    alternatives: Vec<Cause>,
    strength: Confidence,
    paths: Vec<AccessPath>,
    evidence: Vec<String>,
    particulars: Particulars,
    /// The addresses that it is about, if it is not about all of its paths'.
    addresses: Vec<IpAddr>,
    role: Role,
    /// Whether a fact of the set-up proves it: then neither the catalogue nor other causes hold it back.
    proven: bool,
}

/// What a draft is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// It explains why its paths failed.
    Explains,
    /// It says something worth knowing beside the outcome.
    Remarks,
}

/// Which causes the facts of the set-up refute, doubt and favour.
#[derive(Debug, Default)]
pub(crate) struct Sifting {
    /// They are not so.
    pub(crate) refuted: Vec<Cause>,
    /// Something speaks against them.
    pub(crate) doubted: Vec<Cause>,
    /// The first of which a fault in the set-up speaks.
    pub(crate) favoured: Option<Cause>,
    /// The first that suits a set-up without a fault.
    pub(crate) suited: Option<Cause>,
}

impl Draft {
    /// The most useful cause, how strongly the evidence speaks for it, and the paths that it explains.
    pub(crate) fn new(cause: Cause, strength: Confidence, paths: Vec<AccessPath>) -> Self {
        Self {
            cause,
            alternatives: Vec::new(),
            strength,
            paths,
            evidence: Vec::new(),
            particulars: Particulars::default(),
            addresses: Vec::new(),
            role: Role::Explains,
            proven: false,
        }
    }

    /// An explanation of these paths: the first cause, the others as alternatives, and what was seen as evidence.
    pub(crate) fn over(causes: &[Cause], strength: Confidence, sights: &[&Sight<'_>]) -> Self {
        let first = causes.first().copied().unwrap_or(Cause::Unexplained);
        let mut paths: Vec<_> = sights.iter().map(|sight| sight.path).collect();
        // a path may be seen at each of its addresses
        paths.dedup();
        let draft = Self::new(first, strength, paths).or(causes).because_of(accounts(sights));
        let addresses = sights.iter().map(|sight| sight.own_address()).collect::<Option<_>>().unwrap_or_default();
        let strangers = sights.iter().filter_map(|sight| sight.stranger());
        let draft = draft.because_of(strangers.flat_map(speakers));
        Self { particulars: particulars(sights), addresses, ..draft }
    }

    /// Adds causes that would explain it as well.
    pub(crate) fn or(mut self, causes: &[Cause]) -> Self {
        for cause in causes {
            self.compete(*cause);
        }
        self
    }

    /// Adds a cause that would explain it as well, if a condition holds.
    pub(crate) fn or_if(self, condition: bool, cause: Cause) -> Self {
        if condition { self.or(&[cause]) } else { self }
    }

    /// Adds a fact.
    pub(crate) fn because(mut self, fact: impl Into<String>) -> Self {
        self.know(&fact.into());
        self
    }

    /// Adds facts.
    pub(crate) fn because_of(self, facts: impl IntoIterator<Item = String>) -> Self {
        facts.into_iter().fold(self, Self::because)
    }

    /// Names the address that is to blame.
    pub(crate) fn at(mut self, address: Option<IpAddr>) -> Self {
        self.particulars.address = self.particulars.address.or(address);
        self
    }

    /// Adds what else is known that bears on what is to be done.
    pub(crate) fn given(mut self, circumstances: impl IntoIterator<Item = Circumstance>) -> Self {
        circumstances.into_iter().for_each(|one| self.particulars.note(one));
        self
    }

    /// Takes an alternative away, if a condition rules it out.
    pub(crate) fn without_if(mut self, ruled_out: bool, cause: Cause) -> Self {
        self.alternatives.retain(|other| !ruled_out || *other != cause);
        self
    }

    /// Makes it a remark, which leaves its paths to be explained by others.
    pub(crate) fn into_remark(mut self) -> Self {
        self.role = Role::Remarks;
        self
    }

    /// What facts of the set-up prove: this cause and no other.
    pub(crate) fn proven(mut self, cause: Cause, fact: &str) -> Self {
        self.cause = cause;
        self.alternatives.clear();
        self.proven = true;
        self.because(format!("the set-up shows it: {fact}"))
    }

    /// What is left of it beside the facts of the set-up: causes that they refute go, those that they doubt come last, and the
    /// one that they favour leads.
    /// Where the leading one is lost and none is favoured, the one that suits them leads, or the next best, or what there is
    /// instead. Nothing is left of a remark whose cause is refuted. Fewer causes make the best of them likelier.
    pub(crate) fn sifted(mut self, sifting: &Sifting, instead: Cause) -> Option<Self> {
        let Sifting { refuted, doubted, favoured, suited } = sifting;
        let is_left = |cause: &Cause| !refuted.contains(cause);
        let lost = !is_left(&self.cause);
        if lost && self.role == Role::Remarks {
            return None;
        }
        self.alternatives.retain(is_left);
        let in_doubt = |cause: &Cause| doubted.contains(cause);
        let next_best = self.alternatives.iter().find(|cause| !in_doubt(cause)).or(self.alternatives.first());
        let best = if lost { next_best.copied().unwrap_or(instead) } else { self.cause };
        // what other causes leave as it is says nothing against the one that leads
        let heir = suited.filter(|_| lost || in_doubt(&self.cause));
        let next = favoured.or(heir).unwrap_or(best);
        if next != self.cause {
            self.strength = self.strength.min(Confidence::Likely);
            self.alternatives.retain(|other| *other != next);
            let former = std::mem::replace(&mut self.cause, next);
            self.alternatives.extend(Some(former).filter(is_left));
        }
        self.alternatives.sort_by_key(in_doubt);
        let narrowed = !refuted.is_empty() && self.alternatives.is_empty();
        if in_doubt(&self.cause) {
            self.strength = Confidence::Possible;
        } else if self.cause != Cause::Unexplained && (narrowed || [*favoured, *suited].contains(&Some(self.cause))) {
            self.strength = self.strength.max(Confidence::Likely);
        }
        Some(self)
    }

    /// The cause, then those that would explain it as well.
    pub(crate) fn causes(&self) -> impl Iterator<Item = Cause> {
        std::iter::once(self.cause).chain(self.alternatives.iter().copied())
    }

    /// Whether the answer's own words say so and leave nothing else: what is saved or was asked elsewhere cannot unsay them.
    pub(crate) fn is_said(&self) -> bool {
        self.strength == Confidence::Certain && self.alternatives.is_empty()
    }

    /// Whether it explains this path's failure.
    pub(crate) fn explains(&self, path: AccessPath) -> bool {
        self.role == Role::Explains && self.paths.contains(&path)
    }

    pub(crate) fn cause(&self) -> Cause {
        self.cause
    }

    /// Takes up another draft of the same cause; it is as sure as the weaker of both.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.paths = AccessPath::ALL
            .iter()
            .copied()
            .filter(|path| self.paths.contains(path) || other.paths.contains(path))
            .collect();
        self.strength = self.strength.min(other.strength);
        self.role = self.role.min(other.role);
        self.proven &= other.proven;
        self.particulars.join(&other.particulars);
        let partial = !self.addresses.is_empty() && !other.addresses.is_empty();
        self.addresses.extend(&other.addresses);
        self.addresses.retain(|_| partial);
        for cause in &other.alternatives {
            self.compete(*cause);
        }
        for fact in &other.evidence {
            self.know(fact);
        }
    }

    pub(crate) fn paths(&self) -> &[AccessPath] {
        &self.paths
    }

    /// The addresses that it is about; none if it is about all of its paths'.
    pub(crate) fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Keeps only such paths.
    pub(crate) fn only(mut self, keep: impl Fn(AccessPath) -> bool) -> Self {
        self.paths.retain(|path| keep(*path));
        self
    }

    /// The finding: filled from the catalogue for this target.
    pub(crate) fn close(self, target: &Target) -> Finding {
        let entry = self.cause.entry();
        Finding {
            confidence: self.confidence(),
            paths: self.paths,
            zones: Vec::new(),
            signed: None,
            owner: self.cause.owner(&self.particulars),
            summary: entry.title.to_owned(),
            evidence: self.evidence,
            fix: self.cause.fix_with(target, &self.particulars, &self.alternatives),
            docs: entry.docs.to_owned(),
            cause: self.cause,
            alternatives: self.alternatives,
        }
    }

    fn compete(&mut self, cause: Cause) {
        if cause != self.cause && !self.alternatives.contains(&cause) {
            self.alternatives.push(cause);
        }
    }

    /// Takes a fact into a draft that stands.
    pub(crate) fn testify(&mut self, fact: &str) {
        self.know(fact);
    }

    fn know(&mut self, fact: &str) {
        // what came from the network may hold anything, even after JSON's escapes are undone
        let fact = printable(fact.as_bytes(), MOST_FACT_CHARS).replace('\n', " ");
        if !self.evidence.contains(&fact) {
            self.evidence.push(fact);
        }
    }

    /// The least of what the evidence, the catalogue and the competition allow:
    /// nothing is certain that another cause would explain as well.
    fn confidence(&self) -> Confidence {
        if self.proven {
            return Confidence::Certain;
        }
        let competition = if self.alternatives.is_empty() { Confidence::Certain } else { Confidence::Likely };
        self.strength.min(self.cause.entry().ceiling).min(competition)
    }
}

/// What the calls themselves tell that bears on what is to be done.
fn particulars(sights: &[&Sight<'_>]) -> Particulars {
    let caller = |sight: &&Sight<'_>| {
        let Wording::Denied(Denial { user, .. }) = sight.answer()?.wording()? else { return None };
        principal(&user?)
    };
    let http_api = sights.iter().any(|sight| sight.family() == Some(Family::HttpApi));
    let signed = sights.iter().any(|sight| sight.seen.plan.signed_for.is_some());
    let within = |sight: &&Sight<'_>| match sight.answer()?.wording()? {
        Wording::Denied(denial) => denial.is_within_an_account(),
        _ => None,
    };
    let one_account = sights.iter().find_map(within) == Some(true);
    let guarded = |sight: &Sight<'_>| match sight.answer().and_then(Answer::wording) {
        Some(Wording::Denied(denial)) => denial.policy == Some(PolicyKind::Guardrail),
        _ => false,
    };
    let plain = |sight: &Sight<'_>| sight.answer().and_then(Answer::wording) == Some(Wording::PlainToTls);
    let named = |sight: &Sight<'_>| match sight.answer().and_then(Answer::wording) {
        Some(Wording::Denied(denial)) => denial.resource.is_some(),
        _ => false,
    };
    let speaks = |sight: &Sight<'_>| sight.stranger().is_some_and(|answer| !speakers(answer).is_empty());
    let issued = |sight: &Sight<'_>| sight.tls_failure().is_some_and(|failure| failure.certificate.is_some());
    let circumstances = [
        (http_api, Circumstance::HttpApi),
        (signed, Circumstance::Signed),
        (one_account, Circumstance::OneAccount),
        (sights.iter().any(|sight| guarded(sight)), Circumstance::Guardrail),
        (sights.iter().any(|sight| plain(sight)), Circumstance::PlainToTls),
        (sights.iter().any(|sight| named(sight)), Circumstance::NamesResource),
        (sights.iter().any(|sight| speaks(sight)), Circumstance::NamesServer),
        (sights.iter().any(|sight| issued(sight)), Circumstance::NamesIssuer),
    ];
    Particulars {
        circumstances: circumstances.into_iter().filter(|(holds, _)| *holds).map(|(_, one)| one).collect(),
        names: sights.iter().map(|sight| sight.seen.plan.dial.to_string()).collect(),
        address: sights.first().and_then(|sight| sight.address()),
        caller: sights.iter().find_map(caller),
        method: sights.first().map(|sight| sight.seen.plan.method.to_string()),
    }
}

const MOST_FACT_CHARS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_certain_beside_another_cause() {
        let alone = Draft::new(Cause::Throttled, Confidence::Certain, Vec::new());
        assert_eq!(alone.confidence(), Confidence::Certain);
        assert_eq!(alone.or(&[Cause::QuotaExceeded]).confidence(), Confidence::Likely);
    }
}
