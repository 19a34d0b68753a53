//! Mails that stay in the mailbox for now, since those whom they are for get no more: which ones, and when they are brought
//! again. Of each only its UID is kept and whom it is for; it is fetched again when there is room for it and not before, or
//! whoever sends much to one user would have the gateway fetch all of it every few seconds.

use crate::core::quota::{Conversation, Demand, Demands, Quotas};
use crate::core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How many mails that wait are brought again in one go, where nothing else limits it.
const TURN_MAILS: usize = 2_000;
/// How many are kept track of. The others are read again when these are done.
const WAITING_MAX: usize = 100_000;

/// Mails that wait, since these conversations get no more for now: [`crate::inbound::Verdict::Later`].
#[derive(Debug, Default)]
pub(super) struct WaitingMails {
    mails: BTreeMap<u32, Demands>,
    /// There are more in the mailbox.
    more: Option<More>,
    /// When it is looked again which of them may be brought.
    due: Option<Instant>,
    /// While some are.
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
    /// Those of which nothing is known yet. They are counted as shown.
    mails: BTreeMap<u32, Demands>,
    /// Whose turn is over.
    over: BTreeSet<Conversation>,
}

impl WaitingMails {
    pub(super) fn add(&mut self, uid: u32, demands: Demands) {
        if let Some(served) = &mut self.served {
            served.over.extend(demands.keys().cloned());
        }
        if self.mails.len() < WAITING_MAX {
            self.mails.insert(uid, demands);
            return;
        }
        let more = self.more.get_or_insert(More {
            first: uid,
            conversations: BTreeSet::new(),
        });
        more.first = more.first.min(uid);
        more.conversations.extend(demands.into_keys());
    }

    /// It is known what became of a mail.
    pub(super) fn remove(&mut self, uid: u32) {
        self.mails.remove(&uid);
        if let Some(served) = &mut self.served {
            served.mails.remove(&uid);
        }
    }

    pub(super) fn contains(&self, uid: u32) -> bool {
        let mut served = self.served.iter();
        self.mails.contains_key(&uid) || served.any(|served| served.mails.contains_key(&uid))
    }

    /// The first mail that waits or is brought again.
    pub(super) fn first(&self) -> Option<u32> {
        let mails = self.mails.keys().next().copied();
        let served = self.served.iter();
        let served = served.filter_map(|served| served.mails.keys().next().copied());
        let more = self.more.as_ref().map(|more| more.first);
        mails.into_iter().chain(served).chain(more).min()
    }

    /// In which mails are to wait behind those that do.
    pub(super) fn conversations(&self) -> BTreeSet<Conversation> {
        let more = self.more.iter().flat_map(|more| &more.conversations);
        let all: BTreeSet<&Conversation> = match &self.served {
            Some(served) => served.over.iter().chain(more).collect(),
            None => {
                let mails = self.mails.values().flat_map(Demands::keys);
                mails.chain(more).collect()
            }
        };
        all.into_iter().cloned().collect()
    }

    /// In which conversations these mails were counted before they were brought again.
    pub(super) fn admitted(&self, uids: &[u32]) -> BTreeMap<u32, BTreeSet<Conversation>> {
        let served = self.served.iter();
        let of = |served: &Served, uid: u32| {
            let demands = served.mails.get(&uid)?;
            Some((uid, demands.keys().cloned().collect()))
        };
        served
            .flat_map(|served| uids.iter().filter_map(move |uid| of(served, *uid)))
            .collect()
    }

    /// Those that are kept track of are done: the first of the others, which are to be read again.
    pub(super) fn take_more(&mut self) -> Option<u32> {
        match self.mails.is_empty() {
            true => self.more.take().map(|more| more.first),
            false => None,
        }
    }

    /// Whether one waits that was counted as shown: for its files.
    pub(super) fn is_any_counted(&self) -> bool {
        let is_counted = |demands: &Demands| demands.values().all(|one| one.messages == 0);
        self.mails.values().any(is_counted)
    }

