//! A mail as it goes over the wire after `DATA`: CRLF at the end of each line, its dots doubled, in blocks. Pure.

use std::borrow::Cow;

/// How much of a mail is handed to the socket at a time, in octets; each has
/// [`TimeLimits::block`](crate::smtp::TimeLimits::block).
pub(super) const BLOCK_OCTETS: usize = 64 * 1024;

/// A mail with CRLF line ends only. A bare CR or LF would let a mail smuggle a second one past the server (RFC 5321
/// §2.3.8), and a dot is doubled at the beginning of a line, which is after CRLF only.
pub(super) fn wire_form(mail: &[u8]) -> Cow<'_, [u8]> {
    let mut previous = 0;
    let mut is_bare = |octet: u8, next: Option<&u8>| {
        let bare = match octet {
            b'\r' => next != Some(&b'\n'),
            b'\n' => previous != b'\r',
            _ => false,
        };
        previous = octet;
        bare
    };
    let nexts = mail.iter().skip(1).map(Some).chain(std::iter::once(None));
    if !mail
        .iter()
        .zip(nexts)
        .any(|(octet, next)| is_bare(*octet, next))
    {
        return Cow::Borrowed(mail);
    }
    let mut clean = Vec::with_capacity(mail.len().saturating_add(64));
    let mut octets = mail.iter().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if(|next| **next == b'\n');
                clean.extend_from_slice(b"\r\n");
            }
            b'\n' => clean.extend_from_slice(b"\r\n"),
            other => clean.push(*other),
        }
    }
    Cow::Owned(clean)
}

/// A mail in [`wire_form`] whose last line has an end, as it must have before a final dot.
pub(super) fn whole_lines(mail: &[u8]) -> Cow<'_, [u8]> {
    let mut mail = wire_form(mail);
    if !mail.is_empty() && !mail.ends_with(b"\r\n") {
        mail.to_mut().extend_from_slice(b"\r\n");
    }
    mail
}

/// The same of a mail that comes block by block.
#[derive(Debug, Default)]
pub(super) struct LineEnds {
    /// The octet before.
    before: Option<u8>,
}

impl LineEnds {
    /// Appends what the next block becomes.
    pub(super) fn take(&mut self, block: &[u8], to: &mut Vec<u8>) {
        to.reserve(block.len());
        for octet in block {
            match octet {
                b'\n' if self.before == Some(b'\r') => {}
                b'\r' | b'\n' => to.extend_from_slice(b"\r\n"),
                other => to.push(*other),
            }
            self.before = Some(*octet);
        }
    }

    /// Appends the end of the last line, if that has none.
    pub(super) fn end(&self, to: &mut Vec<u8>) {
        if !matches!(self.before, None | Some(b'\r' | b'\n')) {
            to.extend_from_slice(b"\r\n");
        }
    }
}

/// What a server is told of a mail, or has to know, before it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WireFacts {
    /// Its length as it goes over the wire, but for dots that are doubled.
    pub(super) octets: u64,
    pub(super) is_ascii: bool,
    pub(super) is_header_ascii: bool,
}

impl WireFacts {
    /// Of a mail with whole lines.
    pub(super) fn of(mail: &[u8]) -> Self {
        let mut seen = SeenMail::default();
        seen.take(mail);
        seen.facts
    }
}

/// A mail with whole lines as far as it was seen.
#[derive(Debug)]
pub(super) struct SeenMail {
    pub(super) facts: WireFacts,
    is_header_over: bool,
    /// The last four octets of the header.
    last: [u8; 4],
}

impl Default for SeenMail {
    fn default() -> Self {
        Self {
            facts: WireFacts {
                octets: 0,
                is_ascii: true,
                is_header_ascii: true,
            },
            is_header_over: false,
            last: [0; 4],
        }
    }
}

impl SeenMail {
    /// Sees the next of it.
    pub(super) fn take(&mut self, octets: &[u8]) {
        let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        self.facts.octets = self.facts.octets.saturating_add(length);
        self.facts.is_ascii &= octets.is_ascii();
        for octet in octets {
            if self.is_header_over {
                return;
            }
            self.facts.is_header_ascii &= octet.is_ascii();
            let [_, a, b, c] = self.last;
            self.last = [a, b, c, *octet];
            self.is_header_over = self.last == *b"\r\n\r\n";
        }
    }
}

/// What ends a mail with whole lines: the final dot, on a line of its own.
pub(super) const FINAL_DOT: &[u8] = b".\r\n";

