//! What is said to users who are away, and come back.

use super::brief;
use crate::core::commands::listed;
use crate::core::language::{Language, Understood, say};
use crate::core::time::Timestamp;
use chrono::Datelike;

/// Whether this word comes before the last day.
pub(crate) fn is_until(understood: Understood, word: &str) -> bool {
    is_one_of(understood, word, |language| say!(language, "until-words"))
}

/// Whether this word only stands between that and the day, or in the day.
pub(crate) fn is_article(understood: Understood, word: &str) -> bool {
    is_one_of(understood, word, |language| {
        say!(language, "until-articles")
    })
}

/// Whether this word may come before how long.
pub(crate) fn is_for(understood: Understood, word: &str) -> bool {
    is_one_of(understood, word, |language| say!(language, "for-words"))
}

/// Whether this word stands for one, of days or weeks.
pub(crate) fn is_one(understood: Understood, word: &str) -> bool {
    is_one_of(understood, word, |language| say!(language, "one-words"))
}

/// How many days a word stands for: one, or those of a week.
pub(crate) fn days_in(understood: Understood, word: &str) -> Option<u64> {
    let is_day = is_one_of(understood, word, |language| say!(language, "day-words"));
    let is_week = is_one_of(understood, word, |language| say!(language, "week-words"));
    let week = is_week.then_some(7);
    if is_day { Some(1) } else { week }
}

fn is_one_of(understood: Understood, word: &str, of: fn(Language) -> String) -> bool {
    let word = word.to_lowercase();
    understood
        .all()
        .any(|language| listed(&of(language)).contains(&word))
}

/// A month by its name, from 1.
pub(crate) fn month(understood: Understood, name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    let mut found = understood.all().filter_map(|language| {
        let months = say!(language, "month-words");
        let place = months
            .split(';')
            .position(|words| listed(words).contains(&name))?;
        u32::try_from(place.saturating_add(1)).ok()
    });
    found.next()
}

/// A day of the week by its name, from Monday, which is 0.
pub(crate) fn weekday(understood: Understood, name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    understood.all().find_map(|language| {
        let days = say!(language, "weekday-words");
        let number = days
            .split(';')
            .position(|words| listed(words).contains(&name));
        let number = number.and_then(|number| u32::try_from(number).ok());
        number.filter(|number| *number < 7)
    })
}

pub(crate) fn today_words(language: Language) -> String {
    say!(language, "today-words")
}

pub(crate) fn tomorrow_words(language: Language) -> String {
    say!(language, "tomorrow-words")
}

pub(crate) fn next_week_words(language: Language) -> String {
    say!(language, "next-week-words")
}

/// What stands for this moment behind such a word.
pub(crate) fn now_words(language: Language) -> String {
    say!(language, "now-words")
}

/// What may stand behind the first day, and says that it goes on.
pub(crate) fn onward_words(language: Language) -> String {
    say!(language, "onward-words")
}

/// What may come before the first day.
pub(crate) fn from_words(language: Language) -> String {
    say!(language, "from-words")
}

/// Whether this word may stand between the first day and the last.
pub(crate) fn is_to(understood: Understood, word: &str) -> bool {
    is_one_of(understood, word, |language| say!(language, "to-words"))
}

/// Who writes is told so from now on, or from the first day, up to the end of the last. `by_status`: before that, the user's status
/// may say so.
pub(crate) fn begun(
    language: Language,
    text: Option<&str>,
    (first, last): (Option<Timestamp>, Option<Timestamp>),
    by_status: bool,
) -> String {
    let before = if by_status { "status" } else { "nobody" };
    let name = |day: Option<Timestamp>| day.and_then(|at| named(language, at));
    let said = match (name(first), name(last)) {
        (None, None) => say!(language, "away-begun"),
        (None, Some(day)) => say!(language, "away-begun-until", day = day),
        (Some(first), None) => say!(language, "away-later", first = first, before = before),
        (Some(first), Some(day)) => {
            say!(
                language,
                "away-later-until",
                first = first,
                day = day,
                before = before
            )
        }
    };
    format!("{said}\n{}", says(language, text))
}

