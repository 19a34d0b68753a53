//! Alice has two clients, and Bob on the other side sees the one that she is best reached at: the one with the highest
//! priority, or what is left when it goes.

use super::friends::{Friends, QUICK, seen_of};
use super::servers::stanza::show;

#[tokio::test]
async fn of_two() {
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
