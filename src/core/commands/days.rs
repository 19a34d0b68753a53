//! A day as people write it, at the beginning of what they write: `2026-12-24`, `24.12.`, `24 December`, `Friday`; or how far it is
//! from today: `3 days`.

use super::texts::away as texts;
use super::words::{after, in_all};
use crate::core::language::{Language, Understood};
use crate::core::time::Timestamp;
use chrono::{Datelike, Days, NaiveDate};
use std::time::Duration;

/// How long a day is.
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Words that may stand between what comes before a day and the day, or in one: `the`, `of`.
const ARTICLES_MAX: usize = 2;
/// What stands behind a day, or the number of one.
pub(super) const BEHIND: [char; 5] = ['.', ':', ',', ';', '!'];

/// When it begins, and what follows it. One that is over, or far away, is one as well.
pub(super) fn read(
    understood: Understood,
    text: &str,
    now: Timestamp,
) -> Option<(Timestamp, &str)> {
    let without = behind_articles(understood, text);
    let of_words = |text| in_words(understood, text, now);
    if let Some(found) = of_words(text).or_else(|| of_words(without)) {
        return Some(found);
    }
    let text = without;
    if let Some(found) = with_month(understood, text, now) {
        return Some(found);
    }
    let (word, rest) = parted(text);
    let word = word.trim_end_matches([':', ',', ';', '!']);
    let date = Timestamp::from_xep0082(&format!("{word}T00:00:00Z"));
    let date = date.or_else(|| dotted(word, now));
    Some((date.or_else(|| named(understood, word, now))?, rest))
}

/// The day that is so many days or weeks from today, and what follows: `3 days`, `for a week`.
pub(super) fn from_today(
    understood: Understood,
    text: &str,
    now: Timestamp,
) -> Option<(Timestamp, &str)> {
    let (first, behind) = parted(text);
    let has_for = texts::is_for(understood, first);
    let text = match has_for {
        true => behind_articles(understood, behind),
        false => text,
    };
    let (word, behind) = parted(text);
    let (count, unit, rest) = match count(understood, word) {
        Some(count) => {
            let (unit, rest) = parted(behind);
            (count, unit, rest)
        }
        // “на неделю” has no number.
        None if has_for => (1, word, behind),
        None => return None,
    };
    let in_unit = texts::days_in(understood, unit.trim_end_matches(BEHIND))?;
    let days = Days::new(count.checked_mul(in_unit)?);
    let today = now.in_utc()?.date_naive();
    Some((at_midnight(today.checked_add_days(days)?)?, rest))
}

/// Of days or weeks.
fn count(understood: Understood, word: &str) -> Option<u64> {
    let is_number = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    match is_number {
        true => word.parse().ok(),
        false => texts::is_one(understood, word).then_some(1),
    }
}

/// Without the words that say nothing.
pub(super) fn behind_articles(understood: Understood, text: &str) -> &str {
    let mut text = text;
    for _ in 0..ARTICLES_MAX {
        let (word, rest) = parted(text);
        if rest.is_empty() || !texts::is_article(understood, word) {
            break;
        }
        text = rest;
    }
    text
}

/// `24 December`, `24. Dezember 2026`, `December 24th`, `24 de diciembre`: without a year, the next such day.
fn with_month(understood: Understood, text: &str, now: Timestamp) -> Option<(Timestamp, &str)> {
    let month = |word: &str| texts::month(understood, word.trim_end_matches(BEHIND));
    let (first, rest) = parted(text);
    let (day, month, rest) = match number(first) {
        Some(day) => {
            let (second, rest) = parted(behind_articles(understood, rest));
            (day, month(second)?, rest)
        }
        None => {
            let (second, rest) = parted(rest);
            (number(second)?, month(first)?, rest)
        }
    };
    let this = now.in_utc()?.date_naive().year();
    let (word, after) = parted(behind_articles(understood, rest));
    let year = word.trim_end_matches(BEHIND).parse().ok();
    // Another number begins what is said.
    let year = year.filter(|year: &i32| *year == this || Some(*year) == this.checked_add(1));
    let rest = if year.is_some() { after } else { rest };
    Some((of_year(day, month, year, now)?, rest))
}

/// Of a day: `24`, `24.`, `24th`, `1er`.
fn number(word: &str) -> Option<u32> {
    let word = word.trim_end_matches(BEHIND);
    let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
    let behind = word.get(digits.len()..)?.to_lowercase();
    let is_ordinal = ["", "st", "nd", "rd", "th", "er", "º", "-го"].contains(&behind.as_str());
    let number = digits
        .parse()
        .ok()
        .filter(|_| is_ordinal && digits.len() <= 2);
    number.filter(|number| (1..=31).contains(number))
}

