//! Mails that stay in the mailbox for now, since those whom they are for get no more: which ones, and when they are brought
//! again.

use jid::BareJid;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How many mails that wait are brought again in one go, for each user.
const WAITING_AT_ONCE: usize = 200;
/// How many are kept track of. The others are looked for when these are done.
const WAITING_MAX: usize = 200_000;

/// Mails that wait, since their users get no more for now: [`super::Verdict::Later`].
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) mails: BTreeMap<u32, BTreeSet<BareJid>>,
    /// There are more in the mailbox.
    pub(super) has_more: bool,
    /// When they are brought again.
    pub(super) due: Option<Instant>,
    /// While they are: whose turn is over.
    pub(super) served: Option<BTreeSet<BareJid>>,
}

impl Waiting {
    pub(super) fn add(&mut self, uid: u32, users: BTreeSet<BareJid>) {
        if let Some(served) = &mut self.served {
            served.extend(users.iter().cloned());
        }
        if self.mails.len() < WAITING_MAX {
            self.mails.insert(uid, users);
        } else {
            self.has_more = true;
        }
    }

    /// Whose mails are to wait behind those that do.
    pub(super) fn users(&self) -> BTreeSet<BareJid> {
        match &self.served {
            Some(served) => served.clone(),
            None => {
                let users: BTreeSet<&BareJid> = self.mails.values().flatten().collect();
                users.into_iter().cloned().collect()
            }
        }
    }

    /// For how long they wait at least, if there are any.
    pub(super) fn rest(&mut self, pause: Duration) -> Option<Duration> {
        if self.mails.is_empty() {
            return None;
        }
        let due = *self.due.get_or_insert_with(|| Instant::now() + pause);
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Takes the first mails of each user: none of them comes after one that stays.
    pub(super) fn take_first(&mut self) -> BTreeMap<u32, BTreeSet<BareJid>> {
        let mut taken: BTreeMap<BareJid, usize> = BTreeMap::new();
        let mut take = |users: &BTreeSet<BareJid>| {
            let is_free = |user| taken.get(user).is_none_or(|count| *count < WAITING_AT_ONCE);
            let is_first = users.iter().all(is_free);
            for user in users {
                let count = taken.entry(user.clone()).or_default();
                *count = match is_first {
                    true => count.saturating_add(1),
                    false => WAITING_AT_ONCE,
                };
            }
            is_first
        };
        let all = std::mem::take(&mut self.mails).into_iter();
        let (first, rest) = all.partition(|(_, users)| take(users));
        self.mails = rest;
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(names: &[&str]) -> BTreeSet<BareJid> {
        let jid = |name: &&str| BareJid::new(&format!("{name}@a.example")).unwrap();
        names.iter().map(jid).collect()
    }

    #[test]
    fn no_mail_of_anybody_overtakes_one_that_stays() {
        let mut waiting = Waiting::default();
        let flood = u32::try_from(WAITING_AT_ONCE).unwrap();
        for uid in 1..=flood {
            waiting.add(uid, users(&["alice"]));
        }
        waiting.add(flood + 1, users(&["alice", "adam"]));
        waiting.add(flood + 2, users(&["adam"]));
        waiting.add(flood + 3, users(&["abel"]));
        let first: Vec<u32> = waiting.take_first().into_keys().collect();
        let wanted: Vec<u32> = (1..=flood).chain([flood + 3]).collect();
        assert_eq!(first, wanted);
        assert_eq!(waiting.users(), users(&["alice", "adam"]));
        let rest: Vec<u32> = waiting.take_first().into_keys().collect();
        assert_eq!(rest, [flood + 1, flood + 2]);
    }
}
