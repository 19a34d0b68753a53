//! One attempt at one mail, and its settling: the tasks that a [`Runner`](crate::smtp::Runner) starts.

use crate::core::job::Job;
use crate::core::outcome::Attempt;
use crate::core::outcome::JobVerdict;
use crate::failpoints;
use crate::net::trouble::OngoingTrouble;
use crate::smtp::command::{MailBytes, RunnerCommand, Settle, Settled};
use crate::smtp::connect::{ConnectError, SmtpConnector};
use crate::smtp::outcome::retry_all;
use crate::smtp::submit::{ConnectionState, SmtpConnection, Submitted};
use crate::smtp::wire::LongMail;
use crate::store::spool::{Spool, SpoolError};
use std::borrow::Cow;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// What the tasks of a runner share.
pub(super) struct Tools {
    pub connector: SmtpConnector,
    pub spool: Arc<Spool>,
    pub settle: mpsc::Sender<Settle>,
    pub inbox: mpsc::UnboundedSender<RunnerCommand>,
    /// Why no connection can be opened.
    pub trouble: watch::Sender<Option<OngoingTrouble>>,
}

/// What a transaction's task leaves.
pub(super) struct Finished {
    pub tried: Tried,
    /// The connection, where it can be used again.
    pub connection: Option<SmtpConnection>,
}

/// What was tried, and came of it.
pub(super) enum Tried {
    Attempt(Attempt),
    NoConnection(ConnectError),
    NoMail(SpoolError),
    Panic,
}

impl Finished {
    pub(super) fn new(tried: Tried, connection: Option<SmtpConnection>) -> Self {
        Self { tried, connection }
    }

    pub(super) fn panicked() -> Self {
        Self::new(Tried::Panic, None)
    }
}

/// What the settling of an attempt leaves.
pub(super) struct Concluded {
    pub job: Job,
    /// It goes back to its queue.
    pub is_deferred: bool,
    /// It was deferred only because the server could not be reached.
    pub is_held: bool,
    /// Whether its file says all of it; `None` where that was not to be changed.
    pub is_updated: Option<bool>,
}

/// Sends one mail over a kept connection or a new one. Where the server takes only so many recipients at a time (RFC 5321
/// §4.5.3.1.10), one transaction follows the other until all had their turn, or one of them served nobody. A crash
/// meanwhile repeats the mail to those who have it already, with the same Message-ID. One that goes earlier than the spool knows is
/// written there first, so that the next process knows that somebody may have it.
pub(super) async fn transact(
    tools: Arc<Tools>,
    mut kept: Option<SmtpConnection>,
    job: Arc<Job>,
    bytes: Option<MailBytes>,
    is_early: bool,
) -> Finished {
    if is_early && let Err(error) = tools.spool.update(&job).await {
        return Finished::new(Tried::NoMail(error), kept);
    }
    let mail = match bytes {
        Some(bytes) => OutgoingMail::Whole(bytes),
        None => match opened_mail(&tools.spool, &job).await {
            Ok(mail) => mail,
            Err(error) => return Finished::new(Tried::NoMail(error), kept),
        },
    };
    let (mut rest, mut attempt) = (Cow::Borrowed(&*job), Attempt::new());
    loop {
        match submit_to_one(&tools, kept, &rest, &mail).await {
            Ok((submitted, connection)) => {
                attempt.extend(submitted.attempt);
                kept = connection;
                if submitted.left.is_empty() {
                    return Finished::new(Tried::Attempt(attempt), kept);
                }
                tracing::debug!(job = %job.id, left = submitted.left.len(), "the server takes only so many recipients at a time");
                rest.to_mut().to = submitted.left;
            }
            Err(error) if attempt.is_empty() => {
                return Finished::new(Tried::NoConnection(error), None);
            }
            Err(error) => {
                attempt.extend(retry_all(&rest, &error.for_senders(), true));
                return Finished::new(Tried::Attempt(attempt), None);
            }
        }
    }
}

/// A mail that is sent.
enum OutgoingMail {
    Whole(MailBytes),
    Long(LongMail),
}

async fn opened_mail(spool: &Spool, job: &Job) -> Result<OutgoingMail, SpoolError> {
    match spool.open_mail(job).await?.into_memory() {
        Ok(octets) => Ok(OutgoingMail::Whole(MailBytes::uncounted(octets))),
        Err(long) => {
            let read = LongMail::of(long).await;
            read.map(OutgoingMail::Long)
                .map_err(|error| spool.not_read(error))
        }
    }
}

