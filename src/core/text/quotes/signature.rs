//! Signatures, where it is certain that they are: behind a separator, in the class that a program gave them, what phones
//! say of themselves, and what lists and scanners add.

use super::{LinePlace, QuotedLine, words};

/// RFC 3676 §4.3.
pub(super) const SEPARATOR: &str = "-- ";
/// Below a separator more than this is no signature, in lines that are not blank.
const LINES_MAX: usize = 30;
/// Nor is a longer one, in octets.
const OCTETS_MAX: usize = 4000;
/// What a list adds is no longer, in lines that are not blank.
const FOOTER_LINES_MAX: usize = 12;
/// What a list says of itself.
const OF_LISTS: [&str; 6] = [
    "mailing list",
    "mailing-list",
    "mailinglist",
    "unsubscribe",
    "listinfo",
    "mailman",
];
/// A signature of a name and where to find whom it names has no more lines, between two separators.
const NAME_LINES_MAX: usize = 8;
/// Nor longer ones.
const NAME_CHARS_MAX: usize = 72;
/// A list draws a line over what it adds, of at least so many characters.
const FOOTER_RULE_CHARS_MIN: usize = 20;
/// A phrase of a program is no longer, in characters.
const PHRASE_CHARS_MAX: usize = 160;
/// The name of a device or program in a phrase.
const MAKER_CHARS_MAX: usize = 60;
/// Words with which a sentence goes on, and no name does.
const GOES_ON: [&str; 10] = [
    "is", "so", "i", "we", "you", "because", "cannot", "but", "then", "please",
];
/// So many separators are what a text is made of, and no signature.
const SEPARATORS_TOO_MANY: usize = 3;
/// Words of “Get Outlook for iOS”, in any language.
const GET_WORDS_MAX: usize = 9;

