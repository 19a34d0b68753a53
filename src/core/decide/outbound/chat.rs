//! A message for contacts becomes one mail. To a contact with a gateway of its own the mail carries the stanza as well, and
//! goes out even where it holds nothing to read.

use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::names;
use crate::core::decide::outbound::elsewhere::elsewhere;
use crate::core::decide::outbound::fields;
use crate::core::decide::outbound::gather::{self, InMail, Way};
use crate::core::decide::outbound::gesture::{self, Gesture, InWords};
use crate::core::decide::outbound::identity::{Identity, MailableMessage, Named};
use crate::core::decide::outbound::outgoing::{
    MessageStanza, OutgoingAddresses, OutgoingMessage, carried,
};
use crate::core::decide::outbound::quoted_link;
use crate::core::decide::outbound::receipt::receipt_of;
use crate::core::decide::outbound::recipients;
use crate::core::decide::outbound::rows::{also, contact_write, thread_write};
use crate::core::decide::outbound::undo;
use crate::core::decide::outbound::unsupported;
use crate::core::decide::outbound::wordless::{self, without_text};
use crate::core::decide::strangers::{self, Accepts};
use crate::core::decide::thread::{self, ThreadPlace};
use crate::core::from_stanza::{Stanza, StanzaMessage};
use crate::core::id::{StanzaId, content_digest};
use crate::core::job::{ComposedMail, Draft, Origin, OriginKind, SourceStanza};
use crate::core::language::Language;
use crate::core::message::{OutboundMail, Recipient};
use crate::core::notice::{self, WithoutText};
use crate::core::record::{self, Format, Gestures};
use crate::core::settings::Receipts;
use crate::core::to_stanza::Condition;
use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

/// Decides about a message. One with neither body nor subject (a chat state, a marker) is nothing for people and is not answered.
pub(crate) fn decide(
    decider: Decider<'_>,
    stanza: &Stanza,
    message: &StanzaMessage,
) -> Result<Decision, Stop> {
    if message.encrypted {
        return Err(Stop::reject(
            Condition::NotAcceptable,
            notice::encrypted(decider.language),
        ));
    }
    if message
        .body
        .as_ref()
        .is_some_and(|body| body.starts_with("aesgcm:"))
    {
        let why = notice::encrypted_file(decider.language);
        return Err(Stop::reject(Condition::NotAcceptable, why));
    }
    if let Some(decision) = unsupported::decide(decider, stanza, message)? {
        return Ok(decision);
    }
    let octets = message.body.as_ref().map_or(0, String::len);
    if octets > decider.settings.body_octets_max {
        let why = notice::body_too_long(decider.language, octets, decider.settings.body_octets_max);
        return Err(Stop::reject(Condition::NotAcceptable, why));
    }
    let user = stanza.from.to_bare();
    let without_word = without_word(decider.language, stanza, message)?;
    let (message, is_to_all) = match &without_word {
        Some(message) => (message, true),
        None => (message, false),
    };
    let said = message.body.as_ref().or(subject_alone(stanza, message));
    let mut outgoing = match prepare(decider, stanza, message, &user) {
        Err(Stop::Reject(_)) if said.is_none() => return Ok(Decision::nothing()),
        outgoing => outgoing?,
    };
    outgoing.is_to_all = is_to_all;
    let known = lookup::contact(decider, &user, &outgoing.contact)?;
    if said.is_some() && known.as_ref().is_some_and(|known| known.is_blocked) {
        let why = notice::you_blocked(decider.language, &outgoing.contact.for_people());
        return Err(Stop::reject(Condition::NotAcceptable, why));
    }
    let waiting = known.filter(strangers::waits);
    let is_text = said.is_some() || !message.files.is_empty();
    let contact = outgoing.contact.clone();
    let mut decision = sent(decider, MessageStanza { stanza, message }, outgoing)?;
    let Some(known) = waiting.filter(|_| !decision.mails.is_empty()) else {
        return Ok(decision);
    };
    let of = (&user, &contact);
    match is_text {
        // Whoever writes to somebody wants to read them.
        true => {
            strangers::accept(decider, of, Accepts::Shown, &mut decision)?;
        }
        // Clients confirm and react by themselves, or by a slip.
        false => {
            let was_written_to = known.is_written_to;
            strangers::change(&mut decision, of, known, |contact| {
                contact.is_written_to = was_written_to;
            });
        }
    }
    Ok(decision)
}

