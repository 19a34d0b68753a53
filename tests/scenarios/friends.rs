//! Alice on Prosody and Bob on ejabberd, who see each other's presence over mail: what the scenarios about presence begin
//! with.

#![allow(dead_code)]

use minidom::Element;

use super::servers::stanza::{is_from, kind_of, show, status};
use super::servers::{Passed, SlixmppClient};
use super::world::{Pair, PairOptions, Side};

/// Presence that a test can wait for; it holds for long.
pub const QUICK: &str = "[presence]\ndebounce = \"200ms\"\nspacing = \"1s\"\nexpires = \"10m\"\n";

/// The same, over after ten seconds.
pub const BRIEF: &str = "[presence]\ndebounce = \"200ms\"\nspacing = \"1s\"\nexpires = \"10s\"\n";

/// A pair, and its friends.
pub struct Friends {
    pub pair: Pair,
    pub alice: SlixmppClient,
    pub bob: SlixmppClient,
}

impl Friends {
    /// They log in and become friends, with these sections for both gateways.
    pub async fn meet(sections: &str) -> Friends {
        Friends::meet_with(PairOptions::default().config(sections)).await
    }

    pub async fn meet_with(options: PairOptions) -> Friends {
        let pair = Pair::with(options).await;
        let (alice, bob) = tokio::join!(pair.a.slixmpp("alice"), pair.b.slixmpp("bob"));
        let friends = Friends { pair, alice, bob };
        friends.become_friends().await;
        friends
    }

    async fn become_friends(&self) {
        let (here, there) = (&self.pair.a, &self.pair.b);
        befriend((here, &self.alice), (there, &self.bob)).await;
    }

    /// Bob as Alice knows him.
    pub fn to_bob(&self) -> String {
        self.pair.bob()
    }

    /// Alice as Bob knows her.
    pub fn to_alice(&self) -> String {
        self.pair.alice()
    }

    /// Every mail that left Alice's gateway.
    pub fn left_a(&self) -> Vec<Passed> {
        self.pair.left(&self.pair.a)
    }

    /// Every mail that left Bob's gateway.
    pub fn left_b(&self) -> Vec<Passed> {
        self.pair.left(&self.pair.b)
    }

    /// The next presence by which Bob sees Alice available, with this status (empty: none).
    pub async fn bob_sees_alice(&self, said: &str) -> Element {
        self.bob.expect(is_there(&self.to_alice(), said)).await
    }

    /// The next presence by which Alice sees Bob available, with this status (empty: none).
    pub async fn alice_sees_bob(&self, said: &str) -> Element {
        self.alice.expect(is_there(&self.to_bob(), said)).await
    }

    pub async fn bob_sees_alice_go(&self) {
        self.bob
            .next_presence_from(&self.to_alice(), "unavailable")
            .await;
    }

    pub async fn alice_sees_bob_go(&self) {
        self.alice
            .next_presence_from(&self.to_bob(), "unavailable")
            .await;
    }
}

/// A client, and the side that it is on.
pub type Person<'a> = (&'a Side, &'a SlixmppClient);

/// Each asks and the other approves, until each sees the other; what they received of it is out of the way.
pub async fn befriend(one: Person<'_>, other: Person<'_>) {
    let (other_jid, one_jid) = (known_to(one.0, other), known_to(other.0, one));
    asks_and_is_let(one.1, &other_jid, other.1, &one_jid).await;
    asks_and_is_let(other.1, &one_jid, one.1, &other_jid).await;
    one.1.expect(is_there(&other_jid, "")).await;
    other.1.expect(is_there(&one_jid, "")).await;
    forget_presence(one.1, &other_jid).await;
    forget_presence(other.1, &one_jid).await;
}

/// `one` asks to see `other`'s presence, who approves.
pub async fn asks_and_is_let(
    one: &SlixmppClient,
    other_jid: &str,
    other: &SlixmppClient,
    one_jid: &str,
) {
    say(one, other_jid, "subscribe");
    other.next_presence_from(one_jid, "subscribe").await;
    say(other, one_jid, "subscribed");
    one.next_presence_from(other_jid, "subscribed").await;
}

/// Sends presence of a type to somebody.
pub fn say(client: &SlixmppClient, to: &str, kind: &str) {
    client.send(format!("<presence to='{to}' type='{kind}'/>"));
}

/// A person as the users of a side know them.
fn known_to(side: &Side, (home, client): Person<'_>) -> String {
    let name = client.bare().split('@').next().unwrap_or_default();
    side.contact_at(home, name)
}

/// What came of a contact's presence so far is of no interest.
pub async fn forget_presence(client: &SlixmppClient, contact: &str) {
    let is_it = |stanza: &Element| stanza.name() == "presence" && is_from(stanza, contact);
    let no_time = std::time::Duration::ZERO;
    while client.wait(is_it, no_time).await.is_some() {}
}

/// Whether a stanza says that a contact is available, with this status (empty: none).
pub fn is_there(contact: &str, said: &str) -> impl Fn(&Element) -> bool + Send + use<> {
    let (contact, said) = (contact.to_owned(), said.to_owned());
    move |stanza| is_presence(stanza, &contact, "") && status(stanza).unwrap_or_default() == said
}

pub fn is_presence(stanza: &Element, contact: &str, kind: &str) -> bool {
    stanza.name() == "presence" && kind_of(stanza) == kind && is_from(stanza, contact)
}

/// What a client saw of a contact's presence after its first `skipped` stanzas: `unavailable`, or the show and the status
/// that it had.
pub fn seen_of(client: &SlixmppClient, contact: &str, skipped: usize) -> Vec<String> {
    let stanzas = client.received();
    let presences = stanzas
        .iter()
        .skip(skipped)
        .filter(|stanza| stanza.name() == "presence" && is_from(stanza, contact));
    presences
        .map(|stanza| match kind_of(stanza).as_str() {
            "" => {
                let words = [show(stanza), status(stanza)];
                let words: Vec<String> = words.into_iter().flatten().collect();
                format!("there {}", words.join(" ")).trim().to_owned()
            }
            kind => kind.to_owned(),
        })
        .collect()
}
