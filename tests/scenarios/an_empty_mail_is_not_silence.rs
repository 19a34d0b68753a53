//! Who gets a mail without any content is told that one came.

use super::servers::stanza::{body, is_from};
use super::world::World;

#[tokio::test]
async fn without_a_text_with_or_without_a_subject() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let to = ["alice@chat.a.example"];
    let head = "From: carol@mail.example\nTo: alice@chat.a.example\n";

    world.carol_sends(&to, &format!("{head}\n")).await;
    let nothing = alice.next_message_saying("[empty mail]").await;
    assert!(is_from(&nothing, &world.carol()), "{nothing:?}");

    let with_subject = format!("{head}Subject: call me\n\n \n\n");
    world.carol_sends(&to, &with_subject).await;
    alice.next_message_saying("*call me*\n[empty mail]").await;

    let blank_html = format!(
        "{head}MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n\
         <html><body><p>&nbsp;</p></body></html>\n"
    );
    world.carol_sends(&to, &blank_html).await;
    let message = alice.next_message_from(&world.carol()).await;
    assert_eq!(body(&message).as_deref(), Some("[empty mail]"));
}
