//! How a sled store is opened: its lock, what a kill left behind, damaged snapshots, its format.

use crate::core::id::IdKey;
use crate::crash;
use crate::store::StoreError;
use crate::store::codec::{FORMAT, FORMAT_KEY, ID_KEY_KEY};
use std::any::Any;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What sled may keep in memory of what it has read, in octets.
const CACHE_OCTETS: u64 = 8 * 1024 * 1024;
/// How often sled writes and syncs by itself; commits do not wait for it.
const FLUSH_EVERY_MS: u64 = 500;
/// How long sled may hold its file after the store was closed: its threads end a little later.
const CLOSING: Duration = Duration::from_secs(5);

/// Octets of rows whose replay is not felt when the store is opened.
const WRITTEN_WITHOUT_SNAPSHOT: u64 = 8 * 1024 * 1024;

/// A store that is open.
pub(super) struct Opened {
    pub(super) db: sled::Db,
    /// The file that sled writes to.
    pub(super) file: PathBuf,
    pub(super) id_key: IdKey,
    /// Holds the lock for as long as it is open.
    pub(super) lock: File,
}

/// Opens the store in this folder, or makes it.
pub(super) fn open(path: &Path) -> Result<Opened, StoreError> {
    let folder = path.join("db");
    let wrong = |e: io::Error| StoreError::Broken(format!("{}: {e}", path.display()));
    make_folder(&folder).map_err(wrong)?;
    let lock = lock(path)?;
    remove_unfinished_snapshots(&folder).map_err(wrong)?;
    let started = Instant::now();
    let db = open_or_mend(&folder, path)?;
    let id_key = match format(&db, path)? {
        Some(()) => id_key(&db, path)?,
        None if is_marked(&lock).map_err(wrong)? => return Err(lost(path)),
        None => make(&db, &folder).map_err(wrong)?,
    };
    mark(&lock).map_err(wrong)?;
    tracing::info!(took = ?started.elapsed(), path = %path.display(), "the store is open");
    let file = folder.join("db");
    Ok(Opened {
        db,
        file,
        id_key,
        lock,
    })
}

/// For the gateway's user only: the store holds who writes to whom.
fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let wrong = |e| StoreError::Broken(format!("{}: {e}", path.join("lock").display()));
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join("lock"))
        .map_err(wrong)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
        Err(TryLockError::Error(e)) => Err(wrong(e)),
    }
}

/// Where the first segments of its log are gone, sled opens as if it were new. The file with the lock knows better.
fn is_marked(lock: &File) -> io::Result<bool> {
    lock.metadata().map(|data| data.len() > 0)
}

fn mark(mut lock: &File) -> io::Result<()> {
    if !is_marked(lock)? {
        lock.write_all(b"A store of stanzamail lies in db/. Its lock is on this file.\n")?;
        lock.sync_all()?;
    }
    Ok(())
}

fn lost(path: &Path) -> StoreError {
    StoreError::Damaged {
        path: path.display().to_string(),
        cause: "there was a store, and its files are empty".to_owned(),
    }
}

