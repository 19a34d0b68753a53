//! A mail that waits at the mail server, which goes on trying and reports it, is told its sender in one sentence.

use super::servers::MailOptions;
use super::servers::stanza::{body, from, kind_of};
use super::world::{Options, World};

#[tokio::test]
async fn in_the_mail_servers_words() {
    let options = Options {
        mail: MailOptions::default().postfix("delay_warning_time = 1s"),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let late = world.contact("late@defer.example");

    alice.send_message(&late, "No hurry").await;
    let told = alice.next_message_from(&late).await;
    let words = body(&told).unwrap_or_default();
    assert!(
        words.starts_with("The message to late@defer.example is still waiting on its way: 4.4.1"),
        "{words}"
    );
    assert!(words.contains("Connection refused"), "{words}");
    assert_eq!((kind_of(&told), from(&told)), ("chat".into(), late));

    let mail = "From: carol@mail.example\nTo: alice@chat.a.example\n\nHello\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    alice.next_message_saying("Hello").await;
    assert_eq!(alice.received().iter().filter_map(body).count(), 2);
}
