//! From when until when, as people write it at the beginning of what they write: `from tomorrow until friday`, `24 December - 2
//! January`, `from 24 to 31 December`, `from Monday for a week`, `next week`.

use super::days::{self, BEHIND, DAY, parted};
use super::texts::away as texts;
use super::words::{after, in_all};
use crate::core::language::Understood;
use crate::core::time::Timestamp;

/// Behind a word for a beginning, so many words are looked at for one of an end.
const WORDS_MAX: usize = 5;

/// Of days, whole ones.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Period<'a> {
    pub(super) first: Timestamp,
    /// `None`: nobody says when it ends.
    pub(super) last: Option<Timestamp>,
    /// What follows.
    pub(super) rest: &'a str,
}

/// What would be a period, were this a day.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoPeriod<'a> {
    NoFirst(&'a str),
    NoLast(&'a str),
}

/// The period that a text begins with; `None`: it names no first day.
pub(super) fn read(
    understood: Understood,
    text: &str,
    now: Timestamp,
) -> Result<Option<Period<'_>>, NoPeriod<'_>> {
    let from = in_all(understood, texts::from_words);
    // The longest: “à partir du” is more than “à”.
    let behind = from.iter().filter_map(|words| after(text, words));
    let behind = behind.min_by_key(|rest| rest.len()).map(str::trim_start);
    let has_from = behind.is_some();
    let behind = behind.unwrap_or(text);
    let at_once = || days::at_once(understood, behind, now).filter(|_| has_from);
    let Some((first, rest)) = days::read(understood, behind, now).or_else(at_once) else {
        return unread_first(understood, (behind, has_from), now);
    };
    let rest = match has_from {
        true => behind_onward(understood, rest),
        false => rest,
    };
    let last = match end(understood, rest, (first, now), has_from)? {
        None if !has_from => return Ok(week(understood, text, now)),
        last => last,
    };
    let (last, rest) = last.map_or((None, rest), |(last, rest)| (Some(last), rest));
    Ok(Some(Period { first, last, rest }))
}

/// Without what only says that it goes on: “from tomorrow on”, “von morgen an bis Freitag”. “On a boat” is a text.
fn behind_onward(understood: Understood, rest: &str) -> &str {
    let words = in_all(understood, texts::onward_words);
    let Some(behind) = words.iter().find_map(|words| after(rest, words)) else {
        return rest;
    };
    let further = behind.trim_start_matches(BEHIND).trim_start();
    let (next, _) = parted(further);
    let is_end = further.is_empty() || behind.starts_with(BEHIND);
    let goes_on = || texts::is_until(understood, next) || texts::is_to(understood, next);
    match is_end || goes_on() {
        true => further,
        false => rest,
    }
}

/// `next week` alone is all of it.
fn week(understood: Understood, text: &str, now: Timestamp) -> Option<Period<'_>> {
    let (first, rest) = days::next_week(understood, text, now)?;
    let last = Some(first.plus(DAY.saturating_mul(6)));
    Some(Period { first, last, rest })
}

/// The last day, with what follows it: after a word for that, or by how many days there are. Behind a day alone, a number may begin
/// what is said.
fn end<'a>(
    understood: Understood,
    text: &'a str,
    (first, now): (Timestamp, Timestamp),
    has_from: bool,
) -> Result<Option<(Timestamp, &'a str)>, NoPeriod<'a>> {
    let (word, behind) = parted(text);
    let is_until = texts::is_until(understood, word);
    if is_until || texts::is_to(understood, word) {
        let found = days::read(understood, behind, now);
        // The Friday that follows the first day.
        let found = match found.filter(|(last, _)| *last >= first) {
            None => days::read(understood, behind, first).or(found),
            found => found,
        };
        return match found {
            None if is_until => Err(NoPeriod::NoLast(behind)),
            found => Ok(found),
        };
    }
    if !has_from && !texts::is_for(understood, word) {
        return Ok(None);
    }
    // A first day that is still to come is one of them.
    let before = if first > now {
        days::before(first)
    } else {
        now
    };
    Ok(days::from_today(understood, text, before))
}

/// What begins with no day: of a month that its end names, or nothing that is understood.
fn unread_first(
    understood: Understood,
    (text, has_from): (&str, bool),
    now: Timestamp,
) -> Result<Option<Period<'_>>, NoPeriod<'_>> {
    let (word, behind) = parted(text);
    let (joins, _) = parted(behind);
    if (texts::is_until(understood, joins) || texts::is_to(understood, joins))
        && let Ok(Some((last, rest))) = end(understood, behind, (now, now), has_from)
        && let Some(first) = days::in_month_of(word, last)
    {
        let last = Some(last);
        return Ok(Some(Period { first, last, rest }));
    }
    let mut rest = text;
    let names_end = |_| {
        let (_, behind) = parted(rest);
        rest = behind;
        texts::is_until(understood, parted(rest).0)
    };
    let is_day = text.starts_with(|c: char| c.is_ascii_digit()) || (0..WORDS_MAX).any(names_end);
    match has_from && is_day {
        true => Err(NoPeriod::NoFirst(text)),
        false => Ok(None),
    }
}
