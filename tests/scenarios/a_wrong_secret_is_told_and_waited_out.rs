//! The component's secret is wrong on one side. The log says so and what to compare, nothing claims to be ready, and the
//! gateway attaches as soon as it is mended, on either side.

use std::fs;

use super::counting::logins;
use super::servers::{Flavour, SECRET};
use super::world::{Options, World};

#[tokio::test]
async fn until_the_server_has_the_right_one() {
    let mut world = World::prepare(Flavour::Prosody, Options::default()).await;
    let prosody = world.xmpp.folder().join("prosody.cfg.lua");
    let right = fs::read_to_string(&prosody).unwrap();
    fs::write(&prosody, right.replace(SECRET, "another secret")).unwrap();
    world.xmpp.restart().await;

    world.gateway.launch();
    complains(&mut world).await;

    fs::write(&prosody, right).unwrap();
    world.xmpp.restart().await;
    world.gateway.wait_ready().await;
    talks(&world).await;
}

#[tokio::test]
async fn until_the_gateway_has_the_right_one() {
    let mut world = World::prepare(Flavour::Ejabberd, Options::default()).await;
    let right = fs::read_to_string(world.gateway.config()).unwrap();
    world
        .gateway
        .write_config(&right.replace(SECRET, "another secret"));
    world.gateway.launch();
    complains(&mut world).await;

    world.gateway.write_config(&right);
    world.gateway.restart().await;
    talks(&world).await;
}

async fn complains(world: &mut World) {
    let gateway = &world.xmpp.gateway;
    let complaint = format!("does not accept the secret of {gateway}. Compare it with");
    world.gateway.wait_log(&complaint).await;
    world.gateway.wait_log("reading the mailbox").await;
    assert!(world.gateway.running());
    let log = world.gateway.log();
    assert_eq!(log.matches(&complaint).count(), 1, "{log}");
    assert!(!log.contains(" ready "), "{log}");
    assert_eq!(logins(&log), 0);
}

async fn talks(world: &World) {
    let (name, _) = world.xmpp.options.users[0].0.split_once('@').unwrap();
    let user = world.login(name).await;
    let inbox = world.mailbox("carol@mail.example").await;
    user.send_message(&world.carol(), "Hello Carol").await;
    inbox.wait_mail_saying("Hello Carol").await;
}
