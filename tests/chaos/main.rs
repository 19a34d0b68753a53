//! The contract under kill -9: what was accepted is delivered, whatever happens to the gateway.
//!
//! Messages go both ways at about 200 a second while the gateway is killed at random moments and started again. As clients
//! do, Alice sends again what got no receipt; Carol's mails are submitted once. In the end nothing that was accepted is
//! missing, no receipt was given for what did not arrive, every stanza has one Message-ID and every mail one stanza id.
//!
//! `STANZAMAIL_CHAOS=10000/100` says how many messages each way and how many kills (`make chaos`); without it the short
//! form runs.

#[path = "../scenarios/counting.rs"]
mod counting;
mod drain;
mod gathering;
#[path = "../servers/mod.rs"]
mod servers;
mod soak;
mod vitals;
#[path = "../scenarios/world.rs"]
mod world;

use counting::{carol_goes_on_sending, ids_by_text, message_ids_by_text, one_name_each};
use servers::stanza::find;
use servers::{Mail, XmppClient};
use stanzamail::failpoints::POINTS;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use world::{Options, World};

/// Between two messages of one direction.
const PAUSE: Duration = Duration::from_millis(5);
/// After this time a client sends again what got no receipt.
const CLIENT_WAIT: Duration = Duration::from_secs(5);
/// From the last kill until everything is there, for each thousand messages.
const SETTLE_WAIT: Duration = Duration::from_secs(60);

