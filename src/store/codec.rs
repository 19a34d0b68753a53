//! The octets of a record: one octet, [`VALUE_VERSION`], and the record in JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// First octet of every record.
pub(super) const VALUE_VERSION: u8 = 1;

/// A value that does not hold what it should.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// No octets at all.
    #[error("it is empty")]
    Empty,
    /// A first octet that is unknown here.
    #[error("its version {0} is unknown")]
    Version(u8),
    /// Not the JSON of the record.
    #[error("it is not a record: {0}")]
    Json(String),
}

/// The octets of a record.
///
/// # Errors
/// [`CodecError::Json`] where it cannot be written as JSON, which no record of ours does.
pub(super) fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, CodecError> {
    let mut octets = vec![VALUE_VERSION];
    serde_json::to_writer(&mut octets, record).map_err(|e| CodecError::Json(e.to_string()))?;
    Ok(octets)
}

/// The record of these octets.
///
/// # Errors
/// [`CodecError`] says what was found instead.
pub(super) fn decode<T: DeserializeOwned>(octets: &[u8]) -> Result<T, CodecError> {
    match octets.split_first() {
        None => Err(CodecError::Empty),
        Some((&VALUE_VERSION, json)) => {
            serde_json::from_slice(json).map_err(|e| CodecError::Json(e.to_string()))
        }
        Some((&version, _)) => Err(CodecError::Version(version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_an_unknown_version_is_refused_and_not_misread() {
        assert_eq!(decode::<u32>(b"\x0142"), Ok(42));
        assert_eq!(decode::<u32>(b"\x0242"), Err(CodecError::Version(2)));
        assert_eq!(decode::<u32>(b""), Err(CodecError::Empty));
        assert!(matches!(decode::<u32>(b"\x01x"), Err(CodecError::Json(_))));
    }
}
