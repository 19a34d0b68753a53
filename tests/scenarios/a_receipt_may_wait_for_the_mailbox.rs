//! With `receipts = "dsn"` the sender of a message has the receipt when the last mail server reports that the mail was
//! delivered: not when the first one has taken it, nor when one has passed it on to where nobody reports.

use super::servers::stanza::{find, from, kind_of};
use super::servers::{PATIENCE, XmppClient};
use super::world::{Options, World};

const RECEIPTS: &str = "urn:xmpp:receipts";

#[tokio::test]
async fn of_the_contact() {
    let world = World::with(Options {
        more: "[messages]\ngather = \"0s\"\nreceipts = \"dsn\"".into(),
        ..Options::default()
    })
    .await;
    let alice = world.login("alice").await;

    // Postfix takes this one and keeps it; Dovecot's LMTP reports nothing of the next.
    asks(&alice, &world.contact("carol@defer.example"), "waits").await;
    asks(&alice, &world.carol(), "relayed").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("Are you there?").await;
    world.gateway.wait_log("Relayed").await;

    let sink = world.contact("somebody@sink.example");
    asks(&alice, &sink, "arrives").await;
    let is_receipt = |stanza: &minidom::Element| find(stanza, "received", RECEIPTS).is_some();
    let receipt = alice.expect(is_receipt, PATIENCE).await;
    assert_eq!(from(&receipt), sink);
    let received = find(&receipt, "received", RECEIPTS).unwrap();
    assert_eq!(received.attr("id"), Some("arrives"));

    let received = alice.received();
    assert_eq!(received.iter().filter(|one| is_receipt(one)).count(), 1);
    assert!(received.iter().all(|one| kind_of(one) != "error"));
}

async fn asks(alice: &XmppClient, to: &str, id: &str) {
    alice
        .send(format!(
            "<message type='chat' to='{to}' id='{id}'><body>Are you there?</body><request xmlns='{RECEIPTS}'/></message>"
        ))
        .await;
}
