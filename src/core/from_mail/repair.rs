//! What the way of a mail does to it, mended before it is read.

use super::mime::split_header;
use crate::core::limits::MAIL_HEADER_OCTETS_MAX;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;
use std::io;

/// Some servers put one before the first field.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// As many as of other hashes that tell two texts apart.
const DIGEST_OCTETS: usize = 16;
/// What Unix mailboxes have before each mail; and as programs write it that take it for a line of the text.
const MAILBOX_LINES: [&[u8]; 2] = [b"From ", b">From "];

/// The mail without what stands before its first field, and with line ends that are line ends.
pub(super) fn repaired(raw: &[u8]) -> Cow<'_, [u8]> {
    let start = without_mailbox_line(raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(raw));
    if has_returns_alone(start) {
        return Cow::Owned(with_line_feeds(start));
    }
    let mut lines = start.split_inclusive(|b| *b == b'\n');
    match lines.next().is_some_and(|line| line.ends_with(b"\r\r\n")) {
        true => Cow::Owned(without_doubled_returns(start)),
        false => Cow::Borrowed(start),
    }
}

fn without_mailbox_line(raw: &[u8]) -> &[u8] {
    let is_blank = |line: &&[u8]| line.trim_ascii().is_empty();
    let lines = raw.split_inclusive(|b| *b == b'\n');
    let blanks = lines.take_while(is_blank).map(<[u8]>::len).sum();
    let start = raw.get(blanks..).unwrap_or(raw);
    if start.is_empty() {
        return raw;
    }
    if !MAILBOX_LINES.iter().any(|line| start.starts_with(line)) {
        return start;
    }
    let end = start.iter().position(|b| *b == b'\n');
    end.and_then(|end| start.get(end.saturating_add(1)..))
        .unwrap_or(start)
}

/// Whether the lines of a mail end with CR alone, as on old Macs: in as much as a header may have, there is a blank line of
/// that kind, and no other.
fn has_returns_alone(raw: &[u8]) -> bool {
    let start = raw.get(..MAIL_HEADER_OCTETS_MAX).unwrap_or(raw);
    let has = |end: &[u8]| start.windows(end.len()).any(|here| here == end);
    has(b"\r\r") && !has(b"\n\n") && !has(b"\n\r\n") && !has(b"\r\r\n")
}

fn with_line_feeds(raw: &[u8]) -> Vec<u8> {
    let mut rest = raw.iter().peekable();
    let mut whole = Vec::with_capacity(raw.len());
    while let Some(octet) = rest.next() {
        if *octet != b'\r' {
            whole.push(*octet);
            continue;
        }
        rest.next_if(|next| **next == b'\n');
        whole.push(b'\n');
    }
    whole
}

/// A program wrote CRLF through a file that made CRLF of each LF.
fn without_doubled_returns(raw: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(raw.len());
    for line in raw.split_inclusive(|b| *b == b'\n') {
        match line.strip_suffix(b"\r\r\n") {
            Some(text) => {
                whole.extend_from_slice(text);
                whole.extend_from_slice(b"\r\n");
            }
            None => whole.extend_from_slice(line),
        }
    }
    whole
}

/// A hash of what two mails differ in that have one Message-ID, date, subject and body: the same however lines end, and
/// whatever blank lines follow.
pub(super) fn digest(raw: &[u8]) -> String {
    let (header, body) = split_header(raw);
    let mut lines = DigestedLines::below(header);
    lines.take(body);
    lines.digest()
}

/// The same of a mail that is not in memory as a whole.
///
/// # Errors
/// Of the pieces of its body.
pub(super) fn digest_of(
    header: &[u8],
    body: impl Iterator<Item = io::Result<Vec<u8>>>,
) -> io::Result<String> {
    let mut lines = DigestedLines::below(header);
    for piece in body {
        lines.take(&piece?);
    }
    Ok(lines.digest())
}

/// The lines of a body, without what stands at their ends, and without blank ones behind the last.
struct DigestedLines {
    hash: Sha256,
    /// Line ends that count if something follows.
    ends: usize,
    /// White space since the last of those, which counts if something follows in its line.
    blanks: Vec<u8>,
}

