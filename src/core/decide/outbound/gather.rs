//! Several lines in one go are one mail. The first line makes a job that is not due yet; each line that joins makes a longer
//! version of the same job. All that is needed for that is in the job, so that the spool alone holds it.
//!
//! A line waits for more until there is silence (`[messages] gather`), or a little longer while the user's client says that it
//! is composing (XEP-0085). Nothing waits longer than [`GATHER_MAX`]. What does not join what waits ends it: then that mail leaves
//! at once, and the next one behind it, so that the order is kept.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::compose;
use crate::core::decide::decider::{Decider, StanzaError};
use crate::core::decide::decision::Decision;
use crate::core::decide::outbound::outgoing::{OutgoingAddresses, OutgoingMessage};
use crate::core::decide::thread::ThreadPlace;
use crate::core::from_stanza::{Stanza, StanzaMessage};
use crate::core::id::{JobId, MessageId, StanzaId, ThreadId};
use crate::core::job::{ComposedMail, Draft, DraftLine, Job, Origin, SourceStanza};
use crate::core::limits::{
    GATHER, GATHER_COMPOSING, GATHER_MAX, GATHERED_LINES_MAX, GATHERED_OCTETS_MAX,
};
use crate::core::message::{OutboundMail, Party};
use crate::core::record::{self, Direction, Sent};
use crate::core::settings::Receipts;
use crate::core::time::Timestamp;
use std::time::Duration;
use xmpp_parsers::ns;

/// How long a line to this contact waits for more; `None`: not at all.
pub(crate) fn pause(
    decider: Decider<'_>,
    outgoing: &OutgoingAddresses,
) -> Result<Option<Duration>, Missing> {
    if !outgoing.format.features().gathered {
        return Ok(None);
    }
    let configured = decider.settings.gather;
    let options = decider.rows.options(&outgoing.user, &outgoing.contact)?;
    let is_wanted = options.gather.unwrap_or(!configured.is_zero());
    Ok(is_wanted.then_some(match configured.is_zero() {
        true => GATHER,
        false => configured,
    }))
}

/// The mail to this contact that waits for more lines.
fn open<'a>(
    decider: Decider<'a>,
    outgoing: &OutgoingAddresses,
) -> Result<Option<&'a Job>, Missing> {
    let last = decider.rows.last_of(&outgoing.ordering_key())?;
    Ok(last.filter(|job| is_open(decider, job)))
}

/// Whether it waits for more lines: not whether it has room for them.
pub(crate) fn is_open(decider: Decider<'_>, job: &Job) -> bool {
    job.draft.is_some() && job.attempts == 0 && job.next_attempt > decider.now
}

/// What becomes of a message to somebody to whom lines are gathered, and of what waits already.
pub(crate) enum Way<'a> {
    /// It is a mail of its own; what waits leaves before it.
    Alone(Option<&'a Job>),
    /// It waits so long for more; what waits leaves before it.
    First(Duration, Option<&'a Job>),
    /// It joins what waits, which waits so long for more.
    Joins(Duration, &'a Job),
}

impl Way<'_> {
    /// When what waits leaves, where it is ended.
    pub(crate) fn ends(&self, now: Timestamp) -> Option<(JobId, Timestamp)> {
        match self {
            Self::Alone(open) | Self::First(_, open) => open.map(|job| (job.id.clone(), now)),
            Self::Joins(..) => None,
        }
    }
}

/// Files, and what goes to several, are mails of their own, and leave at once.
pub(crate) fn way<'a>(
    decider: Decider<'a>,
    message: &StanzaMessage,
    outgoing: &OutgoingAddresses,
    place: &ThreadPlace,
) -> Result<Way<'a>, Missing> {
    let Some(pause) = pause(decider, outgoing)? else {
        return Ok(Way::Alone(None));
    };
    let open = open(decider, outgoing)?;
    let is_line = message.files.is_empty() && outgoing.recipients.len() == 1;
    Ok(match open {
        _ if !is_line => Way::Alone(open),
        Some(job) if joins(job, message, outgoing, place) => Way::Joins(pause, job),
        _ => Way::First(pause, open),
    })
}

