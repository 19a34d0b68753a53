//! A gateway whose three connections go through proxies, and what goes both ways through it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::counting::{ids_by_text, mail_to, message_ids_by_text, one_name_each, texts};
use super::servers::stanza::find;
use super::servers::{Flavour, Network, PATIENCE, Proxy, XmppClient};
use super::world::{Options, World};

/// How often a client looks whether it has to send again.
const LOOK: Duration = Duration::from_millis(20);
/// After this time a client sends again what got no receipt.
const CLIENT_WAIT: Duration = Duration::from_millis(150);

/// The proxies.
pub struct Wires {
    pub smtp: Proxy,
    pub imap: Proxy,
    pub xmpp: Proxy,
}

impl Wires {
    /// All three.
    pub async fn become_(&self, network: Network) {
        for proxy in [&self.smtp, &self.imap, &self.xmpp] {
            proxy.becomes(network).await;
        }
    }
}

/// Servers, and a gateway that reaches them through proxies, in so much of a hurry.
pub async fn wired(flavour: Flavour, hurry: u32) -> (World, Wires) {
    let mut world = World::prepare(flavour, Options::default()).await;
    let wires = Wires {
        smtp: Proxy::before(world.mail.smtp_port).await,
        imap: Proxy::before(world.mail.imap_port).await,
        xmpp: Proxy::before(world.xmpp.component_port).await,
    };
    let config = std::fs::read_to_string(world.gateway.config()).expect("it was prepared");
    let port = |number: u16| format!("port = {number}\n");
    let config = config
        .replace(&port(world.mail.smtp_port), &port(wires.smtp.port()))
        .replace(&port(world.mail.imap_port), &port(wires.imap.port()))
        .replace(
            &format!("127.0.0.1:{}", world.xmpp.component_port),
            &format!("127.0.0.1:{}", wires.xmpp.port()),
        );
    world.gateway.write_config(&config);
    let hurry = hurry.to_string();
    world.gateway.environment(&[("STANZAMAIL_HURRY", &hurry)]);
    (world.started().await, wires)
}

/// Servers and a gateway in so much of a hurry, without proxies.
pub async fn hurried(flavour: Flavour, hurry: u32) -> World {
    let mut world = World::prepare(flavour, Options::default()).await;
    let hurry = hurry.to_string();
    world.gateway.environment(&[("STANZAMAIL_HURRY", &hurry)]);
    world.started().await
}

/// Alice and Carol, who write to each other: `message 0` one way, `mail 0` the other.
pub struct Talk {
    /// On ejabberd it is Bob.
    pub alice: XmppClient,
    /// Where Carol writes to her.
    address: String,
    pub carol: String,
    messages: BTreeSet<usize>,
    mails: BTreeSet<usize>,
}

impl Talk {
    pub async fn of(world: &World) -> Talk {
        let alice = match world.xmpp.flavour {
            Flavour::Prosody => "alice",
            Flavour::Ejabberd => "bob",
        };
        Talk {
            alice: world.login(alice).await,
            address: format!("{alice}@{}", world.mail_domain()),
            carol: world.carol(),
            messages: BTreeSet::new(),
            mails: BTreeSet::new(),
        }
    }

    /// Alice sends a message, or the same once more.
    pub async fn alice_sends(&mut self, number: usize) {
        self.messages.insert(number);
        send(&self.alice, &self.carol, number).await;
    }

    /// Postfix takes a mail from Carol.
    pub async fn carol_sends(&mut self, world: &World, number: usize) {
        self.mails.insert(number);
        let text = mail_to(&self.address, &format!("mail {number}"));
        world.carol_sends(&[&self.address], &text).await;
    }

    /// Waits until everything is there, while Alice's client sends again what got no receipt and the gateway is asked
    /// to try again now.
    pub async fn complete(&self, world: &World) -> Duration {
        self.complete_within(world, PATIENCE).await
    }

    pub async fn complete_within(&self, world: &World, limit: Duration) -> Duration {
        let (began, mut sent) = (Instant::now(), Instant::now());
        loop {
            let missing = self.missing();
            if missing.is_empty() {
                return began.elapsed();
            }
            assert!(began.elapsed() < limit, "{missing:?} not within {limit:?}");
            tokio::time::sleep(LOOK).await;
            if missing.iter().any(|one| one.starts_with("message")) {
                world.gateway.signal("USR1");
            }
            if sent.elapsed() > CLIENT_WAIT {
                let receipts = receipts(&self.alice);
                for number in self.messages.difference(&receipts) {
                    send(&self.alice, &self.carol, *number).await;
                }
                sent = Instant::now();
            }
        }
    }

    fn missing(&self) -> Vec<String> {
        let (receipts, texts) = (receipts(&self.alice), texts(&self.alice));
        let messages = self.messages.difference(&receipts);
        let messages = messages.map(|number| format!("message {number}"));
        let mails = self.mails.iter().map(|number| format!("mail {number}"));
        messages
            .chain(mails.filter(|mail| !texts.contains(mail)))
            .collect()
    }

    /// Nothing is lost, and nothing came under two names. Answers how many came twice under the same.
    pub async fn is_accounted_for(&self, world: &World) -> usize {
        let arrived = world.carol_has().await;
        let by_text = message_ids_by_text(&arrived);
        let lost: Vec<_> = self
            .messages
            .iter()
            .filter(|number| !by_text.contains_key(&format!("message {number}")))
            .collect();
        assert!(
            lost.is_empty(),
            "receipts for what did not arrive: {lost:?}"
        );
        assert!(self.missing().is_empty(), "lost: {:?}", self.missing());
        one_name_each(&by_text, "Message-IDs");
        let ids: BTreeMap<_, _> = ids_by_text(&self.alice);
        one_name_each(&ids, "stanza ids");
        let shown = texts(&self.alice);
        let shown = shown
            .iter()
            .filter(|text| text.starts_with("mail "))
            .count();
        (arrived.len() - by_text.len()) + (shown - self.mails.len())
    }
}

async fn send(alice: &XmppClient, carol: &str, number: usize) {
    alice
        .send(format!(
            "<message type='chat' to='{carol}' id='m-{number}'><body>message {number}</body>\
             <request xmlns='urn:xmpp:receipts'/></message>"
        ))
        .await;
}

/// The numbers of the messages for which a receipt came.
pub fn receipts(alice: &XmppClient) -> BTreeSet<usize> {
    let number = |stanza: &minidom::Element| {
        let receipt = find(stanza, "received", "urn:xmpp:receipts")?;
        receipt.attr("id")?.strip_prefix("m-")?.parse().ok()
    };
    alice.received().iter().filter_map(number).collect()
}

/// How many files and sockets the gateway has open.
pub fn open_files(world: &World) -> usize {
    let folder = format!("/proc/{}/fd", world.gateway.pid());
    std::fs::read_dir(folder).expect("the gateway runs").count()
}
