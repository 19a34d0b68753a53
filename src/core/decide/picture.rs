//! The picture that a user sees of a contact: the one in the contact's own mails. Only of whom our mail server has verified, or a
//! key: nobody gets the face of somebody else. And only of those with whom the user has had to do: what a stranger would have
//! shown is not kept, so that nobody fills the store with pictures, or sends one to who has asked for nothing.

use crate::core::address::MailAddress;
use crate::core::avatar::Avatar;
use crate::core::context::{Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::from_mail::ShownPicture;
use crate::core::id::{MessageId, StanzaId};
use crate::core::record::Contact;
use crate::core::to_stanza::pep;
use jid::BareJid;
use minidom::Element;

/// The picture of a contact.
pub(crate) fn of<'a>(
    decider: Decider<'a>,
    user: &BareJid,
    mail: &MailAddress,
) -> Result<Option<&'a Avatar>, Missing> {
    let known = decider.rows.contact(user, mail)?;
    match known.is_some_and(|known| known.avatar.is_some()) {
        true => decider.rows.avatar(user, mail),
        false => Ok(None),
    }
}

/// The contact with the picture that its verified mail shows, and the row of the picture where it is another one than before.
pub(crate) fn learned(
    user: &BareJid,
    mail: &MailAddress,
    contact: Contact,
    shown: Option<&ShownPicture>,
) -> (Contact, Option<Write>) {
    let avatar = match shown {
        Some(ShownPicture::Picture(avatar)) => Some(avatar),
        Some(ShownPicture::Nothing) => None,
        None => return (contact, None),
    };
    let id = avatar.map(|avatar| avatar.id.clone());
    if contact.avatar == id || !contact.is_acquainted() {
        return (contact, None);
    }
    let write = Write::Avatar(user.clone(), mail.clone(), avatar.cloned());
    let contact = Contact {
        avatar: id,
        ..contact
    };
    (contact, Some(write))
}

/// What a user's clients hear that saw the contact's presence before: that its name, or its picture, is another one.
pub(crate) fn told(
    (user, shown, about): (&BareJid, &BareJid, &MessageId),
    (before, after): (&Contact, &Contact),
    avatar: Option<&ShownPicture>,
) -> Vec<Element> {
    let mut told = Vec::new();
    if !before.subscription.has_to() || !after.subscription.has_to() {
        return told;
    }
    let id = |kind: &str| StanzaId::derive(about, user, kind);
    if let Some(name) = after.name.as_ref().filter(|_| after.name != before.name) {
        told.push(pep::nick_event(shown, user, &id("nick"), name));
    }
    if after.avatar != before.avatar {
        let avatar = match avatar {
            Some(ShownPicture::Picture(avatar)) => Some(avatar),
            _ => None,
        };
        told.push(pep::avatar_event(shown, user, &id("avatar"), avatar));
    }
    told
}
