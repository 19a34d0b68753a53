//! Every table of the store, described once: what its rows are, what they are called, and until when they are kept. Both stores, export,
//! import and the conformance suite follow from it: a new table is an entry here and the type of its record.
//!
//! Where rows lie in an ordered byte store; this table is the authoritative one:
//!
//! | tag | rest of the key | value | index row |
//! | --- | --- | --- | --- |
//! | `m` | `format` | u32, big-endian: [`FORMAT`] | |
//! | `m` | `id-key` | 32 random bytes | |
//! | `m` | `digest` | what the rows of all other tables add up to: three u64, big-endian | |
//! | `m` | `convert` | in a store of format 1 whose rows are being written anew: the key from which on they are not | |
//! | of a [`Table`] | its key | its record | `o` where it has a time |
//! | `a` | mail key | the JID of the pair | |
//! | `s` | user, 0, mail key, 0, stanza id | which [`Message`] has this XMPP name: its Message-ID | see below |
//! | `o` | time (8 octets, big-endian, sign flipped), key of the row | empty | |
//!
//! A user is a bare JID; a mail key is [`MailAddress::key`]; a domain is in A-labels. None of them can hold a zero octet
//! (RFC 7622, RFC 5321), so that a zero divides unambiguously and rows of one user lie together; only the last part may
//! hold anything.
//!
//! A record names itself completely, so that an export is its values and keys are never read back, but those of `o`.
//!
//! Since a database keeps some memory for each row, an `s` row has no `o` row: it is forgotten with its `g` row. Where that `g` row is
//! saved again under another XMPP name, the `s` row stays behind, holds what the message was, and gets an `o` row. A store of format 1
//! has such copies in all `s` rows, and the first programs gave each an `o` row.
//!
//! The row of a thread is saved with each of its messages. Its `o` row says the day of the last one, so that it is the same all day;
//! where that day has come to be forgotten, and the last message has not, it says the very time.

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::avatar::Avatar;
use crate::core::context::{Need, Row, Write};
use crate::core::id::{MessageId, ThreadId};
use crate::core::record::{Announced, Contact, Cursor, Message, Options, Pair, Peer, Thread};
use crate::core::time::Timestamp;
use crate::store::codec::{self, CodecError};
use jid::BareJid;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// The format of the tables above. A store with a higher number is refused.
///
/// The tables `f`, `h`, `i` and `n` came later and did not raise it, for a program without them works on a store that has them: it
/// reads by key or within the range of a tag that it knows (an export: those of its own tables), so that it
/// neither sees, exports nor removes their rows, and `o` leads to none of them. Of a contact it passes over the fields that
/// it does not know, and drops them where it saves that contact. What an older program must not pass over raises the number.
///
/// Format 2 writes records in few octets and only once. A store of format 1 is read as it is; the first change of it raises its
/// number, and while the gateway runs its rows are written anew.
pub const FORMAT: u32 = 2;

/// The format before, in which a record is JSON, and an `s` row holds a copy of its message.
pub const FORMAT_BEFORE: u32 = 1;

/// The key of the row that holds [`FORMAT`].
pub const FORMAT_KEY: &[u8] = b"mformat";
/// The key of the row that holds the key of derived Message-IDs.
pub const ID_KEY_KEY: &[u8] = b"mid-key";
/// The key of the row that says what the others add up to.
pub const DIGEST_KEY: &[u8] = b"mdigest";
/// The key of the row that says up to where rows were written anew.
pub const CONVERT_KEY: &[u8] = b"mconvert";
/// Tag of the rows that describe the store itself.
pub const META: u8 = b'm';
/// Tag of the names of messages on the XMPP side, which lead to the messages.
pub const BY_STANZA: u8 = b's';
/// Tag of the index by time.
pub const BY_TIME: u8 = b'o';
/// Tag of the index of pairs by address.
pub const BY_MAIL: u8 = b'a';

