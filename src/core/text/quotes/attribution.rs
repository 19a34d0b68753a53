//! The line over a quotation: who wrote it, and when (“On Monday Alice wrote:”).

use super::phrases::Phrases;
use super::{LinePlace, QuoteContext, QuotedLine, is_unseen, words};
use std::sync::LazyLock;

/// Most lines over which a program breaks it.
const LINES_MAX: usize = 4;
/// No such line is longer, broken or not, in characters.
const CHARS_MAX: usize = 400;
/// How many lines of one mail are looked at as one over a history without marks.
const CANDIDATES_MAX: usize = 50;
/// Among how many words the first figure stands in one that begins with a day.
const WORDS_BEFORE_DATE: usize = 4;

/// Somebody whom a quotation may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPerson {
    /// The mail address, in lower case.
    pub address: String,
    /// The words of the name, in lower case.
    pub name: Vec<String>,
}

impl KnownPerson {
    /// Of an address and a display name.
    pub fn new(address: &str, name: Option<&str>) -> Self {
        let name = name.unwrap_or_default().to_lowercase();
        Self {
            address: address.to_lowercase(),
            name: tokens(&name).map(str::to_owned).collect(),
        }
    }

    /// Whether a text in lower case is the name of this person, and nothing else.
    pub fn is_called(&self, text: &str) -> bool {
        !self.name.is_empty() && tokens(text).eq(self.name.iter().map(String::as_str))
    }

    /// Whether a text in lower case names this person: by the address, or by every word of the name.
    pub fn is_named_in(&self, text: &str) -> bool {
        let is_there = |word: &String| tokens(text).any(|token| token == word);
        !self.address.is_empty() && text.contains(&self.address)
            || !self.name.is_empty() && self.name.iter().all(is_there)
    }
}

/// The words of a text.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// What a text says of who wrote something and when.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    address: bool,
    known: bool,
    verb: bool,
    date: bool,
    time: bool,
    /// It ends as the line over something does.
    ends: bool,
}

impl Evidence {
    fn of(text: &str, circumstances: &QuoteContext) -> Self {
        let seen: String = text.chars().filter(|c| !is_bidi(*c)).collect();
        let text = seen.to_lowercase();
        let text = text.trim_matches(|c: char| is_unseen(c) || matches!(c, '*' | '_' | '>'));
        let verb = has_verb(text);
        Self {
            address: has_address(text),
            known: circumstances
                .known
                .iter()
                .any(|known| known.is_named_in(text)),
            verb,
            date: has_date(text),
            time: has_time(text),
            ends: text.ends_with([':', '：']) || verb && ends_with_verb(text),
        }
    }

    /// Whether a quotation below it is one of the history, and not one that the author has made.
    fn introduces(self, circumstances: &QuoteContext) -> bool {
        let when = self.date || self.time;
        let who = self.address || self.known;
        let is_certain = self.verb && self.address && when
            || self.address && self.date && self.time
            || circumstances.is_answer
                && (self.verb && who
                    || self.address && when
                    || self.date && self.time && (self.verb || self.known));
        self.ends && is_certain
    }
}

fn is_bidi(c: char) -> bool {
    is_unseen(c) && !c.is_whitespace()
}

static WROTE: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::new(words::WROTE.iter().map(|(_, verbs)| *verbs)));

fn has_verb(text: &str) -> bool {
    let is_within = |(_, verbs): &(&str, &str)| verbs.split('|').any(|verb| text.contains(verb));
    WROTE.stand_in(text) || words::WROTE_WITHIN.iter().any(is_within)
}

fn ends_with_verb(text: &str) -> bool {
    let text = text.trim_end_matches([' ', '.', '…', ')']);
    let mut tables = words::WROTE.iter().chain(words::WROTE_WITHIN);
    tables.any(|(_, verbs)| verbs.split('|').any(|verb| text.ends_with(verb)))
}

/// `a@b`.
pub(super) fn has_address(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text
            .get(at.saturating_add(1)..)
            .and_then(|text| text.chars().next());
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        is_part(before) && is_part(after)
    })
}

/// Each run of digits, in whatever script, and the character before and behind it.
fn numbers(text: &str) -> Vec<(Option<char>, usize, usize, Option<char>)> {
    let mut found: Vec<(Option<char>, usize, usize, Option<char>)> = Vec::new();
    let (mut last, mut is_open) = (None, false);
    for c in text.chars() {
        match (digit(c), is_open) {
            (Some(digit), true) => {
                if let Some((_, length, value, _)) = found.last_mut() {
                    *length = length.saturating_add(1);
                    *value = value.saturating_mul(10).saturating_add(digit);
                }
            }
            (Some(digit), false) => found.push((last, 1, digit, None)),
            (None, true) => {
                if let Some((_, _, _, after)) = found.last_mut() {
                    *after = Some(c);
                }
            }
            (None, false) => {}
        }
        is_open = digit(c).is_some();
        last = Some(c);
    }
    found
}

