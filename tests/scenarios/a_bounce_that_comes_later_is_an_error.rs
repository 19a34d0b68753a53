//! A mail that the mail server takes and then cannot deliver comes back as a report. Its sender gets an error on the message
//! itself, and in words of the contact where it had a receipt, once, and no mail to read; an invitation that comes back is refused.

use super::servers::PATIENCE;
use super::servers::stanza::{
    body, error_condition, error_text, find, from, kind_of, stanza_id, to,
};
use super::world::World;

#[tokio::test]
async fn on_the_message_that_it_was() {
    let world = World::start().await;
    let alice = world.login("alice").await;
    let gone = world.contact("gone@bounce.example");

    alice
        .send(format!(
            "<message type='chat' to='{gone}' id='lost'><body>Are you there?</body>\
             <request xmlns='urn:xmpp:receipts'/></message>"
        ))
        .await;
    let receipt =
        |stanza: &minidom::Element| find(stanza, "received", "urn:xmpp:receipts").is_some();
    alice.expect(receipt, PATIENCE).await; // the mail server had taken it
    let error = alice.next_error().await;
    assert_eq!(error.name(), "message");
    assert_eq!(
        (stanza_id(&error), from(&error)),
        ("lost".into(), gone.clone())
    );
    assert_eq!(to(&error), alice.jid);
    assert_eq!(error_condition(&error).as_deref(), Some("item-not-found"));
    let words = error_text(&error).expect("it says why");
    assert!(
        words.starts_with("The message to gone@bounce.example was not delivered: 550 5.1.1"),
        "{words}"
    );

    // The client goes on showing the receipt, so the contact says it as well.
    let said = alice.next_message_from(&gone).await;
    let text = body(&said).unwrap();
    let plain = "Not delivered: “Are you there?” – there is no such address.\n";
    assert!(
        text.starts_with(plain) && text.contains("550 5.1.1"),
        "{text}"
    );
    let reply = find(&said, "reply", "urn:xmpp:reply:0").expect("it is about the message");
    assert_eq!(reply.attr("id"), Some("lost"));

    let nobody = world.contact("nobody@bounce.example");
    alice.send_presence(&nobody, "subscribe").await;
    let refused = alice.next_error().await;
    assert_eq!((refused.name(), from(&refused)), ("presence", nobody));
    assert_eq!(error_condition(&refused).as_deref(), Some("item-not-found"));

    // Mails of the mailbox are shown in their order: had the reports been shown, that would be seen by now.
    let mail = "From: carol@mail.example\nTo: alice@chat.a.example\n\nHello\n";
    world.carol_sends(&["alice@chat.a.example"], mail).await;
    alice.next_message_saying("Hello").await;
    let received = alice.received();
    let texts: Vec<_> = received.iter().filter_map(body).collect();
    assert_eq!(texts, [text, "Hello".to_owned()]);
    let errors = received.iter().filter(|s| kind_of(s) == "error");
    assert_eq!(errors.count(), 2);
    assert_eq!(world.bridge().await.count().await, 3);
}
