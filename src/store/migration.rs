//! How a store of an older format gets the present one, once, when it is opened.
//!
//! Format 1 lacks the index of watchers: it is made from the contacts. (The other tables that it lacks are empty at
//! first.) The number of the format is written when all else is on the disk. Where that is interrupted, the store has its
//! old format, an older program may still write to it, and the next attempt begins anew.

use crate::store::codec::{self, CONTACTS, FORMAT, FORMAT_KEY, WATCHERS};
use crate::store::transfer::ContactRecord;
use std::fs::File;
use std::path::Path;

/// Rows that are changed in one batch.
const ROWS_AT_ONCE: usize = 1000;

/// Brings a store of format 1 to the present format. `file` is the one that sled writes to. Answers how many octets of
/// rows were written.
pub(super) fn run(db: &sled::Db, file: &Path) -> sled::Result<usize> {
    // What an attempt before may have left can be wrong by now.
    let left = db.scan_prefix([WATCHERS]).keys();
    let left = left.map(|key| key.map(Change::Remove));
    let removed = apply(db, left)?;
    let watchers = db.scan_prefix([CONTACTS]).filter_map(|row| match row {
        Ok((key, value)) => watcher(&key, &value).map(Ok),
        Err(error) => Some(Err(error)),
    });
    let inserted = apply(db, watchers)?;
    make_durable(db, file)?;
    db.insert(FORMAT_KEY, &FORMAT.to_be_bytes())?;
    make_durable(db, file)?;
    Ok(removed.saturating_add(inserted))
}

enum Change {
    Insert(Vec<u8>),
    Remove(sled::IVec),
}

/// The index row of a contact, where its user gets its presence. A contact that cannot be read stays as it is: what asks
/// for it is told so, and the rest of the store is good.
fn watcher(key: &[u8], value: &[u8]) -> Option<Change> {
    match codec::decode::<ContactRecord>(value) {
        Ok(row) if row.contact.subscription.has_to() => {
            Some(Change::Insert(codec::watcher_key(&row.mail, &row.user)))
        }
        Ok(_) => None,
        Err(error) => {
            let key = key.escape_ascii();
            tracing::warn!(%key, %error, "a contact cannot be read and gets no index row");
            None
        }
    }
}

/// Makes the changes in batches; answers the octets of their keys.
fn apply(
    db: &sled::Db,
    changes: impl Iterator<Item = sled::Result<Change>>,
) -> sled::Result<usize> {
    let mut octets = 0_usize;
    let mut changes = changes.peekable();
    while changes.peek().is_some() {
        let mut batch = sled::Batch::default();
        for change in changes.by_ref().take(ROWS_AT_ONCE) {
            match change? {
                Change::Insert(key) => {
                    octets = octets.saturating_add(key.len());
                    batch.insert(key, Vec::new());
                }
                Change::Remove(key) => {
                    octets = octets.saturating_add(key.len());
                    batch.remove(key);
                }
            }
        }
        db.apply_batch(batch)?;
    }
    Ok(octets)
}

/// As `committer` does.
fn make_durable(db: &sled::Db, file: &Path) -> sled::Result<()> {
    db.flush()?;
    Ok(File::open(file)?.sync_data()?)
}
