//! What became of a mail is told to whom it concerns.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::told::{Failure, Told};
use crate::core::decide::{Decision, message, peer, subscription};
use crate::core::id::StanzaId;
use crate::core::job::{Job, Origin, OriginKind};
use crate::core::limits::REPORTED_TROUBLE;
use crate::core::notice;
use crate::core::outcome::{Attempt, Outcome, Reply, Verdict};
use crate::core::record::{Contact, Format, Handshake, Trouble};
use crate::core::settings::{Receipts, Settings};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_stanza::{self, Condition};
use jid::BareJid;

/// Decides whom to tell. `job` is as it is after the attempt.
pub fn decide(
    settings: &Settings,
    context: &Context,
    job: &Job,
    attempt: &Attempt,
    verdict: Verdict,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let mut decision = Decision::default();
    let Some(origin) = &job.origin else {
        return Ok(decision);
    };
    let user = origin.user.to_bare();
    let is_taken = is_taken(settings, attempt, verdict);
    let receipt = message::receipt_for(job).filter(|_| is_taken);
    let mut told = match receipt.is_some() || tells(settings, job, attempt, verdict, now) {
        true => Told::of(context, &job.message_id, &user)?,
        false => None,
    };
    let settling = Settling {
        context,
        job,
        origin,
    };
    for (mail, outcome) in attempt {
        let state = trouble(outcome, now);
        let is_open = state.is_none() && is_reported(context, &user, mail, now)?;
        if !is_dropped(outcome) && !is_open {
            decision.writes.extend(contact_writes(
                settings,
                context,
                &user,
                mail,
                state,
                now,
                &mut decision.stanzas,
            )?);
        }
        if let Outcome::Refused(reply) = outcome {
            settling.refused(&mut told, mail, reply, &mut decision)?;
        }
    }
    if verdict == Verdict::Expired {
        let told = &mut told;
        settling.expire(settings, told, attempt, &mut decision)?;
    }
    if let Some(receipt) = receipt {
        decision.stanzas.push(receipt);
        told.as_mut().map(Told::taken);
    }
    if is_notice_due(settings, job, verdict, now)
        && let Some((mail, notice)) = delay_notice(job, origin, attempt, now)
        && told.as_mut().is_none_or(|told| told.delayed(mail))
    {
        decision.stanzas.push(notice);
    }
    decision.writes.extend(told.and_then(Told::write));
    Ok(decision)
}

/// Whether the mail server has taken the mail for all, and that counts as received.
fn is_taken(settings: &Settings, attempt: &Attempt, verdict: Verdict) -> bool {
    let is_served =
        |(_, outcome): &(MailAddress, Outcome)| matches!(outcome, Outcome::Delivered(_));
    settings.receipts == Receipts::Submitted
        && verdict == Verdict::Done
        && attempt.iter().all(is_served)
}

/// Whether somebody may have to be told of the message itself.
fn tells(
    settings: &Settings,
    job: &Job,
    attempt: &Attempt,
    verdict: Verdict,
    now: Timestamp,
) -> bool {
    let is_refused = |(_, outcome): &(MailAddress, Outcome)| matches!(outcome, Outcome::Refused(_));
    verdict == Verdict::Expired
        || is_notice_due(settings, job, verdict, now)
        || attempt.iter().any(is_refused)
}

fn is_notice_due(settings: &Settings, job: &Job, verdict: Verdict, now: Timestamp) -> bool {
    matches!(verdict, Verdict::Deferred { .. }) && is_delay_due(settings, job, now)
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
fn is_reported(
    context: &Context,
    user: &BareJid,
    mail: &MailAddress,
    now: Timestamp,
) -> Result<bool, Missing> {
    let trouble = context
        .contact(user, mail)?
        .and_then(|contact| contact.trouble.as_ref());
    let is_late =
        |trouble: &Trouble| trouble.reported && now.since(trouble.since) < REPORTED_TROUBLE;
    Ok(trouble.is_some_and(is_late))
}

fn trouble(outcome: &Outcome, now: Timestamp) -> Option<Trouble> {
    match outcome {
        Outcome::Delivered(_) => None,
        Outcome::Refused(reply) | Outcome::Retry { reply, .. } => Some(Trouble {
            since: now,
            text: reply.text.clone(),
            reported: false,
        }),
    }
}

/// A contact is shown `away` while mail to it does not get through, and available again when it does.
pub(super) fn contact_writes(
    settings: &Settings,
    context: &Context,
    user: &BareJid,
    mail: &MailAddress,
    state: Option<Trouble>,
    now: Timestamp,
    stanzas: &mut Vec<minidom::Element>,
) -> Result<Option<Write>, Missing> {
    let Some(known) = context.contact(user, mail)? else {
        return Ok(None);
    };
    if known.trouble.is_some() == state.is_some() {
        return Ok(None);
    }
    let next = Contact {
        trouble: state,
        ..known.clone()
    };
    // What its own gateway says of a contact stands, whatever becomes of our mails.
    if !(next.is_asked() && peer::format_of(settings, context, mail)? == Format::Xmpp) {
        let shown = subscription::presence_of(settings, context, user, mail, &next, now)?;
        stanzas.extend(shown);
    }
    Ok(Some(Write::Contact(user.clone(), mail.clone(), next)))
}

/// A job of which its sender is told.
struct Settling<'a> {
    context: &'a Context,
    job: &'a Job,
    origin: &'a Origin,
}

