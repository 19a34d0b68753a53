//! A pair that an admin saves while the gateway runs holds for the next message, and one that is removed does not.

use super::servers::stanza::body;
use super::servers::{Mailbox, RealMailClient, XmppClient};
use super::world::World;

#[tokio::test]
async fn without_a_restart() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    writes_as(&world, &alice, &inbox, "alice@chat.a.example").await;

    let pair = ["alice@a.example", "a.liddell@chat.a.example"];
    map(&world, &["add", pair[0], pair[1]], true).await;
    writes_as(&world, &alice, &inbox, pair[1]).await;
    let list = map(&world, &["list"], true).await;
    assert!(
        list.contains("alice@a.example\ta.liddell@chat.a.example\tadmin"),
        "{list}"
    );

    let mails = inbox.all().await;
    let carol = RealMailClient::new(world.mail.smtp_port, "carol@mail.example");
    let last = mails.last().expect("she has two");
    carol.reply(&last.raw, "What a nice address").await;
    let answer = alice.next_message_from(&world.carol()).await;
    assert!(body(&answer).is_some_and(|text| text.contains("What a nice address")));

    let taken = map(&world, &["add", "adam@a.example", pair[1]], false).await;
    assert!(
        taken.contains("alice@a.example"),
        "it names the holder: {taken}"
    );

    map(&world, &["remove", pair[0]], true).await;
    writes_as(&world, &alice, &inbox, "alice@chat.a.example").await;
    let list = map(&world, &["list"], true).await;
    assert!(!list.contains("liddell"), "{list}");
}

#[tokio::test]
async fn a_contact_can_have_a_short_jid() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let short = format!("carol@{}", world.xmpp.gateway);

    let add = ["add", &short, "carol@mail.example", "--name", "Carol C."];
    map(&world, &add, true).await;
    alice.send_message(&short, "Hello Carol").await;
    let mail = inbox.wait_mail_saying("Hello Carol").await;
    assert_eq!(
        mail.header("To").as_deref(),
        Some("\"Carol C.\" <carol@mail.example>")
    );

    let carol = RealMailClient::new(world.mail.smtp_port, "carol@mail.example");
    carol.reply(&mail.raw, "Hello Alice").await;
    alice.next_message_from(&short).await;
}

/// What alice writes next has this address as its sender.
async fn writes_as(world: &World, alice: &XmppClient, inbox: &Mailbox, address: &str) {
    let text = format!("I am {address} for the time being, {}", inbox.count().await);
    alice.send_message(&world.carol(), &text).await;
    let mail = inbox.wait_mail_saying(&text).await;
    assert_eq!(mail.header("From"), Some(format!("alice <{address}>")));
}

/// `stanzamail map …` and what it says.
async fn map(world: &World, arguments: &[&str], succeeds: bool) -> String {
    let output = world.gateway.command(&[&["map"], arguments].concat()).await;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert_eq!(
        output.status.success(),
        succeeds,
        "map {arguments:?}: {said}"
    );
    said
}
