//! The configuration: TOML becomes a typed, checked [`Config`], or a list of all that is wrong with it.
//!
//! The comments of the sections here are `config.example.toml`: a test (`tests/config.rs`) makes the one of the other. In
//! them, `` Write `…` `` is a line that the example has, `` Default `…` `` and `` Or `…` `` are lines that it has as a
//! comment: what holds where nothing is written, and another way to say the same.

mod check;
mod error;
mod file;
mod fingerprint;
mod limits;
mod load;
mod mail_servers;
mod section;
mod table;
mod trust;
mod value;

pub(crate) use check::is_ours;
pub use error::{ConfigError, ConfigErrors};
pub use fingerprint::{Changed, Fingerprints};
pub use limits::{DeliverySection, LimitsSection, MailSection, PresenceSection};
pub use value::HostPort;

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::language::Language;
use crate::core::record::{Bulk, Format, Quotes, Strangers};
use crate::core::rules::Rules;
use crate::core::settings::{OwnNames, Receipts, Speak, StanzaTrust};
use crate::core::signature::PublicKey;
pub use crate::imap::{After, FirstStart};
pub use crate::net::listen::Listen;
use crate::net::tls::TlsMode;
use jid::{BareJid, DomainPart};
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// The configuration of Stanzamail: everything that an admin decides.
///
/// A path that does not begin with / is relative to the folder of this file. Write times as "90s", "5m", "4h" or "3d", sizes as
/// "512 B", "100 KiB" or "32 MiB". This file may contain a secret only if others cannot read it (chmod 640). A key that is
/// commented out below shows its default, unless its comment says otherwise.
#[derive(Clone, Debug)]
pub struct Config {
    /// The section `[xmpp]`.
    pub xmpp: XmppSection,
    /// The section `[users]`.
    pub users: UsersSection,
    /// Each section `[[address]]`.
    pub address: Vec<Address>,
    /// Each section `[[pair]]`.
    pub pair: Vec<PairSection>,
    /// The section `[contacts]`.
    pub contacts: ContactsSection,
    /// The section `[trust]`.
    pub trust: TrustSection,
    /// Each section `[[peer]]`.
    pub peer: Vec<PeerSection>,
    /// The section `[smtp]`.
    pub smtp: SmtpSection,
    /// Each section `[[mailbox]]`.
    pub mailbox: Vec<Mailbox>,
    /// The section `[lmtp]`.
    pub lmtp: Option<Lmtp>,
    /// The section `[store]`.
    pub store: StoreSection,
    /// The section `[messages]`.
    pub messages: Messages,
    /// The section `[presence]`.
    pub presence: PresenceSection,
    /// The section `[limits]`.
    pub limits: LimitsSection,
    /// The section `[delivery]`.
    pub delivery: DeliverySection,
    /// The section `[http]`.
    pub http: Http,
    /// The section `[mail]`.
    pub mail: MailSection,
    /// The section `[log]`.
    pub log: Log,
    /// The rules of `address`, compiled.
    rules: Rules,
    /// Sentences about keys under their former names, each with its line.
    notes: Vec<ConfigError>,
}

/// The XMPP server that this component (XEP-0114) belongs to.
#[derive(Clone, Debug)]
pub struct XmppSection {
    /// Where the server accepts components: host and port.
    ///
    /// Write `server = "127.0.0.1:5347"`
    pub server: HostPort,
    /// The component's domain, as in the server's configuration. It is the domain of contacts: carol@mail.example is
    /// carol\40mail.example@mail.example.org.
    ///
    /// Write `domain = "mail.example.org"`
    pub domain: DomainPart,
    /// The secret that the server's configuration has for this component: in a file of its own, in an environment variable, or
    /// here.
    ///
    /// Write `secret_file = "component-secret"`
    /// Or `secret_env = "STANZAMAIL_SECRET"`
    /// Or `secret = "a long random text"`
    pub secret: SecretString,
    /// The JID to ping (XEP-0199) in order to learn whether the server has accepted all that was sent. Left out, it is the
    /// domain above the component's.
    ///
    /// Default `ping = "example.org"`
    pub ping: DomainPart,
    /// Whether the connection uses TLS from the first octet, with a certificate for the name above. ejabberd supports this (tls
    /// and certfile in its listener, examples/ejabberd.yml), Prosody does not.
    ///
    /// Default `tls = false`
    pub tls: bool,
    /// A PEM file of authorities to trust instead of the system's. Left out, the system's are trusted.
    ///
    /// Default `ca_file = "our-ca.pem"`
    pub ca_file: Option<PathBuf>,
    /// Without TLS, a server on another machine is refused unless you say here that the way to it is safe (a tunnel, a
    /// private network).
    ///
    /// Default `insecure = false`
    pub insecure: bool,
}

