//! How mails to a contact are written, and whether what comes from it is believed.

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

/// What a believed mail shows of its sender's format is kept, where nobody has said what it is to be. Only what a person
/// wrote shows that there is no gateway any more, not an answer to what only gateways read, which a program may have given;
/// and only what is newer than what was learned: somebody who has got hold of an older mail can send it again, and take
/// fields away that are not signed. To whom the mail is the contact is another from now on: it is shown as such, and a
/// gateway is told of the user again.
pub fn learn(
    settings: &Settings,
    context: &Context,
    mail: &from_mail::Mail,
    from: &MailAddress,
    now: Timestamp,
    decision: &mut Decision,
) -> Result<(), Missing> {
    // The body is signed in any case, and `XMPP-Bridge` is not by every mail server.
    let shown = match is_bridge(mail) || mail.carried.is_some() {
        true => Format::Xmpp,
        false => Format::Mail,
    };
    let is_of_machine = mail.automatic.is_some() || mail.null_return_path;
    let is_doubtful = is_of_machine || mail.answers_machine;
    if mail.bulk || (is_doubtful && shown == Format::Mail) {
        return Ok(());
    }
    let is_said = settings.format_of(from).is_some() || commanded(context, from)?.is_some();
    let who = AddressPattern::Address(from.clone());
    let known = context.peer(&who)?;
    let written = mail.date.map_or(now, |date| date.min(now));
    if is_said || known.map(|peer| peer.format).unwrap_or_default() == shown {
        return Ok(());
    }
    if known.is_some_and(|peer| written < peer.since) {
        decision.notes.push(format!(
            "mail {} is older than what its sender's format was learned from: nothing is learned from it",
            mail.message_id
        ));
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
        since: written,
    }));
    let users = incoming::addressed_users(settings, context, mail)?;
    let greetings = Context::all(&users, |user| match context.contact(user, from)? {
        Some(contact) => {
            let relation = (user, from, contact);
            subscription::greeting_in(shown, settings, context, relation, now)
        }
        None => Ok(Vec::new()),
    })?;
    decision.stanzas.extend(greetings.into_iter().flatten());
    Ok(())
}

/// Whether another gateway wrote the mail.
pub fn is_bridge(mail: &from_mail::Mail) -> bool {
    let first = |value: &str| value.split(';').next().map(str::trim) == Some(BRIDGE_VERSION);
    mail.bridge.as_deref().is_some_and(first)
}

/// Whether the stanzas that a mail carries are believed to be from the address in its `From`.
pub fn is_believed(settings: &Settings, mail: &from_mail::Mail, now: Timestamp) -> bool {
    doubt(settings, mail, now).is_none()
}

/// Why the stanzas that a mail carries are not believed, as the end of a sentence; `None` where they are. Never those that
/// came through a list: whoever is behind it did not send them here. Nor those of a mail that two readers could take for
/// two, of which one was verified. Nor those that are older than what is remembered of handled mails: anybody may have
/// kept them, to send them again.
pub fn doubt(settings: &Settings, mail: &from_mail::Mail, now: Timestamp) -> Option<String> {
    let Some(from) = mail.from.as_ref().map(|person| &person.address) else {
        return Some("it has no sender that could be read".to_owned());
    };
    if mail.several_from {
        return Some("it could be from several senders".to_owned());
    }
    if mail.bulk {
        return Some("it came through a list, or to many".to_owned());
    }
    if mail.has_doubled_fields {
        return Some("fields that a mail has once are there several times".to_owned());
    }
    let is_forgotten = |date| now.since(date) > settings.remembered;
    if mail.date.is_none_or(is_forgotten) {
        return Some("it has no date, or one too long ago".to_owned());
    }
    match settings.key_of(from) {
        Some(key) => match &mail.signature {
            None => Some("its sender signs with a key, and this is not signed".to_owned()),
            Some(signed) => signed
                .verify(&key, from.domain(), now)
                .err()
                .map(|bad| bad.to_string()),
        },
        None if settings.trust.stanza == StanzaTrust::Off => None,
        None => doubt_of_server(settings, mail),
    }
}

/// The same by what our own mail server says.
fn doubt_of_server(settings: &Settings, mail: &from_mail::Mail) -> Option<String> {
    let authserv_ids = &settings.trust.authserv_ids;
    let why = match authentication::verdict(mail, authserv_ids) {
        Verdict::Verified => return None,
        Verdict::Failed => "its sender failed authentication",
        Verdict::Unknown if mail.is_signed_in_part => {
            "a DKIM signature of it leaves out its recipients, its date or a part of its body"
        }
        Verdict::Unknown if authserv_ids.is_empty() => {
            "the configuration names neither authserv_ids nor a key of its sender"
        }
        Verdict::Unknown => "its sender is not verified",
    };
    Some(why.to_owned())
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
