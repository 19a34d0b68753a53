//! `block` and `unblock`: whose mails the user does not want to see. Nothing is sent back to them.

use super::write::{CONTACT, Whom, meant};
use super::{Answer, Call, Command, FormStep, Values, refused, texts};
use crate::core::address::MailAddress;
use crate::core::context::{Missing, Write};
use crate::core::decide::decider::Stop;
use crate::core::decide::decision::Decision;
use crate::core::decide::strangers::{self, Accepts};
use crate::core::language::Sentence;
use crate::core::record::Contact;
use jid::BareJid;

/// Mails of this address are not shown any more.
#[derive(Debug)]
pub(super) struct Block;

/// They are shown again.
#[derive(Debug)]
pub(super) struct Unblock;

impl Command for Block {
    fn name(&self) -> &'static str {
        "block"
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("block-title"),
            instructions: Sentence("block-ask"),
            fields: &[CONTACT],
        }]
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        set(call, self, values, true)
    }
}

impl Command for Unblock {
    fn name(&self) -> &'static str {
        "unblock"
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("unblock-title"),
            instructions: Sentence("unblock-ask"),
            fields: &[CONTACT],
        }]
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        set(call, self, values, false)
    }
}

/// Of somebody who waits to be accepted, or has waited for that before.
fn of_request(
    call: &Call<'_>,
    of: (&BareJid, &MailAddress),
    is_blocked: bool,
    text: String,
) -> Result<Answer, Missing> {
    let mut beside = Decision::default();
    match is_blocked {
        true => strangers::refuse(call.decider, of, &mut beside)?,
        false => {
            strangers::accept(call.decider, of, Accepts::Shown, &mut beside)?;
        }
    }
    // Whom the user has asked is blocked all the same.
    let known = call.decider.rows.contact(of.0, of.1)?.cloned();
    strangers::change(&mut beside, of, known.unwrap_or_default(), |contact| {
        contact.is_blocked = is_blocked;
    });
    Ok(Answer {
        beside,
        ..Answer::says(text)
    })
}

fn set(
    call: &Call<'_>,
    command: &dyn Command,
    values: &Values,
    is_blocked: bool,
) -> Result<Answer, Stop> {
    let mail = match meant(call, command, values)? {
        Whom::Contact(mail, _) => mail,
        Whom::User(mail, _) => {
            return Err(refused(texts::not_blocked_here(
                call.language(),
                &mail.for_people(),
            )));
        }
    };
    let user = call.user();
    let known = call
        .decider
        .rows
        .contact(&user, &mail)?
        .cloned()
        .unwrap_or_default();
    let people = mail.for_people();
    let text = match (known.is_blocked, is_blocked) {
        (false, true) => texts::is_blocked(call.language(), &people),
        (true, true) => texts::is_blocked_already(call.language(), &people),
        (true, false) => texts::is_unblocked(call.language(), &people),
        (false, false) => return Err(refused(texts::was_not_blocked(call.language(), &people))),
    };
    if known.request.is_some() {
        return Ok(of_request(call, (&user, &mail), is_blocked, text)?);
    }
    // A row for somebody of whom nothing was known counts as a new contact.
    let is_new = known == Contact::default();
    let next = Contact {
        is_blocked,
        ..known.clone()
    };
    // Who is nothing but unblocked is a stranger again.
    let write = match next == Contact::default() {
        true => Write::RemoveContact(user, mail),
        false => Write::Contact(user, mail, next),
    };
    Ok(Answer {
        beside: Decision {
            strangers: usize::from(is_new),
            writes: vec![write],
            ..Decision::default()
        },
        ..Answer::says(text)
    })
}
