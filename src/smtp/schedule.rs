//! Which waiting mail goes next. Pure: the time comes in as an argument.
//!
//! Jobs of one lane go one at a time in the order of their sequence, and those behind a deferred one wait: the order
//! between two correspondents is kept. Of each lane only the head is in one of two sorted sets, new mails and backlog
//! (what was there at the start or was deferred before, and what waits behind such a mail), which are served in turns: a
//! new mail does not wait for a hundred thousand old ones, nor the other way round.
//!
//! A few thousand jobs are kept whole. Of the others only a [`Brief`] is: when it is their turn, [`Schedule::claim`] asks
//! for the rest of it, which lies in the spool, and until [`Schedule::recalled`] brings that their lane waits.
//!
//! A job that is [`Job::replaceable`] takes the place of the one with its id that waits. While that one is under way, it
//! is kept beside the lanes and waits until the other one ends, however it ends: never two of them at once, never the
//! older one last.

use crate::core::id::JobId;
use crate::core::job::{Brief, Job};
use crate::core::time::Timestamp;
use crate::smtp::queue::MailBytes;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Recipients of waiting jobs that are kept whole: what comes and goes at once is not read again, and a backlog takes
/// little memory.
const WHOLE_MAX: usize = 4096;

/// A job that waits.
pub(super) struct Entry {
    pub brief: Brief,
    /// `None` where the rest lies in the spool only.
    pub whole: Option<Box<Whole>>,
    /// Its file does not say all that is known of it, so it has to be kept whole.
    pub is_ahead: bool,
    /// Served in turns with the other kind.
    pub is_backlog: bool,
    /// Deferred only because the server could not be reached: due as soon as it can.
    pub is_held: bool,
}

/// All of a job.
pub(super) struct Whole {
    pub job: Job,
    /// The mail, where there was room for it in memory.
    pub bytes: Option<MailBytes>,
}

impl Entry {
    /// A job that the spool has just accepted.
    pub(super) fn fresh(job: Job, bytes: Option<MailBytes>) -> Self {
        Self {
            brief: Brief::from(&job),
            whole: Some(Box::new(Whole { job, bytes })),
            is_ahead: false,
            is_backlog: false,
            is_held: false,
        }
    }

    /// A job that was tried before.
    pub(super) fn again(job: Job, is_held: bool, is_ahead: bool) -> Self {
        Self {
            is_ahead,
            is_backlog: true,
            is_held,
            ..Self::fresh(job, None)
        }
    }

    /// A job that was found in the spool.
    pub(super) fn found(brief: Brief) -> Self {
        Self {
            brief,
            whole: None,
            is_ahead: false,
            is_backlog: true,
            is_held: false,
        }
    }

    /// Takes the place of an older one, which is not to be sent any more. What the server was spared of that one it is
    /// spared of this one, too: else every change would be an attempt at a server that asked to be left alone.
    fn replaces(mut self, older: &Self) -> Self {
        if older.is_held || older.brief.attempts > 0 {
            let (new, old) = (&mut self.brief, &older.brief);
            new.next_attempt = new.next_attempt.max(old.next_attempt);
            new.attempts = new.attempts.max(old.attempts);
            self.is_held = older.is_held;
            self.is_backlog = older.is_backlog;
        }
        self
    }

    /// What it counts of [`WHOLE_MAX`].
    fn weight(&self) -> usize {
        let whole = self.whole.as_ref();
        whole.map_or(0, |whole| whole.job.to.len().max(1))
    }

    /// The job with its schedule, if it is whole.
    fn into_whole(self) -> Option<Box<Whole>> {
        let mut whole = self.whole?;
        self.brief.complete(&mut whole.job);
        Some(whole)
    }
}

/// What [`Schedule::claim`] and [`Schedule::withdraw`] find.
pub(super) enum Found {
    /// Ready to be sent.
    Whole(Box<Whole>),
    /// To be read from the spool and brought to [`Schedule::recalled`].
    Brief(Recall),
}

/// A job whose rest is asked for.
#[derive(Clone)]
pub(super) struct Recall {
    pub brief: Brief,
    /// Its lane waits for it.
    holds_lane: bool,
}

#[derive(Default)]
pub(super) struct Schedule {
    lanes: HashMap<Arc<str>, Lane>,
    fresh: BTreeSet<Due>,
    backlog: BTreeSet<Due>,
    /// Every job from its insertion until it is forgotten, so that none is there twice.
    known: HashMap<JobId, Known>,
    backlog_is_next: bool,
    /// What those that wait in lanes count of [`WHOLE_MAX`].
    weight: usize,
}