/// One transaction over the kept connection, or a new one if there is none or the server has closed it.
async fn submit_to_one(
    tools: &Tools,
    kept: Option<SmtpConnection>,
    job: &Job,
    mail: &OutgoingMail,
) -> Result<(Submitted, Option<SmtpConnection>), ConnectError> {
    if let Some(connection) = kept {
        let (submitted, connection) = submit(connection, job, mail).await;
        if submitted.connection != ConnectionState::Stale {
            return Ok((submitted, connection));
        }
        tracing::debug!("the server had closed a kept connection, or does so now");
    }
    let connection = opened(tools).await?;
    Ok(submit(connection, job, mail).await)
}

/// Opens a connection and says so at once: others wait for that.
pub(super) async fn connect(tools: Arc<Tools>) -> Finished {
    match opened(&tools).await {
        Ok(connection) => Finished::new(Tried::Attempt(Attempt::new()), Some(connection)),
        Err(error) => Finished::new(Tried::NoConnection(error), None),
    }
}

async fn opened(tools: &Tools) -> Result<SmtpConnection, ConnectError> {
    let connection = tools.connector.connect().await?;
    let _ = tools.inbox.send(RunnerCommand::Connected);
    Ok(connection)
}

async fn submit(
    mut connection: SmtpConnection,
    job: &Job,
    mail: &OutgoingMail,
) -> (Submitted, Option<SmtpConnection>) {
    let submitted = match mail {
        OutgoingMail::Whole(octets) => connection.submit(job, octets.as_slice()).await,
        OutgoingMail::Long(mail) => connection.submit_long(job, mail).await,
    };
    if submitted.connection != ConnectionState::Usable {
        return (submitted, None);
    }
    if connection.is_worn() {
        tokio::spawn(connection.quit());
        return (submitted, None);
    }
    (submitted, Some(connection))
}

/// Tells what became of an attempt, waits until that is durable, and brings the file in line.
pub(super) async fn settle(
    tools: Arc<Tools>,
    mut job: Job,
    attempt: Attempt,
    verdict: JobVerdict,
    is_held: bool,
) -> Concluded {
    failpoints::point("smtp: taken by the server, not yet settled");
    let answer = if job.silent && job.origin.is_none() {
        Some(Settled::default())
    } else {
        tell(&tools, &job, attempt, verdict).await
    };
    let is_deferred = matches!(verdict, JobVerdict::Deferred { .. });
    let result = match answer {
        Some(settled) if is_deferred => {
            let is_news = settled.delay_told && !job.delay_told;
            job.delay_told |= settled.delay_told;
            // While there is no server, the schedule in the file does not matter: a start begins with an attempt.
            if is_held && !is_news {
                None
            } else {
                Some(tools.spool.update(&job).await)
            }
        }
        Some(_) => {
            failpoints::point("spool: settled, not yet marked");
            Some(tools.spool.remove(&job).await)
        }
        None => {
            tracing::warn!(job = %job.id, "an attempt was not settled; it may be repeated at the next start");
            // Its file still has the recipients who are served.
            is_deferred.then_some(Err(SpoolError::Gone(job.id.clone())))
        }
    };
    let is_updated = result.as_ref().map(Result::is_ok);
    if let Some(result) = result {
        log(&job, result);
    }
    Concluded {
        job,
        is_deferred,
        is_held,
        is_updated,
    }
}

/// `None` where nobody answered.
async fn tell(tools: &Tools, job: &Job, attempt: Attempt, verdict: JobVerdict) -> Option<Settled> {
    let (done, answer) = oneshot::channel();
    let message = Settle {
        job: job.clone(),
        attempt,
        verdict,
        done,
    };
    // Where it cannot be sent `done` is dropped with it.
    let _ = tools.settle.send(message).await;
    answer.await.ok()
}

/// Takes a job out of the spool without a word to anybody.
pub(super) async fn discard(tools: Arc<Tools>, job: Job) -> Concluded {
    let result = tools.spool.remove(&job).await;
    log(&job, result);
    Concluded {
        job,
        is_deferred: false,
        is_held: false,
        is_updated: None,
    }
}

fn log(job: &Job, result: Result<(), SpoolError>) {
    match result {
        Ok(()) => {}
        Err(SpoolError::Replaced(_)) => {
            tracing::debug!(job = %job.id, "a mail was replaced while it was on its way; the newer one follows");
        }
        Err(error) => {
            tracing::error!(job = %job.id, "the spool could not be brought up to date, a mail may be sent twice: {error}");
        }
    }
}
