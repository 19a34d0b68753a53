//! Durable state: the [`Store`] trait, its implementations and the conformance suite that both must pass. [`tables`] says once
//! what is kept; [`open`] is the one way to a store that outlives the process. What waits to be sent lies beside it in the
//! [`spool`], so that the queue needs no database.

mod anchor;
mod broken;
mod codec;
mod committer;
mod compact;
#[cfg(test)]
pub(crate) mod conformance;
mod digest;
mod garbage;
mod handles;
pub mod in_hand;
mod index;
mod lock;
pub mod memory;
mod opening;
pub mod originals;
pub mod quarantine;
pub mod repair;
pub mod signing_key;
mod sled;
pub mod spool;
pub mod tables;
pub mod transfer;
mod users;

pub use memory::MemoryStore;

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::{Need, Row, Write};
use crate::core::id::IdKey;
use crate::core::reckoning::Reckoned;
use crate::core::record::{Announced, Contact, Cursor, Pair, PairOrigin, Peer, PeerOrigin};
use crate::core::time::Timestamp;
use crate::core::traces::{Gone, RowCounts};
use crate::store::tables::{Record, RowPlace, Table};
use jid::BareJid;
use rustix::io::Errno;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

/// Opens the store in this folder, or makes it. Blocks for as long as its log takes to be read.
///
/// # Errors
/// [`StoreError::InUse`], [`StoreError::Newer`], [`StoreError::Damaged`]; [`StoreError::Broken`] where the folder
/// cannot be made, read or written.
pub fn open(path: &Path) -> Result<impl Store + std::fmt::Debug + use<>, StoreError> {
    sled::SledStore::open(path)
}

/// Looks whether the store in this folder can be opened, and all rows are those that were written. Blocks.
///
/// # Errors
/// As [`open`].
pub fn check(path: &Path) -> Result<(), StoreError> {
    sled::SledStore::check(path)
}

