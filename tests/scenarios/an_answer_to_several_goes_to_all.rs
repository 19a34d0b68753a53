//! A mail to several shows who else has it, and an answer to it (XEP-0461) goes to all of them.

use super::servers::stanza::{find, stanza_id};
use super::world::World;

const ADDRESS: &str = "http://jabber.org/protocol/address";

#[tokio::test]
async fn as_a_reply_to_all() {
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

    alice
        .send(format!(
            "<message type='chat' to='{carol}' id='answer'><body>Gladly</body>\
             <reply xmlns='urn:xmpp:reply:0' to='{carol}' id='{id}'/></message>",
            carol = world.carol(),
            id = stanza_id(&asked),
        ))
        .await;
    for address in ["carol@mail.example", "dave@mail.example"] {
        let inbox = world.mailbox(address).await;
        let answer = inbox.wait_mail_saying("Gladly").await;
        assert_eq!(answer.header("To").as_deref(), Some("carol@mail.example"));
        assert_eq!(answer.header("Cc").as_deref(), Some("dave@mail.example"));
        assert_eq!(answer.subject(), "Re: Dinner");
        let answered = answer.header("In-Reply-To");
        assert_eq!(answered.as_deref(), Some("<dinner@mail.example>"));
    }
}
