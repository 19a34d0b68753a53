//! `block` and `unblock`: whose mails the user does not want to see. Nothing is sent back to them.

use super::write::{ADDRESS, CONTACT, Whom, bare_address, called, contact_of, meant};
use super::{
    Answer, Call, Command, FieldKind, FormField, FormStep, Values, refused, speaker, texts,
};
use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::decider::Stop;
use crate::core::decide::decision::Decision;
use crate::core::decide::strangers::{self, Accepts};
use crate::core::id::{MessageId, StanzaId};
use crate::core::language::{Language, Sentence, Understood};
use crate::core::limits::{REPORT_INTERVAL, REPORT_OF_ONE_INTERVAL, REPORT_OF_SERVER_INTERVAL};
use crate::core::record::Contact;
use crate::core::text::clean;
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

    /// `/block spam`
    fn goes_on_in_conversation(&self, call: &Call<'_>, rest: &str) -> bool {
        texts::block::is_spam(call.understood(), rest)
    }

    /// `spam eve@mail.example`
    fn meant(&self, body: &str) -> Option<String> {
        const CHARS_MAX: usize = 400;
        let body = body.trim();
        let end = body.find(|c: char| c.is_whitespace() || c == ':')?;
        let (first, rest) = body.split_at_checked(end)?;
        let is_spam = |language| texts::block::is_spam(Understood::of(language, None), first);
        let address = bare_address(rest);
        let is_address = address.contains('@') && !address.contains(char::is_whitespace);
        let is_brief = body.chars().nth(CHARS_MAX).is_none();
        (is_brief && is_address && Language::all().any(is_spam))
            .then(|| format!("block spam {}", clean::for_header(address, CHARS_MAX)))
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
        let typed = values.get(ADDRESS).map_or("", |typed| typed.trim());
        let is_nobody = !call.is_form && texts::block::is_spam(call.understood(), typed);
        let (values, is_spam) = without_report(call.understood(), values);
        // Who is called so can be blocked.
        if is_nobody && !is_spam && called(call, typed)?.is_none() {
            return Err(refused(whom_is_missing(call)));
        }
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

/// How spam is reported, where nobody is named who has sent it.
fn whom_is_missing(call: &Call<'_>) -> String {
    let language = call.language();
    let label = CONTACT.label.in_language(language);
    let block = Block.words(language).into_iter().next();
    let example = format!(
        "{} {} eve@mail.example",
        block.unwrap_or_default(),
        texts::block::spam(language)
    );
    texts::lacks(language, &label, &example)
}

/// Whether the user says that it is spam: in the form, or as the first or the last word of a message. Then whom, in one.
fn without_report(understood: Understood, values: &Values) -> (Values, bool) {
    let typed = |var| values.get(var).map_or("", |typed| typed.trim());
    // In a form that says no, the word is a name: `Spam Filter <filter@mail.example>`.
    if typed(REPORT_VAR) == NO {
        return (values.clone(), false);
    }
    let all = format!("{} {}", typed(ADDRESS), typed(REPORT_VAR));
    let all = all.trim();
    let end = all.trim_end_matches(['.', '!']);
    let is_around = |c: char| c.is_whitespace() || c == ':';
    let first = end.split(is_around).next().unwrap_or_default();
    let last = end.rsplit(char::is_whitespace).next().unwrap_or_default();
    let is_word = |word: &str| word.len() < end.len() && texts::block::is_spam(understood, word);
    let (whom, is_spam) = match (is_word(first), is_word(last)) {
        (_, true) => (end.strip_suffix(last).unwrap_or(all), true),
        (true, false) => (end.strip_prefix(first).unwrap_or(all), true),
        (false, false) => (all, false),
    };
    let whom = whom.trim_matches([' ', ',', ':', '-', '–', '—']);
    (Values::from([(ADDRESS, whom.to_owned())]), is_spam)
}

/// That somebody was reported, and when that may be told again.
struct ReportMark {
    of: BareJid,
    about: MessageId,
    interval: Duration,
}

/// Of this address by this user; of any by this user; of any by anybody of the user's server, whose rows are nobody's own.
fn marks(call: &Call<'_>, mail: &MailAddress) -> [ReportMark; 3] {
    let (user, gateway) = (call.user(), &call.decider.settings.gateway);
    let gateway = BareJid::from_parts(None, gateway);
    let mark = |of: &BareJid, about: &str, interval| ReportMark {
        of: of.clone(),
        about: MessageId::of_raw(about.as_bytes()),
        interval,
    };
    let of_one = format!("spam {}", mail.key());
    let of_server = format!("spam by {}", user.domain());
    [
        mark(&user, &of_one, REPORT_OF_ONE_INTERVAL),
        mark(&user, "spam", REPORT_INTERVAL),
        mark(&gateway, &of_server, REPORT_OF_SERVER_INTERVAL),
    ]
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
    let marks = marks(call, &mail);
    let seen = Context::all(&marks, |mark| decider.rows.seen(&mark.of, &mark.about))?;
    let is_new = |(seen, mark): (&Option<Timestamp>, &ReportMark)| {
        seen.is_none_or(|seen| decider.now.since(seen) >= mark.interval)
    };
    let mut new = seen.iter().zip(&marks).map(is_new);
    let (of_one, of_all) = (new.next().unwrap_or_default(), new.all(|is_new| is_new));
    let text = match of_one {
        true => texts::block::reported(call.language(), &people),
        false => texts::block::reported_already(call.language(), &people),
    };
    answer.text = format!("{}\n{text}", answer.text);
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
        .extend(due.map(|mark| Write::Seen(mark.of, mark.about, decider.now)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_no_in_the_form_reports_nobody() {
        let english = Understood::of(Language::ENGLISH, None);
        let called = "Spam Filter <filter@mail.example>";
        let said = |report: &str| {
            let report = (REPORT_VAR, report.to_owned());
            let values = Values::from([(ADDRESS, called.to_owned()), report]);
            let (whom, is_spam) = without_report(english, &values);
            (whom.get(ADDRESS).cloned().unwrap(), is_spam)
        };
        assert_eq!(said(NO), (called.to_owned(), false));
        assert_eq!(said(SPAM), (called.to_owned(), true));
    }
}
