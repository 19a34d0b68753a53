//! One gateway between an XMPP server and a mail server.
//!
//! On Prosody, alice and adam of a.example have mail addresses at chat.a.example; on ejabberd, bob and beth of b.example
//! have theirs at chat.b.example. Carol and Dave of mail.example have mailboxes.
//!
//! Or several gateways that mail joins: [`Pair`], [`GreenPair`], [`Quartet`]. There, each gateway submits with a login, and
//! the mail server states or proves (`MailOptions`) from which domain a mail comes, as [`AUTHSERV_ID`].

// Not every scenario uses every part of the world.
#![allow(dead_code)]

use super::servers::stanza::contact;
use super::servers::{
    Ejabberd, Flavour, Gateway, GreenMail, Mail, MailOptions, MailServer, Mailbox, PASSWORD,
    PATIENCE, Passed, Port, Prosody, SlixmppClient, Uploads, XmppClient, XmppOptions, XmppServer,
};
use std::sync::Arc;
use std::time::Duration;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_stanzamail");

/// What a scenario wants different from the usual.
#[derive(Clone, Default)]
pub struct Options {
    /// Keys for `[[mailbox]]`.
    pub mailbox: String,
    /// Keys for `[smtp]`.
    pub smtp: String,
    /// Keys for `[store]`.
    pub store: String,
    /// Whole sections.
    pub more: String,
    /// The mail server's.
    pub mail: MailOptions,
    /// The XMPP server gives the gateway no places for files.
    pub refuse_uploads: bool,
    /// Its upload service, where it is Prosody.
    pub uploads: Uploads,
    /// Where the gateway takes mail by LMTP; then it has no mailbox.
    pub lmtp: Option<Arc<Port>>,
}

impl Options {
    /// Postfix hands the mail of chat.a.example over by LMTP, several recipients at a time.
    pub fn by_lmtp() -> Options {
        let port = Port::free();
        let mail = MailOptions {
            gateway_lmtp: Some(port.number()),
            ..MailOptions::default()
        };
        Options {
            mail: mail.postfix("lmtp_destination_recipient_limit = 50"),
            lmtp: Some(Arc::new(port)),
            ..Options::default()
        }
    }
}

/// A gateway between an XMPP server and Postfix with Dovecot.
pub struct World {
    pub gateway: Gateway,
    pub xmpp: XmppServer,
    pub mail: MailServer,
}

impl World {
    /// Prosody, Postfix and Dovecot.
    pub async fn start() -> World {
        World::with(Options::default()).await
    }

    /// Prosody, Postfix and Dovecot, with some things different.
    pub async fn with(options: Options) -> World {
        World::on(Flavour::Prosody, options).await
    }

    /// The same on either XMPP server.
    pub async fn on(flavour: Flavour, options: Options) -> World {
        let world = World::prepare(flavour, options).await;
        world.started().await
    }

    /// The servers run, the gateway does not yet.
    pub async fn prepare(flavour: Flavour, options: Options) -> World {
        let (xmpp, mail) = tokio::join!(
            xmpp(flavour, &options),
            MailServer::start(options.mail.clone())
        );
        World::between(xmpp, mail, &options)
    }

    /// The same with other users, on Prosody, and the gateway runs.
    pub async fn of_users(users: XmppOptions, options: Options) -> World {
        let (xmpp, mail) = tokio::join!(
            Prosody::start(users),
            MailServer::start(options.mail.clone())
        );
        World::between(xmpp, mail, &options).started().await
    }

    fn between(xmpp: XmppServer, mail: MailServer, options: &Options) -> World {
        let config = config(&xmpp, (mail.smtp_port, mail.imap_port), options);
        World {
            gateway: Gateway::prepare(PROGRAM, &config),
            xmpp,
            mail,
        }
    }

    /// Starts the gateway of [`World::prepare`].
    pub async fn started(mut self) -> World {
        self.gateway.start_again().await;
        self
    }

    /// Carol's JID.
    pub fn carol(&self) -> String {
        contact("carol@mail.example", &self.xmpp.gateway)
    }

    /// Any contact's JID.
    pub fn contact(&self, address: &str) -> String {
        contact(address, &self.xmpp.gateway)
    }

    /// Logs a user in.
    pub async fn login(&self, name: &str) -> XmppClient {
        self.xmpp.login(name).await
    }

    /// The mail domain of the local users.
    pub fn mail_domain(&self) -> String {
        format!("chat.{}", self.xmpp.domain)
    }

    /// The mailbox of a person.
    pub async fn mailbox(&self, address: &str) -> Mailbox {
        self.mail.mailbox(address).await
    }

