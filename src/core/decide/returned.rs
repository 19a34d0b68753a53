//! A mail became a message, and the XMPP server gives the message back as an error: nobody of that name, no room, not
//! allowed. The sender of the mail is told as any mail server would tell them, by a report (RFC 3464).
//!
//! A report to who did not write the mail hits a bystander, whose address a spammer has used. So there is one only where
//! the mail proved whom it is from, where a person wrote it, and once in an hour for each sender. What came back is found
//! by the id of the stanza and by both of its addresses; all other errors mean nothing.

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::{Decision, directory, peer, post};
use crate::core::from_mail::{self, Person};
use crate::core::from_stanza::{Returned, Stanza};
use crate::core::id::MessageId;
use crate::core::limits::RETURN_INTERVAL;
use crate::core::notice;
use crate::core::record::{Answerable, Direction, Message};
use crate::core::settings::Settings;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_mail::{self, Undelivered};
use crate::core::to_stanza::Condition;
use jid::BareJid;

/// Local parts, or their beginnings and ends, behind which programs are (RFC 3834 §2).
const ROBOTS: [&str; 4] = ["listserv", "majordomo", "noreply", "no-reply"];
const ROBOT_STARTS: [&str; 2] = ["owner-", "mailer-daemon"];
const ROBOT_ENDS: [&str; 4] = ["-owner", "-request", "-bounces", "-noreply"];

/// Who gets a report on this mail, should it come back: its sender, where that is proven and a person.
///
/// What proves the address in `From` says nothing of the reverse path, which is where a report goes. It has to be of the
/// same domain, which answers for all of its addresses.
pub(super) fn answerable(
    settings: &Settings,
    mail: &from_mail::Mail,
    from: &Person,
    now: Timestamp,
) -> Option<Answerable> {
    let is_automatic = mail.automatic.is_some() || mail.bulk || mail.null_return_path;
    if is_automatic || mail.about_machine || !peer::is_verified(settings, mail, now) {
        return None;
    }
    let from = &from.address;
    let reverse_path = mail.return_path.as_ref().unwrap_or(from);
    let is_person = !is_robot(from) && !is_robot(reverse_path);
    (is_person && reverse_path.domain() == from.domain()).then(|| Answerable {
        reverse_path: reverse_path.clone(),
        subject: mail.subject.clone(),
        date: mail.date,
    })
}

fn is_robot(address: &MailAddress) -> bool {
    let local = address.local().to_lowercase();
    ROBOTS.contains(&local.as_str())
        || ROBOT_STARTS.iter().any(|start| local.starts_with(start))
        || ROBOT_ENDS.iter().any(|end| local.ends_with(end))
}

/// Decides about an error.
pub(super) fn decide(
    settings: &Settings,
    context: &Context,
    stanza: &Stanza,
    why: &Returned,
    now: Timestamp,
) -> Result<Decision, Missing> {
    let user = stanza.from.to_bare();
    // A server answers for the account, to which the message went. What one of several clients says is not what became
    // of it.
    if stanza.from.resource().is_some() || why.is_warning {
        return Ok(Decision::nothing());
    }
    let Some(message) = message(settings, context, stanza, &user)? else {
        return Ok(Decision::nothing());
    };
    let mut decision = Decision::nothing();
    let note = |what: &str| {
        let id = &message.message_id;
        format!(
            "mail {id} came back from the XMPP server ({}): {what}",
            why.condition.name()
        )
    };
    let Some(answerable) = &message.answerable else {
        let unanswered = "its sender is not told, being unverified or no person";
        decision.notes.push(note(unanswered));
        return Ok(decision);
    };
    let (gateway, key) = told(settings, &answerable.reverse_path);
    let before = context.seen(&gateway, &key)?;
    if before.is_some_and(|before| now.since(before) < RETURN_INTERVAL) {
        decision
            .notes
            .push(note("its sender was told of another one within the hour"));
        return Ok(decision);
    }
    let Ok(recipient) = directory::user_mail(settings, context, &user)? else {
        return Ok(decision);
    };
    let report = report(settings, message, answerable, &recipient, why, now);
    match post::report(&report) {
        Ok(mail) => decision.mails.push(mail),
        Err(error) => {
            decision
                .notes
                .push(note(&format!("no report can be written: {error}")));
            return Ok(decision);
        }
    }
    let to = clean::shorten_addresses(&answerable.reverse_path.to_string());
    decision.notes.push(note(&format!("{to} is told")));
    decision.writes.push(Write::Seen(gateway, key, now));
    decision.writes.push(Write::Message(Message {
        answerable: None,
        ..message.clone()
    }));
    Ok(decision)
}

