//! The files of a mail arrive as messages that chat clients show as files: after the text, in their order, at the server's own
//! upload service.

use super::servers::stanza::{body, find, is_from, stanza_id, thread};
use super::servers::{Flavour, Network, PATIENCE, Port, Proxy, Uploads, XmppClient};
use super::world::{Options, World};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minidom::Element;
use sha2::{Digest, Sha256};
use stanzamail::failpoints::{FILE_POINTS, ORIGINAL_POINTS};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Two by one pixels.
pub(super) const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0,
    2, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x7b, 0x40, 0xe8, 0xdd, 0, 0, 0, 0x0f, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0, 0x44, 0xff, 1, 0x08, 0xfc, 1, 0xff, 0x2b, 0x5d, 0x33,
    0xf6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];
const LIST: &[u8] = b"one line\r\nanother\r\n";

/// A mail with a text and these files: name, media type, octets.
pub fn mail(to: &str, id: &str, text: &str, files: &[(&str, &str, &[u8])]) -> String {
    let parts: String = files
        .iter()
        .map(|(name, media_type, octets)| {
            let lines: Vec<String> = STANDARD
                .encode(octets)
                .as_bytes()
                .chunks(76)
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect();
            format!(
                "--b\nContent-Type: {media_type}\nContent-Disposition: attachment; filename=\"{name}\"\n\
                 Content-Transfer-Encoding: base64\n\n{}\n",
                lines.join("\n")
            )
        })
        .collect();
    format!(
        "From: Carol <carol@mail.example>\nTo: {to}\nMessage-ID: <{id}@mail.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n{text}\n{parts}--b--\n"
    )
}

/// A file as its message tells it.
#[derive(Debug)]
pub struct File {
    pub id: String,
    pub name: String,
    pub media_type: String,
    pub octets: Vec<u8>,
}

/// What a message says of a file, with what lies at its URL.
pub fn file(message: &Element) -> File {
    let url = body(message).expect("a body");
    let oob = find(message, "x", "jabber:x:oob").expect("XEP-0066");
    assert_eq!(text_of(oob, "url").as_deref(), Some(url.as_str()));
    let sharing = find(message, "file-sharing", "urn:xmpp:sfs:0").expect("XEP-0447");
    let source =
        find(sharing, "url-data", "http://jabber.org/protocol/url-data").expect("a source");
    assert_eq!(source.attr("target"), Some(url.as_str()));
    let described = find(sharing, "file", "urn:xmpp:file:metadata:0").expect("XEP-0446");
    let text = |name| text_of(described, name).unwrap_or_default();
    let octets = fetched(&url);
    assert_eq!(text("size"), octets.len().to_string());
    assert_eq!(text("hash"), STANDARD.encode(Sha256::digest(&octets)));
    // XEP-0372 is how Converse.js is told of somebody's name, which it shows in place of the file.
    assert_eq!(find(message, "reference", "urn:xmpp:reference:0"), None);
    File {
        id: stanza_id(message),
        name: text("name"),
        media_type: text("media-type"),
        octets,
    }
}

/// The text of a child of whatever namespace.
fn text_of(element: &Element, name: &str) -> Option<String> {
    let child = element.children().find(|child| child.name() == name);
    child.map(Element::text)
}

/// As any client would.
fn fetched(url: &str) -> Vec<u8> {
    let rest = url.strip_prefix("http://").expect("no TLS in tests");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut tcp = TcpStream::connect(host).expect("the server is there");
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        tcp,
        "GET /{path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).expect("an answer");
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a header");
    assert!(
        answer.starts_with(b"HTTP/1.") && answer[..20].windows(3).any(|it| it == b"200"),
        "{url}"
    );
    answer.split_off(end + 4)
}

