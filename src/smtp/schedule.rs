//! Which waiting mail goes next. Pure: the time comes in as an argument.
//!
//! Jobs of one queue go one at a time in the order of their sequence, and those behind a deferred one wait: the order
//! between two correspondents is kept. Of each queue only the head is in one of two sorted sets, new mails and backlog
//! (what was there at the start or was deferred before, and what waits behind such a mail), which are served in turns: a
//! new mail does not wait for a hundred thousand old ones, nor the other way round.
//!
//! A few thousand jobs are kept whole. Of the others only a [`Brief`] is: when it is their turn, [`Schedule::claim`] asks
//! for the rest of it, which lies in the spool, and until [`Schedule::recalled`] brings that their queue waits.
//!
//! A job that is [`Job::replaceable`] takes the place of the one with its id that waits. While that one is under way, it
//! is kept beside the queues and waits until the other one ends, however it ends: never two of them at once, never the
//! older one last.
//!
//! A job that waits can be reserved by who decides what becomes of it ([`reserve`]): then it does not go, nor does what waits
//! behind it, until it was renewed, withdrawn or released.

mod reserve;
#[cfg(test)]
mod tests;

use crate::core::id::JobId;
use crate::core::job::{Brief, Job};
use crate::core::time::Timestamp;
use crate::smtp::command::MailBytes;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Recipients of waiting jobs that are kept whole: what comes and goes at once is not read again, and a backlog takes
/// little memory.
const WHOLE_MAX: usize = 4096;

/// A job that waits.
pub(super) struct ScheduledJob {
    pub brief: Brief,
    /// `None` where the rest lies in the spool only.
    pub whole: Option<Box<WholeJob>>,
    /// Its file does not say all that is known of it, so it has to be kept whole.
    pub is_ahead: bool,
    /// Served in turns with the other kind.
    pub is_backlog: bool,
    /// Deferred only because the server could not be reached: due as soon as it can.
    pub is_held: bool,
    /// A former process may have sent it: it was due when this one found it.
    pub is_doubtful: bool,
}

/// All of a job.
pub(super) struct WholeJob {
    pub job: Job,
    /// The mail, where there was room for it in memory.
    pub bytes: Option<MailBytes>,
    /// When it is due by the spool. Where it goes before that and this process dies, the next one would take it for certain that
    /// nobody has it.
    pub noted: Timestamp,
}

impl WholeJob {
    fn new(job: Job, bytes: Option<MailBytes>) -> Box<Self> {
        Box::new(Self {
            noted: job.next_attempt,
            job,
            bytes,
        })
    }
}

impl ScheduledJob {
    /// A job that the spool has just accepted.
    pub(super) fn fresh(job: Job, bytes: Option<MailBytes>) -> Self {
        Self {
            brief: Brief::from(&job),
            whole: Some(WholeJob::new(job, bytes)),
            is_ahead: false,
            is_backlog: false,
            is_held: false,
            is_doubtful: false,
        }
    }

    /// A job that was tried before, or whose turn has come, and when it is due by the spool.
    pub(super) fn again(job: Job, is_held: bool, is_ahead: bool, noted: Timestamp) -> Self {
        let mut entry = Self::fresh(job, None);
        if let Some(whole) = &mut entry.whole {
            whole.noted = noted;
        }
        Self {
            is_ahead,
            is_backlog: true,
            is_held,
            ..entry
        }
    }

