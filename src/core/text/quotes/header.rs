//! Header lines and separators over what is answered or sent on.

use super::{LinePlace, QuoteContext, QuotedLine, attribution, is_unseen, words};

/// Lines between a separator and the header lines below it.
const SEPARATOR_DISTANCE_MAX: usize = 3;
/// Most lines of a block of header lines: long lists of recipients go on over several.
const BLOCK_LINES_MAX: usize = 30;
/// A label is no longer, in characters.
const LABEL_CHARS_MAX: usize = 24;
/// Blocks that are looked at in one mail.
const CANDIDATES_MAX: usize = 50;
/// A separator is no longer, in octets.
const SEPARATOR_OCTETS_MAX: usize = 300;

/// What a header line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    From,
    Sent,
    To,
    Subject,
    /// Whatever else: Cc, Importance, Attachments.
    Other,
}

/// The words of a separator: `-----Original Message-----`. `None` where nothing is drawn around them.
fn between_dashes(line: &str) -> Option<String> {
    if line.len() > SEPARATOR_OCTETS_MAX
        || !line.starts_with(['-', '_', '=', '*', '~', '—', '–', '‐', '‑', '─', '━'])
    {
        return None;
    }
    let is_drawn = |c: char| {
        is_unseen(c)
            || matches!(
                c,
                '-' | '_' | '=' | '*' | '~' | '—' | '–' | '‐' | '‑' | '─' | '━' | ':'
            )
    };
    let line = line.replace("&nbsp;", " ");
    let drawn = line.chars().take_while(|c| is_drawn(*c)).count();
    let words = line.trim_matches(is_drawn).to_lowercase();
    (drawn >= 2 && !words.is_empty()).then_some(words)
}

/// Whether a line says that what follows is sent on.
pub(super) fn begins_forward(line: &str) -> bool {
    let is_one = |words: &str| words::FORWARDED.split('|').any(|known| known == words);
    let begins = |words: &str| {
        words::FORWARDED
            .split('|')
            .any(|known| words.starts_with(known))
    };
    // Apple Mail draws nothing.
    let apple = || {
        let words = line.trim().strip_suffix([':', '：'])?;
        (words.len() < SEPARATOR_OCTETS_MAX).then(|| words.trim_end().to_lowercase())
    };
    between_dashes(line).is_some_and(|words| begins(&words))
        || apple().is_some_and(|words| is_one(&words))
}

/// Whether a line stands over the message that is answered.
fn is_original(line: &str) -> bool {
    between_dashes(line).is_some_and(|words| words::ORIGINAL.split('|').any(|known| known == words))
}

/// `>>> Alice Berg <alice@chat.example> 02.11.2026 10:15 >>>`, with nothing marked below.
fn is_of_groupwise(line: &str) -> bool {
    const MARK: &str = ">>>";
    let words = line
        .strip_prefix(MARK)
        .and_then(|rest| rest.trim_end().strip_suffix(MARK));
    words.is_some_and(|words| {
        words.len() <= SEPARATOR_OCTETS_MAX
            && words.starts_with(' ')
            && attribution::has_date(words)
            && attribution::has_time(words)
    })
}

/// Whether a line is drawn only, as long as Outlook draws it.
fn is_drawn(line: &str) -> bool {
    line.len() >= 20 && line.bytes().all(|c| c == b'_' || c == b'-')
        || line.trim_matches(is_unseen) == "---"
}

/// The label of a header line and its value.
fn label(line: &str) -> Option<(Label, &str)> {
    let line = line.trim_start_matches(|c: char| is_unseen(c) || c == '*');
    let (colon, width) = line
        .char_indices()
        .take(LABEL_CHARS_MAX)
        .find_map(|(at, c)| matches!(c, ':' | '：').then_some((at, c.len_utf8())))?;
    let word = line
        .get(..colon)?
        .trim_matches(|c: char| is_unseen(c) || c == '*');
    let value = line.get(colon.saturating_add(width)..)?;
    let word = word.to_lowercase();
    let is_of = |table: &str| table.split('|').any(|known| known == word);
    let label = if is_of(words::FROM) {
        Label::From
    } else if is_of(words::SENT) {
        Label::Sent
    } else if is_of(words::TO) {
        Label::To
    } else if is_of(words::SUBJECT) {
        Label::Subject
    } else {
        Label::Other
    };
    Some((
        label,
        value.trim_matches(|c: char| is_unseen(c) || c == '*'),
    ))
}

/// Whether a line is one of those over a message.
pub(super) fn is_label(line: &str) -> bool {
    label(line).is_some_and(|(label, _)| label != Label::Other)
}

