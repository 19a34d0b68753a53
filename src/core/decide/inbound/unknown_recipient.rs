//! A mail of one of our own users came here and is for nobody: they wrote to an address of their own mail domain that no user has.
//! Its mail server took it, since all that is left over there leads to the gateway, and so nobody else would tell them.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Decision;
use crate::core::decide::delivery::outcome::forget_request;
use crate::core::decide::delivery::status::{DeliveryStatus, Failure};
use crate::core::decide::inbound::arrived::Arrived;
use crate::core::decide::lookup;
use crate::core::notice;
use crate::core::record::Message;
use crate::core::to_stanza::{self, Condition};
use jid::BareJid;

/// Tells the user whose mail it is, as any other mail server would have. It is theirs where it has the name of one that they sent,
/// which is a keyed hash: whoever else knows it has got the mail, and could as well report that it failed.
pub(crate) fn tell_sender(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
    decision: &mut Decision,
) -> Result<(), Missing> {
    let mail = arrived.mail;
    let Some(from) = mail.from.as_ref().map(|from| &from.address) else {
        return Ok(());
    };
    let Some(user) = lookup::user_of(decider, from)? else {
        return Ok(());
    };
    let decider = decider.about(&user)?;
    match DeliveryStatus::of(decider, &mail.message_id, &user)? {
        Some(told) => of_message(decider, arrived, told, decision),
        None => of_request(decider, arrived, &user, decision),
    }
}

fn of_message(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
    mut told: DeliveryStatus,
    decision: &mut Decision,
) -> Result<(), Missing> {
    let message = told.message.clone();
    let known = decider.rows.contact(&message.user, &message.contact)?;
    let Some(shown) = lookup::shown_jid(decider, known, &message.contact)? else {
        return Ok(());
    };
    for who in nobodies(decider, arrived, &message)? {
        if !told.failed(&who) {
            continue;
        }
        let failure = Failure {
            language: decider.language,
            message_id: &message.message_id,
            contact: shown.as_str(),
            client: message.resource.as_ref(),
            user: &message.user,
            id: Some(&told.stanza_id().clone()),
            condition: Condition::ItemNotFound,
            why: &notice::nobody(decider.language, &who.for_people()),
            is_certain: true,
        };
        decision.stanzas.extend(failure.to_stanzas(Some(&mut told)));
    }
    decision.writes.extend(told.write());
    Ok(())
}

/// For which of its recipients the message came here: those of the envelope; else the only one; else those of the sender's own
/// domain that are no user's.
fn nobodies(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
    message: &Message,
) -> Result<Vec<MailAddress>, Missing> {
    let mail = arrived.mail;
    let all: Vec<&MailAddress> = std::iter::once(&message.contact)
        .chain(&message.sent.also)
        .collect();
    let is_of_envelope =
        |one: &&&MailAddress| mail.envelope_to.iter().flatten().any(|to| to == **one);
    let named: Vec<&MailAddress> = all.iter().filter(is_of_envelope).copied().collect();
    if !named.is_empty() || all.len() == 1 {
        let named = if named.is_empty() { all } else { named };
        return Ok(named.into_iter().cloned().collect());
    }
    let domain = mail.from.as_ref().map(|from| from.address.domain());
    let own = all.into_iter().filter(|one| Some(one.domain()) == domain);
    let found = Context::all(own, |one| {
        let user = lookup::user_of(decider, one)?;
        Ok(user.is_none().then(|| one.clone()))
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// An invitation or a request for presence, which went to one address.
fn of_request(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
    user: &BareJid,
    decision: &mut Decision,
) -> Result<(), Missing> {
    let mail = arrived.mail;
    let Some(contact) = mail.to.first().map(|person| &person.address) else {
        return Ok(());
    };
    let known = decider.rows.contact(user, contact)?;
    let is_asked = |asked_by| asked_by == Some(&mail.message_id);
    let known = known.filter(|known| known.pending_out && is_asked(known.asked_by.as_ref()));
    let shown = lookup::shown_jid(decider, known, contact)?;
    if let (Some(_), Some(shown)) = (known, shown) {
        let why = notice::nobody(decider.language, &contact.for_people());
        let condition = Condition::ItemNotFound;
        let error = to_stanza::request_failed((&shown, user), None, condition, &why);
        decision.stanzas.push(error);
        let forgotten = forget_request(decider, user, contact)?;
        decision.writes.extend(forgotten);
    }
    Ok(())
}
