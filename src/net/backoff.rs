//! How long to wait after failures.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A pause that doubles with each failure, up to the longest.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Begins with the first pause.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// How long the next pause is, without jitter.
    pub fn next(&self) -> Duration {
        doubled(self.first, self.failures, self.longest)
    }

    /// The next pause, without jitter: for who is the only one to wait.
    pub fn step(&mut self) -> Duration {
        let pause = self.next();
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// The next pause, with jitter.
    pub fn pause(&mut self) -> Duration {
        jittered(self.step())
    }

    /// The longest pause, at once and until [`Self::reset`]: for what only a person can mend.
    pub fn pause_longest(&mut self) -> Duration {
        self.failures = u32::MAX;
        self.pause()
    }

    /// The next pause is the first one again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// As it is logged: whole seconds, unless it is less than one.
pub fn shown(pause: Duration) -> String {
    match pause.as_secs() {
        0 => format!("{}ms", pause.as_millis()),
        _ => format!("{:.0}s", pause.as_secs_f64()),
    }
}

/// The first pause, doubled so many times, up to the longest.
pub fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first
        .saturating_mul(2_u32.saturating_pow(times))
        .min(longest)
}

/// Up to a quarter longer, by chance, and never shorter: many clients of one server do not return to it at the same moment,
/// and none before it was to.
pub fn jittered(pause: Duration) -> Duration {
    let random = u32::try_from(RandomState::new().hash_one(()) % 1024).unwrap_or(0);
    pause.saturating_add((pause / 4).saturating_mul(random) / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_logged_in_whole_seconds() {
        assert_eq!(shown(Duration::from_secs_f64(63.984_375)), "64s");
        assert_eq!(shown(Duration::from_millis(250)), "250ms");
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_again_after_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        let pauses: Vec<u64> = (0..9).map(|_| backoff.pause().as_millis() as u64).collect();
        for (pause, longest) in pauses.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
            assert!(
                (longest * 1000..=longest * 1250).contains(pause),
                "{pauses:?}"
            );
        }
        backoff.reset();
        assert!(backoff.pause() < Duration::from_secs(2));
        assert!(backoff.pause_longest() >= Duration::from_secs(60));
        assert_eq!(backoff.next(), Duration::from_secs(60));
    }

    #[test]
    fn without_jitter_they_are_exact_and_no_number_of_failures_is_too_big() {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(1));
        let pauses: Vec<u128> = (0..5).map(|_| backoff.step().as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1000, 1000]);
        let (longest, first) = (Duration::from_secs(60), Duration::from_secs(1));
        for times in [6, 31, 32, 64, u32::MAX] {
            assert_eq!(doubled(first, times, longest), longest);
        }
        assert_eq!(doubled(Duration::MAX, 5, Duration::MAX), Duration::MAX);
    }

    #[test]
    fn jitter_is_by_chance_and_never_more_than_a_quarter() {
        let pause = Duration::from_secs(4);
        let pauses: Vec<Duration> = (0..1000).map(|_| jittered(pause)).collect();
        assert!(
            pauses
                .iter()
                .all(|jittered| (pause..=pause * 5 / 4).contains(jittered))
        );
        assert!(pauses.iter().max() > pauses.iter().min());
        assert_eq!(jittered(Duration::ZERO), Duration::ZERO);
        assert_eq!(jittered(Duration::MAX), Duration::MAX);
    }
}
