//! A mail that the mail server refuses is an error on the message that it was, with the mail server's words, and the
//! contact is shown away until mail to it gets through.

use super::servers::XmppClient;
use super::servers::stanza::{error_condition, error_text, from, show, stanza_id, status};
use super::world::World;
use std::time::{Duration, Instant};

#[tokio::test]
async fn with_the_servers_words_on_the_message_itself() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    befriend(&world, &alice).await;

    let stranger = world.contact("no-such-person@mail.example");
    let id = alice.send_message(&stranger, "Who are you?").await;
    let error = alice.next_error().await;
    assert_eq!((stanza_id(&error), from(&error)), (id, stranger));
    assert_eq!(error_condition(&error).as_deref(), Some("item-not-found"));
    let words = error_text(&error).expect("it says why");
    assert!(words.contains("550 5.1.1"), "{words}");
    assert!(words.contains("User unknown"), "{words}");

    world
        .mail
        .refuse("carol@mail.example", "550 5.1.1 she has moved away");
    let id = alice.send_message(&world.carol(), "Are you there?").await;
    let error = alice.next_error().await;
    assert_eq!(stanza_id(&error), id);
    assert!(error_text(&error).is_some_and(|words| words.contains("she has moved away")));
    let away = alice.next_presence_from(&world.carol(), "").await;
    assert_eq!(show(&away).as_deref(), Some("away"));
    assert!(status(&away).is_some_and(|words| words.contains("she has moved away")));

    world.mail.accept("carol@mail.example");
    alice.send_message(&world.carol(), "Welcome back").await;
    let back = alice.next_presence_from(&world.carol(), "").await;
    assert_eq!(
        (show(&back), status(&back).as_deref()),
        (None, Some("by e-mail"))
    );
    let inbox = world.mailbox("carol@mail.example").await;
    let last = inbox.wait_mail_saying("Welcome back").await;
    let mails = inbox.all().await;
    assert!(
        mails
            .iter()
            .all(|mail| !mail.body().contains("Are you there?")),
        "what was refused is not sent again"
    );
    assert!(mails.iter().any(|mail| mail.uid == last.uid));
}

/// After ten errors without a mail Postfix would answer each command a second later, and hang up after twenty.
#[tokio::test]
async fn as_soon_after_many_others() {
    const MESSAGES: usize = 40;
    let world = World::start().await;
    let alice = world.login("alice").await;
    let stranger = world.contact("no-such-person@mail.example");
    let began = Instant::now();
    for number in 0..MESSAGES {
        alice
            .send_message(&stranger, &format!("Hello {number}"))
            .await;
    }
    for _ in 0..MESSAGES {
        let error = alice.next_error().await;
        assert_eq!(error_condition(&error).as_deref(), Some("item-not-found"));
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
}

async fn befriend(world: &World, alice: &XmppClient) {
    alice.send_presence(&world.carol(), "subscribe").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_for(1).await;
    let mail = "From: carol@mail.example\nTo: alice@chat.a.example\n\nHello\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    alice.next_presence_from(&world.carol(), "").await;
}
