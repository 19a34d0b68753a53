//! Alice and Bob, each with a client that answers receipts, each at a gateway, and between them a robot that answers every
//! mail, a client that repeats itself and a gateway that loses its store: every mail that leaves is counted.

use super::servers::stanza::{body, error_condition, error_text, from, kind_of};
use super::servers::{Mail, SlixmppClient, SlixmppOptions};
use super::world::{Pair, PairOptions};
use minidom::Element;
use std::time::Duration;

const QUICK: &str = "[presence]\ndebounce = \"200ms\"\nspacing = \"1s\"\nexpires = \"60s\"\n";
/// More than debounce, spacing and the way of a mail.
const WINDOW: Duration = Duration::from_millis(2500);

#[tokio::test]
async fn of_receipts_robots_and_a_lost_store() {
    let mut pair = Pair::with(options()).await;
    let receipts = SlixmppOptions {
        receipts: true,
        ..SlixmppOptions::default()
    };
    let alice = SlixmppClient::login_with(&pair.a.xmpp, "alice", receipts.clone()).await;
    let bob = SlixmppClient::login_with(&pair.b.xmpp, "bob", receipts).await;

    befriend(&pair, &alice, &bob).await;
    one_receipt_for_one_message(&pair, &alice, &bob).await;
    a_robot_answers_everything(&pair, &alice, &bob).await;
    a_store_is_lost(&mut pair, &alice, &bob).await;
}

/// A request, an approval and a presence each.
async fn befriend(pair: &Pair, alice: &SlixmppClient, bob: &SlixmppClient) {
    let (to_bob, to_alice) = (pair.bob(), pair.alice());
    for (asking, asked, to, back) in [
        (alice, bob, &to_bob, &to_alice),
        (bob, alice, &to_alice, &to_bob),
    ] {
        asking.send(format!("<presence to='{to}' type='subscribe'/>"));
        asked.next_presence_from(back, "subscribe").await;
        asked.send(format!("<presence to='{back}' type='subscribed'/>"));
        asking.next_presence_from(to, "subscribed").await;
    }
    alice
        .next_presence_from(&format!("{to_bob}/mail"), "unavailable")
        .await;
    alice.expect(|stanza| is_there(stanza, &to_bob)).await;
    bob.expect(|stanza| is_there(stanza, &to_alice)).await;
    assert_quiet(pair, [3, 3]).await;
}

async fn one_receipt_for_one_message(pair: &Pair, alice: &SlixmppClient, bob: &SlixmppClient) {
    alice.send(format!(
        "<message to='{}' type='chat' id='a1'><body>Hello</body><request xmlns='urn:xmpp:receipts'/></message>",
        pair.bob()
    ));
    bob.next_message_from(&pair.alice()).await;
    let receipt = alice.expect(is_receipt).await;
    let received = receipt.get_child("received", "urn:xmpp:receipts");
    assert_eq!(received.and_then(|it| it.attr("id")), Some("a1"));
    assert_eq!(counts(pair), [4, 4]);
}

/// As vacation programs do in Bob's name, one that says what it is and one that does not.
async fn a_robot_answers_everything(pair: &Pair, alice: &SlixmppClient, bob: &SlixmppClient) {
    let bridge = pair.mail.bridge(&pair.b.mail_domain()).await;
    let (_, machines): (Vec<Mail>, Vec<Mail>) = bridge
        .wait_for(4)
        .await
        .into_iter()
        .partition(|mail| mail.body().contains("Hello"));
    assert_eq!(machines.len(), 3);
    for marks in ["Auto-Submitted: auto-replied\n", ""] {
        for mail in &machines {
            answers(pair, mail, marks).await;
        }
    }
    // What comes last is shown last.
    bob.send(format!(
        "<message to='{}' type='chat' id='b1'><body>Back</body></message>",
        pair.alice()
    ));
    let words = |stanza: &Element| stanza.name() == "message" && body(stanza).is_some();
    let first = alice.expect(words).await;
    let text = body(&first).unwrap_or_default();
    assert!(
        text.contains("I am away"),
        "once, of the one that hides: {text}"
    );
    let second = alice.expect(words).await;
    assert_eq!(body(&second).as_deref(), Some("Back"));
    assert_eq!(counts(pair), [4, 5 + 2 * machines.len()]);
}

