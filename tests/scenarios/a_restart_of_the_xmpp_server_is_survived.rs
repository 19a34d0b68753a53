//! The XMPP server goes away and comes back. The gateway is there again within five seconds; a mail that came in the
//! meantime arrives, and messages go both ways.

use std::time::{Duration, Instant};

use super::counting::{becomes_read, carol_sends, eventually, logins};
use super::servers::Flavour;
use super::servers::stanza::body;
use super::world::{Options, World};

#[tokio::test]
async fn of_prosody() {
    survive(World::start().await, "alice").await;
}

#[tokio::test]
async fn of_ejabberd() {
    survive(
        World::on(Flavour::Ejabberd, Options::default()).await,
        "bob",
    )
    .await;
}

#[tokio::test]
async fn of_prosody_that_dies_before_it_has_read_a_message() {
    let mut world = World::start().await;
    let bridge = world.bridge().await;

    world.xmpp.pause();
    carol_sends(&world, &["Hello Alice"]).await;
    let port = world.xmpp.component_port;
    eventually("the gateway has sent the message", async || {
        has_unread(port)
    })
    .await;
    world.xmpp.kill9();
    assert!(
        bridge.all().await[0]
            .flags
            .iter()
            .all(|flag| flag != "\\Seen")
    );
    world.xmpp.start_again().await;

    let alice = world.login("alice").await;
    alice.next_message_saying("Hello Alice").await;
    becomes_read(&bridge).await;
}

/// Whether something lies in the socket of the server at that port that the server has not read: `local_address`,
/// `rem_address`, `st`, `tx_queue:rx_queue` in `/proc/net/tcp`.
fn has_unread(port: u16) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    sockets.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_ours = words
            .get(1)
            .is_some_and(|w| w.ends_with(&format!(":{port:04X}")));
        let is_up = words.get(3) == Some(&"01");
        is_ours && is_up && words.get(4).is_some_and(|w| !w.ends_with(":00000000"))
    })
}

async fn survive(mut world: World, name: &str) {
    let address = format!("{name}@{}", world.mail_domain());
    let mail = |text: &str| {
        format!(
            "From: carol@mail.example\nTo: {address}\nMessage-ID: <{text}@mail.example>\n\n{text}\n"
        )
    };
    // Logged in before the mail comes, and below after the server has its message: ejabberd may keep a message that comes
    // during a login for the next one.
    let user = world.login(name).await;
    world.carol_sends(&[&address], &mail("before")).await;
    assert_eq!(
        body(&user.next_message_from(&world.carol()).await).as_deref(),
        Some("before")
    );

    world.xmpp.stop().await;
    world.carol_sends(&[&address], &mail("meanwhile")).await;
    world.bridge().await.wait_for(2).await;
    world.xmpp.start_again().await;
    let listens = Instant::now();
    eventually("the gateway has logged in again", async || {
        logins(&world.gateway.log()) == 2
    })
    .await;
    let took = listens.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");

    becomes_read(&world.bridge().await).await;
    let user = world.login(name).await;
    user.next_message_saying("meanwhile").await;
    user.send_message(&world.carol(), "I am back").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("I am back").await;
    world.carol_sends(&[&address], &mail("afterwards")).await;
    user.next_message_saying("afterwards").await;
}
