//! What became of a mail is told to whom it concerns.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::{Decider, StanzaError};
use crate::core::decide::decision::Decision;
use crate::core::decide::delivery::status::{DeliveryStatus, Failure};
use crate::core::decide::lookup;
use crate::core::decide::outbound::receipt;
use crate::core::decide::roster::greeting;
use crate::core::id::{MessageId, StanzaId};
use crate::core::job::{Job, Origin, OriginKind};
use crate::core::language::Language;
use crate::core::limits::REPORTED_TROUBLE;
use crate::core::notice;
use crate::core::outcome::{Attempt, JobVerdict, Outcome, Reply};
use crate::core::record::{Contact, SubscriptionExchange, Trouble};
use crate::core::settings::{Receipts, Settings};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_stanza::{self, Condition};
use jid::BareJid;
use std::collections::BTreeMap;

/// An attempt at a job, as those are told of it whom the job concerns.
#[derive(Clone, Copy)]
struct AttemptedJob<'a> {
    /// As it is after the attempt.
    job: &'a Job,
    attempt: &'a Attempt,
    verdict: JobVerdict,
}

/// Decides whom to tell. `job` is as it is after the attempt.
pub fn decide(
    decider: Decider<'_>,
    job: &Job,
    attempt: &Attempt,
    verdict: JobVerdict,
) -> Result<Decision, Missing> {
    let mut decision = Decision::default();
    let Some(origin) = &job.origin else {
        return Ok(decision);
    };
    let user = origin.user.to_bare();
    let decider = decider.about(&user)?;
    let attempted = AttemptedJob {
        job,
        attempt,
        verdict,
    };
    // The rows of all of them are asked for together.
    let seen = Context::all(attempt, |(mail, outcome)| {
        contact_after(decider, &user, mail, outcome)
    });
    let reports = Context::all(job.told(), |(id, origin)| {
        report(decider, attempted, id, origin)
    });
    let (seen, reports) = match (seen, reports) {
        (Err(Missing(mut seen)), Err(Missing(reports))) => {
            seen.extend(reports);
            return Err(Missing(seen));
        }
        (seen, reports) => (seen?, reports?),
    };
    for (shown, write) in seen {
        decision.writes.extend(write);
        decision.stanzas.extend(shown);
    }
    for (place, report) in reports.into_iter().enumerate() {
        let notes = decision.notes.len();
        report.tell(&mut decision)?;
        if place > 0 {
            decision.notes.truncate(notes);
        }
    }
    if verdict == JobVerdict::Done {
        decision.writes.extend(lines(decider, job, &user)?);
    }
    Ok(decision)
}

/// The first line of a mail was taken back: its row, which a report on the mail finds, leads to those that are left.
fn lines(decider: Decider<'_>, job: &Job, user: &BareJid) -> Result<Option<Write>, Missing> {
    let told = job.told();
    if job.draft.is_none() || told.iter().any(|(id, _)| **id == job.message_id) {
        return Ok(None);
    }
    let mut row = DeliveryStatus::of(decider, &job.message_id, user)?;
    if let Some(row) = &mut row {
        row.message.sent.lines = told.into_iter().map(|(id, _)| id.clone()).collect();
    }
    Ok(row.and_then(DeliveryStatus::write))
}

/// One of the messages that a job holds, with its row where somebody may have to be told of it.
fn report<'a>(
    decider: Decider<'a>,
    attempted: AttemptedJob<'a>,
    id: &'a MessageId,
    origin: &'a Origin,
) -> Result<SenderReport<'a>, Missing> {
    let AttemptedJob { job, verdict, .. } = attempted;
    let is_taken = attempted.is_taken(decider);
    let receipt = receipt::receipt_of(id, origin).filter(|_| is_taken);
    let is_first_of_several = id == &job.message_id && job.told().len() > 1;
    let is_wanted = receipt.is_some()
        || is_first_of_several && verdict == JobVerdict::Done
        || attempted.tells(decider);
    let told = match is_wanted {
        true => DeliveryStatus::of(decider, id, &origin.user.to_bare())?,
        false => None,
    };
    Ok(SenderReport {
        decider,
        attempted,
        id,
        origin,
        receipt,
        told,
    })
}

