//! The mail of a list comes while its reader is offline. XMPP servers keep messages of type chat for them, and throw headlines
//! away.

use super::servers::Flavour;
use super::servers::stanza::{body, kind_of};
use super::world::{Options, World};

#[tokio::test]
async fn on_prosody() {
    news_while_one_is_away(World::start().await, ["alice", "adam"]).await;
}

#[tokio::test]
async fn on_ejabberd() {
    let world = World::on(Flavour::Ejabberd, Options::default()).await;
    news_while_one_is_away(world, ["bob", "beth"]).await;
}

async fn news_while_one_is_away(world: World, [away, here]: [&str; 2]) {
    let reader = world.login(here).await;
    let news = world.contact("news@mail.example");
    let domain = world.mail_domain();
    let (first, second) = (format!("{away}@{domain}"), format!("{here}@{domain}"));
    let mail = format!(
        "From: Gardeners <news@mail.example>\nTo: {first}, {second}\nSubject: Roses\n\
         List-Id: Gardeners <gardeners.mail.example>\nPrecedence: list\nMessage-ID: <roses@mail.example>\n\nThey bloom\n"
    );
    // The gateway reads a mailbox in order: when the second has it, the first was dealt with.
    let bridge = world.bridge().await;
    for recipient in [&first, &second] {
        let raw = format!("Delivered-To: {recipient}\n{mail}").replace('\n', "\r\n");
        bridge.append(raw, &[]).await;
    }
    reader.next_message_from(&news).await;

    let reader = world.login(away).await;
    let shown = reader.next_message_from(&news).await;
    assert_eq!(kind_of(&shown), "chat");
    let text = body(&shown).expect("it has a body");
    assert!(
        text.starts_with("*Roses*") && text.ends_with("They bloom"),
        "{text}"
    );
}
