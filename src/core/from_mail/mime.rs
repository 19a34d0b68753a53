//! A mail or a part of one: its header and its body (RFC 2045), and the parts of a multipart (RFC 2046).
//!
//! The crate reads the headers. The parts are found here, because whoever writes a mail chooses how deep it nests: what
//! is inside a mail inside the mail is never looked at, and only as much of the rest as [`limits`] allow. The crate builds
//! the whole tree, and some thousand mails in each other overflow the stack when it is copied or dropped, which no
//! `catch_unwind` catches.

use crate::core::limits;
use crate::core::text::charset;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{ContentType, Message, MessageParser, MimeHeaders};
use std::borrow::Cow;

/// A mail, or a part of one.
pub struct Part<'a> {
    /// `None` where it has no field.
    header: Option<Message<'static>>,
    /// As it was sent.
    body: &'a [u8],
}

impl<'a> Part<'a> {
    /// Reads the header, of which at most [`limits::MAIL_HEADER_OCTETS_MAX`] count.
    pub fn read(raw: &'a [u8]) -> Self {
        let (header, body) = split_header(raw);
        let mut lines = in_utf8(start_of(header));
        if !lines.ends_with(b"\n") {
            // The crate takes a field without an end for an empty one.
            lines.to_mut().push(b'\n');
        }
        let header = MessageParser::default()
            .parse_headers(lines.as_ref())
            .map(Message::into_owned)
            .filter(|found| !found.headers().is_empty() && header.contains(&b':'));
        Self { header, body }
    }

    /// The header fields; `None` where there are none.
    pub fn header(&self) -> Option<&Message<'static>> {
        self.header.as_ref()
    }

    /// The body without its Content-Transfer-Encoding.
    pub fn decoded(&self) -> Cow<'a, [u8]> {
        match self.encoding().as_deref() {
            Some("base64") => base64_decode(self.body)
                .unwrap_or_else(|| lenient_base64(self.body))
                .into(),
            Some("quoted-printable") => quoted_printable_decode(self.body)
                .unwrap_or_else(|| lenient_quoted_printable(self.body))
                .into(),
            _ => Cow::Borrowed(self.body),
        }
    }

    /// The length of [`Part::decoded`] in octets.
    pub fn octets(&self) -> usize {
        match self.encoding().as_deref() {
            Some("base64") => {
                let digits = self.body.iter().filter(|b| is_base64(**b)).count();
                digits.saturating_mul(3) / 4
            }
            Some("quoted-printable") => self.decoded().len(),
            _ => self.body.len(),
        }
    }

    /// Whether the body is its parts and nothing else, with no text before or behind them (RFC 2046 §5.1.1).
    pub fn is_all_parts(&self) -> bool {
        let boundary = self
            .content_type()
            .and_then(|content_type| content_type.attribute("boundary"));
        let boundary = boundary.map(str::trim_end).unwrap_or_default().as_bytes();
        let mut lines = self.body.trim_ascii_end().split(|b| *b == b'\n');
        let (first, last) = (lines.next(), lines.next_back());
        let is = |line: Option<&[u8]>| line.and_then(|line| delimiter(line, boundary));
        matches!(is(first), Some(Delimiter::Next)) && matches!(is(last), Some(Delimiter::Close))
    }

    /// The parts of a multipart in order, at most `max` of them; none where the boundary is missing or nowhere to be
    /// found. A part that nothing ends reaches to the end of the body (RFC 2046 §5.1.1 asks readers to be kind).
    pub fn parts(&self, max: usize) -> Vec<&'a [u8]> {
        let boundary = self
            .content_type()
            .and_then(|content_type| content_type.attribute("boundary"));
        match boundary.map(str::trim_end) {
            Some(boundary) if !boundary.is_empty() => {
                split_at_boundary(self.body, boundary.as_bytes(), max)
            }
            _ => Vec::new(),
        }
    }

    /// The parsed Content-Type.
    pub fn content_type(&self) -> Option<&ContentType<'_>> {
        self.header.as_ref()?.content_type()
    }

    /// The media type in lower case, e.g. `text/plain`; `None` where it names none.
    pub fn media_type(&self) -> Option<String> {
        let content_type = self.content_type()?;
        let subtype = content_type.subtype()?;
        Some(format!("{}/{subtype}", content_type.ctype()).to_lowercase())
    }

    /// Whether a parameter of the Content-Type has this value.
    pub fn parameter_is(&self, name: &str, value: &str) -> bool {
        self.content_type()
            .and_then(|content_type| content_type.attribute(name))
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    /// `Content-Disposition: attachment` (RFC 2183 §2.2).
    pub fn is_attachment(&self) -> bool {
        self.header
            .as_ref()
            .and_then(|header| header.content_disposition())
            .is_some_and(ContentType::is_attachment)
    }

    /// Whether the Content-Disposition is this word.
    pub fn disposition_is(&self, word: &str) -> bool {
        self.header
            .as_ref()
            .and_then(|header| header.content_disposition())
            .is_some_and(|disposition| disposition.ctype().eq_ignore_ascii_case(word))
    }

    /// The file name as written: `filename` of Content-Disposition, else `name` of Content-Type.
    pub fn file_name(&self) -> Option<&str> {
        self.header.as_ref()?.attachment_name()
    }

    /// Content-Transfer-Encoding in lower case.
    fn encoding(&self) -> Option<String> {
        let encoding = self.header.as_ref()?.content_transfer_encoding()?;
        Some(encoding.trim().to_ascii_lowercase())
    }
}

