//! `block` and `unblock`: whose mails the user does not want to see. Nothing is sent back to them.

use super::write::{ADDRESS, CONTACT, Whom, contact_of, meant};
use super::{
    Answer, Call, Command, FieldKind, FormField, FormStep, Values, refused, speaker, texts,
};
use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Stop;
use crate::core::decide::decision::Decision;
use crate::core::decide::strangers::{self, Accepts};
use crate::core::id::{MessageId, StanzaId};
use crate::core::language::{Language, Sentence};
use crate::core::limits::{REPORT_INTERVAL, REPORT_OF_ONE_INTERVAL};
use crate::core::record::Contact;
use crate::core::time::Timestamp;
use crate::core::to_stanza;
use jid::BareJid;
use std::time::Duration;

/// The field that says that it is spam, as a form has it.
const REPORT: FormField = FormField {
    var: "report",
    label: Sentence("label-report-spam"),
    kind: FieldKind::Choice,
    is_required: false,
};
const REPORT_VAR: &str = REPORT.var;
const NO: &str = "no";
const SPAM: &str = "spam";

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
            fields: &[CONTACT, REPORT],
        }]
    }

    fn is_of_conversation(&self) -> bool {
        true
    }

    fn choices(
        &self,
        call: &Call<'_>,
        field: &'static str,
    ) -> Result<Vec<(String, String)>, Missing> {
        if field != REPORT_VAR {
            return Ok(Vec::new());
        }
        let language = call.language();
        let no = (NO.to_owned(), Sentence("word-no").in_language(language));
        Ok(vec![no, (SPAM.to_owned(), texts::block::reports(language))])
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        let (values, is_spam) = without_report(call.language(), values);
        let answer = set(call, self, &values, true)?;
        match is_spam {
            true => reported(call, self, &values, answer),
            false => Ok(answer),
        }
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

/// Whether the user says that it is spam: in the form, or as the last word of a message. Then whom, in one.
fn without_report(language: Language, values: &Values) -> (Values, bool) {
    let typed = |var| values.get(var).map_or("", |typed| typed.trim());
    let all = match typed(REPORT_VAR) {
        NO => typed(ADDRESS).to_owned(),
        report => format!("{} {report}", typed(ADDRESS)),
    };
    let all = all.trim();
    let end = all.trim_end_matches(['.', '!']);
    let last = end.rsplit(char::is_whitespace).next().unwrap_or_default();
    let is_spam = last.len() < end.len() && texts::block::is_spam(language, last);
    let whom = match is_spam {
        true => end.strip_suffix(last).unwrap_or(all),
        false => all,
    };
    let whom = whom.trim_end_matches([' ', ',', ':', '-', '–', '—']);
    (Values::from([(ADDRESS, whom.to_owned())]), is_spam)
}

/// Whoever runs the gateway is told, of each address once in a while, and so of one user's word: all else is in the log.
fn reported(
    call: &Call<'_>,
    command: &dyn Command,
    values: &Values,
    mut answer: Answer,
) -> Result<Answer, Stop> {
    let (mail, _) = contact_of(call, command, values)?;
    let (decider, user, people) = (call.decider, call.user(), mail.for_people());
    let text = texts::block::reported(call.language(), &people);
    answer.text = format!("{}\n{text}", answer.text);
    let marks = [
        (format!("spam {}", mail.key()), REPORT_OF_ONE_INTERVAL),
        ("spam".to_owned(), REPORT_INTERVAL),
    ];
    let marks = marks.map(|(about, interval)| (MessageId::of_raw(about.as_bytes()), interval));
    let seen = Context::all(&marks, |(mark, _)| decider.rows.seen(&user, mark))?;
    let is_new = |(seen, (_, interval)): (&Option<Timestamp>, &(MessageId, Duration))| {
        seen.is_none_or(|seen| decider.now.since(seen) >= *interval)
    };
    let [of_one, of_all] = [0, 1].map(|place| {
        let pair = seen.get(place).zip(marks.get(place));
        pair.is_some_and(is_new)
    });
    // The same again says nothing new.
    if !of_one {
        return Ok(answer);
    }
    let beside = &mut answer.beside;
    beside
        .notes
        .push(format!("{user} blocks {people} and reports spam"));
    let due = marks.into_iter().filter(|_| of_all);
    beside
        .writes
        .extend(due.map(|(mark, _)| Write::Seen(user.clone(), mark, decider.now)));
    if of_all {
        let told = texts::block::told(decider.settings.language, user.as_str(), &people);
        let from = speaker(decider)?;
        let about = MessageId::of_raw(call.id.as_str().as_bytes());
        beside
            .stanzas
            .extend(decider.settings.users.admins.iter().map(|admin| {
                let id = StanzaId::derive(&about, admin, "spam");
                let from_to = (from.as_str(), admin.as_str());
                to_stanza::notice(decider.settings.language, from_to, id.as_str(), &told)
            }));
    }
    Ok(answer)
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
