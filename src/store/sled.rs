//! The [`Store`] that a gateway runs on: one sled tree with the [`tables`], made durable by `committer`.
//!
//! A store is a folder: `lock` (whose lock says that it is open), `db/` (sled's), `anchor` and `commits` (see [`anchor`]),
//! and beside them what others keep there.
//!
//! [`anchor`]: super::anchor
//! [`tables`]: super::tables

mod convert;
mod forget;
mod staged;
#[cfg(test)]
mod tests;

use self::staged::Staged;
use crate::core::address::MailAddress;
use crate::core::context::{Need, Row, Write};
use crate::core::id::IdKey;
use crate::core::limits::CONTACTS_SCANNED_MAX;
use crate::core::reckoning::Reckoned;
use crate::core::record::{Contact, Cursor, Pair};
use crate::core::time::Timestamp;
use crate::core::traces::{Gone, RowCounts};
use crate::panics;
use crate::store::anchor::Anchor;
use crate::store::committer::Committer;
use crate::store::digest::Counted;
use crate::store::opening::{self, Ids, SnapshotAtEnd};
use crate::store::tables::{self, Record, RowPlace, Table};
use crate::store::{Store, StoreError, index};
use jid::BareJid;
use std::fmt;
use std::fs::File;
use std::future::ready;
use std::io::ErrorKind;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Rows that are forgotten in one batch.
const FORGOTTEN_AT_ONCE: usize = 1000;

/// Rows that are added up in one go.
const CHECKED_AT_ONCE: usize = 1000;
/// With so many rows a start waits until all are added up.
const SMALL: u64 = 50_000;

/// A store in a folder. Closed when it is dropped, which waits for the commits under way.
#[derive(Debug)]
pub(super) struct SledStore(Arc<Database>);

#[derive(Debug)]
struct Database {
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
    /// The store has the format before, and nothing was changed yet.
    is_old: AtomicBool,
    id_key: IdKey,
    path: PathBuf,
    /// As it lies beside the database.
    anchor: Mutex<Anchor>,
    snapshot: SnapshotAtEnd,
    lock: File,
}

impl SledStore {
    /// Opens the store in this folder, or makes it: [`super::open`].
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let database = Database::with_ids(path, Ids::Own)?;
        if !database.is_big() {
            database.check_rows()?;
        }
        Ok(Self(Arc::new(database)))
    }

    /// Looks through the rows of the store in this folder: [`super::check`].
    pub(super) fn check(path: &Path) -> Result<(), StoreError> {
        Database::with_ids(path, Ids::Own)?.check_rows()
    }

    /// Makes a store in a folder that has none, with this key of derived ids if one is given.
    ///
    /// # Errors
    /// As [`SledStore::open`].
    pub(super) fn make(path: &Path, id_key: Option<IdKey>) -> Result<Self, StoreError> {
        Database::with_ids(path, Ids::Begin(id_key)).map(|database| Self(Arc::new(database)))
    }

    /// Does what may block where nobody is kept by it.
    fn apart<T: Send + 'static, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, W>
    where
        W: FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    {
        let database = Arc::clone(&self.0);
        async move {
            let done = tokio::task::spawn_blocking(move || work(&database)).await;
            done.unwrap_or_else(|error| Err(StoreError::Broken(error.to_string())))
        }
    }
}

