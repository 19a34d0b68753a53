//! A [`Store`] in memory, for tests, examples and simulated runs. It keeps nothing beyond its own life and is written
//! to be read: what a store does, without what makes it durable.

use crate::core::context::{Need, Row, Write};
use crate::core::id::IdKey;
use crate::core::limits::{CONTACTS_SCANNED_MAX, SHARED_LOOKED_FOR_AT_ONCE};
use crate::core::reckoning::Reckoned;
use crate::core::record::{Cursor, Pair};
use crate::core::time::Timestamp;
use crate::core::traces::{Gone, RowCounts};
use crate::store::tables::{self, Record, RowPlace, Table, TableChange};
use crate::store::users::{self, OF_USERS};
use crate::store::{Store, StoreError, replaces, saved_again};
use jid::BareJid;
use std::collections::BTreeMap;
use std::future::{Ready, pending, ready};
use std::ops::{Bound, Range};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A store in memory. A commit is done at once.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: Mutex<Map>,
    /// How far the time of forgetting has come.
    reached: Mutex<Option<Timestamp>>,
    id_key: IdKey,
}

/// Each record under its key; a pair lies under its address as well, and a message under its XMPP name.
#[derive(Debug, Default)]
struct Map(BTreeMap<Vec<u8>, Record>);

/// What lay under the keys that some writes have changed, in the order of the changes.
#[derive(Debug, Default)]
pub(crate) struct Undo(Vec<(Vec<u8>, Option<Record>)>);

impl MemoryStore {
    /// An empty store with this key for derived Message-IDs.
    pub fn new(id_key: IdKey) -> Self {
        Self {
            id_key,
            ..Self::default()
        }
    }

    fn rows(&self) -> MutexGuard<'_, Map> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes these changes, all or none; answers how they are taken back.
    pub(crate) fn apply(&self, writes: Vec<Write>) -> Result<Undo, StoreError> {
        let (mut rows, mut undo) = (self.rows(), Undo::default());
        for write in writes {
            if let Err(error) = rows.apply(write.into(), &mut undo) {
                rows.take_back(undo);
                return Err(error);
            }
        }
        Ok(undo)
    }

    /// Makes the rows what they were; nothing else may have been written to them since. What a power cut does in a simulated
    /// world.
    #[cfg(test)]
    pub(crate) fn undo(&self, undo: Undo) {
        self.rows().take_back(undo);
    }
}

impl Store for MemoryStore {
    fn load(
        &self,
        needs: &[Need],
    ) -> impl Future<Output = Result<Vec<Option<Row>>, StoreError>> + Send {
        let rows = self.rows();
        ready(Ok(needs.iter().map(|need| rows.row(need)).collect()))
    }

    fn commit(
        &self,
        _now: Timestamp,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let done: Ready<_> = ready(self.apply(writes).map(drop));
        done
    }

    fn page(
        &self,
        table: Option<Table>,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RowPlace, Record)>, StoreError>> + Send {
        let rows = self.rows();
        let start = after.map_or(Bound::Unbounded, |place| {
            Bound::Excluded(place.key().to_vec())
        });
        let page = rows.0.range((start, Bound::Unbounded)).filter(|(key, _)| {
            let is_of = |table: &Table| key.first() == Some(&table.tag());
            table.as_ref().map_or(Table::ALL.iter().any(is_of), is_of)
        });
        let page = page.map(|(key, record)| (RowPlace::of_key(key), record.clone()));
        ready(Ok(page.take(limit).collect()))
    }

    fn cursor(
        &self,
        mailbox: &str,
    ) -> impl Future<Output = Result<Option<Cursor>, StoreError>> + Send {
        ready(Ok(match self.rows().0.get(&tables::cursor_key(mailbox)) {
            Some(Record::Cursor(row)) => Some(row.cursor),
            _ => None,
        }))
    }

    fn id_key(&self) -> IdKey {
        self.id_key
    }

    fn forget_older(
        &self,
        now: Timestamp,
        age: Duration,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let is_old = |record: &Record| record.time().is_some_and(|at| now.since(at) > age);
        let mut count = 0_u64;
        self.rows().0.retain(|key, record| {
            let is_old = is_old(record);
            // A second copy is not another row.
            let counts = is_old && key.first() == Some(&record.table().tag());
            count = count.saturating_add(u64::from(counts));
            !is_old
        });
        ready(Ok(count))
    }

