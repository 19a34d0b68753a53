//! Logging, on standard error: one event, one line.

use crate::core::text::clean;
use crate::panics;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic;
use std::sync::Arc;
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

/// Changes how much is logged from then on.
pub(super) type SetLevel = Arc<dyn Fn(Level) + Send + Sync>;

/// Starts logging. A second call changes nothing.
pub(super) fn init(level: Level) -> SetLevel {
    let (targets, handle) = reload::Layer::new(targets_of(level));
    let _ = subscriber(targets, || OneLine(io::stderr())).try_init();
    log_panics();
    Arc::new(move |level| {
        // Without a subscriber nothing is logged either way.
        let _ = handle.reload(targets_of(level));
    })
}

/// What a panic says may hold text of a stranger: it becomes an event like all others, instead of raw lines on standard
/// error.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_else(|| "an unknown place".to_owned());
        let words = panics::words_of(panic.payload());
        let calls = Backtrace::capture();
        match calls.status() {
            BacktraceStatus::Captured => tracing::error!("panicked at {place}: {words} ({calls})"),
            _ => tracing::error!("panicked at {place}: {words}"),
        }
    }));
}

/// Our own events up to `level`; those of other crates up to `info` at most, because in `debug` and `trace` they write the
/// content of stanzas and mails.
fn targets_of(level: Level) -> Targets {
    Targets::new()
        .with_default(level.min(Level::INFO))
        .with_target("sled", level.min(Level::WARN))
        .with_target("stanzamail", level)
}

fn subscriber<W>(
    targets: impl Filter<Registry> + Send + Sync + 'static,
    writer: W,
) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(writer)
        .with_filter(targets);
    tracing_subscriber::registry().with(lines)
}

/// Escapes what could forge a line or control a terminal: what a stranger writes gets into logs. The layer above writes
/// each event at once, ended by `\n`.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = clean::one_line(text.strip_suffix('\n').unwrap_or(&text));
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clean::is_dangerous;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Level, work: impl FnOnce()) -> String {
        let shared = Shared::default();
        let writer = shared.clone();
        let subscriber = subscriber(targets_of(level), move || OneLine(writer.clone()));
        tracing::subscriber::with_default(subscriber, work);
        let bytes = shared.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_stranger_writes_lines_of_their_own_or_controls_the_terminal() {
        let hostile = "a\n2026-01-01 ERROR forged\r\u{1b}[2J\u{9b}31m\u{7}\0\u{7f}\u{202e}\u{2028}";
        let log = logged(Level::INFO, || {
            tracing::info!(subject = hostile, shown = %hostile, debug = ?hostile, "{hostile}");
            tracing::info!("second");
        });
        assert_eq!(log.lines().count(), 2, "{log}");
        assert!(log.ends_with("second\n"));
        assert!(!log.replace('\n', "").chars().any(is_dangerous), "{log:?}");
    }

    /// C15: the words of a panic are a stranger's where it is about a text.
    #[test]
    fn a_panic_about_a_hostile_text_is_one_line_as_well() {
        let hostile = "ü\u{1b}[2J\n2026-01-01 ERROR forged\u{202e}".to_owned();
        let log = logged(Level::INFO, || {
            let before = panic::take_hook();
            log_panics();
            let failed = panics::caught(|| hostile[1..].len());
            panic::set_hook(before);
            assert!(failed.unwrap_err().contains("char boundary"));
        });
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.contains("panicked at src/cli/log.rs"), "{log}");
        assert!(!log.replace('\n', "").chars().any(is_dangerous), "{log:?}");
    }

    proptest::proptest! {
        /// C15: whatever is logged, and however.
        #[test]
        fn no_text_at_all_gets_through_raw(text in ".*", more in "[\0-\u{20}\u{7f}-\u{a0}\u{1b}]{0,40}") {
            let log = logged(Level::INFO, || {
                tracing::info!(text, %more, "{more}{text}");
            });
            proptest::prop_assert_eq!(log.matches('\n').count(), 1);
            proptest::prop_assert!(!log.trim_end_matches('\n').chars().any(is_dangerous), "{:?}", log);
        }
    }

    #[test]
    fn other_crates_never_say_more_than_info() {
        let log = logged(Level::TRACE, || {
            tracing::trace!(target: "stanzamail::xmpp", "ours");
            tracing::debug!(target: "lettre::transport", "content");
            tracing::trace!(target: "tokio_xmpp", "content");
            tracing::info!(target: "sled", "chatter");
            tracing::info!(target: "rustls", "fact");
        });
        assert!(log.contains("ours") && log.contains("fact"), "{log}");
        assert!(
            !log.contains("content") && !log.contains("chatter"),
            "{log}"
        );
    }

    #[test]
    fn a_quiet_level_is_quiet_for_all() {
        let log = logged(Level::ERROR, || {
            tracing::warn!(target: "sled", "one");
            tracing::warn!(target: "rustls", "two");
            tracing::warn!(target: "stanzamail", "three");
        });
        assert_eq!(log, "");
    }
}
