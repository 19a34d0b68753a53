//! Somebody looks into the gateway's mailbox with a mail client of their own and marks, moves and deletes mails, before
//! and after the gateway has read them. All others arrive.

use std::collections::BTreeSet;
use std::time::Duration;

use super::counting::{carol_goes_on_sending, carol_sends, mails, receives_all, texts};
use super::world::World;

#[tokio::test]
async fn before_the_gateway_has_read_them() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let bridge = world.bridge().await;
    bridge.create_folder("Elsewhere").await;
    carol_sends(&world, &["hello"]).await;
    alice.next_message_saying("hello").await;

    world.gateway.pause();
    carol_sends(&world, &mails(0..12)).await;
    let lying_there = bridge.wait_for(13).await;
    let mut stay = BTreeSet::new();
    for (number, mail) in lying_there.iter().skip(1).enumerate() {
        match number / 3 {
            0 => bridge.flag(mail.uid, &["\\Seen"]).await,
            1 => bridge.move_to(mail.uid, "Elsewhere").await,
            2 => bridge.delete(mail.uid).await,
            _ => {}
        }
        if !(3..9).contains(&number) {
            stay.insert(mail.body().trim().to_owned());
        }
    }
    world.gateway.resume();

    carol_sends(&world, &["the last one"]).await;
    alice.next_message_saying("the last one").await;
    let came: BTreeSet<String> = texts(&alice).drain(1..7).collect();
    assert_eq!(came, stay);
    assert_eq!(texts(&alice).len(), 8);
}

#[tokio::test]
async fn while_it_reads_others() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let bridge = world.bridge().await;
    bridge.create_folder("Elsewhere").await;
    let wanted = mails(0..60);
    let carol = carol_goes_on_sending(&world, wanted.clone(), Duration::from_millis(20));

    while !carol.is_finished() {
        for mail in bridge.all().await {
            let is_handled = mail.flags.iter().any(|flag| flag == "\\Seen");
            match mail.uid % 3 {
                _ if !is_handled => {}
                0 => bridge.delete(mail.uid).await,
                1 => bridge.move_to(mail.uid, "Elsewhere").await,
                _ => bridge.flag(mail.uid, &["\\Flagged"]).await,
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    carol.await.expect("Carol could send all");
    receives_all(&alice, &wanted).await;
    assert_eq!(texts(&alice).len(), wanted.len());
}
