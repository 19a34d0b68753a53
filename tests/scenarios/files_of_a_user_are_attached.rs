//! A file that a user sends lies in the mail, where the user's client has put it at the server's own upload service, and only from
//! there.

use super::servers::stanza::{body, error_condition, error_text, find, kind_of};
use super::servers::{Flavour, Mail, PATIENCE, XmppClient, as_accepted};
use super::world::{Options, World};
use minidom::Element;
use stanzamail::core::from_mail;
use stanzamail::failpoints::FILE_POINTS;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x20\x08\x06\0\0\0 and what follows \r\n.\r\n.\n";

fn fetching() -> Options {
    Options {
        more: "[http]\nfetch_from = [\"127.0.0.1\"]\n".to_owned(),
        ..Options::default()
    }
}

/// Puts a file as a client does (XEP-0363), and answers where it lies.
pub(super) async fn put(client: &XmppClient, domain: &str, octets: &[u8]) -> String {
    let request = format!(
        "<request xmlns='urn:xmpp:http:upload:0' filename='a photo.png' size='{}' content-type='image/png'/>",
        octets.len()
    );
    let upload = format!("upload.{domain}");
    let answer = client.iq("get", Some(&upload), &request).await;
    assert_eq!(kind_of(&answer), "result", "{answer:?}");
    let place = |name| find(&answer, name, "urn:xmpp:http:upload:0").expect("a slot");
    let url = |name| place(name).attr("url").expect("an address").to_owned();
    let fields: String = place("put")
        .children()
        .map(|field| format!("{}: {}\r\n", field.attr("name").unwrap(), field.text()))
        .collect();
    let put = url("put");
    let (host, path) = put
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut tcp = TcpStream::connect(host).expect("the server is there");
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        tcp,
        "PUT /{path} HTTP/1.1\r\nHost: {host}\r\n{fields}Content-Type: image/png\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        octets.len()
    )
    .unwrap();
    tcp.write_all(octets).unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains(" 201 "), "{answer}");
    url("get")
}

/// Whether these are the octets of its only file.
pub(super) fn has_file(mail: &Mail, octets: &[u8]) -> bool {
    let (_, files) = read(mail);
    files.len() == 1 && files[0].2 == octets
}

/// What the contact says that has these words.
async fn told(client: &XmppClient, words: &'static str) -> Element {
    let says = move |stanza: &Element| body(stanza).is_some_and(|body| body.contains(words));
    client.expect(says, PATIENCE).await
}

pub fn of_file(to: &str, id: &str, url: &str) -> String {
    format!(
        "<message type='chat' to='{to}' id='{id}'><body>{url}</body><x xmlns='jabber:x:oob'><url>{url}</url></x></message>"
    )
}

/// The text of a mail, and its files with their names and types.
fn read(mail: &Mail) -> (String, Vec<(String, String, Vec<u8>)>) {
    let raw = mail.raw.as_slice();
    let text = from_mail::read(raw, &[], false).expect("a mail").text;
    let files = from_mail::attachments(&raw.to_vec().into())
        .into_iter()
        .map(|one| {
            (
                one.name.unwrap_or_default(),
                one.media_type,
                one.content
                    .map_or_else(Vec::new, |inside| inside.whole().unwrap().to_vec()),
            )
        });
    (text, files.collect())
}

async fn are_attached_on(flavour: Flavour, user: &str) {
    let world = World::on(flavour, fetching()).await;
    let client = world.login(user).await;
    let inbox = world.mailbox("carol@mail.example").await;
    let url = put(&client, &world.xmpp.domain, PNG).await;
    client.send(of_file(&world.carol(), "f1", &url)).await;
    // Said after it, and not sent before it.
    client
        .send_message(&world.carol(), "And this is what it shows.")
        .await;
    let mails = as_accepted(inbox.wait_for(2).await);
    let (text, files) = read(&mails[0]);
    assert_eq!(text, "");
    let [(name, media_type, octets)] = files.as_slice() else {
        panic!("{files:?}");
    };
    assert!(name.contains("photo.png"), "{name}");
    assert_eq!((media_type.as_str(), octets.as_slice()), ("image/png", PNG));
    assert!(read(&mails[1]).0.contains("what it shows"));

    // With a caption (XEP-0447), which stays.
    let caption = format!(
        "<message type='chat' to='{}' id='f2'><body>Our new house</body><file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><name>house.png</name></file><sources><url-data xmlns='http://jabber.org/protocol/url-data' target='{url}'/></sources></file-sharing></message>",
        world.carol()
    );
    client.send(caption).await;
    let (text, files) = read(&inbox.wait_mail_saying("Our new house").await);
    assert!(text.starts_with("Our new house"), "{text}");
    assert_eq!(files.len(), 1);
    assert_eq!(
        (files[0].0.as_str(), files[0].2.as_slice()),
        ("house.png", PNG)
    );
}

