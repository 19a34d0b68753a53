//! What a contact's gateway says of the contact's presence.

use crate::core::address::MailAddress;
use crate::core::carried::CarriedPresence;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Decision;
use crate::core::decide::inbound::learn;
use crate::core::decide::inbound::recipients::addressed_users;
use crate::core::decide::lookup;
use crate::core::decide::roster::presence::{self, SeenContact};
use crate::core::from_mail;
use crate::core::id::MessageId;
use crate::core::text::clean;
use jid::BareJid;

/// Decides about what a contact's gateway said of its presence: it goes to all whom the mail is to, whichever of them this copy was
/// for.
pub(crate) fn decide(
    decider: Decider<'_>,
    mail: &from_mail::ParsedMail,
    from: &MailAddress,
    carried: &CarriedPresence,
) -> Result<Decision, Missing> {
    let mut decision = Decision::nothing();
    // Mail servers that keep one copy for each recipient in one mailbox make hundreds of them.
    let gateway = BareJid::from_parts(None, &decider.settings.gateway);
    let key = MessageId::of_raw(format!("presence {} {}", from.key(), mail.message_id).as_bytes());
    if decider.rows.seen(&gateway, &key)?.is_some() {
        return Ok(decision);
    }
    decision.writes.push(Write::Seen(gateway, key, decider.now));
    learn::learn(decider, mail, from, &mut decision)?;
    let users = addressed_users(decider, mail)?;
    let relations = Context::all(users, |user| {
        let Some(known) = decider.rows.contact(&user, from)? else {
            return Ok(None);
        };
        let shown = lookup::shown_jid(decider, Some(known), from)?;
        Ok(Some((user, known, shown)))
    })?;
    for (user, known, shown) in relations.into_iter().flatten() {
        let mut next = known.clone();
        let was_there = known
            .heard
            .as_ref()
            .is_some_and(|heard| heard.state.is_some());
        if let Err(why) = presence::heard(&mut next, carried, decider.now) {
            let who = clean::shorten_addresses(&from.to_string());
            decision
                .notes
                .push(format!("a presence of {who} is ignored: {why}"));
            continue;
        }
        let is_there = next
            .heard
            .as_ref()
            .is_some_and(|heard| heard.state.is_some());
        let is_seen = next.subscription.has_to() && (is_there || was_there);
        if let Some(shown) = shown.filter(|_| is_seen) {
            let seen = SeenContact {
                shown: &shown,
                user: &user,
                contact: &next,
            };
            decision.stanzas.push(presence::as_heard(seen, carried));
        }
        decision
            .writes
            .push(Write::Contact(user, from.clone(), next));
    }
    Ok(decision)
}
