//! The XMPP server of a simulated world, and what its users' clients do.

use super::network;
use super::{Trace, gateway::XMPP_PORT};
use crate::core::language::Language;
use crate::xmpp::codec::Decoder;
use crate::xmpp::guard::{Frame, FrameReader};
use minidom::Element;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::sleep;
use xmpp_parsers::ns;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' \
     xmlns='jabber:component:accept' from='mail.a.example' id='abc'>";
/// The longest pause between two messages of one conversation, in milliseconds.
const PAUSE_MAX: u64 = 20_000;
/// One of so many messages is first written otherwise, and corrected at once.
const CORRECTED_EACH: usize = 5;
/// Messages of one conversation that wait for a receipt, at most.
const OPEN_MAX: usize = 30;

#[derive(Clone)]
pub(super) struct XmppServer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The connection of the component: its number, and how to reach it.
    component: Option<(u64, mpsc::UnboundedSender<String>)>,
    connections: u64,
    came: Came,
}

/// What users have got from the gateway.
#[derive(Clone, Default)]
pub(super) struct Came {
    /// Texts in the order of their first arrival.
    pub texts: Vec<String>,
    /// The stanza ids of each.
    pub ids: BTreeMap<String, BTreeSet<String>>,
    /// How often each came.
    pub counts: BTreeMap<String, usize>,
    /// Ids of our users' messages.
    pub receipts: BTreeSet<String>,
    pub errors: BTreeSet<String>,
    /// Those that users took back, and whether that has surely reached the gateway.
    pub taken_back: BTreeMap<String, bool>,
    /// Those of them of which the user was told that they cannot be taken back.
    pub not_taken_back: BTreeSet<String>,
}

impl XmppServer {
    pub(super) fn start(trace: Trace) -> Self {
        let server = Self(Arc::default());
        let mut connections = network::listen(XMPP_PORT);
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Some(stream) = connections.recv().await {
                tokio::spawn(accepting.clone().serve(stream, trace.clone()));
            }
        });
        server
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn came(&self) -> Came {
        self.with_came(Came::clone)
    }

    pub(super) fn with_came<T>(&self, look: impl FnOnce(&Came) -> T) -> T {
        look(&self.state().came)
    }

    /// Which connection of the component is up.
    fn connection(&self) -> Option<u64> {
        Some(self.state().component.as_ref()?.0)
    }

    fn has_answer(&self, id: &str) -> bool {
        let came = &self.state().came;
        came.receipts.contains(id) || came.errors.contains(id)
    }

    fn is_settled(&self, id: &str) -> bool {
        let came = &self.state().came;
        came.receipts.contains(id) || came.errors.contains(id) || came.taken_back.contains_key(id)
    }

    async fn serve(self, mut stream: DuplexStream, trace: Trace) -> Option<()> {
        read_to(&mut stream, ">").await?;
        stream.write_all(HEADER.as_bytes()).await.ok()?;
        read_to(&mut stream, "</handshake>").await?;
        stream.write_all(b"<handshake/>").await.ok()?;
        let (reach, mut reached) = mpsc::unbounded_channel();
        let number = {
            let mut state = self.state();
            state.connections += 1;
            state.component = Some((state.connections, reach));
            state.connections
        };
        trace.add(&format!("the component is connection {number}"));
        let (reader, mut writer) = tokio::io::split(stream);
        let mut frames = FrameReader::new(BufReader::new(reader));
        let mut decoder = Decoder::default();
        loop {
            let answer = tokio::select! {
                frame = frames.next() => match frame {
                    Ok(Some(Frame::Element(octets))) => self.take(&decoder.parse(&octets).ok()?, &trace),
                    _ => break,
                },
                Some(stanza) = reached.recv() => Some(stanza),
            };
            if let Some(answer) = answer
                && writer.write_all(answer.as_bytes()).await.is_err()
            {
                break;
            }
        }
        self.ended(number);
        let _ = writer.write_all(b"</stream:stream>").await;
        Some(())
    }

    fn ended(&self, number: u64) {
        let component = &mut self.state().component;
        if component.as_ref().is_some_and(|(up, _)| *up == number) {
            *component = None;
        }
    }

    /// Takes a stanza from the component; answers its pings.
    fn take(&self, stanza: &Element, trace: &Trace) -> Option<String> {
        let attribute = |name| stanza.attr(name).unwrap_or_default().to_owned();
        let id = attribute("id");
        if stanza.name() == "iq" {
            let (from, to) = (attribute("to"), attribute("from"));
            let is_asked = attribute("type") == "get";
            return is_asked
                .then(|| format!("<iq type='result' id='{id}' from='{from}' to='{to}'/>"));
        }
        if stanza.name() != "message" {
            return None;
        }
        let came = &mut self.state().came;
        if attribute("type") == "error" {
            trace.add(&format!("error for {id}"));
            came.errors.insert(id);
        } else if let Some(receipt) = stanza.get_child("received", ns::RECEIPTS) {
            let of = receipt.attr("id").unwrap_or_default();
            trace.add(&format!("receipt for {of}"));
            came.receipts.insert(of.to_owned());
        } else if let Some(about) = not_taken_back(stanza) {
            trace.add(&format!("{about} cannot be taken back"));
            came.not_taken_back.insert(about);
        } else if is_told_of_retraction(stanza) {
            trace.add("a message was taken back in time");
        } else if !attribute("from").contains('@') || attribute("from").starts_with("help@") {
            trace.add("the gateway says something itself");
        } else if let Some(body) = stanza.get_child("body", ns::COMPONENT) {
            let text = body.text();
            trace.add(&format!("{id} says {text}"));
            if !came.ids.contains_key(&text) {
                came.texts.push(text.clone());
            }
            came.ids.entry(text.clone()).or_default().insert(id);
            *came.counts.entry(text).or_default() += 1;
        }
        None
    }

    fn send(&self, stanza: String) {
        if let Some((_, reach)) = &self.state().component {
            let _ = reach.send(stanza);
        }
    }
}

