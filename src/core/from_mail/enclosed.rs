//! Files that stand in the text itself, as programs wrote them before MIME: uuencode (POSIX), yEnc and BinHex (RFC 1741).

use super::attachment::{self, Attachment, attachment_line};
use super::transfer_encoding::is_base64;
use crate::core::language::Language;
use crate::core::limits;
use crate::core::text::{charset, clean};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::Lines;

/// A file name in octets; a longer line is none.
const NAME_OCTETS_MAX: usize = 250;
/// Octets of a file in one line of uuencode.
const UU_LINE_MAX: usize = 45;
/// What stands over a file in BinHex, in whatever words behind it.
const BINHEX: &[u8] = b"(This file must be converted with BinHex";
/// Lines of BinHex: its digits, between two colons.
const BINHEX_LINE_MAX: usize = 80;
/// All of them but the last have 64.
const BINHEX_FULL: usize = 60;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TextPiece<'a> {
    /// As it stands there.
    Text(&'a [u8]),
    /// A line stands in its place.
    File(Box<Attachment>),
}

/// Files that stand in a text, by the line that stands there in place of each: in English, since nobody knows yet who reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enclosed(BTreeMap<String, Attachment>);

impl Enclosed {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The line for one more.
    pub fn line(&mut self, file: Attachment) -> String {
        let line = attachment_line(Language::ENGLISH, &file, None);
        let with_end = format!("{line}\n");
        if self.0.len() < limits::MIME_PARTS_MAX {
            self.0.insert(line, file);
        }
        with_end
    }

    /// The text with these lines in a language.
    pub fn told<'a>(&self, text: &'a str, language: Language) -> Cow<'a, str> {
        if self.0.is_empty() || language == Language::ENGLISH {
            return Cow::Borrowed(text);
        }
        let lines = text.split('\n').map(|line| match self.0.get(line) {
            Some(file) => Cow::Owned(attachment_line(language, file, None)),
            None => Cow::Borrowed(line),
        });
        Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
    }
}

/// The text with a line in place of each file in it; `None` where there is none.
pub(super) fn pieces(text: &[u8]) -> Option<Vec<TextPiece<'_>>> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0_usize, 0_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(file) = file(rest) {
            pieces.extend(text.get(start..at).map(TextPiece::Text));
            let name = charset::decode(None, file.name);
            let attachment = Attachment::new(attachment::file_name(&name), file.octets);
            pieces.push(TextPiece::File(Box::new(attachment)));
            at = at.saturating_add(file.length);
            start = at;
        } else {
            at = at.saturating_add(line(rest).len());
        }
    }
    if pieces.is_empty() {
        return None;
    }
    pieces.extend(text.get(start..).map(TextPiece::Text));
    Some(pieces)
}

struct EncodedFile<'a> {
    name: &'a [u8],
    /// Of the file itself.
    octets: usize,
    /// Of all its lines.
    length: usize,
}

/// The first line with its end.
fn line(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|b| *b == b'\n');
    let end = end.map_or(text.len(), |end| end.saturating_add(1));
    text.get(..end).unwrap_or(text)
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The file with which the text begins. Each line is looked at again only where a beginning is none, and then no more than
/// the line behind it.
fn file(text: &[u8]) -> Option<EncodedFile<'_>> {
    let first = without_end(line(text));
    if first.len() > NAME_OCTETS_MAX {
        return None;
    }
    if let Some(rest) = first.strip_prefix(b"begin ") {
        return uuencoded(text, rest);
    }
    if let Some(rest) = first.strip_prefix(b"begin-base64 ") {
        return base64_encoded(text, rest);
    }
    if first.starts_with(BINHEX) {
        return binhex(text);
    }
    yencoded(text, first.strip_prefix(b"=ybegin ")?)
}

