//! Files of a mail that are fetched before it is sent. By whom, the rest of the gateway says.

use crate::core::job::Job;
use crate::core::retry;
use crate::core::time::Timestamp;
use crate::failpoints;
use crate::smtp::attempt::Tools;
use crate::store::spool::{MailSource, Scratch};
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// Mails whose files are fetched at the same time. Others with files wait; those without do not.
pub(super) const FETCHES_MAX: usize = 8;
/// After which pause one that waits for that is looked at again.
pub(super) const TURN: Duration = Duration::from_secs(1);

/// The same while the mail server is away.
const NO_SERVER: Duration = Duration::from_secs(10);

/// A mail that wants its files.
#[derive(Debug)]
pub struct Wanting {
    /// The transaction, with the files.
    pub job: Job,
    /// The mail as it is.
    pub mail: Vec<u8>,
    /// The size of mails that the mail server takes, in octets, where it has said that (RFC 1870).
    pub size: Option<u64>,
    /// Where its files lie meanwhile.
    pub scratch: Scratch,
}

/// What came of it.
#[derive(Debug)]
pub enum AttachOutcome {
    /// This is the mail now, and it keeps this room on the disk until it is in the spool.
    Mail(MailSource, Vec<OwnedSemaphorePermit>),
    /// It stays as it is.
    Nothing,
    /// Perhaps after this pause.
    Later(Duration),
}

/// Fetches the files of a mail.
pub type Attacher = Arc<dyn Fn(Wanting) -> BoxFuture<'static, AttachOutcome> + Send + Sync>;

/// The job to go on with: with nothing left to fetch, its file in the spool brought up to that; or for later.
pub(super) async fn attach(tools: Arc<Tools>, attacher: Attacher, mut job: Job) -> Job {
    let now = Timestamp::now();
    let later = |job: Job, pause| Job {
        next_attempt: now.plus(pause),
        ..job
    };
    if tools.connector.size().is_none() {
        // How big the mail may be, the server says; while there is none, nothing is to be fetched.
        match tools.connector.connect().await {
            Ok(connection) => connection.quit().await,
            Err(error) => {
                tracing::debug!(job = %job.id, %error, "files wait for the mail server");
                return later(job, NO_SERVER);
            }
        }
    }
    let Ok(mail) = tools.spool.read_mail(&job).await else {
        // The attempt finds out what is wrong, and who is to be told.
        job.files.clear();
        return job;
    };
    let wanting = Wanting {
        job: job.clone(),
        mail,
        size: tools.connector.size(),
        scratch: tools.spool.scratch(),
    };
    let (mail, _room) = match attacher(wanting).await {
        AttachOutcome::Mail(mail, room) => (mail, room),
        AttachOutcome::Later(pause) => return later(job, pause),
        AttachOutcome::Nothing => {
            job.files.clear();
            return job;
        }
    };
    failpoints::point("smtp: files fetched, mail not yet rewritten");
    let files = std::mem::take(&mut job.files);
    match tools.spool.accept_long(&job, mail).await {
        Ok(()) => job,
        Err(error) => {
            tracing::error!(job = %job.id, %error, "the spool cannot take the files of a mail; they are fetched again later");
            later(Job { files, ..job }, retry::delay(1, 0))
        }
    }
}
