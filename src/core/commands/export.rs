//! `export`: all that is stored of the user, for the user. There is no way to name another one.

use super::texts::{export as texts, waiting};
use super::{Answer, Call, Command, Values, refused, speaker};
use crate::core::decide::decider::Stop;
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::id::{MessageId, StanzaId};
use crate::core::operation::{ExportedAs, Operation, OperationResult};
use crate::core::to_stanza;

/// It is given out.
#[derive(Debug)]
pub(super) struct Export;

impl Command for Export {
    fn name(&self) -> &'static str {
        "export"
    }

    fn run(&self, call: &Call<'_>, _values: &Values) -> Result<Answer, Stop> {
        let (decider, language) = (call.decider, call.language());
        let all = match decider.rows.told() {
            None => {
                let mail = Stop::optional(lookup::user_mail(decider, &call.user()))?;
                return Ok(Answer {
                    beside: Decision {
                        operation: Some(Operation::Export {
                            mail,
                            about: texts::about(language),
                        }),
                        ..Decision::default()
                    },
                    ..Answer::default()
                });
            }
            Some((Operation::Export { .. }, OperationResult::Exported(Some(all)))) => all,
            Some((Operation::Export { .. }, OperationResult::Exported(None))) => {
                return Err(refused(texts::failed(language)));
            }
            Some(_) => return Err(refused(waiting::busy(language))),
        };
        let (text, parts) = match &all.told {
            ExportedAs::Link { link, until } => (texts::link(language, link, *until), &[][..]),
            ExportedAs::Messages(parts) => {
                (texts::messages(language, parts.len()), parts.as_slice())
            }
        };
        let text = match all.is_cut {
            true => format!("{text}\n{}", texts::cut(language)),
            false => text,
        };
        let (from, user) = (speaker(decider)?, call.user());
        let stanzas = parts.iter().enumerate().map(|(number, part)| {
            let about = MessageId::of_raw(call.id.as_str().as_bytes());
            let id = StanzaId::derive(&about, &user, &format!("export {number}"));
            let from_to = (from.as_str(), user.as_str());
            to_stanza::notice(language, from_to, id.as_str(), part)
        });
        Ok(Answer {
            beside: Decision::answer(stanzas),
            ..Answer::says(text)
        })
    }
}
