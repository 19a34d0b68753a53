//! Mails that wait to be sent, one file each.
//!
//! ```text
//! <spool>/queue/<job id>    accepted: must be delivered, or its sender told
//! <spool>/tmp/…             being written; emptied at every start
//! <spool>/damaged/…         could not be read, and is not sent; kept for the admin
//! <spool>/lock              held while a gateway runs
//! ```
//! A file is one line `stanzamail 1 <job octets> <mail octets> <job CRC-32> <mail CRC-32>`, the [`Job`] as JSON, a line
//! feed, and the mail as it goes over the wire. It carries its own mail transaction and schedule: the queue needs no
//! database and is rebuilt from the folder alone.
//!
//! # The sync order (this comment is the authoritative one)
//! 1. **Accepting** a batch: write every file to `tmp`, `fdatasync` each, rename all into `queue`, `fsync` the folder
//!    `queue` once. Only then has [`Spool::accept`] succeeded and may anything be acknowledged. A file is renamed after
//!    its content is durable, so `queue` holds whole files only, whatever a power cut leaves behind. The syncs of a
//!    batch run on a few threads, on many where the disk is slow: the kernel merges their journal commits (measured on ext4, 64 mails of 2 kB: eight
//!    threads are two to three times as fast as one after the other. `syncfs` is twice as fast again, but waits for the
//!    writes of every other program on that disk).
//! 2. **Updating** a job (schedule, recipients who are served): write to `tmp`, `fdatasync`, rename. The content must
//!    be durable before it takes the place of the old one, else a power cut could lose an accepted mail. The folder is
//!    not synced: a power cut then brings the old file back, which costs an early attempt or a repeated mail with the
//!    same Message-ID, never a loss.
//! 3. **Removing** a job: unlink, nothing synced. A power cut may bring the file back: the mail is sent once more with
//!    the same Message-ID.
//!
//! # Replacing
//! A job that is [`Job::replaceable`] has the same id, and so the same file, as the one that it replaces, which may be
//! under way at that moment. [`Job::sequence`] tells the two apart: reading, updating and removing do nothing to a file
//! with another sequence. That it is looked at and that a file is renamed or removed is one step (`Folders::renames`).
//! There is one file at any time, and accepting syncs the folder before the new mail may be sent, so a restart finds the
//! old mail or the new one; once the new one was accepted, never the old one.

mod file;

use crate::core::id::JobId;
use crate::core::job::{Brief, Job, Mail};
use crate::core::time::Timestamp;
use crate::crash::{self, Step};
use crate::store::broken::Broken;
use crate::system;
use file::{VERSION, file_of, open_file, parse_job, read_job, read_json};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Threads that sync the files of one batch.
const SYNC_THREADS: usize = 8;
/// The same where the disk is slow: each of them only waits, and the disk does many at once.
const SYNC_THREADS_SLOW: usize = 128;
/// A sync that takes as long is slow.
const SLOW: Duration = Duration::from_millis(20);

/// Of an error that concerns one file, and nothing that was written.
const READING: &str = "read";

/// How often to look whether what was begun is done.
const STILL_EVERY: Duration = Duration::from_millis(10);

/// The queue on disk. All methods may be called at the same time; calls about one job must follow each other, but for
/// [`Spool::accept`] of the job that replaces it.
#[derive(Debug)]
pub struct Spool {
    folders: Arc<Folders>,
    sequence: AtomicU64,
    broken: Broken<SpoolError>,
    /// Locked as long as it is open.
    _lock: File,
}

/// What went wrong with the spool, and who can mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// No space left (or no quota): nothing was accepted, and it may be tried again.
    #[error("the disk is full, {path} cannot be written; free some space there")]
    Full {
        /// What was written.
        path: String,
    },
    /// The disk or its file system fails: what was written may be lost, so nothing more may be accepted.
    #[error("cannot {doing} {path}: {cause}; check the disk and the permissions of the spool")]
    Broken {
        /// A verb.
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// The system's words.
        cause: String,
    },
    /// Another process has the spool open.
    #[error("the spool {0} is in use by another process; is a gateway running already?")]
    InUse(String),
    /// A file was written by a newer version.
    #[error(
        "{path} has format {found}, this program knows formats up to {VERSION}; use a newer stanzamail"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its format.
        found: u32,
    },
    /// A file is not what was written.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no file for this job: it was settled, or an admin removed it.
    #[error("the mail {0} is no longer in the spool")]
    Gone(JobId),
    /// The file belongs to a later job with the same id.
    #[error("the mail {0} was replaced by a newer one")]
    Replaced(JobId),
}

