//! The canonical form of a message on its way from a mail to a stanza or from a stanza to a mail: who, to whom, when, in
//! which thread, what. Both addresses of everyone are known by now.

use crate::core::address::MailAddress;
use crate::core::id::{MessageId, OriginalId, StanzaId, ThreadId};
use crate::core::time::Timestamp;
use jid::BareJid;
use minidom::Element;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A message for a local user, made from a mail.
#[derive(Clone, Debug)]
pub struct InboundMessage {
    /// The contact.
    pub from: Party,
    /// The local user.
    pub to: BareJid,
    /// The same for the same mail.
    pub stanza_id: StanzaId,
    /// The thread.
    pub thread: ThreadId,
    /// The subject, where it is to be shown.
    pub subject: Option<String>,
    /// What the user reads, never empty.
    pub text: String,
    /// The mail says more than the text, and is kept under this name.
    pub original: Option<OriginalId>,
    /// The mail says no more than the text.
    pub is_whole: bool,
    /// When it was written, where that was a while ago.
    pub delayed: Option<Timestamp>,
    /// Bulk mail, where the configuration makes it news: to be read, and lost while nobody is there to read it.
    pub is_headline: bool,
    /// The id of the user's own message that it answers, where that is not simply the last one.
    pub answered: Option<StanzaId>,
    /// Which characters of the text only quote that message.
    pub quotation: Option<Range<usize>>,
    /// Its sender asks to be told when it was read (XEP-0333).
    pub is_markable: bool,
    /// Who else got the mail.
    pub others: Vec<Other>,
}

/// A person with both addresses.
#[derive(Clone, Debug)]
pub struct Party {
    /// As XMPP knows them.
    pub jid: BareJid,
    /// As mail knows them.
    pub mail: MailAddress,
    /// Their name, if known.
    pub name: Option<String>,
    /// Their picture as it stands in a mail's header, if they have one that fits there.
    pub face: Option<String>,
}

/// Another recipient of a mail.
#[derive(Clone, Debug)]
pub struct Other {
    /// `to` or `cc`.
    pub role: &'static str,
    /// As XMPP knows them.
    pub jid: BareJid,
    /// What the mail calls them.
    pub name: Option<String>,
    /// How the text names them.
    pub label: String,
}

/// A mail to be packaged, made from a stanza.
#[derive(Clone, Debug)]
pub struct OutboundMail {
    /// The local user.
    pub from: Party,
    /// Who gets it.
    pub to: Vec<Recipient>,
    /// The mail's identity.
    pub message_id: MessageId,
    /// The subject, one line.
    pub subject: String,
    /// The message that this one answers or follows.
    pub in_reply_to: Option<MessageId>,
    /// Its ancestors.
    pub references: Vec<MessageId>,
    /// When it was written.
    pub date: Timestamp,
    /// What it says.
    pub text: String,
    /// Its marks are styling (XEP-0393), which HTML beside the text shows.
    pub is_styled: bool,
    /// The page beside the text, where it is another one than that of its styling.
    pub page: Option<String>,
    /// Written by the gateway itself, not by a person: nobody answers it automatically (RFC 3834 §5).
    pub automatic: bool,
    /// Written by the gateway as an answer to a mail of a person (RFC 3834 §3.1.7).
    pub answers_automatically: bool,
    /// Its sender asks to be notified when it was read (RFC 8098 §2.1).
    pub notify_read: bool,
    /// For format `xmpp`: the stanzas themselves, from `core::carried`. Empty: the mail is text only.
    pub carried: Vec<Element>,
    /// What it does to another mail, for programs that understand that: the formats `xmpp` and `chat` say it beside the text, or in
    /// its place.
    pub act: Option<Act>,
}

/// What a mail does to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The emoji of a reaction (RFC 9078) to the one that it answers, and nothing else; empty: it is taken back.
    Reaction(String),
    /// The text takes the place of another one.
    Edit {
        /// The mail that is changed.
        of: MessageId,
        /// How it began.
        before: String,
    },
    /// It was read (RFC 8098).
    Read(MessageId),
}

impl OutboundMail {
    /// A letter that begins a thread, for nobody yet.
    pub fn plain(
        from: Party,
        message_id: MessageId,
        subject: String,
        text: String,
        date: Timestamp,
    ) -> Self {
        Self {
            from,
            to: Vec::new(),
            message_id,
            subject,
            in_reply_to: None,
            references: Vec::new(),
            date,
            text,
            is_styled: false,
            page: None,
            automatic: false,
            answers_automatically: false,
            notify_read: false,
            carried: Vec::new(),
            act: None,
        }
    }
}

/// How a mail names a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// In `To`.
    To,
    /// In `Cc`.
    Cc,
    /// In the envelope only.
    Bcc,
}

/// One recipient of a [`OutboundMail`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// How the mail names them.
    pub role: Role,
    /// Their address.
    pub mail: MailAddress,
    /// Their name, if known.
    pub name: Option<String>,
}
