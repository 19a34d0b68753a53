//! The sections about mail servers: whom we send to, and how mail arrives.

use super::table::{ConfigTable, Given};
use super::value::{
    DAY, MINUTE, choice, command, duration, flag, header_name, host, is_loopback, list, listen,
    number, text, user_jid,
};
use super::{Address, After, FirstStart, Lmtp, Mailbox, SmtpSection};
use crate::core::settings::default_recipient_headers;
use crate::net::tls::{TlsMode, roots_in};
use jid::DomainPart;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) fn smtp(
    mut table: ConfigTable<'_>,
    gateway: Option<&DomainPart>,
    address: Option<&[Address]>,
) -> Option<SmtpSection> {
    let server = mail_server(&mut table, |tls| match tls {
        TlsMode::Implicit => 465,
        TlsMode::StartTls => 587,
        TlsMode::Plain => 25,
    });
    let username = table.optional("username", text);
    let secret = secret(&mut table);
    let connections = table.or("connections", number(1..=100), 5);
    let helo = table.optional("helo", host);
    table.finish();
    let username = username?;
    let (password, token_command) = secret?;
    let has_secret = password.is_some() || token_command.is_some();
    if username.is_some() != has_secret {
        let (there, missing) = match (&username, &password) {
            (Some(_), _) => ("username", "password"),
            (None, Some(_)) => ("password", "username"),
            (None, None) => ("token_command", "username"),
        };
        table.refuse(
            missing,
            format!(
                "found nothing, but a {there}; write both, or none where the server wants no login"
            ),
        );
        return None;
    }
    let helo = helo?.or_else(|| Some(default_helo(gateway?, address?)));
    let server = server?;
    Some(SmtpSection {
        host: server.host,
        port: server.port,
        tls: server.tls,
        username,
        password,
        token_command,
        connections: connections?,
        helo: helo?,
        ca_file: server.ca_file,
        insecure: server.insecure,
    })
}

/// A password or a command that prints a token; not both.
fn secret(table: &mut ConfigTable<'_>) -> Option<(Option<SecretString>, Option<Vec<String>>)> {
    let password = table.secret(["password", "password_file", "password_env"]);
    let token_command = table.optional("token_command", command);
    let password = match password {
        Given::Value(password) => Some(password),
        Given::Absent => None,
        Given::Wrong => return None,
    };
    let token_command = token_command?;
    if password.is_some() && token_command.is_some() {
        let problem = "found a password as well; write one of the two: the server takes a password, or tokens";
        table.refuse("token_command", problem);
        return None;
    }
    Some((password, token_command))
}

fn default_helo(gateway: &DomainPart, address: &[Address]) -> String {
    let of_first_rule = address.first().and_then(|rule| rule.mail.rsplit_once('@'));
    let domain = of_first_rule
        .map(|(_, domain)| domain)
        .filter(|domain| !domain.contains('{'))
        .unwrap_or(gateway.as_str());
    crate::core::address::domain_to_ascii(domain).unwrap_or_else(|| gateway.to_string())
}

pub(super) fn mailbox(mut table: ConfigTable<'_>) -> Option<Mailbox> {
    let server = mail_server(&mut table, |tls| match tls {
        TlsMode::Implicit => 993,
        TlsMode::StartTls | TlsMode::Plain => 143,
    });
    let username = table.required("username", text);
    let secret = secret(&mut table);
    let has_none = matches!(secret, Some((None, None)));
    if has_none {
        let problem =
            "found nothing; write one of password_file, password_env, password and token_command";
        table.refuse("password", problem);
    }
    let folder = table.or("folder", text, "INBOX".to_owned());
    let idle = table.or("idle", flag, true);
    let poll = table.or("poll", duration(Duration::from_secs(5)..=DAY), MINUTE);
    let after = after(&mut table);
    let user = table.optional("user", user_jid);
    let first_start = table.or(
        "first_start",
        choice(&[("new", FirstStart::New), ("all", FirstStart::All)]),
        FirstStart::New,
    );
    let recipient_headers = table.or(
        "recipient_headers",
        list(header_name),
        default_recipient_headers(),
    );
    table.finish();
    let (folder, after, server) = (folder?, after?, server?);
    let (password, token_command) = secret.filter(|_| !has_none)?;
    if after == After::Move(folder.clone()) {
        table.refuse(
            "move_to",
            format!("found {folder:?}, the folder that is read; write another one"),
        );
        return None;
    }
    Some(Mailbox {
        host: server.host,
        port: server.port,
        tls: server.tls,
        username: username?,
        password,
        token_command,
        folder,
        idle: idle?,
        poll: poll?,
        after,
        user: user?,
        ca_file: server.ca_file,
        insecure: server.insecure,
        first_start: first_start?,
        recipient_headers: recipient_headers?,
    })
}

pub(super) fn lmtp(mut table: ConfigTable<'_>) -> Option<Lmtp> {
    let listen = table.required("listen", listen);
    table.finish();
    Some(Lmtp { listen: listen? })
}

fn after(table: &mut ConfigTable<'_>) -> Option<After> {
    let choices = [
        ("seen", After::Seen),
        ("keep", After::Keep),
        ("move", After::Move(String::new())),
        ("delete", After::Delete),
    ];
    let after = table.or("after", choice(&choices), After::Seen);
    let move_to = table.optional("move_to", text);
    match (after?, move_to?) {
        (After::Move(_), folder) => {
            Some(After::Move(folder.unwrap_or_else(|| "Archive".to_owned())))
        }
        (after, None) => Some(after),
        (_, Some(_)) => {
            table.refuse("move_to", "found a folder, but nothing is moved there; write after = \"move\", too, or remove it");
            None
        }
    }
}

/// What SMTP and IMAP servers have in common.
struct MailServer {
    host: String,
    port: u16,
    tls: TlsMode,
    ca_file: Option<PathBuf>,
    insecure: bool,
}

fn mail_server(
    table: &mut ConfigTable<'_>,
    default_port: impl Fn(TlsMode) -> u16,
) -> Option<MailServer> {
    let modes = [
        ("implicit", TlsMode::Implicit),
        ("starttls", TlsMode::StartTls),
        ("none", TlsMode::Plain),
    ];
    let host = table.required("host", host);
    let port = table.optional("port", number(1..=u16::MAX));
    let tls = table.or("tls", choice(&modes), TlsMode::Implicit);
    let insecure = table.or("insecure", flag, false);
    let ca_file = ca_file(table);
    let (host, tls, insecure) = (host?, tls?, insecure?);
    if tls == TlsMode::Plain && !is_loopback(&host) && !insecure {
        let problem = format!(
            "found \"none\", but {host} is not this machine; allowed is \"implicit\" or \"starttls\", or insecure = true if \
             everyone on the way may read passwords and mail"
        );
        table.refuse("tls", problem);
        return None;
    }
    let port = port?.unwrap_or_else(|| default_port(tls));
    Some(MailServer {
        host,
        port,
        tls,
        ca_file: ca_file?,
        insecure,
    })
}

pub(super) fn ca_file(table: &mut ConfigTable<'_>) -> Option<Option<PathBuf>> {
    let path = table.path_or_none("ca_file")?;
    if let Some(error) = path.as_deref().and_then(|path: &Path| roots_in(path).err()) {
        table.refuse("ca_file", error.to_string());
        return None;
    }
    Some(path)
}
