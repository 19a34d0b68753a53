//! Panics of what is called: caught where the work goes on without it, and put into words.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does what may panic; else what the panic said. What `work` holds must not be used again, unless it is only read.
///
/// # Errors
/// The words of the panic.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
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
pub(crate) fn print_no_caught_panic() {
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
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason given").to_owned()
}
