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
/// A path that does not begin with / is taken from the folder of this file. Times are written as "90s", "5m", "4h" or
/// "3d", sizes as "512 B", "100 KiB" or "32 MiB". A secret may stand in this file only if others may not read it
/// (chmod 640). A key that is commented out below has the value that stands there, unless its comment says otherwise.
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
    /// Where the server takes components: host and port.
    ///
    /// Write `server = "127.0.0.1:5347"`
    pub server: HostPort,
    /// The component's domain, as in the server's configuration. Contacts live there:
    /// carol@mail.example is carol\40mail.example@mail.example.org.
    ///
    /// Write `domain = "mail.example.org"`
    pub domain: DomainPart,
    /// The secret that the server's configuration has for this component: in a file that holds nothing else, in an
    /// environment variable, or here.
    ///
    /// Write `secret_file = "component-secret"`
    /// Or `secret_env = "STANZAMAIL_SECRET"`
    /// Or `secret = "a long random text"`
    pub secret: SecretString,
    /// What is pinged (XEP-0199) to learn whether the server took all that was sent. Left out, it is the domain above the
    /// component's.
    ///
    /// Default `ping = "example.org"`
    pub ping: DomainPart,
    /// Whether the connection is secured: TLS from the first octet, with a certificate for the name above. ejabberd can (tls
    /// and certfile in its listener, examples/ejabberd.yml), Prosody cannot.
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
    /// Everyone of these domains. Where neither this nor `jids` is given, it is the domain above the component's.
    ///
    /// Default `domains = ["example.org"]`
    pub domains: Vec<DomainPart>,
    /// And these.
    ///
    /// Default `jids = []`
    /// Or `jids = ["alice@example.net"]`
    pub jids: Vec<BareJid>,
    /// Those of them who administer the gateway: they see its commands for that (`status`, `queue list`, …) when they ask it
    /// for help, and in their client's menu. Whoever gets into such an account can drop mails that wait and change pairs.
    ///
    /// Default `admins = []`
    /// Or `admins = ["alice@example.org"]`
    pub admins: Vec<BareJid>,
    /// How users are called in their mails, where neither they have said it (`my name is`) nor their client or a pair does:
    /// "vcard", as in the profile that they have on their own server (XEP-0054), which is asked once a day, when they turn to
    /// the gateway, and whose picture goes with their mails where it is small enough for a `Face` (PNG, 48 by 48); "off", by the
    /// local part of their JID.
    ///
    /// Default `names = "vcard"`
    pub names: OwnNames,
    /// Tells users once, when they first use the gateway or first get mail, what it is and how to write to somebody.
    ///
    /// Default `welcome = true`
    pub welcome: bool,
    /// Where users reach you who run the gateway, for clients that show it (XEP-0157): "mailto:", "xmpp:" or "https:".
    ///
    /// Default `contact = []`
    /// Or `contact = ["mailto:postmaster@example.org", "xmpp:alice@example.org"]`
    pub contact: Vec<String>,
}

/// A rule that gives local users their mail addresses, and addresses their users. There may be several; no two may
/// overlap. Mail to these addresses must reach one of the mailboxes below.
///
/// {local} is the part before the @ of the JID; what is not a-z, 0-9, ".", "-" or "_" in it is encoded. {domain} is its
/// domain, and stands in both templates or in none. No rule gives a user an address that belongs to whoever runs the
/// domain, such as postmaster, abuse, admin or webmaster, or that is one of the gateway's own accounts below; a `[[pair]]` can.
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

/// One user whose address is not the one of a rule. There may be several, or none. (Pairs can also be kept in the store:
/// see `stanzamail map`.)
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
    /// Nobody but these. An empty list allows everyone.
    ///
    /// Default `allow = []`
    /// Or `allow = ["mail.example", "carol@provider.example"]`
    pub allow: Vec<AddressPattern>,
    /// Never these, even if they are allowed.
    ///
    /// Default `deny = []`
    /// Or `deny = ["spam.example", "mallory@provider.example"]`
    pub deny: Vec<AddressPattern>,
    /// What becomes of mail of somebody to whom the user has never written, and who answers nothing that the user has
    /// written. "mark": it is shown, and the first one says that it is the first. "show": it is shown like all other mail.
    /// "request": the user is asked, as by somebody who wants to become a contact; what came is shown when the user
    /// accepts, by the client or by the command, or writes back. "hold": the user is not asked; the command `requests`
    /// says who waits. Users can choose otherwise.
    ///
    /// Default `strangers = "mark"`
    pub strangers: Strangers,
}

