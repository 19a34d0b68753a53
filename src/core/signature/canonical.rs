//! What is signed, in a form that mail servers on the way do not change: "relaxed" of RFC 6376 §3.4.2 and §3.4.4.

use crate::core::limits;
use ring::digest::{Context, SHA256};
use std::collections::BTreeMap;

/// SHA-256.
pub(super) type Hash = [u8; 32];

/// How much is collected before it is hashed, in octets.
const HASHED_AT_ONCE: usize = 8 * 1024;

/// A field of a header as it is written.
#[derive(Clone, Copy)]
pub(super) struct HeaderField<'a> {
    /// Without space after it.
    name: &'a str,
    /// All between the colon and the next field, folded.
    pub(super) value: &'a [u8],
}

impl<'a> HeaderField<'a> {
    pub(super) const fn new(name: &'a str, value: &'a [u8]) -> Self {
        Self { name, value }
    }

    /// The same field with another value.
    pub(super) const fn with_value<'b>(&self, value: &'b [u8]) -> HeaderField<'b>
    where
        'a: 'b,
    {
        HeaderField::new(self.name, value)
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The name in lower case.
    pub(super) fn name(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// RFC 6376 §3.4.2, without the line end.
    pub(super) fn relaxed(&self) -> Vec<u8> {
        let mut line = self.name.to_ascii_lowercase().into_bytes();
        line.push(b':');
        let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        let words = self.value.split(is_space).filter(|word| !word.is_empty());
        for (at, word) in words.enumerate() {
            if at > 0 {
                line.push(b' ');
            }
            line.extend_from_slice(word);
        }
        line
    }
}

/// The fields of a header, the topmost first. `None` where anything in it could be read in two ways: a line that is no
/// field, a name with odd characters, a line of nothing but space, a carriage return that ends no line, a character that
/// is not UTF-8, or more than is looked at elsewhere.
pub(super) fn fields(header: &[u8]) -> Option<Vec<HeaderField<'_>>> {
    if header.len() > limits::MAIL_HEADER_OCTETS_MAX || std::str::from_utf8(header).is_err() {
        return None;
    }
    let mut fields = Vec::new();
    let (mut start, mut at) = (0_usize, 0_usize);
    for line in header.split_inclusive(|b| *b == b'\n') {
        if !is_clear(line) {
            return None;
        }
        if at > start && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            fields.push(field(header.get(start..at)?)?);
            start = at;
        }
        at = at.saturating_add(line.len());
    }
    if at > start {
        fields.push(field(header.get(start..at)?)?);
    }
    Some(fields)
}

fn is_clear(line: &[u8]) -> bool {
    let text = without_line_end(line);
    !without_space_at_end(text).is_empty() && !text.contains(&b'\r') && !text.contains(&0)
}

/// RFC 5322 §2.2: a name is of printable ASCII. Space before the colon is obsolete (§4.5.8) and allowed.
fn field(lines: &[u8]) -> Option<HeaderField<'_>> {
    let colon = lines.iter().position(|b| *b == b':')?;
    let (name, value) = (lines.get(..colon)?, lines.get(colon.saturating_add(1)..)?);
    let name = without_space_at_end(name);
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    let name = std::str::from_utf8(name).ok().filter(|_| is_name)?;
    Some(HeaderField { name, value })
}

/// The fields of these names in their canonical form, each with its line end. A name that stands there twice is the
/// lowest field of that name and then the one above it; one that no field is left for is nothing (RFC 6376 §5.4.2).
pub(super) fn selected(fields: &[HeaderField<'_>], names: &[String]) -> Vec<u8> {
    let mut left: BTreeMap<String, Vec<&HeaderField<'_>>> = BTreeMap::new();
    for field in fields {
        left.entry(field.name()).or_default().push(field);
    }
    let mut data = Vec::new();
    for name in names {
        if let Some(field) = left.get_mut(name).and_then(Vec::pop) {
            data.extend_from_slice(&field.relaxed());
            data.extend_from_slice(b"\r\n");
        }
    }
    data
}

/// The hash of a body in its canonical form (RFC 6376 §3.4.4). A line feed alone ends a line, too.
pub(super) fn body_hash(body: &[u8]) -> Hash {
    let mut hash = Context::new(&SHA256);
    relaxed_body(body, |piece| hash.update(piece));
    in_octets(hash.finish().as_ref())
}

/// The hash of anything.
pub(super) fn hash(data: &[u8]) -> Hash {
    in_octets(ring::digest::digest(&SHA256, data).as_ref())
}

/// SHA-256 has 32 octets.
fn in_octets(digest: &[u8]) -> Hash {
    let mut hash = Hash::default();
    for (to, from) in hash.iter_mut().zip(digest) {
        *to = *from;
    }
    hash
}

/// Hands the canonical body over piece by piece.
fn relaxed_body(body: &[u8], mut take: impl FnMut(&[u8])) {
    let mut piece = Vec::new();
    let mut empty_lines = 0_usize;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let line = without_space_at_end(without_line_end(line));
        if line.is_empty() {
            // Those at the end of the body do not count.
            empty_lines = empty_lines.saturating_add(1);
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            piece.extend_from_slice(b"\r\n");
            hand_over(&mut piece, &mut take);
        }
        // Space at the beginning of a line becomes one space as any other: the first word is then an empty one.
        let words = line.split(|b| is_space(*b)).enumerate();
        for (at, word) in words.filter(|(at, word)| *at == 0 || !word.is_empty()) {
            if at > 0 {
                piece.push(b' ');
            }
            piece.extend_from_slice(word);
            hand_over(&mut piece, &mut take);
        }
        piece.extend_from_slice(b"\r\n");
    }
    take(&piece);
}

