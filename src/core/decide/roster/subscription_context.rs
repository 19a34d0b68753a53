//! A local user, a contact, and what is between them.

use crate::core::address::MailAddress;
use crate::core::context::Write;
use crate::core::decide::Decider;
use crate::core::decide::roster::greeting::here;
use crate::core::decide::roster::presence::SeenContact;
use crate::core::from_stanza::Stanza;
use crate::core::job::{Origin, OriginKind};
use crate::core::record::{Contact, Format, Subscription};
use jid::BareJid;
use minidom::Element;

/// A user, a contact, and what is between them.
pub(crate) struct SubscriptionContext {
    pub user: BareJid,
    /// The contact as the user wrote it.
    pub to: BareJid,
    pub mail: MailAddress,
    pub known: Contact,
}

impl SubscriptionContext {
    pub(crate) fn here(&self, decider: Decider<'_>, format: Format) -> Element {
        here(decider, self.seen(), format)
    }

    /// The contact as the user sees it.
    pub(crate) fn seen(&self) -> SeenContact<'_> {
        SeenContact {
            shown: &self.to,
            user: &self.user,
            contact: &self.known,
        }
    }

    /// The form of the JID under which the user knows the contact, where it is not this one.
    pub(crate) fn other_form(&self) -> Option<BareJid> {
        self.known.jid.clone().filter(|known| *known != self.to)
    }

    /// The user's server keeps something of the contact in the user's roster, under the form that is known.
    pub(crate) fn is_in_roster(&self) -> bool {
        let known = &self.known;
        known.subscription != Subscription::None || known.pending_out || known.pending_in
    }

    pub(crate) fn write(&self, next: Contact) -> Vec<Write> {
        if next == self.known {
            return Vec::new();
        }
        vec![Write::Contact(self.user.clone(), self.mail.clone(), next)]
    }
}

pub(crate) fn origin(stanza: &Stanza, asked: &SubscriptionContext) -> Origin {
    Origin {
        user: stanza.from.clone(),
        contact: asked.to.clone(),
        stanza_id: stanza.id.clone(),
        language: None,
        kind: OriginKind::Subscription,
        receipt: false,
        confirm: false,
    }
}
