//! Whoever Alice has to do with has a name in her contact list: written there where the server lets the gateway do that,
//! else suggested to her client. What she calls somebody herself stays.

use minidom::Element;

use super::servers::stanza::{body, error_condition, find, kind_of};
use super::servers::{
    Flavour, Gateway, MailOptions, MailServer, PATIENCE, Prosody, XmppClient, XmppOptions,
};
use super::world::{Options, PROGRAM, World, config};
use std::time::{Duration, Instant};

/// Alice wrote to Carol, who says who she is.
async fn carol_answers(world: &World, user: &XmppClient, name: &str, mail: u32) {
    let to = format!(
        "{}@{}",
        user.bare().split('@').next().unwrap(),
        world.mail_domain()
    );
    let text = format!(
        "From: {name} <carol@mail.example>\nTo: {to}\nMessage-ID: <n{mail}@mail.example>\n\nAnswer {mail}\n"
    );
    world.carol_sends(&[&to], &text).await;
    let is_it = |stanza: &Element| {
        stanza.name() == "message"
            && body(stanza).is_some_and(|text| text.contains(&format!("Answer {mail}")))
    };
    user.expect(is_it, PATIENCE).await;
}

async fn get(user: &XmppClient, jid: &str, payload: &str) -> Element {
    user.iq("get", Some(jid), payload).await
}

#[tokio::test]
async fn a_server_without_privileges_leaves_it_to_the_client() {
    for (flavour, name) in [(Flavour::Prosody, "alice"), (Flavour::Ejabberd, "bob")] {
        let world = World::on(flavour, Options::default()).await;
        let (user, carol) = (world.login(name).await, world.carol());
        user.send_message(&carol, "Hello").await;
        carol_answers(&world, &user, "Carol Müller", 1).await;
        let is_suggestion =
            |stanza: &Element| find(stanza, "item", "http://jabber.org/protocol/rosterx").is_some();
        let suggestion = user.expect(is_suggestion, PATIENCE).await;
        let item = find(&suggestion, "item", "http://jabber.org/protocol/rosterx").unwrap();
        let found = (item.attr("jid"), item.attr("name"));
        assert_eq!(found, (Some(carol.as_str()), Some("Carol Müller")));

        // It is said once, and is there for whoever asks.
        carol_answers(&world, &user, "Carol Müller", 2).await;
        let card = get(&user, &carol, "<vCard xmlns='vcard-temp'/>").await;
        let full_name = find(&card, "FN", "vcard-temp").map(Element::text);
        assert_eq!(full_name.as_deref(), Some("Carol Müller"));
        let card = get(
            &user,
            &carol,
            "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>",
        )
        .await;
        assert!(String::from(&card).contains("Carol Müller"), "{card:?}");
        let nick = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='http://jabber.org/protocol/nick'/></pubsub>";
        let nick = get(&user, &carol, nick).await;
        let nick = find(&nick, "nick", "http://jabber.org/protocol/nick").map(Element::text);
        assert_eq!(nick.as_deref(), Some("Carol Müller"));
        let keys = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='eu.siacs.conversations.axolotl.devicelist'/></pubsub>";
        let keys = get(&user, &carol, keys).await;
        assert_eq!(error_condition(&keys).as_deref(), Some("item-not-found"));
        let more = user
            .received()
            .iter()
            .filter(|stanza| is_suggestion(stanza))
            .count();
        assert_eq!(more, 1, "once");
    }
}

#[tokio::test]
async fn a_server_with_privileges_has_it_in_the_roster() {
    let (xmpp, mail) = tokio::join!(
        Prosody::start(XmppOptions::a().privileged()),
        MailServer::start(MailOptions::default())
    );
    let config = config(&xmpp, (mail.smtp_port, mail.imap_port), &Options::default());
    let world = World {
        gateway: Gateway::start(PROGRAM, &config).await,
        xmpp,
        mail,
    };
    let (alice, carol) = (world.login("alice").await, world.carol());
    alice.send_message(&carol, "Hello").await;
    carol_answers(&world, &alice, "Carol Müller", 1).await;
    called(&alice, &carol, "Carol Müller").await;
    carol_answers(&world, &alice, "Carol Meier", 2).await;
    called(&alice, &carol, "Carol Meier").await;

    let own = format!("<query xmlns='jabber:iq:roster'><item jid='{carol}' name='Caro'/></query>");
    let renamed = alice.iq("set", None, &own).await;
    assert_eq!(kind_of(&renamed), "result");
    carol_answers(&world, &alice, "Carol Schmidt", 3).await;
    // The question for the roster left with the message; what is answered after it has come after its answer.
    for _ in 0..3 {
        get(&alice, &carol, "<ping xmlns='urn:xmpp:ping'/>").await;
    }
    called(&alice, &carol, "Caro").await;
    let roster = alice.roster().await;
    assert_eq!(roster.len(), 1, "{roster:?}");
}

/// Waits until the server's roster says so.
async fn called(user: &XmppClient, jid: &str, name: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let roster = user.roster().await;
        let names: Vec<_> = roster
            .iter()
            .filter(|item| item.jid == jid)
            .map(|item| item.name.as_str())
            .collect();
        if names == [name] {
            return;
        }
        assert!(Instant::now() < end, "{roster:?} does not say {name}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
