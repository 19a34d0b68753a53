//! A store whose commits take their time, and which a crash takes back to those that were done.

use super::network::dice;
use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::{Need, Row, Write};
use crate::core::id::IdKey;
use crate::core::record::{Announced, Contact, Cursor, Pair, Peer};
use crate::core::time::Timestamp;
use crate::store::transfer::{Place, Record};
use crate::store::{MemoryStore, Store, StoreError};
use jid::BareJid;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const ID_KEY: IdKey = [7; 32];
/// The longest time that a commit takes, in milliseconds: a slow disk now and then.
const COMMIT_MAX: u64 = 30;

/// What a crash leaves: the commits that were done.
pub(super) type Log = Arc<Mutex<Vec<(Timestamp, Vec<Write>)>>>;

pub(super) struct SimulatedStore {
    seen: MemoryStore,
    done: Log,
}

impl SimulatedStore {
    pub(super) async fn open(done: Log) -> Self {
        let seen = MemoryStore::new(ID_KEY);
        let commits = done.lock().unwrap().clone();
        for (now, writes) in commits {
            seen.commit(now, writes).await.unwrap();
        }
        Self { seen, done }
    }
}

impl Store for SimulatedStore {
    fn load(
        &self,
        needs: &[Need],
    ) -> impl Future<Output = Result<Vec<Option<Row>>, StoreError>> + Send {
        self.seen.load(needs)
    }

    fn commit(
        &self,
        now: Timestamp,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let seen = self.seen.commit(now, writes.clone());
        async move {
            seen.await?;
            tokio::time::sleep(Duration::from_millis(dice(COMMIT_MAX))).await;
            self.done.lock().unwrap().push((now, writes));
            Ok(())
        }
    }

    fn pairs(&self, after: Option<&BareJid>, limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.seen.pairs(after, limit)
    }

    fn contacts(
        &self,
        after: Option<(&BareJid, &MailAddress)>,
        limit: usize,
    ) -> Result<Vec<(BareJid, MailAddress, Contact)>, StoreError> {
        self.seen.contacts(after, limit)
    }

    fn peers(&self, after: Option<&AddressPattern>, limit: usize) -> Result<Vec<Peer>, StoreError> {
        self.seen.peers(after, limit)
    }

    fn announced(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> Result<Vec<(BareJid, Announced)>, StoreError> {
        self.seen.announced(after, limit)
    }

    fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, StoreError> {
        self.seen.cursor(mailbox)
    }

    fn rows(
        &self,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<(Place, Record)>, StoreError> {
        self.seen.rows(after, limit)
    }

    fn id_key(&self) -> IdKey {
        ID_KEY
    }

    fn forget_older(&self, now: Timestamp, age: Duration) -> Result<u64, StoreError> {
        self.seen.forget_older(now, age)
    }
}
