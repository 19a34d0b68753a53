//! Mails that stay in the mailbox for now, since those whom they are for get no more: which ones, and when they are brought
//! again.

use crate::core::quota::Conversation;
use jid::BareJid;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How many mails that wait are brought again in one go, for each user.
const WAITING_AT_ONCE: usize = 200;
/// Those of them that are of one conversation.
const WAITING_AT_ONCE_OF_ONE: usize = 100;
/// How many are kept track of. The others are read again when these are done.
const WAITING_MAX: usize = 100_000;

/// Mails that wait, since these conversations get no more for now: [`super::Verdict::Later`].
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) mails: BTreeMap<u32, BTreeSet<Conversation>>,
    /// There are more in the mailbox.
    more: Option<More>,
    /// When they are brought again.
    due: Option<Instant>,
    /// While they are.
    served: Option<Served>,
}

/// Mails that are not kept track of.
#[derive(Debug)]
struct More {
    first: u32,
    conversations: BTreeSet<Conversation>,
}

/// Mails that are brought again.
#[derive(Debug)]
struct Served {
    first: u32,
    /// Whose turn is over.
    over: BTreeSet<Conversation>,
}

impl Waiting {
    pub(super) fn add(&mut self, uid: u32, conversations: BTreeSet<Conversation>) {
        if let Some(served) = &mut self.served {
            served.over.extend(conversations.iter().cloned());
        }
        if self.mails.len() < WAITING_MAX {
            self.mails.insert(uid, conversations);
            return;
        }
        let more = self.more.get_or_insert(More {
            first: uid,
            conversations: BTreeSet::new(),
        });
        more.first = more.first.min(uid);
        more.conversations.extend(conversations);
    }

    /// The first mail that waits or is brought again.
    pub(super) fn first(&self) -> Option<u32> {
        let mails = self.mails.keys().next().copied();
        let served = self.served.as_ref().map(|served| served.first);
        let more = self.more.as_ref().map(|more| more.first);
        mails.into_iter().chain(served).chain(more).min()
    }

    /// In which mails are to wait behind those that do.
    pub(super) fn conversations(&self) -> BTreeSet<Conversation> {
        let more = self.more.iter().flat_map(|more| &more.conversations);
        let all: BTreeSet<&Conversation> = match &self.served {
            Some(served) => served.over.iter().chain(more).collect(),
            None => self.mails.values().flatten().chain(more).collect(),
        };
        all.into_iter().cloned().collect()
    }

    /// Those that are kept track of are done: the first of the others, which are to be read again.
    pub(super) fn take_more(&mut self) -> Option<u32> {
        match self.mails.is_empty() {
            true => self.more.take().map(|more| more.first),
            false => None,
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

    /// It is their turn: takes the first ones.
    pub(super) fn begin(&mut self) -> BTreeMap<u32, BTreeSet<Conversation>> {
        self.due = None;
        let first = self.take_first();
        self.served = first.keys().next().map(|first| Served {
            first: *first,
            over: BTreeSet::new(),
        });
        first
    }

    /// Their turn is over.
    pub(super) fn end(&mut self) {
        self.served = None;
    }

    /// Takes the first mails of each conversation, as far as its user has a share: none of them comes after one that stays.
    fn take_first(&mut self) -> BTreeMap<u32, BTreeSet<Conversation>> {
        let mut of_user: BTreeMap<BareJid, usize> = BTreeMap::new();
        let mut of_one: BTreeMap<Conversation, usize> = BTreeMap::new();
        let mut take = |all: &BTreeSet<Conversation>| {
            let is_free = |one: &Conversation| {
                let of_user = of_user.get(&one.user).copied().unwrap_or_default();
                let of_one = of_one.get(one).copied().unwrap_or_default();
                of_user < WAITING_AT_ONCE && of_one < WAITING_AT_ONCE_OF_ONE
            };
            let is_first = all.iter().all(is_free);
            for one in all {
                let of_one = of_one.entry(one.clone()).or_default();
                if is_first {
                    *of_one = of_one.saturating_add(1);
                    let of_user = of_user.entry(one.user.clone()).or_default();
                    *of_user = of_user.saturating_add(1);
                } else {
                    *of_one = WAITING_AT_ONCE_OF_ONE;
                }
            }
            is_first
        };
        let all = std::mem::take(&mut self.mails).into_iter();
        let (first, rest) = all.partition(|(_, conversations)| take(conversations));
        self.mails = rest;
        first
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::conversation;
    use super::*;

    /// Each as `contact user`.
    fn conversations(names: &[&str]) -> BTreeSet<Conversation> {
        let one = |name: &&str| {
            let (contact, user) = name.split_once(' ').unwrap();
            conversation(contact, user)
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn no_mail_of_a_conversation_overtakes_one_that_stays() {
        let mut waiting = Waiting::default();
        let flood = u32::try_from(WAITING_AT_ONCE_OF_ONE).unwrap();
        for uid in 1..=flood {
            waiting.add(uid, conversations(&["carol alice"]));
        }
        waiting.add(flood + 1, conversations(&["carol alice", "carol adam"]));
        waiting.add(flood + 2, conversations(&["carol adam"]));
        waiting.add(flood + 3, conversations(&["dave adam", "dave abel"]));
        let first: Vec<u32> = waiting.take_first().into_keys().collect();
        let wanted: Vec<u32> = (1..=flood).chain([flood + 3]).collect();
        assert_eq!(first, wanted);
        let rest = conversations(&["carol alice", "carol adam"]);
        assert_eq!(waiting.conversations(), rest);
        let rest: Vec<u32> = waiting.take_first().into_keys().collect();
        assert_eq!(rest, [flood + 1, flood + 2]);
    }

    #[test]
    fn many_senders_bring_one_user_no_more_than_one_does() {
        let mut waiting = Waiting::default();
        for uid in 1..=1000 {
            waiting.add(uid, conversations(&[&format!("c{uid} alice")]));
        }
        waiting.add(1001, conversations(&["carol adam"]));
        let first: Vec<u32> = waiting.take_first().into_keys().collect();
        let of_alice = u32::try_from(WAITING_AT_ONCE).unwrap();
        let wanted: Vec<u32> = (1..=of_alice).chain([1001]).collect();
        assert_eq!(first, wanted);
    }

    #[test]
    fn what_is_not_kept_track_of_is_read_again_and_not_overtaken_meanwhile() {
        let mut waiting = Waiting::default();
        let many = u32::try_from(WAITING_MAX).unwrap();
        for uid in 1..=many {
            waiting.add(uid, conversations(&["carol alice"]));
        }
        waiting.add(many + 2, conversations(&["dave adam"]));
        waiting.add(many + 1, conversations(&["dave alice"]));
        let all = conversations(&["carol alice", "dave adam", "dave alice"]);
        assert_eq!(waiting.conversations(), all);
        assert_eq!(waiting.take_more(), None);
        assert_eq!(waiting.begin().len(), WAITING_AT_ONCE_OF_ONE);
        let untracked = conversations(&["dave adam", "dave alice"]);
        assert_eq!(waiting.conversations(), untracked);
        assert_eq!(waiting.first(), Some(1), "it is being brought again");
        waiting.end();
        waiting.mails.clear();
        assert_eq!(waiting.first(), Some(many + 1));
        assert_eq!(waiting.take_more(), Some(many + 1));
        assert_eq!(waiting.first(), None);
        assert!(waiting.conversations().is_empty());
    }
}
