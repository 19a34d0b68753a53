//! Mails that wait to be sent, in a journal.
//!
//! ```text
//! <spool>/journal/<number>-<salt>   segments, written one after the other, each from its beginning to its end
//! <spool>/damaged/…                 could not be read, and is not sent; kept for the admin
//! <spool>/lock                      held while a gateway runs
//! ```
//! It needs no database: each mail carries its own mail transaction and schedule (its [`Job`]), and the queue is rebuilt from
//! the journal alone.
//!
//! # Records
//! A segment is a row of records, and zeros after them. Each begins with 72 octets (numbers are little-endian):
//!
//! | octets | what |
//! | --- | --- |
//! | 8 | the salt of the segment, a random number: nobody who writes a mail can put into it what could be taken for a record |
//! | 4 | CRC-32 of the other 60 |
//! | 1, 1, 2 | the kind: 0 begins a segment, 1 is a mail, 2 a mark that a mail is settled, 3 a note of what is durable; the format (2); 0 |
//! | 16 | the job's id |
//! | 8 | [`Job::sequence`]; of the first record, the number of the segment before |
//! | 4, 4 | octets of the job and of the mail that follow |
//! | 4, 4 | their CRC-32 |
//! | 8 | where in the segment the record stands |
//! | 8 | up to where the segment was durable when it was written; of the first record, how long the segment before is |
//!
//! Then follow the job as JSON and the mail as it goes over the wire. What holds of a job is what the last record says that has
//! its id: a mail takes the place of the one before it, a mark ends it. So a new schedule, a mail with its files and a presence that
//! replaces another are all the same: written once more, whole.
//!
//! # The sync order (this comment is the authoritative one)
//! One thread writes. It takes all that is wanted at that moment, writes it at the end of the journal with one call, and, if a
//! mail is to be accepted among it, calls `fdatasync` once: whoever comes meanwhile shares the next. A mail alone waits for nobody.
//! A mail of more than 256 KiB is written in several calls, behind each other and before that sync: none of it is found before,
//! and a process that dies in between leaves a record that is torn, as a power cut does.
//!
//! 1. **Accepting** mails: written, `fdatasync`. Only then has [`Spool::accept`] succeeded and may anything be acknowledged. A new
//!    segment's folder is synced, too. Nothing is written behind mails that are not durable yet, and nothing into a segment
//!    before all of the one before is durable.
//! 2. **Updating** a job (schedule, recipients who are served): written. The older record stays until the newer one is durable, so a
//!    power cut may bring that back, which costs an early attempt or a repeated mail with the same Message-ID, never a loss.
//! 3. **Removing** a job: a mark is written. A power cut may lose it: the mail is sent once more with the same
//!    Message-ID. What was only written becomes durable with the next mail that is accepted, or after a second.
//! 4. **A segment leaves** when it is the first one, no mail in it waits, and all that was written since is durable. One after
//!    the other, the folder synced after each: else a mail could come back whose mark is gone. What keeps the first segment while
//!    the journal is more than twice as long as what waits in it, and two segments more, is written to its end once more.
//!
//! A sync that failed is never believed: what was written since the last good one is cut off, nothing is accepted any more, and
//! the next start writes what it cannot know to be durable once more before it relies on it.
//!
//! # After a power cut
//! Of what was not synced anything may be missing. All of it stands behind the place up to which later records say that the segment
//! is durable; so what cannot be read before that place was damaged by the disk, is told and set aside, and what
//! cannot be read behind it was never accepted. A record that cannot be read costs no other: the next one is found by the salt.
//!
//! # Replacing
//! A job that is [`Job::replaceable`] has the same id as the one that it replaces, which may be under way at that moment.
//! [`Job::sequence`] tells the two apart: reading, updating and removing do nothing to a job with another sequence. The
//! one thread looks and writes in one step. Once the new one was accepted, no start finds the old one.

mod aside;
mod error;
mod index;
mod journal;
mod old;
mod pause;
mod reading;
mod record;
mod replay;
mod scratch;
mod segment;
mod source;
#[cfg(test)]
mod tests;
mod tidying;
#[cfg(test)]
pub(crate) mod torn;

use crate::core::id::JobId;
use crate::core::job::{Brief, ComposedMail, Job};
use crate::core::time::Timestamp;
use crate::failpoints::{self, DiskStep};
use crate::store::handles;
use crate::system;
use aside::Aside;
pub use error::SpoolError;
use error::{READING, broken, damaged, gone_or_broken, is_full};
use index::Index;
use journal::{Journal, Work, WriteRequest};
use reading::ReadJob;
use record::{Encoded, id_of};
use replay::{Replayed, replay, segments_in};
pub use scratch::{Scratch, ScratchFile};
pub use source::{MailSource, SourceReader};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// How long a segment becomes, in octets. What is longer has one of its own.
const SEGMENT_OCTETS: u64 = 4 * 1024 * 1024;
/// What is written with one call at most, in octets, but for the last of it.
const GROUP_OCTETS: u64 = 4 * 1024 * 1024;

