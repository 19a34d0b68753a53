//! A person's XMPP client that is none of ours: slixmpp, in a process of its own, told by JSON lines what its user does.
//! It shows what a real client makes of what the gateway sends, and sends what one sends.
//!
//!     let alice = SlixmppClient::login(&server, "alice").await;
//!     alice.send("<presence type='subscribe' to='bob\\40chat.b.example@gateway.a.example'/>");
//!     alice.next_presence_from("bob\\40chat.b.example@gateway.a.example", "subscribed").await;
//!
//! [`SlixmppClient::login_many`] logs many people in by one process: 1,000 on one Prosody took 35 s
//! on two busy cores.

use std::collections::HashMap;
use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::panic::Location;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use minidom::Element;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::PATIENCE;
use super::inbox::Inbox;
use super::process::{Folder, tail};
use super::stanza::{bare, body, from, is_from, kind_of, parse};
use super::xmpp_client::RosterItem;
use super::xmpp_server::XmppServer;

const SCRIPT: &str = include_str!("slixmpp_client.py");
/// How long one of many may wait for its login, besides [`PATIENCE`].
const PATIENCE_PER_LOGIN: Duration = Duration::from_millis(100);

/// How somebody logs in.
#[derive(Clone, Debug)]
pub struct SlixmppOptions {
    pub resource: String,
    /// Whether initial presence is sent.
    pub presence: bool,
    /// Whether receipt requests (XEP-0184) are answered, as most clients do.
    pub receipts: bool,
}

impl Default for SlixmppOptions {
    fn default() -> SlixmppOptions {
        SlixmppOptions {
            resource: "slixmpp".into(),
            presence: true,
            receipts: false,
        }
    }
}

/// A logged-in client. Dropping it closes the connection without a goodbye.
pub struct SlixmppClient {
    /// The full JID that the server bound.
    pub jid: String,
    number: u64,
    slot: Arc<Slot>,
    answers: tokio::sync::Mutex<UnboundedReceiver<Answer>>,
    program: Arc<Program>,
}

impl SlixmppClient {
    /// Logs a user in by a process of its own: fetches the roster, sends initial presence, and waits until the server
    /// has handled it. `name`: a bare JID, or a local part at the main domain.
    pub async fn login(server: &XmppServer, name: &str) -> SlixmppClient {
        SlixmppClient::login_with(server, name, SlixmppOptions::default()).await
    }

    /// The same with some things different.
    pub async fn login_with(
        server: &XmppServer,
        name: &str,
        options: SlixmppOptions,
    ) -> SlixmppClient {
        let program = Program::start();
        SlixmppClient::through(&program, server, name, &options, PATIENCE).await
    }

    /// Logs many in at once, by one process for all of them, in the order of `names`.
    pub async fn login_many<T: AsRef<str>>(
        server: &XmppServer,
        names: &[T],
        options: SlixmppOptions,
    ) -> Vec<SlixmppClient> {
        let program = Program::start();
        let count = u32::try_from(names.len()).expect("they are not that many");
        let limit = PATIENCE + PATIENCE_PER_LOGIN * count;
        let logins = names
            .iter()
            .map(|name| SlixmppClient::through(&program, server, name.as_ref(), &options, limit));
        futures::future::join_all(logins).await
    }

    async fn through(
        program: &Arc<Program>,
        server: &XmppServer,
        name: &str,
        options: &SlixmppOptions,
        limit: Duration,
    ) -> SlixmppClient {
        let (jid, password) = server.account(name);
        let (number, slot, answers) = program.slot();
        let mut client = SlixmppClient {
            jid: format!("{jid}/{}", options.resource),
            number,
            slot,
            answers: tokio::sync::Mutex::new(answers),
            program: program.clone(),
        };
        program.tell(&json!({
            "client": number, "do": "login", "jid": client.jid, "password": password, "port": server.c2s_port,
            "presence": options.presence, "receipts": options.receipts,
        }));
        client.jid = client.answer("online", limit).await;
        if options.presence {
            let own = client.jid.clone();
            client
                .expect(move |stanza| stanza.name() == "presence" && from(stanza) == own)
                .await;
        }
        client
    }

