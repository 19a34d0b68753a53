//! Who is who: a JID's mail address and a mail address's JID, by pair, rule or escaping.

use crate::core::address::{MailAddress, address_of_node, contact_jid};
use crate::core::context::{Context, Missing};
use crate::core::notice;
use crate::core::record::Contact;
use crate::core::settings::Settings;
use crate::core::to_stanza::Condition;
use jid::BareJid;

/// Why there is no address, ready for an error stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAddress {
    /// The stanza error.
    pub condition: Condition,
    /// The sentence for the user.
    pub why: String,
}

/// The mail address of a contact: the pair of its JID, else what its node says.
pub fn contact_mail(
    settings: &Settings,
    context: &Context,
    contact: &BareJid,
) -> Result<Result<MailAddress, NoAddress>, Missing> {
    if let Some(pair) = context.pair_of(contact)? {
        return Ok(Ok(pair.mail.clone()));
    }
    let gateway = settings.gateway.as_str();
    let Some(node) = contact.node() else {
        return Ok(Err(NoAddress {
            condition: Condition::ServiceUnavailable,
            why: notice::not_a_contact(gateway),
        }));
    };
    Ok(address_of_node(node.as_str()).map_err(|error| NoAddress {
        condition: Condition::JidMalformed,
        why: notice::no_address(&error, gateway),
    }))
}

/// The mail address of a local user: an explicit pair, else the first rule that matches.
pub fn user_mail(
    settings: &Settings,
    context: &Context,
    user: &BareJid,
) -> Result<Result<MailAddress, NoAddress>, Missing> {
    if let Some(pair) = context.pair_of(user)? {
        return Ok(Ok(pair.mail.clone()));
    }
    let no = |why| {
        Ok(Err(NoAddress {
            condition: Condition::NotAllowed,
            why,
        }))
    };
    let Some(mail) = settings.rules.mail_of(user) else {
        return no(notice::user_has_no_mail(user.as_str()));
    };
    match context.holder_of(&mail)? {
        Some(pair) if pair.jid != *user => no(notice::address_is_taken(&mail.to_string())),
        _ => Ok(Ok(mail)),
    }
}

/// The local user whose address this is: the holder of an explicit pair, else by rule. `None` for all other addresses and
/// for users who may not use the gateway.
pub fn user_of(
    settings: &Settings,
    context: &Context,
    mail: &MailAddress,
) -> Result<Option<BareJid>, Missing> {
    let jid = match context.holder_of(mail)? {
        Some(pair) => Some(pair.jid.clone()),
        None => settings.rules.user_of(mail),
    };
    let is_local = |jid: &BareJid| {
        jid.domain().as_str() != settings.gateway.as_str() && settings.users.allows(jid)
    };
    Ok(jid.filter(is_local))
}

/// The JID under which one user sees a contact: the form that this user used first, else the pair of the address, else
/// the address escaped. `None` where the address cannot be a JID.
pub fn shown_jid(
    settings: &Settings,
    context: &Context,
    known: Option<&Contact>,
    mail: &MailAddress,
) -> Result<Option<BareJid>, Missing> {
    if let Some(jid) = known.and_then(|contact| contact.jid.clone()) {
        return Ok(Some(jid));
    }
    if let Some(pair) = context.holder_of(mail)?
        && pair.jid.domain().as_str() == settings.gateway.as_str()
    {
        return Ok(Some(pair.jid.clone()));
    }
    Ok(contact_jid(mail, &settings.gateway).ok())
}
