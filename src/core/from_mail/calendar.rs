//! Calendar mails in words (RFC 5545, RFC 5546): what, when, where.

use crate::core::language::{Language, Sentence, say};
use crate::core::text::clean;
use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

/// Octets of a calendar that are looked at; one meeting has about a thousand, with its time zone.
const OCTETS_MAX: usize = 64 * 1024;
/// A title, a place or the name of a time zone, in characters.
const WORDS_CHARS_MAX: usize = 120;
/// A length in time that is believed, in seconds: ten years.
const DURATION_SECS_MAX: i64 = 10 * 366 * 24 * 3600;

/// A property: `DTSTART;TZID=Europe/Berlin:20261204T130000`.
pub(super) struct Property<'a> {
    /// In upper case.
    pub name: String,
    pub parameters: &'a str,
    pub value: &'a str,
}

impl<'a> Property<'a> {
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let mut quoted = false;
        let colon = line.find(|c| {
            quoted ^= c == '"';
            c == ':' && !quoted
        })?;
        let (head, value) = line.split_at_checked(colon)?;
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        Some(Self {
            name: name.trim().to_ascii_uppercase(),
            parameters,
            value: value.strip_prefix(':')?.trim(),
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut parameters = self
            .parameters
            .split(';')
            .filter_map(|one| one.split_once('='));
        let found = parameters.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim_matches('"'))
    }

    /// The same with another value.
    pub(super) fn of_value<'b>(&self, value: &'b str) -> Property<'b>
    where
        'a: 'b,
    {
        Property {
            name: self.name.clone(),
            parameters: self.parameters,
            value,
        }
    }

    /// The value as text (RFC 5545 §3.3.11), on one line; `None` where empty.
    pub(super) fn text(&self) -> Option<String> {
        let mut text = String::with_capacity(self.value.len());
        let mut chars = self.value.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n' | 'N') => text.push(' '),
                    other => text.extend(other),
                },
                c => text.push(c),
            }
        }
        let text = clean::for_header(&text, WORDS_CHARS_MAX);
        (!text.is_empty()).then_some(text)
    }

    fn moment(&self) -> Option<Moment> {
        let (date, time) = match self.value.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (self.value, None),
        };
        let date = NaiveDate::parse_from_str(date, "%Y%m%d").ok()?;
        let Some(time) = time else {
            return Some(Moment::Day(date));
        };
        let (digits, is_utc) = match time.strip_suffix('Z') {
            Some(digits) => (digits, true),
            None => (time, false),
        };
        let number = |at: usize| digits.get(at..at.saturating_add(2))?.parse::<u32>().ok();
        let at = date.and_hms_opt(number(0)?, number(2)?, number(4).unwrap_or(0).min(59))?;
        let zone = self.parameter("TZID").filter(|_| !is_utc);
        let zone = zone.map(|zone| format!("({})", clean::for_header(zone, WORDS_CHARS_MAX)));
        Some(Moment::Time(
            at,
            zone.or_else(|| is_utc.then(|| "UTC".to_owned())),
        ))
    }
}

/// When something is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Moment {
    /// All day.
    Day(NaiveDate),
    /// At a time, in a zone if one is named.
    Time(NaiveDateTime, Option<String>),
}

/// What of the first meeting or task of a calendar matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meeting {
    is_task: bool,
    title: Option<String>,
    place: Option<String>,
    start: Option<Moment>,
    end: Option<Moment>,
    duration: Option<TimeDelta>,
    answer: Option<String>,
    is_cancelled: bool,
    frequency: Option<String>,
    /// RFC 5546 §1.4, in upper case.
    method: String,
    /// So many more are in the calendar.
    more: usize,
}

