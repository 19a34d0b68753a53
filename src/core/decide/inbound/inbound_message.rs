//! The message that a mail becomes for its user: its text with what stands above it, its files, and its row.

use crate::core::address::MailAddress;
use crate::core::decide::inbound::message::Delivery;
use crate::core::decide::inbound::other_recipients;
use crate::core::decide::inbound::shown_text::{Above, ShownText};
use crate::core::decide::inbound::trust::SenderTrust;
use crate::core::decide::outbound::gesture;
use crate::core::id::{OriginalId, StanzaId, ThreadId};
use crate::core::limits::DELAY_SHOWN_AFTER;
use crate::core::message::{InboundMessage, Other, Party};
use crate::core::notice;
use crate::core::record::{self, Bulk, Direction, LastMail};
use crate::core::time::Timestamp;
use crate::core::to_stanza;
use jid::BareJid;

impl Delivery<'_> {
    /// The message without its subject and its text.
    pub(crate) fn inbound_message(&self, shown: &BareJid, thread: ThreadId) -> InboundMessage {
        let mail = self.arrived.mail;
        let is_old = |date: &Timestamp| self.decider.now.since(*date) > DELAY_SHOWN_AFTER;
        InboundMessage {
            from: Party {
                jid: shown.clone(),
                mail: self.from.address.clone(),
                name: self.from.name.clone(),
                face: None,
            },
            to: self.user.clone(),
            stanza_id: self.stanza_id(),
            thread,
            is_whole: true,
            text: String::new(),
            original: None,
            subject: None,
            delayed: mail.written(self.decider.now).filter(is_old),
            is_headline: mail.bulk && self.bulk() == Bulk::Headline,
            answered: None,
            quotation: None,
            is_markable: self.asks_read(),
            others: Vec::new(),
        }
    }

    /// The message with its text, below what stands on top of that.
    pub(crate) fn with_text(
        &self,
        inbound: InboundMessage,
        others: &[(Other, MailAddress)],
        marks: &[String],
    ) -> InboundMessage {
        let to = {
            let (language, more) = (self.decider.language, self.unlisted(others));
            other_recipients::line(language, self.is_named(), others, more)
        };
        let shown_text = self.text(Above {
            marks,
            subject: inbound.subject.as_deref(),
            to: to.as_deref(),
            kept: self.arrived.kept(self.decider.settings.pages.is_some()),
        });
        let original = self.original(&shown_text);
        InboundMessage {
            is_whole: !shown_text.is_less,
            text: self.with_link(shown_text.text, original.as_ref()),
            original,
            others: others.iter().map(|(other, _)| other.clone()).collect(),
            ..inbound
        }
    }

    /// The text, then each of the files that are up. The first of them all has the id of the mail's message.
    pub(crate) fn messages(&self, inbound: &InboundMessage) -> Vec<minidom::Element> {
        let mail = self.arrived.mail;
        let mut messages = Vec::new();
        if !inbound.text.is_empty() {
            messages.push(to_stanza::message(inbound));
        }
        for (index, hosted) in self.arrived.files.hosted() {
            let id = match messages.is_empty() {
                true => inbound.stanza_id.clone(),
                false => {
                    let kind = format!("{} {} file {index}", self.sender.trust.kind(), mail.digest);
                    StanzaId::derive(&mail.message_id, self.user, &kind)
                }
            };
            messages.push(to_stanza::file::message(inbound, &id, hosted));
        }
        messages
    }

    pub(crate) fn message_row(
        &self,
        inbound: &InboundMessage,
        others: Vec<(Other, MailAddress)>,
    ) -> record::Message {
        let mail = self.arrived.mail;
        record::Message {
            message_id: mail.message_id.clone(),
            stanza_id: inbound.stanza_id.clone(),
            user: inbound.to.clone(),
            resource: None,
            contact: inbound.from.mail.clone(),
            thread: inbound.thread.clone(),
            direction: Direction::In,
            at: self.decider.now,
            digest: String::new(),
            others: others.into_iter().map(|(_, address)| address).collect(),
            sent: record::Sent {
                excerpt: gesture::excerpt(mail.own_text.as_ref().unwrap_or(&mail.text)),
                asks_read: inbound.is_markable,
                ..record::Sent::default()
            },
            answerable: None,
            within: None,
        }
    }

    pub(crate) fn last_mail(&self, inbound: &InboundMessage) -> LastMail {
        LastMail {
            stanza_id: inbound.stanza_id.clone(),
            at: self.decider.now,
            is_whole: inbound.is_whole,
            unverified: self.sender.trust == SenderTrust::Marked,
            files: self.own_files(),
        }
    }

    /// Its files that lie at the gateway itself.
    fn own_files(&self) -> Vec<OriginalId> {
        let pages = self.decider.settings.pages.as_deref();
        let hosted = self.arrived.files.hosted();
        let own = hosted.filter_map(|(_, file)| file.url.strip_prefix(pages?));
        own.filter_map(OriginalId::in_link).collect()
    }

    /// The name under which the mail is kept, where the user is not shown all of it.
    fn original(&self, shown: &ShownText) -> Option<OriginalId> {
        let key = &self.decider.settings.id_key;
        let is_kept = shown.is_less && self.arrived.may_be_kept;
        is_kept.then(|| OriginalId::derive(key, self.user, &self.stanza_id()))
    }

    /// With the address of the page on which the whole mail is, where there is one. A mail that is all in its files has no text to
    /// which it could be added, and is whole.
    fn with_link(&self, text: String, original: Option<&OriginalId>) -> String {
        match (original, &self.decider.settings.pages) {
            (Some(id), Some(pages)) => {
                let line = notice::whole_mail(
                    self.decider.language,
                    &format!("{pages}/m/{}", id.as_str()),
                );
                format!("{text}\n{line}").trim_start().to_owned()
            }
            _ => text,
        }
    }

    pub(crate) fn unlisted(&self, listed: &[(Other, MailAddress)]) -> usize {
        let (mail, author) = (self.arrived.mail, &self.from.address);
        other_recipients::unlisted(mail, author, self.is_named(), listed)
    }
}
