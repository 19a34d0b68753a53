//! What all messages that become a mail have in common: from whom and to whom they are, and the mail.

use crate::core::address::MailAddress;
use crate::core::carried;
use crate::core::context::Missing;
use crate::core::decide::compose::{self, MailOptions};
use crate::core::decide::decider::Decider;
use crate::core::decide::outbound::quoted_link;
use crate::core::decide::thread::ThreadPlace;
use crate::core::from_stanza::{Stanza, StanzaMessage};
use crate::core::id::{MessageId, StanzaId};
use crate::core::job::{Origin, SourceStanza};
use crate::core::message::{Act, OutboundMail, Recipient};
use crate::core::notice;
use crate::core::record::{self, Format};
use crate::core::text::subject;
use crate::core::time::Timestamp;
use jid::BareJid;
use minidom::Element;

/// A message of a user, and the stanza in which it came.
#[derive(Clone, Copy)]
pub(crate) struct MessageStanza<'a> {
    /// As it came.
    pub stanza: &'a Stanza,
    /// What of it is to be mailed.
    pub message: &'a StanzaMessage,
}

/// A message on its way out, with all that its mail and its rows are made of.
pub(crate) struct OutgoingMessage<'a> {
    pub message: &'a StanzaMessage,
    pub outgoing: &'a OutgoingAddresses,
    pub place: &'a ThreadPlace,
    /// The mail that it is alone.
    pub letter: OutboundMail,
    /// What is remembered of the stanza.
    pub said: SourceStanza,
}

/// The addresses of an outgoing message, all checked.
pub(crate) struct OutgoingAddresses {
    pub user: BareJid,
    pub sender: MailAddress,
    /// The contact with whom the conversation is: the first recipient.
    pub contact: MailAddress,
    pub recipients: Vec<Recipient>,
    /// What one of them understands, the others can read.
    pub format: Format,
    /// Everybody gets it who has the mail that it answers.
    pub is_to_all: bool,
    /// What it does to another mail, for a program that understands that.
    pub act: Option<Act>,
}

impl OutgoingAddresses {
    /// The ordering key of its mails ([`crate::core::job::Job::ordering_key`]).
    pub(crate) fn ordering_key(&self) -> String {
        format!("{} {}", self.user, self.contact.key())
    }

    pub(crate) fn options(
        &self,
        origin: Option<Origin>,
        silent: bool,
        now: Timestamp,
    ) -> MailOptions<'_> {
        MailOptions {
            format: self.format,
            ordering_key: self.contact.key(),
            origin,
            silent,
            now,
        }
    }

    /// The mail that it becomes, without its text and what it carries.
    pub(crate) fn letter(
        &self,
        decider: Decider<'_>,
        message: &StanzaMessage,
        place: &ThreadPlace,
    ) -> Result<OutboundMail, Missing> {
        let (user, sender) = (&self.user, self.sender.clone());
        let from = compose::party(decider, user, sender, message.nick.clone())?;
        let name = from.name.clone().unwrap_or_default();
        let (in_reply_to, references) = ancestry(place, self.sender.domain());
        let features = self.format.features();
        let default = match features.chat {
            true => notice::chat_subject(decider.language, &name),
            false => match &decider.settings.default_subject {
                Some(subject) => subject.replace("{name}", &name),
                None => notice::default_subject(decider.language, &name),
            },
        };
        let subject = subject_line(message, place, default);
        let date = message
            .delay
            .filter(|delay| *delay < decider.now)
            .unwrap_or(decider.now);
        let id = place.own_id.clone();
        Ok(OutboundMail {
            to: self.recipients.clone(),
            in_reply_to,
            references,
            is_styled: !message.is_unstyled,
            // A client at the other end of another gateway says so by a marker, and a chat program without asking anybody.
            notify_read: (decider.settings.read_receipts || features.chat)
                && message.markable
                && !features.own_receipts,
            act: self.act.clone(),
            ..OutboundMail::plain(from, id, subject, String::new(), date)
        })
    }
}

/// What the mail answers, and what that answered: the message that the user names, else the last one that did not come from
/// here, else the first of all. Mail programs would draw a staircase of lines that each answer the one before.
fn ancestry(place: &ThreadPlace, own_domain: &str) -> (Option<MessageId>, Vec<MessageId>) {
    let known = place.known.as_ref();
    let mut references = known.map_or_else(Vec::new, |thread| thread.references.clone());
    let answered = place.answered.as_ref().map(record::Message::mail_id);
    let last_of_others = || references.iter().rfind(|id| !id.is_derived_at(own_domain));
    let parent = answered.or_else(last_of_others).or(references.first());
    let parent = parent.cloned();
    let place = references.iter().position(|id| Some(id) == parent.as_ref());
    references.truncate(place.map_or(references.len(), |place| place + 1));
    (parent, references)
}

pub(crate) fn carried(
    stanza: &Stanza,
    id: &StanzaId,
    outgoing: &OutgoingAddresses,
) -> Vec<Element> {
    if !outgoing.format.features().stanzas {
        return Vec::new();
    }
    // Receipts, markers and corrections of the other client name the id attribute.
    let id = stanza.id.as_ref().unwrap_or(id);
    let mut message = carried::message(&stanza.element, id);
    message.iter_mut().for_each(quoted_link::cut);
    message.into_iter().collect()
}

/// The stanza's subject, else the thread's with one `Re: `, else the default: an invitation that was answered is over.
fn subject_line(message: &StanzaMessage, place: &ThreadPlace, default: String) -> String {
    let of_thread = place
        .known
        .as_ref()
        .filter(|thread| !thread.is_invitation)
        .and_then(|thread| thread.subject.as_deref())
        .map(subject::reply);
    message.subject.clone().or(of_thread).unwrap_or(default)
}
