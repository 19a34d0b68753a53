//! The servers, and the gateways between them.

use std::path::PathBuf;

use crate::servers::stanza::contact;
use crate::servers::{
    Ejabberd, Gateway, GreenMail, MailOptions, MailServer, Mailbox, PASSWORD, Port, Prosody,
    RealMailClient, XmppOptions, XmppServer,
};

pub const CAROL: &str = "carol@mail.example";
/// Where Postfix keeps copies of what it hands over.
const ARCHIVE: &str = "archive@mail.example";
const MAIL_DOMAINS: [&str; 2] = ["chat.a.example", "chat.b.example"];

/// Which mail server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    GreenMail,
    Dovecot,
    /// Postfix, which hands Alice's mail over by LMTP.
    Lmtp,
}

impl Kind {
    pub fn named(name: &str) -> Option<Kind> {
        match name {
            "greenmail" => Some(Kind::GreenMail),
            "dovecot" => Some(Kind::Dovecot),
            "lmtp" => Some(Kind::Lmtp),
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
            Kind::Lmtp => "Postfix with Dovecot, which hands mail for Alice over by LMTP",
        }
    }
}

pub enum Mail {
    GreenMail(GreenMail),
    Dovecot(Box<MailServer>),
}

/// An XMPP server with its gateway.
pub struct System {
    pub gateway: Gateway,
    pub xmpp: XmppServer,
}

/// What the first act needs, and the second too. Dropped, it is gone.
pub struct Stage {
    /// Alice's.
    pub ours: System,
    pub mail: Mail,
    /// Where her gateway takes mail by LMTP.
    lmtp: Option<Port>,
}

impl Stage {
    /// Starts the servers, then the gateway.
    pub async fn set(kind: Kind, program: PathBuf) -> Stage {
        let lmtp = (kind == Kind::Lmtp).then(Port::free);
        let port = lmtp.as_ref().map(Port::number);
        let (xmpp, mail) = tokio::join!(
            Prosody::start(XmppOptions::a().privileged()),
            Mail::start(kind, port)
        );
        let gateway = Gateway::start(program, &configuration(&xmpp, &mail, port)).await;
        let ours = System { gateway, xmpp };
        Stage { ours, mail, lmtp }
    }

    /// Where the mail can be looked at that her gateway gets, and how it gets it.
    pub async fn for_alice(&self) -> (Mailbox, &'static str) {
        match self.lmtp {
            Some(_) => (
                self.mail.mailbox(ARCHIVE).await,
                "is handed over, and Postfix keeps a copy for us",
            ),
            None => (
                self.mail.mailbox(&self.ours.bridge()).await,
                "finds in its mailbox",
            ),
        }
    }

    pub async fn carols_inbox(&self) -> Mailbox {
        self.mail.mailbox(CAROL).await
    }

    pub fn carols_client(&self) -> RealMailClient {
        RealMailClient::new(self.mail.ports().0, &format!("Carol <{CAROL}>"))
    }

    /// Where somebody listens.
    pub fn ports(&self) -> Vec<u16> {
        let mut ports = self.ours.ports();
        ports.extend(self.lmtp.as_ref().map(Port::number));
        ports.extend(self.mail.all_ports());
        ports
    }
}

impl System {
    /// Bob's. Its gateway does not run yet.
    pub async fn theirs(mail: &Mail, program: PathBuf) -> System {
        let xmpp = Ejabberd::start(XmppOptions::b()).await;
        let gateway = Gateway::prepare(program, &configuration(&xmpp, mail, None));
        System { gateway, xmpp }
    }

    /// Where its users have their mail addresses.
    pub fn mail_domain(&self) -> String {
        mail_domain(&self.xmpp)
    }

    /// The mailbox that its gateway reads.
    pub fn bridge(&self) -> String {
        bridge(&self.mail_domain())
    }

    /// The mail address of a user.
    pub fn address(&self, user: &str, mail: &Mail) -> String {
        let template = format!("{}@{}", mail.local_part(), self.mail_domain());
        template.replace("{local}", user)
    }

    /// A mail address as the clients of its users see it.
    pub fn contact(&self, address: &str) -> String {
        contact(address, &self.xmpp.gateway)
    }

    pub fn ports(&self) -> Vec<u16> {
        let xmpp = &self.xmpp;
        vec![xmpp.c2s_port, xmpp.component_port, xmpp.http_port]
    }

    /// Stops the gateway as an admin would. The servers end when they are dropped.
    pub async fn end(&mut self) {
        let code = self.gateway.terminate().await;
        assert_eq!(code, 0, "the gateway's exit code after SIGTERM");
    }
}

impl Mail {
    async fn start(kind: Kind, lmtp: Option<u16>) -> Mail {
        let [a, b] = MAIL_DOMAINS.map(bridge);
        match kind {
            Kind::GreenMail => Mail::GreenMail(GreenMail::start(&[&a, &b, CAROL]).await),
            Kind::Dovecot => {
                let server = MailServer::start(MailOptions::default()).await;
                Mail::Dovecot(Box::new(server))
            }
            Kind::Lmtp => {
                let copies = format!(
                    "recipient_bcc_maps = inline:{{@{}={ARCHIVE}}}",
                    MAIL_DOMAINS[0]
                );
                let mut options = MailOptions::default().person(ARCHIVE).postfix(&copies);
                options.gateway_lmtp = lmtp;
                Mail::Dovecot(Box::new(MailServer::start(options).await))
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

    pub async fn mailbox(&self, address: &str) -> Mailbox {
        match self {
            Mail::GreenMail(server) => server.mailbox(address).await,
            Mail::Dovecot(server) => server.mailbox(address).await,
        }
    }

    /// GreenMail has no catch-all: there the users share one mailbox by subaddresses.
    fn local_part(&self) -> &'static str {
        match self {
            Mail::GreenMail(_) => "bridge+{local}",
            Mail::Dovecot(_) => "{local}",
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

fn mail_domain(xmpp: &XmppServer) -> String {
    format!("chat.{}", xmpp.domain)
}

fn bridge(mail_domain: &str) -> String {
    format!("bridge@{mail_domain}")
}

/// What an admin would write.
fn configuration(xmpp: &XmppServer, mail: &Mail, lmtp: Option<u16>) -> String {
    let (smtp, imap) = mail.ports();
    let (domain, gateway, secret) = (&xmpp.domain, &xmpp.gateway, &xmpp.secret);
    let component = xmpp.component_port;
    let (local, mail_domain) = (mail.local_part(), mail_domain(xmpp));
    let bridge = bridge(&mail_domain);
    let way_in = match lmtp {
        Some(port) => format!("[lmtp]\nlisten = \"127.0.0.1:{port}\""),
        None => format!(
            r#"[[mailbox]]
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "{bridge}"
password = "{PASSWORD}""#
        ),
    };
    format!(
        r#"[xmpp]
server = "127.0.0.1:{component}"
domain = "{gateway}"
secret = "{secret}"

[[address]]
jid = "{{local}}@{domain}"
mail = "{local}@{mail_domain}"

[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"

{way_in}

[messages]
# Who watches does not want to wait for more lines.
gather = "500ms"

[http]
fetch_from = ["127.0.0.1"]

[store]
path = "@DIR@/store"
"#
    )
}
