//! What is said to users who are away, and come back.

use super::brief;
use crate::core::commands::listed;
use crate::core::language::{Language, say};
use crate::core::time::Timestamp;

/// Before the last day.
pub(crate) fn until_words(language: Language) -> Vec<String> {
    let mut words = listed(&say!(language, "until-words"));
    words.extend(listed(&say!(Language::ENGLISH, "until-words")));
    words
}

/// Who writes is told so from now on, up to the end of this day.
pub(crate) fn begun(language: Language, text: Option<&str>, last_day: Option<Timestamp>) -> String {
    let day = last_day.and_then(day).unwrap_or_default();
    let said = match day.as_str() {
        "" => say!(language, "away-begun"),
        day => say!(language, "away-begun-until", day = day),
    };
    let text = match text {
        Some(text) => say!(language, "away-says", text = text),
        None => say!(language, "away-says-nothing"),
    };
    format!("{said}\n{text}")
}

/// On top of the options of a user who is away.
pub(crate) fn holds(language: Language, until: Option<Timestamp>) -> String {
    // The day before is the last one.
    let last = until.map(|until| Timestamp::from_millis(until.millis().saturating_sub(1)));
    match last.and_then(day) {
        Some(day) => say!(language, "away-holds-until", day = day),
        None => say!(language, "away-holds"),
    }
}

/// Nobody is told so any more.
pub(crate) fn ended(language: Language) -> String {
    say!(language, "away-ended")
}

/// Who was not away.
pub(crate) fn is_here(language: Language) -> String {
    say!(language, "away-not")
}

/// What is no day, or one that is over or far away.
pub(crate) fn no_day(language: Language, typed: &str) -> String {
    say!(language, "away-no-day", typed = brief(typed))
}

/// More words than this.
pub(crate) fn too_long(language: Language, max: usize) -> String {
    say!(language, "away-too-long", max = max)
}

pub(super) fn day(at: Timestamp) -> Option<String> {
    Some(at.in_utc()?.format("%Y-%m-%d").to_string())
}
