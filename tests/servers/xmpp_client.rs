//! A user's XMPP client: raw XML over TCP, SASL PLAIN, every stanza kept.

use std::future::Future;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use minidom::Element;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::PATIENCE;
use super::frames::{Frame, Frames};

const CLIENT: &str = "jabber:client";
const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

/// A logged-in client. Dropping it closes the connection.
pub struct XmppClient {
    /// The full JID that the server bound.
    pub jid: String,
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    inbox: Arc<Inbox>,
    reader: JoinHandle<()>,
}

/// One line of [`XmppClient::roster`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterItem {
    pub jid: String,
    pub name: String,
    /// `none`, `from`, `to` or `both`.
    pub subscription: String,
    /// Whether our request waits for an answer (`ask='subscribe'`).
    pub asked: bool,
}

impl XmppClient {
    /// Logs in and sends initial presence. `jid` is bare.
    pub async fn login(
        address: (&str, u16),
        jid: &str,
        password: &str,
        resource: &str,
    ) -> XmppClient {
        let client = XmppClient::connect(address, jid, password, resource).await;
        client.go_online().await;
        client
    }

    /// Logs in without sending presence.
    pub async fn connect(
        address: (&str, u16),
        jid: &str,
        password: &str,
        resource: &str,
    ) -> XmppClient {
        let stream = TcpStream::connect(address).await;
        let mut login =
            Login::new(stream.unwrap_or_else(|e| panic!("no XMPP server at {address:?}: {e}")));
        let bound = timeout(PATIENCE, login.run(jid, password, resource)).await;
        let jid = bound.unwrap_or_else(|_| panic!("{jid} could not log in within {PATIENCE:?}"));
        let (reader, writer) = login.stream.into_split();
        let inbox = Arc::new(Inbox::default());
        let reader = tokio::spawn(receive(reader, login.frames, inbox.clone()));
        XmppClient {
            jid,
            writer: tokio::sync::Mutex::new(writer),
            inbox,
            reader,
        }
    }

    /// The JID without its resource.
    pub fn bare(&self) -> &str {
        bare(&self.jid)
    }

    // --- sending -----------------------------------------------------------------------------------------------------

    /// Sends XML as it is: one stanza or many.
    pub async fn send(&self, xml: impl AsRef<str>) {
        let written = self
            .writer
            .lock()
            .await
            .write_all(xml.as_ref().as_bytes())
            .await;
        written.unwrap_or_else(|e| {
            panic!(
                "{}: the server closed the connection: {e}\n{}",
                self.jid,
                self.transcript()
            )
        });
    }

    /// Sends a chat message and returns its id.
    pub async fn send_message(&self, to: &str, body: &str) -> String {
        let (id, to, body) = (new_id(), escape(to), escape(body));
        self.send(format!(
            "<message type='chat' to='{to}' id='{id}'><body>{body}</body></message>"
        ))
        .await;
        id
    }

    /// Sends presence of a type (`subscribe`, `unavailable`, …; empty: available) to somebody.
    pub async fn send_presence(&self, to: &str, kind: &str) {
        let kind = if kind.is_empty() {
            String::new()
        } else {
            format!(" type='{kind}'")
        };
        self.send(format!("<presence to='{}'{kind}/>", escape(to)))
            .await;
    }

    /// Sends initial presence and waits until the server has handled it.
    pub async fn go_online(&self) {
        self.send("<presence/>").await;
        let own = self.jid.clone();
        self.expect(
            move |stanza| stanza.name() == "presence" && from(stanza) == own,
            PATIENCE,
        )
        .await;
    }

    /// Sends an IQ (`get` or `set`) and returns the answer, a result or an error. Without `to`: to the own server.
    pub async fn iq(&self, kind: &str, to: Option<&str>, payload: &str) -> Element {
        let id = new_id();
        let to = to
            .map(|to| format!(" to='{}'", escape(to)))
            .unwrap_or_default();
        self.send(format!("<iq type='{kind}' id='{id}'{to}>{payload}</iq>"))
            .await;
        let answers = move |s: &Element| {
            s.name() == "iq"
                && stanza_id(s) == id
                && matches!(kind_of(s).as_str(), "result" | "error")
        };
        self.expect(answers, PATIENCE).await
    }

