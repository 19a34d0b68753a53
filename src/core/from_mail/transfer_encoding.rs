//! Content-Transfer-Encodings (RFC 2045 §6), which encoded words use as well: as they stand, else as kindly as can be.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use std::borrow::Cow;

/// A line of this length without a blank is no line of a footer.
const BASE64_LINE_OCTETS: usize = 60;

/// The lines of base64: of PEM to those of RFC 2045 §6.8.
const BASE64_LINE_LENGTHS: std::ops::RangeInclusive<usize> = 60..=76;
/// A shorter line of base64 could be a word.
const ENCODED_LINE_OCTETS_MIN: usize = 24;
/// Nobody writes a longer word than this of which words come out, in octets.
const BASE64_WORD_OCTETS_MIN: usize = 80;
/// Of so many characters of a text one may be a control character.
const ODD_CHARS_SHARE: usize = 50;
/// Fewer escapes than this could be what somebody writes about them.
const ESCAPES_MIN: usize = 3;

/// Base64 as it stands, else as kindly as can be.
pub(super) fn base64_of(raw: &[u8]) -> Vec<u8> {
    let digits = with_digits_of_mail(raw);
    base64_decode(&digits).unwrap_or_else(|| lenient_base64(&digits))
}

/// In the digits of RFC 4648 §4, where a program has used those of §5, which are for names of files and links.
fn with_digits_of_mail(raw: &[u8]) -> Cow<'_, [u8]> {
    let is_of_link = |b: &u8| matches!(b, b'-' | b'_');
    let is_digit = |b: &u8| is_base64(*b) || is_of_link(b) || *b == b'=' || b.is_ascii_whitespace();
    let is_of_mail = |b: &u8| matches!(b, b'+' | b'/');
    if !raw.iter().any(is_of_link) || raw.iter().any(is_of_mail) || !raw.iter().all(is_digit) {
        return Cow::Borrowed(raw);
    }
    let digit = |b: &u8| match b {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    raw.iter().map(digit).collect()
}

/// Quoted-printable as it stands, else as kindly as can be.
pub(super) fn quoted_printable_of(raw: &[u8]) -> Vec<u8> {
    quoted_printable_decode(raw).unwrap_or_else(|| lenient_quoted_printable(raw))
}

/// Of uuencode (POSIX), which some programs name as an encoding, the file; as it is where there is none.
pub(super) fn uuencode_of(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut lines = raw.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end);
    if !lines.any(|line| line.starts_with(b"begin ")) {
        return Cow::Borrowed(raw);
    }
    let mut decoded = Vec::with_capacity(raw.len() / 4 * 3);
    let digit = |b: Option<&u8>| b.map_or(0, |b| b.wrapping_sub(b' ') & 63);
    for line in lines.take_while(|line| *line != b"end") {
        let Some((count, digits)) = line.split_first() else {
            continue;
        };
        let octets = digits.chunks(4).flat_map(|four| {
            let [a, b, c, d] = [0, 1, 2, 3].map(|at| digit(four.get(at)));
            [(a << 2) | (b >> 4), (b << 4) | (c >> 2), (c << 6) | d]
        });
        decoded.extend(octets.take(usize::from(digit(Some(count)))));
    }
    decoded.into()
}

/// Splits base64 before the text that lists and scanners put behind it: from the first line on that cannot be base64, if a
/// blank or words are in what follows, and no long line of base64.
pub(super) fn split_at_words(body: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0_usize;
    let mut text: Option<usize> = None;
    let mut has_words = false;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let trimmed = line.trim_ascii();
        let is_encoded = trimmed.iter().all(|b| is_base64(*b) || *b == b'=');
        if !is_encoded && text.is_none() {
            let here = behind_padding(line).map(|at| start.saturating_add(at));
            text = here.or((start > 0).then_some(start));
        }
        has_words |= text.is_some() && trimmed.contains(&b' ');
        if text.is_some() && is_encoded && trimmed.len() >= BASE64_LINE_OCTETS {
            return (body, &[]);
        }
        start = start.saturating_add(line.len());
    }
    match text.filter(|_| has_words) {
        Some(text) => body.split_at_checked(text).unwrap_or((body, &[])),
        None => (body, &[]),
    }
}

