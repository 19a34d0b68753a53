//! What commands want of the queue while it runs.

use super::Runner;
use crate::core::id::JobId;
use crate::core::job::{self, Brief, Job};
use crate::core::limits::WAITING_FOUND_MAX;
use crate::core::notice;
use crate::core::outcome::{Attempt, Outcome};
use crate::core::time::Timestamp;
use crate::smtp::command::{By, Errand, Which};
use crate::smtp::outcome;
use crate::smtp::schedule::{Entry, Found};
use crate::smtp::{Change, Stage, Waiting};
use crate::store::spool::Spool;
use jid::BareJid;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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
            Errand::Of(user, answer) => {
                let own = self.of(&user);
                let tools = Arc::clone(&self.tools);
                tokio::spawn(async move {
                    let mut own = read(&tools.spool, own).await;
                    own.retain(|one| one.job.is_of(&user));
                    let _ = answer.send(own);
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
            Errand::Reserve(which, answer) => self.reserve(which, answer),
            Errand::Drafts(count, answer) => {
                let mut drafts: Vec<_> = self.parts().filter_map(Part::changed).collect();
                drafts.sort_unstable_by_key(|(changed, ..)| std::cmp::Reverse(*changed));
                drafts.truncate(count);
                let drafts = drafts.into_iter().map(|(_, part, stage)| (part, stage));
                let drafts: Vec<_> = drafts.map(Part::kept).collect();
                let tools = Arc::clone(&self.tools);
                tokio::spawn(async move {
                    let _ = answer.send(read(&tools.spool, drafts).await);
                });
            }
            Errand::SendDrafts(answer) => {
                let _ = answer.send(self.schedule.send_drafts(Timestamp::now()));
            }
            Errand::Hasten(id, by, answer) => {
                let _ = answer.send(self.hasten(&id, by));
            }
            Errand::Drop { id, silent, answer } => self.drop_one(&id, silent, answer),
        }
    }

    fn reserve(&mut self, which: Which, answer: oneshot::Sender<Option<Job>>) {
        match self.schedule.reserve(&which) {
            Some(Found::Brief(recall)) => {
                self.recall(recall, Some(Errand::Reserve(which, answer)));
            }
            Some(Found::Whole(found)) => _ = answer.send(Some(found.job)),
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

    /// Those that may be of this user, by their lanes: what a job says of its sender may lie in the spool.
    fn of(&self, user: &BareJid) -> Vec<(Kept, Stage)> {
        let own = self.parts();
        let mut own: Vec<_> = own
            .filter(|(part, _)| job::is_lane_of(part.lane(), user))
            .collect();
        // Where there are more, those that wait before those whose outcome has yet to be told.
        own.sort_unstable_by_key(|(part, stage)| (*stage != Stage::Waits, part.sequence()));
        own.truncate(WAITING_FOUND_MAX);
        own.sort_unstable_by_key(|(part, _)| part.sequence());
        own.into_iter().map(Part::kept).collect()
    }

    fn hasten(&mut self, id: &JobId, by: By) -> Change {
        if !self.schedule.hasten_one(id, Timestamp::now()) {
            return self.not_waiting(id);
        }
        // What one user wishes is no reason to call at a server that has just turned everybody away.
        if by == By::Administrator {
            self.gate.hurry(Instant::now());
        }
        Change::Done
    }

    fn drop_one(&mut self, id: &JobId, silent: bool, answer: oneshot::Sender<Change>) {
        if self.schedule.is_reserved(id) {
            let _ = answer.send(Change::Not(Stage::UnderWay));
            return;
        }
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

impl<'a> Part<'a> {
    /// When it last changed, where it can.
    fn changed((part, stage): (Part<'a>, Stage)) -> Option<(Timestamp, Part<'a>, Stage)> {
        let changed = match &part {
            Self::Job(job) => job.draft.as_ref().map(|draft| draft.last),
            Self::Waiting(entry) => entry.brief.changed,
        };
        changed.map(|changed| (changed, part, stage))
    }
}

impl Part<'_> {
    fn id(&self) -> &JobId {
        match self {
            Self::Job(job) => &job.id,
            Self::Waiting(entry) => &entry.brief.id,
        }
    }

    fn lane(&self) -> &str {
        match self {
            Self::Job(job) => &job.lane,
            Self::Waiting(entry) => &entry.brief.lane,
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
