//! The [`Store`] that a gateway runs on: one sled tree with the tables of [`codec`], made durable by `committer`.
//!
//! A store is a folder: `lock` (whose lock says that it is open), `db/` (sled's), `anchor` and `commits` (see [`anchor`]),
//! and beside them what others keep there.
//!
//! [`anchor`]: super::anchor

mod staged;

use self::staged::Staged;
use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::{Need, Row, Write};
use crate::core::id::IdKey;
use crate::core::record::{Announced, Contact, Cursor, Pair, Peer};
use crate::core::time::Timestamp;
use crate::crash;
use crate::store::anchor::Anchor;
use crate::store::codec;
use crate::store::committer::Committer;
use crate::store::digest::Counted;
use crate::store::opening::{self, Ids, SnapshotAtEnd};
use crate::store::transfer::{
    AnnouncedRecord, ContactRecord, CursorRecord, Place, Record, SeenRecord, ThreadRecord,
};
use crate::store::{Store, StoreError};
use jid::BareJid;
use serde::de::DeserializeOwned;
use std::fmt;
use std::fs::File;
use std::future::ready;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// Rows that are forgotten in one batch.
const FORGOTTEN_AT_ONCE: usize = 1000;

/// Rows that are added up in one go.
const CHECKED_AT_ONCE: usize = 1000;
/// With so many rows a start waits until all are added up.
const SMALL: u64 = 50_000;

/// A store in a folder. Closed when it is dropped, which waits for the commits under way.
#[derive(Debug)]
pub struct SledStore {
    // In the order in which they are closed.
    committer: Committer,
    db: sled::Db,
    /// Held for writing from the check of a batch to its end, so that nothing comes between; for reading by all that
    /// read, so that they see a batch whole or not at all. What the rows add up to.
    order: RwLock<Counted>,
    /// The number of the last batch.
    applied: Arc<AtomicU64>,
    /// The number of the last one that survives a power cut.
    durable: Arc<AtomicU64>,
    id_key: IdKey,
    path: PathBuf,
    /// As it lies beside the database.
    anchor: Mutex<Anchor>,
    snapshot: SnapshotAtEnd,
    _lock: File,
}