impl Spool {
    /// Opens (or makes, for the owner only) the spool and reads what waits in it, in the order of acceptance: of each job
    /// only a little, since there may be very many. What was never accepted is removed; what cannot be read goes to
    /// `damaged` and is logged.
    ///
    /// # Errors
    /// [`SpoolError`]: in use, written by a newer version, or the folders cannot be read or made.
    pub fn open(dir: &Path) -> Result<(Self, Vec<Brief>), SpoolError> {
        let folders = Folders::make(dir)?;
        let lock = lock(dir)?;
        folders.empty_tmp()?;
        let (jobs, damaged) = folders.briefs()?;
        for (path, why) in damaged {
            folders.set_aside(&path, &why)?;
        }
        let newest = jobs.last().map_or(0, |job| job.sequence.saturating_add(1));
        let spool = Self {
            folders: Arc::new(folders),
            sequence: AtomicU64::new(newest.max(micros_now())),
            broken: Broken::not(),
            _lock: lock,
        };
        Ok((spool, jobs))
    }

    /// The jobs in a spool, in the order of acceptance, without changing or locking anything: for looking at the queue
    /// of a gateway that runs. Files that cannot be read are left out.
    ///
    /// # Errors
    /// [`SpoolError`]: the folder cannot be read.
    pub fn look(dir: &Path) -> Result<Vec<Job>, SpoolError> {
        let (mut jobs, _) = Folders::at(dir).read_jobs(|job| job)?;
        jobs.sort_by(|a, b| (a.sequence, &a.id).cmp(&(b.sequence, &b.id)));
        Ok(jobs)
    }

    /// A number higher than every one before, over restarts too: the floor is the clock in microseconds (no gateway
    /// accepts a million mails a second), and where the clock was set back the highest number in the spool.
    pub fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    /// The jobs that are in it now, in the order of acceptance, for a start of those who work with it in a process that
    /// goes on: waits until all that the ones before them began is done.
    ///
    /// # Errors
    /// [`SpoolError`]: the folder cannot be read.
    pub async fn jobs(&self) -> Result<Vec<Brief>, SpoolError> {
        while Arc::strong_count(&self.folders) > 1 {
            tokio::time::sleep(STILL_EVERY).await;
        }
        self.blocking(|folders| Ok(folders.briefs()?.0)).await
    }

    /// The whole job. A file whose job cannot be read goes to `damaged`, as at a start: nobody knows any more whom it
    /// concerns.
    ///
    /// # Errors
    /// [`SpoolError::Gone`], [`SpoolError::Replaced`], [`SpoolError::Damaged`] or [`SpoolError::Broken`].
    pub async fn read_job(&self, brief: &Brief) -> Result<Job, SpoolError> {
        let file = Generation::of(&brief.id, brief.replaceable, brief.sequence);
        let mut job = self
            .blocking(move |folders| folders.read_job(&file))
            .await?;
        brief.complete(&mut job);
        Ok(job)
    }

    /// How many octets the mails of these jobs have; 0 for one that is not there.
    pub async fn octets_of(&self, ids: Vec<JobId>) -> Vec<u64> {
        let octets = move |folders: &Folders| {
            let octets = |id: &JobId| open_file(&folders.queue.join(id.as_str()));
            let head = |id: &JobId| octets(id).map_or(0, |(_, head)| head.mail_octets);
            Ok(ids.iter().map(head).collect())
        };
        self.blocking(octets).await.unwrap_or_default()
    }

    /// Makes these mails durable, all or none. The same job a second time takes the place of the first one.
    ///
    /// # Errors
    /// [`SpoolError::Full`] or [`SpoolError::Broken`]: none of them was accepted.
    pub async fn accept(&self, mails: Vec<Mail>) -> Result<(), SpoolError> {
        self.changing(move |folders| folders.accept(&mails)).await
    }

    /// The mail of a job, as it was accepted.
    ///
    /// # Errors
    /// [`SpoolError::Gone`], [`SpoolError::Replaced`], [`SpoolError::Damaged`] or [`SpoolError::Broken`].
    pub async fn read_mail(&self, job: &Job) -> Result<Vec<u8>, SpoolError> {
        let file = Generation::of_job(job);
        self.blocking(move |folders| folders.read_mail(&file)).await
    }

