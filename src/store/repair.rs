//! A store that cannot be used any more is made anew, of what is durable elsewhere:
//!
//! * the queue and the quarantine are files of their own, which nothing here touches;
//! * the key of derived ids and the cursors lie in the `anchor`;
//! * the rows come from an export, where one is given, and over it whatever sled can still read of the old database.
//!
//! The new store is made in `<store>/repair`, renamed to `<store>/repaired` when it is durable, and put in place from there;
//! the old database is renamed to `db.damaged-<time>` and kept. Nothing of this touches the old database before the new
//! one is whole, and a repair that was interrupted is begun again or finished by the next.

use crate::core::context::Write;
use crate::core::record::Cursor;
use crate::core::time::Timestamp;
use crate::panics;
use crate::store::anchor::{ANCHOR, Anchor, COMMITS};
use crate::store::opening;
use crate::store::sled::SledStore;
use crate::store::tables::{self, Record, Table};
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Rows that are saved in one go.
const ROWS_AT_ONCE: usize = 500;
/// How far back a mailbox is read of which nothing at all is known.
const BACK: Duration = Duration::from_secs(7 * 24 * 3600);

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Where the old database lies now; `None` where there was none.
    pub aside: Option<PathBuf>,
    /// Rows of the export that are in the new store.
    pub imported: usize,
    /// Rows of the old database that are.
    pub salvaged: usize,
    /// Why there are no more of the latter.
    pub unread: Option<String>,
    /// Rows that found no place, each with the reason.
    pub refused: Vec<String>,
    /// Where each mailbox is read on; those of which it is not known are read from a time on.
    pub cursors: BTreeMap<String, Cursor>,
    /// The old key of derived ids is gone: what is handled once more gets new ids.
    pub is_key_new: bool,
}

/// Makes the store in this folder anew. These are its mailboxes; no gateway runs on it. Blocks.
///
/// # Errors
/// [`StoreError`]: it is in use, or the disk fails; nothing was changed then.
pub fn repair(
    store: &Path,
    mailboxes: &[String],
    export: Vec<Record>,
    now: Timestamp,
) -> Result<Repaired, StoreError> {
    let wrong = |error: io::Error| StoreError::Broken(format!("{}: {error}", store.display()));
    let (repair, whole) = (store.join("repair"), store.join("repaired"));
    let lock = opening::lock(store)?;
    let mut done = Repaired::default();
    if whole.exists() {
        done.aside = put_in_place(store, &whole, now).map_err(wrong)?;
        return Ok(done);
    }
    remove_folder(&repair).map_err(wrong)?;
    make_folder(&repair).map_err(wrong)?;
    let (old, unread) = salvage(&store.join("db"), &repair.join("old"));
    done.unread = unread;
    let (key, old): (Vec<_>, Vec<_>) = old.into_iter().partition(Salvaged::is_key);
    let key = key.into_iter().find_map(Salvaged::into_key);
    let anchor = Anchor::read(store).map_err(wrong)?;
    let anchor = anchor.or(key.map(Anchor::new));
    done.is_key_new = anchor.is_none();
    let new = SledStore::make(&repair, anchor.as_ref().map(|anchor| anchor.id_key))?;
    let mut cursors = anchor.map(|anchor| anchor.cursors).unwrap_or_default();
    let old = old.into_iter().filter_map(Salvaged::into_record).collect();
    done.imported = fill(&new, now, export, &mut cursors, &mut done.refused)?;
    done.salvaged = fill(&new, now, old, &mut cursors, &mut done.refused)?;
    let since = began(store, now);
    for mailbox in mailboxes {
        cursors.entry(mailbox.clone()).or_insert(unknown(since));
    }
    let rows = cursors
        .iter()
        .map(|(name, at)| Write::Cursor(name.clone(), *at));
    futures::executor::block_on(new.commit(now, rows.collect()))?;
    done.cursors = cursors;
    drop(new);
    remove_folder(&repair.join("old")).map_err(wrong)?;
    fs::rename(&repair, &whole).map_err(wrong)?;
    sync(store).map_err(wrong)?;
    done.aside = put_in_place(store, &whole, now).map_err(wrong)?;
    drop(lock);
    Ok(done)
}

/// A cursor that no mailbox has (RFC 3501 §2.3.1.1: UIDVALIDITY is not zero), so that all is read that came since.
fn unknown(since: Timestamp) -> Cursor {
    Cursor {
        uid_validity: 0,
        uid_next: 1,
        since,
        again: None,
    }
}