/// Who may use the gateway from the XMPP side.
#[derive(Clone, Debug)]
pub struct UsersSection {
    /// All users of these domains. Without this key and `jids`, it is the domain above the component's.
    ///
    /// Default `domains = ["example.org"]`
    pub domains: Vec<DomainPart>,
    /// These JIDs as well.
    ///
    /// Default `jids = []`
    /// Or `jids = ["alice@example.net"]`
    pub jids: Vec<BareJid>,
    /// Users who administer the gateway: `help` and their client's menu also show them the administrator's commands (`status`,
    /// `queue list`, …). Anybody who gets into such an account can drop mails that wait and change pairs.
    ///
    /// Default `admins = []`
    /// Or `admins = ["alice@example.org"]`
    pub admins: Vec<BareJid>,
    /// The name of users in their mails, if neither they (`my name is`) nor their client or a pair gives one. "vcard": the name
    /// in their vCard on their own server (XEP-0054). The gateway asks for it once a day when they use the gateway, and sends
    /// its picture with their mails if it is small enough for a `Face` (PNG, 48 by 48). "off": the local part of their JID.
    ///
    /// Default `names = "vcard"`
    pub names: OwnNames,
    /// Whether to tell users once, when they first use the gateway or first get mail, what it is and how to write to somebody.
    ///
    /// Default `welcome = true`
    pub welcome: bool,
    /// How users can reach the operator of this gateway, for clients that show it (XEP-0157): "mailto:", "xmpp:" or "https:".
    ///
    /// Default `contact = []`
    /// Or `contact = ["mailto:postmaster@example.org", "xmpp:alice@example.org"]`
    pub contact: Vec<String>,
}

/// A rule that gives local users their mail addresses, and addresses their users. There may be several; no two may
/// overlap. Mail to these addresses must reach one of the mailboxes below.
///
/// {local} is the part of the JID before the @; characters other than a-z, 0-9, ".", "-" and "_" are encoded. {domain} is the
/// JID's domain; use it in both templates or in neither. No rule gives a user an address that belongs to the operator of the
/// domain, such as postmaster, abuse, admin or webmaster, or to one of the gateway's own accounts below; a `[[pair]]` can.
/// Other rules that work:
///     mail = "im.{local}@example.org"                             a prefix in a domain that has other mail, too
///     mail = "bridge+{local}_{domain}@provider.example"           one ordinary mailbox, with jid = "{local}@{domain}"
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The JID of a local user.
    ///
    /// Write `jid = "{local}@example.org"`
    pub jid: String,
    /// The mail address that stands for it.
    ///
    /// Write `mail = "{local}@chat.example.org"`
    pub mail: String,
}

/// One user whose address no rule gives. There may be several, or none. (The store can hold pairs as well: see
/// `stanzamail map`.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairSection {
    /// The JID of the local user; no other pair may have it.
    ///
    /// Or `jid = "alice@example.org"`
    pub jid: BareJid,
    /// The mail address that stands for it; no other pair may have it.
    ///
    /// Or `mail = "a.miller@wonder.example"`
    pub mail: MailAddress,
}

