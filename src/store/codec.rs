//! How rows lie in an ordered byte store. This table is the authoritative one:
//!
//! | tag | rest of the key | value | index row |
//! | --- | --- | --- | --- |
//! | `m` | `format` | u32, big-endian: [`FORMAT`] | |
//! | `m` | `id-key` | 32 random bytes | |
//! | `m` | `digest` | what the rows of all other tables add up to: three u64, big-endian | |
//! | `p` | JID | [`Pair`](crate::core::record::Pair) | `a` |
//! | `a` | mail key | the JID of the pair | |
//! | `c` | user, 0, mail key | [`ContactRecord`](super::transfer::ContactRecord) | |
//! | `t` | user, 0, mail key, 0, thread id | [`ThreadRecord`] | `o` |
//! | `g` | user, 0, Message-ID | [`Message`] by its mail name | `o` |
//! | `s` | user, 0, mail key, 0, stanza id | the same [`Message`] by its XMPP name | see below |
//! | `w` | user, 0, Message-ID | [`SeenRecord`] | `o` |
//! | `u` | mailbox | [`CursorRecord`](super::transfer::CursorRecord) | |
//! | `f` | mail key or domain (which has no `@`) | [`Peer`](crate::core::record::Peer) | |
//! | `n` | user | [`AnnouncedRecord`](super::transfer::AnnouncedRecord) | |
//! | `o` | time (8 octets, big-endian, sign flipped), key of the row | empty | |
//!
//! A user is a bare JID; a mail key is [`MailAddress::key`]; a domain is in A-labels. None of them can hold a zero octet
//! (RFC 7622, RFC 5321), so that a zero divides unambiguously and rows of one user lie together; only the last part may
//! hold anything.
//!
//! The values of all tables but `m`, `a` and `o` are one octet, [`VALUE_VERSION`], and the record in JSON. A record
//! names itself completely, so that an export is its values and keys are never read back, but those of `o`.
//!
//! Since sled keeps some memory for each row, an `s` row has an `o` row only where nothing else leads to it: it is forgotten
//! with its `g` row, which has the same Message-ID and the same time. Where that `g` row is saved again under another XMPP name,
//! the `s` row stays behind and gets an `o` row; and in a store of a former version each has one.

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::Need;
use crate::core::record::Message;
use crate::core::time::Timestamp;
use crate::store::transfer::{Record, SeenRecord, ThreadRecord};
use jid::BareJid;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The format of the tables above. A store with a higher number is refused.
///
/// The tables `f` and `n` came later and did not raise it, for a program without them works on a store that has them: it
/// reads by key or within the range of a tag that it knows (an export: the tags of its own [`EXPORTED`]), so that it
/// neither sees, exports nor removes their rows, and `o` leads to none of them. Of a contact it passes over the fields that
/// it does not know, and drops them where it saves that contact. What an older program must not pass over raises the number.
///
/// Nor did it that `s` rows have lost their `o` rows. An older program reads them as before, gives one to each `s` row that it
/// saves, and looks for none that has to be there. But it forgets `g` rows alone, so that their `s` rows stay for good: the room
/// that they take, and that an answer to a message that old still finds it, is all that comes of it.
pub const FORMAT: u32 = 1;
/// First octet of every record.
pub const VALUE_VERSION: u8 = 1;

/// The key of the row that holds [`FORMAT`].
pub const FORMAT_KEY: &[u8] = b"mformat";
/// The key of the row that holds the key of derived Message-IDs.
pub const ID_KEY_KEY: &[u8] = b"mid-key";
/// The key of the row that says what the others add up to.
pub const DIGEST_KEY: &[u8] = b"mdigest";
/// Tag of the rows that describe the store itself.
pub const META: u8 = b'm';