/// Whether the message joins this mail.
fn joins(
    job: &Job,
    message: &StanzaMessage,
    outgoing: &OutgoingAddresses,
    place: &ThreadPlace,
) -> bool {
    let Some(draft) = &job.draft else {
        return false;
    };
    let said = message.body.as_ref().map_or(0, String::len);
    let octets = draft.lines.iter().map(|line| line.text.len());
    let octets = octets.fold(said, usize::saturating_add);
    let stands_alone = message.subject.is_some() || message.reply_to.is_some();
    !stands_alone
        && draft.thread == place.id
        && draft.contact == outgoing.contact
        && outgoing.recipients.first() == Some(&draft.to)
        && job.from.as_ref() == Some(&outgoing.sender)
        && draft.said().count() < GATHERED_LINES_MAX
        && octets <= GATHERED_OCTETS_MAX
}

/// The draft of a mail that has one line so far. `None` for one that is too long to be written again.
pub(crate) fn draft(leaving: &OutgoingMessage<'_>) -> Option<Box<Draft>> {
    let OutgoingMessage {
        message,
        outgoing,
        place,
        letter,
        said,
    } = leaving;
    let to = outgoing.recipients.first()?.clone();
    let draft = Draft {
        contact: outgoing.contact.clone(),
        thread: place.id.clone(),
        name: letter.from.name.clone(),
        face: letter.from.face.clone(),
        to,
        subject: letter.subject.clone(),
        in_reply_to: letter.in_reply_to.clone(),
        references: letter.references.clone(),
        date: letter.date,
        notify_read: letter.notify_read,
        is_styled: letter.is_styled,
        last: said.at,
        lines: vec![DraftLine {
            text: letter.text.clone(),
            reaction_to: message.reply_to.clone().filter(|_| message.is_reaction),
            said: vec![said.clone()],
        }],
    };
    (letter.text.len() <= GATHERED_OCTETS_MAX).then(|| Box::new(draft))
}

/// The user's reaction to a message, by its own name, in the last mail to this contact that waits.
pub(crate) fn reaction<'a>(
    decider: Decider<'a>,
    outgoing: &OutgoingAddresses,
    about: &StanzaId,
) -> Result<Option<&'a StanzaId>, Missing> {
    if pause(decider, outgoing)?.is_none() {
        return Ok(None);
    }
    let last = decider.rows.last_of(&outgoing.ordering_key())?;
    let draft = last.and_then(|job| job.draft.as_ref());
    let mut lines = draft.into_iter().flat_map(|draft| &draft.lines);
    let line = lines.find(|line| line.reaction_to.as_ref() == Some(about));
    let said = line.and_then(|line| line.said.first());
    Ok(said.map(|said| &said.stanza_id))
}

/// When a mail leaves to which something was just said.
pub(crate) fn leaves(accepted: Timestamp, now: Timestamp, pause: Duration) -> Timestamp {
    now.plus(pause).min(accepted.plus(GATHER_MAX))
}

/// A mail that waits for more lines waits for them anew, since something was just said to it.
pub(crate) fn prolong(decider: Decider<'_>, job: &mut Job, pause: Duration) {
    if is_open(decider, job) {
        job.next_attempt = leaves(job.accepted, decider.now, pause);
    }
}

/// The mail of a job as its draft is now.
pub(crate) fn version(
    decider: Decider<'_>,
    mut job: Job,
) -> Result<Option<ComposedMail>, StanzaError> {
    let (Some(draft), Some(from)) = (&job.draft, &job.from) else {
        return Ok(None);
    };
    let Some(first) = draft.said().next() else {
        return Ok(None);
    };
    let party = Party {
        jid: first.origin.user.to_bare(),
        mail: from.clone(),
        name: draft.name.clone(),
        face: draft.face.clone(),
    };
    let (id, subject) = (job.message_id.clone(), draft.subject.clone());
    let letter = OutboundMail {
        to: vec![draft.to.clone()],
        in_reply_to: draft.in_reply_to.clone(),
        references: draft.references.clone(),
        notify_read: draft.notify_read,
        is_styled: draft.is_styled,
        ..OutboundMail::plain(party, id, subject, draft.text(), draft.date)
    };
    let bytes = compose::bytes(decider, record::Format::Mail, &letter)?;
    job.origin = Some(Origin {
        confirm: draft.said().any(|said| said.origin.confirm),
        ..first.origin.clone()
    });
    Ok(Some(ComposedMail { job, bytes }))
}

