//! What a user changes or takes back before it leaves is mailed as it is then, or not at all.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::{Decider, StanzaError, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::outbound::gather::{self, InMail};
use crate::core::from_stanza::Stanza;
use crate::core::id::{JobId, MessageId, StanzaId};
use crate::core::job::{ComposedMail, Draft, DraftLine, Job, SourceStanza};
use crate::core::limits::{GATHERED_LINES_MAX, GATHERED_OCTETS_MAX};
use crate::core::record::{self, Direction};
use jid::BareJid;

/// Corrections of one message that are known with it; more are mails like others.
const CORRECTIONS_MAX: usize = 16;

/// A message of the user whose mail waits, and nobody can have seen it.
#[derive(Clone, Copy)]
pub(crate) struct Unseen<'a> {
    message: &'a record::Message,
    job: &'a Job,
}

/// The message of this id, where that is one. Not where an attempt may have reached somebody.
pub(crate) fn unseen<'a>(
    decider: Decider<'a>,
    user: &BareJid,
    contact: &MailAddress,
    id: &StanzaId,
) -> Result<Option<Unseen<'a>>, Missing> {
    let known = decider.rows.stanza(user, contact, id)?;
    let is_own = |known: &&record::Message| known.direction == Direction::Out;
    let Some(message) = known.filter(is_own) else {
        return Ok(None);
    };
    let waiting = decider.rows.waiting(&JobId::derive(message.mail_id()))?;
    let is_whole = |job: &&Job| job.attempts == 0 || message.sent.also.is_empty();
    let job = waiting.filter(|job| job.certain && is_whole(job));
    Ok(job.map(|job| Unseen { message, job }))
}

/// Writes down that a message is corrected by one that has a mail of its own, which means nothing without it.
pub(crate) fn corrected_by(
    decider: Decider<'_>,
    (user, contact): (&BareJid, &MailAddress),
    about: &StanzaId,
    decision: &mut Decision,
) -> Result<(), Missing> {
    let Some(row) = decider.rows.stanza(user, contact, about)? else {
        return Ok(());
    };
    let correction = decision.writes.iter().find_map(|write| match write {
        Write::Message(row) => Some(row.message_id.clone()),
        _ => None,
    });
    let known = &row.sent.corrections;
    if let Some(id) = correction
        && row.direction == Direction::Out
        && known.len() < CORRECTIONS_MAX
        && !known.contains(&id)
    {
        let mut row = row.clone();
        row.sent.corrections.push(id);
        decision.writes.push(Write::Message(row));
    }
    Ok(())
}

/// Takes a message back, with the corrections of it that wait as well.
pub(crate) fn take_back_all(
    decider: Decider<'_>,
    stanza: &Stanza,
    id: &StanzaId,
) -> Result<Option<Decision>, Stop> {
    let user = stanza.from.to_bare();
    let contact = Stop::optional(lookup::contact_mail(decider, &stanza.to.to_bare()))?;
    let known = match &contact {
        Some(contact) => decider.rows.stanza(&user, contact, id)?,
        None => None,
    };
    let Some(mut decision) = take_back(decider, stanza, id)? else {
        return Ok(None);
    };
    let corrections = known.map_or(&[][..], |known| known.sent.corrections.as_slice());
    let rows = Context::all(corrections, |id| decider.rows.message(id, &user))?;
    let others = Stop::all(rows.into_iter().flatten(), |row| {
        take_back(decider, stanza, &row.stanza_id)
    })?;
    for other in others.into_iter().flatten() {
        decision.mails.extend(other.mails);
        decision.withdrawn.extend(other.withdrawn);
        decision.writes.extend(other.writes);
        decision.notes.extend(other.notes);
    }
    Ok(Some(decision))
}