/// Tag of the pairs.
pub const PAIRS: u8 = b'p';
/// Tag of the contacts.
pub const CONTACTS: u8 = b'c';
/// Tag of the formats.
pub const PEERS: u8 = b'f';
/// Tag of what was told of users.
pub const ANNOUNCED: u8 = b'n';
/// Tag of the messages by their XMPP names: a second copy of `g`.
pub const BY_STANZA: u8 = b's';
/// Tag of the index by time.
pub const BY_TIME: u8 = b'o';
const BY_MAIL: u8 = b'a';
const THREADS: u8 = b't';
/// Tag of the messages by their mail names.
pub const BY_MESSAGE_ID: u8 = b'g';
const SEEN: u8 = b'w';
/// Tag of the cursors.
pub const CURSORS: u8 = b'u';
/// Tables that are not derived from others, in the order of their tags.
pub const EXPORTED: [u8; 8] = [
    CONTACTS,
    PEERS,
    BY_MESSAGE_ID,
    ANNOUNCED,
    PAIRS,
    THREADS,
    CURSORS,
    SEEN,
];

/// A value that does not hold what the table says.
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
pub fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, CodecError> {
    let mut octets = vec![VALUE_VERSION];
    serde_json::to_writer(&mut octets, record).map_err(|e| CodecError::Json(e.to_string()))?;
    Ok(octets)
}

/// The record of these octets.
///
/// # Errors
/// [`CodecError`] says what was found instead.
pub fn decode<T: DeserializeOwned>(octets: &[u8]) -> Result<T, CodecError> {
    match octets.split_first() {
        None => Err(CodecError::Empty),
        Some((&VALUE_VERSION, json)) => {
            serde_json::from_slice(json).map_err(|e| CodecError::Json(e.to_string()))
        }
        Some((&version, _)) => Err(CodecError::Version(version)),
    }
}

/// The record of a row of an [`EXPORTED`] table.
///
/// # Errors
/// [`CodecError`] says what was found instead.
pub fn decode_record(key: &[u8], value: &[u8]) -> Result<Record, CodecError> {
    match key.first().copied() {
        Some(PAIRS) => decode(value).map(Record::Pair),
        Some(CONTACTS) => decode(value).map(Record::Contact),
        Some(THREADS) => decode(value).map(Record::Thread),
        Some(BY_MESSAGE_ID | BY_STANZA) => decode(value).map(Record::Message),
        Some(SEEN) => decode(value).map(Record::Seen),
        Some(CURSORS) => decode(value).map(Record::Cursor),
        Some(PEERS) => decode(value).map(Record::Peer),
        Some(ANNOUNCED) => decode(value).map(Record::Announced),
        Some(tag) => Err(CodecError::Version(tag)),
        None => Err(CodecError::Empty),
    }
}

/// The time under which a row of `t`, `g`, `s` or `w` stands in the index by time.
///
/// # Errors
/// [`CodecError`] says what was found instead.
pub fn time_of(key: &[u8], value: &[u8]) -> Result<Timestamp, CodecError> {
    match key.first().copied() {
        Some(THREADS) => decode::<ThreadRecord>(value).map(|row| row.thread.last),
        Some(SEEN) => decode::<SeenRecord>(value).map(|row| row.at),
        _ => decode::<Message>(value).map(|row| row.at),
    }
}

/// The key of a pair.
pub fn pair_key(jid: &BareJid) -> Vec<u8> {
    key(PAIRS, &[jid.as_str()])
}

/// The key of the pair whose JID is the value of an `a` row.
pub fn pair_key_of(jid: &[u8]) -> Vec<u8> {
    [&[PAIRS], jid].concat()
}

/// The key of the row that leads from an address to its pair.
pub fn holder_key(mail: &MailAddress) -> Vec<u8> {
    key(BY_MAIL, &[mail.key()])
}

/// The key of a contact.
pub fn contact_key(user: &BareJid, contact: &MailAddress) -> Vec<u8> {
    key(CONTACTS, &[user.as_str(), contact.key()])
}

/// The key of a format.
pub fn peer_key(who: &AddressPattern) -> Vec<u8> {
    key(PEERS, &[who.key()])
}

/// The key of what was told of a user.
pub fn announced_key(user: &BareJid) -> Vec<u8> {
    key(ANNOUNCED, &[user.as_str()])
}

/// The key of a cursor.
pub fn cursor_key(mailbox: &str) -> Vec<u8> {
    key(CURSORS, &[mailbox])
}

