//! Mail for a user who does not exist ends quietly, and mail for an address that is nobody's stays where it is.

use super::counting::eventually;
use super::servers::{Flavour, Mail, Mailbox};
use super::world::{Options, World};

#[tokio::test]
async fn on_prosody() {
    nobody_answers(World::start().await, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    nobody_answers(
        World::on(Flavour::Ejabberd, Options::default()).await,
        "bob",
    )
    .await;
}

async fn nobody_answers(world: World, name: &str) {
    let user = world.login(name).await;
    let bridge = world.bridge().await;

    // Every local part is somebody's by rule; only the XMPP server knows that this user does not exist.
    carol_writes(&world, "nobody", "Are you there?").await;
    let handled = flagged(&bridge, "\\Seen").await;
    assert!(handled.body().contains("Are you there?"));

    // The rule makes no address with a `+`.
    carol_writes(&world, "some+body", "And you?").await;
    let left = flagged(&bridge, &format!("$StanzamailLeft-{}", world.xmpp.gateway)).await;
    assert!(left.body().contains("And you?"));
    assert!(!has(&left, "\\Seen"), "a person may want to read it");

    carol_writes(&world, name, "But you are").await;
    user.next_message_saying("But you are").await;
    assert_eq!(user.count_messages(), 1);

    // Long after the XMPP server has refused what was for nobody, carol has nothing but what the user writes.
    user.send_message(&world.carol(), "Here I am").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("Here I am").await;
    world.mail.hands_all_on().await;
    assert_eq!(inbox.count().await, 1);
    assert_eq!(world.mail.attempts_for("carol@mail.example"), 1);
    assert_eq!(bridge.count().await, 3);
}

async fn carol_writes(world: &World, local: &str, text: &str) {
    let to = format!("{local}@{}", world.mail_domain());
    let mail = format!("From: carol@mail.example\nTo: {to}\n\n{text}\n");
    world.carol_sends(&[&to], &mail).await;
}

fn has(mail: &Mail, flag: &str) -> bool {
    mail.flags.iter().any(|one| one == flag)
}

/// The mail that gets a flag.
async fn flagged(bridge: &Mailbox, flag: &str) -> Mail {
    let find = async || bridge.all().await.into_iter().find(|mail| has(mail, flag));
    eventually(flag, async || find().await.is_some()).await;
    find().await.expect("it was there")
}
