//! What is remembered of a message that leaves, beside the message itself.

use crate::core::address::MailAddress;
use crate::core::context::Write;
use crate::core::decide::decider::Decider;
use crate::core::decide::names;
use crate::core::decide::outbound::outgoing::{OutgoingAddresses, OutgoingMessage};
use crate::core::decide::thread::{self, JoiningMessage};
use crate::core::id::MessageId;
use crate::core::record::{self, Contact};
use crate::core::text::subject;
use crate::core::time::Timestamp;
use minidom::Element;

/// The contact after the message, and the question by which its name gets into the user's roster.
pub(crate) fn contact_write(
    decider: Decider<'_>,
    leaving: &OutgoingMessage<'_>,
    known: Contact,
) -> (Option<Write>, Option<Element>) {
    let (user, contact) = (&leaving.outgoing.user, &leaving.outgoing.contact);
    let to = Some(&leaving.said.origin.contact).filter(|to| to.node().is_some());
    let next = Contact {
        jid: known.jid.clone().or_else(|| to.cloned()),
        thread: Some(leaving.place.id.clone()),
        sent_in: Some(leaving.place.id.clone()),
        is_written_to: true,
        ..known.clone()
    };
    let (next, ask) = match next.jid.clone() {
        Some(shown) => names::due(decider, user, &shown, next),
        None => (next, None),
    };
    (names::write(user, contact, &known, next), ask)
}

/// The thread after the message, which went in this mail.
pub(crate) fn thread_write(
    leaving: &OutgoingMessage<'_>,
    mail: &MessageId,
    now: Timestamp,
) -> Write {
    let (outgoing, place) = (leaving.outgoing, leaving.place);
    let joining = JoiningMessage {
        id: mail,
        ancestors: &[],
        subject: Some(subject::base(&leaving.letter.subject)),
        at: now,
    };
    let thread = thread::grown(place.known.as_ref(), joining);
    let answers = thread.answers.map(|answers| record::AnswersTo {
        is_told: true,
        ..answers
    });
    let thread = record::Thread { answers, ..thread };
    Write::Thread(
        outgoing.user.clone(),
        outgoing.contact.clone(),
        place.id.clone(),
        thread,
    )
}

/// Everybody who gets the mail but the contact.
pub(crate) fn also(outgoing: &OutgoingAddresses) -> Vec<MailAddress> {
    let recipients = outgoing.recipients.iter();
    let others = recipients.filter(|recipient| recipient.mail != outgoing.contact);
    others.map(|recipient| recipient.mail.clone()).collect()
}
