//! Faces: the picture that a contact's own verified mails show is the contact's in chat, and a user's own goes with mails.

use crate::decided::World;
use minidom::Element;
use stanzamail::core::context::Write;
use stanzamail::core::decide::Decision;
use stanzamail::core::limits::AVATAR_OCTETS_MAX;
use stanzamail::core::settings::{OwnNames, Trust};

const METADATA: &str = "urn:xmpp:avatar:metadata";
const DATA: &str = "urn:xmpp:avatar:data";
const CAROL: &str = "carol\\40mail.example@gateway.a.example";
const VERIFIED: &str =
    "Authentication-Results: mx.a.example; dmarc=pass header.from=mail.example\n";
const NOT_VERIFIED: &str =
    "Authentication-Results: mx.a.example; dmarc=none header.from=mail.example\n";
/// A PNG of 48 by 48 pixels, all black.
const FACE: &str = "iVBORw0KGgoAAAANSUhEUgAAADAAAAAwAQAAAAB/ecQqAAAADUlEQVR42mNgGAXUBAABUAABNLg62QAAAABJRU5ErkJggg==";
/// One of 64 by 64, as it begins.
const OTHER: &str = "iVBORw0KGgoAAAANSUhEUgAAAEAAAABA";

/// Alice, who has asked for Carol's presence where `asked`, and a mail server that says who is who.
fn world(asked: bool) -> World {
    let mut world = World::new();
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    if asked {
        world.stanza(&format!(
            "<presence type='subscribe' from='alice@a.example' to='{CAROL}'/>"
        ));
    }
    world
}

/// A mail of Carol's to Alice with these fields.
fn mail(world: &mut World, number: u32, fields: &str) -> Decision {
    world.mail(&format!(
        "{fields}From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nMessage-ID: <{number}@mail.example>\n\nHello {number}\n"
    ))
}

fn faced(world: &mut World, number: u32, trust: &str, face: &str) -> Decision {
    mail(world, number, &format!("{trust}Face: {face}\n"))
}

/// The pictures that the presences among these stanzas name; an empty one where they say that there is none.
fn photos(decision: &Decision) -> Vec<String> {
    let updates = decision
        .stanzas
        .iter()
        .filter_map(|stanza| stanza.get_child("x", "vcard-temp:x:update"));
    updates
        .map(|x| x.get_child("photo", "vcard-temp:x:update").unwrap().text())
        .collect()
}

/// The nodes of which these stanzas tell what is new.
fn events(decision: &Decision) -> Vec<String> {
    let event = "http://jabber.org/protocol/pubsub#event";
    let events = decision
        .stanzas
        .iter()
        .filter_map(|stanza| stanza.get_child("event", event));
    events
        .map(|one| one.get_child("items", event).unwrap())
        .map(|items| items.attr("node").unwrap().to_owned())
        .collect()
}

fn ask(world: &mut World, payload: &str) -> Element {
    let decision = world.stanza(&format!(
        "<iq type='get' id='1' from='alice@a.example/x' to='{CAROL}'>{payload}</iq>"
    ));
    decision.stanzas[0].clone()
}

fn node(world: &mut World, node: &str) -> Element {
    ask(
        world,
        &format!(
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>"
        ),
    )
}

#[test]
fn the_face_of_a_mail_is_the_contacts() {
    let mut world = world(true);
    let decision = faced(&mut world, 1, VERIFIED, FACE);
    let named = photos(&decision);
    assert_eq!(
        named.len(),
        1,
        "in the presence that follows the acceptance"
    );
    let id = &named[0];
    assert_eq!(id.len(), 40);
    assert_eq!(events(&decision), [""; 0], "which says so already");

    let card = String::from(&ask(&mut world, "<vCard xmlns='vcard-temp'/>"));
    assert!(
        card.contains(&format!("<TYPE>image/png</TYPE><BINVAL>{FACE}</BINVAL>")),
        "{card}"
    );
    let card = "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>";
    let card = String::from(&ask(&mut world, card));
    assert!(
        card.contains(&format!(
            "<photo><uri>data:image/png;base64,{FACE}</uri></photo>"
        )),
        "{card}"
    );
    let metadata = String::from(&node(&mut world, METADATA));
    for said in [
        &format!("<item id=\"{id}\">") as &str,
        &format!("id=\"{id}\""),
        "bytes=\"70\"",
        "width=\"48\"",
        "type=\"image/png\"",
    ] {
        assert!(
            metadata.contains(said) || metadata.contains(&said.replace('"', "'")),
            "{said}: {metadata}"
        );
    }
    let data = String::from(&node(&mut world, DATA));
    assert!(data.contains(&format!(">{FACE}</data>")), "{data}");
    let other = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'><item id='x'/></items></pubsub>";
    let other = ask(&mut world, other);
    assert_eq!(other.attr("type"), Some("error"));

    // The same again is nothing new, and a mail without one takes none away.
    for fields in [format!("{VERIFIED}Face: {FACE}\n"), VERIFIED.to_owned()] {
        let decision = mail(&mut world, 2, &fields);
        assert!(
            decision
                .writes
                .iter()
                .all(|write| !matches!(write, Write::Avatar(..)))
        );
        assert!(events(&decision).is_empty());
        assert!(ask(&mut world, "<vCard xmlns='vcard-temp'/>").attr("type") == Some("result"));
    }
    let probe = format!("<presence type='probe' from='alice@a.example' to='{CAROL}'/>");
    let probe = world.stanza(&probe);
    assert_eq!(photos(&probe), std::slice::from_ref(id));
}

