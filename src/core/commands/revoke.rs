//! `revoke`: links to pages of mails, and to files that the gateway keeps itself, are dead at once.

use super::texts::original::none_kept;
use super::texts::revoke as texts;
use super::write::{ADDRESS, contact_of};
use super::{
    Answer, Call, Command, FieldKind, FormField, FormStep, Values, original, refused, words,
};
use crate::core::decide::Decision;
use crate::core::decide::decider::Stop;
use crate::core::id::OriginalId;
use crate::core::language::Sentence;
use crate::core::operation::{Links, Operation, OperationResult};
use crate::core::settings::Settings;

/// What means all of them, in every language.
const ALL: &str = "all";

#[derive(Debug)]
pub(super) struct Revoke;

impl Command for Revoke {
    fn name(&self) -> &'static str {
        "revoke"
    }

    fn is_in_help(&self, settings: &Settings) -> bool {
        settings.pages.is_some()
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("revoke-title"),
            instructions: Sentence("revoke-ask"),
            fields: &[FormField {
                var: ADDRESS,
                label: Sentence("label-link-or-address"),
                kind: FieldKind::Line,
                is_required: true,
            }],
        }]
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        if !call.decider.settings.keeps_originals {
            return Err(refused(none_kept(call.language())));
        }
        let typed = values.get(ADDRESS).map_or("", String::as_str);
        match call.decider.rows.told() {
            Some((Operation::Revoke(Links::These(_)), OperationResult::Revoked(Some(0))))
                if OriginalId::in_link(typed).is_none() =>
            {
                let (mail, _) = contact_of(call, self, values)?;
                let text = texts::none_of_last(call.language(), &mail.for_people());
                return Ok(Answer::says(text));
            }
            Some((Operation::Revoke(links), OperationResult::Revoked(Some(count)))) => {
                let is_all = *links == Links::All;
                let text = texts::revoked(call.language(), *count, is_all);
                return Ok(Answer::says(text));
            }
            Some((Operation::Revoke(_), OperationResult::Revoked(None))) => {
                return Err(refused(texts::failed(call.language())));
            }
            Some(_) => return Err(refused(super::texts::waiting::busy(call.language()))),
            None => {}
        }
        let links = match OriginalId::in_link(typed) {
            Some(id) => Links::These(vec![id]),
            None if is_all(call, typed) => Links::All,
            None => Links::These(self.of_last_mail(call, values)?),
        };
        Ok(Answer {
            beside: Decision {
                operation: Some(Operation::Revoke(links)),
                ..Decision::default()
            },
            ..Answer::default()
        })
    }
}

impl Revoke {
    /// The page of the last mail of a contact, and its files.
    fn of_last_mail(&self, call: &Call<'_>, values: &Values) -> Result<Vec<OriginalId>, Stop> {
        let (mail, _) = contact_of(call, self, values)?;
        let Some(last) = original::last_from(call, &mail)? else {
            let why = super::texts::original::none(call.language(), &mail.for_people());
            return Err(refused(why));
        };
        let key = &call.decider.settings.id_key;
        let page = OriginalId::derive(key, &call.user(), &last.stanza_id);
        Ok([vec![page], last.files].concat())
    }
}

/// In words of a language that is understood.
fn is_all(call: &Call<'_>, typed: &str) -> bool {
    let words = |language| Sentence("word-all").in_language(language);
    typed.trim() == ALL || words::is_said(typed, call.understood(), words)
}
