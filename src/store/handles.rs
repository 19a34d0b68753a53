//! File handles, of which the process or the system may have none left for a while: that passes, and is no failing disk.

use std::io;
use std::time::{Duration, Instant};

/// How long a file handle is waited for.
const WAIT: Duration = Duration::from_secs(10);
/// How often it is asked for meanwhile.
const AGAIN: Duration = Duration::from_millis(50);
/// EMFILE: this process has as many as it may have.
const OF_PROCESS: i32 = 24;
/// ENFILE: the system has as many as it can have.
const OF_SYSTEM: i32 = 23;

/// Opens a file when there is a handle for it, and blocks until then, for ten seconds at most.
///
/// # Errors
/// As of `open`; [`are_none_left`] where there was none in all that time.
pub(super) fn patiently<T>(open: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    within(WAIT, open)
}

fn within<T>(wait: Duration, mut open: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let began = Instant::now();
    loop {
        match open() {
            Err(error) if are_none_left(&error) && began.elapsed() < wait => {
                std::thread::sleep(AGAIN);
            }
            opened => return opened,
        }
    }
}

/// Whether that is what an error says.
pub(super) fn are_none_left(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(OF_PROCESS | OF_SYSTEM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e19_a_file_handle_is_waited_for_and_nothing_else() {
        let error = |number| Err(io::Error::from_raw_os_error(number));
        for number in [OF_PROCESS, OF_SYSTEM] {
            let mut tried = 0;
            let opened = within(WAIT, || {
                tried += 1;
                if tried < 3 { error(number) } else { Ok(()) }
            });
            assert!(opened.is_ok() && tried == 3);
            let given_up = within::<()>(AGAIN, || error(number)).unwrap_err();
            assert!(are_none_left(&given_up));
        }
        let mut tried = 0;
        let other = within::<()>(WAIT, || {
            tried += 1;
            error(5)
        });
        assert!(!are_none_left(&other.unwrap_err()));
        assert_eq!(tried, 1);
    }
}
