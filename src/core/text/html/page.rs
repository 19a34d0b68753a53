//! The text that an HTML mail becomes, line by line.

use super::styled::Style;
use crate::core::limits::HTML_DEPTH_MAX;
use crate::core::text::quotes::{Ink, LINES_MAX, LinePlace};

/// Deeper quotes and lists look no deeper.
const SHOWN_DEPTH_MAX: usize = 10;

/// Text as it grows. Breaks and spaces are remembered and written only before the next word, so that there are never
/// two blank lines.
#[derive(Default)]
pub(super) struct TextPage {
    text: String,
    /// Line ends to write before the next word: 0, 1, or 2 for a blank line.
    breaks: usize,
    space: bool,
    /// A cell of a table has begun and has no word yet.
    cell: Option<Cell>,
    /// The line was begun by a non-breaking space: with nothing after it, it is a blank line that was meant.
    held_open: bool,
    /// How deep the last line that was written is quoted.
    last_quote: usize,
    quotes: Vec<bool>,
    lists: Vec<Option<i64>>,
    marker: Option<String>,
    lines: usize,
    /// What is written next is struck out.
    is_struck: bool,
    /// What was written last is, and its mark is not written yet.
    is_striking: bool,
    /// How the words are written that come next.
    pub style: Option<Style>,
    /// How those were that were written last, where the end of that is not written yet.
    open_style: Option<Style>,
    /// In what the words stand that are written next.
    pub place: LinePlace,
    /// Of each line of the text.
    places: Vec<LinePlace>,
    /// In which colour the words are that are written next.
    pub ink: Ink,
    /// Of each line of the text, up to where nobody looks at it any more.
    inks: Vec<Ink>,
}

/// Where a cell stands in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// At the start of a line.
    First,
    /// After another cell, on the same line.
    Beside,
}

/// A place in a [`TextPage`].
#[derive(Clone, Copy)]
pub(super) struct Mark {
    octets: usize,
    lines: usize,
    at_line_start: bool,
}