/// Of the scripts that write dates.
fn digit(c: char) -> Option<usize> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        '\u{966}'..='\u{96f}' => '\u{966}',
        '\u{9e6}'..='\u{9ef}' => '\u{9e6}',
        '\u{e50}'..='\u{e59}' => '\u{e50}',
        _ => return None,
    };
    usize::try_from(u32::from(c).checked_sub(u32::from(zero))?).ok()
}

/// A year, of whichever calendar, or three numbers with the same thing between them.
pub(super) fn has_date(text: &str) -> bool {
    let numbers = numbers(text);
    let is_year = |(_, length, value, _): &(Option<char>, usize, usize, Option<char>)| {
        *length == 4 && (matches!(value, 1970..=2199 | 1350..=1550 | 2500..=2700))
    };
    let is_triple = |three: &[(Option<char>, usize, usize, Option<char>)]| match three {
        [
            (_, _, _, Some(first)),
            (_, _, _, Some(second)),
            (before, _, _, _),
        ] => first == second && matches!(first, '.' | '/' | '-') && before.is_some(),
        _ => false,
    };
    numbers.iter().any(is_year) || numbers.windows(3).any(is_triple)
}

/// `10:15`, `10.15`, `10h15`, `10時15分`; not the parts of a date.
pub(super) fn has_time(text: &str) -> bool {
    numbers(text).windows(2).any(|pair| match pair {
        [
            (before, hours, hour, Some(between)),
            (Some(_), minutes, minute, after),
        ] => {
            let is_of_date = *between == '.' && (*before == Some('.') || *after == Some('.'));
            (*hours <= 2 && *hour < 25 && *minutes == 2 && *minute < 60)
                && !is_of_date
                && matches!(
                    between,
                    ':' | '：' | '.' | 'h' | 'u' | '時' | '时' | '点' | '點' | '시' | '٫'
                )
        }
        _ => false,
    })
}

/// Whether a line begins as such a line does, by its date.
fn opens_with_date(line: &str) -> bool {
    let text: String = line.chars().filter(|c| !is_bidi(*c)).collect();
    let text = text.to_lowercase();
    let mut first = text.split_whitespace();
    let opener = first.next().unwrap_or_default();
    let when = has_date(&text) || has_time(&text);
    let is_opener = words::OPENERS
        .split('|')
        .any(|known| known == opener.trim_end_matches([',', '.']))
        && text.chars().any(|c| digit(c).is_some());
    let begins = text.chars().next();
    let is_number = begins.is_some_and(|c| digit(c).is_some() || c == '[') && when;
    let has_figure = |word: &str| word.chars().any(|c| digit(c).is_some());
    let is_day = text
        .split_whitespace()
        .take(WORDS_BEFORE_DATE)
        .any(has_figure)
        && when
        && (has_address(&text) || has_date(&text) && has_time(&text));
    is_opener || is_number || is_day
}

/// Whether a line begins as such a line does, by the name of somebody: no word before it is one of a sentence.
fn opens_with_name(line: &str, circumstances: &QuoteContext) -> bool {
    let text: String = line
        .chars()
        .filter(|c| !is_bidi(*c))
        .collect::<String>()
        .trim_start_matches(['*', '"', ' ', '_', '“', '„', '\''])
        .to_owned();
    let lower = text.to_lowercase();
    let first = tokens(&lower).next().unwrap_or_default();
    let is_known = |known: &KnownPerson| {
        known.is_named_in(&lower)
            && (known.name.iter().any(|word| word == first) || lower.starts_with(&known.address))
    };
    let is_quoting = words::QUOTING.split('|').any(|word| word == first);
    if is_quoting || circumstances.known.iter().any(is_known) {
        return true;
    }
    let Some((before, _)) = text.split_once(['<', '[', '(']) else {
        return false;
    };
    let is_name = |word: &str| word.chars().next().is_some_and(|c| !c.is_lowercase());
    let words = before.split_whitespace().count();
    (1..=5).contains(&words) && before.split_whitespace().all(is_name) && has_address(&text)
}

/// Whether what was begun in a line above is ended: `<alice@` … `>`.
fn is_balanced(text: &str) -> bool {
    let count = |wanted: char| text.chars().filter(|c| *c == wanted).count();
    count('>') <= count('<')
}

