//! What is said of a round? Findings: one explanation each, with its evidence, and who can fix it how.

use super::cause::Cause;
use crate::named::named;
use crate::plan::AccessPath;
use crate::target::Zone;

/// The smallest set of findings that explains a round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnosis {
    /// The most telling first.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// The findings on signed calls, beside those on the unsigned calls of the same paths: what both say is said once.
    pub(super) fn beside(self, unsigned: Self) -> Self {
        let of = |signed| move |finding: Finding| Finding { signed: Some(signed), ..finding };
        let mut findings: Vec<Finding> = self.findings.into_iter().map(of(true)).collect();
        for finding in unsigned.findings.into_iter().map(of(false)) {
            match findings.iter_mut().find(|known| known.cause == finding.cause) {
                Some(known) => known.join(finding),
                None => findings.push(finding),
            }
        }
        Self { findings }
    }

    /// The same, said of the signed or the unsigned calls alone.
    pub(super) fn of_calls(mut self, signed: Option<bool>) -> Self {
        self.findings.iter_mut().for_each(|finding| finding.signed = signed);
        self
    }

    /// The findings on a path as it is called in one zone, beside those on the round: what both say is said once. What explains
    /// a failure stands before `remarks`, which is how many of those on the round explain none.
    pub(super) fn with_zone(mut self, zone: &Zone, path: AccessPath, of_zone: Self, remarks: usize) -> Self {
        let about = of_zone.findings.into_iter().filter(|finding| finding.paths.contains(&path));
        for finding in about.map(|finding| Finding { paths: vec![path], zones: vec![zone.to_string()], ..finding }) {
            match self.findings.iter_mut().find(|known| known.cause == finding.cause) {
                Some(known) => known.join(finding),
                None => self.findings.insert(self.findings.len() - remarks, finding),
            }
        }
        self
    }
}

impl Finding {
    /// Takes up the same finding on other calls; it is as sure as the weaker of both.
    fn join(&mut self, other: Self) {
        self.signed = self.signed.filter(|signed| other.signed == Some(*signed));
        self.confidence = self.confidence.min(other.confidence);
        self.paths = AccessPath::ALL
            .iter()
            .copied()
            .filter(|path| self.paths.contains(path) || other.paths.contains(path))
            .collect();
        for zone in other.zones {
            if !self.zones.contains(&zone) {
                self.zones.push(zone);
            }
        }
        for cause in other.alternatives {
            if !self.alternatives.contains(&cause) {
                self.alternatives.push(cause);
            }
        }
        for fact in other.evidence {
            if !self.evidence.contains(&fact) {
                self.evidence.push(fact);
            }
        }
    }
}

/// One explanation of what was seen. Its fields are the report's JSON.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// The most useful cause.
    pub cause: Cause,
    /// Other causes that would explain it as well.
    pub alternatives: Vec<Cause>,
    /// How sure it is.
    pub confidence: Confidence,
    /// The paths that it explains.
    pub paths: Vec<AccessPath>,
    /// The Availability Zones whose rows it explains; empty if it is about the paths themselves alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Whether it is about the signed or the unsigned calls alone; absent if it is about all calls of the round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<bool>,
    /// Who can change it.
    pub owner: Owner,
    /// One sentence.
    pub summary: String,
    /// The facts that speak for it, and those that speak against.
    pub evidence: Vec<String>,
    /// What to do, in order.
    pub fix: Vec<String>,
    /// Where it is documented.
    pub docs: String,
}

named! {
    /// How sure a finding is.
    pub enum Confidence {
        /// One of several explanations.
        Possible = "possible",
        /// The best of several explanations.
        Likely = "likely",
        /// Nothing else explains what was seen.
        Certain = "certain",
    }
}

named! {
    /// Who can change what a finding blames.
    pub enum Owner {
        /// The account of the client and the endpoint.
        AccountA = "account-a",
        /// The account of the API.
        AccountB = "account-b",
        /// Whoever makes the call: URL, headers, this host.
        Caller = "caller",
        /// Whoever runs what lies between.
        Network = "network",
    }
}