/// `begin-base64 644 NAME`, base64, and `====`.
fn base64_encoded<'a>(text: &'a [u8], rest: &'a [u8]) -> Option<EncodedFile<'a>> {
    let at = rest.iter().position(|b| *b == b' ')?;
    let name = rest.get(at..)?.trim_ascii();
    let (mut digits, mut length) = (0_usize, line(text).len());
    let mut is_over = false;
    for line in text.get(length..)?.split_inclusive(|b| *b == b'\n') {
        let content = line.trim_ascii();
        is_over = content == b"====";
        if !is_over && !content.iter().all(|b| is_base64(*b) || *b == b'=') {
            break;
        }
        length = length.saturating_add(line.len());
        if is_over {
            break;
        }
        let here = content.iter().filter(|b| is_base64(**b)).count();
        digits = digits.saturating_add(here);
    }
    // Without its end, words may follow that look alike.
    (is_over && digits > 0 && !name.is_empty()).then_some(EncodedFile {
        name,
        octets: digits.saturating_mul(3) / 4,
        length,
    })
}

/// A line that says what it is, and digits from one colon to the next. The name is among them.
fn binhex(text: &[u8]) -> Option<EncodedFile<'_>> {
    let (mut octets, mut length) = (0_usize, line(text).len());
    let (mut is_begun, mut is_full, mut is_over) = (false, false, false);
    for line in text.get(length..)?.split_inclusive(|b| *b == b'\n') {
        let content = line.trim_ascii();
        let is_digit = |b: &u8| b.is_ascii_graphic();
        let is_first = !is_begun && content.starts_with(b":");
        let is_one = (is_begun || is_first) && content.iter().all(is_digit) && !content.is_empty();
        if !(is_one || !is_begun && content.is_empty()) || content.len() > BINHEX_LINE_MAX {
            break;
        }
        length = length.saturating_add(line.len());
        octets = octets.saturating_add(content.len());
        is_begun |= is_first;
        is_full = is_full || content.len() >= BINHEX_FULL;
        is_over = is_begun && content.ends_with(b":") && !(is_first && content.len() == 1);
        if is_over {
            break;
        }
    }
    // Of one that was cut on its way lines are left that are as long as no word.
    (is_over || is_begun && is_full).then_some(EncodedFile {
        name: b"",
        octets: octets.saturating_mul(3) / 4,
        length,
    })
}

/// `begin 644 NAME`, lines of which the first character says how many octets they hold, and `end`.
fn uuencoded<'a>(text: &'a [u8], rest: &'a [u8]) -> Option<EncodedFile<'a>> {
    let (mode, name) = rest.split_at_checked(3)?;
    let (mode, name) = match name.split_first()? {
        (digit @ b'0'..=b'7', rest) => (mode.iter().chain(Some(digit)), rest),
        _ => (mode.iter().chain(None), name),
    };
    let is_mode = mode.into_iter().all(|b| matches!(b, b'0'..=b'7'));
    let name = name.strip_prefix(b" ")?.trim_ascii();
    if !is_mode || name.is_empty() {
        return None;
    }
    let (mut octets, mut length) = (0_usize, line(text).len());
    let mut lines = text.get(length..)?.split_inclusive(|b| *b == b'\n');
    loop {
        let next = lines.next();
        let content = next.map(without_end).unwrap_or_default();
        let is_over = content.trim_ascii_end() == b"end";
        let count = uu_octets(content).filter(|_| !is_over);
        if count.is_none() && !is_over && !content.trim_ascii().is_empty() || next.is_none() {
            // Cut on its way: what is left is a file all the same.
            return (octets > 0).then_some(EncodedFile {
                name,
                octets,
                length,
            });
        }
        octets = octets.saturating_add(count.unwrap_or(0));
        length = length.saturating_add(next.map_or(0, <[u8]>::len));
        if is_over {
            return Some(EncodedFile {
                name,
                octets,
                length,
            });
        }
    }
}

/// How many octets a line of uuencode holds. Servers cut blanks at its end, and some programs add a character.
fn uu_octets(content: &[u8]) -> Option<usize> {
    let is_uu = content.iter().all(|b| matches!(b, b' '..=b'`'));
    let first = content.first().filter(|_| is_uu)?;
    let count = usize::from(first.checked_sub(b' ')?) & 63;
    let digits = count.div_ceil(3).saturating_mul(4).saturating_add(1);
    (count <= UU_LINE_MAX && content.len() <= digits.saturating_add(2)).then_some(count)
}

