//! Notices a part that stands still.
//!
//! A part that waits for a peer gives its thread back, and has a time limit for the wait. One that keeps the thread for
//! longer than [`LIMIT`] spins, or waits for a lock, or for a pipe that nobody reads: nobody can end it from outside, so the
//! process ends, and whoever runs it starts it again. What was accepted is on the disk.
//!
//! The watchdog has a thread of its own, since the others may be what stands still, and counts the seconds that it has
//! itself lived through: a process that was stopped, or a machine that slept, has missed nothing.

use crate::failpoints;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::process::exit;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// How long a part may keep its thread: longer than a slow disk takes to sync.
const LIMIT: Duration = Duration::from_secs(25);
const TICK: Duration = Duration::from_secs(1);
/// The log may be what stands still.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// What the process answers then, as for any other failure.
const FAILURE: i32 = 1;

/// Looks after all parts from now on.
#[derive(Clone, Debug, Default)]
pub(super) struct Watchdog(Arc<Watch>);

#[derive(Debug, Default)]
struct Watch {
    /// Ticks that have passed.
    now: AtomicU64,
    parts: Mutex<Vec<Weak<WatchedPart>>>,
}

#[derive(Debug)]
struct WatchedPart {
    name: &'static str,
    /// The tick after which it was given its thread; 0 while it has none.
    since: AtomicU64,
}

impl Watchdog {
    /// # Errors
    /// The system has no thread for it.
    pub(super) fn start() -> io::Result<Self> {
        let watchdog = Self::default();
        let watch = Arc::clone(&watchdog.0);
        let limit = failpoints::hurry(LIMIT).as_secs().max(1);
        std::thread::Builder::new()
            .name("watchdog".into())
            .spawn(move || {
                loop {
                    std::thread::sleep(TICK);
                    if let Some(name) = watch.tick(limit) {
                        give_up(name);
                    }
                }
            })?;
        Ok(watchdog)
    }

    /// The part, looked after.
    pub(super) async fn watch<T>(&self, name: &'static str, work: impl Future<Output = T>) -> T {
        let since = AtomicU64::new(0);
        let part = Arc::new(WatchedPart { name, since });
        self.0.parts().push(Arc::downgrade(&part));
        let mut work = pin!(work);
        poll_fn(|context| {
            let now = self.0.now.load(Ordering::Relaxed);
            part.since.store(now.saturating_add(1), Ordering::Relaxed);
            let polled = work.as_mut().poll(context);
            part.since.store(0, Ordering::Relaxed);
            polled
        })
        .await
    }
}

impl Watch {
    /// One more second has passed: which part has stood still for longer than `limit` of them?
    fn tick(&self, limit: u64) -> Option<&'static str> {
        let now = self.now.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let mut parts = self.parts();
        parts.retain(|part| part.strong_count() > 0);
        let stands_still = |part: &Arc<WatchedPart>| match part.since.load(Ordering::Relaxed) {
            0 => false,
            since => now.saturating_sub(since) >= limit,
        };
        let part = parts.iter().filter_map(Weak::upgrade).find(stands_still)?;
        Some(part.name)
    }

    fn parts(&self) -> MutexGuard<'_, Vec<Weak<WatchedPart>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn give_up(name: &'static str) -> ! {
    let say = move || {
        tracing::error!(
            "the part “{name}” has stood still for {} seconds; this is a defect, please report it with the log: the gateway ends, to be started again, and nothing that it has accepted is lost",
            LIMIT.as_secs()
        );
    };
    let said = std::thread::Builder::new().spawn(say);
    std::thread::sleep(LAST_WORDS);
    drop(said);
    exit(FAILURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 3;

    fn ticks(watchdog: &Watchdog, count: u64) -> Option<&'static str> {
        (0..count).find_map(|_| watchdog.0.tick(LIMIT))
    }

    #[tokio::test]
    async fn a_part_that_keeps_its_thread_is_noticed_after_the_limit() {
        let watchdog = Watchdog::default();
        let watched = watchdog.clone();
        let work = async move {
            assert_eq!(ticks(&watched, LIMIT), None);
            assert_eq!(ticks(&watched, 1), Some("stuck"));
        };
        watchdog.watch("stuck", work).await;
        assert_eq!(ticks(&watchdog, 100), None, "it has ended");
    }

    #[tokio::test]
    async fn a_part_that_waits_is_left_alone_and_one_that_panicked_forgotten() {
        let watchdog = Watchdog::default();
        let waits = watchdog.watch("waits", std::future::pending::<()>());
        let mut waits = pin!(waits);
        assert!(futures::poll!(&mut waits).is_pending());
        let panicked = watchdog.clone();
        let panics = async move {
            panicked
                .watch("panics", async { panic!("on purpose") })
                .await
        };
        assert!(tokio::spawn(panics).await.is_err());
        assert_eq!(ticks(&watchdog, 100), None);
    }
}