/// Whether the sender of a mail is authenticated: what the mail server of the mailboxes writes about it into Authentication-Results
/// (RFC 8601). The sender is verified by DMARC, or by DKIM or SPF for the same domain. docs/OPERATING.md says how to make a
/// mail server write it.
#[derive(Clone, Debug)]
pub struct TrustSection {
    /// The names under which that server writes: what stands before the first semicolon in Authentication-Results of a
    /// mail in the mailbox, most often the server's host name. With none, no sender can be verified, and every mail is
    /// shown as from whom it says.
    ///
    /// Default `authserv_ids = []`
    /// Or `authserv_ids = ["mail.example.org"]`
    pub authserv_ids: Vec<String>,
    /// What becomes of mail whose sender is not verified. "mark": it says so in its first line, and accepts no invitation;
    /// what failed verification stays in the mailbox, and its recipient is told. "hold": all of it stays there. "show": it
    /// is shown like all other mail.
    ///
    /// Default `unverified = "mark"`
    pub unverified: Speak,
    /// Whose presence, subscriptions and stanzas are believed. "verified": those of verified senders; all others are
    /// nothing but text. "anyone" IS UNSAFE: those of everybody, so that whoever can send a mail to your users can pretend
    /// to be any of their contacts, show false presence and accept or end subscriptions in their names. A peer with a key
    /// must sign either way.
    ///
    /// Default `stanzas_from = "verified"`
    pub stanzas_from: StanzaTrust,
}

/// What is known of the other side: another gateway like this one, or a person's mail address. There may be several, or
/// none: a gateway whose mails are verified is also found by its first mail. A section says `format`, `key` or both. One
/// about an address goes before one about its domain, which still holds for what it leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSection {
    /// Whom the section is about: all addresses of a mail domain (not of those below it), or one address. A domain is one
    /// that this gateway serves alone: a user's presence goes to all contacts there in one mail, which names them. At other
    /// domains each gets a mail of its own.
    ///
    /// Or `domain = "chat.b.example"`
    /// Or `address = "bob@mail.example"`
    pub who: AddressPattern,
    /// How mails to it are written. "mail": for a person with a mail program; presence is not sent. "xmpp": for a gateway
    /// like this one; whole stanzas, with presence and subscriptions. "chat": for Delta Chat without encryption; no subjects,
    /// and quotations, reactions and corrections as it shows them. Left out, it is what its verified mails show.
    ///
    /// Or `format = "xmpp"`
    pub format: Option<Format>,
    /// The public key of the gateway there: the line that `stanzamail key` prints there. With it, only a mail that is signed
    /// with it is believed to be from that gateway, whatever Authentication-Results says, and our mails to it are signed.
    /// What `stanzamail key` prints here belongs into the configuration there. Exchange both by a way that you trust.
    ///
    /// Or `key = "ed25519:…"`
    pub key: Option<PublicKey>,
}

/// The server that takes the mail that we send.
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
    /// "implicit": TLS from the first octet. "starttls": by the STARTTLS command, which must succeed. "none": only to a
    /// server on this machine.
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
    /// Instead of a password: a program, by its whole path, and its arguments. What it prints is a token, by which Gmail and
    /// Microsoft 365 let programs in (OAUTHBEARER, XOAUTH2). It is run without a shell, has 30 s, and is run again when the server
    /// does not take the token any more. docs/OPERATING.md names programs that do.
    ///
    /// Or `token_command = ["/usr/local/bin/token", "bridge@example.org"]`
    pub token_command: Option<Vec<String>>,
    /// How many connections there are at most.
    ///
    /// Default `connections = 5`
    pub connections: usize,
    /// The name that we give to the server. Left out, it is the domain of the first rule's mail addresses, or the
    /// component's where that has {domain}.
    ///
    /// Default `helo = "chat.example.org"`
    pub helo: String,
    /// A PEM file of authorities to trust instead of the system's. Left out, the system's are trusted.
    ///
    /// Default `ca_file = "our-ca.pem"`
    pub ca_file: Option<PathBuf>,
    /// Allows tls = "none" to a server on another machine: passwords and mail can be read on the way.
    ///
    /// Default `insecure = false`
    pub insecure: bool,
}

