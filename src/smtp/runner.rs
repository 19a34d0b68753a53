//! The one task that serves the queue: which mail goes now over which connection, and what follows from each attempt.
//!
//! Settling does not hold up the connections: up to [`SETTLING_MAX`] attempts may wait for their answer.

#[cfg(test)]
mod days;
mod recall;
mod request;
#[cfg(test)]
mod tests;
mod turn;

use crate::core::address::MailAddress;
use crate::core::id::JobId;
use crate::core::job::{Brief, Job};
use crate::core::outcome::JobVerdict;
use crate::core::outcome::{Attempt, Outcome};
use crate::core::retry;
use crate::core::time::Timestamp;
use crate::net::trouble::OngoingTrouble;
use crate::smtp::JobChange;
use crate::smtp::attach::{Attacher, FETCHES_MAX, TURN, attach};
use crate::smtp::attempt::{self, Concluded, Finished, Tools, Tried, connect, settle, transact};
use crate::smtp::command::{QueueRequest, RunnerCommand};
use crate::smtp::connect::ConnectError;
use crate::smtp::gate::Gate;
use crate::smtp::outcome;
use crate::smtp::schedule::{FoundJob, Recall, Schedule, ScheduledJob, WholeJob};
use crate::smtp::submit::SmtpConnection;
use crate::store::spool::SpoolError;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Attempts that wait for their [`Settle`](crate::smtp::Settle) to be answered, at most. Then the connections wait, too.
const SETTLING_MAX: usize = 4096;
/// Jobs that are read from the spool at the same time.
const READS_MAX: usize = 64;
/// How long running transactions may go on after a stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// The longest sleep: a clock that is set is noticed after it.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// How far the clock may go back before the schedule is taken for nonsense.
const CLOCK_SLACK: Duration = Duration::from_secs(60);
/// Mails do not expire for want of a server in the first minutes of trouble: after a long standstill of this machine the
/// mail server may just not be up yet.
const EXPIRY_GRACE: Duration = Duration::from_secs(600);

/// A job that is being settled.
struct Settling {
    job: Job,
    /// The admin who wants it dropped.
    dropped_for: Option<oneshot::Sender<JobChange>>,
}

/// Serves a queue.
pub struct Runner {
    tools: Arc<Tools>,
    expire: Duration,
    inbox: mpsc::UnboundedReceiver<RunnerCommand>,
    depth: Arc<AtomicUsize>,
    schedule: Schedule,
    gate: Gate,
    /// Connections between two transactions with the time of their last use, the oldest first.
    idle: Vec<(Instant, SmtpConnection)>,
    running: JoinSet<Finished>,
    /// The jobs of the running transactions.
    claims: HashMap<Id, Arc<Job>>,
    /// Files of mails that are fetched. Their jobs are among the claims.
    fetches: JoinSet<Job>,
    /// Who does that; `None`: mails leave as they are.
    attacher: Option<Attacher>,
    settling: JoinSet<Concluded>,
    /// What is being settled.
    settled: HashMap<Id, Settling>,
    /// Jobs that are being read from the spool since it is their turn, or since an admin wants something of them.
    reads: JoinSet<Result<Job, SpoolError>>,
    recalls: HashMap<Id, (Recall, Option<QueueRequest>)>,
    /// Jobs whose files could not be brought up to date.
    ahead: HashSet<JobId>,
    /// When jobs that are under way before the spool says so are due by it.
    noted: HashMap<JobId, Timestamp>,
    /// Who is told when nothing that is due is left.
    want_drained: Vec<oneshot::Sender<()>>,
    last_look: Timestamp,
}

impl Runner {
    pub(super) fn new(
        tools: Tools,
        inbox: mpsc::UnboundedReceiver<RunnerCommand>,
        depth: Arc<AtomicUsize>,
        jobs: Vec<Brief>,
        expire: Duration,
    ) -> Self {
        let now = Timestamp::now();
        let mut runner = Self {
            tools: Arc::new(tools),
            expire,
            inbox,
            depth,
            schedule: Schedule::default(),
            gate: Gate::default(),
            idle: Vec::new(),
            running: JoinSet::new(),
            claims: HashMap::new(),
            fetches: JoinSet::new(),
            attacher: None,
            settling: JoinSet::new(),
            settled: HashMap::new(),
            reads: JoinSet::new(),
            recalls: HashMap::new(),
            ahead: HashSet::new(),
            noted: HashMap::new(),
            want_drained: Vec::new(),
            last_look: now,
        };
        for brief in jobs {
            let mut entry = ScheduledJob::found(brief, now);
            limit_wait(&mut entry.brief.next_attempt, now);
            entry.limit_gathering(now);
            runner.add(entry);
        }
        runner
    }

