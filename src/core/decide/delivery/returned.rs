//! A mail became a message, and the XMPP server gives the message back as an error: nobody of that name, no room, not
//! allowed. The sender of the mail is told as any mail server would tell them, by a report (RFC 3464).
//!
//! A report to who did not write the mail hits a bystander, whose address a spammer has used. So there is one only where
//! the mail proved whom it is from, where a person wrote it, and once in an hour for each sender. What came back is found
//! by the id of the stanza and by both of its addresses; all other errors mean nothing.

use crate::core::address::{MailAddress, folded};
use crate::core::context::{Missing, Write};
use crate::core::decide::compose;
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::decide::inbound::report;
use crate::core::decide::inbound::trust::JudgedSender;
use crate::core::decide::lookup;
use crate::core::from_mail::{self, DeliveryAction, DeliveryReport, Person, Reported};
use crate::core::from_stanza::{ReturnedMessage, Stanza};
use crate::core::id::{Correspondents, MessageId};
use crate::core::limits::RETURN_INTERVAL;
use crate::core::outcome::{EnhancedCode, Reply};
use crate::core::record::{Answerable, Direction, Message};
use crate::core::text::clean;
use crate::core::to_mail::{self, Undelivered};
use crate::core::to_stanza::Condition;
use crate::core::{authentication, notice};
use jid::BareJid;

/// Local parts, or their beginnings and ends, behind which programs are (RFC 3834 §2).
const ROBOTS: [&str; 4] = ["listserv", "majordomo", "noreply", "no-reply"];

const ROBOT_STARTS: [&str; 2] = ["owner-", "mailer-daemon"];

const ROBOT_ENDS: [&str; 4] = ["-owner", "-request", "-bounces", "-noreply"];

/// Who gets a report on this mail, should it come back: its sender, where that is proven and a person.
///
/// What proves the address in `From` says nothing of the reverse path, which is where a report goes: somebody may have sent a
/// signed mail again with that of a bystander. It has to be the author's own, or of the same domain, and then one of its
/// servers has to have sent the mail.
pub(crate) fn answerable(
    decider: Decider<'_>,
    mail: &from_mail::ParsedMail,
    from: &Person,
    sender: &JudgedSender,
) -> Option<Answerable> {
    let is_automatic = mail.automatic.is_some() || mail.bulk || mail.null_return_path;
    if is_automatic || mail.about_machine || !sender.is_verified {
        return None;
    }
    let from = &from.address;
    let reverse_path = mail.return_path.as_ref().unwrap_or(from);
    let is_person = !is_robot(from) && !is_robot(reverse_path);
    let domain = reverse_path.domain();
    let is_proven =
        || authentication::is_sent_by(mail, &decider.settings.trust.authserv_ids, domain);
    let is_good = domain == from.domain() && (is_own(reverse_path, from) || is_proven());
    (is_person && is_good).then(|| Answerable {
        reverse_path: reverse_path.clone(),
        subject: mail.subject.clone(),
        date: mail.date,
    })
}

/// Whether a reverse path at the author's domain leads to the author: the same address, one with a detail (RFC 5233), or one
/// with a mark by which a mail server knows its own bounces (`prvs=0123456789=carol`, `btv1==0123==carol`).
fn is_own(reverse_path: &MailAddress, author: &MailAddress) -> bool {
    let (path, author) = (folded(reverse_path.local()), folded(author.local()));
    let is_marked = path.starts_with("prvs=") || path.starts_with("btv1==");
    let bare = match is_marked {
        true => path.rsplit('=').next().unwrap_or_default(),
        false => path.split('+').next().unwrap_or_default(),
    };
    path == author || bare == author
}

fn is_robot(address: &MailAddress) -> bool {
    let local = address.local().to_lowercase();
    ROBOTS.contains(&local.as_str())
        || ROBOT_STARTS.iter().any(|start| local.starts_with(start))
        || ROBOT_ENDS.iter().any(|end| local.ends_with(end))
}

/// Whether an address says that nobody reads what is written to it: `DoNotReply@…`, `no_reply+123@…`, `shop-noreply@…`.
pub(crate) fn is_unread(person: &Person) -> bool {
    let local = person.address.local();
    let letters = local.chars().filter(|c| c.is_ascii_alphanumeric());
    let letters: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    ["noreply", "donotreply", "dontreply"]
        .iter()
        .any(|word| letters.contains(word))
}

