//! `away` and `back`: who writes to the user meanwhile is told so by mail.

use super::{Answer, Call, Command, FieldKind, FormField, FormStep, Values, refused, texts};
use crate::core::context::Write;
use crate::core::decide::Decision;
use crate::core::decide::decider::Stop;
use crate::core::language::Sentence;
use crate::core::limits::{AWAY_MAX, AWAY_TEXT_CHARS_MAX};
use crate::core::record::{Away, Options};
use crate::core::text::clean;
use crate::core::time::Timestamp;
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
        let away = call.decider.rows.own_options(&call.user(), None)?.away;
        let said = match away.is_some_and(|away| away.holds(call.decider.now)) {
            true => texts::away::ended(language),
            false => texts::away::is_here(language),
        };
        set(call, None, said)
    }
}

fn set(call: &Call<'_>, away: Option<Away>, said: String) -> Result<Answer, Stop> {
    let before = call.decider.rows.own_options(&call.user(), None)?;
    let options = Options { away, ..before };
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
    let is_until = texts::away::until_words(call.language())
        .iter()
        .any(|word| first.to_lowercase() == *word);
    let (day, rest) = match is_until {
        true => parted(rest),
        false => (first, rest),
    };
    if !is_until && !day.starts_with(|c: char| c.is_ascii_digit()) {
        let text = clean::for_xml(words);
        // What stands in two fields is one text.
        return Ok((
            None,
            text.replacen('\n', " ", usize::from(!typed(UNTIL).is_empty())),
        ));
    }
    let day = day.trim_end_matches([':', ',', ';']);
    let date = Timestamp::from_xep0082(&format!("{day}T00:00:00Z"));
    let now = call.decider.now;
    let is_good = |date: &Timestamp| date.plus(DAY) > now && *date <= now.plus(AWAY_MAX);
    match date.filter(is_good) {
        Some(date) => Ok((Some(date), clean::for_xml(rest))),
        None => Err(refused(texts::away::no_day(call.language(), day))),
    }
}

/// The first word, and what follows.
fn parted(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (first, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (first, rest.trim_start())
}
