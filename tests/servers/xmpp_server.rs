//! An XMPP server with a component port: the same handle for Prosody and for ejabberd.

use std::path::Path;
use std::time::Duration;

use super::process::{Folder, Port, Process, answers};
use super::xmpp_client::XmppClient;
use super::{PASSWORD, SECRET, START, ejabberd, prosody};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    Prosody,
    Ejabberd,
}

/// What an XMPP server is started with.
#[derive(Clone, Debug)]
pub struct XmppOptions {
    /// The domains that users live on; the first is the main one.
    pub domains: Vec<String>,
    /// The components (XEP-0114) that may connect.
    pub gateways: Vec<String>,
    /// What they prove themselves with.
    pub secret: String,
    /// Bare JIDs and passwords.
    pub users: Vec<(String, String)>,
    /// Prosody: what is in the rosters of some from the start, subscribed both ways: a bare JID and its contacts.
    pub rosters: Vec<(String, Vec<String>)>,
    /// Prosody: a second connection of a component replaces the first instead of being refused.
    pub kick_old: bool,
    /// The components may read and change the rosters of users (XEP-0356): on Prosody, by `mod_privilege` of Debian's package prosody-modules.
    pub privileged: bool,
    /// The rate limits for users of Debian's sample configuration.
    pub limits: bool,
    /// The components get no places for files.
    pub refuse_uploads: bool,
    /// Prosody: its upload service.
    pub uploads: Uploads,
}

/// An upload service (XEP-0363).
#[derive(Clone, Copy, Debug)]
pub struct Uploads {
    /// The port that stands in its addresses, where that is not its own: somebody stands between.
    pub port: Option<u16>,
    /// The biggest file, in MiB.
    pub mebibytes_max: usize,
}

impl Default for Uploads {
    fn default() -> Self {
        Uploads {
            port: None,
            mebibytes_max: 10,
        }
    }
}

impl XmppOptions {
    /// A server for `domain` and the component `gateway.<domain>`, without users.
    pub fn new(domain: &str) -> XmppOptions {
        XmppOptions {
            domains: vec![domain.into()],
            gateways: vec![format!("gateway.{domain}")],
            secret: SECRET.into(),
            users: Vec::new(),
            rosters: Vec::new(),
            kick_old: false,
            privileged: false,
            limits: false,
            refuse_uploads: false,
            uploads: Uploads::default(),
        }
    }

    /// `a.example` with alice and adam.
    pub fn a() -> XmppOptions {
        XmppOptions::new("a.example").user("alice").user("adam")
    }

    /// `b.example` with bob and beth.
    pub fn b() -> XmppOptions {
        XmppOptions::new("b.example").user("bob").user("beth")
    }

    /// One more user: a bare JID, or a local part at the main domain. The password is [`PASSWORD`].
    pub fn user(self, name: &str) -> XmppOptions {
        self.user_with_password(name, PASSWORD)
    }

    pub fn user_with_password(mut self, name: &str, password: &str) -> XmppOptions {
        let jid = if name.contains('@') {
            name.into()
        } else {
            format!("{name}@{}", self.domains[0])
        };
        self.users.push((jid, password.into()));
        self
    }

    /// Prosody: a user's roster from the start, subscribed both ways.
    pub fn roster(mut self, jid: &str, contacts: Vec<String>) -> XmppOptions {
        self.rosters.push((jid.into(), contacts));
        self
    }

    /// One more domain for users.
    pub fn domain(mut self, domain: &str) -> XmppOptions {
        self.domains.push(domain.into());
        self
    }

    /// One more component.
    pub fn gateway(mut self, domain: &str) -> XmppOptions {
        self.gateways.push(domain.into());
        self
    }

    pub fn kick_old(mut self) -> XmppOptions {
        self.kick_old = true;
        self
    }

    pub fn privileged(mut self) -> XmppOptions {
        self.privileged = true;
        self
    }

    pub fn refuse_uploads(mut self) -> XmppOptions {
        self.refuse_uploads = true;
        self
    }

    /// The components that get places for files.
    pub fn uploaders(&self) -> &[String] {
        match self.refuse_uploads {
            true => &[],
            false => &self.gateways,
        }
    }

    pub fn limits(mut self) -> XmppOptions {
        self.limits = true;
        self
    }
}

/// A running XMPP server.
pub struct XmppServer {
    pub flavour: Flavour,
    pub options: XmppOptions,
    /// The main domain.
    pub domain: String,
    /// The first component's domain.
    pub gateway: String,
    pub secret: String,
    pub c2s_port: u16,
    pub component_port: u16,
    pub http_port: u16,
    process: Option<Process>,
    folder: Folder,
    _ports: Ports,
}