async fn answers(pair: &Pair, mail: &Mail, marks: &str) {
    let (bob, alice) = (pair.b.address("bob"), pair.a.address("alice"));
    let id = mail.message_id();
    let id = id.trim_matches(['<', '>']);
    let answer = format!(
        "From: Bob <{bob}>\nTo: {alice}\nSubject: Re: {}\nIn-Reply-To: <{id}>\nReferences: <{id}>\n{marks}\nI am away\n",
        mail.subject()
    );
    let account = pair.b.account();
    pair.mail.submit_as(&account, &bob, &[&alice], answer).await;
}

/// Alice's gateway is set up anew. She asks again, her server still knows that Bob may see her, and both see each other
/// as before; nobody else is asked anything.
async fn a_store_is_lost(pair: &mut Pair, alice: &SlixmppClient, bob: &SlixmppClient) {
    let before = counts(pair);
    pair.a.gateway.kill9();
    std::fs::remove_dir_all(pair.a.gateway.folder().join("store")).expect("there is a store");
    pair.a.gateway.start_again().await;

    alice.send(format!("<presence to='{}' type='subscribe'/>", pair.bob()));
    // Her server knows that she may, and shows her no approval; what follows it, it shows.
    let bobs = format!("{}/mail", pair.bob());
    alice.next_presence_from(&bobs, "unavailable").await;
    alice.send("<presence><show>dnd</show></presence>");
    let to_alice = pair.alice();
    bob.expect(|stanza| is_there(stanza, &to_alice) && shows(stanza, "dnd"))
        .await;
    bob.send("<presence><show>away</show></presence>");
    let to_bob = pair.bob();
    alice
        .expect(|stanza| is_there(stanza, &to_bob) && shows(stanza, "away"))
        .await;
    tokio::time::sleep(WINDOW).await;
    let after = counts(pair);
    let left = [after[0] - before[0], after[1] - before[1]];
    // A request, an approval and one or two presences; an approval with a request, and two presences.
    assert!(
        (3..=5).contains(&left[0]) && (2..=4).contains(&left[1]),
        "{left:?}"
    );
    assert_quiet(pair, after).await;
}

/// A client that cannot make up its mind causes thirty mails an hour, and its user reads why there are no more.
#[tokio::test]
async fn of_a_client_that_repeats_itself() {
    let pair = Pair::with(options()).await;
    let (alice, bob) = (pair.a.slixmpp("alice").await, pair.b.slixmpp("bob").await);
    let mails = [(&alice, pair.bob()), (&bob, pair.alice())];
    for (client, to) in &mails {
        for _ in 0..500 {
            client.send(format!("<presence to='{to}' type='subscribe'/>"));
            client.send(format!("<presence to='{to}' type='unsubscribe'/>"));
        }
    }
    for (client, to) in &mails {
        let refused = client
            .expect(|stanza| kind_of(stanza) == "error" && from(stanza) == *to)
            .await;
        assert_eq!(
            error_condition(&refused).as_deref(),
            Some("policy-violation")
        );
        let why = error_text(&refused).unwrap_or_default();
        assert!(why.contains("at most 30"), "{why}");
    }
    assert_quiet(&pair, [30, 30]).await;
}

/// Each gateway knows what the other is.
fn options() -> PairOptions {
    let peer = |domain: &str| format!("[[peer]]\ndomain = \"{domain}\"\nformat = \"xmpp\"\n");
    let mut options = PairOptions::default().config(QUICK);
    options.a = options.a.config(&peer("chat.b.example"));
    options.b = options.b.config(&peer("chat.a.example"));
    options
}

fn counts(pair: &Pair) -> [usize; 2] {
    [&pair.a, &pair.b].map(|side| pair.left(side).len())
}

/// Just so many mails have left, and no more come.
async fn assert_quiet(pair: &Pair, expected: [usize; 2]) {
    tokio::time::sleep(WINDOW).await;
    let lists = [&pair.a, &pair.b].map(|side| pair.left(side));
    assert_eq!(counts(pair), expected, "{lists:#?}");
}

fn is_receipt(stanza: &Element) -> bool {
    stanza.get_child("received", "urn:xmpp:receipts").is_some()
        || stanza.children().any(|child| child.name() == "received")
}

fn is_there(stanza: &Element, contact: &str) -> bool {
    stanza.name() == "presence"
        && stanza.attr("type").is_none()
        && from(stanza).starts_with(contact)
}

fn shows(stanza: &Element, show: &str) -> bool {
    stanza
        .children()
        .any(|child| child.name() == "show" && child.text() == show)
}