/// A mailbox in which mail for our users arrives. There may be several.
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
    /// The folder that is read.
    ///
    /// Default `folder = "INBOX"`
    pub folder: String,
    /// Whether the server tells us of new mail (IMAP IDLE) where it can. Without it we look every `poll`.
    ///
    /// Default `idle = true`
    pub idle: bool,
    /// How often to look for new mail where IDLE is not used.
    ///
    /// Default `poll = "60s"`
    pub poll: Duration,
    /// What becomes of a mail that was handed to its user: "seen" marks it as read, "keep" does nothing, "move" moves it to
    /// the folder `move_to`, "delete" deletes it. A big mailbox is slow: move or delete where many mails come.
    ///
    /// Default `after = "seen"`
    /// Or `move_to = "Archive"`
    pub after: After,
    /// The one local user for whom all mail in this mailbox is. Left out, it is for those whose addresses it has.
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
    /// The headers that tell whom a mail was delivered to; the first one that is there is believed. List only what your
    /// own mail server writes: a sender can forge the others. All mailboxes without `user` must have the same list.
    ///
    /// Default `recipient_headers = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"]`
    pub recipient_headers: Vec<String>,
}

/// Another way in for mail, instead of a mailbox or beside it: your own mail server hands it over by LMTP (RFC 2033). Without
/// this section nobody can. docs/OPERATING.md says how Postfix, Dovecot, Exim and OpenSMTPD do it.
#[derive(Clone, Debug)]
pub struct Lmtp {
    /// Where it connects: a port of this machine, or "unix:" and a path. Whoever can connect can hand over any mail: the
    /// port is open to every user of this machine, the socket to its owner and its group.
    ///
    /// Default `listen = "127.0.0.1:2424"`
    /// Or `listen = "unix:/run/stanzamail/lmtp.sock"`
    pub listen: Listen,
}

/// Where the gateway keeps what it must not forget.
#[derive(Clone, Debug)]
pub struct StoreSection {
    /// A folder that only the gateway may read and write. It holds the database, the mail that waits to be sent, and the
    /// socket for commands.
    ///
    /// Default `path = "/var/lib/stanzamail"`
    pub path: PathBuf,
    /// How long it is known which mails and messages went through: to show none twice, to say of a bounce or a read
    /// receipt what it is about, and to put an answer into its thread. From "30d" to "3650d", and at least "14d" longer
    /// than expire below. docs/OPERATING.md says what that takes.
    ///
    /// Default `remember = "90d"`
    pub remember: Duration,
    /// For how long a mail is kept as it came, of which the chat shows less than all: without the history that it quotes, without the
    /// looks of its HTML, without a file. From "1h" to "365d", or "off": none is kept. Left out, it is "7d" where `[http] listen` says
    /// where they can be read, and else "off".
    ///
    /// Or `originals = "7d"`
    /// Or `originals = "off"`
    pub originals: Option<Duration>,
    /// What these mails may have together; then the oldest of whoever has most go. One user's have a fifth of it at most.
    ///
    /// Default `originals_size = "1 GiB"`
    pub originals_size: usize,
}

