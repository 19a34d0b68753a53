//! What becomes of a mail that Alice has got is what the configuration says. (Marked: see the kills.)

use super::counting::{becomes_empty, carol_sends, mails, texts};
use super::servers::{Mailbox, XmppClient};
use super::world::{Options, World};

#[tokio::test]
async fn kept_as_it_was() {
    let (mut world, alice, bridge) = deliver("keep\"").await;
    for mail in bridge.all().await {
        assert!(
            !mail.flags.iter().any(|flag| flag == "\\Seen"),
            "{:?}",
            mail.flags
        );
    }
    assert_eq!(bridge.count().await, 3);

    // The cursor alone says what was read.
    world.gateway.restart().await;
    carol_sends(&world, &mails(3..4)).await;
    alice.next_message_saying("mail 3").await;
    assert_eq!(texts(&alice).len(), 4);
}

#[tokio::test]
async fn moved_to_a_folder_that_is_made() {
    let (world, _alice, bridge) = deliver("move\"\nmove_to = \"Handled\"").await;
    becomes_empty(&bridge).await;
    let mut moved: Vec<String> = bridge
        .folder("Handled")
        .await
        .all()
        .await
        .iter()
        .map(|mail| mail.body().trim().to_owned())
        .collect();
    moved.sort();
    assert_eq!(moved, mails(0..3));
    drop(world);
}

#[tokio::test]
async fn deleted() {
    let (world, _alice, bridge) = deliver("delete\"").await;
    becomes_empty(&bridge).await;
    assert_eq!(bridge.folders().await, ["INBOX"]);
    drop(world);
}

async fn deliver(after: &str) -> (World, XmppClient, Mailbox) {
    let options = Options {
        mailbox: format!("after = \"{after}"),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let bridge = world.bridge().await;
    carol_sends(&world, &mails(0..3)).await;
    for text in mails(0..3) {
        alice.next_message_saying(&text).await;
    }
    (world, alice, bridge)
}