/// Where words begin behind base64 that ends in the same line.
fn behind_padding(line: &[u8]) -> Option<usize> {
    let at = line.windows(2).position(|two| two == b"= ")?;
    let end = at.saturating_add(1);
    let encoded = without_padding(line.get(..end)?);
    (!encoded.is_empty() && encoded.iter().all(|b| is_base64(*b))).then_some(end)
}

/// Whether this is one of its digits.
pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Whether this is base64 to the letter (RFC 2045 §6.8): nothing but digits and line ends, and padding at its end.
pub(super) fn is_strict_base64(body: &[u8]) -> bool {
    let mut digits = body.iter().filter(|b| !b.is_ascii_whitespace());
    let mut count = 0_usize;
    let mut first_other = None;
    for digit in digits.by_ref() {
        if !is_base64(*digit) {
            first_other = Some(*digit);
            break;
        }
        count = count.saturating_add(1);
    }
    let padding = match (first_other, digits.next(), digits.next()) {
        (None, ..) => 0,
        (Some(b'='), None, _) => 1,
        (Some(b'='), Some(b'='), None) => 2,
        _ => return false,
    };
    count.saturating_add(padding).is_multiple_of(4)
}

/// Base64 between which other characters stand, or which ends too early, or several times.
fn lenient_base64(raw: &[u8]) -> Vec<u8> {
    let is_odd = |b: &u8| !is_base64(*b) && *b != b'=' && !b.is_ascii_whitespace();
    let is_of_words = |line: &[u8]| line.trim_ascii().contains(&b' ') && line.iter().any(is_odd);
    let lines = raw.split(|b| *b == b'\n').filter(|line| !is_of_words(line));
    let digits = lines.flatten().copied();
    let digits: Vec<u8> = digits.filter(|b| is_base64(*b) || *b == b'=').collect();
    let mut decoded = Vec::new();
    for piece in digits.split(|b| *b == b'=') {
        let whole = piece
            .len()
            .saturating_sub(usize::from(piece.len() % 4 == 1));
        let piece = piece.get(..whole).unwrap_or_default();
        decoded.extend(base64_decode(piece).unwrap_or_default());
    }
    decoded
}

/// Whether a text is none of base64, though it says so: it begins with words, and neither is there a line of base64 in it nor do
/// words come out.
pub(super) fn is_no_base64(body: &[u8]) -> bool {
    let mut lines = body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.clone().find(|line| !line.is_empty());
    let first = first.unwrap_or_default();
    let is_odd =
        !first.len().is_multiple_of(4) || !without_padding(first).iter().all(|b| is_base64(*b));
    let is_short = first.len() < ENCODED_LINE_OCTETS_MIN && is_odd;
    let is_encoded = |line: &[u8]| {
        line.len() >= ENCODED_LINE_OCTETS_MIN
            && line.len().is_multiple_of(4)
            && without_padding(line).iter().all(|b| is_base64(*b))
    };
    (first.contains(&b' ') || is_short)
        && behind_padding(first).is_none()
        && !lines.any(is_encoded)
        && as_text(&base64_of(body)).is_none_or(|text| text.trim().is_empty())
}

/// What a text says that is base64 from its first line to its last, though nothing says so: a program lost the field. `None`
/// where that is not certain: nobody writes lines of one length without a blank, of which words come out.
pub(super) fn undeclared_base64(body: &[u8]) -> Option<Vec<u8>> {
    let mut lines = body.trim_ascii().split(|b| *b == b'\n').peekable();
    let length = lines.peek()?.trim_ascii_end().len();
    let is_word = length >= BASE64_WORD_OCTETS_MIN && length == body.trim_ascii().len();
    if !(BASE64_LINE_LENGTHS.contains(&length) || is_word) || !length.is_multiple_of(4) {
        return None;
    }
    let mut count = 0_usize;
    while let Some(line) = lines.next() {
        let line = line.trim_ascii_end();
        let is_last = lines.peek().is_none();
        let digits = match is_last {
            true => without_padding(line),
            false => line,
        };
        let fits = line.len() == length || is_last && line.len() < length;
        if !fits || line.is_empty() || !digits.iter().all(|b| is_base64(*b)) {
            return None;
        }
        count = count.saturating_add(1);
    }
    let decoded = base64_decode(body.trim_ascii()).filter(|_| count > 1 || is_word)?;
    let is_text = as_text(&decoded)?.contains(' ');
    is_text.then_some(decoded)
}

