//! Postfix is down while Alice writes. Her messages wait in the spool, over a restart of the gateway too, and reach Carol
//! in order soon after Postfix is back.

use stanzamail::store::spool::Spool;

use super::counting::eventually;
use super::servers::as_accepted;
use super::world::World;

#[tokio::test]
async fn and_keep_their_order() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let sent: Vec<String> = (0..12).map(|number| format!("message {number}")).collect();

    world.mail.stop_postfix().await;
    for text in &sent[..6] {
        alice.send_message(&world.carol(), text).await;
    }
    spool_holds(&world, 6).await;
    world.gateway.restart().await;
    for text in &sent[6..] {
        alice.send_message(&world.carol(), text).await;
    }
    spool_holds(&world, 12).await;

    world.mail.start_postfix().await;
    let came: Vec<String> = as_accepted(inbox.wait_for(12).await)
        .iter()
        .map(|mail| mail.body().trim().to_owned())
        .collect();
    assert_eq!(came, sent);
    spool_holds(&world, 0).await;
}

async fn spool_holds(world: &World, mails: usize) {
    let spool = world.gateway.folder().join("store/spool");
    eventually("the spool holds as many mails as it should", async || {
        Spool::look(&spool).is_ok_and(|jobs| jobs.len() == mails)
    })
    .await;
}
