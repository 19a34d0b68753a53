//! Hundreds at once: everything arrives, once, in order, on either way.

use super::counting::{mail, mails, texts};
use super::servers::{Mail, Mailbox, as_accepted};
use super::world::World;
use std::time::{Duration, Instant};

const COUNT: usize = 500;
const PATIENCE_FOR_A_BURST: Duration = Duration::from_secs(60);

#[tokio::test]
async fn of_mails_within_a_second() {
    let world = World::start().await;
    let alice = world.login("alice").await;

    let raw: Vec<String> = mails(0..COUNT).iter().map(|text| mail(text)).collect();
    world.mail.dovecot.deposit("bridge@chat.a.example", &raw);

    alice.wait_for_messages(COUNT, PATIENCE_FOR_A_BURST).await;
    assert_eq!(texts(&alice), in_order(&world.bridge().await).await);
}

#[tokio::test]
async fn of_stanzas() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;

    let to = world.carol();
    let message =
        |number| format!("<message to='{to}' id='b{number}'><body>mail {number}</body></message>");
    alice
        .send((0..COUNT).map(message).collect::<String>())
        .await;
    let arrived = wait_for_all(&inbox).await;
    assert_eq!(
        world.mail.attempts_for("carol@mail.example"),
        COUNT,
        "each once"
    );
    let in_order: Vec<String> = as_accepted(arrived).iter().map(said).collect();
    assert_eq!(in_order, mails(0..COUNT));
}

async fn wait_for_all(mailbox: &Mailbox) -> Vec<Mail> {
    let began = Instant::now();
    while mailbox.count().await < COUNT && began.elapsed() < PATIENCE_FOR_A_BURST {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    mailbox.all().await
}

/// The texts in the order of the mailbox.
async fn in_order(mailbox: &Mailbox) -> Vec<String> {
    mailbox.all().await.iter().map(said).collect()
}

fn said(mail: &Mail) -> String {
    mail.body().trim().to_owned()
}