/// The words of the answer.
pub(crate) fn says(language: Language, text: Option<&str>) -> String {
    match text {
        Some(text) => say!(language, "away-says", text = text),
        None => say!(language, "away-says-nothing"),
    }
}

/// On top of the options of a user who is away.
pub(crate) fn holds(language: Language, until: Option<Timestamp>) -> String {
    match until.and_then(|until| named(language, last_of(until))) {
        Some(day) => say!(language, "away-holds-until", day = day),
        None => say!(language, "away-holds"),
    }
}

/// The same of one who will be.
pub(crate) fn planned(language: Language, from: Timestamp, until: Option<Timestamp>) -> String {
    let first = named(language, from).unwrap_or_default();
    match until.and_then(|until| named(language, last_of(until))) {
        Some(day) => say!(language, "away-planned-until", first = first, day = day),
        None => say!(language, "away-planned", first = first),
    }
}

/// What ends at midnight has the day before as its last.
fn last_of(until: Timestamp) -> Timestamp {
    Timestamp::from_millis(until.millis().saturating_sub(1))
}

/// The same of one whose status says so.
pub(crate) fn holds_by_status(language: Language) -> String {
    say!(language, "away-by-status")
}

/// What the user is to do, so that the status is seen.
pub(crate) fn asks_for_status(language: Language) -> String {
    say!(language, "away-asks-for-status")
}

/// That it is not seen, since the user has not allowed that.
pub(crate) fn waits_for_status(language: Language, helper: &str) -> String {
    say!(language, "away-waits-for-status", helper = helper)
}

/// To a user who does not allow it, or no longer.
pub(crate) fn status_refused(language: Language) -> String {
    say!(language, "away-status-refused")
}

/// Nobody is answered where no sender is verified. `who`: where whoever can mend that is reached; may be empty.
pub(crate) fn unverified(language: Language, who: &str) -> String {
    match who {
        "" => say!(language, "away-unverified"),
        who => say!(language, "away-unverified-ask", who = who),
    }
}

/// Nobody is told so any more.
pub(crate) fn ended(language: Language) -> String {
    say!(language, "away-ended")
}

/// Nobody will be told so.
pub(crate) fn called_off(language: Language) -> String {
    say!(language, "away-called-off")
}

/// Who was not away.
pub(crate) fn is_here(language: Language) -> String {
    say!(language, "away-not")
}

/// What is no day, or one that is over or far away.
pub(crate) fn no_day(language: Language, typed: &str) -> String {
    say!(language, "away-no-day", typed = brief(typed))
}

/// The same of a first day.
pub(crate) fn no_first_day(language: Language, typed: &str) -> String {
    say!(language, "away-no-first", typed = brief(typed))
}

/// It would end before it begins.
pub(crate) fn backwards(language: Language, first: Timestamp, last: Timestamp) -> String {
    let name = |day| named(language, day).unwrap_or_default();
    say!(
        language,
        "away-backwards",
        first = name(first),
        day = name(last)
    )
}

/// More words than this.
pub(crate) fn too_long(language: Language, max: usize) -> String {
    say!(language, "away-too-long", max = max)
}

/// A day with its name, by which people see a slip.
fn named(language: Language, at: Timestamp) -> Option<String> {
    let weekdays = say!(language, "weekdays");
    let number = at.in_utc()?.weekday().num_days_from_monday();
    let weekday = weekdays.split(' ').nth(usize::try_from(number).ok()?)?;
    Some(format!("{} ({weekday})", day(at)?))
}

/// A date like 2026-12-24.
pub(crate) fn day(at: Timestamp) -> Option<String> {
    Some(at.in_utc()?.format("%Y-%m-%d").to_string())
}
