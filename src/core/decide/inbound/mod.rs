//! From mails: a mail becomes one message for each local user that it is for. What another gateway put into it, and is
//! believed, goes its own way: see [`embedded_stanzas`] and [`deliver_stanzas`].

pub mod arrived;
pub(crate) mod away;
pub(crate) mod deliver_stanzas;
pub(crate) mod embedded_stanzas;
mod inbound_message;
pub(crate) mod learn;
pub(crate) mod message;
pub(crate) mod no_sender;
pub(crate) mod other_recipients;
pub(crate) mod presence;
mod profile;
pub(crate) mod recipients;
pub(crate) mod replies;
pub(crate) mod report;
pub(crate) mod shown_text;
pub(crate) mod stranger;
pub(crate) mod trust;
pub(crate) mod unknown_recipient;

use crate::core::address::MailAddress;
use crate::core::carried::CarriedPresence;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::{Decision, Fate, Left};
use crate::core::decide::inbound::arrived::Arrived;
use crate::core::decide::inbound::embedded_stanzas::EmbeddedStanzas;
use crate::core::decide::inbound::message::Delivery;
use crate::core::decide::inbound::recipients::{NamedUsers, Recipients, local_users};
use crate::core::decide::inbound::trust::JudgedSender;
use crate::core::decide::welcome;
use crate::core::id::{MessageId, StanzaId};
use crate::core::limits::{HOPS_MAX, MAIL_USERS_MAX};
use crate::core::{from_mail, notice, to_stanza};
use jid::{BareJid, Jid};
use std::collections::BTreeSet;

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// Decides about a mail.
pub fn decide(decider: Decider<'_>, arrived: &Arrived<'_>) -> Result<(Decision, Fate), Missing> {
    // Of a report it does not matter who sent it.
    let (decision, fate) = match report::decide(decider, arrived)? {
        Some(decision) => (decision, Fate::Handled),
        None => from_sender(decider, arrived)?,
    };
    Ok(sendable(decider, arrived, decision, fate))
}

/// A message that servers would not take is not sent: its user is told of the mail instead, which stays where it is.
fn sendable(
    decider: Decider<'_>,
    arrived: &Arrived<'_>,
    mut decision: Decision,
    fate: Fate,
) -> (Decision, Fate) {
    let mail = arrived.mail;
    let from = mail.from.as_ref().map(|from| from.address.for_people());
    let mut is_whole = true;
    for stanza in &mut decision.stanzas {
        let user = stanza.attr("to").and_then(|to| Jid::new(to).ok());
        let user = user.map(Jid::into_bare);
        if let Some(user) = user.filter(|_| !to_stanza::fits(stanza)) {
            is_whole = false;
            decision.left_by.insert(user.clone());
            let (gateway, id) = (decider.settings.gateway.as_str(), not_shown_id(mail, &user));
            // Loaded when the message was made.
            let decider = decider.about(&user).unwrap_or(decider);
            let body = notice::too_big(decider.language, from.as_deref(), mail.kept());
            let from_to = (gateway, user.as_str());
            *stanza = to_stanza::notice(decider.language, from_to, id.as_str(), &body);
            let id = &mail.message_id;
            let note = format!(
                "mail {id} {}: it is too big for a stanza",
                mail.kept().left()
            );
            decision.notes.push(note);
        }
    }
    match fate {
        Fate::Handled if !is_whole => {
            decision.left = Some(Left::TooBig);
            (decision, Fate::Left)
        }
        fate => (decision, fate),
    }
}

fn not_shown_key(mail: &from_mail::ParsedMail) -> MessageId {
    MessageId::of_raw(format!("not shown {}", mail.message_id).as_bytes())
}

fn not_shown_id(mail: &from_mail::ParsedMail, user: &BareJid) -> StanzaId {
    StanzaId::derive(&not_shown_key(mail), user, "")
}

/// Nothing, but for what the log and the way in hear.
fn not_taken(mail: &from_mail::ParsedMail, left: Left, why: &str) -> Decision {
    let note = format!("mail {} {}: {why}", mail.message_id, mail.kept().left());
    Decision {
        left: Some(left),
        notes: vec![note],
        ..Decision::default()
    }
}

