//! Hundreds at once: everything arrives, once, in order, on either way.

use super::counting::{mail, mails, texts};
use super::servers::{Mail, MailOptions, Mailbox};
use super::world::{Options, World};
use std::time::{Duration, Instant};

const COUNT: usize = 500;
const PATIENCE_FOR_A_BURST: Duration = Duration::from_secs(60);

#[tokio::test]
async fn of_mails_within_a_second() {
    let world = World::start().await;
    let alice = world.login("alice").await;

    let began = Instant::now();
    let raw: Vec<String> = mails(0..COUNT).iter().map(|text| mail(text)).collect();
    world.mail.dovecot.deposit("bridge@chat.a.example", &raw);
    assert!(began.elapsed() < Duration::from_secs(1), "it is a burst");

    alice.wait_for_messages(COUNT, PATIENCE_FOR_A_BURST).await;
    assert_eq!(texts(&alice), in_order(&world.bridge().await).await);
}

#[tokio::test]
async fn of_stanzas() {
    // Queue ids that begin with the time, so that they sort.
    let mail = MailOptions::default().postfix("enable_long_queue_ids = yes");
    let world = World::with(Options {
        mail,
        ..Options::default()
    })
    .await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;

    let to = world.carol();
    let message =
        |number| format!("<message to='{to}' id='b{number}'><body>mail {number}</body></message>");
    alice
        .send((0..COUNT).map(message).collect::<String>())
        .await;
    let mut arrived = wait_for_all(&inbox).await;
    assert_eq!(
        world.mail.attempts_for("carol@mail.example"),
        COUNT,
        "each once"
    );
    // Postfix delivers side by side; what the gateway promises is the order in which it hands over.
    arrived.sort_by_key(queue_id);
    assert_eq!(
        arrived.iter().map(said).collect::<Vec<_>>(),
        mails(0..COUNT)
    );
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

/// What Postfix called the mail when it took it from the gateway: the last `Received` field.
fn queue_id(mail: &Mail) -> String {
    let received = mail.headers("Received");
    let taken = received
        .iter()
        .find(|field| field.contains("(Postfix)"))
        .expect("Postfix took it");
    let id = taken.split(" id ").nth(1).expect("Postfix gives an id");
    id.split([';', ' ', '\r', '\n'])
        .next()
        .unwrap_or_default()
        .to_owned()
}
