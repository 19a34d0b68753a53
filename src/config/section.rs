//! Each section of the file, read key by key. A section with an error is `None`; the error was reported.

use super::table::{Given, Table};
use super::value::{
    authserv_id, choice, duration, flag, header_name, host, host_and_port, is_loopback, jid_domain,
    list, mail_address, mail_domain, number, pattern, public_key, quota, remembered, size,
    stanza_trust, text, time_shown, user_jid,
};
use super::{
    Address, After, Config, Contacts, Delivery, FirstStart, Limits, Log, Mail, Mailbox, Messages,
    Pair, Peer, Presence, Smtp, Store, Trust, Users, Xmpp,
};
use crate::core::address::{AddressPattern, MailAddress};
use crate::core::limits;
use crate::core::record::Format;
use crate::core::rules::Rules;
use crate::core::settings::{self, Bulk, Receipts, Speak, StanzaTrust, default_recipient_headers};
use crate::tls::{TlsMode, roots_in};
use jid::DomainPart;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::Level;

/// A presence is repeated before it expires, and a mail may be late: so many times fit in before others take the user for
/// unavailable.
const SPACINGS_IN_EXPIRES_MIN: u32 = 4;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The whole file. The rules and what concerns several sections are left to [`super::check`].
pub(super) fn config(mut root: Table<'_>) -> Option<Config> {
    let xmpp = root.required_section("xmpp").and_then(xmpp);
    let gateway = xmpp.as_ref().map(|xmpp| &xmpp.domain);
    let users = root
        .section("users")
        .and_then(|table| users(table, gateway));
    let address = each(root.sections("address"), address);
    let pair = each(root.sections("pair"), pair);
    let contacts = root.section("contacts").and_then(contacts);
    let trust = root.section("trust").and_then(trust);
    let peer = each(root.sections("peer"), peer);
    let smtp = root
        .required_section("smtp")
        .and_then(|table| smtp(table, gateway, address.as_deref()));
    let mailbox = each(root.sections("mailbox"), mailbox);
    let store = root.section("store").and_then(store);
    let messages = root.section("messages").and_then(messages);
    let presence = root.section("presence").and_then(presence);
    let limits = root.section("limits").and_then(limits);
    let delivery = root.section("delivery").and_then(delivery);
    let mail = root.section("mail").and_then(mail);
    let log = root.section("log").and_then(log);
    root.required_one_of(&["mailbox"], "without it no mail comes in");
    root.required_one_of(
        &["address", "pair"],
        "without it no user has a mail address",
    );
    root.finish();
    Some(Config {
        xmpp: xmpp?,
        users: users?,
        address: address?,
        pair: pair?,
        contacts: contacts?,
        trust: trust?,
        peer: peer?,
        smtp: smtp?,
        mailbox: mailbox?,
        store: store?,
        messages: messages?,
        presence: presence?,
        limits: limits?,
        delivery: delivery?,
        mail: mail?,
        log: log?,
        rules: Rules::default(),
    })
}

/// Several sections of one name. All are read, even after one that is wrong.
fn each<'a, T>(tables: Vec<Table<'a>>, read: impl Fn(Table<'a>) -> Option<T>) -> Option<Vec<T>> {
    let read: Vec<Option<T>> = tables.into_iter().map(read).collect();
    read.into_iter().collect()
}

fn xmpp(mut table: Table<'_>) -> Option<Xmpp> {
    let server = table.required("server", host_and_port);
    let domain = table.required("domain", jid_domain);
    let secret = table.required_secret(["secret", "secret_file", "secret_env"]);
    let ping = table.optional("ping", jid_domain);
    let insecure = table.or("insecure", flag, false);
    table.finish();
    let (server, domain) = (server?, domain?);
    let ping = ping?.or_else(|| parent(&domain));
    if ping.is_none() {
        table.refuse("ping", format!("found nothing, and {domain} has no domain above it; write the domain of your XMPP server"));
    }
    if !is_loopback(&server.host) && !insecure? {
        let problem = format!(
            "found {:?}, which is not this machine, and component streams have no TLS; allowed is 127.0.0.1, ::1 or localhost; \
             make a tunnel, or write insecure = true if the way to {} is safe",
            server.to_string(),
            server.host
        );
        table.refuse("server", problem);
        return None;
    }
    Some(Xmpp {
        server,
        domain,
        secret: secret?,
        ping: ping?,
        insecure: insecure?,
    })
}

