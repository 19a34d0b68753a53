//! The node of a JID written as (a piece of) the local part of a mail address, and back.
//!
//! # The encoding
//!
//! Stock Dovecot and Postfix take `a-z 0-9 . - _` in a recipient everywhere, and a local part must stay a Dot-string
//! (RFC 5321 §4.1.2), so a node is written with these characters alone. Most nodes are their own encoding. In the
//! others each longest run of characters that *must hide* becomes one escape: `_-`, the run's UTF-8 in lower-case
//! hexadecimal digits, `-`. Thus `zoë` is `zo_-c3ab-` and `d\27artagnan` is `d_-5c-27artagnan`. These must hide:
//!
//! - every character outside `a-z 0-9 . - _`;
//! - a `.` at the start, at the end or after another `.`: it would break the Dot-string;
//! - a `-` at the start: Postfix refuses such a recipient (`allow_min_user`);
//! - a `_` before a `-`: the two would read as the begin of an escape. So `_-` in an encoding is always one, which is
//!   what makes it unambiguous.
//!
//! Each node has one encoding and each encoding one node: [`decode`] refuses whatever [`encode`] would not have written.

use std::fmt::Write;

/// The encoding of a node (any text that is not empty).
pub(super) fn encode(node: &str) -> String {
    let mut encoded = String::with_capacity(node.len().saturating_add(8));
    let mut hidden = String::new();
    let mut before = None;
    let mut rest = node.chars();
    while let Some(c) = rest.next() {
        if must_hide(before, c, rest.as_str()) {
            hidden.push(c);
        } else {
            push_escape(&mut encoded, &mut hidden);
            encoded.push(c);
        }
        before = Some(c);
    }
    push_escape(&mut encoded, &mut hidden);
    encoded
}

/// The node whose encoding this is; `None` where it is the encoding of none.
pub(super) fn decode(encoded: &str) -> Option<String> {
    let mut node = String::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((plain, escape)) = rest.split_once("_-") {
        let (digits, after) = escape.split_once('-')?;
        node.push_str(plain);
        node.push_str(&from_hex(digits)?);
        rest = after;
    }
    node.push_str(rest);
    (encode(&node) == encoded).then_some(node)
}

fn must_hide(before: Option<char>, c: char, after: &str) -> bool {
    match c {
        'a'..='z' | '0'..='9' => false,
        '.' => matches!(before, None | Some('.')) || after.is_empty(),
        '-' => before.is_none(),
        '_' => after.starts_with('-'),
        _ => true,
    }
}

fn push_escape(encoded: &mut String, hidden: &mut String) {
    if hidden.is_empty() {
        return;
    }
    encoded.push_str("_-");
    for byte in hidden.bytes() {
        let _ = write!(encoded, "{byte:02x}");
    }
    encoded.push('-');
    hidden.clear();
}

fn from_hex(digits: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(digits.len());
    let mut rest = digits;
    while !rest.is_empty() {
        let (pair, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(pair, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::address::MailAddress;
    use proptest::prelude::*;

    #[test]
    fn ordinary_nodes_are_their_own_encoding() {
        for node in ["alice", "john.doe", "a-b_c", "x--y", "a__b", "7"] {
            assert_eq!(encode(node), node);
            assert_eq!(decode(node).as_deref(), Some(node));
        }
    }

    #[test]
    fn what_must_hide_is_hidden() {
        for (node, encoded) in [
            ("zoë", "zo_-c3ab-"),
            ("d\\27artagnan", "d_-5c-27artagnan"),
            ("a+b", "a_-2b-b"),
            (".a", "_-2e-a"),
            ("a.", "a_-2e-"),
            ("a..b", "a._-2e-b"),
            ("..", "_-2e2e-"),
            ("-bob", "_-2d-bob"),
            ("a_-b", "a_-5f--b"),
            ("zo_-c3ab-", "zo_-5f--c3ab-"),
            ("__-", "__-5f--"),
        ] {
            assert_eq!(encode(node), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(node));
        }
    }

    #[test]
    fn only_what_encode_writes_is_decoded() {
        for text in [
            "_-61-",
            "_--",
            "_-c3",
            "_-c3-",
            "_-C3AB-",
            "_-c3ab",
            "_-2b-_-2b-",
            "_-+1-",
            "a.",
            "-a",
            "A",
            "a+b",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(node in "[a-z._\\-ë+ ]{1,20}|\\PC{1,20}") {
            let encoded = encode(&node);
            prop_assert_eq!(decode(&encoded), Some(node));
        }

        #[test]
        fn every_encoding_is_a_dot_string_of_harmless_characters(node in "[a-z._\\-ë]{1,6}|\\PC{1,6}") {
            let encoded = encode(&node);
            prop_assert!(encoded.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_')));
            prop_assert!(!encoded.starts_with('-'));
            if let Ok(address) = MailAddress::from_parts(&encoded, "a.example") {
                prop_assert_eq!(address.to_string(), format!("{encoded}@a.example"));
            }
        }

        #[test]
        fn no_two_nodes_share_an_encoding(text in "[a-f0-9._\\-]{1,12}") {
            if let Some(node) = decode(&text) {
                prop_assert_eq!(encode(&node), text);
            }
        }
    }
}
