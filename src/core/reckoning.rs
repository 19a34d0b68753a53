//! By which time old rows are forgotten. A clock that is wrong by years for an hour, as after a restart without a battery or a
//! network, is not to make the store forget what was handled: that would be handled again when the clock is right.
//!
//! The store keeps the time that it has reached. That follows the clock, but no faster than [`PACE`] times the time for which
//! the process ran, and never goes back. So a clock that is ahead for an hour costs a day's worth of the oldest rows at most, and
//! who was off for a month has caught up after a day and a quarter.

use crate::core::time::Timestamp;
use std::time::Duration;

/// How much faster than the process runs the store's time may follow the clock.
const PACE: u32 = 24;

/// What is known of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reckoned {
    /// What the store has reached: to be kept, durably, before anything is forgotten.
    pub reached: Timestamp,
    /// By this time it is forgotten: what both the clock and the store have reached.
    pub now: Timestamp,
}

impl Reckoned {
    /// From what was reached before, the clock, and the time for which this process ran in between. A store that knows of no
    /// time believes the clock.
    pub fn of(reached: Option<Timestamp>, clock: Timestamp, ran: Duration) -> Self {
        let reached = reached.map_or(clock, |before| {
            let most = before.plus(ran.saturating_mul(PACE));
            before.max(clock.min(most))
        });
        Self {
            reached,
            now: reached.min(clock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn at(days: u64) -> Timestamp {
        Timestamp::from_secs(1_790_000_000).plus(DAY * u32::try_from(days).unwrap())
    }

    #[test]
    fn e25_a_clock_that_jumps_ahead_is_followed_a_day_for_an_hour() {
        let mut reckoned = Reckoned::of(Some(at(0)), at(3650), Duration::ZERO);
        assert_eq!(reckoned.now, at(0));
        reckoned = Reckoned::of(Some(reckoned.reached), at(3650), HOUR);
        assert_eq!((reckoned.reached, reckoned.now), (at(1), at(1)));
        // It was wrong: the clock counts as soon as it is right again, and when it has got there.
        reckoned = Reckoned::of(Some(reckoned.reached), at(0), HOUR);
        assert_eq!((reckoned.reached, reckoned.now), (at(1), at(0)));
        reckoned = Reckoned::of(Some(reckoned.reached), at(2), HOUR);
        assert_eq!((reckoned.reached, reckoned.now), (at(2), at(2)));
    }

    #[test]
    fn e25_a_clock_that_jumps_back_forgets_nothing_more_and_is_no_news_when_it_is_right() {
        let back = Reckoned::of(Some(at(20_000)), at(0), HOUR);
        assert_eq!((back.reached, back.now), (at(20_000), at(0)));
        let right = Reckoned::of(Some(back.reached), at(20_001), HOUR);
        assert_eq!((right.reached, right.now), (at(20_001), at(20_001)));
    }

    #[test]
    fn e25_a_machine_that_was_off_catches_up_and_one_that_is_on_is_never_behind() {
        let (mut reached, mut hours) = (at(0), 0);
        while reached < at(30) {
            hours += 1;
            reached = Reckoned::of(Some(reached), at(30).plus(HOUR * hours), HOUR).reached;
        }
        assert_eq!(hours, 30);
        let mut reached = None;
        for hour in 0..1000 {
            let now = at(0).plus(HOUR * hour);
            let reckoned = Reckoned::of(reached, now, HOUR);
            assert_eq!(reckoned.now, now);
            reached = Some(reckoned.reached);
        }
    }
}