fn is_told_of_retraction(notice: &Element) -> bool {
    let body = notice.get_child("body", ns::COMPONENT);
    body.is_some_and(|body| body.text() == crate::core::notice::taken_back(Language::ENGLISH))
}

/// The message of which a notice says so.
fn not_taken_back(notice: &Element) -> Option<String> {
    let body = notice.get_child("body", ns::COMPONENT)?.text();
    let reply = notice.get_child("reply", "urn:xmpp:reply:0")?;
    let is_it = body.contains("cannot be taken back");
    reply.attr("id").filter(|_| is_it).map(str::to_owned)
}

async fn read_to(stream: &mut DuplexStream, text: &str) -> Option<()> {
    let mut read = Vec::new();
    loop {
        read.push(stream.read_u8().await.ok()?);
        let is_header = read.starts_with(b"<?") && read.ends_with(b"?>");
        if read.ends_with(text.as_bytes()) && !is_header {
            return Some(());
        }
    }
}

/// A client that sends messages in order. What has neither receipt nor error when the component comes back is sent again,
/// in order and before anything new, as clients do that look after their messages.
pub(super) async fn converse(
    server: XmppServer,
    trace: Trace,
    (user, contact): (String, String),
    messages: usize,
) {
    let id = |number: usize| format!("{user}-{contact}-{number}");
    let send = |number: usize| {
        let (id, to) = (
            id(number),
            format!("{contact}\\40mail.example@mail.a.example"),
        );
        trace.add(&format!("{id} is sent"));
        let say = |id: &str, body: &str, more: &str| {
            server.send(format!(
                "<message type='chat' from='{user}@a.example/phone' to='{to}' id='{id}'><body>{body}</body>\
                 <request xmlns='{}'/>{more}</message>",
                ns::RECEIPTS
            ));
        };
        let text = format!("{user} to {contact}: {number}");
        if number % CORRECTED_EACH == 3 {
            let draft = format!("{id}-draft");
            say(
                &draft,
                &format!("draft {number} of {user} and {contact}"),
                "",
            );
            let replace = format!("<replace xmlns='urn:xmpp:message-correct:0' id='{draft}'/>");
            say(&id, &text, &replace);
        } else {
            say(&id, &text, "");
        }
    };
    let take_back = |number: usize| {
        let (id, to) = (
            id(number),
            format!("{contact}\\40mail.example@mail.a.example"),
        );
        trace.add(&format!("{id} is taken back"));
        server.state().came.taken_back.insert(id.clone(), false);
        server.send(format!(
            "<message type='chat' from='{user}@a.example/phone' to='{to}' id='back-{id}'>\
             <retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>"
        ));
    };
    let (mut open, mut next, mut connection) = (0, 0, 0);
    // The last message that was taken back, and over which connection. What was sent after it over the same and is settled while
    // that is up proves that the gateway has heard of it.
    let mut back: Option<(usize, u64)> = None;
    while open < messages {
        let current = server.connection();
        if let Some((number, over)) = back {
            let is_same = current == Some(over) && connection == over;
            let is_heard = |later: &usize| server.has_answer(&id(*later));
            match (number + 1..next).find(is_heard) {
                _ if !is_same => back = None,
                Some(_) => {
                    server.state().came.taken_back.insert(id(number), true);
                    back = None;
                }
                None => {}
            }
        }
        match current {
            Some(current) if current != connection => {
                connection = current;
                back = None;
                (open..next)
                    .filter(|number| !server.is_settled(&id(*number)))
                    .for_each(send);
            }
            Some(current) if next < messages.min(open + OPEN_MAX) => {
                send(next);
                next += 1;
                let last = next - 1;
                if network::dice(8) == 0 && back.is_none() {
                    sleep(Duration::from_millis(network::dice(PAUSE_MAX))).await;
                    if server.connection() == Some(current) && !server.is_settled(&id(last)) {
                        take_back(last);
                        back = Some((last, current));
                    }
                }
            }
            _ => {}
        }
        while open < next && server.is_settled(&id(open)) {
            open += 1;
        }
        sleep(Duration::from_millis(network::dice(PAUSE_MAX))).await;
    }
}
