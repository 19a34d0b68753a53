//! The first mail to somebody who has never used the gateway comes with a word about what it is, and the next one without, over a
//! kill as well.

use super::servers::stanza::{body, from, kind_of};
use super::servers::{Flavour, PATIENCE, XmppClient};
use super::world::{Options, World};
use minidom::Element;
use std::collections::BTreeSet;

#[tokio::test]
async fn on_prosody() {
    welcome(Flavour::Prosody, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    welcome(Flavour::Ejabberd, "bob").await;
}

async fn welcome(flavour: Flavour, name: &str) {
    let options = Options {
        more: "[users]\nwelcome = true".into(),
        ..Options::default()
    };
    let mut world = World::on(flavour, options).await;
    let to = format!("{name}@{}", world.mail_domain());
    let (helper, carol) = (format!("help@{}", world.xmpp.gateway), world.carol());
    let user = world.login(name).await;
    let sends = async |world: &World, text: &str| {
        let mail = format!("From: carol@mail.example\nTo: {to}\n\n{text}\n");
        world.carol_sends(&[&to], &mail).await;
    };
    let mut ids = BTreeSet::new();
    sends(&world, "first").await;
    let (who, text) = next(&user, &mut ids).await;
    assert!(
        who == helper && text.contains(&to) && text.contains("carol@mail.example Hello!"),
        "{who}: {text}"
    );
    assert_eq!(
        next(&user, &mut ids).await,
        (carol.clone(), "first".to_owned())
    );
    world.gateway.kill9();
    world.gateway.start_again().await;
    sends(&world, "second").await;
    assert_eq!(
        next(&user, &mut ids).await,
        (carol.clone(), "second".to_owned())
    );
}

/// Who says what next. What a kill repeats has the id that it had.
async fn next(user: &XmppClient, ids: &mut BTreeSet<String>) -> (String, String) {
    let is_said = |stanza: &Element| {
        stanza.name() == "message" && kind_of(stanza) != "error" && body(stanza).is_some()
    };
    loop {
        let message = user.expect(is_said, PATIENCE).await;
        let id = message.attr("id").expect("it has an id");
        if ids.insert(id.to_owned()) {
            let from = from(&message);
            let who = from.split('/').next().unwrap_or_default();
            return (who.to_owned(), body(&message).unwrap_or_default());
        }
    }
}
