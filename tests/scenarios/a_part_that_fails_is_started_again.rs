//! A part of the gateway panics while messages and mails go both ways. All parts are started again in the same process, and
//! nothing is lost: each message is delivered or an error tells its sender. Where it does not help, the gateway ends and
//! says so.

use std::collections::BTreeSet;
use std::time::Duration;

use super::counting::{
    carol_goes_on_sending, eventually, logins, message_ids_by_text, receives_all,
};
use super::servers::stanza::{kind_of, stanza_id};
use super::servers::{Flavour, Mailbox, XmppClient};
use super::world::{Options, World};

/// Messages, and mails, while each part fails: a second after its start.
const MESSAGES: usize = 30;
const PAUSE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn and_nothing_is_lost() {
    let mut world = World::prepare(Flavour::Prosody, Options::default()).await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    // The pipeline with messages in hand, whose mails wait already while nothing else of them is remembered.
    let pipeline = "5 pipeline: mails accepted, rows not yet committed";
    for (part, place) in [
        ("imap", "imap"),
        ("smtp", "smtp"),
        ("pipeline", pipeline),
        ("xmpp", "xmpp"),
    ] {
        world.gateway.environment(&[("STANZAMAIL_PANIC_IN", place)]);
        fails(&mut world, part, &alice, &inbox).await;
        assert_eq!(world.gateway.terminate().await, 0);
    }
}

async fn fails(world: &mut World, part: &str, alice: &XmppClient, inbox: &Mailbox) {
    let before = logins(&world.gateway.log());
    world.gateway.start_again().await;
    let pid = world.gateway.pid();
    let mails: Vec<String> = (0..MESSAGES).map(|n| format!("{part} mail {n}")).collect();
    let carol = carol_goes_on_sending(world, mails.clone(), PAUSE);
    let mut sent = Vec::new();
    for number in 0..MESSAGES {
        let text = format!("{part} message {number}");
        let id = alice.send_message(&world.carol(), &text).await;
        sent.push((text, id));
        tokio::time::sleep(PAUSE).await;
    }
    carol.await.unwrap();
    world
        .gateway
        .wait_log(&format!(
            "the part “{part}” ended unexpectedly (a test asked for it)"
        ))
        .await;
    eventually("the gateway is attached again", async || {
        logins(&world.gateway.log()) == before + 2
    })
    .await;
    assert_eq!(world.gateway.pid(), pid, "it is the same process");

    receives_all(alice, &mails).await;
    let last = format!("{part} message at last");
    alice.send_message(&world.carol(), &last).await;
    inbox.wait_mail_saying(&last).await;
    if part != "xmpp" {
        // What lay in the connection itself when that broke, is lost to every component.
        all_are_accounted_for(alice, inbox, &sent).await;
    }
}

async fn all_are_accounted_for(alice: &XmppClient, inbox: &Mailbox, sent: &[(String, String)]) {
    eventually("each message is delivered or refused", async || {
        let delivered = message_ids_by_text(&inbox.all().await);
        let refused: BTreeSet<String> = alice
            .received()
            .iter()
            .filter(|stanza| kind_of(stanza) == "error")
            .map(stanza_id)
            .collect();
        sent.iter()
            .all(|(text, id)| delivered.contains_key(text) || refused.contains(id))
    })
    .await;
    for (text, ids) in message_ids_by_text(&inbox.all().await) {
        assert_eq!(ids.len(), 1, "{text} came under different ids: {ids:?}");
    }
}

#[tokio::test]
async fn but_not_for_ever() {
    let mut world = World::prepare(Flavour::Prosody, Options::default()).await;
    world
        .gateway
        .environment(&[("STANZAMAIL_PANIC_IN", "always smtp")]);
    world.gateway.launch();
    assert_eq!(world.gateway.wait().await, 1);
    let log = world.gateway.log();
    assert!(
        log.contains(
            "the parts of the gateway were started again 5 times in 10 minutes, so it ends"
        ),
        "{log}"
    );
    assert_eq!(log.matches("all parts are started again in").count(), 5);
}
