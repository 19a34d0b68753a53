//! What an admin wants of the queue while it runs.

use super::Runner;
use crate::core::id::JobId;
use crate::core::job::{Brief, Job};
use crate::core::notice;
use crate::core::outcome::{Attempt, Outcome};
use crate::core::time::Timestamp;
use crate::smtp::outcome;
use crate::smtp::queue::{Change, Errand, Stage, Waiting};
use crate::smtp::schedule::{Entry, Found};
use crate::store::spool::Spool;
use std::sync::Arc;
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
                let page = self.page(after, count);
                let tools = Arc::clone(&self.tools);
                tokio::spawn(async move {
                    let _ = answer.send(read(&tools.spool, page).await);
                });
            }
            Errand::Find(id, answer) => {
                let found = self.parts().find(|(part, _)| *part.id() == id);
                let found: Vec<_> = found.into_iter().map(Part::kept).collect();
                let tools = Arc::clone(&self.tools);
                tokio::spawn(async move {
                    let _ = answer.send(read(&tools.spool, found).await.pop());
                });
            }
            Errand::Hasten(id, answer) => {
                let _ = answer.send(self.hasten(&id));
            }
            Errand::Drop { id, silent, answer } => self.drop_one(&id, silent, answer),
        }
    }

    /// Every job that is not settled yet.
    fn parts(&self) -> impl Iterator<Item = (Part<'_>, Stage)> {
        let waits = self.schedule.waiting();
        let waits = waits.map(|entry| (Part::Waiting(entry), Stage::Waits));
        let claims = self.claims.values();
        let under_way = claims.map(|job| (Part::Job(job), Stage::UnderWay));
        let settled = self.settled.values();
        let settling = settled.map(|settling| (Part::Job(&settling.job), Stage::Settling));
        waits.chain(under_way).chain(settling)
    }

    fn page(&self, after: Option<u64>, count: usize) -> Vec<(Kept, Stage)> {
        let is_later = |part: &Part| after.is_none_or(|after| part.sequence() > after);
        let mut page: Vec<_> = self.parts().filter(|(part, _)| is_later(part)).collect();
        page.sort_unstable_by_key(|(part, _)| part.sequence());
        page.truncate(count);
        page.into_iter().map(Part::kept).collect()
    }

    fn hasten(&mut self, id: &JobId) -> Change {
        if !self.schedule.hasten_one(id, Timestamp::now()) {
            return self.not_waiting(id);
        }
        self.gate.hurry(Instant::now());
        Change::Done
    }

    fn drop_one(&mut self, id: &JobId, silent: bool, answer: oneshot::Sender<Change>) {
        let job = match self.schedule.withdraw(id) {
            Some(Found::Whole(found)) => found.job,
            Some(Found::Brief(recall)) => {
                let id = id.clone();
                return self.recall(recall, Some(Errand::Drop { id, silent, answer }));
            }
            None => {
                let _ = answer.send(self.not_waiting(id));
                return;
            }
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
        let found = self.parts().find(|(part, _)| part.id() == id);
        found.map_or(Change::Unknown, |(_, stage)| Change::Not(stage))
    }
}

/// A job, or what is kept of it.
enum Part<'a> {
    Job(&'a Job),
    Waiting(&'a Entry),
}

/// The same, to be taken along.
enum Kept {
    Job(Box<Job>),
    Brief(Brief),
}

impl Part<'_> {
    fn id(&self) -> &JobId {
        match self {
            Self::Job(job) => &job.id,
            Self::Waiting(entry) => &entry.brief.id,
        }
    }

    fn sequence(&self) -> u64 {
        match self {
            Self::Job(job) => job.sequence,
            Self::Waiting(entry) => entry.brief.sequence,
        }
    }

    fn kept((part, stage): (Self, Stage)) -> (Kept, Stage) {
        let kept = match part {
            Self::Job(job) => Kept::Job(Box::new(job.clone())),
            Self::Waiting(entry) => match &entry.whole {
                Some(whole) => {
                    let mut job = whole.job.clone();
                    entry.brief.complete(&mut job);
                    Kept::Job(Box::new(job))
                }
                None => Kept::Brief(entry.brief.clone()),
            },
        };
        (kept, stage)
    }
}

/// The jobs, but for those that have left the spool meanwhile.
async fn read(spool: &Spool, parts: Vec<(Kept, Stage)>) -> Vec<Waiting> {
    let mut read = Vec::new();
    for (kept, stage) in parts {
        let job = match kept {
            Kept::Job(job) => Some(*job),
            Kept::Brief(brief) => spool.read_job(&brief).await.ok(),
        };
        read.extend(job.map(|job| Waiting { job, stage }));
    }
    read
}
