//! Threads: XMPP's `<thread/>`, mail's References, and the subject that goes with them.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::from_mail;
use crate::core::from_stanza::Message;
use crate::core::id::{MessageId, ThreadId};
use crate::core::limits::REFERENCES_MAX;
use crate::core::record::{self, Contact, Thread};
use crate::core::text::subject;
use crate::core::time::Timestamp;
use jid::BareJid;

/// Where an outgoing message belongs.
#[derive(Clone, Debug)]
pub struct Place {
    /// The thread.
    pub id: ThreadId,
    /// What is known of it; `None` for a new one.
    pub known: Option<Thread>,
    /// The message that is answered, where the user said so.
    pub answered: Option<record::Message>,
}

/// The thread of an outgoing message: the one of the message that it answers, else the one that the stanza names, else
/// the last one with this contact, unless a subject of its own opens a new one.
pub fn of_stanza(
    context: &Context,
    user: &BareJid,
    mail: &MailAddress,
    contact: &Contact,
    message: &Message,
    own_id: &MessageId,
) -> Result<Place, Missing> {
    let answered = match &message.reply_to {
        Some(id) => context.stanza(user, mail, id)?.cloned(),
        None => None,
    };
    let named = answered
        .as_ref()
        .map(|answered| answered.thread.clone())
        .or_else(|| message.thread.clone());
    if let Some(id) = named {
        let known = context.thread(user, mail, &id)?.cloned();
        return Ok(Place {
            id,
            known,
            answered,
        });
    }
    let fresh = || Place {
        id: ThreadId::derive(own_id),
        known: None,
        answered: None,
    };
    let Some(id) = &contact.thread else {
        return Ok(fresh());
    };
    match context.thread(user, mail, id)? {
        Some(thread) if !opens_another(message, thread) => Ok(Place {
            id: id.clone(),
            known: Some(thread.clone()),
            answered: None,
        }),
        _ => Ok(fresh()),
    }
}

fn opens_another(message: &Message, thread: &Thread) -> bool {
    message
        .subject
        .as_deref()
        .is_some_and(|own| Some(subject::base(own)) != thread.subject.as_deref())
}

/// The thread of an incoming mail: the one of its nearest known ancestor; else, where it answers the subject of the last
/// thread with this contact (some clients drop the references), that one; else a new one named after its root.
pub fn of_mail(
    context: &Context,
    user: &BareJid,
    contact: &MailAddress,
    last: Option<&ThreadId>,
    mail: &from_mail::Mail,
) -> Result<ThreadId, Missing> {
    for id in mail
        .in_reply_to
        .iter()
        .chain(mail.references.iter().rev())
        .take(REFERENCES_MAX)
    {
        if let Some(message) = context.message(id, user)? {
            return Ok(message.thread.clone());
        }
    }
    if let Some(id) = last
        && let Some(thread) = context.thread(user, contact, id)?
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

fn answers(mail: &from_mail::Mail, thread: &Thread) -> bool {
    let has_prefix = mail.subject != mail.base_subject;
    has_prefix && mail.base_subject.is_some() && mail.base_subject == thread.subject
}

/// The thread after one more message.
pub fn grown(
    known: Option<&Thread>,
    ancestors: &[MessageId],
    id: &MessageId,
    subject: Option<&str>,
    now: Timestamp,
) -> Thread {
    let mut references = known
        .map(|thread| thread.references.clone())
        .unwrap_or_default();
    for id in ancestors.iter().chain([id]) {
        if !references.contains(id) {
            references.push(id.clone());
        }
    }
    let subject = subject
        .map(str::to_owned)
        .or_else(|| known.and_then(|thread| thread.subject.clone()));
    Thread {
        references: shortened(references),
        subject,
        last: now,
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
        let thread = grown(None, &ids, &id(30), None, Timestamp::default());
        assert_eq!(thread.references.len(), REFERENCES_MAX);
        assert_eq!(thread.references.first(), Some(&id(0)));
        assert_eq!(thread.references.last(), Some(&id(30)));
        assert_eq!(thread.references[1], id(12));
    }
}
