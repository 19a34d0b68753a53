//! Alice has been there for a while when Bob logs in: his server asks for her presence, and the gateway answers from what
//! it knows, without a mail to her side. So does it for a second client of his.

use super::friends::{Friends, QUICK, is_there};
use super::servers::PATIENCE;

#[tokio::test]
async fn without_a_mail() {
    let friends = Friends::meet(QUICK).await;
    friends
        .alice
        .send("<presence><show>away</show><status>Gone fishing</status></presence>");
    friends.bob_sees_alice("Gone fishing").await;
    friends.bob.logout().await;
    friends.alice_sees_bob_go().await;
    let (a, b) = (friends.left_a().len(), friends.left_b().len());

    let bob = friends.pair.b.login("bob").await;
    bob.expect(is_there(&friends.to_alice(), "Gone fishing"), PATIENCE)
        .await;
    friends.alice_sees_bob("").await;
    let phone = friends.pair.b.xmpp.login_as("bob", "phone").await;
    phone
        .expect(is_there(&friends.to_alice(), "Gone fishing"), PATIENCE)
        .await;

    friends
        .alice
        .send("<presence><status>Back again</status></presence>");
    phone
        .expect(is_there(&friends.to_alice(), "Back again"), PATIENCE)
        .await;
    assert_eq!(friends.left_b().len(), b + 1, "that Bob is there");
    assert_eq!(friends.left_a().len(), a + 1, "that Alice is back");
}