/// When the store was made: its lock was written then, and never again.
fn began(store: &Path, now: Timestamp) -> Timestamp {
    let made = fs::metadata(store.join("lock"))
        .ok()
        .filter(|data| data.len() > 0);
    let made = made.and_then(|data| {
        data.modified()
            .ok()?
            .duration_since(std::time::UNIX_EPOCH)
            .ok()
    });
    let made = made.and_then(|age| i64::try_from(age.as_millis()).ok());
    let back = i64::try_from(BACK.as_millis()).unwrap_or(0);
    made.map_or(
        Timestamp::from_millis(now.millis().saturating_sub(back)),
        Timestamp::from_millis,
    )
}

/// Saves these rows, but for the cursors, of which the best is taken. Answers how many there were.
fn fill(
    new: &impl Store,
    now: Timestamp,
    records: Vec<Record>,
    cursors: &mut BTreeMap<String, Cursor>,
    refused: &mut Vec<String>,
) -> Result<usize, StoreError> {
    let mut writes = Vec::with_capacity(records.len());
    for record in records {
        match record {
            Record::Cursor(row) => {
                let mut known = Anchor::new([0; 32]);
                std::mem::swap(&mut known.cursors, cursors);
                known.learn(&row.mailbox, row.cursor);
                std::mem::swap(&mut known.cursors, cursors);
            }
            other => writes.push(Write::from(other)),
        }
    }
    let before = refused.len();
    for some in writes.chunks(ROWS_AT_ONCE) {
        let commit = |writes: Vec<Write>| futures::executor::block_on(new.commit(now, writes));
        match commit(some.to_vec()) {
            Err(StoreError::Held { .. }) => {}
            done => {
                done?;
                continue;
            }
        }
        for one in some {
            match commit(vec![one.clone()]) {
                Err(error @ StoreError::Held { .. }) => refused.push(error.to_string()),
                done => done?,
            }
        }
    }
    let refused = refused.len().saturating_sub(before);
    Ok(writes.len().saturating_sub(refused))
}

/// What sled could still read.
enum Salvaged {
    Key([u8; 32]),
    Row(Box<Record>),
}

impl Salvaged {
    fn is_key(&self) -> bool {
        matches!(self, Self::Key(_))
    }

    fn into_key(self) -> Option<[u8; 32]> {
        match self {
            Self::Key(key) => Some(key),
            Self::Row(_) => None,
        }
    }

    fn into_record(self) -> Option<Record> {
        match self {
            Self::Key(_) => None,
            Self::Row(record) => Some(*record),
        }
    }
}

/// Reads what can be read of a copy of the database, since sled changes what it opens; and says why there is no more.
fn salvage(db: &Path, copy: &Path) -> (Vec<Salvaged>, Option<String>) {
    let mut rows = Vec::new();
    let read = copy_folder(db, copy).map_err(|e| format!("{}: {e}", db.display()));
    let read = read.and_then(|()| opening::open_damaged(copy));
    let unread = read.and_then(|old| {
        let reading = panics::caught(|| {
            if let Ok(Some(key)) = old.get(tables::ID_KEY_KEY) {
                rows.extend(<[u8; 32]>::try_from(key.as_ref()).map(Salvaged::Key));
            }
            for table in Table::ALL {
                for row in old.scan_prefix([table.tag()]) {
                    let (key, value) = row.map_err(|e| e.to_string())?;
                    let record = tables::decode(&key, &value);
                    rows.extend(record.map(|record| Salvaged::Row(Box::new(record))));
                }
            }
            Ok(())
        });
        reading.map_err(|words| opening::gave_up(&words))?
    });
    (rows, unread.err())
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    make_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &to)?,
            false => fs::copy(entry.path(), &to).map(|_| ())?,
        }
    }
    Ok(())
}

/// The last steps, each of which may be found done. Answers where the old database is.
fn put_in_place(store: &Path, whole: &Path, now: Timestamp) -> io::Result<Option<PathBuf>> {
    let (db, new) = (store.join("db"), whole.join("db"));
    let mut aside = None;
    if new.exists() {
        aside = set_aside(&db, now)?;
        fs::rename(&new, &db)?;
    }
    for name in [ANCHOR, COMMITS] {
        match fs::rename(whole.join(name), store.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            renamed => renamed?,
        }
    }
    sync(store)?;
    remove_folder(whole)?;
    Ok(aside)
}

fn set_aside(db: &Path, now: Timestamp) -> io::Result<Option<PathBuf>> {
    let aside = (0..1000)
        .map(|n| {
            db.with_extension(format!(
                "damaged-{}",
                now.millis().div_euclid(1000).saturating_add(n)
            ))
        })
        .find(|path| !path.exists())
        .ok_or(ErrorKind::AlreadyExists)?;
    match fs::rename(db, &aside) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        renamed => renamed.map(|()| Some(aside)),
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
