//! How long nothing is tried with what cannot be read.

use std::time::{Duration, Instant};

/// The first pause.
const MIN: Duration = Duration::from_secs(1);
/// The longest.
const MAX: Duration = Duration::from_secs(3600);

/// Between two attempts.
#[derive(Debug)]
pub(super) struct UnreadPause {
    since: Instant,
    pause: Duration,
}

impl UnreadPause {
    /// The next one, twice as long, from now on.
    pub(super) fn after(before: Option<&Self>) -> Self {
        let pause = before.map_or(MIN, |it| it.pause.saturating_mul(2));
        Self {
            since: Instant::now(),
            pause: pause.min(MAX),
        }
    }

    pub(super) fn left(&self) -> Duration {
        self.pause.saturating_sub(self.since.elapsed())
    }

    /// As if it were over.
    #[cfg(test)]
    pub(super) fn end(&mut self) {
        self.since -= self.pause;
    }
}