/// A block with a second dot where a line begins with one (RFC 5321 §4.5.2), if any does; this octet stands before it.
pub(super) fn with_dots_doubled(block: &[u8], before: u8) -> Option<Vec<u8>> {
    let previous = std::iter::once(&before).chain(block);
    let is_first = |(octet, previous): (&u8, &u8)| (*octet, *previous) == (b'.', b'\n');
    let doubled = block
        .iter()
        .zip(previous.clone())
        .filter(|pair| is_first(*pair))
        .count();
    if doubled == 0 {
        return None;
    }
    let mut octets = Vec::with_capacity(block.len().saturating_add(doubled));
    for pair in block.iter().zip(previous) {
        if is_first(pair) {
            octets.push(b'.');
        }
        octets.push(*pair.0);
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes over the wire, in blocks of so many octets.
    fn sent(mail: &[u8], at_once: usize) -> Vec<u8> {
        let (mail, mut before, mut octets) = (whole_lines(mail), b'\n', Vec::new());
        for block in mail.chunks(at_once) {
            let doubled = with_dots_doubled(block, before);
            octets.extend(doubled.unwrap_or_else(|| block.to_vec()));
            before = *block.last().unwrap();
        }
        octets.extend_from_slice(FINAL_DOT);
        octets
    }

    /// What a server takes for the mail (RFC 5321 §4.5.2), which is all that it was sent.
    fn received(octets: &[u8]) -> Vec<u8> {
        let mut mail = Vec::new();
        let mut lines = octets.split_inclusive(|octet| *octet == b'\n');
        for line in lines.by_ref() {
            if line == b".\r\n" {
                break;
            }
            mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        assert_eq!(lines.next(), None, "something is left behind the final dot");
        mail
    }

    #[test]
    fn dots_are_doubled_at_the_beginning_of_a_line_also_where_a_block_begins() {
        let line = [b"x".repeat(BLOCK_OCTETS - 2).as_slice(), b"\r\n"].concat();
        let mail = [line.as_slice(), b".\r\n", &line, b"..x"].concat();
        let octets = sent(&mail, BLOCK_OCTETS);
        assert_eq!(octets.len(), mail.len() + 2 + 5);
        assert_eq!(received(&octets), [mail.as_slice(), b"\r\n"].concat());
        // A dot within a line, which a block happens to begin with.
        let mail = [b"x".repeat(BLOCK_OCTETS).as_slice(), b".\r\n"].concat();
        let octets = sent(&mail, BLOCK_OCTETS);
        assert_eq!(octets, [mail.as_slice(), b".\r\n"].concat());
        assert_eq!(sent(b"", 1), b".\r\n");
    }

    #[test]
    fn every_line_has_an_end() {
        assert_eq!(whole_lines(b"").as_ref(), b"");
        assert_eq!(whole_lines(b"a\nb").as_ref(), b"a\r\nb\r\n");
        assert!(matches!(whole_lines(b"a\r\n"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        /// No mail ends before its end, and none is changed on its way but for its line ends.
        #[test]
        fn whatever_is_sent_is_received(mail in "[\r\n.a]{0,40}", at_once in 1_usize..50) {
            let mut expected = wire_form(mail.as_bytes()).into_owned();
            if !expected.is_empty() && !expected.ends_with(b"\r\n") {
                expected.extend_from_slice(b"\r\n");
            }
            proptest::prop_assert_eq!(received(&sent(mail.as_bytes(), at_once)), expected);
        }

        #[test]
        fn a_mail_in_pieces_becomes_what_it_is_as_a_whole(mail in "[\r\n.aé]{0,40}", at_once in 1_usize..50) {
            let (mut ends, mut clean, mut seen) = (LineEnds::default(), Vec::new(), SeenMail::default());
            for piece in mail.as_bytes().chunks(at_once) {
                ends.take(piece, &mut clean);
            }
            ends.end(&mut clean);
            let whole = whole_lines(mail.as_bytes());
            proptest::prop_assert_eq!(whole.as_ref(), clean.as_slice());
            for piece in clean.chunks(at_once) {
                seen.take(piece);
            }
            let end = clean.windows(4).position(|four| four == b"\r\n\r\n");
            let header = &clean[..end.unwrap_or(clean.len())];
            let facts = WireFacts {
                octets: clean.len().try_into().unwrap(),
                is_ascii: clean.is_ascii(),
                is_header_ascii: header.is_ascii(),
            };
            proptest::prop_assert_eq!(seen.facts, facts);
            proptest::prop_assert_eq!(WireFacts::of(&clean), facts);
        }

        #[test]
        fn no_bare_cr_or_lf_is_left_and_nothing_else_is_lost(mail in "[\r\n.a]{0,40}") {
            let wire = wire_form(mail.as_bytes()).into_owned();
            let rest = String::from_utf8(wire.clone()).unwrap().replace("\r\n", "");
            proptest::prop_assert!(!rest.contains(['\r', '\n']));
            let kept = |text: &str| text.replace(['\r', '\n'], "");
            proptest::prop_assert_eq!(rest, kept(&mail));
            let once_more = wire_form(&wire);
            proptest::prop_assert!(matches!(once_more, Cow::Borrowed(_)));
        }
    }
}
