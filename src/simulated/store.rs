//! A store whose commits take their time, and which a crash takes back to those that were done.

use super::network::dice;
use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::{Need, Row, Write};
use crate::core::id::IdKey;
use crate::core::record::{Announced, Contact, Cursor, Pair, Peer};
use crate::core::time::Timestamp;
use crate::store::memory::undo::Undo;
use crate::store::transfer::{Place, Record};
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
        now: Timestamp,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let undo = self.0.seen.undo_of(&writes);
        let others = self.0.undo.lock().unwrap().replace(undo);
        assert!(others.is_none(), "one commit at a time can be taken back");
        let seen = self.0.seen.commit(now, writes);
        async move {
            let seen = seen.await;
            if seen.is_ok() {
                tokio::time::sleep(Duration::from_millis(dice(COMMIT_MAX))).await;
            }
            self.0.undo.lock().unwrap().take();
            seen
        }
    }

    fn pairs(&self, after: Option<&BareJid>, limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.0.seen.pairs(after, limit)
    }

    fn contacts(
        &self,
        after: Option<(&BareJid, &MailAddress)>,
        limit: usize,
    ) -> Result<Vec<(BareJid, MailAddress, Contact)>, StoreError> {
        self.0.seen.contacts(after, limit)
    }

    fn peers(&self, after: Option<&AddressPattern>, limit: usize) -> Result<Vec<Peer>, StoreError> {
        self.0.seen.peers(after, limit)
    }

    fn announced(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> Result<Vec<(BareJid, Announced)>, StoreError> {
        self.0.seen.announced(after, limit)
    }

    fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, StoreError> {
        self.0.seen.cursor(mailbox)
    }

    fn rows(
        &self,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Record)>, StoreError> {
        self.0.seen.rows(after, limit)
    }

    fn id_key(&self) -> IdKey {
        ID_KEY
    }

    fn forget_older(&self, now: Timestamp, age: Duration) -> Result<u64, StoreError> {
        self.0.seen.forget_older(now, age)
    }
}
