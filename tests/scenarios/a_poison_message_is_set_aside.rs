//! The gateway has a defect: it panics on whatever speaks of curare. Such a message is set aside, its sender is told, and
//! so is the recipient of such a mail; all others pass in order, now and after a restart. When the defect is mended, the
//! administrator sends them on.

use super::counting::{mail, texts};
use super::servers::stanza::{body, error_condition, error_text, kind_of, stanza_id};
use super::servers::{Flavour, PATIENCE, as_accepted};
use super::world::{Options, World};
use std::time::{Duration, Instant};

const NOTICE: &str = "A mail from carol@mail.example could not be shown: the e-mail gateway failed on it, which is a \
                      defect of it. It lies in the mailbox.";

#[tokio::test]
async fn and_hurts_nobody_but_itself() {
    let mut world = World::prepare(Flavour::Prosody, Options::default()).await;
    let poison = [("STANZAMAIL_POISON", "curare")];
    world.gateway.environment(&poison);
    let mut world = world.started().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;

    alice.send_message(&world.carol(), "Before").await;
    let poisoned = alice.send_message(&world.carol(), "Some curare").await;
    alice.send_message(&world.carol(), "After").await;
    let error = alice.next_error().await;
    assert_eq!(stanza_id(&error), poisoned);
    let condition = error_condition(&error);
    assert_eq!(condition.as_deref(), Some("undefined-condition"));
    let words = error_text(&error).unwrap();
    assert!(words.contains("kept for the administrator"), "{words}");
    inbox.wait_mail_saying("After").await;
    let arrived = as_accepted(world.carol_has().await);
    let said: Vec<String> = arrived.iter().map(|mail| mail.body()).collect();
    let said: Vec<&str> = said.iter().map(|text| text.trim()).collect();
    assert_eq!(said, ["Before", "After"]);

    for text in ["mail before", "mail with curare", "mail after"] {
        arrives(&world, text).await;
    }
    alice.next_message_saying("mail after").await;
    assert_eq!(texts(&alice), ["mail before", NOTICE, "mail after"]);

    world.gateway.restart().await;
    arrives(&world, "still here").await;
    alice.next_message_saying("still here").await;
    alice.send_message(&world.carol(), "Still there").await;
    inbox.wait_mail_saying("Still there").await;
    let messages = texts(&alice);
    assert_eq!(messages.iter().filter(|text| *text == NOTICE).count(), 1);
    let stanzas = alice.received();
    let errors = stanzas.iter().filter(|one| kind_of(one) == "error");
    assert_eq!(errors.count(), 1);
    let bridge = world.bridge().await;
    let held = bridge.wait_mail_saying("mail with curare").await;
    assert!(
        held.flags
            .iter()
            .any(|flag| flag == "$StanzamailLeft-gateway.a.example")
    );

    let [stanza, mail] = quarantined(&world).await;
    world.gateway.environment(&[]);
    world.gateway.restart().await;
    for id in [&stanza, &mail] {
        let retried = world.gateway.command(&["queue", "retry", id]).await;
        assert!(retried.status.success(), "{retried:?}");
    }
    let shown = alice.next_message_saying("mail with curare").await;
    assert_eq!(body(&shown).as_deref(), Some("mail with curare"));
    inbox.wait_mail_saying("Some curare").await;
    // The mail is there before the queue has heard so.
    let end = Instant::now() + PATIENCE;
    loop {
        let listed = world.gateway.command(&["queue", "list"]).await;
        if listed.stdout.is_empty() {
            break;
        }
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(Instant::now() < end, "{listed}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A mail as the mail server lays it into the mailbox: in this order.
async fn arrives(world: &World, text: &str) {
    let mail = mail(text).replace('\n', "\r\n");
    let mail = format!("Delivered-To: alice@chat.a.example\r\n{mail}");
    world.bridge().await.append(mail, &[]).await;
}

/// The ids of the one stanza and the one mail that the administrator sees.
async fn quarantined(world: &World) -> [String; 2] {
    let listed = world.gateway.command(&["queue", "list"]).await;
    let listed = String::from_utf8(listed.stdout).unwrap();
    let lines: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert_eq!(lines[0][5], "quarantined stanza");
    assert!(lines[0][2].starts_with("alice@a.example/"), "{listed}");
    assert_eq!(lines[1][5], "quarantined mail");
    assert_eq!(lines[1][2], "carol@mail.example → alice@chat.a.example");
    assert_eq!(lines[1][6], "a test asked for it");
    [0, 1].map(|line| lines[line][0].to_owned())
}
