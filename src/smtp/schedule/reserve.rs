//! Jobs that wait while somebody decides what becomes of them.

use super::{FoundJob, Recall, Schedule, ScheduledJob, WholeJob};
use crate::core::id::JobId;
use crate::core::limits::GATHER_MAX;
use crate::core::time::Timestamp;
use crate::smtp::command::Which;
use std::sync::Arc;

impl Schedule {
    /// Keeps a job where it is until it is renewed, withdrawn or released, and answers with it. `None` where it does not wait,
    /// or where a former process may have sent it. One that is not whole is to be recalled first.
    pub(in crate::smtp) fn reserve(&mut self, which: &Which) -> Option<FoundJob> {
        let (name, sequence, id) = match which {
            Which::Id(id) => {
                let (name, sequence) = self.place_of(id)?;
                (name, sequence, id.clone())
            }
            Which::LastOf(queue) => {
                let (name, queue) = self.queues.get_key_value(queue.as_str())?;
                let last = &queue.waiting.back()?.brief;
                (Arc::clone(name), last.sequence, last.id.clone())
            }
        };
        let place = self.place(&name, sequence, &id)?;
        let entry = self.queues.get(&name)?.waiting.get(place)?;
        let known = self.known.get_mut(&id)?;
        if known.is_doubtful {
            return None;
        }
        let Some(whole) = &entry.whole else {
            let brief = entry.brief.clone();
            let holds_lane = false;
            return Some(FoundJob::Brief(Recall { brief, holds_lane }));
        };
        let mut job = whole.job.clone();
        entry.brief.complete(&mut job);
        known.is_reserved = true;
        self.refresh(&name);
        Some(FoundJob::Whole(WholeJob::new(job, None)))
    }

    /// Whether somebody decides about this job.
    pub(in crate::smtp) fn is_reserved(&self, id: &JobId) -> bool {
        self.known.get(id).is_some_and(|known| known.is_reserved)
    }

    /// The decision is made.
    pub(in crate::smtp) fn unreserve(&mut self, id: &JobId) {
        if let Some(known) = self.known.get_mut(id) {
            known.is_reserved = false;
        }
        if let Some((name, _)) = self.place_of(id) {
            self.refresh(&name);
        }
    }

    /// Puts another version of a reserved job in its place.
    pub(super) fn renew(&mut self, entry: ScheduledJob) {
        let Some((name, sequence)) = self.place_of(&entry.brief.id) else {
            return;
        };
        if let Some(older) = self.take_out(&name, sequence, &entry.brief.id) {
            self.enqueue(ScheduledJob {
                is_backlog: older.is_backlog,
                is_held: older.is_held,
                ..entry
            });
        }
    }

    /// Takes out a reserved job, which has left the spool. False where it was not there.
    pub(in crate::smtp) fn take_back(&mut self, id: &JobId) -> bool {
        let Some((name, sequence)) = self.place_of(id) else {
            return false;
        };
        let is_there = self.take_out(&name, sequence, id).is_some();
        self.known.remove(id);
        is_there
    }

    /// Changes when a job that was never tried is due.
    pub(in crate::smtp) fn leave_at(&mut self, id: &JobId, at: Timestamp) {
        let Some((name, sequence)) = self.place_of(id) else {
            return;
        };
        let place = self.place(&name, sequence, id);
        let queue = self.queues.get_mut(&name);
        if let (Some(queue), Some(place)) = (queue, place)
            && let Some(entry) = queue.waiting.get_mut(place)
            && entry.brief.attempts == 0
        {
            entry.brief.next_attempt = at;
        }
        self.refresh(&name);
    }

    /// What waits for more lines is due now; answers how many jobs that are.
    pub(in crate::smtp) fn send_drafts(&mut self, now: Timestamp) -> usize {
        let is_draft = |entry: &&ScheduledJob| {
            let brief = &entry.brief;
            brief.changed.is_some() && brief.attempts == 0 && brief.next_attempt > now
        };
        let drafts = self.waiting().filter(is_draft);
        let drafts: Vec<JobId> = drafts.map(|entry| entry.brief.id.clone()).collect();
        for id in &drafts {
            self.leave_at(id, now);
        }
        drafts.len()
    }
}

impl ScheduledJob {
    /// The clock may have been set back since it was written when a mail leaves.
    pub(in crate::smtp) fn limit_gathering(&mut self, now: Timestamp) {
        let brief = &mut self.brief;
        if brief.changed.is_some() && brief.attempts == 0 {
            brief.next_attempt = brief.next_attempt.min(now.plus(GATHER_MAX));
        }
    }
}