fn sent(
    decider: Decider<'_>,
    source: MessageStanza<'_>,
    outgoing: OutgoingAddresses,
) -> Result<Decision, Stop> {
    let features = outgoing.format.features();
    if features.gestures != Gestures::Stanzas {
        return to_person(decider, source, outgoing);
    }
    let MessageStanza { stanza, message } = source;
    let said = message.body.as_ref().or(subject_alone(stanza, message));
    match said {
        Some(body) => {
            let body = quoted_link::said(&stanza.element, body);
            send(decider, standing_alone(source, &body), outgoing)
        }
        None if features.without_text => wordless::pass_on(decider, source, outgoing),
        None => Ok(Decision::nothing()),
    }
}

/// To somebody with a mail program goes what is for people: words, and what a client does to other messages in words, where the
/// program understands nothing else.
fn to_person(
    decider: Decider<'_>,
    source: MessageStanza<'_>,
    outgoing: OutgoingAddresses,
) -> Result<Decision, Stop> {
    let MessageStanza { stanza, message } = source;
    let body = message.body.as_deref().map(notice::without_whole_mail);
    if let Some(gesture) = Gesture::of(&stanza.element) {
        // A correction of an answer quotes what that quoted.
        let message = &StanzaMessage {
            body,
            ..message.clone()
        };
        let source = MessageStanza { stanza, message };
        return gesture_to_person(decider, source, outgoing, &gesture);
    }
    let said = match answer(decider, source, &outgoing)? {
        Some(answer) => Some(answer),
        None => body,
    };
    let said = said.or_else(|| subject_alone(stanza, message).cloned());
    match said {
        Some(said) => send(decider, standing_alone(source, &said), outgoing),
        None => wordless_to_person(decider, source, &outgoing),
    }
}

fn gesture_to_person(
    decider: Decider<'_>,
    source: MessageStanza<'_>,
    mut outgoing: OutgoingAddresses,
    gesture: &Gesture,
) -> Result<Decision, Stop> {
    let MessageStanza { stanza, message } = source;
    let body = message.body.as_deref();
    if let Some(decision) = undone(decider, source, &outgoing, gesture)? {
        return Ok(decision);
    }
    let in_words = fields::or_words(decider, &mut outgoing, message, gesture)?;
    let (user, contact) = (outgoing.user.clone(), outgoing.contact.clone());
    match in_words {
        InWords::Mail(words) => {
            let message = &StanzaMessage {
                reply_to: gesture.about.clone(),
                ..message.clone()
            };
            let mailable = MailableMessage {
                source: MessageStanza { stanza, message },
                body: &words,
                digest: gesture.digest(body),
            };
            let mut decision = send(decider, mailable, outgoing)?;
            if let Some(about) = gesture.corrects() {
                undo::corrected_by(decider, (&user, &contact), about, &mut decision)?;
            }
            Ok(decision)
        }
        // Nothing is left to be said to the contact, and something to the user.
        InWords::Nothing if gesture.takes_back() => {
            unsupported::reaction_has_left(decider, stanza, (&user, &contact), gesture)
        }
        InWords::Nothing => wordless_to_person(decider, source, &outgoing),
        InWords::Alone => {
            let message = &StanzaMessage {
                is_correction: false,
                ..message.clone()
            };
            let mailable = MailableMessage {
                source: MessageStanza { stanza, message },
                body: body.unwrap_or_default(),
                digest: gesture.digest(body),
            };
            send(decider, mailable, outgoing)
        }
    }
}

/// What says nothing may have been read, or say that its user writes.
fn wordless_to_person(
    decider: Decider<'_>,
    source: MessageStanza<'_>,
    outgoing: &OutgoingAddresses,
) -> Result<Decision, Stop> {
    match fields::read(decider, source, outgoing)? {
        Some(decision) => Ok(decision),
        None => Ok(gather::state(decider, source.stanza, outgoing)?),
    }
}