/// `24.12.` or `24.12.2026`, which nobody reads in another order: without a year, the next such day.
fn dotted(day: &str, now: Timestamp) -> Option<Timestamp> {
    let mut parts = day.trim_end_matches('.').split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() || day.len() > 2 || month.len() > 2 {
        return None;
    }
    let year = match year {
        Some(year) if year.len() == 4 => Some(year.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    of_year(day.parse().ok()?, month.parse().ok()?, year, now)
}

/// In this year, else the next such day.
fn of_year(day: u32, month: u32, year: Option<i32>, now: Timestamp) -> Option<Timestamp> {
    let of = |year: i32| at_midnight(NaiveDate::from_ymd_opt(year, month, day)?);
    if let Some(year) = year {
        return of(year);
    }
    let today = now.in_utc()?.date_naive();
    let this = of(today.year()).filter(|date| date.plus(DAY) > now);
    this.or_else(|| of(today.year().checked_add(1)?))
}

/// The next day of this name: a week from now where it is today's.
fn named(understood: Understood, name: &str, now: Timestamp) -> Option<Timestamp> {
    ahead(now, until_weekday(texts::weekday(understood, name)?, now)?)
}

/// How many days there are until the next one of this number, from Monday, which is 0.
fn until_weekday(number: u32, now: Timestamp) -> Option<u32> {
    let today = now.in_utc()?.date_naive();
    let from = today.weekday().num_days_from_monday();
    let days = number.saturating_add(7).checked_sub(from)?.checked_rem(7)?;
    Some(if days == 0 { 7 } else { days })
}

/// `today`, `tomorrow`, `next week`, which may be several words: its Monday.
fn in_words(understood: Understood, text: &str, now: Timestamp) -> Option<(Timestamp, &str)> {
    let found = |days: u32, of| Some((ahead(now, days)?, behind(understood, text, of)?));
    let of_today = found(0, texts::today_words);
    let of_tomorrow = || found(1, texts::tomorrow_words);
    let of_week = || next_week(understood, text, now);
    of_today.or_else(of_tomorrow).or_else(of_week)
}

/// Today, where a text begins with a word for this moment: that is a day behind a word for a beginning only.
pub(super) fn at_once(
    understood: Understood,
    text: &str,
    now: Timestamp,
) -> Option<(Timestamp, &str)> {
    let rest = behind(understood, text, texts::now_words)?;
    Some((ahead(now, 0)?, rest))
}

/// The Monday of the next week, where a text begins with that.
pub(super) fn next_week(
    understood: Understood,
    text: &str,
    now: Timestamp,
) -> Option<(Timestamp, &str)> {
    let rest = behind(understood, text, texts::next_week_words)?;
    Some((ahead(now, until_weekday(0, now)?)?, rest))
}

/// What stands behind such words.
fn behind(understood: Understood, text: &str, of: fn(Language) -> String) -> Option<&str> {
    let words = in_all(understood, of);
    let rest = words.iter().find_map(|words| after(text, words))?;
    Some(rest.trim_start_matches(BEHIND).trim_start())
}

/// The day of this number in the month of another one, and not after it.
pub(super) fn in_month_of(word: &str, other: Timestamp) -> Option<Timestamp> {
    let other = other.in_utc()?.date_naive();
    let date = other.with_day(number(word)?)?;
    at_midnight(date).filter(|_| date <= other)
}

/// The day before.
pub(super) fn before(day: Timestamp) -> Timestamp {
    let millis = i64::try_from(DAY.as_millis()).unwrap_or_default();
    Timestamp::from_millis(day.millis().saturating_sub(millis))
}

fn ahead(now: Timestamp, days: u32) -> Option<Timestamp> {
    let today = now.in_utc()?.date_naive();
    at_midnight(today.checked_add_days(Days::new(u64::from(days)))?)
}

fn at_midnight(date: NaiveDate) -> Option<Timestamp> {
    Timestamp::from_xep0082(&format!("{}T00:00:00Z", date.format("%Y-%m-%d")))
}

/// The first word, and what follows.
pub(super) fn parted(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (first, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (first, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_people_of_five_languages_write_it() {
        let now = Timestamp::from_xep0082("2026-11-22T12:00:00Z").unwrap();
        for (language, text, date, rest) in [
            ("en", "2026-12-24 x", "2026-12-24", "x"),
            ("en", "24 December x y", "2026-12-24", "x y"),
            ("en", "24 dec", "2026-12-24", ""),
            ("en", "December 24th, x", "2026-12-24", "x"),
            ("en", "the 24th of December 2026: x", "2026-12-24", "x"),
            ("en", "January 2 x", "2027-01-02", "x"),
            ("en", "May 1 2027 people come", "2027-05-01", "people come"),
            (
                "en",
                "May 1 2000 people come",
                "2027-05-01",
                "2000 people come",
            ),
            ("de", "24. Dezember Ski", "2026-12-24", "Ski"),
            ("de", "zum 1. März: Ski", "2027-03-01", "Ski"),
            ("de", "monday x", "2026-11-23", "x"),
            ("fr", "1er mars ski", "2027-03-01", "ski"),
            ("fr", "24 décembre", "2026-12-24", ""),
            ("es", "el 24 de diciembre de 2026 x", "2026-12-24", "x"),
            ("ru", "24 декабря лыжи", "2026-12-24", "лыжи"),
        ] {
            let understood = Understood::of(Language::of_tag(language).unwrap(), None);
            let found = read(understood, text, now);
            let (day, after) = found.unwrap_or_else(|| panic!("{text}"));
            assert!(day.to_xep0082().unwrap().starts_with(date), "{text}");
            assert_eq!(after, rest, "{text}");
        }
        let english = Understood::of(Language::ENGLISH, None);
        for text in [
            "",
            "24",
            "32 December",
            "December",
            "December x",
            "x 24",
            "30 February",
            "24 x",
            "December 2026",
            "the",
            "0 May",
            "١ May",
            "24xx December",
        ] {
            assert_eq!(read(english, text, now), None, "{text}");
        }
    }
}
