//! Presence by mail holds for a time and is repeated before it is over: over three of these times, friends who do nothing
//! see each other all the time, and it costs few mails.

use std::time::Duration;

use super::friends::{BRIEF, Friends, seen_of};

#[tokio::test]
async fn over_three_expiries() {
    let friends = Friends::meet(BRIEF).await;
    let (to_alice, to_bob) = (friends.to_alice(), friends.to_bob());
    let skipped = (friends.bob.received().len(), friends.alice.received().len());
    let before = (friends.left_a().len(), friends.left_b().len());

    tokio::time::sleep(Duration::from_secs(30)).await;

    let mails = [
        friends.left_a().len() - before.0,
        friends.left_b().len() - before.1,
    ];
    // Every seven seconds and a bit.
    assert!(
        mails.iter().all(|mails| (3..=5).contains(mails)),
        "{mails:?}"
    );
    let seen = [
        seen_of(&friends.bob, &to_alice, skipped.0),
        seen_of(&friends.alice, &to_bob, skipped.1),
    ];
    for seen in seen {
        assert!(seen.iter().all(|seen| seen == "there"), "{seen:?}");
    }

    friends
        .alice
        .send("<presence><status>Still here</status></presence>");
    friends.bob_sees_alice("Still here").await;
    friends
        .bob
        .send("<presence><status>Me too</status></presence>");
    friends.alice_sees_bob("Me too").await;
}