/// The key of the row that was asked for; for [`Need::HolderOf`] of the row that leads to it.
pub fn need_key(need: &Need) -> Vec<u8> {
    match need {
        Need::PairOf(jid) => pair_key(jid),
        Need::HolderOf(mail) => holder_key(mail),
        Need::Contact(user, contact) => contact_key(user, contact),
        Need::Thread(user, contact, id) => {
            key(THREADS, &[user.as_str(), contact.key(), id.as_str()])
        }
        Need::Message(id, user) => key(BY_MESSAGE_ID, &[user.as_str(), id.as_str()]),
        Need::Stanza(user, contact, id) => {
            key(BY_STANZA, &[user.as_str(), contact.key(), id.as_str()])
        }
        Need::Seen(user, id) => key(SEEN, &[user.as_str(), id.as_str()]),
        Need::Peer(who) => peer_key(who),
    }
}

/// The key under which a record of an export lies.
pub fn record_key(record: &Record) -> Vec<u8> {
    match record {
        Record::Pair(pair) => pair_key(&pair.jid),
        Record::Contact(row) => contact_key(&row.user, &row.mail),
        Record::Thread(row) => key(
            THREADS,
            &[row.user.as_str(), row.mail.key(), row.id.as_str()],
        ),
        Record::Message(row) => message_key(row),
        Record::Seen(row) => key(SEEN, &[row.user.as_str(), row.id.as_str()]),
        Record::Cursor(row) => cursor_key(&row.mailbox),
        Record::Peer(row) => peer_key(&row.who),
        Record::Announced(row) => announced_key(&row.user),
    }
}

/// The key of a message by its mail name.
pub fn message_key(message: &Message) -> Vec<u8> {
    key(
        BY_MESSAGE_ID,
        &[message.user.as_str(), message.message_id.as_str()],
    )
}

/// The key of a message by its XMPP name.
pub fn stanza_key(message: &Message) -> Vec<u8> {
    key(
        BY_STANZA,
        &[
            message.user.as_str(),
            message.contact.key(),
            message.stanza_id.as_str(),
        ],
    )
}

/// The first key of the index by time at this time.
pub fn time_prefix(at: Timestamp) -> Vec<u8> {
    // With its sign bit flipped, a number sorts as its octets do.
    let sortable = at.millis().cast_unsigned() ^ (1 << 63);
    let mut key = vec![BY_TIME];
    key.extend_from_slice(&sortable.to_be_bytes());
    key
}

/// The key by which a row stands in the index by time.
pub fn time_key(at: Timestamp, row: &[u8]) -> Vec<u8> {
    let mut key = time_prefix(at);
    key.extend_from_slice(row);
    key
}

/// The key of the row that an index row stands for.
pub fn row_of_time_key(key: &[u8]) -> Option<&[u8]> {
    key.get(9..)
}

fn key(tag: u8, parts: &[&str]) -> Vec<u8> {
    let mut key = vec![tag];
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            key.push(0);
        }
        key.extend_from_slice(part.as_bytes());
    }
    key
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

    #[test]
    fn a_value_of_an_unknown_version_is_refused_and_not_misread() {
        assert_eq!(decode::<u32>(b"\x0142"), Ok(42));
        assert_eq!(decode::<u32>(b"\x0242"), Err(CodecError::Version(2)));
        assert_eq!(decode::<u32>(b""), Err(CodecError::Empty));
        assert!(matches!(decode::<u32>(b"\x01x"), Err(CodecError::Json(_))));
    }

    #[test]
    fn the_parts_of_a_key_cannot_run_into_each_other() {
        let user = |text: &str| BareJid::new(text).unwrap();
        let mail = |text: &str| MailAddress::parse(text).unwrap();
        assert_ne!(
            contact_key(&user("a.example"), &mail("b@c.example")),
            contact_key(&user("a.exampleb"), &mail("b@c.example"))
        );
        assert!(BareJid::new("a\0@b.example").is_err());
        assert!(MailAddress::parse("a\0@b.example").is_err());
        assert!(MailAddress::parse("a@b\0.example").is_err());
        assert!(MailAddress::parse("a@[b\0]").is_err());
    }

    #[test]
    fn exported_tables_are_in_the_order_of_their_keys() {
        assert!(EXPORTED.is_sorted());
    }
}
