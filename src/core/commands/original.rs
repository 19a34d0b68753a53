//! `original`: all that the last mail of a contact says, where the chat has shown less.

use super::texts::original as texts;
use super::write::{CONTACT, contact_of};
use super::{Answer, Call, Command, FormStep, Values, refused};
use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::Decision;
use crate::core::decide::decider::Stop;
use crate::core::decide::strangers;
use crate::core::from_mail;
use crate::core::id::OriginalId;
use crate::core::language::{Language, Sentence};
use crate::core::limits::{LISTED_MAX, SHOWN_OCTETS_MAX};
use crate::core::notice::{self, KeptAt};
use crate::core::operation::{Operation, OperationResult, OriginalText};
use crate::core::record::{Direction, LastMail, Message};
use crate::core::settings::Settings;
use crate::core::xml;

#[derive(Debug)]
pub(super) struct ShowOriginal;

impl Command for ShowOriginal {
    fn name(&self) -> &'static str {
        "original"
    }

    fn is_in_help(&self, settings: &Settings) -> bool {
        settings.keeps_originals
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("original-title"),
            instructions: Sentence("original-ask"),
            fields: &[CONTACT],
        }]
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        if !call.decider.settings.keeps_originals {
            return Err(refused(texts::none_kept(call.language())));
        }
        let (mail, _) = contact_of(call, self, values)?;
        let people = mail.for_people();
        let known = call.decider.rows.contact(&call.user(), &mail)?;
        // Of what the user has not accepted nothing is shown.
        if let Some(known) = known.filter(|known| strangers::waits(known)) {
            let is_refused = known.is_blocked;
            let why = texts::unaccepted(call.language(), &people, is_refused);
            return Err(refused(why));
        }
        let Some(last) = last_from(call, &mail)? else {
            return Err(refused(texts::none(call.language(), &people)));
        };
        if last.is_whole {
            return Ok(Answer::says(texts::whole(
                call.language(),
                &people,
                last.at,
                call.decider.now,
            )));
        }
        match call.decider.rows.told() {
            Some((Operation::Original(_), OperationResult::Original(Some(whole)))) => {
                let text = shown(call.language(), whole, last.unverified);
                return Ok(Answer::says(text));
            }
            Some((Operation::Original(_), OperationResult::Original(None))) => {
                return Err(refused(texts::not_kept(call.language(), &people)));
            }
            Some(_) => return Err(refused(super::texts::waiting::busy(call.language()))),
            None => {}
        }
        let key = &call.decider.settings.id_key;
        let id = OriginalId::derive(key, &call.user(), &last.stanza_id);
        Ok(Answer {
            beside: Decision {
                operation: Some(Operation::Original(id)),
                ..Decision::default()
            },
            ..Answer::default()
        })
    }
}

/// The last mail of this contact; of one that came before that was written down, as far back as the thread is known.
pub(super) fn last_from(call: &Call<'_>, mail: &MailAddress) -> Result<Option<LastMail>, Missing> {
    let (rows, user) = (call.decider.rows, call.user());
    let known = rows.contact(&user, mail)?;
    if let Some(last) = known.and_then(|known| known.last_mail.clone()) {
        return Ok(Some(last));
    }
    let thread = match known.and_then(|known| known.thread.as_ref()) {
        Some(id) => rows.thread(&user, mail, id)?,
        None => None,
    };
    let ids = thread.map_or(&[][..], |thread| thread.references.as_slice());
    let messages = Context::all(ids, |id| rows.message(id, &user))?;
    let is_from =
        |message: &&Message| message.direction == Direction::In && message.contact == *mail;
    let last = messages.into_iter().rev().flatten().find(is_from);
    Ok(last.map(|last| LastMail {
        stanza_id: last.stanza_id.clone(),
        at: last.at,
        is_whole: false,
        unverified: false,
        files: Vec::new(),
    }))
}

/// The subject, the text with all that it quotes, and the names of its files: not longer than servers take it. What was said on
/// top of it is said here as well.
fn shown(language: Language, whole: &OriginalText, unverified: bool) -> String {
    let mut blocks: Vec<String> = Vec::new();
    blocks.extend(whole.subject.as_deref().map(notice::subject_line));
    let text = whole.enclosed.told(&whole.text, language);
    blocks.extend((!text.is_empty()).then(|| text.into_owned()));
    blocks.extend(whole.is_cut.then(|| notice::rest_too_long(language)));
    let named: Vec<_> = whole.files.iter().map(|one| (one, None)).collect();
    let (lines, more) = from_mail::attachment_lines(language, &named, LISTED_MAX);
    blocks.extend(lines);
    blocks.extend((more > 0).then(|| notice::more_attachments(language, more, KeptAt::Nowhere)));
    if blocks.is_empty() {
        blocks.push(notice::empty_mail(language));
    }
    if unverified {
        blocks.insert(0, texts::unverified(language));
    }
    let text = blocks.join("\n");
    let cut = xml::cut(&text, SHOWN_OCTETS_MAX);
    match cut.len() < text.len() {
        true => format!("{}\n{}", cut.trim_end(), notice::rest_too_long(language)),
        false => text,
    }
}
