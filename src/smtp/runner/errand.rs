//! What an admin wants of the queue while it runs.

use super::Runner;
use crate::core::id::JobId;
use crate::core::job::Job;
use crate::core::notice;
use crate::core::outcome::{Attempt, Outcome};
use crate::core::time::Timestamp;
use crate::smtp::outcome;
use crate::smtp::queue::{Change, Errand, Stage, Waiting};
use tokio::sync::oneshot;
use tokio::time::Instant;

impl Runner {
    pub(super) fn run_errand(&mut self, errand: Errand) {
        match errand {
            Errand::Page {
                after,
                count,
                answer,
            } => {
                let _ = answer.send(self.page(after, count));
            }
            Errand::Find(id, answer) => {
                let found = self.jobs().find(|(job, _)| job.id == id);
                let _ = answer.send(found.map(waiting));
            }
            Errand::Hasten(id, answer) => {
                let _ = answer.send(self.hasten(&id));
            }
            Errand::Drop { id, silent, answer } => self.drop_one(&id, silent, answer),
        }
    }

    /// Every job that is not settled yet.
    fn jobs(&self) -> impl Iterator<Item = (&Job, Stage)> {
        let waits = self.schedule.waiting().map(|job| (job, Stage::Waits));
        let claims = self.claims.values();
        let under_way = claims.map(|job| (job.as_ref(), Stage::UnderWay));
        let settled = self.settled.values();
        let settling = settled.map(|settling| (&settling.job, Stage::Settling));
        waits.chain(under_way).chain(settling)
    }

    fn page(&self, after: Option<u64>, count: usize) -> Vec<Waiting> {
        let is_later = |job: &Job| after.is_none_or(|after| job.sequence > after);
        let mut page: Vec<_> = self.jobs().filter(|(job, _)| is_later(job)).collect();
        page.sort_unstable_by_key(|(job, _)| job.sequence);
        page.truncate(count);
        page.into_iter().map(waiting).collect()
    }

    fn hasten(&mut self, id: &JobId) -> Change {
        if !self.schedule.hasten_one(id, Timestamp::now()) {
            return self.not_waiting(id);
        }
        self.gate.hurry(Instant::now());
        Change::Done
    }

    fn drop_one(&mut self, id: &JobId, silent: bool, answer: oneshot::Sender<Change>) {
        let Some(job) = self.schedule.withdraw(id) else {
            let _ = answer.send(self.not_waiting(id));
            return;
        };
        tracing::info!(job = %id, silent, "an administrator dropped a waiting mail");
        if silent {
            return self.spawn_discard(job, Some(answer));
        }
        let refused = Outcome::Refused(outcome::no_reply(notice::DROPPED));
        let attempt: Attempt = job
            .to
            .iter()
            .map(|to| (to.clone(), refused.clone()))
            .collect();
        let (job, verdict) = outcome::settle(job, &attempt, Timestamp::now(), self.expire, 0);
        self.spawn_settle(job, attempt, verdict, false, Some(answer));
    }

    fn not_waiting(&self, id: &JobId) -> Change {
        let found = self.jobs().find(|(job, _)| job.id == *id);
        found.map_or(Change::Unknown, |(_, stage)| Change::Not(stage))
    }
}

fn waiting((job, stage): (&Job, Stage)) -> Waiting {
    let job = job.clone();
    Waiting { job, stage }
}