#[tokio::test]
async fn on_prosody() {
    are_attached_on(Flavour::Prosody, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    are_attached_on(Flavour::Ejabberd, "bob").await;
}

/// What lies elsewhere stays a link, and nobody there hears of it.
#[tokio::test]
async fn and_nothing_is_fetched_from_elsewhere() {
    let world = World::with(Options::default()).await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let link = format!("http://{}/a.png", elsewhere.local_addr().unwrap());
    alice.send(of_file(&world.carol(), "f1", &link)).await;
    let (text, files) = read(&inbox.wait_mail_saying("a.png").await);
    assert!(text.contains(&link) && files.is_empty(), "{text}");

    // The server's own service, which has a private address here: not without the admin's word. The user is told.
    let url = put(&alice, "a.example", PNG).await;
    alice.send(of_file(&world.carol(), "f2", &url)).await;
    let notice = told(&alice, "could not be attached").await;
    let words = body(&notice).unwrap();
    assert!(words.contains("has no address on the Internet"), "{words}");
    assert_eq!(
        find(&notice, "reply", "urn:xmpp:reply:0").and_then(|reply| reply.attr("id")),
        Some("f2")
    );
    let mails = as_accepted(inbox.wait_for(2).await);
    let (text, files) = read(&mails[1]);
    assert!(text.contains(&url) && files.is_empty(), "{text}");
    assert!(elsewhere.accept().is_err(), "somebody followed a link");

    // Encrypted for clients: nobody could read it.
    let secret = "aesgcm://upload.a.example/x.png#00112233";
    alice.send(of_file(&world.carol(), "f3", secret)).await;
    let refused = alice.next_error().await;
    assert_eq!(error_condition(&refused).as_deref(), Some("not-acceptable"));
    assert!(error_text(&refused).is_some_and(|text| text.contains("encrypted for chat clients")));
}

/// What is gone is told, and what is too big for the mail server.
#[tokio::test]
async fn or_the_user_is_told_why_not() {
    let mut options = fetching();
    options.mail = options.mail.postfix("message_size_limit = 1000000");
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let url = put(&alice, "a.example", PNG).await;
    let gone = url.replace("/file_share/", "/file_share/x");
    alice.send(of_file(&world.carol(), "f1", &gone)).await;
    told(&alice, "answers 404").await;
    let big = put(&alice, "a.example", &vec![7; 900_000]).await;
    alice.send(of_file(&world.carol(), "f2", &big)).await;
    told(&alice, "what is attached may have").await;
    let fits = put(&alice, "a.example", &vec![7; 500_000]).await;
    alice.send(of_file(&world.carol(), "f3", &fits)).await;
    let mails = as_accepted(inbox.wait_for(3).await);
    let octets: Vec<usize> = mails
        .iter()
        .map(|mail| read(mail).1.iter().map(|file| file.2.len()).sum())
        .collect();
    assert_eq!(octets, [0, 0, 500_000]);
    // Whom they go to is told what the links are.
    let texts: Vec<String> = mails.iter().map(|mail| read(mail).0).collect();
    for (text, link, note) in [
        (
            &texts[0],
            &gone,
            "could not be attached. The link above leads to it, if ",
        ),
        (
            &texts[1],
            &big,
            "(879 KB) is too big for this mail. The link above leads to it, as long as ",
        ),
    ] {
        assert!(
            text.contains(link.as_str()) && text.contains(note),
            "{text}"
        );
    }
    assert!(!texts[2].contains("is too big"), "{}", texts[2]);
}

/// A crash between the fetching and the sending fetches again and sends once.
#[tokio::test]
async fn also_when_the_gateway_dies_on_the_way() {
    let mut world = World::with(fetching()).await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let url = put(&alice, "a.example", PNG).await;
    // Of which the spool takes one piece after the other.
    let long: Vec<u8> = (0..2_000_000).map(|at| (at / 3) as u8).collect();
    let long_url = put(&alice, "a.example", &long).await;
    let points = [
        (FILE_POINTS[1], &url, PNG),
        ("spool: written, not yet synced", &url, PNG),
        (FILE_POINTS[3], &long_url, &long),
    ];
    for (turn, (point, url, octets)) in points.into_iter().enumerate() {
        world.gateway.kill9();
        // The second time that the spool writes the mail is when it has its file.
        let point = if turn == 1 {
            format!("2 {point}")
        } else {
            point.to_owned()
        };
        world
            .gateway
            .environment(&[("STANZAMAIL_CRASH_AT", &point)]);
        world.gateway.start_again().await;
        alice
            .send(of_file(&world.carol(), &format!("f{turn}"), url))
            .await;
        let end = Instant::now() + PATIENCE;
        while !world.gateway.died(Duration::from_millis(500)).await {
            assert!(Instant::now() < end, "the gateway never came to “{point}”");
        }
        world.gateway.environment(&[]);
        world.gateway.start_again().await;
        let mails = inbox.wait_for(turn + 1).await;
        assert!(has_file(&mails[turn], octets), "{point}");
    }
    assert_eq!(world.carol_has().await.len(), 3);
}