/// How messages look.
#[derive(Clone, Debug)]
pub struct Messages {
    /// The subject of a mail whose message has none; {name} is the sender's name. Without this it is “Chat with …” in the sender's
    /// language.
    ///
    /// Or `default_subject = "Chat with {name}"`
    pub default_subject: Option<String>,
    /// In which language users are told something who have chosen none (`set language de`), and whose clients name none: "en",
    /// "de", "fr", "es" or "ru". Invitations and the like, which people read in their mail program, are in the language of the user from
    /// whom they are. Logs and commands are English.
    ///
    /// Default `language = "en"`
    pub language: Language,
    /// Who runs the gateway: invitations of your users to people who do not know them say so. Left out, they do not.
    ///
    /// Or `organisation = "Example Ltd, https://www.example.org"`
    pub organisation: Option<String>,
    /// What becomes of mail from mailing lists and other bulk mail: "show" shows it like all other mail; "headline" as news
    /// (messages of type headline), which XMPP servers throw away while the user is offline; "drop" does not show it.
    ///
    /// Default `bulk = "show"`
    pub bulk: Bulk,
    /// What becomes of the history that mail programs quote below an answer, and of signatures: "cut" does not show them,
    /// where it is certain what they are; "keep" shows all. Answers below or between what they answer are always shown with
    /// it, and what is sent on is shown whole. Users can choose otherwise.
    ///
    /// Default `quotes = "cut"`
    pub quotes: Quotes,
    /// For how long a message to somebody with a mail program waits for more, so that lines in one go are one mail, up to "60s";
    /// while the user's client says that more is being written (XEP-0085), up to a minute longer, and three minutes in all.
    /// What is corrected or taken back meanwhile is never seen. "0s" makes each message a mail of its own, at once. Files leave
    /// at once, and so does what goes to another gateway. Users can choose otherwise.
    ///
    /// Default `gather = "10s"`
    pub gather: Duration,
    /// When a message counts as received (XEP-0184): "accepted", when the gateway has it on its disk; "submitted", when the
    /// mail server has taken it; "dsn", when a mail server reports that it lies in the mailbox (RFC 3461), which few do
    /// beyond their own users; "off", never.
    ///
    /// Default `receipts = "submitted"`
    pub receipts: Receipts,
    /// Whether people with a mail program are asked to say that they have read a message, where the user's client wants to
    /// know (XEP-0333). Their program asks them whether it may, if it knows such requests (RFC 8098).
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

/// Files, which XMPP users send and get over HTTP, and pages on which they read whole mails.
#[derive(Clone, Debug, Default)]
pub struct Http {
    /// Whether files go both ways. Files that a user sends are attached to the mail, instead of their links. Attachments of mails are
    /// put where the user can fetch them: at the upload service of the user's own server (XEP-0363). It has to give places to
    /// contacts: see examples/prosody.cfg.lua and examples/ejabberd.yml. Where it has none, or does not take a file, the attachment
    /// is named in the text.
    ///
    /// Default `files = true`
    pub files: bool,
    /// Files that users send are fetched and attached to the mail where they lie at the upload service of their own server, or at
    /// one of these hosts (`host` or `host:port`). These may have any address; all others only one of the Internet. So name your
    /// upload service here where its address is a private one.
    ///
    /// Default `fetch_from = []`
    /// Or `fetch_from = ["upload.example.org"]`
    pub fetch_from: Vec<String>,
    /// Where a reverse proxy connects (nginx, Caddy; it has the certificate): a port of this machine, or "unix:" and a path. Then each
    /// mail of which the chat shows less than all has a page with all of it, whose address stands below the text; whoever has the
    /// address can read the mail, for as long as `originals` of `[store]` says. Files of mails that no upload service takes lie there,
    /// too. Left out, nothing listens. docs/OPERATING.md has examples.
    ///
    /// Or `listen = "127.0.0.1:8025"`
    /// Or `listen = "unix:/run/stanzamail/http.sock"`
    pub listen: Option<Listen>,
    /// The address at which users reach that proxy.
    ///
    /// Or `public_url = "https://mail.example.org"`
    pub public_url: Option<String>,
    /// A PEM file of authorities to trust instead of the system's. Left out, the system's are trusted.
    ///
    /// Default `ca_file = "our-ca.pem"`
    pub ca_file: Option<PathBuf>,
}

/// What the gateway says about its work, on standard error.
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
