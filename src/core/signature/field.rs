//! The value of an `XMPP-Bridge-Signature`: a list of tags as in RFC 6376 §3.2.

use super::canonical::Hash;
use crate::core::address::domain_to_ascii;
use crate::core::time::Timestamp;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::collections::BTreeMap;
use std::ops::Range;

/// An Ed25519 signature.
pub(super) type Signature = [u8; 64];

/// Octets of the names in one line of the field.
const NAMES_LINE_OCTETS: usize = 72;
/// Octets of the signature in its first line.
const SIGNATURE_LINE_OCTETS: usize = 64;
/// Digits of the time: enough for thirty thousand years, and too few for an overflow.
const TIME_DIGITS_MAX: usize = 12;

/// What a field says.
pub(super) struct SignatureField {
    /// `d`, in lower-case A-labels.
    pub(super) domain: String,
    /// `t`.
    pub(super) at: Timestamp,
    /// `h`, in lower case.
    pub(super) names: Vec<String>,
    /// `bh`.
    pub(super) body_hash: Hash,
    /// `b`.
    pub(super) signature: Signature,
    /// The value with nothing in `b`: this is what is signed of it (RFC 6376 §3.7).
    pub(super) unsigned: Vec<u8>,
}

/// Reads the value of a field as it stands in the mail.
///
/// # Errors
/// What is wrong with it, for a sentence.
pub(super) fn read(value: &[u8]) -> Result<SignatureField, &'static str> {
    let text = std::str::from_utf8(value).map_err(|_| "it is not UTF-8")?;
    let tags = tags(text)?;
    let of = |name| {
        let range = tags.get(name).cloned().unwrap_or_default();
        text.get(range).unwrap_or_default()
    };
    let is = |name, wanted| of(name).trim_matches(is_space) == wanted;
    if !is("v", "1") {
        return Err("its version is not 1");
    }
    if !is("a", "ed25519-sha256") {
        return Err("its algorithm is not ed25519-sha256");
    }
    if !is("c", "relaxed/relaxed") {
        return Err("its canonical form is not relaxed/relaxed");
    }
    let signature = tags.get("b").ok_or("it has no b")?;
    Ok(SignatureField {
        domain: domain_to_ascii(of("d").trim_matches(is_space)).ok_or("its d is no domain")?,
        at: time(of("t").trim_matches(is_space)).ok_or("its t is no time")?,
        names: names(of("h"))?,
        body_hash: octets(of("bh")).ok_or("its bh is no SHA-256 in base64")?,
        signature: octets(of("b")).ok_or("its b is no signature in base64")?,
        unsigned: without(text, signature),
    })
}

/// The tags and where their values stand, which may be folded. Those that nobody knows are ignored later, and a name that stands
/// there twice makes all of it worthless (RFC 6376 §3.2).
fn tags(text: &str) -> Result<BTreeMap<&str, Range<usize>>, &'static str> {
    let mut tags = BTreeMap::new();
    let mut at = 0_usize;
    let text = text.trim_end_matches(is_space);
    for tag in text.strip_suffix(';').unwrap_or(text).split(';') {
        let (name, value) = tag.split_once('=').ok_or("it has a tag without =")?;
        let end = at.saturating_add(tag.len());
        let value = end.saturating_sub(value.len())..end;
        at = end.saturating_add(1);
        let name = name.trim_matches(is_space);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return Err("it has a tag without a name");
        }
        if tags.insert(name, value).is_some() {
            return Err("it has a tag twice");
        }
    }
    Ok(tags)
}

/// A text without this part of it.
fn without(text: &str, part: &Range<usize>) -> Vec<u8> {
    let before = text.get(..part.start).unwrap_or_default();
    let after = text.get(part.end..).unwrap_or_default();
    [before, after].concat().into_bytes()
}

fn time(digits: &str) -> Option<Timestamp> {
    let fits = digits.len() <= TIME_DIGITS_MAX && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| digits.parse().ok())?.map(Timestamp::from_secs)
}

fn names(list: &str) -> Result<Vec<String>, &'static str> {
    let names = list.split(':').map(|name| name.trim_matches(is_space));
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    if !names.clone().all(is_name) {
        return Err("its h is no list of fields");
    }
    Ok(names.map(str::to_ascii_lowercase).collect())
}

/// Base64 between whose digits space may stand, of just so many octets.
fn octets<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits: String = digits.split(is_space).collect();
    BASE64_STANDARD.decode(digits).ok()?.try_into().ok()
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The value with nothing in `b`, which stands last. Folded where it has space.
pub(super) fn unsigned(domain: &str, at: Timestamp, names: &[String], body_hash: &Hash) -> String {
    format!(
        " v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n\td={}; t={};\r\n\th={};\r\n\tbh={};\r\n\tb=",
        domain_to_ascii(domain).unwrap_or_default(),
        at.millis().div_euclid(1000).max(0),
        folded(names),
        BASE64_STANDARD.encode(body_hash),
    )
}

fn folded(names: &[String]) -> String {
    let (mut list, mut line) = (String::new(), 0_usize);
    for name in names {
        if !list.is_empty() {
            list.push(':');
        }
        line = line.saturating_add(name.len()).saturating_add(1);
        if line > NAMES_LINE_OCTETS {
            list.push_str("\r\n\t");
            line = name.len();
        }
        list.push_str(name);
    }
    list
}

/// The whole field with its line end.
pub(super) fn signed(name: &str, unsigned: &str, signature: &str) -> String {
    let (first, second) = signature
        .split_at_checked(SIGNATURE_LINE_OCTETS)
        .unwrap_or((signature, ""));
    format!("{name}:{unsigned}{first}\r\n\t{second}\r\n")
}
