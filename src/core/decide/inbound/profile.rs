//! What a mail says of its author besides its words: the name, and the picture.

use crate::core::context::Missing;
use crate::core::decide::decision::Decision;
use crate::core::decide::inbound::message::Delivery;
use crate::core::decide::picture;
use crate::core::decide::roster::greeting;
use crate::core::record::Contact;
use jid::BareJid;

impl Delivery<'_> {
    /// The contact with the picture that the mail shows. Nothing of the mail of a list is its author's for certain.
    pub(crate) fn pictured(&self, contact: Contact, decision: &mut Decision) -> Contact {
        let mail = self.arrived.mail;
        if mail.bulk || !self.sender.is_verified {
            return contact;
        }
        let shown = mail.avatar.as_ref();
        let (contact, write) = picture::learned(self.user, &self.from.address, contact, shown);
        decision.writes.extend(write);
        contact
    }

    /// What the user's clients hear of it who see the contact already.
    pub(crate) fn tell_profile(
        &self,
        shown: &BareJid,
        (before, after): (&Contact, &Contact),
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let (user, mail) = (self.user, self.arrived.mail);
        let told = picture::told(
            (user, shown, &mail.message_id),
            (before, after),
            mail.avatar.as_ref(),
        );
        decision.stanzas.extend(told);
        if before.subscription.has_to() && before.avatar != after.avatar {
            let relation = (user, &self.from.address, after);
            let presence = greeting::presence_of(self.decider, relation)?;
            decision.stanzas.extend(presence);
        }
        Ok(())
    }
}