/// Splits before the blank line that ends the header.
pub(crate) fn split_header(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut end = 0_usize;
    for line in raw.split_inclusive(|b| *b == b'\n') {
        let next = end.saturating_add(line.len());
        if matches!(line, b"\n" | b"\r\n") {
            return (
                raw.get(..end).unwrap_or(raw),
                raw.get(next..).unwrap_or_default(),
            );
        }
        end = next;
    }
    (raw, &[])
}

/// As many whole lines of a header as are looked at.
fn start_of(header: &[u8]) -> &[u8] {
    let Some(start) = header.get(..limits::MAIL_HEADER_OCTETS_MAX) else {
        return header;
    };
    let end = start
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap_or(start.len());
    start.get(..=end).unwrap_or(start)
}

/// A header in UTF-8 (RFC 6532). One with other 8-bit characters breaks RFC 5322; it is read in the charset that it
/// names, else as [`charset::decode`] guesses.
fn in_utf8(header: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(header).is_ok() {
        return Cow::Borrowed(header);
    }
    let label = charset::first_label(header).filter(|label| {
        encoding_rs::Encoding::for_label(label.as_bytes())
            .is_some_and(encoding_rs::Encoding::is_ascii_compatible)
    });
    charset::decode(label.as_deref(), header)
        .into_bytes()
        .into()
}

/// What stands between the delimiter lines of `boundary`, without the line end that belongs to a delimiter.
fn split_at_boundary<'a>(body: &'a [u8], boundary: &[u8], max: usize) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut start: Option<usize> = None;
    let mut at = 0_usize;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let next = at.saturating_add(line.len());
        let delimiter = delimiter(line, boundary);
        if let (Some(_), Some(start)) = (&delimiter, start) {
            parts.push(without_line_end(body.get(start..at).unwrap_or_default()));
        }
        match delimiter {
            Some(Delimiter::Close) => return parts,
            Some(Delimiter::Next) if parts.len() < max => start = Some(next),
            Some(Delimiter::Next) => return parts,
            None => {}
        }
        at = next;
    }
    parts.extend(start.and_then(|start| body.get(start..)));
    parts
}

enum Delimiter {
    Next,
    Close,
}

/// A line of two hyphens and the boundary, and two more at the end of the multipart.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<Delimiter> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    match rest.trim_ascii_end() {
        b"" => Some(Delimiter::Next),
        b"--" => Some(Delimiter::Close),
        _ => None,
    }
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Base64 between which other characters stand, or which ends too early.
fn lenient_base64(raw: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = raw.iter().copied().filter(|b| is_base64(*b)).collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    while !digits.len().is_multiple_of(4) {
        digits.push(b'=');
    }
    base64_decode(&digits).unwrap_or_default()
}
/// Quoted-printable in which an `=` that begins no escape stands for itself (RFC 2045 §6.7, note 2).
fn lenient_quoted_printable(raw: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, after)) = rest.split_first() {
        let escape = if *byte == b'=' { escape(after) } else { None };
        let (shown, used) = escape.unwrap_or((Some(*byte), 0));
        plain.extend(shown);
        rest = after.get(used..).unwrap_or_default();
    }
    plain
}