    /// For how long they wait at least, if there are any.
    pub(super) fn rest(&mut self, pause: Duration) -> Option<Duration> {
        if self.mails.is_empty() {
            return None;
        }
        let due = *self.due.get_or_insert_with(|| Instant::now() + pause);
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Takes those for which there is room now, the oldest first: none of them comes after one that stays. What they take is
    /// counted here, so that nothing else is shown in their place and they are fetched once.
    pub(super) fn begin(&mut self, quotas: &mut Quotas, now: Timestamp) -> Vec<u32> {
        self.due = None;
        let mut stays: BTreeSet<&Conversation> = BTreeSet::new();
        let mut first = Vec::new();
        // Who has become an acquaintance since the first of these mails came.
        let all = self.mails.values().flatten();
        let acquainted = all.filter(|(_, demand)| demand.is_acquainted);
        let acquainted: BTreeSet<&Conversation> = acquainted.map(|(one, _)| one).collect();
        for (uid, demands) in &self.mails {
            if first.len() >= TURN_MAILS {
                break;
            }
            let mut all = demands.keys();
            let is_first = all.all(|one| !stays.contains(one));
            let is_now = |one: &Conversation, demand: &Demand| Demand {
                is_acquainted: demand.is_acquainted || acquainted.contains(one),
                ..*demand
            };
            let now_each = demands
                .iter()
                .map(|(one, demand)| (one, is_now(one, demand)));
            if is_first && quotas.show_all(now_each, now) {
                first.push(*uid);
            } else {
                stays.extend(demands.keys());
            }
        }
        if !first.is_empty() {
            let taken = first.iter();
            let mails = taken.filter_map(|uid| self.mails.remove_entry(uid));
            self.served = Some(Served {
                mails: mails.collect(),
                over: BTreeSet::new(),
            });
        }
        first
    }

    /// Their turn is over. Where all of them were brought, one of which nothing is known was expunged by another client; else
    /// it waits again.
    pub(super) fn end(&mut self, is_complete: bool) {
        if let Some(served) = self.served.take().filter(|_| !is_complete) {
            for (uid, demands) in served.mails {
                self.mails.entry(uid).or_insert(demands);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::conversation;
    use super::*;
    use crate::core::settings::Allowance;

    const START: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn demand(messages: usize) -> Demand {
        Demand {
            messages,
            is_acquainted: true,
        }
    }

    /// Each as `contact user`.
    fn demands(names: &[&str]) -> Demands {
        let one = |name: &&str| {
            let (contact, user) = name.split_once(' ').unwrap();
            (conversation(contact, user), demand(1))
        };
        names.iter().map(one).collect()
    }

    fn conversations(names: &[&str]) -> BTreeSet<Conversation> {
        demands(names).into_keys().collect()
    }

    /// So many a minute of all, and of one.
    fn quotas(all: u32, one: u32) -> Quotas {
        Quotas::new(&Allowance {
            shown_per_minute: Some(all),
            shown_per_minute_from_one: Some(one),
            ..Allowance::default()
        })
    }

    fn minutes(count: u64) -> Timestamp {
        START.plus(Duration::from_secs(60 * count))
    }

    #[test]
    fn no_mail_of_a_conversation_overtakes_one_that_stays() {
        let (mut waiting, mut quotas) = (WaitingMails::default(), quotas(100, 10));
        for uid in 1..=10 {
            waiting.add(uid, demands(&["carol alice"]));
        }
        waiting.add(11, demands(&["carol alice", "carol adam"]));
        waiting.add(12, demands(&["carol adam"]));
        waiting.add(13, demands(&["dave adam", "dave abel"]));
        let first = waiting.begin(&mut quotas, START);
        assert_eq!(first, (1..=10).chain([13]).collect::<Vec<_>>());
        waiting.end(true);
        let rest = conversations(&["carol alice", "carol adam"]);
        assert_eq!(waiting.conversations(), rest);
        assert_eq!(waiting.begin(&mut quotas, minutes(1)), [11, 12]);
    }

    #[test]
    fn e7_only_as_many_are_brought_again_as_may_be_shown_the_oldest_first() {
        let (mut waiting, mut quotas) = (WaitingMails::default(), quotas(20, 10));
        for uid in 1..=1000 {
            waiting.add(uid, demands(&[&format!("c{uid} alice")]));
        }
        waiting.add(1001, demands(&["carol adam"]));
        let first = waiting.begin(&mut quotas, START);
        assert_eq!(first, (1..=20).chain([1001]).collect::<Vec<_>>());
        waiting.end(true);
        assert!(waiting.begin(&mut quotas, START).is_empty());
        // Each comes once, at the rate of the limit.
        let mut brought = first;
        for second in 1..=60 * 60 {
            let now = START.plus(Duration::from_secs(second));
            brought.extend(waiting.begin(&mut quotas, now));
            waiting.end(true);
            let most = 21 + usize::try_from(second / 3).unwrap() + 1;
            assert!(brought.len() <= most, "{} in {second} s", brought.len());
        }
        brought.sort_unstable();
        assert_eq!(brought, (1..=1001).collect::<Vec<_>>());
    }

    #[test]
    fn e7_what_was_not_brought_to_its_end_waits_again_and_what_is_gone_does_not() {
        let (mut waiting, mut quotas) = (WaitingMails::default(), quotas(100, 100));
        for uid in 1..=4 {
            waiting.add(uid, demands(&["carol alice"]));
        }
        assert_eq!(waiting.begin(&mut quotas, START), [1, 2, 3, 4]);
        assert_eq!(
            waiting.admitted(&[1, 7]).into_keys().collect::<Vec<_>>(),
            [1]
        );
        waiting.remove(1);
        waiting.remove(2);
        waiting.add(2, demands(&["carol alice"]));
        assert!(waiting.contains(3) && !waiting.contains(1));
        waiting.end(false);
        assert_eq!(waiting.begin(&mut quotas, START), [2, 3, 4]);
        waiting.end(true);
        assert!(waiting.first().is_none());
    }

    #[test]
    fn a_mail_of_more_than_a_full_bucket_is_shown_with_a_full_one() {
        let (mut waiting, mut quotas) = (WaitingMails::default(), quotas(10, 4));
        let much = |name| BTreeMap::from([(conversation(name, "alice"), demand(400))]);
        waiting.add(1, much("carol"));
        waiting.add(2, much("carol"));
        assert_eq!(waiting.begin(&mut quotas, START), [1]);
        waiting.end(true);
        assert_eq!(waiting.begin(&mut quotas, minutes(1)), [2]);
    }

    #[test]
    fn what_is_not_kept_track_of_is_read_again_and_not_overtaken_meanwhile() {
        let (mut waiting, mut quotas) = (WaitingMails::default(), quotas(1000, 100));
        let many = u32::try_from(WAITING_MAX).unwrap();
        for uid in 1..=many {
            waiting.add(uid, demands(&["carol alice"]));
        }
        waiting.add(many + 2, demands(&["dave adam"]));
        waiting.add(many + 1, demands(&["dave alice"]));
        let all = conversations(&["carol alice", "dave adam", "dave alice"]);
        assert_eq!(waiting.conversations(), all);
        assert_eq!(waiting.take_more(), None);
        assert_eq!(waiting.begin(&mut quotas, START).len(), 100);
        let untracked = conversations(&["dave adam", "dave alice"]);
        assert_eq!(waiting.conversations(), untracked);
        assert_eq!(waiting.first(), Some(1), "it is being brought again");
        waiting.end(true);
        waiting.mails.clear();
        assert_eq!(waiting.first(), Some(many + 1));
        assert_eq!(waiting.take_more(), Some(many + 1));
        assert_eq!(waiting.first(), None);
        assert!(waiting.conversations().is_empty());
    }
}