    /// The roster as the server has it.
    pub async fn roster(&self) -> Vec<RosterItem> {
        let answer = self
            .iq("get", None, "<query xmlns='jabber:iq:roster'/>")
            .await;
        let query = answer.get_child("query", "jabber:iq:roster");
        query
            .into_iter()
            .flat_map(Element::children)
            .map(RosterItem::read)
            .collect()
    }

    // --- receiving ---------------------------------------------------------------------------------------------------

    /// Takes the first stanza, received already or within `limit`, that no earlier call took and that `wanted` is true
    /// for. Fails the test, with every stanza received, if there is none.
    #[track_caller]
    pub fn expect(
        &self,
        wanted: impl Fn(&Element) -> bool + Send,
        limit: Duration,
    ) -> impl Future<Output = Element> + Send {
        let place = Location::caller();
        async move {
            let found = self.wait(wanted, limit).await;
            found.unwrap_or_else(|| {
                panic!(
                    "{}: nothing as expected at {place} within {limit:?}\n{}",
                    self.jid,
                    self.transcript()
                )
            })
        }
    }

    /// The same with `None` instead of a failure.
    pub async fn wait(
        &self,
        wanted: impl Fn(&Element) -> bool + Send,
        limit: Duration,
    ) -> Option<Element> {
        let end = Instant::now() + limit;
        loop {
            let news = self.inbox.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if let Some(stanza) = self.inbox.take(&wanted) {
                return Some(stanza);
            }
            if self.inbox.closed() || timeout_at(end, news).await.is_err() {
                return self.inbox.take(&wanted);
            }
        }
    }

    /// Fails the test if such a stanza was received (and not taken) or arrives within `during`.
    #[track_caller]
    pub fn expect_none(
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
        self.expect(
            move |stanza| {
                stanza.name() == "message" && body(stanza).is_some() && is_from(stanza, &jid)
            },
            PATIENCE,
        )
    }

    /// The next message with exactly this body, from anybody.
    #[track_caller]
    pub fn next_message_saying(&self, text: &str) -> impl Future<Output = Element> + Send {
        let text = text.to_owned();
        self.expect(
            move |stanza| stanza.name() == "message" && body(stanza).as_ref() == Some(&text),
            PATIENCE,
        )
    }

    /// The next presence of a type (empty: available) from a bare or full JID.
    #[track_caller]
    pub fn next_presence_from(
        &self,
        jid: &str,
        kind: &str,
    ) -> impl Future<Output = Element> + Send {
        let (jid, kind) = (jid.to_owned(), kind.to_owned());
        self.expect(
            move |s| s.name() == "presence" && kind_of(s) == kind && is_from(s, &jid),
            PATIENCE,
        )
    }

    /// The next stanza of type error, from anybody.
    #[track_caller]
    pub fn next_error(&self) -> impl Future<Output = Element> + Send {
        self.expect(|stanza| kind_of(stanza) == "error", PATIENCE)
    }

    /// How many message stanzas arrived, taken or not, without parsing them.
    pub fn count_messages(&self) -> usize {
        self.inbox.messages.load(Ordering::Acquire)
    }

