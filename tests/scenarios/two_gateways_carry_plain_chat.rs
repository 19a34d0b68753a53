//! Two gateways that know nothing of each other: a user of one writes to the mail address of a user of the other, and they
//! chat as with anybody who has mail.

use super::servers::stanza::{body, from};
use super::servers::{Mail, XmppClient};
use super::world::{GreenPair, Pair, PairOptions, Quartet, Side};

#[tokio::test]
async fn between_prosody_and_ejabberd_by_postfix_and_dovecot() {
    let pair = Pair::start().await;
    let alice = pair.a.slixmpp("alice").await;
    let bob = pair.b.login("bob").await;

    alice.send(format!(
        "<message to='{}' type='chat' id='one'><body>Hello Bob</body></message>",
        pair.bob()
    ));
    let message = bob.next_message_from(&pair.alice()).await;
    assert!(words(&message).contains("Hello Bob"), "{message:?}");
    let answer_to = from(&message);
    bob.send_message(&answer_to, "Hello Alice").await;
    let message = alice.next_message_from(&pair.bob()).await;
    assert!(words(&message).contains("Hello Alice"), "{message:?}");

    let [a, b] = [&pair.a, &pair.b].map(|side| pair.left(side));
    assert_eq!((a.len(), b.len()), (1, 1), "{a:?} {b:?}");
    assert_eq!(a[0].sender, "alice@chat.a.example");
    assert_eq!(a[0].recipients, ["bob@chat.b.example"]);
}

#[tokio::test]
async fn with_signatures() {
    let pair = Pair::with(PairOptions::default().dkim()).await;
    let (alice, bob) = (pair.a.login("alice").await, pair.b.login("bob").await);
    converse((&alice, &pair.bob()), (&bob, &pair.alice())).await;

    for (side, other) in [(&pair.a, &pair.b), (&pair.b, &pair.a)] {
        let bridge = pair.mail.bridge(&side.mail_domain()).await;
        let mail = bridge.wait_for(1).await.remove(0);
        let signed = format!("header.d={}", other.mail_domain());
        let results = results(&mail);
        assert!(
            results.contains("dkim=pass") && results.contains(&signed),
            "{results}"
        );
        assert_eq!(pair.left(side).len(), 1);
    }
}

#[tokio::test]
async fn by_greenmail() {
    let pair = GreenPair::start("", "").await;
    let (alice, cleo) = (pair.a.login("alice").await, pair.c.login("cleo").await);
    converse((&alice, &pair.cleo()), (&cleo, &pair.alice())).await;
}

#[tokio::test]
async fn among_four() {
    let quartet = Quartet::start().await;
    let sides = [
        (&quartet.a, "alice"),
        (&quartet.b, "bob"),
        (&quartet.c, "cleo"),
        (&quartet.d, "dora"),
    ];
    let mut people = Vec::new();
    for (side, name) in sides {
        people.push((side, name, side.login(name).await));
    }
    for (from, name, client) in &people {
        for (to, other, _) in others(&people, name) {
            let text = format!("{name} to {other}");
            client
                .send_message(&from.contact_at(to, other), &text)
                .await;
        }
    }
    for (to, name, client) in &people {
        for (from, other, _) in others(&people, name) {
            let message = client.next_message_from(&to.contact_at(from, other)).await;
            let text = words(&message);
            assert!(text.contains(&format!("{other} to {name}")), "{text}");
        }
    }
    // When all has come, all has left.
    for (to, _, _) in &people {
        assert_eq!(quartet.left(to).len(), 3, "exactly three mails leave");
        assert_eq!(quartet.arrived(to).await.count().await, 3);
    }
}

type Person<'a> = (&'a Side, &'a str, XmppClient);

fn others<'a>(people: &'a [Person<'a>], name: &'a str) -> impl Iterator<Item = &'a Person<'a>> {
    people.iter().filter(move |(_, other, _)| *other != name)
}

/// Each with the JID of the other.
async fn converse((alice, bob_jid): (&XmppClient, &str), (bob, alice_jid): (&XmppClient, &str)) {
    alice.send_message(bob_jid, "Hello there").await;
    let message = bob.next_message_from(alice_jid).await;
    assert!(words(&message).contains("Hello there"), "{message:?}");
    bob.send_message(alice_jid, "Hello yourself").await;

    let message = alice.next_message_from(bob_jid).await;
    assert!(words(&message).contains("Hello yourself"), "{message:?}");
}

/// What it says, which no gateway had a doubt about.
fn words(message: &minidom::Element) -> String {
    let words = body(message).unwrap_or_default();
    assert!(!words.contains("unverified"), "{words}");
    words
}

fn results(mail: &Mail) -> String {
    mail.header("Authentication-Results").unwrap_or_default()
}