impl DigestedLines {
    /// With what counts of the header.
    fn below(header: &[u8]) -> Self {
        let mut hash = Sha256::new();
        let mut is_wanted = false;
        for line in header.split(|b| *b == b'\n') {
            if !line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
                let name = line.split(|b| *b == b':').next().unwrap_or_default();
                let name = name.trim_ascii();
                is_wanted = [b"date".as_slice(), b"subject"]
                    .iter()
                    .any(|wanted| name.eq_ignore_ascii_case(wanted));
            }
            if is_wanted {
                hash.update(line.trim_ascii_end());
                hash.update(b"\n");
            }
        }
        hash.update(b"\n");
        Self {
            hash,
            ends: 0,
            blanks: Vec::new(),
        }
    }

    fn take(&mut self, piece: &[u8]) {
        for line in piece.split_inclusive(|b| *b == b'\n') {
            let text = line.trim_ascii_end();
            if !text.is_empty() {
                for _ in 0..std::mem::take(&mut self.ends) {
                    self.hash.update(b"\n");
                }
                self.hash.update(&self.blanks);
                self.hash.update(text);
                self.blanks.clear();
            }
            if line.ends_with(b"\n") {
                self.ends = self.ends.saturating_add(1);
                self.blanks.clear();
            } else {
                let blanks = line.get(text.len()..).unwrap_or_default();
                self.blanks.extend_from_slice(blanks);
            }
        }
    }

    fn digest(mut self) -> String {
        self.hash.update(b"\n");
        let mut digest = String::new();
        for byte in self.hash.finalize().iter().take(DIGEST_OCTETS) {
            // Writing to a String cannot fail.
            let _ = write!(digest, "{byte:02x}");
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_the_first_field_is_no_part_of_the_mail() {
        for raw in [
            "From: a@b\r\n\r\nx",
            "\u{feff}From: a@b\r\n\r\nx",
            "\r\n\r\nFrom: a@b\r\n\r\nx",
            "   \t\r\n \nFrom: a@b\r\n\r\nx",
            "From a@b Mon Nov  2 10:15:00 2026\r\nFrom: a@b\r\n\r\nx",
            ">From a@b Mon Nov  2 10:15:00 2026\r\nFrom: a@b\r\n\r\nx",
            "From: a@b\r\r\n\r\r\nx",
        ] {
            assert_eq!(&*repaired(raw.as_bytes()), b"From: a@b\r\n\r\nx", "{raw:?}");
        }
        for old in ["From: a@b\rTo: c\r\rx\r", "From: a@b\nTo: c\r\rx\r"] {
            assert_eq!(
                &*repaired(old.as_bytes()),
                b"From: a@b\nTo: c\n\nx\n",
                "{old:?}"
            );
        }
        let whole = "From: a@b\r\n\r\nx\r\ry";
        assert_eq!(&*repaired(whole.as_bytes()), whole.as_bytes());
        assert_eq!(&*repaired(b"\r\n"), b"\r\n");
        assert_eq!(&*repaired(b""), b"");
    }

    #[test]
    fn a_digest_is_of_date_subject_and_body_and_not_of_line_ends() {
        let one = digest(b"To: x\r\nDate: d\r\nSubject: s\r\n t\r\n\r\na\r\nb\r\n");
        assert_eq!(
            one,
            digest(b"Received: y\nDate: d\nSubject: s\n t\n\na\nb\n\n")
        );
        for other in [
            digest(b"Date: e\nSubject: s\n t\n\na\nb"),
            digest(b"Date: d\nSubject: s\n u\n\na\nb"),
            digest(b"Date: d\nSubject: s\n t\n\na\nc"),
        ] {
            assert_ne!(one, other);
        }
    }

    /// As it was computed when all of a mail was in memory: what was remembered of mails stays right.
    fn digest_at_once(raw: &[u8]) -> String {
        let (header, body) = split_header(raw);
        let mut hash = DigestedLines::below(header).hash;
        for line in body.trim_ascii_end().split(|b| *b == b'\n') {
            hash.update(line.trim_ascii_end());
            hash.update(b"\n");
        }
        let hash = hash.finalize();
        let digits = hash.iter().take(DIGEST_OCTETS);
        digits.map(|byte| format!("{byte:02x}")).collect()
    }

    proptest::proptest! {
        #[test]
        fn a_digest_is_the_same_in_pieces(
            body in "[ab \t\r\n\x0c\x0b]{0,60}",
            piece in 1_usize..20,
        ) {
            let mail = format!("From: c@d.example\r\nSubject: x \r\n\r\n{body}");
            let expected = digest_at_once(mail.as_bytes());
            proptest::prop_assert_eq!(digest(mail.as_bytes()), expected.clone());
            let (header, body) = split_header(mail.as_bytes());
            let pieces = body.chunks(piece).map(|piece| Ok(piece.to_vec()));
            proptest::prop_assert_eq!(digest_of(header, pieces).unwrap(), expected);
        }
    }
}