/// The queue on disk. All methods may be called at the same time; calls about one job must follow each other, but for
/// [`Spool::accept`] of the job that replaces it.
#[derive(Debug)]
pub struct Spool {
    journal: Arc<Journal>,
    /// To the thread that writes. `None` only while it is dropped, and in a simulated world, where it is done at once.
    requests: Option<Sender<WriteRequest>>,
    thread: Option<JoinHandle<()>>,
    sequence: AtomicU64,
    scratch: Scratch,
    /// Locked as long as it is open.
    _lock: File,
}

impl Spool {
    /// Opens (or makes, for the owner only) the spool and reads what waits in it, in the order of acceptance: of each job
    /// only a little, since there may be very many. What was never accepted is left out; what cannot be read is copied to
    /// `damaged` and logged. A spool of an older version is taken over.
    ///
    /// # Errors
    /// [`SpoolError`]: in use, written by a newer version, or the folders cannot be read or made.
    pub fn open(dir: &Path) -> Result<(Self, Vec<Brief>), SpoolError> {
        Self::open_with(dir, SEGMENT_OCTETS)
    }

    /// The same with segments of another length, so that tests see more of them.
    ///
    /// # Errors
    /// As of [`Spool::open`].
    #[doc(hidden)]
    pub fn open_with(dir: &Path, segment_octets: u64) -> Result<(Self, Vec<Brief>), SpoolError> {
        let (folder, aside) = make(dir)?;
        let lock = lock(dir)?;
        for other in segments_in(&folder)?.1 {
            aside.file(&other, "it is no segment of the journal")?;
        }
        let replayed = replay(&folder, |job| Brief::from(&job))?.unwrap_or_default();
        for damage in &replayed.damages {
            aside.damage(&folder, damage);
        }
        for name in &replayed.empty {
            let path = name.path(&folder);
            fs::remove_file(&path).map_err(broken("remove", &path))?;
        }
        let (journal, mut jobs) = opened(folder, aside.clone(), segment_octets, replayed);
        if old::take_over(dir, &journal, &aside)? > 0 {
            jobs = briefs(&journal);
        }
        journal.begin();
        journal.broken.check()?;
        jobs.sort_by(|a, b| (a.sequence, &a.id).cmp(&(b.sequence, &b.id)));
        let newest = jobs.last().map_or(0, |job| job.sequence.saturating_add(1));
        let journal = Arc::new(journal);
        let (requests, thread) = start(&journal)?;
        let spool = Self {
            journal,
            requests,
            thread,
            sequence: AtomicU64::new(newest.max(micros_now())),
            scratch: Scratch::new(dir),
            _lock: lock,
        };
        Ok((spool, jobs))
    }

    /// The jobs in a spool, in the order of acceptance, without changing or locking anything: for looking at the queue
    /// of a gateway that runs. What cannot be read is left out.
    ///
    /// # Errors
    /// [`SpoolError`]: the folder cannot be read.
    pub fn look(dir: &Path) -> Result<Vec<Job>, SpoolError> {
        let looked = reading::look(dir)?;
        Ok(looked.into_iter().map(|(job, _)| job).collect())
    }

