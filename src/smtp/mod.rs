//! Mails on their way to the SMTP server.
//!
//! [`Queue`] decides which waiting mail goes next and keeps up to [`SmtpConfig::connections`] connections; a connection
//! carries one mail transaction after the other (RFC 5321 §3.3). What became of each attempt leaves as a [`Settle`], and
//! the mail's file stays in the spool until that was answered.
//!
//! From the socket upwards: [`reply`] reads what the server says, `dialog` keeps both sides in step, `connect` and
//! `login` begin one, `plan` and `content` are what is said for a mail, `submit` says it, [`outcome`] is what a reply
//! means for the mail, `attempt` what is done with that.

mod attach;
mod attempt;
mod capabilities;
mod command;
mod connect;
mod content;
mod dialog;
#[cfg(test)]
pub(crate) mod fake;
mod gate;
mod idle;
mod login;
pub mod outcome;
mod plan;
mod probe;
mod queue;
pub mod reply;
mod runner;
mod schedule;
mod submit;
mod wire;

pub use crate::core::operation::{JobChange, JobStage, WaitingJob};
pub use crate::net::sasl::Login;
pub use crate::net::tls::TlsMode;
pub use attach::{AttachOutcome, Attacher, Wanting};
pub use capabilities::SmtpCapabilities;
pub use command::{By, Settle, Settled, Which};
pub use connect::{ConnectError, SmtpConnector};
pub use idle::IdleProbe;
pub use probe::{ProbedServer, RefusedCommand, probe, send, try_addresses};
pub use queue::Queue;
pub use runner::Runner;

use crate::net::limits::time_limits;
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
    pub login: Option<Login>,
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
            login: None,
            connections: 5,
            helo: helo.to_owned(),
            limits: TimeLimits::default(),
        }
    }
}

time_limits! {
    /// How long the server may take for each phase (RFC 5321 §4.5.3.2). A limit that is too short after the final dot makes
    /// duplicates: the server has taken the mail and we send it again.
    pub struct TimeLimits {
        /// TCP and TLS, each, for each address of the server.
        connect: Duration::from_secs(30),
        /// The greeting, and the replies to `EHLO`, `MAIL`, `RCPT` and `RSET`.
        command: Duration::from_secs(300),
        /// The whole login.
        login: Duration::from_secs(60),
        /// The reply to `DATA`.
        data: Duration::from_secs(120),
        /// One block of the mail.
        block: Duration::from_secs(180),
        /// The reply after the final dot.
        final_reply: Duration::from_secs(600),
        /// How long an unused connection is kept: shorter than servers do (GreenMail 30 s, Postfix 300 s).
        idle: Duration::from_secs(20),
    }
}
