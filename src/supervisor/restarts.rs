//! How often a gateway whose parts fail is started again in its process.

use crate::net::backoff;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Starts after failures, at most, within [`WITHIN`].
pub(super) const RESTARTS_MAX: usize = 5;
/// What is longer ago does not count.
pub(super) const WITHIN: Duration = Duration::from_secs(600);
/// The pause before the first one; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The starts after failures so far.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    times: VecDeque<Instant>,
}

impl Restarts {
    /// Whether to start again now, and if so, which time it is and after which pause.
    pub(super) fn another(&mut self, now: Instant) -> Option<(usize, Duration)> {
        self.times
            .retain(|time| now.saturating_duration_since(*time) < WITHIN);
        let before = self.times.len();
        if before >= RESTARTS_MAX {
            return None;
        }
        self.times.push_back(now);
        let doublings = u32::try_from(before).unwrap_or(u32::MAX);
        let pause = backoff::doubled(FIRST_PAUSE, doublings, WITHIN);
        Some((before.saturating_add(1), pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_times_in_ten_minutes_with_longer_and_longer_pauses() {
        let (mut restarts, began) = (Restarts::default(), Instant::now());
        let after = |secs| began + Duration::from_secs(secs);
        let pauses: Vec<_> = (0..6)
            .map(|n| {
                restarts
                    .another(after(n))
                    .map(|(_, pause)| pause.as_millis())
            })
            .collect();
        let expected = [
            Some(200),
            Some(400),
            Some(800),
            Some(1600),
            Some(3200),
            None,
        ];
        assert_eq!(pauses, expected);
        assert!(restarts.another(after(599)).is_none());
        let (count, pause) = restarts.another(after(602)).unwrap();
        assert_eq!((count, pause.as_millis()), (3, 800));
    }
}