impl SledStore {
    /// Opens the store in this folder, or makes it. Blocks for as long as sled needs to read its log.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Newer`], [`StoreError::Damaged`]; [`StoreError::Broken`] where the folder
    /// cannot be made, read or written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self::with_ids(path, Ids::Own)?;
        if !store.is_big() {
            store.check_rows()?;
        }
        Ok(store)
    }

    /// Adds up all rows; blocks for some microseconds a row, and lets others work in between. [`SledStore::open`] has done
    /// that with a small store.
    ///
    /// # Errors
    /// [`StoreError::Damaged`]: they are not those that were written; nothing is acknowledged any more.
    pub fn check_rows(&self) -> Result<(), StoreError> {
        while self.check_some()? {}
        Ok(())
    }

    /// Whether there may be more.
    fn check_some(&self) -> Result<bool, StoreError> {
        let mut order = self.order.write().unwrap_or_else(PoisonError::into_inner);
        let next = order.next();
        let rows: Result<Vec<_>, _> =
            self.sled(|db| db.range(next..).take(CHECKED_AT_ONCE).collect());
        let rows = rows.map_err(|error| opening::damaged(&self.path, &error.to_string()))?;
        for (key, value) in &rows {
            if key.first() != Some(&codec::META) {
                order.found(key, value);
            }
        }
        if rows.len() == CHECKED_AT_ONCE {
            return Ok(true);
        }
        order.end().map_or(Ok(false), |cause| {
            let error = opening::damaged(&self.path, &cause);
            Err(self.committer.broken_by(error))
        })
    }

    /// Whether there are so many rows that [`SledStore::check_rows`] is better done beside other work.
    pub fn is_big(&self) -> bool {
        let order = self.order.read().unwrap_or_else(PoisonError::into_inner);
        order.digest.rows > SMALL
    }

    /// Makes a store in a folder that has none, with this key of derived ids if one is given.
    ///
    /// # Errors
    /// As [`SledStore::open`].
    pub(super) fn make(path: &Path, id_key: Option<IdKey>) -> Result<Self, StoreError> {
        Self::with_ids(path, Ids::Begin(id_key))
    }

    fn with_ids(path: &Path, ids: Ids) -> Result<Self, StoreError> {
        let opened = opening::open(path, ids)?;
        let applied = Arc::new(AtomicU64::new(opened.digest.commits));
        let durable = Arc::new(AtomicU64::new(opened.digest.commits));
        let committer = Committer::start(
            opened.db.clone(),
            &opened.file,
            Arc::clone(&applied),
            Arc::clone(&durable),
            opened.commits,
        )?;
        Ok(Self {
            committer,
            db: opened.db,
            order: RwLock::new(Counted::of(opened.digest)),
            applied,
            durable,
            id_key: opened.id_key,
            path: path.to_owned(),
            anchor: Mutex::new(opened.anchor),
            snapshot: SnapshotAtEnd::new(path),
            _lock: opened.lock,
        })
    }

    /// What the store takes on the disk, in octets. It never shrinks: see an export and import for that.
    ///
    /// # Errors
    /// [`StoreError::Broken`]: the files cannot be seen.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.sled(|db| db.size_on_disk())
    }

    /// Applies a batch; the caller then waits for it to become durable.
    fn apply(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.committer.check()?;
        let mut order = self.order.write().unwrap_or_else(PoisonError::into_inner);
        let mut batch = Staged::on(self);
        let mut cursors = Vec::new();
        for write in writes {
            if let Write::Cursor(mailbox, cursor) = &write {
                cursors.push((mailbox.clone(), *cursor));
            }
            batch.apply(write)?;
        }
        self.note_first_cursors(cursors)?;
        batch.finish(&mut order)
    }

    /// A mailbox that the anchor does not know, or not with these UIDs, is noted there before anything depends on it.
    fn note_first_cursors(&self, cursors: Vec<(String, Cursor)>) -> Result<(), StoreError> {
        for (mailbox, cursor) in cursors {
            let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
            let known = anchor.cursors.get(&mailbox);
            if known.is_none_or(|known| known.uid_validity != cursor.uid_validity) {
                let mut new = anchor.clone();
                new.cursors.insert(mailbox, cursor);
                new.write(&self.path).map_err(|e| self.anchor_broken(&e))?;
                *anchor = new;
            }
        }
        Ok(())
    }

    fn anchor_broken(&self, error: &std::io::Error) -> StoreError {
        StoreError::Broken(format!("{}: {error}", self.path.join("anchor").display()))
    }

    /// Ready when the disk below the store has failed: nothing may be acknowledged any more.
    pub fn failed(&self) -> impl Future<Output = StoreError> + Send + use<> {
        self.committer.failed()
    }

    /// Notes beside the database up to where the mailboxes were read: a database that has to be made anew goes on there. And
    /// how many commits are durable: one that has fewer was damaged.
    ///
    /// # Errors
    /// [`StoreError`]: the cursors cannot be read, or the file not be written.
    pub fn note_progress(&self) -> Result<(), StoreError> {
        self.committer.check()?;
        let rows: Vec<CursorRecord> = self.records(codec::CURSORS, None, usize::MAX)?;
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = anchor.clone();
        new.commits = self.durable.load(Ordering::Acquire);
        for row in rows {
            new.learn(&row.mailbox, row.cursor);
        }
        if new != *anchor {
            new.write(&self.path).map_err(|e| self.anchor_broken(&e))?;
            *anchor = new;
        }
        Ok(())
    }

    fn read<T>(&self, what: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _order = self.order.read().unwrap_or_else(PoisonError::into_inner);
        what()
    }

    fn row(&self, need: &Need) -> Result<Option<Row>, StoreError> {
        let key = codec::need_key(need);
        let row = match need {
            Need::PairOf(_) => self.get(&key)?.map(Row::Pair),
            Need::HolderOf(_) => match self.raw(&key)? {
                Some(jid) => self.get(&codec::pair_key_of(&jid))?.map(Row::Pair),
                None => None,
            },
            Need::Contact(..) => self
                .get(&key)?
                .map(|row: ContactRecord| Row::Contact(row.contact)),
            Need::Thread(..) => self
                .get(&key)?
                .map(|row: ThreadRecord| Row::Thread(row.thread)),
            Need::Message(..) | Need::Stanza(..) => self.get(&key)?.map(Row::Message),
            Need::Seen(..) => self.get(&key)?.map(|row: SeenRecord| Row::Seen(row.at)),
            Need::Peer(_) => self.get(&key)?.map(Row::Peer),
        };
        Ok(row)
    }

    /// Up to `limit` records of one table after a key.
    fn records<T: DeserializeOwned>(
        &self,
        tag: u8,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.read(|| self.page(tag, after, limit))?;
        rows.iter()
            .map(|(key, value)| decoded(key, value))
            .collect()
    }

    /// Up to `limit` rows of one table after a key.
    fn page(
        &self,
        tag: u8,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<(sled::IVec, sled::IVec)>, StoreError> {
        let start = after.map_or(Bound::Included(vec![tag]), Bound::Excluded);
        let end = Bound::Excluded(vec![tag.saturating_add(1)]);
        self.sled(|db| {
            let rows = db.range::<Vec<u8>, _>((start, end));
            rows.take(limit).collect()
        })
    }

    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.raw(key)?.map(|value| decoded(key, &value)).transpose()
    }

    fn raw(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.sled(|db| db.get(key))
    }

    /// Calls sled. It panics where it finds its own files damaged; that is an error here.
    fn sled<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        match crash::caught(|| call(&self.db)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(StoreError::Broken(error.to_string())),
            Err(words) => Err(StoreError::Broken(opening::gave_up(&words))),
        }
    }

    /// Forgets the oldest rows; answers how many it found, and how many of them were not second copies.
    fn forget_some(&self, cutoff: Timestamp) -> Result<(usize, u64), StoreError> {
        self.committer.check()?;
        let mut order = self.order.write().unwrap_or_else(PoisonError::into_inner);
        let range = vec![codec::BY_TIME]..codec::time_prefix(cutoff);
        let old: Vec<sled::IVec> = self.sled(|db| {
            let keys = db.range(range).keys();
            keys.take(FORGOTTEN_AT_ONCE).collect()
        })?;
        let mut batch = Staged::on(self);
        let mut count = 0_u64;
        for key in &old {
            let row = codec::row_of_time_key(key).unwrap_or_default();
            if row.first() == Some(&codec::BY_MESSAGE_ID) {
                batch.remove_copy_of(row)?;
            }
            batch.remove(row.to_vec());
            batch.remove(key.to_vec());
            count = count.saturating_add(u64::from(row.first() != Some(&codec::BY_STANZA)));
        }
        batch.finish(&mut order)?;
        Ok((old.len(), count))
    }
}

