//! The queue of mails that wait for the SMTP server: how mails get in, and how one learns what became of them.
//!
//! An attempt ends as a [`Settle`]; the mail's file is rewritten or removed only after that was answered, so that a
//! crash at any point repeats something (with the same Message-ID) and loses nothing.

use crate::core::id::JobId;
use crate::core::job::{Brief, Job};
use crate::core::outcome::Attempt;
use crate::core::outcome::Verdict;
use crate::smtp::attempt::Tools;
use crate::smtp::connect::Connector;
use crate::smtp::runner::Runner;
use crate::store::spool::Spool;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Mails that are kept in memory besides the spool, in octets over all: what comes and goes at once is not read again.
const MEMORY_OCTETS_MAX: usize = 8 * 1024 * 1024;

/// What became of one attempt at a job. A job that is [`Job::silent`] and has no origin has none. The receiver makes everything about it durable, tells whom it concerns, and
/// then answers; only then is the mail's file rewritten or removed.
#[derive(Debug)]
pub struct Settle {
    /// The job after the attempt: [`Job::to`] has those who are neither served nor refused.
    pub job: Job,
    /// What became of each recipient.
    pub attempt: Attempt,
    /// What is to become of the job.
    pub verdict: Verdict,
    /// Where to answer. Dropped without an answer: the file stays as it is, and after a restart the attempt is repeated.
    pub done: oneshot::Sender<Settled>,
}

/// The answer to a [`Settle`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The sender was told that the mail is delayed: kept as [`Job::delay_told`].
    pub delay_told: bool,
}

/// Hands mails to the [`Runner`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    inbox: mpsc::UnboundedSender<Command>,
    depth: Arc<AtomicUsize>,
    memory: Memory,
}

/// What a [`Runner`] is told while it runs.
#[derive(Debug)]
pub(super) enum Command {
    /// A job that the spool has accepted.
    Push(Box<Job>, Option<MailBytes>),
    /// Try everything now.
    Flush,
    /// Say when nothing that is due is left.
    TellDrained(oneshot::Sender<()>),
    /// A new connection is up.
    Connected,
    /// Something that an admin wants.
    Errand(Errand),
}

/// What an admin wants of the queue, and where the answer goes.
#[derive(Debug)]
pub(super) enum Errand {
    Page {
        after: Option<u64>,
        count: usize,
        answer: oneshot::Sender<Vec<Waiting>>,
    },
    Find(JobId, oneshot::Sender<Option<Waiting>>),
    Hasten(JobId, oneshot::Sender<Change>),
    Drop {
        id: JobId,
        silent: bool,
        answer: oneshot::Sender<Change>,
    },
}

/// A job of the queue, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The job.
    pub job: Job,
    /// What it waits for.
    pub stage: Stage,
}

/// What a job waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its next attempt.
    Waits,
    /// The end of an attempt.
    UnderWay,
    /// That those are told whom the last attempt concerns.
    Settling,
}

/// What became of an admin's wish about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is done.
    Done,
    /// It cannot be done at this stage.
    Not(Stage),
    /// There is no such job.
    Unknown,
    /// Its file cannot be read at the moment.
    Unreadable,
}

impl Queue {
    /// A queue with the jobs that were found in the spool, and what serves it: nothing is sent until
    /// [`Runner::run`] is polled. A mail is given up `expire` after its acceptance.
    pub fn start(
        connector: Connector,
        spool: Arc<Spool>,
        jobs: Vec<Brief>,
        expire: Duration,
        settle: mpsc::Sender<Settle>,
    ) -> (Self, Runner) {
        let (sender, inbox) = mpsc::unbounded_channel();
        let depth = Arc::new(AtomicUsize::new(jobs.len()));
        let queue = Self {
            inbox: sender.clone(),
            depth: Arc::clone(&depth),
            memory: Memory::default(),
        };
        let tools = Tools {
            connector,
            spool,
            settle,
            inbox: sender,
        };
        (queue, Runner::new(tools, inbox, depth, jobs, expire))
    }

