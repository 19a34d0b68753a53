//! Carol's mail program writes a small picture into her mails (`Face`), and the mail server verifies her. So she has that face
//! in chat: her presence names it (XEP-0153), and whoever asks for it gets it, in her card (XEP-0054) and as what she would have
//! published herself (XEP-0084). Her presence also names what her format can (XEP-0115), and the answer bears that out.

use super::servers::stanza::{find, is_from, kind_of};
use super::servers::{Flavour, PATIENCE, XmppClient};
use super::world::{Options, World};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minidom::Element;
use ring::digest;
use std::time::Instant;

const INFO: &str = "http://jabber.org/protocol/disco#info";
const CAPS: &str = "http://jabber.org/protocol/caps";
const UPDATE: &str = "vcard-temp:x:update";
const METADATA: &str = "urn:xmpp:avatar:metadata";
/// A PNG of 48 by 48 pixels, all black, and one all white.
const BLACK: &str = "iVBORw0KGgoAAAANSUhEUgAAADAAAAAwAQAAAAB/ecQqAAAADUlEQVR42mNgGAXUBAABUAABNLg62QAAAABJRU5ErkJggg==";
const WHITE: &str = "iVBORw0KGgoAAAANSUhEUgAAADAAAAAwAQAAAAB/ecQqAAAAEElEQVR42mP4DwYMoxR1KABPVB7wgCAA8AAAAABJRU5ErkJggg==";

fn sha1(octets: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, octets)
}

fn id_of(face: &str) -> String {
    let octets = BASE64_STANDARD.decode(face).unwrap();
    let digest = sha1(&octets);
    digest
        .as_ref()
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect()
}

async fn carol_writes(world: &World, login: &str, face: &str, text: &str) {
    let to = format!("{login}@{}", world.mail_domain());
    let mail = format!(
        "Delivered-To: {to}\r\nAuthentication-Results: mx.test; dmarc=pass header.from=mail.example\r\n\
         From: Carol <carol@mail.example>\r\nFace: {face}\r\nTo: {to}\r\n\r\n{text}\r\n"
    );
    world.bridge().await.append(mail, &[]).await;
}

/// The presence of the contact that names this picture.
async fn presence(user: &XmppClient, contact: &str, id: &str) -> Element {
    let is_it = |stanza: &Element| {
        stanza.name() == "presence"
            && is_from(stanza, contact)
            && find(stanza, "photo", UPDATE).is_some_and(|photo| photo.text() == id)
    };
    user.expect(is_it, PATIENCE).await
}

async fn get(user: &XmppClient, jid: &str, payload: &str) -> Element {
    let answer = user.iq("get", Some(jid), payload).await;
    assert_eq!(kind_of(&answer), "result", "{answer:?}");
    answer
}

/// XEP-0115 §5.4, for an answer without forms.
fn hash_of(info: &Element) -> String {
    let query = find(info, "query", INFO).unwrap();
    let attr = |one: &Element, name: &str| one.attr(name).unwrap_or_default().to_owned();
    let of = |name: &'static str| query.children().filter(move |child| child.name() == name);
    let mut identities: Vec<String> = of("identity")
        .map(|one| {
            format!(
                "{}/{}//{}<",
                attr(one, "category"),
                attr(one, "type"),
                attr(one, "name")
            )
        })
        .collect();
    let mut features: Vec<String> = of("feature")
        .map(|one| format!("{}<", attr(one, "var")))
        .collect();
    identities.sort();
    features.sort();
    let all = identities.concat() + &features.concat();
    BASE64_STANDARD.encode(sha1(all.as_bytes()))
}

/// What the presence names is what is answered.
async fn bears_out(user: &XmppClient, presence: &Element) {
    let c = find(presence, "c", CAPS).unwrap();
    let (node, ver) = (c.attr("node").unwrap(), c.attr("ver").unwrap());
    let asked = format!("<query xmlns='{INFO}' node='{node}#{ver}'/>");
    let from = presence.attr("from").unwrap();
    let info = get(user, from, &asked).await;
    assert_eq!(hash_of(&info), ver, "{info:?}");
}

