//! What of a mail its author has written: without the history that mail programs quote below an answer, and without
//! signatures.
//!
//! Only what is certain is cut. The history is the last block of the mail, below words of the author, introduced as mail
//! programs introduce it: by their HTML, by a line with who wrote when ([`attribution`]), by header lines or by a separator
//! ([`header`]). An answer between or below what it answers stays whole, with the quotation; what is sent on stays
//! whole; and where nothing of the author would remain, nothing is cut. Everything here looks at each line a few times,
//! whatever the lines are.

mod answers;
mod attribution;
mod header;
mod leading;
mod phrases;
mod signature;
mod words;

pub use answers::Ink;
pub use attribution::KnownPerson;
pub use leading::{Leading, leading};

use crate::core::text::subject;
use phrases::Phrases;
use std::sync::LazyLock;

/// Of a text of more lines nothing is cut: no person has written it.
pub(super) const LINES_MAX: usize = 50_000;

/// Where a line of a text stood in the mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinePlace {
    /// Nothing is known of it.
    #[default]
    Any,
    /// In HTML, in nothing that the author's program named.
    Written,
    /// In the line over a quotation, by the class that the author's program gave it.
    Introduction,
    /// In a quotation, by the class or type that the author's program gave it.
    Quotation,
    /// In what the author's program put the whole history into.
    History,
    /// Behind where the author's program put the history, to the end of the mail.
    Behind,
    /// In a signature, by the class that the author's program gave it.
    Signature,
}

/// A text, and of each line where it stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    text: String,
    /// As many as there are lines, or none where nothing is known of any.
    places: Vec<LinePlace>,
    /// The same.
    inks: Vec<Ink>,
    /// Another form of the text shows that there are answers in what it quotes.
    is_answered_within: bool,
}

impl Marked {
    /// A text of which nothing more is known.
    pub fn plain(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }

    /// Adds a line without its end.
    pub fn push(&mut self, line: &str, place: LinePlace) {
        self.push_inked(line, place, Ink::Unknown);
    }

    /// The same, in a colour.
    pub fn push_inked(&mut self, line: &str, place: LinePlace, ink: Ink) {
        if !(self.text.is_empty() && self.places.is_empty()) {
            self.text.push('\n');
        }
        self.text.push_str(line);
        self.places.push(place);
        if self.inks.len() <= LINES_MAX {
            self.inks.push(ink);
        }
    }

    /// Keeps what it quotes, where another form of it shows that there are answers within.
    pub fn keep_answers_of(&mut self, other: &Self, circumstances: &QuoteContext) {
        let is_coloured = |ink: &Ink| ink.colour().is_some();
        if other.inks.iter().any(is_coloured) && !other.has_too_many_lines() {
            self.is_answered_within |= answers::are_within(&other.lines(), circumstances);
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.text
    }

    /// Whether a person would see nothing.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Adds another text below, after a blank line.
    pub fn append(&mut self, below: &Self) {
        let end = self.text.trim_end().len();
        self.text.truncate(end);
        if self.text.is_empty() {
            self.clone_from(below);
            return;
        }
        if !(self.places.is_empty() && below.places.is_empty()) {
            self.places
                .resize(self.text.split('\n').count(), LinePlace::Any);
            self.places.push(LinePlace::Any);
            let above = self.places.len();
            self.places.extend(&below.places);
            let lines = below.text.split('\n').count();
            self.places
                .resize(self.places.len().max(lines), LinePlace::Any);
            self.inks.resize(above, Ink::Unknown);
            self.inks.extend(&below.inks);
        }
        self.is_answered_within |= below.is_answered_within;
        self.text.push_str("\n\n");
        self.text.push_str(&below.text);
    }

    fn has_too_many_lines(&self) -> bool {
        let ends = self.text.bytes().filter(|b| *b == b'\n');
        ends.count() > LINES_MAX
    }

    fn lines(&self) -> Vec<QuotedLine<'_>> {
        let places = self.places.iter().copied();
        let inks = self.inks.iter().copied();
        self.text
            .split('\n')
            .zip(places.chain(std::iter::repeat(LinePlace::Any)))
            .zip(inks.chain(std::iter::repeat(Ink::Unknown)))
            .map(|((text, place), ink)| QuotedLine {
                ink,
                ..QuotedLine::new(text, place)
            })
            .collect()
    }
}

/// A line of the mail.
#[derive(Clone, Copy)]
struct QuotedLine<'a> {
    /// Without white space at its end, unless it is a signature separator.
    text: &'a str,
    place: LinePlace,
    ink: Ink,
}

