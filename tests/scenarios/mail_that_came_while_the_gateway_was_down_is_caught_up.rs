//! Carol writes while the gateway is down. Alice gets all of it afterwards, in order, each once.

use super::counting::{carol_sends, mails, texts};
use super::world::World;

#[tokio::test]
async fn in_order_each_once() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let bridge = world.bridge().await;
    world.gateway.terminate().await;

    carol_sends(&world, &mails(0..20)).await;
    // Postfix may deliver side by side: the order is the mailbox's.
    let lying_there = bridge.wait_for(20).await;
    let mut expected: Vec<String> = lying_there
        .iter()
        .map(|mail| mail.body().trim().to_owned())
        .collect();

    world.gateway.start_again().await;
    carol_sends(&world, &["the last one"]).await;
    alice.next_message_saying("the last one").await;
    expected.push("the last one".into());
    assert_eq!(texts(&alice), expected);
}

#[tokio::test]
async fn also_after_a_kill_right_after_the_very_first_start() {
    let mut world = World::start().await;
    world.gateway.kill9();
    let alice = world.login("alice").await;
    let bridge = world.bridge().await;

    carol_sends(&world, &["first mail ever"]).await;
    bridge.wait_for(1).await;

    world.gateway.start_again().await;
    alice.next_message_saying("first mail ever").await;
}
