//! What a user sees of a contact who is there.

use crate::core::address::MailAddress;
use crate::core::caps::announced;
use crate::core::context::Missing;
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Relation;
use crate::core::decide::lookup;
use crate::core::decide::roster::presence::{self, SeenContact, contact_resource};
use crate::core::language::Language;
use crate::core::notice;
use crate::core::record::{Contact, Format};
use crate::core::to_stanza::{self, available};
use jid::BareJid;
use minidom::Element;

/// What is said to a user of a contact when the XMPP server is there again, and asked: the contact's presence, where the
/// user may see it; and the user's own, where the contact may.
pub(crate) fn greeting_of(
    decider: Decider<'_>,
    relation: Relation<'_>,
) -> Result<Vec<Element>, Missing> {
    let format = lookup::format_of(decider, relation.1)?;
    greeting_in(decider, format, relation)
}

/// The same where mails to the contact are written in this format from now on.
pub(crate) fn greeting_in(
    decider: Decider<'_>,
    format: Format,
    (user, mail, contact): Relation<'_>,
) -> Result<Vec<Element>, Missing> {
    let Some(shown) = lookup::shown_jid(decider, Some(contact), mail)? else {
        return Ok(Vec::new());
    };
    let mut stanzas = Vec::new();
    if contact.subscription.has_to() {
        let seen = SeenContact {
            shown: &shown,
            user,
            contact,
        };
        stanzas.push(here(decider, seen, format));
    }
    if contact.subscription.has_from() && format.features().presence {
        stanzas.push(to_stanza::presence(shown.as_str(), user, "probe"));
    }
    Ok(stanzas)
}

/// The presence of a contact towards a user who may see it; nothing for others.
pub(crate) fn presence_of(
    decider: Decider<'_>,
    (user, mail, contact): Relation<'_>,
) -> Result<Vec<Element>, Missing> {
    let format = lookup::format_of(decider, mail)?;
    let shown = subscribed(decider, mail, contact)?;
    let seen = shown.as_ref().map(|shown| SeenContact {
        shown,
        user,
        contact,
    });
    let here = seen.map(|seen| here(decider, seen, format));
    Ok(here.into_iter().collect())
}

/// The farewell of a contact when the gateway stops.
pub(crate) fn farewell_of(
    decider: Decider<'_>,
    (user, mail, contact): Relation<'_>,
) -> Result<Vec<Element>, Missing> {
    let shown = subscribed(decider, mail, contact)?;
    Ok(shown
        .into_iter()
        .map(|shown| presence::gone(&shown, user))
        .collect())
}

/// What ends in the user's roster, where the user has been forgotten here: each direction that there was.
pub(crate) fn ended_of(
    decider: Decider<'_>,
    (user, mail, contact): Relation<'_>,
) -> Result<Vec<Element>, Missing> {
    let shown = lookup::shown_jid(decider, Some(contact), mail)?;
    Ok(shown.map_or_else(Vec::new, |shown| ended(&shown, user, contact)))
}

/// The same of a contact whose JID is known.
pub(crate) fn ended(shown: &BareJid, user: &BareJid, contact: &Contact) -> Vec<Element> {
    let subscription = contact.subscription;
    let kinds = [
        (subscription.has_to() || contact.pending_out, "unsubscribed"),
        (subscription.has_from() || contact.pending_in, "unsubscribe"),
    ];
    let ended = kinds.iter().filter(|(is_there, _)| *is_there);
    ended
        .map(|(_, kind)| to_stanza::presence(shown.as_str(), user, kind))
        .collect()
}

/// The JID of a contact whose presence the user gets; `None` for others.
fn subscribed(
    decider: Decider<'_>,
    mail: &MailAddress,
    contact: &Contact,
) -> Result<Option<BareJid>, Missing> {
    if contact.subscription.has_to() {
        lookup::shown_jid(decider, Some(contact), mail)
    } else {
        Ok(None)
    }
}

/// A contact whose own gateway has granted the request is what that gateway says, as long as there is one; of all others
/// a mailbox is known.
pub(crate) fn here(decider: Decider<'_>, seen: SeenContact<'_>, format: Format) -> Element {
    match format.features().presence && seen.contact.is_asked() {
        true => presence::of_contact(seen, decider.now),
        false => by_mail(decider.language, seen, format),
    }
}

/// A contact with a mailbox is always there; whether mail gets through is what its presence says.
pub(crate) fn by_mail(language: Language, seen: SeenContact<'_>, format: Format) -> Element {
    let SeenContact {
        shown,
        user,
        contact,
    } = seen;
    let from = contact_resource(shown);
    let presence = match &contact.trouble {
        None => available(&from, user, None, &notice::status_available(language)),
        Some(trouble) => available(
            &from,
            user,
            Some("away"),
            &notice::status_trouble(language, &trouble.text),
        ),
    };
    announced(presence, shown, format, contact.avatar.as_deref())
}
