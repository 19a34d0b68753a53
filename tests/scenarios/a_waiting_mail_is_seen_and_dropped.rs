//! An administrator looks at the mails that wait, has one tried now, and drops others: the sender is told, unless the
//! administrator wishes otherwise.

use super::counting::eventually;
use super::servers::stanza::{error_condition, error_text, kind_of, stanza_id};
use super::world::World;

#[tokio::test]
async fn by_the_administrator() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    world
        .mail
        .refuse("carol@mail.example", "450 4.2.0 mailbox is busy");
    let first = alice.send_message(&world.carol(), "The first").await;
    alice.send_message(&world.carol(), "The second").await;
    alice.send_message(&world.carol(), "The third").await;
    eventually("the first was tried and the others wait", async || {
        let lines = queue(&world, &["list"]).await;
        lines.lines().count() == 3 && lines.contains("mailbox is busy")
    })
    .await;

    let listed = queue(&world, &["list"]).await;
    let columns: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(columns[0][2], "alice@chat.a.example → carol@mail.example");
    assert_eq!(columns[0][4], "1");
    assert!(columns[0][6].starts_with("450 4.2.0 "), "{listed}");
    let [one, two, three] = [0, 1, 2].map(|line| columns[line][0]);
    let shown = queue(&world, &["show", &one[..6], "--body"]).await;
    assert!(shown.contains("written by: alice@a.example/"), "{shown}");
    assert!(shown.ends_with("\r\n\r\nThe first"), "{shown}");
    let shown = queue(&world, &["show", two]).await;
    assert!(shown.contains("\nTo: ") && !shown.contains("The second"));

    let dropped = queue(&world, &["drop", one]).await;
    assert!(dropped.starts_with(&format!("dropped\t{one}\t")));
    let error = alice.next_error().await;
    assert_eq!(stanza_id(&error), first);
    let condition = error_condition(&error);
    assert_eq!(condition.as_deref(), Some("undefined-condition"));
    let words = error_text(&error).unwrap();
    assert!(
        words.contains("carol@mail.example was not delivered: it was dropped by the administrator"),
        "{words}"
    );

    eventually("the second is dropped between two attempts", async || {
        let drop = ["queue", "drop", two, "--silent"];
        world.gateway.command(&drop).await.status.success()
    })
    .await;
    world.mail.accept("carol@mail.example");
    eventually("the third is tried now", async || {
        world.gateway.command(&["queue", "retry", three]).await;
        inbox.count().await == 1
    })
    .await;
    inbox.wait_mail_saying("The third").await;
    eventually("the queue is empty", async || {
        queue(&world, &["list"]).await.is_empty()
    })
    .await;
    let gone = world.gateway.command(&["queue", "drop", two]).await;
    let words = String::from_utf8_lossy(&gone.stderr).into_owned();
    assert!(words.contains("nothing that waits has the id"), "{words}");
    let stanzas = alice.received();
    let errors = stanzas.iter().filter(|one| kind_of(one) == "error");
    assert_eq!(errors.count(), 1, "nobody was told of the second");
    assert_eq!(inbox.count().await, 1);
}

async fn queue(world: &World, words: &[&str]) -> String {
    let words: Vec<&str> = [&["queue"], words].concat();
    let output = world.gateway.command(&words).await;
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
