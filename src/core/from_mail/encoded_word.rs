//! Encoded words (RFC 2047) before they are read: joined where a program has cut a character in two, mended where its base64
//! ends too early, and in UTF-8 whatever charset they name.

use super::transfer_encoding::{base64_of, quoted_printable_of};
use crate::core::text::charset;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// A charset's name and its language are no longer, in octets.
const CHARSET_OCTETS_MAX: usize = 60;

/// One `=?charset?encoding?text?=`.
struct Word<'a> {
    charset: &'a [u8],
    octets: Vec<u8>,
    /// As it is written, where it is in base64.
    base64: Option<&'a [u8]>,
    /// Its own length.
    length: usize,
}

impl<'a> Word<'a> {
    /// The word that these octets begin with.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"=?")?;
        let mut fields = rest.splitn(3, |b| *b == b'?');
        let (charset, encoding) = (fields.next()?, fields.next()?);
        let is_name = !charset.is_empty() && charset.iter().all(u8::is_ascii_graphic);
        if !is_name || charset.len() > CHARSET_OCTETS_MAX || encoding.len() != 1 {
            return None;
        }
        let after = fields.next()?;
        let end = after.iter().position(|b| matches!(b, b'?' | b'\n'))?;
        let (text, end) = after.split_at_checked(end)?;
        end.strip_prefix(b"?=")?;
        let is_base64 = encoding.eq_ignore_ascii_case(b"b");
        let octets = match encoding.first()? {
            _ if is_base64 => base64_of(text),
            b'q' | b'Q' => {
                let spaces = text.iter().map(|b| if *b == b'_' { b' ' } else { *b });
                quoted_printable_of(&spaces.collect::<Vec<u8>>())
            }
            _ => return None,
        };
        let length = bytes.len().checked_sub(end.len())?.saturating_add(2);
        // RFC 2231 §5: a language may follow the charset.
        let charset = charset.split(|b| *b == b'*').next().unwrap_or(charset);
        Some(Self {
            charset,
            octets,
            base64: is_base64.then_some(text),
            length,
        })
    }

    fn label(&self) -> String {
        String::from_utf8_lossy(self.charset).into_owned()
    }
}

/// The header with each run of encoded words of one charset as one word in UTF-8.
pub(super) fn joined(header: &[u8]) -> Cow<'_, [u8]> {
    replaced(header, |text| {
        let encoded = STANDARD.encode(text);
        format!("=?utf-8?B?{encoded}?=")
    })
}

/// A text with its encoded words as what they say, in UTF-8; borrowed where there are none.
pub(super) fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    match joined(text) {
        Cow::Owned(joined) => Cow::Owned(replaced(&joined, |text| text).into_owned()),
        Cow::Borrowed(text) => Cow::Borrowed(text),
    }
}

fn replaced(header: &[u8], write: impl Fn(String) -> String) -> Cow<'_, [u8]> {
    let mut whole = Vec::new();
    let mut is_replaced = false;
    let mut rest = header;
    while let Some(at) = rest.windows(2).position(|two| two == b"=?") {
        let (before, word) = rest.split_at(at);
        whole.extend_from_slice(before);
        let Some(first) = Word::read(word) else {
            whole.extend_from_slice(b"=?");
            rest = word.get(2..).unwrap_or_default();
            continue;
        };
        let (octets, after) = run(&first, word.get(first.length..).unwrap_or_default());
        let text = charset::decode(Some(&first.label()), &octets);
        whole.extend_from_slice(write(text).as_bytes());
        is_replaced = true;
        rest = after;
    }
    if !is_replaced {
        return Cow::Borrowed(header);
    }
    whole.extend_from_slice(rest);
    Cow::Owned(whole)
}

/// What a word says with those of its charset behind it, and what follows them.
fn run<'a>(first: &Word<'_>, mut after: &'a [u8]) -> (Vec<u8>, &'a [u8]) {
    let mut octets = first.octets.clone();
    let mut digits = first.base64.map(<[u8]>::to_vec);
    while let Some(next) = next_word(after) {
        if !next.charset.eq_ignore_ascii_case(first.charset) {
            break;
        }
        let gap = after.len().saturating_sub(after.trim_ascii_start().len());
        octets.extend_from_slice(&next.octets);
        match (&mut digits, next.base64) {
            (Some(digits), Some(more)) => digits.extend_from_slice(more),
            _ => digits = None,
        }
        after = after
            .get(gap.saturating_add(next.length)..)
            .unwrap_or_default();
    }
    // Of a program that cuts its base64 where it likes.
    let joined = || base64_of(&digits.unwrap_or_default());
    let is_utf8 = |octets: &Vec<u8>| std::str::from_utf8(octets).is_ok_and(|text| !text.is_empty());
    let cut = (!is_utf8(&octets)).then(joined).filter(is_utf8);
    (cut.unwrap_or(octets), after)
}

