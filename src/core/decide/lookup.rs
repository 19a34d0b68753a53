//! Who is who, by rows, configuration and rules: a JID's mail address, a mail address's JID, and in which format a contact is
//! written to.

use crate::core::address::{AddressPattern, MailAddress, address_of_node, contact_jid};
use crate::core::context::Missing;
use crate::core::decide::decider::{Decider, Stop};
use crate::core::id::content_digest;
use crate::core::notice;
use crate::core::record::{Contact, Format, PeerOrigin};
use crate::core::to_stanza::Condition;
use jid::{BareJid, NodePart};

/// The format of a contact: the configuration's, else what the admin said by command, else what its last authenticated
/// mail showed, else plain mail. What concerns the address goes before what concerns its domain.
pub fn format_of(decider: Decider<'_>, contact: &MailAddress) -> Result<Format, Missing> {
    if let Some(format) = decider.settings.format_of(contact) {
        return Ok(format);
    }
    if let Some(format) = commanded(decider, contact)? {
        return Ok(format);
    }
    let learned = decider
        .rows
        .peer(&AddressPattern::Address(contact.clone()))?;
    Ok(learned.map(|peer| peer.format).unwrap_or_default())
}

/// Whether nothing at all is known of how to write to a contact.
pub fn is_unknown(decider: Decider<'_>, contact: &MailAddress) -> Result<bool, Missing> {
    let who = AddressPattern::Address(contact.clone());
    Ok(decider.settings.format_of(contact).is_none()
        && commanded(decider, contact)?.is_none()
        && decider.rows.peer(&who)?.is_none())
}

/// Whether one gateway serves all of a domain: the admin has said that its addresses are in the format of gateways. What
/// was learned says that of one address only, for others of its domain may be at other gateways, or at none.
pub fn is_one_gateway(decider: Decider<'_>, domain: &str) -> Result<bool, Missing> {
    let who = AddressPattern::Domain(domain.to_owned());
    if let Some(peer) = decider.settings.peers.iter().find(|peer| peer.who == who) {
        return Ok(peer.format.is_none_or(|format| format.features().stanzas));
    }
    let known = decider.rows.peer(&who)?;
    Ok(
        known
            .is_some_and(|peer| peer.origin == PeerOrigin::Admin && peer.format.features().stanzas),
    )
}

pub(crate) fn commanded(
    decider: Decider<'_>,
    contact: &MailAddress,
) -> Result<Option<Format>, Missing> {
    let address = AddressPattern::Address(contact.clone());
    let domain = AddressPattern::Domain(contact.domain().to_owned());
    for who in [address, domain] {
        if let Some(peer) = decider.rows.peer(&who)?
            && peer.origin == PeerOrigin::Admin
        {
            return Ok(Some(peer.format));
        }
    }
    Ok(None)
}

/// How the nodes begin of senders whose address cannot be a JID; a hash follows. No address has such a node: there is neither `@`
/// nor `%` in it.
const UNANSWERABLE: &str = "unanswerable-";

/// The JID from which such a sender writes: always the same, another one for each, and not the gateway's.
pub(crate) fn unanswerable_jid(decider: Decider<'_>, mail: &MailAddress) -> BareJid {
    nameless_jid(decider, mail.key())
}

/// The same for one who has no address, by what stands in its place.
pub(crate) fn nameless_jid(decider: Decider<'_>, words: &str) -> BareJid {
    let node = format!("{UNANSWERABLE}{}", content_digest(&[words]));
    let node = NodePart::new(&node).ok();
    BareJid::from_parts(node.as_deref(), &decider.settings.gateway)
}