/// `method`: the parameter of the Content-Type, for a calendar that does not say. `None` where there is neither a meeting nor a task in it.
pub(super) fn meeting(calendar: &str, method: Option<&str>) -> Option<Meeting> {
    let text = unfolded(clean::cut(calendar, OCTETS_MAX));
    let mut method = method.map(str::to_ascii_uppercase);
    let mut meetings: Vec<Meeting> = Vec::new();
    // Of a meeting; in it are alarms, and beside it time zones.
    let mut inner: Vec<String> = Vec::new();
    for property in text.lines().filter_map(Property::read) {
        let value = property.value.to_ascii_uppercase();
        match property.name.as_str() {
            "BEGIN" => {
                if matches!(value.as_str(), "VEVENT" | "VTODO") && inner.len() <= 1 {
                    meetings.push(Meeting {
                        is_task: value == "VTODO",
                        ..Meeting::default()
                    });
                }
                inner.push(value);
            }
            "END" => drop(inner.pop()),
            "METHOD" => method = Some(value),
            _ if inner
                .last()
                .is_some_and(|one| matches!(one.as_str(), "VEVENT" | "VTODO")) =>
            {
                if let Some(meeting) = meetings.last_mut() {
                    meeting.take(&property, value);
                }
            }
            _ => {}
        }
    }
    let more = meetings.len().saturating_sub(1);
    let first = meetings.into_iter().next()?;
    Some(Meeting {
        method: method.unwrap_or_default(),
        more,
        ..first
    })
}

/// RFC 5545 §3.1.
pub(super) fn unfolded(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace("\n ", "")
        .replace("\n\t", "")
}

impl Meeting {
    fn take(&mut self, property: &Property<'_>, value: String) {
        match property.name.as_str() {
            "SUMMARY" => self.title = property.text(),
            "LOCATION" => self.place = property.text(),
            "DTSTART" => self.start = property.moment(),
            "DTEND" | "DUE" => self.end = property.moment(),
            "DURATION" => self.duration = duration(&value),
            "STATUS" => self.is_cancelled = value == "CANCELLED",
            "RRULE" => {
                let rule = |name: &str| {
                    let mut rules = value.split(';').filter_map(|rule| rule.split_once('='));
                    rules.find(|(known, _)| *known == name)
                };
                // Every second week is more than a word can say.
                let is_each = rule("INTERVAL").is_none_or(|(_, every)| every == "1");
                self.frequency = rule("FREQ").map(|(_, frequency)| match is_each {
                    true => frequency.to_owned(),
                    false => String::new(),
                });
            }
            "ATTENDEE" if self.answer.is_none() => {
                self.answer = property.parameter("PARTSTAT").map(str::to_ascii_uppercase);
            }
            _ => {}
        }
    }

    /// What, when, where.
    pub fn in_words(&self, language: Language) -> String {
        let title = self.title.clone();
        let title = title.unwrap_or_else(|| say!(language, "meeting-untitled"));
        let parts = [
            self.when(language),
            self.repeats(language),
            self.place.clone(),
        ];
        let mut words = format!("{}: {title}", self.kind().in_language(language));
        for part in parts.into_iter().flatten() {
            words.push_str(", ");
            words.push_str(&part);
        }
        if self.more > 0 {
            words.push_str("; ");
            words.push_str(&say!(language, "meeting-more", more = self.more));
        }
        words
    }

    /// RFC 5546 §1.4 and RFC 5545 §3.2.12.
    fn kind(&self) -> Sentence {
        match (self.method.as_str(), self.answer.as_deref()) {
            ("CANCEL", _) => Sentence("meeting-cancelled"),
            ("REPLY", Some("ACCEPTED")) => Sentence("meeting-accepted"),
            ("REPLY", Some("DECLINED")) => Sentence("meeting-declined"),
            ("REPLY", Some("TENTATIVE")) => Sentence("meeting-tentative"),
            ("REPLY", Some("DELEGATED")) => Sentence("meeting-delegated"),
            ("REPLY", _) => Sentence("meeting-answer"),
            ("COUNTER", _) => Sentence("meeting-counter"),
            ("DECLINECOUNTER", _) => Sentence("meeting-counter-declined"),
            ("REFRESH", _) => Sentence("meeting-refresh"),
            _ if self.is_cancelled => Sentence("meeting-cancelled"),
            ("REQUEST" | "ADD", _) => Sentence("meeting-invitation"),
            _ if self.is_task => Sentence("meeting-task"),
            _ => Sentence("meeting-event"),
        }
    }