/// Decides about an error.
pub(crate) fn decide(
    decider: Decider<'_>,
    stanza: &Stanza,
    why: &ReturnedMessage,
) -> Result<Decision, Missing> {
    let user = stanza.from.to_bare();
    // A server answers for the account, to which the message went. What one of several clients says is not what became
    // of it.
    if stanza.from.resource().is_some() || why.is_warning {
        return Ok(Decision::nothing());
    }
    let Some(message) = message(decider, stanza, &user)? else {
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
    if let Some(told) = own_sender(decider, message, &user, why)? {
        return Ok(told);
    }
    let Some(answerable) = &message.answerable else {
        let unanswered = "its sender is not told, being unverified or no person";
        decision.notes.push(note(unanswered));
        return Ok(decision);
    };
    let message = AnswerableMessage {
        message,
        answerable,
    };
    let (gateway, key) = told(decider, &answerable.reverse_path);
    let before = decider.rows.seen(&gateway, &key)?;
    if before.is_some_and(|before| decider.now.since(before) < RETURN_INTERVAL) {
        decision
            .notes
            .push(note("its sender was told of another one within the hour"));
        return Ok(decision);
    }
    let Some(recipient) = Stop::optional(lookup::user_mail(decider, &user))? else {
        return Ok(decision);
    };
    let undelivered = message.undelivered(decider, &recipient, why);
    match compose::report(&undelivered) {
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
    decision.writes.push(Write::Seen(gateway, key, decider.now));
    decision.writes.push(Write::Message(Message {
        answerable: None,
        ..message.message.clone()
    }));
    Ok(decision)
}

/// Whoever wrote the mail is a user of this gateway, who has misspelled another one: that is told on the message that the mail
/// was. Nobody has to verify it, as with other reports: the mail has the id that the user's had, and went to the same recipient.
fn own_sender(
    decider: Decider<'_>,
    message: &Message,
    recipient: &BareJid,
    why: &ReturnedMessage,
) -> Result<Option<Decision>, Missing> {
    let Some(sender) = lookup::user_of(decider, &message.contact)? else {
        return Ok(None);
    };
    let Some(recipient) = Stop::optional(lookup::user_mail(decider, recipient))? else {
        return Ok(None);
    };
    let text = why.text.as_deref().unwrap_or(why.condition.name());
    let report = DeliveryReport {
        about: vec![message.message_id.clone()],
        envelope_id: None,
        recipients: vec![Reported {
            original: Some(recipient.clone()),
            last: None,
            action: DeliveryAction::Failed,
            reply: Reply {
                code: None,
                enhanced: Some(status_of(why.condition)),
                text: text.to_owned(),
            },
            remote: None,
        }],
        original_to: vec![recipient],
    };
    report::of_own_mail(decider, &sender, &report)
}

/// The message that came in as a mail and left under the id of this stanza, from its contact to its user.
fn message<'a>(
    decider: Decider<'a>,
    stanza: &Stanza,
    user: &BareJid,
) -> Result<Option<&'a Message>, Missing> {
    let contact = Stop::optional(lookup::contact_mail(decider, &stanza.to.to_bare()))?;
    let (Some(id), Some(contact)) = (&stanza.id, contact) else {
        return Ok(None);
    };
    let message = decider.rows.stanza(user, &contact, id)?;
    Ok(message.filter(|message| message.direction == Direction::In))
}

/// The row that says when this address was last sent a report.
fn told(decider: Decider<'_>, address: &MailAddress) -> (BareJid, MessageId) {
    let key = format!("undelivered {}", address.key());
    let gateway = BareJid::from_parts(None, &decider.settings.gateway);
    (gateway, MessageId::of_raw(key.as_bytes()))
}

/// A message whose author is told that it came back.
struct AnswerableMessage<'a> {
    message: &'a Message,
    answerable: &'a Answerable,
}

impl<'a> AnswerableMessage<'a> {
    /// What its author is told.
    fn undelivered(
        &self,
        decider: Decider<'a>,
        recipient: &'a MailAddress,
        why: &ReturnedMessage,
    ) -> Undelivered<'a> {
        let message_id = MessageId::derive(
            &decider.settings.id_key,
            Correspondents {
                from: &self.message.user,
                to: self.answerable.reverse_path.key(),
                sender: recipient,
            },
            self.message.stanza_id.as_str(),
            "undelivered",
        );
        let words = notice::returned(
            decider.language,
            &recipient.for_people(),
            why.condition,
            why.text.as_deref(),
        );
        Undelivered {
            language: decider.language,
            message_id,
            date: decider.now,
            reporter: decider.settings.gateway.as_str(),
            message: self.message,
            answerable: self.answerable,
            recipient,
            status: status_of(why.condition),
            diagnostic: to_mail::diagnostic(why.condition.name(), why.text.as_deref()),
            words,
        }
    }
}

/// What mail calls a stanza error (RFC 3463 §3). Of `service-unavailable` nobody can say whether there is no such user or
/// none that can be reached: servers answer the same for both, so that nobody learns who is there (RFC 6121 §8.5.1).
pub fn status_of(condition: Condition) -> EnhancedCode {
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
