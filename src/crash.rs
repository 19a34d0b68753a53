//! Places at which a test lets the process die, as a power cut or the kernel may at any moment: each lies between two steps
//! whose order matters. Nothing of this is in a release build.

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

/// Ends the process at once, if the environment variable `STANZAMAIL_CRASH_AT` names this point; with a number before it,
/// as in `3 spool: …`, when it is reached for that time.
#[cfg(debug_assertions)]
pub fn point(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    static REACHED: AtomicU32 = AtomicU32::new(0);

    let wanted = WANTED.get_or_init(|| std::env::var("STANZAMAIL_CRASH_AT").ok());
    let Some(wanted) = wanted.as_deref() else {
        return;
    };
    let (turn, wanted) = match wanted.split_once(' ') {
        Some((turn, rest)) if turn.bytes().all(|b| b.is_ascii_digit()) => (turn, rest),
        _ => ("1", wanted),
    };
    if wanted == name {
        let reached = REACHED.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if turn.parse() == Ok(reached) {
            std::process::abort();
        }
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn point(_: &'static str) {}
