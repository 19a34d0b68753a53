//! A mail or a part of one: its header and its body (RFC 2045), and the parts of a multipart (RFC 2046).
//!
//! The crate reads the headers. The parts are found here, because whoever writes a mail chooses how deep it nests: what
//! is inside a mail inside the mail is never looked at, and only as much of the rest as [`limits`] allow. The crate builds
//! the whole tree, and some thousand mails in each other overflow the stack when it is copied or dropped, which no
//! `catch_unwind` catches.

use super::encoded_word;
use super::mime_field;
use super::transfer_encoding::{
    base64_of, is_base64, is_no_base64, is_strict_base64, quoted_printable_of, split_at_words,
    undeclared_base64, undeclared_quoted_printable, uuencode_of,
};
use crate::core::limits;
use crate::core::text::charset;
use mail_parser::{ContentType, HeaderName, Message, MessageParser, MimeHeaders};
use std::borrow::Cow;
use std::ops::Range;

/// RFC 2046 §5.1.1.
const BOUNDARY_OCTETS_MAX: usize = 70;
/// In so many octets of a part its boundary is looked for.
const HEADER_OCTETS_MAX: usize = 1024;
/// Lines among which the first delimiter is looked for where no parameter names it.
const BOUNDARY_LINES_MAX: usize = 50;

/// What programs write above the parts for readers that know none; it may go on.
const NOTICE: &[u8] = b"This is a multi";
/// So much of a part tells what it is, in octets as they were sent.
const START_OCTETS: usize = 8 * 1024;
/// What is shorter, in octets, is decoded at once.
const LEFT_IN_PLACE_MIN: usize = 128 * 1024;
/// Parts of a body that nothing says to be a multipart.
const MISPLACED_PARTS_MAX: usize = 3;

/// A mail, or a part of one.
pub(crate) struct MailPart<'a> {
    /// `None` where it has no field.
    header: Option<Message<'static>>,
    /// There is more of the header than was looked at.
    is_cut: bool,
    /// As it was sent.
    body: &'a [u8],
    /// Its encoding was taken off before.
    is_decoded: bool,
}

impl<'a> MailPart<'a> {
    /// Reads the header, of which at most [`limits::MAIL_HEADER_OCTETS_MAX`] count.
    pub(crate) fn read(raw: &'a [u8]) -> Self {
        Self::read_near(raw, None)
    }

    /// The same; `charset` is that of something near it, for what says nothing of its own.
    pub(crate) fn read_near(raw: &'a [u8], charset: Option<&str>) -> Self {
        let (header, mut body) = split_header(raw);
        let is_text = header
            .split(|b| *b == b'\n')
            .next()
            .is_some_and(|first| !is_field(first) && !first.trim_ascii().is_empty());
        if is_text {
            // A part that has no header, not even the blank line.
            body = raw;
        }
        let start = start_of(header);
        let fields = mime_field::without_long_fields(start);
        let is_cut = fields.len() < header.len();
        let mended = mime_field::mended(&fields, charset);
        let joined = encoded_word::joined(&mended);
        let mut lines = in_utf8(&joined);
        if !lines.ends_with(b"\n") {
            // The crate takes a field without an end for an empty one.
            lines.to_mut().push(b'\n');
        }
        let header = MessageParser::default()
            .parse_headers(lines.as_ref())
            .map(Message::into_owned)
            .filter(|found| !found.headers().is_empty() && header.contains(&b':'));
        Self {
            header,
            is_cut,
            body,
            is_decoded: false,
        }
    }