/// What a text says that is in quoted-printable, though nothing says so; `None` where that is not certain: each `=` begins an
/// escape or ends a line, several of them are letters that ASCII has not, and UTF-8 comes out.
pub(super) fn undeclared_quoted_printable(body: &[u8]) -> Option<Vec<u8>> {
    if !body.is_ascii() {
        return None;
    }
    let mut escapes = 0_usize;
    let mut rest = body;
    while let Some(at) = rest.iter().position(|b| *b == b'=') {
        let after = rest.get(at.saturating_add(1)..)?;
        let blanks = after
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'));
        let is_soft = matches!(after.get(blanks.count()), Some(b'\n') | None);
        let is_upper = |b: &u8| b.is_ascii_digit() || matches!(b, b'A'..=b'F');
        let is_escape = || after.get(..2).is_some_and(|two| two.iter().all(is_upper));
        if !is_soft && !is_escape() {
            return None;
        }
        let is_letter = after.first().is_some_and(|high| *high >= b'8') && !is_soft;
        escapes = escapes.saturating_add(usize::from(is_letter));
        rest = after;
    }
    let decoded = (escapes >= ESCAPES_MIN).then(|| quoted_printable_of(body))?;
    as_text(&decoded)?;
    Some(decoded)
}

/// Octets as the text that they are.
fn as_text(octets: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(octets).ok()?;
    let odd = text
        .chars()
        .filter(|c| c.is_control() && !c.is_whitespace());
    (odd.count() <= text.len() / ODD_CHARS_SHARE).then_some(text)
}

