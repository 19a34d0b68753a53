//! Postfix is down while Alice writes, and she takes a message back that waits (XEP-0424): Carol never gets it, and Alice is
//! told that nobody has seen it.

use super::servers::stanza::contact;
use super::world::World;
use stanzamail::store::spool::Spool;

use super::counting::eventually;

#[tokio::test]
async fn while_the_mail_server_is_away() {
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let carol = contact("carol@mail.example", &world.xmpp.gateway);
    let inbox = world.mailbox("carol@mail.example").await;
    let spool = world.gateway.folder().join("store/spool");
    let waiting = async |count: usize| {
        eventually("the spool holds as many mails as it should", async || {
            Spool::look(&spool).is_ok_and(|jobs| jobs.len() == count)
        })
        .await;
    };

    world.mail.stop_postfix().await;
    for (id, text) in [("m1", "one"), ("m2", "two"), ("m3", "three")] {
        let message = format!(
            "<message type='chat' to='{carol}' id='{id}'><body>message {text}</body></message>"
        );
        alice.send(message).await;
    }
    waiting(3).await;
    alice.send(format!("<message type='chat' to='{carol}' id='t1'><body>/me retracted a message</body><retract xmlns='urn:xmpp:message-retract:1' id='m2'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/></message>")).await;
    waiting(2).await;
    let told = alice.next_message_from(&carol).await;
    let words = super::servers::stanza::body(&told).unwrap();
    assert!(words.contains("nobody has seen it"), "{words}");

    world.mail.start_postfix().await;
    let mails = inbox.wait_for(2).await;
    let mut came: Vec<String> = mails
        .iter()
        .map(|mail| mail.body().trim().to_owned())
        .collect();
    came.sort();
    assert_eq!(came, ["message one", "message three"]);
    waiting(0).await;

    // By now the first one has left.
    alice.send(format!("<message type='chat' to='{carol}' id='t2'><retract xmlns='urn:xmpp:message-retract:1' id='m1'/></message>")).await;
    let told = alice.next_message_from(&carol).await;
    let words = super::servers::stanza::body(&told).unwrap();
    assert!(words.contains("cannot be taken back"), "{words}");
    assert_eq!(world.carol_has().await.len(), 2);
}