    /// The same with its encoding taken off: a multipart that has one breaks RFC 2045 §6.4. `None` where there is none to take off.
    pub(crate) fn of_decoded<'b>(&self, decoded: &'b [u8]) -> Option<MailPart<'b>> {
        self.is_encoded().then(|| MailPart {
            header: self.header.clone(),
            is_cut: self.is_cut,
            body: decoded,
            is_decoded: true,
        })
    }

    /// What a program has put below a blank line though it belongs to the header: a mail that says nothing of its kind, and begins
    /// with fields that do, or with a part.
    pub(crate) fn misplaced(&self) -> Option<MailPart<'a>> {
        let kind = self.media_type();
        let is_said = self
            .content_type()
            .is_some_and(|kind| kind.attributes().is_some());
        if !matches!(kind.as_deref(), None | Some("text/plain")) || is_said {
            return None;
        }
        let start = self.body.trim_ascii_start();
        let fields: [&[u8]; 2] = [b"mime-version:", b"content-type:"];
        let begins = |field: &&[u8]| {
            let begin = start.get(..field.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(field))
        };
        if fields.iter().any(begins) {
            let inner = MailPart::read(start);
            return inner.media_type().is_some().then_some(inner);
        }
        let is_noticed = start.starts_with(NOTICE);
        let boundary =
            guessed_boundary(start).filter(|_| is_noticed || start.starts_with(b"--"))?;
        let parts = split_at_boundary(start, boundary, MISPLACED_PARTS_MAX);
        let kinds: Vec<_> = parts
            .iter()
            .map(|part| MailPart::read(part).media_type())
            .collect();
        let kind = match kinds.as_slice() {
            [Some(one), Some(other)] if one == "text/plain" && other == "text/html" => {
                "alternative"
            }
            [Some(_), ..] => "mixed",
            _ => return None,
        };
        let boundary = std::str::from_utf8(boundary).ok()?;
        let header = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\n");
        Some(MailPart {
            header: MailPart::read(header.as_bytes()).header,
            is_cut: self.is_cut,
            body: start,
            is_decoded: false,
        })
    }

    fn is_encoded(&self) -> bool {
        matches!(
            self.encoding().as_deref(),
            Some("base64" | "quoted-printable")
        )
    }

    /// Whether there is more of the header than was looked at: a field that says the contrary of what was read may stand
    /// there, or a second one of a name.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The header fields; `None` where there are none.
    pub(crate) fn header(&self) -> Option<&Message<'static>> {
        self.header.as_ref()
    }

    /// The body without its Content-Transfer-Encoding.
    pub(crate) fn decoded(&self) -> Cow<'a, [u8]> {
        match self.encoding().as_deref() {
            Some("base64") => {
                let (encoded, behind) = split_at_words(self.body);
                let mut decoded = base64_of(encoded);
                if !behind.is_empty() {
                    decoded.push(b'\n');
                    decoded.extend_from_slice(behind);
                }
                decoded.into()
            }
            Some("quoted-printable") => quoted_printable_of(self.body).into(),
            Some("x-uuencode" | "uuencode" | "x-uue") => uuencode_of(self.body),
            _ => Cow::Borrowed(self.body),
        }
    }

    /// About the first octets of [`MailPart::decoded`].
    pub(crate) fn start(&self) -> Cow<'a, [u8]> {
        let start = self.body.get(..START_OCTETS).unwrap_or(self.body);
        match self.encoding().as_deref() {
            Some("base64") => base64_of(start).into(),
            Some("quoted-printable") => quoted_printable_of(start).into(),
            Some("x-uuencode" | "uuencode" | "x-uue") => uuencode_of(start),
            _ => Cow::Borrowed(start),
        }
    }

    /// The same of a text, of which the encoding may not be named, or wrongly.
    pub(crate) fn decoded_text(&self) -> Cow<'a, [u8]> {
        let encoding = self.encoding();
        let is_plain = matches!(encoding.as_deref(), None | Some("7bit" | "8bit" | "binary"))
            && !self.is_decoded;
        let is_called_base64 = encoding.as_deref() == Some("base64");
        let undeclared =
            || undeclared_base64(self.body).or_else(|| undeclared_quoted_printable(self.body));
        match is_plain.then(undeclared).flatten() {
            Some(decoded) => decoded.into(),
            None if is_called_base64 && is_no_base64(self.body) => Cow::Borrowed(self.body),
            None => self.decoded(),
        }
    }

    /// Where in this mail a long body lies that is base64 to the letter; `None` where it has to be mended, or lies elsewhere,
    /// since what it stands in was decoded.
    pub(crate) fn base64_in(&self, mail: &[u8]) -> Option<Range<usize>> {
        let is_long = self.body.len() >= LEFT_IN_PLACE_MIN;
        (is_long && self.encoding().as_deref() == Some("base64")).then_some(())?;
        let start = self.body.as_ptr().addr();
        let start = start.checked_sub(mail.as_ptr().addr())?;
        let place = start..start.checked_add(self.body.len())?;
        let is_there = std::ptr::eq(mail.get(place.clone())?, self.body);
        (is_there && is_strict_base64(self.body)).then_some(place)
    }

    /// The length of [`MailPart::decoded`] in octets.
    pub(crate) fn octets(&self) -> usize {
        match self.encoding().as_deref() {
            Some("base64") => {
                let digits = self.body.iter().filter(|b| is_base64(**b)).count();
                digits.saturating_mul(3) / 4
            }
            Some("quoted-printable" | "x-uuencode" | "uuencode" | "x-uue") => self.decoded().len(),
            _ => self.body.len(),
        }
    }

    /// Whether the body is its parts and nothing else, with no text before or behind them (RFC 2046 §5.1.1).
    pub(crate) fn is_all_parts(&self) -> bool {
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
    pub(crate) fn parts(&self, max: usize) -> Vec<&'a [u8]> {
        let named = self.boundary();
        let parts = named.map(|boundary| split_at_boundary(self.body, boundary, max));
        match parts.filter(|parts| !parts.is_empty()) {
            Some(parts) => parts,
            // It may stand in what is encoded.
            None if named.is_some() && self.is_encoded() => Vec::new(),
            None => match guessed_boundary(self.body) {
                Some(boundary) => split_at_boundary(self.body, boundary, max),
                None => Vec::new(),
            },
        }
    }

    /// The boundary that the Content-Type names.
    fn boundary(&self) -> Option<&[u8]> {
        let boundary = self.content_type()?.attribute("boundary")?;
        Some(boundary.trim_end().as_bytes()).filter(|boundary| !boundary.is_empty())
    }

    /// The text before the parts of a multipart that another Content-Type calls a text: programs that added parts to it have left
    /// it there. Else it is for programs that know no parts, and says so.
    pub(crate) fn text_before_parts(&self) -> Option<MailPart<'a>> {
        let header = self.header.as_ref()?;
        let is_text = |field: &mail_parser::Header<'_>| {
            let kind = field.value().as_content_type();
            field.name == HeaderName::ContentType && kind.is_some_and(|kind| kind.ctype() == "text")
        };
        header.headers().iter().find(|field| is_text(field))?;
        let boundary = self.boundary()?;
        let lines = self.body.split_inclusive(|b| *b == b'\n');
        let before = lines.take_while(|line| delimiter(line, boundary).is_none());
        let text = self.body.get(..before.map(<[u8]>::len).sum())?;
        let says_mime = text
            .windows(4)
            .any(|four| four.eq_ignore_ascii_case(b"mime"));
        (!says_mime).then_some(MailPart {
            header: None,
            is_cut: false,
            body: text,
            is_decoded: true,
        })
    }

    /// The parsed Content-Type.
    pub(crate) fn content_type(&self) -> Option<&ContentType<'_>> {
        self.header.as_ref()?.content_type()
    }

    /// The media type in lower case, e.g. `text/plain`; `None` where it names none.
    pub(crate) fn media_type(&self) -> Option<String> {
        let content_type = self.content_type()?;
        let subtype = content_type.subtype()?;
        Some(format!("{}/{subtype}", content_type.ctype()).to_lowercase())
    }

    /// Whether a parameter of the Content-Type has this value.
    pub(crate) fn parameter_is(&self, name: &str, value: &str) -> bool {
        self.content_type()
            .and_then(|content_type| content_type.attribute(name))
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    /// `Content-Disposition: attachment` (RFC 2183 §2.2).
    pub(crate) fn is_attachment(&self) -> bool {
        self.header
            .as_ref()
            .and_then(|header| header.content_disposition())
            .is_some_and(ContentType::is_attachment)
    }

    /// Whether the page can show it (RFC 2392).
    pub(crate) fn has_content_id(&self) -> bool {
        let header = self.header.as_ref();
        header.is_some_and(|header| header.content_id().is_some())
    }

    /// Whether the Content-Disposition is this word.
    pub(crate) fn disposition_is(&self, word: &str) -> bool {
        self.header
            .as_ref()
            .and_then(|header| header.content_disposition())
            .is_some_and(|disposition| disposition.ctype().eq_ignore_ascii_case(word))
    }

    /// The file name as written: `filename` of Content-Disposition, else `name` of Content-Type.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.header.as_ref()?.attachment_name()
    }

    /// Content-Transfer-Encoding in lower case, without a comment (RFC 2045 §6.1) or what else stands behind the word.
    /// Of several fields the last that takes something off counts.
    fn encoding(&self) -> Option<String> {
        let fields = self.header.as_ref().filter(|_| !self.is_decoded)?.headers();
        let fields = fields
            .iter()
            .filter(|field| field.name == HeaderName::ContentTransferEncoding);
        let mut found = None;
        for field in fields {
            let word = first_word(field.value().as_text().unwrap_or_default());
            let is_one = |word: &String| !matches!(word.as_str(), "7bit" | "8bit" | "binary");
            if found.is_none() || word.as_ref().is_some_and(is_one) {
                found = word.or(found);
            }
        }
        found
    }
}