    /// All that Carol has when Postfix has delivered what it has accepted: a receipt says only that it did accept.
    pub async fn carol_has(&self) -> Vec<Mail> {
        self.mail.hands_all_on().await;
        self.mailbox("carol@mail.example").await.all().await
    }

    /// The gateway's own mailbox.
    pub async fn bridge(&self) -> Mailbox {
        self.mail.bridge(&self.mail_domain()).await
    }

    /// Carol sends a mail; `to` are envelope recipients. Line ends are made CRLF.
    pub async fn carol_sends(&self, to: &[&str], mail: &str) {
        self.mail
            .submit("carol@mail.example", to, mail)
            .await
            .expect("Postfix takes Carol's mail");
        // Postfix does not promise to deliver in the order in which it was given mails: the next one comes later than this one,
        // unless this one cannot be delivered now.
        let handed_on = self.mail.hands_all_on();
        let _ = tokio::time::timeout(Duration::from_secs(2), handed_on).await;
    }
}

/// A gateway between Prosody and GreenMail, which has no catch-all: the users share one mailbox by subaddresses.
pub struct GreenWorld {
    pub gateway: Gateway,
    pub xmpp: XmppServer,
    pub mail: GreenMail,
}

impl GreenWorld {
    pub async fn start() -> GreenWorld {
        let users = [
            "bridge@chat.a.example",
            "carol@mail.example",
            "dave@mail.example",
        ];
        let options = Options::default();
        let (xmpp, mail) = tokio::join!(xmpp(Flavour::Prosody, &options), GreenMail::start(&users));
        let config = config(&xmpp, (mail.smtp_port, mail.imap_port), &Options::default())
            .replace("mail = \"{local}@chat", "mail = \"bridge+{local}@chat");
        GreenWorld {
            gateway: Gateway::start(PROGRAM, &config).await,
            xmpp,
            mail,
        }
    }

    pub fn carol(&self) -> String {
        contact("carol@mail.example", &self.xmpp.gateway)
    }
}

// --- several gateways ------------------------------------------------------------------------------------------------

/// The name under which the mail server between gateways says what it found out about a sender.
pub const AUTHSERV_ID: &str = "mx.test";

/// What one side of a joined world is started with.
#[derive(Clone)]
pub struct SideOptions {
    pub flavour: Flavour,
    pub xmpp: XmppOptions,
    /// Whole sections; a section of its own if a scenario wants another `[trust]` than [`AUTHSERV_ID`]'s.
    pub more: String,
    /// Keys for `[smtp]`.
    pub smtp: String,
    /// Keys for `[[mailbox]]`.
    pub mailbox: String,
}

impl SideOptions {
    fn new(flavour: Flavour, xmpp: XmppOptions) -> SideOptions {
        SideOptions {
            flavour,
            xmpp,
            more: String::new(),
            smtp: String::new(),
            mailbox: String::new(),
        }
    }

    /// Prosody: alice and adam of a.example.
    pub fn a() -> SideOptions {
        SideOptions::new(Flavour::Prosody, XmppOptions::a())
    }

    /// ejabberd: bob and beth of b.example.
    pub fn b() -> SideOptions {
        SideOptions::new(Flavour::Ejabberd, XmppOptions::b())
    }

    /// Prosody: cleo and cyrus of c.example.
    pub fn c() -> SideOptions {
        let xmpp = XmppOptions::new("c.example").user("cleo").user("cyrus");
        SideOptions::new(Flavour::Prosody, xmpp)
    }

    /// Prosody: dora and dan of d.example.
    pub fn d() -> SideOptions {
        let xmpp = XmppOptions::new("d.example").user("dora").user("dan");
        SideOptions::new(Flavour::Prosody, xmpp)
    }

    pub fn on(mut self, flavour: Flavour) -> SideOptions {
        self.flavour = flavour;
        self
    }

    /// One more user.
    pub fn user(mut self, name: &str) -> SideOptions {
        self.xmpp = self.xmpp.user(name);
        self
    }

    /// Adds whole sections to the gateway's configuration.
    pub fn config(mut self, sections: &str) -> SideOptions {
        self.more.push_str(sections);
        self.more.push('\n');
        self
    }

    /// The mail domain of the users.
    fn mail_domain(&self) -> String {
        format!("chat.{}", self.xmpp.domains[0])
    }

    /// With the world's `[trust]` unless the scenario has one.
    fn sections(&self, trust: &str) -> String {
        if self.more.contains("[trust]") {
            self.more.clone()
        } else {
            format!("{trust}\n{}", self.more)
        }
    }
}

