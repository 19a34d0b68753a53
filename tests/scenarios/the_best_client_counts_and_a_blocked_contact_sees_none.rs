//! Alice has two clients, and her friends on the other side see the one that she is best reached at. She blocks Bob: he
//! sees her go, and Beth at the same domain does not; she lets him in again, and he sees her as she is now.

use super::friends::{Friends, QUICK, befriend, forget_presence, is_there, seen_of};
use super::servers::stanza::show;

#[tokio::test]
async fn the_client_with_the_highest_priority() {
    let friends = Friends::meet(QUICK).await;
    friends
        .alice
        .send("<presence><priority>5</priority><status>At my desk</status></presence>");
    friends.bob_sees_alice("At my desk").await;

    let phone = friends.pair.a.xmpp.connect("alice", "phone").await;
    phone
        .send(
            "<presence><show>away</show><priority>1</priority><status>Walking</status></presence>",
        )
        .await;
    phone
        .send(
            "<presence><show>away</show><priority>9</priority><status>Running</status></presence>",
        )
        .await;
    let seen = friends.bob_sees_alice("Running").await;
    assert_eq!(show(&seen).as_deref(), Some("away"));

    // The phone goes, the desk is what is left; it goes as well.
    phone.send("<presence type='unavailable'/>").await;
    friends.bob_sees_alice("At my desk").await;
    friends.alice.send("<presence type='unavailable'/>");
    friends.bob_sees_alice_go().await;
    let seen = seen_of(&friends.bob, &friends.to_alice(), 0);
    assert!(!seen.contains(&"there away Walking".to_owned()), "{seen:?}");
}

/// By XEP-0191.
#[tokio::test]
async fn a_contact_that_is_blocked() {
    let friends = Friends::meet(QUICK).await;
    let (pair, to_bob) = (&friends.pair, friends.to_bob());
    let beth = pair.b.slixmpp("beth").await;
    befriend((&pair.a, &friends.alice), (&pair.b, &beth)).await;
    forget_presence(&friends.bob, &friends.to_alice()).await;
    let before = beth.received().len();

    let desk = pair.a.xmpp.connect("alice", "desk").await;
    let item = format!("<item jid='{to_bob}'/>");
    desk.iq(
        "set",
        None,
        &format!("<block xmlns='urn:xmpp:blocking'>{item}</block>"),
    )
    .await;
    friends.bob_sees_alice_go().await;
    friends
        .alice
        .send("<presence><status>Busy</status></presence>");
    beth.expect(is_there(&friends.to_alice(), "Busy")).await;

    desk.iq(
        "set",
        None,
        &format!("<unblock xmlns='urn:xmpp:blocking'>{item}</unblock>"),
    )
    .await;
    friends.bob_sees_alice("Busy").await;
    let seen = seen_of(&beth, &friends.to_alice(), before);
    assert!(
        seen.iter().all(|seen| seen.starts_with("there")),
        "{seen:?}"
    );
    let to_him: Vec<_> = friends.from_a().into_iter().rev().take(3).collect();
    assert!(
        to_him.iter().all(|mail| mail.recipients.len() == 1),
        "{to_him:?}"
    );
}