/// What follows an `=`: a byte (or none at a soft line break), and how many octets that took.
fn escape(after: &[u8]) -> Option<(Option<u8>, usize)> {
    match after {
        [b'\n', ..] => Some((None, 1)),
        [b'\r', b'\n', ..] => Some((None, 2)),
        [high, low, ..] => {
            let digits = [*high, *low];
            let digits = std::str::from_utf8(&digits).ok()?;
            let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
            let byte = is_hex.then(|| u8::from_str_radix(digits, 16).ok())??;
            Some((Some(byte), 2))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equals_sign_that_escapes_nothing_stands_for_itself() {
        assert_eq!(
            lenient_quoted_printable(b"a=3D1=\r\nb=c=ZZ=e9=\n="),
            b"a=1b=c=ZZ\xe9="
        );
    }

    fn parts(mail: &str) -> Vec<String> {
        let parts = Part::read(mail.as_bytes()).parts(3);
        parts
            .into_iter()
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect()
    }

    #[test]
    fn parts_stand_between_delimiter_lines() {
        let mail = "Content-Type: multipart/mixed; boundary=\"b \"\r\n\r\npreamble\r\n--b\r\none\r\n\r\n--b \t\r\n--bb\r\n --b\r\n--b--\r\n--b\r\nepilogue";
        assert_eq!(parts(mail), ["one\r\n", "--bb\r\n --b"]);
    }

    #[test]
    fn a_part_that_nothing_ends_reaches_to_the_end() {
        assert_eq!(
            parts("Content-Type: multipart/mixed; boundary=b\n\n--b\none\n--b\ntwo\n"),
            ["one", "two\n"]
        );
        assert_eq!(
            parts("Content-Type: multipart/mixed; boundary=b\n\nnothing"),
            [""; 0]
        );
        assert_eq!(
            parts("Content-Type: multipart/mixed\n\n--\nx\n--\n"),
            [""; 0]
        );
        assert_eq!(
            parts(&format!(
                "Content-Type: multipart/mixed; boundary=b\n\n{}",
                "--b\nx\n".repeat(9)
            ))
            .len(),
            3
        );
    }

    #[test]
    fn a_part_may_have_no_header_or_no_body() {
        let part = Part::read(b"\r\nbody");
        assert!(part.header().is_none());
        assert_eq!(part.decoded().as_ref(), b"body");
        let part = Part::read(b"Subject: x");
        assert_eq!(part.header().and_then(|header| header.subject()), Some("x"));
        assert_eq!(part.octets(), 0);
    }

    #[test]
    fn of_an_endless_header_the_start_is_read() {
        let mail = format!(
            "Subject: x\r\nX-A: {}\r\nFrom: a@b.example\r\n\r\nbody",
            "a".repeat(limits::MAIL_HEADER_OCTETS_MAX)
        );
        let part = Part::read(mail.as_bytes());
        assert_eq!(part.header().map(|header| header.headers().len()), Some(1));
        assert_eq!(part.decoded().as_ref(), b"body");
    }

    #[test]
    fn the_size_of_an_attachment_is_known_without_decoding_it() {
        let part = Part::read(b"Content-Transfer-Encoding: BASE64\r\n\r\naGVsbG8gd29y\r\nbGQ=\r\n");
        assert_eq!(part.octets(), part.decoded().len());
    }

    #[test]
    fn broken_base64_gives_what_it_can() {
        assert_eq!(lenient_base64(b"aGVs!bG8g\r\nd29ybGQ"), b"hello world");
        assert_eq!(lenient_base64(b"aGVsbG8gd"), b"hello ");
        assert_eq!(lenient_base64(b"***"), b"");
    }
}
