//! Rows of format 1 are written anew, as format 2 has them, while the gateway runs: some at a time, and others work in between.
//! Where it is interrupted, the next process goes on; what was written anew is not written again.

use super::staged::Staged;
use super::{Database, SledStore};
use crate::store::StoreError;
use crate::store::codec;
use crate::store::tables::{self, Record, Table};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// Rows that are looked at in one go.
const CONVERTED_AT_ONCE: usize = 500;

impl SledStore {
    /// Ready when no row of format 1 is left.
    pub(super) async fn convert(&self) -> Result<(), StoreError> {
        let mut rows = 0_u64;
        while let Some(converted) = self.apart(Database::convert_some).await? {
            rows = rows.saturating_add(converted);
            self.0.committer.durable().await?;
        }
        if rows > 0 {
            tracing::info!(rows, "the rows of a former version are written anew");
        }
        Ok(())
    }
}

impl Database {
    /// How many of the next rows it has written anew; `None` where none are left to be looked at.
    fn convert_some(&self) -> Result<Option<u64>, StoreError> {
        self.committer.check()?;
        let mut order = self.order.write().unwrap_or_else(PoisonError::into_inner);
        let next = match self.raw(tables::CONVERT_KEY)? {
            Some(next) => next,
            None if self.is_old.load(Ordering::Acquire) => sled::IVec::default(),
            None => return Ok(None),
        };
        let rows: Vec<(sled::IVec, sled::IVec)> =
            self.sled(|db| db.range(next..).take(CONVERTED_AT_ONCE).collect())?;
        let mut batch = Staged::on(self);
        let mut converted = 0_u64;
        for (key, value) in &rows {
            let is_new = batch.convert(key, value)?;
            converted = converted.saturating_add(u64::from(is_new));
        }
        batch.finish(&mut order)?;
        // Not within the batch: what is looked at twice is the same.
        let noted = self.sled(|db| match rows.last() {
            Some((last, _)) => db.insert(tables::CONVERT_KEY, [last.as_ref(), &[0]].concat()),
            None => db.remove(tables::CONVERT_KEY),
        });
        noted.map_err(|error| self.committer.broken_by(error))?;
        Ok(Some(converted).filter(|_| !rows.is_empty()))
    }
}

impl Staged<'_> {
    /// Whether this row had to be written anew. What cannot be read is left as it is.
    fn convert(&mut self, key: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let is_record = |tag: &u8| {
            *tag == tables::BY_STANZA || Table::ALL.iter().any(|table| table.tag() == *tag)
        };
        let record = key
            .first()
            .filter(|tag| is_record(tag) && codec::is_old(value));
        let Some(Ok(record)) = record.map(|_| tables::decode(key, value)) else {
            return Ok(false);
        };
        match &record {
            Record::Message(copy) if key.first() == Some(&tables::BY_STANZA) => {
                let first = self.record(&tables::message_key(copy))?;
                let is_second = matches!(&first, Some(Record::Message(first))
                    if first.at == copy.at && tables::stanza_key(first) == key);
                if is_second {
                    return self.link(key, copy).map(|()| true);
                }
            }
            Record::Thread(_) => self.place(&record, key),
            _ => {}
        }
        self.put(key.to_vec(), &record)?;
        Ok(true)
    }
}