    /// The same with the mails.
    ///
    /// # Errors
    /// As of [`Spool::look`].
    pub fn look_at_mails(dir: &Path) -> Result<Vec<ComposedMail>, SpoolError> {
        let folder = dir.join("journal");
        let mut mails = Vec::new();
        for (job, place) in reading::look(dir)? {
            let bytes = match place {
                Some(place) => reading::mail_at(&folder, &job.id, place),
                None => old::mail(&dir.join("queue").join(job.id.as_str())),
            };
            match bytes {
                Ok(bytes) => mails.push(ComposedMail { job, bytes }),
                // Settled while we were looking.
                Err(SpoolError::Gone(_) | SpoolError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(mails)
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
    /// [`SpoolError`]: the disk below it has failed.
    pub async fn jobs(&self) -> Result<Vec<Brief>, SpoolError> {
        self.request(Work::Nothing).await?;
        let read = |journal: &Journal| {
            let mut jobs = briefs(journal);
            jobs.sort_by(|a, b| (a.sequence, &a.id).cmp(&(b.sequence, &b.id)));
            Ok(jobs)
        };
        self.blocking(read).await
    }

    /// The whole job. One that cannot be read is set aside, as at a start: nobody knows any more whom it concerns.
    ///
    /// # Errors
    /// [`SpoolError::Gone`], [`SpoolError::Replaced`], [`SpoolError::Damaged`] or [`SpoolError::Broken`].
    pub async fn read_job(&self, brief: &Brief) -> Result<Job, SpoolError> {
        let generation = Generation::of(&brief.id, brief.replaceable, brief.sequence);
        let read = self.blocking(move |journal| journal.read_job(&generation));
        match read.await? {
            ReadJob::Whole(mut job) => {
                brief.complete(&mut job);
                Ok(*job)
            }
            ReadJob::Lost(lost) => {
                let (lose, error) = *lost;
                self.request(lose).await?;
                Err(error)
            }
        }
    }

    /// How many octets the mails of these jobs have; 0 for one that is not there.
    pub async fn octets_of(&self, ids: Vec<JobId>) -> Vec<u64> {
        ids.iter().map(|id| self.journal.octets_of(id)).collect()
    }

    /// Makes these mails durable, all or none. The same job a second time takes the place of the first one.
    ///
    /// # Errors
    /// [`SpoolError::Full`], [`SpoolError::NoHandle`] or [`SpoolError::Broken`]: none of them was accepted.
    pub async fn accept(&self, mails: Vec<ComposedMail>) -> Result<(), SpoolError> {
        let encoded = mails.into_iter();
        let encoded = encoded.map(|mail| self.encoded(&mail.job, mail.bytes.into()));
        let encoded = encoded.collect::<Result<Vec<_>, _>>()?;
        self.request(Work::Accept(encoded)).await
    }

    /// The same with a mail that need not be in memory.
    ///
    /// # Errors
    /// As of [`Spool::accept`]; also [`SpoolError::Damaged`] where it is not what it was when it was put together.
    pub async fn accept_long(&self, job: &Job, mail: MailSource) -> Result<(), SpoolError> {
        let encoded = self.encoded(job, mail)?;
        self.request(Work::Accept(vec![encoded])).await
    }

    /// Where parts of mails lie that are being put together.
    pub fn scratch(&self) -> Scratch {
        self.scratch.clone()
    }

    fn encoded(&self, job: &Job, mail: MailSource) -> Result<Encoded, SpoolError> {
        let encoded = Encoded::of(job, mail);
        encoded.map_err(|error| broken("encode a mail for", self.journal.folder())(error.into()))
    }

    /// The mail of a job, as it was accepted.
    ///
    /// # Errors
    /// [`SpoolError::Gone`], [`SpoolError::Replaced`], [`SpoolError::Damaged`] or [`SpoolError::Broken`].
    pub async fn read_mail(&self, job: &Job) -> Result<Vec<u8>, SpoolError> {
        let generation = Generation::of_job(job);
        let read = self.blocking(move |journal| {
            let mail = journal.open_mail(&generation)?;
            mail.into_memory().or_else(|long| {
                let whole = long.whole();
                whole.map_err(broken(READING, journal.folder()))
            })
        });
        read.await
    }

    /// The same, and a long one is not in memory. Whoever reads it comes to its end only where it is what was accepted.
    ///
    /// # Errors
    /// As of [`Spool::read_mail`].
    pub async fn open_mail(&self, job: &Job) -> Result<MailSource, SpoolError> {
        let generation = Generation::of_job(job);
        self.blocking(move |journal| journal.open_mail(&generation))
            .await
    }

    /// Keeps a job's new schedule and recipients.
    ///
    /// # Errors
    /// As [`Spool::accept`] and [`Spool::read_mail`]; the old state is kept then.
    pub async fn update(&self, job: &Job) -> Result<(), SpoolError> {
        let mail = self.open_mail(job).await?;
        let generation = Generation::of_job(job);
        let encoded = self.encoded(job, mail)?;
        self.request(Work::Update(generation, encoded)).await
    }

    /// Forgets a job that is settled. It is no error if it is not there, nor if it was replaced: then the newer one
    /// stays.
    ///
    /// # Errors
    /// [`SpoolError::Broken`]: it may still be there, and its mail is sent again after a restart.
    pub async fn remove(&self, job: &Job) -> Result<(), SpoolError> {
        self.request(Work::Remove(Generation::of_job(job))).await
    }

    /// Ready when the disk below the spool has failed: nothing may be acknowledged any more.
    pub fn failed(&self) -> impl Future<Output = SpoolError> + Send + use<> {
        let broken = self.journal.broken.clone();
        async move { broken.wait().await }
    }

    /// Has something done by the thread that writes. It is done even if the caller goes away.
    async fn request(&self, work: Work) -> Result<(), SpoolError> {
        self.journal.broken.check()?;
        let (done, told) = oneshot::channel();
        let request = WriteRequest { work, done };
        match &self.requests {
            // Where the thread has ended, the request is dropped here, and `told` says so.
            Some(requests) => drop(requests.send(request)),
            None => self.journal.serve(vec![request]),
        }
        told.await
            .unwrap_or_else(|_| Err(self.not_done("its thread has ended")))
    }

    /// Of a mail that was opened and cannot be read any more.
    pub fn not_read(&self, cause: io::Error) -> SpoolError {
        broken(READING, self.journal.folder())(cause)
    }

    fn not_done(&self, cause: impl ToString) -> SpoolError {
        SpoolError::Broken {
            doing: "work on",
            path: self.journal.folder().display().to_string(),
            cause: cause.to_string(),
        }
    }

    /// Reads where that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Journal) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let journal = Arc::clone(&self.journal);
        match system::blocking(move || read(&journal)).await {
            Ok(result) => result,
            Err(error) => Err(self.not_done(error)),
        }
    }
}

/// Ends the thread, after it has done what is still wanted.
impl Drop for Spool {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Started = (Option<Sender<WriteRequest>>, Option<JoinHandle<()>>);

fn start(journal: &Arc<Journal>) -> Result<Started, SpoolError> {
    #[cfg(test)]
    if crate::simulated::is_here() {
        return Ok((None, None));
    }
    let (requests, wanted) = channel();
    let there = Arc::clone(journal);
    let thread = std::thread::Builder::new()
        .name("spool".to_owned())
        .spawn(move || serve(&wanted, &there));
    let thread = thread.map_err(broken("start a thread for", journal.folder()))?;
    Ok((Some(requests), Some(thread)))
}

/// Takes what is wanted, as much as there is, until nobody can want anything any more.
fn serve(wanted: &Receiver<WriteRequest>, journal: &Journal) {
    loop {
        let first = match journal.restless_after() {
            Some(pause) => wanted.recv_timeout(pause),
            None => wanted.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match first {
            Ok(first) => {
                let mut octets = first.work.octets();
                let mut group = vec![first];
                while octets < GROUP_OCTETS
                    && let Ok(next) = wanted.try_recv()
                {
                    octets = octets.saturating_add(next.work.octets());
                    group.push(next);
                }
                journal.serve(group);
            }
            Err(RecvTimeoutError::Timeout) => journal.rest(),
            Err(RecvTimeoutError::Disconnected) => return journal.rest(),
        }
    }
}

/// The journal in which this was found.
fn opened(
    folder: PathBuf,
    aside: Aside,
    segment_octets: u64,
    replayed: Replayed<Brief>,
) -> (Journal, Vec<Brief>) {
    let mut index = Index::default();
    for (name, end) in replayed.segments.into_values() {
        index.add_segment(name, end);
    }
    let mut jobs = Vec::with_capacity(replayed.live.len());
    for (key, (place, brief)) in replayed.live {
        index.insert(key, place);
        jobs.push(brief);
    }
    let journal = Journal::new(folder, aside, segment_octets, index, replayed.doubtful);
    (journal, jobs)
}

/// Of all jobs that can be read.
fn briefs(journal: &Journal) -> Vec<Brief> {
    let generation = |key| id_of(key).map(|id| Generation { id, sequence: None });
    let generations = journal.keys().into_iter().filter_map(generation);
    let briefs = generations.filter_map(|generation| match journal.read_job(&generation) {
        Ok(ReadJob::Whole(job)) => Some(Brief::from(&*job)),
        _ => None,
    });
    briefs.collect()
}

/// Which job is meant, and with which sequence if another one may have taken its place.
#[derive(Clone, Debug)]
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

    fn check(&self, found: u64) -> Result<(), SpoolError> {
        match self.sequence {
            Some(sequence) if sequence != found => Err(SpoolError::Replaced(self.id.clone())),
            _ => Ok(()),
        }
    }
}

/// The folders: that of the journal, and for what is damaged.
fn make(dir: &Path) -> Result<(PathBuf, Aside), SpoolError> {
    let (folder, aside) = (dir.join("journal"), Aside::new(dir.join("damaged")));
    for folder in [dir, &folder, aside.folder()] {
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
    Ok((folder, aside))
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, SpoolError> {
    let entries = handles::patiently(|| fs::read_dir(folder));
    let entries = entries.map_err(broken(READING, folder))?;
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
    match super::lock::take(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::InUse(dir.display().to_string())),
        Err(TryLockError::Error(error)) => Err(broken("lock", &path)(error)),
    }
}

fn sync_folder(folder: &Path) -> Result<(), SpoolError> {
    let synced = failpoints::disk(DiskStep::Sync)
        .and_then(|()| handles::patiently(|| File::open(folder))?.sync_all());
    synced.map_err(broken("sync", folder))
}

fn micros_now() -> u64 {
    u64::try_from(Timestamp::now().millis())
        .unwrap_or(0)
        .saturating_mul(1000)
}