    /// With somebody who fetches the files of mails.
    #[must_use]
    pub fn attaching(mut self, attacher: Option<Attacher>) -> Self {
        self.attacher = attacher;
        self
    }

    /// Sends mails until `stop`; then lets running transactions end, for ten seconds at most.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            self.look_at_the_clock();
            self.close_idle();
            let due = self.fill();
            self.tell_drained();
            let wake = self.next_wake(due);
            tokio::select! {
                () = stop.cancelled() => break,
                Some(command) = self.inbox.recv() => self.obey(command),
                Some(result) = self.running.join_next_with_id() => self.finished(result),
                Some(result) = self.settling.join_next_with_id() => self.concluded(result),
                Some(result) = self.fetches.join_next_with_id() => self.attached(result),
                Some(result) = self.reads.join_next_with_id() => self.recalled(result),
                () = tokio::time::sleep_until(wake) => {}
            }
        }
        if tokio::time::timeout(STOP_LIMIT, self.leave())
            .await
            .is_err()
        {
            tracing::warn!(
                "mails were on their way when the gateway stopped; they are repeated at the next start"
            );
        }
    }

    async fn leave(&mut self) {
        while let Some(result) = self.running.join_next_with_id().await {
            self.finished(result);
        }
        while let Some(result) = self.settling.join_next_with_id().await {
            self.concluded(result);
        }
        let goodbyes = self.idle.drain(..).map(|(_, connection)| connection.quit());
        futures::future::join_all(goodbyes).await;
    }

    fn obey(&mut self, command: RunnerCommand) {
        match command {
            RunnerCommand::Push(job, bytes) => {
                if self.schedule.is_reserved(&job.id) {
                    self.ahead.remove(&job.id);
                }
                self.add(ScheduledJob::fresh(*job, bytes));
            }
            RunnerCommand::Release(ids) => ids.iter().for_each(|id| self.schedule.unreserve(id)),
            RunnerCommand::TakeBack(id) => self.take_back(&id),
            RunnerCommand::LeaveAt(id, at) => self.schedule.leave_at(&id, at),
            RunnerCommand::Flush => {
                self.gate.hurry(Instant::now());
                self.schedule.hasten(Timestamp::now(), false);
            }
            RunnerCommand::TellDrained(tell) => self.want_drained.push(tell),
            RunnerCommand::Request(request) => self.run_request(request),
            RunnerCommand::Connected => {
                self.tools
                    .trouble
                    .send_if_modified(|trouble| trouble.take().is_some());
                if self.gate.open() {
                    tracing::info!("the mail server can be reached again");
                    self.schedule.hasten(Timestamp::now(), true);
                }
            }
        }
    }

    fn add(&mut self, entry: ScheduledJob) {
        if !self.schedule.insert(entry) {
            self.depth.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Gives every job that is due to a connection. Answers when the next one is due; `None` where none is, or where
    /// those that are wait for a task to end.
    fn fill(&mut self) -> Option<Timestamp> {
        let most = self.tools.connector.config().connections.max(1);
        while self.settling.len() < SETTLING_MAX
            && self.running.len() < most
            && self.reads.len() < READS_MAX
        {
            let can_connect = self.gate.lets_pass(Instant::now());
            let can_send = can_connect || !self.idle.is_empty();
            if !can_send && !self.running.is_empty() {
                // No further connection at the moment, but one that is up, or on its way up, will be free.
                return None;
            }
            let now = Timestamp::now();
            match self.claim(now) {
                Some(FoundJob::Brief(recall)) => self.recall(recall, None),
                Some(FoundJob::Whole(found)) if found.job.is_outdated(now) => {
                    self.discard(found.job)
                }
                Some(FoundJob::Whole(found)) if self.wants_files(&found.job) => {
                    self.attach(found.job)
                }
                Some(FoundJob::Whole(found)) if can_send => self.begin(*found),
                Some(FoundJob::Whole(found)) => self.hold(found.job),
                None => {
                    self.probe();
                    return self.schedule.next_due();
                }
            }
        }
        None
    }

    /// After [`Runner::fill`].
    fn tell_drained(&mut self) {
        let is_due = |due: Timestamp| due <= Timestamp::now();
        let is_at_rest = self.claims.is_empty() && self.reads.is_empty();
        if is_at_rest && !self.schedule.next_due().is_some_and(is_due) {
            for tell in self.want_drained.drain(..) {
                let _ = tell.send(());
            }
        }
    }

    /// Drops a job that is of no use any more.
    fn discard(&mut self, job: Job) {
        tracing::info!(job = %job.id, "a mail was not sent in time to be of use, it is dropped");
        self.schedule.release(&job);
        self.spawn_discard(job, None);
    }

    fn spawn_discard(&mut self, job: Job, dropped_for: Option<oneshot::Sender<JobChange>>) {
        let task = attempt::discard(Arc::clone(&self.tools), job.clone());
        let id = self.settling.spawn(task).id();
        self.settled.insert(id, Settling { job, dropped_for });
    }

    fn spawn_settle(
        &mut self,
        job: Job,
        attempt: Attempt,
        verdict: JobVerdict,
        is_held: bool,
        dropped_for: Option<oneshot::Sender<JobChange>>,
    ) {
        let tools = Arc::clone(&self.tools);
        let task = settle(tools, job.clone(), attempt, verdict, is_held);
        let id = self.settling.spawn(task).id();
        self.settled.insert(id, Settling { job, dropped_for });
    }

    /// Looks whether the server is back, where mails were deferred because it was gone.
    fn probe(&mut self) {
        let now = Instant::now();
        let is_shut = self.gate.trouble(now).is_some();
        if is_shut && self.gate.lets_pass(now) && !self.schedule.is_empty() {
            self.gate.tries();
            self.running.spawn(connect(Arc::clone(&self.tools)));
        }
    }

    fn wants_files(&self, job: &Job) -> bool {
        self.attacher.is_some() && !job.files.is_empty()
    }

    /// Its queue waits for it, no connection does.
    fn attach(&mut self, mut job: Job) {
        let attacher = self.attacher.clone();
        let Some(attacher) = attacher.filter(|_| self.fetches.len() < FETCHES_MAX) else {
            job.next_attempt = Timestamp::now().plus(TURN);
            return self.put_back(job, false);
        };
        let task = attach(Arc::clone(&self.tools), attacher, job.clone());
        let id = self.fetches.spawn(task).id();
        self.claims.insert(id, Arc::new(job));
    }

    fn attached(&mut self, result: Result<(Id, Job), JoinError>) {
        let id = result.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let claimed = self.claims.remove(&id).map(Arc::unwrap_or_clone);
        match (result, claimed) {
            (Ok((_, job)), _) => self.put_back(job, false),
            (Err(error), Some(mut job)) => {
                tracing::error!(job = %job.id, %error, "fetching the files of a mail panicked; it leaves with their links");
                job.files.clear();
                self.put_back(job, false);
            }
            (Err(_), None) => {}
        }
    }

    fn begin(&mut self, WholeJob { job, bytes, noted }: WholeJob) {
        let is_early = noted > Timestamp::now();
        let kept = self.idle.pop().map(|(_, connection)| connection);
        if kept.is_none() {
            self.gate.tries();
        }
        let job = Arc::new(job);
        let tools = Arc::clone(&self.tools);
        let task = transact(tools, kept, Arc::clone(&job), bytes, is_early);
        let id = self.running.spawn(task).id();
        self.claims.insert(id, job);
    }

    /// Defers a job for want of a server, without an attempt at one.
    fn hold(&mut self, job: Job) {
        let why = self
            .gate
            .trouble(Instant::now())
            .map(|(_, why)| why.clone());
        let reply = why.unwrap_or_else(|| outcome::no_reply("there is no mail server"));
        let attempt = outcome::retry_all(&job, &reply, true);
        self.conclude(job, attempt, true);
    }

    fn finished(&mut self, result: Result<(Id, Finished), JoinError>) {
        let (id, finished) = match result {
            Ok((id, finished)) => (id, finished),
            Err(error) => (error.id(), Finished::panicked()),
        };
        if let Some(connection) = finished.connection {
            self.idle.push((Instant::now(), connection));
        }
        if matches!(finished.tried, Tried::NoMail(_) | Tried::Panic) {
            self.gate.did_not_try();
        }
        // A probe has no job.
        let job = self.claims.remove(&id).map(Arc::unwrap_or_clone);
        match (finished.tried, job) {
            (Tried::NoConnection(error), job) => self.not_connected(job, &error),
            (Tried::Attempt(attempt), Some(job)) => self.conclude(job, attempt, false),
            (Tried::NoMail(error), Some(job)) => self.not_read(job, &error),
            (Tried::Panic, Some(job)) => self.panicked(job),
            (_, None) => {}
        }
    }

    fn not_connected(&mut self, job: Option<Job>, error: &ConnectError) {
        self.gate.failed(Instant::now(), error.for_senders());
        let others = self.running.len().saturating_add(self.idle.len());
        if others > 0 {
            // Perhaps the server allows no more connections: the job is for one of those that are up.
            tracing::info!(others, "no further connection: {error}");
            if let Some(job) = job {
                self.put_back(job, false);
            }
            return;
        }
        OngoingTrouble::again(&self.tools.trouble, error);
        if error.needs_admin() {
            tracing::error!("no mail can be sent until this is fixed; all mail is kept: {error}");
        } else {
            tracing::warn!("mails wait: {error}");
        }
        if let Some(job) = job {
            self.hold(job);
        }
    }

    fn panicked(&mut self, job: Job) {
        tracing::error!(job = %job.id, "sending a mail panicked; it is tried again");
        let reply = outcome::no_reply("the gateway failed while it sent the mail");
        let attempt = outcome::retry_all(&job, &reply, false);
        self.conclude(job, attempt, false);
    }

    fn not_read(&mut self, job: Job, error: &SpoolError) {
        match error {
            SpoolError::Gone(_) => {
                tracing::warn!(job = %job.id, "a waiting mail has left the spool, it is not sent");
                return self.leave_out(&job);
            }
            // The newer one was or will be pushed.
            SpoolError::Replaced(_) => return self.leave_out(&job),
            _ => {}
        }
        tracing::error!(job = %job.id, "a waiting mail cannot be read: {error}");
        if matches!(error, SpoolError::Damaged { .. }) {
            // It will never be whole again, and its sender can be told at once.
            let words = "the mail was damaged on the gateway's disk";
            let refused = |to| (to, outcome::own_refusal((5, 3, 0), words));
            let attempt = job.to.iter().cloned().map(refused).collect();
            return self.conclude(job, attempt, false);
        }
        let reply = outcome::no_reply("the gateway cannot read the mail from its disk");
        let attempt = outcome::retry_all(&job, &reply, true);
        self.conclude(job, attempt, false);
    }

    /// The job is not to be sent, and there is nothing to be settled about it.
    fn leave_out(&mut self, job: &Job) {
        self.schedule.release(job);
        self.forget(job);
    }

    fn forget(&mut self, job: &Job) {
        self.schedule.forget(job);
        self.ahead.remove(&job.id);
        self.noted.remove(&job.id);
        self.depth.fetch_sub(1, Ordering::Relaxed);
    }

    /// After an attempt, made or not for want of a server: the job's queue goes on if nobody of it is left, else when
    /// the deferral is settled.
    fn conclude(&mut self, job: Job, attempt: Attempt, is_held: bool) {
        let now = Timestamp::now();
        let jitter = jitter(&job);
        let (mut job, mut verdict) = outcome::settle(job, &attempt, now, self.expire, jitter);
        let trouble = self.gate.trouble(Instant::now());
        let is_early = is_held && trouble.is_some_and(|(time, _)| time < EXPIRY_GRACE);
        if verdict == JobVerdict::Expired && is_early {
            let next = now.plus(retry::delay(1, jitter));
            job.next_attempt = next;
            verdict = JobVerdict::Deferred { next };
        }
        if !is_held {
            log(&job, &attempt);
        }
        if !matches!(verdict, JobVerdict::Deferred { .. }) {
            self.schedule.release(&job);
        }
        self.spawn_settle(job, attempt, verdict, is_held, None);
    }

    fn concluded(&mut self, result: Result<(Id, Concluded), JoinError>) {
        let id = result.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let settled = self.settled.remove(&id);
        let Ok((_, concluded)) = result else {
            tracing::error!("settling a mail panicked; it waits for the next start");
            return;
        };
        let Concluded {
            mut job,
            is_deferred,
            is_held,
            is_updated,
        } = concluded;
        self.note(&job, is_updated);
        if let Some(asked) = settled.and_then(|settled| settled.dropped_for) {
            let _ = asked.send(JobChange::Done);
        }
        if is_deferred {
            let is_open = self.gate.trouble(Instant::now()).is_none();
            let now = Timestamp::now();
            limit_wait(&mut job.next_attempt, now);
            if is_held && is_open {
                job.next_attempt = now;
            }
            self.put_back(job, is_held);
        } else {
            self.forget(&job);
        }
    }

    fn close_idle(&mut self) {
        let limit = self.tools.connector.config().limits.idle;
        let now = Instant::now();
        let old = self
            .idle
            .partition_point(|(since, _)| now.duration_since(*since) >= limit);
        for (_, connection) in self.idle.drain(..old) {
            tokio::spawn(connection.quit());
        }
    }

    /// A clock that was set back would leave every deferred mail waiting for a time far ahead.
    fn look_at_the_clock(&mut self) {
        let now = Timestamp::now();
        if self.last_look.since(now) > CLOCK_SLACK {
            tracing::warn!("the clock was set back; all waiting mails are tried again now");
            self.schedule.hasten(now, false);
        }
        self.last_look = now;
    }

    fn next_wake(&self, due: Option<Timestamp>) -> Instant {
        let now = Instant::now();
        let due = due.map(|due| now + due.since(Timestamp::now()).min(SLEEP_MAX));
        let limit = self.tools.connector.config().limits.idle;
        let idle = self.idle.first().map(|(since, _)| *since + limit);
        let probe = self.gate.next_probe().filter(|probe| *probe > now);
        let wakes = [due, idle, probe];
        wakes
            .into_iter()
            .flatten()
            .fold(now + SLEEP_MAX, Instant::min)
    }
}

/// A time further away than any delay is of a clock that has been set back since.
fn limit_wait(next_attempt: &mut Timestamp, now: Timestamp) {
    *next_attempt = (*next_attempt).min(now.plus(retry::longest_delay()));
}

/// The same for the same attempt at the same job, and spread over the jobs.
fn jitter(job: &Job) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&job.id, job.attempts).hash(&mut hasher);
    hasher.finish()
}