/// Whom the users may write to and who may write to them: mail addresses, or domains of mail addresses.
#[derive(Clone, Debug)]
pub struct ContactsSection {
    /// Only these are allowed. An empty list allows everyone.
    ///
    /// Default `allow = []`
    /// Or `allow = ["mail.example", "carol@provider.example"]`
    pub allow: Vec<AddressPattern>,
    /// These are never allowed, even if `allow` has them.
    ///
    /// Default `deny = []`
    /// Or `deny = ["spam.example", "mallory@provider.example"]`
    pub deny: Vec<AddressPattern>,
    /// How to treat mail from senders to whom the user has never written, and who do not answer a message of the user. "mark":
    /// it is shown, and the first one is marked as the first. "show": it is shown like all other mail. "request": the user gets
    /// a contact request; the mail is shown when the user accepts, in the client or by the command, or writes back. "hold": it
    /// waits without a request; the command `requests` lists the senders. Users can override this.
    ///
    /// Default `strangers = "mark"`
    pub strangers: Strangers,
}

/// Whether the sender of a mail is authenticated, according to the Authentication-Results (RFC 8601) that the mail server of
/// the mailboxes writes. DMARC verifies the sender, or DKIM or SPF for the same domain. docs/OPERATING.md says how to make a
/// mail server write that field.
#[derive(Clone, Debug)]
pub struct TrustSection {
    /// The authserv-ids of that server: the text before the first semicolon in Authentication-Results of a mail in the mailbox,
    /// most often the server's host name. Without one, no sender can be verified, and the gateway believes the `From` of every
    /// mail.
    ///
    /// Default `authserv_ids = []`
    /// Or `authserv_ids = ["mail.example.org"]`
    pub authserv_ids: Vec<String>,
    /// How to treat mail whose sender is not verified. "mark": its first line says so, and it accepts no invitation; mail that
    /// failed verification stays in the mailbox, and its recipient is told. "hold": all of it stays there. "show": it is shown
    /// like all other mail.
    ///
    /// Default `unverified = "mark"`
    pub unverified: Speak,
    /// Whose presence, subscriptions and stanzas the gateway believes. "verified": those of verified senders; others are shown
    /// as text only. "anyone" IS UNSAFE: those of everybody, so that anyone who can send a mail to your users can pretend to be
    /// any of their contacts, show false presence, and accept or end subscriptions in their names. A peer with a key must sign
    /// either way.
    ///
    /// Default `stanzas_from = "verified"`
    pub stanzas_from: StanzaTrust,
}

/// What the gateway should know about a correspondent: another gateway like this one, or a person's mail address. There may be
/// several sections, or none: a gateway whose mails are verified is also recognized by its first mail. A section has `format`,
/// `key` or both. A section for an address has precedence over one for its domain, which still applies to keys that the former
/// leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSection {
    /// Whom the section is about: all addresses of a mail domain (without its subdomains), or one address. Name a domain only
    /// if one gateway serves all of it: a user's presence goes to all contacts there in one mail, which names them. At other
    /// domains each contact gets a mail of its own.
    ///
    /// Or `domain = "chat.b.example"`
    /// Or `address = "bob@mail.example"`
    pub who: AddressPattern,
    /// The format of mails to it. "mail": for a person with a mail program; presence is not sent. "xmpp": for a gateway like
    /// this one; whole stanzas, with presence and subscriptions. "chat": for Delta Chat without encryption; no subjects, and
    /// quotations, reactions and corrections in Delta Chat's own form. Left out, its verified mails decide.
    ///
    /// Or `format = "xmpp"`
    pub format: Option<Format>,
    /// The public key of the gateway there: the line that `stanzamail key` prints there. If this key is set, the gateway
    /// believes only mails signed with it to be from that gateway, whatever Authentication-Results says, and signs its own
    /// mails to it. Put the line that `stanzamail key` prints here into the configuration there. Exchange both lines over a
    /// channel that you trust.
    ///
    /// Or `key = "ed25519:…"`
    pub key: Option<PublicKey>,
}

