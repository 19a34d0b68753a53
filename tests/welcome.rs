//! Who uses the gateway for the first time is told what it is, once. No server; rows come from a map.

use crate::decided::World;
use jid::BareJid;
use minidom::Element;
use stanzamail::core::context::{Context, Write};
use stanzamail::core::decide::Decision;
use stanzamail::core::operation::OperationResult;
use stanzamail::core::record::{Pair, PairOrigin};
use stanzamail::core::traces::Traces;

const GATEWAY: &str = "gateway.a.example";
/// Where it can be answered in every client.
const HELPER: &str = "help@gateway.a.example";
const CAROL: &str = "carol\\40mail.example@gateway.a.example";

fn world() -> World {
    let mut world = World::new();
    world.settings.welcomes = true;
    world
}

/// Who says what in a decision.
fn said(decision: &Decision) -> Vec<(String, String)> {
    let messages = decision.stanzas.iter();
    let messages =
        messages.filter(|one| one.name() == "message" && one.attr("type") != Some("error"));
    let one = |one: &Element| {
        let body = one.children().find(|child| child.name() == "body");
        let from = one.attr("from").unwrap_or_default().to_owned();
        (from, body.map(Element::text).unwrap_or_default())
    };
    messages.map(one).collect()
}

fn is_welcome((from, text): &(String, String)) -> bool {
    from == HELPER && text.starts_with("Welcome!") && text.contains("alice@chat.a.example")
}

fn mail(id: &str) -> String {
    format!(
        "From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nMessage-ID: <{id}@mail.example>\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\n\nHello {id}\n"
    )
}

fn message(id: &str, to: &str, body: &str) -> String {
    format!(
        "<message from='alice@a.example/phone' to='{to}' id='{id}' type='chat'><body>{body}</body></message>"
    )
}

#[test]
fn the_first_mail_comes_with_a_welcome_before_it_and_the_next_without() {
    let mut world = world();
    let first = said(&world.arrives(&mail("one")).0);
    assert_eq!(first.len(), 2, "{first:?}");
    assert!(is_welcome(&first[0]), "{first:?}");
    assert_eq!(first[1], (CAROL.to_owned(), "Hello one".to_owned()));
    let next = said(&world.arrives(&mail("two")).0);
    assert_eq!(next, [(CAROL.to_owned(), "Hello two".to_owned())]);
    // Nor does an answer bring it again.
    assert!(said(&world.stanza(&message("1", CAROL, "Hi"))).is_empty());
}

#[test]
fn the_first_message_to_a_contact_brings_it_and_one_to_the_gateway_is_answered() {
    let mut one = world();
    let first = said(&one.stanza(&message("1", CAROL, "Hi")));
    assert!(first.len() == 1 && is_welcome(&first[0]), "{first:?}");
    assert!(said(&one.stanza(&message("2", CAROL, "Hi again"))).is_empty());
    assert_eq!(said(&one.arrives(&mail("one")).0).len(), 1);

    let mut other = world();
    let answer = said(&other.stanza(&message("1", GATEWAY, "help")));
    assert!(
        answer.len() == 1 && !answer[0].1.starts_with("Welcome!"),
        "{answer:?}"
    );
    assert!(said(&other.stanza(&message("2", CAROL, "Hi"))).is_empty());
    assert_eq!(said(&other.arrives(&mail("one")).0).len(), 1);
}

/// Then the gateway is spoken to by its domain alone.
#[test]
fn it_comes_from_the_domain_where_somebody_is_called_help() {
    let mut world = world();
    world.context.apply(&[Write::Pair(Pair {
        jid: BareJid::new(HELPER).unwrap(),
        mail: "desk@mail.example".parse().unwrap(),
        name: None,
        origin: PairOrigin::Admin,
        saved: world.now,
    })]);
    let first = said(&world.stanza(&message("1", CAROL, "Hi")));
    assert_eq!(first[0].0, GATEWAY, "{first:?}");
}

#[test]
fn what_a_client_does_by_itself_brings_none() {
    let mut world = world();
    for stanza in [
        "<presence from='alice@a.example/phone' to='gateway.a.example'/>",
        "<iq type='get' id='1' from='alice@a.example/phone' to='gateway.a.example'>\
         <query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    ] {
        assert!(said(&world.stanza(stanza)).is_empty(), "{stanza}");
    }
}

#[test]
fn it_is_in_the_language_of_the_user_and_can_be_switched_off() {
    let mut one = world();
    let german = message("1", CAROL, "Hallo").replace("<message ", "<message xml:lang='de' ");
    assert!(said(&one.stanza(&german))[0].1.starts_with("Willkommen!"));
    let mut other = World::new();
    assert!(said(&other.stanza(&message("1", CAROL, "Hi"))).is_empty());
}

/// Who asks to be forgotten knows what the gateway is.
#[test]
fn who_was_forgotten_is_not_welcomed_again() {
    let mut world = world();
    let forgets = message("f", GATEWAY, "forget me yes");
    let operation = world.stanza(&forgets).operation.expect("it is to be done");
    world.context = Context::new();
    let gone = OperationResult::Forgotten(Traces::default());
    world.context.tell(Some((operation, gone)));
    world.stanza(&forgets);
    world.context.tell(None);
    assert!(said(&world.stanza(&message("1", CAROL, "Hi"))).is_empty());
    // Somebody else is told.
    let other = message("1", CAROL, "Hi").replace("alice@", "adam@");
    assert_eq!(said(&world.stanza(&other)).len(), 1);
}

/// An outsider, and a user without an address, could do nothing with it.
#[test]
fn who_cannot_use_the_gateway_is_not_welcomed() {
    let mut world = world();
    let outsider = message("1", CAROL, "Hi").replace("alice@a.example", "eve@elsewhere.example");
    assert!(
        said(&world.stanza(&outsider))
            .iter()
            .all(|(_, text)| !text.starts_with("Welcome!"))
    );
}