#[test]
fn another_picture_takes_the_place_of_the_first_until_there_is_none() {
    let mut world = world(true);
    faced(&mut world, 1, VERIFIED, FACE);
    let chat = |value: &str| format!("{VERIFIED}Chat-Version: 1.0\nChat-User-Avatar: {value}\n");
    let decision = mail(&mut world, 2, &chat(&format!("base64:{OTHER}")));
    assert_eq!(
        (photos(&decision).len(), events(&decision)),
        (1, vec![METADATA.to_owned()])
    );
    let data = String::from(&node(&mut world, DATA));
    assert!(data.contains(OTHER), "{data}");
    let decision = mail(&mut world, 3, &chat("0"));
    assert_eq!(photos(&decision), [""]);
    assert_eq!(events(&decision), [METADATA]);
    assert_eq!(node(&mut world, DATA).attr("type"), Some("error"));
    let user = "alice@a.example".parse().unwrap();
    let carol = "carol@mail.example".parse().unwrap();
    assert_eq!(world.context.avatar(&user, &carol).unwrap(), None);
}

#[test]
fn another_name_is_told_as_well() {
    let mut world = world(true);
    mail(&mut world, 1, VERIFIED);
    let decision = world.mail(&format!(
        "{VERIFIED}From: Caroline <carol@mail.example>\nTo: alice@chat.a.example\nMessage-ID: <2@mail.example>\n\nHello\n"
    ));
    assert_eq!(events(&decision), ["http://jabber.org/protocol/nick"]);
    assert!(
        decision
            .stanzas
            .iter()
            .any(|one| String::from(one).contains(">Caroline</nick></item>"))
    );
    assert!(photos(&decision).is_empty());
}

#[test]
fn c16_nobody_gets_a_face_from_a_mail_that_may_be_anybodys() {
    for fields in [
        format!("{NOT_VERIFIED}Face: {FACE}\n"),
        format!("Face: {FACE}\n"),
        format!("{VERIFIED}List-Id: <list.mail.example>\nFace: {FACE}\n"),
        format!("{VERIFIED}Face: {OTHER}\n"),
        format!(
            "{VERIFIED}Chat-User-Avatar: base64:{}\n",
            "A".repeat(AVATAR_OCTETS_MAX * 2)
        ),
        format!("{VERIFIED}Chat-User-Avatar: https://evil.example/a.png\n"),
    ] {
        let mut world = world(true);
        mail(&mut world, 1, VERIFIED);
        let decision = mail(&mut world, 2, &fields);
        let is_avatar = |write: &Write| matches!(write, Write::Avatar(..));
        assert!(!decision.writes.iter().any(is_avatar), "{fields}");
        assert_eq!(events(&decision), [""; 0]);
        assert_eq!(node(&mut world, METADATA).attr("type"), Some("error"));
    }
}

#[test]
fn c16_of_a_stranger_no_picture_is_kept() {
    let mut world = world(false);
    for number in 1..4 {
        let decision = faced(&mut world, number, VERIFIED, FACE);
        let is_avatar = |write: &Write| matches!(write, Write::Avatar(..));
        assert!(!decision.writes.iter().any(is_avatar));
    }
    // Whom the user has written to is none any more.
    world.stanza(&format!(
        "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='m'><body>Hello</body></message>"
    ));
    let decision = faced(&mut world, 4, VERIFIED, FACE);
    assert_eq!(
        events(&decision),
        [""; 0],
        "she does not see Carol's presence"
    );
    assert_eq!(node(&mut world, METADATA).attr("type"), Some("result"));
    // Others have not seen it.
    let adam = world.stanza(&format!(
        "<iq type='get' id='1' from='adam@a.example/x' to='{CAROL}'><vCard xmlns='vcard-temp'/></iq>"
    ));
    assert!(!String::from(&adam.stanzas[0]).contains("PHOTO"));
}

