//! The part of the configuration that decisions depend on, already checked.

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::id::IdKey;
use crate::core::language::Language;
use crate::core::limits;
use crate::core::record::{Bulk, Format, Quotes, Strangers};
use crate::core::rules::Rules;
use crate::core::signature::{PublicKey, Signer};
use jid::{BareJid, DomainPart};
use std::time::Duration;

/// What decisions depend on. Built by `config` from checked values; the fields are what they say.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The component's domain, where contacts live.
    pub gateway: DomainPart,
    /// Local users ⇄ their mail addresses.
    pub rules: Rules,
    /// Who may use the gateway.
    pub users: Users,
    /// Where the names of users in their mails come from.
    pub own_names: OwnNames,
    /// Who uses the gateway for the first time is told what it is.
    pub welcomes: bool,
    /// Where who runs the gateway can be reached: URIs.
    pub contact_addresses: Vec<String>,
    /// Whether mails are kept as they came of which the chat shows less than all.
    pub keeps_originals: bool,
    /// Which mail addresses may be written to and may write.
    pub contacts: ContactPolicy,
    /// What becomes of mails of somebody with whom their recipient has had nothing to do.
    pub strangers: Strangers,
    /// Whose senders are believed.
    pub trust: Trust,
    /// What the configuration says of other gateways and other addresses: addresses before domains.
    pub peers: Vec<PeerSettings>,
    /// Our own key, where a peer has it.
    pub signer: Option<Signer>,
    /// How presence goes to other gateways.
    pub presence: PresenceSettings,
    /// How much one user may do.
    pub allowance: Allowance,
    /// Headers that are believed to hold the envelope recipient, in the order in which they are looked at.
    pub recipient_headers: Vec<String>,
    /// Subject of a mail that has none: `{name}` is the sender's name. `None`: in the sender's language.
    pub default_subject: Option<String>,
    /// In which language users are told something who have chosen none, and whose clients name none.
    pub language: Language,
    /// Who runs the gateway, as invitations say.
    pub organisation: Option<String>,
    /// What becomes of mail from lists and other bulk mail.
    pub bulk: Bulk,
    /// What becomes of the history that a mail quotes, and of its signature.
    pub quotes: Quotes,
    /// For how long a message waits for more, so that several are one mail; nothing: each is a mail of its own.
    pub gather: Duration,
    /// When XEP-0184 `received` is sent.
    pub receipts: Receipts,
    /// Whether people are asked for a notification that they have read a message (RFC 8098), where its sender's client asks.
    pub read_receipts: bool,
    /// The longest text of a stanza that becomes a mail, in octets.
    pub body_octets_max: usize,
    /// Most recipients of one stanza.
    pub recipients_max: usize,
    /// After how long without success the sender is told of the delay, once.
    pub delay_notice: Duration,
    /// After how long a mail is given up.
    pub expire: Duration,
    /// How long handled mails and messages are remembered.
    pub remembered: Duration,
    /// What is said of what becomes of users' data.
    pub data_policy: DataPolicy,
    /// The public address of the pages on which whole mails can be read, without a slash at its end; `None`: there are none.
    pub pages: Option<String>,
    /// The address of the page on which a mail address is typed; `None`: there is none.
    pub write_page: Option<String>,
    /// Mixed into derived Message-IDs; made at random when the store is made.
    pub id_key: IdKey,
}

/// What users' clients are told of what becomes of their data (XEP-0504), where other settings do not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataPolicy {
    /// All connections to mail servers use TLS.
    pub is_encrypted: bool,
    /// How long mails are kept as they came, and files of mails.
    pub originals: Duration,
}

/// Who may use the gateway from the XMPP side.
#[derive(Clone, Debug, Default)]
pub struct Users {
    /// Everyone of these domains (as JIDs have them, prepared).
    pub domains: Vec<DomainPart>,
    /// And these.
    pub jids: Vec<BareJid>,
    /// Those of them that administer the gateway.
    pub admins: Vec<BareJid>,
}

impl Users {
    /// Whether this user may run the commands of administrators. Who may not use the gateway may not do that either.
    pub fn administers(&self, jid: &BareJid) -> bool {
        self.admins.contains(jid) && self.allows(jid)
    }

    /// Whether this JID may use the gateway.
    pub fn allows(&self, jid: &BareJid) -> bool {
        self.jids.contains(jid)
            || self
                .domains
                .iter()
                .any(|domain| domain.as_str() == jid.domain().as_str())
    }
}

/// Where the name of a user in mails comes from, beside what the user, the user's client or a pair says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnNames {
    /// From the user's own card, for which the user's server is asked (XEP-0054).
    #[default]
    Card,
    /// From nowhere: it is the local part of the JID.
    Off,
}

/// Which mail addresses may be written to and may write. `deny` wins; an empty `allow` allows all.
#[derive(Clone, Debug, Default)]
pub struct ContactPolicy {
    /// Only these, where there are any.
    pub allow: Vec<AddressPattern>,
    /// None of these.
    pub deny: Vec<AddressPattern>,
}

impl ContactPolicy {
    /// Whether this address may be written to and may write.
    pub fn allows(&self, address: &MailAddress) -> bool {
        let mut denied = self.deny.iter();
        let mut allowed = self.allow.iter();
        !denied.any(|pattern| pattern.may_match(address))
            && (self.allow.is_empty() || allowed.any(|pattern| pattern.matches(address)))
    }
}