/// The server that accepts the mail that the gateway sends.
#[derive(Clone, Debug)]
pub struct SmtpSection {
    /// Its name, which must be in its certificate.
    ///
    /// Write `host = "smtp.example.org"`
    pub host: String,
    /// Its port. Left out, it is 465 for implicit TLS, 587 for STARTTLS and 25 for none.
    ///
    /// Default `port = 465`
    pub port: u16,
    /// "implicit": TLS from the first octet. "starttls": TLS by the STARTTLS command, which must succeed. "none": no TLS, only
    /// to a server on this machine.
    ///
    /// Default `tls = "implicit"`
    pub tls: TlsMode,
    /// Login name. Without one there is no login.
    ///
    /// Write `username = "bridge@example.org"`
    pub username: Option<String>,
    /// Its password: in a file that holds nothing else, in an environment variable, or here.
    ///
    /// Write `password_file = "smtp-password"`
    /// Or `password_env = "STANZAMAIL_SMTP_PASSWORD"`
    /// Or `password = "a password"`
    pub password: Option<SecretString>,
    /// Instead of a password: a program, with its absolute path, and its arguments. It prints an access token, with which
    /// programs log in at Gmail and Microsoft 365 (OAUTHBEARER, XOAUTH2). The gateway runs it without a shell, gives it 30 s,
    /// and runs it again when the server no longer accepts the token. docs/OPERATING.md names such programs.
    ///
    /// Or `token_command = ["/usr/local/bin/token", "bridge@example.org"]`
    pub token_command: Option<Vec<String>>,
    /// The maximum number of connections.
    ///
    /// Default `connections = 5`
    pub connections: usize,
    /// The name that the gateway gives in EHLO. Left out, it is the domain of the first rule's mail addresses, or the
    /// component's if that domain contains {domain}.
    ///
    /// Default `helo = "chat.example.org"`
    pub helo: String,
    /// A PEM file of authorities to trust instead of the system's. Left out, the system's are trusted.
    ///
    /// Default `ca_file = "our-ca.pem"`
    pub ca_file: Option<PathBuf>,
    /// Allows tls = "none" to a server on another machine: others can read passwords and mail on the way.
    ///
    /// Default `insecure = false`
    pub insecure: bool,
}

/// A mailbox in which mail for local users arrives. There may be several.
#[derive(Clone, Debug)]
pub struct Mailbox {
    /// The name of the IMAP server, which must be in its certificate.
    ///
    /// Write `host = "imap.example.org"`
    pub host: String,
    /// Its port. Left out, it is 993 for implicit TLS, else 143.
    ///
    /// Default `port = 993`
    pub port: u16,
    /// As for smtp.
    ///
    /// Default `tls = "implicit"`
    pub tls: TlsMode,
    /// Login name.
    ///
    /// Write `username = "bridge@example.org"`
    pub username: String,
    /// Its password: in a file that holds nothing else, in an environment variable, or here.
    ///
    /// Write `password_file = "imap-password"`
    /// Or `password_env = "STANZAMAIL_IMAP_PASSWORD"`
    /// Or `password = "a password"`
    pub password: Option<SecretString>,
    /// Instead of a password, as for smtp.
    ///
    /// Or `token_command = ["/usr/local/bin/token", "bridge@example.org"]`
    pub token_command: Option<Vec<String>>,
    /// The folder to read.
    ///
    /// Default `folder = "INBOX"`
    pub folder: String,
    /// Whether the server announces new mail (IMAP IDLE), if it can. Otherwise the gateway looks every `poll`.
    ///
    /// Default `idle = true`
    pub idle: bool,
    /// How often to look for new mail if IDLE is not used.
    ///
    /// Default `poll = "60s"`
    pub poll: Duration,
    /// What to do with a mail after its user got it: "seen" marks it as read, "keep" does nothing, "move" moves it to the
    /// folder `move_to`, "delete" deletes it. A big mailbox is slow: move or delete if many mails come.
    ///
    /// Default `after = "seen"`
    /// Or `move_to = "Archive"`
    pub after: After,
    /// The one local user who gets all mail in this mailbox. Left out, each mail goes to the users whose addresses it has.
    ///
    /// Default `user = "alice@example.org"`
    pub user: Option<BareJid>,
    /// As for smtp.
    ///
    /// Default `ca_file = "our-ca.pem"`
    pub ca_file: Option<PathBuf>,
    /// As for smtp.
    ///
    /// Default `insecure = false`
    pub insecure: bool,
    /// Where to begin in a mailbox that was never read before: "new" is the first mail that arrives from now on, "all" the
    /// oldest that is there.
    ///
    /// Default `first_start = "new"`
    pub first_start: FirstStart,
    /// The header fields that name the envelope recipient of a mail; the first one that the mail has counts. List only fields
    /// that your own mail server writes: a sender can forge the others. All mailboxes without `user` must have the same list.
    ///
    /// Default `recipient_headers = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"]`
    pub recipient_headers: Vec<String>,
}