fn hand_over(piece: &mut Vec<u8>, take: &mut impl FnMut(&[u8])) {
    if piece.len() >= HASHED_AT_ONCE {
        take(piece);
        piece.clear();
    }
}

/// WSP of RFC 6376 §2.8.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn without_space_at_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|b| !is_space(*b));
    let length = end.map_or(0, |end| end.saturating_add(1));
    line.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> String {
        let mut whole = Vec::new();
        relaxed_body(text.as_bytes(), |piece| whole.extend_from_slice(piece));
        String::from_utf8(whole).unwrap()
    }

    fn header(text: &str) -> Option<String> {
        let lines = fields(text.as_bytes())?;
        let relaxed = lines.iter().map(|field| {
            let line = String::from_utf8(field.relaxed()).unwrap();
            format!("{line}\r\n")
        });
        Some(relaxed.collect())
    }

    #[test]
    fn the_example_of_rfc_6376_3_4_5() {
        assert_eq!(
            header("A: X\r\nB : Y\t\r\n\tZ  \r\n").as_deref(),
            Some("a:X\r\nb:Y Z\r\n")
        );
        assert_eq!(body(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
    }

    #[test]
    fn a_body_ends_with_one_line_end_and_an_empty_one_is_empty() {
        for empty in ["", "\r\n", "\r\n\r\n", "  \r\n", " \t", "\n\n"] {
            assert_eq!(body(empty), "", "{empty:?}");
        }
        assert_eq!(body("a"), "a\r\n");
        assert_eq!(body("a\n\n b"), "a\r\n\r\n b\r\n");
        assert_eq!(body("\r\n\r\na\r\n \r\n"), "\r\n\r\na\r\n");
        // RFC 6376 §3.4.4 with its hash of nothing.
        let nothing = [
            0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f,
            0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b,
            0x78, 0x52, 0xb8, 0x55,
        ];
        assert_eq!(body_hash(b"\r\n"), nothing);
    }

    #[test]
    fn a_long_body_is_hashed_as_a_whole() {
        let text = "some  words\r\n\r\n".repeat(HASHED_AT_ONCE);
        let canonical = "some words\r\n\r\n".repeat(HASHED_AT_ONCE);
        assert_eq!(
            body_hash(text.as_bytes()),
            hash(&canonical.as_bytes()[..canonical.len() - 2])
        );
    }

    #[test]
    fn a_carriage_return_inside_of_a_line_is_a_character() {
        assert_eq!(body("a\r\r\nb\rc\r\n"), "a\r\r\nb\rc\r\n");
    }

    #[test]
    fn a_header_is_read_in_one_way_or_not_at_all() {
        assert_eq!(header("").as_deref(), Some(""));
        assert_eq!(header("Subject:\r\n").as_deref(), Some("subject:\r\n"));
        assert_eq!(header("A: b\n c").as_deref(), Some("a:b c\r\n"));
        assert_eq!(header("A:\r\n \tb\r\n").as_deref(), Some("a:b\r\n"));
        for odd in [
            " A: b\r\n",
            "A\r\n",
            ": b\r\n",
            "Fr om: b\r\n",
            "A\r\n : b\r\n",
            "A: b\r\n \r\n c\r\n",
            "A: b\rFrom: c\r\n",
            "A: b\0\r\n",
            "\u{c}A: b\r\n",
            "Ä: b\r\n",
        ] {
            assert_eq!(header(odd), None, "{odd:?}");
        }
        assert!(fields(b"A: \xff\r\n").is_none());
        let long = "A: b\r\n".repeat(limits::MAIL_HEADER_OCTETS_MAX / 6 + 1);
        assert!(fields(long.as_bytes()).is_none());
    }

    #[test]
    fn fields_of_one_name_are_taken_from_below() {
        let header = b"A: 1\r\nB: 2\r\na: 3\r\n";
        let names = ["a", "b", "a", "a", "c"].map(str::to_owned);
        let data = selected(&fields(header).unwrap(), &names);
        assert_eq!(data, b"a:3\r\nb:2\r\na:1\r\n");
    }
}
