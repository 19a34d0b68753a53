//! A mail that the mail server takes only later is sent once, with no error; the receipt comes when it is taken.

use super::counting::eventually;
use super::servers::PATIENCE;
use super::servers::stanza::{find, kind_of};
use super::world::World;

const RECEIPTS: &str = "urn:xmpp:receipts";

#[tokio::test]
async fn when_the_server_is_ready_again() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    world
        .mail
        .refuse_times("carol@mail.example", "450 4.2.0 mailbox is busy", 1);

    alice
        .send(format!(
            "<message type='chat' to='{}' id='late'><body>No hurry</body>\
             <request xmlns='urn:xmpp:receipts'/></message>",
            world.carol()
        ))
        .await;
    world.gateway.wait_log("mailbox is busy").await;
    assert_eq!(inbox.count().await, 0);
    assert!(
        alice
            .received()
            .iter()
            .all(|s| find(s, "received", RECEIPTS).is_none())
    );

    // The admin does not want to wait for the minute to pass.
    eventually("it is sent again", async || {
        world.gateway.signal("USR1");
        inbox.count().await == 1
    })
    .await;
    let receipt = alice
        .expect(
            |stanza| find(stanza, "received", RECEIPTS).is_some(),
            PATIENCE,
        )
        .await;
    let received = find(&receipt, "received", RECEIPTS).and_then(|child| child.attr("id"));
    assert_eq!(received, Some("late"));

    alice.send_message(&world.carol(), "And another").await;
    inbox.wait_mail_saying("And another").await;
    assert_eq!(inbox.count().await, 2, "each came once");
    assert_eq!(world.mail.attempts_for("carol@mail.example"), 3);
    let errors = alice
        .received()
        .iter()
        .filter(|s| kind_of(s) == "error")
        .count();
    assert_eq!(errors, 0);
}
