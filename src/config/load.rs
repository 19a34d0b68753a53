//! From the file to the configuration, and from the configuration to what decisions depend on.

use super::table::{ConfigReport, ConfigTable};
use super::{Config, ConfigError, ConfigErrors, check, file, section};
use crate::core::address::AddressPattern;
use crate::core::id::IdKey;
use crate::core::rules::Rules;
use crate::core::settings::{self, Allowance, Settings};
use crate::net::tls::TlsMode;
use crate::store::originals::OriginalsLimits;
use std::path::Path;
use std::time::Duration;
use toml::de::DeTable;

/// For how long mails are kept where pages are served and nothing else is said.
const ORIGINALS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

impl Config {
    /// Reads and checks the file at `path`, with the secrets that it names.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything that is wrong, each with its line, what was found and what is allowed.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let text = file::read(path).map_err(|error| {
            let problem = format!(
                "cannot be read ({error}); give another file by --config, or mend this one"
            );
            of_file(path, problem)
        })?;
        Self::parse(path, &text, others_may_read(path))
    }

    /// Checks the text of a file; `path` is for messages and relative paths. `others_may_read` says whether it may hold a
    /// secret: the file's mode, where everyone on the machine may read it.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(
        path: &Path,
        text: &str,
        others_may_read: Option<u32>,
    ) -> Result<Self, ConfigErrors> {
        let report = ConfigReport::new(text, path);
        let (table, syntax_errors) = DeTable::parse_recoverable(text);
        let config = if syntax_errors.is_empty() {
            section::config(ConfigTable::root(&report, table.get_ref()))
        } else {
            for error in &syntax_errors {
                let line = error.span().map(|span| report.line(span.start));
                let what = error.message().replace('\n', ", ");
                report.add(
                    line,
                    "",
                    format!("is not TOML: {what}; mend this line (https://toml.io)"),
                );
            }
            None
        };
        let config = config.and_then(|config| check::config(config, &report));
        check::file_mode(path, others_may_read, &report);
        let (errors, notes) = report.into_findings();
        match config {
            Some(config) if errors.is_empty() => Ok(Self { notes, ..config }),
            _ => Err(ConfigErrors {
                file: path.to_owned(),
                errors,
            }),
        }
    }

    /// How much of the mails is kept as they came; `None`: nothing is.
    pub fn originals(&self) -> Option<OriginalsLimits> {
        let octets = u64::try_from(self.store.originals_size).unwrap_or(u64::MAX);
        let age = match (self.store.originals, &self.http.listen) {
            (Some(age), _) => age,
            (None, Some(_)) => ORIGINALS_KEPT,
            (None, None) => Duration::ZERO,
        };
        (!age.is_zero()).then_some(OriginalsLimits { age, octets })
    }

    /// What decisions depend on. `id_key` comes from the store.
    pub fn settings(&self, id_key: IdKey) -> Settings {
        let headers = self.mailbox.iter().find(|mailbox| mailbox.user.is_none());
        Settings {
            gateway: self.xmpp.domain.clone(),
            rules: self.rules.clone(),
            users: self.of_users(),
            own_names: self.users.names,
            welcomes: self.users.welcome,
            contact_addresses: self.users.contact.clone(),
            keeps_originals: self.originals().is_some(),
            data_policy: settings::DataPolicy {
                is_encrypted: self.smtp.tls != TlsMode::Plain
                    && self.lmtp.is_none()
                    && self.mailbox.iter().all(|one| one.tls != TlsMode::Plain),
                originals: self.originals().map_or(Duration::ZERO, |limits| limits.age),
            },
            contacts: settings::ContactPolicy {
                allow: self.contacts.allow.clone(),
                deny: self.contacts.deny.clone(),
            },
            strangers: self.contacts.strangers,
            trust: settings::Trust {
                authserv_ids: self.trust.authserv_ids.clone(),
                speak: self.trust.unverified,
                stanza: self.trust.stanzas_from,
            },
            peers: self.peers(),
            presence: settings::PresenceSettings {
                debounce: self.presence.debounce,
                spacing: self.presence.spacing,
                expires: self.presence.expires,
            },
            allowance: Allowance {
                sent_per_hour: self.limits.sent_per_hour,
                sent_per_hour_to_one: self.limits.sent_per_hour_to_one,
                sent_per_hour_by_all: self.limits.sent_per_hour_by_all,
                strangers_per_day: self.limits.new_contacts_per_day,
                shown_per_minute: self.limits.shown_per_minute,
                shown_per_minute_from_one: self.limits.shown_per_minute_from_one,
                files_per_day: self.limits.files_per_day,
                file_megabytes_per_day: self.limits.file_megabytes_per_day,
            },
            signer: None,
            // check::config: all mailboxes where they matter have the same list.
            recipient_headers: headers
                .map_or_else(settings::default_recipient_headers, |mailbox| {
                    mailbox.recipient_headers.clone()
                }),
            default_subject: self.messages.default_subject.clone(),
            language: self.messages.language,
            organisation: self.messages.organisation.clone(),
            bulk: self.messages.bulk,
            quotes: self.messages.quotes,
            gather: self.messages.gather,
            receipts: self.messages.receipts,
            read_receipts: self.messages.read_receipts,
            body_octets_max: self.messages.body_max,
            recipients_max: self.messages.recipients_max,
            delay_notice: self.delivery.delay_notice,
            expire: self.delivery.expire,
            remembered: self.store.remember,
            pages: self.http.public_url.clone(),
            write_page: {
                let url = self.http.public_url.as_ref();
                let url = url.filter(|_| self.http.write_page);
                url.map(|url| format!("{url}/write"))
            },
            id_key,
        }
    }

    /// Addresses before domains, so that they are asked first.
    fn peers(&self) -> Vec<settings::PeerSettings> {
        let mut peers: Vec<_> = self
            .peer
            .iter()
            .map(|peer| settings::PeerSettings {
                who: peer.who.clone(),
                format: peer.format,
                key: peer.key,
            })
            .collect();
        peers.sort_by_key(|peer| matches!(peer.who, AddressPattern::Domain(_)));
        peers
    }

    /// What is right and should be written otherwise: keys under their former names, each as `line: key: what to write`.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.notes.iter().map(ToString::to_string)
    }

    /// Who may use the gateway.
    pub fn of_users(&self) -> settings::Users {
        settings::Users {
            domains: self.users.domains.clone(),
            jids: self.users.jids.clone(),
            admins: self.users.admins.clone(),
        }
    }

    /// The address rules, compiled.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }
}

fn of_file(path: &Path, problem: String) -> ConfigErrors {
    ConfigErrors {
        file: path.to_owned(),
        errors: vec![ConfigError {
            line: None,
            key: String::new(),
            problem,
        }],
    }
}

/// The mode of a file that everyone on this machine may read.
#[cfg(unix)]
fn others_may_read(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o7777;
    (mode & 0o004 != 0).then_some(mode)
}

/// Elsewhere files have no such mode.
#[cfg(not(unix))]
fn others_may_read(_: &Path) -> Option<u32> {
    None
}
