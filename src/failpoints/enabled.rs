//! What the environment of a test asks for: see [`super`].

use super::DiskStep;
use std::io;
use std::panic::panic_any;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// When a part is to panic or to stand still.
const PART_FAILS_AFTER: Duration = Duration::from_secs(1);

/// More octets than any machine has, fewer than a type may have.
const MORE_THAN_THERE_IS: usize = 1 << 60;

/// errno(3).
const EIO: i32 = 5;

static FAIL_AT: FailpointWish = FailpointWish::of("STANZAMAIL_FAIL_AT");
static SLOW_SYNC: FailpointWish = FailpointWish::of("STANZAMAIL_SLOW_SYNC");
static CRASH_AT: FailpointWish = FailpointWish::of("STANZAMAIL_CRASH_AT");
static PANIC_IN: FailpointWish = FailpointWish::of("STANZAMAIL_PANIC_IN");
static STALL_IN: FailpointWish = FailpointWish::of("STANZAMAIL_STALL_IN");
static POISON: FailpointWish = FailpointWish::of("STANZAMAIL_POISON");
static DEADLY: FailpointWish = FailpointWish::of("STANZAMAIL_DEADLY");
static HURRY: FailpointWish = FailpointWish::of("STANZAMAIL_HURRY");
static REMEMBER: FailpointWish = FailpointWish::of("STANZAMAIL_REMEMBER");

/// Ends the process at once, or panics, if a test asked for that here.
pub(crate) fn point(name: &'static str) {
    if CRASH_AT.is_met_by(name) {
        std::process::abort();
    }
    if PANIC_IN.is_met_by(name) {
        as_asked();
    }
}

/// The disk's answer, before it is asked: an error if a test wants one, or time.
pub(crate) fn disk(step: DiskStep) -> io::Result<()> {
    if step == DiskStep::Sync
        && let Some(millis) = SLOW_SYNC.wanted().and_then(|wanted| wanted.parse().ok())
    {
        std::thread::sleep(Duration::from_millis(millis));
    }
    let wanted: Option<u32> = FAIL_AT.wanted().and_then(|wanted| wanted.parse().ok());
    let Some(wanted) = wanted else {
        return Ok(());
    };
    let turn = FAIL_AT.reached.fetch_add(1, Ordering::Relaxed);
    match turn.saturating_add(1) == wanted {
        true => {
            tracing::warn!(turn = wanted, ?step, "the disk fails now, as a test asked");
            Err(io::Error::from_raw_os_error(EIO))
        }
        false => Ok(()),
    }
}

/// Panics if what is being decided about says the word that a test chose.
pub(crate) fn poison(said: impl FnOnce() -> String) {
    if DEADLY.wanted().is_some() {
        return deadly("deciding", said);
    }
    let word = POISON.wanted().filter(|word| !word.is_empty());
    if word.is_some_and(|word| said().contains(word)) {
        as_asked();
    }
}

/// Ends the process, if at this stage of work something says the word that a test chose.
pub(crate) fn deadly(stage: &str, said: impl FnOnce() -> String) {
    let mut words = DEADLY.wanted().unwrap_or_default().splitn(3, ' ');
    let (how, when, word) = (words.next(), words.next(), words.next());
    if when != Some(stage) || !word.is_some_and(|word| said().contains(word)) {
        return;
    }
    match how {
        Some("memory") => drop(std::hint::black_box(vec![1_u8; MORE_THAN_THERE_IS])),
        Some("stall") => loop {
            std::thread::park();
        },
        _ => std::process::abort(),
    }
}

/// This time, or a part of it if a test has none to lose.
pub(crate) fn hurry(time: Duration) -> Duration {
    let times = HURRY.wanted().and_then(|times| times.parse().ok());
    time.checked_div(times.unwrap_or(1)).unwrap_or(time)
}

/// How long what was handled is remembered: this time, unless a test cannot wait for that.
pub(crate) fn remember(time: Duration) -> Duration {
    let seconds = REMEMBER.wanted().and_then(|seconds| seconds.parse().ok());
    seconds.map_or(time, Duration::from_secs)
}

/// The part, which panics or stands still if a test asked for that.
pub(crate) async fn part<T>(name: &'static str, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        () = until_asked(name) => as_asked(),
        () = until_asked_to_stall(name) => loop {
            std::thread::park();
        },
        done = work => done,
    }
}

async fn until_asked(name: &'static str) {
    let always = PANIC_IN
        .wanted()
        .and_then(|wanted| wanted.strip_prefix("always "));
    if always == Some(name) {
        return;
    }
    if !PANIC_IN.is_met_by(name) {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(PART_FAILS_AFTER).await;
}

async fn until_asked_to_stall(name: &'static str) {
    if !STALL_IN.is_met_by(name) {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(PART_FAILS_AFTER).await;
}

fn as_asked() -> ! {
    panic_any("a test asked for it")
}

/// What a variable says.
struct FailpointWish {
    variable: &'static str,
    wanted: OnceLock<Option<String>>,
    reached: AtomicU32,
}

impl FailpointWish {
    const fn of(variable: &'static str) -> Self {
        Self {
            variable,
            wanted: OnceLock::new(),
            reached: AtomicU32::new(0),
        }
    }

    fn wanted(&self) -> Option<&str> {
        self.wanted
            .get_or_init(|| std::env::var(self.variable).ok())
            .as_deref()
    }

    /// Once, when `name` is reached for the time that is meant.
    fn is_met_by(&self, name: &str) -> bool {
        let Some(wanted) = self.wanted() else {
            return false;
        };
        let (turn, wanted) = match wanted.split_once(' ') {
            Some((turn, rest)) if turn.bytes().all(|b| b.is_ascii_digit()) => (turn, rest),
            _ => ("1", wanted),
        };
        wanted == name
            && turn.parse()
                == Ok(self
                    .reached
                    .fetch_add(1, Ordering::Relaxed)
                    .saturating_add(1))
    }
}
