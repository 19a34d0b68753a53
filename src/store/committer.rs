//! Group commit. This comment is the authoritative one on the order in which the store becomes durable:
//!
//! 1. a batch is applied to sled, in memory;
//! 2. its caller waits here; one thread takes all who wait and calls `Db::flush` once, which writes sled's buffers;
//! 3. the same thread calls fdatasync on sled's file, because `flush` ends with `sync_file_range`, which asks the disk
//!    for nothing;
//! 4. it notes how many batches are durable now, for the next start to see that none of them is gone;
//! 5. all who waited are told.
//!
//! `Db::flush_async` is not used: it hangs when some eight callers wait at once. After one failure nothing is ever
//! acknowledged again: the kernel reports a failed write once and then calls the lost pages clean.

use crate::failpoints::{self, DiskStep};
use crate::store::anchor::Commits;
use crate::store::broken::Broken;
use crate::store::{StoreError, garbage};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

type Waiter = oneshot::Sender<Result<(), StoreError>>;

/// Makes what was applied durable, for many callers at once.
#[derive(Debug)]
pub(super) struct Committer {
    /// `None` only while it is dropped.
    waiters: Option<Sender<Waiter>>,
    thread: Option<JoinHandle<()>>,
    broken: Broken<StoreError>,
}

impl Committer {
    /// Starts the thread. `file` is the one that sled writes to; `applied` counts the batches that were given to it, and
    /// those that are durable are noted in `durable` and `commits`.
    ///
    /// # Errors
    /// [`StoreError::Broken`]: the file cannot be opened, or no thread be started.
    pub(super) fn start(
        db: sled::Db,
        file: &Path,
        applied: Arc<AtomicU64>,
        durable: Arc<AtomicU64>,
        commits: Commits,
    ) -> Result<Self, StoreError> {
        let wrong = |e| StoreError::Broken(format!("{}: {e}", file.display()));
        let opened = File::open(file).map_err(wrong)?;
        let name = file.display().to_string();
        let sync = move || {
            let number = applied.load(Ordering::Acquire);
            failpoints::point("store: applied, not yet flushed");
            failpoints::disk(DiskStep::Write).map_err(|e| e.to_string())?;
            db.flush().map_err(|e| e.to_string())?;
            garbage::free();
            failpoints::point("store: flushed, not yet synced");
            let synced = failpoints::disk(DiskStep::Sync).and_then(|()| opened.sync_data());
            synced.map_err(|e| format!("cannot sync {name}: {e}"))?;
            durable.store(number, Ordering::Release);
            commits.write(number).map_err(|e| e.to_string())
        };
        Self::with_sync(sync).map_err(wrong)
    }

    fn with_sync(
        sync: impl Fn() -> Result<(), String> + Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let (sender, receiver) = channel();
        let broken = Broken::not();
        let broken_there = broken.clone();
        let thread = std::thread::Builder::new()
            .name("store-commit".to_owned())
            .spawn(move || serve(&receiver, &sync, &broken_there))?;
        Ok(Self {
            waiters: Some(sender),
            thread: Some(thread),
            broken,
        })
    }

    /// # Errors
    /// What broke the store, once it is broken.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.broken.check()
    }

    /// Remembers that the store is broken, and answers with what broke it first.
    pub(super) fn broken_by(&self, error: StoreError) -> StoreError {
        self.broken.by(error)
    }

    /// Ready when the store is broken.
    pub(super) fn failed(&self) -> impl Future<Output = StoreError> + Send + use<> {
        let broken = self.broken.clone();
        async move { broken.wait().await }
    }

    /// Ready when all that was applied before this call survives a power cut.
    pub(super) fn durable(&self) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (waiter, told) = oneshot::channel();
        // Where the thread has ended, the waiter is dropped here, and `told` says so.
        let _ = self.waiters.as_ref().map(|waiters| waiters.send(waiter));
        let broken = self.broken.clone();
        async move {
            let ended = || StoreError::Broken("its committing thread has ended".to_owned());
            told.await.unwrap_or_else(|_| Err(broken.by(ended())))
        }
    }
}

/// Ends the thread, after it has served who still waits.
impl Drop for Committer {
    fn drop(&mut self) {
        self.waiters = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    waiters: &Receiver<Waiter>,
    sync: &impl Fn() -> Result<(), String>,
    broken: &Broken<StoreError>,
) {
    while let Ok(first) = waiters.recv() {
        let mut group = vec![first];
        group.extend(waiters.try_iter());
        let result = match broken.check() {
            Err(error) => Err(error),
            Ok(()) => sync().map_err(|text| {
                let error = StoreError::Broken(format!("{text}; restart to go on"));
                tracing::error!(%error, "nothing is acknowledged any more");
                broken.by(error)
            }),
        };
        for waiter in group {
            // Who no longer waits does not need to know.
            let _ = waiter.send(result.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[tokio::test]
    async fn many_waiters_share_few_syncs() {
        let syncs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&syncs);
        let (go_on, may_go_on) = channel();
        let may_go_on = std::sync::Mutex::new(may_go_on);
        let committer = Committer::with_sync(move || {
            // The first one takes until all of them wait.
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                may_go_on.lock().unwrap().recv().unwrap();
            }
            Ok(())
        })
        .unwrap();
        let waiting: Vec<_> = (0..500).map(|_| committer.durable()).collect();
        go_on.send(()).unwrap();
        for waiter in waiting {
            assert_eq!(waiter.await, Ok(()));
        }
        let made = syncs.load(Ordering::SeqCst);
        assert!((1..=2).contains(&made), "{made} syncs");
    }

    #[tokio::test]
    async fn after_one_failed_sync_nothing_is_acknowledged_again() {
        let calls = AtomicUsize::new(0);
        let committer = Committer::with_sync(move || match calls.fetch_add(1, Ordering::SeqCst) {
            1 => Err("input/output error".to_owned()),
            _ => Ok(()),
        })
        .unwrap();
        assert_eq!(committer.durable().await, Ok(()));
        for _ in 0..3 {
            let error = committer.durable().await.unwrap_err().to_string();
            assert!(error.contains("input/output error"), "{error}");
        }
        assert!(committer.check().is_err());
    }

    #[tokio::test]
    async fn a_sync_that_panics_breaks_the_store() {
        let committer = Committer::with_sync(|| panic!("as asked for by the test")).unwrap();
        assert!(committer.durable().await.is_err());
        assert!(committer.durable().await.is_err());
        assert!(committer.check().is_err());
    }
}
