//! Each section of the file, read key by key. A section with an error is `None`; the error was reported.

use super::mail_servers::{ca_file, lmtp, mailbox, smtp};
use super::table::ConfigTable;
use super::value::{
    DAY, HOUR, MINUTE, authserv_id, choice, contact_uri, duration, flag, host_and_port,
    host_or_port, is_loopback, jid_domain, list, listen, mail_address, mail_domain, number, or_off,
    pattern, public_key, public_url, quota, remembered, size, text, time_shown, user_jid,
};
use super::{
    Address, Config, ContactsSection, DeliverySection, Http, LimitsSection, Log, MailSection,
    Messages, PairSection, PeerSection, PresenceSection, StoreSection, TrustSection, UsersSection,
    XmppSection,
};
use crate::core::address::{AddressPattern, MailAddress};
use crate::core::language::Language;
use crate::core::limits;
use crate::core::record::{Bulk, Format, Quotes, Strangers};
use crate::core::rules::Rules;
use crate::core::settings::{self, OwnNames, Receipts, Speak, StanzaTrust};
use jid::{BareJid, DomainPart};
use std::path::PathBuf;
use std::time::Duration;
use tracing::Level;

/// A presence is repeated before it expires, and a mail may be late: so many times fit in before others take the user for
/// unavailable.
const SPACINGS_IN_EXPIRES_MIN: u32 = 4;

/// The whole file. The rules and what concerns several sections are left to [`super::check`].
pub(super) fn config(mut root: ConfigTable<'_>) -> Option<Config> {
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
    let lmtp = match root.has("lmtp") {
        true => root.section("lmtp").and_then(lmtp).map(Some),
        false => Some(None),
    };
    let store = root.section("store").and_then(store);
    let messages = root.section("messages").and_then(messages);
    let presence = root.section("presence").and_then(presence);
    let limits = root.section("limits").and_then(limits);
    let delivery = root.section("delivery").and_then(delivery);
    let http = root.section("http").and_then(http);
    let mail = root.section("mail").and_then(mail);
    let log = root.section("log").and_then(log);
    root.required_one_of(&["mailbox", "lmtp"], "without it no mail comes in");
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
        lmtp: lmtp?,
        store: store?,
        messages: messages?,
        presence: presence?,
        limits: limits?,
        delivery: delivery?,
        http: http?,
        mail: mail?,
        log: log?,
        rules: Rules::default(),
        notes: Vec::new(),
    })
}

/// Several sections of one name. All are read, even after one that is wrong.
fn each<'a, T>(
    tables: Vec<ConfigTable<'a>>,
    read: impl Fn(ConfigTable<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let read: Vec<Option<T>> = tables.into_iter().map(read).collect();
    read.into_iter().collect()
}

fn xmpp(mut table: ConfigTable<'_>) -> Option<XmppSection> {
    let server = table.required("server", host_and_port);
    let domain = table.required("domain", jid_domain);
    let secret = table.required_secret(["secret", "secret_file", "secret_env"]);
    let ping = table.optional("ping", jid_domain);
    let tls = table.or("tls", flag, false);
    let ca_file = ca_file(&mut table);
    let insecure = table.or("insecure", flag, false);
    table.finish();
    let (server, domain, tls) = (server?, domain?, tls?);
    let ping = ping?.or_else(|| parent(&domain));
    if ping.is_none() {
        table.refuse("ping", format!("found nothing, and {domain} has no domain above it; write the domain of your XMPP server"));
    }
    if !is_loopback(&server.host) && !tls && !insecure? {
        let problem = format!(
            "found {:?}, which is not this machine; allowed is 127.0.0.1, ::1 or localhost, or tls = true where the server has \
             TLS for components (ejabberd); else make a tunnel, or write insecure = true if the way to {} is safe",
            server.to_string(),
            server.host
        );
        table.refuse("server", problem);
        return None;
    }
    Some(XmppSection {
        server,
        domain,
        secret: secret?,
        ping: ping?,
        tls,
        ca_file: ca_file?,
        insecure: insecure?,
    })
}

/// The domain above: `example.org` for `mail.example.org`. `None` for a name of one label.
fn parent(domain: &DomainPart) -> Option<DomainPart> {
    let (_, above) = domain.as_str().split_once('.')?;
    DomainPart::new(above).ok().map(|part| part.into_owned())
}