/// A gateway and its XMPP server, one of several in a world.
pub struct Side {
    pub gateway: Gateway,
    pub xmpp: XmppServer,
}

impl Side {
    /// Logs a user in.
    pub async fn login(&self, name: &str) -> XmppClient {
        self.xmpp.login(name).await
    }

    /// Logs a user in by slixmpp.
    pub async fn slixmpp(&self, name: &str) -> SlixmppClient {
        SlixmppClient::login(&self.xmpp, name).await
    }

    /// The mail domain of its users: `chat.a.example`.
    pub fn mail_domain(&self) -> String {
        format!("chat.{}", self.xmpp.domain)
    }

    /// The mail address of a user, as the other sides know it.
    pub fn address(&self, user: &str) -> String {
        format!("{user}@{}", self.mail_domain())
    }

    /// The account by which its gateway submits and reads mail.
    pub fn account(&self) -> String {
        self.address("bridge")
    }

    /// The JID by which its users know a mail address: `bob\40chat.b.example@gateway.a.example`.
    pub fn contact(&self, address: &str) -> String {
        contact(address, &self.xmpp.gateway)
    }

    /// The JID by which its users know a user of another side.
    pub fn contact_at(&self, other: &Side, user: &str) -> String {
        self.contact(&other.address(user))
    }

    async fn servers(options: &SideOptions) -> XmppServer {
        XmppServer::start(options.flavour, options.xmpp.clone()).await
    }

    /// A gateway that submits by STARTTLS with a login, not started yet.
    fn prepare(xmpp: XmppServer, mail: &MailServer, options: &SideOptions) -> Side {
        let login = format!(
            "username = \"bridge@{}\"\npassword = \"{PASSWORD}\"\nca_file = {:?}\n{}",
            options.mail_domain(),
            mail.ca_file,
            options.smtp
        );
        let options = Options {
            smtp: login,
            mailbox: options.mailbox.clone(),
            more: options.sections(&format!("[trust]\nauthserv_ids = [\"{AUTHSERV_ID}\"]")),
            ..Options::default()
        };
        let config = config(&xmpp, (mail.submission_port, mail.imap_port), &options)
            .replacen("tls = \"none\"", "tls = \"starttls\"", 1)
            .replacen("host = \"127.0.0.1\"", "host = \"localhost\"", 1);
        Side {
            gateway: Gateway::prepare(PROGRAM, &config),
            xmpp,
        }
    }
}

/// What a pair is started with.
#[derive(Clone)]
pub struct PairOptions {
    pub a: SideOptions,
    pub b: SideOptions,
    /// Who writes `Authentication-Results`, and of what kind, is decided here.
    pub mail: MailOptions,
}

impl Default for PairOptions {
    /// Prosody and ejabberd; the mail server states the origin of each mail by the login of who submitted it.
    fn default() -> PairOptions {
        PairOptions {
            a: SideOptions::a(),
            b: SideOptions::b(),
            mail: MailOptions::default().verified(AUTHSERV_ID),
        }
    }
}

impl PairOptions {
    /// The same sections for both gateways.
    pub fn config(mut self, sections: &str) -> PairOptions {
        self.a = self.a.config(sections);
        self.b = self.b.config(sections);
        self
    }

    /// Mail is signed and verified by OpenDKIM.
    pub fn dkim(mut self) -> PairOptions {
        self.mail = self.mail.dkim(AUTHSERV_ID);
        self
    }
}

/// Two gateways joined by Postfix and Dovecot: Alice of a.example (Prosody), Bob of b.example (ejabberd).
pub struct Pair {
    pub a: Side,
    pub b: Side,
    pub mail: MailServer,
}

impl Pair {
    pub async fn start() -> Pair {
        Pair::with(PairOptions::default()).await
    }

    pub async fn with(options: PairOptions) -> Pair {
        let mut pair = Pair::prepare(options).await;
        tokio::join!(pair.a.gateway.start_again(), pair.b.gateway.start_again());
        pair
    }

    /// The servers run, the gateways do not yet.
    pub async fn prepare(options: PairOptions) -> Pair {
        let (a, b, mail) = tokio::join!(
            Side::servers(&options.a),
            Side::servers(&options.b),
            MailServer::start(options.mail)
        );
        Pair {
            a: Side::prepare(a, &mail, &options.a),
            b: Side::prepare(b, &mail, &options.b),
            mail,
        }
    }

    /// Bob as Alice knows him.
    pub fn bob(&self) -> String {
        self.a.contact_at(&self.b, "bob")
    }