    /// The JID without its resource.
    pub fn bare(&self) -> &str {
        bare(&self.jid)
    }

    // --- sending -----------------------------------------------------------------------------------------------------

    /// Sends one stanza as it is.
    pub fn send(&self, xml: impl AsRef<str>) {
        self.command(json!({ "do": "send", "xml": xml.as_ref() }));
    }

    /// The roster as the server has it.
    pub async fn roster(&self) -> Vec<RosterItem> {
        self.command(json!({ "do": "roster" }));
        let answer = parse(&self.answer("roster", PATIENCE).await);
        RosterItem::read_all(&answer.expect("slixmpp reports XML"))
    }

    /// Sends unavailable presence, closes the stream, and waits until it is closed.
    pub async fn logout(&self) {
        self.command(json!({ "do": "logout" }));
        self.answer("offline", PATIENCE).await;
    }

    /// Closes the connection without a word, as when the network is gone.
    pub async fn vanish(&self) {
        self.command(json!({ "do": "vanish" }));
        self.answer("offline", PATIENCE).await;
    }

    fn command(&self, mut command: Value) {
        command["client"] = self.number.into();
        self.program.tell(&command);
    }

    // --- receiving ---------------------------------------------------------------------------------------------------

    /// Takes the first stanza, received already or within [`PATIENCE`], that no earlier call took and that `wanted` is
    /// true for. Fails the test, with every stanza received, if there is none.
    #[track_caller]
    pub fn expect(
        &self,
        wanted: impl Fn(&Element) -> bool + Send,
    ) -> impl Future<Output = Element> + Send {
        self.expect_in(&self.slot.received, wanted, Location::caller())
    }

    /// The same of what the client sent, by itself or because it was told to: `to` and payload as they went out.
    #[track_caller]
    pub fn expect_sent(
        &self,
        wanted: impl Fn(&Element) -> bool + Send,
    ) -> impl Future<Output = Element> + Send {
        self.expect_in(&self.slot.sent, wanted, Location::caller())
    }

    async fn expect_in(
        &self,
        inbox: &Inbox,
        wanted: impl Fn(&Element) -> bool + Send,
        place: &Location<'_>,
    ) -> Element {
        let found = inbox.wait(wanted, PATIENCE).await;
        found.unwrap_or_else(|| {
            panic!(
                "{}: nothing as expected at {place} within {PATIENCE:?}\n{}\n{}",
                self.jid,
                inbox.transcript(),
                self.program.errors()
            )
        })
    }

    /// The same as [`SlixmppClient::expect`] with a limit, and `None` instead of a failure.
    pub async fn wait(
        &self,
        wanted: impl Fn(&Element) -> bool + Send,
        limit: Duration,
    ) -> Option<Element> {
        self.slot.received.wait(wanted, limit).await
    }

    /// Fails the test if such a stanza was received (and not taken) or arrives within `during`.
    #[track_caller]
    pub fn none_of(
        &self,
        unwanted: impl Fn(&Element) -> bool + Send,
        during: Duration,
    ) -> impl Future<Output = ()> + Send {
        let place = Location::caller();
        async move {
            if let Some(stanza) = self.wait(unwanted, during).await {
                panic!(
                    "{}: received what must not come, see {place}\n{}",
                    self.jid,
                    String::from(&stanza)
                );
            }
        }
    }

    /// The next message with a body from a bare or full JID.
    #[track_caller]
    pub fn next_message_from(&self, jid: &str) -> impl Future<Output = Element> + Send {
        let jid = jid.to_owned();
        self.expect(move |s| s.name() == "message" && body(s).is_some() && is_from(s, &jid))
    }

    /// The next presence of a type (empty: available) from a bare or full JID.
    #[track_caller]
    pub fn next_presence_from(
        &self,
        jid: &str,
        kind: &str,
    ) -> impl Future<Output = Element> + Send {
        let (jid, kind) = (jid.to_owned(), kind.to_owned());
        self.expect(move |s| s.name() == "presence" && kind_of(s) == kind && is_from(s, &jid))
    }

