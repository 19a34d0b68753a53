//! How mails to a contact are written, and whether what comes from it is believed (TRANSLATION §3.1, §8.1).

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::authentication::{self, Verdict};
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::{Decision, incoming, subscription};
use crate::core::from_mail;
use crate::core::record::{Format, Peer, PeerOrigin};
use crate::core::settings::{Settings, StanzaTrust};
use crate::core::signature::PublicKey;
use crate::core::text::clean;
use crate::core::time::Timestamp;

/// The version of [`crate::core::to_mail::BRIDGE`] that says: this mail comes from another gateway.
const BRIDGE_VERSION: &str = "v=1";

/// The format of a contact: the configuration's, else what the admin said by command, else what its last authenticated
/// mail showed, else plain mail. What concerns the address goes before what concerns its domain.
pub fn format_of(
    settings: &Settings,
    context: &Context,
    contact: &MailAddress,
) -> Result<Format, Missing> {
    if let Some(format) = settings.format_of(contact) {
        return Ok(format);
    }
    if let Some(format) = commanded(context, contact)? {
        return Ok(format);
    }
    let learned = context.peer(&AddressPattern::Address(contact.clone()))?;
    Ok(learned.map(|peer| peer.format).unwrap_or_default())
}

/// Whether nothing at all is known of how to write to a contact.
pub fn is_unknown(
    settings: &Settings,
    context: &Context,
    contact: &MailAddress,
) -> Result<bool, Missing> {
    let who = AddressPattern::Address(contact.clone());
    Ok(settings.format_of(contact).is_none()
        && commanded(context, contact)?.is_none()
        && context.peer(&who)?.is_none())
}

fn commanded(context: &Context, contact: &MailAddress) -> Result<Option<Format>, Missing> {
    let address = AddressPattern::Address(contact.clone());
    let domain = AddressPattern::Domain(contact.domain().to_owned());
    for who in [address, domain] {
        if let Some(peer) = context.peer(&who)?
            && peer.origin == PeerOrigin::Admin
        {
            return Ok(Some(peer.format));
        }
    }
    Ok(None)
}

/// What a verified mail shows of its sender's format is kept, where nobody has said what it is to be. Only what a person
/// wrote shows that there is no gateway any more. To whom the mail is the contact is another from now on: it is shown as
/// such, and a gateway is told of the user again.
pub fn learn(
    settings: &Settings,
    context: &Context,
    mail: &from_mail::Mail,
    from: &MailAddress,
    now: Timestamp,
    decision: &mut Decision,
) -> Result<(), Missing> {
    let shown = match is_bridge(mail) {
        true => Format::Xmpp,
        false => Format::Mail,
    };
    if mail.bulk || (mail.automatic.is_some() && shown == Format::Mail) {
        return Ok(());
    }
    let is_said = settings.format_of(from).is_some() || commanded(context, from)?.is_some();
    let who = AddressPattern::Address(from.clone());
    let known = context.peer(&who)?.map(|peer| peer.format);
    if is_said || known.unwrap_or_default() == shown {
        return Ok(());
    }
    decision.notes.push(format!(
        "{} is written to in the format {shown} from now on: so its mail {} shows",
        clean::shorten_addresses(&from.to_string()),
        mail.message_id
    ));
    decision.writes.push(Write::Peer(Peer {
        who,
        format: shown,
        origin: PeerOrigin::Learned,
        since: now,
    }));
    for user in incoming::named_users(settings, context, mail)? {
        if let Some(contact) = context.contact(&user, from)? {
            let relation = (&user, from, contact);
            let greeting = subscription::greeting_in(shown, settings, context, relation, now)?;
            decision.stanzas.extend(greeting);
        }
    }
    Ok(())
}

/// Whether another gateway wrote the mail.
pub fn is_bridge(mail: &from_mail::Mail) -> bool {
    let first = |value: &str| value.split(';').next().map(str::trim) == Some(BRIDGE_VERSION);
    mail.bridge.as_deref().is_some_and(first)
}

/// Whether the stanzas that a mail carries are believed to be from the address in its `From`. Never those that came
/// through a list: whoever is behind it did not send them here.
pub fn is_believed(settings: &Settings, mail: &from_mail::Mail, now: Timestamp) -> bool {
    let from = mail
        .from
        .as_ref()
        .filter(|_| !mail.several_from && !mail.bulk);
    let has_key = |from: &from_mail::Person| settings.key_of(&from.address).is_some();
    let is_off = settings.trust.stanza == StanzaTrust::Off;
    from.is_some_and(|from| (is_off && !has_key(from)) || is_verified(settings, mail, now))
}

/// Whether a mail is from the address in its `From`: signed with the key that the configuration has for it; where it has
/// none, so our own mail server says.
pub fn is_verified(settings: &Settings, mail: &from_mail::Mail, now: Timestamp) -> bool {
    let from = mail.from.as_ref().filter(|_| !mail.several_from);
    let Some(address) = from.map(|person| &person.address) else {
        return false;
    };
    match settings.key_of(address) {
        Some(key) => signed_with(&key, mail, address, now),
        None => authentication::verdict(mail, &settings.trust.authserv_ids) == Verdict::Verified,
    }
}

fn signed_with(
    key: &PublicKey,
    mail: &from_mail::Mail,
    from: &MailAddress,
    now: Timestamp,
) -> bool {
    let signed = mail.signature.as_ref();
    signed.is_some_and(|signed| signed.verify(key, from.domain(), now).is_ok())
}
