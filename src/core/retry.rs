//! When a mail that could not be sent is tried again. This comment is the authoritative one: after attempt n, wait 1, 2,
//! 5, 10, 20, 30 minutes, then an hour each time, with up to 10 % jitter either way, until the mail expires; the last
//! attempt is made when it does. A server that cannot be reached at all is probed with one connection after 1, 2, 4 …
//! 60 seconds, however many mails wait (`smtp/gate.rs`).

use crate::core::time::Timestamp;
use std::time::Duration;

/// Minutes to wait after the first attempts.
const FIRST_MINUTES: [u64; 6] = [1, 2, 5, 10, 20, 30];
/// Minutes to wait after every later attempt.
const LATER_MINUTES: u64 = 60;
/// Jitter either way.
const JITTER_PERMILLE: u64 = 100;
/// Of a delay, at least.
const PERMILLE_MIN: u64 = 1000 - JITTER_PERMILLE;

/// How long to wait after `attempts` failed attempts. `jitter` is any number; the same number gives the same delay.
pub fn delay(attempts: u32, jitter: u64) -> Duration {
    let minutes = usize::try_from(attempts.saturating_sub(1))
        .ok()
        .and_then(|index| FIRST_MINUTES.get(index))
        .copied()
        .unwrap_or(LATER_MINUTES);
    let permille = PERMILLE_MIN.saturating_add(jitter % (2 * JITTER_PERMILLE + 1));
    Duration::from_millis(minutes.saturating_mul(60).saturating_mul(permille))
}

/// No delay is longer.
pub fn longest_delay() -> Duration {
    delay(u32::MAX, 2 * JITTER_PERMILLE)
}

/// When to try again after `attempts` failed attempts, the last one `now`: no later than `expires`, so that the last
/// attempt is made then. `None` where the mail has expired.
pub fn next_attempt(
    attempts: u32,
    jitter: u64,
    now: Timestamp,
    expires: Timestamp,
) -> Option<Timestamp> {
    (now < expires).then(|| now.plus(delay(attempts, jitter)).min(expires))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_WAY: u64 = 100;

    #[test]
    fn the_schedule_is_the_one_in_the_comment() {
        let minutes: Vec<u64> = (1..=9).map(|n| delay(n, HALF_WAY).as_secs() / 60).collect();
        assert_eq!(minutes, [1, 2, 5, 10, 20, 30, 60, 60, 60]);
        assert_eq!(delay(0, HALF_WAY), delay(1, HALF_WAY));
        assert_eq!(delay(u32::MAX, HALF_WAY), Duration::from_secs(3600));
    }

    #[test]
    fn jitter_is_ten_percent_either_way_and_reaches_both_ends() {
        let delays: Vec<u64> = (0..1000).map(|j| delay(7, j).as_secs()).collect();
        assert_eq!(delays.iter().min(), Some(&3240));
        assert_eq!(delays.iter().max(), Some(&3960));
        assert!(delay(7, u64::MAX) <= Duration::from_secs(3960));
    }

    #[test]
    fn the_last_attempt_is_made_at_expiry_and_none_after_it() {
        let (now, expires) = (Timestamp::from_secs(1000), Timestamp::from_secs(1030));
        assert_eq!(next_attempt(1, HALF_WAY, now, expires), Some(expires));
        assert_eq!(next_attempt(2, HALF_WAY, expires, expires), None);
        let far = Timestamp::from_secs(100_000);
        let next = next_attempt(1, HALF_WAY, now, far);
        assert_eq!(next, Some(Timestamp::from_secs(1060)));
    }

    /// A18: whatever the clock says, the next attempt is neither in the past nor further away than the longest delay.
    #[test]
    fn a18_a_clock_that_jumps_makes_no_delay_negative_or_endless() {
        assert_eq!(longest_delay(), Duration::from_secs(66 * 60));
        let day = 24 * 3600;
        for now in [-day, 0, 1, day, 2 * day, i64::MAX / 1000] {
            for expires in [i64::MIN / 1000, -day, 0, 1, day, 3 * day, i64::MAX / 1000] {
                let (now, expires) = (Timestamp::from_secs(now), Timestamp::from_secs(expires));
                for (attempts, jitter) in [(0, 0), (1, 7), (6, 200), (u32::MAX, u64::MAX)] {
                    let next = next_attempt(attempts, jitter, now, expires);
                    let is_sane =
                        |next: Timestamp| next >= now && next.since(now) <= longest_delay();
                    assert!(next.is_none_or(is_sane), "{now:?} {expires:?} {next:?}");
                    assert_eq!(next.is_none(), now >= expires);
                }
            }
        }
    }

    #[test]
    fn three_days_of_failures_are_about_eighty_attempts() {
        let (start, mut now, mut attempts) = (Timestamp::from_secs(0), Timestamp::from_secs(0), 1);
        let expires = start.plus(Duration::from_secs(3 * 24 * 3600));
        while let Some(next) = next_attempt(attempts, HALF_WAY, now, expires) {
            (now, attempts) = (next, attempts + 1);
        }
        assert_eq!(now, expires);
        assert!((70..=85).contains(&attempts), "{attempts}");
    }
}