impl TextPage {
    /// The lines of the whole text, and where and in which colour each stood.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, LinePlace, Ink)> {
        let places = self.places.iter().copied();
        let lines = self.text.split('\n').zip(places);
        let inks = self.inks.iter().copied();
        let lines = lines.zip(inks.chain(std::iter::repeat(Ink::Unknown)));
        lines.map(|((line, place), ink)| (line, place, ink))
    }

    /// The place after the last word.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            octets: self.text.len(),
            lines: self.lines,
            at_line_start: self.is_at_line_start(),
        }
    }

    /// What was written since.
    pub(super) fn since(&self, mark: Mark) -> &str {
        self.text.get(mark.octets..).unwrap_or_default()
    }

    /// Whether all that was written since stands on one line.
    pub(super) fn is_one_line_since(&self, mark: Mark) -> bool {
        let first = usize::from(mark.at_line_start);
        !self.since(mark).is_empty() && self.lines <= mark.lines.saturating_add(first)
    }

    /// Writes text in which runs of white space are one space.
    pub(super) fn flow(&mut self, text: &str) {
        for piece in text.split_inclusive(is_space) {
            let word = piece.trim_end_matches(is_space);
            if !word.chars().all(is_padding) {
                self.write(word);
            }
            if piece.ends_with(is_space) {
                self.space = true;
                self.held_open |= piece.ends_with('\u{a0}') && self.is_at_line_start();
            }
        }
    }

    /// Writes preformatted text.
    pub(super) fn preformatted(&mut self, text: &str) {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.line_break();
            }
            let line = line.replace('\u{a0}', " ");
            if !line.is_empty() {
                self.write(&line);
            }
        }
    }

    /// Whether what is written next is struck out: it stands between tildes, on each line (XEP-0393 §6.2.4).
    pub(super) fn strike(&mut self, is_struck: bool) {
        if !is_struck {
            self.end_strike();
        }
        self.is_struck = is_struck;
    }

    fn end_strike(&mut self) {
        if std::mem::take(&mut self.is_striking) {
            self.text.push('~');
        }
    }

    /// Whatever is written next is not as what was written last.
    pub(super) fn end_style(&mut self) {
        if let Some(style) = self.open_style.take() {
            self.text.push(style.end());
        }
    }

    /// Writes right after the last word, whatever was to come before the next one.
    pub(super) fn append(&mut self, text: &str) {
        self.end_style();
        self.end_strike();
        self.text.push_str(text);
    }

    /// `<br>`.
    pub(super) fn line_break(&mut self) {
        self.breaks = self.breaks.saturating_add(1).min(2);
        self.space = false;
    }

    /// The edge of a block: at least a new line (1), or a blank line (2). It is none where a cell or an item of a list
    /// has just begun, and lists have no blank lines.
    pub(super) fn block(&mut self, breaks: usize) {
        let held_open = std::mem::take(&mut self.held_open);
        self.space = false;
        if self.cell.is_some() || self.marker.is_some() {
            return;
        }
        let breaks = match (held_open, self.lists.is_empty()) {
            (true, _) => 2,
            (false, true) => breaks,
            (false, false) => 1,
        };
        self.breaks = self.breaks.max(breaks);
    }

    /// The end of a row of cells; in a grid (`is_grid`) the next one follows closely.
    pub(super) fn end_row(&mut self, is_grid: bool) {
        self.cell = None;
        self.block(1);
        if is_grid {
            self.breaks = self.breaks.min(1);
        }
    }

    /// Begins a cell, whose first paragraph needs no line of its own.
    pub(super) fn begin_cell(&mut self, cell: Cell) {
        if cell == Cell::Beside {
            self.breaks = 0;
        }
        self.space = false;
        self.cell = Some(cell);
    }

    /// Begins a quote, or what only looks like one (`quotes` is false).
    pub(super) fn begin_quote(&mut self, quotes: bool) {
        self.block(2);
        if self.quotes.len() < HTML_DEPTH_MAX {
            self.quotes.push(quotes);
        }
    }

    /// Ends a quote.
    pub(super) fn end_quote(&mut self) {
        self.block(2);
        self.quotes.pop();
    }

    /// Begins a list; `first` is the number of its first item if it is numbered.
    pub(super) fn begin_list(&mut self, first: Option<i64>) {
        self.block(2);
        if self.lists.len() < HTML_DEPTH_MAX {
            self.lists.push(first);
        }
    }

    /// Ends a list.
    pub(super) fn end_list(&mut self) {
        self.lists.pop();
        self.marker = None;
        self.block(2);
    }

    /// Begins an item of a list.
    pub(super) fn begin_item(&mut self) {
        self.marker = None;
        self.block(1);
        self.marker = Some(match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "- ".to_owned(),
        });
    }

    fn is_at_line_start(&self) -> bool {
        self.breaks > 0 || self.text.is_empty()
    }

    fn write(&mut self, word: &str) {
        // Of a line that the author goes on with, all is the author's.
        if let Some(place) = self
            .places
            .last_mut()
            .filter(|_| self.place == LinePlace::Written)
        {
            *place = if self.breaks > 0 {
                *place
            } else {
                LinePlace::Written
            };
        }
        if self.is_at_line_start()
            || self.cell == Some(Cell::Beside)
            || self.open_style != self.style
        {
            self.end_style();
        }
        if self.is_at_line_start() {
            self.end_strike();
            self.begin_line();
        } else if self.cell == Some(Cell::Beside) {
            self.end_strike();
            self.text.push_str(" | ");
        } else if self.space {
            self.text.push(' ');
        }
        if self.inks.len() == self.places.len()
            && let Some(ink) = self.inks.last_mut()
            && word.contains(char::is_alphanumeric)
        {
            *ink = ink.with(self.ink);
        }
        self.breaks = 0;
        self.space = false;
        self.cell = None;
        self.held_open = false;
        if self.is_struck && !std::mem::replace(&mut self.is_striking, true) {
            self.text.push('~');
        }
        if self.open_style != self.style {
            self.text.extend(self.style.map(Style::begin));
            self.open_style = self.style;
        }
        self.text.push_str(word);
    }

    fn push_place(&mut self, place: LinePlace) {
        self.places.push(place);
        if self.inks.len() <= LINES_MAX {
            self.inks.push(Ink::Unknown);
        }
    }

    fn begin_line(&mut self) {
        let quote = self.quotes.iter().filter(|quotes| **quotes).count();
        let quote = quote.min(SHOWN_DEPTH_MAX);
        if !self.text.is_empty() {
            self.text.push('\n');
            if self.breaks > 1 {
                // Between two lines of one quote the blank line is quoted as well.
                self.push_repeated('>', quote.min(self.last_quote));
                self.text.push('\n');
                let is_inside = self.places.last() == Some(&self.place);
                self.push_place(if is_inside {
                    self.place
                } else {
                    LinePlace::Written
                });
            }
        }
        self.push_place(self.place);
        self.push_repeated('>', quote);
        if quote > 0 {
            self.text.push(' ');
        }
        let marker = self.marker.take();
        let depth = self.lists.len().min(SHOWN_DEPTH_MAX);
        let indent = depth.saturating_sub(usize::from(marker.is_some()));
        self.push_repeated(' ', indent.saturating_mul(2));
        self.text.push_str(&marker.unwrap_or_default());
        self.last_quote = quote;
        self.lines = self.lines.saturating_add(1);
    }

    fn push_repeated(&mut self, c: char, count: usize) {
        self.text.extend(std::iter::repeat_n(c, count));
    }
}

/// White space that is shown as one space; in a chat the non-breaking one is no different.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{2003}')
}

/// Characters without width, with which newsletters push their first lines out of a preview.
fn is_padding(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{34f}' | '\u{ad}' | '\u{2060}' | '\u{feff}'
    )
}