    /// Alice as Bob knows her.
    pub fn alice(&self) -> String {
        self.b.contact_at(&self.a, "alice")
    }

    /// Every mail that left a side's gateway, in order.
    pub fn left(&self, side: &Side) -> Vec<Passed> {
        self.mail.passed_by(&side.account())
    }
}

/// Two gateways joined by GreenMail, which has no catch-all (so subaddresses), no logins, and verifies nothing: Alice of
/// a.example and Cleo of c.example, both on Prosody.
pub struct GreenPair {
    pub a: Side,
    pub c: Side,
    pub mail: GreenMail,
}

impl GreenPair {
    /// With whole sections for the gateway of each; there is no `[trust]` but theirs.
    pub async fn start(a: &str, c: &str) -> GreenPair {
        GreenPair::prepare(a, c).await.started().await
    }

    /// Each gateway has the key of the other.
    pub async fn with_keys(a: &str, c: &str) -> GreenPair {
        let pair = GreenPair::prepare(a, c).await;
        for (side, other) in [(&pair.a, &pair.c), (&pair.c, &pair.a)] {
            let (domain, key) = (other.mail_domain(), other.gateway.key().await);
            side.gateway
                .add_config(&format!("[[peer]]\ndomain = \"{domain}\"\n{key}"));
        }
        pair.started().await
    }

    /// The servers run, the gateways do not yet.
    pub async fn prepare(a: &str, c: &str) -> GreenPair {
        let (a, c) = (SideOptions::a().config(a), SideOptions::c().config(c));
        let users = ["bridge@chat.a.example", "bridge@chat.c.example"];
        let (xmpp_a, xmpp_c, mail) = tokio::join!(
            Side::servers(&a),
            Side::servers(&c),
            GreenMail::start(&users)
        );
        let side = |xmpp: XmppServer, options: &SideOptions| {
            let more = Options {
                more: options.sections(""),
                ..Options::default()
            };
            let config = config(&xmpp, (mail.smtp_port, mail.imap_port), &more)
                .replace("mail = \"{local}@chat", "mail = \"bridge+{local}@chat");
            let gateway = Gateway::prepare(PROGRAM, &config);
            Side { gateway, xmpp }
        };
        let (a, c) = (side(xmpp_a, &a), side(xmpp_c, &c));
        GreenPair { a, c, mail }
    }

    /// Starts the gateways of [`GreenPair::prepare`].
    pub async fn started(mut self) -> GreenPair {
        tokio::join!(self.a.gateway.start_again(), self.c.gateway.start_again());
        self
    }

    /// Cleo as Alice knows her.
    pub fn cleo(&self) -> String {
        self.a.contact("bridge+cleo@chat.c.example")
    }

    /// Alice as Cleo knows her.
    pub fn alice(&self) -> String {
        self.c.contact("bridge+alice@chat.a.example")
    }
}

/// What a quartet is started with.
#[derive(Clone)]
pub struct QuartetOptions {
    /// a, b, c and d.
    pub sides: [SideOptions; 4],
    /// Their mail domains are added.
    pub mail: MailOptions,
}

impl Default for QuartetOptions {
    fn default() -> QuartetOptions {
        QuartetOptions {
            sides: [
                SideOptions::a(),
                SideOptions::b().on(Flavour::Prosody),
                SideOptions::c(),
                SideOptions::d(),
            ],
            mail: MailOptions::default().verified(AUTHSERV_ID),
        }
    }
}

impl QuartetOptions {
    /// The same sections for all gateways.
    pub fn config(mut self, sections: &str) -> QuartetOptions {
        self.sides = self.sides.map(|side| side.config(sections));
        self
    }
}

/// Four gateways, each on a Prosody of its own, joined by one Postfix and Dovecot.
pub struct Quartet {
    pub a: Side,
    pub b: Side,
    pub c: Side,
    pub d: Side,
    pub mail: MailServer,
}

impl Quartet {
    pub async fn start() -> Quartet {
        Quartet::with(QuartetOptions::default()).await
    }

    pub async fn with(options: QuartetOptions) -> Quartet {
        let mut quartet = Quartet::prepare(options).await;
        quartet.start_gateways().await;
        quartet
    }

