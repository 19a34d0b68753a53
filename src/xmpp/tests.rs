//! The connection against a scripted server on a real socket.

use super::*;
use crate::xmpp::guard::Limit;
use minidom::Element;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use xmpp_parsers::ns;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' \
     xmlns='jabber:component:accept' from='mail.example' id='abc'>";
const PATIENCE: Duration = Duration::from_secs(10);

struct Server(TcpListener);

impl Server {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// With short pauses, and time for all that a busy machine does.
    fn config(&self) -> XmppConfig {
        let millis = Duration::from_millis;
        XmppConfig {
            server: self.0.local_addr().unwrap().to_string(),
            tls: false,
            ca_file: None,
            domain: "mail.example".parse().unwrap(),
            secret: "secret".to_owned().into(),
            ping_target: "xmpp.example".parse().unwrap(),
            timings: XmppTimings {
                login: PATIENCE,
                ping_after: PATIENCE,
                dead_after: PATIENCE,
                barrier: PATIENCE,
                close: PATIENCE,
                retry_min: millis(20),
                retry_soon: millis(50),
                retry_admin: millis(400),
                retry_max: millis(400),
                ..XmppTimings::default()
            },
        }
    }

    /// For tests of what becomes of a server that says nothing.
    fn config_of_the_impatient(&self) -> XmppConfig {
        let millis = Duration::from_millis;
        let config = self.config();
        XmppConfig {
            timings: XmppTimings {
                login: millis(500),
                ping_after: millis(300),
                dead_after: millis(200),
                barrier: millis(400),
                close: millis(500),
                ..config.timings
            },
            ..config
        }
    }

    /// Takes a connection up to its handshake, and answers that with these octets.
    async fn accept_with(&self, answer: &str) -> Peer {
        let (socket, _) = timeout(PATIENCE, self.0.accept()).await.unwrap().unwrap();
        let mut peer = Peer {
            socket,
            read: String::new(),
        };
        peer.expect("<stream:stream").await;
        peer.say(HEADER).await;
        peer.expect("</handshake>").await;
        peer.say(answer).await;
        peer
    }

    async fn accept(&self) -> Peer {
        self.accept_with("<handshake/>").await
    }
}

/// The server's end of one connection.
struct Peer {
    socket: TcpStream,
    read: String,
}

impl Peer {
    async fn say(&mut self, octets: &str) {
        // The other side may have closed: what it makes of that is what is tested.
        let _ = self.socket.write_all(octets.as_bytes()).await;
    }

    /// Reads until this comes; returns everything up to and including it.
    async fn expect(&mut self, text: &str) -> String {
        let mut buffer = vec![0; 65536];
        loop {
            if let Some(at) = self.read.find(text) {
                let after = self.read.split_off(at + text.len());
                return std::mem::replace(&mut self.read, after);
            }
            let reading = timeout(PATIENCE, self.socket.read(&mut buffer)).await;
            let count = reading.unwrap_or_else(|_| panic!("no {text} in {}", self.read));
            let count = count.unwrap();
            assert!(count > 0, "closed without {text}: {}", self.read);
            self.read += std::str::from_utf8(&buffer[..count]).unwrap();
        }
    }

    async fn answer_ping(&mut self, kind: &str) -> String {
        let ping = self.expect("</iq>").await;
        let id = ping_id(&ping);
        let pong = format!("<iq type='{kind}' id='{id}' from='xmpp.example' to='mail.example'/>");
        self.say(&pong).await;
        ping
    }
}

fn ping_id(sent: &str) -> &str {
    let (_, after) = sent.split_once("id='ping-").unwrap();
    let length = after.find('\'').unwrap() + "ping-".len();
    let start = sent.find("ping-").unwrap();
    &sent[start..start + length]
}

