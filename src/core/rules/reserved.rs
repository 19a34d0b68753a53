//! Local parts that belong to whoever runs a mail domain, and to none of its users by a rule: with open registration anybody
//! could be called so, and read what authorities of certificates, other mail servers and complaints send there.

use crate::core::address::{MailAddress, folded};
use std::collections::BTreeSet;

/// Who `stanzamail check` pretends to be: nobody may get what it sends.
pub const CHECK: &str = "stanzamail-check";

/// RFC 2142 §3 to §5; the sender of bounces; to whom authorities of certificates send what proves who has a domain, now and
/// before (CA/Browser Forum Baseline Requirements §3.2.2.4.4); and the owner of the machine.
const NAMES: [&str; 30] = [
    "abuse",
    "admin",
    "administrator",
    "ftp",
    "hostmaster",
    "info",
    "is",
    "it",
    "mailer-daemon",
    "marketing",
    "mis",
    "news",
    "noc",
    "postmaster",
    "root",
    "sales",
    "security",
    "ssl-admin",
    "ssladmin",
    "ssladministrator",
    "sslwebmaster",
    CHECK,
    "support",
    "sysadmin",
    "tls-admin",
    "usenet",
    "uucp",
    "webadmin",
    "webmaster",
    "www",
];

/// These names at any domain, and the accounts by which the gateway itself reads and sends.
#[derive(Clone, Debug, Default)]
pub(super) struct ReservedNames {
    /// Logins without a domain: the mail server says at which domain they are.
    logins: BTreeSet<String>,
    addresses: BTreeSet<MailAddress>,
}

impl ReservedNames {
    /// `login` is a mail address, or the local part of one.
    pub(super) fn add(&mut self, login: &str) {
        match MailAddress::parse(login) {
            Ok(address) => drop(self.addresses.insert(address)),
            Err(_) => drop(self.logins.insert(folded(login))),
        }
    }

    pub(super) fn has(&self, address: &MailAddress) -> bool {
        let local = folded(address.local());
        NAMES.contains(&local.as_str())
            || self.logins.contains(&local)
            || self.addresses.contains(address)
    }

    /// Local parts that are reserved at every domain.
    pub(super) fn locals(&self) -> impl Iterator<Item = &str> {
        let logins = self.logins.iter().map(String::as_str);
        NAMES.iter().copied().chain(logins)
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &MailAddress> {
        self.addresses.iter()
    }
}
