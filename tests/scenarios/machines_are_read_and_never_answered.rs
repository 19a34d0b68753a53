//! What a program wrote is shown to the user, and the gateway writes nothing in return: no loop can begin with it.

use super::servers::stanza::kind_of;
use super::world::World;

#[tokio::test]
async fn automatic_answers_lists_and_bounces() {
    let world = World::start().await;
    let alice = world.login("alice").await;

    let vacation = "Auto-Submitted: auto-replied\nSubject: Out of office";
    writes(&world, "carol@mail.example", vacation, "I am away").await;
    let shown = alice
        .next_message_saying("*Out of office*\nI am away")
        .await;
    assert_eq!(kind_of(&shown), "chat");

    let list = "List-Id: Gardeners <gardeners.mail.example>\nPrecedence: list\nSubject: Roses";
    writes(&world, "carol@mail.example", list, "They bloom").await;
    let news = alice.next_message_saying("*Roses*\nThey bloom").await;
    assert_eq!(
        kind_of(&news),
        "chat",
        "servers throw headlines away while nobody is there"
    );

    writes(&world, "", "Subject: Undelivered", "It came back").await;
    let bounce = alice
        .next_message_saying("*Undelivered*\nIt came back")
        .await;
    assert_eq!(kind_of(&bounce), "chat");

    // Mails to one contact leave in order: what the gateway had to say would be there before what alice says.
    alice.send_message(&world.carol(), "Quiet here").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("Quiet here").await;
    world.mail.hands_all_on().await;
    assert_eq!(inbox.count().await, 1);
    assert_eq!(world.mail.attempts_for("carol@mail.example"), 1);
}

async fn writes(world: &World, reverse_path: &str, header: &str, text: &str) {
    let to = "alice@chat.a.example";
    let mail = format!("From: Carol <carol@mail.example>\nTo: {to}\n{header}\n\n{text}\n");
    let sent = world.mail.submit(reverse_path, &[to], mail).await;
    sent.expect("Postfix takes it");
}
