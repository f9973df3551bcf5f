//! What does systemd hear of it? READY, STATUS, RELOADING, STOPPING, and signs of life while there is life (sd_notify(3)).

use sd_notify::NotifyState;
use std::time::Duration;
use tokio::time::Instant;

/// The daemon does what it should from now on.
pub(super) fn ready(line: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(line)]);
}

/// The configuration is being read again; [`ready`] ends that. Both facts go in one datagram, as `Type=notify-reload` needs it.
pub(super) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// The daemon ends, within a time.
pub(super) fn stopping(within: Duration) {
    tell(&[NotifyState::Stopping, extension(within + SLACK), NotifyState::Status("stopping")]);
}

/// Something takes longer than usual and still goes on.
pub(super) fn extend() {
    tell(&[extension(EXTENSION)]);
}

fn extension(by: Duration) -> NotifyState<'static> {
    NotifyState::ExtendTimeoutUsec(u32::try_from(by.as_micros()).unwrap_or(u32::MAX))
}

/// Without systemd nobody listens, which is no error.
fn tell(states: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(states);
}

/// The status line: told when it changed, and once a second at most, however many targets there are.
#[derive(Debug)]
pub(super) struct StatusLine {
    has_listener: bool,
    told: String,
    is_stale: bool,
    next: Instant,
}

impl StatusLine {
    /// As [`ready`] told it.
    pub(super) fn new(told: String, now: Instant) -> Self {
        Self { has_listener: std::env::var_os("NOTIFY_SOCKET").is_some(), told, is_stale: false, next: now }
    }

    /// Something has happened that may change it.
    pub(super) fn stale(&mut self) {
        self.is_stale = self.has_listener;
    }

    /// When it is to be told again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.is_stale.then_some(self.next)
    }

    /// Tells it if it is time to.
    pub(super) fn tell(&mut self, now: Instant, line: impl FnOnce() -> String) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        self.is_stale = false;
        let line = line();
        if line != self.told {
            tell(&[NotifyState::Status(&line)]);
            self.told = line;
            self.next = now + LEAST_BETWEEN_LINES;
        }
    }
}

/// The watchdog of systemd, if it has one for us: it ends us if it hears nothing for `WATCHDOG_USEC`.
#[derive(Debug)]
pub(super) struct Watchdog {
    half: Option<Duration>,
    next: Instant,
    ailment: Option<&'static str>,
}

impl Watchdog {
    pub(super) fn new(now: Instant) -> Self {
        Self { half: sd_notify::watchdog_enabled().map(|whole| whole / 2), next: now, ailment: None }
    }

    /// When it is to be fed.
    pub(super) fn due(&self) -> Option<Instant> {
        self.half.map(|_| self.next)
    }

    /// Feeds it if it is time to, unless something ails us; that is logged once.
    pub(super) fn feed(&mut self, now: Instant, examine: impl FnOnce(Duration) -> Option<&'static str>) {
        let Some(half) = self.half.filter(|_| self.next <= now) else { return };
        let ailment = examine(half);
        if let Some(ailment) = ailment.filter(|_| ailment != self.ailment) {
            tracing::error!("watchdog not notified: {ailment}");
        }
        self.ailment = ailment;
        self.next = now + half;
        match ailment {
            None => tell(&[NotifyState::Watchdog]),
            // it may be well again before the watchdog loses patience
            Some(_) => self.next = now + half / 10,
        }
    }
}

/// How long systemd is to wait on from each [`extend`].
const EXTENSION: Duration = Duration::from_secs(20);
/// How often [`extend`] is told meanwhile.
pub(super) const EXTEND_EVERY: Duration = Duration::from_secs(5);
/// What does not end within this time is not extended any more: systemd's own patience counts then.
pub(super) const MOST_EXTENDED: Duration = Duration::from_secs(300);
const SLACK: Duration = Duration::from_secs(5);
const LEAST_BETWEEN_LINES: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ill_daemon_is_examined_again_soon() {
        let half = Duration::from_secs(10);
        let start = Instant::now();
        let mut watchdog = Watchdog { half: Some(half), next: start, ailment: None };
        watchdog.feed(start, |_| None);
        assert_eq!(watchdog.due(), Some(start + half));
        watchdog.feed(start, |_| panic!("not yet"));
        watchdog.feed(start + half, |_| Some("a test ails it"));
        assert_eq!(watchdog.due(), Some(start + half + half / 10));
        watchdog.feed(start + half * 2, |_| None);
        assert_eq!(watchdog.due(), Some(start + half * 3));
    }

    #[test]
    fn a_status_line_is_told_once_a_second_at_most() {
        let start = Instant::now();
        let mut line = StatusLine { has_listener: true, told: "a".into(), is_stale: false, next: start };
        assert_eq!(line.due(), None);
        line.stale();
        line.tell(start, || "b".into());
        line.stale();
        assert_eq!(line.due(), Some(start + LEAST_BETWEEN_LINES));
        line.tell(start, || panic!("not yet"));
        line.tell(start + LEAST_BETWEEN_LINES, || "c".into());
        assert_eq!((line.due(), line.told.as_str()), (None, "c"));
    }
}
