//! A mail that waits to be sent: what the spool keeps.

use crate::core::address::MailAddress;
use crate::core::id::{JobId, MessageId, StanzaId};
use crate::core::outcome::Reply;
use crate::core::time::Timestamp;
use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A mail transaction (RFC 5321 §3.3) with its schedule: everything that a file in the spool holds but the mail's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Names the file; the same mail has the same id.
    pub id: JobId,
    /// The mail's Message-ID.
    pub message_id: MessageId,
    /// Jobs of one lane are sent one after the other in the order of `sequence`: the pair of correspondents.
    pub lane: String,
    /// Order of acceptance within this gateway, strictly increasing.
    pub sequence: u64,
    /// Reverse path; `None` is the null reverse path `<>`.
    pub from: Option<MailAddress>,
    /// Forward paths that are still to be served. Who was served or refused leaves the list.
    pub to: Vec<MailAddress>,
    /// Who is told what became of it. `None` for mail that nobody waits for.
    pub origin: Option<Origin>,
    /// When the mail was accepted.
    pub accepted: Timestamp,
    /// Attempts made so far.
    pub attempts: u32,
    /// Not to be tried before.
    pub next_attempt: Timestamp,
    /// Whether the notice about the delay was given (once).
    pub delay_told: bool,
    /// What the last attempt brought, for the notice and for the final error.
    pub last_reply: Option<Reply>,
    /// False once an attempt may have reached its recipient without our knowing.
    pub certain: bool,
    /// Nobody wants a report of it: no notification is asked of the mail server (`NOTIFY=NEVER`, RFC 3461 §4.1), and
    /// without an `origin` nobody is told what became of it either.
    #[serde(default)]
    pub silent: bool,
    /// From then on it is of no use: it leaves the spool without being sent and without a word to anybody. `None` where
    /// it is always of use.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// A later job with the same id takes its place, if it was not sent yet, else is sent after it. Which of them a
    /// file in the spool belongs to, `sequence` tells.
    #[serde(default)]
    pub replaceable: bool,
}

impl Job {
    /// Whether it is of no use any more.
    pub fn is_outdated(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Of a [`Job`] what tells when its turn is: some hundred octets, where a job has a thousand and more. The rest of it lies
/// in the spool until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// [`Job::id`]
    pub id: JobId,
    /// [`Job::lane`]
    pub lane: Arc<str>,
    /// [`Job::sequence`]
    pub sequence: u64,
    /// [`Job::attempts`]
    pub attempts: u32,
    /// [`Job::next_attempt`]
    pub next_attempt: Timestamp,
    /// [`Job::expires`]
    pub expires: Option<Timestamp>,
    /// [`Job::replaceable`]
    pub replaceable: bool,
}

impl Brief {
    /// When there is something to be done with the job: an attempt, or dropping it.
    pub fn due(&self) -> Timestamp {
        self.expires
            .map_or(self.next_attempt, |expires| self.next_attempt.min(expires))
    }

    /// Brings the job of a file up to what is known of it: its schedule is not always written down, and a file may have
    /// been accepted once more with another sequence.
    pub fn complete(&self, job: &mut Job) {
        job.sequence = self.sequence;
        job.attempts = self.attempts;
        job.next_attempt = self.next_attempt;
    }
}

impl From<&Job> for Brief {
    fn from(job: &Job) -> Self {
        Self {
            id: job.id.clone(),
            lane: Arc::from(job.lane.as_str()),
            sequence: job.sequence,
            attempts: job.attempts,
            next_attempt: job.next_attempt,
            expires: job.expires,
            replaceable: job.replaceable,
        }
    }
}

/// The stanza that a mail came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Full JID of the sender.
    pub user: Jid,
    /// The JID the stanza was sent to: errors and receipts come from it.
    pub contact: BareJid,
    /// The stanza's id attribute, if it had one.
    pub stanza_id: Option<StanzaId>,
    /// What kind of stanza it was.
    pub kind: OriginKind,
    /// Whether XEP-0184 was requested.
    pub receipt: bool,
    /// Whether a report is wanted of success, too (`NOTIFY=SUCCESS`, RFC 3461 §4.1): the receipt waits for it.
    #[serde(default)]
    pub confirm: bool,
}

/// What kind of stanza a mail came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OriginKind {
    /// `<message/>`.
    Message,
    /// `<presence type='subscribe'/>`: the mail is an invitation.
    Subscription,
}

/// A job and the mail itself, ready to be accepted into the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The transaction.
    pub job: Job,
    /// The mail with CRLF line ends throughout and no bare CR or LF.
    pub bytes: Vec<u8>,
}
