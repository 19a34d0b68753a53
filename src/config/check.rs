//! What concerns several sections at once.

use super::table::ConfigReport;
use super::value::time_shown;
use super::{Address, Config, Listen, PairSection};
use crate::core::address::{AddressPattern, MailAddress, domain_to_ascii};
use crate::core::limits::REPORTS_COME_WITHIN;
use crate::core::rules::{RuleError, Rules};
use std::collections::BTreeMap;
use std::path::Path;

/// Compiles the rules and checks that the sections agree. `None` where a rule is wrong.
pub(super) fn config(mut config: Config, report: &ConfigReport<'_>) -> Option<Config> {
    users(&config, report);
    mailboxes(&config, report);
    sockets(&config, report);
    memory(&config, report);
    config.rules = rules(&config.address, report)?.reserving(own_accounts(&config));
    pairs(&config, report);
    peers(&config, report);
    Some(config)
}

/// A secret must not stand in a file that everyone on this machine may read; `mode` is `None` where not everyone may.
pub(super) fn file_mode(path: &Path, mode: Option<u32>, report: &ConfigReport<'_>) {
    if let (Some(line), Some(mode)) = (report.inline_secret(), mode) {
        let path = path.display();
        let problem = format!(
            "found a secret in a file that everyone on this machine may read (mode {mode:04o}); allowed is 0640 or stricter: \
             chmod 640 {path}, or put the secret in a file of its own"
        );
        report.add(Some(line), "", problem);
    }
}

fn users(config: &Config, report: &ConfigReport<'_>) {
    let gateway = domain_to_ascii(config.xmpp.domain.as_str());
    let mut domains = config.users.domains.iter();
    if domains.any(|domain| domain_to_ascii(domain.as_str()) == gateway) {
        let problem = format!(
            "found {}, the component's own domain, where contacts live; write the domains of your users",
            config.xmpp.domain
        );
        report.refuse("users.domains", problem);
    }
    let is_of_users = |rule: &Address| {
        let domain = rule
            .jid
            .rsplit_once('@')
            .map(|(_, domain)| domain_to_ascii(domain));
        domain.as_ref() == Some(&gateway)
    };
    if let Some(rule) = config.address.iter().position(is_of_users) {
        let (domain, rule) = (&config.xmpp.domain, rule.saturating_add(1));
        let problem = format!(
            "found {domain}, which is the domain of your users (jid of address {rule}); the gateway needs one of its own; write, \
             for example, domain = \"mail.{domain}\""
        );
        report.refuse("xmpp.domain", problem);
    }
}

/// The folder of the store is the gateway's own, and at one place one listens.
fn sockets(config: &Config, report: &ConfigReport<'_>) {
    let lmtp = config.lmtp.as_ref().map(|lmtp| &lmtp.listen);
    let http = config.http.listen.as_ref();
    for (key, listen, name) in [("lmtp.listen", lmtp, "lmtp"), ("http.listen", http, "http")] {
        if let Some(Listen::Unix(path)) = listen
            && path.starts_with(&config.store.path)
        {
            let problem = format!(
                "found {}, which is in the folder of [store]; name a path elsewhere, for example unix:/run/stanzamail/{name}.sock",
                path.display()
            );
            report.refuse(key, problem);
        }
    }
    if let (Some(listen), true) = (http, lmtp == http) {
        let problem = format!("found {listen}, which is also that of [lmtp]; write another port");
        report.refuse("http.listen", problem);
    }
    if http.is_some() && config.originals().is_none() {
        let problem = "found listen, but no mail is kept to be read there ([store] originals is \"off\"); leave one of the two out";
        report.refuse("http.listen", problem.to_owned());
    }
}

/// When a mail comes to nothing, it has to be known whose it was.
fn memory(config: &Config, report: &ConfigReport<'_>) {
    let (remember, expire) = (config.store.remember, config.delivery.expire);
    let least = expire.saturating_add(REPORTS_COME_WITHIN);
    if remember < least {
        let (remember, expire) = (time_shown(remember), time_shown(expire));
        let (late, least) = (time_shown(REPORTS_COME_WITHIN), time_shown(least));
        let problem = format!(
            "found {remember}, but a mail is tried for {expire} ([delivery] expire), and a bounce of it may come {late} later; \
             write {least} or more, or a shorter expire"
        );
        report.refuse("store.remember", problem);
    }
}

fn rules(address: &[Address], report: &ConfigReport<'_>) -> Option<Rules> {
    let templates: Vec<_> = address
        .iter()
        .map(|rule| (rule.jid.clone(), rule.mail.clone()))
        .collect();
    Rules::new(&templates)
        .map_err(|error| report_rule(&error, report))
        .ok()
}

