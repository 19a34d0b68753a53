//! One attempt at one mail, and its settling: the tasks that a [`Runner`](crate::smtp::Runner) starts.

use crate::core::job::Job;
use crate::core::outcome::Attempt;
use crate::core::outcome::Verdict;
use crate::smtp::connect::{ConnectError, Connector};
use crate::smtp::queue::{Command, MailBytes, Settle};
use crate::smtp::submit::{Connection, State};
use crate::store::spool::{Spool, SpoolError};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What the tasks of a runner share.
pub(super) struct Tools {
    pub connector: Connector,
    pub spool: Arc<Spool>,
    pub settle: mpsc::Sender<Settle>,
    pub inbox: mpsc::UnboundedSender<Command>,
}

/// What a transaction's task leaves.
pub(super) struct Finished {
    pub tried: Tried,
    /// The connection, where it can be used again.
    pub connection: Option<Connection>,
}

/// What was tried, and came of it.
pub(super) enum Tried {
    Attempt(Attempt),
    NoConnection(ConnectError),
    NoMail(SpoolError),
    Panic,
}

impl Finished {
    pub(super) fn new(tried: Tried, connection: Option<Connection>) -> Self {
        Self { tried, connection }
    }

    pub(super) fn panicked() -> Self {
        Self::new(Tried::Panic, None)
    }
}

/// What the settling of an attempt leaves.
pub(super) struct Concluded {
    pub job: Job,
    /// It goes back to its lane.
    pub is_deferred: bool,
    /// It was deferred only because the server could not be reached.
    pub is_held: bool,
}

/// Sends one mail over a kept connection or a new one.
pub(super) async fn transact(
    tools: Arc<Tools>,
    kept: Option<Connection>,
    job: Arc<Job>,
    bytes: Option<MailBytes>,
) -> Finished {
    let mail = match bytes {
        Some(bytes) => bytes,
        None => match tools.spool.read_mail(&job.id).await {
            Ok(mail) => MailBytes::uncounted(mail),
            Err(error) => return Finished::new(Tried::NoMail(error), kept),
        },
    };
    if let Some(connection) = kept {
        let (attempt, state, connection) = submit(connection, &job, &mail).await;
        if state != State::Stale {
            return Finished::new(Tried::Attempt(attempt), connection);
        }
        tracing::debug!("the server had closed a kept connection");
    }
    let Finished { tried, connection } = connect(tools).await;
    match connection {
        Some(connection) => {
            let (attempt, _, connection) = submit(connection, &job, &mail).await;
            Finished::new(Tried::Attempt(attempt), connection)
        }
        None => Finished::new(tried, None),
    }
}

/// Opens a connection and says so at once: others wait for that.
pub(super) async fn connect(tools: Arc<Tools>) -> Finished {
    match tools.connector.connect().await {
        Ok(connection) => {
            let _ = tools.inbox.send(Command::Connected);
            Finished::new(Tried::Attempt(Attempt::new()), Some(connection))
        }
        Err(error) => Finished::new(Tried::NoConnection(error), None),
    }
}

async fn submit(
    mut connection: Connection,
    job: &Job,
    mail: &MailBytes,
) -> (Attempt, State, Option<Connection>) {
    let submitted = connection.submit(job, mail.as_slice()).await;
    let state = submitted.connection;
    let usable = (state == State::Usable).then_some(connection);
    (submitted.attempt, state, usable)
}

/// Tells what became of an attempt, waits until that is durable, and brings the file in line.
pub(super) async fn settle(
    tools: Arc<Tools>,
    mut job: Job,
    attempt: Attempt,
    verdict: Verdict,
    is_held: bool,
) -> Concluded {
    let (done, answer) = oneshot::channel();
    let message = Settle {
        job: job.clone(),
        attempt,
        verdict,
        done,
    };
    // Where it cannot be sent `done` is dropped with it.
    let _ = tools.settle.send(message).await;
    let answer = answer.await;
    let is_deferred = matches!(verdict, Verdict::Deferred { .. });
    let result = match answer {
        Ok(settled) if is_deferred => {
            let is_news = settled.delay_told && !job.delay_told;
            job.delay_told |= settled.delay_told;
            // While there is no server, the schedule in the file does not matter: a start begins with an attempt.
            if is_held && !is_news {
                Ok(())
            } else {
                tools.spool.update(&job).await
            }
        }
        Ok(_) => tools.spool.remove(&job.id).await,
        Err(_) => {
            tracing::warn!(job = %job.id, "an attempt was not settled; it may be repeated at the next start");
            Ok(())
        }
    };
    if let Err(error) = result {
        tracing::error!(job = %job.id, "the spool could not be brought up to date, a mail may be sent twice: {error}");
    }
    Concluded {
        job,
        is_deferred,
        is_held,
    }
}
