//! A mail as it goes over the wire after `DATA`: CRLF at the end of each line, its dots doubled, in blocks. Pure.

use std::borrow::Cow;

/// How much of a mail is handed to the socket at a time, in octets; each has
/// [`TimeLimits::block`](crate::smtp::TimeLimits::block).
const BLOCK_OCTETS: usize = 64 * 1024;

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

/// `BDAT` and a mail, in blocks as it is: nothing in it can end it, so that no dot is doubled.
pub(super) fn chunk<'a>(line: &str, mail: &'a [u8]) -> impl Iterator<Item = Cow<'a, [u8]>> {
    let (first, rest) = mail.split_at_checked(BLOCK_OCTETS).unwrap_or((mail, &[]));
    let first = [line.as_bytes(), first].concat();
    std::iter::once(first.into()).chain(rest.chunks(BLOCK_OCTETS).map(Cow::Borrowed))
}

/// A mail in [`wire_form`] in blocks, with a second dot where a line begins with one (RFC 5321 §4.5.2).
pub(super) fn blocks(mail: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut before = b'\n';
    mail.chunks(BLOCK_OCTETS).map(move |block| {
        let doubled = with_dots_doubled(block, before);
        before = block.last().copied().unwrap_or(before);
        doubled
    })
}

/// What ends a mail in [`wire_form`]: the final dot, on a line of its own.
pub(super) fn end(mail: &[u8]) -> &'static [u8] {
    match mail.is_empty() || mail.ends_with(b"\r\n") {
        true => b".\r\n",
        false => b"\r\n.\r\n",
    }
}

fn with_dots_doubled(block: &[u8], before: u8) -> Cow<'_, [u8]> {
    let previous = std::iter::once(&before).chain(block);
    let is_first = |(octet, previous): (&u8, &u8)| (*octet, *previous) == (b'.', b'\n');
    let doubled = block
        .iter()
        .zip(previous.clone())
        .filter(|pair| is_first(*pair))
        .count();
    if doubled == 0 {
        return Cow::Borrowed(block);
    }
    let mut octets = Vec::with_capacity(block.len().saturating_add(doubled));
    for pair in block.iter().zip(previous) {
        if is_first(pair) {
            octets.push(b'.');
        }
        octets.push(*pair.0);
    }
    Cow::Owned(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes over the wire.
    fn sent(mail: &[u8]) -> Vec<u8> {
        let mail = wire_form(mail);
        let mut octets: Vec<u8> = blocks(&mail).flat_map(Cow::into_owned).collect();
        octets.extend_from_slice(end(&mail));
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
        let octets = sent(&mail);
        assert_eq!(octets.len(), mail.len() + 2 + 5);
        assert_eq!(received(&octets), [mail.as_slice(), b"\r\n"].concat());
        // A dot within a line, which a block happens to begin with.
        let mail = [b"x".repeat(BLOCK_OCTETS).as_slice(), b".\r\n"].concat();
        assert_eq!(sent(&mail), [mail.as_slice(), b".\r\n"].concat());
        assert_eq!(sent(b""), b".\r\n");
    }

    #[test]
    fn a_chunk_is_the_mail_as_it_is() {
        for octets in [0, 1, BLOCK_OCTETS, BLOCK_OCTETS + 1, 3 * BLOCK_OCTETS] {
            let mail = b".".repeat(octets);
            let blocks: Vec<_> = chunk("BDAT x LAST\r\n", &mail).collect();
            assert!(blocks.iter().skip(1).all(|block| !block.is_empty()));
            assert_eq!(
                blocks.concat(),
                [b"BDAT x LAST\r\n", mail.as_slice()].concat()
            );
        }
        assert_eq!(whole_lines(b"").as_ref(), b"");
        assert_eq!(whole_lines(b"a\nb").as_ref(), b"a\r\nb\r\n");
        assert!(matches!(whole_lines(b"a\r\n"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        /// No mail ends before its end, and none is changed on its way but for its line ends.
        #[test]
        fn whatever_is_sent_is_received(mail in "[\r\n.a]{0,40}") {
            let mut expected = wire_form(mail.as_bytes()).into_owned();
            if !expected.is_empty() && !expected.ends_with(b"\r\n") {
                expected.extend_from_slice(b"\r\n");
            }
            proptest::prop_assert_eq!(received(&sent(mail.as_bytes())), expected);
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