/// The ports, claimed for as long as the server may come back.
struct Ports {
    c2s: Port,
    component: Port,
    http: Port,
}

impl XmppServer {
    /// Starts it and waits until users can log in and a component can connect.
    pub async fn start(flavour: Flavour, options: XmppOptions) -> XmppServer {
        let ports = Ports {
            c2s: Port::free(),
            component: Port::free(),
            http: Port::free(),
        };
        let mut server = XmppServer {
            flavour,
            domain: options.domains[0].clone(),
            gateway: options.gateways[0].clone(),
            secret: options.secret.clone(),
            c2s_port: ports.c2s.number(),
            component_port: ports.component.number(),
            http_port: ports.http.number(),
            options,
            process: None,
            folder: Folder::new(flavour.name()),
            _ports: ports,
        };
        match flavour {
            Flavour::Prosody => prosody::prepare(&server, &server.folder),
            Flavour::Ejabberd => ejabberd::prepare(&server, &server.folder),
        }
        server.folder.hand_over();
        server.start_again().await;
        if flavour == Flavour::Ejabberd {
            ejabberd::register(&server).await;
        }
        server
    }

    /// Starts it after [`XmppServer::stop`]: the same ports, users and rosters.
    pub async fn start_again(&mut self) {
        assert!(
            self.process.is_none(),
            "{} runs already",
            self.flavour.name()
        );
        let before = self.log().len();
        let mut process = match self.flavour {
            Flavour::Prosody => prosody::launch(&self.folder),
            Flavour::Ejabberd => ejabberd::launch(&self.folder),
        };
        let ports = [self.c2s_port, self.component_port, self.http_port];
        let up = |_: &Process| self.started(before) && ports.into_iter().all(answers);
        process.ready(START, up).await;
        self.process = Some(process);
    }

    /// ejabberd answers at its ports before its modules run, and says so in the log when they do.
    fn started(&self, before: usize) -> bool {
        let said = || {
            self.log()
                .get(before..)
                .is_some_and(|log| log.contains("is started in the node"))
        };
        self.flavour == Flavour::Prosody || said()
    }

    /// Stops it as an admin would (SIGTERM).
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Duration::from_secs(10)).await;
        }
    }

    /// Ends it as a power cut would (SIGKILL).
    pub fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    pub async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// Stops it answering without closing a connection (SIGSTOP), as a broken network would.
    pub fn pause(&self) {
        self.process().pause();
    }

    pub fn resume(&self) {
        self.process().signal("CONT");
    }

    fn process(&self) -> &Process {
        let process = self.process.as_ref();
        process.unwrap_or_else(|| panic!("{} does not run", self.flavour.name()))
    }

    /// Logs a user in and sends initial presence. `name`: a bare JID, or a local part at the main domain.
    pub async fn login(&self, name: &str) -> XmppClient {
        self.login_as(name, "test").await
    }

    /// The same with a resource of one's own choice, for several clients of one user.
    pub async fn login_as(&self, name: &str, resource: &str) -> XmppClient {
        let client = self.connect(name, resource).await;
        client.go_online().await;
        client
    }

    /// Logs in without presence: a user who is not (yet) available.
    pub async fn connect(&self, name: &str, resource: &str) -> XmppClient {
        let (jid, password) = self.account(name);
        XmppClient::connect(("127.0.0.1", self.c2s_port), &jid, &password, resource).await
    }

    /// The bare JID and the password of a user. `name`: a bare JID, or a local part at the main domain.
    pub fn account(&self, name: &str) -> (String, String) {
        let jid = if name.contains('@') {
            name.to_owned()
        } else {
            format!("{name}@{}", self.domain)
        };
        let password = self
            .options
            .users
            .iter()
            .find(|(user, _)| *user == jid)
            .map(|(_, password)| password.clone());
        let password = password
            .unwrap_or_else(|| panic!("{jid} is not among the users of {}", self.flavour.name()));
        (jid, password)
    }

    /// Where its configuration, data and logs are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Gives to the account that it runs as what a test has written there.
    pub fn hand_over(&self) {
        self.folder.hand_over();
    }

    /// The server's own log.
    pub fn log(&self) -> String {
        let file = self.folder.join(&format!("{}.log", self.flavour.name()));
        String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
    }
}

impl Flavour {
    pub fn name(self) -> &'static str {
        match self {
            Flavour::Prosody => "prosody",
            Flavour::Ejabberd => "ejabberd",
        }
    }
}
