//! Alice sends 100 messages and asks for receipts while the gateway is killed again and again. As clients do, she sends
//! again what got no receipt. Carol gets each of them under one Message-ID; no receipt is for one that she does not get.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::counting::message_ids_by_text;
use super::servers::XmppClient;
use super::servers::stanza::find;
use super::world::World;

const MESSAGES: usize = 100;

/// For how long each gateway lives after its `ready`, in milliseconds.
const LIVES: [u64; 6] = [60, 5, 20, 150, 0, 40];

#[tokio::test]
async fn and_its_sender_need_not_wonder() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let carol = world.carol();

    for life in LIVES {
        send(&alice, &carol, &without_receipt(&alice)).await;
        tokio::time::sleep(Duration::from_millis(life)).await;
        world.gateway.kill9();
        world.gateway.start_again().await;
    }
    let end = Instant::now() + Duration::from_secs(40);
    while !without_receipt(&alice).is_empty() {
        let missing = without_receipt(&alice);
        assert!(Instant::now() < end, "no receipts for {missing:?}");
        send(&alice, &carol, &missing).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    let inbox = world.mailbox("carol@mail.example").await;
    let all: Vec<String> = (0..MESSAGES).map(text).collect();
    let has_all = |mails: &[super::servers::Mail]| {
        let ids = message_ids_by_text(mails);
        all.iter().all(|text| ids.contains_key(text))
    };
    super::counting::eventually("Carol has all messages", async || {
        has_all(&inbox.all().await)
    })
    .await;
    for (text, ids) in message_ids_by_text(&inbox.all().await) {
        assert_eq!(ids.len(), 1, "{text} came under different ids: {ids:?}");
    }
}

fn text(number: usize) -> String {
    format!("message {number}")
}

async fn send(alice: &XmppClient, carol: &str, numbers: &BTreeSet<usize>) {
    for number in numbers {
        let text = text(*number);
        alice
            .send(format!(
                "<message type='chat' to='{carol}' id='m-{number}'><body>{text}</body>\
                 <request xmlns='urn:xmpp:receipts'/></message>"
            ))
            .await;
    }
}

fn without_receipt(alice: &XmppClient) -> BTreeSet<usize> {
    let mut numbers: BTreeSet<usize> = (0..MESSAGES).collect();
    for stanza in alice.received() {
        let receipt = find(&stanza, "received", "urn:xmpp:receipts");
        let id = receipt.and_then(|receipt| receipt.attr("id"));
        if let Some(number) = id.and_then(|id| id.strip_prefix("m-")?.parse().ok()) {
            numbers.remove(&number);
        }
    }
    numbers
}