/// The next word, behind white space or none; a line that begins without is another field.
fn next_word(after: &[u8]) -> Option<Word<'_>> {
    let trimmed = after.trim_ascii_start();
    let gap = after.get(..after.len().checked_sub(trimmed.len())?)?;
    let is_folded =
        |pair: &[u8]| pair.first() != Some(&b'\n') || matches!(pair.get(1), Some(b' ' | b'\t'));
    let is_gap = gap.windows(2).all(is_folded) && !gap.ends_with(b"\n");
    Word::read(trimmed).filter(|_| is_gap)
}

/// The charset of the first encoded word that is not in UTF-8 or US-ASCII: what the rest of the mail may be in.
pub(super) fn first_charset(header: &[u8]) -> Option<String> {
    let starts = header.windows(2).enumerate();
    let words = starts
        .filter(|(_, two)| *two == b"=?")
        .filter_map(|(at, _)| Word::read(header.get(at..)?));
    words
        .map(|word| word.label().to_ascii_lowercase())
        .find(|label| !matches!(label.as_str(), "utf-8" | "us-ascii" | "utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::processor;

    fn read(header: &str) -> String {
        let joined = joined(header.as_bytes()).into_owned();
        let mut text = String::new();
        let mut rest = joined.as_slice();
        while let Some(at) = rest.windows(2).position(|two| two == b"=?") {
            text.push_str(&String::from_utf8_lossy(&rest[..at]));
            let word = Word::read(&rest[at..]).unwrap();
            text.push_str(&String::from_utf8_lossy(&word.octets));
            rest = &rest[at + word.length..];
        }
        text + &String::from_utf8_lossy(rest)
    }

    #[test]
    fn a_character_that_was_cut_is_whole_again() {
        for (header, text) in [
            ("S: =?utf-8?B?Zsw=?= =?utf-8?B?iA==?= x", "S: f\u{308} x"),
            ("S: =?utf-8?q?f=C3?=\r\n =?UTF-8?Q?=BCr?=\r\n", "S: für\r\n"),
            ("S: =?utf-8?q?a?= b =?utf-8?q?c?=", "S: a b c"),
            ("S: =?iso-8859-1*de?q?f=FCr_a?=", "S: für a"),
            ("S: =?iso-8859-1?q?a?= =?utf-8?q?b?=", "S: a b"),
            ("S: =?utf-8?B?R3LDtsOfZQ?=", "S: Größe"),
            ("S: =?utf-8?q?a?=\r\nX: =?utf-8?q?b?=", "S: a\r\nX: b"),
            ("S: =?x?y?z =? =?a?q?b", "S: =?x?y?z =? =?a?q?b"),
            (
                "S: =?utf-8?B?R3LDvMO?=\r\n =?utf-8?B?fZSBhdXM=?=",
                "S: Grüße aus",
            ),
            (
                "S: =?utf-8?B?R3LDtsOfZQ?= =?utf-8?B?R3LDtsOfZQ?=",
                "S: GrößeGröße",
            ),
            (
                "S: =?iso-2022-jp?B?GyRCMnE1RCRPGyhC?=\r\n =?iso-2022-jp?B?GyRCTEBGfBsoQg==?=",
                "S: 会議は明日",
            ),
            ("S: plain", "S: plain"),
        ] {
            let shown = match header.contains("=?x?y") {
                true => String::from_utf8_lossy(&joined(header.as_bytes())).into_owned(),
                false => read(header),
            };
            assert_eq!(shown, text, "{header}");
        }
    }

    #[test]
    fn many_beginnings_take_no_longer_than_others() {
        for piece in [
            "=?",
            "=?a?q?",
            "=?utf-8?q?x?= ",
            "=?a?b",
            "=?utf-8?B??=\r\n ",
        ] {
            let header = piece.repeat(250_000 / piece.len());
            let before = processor::of_thread();
            joined(header.as_bytes());
            first_charset(header.as_bytes());
            let took = processor::of_thread().saturating_sub(before);
            assert!(took.as_secs() < 5, "{piece:?} {took:?}");
        }
    }

    #[test]
    fn the_charset_of_a_subject_is_found() {
        assert_eq!(
            first_charset(b"Subject: =?KOI8-R?B?8A==?=").as_deref(),
            Some("koi8-r")
        );
        assert_eq!(first_charset(b"Subject: =?utf-8?q?x?="), None);
    }
}
