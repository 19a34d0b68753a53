//! The gateway is killed ten times while 200 mails arrive. Alice gets each of them; one that comes twice comes under
//! the same id; and in the end the mailbox is as it should be.

use std::time::Duration;

use super::counting::{
    becomes_empty, becomes_read, carol_goes_on_sending, ids_by_text, mails, receives_all,
};
use super::world::{Options, World};

const MAILS: usize = 200;

/// For how long each gateway lives after its `ready`, in milliseconds: mails of the time in which it was dead lie there,
/// and more arrive.
const LIVES: [u64; 10] = [600, 0, 2, 4, 8, 14, 30, 90, 700, 6];

#[tokio::test]
async fn where_mails_are_moved() {
    let (world, bridge) = survive("after = \"move\"\nmove_to = \"Handled\"").await;
    becomes_empty(&bridge).await;
    assert_eq!(bridge.folder("Handled").await.count().await, MAILS);
    drop(world);
}

#[tokio::test]
async fn where_mails_are_marked() {
    let (world, bridge) = survive("after = \"seen\"").await;
    becomes_read(&bridge).await;
    assert_eq!(bridge.count().await, MAILS);
    drop(world);
}

async fn survive(after: &str) -> (World, super::servers::Mailbox) {
    let options = Options {
        mailbox: after.into(),
        ..Options::default()
    };
    let mut world = World::with(options).await;
    let alice = world.login("alice").await;
    let bridge = world.bridge().await;
    let wanted = mails(0..MAILS);
    let carol = carol_goes_on_sending(&world, wanted.clone(), Duration::from_millis(10));

    for life in LIVES {
        tokio::time::sleep(Duration::from_millis(life)).await;
        world.gateway.kill9();
        tokio::time::sleep(Duration::from_millis(150)).await;
        world.gateway.start_again().await;
    }

    carol.await.expect("Carol could send all");
    receives_all(&alice, &wanted).await;
    for (text, ids) in ids_by_text(&alice) {
        assert_eq!(ids.len(), 1, "{text} came under different ids: {ids:?}");
    }
    (world, bridge)
}
