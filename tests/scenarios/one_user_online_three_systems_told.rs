//! Figure 5 of CN103036767A: a user whose contacts are on three other systems comes online, and each of these systems is
//! told by one mail, whether one contact is there or hundreds are.

use super::acquainted::{self, Friends};
use super::servers::stanza::{is_from, kind_of};
use super::servers::{CatchAll, SlixmppClient};
use super::world::{Quartet, QuartetOptions, Side};
use minidom::Element;
use std::time::Instant;

const QUICK: &str = "[presence]\ndebounce = \"200ms\"\nspacing = \"1s\"\n";
/// How many of the thousand contacts each of the three systems has.
const SHARES: [usize; 3] = [333, 333, 334];

#[tokio::test]
async fn by_a_mail_to_each() {
    let quartet = Quartet::with(QuartetOptions::default().config(QUICK)).await;
    let alice = quartet.a.slixmpp("alice").await;
    let mut contacts = Vec::new();
    for (side, name) in others(&quartet) {
        contacts.push(Met::by_handshake(&quartet, &alice, side, name).await);
    }
    alice.logout().await;
    for contact in &contacts {
        contact.sees_alice("unavailable").await;
    }

    let before = quartet.left(&quartet.a).len();
    let alice = quartet.a.slixmpp("alice").await;
    for contact in &contacts {
        contact.sees_alice("").await;
    }
    assert_eq!(recipients(&quartet, before), one_of_each());
    alice.logout().await;
    for contact in &contacts {
        contact.sees_alice("unavailable").await;
    }
    assert_eq!(recipients(&quartet, before + 3), one_of_each());
    // What is seen now left after all that might have left before.
    let _alice = quartet.a.slixmpp("alice").await;
    for contact in &contacts {
        contact.sees_alice("").await;
    }
    assert_eq!(recipients(&quartet, before + 6), one_of_each());
}

#[tokio::test]
async fn by_a_mail_to_each_with_a_thousand_contacts() {
    let quartet = acquainted().await;
    let mut contacts = Vec::new();
    for (side, name) in others(&quartet) {
        contacts.push(Met::before(&quartet, side, name).await);
    }
    let told = |from: usize| -> Vec<usize> {
        let mut counts: Vec<_> = recipients(&quartet, from).iter().map(Vec::len).collect();
        counts.sort_unstable();
        counts
    };

    let started = Instant::now();
    let alice = quartet.a.slixmpp("alice").await;
    contacts[0].sees_alice("").await;
    eprintln!("{:?} from the login until Bob sees it", started.elapsed());
    for contact in &contacts[1..] {
        contact.sees_alice("").await;
    }
    // All thousand are named: nobody is left to be told by another mail.
    assert_eq!(told(0), SHARES);
    let started = Instant::now();
    alice.logout().await;
    for contact in &contacts {
        contact.sees_alice("unavailable").await;
    }
    eprintln!("{:?} until all three see that she went", started.elapsed());
    assert_eq!(told(3), SHARES);
}

/// The gateways have the times that they come with. Alice knows a thousand people; one at each of three systems is one who logs in, the others are only addresses.
async fn acquainted() -> Quartet {
    let mut friends = Friends::default();
    for ((domain, name), share) in [("b", "bob"), ("c", "cleo"), ("d", "dora")]
        .into_iter()
        .zip(SHARES)
    {
        friends.both_ways("alice@a.example", &format!("{name}@{domain}.example"));
        for number in 1..share {
            let other = format!("n{number}@{domain}.example");
            friends.one_way("alice@a.example", &other);
        }
    }
    let mut options = friends.in_rosters(QuartetOptions::default());
    options.mail = options.mail.catch_all(CatchAll::Alias);
    let mut quartet = Quartet::prepare(options).await;
    friends.in_stores(&quartet).await;
    quartet.start_gateways().await;
    quartet
}

/// Somebody who knows Alice, elsewhere.
struct Met {
    client: SlixmppClient,
    /// As this contact knows her.
    alice: String,
}

impl Met {
    async fn before(quartet: &Quartet, side: &Side, name: &str) -> Met {
        Met {
            client: side.slixmpp(name).await,
            alice: side.contact_at(&quartet.a, "alice"),
        }
    }

    async fn by_handshake(
        quartet: &Quartet,
        alice: &SlixmppClient,
        side: &Side,
        name: &str,
    ) -> Met {
        let met = Met::before(quartet, side, name).await;
        let contact = quartet.a.contact_at(side, name);
        alice.send(format!("<presence to='{contact}' type='subscribe'/>"));
        met.client.next_presence_from(&met.alice, "subscribe").await;
        for kind in ["subscribed", "subscribe"] {
            met.client
                .send(format!("<presence to='{}' type='{kind}'/>", met.alice));
            alice.next_presence_from(&contact, kind).await;
        }
        alice.send(format!("<presence to='{contact}' type='subscribed'/>"));
        met.client
            .next_presence_from(&met.alice, "subscribed")
            .await;
        met.sees_alice("").await;
        met
    }

    /// Waits until she is shown so, past what was shown before.
    async fn sees_alice(&self, kind: &str) {
        let told = |stanza: &Element| {
            stanza.name() == "presence"
                && is_from(stanza, &self.alice)
                && matches!(kind_of(stanza).as_str(), "" | "unavailable")
        };
        while kind_of(&self.client.expect(told).await) != kind {}
    }
}

fn others(quartet: &Quartet) -> [(&Side, &'static str); 3] {
    [
        (&quartet.b, "bob"),
        (&quartet.c, "cleo"),
        (&quartet.d, "dora"),
    ]
}

/// Whom Alice's presence mails name, after the first `from` mails of her gateway.
fn recipients(quartet: &Quartet, from: usize) -> Vec<Vec<String>> {
    let mut left = quartet.left(&quartet.a);
    let mut named: Vec<_> = left
        .drain(from..)
        .map(|mail| {
            assert_eq!(mail.sender, acquainted::address("alice@a.example"));
            mail.recipients
        })
        .collect();
    named.sort();
    named
}

fn one_of_each() -> Vec<Vec<String>> {
    ["bob@b.example", "cleo@c.example", "dora@d.example"]
        .map(|user| vec![acquainted::address(user)])
        .into()
}
