//! `where`: what became of the last message to a contact, as far as anybody has said so. Administrators ask it of any user's.

use super::texts::whereabouts as texts;
use super::write::{ADDRESS, CONTACT, bare_address, contact_of};
use super::{Answer, Call, Command, FieldKind, FormField, FormStep, Values, refused};
use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::decider::Stop;
use crate::core::language::{Language, Sentence};
use crate::core::notice;
use crate::core::operation::WaitingJob;
use crate::core::record::{Direction, Message};
use crate::core::settings::Settings;
use jid::BareJid;

const USER: &str = "user";

/// Of the user's own.
#[derive(Debug)]
pub(super) struct Where;

/// Of any user's.
#[derive(Debug)]
pub(super) struct WhereOf;

impl Command for Where {
    fn name(&self) -> &'static str {
        "where"
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("where-title"),
            instructions: Sentence("where-ask"),
            fields: &[CONTACT],
        }]
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        let (mail, _) = contact_of(call, self, values)?;
        said(call, &call.user(), &mail)
    }
}

impl Command for WhereOf {
    fn name(&self) -> &'static str {
        "where-of"
    }

    fn is_for(&self, settings: &Settings, user: &BareJid) -> bool {
        settings.users.administers(user)
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("where-of-form"),
            instructions: Sentence("where-of-ask"),
            fields: &[
                FormField {
                    var: USER,
                    label: Sentence("label-jid-of-user"),
                    kind: FieldKind::Line,
                    is_required: true,
                },
                CONTACT,
            ],
        }]
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        let typed = |var| bare_address(values.get(var).map_or("", String::as_str));
        let user = BareJid::new(typed(USER)).ok();
        let user = user.filter(|user| call.decider.settings.users.allows(user));
        let Some(user) = user else {
            return Err(refused(texts::no_user(call.language(), typed(USER))));
        };
        let mail = MailAddress::parse(typed(ADDRESS));
        let mail = mail.map_err(|error| {
            let why = notice::address_error(call.language(), &error);
            refused(format!("{why}."))
        })?;
        said(call, &user, &mail)
    }
}

fn said(call: &Call<'_>, user: &BareJid, mail: &MailAddress) -> Result<Answer, Stop> {
    let people = mail.for_people();
    let Some(message) = last_to(call, user, mail)? else {
        return Err(refused(texts::none(call.language(), &people)));
    };
    let waiting = call.decider.rows.waiting_of(user)?;
    let is_it = |one: &&WaitingJob| one.job.message_id == *message.mail_id();
    let draft = waiting.iter().find(is_it);
    let draft = draft.and_then(|one| one.job.draft.as_ref());
    let more = draft.map_or(0, |draft| draft.more_lines());
    let mut lines = vec![texts::last(
        call.language(),
        (&people, &message.sent.excerpt, more),
        message.at,
        call.decider.now,
    )];
    lines.extend(fate(call, message, waiting));
    // By which the log and mail servers know it.
    lines.push(texts::name(call.language(), message.mail_id().as_str()));
    Ok(Answer::says(lines.join("\n")))
}

/// What is known of it, what came first first.
fn fate(call: &Call<'_>, message: &Message, waiting: &[WaitingJob]) -> Vec<String> {
    let (sent, now, language) = (&message.sent, call.decider.now, call.language());
    let is_it = |one: &&WaitingJob| one.job.message_id == *message.mail_id();
    let mut lines = Vec::new();
    if sent.taken_back {
        return vec![texts::taken_back(language)];
    }
    if let Some(one) = waiting.iter().find(is_it) {
        let job = &one.job;
        lines.push(super::texts::waiting::next(
            language,
            (one.stage, job.attempts),
            job.next_attempt,
            now,
        ));
        let reply = job.last_reply.as_ref();
        lines.extend(reply.map(|reply| {
            let words = notice::words(language, reply);
            match reply.code {
                Some(_) => texts::server_said(language, &words),
                // No server has said that.
                None => texts::last_attempt(language, &words),
            }
        }));
    } else if sent.taken || !sent.delivered.is_empty() || sent.displayed {
        lines.push(texts::taken(language));
    } else if sent.failed.is_empty() {
        lines.push(texts::left(language));
    }
    lines.extend(sent.delayed.then(|| texts::late(language)));
    let each = |addresses: &[MailAddress], say: fn(Language, &str) -> String| {
        let all = addresses.iter().map(MailAddress::for_people);
        all.map(|people| say(language, &people)).collect::<Vec<_>>()
    };
    lines.extend(each(&sent.delivered, texts::delivered));
    // Why was told by errors, which some clients do not show (Dino).
    let is_untold = |who: &&MailAddress| {
        let people = who.for_people();
        !sent.unheard.iter().any(|why| why.contains(&people))
    };
    let untold: Vec<MailAddress> = sent.failed.iter().filter(is_untold).cloned().collect();
    lines.extend(each(&untold, texts::failed));
    lines.extend(sent.unheard.iter().cloned());
    lines.extend(sent.displayed.then(|| texts::read(language)));
    lines
}

/// The last message of the user in the conversation, as far back as its thread is known.
fn last_to<'a>(
    call: &Call<'a>,
    user: &BareJid,
    mail: &MailAddress,
) -> Result<Option<&'a Message>, Missing> {
    let rows = call.decider.rows;
    let known = rows.contact(user, mail)?;
    // The contact may have begun another thread since.
    let threads = known.map(|known| [&known.sent_in, &known.thread]);
    let mut threads: Vec<_> = threads.into_iter().flatten().flatten().collect();
    threads.dedup();
    let threads = Context::all(threads, |id| rows.thread(user, mail, id))?;
    let ids = threads.into_iter().flatten();
    let ids = ids.flat_map(|thread| thread.references.iter());
    let messages = Context::all(ids, |id| rows.message(id, user))?;
    let is_to =
        |message: &&Message| message.direction == Direction::Out && message.contact == *mail;
    let sent = messages.into_iter().flatten().filter(is_to);
    Ok(sent.max_by_key(|message| message.at))
}
