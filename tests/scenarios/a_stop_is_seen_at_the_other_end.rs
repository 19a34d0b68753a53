//! A gateway is stopped: its users are gone for those on the other side, who are told by a mail at the stop, and those of
//! the other side are gone for them. It starts again: all is as before. It costs one mail each time.

use super::friends::{Friends, QUICK};

#[tokio::test]
async fn and_so_is_the_start() {
    let mut friends = Friends::meet(QUICK).await;
    stop_and_start_that_of_alice(&mut friends).await;
    stop_and_start_that_of_bob(&mut friends).await;
}

/// Beside Prosody.
async fn stop_and_start_that_of_alice(friends: &mut Friends) {
    let before = (friends.left_a().len(), friends.left_b().len());
    assert_eq!(friends.pair.a.gateway.terminate().await, 0);
    friends.alice_sees_bob_go().await;
    friends.bob_sees_alice_go().await;
    assert_eq!(friends.left_a().len(), before.0 + 1);

    friends.pair.a.gateway.start_again().await;
    friends.alice_sees_bob("").await;
    friends.bob_sees_alice("").await;
    assert_eq!(friends.left_a().len(), before.0 + 2);
    assert_eq!(
        friends.left_b().len(),
        before.1,
        "the other side was silent"
    );
}

/// Beside ejabberd.
async fn stop_and_start_that_of_bob(friends: &mut Friends) {
    let before = (friends.left_a().len(), friends.left_b().len());
    assert_eq!(friends.pair.b.gateway.terminate().await, 0);
    friends.bob_sees_alice_go().await;
    friends.alice_sees_bob_go().await;
    assert_eq!(friends.left_b().len(), before.1 + 1);

    friends.pair.b.gateway.start_again().await;
    friends.bob_sees_alice("").await;
    friends.alice_sees_bob("").await;
    assert_eq!(friends.left_b().len(), before.1 + 2);
    assert_eq!(
        friends.left_a().len(),
        before.0,
        "the other side was silent"
    );
}