/// What becomes of the contact by what became of the mail to it.
fn contact_after(
    decider: Decider<'_>,
    user: &BareJid,
    mail: &MailAddress,
    outcome: &Outcome,
) -> Result<(Vec<minidom::Element>, Option<Write>), Missing> {
    let state = trouble(decider, outcome);
    let is_open = state.is_none() && is_reported(decider, user, mail)?;
    if is_dropped(outcome) || is_open {
        return Ok((Vec::new(), None));
    }
    in_state(decider, user, mail, state)
}

impl AttemptedJob<'_> {
    /// Whether the mail server has taken the mail for all, and that counts as received.
    fn is_taken(self, decider: Decider<'_>) -> bool {
        let is_served =
            |(_, outcome): &(MailAddress, Outcome)| matches!(outcome, Outcome::Delivered(_));
        decider.settings.receipts == Receipts::Submitted
            && self.verdict == JobVerdict::Done
            && self.attempt.iter().all(is_served)
    }

    /// Whether somebody may have to be told of the message itself.
    fn tells(self, decider: Decider<'_>) -> bool {
        let is_refused =
            |(_, outcome): &(MailAddress, Outcome)| matches!(outcome, Outcome::Refused(_));
        self.verdict == JobVerdict::Expired
            || self.is_notice_due(decider)
            || self.attempt.iter().any(is_refused)
    }

    fn is_notice_due(self, decider: Decider<'_>) -> bool {
        matches!(self.verdict, JobVerdict::Deferred { .. })
            && is_delay_due(decider.settings, self.job, decider.now)
    }
}

/// Whether the notice about the delay is due with this attempt; the shell notes in the job that it was given.
pub fn is_delay_due(settings: &Settings, job: &Job, now: Timestamp) -> bool {
    !job.delay_told && now.since(job.accepted) >= settings.delay_notice
}

/// What XMPP calls a refusal, by its enhanced status code (RFC 3463 §3).
pub fn condition_of(reply: &Reply) -> Condition {
    match (reply.enhanced, reply.code) {
        (Some((5, 1, _)), _) => Condition::ItemNotFound,
        (Some((5, 2, 2)), _) => Condition::ResourceConstraint,
        (Some((5, 2, 3) | (5, 3, 4)), _) => Condition::NotAcceptable,
        (Some((5, 7, _)), _) => Condition::Forbidden,
        // Somebody else tried for long enough; 5.4.7 is the delivery time expired.
        (Some((4, ..) | (5, 4, 7)), _) | (None, Some(400..=499)) => Condition::RemoteServerTimeout,
        // RFC 5321 §4.2.2: 552 is storage exceeded, 550 and 551 name an unknown mailbox where nothing else is said.
        (None, Some(552)) => Condition::ResourceConstraint,
        (None, Some(550 | 551 | 553)) => Condition::ItemNotFound,
        _ => Condition::UndefinedCondition,
    }
}

/// An administrator took the mail out of the queue, which says nothing of the contact.
fn is_dropped(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(reply) if reply.code.is_none() && reply.text == notice::DROPPED)
}

/// Whether mail to this contact has lately come back after the mail server had taken it, as the next one may: a contact does
/// not come and go with each message.
fn is_reported(decider: Decider<'_>, user: &BareJid, mail: &MailAddress) -> Result<bool, Missing> {
    let trouble = decider
        .rows
        .contact(user, mail)?
        .and_then(|contact| contact.trouble.as_ref());
    let is_late =
        |trouble: &Trouble| trouble.reported && decider.now.since(trouble.since) < REPORTED_TROUBLE;
    Ok(trouble.is_some_and(is_late))
}

