//! Somebody starts the gateway twice: with the same store it is refused, with another one the XMPP server refuses it.
//! The first goes on as if nothing had happened.

use std::fs;

use super::counting::{carol_sends, logins, texts};
use super::servers::Gateway;
use super::world::{PROGRAM, World};

#[tokio::test]
async fn on_the_same_store() {
    let mut world = World::start().await;
    let config = fs::read_to_string(world.gateway.config()).unwrap();

    let mut second = Gateway::prepare(PROGRAM, &config);
    second.launch();
    assert_ne!(second.wait().await, 0);
    let store = world.gateway.folder().join("store").display().to_string();
    let log = second.log();
    assert!(log.contains(&store) && log.contains("another"), "{log}");
    assert!(log.lines().count() <= 3, "{log}");

    goes_on(&mut world).await;
}

#[tokio::test]
async fn on_the_same_component_name() {
    let mut world = World::start().await;
    let config = fs::read_to_string(world.gateway.config()).unwrap();
    let mut second = Gateway::prepare(PROGRAM, &config);
    let folder = world.gateway.folder().display().to_string();
    second.write_config(&config.replace(&folder, "@DIR@"));
    second.launch();
    second
        .wait_log("the XMPP server has another connection of gateway.a.example: a second gateway")
        .await;
    second.wait_log("reading the mailbox").await;

    goes_on(&mut world).await;
    assert!(second.running());
    assert_eq!(logins(&second.log()), 0);
}

async fn goes_on(world: &mut World) {
    let alice = world.login("alice").await;
    alice.send_message(&world.carol(), "Hello Carol").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("Hello Carol").await;
    carol_sends(world, &["Hello Alice", "Bye Alice"]).await;
    alice.next_message_saying("Bye Alice").await;
    assert_eq!(texts(&alice).len(), 2);
    assert!(world.gateway.running());
    assert_eq!(logins(&world.gateway.log()), 1);
}
