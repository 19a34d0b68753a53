//! The canonical form of a message on its way from a mail to a stanza or from a stanza to a mail: who, to whom, when, in
//! which thread, what. Both addresses of everyone are known by now.

use crate::core::address::MailAddress;
use crate::core::from_stanza::Role;
use crate::core::id::{MessageId, StanzaId, ThreadId};
use crate::core::time::Timestamp;
use jid::BareJid;
use minidom::Element;

/// A message for a local user, made from a mail.
#[derive(Clone, Debug)]
pub struct Parcel {
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
    /// When it was written, where that was a while ago.
    pub delayed: Option<Timestamp>,
    /// Bulk mail: a headline, to be read but not answered.
    pub bulk: bool,
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
}

/// Another recipient of a mail.
#[derive(Clone, Debug)]
pub struct Other {
    /// `to` or `cc`.
    pub role: &'static str,
    /// As XMPP knows them.
    pub jid: BareJid,
    /// Their name, if known.
    pub name: Option<String>,
}

/// A mail to be packaged, made from a stanza.
#[derive(Clone, Debug)]
pub struct Letter {
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
    /// Written by the gateway itself, not by a person: nobody answers it automatically (RFC 3834 §5).
    pub automatic: bool,
    /// Its sender asks to be notified when it was read (RFC 8098 §2.1).
    pub notify_read: bool,
    /// For format `xmpp`: the stanzas themselves, from [`crate::core::carried`]. Empty: the mail is text only.
    pub carried: Vec<Element>,
    /// For format `xmpp`: the emoji of a reaction (RFC 9078), and nothing else.
    pub reaction: Option<String>,
}

impl Letter {
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
            automatic: false,
            notify_read: false,
            carried: Vec::new(),
            reaction: None,
        }
    }
}

/// One recipient of a [`Letter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// How the mail names them.
    pub role: Role,
    /// Their address.
    pub mail: MailAddress,
    /// Their name, if known.
    pub name: Option<String>,
}