/// A correction of a message, and another reaction in place of one, change what still waits. `None` where they are to be mailed.
fn undone(
    decider: Decider<'_>,
    source: MessageStanza<'_>,
    outgoing: &OutgoingAddresses,
    gesture: &Gesture,
) -> Result<Option<Decision>, Stop> {
    let message = source.message;
    // What waits goes to one.
    if outgoing.is_to_all {
        return Ok(None);
    }
    if let Some(about) = gesture.corrects() {
        let body = message.body.as_deref();
        return match body.filter(|_| message.files.is_empty()) {
            Some(body) => {
                let mailable = MailableMessage {
                    source,
                    body,
                    digest: gesture.digest(Some(body)),
                };
                correct(decider, mailable, outgoing, about)
            }
            None => Ok(None),
        };
    }
    let Some(about) = &gesture.about else {
        return Ok(None);
    };
    let Some(before) = gather::reaction(decider, outgoing, about)? else {
        return Ok(None);
    };
    match gesture.in_words(decider, outgoing, None)? {
        InWords::Mail(words) => {
            let mailable = MailableMessage {
                source,
                body: &words,
                digest: gesture.digest(None),
            };
            correct(decider, mailable, outgoing, before)
        }
        InWords::Nothing | InWords::Alone => undo::take_back(decider, source.stanza, before),
    }
}

/// Puts another text in the place of a message that still waits.
fn correct(
    decider: Decider<'_>,
    mailable: MailableMessage<'_>,
    outgoing: &OutgoingAddresses,
    about: &StanzaId,
) -> Result<Option<Decision>, Stop> {
    let (source, body, format) = (mailable.source, mailable.body, outgoing.format);
    let named = Named::new(decider, outgoing, &mailable);
    let id = match named.identity(decider)? {
        Identity::New(id) => id,
        Identity::Repeated(known) => {
            return Ok(Some(repeated(decider, source, format, known)?));
        }
    };
    let (user, contact) = (&outgoing.user, &outgoing.contact);
    let Some(unseen) = undo::unseen(decider, user, contact, about)? else {
        return Ok(None);
    };
    let said = SourceStanza {
        id,
        excerpt: gesture::excerpt(body),
        at: decider.now,
        origin: origin(decider, source, format),
        stanza_id: named.stanza_id,
        digest: mailable.digest,
    };
    let text = |draft: &Draft| {
        let name = draft.name.clone().unwrap_or_default();
        notice::said(decider.language, body, &name, false)
    };
    let pause = gather::pause(decider, outgoing)?;
    let corrected = undo::correct(decider, unseen, &said, text)?;
    Ok(corrected.map(|(mut mail, writes)| {
        if let Some(pause) = pause {
            gather::prolong(decider, &mut mail.job, pause);
        }
        accepted(decider, mail, &said, writes)
    }))
}

/// A message that is about no other one, or only answers it.
fn standing_alone<'a>(source: MessageStanza<'a>, body: &'a str) -> MailableMessage<'a> {
    let subject = source.message.subject.as_deref();
    MailableMessage {
        source,
        body,
        digest: content_digest(&[body, subject.unwrap_or_default()]),
    }
}

/// The text of an answer that quotes, with the name of who is quoted.
fn answer(
    decider: Decider<'_>,
    source: MessageStanza<'_>,
    outgoing: &OutgoingAddresses,
) -> Result<Option<String>, Missing> {
    let Some(id) = &source.message.reply_to else {
        return Ok(None);
    };
    let contact = &outgoing.contact;
    let answered = decider.rows.stanza(&outgoing.user, contact, id)?;
    if outgoing.format.features().gestures == Gestures::Fields {
        return Ok(fields::answer(decider, source, answered));
    }
    let shown = source.stanza.to.to_bare();
    let name = names::of(decider, &outgoing.user, &shown, contact)?;
    let name = name.unwrap_or_else(|| contact.for_people());
    Ok(gesture::answer(
        decider.language,
        source,
        answered,
        Some(&name),
    ))
}

/// A subject is something for a person to read, though nothing follows it; but not that of a chat state, a receipt or the like.
fn subject_alone<'a>(stanza: &Stanza, message: &'a StanzaMessage) -> Option<&'a String> {
    let is_state = |child: &Element| child.has_ns(ns::CHATSTATES) && child.name() != "active";
    let is_for_people = without_text(&stanza.element) == WithoutText::Other
        && !stanza.element.children().any(is_state);
    message.subject.as_ref().filter(|_| is_for_people)
}

fn prepare(
    decider: Decider<'_>,
    stanza: &Stanza,
    message: &StanzaMessage,
    user: &BareJid,
) -> Result<OutgoingAddresses, Stop> {
    let sender = lookup::user_mail(decider, user)?;
    let recipients = recipients::of(decider, user, &stanza.to.to_bare(), message)?;
    let format = format_of(decider, &recipients)?;
    let contact = recipients::allowed(decider, &recipients)?;
    Ok(OutgoingAddresses {
        user: user.clone(),
        sender,
        contact,
        recipients,
        format,
        is_to_all: false,
        act: None,
    })
}

