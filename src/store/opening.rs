//! How a sled store is opened: its lock, what a kill left behind, damaged snapshots, its format, and whether its last commit
//! is there.

use crate::core::id::IdKey;
use crate::panics;
use crate::store::StoreError;
use crate::store::anchor::{Anchor, Commits};
use crate::store::digest::Digest;
use crate::store::tables::{DIGEST_KEY, FORMAT, FORMAT_BEFORE, FORMAT_KEY, ID_KEY_KEY, META};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
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
pub(super) struct OpenedStore {
    pub(super) db: sled::Db,
    /// The file that sled writes to.
    pub(super) file: PathBuf,
    pub(super) id_key: IdKey,
    pub(super) digest: Digest,
    /// Its format is the one before: the first change is to raise it.
    pub(super) is_old: bool,
    pub(super) commits: Commits,
    pub(super) anchor: Anchor,
    /// Holds the lock for as long as it is open.
    pub(super) lock: File,
}

/// Which ids a store is to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    /// Its own; where there is no store, one is made.
    Own,
    /// There is no store yet, and this key is its own, or one that is made up.
    Begin(Option<IdKey>),
}

/// Opens the store in this folder, or makes it.
pub(super) fn open(path: &Path, ids: Ids) -> Result<OpenedStore, StoreError> {
    if is_repair_unfinished(path) {
        return Err(damaged(path, "its repair was interrupted"));
    }
    let folder = path.join("db");
    let wrong = |e: io::Error| StoreError::Broken(format!("{}: {e}", path.display()));
    make_folder(&folder).map_err(wrong)?;
    let lock = lock(path)?;
    remove_unfinished_snapshots(&folder).map_err(wrong)?;
    let started = Instant::now();
    let anchor = Anchor::read(path).map_err(wrong)?;
    let commits = Commits::open(path).map_err(wrong)?;
    let db = open_or_mend(&folder, path)?;
    let was_there = is_marked(&lock).map_err(wrong)? || anchor.is_some();
    let known = match ids {
        Ids::Own => None,
        Ids::Begin(known) => known,
    };
    // sled may find only now that it cannot read what it needs.
    let noted = anchor.as_ref().map(|anchor| anchor.commits);
    let durable = commits.read().max(noted.filter(|noted| *noted > 0));
    let checked = panics::caught(|| match format(&db, path)? {
        Some(found) => Ok((found, id_key(&db, path)?, said(&db, path, durable)?)),
        None if was_there => Err(lost(path)),
        None => {
            let (key, digest) = make(&db, &folder, known).map_err(wrong)?;
            Ok((FORMAT, key, digest))
        }
    });
    let (format, id_key, digest) = checked.map_err(|words| damaged(path, &gave_up(&words)))??;
    let anchor = match anchor.filter(|anchor| anchor.id_key == id_key) {
        Some(anchor) => anchor,
        None => {
            let anchor = Anchor::new(id_key);
            anchor.write(path).map_err(wrong)?;
            anchor
        }
    };
    mark(&lock).map_err(wrong)?;
    tracing::info!(took = ?started.elapsed(), path = %path.display(), "the store is open");
    let file = folder.join("db");
    Ok(OpenedStore {
        db,
        file,
        id_key,
        digest,
        is_old: format < FORMAT,
        commits,
        anchor,
        lock,
    })
}

/// Whether a repair (see [`super::repair`]) was interrupted when the new store was whole.
fn is_repair_unfinished(store: &Path) -> bool {
    store.join("repaired").exists()
}

pub(super) fn damaged(path: &Path, cause: &str) -> StoreError {
    StoreError::Damaged {
        path: path.display().to_string(),
        cause: cause.to_owned(),
    }
}

/// What the rows are to add up to. All commits that were called durable are to be among them.
fn said(db: &sled::Db, path: &Path, durable: Option<u64>) -> Result<Digest, StoreError> {
    let said = db.get(DIGEST_KEY);
    let Some(said) = said.map_err(|e| damaged(path, &e.to_string()))? else {
        return begin_to_count(db, path, durable);
    };
    let said =
        Digest::parse(&said).ok_or_else(|| damaged(path, "the number of its rows is none"))?;
    match durable.unwrap_or(0).saturating_sub(said.commits) {
        0 => Ok(said),
        gone => Err(damaged(path, &format!("its last {gone} changes are gone"))),
    }
}

/// A store that was made before there was a digest has none, and no count of its commits.
fn begin_to_count(db: &sled::Db, path: &Path, durable: Option<u64>) -> Result<Digest, StoreError> {
    if durable.is_some() {
        return Err(damaged(path, "it does not say how many rows it has"));
    }
    let mut found = Digest::default();
    for row in db.iter() {
        let (key, value) = row.map_err(|e| damaged(path, &e.to_string()))?;
        if key.first() != Some(&META) {
            found.add(&key, &value);
        }
    }
    let written = db.insert(DIGEST_KEY, found.octets());
    let written = written.and_then(|_| db.flush());
    written.map_err(|e| StoreError::Broken(e.to_string()))?;
    Ok(found)
}