impl Settling<'_> {
    /// The error for a message, or the refusal of a subscription request.
    fn failure(
        &self,
        told: &mut Option<Told>,
        mail: &MailAddress,
        condition: Condition,
        why: &str,
        writes: &mut Vec<Write>,
    ) -> Result<Vec<minidom::Element>, Missing> {
        let origin = self.origin;
        let id = origin.stanza_id.as_ref().map(StanzaId::as_str);
        match origin.kind {
            // A report of a mail server may have come before.
            OriginKind::Message if told.as_mut().is_some_and(|told| !told.failed(mail)) => {
                Ok(Vec::new())
            }
            OriginKind::Message => {
                let failure = Failure {
                    message_id: &self.job.message_id,
                    contact: origin.contact.as_str(),
                    client: Some(&origin.user),
                    user: &origin.user.to_bare(),
                    id: origin.stanza_id.as_ref(),
                    condition,
                    why,
                };
                Ok(failure.told(told.as_mut()))
            }
            OriginKind::Subscription => {
                let user = origin.user.to_bare();
                writes.extend(forget_request(self.context, &user, mail)?);
                let (from, to) = (origin.contact.as_str(), user.as_str());
                let error = to_stanza::error("presence", from, to, id, condition, why);
                Ok(vec![error])
            }
        }
    }

    fn refused(
        &self,
        told: &mut Option<Told>,
        mail: &MailAddress,
        reply: &Reply,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let why = notice::refused(&mail.for_people(), reply, self.job.certain);
        let condition = condition_of(reply);
        let error = self.failure(told, mail, condition, &why, &mut decision.writes)?;
        decision.stanzas.extend(error);
        decision.notes.push(format!(
            "mail {} was refused for good: {}",
            self.job.message_id,
            clean::shorten_addresses(&why)
        ));
        Ok(())
    }

    fn expire(
        &self,
        settings: &Settings,
        told: &mut Option<Told>,
        attempt: &Attempt,
        decision: &mut Decision,
    ) -> Result<(), Missing> {
        let job = self.job;
        let days = settings.expire.as_secs().div_ceil(24 * 3600);
        for mail in &job.to {
            let last = attempt
                .iter()
                .find(|(address, _)| address == mail)
                .map(|(_, outcome)| outcome);
            if matches!(last, Some(Outcome::Delivered(_) | Outcome::Refused(_))) {
                continue;
            }
            let (reply, certain) = match last {
                Some(Outcome::Retry { reply, certain }) => (Some(reply), *certain && job.certain),
                _ => (job.last_reply.as_ref(), job.certain),
            };
            let why = notice::expired(&mail.for_people(), days, reply, certain);
            let error = self.failure(
                told,
                mail,
                Condition::RemoteServerTimeout,
                &why,
                &mut decision.writes,
            )?;
            decision.stanzas.extend(error);
            decision.notes.push(format!(
                "mail {} was given up: {}",
                job.message_id,
                clean::shorten_addresses(&why)
            ));
        }
        Ok(())
    }
}

/// The user's request for the contact's presence is over.
pub(super) fn forget_request(
    context: &Context,
    user: &BareJid,
    mail: &MailAddress,
) -> Result<Option<Write>, Missing> {
    let known = context
        .contact(user, mail)?
        .filter(|contact| contact.pending_out);
    Ok(known.map(|contact| {
        let next = Contact {
            pending_out: false,
            invited: None,
            handshake: contact.handshake.clone().map(|handshake| Handshake {
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
    now: Timestamp,
) -> Option<(&'a MailAddress, minidom::Element)> {
    let (mail, reply) = attempt.iter().find_map(|(mail, outcome)| match outcome {
        Outcome::Retry { reply, .. } => Some((mail, reply)),
        _ => None,
    })?;
    let hours = now.since(job.accepted).as_secs() / 3600;
    let body = notice::delayed(&mail.for_people(), hours, Some(reply));
    let id = StanzaId::derive(&job.message_id, &origin.user.to_bare(), "delay");
    let notice = to_stanza::notice(
        origin.contact.as_str(),
        origin.user.to_bare().as_str(),
        id.as_str(),
        &body,
    );
    Some((mail, notice))
}