fn trouble(decider: Decider<'_>, outcome: &Outcome) -> Option<Trouble> {
    match outcome {
        Outcome::Delivered(_) => None,
        Outcome::Refused(reply) | Outcome::Retry { reply, .. } => Some(Trouble {
            since: decider.now,
            text: notice::words(decider.language, reply),
            reported: false,
        }),
    }
}

/// A contact is shown `away` while mail to it does not get through, and available again when it does.
pub(crate) fn in_state(
    decider: Decider<'_>,
    user: &BareJid,
    mail: &MailAddress,
    state: Option<Trouble>,
) -> Result<(Vec<minidom::Element>, Option<Write>), Missing> {
    let known = decider.rows.contact(user, mail)?;
    let is_other = |known: &&Contact| known.trouble.is_some() != state.is_some();
    let Some(known) = known.filter(is_other) else {
        return Ok((Vec::new(), None));
    };
    let next = Contact {
        trouble: state,
        ..known.clone()
    };
    // What its own gateway says of a contact stands, whatever becomes of our mails.
    let format = || lookup::format_of(decider, mail);
    let shown = match next.is_asked() && format()?.features().presence {
        true => Vec::new(),
        false => greeting::presence_of(decider, (user, mail, &next))?,
    };
    let write = Write::Contact(user.clone(), mail.clone(), next);
    Ok((shown, Some(write)))
}

/// A job of which its sender is told.
struct SenderReport<'a> {
    decider: Decider<'a>,
    attempted: AttemptedJob<'a>,
    /// The name of the row of the message.
    id: &'a MessageId,
    origin: &'a Origin,
    /// Due.
    receipt: Option<minidom::Element>,
    /// What the sender was told so far, where there may be something to add.
    told: Option<DeliveryStatus>,
}