    /// Waits until that many message stanzas arrived.
    #[track_caller]
    pub fn wait_for_messages(
        &self,
        count: usize,
        limit: Duration,
    ) -> impl Future<Output = ()> + Send {
        let place = Location::caller();
        async move {
            let end = Instant::now() + limit;
            while self.count_messages() < count && Instant::now() < end {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let seen = self.count_messages();
            assert!(
                seen >= count,
                "{}: {seen} of {count} messages after {limit:?}, see {place}",
                self.jid
            );
        }
    }

    /// Every stanza so far, taken or not, in order.
    pub fn received(&self) -> Vec<Element> {
        self.inbox
            .lock()
            .all
            .iter()
            .filter_map(|stanza| stanza.element().cloned())
            .collect()
    }

    /// Whether the server closed the connection.
    pub fn closed(&self) -> bool {
        self.inbox.closed()
    }

    /// Every stanza so far, as text.
    fn transcript(&self) -> String {
        let stanzas = self.inbox.lock();
        let lines = stanzas
            .all
            .iter()
            .map(|s| format!("  {} {}\n", if s.taken { "taken" } else { "  -  " }, s.xml));
        let end = if self.inbox.closed() {
            "  (closed by the server)\n"
        } else {
            ""
        };
        format!("received:\n{}{end}", lines.collect::<String>())
    }
}

impl Drop for XmppClient {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl RosterItem {
    fn read(item: &Element) -> RosterItem {
        let text = |name: &str| item.attr(name).unwrap_or_default().to_owned();
        RosterItem {
            jid: text("jid"),
            name: text("name"),
            subscription: text("subscription"),
            asked: text("ask") == "subscribe",
        }
    }
}

// --- the inbox -------------------------------------------------------------------------------------------------------

#[derive(Default)]
struct Inbox {
    stanzas: Mutex<Stanzas>,
    messages: AtomicUsize,
    ended: OnceLock<()>,
    news: Notify,
}

#[derive(Default)]
struct Stanzas {
    all: Vec<Stanza>,
    /// All before this one are taken.
    first: usize,
}

/// A stanza, parsed when somebody looks at it.
struct Stanza {
    xml: String,
    element: OnceLock<Option<Element>>,
    taken: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Stanzas> {
        // A test that failed while it looked has poisoned nothing: the list only grows.
        self.stanzas
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn put(&self, xml: String) {
        let message = xml.starts_with("<message");
        self.lock().all.push(Stanza {
            xml,
            element: OnceLock::new(),
            taken: false,
        });
        if message {
            self.messages.fetch_add(1, Ordering::Release);
        }
    }

    fn take(&self, wanted: &impl Fn(&Element) -> bool) -> Option<Element> {
        let mut stanzas = self.lock();
        let first = stanzas.first;
        let found = stanzas
            .all
            .iter_mut()
            .skip(first)
            .find(|s| !s.taken && s.element().is_some_and(wanted))?;
        found.taken = true;
        let element = found.element().cloned();
        stanzas.first += stanzas.all[first..].iter().take_while(|s| s.taken).count();
        element
    }

    fn closed(&self) -> bool {
        self.ended.get().is_some()
    }
}

impl Stanza {
    fn element(&self) -> Option<&Element> {
        self.element.get_or_init(|| parse(&self.xml)).as_ref()
    }
}

async fn receive(mut reader: OwnedReadHalf, mut frames: Frames, inbox: Arc<Inbox>) {
    let mut buffer = vec![0; 65_536];
    loop {
        while let Some(frame) = frames.next() {
            if let Frame::Stanza(xml) = frame {
                inbox.put(xml);
            }
        }
        inbox.news.notify_waiters();
        match reader.read(&mut buffer).await {
            Ok(count @ 1..) => frames.push(&buffer[..count]),
            _ => break,
        }
    }
    let _ = inbox.ended.set(());
    inbox.news.notify_waiters();
}

// --- logging in ------------------------------------------------------------------------------------------------------

struct Login {
    stream: TcpStream,
    frames: Frames,
}

impl Login {
    fn new(stream: TcpStream) -> Login {
        let _ = stream.set_nodelay(true);
        Login {
            stream,
            frames: Frames::default(),
        }
    }

    /// RFC 6120 §9.1 without its TLS part. Returns the full JID.
    async fn run(&mut self, jid: &str, password: &str, resource: &str) -> String {
        let (local, domain) = jid
            .split_once('@')
            .unwrap_or_else(|| panic!("{jid} is no bare JID"));
        self.open(domain).await;
        let token = base64(format!("\0{local}\0{password}").as_bytes());
        self.write(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{token}</auth>"
        ))
        .await;
        let answer = self.stanza().await;
        assert!(
            answer.starts_with("<success"),
            "{jid} was not let in: {answer}"
        );
        self.frames.restart();
        self.open(domain).await;
        self.bind(resource).await
    }

    async fn open(&mut self, domain: &str) {
        self.write(&format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' \
             xmlns:stream='http://etherx.jabber.org/streams' to='{domain}'>"
        ))
        .await;
        let features = self.stanza().await;
        assert!(
            features.starts_with("<stream:features"),
            "{domain} refused the stream: {features}"
        );
    }

    async fn bind(&mut self, resource: &str) -> String {
        let payload = format!(
            "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind>"
        );
        self.write(&format!("<iq type='set' id='bind'>{payload}</iq>"))
            .await;
        let answer = self.stanza().await;
        let jid = parse(&answer)
            .as_ref()
            .and_then(|iq| iq.children().next()?.children().next().map(Element::text));
        jid.unwrap_or_else(|| panic!("the resource {resource} was not bound: {answer}"))
    }

    async fn write(&mut self, xml: &str) {
        self.stream
            .write_all(xml.as_bytes())
            .await
            .expect("the XMPP server takes what we send");
    }

