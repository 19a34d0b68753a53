//! The queue of mails that wait for the SMTP server: how mails get in, and how one learns what became of them.
//!
//! An attempt ends as a [`Settle`]; the mail's file is rewritten or removed only after that was answered, so that a
//! crash at any point repeats something (with the same Message-ID) and loses nothing.

use crate::core::id::JobId;
use crate::core::job::{Brief, Job};
use crate::core::operation::{JobChange, WaitingJob};
use crate::core::time::Timestamp;
use crate::net::trouble::OngoingTrouble;
use crate::smtp::attempt::Tools;
use crate::smtp::command::{By, Memory, QueueRequest, RunnerCommand, Settle, Which};
use crate::smtp::connect::SmtpConnector;
use crate::smtp::runner::Runner;
use crate::store::spool::Spool;
use jid::BareJid;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Hands mails to the [`Runner`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    inbox: mpsc::UnboundedSender<RunnerCommand>,
    depth: Arc<AtomicUsize>,
    memory: Memory,
    trouble: watch::Receiver<Option<OngoingTrouble>>,
}

impl Queue {
    /// A queue with the jobs that were found in the spool, and what serves it: nothing is sent until
    /// [`Runner::run`] is polled. A mail is given up `expire` after its acceptance.
    pub fn start(
        connector: SmtpConnector,
        spool: Arc<Spool>,
        jobs: Vec<Brief>,
        expire: Duration,
        settle: mpsc::Sender<Settle>,
    ) -> (Self, Runner) {
        let (sender, inbox) = mpsc::unbounded_channel();
        let depth = Arc::new(AtomicUsize::new(jobs.len()));
        let trouble = watch::Sender::default();
        let queue = Self {
            inbox: sender.clone(),
            depth: Arc::clone(&depth),
            memory: Memory::default(),
            trouble: trouble.subscribe(),
        };
        let tools = Tools {
            connector,
            spool,
            settle,
            inbox: sender,
            trouble,
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
        let _ = self.inbox.send(RunnerCommand::Push(Box::new(job), bytes));
    }

    /// Waits until everything is sent that can be sent now, at most for `limit`: no job that is due is waiting or under
    /// way. Deferred jobs and those for which there is no server do not count, nor does what waits for its [`Settle`] to
    /// be answered. What was pushed before counts. False where the limit has passed or nothing is sent any more.
    pub async fn drained(&self, limit: Duration) -> bool {
        let (tell, told) = oneshot::channel();
        let _ = self.inbox.send(RunnerCommand::TellDrained(tell));
        matches!(tokio::time::timeout(limit, told).await, Ok(Ok(())))
    }

    /// Why the mail server is not reached, where it was not when it was needed last.
    pub fn trouble(&self) -> Option<OngoingTrouble> {
        self.trouble.borrow().clone()
    }

    /// Jobs that are not settled yet.
    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }

    /// Jobs in the order of their acceptance, from the first one with a sequence over `after`. `None` where nothing is sent
    /// any more; so for the others.
    pub async fn page(&self, after: Option<u64>, count: usize) -> Option<Vec<WaitingJob>> {
        let page = |answer| QueueRequest::Page {
            after,
            count,
            answer,
        };
        self.ask(page).await
    }

    /// Jobs whose sender is this user, who is told what becomes of them, in the order of their acceptance: at most
    /// [`WAITING_FOUND_MAX`](crate::core::limits::WAITING_FOUND_MAX).
    pub async fn of(&self, user: BareJid) -> Option<Vec<WaitingJob>> {
        self.ask(|answer| QueueRequest::Of(user, answer)).await
    }

    /// One job.
    pub async fn find(&self, id: JobId) -> Option<Option<WaitingJob>> {
        self.ask(|answer| QueueRequest::Find(id, answer)).await
    }

    /// Tries one job now, after those before it in its queue; by an administrator, the server included, which is left alone
    /// otherwise for as long as it has not answered.
    pub async fn hasten(&self, id: JobId, by: By) -> Option<JobChange> {
        self.ask(|answer| QueueRequest::Hasten(id, by, answer))
            .await
    }

    /// Takes a job out of the queue. Its sender is told as of a refusal, unless `silent`. Answers when that is done, the
    /// file gone: while nobody can be told, it waits.
    pub async fn withdraw(&self, id: JobId, silent: bool) -> Option<JobChange> {
        let withdraw = |answer| QueueRequest::Drop { id, silent, answer };
        self.ask(withdraw).await
    }

    /// A job that waits, and of which nobody can have seen anything. It stays where it is until [`Queue::release`]; meanwhile
    /// [`Queue::push`] of a job with its id and sequence puts that in its place. `None` where it does not wait.
    pub async fn reserve(&self, which: Which) -> Option<Job> {
        let reserve = |answer| QueueRequest::Reserve(which, answer);
        self.ask(reserve).await.flatten()
    }

    /// Ends the reservation of these jobs.
    pub fn release(&self, ids: Vec<JobId>) {
        if !ids.is_empty() {
            let _ = self.inbox.send(RunnerCommand::Release(ids));
        }
    }

    /// The jobs that were changed last among those that can still change.
    pub async fn drafts(&self, count: usize) -> Vec<Job> {
        let drafts = |answer| QueueRequest::Drafts(count, answer);
        let drafts = self.ask(drafts).await.unwrap_or_default();
        drafts.into_iter().map(|waiting| waiting.job).collect()
    }

    /// Sends now what waits for more lines; answers how many mails that are.
    pub async fn send_drafts(&self) -> usize {
        self.ask(QueueRequest::SendDrafts).await.unwrap_or_default()
    }

    /// Changes when a job is due that was never tried.
    pub fn leave_at(&self, id: JobId, at: Timestamp) {
        let _ = self.inbox.send(RunnerCommand::LeaveAt(id, at));
    }

    /// Drops a reserved job that has been removed from the spool.
    pub fn take_back(&self, id: JobId) {
        let _ = self.inbox.send(RunnerCommand::TakeBack(id));
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> QueueRequest) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let _ = self.inbox.send(RunnerCommand::Request(request(answer)));
        answered.await.ok()
    }

    /// Tries everything again now, the server included.
    pub fn flush_now(&self) {
        let _ = self.inbox.send(RunnerCommand::Flush);
    }
}
