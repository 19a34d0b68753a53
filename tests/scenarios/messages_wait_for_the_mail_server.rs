//! Postfix is down while Alice writes. Her messages wait in the spool, over a restart of the gateway too, and reach Carol
//! in order soon after Postfix is back.

use super::counting::eventually;
use super::servers::MailOptions;
use super::world::{Options, World};

#[tokio::test]
async fn and_keep_their_order() {
    // One delivery at a time, so that the order of the mailbox is the one in which Postfix was given the mails.
    let mail = MailOptions::default()
        .postfix("lmtp_destination_concurrency_limit = 1")
        .postfix("lmtp_initial_destination_concurrency = 1");
    let mut world = World::with(Options {
        mail,
        ..Options::default()
    })
    .await;
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
    let came: Vec<String> = inbox
        .wait_for(12)
        .await
        .iter()
        .map(|mail| mail.body().trim().to_owned())
        .collect();
    assert_eq!(came, sent);
    spool_holds(&world, 0).await;
}

async fn spool_holds(world: &World, mails: usize) {
    let queue = world.gateway.folder().join("store/spool/queue");
    let count = || std::fs::read_dir(&queue).map_or(0, Iterator::count);
    eventually("the spool holds as many mails as it should", async || {
        count() == mails
    })
    .await;
}