/// The gateway's side.
struct Gateway {
    link: Link,
    events: mpsc::Receiver<XmppEvent>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Gateway {
    fn start(config: XmppConfig) -> Self {
        let (sender, events) = mpsc::channel(16);
        let (link, connector) = connect(config, sender);
        let stop = CancellationToken::new();
        let task = tokio::spawn(connector.run(stop.clone()));
        Self {
            link,
            events,
            stop,
            task,
        }
    }

    async fn event(&mut self) -> XmppEvent {
        timeout(PATIENCE, self.events.recv())
            .await
            .unwrap()
            .unwrap()
    }

    async fn online(&mut self) {
        assert_eq!(self.event().await, XmppEvent::Online);
    }

    async fn stanza(&mut self) -> Element {
        match self.event().await {
            XmppEvent::Stanza(stanza) => stanza,
            other => panic!("{other:?}"),
        }
    }

    async fn offline(&mut self) -> String {
        match self.event().await {
            XmppEvent::Offline { reason } => reason,
            other => panic!("{other:?}"),
        }
    }
}

async fn online() -> (Server, Peer, Gateway) {
    let server = Server::start().await;
    let config = server.config();
    online_as(server, config).await
}

/// The same with a gateway that takes silence for death soon.
async fn impatient() -> (Server, Peer, Gateway) {
    let server = Server::start().await;
    let config = server.config_of_the_impatient();
    online_as(server, config).await
}

async fn online_as(server: Server, config: XmppConfig) -> (Server, Peer, Gateway) {
    let mut gateway = Gateway::start(config);
    let peer = server.accept().await;
    gateway.online().await;
    (server, peer, gateway)
}

fn message(id: &str) -> Element {
    format!(
        "<message xmlns='{}' id='{id}' to='a@xmpp.example'/>",
        ns::COMPONENT
    )
    .parse()
    .unwrap()
}

fn stream_error(condition: &str) -> String {
    format!(
        "<stream:error><{condition} xmlns='{}'/></stream:error></stream:stream>",
        ns::XMPP_STREAMS
    )
}

#[tokio::test]
async fn each_refused_login_says_what_to_do() {
    for (answer, hint) in [
        (
            stream_error("not-authorized"),
            "does not accept the secret of mail.example",
        ),
        (stream_error("host-unknown"), "Component \"mail.example\""),
        (
            stream_error("conflict"),
            "component_conflict_resolve = \"kick_old\"",
        ),
        (
            stream_error("policy-violation"),
            "ended the login with policy-violation",
        ),
        ("</stream:stream>".to_owned(), "closed the connection"),
        (
            "HTTP/1.1 400 Bad Request".to_owned(),
            "does not talk like one to components",
        ),
        (String::new(), "did not finish the login within"),
    ] {
        let server = Server::start().await;
        let config = match answer.as_str() {
            "" => server.config_of_the_impatient(),
            _ => server.config(),
        };
        let (tried, _peer) = tokio::join!(try_login(&config), server.accept_with(&answer));
        let said = tried.unwrap_err().to_string();
        assert!(said.contains(hint), "{answer}: {said}");
    }
}

#[tokio::test]
async fn a_refused_and_a_cut_connection_are_told_apart() {
    let server = Server::start().await;
    let mut config = server.config();
    let cut = async { drop(server.accept_with("").await) };
    let (tried, ()) = tokio::join!(try_login(&config), cut);
    let error = tried.unwrap_err();
    assert!(matches!(error, XmppLoginError::Closed { .. }), "{error:?}");

    config.server = "127.0.0.1:1".to_owned();
    let error = try_login(&config).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no connection to the XMPP server at 127.0.0.1:1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_refuses_before_the_handshake_is_understood() {
    let server = Server::start().await;
    let config = server.config();
    let refuse = async {
        let (mut socket, _) = server.0.accept().await.unwrap();
        let reply = format!("{HEADER}{}", stream_error("host-unknown"));
        socket.write_all(reply.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        let _ = socket.read_to_end(&mut Vec::new()).await;
    };
    let (tried, ()) = tokio::join!(try_login(&config), refuse);
    let error = tried.unwrap_err();
    assert!(
        matches!(error, XmppLoginError::HostUnknown { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn proves_its_secret_and_closes_after_a_check() {
    let server = Server::start().await;
    let config = server.config();
    let serve = async {
        let (socket, _) = server.0.accept().await.unwrap();
        let mut peer = Peer {
            socket,
            read: String::new(),
        };
        assert!(peer.expect(">").await.len() > 5);
        peer.say(HEADER).await;
        let proof = peer.expect("</handshake>").await;
        peer.say("<handshake/>").await;
        peer.expect("</stream:stream>").await;
        proof
    };
    let (tried, proof) = tokio::join!(try_login(&config), serve);
    tried.unwrap();
    // SHA-1 of the stream's id and the secret: "abcsecret".
    assert!(
        proof.contains("de0a408ef519cd62e7379039634152874895c50c"),
        "{proof}"
    );
    assert!(!format!("{config:?}").contains("\"secret\""), "{config:?}");
}

#[tokio::test]
async fn a_stanza_glued_to_the_handshake_is_not_lost() {
    let server = Server::start().await;
    let mut gateway = Gateway::start(server.config());
    let glued = "<handshake/><message id='1'/> \n<iq id='2' type='get'/>";
    let _peer = server.accept_with(glued).await;
    gateway.online().await;
    assert_eq!(gateway.stanza().await.attr("id"), Some("1"));
    assert_eq!(gateway.stanza().await.attr("id"), Some("2"));
}

#[tokio::test]
async fn a_conflict_is_tried_again_until_it_is_over() {
    let server = Server::start().await;
    let mut gateway = Gateway::start(server.config());
    for _ in 0..3 {
        server.accept_with(&stream_error("conflict")).await;
        assert!(!gateway.link.online());
    }
    let _peer = server.accept().await;
    gateway.online().await;
    assert!(gateway.link.online());
    assert_eq!(gateway.link.epoch(), 1);
}

#[tokio::test]
async fn a_proxy_before_a_server_that_is_away_is_tried_again_soon() {
    let server = Server::start().await;
    let mut config = server.config();
    // Any other pause would be longer than the test waits.
    config.timings.retry_min = PATIENCE * 10;
    config.timings.retry_max = PATIENCE * 10;
    let mut gateway = Gateway::start(config);
    for _ in 0..8 {
        drop(timeout(PATIENCE, server.0.accept()).await.unwrap().unwrap());
    }
    let _peer = server.accept().await;
    gateway.online().await;
}

#[tokio::test]
async fn a_wrong_secret_is_tried_again_only_after_the_pause_for_admins() {
    let server = Server::start().await;
    let _gateway = Gateway::start(server.config());
    server.accept_with(&stream_error("not-authorized")).await;
    let refused = Instant::now();
    server.accept().await;
    assert!(
        refused.elapsed() >= Duration::from_millis(350),
        "{:?}",
        refused.elapsed()
    );
}

#[tokio::test]
async fn a_silent_server_is_pinged_then_found_dead_then_left_for_a_new_connection() {
    let (server, mut peer, mut gateway) = impatient().await;
    let began = Instant::now();
    assert!(peer.expect("</iq>").await.contains("urn:xmpp:ping"));
    let reason = gateway.offline().await;
    assert!(reason.contains("silent"), "{reason}");
    assert!(began.elapsed() >= Duration::from_millis(450));
    let _peer = server.accept().await;
    gateway.online().await;
    assert_eq!(gateway.link.epoch(), 2);
}

#[tokio::test]
async fn an_idle_stream_lives_on_while_pings_are_answered() {
    let (_server, mut peer, mut gateway) = impatient().await;
    for kind in ["result", "error", "result"] {
        peer.answer_ping(kind).await;
    }
    peer.say("<message id='after'/>").await;
    // No event in between: the answers stay inside.
    assert_eq!(gateway.stanza().await.attr("id"), Some("after"));
    assert_eq!(gateway.link.epoch(), 1);
}

#[tokio::test]
async fn an_endless_stanza_does_not_keep_a_dead_stream_alive() {
    let (_server, mut peer, mut gateway) = impatient().await;
    peer.say("<message>").await;
    let drip = async {
        loop {
            peer.say("<x/>").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = drip => {}
        reason = gateway.offline() => assert!(reason.contains("silent"), "{reason}"),
    }
}

#[tokio::test]
async fn a_barrier_stands_after_what_was_sent_and_takes_any_answer() {
    let (_server, mut peer, gateway) = online().await;
    for kind in ["result", "error"] {
        let stanzas = vec![message("1"), message("2")];
        let link = gateway.link.clone();
        let delivery = tokio::spawn(async move { link.deliver(stanzas).await });
        let sent = peer.answer_ping(kind).await;
        let order = ["id='1'", "id='2'", "urn:xmpp:ping"].map(|part| sent.find(part).unwrap());
        assert!(order.is_sorted(), "{sent}");
        assert_eq!(delivery.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn a_barrier_takes_no_answer_from_a_stranger() {
    let (_server, mut peer, mut gateway) = impatient().await;
    let link = gateway.link.clone();
    let barrier = tokio::spawn(async move { link.barrier().await });
    let ping = peer.expect("</iq>").await;
    let id = ping_id(&ping);
    peer.say(&format!(
        "<iq type='result' id='{id}' from='eve@xmpp.example'/>"
    ))
    .await;
    assert_eq!(
        gateway.stanza().await.attr("from"),
        Some("eve@xmpp.example")
    );
    let limit = Duration::from_millis(400);
    assert_eq!(barrier.await.unwrap(), Err(SendError::NoAnswer(limit)));
}

#[tokio::test]
async fn a_barrier_fails_with_its_connection() {
    let (server, mut peer, mut gateway) = online().await;
    let epoch = gateway.link.epoch();
    gateway.link.send(vec![message("1")]).await.unwrap();
    let link = gateway.link.clone();
    let barrier = tokio::spawn(async move { link.barrier().await });
    peer.expect("urn:xmpp:ping").await;
    drop(peer);
    assert_eq!(barrier.await.unwrap(), Err(SendError::Lost));
    gateway.offline().await;

    let mut peer = server.accept().await;
    gateway.online().await;
    assert_eq!(gateway.link.barrier_in(epoch).await, Err(SendError::Lost));
    let link = gateway.link.clone();
    let barrier = tokio::spawn(async move { link.barrier_in(2).await });
    peer.answer_ping("result").await;
    assert_eq!(barrier.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn nothing_is_sent_while_offline() {
    let server = Server::start().await;
    let mut gateway = Gateway::start(server.config());
    assert_eq!(
        gateway.link.send(vec![message("1")]).await,
        Err(SendError::Offline)
    );
    assert_eq!(gateway.link.barrier().await, Err(SendError::Offline));
    let link = gateway.link.clone();
    let (_peer, ()) = tokio::join!(server.accept(), link.wait_online());
    gateway.online().await;
    gateway.link.send(vec![message("1")]).await.unwrap();
}

#[tokio::test]
async fn a_stanza_that_cannot_be_written_does_not_break_the_stream() {
    let (_server, mut peer, gateway) = online().await;
    let mut unnamed = message("bad");
    unnamed.append_child(Element::bare("no name", ns::COMPONENT));
    let mut control = message("clean");
    control.append_text("\0");
    gateway
        .link
        .send(vec![unnamed, control, message("last")])
        .await
        .unwrap();
    let sent = peer.expect("id='last' to='a@xmpp.example'/>").await;
    assert!(
        sent.starts_with("<message id='clean'") && sent.contains('\u{FFFD}'),
        "{sent}"
    );
}

#[tokio::test]
async fn hostile_stanzas_are_answered_and_the_next_one_is_read() {
    let (_server, mut peer, mut gateway) = online().await;
    let deep = "<x>".repeat(80_000) + &"</x>".repeat(80_000);
    let wide = format!("<x a='{}'/>", "y".repeat(9000));
    let long = "z".repeat(Limit::Octets.most());
    for (content, condition, text) in [
        (
            deep.as_str(),
            "policy-violation",
            "nests 80001 levels deep; the gateway takes at most 64",
        ),
        (
            &wide,
            "policy-violation",
            "has 9000 octets; the gateway takes at most 4096",
        ),
        (
            &long,
            "policy-violation",
            "octets; the gateway takes at most 262144",
        ),
        ("<a></b>", "bad-request", "cannot read"),
        ("&undefined;", "bad-request", "cannot read"),
        ("\u{1}", "bad-request", "cannot read"),
        ("<x:y/>", "bad-request", "cannot read"),
    ] {
        let from = "a@xmpp.example/\u{1F600}";
        let stanza =
            format!("<message from='{from}' to='b@mail.example' id='7'>{content}</message>");
        peer.say(&stanza).await;
        let answer = peer.expect("</message>").await;
        assert!(
            answer.contains(&format!(
                "from='b@mail.example' id='7' to='{from}' type='error'"
            )),
            "{answer}"
        );
        assert!(
            answer.contains(condition) && answer.contains(text),
            "{answer}"
        );
        let error =
            format!("<message type='error' from='{from}' to='b@mail.example'>{content}</message>");
        peer.say(&error).await;
        peer.say("<message id='next'/>").await;
        assert_eq!(gateway.stanza().await.attr("id"), Some("next"));
    }
    assert_eq!(gateway.link.epoch(), 1);
    assert_eq!(peer.read, "", "errors were answered");
}

#[tokio::test]
async fn odd_stanzas_are_passed_on_and_what_is_no_stanza_is_not() {
    let (_server, mut peer, mut gateway) = online().await;
    for odd in [
        "<message type='weird' from='a b@\u{1F600}'/>",
        "<presence><show>bogus</show><priority>999</priority></presence>",
        "<iq/>",
        "<message>text<thread/><thread/></message>",
    ] {
        peer.say("<foo xmlns='bar'/><stream:features/><message xmlns='jabber:client'/>")
            .await;
        peer.say(odd).await;
        let expected = odd.split(['<', ' ', '>', '/']).nth(1).unwrap();
        assert_eq!(gateway.stanza().await.name(), expected);
    }
}

#[tokio::test]
async fn forbidden_xml_closes_the_stream_with_its_name() {
    let (_server, mut peer, mut gateway) = online().await;
    peer.say("<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>").await;
    peer.expect("<stream:error><restricted-xml xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")
        .await;
    assert!(
        gateway
            .offline()
            .await
            .contains("document type declaration")
    );
}

#[tokio::test]
async fn a_stream_error_is_told_and_a_new_connection_made() {
    let (server, mut peer, mut gateway) = online().await;
    peer.say(&stream_error("conflict")).await;
    assert!(gateway.offline().await.contains("second gateway"));
    let mut peer = server.accept().await;
    gateway.online().await;
    let text = format!(
        "<stream:error><invalid-from xmlns='{ns}'/><text xmlns='{ns}'>no</text></stream:error>",
        ns = ns::XMPP_STREAMS
    );
    peer.say(&text).await;
    let reason = gateway.offline().await;
    assert!(
        reason.contains("invalid-from") && reason.contains("no"),
        "{reason}"
    );
}

#[tokio::test]
async fn stops_after_what_was_handed_over_and_takes_what_still_comes() {
    let (_server, mut peer, mut gateway) = online().await;
    let stanzas = (0..1000).map(|n| message(&n.to_string())).collect();
    gateway.link.send(stanzas).await.unwrap();
    gateway.stop.cancel();
    let sent = peer.expect("</stream:stream>").await;
    assert_eq!(sent.matches("<message").count(), 1000);
    assert!(!gateway.link.online());
    let mut more = [0];
    let quiet = timeout(Duration::from_millis(50), peer.socket.read(&mut more)).await;
    assert!(
        quiet.is_err(),
        "a half-closed connection makes servers drop what they would send: {quiet:?}"
    );
    peer.say("<message id='late'/></stream:stream>").await;
    assert_eq!(gateway.stanza().await.attr("id"), Some("late"));
    gateway.offline().await;
    timeout(PATIENCE, gateway.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn stops_though_nobody_takes_events_and_the_server_does_not_close() {
    let (_server, mut peer, gateway) = impatient().await;
    peer.say(&"<message/>".repeat(1000)).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    gateway.stop.cancel();
    timeout(PATIENCE, gateway.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_slow_consumer_loses_nothing() {
    let (_server, mut peer, mut gateway) = impatient().await;
    let many: String = (0..2000).map(|n| format!("<message id='{n}'/>")).collect();
    peer.say(&many).await;
    // Longer than it takes to find a silent server dead: waiting for us is not silence.
    tokio::time::sleep(Duration::from_millis(700)).await;
    for n in 0..2000 {
        assert_eq!(
            gateway.stanza().await.attr("id"),
            Some(n.to_string().as_str())
        );
    }
    assert_eq!(gateway.link.epoch(), 1);
}

// --- days in a moment ------------------------------------------------------------------------------------------------

/// From now on time passes only when the test says so: a task that blocks keeps the runtime from passing it by itself.
fn stop_time() -> std::sync::mpsc::Sender<()> {
    tokio::time::pause();
    let (hold, held) = std::sync::mpsc::channel();
    tokio::task::spawn_blocking(move || held.recv_timeout(PATIENCE));
    hold
}

impl Server {
    /// With the time limits that the gateway has in earnest.
    fn usual_config(&self) -> XmppConfig {
        XmppConfig {
            timings: XmppTimings::default(),
            ..self.config()
        }
    }
}

/// A16: an hour in which nobody says anything is an hour on one connection.
#[tokio::test]
async fn a16_a_silent_hour_is_no_reason_to_connect_again() {
    let _stopped = stop_time();
    let server = Server::start().await;
    let mut gateway = Gateway::start(server.usual_config());
    let mut peer = server.accept().await;
    gateway.online().await;
    for _ in 0..60 {
        tokio::time::advance(Duration::from_millis(60_010)).await;
        peer.answer_ping("result").await;
        peer.say("<message id='still here'/>").await;
        assert_eq!(gateway.stanza().await.attr("id"), Some("still here"));
    }
    assert_eq!(gateway.link.epoch(), 1);
    let again = timeout(Duration::from_secs(1), server.0.accept());
    tokio::pin!(again);
    assert!(
        futures::poll!(&mut again).is_pending(),
        "nobody connects again"
    );
}

/// A15: a server that is there and says nothing is left after 90 seconds, and the next connection is tried at once.
#[tokio::test]
async fn a15_a_frozen_server_is_found_dead_after_90_seconds_and_left_within_92() {
    let _stopped = stop_time();
    let server = Server::start().await;
    let mut gateway = Gateway::start(server.usual_config());
    let mut peer = server.accept().await;
    gateway.online().await;
    let frozen = tokio::time::Instant::now();
    tokio::time::advance(Duration::from_millis(60_010)).await;
    peer.expect("</iq>").await;
    tokio::time::advance(Duration::from_millis(29_800)).await;
    tokio::task::yield_now().await;
    assert!(gateway.link.online());
    tokio::time::advance(Duration::from_millis(200)).await;
    // The last words wait a second for a server that does not take them.
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(gateway.offline().await.contains("silent for 90 s"));
    let found = frozen.elapsed();
    assert!(found <= Duration::from_millis(91_200), "{found:?}");
    for _ in 0..13 {
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    let _peer = server.accept().await;
    gateway.online().await;
    assert!(frozen.elapsed() <= Duration::from_secs(120));
}
