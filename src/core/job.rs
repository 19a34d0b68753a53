//! A mail that waits to be sent: what the spool keeps.

use crate::core::address::MailAddress;
use crate::core::file::FileLink;
use crate::core::id::{JobId, MessageId, StanzaId, ThreadId};
use crate::core::language::{self, Language};
use crate::core::message::Recipient;
use crate::core::outcome::Reply;
use crate::core::time::Timestamp;
use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A mail transaction (RFC 5321 §3.3) with its schedule: everything that the spool holds of it but the mail's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its name in the spool; the same mail has the same id.
    pub id: JobId,
    /// The mail's Message-ID.
    pub message_id: MessageId,
    /// Jobs with one ordering key are sent one after the other in the order of `sequence`: the pair of correspondents.
    #[serde(rename = "lane")]
    pub ordering_key: String,
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
    /// A later job with the same id takes its place, if it was not sent yet, else is sent after it. Which of them lies in
    /// the spool, `sequence` tells.
    #[serde(default)]
    pub replaceable: bool,
    /// Files that are still to be fetched and attached. Until then, and where that cannot be, their links in the text stand
    /// for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileLink>,
    /// What it is made of, where it can still change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Box<Draft>>,
}

/// What a mail is made of beside its sender and its Message-ID: lines that a user wrote in one go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// With whom the conversation is; the mail may go elsewhere (Reply-To).
    pub contact: MailAddress,
    /// The thread of all of its lines.
    pub thread: ThreadId,
    /// What the sender is called.
    pub name: Option<String>,
    /// The sender's picture as it stands in the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<String>,
    /// Its one recipient.
    pub to: Recipient,
    /// The subject.
    pub subject: String,
    /// The message that it answers or follows.
    pub in_reply_to: Option<MessageId>,
    /// Its ancestors.
    pub references: Vec<MessageId>,
    /// When its first line was written.
    pub date: Timestamp,
    /// Its sender asks to be notified when it was read.
    pub notify_read: bool,
    /// Its marks are styling (XEP-0393).
    #[serde(default)]
    pub is_styled: bool,
    /// At least one, in their order.
    pub lines: Vec<DraftLine>,
    /// When the last line came, or the last change of one.
    pub last: Timestamp,
}

/// A message among those that are one mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    /// As the mail has it.
    pub text: String,
    /// The message that it is a reaction to: a user has one to each, so the next one takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction_to: Option<StanzaId>,
    /// The message, and its corrections: each wants a receipt of its own.
    pub said: Vec<SourceStanza>,
}

/// A stanza that a line came from, with what its row in the store holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStanza {
    /// The name of its row. Of the first line this is the mail's Message-ID; nobody else ever sees that of another.
    pub id: MessageId,
    /// What identifies the message.
    pub stanza_id: StanzaId,
    /// [`crate::core::id::content_digest`] of what it says.
    pub digest: String,
    /// How it begins.
    pub excerpt: String,
    /// When it was accepted.
    pub at: Timestamp,
    /// Who is told what became of it.
    pub origin: Origin,
}

impl Draft {
    /// Every stanza that it came from.
    pub fn said(&self) -> impl Iterator<Item = &SourceStanza> {
        self.lines.iter().flat_map(|line| &line.said)
    }

    /// How many lines follow the first one.
    pub fn more_lines(&self) -> usize {
        self.lines.len().saturating_sub(1)
    }

    /// What the mail says. Lines stand below each other; what has several lines itself stands apart.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut was_long = false;
        for line in &self.lines {
            let is_long = line.text.contains('\n');
            if !text.is_empty() {
                text.push_str(if is_long || was_long { "\n\n" } else { "\n" });
            }
            text.push_str(&line.text);
            was_long = is_long;
        }
        text
    }
}

impl Job {
    /// Who is told what became of it: for each message that it holds, with the name of its row.
    pub fn told(&self) -> Vec<(&MessageId, &Origin)> {
        match &self.draft {
            Some(draft) => draft.said().map(|said| (&said.id, &said.origin)).collect(),
            None => {
                let origin = self.origin.iter();
                origin.map(|origin| (&self.message_id, origin)).collect()
            }
        }
    }

    /// Whether this user has written it, and is told what becomes of it.
    pub fn is_of(&self, user: &BareJid) -> bool {
        let origin = self.origin.as_ref();
        origin.is_some_and(|origin| origin.user.to_bare() == *user)
    }

    /// Whether it is of no use any more.
    pub fn is_outdated(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Whether mails with this ordering key are from this user to somebody. What tells others of the user's presence is not meant.
pub fn is_ordering_key_of(ordering_key: &str, user: &BareJid) -> bool {
    let rest = ordering_key.strip_prefix(user.as_str());
    let contact = rest.and_then(|rest| rest.strip_prefix(' '));
    contact.is_some_and(|contact| !contact.starts_with("presence "))
}

/// Of a [`Job`] what tells when its turn is: some hundred octets, where a job has a thousand and more. The rest of it lies
/// in the spool until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// [`Job::id`]
    pub id: JobId,
    /// [`Job::ordering_key`]
    pub ordering_key: Arc<str>,
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
    /// [`Draft::last`]
    pub changed: Option<Timestamp>,
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
            ordering_key: Arc::from(job.ordering_key.as_str()),
            sequence: job.sequence,
            attempts: job.attempts,
            next_attempt: job.next_attempt,
            expires: job.expires,
            replaceable: job.replaceable,
            changed: job.draft.as_ref().map(|draft| draft.last),
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
    /// In which language the user is told what becomes of its files, before anything is decided about it.
    #[serde(
        default,
        deserialize_with = "language::known",
        skip_serializing_if = "Option::is_none"
    )]
    pub language: Option<Language>,
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
pub struct ComposedMail {
    /// The transaction.
    pub job: Job,
    /// The mail with CRLF line ends throughout and no bare CR or LF.
    pub bytes: Vec<u8>,
}