/// The mail address of a contact: the pair of its JID, else what its node says.
pub fn contact_mail(decider: Decider<'_>, contact: &BareJid) -> Result<MailAddress, Stop> {
    if let Some(pair) = decider.rows.pair_of(contact)? {
        return Ok(pair.mail.clone());
    }
    let gateway = decider.settings.gateway.as_str();
    let Some(node) = contact.node() else {
        return Err(Stop::reject(
            Condition::ServiceUnavailable,
            notice::not_a_contact(decider.language, gateway),
        ));
    };
    if node.as_str().starts_with(UNANSWERABLE) {
        return Err(Stop::reject(
            Condition::ServiceUnavailable,
            notice::unanswerable(decider.language),
        ));
    }
    address_of_node(node.as_str()).map_err(|error| {
        Stop::reject(
            Condition::JidMalformed,
            notice::no_address(decider.language, &error, gateway),
        )
    })
}

/// The mail address of a local user: an explicit pair, else the first rule that matches.
pub fn user_mail(decider: Decider<'_>, user: &BareJid) -> Result<MailAddress, Stop> {
    if let Some(pair) = decider.rows.pair_of(user)? {
        return Ok(pair.mail.clone());
    }
    let no = |why: String| Err(Stop::reject(Condition::NotAllowed, why));
    let Some(mail) = decider.settings.rules.mail_of(user) else {
        return no(match decider.settings.rules.reserved_of(user) {
            Some(mail) => notice::address_is_reserved(decider.language, &mail.to_string()),
            None => notice::user_has_no_mail(decider.language, user.as_str()),
        });
    };
    match decider.rows.holder_of(&mail)? {
        Some(pair) if pair.jid != *user => no(notice::address_is_taken(
            decider.language,
            &mail.to_string(),
        )),
        _ => Ok(mail),
    }
}

/// The local user whose address this is: the holder of an explicit pair, else by rule. `None` for all other addresses and
/// for users who may not use the gateway.
pub fn user_of(decider: Decider<'_>, mail: &MailAddress) -> Result<Option<BareJid>, Missing> {
    let jid = match decider.rows.holder_of(mail)? {
        Some(pair) => Some(pair.jid.clone()),
        None => decider.settings.rules.user_of(mail),
    };
    let is_local = |jid: &BareJid| {
        jid.domain().as_str() != decider.settings.gateway.as_str()
            && decider.settings.users.allows(jid)
    };
    Ok(jid.filter(is_local))
}

/// What is between a user and a contact. A remembered JID counts only while it still is that address: a pair may have been
/// moved, and who has the old address must not go on as the contact.
pub fn contact(
    decider: Decider<'_>,
    user: &BareJid,
    mail: &MailAddress,
) -> Result<Option<Contact>, Missing> {
    let Some(known) = decider.rows.contact(user, mail)? else {
        return Ok(None);
    };
    let mut known = known.clone();
    if let Some(jid) = &known.jid
        && !is_of(decider, jid, mail)?
    {
        known.jid = None;
    }
    Ok(Some(known))
}

/// Whether a JID is that of a contact with this address.
fn is_of(decider: Decider<'_>, jid: &BareJid, mail: &MailAddress) -> Result<bool, Missing> {
    let found = Stop::optional(contact_mail(decider, jid))?;
    Ok(jid.domain().as_str() == decider.settings.gateway.as_str()
        && found.is_some_and(|own| own == *mail))
}

/// The JID under which one user sees a contact: the form that this user used first, else the pair of the address, else
/// the address escaped. `None` where the address cannot be a JID.
pub fn shown_jid(
    decider: Decider<'_>,
    known: Option<&Contact>,
    mail: &MailAddress,
) -> Result<Option<BareJid>, Missing> {
    if let Some(jid) = known.and_then(|contact| contact.jid.as_ref())
        && is_of(decider, jid, mail)?
    {
        return Ok(Some(jid.clone()));
    }
    if let Some(pair) = decider.rows.holder_of(mail)?
        && pair.jid.domain().as_str() == decider.settings.gateway.as_str()
    {
        return Ok(Some(pair.jid.clone()));
    }
    Ok(contact_jid(mail, &decider.settings.gateway).ok())
}
