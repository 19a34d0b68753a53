//! Locks of files that one process may have (flock(2)).

use std::fs::{File, TryLockError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a lock may still be held that is about to be given up.
const MOMENT: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Takes the lock. One that is held is waited for a moment: the process that has it may be ending, and a program that it starts
/// has it, too, until it begins.
///
/// # Errors
/// [`TryLockError::WouldBlock`] where another process has it and goes on having it.
pub(super) fn take(file: &File) -> Result<(), TryLockError> {
    within_a_moment(
        || file.try_lock(),
        |error| matches!(error, TryLockError::WouldBlock),
    )
}

/// The same of any way to take one.
pub(super) fn within_a_moment<T, E>(
    mut attempt: impl FnMut() -> Result<T, E>,
    is_held: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let began = Instant::now();
    loop {
        match attempt() {
            Err(error) if is_held(&error) && began.elapsed() < MOMENT => sleep(LOOK_AGAIN),
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_given_up_soon_is_taken_and_one_that_is_kept_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let other = File::create(&path).unwrap();
        other.lock().unwrap();
        let ours = File::open(&path).unwrap();
        assert!(matches!(take(&ours), Err(TryLockError::WouldBlock)));
        let ends = std::thread::spawn(move || {
            sleep(MOMENT / 4);
            drop(other);
        });
        assert!(take(&ours).is_ok());
        ends.join().unwrap();
    }
}