/// The domain above: `example.org` for `mail.example.org`. `None` for a name of one label.
fn parent(domain: &DomainPart) -> Option<DomainPart> {
    let (_, above) = domain.as_str().split_once('.')?;
    DomainPart::new(above).ok().map(|part| part.into_owned())
}

fn users(mut table: Table<'_>, gateway: Option<&DomainPart>) -> Option<Users> {
    let jids = table.or("jids", list(user_jid), Vec::new());
    let domains = table.optional("domains", list(jid_domain));
    table.finish();
    let (jids, gateway) = (jids?, gateway?);
    let domains = match domains? {
        Some(domains) => domains,
        None if jids.is_empty() => parent(gateway).into_iter().collect(),
        None => Vec::new(),
    };
    if domains.is_empty() && jids.is_empty() {
        table.refuse(
            "domains",
            "found nobody; write, for example, domains = [\"example.org\"]",
        );
        return None;
    }
    Some(Users { domains, jids })
}

fn address(mut table: Table<'_>) -> Option<Address> {
    let jid = table.required("jid", text);
    let mail = table.required("mail", text);
    table.finish();
    Some(Address {
        jid: jid?,
        mail: mail?,
    })
}

fn pair(mut table: Table<'_>) -> Option<Pair> {
    let jid = table.required("jid", user_jid);
    let mail = table.required("mail", mail_address);
    table.finish();
    Some(Pair {
        jid: jid?,
        mail: mail?,
    })
}

fn contacts(mut table: Table<'_>) -> Option<Contacts> {
    let allow = table.or("allow", list(pattern), Vec::new());
    let deny = table.or("deny", list(pattern), Vec::new());
    table.finish();
    Some(Contacts {
        allow: allow?,
        deny: deny?,
    })
}

