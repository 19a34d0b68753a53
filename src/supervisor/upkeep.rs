//! What is done now and then beside the work: old rows are forgotten, and the store is looked after.

use crate::core::reckoning::Reckoned;
use crate::core::time::Timestamp;
use crate::failpoints;
use crate::store::originals::Originals;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often what is to be forgotten is looked for, at least.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// And so many times within the time for which it is remembered.
const FORGET_TIMES: u32 = 10;
/// How often it is looked whether the store still lies where it was opened.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// A clock that is further away from the store's time is worth a line.
const GAP: Duration = Duration::from_secs(24 * 3600);

/// All of it until `stop`; what is older than `age` is forgotten.
pub(super) fn begin<S: Store>(store: &Arc<S>, age: Duration, stop: &CancellationToken) {
    forget_old(Arc::clone(store), failpoints::remember(age), stop.clone());
    look_after(Arc::clone(store), stop.clone());
}

fn forget_old<S: Store>(store: Arc<S>, age: Duration, stop: CancellationToken) {
    let every = age.checked_div(FORGET_TIMES).unwrap_or(age);
    let every = every.min(FORGET_EVERY);
    let again_and_again = async move {
        let mut last: Option<Instant> = None;
        loop {
            let now = Instant::now();
            let ran = last
                .replace(now)
                .map(|last| now.saturating_duration_since(last));
            let ran = ran.unwrap_or_default();
            match forget(&*store, age, Timestamp::now(), ran).await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "forgot what is older than {}", in_days(age)),
                Err(error) => tracing::error!(%error, "old rows cannot be deleted"),
            }
            tokio::time::sleep(every).await;
        }
    };
    tokio::spawn(async move { stop.run_until_cancelled(again_and_again).await });
}

/// Until `stop`: mails and files that are kept go when their time is over, by the time that the store knows, so that a clock that is wrong
/// for an hour takes none away. By the clock they are no longer shown.
pub(super) fn forget_originals<S: Store>(
    store: &Arc<S>,
    kept: [&Option<Arc<Originals>>; 2],
    stop: &CancellationToken,
) {
    let kept: Vec<Arc<Originals>> = kept.into_iter().flatten().map(Arc::clone).collect();
    if kept.is_empty() {
        return;
    }
    let store = Arc::clone(store);
    let again_and_again = async move {
        loop {
            match forget_kept(&*store, kept.clone()).await {
                Ok(0) => {}
                Ok(count) => {
                    tracing::info!(count, "kept mails and files have expired and were deleted")
                }
                Err(error) => tracing::error!(%error, "expired mails cannot be deleted"),
            }
            tokio::time::sleep(FORGET_EVERY).await;
        }
    };
    let stop = stop.clone();
    tokio::spawn(async move { stop.run_until_cancelled(again_and_again).await });
}

/// How many mails and files.
async fn forget_kept(store: &impl Store, kept: Vec<Arc<Originals>>) -> Result<usize, StoreError> {
    let reckoned = store.reckon(Timestamp::now(), Duration::ZERO).await?;
    let forgotten = tokio::task::spawn_blocking(move || {
        let forgotten = kept.iter().map(|folder| folder.forget_old(reckoned.now));
        forgotten.sum()
    });
    forgotten
        .await
        .map_err(|error| StoreError::Broken(error.to_string()))
}

/// How many rows. `ran` is the time since the last time: at the start, when there was none, the clock is only looked at.
async fn forget(
    store: &impl Store,
    age: Duration,
    clock: Timestamp,
    ran: Duration,
) -> Result<u64, StoreError> {
    let reckoned = store.reckon(clock, ran).await?;
    tell(&reckoned, clock);
    if ran.is_zero() {
        return Ok(0);
    }
    store.forget_older(reckoned.now, age).await
}

