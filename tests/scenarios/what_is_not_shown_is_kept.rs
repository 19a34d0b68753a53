//! Carol answers with a word and a long history: Alice is shown the word, and the mail is kept as it came, before she is shown
//! anything. What is shown whole is not kept.

use super::servers::stanza::body;
use super::servers::{PATIENCE, Port};
use super::world::{Options, World};
use stanzamail::failpoints::ORIGINAL_POINTS;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

const QUOTING: &str = "Great\n\nOn Mon, Nov 2, 2026 at 10:15 AM alice <alice@chat.a.example>\nwrote:\n\n> Shall we meet at nine?\n>";

fn keeping() -> Options {
    Options {
        store: "originals = \"7d\"".to_owned(),
        ..Options::default()
    }
}

fn mail(id: u8, text: &str) -> String {
    format!(
        "From: Carol <carol@mail.example>\nTo: alice <alice@chat.a.example>\nSubject: Re: Lunch\n\
         Message-ID: <{id}@mail.example>\nIn-Reply-To: <0@chat.a.example>\n\n{text}\n"
    )
}

/// What is in the folder.
fn kept(world: &World) -> Vec<(String, Vec<u8>)> {
    let folder = world.gateway.folder().join("store/originals");
    let files = fs::read_dir(&folder).expect("a folder");
    let read = |file: std::io::Result<fs::DirEntry>| {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        (name, fs::read(file.path()).unwrap())
    };
    files.map(read).collect()
}

#[tokio::test]
async fn as_it_came() {
    let world = World::with(keeping()).await;
    let alice = world.login("alice").await;
    let whole = mail(1, "Just this");
    world.carol_sends(&["alice@chat.a.example"], &whole).await;
    let shown = alice.next_message_from(&world.carol()).await;
    assert!(body(&shown).unwrap().ends_with("Just this"));
    assert_eq!(kept(&world), []);

    let quoting = mail(2, QUOTING);
    world.carol_sends(&["alice@chat.a.example"], &quoting).await;
    let shown = alice.next_message_from(&world.carol()).await;
    assert_eq!(body(&shown).as_deref(), Some("Great"));
    let kept = kept(&world);
    assert_eq!(kept.len(), 1);
    let text = String::from_utf8(kept[0].1.clone()).unwrap();
    assert!(text.contains("> Shall we meet at nine?\r\n"), "{text}");
    assert!(text.contains("Message-ID: <2@mail.example>\r\n"), "{text}");

    let id = kept[0].0.split('-').next().unwrap();
    let printed = world.gateway.command(&["original", id]).await;
    assert!(printed.status.success(), "{printed:?}");
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), text);
    let refused = world.gateway.command(&["original", &"0".repeat(32)]).await;
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("no mail is kept under"), "{why}");

    // And who wants to see all of it asks for it.
    let helper = format!("help@{}", world.xmpp.gateway);
    alice
        .send_message(&helper, "original carol@mail.example")
        .await;
    let whole = alice.next_message_from(&helper).await;
    let whole = body(&whole).unwrap();
    assert!(
        whole.starts_with("*Re: Lunch*\nGreat\n") && whole.contains("> Shall we meet at nine?"),
        "{whole}"
    );
    let adam = world.login("adam").await;
    adam.send_message(&helper, "original carol@mail.example")
        .await;
    let nothing = body(&adam.next_message_from(&helper).await).unwrap();
    assert!(
        nothing.starts_with("No mail from carol@mail.example"),
        "{nothing}"
    );
}