/// For each table: its tag; the parts of a row's key; the other key by which a row is found; and the time from which on it grows old
/// (see [`Store::forget_older`]), `None` where it is kept until it is removed.
///
/// [`Store::forget_older`]: super::Store::forget_older
macro_rules! tables {
    ($(
        $(#[$doc:meta])*
        $table:ident($record:ty) {
            tag: $tag:literal,
            key: |$row:ident| [$($part:expr),+],
            also: |$found:ident| $other:expr,
            time: |$timed:ident| $time:expr,
        }
    )+) => {
        /// A table that is not derived from others.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Table {
            $($(#[$doc])* $table,)+
        }

        impl Table {
            /// All of them, in the order of their tags.
            pub const ALL: &[Self] = &[$(Self::$table),+];

            /// The first octet of its keys.
            pub const fn tag(self) -> u8 {
                match self {
                    $(Self::$table => $tag,)+
                }
            }

            fn decode(self, key: &[u8], value: &[u8]) -> Result<Record, CodecError> {
                match self {
                    $(Self::$table => codec::decode(key, value).map(Record::$table),)+
                }
            }
        }

        /// One row of a table.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "lowercase")]
        pub enum Record {
            $($(#[$doc])* $table($record),)+
        }

        impl Record {
            /// Where it belongs.
            pub fn table(&self) -> Table {
                match self {
                    $(Self::$table(_) => Table::$table,)+
                }
            }

            /// The key under which it lies.
            pub fn key(&self) -> Vec<u8> {
                match self {
                    $(Self::$table($row) => key($tag, &[$($part),+]),)+
                }
            }

            /// The other key by which it is found.
            pub fn other_key(&self) -> Option<Vec<u8>> {
                match self {
                    $(Self::$table($found) => $other,)+
                }
            }

            /// When it was used last, if it is forgotten when that is long ago.
            pub fn time(&self) -> Option<Timestamp> {
                match self {
                    $(Self::$table($timed) => $time,)+
                }
            }

            /// Its octets where it lies under this key.
            ///
            /// # Errors
            /// [`CodecError::Json`] where it is no JSON, which every record of ours is.
            pub fn encode(&self, key: &[u8]) -> Result<Vec<u8>, CodecError> {
                match self {
                    $(Self::$table(record) => codec::encode(key, record),)+
                }
            }
        }
    };
}

tables! {
    /// What is between a local user and a contact.
    Contact(ContactRecord) {
        tag: b'c',
        key: |row| [row.user.as_str(), row.mail.key()],
        also: |_row| None,
        time: |_row| None,
    }
    /// The format of an address or a domain (which has no `@`).
    Peer(Peer) {
        tag: b'f',
        key: |row| [row.who.key()],
        also: |_row| None,
        time: |_row| None,
    }
    /// A message, by its mail name; its XMPP name leads to it.
    Message(Message) {
        tag: b'g',
        key: |row| [row.user.as_str(), row.message_id.as_str()],
        also: |row| Some(stanza_key(row)),
        time: |row| Some(row.at),
    }
    /// How a user wants the mails of a contact, or of all.
    Options(OptionsRecord) {
        tag: b'h',
        key: |row| [row.user.as_str(), row.mail.as_ref().map_or("", MailAddress::key)],
        also: |_row| None,
        time: |_row| None,
    }
    /// The picture that a user sees of a contact, which the contact's row names.
    Avatar(AvatarRecord) {
        tag: b'i',
        key: |row| [row.user.as_str(), row.mail.key()],
        also: |_row| None,
        time: |_row| None,
    }
    /// What was told of a user's presence.
    Announced(AnnouncedRecord) {
        tag: b'n',
        key: |row| [row.user.as_str()],
        also: |_row| None,
        time: |_row| None,
    }
    /// A pair of the directory; its address leads to it.
    Pair(Pair) {
        tag: b'p',
        key: |row| [row.jid.as_str()],
        also: |row| Some(holder_key(&row.mail)),
        time: |_row| None,
    }
    /// A thread between a local user and a contact.
    Thread(ThreadRecord) {
        tag: b't',
        key: |row| [row.user.as_str(), row.mail.key(), row.id.as_str()],
        also: |_row| None,
        time: |row| Some(row.thread.last),
    }
    /// Up to where a mailbox was read.
    Cursor(CursorRecord) {
        tag: b'u',
        key: |row| [row.mailbox.as_str()],
        also: |_row| None,
        time: |_row| None,
    }
    /// A mail that was handled.
    Seen(SeenRecord) {
        tag: b'w',
        key: |row| [row.user.as_str(), row.id.as_str()],
        also: |_row| None,
        time: |row| Some(row.at),
    }
}

impl Record {
    /// The local user whom it is about; of a pair its JID, which may be a contact's.
    pub fn user(&self) -> Option<&BareJid> {
        match self {
            Self::Contact(row) => Some(&row.user),
            Self::Message(row) => Some(&row.user),
            Self::Options(row) => Some(&row.user),
            Self::Avatar(row) => Some(&row.user),
            Self::Announced(row) => Some(&row.user),
            Self::Pair(pair) => Some(&pair.jid),
            Self::Thread(row) => Some(&row.user),
            Self::Seen(row) => Some(&row.user),
            Self::Peer(_) | Self::Cursor(_) => None,
        }
    }
}

/// What is between a user and a contact, with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRecord {
    /// The local user.
    pub user: BareJid,
    /// The contact, as last written.
    pub mail: MailAddress,
    /// What is between them.
    #[serde(flatten)]
    pub contact: Contact,
}

/// A thread with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadRecord {
    /// The local user.
    pub user: BareJid,
    /// The contact, as last written.
    pub mail: MailAddress,
    /// The content of `<thread/>`.
    pub id: ThreadId,
    /// The thread.
    #[serde(flatten)]
    pub thread: Thread,
}

/// A mail that was handled for a local user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRecord {
    /// The local user.
    pub user: BareJid,
    /// The mail.
    pub id: MessageId,
    /// When.
    pub at: Timestamp,
}

/// A cursor with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorRecord {
    /// The name of the mailbox.
    pub mailbox: String,
    /// Up to where it was read.
    #[serde(flatten)]
    pub cursor: Cursor,
}

