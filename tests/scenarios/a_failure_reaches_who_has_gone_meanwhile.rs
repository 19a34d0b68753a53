//! A message fails after the client that sent it has gone. The error would reach nobody, since servers drop errors to a
//! client that is not there; so the user is told by a message, which waits for them. Who is there is told by the error.

use super::counting::eventually;
use super::servers::stanza::{body, error_text, find, from, kind_of, stanza_id};
use super::servers::{PATIENCE, XmppClient};
use super::world::World;

#[tokio::test]
async fn and_tells_nobody_twice() {
    let world = World::start().await;
    let carol = world.carol();
    let phone = world.xmpp.login_as("alice", "phone").await;

    world.mail.refuse("carol@mail.example", "450 4.2.1 later");
    let lost = phone.send_message(&carol, "Are you there?").await;
    eventually("it was tried", async || {
        world.mail.attempts_for("carol@mail.example") > 0
    })
    .await;
    phone.send("</stream:stream>").await;
    eventually("the phone is gone", async || phone.closed()).await;
    let tablet = world.xmpp.login_as("alice", "tablet").await;

    world.mail.accept("carol@mail.example");
    world
        .mail
        .refuse("carol@mail.example", "550 5.1.1 she has moved away");
    let told = eventually_told(&world, &tablet).await;
    assert_eq!(
        (from(&told), kind_of(&told)),
        (carol.clone(), "chat".into())
    );
    let words = body(&told).unwrap();
    assert!(
        words.starts_with("The message to carol@mail.example was not delivered"),
        "{words}"
    );
    let reply = told
        .get_child("reply", "urn:xmpp:reply:0")
        .expect("it says which");
    assert_eq!(reply.attr("id"), Some(lost.as_str()));

    // Who is there gets the error, and no message beside it.
    let second = tablet.send_message(&carol, "And now?").await;
    let error = tablet.next_error().await;
    assert_eq!(stanza_id(&error), second);
    assert!(error_text(&error).is_some_and(|words| words.contains("she has moved away")));
    let is_ping = |stanza: &minidom::Element| find(stanza, "ping", "urn:xmpp:ping").is_some();
    let ping = tablet.expect(is_ping, PATIENCE).await;
    let (gateway, id) = (from(&ping), stanza_id(&ping));
    let pong = format!("<iq type='result' to='{gateway}' id='{id}'/>");
    tablet.send(pong).await;
    let mail = "From: dave@mail.example\nTo: alice@chat.a.example\n\nHello\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    tablet.next_message_saying("Hello").await;
    assert_eq!(tablet.received().iter().filter_map(body).count(), 2);
}

/// The administrator has what waits tried now.
async fn eventually_told(world: &World, alice: &XmppClient) -> minidom::Element {
    let listed = world.gateway.command(&["queue", "list"]).await;
    let listed = String::from_utf8(listed.stdout).unwrap();
    let job = listed.split('\t').next().expect("one waits").to_owned();
    eventually("it is tried now", async || {
        world.gateway.command(&["queue", "retry", &job]).await;
        world.mail.attempts_for("carol@mail.example") > 1
    })
    .await;
    alice.next_message_from(&world.carol()).await
}
