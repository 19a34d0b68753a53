//! What lies in the store of one user: who there is, how much, and that it is forgotten.

use super::staged::Staged;
use super::{Database, decoded};
use crate::core::limits::SHARED_LOOKED_FOR_AT_ONCE;
use crate::core::traces::{Gone, RowCounts};
use crate::store::StoreError;
use crate::store::tables::{self, Record, RowPlace, Table};
use crate::store::users::{self, OF_USERS};
use jid::BareJid;
use std::ops::Range;
use std::sync::PoisonError;

/// Keys that are counted in one go.
const COUNTED_AT_ONCE: usize = 10_000;

impl Database {
    pub(super) fn users(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> Result<Vec<BareJid>, StoreError> {
        users::listed(after, limit, |range| self.first_key(range))
    }

    /// Up to `limit` rows of a user, in the order in which they are exported.
    pub(super) fn records_of(
        &self,
        user: &BareJid,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> Result<Vec<(RowPlace, Record)>, StoreError> {
        let after = (after.map(RowPlace::key), limit);
        users::page(user, after, |range, limit| {
            let rows: Vec<(sled::IVec, sled::IVec)> =
                self.read(|| self.sled(|db| db.range::<Vec<u8>, _>(range).take(limit).collect()))?;
            let records = rows.iter().map(|(key, value)| {
                let record = decoded(key, value)?;
                Ok((RowPlace::of_key(key), record))
            });
            records.collect()
        })
    }

    fn first_key(&self, range: Range<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError> {
        let first = self.sled(|db| db.range(range).keys().next().transpose())?;
        Ok(first.map(|key| key.to_vec()))
    }

    pub(super) fn rows_of(&self, user: &BareJid) -> Result<RowCounts, StoreError> {
        let mut rows = RowCounts::default();
        for table in OF_USERS {
            let mut range = users::range_of(table, user);
            loop {
                let next = range.clone();
                let keys: Vec<sled::IVec> = self.read(|| {
                    self.sled(|db| db.range(next).keys().take(COUNTED_AT_ONCE).collect())
                })?;
                match table {
                    Table::Pair => self.count_made(&mut rows, &keys)?,
                    _ => users::count(&mut rows, table, keys.len()),
                }
                if table == Table::Contact {
                    self.count_pairs_of(&mut rows, &keys)?;
                }
                match keys.last() {
                    Some(last) if keys.len() == COUNTED_AT_ONCE => {
                        range.start = [last.as_ref(), &[0]].concat();
                    }
                    _ => break,
                }
            }
        }
        Ok(rows)
    }

    fn count_made(&self, rows: &mut RowCounts, keys: &[sled::IVec]) -> Result<(), StoreError> {
        for key in keys {
            let is_made = users::is_made(self.record(key)?.as_ref());
            users::count(rows, Table::Pair, usize::from(is_made));
        }
        Ok(())
    }

    /// Pairs of contacts, whether or not others have these as well.
    fn count_pairs_of(&self, rows: &mut RowCounts, keys: &[sled::IVec]) -> Result<(), StoreError> {
        for key in keys {
            let made = self.made_pair_of(key)?;
            users::count(rows, Table::Pair, usize::from(made.is_some()));
        }
        Ok(())
    }

    /// The key of the pair that the gateway has made of the contact whose row has this key.
    fn made_pair_of(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let holder = self.holder(&users::holder_of_contact(key))?;
        let record = holder.map(Record::Pair);
        let is_made = users::is_made(record.as_ref());
        Ok(record.filter(|_| is_made).map(|record| record.key()))
    }

    pub(super) fn forget_some_of(&self, user: &BareJid, limit: usize) -> Result<Gone, StoreError> {
        self.committer.check()?;
        let mut order = self.order.write().unwrap_or_else(PoisonError::into_inner);
        let mut batch = Staged::on(self);
        let mut gone = Gone::default();
        let mut left = limit;
        for table in OF_USERS {
            let range = users::range_of(table, user);
            let rows = self.rows_in(range, users::at_once(table, left))?;
            left = left.saturating_sub(rows.len());
            match table {
                Table::Contact => self.forget_contacts(&mut batch, user, rows, &mut gone)?,
                Table::Pair => {
                    for (key, value) in rows {
                        if users::is_made(Some(&decoded(&key, &value)?)) {
                            batch.apply(tables::TableChange::Remove(key.to_vec()))?;
                            users::count(&mut gone.rows, table, 1);
                        }
                    }
                }
                _ => {
                    users::count(&mut gone.rows, table, rows.len());
                    for (key, value) in rows {
                        batch.forget(&key, &value)?;
                    }
                }
            }
            if table == Table::Message {
                // Those to which nothing else leads any more; others are gone with the first copy.
                let copies = self.rows_in(users::copies(user), left)?;
                left = left.saturating_sub(copies.len());
                for (key, value) in copies {
                    batch.forget(&key, &value)?;
                }
            }
        }
        gone.is_all = batch.changed.is_empty();
        if !gone.is_all {
            batch.finish(&mut order)?;
        }
        Ok(gone)
    }

    fn rows_in(
        &self,
        range: Range<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<(sled::IVec, sled::IVec)>, StoreError> {
        self.sled(|db| db.range(range).take(limit).collect())
    }

    /// With each contact the pair that the gateway has made of it, where no other user has that contact. So many are looked for
    /// at once; the contacts behind them are left for the next step.
    fn forget_contacts(
        &self,
        batch: &mut Staged<'_>,
        user: &BareJid,
        rows: Vec<(sled::IVec, sled::IVec)>,
        gone: &mut Gone,
    ) -> Result<(), StoreError> {
        let mut made = Vec::new();
        for (key, value) in rows {
            if self.made_pair_of(&key)?.is_some() {
                if made.len() == SHARED_LOOKED_FOR_AT_ONCE {
                    break;
                }
                made.push(key.to_vec());
            }
            if let Ok(Record::Contact(row)) = tables::decode(&key, &value) {
                let mail = tables::address_of_row(&key, row.mail);
                gone.contacts.push((mail, row.contact));
            }
            batch.forget(&key, &value)?;
            users::count(&mut gone.rows, Table::Contact, 1);
        }
        let first_key = |range| self.first_key(range);
        let is_there = |key: &[u8]| self.raw(key).map(|row| row.is_some());
        for key in users::unshared(user, made, first_key, is_there)? {
            if let Some(pair) = self.made_pair_of(&key)? {
                batch.apply(tables::TableChange::Remove(pair))?;
                users::count(&mut gone.rows, Table::Pair, 1);
            }
        }
        Ok(())
    }
}