impl<'a> QuotedLine<'a> {
    fn new(text: &'a str, place: LinePlace) -> Self {
        let text = if text == signature::SEPARATOR {
            text
        } else {
            text.trim_end()
        };
        Self {
            text,
            place,
            ink: Ink::Unknown,
        }
    }

    fn is_blank(&self) -> bool {
        self.text.is_empty() || self.text.chars().all(is_unseen)
    }

    /// RFC 3676 §4.3. From HTML it comes without its space.
    fn is_separator(&self) -> bool {
        self.text == signature::SEPARATOR || self.text == "--" && self.place == LinePlace::Written
    }

    /// Marked as quoted, or quoted by the author's program.
    fn is_quoted(&self) -> bool {
        self.text.starts_with('>')
            || matches!(self.place, LinePlace::Quotation | LinePlace::History)
    }

    /// The text without marks of a quotation.
    fn unquoted(&self) -> &'a str {
        self.text.trim_start_matches(['>', ' '])
    }
}

/// Characters of no width, which some programs put around names and at the start of quotations.
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

/// What the header of a mail says about what its text quotes.
#[derive(Clone, Debug, Default)]
pub struct QuoteContext {
    /// The mail answers another one.
    pub is_answer: bool,
    /// Its subject says so, too.
    pub is_called_answer: bool,
    /// Its subject says that it sends something on.
    pub is_forward: bool,
    /// Without prefixes, in lower case.
    pub base_subject: String,
    /// To whom it is: who wrote what it answers is among them.
    pub known: Vec<KnownPerson>,
    /// Who wrote it.
    pub author: KnownPerson,
}

impl QuoteContext {
    /// `names_others`: the mail has In-Reply-To or References. `known`: the people in To and Cc.
    pub fn new(subject: Option<&str>, names_others: bool, known: Vec<KnownPerson>) -> Self {
        let subject = subject.unwrap_or_default();
        let kind = subject::kind(subject);
        let is_forward = kind == Some(subject::PrefixKind::Forward);
        let is_called_answer = kind == Some(subject::PrefixKind::Reply);
        Self {
            is_answer: is_called_answer || names_others && !is_forward,
            is_called_answer,
            is_forward,
            base_subject: subject::base(subject).to_lowercase(),
            known,
            author: KnownPerson::default(),
        }
    }

    /// The same, by this author.
    pub fn by(self, author: KnownPerson) -> Self {
        Self { author, ..self }
    }
}

/// What remains of a text of which something was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The author's words. Empty only where nothing is left.
    pub text: String,
    /// History was cut, and not only a signature.
    pub is_without_history: bool,
}

/// The author's own words; `None` where nothing is cut. Whether there is anything left is for the caller to look at: a mail
/// may hold a picture besides.
pub fn own(marked: &Marked, circumstances: &QuoteContext) -> Option<Own> {
    if circumstances.is_forward {
        return None;
    }
    if marked.has_too_many_lines() {
        return None;
    }
    let lines = marked.lines();
    if marked.is_answered_within || answers::are_within(&lines, circumstances) {
        return None;
    }
    let forward = lines
        .iter()
        .position(|line| !line.is_quoted_away() && header::begins_forward(line.text));
    let mut end = forward.unwrap_or(lines.len());
    let before = end;
    let history = history(lines.get(..end)?, circumstances);
    if let Some(history) = history {
        end = without_rule(&lines, history);
    }
    let is_last = history.is_none() && forward.is_none();
    let (end, is_without_quotation) = without_ends(&lines, end, is_last, circumstances);
    // What is sent on stays, with all below it.
    let rest = match history {
        Some(_) => &[],
        None => lines.get(before..).unwrap_or_default(),
    };
    let kept = lines.get(..end)?;
    if end == before && history.is_none() {
        return None;
    }
    if kept.iter().all(QuotedLine::is_blank) && !rest.is_empty() {
        return None;
    }
    Some(Own {
        text: joined(kept, rest),
        is_without_history: history.is_some() || is_without_quotation,
    })
}

impl QuotedLine<'_> {
    /// Inside a quotation, so that it is not the author who sends something on.
    fn is_quoted_away(&self) -> bool {
        self.text.starts_with('>') || matches!(self.place, LinePlace::Quotation)
    }
}

