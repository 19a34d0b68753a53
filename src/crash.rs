//! What a panic said; and what tests break on purpose, nothing of which is in a release build.
//!
//! | environment variable | what it does |
//! | --- | --- |
//! | `STANZAMAIL_CRASH_AT` | the process dies at one of [`POINTS`], as by a power cut or the kernel |
//! | `STANZAMAIL_PANIC_IN` | a panic at one of [`POINTS`]; or in a part of the gateway (`imap`, `smtp`, `xmpp`, `pipeline`), a second after its start, with `always` before it at every start and at once |
//! | `STANZAMAIL_STALL_IN` | a part of the gateway keeps its thread for ever, a second after its start |
//! | `STANZAMAIL_FAIL_AT` | the disk answers with an error (EIO): `7` is the seventh time that store or spool write, move, remove or sync |
//! | `STANZAMAIL_SLOW_SYNC` | each sync of store and spool takes so many milliseconds longer |
//! | `STANZAMAIL_POISON` | a panic in the decision about what says this text |
//! | `STANZAMAIL_HURRY` | the time limits of connections and the pauses between them are so many times shorter |
//! | `STANZAMAIL_REMEMBER` | handled mails and messages are remembered for so many seconds |
//!
//! Each point lies between two steps whose order matters. With a number before its name, as in `3 spool: …`, it is meant
//! when it is reached for that time.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(not(debug_assertions))]
use std::time::Duration;

/// Every place, in the order of the two directions: a stanza on its way to a mail, then a mail on its way to a stanza.
pub const POINTS: [&str; 15] = [
    "spool: written, not yet renamed",
    "spool: renamed, folder not yet synced",
    "pipeline: mails accepted, rows not yet committed",
    "store: applied, not yet flushed",
    "store: flushed, not yet synced",
    "pipeline: rows of stanzas committed, not yet answered",
    "smtp: taken by the server, not yet settled",
    "pipeline: receipts taken by the server, rows not yet committed",
    "pipeline: rows of outcomes committed, file still there",
    "spool: settled, file not yet removed",
    "imap: fetched, not yet handed over",
    "pipeline: mails decided, stanzas not yet sent",
    "pipeline: stanzas taken by the server, rows not yet committed",
    "pipeline: rows of mails committed, mailbox not yet told",
    "imap: handled, not yet disposed of",
];

/// Does what may panic; else what the panic said. What `work` holds must not be used again, unless it is only read.
///
/// # Errors
/// The words of the panic.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    CATCHING.set(CATCHING.get().saturating_add(1));
    let done = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(CATCHING.get().saturating_sub(1));
    done.map_err(|panic| words_of(&*panic))
}

thread_local! {
    /// How many [`caught`] are under way on this thread.
    static CATCHING: Cell<u32> = const { Cell::new(0) };
}

/// From now on a panic that is caught is not printed: whoever catches it says what it means. Nor are those of the threads
/// of sled, whose callers get an error or a panic of their own.
pub fn print_no_caught_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        let is_of_sled = thread.name().is_some_and(|name| name.starts_with("sled"));
        if CATCHING.get() == 0 && !is_of_sled {
            print(panic);
        }
    }));
}

/// What a panic said.
pub fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason given").to_owned()
}

/// What is asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Also to move and to remove.
    Write,
    /// To keep it over a power cut.
    Sync,
}

#[cfg(debug_assertions)]
pub use hooks::{disk, hurry, part, point, poison, remember};

/// Nothing.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn disk(_: Step) -> std::io::Result<()> {
    Ok(())
}

/// Nothing.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn point(_: &'static str) {}

/// Nothing.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn poison(_: impl FnOnce() -> String) {}

/// As it is.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn hurry(time: Duration) -> Duration {
    time
}

/// As it is.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn remember(time: Duration) -> Duration {
    time
}

/// The part, and nothing else.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub async fn part<T>(_: &'static str, work: impl Future<Output = T>) -> T {
    work.await
}

#[cfg(debug_assertions)]
mod hooks {
    use super::Step;
    use std::io;
    use std::panic::panic_any;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// When a part is to panic or to stand still.
    const PART_FAILS_AFTER: Duration = Duration::from_secs(1);

    /// errno(3).
    const EIO: i32 = 5;

    static FAIL_AT: Wish = Wish::of("STANZAMAIL_FAIL_AT");
    static SLOW_SYNC: Wish = Wish::of("STANZAMAIL_SLOW_SYNC");
    static CRASH_AT: Wish = Wish::of("STANZAMAIL_CRASH_AT");
    static PANIC_IN: Wish = Wish::of("STANZAMAIL_PANIC_IN");
    static STALL_IN: Wish = Wish::of("STANZAMAIL_STALL_IN");
    static POISON: Wish = Wish::of("STANZAMAIL_POISON");
    static HURRY: Wish = Wish::of("STANZAMAIL_HURRY");
    static REMEMBER: Wish = Wish::of("STANZAMAIL_REMEMBER");

    /// Ends the process at once, or panics, if a test asked for that here.
    pub fn point(name: &'static str) {
        if CRASH_AT.is_met_by(name) {
            std::process::abort();
        }
        if PANIC_IN.is_met_by(name) {
            as_asked();
        }
    }

    /// The disk's answer, before it is asked: an error if a test wants one, or time.
    pub fn disk(step: Step) -> io::Result<()> {
        if step == Step::Sync
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
    pub fn poison(said: impl FnOnce() -> String) {
        let word = POISON.wanted().filter(|word| !word.is_empty());
        if word.is_some_and(|word| said().contains(word)) {
            as_asked();
        }
    }

    /// This time, or a part of it if a test has none to lose.
    pub fn hurry(time: Duration) -> Duration {
        let times = HURRY.wanted().and_then(|times| times.parse().ok());
        time.checked_div(times.unwrap_or(1)).unwrap_or(time)
    }

    /// How long what was handled is remembered: this time, unless a test cannot wait for that.
    pub fn remember(time: Duration) -> Duration {
        let seconds = REMEMBER.wanted().and_then(|seconds| seconds.parse().ok());
        seconds.map_or(time, Duration::from_secs)
    }

    /// The part, which panics or stands still if a test asked for that.
    pub async fn part<T>(name: &'static str, work: impl Future<Output = T>) -> T {
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
    struct Wish {
        variable: &'static str,
        wanted: OnceLock<Option<String>>,
        reached: AtomicU32,
    }

    impl Wish {
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
}
