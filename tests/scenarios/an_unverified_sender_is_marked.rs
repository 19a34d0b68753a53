//! The mail server writes what it found out about a sender on top of each mail. Who is verified speaks, who is not is
//! marked, and who failed is held in the mailbox.

use super::servers::stanza::body;
use super::world::{Options, World};

const TRUST: &str = "[trust]\nauthserv_ids = [\"mx.a.example\"]";

#[tokio::test]
async fn and_one_who_failed_is_held() {
    let world = World::with(Options {
        more: TRUST.into(),
        ..Options::default()
    })
    .await;
    let alice = world.login("alice").await;
    world
        .gateway
        .wait_log("senders are verified by what mx.a.example says")
        .await;

    arrives(
        &world,
        &["mx.a.example; dmarc=pass (p=reject) header.from=mail.example"],
        "It is me",
    )
    .await;
    let message = alice.next_message_from(&world.carol()).await;
    assert_eq!(body(&message).as_deref(), Some("It is me"));

    // Whoever sent this wrote the field, too.
    arrives(
        &world,
        &["mx.mail.example; dmarc=pass header.from=mail.example"],
        "Who knows",
    )
    .await;
    let message = alice.next_message_from(&world.carol()).await;
    assert_eq!(
        body(&message).as_deref(),
        Some("[Unverified sender. This is said once a day.]\nWho knows")
    );

    let failed = [
        "mx.a.example;\r\n\tdmarc=fail (p=reject) header.from=mail.example",
        "mx.a.example; dmarc=pass header.from=mail.example",
    ];
    arrives(&world, &failed, "Send me money").await;
    let told = alice.next_message_from(&world.xmpp.gateway).await;
    let words = body(&told).unwrap();
    assert!(
        words.contains("from carol@mail.example failed authentication"),
        "{words}"
    );

    arrives(
        &world,
        &["mx.a.example; dkim=pass header.d=mail.example"],
        "That was all",
    )
    .await;
    alice.next_message_saying("That was all").await;
    assert_eq!(alice.count_messages(), 4, "what failed was not shown");

    let bridge = world.bridge().await;
    let held = bridge.wait_mail_saying("Send me money").await;
    let has = |flag: &str| held.flags.iter().any(|one| one == flag);
    assert!(
        has("$StanzamailLeft-gateway.a.example") && !has("\\Seen"),
        "{:?}",
        held.flags
    );
}

/// A mail as the mail server lays it into the mailbox.
async fn arrives(world: &World, results: &[&str], text: &str) {
    let results: String = results
        .iter()
        .map(|result| format!("Authentication-Results: {result}\r\n"))
        .collect();
    let mail = format!(
        "Delivered-To: alice@chat.a.example\r\n{results}From: carol@mail.example\r\nTo: alice@chat.a.example\r\n\r\n{text}\r\n"
    );
    world.bridge().await.append(mail, &[]).await;
}