/// For the gateway's user only: the store holds who writes to whom.
fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let wrong = |e| StoreError::Broken(format!("{}: {e}", path.join("lock").display()));
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join("lock"))
        .map_err(wrong)?;
    match super::lock::take(&file) {
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
    damaged(path, "there was a store, and its files are empty")
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
    let is_held = |refused: &OpenRefusal| matches!(refused, OpenRefusal::Locked);
    let cause = match super::lock::within_a_moment(|| open_sled(folder), is_held) {
        Ok(db) => return Ok(db),
        Err(OpenRefusal::Locked) => return Err(StoreError::InUse(path.display().to_string())),
        Err(OpenRefusal::Io(cause)) => return Err(StoreError::Broken(cause)),
        Err(OpenRefusal::Damaged(cause)) => cause,
    };
    tracing::warn!(%cause, "the store is damaged; trying without its snapshots");
    let moved = move_snapshots_away(folder);
    match moved.map_err(|e| damaged(path, &format!("{cause}; {e}")))? {
        0 => Err(damaged(path, &cause)),
        _ => open_sled(folder).map_err(|_| damaged(path, &cause)),
    }
}

/// A database of which some may be gone, without a look at what it holds; or why it cannot be opened at all.
pub(super) fn open_damaged(folder: &Path) -> Result<sled::Db, String> {
    open_or_mend(folder, folder).map_err(|error| match error {
        StoreError::Damaged { cause, .. } | StoreError::Broken(cause) => cause,
        other => other.to_string(),
    })
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

    /// There is to be none: the disk fails.
    pub(super) fn leave(&mut self) {
        *self.written.get_mut() = 0;
    }

    #[cfg(test)]
    pub(super) fn octets(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.written.fetch_add(octets, Ordering::Relaxed);
    }
}

impl Drop for SnapshotAtEnd {
    fn drop(&mut self) {
        if *self.written.get_mut() > WRITTEN_WITHOUT_SNAPSHOT
            && let Err(OpenRefusal::Io(cause) | OpenRefusal::Damaged(cause)) =
                open_sled(&self.folder)
        {
            tracing::warn!(%cause, "the store was closed without a new snapshot");
        }
    }
}

/// Why sled did not open.
enum OpenRefusal {
    Locked,
    Io(String),
    Damaged(String),
}

fn open_sled(folder: &Path) -> Result<sled::Db, OpenRefusal> {
    let deadline = Instant::now() + CLOSING;
    loop {
        match open_sled_once(folder) {
            // Our own lock is held, so this is the last moment of a store that was just closed in this process.
            Err(OpenRefusal::Locked) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

fn open_sled_once(folder: &Path) -> Result<sled::Db, OpenRefusal> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_OCTETS)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(Some(FLUSH_EVERY_MS));
    match panics::caught(|| config.open()) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(e))) if e.to_string().contains("could not acquire lock") => {
            Err(OpenRefusal::Locked)
        }
        Ok(Err(sled::Error::Io(e))) if is_of_the_content(&e) => {
            Err(OpenRefusal::Damaged(e.to_string()))
        }
        Ok(Err(sled::Error::Io(e))) => Err(OpenRefusal::Io(format!("{}: {e}", folder.display()))),
        Ok(Err(error)) => Err(OpenRefusal::Damaged(error.to_string())),
        Err(words) => Err(OpenRefusal::Damaged(gave_up(&words))),
    }
}

/// What sled itself says of files that it cannot make sense of; other errors are those of the system.
fn is_of_the_content(error: &io::Error) -> bool {
    let kinds = [
        io::ErrorKind::NotFound,
        io::ErrorKind::InvalidInput,
        io::ErrorKind::IsADirectory,
        io::ErrorKind::NotADirectory,
    ];
    error.raw_os_error().is_none() || kinds.contains(&error.kind())
}

/// What a panic of sled said.
pub(super) fn gave_up(words: &str) -> String {
    format!("the database gave up: {words}")
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

/// The format of the store, which is one that this program knows; `None` where it is new.
fn format(db: &sled::Db, path: &Path) -> Result<Option<u32>, StoreError> {
    let found = db.get(FORMAT_KEY);
    let found = match found.map_err(|e| damaged(path, &e.to_string()))? {
        None if db.is_empty() => return Ok(None),
        None => return Err(damaged(path, "it does not say which format it has")),
        Some(value) => <[u8; 4]>::try_from(value.as_ref()).map(u32::from_be_bytes),
    };
    match found {
        Ok(found @ FORMAT_BEFORE..=FORMAT) => Ok(Some(found)),
        Ok(found) if found > FORMAT => Err(StoreError::Newer {
            path: path.display().to_string(),
            found,
            known: FORMAT,
        }),
        _ => Err(damaged(path, "the number of its format is none")),
    }
}

fn id_key(db: &sled::Db, path: &Path) -> Result<IdKey, StoreError> {
    let key = db.get(ID_KEY_KEY).ok().flatten();
    key.and_then(|key| IdKey::try_from(key.as_ref()).ok())
        .ok_or_else(|| damaged(path, "the key of its Message-IDs is gone"))
}

/// Writes the first rows of a new store, and makes its files and folders durable.
fn make(db: &sled::Db, folder: &Path, known: Option<IdKey>) -> io::Result<(IdKey, Digest)> {
    let mut key = IdKey::default();
    match known {
        Some(known) => key = known,
        None => File::open("/dev/urandom")?.read_exact(&mut key)?,
    }
    let digest = Digest::default();
    let mut batch = sled::Batch::default();
    batch.insert(FORMAT_KEY, &FORMAT.to_be_bytes());
    batch.insert(ID_KEY_KEY, &key);
    batch.insert(DIGEST_KEY, digest.octets());
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
    Ok((key, digest))
}
