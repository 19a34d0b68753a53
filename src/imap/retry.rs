//! What to do after failures: how long to wait, and which mail to suspect.

use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;
use std::time::Duration;

/// How often the fetch of a mail by itself must end the session before only its header is fetched. With the waits in
/// between that takes some minutes, which most troubles of servers do not last.
const FAILURES_MAX: u32 = 8;

/// A wait that doubles with each failure. Jitter of up to a quarter keeps many clients of one server apart.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// How long the next wait is, without jitter.
    pub(super) fn next(&self) -> Duration {
        self.next.min(self.longest)
    }

    /// The next wait.
    pub(super) fn wait(&mut self) -> Duration {
        let wait = self.next();
        self.next = wait.saturating_mul(2);
        with_jitter(wait)
    }

    /// The longest wait, at once: for what only a person can mend.
    pub(super) fn wait_longest(&mut self) -> Duration {
        self.next = self.longest;
        self.wait()
    }

    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

fn with_jitter(wait: Duration) -> Duration {
    let random = u32::try_from(RandomState::new().hash_one(()) % 1024).unwrap_or(0);
    wait.saturating_sub(wait / 4 * random / 1024)
}

/// Finds the mail whose fetch ends sessions, so that it does not stop the whole mailbox: after a failure the same mails
/// are fetched one by one, and of one that fails again and again only the header is. No mail is ever passed over.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    fetching: Option<RangeInclusive<u32>>,
    suspected: Option<RangeInclusive<u32>>,
    /// How often the first of `suspected` failed by itself.
    failures: u32,
}

impl Suspects {
    /// These mails are about to be fetched.
    pub(super) fn begin(&mut self, uids: RangeInclusive<u32>) {
        self.fetching = Some(uids);
    }

    /// They were fetched.
    pub(super) fn end(&mut self) {
        let Some(fetched) = self.fetching.take() else {
            return;
        };
        self.suspected = self
            .suspected
            .take()
            .filter(|suspected| suspected.end() > fetched.end());
        self.failures = 0;
    }

    /// The session ended, maybe in the middle of fetching.
    pub(super) fn session_ended(&mut self) {
        let Some(failed) = self.fetching.take() else {
            return;
        };
        let is_single = failed.start() == failed.end();
        self.failures = if is_single {
            self.failures.saturating_add(1)
        } else {
            0
        };
        let end = self.suspected.as_ref().map_or(*failed.end(), |suspected| {
            *suspected.end().max(failed.end())
        });
        self.suspected = Some(*failed.start()..=end);
    }

    /// The last mail that may be fetched together with this one, if there is a limit.
    pub(super) fn last_with(&self, uid: u32) -> Option<u32> {
        let suspected = self.suspected.as_ref()?;
        suspected.contains(&uid).then_some(uid)
    }

    /// Whether all but the header of this mail is given up.
    pub(super) fn is_hopeless(&self, uid: u32) -> bool {
        let is_first = |suspected: &RangeInclusive<u32>| *suspected.start() == uid;
        self.failures >= FAILURES_MAX && self.suspected.as_ref().is_some_and(is_first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_again_after_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        let waits: Vec<u64> = (0..9).map(|_| backoff.wait().as_millis() as u64).collect();
        for (wait, longest) in waits.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
            assert!((longest * 750..=longest * 1000).contains(wait), "{waits:?}");
        }
        backoff.reset();
        assert!(backoff.wait() <= Duration::from_secs(1));
        assert!(backoff.wait_longest() >= Duration::from_secs(45));
    }

    #[test]
    fn after_a_failure_the_same_mails_are_fetched_one_by_one() {
        let mut suspects = Suspects::default();
        suspects.begin(10..=20);
        suspects.session_ended();
        assert_eq!(suspects.last_with(10), Some(10));
        suspects.begin(10..=10);
        suspects.end();
        assert_eq!(suspects.last_with(11), Some(11));
        assert_eq!(suspects.last_with(21), None);
        suspects.begin(20..=20);
        suspects.end();
        assert_eq!(suspects.last_with(11), None);
    }

    #[test]
    fn a_mail_that_fails_again_and_again_is_given_up_but_for_its_header_and_no_other_is() {
        let mut suspects = Suspects::default();
        suspects.begin(10..=20);
        suspects.session_ended();
        for _ in 0..FAILURES_MAX {
            assert!(!suspects.is_hopeless(10));
            suspects.begin(10..=10);
            suspects.session_ended();
        }
        assert!(suspects.is_hopeless(10));
        assert!(!suspects.is_hopeless(11));
        suspects.begin(10..=10);
        suspects.end();
        assert!(!suspects.is_hopeless(11));
        assert_eq!(suspects.last_with(11), Some(11));
    }

    #[test]
    fn a_connection_lost_while_nothing_was_fetched_casts_no_suspicion() {
        let mut suspects = Suspects::default();
        suspects.begin(10..=20);
        suspects.end();
        suspects.session_ended();
        assert_eq!(suspects.last_with(10), None);
    }
}