/// What the next start would need if it found the database damaged.
impl Drop for SledStore {
    fn drop(&mut self) {
        if self.committer.check().is_err() {
            self.snapshot.leave();
        } else if let Err(error) = self.note_progress() {
            tracing::warn!(%error, "the cursors were not noted beside the store");
        }
    }
}

impl Store for SledStore {
    /// Reads at once: what is asked for takes microseconds.
    fn load(
        &self,
        needs: &[Need],
    ) -> impl Future<Output = Result<Vec<Option<Row>>, StoreError>> + Send {
        ready(self.read(|| needs.iter().map(|need| self.row(need)).collect()))
    }

    fn commit(
        &self,
        _now: Timestamp,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        // Not within the future: the changes are to be seen before anyone waits for it.
        let durable = self.apply(writes).map(|()| self.committer.durable());
        async move { durable?.await }
    }

    fn pairs(&self, after: Option<&BareJid>, limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.records(codec::PAIRS, after.map(codec::pair_key), limit)
    }

    fn contacts(
        &self,
        after: Option<(&BareJid, &MailAddress)>,
        limit: usize,
    ) -> Result<Vec<(BareJid, MailAddress, Contact)>, StoreError> {
        let after = after.map(|(user, mail)| codec::contact_key(user, mail));
        let rows = self.records::<ContactRecord>(codec::CONTACTS, after, limit)?;
        let named = rows
            .into_iter()
            .map(|row| (row.user, row.mail, row.contact));
        Ok(named.collect())
    }

