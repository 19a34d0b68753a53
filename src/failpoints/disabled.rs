//! A build that nobody tests: nothing is asked for, and nothing is left of it.

use super::DiskStep;
use std::io;
use std::time::Duration;

/// Nothing.
#[inline(always)]
pub(crate) fn point(_: &'static str) {}

/// The disk is asked.
#[inline(always)]
pub(crate) fn disk(_: DiskStep) -> io::Result<()> {
    Ok(())
}

/// Nothing.
#[inline(always)]
pub(crate) fn poison(_: impl FnOnce() -> String) {}

/// Nothing.
#[inline(always)]
pub(crate) fn deadly(_: &str, _: impl FnOnce() -> String) {}

/// As it is.
#[inline(always)]
pub(crate) fn hurry(time: Duration) -> Duration {
    time
}

/// As it is.
#[inline(always)]
pub(crate) fn remember(time: Duration) -> Duration {
    time
}

/// The part, and nothing else.
#[inline(always)]
pub(crate) async fn part<T>(_: &'static str, work: impl Future<Output = T>) -> T {
    work.await
}
