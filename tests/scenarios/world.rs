//! One gateway between an XMPP server and a mail server.
//!
//! On Prosody, alice and adam of a.example have mail addresses at chat.a.example; on ejabberd, bob and beth of b.example
//! have theirs at chat.b.example. Carol and Dave of mail.example have mailboxes.

// Not every scenario uses every part of the world.
#![allow(dead_code)]

use super::servers::stanza::contact;
use super::servers::{
    Ejabberd, Flavour, Gateway, GreenMail, MailOptions, MailServer, Mailbox, PASSWORD, Prosody,
    XmppClient, XmppOptions, XmppServer,
};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_stanzamail");

/// What a scenario wants different from the usual.
#[derive(Clone, Default)]
pub struct Options {
    /// Keys for `[[mailbox]]`.
    pub mailbox: String,
    /// Keys for `[smtp]`.
    pub smtp: String,
    /// Whole sections.
    pub more: String,
    /// The mail server's.
    pub mail: MailOptions,
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
        let (xmpp, mail) = tokio::join!(xmpp(flavour), MailServer::start(options.mail.clone()));
        let config = config(&xmpp, (mail.smtp_port, mail.imap_port), &options);
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
        let (xmpp, mail) = tokio::join!(xmpp(Flavour::Prosody), GreenMail::start(&users));
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

async fn xmpp(flavour: Flavour) -> XmppServer {
    match flavour {
        Flavour::Prosody => Prosody::start(XmppOptions::a()).await,
        Flavour::Ejabberd => Ejabberd::start(XmppOptions::b()).await,
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

[[mailbox]]
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "bridge@chat.{domain}"
password = "{PASSWORD}"
{}

[store]
path = "@DIR@/store"

{}
"#,
        options.smtp, options.mailbox, options.more
    )
}