/// At most two `=` at the end.
fn without_padding(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"=").unwrap_or(line);
    line.strip_suffix(b"=").unwrap_or(line)
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
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn an_equals_sign_that_escapes_nothing_stands_for_itself() {
        assert_eq!(
            lenient_quoted_printable(b"a=3D1=\r\nb=c=ZZ=e9=\n="),
            b"a=1b=c=ZZ\xe9="
        );
    }

    #[test]
    fn words_stand_behind_base64() {
        for (body, encoded) in [
            ("R3LDvA==\n--\nA list of friends\n", "R3LDvA==\n"),
            ("R3LDvA== and more", "R3LDvA=="),
            ("R3LDvA==\nR3LDvA==", "R3LDvA==\nR3LDvA=="),
            ("no = base64", "no = base64"),
        ] {
            assert_eq!(
                split_at_words(body.as_bytes()).0,
                encoded.as_bytes(),
                "{body}"
            );
        }
    }

    #[test]
    fn base64_to_the_letter_has_nothing_to_mend() {
        for (body, is_strict) in [
            ("", true),
            ("aGVs\r\nbG8g\r\n", true),
            ("aGVsbG8=\r\n", true),
            ("aGVsbA==", true),
            ("aGVsbA=\r\n=", true),
            ("aGVsbG8", false),
            ("aGVsbA===", false),
            ("aGVsbA==aGVs", false),
            ("aGVs!bG8g", false),
            ("aGVs-G8g", false),
            ("=", false),
        ] {
            assert_eq!(is_strict_base64(body.as_bytes()), is_strict, "{body}");
        }
    }

    #[test]
    fn broken_base64_gives_what_it_can() {
        assert_eq!(lenient_base64(b"aGVs!bG8g\r\nd29ybGQ"), b"hello world");
        assert_eq!(lenient_base64(b"aGVsbG8gd"), b"hello ");
        assert_eq!(lenient_base64(b"***"), b"");
        assert_eq!(lenient_base64(b"aGk=!aGVsbG8=IGhp"), b"hihello hi");
    }

    #[test]
    fn words_that_are_called_base64_are_words() {
        for words in [
            "Hello Alice,\nnine is fine.\n\nCarol\n",
            "stuff\n",
            "Yes",
            "\nOn Friday\n> then\n",
            "?garbage",
        ] {
            assert!(is_no_base64(words.as_bytes()), "{words}");
        }
        for encoded in [
            "R3LDvMOfZQo=",
            "R3LDvMOfZQo",
            "R3LD vMOf ZQo=",
            "R3LDvMOfZQo= and more",
            "Scanned by x\nR3LDvMOfZSBhdXMgS8O2bG4uCg==\n",
            "",
        ] {
            assert!(!is_no_base64(encoded.as_bytes()), "{encoded}");
        }
    }

    #[test]
    fn base64_of_words_is_known_without_its_field() {
        let words =
            "Grüße aus Köln, wo es heute den ganzen Tag regnet und niemand spazieren geht.\n"
                .repeat(3);
        let wrapped = |text: &[u8], length: usize| {
            let digits = STANDARD.encode(text);
            let lines = digits.as_bytes().chunks(length);
            let lines: Vec<&str> = lines
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            lines.join("\r\n")
        };
        for length in [60, 64, 72, 76] {
            let body = format!("\r\n{}\r\n\r\n", wrapped(words.as_bytes(), length));
            assert_eq!(
                undeclared_base64(body.as_bytes()).as_deref(),
                Some(words.as_bytes())
            );
        }
        let line = wrapped(words.as_bytes(), 1000);
        assert_eq!(
            undeclared_base64(line.as_bytes()).as_deref(),
            Some(words.as_bytes())
        );
        let binary: Vec<u8> = (0..=255).collect();
        for other in [
            wrapped(&binary, 76),
            wrapped(words.as_bytes(), 40),
            wrapped(words.as_bytes(), 76).replacen("\r\n", "\r\n\r\n", 1),
            wrapped(
                b"Eleven words of one line, which is less than is certain.",
                76,
            ),
            wrapped(&binary, 1000),
            format!("Look:\n{}", wrapped(words.as_bytes(), 76)),
            format!("{}\n-- \nCarol", wrapped(words.as_bytes(), 76)),
            "a".repeat(76) + "\n" + &"b".repeat(76),
            String::new(),
        ] {
            assert_eq!(undeclared_base64(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn quoted_printable_of_words_is_known_without_its_field() {
        let decoded = |body: &str| undeclared_quoted_printable(body.as_bytes());
        assert_eq!(
            decoded("Gr=C3=BC=C3=9Fe aus=20\r\nK=C3=B6ln, sp=\r\n=C3=A4ter=").as_deref(),
            Some("Grüße aus \r\nKöln, später".as_bytes())
        );
        for other in [
            "Gr=FC=DFe aus K=F6ln",
            "x=1, =C3=BC=C3=9F=C3=BC",
            "=C3=BC stands for a letter",
            "=3D=3D=3D",
            "Gr=c3=bc=c3=9fe",
            "plain",
            "",
        ] {
            assert_eq!(decoded(other), None, "{other}");
        }
    }

    #[test]
    fn a_file_is_taken_out_of_uuencode() {
        for (raw, file) in [
            ("begin 644 x\r\n#0V%T\r\n`\r\nend\r\n", "Cat"),
            (
                "Hi\nbegin 644 x\n&2&5L;&\\*\n#0V%T\n \nend\nBye",
                "Hello\nCat",
            ),
            ("nothing", "nothing"),
        ] {
            assert_eq!(&*uuencode_of(raw.as_bytes()), file.as_bytes(), "{raw:?}");
        }
    }

    #[test]
    fn base64_for_links_is_base64() {
        assert_eq!(base64_of(b"Pz8-Pn5-"), b"??>>~~");
        assert_eq!(base64_of(b"Pz8+Pn5+"), b"??>>~~");
    }
}
