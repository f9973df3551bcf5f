//! How did a path end, and is that what the user expects of it?

use super::{Attempt, DnsFault, HttpFault, Intent, Observation, Row, Seen, TcpFault, TlsFault};
use crate::target::Target;

/// How a path ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An expected status came back.
    Ok,
    /// The path lacks an input.
    NotConfigured,
    /// Nothing was to be sent.
    Skipped,
    /// The name gave no address.
    Dns(DnsFault),
    /// No connection.
    Tcp(TcpFault),
    /// No handshake.
    Tls(TlsFault),
    /// No whole answer.
    Http(HttpFault),
    /// An answer with another status.
    UnexpectedStatus(u16),
    /// An expected status without API Gateway's marks, which were asked for.
    NotApiGateway,
}

impl Outcome {
    /// Why the name gave no address, if that ended it.
    pub fn dns(self) -> Option<DnsFault> {
        if let Self::Dns(fault) = self { Some(fault) } else { None }
    }

    /// Why there was no connection, if that ended it.
    pub fn tcp(self) -> Option<TcpFault> {
        if let Self::Tcp(fault) = self { Some(fault) } else { None }
    }

    /// Why there was no handshake, if that ended it.
    pub fn tls(self) -> Option<TlsFault> {
        if let Self::Tls(fault) = self { Some(fault) } else { None }
    }

    /// Why there was no whole answer, if that ended it.
    pub fn http(self) -> Option<HttpFault> {
        if let Self::Http(fault) = self { Some(fault) } else { None }
    }

    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotConfigured => "not-configured",
            Self::Skipped => "skipped",
            Self::Dns(fault) => fault.name(),
            Self::Tcp(fault) => fault.name(),
            Self::Tls(fault) => fault.name(),
            Self::Http(fault) => fault.name(),
            Self::UnexpectedStatus(_) => "http-unexpected-status",
            Self::NotApiGateway => "http-not-api-gateway",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "An expected status came back.",
            Self::NotConfigured => "The path lacks an input; the report says which.",
            Self::Skipped => "Nothing was to be sent.",
            Self::Dns(fault) => fault.meaning(),
            Self::Tcp(fault) => fault.meaning(),
            Self::Tls(fault) => fault.meaning(),
            Self::Http(fault) => fault.meaning(),
            Self::UnexpectedStatus(_) => "An answer came, with another status than an expected one.",
            Self::NotApiGateway => {
                "An expected status came without API Gateway's marks, which `--require-api-gateway` asks for."
            }
        }
    }

    /// One outcome of each name; the status of an answer is none in particular.
    pub fn all() -> impl Iterator<Item = Self> {
        let phases = DnsFault::ALL.iter().map(|fault| Self::Dns(*fault));
        let phases = phases.chain(TcpFault::ALL.iter().map(|fault| Self::Tcp(*fault)));
        let phases = phases.chain(TlsFault::ALL.iter().map(|fault| Self::Tls(*fault)));
        let phases = phases.chain(HttpFault::ALL.iter().map(|fault| Self::Http(*fault)));
        let answers = [Self::UnexpectedStatus(0), Self::NotApiGateway];
        [Self::Ok, Self::NotConfigured, Self::Skipped].into_iter().chain(phases).chain(answers)
    }
}

impl Row {
    /// The observation, if the path was probed.
    pub fn observation(&self) -> Option<&Observation> {
        match &self.seen {
            Seen::Probed(observation) => Some(observation),
            Seen::NotConfigured(_) | Seen::Skipped => None,
        }
    }

    /// How the path ended. If several addresses were asked, one unexpected answer outweighs the expected ones.
    pub fn outcome(&self, target: &Target) -> Outcome {
        match &self.seen {
            Seen::NotConfigured(_) => Outcome::NotConfigured,
            Seen::Skipped => Outcome::Skipped,
            Seen::Probed(observation) => observation.outcome(target),
        }
    }

    /// Whether the name gave an address.
    pub fn resolves(&self) -> bool {
        self.observation().is_some_and(|observation| observation.lookup.result.is_ok())
    }

    /// Whether an expected status came back, whatever the intent.
    pub fn returns_expected(&self, target: &Target) -> bool {
        self.outcome(target) == Outcome::Ok
    }

    /// Whether an expected status came back from any address that was asked: then it is open, whatever the others said.
    pub fn is_open(&self, target: &Target) -> bool {
        let open = |seen: &Observation| seen.attempts.iter().any(|attempt| attempt.outcome(target) == Outcome::Ok);
        self.returns_expected(target) || self.observation().is_some_and(open)
    }

    /// Whether a path that was probed did what one hopes for: a forbidden one stayed closed, any other returned an expected status.
    pub fn is_good(&self, target: &Target) -> bool {
        match self.intent {
            Intent::Forbidden => !self.is_open(target),
            Intent::Required | Intent::Optional | Intent::Skip => self.returns_expected(target),
        }
    }

    /// Whether the path did what the user expects of it.
    pub fn meets_intent(&self, target: &Target) -> bool {
        match self.seen {
            Seen::NotConfigured(_) => !self.asked || self.intent == Intent::Optional,
            Seen::Skipped => true,
            Seen::Probed(_) => match self.intent {
                Intent::Required => self.returns_expected(target),
                Intent::Forbidden => !self.is_open(target),
                Intent::Optional | Intent::Skip => true,
            },
        }
    }
}

impl Observation {
    /// How it ended. If several addresses were asked, one unexpected answer outweighs the expected ones.
    pub fn outcome(&self, target: &Target) -> Outcome {
        let attempts = match (&self.lookup.result, self.decisive()) {
            (Err(fault), _) => return Outcome::Dns(*fault),
            (Ok(_), None) => return Outcome::Tcp(TcpFault::Timeout),
            (Ok(_), Some(decisive)) => {
                [decisive].into_iter().chain(self.attempts.iter().filter(|a| a.http().is_some()))
            }
        };
        let mut outcomes = attempts.map(|attempt| attempt.outcome(target));
        let first = outcomes.next().unwrap_or(Outcome::Tcp(TcpFault::Timeout));
        if first == Outcome::Ok { outcomes.find(|other| *other != Outcome::Ok).unwrap_or(first) } else { first }
    }
}

impl Attempt {
    /// How this one connection ended.
    pub fn outcome(&self, target: &Target) -> Outcome {
        let connected = match &self.tcp.result {
            Ok(connected) => connected,
            Err(failure) => return Outcome::Tcp(failure.fault),
        };
        let secured = match connected.tls.as_ref().map(|tls| &tls.result) {
            Some(Ok(secured)) => secured,
            Some(Err(failure)) => return Outcome::Tls(failure.fault),
            None => return Outcome::Tls(TlsFault::Timeout),
        };
        match secured.http.as_ref().map(|http| &http.result) {
            None => Outcome::Http(HttpFault::NoAnswer),
            Some(Err(failure)) => Outcome::Http(failure.fault),
            Some(Ok(answer)) if !target.expect.status.contains(&answer.status) => {
                Outcome::UnexpectedStatus(answer.status)
            }
            Some(Ok(answer)) if target.expect.api_gateway && !answer.from_api_gateway() => Outcome::NotApiGateway,
            Some(Ok(_)) => Outcome::Ok,
        }
    }
}
