//! The servers, and the gateway between them.

use std::path::PathBuf;

use crate::servers::stanza::contact;
use crate::servers::{
    Gateway, GreenMail, MailOptions, MailServer, Mailbox, PASSWORD, Prosody, RealMailClient,
    XmppOptions, XmppServer,
};

pub const CAROL: &str = "carol@mail.example";
/// Where the XMPP users have their mail addresses.
pub const MAIL_DOMAIN: &str = "chat.a.example";

/// Which mail server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    GreenMail,
    Dovecot,
}

impl Kind {
    pub fn named(name: &str) -> Option<Kind> {
        match name {
            "greenmail" => Some(Kind::GreenMail),
            "dovecot" => Some(Kind::Dovecot),
            _ => None,
        }
    }

    /// GreenMail where it is installed.
    pub fn best() -> Kind {
        match GreenMail::installed() {
            true => Kind::GreenMail,
            false => Kind::Dovecot,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Kind::GreenMail => "GreenMail",
            Kind::Dovecot => "Postfix with Dovecot",
        }
    }
}

pub enum Mail {
    GreenMail(GreenMail),
    Dovecot(Box<MailServer>),
}

/// Everything that runs. Dropped, it is gone.
pub struct Stage {
    pub gateway: Gateway,
    pub xmpp: XmppServer,
    pub mail: Mail,
}

impl Stage {
    /// Starts the servers, then the gateway.
    pub async fn set(kind: Kind, program: PathBuf) -> Stage {
        let (xmpp, mail) = tokio::join!(Prosody::start(XmppOptions::a()), Mail::start(kind));
        let gateway = Gateway::start(program, &configuration(&xmpp, &mail)).await;
        Stage {
            gateway,
            xmpp,
            mail,
        }
    }

    /// A mail address as Alice's client sees it.
    pub fn contact(&self, address: &str) -> String {
        contact(address, &self.xmpp.gateway)
    }

    pub async fn carols_inbox(&self) -> Mailbox {
        match &self.mail {
            Mail::GreenMail(server) => server.mailbox(CAROL).await,
            Mail::Dovecot(server) => server.mailbox(CAROL).await,
        }
    }

    pub fn carols_client(&self) -> RealMailClient {
        RealMailClient::new(self.mail.ports().0, &format!("Carol <{CAROL}>"))
    }

    /// Where somebody listens.
    pub fn ports(&self) -> Vec<u16> {
        let xmpp = &self.xmpp;
        let mut ports = vec![xmpp.c2s_port, xmpp.component_port, xmpp.http_port];
        ports.extend(self.mail.all_ports());
        ports
    }

    /// Stops the gateway as an admin would. The servers end when they are dropped.
    pub async fn end(&mut self) {
        let code = self.gateway.terminate().await;
        assert_eq!(code, 0, "the gateway's exit code after SIGTERM");
    }
}

impl Mail {
    async fn start(kind: Kind) -> Mail {
        let bridge = format!("bridge@{MAIL_DOMAIN}");
        match kind {
            Kind::GreenMail => Mail::GreenMail(GreenMail::start(&[&bridge, CAROL]).await),
            Kind::Dovecot => {
                let server = MailServer::start(MailOptions::default()).await;
                Mail::Dovecot(Box::new(server))
            }
        }
    }

    /// SMTP and IMAP.
    pub fn ports(&self) -> (u16, u16) {
        match self {
            Mail::GreenMail(server) => (server.smtp_port, server.imap_port),
            Mail::Dovecot(server) => (server.smtp_port, server.imap_port),
        }
    }

    fn all_ports(&self) -> Vec<u16> {
        match self {
            Mail::GreenMail(s) => vec![s.smtp_port, s.smtps_port, s.imap_port, s.imaps_port],
            Mail::Dovecot(s) => vec![
                s.smtp_port,
                s.submission_port,
                s.smtps_port,
                s.imap_port,
                s.imaps_port,
            ],
        }
    }
}

/// What an admin would write. GreenMail has no catch-all: there the users share one mailbox by subaddresses.
fn configuration(xmpp: &XmppServer, mail: &Mail) -> String {
    let (smtp, imap) = mail.ports();
    let (domain, gateway, secret) = (&xmpp.domain, &xmpp.gateway, &xmpp.secret);
    let component = xmpp.component_port;
    let local = match mail {
        Mail::GreenMail(_) => "bridge+{local}",
        Mail::Dovecot(_) => "{local}",
    };
    format!(
        r#"[xmpp]
server = "127.0.0.1:{component}"
domain = "{gateway}"
secret = "{secret}"

[[address]]
jid = "{{local}}@{domain}"
mail = "{local}@{MAIL_DOMAIN}"

[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"

[[mailbox]]
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "bridge@{MAIL_DOMAIN}"
password = "{PASSWORD}"

[store]
path = "@DIR@/store"
"#
    )
}
