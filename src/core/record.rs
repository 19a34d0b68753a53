//! The rows of the store, as the core sees them. Each is encoded by the store with a version, so fields may be added
//! with `#[serde(default)]` but never change their meaning.

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::id::{MessageId, StanzaId, ThreadId};
use crate::core::time::Timestamp;
use jid::{BareJid, Jid};
use serde::{Deserialize, Serialize};

pub use crate::core::format::{Features, Format, Gestures, UnknownFormat};
pub use crate::core::last_mail::LastMail;
pub use crate::core::options::{Away, Bulk, Options, OwnStatus, Quotes, Strangers, UserCard};
pub use crate::core::request::Request;

/// One pair of the directory: a JID and the mail address that stands for it on the other side. One-to-one: a store
/// refuses a pair whose JID or address another pair holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// A local user (`alice@a.example`), or a contact at the gateway's domain.
    pub jid: BareJid,
    /// Its mail address.
    pub mail: MailAddress,
    /// The name shown with it, if one is known.
    #[serde(default)]
    pub name: Option<String>,
    /// How the pair came to be.
    pub origin: PairOrigin,
    /// When it was saved.
    pub saved: Timestamp,
}

/// How a pair came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PairOrigin {
    /// By the admin, beforehand: command line, import.
    Admin,
    /// By itself, when the first subscription handshake was completed.
    Verified,
}

/// What is between one local user and one contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// RFC 6121 §3 and Appendix A, seen from the local user.
    #[serde(default)]
    pub subscription: Subscription,
    /// The user asked for the contact's presence and was not answered yet.
    #[serde(default)]
    pub pending_out: bool,
    /// The contact asked for the user's presence and was not answered yet.
    #[serde(default)]
    pub pending_in: bool,
    /// The form of the contact's JID that this user used first: the only one that the user ever sees.
    #[serde(default)]
    pub jid: Option<BareJid>,
    /// When the last invitation was mailed.
    #[serde(default)]
    pub invited: Option<Timestamp>,
    /// The mail that asked the contact for its presence, by invitation or by its gateway: a report that it failed ends
    /// the request.
    #[serde(default)]
    pub asked_by: Option<MessageId>,
    /// The thread of the last message in either direction.
    #[serde(default)]
    pub thread: Option<ThreadId>,
    /// The thread of the last message that the user sent: the contact may have begun another one since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_in: Option<ThreadId>,
    /// Since when mail to the contact does not get through, and what the server said.
    #[serde(default)]
    pub trouble: Option<Trouble>,
    /// What was asked and answered by mail, where the contact has a gateway of its own.
    #[serde(default)]
    pub handshake: Option<SubscriptionExchange>,
    /// What the contact's gateway last said to the user of the contact's presence.
    #[serde(default)]
    pub heard: Option<Heard>,
    /// The user has written to the contact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_written_to: bool,
    /// A person has written to the user from there, and has not refused a request since: one more is granted at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_written: bool,
    /// The user does not want to see its mails.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_blocked: bool,
    /// What the contact calls itself in its mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its last mail, not counting those to many, was verified.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_verified: bool,
    /// What the gateway last wrote, or would have written, into the user's roster as its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// The user has said that its mails are to be shown, though there is nothing else between them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_accepted: bool,
    /// It waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// When the user was told that its mails are not verified; `None` again when one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubted: Option<Timestamp>,
    /// Its last mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_mail: Option<LastMail>,
    /// The id of its picture ([`crate::core::avatar::Avatar::id`]), which is a row of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// The user was told that its mails are encrypted, and that it may not see what is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_told_encrypted: bool,
}

impl Contact {
    /// Whether the user's request went to the contact's own gateway, which answers it. Else the answer is a rule: who has
    /// a mailbox is there.
    pub fn is_asked(&self) -> bool {
        let asked = self.handshake.as_ref().map(|handshake| &handshake.asked);
        asked.is_some_and(Option::is_some)
    }

    /// Whether the user has had to do with the contact, which nobody can bring about by sending mails.
    pub fn is_acquainted(&self) -> bool {
        self.is_written_to
            || self.is_accepted
            || self.pending_out
            || self.subscription != Subscription::None
    }

    /// What was heard of the contact's presence means nothing any more when the user does not get it. Its number stays:
    /// what is older stays old.
    pub fn forget_what_is_over(&mut self) {
        let heard = self.heard.as_mut();
        if let Some(heard) = heard.filter(|_| !self.subscription.has_to()) {
            heard.state = None;
        }
    }
}