/// The clock may be wrong, or the machine was off for long: nobody can say from here.
fn tell(reckoned: &Reckoned, clock: Timestamp) {
    let (ahead, behind) = (clock.since(reckoned.reached), reckoned.reached.since(clock));
    let clock = clock.to_xep0082().unwrap_or_default();
    if ahead > GAP {
        tracing::warn!(
            "the clock says {clock}, {} after the time that the store knows: either the gateway was off for so long, or the clock is \
             wrong. What is remembered is therefore forgotten by and by, a day's worth in an hour; if the clock is wrong, set it",
            in_days(whole_days(ahead))
        );
    }
    if behind > GAP {
        tracing::warn!(
            "the clock says {clock}, {} before the time that the store knows: it is wrong now, or was when the store was used last. \
             Until it gets there, nothing more is forgotten than by this clock",
            in_days(whole_days(behind))
        );
    }
}

fn whole_days(time: Duration) -> Duration {
    let days = time.as_secs() / GAP.as_secs();
    Duration::from_secs(days.saturating_mul(GAP.as_secs()))
}

fn in_days(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds % GAP.as_secs() == 0 => format!("{} days", seconds / GAP.as_secs()),
        seconds => format!("{seconds} seconds"),
    }
}

/// Whoever removes or replaces the folder of the store leaves this process with files that nobody else can find: what it
/// saves is gone when it ends, and another gateway could start beside it.
fn look_after<S: Store>(store: Arc<S>, stop: CancellationToken) {
    let again_and_again = async move {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // That it has failed is heard by whoever waits for `Store::failed`.
            if store.check_place().await.is_err() {
                return;
            }
        }
    };
    tokio::spawn(async move { stop.run_until_cancelled(again_and_again).await });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::context::Write;
    use crate::core::id::MessageId;
    use jid::BareJid;

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(24 * 3600);
    const AGE: Duration = Duration::from_secs(90 * 24 * 3600);

    /// Ten mails were handled in the last ten days, of which none is to be forgotten; then the clock says another year.
    #[tokio::test]
    async fn e25_a_clock_that_is_wrong_for_an_hour_forgets_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let store = crate::store::open(folder.path()).unwrap();
        let seen = (0..10_u32).map(|days| {
            let id = MessageId::parse(&format!("{days}@mail.example")).unwrap();
            let user = BareJid::new("alice@a.example").unwrap();
            Write::Seen(
                user,
                id,
                Timestamp::from_millis(now.millis() - 86_400_000 * i64::from(days)),
            )
        });
        store.commit(now, seen.collect()).await.unwrap();
        assert_eq!(forget(&store, AGE, now, Duration::ZERO).await, Ok(0));
        let wrong = now.plus(DAY * 3650);
        assert_eq!(forget(&store, AGE, wrong, HOUR).await, Ok(0));
        assert_eq!(
            forget(&store, AGE, Timestamp::from_secs(0), HOUR).await,
            Ok(0)
        );
        // What it has reached outlives the process.
        drop(store);
        let store = crate::store::open(folder.path()).unwrap();
        assert_eq!(forget(&store, AGE, wrong, Duration::ZERO).await, Ok(0));
        assert_eq!(forget(&store, AGE, wrong, HOUR).await, Ok(0));
        assert_eq!(forget(&store, AGE, now, HOUR).await, Ok(0));
        // A clock that says so for days is right.
        let mut forgotten = Vec::new();
        for hour in 0..100 {
            let rows = forget(&store, AGE, wrong.plus(HOUR * hour), HOUR).await;
            forgotten.push(rows.unwrap());
        }
        assert_eq!(forgotten.iter().sum::<u64>(), 10);
        assert!(forgotten.iter().all(|rows| *rows <= 1), "{forgotten:?}");
        let first = forgotten.iter().position(|rows| *rows == 1).unwrap();
        assert!(first > 70, "{first} hours");
    }

    #[test]
    fn the_log_says_how_old_what_was_forgotten_is() {
        assert_eq!(in_days(Duration::from_secs(90 * 86_400)), "90 days");
        assert_eq!(in_days(Duration::from_secs(86_401)), "86401 seconds");
        assert_eq!(in_days(whole_days(Duration::from_secs(200_000))), "2 days");
    }
}