    fn when(&self, language: Language) -> Option<String> {
        let end = self.end.as_ref();
        match self.start.as_ref().or(end)? {
            Moment::Day(first) => {
                // The end is the day after (RFC 5545 §3.6.1).
                let last = match end {
                    Some(Moment::Day(end)) => end.pred_opt().filter(|last| last > first),
                    _ => None,
                };
                Some(match last {
                    Some(last) => format!("{} – {}", day(language, *first), day(language, last)),
                    None => day(language, *first),
                })
            }
            Moment::Time(start, zone) => {
                let end = match end {
                    Some(Moment::Time(end, other)) if other == zone => Some(*end),
                    _ => self
                        .duration
                        .and_then(|length| start.checked_add_signed(length)),
                };
                let until =
                    end.filter(|end| end > start)
                        .map(|end| match end.date() == start.date() {
                            true => format!("–{}", time(end)),
                            false => format!(" – {}, {}", day(language, end.date()), time(end)),
                        });
                let zone = zone.as_ref().map(|zone| format!(" {zone}"));
                Some(format!(
                    "{}, {}{}{}",
                    day(language, start.date()),
                    time(*start),
                    until.unwrap_or_default(),
                    zone.unwrap_or_default()
                ))
            }
        }
    }

    fn repeats(&self, language: Language) -> Option<String> {
        let words = match self.frequency.as_deref()? {
            "DAILY" => Sentence("meeting-daily"),
            "WEEKLY" => Sentence("meeting-weekly"),
            "MONTHLY" => Sentence("meeting-monthly"),
            "YEARLY" => Sentence("meeting-yearly"),
            _ => Sentence("meeting-repeated"),
        };
        Some(words.in_language(language))
    }
}

/// `Fri 4 Dec 2026`.
fn day(language: Language, date: NaiveDate) -> String {
    let named = |names: String, place: u32| {
        let mut names = names.split_whitespace();
        let name = usize::try_from(place).ok().and_then(|at| names.nth(at));
        name.unwrap_or_default().to_owned()
    };
    let weekday = date.weekday().num_days_from_monday();
    let (weekday, month) = (
        named(say!(language, "weekdays"), weekday),
        named(say!(language, "months"), date.month0()),
    );
    say!(
        language,
        "day",
        weekday = weekday,
        day = date.day(),
        month = month,
        year = date.year().to_string()
    )
}

