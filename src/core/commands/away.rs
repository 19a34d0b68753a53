//! `away` and `back`: who writes to the user meanwhile is told so by mail.

use super::days::{self, DAY, parted};
use super::period::{self, NoPeriod, Period};
use super::{
    Answer, Call, Command, FieldKind, FormField, FormStep, Values, refused, speaker, texts,
};
use crate::core::context::{Missing, Write};
use crate::core::decide::Decision;
use crate::core::decide::decider::Stop;
use crate::core::language::Sentence;
use crate::core::limits::{AWAY_MAX, AWAY_TEXT_CHARS_MAX};
use crate::core::record::{Away, Options, OwnStatus};
use crate::core::text::clean;
use crate::core::time::Timestamp;

const UNTIL: &str = "until";
const TEXT: &str = "text";

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
        let (first, last, text) = read(call, values)?;
        if text.chars().count() > AWAY_TEXT_CHARS_MAX {
            return Err(refused(texts::away::too_long(
                language,
                AWAY_TEXT_CHARS_MAX,
            )));
        }
        let text = Some(text).filter(|text| !text.is_empty());
        // What has begun already begins now.
        let from = first.filter(|first| *first > call.decider.now);
        let options = call.decider.rows.own_options(&call.user(), None)?;
        let by_status = options.away_on_xa == Some(true);
        let said = texts::away::begun(language, text.as_deref(), (from, last), by_status);
        let said = format!("{said}{}", unanswered(call));
        let until = last.map(|last| last.plus(DAY));
        set(call, Some(Away { text, from, until }), said)
    }
}

impl Command for Return {
    fn name(&self) -> &'static str {
        "back"
    }

    fn run(&self, call: &Call<'_>, _values: &Values) -> Result<Answer, Stop> {
        let language = call.language();
        let options = call.decider.rows.own_options(&call.user(), None)?;
        let now = call.decider.now;
        let is_planned = options.away.as_ref().is_some_and(|it| it.is_planned(now));
        let said = match (options.away_now(now).is_some(), is_planned) {
            (true, _) => texts::away::ended(language),
            (false, true) => texts::away::called_off(language),
            (false, false) => texts::away::is_here(language),
        };
        set(call, None, said)
    }
}

/// Behind a promise that who writes is answered: a line that nobody is, where nobody can be.
pub(super) fn unanswered(call: &Call<'_>) -> String {
    let settings = call.decider.settings;
    match settings.trust.is_on() {
        true => String::new(),
        false => {
            let who = settings.contact_addresses.join(", ");
            format!("\n{}", texts::away::unverified(call.language(), &who))
        }
    }
}

