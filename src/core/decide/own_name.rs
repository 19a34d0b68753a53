//! What a local user's own card calls them (XEP-0054), and its picture, for their mails. The user's server is asked once a day,
//! whenever the user turns to the gateway in any way, and for the first time when the user writes, types or asks for something: what
//! clients ask and say by themselves brings nobody back who was forgotten. Nothing waits for the answer: where nothing has gone before
//! it, the first mail has no name, and no mail is ever late or lost for one.
//!
//! The name is kept with the user's options. The answer is believed only as the one to the last question.

use crate::core::avatar::Avatar;
use crate::core::context::{Missing, Write};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::from_stanza::{Presence, Stanza, StanzaKind};
use crate::core::limits::{OWN_NAME_ASKED_AFTER, OWN_NAME_ASKED_AGAIN_AFTER};
use crate::core::name::{self, Owner};
use crate::core::record::{Options, UserCard};
use crate::core::settings::OwnNames;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_stanza::{Condition, StanzaHeader, to_user};
use crate::core::xml::empty;
use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

/// XEP-0050.
const COMMANDS: &str = "http://jabber.org/protocol/commands";

/// How the id of a question begins; its time follows.
const ASKS: &str = "card.";

/// What a local user is called: as the user has chosen, else by the card.
pub(crate) fn of(decider: Decider<'_>, user: &BareJid) -> Result<Option<String>, Missing> {
    let options = decider.rows.own_options(user, None)?;
    Ok(options.name.or(options.card.and_then(|card| card.name)))
}

/// The decision about a stanza of a user, and with it the question for the user's name, where it is due.
pub(crate) fn asked(
    decider: Decider<'_>,
    stanza: &Stanza,
    mut decision: Decision,
) -> Result<Decision, Missing> {
    let user = stanza.from.to_bare();
    let is_on = decider.settings.own_names == OwnNames::Card;
    if !is_on || !is_occasion(&stanza.kind) || !decider.settings.users.allows(&user) {
        return Ok(decision);
    }
    let options = decider.rows.own_options(&user, None)?;
    let is_written = |write: &Write| matches!(write, Write::Options(of, None, _) if *of == user);
    let is_known = options != Options::default();
    if options.name.is_some()
        || !is_known && !is_meant(stanza)
        || !is_due(options.card.as_ref(), decider.now)
        || decision.writes.iter().any(is_written)
    {
        return Ok(decision);
    }
    let id = format!("{ASKS}{}", decider.now.millis());
    let gateway = decider.settings.gateway.as_str();
    let question = empty("vCard", ns::VCARD);
    let question = to_user(
        StanzaHeader {
            name: "iq",
            from: gateway,
            to: user.as_str(),
            id: Some(&id),
        },
        "get",
        question,
    );
    decision.stanzas.push(question);
    let known = options.card.clone();
    let card = UserCard {
        name: known.as_ref().and_then(|card| card.name.clone()),
        face: known.and_then(|card| card.face),
        asked: decider.now,
        is_answered: false,
    };
    let options = Options {
        card: Some(card),
        ..options
    };
    decision.writes.push(Write::Options(user, None, options));
    Ok(decision)
}

/// Presence is not among them: that of all users comes at once where a server has started.
fn is_occasion(kind: &StanzaKind) -> bool {
    matches!(
        kind,
        StanzaKind::Message(_)
            | StanzaKind::Request { .. }
            | StanzaKind::Presence(Presence::Subscribe)
    )
}

/// Whether the user has done it, and no client by itself.
pub(crate) fn is_meant(stanza: &Stanza) -> bool {
    let is_typing = || stanza.element.has_child("composing", ns::CHATSTATES);
    match &stanza.kind {
        StanzaKind::Message(message) => {
            message.body.is_some() || !message.files.is_empty() || is_typing()
        }
        StanzaKind::Request { payload, .. } => payload.is("command", COMMANDS),
        StanzaKind::Presence(Presence::Subscribe) => true,
        _ => false,
    }
}

fn is_due(card: Option<&UserCard>, now: Timestamp) -> bool {
    card.is_none_or(|card| {
        let pause = match card.is_answered {
            true => OWN_NAME_ASKED_AFTER,
            false => OWN_NAME_ASKED_AGAIN_AFTER,
        };
        now.since(card.asked) >= pause
    })
}

/// Decides about an answer; `None`: it answers something else. A card without a name, and that there is none, take back what
/// was there; other errors say nothing of it.
pub(crate) fn answered(
    decider: Decider<'_>,
    stanza: &Stanza,
    answer: Result<&Element, Condition>,
) -> Result<Option<Decision>, Missing> {
    let id = stanza.id.as_ref().map_or("", |id| id.as_str());
    let Some(asked) = id.strip_prefix(ASKS) else {
        return Ok(None);
    };
    let user = stanza.from.to_bare();
    let nothing = Ok(Some(Decision::nothing()));
    if stanza.from.resource().is_some() || !decider.settings.users.allows(&user) {
        return nothing;
    }
    let options = decider.rows.own_options(&user, None)?;
    let is_open = |card: &&UserCard| !card.is_answered && card.asked.millis().to_string() == asked;
    let Some(card) = options.card.as_ref().filter(is_open) else {
        return nothing;
    };
    let mail = Stop::optional(lookup::user_mail(decider, &user))?;
    let (name, face) = match (answer, mail) {
        (Ok(card), Some(mail)) => (name_of(card, &user, &mail), face_of(card)),
        (Ok(_), None) | (Err(Condition::ItemNotFound), _) => (None, None),
        (Err(_), _) => (card.name.clone(), card.face.clone()),
    };
    let card = UserCard {
        name,
        face,
        is_answered: true,
        ..card.clone()
    };
    let options = Options {
        card: Some(card),
        ..options
    };
    Ok(Some(Decision {
        writes: vec![Write::Options(user, None, options)],
        ..Decision::default()
    }))
}

/// The whole name, else first and last one, else the nickname.
fn name_of(
    card: &Element,
    user: &BareJid,
    mail: &crate::core::address::MailAddress,
) -> Option<String> {
    if !card.is("vCard", ns::VCARD) {
        return None;
    }
    let of = |parent: &Element, child: &str| {
        let child = parent.get_child(child, ns::VCARD).map(Element::text);
        child.unwrap_or_default()
    };
    let parts = card.get_child("N", ns::VCARD);
    let parts = parts.map(|parts| format!("{} {}", of(parts, "GIVEN"), of(parts, "FAMILY")));
    let owner = Owner {
        mail,
        jid: Some(user),
    };
    let mut names = [
        of(card, "FN"),
        parts.unwrap_or_default(),
        of(card, "NICKNAME"),
    ]
    .into_iter();
    names.find_map(|name| name::shown(&clean::for_header(&name, name::CHARS_MAX), owner))
}

/// The picture, where it fits into a mail's header as it is.
fn face_of(card: &Element) -> Option<String> {
    let photo = card.get_child("PHOTO", ns::VCARD)?;
    let written = photo.get_child("BINVAL", ns::VCARD)?.text();
    let avatar = Avatar::of_base64(&written)?;
    avatar.is_face().then_some(avatar.data)
}
