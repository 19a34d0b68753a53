//! Rows that lead to others: from the XMPP name of a message to it, and from times to what grows old. [`tables`] says where
//! they lie.
//!
//! [`tables`]: super::tables

use crate::core::id::MessageId;
use crate::core::time::Timestamp;
use crate::store::codec::{self, CodecError};
use crate::store::tables::{BY_TIME, Record, Table};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// The octets of an `s` row that leads to this message.
///
/// # Errors
/// [`CodecError::Json`], which does not happen.
pub(super) fn link(key: &[u8], message: &MessageId) -> Result<Vec<u8>, CodecError> {
    codec::encode_link(key, message)
}

/// The key of the message to which an `s` row leads; `None` of any other row.
pub(super) fn linked(row: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let id: MessageId = codec::decode_link(row, value)?;
    let user = row.get(1..)?.split(|octet| *octet == 0).next()?;
    Some([&[Table::Message.tag()], user, &[0], id.as_str().as_bytes()].concat())
}

/// The key of the `o` row of a record that lies under this key, if it is forgotten at some time.
pub(super) fn place_of(record: &Record, key: &[u8]) -> Option<Vec<u8>> {
    let at = record.time()?;
    Some(match record {
        Record::Thread(_) => time_key(day_of(at), key),
        _ => time_key(at, key),
    })
}

/// When the day of this moment began.
fn day_of(at: Timestamp) -> Timestamp {
    let into = at.millis().rem_euclid(DAY_MS);
    Timestamp::from_millis(at.millis().saturating_sub(into))
}

/// The first key of the index by time at this time.
pub(super) fn time_prefix(at: Timestamp) -> Vec<u8> {
    // With its sign bit flipped, a number sorts as its octets do.
    let sortable = at.millis().cast_unsigned() ^ (1 << 63);
    let mut key = vec![BY_TIME];
    key.extend_from_slice(&sortable.to_be_bytes());
    key
}

/// The key by which a row stands in the index by time.
pub(super) fn time_key(at: Timestamp, row: &[u8]) -> Vec<u8> {
    let mut key = time_prefix(at);
    key.extend_from_slice(row);
    key
}

/// The key of the row that an index row stands for.
pub(super) fn row_of_time_key(key: &[u8]) -> Option<&[u8]> {
    key.get(9..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_octets_also_before_1970() {
        let times = [i64::MIN, -1, 0, 1, 1_790_000_000_000, i64::MAX];
        let keys: Vec<_> = times
            .iter()
            .map(|t| time_prefix(Timestamp::from_millis(*t)))
            .collect();
        assert!(keys.is_sorted());
        let with_row = time_key(Timestamp::from_millis(7), b"gx");
        assert_eq!(row_of_time_key(&with_row), Some(b"gx".as_slice()));
    }
}
