//! A mail that waits to be sent: what the spool keeps.

use crate::core::address::MailAddress;
use crate::core::id::{JobId, MessageId, StanzaId};
use crate::core::outcome::Reply;
use crate::core::time::Timestamp;
use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};

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
