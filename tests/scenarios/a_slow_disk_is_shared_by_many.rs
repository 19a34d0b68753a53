//! Each sync of the disk takes 200 ms. Alice and Adam send 400 messages to Carol and Dave: they share the syncs, where by itself
//! each would take half a second. `STANZAMAIL_SLOW_DISK=1200/100` asks for 1,200 messages at 100 a second, of a machine that does nothing else.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::counting::{eventually, message_ids_by_text};
use super::servers::XmppClient;
use super::servers::stanza::find;
use super::world::World;

/// How many messages, and how many of them in a second at least.
fn size() -> (usize, f64) {
    let Ok(text) = std::env::var("STANZAMAIL_SLOW_DISK") else {
        return (400, 20.0);
    };
    let (messages, rate) = text.split_once('/').expect("STANZAMAIL_SLOW_DISK=1200/100");
    (messages.parse().unwrap(), rate.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_that_a_burst_gets_through() {
    let (messages, least) = size();
    let mut world = World::start().await;
    let users = [world.login("alice").await, world.login("adam").await];
    world.gateway.terminate().await;
    world
        .gateway
        .environment(&[("STANZAMAIL_SLOW_SYNC", "200")]);
    world.gateway.start_again().await;

    let began = Instant::now();
    let contacts = ["carol@mail.example", "dave@mail.example"];
    let jids = contacts.map(|contact| world.contact(contact));
    for number in 0..messages {
        let to = &jids[number / 2 % 2];
        users[number % 2]
            .send(format!(
                "<message type='chat' to='{to}' id='m-{number}'><body>message {number}</body>\
                 <request xmlns='urn:xmpp:receipts'/></message>"
            ))
            .await;
    }
    let receipts = || {
        let is_one =
            |stanza: &&minidom::Element| find(stanza, "received", "urn:xmpp:receipts").is_some();
        let count = |user: &XmppClient| user.received().iter().filter(is_one).count();
        users.iter().map(count).sum::<usize>()
    };
    eventually("every message has its receipt", async || {
        receipts() >= messages
    })
    .await;
    let rate = messages as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} messages a second, with 200 ms for each sync");
    let mut texts = BTreeSet::new();
    for contact in contacts {
        let inbox = world.mailbox(contact).await;
        eventually("nothing is under way", async || {
            inbox.count().await == messages / 2
        })
        .await;
        texts.extend(message_ids_by_text(&inbox.all().await).into_keys());
    }
    assert_eq!(texts.len(), messages);
    assert!(rate >= least, "{rate:.0} messages a second");
    assert!(
        began.elapsed() > Duration::from_millis(600),
        "the disk was not slow"
    );
}