/// The message that came in as a mail and left under the id of this stanza, from its contact to its user.
fn message<'a>(
    settings: &Settings,
    context: &'a Context,
    stanza: &Stanza,
    user: &BareJid,
) -> Result<Option<&'a Message>, Missing> {
    let contact = directory::contact_mail(settings, context, &stanza.to.to_bare())?;
    let (Some(id), Ok(contact)) = (&stanza.id, contact) else {
        return Ok(None);
    };
    let message = context.stanza(user, &contact, id)?;
    Ok(message.filter(|message| message.direction == Direction::In))
}

/// The row that says when this address was last sent a report.
fn told(settings: &Settings, address: &MailAddress) -> (BareJid, MessageId) {
    let key = format!("undelivered {}", address.key());
    let gateway = BareJid::from_parts(None, &settings.gateway);
    (gateway, MessageId::of_raw(key.as_bytes()))
}

fn report<'a>(
    settings: &'a Settings,
    message: &'a Message,
    answerable: &'a Answerable,
    recipient: &'a MailAddress,
    why: &Returned,
    now: Timestamp,
) -> Undelivered<'a> {
    let message_id = MessageId::derive(
        &settings.id_key,
        &message.user,
        answerable.reverse_path.key(),
        message.stanza_id.as_str(),
        "undelivered",
        recipient,
    );
    let words = notice::returned(&recipient.for_people(), why.condition, why.text.as_deref());
    Undelivered {
        message_id,
        date: now,
        reporter: settings.gateway.as_str(),
        message,
        answerable,
        recipient,
        status: status_of(why.condition),
        diagnostic: to_mail::diagnostic(why.condition.name(), why.text.as_deref()),
        words,
    }
}

/// What mail calls a stanza error (RFC 3463 §3). Of `service-unavailable` nobody can say whether there is no such user or
/// none that can be reached: servers answer the same for both, so that nobody learns who is there (RFC 6121 §8.5.1).
pub fn status_of(condition: Condition) -> (u16, u16, u16) {
    match condition {
        Condition::ItemNotFound => (5, 1, 1),
        Condition::RemoteServerNotFound => (5, 1, 2),
        Condition::JidMalformed => (5, 1, 3),
        Condition::Gone | Condition::Redirect => (5, 1, 6),
        Condition::ServiceUnavailable => (5, 1, 0),
        Condition::RecipientUnavailable => (4, 2, 1),
        Condition::ResourceConstraint => (5, 2, 2),
        Condition::Conflict | Condition::InternalServerError => (5, 3, 0),
        Condition::FeatureNotImplemented => (5, 3, 3),
        Condition::RemoteServerTimeout => (4, 4, 1),
        Condition::BadRequest | Condition::UnexpectedRequest => (5, 5, 0),
        Condition::NotAcceptable => (5, 6, 0),
        Condition::Forbidden
        | Condition::NotAllowed
        | Condition::NotAuthorized
        | Condition::PolicyViolation
        | Condition::RegistrationRequired
        | Condition::SubscriptionRequired => (5, 7, 1),
        Condition::UndefinedCondition => (5, 0, 0),
    }
}
