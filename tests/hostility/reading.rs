//! E6 to E23: what an attacker found in how mails and stanzas are read, once more between a real Prosody, Postfix and Dovecot.

use super::servers::stanza::{body, error_condition, error_text, find, from, stanza_id};
use super::servers::{PATIENCE, XmppClient};
use super::world::{Options, World};
use minidom::Element;

const TO: &str = "Delivered-To: alice@chat.a.example\nTo: alice@chat.a.example\n";
const PASSED: &str = "Authentication-Results: mx.test; dmarc=pass header.from=mail.example\nDate: ";

fn now() -> String {
    chrono::Utc::now().to_rfc2822()
}

/// A mail whose sender our own mail server has verified.
pub fn verified(from: &str, id: &str, more: &str, text: &str) -> String {
    let date = now();
    format!("{PASSED}{date}\nFrom: {from}\n{TO}Message-ID: <{id}@mail.example>\n{more}\n{text}\n")
}

/// The next message with these words in it.
pub async fn hears(client: &XmppClient, words: &str) -> Element {
    let has = |stanza: &Element| body(stanza).is_some_and(|body| body.contains(words));
    client.expect(has, PATIENCE).await
}

async fn world() -> World {
    World::with(Options {
        more: "[trust]\nauthserv_ids = [\"mx.test\"]".to_owned(),
        ..Options::default()
    })
    .await
}

/// A header of 270 KB before what makes a mail unbelievable, and a text that is five times as long when it is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e6_e10_a_mail_that_is_too_long_is_told_and_not_believed() {
    let world = world().await;
    let (alice, bridge) = (world.login("alice").await, world.bridge().await);
    let junk: String = (0..300)
        .map(|n| format!("X-Junk-{n}: {}\n", "j".repeat(900)))
        .collect();
    let hidden = format!("{junk}From: eve@mail.example\nList-Id: <l.mail.example>\n");
    let attack = verified("ceo@mail.example", "e6", &hidden, "please pay");
    bridge.append(attack.replace('\n', "\r\n"), &[]).await;
    let told = hears(&alice, "too long to be checked").await;
    assert_eq!(from(&told), world.xmpp.gateway);

    let long = verified("carol@mail.example", "e10", "", &"<&>".repeat(40_000));
    bridge.append(long.replace('\n', "\r\n"), &[]).await;
    let shown = hears(&alice, "[The text goes on;").await;
    assert_eq!(from(&shown), world.carol());
    assert!(body(&shown).expect("a text").len() > 20_000);
    let ordinary = verified("carol@mail.example", "after", "", "and after it");
    bridge.append(ordinary.replace('\n', "\r\n"), &[]).await;
    hears(&alice, "and after it").await;
    let texts = alice.received();
    assert!(
        texts
            .iter()
            .all(|one| body(one).as_deref() != Some("please pay"))
    );
}

/// Nobody speaks as the gateway, as somebody else, or as another mailbox.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e12_e20_e23_who_writes_is_who_it_comes_from() {
    let world = world().await;
    let (alice, bridge) = (world.login("alice").await, world.bridge().await);
    let karl = verified("karl@mail.example", "e20.1", "", "from karl");
    bridge.append(karl.replace('\n', "\r\n"), &[]).await;
    let known = from(&hears(&alice, "from karl").await);
    assert_eq!(known, world.contact("karl@mail.example"));
    let mut others = Vec::new();
    for (number, sender) in ["\u{212a}arl@mail.example", "\u{17f}@mail.example"]
        .iter()
        .enumerate()
    {
        let text = format!("Log in at https://evil.example/{number}");
        let mail = verified(sender, &format!("e12.{number}"), "", &text);
        bridge.append(mail.replace('\n', "\r\n"), &[]).await;
        let shown = hears(&alice, &text).await;
        assert!(
            from(&shown).starts_with("unanswerable-"),
            "{}",
            from(&shown)
        );
        others.push(from(&shown));
    }
    assert_ne!(others[0], others[1]);
    alice.send_message(&others[0], "Who are you?").await;
    let error = alice.next_error().await;
    assert_eq!(from(&error), others[0]);
    assert!(
        error_text(&error)
            .expect("words")
            .contains("answer by a mail program")
    );

    let stanzas = "<message><body>one</body><nick xmlns='http://jabber.org/protocol/nick'>adam@a.example</nick>\
        <x xmlns='jabber:x:delay' stamp='20990101T00:00:00'/><no-store xmlns='urn:xmpp:hints'/></message>\
        <message><body>two</body><nick xmlns='http://jabber.org/protocol/nick'>Carol</nick></message>";
    let carried = format!(
        "XMPP-Bridge: v=1\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nwords\n--b\nContent-Type: application/xmpp+xml\n\n<xmpp xmlns='jabber:client'>{stanzas}</xmpp>\n--b--"
    );
    let mail = verified("carol@mail.example", "e22", &carried, "");
    // The parts are all there is.
    bridge
        .append(mail.trim_end().replace('\n', "\r\n"), &[])
        .await;
    let (one, two) = (hears(&alice, "one").await, hears(&alice, "two").await);
    assert_eq!(from(&one), world.carol());
    let nick = |stanza| find(stanza, "nick", "http://jabber.org/protocol/nick").map(Element::text);
    assert_eq!((nick(&one), nick(&two).as_deref()), (None, Some("Carol")));
    assert!(
        one.children()
            .all(|child| child.name() != "no-store" && child.name() != "x")
    );
    assert_ne!(stanza_id(&one), stanza_id(&two));
}

/// A subject alone is mailed, and who writes to nobody at the own domain is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e17_e18_no_message_ends_in_silence() {
    let world = world().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let carol = world.carol();
    alice
        .send(format!(
            "<message to='{carol}' type='chat' id='s1'><subject>Lunch at one?</subject></message>"
        ))
        .await;
    let mail = inbox.wait_mail_saying("Lunch at one?").await;
    assert_eq!(mail.header("Subject").as_deref(), Some("Lunch at one?"));
    let nobody = world.contact("a+b@chat.a.example");
    let id = alice.send_message(&nobody, "Is anybody there?").await;
    let error = alice.next_error().await;
    assert_eq!(error_condition(&error).as_deref(), Some("item-not-found"));
    assert_eq!(stanza_id(&error), id);
    let words = error_text(&error).expect("words");
    assert!(
        words.starts_with("The message to a+b@chat.a.example was not delivered:"),
        "{words}"
    );
}
