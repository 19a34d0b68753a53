//! Jobs whose turn it is, and those whose turn is to come again: and when they are due by the spool, which is all that the next
//! process knows of them.

use super::Runner;
use crate::core::job::Job;
use crate::core::time::Timestamp;
use crate::smtp::schedule::{FoundJob, ScheduledJob};
use std::sync::atomic::Ordering;

impl Runner {
    /// The next one that is due.
    pub(super) fn claim(&mut self, now: Timestamp) -> Option<FoundJob> {
        let found = self.schedule.claim(now);
        if let Some(FoundJob::Whole(found)) = &found
            && found.noted > now
        {
            self.noted.insert(found.job.id.clone(), found.noted);
        }
        found
    }

    /// Whether the spool says all of it; `None` where that was not to be changed.
    pub(super) fn note(&mut self, job: &Job, is_updated: Option<bool>) {
        match is_updated {
            Some(true) => {
                self.ahead.remove(&job.id);
                self.noted.insert(job.id.clone(), job.next_attempt);
            }
            Some(false) => _ = self.ahead.insert(job.id.clone()),
            None => {}
        }
    }

    /// Its turn comes again. Of what is not noted the spool has said long since that it is due.
    pub(super) fn put_back(&mut self, job: Job, is_held: bool) {
        let is_ahead = self.ahead.contains(&job.id);
        let noted = self.noted.remove(&job.id).unwrap_or_default();
        let entry = ScheduledJob::again(job, is_held, is_ahead, noted);
        if !self.schedule.put_back(entry) {
            self.depth.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
