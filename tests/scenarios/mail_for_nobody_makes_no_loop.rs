//! Mail for a user who does not exist ends quietly, and mail for an address that is nobody's stays where it is.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::servers::{Flavour, Mail, Mailbox, PATIENCE};
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
    let handled = until(&bridge, |mail| has(mail, "\\Seen")).await;
    assert!(handled.body().contains("Are you there?"));

    // The rule makes no address with a `+`.
    carol_writes(&world, "some+body", "And you?").await;
    let left = until(&bridge, |mail| has(mail, "$StanzamailLeft")).await;
    assert!(left.body().contains("And you?"));
    assert!(!has(&left, "\\Seen"), "a person may want to read it");

    carol_writes(&world, name, "But you are").await;
    user.next_message_saying("But you are").await;
    assert_eq!(user.count_messages(), 1);

    // The user's own server has answered for nobody long before this request.
    let gateway = world.xmpp.gateway.clone();
    user.iq("get", Some(&gateway), "<ping xmlns='urn:xmpp:ping'/>")
        .await;
    let inbox = world.mailbox("carol@mail.example").await;
    assert_eq!(inbox.count().await, 0, "nobody has written to carol");
    assert_eq!(world.mail.attempts_for("carol@mail.example"), 0);
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

/// The first mail whose flags are as wanted: they change while the number of mails does not.
async fn until(bridge: &Mailbox, wanted: impl Fn(&Mail) -> bool) -> Mail {
    let end = Instant::now() + PATIENCE;
    loop {
        let mails = bridge.all().await;
        if let Some(mail) = mails.iter().find(|mail| wanted(mail)) {
            return mail.clone();
        }
        assert!(Instant::now() < end, "no such mail among {mails:?}");
        sleep(Duration::from_millis(25)).await;
    }
}