/// Where there is a server, the address of a page with all of the mail stands below the word; an answer that quotes does not send
/// it on.
#[tokio::test]
async fn and_can_be_read_in_a_browser() {
    let port = Port::free();
    let url = format!("http://127.0.0.1:{}", port.number());
    let http = format!(
        "[http]\nlisten = \"127.0.0.1:{}\"\npublic_url = \"{url}/\"\n",
        port.number()
    );
    let options = Options {
        more: http,
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let whole = mail(1, "Just this");
    world.carol_sends(&["alice@chat.a.example"], &whole).await;
    let shown = alice.next_message_from(&world.carol()).await;
    assert!(body(&shown).unwrap().ends_with("Just this"));

    let quoting = mail(2, QUOTING);
    world.carol_sends(&["alice@chat.a.example"], &quoting).await;
    let shown = alice.next_message_from(&world.carol()).await;
    let text = body(&shown).unwrap();
    let (word, line) = text.split_once('\n').expect("two lines");
    assert_eq!(word, "Great");
    let page = line.strip_prefix("The whole mail: ").expect("an address");
    assert!(page.starts_with(&format!("{url}/m/")), "{page}");
    let (header, html) = get(page);
    assert!(header.starts_with("HTTP/1.1 200"), "{header}");
    assert!(html.contains("&gt; Shall we meet at nine?"), "{html}");
    assert!(html.contains("<bdi>carol@mail.example</bdi>"), "{html}");
    let (_, eml) = get(&format!("{page}/mail.eml"));
    assert!(eml.contains("> Shall we meet at nine?\r\n"), "{eml}");
    let (header, _) = get(&format!("{url}/m/00000000000000000000000000000000"));
    assert!(header.starts_with("HTTP/1.1 404"), "{header}");
    // Whoever has no link types an address, and gets the JID by which the gateway knows it.
    let (header, html) = get(&format!("{url}/write?address=carol%40mail.example"));
    assert!(header.starts_with("HTTP/1.1 200"), "{header}");
    let jid = format!("<code>{}</code>", world.carol());
    assert!(html.contains(&jid) && html.contains("<svg"), "{html}");

    alice
        .send_message(&world.carol(), &format!("> {word}\n> {line}\nSee you"))
        .await;
    let inbox = world.mailbox("carol@mail.example").await;
    let sent = inbox.wait_mail_saying("See you").await;
    assert!(sent.text().contains("> Great"), "{}", sent.text());
    assert!(!sent.text().contains("/m/"), "{}", sent.text());

    let checked = world.gateway.command(&["check"]).await;
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    let line = format!("ok     pages at {url}: users can read whole mails there");
    assert!(said.contains(&line), "{said}");
}

/// Whose link it is revokes it, and nobody else; what is revoked stays so over a kill.
#[tokio::test]
async fn until_the_link_is_revoked() {
    let port = Port::free();
    let url = format!("http://127.0.0.1:{}", port.number());
    let http = format!(
        "[http]\nlisten = \"127.0.0.1:{}\"\npublic_url = \"{url}\"\n",
        port.number()
    );
    let options = Options {
        more: http,
        ..Options::default()
    };
    let mut world = World::with(options).await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    let mut links = Vec::new();
    for id in 1..=3 {
        world
            .carol_sends(&["alice@chat.a.example"], &mail(id, QUOTING))
            .await;
        let shown = body(&alice.next_message_from(&world.carol()).await).unwrap();
        links.push(shown.rsplit(' ').next().expect("a link").to_owned());
    }
    let found = |links: &[String]| -> Vec<bool> {
        let is_there = |link: &String| get(link).0.starts_with("HTTP/1.1 200");
        links.iter().map(is_there).collect()
    };
    assert_eq!(found(&links), [true, true, true]);
    let helper = format!("help@{}", world.xmpp.gateway);
    adam.send_message(&helper, &format!("revoke {}", links[0]))
        .await;
    let said = body(&adam.next_message_from(&helper).await).unwrap();
    assert!(said.contains("leads to nothing of yours"), "{said}");
    assert_eq!(found(&links), [true, true, true]);

    alice
        .send_message(&helper, &format!("revoke {}", links[0]))
        .await;
    let said = body(&alice.next_message_from(&helper).await).unwrap();
    assert!(said.starts_with("That link is dead"), "{said}");
    assert_eq!(found(&links), [false, true, true]);
    // In the conversation: the last mail.
    alice.send_message(&world.carol(), "/revoke").await;
    let said = body(&alice.next_message_from(&world.carol()).await).unwrap();
    assert!(said.starts_with("That link is dead"), "{said}");
    assert_eq!(found(&links), [false, true, false]);

    world.gateway.kill9();
    world.gateway.start_again().await;
    assert_eq!(found(&links), [false, true, false]);
    alice.send_message(&helper, "revoke all").await;
    let said = body(&alice.next_message_from(&helper).await).unwrap();
    assert!(said.starts_with("Your link is dead"), "{said}");
    assert_eq!(found(&links), [false, false, false]);
}

/// As a browser would.
fn get(url: &str) -> (String, String) {
    let rest = url.strip_prefix("http://").expect("no TLS in tests");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut tcp = TcpStream::connect(host).expect("the server is there");
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        tcp,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).expect("an answer");
    let (header, body) = answer.split_once("\r\n\r\n").expect("a header");
    (header.to_owned(), body.to_owned())
}

/// A kill while it is being kept: the mail is shown after the next start, kept once, and nothing else is left.
#[tokio::test]
async fn whenever_the_gateway_is_killed() {
    let mut world = World::prepare(super::servers::Flavour::Prosody, keeping()).await;
    for (id, point) in (1..).zip(ORIGINAL_POINTS) {
        world.gateway.environment(&[("STANZAMAIL_CRASH_AT", point)]);
        world.gateway.start_again().await;
        let alice = world.login("alice").await;
        world
            .carol_sends(&["alice@chat.a.example"], &mail(id, QUOTING))
            .await;
        assert!(world.gateway.died(PATIENCE).await, "{point}");
        world.gateway.environment(&[]);
        world.gateway.start_again().await;
        let shown = alice.next_message_from(&world.carol()).await;
        // The first of them opens the conversation and shows its subject.
        let shown = body(&shown).unwrap();
        assert!(
            shown.lines().eq(["Great"]) || shown == "*Lunch*\nGreat",
            "{point}: {shown}"
        );
        let kept = kept(&world);
        assert_eq!(kept.len(), usize::from(id), "{point}: {kept:?}");
        assert!(kept.iter().all(|(name, _)| name.ends_with(".eml")));
        world.gateway.terminate().await;
    }
}