    /// Keeps a job's new schedule and recipients.
    ///
    /// # Errors
    /// As [`Spool::accept`] and [`Spool::read_mail`]; the old state is kept then.
    pub async fn update(&self, job: &Job) -> Result<(), SpoolError> {
        let job = job.clone();
        self.changing(move |folders| folders.update(job)).await
    }

    /// Forgets a job that is settled. It is no error if it is not there, nor if it was replaced: then the newer one
    /// stays.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`] or [`SpoolError::Broken`]: the file is still there and its mail is sent again after a
    /// restart.
    pub async fn remove(&self, job: &Job) -> Result<(), SpoolError> {
        let file = Generation::of_job(job);
        self.changing(move |folders| folders.remove(&file)).await
    }

    /// Ready when the disk below the spool has failed: nothing may be acknowledged any more.
    pub fn failed(&self) -> impl Future<Output = SpoolError> + Send + use<> {
        let broken = self.broken.clone();
        async move { broken.wait().await }
    }

    /// Runs work that changes files. After one failure of the disk there is none any more.
    async fn changing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folders) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        self.broken.check()?;
        let broken = self.broken.clone();
        let work = move |folders: &Folders| {
            work(folders).map_err(|error| match error {
                SpoolError::Broken { doing, .. } if doing != READING => broken.by(error),
                error => error,
            })
        };
        self.blocking(work).await
    }

    /// Runs work on files where it may block. It is finished even if the caller goes away.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folders) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let folders = Arc::clone(&self.folders);
        match system::blocking(move || work(&folders)).await {
            Ok(result) => result,
            Err(error) => Err(SpoolError::Broken {
                doing: "work on",
                path: self.folders.queue.display().to_string(),
                cause: error.to_string(),
            }),
        }
    }
}

#[derive(Debug)]
struct Folders {
    tmp: PathBuf,
    queue: PathBuf,
    damaged: PathBuf,
    /// Tells files in `tmp` apart that are written for one job at the same time.
    written: AtomicU64,
    /// Held while a file takes its place in `queue` or leaves it.
    renames: Mutex<()>,
    /// The syncs of the last batch were slow.
    slow: AtomicBool,
}

/// A file that cannot be read, and why.
type Damaged = (PathBuf, String);

/// Which file of the queue is meant, and with which sequence if another one may have taken its place.
struct Generation {
    id: JobId,
    sequence: Option<u64>,
}

impl Generation {
    /// A mail that is not replaceable is the same one whatever its sequence: a stanza that came twice.
    fn of(id: &JobId, replaceable: bool, sequence: u64) -> Self {
        Self {
            id: id.clone(),
            sequence: replaceable.then_some(sequence),
        }
    }

    fn of_job(job: &Job) -> Self {
        Self::of(&job.id, job.replaceable, job.sequence)
    }

