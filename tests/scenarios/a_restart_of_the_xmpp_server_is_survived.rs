//! The XMPP server goes away and comes back. The gateway is there again within five seconds; a mail that came in the
//! meantime arrives, and messages go both ways.

use std::time::{Duration, Instant};

use super::counting::{eventually, logins};
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

async fn survive(mut world: World, name: &str) {
    let address = format!("{name}@{}", world.mail_domain());
    let mail = |text: &str| {
        format!(
            "From: carol@mail.example\nTo: {address}\nMessage-ID: <{text}@mail.example>\n\n{text}\n"
        )
    };
    world.carol_sends(&[&address], &mail("before")).await;
    let user = world.login(name).await;
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

    let user = world.login(name).await;
    user.next_message_saying("meanwhile").await;
    user.send_message(&world.carol(), "I am back").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("I am back").await;
    world.carol_sends(&[&address], &mail("afterwards")).await;
    user.next_message_saying("afterwards").await;
}
