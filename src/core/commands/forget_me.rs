//! `forget me`: all that is stored of the user is deleted. There is no way to name another one: it is done for whom the stanza
//! comes from, which the user's server vouches for.
//!
//! A client that removes its registration (XEP-0077 §3.2) means the same.

use super::texts::forget_me as texts;
use super::texts::waiting;
use super::{Answer, Call, Command, FieldKind, FormField, FormStep, Values, refused, words};
use crate::core::context::Missing;
use crate::core::decide::Decision;
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::welcome;
use crate::core::from_stanza::Stanza;
use crate::core::language::{Language, Sentence};
use crate::core::operation::{Operation, OperationResult};
use crate::core::to_stanza::{Condition, result};
use crate::core::traces::Traces;
use minidom::Element;

/// XEP-0077.
pub(crate) const REGISTER: &str = "jabber:iq:register";

const SURE: &str = "sure";
/// What says so.
const YES: &str = "yes";
const NO: &str = "no";

/// The user is forgotten.
#[derive(Debug)]
pub(super) struct ForgetMe;

impl Command for ForgetMe {
    fn name(&self) -> &'static str {
        "forget-me"
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("forget-me-title"),
            instructions: Sentence("forget-me-ask"),
            fields: &[FormField {
                var: SURE,
                label: Sentence("label-sure"),
                kind: FieldKind::Choice,
                // Who has not answered is asked.
                is_required: false,
            }],
        }]
    }

    fn choices(
        &self,
        call: &Call<'_>,
        _field: &'static str,
    ) -> Result<Vec<(String, String)>, Missing> {
        let words = [(NO, Sentence("word-no")), (YES, Sentence("word-yes"))];
        let choices =
            words.map(|(word, said)| (word.to_owned(), said.in_language(call.language())));
        Ok(choices.to_vec())
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        if let Some(gone) = told(call.decider)? {
            let mark = welcome::forgotten(call.decider, &call.user());
            return Ok(Answer {
                beside: Decision {
                    writes: vec![mark],
                    ..Decision::default()
                },
                ..Answer::says(texts::forgotten(call.language(), gone))
            });
        }
        let typed = values.get(SURE).map_or("", String::as_str);
        if is_word(call, typed, NO, Sentence("word-no")) {
            return Ok(Answer::says(texts::kept(call.language())));
        }
        if !is_word(call, typed, YES, Sentence("word-yes")) {
            return Err(refused(texts::sure(call.language())));
        }
        Ok(Answer {
            beside: operation(call.language()),
            ..Answer::default()
        })
    }
}

/// In words of a language that is understood.
fn is_word(call: &Call<'_>, typed: &str, word: &str, said: Sentence) -> bool {
    typed.trim() == word
        || words::is_said(typed, call.understood(), |language| {
            said.in_language(language)
        })
}

fn operation(language: Language) -> Decision {
    Decision {
        operation: Some(Operation::Forget { language }),
        ..Decision::default()
    }
}

/// What came of it; `None`: it was not asked for yet.
fn told(decider: Decider<'_>) -> Result<Option<&Traces>, Stop> {
    match decider.rows.told() {
        None => Ok(None),
        Some((Operation::Forget { .. }, OperationResult::Forgotten(gone))) => Ok(Some(gone)),
        Some(_) => Err(Stop::reject(
            Condition::ResourceConstraint,
            waiting::busy(decider.language),
        )),
    }
}

/// Whether a request asks for the end of a registration: for nothing but that.
pub(crate) fn is_removal(payload: &Element) -> bool {
    let mut children = payload.children();
    let is_remove = |child: &Element| child.is("remove", REGISTER);
    children.next().is_some_and(is_remove) && children.next().is_none()
}

/// Decides about such a request of a user who may use the gateway.
///
/// # Errors
/// [`Stop`]: the gateway has too much to do.
pub(crate) fn unregister(decider: Decider<'_>, stanza: &Stanza) -> Result<Decision, Stop> {
    Ok(match told(decider)? {
        Some(_) => Decision {
            writes: vec![welcome::forgotten(decider, &stanza.from.to_bare())],
            ..Decision::answer(result(&stanza.element, None))
        },
        None => operation(decider.language),
    })
}
