//! Threads: XMPP's `<thread/>`, mail's References, and the subject that goes with them.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Relation;
use crate::core::from_mail;
use crate::core::from_stanza::StanzaMessage;
use crate::core::id::{MessageId, ThreadId};
use crate::core::limits::REFERENCES_MAX;
use crate::core::record::{self, Direction, Thread};
use crate::core::text::subject;
use crate::core::time::Timestamp;
use jid::BareJid;

/// Where an outgoing message belongs.
#[derive(Clone, Debug)]
pub struct ThreadPlace {
    /// The thread.
    pub id: ThreadId,
    /// What is known of it; `None` for a new one.
    pub known: Option<Thread>,
    /// The message that is answered, where the user said so.
    pub answered: Option<record::Message>,
    /// The name of the message itself.
    pub own_id: MessageId,
}

/// The thread of an outgoing message: the one of the message that it answers, else the one that the stanza names, else
/// the last one with this contact, unless a subject of its own opens a new one.
pub fn of_stanza(
    decider: Decider<'_>,
    (user, mail, contact): Relation<'_>,
    message: &StanzaMessage,
    own_id: &MessageId,
) -> Result<ThreadPlace, Missing> {
    let answered = match &message.reply_to {
        Some(id) => decider.rows.stanza(user, mail, id)?.cloned(),
        None => None,
    };
    let named = answered
        .as_ref()
        .map(|answered| answered.thread.clone())
        .or_else(|| message.thread.clone());
    if let Some(id) = named {
        let known = decider.rows.thread(user, mail, &id)?;
        let known = known.filter(|known| is_begun(known)).cloned();
        return Ok(ThreadPlace {
            id,
            known,
            answered,
            own_id: own_id.clone(),
        });
    }
    let fresh = || ThreadPlace {
        id: ThreadId::derive(own_id),
        known: None,
        answered: None,
        own_id: own_id.clone(),
    };
    let Some(id) = &contact.thread else {
        return Ok(fresh());
    };
    match decider.rows.thread(user, mail, id)? {
        Some(thread) if goes_on(message, thread) => Ok(ThreadPlace {
            id: id.clone(),
            known: Some(thread.clone()),
            answered: None,
            own_id: own_id.clone(),
        }),
        _ => Ok(fresh()),
    }
}

/// Who else has the mail that a message answers: the one that the user names, else the last one of its thread that went to
/// several.
pub fn others_of<'a>(
    decider: Decider<'a>,
    user: &BareJid,
    place: &'a ThreadPlace,
) -> Result<&'a [MailAddress], Missing> {
    match &place.answered {
        Some(answered) => Ok(others(answered)),
        None => others_in(decider, user, place),
    }
}

/// Whether the message that is corrected went to others whom a mail of its thread named. Whom else it went to, its client
/// names anew, and a blind copy is shown to nobody.
pub fn went_to_all(
    decider: Decider<'_>,
    user: &BareJid,
    place: &ThreadPlace,
) -> Result<bool, Missing> {
    let also = match &place.answered {
        Some(message) if message.direction == Direction::Out => message.sent.also.as_slice(),
        _ => &[],
    };
    if also.is_empty() {
        return Ok(false);
    }
    let messages = messages_of(decider, user, place)?;
    let is_named = |mail| messages.iter().any(|message| message.others.contains(mail));
    Ok(also.iter().all(is_named))
}

fn messages_of<'a>(
    decider: Decider<'a>,
    user: &BareJid,
    place: &ThreadPlace,
) -> Result<Vec<&'a record::Message>, Missing> {
    let known = place.known.as_ref();
    let ids = known.map_or(&[][..], |thread| &thread.references);
    let messages = Context::all(ids.iter().rev(), |id| decider.rows.message(id, user))?;
    Ok(messages.into_iter().flatten().collect())
}

fn others_in<'a>(
    decider: Decider<'a>,
    user: &BareJid,
    place: &ThreadPlace,
) -> Result<&'a [MailAddress], Missing> {
    let mut several = messages_of(decider, user, place)?.into_iter().map(others);
    Ok(several.find(|others| !others.is_empty()).unwrap_or(&[]))
}

