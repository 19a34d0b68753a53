//! A contact is available while the gateway runs, and whoever logs in sees it.

use super::servers::stanza::status;
use super::servers::{Flavour, XmppClient};
use super::world::{Options, World};

#[tokio::test]
async fn on_prosody() {
    stop_and_start(World::start().await, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    stop_and_start(
        World::on(Flavour::Ejabberd, Options::default()).await,
        "bob",
    )
    .await;
}

async fn stop_and_start(mut world: World, name: &str) {
    let user = world.login(name).await;
    befriend(&world, &user).await;
    is_there(&world, &user).await;

    assert_eq!(world.gateway.terminate().await, 0);
    user.next_presence_from(&world.carol(), "unavailable").await;

    world.gateway.start_again().await;
    is_there(&world, &user).await;

    let phone = world.xmpp.login_as(name, "phone").await;
    is_there(&world, &phone).await;
}

async fn befriend(world: &World, user: &XmppClient) {
    user.send_presence(&world.carol(), "subscribe").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_for(1).await;
    let to = user.bare().replace('@', "@chat.");
    let mail = format!("From: carol@mail.example\nTo: {to}\n\nHello\n");
    world.carol_sends(&[&to], &mail).await;
}

async fn is_there(world: &World, user: &XmppClient) {
    let presence = user.next_presence_from(&world.carol(), "").await;
    assert_eq!(status(&presence).as_deref(), Some("by e-mail"));
}
