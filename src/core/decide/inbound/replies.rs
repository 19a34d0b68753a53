//! What a mail says beside its words: who its author is called, which message it answers, and by which emoji.

use crate::core::commands;
use crate::core::context::Missing;
use crate::core::decide::inbound::message::Delivery;
use crate::core::decide::inbound::trust::SenderTrust;
use crate::core::decide::names;
use crate::core::decide::outbound::gesture;
use crate::core::id::StanzaId;
use crate::core::limits::SHOWN_OCTETS_MAX;
use crate::core::message::InboundMessage;
use crate::core::record::{self, Contact, Direction, Thread};
use crate::core::text::quotes;
use crate::core::{notice, to_stanza, xml};
use jid::{BareJid, Jid};
use std::ops::Range;

impl Delivery<'_> {
    /// The contact by the name that the mail gives, where the mail is not perhaps of somebody else.
    pub(crate) fn named(
        &self,
        shown: &BareJid,
        contact: Contact,
    ) -> (Contact, Option<minidom::Element>) {
        let is_sure = matches!(
            self.sender.trust,
            SenderTrust::Believed | SenderTrust::Unasked
        );
        let name = self.from.name.clone().filter(|_| is_sure);
        let name = name.or_else(|| contact.name.clone());
        let is_verified = self.sender.is_verified;
        let contact = Contact {
            name,
            is_verified,
            ..contact
        };
        names::due(self.decider, self.user, shown, contact)
    }

    /// The message of the user, or to the user, that the mail answers first of all.
    fn answered(&self) -> Result<Option<&record::Message>, Missing> {
        let Some(id) = self.arrived.mail.in_reply_to.first() else {
            return Ok(None);
        };
        let known = self.decider.rows.message(id, self.user)?;
        let contact = &self.from.address;
        Ok(known.filter(|known| known.contact == *contact || known.sent.also.contains(contact)))
    }

    /// Whether the mail may do something to other messages: not one of a machine, or of who may be somebody else.
    pub(crate) fn may_change(&self) -> bool {
        let mail = self.arrived.mail;
        let is_person = !mail.bulk && mail.automatic.is_none();
        is_person
            && matches!(
                self.sender.trust,
                SenderTrust::Believed | SenderTrust::Unasked
            )
    }

    /// Whether the sender is to be told when the user has read it.
    pub(crate) fn asks_read(&self) -> bool {
        let chat = self.arrived.mail.chat.as_ref();
        chat.is_some_and(|chat| chat.asks_read) && self.may_change()
    }

    /// The mail as another text of an earlier message of the same sender to the same user (XEP-0308), and the row of that. Of
    /// anything else it is a text like others; and so it is where it has more than a text, which no correction could hold.
    pub(crate) fn edited(
        &self,
        shown: &BareJid,
    ) -> Result<Option<(minidom::Element, record::Message)>, Missing> {
        let chat = self.arrived.mail.chat.as_ref();
        let edit = chat.and_then(|chat| chat.edit.as_ref());
        let is_all = |text: &str| {
            let mail = self.arrived.mail;
            let is_text = mail.attachments.is_empty() && mail.enclosed.is_empty();
            is_text && !mail.text_cut && xml::cut(text, SHOWN_OCTETS_MAX).len() == text.len()
        };
        let edit = edit.filter(|(_, text)| is_all(text));
        let Some((of, text)) = edit.filter(|_| self.may_change()) else {
            return Ok(None);
        };
        let known = self.decider.rows.message(of, self.user)?;
        let is_own = |known: &&record::Message| {
            known.direction == Direction::In && known.contact == self.from.address
        };
        Ok(known.filter(is_own).map(|known| {
            let (id, target) = (self.stanza_id(), known_as(shown, known));
            let correction = to_stanza::correction(shown, self.user, &id, &target, text);
            let mut row = known.clone();
            row.sent.excerpt = gesture::excerpt(text);
            (correction, row)
        }))
    }

    /// The mail as a reaction to a message that the user knows. Of who may be somebody else it is a text like others.
    pub(crate) fn reacted(&self, shown: &BareJid) -> Result<Option<minidom::Element>, Missing> {
        let mail = self.arrived.mail;
        let is_reaction = !mail.reaction.is_empty() || mail.takes_reaction_back;
        if !is_reaction || !self.may_change() {
            return Ok(None);
        }
        Ok(self.answered()?.map(|about| {
            let (language, before) = (self.decider.language, &about.sent.excerpt);
            let words = match mail.takes_reaction_back {
                true => notice::reaction_taken_back(language, before),
                false => notice::reaction(language, &mail.reaction.join(" "), before),
            };
            let (id, target) = (self.stanza_id(), known_as(shown, about));
            to_stanza::reactions((shown, self.user), &id, &target, &mail.reaction, &words)
        }))
    }

    /// The message with the one that it answers, where that is not simply the last one, or where the text begins with a quotation
    /// of all of it.
    pub(crate) fn answering(
        &self,
        inbound: InboundMessage,
        thread: Option<&Thread>,
    ) -> Result<InboundMessage, Missing> {
        let shown = &inbound.from.jid;
        if let Some(answered) = self.answered()?
            && let Some(quotation) = self.quotation(&inbound.text, answered)
        {
            return Ok(InboundMessage {
                answered: Some(known_as(shown, answered)),
                quotation: Some(quotation),
                ..inbound
            });
        }
        Ok(InboundMessage {
            answered: self.answers_earlier(shown, thread)?,
            ..inbound
        })
    }

    /// Which characters of the text quote this message and nothing else.
    fn quotation(&self, text: &str, answered: &record::Message) -> Option<Range<usize>> {
        let mail = self.arrived.mail;
        let texts = [mail.own_text.as_deref(), Some(mail.text.as_str())];
        let shown = |words: &str| text.find(words).filter(|_| !words.is_empty());
        let (at, words) = texts
            .into_iter()
            .flatten()
            .find_map(|words| Some((shown(words)?, words)))?;
        let leading = quotes::leading(words)?;
        let excerpt = gesture::excerpt(&leading.quoted);
        // A line of a chat that begins with a quotation answers that message, of whichever of the two it is.
        let is_it = match mail.chat.is_some() {
            true => words.starts_with('>'),
            false => {
                answered.direction == Direction::Out
                    && !excerpt.is_empty()
                    && excerpt == answered.sent.excerpt
            }
        };
        let start = text.get(..at)?.chars().count();
        is_it.then(|| start..start.saturating_add(leading.chars))
    }

    /// Which of several messages of the user the mail answers, where it is not the last one of its thread.
    fn answers_earlier(
        &self,
        shown: &BareJid,
        thread: Option<&Thread>,
    ) -> Result<Option<StanzaId>, Missing> {
        // A line of a chat names the one before it in any case.
        if self.arrived.mail.chat.is_some() {
            return Ok(None);
        }
        let last = thread.and_then(|thread| thread.references.last());
        let answered = self.answered()?;
        let earlier = answered.filter(|answered| {
            answered.direction == Direction::Out && Some(&answered.message_id) != last
        });
        Ok(earlier.map(|answered| known_as(shown, answered)))
    }
}

/// The id by which the user's clients know a message in the conversation with this contact. What no client sent was written by
/// the gateway (`write`) and is a message of another conversation: here its words stand in the one that begins this one.
fn known_as(shown: &BareJid, message: &record::Message) -> StanzaId {
    let id = message.sent.id.as_ref().unwrap_or(&message.stanza_id);
    let is_of_client = |jid: &Jid| jid.resource().is_some();
    let is_by_gateway =
        message.direction == Direction::Out && !message.resource.as_ref().is_some_and(is_of_client);
    match is_by_gateway {
        true => commands::begin_id(id, shown, &message.user),
        false => id.clone(),
    }
}