/// Where the line begins that ends at `last`; `None` where there is none.
fn start(
    lines: &[QuotedLine<'_>],
    last: usize,
    circumstances: &QuoteContext,
    accepts: impl Fn(Evidence) -> bool,
) -> Option<usize> {
    let mut joined = String::new();
    let mut found = None;
    for at in (last.saturating_sub(LINES_MAX.saturating_sub(1))..=last).rev() {
        let line = lines.get(at)?;
        let is_usable =
            !line.is_blank() && (line.place == LinePlace::Introduction || !line.is_quoted());
        if !is_usable {
            break;
        }
        if line
            .text
            .chars()
            .count()
            .saturating_add(joined.chars().count())
            > CHARS_MAX
        {
            break;
        }
        joined = format!("{} {joined}", line.text.trim());
        let joined = joined.trim();
        let evidence = Evidence::of(joined, circumstances);
        let opens_with_date = opens_with_date(line.text.trim());
        if found.is_some() {
            // One that begins with a name, and the date stands in the line above.
            let is_part = opens_with_date && !line.text.ends_with(['.', '!', '?', ':']);
            return if is_part { Some(at) } else { found };
        }
        if !accepts(evidence) || !is_balanced(joined) {
            continue;
        }
        if opens_with_date {
            return Some(at);
        }
        if opens_with_name(line.text.trim(), circumstances) {
            if evidence.date || evidence.time {
                return Some(at);
            }
            found = Some(at);
        }
    }
    found
}

/// Where a history without marks begins: below a line that names who wrote, with their address, the day and the time, and
/// who is among those to whom this answer is.
pub(super) fn history(lines: &[QuotedLine<'_>], circumstances: &QuoteContext) -> Option<usize> {
    let is_end = |line: &QuotedLine<'_>| {
        !line.is_quoted()
            && line.place != LinePlace::Introduction
            && line.text.ends_with([':', '：'])
    };
    let ends = lines.iter().enumerate().filter(|(_, line)| is_end(line));
    for (at, _) in ends.take(CANDIDATES_MAX) {
        let below = lines.get(at.saturating_add(1)..)?;
        let next = below.iter().find(|line| !line.is_blank());
        if next.is_none_or(QuotedLine::is_quoted) {
            continue;
        }
        let is_whole = |evidence: Evidence| {
            evidence.verb && evidence.address && evidence.known && evidence.date && evidence.time
        };
        let start = start(lines, at, circumstances, is_whole);
        if start.is_some() {
            return start;
        }
    }
    None
}

/// Where the last quotation begins, with the line over it, if the text ends with one that is history. `stands_over`: whether
/// it begins with something else that says so.
pub(super) fn last_quotation(
    lines: &[QuotedLine<'_>],
    circumstances: &QuoteContext,
    stands_over: impl Fn(&[QuotedLine<'_>]) -> bool,
) -> Option<usize> {
    let is_part = |line: &QuotedLine<'_>| {
        line.is_blank() || line.is_quoted() || line.place == LinePlace::Introduction
    };
    let first = lines.iter().rposition(|line| !is_part(line));
    let first = first.map_or(0, |last| last.saturating_add(1));
    let block = lines.get(first..)?;
    if !block.iter().any(QuotedLine::is_quoted) {
        return None;
    }
    let above = super::without_blanks(lines, first);
    let introduces = |evidence: Evidence| evidence.introduces(circumstances);
    let said = above
        .checked_sub(1)
        .and_then(|last| start(lines, last, circumstances, introduces));
    if said.is_some() {
        return said;
    }
    let is_certain = block.iter().any(|line| match line.place {
        LinePlace::Introduction | LinePlace::History => true,
        LinePlace::Quotation => circumstances.is_answer,
        _ => false,
    });
    let is_certain = is_certain || is_introduced_within(block, circumstances) || stands_over(block);
    is_certain.then_some(first)
}

/// The line over it may be quoted with it.
fn is_introduced_within(block: &[QuotedLine<'_>], circumstances: &QuoteContext) -> bool {
    let mut joined = String::new();
    let filled = block
        .iter()
        .map(QuotedLine::unquoted)
        .filter(|text| !text.chars().all(is_unseen));
    for text in filled.take(LINES_MAX) {
        if text.chars().count().saturating_add(joined.chars().count()) > CHARS_MAX {
            return false;
        }
        joined.push_str(text);
        joined.push(' ');
        let evidence = Evidence::of(&joined, circumstances);
        if joined.trim_end().ends_with([':', '：']) || evidence.verb {
            let is_introduction = evidence.introduces(circumstances)
                || circumstances.is_answer && evidence.address && (evidence.date || evidence.time);
            if is_introduction {
                return true;
            }
        }
    }
    false
}
