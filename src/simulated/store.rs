//! A store whose commits take their time, and which a crash takes back to those that were done.

use super::network::dice;
use crate::core::context::{Need, Row, Write};
use crate::core::id::IdKey;
use crate::core::reckoning::Reckoned;
use crate::core::record::Cursor;
use crate::core::time::Timestamp;
use crate::core::traces::{Gone, RowCounts};
use crate::store::memory::Undo;
use crate::store::tables::{Record, RowPlace, Table};
use crate::store::{MemoryStore, Store, StoreError};
use jid::BareJid;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const ID_KEY: IdKey = [7; 32];
/// The longest time that a commit takes, in milliseconds: a slow disk now and then.
const COMMIT_MAX: u64 = 30;

/// What a crash leaves: all that was committed, without what is being committed at that moment. It is not made anew out of
/// every commit at each start, or a long life would do little else.
pub(super) struct Disk {
    seen: MemoryStore,
    /// Of the commit that is not done.
    undo: Mutex<Option<Undo>>,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            seen: MemoryStore::new(ID_KEY),
            undo: Mutex::default(),
        }
    }
}

pub(super) struct SimulatedStore(Arc<Disk>);

impl SimulatedStore {
    pub(super) fn open(disk: Arc<Disk>) -> Self {
        if let Some(undo) = disk.undo.lock().unwrap().take() {
            disk.seen.undo(undo);
        }
        Self(disk)
    }
}

impl Store for SimulatedStore {
    fn load(
        &self,
        needs: &[Need],
    ) -> impl Future<Output = Result<Vec<Option<Row>>, StoreError>> + Send {
        self.0.seen.load(needs)
    }

    fn commit(
        &self,
        _now: Timestamp,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let applied = self.0.seen.apply(writes).map(|undo| {
            let others = self.0.undo.lock().unwrap().replace(undo);
            assert!(others.is_none(), "one commit at a time can be taken back");
        });
        async move {
            applied?;
            tokio::time::sleep(Duration::from_millis(dice(COMMIT_MAX))).await;
            self.0.undo.lock().unwrap().take();
            Ok(())
        }
    }

    fn page(
        &self,
        table: Option<Table>,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RowPlace, Record)>, StoreError>> + Send {
        self.0.seen.page(table, after, limit)
    }

    fn cursor(
        &self,
        mailbox: &str,
    ) -> impl Future<Output = Result<Option<Cursor>, StoreError>> + Send {
        self.0.seen.cursor(mailbox)
    }

    fn id_key(&self) -> IdKey {
        ID_KEY
    }

    fn forget_older(
        &self,
        now: Timestamp,
        age: Duration,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        self.0.seen.forget_older(now, age)
    }

    fn users(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<BareJid>, StoreError>> + Send {
        self.0.seen.users(after, limit)
    }

    fn page_of(
        &self,
        user: &BareJid,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RowPlace, Record)>, StoreError>> + Send {
        self.0.seen.page_of(user, after, limit)
    }

    fn rows_of(
        &self,
        user: &BareJid,
    ) -> impl Future<Output = Result<RowCounts, StoreError>> + Send {
        self.0.seen.rows_of(user)
    }

    fn forget_some_of(
        &self,
        user: &BareJid,
        limit: usize,
    ) -> impl Future<Output = Result<Gone, StoreError>> + Send {
        self.0.seen.forget_some_of(user, limit)
    }

    fn reckon(
        &self,
        clock: Timestamp,
        ran: Duration,
    ) -> impl Future<Output = Result<Reckoned, StoreError>> + Send {
        self.0.seen.reckon(clock, ran)
    }

    fn verify(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.0.seen.verify()
    }

    fn check_place(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.0.seen.check_place()
    }

    fn failed(&self) -> impl Future<Output = StoreError> + Send + use<> {
        self.0.seen.failed()
    }

    fn size_on_disk(&self) -> impl Future<Output = Result<u64, StoreError>> + Send {
        self.0.seen.size_on_disk()
    }
}