/// Another source of mail, instead of a mailbox or beside it: your own mail server delivers mail by LMTP (RFC 2033). Without
/// this section the gateway does not listen for it. docs/OPERATING.md says how to set up Postfix, Dovecot, Exim and OpenSMTPD.
#[derive(Clone, Debug)]
pub struct Lmtp {
    /// Where the mail server connects: a port of this machine, or "unix:" and a path. Anybody who can connect can deliver any
    /// mail: the port is open to every user of this machine, the socket to its owner and its group.
    ///
    /// Default `listen = "127.0.0.1:2424"`
    /// Or `listen = "unix:/run/stanzamail/lmtp.sock"`
    pub listen: Listen,
}

/// Where the gateway stores its data.
#[derive(Clone, Debug)]
pub struct StoreSection {
    /// A folder that only the gateway may read and write. It holds the database, the mail that waits to be sent, and the
    /// socket for commands.
    ///
    /// Default `path = "/var/lib/stanzamail"`
    pub path: PathBuf,
    /// How long the gateway remembers which mails and messages it has handled: to show none twice, to match bounces and read
    /// receipts to their messages, and to put answers into their threads. From "30d" to "3650d", and at least "14d" longer than
    /// expire below. docs/OPERATING.md says how much memory and disk that takes.
    ///
    /// Default `remember = "90d"`
    pub remember: Duration,
    /// How long the gateway keeps the original of a mail if the chat shows less than all of it: without its quoted history,
    /// without the looks of its HTML, without a file. From "1h" to "365d", or "off" to keep none. Left out, it is "7d" with
    /// `[http] listen`, where users can read them, otherwise "off".
    ///
    /// Or `originals = "7d"`
    /// Or `originals = "off"`
    pub originals: Option<Duration>,
    /// The total size of these mails; beyond it, the oldest of the user who has most are deleted. One user may have a fifth of
    /// it at most.
    ///
    /// Default `originals_size = "1 GiB"`
    pub originals_size: usize,
}

/// How messages look.
#[derive(Clone, Debug)]
pub struct Messages {
    /// The subject of a mail whose message has none; {name} is the sender's name. Left out, it is “Chat with …” in the sender's
    /// language.
    ///
    /// Or `default_subject = "Chat with {name}"`
    pub default_subject: Option<String>,
    /// The language of texts for users who have chosen none (`set language de`) and whose clients name none: "en", "de", "fr",
    /// "es" or "ru". Invitations and other texts that people read in their mail program are in the language of the user who
    /// causes them. Logs and commands are English.
    ///
    /// Default `language = "en"`
    pub language: Language,
    /// The operator of the gateway, whom your users' invitations to new people then name. Left out, they name nobody.
    ///
    /// Or `organisation = "Example Ltd, https://www.example.org"`
    pub organisation: Option<String>,
    /// How to treat mail from mailing lists and other bulk mail: "show" shows it like all other mail; "headline" shows it in
    /// messages of type headline, which XMPP servers discard while the user is offline; "drop" does not show it.
    ///
    /// Default `bulk = "show"`
    pub bulk: Bulk,
    /// How to treat the history that mail programs quote below an answer, and signatures: "cut" does not show them if it is
    /// certain what they are; "keep" shows all. Answers below or between quoted lines are always shown with these lines, and
    /// forwarded mail is shown whole. Users can override this.
    ///
    /// Default `quotes = "cut"`
    pub quotes: Quotes,
    /// How long a message to a contact with a mail program waits for more lines, so that all of them become one mail: up to
    /// "60s"; while the user's client says that the user is typing (XEP-0085), up to a minute longer, and three minutes in all.
    /// The contact never sees what the user corrects or retracts meanwhile. "0s" sends each message at once, as a mail of its
    /// own. Files, and mails to another gateway, never wait. Users can override this.
    ///
    /// Default `gather = "10s"`
    pub gather: Duration,
    /// When a message counts as received (XEP-0184): "accepted", when the gateway has it on its disk; "submitted", when the
    /// mail server has accepted it; "dsn", when a mail server reports its delivery (RFC 3461), which few do except for their
    /// own users; "off", never.
    ///
    /// Default `receipts = "submitted"`
    pub receipts: Receipts,
    /// Whether mails request a read receipt (RFC 8098) if the user's client wants to know (XEP-0333). Mail programs that
    /// support such requests ask their user whether to send one.
    ///
    /// Default `read_receipts = false`
    pub read_receipts: bool,
    /// The longest text of one message.
    ///
    /// Default `body_max = "100 KiB"`
    pub body_max: usize,
    /// The most recipients of one message.
    ///
    /// Default `recipients_max = 50`
    pub recipients_max: usize,
}

