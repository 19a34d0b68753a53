//! A message for contacts becomes one mail. To a contact with a gateway of its own the mail carries the stanza as well, and
//! goes out even where it holds nothing to read.

use crate::core::address::MailAddress;
use crate::core::carried;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::directory::{self, NoAddress};
use crate::core::decide::post::{self, Post};
use crate::core::decide::thread::{self, Place};
use crate::core::decide::{Decision, peer, recipients};
use crate::core::from_stanza::{Message, Stanza};
use crate::core::id::{MessageId, StanzaId, content_digest};
use crate::core::job::{Job, Mail, Origin, OriginKind};
use crate::core::notice::{self, WithoutText};
use crate::core::parcel::{Letter, Recipient};
use crate::core::record::{self, Contact, Direction, Format, Sent};
use crate::core::settings::{Receipts, Settings};
use crate::core::text::{clean, subject};
use crate::core::time::Timestamp;
use crate::core::to_stanza::{Condition, receipt};
use crate::core::xml::{CHAT_MARKERS, REACTIONS};
use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

/// Decides about a message. One without a body (a chat state, a marker) is nothing for people and is not answered.
pub fn decide(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    message: &Message,
    now: Timestamp,
) -> Result<Decision, Missing> {
    if message.encrypted {
        return Ok(Decision::refuse(
            stanza,
            Condition::NotAcceptable,
            &notice::encrypted(),
        ));
    }
    let octets = message.body.as_ref().map_or(0, String::len);
    if octets > settings.body_octets_max {
        let why = notice::body_too_long(octets, settings.body_octets_max);
        return Ok(Decision::refuse(stanza, Condition::NotAcceptable, &why));
    }
    let user = stanza.from.to_bare();
    let outgoing = match prepare(settings, context, stanza, message, &user)? {
        Ok(outgoing) => outgoing,
        Err(_) if message.body.is_none() => return Ok(Decision::nothing()),
        Err(no) => return Ok(Decision::refuse(stanza, no.condition, &no.why)),
    };
    match (&message.body, outgoing.format) {
        (Some(body), _) => send(settings, context, stanza, message, body, outgoing, now),
        (None, Format::Xmpp) => pass_on(settings, context, stanza, message, outgoing, now),
        (None, Format::Mail) => Ok(Decision::nothing()),
    }
}

/// The addresses of an outgoing message, all checked.
struct Outgoing {
    user: BareJid,
    sender: MailAddress,
    /// The contact with whom the conversation is: the first recipient.
    contact: MailAddress,
    recipients: Vec<Recipient>,
    /// So many of them are new to the user.
    strangers: usize,
    /// What one of them understands, the others can read.
    format: Format,
}

impl Outgoing {
    fn post(&self, origin: Option<Origin>, silent: bool, now: Timestamp) -> Post<'_> {
        Post {
            format: self.format,
            lane: self.contact.key(),
            origin,
            silent,
            now,
        }
    }
}

fn prepare(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    message: &Message,
    user: &BareJid,
) -> Result<Result<Outgoing, NoAddress>, Missing> {
    let sender = match directory::user_mail(settings, context, user)? {
        Ok(sender) => sender,
        Err(no) => return Ok(Err(no)),
    };
    let recipients = match recipients::of(settings, context, &stanza.to.to_bare(), message)? {
        Ok(recipients) => recipients,
        Err(no) => return Ok(Err(no)),
    };
    let format = format_of(settings, context, &recipients)?;
    let strangers = recipients::strangers(context, user, &recipients)?;
    Ok(
        recipients::allowed(settings, &recipients).map(|contact| Outgoing {
            user: user.clone(),
            sender,
            contact,
            recipients,
            strangers,
            format,
        }),
    )
}

fn format_of(
    settings: &Settings,
    context: &Context,
    recipients: &[Recipient],
) -> Result<Format, Missing> {
    for recipient in recipients {
        if peer::format_of(settings, context, &recipient.mail)? == Format::Xmpp {
            return Ok(Format::Xmpp);
        }
    }
    Ok(Format::Mail)
}

