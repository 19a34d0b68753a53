//! What is remembered of a message that leaves, beside the message itself.

use crate::core::address::MailAddress;
use crate::core::context::Write;
use crate::core::decide::decider::Decider;
use crate::core::decide::names;
use crate::core::decide::outbound::outgoing::OutgoingAddresses;
use crate::core::decide::thread::{self, ThreadPlace};
use crate::core::from_stanza::Stanza;
use crate::core::message::OutboundMail;
use crate::core::record::{self, Contact};
use crate::core::text::subject;
use crate::core::time::Timestamp;
use minidom::Element;

/// The contact after the message, and the question by which its name gets into the user's roster.
pub(crate) fn contact_write(
    decider: Decider<'_>,
    stanza: &Stanza,
    outgoing: &OutgoingAddresses,
    known: Contact,
    place: &ThreadPlace,
) -> (Option<Write>, Option<Element>) {
    let (user, contact) = (&outgoing.user, &outgoing.contact);
    let to = Some(stanza.to.to_bare()).filter(|to| to.node().is_some());
    let next = Contact {
        jid: known.jid.clone().or(to),
        thread: Some(place.id.clone()),
        is_written_to: true,
        ..known.clone()
    };
    let (next, ask) = match next.jid.clone() {
        Some(shown) => names::due(decider, user, &shown, next),
        None => (next, None),
    };
    (names::write(user, contact, &known, next), ask)
}

pub(crate) fn thread_write(
    outgoing: &OutgoingAddresses,
    letter: &OutboundMail,
    place: &ThreadPlace,
    now: Timestamp,
) -> Write {
    let base = subject::base(&letter.subject);
    let thread = thread::grown(
        place.known.as_ref(),
        &[],
        &letter.message_id,
        Some(base),
        now,
    );
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
