//! A shop writes from one address, and says at which it wants answers. Alice's go there; for her they go to the
//! shop.

use super::servers::stanza::body;
use super::world::World;

#[tokio::test]
async fn and_the_chat_says_so_once() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let shop = world.contact("carol@mail.example");
    let mail = "From: Shop <carol@mail.example>\nReply-To: Dave <dave@mail.example>\nTo: alice@chat.a.example\n\
                Subject: Order 4711\nMessage-ID: <4711@mail.example>\n\nWhich colour?\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    alice.next_message_from(&shop).await;

    alice.send_message(&shop, "Green").await;
    let help = world.mailbox("dave@mail.example").await;
    let answer = help.wait_mail_saying("Green").await;
    assert_eq!(answer.header("To").as_deref(), Some("dave@mail.example"));
    assert_eq!(answer.subject(), "Re: Order 4711");
    let told = alice.next_message_from(&shop).await;
    assert!(body(&told).is_some_and(|text| text.contains("dave@mail.example")));

    alice.send_message(&shop, "Or blue").await;
    help.wait_mail_saying("Or blue").await;
    let noreply = world.mailbox("carol@mail.example").await;
    assert_eq!(noreply.count().await, 0);
    // What the shop writes next is the next thing that Alice is told.
    let next = mail
        .replace("4711@", "4712@")
        .replace("Which colour", "Sure");
    world.carol_sends(&["alice@chat.a.example"], &next).await;
    let shown = alice.next_message_from(&shop).await;
    assert!(body(&shown).is_some_and(|text| text.contains("Sure?")));
}