fn send(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    message: &Message,
    body: &str,
    mut outgoing: Outgoing,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let digest = content_digest(&[body, message.subject.as_deref().unwrap_or_default()]);
    let stanza_id = name(stanza, message, &digest, now);
    let message_id = match identity(settings, context, &outgoing, &stanza_id, &digest)? {
        Identity::New(id) => id,
        Identity::Repeated(known) => {
            return Ok(repeated(settings, stanza, message, &outgoing, known));
        }
    };
    let known = context
        .contact(&outgoing.user, &outgoing.contact)?
        .cloned()
        .unwrap_or_default();
    let (user, contact) = (&outgoing.user, &outgoing.contact);
    let place = thread::of_stanza(context, user, contact, &known, message, &message_id)?;
    if let Some(answered) = &place.answered {
        let to = &mut outgoing.recipients;
        recipients::answer_all(settings, &outgoing.sender, to, &answered.others);
    }
    let letter = Letter {
        carried: carried(stanza, &stanza_id, &outgoing),
        // A client at the other end of another gateway says so by a marker.
        notify_read: settings.read_receipts && message.markable && outgoing.format == Format::Mail,
        ..letter(
            settings,
            context,
            message,
            body,
            &outgoing,
            &place,
            &message_id,
            now,
        )?
    };
    let origin = origin(settings, stanza, message, outgoing.format);
    let (error_id, confirm) = (origin.stanza_id.clone(), origin.confirm);
    let mail = match outgoing
        .post(Some(origin), false, now)
        .mail(settings, &letter)
    {
        Ok(mail) => mail,
        Err(error) => {
            let why = notice::unwritable(&error);
            return Ok(Decision::refuse(stanza, Condition::NotAcceptable, &why));
        }
    };
    let strangers = outgoing.strangers;
    let mut writes = contact_writes(stanza, &outgoing, known, &place);
    writes.push(thread_write(&outgoing, &letter, &place, now));
    let row = message_row(
        stanza, &outgoing, stanza_id, message_id, place.id, digest, now,
    );
    let sent = Sent {
        id: error_id,
        also: also(&outgoing),
        confirm,
        ..Sent::default()
    };
    writes.push(Write::Message(record::Message { sent, ..row }));
    Ok(accepted(settings, mail, writes, strangers))
}

/// The mail, and the receipt where it is to be given as soon as the mail lies in the spool: stanzas leave after that.
fn accepted(settings: &Settings, mail: Mail, writes: Vec<Write>, strangers: usize) -> Decision {
    let is_due = settings.receipts == Receipts::Accepted;
    let receipt = is_due.then(|| receipt_for(&mail.job)).flatten();
    Decision {
        mails: vec![mail],
        writes,
        strangers,
        stanzas: receipt.into_iter().collect(),
        ..Decision::default()
    }
}

fn origin(settings: &Settings, stanza: &Stanza, message: &Message, format: Format) -> Origin {
    // A client at the other end of another gateway gives its own.
    let receipt = message.wants_receipt && format == Format::Mail;
    Origin {
        user: stanza.from.clone(),
        contact: stanza.to.to_bare(),
        stanza_id: stanza.id.clone().or_else(|| message.origin_id.clone()),
        kind: OriginKind::Message,
        receipt,
        confirm: receipt && settings.receipts == Receipts::Dsn,
    }
}

/// A message that only a client understands, for a contact whose client may: a marker, a receipt, a reaction, whatever
/// else passes [`carried::message`]. Nobody is told what becomes of it, as nobody is of such a stanza.
fn pass_on(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    message: &Message,
    outgoing: Outgoing,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let digest = content_digest(&[&String::from(&stanza.element)]);
    let id = name(stanza, message, &digest, now);
    let carried = carried(stanza, &id, &outgoing);
    if carried.is_empty() {
        return Ok(Decision::nothing());
    }
    let known = context.contact(&outgoing.user, &outgoing.contact)?.cloned();
    let message_id = MessageId::derive(
        &settings.id_key,
        &outgoing.user,
        outgoing.contact.key(),
        id.as_str(),
        &digest,
        &outgoing.sender,
    );
    let known = known.unwrap_or_default();
    let (user, contact) = (&outgoing.user, &outgoing.contact);
    let place = thread::of_stanza(context, user, contact, &known, message, &message_id)?;
    let what = without_text(&stanza.element);
    let letter = letter(
        settings,
        context,
        message,
        "",
        &outgoing,
        &place,
        &message_id,
        now,
    )?;
    let name = letter.from.name.clone().unwrap_or_default();
    let letter = Letter {
        reaction: match &what {
            WithoutText::Reaction(emoji) => Some(emoji.clone()),
            _ => None,
        },
        automatic: matches!(what, WithoutText::Received | WithoutText::Read),
        text: notice::without_text(&name, what),
        carried,
        ..letter
    };
    match outgoing.post(None, true, now).mail(settings, &letter) {
        Ok(mail) => Ok(Decision {
            mails: vec![mail],
            ..Decision::default()
        }),
        Err(error) => Ok(Decision::refuse(
            stanza,
            Condition::NotAcceptable,
            &notice::unwritable(&error),
        )),
    }
}