/// How many messages each way, and how many kills.
fn size() -> (usize, usize) {
    let Ok(text) = std::env::var("STANZAMAIL_CHAOS") else {
        return (1000, 10);
    };
    let (messages, kills) = text.split_once('/').expect("STANZAMAIL_CHAOS=10000/100");
    (messages.parse().unwrap(), kills.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_and_nothing_is_told_twice_under_another_name() {
    let (messages, kills) = size();
    let options = Options {
        mailbox: "after = \"move\"\nmove_to = \"Handled\"".to_owned(),
        ..Options::default()
    };
    let mut world = World::with(options).await;
    let alice = world.login("alice").await;
    let carol = world.carol();
    let mails: Vec<String> = (0..messages)
        .map(|number| format!("mail {number}"))
        .collect();

    let started = Instant::now();
    let incoming = carol_goes_on_sending(&world, mails.clone(), PAUSE);
    let outgoing = Outgoing::new(alice, carol, messages);
    let killing = async {
        let mut dice = started.elapsed().subsec_nanos() | 1;
        for _ in 0..kills {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let life = 50 + u64::from(dice >> 8) % 850;
            tokio::time::sleep(Duration::from_millis(life)).await;
            world.gateway.kill9();
            world.gateway.start_again().await;
        }
    };
    let limit = SETTLE_WAIT * u32::try_from(messages / 1000 + 1).unwrap();
    let (resent, ()) = tokio::join!(outgoing.run(limit, kills), killing);
    incoming.await.expect("Carol could send all");
    let alice = outgoing.alice;
    counting::receives_all_within(&alice, &mails, limit).await;

    let arrived = world.carol_has().await;
    report(started, messages, kills, resent, &alice, &arrived);
    every_receipt_is_true(&alice, &arrived, messages);
    one_name_each(&ids_by_text(&alice), "stanza ids");
    one_name_each(&message_ids_by_text(&arrived), "Message-IDs");
}

/// Instead of random moments, every moment that matters: the gateway dies at each of its crash points in turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_the_gateway_dies_nothing_is_lost() {
    const EACH: usize = 3;
    let mut world = World::with(Options {
        mailbox: "after = \"move\"\nmove_to = \"Handled\"".to_owned(),
        ..Options::default()
    })
    .await;
    let alice = world.login("alice").await;
    let messages = EACH * POINTS.len();
    let outgoing = Outgoing::new(alice, world.carol(), messages);
    let mails: Vec<String> = (0..messages)
        .map(|number| format!("mail {number}"))
        .collect();

    for (turn, point) in POINTS.iter().enumerate() {
        world.gateway.kill9();
        world.gateway.environment(&[("STANZAMAIL_CRASH_AT", point)]);
        world.gateway.launch();
        let numbers = turn * EACH..(turn + 1) * EACH;
        for number in numbers {
            counting::carol_sends(&world, &mails[number..=number]).await;
            outgoing.send(number).await;
        }
        // What was bounced while there was no gateway is sent again, as clients do.
        let end = Instant::now() + servers::PATIENCE;
        while !world.gateway.died(Duration::from_millis(500)).await {
            assert!(Instant::now() < end, "the gateway never came to “{point}”");
            for number in outgoing.without_receipt().range(..(turn + 1) * EACH) {
                outgoing.send(*number).await;
            }
        }
        world.gateway.environment(&[]);
        world.gateway.start_again().await;
        let end = Instant::now() + servers::PATIENCE;
        while outgoing
            .without_receipt()
            .range(..(turn + 1) * EACH)
            .next()
            .is_some()
        {
            assert!(Instant::now() < end, "no receipts after “{point}”");
            for number in outgoing.without_receipt().range(..(turn + 1) * EACH) {
                outgoing.send(*number).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
    let alice = outgoing.alice;
    counting::receives_all(&alice, &mails).await;
    let arrived = world.carol_has().await;
    every_receipt_is_true(&alice, &arrived, messages);
    one_name_each(&ids_by_text(&alice), "stanza ids");
    one_name_each(&message_ids_by_text(&arrived), "Message-IDs");
}

/// Alice, who sends and sends again.
struct Outgoing {
    alice: XmppClient,
    carol: String,
    messages: usize,
}

impl Outgoing {
    fn new(alice: XmppClient, carol: String, messages: usize) -> Self {
        Self {
            alice,
            carol,
            messages,
        }
    }

    /// Sends until everything has its receipt; answers how many were sent again.
    async fn run(&self, limit: Duration, kills: usize) -> usize {
        let mut sent: BTreeMap<usize, Instant> = BTreeMap::new();
        for number in 0..self.messages {
            self.send(number).await;
            sent.insert(number, Instant::now());
            tokio::time::sleep(PAUSE).await;
        }
        let (mut resent, end) = (
            0,
            Instant::now() + limit + Duration::from_secs(2) * u32::try_from(kills).unwrap(),
        );
        loop {
            let missing = self.without_receipt();
            if missing.is_empty() {
                return resent;
            }
            assert!(Instant::now() < end, "no receipts for {missing:?}");
            for number in missing {
                if sent[&number].elapsed() >= CLIENT_WAIT {
                    self.send(number).await;
                    sent.insert(number, Instant::now());
                    resent += 1;
                }
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn send(&self, number: usize) {
        let carol = &self.carol;
        self.alice
            .send(format!(
                "<message type='chat' to='{carol}' id='m-{number}'><body>message {number}</body>\
                 <request xmlns='urn:xmpp:receipts'/></message>"
            ))
            .await;
    }

    fn without_receipt(&self) -> BTreeSet<usize> {
        let receipts = receipts(&self.alice);
        (0..self.messages)
            .filter(|number| !receipts.contains(number))
            .collect()
    }
}

fn receipts(alice: &XmppClient) -> BTreeSet<usize> {
    let number = |stanza: &minidom::Element| {
        let receipt = find(stanza, "received", "urn:xmpp:receipts")?;
        receipt.attr("id")?.strip_prefix("m-")?.parse().ok()
    };
    alice.received().iter().filter_map(number).collect()
}

fn every_receipt_is_true(alice: &XmppClient, arrived: &[Mail], messages: usize) {
    let texts = message_ids_by_text(arrived);
    let is_there = |number: &usize| texts.contains_key(&format!("message {number}"));
    let false_ones: Vec<usize> = receipts(alice)
        .into_iter()
        .filter(|number| !is_there(number))
        .collect();
    assert!(
        false_ones.is_empty(),
        "receipts for what did not arrive: {false_ones:?}"
    );
    let lost: Vec<usize> = (0..messages).filter(|number| !is_there(number)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
}

fn report(
    started: Instant,
    messages: usize,
    kills: usize,
    resent: usize,
    alice: &XmppClient,
    arrived: &[Mail],
) {
    let shown = counting::texts(alice)
        .iter()
        .filter(|text| text.starts_with("mail "))
        .count();
    println!(
        "{messages} messages each way, {kills} kills, {:.0} s: {resent} sent again by their client; {} mails for {messages} \
         messages, {shown} messages for {messages} mails",
        started.elapsed().as_secs_f64(),
        arrived.len(),
    );
}