/// One line for recipients of one domain in a row of whom the same became: a presence may have a thousand.
fn log(job: &Job, attempt: &Attempt) {
    let is_same = |a: &(MailAddress, Outcome), b: &(MailAddress, Outcome)| {
        a.0.domain() == b.0.domain() && a.1 == b.1
    };
    for same in attempt.chunk_by(is_same) {
        if let Some((to, outcome)) = same.first() {
            log_outcome(job, to.domain(), same.len(), outcome);
        }
    }
}

fn log_outcome(job: &Job, domain: &str, recipients: usize, outcome: &Outcome) {
    // This attempt is counted already.
    let (job, is_first) = (&job.id, job.attempts <= 1);
    match outcome {
        // Said of each mail once: it may be tried for days.
        Outcome::Refused(reply) | Outcome::Retry { reply, .. }
            if is_first && outcome::is_no_relay(reply) =>
        {
            tracing::warn!(%job, domain, recipients, "mail not taken: {}; {}", outcome::for_log(reply), outcome::RELAY_REMEDY);
        }
        Outcome::Delivered(reply) => {
            tracing::info!(%job, domain, recipients, "mail delivered: {}", outcome::words_for_log(reply));
        }
        Outcome::Refused(reply) => {
            tracing::info!(%job, domain, recipients, "mail refused: {}", outcome::for_log(reply));
        }
        Outcome::Retry { reply, .. } if outcome::wants_login(reply) => {
            tracing::error!(%job, "the mail server requires a login, or another one; mails are kept: {}; see username and password of [smtp]", outcome::for_log(reply));
        }
        Outcome::Retry {
            reply,
            certain: true,
        } => {
            tracing::info!(%job, domain, recipients, "mail deferred: {}", outcome::for_log(reply));
        }
        Outcome::Retry {
            reply,
            certain: false,
        } => {
            tracing::warn!(%job, domain, recipients, "mail deferred, it may be delivered twice: {}", outcome::words_for_log(reply));
        }
    }
}
