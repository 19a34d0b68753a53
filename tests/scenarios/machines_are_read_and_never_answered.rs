//! What a program wrote is shown to the user, and the gateway writes nothing in return: no loop can begin with it.

use super::servers::stanza::{body, kind_of};
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
    assert_eq!(kind_of(&news), "headline", "news are not answered");

    writes(&world, "", "Subject: Undelivered", "It came back").await;
    let bounce = alice
        .next_message_saying("*Undelivered*\nIt came back")
        .await;
    assert_eq!(kind_of(&bounce), "chat");

    // What the gateway had to say by mail would have left before the answer to what comes last.
    writes(&world, "carol@mail.example", "Subject: Last", "Bye").await;
    let last = alice.next_message_from(&world.carol()).await;
    assert_eq!(body(&last).as_deref(), Some("*Last*\nBye"));
    let from_us = |attempt: &super::servers::policy::Attempt| {
        attempt.sender.is_empty() || attempt.sender.contains("chat.a.example")
    };
    let attempts = world.mail.attempts();
    let to_others = attempts
        .iter()
        .filter(|attempt| from_us(attempt) && attempt.recipient == "carol@mail.example");
    assert_eq!(to_others.count(), 0, "{attempts:?}");
    let inbox = world.mailbox("carol@mail.example").await;
    assert_eq!(inbox.count().await, 0);
}

async fn writes(world: &World, reverse_path: &str, header: &str, text: &str) {
    let to = "alice@chat.a.example";
    let mail = format!("From: Carol <carol@mail.example>\nTo: {to}\n{header}\n\n{text}\n");
    let sent = world.mail.submit(reverse_path, &[to], mail).await;
    sent.expect("Postfix takes it");
}
