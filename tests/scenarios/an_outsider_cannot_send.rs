//! Who is not a user of the gateway gets `<forbidden/>` with a reason, and no mail leaves.

use super::servers::stanza::{error_condition, error_text, stanza_id};
use super::servers::{Gateway, MailOptions, MailServer, Prosody, XmppClient, XmppOptions};
use super::world::{Options, PROGRAM, World, config};

#[tokio::test]
async fn from_another_domain_of_the_same_server() {
    let world = with_another_domain().await;
    let mallory = world.login("mallory@other.example").await;

    let id = mallory.send_message(&world.carol(), "Buy now").await;
    refused(&mallory, &id).await;
    mallory
        .send(format!(
            "<presence type='subscribe' id='add' to='{}'/>",
            world.carol()
        ))
        .await;
    refused(&mallory, "add").await;
    let list = "<addresses xmlns='http://jabber.org/protocol/address'>\
                <address type='to' uri='mailto:carol@mail.example'/></addresses>";
    mallory
        .send(format!(
            "<message id='many' to='{}'><body>Buy now</body>{list}</message>",
            world.xmpp.gateway
        ))
        .await;
    refused(&mallory, "many").await;
    assert!(world.mail.attempts().is_empty(), "a mail was sent");

    // The gateway works: a user's mail is the first that leaves.
    let alice = world.login("alice").await;
    alice.send_message(&world.carol(), "Hello Carol").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let mails = inbox.wait_for(1).await;
    assert!(mails[0].body().contains("Hello Carol"));
    assert_eq!(world.mail.attempts_for("carol@mail.example"), 1);
}

async fn refused(mallory: &XmppClient, id: &str) {
    let error = mallory.next_error().await;
    assert_eq!(stanza_id(&error), id);
    assert_eq!(
        error_condition(&error).as_deref(),
        Some("forbidden"),
        "{error:?}"
    );
    let text = error_text(&error).expect("it says why");
    assert!(text.contains("a.example"), "{text}");
}

async fn with_another_domain() -> World {
    let domains = XmppOptions::a()
        .domain("other.example")
        .user("mallory@other.example");
    let (xmpp, mail) = tokio::join!(
        Prosody::start(domains),
        MailServer::start(MailOptions::default())
    );
    let config = config(&xmpp, (mail.smtp_port, mail.imap_port), &Options::default());
    World {
        gateway: Gateway::start(PROGRAM, &config).await,
        xmpp,
        mail,
    }
}
