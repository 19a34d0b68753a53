//! O'Brien, who has an apostrophe in his JID and in his mail address, and Alice, who writes contacts with a percent sign, at
//! gateways whose admins write domains in capitals: each sees one contact. An address that the mail server cannot take is
//! told at once.

use super::servers::stanza::{body, error_condition, error_text, from, kind_of};
use super::world::{Pair, PairOptions};
use minidom::Element;

const OBRIEN: &str = "o\\27brien@b.example";
const QUICK: &str = "[presence]\ndebounce = \"200ms\"\nspacing = \"1s\"\nexpires = \"60s\"\n";

#[tokio::test]
async fn and_tell_what_cannot_be_sent() {
    let pair = Pair::with(options()).await;
    let (alice, obrien) = (
        pair.a.slixmpp("alice").await,
        pair.b.slixmpp("o\\27brien").await,
    );
    let to_obrien = "o\\27brien%chat.b.example@gateway.a.example";
    let to_alice = "alice%chat.a.example@gateway.b.example";

    alice.send(format!("<presence to='{to_obrien}' type='subscribe'/>"));
    // Nobody has written to her before, so he sees her in the form of XEP-0106.
    let shown = pair.alice();
    obrien.next_presence_from(&shown, "subscribe").await;
    obrien.send(format!("<presence to='{shown}' type='subscribed'/>"));
    alice.next_presence_from(to_obrien, "subscribed").await;
    obrien.send("<presence><show>dnd</show></presence>");
    alice.expect(|stanza| shows(stanza, "dnd")).await;
    alice.send(message(&to_obrien.replace('%', "\\40"), "1", "Hello"));
    let hello = obrien.next_message_from(&shown).await;
    assert_eq!(body(&hello).as_deref(), Some("Hello"));
    obrien.send(message(to_alice, "2", "Hello yourself"));
    let answer = alice.next_message_from(to_obrien).await;
    assert_eq!(body(&answer).as_deref(), Some("Hello yourself"));
    assert_one_contact(&alice.received(), "gateway.a.example", to_obrien);
    assert_one_contact(&obrien.received(), "gateway.b.example", &shown);

    // A second entry in the roster would show nothing.
    let second = to_obrien.replace('%', "\\40");
    alice.send(format!("<presence to='{second}' type='subscribe'/>"));
    let refused = alice.expect(|stanza| kind_of(stanza) == "error").await;
    assert_eq!(error_condition(&refused).as_deref(), Some("conflict"));
    assert!(error_text(&refused).is_some_and(|why| why.contains(to_obrien)));

    // The mail server has no SMTPUTF8.
    let jorg = "jörg\\40chat.b.example@gateway.a.example";
    for stanza in [
        message(jorg, "3", "Hello"),
        format!("<presence to='{jorg}' type='subscribe'/>"),
    ] {
        alice.send(stanza);
        let refused = alice.expect(|stanza| kind_of(stanza) == "error").await;
        assert!(from(&refused).starts_with(jorg));
        let why = error_text(&refused).unwrap_or_default();
        assert!(
            why.contains("jörg@chat.b.example") && why.contains("SMTPUTF8"),
            "{why}"
        );
    }
}

fn options() -> PairOptions {
    let mut options = PairOptions::default().config(QUICK);
    options.a = options
        .a
        .config("[[peer]]\ndomain = \"CHAT.B.Example\"\nformat = \"xmpp\"");
    let pair = format!("[[pair]]\njid = '{OBRIEN}'\nmail = \"O'Brien@Chat.B.EXAMPLE\"");
    options.b = options.b.user("o\\27brien").config(&pair);
    options.mail = options.mail.postfix("smtputf8_enable = no");
    options
}

fn message(to: &str, id: &str, text: &str) -> String {
    format!("<message to='{to}' type='chat' id='{id}'><body>{text}</body></message>")
}

fn shows(stanza: &Element, show: &str) -> bool {
    stanza
        .children()
        .any(|child| child.name() == "show" && child.text() == show)
}

/// All that came from the gateway's contacts came from one. The gateway itself suggests how she may be called.
fn assert_one_contact(received: &[Element], gateway: &str, contact: &str) {
    for stanza in received {
        let from = from(stanza);
        if from.contains(gateway) && from != gateway {
            assert_eq!(from.split('/').next(), Some(contact), "{stanza:?}");
        }
    }
}