async fn arrive_on(flavour: Flavour, user: &str) {
    let world = World::on(flavour, Options::default()).await;
    let client = world.login(user).await;
    let to = format!("{user}@{}", world.mail_domain());
    let files: [(&str, &str, &[u8]); 3] = [
        ("a photo.png", "application/octet-stream", PNG),
        ("list.txt", "text/plain", LIST),
        (
            "../../f\u{f6}o.pdf",
            "application/x-pdf",
            b"%PDF-1.4\n%%EOF\n",
        ),
    ];
    world
        .carol_sends(&[&to], &mail(&to, "1", "Here they are.", &files))
        .await;
    let text = client.next_message_from(&world.carol()).await;
    assert_eq!(body(&text).as_deref(), Some("Here they are."));
    let mut seen = Vec::new();
    for _ in files {
        let message = client.next_message_from(&world.carol()).await;
        assert_eq!(thread(&message), thread(&text));
        seen.push((file(&message), message));
    }
    let [(photo, message), (list, _), (pdf, _)] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!(
        (photo.name.as_str(), photo.media_type.as_str()),
        ("a photo.png", "image/png")
    );
    assert_eq!(photo.octets, PNG);
    let described = find(message, "file", "urn:xmpp:file:metadata:0").expect("XEP-0446");
    let pixels = ["width", "height"].map(|name| text_of(described, name));
    assert_eq!(pixels, [Some("2".to_owned()), Some("1".to_owned())]);
    assert_eq!(
        (list.name.as_str(), list.octets.as_slice()),
        ("list.txt", LIST)
    );
    assert_eq!(
        (pdf.name.as_str(), pdf.media_type.as_str()),
        ("f\u{f6}o.pdf", "application/pdf")
    );
    let ids: BTreeSet<&String> = seen.iter().map(|(file, _)| &file.id).collect();
    assert_eq!(ids.len(), 3);

    // A mail that is nothing but a file; and the conversation goes on, in its order.
    world
        .carol_sends(&[&to], &mail(&to, "2", "", &[("b.png", "image/png", PNG)]))
        .await;
    world
        .carol_sends(&[&to], &mail(&to, "3", "And that was all.", &[]))
        .await;
    let alone = client.next_message_from(&world.carol()).await;
    assert_eq!(file(&alone).name, "b.png");
    let last = client.next_message_from(&world.carol()).await;
    assert_eq!(body(&last).as_deref(), Some("And that was all."));
}

#[tokio::test]
async fn on_prosody() {
    arrive_on(Flavour::Prosody, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    arrive_on(Flavour::Ejabberd, "bob").await;
}

/// Who is not allowed to upload says so where the file would be; nothing is lost, nobody waits.
async fn are_named_on(flavour: Flavour, user: &str, why: &str) {
    let options = Options {
        refuse_uploads: true,
        ..Options::default()
    };
    let world = World::on(flavour, options).await;
    let client = world.login(user).await;
    let to = format!("{user}@{}", world.mail_domain());
    let files: [(&str, &str, &[u8]); 1] = [("a.png", "image/png", PNG)];
    world
        .carol_sends(&[&to], &mail(&to, "1", "Look!", &files))
        .await;
    let message = client.next_message_from(&world.carol()).await;
    let expected = format!(
        "Look!\n[image a.png, {} bytes: the server does not take it ({why}); the file is in the mailbox]",
        PNG.len()
    );
    assert_eq!(body(&message).as_deref(), Some(expected.as_str()));
}

#[tokio::test]
async fn or_are_named_where_prosody_does_not_take_them() {
    are_named_on(Flavour::Prosody, "alice", "forbidden").await;
}

#[tokio::test]
async fn or_are_named_where_ejabberd_does_not_take_them() {
    are_named_on(Flavour::Ejabberd, "bob", "Access denied by service policy").await;
}

/// What the server refuses lies at the gateway itself, where that has an address.
#[tokio::test]
async fn also_where_the_server_takes_none() {
    let port = Port::free();
    let number = port.number();
    let options = Options {
        refuse_uploads: true,
        more: format!(
            "[http]\nlisten = \"127.0.0.1:{number}\"\npublic_url = \"http://127.0.0.1:{number}\"\n"
        ),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let to = "alice@chat.a.example";
    let files: [(&str, &str, &[u8]); 2] = [
        ("a photo.png", "application/octet-stream", PNG),
        ("list.txt", "text/plain", LIST),
    ];
    world
        .carol_sends(&[to], &mail(to, "own", "Look", &files))
        .await;
    let text = alice.next_message_from(&world.carol()).await;
    assert_eq!(body(&text).as_deref(), Some("Look"));
    for (name, _, octets) in files {
        let message = alice.next_message_from(&world.carol()).await;
        let url = body(&message).expect("an address");
        assert!(
            url.starts_with(&format!("http://127.0.0.1:{number}/f/")),
            "{url}"
        );
        let found = file(&message);
        assert_eq!(found.name, name);
        assert_eq!(found.octets, octets);
    }
}

/// Wherever the gateway dies, each file comes under one name.
#[tokio::test]
async fn also_when_the_gateway_dies_on_the_way() {
    let points = [
        FILE_POINTS[2],
        FILE_POINTS[0],
        "pipeline: mails decided, stanzas not yet sent",
        "pipeline: stanzas taken by the server, rows not yet committed",
        "pipeline: rows of mails committed, mailbox not yet told",
        "imap: handled, not yet disposed of",
    ];
    dies_at(World::start().await, &points).await;
}

/// The same where the gateway keeps them: the address of each is the same again, and nothing is left half.
#[tokio::test]
async fn also_when_it_dies_while_it_keeps_them() {
    let port = Port::free();
    let number = port.number();
    let options = Options {
        refuse_uploads: true,
        more: format!(
            "[http]\nlisten = \"127.0.0.1:{number}\"\npublic_url = \"http://127.0.0.1:{number}\"\n"
        ),
        ..Options::default()
    };
    let points = [
        ORIGINAL_POINTS[0],
        ORIGINAL_POINTS[1],
        FILE_POINTS[2],
        FILE_POINTS[0],
        "pipeline: stanzas taken by the server, rows not yet committed",
    ];
    let world = dies_at(World::with(options).await, &points).await;
    let folder = world.gateway.folder().join("store/files");
    let files = std::fs::read_dir(folder).unwrap();
    let names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 2 * points.len(), "{names:?}");
    assert!(names.iter().all(|name| name.ends_with(".eml")), "{names:?}");
}

async fn dies_at(mut world: World, points: &[&str]) -> World {
    let alice = world.login("alice").await;
    let to = "alice@chat.a.example";
    for (turn, point) in points.iter().enumerate() {
        world.gateway.kill9();
        world.gateway.environment(&[("STANZAMAIL_CRASH_AT", point)]);
        world.gateway.launch();
        let text = format!("turn {turn}");
        let files: [(&str, &str, &[u8]); 2] = [
            ("a.png", "image/png", PNG),
            ("list.txt", "text/plain", LIST),
        ];
        world
            .carol_sends(&[to], &mail(to, &format!("t{turn}"), &text, &files))
            .await;
        let end = Instant::now() + PATIENCE;
        while !world.gateway.died(Duration::from_millis(500)).await {
            assert!(Instant::now() < end, "the gateway never came to “{point}”");
        }
        world.gateway.environment(&[]);
        world.gateway.start_again().await;
        world
            .carol_sends(
                &[to],
                &mail(to, &format!("after{turn}"), &format!("after {turn}"), &[]),
            )
            .await;
        alice.next_message_saying(&format!("after {turn}")).await;
        let named = messages_of_turn(&alice, turn);
        assert_eq!(named.len(), 3, "{point}: {named:?}");
    }
    world
}

/// The ids of what came of a turn: its text and what followed it up to the next text.
fn messages_of_turn(alice: &XmppClient, turn: usize) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut is_of_turn = false;
    for message in alice.received() {
        let Some(body) = body(&message).filter(|_| message.name() == "message") else {
            continue;
        };
        if body.starts_with("turn ") || body.starts_with("after ") {
            is_of_turn = body == format!("turn {turn}");
        }
        if is_of_turn {
            ids.insert(stanza_id(&message));
        }
    }
    ids
}