/// Files, which XMPP users send and receive over HTTP, and pages on which they read whole mails.
#[derive(Clone, Debug, Default)]
pub struct Http {
    /// Whether files go both ways. The gateway attaches files that a user sends to the mail, instead of their links. It uploads
    /// attachments of mails to the upload service of the user's own server (XEP-0363), which must give slots to contacts: see
    /// examples/prosody.cfg.lua and examples/ejabberd.yml. If there is no such service, or it refuses a file, the text names
    /// the attachment.
    ///
    /// Default `files = true`
    pub files: bool,
    /// The gateway fetches files that users send from the upload service of their own server, and from these hosts (`host` or
    /// `host:port`). These may have any IP address; all others only a public one. So name your upload service here if its
    /// address is private.
    ///
    /// Default `fetch_from = []`
    /// Or `fetch_from = ["upload.example.org"]`
    pub fetch_from: Vec<String>,
    /// Where a reverse proxy connects (nginx, Caddy; it has the certificate): a port of this machine, or "unix:" and a path. If
    /// the chat then shows less than all of a mail, the whole mail has a page, whose address follows the text; anybody who has
    /// the address can read the mail, for as long as `originals` of `[store]` says. The gateway also serves there the files of
    /// mails that no upload service accepts. Left out, nothing listens. docs/OPERATING.md has examples.
    ///
    /// Or `listen = "127.0.0.1:8025"`
    /// Or `listen = "unix:/run/stanzamail/http.sock"`
    pub listen: Option<Listen>,
    /// The address at which users reach that proxy.
    ///
    /// Or `public_url = "https://mail.example.org"`
    pub public_url: Option<String>,
    /// Whether `public_url` followed by `/write` is a page on which anybody types a mail address and gets by what a chat program
    /// reaches it: the JID, a link, and the link as a QR code. It says nothing of users and contacts. The proxy has to pass this
    /// path on, too.
    ///
    /// Default `write_page = true`
    pub write_page: bool,
    /// A PEM file of authorities to trust instead of the system's. Left out, the system's are trusted.
    ///
    /// Default `ca_file = "our-ca.pem"`
    pub ca_file: Option<PathBuf>,
}

/// The log, which the gateway writes to standard error.
#[derive(Clone, Debug)]
pub struct Log {
    /// "error", "warn", "info", "debug" or "trace".
    ///
    /// Default `level = "info"`
    pub level: tracing::Level,
}

impl Mailbox {
    /// The key of the mailbox's cursor in the store, and what logs call it: `bridge@example.org/INBOX`, with the host
    /// where the login name has none.
    pub fn name(&self) -> String {
        if self.username.contains('@') {
            format!("{}/{}", self.username, self.folder)
        } else {
            format!("{}@{}/{}", self.username, self.host, self.folder)
        }
    }
}
