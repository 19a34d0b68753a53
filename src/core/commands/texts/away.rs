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

/// Whether this word only stands between that and the day.
pub(crate) fn is_article(language: Language, word: &str) -> bool {
    let word = word.to_lowercase();
    let mut words = listed(&say!(language, "until-articles"));
    words.extend(listed(&say!(Language::ENGLISH, "until-articles")));
    words.contains(&word)
}

/// A day by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedDay {
    Today,
    Tomorrow,
    /// From Monday, which is 0.
    Weekday(u32),
}

/// In words of the language, or in English.
pub(crate) fn named_day(language: Language, name: &str) -> Option<NamedDay> {
    let name = name.to_lowercase();
    [language, Language::ENGLISH]
        .into_iter()
        .find_map(|language| {
            let is_it = |words: &str| listed(words).contains(&name);
            let days = say!(language, "weekday-words");
            let number = days.split(';').position(is_it);
            let weekday = number.and_then(|number| u32::try_from(number).ok());
            let others = [
                (say!(language, "today-words"), NamedDay::Today),
                (say!(language, "tomorrow-words"), NamedDay::Tomorrow),
            ];
            let other = others.into_iter().find(|(words, _)| is_it(words));
            let weekday = weekday.filter(|number| *number < 7).map(NamedDay::Weekday);
            weekday.or(other.map(|(_, day)| day))
        })
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

/// The same of one whose status says so.
pub(crate) fn holds_by_status(language: Language) -> String {
    say!(language, "away-by-status")
}

/// What the user is to do, so that the status is seen.
pub(crate) fn asks_for_status(language: Language) -> String {
    say!(language, "away-asks-for-status")
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