#[tokio::test]
async fn unless_they_are_switched_off() {
    let options = Options {
        more: "[http]\nfiles = false\n".to_owned(),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let to = "alice@chat.a.example";
    world
        .carol_sends(
            &[to],
            &mail(to, "1", "Look!", &[("a.png", "image/png", PNG)]),
        )
        .await;
    let message = alice.next_message_from(&world.carol()).await;
    let expected = format!("Look!\n[image a.png, {} bytes]", PNG.len());
    assert_eq!(body(&message).as_deref(), Some(expected.as_str()));
    assert!(is_from(&message, &world.carol()));
}

/// What comes right behind a mail with files waits for it, and nobody is told of any limit.
#[tokio::test]
async fn and_what_comes_behind_them_waits_without_a_word() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let to = "alice@chat.a.example";
    let files: [(&str, &str, &[u8]); 1] = [("a.png", "image/png", PNG)];
    // Into the mailbox itself: on their way there mails may overtake each other.
    let arrives = async |mail: String| {
        let mail = format!("Delivered-To: {to}\n{mail}").replace('\n', "\r\n");
        world.bridge().await.append(mail, &[]).await;
    };
    for turn in 0..3 {
        arrives(mail(
            to,
            &format!("with{turn}"),
            &format!("with {turn}"),
            &files,
        ))
        .await;
        arrives(mail(
            to,
            &format!("behind{turn}"),
            &format!("behind {turn}"),
            &[],
        ))
        .await;
    }
    alice.next_message_saying("behind 2").await;
    let bodies: Vec<String> = alice.received().iter().filter_map(body).collect();
    let words: Vec<&str> = bodies
        .iter()
        .map(|body| match body.ends_with("a.png") {
            true => "a file",
            false => body.as_str(),
        })
        .collect();
    assert_eq!(
        words,
        [
            "with 0", "a file", "behind 0", "with 1", "a file", "behind 1", "with 2", "a file",
            "behind 2"
        ]
    );
}