    /// Adds a job that the spool has accepted. With `bytes` the mail need not be read from the spool, as long as there
    /// is room in memory. A job that is here already is not added again, unless it is [`Job::replaceable`]: then it takes
    /// the place of the one that waits, with that one's schedule if that was deferred, or goes after the one that is
    /// under way. Such jobs are to be pushed in the order of their [`Job::sequence`].
    pub fn push(&self, job: Job, bytes: Option<Vec<u8>>) {
        self.depth.fetch_add(1, Ordering::Relaxed);
        let bytes = bytes.and_then(|bytes| self.memory.keep(bytes));
        // Nobody receives it after a stop; then it waits in the spool for the next start.
        let _ = self.inbox.send(Command::Push(Box::new(job), bytes));
    }

    /// Waits until everything is sent that can be sent now, at most for `limit`: no job that is due is waiting or under
    /// way. Deferred jobs and those for which there is no server do not count, nor does what waits for its [`Settle`] to
    /// be answered. What was pushed before counts. False where the limit has passed or nothing is sent any more.
    pub async fn drained(&self, limit: Duration) -> bool {
        let (tell, told) = oneshot::channel();
        let _ = self.inbox.send(Command::TellDrained(tell));
        matches!(tokio::time::timeout(limit, told).await, Ok(Ok(())))
    }

    /// Jobs that are not settled yet.
    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }

    /// Jobs in the order of their acceptance, from the first one with a sequence over `after`. `None` where nothing is sent
    /// any more; so for the others.
    pub async fn page(&self, after: Option<u64>, count: usize) -> Option<Vec<Waiting>> {
        let page = |answer| Errand::Page {
            after,
            count,
            answer,
        };
        self.errand(page).await
    }

    /// One job.
    pub async fn find(&self, id: JobId) -> Option<Option<Waiting>> {
        self.errand(|answer| Errand::Find(id, answer)).await
    }

    /// Tries one job now, after those before it in its lane, the server included.
    pub async fn hasten(&self, id: JobId) -> Option<Change> {
        self.errand(|answer| Errand::Hasten(id, answer)).await
    }

    /// Takes a job out of the queue. Its sender is told as of a refusal, unless `silent`. Answers when that is done, the
    /// file gone: while nobody can be told, it waits.
    pub async fn withdraw(&self, id: JobId, silent: bool) -> Option<Change> {
        let withdraw = |answer| Errand::Drop { id, silent, answer };
        self.errand(withdraw).await
    }

    async fn errand<T>(&self, errand: impl FnOnce(oneshot::Sender<T>) -> Errand) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let _ = self.inbox.send(Command::Errand(errand(answer)));
        answered.await.ok()
    }

    /// Tries everything again now, the server included.
    pub fn flush_now(&self) {
        let _ = self.inbox.send(Command::Flush);
    }
}

/// How many octets of mails are in memory.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<AtomicUsize>);

impl Memory {
    /// `None` where there is no room.
    fn keep(&self, bytes: Vec<u8>) -> Option<MailBytes> {
        let size = bytes.len();
        let before = self.0.fetch_add(size, Ordering::Relaxed);
        // It is given back when this is dropped, be it at once.
        let kept = MailBytes {
            bytes,
            counted_in: Some(self.clone()),
        };
        (before.saturating_add(size) <= MEMORY_OCTETS_MAX).then_some(kept)
    }
}

/// A mail in memory.
#[derive(Debug)]
pub(super) struct MailBytes {
    bytes: Vec<u8>,
    counted_in: Option<Memory>,
}

impl MailBytes {
    pub(super) fn uncounted(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            counted_in: None,
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for MailBytes {
    fn drop(&mut self) {
        if let Some(Memory(octets)) = &self.counted_in {
            octets.fetch_sub(self.bytes.len(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_mails_are_kept_in_memory() {
        let memory = Memory::default();
        let mega = || memory.keep(vec![0; 1024 * 1024]);
        let kept: Vec<_> = (0..10).filter_map(|_| mega()).collect();
        assert_eq!(kept.len(), 8);
        drop(kept);
        assert!(mega().is_some());
        assert_eq!(memory.0.load(Ordering::Relaxed), 0);
    }
}
