//! A write or a sync of the gateway's disk is answered by an error, the first one, the second one, and so on. The gateway
//! ends within a second with a sentence that says why, and gives no receipt after that. The next start loses nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::counting::{carol_sends, message_ids_by_text, receives_all};
use super::servers::stanza::find;
use super::servers::{PATIENCE, XmppClient};
use super::world::World;

/// How soon it has to end.
const END_LIMIT: Duration = Duration::from_secs(1);
/// Said by the hook in the moment in which the disk fails.
const FAILS: &str = "the disk fails now, as a test asked";

/// Which of the disk's answers is an error: some; with STANZAMAIL_DISK_FAILURES=60 each of the first sixty.
fn turns() -> Vec<usize> {
    match std::env::var("STANZAMAIL_DISK_FAILURES") {
        Ok(number) => (1..=number.parse().unwrap()).collect(),
        Err(_) => vec![4, 6, 7, 8, 9, 13],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_the_next_start_loses_nothing() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let mut sent = Vec::new();
    let mut slowest = Duration::ZERO;
    for turn in turns() {
        world.gateway.terminate().await;
        let log = world.gateway.log().len();
        world
            .gateway
            .environment(&[("STANZAMAIL_FAIL_AT", &turn.to_string())]);
        world.gateway.launch();
        let failed = until_the_disk_fails(&world, &alice, turn, log, &mut sent).await;
        assert!(
            world.gateway.died(PATIENCE).await,
            "it goes on after {turn}"
        );
        let receipts = receipts(&alice);
        slowest = slowest.max(failed.elapsed());
        assert!(
            failed.elapsed() < END_LIMIT,
            "{turn}: {:?}",
            failed.elapsed()
        );
        let words = world.gateway.log().split_off(log);
        assert!(words.contains("Input/output error"), "{words}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(self::receipts(&alice), receipts, "receipts after the end");

        world.gateway.environment(&[]);
        world.gateway.start_again().await;
    }
    println!(
        "{} failures, the slowest end after {slowest:?}",
        turns().len()
    );
    nothing_is_lost(&world, &alice, &sent).await;
}

/// Messages go both ways until then.
async fn until_the_disk_fails(
    world: &World,
    alice: &XmppClient,
    turn: usize,
    log: usize,
    sent: &mut Vec<String>,
) -> Instant {
    let end = Instant::now() + PATIENCE;
    let mut number = 0;
    loop {
        let text = format!("{turn} {number}");
        let carol = world.carol();
        alice
            .send(format!(
                "<message type='chat' to='{carol}' id='m-{turn}-{number}'><body>out {text}</body>\
                 <request xmlns='urn:xmpp:receipts'/></message>"
            ))
            .await;
        carol_sends(world, &[format!("in {text}")]).await;
        sent.push(text);
        number += 1;
        let next = Instant::now() + Duration::from_millis(100);
        while Instant::now() < next {
            if world.gateway.log()[log..].contains(FAILS) {
                return Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(Instant::now() < end, "the disk is not asked {turn} times");
    }
}

/// What Alice got no receipt for, she sends again.
async fn nothing_is_lost(world: &World, alice: &XmppClient, sent: &[String]) {
    let incoming: Vec<String> = sent.iter().map(|text| format!("in {text}")).collect();
    receives_all(alice, &incoming).await;
    let end = Instant::now() + PATIENCE * 2;
    loop {
        let receipts = receipts(alice);
        let id = |text: &String| format!("m-{}", text.replace(' ', "-"));
        let missing: Vec<&String> = sent
            .iter()
            .filter(|text| !receipts.contains(&id(text)))
            .collect();
        if missing.is_empty() {
            break;
        }
        assert!(Instant::now() < end, "no receipts for {missing:?}");
        for text in missing {
            let (id, carol) = (id(text), world.carol());
            alice
                .send(format!(
                    "<message type='chat' to='{carol}' id='{id}'><body>out {text}</body>\
                     <request xmlns='urn:xmpp:receipts'/></message>"
                ))
                .await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let arrived = message_ids_by_text(&world.carol_has().await);
    for text in sent {
        let ids = arrived
            .get(&format!("out {text}"))
            .expect("a receipt was given");
        assert_eq!(ids.len(), 1, "“{text}” came under several ids");
    }
}

fn receipts(alice: &XmppClient) -> BTreeSet<String> {
    let id = |stanza: &minidom::Element| {
        let receipt = find(stanza, "received", "urn:xmpp:receipts")?;
        receipt.attr("id").map(str::to_owned)
    };
    alice.received().iter().filter_map(id).collect()
}