fn carried(stanza: &Stanza, id: &StanzaId, outgoing: &Outgoing) -> Vec<Element> {
    match outgoing.format {
        // Receipts, markers and corrections of the other client name the id attribute.
        Format::Xmpp => {
            let id = stanza.id.as_ref().unwrap_or(id);
            carried::message(&stanza.element, id).into_iter().collect()
        }
        Format::Mail => Vec::new(),
    }
}

/// What a person is told of a message without a body.
fn without_text(stanza: &Element) -> WithoutText {
    let has = |name: &str, namespace: &str| stanza.get_child(name, namespace).is_some();
    if has("received", ns::RECEIPTS) {
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

/// The name of a message: its origin-id, else its id, else one that is made up.
fn name(stanza: &Stanza, message: &Message, digest: &str, now: Timestamp) -> StanzaId {
    let named = message.origin_id.clone().or_else(|| stanza.id.clone());
    named.unwrap_or_else(|| made_up_id(stanza, digest, now))
}

enum Identity<'a> {
    New(MessageId),
    Repeated(&'a record::Message),
}

/// The same stanza retried is the same mail and is sent once. Some clients count their ids from 1 at every start: another
/// text under a known id is another message, and its digest joins the identity.
fn identity<'a>(
    settings: &Settings,
    context: &'a Context,
    outgoing: &Outgoing,
    stanza_id: &StanzaId,
    digest: &str,
) -> Result<Identity<'a>, Missing> {
    let named = |kind: &str| {
        MessageId::derive(
            &settings.id_key,
            &outgoing.user,
            outgoing.contact.key(),
            stanza_id.as_str(),
            kind,
            &outgoing.sender,
        )
    };
    let id = named("message");
    let Some(known) = context.message(&id, &outgoing.user)? else {
        return Ok(Identity::New(id));
    };
    if known.digest == digest {
        return Ok(Identity::Repeated(known));
    }
    let id = named(digest);
    let known = context.message(&id, &outgoing.user)?;
    Ok(known.map_or(Identity::New(id), Identity::Repeated))
}

/// Decides about a message that was accepted before. What its sender was told may have ended with the connection over
/// which it came, and is said again; while nothing is known yet, there is nothing to say.
fn repeated(
    settings: &Settings,
    stanza: &Stanza,
    message: &Message,
    outgoing: &Outgoing,
    known: &record::Message,
) -> Decision {
    let sent = &known.sent;
    if let Some(failed) = sent.failed.first() {
        let why = notice::failed_before(&failed.for_people());
        return Decision::refuse(stanza, Condition::UndefinedCondition, &why);
    }
    let is_given = match settings.receipts {
        Receipts::Off => false,
        Receipts::Accepted => true,
        Receipts::Submitted => sent.taken,
        Receipts::Dsn => !sent.confirm && !sent.delivered.is_empty(),
    };
    let origin = origin(settings, stanza, message, outgoing.format);
    let receipt = is_given.then(|| receipt_of(&known.message_id, &origin));
    Decision::answer(receipt.flatten())
}

/// A stanza without an id gets one: it cannot be told from a repetition, so the time is part of it.
fn made_up_id(stanza: &Stanza, digest: &str, now: Timestamp) -> StanzaId {
    let text = content_digest(&[stanza.from.as_str(), digest, &now.millis().to_string()]);
    StanzaId::parse(&text).unwrap_or_else(|| {
        StanzaId::derive(
            &MessageId::of_raw(text.as_bytes()),
            &stanza.from.to_bare(),
            "",
        )
    })
}

