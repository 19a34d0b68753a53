//! Requests for presence go all the ways that people go: refused and asked again, granted, given up and asked again, taken
//! back by who granted them, taken back before the answer, and made by both at once. The rosters on both sides say the
//! same in the end.

use super::friends::{QUICK, asks_and_is_let, is_there, say};
use super::servers::SlixmppClient;
use super::servers::xmpp_client::RosterItem;
use super::world::{Pair, PairOptions};

#[tokio::test]
async fn between_two_systems() {
    let pair = Pair::with(PairOptions::default().config(QUICK)).await;
    let (alice, bob) = tokio::join!(pair.a.slixmpp("alice"), pair.b.slixmpp("bob"));
    let (to_bob, to_alice) = (pair.bob(), pair.alice());
    let (alice, bob) = (
        Person {
            client: &alice,
            known_as: &to_alice,
        },
        Person {
            client: &bob,
            known_as: &to_bob,
        },
    );
    refused_and_asked_again(&alice, &bob).await;
    given_up_and_asked_again(&alice, &bob).await;
    taken_back_by_who_granted(&alice, &bob).await;
    taken_back_before_the_answer(&bob, &alice).await;

    let (adam, beth) = tokio::join!(pair.a.slixmpp("adam"), pair.b.slixmpp("beth"));
    let to_adam = pair.b.contact_at(&pair.a, "adam");
    let to_beth = pair.a.contact_at(&pair.b, "beth");
    let adam = Person {
        client: &adam,
        known_as: &to_adam,
    };
    let beth = Person {
        client: &beth,
        known_as: &to_beth,
    };
    made_by_both_at_once(&adam, &beth).await;
}

/// A client, and the JID by which the other one knows its user.
struct Person<'a> {
    client: &'a SlixmppClient,
    known_as: &'a str,
}

impl Person<'_> {
    fn says(&self, kind: &str, other: &Person<'_>) {
        say(self.client, other.known_as, kind);
    }

    async fn hears(&self, kind: &str, other: &Person<'_>) {
        self.client.next_presence_from(other.known_as, kind).await;
    }

    async fn sees(&self, other: &Person<'_>) {
        self.client.expect(is_there(other.known_as, "")).await;
    }

    async fn asks_and_is_let_by(&self, other: &Person<'_>) {
        asks_and_is_let(self.client, other.known_as, other.client, self.known_as).await;
        self.sees(other).await;
    }

    /// What its server has of the other, and whether a request waits.
    async fn has(&self, other: &Person<'_>) -> (String, bool) {
        let roster = self.client.roster().await;
        let is_it = |item: &RosterItem| item.jid == other.known_as;
        let item = roster.into_iter().find(is_it);
        item.map_or(("none".into(), false), |item| {
            (item.subscription, item.asked)
        })
    }
}

/// What both servers have of the other's user.
async fn rosters(one: &Person<'_>, other: &Person<'_>) -> [String; 2] {
    let both = [one.has(other).await, other.has(one).await];
    both.map(|(subscription, waits)| {
        assert!(!waits);
        subscription
    })
}

async fn refused_and_asked_again(alice: &Person<'_>, bob: &Person<'_>) {
    alice.says("subscribe", bob);
    bob.hears("subscribe", alice).await;
    bob.says("unsubscribed", alice);
    alice.hears("unsubscribed", bob).await;
    assert_eq!(rosters(alice, bob).await, ["none", "none"]);
    alice.asks_and_is_let_by(bob).await;
    assert_eq!(rosters(alice, bob).await, ["to", "from"]);
}

async fn given_up_and_asked_again(alice: &Person<'_>, bob: &Person<'_>) {
    alice.says("unsubscribe", bob);
    alice.hears("unavailable", bob).await;
    bob.hears("unsubscribe", alice).await;
    assert_eq!(rosters(alice, bob).await, ["none", "none"]);
    alice.asks_and_is_let_by(bob).await;
}

async fn taken_back_by_who_granted(alice: &Person<'_>, bob: &Person<'_>) {
    bob.says("unsubscribed", alice);
    alice.hears("unsubscribed", bob).await;
    alice.hears("unavailable", bob).await;
    assert_eq!(rosters(alice, bob).await, ["none", "none"]);
    alice.asks_and_is_let_by(bob).await;
    assert_eq!(rosters(alice, bob).await, ["to", "from"]);
}

async fn taken_back_before_the_answer(bob: &Person<'_>, alice: &Person<'_>) {
    bob.says("subscribe", alice);
    alice.hears("subscribe", bob).await;
    bob.says("unsubscribe", alice);
    alice.hears("unsubscribe", bob).await;
    assert_eq!(bob.has(alice).await, ("from".into(), false));
    bob.says("subscribe", alice);
    alice.hears("subscribe", bob).await;
    assert_eq!(bob.has(alice).await, ("from".into(), true));
    alice.says("subscribed", bob);
    bob.hears("subscribed", alice).await;
    bob.sees(alice).await;
    assert_eq!(rosters(alice, bob).await, ["both", "both"]);
}

async fn made_by_both_at_once(adam: &Person<'_>, beth: &Person<'_>) {
    adam.says("subscribe", beth);
    beth.says("subscribe", adam);
    tokio::join!(adam.hears("subscribe", beth), beth.hears("subscribe", adam));
    adam.says("subscribed", beth);
    beth.says("subscribed", adam);
    tokio::join!(
        adam.hears("subscribed", beth),
        beth.hears("subscribed", adam)
    );
    tokio::join!(adam.sees(beth), beth.sees(adam));
    assert_eq!(rosters(adam, beth).await, ["both", "both"]);
}
