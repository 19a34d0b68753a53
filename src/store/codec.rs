//! The octets of a record: one that says how it is written, and the record: [`COMPACT`], as [`compact`] has it; or [`JSON`], as
//! format 1 wrote it.

use crate::store::compact;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// First octet of a record in JSON.
pub(super) const JSON: u8 = 1;
/// First octet of a record in few octets.
pub(super) const COMPACT: u8 = 2;

/// First octet of what names a record that lies elsewhere.
const LINK: u8 = 3;

/// Into how many parts a key is taken: no key of ours has more.
const PARTS_MAX: usize = 3;

/// A value that does not hold what it should.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// No octets at all.
    #[error("it is empty")]
    Empty,
    /// A first octet that is unknown here.
    #[error("its version {0} is unknown")]
    Version(u8),
    /// Cut off, or no octets of ours.
    #[error("it is not whole")]
    Torn,
    /// Not the JSON of the record.
    #[error("it is not a record: {0}")]
    Json(String),
}

/// The octets of a record that lies under this key.
///
/// # Errors
/// [`CodecError::Json`] where it is no JSON, which every record of ours is.
pub(super) fn encode<T: Serialize>(key: &[u8], record: &T) -> Result<Vec<u8>, CodecError> {
    let value = serde_json::to_value(record).map_err(|e| CodecError::Json(e.to_string()))?;
    let mut octets = vec![COMPACT];
    octets.extend(compact::write(&value, &parts(key)));
    Ok(octets)
}

/// The record of these octets under this key.
///
/// # Errors
/// [`CodecError`] says what was found instead.
pub(super) fn decode<T: DeserializeOwned>(key: &[u8], octets: &[u8]) -> Result<T, CodecError> {
    let wrong = |e: serde_json::Error| CodecError::Json(e.to_string());
    match octets.split_first() {
        None => Err(CodecError::Empty),
        Some((&JSON, json)) => serde_json::from_slice(json).map_err(wrong),
        Some((&COMPACT, rest)) => {
            let value = compact::read(rest, &parts(key)).ok_or(CodecError::Torn)?;
            serde_json::from_value(value).map_err(wrong)
        }
        Some((&version, _)) => Err(CodecError::Version(version)),
    }
}

/// What names a record elsewhere, under this key.
///
/// # Errors
/// As [`encode`].
pub(super) fn encode_link<T: Serialize>(key: &[u8], name: &T) -> Result<Vec<u8>, CodecError> {
    let mut octets = encode(key, name)?;
    if let Some(version) = octets.first_mut() {
        *version = LINK;
    }
    Ok(octets)
}

/// What names a record elsewhere; `None` where these are the octets of a record, or of nothing.
pub(super) fn decode_link<T: DeserializeOwned>(key: &[u8], octets: &[u8]) -> Option<T> {
    let (_, rest) = octets.split_first().filter(|(kind, _)| **kind == LINK)?;
    serde_json::from_value(compact::read(rest, &parts(key))?).ok()
}

/// Whether these are the octets of a record of format 1.
pub(super) fn is_old(octets: &[u8]) -> bool {
    octets.first() == Some(&JSON)
}

/// What a record need not repeat of its key.
fn parts(key: &[u8]) -> Vec<&str> {
    let parts = key.get(1..).unwrap_or_default();
    let parts = parts.splitn(PARTS_MAX, |octet| *octet == 0);
    parts
        .map(|part| std::str::from_utf8(part).unwrap_or_default())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_an_unknown_version_is_refused_and_not_misread() {
        assert_eq!(decode::<u32>(b"k", b"\x0142"), Ok(42));
        assert_eq!(decode::<u32>(b"k", b"\x02\xaa"), Ok(42));
        assert_eq!(decode::<u32>(b"k", b"\x02"), Err(CodecError::Torn));
        assert_eq!(decode::<u32>(b"k", b"\x0342"), Err(CodecError::Version(3)));
        assert_eq!(decode::<u32>(b"k", b""), Err(CodecError::Empty));
        assert!(matches!(
            decode::<u32>(b"k", b"\x01x"),
            Err(CodecError::Json(_))
        ));
    }

    #[test]
    fn what_a_key_says_is_not_said_again() {
        let key = b"walice@a.example\0x@mail.example";
        let octets = encode(key, &["alice@a.example", "x@mail.example", "y"]).unwrap();
        assert_eq!(octets, b"\x02\x06\x03\x0a\x00\x0a\x01\x41y");
        let texts: Vec<String> = decode(key, &octets).unwrap();
        assert_eq!(texts, ["alice@a.example", "x@mail.example", "y"]);
    }
}