/// `=ybegin line=128 size=200 name=NAME`, any octets, and `=yend`. Of one that was cut on its way lines are left that are as long as
/// it says.
fn yencoded<'a>(text: &'a [u8], rest: &'a [u8]) -> Option<EncodedFile<'a>> {
    let at = rest.windows(5).position(|five| five == b"name=")?;
    let (_, name) = rest.split_at_checked(at)?;
    let name = name.get(b"name=".len()..)?.trim_ascii();
    // The name is the last, and may have blanks; of some programs it is the first.
    let is_field = |word: &[u8]| word.starts_with(b"line=") || word.starts_with(b"size=");
    let end = name
        .split(|b| *b == b' ')
        .take_while(|word| !is_field(word));
    let end = end.map(|word| word.len().saturating_add(1)).sum::<usize>();
    let name = name.get(..end).unwrap_or(name).trim_ascii();
    let octets = yenc_number(rest, b"size=")?;
    let length = match yenc_end(text) {
        Some(length) => length,
        None => yenc_cut(text, yenc_number(rest, b"line=")?, octets)?,
    };
    Some(EncodedFile {
        name,
        octets,
        length,
    })
}

/// The value of a field of such a line.
fn yenc_number(fields: &[u8], name: &[u8]) -> Option<usize> {
    let mut fields = fields.split(|b| *b == b' ');
    let value = fields.find_map(|field| field.strip_prefix(name))?;
    std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
}

/// The length of all lines up to the end, where that comes before another beginning.
fn yenc_end(text: &[u8]) -> Option<usize> {
    let mut length = line(text).len();
    for line in text.get(length..)?.split_inclusive(|b| *b == b'\n') {
        length = length.saturating_add(line.len());
        if line.starts_with(b"=yend") {
            return Some(length);
        }
        if line.starts_with(b"=ybegin ") {
            return None;
        }
    }
    None
}

/// The length of the lines that can be nothing else, where there is no end: all are as long as it says, but the last of the file; one
/// that was cut on its way is no text, or the last one there is.
fn yenc_cut(text: &[u8], width: usize, octets: usize) -> Option<usize> {
    let mut length = line(text).len();
    let (mut all, mut all_max, mut is_begun) = (0_usize, octets, false);
    for line in text.get(length..)?.split_inclusive(|b| *b == b'\n') {
        let content = without_end(line);
        if let Some(part) = content.strip_prefix(b"=ypart ") {
            let (begin, end) = (yenc_number(part, b"begin=")?, yenc_number(part, b"end=")?);
            all_max = end.saturating_sub(begin).saturating_add(1).min(octets);
            length = length.saturating_add(line.len());
            continue;
        }
        // An octet that must not stand there is written as two, also at the end of a line.
        let marks = content.iter().filter(|b| **b == b'=').count();
        all = all.saturating_add(content.len().saturating_sub(marks));
        let is_full = width > 0 && (width..=width.saturating_add(1)).contains(&content.len());
        if !is_full || all >= all_max {
            let is_last = is_full || all == all_max;
            let is_cut = is_begun && (!line.ends_with(b"\n") || is_garbled(content));
            if is_last || is_cut {
                is_begun = true;
                length = length.saturating_add(line.len());
            }
            break;
        }
        is_begun = true;
        length = length.saturating_add(line.len());
    }
    is_begun.then_some(length)
}

/// Whether it can be no line of a text.
fn is_garbled(content: &[u8]) -> bool {
    let is_control = |b: &u8| b.is_ascii_control() && *b != b'\t';
    content.iter().any(is_control) || std::str::from_utf8(content).is_err()
}

/// What PGP writes around what it has encrypted or signed (RFC 9580 §6.2).
const ARMOR: &str = "-----BEGIN PGP ";
const ARMOR_END: &str = "-----END PGP ";
const SIGNED: &str = "SIGNED MESSAGE-----";
const SIGNATURE: &str = "SIGNATURE";

/// What may stand between what is signed and its first line (RFC 9580 §6.2.2, §7).
const SIGNED_FIELDS: [&str; 5] = ["Hash", "Charset", "Comment", "Version", "NotDashEscaped"];

