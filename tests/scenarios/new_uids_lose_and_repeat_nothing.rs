//! The mailbox gets another UIDVALIDITY, as a restored backup has. What Alice has got does not come again, what she has
//! not got comes.

use super::counting::{carol_sends, mails, texts};
use super::world::{Options, World};

#[tokio::test]
async fn while_the_gateway_reads_and_while_it_does_not() {
    let options = Options {
        mailbox: "after = \"keep\"".into(),
        ..Options::default()
    };
    let mut world = World::with(options).await;
    let alice = world.login("alice").await;
    let bridge = world.bridge().await;
    carol_sends(&world, &mails(0..5)).await;
    alice.wait_for_messages(5, super::servers::PATIENCE).await;

    let first = bridge.uidvalidity().await;
    world.mail.change_uidvalidity("bridge@chat.a.example").await;
    carol_sends(&world, &mails(5..6)).await;
    alice.next_message_saying("mail 5").await;

    bridge.reopen().await;
    let second = bridge.uidvalidity().await;
    assert_ne!(first, second);
    world.gateway.terminate().await;
    carol_sends(&world, &mails(6..8)).await;
    bridge.wait_for(8).await;
    world.mail.change_uidvalidity("bridge@chat.a.example").await;
    bridge.reopen().await;
    assert_ne!(bridge.uidvalidity().await, second);
    world.gateway.start_again().await;

    carol_sends(&world, &mails(8..9)).await;
    alice.next_message_saying("mail 8").await;
    let mut came = texts(&alice);
    came.sort();
    assert_eq!(came, mails(0..9));
}
