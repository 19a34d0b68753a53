//! An admin changes the configuration and says `systemctl reload`: what decisions depend on holds at once, nobody is
//! disconnected, and the log says what takes a restart. What is wrong changes nothing.

use std::fs;

use super::counting::logins;
use super::servers::PATIENCE;
use super::servers::stanza::{error_condition, error_text, stanza_id};
use super::world::World;

#[tokio::test]
async fn and_stays_connected() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let (carol, dave) = (world.carol(), world.contact("dave@mail.example"));
    let path = world.gateway.config();
    let good = fs::read_to_string(&path).unwrap();
    alice.send_message(&carol, "Hello").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("Hello").await;

    let narrow = good.replace("sent_per_hour = \"unlimited\"", "sent_per_hour = 2");
    let deny = "[contacts]\ndeny = [\"dave@mail.example\"]";
    let narrow = narrow.replace("[contacts]", deny);
    reload(&world, &narrow);
    world
        .gateway
        .wait_log("the configuration was read again; changed: [contacts], [limits]")
        .await;
    refused(&alice, &dave, "not-allowed", "dave@mail.example").await;
    for _ in 0..2 {
        alice.send_message(&carol, "One more").await;
    }
    refused(&alice, &carol, "policy-violation", "2 mails in an hour").await;

    reload(&world, &good.replace("[smtp]", "[smtp]\nhost = 7"));
    world
        .gateway
        .wait_log("the configuration is wrong, so the previous one stays in effect")
        .await;
    refused(&alice, &dave, "not-allowed", "dave@mail.example").await;

    let secret = super::servers::SECRET;
    reload(
        &world,
        &good
            .replace(secret, "another secret")
            .replace("[smtp]", "[smtp]\nconnections = 2"),
    );
    world
        .gateway
        .wait_log("changes in [smtp], [xmpp] take effect after a restart")
        .await;
    alice.send_message(&dave, "Hello Dave").await;
    world
        .mailbox("dave@mail.example")
        .await
        .wait_mail_saying("Hello Dave")
        .await;

    assert_eq!(logins(&world.gateway.log()), 1, "it was never disconnected");
    assert!(world.gateway.running());
}

/// What a pair or a believed server was is said, since nobody sees it in the file any more.
#[tokio::test]
async fn and_says_what_is_left_of_what_was_taken_out() {
    let world = World::start().await;
    let path = world.gateway.config();
    let good = fs::read_to_string(&path).unwrap();
    let pair = "[[pair]]\njid = \"alice@a.example\"\nmail = \"a.smith@wonder.example\"\n";
    reload(&world, &format!("{good}\n{pair}"));
    world.gateway.wait_log("changed: [[pair]]").await;
    let other = "[[peer]]\ndomain = \"chat.b.example\"\nformat = \"xmpp\"\n";
    reload(&world, &format!("{good}\n{other}"));
    let kept = "the pair of alice@a.example and a.smith@wonder.example was taken out of the configuration, and the store keeps it";
    world.gateway.wait_log(kept).await;
    let believed = world
        .gateway
        .log()
        .matches("[trust] has no authserv_ids")
        .count();
    assert_eq!(believed, 2, "{}", world.gateway.log());

    let wrong: String = (0..60).map(|n| format!("x{n} = 1\n")).collect();
    reload(
        &world,
        &good.replace("[smtp]\n", &format!("[smtp]\n{wrong}")),
    );
    world.gateway.wait_log(": 10 more mistakes").await;
}

fn reload(world: &World, config: &str) {
    world.gateway.write_config(config);
    world.gateway.signal("HUP");
}

async fn refused(user: &super::servers::XmppClient, to: &str, condition: &str, why: &str) {
    let id = user.send_message(to, "Hello again").await;
    let error = user
        .expect(
            |one| stanza_id(one) == id && one.attr("type") == Some("error"),
            PATIENCE,
        )
        .await;
    assert_eq!(error_condition(&error).as_deref(), Some(condition));
    let text = error_text(&error).expect("it says why");
    assert!(text.contains(why), "{text}");
}