    async fn stanza(&mut self) -> String {
        let mut buffer = [0; 4096];
        loop {
            match self.frames.next() {
                Some(Frame::Stanza(xml)) => return xml,
                Some(Frame::Header(_)) => continue,
                Some(Frame::End) => panic!("the XMPP server closed the stream during login"),
                None => {}
            }
            let count = self.stream.read(&mut buffer).await.unwrap_or(0);
            assert!(
                count > 0,
                "the XMPP server closed the connection during login"
            );
            self.frames.push(&buffer[..count]);
        }
    }
}

// --- reading stanzas -------------------------------------------------------------------------------------------------

/// Parses one stanza as the server sent it, in the stream's namespaces.
pub fn parse(xml: &str) -> Option<Element> {
    let prefixes = std::collections::BTreeMap::from([
        (None, CLIENT.to_owned()),
        (
            Some("stream".to_owned()),
            "http://etherx.jabber.org/streams".to_owned(),
        ),
    ]);
    Element::from_reader_with_prefixes(xml.as_bytes(), prefixes).ok()
}

/// `type`, empty if absent.
pub fn kind_of(stanza: &Element) -> String {
    stanza.attr("type").unwrap_or_default().to_owned()
}

pub fn from(stanza: &Element) -> String {
    stanza.attr("from").unwrap_or_default().to_owned()
}

pub fn to(stanza: &Element) -> String {
    stanza.attr("to").unwrap_or_default().to_owned()
}

pub fn stanza_id(stanza: &Element) -> String {
    stanza.attr("id").unwrap_or_default().to_owned()
}

/// Whether `from` is that JID, or a resource of it.
pub fn is_from(stanza: &Element, jid: &str) -> bool {
    let from = from(stanza);
    from == jid || bare(&from) == jid
}

/// A JID without its resource.
pub fn bare(jid: &str) -> &str {
    jid.split_once('/').map_or(jid, |(bare, _)| bare)
}

/// The text of a child in the stanza's own namespace.
pub fn child_text(stanza: &Element, name: &str) -> Option<String> {
    stanza.get_child(name, CLIENT).map(Element::text)
}

pub fn body(stanza: &Element) -> Option<String> {
    child_text(stanza, "body")
}

pub fn subject(stanza: &Element) -> Option<String> {
    child_text(stanza, "subject")
}

pub fn thread(stanza: &Element) -> Option<String> {
    child_text(stanza, "thread")
}

pub fn show(stanza: &Element) -> Option<String> {
    child_text(stanza, "show")
}

pub fn status(stanza: &Element) -> Option<String> {
    child_text(stanza, "status")
}

/// The stamp of XEP-0203, as written.
pub fn delay(stanza: &Element) -> Option<String> {
    stanza
        .get_child("delay", "urn:xmpp:delay")?
        .attr("stamp")
        .map(str::to_owned)
}

/// The condition of a stanza error, such as `service-unavailable` (RFC 6120 §8.3.3).
pub fn error_condition(stanza: &Element) -> Option<String> {
    let mut children = stanza.get_child("error", CLIENT)?.children();
    children
        .find(|child| child.ns() == STANZA_ERRORS && child.name() != "text")
        .map(|child| child.name().to_owned())
}

/// The text of a stanza error, for a person.
pub fn error_text(stanza: &Element) -> Option<String> {
    stanza
        .get_child("error", CLIENT)?
        .get_child("text", STANZA_ERRORS)
        .map(Element::text)
}

/// Any child by name and namespace, at any depth.
pub fn find<'a>(stanza: &'a Element, name: &str, namespace: &str) -> Option<&'a Element> {
    stanza.children().find_map(|child| {
        if child.is(name, namespace) {
            Some(child)
        } else {
            find(child, name, namespace)
        }
    })
}

/// Escapes text for XML, in an element or an attribute.
pub fn escape(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('\'', "&apos;").replace('"', "&quot;")
}

/// The JID of a mail address at a gateway (XEP-0106): `carol\40mail.example@gateway.a.example`.
pub fn contact(address: &str, gateway: &str) -> String {
    format!("{}@{gateway}", address.replace('@', "\\40"))
}

fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// RFC 4648 §4.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        let digit = |n: usize| {
            if n > chunk.len() {
                '='
            } else {
                char::from(ALPHABET[(bits >> (18 - 6 * n) & 63) as usize])
            }
        };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}