/// The word of a Content-Transfer-Encoding.
fn first_word(encoding: &str) -> Option<String> {
    let is_around = |c: char| c.is_whitespace() || matches!(c, ';' | '(' | ')' | '"' | ',');
    let mut words = encoding.split(is_around).filter(|word| !word.is_empty());
    words.next().map(str::to_ascii_lowercase)
}

/// Splits before the blank line that ends the header; where it is missing, before the first line from which on nothing is
/// a field.
pub(crate) fn split_header(raw: &[u8]) -> (&[u8], &[u8]) {
    let (header, body) = split_at_blank(raw);
    let mut end = 0_usize;
    let mut text: Option<usize> = None;
    for line in header.split_inclusive(|b| *b == b'\n') {
        let goes_on = line.first().is_some_and(|b| matches!(b, b' ' | b'\t'));
        match (is_field(line), text) {
            (true, _) => text = None,
            (false, None) if !goes_on => text = Some(end),
            _ => {}
        }
        end = end.saturating_add(line.len());
    }
    // With one before it: a mail that is none has no header either.
    match text.filter(|text| *text > 0) {
        Some(text) => raw.split_at_checked(text).unwrap_or((header, body)),
        None => (header, body),
    }
}

/// A name of printable characters, and a colon (RFC 5322 §2.2); white space before it as in §4.5.
fn is_field(line: &[u8]) -> bool {
    let colon = line.iter().position(|b| *b == b':');
    let name = colon
        .and_then(|colon| line.get(..colon))
        .unwrap_or_default();
    let name = name.trim_ascii_end();
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

fn split_at_blank(raw: &[u8]) -> (&[u8], &[u8]) {
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
    let (mut start, mut is_closed) = (None, false);
    let mut at = 0_usize;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let next = at.saturating_add(line.len());
        let delimiter = delimiter(line, boundary);
        if let (Some(_), Some(start)) = (&delimiter, start) {
            parts.push(without_line_end(body.get(start..at).unwrap_or_default()));
        }
        match delimiter {
            Some(Delimiter::Close) if is_closed => start = None,
            // A program that has but one boundary closes with it what is inside.
            Some(Delimiter::Close) if parts.iter().any(|part| names(part, boundary)) => {
                (start, is_closed) = (None, true);
            }
            Some(Delimiter::Close) => return parts,
            Some(Delimiter::Next) if parts.len() >= max => return parts,
            Some(Delimiter::Next) if is_closed && !begins_part(body, next) => start = None,
            Some(Delimiter::Next) => start = Some(next),
            None => {}
        }
        at = next;
    }
    parts.extend(start.and_then(|start| body.get(start..)));
    parts
}

