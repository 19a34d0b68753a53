//! What is said between the queue, its runner and the tasks of that: what the runner is told, what is asked of it, and what became
//! of an attempt.

use crate::core::id::JobId;
use crate::core::job::Job;
use crate::core::operation::{JobChange, WaitingJob};
use crate::core::outcome::{Attempt, JobVerdict};
use crate::core::time::Timestamp;
use jid::BareJid;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::oneshot;

/// Mails that are kept in memory besides the spool, in octets over all: what comes and goes at once is not read again.
const MEMORY_OCTETS_MAX: usize = 8 * 1024 * 1024;

/// What became of one attempt at a job; there is none of a job that is [`Job::silent`] and has no origin. The receiver makes
/// everything about it durable, tells whom it concerns, and then answers; only then is the mail's file rewritten or removed.
#[derive(Debug)]
pub struct Settle {
    /// The job after the attempt: [`Job::to`] has those who are neither served nor refused.
    pub job: Job,
    /// What became of each recipient.
    pub attempt: Attempt,
    /// What is to become of the job.
    pub verdict: JobVerdict,
    /// Where to answer. Dropped without an answer: the file stays as it is, and after a restart the attempt is repeated.
    pub done: oneshot::Sender<Settled>,
}

/// The answer to a [`Settle`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The sender was told that the mail is delayed: kept as [`Job::delay_told`].
    pub delay_told: bool,
}

/// What a [`Runner`](crate::smtp::Runner) is told while it runs.
#[derive(Debug)]
pub(super) enum RunnerCommand {
    /// A job that the spool has accepted.
    Push(Box<Job>, Option<MailBytes>),
    /// Try everything now.
    Flush,
    /// Say when nothing that is due is left.
    TellDrained(oneshot::Sender<()>),
    /// A new connection is up.
    Connected,
    /// Something that an admin wants.
    Request(QueueRequest),
    /// What was to be decided of reserved jobs is decided.
    Release(Vec<JobId>),
    /// This reserved job has left the spool.
    TakeBack(JobId),
    /// This job, where it was never tried, is due then.
    LeaveAt(JobId, Timestamp),
}

/// Who wants a job tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Who knows why the mail server turned everybody away, and that it will not now.
    Administrator,
    /// The user who wrote it.
    User,
}

/// What an admin wants of the queue, and where the answer goes.
#[derive(Debug)]
pub(super) enum QueueRequest {
    Page {
        after: Option<u64>,
        count: usize,
        answer: oneshot::Sender<Vec<WaitingJob>>,
    },
    Of(BareJid, oneshot::Sender<Vec<WaitingJob>>),
    Find(JobId, oneshot::Sender<Option<WaitingJob>>),
    Reserve(Which, oneshot::Sender<Option<Job>>),
    Drafts(usize, oneshot::Sender<Vec<WaitingJob>>),
    SendDrafts(oneshot::Sender<usize>),
    Hasten(JobId, By, oneshot::Sender<JobChange>),
    Drop {
        id: JobId,
        silent: bool,
        answer: oneshot::Sender<JobChange>,
    },
}

/// Which job is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of this id.
    Id(JobId),
    /// The last one of this queue.
    LastOf(String),
}

/// How many octets of mails are in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Arc<AtomicUsize>);

impl Memory {
    /// `None` where there is no room.
    pub(super) fn keep(&self, bytes: Vec<u8>) -> Option<MailBytes> {
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
