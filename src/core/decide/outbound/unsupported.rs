//! What a client does by a message that is none: it takes one back, rings, or wants a room joined. Mail can do nothing of
//! that, and whoever waits for it is told; but a message whose mail still waits is taken back.

use crate::core::address::MailAddress;
use crate::core::context::Missing;
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::outbound::gesture::Gesture;
use crate::core::decide::outbound::undo;
use crate::core::from_stanza::{Stanza, StanzaAct, StanzaMessage};
use crate::core::id::{MessageId, StanzaId};
use crate::core::language::Language;
use crate::core::notice;
use crate::core::record::Direction;
use crate::core::to_stanza::{self, Condition};
use jid::BareJid;
use minidom::Element;

/// What becomes of it; `None` where the message is to be mailed like others.
pub(crate) fn decide(
    decider: Decider<'_>,
    stanza: &Stanza,
    message: &StanzaMessage,
) -> Result<Option<Decision>, Stop> {
    let Some(act) = &message.act else {
        return Ok(None);
    };
    let has_gateway = || -> Result<bool, Missing> {
        let mail = Stop::optional(lookup::contact_mail(decider, &stanza.to.to_bare()))?;
        Ok(match mail {
            Some(mail) => lookup::format_of(decider, &mail)?.features().stanzas,
            None => false,
        })
    };
    Ok(match act {
        StanzaAct::Call { id, namespace } => {
            Some(unanswered(decider.language, stanza, (id, namespace)))
        }
        StanzaAct::Invite { from } => Some(declined(decider.language, stanza, from)),
        // Its gateway knows what to do.
        StanzaAct::Retract(_) | StanzaAct::Attention if has_gateway()? => None,
        StanzaAct::Retract(taken_back) => Some(retracted(decider, stanza, taken_back)?),
        StanzaAct::Attention if message.body.is_some() => None,
        StanzaAct::Attention => {
            return Err(Stop::reject(
                Condition::FeatureNotImplemented,
                notice::no_attention(decider.language),
            ));
        }
    })
}

/// Mail cannot be taken back: only what waits here can, and what came of it is said.
fn retracted(
    decider: Decider<'_>,
    stanza: &Stanza,
    taken_back: &StanzaId,
) -> Result<Decision, Stop> {
    let language = decider.language;
    let told = |words: &str| told(language, stanza, Some(taken_back.as_str()), words);
    if let Some(mut decision) = undo::take_back_all(decider, stanza, taken_back)? {
        // Of one that is repeated nothing is to be written.
        if !decision.writes.is_empty() {
            decision.stanzas.push(told(&notice::taken_back(language)));
        }
        return Ok(decision);
    }
    let contact = Stop::optional(lookup::contact_mail(decider, &stanza.to.to_bare()))?;
    let known = match contact {
        Some(contact) => {
            let user = stanza.from.to_bare();
            decider.rows.stanza(&user, &contact, taken_back)?
        }
        None => None,
    };
    let words = match known.map(|known| known.direction) {
        Some(Direction::Out) => notice::not_taken_back(language),
        Some(Direction::In) => notice::not_yours(language),
        None => notice::unknown_message(language),
    };
    Ok(Decision::answer([told(&words)]))
}

/// The user is told that a reaction cannot be taken back, where there was a message to react to.
pub(crate) fn reaction_has_left(
    decider: Decider<'_>,
    stanza: &Stanza,
    (user, contact): (&BareJid, &MailAddress),
    gesture: &Gesture,
) -> Result<Decision, Stop> {
    let Some(about) = &gesture.about else {
        return Ok(Decision::nothing());
    };
    if decider.rows.stanza(user, contact, about)?.is_none() {
        return Ok(Decision::nothing());
    }
    let language = decider.language;
    let words = notice::reaction_has_left(language);
    let told = told(language, stanza, Some(about.as_str()), &words);
    Ok(Decision::answer([told]))
}

/// A call is rejected at once, so that it does not ring on, and the user is told why.
fn unanswered(language: Language, stanza: &Stanza, (id, namespace): (&str, &str)) -> Decision {
    let (from, to) = (stanza.to.as_str(), stanza.from.as_str());
    let reject = to_stanza::call_rejected(from, to, id, namespace);
    Decision::answer([
        reject,
        told(language, stanza, None, &notice::no_calls(language)),
    ])
}

/// XEP-0045 §7.8.2: the room tells who invited.
pub(crate) fn declined(language: Language, stanza: &Stanza, inviter: &str) -> Decision {
    let (from, room) = (stanza.to.as_str(), stanza.from.as_str());
    let why = notice::no_rooms(language);
    Decision::answer([to_stanza::invitation_declined(from, room, inviter, &why)])
}

/// A sentence of the contact, the same for the same stanza.
fn told(language: Language, stanza: &Stanza, about: Option<&str>, body: &str) -> Element {
    let (contact, user) = (stanza.to.to_bare(), stanza.from.to_bare());
    let name = stanza.id.as_ref().map_or("", StanzaId::as_str);
    let name = MessageId::of_raw(format!("{name} {}", about.unwrap_or_default()).as_bytes());
    let id = StanzaId::derive(&name, &user, contact.as_str());
    let from_to = (contact.as_str(), user.as_str());
    to_stanza::notice_on(language, from_to, (id.as_str(), about), body)
}
