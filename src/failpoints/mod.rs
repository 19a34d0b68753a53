//! Failpoints: what tests break on purpose, by environment variables. They are there with the Cargo feature `failpoints` alone, which
//! the tests turn on and nobody else should: without it a program looks for none of these variables.
//!
//! | environment variable | what it does |
//! | --- | --- |
//! | `STANZAMAIL_CRASH_AT` | the process dies at one of [`POINTS`], [`FILE_POINTS`], [`ORIGINAL_POINTS`] and [`FORGET_POINTS`], as by a power cut or the kernel |
//! | `STANZAMAIL_PANIC_IN` | a panic at one of [`POINTS`]; or in a part of the gateway (`imap`, `smtp`, `xmpp`, `pipeline`), a second after its start, with `always` before it at every start and at once |
//! | `STANZAMAIL_STALL_IN` | a part of the gateway keeps its thread for ever, a second after its start |
//! | `STANZAMAIL_FAIL_AT` | the disk answers with an error (EIO): `7` is the seventh time that store or spool write, move, remove or sync |
//! | `STANZAMAIL_SLOW_SYNC` | each sync of store and spool takes so many milliseconds longer |
//! | `STANZAMAIL_POISON` | a panic in the decision about what says this text |
//! | `STANZAMAIL_DEADLY` | the process dies of what says a text: `abort deciding curare`, or `reading` for when a mail is read, or `memory` for want of it, or `stall` for a part that stands still |
//! | `STANZAMAIL_HURRY` | the time limits of connections and the pauses between them are so many times shorter |
//! | `STANZAMAIL_REMEMBER` | handled mails and messages are remembered for so many seconds |
//!
//! Each point lies between two steps whose order matters. With a number before its name, as in `3 spool: …`, it is meant
//! when it is reached for that time.

#[cfg(not(feature = "failpoints"))]
mod disabled;
#[cfg(feature = "failpoints")]
mod enabled;

#[cfg(not(feature = "failpoints"))]
pub(crate) use disabled::{deadly, disk, hurry, part, point, poison, remember};
#[cfg(feature = "failpoints")]
pub(crate) use enabled::{deadly, disk, hurry, part, point, poison, remember};

/// Every place, in the order of the two directions: a stanza on its way to a mail, then a mail on its way to a stanza.
pub const POINTS: [&str; 15] = [
    "spool: written, not yet synced",
    "spool: synced, not yet told",
    "pipeline: mails accepted, rows not yet committed",
    "store: applied, not yet flushed",
    "store: flushed, not yet synced",
    "pipeline: rows of stanzas committed, not yet answered",
    "smtp: taken by the server, not yet settled",
    "pipeline: receipts taken by the server, rows not yet committed",
    "pipeline: rows of outcomes committed, mail still there",
    "spool: settled, not yet marked",
    "imap: fetched, not yet handed over",
    "pipeline: mails decided, stanzas not yet sent",
    "pipeline: stanzas taken by the server, rows not yet committed",
    "pipeline: rows of mails committed, mailbox not yet told",
    "imap: handled, not yet disposed of",
];

/// Where mails have files, besides.
pub const FILE_POINTS: [&str; 4] = [
    "files: up, the mail not yet brought again",
    "smtp: files fetched, mail not yet rewritten",
    "files: one up, the next one not yet",
    "spool: some of a long mail written",
];

/// Where a mail is kept as it came, besides.
pub const ORIGINAL_POINTS: [&str; 2] = [
    "originals: written, without its name",
    "originals: there, not yet durable",
];

/// Where a user is forgotten, besides.
pub const FORGET_POINTS: [&str; 1] = ["pipeline: some rows of a user forgotten"];

/// What is asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiskStep {
    /// Also to move and to remove.
    Write,
    /// To keep it over a power cut.
    Sync,
}
