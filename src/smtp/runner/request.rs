//! What commands want of the queue while it runs.

use super::Runner;
use crate::core::id::JobId;
use crate::core::job::{self, Brief, Job};
use crate::core::limits::WAITING_FOUND_MAX;
use crate::core::notice;
use crate::core::outcome::{Attempt, Outcome};
use crate::core::time::Timestamp;
use crate::smtp::command::{By, QueueRequest, Which};
use crate::smtp::outcome;
use crate::smtp::schedule::{FoundJob, ScheduledJob};
use crate::smtp::{JobChange, JobStage, WaitingJob};
use crate::store::spool::Spool;
use jid::BareJid;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;
use tokio::time::Instant;

impl Runner {
    pub(super) fn run_request(&mut self, request: QueueRequest) {
        match request {
            QueueRequest::Page {
                after,
                count,
                answer,
            } => {
                let page = self.page(after, count);
                let tools = Arc::clone(&self.tools);
                tokio::spawn(async move {
                    let _ = answer.send(read(&tools.spool, page).await);
                });
            }
            QueueRequest::Of(user, answer) => {
                let own = self.of(&user);
                let tools = Arc::clone(&self.tools);
                tokio::spawn(async move {
                    let mut own = read(&tools.spool, own).await;
                    own.retain(|one| one.job.is_of(&user));
                    let _ = answer.send(own);
                });
            }
            QueueRequest::Find(id, answer) => {
                let found = self.parts().find(|(part, _)| *part.id() == id);
                let found: Vec<_> = found.into_iter().map(JobView::kept).collect();
                let tools = Arc::clone(&self.tools);
                tokio::spawn(async move {
                    let _ = answer.send(read(&tools.spool, found).await.pop());
                });
            }
            QueueRequest::Reserve(which, answer) => self.reserve(which, answer),
            QueueRequest::Drafts(count, answer) => {
                let mut drafts: Vec<_> = self.parts().filter_map(JobView::changed).collect();
                drafts.sort_unstable_by_key(|(changed, ..)| std::cmp::Reverse(*changed));
                drafts.truncate(count);
                let drafts = drafts.into_iter().map(|(_, part, stage)| (part, stage));
                let drafts: Vec<_> = drafts.map(JobView::kept).collect();
                let tools = Arc::clone(&self.tools);
                tokio::spawn(async move {
                    let _ = answer.send(read(&tools.spool, drafts).await);
                });
            }
            QueueRequest::SendDrafts(answer) => {
                let _ = answer.send(self.schedule.send_drafts(Timestamp::now()));
            }
            QueueRequest::Hasten(id, by, answer) => {
                let _ = answer.send(self.hasten(&id, by));
            }
            QueueRequest::Drop { id, silent, answer } => self.drop_one(&id, silent, answer),
        }
    }

    fn reserve(&mut self, which: Which, answer: oneshot::Sender<Option<Job>>) {
        match self.schedule.reserve(&which) {
            Some(FoundJob::Brief(recall)) => {
                self.recall(recall, Some(QueueRequest::Reserve(which, answer)));
            }
            Some(FoundJob::Whole(found)) => _ = answer.send(Some(found.job)),
            None => _ = answer.send(None),
        }
    }