fn users(mut table: ConfigTable<'_>, gateway: Option<&DomainPart>) -> Option<UsersSection> {
    let jids = table.or("jids", list(user_jid), Vec::new());
    let domains = table.optional("domains", list(jid_domain));
    let admins = table.or("admins", list(user_jid), Vec::new());
    let names = table.or(
        "names",
        choice(&[("vcard", OwnNames::Card), ("off", OwnNames::Off)]),
        OwnNames::default(),
    );
    let welcome = table.or("welcome", flag, true);
    let contact = table.or("contact", list(contact_uri), Vec::new());
    table.finish();
    let (jids, admins, gateway, names) = (jids?, admins?, gateway?, names?);
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
    let is_user = |jid: &BareJid| {
        let domain = jid.domain().as_str();
        jids.contains(jid) || domains.iter().any(|users| users.as_str() == domain)
    };
    if let Some(other) = admins.iter().find(|jid| !is_user(jid)) {
        table.refuse(
            "admins",
            format!(
                "found {other}, who is none of the users; add the JID to jids, or leave it out here"
            ),
        );
        return None;
    }
    Some(UsersSection {
        domains,
        jids,
        admins,
        names,
        welcome: welcome?,
        contact: contact?,
    })
}

fn address(mut table: ConfigTable<'_>) -> Option<Address> {
    let jid = table.required("jid", text);
    let mail = table.required("mail", text);
    table.finish();
    Some(Address {
        jid: jid?,
        mail: mail?,
    })
}

fn pair(mut table: ConfigTable<'_>) -> Option<PairSection> {
    let jid = table.required("jid", user_jid);
    let mail = table.required("mail", mail_address);
    table.finish();
    Some(PairSection {
        jid: jid?,
        mail: mail?,
    })
}

fn contacts(mut table: ConfigTable<'_>) -> Option<ContactsSection> {
    let allow = table.or("allow", list(pattern), Vec::new());
    let deny = table.or("deny", list(pattern), Vec::new());
    let words = [
        ("mark", Strangers::Mark),
        ("show", Strangers::Show),
        ("request", Strangers::Request),
        ("hold", Strangers::Hold),
    ];
    let strangers = table.or("strangers", choice(&words), Strangers::default());
    table.finish();
    Some(ContactsSection {
        allow: allow?,
        deny: deny?,
        strangers: strangers?,
    })
}

fn trust(mut table: ConfigTable<'_>) -> Option<TrustSection> {
    let authserv_ids = table.or("authserv_ids", list(authserv_id), Vec::new());
    let unverified = table.renamed(
        "unverified",
        "speak",
        &[
            ("mark", "mark", Speak::Mark),
            ("hold", "require", Speak::Require),
            ("show", "off", Speak::Off),
        ],
        Speak::default(),
    );
    let stanzas_from = table.renamed(
        "stanzas_from",
        "stanza",
        &[
            ("verified", "require", StanzaTrust::Require),
            ("anyone", "off", StanzaTrust::Off),
        ],
        StanzaTrust::default(),
    );
    table.finish();
    let (authserv_ids, unverified) = (authserv_ids?, unverified?);
    if unverified == Speak::Require && authserv_ids.is_empty() {
        table.refuse(
            "unverified",
            "found \"hold\", but no authserv_ids: no mail could be shown; write the name under which your mail server \
             writes Authentication-Results, too",
        );
        return None;
    }
    Some(TrustSection {
        authserv_ids,
        unverified,
        stanzas_from: stanzas_from?,
    })
}

fn peer(mut table: ConfigTable<'_>) -> Option<PeerSection> {
    let domain = table.optional("domain", mail_domain);
    let address = table.optional("address", mail_address);
    let formats = [
        ("mail", Format::Mail),
        ("xmpp", Format::Xmpp),
        ("chat", Format::Chat),
    ];
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
    Some(PeerSection {
        who: who?,
        format,
        key,
    })
}

