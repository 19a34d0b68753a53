//! Group commit. This comment is the authoritative one on the order in which the store becomes durable:
//!
//! 1. a batch is applied to sled, in memory;
//! 2. its caller waits here; one thread takes all who wait and calls `Db::flush` once, which writes sled's buffers;
//! 3. the same thread calls fdatasync on sled's file, because `flush` ends with `sync_file_range`, which asks the disk
//!    for nothing;
//! 4. all who waited are told.
//!
//! `Db::flush_async` is not used: it hangs when some eight callers wait at once. After one failure nothing is ever
//! acknowledged again: the kernel reports a failed write once and then calls the lost pages clean.

use crate::crash;
use crate::store::StoreError;
use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

type Waiter = oneshot::Sender<Result<(), StoreError>>;

/// Makes what was applied durable, for many callers at once.
#[derive(Debug)]
pub struct Committer {
    /// `None` only while it is dropped.
    waiters: Option<Sender<Waiter>>,
    thread: Option<JoinHandle<()>>,
    broken: Arc<OnceLock<StoreError>>,
}

impl Committer {
    /// Starts the thread. `file` is the one that sled writes to.
    ///
    /// # Errors
    /// [`StoreError::Broken`]: the file cannot be opened, or no thread be started.
    pub fn start(db: sled::Db, file: &Path) -> Result<Self, StoreError> {
        let wrong = |e| StoreError::Broken(format!("{}: {e}", file.display()));
        let opened = File::open(file).map_err(wrong)?;
        let sync = move || {
            crash::point("store: applied, not yet flushed");
            db.flush().map_err(|e| e.to_string())?;
            crash::point("store: flushed, not yet synced");
            opened.sync_data().map_err(|e| e.to_string())
        };
        Self::with_sync(sync).map_err(wrong)
    }

    fn with_sync(
        sync: impl Fn() -> Result<(), String> + Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let (sender, receiver) = channel();
        let broken = Arc::new(OnceLock::new());
        let broken_there = Arc::clone(&broken);
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
    pub fn check(&self) -> Result<(), StoreError> {
        self.broken.get().cloned().map_or(Ok(()), Err)
    }

    /// Remembers that the store is broken, and answers with what broke it first.
    pub fn broken_by(&self, error: StoreError) -> StoreError {
        self.broken.get_or_init(|| error).clone()
    }

    /// Ready when all that was applied before this call survives a power cut.
    pub fn durable(&self) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (waiter, told) = oneshot::channel();
        // Where the thread has ended, the waiter is dropped here, and `told` says so.
        let _ = self.waiters.as_ref().map(|waiters| waiters.send(waiter));
        let broken = Arc::clone(&self.broken);
        async move {
            let ended = || StoreError::Broken("its committing thread has ended".to_owned());
            told.await
                .unwrap_or_else(|_| Err(broken.get_or_init(ended).clone()))
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
    broken: &OnceLock<StoreError>,
) {
    while let Ok(first) = waiters.recv() {
        let mut group = vec![first];
        group.extend(waiters.try_iter());
        let result = match broken.get() {
            Some(error) => Err(error.clone()),
            None => sync().map_err(|text| {
                let error = StoreError::Broken(format!("{text}; restart to go on"));
                tracing::error!(%error, "nothing is acknowledged any more");
                broken.get_or_init(|| error).clone()
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[tokio::test]
    async fn many_waiters_share_few_syncs() {
        let syncs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&syncs);
        let committer = Committer::with_sync(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
            Ok(())
        })
        .unwrap();
        let waiting: Vec<_> = (0..500).map(|_| committer.durable()).collect();
        for waiter in waiting {
            assert_eq!(waiter.await, Ok(()));
        }
        let made = syncs.load(Ordering::SeqCst);
        assert!((1..=5).contains(&made), "{made} syncs");
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