/// Decides about a mail by who sent it.
fn from_sender(decider: Decider<'_>, arrived: &Arrived<'_>) -> Result<(Decision, Fate), Missing> {
    let mail = arrived.mail;
    let left = |left: Left, why: &str| Ok((not_taken(mail, left, why), Fate::Left));
    if mail.hops > HOPS_MAX {
        return left(Left::Loop, "it has passed too many gateways (a loop?)");
    }
    let Some(from) = &mail.from else {
        return no_sender::decide(decider, arrived);
    };
    if !decider.settings.contacts.allows(&from.address) {
        return left(Left::Denied, "the configuration does not allow its sender");
    }
    let mut decision = Decision::default();
    let sender = JudgedSender::of(decider, mail);
    let embedded = EmbeddedStanzas::of(mail, &sender, &mut decision.notes);
    if !embedded.is_for_people(mail) {
        let told = for_machines(decider, mail, &from.address, embedded.presence())?;
        decision.notes.extend(told.notes);
        let notes = decision.notes;
        return Ok((Decision { notes, ..told }, Fate::Handled));
    }
    let recipients = local_users(decider, arrived)?;
    let Recipients {
        users, left_out, ..
    } = recipients;
    if users.is_empty() {
        let (mut decision, fate) = left(Left::Nobody, "none of its recipients is a local user")?;
        unknown_recipient::tell_sender(decider, arrived, &mut decision)?;
        return Ok((decision, fate));
    }
    decision.notes.extend(note_on(mail, left_out));
    let (waiting, users) = arrived.parted(users);
    let header = match recipients.named {
        Some(header) => header,
        None => NamedUsers::of(decider, mail)?,
    };
    let named: BTreeSet<BareJid> = header.all.into_iter().collect();
    Context::all(&users, |user| {
        let (about, begin) = (decider.about(user)?, decision.stanzas.len());
        let delivery = Delivery {
            options: decider.rows.options(user, &from.address)?,
            decider: about,
            arrived,
            from,
            user,
            named: &named,
            addressed: &header.to,
            sender: &sender,
            embedded: &embedded,
        };
        delivery.for_user(&mut decision)?;
        welcome::before_mail(about, user, begin, &mut decision)
    })?;
    let is_new = |write: &Write| matches!(write, Write::Seen(..));
    if decision.writes.iter().any(is_new) && sender.doubt.is_none() {
        learn::learn(decider, mail, &from.address, &mut decision)?;
    }
    let over = waiting.iter().filter(|user| arrived.is_over_limit(user));
    let tell = |user| tell_of_wait(decider, user, &mut decision);
    Context::all(over, tell)?;
    decision.left = decision.left.or(sender.trust.left());
    let fate = match sender.trust.fate_with(&waiting) {
        Fate::Handled if decision.left.is_some() => Fate::Left,
        fate => fate,
    };
    Ok((decision, fate))
}

/// Decides about a mail in which nothing is for people: there is at most a presence in it.
fn for_machines(
    decider: Decider<'_>,
    mail: &from_mail::ParsedMail,
    from: &MailAddress,
    presence: Option<&CarriedPresence>,
) -> Result<Decision, Missing> {
    let Some(presence) = presence else {
        let id = &mail.message_id;
        let mut decision = Decision::nothing();
        decision
            .notes
            .push(format!("mail {id} is for machines only: not shown"));
        return Ok(decision);
    };
    presence::decide(decider, mail, from, presence)
}

fn note_on(mail: &from_mail::ParsedMail, left_out: usize) -> Option<String> {
    (left_out > 0).then(|| {
        format!(
            "mail {} names {left_out} more local users, who are not shown it: a mail goes to {MAIL_USERS_MAX} at most. Let \
             the mail server hand over a copy for each recipient, with its address in Delivered-To",
            mail.message_id
        )
    })
}