/// On top of the options of a user, who may be away: what is answered, and what keeps it from being answered.
pub(super) fn told_of(call: &Call<'_>, options: &Options) -> Result<Option<String>, Missing> {
    let (language, now) = (call.language(), call.decider.now);
    let mut lines = Vec::new();
    if let Some(away) = options.away_now(now) {
        let is_said = options.away.as_ref().is_some_and(|away| away.holds(now));
        lines.push(match is_said {
            true => texts::away::holds(language, away.until),
            false => texts::away::holds_by_status(language),
        });
        let words = texts::away::says(language, away.text.as_deref());
        lines.push(format!("{words}{}", unanswered(call)));
    }
    if let Some(later) = options.away.as_ref().filter(|it| it.is_planned(now))
        && let Some(from) = later.from
    {
        lines.push(texts::away::planned(language, from, later.until));
        lines.push(texts::away::says(language, later.text.as_deref()));
    }
    if options.away_on_xa == Some(true) && options.own_status.is_none() {
        let helper = speaker(call.decider)?;
        lines.push(texts::away::waits_for_status(language, helper.as_str()));
    }
    Ok(Some(lines.join("\n")).filter(|lines| !lines.is_empty()))
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

/// From when until when, and in which words.
type Absence = (Option<Timestamp>, Option<Timestamp>, String);

/// The first and the last day, where they are named, and the words. As a message it is one line: “from tomorrow until friday I am in
/// the mountains”. In a form the days have a field of their own, and what stands in the other one is words.
fn read(call: &Call<'_>, values: &Values) -> Result<Absence, Stop> {
    let typed = |var| values.get(var).map_or("", |value| value.trim());
    let is_field = call.is_form && !typed(UNTIL).is_empty();
    let all = format!("{}\n{}", typed(UNTIL), typed(TEXT));
    let (words, beside) = match is_field {
        true => (typed(UNTIL), typed(TEXT)),
        false => (all.trim(), ""),
    };
    let (first, last, text) = read_words(call, words, is_field)?;
    // What stands in two fields is one text.
    let is_text = first.is_none() && last.is_none() && !typed(UNTIL).is_empty();
    let text = text.replacen('\n', " ", usize::from(is_text));
    let text = format!("{text}\n{}", clean::for_xml(beside));
    Ok((first, last, text.trim().to_owned()))
}

/// The same of what names the days.
fn read_words(call: &Call<'_>, words: &str, is_field: bool) -> Result<Absence, Stop> {
    let (language, understood, now) = (call.language(), call.understood(), call.decider.now);
    let is_last = is_field && days::next_week(understood, words, now).is_some();
    match period::read(understood, words, now) {
        Ok(Some(period)) if !is_last => return whole(call, &period),
        Ok(_) => {}
        Err(NoPeriod::NoFirst(text)) => {
            let day = day_of(call, text);
            return Err(refused(texts::away::no_first_day(language, day)));
        }
        Err(NoPeriod::NoLast(text)) => {
            return Err(refused(texts::away::no_day(language, day_of(call, text))));
        }
    }
    let (last, text) = read_last(call, words, is_field)?;
    Ok((None, last, text))
}

/// Where a period is none of the coming year, that is said.
fn whole(call: &Call<'_>, period: &Period<'_>) -> Result<Absence, Stop> {
    let (language, now) = (call.language(), call.decider.now);
    let (first, last) = (period.first, period.last);
    if let Some(last) = last.filter(|last| *last < first) {
        return Err(refused(texts::away::backwards(language, first, last)));
    }
    let is_far = |day: &Timestamp| *day > now.plus(AWAY_MAX);
    if is_far(&first) || last.is_some_and(|day| is_far(&day) || day.plus(DAY) <= now) {
        let wrong = last.filter(|_| !is_far(&first)).unwrap_or(first);
        let day = texts::away::day(wrong).unwrap_or_default();
        return Err(refused(texts::away::no_first_day(language, &day)));
    }
    Ok((Some(first), last, clean::for_xml(period.rest)))
}

/// The last day, where one is named, and the words: “until 2026-12-24 I am in the mountains”, “for 3 days I am in the mountains”.
/// What begins with a digit is a day; else there is none.
fn read_last(
    call: &Call<'_>,
    words: &str,
    is_field: bool,
) -> Result<(Option<Timestamp>, String), Stop> {
    let now = call.decider.now;
    let (first, rest) = parted(words);
    let is_word = texts::away::is_until(call.understood(), first);
    let words_of_day = if is_word && !rest.is_empty() {
        rest
    } else {
        words
    };
    let from_today = days::from_today(call.understood(), words_of_day, now);
    let is_counted = from_today.is_some();
    let found = from_today.or_else(|| days::read(call.understood(), words_of_day, now));
    // Who writes a day alone means that.
    let is_until =
        is_word || is_field || is_counted || found.is_some_and(|(_, rest)| rest.is_empty());
    if !is_until && !words_of_day.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok((None, clean::for_xml(words)));
    }
    let is_good = |date: Timestamp| date.plus(DAY) > now && date <= now.plus(AWAY_MAX);
    match found.filter(|(date, _)| is_good(*date)) {
        Some((date, rest)) => Ok((Some(date), clean::for_xml(rest))),
        None => {
            let day = day_of(call, words_of_day);
            Err(refused(texts::away::no_day(call.language(), day)))
        }
    }
}

/// The word that was to be a day.
fn day_of<'a>(call: &Call<'_>, text: &'a str) -> &'a str {
    let (day, _) = parted(days::behind_articles(call.understood(), text));
    day.trim_end_matches([':', ',', ';', '!'])
}