    /// The servers run, the gateways do not yet.
    pub async fn prepare(options: QuartetOptions) -> Quartet {
        let mut mail = options.mail;
        mail.gateway_domains = options
            .sides
            .each_ref()
            .map(SideOptions::mail_domain)
            .into();
        let [a, b, c, d] = &options.sides;
        let (mail, servers) = tokio::join!(MailServer::start(mail), async {
            tokio::join!(
                Side::servers(a),
                Side::servers(b),
                Side::servers(c),
                Side::servers(d)
            )
        });
        Quartet {
            a: Side::prepare(servers.0, &mail, a),
            b: Side::prepare(servers.1, &mail, b),
            c: Side::prepare(servers.2, &mail, c),
            d: Side::prepare(servers.3, &mail, d),
            mail,
        }
    }

    /// Starts the gateways of [`Quartet::prepare`].
    pub async fn start_gateways(&mut self) {
        self.start_gateways_within(PATIENCE).await;
    }

    /// The same where there is much to begin with.
    pub async fn start_gateways_within(&mut self, limit: Duration) {
        let Quartet { a, b, c, d, .. } = self;
        for side in [a, b, c, d] {
            side.gateway.launch();
        }
        let Quartet { a, b, c, d, .. } = self;
        tokio::join!(
            a.gateway.wait_ready_within(limit),
            b.gateway.wait_ready_within(limit),
            c.gateway.wait_ready_within(limit),
            d.gateway.wait_ready_within(limit)
        );
    }

    /// Every mail that left a side's gateway, in order.
    pub fn left(&self, side: &Side) -> Vec<Passed> {
        self.mail.passed_by(&side.account())
    }

    /// The mailbox that a side's gateway reads: what arrived there stays, marked as read.
    pub async fn arrived(&self, side: &Side) -> Mailbox {
        self.mail.bridge(&side.mail_domain()).await
    }
}

// --- configuration ---------------------------------------------------------------------------------------------------

async fn xmpp(flavour: Flavour, options: &Options) -> XmppServer {
    let may_upload = |xmpp: XmppOptions| match options.refuse_uploads {
        true => xmpp.refuse_uploads(),
        false => xmpp,
    };
    match flavour {
        Flavour::Prosody => {
            let mut prosody = may_upload(XmppOptions::a());
            prosody.uploads = options.uploads;
            Prosody::start(prosody).await
        }
        Flavour::Ejabberd => Ejabberd::start(may_upload(XmppOptions::b())).await,
    }
}

/// The configuration that an admin would write for these servers.
pub fn config(xmpp: &XmppServer, (smtp, imap): (u16, u16), options: &Options) -> String {
    let (domain, gateway, secret, port) = (
        &xmpp.domain,
        &xmpp.gateway,
        &xmpp.secret,
        xmpp.component_port,
    );
    let limits = match options.more.contains("[limits]") {
        true => "",
        false => UNLIMITED,
    };
    let messages = match options.more.contains("[messages]") {
        true => "",
        false => AT_ONCE,
    };
    let strangers = match options.more.contains("[contacts]") {
        true => "",
        false => UNMARKED,
    };
    let more = match options.more.split_once("[users]\n") {
        Some((_, after)) if after.starts_with("welcome") => options.more.clone(),
        Some((before, after)) => format!("{before}{UNWELCOMED}\n{after}"),
        None => format!("{UNWELCOMED}\n{}", options.more),
    };
    let way_in = match &options.lmtp {
        Some(port) => format!("[lmtp]\nlisten = \"127.0.0.1:{}\"", port.number()),
        None => format!(
            r#"[[mailbox]]
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "bridge@chat.{domain}"
password = "{PASSWORD}"
{}"#,
            options.mailbox
        ),
    };
    format!(
        r#"
[xmpp]
server = "127.0.0.1:{port}"
domain = "{gateway}"
secret = "{secret}"

[[address]]
jid = "{{local}}@{domain}"
mail = "{{local}}@chat.{domain}"

[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"
{}

{way_in}

[store]
path = "@DIR@/store"
{}

{limits}
{messages}
{strangers}
{}
"#,
        options.smtp, options.store, more
    )
}

/// Most scenarios are about one message, and count its mail.
const AT_ONCE: &str = "[messages]\ngather = \"0s\"";

/// Most scenarios compare what is said, whoever says it first.
const UNMARKED: &str = "[contacts]\nstrangers = \"show\"";

/// Most scenarios count what a user gets.
const UNWELCOMED: &str = "[users]\nwelcome = false";

/// Most scenarios are about more than one person would send or get.
const UNLIMITED: &str = r#"[limits]
sent_per_hour = "unlimited"
sent_per_hour_to_one = "unlimited"
sent_per_hour_by_all = "unlimited"
new_contacts_per_day = "unlimited"
shown_per_minute = "unlimited"
shown_per_minute_from_one = "unlimited""#;
