//! What the sender of a message was told of its mail: each thing once, whoever reports it and however often.

use crate::core::address::MailAddress;
use crate::core::context::{Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Decision;
use crate::core::from_stanza::Stanza;
use crate::core::id::{MessageId, StanzaId};
use crate::core::language::Language;
use crate::core::notice;
use crate::core::record::{Direction, Message};
use crate::core::to_stanza::{self, Condition};
use jid::{BareJid, Jid};
use minidom::Element;

/// How the id of a ping begins that follows an error; a Message-ID comes after it.
const ASKS_AFTER: &str = "undelivered.";

/// A message that failed for one recipient.
pub(crate) struct Failure<'a> {
    /// Of the user.
    pub language: Language,
    /// The mail that it became.
    pub message_id: &'a MessageId,
    /// As its sender knows the recipient.
    pub contact: &'a str,
    /// The full JID of who sent it, where that is known.
    pub client: Option<&'a Jid>,
    pub user: &'a BareJid,
    /// The id of the stanza.
    pub id: Option<&'a StanzaId>,
    pub condition: Condition,
    pub why: &'a str,
    /// Nobody thinks that it may have been delivered all the same.
    pub is_certain: bool,
}

impl Failure<'_> {
    /// What the sender is told: an error to the client that sent the message, which shows that it failed. But servers drop
    /// errors to a client that has gone in the meantime, and errors to a bare JID (RFC 6121 §8.5.2.1.1, §8.5.3.2.1). So a
    /// ping follows the error: where the server answers that there is no such client, [`unreached`] tells the user by a
    /// message, which goes to whichever client is there, and is kept where there is none. Who got the error is not told
    /// twice. A client that has shown a receipt may go on showing that (XEP-0184 knows no taking back): then the user gets
    /// both.
    pub(crate) fn to_stanzas(&self, row: Option<&mut DeliveryStatus>) -> Vec<Element> {
        let is_client = |jid: &&Jid| jid.resource().is_some();
        let id = self.id.map(StanzaId::as_str);
        let Some(client) = self.client.filter(is_client).map(Jid::as_str) else {
            return vec![self.in_words(row.as_deref())];
        };
        let error = to_stanza::error(
            to_stanza::StanzaHeader {
                name: "message",
                from: self.contact,
                to: client,
                id,
            },
            self.condition,
            self.why,
        );
        if row
            .as_ref()
            .is_some_and(|row| row.message.sent.has_receipt())
        {
            return vec![error, self.in_words(row.as_deref())];
        }
        let ping = row.map(|row| {
            row.message.sent.unheard.push(self.why.to_owned());
            let id = format!("{ASKS_AFTER}{}", self.message_id);
            to_stanza::ping(self.contact, client, &id)
        });
        std::iter::once(error).chain(ping).collect()
    }

    /// The same as a message of the contact, in answer to the user's own.
    fn in_words(&self, row: Option<&DeliveryStatus>) -> Element {
        let notice = StanzaId::derive(self.message_id, self.user, self.why);
        let excerpt = row.map_or("", |row| row.message.sent.excerpt.as_str());
        let body = match self.is_certain {
            true => notice::undelivered(self.language, excerpt, self.condition, self.why),
            false => self.why.to_owned(),
        };
        let id = self.id.map(StanzaId::as_str);
        let from_to = (self.contact, self.user.as_str());
        to_stanza::notice_on(self.language, from_to, (notice.as_str(), id), &body)
    }
}

