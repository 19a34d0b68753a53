//! Alice writes, Carol answers with a real mail client, Alice answers again: one thread on both sides.

use super::servers::stanza::{body, subject, thread};
use super::servers::{Flavour, RealMailClient};
use super::world::{GreenWorld, Options, World};

#[tokio::test]
async fn on_prosody() {
    talk(World::start().await, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    talk(
        World::on(Flavour::Ejabberd, Options::default()).await,
        "bob",
    )
    .await;
}

async fn talk(world: World, name: &str) {
    let user = world.login(name).await;
    let inbox = world.mailbox("carol@mail.example").await;
    let carol = RealMailClient::new(world.mail.smtp_port, "carol@mail.example");

    user.send_message(&world.carol(), "Hello Carol").await;
    let first = inbox.wait_mail_saying("Hello Carol").await;
    assert_eq!(first.subject(), format!("Chat with {name}"));
    assert_eq!(
        first.header("From"),
        Some(format!("{name} <{name}@{}>", world.mail_domain()))
    );
    assert_eq!(first.header("Jabber-ID"), Some(user.bare().to_owned()));

    carol.reply(&first.raw, "Hello, how are you?").await;
    let answer = user.next_message_from(&world.carol()).await;
    assert!(
        body(&answer).unwrap().contains("Hello, how are you?"),
        "{answer:?}"
    );
    assert_eq!(
        subject(&answer),
        None,
        "the thread is known, so its subject is not shown again"
    );
    let thread_of_answer = thread(&answer).expect("the answer says which thread it belongs to");

    user.send_message(&world.carol(), "Fine, thank you").await;
    let second = inbox.wait_mail_saying("Fine, thank you").await;
    assert_eq!(second.subject(), format!("Re: Chat with {name}"));
    let references = second.header("References").unwrap();
    assert!(references.contains(&first.message_id()), "{references}");
    assert_ne!(
        second.header("In-Reply-To"),
        Some(first.header("Message-ID").unwrap())
    );

    carol.reply(&second.raw, "Glad to hear").await;
    let last = user.next_message_from(&world.carol()).await;
    assert_eq!(thread(&last), Some(thread_of_answer));
}

#[tokio::test]
async fn on_greenmail_with_subaddresses() {
    let world = GreenWorld::start().await;
    let alice = world.xmpp.login("alice").await;
    let inbox = world.mail.mailbox("carol@mail.example").await;
    let carol = RealMailClient::new(world.mail.smtp_port, "carol@mail.example");

    alice.send_message(&world.carol(), "Hello Carol").await;
    let first = inbox.wait_mail_saying("Hello Carol").await;
    assert_eq!(
        first.header("From"),
        Some("alice <bridge+alice@chat.a.example>".to_owned())
    );

    carol.reply(&first.raw, "Hello Alice").await;
    let answer = alice.next_message_from(&world.carol()).await;
    assert!(body(&answer).unwrap().contains("Hello Alice"), "{answer:?}");
}
