//! A user who floods, or whose password was stolen, sends as much as the configuration allows, is told why not more, and
//! is a trouble to nobody else.

use super::servers::XmppClient;
use super::servers::stanza::{error_condition, error_text, stanza_id};
use super::world::{Options, World};

#[tokio::test]
async fn and_others_send_as_before() {
    let world = World::with(Options {
        more: "[limits]\nsent_per_hour = 5\nnew_contacts_per_day = 3".to_owned(),
        ..Options::default()
    })
    .await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);

    for number in 1..=3 {
        let stranger = world.contact(&format!("stranger{number}@nowhere.example"));
        alice.send_message(&stranger, "Buy now").await;
    }
    let carol = world.carol();
    let id = alice.send_message(&carol, "Hello Carol").await;
    refused(&alice, &id, "3 new addresses in a day").await;
    let invitation = format!("<presence type='subscribe' id='add' to='{carol}'/>");
    alice.send(invitation).await;
    refused(&alice, "add", "3 new addresses in a day").await;

    let known = world.contact("stranger1@nowhere.example");
    for _ in 0..2 {
        alice.send_message(&known, "Buy now!").await;
    }
    let id = alice.send_message(&known, "Buy now!!").await;
    refused(&alice, &id, "5 mails in an hour").await;

    adam.send_message(&carol, "Hello from Adam").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("Hello from Adam").await;
    world.mail.hands_all_on().await;
    assert_eq!(inbox.count().await, 1, "none of Alice's");
}

async fn refused(user: &XmppClient, id: &str, why: &str) {
    let error = user
        .expect(
            |stanza| stanza_id(stanza) == id && error_condition(stanza).is_some(),
            super::servers::PATIENCE,
        )
        .await;
    assert_eq!(error_condition(&error).as_deref(), Some("policy-violation"));
    let text = error_text(&error).expect("it says why");
    assert!(
        text.contains(why) && text.contains("try again in"),
        "{text}"
    );
}
