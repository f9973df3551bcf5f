//! What changes when the configuration does? Targets that are as before go on, others begin or end, and a bad file changes nothing.

use super::{Entry, Flight, Scheduler};
use crate::config::{Config, Scheduled};
use crate::daemon::agenda::{Place, Weight};
use crate::daemon::board::ProbeRefusal;
use crate::daemon::cadence::{Cadence, Moment, Phase};
use crate::daemon::reading::{Read, ReadError};
use crate::daemon::rounds::Rounds;
use crate::daemon::{line, logging, systemd};
use crate::history::{self, History};
use crate::report::Report;
use crate::status::{Reload, Schedule, TargetStatus};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;
use time::OffsetDateTime;
use tokio::time::Instant;

impl Scheduler {
    /// Goes over to another configuration, or stays with the old one.
    pub(super) fn reload(&mut self, read: Result<Read, ReadError>) -> Result<(), String> {
        // its web side is tried before anything changes
        let tried = read.map_err(|error| error.to_string()).and_then(|read| {
            let web = self.web.prepare(&read.config, read.web_config).map_err(|error| error.to_string())?;
            Ok((read.config, read.net, web))
        });
        let outcome = match tried {
            Ok((config, net, web)) => {
                self.web.apply(web);
                logging::configure(config.log);
                self.files.set(config.files.clone());
                self.net = Rc::new(net);
                self.agenda.set_load(config.load, Instant::now());
                self.put_in_force(config);
                tracing::info!("configuration reloaded: {}", line::Targets(self.agenda.places.len()));
                Ok(())
            }
            Err(refused) => {
                tracing::error!("reload failed, keeping the previous configuration: {refused}");
                self.board.change(|status| status.reload.refused = Some(refused.clone()));
                Err(refused)
            }
        };
        systemd::ready(&self.board.change(|status| line::line(status)));
        outcome
    }

    /// Takes on new targets, and lets go of those that are gone. One that is as before keeps its turn, its rounds and its history.
    pub(super) fn put_in_force(&mut self, config: Config) {
        let now = Instant::now();
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let begin = Moment { at: now, since_1970: wall };
        let places = self.agenda.places.drain(..).enumerate();
        let name = |place: &Place<Entry>| place.of.scheduled.check.target.name.clone();
        let mut old: HashMap<String, (usize, Place<Entry>)> =
            places.map(|(at, place)| (name(&place), (at, place))).collect();
        let mut kept = Vec::with_capacity(config.targets.len());
        for scheduled in config.targets {
            let known = old.get(&scheduled.check.target.name);
            let is_same = known.is_some_and(|(_, place)| *place.of.scheduled == scheduled);
            let (same, place) = is_same.then(|| old.remove(&scheduled.check.target.name)).flatten().unzip();
            kept.push(same);
            self.agenda.places.push(place.unwrap_or_else(|| fresh(scheduled, &self.host.id, &self.rounds, begin)));
        }
        for waiting in old.into_values().flat_map(|(_, place)| place.of.waiting) {
            let _ = waiting.reply.send(Err(ProbeRefusal::HeldBack));
        }
        // whoever signs is known by the time of the first round, or soon after
        for credentials in self.agenda.places.iter().filter_map(|place| place.of.scheduled.check.auth.credentials()) {
            credentials.open(&self.net);
        }
        let (places, wall) = (&self.agenda.places, OffsetDateTime::now_utc());
        let most_bytes = history::share(places.len());
        self.board.change(|status| {
            let mut old: Vec<_> = status.targets.drain(..).map(Some).collect();
            let targets = places.iter().zip(kept).map(|(place, same)| match same.and_then(|at| old[at].take()) {
                Some(mut target) => {
                    let paths = place.of.scheduled.check.plans().map(|plan| plan.path);
                    Arc::make_mut(&mut target.history).reconfigure(paths, most_bytes);
                    target
                }
                None => target_status(place, now, wall, most_bytes),
            });
            status.targets = targets.collect();
            status.reload = Reload { in_force_since: wall, refused: None };
        });
        self.status_line.stale();
        self.files.stale();
    }
}

fn fresh(scheduled: Scheduled, host: &str, rounds: &Rounds<Flight, Report>, begin: Moment) -> Place<Entry> {
    let name = &scheduled.check.target.name;
    let cadence = match scheduled.schedule {
        Schedule::Interval => Some(Cadence::new(scheduled.interval, Phase::of(host, name), begin)),
        Schedule::OnProbe => None,
    };
    Place {
        cadence,
        late_since: None,
        asked: None,
        is_busy: rounds.iter().any(|flight| flight.scheduled.check.target.name == *name),
        weight: Weight { paths: scheduled.check.calls(), queries: scheduled.check.usual_queries() },
        of: Entry { scheduled: Rc::new(scheduled), last: None, waiting: Vec::new() },
    }
}

/// A target before its first round.
fn target_status(place: &Place<Entry>, now: Instant, wall: OffsetDateTime, most_bytes: usize) -> TargetStatus {
    let scheduled = &place.of.scheduled;
    TargetStatus {
        name: scheduled.check.target.name.as_str().into(),
        schedule: scheduled.schedule,
        interval: scheduled.interval,
        next_round: next_round(place, now, wall),
        missed_rounds: 0,
        history: Arc::new(History::new(scheduled.check.plans().map(|plan| plan.path), most_bytes)),
    }
}

/// When the next round begins, by the wall clock.
pub(super) fn next_round(place: &Place<Entry>, now: Instant, wall: OffsetDateTime) -> Option<OffsetDateTime> {
    place.cadence.map(|cadence| wall + cadence.due().saturating_duration_since(now))
}
