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
            "refused a {} of {} ({}): {}",
            stanza.element.name(),
            clean::shorten_addresses(stanza.from.to_bare().as_str()),
            condition.name(),
            for_log(why)
        ));
        decision
    }
}

/// Carol is nobody in the sentences that say how an address is written; shortened, they would say nothing.
fn for_log(why: &str) -> String {
    const EXAMPLE: &str = "carol\\40mail.example@";
    let examples = [EXAMPLE, "carol%mail.example@", "carol@mail.example"];
    let is_example = |word: &&str| examples.iter().any(|example| word.starts_with(example));
    let has_example = why.contains(EXAMPLE);
    let words = why.split(' ').map(|word| match has_example {
        true if is_example(&word) => word.to_owned(),
        _ => clean::shorten_addresses(word),
    });
    words.collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use super::for_log;

    #[test]
    fn of_addresses_in_a_log_only_the_example_is_whole() {
        let example = "“eve@x.example” is nobody. Write to carol@mail.example as carol\\40mail.example@gateway.example or \
                       carol%mail.example@gateway.example.";
        assert_eq!(
            for_log(example),
            example.replace("eve", "e…").replace("“e…", "“…")
        );
        assert_eq!(
            for_log("no mail to carol@mail.example"),
            "no mail to c…@mail.example"
        );
    }
}
