//! Alice and Bob have cards on their servers (XEP-0054), which say what they are called. Their mails call them so, from the first
//! one on where they have turned to the gateway before.

use super::servers::stanza::kind_of;
use super::servers::{Flavour, PATIENCE, XmppClient};
use super::world::{Options, World};
use std::time::Instant;

async fn named(user: &XmppClient, name: &str) {
    let card = format!("<vCard xmlns='vcard-temp'><FN>{name}</FN></vCard>");
    let saved = user.iq("set", None, &card).await;
    assert_eq!(kind_of(&saved), "result", "{saved:?}");
}

/// The user asks for help. The answer to what the gateway asks then may come late, which no mail
/// waits for: the user writes until it is there.
async fn is_called(flavour: Flavour, login: &str, name: &str) {
    let world = World::on(flavour, Options::default()).await;
    let user = world.login(login).await;
    named(&user, name).await;
    let inbox = world.mailbox("carol@mail.example").await;
    let helper = format!("help@{}", world.xmpp.gateway);
    user.send_message(&helper, "help").await;
    let called = format!("\"{name}\" <{login}@{}>", world.mail_domain());
    let (end, mut count) = (Instant::now() + PATIENCE, 0);
    loop {
        // What the gateway asks has left before it answers this.
        user.iq(
            "get",
            Some(&world.carol()),
            "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        )
        .await;
        count += 1;
        let text = format!("Hello for the {count}. time");
        user.send_message(&world.carol(), &text).await;
        let mail = inbox.wait_mail_saying(&text).await;
        match mail.header("From") {
            Some(from) if from == called => break,
            from => assert!(Instant::now() < end, "{from:?} is not {called}"),
        }
    }
    let mails = inbox.all().await;
    let subject = mails[0].subject();
    assert!(subject.starts_with("Chat with "), "{subject}");
    if count == 1 {
        assert_eq!(subject, format!("Chat with {name}"));
    }
}

#[tokio::test]
async fn on_prosody() {
    is_called(Flavour::Prosody, "alice", "Alice Liddell").await;
}

#[tokio::test]
async fn on_ejabberd() {
    is_called(Flavour::Ejabberd, "bob", "Bob Dobbs").await;
}
