//! Where no mail server says who wrote a mail, each of two gateways has the key of the other: Alice and Cleo ask, see each
//! other, talk and part by signed mails, and what is not signed with the key is believed from nobody.

use super::servers::stanza::{body, from};
use super::servers::{Mail, SlixmppClient};
use super::world::GreenPair;
use minidom::Element;
use stanzamail::core::signature::Signer;
use stanzamail::core::time::Timestamp;

const QUICK: &str = "[presence]\ndebounce = \"200ms\"\nspacing = \"1s\"\nexpires = \"60s\"\n";
const STRANGER: &str = "mallory@evil.example";
const ALICE: &str = "bridge+alice@chat.a.example";

#[tokio::test]
async fn and_believe_nobody_else() {
    let peer = "[[peer]]\naddress = \"nobody@chat.c.example\"\nformat = \"mail\"\n";
    let pair = GreenPair::with_keys(&format!("{QUICK}\n{peer}"), QUICK).await;
    let (alice, cleo) = (pair.a.slixmpp("alice").await, pair.c.slixmpp("cleo").await);

    befriend(&pair, &alice, &cleo).await;
    talk(&pair, &alice, &cleo).await;
    forge(&pair, &alice).await;
    part(&pair, &alice, &cleo).await;
}

async fn befriend(pair: &GreenPair, alice: &SlixmppClient, cleo: &SlixmppClient) {
    for (one, its_contact, other, others_contact) in [
        (alice, pair.cleo(), cleo, pair.alice()),
        (cleo, pair.alice(), alice, pair.cleo()),
    ] {
        one.send(format!("<presence to='{its_contact}' type='subscribe'/>"));
        other.next_presence_from(&others_contact, "subscribe").await;
        other.send(format!(
            "<presence to='{others_contact}' type='subscribed'/>"
        ));
        one.next_presence_from(&its_contact, "subscribed").await;
    }
    alice.next_presence_from(&pair.cleo(), "").await;
    cleo.next_presence_from(&pair.alice(), "").await;
    cleo.send("<presence><show>dnd</show></presence>");
    alice
        .expect(|stanza| is_there(stanza, &pair.cleo(), "dnd"))
        .await;
}

async fn talk(pair: &GreenPair, alice: &SlixmppClient, cleo: &SlixmppClient) {
    cleo.send(format!(
        "<message to='{}' type='chat' id='c1'><body>Hello Alice</body><request xmlns='urn:xmpp:receipts'/></message>",
        pair.alice()
    ));
    let hello = alice.next_message_from(&pair.cleo()).await;
    assert_eq!(
        (body(&hello).as_deref(), hello.attr("id")),
        (Some("Hello Alice"), Some("c1"))
    );
    alice.send(format!(
        "<message to='{}' type='chat' id='a1'><received xmlns='urn:xmpp:receipts' id='c1'/></message>",
        pair.cleo()
    ));
    let is_receipt = |stanza: &Element| {
        let received = stanza.get_child("received", "urn:xmpp:receipts");
        received.is_some_and(|received| received.attr("id") == Some("c1"))
            && stanza.attr("id") == Some("a1")
    };
    cleo.expect(is_receipt).await;
}

/// What somebody sends who has all of Cleo's mails but not the key.
async fn forge(pair: &GreenPair, alice: &SlixmppClient) {
    let mailbox = pair.mail.mailbox("bridge@chat.a.example").await;
    let genuine = mailbox.wait_mail_saying("Hello Alice").await;
    assert!(genuine.header("XMPP-Bridge-Signature").is_some());
    let gone = |name: &str| {
        let stamp = chrono::Utc::now().to_rfc3339();
        let delay = format!("<delay xmlns='urn:xmpp:delay' stamp='{stamp}'/>");
        mail(
            name,
            &format!(
                "<presence type='unavailable'>{delay}</presence><presence type='unsubscribe' id='x'>{delay}</presence>"
            ),
        )
    };
    let other_key = |mail: String| {
        let now = Timestamp::from_millis(chrono::Utc::now().timestamp_millis());
        let signer = Signer::from_seed(&[9; 32]).expect("any seed is a key");
        String::from_utf8(signer.sign(mail.as_bytes(), "chat.c.example", now)).expect("it is ASCII")
    };
    for (name, mail, why) in [
        (
            "unsigned",
            gone("unsigned"),
            "its sender signs with a key, and this is not signed",
        ),
        (
            "other-key",
            other_key(gone("other-key")),
            "it was not signed with the key that is configured",
        ),
        (
            "body",
            named(&genuine, "body").replace("Hello Alice", "Hello Alyce"),
            "its body is not the one that was signed",
        ),
        (
            "renamed",
            named(&genuine, "renamed"),
            "it was not signed with the key that is configured",
        ),
        (
            "cc",
            format!("Cc: adam@a.example\r\n{}", named(&genuine, "cc")),
            "it was not signed with the key that is configured",
        ),
    ] {
        send(pair, &mail).await;
        let line = format!("the stanza in mail {name}@evil.example is not believed: {why}");
        pair.a.gateway.wait_log(&line).await;
        // Of the others she is told within the hour.
        if !["unsigned", "other-key"].contains(&name) {
            let line = format!("mail {name}@evil.example is held in the mailbox");
            pair.a.gateway.wait_log(&line).await;
            continue;
        }
        let shown = alice
            .expect(|stanza| stanza.name() == "message" && body(stanza).is_some())
            .await;
        let words = body(&shown).unwrap_or_default();
        if name == "unsigned" {
            assert!(
                words.starts_with("[Unverified sender. This is said once a day.]\n")
                    && from(&shown).starts_with(&pair.cleo()),
                "{shown:?}"
            );
        } else {
            assert!(words.contains("failed authentication"), "{shown:?}");
            assert_eq!(from(&shown), pair.a.xmpp.gateway);
        }
    }
    // The very mails of Cleo once more, the oldest first.
    for mail in mailbox.all().await {
        if mail.header("XMPP-Bridge-Signature").is_some() && !mail.text().contains("evil.example") {
            send(pair, &mail.text()).await;
        }
    }
}

