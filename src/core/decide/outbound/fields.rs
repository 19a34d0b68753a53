//! What a client does to a message that is there already, for a contact whose program shows mails as a chat: fields of a mail say
//! it. What these cannot say is said in words, as to everybody.

use crate::core::context::{Missing, Write};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::outbound::gesture::{self, Gesture, InWords};
use crate::core::decide::outbound::outgoing::{MessageStanza, OutgoingAddresses};
use crate::core::decide::outbound::wordless::without_text;
use crate::core::decide::thread;
use crate::core::from_stanza::StanzaMessage;
use crate::core::id::{Correspondents, MessageId};
use crate::core::message::{Act, OutboundMail};
use crate::core::notice::{self, WithoutText};
use crate::core::record::{self, Direction, Gestures};

fn are_understood(outgoing: &OutgoingAddresses) -> bool {
    let is_alone = outgoing.recipients.len() == 1 && !outgoing.is_to_all;
    outgoing.format.features().gestures == Gestures::Fields && is_alone
}

/// What the contact gets of it: what fields can say is noted with the message, and all else is said in words.
pub(crate) fn or_words(
    decider: Decider<'_>,
    outgoing: &mut OutgoingAddresses,
    message: &StanzaMessage,
    gesture: &Gesture,
) -> Result<InWords, Missing> {
    if let Some((text, act)) = act(decider, outgoing, message, gesture)? {
        outgoing.act = Some(act);
        return Ok(InWords::Mail(text));
    }
    gesture.in_words(decider, outgoing, message.body.as_deref())
}

/// What is done to a message that the contact has, with the text of the mail.
fn act(
    decider: Decider<'_>,
    outgoing: &OutgoingAddresses,
    message: &StanzaMessage,
    gesture: &Gesture,
) -> Result<Option<(String, Act)>, Missing> {
    let Some(id) = gesture.about.as_ref().filter(|_| are_understood(outgoing)) else {
        return Ok(None);
    };
    let (user, contact) = (&outgoing.user, &outgoing.contact);
    let about = decider.rows.stanza(user, contact, id)?;
    let Some(about) = about.filter(|about| !about.sent.taken_back) else {
        return Ok(None);
    };
    if let Some(emoji) = gesture.emoji() {
        return Ok(Some((emoji.clone(), Act::Reaction(emoji))));
    }
    let body = message.body.as_ref().filter(|_| message.files.is_empty());
    let body = body.filter(|_| is_changeable(about));
    Ok(body.map(|body| {
        let edit = Act::Edit {
            of: about.mail_id().clone(),
            before: about.sent.excerpt.clone(),
        };
        (body.clone(), edit)
    }))
}

/// Whether its mail says this and nothing else, to nobody else.
fn is_changeable(about: &record::Message) -> bool {
    let sent = &about.sent;
    about.direction == Direction::Out
        && about.within.is_none()
        && sent.lines.is_empty()
        && sent.also.is_empty()
}

/// The text of an answer: a quotation that nothing introduces, and what the user says below it. A client that quotes nothing says
/// what it answers all the same, by the beginning of that.
pub(crate) fn answer(
    decider: Decider<'_>,
    source: MessageStanza<'_>,
    answered: Option<&record::Message>,
) -> Option<String> {
    let body = source.message.body.as_deref()?;
    let (quoted, _) = gesture::quoted_and_own(source.stanza, body);
    let before = answered.map_or("", |answered| &answered.sent.excerpt);
    match quoted.is_empty() && !before.is_empty() && !body.starts_with('>') {
        true => Some(format!(
            "> {before}\n\n{}",
            notice::without_whole_mail(body)
        )),
        false => gesture::answer(decider.language, source, answered, None),
    }
}

/// The user has read a message whose sender asks to be told (RFC 8098), and was not told yet.
pub(crate) fn read(
    decider: Decider<'_>,
    MessageStanza { stanza, message }: MessageStanza<'_>,
    outgoing: &OutgoingAddresses,
) -> Result<Option<Decision>, Stop> {
    let is_read = without_text(&stanza.element) == WithoutText::Read;
    let id = message.reply_to.as_ref().filter(|_| is_read);
    let Some(id) = id.filter(|_| are_understood(outgoing)) else {
        return Ok(None);
    };
    let (user, contact) = (&outgoing.user, &outgoing.contact);
    let known = decider.rows.stanza(user, contact, id)?;
    let is_due = |known: &&record::Message| {
        let sent = &known.sent;
        known.direction == Direction::In && sent.asks_read && !sent.displayed
    };
    // In the report itself an address can only be ASCII.
    let can_say = !outgoing.sender.needs_smtputf8();
    let Some(known) = known.filter(|known| can_say && is_due(known)) else {
        return Ok(None);
    };
    let mut row = known.clone();
    row.sent.displayed = true;
    let message_id = MessageId::derive(
        &decider.settings.id_key,
        Correspondents {
            from: user,
            to: contact.key(),
            sender: &outgoing.sender,
        },
        id.as_str(),
        "read",
    );
    let contact = lookup::contact(decider, user, contact)?.unwrap_or_default();
    let relation = (user, &outgoing.contact, &contact);
    let place = thread::of_stanza(decider, relation, message, &message_id)?;
    let letter = outgoing.letter(decider, message, &place)?;
    let name = letter.from.name.clone().unwrap_or_default();
    let letter = OutboundMail {
        text: notice::without_text(decider.language, &name, &WithoutText::Read),
        act: Some(Act::Read(known.mail_id().clone())),
        ..letter
    };
    let options = outgoing.options(None, true, decider.now);
    let mut mail = options.mail(decider, &letter)?;
    // RFC 8098 §3: nobody is told that it did not arrive.
    mail.job.from = None;
    Ok(Some(Decision {
        mails: vec![mail],
        writes: vec![Write::Message(row)],
        ..Decision::default()
    }))
}