    fn users(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<BareJid>, StoreError>> + Send {
        let rows = self.rows();
        ready(users::listed(after, limit, |range| {
            Ok(rows.first_key(range))
        }))
    }

    fn page_of(
        &self,
        user: &BareJid,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RowPlace, Record)>, StoreError>> + Send {
        let rows = self.rows();
        let after = (after.map(RowPlace::key), limit);
        ready(users::page(user, after, |range, limit| {
            let rows = rows.0.range(range).take(limit);
            let rows = rows.map(|(key, record)| (RowPlace::of_key(key), record.clone()));
            Ok(rows.collect())
        }))
    }

    fn rows_of(
        &self,
        user: &BareJid,
    ) -> impl Future<Output = Result<RowCounts, StoreError>> + Send {
        ready(Ok(self.rows().count(user)))
    }

    fn forget_some_of(
        &self,
        user: &BareJid,
        limit: usize,
    ) -> impl Future<Output = Result<Gone, StoreError>> + Send {
        ready(self.rows().forget_some_of(user, limit))
    }

    fn reckon(
        &self,
        clock: Timestamp,
        ran: Duration,
    ) -> impl Future<Output = Result<Reckoned, StoreError>> + Send {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let reckoned = Reckoned::of(*reached, clock, ran);
        *reached = Some(reckoned.reached);
        ready(Ok(reckoned))
    }

    fn verify(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(Ok(()))
    }

    fn check_place(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(Ok(()))
    }

    fn failed(&self) -> impl Future<Output = StoreError> + Send + use<> {
        pending()
    }

    fn size_on_disk(&self) -> impl Future<Output = Result<u64, StoreError>> + Send {
        ready(Ok(0))
    }
}

impl Map {
    fn row(&self, need: &Need) -> Option<Row> {
        let key = tables::need_key(need);
        if let Need::ContactsOf(_) = need {
            let rows = self.0.range(key.clone()..);
            let own = rows.take_while(|(name, _)| name.starts_with(&key));
            let own = own.filter_map(|(_, record)| match record {
                Record::Contact(row) => Some((row.mail.clone(), row.contact.clone())),
                _ => None,
            });
            let limit = CONTACTS_SCANNED_MAX.saturating_add(1);
            return Some(Row::Contacts(own.take(limit).collect()));
        }
        tables::row_of(self.0.get(&key)?.clone())
    }

    fn apply(&mut self, change: TableChange, undo: &mut Undo) -> Result<(), StoreError> {
        match change {
            TableChange::Save(Record::Pair(pair)) => {
                let pair = self.free(pair)?;
                self.save(Record::Pair(pair), undo);
            }
            TableChange::Save(Record::Peer(peer)) => {
                let old = match self.0.get(&tables::peer_key(&peer.who)) {
                    Some(Record::Peer(old)) => Some(old),
                    _ => None,
                };
                if replaces(old, &peer) {
                    self.save(Record::Peer(peer), undo);
                }
            }
            TableChange::Save(record) => self.save(record, undo),
            TableChange::Remove(key) => {
                if let Some(other) = self.0.get(&key).and_then(Record::other_key) {
                    self.set(other, None, undo);
                }
                self.set(key, None, undo);
            }
        }
        Ok(())
    }

    fn first_key(&self, range: Range<Vec<u8>>) -> Option<Vec<u8>> {
        self.0.range(range).next().map(|(key, _)| key.clone())
    }

    fn keys(&self, range: Range<Vec<u8>>, limit: usize) -> Vec<Vec<u8>> {
        let keys = self.0.range(range).map(|(key, _)| key.clone());
        keys.take(limit).collect()
    }

    /// The key of the pair that the gateway has made of the contact whose row has this key.
    fn made_pair_of(&self, key: &[u8]) -> Option<Vec<u8>> {
        let record = self.0.get(&users::holder_of_contact(key));
        record.filter(|_| users::is_made(record)).map(Record::key)
    }

    fn count(&self, user: &BareJid) -> RowCounts {
        let mut rows = RowCounts::default();
        for table in OF_USERS {
            let keys = self.keys(users::range_of(table, user), usize::MAX);
            let is_made = |key: &&Vec<u8>| users::is_made(self.0.get(*key));
            match table {
                Table::Pair => users::count(&mut rows, table, keys.iter().filter(is_made).count()),
                _ => users::count(&mut rows, table, keys.len()),
            }
            if table == Table::Contact {
                let made = keys.iter().filter_map(|key| self.made_pair_of(key));
                users::count(&mut rows, Table::Pair, made.count());
            }
        }
        rows
    }

