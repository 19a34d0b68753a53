//! Alice marks words as clients do (XEP-0393). Carol's mail has the text as she typed it, and a page that shows what she meant.

use super::world::World;

#[tokio::test]
async fn on_prosody() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    alice
        .send_message(&world.carol(), "At *eight*, in snake_case_street?")
        .await;
    let mail = inbox
        .wait_mail_saying("At *eight*, in snake_case_street?")
        .await;
    let raw = String::from_utf8_lossy(&mail.raw).replace("=\r\n", "");
    assert!(
        raw.contains("Content-Type: multipart/alternative;"),
        "{raw}"
    );
    assert!(
        raw.contains("At <strong>eight</strong>, in snake_case_street?"),
        "{raw}"
    );
    alice.send_message(&world.carol(), "Or later").await;
    let mail = inbox.wait_mail_saying("Or later").await;
    let raw = String::from_utf8_lossy(&mail.raw);
    assert!(!raw.contains("multipart"), "{raw}");
}