/// Where a signature or footer begins with which the text ends; it may be one of several. The last line is not blank.
pub(super) fn start(lines: &[QuotedLine<'_>]) -> Option<usize> {
    marked(lines)
        .or_else(|| footer(lines))
        .or_else(|| scanned(lines))
        .or_else(|| separated(lines))
        .or_else(|| phrase(lines))
}

/// In the class of a signature, with the separator over it.
fn marked(lines: &[QuotedLine<'_>]) -> Option<usize> {
    lines
        .last()
        .filter(|line| line.place == LinePlace::Signature)?;
    let is_part = |line: &QuotedLine<'_>| line.place == LinePlace::Signature || line.is_blank();
    let above = lines.iter().rposition(|line| !is_part(line));
    let start = above.map_or(0, |above| above.saturating_add(1));
    let is_separator = |line: &QuotedLine<'_>| line.text.trim_end() == "--";
    Some(match above.and_then(|above| lines.get(above)) {
        Some(line) if is_separator(line) => start.saturating_sub(1),
        _ => start,
    })
}

/// Below a separator. From HTML it comes without its space.
fn separated(lines: &[QuotedLine<'_>]) -> Option<usize> {
    let separators = lines.iter().filter(|line| line.is_separator());
    if separators.take(SEPARATORS_TOO_MANY).count() == SEPARATORS_TOO_MANY {
        return None;
    }
    let (mut filled, mut octets) = (0_usize, 0_usize);
    for (at, line) in lines.iter().enumerate().rev() {
        if line.is_separator() {
            return Some(at);
        }
        if has_afterthought(line) {
            return None;
        }
        filled = filled.saturating_add(usize::from(!line.is_blank()));
        octets = octets.saturating_add(line.text.len());
        if filled > LINES_MAX || octets > OCTETS_MAX || line.is_quoted() {
            return None;
        }
    }
    None
}

/// Whether what stands between two separators is a signature as well: the lower one is a list's, or these are lines of a name and
/// not sentences.
pub(super) fn is_above(block: &[QuotedLine<'_>], below: &[QuotedLine<'_>]) -> bool {
    let is_sentence = |line: &QuotedLine<'_>| {
        let text = line.text.trim_end();
        text.chars().count() > NAME_CHARS_MAX
            || text.ends_with(['.', '?', '!', '…', ',', ':', ';', '。', '？', '！'])
    };
    let filled = block.iter().skip(1).filter(|line| !line.is_blank());
    below.iter().any(says_list)
        || !block.iter().any(QuotedLine::is_quoted)
            && filled.clone().count() <= NAME_LINES_MAX
            && !filled.into_iter().any(is_sentence)
}

fn says_list(line: &QuotedLine<'_>) -> bool {
    let text = line.text.to_lowercase();
    OF_LISTS.iter().any(|word| text.contains(word))
}

/// `P.S.`: below a signature, but no part of it.
fn has_afterthought(line: &QuotedLine<'_>) -> bool {
    let begin: String = line.text.trim_start().chars().take(8).collect();
    let begin = begin.to_lowercase();
    let mut marks = words::AFTERTHOUGHTS.split('|');
    marks.any(|mark| begin.starts_with(mark))
}

/// What a mailing list adds, below a line that it draws: what stands right below that says so.
fn footer(lines: &[QuotedLine<'_>]) -> Option<usize> {
    let mut filled = 0_usize;
    // Whether the last line that was seen says so, and the one below it.
    let (mut here, mut below) = (false, false);
    for (at, line) in lines.iter().enumerate().rev() {
        let is_rule = line.text.len() >= FOOTER_RULE_CHARS_MIN
            && line.text.bytes().all(|c| matches!(c, b'_' | b'-' | b'='));
        let is_rule = is_rule || matches!(line.text.trim_end(), "-=-=-=-=-=-=-=-=-=-=-=-" | "--");
        if is_rule {
            return (here || below).then_some(at);
        }
        if line.is_blank() {
            continue;
        }
        filled = filled.saturating_add(1);
        if filled > FOOTER_LINES_MAX || line.is_quoted() {
            return None;
        }
        (here, below) = (says_list(line), here);
    }
    None
}

/// What a virus scanner adds, below a line that it draws.
fn scanned(lines: &[QuotedLine<'_>]) -> Option<usize> {
    let is_said = |line: &QuotedLine<'_>| {
        let text = line.text.to_lowercase();
        text.chars().count() <= PHRASE_CHARS_MAX
            && words::SCANNED.split('|').any(|said| text.contains(said))
    };
    lines.last().filter(|line| is_said(line))?;
    let is_part = |line: &QuotedLine<'_>| line.is_blank() || is_said(line);
    let above = lines.iter().rposition(|line| !is_part(line));
    let start = above.map_or(0, |above| above.saturating_add(1));
    let is_rule =
        |line: &QuotedLine<'_>| line.text.len() >= 2 && line.text.bytes().all(|c| c == b'-');
    Some(match above.and_then(|above| lines.get(above)) {
        Some(line) if is_rule(line) => start.saturating_sub(1),
        _ => start,
    })
}

/// What a phone or a mail program says of itself, in a line of its own.
fn phrase(lines: &[QuotedLine<'_>]) -> Option<usize> {
    let at = lines.len().checked_sub(1)?;
    let line = lines.get(at)?;
    if line.is_quoted() || line.text.chars().count() > PHRASE_CHARS_MAX {
        return None;
    }
    let text = line.text.to_lowercase().replace('\u{a0}', " ");
    let has_link = text.contains("aka.ms/") || text.contains("://");
    let said = without_link(&text);
    let said = said.trim_end_matches(['.', '!', ' ', '。']).trim_start();
    let is_one = is_sent_with(said) || is_get(said, has_link);
    is_one.then(|| without_separator(lines, at))
}

/// The separator over a phrase goes with it.
fn without_separator(lines: &[QuotedLine<'_>], at: usize) -> usize {
    let above = super::without_blanks(lines, at);
    let last = above.checked_sub(1).and_then(|last| lines.get(last));
    match last {
        Some(line) if matches!(line.text.trim_end(), "--" | "—") => above.saturating_sub(1),
        _ => at,
    }
}

/// Without the address that HTML has behind the words of a link.
fn without_link(text: &str) -> &str {
    let text = text.trim();
    let text = text.trim_start_matches('[');
    for open in ['<', '('] {
        if let Some((words, link)) = text.rsplit_once(open)
            && (link.contains("://") || link.starts_with("mailto:"))
        {
            return words.trim().trim_end_matches(']');
        }
    }
    text
}

fn is_sent_with(said: &str) -> bool {
    words::SENT_WITH.iter().any(|(before, behind)| {
        let maker = said
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(behind));
        maker.is_some_and(is_maker)
    })
}

/// A name and not a sentence.
fn is_maker(name: &str) -> bool {
    name.chars().count() <= MAKER_CHARS_MAX
        && !goes_on(name)
        && !name.contains(['.', ',', '!', '?', ';'].as_slice()) | is_domain(name)
        && words::MADE_BY
            .split('|')
            .any(|maker| has_maker(name, maker))
}

/// What its author wrote on: “Sent from my phone so I cannot open it”.
fn goes_on(text: &str) -> bool {
    text.contains(':') || text.split_whitespace().any(|word| GOES_ON.contains(&word))
}

/// `WEB.DE`, `Mail.ru`: a point between letters.
fn is_domain(name: &str) -> bool {
    !name.contains([',', '!', '?', ';'].as_slice())
        && name
            .split('.')
            .all(|part| !part.is_empty() && !part.starts_with(' '))
}

/// The name begins a word; some languages put something behind it.
fn has_maker(name: &str, maker: &str) -> bool {
    name.match_indices(maker).any(|(at, _)| {
        let before = name.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() || c > '\u{2e80}')
    })
}

/// “Get Outlook for iOS” in any language.
fn is_get(said: &str, has_link: bool) -> bool {
    let words = said.split_whitespace().count();
    if words > GET_WORDS_MAX
        || goes_on(said)
        || !said.contains("outlook")
        || !(said.contains("ios") || said.contains("android") || said.contains("mac"))
    {
        return false;
    }
    let is_get = words::GET
        .split('|')
        .any(|get| said.starts_with(get) || said.ends_with(get));
    has_link || is_get
}
