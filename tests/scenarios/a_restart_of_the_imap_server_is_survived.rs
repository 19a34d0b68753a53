//! Dovecot is restarted while the gateway waits in IDLE, then stays away for a while. Mail goes on arriving.

use super::counting::{carol_sends, eventually, texts};
use super::world::World;

#[tokio::test]
async fn in_the_middle_of_idle() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    carol_sends(&world, &["before"]).await;
    alice.next_message_saying("before").await;

    world.mail.restart_dovecot().await;
    carol_sends(&world, &["after a restart"]).await;
    alice.next_message_saying("after a restart").await;

    world.mail.stop_dovecot().await;
    carol_sends(&world, &["during an outage"]).await;
    eventually("the gateway has tried to come back in vain", async || {
        world.gateway.log().matches("Connection refused").count() >= 2
    })
    .await;
    world.mail.start_dovecot().await;
    alice.next_message_saying("during an outage").await;
    carol_sends(&world, &["after an outage"]).await;
    alice.next_message_saying("after an outage").await;

    let expected = [
        "before",
        "after a restart",
        "during an outage",
        "after an outage",
    ];
    assert_eq!(texts(&alice), expected);
}
