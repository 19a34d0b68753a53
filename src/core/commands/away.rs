//! `away` and `back`: who writes to the user meanwhile is told so by mail.

use super::texts::away::NamedDay;
use super::{Answer, Call, Command, FieldKind, FormField, FormStep, Values, refused, texts};
use crate::core::context::Write;
use crate::core::decide::Decision;
use crate::core::decide::decider::Stop;
use crate::core::language::{Language, Sentence};
use crate::core::limits::{AWAY_MAX, AWAY_TEXT_CHARS_MAX};
use crate::core::record::{Away, Options, OwnStatus};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use chrono::{Datelike, Days, NaiveDate};
use std::time::Duration;

const UNTIL: &str = "until";
const TEXT: &str = "text";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Answers begin.
#[derive(Debug)]
pub(super) struct GoAway;

/// They end.
#[derive(Debug)]
pub(super) struct Return;

impl Command for GoAway {
    fn name(&self) -> &'static str {
        "away"
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("away-title"),
            instructions: Sentence("away-ask"),
            fields: &[
                FormField {
                    var: UNTIL,
                    label: Sentence("label-last-day"),
                    kind: FieldKind::Line,
                    is_required: false,
                },
                FormField {
                    var: TEXT,
                    label: Sentence("label-away-text"),
                    kind: FieldKind::Text,
                    is_required: false,
                },
            ],
        }]
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        let language = call.language();
        let (until, text) = read(call, values)?;
        if text.chars().count() > AWAY_TEXT_CHARS_MAX {
            return Err(refused(texts::away::too_long(
                language,
                AWAY_TEXT_CHARS_MAX,
            )));
        }
        let text = Some(text).filter(|text| !text.is_empty());
        let said = texts::away::begun(language, text.as_deref(), until);
        let until = until.map(|last_day| last_day.plus(DAY));
        set(call, Some(Away { text, until }), said)
    }
}

impl Command for Return {
    fn name(&self) -> &'static str {
        "back"
    }

    fn run(&self, call: &Call<'_>, _values: &Values) -> Result<Answer, Stop> {
        let language = call.language();
        let options = call.decider.rows.own_options(&call.user(), None)?;
        let said = match options.away_now(call.decider.now).is_some() {
            true => texts::away::ended(language),
            false => texts::away::is_here(language),
        };
        set(call, None, said)
    }
}

fn set(call: &Call<'_>, away: Option<Away>, said: String) -> Result<Answer, Stop> {
    let before = call.decider.rows.own_options(&call.user(), None)?;
    // Whoever is back is so whatever the status says, until it says something new.
    let is_back = away.is_none();
    let own_status = before.own_status.clone().map(|status| OwnStatus {
        text: status.text.filter(|_| !is_back),
        ..status
    });
    let options = Options {
        away,
        own_status,
        ..before
    };
    Ok(Answer {
        beside: Decision {
            writes: vec![Write::Options(call.user(), None, options)],
            ..Decision::default()
        },
        ..Answer::says(said)
    })
}

/// The last day, where one is named, and the words. As a message it is one line: “until 2026-12-24 I am in the mountains”. What
/// begins with a digit is a day; else there is none.
fn read(call: &Call<'_>, values: &Values) -> Result<(Option<Timestamp>, String), Stop> {
    let typed = |var| values.get(var).map_or("", |value| value.trim());
    let all = format!("{}\n{}", typed(UNTIL), typed(TEXT));
    let words = all.trim();
    let (first, rest) = parted(words);
    let is_word = texts::away::until_words(call.language())
        .iter()
        .any(|word| first.to_lowercase() == *word);
    let (day, rest) = match is_word {
        true if rest.is_empty() => (first, rest),
        true => parted(rest),
        false => (first, rest),
    };
    let now = call.decider.now;
    let is_named = |day: &str| named_day(call.language(), day, now).is_some();
    // In a form the day has a field of its own; and who writes the name of a day alone means that.
    let is_field = call.is_form && !typed(UNTIL).is_empty();
    let is_until = is_word || is_field || rest.is_empty() && is_named(day);
    if !is_until && !day.starts_with(|c: char| c.is_ascii_digit()) {
        let text = clean::for_xml(words);
        // What stands in two fields is one text.
        return Ok((
            None,
            text.replacen('\n', " ", usize::from(!typed(UNTIL).is_empty())),
        ));
    }
    // “until the 24.12.”, “bis zum Freitag”
    let (day, rest) = match texts::away::is_article(call.language(), day) {
        true => parted(rest),
        false => (day, rest),
    };
    let day = day.trim_end_matches([':', ',', ';', '!']);
    let by_name = || {
        is_until
            .then(|| named_day(call.language(), day, now))
            .flatten()
    };
    let date = Timestamp::from_xep0082(&format!("{day}T00:00:00Z"));
    let date = date.or_else(|| dotted_day(day, now)).or_else(by_name);
    let is_good = |date: &Timestamp| date.plus(DAY) > now && *date <= now.plus(AWAY_MAX);
    match date.filter(is_good) {
        Some(date) => Ok((Some(date), clean::for_xml(rest))),
        None => Err(refused(texts::away::no_day(call.language(), day))),
    }
}

/// `24.12.` or `24.12.2026`, which nobody reads in another order: without a year, the next such day.
fn dotted_day(day: &str, now: Timestamp) -> Option<Timestamp> {
    let mut parts = day.trim_end_matches('.').split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() || day.len() > 2 || month.len() > 2 {
        return None;
    }
    let of = |year: i32| {
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        at_midnight(NaiveDate::from_ymd_opt(year, month, day)?)
    };
    let today = now.in_utc()?.date_naive();
    match year {
        Some(year) if year.len() == 4 => of(year.parse().ok()?),
        Some(_) => None,
        None => {
            let this = of(today.year()).filter(|date| date.plus(DAY) > now);
            this.or_else(|| of(today.year().checked_add(1)?))
        }
    }
}

/// The next day of this name: a week from now where it is today's.
fn named_day(language: Language, name: &str, now: Timestamp) -> Option<Timestamp> {
    let today = now.in_utc()?.date_naive();
    let ahead = match texts::away::named_day(language, name)? {
        NamedDay::Today => 0,
        NamedDay::Tomorrow => 1,
        NamedDay::Weekday(number) => {
            let from = today.weekday().num_days_from_monday();
            let days = number.saturating_add(7).checked_sub(from)?.checked_rem(7)?;
            if days == 0 { 7 } else { days }
        }
    };
    at_midnight(today.checked_add_days(Days::new(u64::from(ahead)))?)
}

fn at_midnight(date: NaiveDate) -> Option<Timestamp> {
    Timestamp::from_xep0082(&format!("{}T00:00:00Z", date.format("%Y-%m-%d")))
}

/// The first word, and what follows.
fn parted(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (first, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (first, rest.trim_start())
}
