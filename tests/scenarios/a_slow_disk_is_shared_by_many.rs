//! Each sync of the disk takes 200 ms. Alice sends 600 messages: they share the syncs, so that more than a hundred a second
//! get through.

use std::time::{Duration, Instant};

use super::counting::{eventually, message_ids_by_text};
use super::servers::stanza::find;
use super::world::World;

const MESSAGES: usize = 600;
const RATE: f64 = 100.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_that_a_burst_gets_through() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    world.gateway.terminate().await;
    world
        .gateway
        .environment(&[("STANZAMAIL_SLOW_SYNC", "200")]);
    world.gateway.start_again().await;

    let began = Instant::now();
    let carol = world.carol();
    for number in 0..MESSAGES {
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
        receipts() >= MESSAGES
    })
    .await;
    let rate = MESSAGES as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} messages a second, with 200 ms for each sync");
    eventually("Carol has them all", async || {
        inbox.count().await == MESSAGES
    })
    .await;
    assert_eq!(message_ids_by_text(&inbox.all().await).len(), MESSAGES);
    assert!(rate >= RATE, "{rate:.0} messages a second");
    assert!(
        began.elapsed() > Duration::from_millis(600),
        "the disk was not slow"
    );
}
