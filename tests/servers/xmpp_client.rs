//! A user's XMPP client: raw XML over TCP, SASL PLAIN, every stanza kept.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use minidom::Element;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::PATIENCE;
use super::frames::{Frame, Frames};
use super::inbox::Inbox;
use super::login::Login;
use super::stanza::{bare, body, escape, from, is_from, kind_of, stanza_id};

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
        RosterItem::read_all(&answer)
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
        self.inbox.wait(wanted, limit).await
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
        self.inbox.count_messages()
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
        self.inbox.all()
    }

    /// Whether the server closed the connection.
    pub fn closed(&self) -> bool {
        self.inbox.closed()
    }

    /// Every stanza so far, as text.
    fn transcript(&self) -> String {
        self.inbox.transcript()
    }
}

impl Drop for XmppClient {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl RosterItem {
    /// Those in the answer to a roster request (RFC 6121 §2.1.4).
    pub(super) fn read_all(answer: &Element) -> Vec<RosterItem> {
        let query = answer.get_child("query", "jabber:iq:roster");
        query
            .into_iter()
            .flat_map(Element::children)
            .map(RosterItem::read)
            .collect()
    }

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

async fn receive(mut reader: OwnedReadHalf, mut frames: Frames, inbox: Arc<Inbox>) {
    let mut buffer = vec![0; 65_536];
    loop {
        while let Some(frame) = frames.next() {
            if let Frame::Stanza(xml) = frame {
                inbox.put(xml);
            }
        }
        inbox.announce();
        match reader.read(&mut buffer).await {
            Ok(count @ 1..) => frames.push(&buffer[..count]),
            _ => break,
        }
    }
    inbox.close();
}

fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
