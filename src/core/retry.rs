//! When a mail that could not be sent is tried again. This comment is the authoritative one: after attempt n, wait 1, 2,
//! 5, 10, 20, 30 minutes, then an hour each time, with up to 10 % jitter either way, until the mail expires.

use std::time::Duration;

/// How long to wait after `attempts` failed attempts. `jitter` is any number; the same number gives the same delay.
pub fn delay(attempts: u32, jitter: u64) -> Duration {
    let _ = (attempts, jitter);
    Duration::from_secs(60)
}