/// Subscription stanzas that went to and came from a contact's gateway. Mails overtake each other and come twice: stamps
/// tell what is newer, ids which answer belongs to which request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionExchange {
    /// The user's last `subscribe`. An answer that names another one is too late.
    #[serde(default)]
    pub asked: Option<StanzaId>,
    /// The gateway has asked again by itself for what was granted, and was not answered yet. A refusal of what was asked
    /// before is no answer, but ends what was granted.
    #[serde(default)]
    pub is_again: bool,
    /// The contact's last `subscribe`: what the user's answer names.
    #[serde(default)]
    pub asking: Option<StanzaId>,
    /// The stamp of the last mail to the contact; the next one has a later one, whatever the clock says.
    #[serde(default)]
    pub sent: Option<Timestamp>,
    /// The stamp of the contact's newest `subscribe` or `unsubscribe`.
    #[serde(default)]
    pub request: Option<Timestamp>,
    /// The stamp of the contact's newest `subscribed` or `unsubscribed`.
    #[serde(default)]
    pub answer: Option<Timestamp>,
    /// When the hour began in which [`SubscriptionExchange::mails`] are counted.
    #[serde(default)]
    pub hour: Timestamp,
    /// Mails to the contact in this hour.
    #[serde(default)]
    pub mails: u32,
}

/// RFC 6121 §2.1.2.5, seen from the local user: `To` is "the user gets the contact's presence".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subscription {
    /// Neither.
    #[default]
    None,
    /// The user gets the contact's presence.
    To,
    /// The contact gets the user's presence.
    From,
    /// Both.
    Both,
}

impl Subscription {
    /// Whether the user gets the contact's presence.
    pub fn has_to(self) -> bool {
        matches!(self, Self::To | Self::Both)
    }

    /// Whether the contact gets the user's presence.
    pub fn has_from(self) -> bool {
        matches!(self, Self::From | Self::Both)
    }

    /// The state with these two halves.
    pub fn of(to: bool, from: bool) -> Self {
        match (to, from) {
            (false, false) => Self::None,
            (true, false) => Self::To,
            (false, true) => Self::From,
            (true, true) => Self::Both,
        }
    }
}

/// Mail to a contact does not get through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// The server's codes and its words, as they are shown.
    pub text: String,
    /// The mail server had taken the mail, and a report came later: that it takes another one says nothing.
    #[serde(default)]
    pub reported: bool,
}

/// One thread between a local user and a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Ancestors from the first message to the last: at most 20, the first and the last kept. Empty where all
    /// were taken back.
    pub references: Vec<MessageId>,
    /// The subject without any `Re:`. `None` where the mails have the default subject or none.
    #[serde(default)]
    pub subject: Option<String>,
    /// When the last message of the thread went either way.
    pub last: Timestamp,
    /// An invitation has opened it, whose subject it still has: that of a message of the user is another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_invitation: bool,
    /// Where the contact wants answers, as its last mail in the thread said; `None` where it wants them itself.
    #[serde(default)]
    pub answers: Option<AnswersTo>,
}

/// Where somebody wants answers (RFC 5322 §3.6.2, Reply-To). Who they are is not changed by that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswersTo {
    /// Not the contact's own address.
    pub mail: MailAddress,
    /// The user was told that an answer went there.
    #[serde(default)]
    pub is_told: bool,
}

/// Joins the two names of one message, in either direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Name on the mail side.
    pub message_id: MessageId,
    /// Name on the XMPP side.
    pub stanza_id: StanzaId,
    /// The local user.
    pub user: BareJid,
    /// The full JID that the stanza came from; `None` for a mail that came in.
    #[serde(default)]
    pub resource: Option<Jid>,
    /// The contact's mail address.
    pub contact: MailAddress,
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// Which way it went.
    pub direction: Direction,
    /// When it was accepted here.
    pub at: Timestamp,
    /// [`crate::core::id::content_digest`] of what it says: another stanza with the same id is another message.
    #[serde(default)]
    pub digest: String,
    /// The other recipients of the mail, who get an answer to it as well.
    #[serde(default)]
    pub others: Vec<MailAddress>,
    /// What reports about it need; nothing but how it begins for a mail that came in.
    #[serde(default, skip_serializing_if = "Sent::is_empty")]
    pub sent: Sent,
    /// Who is told when the XMPP side cannot take it; `None` for a mail that went out, and for one of whose sender nobody
    /// knows whether it is them, or that a program wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answerable: Option<Box<Answerable>>,
    /// The Message-ID of the mail in which it went, where it was not the first line of it; [`Message::message_id`] is the name of
    /// this row then, and of nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<MessageId>,
}

impl Message {
    /// The Message-ID of its mail.
    pub fn mail_id(&self) -> &MessageId {
        self.within.as_ref().unwrap_or(&self.message_id)
    }
}

/// What a report on a mail that came in needs (RFC 3464).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answerable {
    /// Where the report goes: the reverse path of the mail.
    pub reverse_path: MailAddress,
    /// Its subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// When it was written.
    #[serde(default)]
    pub date: Option<Timestamp>,
}