/// When the head of a lane is due, its sequence and its lane.
type Due = (Timestamp, u64, Arc<str>);

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Entry>,
    /// One of its jobs is under way, or asked for: no other may go.
    is_busy: bool,
    /// What stands for it in one of the sets, and whether that is the backlog.
    due: Option<(Due, bool)>,
}

/// The last job that came with an id, or the one before it as long as that is under way.
struct Known {
    sequence: u64,
    stage: Stage,
}

enum Stage {
    /// In this lane.
    Waiting(Arc<str>),
    /// Claimed. It may come back; then, or when its lane is released, what has come to replace it goes.
    UnderWay(Option<Box<Entry>>),
    /// It will not come back, and what came of it is being settled.
    Released,
}

impl Schedule {
    /// Adds a job. One with an id that is known is left out, unless it is a newer one that is replaceable: then it takes
    /// the place of the one that waits, or goes after the one that is under way. False where there is not one job more
    /// than before.
    pub(super) fn insert(&mut self, entry: Entry) -> bool {
        let Some(known) = self.known.get_mut(&entry.brief.id) else {
            self.enqueue(entry);
            return true;
        };
        if !entry.brief.replaceable || entry.brief.sequence <= known.sequence {
            return false;
        }
        match &mut known.stage {
            Stage::Released => {
                self.enqueue(entry);
                true
            }
            Stage::UnderWay(next) => {
                let is_later = |next: &Entry| entry.brief.sequence > next.brief.sequence;
                if next.as_deref().is_some_and(|next| !is_later(next)) {
                    return false;
                }
                next.replace(Box::new(entry)).is_none()
            }
            Stage::Waiting(lane) => {
                let (lane, sequence) = (Arc::clone(lane), known.sequence);
                let older = self.take_out(&lane, sequence, &entry.brief.id);
                let is_first = older.is_none();
                self.enqueue(match older {
                    Some(older) => entry.replaces(&older),
                    None => entry,
                });
                is_first
            }
        }
    }

    /// Gives the job back that was claimed from its lane, to be claimed again when it is due. Where another one has come
    /// to replace it, that one waits in its place. False where there is one job less by that.
    pub(super) fn put_back(&mut self, entry: Entry) -> bool {
        let next = self.end(&entry.brief.id);
        let lane = self.free(&entry.brief.lane);
        let is_back = next.is_none();
        self.enqueue(match next {
            Some(next) => next.replaces(&entry),
            None => entry,
        });
        self.refresh_if(lane);
        is_back
    }

    /// The next job that is due, or to be dropped since it [is outdated](Job::is_outdated). Its lane is busy until
    /// [`Schedule::release`] or [`Schedule::put_back`], or until [`Schedule::recalled`].
    pub(super) fn claim(&mut self, now: Timestamp) -> Option<Found> {
        let is_due = |set: &BTreeSet<Due>| set.first().filter(|due| due.0 <= now).cloned();
        let (fresh, backlog) = (is_due(&self.fresh), is_due(&self.backlog));
        let take_backlog = fresh.is_none() || (self.backlog_is_next && backlog.is_some());
        let (_, _, name) = if take_backlog { backlog? } else { fresh? };
        let lane = self.lanes.get_mut(&name)?;
        let head = lane.waiting.pop_front()?;
        lane.is_busy = true;
        if head.whole.is_none() {
            let brief = head.brief.clone();
            lane.waiting.push_front(head);
            self.refresh(&name);
            let holds_lane = true;
            return Some(Found::Brief(Recall { brief, holds_lane }));
        }
        self.backlog_is_next = !take_backlog;
        self.weight = self.weight.saturating_sub(head.weight());
        if let Some(known) = self.known.get_mut(&head.brief.id) {
            known.stage = Stage::UnderWay(None);
        }
        self.refresh(&name);
        head.into_whole().map(Found::Whole)
    }

    /// Brings what was asked for. Where it has been replaced or withdrawn meanwhile nothing is done with it; it is no error
    /// if it has come before.
    pub(super) fn recalled(&mut self, recall: &Recall, job: Job) {
        self.answer(recall, |entry| {
            let whole = || Box::new(Whole { job, bytes: None });
            entry.whole.get_or_insert_with(whole);
        });
    }

    /// What was asked for cannot be read at the moment.
    pub(super) fn recall_later(&mut self, recall: &Recall, then: Timestamp) {
        self.answer(recall, |entry| entry.brief.next_attempt = then);
    }

