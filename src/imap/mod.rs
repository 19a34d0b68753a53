//! The mail side's way in: reads mailboxes over IMAP (RFC 3501), hands their mails over in batches and disposes of them
//! when they were handled.
//!
//! The mailbox is the queue. Mails are fetched without being marked (`fetch`: `BODY.PEEK[]`), a [`Batch`] goes to the
//! pipeline, the pipeline commits what it made of them together with the batch's cursor and answers, and only then are
//! the mails marked, moved or deleted (`dispose`). Nothing is lost by a kill at any point: what was not committed is
//! fetched again because the cursor stands before it, and what was committed and not disposed of is found at the next
//! connect and handed over once more for the pipeline to recognise.
//!
//! async-imap serves as the reader of responses only. Its command helpers take a `NO`, a `BAD` or the end of the
//! connection for an empty answer, log passwords when tracing and have no time limits; so commands are `session`'s.
//!
//! From the socket upwards: `guard` counts what a server sends, `connect` opens TCP and TLS, `session` runs
//! commands, `fetch`, `dispose` and `idle` are the commands, `cursor` is the pure arithmetic of UIDs,
//! `listing` says which mails are next, `waiting` which are put off, `reader` is the loop.

mod connect;
mod cursor;
mod dispose;
mod error;
mod fetch;
mod guard;
mod idle;
mod listing;
mod name;
mod probe;
mod reader;
mod retry;
mod session;
mod waiting;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;

pub use error::ImapError;
pub use guard::Excess;
pub use probe::{Capabilities, probe};
pub use reader::run;

use crate::core::quota::Conversation;
use crate::core::record::Cursor;
use crate::core::time::Timestamp;
pub use crate::tls::TlsMode;
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::oneshot;

/// Marks a mail that was looked at and left where it is. Where handled mails do not stay as they are ([`After`]), a mail
/// from which it is removed is looked at again at the next connect.
pub const LEFT_KEYWORD: &str = "$StanzamailLeft";

/// One mailbox and how it is read.
#[derive(Clone, Debug)]
pub struct MailboxConfig {
    /// Key of the cursor in the store, and what logs call the mailbox: `bridge@mail.example/INBOX`.
    pub name: String,
    /// Name or IP address of the server; the name must be in its certificate.
    pub host: String,
    /// TCP port: 993 for implicit TLS, 143 else.
    pub port: u16,
    /// How the connection is secured.
    pub tls: TlsMode,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Login name.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// The folder, with the server's own hierarchy delimiter: `INBOX`, `Archive/2026`.
    pub folder: String,
    /// Whether IDLE (RFC 2177) is used where the server offers it.
    pub idle: bool,
    /// How often to look where IDLE is not used.
    pub poll: Duration,
    /// What becomes of a mail that was handled.
    pub after: After,
    /// Of a mail over this size, in octets, only the header is read.
    pub octets_max: usize,
    /// Where to begin in a mailbox that was never read before.
    pub first_start: FirstStart,
    /// Time limits and intervals.
    pub timings: Timings,
}

/// What becomes of a mail that was handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing: the cursor alone says what was read.
    Keep,
    /// It is marked as read.
    Seen,
    /// It is moved to this folder, which is created if it is missing.
    Move(String),
    /// It is deleted. On a server without UIDPLUS (RFC 4315) it is only flagged `\Deleted`: a plain EXPUNGE would
    /// remove what other clients have flagged too.
    Delete,
}

/// Where to begin in a mailbox that was never read before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstStart {
    /// With the first mail that arrives from now on.
    #[default]
    New,
    /// With the oldest mail.
    All,
}

/// Time limits and intervals, for tests to shorten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// For TCP and TLS, per address of the host.
    pub connect: Duration,
    /// How long a server may send nothing while an answer is due.
    pub silence: Duration,
    /// How long one command may take, however busily the server sends.
    pub command: Duration,
    /// How long one IDLE lasts, at most. RFC 2177 allows 29 min; but where a firewall has forgotten the connection, only
    /// the end of IDLE finds out, and mail waits until then.
    pub idle: Duration,
    /// How long the first IDLE after a batch lasts. Some servers forget to tell of a mail that came while a command was
    /// running (seen with GreenMail 2.1.13 under load); the look after a short IDLE finds it within seconds.
    pub idle_first: Duration,
    /// How long the ends of IDLE (`+` and the answer to DONE) may take.
    pub done: Duration,
    /// How often a connection is kept alive while the pipeline works on a batch.
    pub keepalive: Duration,
    /// How often mails that wait ([`Verdict::Later`]) are brought again.
    pub waiting: Duration,
    /// The first wait after a failure, of the connection or of a batch; it doubles up to `retry_max`.
    pub retry: Duration,
    /// The longest wait after a failure.
    pub retry_max: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            command: Duration::from_secs(15 * 60),
            idle: Duration::from_secs(40),
            idle_first: Duration::from_secs(1),
            done: Duration::from_secs(15),
            keepalive: Duration::from_secs(20),
            waiting: Duration::from_secs(5),
            retry: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
        }
    }
}

