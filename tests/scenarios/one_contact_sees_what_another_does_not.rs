//! Alice says something to Bob only, and blocks him (XEP-0191): he sees her go, and Beth at the same domain sees none of
//! it. Alice lets him in again, and he sees her as she is now.

use super::friends::{Friends, QUICK, befriend, forget_presence, is_there, seen_of};

#[tokio::test]
async fn by_presence_for_one_only_and_by_blocking() {
    let friends = Friends::meet(QUICK).await;
    let (pair, to_bob) = (&friends.pair, friends.to_bob());
    let beth = pair.b.slixmpp("beth").await;
    befriend((&pair.a, &friends.alice), (&pair.b, &beth)).await;
    forget_presence(&friends.bob, &friends.to_alice()).await;
    let before = beth.received().len();

    let words = "<show>dnd</show><status>For Bob</status>";
    friends
        .alice
        .send(format!("<presence to='{to_bob}'>{words}</presence>"));
    friends.bob_sees_alice("For Bob").await;

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
        seen.iter()
            .all(|seen| seen == "there" || seen == "there Busy"),
        "{seen:?}"
    );
    let to_him: Vec<_> = friends.left_a().into_iter().rev().take(3).collect();
    assert!(
        to_him.iter().all(|mail| mail.recipients.len() == 1),
        "{to_him:?}"
    );
}