    /// A job that was found in the spool.
    pub(super) fn found(brief: Brief, now: Timestamp) -> Self {
        Self {
            is_doubtful: brief.next_attempt <= now,
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
    fn into_whole(self) -> Option<Box<WholeJob>> {
        let mut whole = self.whole?;
        self.brief.complete(&mut whole.job);
        Some(whole)
    }
}

/// What [`Schedule::claim`] and [`Schedule::withdraw`] find.
pub(super) enum FoundJob {
    /// Ready to be sent.
    Whole(Box<WholeJob>),
    /// To be read from the spool and brought to [`Schedule::recalled`].
    Brief(Recall),
}

/// A job whose rest is asked for.
pub(super) struct Recall {
    pub brief: Brief,
    /// Its queue waits for it.
    holds_lane: bool,
}

#[derive(Default)]
pub(super) struct Schedule {
    queues: HashMap<Arc<str>, OrderedQueue>,
    fresh: BTreeSet<Due>,
    backlog: BTreeSet<Due>,
    /// Every job from its insertion until it is forgotten, so that none is there twice.
    known: HashMap<JobId, KnownJob>,
    backlog_is_next: bool,
    /// What those that wait in queues count of [`WHOLE_MAX`].
    weight: usize,
}

/// When the head of a queue is due, its sequence and its queue.
type Due = (Timestamp, u64, Arc<str>);

#[derive(Default)]
struct OrderedQueue {
    waiting: VecDeque<ScheduledJob>,
    /// One of its jobs is under way, or asked for: no other may go.
    is_busy: bool,
    /// What stands for it in one of the sets, and whether that is the backlog.
    due: Option<(Due, bool)>,
}

/// The last job that came with an id, or the one before it as long as that is under way.
struct KnownJob {
    sequence: u64,
    stage: KnownStage,
    /// [`ScheduledJob::is_doubtful`]
    is_doubtful: bool,
    /// It stays where it is while somebody decides what becomes of it.
    is_reserved: bool,
}

enum KnownStage {
    /// In this queue.
    Waiting(Arc<str>),
    /// Claimed. It may come back; then, or when its queue is released, what has come to replace it goes.
    UnderWay(Option<Box<ScheduledJob>>),
    /// It will not come back, and what came of it is being settled.
    Released,
}

impl Schedule {
    /// Adds a job. One with an id that is known is left out, unless it is a newer one that is replaceable: then it takes
    /// the place of the one that waits, or goes after the one that is under way. False where there is not one job more
    /// than before.
    pub(super) fn insert(&mut self, entry: ScheduledJob) -> bool {
        let Some(known) = self.known.get_mut(&entry.brief.id) else {
            self.enqueue(entry);
            return true;
        };
        if known.is_reserved && entry.brief.sequence == known.sequence {
            self.renew(entry);
            return false;
        }
        if !entry.brief.replaceable || entry.brief.sequence <= known.sequence {
            return false;
        }
        match &mut known.stage {
            KnownStage::Released => {
                self.enqueue(entry);
                true
            }
            KnownStage::UnderWay(next) => {
                let is_later = |next: &ScheduledJob| entry.brief.sequence > next.brief.sequence;
                if next.as_deref().is_some_and(|next| !is_later(next)) {
                    return false;
                }
                next.replace(Box::new(entry)).is_none()
            }
            KnownStage::Waiting(queue) => {
                let (queue, sequence) = (Arc::clone(queue), known.sequence);
                let older = self.take_out(&queue, sequence, &entry.brief.id);
                let is_first = older.is_none();
                self.enqueue(match older {
                    Some(older) => entry.replaces(&older),
                    None => entry,
                });
                is_first
            }
        }
    }

    /// Gives the job back that was claimed from its queue, to be claimed again when it is due. Where another one has come
    /// to replace it, that one waits in its place. False where there is one job less by that.
    pub(super) fn put_back(&mut self, entry: ScheduledJob) -> bool {
        let next = self.end(&entry.brief.id);
        let queue = self.free(&entry.brief.ordering_key);
        let is_back = next.is_none();
        self.enqueue(match next {
            Some(next) => next.replaces(&entry),
            None => entry,
        });
        self.refresh_if(queue);
        is_back
    }

    /// The next job that is due, or to be dropped since it [is outdated](Job::is_outdated). Its queue is busy until
    /// [`Schedule::release`] or [`Schedule::put_back`], or until [`Schedule::recalled`].
    pub(super) fn claim(&mut self, now: Timestamp) -> Option<FoundJob> {
        let is_due = |set: &BTreeSet<Due>| set.first().filter(|due| due.0 <= now).cloned();
        let (fresh, backlog) = (is_due(&self.fresh), is_due(&self.backlog));
        let take_backlog = fresh.is_none() || (self.backlog_is_next && backlog.is_some());
        let (_, _, name) = if take_backlog { backlog? } else { fresh? };
        let queue = self.queues.get_mut(&name)?;
        let head = queue.waiting.pop_front()?;
        queue.is_busy = true;
        if head.whole.is_none() {
            let brief = head.brief.clone();
            queue.waiting.push_front(head);
            self.refresh(&name);
            let holds_lane = true;
            return Some(FoundJob::Brief(Recall { brief, holds_lane }));
        }
        self.backlog_is_next = !take_backlog;
        self.weight = self.weight.saturating_sub(head.weight());
        if let Some(known) = self.known.get_mut(&head.brief.id) {
            known.stage = KnownStage::UnderWay(None);
        }
        self.refresh(&name);
        head.into_whole().map(FoundJob::Whole)
    }

    /// Brings what was asked for. Where it has been replaced or withdrawn meanwhile nothing is done with it; it is no error
    /// if it has come before.
    pub(super) fn recalled(&mut self, recall: &Recall, job: Job) {
        self.answer(recall, |entry| {
            entry.whole.get_or_insert_with(|| WholeJob::new(job, None));
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
        let gone = is_it.then(|| self.take_out(&recall.brief.ordering_key, *sequence, id));
        if is_it {
            self.known.remove(id);
        }
        self.answer(recall, |_| {});
        gone.flatten().is_some()
    }

    /// Ends the waiting for a job, and changes its entry, if that still waits.
    fn answer(&mut self, recall: &Recall, change: impl FnOnce(&mut ScheduledJob)) {
        let Brief {
            id,
            sequence,
            ordering_key: queue,
            ..
        } = &recall.brief;
        let place = self.place(queue, *sequence, id);
        let Some(queue_found) = self.queues.get_mut(queue) else {
            return;
        };
        if recall.holds_lane {
            queue_found.is_busy = false;
        }
        if let Some(entry) = place.and_then(|place| queue_found.waiting.get_mut(place)) {
            let before = entry.weight();
            change(entry);
            self.weight = self
                .weight
                .saturating_sub(before)
                .saturating_add(entry.weight());
        }
        self.refresh(queue);
    }

    /// The job will not come back: lets the next one of its queue go, and what has come to replace it.
    pub(super) fn release(&mut self, job: &Job) {
        let next = self.end(&job.id);
        let queue = self.free(&job.ordering_key);
        if let Some(next) = next {
            self.enqueue(*next);
        }
        self.refresh_if(queue);
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
        let names: Vec<Arc<str>> = self.queues.keys().cloned().collect();
        for name in names {
            let queue = self.queues.get_mut(&name);
            let waiting = queue.into_iter().flat_map(|queue| queue.waiting.iter_mut());
            for entry in waiting.filter(|entry| entry.is_held || !only_held) {
                entry.brief.next_attempt = entry.brief.next_attempt.min(now);
                entry.is_held = false;
            }
            self.refresh(&name);
        }
    }

    /// The jobs that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &ScheduledJob> {
        let in_queues = self.queues.values().flat_map(|queue| &queue.waiting);
        let next = self.known.values().filter_map(|known| match &known.stage {
            KnownStage::UnderWay(next) => next.as_deref(),
            _ => None,
        });
        in_queues.chain(next)
    }

    /// Makes a job due now, with those before it in its queue, behind which it waits. False where it does not wait.
    pub(super) fn hasten_one(&mut self, id: &JobId, now: Timestamp) -> bool {
        let Some((name, sequence)) = self.place_of(id) else {
            return false;
        };
        let queue = self.queues.get_mut(&name);
        let waiting = queue.into_iter().flat_map(|queue| queue.waiting.iter_mut());
        for entry in waiting.take_while(|entry| entry.brief.sequence <= sequence) {
            entry.brief.next_attempt = entry.brief.next_attempt.min(now);
            entry.is_held = false;
        }
        self.refresh(&name);
        true
    }

    /// Takes a job out for good, if it waits; [`Schedule::forget`] is to follow. One that is not whole stays: it is to be
    /// recalled first.
    pub(super) fn withdraw(&mut self, id: &JobId) -> Option<FoundJob> {
        let (name, sequence) = self.place_of(id)?;
        let place = self.place(&name, sequence, id)?;
        let entry = self.queues.get(&name)?.waiting.get(place)?;
        if entry.whole.is_none() {
            let brief = entry.brief.clone();
            let holds_lane = false;
            return Some(FoundJob::Brief(Recall { brief, holds_lane }));
        }
        let entry = self.take_out(&name, sequence, id)?;
        self.known.get_mut(id)?.stage = KnownStage::Released;
        entry.into_whole().map(FoundJob::Whole)
    }

    fn place_of(&self, id: &JobId) -> Option<(Arc<str>, u64)> {
        let known = self.known.get(id)?;
        match &known.stage {
            KnownStage::Waiting(queue) => Some((Arc::clone(queue), known.sequence)),
            _ => None,
        }
    }

    /// Ends a job's being under way. Answers with what has come to replace it.
    fn end(&mut self, id: &JobId) -> Option<Box<ScheduledJob>> {
        let known = self.known.get_mut(id)?;
        match std::mem::replace(&mut known.stage, KnownStage::Released) {
            KnownStage::UnderWay(next) => next,
            other => {
                known.stage = other;
                None
            }
        }
    }

    /// No job of the queue is under way any more; [`Schedule::refresh_if`] is to follow.
    fn free(&mut self, queue: &str) -> Option<Arc<str>> {
        let name = Arc::clone(self.queues.get_key_value(queue)?.0);
        self.queues.get_mut(&name)?.is_busy = false;
        Some(name)
    }

    /// Takes a job that waits out of its queue; what is known of it is to be changed then.
    fn take_out(&mut self, name: &Arc<str>, sequence: u64, id: &JobId) -> Option<ScheduledJob> {
        let place = self.place(name, sequence, id)?;
        let entry = self.queues.get_mut(name)?.waiting.remove(place)?;
        self.weight = self.weight.saturating_sub(entry.weight());
        self.refresh(name);
        Some(entry)
    }

    /// Where a job waits in its queue.
    fn place(&self, name: &Arc<str>, sequence: u64, id: &JobId) -> Option<usize> {
        let waiting = &self.queues.get(name)?.waiting;
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

    fn enqueue(&mut self, mut entry: ScheduledJob) {
        let name = match self.queues.get_key_value(&entry.brief.ordering_key) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::clone(&entry.brief.ordering_key),
        };
        entry.brief.ordering_key = Arc::clone(&name);
        let known = KnownJob {
            sequence: entry.brief.sequence,
            stage: KnownStage::Waiting(Arc::clone(&name)),
            is_doubtful: entry.is_doubtful
                || self
                    .known
                    .get(&entry.brief.id)
                    .is_some_and(|known| known.is_doubtful),
            is_reserved: false,
        };
        self.known.insert(entry.brief.id.clone(), known);
        if self.weight >= WHOLE_MAX && !entry.is_ahead {
            entry.whole = None;
        }
        self.weight = self.weight.saturating_add(entry.weight());
        let waiting = &mut self.queues.entry(Arc::clone(&name)).or_default().waiting;
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

    /// Brings the two sets in line with a queue that has changed, and drops the queue if there is nothing in it.
    fn refresh(&mut self, name: &Arc<str>) {
        let Some(queue) = self.queues.get_mut(name) else {
            return;
        };
        let is_reserved = |head: &ScheduledJob| {
            let known = self.known.get(&head.brief.id);
            known.is_some_and(|known| known.is_reserved)
        };
        let head = queue.waiting.front().filter(|_| !queue.is_busy);
        let head = head.filter(|head| !is_reserved(head));
        let wanted = head.map(|head| {
            let due = (head.brief.due(), head.brief.sequence, Arc::clone(name));
            (due, head.is_backlog)
        });
        let before = std::mem::replace(&mut queue.due, wanted.clone());
        let is_over = !queue.is_busy && queue.waiting.is_empty();
        if let Some((due, is_backlog)) = before {
            self.set(is_backlog).remove(&due);
        }
        if let Some((due, is_backlog)) = wanted {
            self.set(is_backlog).insert(due);
        }
        if is_over {
            self.queues.remove(name);
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