/// A service that takes nothing for a minute: the mail with the file waits for it, and nobody else's does, nor anybody's to the
/// same user.
// A file is fetched by a thread that waits for it, through a proxy that another one serves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_a_slow_upload_service_holds_up_nobody_else() {
    let port = Port::free();
    let uploads = Uploads {
        port: Some(port.number()),
        ..Uploads::default()
    };
    let options = Options {
        uploads,
        ..Options::default()
    };
    let world = World::with(options).await;
    let proxy = Proxy::at(port, world.xmpp.http_port).await;
    proxy.becomes(Network::Halts).await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    // As big as is waited for two minutes for.
    let big = vec![7; 7 * 1024 * 1024];
    let of_alice = "alice@chat.a.example";
    let with_file = mail(
        of_alice,
        "slow",
        "slow",
        &[("a.bin", "application/x-own", &big)],
    );
    world.carol_sends(&[of_alice], &with_file).await;
    let end = Instant::now() + PATIENCE;
    while proxy.carried().is_empty() {
        assert!(Instant::now() < end, "nothing is put");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (to, from) in [
        (of_alice, "Carol <carol@mail.example>"),
        ("adam@chat.a.example", "Carol <carol@mail.example>"),
        (of_alice, "Dave <dave@mail.example>"),
    ] {
        let text = format!("From: {from}\nTo: {to}\n\nmeanwhile, to {to}\n");
        world.carol_sends(&[to], &text).await;
    }
    adam.next_message_saying("meanwhile, to adam@chat.a.example")
        .await;
    let of_dave = alice.next_message_saying("meanwhile, to alice@chat.a.example");
    assert!(is_from(&of_dave.await, &world.contact("dave@mail.example")));
    let is_of_carol = |stanza: &Element| is_from(stanza, &world.carol());
    let of_carol = alice.received().into_iter().filter(is_of_carol);
    assert_eq!(of_carol.filter_map(|stanza| body(&stanza)).count(), 0);

    proxy.becomes(Network::Passes).await;
    alice
        .next_message_saying("meanwhile, to alice@chat.a.example")
        .await;
    let received = alice.received();
    let of_carol: Vec<&Element> = received
        .iter()
        .filter(|stanza| is_of_carol(stanza) && body(stanza).is_some())
        .collect();
    let [text, with_file, _] = of_carol.as_slice() else {
        panic!("{of_carol:?}");
    };
    assert_eq!(body(text).as_deref(), Some("slow"));
    assert!(file(with_file).octets == big);
}

/// All of a burst are there, in their order, each with its own three files behind it.
async fn burst(count: usize) {
    let options = Options {
        more: "[limits]\nsent_per_hour = \"unlimited\"\nsent_per_hour_to_one = \"unlimited\"\nsent_per_hour_by_all = \"unlimited\"\n\
               shown_per_minute = \"unlimited\"\nshown_per_minute_from_one = \"unlimited\"\nfiles_per_day = \"unlimited\"\n"
            .to_owned(),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let to = "alice@chat.a.example";
    let names = ["a.png", "list.txt", "b.png"];
    let mails: Vec<String> = (0..count)
        .map(|number| {
            let text = format!("mail {number}");
            let list = format!("list {number}");
            let files: [(&str, &str, &[u8]); 3] = [
                (names[0], "image/png", PNG),
                (names[1], "text/plain", list.as_bytes()),
                (names[2], "image/png", PNG),
            ];
            let mail = mail(to, &format!("burst{number}"), &text, &files);
            format!("Delivered-To: {to}\n{mail}").replace('\n', "\r\n")
        })
        .collect();
    let began = Instant::now();
    world.mail.dovecot.deposit("bridge@chat.a.example", &mails);
    let mut there = Vec::new();
    for number in 0..count {
        let text = alice.next_message_from(&world.carol()).await;
        assert_eq!(body(&text), Some(format!("mail {number}")));
        for name in names {
            let message = alice.next_message_from(&world.carol()).await;
            let url = body(&message).expect("an address");
            assert!(url.ends_with(name), "mail {number}: {url}");
            if name == names[1] && number % 10 == 0 {
                assert_eq!(file(&message).octets, format!("list {number}").as_bytes());
            }
        }
        there.push(began.elapsed());
    }
    // Since they all came at once the time of one is that since the one before.
    let mut each: Vec<Duration> = there.windows(2).map(|two| two[1] - two[0]).collect();
    each.sort();
    let of = |percent: usize| each[(each.len() * percent / 100).min(each.len() - 1)];
    println!(
        "{count} mails with three files each: all there after {:?}; for each mail p50 {:?}, p99 {:?}",
        began.elapsed(),
        of(50),
        of(99)
    );
}

#[tokio::test]
async fn in_a_burst_whole_and_in_order() {
    burst(20).await;
}

/// For docs/PERFORMANCE.md: `cargo test --release --test scenarios -- --ignored --nocapture two_hundred`.
#[tokio::test]
#[ignore = "a measurement"]
async fn two_hundred_in_a_burst() {
    burst(200).await;
}
