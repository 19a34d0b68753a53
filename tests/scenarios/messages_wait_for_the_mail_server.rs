//! Postfix is down while Alice writes. Her messages wait in the spool, over a restart of the gateway too, and reach Carol
//! in order soon after Postfix is back.

use stanzamail::store::spool::Spool;

use super::counting::eventually;
use super::servers::as_accepted;
use super::world::World;

#[tokio::test]
async fn and_keep_their_order() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let sent: Vec<String> = (0..12).map(|number| format!("message {number}")).collect();

    world.mail.stop_postfix().await;
    for text in &sent[..6] {
        alice.send_message(&world.carol(), text).await;
    }
    spool_holds(&world, 6).await;
    world.gateway.restart().await;
    for text in &sent[6..] {
        alice.send_message(&world.carol(), text).await;
    }
    spool_holds(&world, 12).await;

    world.mail.start_postfix().await;
    let came: Vec<String> = as_accepted(inbox.wait_for(12).await)
        .iter()
        .map(|mail| mail.body().trim().to_owned())
        .collect();
    assert_eq!(came, sent);
    spool_holds(&world, 0).await;
}

#[tokio::test]
async fn and_the_status_says_which_server_is_away() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let away = [
        "the mail server has not been reached for ",
        "has not been read for ",
    ];

    world.mail.stop_postfix().await;
    world.mail.stop_dovecot().await;
    alice.send_message(&world.carol(), "Are you there?").await;
    eventually("both servers are said to be away", async || {
        let status = status(&world).await;
        away.iter().all(|words| status.contains(words))
    })
    .await;

    world.mail.start_dovecot().await;
    world.mail.start_postfix().await;
    eventually("no server is said to be away", async || {
        let status = status(&world).await;
        !away.iter().any(|words| status.contains(words))
    })
    .await;
}

/// Nothing is to be sent, and whoever watches the gateway hears of it all the same.
#[tokio::test]
async fn and_the_status_says_so_before_anybody_writes() {
    let mut world = World::start().await;
    world.mail.stop_postfix().await;
    let output = world.gateway.command(&["status"]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("the mail server has not been reached for "),
        "{said}"
    );
    assert!(said.contains("mails that wait to be sent: 0"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    world.mail.start_postfix().await;
    eventually("no server is said to be away", async || {
        let output = world.gateway.command(&["status"]).await;
        output.status.code() == Some(0)
    })
    .await;
}

async fn status(world: &World) -> String {
    let output = world.gateway.command(&["status"]).await;
    String::from_utf8(output.stdout).unwrap()
}

async fn spool_holds(world: &World, mails: usize) {
    let spool = world.gateway.folder().join("store/spool");
    eventually("the spool holds as many mails as it should", async || {
        Spool::look(&spool).is_ok_and(|jobs| jobs.len() == mails)
    })
    .await;
}