/// The message without the word that sends it to all, which stands below what it quotes; `None` where it has none. Nothing that
/// is kept or sent of it has the word.
fn without_word(
    language: Language,
    stanza: &Stanza,
    message: &StanzaMessage,
) -> Result<Option<StanzaMessage>, Stop> {
    let body = message.body.as_deref().unwrap_or_default();
    let (quoted, own) = gesture::quoted_and_own(stanza, body);
    match recipients::to_all(own) {
        None => Ok(None),
        Some("") => Err(Stop::reject(
            Condition::NotAcceptable,
            notice::nothing_for_all(language),
        )),
        Some(rest) => Ok(Some(StanzaMessage {
            body: Some(format!("{quoted}{rest}")),
            ..message.clone()
        })),
    }
}

/// What one of several understands, the others can read, where that is not a matter of looks alone.
fn format_of(decider: Decider<'_>, recipients: &[Recipient]) -> Result<Format, Missing> {
    let formats = Context::all(recipients, |recipient| {
        lookup::format_of(decider, &recipient.mail)
    })?;
    let carries = |format: &Format| format.features().stanzas;
    Ok(match formats.as_slice() {
        [alone] => *alone,
        several => several.iter().copied().find(carries).unwrap_or_default(),
    })
}

fn send(
    decider: Decider<'_>,
    mailable: MailableMessage<'_>,
    mut outgoing: OutgoingAddresses,
) -> Result<Decision, Stop> {
    let MessageStanza { stanza, message } = mailable.source;
    let named = Named::new(decider, &outgoing, &mailable);
    let message_id = match named.identity(decider)? {
        Identity::New(id) => id,
        Identity::Repeated(known) => {
            return repeated(decider, mailable.source, outgoing.format, known);
        }
    };
    let stanza_id = named.stanza_id;
    let (user, contact) = (&outgoing.user, &outgoing.contact);
    let known = lookup::contact(decider, user, contact)?;
    let known = known.unwrap_or_default();
    let place = thread::of_stanza(decider, (user, contact, &known), message, &message_id)?;
    let carried = match to_all(decider, &mut outgoing, &place, message)? {
        true => Vec::new(),
        false => carried(stanza, &stanza_id, &outgoing),
    };
    let elsewhere = elsewhere(decider, &mut outgoing, &place)?;
    let letter = outgoing.letter(decider, message, &place)?;
    let letter = OutboundMail {
        carried,
        text: text(decider.language, &mailable, &letter),
        ..letter
    };
    let said = SourceStanza {
        id: message_id,
        stanza_id,
        excerpt: gesture::excerpt(message.body.as_deref().unwrap_or(mailable.body)),
        at: decider.now,
        origin: origin(decider, mailable.source, outgoing.format),
        digest: mailable.digest,
    };
    let leaving = OutgoingMessage {
        message,
        outgoing: &outgoing,
        place: &place,
        letter,
        said,
    };
    let way = gather::way(decider, message, &outgoing, &place)?;
    let mail = mail(decider, &leaving, &way)?;
    let (write, ask) = contact_write(decider, &leaving, known);
    let mut writes: Vec<Write> = write.into_iter().collect();
    writes.push(thread_write(&leaving, &mail.job.message_id, decider.now));
    let said = &leaving.said;
    let told = elsewhere.told(decider.language, said);
    let in_mail = InMail {
        contact: &outgoing.contact,
        thread: &place.id,
        also: also(&outgoing),
        mail: &mail.job.message_id,
    };
    writes.push(Write::Message(in_mail.row(decider, said)));
    let mut decision = accepted(decider, mail, said, writes);
    decision.strangers = elsewhere.strangers;
    decision.leaving.extend(way.ends(decider.now));
    decision.stanzas.extend(told.into_iter().chain(ask));
    Ok(decision)
}

/// The text of the mail.
fn text(language: Language, mailable: &MailableMessage<'_>, letter: &OutboundMail) -> String {
    let name = letter.from.name.as_deref().unwrap_or_default();
    let is_correction = mailable.source.message.is_correction && letter.act.is_none();
    notice::said(language, mailable.body, name, is_correction)
}