/// What it takes to believe that a mail is from whom it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The names under which our own mail server writes Authentication-Results (RFC 8601 §2.5).
    pub authserv_ids: Vec<String>,
    /// What becomes of mail whose sender is not verified.
    pub speak: Speak,
    /// Whether presence, subscriptions and carried stanzas need a verified sender.
    pub stanza: StanzaTrust,
}

/// Whether presence, subscriptions and carried stanzas need a verified sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StanzaTrust {
    /// They do; those of others are nothing but text.
    #[default]
    Require,
    /// They are believed from everybody: anyone who can send mail can pretend to be any contact.
    Off,
}

/// What the configuration says of an address or a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSettings {
    /// Whose.
    pub who: AddressPattern,
    /// How mails to it are written; `None`: what its mails show.
    pub format: Option<Format>,
    /// The public key of the gateway there. Only what is signed with it is from there, and what goes there is signed.
    pub key: Option<PublicKey>,
}

/// How presence goes to other gateways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresenceSettings {
    /// Changes within this time are one change.
    pub debounce: Duration,
    /// At most one mail for each user and mail domain in this time.
    pub spacing: Duration,
    /// How long others believe a presence that is not repeated.
    pub expires: Duration,
}

impl Default for PresenceSettings {
    fn default() -> Self {
        Self {
            debounce: Duration::from_secs(3),
            spacing: Duration::from_secs(30),
            expires: Duration::from_secs(6 * 3600),
        }
    }
}

impl Trust {
    /// Whether senders are verified at all: somebody has to say what is to be believed.
    pub fn is_on(&self) -> bool {
        self.speak != Speak::Off && !self.authserv_ids.is_empty()
    }
}

/// What becomes of mail whose sender is not verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speak {
    /// It is shown and says so; what failed is held.
    #[default]
    Mark,
    /// It is held.
    Require,
    /// It is shown like all other mail.
    Off,
}

/// What the configuration allows; `None`: any amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Recipients of mails that a user causes in an hour.
    pub sent_per_hour: Option<u32>,
    /// Those of them that are one address.
    pub sent_per_hour_to_one: Option<u32>,
    /// Recipients of mails that all users of one domain cause in an hour.
    pub sent_per_hour_by_all: Option<u32>,
    /// Addresses to which a user writes for the first time in a day.
    pub strangers_per_day: Option<u32>,
    /// Mails that a user is shown in a minute. Half of it is kept for those of acquaintances.
    pub shown_per_minute: Option<u32>,
    /// Those of them that are from one contact.
    pub shown_per_minute_from_one: Option<u32>,
    /// Files that a user gets and sends in a day.
    pub files_per_day: Option<u32>,
    /// What these have together, in MiB.
    pub file_megabytes_per_day: Option<u32>,
}

/// When the sender of a message gets the receipt that it was received (XEP-0184).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receipts {
    /// Never.
    Off,
    /// When the gateway has the mail on its disk.
    Accepted,
    /// When the mail server has taken it.
    #[default]
    Submitted,
    /// When a mail server reports that it lies in the mailbox.
    Dsn,
}

impl Settings {
    /// The key by which mails of this address are verified: of its own section, else of its domain's.
    pub fn key_of(&self, address: &MailAddress) -> Option<PublicKey> {
        self.peers_of(address).find_map(|peer| peer.key)
    }

    /// The format that the configuration gives to this address: of its own section, else of its domain's.
    pub fn format_of(&self, address: &MailAddress) -> Option<Format> {
        self.peers_of(address).find_map(|peer| peer.format)
    }

    /// What is said of this very address goes before what is said of its domain.
    fn peers_of(&self, address: &MailAddress) -> impl Iterator<Item = &PeerSettings> {
        self.peers.iter().filter(|peer| peer.who.matches(address))
    }

    /// Settings with every optional value at its default: for the parts that a test or an example does not care about.
    pub fn with_defaults(gateway: DomainPart, rules: Rules, users: Users) -> Self {
        Self {
            gateway,
            rules,
            users,
            own_names: OwnNames::default(),
            welcomes: true,
            contact_addresses: Vec::new(),
            keeps_originals: false,
            contacts: ContactPolicy::default(),
            strangers: Strangers::default(),
            trust: Trust::default(),
            peers: Vec::new(),
            signer: None,
            presence: PresenceSettings::default(),
            allowance: Allowance::default(),
            recipient_headers: default_recipient_headers(),
            default_subject: None,
            language: Language::default(),
            organisation: None,
            bulk: Bulk::default(),
            quotes: Quotes::default(),
            gather: limits::GATHER,
            receipts: Receipts::default(),
            read_receipts: false,
            body_octets_max: limits::BODY_OCTETS_MAX,
            recipients_max: limits::RECIPIENTS_MAX,
            delay_notice: Duration::from_secs(4 * 3600),
            expire: Duration::from_secs(3 * 24 * 3600),
            remembered: limits::REMEMBERED,
            data_policy: DataPolicy::default(),
            pages: None,
            write_page: None,
            id_key: [0; 32],
        }
    }
}

/// The headers in which mail servers keep the envelope recipient.
pub fn default_recipient_headers() -> Vec<String> {
    [
        "Delivered-To",
        "X-Original-To",
        "Envelope-To",
        "X-Envelope-To",
    ]
    .map(str::to_owned)
    .to_vec()
}
