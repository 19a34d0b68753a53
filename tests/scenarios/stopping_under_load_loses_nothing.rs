//! SIGTERM while messages go both ways: the gateway ends with success, soon. Each of Alice's messages either reaches
//! Carol or came back to Alice as an error; each of Carol's mails reaches Alice after the next start.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::counting::{
    carol_goes_on_sending, eventually, ids_by_text, mails, message_ids_by_text, receives_all,
};
use super::servers::XmppClient;
use super::servers::stanza::{kind_of, stanza_id};
use super::world::World;

/// Messages, and mails, for each stop.
const MESSAGES: usize = 120;
const MAILS: usize = 20;

/// How many stops: `STANZAMAIL_STOPS=200` is the long form.
fn stops() -> usize {
    let stops = std::env::var("STANZAMAIL_STOPS").ok();
    stops.map_or(4, |stops| stops.parse().expect("a number"))
}

#[tokio::test]
async fn in_either_direction() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    for stop in 0..stops() {
        let wanted = mails(stop * MAILS..(stop + 1) * MAILS);
        let carol = carol_goes_on_sending(&world, wanted.clone(), Duration::from_millis(10));
        let before = inbox.count().await;
        let numbers = stop * MESSAGES..(stop + 1) * MESSAGES;
        for number in numbers.clone() {
            send(&alice, &world.carol(), number).await;
            if number == numbers.start + MESSAGES / 2 {
                eventually("some messages have reached Carol", async || {
                    inbox.count().await > before
                })
                .await;
                world.gateway.signal("TERM");
            }
        }
        let stopping = Instant::now();
        assert_eq!(world.gateway.wait().await, 0);
        assert!(stopping.elapsed() < Duration::from_secs(20));
        carol.await.expect("Carol could send all");

        world.gateway.start_again().await;
        receives_all(&alice, &wanted).await;
        eventually("each message has reached Carol or came back", async || {
            let back = came_back(&alice);
            let arrived = message_ids_by_text(&inbox.all().await);
            numbers.clone().all(|number| {
                back.contains(&number) != arrived.contains_key(&format!("message {number}"))
            })
        })
        .await;
    }
    for (text, ids) in ids_by_text(&alice) {
        assert_eq!(ids.len(), 1, "{text} came under different ids: {ids:?}");
    }
    for (text, ids) in message_ids_by_text(&inbox.all().await) {
        assert_eq!(ids.len(), 1, "{text} came under different ids: {ids:?}");
    }
}

async fn send(alice: &XmppClient, carol: &str, number: usize) {
    alice
        .send(format!(
            "<message type='chat' to='{carol}' id='m-{number}'><body>message {number}</body></message>"
        ))
        .await;
}

fn came_back(alice: &XmppClient) -> BTreeSet<usize> {
    let errors = alice.received();
    errors
        .iter()
        .filter(|stanza| kind_of(stanza) == "error")
        .filter_map(|stanza| stanza_id(stanza).strip_prefix("m-")?.parse().ok())
        .collect()
}