#[allow(clippy::too_many_arguments)] // what a letter is made of
fn letter(
    settings: &Settings,
    context: &Context,
    message: &Message,
    body: &str,
    outgoing: &Outgoing,
    place: &Place,
    message_id: &MessageId,
    now: Timestamp,
) -> Result<Letter, Missing> {
    let (user, sender) = (&outgoing.user, outgoing.sender.clone());
    let from = post::party(context, user, sender, message.nick.clone())?;
    let name = from.name.clone().unwrap_or_default();
    let references = place
        .known
        .as_ref()
        .map(|thread| thread.references.clone())
        .unwrap_or_default();
    let answered = place
        .answered
        .as_ref()
        .map(|message| message.message_id.clone());
    let subject = subject_line(settings, message, place, &name);
    let date = message.delay.filter(|delay| *delay < now).unwrap_or(now);
    Ok(Letter {
        to: outgoing.recipients.clone(),
        in_reply_to: answered.or_else(|| references.last().cloned()),
        references,
        ..Letter::plain(from, message_id.clone(), subject, body.to_owned(), date)
    })
}

/// The stanza's subject, else the thread's with one `Re: `, else the configured one.
fn subject_line(settings: &Settings, message: &Message, place: &Place, name: &str) -> String {
    let of_thread = place
        .known
        .as_ref()
        .and_then(|thread| thread.subject.as_deref())
        .map(subject::reply);
    let default = || settings.default_subject.replace("{name}", name);
    message
        .subject
        .clone()
        .or(of_thread)
        .unwrap_or_else(default)
}

fn contact_writes(
    stanza: &Stanza,
    outgoing: &Outgoing,
    known: Contact,
    place: &Place,
) -> Vec<Write> {
    let jid = known
        .jid
        .clone()
        .or_else(|| Some(stanza.to.to_bare()).filter(|to| to.node().is_some()));
    let next = Contact {
        jid,
        thread: Some(place.id.clone()),
        ..known.clone()
    };
    if next == known {
        return Vec::new();
    }
    vec![Write::Contact(
        outgoing.user.clone(),
        outgoing.contact.clone(),
        next,
    )]
}

fn thread_write(outgoing: &Outgoing, letter: &Letter, place: &Place, now: Timestamp) -> Write {
    let base = subject::base(&letter.subject);
    let thread = thread::grown(
        place.known.as_ref(),
        &[],
        &letter.message_id,
        Some(base),
        now,
    );
    Write::Thread(
        outgoing.user.clone(),
        outgoing.contact.clone(),
        place.id.clone(),
        thread,
    )
}

/// Everybody who gets the mail but the contact.
fn also(outgoing: &Outgoing) -> Vec<MailAddress> {
    let recipients = outgoing.recipients.iter();
    let others = recipients.filter(|recipient| recipient.mail != outgoing.contact);
    others.map(|recipient| recipient.mail.clone()).collect()
}

fn message_row(
    stanza: &Stanza,
    outgoing: &Outgoing,
    stanza_id: StanzaId,
    message_id: MessageId,
    thread: crate::core::id::ThreadId,
    digest: String,
    now: Timestamp,
) -> record::Message {
    record::Message {
        message_id,
        stanza_id,
        user: outgoing.user.clone(),
        resource: Some(stanza.from.clone()),
        contact: outgoing.contact.clone(),
        thread,
        direction: Direction::Out,
        at: now,
        digest,
        others: Vec::new(),
        sent: Sent::default(),
        answerable: None,
    }
}

/// The receipt for a message (XEP-0184), with an id that is the same for the same message.
pub(super) fn receipt_for(job: &Job) -> Option<minidom::Element> {
    receipt_of(&job.message_id, job.origin.as_ref()?)
}

fn receipt_of(mail: &MessageId, origin: &Origin) -> Option<minidom::Element> {
    let received = origin.stanza_id.as_ref().filter(|_| origin.receipt)?;
    let id = StanzaId::derive(mail, &origin.user.to_bare(), "receipt");
    Some(receipt(
        &origin.contact,
        &origin.user,
        received,
        id.as_str(),
    ))
}