/// Exactly one of the two. What is `None` was reported.
fn who(
    table: &ConfigTable<'_>,
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

fn store(mut table: ConfigTable<'_>) -> Option<StoreSection> {
    let path = table.path_or_none("path");
    let remember = table.or("remember", remembered, limits::REMEMBERED);
    let originals = table.optional("originals", or_off(HOUR..=DAY.saturating_mul(365)));
    let originals_size = table.or("originals_size", size(1 << 20..=1 << 40), 1 << 30);
    table.finish();
    let path = path?.unwrap_or_else(|| PathBuf::from("/var/lib/stanzamail"));
    Some(StoreSection {
        path,
        remember: remember?,
        originals: originals?,
        originals_size: originals_size?,
    })
}

fn messages(mut table: ConfigTable<'_>) -> Option<Messages> {
    let default_subject = table.optional("default_subject", text);
    let languages: Vec<_> = Language::all().map(|one| (one.tag(), one)).collect();
    let language = table.or("language", choice(&languages), Language::default());
    let organisation = table.optional("organisation", text);
    let bulk = table.or(
        "bulk",
        choice(&[
            ("show", Bulk::Show),
            ("headline", Bulk::Headline),
            ("drop", Bulk::Drop),
        ]),
        Bulk::default(),
    );
    let quotes = table.or(
        "quotes",
        choice(&[("cut", Quotes::Cut), ("keep", Quotes::Keep)]),
        Quotes::default(),
    );
    let gather = table.or(
        "gather",
        duration(Duration::ZERO..=limits::GATHER_COMPOSING),
        limits::GATHER,
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
    let is_wrong = |subject: &&String| {
        subject.replace("{name}", "").contains(['{', '}'])
            || subject.chars().count() > limits::HEADER_TEXT_CHARS_MAX
    };
    if let Some(default_subject) = default_subject.as_ref().filter(is_wrong) {
        let problem = format!(
            "found {default_subject:?}; allowed is a text of at most {} characters in which {{name}} is the only placeholder",
            limits::HEADER_TEXT_CHARS_MAX
        );
        table.refuse("default_subject", problem);
        return None;
    }
    Some(Messages {
        default_subject,
        language: language?,
        organisation: organisation?,
        bulk: bulk?,
        quotes: quotes?,
        gather: gather?,
        receipts: receipts?,
        read_receipts: read_receipts?,
        body_max: body_max?,
        recipients_max: recipients_max?,
    })
}

fn presence(mut table: ConfigTable<'_>) -> Option<PresenceSection> {
    let default = settings::PresenceSettings::default();
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
    Some(PresenceSection {
        debounce: debounce?,
        spacing,
        expires,
    })
}

fn limits(mut table: ConfigTable<'_>) -> Option<LimitsSection> {
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
    let files = amount("files_per_day", limits::FILES_PER_DAY);
    let megabytes = amount("file_megabytes_per_day", limits::FILE_MEGABYTES_PER_DAY);
    table.finish();
    Some(LimitsSection {
        sent_per_hour: sent?,
        sent_per_hour_to_one: sent_to_one?,
        sent_per_hour_by_all: sent_by_all?,
        new_contacts_per_day: strangers?,
        shown_per_minute: shown?,
        shown_per_minute_from_one: shown_from_one?,
        files_per_day: files?,
        file_megabytes_per_day: megabytes?,
    })
}

fn http(mut table: ConfigTable<'_>) -> Option<Http> {
    let files = table.or("files", flag, true);
    let fetch_from = table.or("fetch_from", list(host_or_port), Vec::new());
    let address = table.optional("listen", listen);
    let public_url = table.optional("public_url", public_url);
    let write_page = table.or("write_page", flag, true);
    let ca_file = ca_file(&mut table);
    table.finish();
    let (address, public_url) = (address?, public_url?);
    match (&address, &public_url) {
        (Some(_), None) => {
            table.refuse("listen", "found no public_url beside it; write the address at which users reach it, for example public_url = \"https://mail.example.org\"");
            return None;
        }
        (None, Some(_)) => {
            table.refuse("public_url", "found no listen beside it; write where the reverse proxy connects, for example listen = \"127.0.0.1:8025\"");
            return None;
        }
        _ => {}
    }
    Some(Http {
        files: files?,
        fetch_from: fetch_from?,
        listen: address,
        public_url,
        write_page: write_page?,
        ca_file: ca_file?,
    })
}

fn delivery(mut table: ConfigTable<'_>) -> Option<DeliverySection> {
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
    Some(DeliverySection {
        delay_notice,
        expire,
    })
}

fn mail(mut table: ConfigTable<'_>) -> Option<MailSection> {
    let octets_max = table.or(
        "octets_max",
        size(64 * 1024..=1 << 30),
        limits::MAIL_OCTETS_MAX,
    );
    table.finish();
    Some(MailSection {
        octets_max: octets_max?,
    })
}

fn log(mut table: ConfigTable<'_>) -> Option<Log> {
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
