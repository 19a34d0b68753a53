//! Which mail to suspect after failures.

use std::ops::RangeInclusive;

/// How often the fetch of a mail by itself must end the session before only its header is fetched. With the waits in
/// between that takes some minutes, which most troubles of servers do not last.
const FAILURES_MAX: u32 = 8;

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
