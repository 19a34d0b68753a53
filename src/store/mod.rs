//! Durable state: the [`Store`] trait, its implementations and the conformance suite that both must pass. What waits to
//! be sent lies beside it in the [`spool`], one file a mail, so that the queue needs no database.

mod anchor;
mod broken;
pub mod codec;
mod committer;
#[cfg(test)]
pub(crate) mod conformance;
mod digest;
pub mod memory;
mod opening;
pub mod quarantine;
pub mod repair;
pub mod signing_key;
pub mod sled;
pub mod spool;
pub mod transfer;

pub use memory::MemoryStore;
pub use sled::SledStore;

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::{Need, Row, Write};
use crate::core::id::IdKey;
use crate::core::record::{Announced, Contact, Cursor, Pair, PairOrigin, Peer, PeerOrigin};
use crate::core::time::Timestamp;
use crate::store::transfer::{Place, Record};
use jid::BareJid;
use std::future::Future;
use std::time::Duration;

/// Durable state. Reads see every write whose [`Store::commit`] has been called; a commit is *done* only when its
/// effects survive a power cut.
pub trait Store: Send + Sync + 'static {
    /// The rows of these names, in the same order; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be read.
    fn load(
        &self,
        needs: &[Need],
    ) -> impl Future<Output = Result<Vec<Option<Row>>, StoreError>> + Send;

    /// Makes these changes in their order, all or none. They are seen by [`Store::load`] as soon as this function has
    /// returned its future; the future is ready when they survive a power cut. `now` is when they were decided.
    ///
    /// A pair that is there already is saved again as [`saved_again`] says; a peer only where [`replaces`] says so.
    ///
    /// # Errors
    /// [`StoreError::Held`] where a pair's JID or address belongs to another pair: then nothing was changed.
    /// [`StoreError::Broken`] where the disk refused: then nothing may be acknowledged.
    fn commit(
        &self,
        now: Timestamp,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Up to `limit` pairs in the order of their JIDs, from the first one after `after`.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be read.
    fn pairs(&self, after: Option<&BareJid>, limit: usize) -> Result<Vec<Pair>, StoreError>;

    /// Up to `limit` contacts of all local users, from the first one after `after`, in a fixed order.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be read.
    fn contacts(
        &self,
        after: Option<(&BareJid, &MailAddress)>,
        limit: usize,
    ) -> Result<Vec<(BareJid, MailAddress, Contact)>, StoreError>;

    /// Up to `limit` formats from the first one after `after`, in a fixed order.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be read.
    fn peers(&self, after: Option<&AddressPattern>, limit: usize) -> Result<Vec<Peer>, StoreError>;

    /// Up to `limit` local users, with what was told of their presence, in the order of their JIDs, from the first one
    /// after `after`.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be read.
    fn announced(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> Result<Vec<(BareJid, Announced)>, StoreError>;

    /// Up to where a mailbox was read.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be read.
    fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, StoreError>;

    /// Up to `limit` rows of all tables from the first one after `after`, in a fixed order: an export.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be read.
    fn rows(&self, after: Option<&Place>, limit: usize)
    -> Result<Vec<(Place, Record)>, StoreError>;

    /// The key of derived Message-IDs, made at random when the store was made.
    fn id_key(&self) -> IdKey;

    /// Forgets messages, threads and handled mails that are older than `age`; answers how many went. What was forgotten
    /// may be there again after a power cut. Blocks until all are gone: not for a task.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be changed.
    fn forget_older(&self, now: Timestamp, age: Duration) -> Result<u64, StoreError>;
}

/// What is kept of a pair that is there when it is saved again: a name that the new one lacks, when it was first saved,
/// and that the admin wrote it down.
pub fn saved_again(old: &Pair, new: Pair) -> Pair {
    Pair {
        name: new.name.or_else(|| old.name.clone()),
        origin: match old.origin {
            PairOrigin::Admin => PairOrigin::Admin,
            PairOrigin::Verified => new.origin,
        },
        saved: old.saved,
        ..new
    }
}

/// Whether a peer is saved where `old` is: what was learned in the moment in which the admin said something else is too
/// late.
pub fn replaces(old: Option<&Peer>, new: &Peer) -> bool {
    new.origin == PeerOrigin::Admin || old.is_none_or(|old| old.origin == PeerOrigin::Learned)
}

/// What went wrong with the store, and who can mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A pair's JID or address belongs to another pair.
    #[error(
        "{wanted} cannot be saved: {held} holds that JID or address; remove it first with `stanzamail map remove {held_jid}`"
    )]
    Held {
        /// The pair that was to be saved.
        wanted: String,
        /// The pair that is there.
        held: String,
        /// Its JID.
        held_jid: String,
    },
    /// Its files are damaged.
    #[error(
        "the store {path} is damaged and cannot be used ({cause}); nothing of it was removed. `stanzamail check --repair` \
         sets it aside and makes a new one of all that is left; with the last export: `stanzamail check --repair --from FILE`"
    )]
    Damaged {
        /// Where.
        path: String,
        /// What was found.
        cause: String,
    },
    /// Another process has the store open.
    #[error("the store {0} is in use by another process; is a gateway running already?")]
    InUse(String),
    /// The store was written by a newer version.
    #[error(
        "the store {path} has format {found}, this program knows formats up to {known}; use a newer stanzamail"
    )]
    Newer {
        /// Where.
        path: String,
        /// Its format.
        found: u32,
        /// The newest format that this program knows.
        known: u32,
    },
    /// The disk or the store's files fail.
    #[error("the store failed: {0}")]
    Broken(String),
}

impl StoreError {
    /// `held` holds a side of `wanted`.
    pub fn held(wanted: &Pair, held: &Pair) -> Self {
        let shown = |pair: &Pair| format!("{} = {}", pair.jid, pair.mail);
        Self::Held {
            wanted: shown(wanted),
            held: shown(held),
            held_jid: held.jid.to_string(),
        }
    }
}