/// The accounts that are the gateway's, and not those of the one user whom a mailbox is for.
fn own_accounts(config: &Config) -> impl Iterator<Item = &str> {
    let (own, of_users): (Vec<_>, Vec<_>) = config
        .mailbox
        .iter()
        .partition(|mailbox| mailbox.user.is_none());
    let own = own.into_iter().map(|mailbox| mailbox.username.as_str());
    let is_of_user = move |login: &&str| of_users.iter().any(|mailbox| mailbox.username == **login);
    let sending = config.smtp.username.as_deref();
    own.chain(sending.filter(|login| !is_of_user(login)))
}

/// The sentence names the rule itself.
fn report_rule(error: &RuleError, report: &ConfigReport<'_>) {
    let key = format!(
        "address {}.{}",
        error.rule().saturating_add(1),
        error.side()
    );
    report.add(report.line_of(&key), "", error.to_string());
}

/// Pairs are one-to-one, among themselves and with the rules.
fn pairs(config: &Config, report: &ConfigReport<'_>) {
    let mut by_jid = BTreeMap::new();
    let mut by_mail = BTreeMap::new();
    for (number, pair) in (1_usize..).zip(&config.pair) {
        if let Some(holder) = by_jid.insert(&pair.jid, number) {
            let problem = format!(
                "found {}, which pair {holder} has already; remove one of the two",
                pair.jid
            );
            report.refuse(&format!("pair {number}.jid"), problem);
        }
        let holder = by_mail.insert(&pair.mail, number);
        let problem = holder
            .map(|holder| {
                format!(
                    "found {}, which pair {holder} has already; remove one of the two",
                    pair.mail
                )
            })
            .or_else(|| taken_by_a_rule(config, pair));
        if let Some(problem) = problem {
            report.refuse(&format!("pair {number}.mail"), problem);
        }
    }
}

/// A pair may not have the address that a rule gives to somebody else, unless that one has a pair, too.
fn taken_by_a_rule(config: &Config, pair: &PairSection) -> Option<String> {
    let user = config.rules.user_of(&pair.mail)?;
    let is_free = user == pair.jid || config.pair.iter().any(|other| other.jid == user);
    (!is_free).then(|| {
        format!(
            "found {}, which is the address of {user} by a rule; write another one, or a pair for {user}, too",
            pair.mail
        )
    })
}

/// One section for each address and each domain, and none for those of our own users.
fn peers(config: &Config, report: &ConfigReport<'_>) {
    let mut sections = BTreeMap::new();
    for (number, peer) in (1_usize..).zip(&config.peer) {
        let side = match peer.who {
            AddressPattern::Address(_) => "address",
            AddressPattern::Domain(_) => "domain",
        };
        let key = format!("peer {number}.{side}");
        if is_ours(config, &peer.who) {
            let problem = format!(
                "found {}, which this gateway gives to its own users; write what the other gateway gives to its users",
                peer.who
            );
            report.refuse(&key, problem);
        }
        if let Some((holder, line)) = sections.insert(&peer.who, (number, report.line_of(&key))) {
            let line = line.map_or_else(String::new, |line| format!(" in line {line}"));
            let problem = format!(
                "found {}, which peer {holder} has{line}; make one section of the two",
                peer.who
            );
            report.refuse(&key, problem);
        }
    }
}

/// An address of a user here, or a domain of which a rule takes every address.
/// Whether this is, or holds, the address of one of our own users.
pub(crate) fn is_ours(config: &Config, who: &AddressPattern) -> bool {
    match who {
        AddressPattern::Address(address) => {
            config.rules.user_of(address).is_some()
                || config.pair.iter().any(|pair| pair.mail == *address)
        }
        AddressPattern::Domain(domain) => MailAddress::from_parts("anybody", domain)
            .is_ok_and(|any| config.rules.user_of(&any).is_some()),
    }
}

/// Each mailbox is read once, and those whose mail is sorted by recipient trust the same headers.
fn mailboxes(config: &Config, report: &ConfigReport<'_>) {
    let mut names = BTreeMap::new();
    let mut trusted = None;
    for (number, mailbox) in (1_usize..).zip(&config.mailbox) {
        let name = mailbox.name();
        if let Some(holder) = names.insert(name.clone(), number) {
            let problem = format!(
                "found {name}, which mailbox {holder} reads already; remove one of the two"
            );
            report.refuse(&format!("mailbox {number}"), problem);
        }
        if mailbox.user.is_some() {
            continue;
        }
        let (first, headers) = trusted.get_or_insert((number, &mailbox.recipient_headers));
        if **headers != mailbox.recipient_headers {
            let problem = format!(
                "found another list than mailbox {first} has; write the same one, or user = \"…\" in one of the two"
            );
            report.refuse(&format!("mailbox {number}.recipient_headers"), problem);
        }
    }
}
