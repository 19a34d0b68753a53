//! Alice on Prosody and Bob on ejabberd meet by mail alone: they ask for each other's presence, see each other come and go,
//! talk as if they were on one server, and part.

use super::servers::SlixmppClient;
use super::servers::stanza::from;
use super::world::{Pair, PairOptions};
use minidom::Element;

const QUICK: &str = "[presence]\ndebounce = \"200ms\"\nspacing = \"1s\"\nexpires = \"60s\"\n";

#[tokio::test]
async fn ask_see_talk_and_part() {
    let pair = Pair::with(PairOptions::default().config(QUICK)).await;
    let (alice, bob) = (pair.a.slixmpp("alice").await, pair.b.slixmpp("bob").await);

    befriend(&pair, &alice, &bob).await;
    they_see_each_other(&pair, &alice, &bob).await;
    they_talk(&pair, &alice, &bob).await;
    they_part(&pair, &alice, &bob).await;
}

/// Each asks, the other approves; their own servers save it in the rosters, the gateways save the pairs.
async fn befriend(pair: &Pair, alice: &SlixmppClient, bob: &SlixmppClient) {
    alice.send(format!("<presence to='{}' type='subscribe'/>", pair.bob()));
    bob.next_presence_from(&pair.alice(), "subscribe").await;
    bob.send(format!(
        "<presence to='{}' type='subscribed'/>",
        pair.alice()
    ));
    alice.next_presence_from(&pair.bob(), "subscribed").await;
    bob.send(format!(
        "<presence to='{}' type='subscribe'/>",
        pair.alice()
    ));
    alice.next_presence_from(&pair.bob(), "subscribe").await;
    alice.send(format!("<presence to='{}' type='subscribed'/>", pair.bob()));
    bob.next_presence_from(&pair.alice(), "subscribed").await;
}

async fn they_see_each_other(pair: &Pair, alice: &SlixmppClient, bob: &SlixmppClient) {
    alice
        .expect(|stanza| is_there(stanza, &pair.bob(), None))
        .await;
    bob.expect(|stanza| is_there(stanza, &pair.alice(), None))
        .await;
    alice.send("<presence><show>away</show><status>Gone fishing</status></presence>");
    let presence = bob
        .expect(|stanza| is_there(stanza, &pair.alice(), Some("away")))
        .await;
    assert_eq!(child(&presence, "status"), "Gone fishing");
}