/// Takes a message back (XEP-0424 §4). `None` where its mail does not wait any more, or where the user never wrote it.
pub(crate) fn take_back(
    decider: Decider<'_>,
    stanza: &Stanza,
    id: &StanzaId,
) -> Result<Option<Decision>, Stop> {
    let user = stanza.from.to_bare();
    let contact = Stop::optional(lookup::contact_mail(decider, &stanza.to.to_bare()))?;
    let Some(contact) = contact else {
        return Ok(None);
    };
    let known = decider.rows.stanza(&user, &contact, id)?;
    if known.is_some_and(|known| known.sent.taken_back) {
        return Ok(Some(Decision::nothing()));
    }
    let Some(Unseen { message, job }) = unseen(decider, &user, &contact, id)? else {
        return Ok(None);
    };
    let mut job = job.clone();
    let mut taken_back = vec![message.message_id.clone()];
    if let Some(draft) = &mut job.draft {
        let is_it = |said: &SourceStanza| said.id == message.message_id;
        let lines = std::mem::take(&mut draft.lines);
        let (out, left): (Vec<DraftLine>, Vec<DraftLine>) = lines
            .into_iter()
            .partition(|line| line.said.iter().any(is_it));
        draft.lines = left;
        if out.is_empty() {
            return Ok(None);
        }
        let said = out.iter().flat_map(|line| &line.said);
        taken_back.extend(said.map(|said| said.id.clone()));
    }
    let writes = not_said(decider, &user, &taken_back)?;
    let version = gather::version(decider, job.clone())?;
    let mut decision = Decision {
        notes: vec![format!(
            "mail {}: a message was taken back unsent",
            job.message_id
        )],
        writes,
        ..Decision::default()
    };
    match version {
        Some(mail) => decision.mails.push(mail),
        None => {
            let thread = out_of_thread(decider, &user, message)?;
            decision.writes.extend(thread);
            decision.withdrawn.push(job);
        }
    }
    Ok(Some(decision))
}

/// The rows of a mail of which nobody gets anything, whose own row this is.
pub(crate) fn unsent(
    decider: Decider<'_>,
    job: &Job,
    message: &record::Message,
) -> Result<Vec<Write>, Missing> {
    let told = job.told().into_iter().map(|(id, _)| id.clone());
    let ids: Vec<MessageId> = told.chain([message.message_id.clone()]).collect();
    let mut writes = not_said(decider, &message.user, &ids)?;
    writes.extend(out_of_thread(decider, &message.user, message)?);
    Ok(writes)
}

/// The rows of messages that nobody will get.
fn not_said(
    decider: Decider<'_>,
    user: &BareJid,
    ids: &[MessageId],
) -> Result<Vec<Write>, Missing> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let rows = Context::all(&ids, |id| decider.rows.message(id, user))?;
    let taken_back = |row: &record::Message| {
        let mut row = row.clone();
        row.sent.taken_back = true;
        Write::Message(row)
    };
    Ok(rows.into_iter().flatten().map(taken_back).collect())
}

/// The thread without a mail that nobody will ever get: the next one is to answer one that is there.
fn out_of_thread(
    decider: Decider<'_>,
    user: &BareJid,
    message: &record::Message,
) -> Result<Option<Write>, Missing> {
    let (contact, id) = (&message.contact, &message.thread);
    let thread = decider.rows.thread(user, contact, id)?;
    Ok(thread.map(|thread| {
        let mut thread = thread.clone();
        let mail = message.mail_id();
        thread.references.retain(|known| known != mail);
        Write::Thread(user.clone(), contact.clone(), id.clone(), thread)
    }))
}

/// Puts another text in the place of a message (XEP-0308 §3). `None` where it is no line of a mail, or there is no room.
pub(crate) fn correct(
    decider: Decider<'_>,
    Unseen { message, job }: Unseen<'_>,
    said: &SourceStanza,
    text: impl FnOnce(&Draft) -> String,
) -> Result<Option<(ComposedMail, Vec<Write>)>, StanzaError> {
    let mut job = job.clone();
    let Some(draft) = &mut job.draft else {
        return Ok(None);
    };
    let text = text(draft);
    let octets = draft.text().len().saturating_add(text.len());
    let is_it = |said: &SourceStanza| said.id == message.message_id;
    let is_full = draft.said().count() >= GATHERED_LINES_MAX || octets > GATHERED_OCTETS_MAX;
    let mut lines = draft.lines.iter_mut();
    let line = lines.find(|line| line.said.iter().any(is_it));
    let Some(line) = line.filter(|_| !is_full) else {
        return Ok(None);
    };
    line.text = text;
    line.said.push(said.clone());
    draft.last = decider.now;
    let mut writes = Vec::new();
    if let Some(draft) = &job.draft {
        let in_mail = InMail::of_draft(&job.message_id, draft);
        writes.push(Write::Message(in_mail.row(decider, said)));
    }
    let mut corrected = message.clone();
    corrected.sent.excerpt.clone_from(&said.excerpt);
    writes.push(Write::Message(corrected));
    let mail = gather::version(decider, job)?;
    Ok(mail.map(|mail| (mail, writes)))
}
