//! A message with a list of recipients (XEP-0033) is one mail: To and Cc are named, Bcc is not.

use super::servers::{Flavour, MailOptions};
use super::world::{Options, World};

#[tokio::test]
async fn a_blind_copy_is_in_the_envelope_only() {
    let options = Options {
        mail: MailOptions::default().person("erin@mail.example"),
        ..Options::default()
    };
    let world = World::on(Flavour::Ejabberd, options).await;
    let bob = world.login("bob").await;

    bob.send(format!(
        "<message to='{gateway}' id='many'>\
         <addresses xmlns='http://jabber.org/protocol/address'>\
         <address type='to' jid='{carol}'/>\
         <address type='cc' uri='mailto:dave@mail.example'/>\
         <address type='bcc' jid='{erin}'/>\
         </addresses><subject>Dinner</subject><body>At eight?</body></message>",
        gateway = world.xmpp.gateway,
        carol = world.carol(),
        erin = world.contact("erin@mail.example"),
    ))
    .await;

    let mut ids = Vec::new();
    for address in [
        "carol@mail.example",
        "dave@mail.example",
        "erin@mail.example",
    ] {
        let inbox = world.mailbox(address).await;
        let mail = inbox.wait_for(1).await.remove(0);
        assert_eq!(mail.header("To").as_deref(), Some("carol@mail.example"));
        assert_eq!(mail.header("Cc").as_deref(), Some("dave@mail.example"));
        assert_eq!(mail.header("Delivered-To").as_deref(), Some(address));
        assert_eq!(
            mail.text().contains("erin"),
            address == "erin@mail.example",
            "only erin knows of erin:\n{}",
            mail.text()
        );
        ids.push(mail.message_id());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "it is one mail");
    let transactions = world.mail.attempts();
    let data = transactions
        .iter()
        .filter(|attempt| attempt.stage == super::servers::Stage::Data);
    assert_eq!(data.count(), 1, "{transactions:?}");
}
