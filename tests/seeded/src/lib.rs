//! A thread whose random numbers and whose wall clock are what a test says, so that everything in it happens in the same
//! order each time: the order in which `select!` looks at its branches, the order of a `HashMap`, jitter.
//!
//! The standard library asks the C library for both, by symbols that a program may define itself; this one does. Other
//! threads get what the system says. It is a crate of its own because the gateway has no `unsafe` code.

use std::cell::Cell;
use std::time::Duration;

/// What a test says since the Unix epoch.
type Clock = fn() -> Duration;

thread_local! {
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    static CLOCK: Cell<Option<Clock>> = const { Cell::new(None) };
}

/// From now on this thread, which must be a new one, gets random numbers that follow from `seed`, and reads `clock`.
pub fn this_thread(seed: u64, clock: Clock) {
    STATE.set(Some(seed));
    CLOCK.set(Some(clock));
}

/// The next random number of this thread (SplitMix64).
///
/// # Panics
/// Outside of a thread that is seeded.
pub fn random() -> u64 {
    let state = STATE.get().expect("this thread is seeded");
    STATE.set(Some(state.wrapping_add(0x9e37_79b9_7f4a_7c15)));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Takes the place of the C library's.
///
/// # Safety
/// As getrandom(2): `buffer` has room for `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(
    buffer: *mut libc::c_void,
    length: libc::size_t,
    flags: libc::c_uint,
) -> libc::ssize_t {
    if STATE.get().is_none() {
        // SAFETY: the caller's promise is the one that the system call asks for.
        return unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) } as _;
    }
    // SAFETY: the caller promises room for this many octets.
    let octets = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
    octets.fill_with(|| random() as u8);
    length as _
}

/// Takes the place of the C library's.
///
/// # Safety
/// As clock_gettime(2): `time` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(
    clock: libc::clockid_t,
    time: *mut libc::timespec,
) -> libc::c_int {
    match CLOCK.get() {
        Some(now) if clock == libc::CLOCK_REALTIME => {
            let now = now();
            // SAFETY: the caller promises that it may be written to.
            unsafe {
                (*time).tv_sec = now.as_secs() as _;
                (*time).tv_nsec = now.subsec_nanos() as _;
            }
            0
        }
        // SAFETY: the caller's promise is the one that the system call asks for.
        _ => unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) as _ },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::time::SystemTime;

    fn of_a_thread(seed: u64) -> (Vec<u32>, Duration) {
        let thread = std::thread::spawn(move || {
            this_thread(seed, || Duration::from_secs(42));
            let set: HashSet<u32> = (0..100).collect();
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
            (set.into_iter().collect(), now)
        });
        thread.join().unwrap()
    }

    #[test]
    fn a_thread_does_the_same_again() {
        assert_eq!(of_a_thread(1), of_a_thread(1));
        assert_ne!(of_a_thread(1).0, of_a_thread(2).0);
        assert_eq!(of_a_thread(1).1, Duration::from_secs(42));
        assert!(SystemTime::UNIX_EPOCH.elapsed().unwrap() > Duration::from_secs(42));
    }
}
