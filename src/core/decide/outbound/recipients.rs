//! To whom a message goes: the contact that it names, those of its list (XEP-0033), and everybody to whom the mail went that it
//! answers.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::lookup;
use crate::core::from_stanza::{AddressTarget, StanzaMessage};
use crate::core::message::{Recipient, Role};
use crate::core::notice;
use crate::core::record::PairOrigin;
use crate::core::to_stanza::Condition;
use jid::{BareJid, Jid};

pub(crate) fn strangers(
    decider: Decider<'_>,
    user: &BareJid,
    recipients: &[Recipient],
) -> Result<usize, Missing> {
    let known = Context::all(recipients, |recipient| {
        decider.rows.contact(user, &recipient.mail)
    })?;
    Ok(known.into_iter().filter(Option::is_none).count())
}

/// The contact of the stanza first, then those of XEP-0033, each once. How many there are is looked at before anything is
/// looked up: a stanza has room for thousands.
pub(crate) fn of(
    decider: Decider<'_>,
    user: &BareJid,
    to: &BareJid,
    message: &StanzaMessage,
) -> Result<Vec<Recipient>, Stop> {
    let listed = message.addresses.len();
    if listed > decider.settings.recipients_max {
        return Err(too_many(decider, listed));
    }
    let found = Stop::all(&message.addresses, |address| {
        let mail = target_mail(decider, &address.target)?;
        Ok((address.role, mail))
    })?;
    let mut list: Vec<(Role, MailAddress)> = Vec::new();
    for (role, mail) in found {
        if !list.iter().any(|(_, known)| *known == mail) {
            list.push((role, mail));
        }
    }
    // XEP-0033 §4: sent to the service, the list is all; sent to a contact, that contact gets it as well, and the
    // conversation is with that contact, whatever place it has in the list.
    if to.node().is_some() || list.is_empty() {
        let mail = lookup::contact_mail(decider, to)?;
        let place = list.iter().position(|(_, known)| *known == mail);
        let first = place.map_or((Role::To, mail), |place| list.remove(place));
        list.insert(0, first);
    }
    let named = Context::all(list, |(role, mail)| {
        // How the mails of others call somebody is theirs: see `names::of_known`.
        let pair = decider.rows.holder_of(&mail)?;
        let pair = pair.filter(|pair| pair.origin == PairOrigin::Admin);
        let name = pair.and_then(|pair| pair.name.clone());
        let known = decider.rows.contact(user, &mail)?;
        let name = name.or_else(|| known?.name.clone());
        Ok(Recipient { role, mail, name })
    })?;
    Ok(named)
}

fn target_mail(decider: Decider<'_>, target: &AddressTarget) -> Result<MailAddress, Stop> {
    let malformed = |why: String| Stop::reject(Condition::JidMalformed, why);
    match target {
        AddressTarget::Mail(text) => match MailAddress::parse(text) {
            Ok(mail) => Ok(mail),
            Err(error) => Err(malformed(error.to_string())),
        },
        AddressTarget::Jid(text) => match Jid::new(text).map(Jid::into_bare) {
            Ok(jid) if jid.domain().as_str() == decider.settings.gateway.as_str() => {
                lookup::contact_mail(decider, &jid)
            }
            // A local user among the recipients gets the mail like everyone else.
            Ok(jid) => lookup::user_mail(decider, &jid),
            Err(error) => Err(malformed(format!(
                "“{}” in the list of recipients is no JID ({error})",
                brief(text)
            ))),
        },
    }
}

fn brief(text: &str) -> String {
    crate::core::text::clean::for_header(text, 80)
}

fn too_many(decider: Decider<'_>, count: usize) -> Stop {
    Stop::reject(
        Condition::NotAcceptable,
        notice::too_many_recipients(decider.language, count, decider.settings.recipients_max),
    )
}

pub(crate) fn allowed(decider: Decider<'_>, recipients: &[Recipient]) -> Result<MailAddress, Stop> {
    if recipients.len() > decider.settings.recipients_max {
        return Err(too_many(decider, recipients.len()));
    }
    if let Some(denied) = recipients
        .iter()
        .find(|recipient| !decider.settings.contacts.allows(&recipient.mail))
    {
        let why = notice::contact_denied(decider.language, &denied.mail.for_people());
        return Err(Stop::reject(Condition::NotAllowed, why));
    }
    let first = recipients.first().map(|recipient| recipient.mail.clone());
    first.ok_or_else(|| {
        Stop::reject(
            Condition::ServiceUnavailable,
            notice::not_a_contact(decider.language, decider.settings.gateway.as_str()),
        )
    })
}

/// The word that a message begins with, in lower case, which is to go to everybody who has the mail that it answers.
pub(crate) const TO_ALL: &str = "/all";

/// The text behind [`TO_ALL`], which may be empty; `None` where a message does not begin with it.
pub(crate) fn to_all(body: &str) -> Option<&str> {
    let (word, rest) = body.trim_start().split_at_checked(TO_ALL.len())?;
    let is_end = |c: char| c.is_whitespace() || c == ':';
    let is_word = word.eq_ignore_ascii_case(TO_ALL) && rest.chars().next().is_none_or(is_end);
    is_word.then(|| rest.trim_matches(is_end))
}

/// Adds those who have the mail that is answered: `others`, which the text of that mail named. An answer without
/// [`TO_ALL`] goes to its author alone, so that nobody is written to whom the user does not see.
pub(crate) fn add_others(
    decider: Decider<'_>,
    sender: &MailAddress,
    recipients: &mut Vec<Recipient>,
    others: &[MailAddress],
) -> Result<(), Stop> {
    for other in others {
        let is_known = recipients.iter().any(|known| known.mail == *other);
        if !is_known && other != sender {
            recipients.push(Recipient {
                role: Role::Cc,
                mail: other.clone(),
                name: None,
            });
        }
    }
    allowed(decider, recipients).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::to_all;

    #[test]
    fn the_word_to_all_stands_at_the_beginning_and_alone() {
        for body in ["/all x", " /all x", "\n/ALL\nx ", "/all: x", "/all:x"] {
            assert_eq!(to_all(body), Some("x"), "{body}");
        }
        for body in ["/all", " /all: "] {
            assert_eq!(to_all(body), Some(""), "{body}");
        }
        for body in [
            "", "/al", "/allow x", "/all-in", "x /all", "/alü x", "all x",
        ] {
            assert_eq!(to_all(body), None, "{body}");
        }
    }
}