impl Timings {
    /// With this change to each of them.
    #[must_use]
    pub fn each(self, change: impl Fn(Duration) -> Duration) -> Self {
        Self {
            connect: change(self.connect),
            silence: change(self.silence),
            command: change(self.command),
            idle: change(self.idle),
            idle_first: change(self.idle_first),
            done: change(self.done),
            keepalive: change(self.keepalive),
            waiting: change(self.waiting),
            retry: change(self.retry),
            retry_max: change(self.retry_max),
        }
    }
}

/// A mail as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its UID in the mailbox.
    pub uid: u32,
    /// Size of the whole mail in octets, as the server says (RFC822.SIZE).
    pub octets: u64,
    /// The mail, or its header alone.
    pub raw: Vec<u8>,
    /// Whether `raw` is the header alone, of at most 256 KiB, because the mail is over
    /// [`MailboxConfig::octets_max`] or its body cannot be fetched.
    pub header_only: bool,
    /// When the mail reached the mailbox (INTERNALDATE).
    pub internal_date: Option<Timestamp>,
}

/// Mails to be handled together, in the order of their UIDs.
#[derive(Debug)]
pub struct Batch {
    /// [`MailboxConfig::name`].
    pub mailbox: String,
    /// The mails. There may be none: then only the cursor is to be committed.
    pub mails: Vec<Fetched>,
    /// Up to where the mailbox is read when this batch is done. Commit it together with what became of the mails,
    /// before answering.
    pub cursor: Cursor,
    /// Conversations of which mails wait: [`Verdict::Later`]. What comes in them after those waits behind them.
    pub waiting: BTreeSet<Conversation>,
    /// Whether mails may wait.
    pub may_wait: bool,
    /// Whether the mailbox itself does not tell which mails are handled. Then commit the cursor only up to the first of
    /// these that waits ([`held`]): a crash would forget it.
    pub is_kept: bool,
    /// Takes one verdict for each mail, in the same order. Dropped: not handled, the same mails come again later.
    pub answer: oneshot::Sender<Vec<Verdict>>,
}

/// What the pipeline did with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is dealt with for good: dispose of it as [`After`] says.
    Handled,
    /// It is not for us or cannot be converted: leave it where it is, marked with [`LEFT_KEYWORD`].
    Left,
    /// It waits, since these get no more for now: leave it as it is, and bring it again.
    Later(BTreeSet<Conversation>),
}

/// The cursor, but before the first mail that waits.
pub fn held<'a>(cursor: Cursor, verdicts: impl Iterator<Item = (u32, &'a Verdict)>) -> Cursor {
    let waiting = verdicts.filter(|(_, verdict)| matches!(verdict, Verdict::Later(_)));
    waiting.fold(cursor, |cursor, (uid, _)| cursor.before(uid))
}

/// Mails in one batch.
const BATCH_MAILS_MAX: usize = 200;
/// Octets in one batch, unless a single mail has more.
const BATCH_OCTETS_MAX: u64 = 8 * 1024 * 1024;
/// What is read at most of the header of a mail whose body is not read, in octets. Postfix stores headers of up to
/// 100 KiB (`header_size_limit`).
const HEADER_OCTETS_MAX: u64 = 256 * 1024;
/// The biggest mail that is ever asked for, in octets: async-imap refuses responses over 512 MiB.
const WHOLE_OCTETS_MAX: u64 = 500 * 1024 * 1024;

impl MailboxConfig {
    /// The biggest mail that is read whole, in octets.
    fn whole_octets_max(&self) -> u64 {
        u64::try_from(self.octets_max)
            .unwrap_or(u64::MAX)
            .min(WHOLE_OCTETS_MAX)
    }
}