/// A text without armor, and whether a line stands in place of some.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unarmored {
    pub text: String,
    pub is_less: bool,
}

/// Of what is signed the words (RFC 9580 §7), of what is encrypted that it is. `None` where there is none. What only looks like the
/// beginning of armor is text, and so is all that follows it.
pub(super) fn without_armor(text: &str) -> Option<Unarmored> {
    let begins = |line: &str| line.starts_with(ARMOR);
    text.lines().find(|line| begins(line))?;
    let mut shown = String::with_capacity(text.len());
    let mut lines = text.lines();
    let (mut is_signed, mut is_less) = (false, false);
    while let Some(line) = lines.next() {
        let kind = line.strip_prefix(ARMOR);
        if kind.is_some_and(|kind| kind.trim_end() == SIGNED) {
            is_signed = true;
            lines = behind_fields(lines);
            continue;
        }
        let block = kind.and_then(|kind| Some((kind, armored(kind, lines.clone())?)));
        let Some((kind, (octets, behind))) = block else {
            // RFC 9580 §7.2: each line that began with a hyphen.
            let line = line
                .strip_prefix("- ")
                .filter(|_| is_signed)
                .unwrap_or(line);
            shown.push_str(line);
            shown.push('\n');
            continue;
        };
        lines = behind;
        if kind.starts_with(SIGNATURE) {
            is_signed = false;
            continue;
        }
        let media_type = match kind {
            kind if kind.starts_with("PUBLIC KEY") => "application/pgp-keys",
            kind if kind.starts_with("MESSAGE") => "multipart/encrypted",
            _ => "application/octet-stream",
        };
        let octets = octets.saturating_add(line.len());
        let what = Attachment {
            media_type: media_type.to_owned(),
            ..Attachment::new(None, octets)
        };
        is_less = true;
        shown.push_str(&attachment_line(Language::ENGLISH, &what, None));
        shown.push('\n');
    }
    Some(Unarmored {
        text: clean::for_xml(&shown),
        is_less,
    })
}

/// The octets of armor up to its last line, and what comes behind; `None` where words are in it. One that was cut on its way goes to
/// the end of the text, unless nothing would be said of it. No line is looked at a third time, since it goes no further than to
/// where the next one begins.
fn armored<'a>(kind: &str, mut lines: Lines<'a>) -> Option<(usize, Lines<'a>)> {
    let mut octets = 0_usize;
    loop {
        let Some(line) = lines.next() else {
            return (!kind.starts_with(SIGNATURE)).then_some((octets, lines));
        };
        octets = octets.saturating_add(line.len()).saturating_add(1);
        if line.starts_with(ARMOR_END) {
            return Some((octets, lines));
        }
        let is_field = line.split_once(": ").is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        });
        let is_of_it = is_field || !line.trim().contains(char::is_whitespace);
        if !is_of_it || line.starts_with(ARMOR) {
            return None;
        }
    }
}

