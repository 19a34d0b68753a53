//! The database breaks while a message waits for the mail server and a mail waits in the mailbox. The start says so and what
//! to do; after `check --repair` both get through, and who has a pair and a subscription keeps them, from the last export.

use std::os::unix::fs::FileExt;

use super::counting::{carol_sends, texts};
use super::servers::stanza::stanza_id;
use super::world::{Options, World};

#[tokio::test]
async fn and_what_waits_gets_through() {
    let mut world = World::with(Options::default()).await;
    let alice = world.login("alice").await;
    carol_sends(&world, &["handled before"]).await;
    let first = alice.next_message_saying("handled before").await;
    world.mail.stop_postfix().await;
    alice
        .send_message(&world.carol(), "waits for the mail server")
        .await;
    world.gateway.wait_log("mails wait").await;
    let added = world
        .gateway
        .command(&["map", "add", "zoe@a.example", "zoe.smith@chat.a.example"])
        .await;
    assert!(added.status.success());
    let export = world.gateway.folder().join("export.jsonl");
    let export = export.to_string_lossy();
    assert!(
        world
            .gateway
            .command(&["map", "export", &export])
            .await
            .status
            .success()
    );
    world.gateway.kill9();

    let log = world.gateway.folder().join("store/db/db");
    let file = std::fs::OpenOptions::new().write(true).open(log).unwrap();
    file.write_all_at(&[0xa5; 5000], 0).unwrap();
    world.gateway.launch();
    assert_ne!(world.gateway.wait().await, 0);
    let said = world.gateway.log();
    assert!(said.contains("is damaged and cannot be used"), "{said}");
    assert!(said.contains("stanzamail check --repair"), "{said}");
    assert!(!said.contains("panicked"), "{said}");

    world.mail.start_postfix().await;
    carol_sends(&world, &["came meanwhile"]).await;
    let repaired = world
        .gateway
        .command(&["check", "--repair", "--from", &export])
        .await;
    let said = String::from_utf8_lossy(&repaired.stdout);
    assert!(repaired.status.success(), "{repaired:?}");
    assert!(said.contains("1 mails wait"), "{said}");
    world.gateway.start_again().await;
    alice.next_message_saying("came meanwhile").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("waits for the mail server").await;
    let found = world
        .gateway
        .command(&["map", "find", "zoe@a.example"])
        .await;
    assert!(String::from_utf8_lossy(&found.stdout).contains("zoe.smith"));
    // If what was handled came once more, then under the same id.
    let again = texts(&alice);
    let again = again.iter().filter(|text| *text == "handled before");
    let ids = super::counting::ids_by_text(&alice);
    assert_eq!(
        ids["handled before"].len(),
        1,
        "{ids:?} ({})",
        again.count()
    );
    assert!(ids["handled before"].contains(&stanza_id(&first)));
}
