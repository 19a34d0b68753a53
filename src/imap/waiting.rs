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

/// Mails that wait, since their users get no more for now: [`Verdict::Later`].
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

    /// Takes the first mails of each user.
    pub(super) fn take_first(&mut self) -> BTreeMap<u32, BTreeSet<BareJid>> {
        let mut counts: BTreeMap<BareJid, usize> = BTreeMap::new();
        let mut is_first = |users: &BTreeSet<BareJid>| {
            let mut is_first = true;
            for user in users {
                let count = counts.entry(user.clone()).or_default();
                *count = count.saturating_add(1);
                is_first &= *count <= WAITING_AT_ONCE;
            }
            is_first
        };
        let all = std::mem::take(&mut self.mails).into_iter();
        let (first, rest) = all.partition(|(_, users)| is_first(users));
        self.mails = rest;
        first
    }
}