/// Of a message that became a mail: to whom it went, and what its sender was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// What an error names: the stanza's id attribute, else its origin-id.
    #[serde(default)]
    pub id: Option<StanzaId>,
    /// The recipients of the mail beside the contact.
    #[serde(default)]
    pub also: Vec<MailAddress>,
    /// The mail server has taken it for all, and the sender has a receipt for that: who sends it again gets another one. Of
    /// one that came in: its sender was told that the user has received it.
    #[serde(default)]
    pub taken: bool,
    /// The sender gets a receipt when all have got it, by report; not any more once it was given.
    #[serde(default)]
    pub confirm: bool,
    /// These have got it.
    #[serde(default)]
    pub delivered: Vec<MailAddress>,
    /// The sender was told that it is late.
    #[serde(default)]
    pub delayed: bool,
    /// The sender was told that these did not get it.
    #[serde(default)]
    pub failed: Vec<MailAddress>,
    /// What the sender was told of failures by errors, of which nobody knows whether a client was there to get them.
    #[serde(default)]
    pub unheard: Vec<String>,
    /// The sender was told that the contact has read it; of one that came in, that the user has.
    #[serde(default)]
    pub displayed: bool,
    /// How the message begins, by which it is named when something is to be said of it; of one that came in as well.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
    /// Its sender took it back before it left (XEP-0424): nothing more is said of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_back: bool,
    /// The rows of the other messages that went in the same mail, which it is the first line of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<MessageId>,
    /// The rows of the messages that correct it and went in mails of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<MessageId>,
    /// Of one that came in: its sender asks to be told when the user has read it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_read: bool,
    /// Of one that came in, and whose sender the user has not accepted yet: the stanzas that it became.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
}

impl Sent {
    /// Whether its sender has a receipt for it.
    pub fn has_receipt(&self) -> bool {
        self.taken || (!self.confirm && !self.delivered.is_empty())
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From a stanza to a mail.
    Out,
    /// From a mail to a stanza.
    In,
}

/// Up to where a mailbox was read (RFC 3501 §2.3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// UIDs mean something only together with this number.
    pub uid_validity: u32,
    /// The lowest UID that was not yet handled.
    pub uid_next: u32,
    /// Mail that reached the mailbox before is older than the gateway and is never delivered.
    pub since: Timestamp,
    /// How far the mailbox was read again, where that has begun and is not through: its UIDs mean other mails than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Again>,
}

impl Cursor {
    /// The same, but no later than this mail, which is not yet handled.
    #[must_use]
    pub fn before(self, uid: u32) -> Self {
        Self {
            uid_next: self.uid_next.min(uid),
            ..self
        }
    }
}

/// Up to where a mailbox was read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// Its UIDVALIDITY now.
    pub uid_validity: u32,
    /// The lowest UID that was not yet read again.
    pub uid_next: u32,
}

/// The format of an address, or of all addresses of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Whose.
    pub who: AddressPattern,
    /// How mails to it are written.
    pub format: Format,
    /// Who said so.
    pub origin: PeerOrigin,
    /// Since when.
    pub since: Timestamp,
}

/// Who said what format a peer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PeerOrigin {
    /// The admin, by command: nothing that is learned changes it.
    Admin,
    /// Its last authenticated mail.
    Learned,
}

impl std::fmt::Display for PeerOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Admin => "admin",
            Self::Learned => "learned",
        })
    }
}

/// The presence of somebody, folded to what a contact sees (RFC 6121 §4.7.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PresenceState {
    /// `None`: plainly available.
    #[serde(default)]
    pub show: Option<Show>,
    /// In the user's words, cleaned, at most [`crate::core::limits::STATUS_CHARS_MAX`] characters.
    #[serde(default)]
    pub status: Option<String>,
    /// -128 to 127.
    #[serde(default)]
    pub priority: i8,
}

/// RFC 6121 §4.7.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Show {
    /// Interested in chatting.
    Chat,
    /// Away for a while.
    Away,
    /// Away for long.
    Xa,
    /// Not to be disturbed.
    Dnd,
}

impl Show {
    /// As it stands in `<show/>`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Away => "away",
            Self::Xa => "xa",
            Self::Dnd => "dnd",
        }
    }

    /// Reads `<show/>`; `None` for any other word.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Chat, Self::Away, Self::Xa, Self::Dnd];
        all.into_iter().find(|show| show.as_str() == text.trim())
    }
}

/// What a contact's gateway last said of the contact's presence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Its number: an older one that arrives later is ignored.
    pub sequence: Timestamp,
    /// After this moment it is unknown, which is shown as unavailable.
    pub expires: Timestamp,
    /// `None`: unavailable.
    #[serde(default)]
    pub state: Option<PresenceState>,
}

/// What the contacts of a user were last told of the user's presence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Its number.
    pub sequence: Timestamp,
    /// When it was mailed.
    pub at: Timestamp,
    /// After this moment their gateways take the user for unavailable.
    pub expires: Timestamp,
    /// `None`: unavailable.
    #[serde(default)]
    pub state: Option<PresenceState>,
}