async fn they_talk(pair: &Pair, alice: &SlixmppClient, bob: &SlixmppClient) {
    let (to_bob, to_alice) = (pair.bob(), pair.alice());
    alice.send(format!(
        "<message to='{to_bob}' type='chat' id='a1' xml:lang='en'><body>Hello Bob, 1 &lt; 2</body><thread>t-1</thread>\
         <request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>\
         <nick xmlns='http://jabber.org/protocol/nick'>Alice</nick>\
         <sparkle xmlns='urn:example:unknown' size='3'/></message>"
    ));
    let hello = next(bob, &to_alice).await;
    assert_eq!(
        (hello.attr("id"), hello.attr("type")),
        (Some("a1"), Some("chat"))
    );
    assert_eq!(child(&hello, "body"), "Hello Bob, 1 < 2");
    assert_eq!(child(&hello, "thread"), "t-1");
    assert!(hello.has_child("request", "urn:xmpp:receipts"), "{hello:?}");
    assert!(
        hello.has_child("sparkle", "urn:example:unknown"),
        "{hello:?}"
    );

    bob.send(format!(
        "<message to='{to_alice}' type='chat' id='b1'><received xmlns='urn:xmpp:receipts' id='a1'/></message>"
    ));
    let receipt = next(alice, &to_bob).await;
    let received = receipt.get_child("received", "urn:xmpp:receipts");
    assert_eq!(
        received.and_then(|it| it.attr("id")),
        Some("a1"),
        "{receipt:?}"
    );

    bob.send(format!(
        "<message to='{to_alice}' type='chat' id='b2'><displayed xmlns='urn:xmpp:chat-markers:0' id='a1'/></message>"
    ));
    let marker = next(alice, &to_bob).await;
    assert!(
        marker.has_child("displayed", "urn:xmpp:chat-markers:0"),
        "{marker:?}"
    );

    bob.send(format!(
        "<message to='{to_alice}' type='chat' id='b3'><body>&gt; Hello Bob\nHello Alyce</body>\
         <reply xmlns='urn:xmpp:reply:0' id='a1' to='{to_alice}'/>\
         <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='12'/></fallback></message>"
    ));
    let reply = next(alice, &to_bob).await;
    let named = reply
        .get_child("reply", "urn:xmpp:reply:0")
        .expect("a reply");
    assert_eq!(
        (named.attr("id"), named.attr("to")),
        (Some("a1"), Some("alice@a.example"))
    );
    assert!(reply.has_child("fallback", "urn:xmpp:fallback:0"));

    bob.send(format!(
        "<message to='{to_alice}' type='chat' id='b4'><body>&gt; Hello Bob\nHello Alice</body>\
         <replace xmlns='urn:xmpp:message-correct:0' id='b3'/></message>"
    ));
    let correction = next(alice, &to_bob).await;
    let corrected = correction.get_child("replace", "urn:xmpp:message-correct:0");
    assert_eq!(
        corrected.and_then(|it| it.attr("id")),
        Some("b3"),
        "{correction:?}"
    );

    alice.send(format!(
        "<message to='{to_bob}' type='chat' id='a2'><reactions xmlns='urn:xmpp:reactions:0' id='b3'>\
         <reaction>👍</reaction></reactions></message>"
    ));
    let reaction = next(bob, &to_alice).await;
    let reactions = reaction
        .get_child("reactions", "urn:xmpp:reactions:0")
        .expect("reactions");
    let emoji: Vec<String> = reactions.children().map(Element::text).collect();
    assert_eq!(
        (reactions.attr("id"), emoji),
        (Some("b3"), vec!["👍".to_owned()])
    );
}

async fn they_part(pair: &Pair, alice: &SlixmppClient, bob: &SlixmppClient) {
    bob.send("<presence type='unavailable'/>");
    alice.next_presence_from(&pair.bob(), "unavailable").await;
    bob.send("<presence/>");
    alice
        .expect(|stanza| is_there(stanza, &pair.bob(), None))
        .await;
    alice.send(format!(
        "<presence to='{}' type='unsubscribe'/>",
        pair.bob()
    ));
    bob.next_presence_from(&pair.alice(), "unsubscribe").await;
    alice.send(format!(
        "<presence to='{}' type='unsubscribed'/>",
        pair.bob()
    ));
    bob.next_presence_from(&pair.alice(), "unsubscribed").await;
    bob.next_presence_from(&pair.alice(), "unavailable").await;
}

/// The next message of a contact, with a body or without.
/// What the contact says, not what is told of its name (XEP-0172).
async fn next(client: &SlixmppClient, contact: &str) -> Element {
    let is_said = |stanza: &Element| {
        let is_event = stanza.has_child("event", "http://jabber.org/protocol/pubsub#event");
        stanza.name() == "message" && !is_event && from(stanza).starts_with(contact)
    };
    client.expect(is_said).await
}

fn is_there(stanza: &Element, contact: &str, show: Option<&str>) -> bool {
    let shown = stanza
        .children()
        .find(|child| child.name() == "show")
        .map(Element::text);
    stanza.name() == "presence"
        && stanza.attr("type").is_none()
        && from(stanza).starts_with(contact)
        && shown.as_deref() == show
}

fn child(stanza: &Element, name: &str) -> String {
    let child = stanza.children().find(|child| child.name() == name);
    child.map(Element::text).unwrap_or_default()
}