async fn has_a_face(flavour: Flavour, login: &str) {
    let world = World::on(
        flavour,
        Options {
            more: "[trust]\nauthserv_ids = [\"mx.test\"]".into(),
            ..Options::default()
        },
    )
    .await;
    let (user, carol) = (world.login(login).await, world.carol());
    user.send_presence(&carol, "subscribe").await;
    world
        .mailbox("carol@mail.example")
        .await
        .wait_mail_saying("would like to chat")
        .await;
    carol_writes(&world, login, BLACK, "With pleasure").await;
    let there = presence(&user, &carol, &id_of(BLACK)).await;
    bears_out(&user, &there).await;

    let card = get(&user, &carol, "<vCard xmlns='vcard-temp'/>").await;
    let photo = find(&card, "BINVAL", "vcard-temp").map(Element::text);
    assert_eq!(photo.as_deref(), Some(BLACK));
    let node = |node: &str| {
        format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>")
    };
    let metadata = get(&user, &carol, &node(METADATA)).await;
    let info = find(&metadata, "info", METADATA).unwrap();
    assert_eq!(info.attr("id"), Some(id_of(BLACK).as_str()));
    assert_eq!(info.attr("type"), Some("image/png"));
    let data = get(&user, &carol, &node("urn:xmpp:avatar:data")).await;
    let data = find(&data, "data", "urn:xmpp:avatar:data").map(Element::text);
    assert_eq!(data.as_deref(), Some(BLACK));

    // She has another one, of which the client hears in both ways.
    carol_writes(&world, login, WHITE, "It is me").await;
    presence(&user, &carol, &id_of(WHITE)).await;
    let is_event = |stanza: &Element| {
        let event = find(stanza, "event", "http://jabber.org/protocol/pubsub#event");
        let info = event.and_then(|event| find(event, "info", METADATA));
        info.is_some_and(|info| info.attr("id") == Some(id_of(WHITE).as_str()))
    };
    user.expect(is_event, PATIENCE).await;

    // The gateway itself is there, too.
    user.send_presence(&world.xmpp.gateway, "subscribe").await;
    let gateway = format!("{}/gateway", world.xmpp.gateway);
    let is_gateway = |stanza: &Element| {
        stanza.name() == "presence" && stanza.attr("from") == Some(gateway.as_str())
    };
    let there = user.expect(is_gateway, PATIENCE).await;
    bears_out(&user, &there).await;
}

/// The picture as part of the user's card (XEP-0054).
fn card() -> Vec<String> {
    let photo = format!("<PHOTO><TYPE>image/png</TYPE><BINVAL>{BLACK}</BINVAL></PHOTO>");
    vec![format!("<vCard xmlns='vcard-temp'>{photo}</vCard>")]
}

/// The picture as what the user publishes (XEP-0084), and no card.
fn published() -> Vec<String> {
    let id = id_of(BLACK);
    // As Conversations and Dino publish it: for everybody, not for contacts alone.
    let open = "<publish-options><x xmlns='jabber:x:data' type='submit'>\
        <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>\
        <field var='pubsub#access_model'><value>open</value></field></x></publish-options>";
    let item = |node: &str, payload: &str| {
        format!(
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{node}'><item id='{id}'>{payload}</item></publish>{open}</pubsub>"
        )
    };
    let data = format!("<data xmlns='urn:xmpp:avatar:data'>{BLACK}</data>");
    let octets = BASE64_STANDARD.decode(BLACK).unwrap().len();
    let info =
        format!("<info bytes='{octets}' id='{id}' type='image/png' width='48' height='48'/>");
    let metadata = format!("<metadata xmlns='{METADATA}'>{info}</metadata>");
    vec![
        item("urn:xmpp:avatar:data", &data),
        item(METADATA, &metadata),
    ]
}

/// The user's picture fits into a mail's header, as it is: Carol's mail program shows it. The answer to what the
/// gateway asks then may come late, which no mail waits for: the user writes until it is there.
async fn shows_a_face(flavour: Flavour, login: &str, saved: Vec<String>) {
    let world = World::on(flavour, Options::default()).await;
    let (user, carol) = (world.login(login).await, world.carol());
    for payload in saved {
        let saved = user.iq("set", None, &payload).await;
        assert_eq!(kind_of(&saved), "result", "{saved:?}");
    }
    let inbox = world.mailbox("carol@mail.example").await;
    let (end, mut count) = (Instant::now() + PATIENCE, 0);
    loop {
        count += 1;
        let text = format!("Hello for the {count}. time");
        user.send_message(&carol, &text).await;
        let mail = inbox.wait_mail_saying(&text).await;
        let face = mail
            .header("Face")
            .map(|face| face.replace([' ', '\r', '\n'], ""));
        match face.as_deref() {
            Some(BLACK) => break,
            face => assert!(Instant::now() < end, "{face:?}"),
        }
    }
}

#[tokio::test]
async fn on_prosody() {
    has_a_face(Flavour::Prosody, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    has_a_face(Flavour::Ejabberd, "bob").await;
}

#[tokio::test]
async fn and_a_user_has_one_in_mails_on_prosody() {
    shows_a_face(Flavour::Prosody, "alice", card()).await;
}

#[tokio::test]
async fn and_a_user_has_one_in_mails_on_ejabberd() {
    shows_a_face(Flavour::Ejabberd, "bob", card()).await;
}

/// Prosody gives what a user has published with the card, where it has `vcard_legacy`.
#[tokio::test]
async fn and_as_it_is_published_on_prosody() {
    shows_a_face(Flavour::Prosody, "alice", published()).await;
}