/// A kill while sled writes a snapshot leaves a file that it later takes for one.
fn remove_unfinished_snapshots(folder: &Path) -> io::Result<()> {
    for file in snapshots(folder)? {
        if file.extension().is_some_and(|end| end == "generating") {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// A snapshot only makes opening faster: where sled finds damage, it may be there, and the log is whole.
fn open_or_mend(folder: &Path, path: &Path) -> Result<sled::Db, StoreError> {
    let cause = match open_sled(folder) {
        Ok(db) => return Ok(db),
        Err(Refused::Locked) => return Err(StoreError::InUse(path.display().to_string())),
        Err(Refused::Io(cause)) => return Err(StoreError::Broken(cause)),
        Err(Refused::Damaged(cause)) => cause,
    };
    tracing::warn!(%cause, "the store is damaged; trying without its snapshots");
    let damaged = |cause| StoreError::Damaged {
        path: path.display().to_string(),
        cause,
    };
    let moved = move_snapshots_away(folder).map_err(|e| damaged(format!("{cause}; {e}")))?;
    if moved == 0 {
        return Err(damaged(cause));
    }
    open_sled(folder).map_err(|_| damaged(cause))
}

/// sled writes a snapshot of its log only when it opens, and replays all that came after it. Where that is much, this
/// opens it once more after it was closed, so that the time is spent at the end and not at the next start.
#[derive(Debug)]
pub(super) struct SnapshotAtEnd {
    folder: PathBuf,
    /// Octets written since the store was opened.
    written: AtomicU64,
}

impl SnapshotAtEnd {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            folder: path.join("db"),
            written: AtomicU64::new(0),
        }
    }

    pub(super) fn count(&self, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.written.fetch_add(octets, Ordering::Relaxed);
    }
}

impl Drop for SnapshotAtEnd {
    fn drop(&mut self) {
        if *self.written.get_mut() > WRITTEN_WITHOUT_SNAPSHOT
            && let Err(Refused::Io(cause) | Refused::Damaged(cause)) = open_sled(&self.folder)
        {
            tracing::warn!(%cause, "the store was closed without a new snapshot");
        }
    }
}

/// Why sled did not open.
enum Refused {
    Locked,
    Io(String),
    Damaged(String),
}

fn open_sled(folder: &Path) -> Result<sled::Db, Refused> {
    let deadline = Instant::now() + CLOSING;
    loop {
        match open_sled_once(folder) {
            // Our own lock is held, so this is the last moment of a store that was just closed in this process.
            Err(Refused::Locked) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

fn open_sled_once(folder: &Path) -> Result<sled::Db, Refused> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_OCTETS)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(Some(FLUSH_EVERY_MS));
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(e))) if e.to_string().contains("could not acquire lock") => {
            Err(Refused::Locked)
        }
        // sled says so of a log that is shorter than it must be.
        Ok(Err(sled::Error::Io(e))) if e.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Refused::Damaged(e.to_string()))
        }
        Ok(Err(sled::Error::Io(e))) => Err(Refused::Io(format!("{}: {e}", folder.display()))),
        Ok(Err(error)) => Err(Refused::Damaged(error.to_string())),
        Err(panic) => Err(Refused::Damaged(words_of(&*panic))),
    }
}

/// What a panic of sled said.
pub(super) fn words_of(panic: &(dyn Any + Send)) -> String {
    format!("sled gave up: {}", crash::words_of(panic))
}

/// Renames all snapshots so that sled does not see them; answers how many.
fn move_snapshots_away(folder: &Path) -> io::Result<usize> {
    let files = snapshots(folder)?;
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        std::fs::rename(file, folder.join(format!("damaged-{name}")))?;
    }
    Ok(files.len())
}

fn snapshots(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// Whether the store has the format of this program; `None` where it is new.
fn format(db: &sled::Db, path: &Path) -> Result<Option<()>, StoreError> {
    let damaged = |cause: String| StoreError::Damaged {
        path: path.display().to_string(),
        cause,
    };
    let found = match db.get(FORMAT_KEY).map_err(|e| damaged(e.to_string()))? {
        None if db.is_empty() => return Ok(None),
        None => return Err(damaged("it does not say which format it has".to_owned())),
        Some(value) => <[u8; 4]>::try_from(value.as_ref()).map(u32::from_be_bytes),
    };
    match found {
        Ok(FORMAT) => Ok(Some(())),
        Ok(found) if found > FORMAT => Err(StoreError::Newer {
            path: path.display().to_string(),
            found,
            known: FORMAT,
        }),
        _ => Err(damaged("the number of its format is none".to_owned())),
    }
}

fn id_key(db: &sled::Db, path: &Path) -> Result<IdKey, StoreError> {
    let key = db.get(ID_KEY_KEY).ok().flatten();
    key.and_then(|key| IdKey::try_from(key.as_ref()).ok())
        .ok_or_else(|| StoreError::Damaged {
            path: path.display().to_string(),
            cause: "the key of its Message-IDs is gone".to_owned(),
        })
}

/// Writes the first rows of a new store, and makes its files and folders durable.
fn make(db: &sled::Db, folder: &Path) -> io::Result<IdKey> {
    let mut key = IdKey::default();
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    let mut batch = sled::Batch::default();
    batch.insert(FORMAT_KEY, &FORMAT.to_be_bytes());
    batch.insert(ID_KEY_KEY, &key);
    db.apply_batch(batch)?;
    db.flush()?;
    for file in std::fs::read_dir(folder)? {
        File::open(file?.path())?.sync_all()?;
    }
    for folder in folder.ancestors().take(3) {
        File::open(match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        })?
        .sync_all()?;
    }
    Ok(key)
}