#[test]
fn who_is_removed_has_no_face() {
    let mut world = world(false);
    world.stanza(&format!(
        "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='m'><body>Hello</body></message>"
    ));
    faced(&mut world, 1, VERIFIED, FACE);
    let decision = world.stanza(
        "<message from='alice@a.example/x' to='gateway.a.example' type='chat' id='r'><body>remove carol@mail.example</body></message>",
    );
    let is_gone = |write: &Write| matches!(write, Write::Avatar(_, _, None));
    assert!(decision.writes.iter().any(is_gone), "{:?}", decision.writes);
    let card = String::from(&ask(&mut world, "<vCard xmlns='vcard-temp'/>"));
    assert!(!card.contains("PHOTO"), "{card}");
}

/// The header of the mail that Alice's message becomes, where her card has this picture.
fn header_of(photo: &str) -> String {
    let mut world = World::new();
    world.settings.own_names = OwnNames::Card;
    let asked = world.stanza(
        "<message from='alice@a.example/x' to='gateway.a.example' type='chat' id='h'><body>help</body></message>",
    );
    let mut ids = asked.stanzas.iter().filter_map(|one| one.attr("id"));
    let id = ids.find(|id| id.starts_with("card.")).unwrap();
    world.stanza(&format!(
        "<iq type='result' from='alice@a.example' to='gateway.a.example' id='{id}'><vCard xmlns='vcard-temp'><FN>Alice</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>{photo}</BINVAL></PHOTO></vCard></iq>"
    ));
    let decision = world.stanza(&format!(
        "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='m'><body>Hello</body></message>"
    ));
    let mail = String::from_utf8(decision.mails[0].bytes.clone()).unwrap();
    mail.split("\r\n\r\n").next().unwrap().to_owned()
}

#[test]
fn the_small_picture_of_a_users_card_is_a_face() {
    let (start, end) = FACE.split_at(50);
    let header = header_of(&format!("{start}\n{end}"));
    let (_, face) = header
        .split_once("Face: ")
        .unwrap_or_else(|| panic!("{header}"));
    let lines: Vec<&str> = face.split("\r\n").collect();
    let more = lines
        .iter()
        .skip(1)
        .take_while(|line| line.starts_with(' '));
    let face: String = [lines[0]]
        .iter()
        .chain(more)
        .map(|line| line.trim())
        .collect();
    assert_eq!(face, FACE);
    assert!(header.lines().all(|line| line.len() <= 78), "{header}");
    for none in [OTHER, "", "AAAA", "\u{e9}"] {
        assert!(!header_of(none).contains("Face"), "{none}");
    }
}

/// XEP-0115: what presence names is what is answered there.
#[test]
fn what_a_contact_can_is_in_its_presence() {
    let mut world = world(true);
    let decision = mail(&mut world, 1, VERIFIED);
    let caps = |stanza: &Element| {
        stanza
            .get_child("c", "http://jabber.org/protocol/caps")
            .cloned()
    };
    let c = decision.stanzas.iter().find_map(caps).unwrap();
    let (node, ver) = (c.attr("node").unwrap(), c.attr("ver").unwrap());
    assert_eq!(c.attr("hash"), Some("sha-1"));
    let mut info = |to: &str, node: Option<&str>| {
        let node = node
            .map(|node| format!(" node='{node}'"))
            .unwrap_or_default();
        let decision = world.stanza(&format!(
            "<iq type='get' id='1' from='alice@a.example/x' to='{to}'><query xmlns='http://jabber.org/protocol/disco#info'{node}/></iq>"
        ));
        String::from(&decision.stanzas[0])
    };
    let at = format!("{node}#{ver}");
    let named = info(&format!("{CAROL}/mail"), Some(&at));
    assert!(
        named.contains("urn:xmpp:reactions:0") && named.contains("urn:xmpp:message-correct:0"),
        "{named}"
    );
    assert!(
        !named.contains("chatstates") && !named.contains("chat-markers"),
        "{named}"
    );
    assert_eq!(
        info(CAROL, Some(&at)),
        named.replace(&format!("{CAROL}/mail"), CAROL)
    );
    assert!(info(CAROL, Some("xmpp:gateway.a.example#x")).contains("item-not-found"));
    assert!(info(CAROL, None).contains("account"));

    let probe = "<presence type='probe' from='alice@a.example' to='gateway.a.example'/>";
    let there = world.stanza(probe).stanzas[0].clone();
    assert_eq!(there.attr("from"), Some("gateway.a.example/gateway"));
    let c = caps(&there).unwrap();
    let at = format!("{}#{}", c.attr("node").unwrap(), c.attr("ver").unwrap());
    let asked = format!(
        "<iq type='get' id='1' from='alice@a.example/x' to='gateway.a.example/gateway'><query xmlns='http://jabber.org/protocol/disco#info' node='{at}'/></iq>"
    );
    let info = String::from(&world.stanza(&asked).stanzas[0]);
    assert!(
        info.contains("smtp") && info.contains("jabber:iq:gateway"),
        "{info}"
    );
}