/// The mail that holds it: its own, or one that waits, with one line more.
fn mail(
    decider: Decider<'_>,
    leaving: &OutgoingMessage<'_>,
    way: &Way<'_>,
) -> Result<ComposedMail, Stop> {
    if let Way::Joins(pause, job) = way
        && let Some(mail) = gather::joined(decider, job, leaving, *pause)?
    {
        return Ok(mail);
    }
    let (outgoing, origin) = (leaving.outgoing, leaving.said.origin.clone());
    let options = outgoing.options(Some(origin), false, decider.now);
    let mail = options.mail(decider, &leaving.letter)?;
    let mut mail = with_files(mail, outgoing, leaving.message);
    if let Way::First(pause, _) = way {
        mail.job.draft = gather::draft(leaving);
        if mail.job.draft.is_some() {
            mail.job.next_attempt = gather::leaves(decider.now, decider.now, *pause);
        }
    }
    Ok(mail)
}

/// Another gateway gets the stanza, which says where the files lie.
fn with_files(
    mut mail: ComposedMail,
    outgoing: &OutgoingAddresses,
    message: &StanzaMessage,
) -> ComposedMail {
    if outgoing.format.features().attached_files {
        mail.job.files.clone_from(&message.files);
    }
    mail
}

/// Whether it goes to all: then those who have the mail that is answered join the recipients. The stanza itself is not carried
/// to them, since it holds the word, which is for this gateway. A correction goes to those who have what it corrects.
fn to_all(
    decider: Decider<'_>,
    outgoing: &mut OutgoingAddresses,
    place: &ThreadPlace,
    message: &StanzaMessage,
) -> Result<bool, Stop> {
    let is_wanted = outgoing.is_to_all
        || message.is_correction && thread::went_to_all(decider, &outgoing.user, place)?;
    if !is_wanted {
        return Ok(false);
    }
    let others = thread::others_of(decider, &outgoing.user, place)?;
    if others.is_empty() {
        return Err(Stop::reject(
            Condition::NotAcceptable,
            notice::no_answer_to_all(decider.language),
        ));
    }
    let (sender, to) = (&outgoing.sender, &mut outgoing.recipients);
    recipients::add_others(decider, sender, to, others)?;
    Ok(true)
}

/// The mail, and the receipt where it is to be given as soon as the mail lies in the spool: stanzas leave after that.
fn accepted(
    decider: Decider<'_>,
    mail: ComposedMail,
    said: &SourceStanza,
    writes: Vec<Write>,
) -> Decision {
    let is_due = decider.settings.receipts == Receipts::Accepted;
    let receipt = is_due.then(|| receipt_of(&said.id, &said.origin)).flatten();
    Decision {
        mails: vec![mail],
        writes,
        stanzas: receipt.into_iter().collect(),
        ..Decision::default()
    }
}

fn origin(
    decider: Decider<'_>,
    MessageStanza { stanza, message }: MessageStanza<'_>,
    format: Format,
) -> Origin {
    // A client at the other end of another gateway gives its own.
    let receipt = message.wants_receipt && !format.features().own_receipts;
    Origin {
        user: stanza.from.clone(),
        contact: stanza.to.to_bare(),
        stanza_id: stanza.id.clone().or_else(|| message.origin_id.clone()),
        language: Some(decider.language),
        kind: OriginKind::Message,
        receipt,
        confirm: receipt && decider.settings.receipts == Receipts::Dsn,
    }
}

/// Decides about a message that was accepted before. What its sender was told may have ended with the connection over
/// which it came, and is said again; while nothing is known yet, there is nothing to say.
fn repeated(
    decider: Decider<'_>,
    source: MessageStanza<'_>,
    format: Format,
    known: &record::Message,
) -> Result<Decision, Stop> {
    let sent = &known.sent;
    if sent.taken_back {
        return Ok(Decision::nothing());
    }
    if let Some(failed) = sent.failed.first() {
        let why = notice::failed_before(decider.language, &failed.for_people());
        return Err(Stop::reject(Condition::UndefinedCondition, why));
    }
    let is_given = match decider.settings.receipts {
        Receipts::Off => false,
        Receipts::Accepted => true,
        Receipts::Submitted => sent.taken,
        Receipts::Dsn => !sent.confirm && !sent.delivered.is_empty(),
    };
    let origin = origin(decider, source, format);
    let receipt = is_given.then(|| receipt_of(&known.message_id, &origin));
    Ok(Decision::answer(receipt.flatten()))
}