/// Where the history begins that goes on to the end of the mail and of which no line is marked.
fn history(lines: &[QuotedLine<'_>], circumstances: &QuoteContext) -> Option<usize> {
    if !circumstances.is_answer {
        return None;
    }
    let behind = lines
        .iter()
        .position(|line| line.place == LinePlace::Behind && !line.is_blank())
        .filter(|start| header::is_answered(lines, *start, circumstances));
    let told = header::history(lines, circumstances);
    let said = attribution::history(lines, circumstances);
    let start = [behind, told, said].into_iter().flatten().min()?;
    let above = lines.get(..start)?;
    let is_own = |line: &QuotedLine<'_>| !line.is_blank() && !line.is_quoted();
    (above.iter().any(is_own) && !points_below(above)).then_some(start)
}

static ANSWERED_WITHIN: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::new([words::ANSWERED_WITHIN]));

/// Whether the author says that there are answers in what is quoted below: written into it, they cannot be told from it.
fn points_below(above: &[QuotedLine<'_>]) -> bool {
    let own = above.iter().filter(|line| !line.is_quoted());
    own.map(|line| line.text.to_lowercase())
        .any(|text| ANSWERED_WITHIN.stand_in(&text))
}

/// Where a line drawn over the history begins, and the blank lines over it.
fn without_rule(lines: &[QuotedLine<'_>], end: usize) -> usize {
    let end = without_blanks(lines, end);
    let is_rule = |line: &QuotedLine<'_>| {
        line.text.chars().count() >= 3 && line.text.chars().all(|c| matches!(c, '-' | '_'))
    };
    match end.checked_sub(1).and_then(|at| lines.get(at)) {
        Some(line) if is_rule(line) => without_blanks(lines, end.saturating_sub(1)),
        _ => end,
    }
}

fn without_blanks(lines: &[QuotedLine<'_>], end: usize) -> usize {
    let above = lines.get(..end).unwrap_or_default();
    let last = above.iter().rposition(|line| !line.is_blank());
    last.map_or(0, |last| last.saturating_add(1))
}

/// Signatures below each other, with those of lists and scanners: more are not looked for.
const ENDS_MAX: usize = 6;

/// Where the text ends without signatures, footers and (where `is_last`: nothing below was cut) one quotation; and whether there
/// was a quotation.
fn without_ends(
    lines: &[QuotedLine<'_>],
    end: usize,
    is_last: bool,
    circumstances: &QuoteContext,
) -> (usize, bool) {
    let (whole, mut end) = (end, without_blanks(lines, end));
    let (mut quotation, mut changed) = (!is_last, end);
    let mut signed: Option<&[QuotedLine<'_>]> = None;
    for _ in 0..ENDS_MAX {
        let above = lines.get(..end).unwrap_or_default();
        let signature = signature::start(above).filter(|start| {
            let block = above.get(*start..).unwrap_or_default();
            let is_one = signed.is_none_or(|below| signature::is_above(block, below));
            signed = signed.or(block
                .first()
                .filter(|line| line.is_separator())
                .map(|_| block));
            is_one
        });
        let cut = signature.or_else(|| {
            let is_wanted = !std::mem::replace(&mut quotation, true);
            let start = is_wanted
                .then(|| last_quotation(above, circumstances))
                .flatten();
            let start =
                start.filter(|start| !points_below(lines.get(..*start).unwrap_or_default()));
            // What is signed above it is another text.
            signed = signed.filter(|_| start.is_none());
            start
        });
        match cut {
            Some(start) => end = without_blanks(lines, start),
            None => break,
        }
        changed = end;
    }
    if changed == without_blanks(lines, whole) {
        return (whole, false);
    }
    (end, is_last && quotation)
}

/// Where the last quotation begins, if the text ends with one that is history.
fn last_quotation(lines: &[QuotedLine<'_>], circumstances: &QuoteContext) -> Option<usize> {
    attribution::last_quotation(lines, circumstances, |block| {
        header::stands_over(block, circumstances)
    })
}

/// The lines with those below, without blank lines at the ends.
fn joined(kept: &[QuotedLine<'_>], rest: &[QuotedLine<'_>]) -> String {
    let mut text = String::new();
    for line in kept {
        if !(text.is_empty() && line.is_blank()) {
            text.push_str(line.text);
            text.push('\n');
        }
    }
    if !rest.is_empty() && !text.is_empty() {
        text.push('\n');
    }
    for line in rest {
        text.push_str(line.text);
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

/// The people of a mail's header as those whom a quotation may name, at most this many.
pub const KNOWN_MAX: usize = 20;

#[cfg(test)]
mod tests;