/// What a user's contacts were told, with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedRecord {
    /// The local user.
    pub user: BareJid,
    /// What the user's contacts were told.
    #[serde(flatten)]
    pub announced: Announced,
}

/// How a user wants mails, with their name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionsRecord {
    /// The local user.
    pub user: BareJid,
    /// The contact; `None` for all contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailAddress>,
    /// How the user wants its mails.
    #[serde(flatten)]
    pub options: Options,
}

/// The picture of a contact, with their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvatarRecord {
    /// The local user.
    pub user: BareJid,
    /// The contact.
    pub mail: MailAddress,
    /// The picture.
    #[serde(flatten)]
    pub avatar: Avatar,
}

/// Where a row lies among the others, to go on after it. Its text means something to its own store only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
pub struct RowPlace(Vec<u8>);

impl RowPlace {
    /// The place of the row with this key.
    pub(super) fn of_key(key: &[u8]) -> Self {
        Self(key.to_vec())
    }

    /// The key of the row.
    pub(super) fn key(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn of_pair(jid: &BareJid) -> Self {
        Self(pair_key(jid))
    }

    pub(super) fn of_contact(user: &BareJid, mail: &MailAddress) -> Self {
        Self(contact_key(user, mail))
    }

    pub(super) fn of_peer(who: &AddressPattern) -> Self {
        Self(peer_key(who))
    }

    pub(super) fn of_announced(user: &BareJid) -> Self {
        Self(key(Table::Announced.tag(), &[user.as_str()]))
    }

    /// The address by which a row of a contact or a format lies here, given the one that it holds: see [`address_of_row`].
    pub(super) fn address(&self, held: MailAddress) -> MailAddress {
        address_of_row(&self.0, held)
    }
}

impl fmt::Display for RowPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// What is no place reads as the one before all rows.
impl From<String> for RowPlace {
    fn from(text: String) -> Self {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.unwrap_or_default();
        let (pairs, _) = digits.as_chunks::<2>();
        Self(pairs.iter().map(|[high, low]| high << 4 | low).collect())
    }
}

impl Serialize for RowPlace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a change of the core comes to.
// Moved once and kept nowhere.
#[allow(clippy::large_enum_variant)]
pub(super) enum TableChange {
    /// A row is saved.
    Save(Record),
    /// The row with this key is removed.
    Remove(Vec<u8>),
}

impl From<Write> for TableChange {
    fn from(write: Write) -> Self {
        Self::Save(match write {
            Write::Pair(pair) => Record::Pair(pair),
            Write::Contact(user, mail, contact) => Record::Contact(ContactRecord {
                user,
                mail,
                contact,
            }),
            Write::Thread(user, mail, id, thread) => Record::Thread(ThreadRecord {
                user,
                mail,
                id,
                thread,
            }),
            Write::Message(message) => Record::Message(message),
            Write::Seen(user, id, at) => Record::Seen(SeenRecord { user, id, at }),
            Write::Cursor(mailbox, cursor) => Record::Cursor(CursorRecord { mailbox, cursor }),
            Write::Peer(peer) => Record::Peer(peer),
            Write::Announced(user, announced) => {
                Record::Announced(AnnouncedRecord { user, announced })
            }
            Write::Options(user, mail, options) if options.is_empty() => {
                return Self::Remove(need_key(&Need::Options(user, mail)));
            }
            Write::Options(user, mail, options) => Record::Options(OptionsRecord {
                user,
                mail,
                options,
            }),
            Write::Avatar(user, mail, Some(avatar)) => {
                Record::Avatar(AvatarRecord { user, mail, avatar })
            }
            Write::Avatar(user, mail, None) => {
                return Self::Remove(need_key(&Need::Avatar(user, mail)));
            }
            Write::RemovePair(jid) => return Self::Remove(pair_key(&jid)),
            Write::RemoveContact(user, mail) => return Self::Remove(contact_key(&user, &mail)),
            Write::RemovePeer(who) => return Self::Remove(peer_key(&who)),
        })
    }
}

impl From<Record> for Write {
    fn from(record: Record) -> Self {
        match record {
            Record::Pair(pair) => Self::Pair(pair),
            Record::Contact(row) => Self::Contact(row.user, row.mail, row.contact),
            Record::Thread(row) => Self::Thread(row.user, row.mail, row.id, row.thread),
            Record::Message(message) => Self::Message(message),
            Record::Seen(row) => Self::Seen(row.user, row.id, row.at),
            Record::Cursor(row) => Self::Cursor(row.mailbox, row.cursor),
            Record::Peer(peer) => Self::Peer(peer),
            Record::Options(row) => Self::Options(row.user, row.mail, row.options),
            Record::Announced(row) => Self::Announced(row.user, row.announced),
            Record::Avatar(row) => Self::Avatar(row.user, row.mail, Some(row.avatar)),
        }
    }
}

/// What a decision is told of a record; `None` of those that no decision asks for.
pub(super) fn row_of(record: Record) -> Option<Row> {
    match record {
        Record::Pair(pair) => Some(Row::Pair(pair)),
        Record::Contact(row) => Some(Row::Contact(row.contact)),
        Record::Thread(row) => Some(Row::Thread(row.thread)),
        Record::Message(message) => Some(Row::Message(message)),
        Record::Seen(row) => Some(Row::Seen(row.at)),
        Record::Peer(peer) => Some(Row::Peer(peer)),
        Record::Options(row) => Some(Row::Options(row.options)),
        Record::Avatar(row) => Some(Row::Avatar(row.avatar)),
        Record::Cursor(_) | Record::Announced(_) => None,
    }
}

/// The record of a row, be it the second copy of one.
///
/// # Errors
/// [`CodecError`] says what was found instead, or that the row leads to another one (see `linked`).
pub fn decode(key: &[u8], value: &[u8]) -> Result<Record, CodecError> {
    let tag = match key.first() {
        Some(&BY_STANZA) => Table::Message.tag(),
        Some(&tag) => tag,
        None => return Err(CodecError::Empty),
    };
    let table = Table::ALL.iter().find(|table| table.tag() == tag);
    table.ok_or(CodecError::Version(tag))?.decode(key, value)
}

/// The key of a pair.
pub fn pair_key(jid: &BareJid) -> Vec<u8> {
    key(Table::Pair.tag(), &[jid.as_str()])
}

/// The key of the pair whose JID is the value of an `a` row.
pub fn pair_key_of(jid: &[u8]) -> Vec<u8> {
    [&[Table::Pair.tag()], jid].concat()
}

/// The key of the row that leads from an address to its pair.
pub fn holder_key(mail: &MailAddress) -> Vec<u8> {
    key(BY_MAIL, &[mail.key()])
}

/// The key of a contact.
pub fn contact_key(user: &BareJid, contact: &MailAddress) -> Vec<u8> {
    key(Table::Contact.tag(), &[user.as_str(), contact.key()])
}

/// The address by which a row of a contact or a format lies where it does, given the one that it holds. They are the same but
/// for letters that former versions took for one in two cases, and kept in one row (the Kelvin sign for a K): it belongs to the
/// one that has a JID, and pages are turned by its key.
pub fn address_of_row(key: &[u8], held: MailAddress) -> MailAddress {
    if key.ends_with(held.key().as_bytes()) {
        return held;
    }
    let mail = key.get(1..).unwrap_or_default().rsplit(|b| *b == 0).next();
    let mail = mail.and_then(|mail| std::str::from_utf8(mail).ok());
    mail.and_then(MailAddress::of_key).unwrap_or(held)
}

/// The key of a format.
pub fn peer_key(who: &AddressPattern) -> Vec<u8> {
    key(Table::Peer.tag(), &[who.key()])
}

/// The key of a cursor.
pub fn cursor_key(mailbox: &str) -> Vec<u8> {
    key(Table::Cursor.tag(), &[mailbox])
}

/// The key of the row that was asked for; for [`Need::HolderOf`] of the row that leads to it, for [`Need::ContactsOf`] what
/// the keys of its rows begin with.
pub fn need_key(need: &Need) -> Vec<u8> {
    match need {
        Need::PairOf(jid) => pair_key(jid),
        Need::HolderOf(mail) => holder_key(mail),
        Need::Contact(user, contact) => contact_key(user, contact),
        Need::ContactsOf(user) => key(Table::Contact.tag(), &[user.as_str(), ""]),
        Need::Thread(user, contact, id) => key(
            Table::Thread.tag(),
            &[user.as_str(), contact.key(), id.as_str()],
        ),
        Need::Message(id, user) => key(Table::Message.tag(), &[user.as_str(), id.as_str()]),
        Need::Stanza(user, contact, id) => {
            key(BY_STANZA, &[user.as_str(), contact.key(), id.as_str()])
        }
        Need::Seen(user, id) => key(Table::Seen.tag(), &[user.as_str(), id.as_str()]),
        Need::Peer(who) => peer_key(who),
        Need::Options(user, contact) => {
            let contact = contact.as_ref().map_or("", MailAddress::key);
            key(Table::Options.tag(), &[user.as_str(), contact])
        }
        Need::Avatar(user, contact) => key(Table::Avatar.tag(), &[user.as_str(), contact.key()]),
        // These lie in the queue, and nothing lies under this key.
        Need::Waiting(_) | Need::LastOf(_) | Need::WaitingOf(_) => Vec::new(),
    }
}

/// The key of a message.
pub(super) fn message_key(message: &Message) -> Vec<u8> {
    let parts = [message.user.as_str(), message.message_id.as_str()];
    key(Table::Message.tag(), &parts)
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
    fn tables_are_in_the_order_of_their_tags_which_nothing_else_has() {
        let tags: Vec<u8> = Table::ALL.iter().map(|table| table.tag()).collect();
        assert!(tags.is_sorted_by(|a, b| a < b));
        assert!(
            [META, BY_STANZA, BY_TIME, BY_MAIL]
                .iter()
                .all(|tag| !tags.contains(tag))
        );
    }

    #[test]
    fn a_place_leads_back_to_its_key() {
        for key in [b"".as_slice(), b"p", b"c\0\xff"] {
            let text = serde_json::to_string(&RowPlace::of_key(key)).unwrap();
            let place: RowPlace = serde_json::from_str(&text).unwrap();
            assert_eq!(place.key(), key, "{text}");
        }
        assert_eq!(RowPlace::from("xyz".to_owned()).key(), b"");
    }
}
