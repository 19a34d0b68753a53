//! A mail to several shows who else has it. An answer to it (XEP-0461) goes to its author, and to all of them where the user
//! says so.

use super::servers::stanza::{body, find, stanza_id};
use super::world::World;

const ADDRESS: &str = "http://jabber.org/protocol/address";

#[tokio::test]
async fn where_the_user_says_so() {
    let world = World::start().await;
    let alice = world.login("alice").await;

    let mail = "From: Carol <carol@mail.example>\nTo: alice@chat.a.example\n\
                Cc: Dave <dave@mail.example>\nSubject: Dinner\nMessage-ID: <dinner@mail.example>\n\nAt eight?\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    let asked = alice.next_message_from(&world.carol()).await;
    let addresses = find(&asked, "addresses", ADDRESS).expect("it says who else has it");
    let others: Vec<_> = addresses
        .children()
        .map(|other| (other.attr("type"), other.attr("jid")))
        .collect();
    let dave = world.contact("dave@mail.example");
    assert_eq!(others, [(Some("cc"), Some(dave.as_str()))]);

    assert_eq!(
        body(&asked).unwrap(),
        "*Dinner*\nTo: you, Dave (dave@mail.example)\nAt eight?"
    );

    let answer = |id: &str, words: &str| {
        format!(
            "<message type='chat' to='{carol}' id='{id}'><body>{words}</body>\
             <reply xmlns='urn:xmpp:reply:0' to='{carol}' id='{asked}'/></message>",
            carol = world.carol(),
            asked = stanza_id(&asked),
        )
    };
    alice.send(answer("one", "Between us: no")).await;
    let inbox = world.mailbox("carol@mail.example").await;
    let alone = inbox.wait_mail_saying("Between us").await;
    assert_eq!(alone.header("Cc"), None);
    alice.send(answer("all", "/all Gladly")).await;
    for address in ["carol@mail.example", "dave@mail.example"] {
        let inbox = world.mailbox(address).await;
        let answer = inbox.wait_mail_saying("Gladly").await;
        assert_eq!(
            answer.header("To").as_deref(),
            Some("Carol <carol@mail.example>")
        );
        assert_eq!(answer.header("Cc").as_deref(), Some("dave@mail.example"));
        assert_eq!(answer.subject(), "Re: Dinner");
        let answered = answer.header("In-Reply-To");
        assert_eq!(answered.as_deref(), Some("<dinner@mail.example>"));
        assert!(!answer.text().contains("/all"));
    }
    let dave = world.mailbox("dave@mail.example").await;
    assert_eq!(dave.count().await, 1, "not the one to Carol");
}