/// Whether the lines begin with those over another message: who wrote it, and when, to whom or what.
pub(super) fn begins_block(lines: &[QuotedLine<'_>]) -> bool {
    let mut labels = lines
        .iter()
        .filter(|line| !line.is_blank())
        .map(|line| label(line.unquoted()).map(|(label, _)| label));
    let is_from = labels.next() == Some(Some(Label::From));
    let is_more = |label| matches!(label, Some(Label::Sent | Label::To | Label::Subject));
    is_from && labels.take(SEPARATOR_DISTANCE_MAX).any(is_more)
}

/// What a block of header lines says.
#[derive(Default)]
struct HeaderBlock {
    from: Option<String>,
    sent: bool,
    to: bool,
    subject: Option<String>,
    has_address: bool,
}

impl HeaderBlock {
    /// Reads the lines from the first on, to the first blank line behind the subject, or to two.
    fn read(lines: &[QuotedLine<'_>]) -> Self {
        let mut block = Self::default();
        let mut blanks = 0_usize;
        for line in lines.iter().take(BLOCK_LINES_MAX) {
            if line.is_blank() {
                blanks = blanks.saturating_add(1);
                if blanks > 1 || block.subject.is_some() && block.from.is_some() {
                    break;
                }
                continue;
            }
            match label(line.text) {
                Some((Label::From, value)) if block.from.is_none() => {
                    block.from = Some(value.to_lowercase());
                }
                Some((Label::Sent, _)) => block.sent = true,
                Some((Label::To, _)) => block.to = true,
                Some((Label::Subject, value)) if block.subject.is_none() => {
                    block.subject = Some(value.to_lowercase());
                }
                Some(_) => {}
                // The value of the line above goes on, but not behind a blank line.
                None if blanks == 0 => {}
                None => break,
            }
            if block.subject.is_none() || label(line.text).is_some() {
                blanks = 0;
                block.has_address |= attribution::has_address(line.text);
            }
        }
        block
    }

    fn is_whole(&self) -> bool {
        self.from.is_some() && self.subject.is_some() && (self.sent || self.to)
            || self.from.is_some() && self.sent && self.to
    }

    /// Whether it is about what this mail answers.
    fn is_answered(&self, circumstances: &QuoteContext) -> bool {
        let from = self.from.as_deref().unwrap_or_default();
        let is_known = circumstances
            .known
            .iter()
            .any(|known| known.is_named_in(from));
        let has_subject = self.subject.as_deref().is_some_and(|subject| {
            let base = crate::core::text::subject::base(subject);
            !base.is_empty() && base == circumstances.base_subject
        });
        is_known && (self.has_address || has_subject || self.sent)
            || circumstances.is_called_answer && has_subject
    }
}

/// Where a history begins that goes on to the end of the mail: at a separator, or at header lines.
pub(super) fn history(lines: &[QuotedLine<'_>], circumstances: &QuoteContext) -> Option<usize> {
    let mut candidates = 0_usize;
    for (at, line) in lines.iter().enumerate() {
        let is_of_groupwise = is_of_groupwise(line.text);
        if line.is_quoted() && !is_of_groupwise || matches!(line.place, LinePlace::Introduction) {
            continue;
        }
        let is_original = is_of_groupwise || is_original(line.text);
        let label = label(line.text).map(|(label, _)| label);
        if !is_original && matches!(label, None | Some(Label::Other)) {
            continue;
        }
        candidates = candidates.saturating_add(1);
        if candidates > CANDIDATES_MAX {
            return None;
        }
        if is_original {
            // Header lines of something else are what the author has copied.
            let block = HeaderBlock::read(lines.get(at.saturating_add(1)..)?);
            if block.from.is_some() && !block.is_answered(circumstances) {
                continue;
            }
            return Some(at);
        }
        let block = HeaderBlock::read(lines.get(at..)?);
        let is_drawn_over = drawn_over(lines, at);
        let is_sure = is_drawn_over && circumstances.is_called_answer;
        if block.is_whole() && (block.is_answered(circumstances) || is_sure) {
            return Some(at);
        }
    }
    None
}

/// Whether what stands from `start` on is what this mail answers: Outlook writes the same over what it sends on.
pub(super) fn is_answered(
    lines: &[QuotedLine<'_>],
    start: usize,
    circumstances: &QuoteContext,
) -> bool {
    let below = lines.get(start..).unwrap_or_default();
    let is_label =
        |line: &QuotedLine<'_>| matches!(label(line.text), Some((Label::From | Label::Sent, _)));
    let first = below.iter().take(BLOCK_LINES_MAX).position(is_label);
    let block = first
        .and_then(|first| below.get(first..))
        .map(HeaderBlock::read);
    circumstances.is_called_answer || block.is_some_and(|block| block.is_answered(circumstances))
}

/// Whether a quotation begins with a separator or with the header lines of what this mail answers.
pub(super) fn stands_over(block: &[QuotedLine<'_>], circumstances: &QuoteContext) -> bool {
    let unquoted = block.iter().map(|line| QuotedLine {
        text: line.unquoted(),
        ..*line
    });
    let mut unquoted: Vec<QuotedLine<'_>> = unquoted
        .skip_while(QuotedLine::is_blank)
        .take(BLOCK_LINES_MAX)
        .collect();
    let is_original = unquoted.first().is_some_and(|line| is_original(line.text));
    if is_original {
        unquoted.remove(0);
    }
    let block = HeaderBlock::read(&unquoted);
    let is_answered = block.is_whole() && block.is_answered(circumstances);
    circumstances.is_answer && (is_answered || is_original && block.from.is_none())
}

/// Whether a line is drawn over the line at `at`.
fn drawn_over(lines: &[QuotedLine<'_>], at: usize) -> bool {
    let above = lines.get(at.saturating_sub(SEPARATOR_DISTANCE_MAX)..at);
    let above = above.unwrap_or_default().iter().rev();
    let last = above.into_iter().find(|line| !line.is_blank());
    last.is_some_and(|line| is_drawn(line.text))
}
