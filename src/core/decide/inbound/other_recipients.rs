//! Who else has a mail.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::decider::Decider;
use crate::core::decide::lookup;
use crate::core::decide::own_name;
use crate::core::from_mail::{self, Person};
use crate::core::language::Language;
use crate::core::limits::LISTED_MAX;
use crate::core::message::Other;
use crate::core::notice;
use crate::core::record::Contact;
use jid::BareJid;
use std::collections::BTreeSet;

/// How the text names another recipient. A name is what the sender calls somebody, and may be anybody's: it stands alone only where
/// the user, too, knows that address by it. Users of this gateway go by their own name, and their JID.
fn label(
    person: &Person,
    local: Option<(&BareJid, Option<String>)>,
    known: Option<&Contact>,
) -> String {
    let address = || person.address.for_people();
    let friend = known.filter(|known| known.is_acquainted());
    let own = friend.and_then(|friend| friend.name.as_ref());
    match (local, &person.name) {
        (Some((local, Some(name))), _) => format!("{name} ({local})"),
        (Some((local, None)), _) => local.to_string(),
        (None, Some(name)) if own == Some(name) => name.clone(),
        (None, Some(name)) => format!("{name} ({})", address()),
        (None, None) => address(),
    }
}

/// Everyone else whom the header names, as JIDs and as addresses.
pub(crate) fn others(
    decider: Decider<'_>,
    mail: &from_mail::ParsedMail,
    from: &Person,
    user: &BareJid,
) -> Result<Vec<(Other, MailAddress)>, Missing> {
    let to = mail.to.iter().map(|person| ("to", person));
    let cc = mail.cc.iter().map(|person| ("cc", person));
    let others = Context::all(to.chain(cc).take(LISTED_MAX), |(role, person)| {
        let local = lookup::user_of(decider, &person.address)?;
        if local.as_ref() == Some(user) || person.address == from.address {
            return Ok(None);
        }
        // Users of this gateway go by what they are here. To ask for what each of them is to each other would be to ask for the
        // square of what a mail names.
        let known = match local {
            Some(_) => None,
            None => decider.rows.contact(user, &person.address)?,
        };
        let called = |local| own_name::of(decider, local);
        let called = local.as_ref().map(called).transpose()?.flatten();
        let named = local.as_ref().map(|local| (local, called));
        let label = label(person, named, known);
        let other = |jid| Other {
            role,
            jid,
            name: person.name.clone(),
            label,
        };
        let shown = match local {
            Some(local) => Some(local),
            None => lookup::shown_jid(decider, known, &person.address)?,
        };
        Ok(shown.map(|jid| (other(jid), person.address.clone())))
    })?;
    let mut known = BTreeSet::new();
    let is_new = |other: &(Other, MailAddress)| known.insert(other.1.clone());
    Ok(others.into_iter().flatten().filter(is_new).collect())
}

/// How many others than these, and than the user where the header names it, have the mail.
pub(crate) fn unlisted(
    mail: &from_mail::ParsedMail,
    author: &MailAddress,
    is_named: bool,
    listed: &[(Other, MailAddress)],
) -> usize {
    let is_other = |person: &&Person| person.address != *author;
    let all = mail.to.iter().chain(&mail.cc).filter(is_other).count();
    all.saturating_sub(listed.len().saturating_add(usize::from(is_named)))
}

/// Who else has the mail, where anybody has: an answer goes to the author alone, and only one to all to those who stand here.
pub(crate) fn line(
    language: Language,
    is_named: bool,
    others: &[(Other, MailAddress)],
    more: usize,
) -> Option<String> {
    if others.is_empty() {
        return None;
    }
    let labels = others.iter().map(|(other, _)| other.label.as_str());
    Some(notice::recipients(language, is_named, labels, more))
}