    /// Every stanza received so far, taken or not, in order.
    pub fn received(&self) -> Vec<Element> {
        self.slot.received.all()
    }

    /// Every stanza sent so far, in order.
    pub fn sent(&self) -> Vec<Element> {
        self.slot.sent.all()
    }

    /// Whether the connection is closed.
    pub fn closed(&self) -> bool {
        self.slot.received.closed()
    }

    /// The next answer to a command, which must be this one.
    async fn answer(&self, what: &str, limit: Duration) -> String {
        let next = timeout(limit, async { self.answers.lock().await.recv().await }).await;
        match next {
            Ok(Some(answer)) if answer.what == what => answer.text,
            other => panic!(
                "{}: expected {what:?} within {limit:?}, not {other:?}\n{}",
                self.jid,
                self.program.errors()
            ),
        }
    }
}

impl Drop for SlixmppClient {
    fn drop(&mut self) {
        if !self.closed() {
            self.command(json!({ "do": "vanish" }));
        }
    }
}

// --- the process -----------------------------------------------------------------------------------------------------

/// What a client reports besides stanzas.
#[derive(Debug)]
struct Answer {
    what: String,
    text: String,
}

/// Where the reports of one client go.
struct Slot {
    received: Inbox,
    sent: Inbox,
    answers: UnboundedSender<Answer>,
}

type Slots = Arc<Mutex<HashMap<u64, Arc<Slot>>>>;

/// slixmpp_client.py. It ends when its input ends: with this value, or when the test process is killed.
struct Program {
    child: Mutex<Child>,
    keyboard: Mutex<Option<ChildStdin>>,
    slots: Slots,
    folder: Folder,
}

impl Program {
    fn start() -> Arc<Program> {
        let folder = Folder::new("slixmpp");
        let script = folder.write("slixmpp_client.py", SCRIPT);
        let errors = std::fs::File::create(folder.join("errors.log")).expect("the folder is ours");
        // Debian's own Python: it has Debian's slixmpp.
        let mut child = Command::new("/usr/bin/python3")
            .arg("-u")
            .arg(script)
            .current_dir(folder.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|e| panic!("/usr/bin/python3 cannot be started: {e}; run `make deps`"));
        let slots = Slots::default();
        let (output, to) = (child.stdout.take().expect("it is piped"), slots.clone());
        std::thread::spawn(move || distribute(output, &to));
        Arc::new(Program {
            keyboard: Mutex::new(child.stdin.take()),
            child: Mutex::new(child),
            slots,
            folder,
        })
    }

    /// Room for one more client.
    fn slot(&self) -> (u64, Arc<Slot>, UnboundedReceiver<Answer>) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (answers, receiver) = unbounded_channel();
        let slot = Arc::new(Slot {
            received: Inbox::default(),
            sent: Inbox::default(),
            answers,
        });
        lock(&self.slots).insert(number, slot.clone());
        (number, slot, receiver)
    }

    /// Whoever is gone does not hear it: the test learns that from what it waits for.
    fn tell(&self, command: &Value) {
        if let Some(keyboard) = lock(&self.keyboard).as_mut() {
            let _ = keyboard.write_all(format!("{command}\n").as_bytes());
        }
    }

    fn errors(&self) -> String {
        tail(&self.folder.join("errors.log"), 15)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(lock(&self.keyboard).take());
        let mut child = lock(&self.child);
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Gives each report to its client, until the program ends.
fn distribute(output: ChildStdout, slots: &Slots) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let Ok(report) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let text = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
        let number = report["client"].as_u64().unwrap_or_default();
        if let Some(slot) = lock(slots).get(&number).cloned() {
            slot.take(text("what"), text("text"));
        }
    }
    for slot in lock(slots).values() {
        slot.received.close();
        slot.sent.close();
    }
}

impl Slot {
    fn take(&self, what: String, text: String) {
        let inbox = match what.as_str() {
            "received" => &self.received,
            "sent" => &self.sent,
            _ => {
                if what == "offline" {
                    self.received.close();
                }
                let _ = self.answers.send(Answer { what, text });
                return;
            }
        };
        inbox.put(text);
        inbox.announce();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
