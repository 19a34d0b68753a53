//! Where the user wants to be asked, a stranger is a contact request, kept by the user's own server until it is answered: the
//! client accepts it, or the user writes back, or says so to the gateway; and what came meanwhile is there. Who is refused
//! hears nothing.

use super::servers::stanza::{body, delay, from, kind_of, status};
use super::servers::{Flavour, PATIENCE, XmppClient};
use super::world::{Options, World};

const REQUEST: &str = "[contacts]\nstrangers = \"request\"";

#[tokio::test]
async fn on_prosody() {
    wait(Flavour::Prosody, Options::default(), "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    wait(Flavour::Ejabberd, Options::default(), "bob").await;
}

/// Where no mailbox keeps anything.
#[tokio::test]
async fn by_lmtp() {
    wait(Flavour::Prosody, Options::by_lmtp(), "alice").await;
}

async fn wait(flavour: Flavour, options: Options, name: &str) {
    let options = Options {
        more: REQUEST.into(),
        ..options
    };
    let mut world = World::on(flavour, options).await;
    let to = format!("{name}@{}", world.mail_domain());
    let helper = format!("help@{}", world.xmpp.gateway);
    let sends = async |who: &str, text: &str| {
        let mail = format!("From: {who}\nTo: {to}\nSubject: {text}\n\nIt says {text}\n");
        world.carol_sends(&[&to], &mail).await;
    };
    // The user is away when they write.
    let user = world.login(name).await;
    drop(user);
    sends("Carol <carol@mail.example>", "first").await;
    sends("Carol <carol@mail.example>", "second").await;
    sends("Dave <dave@mail.example>", "third").await;
    sends("Mallory <mallory@mail.example>", "fourth").await;
    let user = world.login(name).await;
    let (carol, dave) = (world.carol(), world.contact("dave@mail.example"));
    for contact in [&carol, &dave, &world.contact("mallory@mail.example")] {
        let asks = is_asked_by(&user, contact).await;
        assert!(status(&asks).is_some_and(|text| text.contains("would like to write to you: “")));
    }
    let list = asks(&user, &helper, "requests").await;
    assert!(list.starts_with("3 people would like"), "{list}");
    assert!(
        list.contains("“Carol” · carol@mail.example · “first – It says first” · 2 mails"),
        "{list}"
    );

    // Carol by the client, over a restart of the gateway.
    world.gateway.restart().await;
    user.send(&format!("<presence type='subscribed' to='{carol}'/>"))
        .await;
    for text in ["It says first", "It says second"] {
        let message = user.next_message_from(&carol).await;
        assert!(
            body(&message).is_some_and(|said| said.ends_with(text)),
            "{message:?}"
        );
        assert!(delay(&message).is_some(), "{message:?}");
    }
    // Dave by an answer.
    user.send_message(&dave, "Who are you?").await;
    let message = user.next_message_from(&dave).await;
    assert!(body(&message).is_some_and(|said| said.ends_with("It says third")));
    world
        .mailbox("dave@mail.example")
        .await
        .wait_mail_saying("Who are you?")
        .await;
    // Mallory not at all.
    let refused = asks(&user, &helper, "refuse mallory@mail.example").await;
    assert!(refused.contains("nobody is told"), "{refused}");
    let nobody = asks(&user, &helper, "requests").await;
    assert!(nobody.starts_with("Nobody waits"), "{nobody}");

    let to = format!("{name}@{}", world.mail_domain());
    for who in ["mallory", "carol"] {
        let mail = format!("From: {who}@mail.example\nTo: {to}\n\nThe last of {who}\n");
        world.carol_sends(&[&to], &mail).await;
    }
    user.next_message_saying("The last of carol").await;
    // A client that comes later is asked nothing any more.
    let user = world.login(name).await;
    let list = asks(&user, &helper, "requests").await;
    assert!(list.starts_with("Nobody waits"), "{list}");
    world.mail.hands_all_on().await;
    let carols = world.mailbox("carol@mail.example").await.all().await;
    assert!(carols.is_empty(), "nobody was told anything: {carols:?}");
}

async fn is_asked_by(user: &XmppClient, contact: &str) -> minidom::Element {
    let is_it = |stanza: &minidom::Element| {
        stanza.name() == "presence"
            && kind_of(stanza) == "subscribe"
            && from(stanza).starts_with(contact)
    };
    user.expect(is_it, PATIENCE).await
}

/// What the helper answers. It has asked about each stranger, too.
async fn asks(user: &XmppClient, helper: &str, words: &str) -> String {
    user.send_message(helper, words).await;
    let is_answer = |stanza: &minidom::Element| {
        let said = body(stanza).filter(|_| from(stanza).starts_with(helper));
        said.is_some_and(|said| !said.contains("accept the contact request"))
    };
    body(&user.expect(is_answer, PATIENCE).await).unwrap()
}
