//! What the sender of a message was told of its mail: each thing once, whoever reports it and however often.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::id::MessageId;
use crate::core::record::{Direction, Message};
use jid::BareJid;

/// A message of ours and what its sender was told.
#[derive(Debug)]
pub(super) struct Told {
    pub message: Message,
    before: Message,
}

impl Told {
    /// Of the message that became this mail; `None` where the user sent none.
    pub fn of(
        context: &Context,
        mail: &MessageId,
        user: &BareJid,
    ) -> Result<Option<Self>, Missing> {
        let message = context.message(mail, user)?;
        let own = message.filter(|message| message.direction == Direction::Out);
        Ok(own.map(|message| Self {
            message: message.clone(),
            before: message.clone(),
        }))
    }

    /// Whether the sender is to be told now that this recipient did not get it. Of one recipient a mail server may
    /// report under several addresses, so there are no more errors than recipients.
    pub fn failed(&mut self, recipient: &MailAddress) -> bool {
        let sent = &mut self.message.sent;
        let is_news = !sent.failed.contains(recipient) && sent.failed.len() <= sent.also.len();
        if is_news {
            sent.failed.push(recipient.clone());
        }
        is_news
    }

    /// Whether the sender is to be told now that the mail is late: no more when it is known to have failed.
    pub fn delayed(&mut self, recipient: &MailAddress) -> bool {
        let sent = &mut self.message.sent;
        !sent.failed.contains(recipient) && !std::mem::replace(&mut sent.delayed, true)
    }

    /// Whether the sender is to be told now that the contact has read it.
    pub fn displayed(&mut self) -> bool {
        !std::mem::replace(&mut self.message.sent.displayed, true)
    }

    /// The row, where something was told.
    pub fn write(self) -> Option<Write> {
        (self.message != self.before).then_some(Write::Message(self.message))
    }
}
