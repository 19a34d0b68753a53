//! Whether two configurations say the same, section by section, without showing what they say.

use super::Config;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// What holds after the next event, where the configuration is read again; all other sections take a restart.
const AT_ONCE: [&str; 9] = [
    "[users]",
    "[[address]]",
    "[[pair]]",
    "[contacts]",
    "[trust]",
    "[[peer]]",
    "[messages]",
    "[limits]",
    "[log]",
];

/// By the section's name: SHA-256 of all that it says, with its secrets, as 64 hexadecimal digits.
pub type Fingerprints = BTreeMap<String, String>;

impl Config {
    /// One for each section.
    pub fn fingerprints(&self) -> Fingerprints {
        let smtp = self.smtp.password.as_ref();
        let of_mailboxes = self.mailbox.iter();
        let of_mailboxes: Vec<&str> = of_mailboxes
            .filter_map(|one| Some(one.password.as_ref()?.expose_secret()))
            .collect();
        let secrets = |section: &str| match section {
            "[xmpp]" => vec![self.xmpp.secret.expose_secret()],
            "[smtp]" => smtp.map(ExposeSecret::expose_secret).into_iter().collect(),
            "[[mailbox]]" => of_mailboxes.clone(),
            _ => Vec::new(),
        };
        let sections: [(&str, &dyn Debug); 18] = [
            ("[xmpp]", &self.xmpp),
            ("[users]", &self.users),
            ("[[address]]", &self.address),
            ("[[pair]]", &self.pair),
            ("[contacts]", &self.contacts),
            ("[trust]", &self.trust),
            ("[[peer]]", &self.peer),
            ("[smtp]", &self.smtp),
            ("[[mailbox]]", &self.mailbox),
            ("[lmtp]", &self.lmtp),
            ("[store]", &self.store),
            ("[messages]", &self.messages),
            ("[presence]", &self.presence),
            ("[limits]", &self.limits),
            ("[delivery]", &self.delivery),
            ("[http]", &self.http),
            ("[mail]", &self.mail),
            ("[log]", &self.log),
        ];
        let fingerprint = |(name, section): (&str, &dyn Debug)| {
            // `Debug` shows all of a section but its secrets.
            let digest = Sha256::digest(format!("{section:?} {:?}", secrets(name)));
            let digits = digest.iter().map(|octet| format!("{octet:02x}")).collect();
            (name.to_owned(), digits)
        };
        sections.into_iter().map(fingerprint).collect()
    }
}

/// Which sections say something else than before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// These hold as soon as the configuration is read again.
    pub at_once: Vec<String>,
    /// These take a restart.
    pub by_restart: Vec<String>,
}

impl Changed {
    /// What `new` has that `old` has not.
    pub fn between(old: &Fingerprints, new: &Fingerprints) -> Self {
        let changed = new.iter().filter(|(name, now)| old.get(*name) != Some(now));
        let (at_once, by_restart) = changed
            .map(|(name, _)| name.clone())
            .partition(|name| AT_ONCE.contains(&name.as_str()));
        Self {
            at_once,
            by_restart,
        }
    }

    /// Both say the same.
    pub fn is_none(&self) -> bool {
        self.at_once.is_empty() && self.by_restart.is_empty()
    }
}
