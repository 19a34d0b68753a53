//! What goes wrong with a mailbox, as sentences for the admin.

use crate::net::sasl::{SaslError, TokenError};
use crate::net::tcp::TcpError;
use crate::net::tls::{Remedies, TlsError, TlsFault};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What an admin changes where there is no TLS.
const REMEDIES: Remedies = Remedies {
    name: "host of the [[mailbox]]",
    authority: "ca_file of the [[mailbox]]",
    port: "implicit TLS is on port 993, STARTTLS on 143",
};

/// Why a mailbox cannot be read. Each says what happened, to what, and what to do next. All but the last are tried
/// again: a wrong password may be mended on the server.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// The name has no address, or nothing answers there.
    #[error(
        "{host}:{port} cannot be reached ({reason}); see {}",
        match reason.is_about_the_name() {
            true => "host of [[mailbox]], or /etc/resolv.conf of this machine",
            false => "host and port of [[mailbox]], and that the server runs",
        }
    )]
    Unreachable {
        /// As configured.
        host: String,
        /// As configured.
        port: u16,
        /// What was seen.
        reason: TcpError,
    },
    /// The host can stand in no certificate.
    #[error("“{0}” is neither a host name nor an IP address; correct host of [[mailbox]]")]
    HostName(String),
    /// There is nobody to trust.
    #[error("{0}; see ca_file of the [[mailbox]]")]
    Trust(#[from] TlsError),
    /// A certificate that is not trusted, or no TLS at this port.
    #[error("no TLS with {host}:{port}: {}", .fault.sentence(&REMEDIES))]
    Tls {
        /// As configured.
        host: String,
        /// As configured.
        port: u16,
        /// What is wrong.
        fault: TlsFault,
    },
    /// STARTTLS is demanded and not to be had. Nothing secret was sent.
    #[error(
        "{host} does not do STARTTLS ({words}); use tls = \"implicit\" and port 993, or mend the server"
    )]
    NoStartTls {
        /// As configured.
        host: String,
        /// The server's words.
        words: String,
    },
    /// Something speaks for the server before TLS begins. Nothing secret was sent.
    #[error(
        "{host} sent {what} before TLS began: somebody on the way may be tampering; use tls = \"implicit\" and port 993"
    )]
    Tampered {
        /// As configured.
        host: String,
        /// What came that must not.
        what: &'static str,
    },
    /// The server's greeting is no welcome.
    #[error("{host} refuses connections ({words}); try again later or ask its admin")]
    Greeting {
        /// As configured.
        host: String,
        /// The server's words.
        words: String,
    },
    /// It begins with something else than IMAP does.
    #[error("{host}:{port} does not speak IMAP: “{words}”; see port of [[mailbox]]")]
    NoGreeting {
        /// As configured.
        host: String,
        /// As configured.
        port: u16,
        /// What came.
        words: String,
    },
    /// The server wants none of the ways to log in that there are.
    #[error(
        "{host} lets nobody log in with a password here; use TLS, or allow AUTH=SCRAM-SHA-256, AUTH=PLAIN or LOGIN on the server"
    )]
    NoLogin {
        /// As configured.
        host: String,
    },
    /// A token is configured, and the server takes none.
    #[error(
        "{host} takes no tokens here: it offers neither OAUTHBEARER nor XOAUTH2; use a password instead of token_command, or see tls of [[mailbox]]"
    )]
    NoTokenLogin {
        /// As configured.
        host: String,
    },
    /// There is no token.
    #[error("{0}; see token_command of [[mailbox]]")]
    Token(#[from] TokenError),
    /// What the server says while we log in is not what the mechanism has, or it is not the server that it says.
    #[error("{host} did not do {mechanism}: {error}; ask its admin, or see host of [[mailbox]]")]
    Sasl {
        /// As configured.
        host: String,
        /// The mechanism.
        mechanism: &'static str,
        /// What is wrong.
        error: SaslError,
    },
    /// The name or the password is wrong.
    #[error(
        "{host} refuses the login of {username} ({words}); see username and {secret} of [[mailbox]]"
    )]
    Login {
        /// As configured.
        host: String,
        /// As configured.
        username: String,
        /// The server's words.
        words: String,
        /// The key of what proves it.
        secret: &'static str,
    },
    /// The folder is not there.
    #[error(
        "the folder “{folder}” cannot be opened ({words}); create it, or correct folder of [[mailbox]]"
    )]
    Folder {
        /// As configured.
        folder: String,
        /// The server's words.
        words: String,
    },
    /// The folder cannot be changed, and mails are to be marked, moved or deleted.
    #[error(
        "the folder “{folder}” is read-only for this login; set after = \"keep\", or allow the login to change it"
    )]
    ReadOnly {
        /// As configured.
        folder: String,
    },
    /// The folder gives no UIDs that stay.
    #[error(
        "the folder “{folder}” has no UIDVALIDITY, so what was read cannot be remembered; use another folder or server"
    )]
    NoUids {
        /// As configured.
        folder: String,
    },
    /// The folder that handled mails go to cannot be had.
    #[error(
        "the folder “{folder}”, where handled mails go, is not there and cannot be created ({words}); create it, or correct move_to of [[mailbox]]"
    )]
    MoveTarget {
        /// As configured.
        folder: String,
        /// The server's words.
        words: String,
    },
    /// Handled mails would go to where they come from.
    #[error(
        "handled mails of “{folder}” would be moved to the same folder; correct move_to of [[mailbox]]"
    )]
    MoveToItself {
        /// As configured.
        folder: String,
    },
    /// A name or password that no IMAP command can hold.
    #[error("{0} of [[mailbox]] has a line break or a NUL in it; correct it")]
    Unspeakable(&'static str),
    /// The server answered NO or BAD.
    #[error("the server refuses {command} ({words})")]
    Refused {
        /// The command's verb.
        command: String,
        /// The server's words.
        words: String,
    },
    /// The server said goodbye.
    #[error("the server closed the connection ({0})")]
    Bye(String),
    /// The connection ended without a word.
    #[error("the connection was lost ({0})")]
    Lost(String),
    /// The server is silent while an answer is due.
    #[error("the server did not answer within {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// What the server sends is no IMAP.
    #[error("the server sent what is no IMAP: {0}")]
    NotImap(String),
    /// The server sends more than was asked for.
    #[error("the server sent too much: {0}")]
    TooMuch(#[from] super::guard::Excess),
    /// A big file of a mail was written to the disk, and cannot be read again.
    #[error("a mail cannot be read again from the disk of {path} ({error}); look after that disk", path = .0.display(), error = .1)]
    Disk(PathBuf, io::Error),
    /// Nobody takes batches any more: the gateway stops.
    #[error("nobody takes mails any more: the gateway is stopping")]
    Stopping,
}

impl ImapError {
    /// What reading or writing an open connection means when it fails.
    pub(super) fn from_io(error: &io::Error) -> Self {
        if let Some(excess) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<super::guard::Excess>())
        {
            return Self::TooMuch(*excess);
        }
        match error.kind() {
            // async-imap's word for a response that it cannot read; it quotes everything that it holds, mails too.
            io::ErrorKind::Other => Self::NotImap(first_line(&error.to_string())),
            _ => Self::Lost(error.to_string()),
        }
    }

    /// Whether only a change by a person helps, so that trying again soon is of no use.
    pub(super) fn needs_a_person(&self) -> bool {
        if let Self::Tls { fault, .. } = self {
            return fault.is_about_the_certificate();
        }
        matches!(
            self,
            Self::HostName(_)
                | Self::Trust(_)
                | Self::NoLogin { .. }
                | Self::NoTokenLogin { .. }
                | Self::Token(_)
                | Self::Sasl { .. }
                | Self::Login { .. }
                | Self::Folder { .. }
                | Self::ReadOnly { .. }
                | Self::NoUids { .. }
                | Self::MoveTarget { .. }
                | Self::MoveToItself { .. }
                | Self::Unspeakable(_)
        )
    }
}

/// The line of IMAP that async-imap stumbled over, without any of the literals behind it.
fn first_line(quoted: &str) -> String {
    let line = quoted
        .split_once("during parsing of")
        .map_or(quoted, |(_, line)| line);
    let line = line.split("\\r").next().unwrap_or_default();
    line.trim_matches([' ', '"']).chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parse_error_shows_the_protocol_line_and_nothing_of_the_mail() {
        let quoted =
            r#"Error { .. } during parsing of "* 1 FETCH (UID 1 BODY[] {9}\r\nSecret: x\r\n""#;
        let error = ImapError::from_io(&io::Error::other(quoted));
        assert_eq!(
            error.to_string(),
            "the server sent what is no IMAP: * 1 FETCH (UID 1 BODY[] {9}"
        );
    }

    #[test]
    fn an_excess_is_found_again_inside_an_io_error() {
        let error = io::Error::other(super::super::guard::Excess::Nesting);
        assert!(matches!(
            ImapError::from_io(&error),
            ImapError::TooMuch(super::super::guard::Excess::Nesting)
        ));
    }
}
