//! What each part of a gateway takes of the configuration.

use crate::config::{self, Config};
use crate::failpoints;
use crate::imap::{self, MailboxConfig};
use crate::lmtp;
use crate::net::sasl::Login;
use crate::pipeline::MailboxMeaning;
use crate::smtp::{SmtpConfig, TimeLimits};
use crate::xmpp::{self, XmppConfig};
use secrecy::SecretString;
use std::collections::BTreeMap;

/// The stream's part of the configuration.
pub fn xmpp_config(config: &Config) -> XmppConfig {
    XmppConfig {
        server: config.xmpp.server.to_string(),
        tls: config.xmpp.tls,
        ca_file: config.xmpp.ca_file.clone(),
        domain: config.xmpp.domain.clone(),
        secret: config.xmpp.secret.clone(),
        ping_target: config.xmpp.ping.clone(),
        timings: xmpp::XmppTimings::default().each(failpoints::hurry),
    }
}

/// The mail server's part of the configuration.
pub fn smtp_config(config: &Config) -> SmtpConfig {
    let smtp = &config.smtp;
    SmtpConfig {
        ca_file: smtp.ca_file.clone(),
        login: smtp.username.as_deref().map(|username| {
            login(
                username,
                smtp.password.as_ref(),
                smtp.token_command.as_deref(),
            )
        }),
        connections: smtp.connections,
        limits: TimeLimits::default().each(failpoints::hurry),
        ..SmtpConfig::new(&smtp.host, smtp.port, smtp.tls, &smtp.helo)
    }
}

/// A mailbox's part of the configuration.
pub fn mailbox_config(mailbox: &config::Mailbox, config: &Config) -> MailboxConfig {
    MailboxConfig {
        name: mailbox.name(),
        host: mailbox.host.clone(),
        port: mailbox.port,
        tls: mailbox.tls,
        ca_file: mailbox.ca_file.clone(),
        login: login(
            &mailbox.username,
            mailbox.password.as_ref(),
            mailbox.token_command.as_deref(),
        ),
        folder: mailbox.folder.clone(),
        idle: mailbox.idle,
        poll: mailbox.poll,
        after: mailbox.after.clone(),
        left_keyword: imap::left_keyword(config.xmpp.domain.as_str()),
        octets_max: config.mail.octets_max,
        spill_folder: config.store.path.clone(),
        first_start: mailbox.first_start,
        timings: imap::ImapTimings::default().each(failpoints::hurry),
    }
}

/// The configuration has a password or a command.
fn login(username: &str, password: Option<&SecretString>, command: Option<&[String]>) -> Login {
    match (password, command) {
        (Some(password), _) => Login::by_password(username, password.clone()),
        (None, command) => Login::by_token(username, command.unwrap_or_default()),
    }
}

pub(super) fn meanings(config: &Config) -> BTreeMap<String, MailboxMeaning> {
    let meaning = |mailbox: &config::Mailbox| MailboxMeaning {
        bound: mailbox.user.clone(),
        own: mailbox.username.parse().ok(),
        octets_max: config.mail.octets_max,
        recipient_headers: mailbox.recipient_headers.clone(),
    };
    let by_lmtp = MailboxMeaning {
        octets_max: config.mail.octets_max,
        ..MailboxMeaning::default()
    };
    let mailboxes = config.mailbox.iter();
    mailboxes
        .map(|mailbox| (mailbox.name(), meaning(mailbox)))
        .chain([(lmtp::SOURCE.to_owned(), by_lmtp)])
        .collect()
}