fn time(at: NaiveDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// RFC 5545 §3.3.6: `PT1H30M`, `P1D`, `P2W`.
fn duration(value: &str) -> Option<TimeDelta> {
    let rest = value.trim_start_matches('+').strip_prefix('P')?;
    let (mut secs, mut number) = (0_i64, 0_i64);
    for c in rest.chars() {
        let unit = match c {
            'W' => 7 * 24 * 3600,
            'D' => 24 * 3600,
            'H' => 3600,
            'M' => 60,
            'S' => 1,
            'T' => 0,
            digit => {
                let digit = i64::from(digit.to_digit(10)?);
                number = number.checked_mul(10)?.checked_add(digit)?;
                continue;
            }
        };
        secs = secs.checked_add(std::mem::take(&mut number).checked_mul(unit)?)?;
    }
    TimeDelta::try_seconds(secs).filter(|_| secs <= DURATION_SECS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(method: &str, lines: &str) -> String {
        let calendar = format!(
            "BEGIN:VCALENDAR\r\n{method}BEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
             BEGIN:VEVENT\r\n{}\r\nBEGIN:VALARM\r\nSUMMARY:wrong\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            lines.replace('\n', "\r\n")
        );
        let meeting = meeting(&calendar, None).unwrap();
        meeting.in_words(Language::ENGLISH)
    }

    #[test]
    fn a_meeting_is_told_in_words() {
        #[rustfmt::skip]
        let table = [
            ("METHOD:REQUEST\r\n", "SUMMARY:Roof meeting\nDTSTART:20261204T130000Z\nDTEND:20261204T140000Z\nLOCATION:Room 4", "invitation: Roof meeting, Fri 4 Dec 2026, 13:00–14:00 UTC, Room 4"),
            ("METHOD:REPLY\r\n", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b\nSUMMARY:Roof\nDTSTART:20261204T130000Z", "accepted: Roof, Fri 4 Dec 2026, 13:00 UTC"),
            ("METHOD:REPLY\r\n", "ATTENDEE;CN=\"A;B:C\";PARTSTAT=DECLINED:mailto:a@b\nSUMMARY:Roof", "declined: Roof"),
            ("METHOD:REPLY\r\n", "ATTENDEE;partstat=tentative:mailto:a@b\nSUMMARY:Roof", "tentatively accepted: Roof"),
            ("METHOD:CANCEL\r\n", "SUMMARY:Roof\nDTSTART;VALUE=DATE:20261204\nDTEND;VALUE=DATE:20261205", "cancelled: Roof, Fri 4 Dec 2026"),
            ("", "SUMMARY:Trip\\, with\\nAdam\nDTSTART;VALUE=DATE:20261204\nDTEND;VALUE=DATE:20261207", "event: Trip, with Adam, Fri 4 Dec 2026 – Sun 6 Dec 2026"),
            ("METHOD:COUNTER\r\n", "SUMMARY:Roof\nDTSTART;TZID=Europe/Berlin:20261204T230000\nDURATION:PT1H30M", "another time is proposed: Roof, Fri 4 Dec 2026, 23:00 – Sat 5 Dec 2026, 00:30 (Europe/Berlin)"),
            ("METHOD:REQUEST\r\n", "SUMMARY:A lo\n ng title\nRRULE:FREQ=WEEKLY;BYDAY=FR\nDTSTART:20261204T1300", "invitation: A long title, Fri 4 Dec 2026, 13:00, repeated by the week"),
            ("", "SUMMARY:A\nRRULE:FREQ=WEEKLY;INTERVAL=2", "event: A, repeated"),
            ("", "SUMMARY:A\nRRULE:INTERVAL=1;FREQ=DAILY", "event: A, repeated by the day"),
            ("", "STATUS:CANCELLED\nDTSTART:nonsense", "cancelled: without a title"),
        ];
        for (method, lines, expected) in table {
            assert_eq!(words(method, lines), expected, "{lines}");
        }
        assert_eq!(meeting("BEGIN:VCALENDAR\nEND:VCALENDAR", None), None);
        let task = "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Oil\nDUE:20261204T130000Z\nEND:VTODO\nBEGIN:VTODO\nEND:VTODO\n";
        let task = meeting(task, Some("publish")).unwrap();
        assert_eq!(
            task.in_words(Language::ENGLISH),
            "task: Oil, Fri 4 Dec 2026, 13:00 UTC; and 1 more"
        );
        let german = Language::of_tag("de").unwrap();
        assert_eq!(
            task.in_words(german),
            "Aufgabe: Oil, Fr, 4. Dez. 2026, 13:00 UTC; und 1 weiterer Eintrag"
        );
    }

    #[test]
    fn every_language_names_seven_days_and_twelve_months() {
        for language in Language::all() {
            let tag = language.tag();
            let count = |names: String| names.split_whitespace().count();
            assert_eq!(count(say!(language, "weekdays")), 7, "{tag}");
            assert_eq!(count(say!(language, "months")), 12, "{tag}");
        }
    }

    #[test]
    fn a_length_in_time_is_believed_within_reason() {
        for (text, secs) in [
            ("P1DT2H", Some(93_600)),
            ("P2W", Some(1_209_600)),
            ("PT15M", Some(900)),
            ("-PT1H", None),
            ("P99999999999999999999D", None),
            ("P9999W", None),
            ("1H", None),
        ] {
            assert_eq!(
                duration(text).map(|length| length.num_seconds()),
                secs,
                "{text}"
            );
        }
    }
}