    /// There is no such file any more. False where that does not matter, since another one has come to replace it.
    pub(super) fn recalled_in_vain(&mut self, recall: &Recall) -> bool {
        let Brief { id, sequence, .. } = &recall.brief;
        let is_it = self.place_of(id).is_some_and(|place| place.1 == *sequence);
        let gone = is_it.then(|| self.take_out(&recall.brief.lane, *sequence, id));
        if is_it {
            self.known.remove(id);
        }
        self.answer(recall, |_| {});
        gone.flatten().is_some()
    }

    /// Ends the waiting for a job, and changes its entry, if that still waits.
    fn answer(&mut self, recall: &Recall, change: impl FnOnce(&mut Entry)) {
        let Brief {
            id, sequence, lane, ..
        } = &recall.brief;
        let place = self.place(lane, *sequence, id);
        let Some(lane_found) = self.lanes.get_mut(lane) else {
            return;
        };
        if recall.holds_lane {
            lane_found.is_busy = false;
        }
        if let Some(entry) = place.and_then(|place| lane_found.waiting.get_mut(place)) {
            let before = entry.weight();
            change(entry);
            self.weight = self
                .weight
                .saturating_sub(before)
                .saturating_add(entry.weight());
        }
        self.refresh(lane);
    }

    /// The job will not come back: lets the next one of its lane go, and what has come to replace it.
    pub(super) fn release(&mut self, job: &Job) {
        let next = self.end(&job.id);
        let lane = self.free(&job.lane);
        if let Some(next) = next {
            self.enqueue(*next);
        }
        self.refresh_if(lane);
    }

    /// The job is settled: should it come again, it is a new one.
    pub(super) fn forget(&mut self, job: &Job) {
        if let Some(known) = self.known.get(&job.id)
            && known.sequence == job.sequence
        {
            self.known.remove(&job.id);
        }
    }

