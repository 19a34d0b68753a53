//! Mails on their way to the SMTP server.
//!
//! [`Queue`] decides which waiting mail goes next and keeps up to [`SmtpConfig::connections`] connections; a connection
//! carries one mail transaction after the other (RFC 5321 §3.3); [`outcome`] says what a reply means. What became of
//! each attempt leaves as a [`Settle`], and the mail's file stays in the spool until that was answered.

mod attempt;
mod capabilities;
mod connect;
#[cfg(test)]
pub(crate) mod fake;
mod gate;
pub mod outcome;
mod plan;
mod queue;
mod runner;
mod schedule;
mod submit;
mod wire;

pub use crate::tls::TlsMode;
pub use capabilities::Capabilities;
pub use connect::{ConnectError, Connector, probe};
pub use queue::{Change, Queue, Settle, Settled, Stage, Waiting};
pub use runner::Runner;

use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// The SMTP server and how it is talked to.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// Host name (which the certificate must have) or address.
    pub host: String,
    /// 465 for implicit TLS, 587 for STARTTLS, 25 without (RFC 8314 §3.3).
    pub port: u16,
    /// Whether and when the connection is encrypted.
    pub tls: TlsMode,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// With it there is a login (RFC 4954).
    pub username: Option<String>,
    /// The password of that login.
    pub password: Option<SecretString>,
    /// Most connections at a time.
    pub connections: usize,
    /// What we call ourselves in `EHLO`: a host name, or an address.
    pub helo: String,
    /// How long the server may take.
    pub limits: TimeLimits,
}

impl SmtpConfig {
    /// Five connections, no login and the time limits of RFC 5321.
    pub fn new(host: &str, port: u16, tls: TlsMode, helo: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            tls,
            ca_file: None,
            username: None,
            password: None,
            connections: 5,
            helo: helo.to_owned(),
            limits: TimeLimits::default(),
        }
    }
}

/// How long the server may take for each phase (RFC 5321 §4.5.3.2). A limit that is too short after the final dot makes
/// duplicates: the server has taken the mail and we send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    /// TCP and TLS, each, for each address of the server.
    pub connect: Duration,
    /// The greeting, and the replies to `EHLO`, `MAIL`, `RCPT` and `RSET`.
    pub command: Duration,
    /// The whole login.
    pub login: Duration,
    /// The reply to `DATA`.
    pub data: Duration,
    /// One block of the mail.
    pub block: Duration,
    /// The reply after the final dot.
    pub final_reply: Duration,
    /// How long an unused connection is kept: shorter than servers do (GreenMail 30 s, Postfix 300 s).
    pub idle: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(300),
            login: Duration::from_secs(60),
            data: Duration::from_secs(120),
            block: Duration::from_secs(180),
            final_reply: Duration::from_secs(600),
            idle: Duration::from_secs(20),
        }
    }
}

impl TimeLimits {
    /// With this change to each of them.
    #[must_use]
    pub fn each(self, change: impl Fn(Duration) -> Duration) -> Self {
        Self {
            connect: change(self.connect),
            command: change(self.command),
            login: change(self.login),
            data: change(self.data),
            block: change(self.block),
            final_reply: change(self.final_reply),
            idle: change(self.idle),
        }
    }
}