impl Database {
    /// Adds up all rows; blocks for some microseconds a row, and lets others work in between.
    fn check_rows(&self) -> Result<(), StoreError> {
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
            if key.first() != Some(&tables::META) {
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

    /// Whether there are so many rows that they are better added up beside other work.
    fn is_big(&self) -> bool {
        let order = self.order.read().unwrap_or_else(PoisonError::into_inner);
        order.digest.rows > SMALL
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
            is_old: AtomicBool::new(opened.is_old),
            id_key: opened.id_key,
            path: path.to_owned(),
            anchor: Mutex::new(opened.anchor),
            snapshot: SnapshotAtEnd::new(path),
            lock: opened.lock,
        })
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
            batch.apply(write.into())?;
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

    /// Notes beside the database up to where the mailboxes were read: a database that has to be made anew goes on there. And
    /// how many commits are durable: one that has fewer was damaged.
    fn note_progress(&self) -> Result<(), StoreError> {
        self.committer.check()?;
        let rows = self.records(Table::Cursor, None, usize::MAX)?;
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = anchor.clone();
        new.commits = self.durable.load(Ordering::Acquire);
        for (_, row) in rows {
            if let Record::Cursor(row) = row {
                new.learn(&row.mailbox, row.cursor);
            }
        }
        if new != *anchor {
            new.write(&self.path).map_err(|e| self.anchor_broken(&e))?;
            *anchor = new;
        }
        Ok(())
    }

    fn reckon(&self, clock: Timestamp, ran: Duration) -> Result<Reckoned, StoreError> {
        self.committer.check()?;
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let reckoned = Reckoned::of(anchor.reached, clock, ran);
        if anchor.reached != Some(reckoned.reached) {
            let mut new = anchor.clone();
            new.reached = Some(reckoned.reached);
            new.write(&self.path).map_err(|e| self.anchor_broken(&e))?;
            *anchor = new;
        }
        Ok(reckoned)
    }

    fn check_place(&self) -> Result<(), StoreError> {
        match self.is_in_place() {
            true => Ok(()),
            false => {
                let moved = StoreError::Moved(self.path.display().to_string());
                Err(self.committer.broken_by(moved))
            }
        }
    }

    /// By the file that is locked. Where nothing can be seen, nothing is said.
    fn is_in_place(&self) -> bool {
        let there = std::fs::metadata(self.path.join("lock"));
        match (there, self.lock.metadata()) {
            (Ok(there), Ok(ours)) => (there.dev(), there.ino()) == (ours.dev(), ours.ino()),
            (Err(error), _) => error.kind() != ErrorKind::NotFound,
            (_, Err(_)) => true,
        }
    }

    fn read<T>(&self, what: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _order = self.order.read().unwrap_or_else(PoisonError::into_inner);
        what()
    }

    fn row(&self, need: &Need) -> Result<Option<Row>, StoreError> {
        let key = tables::need_key(need);
        match need {
            Need::ContactsOf(_) => Ok(Some(Row::Contacts(self.contacts_of(&key)?))),
            // Former versions had one row for addresses that are two.
            Need::HolderOf(mail) => {
                let holder = self.holder(&key)?;
                Ok(holder.filter(|pair| pair.mail == *mail).map(Row::Pair))
            }
            Need::Waiting(_) | Need::LastOf(_) | Need::WaitingOf(_) => Ok(None),
            _ => Ok(self.record(&key)?.and_then(tables::row_of)),
        }
    }

    /// The pair to which an address leads by this key.
    fn holder(&self, key: &[u8]) -> Result<Option<Pair>, StoreError> {
        let Some(jid) = self.raw(key)? else {
            return Ok(None);
        };
        Ok(match self.record(&tables::pair_key_of(&jid))? {
            Some(Record::Pair(pair)) => Some(pair),
            _ => None,
        })
    }

    /// The contacts whose keys begin so.
    fn contacts_of(&self, prefix: &[u8]) -> Result<Vec<(MailAddress, Contact)>, StoreError> {
        let limit = CONTACTS_SCANNED_MAX.saturating_add(1);
        let rows: Vec<(sled::IVec, sled::IVec)> =
            self.sled(|db| db.scan_prefix(prefix).take(limit).collect())?;
        let mut named = Vec::with_capacity(rows.len());
        for (key, value) in &rows {
            if let Record::Contact(row) = decoded(key, value)? {
                named.push((tables::address_of_row(key, row.mail), row.contact));
            }
        }
        Ok(named)
    }

    /// Up to `limit` records of one table after a key.
    fn records(
        &self,
        table: Table,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<(RowPlace, Record)>, StoreError> {
        let rows = self.read(|| self.page(table.tag(), after, limit))?;
        let records = rows.iter().map(|(key, value)| {
            let record = decoded(key, value)?;
            Ok((RowPlace::of_key(key), record))
        });
        records.collect()
    }

    /// The same, of all tables.
    fn all_records(
        &self,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> Result<Vec<(RowPlace, Record)>, StoreError> {
        let after = after.map(RowPlace::key).unwrap_or_default();
        let mut records = Vec::new();
        for table in Table::ALL {
            let start = match after.first() {
                Some(first) if *first > table.tag() => continue,
                Some(first) if *first == table.tag() => Some(after.to_vec()),
                _ => None,
            };
            let wanted = limit.saturating_sub(records.len());
            records.extend(self.records(*table, start, wanted)?);
        }
        Ok(records)
    }

    fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, StoreError> {
        let row = self.read(|| self.record(&tables::cursor_key(mailbox)))?;
        if let Some(Record::Cursor(row)) = row {
            return Ok(Some(row.cursor));
        }
        // The first cursor of a mailbox is noted beside the database before it is in it.
        let anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(anchor.cursors.get(mailbox).copied())
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

    fn record(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
        found(key, |key| self.raw(key))
    }

    fn raw(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.sled(|db| db.get(key))
    }

    /// Calls sled. It panics where it finds its own files damaged; that is an error here.
    fn sled<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        match panics::caught(|| call(&self.db)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(StoreError::Broken(error.to_string())),
            Err(words) => Err(StoreError::Broken(opening::gave_up(&words))),
        }
    }

    fn forget_older(&self, now: Timestamp, age: Duration) -> Result<u64, StoreError> {
        self.note_progress()?;
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

    /// Forgets the oldest rows; answers how many it found, and how many of them were not second copies.
    fn forget_some(&self, cutoff: Timestamp) -> Result<(usize, u64), StoreError> {
        self.committer.check()?;
        let mut order = self.order.write().unwrap_or_else(PoisonError::into_inner);
        let range = vec![tables::BY_TIME]..index::time_prefix(cutoff);
        let old: Vec<sled::IVec> = self.sled(|db| {
            let keys = db.range(range).keys();
            keys.take(FORGOTTEN_AT_ONCE).collect()
        })?;
        let mut batch = Staged::on(self);
        let mut count = 0_u64;
        for key in &old {
            let row = index::row_of_time_key(key).unwrap_or_default();
            batch.remove(key.to_vec());
            let first = row.first().copied();
            if first == Some(Table::Thread.tag()) && batch.is_young(row, cutoff)? {
                continue;
            }
            if first == Some(Table::Message.tag()) {
                batch.remove_copy_of(row)?;
            }
            batch.remove(row.to_vec());
            count = count.saturating_add(u64::from(first != Some(tables::BY_STANZA)));
        }
        batch.finish(&mut order)?;
        Ok((old.len(), count))
    }
}

/// What the next start would need if it found the database damaged.
impl Drop for Database {
    fn drop(&mut self) {
        // Where there is another store by now, it is not to get ours.
        if self.check_place().is_err() || self.committer.check().is_err() {
            self.snapshot.leave();
        } else if let Err(error) = self.note_progress() {
            tracing::warn!(%error, "the cursors were not saved beside the store");
        }
    }
}

impl Store for SledStore {
    /// Reads at once: what is asked for takes microseconds.
    fn load(
        &self,
        needs: &[Need],
    ) -> impl Future<Output = Result<Vec<Option<Row>>, StoreError>> + Send {
        let database = &self.0;
        let rows = || needs.iter().map(|need| database.row(need)).collect();
        ready(database.read(rows))
    }

    fn commit(
        &self,
        _now: Timestamp,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        // Not within the future: the changes are to be seen before anyone waits for it.
        let applied = self.0.apply(writes);
        let durable = applied.map(|()| self.0.committer.durable());
        async move { durable?.await }
    }

    fn page(
        &self,
        table: Option<Table>,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RowPlace, Record)>, StoreError>> + Send {
        let after = after.cloned();
        self.apart(move |database| match table {
            Some(table) => {
                let after = after.map(|place| place.key().to_vec());
                database.records(table, after, limit)
            }
            None => database.all_records(after.as_ref(), limit),
        })
    }

    fn cursor(
        &self,
        mailbox: &str,
    ) -> impl Future<Output = Result<Option<Cursor>, StoreError>> + Send {
        ready(self.0.cursor(mailbox))
    }

    fn id_key(&self) -> IdKey {
        self.0.id_key
    }

    fn forget_older(
        &self,
        now: Timestamp,
        age: Duration,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        self.apart(move |database| database.forget_older(now, age))
    }

    fn users(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<BareJid>, StoreError>> + Send {
        let after = after.cloned();
        self.apart(move |database| database.users(after.as_ref(), limit))
    }

    fn page_of(
        &self,
        user: &BareJid,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RowPlace, Record)>, StoreError>> + Send {
        let (user, after) = (user.clone(), after.cloned());
        self.apart(move |database| database.records_of(&user, after.as_ref(), limit))
    }

    fn rows_of(
        &self,
        user: &BareJid,
    ) -> impl Future<Output = Result<RowCounts, StoreError>> + Send {
        let user = user.clone();
        self.apart(move |database| database.rows_of(&user))
    }

    fn forget_some_of(
        &self,
        user: &BareJid,
        limit: usize,
    ) -> impl Future<Output = Result<Gone, StoreError>> + Send {
        let user = user.clone();
        let forgotten = self.apart(move |database| database.forget_some_of(&user, limit));
        async move {
            let gone = forgotten.await?;
            self.0.committer.durable().await?;
            Ok(gone)
        }
    }

    fn reckon(
        &self,
        clock: Timestamp,
        ran: Duration,
    ) -> impl Future<Output = Result<Reckoned, StoreError>> + Send {
        self.apart(move |database| database.reckon(clock, ran))
    }

    /// Adds up all rows; of a small store that was done when it was opened. Then those of format 1 are written anew.
    fn verify(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        let checked = self.apart(|database| {
            if database.is_big() {
                let began = Instant::now();
                database.check_rows()?;
                tracing::info!(took = ?began.elapsed(), "the store is whole");
            }
            Ok(())
        });
        async move {
            checked.await?;
            self.convert().await
        }
    }

    fn check_place(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.apart(Database::check_place)
    }

    fn failed(&self) -> impl Future<Output = StoreError> + Send + use<> {
        self.0.committer.failed()
    }

    /// It never shrinks: see an export and import for that.
    fn size_on_disk(&self) -> impl Future<Output = Result<u64, StoreError>> + Send {
        self.apart(|database| database.sled(sled::Db::size_on_disk))
    }
}

/// The record that lies under a key, or to which what lies there leads.
fn found(
    key: &[u8],
    get: impl Fn(&[u8]) -> Result<Option<sled::IVec>, StoreError>,
) -> Result<Option<Record>, StoreError> {
    let Some(value) = get(key)? else {
        return Ok(None);
    };
    let Some(first) = index::linked(key, &value) else {
        return decoded(key, &value).map(Some);
    };
    let record = get(&first)?.map(|value| decoded(&first, &value));
    let leads_back = |record: &Record| record.other_key().is_some_and(|other| other == key);
    Ok(record.transpose()?.filter(leads_back))
}

fn decoded(key: &[u8], value: &[u8]) -> Result<Record, StoreError> {
    tables::decode(key, value).map_err(|e| unreadable(key, &e))
}

fn unreadable(key: &[u8], error: &dyn fmt::Display) -> StoreError {
    let key = key.escape_ascii();
    StoreError::Broken(format!("the row {key} cannot be read: {error}"))
}