/// What was believed before still is, and nothing else has come from Cleo.
async fn part(pair: &GreenPair, alice: &SlixmppClient, cleo: &SlixmppClient) {
    cleo.send("<presence><show>xa</show></presence>");
    alice
        .expect(|stanza| is_there(stanza, &pair.cleo(), "xa"))
        .await;
    let received = alice.received();
    let of_cleo = |stanza: &&Element| from(stanza).starts_with(&pair.cleo());
    let kinds = |kind: &str| {
        let presences = received
            .iter()
            .filter(of_cleo)
            .filter(|stanza| stanza.name() == "presence");
        presences
            .filter(|stanza| stanza.attr("type") == Some(kind))
            .count()
    };
    assert_eq!(
        [
            kinds("subscribe"),
            kinds("unsubscribe"),
            kinds("unsubscribed")
        ],
        [1, 0, 0]
    );
    let shows: Vec<String> = received
        .iter()
        .filter(of_cleo)
        .filter(|one| one.name() == "presence" && one.attr("type").is_none())
        .map(show)
        .collect();
    assert_eq!(
        shows.iter().rev().take(2).collect::<Vec<_>>(),
        ["xa", "dnd"]
    );
    let said = received.iter().filter(of_cleo).filter_map(body);
    assert_eq!(said.filter(|words| words == "Hello Alice").count(), 1);

    alice.send(format!(
        "<presence to='{}' type='unsubscribe'/>",
        pair.cleo()
    ));
    cleo.next_presence_from(&pair.alice(), "unsubscribe").await;
    alice.send(format!(
        "<presence to='{}' type='unsubscribed'/>",
        pair.cleo()
    ));
    cleo.next_presence_from(&pair.alice(), "unsubscribed").await;
}

async fn send(pair: &GreenPair, mail: &str) {
    let sent = pair.mail.submit(STRANGER, &[ALICE], mail).await;
    sent.expect("GreenMail takes everything");
}

/// A mail in Cleo's name.
fn mail(name: &str, stanzas: &str) -> String {
    format!(
        "From: bridge+cleo@chat.c.example\r\nTo: {ALICE}\r\nSubject: Chat\r\nMessage-ID: <{name}@evil.example>\r\nDate: {}\r\n\
         XMPP-Bridge: v=1\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nGoodbye\r\n--b\r\nContent-Type: application/xmpp+xml; charset=utf-8\r\n\r\n\
         <xmpp xmlns='jabber:client'>{stanzas}</xmpp>\r\n--b--\r\n",
        chrono::Utc::now().to_rfc2822()
    )
}

/// The same mail under another Message-ID.
fn named(mail: &Mail, name: &str) -> String {
    let id = mail.message_id();
    mail.text()
        .replacen(&id, &format!("<{name}@evil.example>"), 1)
}

fn is_there(stanza: &Element, contact: &str, wanted: &str) -> bool {
    stanza.name() == "presence"
        && stanza.attr("type").is_none()
        && from(stanza).starts_with(contact)
        && show(stanza) == wanted
}

fn show(stanza: &Element) -> String {
    let show = stanza.children().find(|child| child.name() == "show");
    show.map(Element::text).unwrap_or_default()
}
