//! A user asks for all that is stored of them, and gets it as a file, or as messages where there are no files: their own rows and
//! nobody else's.

use super::servers::stanza::body;
use super::servers::{Flavour, Port, XmppClient};
use super::world::{Options, World};
use std::io::{Read, Write};
use std::net::TcpStream;

async fn says(world: &World, user: &XmppClient, words: &str) -> String {
    let helper = format!("help@{}", world.xmpp.gateway);
    user.send_message(&helper, words).await;
    body(&user.next_message_from(&helper).await).unwrap()
}

/// The user has chosen something for Carol, and somebody else for Dave.
async fn choose(world: &World, user: &XmppClient, other: &str) {
    says(world, user, "set quotes keep carol@mail.example").await;
    let other = world.login(other).await;
    says(world, &other, "set quotes keep dave@mail.example").await;
}

fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

async fn as_a_file(flavour: Flavour, name: &str, other: &str) {
    let port = Port::free().number();
    let url = format!("http://127.0.0.1:{port}");
    let options = Options {
        more: format!("[http]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"{url}\"\n"),
        ..Options::default()
    };
    let world = World::on(flavour, options).await;
    let user = world.login(name).await;
    choose(&world, &user, other).await;
    let said = says(&world, &user, "export").await;
    let link = said.rsplit(' ').next().unwrap();
    assert!(
        link.starts_with(&format!("{url}/f/")) && link.ends_with("/stanzamail.json"),
        "{said}"
    );
    let answer = get(link);
    let (header, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        header.starts_with("HTTP/1.1 200") && header.contains("attachment"),
        "{header}"
    );
    let rows: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
    assert_eq!(rows[0]["user"], user.jid.split('/').next().unwrap());
    let carol =
        |row: &&serde_json::Value| row["kind"] == "options" && row["mail"] == "carol@mail.example";
    assert_eq!(
        rows.iter().find(carol).expect("an option")["quotes"],
        "keep"
    );
    assert!(!text.contains(other) && !text.contains("dave"), "{text}");
    says(&world, &user, "revoke all").await;
    assert!(get(link).starts_with("HTTP/1.1 404"));

    // Whoever has that link gets nothing of the next export, which takes the place of the one before.
    let mut links = vec![link.to_owned()];
    for _ in 0..2 {
        let said = says(&world, &user, "export").await;
        let link = said.rsplit(' ').next().unwrap().to_owned();
        for before in &links {
            assert!(get(before).starts_with("HTTP/1.1 404"), "{before}");
        }
        let answer = get(&link);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(!answer.contains("/f/"), "it names itself: {answer}");
        links.push(link);
    }
}

#[tokio::test]
async fn as_a_file_on_prosody() {
    as_a_file(Flavour::Prosody, "alice", "adam").await;
}

#[tokio::test]
async fn as_a_file_on_ejabberd() {
    as_a_file(Flavour::Ejabberd, "bob", "beth").await;
}

#[tokio::test]
async fn as_messages() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    choose(&world, &alice, "adam").await;
    let said = says(&world, &alice, "export").await;
    assert!(said.ends_with("follows, in one message."), "{said}");
    let helper = format!("help@{}", world.xmpp.gateway);
    let text = body(&alice.next_message_from(&helper).await).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let about = rows[0]["about"].as_object().unwrap();
    for row in &rows {
        let kind = row["kind"].as_str().unwrap();
        assert!(about.contains_key(kind), "{kind} is explained");
    }
    assert_eq!(rows[0]["mail"], "alice@chat.a.example");
    assert!(rows.iter().any(|row| row["mail"] == "carol@mail.example"));
    assert!(!text.contains("adam") && !text.contains("dave"), "{text}");
}
