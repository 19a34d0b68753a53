//! Whether a new connection may be opened. A server that cannot be reached is nobody's mail's fault: it is probed with
//! one connection at a time, after [`PAUSES`], however many mails wait.

use crate::core::outcome::Reply;
use crate::net::backoff::Backoff;
use std::time::Duration;
use tokio::time::Instant;

/// Between two probes: 1, 2, 4 … 60 seconds. There is one prober, so without jitter.
const PAUSES: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));

#[derive(Debug, Default)]
pub(super) struct Gate {
    shut: Option<Shut>,
}

#[derive(Debug)]
struct Shut {
    since: Instant,
    /// When the next probe may begin.
    until: Instant,
    pauses: Backoff,
    is_probing: bool,
    /// What the senders of waiting mails are told.
    why: Reply,
}

impl Gate {
    /// Whether a new connection may be opened.
    pub(super) fn lets_pass(&self, now: Instant) -> bool {
        let may_probe = |shut: &Shut| !shut.is_probing && shut.until <= now;
        self.shut.as_ref().is_none_or(may_probe)
    }

    /// A new connection is being opened.
    pub(super) fn tries(&mut self) {
        if let Some(shut) = &mut self.shut {
            shut.is_probing = true;
        }
    }

    /// A connection was not opened after all, for reasons of our own.
    pub(super) fn did_not_try(&mut self) {
        if let Some(shut) = &mut self.shut {
            shut.is_probing = false;
        }
    }

    /// A connection could not be opened. Of those that were tried at the same time only the first one counts.
    pub(super) fn failed(&mut self, now: Instant, why: Reply) {
        let shut = self.shut.get_or_insert_with(|| Shut {
            since: now,
            until: now,
            pauses: PAUSES,
            is_probing: true,
            why: why.clone(),
        });
        if std::mem::take(&mut shut.is_probing) {
            shut.until = now + shut.pauses.step();
            shut.why = why;
        }
    }

    /// A connection is up. True where the gate was shut.
    pub(super) fn open(&mut self) -> bool {
        self.shut.take().is_some()
    }

    /// Does not wait for the next probe.
    pub(super) fn hurry(&mut self, now: Instant) {
        if let Some(shut) = &mut self.shut {
            shut.until = now;
        }
    }

    /// When the next probe may begin, where there is one to begin.
    pub(super) fn next_probe(&self) -> Option<Instant> {
        self.shut
            .as_ref()
            .filter(|shut| !shut.is_probing)
            .map(|shut| shut.until)
    }

    /// For how long no connection could be opened, and why, where the gate is shut.
    pub(super) fn trouble(&self, now: Instant) -> Option<(Duration, &Reply)> {
        let shut = self.shut.as_ref()?;
        Some((now.duration_since(shut.since), &shut.why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::outcome::no_reply;

    #[test]
    fn one_probe_at_a_time_and_longer_pauses() {
        let (mut gate, mut now) = (Gate::default(), Instant::now());
        assert!(gate.lets_pass(now));
        // Five connections were tried at once.
        for _ in 0..5 {
            gate.failed(now, no_reply("no"));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let pause = Duration::from_secs(seconds);
            assert_eq!(gate.next_probe(), Some(now + pause));
            assert!(!gate.lets_pass(now + pause - Duration::from_millis(1)));
            now += pause;
            assert!(gate.lets_pass(now));
            gate.tries();
            assert!(!gate.lets_pass(now));
            assert_eq!(gate.next_probe(), None);
            gate.failed(now, no_reply("no"));
        }
        assert!(
            gate.trouble(now)
                .is_some_and(|(time, _)| time.as_secs() == 183)
        );
        assert!(gate.open());
        assert!(gate.lets_pass(now) && !gate.open());
    }

    #[test]
    fn a_probe_that_was_none_leaves_the_way_free() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        gate.failed(now, no_reply("no"));
        let later = now + Duration::from_secs(1);
        gate.tries();
        assert!(!gate.lets_pass(later));
        gate.did_not_try();
        assert!(gate.lets_pass(later));
    }

    #[test]
    fn hurrying_means_probing_now() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        gate.failed(now, no_reply("no"));
        assert!(!gate.lets_pass(now));
        gate.hurry(now);
        assert!(gate.lets_pass(now));
    }
}
