//! An XMPP server goes and comes back, and the people who were there do not: the gateway asks, and their friends on the
//! other side learn that they are gone. They learn it as well where the server stays away.

use super::friends::Friends;

/// A gateway waits an eighth of `expires` for whom it cannot see.
const PRESENCE: &str = "[presence]\ndebounce = \"200ms\"\nspacing = \"1s\"\nexpires = \"80s\"\n";

/// It dies, and says nothing.
#[tokio::test]
async fn of_prosody() {
    let mut friends = Friends::meet(PRESENCE).await;
    let before = friends.left_a().len();
    friends.pair.a.xmpp.kill9();
    friends.pair.a.xmpp.start_again().await;
    friends.bob_sees_alice_go().await;
    assert_eq!(friends.left_a().len(), before + 1, "a mail said so");

    friends.alice = friends.pair.a.slixmpp("alice").await;
    friends.bob_sees_alice("").await;
    friends.alice_sees_bob("").await;
    assert_eq!(friends.left_a().len(), before + 2);
}

/// It is restarted as an admin does.
#[tokio::test]
async fn of_ejabberd() {
    let mut friends = Friends::meet(PRESENCE).await;
    let before = friends.left_b().len();
    friends.pair.b.xmpp.restart().await;
    friends.alice_sees_bob_go().await;
    assert_eq!(friends.left_b().len(), before + 1, "a mail said so");

    friends.bob = friends.pair.b.slixmpp("bob").await;
    friends.alice_sees_bob("").await;
    friends.bob_sees_alice("").await;
    assert_eq!(friends.left_b().len(), before + 2);
}

#[tokio::test]
async fn and_so_does_one_that_stays_away() {
    let mut friends = Friends::meet(PRESENCE).await;
    friends.pair.a.xmpp.kill9();
    friends.bob_sees_alice_go().await;
}
