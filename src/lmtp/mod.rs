//! The other way in for mail: a mail server hands it over by LMTP (RFC 2033), where it is one's own. There is no mailbox then:
//! the queue is that server's, and each recipient gets an answer of its own after the dot.
//!
//! `250` says that the stanzas are with the XMPP server, and the rows that remember the mail are committed; any other answer,
//! and none, leaves the mail with the mail server. A mail that comes again after a lost answer is recognised as every other
//! that was shown before.
//!
//! `listener` takes connections, `session` is a conversation on one (smtp-proto reads the commands), `content` the mail in it,
//! `reply` what is said. What several connections bring at the same time is one [`Batch`]: one write to the stream, one proof,
//! one commit for all.

mod content;
mod listener;
mod reply;
mod session;

#[cfg(test)]
mod tests;

pub use listener::{LmtpError, LmtpListener, Occupant, look};

use crate::inbound::{Batch, InboundMail, RecipientQuery, Verdict};
use crate::net::Io;
use crate::net::limits::time_limits;
use session::SessionShared;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// What batches call this way in, and logs.
pub const SOURCE: &str = "LMTP";
/// Mails in one batch.
const BATCH_MAILS_MAX: usize = 200;
/// What mails that are being read and decided about have together, in KiB; one of the greatest size always fits.
const ROOM_KIBIBYTES: usize = 64 * 1024;

/// How mail is taken.
#[derive(Clone)]
pub struct LmtpConfig {
    /// What the server calls itself: the gateway's domain.
    pub name: String,
    /// The biggest mail, in octets.
    pub octets_max: usize,
    /// On whose disk big files of mails lie until they are dealt with.
    pub spill_folder: PathBuf,
    /// Whether there is an XMPP server to which stanzas can go.
    pub is_online: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Who knows whose address one is.
    pub asked: mpsc::Sender<RecipientQuery>,
    /// Time limits.
    pub timings: LmtpTimings,
}

impl fmt::Debug for LmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LmtpConfig")
            .field("name", &self.name)
            .field("octets_max", &self.octets_max)
            .finish_non_exhaustive()
    }
}

time_limits! {
    /// How long things may take.
    pub struct LmtpTimings {
        /// Until the next command, or the next piece of a mail (RFC 5321 §4.5.3.2.7).
        command: Duration::from_secs(5 * 60),
        /// For a whole mail.
        content: Duration::from_secs(15 * 60),
        /// Until a reply is written.
        write: Duration::from_secs(60),
        /// To say whose address one is.
        recipient: Duration::from_secs(30),
        /// For a mail that has to wait; then the mail server brings it again.
        later: Duration::from_secs(60),
        /// To deal with a mail: a client waits for ten minutes (RFC 5321 §4.5.3.2.6).
        verdict: Duration::from_secs(4 * 60),
    }
}

/// Takes connections until `stop`; then those that are within a mail get their answer.
pub async fn run(
    listener: LmtpListener,
    config: LmtpConfig,
    batches: mpsc::Sender<Batch>,
    stop: CancellationToken,
) {
    let (house, handed) = house(config);
    let serving = listener.serve(house, stop);
    tokio::join!(serving, gather(handed, batches));
}

/// One connection alone, as [`run`] serves each.
pub async fn converse<S: Io>(
    stream: S,
    config: LmtpConfig,
    batches: mpsc::Sender<Batch>,
    stop: CancellationToken,
) {
    let (house, handed) = house(config);
    let talking = session::converse(stream, house, stop);
    tokio::join!(talking, gather(handed, batches));
}

/// What all connections share; at the other end of it mails come out.
fn house(config: LmtpConfig) -> (Arc<SessionShared>, mpsc::Receiver<Handed>) {
    let (hand_over, handed) = mpsc::channel(1);
    let room = ROOM_KIBIBYTES.max((config.octets_max / 1024).saturating_add(1));
    let house = SessionShared {
        config,
        hand_over,
        room: Arc::new(Semaphore::new(room)),
    };
    (Arc::new(house), handed)
}

/// A mail that a connection has read, and where its verdict goes.
#[derive(Debug)]
struct Handed {
    mail: InboundMail,
    verdict: oneshot::Sender<Verdict>,
}

/// Makes one batch of all mails that came while the one before was at work: one alone waits for nobody.
async fn gather(mut handed: mpsc::Receiver<Handed>, batches: mpsc::Sender<Batch>) {
    let mut waiting: Vec<Handed> = Vec::new();
    while handed.recv_many(&mut waiting, BATCH_MAILS_MAX).await > 0 {
        let (mails, takers): (Vec<InboundMail>, Vec<_>) =
            waiting.drain(..).map(|one| (one.mail, one.verdict)).unzip();
        let (batch, answered) = Batch::new(SOURCE, mails);
        if batches.send(batch).await.is_err() {
            return;
        }
        // Where it is dropped, so are the takers: not now.
        if let Ok(verdicts) = answered.await {
            for (taker, verdict) in takers.into_iter().zip(verdicts) {
                // A connection that has ended meanwhile gets the mail again.
                let _ = taker.send(verdict);
            }
        }
    }
}
