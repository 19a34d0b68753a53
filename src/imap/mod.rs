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
//! commands, `login` is the first of them, `fetch`, `dispose` and `idle` are the commands, `cursor` is the pure arithmetic of UIDs,
//! `listing` says which mails are next, `waiting` which are put off, `reader` is the loop.

mod connect;
mod cursor;
mod dispose;
mod error;
mod fetch;
mod guard;
mod idle;
mod limited;
mod listing;
mod login;
mod name;
mod probe;
mod reader;
mod session;
mod suspects;
mod waiting;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;

pub use error::ImapError;
pub use guard::Excess;
pub use probe::{ImapCapabilities, ProbedMailbox, look, probe, take};
pub use reader::{MailboxReader, Reports};

use crate::core::id::{JobId, content_digest};
#[cfg(doc)]
use crate::inbound::{Batch, Verdict};
use crate::net::limits::time_limits;
pub use crate::net::sasl::Login;
pub use crate::net::tls::TlsMode;
use std::path::PathBuf;
use std::time::Duration;

/// With what a keyword begins that marks a mail which was looked at and left where it is: [`left_keyword`].
pub const LEFT_KEYWORD: &str = "$StanzamailLeft";
/// The longest keyword, in octets: what Dovecot keeps (`mail_max_keyword_length`).
const KEYWORD_OCTETS_MAX: usize = 50;

/// Marks a mail that this gateway has looked at and left where it is, since it is not for its users or not to be shown. Where
/// handled mails do not stay as they are ([`After`]), a mail from which it is removed is looked at again at the next connect.
/// Each gateway has its own, so that two can read one mailbox: what one leaves may be for the users of the other. A domain
/// that no keyword can have (RFC 3501 §9, `atom`) is in it as a hash.
pub fn left_keyword(gateway: &str) -> String {
    let keyword = format!("{LEFT_KEYWORD}-{gateway}");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    match keyword.len() <= KEYWORD_OCTETS_MAX && gateway.chars().all(is_plain) {
        true => keyword,
        false => format!("{LEFT_KEYWORD}-{}", content_digest(&[gateway])),
    }
}

/// What a mail in a mailbox is called: [`crate::inbound::InboundMail::key`].
fn key(mailbox: &str, uid_validity: u32, uid: u32) -> JobId {
    let (validity, uid) = (uid_validity.to_string(), uid.to_string());
    JobId::of_name(&["mail", mailbox, &validity, &uid])
}

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
    /// Who we are there.
    pub login: Login,
    /// The folder, with the server's own hierarchy delimiter: `INBOX`, `Archive/2026`.
    pub folder: String,
    /// Whether IDLE (RFC 2177) is used where the server offers it.
    pub idle: bool,
    /// How often to look where IDLE is not used.
    pub poll: Duration,
    /// What becomes of a mail that was handled.
    pub after: After,
    /// Marks mails that were left where they are: [`left_keyword`].
    pub left_keyword: String,
    /// Of a mail over this size, in octets, only the header is read.
    pub octets_max: usize,
    /// On whose disk big files of mails lie until they are dealt with.
    pub spill_folder: PathBuf,
    /// Where to begin in a mailbox that was never read before.
    pub first_start: FirstStart,
    /// Time limits and intervals.
    pub timings: ImapTimings,
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

time_limits! {
    /// Time limits and intervals, for tests to shorten.
    pub struct ImapTimings {
        /// For TCP and TLS, per address of the host.
        connect: Duration::from_secs(20),
        /// How long a server may send nothing while an answer is due.
        silence: Duration::from_secs(60),
        /// How long one command may take, however busily the server sends.
        command: Duration::from_secs(15 * 60),
        /// How long one IDLE lasts, at most. RFC 2177 allows 29 min; but where a firewall has forgotten the connection, only
        /// the end of IDLE finds out, and mail waits until then.
        idle: Duration::from_secs(40),
        /// How long the first IDLE after a batch lasts. Some servers forget to tell of a mail that came while a command was
        /// running (seen with GreenMail 2.1.13 under load); the look after a short IDLE finds it within seconds.
        idle_first: Duration::from_secs(1),
        /// How long the ends of IDLE (`+` and the answer to DONE) may take.
        done: Duration::from_secs(15),
        /// How often a connection is kept alive while the pipeline works on a batch.
        keepalive: Duration::from_secs(20),
        /// How often it is looked whether mails that wait ([`Verdict::Later`]) may be brought again.
        waiting: Duration::from_secs(5),
        /// The same, while files of some are on their way to the XMPP server.
        files: Duration::from_millis(250),
        /// The first wait after a failure, of the connection or of a batch; it doubles up to `retry_max`.
        retry: Duration::from_secs(1),
        /// The longest wait after a failure.
        retry_max: Duration::from_secs(60),
    }
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