impl SenderReport<'_> {
    /// What the sender of the message is told.
    fn tell(mut self, decision: &mut Decision) -> Result<(), Missing> {
        let AttemptedJob {
            job,
            attempt,
            verdict,
        } = self.attempted;
        for (mail, outcome) in attempt {
            if let Outcome::Refused(reply) = outcome {
                self.refused(mail, reply, decision)?;
            }
        }
        if verdict == JobVerdict::Expired {
            self.expire(decision)?;
        }
        if let Some(receipt) = self.receipt.take() {
            decision.stanzas.push(receipt);
            self.told.as_mut().map(DeliveryStatus::taken);
        }
        // Of several messages that are one mail, one notice is enough.
        let is_first = job.told().first().is_some_and(|(id, _)| *id == self.id);
        if is_first
            && self.attempted.is_notice_due(self.decider)
            && let Some((mail, notice)) = delay_notice(job, self.origin, attempt, self.decider)
            && self.told.as_mut().is_none_or(|told| told.delayed(mail))
        {
            decision.stanzas.push(notice);
        }
        if let Some(told) = &mut self.told
            && *self.id == job.message_id
            && verdict == JobVerdict::Done
        {
            let others = job.told().into_iter().map(|(id, _)| id);
            let others = others.filter(|id| *id != self.id);
            told.message.sent.lines = others.cloned().collect();
        }
        let row = self.told.and_then(DeliveryStatus::write);
        decision.writes.extend(row);
        Ok(())
    }

    /// The error for a message, or the refusal of a subscription request.
    fn failed(
        &mut self,
        mail: &MailAddress,
        error: &StanzaError,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let (origin, told) = (self.origin, &mut self.told);
        let id = origin.stanza_id.as_ref().map(StanzaId::as_str);
        match origin.kind {
            // A report of a mail server may have come before.
            OriginKind::Message if told.as_mut().is_some_and(|told| !told.failed(mail)) => {}
            OriginKind::Message => {
                let failure = Failure {
                    language: self.decider.language,
                    message_id: self.id,
                    contact: origin.contact.as_str(),
                    client: Some(&origin.user),
                    user: &origin.user.to_bare(),
                    id: origin.stanza_id.as_ref(),
                    condition: error.condition,
                    why: &error.why,
                    is_certain: self.attempted.job.certain,
                };
                decision.stanzas.extend(failure.to_stanzas(told.as_mut()));
            }
            OriginKind::Subscription => {
                let user = origin.user.to_bare();
                let forgotten = forget_request(self.decider, &user, mail)?;
                decision.writes.extend(forgotten);
                let who = (&origin.contact, &user);
                let error = to_stanza::request_failed(who, id, error.condition, &error.why);
                decision.stanzas.push(error);
            }
        }
        Ok(())
    }

    fn refused(
        &mut self,
        mail: &MailAddress,
        reply: &Reply,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let (job, people) = (self.attempted.job, mail.for_people());
        let said = |language| notice::refused(language, &people, reply, job.certain);
        let error = StanzaError {
            condition: condition_of(reply),
            why: said(self.decider.language),
        };
        self.failed(mail, &error, decision)?;
        decision.notes.push(format!(
            "mail {} was refused for good: {}",
            job.message_id,
            clean::shorten_addresses(&said(Language::ENGLISH))
        ));
        Ok(())
    }

    fn expire(&mut self, decision: &mut Decision) -> Result<(), Missing> {
        let AttemptedJob { job, attempt, .. } = self.attempted;
        let days = self.decider.settings.expire.as_secs().div_ceil(24 * 3600);
        let outcomes: BTreeMap<&MailAddress, &Outcome> = attempt
            .iter()
            .map(|(mail, outcome)| (mail, outcome))
            .collect();
        for mail in &job.to {
            let last = outcomes.get(mail).copied();
            if matches!(last, Some(Outcome::Delivered(_) | Outcome::Refused(_))) {
                continue;
            }
            let (reply, certain) = match last {
                Some(Outcome::Retry { reply, certain }) => (Some(reply), *certain && job.certain),
                _ => (job.last_reply.as_ref(), job.certain),
            };
            let people = mail.for_people();
            let said = |language| notice::expired(language, &people, days, reply, certain);
            let error = StanzaError {
                condition: Condition::RemoteServerTimeout,
                why: said(self.decider.language),
            };
            self.failed(mail, &error, decision)?;
            decision.notes.push(format!(
                "mail {} was given up: {}",
                job.message_id,
                clean::shorten_addresses(&said(Language::ENGLISH))
            ));
        }
        Ok(())
    }
}

/// The user's request for the contact's presence is over.
pub(crate) fn forget_request(
    decider: Decider<'_>,
    user: &BareJid,
    mail: &MailAddress,
) -> Result<Option<Write>, Missing> {
    let known = decider
        .rows
        .contact(user, mail)?
        .filter(|contact| contact.pending_out);
    Ok(known.map(|contact| {
        let next = Contact {
            pending_out: false,
            invited: None,
            handshake: contact
                .handshake
                .clone()
                .map(|handshake| SubscriptionExchange {
                    asked: None,
                    ..handshake
                }),
            ..contact.clone()
        };
        Write::Contact(user.clone(), mail.clone(), next)
    }))
}

fn delay_notice<'a>(
    job: &Job,
    origin: &Origin,
    attempt: &'a Attempt,
    decider: Decider<'_>,
) -> Option<(&'a MailAddress, minidom::Element)> {
    let (mail, reply) = attempt.iter().find_map(|(mail, outcome)| match outcome {
        Outcome::Retry { reply, .. } => Some((mail, reply)),
        _ => None,
    })?;
    let hours = decider.now.since(job.accepted).as_secs() / 3600;
    let body = notice::delayed(decider.language, &mail.for_people(), hours, Some(reply));
    let user = origin.user.to_bare();
    let id = StanzaId::derive(&job.message_id, &user, "delay");
    let from_to = (origin.contact.as_str(), user.as_str());
    let notice = to_stanza::notice(decider.language, from_to, id.as_str(), &body);
    Some((mail, notice))
}