/// Tells a user, once a day, that mails wait.
fn tell_of_wait(
    decider: Decider<'_>,
    user: &BareJid,
    decision: &mut Decision,
) -> Result<(), Missing> {
    let decider = decider.about(user)?;
    let day = decider.now.millis().div_euclid(DAY_MILLIS);
    let key = MessageId::of_raw(format!("mails wait on day {day}").as_bytes());
    if decider.rows.seen(user, &key)?.is_none() {
        let (gateway, id) = (
            decider.settings.gateway.as_str(),
            StanzaId::derive(&key, user, ""),
        );
        let allowed = &decider.settings.allowance;
        let body = notice::mails_wait(
            decider.language,
            allowed.shown_per_minute,
            allowed.shown_per_minute_from_one,
        );
        let from_to = (gateway, user.as_str());
        let notice = to_stanza::notice(decider.language, from_to, id.as_str(), &body);
        decision.stanzas.push(notice);
        decision
            .writes
            .push(Write::Seen(user.clone(), key, decider.now));
    }
    Ok(())
}

/// Tells whom a mail is for that it could not be shown, once: [`decide`] failed on it by a defect. As little as possible of
/// it is looked at.
pub fn not_shown(decider: Decider<'_>, arrived: &Arrived<'_>) -> Result<Decision, Missing> {
    let mut decision = Decision::nothing();
    let mail = arrived.mail;
    let from = mail.from.as_ref().map(|person| &person.address);
    let is_denied = from.is_some_and(|from| !decider.settings.contacts.allows(from));
    if is_denied || mail.about_machine || mail.message_id.is_machine() {
        return Ok(decision);
    }
    let people = from.map(MailAddress::for_people);
    let key = not_shown_key(mail);
    let users = local_users(decider, arrived)?.users;
    let told = Context::all(users, |user| {
        let is_told = decider.rows.seen(&user, &key);
        let decider = decider.about(&user);
        Ok((user, is_told?.is_some(), decider?.language))
    })?;
    for (user, _, language) in told.into_iter().filter(|(_, is_told, _)| !is_told) {
        let body = notice::not_shown(language, people.as_deref(), mail.kept());
        let (gateway, id) = (decider.settings.gateway.as_str(), not_shown_id(mail, &user));
        let told = to_stanza::notice(language, (gateway, user.as_str()), id.as_str(), &body);
        decision.stanzas.push(told);
        decision
            .writes
            .push(Write::Seen(user, key.clone(), decider.now));
    }
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::file::Files;
    use crate::core::rules::Rules;
    use crate::core::settings::{Settings, Users};
    use crate::core::time::Timestamp;

    /// No mail becomes such a message, as far as is known.
    #[test]
    fn e10_who_cannot_be_sent_a_message_is_told_of_it_and_the_mail_stays() {
        let gateway = jid::DomainPart::new("gateway.a.example").unwrap();
        let (rules, users) = (Rules::default(), Users::default());
        let settings = Settings::with_defaults(gateway.into_owned(), rules, users);
        let rows = Context::new();
        let decider = Decider::new(&settings, &rows, Timestamp::default());
        let mail = from_mail::read(b"From: c@d.example\r\n\r\n", &[], false).unwrap();
        let arrived = Arrived {
            mail: &mail,
            octets: 9,
            over: None,
            bound: None,
            waits: None,
            files: Files::Named,
            may_be_kept: false,
            own: None,
        };
        let message = |to: &str, octets: usize| {
            to_stanza::words("c@gateway.a.example", to, "1", &"x".repeat(octets))
        };
        let big = message("alice@a.example", 256 * 1024);
        let small = message("adam@a.example", 200 * 1024);
        for (fate, expected) in [
            (Fate::Handled, Fate::Left),
            (Fate::Left, Fate::Left),
            (Fate::Later, Fate::Later),
        ] {
            let decision = Decision::answer([big.clone(), small.clone()]);
            let (decision, fate) = sendable(decider, &arrived, decision, fate);
            assert_eq!(fate, expected);
            assert!(decision.stanzas.iter().all(to_stanza::fits));
            let [told, same] = decision.stanzas.as_slice() else {
                panic!("two stanzas");
            };
            assert_eq!(*same, small);
            assert_eq!(told.attr("from"), Some("gateway.a.example"));
            assert_eq!(told.attr("to"), Some("alice@a.example"));
            let text: String = told.children().map(minidom::Element::text).collect();
            assert!(
                text.contains("from c@d.example could not be shown"),
                "{text}"
            );
        }
        let decision = Decision::answer([small]);
        let (_, fate) = sendable(decider, &arrived, decision, Fate::Handled);
        assert_eq!(fate, Fate::Handled);
    }
}
