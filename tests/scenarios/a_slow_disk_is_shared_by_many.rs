//! Each sync of the disk takes 200 ms. Alice sends 400 messages: they share the syncs, where each by itself would get through
//! in a second. `STANZAMAIL_SLOW_DISK=600/100` asks for 600 messages at 100 a second, of a machine that does nothing else.

use std::time::{Duration, Instant};

use super::counting::{eventually, message_ids_by_text};
use super::servers::stanza::find;
use super::world::World;

/// How many messages, and how many of them in a second at least.
fn size() -> (usize, f64) {
    let Ok(text) = std::env::var("STANZAMAIL_SLOW_DISK") else {
        return (400, 20.0);
    };
    let (messages, rate) = text.split_once('/').expect("STANZAMAIL_SLOW_DISK=600/100");
    (messages.parse().unwrap(), rate.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_that_a_burst_gets_through() {
    let (messages, least) = size();
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    world.gateway.terminate().await;
    world
        .gateway
        .environment(&[("STANZAMAIL_SLOW_SYNC", "200")]);
    world.gateway.start_again().await;

    let began = Instant::now();
    let carol = world.carol();
    for number in 0..messages {
        alice
            .send(format!(
                "<message type='chat' to='{carol}' id='m-{number}'><body>message {number}</body>\
                 <request xmlns='urn:xmpp:receipts'/></message>"
            ))
            .await;
    }
    let inbox = world.mailbox("carol@mail.example").await;
    let receipts = || {
        let is_one =
            |stanza: &&minidom::Element| find(stanza, "received", "urn:xmpp:receipts").is_some();
        alice.received().iter().filter(is_one).count()
    };
    eventually("every message has its receipt", async || {
        receipts() >= messages
    })
    .await;
    let rate = messages as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} messages a second, with 200 ms for each sync");
    eventually("Carol has them all", async || {
        inbox.count().await == messages
    })
    .await;
    assert_eq!(message_ids_by_text(&inbox.all().await).len(), messages);
    assert!(rate >= least, "{rate:.0} messages a second");
    assert!(
        began.elapsed() > Duration::from_millis(600),
        "the disk was not slow"
    );
}
