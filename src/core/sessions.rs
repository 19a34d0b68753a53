//! Which sessions of commands (XEP-0050) are over, so that none is completed twice. A session is kept nowhere while it lasts: its
//! name says all, under our key (`commands/adhoc`). What is kept is that one has ended, for as long as its name
//! would be taken, in memory alone: after a restart one that had ended may be completed once more, and none that lasts is lost.

use crate::core::limits::{COMMAND_SESSION, SESSIONS_OVER_MAX};
use crate::core::time::Timestamp;
use minidom::Element;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

/// What a decision says of the session that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionNote {
    /// Its name.
    pub id: String,
    /// It was begun before.
    pub is_old: bool,
    /// The command is done, or is being done.
    pub is_over: bool,
    /// What is answered in place of the decision where it was over before.
    pub otherwise: Option<Element>,
}

/// The first octets of a hash of its name.
type SessionKey = [u8; 16];

/// Sessions that are over.
#[derive(Debug, Default)]
pub struct EndedSessions {
    until: HashMap<SessionKey, Timestamp>,
    /// The same in the order of time.
    agenda: BTreeSet<(Timestamp, SessionKey)>,
}

impl EndedSessions {
    /// Whether this one is over.
    pub fn has(&mut self, id: &str, now: Timestamp) -> bool {
        self.forget(now);
        self.until.contains_key(&key(id))
    }

    /// This one is over, or goes on after all. Of too many the oldest are forgotten.
    pub fn put(&mut self, id: &str, is_over: bool, now: Timestamp) {
        self.forget(now);
        let key = key(id);
        if let Some(until) = self.until.remove(&key) {
            self.agenda.remove(&(until, key));
        }
        if is_over {
            let until = now.plus(COMMAND_SESSION);
            self.until.insert(key, until);
            self.agenda.insert((until, key));
        }
        while self.until.len() > SESSIONS_OVER_MAX {
            self.forget_first();
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while self.agenda.first().is_some_and(|(until, _)| *until <= now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.agenda.pop_first() {
            self.until.remove(&key);
        }
    }
}

fn key(id: &str) -> SessionKey {
    let mut key = SessionKey::default();
    for (octet, of_hash) in key.iter_mut().zip(Sha256::digest(id)) {
        *octet = of_hash;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn one_is_over_until_nobody_would_take_it() {
        let mut over = EndedSessions::default();
        let now = Timestamp::from_millis(0);
        assert!(!over.has("a", now));
        over.put("a", true, now);
        over.put("b", true, now);
        over.put("b", false, now);
        assert!(over.has("a", now) && !over.has("b", now));
        let later = now.plus(COMMAND_SESSION - Duration::from_secs(1));
        assert!(over.has("a", later));
        assert!(!over.has("a", now.plus(COMMAND_SESSION)));
        assert_eq!((over.until.len(), over.agenda.len()), (0, 0));
    }

    #[test]
    fn b12_a_hundred_thousand_sessions_that_are_over_take_little() {
        let mut over = EndedSessions::default();
        let at = |number: u32| Timestamp::from_millis(i64::from(number));
        for number in 0..100_000_u32 {
            over.put(&number.to_string(), true, at(number));
            assert!(over.until.len() <= SESSIONS_OVER_MAX);
        }
        assert_eq!(over.until.len(), over.agenda.len());
        let now = at(100_000);
        assert!(over.has("99999", now) && over.has("90000", now));
        assert!(!over.has("0", now), "the oldest are forgotten");
    }
}