/// Decides about the error that answers a ping: the client that was told of a failure before it may be gone.
pub(crate) fn unreached(
    decider: Decider<'_>,
    stanza: &Stanza,
    condition: Condition,
) -> Result<Decision, Missing> {
    let mut decision = Decision::nothing();
    // A client that is there, and knows no pings, says so; a few say the same as a server.
    let is_gone = matches!(
        condition,
        Condition::Gone
            | Condition::ItemNotFound
            | Condition::RecipientUnavailable
            | Condition::RemoteServerNotFound
            | Condition::RemoteServerTimeout
            | Condition::ServiceUnavailable
    );
    let id = stanza.id.as_ref().map(StanzaId::as_str);
    let mail = id.and_then(|id| MessageId::parse(id.strip_prefix(ASKS_AFTER)?));
    let (Some(mail), true) = (mail, is_gone) else {
        return Ok(decision);
    };
    let user = stanza.from.to_bare();
    let Some(mut told) = DeliveryStatus::of(decider, &mail, &user)? else {
        return Ok(decision);
    };
    let unheard = std::mem::take(&mut told.message.sent.unheard);
    if unheard.is_empty() || told.message.resource.as_ref() != Some(&stanza.from) {
        return Ok(decision);
    }
    let (contact, why) = (stanza.to.to_bare(), unheard.join("\n"));
    let failure = Failure {
        language: decider.language,
        message_id: &mail,
        contact: contact.as_str(),
        client: None,
        user: &user,
        id: Some(told.stanza_id()),
        condition,
        why: &why,
        is_certain: false,
    };
    decision.stanzas = failure.to_stanzas(None);
    decision.writes.extend(told.write());
    Ok(decision)
}

/// A message of ours and what its sender was told.
#[derive(Debug)]
pub(crate) struct DeliveryStatus {
    pub message: Message,
    before: Message,
}

impl DeliveryStatus {
    /// Of the message that became this mail; `None` where the user sent none.
    pub(crate) fn of(
        decider: Decider<'_>,
        mail: &MessageId,
        user: &BareJid,
    ) -> Result<Option<Self>, Missing> {
        let message = decider.rows.message(mail, user)?;
        let own = message.filter(|message| message.direction == Direction::Out);
        Ok(own.map(|message| Self {
            message: message.clone(),
            before: message.clone(),
        }))
    }

    /// Whether the sender is to be told now that this recipient did not get it. Of one recipient a mail server may
    /// report under several addresses, so there are no more errors than recipients.
    pub(crate) fn failed(&mut self, recipient: &MailAddress) -> bool {
        let sent = &mut self.message.sent;
        let is_news = !sent.failed.contains(recipient) && sent.failed.len() <= sent.also.len();
        if is_news {
            sent.failed.push(recipient.clone());
        }
        is_news
    }

    /// The sender gets the receipt that the mail server has taken the mail.
    pub(crate) fn taken(&mut self) {
        self.message.sent.taken = true;
    }

    /// Whether the receipt is due now that this recipient has got the mail: once all have got it.
    pub(crate) fn delivered(&mut self, recipient: &MailAddress) -> bool {
        let message = &mut self.message;
        let sent = &mut message.sent;
        if !sent.confirm {
            return false;
        }
        if !sent.delivered.contains(recipient) && sent.delivered.len() <= sent.also.len() {
            sent.delivered.push(recipient.clone());
        }
        let mut all = std::iter::once(&message.contact).chain(&sent.also);
        let have_all = all.all(|who| sent.delivered.contains(who));
        sent.confirm = !have_all;
        have_all
    }

    /// Whether the sender is to be told now that the mail is late: no more when it is known to have failed.
    pub(crate) fn delayed(&mut self, recipient: &MailAddress) -> bool {
        let sent = &mut self.message.sent;
        !sent.failed.contains(recipient) && !std::mem::replace(&mut sent.delayed, true)
    }

    /// Whether the sender is to be told now that the contact has read it.
    pub(crate) fn displayed(&mut self) -> bool {
        !std::mem::replace(&mut self.message.sent.displayed, true)
    }

    /// The stanza's id, as its client knows it.
    pub(crate) fn stanza_id(&self) -> &StanzaId {
        let message = &self.message;
        message.sent.id.as_ref().unwrap_or(&message.stanza_id)
    }

    /// The row, where something was told.
    pub(crate) fn write(self) -> Option<Write> {
        (self.message != self.before).then_some(Write::Message(self.message))
    }
}