/// The lines behind the fields of what is signed, and the blank one below them.
fn behind_fields(mut lines: Lines<'_>) -> Lines<'_> {
    loop {
        let mut ahead = lines.clone();
        match ahead.next() {
            Some(line) if line.trim().is_empty() => return ahead,
            Some(line)
                if SIGNED_FIELDS
                    .iter()
                    .any(|name| line.starts_with(name) && line.contains(": ")) =>
            {
                lines = ahead;
            }
            _ => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::processor;

    fn shown(text: &str) -> String {
        let pieces = pieces(text.as_bytes()).unwrap_or_default().into_iter();
        let shown = pieces.map(|piece| match piece {
            TextPiece::Text(text) => String::from_utf8_lossy(text).into_owned(),
            TextPiece::File(file) => Enclosed::default().line(*file),
        });
        shown.collect()
    }

    #[test]
    fn a_file_in_the_text_is_named_where_it_stands() {
        for (text, expected) in [
            (
                "Hi\r\nbegin 644 a b.gif\r\n#0V%T\r\n`\r\nend\r\nBye\r\n",
                "Hi\r\n[file a b.gif, 3 bytes]\nBye\r\n",
            ),
            ("begin 0644 ../x\n#0V%T\n \nend", "[file x, 3 bytes]\n"),
            // The blank line was lost, or is empty.
            ("begin 644 x\n#0V%T\nend\nBye", "[file x, 3 bytes]\nBye"),
            (
                "begin 644 x\n#0V%T\n\nend\nbegin 600 y\n\"0V$\n`\nend\n",
                "[file x, 3 bytes]\n[file y, 2 bytes]\n",
            ),
            // Cut.
            (
                "begin 644 x\n#0V%T\nGreetings from here\n",
                "[file x, 3 bytes]\nGreetings from here\n",
            ),
            (
                "a\n=ybegin line=128 size=200 name=p q.bin\n\u{1}\u{2}\n=yend size=200\nb",
                "a\n[file p q.bin, 200 bytes]\nb",
            ),
            (
                "a\n=ybegin name=p q.bin line=128 size=200\n\u{1}\n=yend size=200\nb",
                "a\n[file p q.bin, 200 bytes]\nb",
            ),
            (
                "Hi\nbegin-base64 644 a b.bin\nAAEC\nAwQF\n====\nBye",
                "Hi\n[file a b.bin, 6 bytes]\nBye",
            ),
            (
                "Hi\n(This file must be converted with BinHex 4.0)\n\n:$f*TEQKPH#!J\n\"XY0[N:\nBye",
                "Hi\n[file, 15 bytes]\nBye",
            ),
            (
                "=ybegin part=1 total=2 line=128 size=9 name=z\n=ypart begin=1 end=9\nxx\n=yend",
                "[file z, 9 bytes]\n",
            ),
            // Without an end: only what is as long as it says.
            (
                "=ybegin line=4 size=10 name=z\n\u{1}\u{2}=@\u{3}\nabcd\nef\nHello\n",
                "[file z, 10 bytes]\nHello\n",
            ),
            (
                "=ybegin line=4 size=100 name=z\nabcd\nabcd\nHello Carol\n",
                "[file z, 100 bytes]\nHello Carol\n",
            ),
            (
                "=ybegin line=4 size=100 name=z\nabcd\nab",
                "[file z, 100 bytes]\n",
            ),
            (
                "=ybegin part=2 total=2 line=4 size=9 name=z\n=ypart begin=5 end=9\nabcd\ne\nBye",
                "[file z, 9 bytes]\nBye",
            ),
            (
                "=ybegin line=4 size=4 name=y\nabcd\n=ybegin line=4 size=1 name=z\na\n=yend\nBye",
                "[file y, 4 bytes]\n[file z, 1 bytes]\nBye",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_line_of_a_file_is_in_the_language_of_its_reader() {
        let mut enclosed = Enclosed::default();
        let file = Attachment::new(Some("plan.txt".to_owned()), 3);
        let text = format!(
            "Hello\n{}\n  [file plan.txt, 3 bytes]\nBye",
            enclosed.line(file)
        );
        let german = Language::of_tag("de").unwrap();
        let told = enclosed.told(&text, german);
        let lines: Vec<&str> = told.split('\n').collect();
        assert_eq!(
            lines,
            [
                "Hello",
                "[Datei plan.txt, 3 Byte]",
                "",
                "  [file plan.txt, 3 bytes]",
                "Bye"
            ]
        );
        assert_eq!(enclosed.told(&text, Language::ENGLISH), text);
        assert_eq!(Enclosed::default().told(&text, german), text);
    }

    #[test]
    fn words_are_no_file() {
        for text in [
            "begin 644 apples\nand go on to the market, please\nend\n",
            "begin the work\nend\n",
            "begin 999 x\n#0V%T\nend\n",
            "begin 644 \n#0V%T\nend\n",
            "begin 644",
            "=ybegin\n=yend\n",
            "=ybegin line=1 size=x name=y\n",
            "=ybegin line=128 size=200 name=y\nI wrote this without an end.\nBye\n",
            "=ybegin size=200 name=y\nHello\n",
            "=ybegin line=0 size=1 name=y\n\nHello\n",
            "begin-base64 644 x\n",
            "begin-base64 644 x\nAAEC\nBye\n",
            "begin-base64 the work\n",
            "(This file must be converted with BinHex 4.0)\n\nI could not.\n",
            "",
        ] {
            assert_eq!(pieces(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn of_armor_only_what_it_says_is_left() {
        let block = |kind: &str| {
            format!(
                "-----BEGIN PGP {kind}-----\nVersion: x\n\nabcd\n=ab12\n-----END PGP {kind}-----\n"
            )
        };
        let signed = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nLunch?\n- - one\n- -----\n{}Bye\n- two\n",
            block("SIGNATURE")
        );
        for (text, expected) in [
            (
                format!("Hi\n{}Bye", block("MESSAGE")),
                "Hi\n[encrypted message, 76 bytes]\nBye\n",
            ),
            (block("PUBLIC KEY BLOCK"), "[OpenPGP key, 94 bytes]\n"),
            (signed, "Lunch?\n- one\n-----\nBye\n- two\n"),
            (
                "-----BEGIN PGP MESSAGE-----\nabcd".to_owned(),
                "[encrypted message, 32 bytes]\n",
            ),
        ] {
            let shown = without_armor(&text).map(|one| one.text);
            assert_eq!(shown.as_deref(), Some(expected), "{text}");
        }
        assert_eq!(without_armor("see > -----BEGIN PGP MESSAGE-----"), None);
    }

    #[test]
    fn e35_what_only_looks_like_the_beginning_of_a_file_or_of_armor_hides_no_words() {
        for text in [
            "-----BEGIN PGP SIGNATURE-----\nMeet at nine.\nBye\n",
            "-----BEGIN PGP SIGNATURE-----\nHello\n",
            "-----BEGIN PGP SIGNATURE-----\nHello Carol\n-----END PGP SIGNATURE-----\n",
            "Look:\n-----BEGIN PGP MESSAGE-----\nand there it ends. Bye\n",
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n(cut)\n\nDinner at nine?\n",
            "-----BEGIN PGP MESSAGE-----\nabcd\n-----BEGIN PGP MESSAGE-----\nand words\n",
        ] {
            let shown = without_armor(text).unwrap();
            assert_eq!(shown.text, text);
            assert!(!shown.is_less);
        }
        let signed = "-----BEGIN PGP SIGNED MESSAGE-----\n";
        for (text, words) in [
            ("Meet at nine.\nBye\n", "Meet at nine.\nBye\n"),
            ("Hash: SHA512\nMeet at nine.\n", "Meet at nine.\n"),
            ("Hashes are nice\n\nBye\n", "Hashes are nice\n\nBye\n"),
        ] {
            let shown = without_armor(&format!("{signed}{text}")).unwrap();
            assert_eq!(shown.text, words);
        }
        let words =
            "(This file must be converted with BinHex 4.0)\n\n:words\nHello\nAlice\n\nBye\n";
        assert_eq!(pieces(words.as_bytes()), None);
        // Of one that was cut on its way.
        let line = "A".repeat(64);
        let cut = format!("(This file must be converted with BinHex 4.0)\n\n:{line}\n{line}\n");
        assert!(pieces(cut.as_bytes()).is_some());
    }

    /// Each beginning is looked at, and none of them to the end of the text.
    #[test]
    fn e35_beginnings_without_ends_take_no_longer_than_others() {
        let time = |text: &str, count: usize| {
            let text = text.repeat(count);
            let before = processor::of_thread();
            let _ = (without_armor(&text), pieces(text.as_bytes()));
            processor::of_thread().saturating_sub(before)
        };
        for text in [
            "-----BEGIN PGP MESSAGE-----\nabcd\n",
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n",
            "(This file must be converted with BinHex 4.0)\n\n:abcd\n",
            "begin-base64 644 x\nAAEC\n",
            "=ybegin line=4 size=9 name=y\nabcd\nef\n",
        ] {
            let took = time(text, 20_000);
            assert!(took < std::time::Duration::from_secs(20), "{took:?} {text}");
        }
    }
}