    /// Whether no job waits; those under way do not count.
    pub(super) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.backlog.is_empty()
    }

    /// When the next job is due, if any is.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let first = |set: &BTreeSet<Due>| set.first().map(|due| due.0);
        let (fresh, backlog) = (first(&self.fresh), first(&self.backlog));
        fresh.into_iter().chain(backlog).min()
    }

    /// Makes jobs due now: all that wait, or only the held ones.
    pub(super) fn hasten(&mut self, now: Timestamp, only_held: bool) {
        let names: Vec<Arc<str>> = self.lanes.keys().cloned().collect();
        for name in names {
            let lane = self.lanes.get_mut(&name);
            let waiting = lane.into_iter().flat_map(|lane| lane.waiting.iter_mut());
            for entry in waiting.filter(|entry| entry.is_held || !only_held) {
                entry.brief.next_attempt = entry.brief.next_attempt.min(now);
                entry.is_held = false;
            }
            self.refresh(&name);
        }
    }

    /// The jobs that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Entry> {
        let in_lanes = self.lanes.values().flat_map(|lane| &lane.waiting);
        let next = self.known.values().filter_map(|known| match &known.stage {
            Stage::UnderWay(next) => next.as_deref(),
            _ => None,
        });
        in_lanes.chain(next)
    }

    /// Makes a job due now, with those before it in its lane, behind which it waits. False where it does not wait.
    pub(super) fn hasten_one(&mut self, id: &JobId, now: Timestamp) -> bool {
        let Some((name, sequence)) = self.place_of(id) else {
            return false;
        };
        let lane = self.lanes.get_mut(&name);
        let waiting = lane.into_iter().flat_map(|lane| lane.waiting.iter_mut());
        for entry in waiting.take_while(|entry| entry.brief.sequence <= sequence) {
            entry.brief.next_attempt = entry.brief.next_attempt.min(now);
            entry.is_held = false;
        }
        self.refresh(&name);
        true
    }

    /// Takes a job out for good, if it waits; [`Schedule::forget`] is to follow. One that is not whole stays: it is to be
    /// recalled first.
    pub(super) fn withdraw(&mut self, id: &JobId) -> Option<Found> {
        let (name, sequence) = self.place_of(id)?;
        let place = self.place(&name, sequence, id)?;
        let entry = self.lanes.get(&name)?.waiting.get(place)?;
        if entry.whole.is_none() {
            let brief = entry.brief.clone();
            let holds_lane = false;
            return Some(Found::Brief(Recall { brief, holds_lane }));
        }
        let entry = self.take_out(&name, sequence, id)?;
        self.known.get_mut(id)?.stage = Stage::Released;
        entry.into_whole().map(Found::Whole)
    }

    fn place_of(&self, id: &JobId) -> Option<(Arc<str>, u64)> {
        let known = self.known.get(id)?;
        match &known.stage {
            Stage::Waiting(lane) => Some((Arc::clone(lane), known.sequence)),
            _ => None,
        }
    }

    /// Ends a job's being under way. Answers with what has come to replace it.
    fn end(&mut self, id: &JobId) -> Option<Box<Entry>> {
        let known = self.known.get_mut(id)?;
        match std::mem::replace(&mut known.stage, Stage::Released) {
            Stage::UnderWay(next) => next,
            other => {
                known.stage = other;
                None
            }
        }
    }

    /// No job of the lane is under way any more; [`Schedule::refresh_if`] is to follow.
    fn free(&mut self, lane: &str) -> Option<Arc<str>> {
        let name = Arc::clone(self.lanes.get_key_value(lane)?.0);
        self.lanes.get_mut(&name)?.is_busy = false;
        Some(name)
    }

    /// Takes a job that waits out of its lane; what is known of it is to be changed then.
    fn take_out(&mut self, name: &Arc<str>, sequence: u64, id: &JobId) -> Option<Entry> {
        let place = self.place(name, sequence, id)?;
        let entry = self.lanes.get_mut(name)?.waiting.remove(place)?;
        self.weight = self.weight.saturating_sub(entry.weight());
        self.refresh(name);
        Some(entry)
    }

    /// Where a job waits in its lane.
    fn place(&self, name: &Arc<str>, sequence: u64, id: &JobId) -> Option<usize> {
        let waiting = &self.lanes.get(name)?.waiting;
        let first = waiting.partition_point(|other| other.brief.sequence < sequence);
        let mut same = waiting
            .range(first..)
            .take_while(|other| other.brief.sequence == sequence);
        let place = same.position(|other| other.brief.id == *id)?;
        first.checked_add(place)
    }

    fn refresh_if(&mut self, name: Option<Arc<str>>) {
        if let Some(name) = name {
            self.refresh(&name);
        }
    }

    fn enqueue(&mut self, mut entry: Entry) {
        let name = match self.lanes.get_key_value(&entry.brief.lane) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::clone(&entry.brief.lane),
        };
        entry.brief.lane = Arc::clone(&name);
        let known = Known {
            sequence: entry.brief.sequence,
            stage: Stage::Waiting(Arc::clone(&name)),
        };
        self.known.insert(entry.brief.id.clone(), known);
        if self.weight >= WHOLE_MAX && !entry.is_ahead {
            entry.whole = None;
        }
        self.weight = self.weight.saturating_add(entry.weight());
        let waiting = &mut self.lanes.entry(Arc::clone(&name)).or_default().waiting;
        let place = waiting.partition_point(|other| other.brief.sequence <= entry.brief.sequence);
        // What waits behind the backlog will be older than all new mail when its turn comes.
        let before = place.checked_sub(1).and_then(|place| waiting.get(place));
        entry.is_backlog |= before.is_some_and(|before| before.is_backlog);
        if entry.is_backlog {
            let behind = waiting.range_mut(place..).take_while(|it| !it.is_backlog);
            behind.for_each(|it| it.is_backlog = true);
        }
        waiting.insert(place, entry);
        self.refresh(&name);
    }

    /// Brings the two sets in line with a lane that has changed, and drops the lane if there is nothing in it.
    fn refresh(&mut self, name: &Arc<str>) {
        let Some(lane) = self.lanes.get_mut(name) else {
            return;
        };
        let head = lane.waiting.front().filter(|_| !lane.is_busy);
        let wanted = head.map(|head| {
            let due = (head.brief.due(), head.brief.sequence, Arc::clone(name));
            (due, head.is_backlog)
        });
        let before = std::mem::replace(&mut lane.due, wanted.clone());
        let is_over = !lane.is_busy && lane.waiting.is_empty();
        if let Some((due, is_backlog)) = before {
            self.set(is_backlog).remove(&due);
        }
        if let Some((due, is_backlog)) = wanted {
            self.set(is_backlog).insert(due);
        }
        if is_over {
            self.lanes.remove(name);
        }
    }

    fn set(&mut self, is_backlog: bool) -> &mut BTreeSet<Due> {
        if is_backlog {
            &mut self.backlog
        } else {
            &mut self.fresh
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::MessageId;

    const NOW: Timestamp = Timestamp::from_secs(1000);

    fn entry(lane: &str, sequence: u64, due: i64, is_backlog: bool) -> Entry {
        let message_id = MessageId::parse(&format!("{lane}.{sequence}@mail.example")).unwrap();
        let job = Job {
            id: JobId::derive(&message_id),
            message_id,
            lane: lane.to_owned(),
            sequence,
            from: None,
            to: Vec::new(),
            origin: None,
            accepted: NOW,
            attempts: 0,
            next_attempt: Timestamp::from_secs(due),
            delay_told: false,
            last_reply: None,
            certain: true,
            silent: false,
            expires: None,
            replaceable: false,
        };
        let fresh = Entry::fresh(job, None);
        Entry {
            is_backlog,
            ..fresh
        }
    }

    fn job(lane: &str, sequence: u64) -> Job {
        entry(lane, sequence, 0, false).whole.unwrap().job
    }

    fn again(job: Job) -> Entry {
        Entry::again(job, false, false)
    }

    /// The next one, which is whole.
    fn claim(schedule: &mut Schedule, now: Timestamp) -> Option<Job> {
        schedule.claim(now).map(|found| match found {
            Found::Whole(whole) => whole.job,
            Found::Brief(recall) => panic!("{:?} is not whole", recall.brief),
        })
    }

    fn claimed(schedule: &mut Schedule) -> Option<(String, u64)> {
        claim(schedule, NOW).map(|job| (job.lane, job.sequence))
    }

    #[test]
    fn one_job_is_hastened_with_those_before_it_and_no_other() {
        let mut schedule = Schedule::default();
        for (lane, sequence) in [("a", 1), ("a", 2), ("a", 3), ("b", 4)] {
            schedule.insert(entry(lane, sequence, 5000, false));
        }
        assert!(claimed(&mut schedule).is_none());
        let second = job("a", 2);
        assert!(schedule.hasten_one(&second.id, NOW));
        for sequence in [1, 2] {
            assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), sequence)));
            schedule.release(&job("a", sequence));
        }
        assert!(claimed(&mut schedule).is_none());
        assert!(!schedule.hasten_one(&second.id, NOW), "it does not wait");
        let left: Vec<u64> = schedule.waiting().map(|it| it.brief.sequence).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn a_job_is_withdrawn_if_it_waits_and_lets_the_next_one_go() {
        let mut schedule = Schedule::default();
        for sequence in [1, 2, 3] {
            schedule.insert(entry("a", sequence, 0, false));
        }
        let job = |sequence| job("a", sequence);
        assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), 1)));
        assert!(schedule.withdraw(&job(1).id).is_none(), "it is under way");
        let withdrawn = schedule.withdraw(&job(2).id);
        assert!(matches!(withdrawn, Some(Found::Whole(whole)) if whole.job == job(2)));
        assert!(schedule.withdraw(&job(2).id).is_none());
        assert!(
            !schedule.insert(entry("a", 2, 0, false)),
            "not yet forgotten"
        );
        assert!(claimed(&mut schedule).is_none(), "the lane is still busy");
        schedule.release(&job(1));
        assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), 3)));
        schedule.forget(&job(2));
        assert!(schedule.insert(entry("a", 2, 0, false)));
    }

    #[test]
    fn a_lane_goes_in_order_one_at_a_time_whatever_order_it_came_in() {
        let mut schedule = Schedule::default();
        for sequence in [3, 1, 2] {
            assert!(schedule.insert(entry("a", sequence, 0, false)));
        }
        for sequence in 1..=3 {
            assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), sequence)));
            assert_eq!(claimed(&mut schedule), None);
            schedule.release(&job("a", sequence));
        }
        assert!(schedule.lanes.is_empty() && schedule.next_due().is_none());
    }

    #[test]
    fn later_jobs_wait_behind_a_deferred_one_and_other_lanes_do_not() {
        let mut schedule = Schedule::default();
        schedule.insert(entry("a", 1, 0, false));
        schedule.insert(entry("a", 2, 0, false));
        schedule.insert(entry("b", 3, 0, false));
        let mut first = claim(&mut schedule, NOW).unwrap();
        first.next_attempt = Timestamp::from_secs(1060);
        schedule.put_back(again(first));
        assert_eq!(claimed(&mut schedule), Some(("b".to_owned(), 3)));
        assert_eq!(claimed(&mut schedule), None);
        assert_eq!(schedule.next_due(), Some(Timestamp::from_secs(1060)));
        let later = claim(&mut schedule, Timestamp::from_secs(1060)).unwrap();
        assert_eq!(later.sequence, 1);
    }

    #[test]
    fn new_mail_and_backlog_take_turns() {
        let mut schedule = Schedule::default();
        for n in 0..10 {
            schedule.insert(entry(&format!("old{n}"), n, 0, true));
        }
        for n in 10..13 {
            schedule.insert(entry(&format!("new{n}"), n, 999, false));
        }
        let order: Vec<u64> = std::iter::from_fn(|| claimed(&mut schedule))
            .map(|c| c.1)
            .collect();
        assert_eq!(order, [10, 0, 11, 1, 12, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    /// A21: the mail server was away, so that only the first of each lane was deferred.
    #[test]
    fn a21_what_waits_behind_a_deferred_one_takes_turns_with_new_mail_too() {
        let mut schedule = Schedule::default();
        for sequence in 1..=2 {
            schedule.insert(entry("a", sequence, 0, false));
        }
        let first = claim(&mut schedule, NOW).unwrap();
        schedule.put_back(again(first));
        for sequence in 3..=4 {
            schedule.insert(entry("a", sequence, 0, false));
        }
        for sequence in 5..=6 {
            schedule.insert(entry(&format!("new{sequence}"), sequence, 900, false));
        }
        let mut order = Vec::new();
        while let Some(next) = claim(&mut schedule, NOW) {
            order.push(next.sequence);
            schedule.release(&next);
        }
        assert_eq!(order, [1, 5, 2, 6, 3, 4]);
    }

    #[test]
    fn a_job_is_there_once_until_it_is_forgotten() {
        let mut schedule = Schedule::default();
        assert!(schedule.insert(entry("a", 1, 0, false)));
        assert!(!schedule.insert(entry("a", 1, 0, false)));
        let job = claim(&mut schedule, NOW).unwrap();
        assert!(!schedule.insert(entry("a", 1, 0, false)));
        schedule.release(&job);
        assert_eq!(claimed(&mut schedule), None);
        assert!(!schedule.insert(entry("a", 1, 0, false)));
        schedule.forget(&job);
        assert!(schedule.insert(entry("a", 1, 0, false)));
    }

    /// Jobs with one id: the presence of a user for a domain.
    fn presence(sequence: u64, due: i64) -> Entry {
        let mut entry = entry("p", sequence, due, false);
        let whole = entry.whole.as_mut().unwrap();
        whole.job.id = JobId::of_name(&["presence"]);
        whole.job.replaceable = true;
        let job = entry.whole.unwrap().job;
        Entry::fresh(job, None)
    }

    #[test]
    fn one_that_waits_is_replaced_and_stays_where_it_was_not() {
        let mut schedule = Schedule::default();
        assert!(schedule.insert(entry("p", 1, 0, false)));
        assert!(schedule.insert(presence(2, 0)));
        assert!(schedule.insert(entry("p", 2, 0, false)));
        assert!(!schedule.insert(presence(4, 10)));
        assert!(!schedule.insert(presence(3, 10)));
        assert!(!schedule.insert(presence(4, 10)));
        let mut order = Vec::new();
        while let Some(entry) = claim(&mut schedule, NOW) {
            order.push(entry.sequence);
            schedule.release(&entry);
            schedule.forget(&entry);
        }
        assert_eq!(order, [1, 2, 4]);
        assert!(schedule.lanes.is_empty() && schedule.known.is_empty());
    }

    #[test]
    fn one_that_was_deferred_leaves_its_schedule_to_the_one_that_replaces_it() {
        for is_held in [false, true] {
            let mut schedule = Schedule::default();
            schedule.insert(presence(1, 0));
            let mut old = claim(&mut schedule, NOW).unwrap();
            (old.attempts, old.next_attempt) = (3, Timestamp::from_secs(1300));
            assert!(schedule.put_back(Entry::again(old, is_held, false)));
            assert!(!schedule.insert(presence(2, 1000)));
            assert!(claim(&mut schedule, NOW).is_none());
            assert_eq!(schedule.next_due(), Some(Timestamp::from_secs(1300)));
            schedule.hasten(NOW, true);
            assert_eq!(claim(&mut schedule, NOW).is_some(), is_held);
            let later = claim(&mut schedule, Timestamp::from_secs(1300));
            assert_eq!(later.is_some(), !is_held);
            assert!(later.is_none_or(|entry| (entry.sequence, entry.attempts) == (2, 3)));
        }
    }

    #[test]
    fn what_replaces_one_under_way_waits_for_its_end() {
        let mut schedule = Schedule::default();
        schedule.insert(presence(1, 0));
        schedule.insert(entry("p", 2, 0, false));
        let old = claim(&mut schedule, NOW).unwrap();
        assert!(schedule.insert(presence(4, 0)));
        assert!(!schedule.insert(presence(5, 0)));
        assert!(!schedule.insert(presence(3, 0)));
        assert!(claim(&mut schedule, NOW).is_none());
        schedule.release(&old);
        assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 2);
        schedule.release(&job("p", 2));
        assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 5);
        // The older one is settled late.
        schedule.forget(&old);
        assert!(!schedule.insert(presence(5, 0)));
        assert!(schedule.insert(presence(6, 0)));
    }

    #[test]
    fn what_replaces_one_that_comes_back_deferred_goes_in_its_place() {
        let mut schedule = Schedule::default();
        schedule.insert(presence(1, 0));
        let mut old = claim(&mut schedule, NOW).unwrap();
        assert!(schedule.insert(presence(2, 0)));
        (old.attempts, old.next_attempt) = (1, Timestamp::from_secs(1060));
        assert!(!schedule.put_back(again(old)));
        assert!(claim(&mut schedule, NOW).is_none());
        let new = claim(&mut schedule, Timestamp::from_secs(1060)).unwrap();
        assert_eq!((new.sequence, new.attempts), (2, 1));
        // Had no attempt been made, there would be no reason to wait.
        let mut untried = presence(2, 0);
        untried.brief.next_attempt = Timestamp::from_secs(5000);
        assert!(schedule.insert(presence(3, 0)));
        assert!(!schedule.put_back(untried));
        assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 3);
    }

    #[test]
    fn what_replaces_one_that_is_being_settled_does_not_wait() {
        let mut schedule = Schedule::default();
        schedule.insert(presence(1, 0));
        let old = claim(&mut schedule, NOW).unwrap();
        schedule.release(&old);
        assert!(schedule.insert(presence(2, 0)));
        assert!(claim(&mut schedule, NOW).is_some());
        schedule.forget(&old);
        assert!(!schedule.insert(presence(2, 0)));
    }

    #[test]
    fn a_deferred_job_is_due_when_it_is_of_no_use_any_more() {
        let mut schedule = Schedule::default();
        let mut late = entry("a", 1, 5000, true).whole.unwrap().job;
        late.expires = Some(Timestamp::from_secs(1010));
        schedule.insert(again(late));
        assert!(claim(&mut schedule, NOW).is_none());
        let then = Timestamp::from_secs(1010);
        assert_eq!(schedule.next_due(), Some(then));
        assert!(claim(&mut schedule, then).unwrap().is_outdated(then));
    }

    #[test]
    fn hastening_the_held_ones_leaves_the_others_alone() {
        let mut schedule = Schedule::default();
        let mut held = entry("a", 1, 5000, true);
        held.is_held = true;
        schedule.insert(held);
        schedule.insert(entry("b", 2, 5000, true));
        schedule.hasten(NOW, true);
        assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), 1)));
        assert_eq!(claimed(&mut schedule), None);
        schedule.hasten(NOW, false);
        assert_eq!(claimed(&mut schedule), Some(("b".to_owned(), 2)));
    }

    fn recall(schedule: &mut Schedule, now: Timestamp) -> Option<Recall> {
        schedule.claim(now).and_then(|found| match found {
            Found::Whole(_) => None,
            Found::Brief(recall) => Some(recall),
        })
    }

    #[test]
    fn what_was_found_in_the_spool_is_asked_for_when_it_is_its_turn() {
        let mut schedule = Schedule::default();
        for sequence in [1, 2] {
            schedule.insert(Entry::found(Brief::from(&job("a", sequence))));
        }
        schedule.insert(Entry::found(entry("b", 3, 5000, true).brief));
        let asked = recall(&mut schedule, NOW).unwrap();
        assert_eq!((&*asked.brief.lane, asked.brief.sequence), ("a", 1));
        // Its lane waits for it, and the other one for its time.
        assert!(schedule.claim(NOW).is_none());
        let mut written = job("a", 1);
        (written.sequence, written.attempts) = (9, 9);
        schedule.recalled(&asked, written);
        assert_eq!(claim(&mut schedule, NOW), Some(job("a", 1)));
        schedule.release(&job("a", 1));
        let asked = recall(&mut schedule, NOW).unwrap();
        assert_eq!(asked.brief.sequence, 2);
        schedule.recall_later(&asked, Timestamp::from_secs(1060));
        assert_eq!(schedule.next_due(), Some(Timestamp::from_secs(1060)));
        let asked = recall(&mut schedule, Timestamp::from_secs(1060)).unwrap();
        assert!(schedule.recalled_in_vain(&asked));
        assert!(!schedule.known.contains_key(&job("a", 2).id));
        assert_eq!(schedule.weight, 0);
    }

    #[test]
    fn what_is_replaced_while_it_is_asked_for_is_not_sent() {
        let mut schedule = Schedule::default();
        schedule.insert(Entry::found(presence(1, 0).brief));
        let asked = recall(&mut schedule, NOW).unwrap();
        assert!(!schedule.insert(presence(2, 0)));
        assert!(schedule.claim(NOW).is_none());
        schedule.recalled(&asked, presence(1, 0).whole.unwrap().job);
        assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 2);
        // The file was of the newer one already when the older one was asked for.
        let mut schedule = Schedule::default();
        schedule.insert(Entry::found(presence(1, 0).brief));
        let asked = recall(&mut schedule, NOW).unwrap();
        assert!(!schedule.insert(presence(2, 0)));
        assert!(!schedule.recalled_in_vain(&asked));
        assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 2);
        assert_eq!(schedule.weight, 0);
    }

    #[test]
    fn an_admin_takes_out_what_is_not_whole_when_it_has_been_read() {
        let mut schedule = Schedule::default();
        for sequence in [1, 2] {
            schedule.insert(Entry::found(Brief::from(&job("a", sequence))));
        }
        let id = job("a", 2).id;
        let Some(Found::Brief(asked)) = schedule.withdraw(&id) else {
            panic!("it is not whole");
        };
        // Its lane goes on meanwhile.
        let first = recall(&mut schedule, NOW).unwrap();
        schedule.recalled(&first, job("a", 1));
        assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 1);
        schedule.recalled(&asked, job("a", 2));
        assert!(matches!(schedule.withdraw(&id), Some(Found::Whole(_))));
        // While the first one was under way, nothing else of the lane may go.
        schedule.insert(entry("a", 3, 0, false));
        assert!(schedule.claim(NOW).is_none());
        schedule.release(&job("a", 1));
        assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 3);
    }

    /// A21: of a backlog little is in memory, but for what cannot be read again.
    #[test]
    fn a21_so_many_jobs_are_whole_and_no_more() {
        let mut schedule = Schedule::default();
        for n in 0..WHOLE_MAX as u64 * 2 {
            schedule.insert(entry(&format!("lane{}", n % 7), n, 0, false));
        }
        assert_eq!(schedule.weight, WHOLE_MAX);
        let is_whole = |it: &&Entry| it.whole.is_some();
        assert_eq!(schedule.waiting().filter(is_whole).count(), WHOLE_MAX);
        let ahead = job("b", 1_000_000);
        schedule.insert(Entry::again(ahead.clone(), false, true));
        assert_eq!(schedule.waiting().filter(is_whole).count(), WHOLE_MAX + 1);
        let mut sent = Vec::new();
        while let Some(found) = schedule.claim(NOW) {
            let whole = match found {
                Found::Whole(whole) => whole.job,
                Found::Brief(recall) => {
                    let n = recall.brief.sequence;
                    schedule.recalled(&recall, job(&recall.brief.lane, n));
                    continue;
                }
            };
            schedule.release(&whole);
            schedule.forget(&whole);
            sent.push(whole.sequence);
        }
        assert_eq!(sent.len(), WHOLE_MAX * 2 + 1);
        assert_eq!((schedule.weight, schedule.known.len()), (0, 0));
    }

    #[test]
    fn a_hundred_thousand_jobs_are_no_trouble() {
        let mut schedule = Schedule::default();
        let start = std::time::Instant::now();
        for n in 0..100_000 {
            schedule.insert(entry(&format!("lane{}", n % 5000), n, 0, true));
        }
        let mut last = HashMap::new();
        let mut count = 0;
        while let Some(found) = schedule.claim(NOW) {
            let job = match found {
                Found::Whole(whole) => whole.job,
                Found::Brief(recall) => {
                    let Brief { lane, sequence, .. } = &recall.brief;
                    schedule.recalled(&recall, job(lane, *sequence));
                    continue;
                }
            };
            let before = last.insert(job.lane.clone(), job.sequence);
            assert!(before < Some(job.sequence));
            schedule.release(&job);
            schedule.forget(&job);
            count += 1;
        }
        assert_eq!(count, 100_000);
        assert!(schedule.known.is_empty());
        assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    }
}
