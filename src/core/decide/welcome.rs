//! Who uses the gateway for the first time is told what it is, once: with the first mail that comes, or at the first thing that
//! the user does. Nobody is whom the store knows already, so nobody of a store that is older than this.

use crate::core::commands;
use crate::core::context::{Missing, Write};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::{lookup, own_name};
use crate::core::from_stanza::{Stanza, StanzaKind};
use crate::core::id::{MessageId, StanzaId, keyed_digest};
use crate::core::notice;
use crate::core::record::Options;
use crate::core::to_stanza;
use jid::BareJid;
use minidom::Element;

/// The decision about a stanza of a user, and with it the welcome. Who speaks to the gateway has found it, and is answered there.
pub(crate) fn beside_stanza(
    decider: Decider<'_>,
    stanza: &Stanza,
    mut decision: Decision,
) -> Result<Decision, Missing> {
    let user = stanza.from.to_bare();
    let is_on = decider.settings.welcomes && decider.settings.users.allows(&user);
    if !is_on || !own_name::is_meant(stanza) || decision.operation.is_some() {
        return Ok(decision);
    }
    let Some(welcome) = due(decider, &user)? else {
        return Ok(decision);
    };
    let is_told = match &stanza.kind {
        StanzaKind::Message(_) => super::is_for_gateway(decider, stanza)?,
        StanzaKind::Request { .. } => true,
        _ => false,
    };
    decision.stanzas.extend((!is_told).then_some(welcome));
    let written = decision.writes.iter_mut().find_map(|write| match write {
        Write::Options(of, None, options) if *of == user => Some(options),
        _ => None,
    });
    match written {
        Some(options) => options.is_welcomed = true,
        None => {
            let options = Options {
                is_welcomed: true,
                ..Options::default()
            };
            decision.writes.push(Write::Options(user, None, options));
        }
    }
    Ok(decision)
}

/// What a decision about a mail says to a user from `begin` on, and before it the welcome. That is noted for a while only, since
/// anybody can write to names that nobody has.
pub(crate) fn before_mail(
    decider: Decider<'_>,
    user: &BareJid,
    begin: usize,
    decision: &mut Decision,
) -> Result<(), Missing> {
    let is_said = decision.stanzas.iter().skip(begin).any(|stanza| {
        stanza.is("message", xmpp_parsers::ns::COMPONENT) && stanza.attr("type") != Some("error")
    });
    if !decider.settings.welcomes || !is_said {
        return Ok(());
    }
    if let Some(welcome) = due(decider, user)? {
        decision.stanzas.insert(begin, welcome);
        let seen = Write::Seen(user.clone(), key(), decider.now);
        decision.writes.push(seen);
    }
    Ok(())
}

/// That a user was forgotten, who knows what the gateway is: a mark that names nobody, and is over when marks are.
pub(crate) fn forgotten(decider: Decider<'_>, user: &BareJid) -> Write {
    let (gateway, key) = forgotten_key(decider, user);
    Write::Seen(gateway, key, decider.now)
}

fn forgotten_key(decider: Decider<'_>, user: &BareJid) -> (BareJid, MessageId) {
    let digest = keyed_digest(&decider.settings.id_key, &["forgotten", user.as_str()]);
    let gateway = BareJid::from_parts(None, &decider.settings.gateway);
    (gateway, MessageId::of_raw(digest.as_bytes()))
}

fn key() -> MessageId {
    MessageId::of_raw(b"welcome")
}

/// The welcome, where nothing is known of the user, who has an address.
fn due(decider: Decider<'_>, user: &BareJid) -> Result<Option<Element>, Missing> {
    let (gateway, forgotten) = forgotten_key(decider, user);
    if !decider.rows.own_options(user, None)?.is_empty()
        || decider.rows.seen(user, &key())?.is_some()
        || decider.rows.seen(&gateway, &forgotten)?.is_some()
    {
        return Ok(None);
    }
    let Some(mail) = Stop::optional(lookup::user_mail(decider, user))? else {
        return Ok(None);
    };
    let id = StanzaId::derive(&key(), user, "");
    let body = notice::welcome(decider.language, &mail.for_people());
    let speaker = commands::speaker(decider)?;
    let from_to = (speaker.as_str(), user.as_str());
    let welcome = to_stanza::notice(decider.language, from_to, id.as_str(), &body);
    Ok(Some(welcome))
}
