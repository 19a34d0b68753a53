//! S/MIME where signature and content are one part (RFC 8551 §3.5.2): what was signed is read. That it is signed says nothing here: it is
//! believed as much as the mail is.
//!
//! Of CMS (RFC 5652) only the way to the content, in BER, as programs write it: lengths may be indefinite, and strings in pieces.

/// ITU-T X.690 §8.1.2.
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OCTETS_IN_PIECES: u8 = 0x24;
const IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// The tag `[0]` around something else.
const TAGGED: u8 = 0xa0;
/// 1.2.840.113549.1.7.2 and 1.2.840.113549.1.7.1.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// Octets of a length that are read.
const LENGTH_OCTETS_MAX: usize = 4;
/// Strings of pieces of pieces.
const PIECES_DEPTH_MAX: usize = 4;

/// Whether a part may be one.
pub(super) fn is_opaque(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/pkcs7-mime" | "application/x-pkcs7-mime"
    )
}

/// The part that was signed, with its header; `None` where it is something else: encrypted, compressed, or a mere certificate.
pub(super) fn signed_content(octets: &[u8]) -> Option<Vec<u8>> {
    let (info, _) = element(octets, SEQUENCE)?;
    let (kind, info) = element(info, IDENTIFIER)?;
    if kind != SIGNED_DATA {
        return None;
    }
    let (signed, _) = element(info, TAGGED)?;
    let (signed, _) = element(signed, SEQUENCE)?;
    let (_version, signed) = element(signed, INTEGER)?;
    let (_digests, signed) = element(signed, SET)?;
    let (content, _) = element(signed, SEQUENCE)?;
    let (kind, content) = element(content, IDENTIFIER)?;
    let (content, _) = element(content, TAGGED)?;
    let mut whole = Vec::new();
    string(content, &mut whole, PIECES_DEPTH_MAX)?;
    (kind == DATA && !whole.is_empty()).then_some(whole)
}

/// A tag, how long it and the length are, and how long what follows is; `None`: up to its end.
fn head(input: &[u8]) -> Option<(u8, usize, Option<usize>)> {
    const LONG_TAG: u8 = 0x1f;
    let (tag, first) = (*input.first()?, *input.get(1)?);
    if tag & LONG_TAG == LONG_TAG {
        return None;
    }
    let count = usize::from(first & 0x7f);
    match (first < 0x80, count) {
        (true, length) => Some((tag, 2, Some(length))),
        (false, 0) => Some((tag, 2, None)),
        (false, count) => {
            let digits = input.get(2..count.saturating_add(2))?;
            let length = digits.iter().try_fold(0_usize, |length, digit| {
                length.checked_mul(256)?.checked_add(usize::from(*digit))
            });
            (count <= LENGTH_OCTETS_MAX).then_some((tag, count.saturating_add(2), Some(length?)))
        }
    }
}

/// What is in an element of this tag, and what comes behind it.
fn element(input: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    let (tag, start, length) = head(input)?;
    let rest = input.get(start..).filter(|_| tag == expected)?;
    match length {
        Some(length) => rest.split_at_checked(length),
        None => {
            let length = indefinite(rest)?;
            let (inner, rest) = rest.split_at_checked(length)?;
            Some((inner, rest.get(END.len()..)?))
        }
    }
}

/// Ends what has no length (X.690 §8.1.5).
const END: [u8; 2] = [0, 0];

/// How long something is that has no length: each octet is looked at once, however deep it is.
fn indefinite(input: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0_usize, 1_usize);
    loop {
        let rest = input.get(at..)?;
        if rest.starts_with(&END) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(at);
            }
            at = at.saturating_add(END.len());
            continue;
        }
        let (_, start, length) = head(rest)?;
        at = at.saturating_add(start).saturating_add(length.unwrap_or(0));
        depth = depth.saturating_add(usize::from(length.is_none()));
    }
}

/// The octets of a string, in one piece or in several.
fn string(input: &[u8], whole: &mut Vec<u8>, depth: usize) -> Option<()> {
    if let Some((octets, _)) = element(input, OCTETS) {
        whole.extend_from_slice(octets);
        return Some(());
    }
    let (mut pieces, _) = element(input, OCTETS_IN_PIECES)?;
    while !pieces.is_empty() {
        let (tag, ..) = head(pieces)?;
        let (_, rest) = element(pieces, tag)?;
        string(pieces, whole, depth.checked_sub(1)?)?;
        pieces = rest;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], &length[..], content].concat()
    }

    fn without_length(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &END].concat()
    }

    fn signed(kind: &[u8], content: &[u8], of: fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8> {
        let inner = of(
            SEQUENCE,
            &[der(IDENTIFIER, kind), of(TAGGED, content)].concat(),
        );
        let data = [
            der(INTEGER, &[1]),
            der(SET, &[]),
            inner,
            der(SET, b"signers"),
        ]
        .concat();
        let data = of(TAGGED, &of(SEQUENCE, &data));
        of(SEQUENCE, &[der(IDENTIFIER, SIGNED_DATA), data].concat())
    }

    #[test]
    fn what_was_signed_is_found_however_it_is_written() {
        let words = der(OCTETS, b"Hello, world");
        let pieces = [der(OCTETS, b"Hello, "), der(OCTETS, b"world")].concat();
        for of in [der, without_length] {
            for content in [&words, &of(OCTETS_IN_PIECES, &pieces)] {
                let found = signed_content(&signed(DATA, content, of));
                assert_eq!(found.as_deref(), Some(&b"Hello, world"[..]));
            }
        }
    }

    #[test]
    fn what_is_something_else_is_nothing_and_no_panic() {
        let words = der(OCTETS, b"Hello");
        let whole = signed(DATA, &words, without_length);
        for end in 0..whole.len() {
            signed_content(&whole[..end]);
            let mut other = whole.clone();
            other[end] ^= 0xff;
            signed_content(&other);
        }
        assert_eq!(signed_content(&signed(b"x", &words, der)), None);
        assert_eq!(signed_content(&signed(DATA, &[], der)), None);
        for hostile in [
            [SEQUENCE, 0x80].repeat(200_000),
            [OCTETS_IN_PIECES, 0x80].repeat(200_000),
            signed(DATA, &[OCTETS_IN_PIECES, 0x80].repeat(100_000), der),
            vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            vec![0x30, 0xff],
        ] {
            assert_eq!(signed_content(&hostile), None);
        }
    }
}