    pub(super) fn take_back(&mut self, id: &JobId) {
        self.ahead.remove(id);
        if self.schedule.take_back(id) {
            self.depth.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Every job that is not settled yet.
    fn parts(&self) -> impl Iterator<Item = (JobView<'_>, JobStage)> {
        let waits = self.schedule.waiting();
        let waits = waits.map(|entry| (JobView::Waiting(entry), JobStage::Waits));
        let claims = self.claims.values();
        let under_way = claims.map(|job| (JobView::Job(job), JobStage::UnderWay));
        let settled = self.settled.values();
        let settling = settled.map(|settling| (JobView::Job(&settling.job), JobStage::Settling));
        waits.chain(under_way).chain(settling)
    }

    fn page(&self, after: Option<u64>, count: usize) -> Vec<(KeptJob, JobStage)> {
        let is_later = |part: &JobView| after.is_none_or(|after| part.sequence() > after);
        let mut page: Vec<_> = self.parts().filter(|(part, _)| is_later(part)).collect();
        page.sort_unstable_by_key(|(part, _)| part.sequence());
        page.truncate(count);
        page.into_iter().map(JobView::kept).collect()
    }

    /// Those that may be of this user, by their queues: what a job says of its sender may lie in the spool.
    fn of(&self, user: &BareJid) -> Vec<(KeptJob, JobStage)> {
        let own = self.parts();
        let mut own: Vec<_> = own
            .filter(|(part, _)| job::is_ordering_key_of(part.ordering_key(), user))
            .collect();
        // Where there are more, those that wait before those whose outcome has yet to be told.
        own.sort_unstable_by_key(|(part, stage)| (*stage != JobStage::Waits, part.sequence()));
        own.truncate(WAITING_FOUND_MAX);
        own.sort_unstable_by_key(|(part, _)| part.sequence());
        own.into_iter().map(JobView::kept).collect()
    }

    fn hasten(&mut self, id: &JobId, by: By) -> JobChange {
        if !self.schedule.hasten_one(id, Timestamp::now()) {
            return self.not_waiting(id);
        }
        // What one user wishes is no reason to call at a server that has just turned everybody away.
        if by == By::Administrator {
            self.gate.hurry(Instant::now());
        }
        JobChange::Done
    }

    fn drop_one(&mut self, id: &JobId, silent: bool, answer: oneshot::Sender<JobChange>) {
        if self.schedule.is_reserved(id) {
            let _ = answer.send(JobChange::Not(JobStage::UnderWay));
            return;
        }
        let job = match self.schedule.withdraw(id) {
            Some(FoundJob::Whole(found)) => found.job,
            Some(FoundJob::Brief(recall)) => {
                let id = id.clone();
                return self.recall(recall, Some(QueueRequest::Drop { id, silent, answer }));
            }
            None => {
                let _ = answer.send(self.not_waiting(id));
                return;
            }
        };
        tracing::info!(job = %id, silent, "a waiting mail was dropped by a command");
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

    fn not_waiting(&self, id: &JobId) -> JobChange {
        let found = self.parts().find(|(part, _)| part.id() == id);
        found.map_or(JobChange::Unknown, |(_, stage)| JobChange::Not(stage))
    }
}

/// A job, or what is kept of it.
enum JobView<'a> {
    Job(&'a Job),
    Waiting(&'a ScheduledJob),
}

/// The same, to be taken along.
enum KeptJob {
    Job(Box<Job>),
    Brief(Brief),
}

impl<'a> JobView<'a> {
    /// When it last changed, where it can.
    fn changed(
        (part, stage): (JobView<'a>, JobStage),
    ) -> Option<(Timestamp, JobView<'a>, JobStage)> {
        let changed = match &part {
            Self::Job(job) => job.draft.as_ref().map(|draft| draft.last),
            Self::Waiting(entry) => entry.brief.changed,
        };
        changed.map(|changed| (changed, part, stage))
    }
}

impl JobView<'_> {
    fn id(&self) -> &JobId {
        match self {
            Self::Job(job) => &job.id,
            Self::Waiting(entry) => &entry.brief.id,
        }
    }

    fn ordering_key(&self) -> &str {
        match self {
            Self::Job(job) => &job.ordering_key,
            Self::Waiting(entry) => &entry.brief.ordering_key,
        }
    }

    fn sequence(&self) -> u64 {
        match self {
            Self::Job(job) => job.sequence,
            Self::Waiting(entry) => entry.brief.sequence,
        }
    }

    fn kept((part, stage): (Self, JobStage)) -> (KeptJob, JobStage) {
        let kept = match part {
            Self::Job(job) => KeptJob::Job(Box::new(job.clone())),
            Self::Waiting(entry) => match &entry.whole {
                Some(whole) => {
                    let mut job = whole.job.clone();
                    entry.brief.complete(&mut job);
                    KeptJob::Job(Box::new(job))
                }
                None => KeptJob::Brief(entry.brief.clone()),
            },
        };
        (kept, stage)
    }
}

/// The jobs, but for those that have left the spool meanwhile.
async fn read(spool: &Spool, parts: Vec<(KeptJob, JobStage)>) -> Vec<WaitingJob> {
    let mut read = Vec::new();
    for (kept, stage) in parts {
        let job = match kept {
            KeptJob::Job(job) => Some(*job),
            KeptJob::Brief(brief) => spool.read_job(&brief).await.ok(),
        };
        read.extend(job.map(|job| WaitingJob { job, stage }));
    }
    read
}