/// The mail with one line more.
pub(crate) fn joined(
    decider: Decider<'_>,
    job: &Job,
    leaving: &OutgoingMessage<'_>,
    pause: Duration,
) -> Result<Option<ComposedMail>, StanzaError> {
    let (letter, mut job) = (&leaving.letter, job.clone());
    job.next_attempt = leaves(job.accepted, decider.now, pause);
    if let Some(draft) = &mut job.draft {
        draft.last = decider.now;
        draft.notify_read |= letter.notify_read;
        draft.is_styled &= letter.is_styled;
        draft.lines.push(DraftLine {
            text: letter.text.clone(),
            reaction_to: None,
            said: vec![leaving.said.clone()],
        });
    }
    version(decider, job)
}

/// The mail in which a stanza went.
pub(crate) struct InMail<'a> {
    pub contact: &'a MailAddress,
    pub thread: &'a ThreadId,
    /// Its recipients beside the contact.
    pub also: Vec<MailAddress>,
    pub mail: &'a MessageId,
}

impl<'a> InMail<'a> {
    pub(crate) fn of_draft(mail: &'a MessageId, draft: &'a Draft) -> Self {
        let to = Some(&draft.to.mail).filter(|to| **to != draft.contact);
        Self {
            contact: &draft.contact,
            thread: &draft.thread,
            also: to.into_iter().cloned().collect(),
            mail,
        }
    }

    /// The row of the stanza. Where the receipt is given at once, its sender has it already.
    pub(crate) fn row(self, decider: Decider<'_>, said: &SourceStanza) -> record::Message {
        let origin = &said.origin;
        let has_receipt = origin.receipt && origin.stanza_id.is_some();
        record::Message {
            message_id: said.id.clone(),
            stanza_id: said.stanza_id.clone(),
            user: origin.user.to_bare(),
            resource: Some(origin.user.clone()),
            contact: self.contact.clone(),
            thread: self.thread.clone(),
            direction: Direction::Out,
            at: said.at,
            digest: said.digest.clone(),
            others: Vec::new(),
            sent: Sent {
                taken: has_receipt && decider.settings.receipts == Receipts::Accepted,
                id: origin.stanza_id.clone(),
                also: self.also,
                confirm: origin.confirm,
                excerpt: said.excerpt.clone(),
                ..Sent::default()
            },
            answerable: None,
            within: Some(self.mail.clone()).filter(|mail| *mail != said.id),
        }
    }
}

/// Rows of lines that lie in the spool and not in the store: the former process ended between the two.
pub(crate) fn missing_rows(decider: Decider<'_>, job: &Job) -> Result<Decision, Missing> {
    let Some(draft) = &job.draft else {
        return Ok(Decision::nothing());
    };
    let rows = Context::all(draft.said(), |said| {
        let user = said.origin.user.to_bare();
        let is_known = decider.rows.message(&said.id, &user)?.is_some();
        let mail = InMail::of_draft(&job.message_id, draft);
        Ok((!is_known).then(|| Write::Message(mail.row(decider, said))))
    })?;
    Ok(Decision {
        writes: rows.into_iter().flatten().collect(),
        ..Decision::default()
    })
}

/// A client says what its user does (XEP-0085): who is composing is waited for, who has gone is not.
pub(crate) fn state(
    decider: Decider<'_>,
    stanza: &Stanza,
    outgoing: &OutgoingAddresses,
) -> Result<Decision, Missing> {
    let mut children = stanza.element.children();
    let state = children.find(|child| child.has_ns(ns::CHATSTATES));
    let Some(state) = state.map(|state| state.name().to_owned()) else {
        return Ok(Decision::nothing());
    };
    let is_change = matches!(state.as_str(), "composing" | "paused" | "inactive" | "gone");
    let Some(pause) = pause(decider, outgoing)?.filter(|_| is_change) else {
        return Ok(Decision::nothing());
    };
    let Some(job) = open(decider, outgoing)? else {
        return Ok(Decision::nothing());
    };
    let last = job.draft.as_ref().map_or(job.accepted, |draft| draft.last);
    let at = match state.as_str() {
        "composing" => leaves(job.accepted, last, GATHER_COMPOSING),
        "paused" => leaves(job.accepted, decider.now, pause).min(last.plus(GATHER_COMPOSING)),
        _ => decider.now,
    };
    Ok(Decision {
        leaving: vec![(job.id.clone(), at)],
        ..Decision::default()
    })
}
