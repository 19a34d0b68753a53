//! Points in time, as the core is told them.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A point in time in milliseconds since 1970-01-01T00:00:00Z. The core never reads a clock: it is handed one of these.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Seconds since the Unix epoch.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// The wall clock. For the shell only: the core never calls it.
    pub fn now() -> Self {
        #[cfg(test)]
        if let Some(now) = clock::reading() {
            return now;
        }
        Self(Utc::now().timestamp_millis())
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This point plus `duration`, clamped to what the type can hold.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero where it is not (clocks jump backwards).
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// XEP-0082 DateTime in UTC with seconds: `2026-11-22T16:30:00Z`. `None` outside of the years 1 to 9999.
    pub fn to_xep0082(self) -> Option<String> {
        let time = self.in_four_digit_years()?;
        Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    /// [`Timestamp::to_xep0082`] with milliseconds: `2026-11-22T16:30:00.123Z`.
    pub fn to_xep0082_millis(self) -> Option<String> {
        let time = self.in_four_digit_years()?;
        Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    /// Reads an XEP-0082 DateTime (RFC 3339).
    pub fn from_xep0082(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text.trim())
            .ok()
            .map(|time| Self(time.timestamp_millis()))
    }

    /// For words about it. `None` outside of the years 1 to 9999.
    pub(crate) fn in_utc(self) -> Option<DateTime<Utc>> {
        self.in_four_digit_years()
    }

    fn in_four_digit_years(self) -> Option<DateTime<Utc>> {
        use chrono::Datelike;
        DateTime::from_timestamp_millis(self.0).filter(|time| (1..=9999).contains(&time.year()))
    }
}

/// The wall clock that a test has set, for its own thread.
#[cfg(test)]
pub(crate) mod clock {
    use super::Timestamp;
    use std::cell::RefCell;

    type Reading = Box<dyn Fn() -> Timestamp>;

    thread_local! {
        static SET: RefCell<Option<Reading>> = const { RefCell::new(None) };
    }

    /// From now on the clock says this.
    pub(crate) fn set(reading: impl Fn() -> Timestamp + 'static) {
        SET.set(Some(Box::new(reading)));
    }

    pub(super) fn reading() -> Option<Timestamp> {
        SET.with_borrow(|reading| reading.as_ref().map(|reading| reading()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xep0082_both_ways() {
        let time = Timestamp::from_secs(1_790_000_000);
        assert_eq!(time.to_xep0082().as_deref(), Some("2026-09-21T14:13:20Z"));
        assert_eq!(
            Timestamp::from_xep0082("2026-09-21T16:13:20+02:00"),
            Some(time)
        );
        assert_eq!(Timestamp::from_xep0082("yesterday"), None);
        assert_eq!(Timestamp::from_millis(i64::MAX).to_xep0082(), None);
    }

    #[test]
    fn a_clock_that_jumps_back_gives_no_negative_delay() {
        let (early, late) = (Timestamp::from_secs(1), Timestamp::from_secs(3));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
