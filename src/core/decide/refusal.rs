//! Stanzas that are refused.

use crate::core::commands::chat;
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::from_stanza::Stanza;
use crate::core::language::Language;
use crate::core::notice;
use crate::core::text::clean;
use crate::core::to_stanza::{Condition, error_reply};

impl Decision {
    /// The sender is told that the stanza is refused, where an answer is due. Who talks to the gateway itself is answered in
    /// words.
    pub fn refuse(stanza: &Stanza, language: Language, condition: Condition, why: &str) -> Self {
        match chat::is_spoken(stanza) {
            true => chat::refused(stanza, language, why),
            false => Self::refuse_by_error(stanza, condition, why),
        }
    }

    fn refuse_by_error(stanza: &Stanza, condition: Condition, why: &str) -> Self {
        let mut decision = Self::default();
        decision
            .stanzas
            .extend(error_reply(&stanza.element, condition, why));
        decision.notes.push(format!(
            "refused a {} ({}): {}",
            stanza.element.name(),
            condition.name(),
            clean::shorten_addresses(why)
        ));
        decision
    }
}

/// The answer to who may not use the gateway: an error, which no program answers.
pub(crate) fn outsider(decider: Decider<'_>, stanza: &Stanza) -> Decision {
    let domains: Vec<String> = decider
        .settings
        .users
        .domains
        .iter()
        .map(ToString::to_string)
        .collect();
    Decision::refuse_by_error(
        stanza,
        Condition::Forbidden,
        &notice::outsider(decider.language, &domains),
    )
}

pub(crate) fn unknown(language: Language) -> Stop {
    Stop::reject(
        Condition::ServiceUnavailable,
        notice::unknown_request(language),
    )
}

pub(crate) fn no_such_item(language: Language) -> Stop {
    Stop::reject(Condition::ItemNotFound, notice::unknown_request(language))
}
