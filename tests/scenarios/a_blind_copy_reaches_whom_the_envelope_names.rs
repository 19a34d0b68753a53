//! A mail is for whom the envelope names, whatever its header says.

use super::servers::stanza::body;
use super::world::World;

#[tokio::test]
async fn even_where_the_header_names_another_user() {
    let world = World::start().await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);

    let mail = "From: carol@mail.example\nTo: adam@chat.a.example\n\nAdam must not know\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    let copy = alice.next_message_from(&world.carol()).await;
    // Who else has it by the header is named, since an answer to all would go there.
    assert_eq!(
        body(&copy).as_deref(),
        Some("To: adam@a.example\nAdam must not know")
    );

    let mail = "From: carol@mail.example\nTo: adam@chat.a.example\n\nHello Adam\n";
    world.carol_sends(&["adam@chat.a.example"], mail).await;
    let first = adam.next_message_from(&world.carol()).await;
    assert_eq!(body(&first).as_deref(), Some("Hello Adam"));
    assert_eq!(adam.count_messages(), 1, "what was for alice is not his");
    assert_eq!(alice.count_messages(), 1, "what was for adam is not hers");
}

#[tokio::test]
async fn two_of_them_get_one_each() {
    let world = World::start().await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    let both = ["alice@chat.a.example", "adam@chat.a.example"];

    let mail =
        "From: carol@mail.example\nTo: Somebody <somebody@elsewhere.example>\n\nTo you both\n";
    world.carol_sends(&both, mail).await;
    world
        .carol_sends(&both, "From: carol@mail.example\n\nThat was all\n")
        .await;

    for user in [&alice, &adam] {
        user.next_message_saying("To: Somebody (somebody@elsewhere.example)\nTo you both")
            .await;
        user.next_message_saying("That was all").await;
        assert_eq!(user.count_messages(), 2, "each mail comes once");
    }
}