fn others(message: &record::Message) -> &[MailAddress] {
    match message.direction {
        Direction::In => &message.others,
        Direction::Out => &message.sent.also,
    }
}

/// Whether anybody has a mail of it: all that there were may have been taken back.
fn is_begun(thread: &Thread) -> bool {
    !thread.references.is_empty()
}

fn goes_on(message: &StanzaMessage, thread: &Thread) -> bool {
    is_begun(thread) && !opens_another(message, thread) && !is_unanswered(thread)
}

fn opens_another(message: &StanzaMessage, thread: &Thread) -> bool {
    message
        .subject
        .as_deref()
        .is_some_and(|own| Some(subject::base(own)) != thread.subject.as_deref())
}

/// Nothing but an invitation: what the user writes is not about that.
fn is_unanswered(thread: &Thread) -> bool {
    thread.is_invitation && thread.references.len() <= 1
}

/// The thread of an incoming mail: the one of its nearest known ancestor; else, where it answers the subject of the last
/// thread with this contact (some clients drop the references), that one; else a new one named after its root.
pub fn of_mail(
    decider: Decider<'_>,
    (user, address, contact): Relation<'_>,
    mail: &from_mail::ParsedMail,
) -> Result<ThreadId, Missing> {
    let ancestors = mail.in_reply_to.iter().chain(mail.references.iter().rev());
    let known = Context::all(ancestors.take(REFERENCES_MAX), |id| {
        decider.rows.message(id, user)
    })?;
    if let Some(message) = known.into_iter().flatten().next() {
        return Ok(message.thread.clone());
    }
    if let Some(id) = &contact.thread
        && let Some(thread) = decider.rows.thread(user, address, id)?
        && answers(mail, thread)
    {
        return Ok(id.clone());
    }
    Ok(ThreadId::derive(
        mail.references
            .first()
            .or(mail.in_reply_to.first())
            .unwrap_or(&mail.message_id),
    ))
}

fn answers(mail: &from_mail::ParsedMail, thread: &Thread) -> bool {
    let has_prefix = mail.subject != mail.base_subject;
    has_prefix && mail.base_subject.is_some() && mail.base_subject == thread.subject
}

/// A message that joins a thread.
#[derive(Clone, Copy, Debug)]
pub struct JoiningMessage<'a> {
    /// The id of its mail.
    pub id: &'a MessageId,
    /// The mails that it answers, the first one first.
    pub ancestors: &'a [MessageId],
    /// Without prefixes.
    pub subject: Option<&'a str>,
    /// When it came or left.
    pub at: Timestamp,
}

/// The thread after one more message.
pub fn grown(known: Option<&Thread>, message: JoiningMessage<'_>) -> Thread {
    let mut references = known
        .map(|thread| thread.references.clone())
        .unwrap_or_default();
    for id in message.ancestors.iter().chain([message.id]) {
        if !references.contains(id) {
            references.push(id.clone());
        }
    }
    let subject = message
        .subject
        .map(str::to_owned)
        .or_else(|| known.and_then(|thread| thread.subject.clone()));
    let is_same = |known: &Thread| known.is_invitation && known.subject == subject;
    Thread {
        references: shortened(references),
        is_invitation: known.is_some_and(is_same),
        subject,
        last: message.at,
        answers: known.and_then(|thread| thread.answers.clone()),
    }
}

/// At most [`REFERENCES_MAX`] ancestors: the first, which names the thread, and the last ones.
fn shortened(mut references: Vec<MessageId>) -> Vec<MessageId> {
    let over = references.len().saturating_sub(REFERENCES_MAX);
    if over > 0 {
        references.drain(1..=over);
    }
    references
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_keep_the_first_and_the_last() {
        let id = |n: usize| MessageId::parse(&format!("{n}@x.example")).unwrap();
        let ids: Vec<MessageId> = (0..30).map(id).collect();
        let joining = JoiningMessage {
            id: &id(30),
            ancestors: &ids,
            subject: None,
            at: Timestamp::default(),
        };
        let thread = grown(None, joining);
        assert_eq!(thread.references.len(), REFERENCES_MAX);
        assert_eq!(thread.references.first(), Some(&id(0)));
        assert_eq!(thread.references.last(), Some(&id(30)));
        assert_eq!(thread.references[1], id(12));
    }
}