/// Durable state. Reads see every write whose [`Store::commit`] has been called; a commit is *done* only when its
/// effects survive a power cut.
///
/// What may take longer than some microseconds is done on another thread where the store lies on a disk: within a tokio runtime.
pub trait Store: Send + Sync + 'static {
    /// The rows of these names, in the same order; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be read; so for all that follow.
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

    /// Up to `limit` rows from the first one after `after`, in a fixed order, of one table, or of all: an export.
    #[allow(clippy::missing_errors_doc)]
    fn page(
        &self,
        table: Option<Table>,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RowPlace, Record)>, StoreError>> + Send;

    /// Up to where a mailbox was read.
    #[allow(clippy::missing_errors_doc)]
    fn cursor(
        &self,
        mailbox: &str,
    ) -> impl Future<Output = Result<Option<Cursor>, StoreError>> + Send;

    /// The key of derived Message-IDs, made at random when the store was made.
    fn id_key(&self) -> IdKey;

    /// Forgets messages, threads and handled mails that are older than `age`; answers how many went. What was forgotten
    /// may be there again after a power cut. Ready when all are gone.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be changed.
    fn forget_older(
        &self,
        now: Timestamp,
        age: Duration,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Up to `limit` users of whom there is a row, from the first one after `after`, in the order of their JIDs. A pair counts as its
    /// JID's, which may be a contact's. Nothing but the names is read.
    #[allow(clippy::missing_errors_doc)]
    fn users(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<BareJid>, StoreError>> + Send;

    /// Up to `limit` rows of a user from the first one after `after`: an export of one. What the user has chosen comes first, and what
    /// there is most of last. Nothing of anybody else is read.
    #[allow(clippy::missing_errors_doc)]
    fn page_of(
        &self,
        user: &BareJid,
        after: Option<&RowPlace>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RowPlace, Record)>, StoreError>> + Send;

    /// How many rows there are of a user. Pairs are those that the gateway has made of the user's contacts.
    #[allow(clippy::missing_errors_doc)]
    fn rows_of(&self, user: &BareJid)
    -> impl Future<Output = Result<RowCounts, StoreError>> + Send;

    /// Forgets up to `limit` rows of a user, and with a contact that nobody else has the pair that the gateway has made of it;
    /// pairs of the admin stay. Ready when that survives a power cut; to be repeated until nothing is left, also after a
    /// crash in between.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot be changed.
    fn forget_some_of(
        &self,
        user: &BareJid,
        limit: usize,
    ) -> impl Future<Output = Result<Gone, StoreError>> + Send;

    /// By which time is to be forgotten what is old: see [`crate::core::reckoning`]. `ran` is the time since it was asked last.
    ///
    /// # Errors
    /// [`StoreError::Broken`]: it cannot be noted, and so nothing is to be forgotten.
    fn reckon(
        &self,
        clock: Timestamp,
        ran: Duration,
    ) -> impl Future<Output = Result<Reckoned, StoreError>> + Send;

    /// Looks through all rows whether they are those that were written, unless [`open`] has done so. Others may work meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Damaged`]: they are not; nothing is acknowledged any more.
    fn verify(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Looks whether the store still lies where it was opened; if not, it is broken from now on.
    ///
    /// # Errors
    /// [`StoreError::Moved`].
    fn check_place(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ready when what lies below the store has failed: nothing may be acknowledged any more.
    fn failed(&self) -> impl Future<Output = StoreError> + Send + use<Self>;

    /// What the store takes on the disk, in octets.
    #[allow(clippy::missing_errors_doc)]
    fn size_on_disk(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Up to `limit` pairs in the order of their JIDs, from the first one after `after`.
    #[allow(clippy::missing_errors_doc)]
    fn pairs(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Pair>, StoreError>> + Send {
        let after = after.map(RowPlace::of_pair);
        async move {
            let rows = self.page(Some(Table::Pair), after.as_ref(), limit).await?;
            let pairs = rows.into_iter().filter_map(|(_, record)| match record {
                Record::Pair(pair) => Some(pair),
                _ => None,
            });
            Ok(pairs.collect())
        }
    }

    /// Up to `limit` contacts of all local users, from the first one after `after`, in a fixed order.
    #[allow(clippy::missing_errors_doc)]
    fn contacts(
        &self,
        after: Option<(&BareJid, &MailAddress)>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(BareJid, MailAddress, Contact)>, StoreError>> + Send {
        let after = after.map(|(user, mail)| RowPlace::of_contact(user, mail));
        async move {
            let page = self.page(Some(Table::Contact), after.as_ref(), limit);
            let contacts = page.await?.into_iter().filter_map(|row| match row {
                (place, Record::Contact(row)) => {
                    Some((row.user, place.address(row.mail), row.contact))
                }
                _ => None,
            });
            Ok(contacts.collect())
        }
    }

    /// Up to `limit` formats from the first one after `after`, in a fixed order.
    #[allow(clippy::missing_errors_doc)]
    fn peers(
        &self,
        after: Option<&AddressPattern>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Peer>, StoreError>> + Send {
        let after = after.map(RowPlace::of_peer);
        async move {
            let rows = self.page(Some(Table::Peer), after.as_ref(), limit).await?;
            let peers = rows.into_iter().filter_map(|row| match row {
                (place, Record::Peer(mut peer)) => {
                    if let AddressPattern::Address(held) = peer.who {
                        peer.who = AddressPattern::Address(place.address(held));
                    }
                    Some(peer)
                }
                _ => None,
            });
            Ok(peers.collect())
        }
    }

    /// Up to `limit` local users, with what was told of their presence, in the order of their JIDs, from the first one
    /// after `after`.
    #[allow(clippy::missing_errors_doc)]
    fn announced(
        &self,
        after: Option<&BareJid>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(BareJid, Announced)>, StoreError>> + Send {
        let after = after.map(RowPlace::of_announced);
        async move {
            let page = self.page(Some(Table::Announced), after.as_ref(), limit);
            let users = page.await?.into_iter().filter_map(|row| match row {
                (_, Record::Announced(row)) => Some((row.user, row.announced)),
                _ => None,
            });
            Ok(users.collect())
        }
    }
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
    /// Its folder is not the one any more that was opened.
    #[error(
        "the folder of the store {0} was removed or replaced while the gateway ran; what it would still save is lost, so it ends. \
         Start it again: it begins with what lies there then"
    )]
    Moved(String),
    /// The disk or the store's files fail.
    #[error("the store failed: {0}{advice}", advice = of_full_disk(.0))]
    Broken(String),
}

/// What to do where that is all that is wrong. What the database says is text, which ends as the standard library writes it.
fn of_full_disk(cause: &str) -> &'static str {
    let is_full = |errno: Errno| cause.contains(&format!("(os error {})", errno.raw_os_error()));
    match is_full(Errno::NOSPC) || is_full(Errno::DQUOT) {
        true => {
            "; its disk is full, and no gateway runs until there is room: free some space there, then start it"
        }
        false => "",
    }
}

impl StoreError {
    /// `held` holds a side of `wanted`.
    pub fn held(wanted: &Pair, held: &Pair) -> Self {
        Self::Held {
            wanted: shown(wanted),
            held: shown(held),
            held_jid: held.jid.to_string(),
        }
    }

    /// Whether it is this pair that cannot be saved.
    pub fn refuses(&self, pair: &Pair) -> bool {
        matches!(self, Self::Held { wanted, .. } if *wanted == shown(pair))
    }
}

fn shown(pair: &Pair) -> String {
    format!("{} = {}", pair.jid, pair.mail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_full_disk_is_told_from_one_that_fails() {
        let said = |errno: Errno| {
            let cause = io::Error::from(errno);
            StoreError::Broken(format!("/store/db: {cause}; restart to go on")).to_string()
        };
        for full in [Errno::NOSPC, Errno::DQUOT] {
            let said = said(full);
            assert!(
                said.contains("/store/db: ") && said.contains("no gateway runs until"),
                "{said}"
            );
        }
        assert!(!said(Errno::IO).contains("gateway"));
    }
}