    fn forget_some_of(&mut self, user: &BareJid, limit: usize) -> Result<Gone, StoreError> {
        let (mut gone, mut left) = (Gone::default(), limit);
        let mut removed = Vec::new();
        for table in OF_USERS {
            let limit = users::at_once(table, left);
            let mut keys = self.keys(users::range_of(table, user), limit);
            left = left.saturating_sub(keys.len());
            match table {
                Table::Pair => keys.retain(|key| users::is_made(self.0.get(key))),
                Table::Contact => removed.extend(self.contacts_to_go(user, &mut keys, &mut gone)?),
                _ => {}
            }
            users::count(&mut gone.rows, table, keys.len());
            removed.extend(keys);
            if table == Table::Message {
                let copies = self.keys(users::copies(user), left);
                left = left.saturating_sub(copies.len());
                removed.extend(copies);
            }
        }
        gone.is_all = removed.is_empty();
        for key in removed {
            if let Some(other) = self.0.remove(&key).as_ref().and_then(Record::other_key) {
                self.remove_copy(&key, &other);
            }
        }
        Ok(gone)
    }

    /// What else leads to a row that was removed, unless it leads to another one by now.
    fn remove_copy(&mut self, key: &[u8], other: &[u8]) {
        if self.0.get(other).is_some_and(|record| record.key() == key) {
            self.0.remove(other);
        }
    }

    /// Of these contacts those that are forgotten in one step, and the keys of pairs that go with them.
    fn contacts_to_go(
        &self,
        user: &BareJid,
        keys: &mut Vec<Vec<u8>>,
        gone: &mut Gone,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut made: Vec<Vec<u8>> = Vec::new();
        let mut last = keys.len();
        for (number, key) in keys.iter().enumerate() {
            if self.made_pair_of(key).is_some() {
                if made.len() == SHARED_LOOKED_FOR_AT_ONCE {
                    last = number;
                    break;
                }
                made.push(key.clone());
            }
            if let Some(Record::Contact(row)) = self.0.get(key) {
                gone.contacts.push((row.mail.clone(), row.contact.clone()));
            }
        }
        keys.truncate(last);
        let first_key = |range| Ok(self.first_key(range));
        let is_there = |key: &[u8]| Ok(self.0.contains_key(key));
        let unshared = users::unshared(user, made, first_key, is_there)?;
        let pairs: Vec<_> = unshared
            .iter()
            .filter_map(|key| self.made_pair_of(key))
            .collect();
        users::count(&mut gone.rows, Table::Pair, pairs.len());
        Ok(pairs)
    }

    /// The pair as it is to be saved, if neither side is another one's.
    fn free(&self, pair: Pair) -> Result<Pair, StoreError> {
        let of = |key: Vec<u8>| match self.0.get(&key) {
            Some(Record::Pair(pair)) => Some(pair),
            _ => None,
        };
        let old = of(tables::pair_key(&pair.jid));
        let holder = of(tables::holder_key(&pair.mail));
        for held in old.into_iter().chain(holder) {
            if held.jid != pair.jid || held.mail != pair.mail {
                return Err(StoreError::held(&pair, held));
            }
        }
        Ok(match old {
            Some(old) => saved_again(old, pair),
            None => pair,
        })
    }

    fn save(&mut self, record: Record, undo: &mut Undo) {
        if let Some(other) = record.other_key() {
            self.set(other, Some(record.clone()), undo);
        }
        self.set(record.key(), Some(record), undo);
    }

    fn set(&mut self, key: Vec<u8>, record: Option<Record>, undo: &mut Undo) {
        let before = match record {
            Some(record) => self.0.insert(key.clone(), record),
            None => self.0.remove(&key),
        };
        undo.0.push((key, before));
    }

    fn take_back(&mut self, undo: Undo) {
        for (key, before) in undo.0.into_iter().rev() {
            match before {
                Some(record) => self.0.insert(key, record),
                None => self.0.remove(&key),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{
        self, contact, mail, message, pair, rows_of_each_table, user, who,
    };

    #[tokio::test]
    async fn memory_is_a_store() {
        conformance::run(|| MemoryStore::new([7; 32])).await;
    }

    #[test]
    fn what_is_undone_was_never_made() {
        let store = MemoryStore::default();
        let shown = || format!("{:?}", store.rows());
        let removals = vec![
            Write::RemovePair(user("alice@a.example")),
            Write::Pair(pair("dora@a.example", "a@c.example")),
            Write::RemoveContact(user("alice@a.example"), mail("carol@mail.example")),
            Write::RemovePeer(who("chat.b.example")),
        ];
        let (alice, carol) = (user("alice@a.example"), mail("carol@mail.example"));
        let changes = vec![
            Write::Contact(alice, carol, contact(9)),
            Write::Message(message("x@y", "1", 9)),
            Write::Message(message("x@y", "2", 10)),
        ];
        for writes in [rows_of_each_table(), removals, changes] {
            let before = shown();
            let undo = store.apply(writes.clone()).unwrap();
            let after = shown();
            assert_ne!(before, after);
            store.undo(undo);
            assert_eq!(before, shown());
            store.apply(writes).unwrap();
            assert_eq!(after, shown());
        }
    }
}