/// Whether the header of a part names this boundary as its own.
fn names(part: &[u8], boundary: &[u8]) -> bool {
    let header = part.get(..HEADER_OCTETS_MAX).unwrap_or(part);
    let (header, _) = split_at_blank(header);
    let mut starts = header.windows(boundary.len().max(1));
    starts.any(|here| here == boundary)
}

/// Whether a field of a part stands there.
fn begins_part(body: &[u8], at: usize) -> bool {
    const FIELDS: &[u8] = b"content-";
    let begin = body.get(at..).unwrap_or_default().get(..FIELDS.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(FIELDS))
}

/// What a multipart without the parameter, or with another one's, is divided by: the first line that begins with two hyphens,
/// if a field of a part follows it, or a blank line, and a line that closes it is there.
fn guessed_boundary(body: &[u8]) -> Option<&[u8]> {
    let mut at = 0_usize;
    for line in body
        .split_inclusive(|b| *b == b'\n')
        .take(BOUNDARY_LINES_MAX)
    {
        at = at.saturating_add(line.len());
        let boundary = line.strip_prefix(b"--").map(<[u8]>::trim_ascii_end);
        let boundary = boundary.filter(|one| !one.is_empty() && one.len() <= BOUNDARY_OCTETS_MAX);
        let Some(boundary) = boundary else { continue };
        let mut rest = body.get(at..)?.split(|b| *b == b'\n');
        let is_blank = rest.next()?.trim_ascii().is_empty();
        let closes = |line| matches!(delimiter(line, boundary), Some(Delimiter::Close));
        let is_one = begins_part(body, at) || is_blank && rest.any(closes);
        return is_one.then_some(boundary);
    }
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(mail: &str) -> Vec<String> {
        let parts = MailPart::read(mail.as_bytes()).parts(3);
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
    fn e29_a_mime_field_that_is_too_long_is_none_and_the_header_counts_as_cut() {
        let parameters = "; p=q".repeat(limits::MIME_FIELD_OCTETS_MAX / 5);
        for long in [
            format!("Content-Type: text/html{parameters}"),
            format!("content-type: text/html\r\n {parameters}\r\n ; a=b"),
        ] {
            let mail = format!("Subject: a\r\n{long}\r\nFrom: b\r\n c\r\n\r\nbody");
            let part = MailPart::read(mail.as_bytes());
            assert!(part.is_cut() && part.media_type().is_none());
            let header = part.header().unwrap();
            assert_eq!(header.subject(), Some("a"));
            assert_eq!(header.headers().len(), 2);
        }
        let short = format!("Content-Type: text/html{}\r\n\r\nbody", &parameters[..8000]);
        let part = MailPart::read(short.as_bytes());
        assert!(!part.is_cut() && part.media_type().as_deref() == Some("text/html"));
    }

    #[test]
    fn a_part_may_have_no_header_or_no_body() {
        let part = MailPart::read(b"\r\nbody");
        assert!(part.header().is_none());
        assert_eq!(part.decoded().as_ref(), b"body");
        let part = MailPart::read(b"Subject: x");
        assert_eq!(part.header().and_then(|header| header.subject()), Some("x"));
        assert_eq!(part.octets(), 0);
    }

    #[test]
    fn of_an_endless_header_the_start_is_read() {
        let mail = format!(
            "Subject: x\r\nX-A: {}\r\nFrom: a@b.example\r\n\r\nbody",
            "a".repeat(limits::MAIL_HEADER_OCTETS_MAX)
        );
        let part = MailPart::read(mail.as_bytes());
        assert_eq!(part.header().map(|header| header.headers().len()), Some(1));
        assert_eq!(part.decoded().as_ref(), b"body");
        assert!(part.is_cut());
    }

    #[test]
    fn a_header_that_fills_the_limit_is_whole() {
        let line = format!("X: {}\n", "a".repeat(limits::MAIL_HEADER_OCTETS_MAX - 4));
        assert!(!MailPart::read(format!("{line}\nbody").as_bytes()).is_cut());
        assert!(MailPart::read(format!("{line}Y: b\n\nbody").as_bytes()).is_cut());
        assert!(!MailPart::read(b"").is_cut());
    }

    #[test]
    fn the_size_of_an_attachment_is_known_without_decoding_it() {
        let part =
            MailPart::read(b"Content-Transfer-Encoding: BASE64\r\n\r\naGVsbG8gd29y\r\nbGQ=\r\n");
        assert_eq!(part.octets(), part.decoded().len());
    }
}