    fn peers(&self, after: Option<&AddressPattern>, limit: usize) -> Result<Vec<Peer>, StoreError> {
        self.records(codec::PEERS, after.map(codec::peer_key), limit)
    }

    fn announced(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> Result<Vec<(BareJid, Announced)>, StoreError> {
        let after = after.map(codec::announced_key);
        let rows = self.records::<AnnouncedRecord>(codec::ANNOUNCED, after, limit)?;
        let named = rows.into_iter().map(|row| (row.user, row.announced));
        Ok(named.collect())
    }

    fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, StoreError> {
        let row: Option<CursorRecord> = self.read(|| self.get(&codec::cursor_key(mailbox)))?;
        // The first cursor of a mailbox is noted beside the database before it is in it.
        let anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = || anchor.cursors.get(mailbox).copied();
        Ok(row.map(|row| row.cursor).or_else(noted))
    }

    fn rows(
        &self,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Record)>, StoreError> {
        let after = after.map(Place::key).unwrap_or_default();
        let mut rows = Vec::new();
        for tag in codec::EXPORTED {
            let start = match after.first() {
                Some(first) if *first > tag => continue,
                Some(first) if *first == tag => Some(after.clone()),
                _ => None,
            };
            let wanted = limit.saturating_sub(rows.len());
            rows.extend(self.read(|| self.page(tag, start, wanted))?);
        }
        rows.iter()
            .map(|(key, value)| {
                let record = codec::decode_record(key, value).map_err(|e| unreadable(key, &e))?;
                Ok((Place::of_key(key), record))
            })
            .collect()
    }

    fn id_key(&self) -> IdKey {
        self.id_key
    }

    fn forget_older(&self, now: Timestamp, age: Duration) -> Result<u64, StoreError> {
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let cutoff = Timestamp::from_millis(now.millis().saturating_sub(age));
        let mut forgotten = 0_u64;
        loop {
            let (found, count) = self.forget_some(cutoff)?;
            forgotten = forgotten.saturating_add(count);
            if found < FORGOTTEN_AT_ONCE {
                return Ok(forgotten);
            }
        }
    }
}

fn decoded<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, StoreError> {
    codec::decode(value).map_err(|e| unreadable(key, &e))
}

fn unreadable(key: &[u8], error: &dyn fmt::Display) -> StoreError {
    let key = key.escape_ascii();
    StoreError::Broken(format!("the row {key} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::{Format, PeerOrigin};
    use crate::store::MemoryStore;
    use crate::store::conformance::{self, at, exported, mail, message, pair, user};
    use proptest::prelude::*;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn save(store: &SledStore, writes: Vec<Write>) {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(store.commit(at(0), writes))
            .unwrap();
    }

    #[tokio::test]
    async fn sled_is_a_store() {
        let folder = folder();
        let count = std::cell::Cell::new(0);
        conformance::run(|| {
            count.set(count.get() + 1);
            SledStore::open(&folder.path().join(count.get().to_string())).unwrap()
        })
        .await;
    }

    #[test]
    fn what_was_saved_is_there_after_reopening() {
        let folder = folder();
        let store = SledStore::open(folder.path()).unwrap();
        save(
            &store,
            vec![Write::Pair(pair("a@a.example", "a@b.example"))],
        );
        save(&store, vec![Write::Message(message("x@y", "1", 1))]);
        let (rows, id_key) = (exported(&store, 10), store.id_key());
        assert_ne!(id_key, [0; 32]);
        drop(store);
        let store = SledStore::open(folder.path()).unwrap();
        assert_eq!((exported(&store, 10), store.id_key()), (rows, id_key));
        let other = SledStore::open(&folder.path().join("other")).unwrap();
        assert_ne!(other.id_key(), id_key);
    }

    #[test]
    fn a_store_is_opened_once() {
        let folder = folder();
        let store = SledStore::open(folder.path()).unwrap();
        let second = SledStore::open(folder.path()).unwrap_err();
        assert!(matches!(second, StoreError::InUse(_)), "{second}");
        drop(store);
        SledStore::open(folder.path()).unwrap();
    }

    #[test]
    fn a_store_of_a_newer_program_is_refused_and_left_alone() {
        let folder = folder();
        let store = SledStore::open(folder.path()).unwrap();
        let newer = (codec::FORMAT + 1).to_be_bytes();
        store.db.insert(codec::FORMAT_KEY, &newer).unwrap();
        drop(store);
        for _ in 0..2 {
            match SledStore::open(folder.path()).unwrap_err() {
                StoreError::Newer { found, known, .. } => assert_eq!(found, known + 1),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn after_much_was_written_the_next_start_finds_a_new_snapshot() {
        let folder = folder();
        let snapshots_after = |octets: usize| {
            let store = SledStore::open(folder.path()).unwrap();
            let before = snapshot_in(folder.path());
            let mut much = message("x@y", "1", 1);
            much.digest = "x".repeat(octets / 2 / 100);
            for n in 0..100 {
                much.resource = jid::Jid::new(&format!("alice@a.example/{n}")).ok();
                save(&store, vec![Write::Message(much.clone())]);
            }
            drop(store);
            (before, snapshot_in(folder.path()))
        };
        drop(SledStore::open(folder.path()).unwrap());
        let (before, after) = snapshots_after(100_000);
        assert_eq!(before, after);
        let (before, after) = snapshots_after(9_000_000);
        assert_ne!(before, after);
        SledStore::open(folder.path()).unwrap();
    }

    /// A folder with a store that was opened twice, so that it has a snapshot.
    fn folder_with_snapshot() -> tempfile::TempDir {
        let folder = folder();
        for name in ["a", "b"] {
            let store = SledStore::open(folder.path()).unwrap();
            let (jid, mail) = (format!("{name}@a.example"), format!("{name}@b.example"));
            save(&store, vec![Write::Pair(pair(&jid, &mail))]);
        }
        folder
    }

    fn snapshot_in(folder: &Path) -> std::path::PathBuf {
        std::fs::read_dir(folder.join("db"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.to_string_lossy().contains("/snap."))
            .unwrap()
    }

    #[test]
    fn a_damaged_snapshot_is_put_aside_and_nothing_is_lost() {
        let folder = folder_with_snapshot();
        std::fs::write(snapshot_in(folder.path()), b"damaged, and long enough").unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        assert_eq!(store.pairs(None, 10).unwrap().len(), 2);
    }

    #[test]
    fn an_unfinished_snapshot_is_removed() {
        let folder = folder_with_snapshot();
        let unfinished = folder.path().join("db/snap.FFFFFFFFFFFFFFFF.generating");
        std::fs::write(&unfinished, b"half").unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        assert_eq!(store.pairs(None, 10).unwrap().len(), 2);
        assert!(!unfinished.exists());
    }

    #[test]
    fn a_damaged_log_gives_a_sentence_that_says_what_to_do() {
        let folder = folder_with_snapshot();
        let log = folder.path().join("db/db");
        let length = usize::try_from(std::fs::metadata(&log).unwrap().len()).unwrap();
        std::fs::write(&log, vec![0xa5; length]).unwrap();
        std::fs::remove_file(snapshot_in(folder.path())).unwrap();
        std::fs::write(folder.path().join("db/conf"), b"not sled's").unwrap();
        let error = SledStore::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("check --repair"), "{error}");
        assert_eq!(std::fs::read(&log).unwrap().len(), length);
    }

    #[test]
    fn a_store_whose_log_was_emptied_is_not_taken_for_a_new_one() {
        let folder = folder_with_snapshot();
        std::fs::remove_dir_all(folder.path().join("db")).unwrap();
        for _ in 0..2 {
            let error = SledStore::open(folder.path()).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        }
    }

    #[test]
    fn a_store_is_for_its_user_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let path = folder.path().join("new/store");
        let _store = SledStore::open(&path).unwrap();
        for made in [path.join("db"), path.clone()] {
            let mode = std::fs::metadata(made).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_who_want_one_address_at_once_do_not_both_get_it() {
        let folder = folder();
        let store = std::sync::Arc::new(SledStore::open(folder.path()).unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..40 {
            let store = std::sync::Arc::clone(&store);
            tasks.spawn(async move {
                let wanted = pair(&format!("u{n}@a.example"), &format!("m{}@b.example", n % 4));
                store.commit(at(1), vec![Write::Pair(wanted)]).await.is_ok()
            });
        }
        let won = tasks.join_all().await.into_iter().filter(|won| *won);
        assert_eq!(won.count(), 4);
        assert_eq!(store.pairs(None, 100).unwrap().len(), 4);
    }

    #[test]
    fn a_format_that_never_was_is_damage() {
        let folder = folder();
        let store = SledStore::open(folder.path()).unwrap();
        store
            .db
            .insert(codec::FORMAT_KEY, &0_u32.to_be_bytes())
            .unwrap();
        drop(store);
        let error = SledStore::open(folder.path()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }

    const WRITER: &str = "STANZAMAIL_TEST_WRITES_TO";

    /// Not a test by itself: the process that the next one kills. Says each commit that it was told is durable.
    #[test]
    fn writes_until_it_is_killed() {
        let Some(path) = std::env::var_os(WRITER) else {
            return;
        };
        let store = SledStore::open(Path::new(&path)).unwrap();
        let first = store.pairs(None, usize::MAX).unwrap().len();
        for n in first.. {
            let both = vec![
                Write::Pair(pair(
                    &format!("u{n:09}@a.example"),
                    &format!("m{n}@b.example"),
                )),
                Write::Message(message(&format!("x{n}@y"), &n.to_string(), 1)),
            ];
            save(&store, both);
            println!("durable {n}");
        }
    }

    #[test]
    fn what_was_acknowledged_survives_a_kill_and_no_batch_is_half_there() {
        let folder = folder();
        for round in 0..5_u64 {
            let name = "store::sled::tests::writes_until_it_is_killed";
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args([name, "--exact", "--nocapture"])
                .env(WRITER, folder.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let said = |line: &String| line.rsplit_once("durable ").map(|(_, n)| n.to_owned());
            let mut durable: Option<String> = None;
            for line in lines.by_ref().map_while(Result::ok) {
                durable = said(&line).or(durable);
                if durable.is_some() {
                    break;
                }
            }
            std::thread::sleep(Duration::from_millis(20 + 37 * round));
            child.kill().unwrap();
            child.wait().unwrap();
            durable = lines
                .map_while(Result::ok)
                .filter_map(|l| said(&l))
                .last()
                .or(durable);
            let durable: usize = durable.unwrap().trim().parse().unwrap();

            let store = SledStore::open(folder.path()).unwrap();
            let pairs = store.pairs(None, usize::MAX).unwrap();
            assert!(
                pairs.len() > durable,
                "{} pairs, {durable} was durable",
                pairs.len()
            );
            for n in 0..pairs.len() {
                let sample = message(&format!("x{n}@y"), &n.to_string(), 1);
                let names = [
                    Need::HolderOf(mail(&format!("m{n}@b.example"))),
                    Need::Stanza(sample.user.clone(), sample.contact, sample.stanza_id),
                    Need::Message(sample.message_id, sample.user),
                ];
                for need in names {
                    assert!(store.row(&need).unwrap().is_some(), "{need:?}");
                }
            }
        }
    }

    /// Changes rows as no version of this program does now.
    fn change(store: &SledStore, what: impl FnOnce(&mut Staged<'_>)) {
        let mut order = store.order.write().unwrap();
        let mut batch = Staged::on(store);
        what(&mut batch);
        batch.finish(&mut order).unwrap();
    }

    /// Gives each second copy a place in the index by time, as former versions did when they saved it.
    fn index_as_formerly(store: &SledStore) {
        let copies = store.page(codec::BY_STANZA, None, usize::MAX).unwrap();
        change(store, |batch| {
            for (key, value) in copies {
                let at = codec::time_of(&key, &value).unwrap();
                let place = codec::time_key(at, &key);
                batch.changed.insert(place, Some(Vec::new()));
            }
        });
    }

    fn rows_of(store: &SledStore, tag: u8) -> usize {
        store.page(tag, None, usize::MAX).unwrap().len()
    }

    #[test]
    fn rows_of_a_former_version_are_forgotten_and_none_of_them_takes_a_new_one_along() {
        let folder = folder();
        let store = SledStore::open(folder.path()).unwrap();
        for (id, stanza) in [("x@y", "1"), ("z@y", "2")] {
            save(&store, vec![Write::Message(message(id, stanza, 10))]);
        }
        assert_eq!(rows_of(&store, codec::BY_TIME), 2);
        index_as_formerly(&store);
        assert_eq!(rows_of(&store, codec::BY_TIME), 4);
        // One of the names is taken before, one after what had it is forgotten.
        save(&store, vec![Write::Message(message("new@y", "1", 20))]);
        assert_eq!(rows_of(&store, codec::BY_TIME), 4);
        assert_eq!(store.forget_older(at(30), Duration::from_secs(15)), Ok(2));
        assert_eq!(rows_of(&store, codec::BY_TIME), 1);
        save(&store, vec![Write::Message(message("newer@y", "2", 20))]);
        assert_eq!(store.forget_older(at(30), Duration::from_secs(15)), Ok(0));
        assert_eq!(rows_of(&store, codec::BY_STANZA), 2);
        drop(store);
        let store = SledStore::open(folder.path()).unwrap();
        assert_eq!(store.forget_older(at(30), Duration::ZERO), Ok(2));
        for tag in [codec::BY_TIME, codec::BY_STANZA, codec::BY_MESSAGE_ID] {
            assert_eq!(rows_of(&store, tag), 0);
        }
    }

    #[test]
    fn what_a_former_version_left_behind_when_it_forgot_is_in_nobodys_way() {
        let folder = folder();
        let store = SledStore::open(folder.path()).unwrap();
        let old = message("x@y", "1", 10);
        save(&store, vec![Write::Message(old.clone())]);
        change(&store, |batch| {
            let key = codec::message_key(&old);
            batch.remove(codec::time_key(old.at, &key));
            batch.remove(key);
        });
        let by_stanza = Need::Stanza(old.user.clone(), old.contact.clone(), old.stanza_id.clone());
        assert_eq!(store.row(&by_stanza), Ok(Some(Row::Message(old))));
        assert_eq!(store.forget_older(at(30), Duration::ZERO), Ok(0));
        save(&store, vec![Write::Message(message("z@y", "1", 20))]);
        assert_eq!(store.forget_older(at(30), Duration::ZERO), Ok(1));
        assert_eq!(store.row(&by_stanza), Ok(None));
        drop(store);
        SledStore::open(folder.path()).unwrap();
    }

    #[test]
    fn what_is_saved_again_as_it_is_is_not_written_again() {
        let folder = folder();
        let store = SledStore::open(folder.path()).unwrap();
        let row = message("x@y", "1", 10);
        let written = || store.snapshot.octets();
        save(&store, vec![Write::Message(row.clone())]);
        let once = written();
        save(&store, vec![Write::Message(row.clone())]);
        assert_eq!(written(), once);
        let mut taken = row;
        taken.sent.taken = true;
        save(&store, vec![Write::Message(taken)]);
        assert_eq!(rows_of(&store, codec::BY_TIME), 1);
        assert!(once < written() && written() < 2 * once);
    }

    fn any_write() -> impl Strategy<Value = Write> {
        let small = 0..4_u8;
        (0..11_u8, small.clone(), small.clone(), small, 0..50_i64).prop_map(
            |(kind, a, b, c, time)| {
                let who = user(&format!("u{a}@a.example"));
                let address = mail(&format!("{}{b}@m.example", if c == 0 { "M" } else { "m" }));
                let mut row = message(&format!("x{c}@y"), &format!("s{b}"), time);
                row.user = who.clone();
                match kind {
                    0 | 1 => Write::Pair(pair(who.as_str(), &address.to_string())),
                    2 => Write::RemovePair(who),
                    3 => Write::Contact(who, address, conformance::contact(time)),
                    4 => Write::RemoveContact(who, address),
                    5 => Write::Message(row),
                    6 => Write::Seen(who, row.message_id, at(time)),
                    7 => Write::Peer(any_peer(address, b, c)),
                    8 => Write::RemovePeer(any_peer(address, b, c).who),
                    9 => Write::Announced(who, conformance::announced(time)),
                    _ => Write::Thread(
                        who,
                        address,
                        row.thread,
                        crate::core::record::Thread {
                            references: vec![row.message_id],
                            subject: None,
                            last: at(time),
                        },
                    ),
                }
            },
        )
    }

    fn any_peer(address: MailAddress, b: u8, c: u8) -> Peer {
        let origins = [PeerOrigin::Admin, PeerOrigin::Learned];
        let who = match b {
            0 => "m.example".to_owned(),
            _ => address.to_string(),
        };
        conformance::peer(&who, Format::Xmpp, origins[usize::from(c % 2)])
    }

    /// All that is read beside an export.
    fn read_aside<S: Store>(store: &S) -> String {
        let addresses = (0..4).map(|n| mail(&format!("m{n}@m.example")));
        let peers = addresses.map(|address| Need::Peer(AddressPattern::Address(address)));
        let names = (0..16).map(|n| {
            let sample = message("x@y", &format!("s{}", n % 4), 0);
            let who = user(&format!("u{}@a.example", n / 4));
            Need::Stanza(who, sample.contact, sample.stanza_id)
        });
        let needs: Vec<Need> = peers.chain(names).collect();
        let rows = futures::executor::block_on(store.load(&needs)).unwrap();
        let peers = store.peers(None, 9).unwrap();
        let announced = store.announced(None, 9).unwrap();
        format!("{rows:?} {peers:?} {announced:?}")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn sled_and_memory_are_the_same_store(
            batches in prop::collection::vec(prop::collection::vec(any_write(), 1..5), 1..25),
            ages in prop::collection::vec(0..60_u64, 25),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let folder = folder();
            let store = SledStore::open(folder.path()).unwrap();
            let model = MemoryStore::default();
            for (number, (batch, age)) in batches.into_iter().zip(ages).enumerate() {
                let expected = runtime.block_on(model.commit(at(0), batch.clone()));
                prop_assert_eq!(runtime.block_on(store.commit(at(0), batch)), expected);
                if number % 3 == 1 {
                    index_as_formerly(&store);
                }
                let age = Duration::from_secs(age);
                prop_assert_eq!(store.forget_older(at(60), age), model.forget_older(at(60), age));
                prop_assert_eq!(exported(&store, 3), exported(&model, 100));
                prop_assert_eq!(read_aside(&store), read_aside(&model));
            }
            // The index by time leads to every row that it should, and to nothing else.
            let age = Duration::ZERO;
            prop_assert_eq!(store.forget_older(at(60), age), model.forget_older(at(60), age));
            prop_assert_eq!(store.page(codec::BY_TIME, None, 10).unwrap().len(), 0);
            prop_assert_eq!(store.page(codec::BY_STANZA, None, 10).unwrap().len(), 0);
        }
    }
}
