//! What of a store must outlive its database, in two small files beside it.
//!
//! ```text
//! <store>/anchor   one line with the CRC-32 of the rest, then JSON: the key of derived Message-IDs; and, as of an hour ago
//!                  or less, up to where each mailbox was read, how many commits were durable, and which time the store has
//!                  reached
//! <store>/commits  how many commits are known to be durable (8 octets, big-endian) and their CRC-32
//! ```
//! A new database with the same key gives everything the ids that it had, so that what is handled once more is not a second
//! thing; the cursors say from where on that is.
//!
//! `commits` is written after each sync and not synced itself: it may be behind the database and never before it. A
//! database that knows of fewer has lost what it had called durable, which sled takes for its normal end.

use crate::core::id::IdKey;
use crate::core::record::Cursor;
use crate::core::time::Timestamp;
use crate::failpoints::{self, DiskStep};
use crate::store::handles;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// The name of the one file.
pub(super) const ANCHOR: &str = "anchor";
/// The name of the other.
pub(super) const COMMITS: &str = "commits";

/// What a new database begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Anchor {
    pub(super) id_key: IdKey,
    /// By the mailbox's name.
    #[serde(default)]
    pub(super) cursors: BTreeMap<String, Cursor>,
    /// How many commits were durable at least.
    #[serde(default)]
    pub(super) commits: u64,
    /// See [`crate::core::reckoning`].
    #[serde(default)]
    pub(super) reached: Option<Timestamp>,
}

impl Anchor {
    pub(super) fn new(id_key: IdKey) -> Self {
        Self {
            id_key,
            cursors: BTreeMap::new(),
            commits: 0,
            reached: Some(Timestamp::now()),
        }
    }

    /// The one of the store in this folder; `None` where there is none that can be believed.
    pub(super) fn read(store: &Path) -> io::Result<Option<Self>> {
        let octets = match fs::read(store.join(ANCHOR)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let read = parse(&octets);
        if read.is_none() {
            tracing::warn!(file = %store.join(ANCHOR).display(), "is damaged");
        }
        Ok(read)
    }

    /// Takes the place of the one before; durable when this returns.
    pub(super) fn write(&self, store: &Path) -> io::Result<()> {
        let json = serde_json::to_vec(self)?;
        let new = store.join("anchor.new");
        failpoints::disk(DiskStep::Write)?;
        let mut writing = OpenOptions::new();
        writing.write(true).create(true).truncate(true).mode(0o600);
        let mut file = handles::patiently(|| writing.open(&new))?;
        writeln!(file, "{:08x}", crc32fast::hash(&json))?;
        file.write_all(&json)?;
        failpoints::disk(DiskStep::Sync)?;
        file.sync_data()?;
        fs::rename(&new, store.join(ANCHOR))?;
        handles::patiently(|| File::open(store))?.sync_all()
    }

    /// Takes up where a mailbox was read, where that says more.
    pub(super) fn learn(&mut self, mailbox: &str, cursor: Cursor) {
        let known = self.cursors.entry(mailbox.to_owned()).or_insert(cursor);
        if known.uid_validity == cursor.uid_validity && known.uid_next < cursor.uid_next {
            *known = cursor;
        }
    }
}

fn parse(octets: &[u8]) -> Option<Anchor> {
    let (sum, json) = octets.split_at_checked(9)?;
    let sum = std::str::from_utf8(sum.strip_suffix(b"\n")?).ok()?;
    let is_whole = u32::from_str_radix(sum, 16) == Ok(crc32fast::hash(json));
    is_whole.then(|| serde_json::from_slice(json).ok())?
}

/// The file `commits`, open.
#[derive(Debug)]
pub(super) struct Commits(File);

impl Commits {
    pub(super) fn open(store: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new();
        file.read(true).write(true).create(true).truncate(false);
        file.mode(0o600).open(store.join(COMMITS)).map(Self)
    }

    /// `None` where it says nothing that can be believed.
    pub(super) fn read(&self) -> Option<u64> {
        let mut octets = [0; 12];
        self.0.read_exact_at(&mut octets, 0).ok()?;
        let (number, sum) = octets.split_at(8);
        let number: [u8; 8] = number.try_into().ok()?;
        (crc32fast::hash(&number).to_be_bytes() == sum).then(|| u64::from_be_bytes(number))
    }

    pub(super) fn write(&self, number: u64) -> io::Result<()> {
        let number = number.to_be_bytes();
        let sum = crc32fast::hash(&number).to_be_bytes();
        self.0.write_all_at(&[&number[..], &sum].concat(), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(uid_validity: u32, uid_next: u32) -> Cursor {
        Cursor {
            uid_validity,
            uid_next,
            since: Timestamp::from_secs(1),
            again: None,
        }
    }

    #[test]
    fn an_anchor_is_read_as_written_and_believed_only_whole() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Anchor::read(folder.path()).unwrap(), None);
        let mut anchor = Anchor::new([7; 32]);
        anchor.learn("INBOX", cursor(1, 5));
        anchor.write(folder.path()).unwrap();
        assert_eq!(Anchor::read(folder.path()).unwrap(), Some(anchor));
        let file = folder.path().join(ANCHOR);
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut torn = whole.clone();
            torn[at] ^= 1;
            fs::write(&file, &torn).unwrap();
            assert_eq!(Anchor::read(folder.path()).unwrap(), None, "octet {at}");
            fs::write(&file, &whole[..at]).unwrap();
            assert_eq!(Anchor::read(folder.path()).unwrap(), None, "cut at {at}");
        }
    }

    #[test]
    fn a_cursor_only_rises_while_the_uids_mean_the_same() {
        let mut anchor = Anchor::new([7; 32]);
        for (uid_validity, uid_next) in [(1, 5), (1, 9), (1, 3), (2, 50)] {
            anchor.learn("INBOX", cursor(uid_validity, uid_next));
        }
        assert_eq!(anchor.cursors["INBOX"], cursor(1, 9));
    }

    #[test]
    fn commits_are_counted_on_and_damage_is_no_number() {
        let folder = tempfile::tempdir().unwrap();
        let commits = Commits::open(folder.path()).unwrap();
        assert_eq!(commits.read(), None);
        commits.write(7).unwrap();
        commits.write(u64::MAX - 1).unwrap();
        assert_eq!(commits.read(), Some(u64::MAX - 1));
        fs::write(folder.path().join(COMMITS), [1; 12]).unwrap();
        assert_eq!(commits.read(), None);
    }
}
