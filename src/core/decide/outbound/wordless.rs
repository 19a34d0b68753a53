//! A message without words, for a contact with a gateway of its own: a marker, a receipt, a reaction, or whatever else passes
//! the payload filter. A receipt goes there once, however many clients the user has.

use crate::core::context::{Missing, Write};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::outbound::identity::name;
use crate::core::decide::outbound::outgoing::{MessageStanza, OutgoingAddresses, carried};
use crate::core::decide::outbound::recipients;
use crate::core::decide::thread;
use crate::core::from_stanza::StanzaMessage;
use crate::core::id::{Correspondents, MessageId, content_digest};
use crate::core::message::{Act, OutboundMail};
use crate::core::notice::{self, WithoutText};
use crate::core::record::{self, Direction};
use crate::core::text::clean;
use crate::core::xml::{CHAT_MARKERS, REACTIONS};
use minidom::Element;
use xmpp_parsers::ns;

/// A message that only a client understands, for a contact whose client may: a marker, a receipt, a reaction, whatever
/// else passes [`crate::core::carried::message`]. Nobody is told what becomes of it, as nobody is of such a stanza.
pub(crate) fn pass_on(
    decider: Decider<'_>,
    source: MessageStanza<'_>,
    outgoing: OutgoingAddresses,
) -> Result<Decision, Stop> {
    let MessageStanza { stanza, message } = source;
    let digest = content_digest(&[&String::from(&stanza.element)]);
    let id = name(source, &digest, decider.now);
    let carried = carried(stanza, &id, &outgoing);
    if carried.is_empty() {
        return Ok(Decision::nothing());
    }
    let what = without_text(&stanza.element);
    let confirmed = match confirmed(decider, message, &what, &outgoing)? {
        Confirmed::Again => return Ok(Decision::nothing()),
        Confirmed::First(row) => row.map(|row| Write::Message(*row)),
        Confirmed::Other => None,
    };
    let known = lookup::contact(decider, &outgoing.user, &outgoing.contact)?;
    let strangers = recipients::strangers(decider, &outgoing.user, &outgoing.recipients)?;
    let message_id = MessageId::derive(
        &decider.settings.id_key,
        Correspondents {
            from: &outgoing.user,
            to: outgoing.contact.key(),
            sender: &outgoing.sender,
        },
        id.as_str(),
        &digest,
    );
    let known = known.unwrap_or_default();
    let (user, contact) = (&outgoing.user, &outgoing.contact);
    let place = thread::of_stanza(decider, (user, contact, &known), message, &message_id)?;
    let letter = outgoing.letter(decider, message, &place)?;
    let name = letter.from.name.clone().unwrap_or_default();
    let letter = OutboundMail {
        act: match &what {
            WithoutText::Reaction(emoji) => Some(Act::Reaction(emoji.clone())),
            _ => None,
        },
        automatic: matches!(what, WithoutText::Received | WithoutText::Read),
        text: notice::without_text(decider.language, &name, &what),
        carried,
        ..letter
    };
    let mail = outgoing
        .options(None, true, decider.now)
        .mail(decider, &letter)?;
    Ok(Decision {
        mails: vec![mail],
        writes: confirmed.into_iter().collect(),
        strangers,
        ..Decision::default()
    })
}

/// What a message without words says of one that came from the other gateway.
enum Confirmed {
    /// That it was received, or read, which was not said yet; its row from now on.
    First(Option<Box<record::Message>>),
    /// The same once more, by another client of the user or another protocol (XEP-0333 beside XEP-0184).
    Again,
    /// Something else.
    Other,
}

fn confirmed(
    decider: Decider<'_>,
    message: &StanzaMessage,
    what: &WithoutText,
    outgoing: &OutgoingAddresses,
) -> Result<Confirmed, Missing> {
    let is_read = match what {
        WithoutText::Received => false,
        WithoutText::Read => true,
        _ => return Ok(Confirmed::Other),
    };
    let known = match &message.reply_to {
        Some(id) => decider.rows.stanza(&outgoing.user, &outgoing.contact, id)?,
        None => None,
    };
    let Some(known) = known.filter(|known| known.direction == Direction::In) else {
        return Ok(Confirmed::First(None));
    };
    let mut row = known.clone();
    let flag = match is_read {
        true => &mut row.sent.displayed,
        false => &mut row.sent.taken,
    };
    Ok(match std::mem::replace(flag, true) {
        true => Confirmed::Again,
        false => Confirmed::First(Some(Box::new(row))),
    })
}

/// What a person is told of a message without a body.
pub(crate) fn without_text(stanza: &Element) -> WithoutText {
    let has = |name: &str, namespace: &str| stanza.get_child(name, namespace).is_some();
    if has("received", ns::RECEIPTS) || has("received", CHAT_MARKERS) {
        return WithoutText::Received;
    }
    if has("displayed", CHAT_MARKERS) {
        return WithoutText::Read;
    }
    if stanza.children().any(|child| child.name() == "retract") {
        return WithoutText::Retraction;
    }
    match stanza.get_child("reactions", REACTIONS) {
        Some(reactions) => {
            let emoji = reactions
                .children()
                .map(|one| clean::for_header(&one.text(), 40));
            let emoji: Vec<String> = emoji.filter(|one| !one.is_empty()).collect();
            match emoji.is_empty() {
                true => WithoutText::ReactionTakenBack,
                false => WithoutText::Reaction(emoji.join(" ")),
            }
        }
        None => WithoutText::Other,
    }
}