fn smtp(
    mut table: Table<'_>,
    gateway: Option<&DomainPart>,
    address: Option<&[Address]>,
) -> Option<Smtp> {
    let server = mail_server(&mut table, |tls| match tls {
        TlsMode::Implicit => 465,
        TlsMode::StartTls => 587,
        TlsMode::Plain => 25,
    });
    let username = table.optional("username", text);
    let password = table.secret(["password", "password_file", "password_env"]);
    let connections = table.or("connections", number(1..=100), 5);
    let helo = table.optional("helo", host);
    table.finish();
    let username = username?;
    let password = match password {
        Given::Value(password) => Some(password),
        Given::Absent => None,
        Given::Wrong => return None,
    };
    if username.is_some() != password.is_some() {
        let (there, missing) = if username.is_some() {
            ("username", "password")
        } else {
            ("password", "username")
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
    Some(Smtp {
        host: server.host,
        port: server.port,
        tls: server.tls,
        username,
        password,
        connections: connections?,
        helo: helo?,
        ca_file: server.ca_file,
        insecure: server.insecure,
    })
}

fn default_helo(gateway: &DomainPart, address: &[Address]) -> String {
    let of_first_rule = address.first().and_then(|rule| rule.mail.rsplit_once('@'));
    let domain = of_first_rule
        .map(|(_, domain)| domain)
        .filter(|domain| !domain.contains('{'))
        .unwrap_or(gateway.as_str());
    crate::core::address::domain_to_ascii(domain).unwrap_or_else(|| gateway.to_string())
}

fn mailbox(mut table: Table<'_>) -> Option<Mailbox> {
    let server = mail_server(&mut table, |tls| match tls {
        TlsMode::Implicit => 993,
        TlsMode::StartTls | TlsMode::Plain => 143,
    });
    let username = table.required("username", text);
    let password = table.required_secret(["password", "password_file", "password_env"]);
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
        password: password?,
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

fn after(table: &mut Table<'_>) -> Option<After> {
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

fn mail_server(table: &mut Table<'_>, default_port: impl Fn(TlsMode) -> u16) -> Option<MailServer> {
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

fn ca_file(table: &mut Table<'_>) -> Option<Option<PathBuf>> {
    let path = table.path_or_none("ca_file")?;
    if let Some(error) = path.as_deref().and_then(|path: &Path| roots_in(path).err()) {
        table.refuse("ca_file", error.to_string());
        return None;
    }
    Some(path)
}

fn trust(mut table: Table<'_>) -> Option<Trust> {
    let authserv_ids = table.or("authserv_ids", list(authserv_id), Vec::new());
    let choices = [
        ("mark", Speak::Mark),
        ("require", Speak::Require),
        ("off", Speak::Off),
    ];
    let speak = table.or("speak", choice(&choices), Speak::default());
    let stanza = table.or("stanza", stanza_trust, StanzaTrust::default());
    table.finish();
    let (authserv_ids, speak) = (authserv_ids?, speak?);
    if speak == Speak::Require && authserv_ids.is_empty() {
        table.refuse(
            "speak",
            "found \"require\", but no authserv_ids: no mail could be shown; write the name under which your mail server \
             writes Authentication-Results, too",
        );
        return None;
    }
    Some(Trust {
        authserv_ids,
        speak,
        stanza: stanza?,
    })
}

fn peer(mut table: Table<'_>) -> Option<Peer> {
    let domain = table.optional("domain", mail_domain);
    let address = table.optional("address", mail_address);
    let formats = [("mail", Format::Mail), ("xmpp", Format::Xmpp)];
    let format = table.optional("format", choice(&formats));
    let key = table.optional("key", public_key);
    table.finish();
    let who = who(&table, domain, address);
    let (format, key) = (format?, key?);
    if format.is_none() && key.is_none() {
        table.refuse(
            "format",
            "found neither format nor key, so that the section says nothing; add format = \"xmpp\" where there is a gateway \
             like this one, and key = \"ed25519:…\", what stanzamail key prints there",
        );
        return None;
    }
    Some(Peer {
        who: who?,
        format,
        key,
    })
}

/// Exactly one of the two. What is `None` was reported.
fn who(
    table: &Table<'_>,
    domain: Option<Option<String>>,
    address: Option<Option<MailAddress>>,
) -> Option<AddressPattern> {
    match (domain?, address?) {
        (Some(domain), None) => Some(AddressPattern::Domain(domain)),
        (None, Some(address)) => Some(AddressPattern::Address(address)),
        (Some(_), Some(_)) => {
            table.refuse("address", "found an address and a domain; keep one of the two, and write another [[peer]] for the other");
            None
        }
        (None, None) => {
            table.refuse("domain", "found neither domain nor address; write, for example, domain = \"chat.b.example\" for all addresses of a domain, or address = \"bob@mail.example\" for one");
            None
        }
    }
}

fn store(mut table: Table<'_>) -> Option<Store> {
    let path = table.path_or_none("path");
    let remember = table.or("remember", remembered, limits::REMEMBERED);
    table.finish();
    let path = path?.unwrap_or_else(|| PathBuf::from("/var/lib/stanzamail"));
    Some(Store {
        path,
        remember: remember?,
    })
}

fn messages(mut table: Table<'_>) -> Option<Messages> {
    let default_subject = table.or("default_subject", text, "Chat with {name}".to_owned());
    let bulk = table.or(
        "bulk",
        choice(&[("headline", Bulk::Headline), ("drop", Bulk::Drop)]),
        Bulk::default(),
    );
    let words = [
        ("accepted", Receipts::Accepted),
        ("submitted", Receipts::Submitted),
        ("dsn", Receipts::Dsn),
        ("off", Receipts::Off),
    ];
    let receipts = table.or("receipts", choice(&words), Receipts::default());
    let read_receipts = table.or("read_receipts", flag, false);
    // A stanza has to fit what is around its text, too.
    let body_max = table.or(
        "body_max",
        size(1024..=limits::STANZA_OCTETS_MAX / 4 * 3),
        limits::BODY_OCTETS_MAX,
    );
    let recipients_max = table.or("recipients_max", number(1..=1000), limits::RECIPIENTS_MAX);
    table.finish();
    let default_subject = default_subject?;
    if default_subject.replace("{name}", "").contains(['{', '}'])
        || default_subject.chars().count() > limits::HEADER_TEXT_CHARS_MAX
    {
        let problem = format!(
            "found {default_subject:?}; allowed is a text of at most {} characters in which {{name}} is the only placeholder",
            limits::HEADER_TEXT_CHARS_MAX
        );
        table.refuse("default_subject", problem);
        return None;
    }
    Some(Messages {
        default_subject,
        bulk: bulk?,
        receipts: receipts?,
        read_receipts: read_receipts?,
        body_max: body_max?,
        recipients_max: recipients_max?,
    })
}

fn presence(mut table: Table<'_>) -> Option<Presence> {
    let default = settings::Presence::default();
    let debounce = table.or(
        "debounce",
        duration(Duration::ZERO..=MINUTE),
        default.debounce,
    );
    let spacing = table.or(
        "spacing",
        duration(Duration::from_secs(1)..=HOUR),
        default.spacing,
    );
    let expires = table.or(
        "expires",
        duration(Duration::from_secs(10)..=DAY.saturating_mul(7)),
        default.expires,
    );
    table.finish();
    let (spacing, expires) = (spacing?, expires?);
    if expires < spacing.saturating_mul(SPACINGS_IN_EXPIRES_MIN) {
        let key = if table.has("expires") {
            "expires"
        } else {
            "spacing"
        };
        let (between, end) = (time_shown(spacing), time_shown(expires));
        table.refuse(key, format!("expires is {end}, which is shorter than {SPACINGS_IN_EXPIRES_MIN} times spacing, {between}; write a longer expires or a shorter spacing"));
        return None;
    }
    Some(Presence {
        debounce: debounce?,
        spacing,
        expires,
    })
}

fn limits(mut table: Table<'_>) -> Option<Limits> {
    let mut amount = |key, default| table.or(key, quota(), Some(default));
    let sent = amount("sent_per_hour", limits::SENT_PER_HOUR);
    let sent_to_one = amount("sent_per_hour_to_one", limits::SENT_PER_HOUR_TO_ONE);
    let sent_by_all = amount("sent_per_hour_by_all", limits::SENT_PER_HOUR_BY_ALL);
    let strangers = amount("new_contacts_per_day", limits::STRANGERS_PER_DAY);
    let shown = amount("shown_per_minute", limits::SHOWN_PER_MINUTE);
    let shown_from_one = amount(
        "shown_per_minute_from_one",
        limits::SHOWN_PER_MINUTE_FROM_ONE,
    );
    table.finish();
    Some(Limits {
        sent_per_hour: sent?,
        sent_per_hour_to_one: sent_to_one?,
        sent_per_hour_by_all: sent_by_all?,
        new_contacts_per_day: strangers?,
        shown_per_minute: shown?,
        shown_per_minute_from_one: shown_from_one?,
    })
}

fn delivery(mut table: Table<'_>) -> Option<Delivery> {
    let delay_notice = table.or(
        "delay_notice",
        duration(MINUTE..=DAY.saturating_mul(30)),
        HOUR.saturating_mul(4),
    );
    let expire = table.or(
        "expire",
        duration(MINUTE.saturating_mul(5)..=DAY.saturating_mul(30)),
        DAY.saturating_mul(3),
    );
    table.finish();
    let (delay_notice, expire) = (delay_notice?, expire?);
    if delay_notice >= expire {
        let key = if table.has("delay_notice") {
            "delay_notice"
        } else {
            "expire"
        };
        let (notice, end) = (time_shown(delay_notice), time_shown(expire));
        table.refuse(key, format!("delay_notice is {notice}, which is not shorter than expire, {end}; write a shorter delay_notice or a longer expire"));
        return None;
    }
    Some(Delivery {
        delay_notice,
        expire,
    })
}

fn mail(mut table: Table<'_>) -> Option<Mail> {
    let octets_max = table.or(
        "octets_max",
        size(64 * 1024..=1 << 30),
        limits::MAIL_OCTETS_MAX,
    );
    table.finish();
    Some(Mail {
        octets_max: octets_max?,
    })
}

fn log(mut table: Table<'_>) -> Option<Log> {
    let levels = [
        ("error", Level::ERROR),
        ("warn", Level::WARN),
        ("info", Level::INFO),
        ("debug", Level::DEBUG),
        ("trace", Level::TRACE),
    ];
    let level = table.or("level", choice(&levels), Level::INFO);
    table.finish();
    Some(Log { level: level? })
}