    fn check(&self, found: &Job) -> Result<(), SpoolError> {
        match self.sequence {
            Some(sequence) if sequence != found.sequence => {
                Err(SpoolError::Replaced(self.id.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// A whole file in `tmp` that is not durable yet. It is removed unless it was published.
struct Written {
    file: File,
    path: PathBuf,
    id: JobId,
}

impl Drop for Written {
    fn drop(&mut self) {
        // It is not there any more where it was renamed.
        let _ = fs::remove_file(&self.path);
    }
}

impl Folders {
    fn at(dir: &Path) -> Self {
        Self {
            tmp: dir.join("tmp"),
            queue: dir.join("queue"),
            damaged: dir.join("damaged"),
            written: AtomicU64::new(0),
            renames: Mutex::new(()),
            slow: AtomicBool::new(false),
        }
    }

    fn make(dir: &Path) -> Result<Self, SpoolError> {
        let folders = Self::at(dir);
        for folder in [dir, &folders.tmp, &folders.queue, &folders.damaged] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(broken("make", folder))?;
        }
        sync_folder(dir)?;
        // Its own name, too, if it was just made.
        if let Some(parent) = dir.parent().filter(|parent| parent.is_dir()) {
            sync_folder(parent)?;
        }
        Ok(folders)
    }

    fn empty_tmp(&self) -> Result<(), SpoolError> {
        for path in files_in(&self.tmp)? {
            fs::remove_file(&path).map_err(broken("remove", &path))?;
        }
        Ok(())
    }

    /// Of all jobs in the order of acceptance, and the files that cannot be read with the reason.
    fn briefs(&self) -> Result<(Vec<Brief>, Vec<Damaged>), SpoolError> {
        let (mut briefs, damaged) = self.read_jobs(|job| Brief::from(&job))?;
        briefs.sort_by(|a, b| (a.sequence, &a.id).cmp(&(b.sequence, &b.id)));
        Ok((briefs, damaged))
    }

    /// What is wanted of each job, in any order, and the files that cannot be read with the reason.
    fn read_jobs<T>(&self, of: impl Fn(Job) -> T) -> Result<(Vec<T>, Vec<Damaged>), SpoolError> {
        let (mut jobs, mut damaged) = (Vec::new(), Vec::new());
        for path in files_in(&self.queue)? {
            match read_job(&path) {
                Ok(job) => jobs.push(of(job)),
                Err(SpoolError::Damaged { why, .. }) => damaged.push((path, why)),
                // Settled while we were looking.
                Err(SpoolError::Gone(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((jobs, damaged))
    }

    fn read_job(&self, file: &Generation) -> Result<Job, SpoolError> {
        let path = self.queue.join(file.id.as_str());
        let mut read = read_job(&path);
        if matches!(read, Err(SpoolError::Damaged { .. })) {
            let _turn = self.turn();
            // It may have been replaced by one that is whole.
            read = read_job(&path);
            if let Err(SpoolError::Damaged { why, .. }) = &read {
                self.set_aside(&path, why)?;
            }
        }
        let job = read?;
        file.check(&job).map(|()| job)
    }

    fn set_aside(&self, path: &Path, why: &str) -> Result<(), SpoolError> {
        let to = self.damaged.join(path.file_name().unwrap_or_default());
        fs::rename(path, &to).map_err(broken("move", path))?;
        tracing::error!(file = %to.display(), "a mail in the spool is damaged and was set aside, it is not sent: {why}");
        Ok(())
    }

    fn accept(&self, mails: &[Mail]) -> Result<(), SpoolError> {
        let written = self.write_and_sync_all(mails)?;
        crash::point("spool: written, not yet renamed");
        let mut fresh = Vec::new();
        let result = self.publish_all(&written, &mut fresh);
        if result.is_err() {
            for path in fresh {
                let _ = fs::remove_file(path);
            }
        }
        result
    }

    /// Steps one and two of accepting. The syncs run on several threads, on more of them as soon as one is slow.
    fn write_and_sync_all(&self, mails: &[Mail]) -> Result<Vec<Written>, SpoolError> {
        let written = mails
            .iter()
            .map(|mail| self.write_tmp(mail))
            .collect::<Result<Vec<_>, _>>()?;
        let (next, failed) = (AtomicUsize::new(0), OnceLock::new());
        let work = || {
            while let Some(one) = written.get(next.fetch_add(1, Ordering::Relaxed)) {
                let began = Instant::now();
                if let Err(error) = sync(one) {
                    let _ = failed.set(error);
                }
                self.slow.store(began.elapsed() >= SLOW, Ordering::Relaxed);
                if began.elapsed() >= SLOW {
                    return true;
                }
            }
            false
        };
        std::thread::scope(|scope| {
            let start = |threads: usize| {
                for _ in 1..threads.min(written.len()) {
                    scope.spawn(|| while work() {});
                }
            };
            start(match self.slow.load(Ordering::Relaxed) {
                true => SYNC_THREADS_SLOW,
                false => SYNC_THREADS,
            });
            if work() {
                start(SYNC_THREADS_SLOW);
                while work() {}
            }
        });
        failed.into_inner().map_or(Ok(written), Err)
    }

    fn write_tmp(&self, mail: &Mail) -> Result<Written, SpoolError> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let path = self.tmp.join(format!("{}.{number}", mail.job.id));
        let bytes = file_of(mail).map_err(|error| broken("encode", &path)(error.into()))?;
        let mut new = OpenOptions::new();
        new.write(true).create_new(true).mode(0o600);
        let file = crash::disk(Step::Write).and_then(|()| new.open(&path));
        let file = file.map_err(broken("write", &path))?;
        let mut written = Written {
            file,
            path,
            id: mail.job.id.clone(),
        };
        let result = written.file.write_all(&bytes);
        result.map_err(broken("write", &written.path))?;
        Ok(written)
    }

    /// Steps three and four of accepting. `fresh` gets what was not in the queue before and has to leave it again
    /// should a later step fail; what took the place of an accepted mail stays.
    fn publish_all(&self, written: &[Written], fresh: &mut Vec<PathBuf>) -> Result<(), SpoolError> {
        for file in written {
            let _turn = self.turn();
            let path = self.queue.join(file.id.as_str());
            if !path.exists() {
                fresh.push(path);
            }
            self.publish(file)?;
        }
        crash::point("spool: renamed, folder not yet synced");
        sync_folder(&self.queue)
    }

    /// With [`Folders::turn`] held.
    fn publish(&self, written: &Written) -> Result<(), SpoolError> {
        let path = self.queue.join(written.id.as_str());
        let renamed = crash::disk(Step::Write).and_then(|()| fs::rename(&written.path, &path));
        renamed.map_err(broken("move a mail to", &path))
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.renames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the file is still the one that is meant. True only as long as [`Folders::turn`] is held.
    fn check(&self, file: &Generation) -> Result<(), SpoolError> {
        if file.sequence.is_none() {
            return Ok(());
        }
        file.check(&read_job(&self.queue.join(file.id.as_str()))?)
    }

    fn update(&self, job: Job) -> Result<(), SpoolError> {
        let file = Generation::of_job(&job);
        let bytes = self.read_mail(&file)?;
        let written = self.write_tmp(&Mail { job, bytes })?;
        sync(&written)?;
        let _turn = self.turn();
        self.check(&file)?;
        self.publish(&written)
    }

    fn read_mail(&self, file: &Generation) -> Result<Vec<u8>, SpoolError> {
        let path = self.queue.join(file.id.as_str());
        let (mut reader, head) = open_file(&path)?;
        let json = read_json(&mut reader, &head, &path)?;
        if file.sequence.is_some() {
            file.check(&parse_job(&json, &path)?)?;
        }
        let mut mail = Vec::new();
        if head.mail_octets_found == Some(head.mail_octets) {
            mail.reserve_exact(usize::try_from(head.mail_octets).unwrap_or(0));
            let read = reader.read_to_end(&mut mail);
            read.map_err(broken(READING, &path))?;
            if crc32fast::hash(&mail) == head.mail_sum {
                return Ok(mail);
            }
        }
        // Its file leaves the queue when its sender was told.
        let _ = fs::hard_link(&path, self.damaged.join(file.id.as_str()));
        let wrong = "the mail does not match its length and its checksum";
        Err(damaged(&path, wrong))
    }

    fn remove(&self, file: &Generation) -> Result<(), SpoolError> {
        let path = self.queue.join(file.id.as_str());
        let _turn = self.turn();
        match self.check(file) {
            Err(SpoolError::Replaced(_) | SpoolError::Gone(_)) => return Ok(()),
            checked => checked?,
        }
        match crash::disk(Step::Write).and_then(|()| fs::remove_file(&path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(broken("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, SpoolError> {
    let entries = fs::read_dir(folder).map_err(broken(READING, folder))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths
        .collect::<Result<_, _>>()
        .map_err(broken(READING, folder))
}

fn lock(dir: &Path) -> Result<File, SpoolError> {
    let path = dir.join("lock");
    let open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path);
    let file = open.map_err(broken("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::InUse(dir.display().to_string())),
        Err(TryLockError::Error(error)) => Err(broken("lock", &path)(error)),
    }
}

fn sync(written: &Written) -> Result<(), SpoolError> {
    let synced = crash::disk(Step::Sync).and_then(|()| written.file.sync_data());
    synced.map_err(broken("sync", &written.path))
}

fn sync_folder(folder: &Path) -> Result<(), SpoolError> {
    let synced = crash::disk(Step::Sync).and_then(|()| File::open(folder)?.sync_all());
    synced.map_err(broken("sync", folder))
}

fn micros_now() -> u64 {
    u64::try_from(Timestamp::now().millis())
        .unwrap_or(0)
        .saturating_mul(1000)
}

fn gone_or_broken(path: &Path, error: io::Error) -> SpoolError {
    let id = path
        .file_name()
        .and_then(|name| JobId::parse(name.to_str()?));
    match (error.kind(), id) {
        (io::ErrorKind::NotFound, Some(id)) => SpoolError::Gone(id),
        _ => broken(READING, path)(error),
    }
}

fn broken(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.display().to_string();
    move |error| match error.kind() {
        // A limit on the size of files ends when somebody lifts it, like a quota.
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            SpoolError::Full { path }
        }
        _ => SpoolError::Broken {
            doing,
            path,
            cause: error.to_string(),
        },
    }
}

fn damaged(path: &Path, why: impl ToString) -> SpoolError {
    SpoolError::Damaged {
        path: path.display().to_string(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::address::MailAddress;
    use crate::core::id::MessageId;
    use std::os::unix::fs::PermissionsExt;

    fn mail(name: &str, sequence: u64) -> Mail {
        let message_id = MessageId::parse(&format!("{name}@mail.example")).unwrap();
        let job = Job {
            id: JobId::derive(&message_id),
            message_id,
            lane: "alice carol".to_owned(),
            sequence,
            from: Some(MailAddress::parse("alice@mail.example").unwrap()),
            to: vec![MailAddress::parse("carol@mail.example").unwrap()],
            origin: None,
            accepted: Timestamp::from_secs(1),
            attempts: 0,
            next_attempt: Timestamp::from_secs(1),
            delay_told: false,
            last_reply: None,
            certain: true,
            silent: false,
            expires: None,
            replaceable: false,
        };
        let bytes = format!("Subject: {name}\r\n\r\n{}\r\n", "x".repeat(2000)).into_bytes();
        Mail { job, bytes }
    }

    fn queued(dir: &Path) -> Vec<PathBuf> {
        files_in(&dir.join("queue")).unwrap()
    }

    /// Opens a spool again that was just closed: the thread of its last operation may hold it for a moment longer.
    fn reopen(dir: &Path) -> Result<(Spool, Vec<Job>), SpoolError> {
        let began = std::time::Instant::now();
        loop {
            match Spool::open(dir) {
                Err(SpoolError::InUse(_)) if began.elapsed().as_secs() < 5 => {
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
                Err(error) => return Err(error),
                Ok((spool, briefs)) => {
                    let jobs = Spool::look(dir)?;
                    let same: Vec<Brief> = jobs.iter().map(Brief::from).collect();
                    assert_eq!(briefs, same);
                    return Ok((spool, jobs));
                }
            }
        }
    }

    #[tokio::test]
    async fn what_was_accepted_is_there_after_a_restart_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, jobs) = reopen(dir.path()).unwrap();
        assert!(jobs.is_empty());
        let mails: Vec<Mail> = (0..70).rev().map(|n| mail(&format!("m{n}"), n)).collect();
        spool.accept(mails.clone()).await.unwrap();
        drop(spool);
        let (spool, jobs) = reopen(dir.path()).unwrap();
        let sequences: Vec<u64> = jobs.iter().map(|job| job.sequence).collect();
        assert_eq!(sequences, (0..70).collect::<Vec<_>>());
        for one in &mails {
            assert_eq!(spool.read_mail(&one.job).await.unwrap(), one.bytes);
            assert!(jobs.contains(&one.job));
        }
    }

    #[tokio::test]
    async fn accepting_twice_leaves_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path()).unwrap();
        spool.accept(vec![mail("a", 1)]).await.unwrap();
        spool
            .accept(vec![mail("a", 1), mail("a", 1)])
            .await
            .unwrap();
        assert_eq!(queued(dir.path()).len(), 1);
        assert_eq!(files_in(&dir.path().join("tmp")).unwrap().len(), 0);
    }

    #[tokio::test]
    async fn an_update_keeps_the_mail_and_a_removal_is_idempotent() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path()).unwrap();
        let mut one = mail("a", 1);
        spool.accept(vec![one.clone()]).await.unwrap();
        (one.job.attempts, one.job.delay_told) = (7, true);
        spool.update(&one.job).await.unwrap();
        assert_eq!(spool.read_mail(&one.job).await.unwrap(), one.bytes);
        assert_eq!(Spool::look(dir.path()).unwrap(), [one.job.clone()]);
        spool.remove(&one.job).await.unwrap();
        spool.remove(&one.job).await.unwrap();
        let gone = SpoolError::Gone(one.job.id.clone());
        assert_eq!(spool.read_mail(&one.job).await, Err(gone.clone()));
        assert_eq!(spool.update(&one.job).await, Err(gone));
        assert!(queued(dir.path()).is_empty());
    }

    fn presence(sequence: u64, text: &str) -> Mail {
        let mut mail = mail(text, sequence);
        mail.job.id = JobId::of_name(&["presence", "alice@mail.example", "x.example"]);
        mail.job.replaceable = true;
        mail
    }

    #[tokio::test]
    async fn the_end_of_a_replaced_mail_leaves_the_file_of_the_newer_one_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path()).unwrap();
        let (mut old, new) = (presence(1, "old"), presence(2, "new"));
        spool.accept(vec![old.clone()]).await.unwrap();
        assert_eq!(spool.read_mail(&old.job).await.unwrap(), old.bytes);
        old.job.attempts = 1;
        spool.update(&old.job).await.unwrap();
        spool.accept(vec![new.clone()]).await.unwrap();
        let replaced = SpoolError::Replaced(old.job.id.clone());
        assert_eq!(spool.read_mail(&old.job).await, Err(replaced.clone()));
        assert_eq!(spool.update(&old.job).await, Err(replaced));
        assert_eq!(spool.remove(&old.job).await, Ok(()));
        assert_eq!(spool.read_mail(&new.job).await.unwrap(), new.bytes);
        assert_eq!(
            Spool::look(dir.path()).unwrap(),
            std::slice::from_ref(&new.job)
        );
        spool.remove(&new.job).await.unwrap();
        assert_eq!(spool.remove(&old.job).await, Ok(()));
        assert!(queued(dir.path()).is_empty());
        assert_eq!(files_in(&dir.path().join("tmp")).unwrap().len(), 0);
    }

    #[tokio::test]
    async fn a_newer_mail_is_never_lost_to_the_end_of_the_older_one_however_they_meet() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path()).unwrap();
        for round in 0..150 {
            let (old, new) = (presence(2 * round, "old"), presence(2 * round + 1, "new"));
            spool.accept(vec![old.clone()]).await.unwrap();
            let end = async {
                if round % 2 == 0 {
                    spool.remove(&old.job).await
                } else {
                    spool.update(&old.job).await
                }
            };
            let (accepted, ended) = tokio::join!(spool.accept(vec![new.clone()]), end);
            assert_eq!(accepted, Ok(()));
            assert!(matches!(ended, Ok(()) | Err(SpoolError::Replaced(_))));
            assert_eq!(spool.read_mail(&new.job).await.unwrap(), new.bytes);
        }
    }

    #[tokio::test]
    async fn the_same_stanza_twice_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path()).unwrap();
        let first = mail("a", 1);
        spool.accept(vec![first.clone()]).await.unwrap();
        spool.accept(vec![mail("a", 2)]).await.unwrap();
        // The queue has left the second one out.
        spool.remove(&first.job).await.unwrap();
        assert!(queued(dir.path()).is_empty());
    }

    #[test]
    fn a_job_that_was_written_before_there_were_presences_is_read() {
        let job = mail("a", 1).job;
        let mut json = serde_json::to_value(&job).unwrap();
        for field in ["silent", "expires", "replaceable"] {
            assert!(json.as_object_mut().unwrap().remove(field).is_some());
        }
        assert_eq!(serde_json::from_value::<Job>(json).unwrap(), job);
    }

    #[test]
    fn sequences_rise_over_restarts_even_if_the_clock_was_set_back() {
        let dir = tempfile::tempdir().unwrap();
        let far = micros_now() + 3_600_000_000;
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (spool, _) = Spool::open(dir.path()).unwrap();
        let first = spool.next_sequence();
        assert!(spool.next_sequence() > first);
        runtime
            .block_on(spool.accept(vec![mail("a", far)]))
            .unwrap();
        drop(spool);
        assert_eq!(reopen(dir.path()).unwrap().0.next_sequence(), far + 1);
    }

    #[tokio::test]
    async fn however_a_file_is_torn_it_is_kept_aside_and_its_job_is_known_if_that_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path()).unwrap();
        let (good, bad) = (mail("good", 1), mail("bad", 2));
        spool.accept(vec![good.clone(), bad.clone()]).await.unwrap();
        drop(spool);
        let path = dir.path().join("queue").join(bad.job.id.as_str());
        let whole = fs::read(&path).unwrap();
        let aside = dir.path().join("damaged").join(bad.job.id.as_str());
        let job_end = whole.len() - bad.bytes.len() - 1;
        for cut in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
            fs::write(&path, &whole[..cut]).unwrap();
            let _ = fs::remove_file(&aside);
            let (spool, jobs) = reopen(dir.path()).unwrap();
            let is_known = cut > job_end;
            assert_eq!(jobs.len(), if is_known { 2 } else { 1 }, "cut at {cut}");
            if is_known {
                let read = spool.read_mail(&bad.job).await;
                assert!(matches!(read, Err(SpoolError::Damaged { .. })), "{read:?}");
            }
            assert!(aside.exists());
        }
        for flip in 0..job_end {
            let mut torn = whole.clone();
            torn[flip] ^= 1;
            fs::write(&path, &torn).unwrap();
            match reopen(dir.path()) {
                // The mail's own checksum is looked at when the mail is read.
                Ok((spool, jobs)) if jobs.contains(&bad.job) => {
                    let read = spool.read_mail(&bad.job).await;
                    assert!(
                        matches!(read, Err(SpoolError::Damaged { .. })),
                        "flipped {flip}: {read:?}"
                    );
                }
                Ok(_) => {}
                Err(error) => assert!(matches!(error, SpoolError::Newer { .. }), "{error}"),
            }
            let _ = fs::remove_file(&path);
        }
    }

    #[tokio::test]
    async fn a_flipped_bit_in_the_mail_is_found_before_it_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path()).unwrap();
        let one = mail("a", 1);
        spool.accept(vec![one.clone()]).await.unwrap();
        let path = dir.path().join("queue").join(one.job.id.as_str());
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        let result = spool.read_mail(&one.job).await;
        assert!(
            matches!(result, Err(SpoolError::Damaged { .. })),
            "{result:?}"
        );
    }

    #[test]
    fn what_was_being_written_is_forgotten_and_strangers_are_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        drop(Spool::open(dir.path()).unwrap());
        fs::write(dir.path().join("tmp/half"), "stanzamail 1 ").unwrap();
        fs::write(dir.path().join("queue/notes.txt"), "hello").unwrap();
        let (_spool, jobs) = Spool::open(dir.path()).unwrap();
        assert!(jobs.is_empty());
        assert!(!dir.path().join("tmp/half").exists());
        assert!(dir.path().join("damaged/notes.txt").exists());
    }

    #[test]
    fn a_file_of_a_newer_version_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        drop(Spool::open(dir.path()).unwrap());
        let path = dir.path().join("queue/00000000000000000000000000000000");
        fs::write(&path, "stanzamail 2 whatever\n").unwrap();
        let error = Spool::open(dir.path()).err().unwrap();
        assert!(error.to_string().contains("newer stanzamail"), "{error}");
        assert!(path.exists());
    }

    #[test]
    fn a_second_gateway_is_told_that_the_spool_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let (first, _) = Spool::open(dir.path()).unwrap();
        let error = Spool::open(dir.path()).err();
        assert_eq!(
            error,
            Some(SpoolError::InUse(dir.path().display().to_string()))
        );
        drop(first);
        assert!(reopen(dir.path()).is_ok());
    }

    #[tokio::test]
    async fn only_the_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("spool");
        let (spool, _) = Spool::open(&root).unwrap();
        spool.accept(vec![mail("a", 1)]).await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&root), 0o700);
        assert_eq!(mode(&root.join("queue")), 0o700);
        assert_eq!(mode(&queued(&root)[0]), 0o600);
    }

    #[tokio::test]
    async fn when_a_batch_cannot_be_accepted_none_of_it_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path()).unwrap();
        let (old, new, blocked) = (mail("old", 1), mail("new", 2), mail("blocked", 3));
        spool.accept(vec![old.clone()]).await.unwrap();
        // A folder in its place makes the rename of the last mail fail.
        fs::create_dir(dir.path().join("queue").join(blocked.job.id.as_str())).unwrap();
        let result = spool.accept(vec![old.clone(), new.clone(), blocked]).await;
        assert!(
            matches!(result, Err(SpoolError::Broken { .. })),
            "{result:?}"
        );
        assert!(spool.read_mail(&old.job).await.is_ok());
        assert_eq!(
            spool.read_mail(&new.job).await,
            Err(SpoolError::Gone(new.job.id))
        );
        assert_eq!(files_in(&dir.path().join("tmp")).unwrap().len(), 0);
    }

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        let error = |kind| broken("write", Path::new("/x"))(io::Error::from(kind));
        for kind in [
            io::ErrorKind::StorageFull,
            io::ErrorKind::QuotaExceeded,
            io::ErrorKind::FileTooLarge,
        ] {
            assert!(matches!(error(kind), SpoolError::Full { .. }));
        }
        assert!(matches!(
            error(io::ErrorKind::Other),
            SpoolError::Broken { .. }
        ));
    }
}
