//! The time that this thread has had of a processor: on a busy machine the clock goes on without it.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// So far, since the thread began (clock_gettime(2)).
pub fn of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |number: i64| u64::try_from(number).expect("time goes on");
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}
