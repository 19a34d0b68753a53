//! Format `xmpp`: what a stanza becomes in a mail, and what comes out of one. Each `tests/data/xmpp/*.stanza.xml` has its
//! mail beside it, `*.eml`, and each mail what is read from it, `*.read`. `UPDATE_GOLDEN=1` writes these two anew.

use minidom::Element;
use proptest::prelude::*;
use stanzamail::core::address::MailAddress;
use stanzamail::core::carried::{self, Carried, CarriedPresence, PresenceKind};
use stanzamail::core::from_mail::{self, ParsedMail};
use stanzamail::core::id::{MessageId, StanzaId};
use stanzamail::core::message::{Act, OutboundMail, Party, Recipient, Role};
use stanzamail::core::record::{Format, PresenceState, Show};
use stanzamail::core::time::Timestamp;
use stanzamail::core::{limits, to_mail};
use std::fs;
use std::path::Path;

const COMPONENT: &str = "jabber:component:accept";

#[test]
fn every_stanza_becomes_its_mail_and_every_mail_is_read_as_expected() {
    let mut failures = Vec::new();
    for name in [
        "chat",
        "correction",
        "reply",
        "reaction",
        "receipt",
        "hostile",
    ] {
        let xml = fs::read_to_string(data(name, "stanza.xml")).unwrap();
        let stanza = in_stream(&xml);
        let id = StanzaId::parse(stanza.attr("id").unwrap()).unwrap();
        let mut letter = letter(name, &carried_of(&stanza, &id));
        match name {
            "reaction" => {
                letter.text = "👍🎉".to_owned();
                letter.act = Some(Act::Reaction("👍🎉".to_owned()));
            }
            "receipt" => letter.text = "Your message was received.".to_owned(),
            _ => letter.text = stanza.get_child("body", COMPONENT).unwrap().text(),
        }
        compare(name, &letter, &mut failures);
    }
    for (name, presence) in presences() {
        let mut letter = letter(&format!("presence.{name}"), &[carried::presence(&presence)]);
        letter.automatic = true;
        letter.text = "Alice's chat program tells Bob's.".to_owned();
        letter.to.iter_mut().for_each(|to| to.role = Role::Bcc);
        compare(name, &letter, &mut failures);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn presences() -> Vec<(&'static str, CarriedPresence)> {
    let at = |text: &str| Timestamp::from_xep0082(text);
    let available = PresenceState {
        show: Some(Show::Away),
        status: Some("at the café\nuntil five".to_owned()),
        priority: -1,
    };
    let presence = |kind: PresenceKind| CarriedPresence {
        kind,
        id: None,
        stamp: at("2026-11-22T12:00:00.123Z"),
        expires: at("2026-11-22T13:00:00.000Z"),
        nick: None,
    };
    let subscribe = CarriedPresence {
        id: StanzaId::parse("s1"),
        expires: None,
        nick: Some("Alice".to_owned()),
        ..presence(PresenceKind::Subscribe)
    };
    let gone = PresenceKind::Unavailable { status: None };
    vec![
        ("available", presence(PresenceKind::Available(available))),
        ("unavailable", presence(gone)),
        ("subscribe", subscribe),
    ]
}

fn compare(name: &str, letter: &OutboundMail, failures: &mut Vec<String>) {
    let written = to_mail::of(Format::Xmpp).write(letter).unwrap();
    assert!(is_for_any_mail_server(&written), "{name}");
    golden(
        name,
        "eml",
        &String::from_utf8(written.clone())
            .unwrap()
            .replace("\r\n", "\n"),
        failures,
    );
    golden(name, "read", &shown(&read(&written)), failures);
}

fn golden(name: &str, ending: &str, found: &str, failures: &mut Vec<String>) {
    let path = data(name, ending);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected != found {
        failures.push(format!("{path}: expected\n{expected}\nfound\n{found}"));
    }
}

fn data(name: &str, ending: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/xmpp");
    format!("{}/{name}.{ending}", folder.display())
}

/// What a gateway gets out of a mail.
fn shown(mail: &ParsedMail) -> String {
    let mut text = format!("text: {:?}\n", mail.text);
    for one in taken(mail).unwrap() {
        text += &match one {
            Carried::Message(message) => {
                let lang = message.lang.unwrap_or_default();
                let id = message.id.map(|id| id.to_string()).unwrap_or_default();
                let payloads: String = message
                    .payloads
                    .iter()
                    .map(|payload| String::from(payload) + "\n")
                    .collect();
                format!("message: {:?} {id} {lang}\n{payloads}", message.kind)
            }
            Carried::Presence(presence) => format!("{presence:#?}\n"),
        };
    }
    text + &format!(
        "attachments: {}\nabout machine: {}\n",
        mail.attachments.len(),
        mail.about_machine
    )
}

fn in_stream(xml: &str) -> Element {
    let stream: Element = format!("<stream xmlns='{COMPONENT}'>{xml}</stream>")
        .parse()
        .unwrap();
    stream.children().next().unwrap().clone()
}

fn carried_of(stanza: &Element, id: &StanzaId) -> Vec<Element> {
    carried::message(stanza, id).into_iter().collect()
}

fn letter(id: &str, stanzas: &[Element]) -> OutboundMail {
    let mail = |text: &str| MailAddress::parse(text).unwrap();
    OutboundMail {
        from: Party {
            jid: "alice@a.example".parse().unwrap(),
            mail: mail("alice@chat.a.example"),
            name: Some("Alice".to_owned()),
            face: None,
        },
        to: vec![Recipient {
            role: Role::To,
            mail: mail("bob@chat.b.example"),
            name: None,
        }],
        message_id: MessageId::parse(&format!("{id}@chat.a.example")).unwrap(),
        subject: "Chat with Alice".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        date: Timestamp::from_xep0082("2026-11-22T12:00:00Z").unwrap(),
        text: "text".to_owned(),
        answers_automatically: false,
        automatic: false,
        notify_read: false,
        carried: stanzas.to_vec(),
        act: None,
        is_styled: false,
        page: None,
    }
}

fn read(mail: &[u8]) -> ParsedMail {
    from_mail::read(mail, &[], false).unwrap()
}

fn taken(mail: &ParsedMail) -> Result<Vec<Carried>, carried::WhyNot> {
    carried::read(mail.carried.as_ref().expect("the mail carries stanzas"))
}

/// 7-bit, no line too long (RFC 5321 §4.5.3.1.6), every line end CRLF.
fn is_for_any_mail_server(mail: &[u8]) -> bool {
    let text = std::str::from_utf8(mail).unwrap();
    let lines_end_well = text.matches('\n').count() == text.matches("\r\n").count()
        && text.matches('\r').count() == text.matches("\r\n").count();
    text.is_ascii()
        && !text.contains('\0')
        && lines_end_well
        && text.lines().all(|line| line.len() <= 998)
}

/// A mail that a gateway might send, with this as its stanzas.
fn mail_with(xml: &[u8]) -> Vec<u8> {
    let head = "From: a@a.example\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nthe text\r\n--b\r\nContent-Type: application/xmpp+xml\r\n\r\n";
    [head.as_bytes(), xml, b"\r\n--b--\r\n"].concat()
}

#[test]
fn hostile_stanzas_leave_the_text_and_a_reason() {
    let nested = |count: usize| {
        let (start, end) = ("<a>".repeat(count), "</a>".repeat(count));
        format!("<xmpp xmlns='jabber:client'><message>{start}{end}</message></xmpp>")
    };
    let entities: String = (1..30)
        .map(|number| format!("<!ENTITY e{number} '&e{0};&e{0};'>", number - 1))
        .collect();
    let bodies = |body: &str| {
        format!("<xmpp xmlns='jabber:client'><message><body>{body}</body></message></xmpp>")
    };
    for xml in [
        nested(10_000).into_bytes(),
        nested(300_000).into_bytes(),
        format!(
            "<!DOCTYPE x [<!ENTITY e0 'x'>{entities}]>{}",
            bodies("&e29;")
        )
        .into_bytes(),
        format!("<!DOCTYPE x SYSTEM 'http://e.example/'>{}", bodies("x")).into_bytes(),
        bodies(&"x".repeat(2 * 1024 * 1024)).into_bytes(),
        bodies("\0").into_bytes(),
        bodies("&#0;").into_bytes(),
        bodies("&#x1b;").into_bytes(),
        bodies("x").replace('x', "\u{FFFF}").into_bytes(),
        bodies("?")
            .bytes()
            .map(|b| if b == b'?' { 0xff } else { b })
            .collect(),
        b"<xmpp xmlns='jabber:client'><message".to_vec(),
    ] {
        let mail = read(&mail_with(&xml));
        let start = String::from_utf8_lossy(&xml[..xml.len().min(80)]).into_owned();
        assert!(
            mail.carried.is_none() && mail.carried_problem.is_some(),
            "{start}"
        );
        assert_eq!(
            (mail.text.as_str(), mail.attachments.len()),
            ("the text", 0),
            "{start}"
        );
    }
}

#[test]
fn only_messages_and_presence_in_the_right_place_are_taken() {
    let many = "<message><body>x</body></message>".repeat(limits::CARRIED_STANZAS_MAX + 1);
    let big = format!(
        "<message><body><![CDATA[{}]]></body></message>",
        "<".repeat(100_000)
    );
    for (xml, why) in [
        (
            "<xmpp xmlns='jabber:server'/>",
            "the root is not <xmpp xmlns='jabber:client'/>",
        ),
        (
            "<message xmlns='jabber:client'><body>x</body></message>",
            "the root is not <xmpp xmlns='jabber:client'/>",
        ),
        ("<xmpp/>", "the root is not <xmpp xmlns='jabber:client'/>"),
        (
            "<xmpp xmlns='jabber:client'> </xmpp>",
            "there is no stanza in it",
        ),
        (&many, "it carries 9 stanzas; at most 8 are taken"),
        (
            "<iq type='get'/>",
            "it carries “iq”, which is neither a message nor a presence",
        ),
        (
            "<message xmlns='jabber:component:accept'><body>x</body></message>",
            "it carries “message”, which is neither a message nor a presence",
        ),
        (
            "<message type='error'><body>x</body></message>",
            "a message of type “error” is not taken from a mail",
        ),
        (
            "<message type='groupchat'><body>x</body></message>",
            "a message of type “groupchat” is not taken from a mail",
        ),
        (
            "<presence type='probe'/>",
            "a presence of type “probe” is not taken from a mail",
        ),
        (
            "<presence type='error'/>",
            "a presence of type “error” is not taken from a mail",
        ),
        (
            "<presence type='\u{202e}x'/>",
            "a presence of type “x” is not taken from a mail",
        ),
        (
            "<message><body> </body><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
            "nothing in the message is meant for a person",
        ),
        (
            "<presence/><iq/>",
            "it carries “iq”, which is neither a message nor a presence",
        ),
        (
            &big,
            "the message has 400013 octets; at most 204800 are taken",
        ),
    ] {
        let xml = if xml.starts_with("<xmpp") || xml.starts_with("<message xmlns='jabber:client'") {
            xml.to_owned()
        } else {
            format!("<xmpp xmlns='jabber:client'>{xml}</xmpp>")
        };
        let refused = taken(&read(&mail_with(xml.as_bytes()))).unwrap_err();
        assert_eq!(refused.to_string(), why);
    }
}

/// The other gateway's payload filter may have holes, or be no gateway's at all.
#[test]
fn the_payload_filter_stands_where_a_mail_comes_in_too() {
    let xml = fs::read_to_string(data("hostile", "stanza.xml")).unwrap();
    let mail = format!("<xmpp xmlns='jabber:client'>{xml}</xmpp>");
    let mut taken = taken(&read(&mail_with(mail.as_bytes()))).unwrap();
    let Some(Carried::Message(message)) = taken.pop() else {
        panic!("a message");
    };
    let shown: String = message.payloads.iter().map(String::from).collect();
    assert_eq!(
        shown,
        "<body xmlns='jabber:component:accept'>Nothing but this and an unknown payload passes.</body><unknown xmlns='urn:example:unknown' kept='yes'><inner/></unknown>"
    );
}

#[test]
fn a_prefix_for_a_long_namespace_does_not_make_a_stanza_too_big_for_servers() {
    let long = "x".repeat(4000);
    let elements = "<p:a/>".repeat(4000);
    let xml = format!(
        "<xmpp xmlns='jabber:client' xmlns:p='urn:{long}'><message><body>x</body><p:b>{elements}</p:b>{elements}</message></xmpp>"
    );
    let mail = read(&mail_with(xml.as_bytes()));
    assert!(mail.carried.is_none() || taken(&mail).is_err());
    let elements = "<p:a/>".repeat(900);
    let xml = format!(
        "<xmpp xmlns='jabber:client' xmlns:p='urn:{long}'><message><body>x</body>{elements}</message></xmpp>"
    );
    let refused = taken(&read(&mail_with(xml.as_bytes()))).unwrap_err();
    assert!(matches!(refused, carried::WhyNot::TooBig(_)), "{refused}");
}

#[test]
fn what_says_nothing_to_a_person_is_no_mail() {
    let id = StanzaId::parse("x").unwrap();
    for (xml, is_carried) in [
        (
            "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
            false,
        ),
        ("<body> \n</body>", false),
        (
            "<thread>t</thread><nick xmlns='http://jabber.org/protocol/nick'>A</nick>",
            false,
        ),
        (
            "<no-store xmlns='urn:xmpp:hints'/><origin-id xmlns='urn:xmpp:sid:0' id='a'/>",
            false,
        ),
        (
            "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>",
            false,
        ),
        ("<received xmlns='urn:xmpp:receipts' id='a'/>", true),
        ("<displayed xmlns='urn:xmpp:chat-markers:0' id='a'/>", true),
        ("<subject>s</subject>", true),
        ("<new xmlns='urn:example:new'/>", true),
    ] {
        let stanza = in_stream(&format!("<message>{xml}</message>"));
        assert_eq!(
            carried::message(&stanza, &id).is_some(),
            is_carried,
            "{xml}"
        );
    }
    for kind in ["error", "groupchat"] {
        let stanza = in_stream(&format!("<message type='{kind}'><body>x</body></message>"));
        assert_eq!(carried::message(&stanza, &id), None);
    }
}

#[test]
fn without_stanzas_or_with_too_big_ones_the_mail_is_text() {
    let id = StanzaId::parse("x").unwrap();
    let big = in_stream(&format!(
        "<message><body>{}</body></message>",
        "x".repeat(limits::CARRIED_OCTETS_MAX)
    ));
    let plain = to_mail::of(Format::Mail).write(&letter("x", &[])).unwrap();
    for stanzas in [vec![], carried_of(&big, &id)] {
        let written = to_mail::of(Format::Xmpp)
            .write(&letter("x", &stanzas))
            .unwrap();
        assert!(written == plain);
    }
}

#[test]
fn a_text_that_holds_the_boundary_ends_no_part() {
    let stanza = in_stream("<message><body>x</body></message>");
    let id = StanzaId::parse("x").unwrap();
    let mut letter = letter("x", &carried_of(&stanza, &id));
    let written = String::from_utf8(to_mail::of(Format::Xmpp).write(&letter).unwrap()).unwrap();
    let (_, boundary) = written.split_once("boundary=\"").unwrap();
    let (boundary, _) = boundary.split_once('"').unwrap();
    letter.text = format!("before\n--{boundary}--\nafter");
    let mail = read(&to_mail::of(Format::Xmpp).write(&letter).unwrap());
    assert_eq!(mail.text, letter.text);
    assert!(mail.carried.is_some());
}

#[test]
fn a_thousand_blind_recipients_stand_nowhere_in_the_mail() {
    let presence = &presences()[0].1;
    let mut letter = letter("presence.x", &[carried::presence(presence)]);
    letter.to = (0..1000)
        .map(|number| Recipient {
            role: Role::Bcc,
            mail: MailAddress::parse(&format!("user{number}@chat.b.example")).unwrap(),
            name: None,
        })
        .collect();
    let written = String::from_utf8(to_mail::of(Format::Xmpp).write(&letter).unwrap()).unwrap();
    assert!(written.contains("To: undisclosed-recipients:;\r\n") && !written.contains("user1"));
}

#[test]
fn a_thousand_recipients_are_all_named_in_lines_that_no_mail_server_breaks() {
    let mut letter = letter("presence.x", &[carried::presence(&presences()[0].1)]);
    let name = |number: usize| match number % 3 {
        0 => None,
        1 => Some(format!("Number, “{number}” 一")),
        _ => Some("Number \"One\", the first of a thousand ".repeat(6)),
    };
    letter.to = (0..1000)
        .map(|number| Recipient {
            role: if number < 600 { Role::To } else { Role::Cc },
            mail: MailAddress::parse(&format!("user{number}@chat.b.example")).unwrap(),
            name: name(number).map(|name| name.trim().to_owned()),
        })
        .collect();
    for format in [Format::Mail, Format::Xmpp, Format::Chat] {
        let written = to_mail::of(format).write(&letter).unwrap();
        assert!(is_for_any_mail_server(&written));
        let mail = read(&written);
        let named = mail.to.iter().chain(&mail.cc);
        let named: Vec<_> = named.map(|one| (&one.address, &one.name)).collect();
        let all: Vec<_> = letter.to.iter().map(|one| (&one.mail, &one.name)).collect();
        assert_eq!(named, all);
    }
}

#[test]
fn a_format_is_named_in_one_word() {
    for format in [Format::Mail, Format::Xmpp, Format::Chat] {
        assert_eq!(format.to_string().parse(), Ok(format));
        assert_eq!(to_mail::of(format).name(), format.to_string());
    }
    assert_eq!(
        "Jabber".parse::<Format>().unwrap_err().to_string(),
        "“Jabber” is no format; it is mail (for people with a mail client), chat (for Delta Chat without encryption) or xmpp (for another gateway)"
    );
}

fn any_text() -> impl Strategy<Value = String> {
    "\\PC{0,12}|[<>&'\"=\r\n\t \\]\u{85}\u{0}\u{9f}]{0,8}"
}

fn any_payload() -> impl Strategy<Value = Element> {
    let namespaces = "urn:example:[xy]|jabber:component:accept|jabber:client|urn:xmpp:receipts|urn:xmpp:forward:0|";
    let names = "[a-c]|body|subject|thread|nick|message|received";
    let leaf = (
        names,
        namespaces,
        any_text(),
        "[a-c]|jid|from|to",
        any_text(),
    )
        .prop_map(|(name, namespace, text, attribute, value)| {
            let mut element = Element::bare(name, namespace);
            element.set_attr(rxml::Namespace::NONE, attribute.try_into().unwrap(), value);
            if !text.is_empty() {
                element.append_text(text);
            }
            element
        });
    leaf.prop_recursive(5, 30, 4, |inner| {
        (inner.clone(), proptest::collection::vec(inner, 0..4)).prop_map(
            |(mut parent, children)| {
                for child in children {
                    parent.append_child(child);
                }
                parent
            },
        )
    })
}

fn message_of(payloads: Vec<Element>) -> Element {
    let mut message = Element::bare("message", COMPONENT);
    for payload in payloads {
        message.append_child(payload);
    }
    message
}

proptest! {
    #[test]
    fn a_message_comes_out_of_a_mail_as_it_went_in(
        payloads in proptest::collection::vec(any_payload(), 0..6),
        text in any_text(),
        id in "[!-~é]{1,20}",
    ) {
        let stanza = message_of(payloads);
        let id = StanzaId::parse(&id).unwrap();
        let Some(filtered) = carried::message(&stanza, &id) else {
            return Ok(());
        };
        let mut letter = letter("x", std::slice::from_ref(&filtered));
        letter.text = stanzamail::core::text::clean::for_xml(&text);
        let written = to_mail::of(Format::Xmpp).write(&letter).unwrap();
        prop_assert!(is_for_any_mail_server(&written));
        let mail = read(&written);
        prop_assert_eq!(mail.carried.as_ref(), Some(&carried::root(std::slice::from_ref(&filtered))));
        prop_assert_eq!(&mail.attachments, &Vec::new());
        let mut taken = taken(&mail).unwrap();
        let Some(Carried::Message(message)) = taken.pop() else {
            panic!("a message");
        };
        prop_assert_eq!(message.id.as_ref(), Some(&id));
        prop_assert_eq!(carried::message(&message_of(message.payloads), &id), Some(filtered));
    }

    #[test]
    fn a_presence_comes_out_of_a_mail_as_it_went_in(
        kind in 0..6_usize,
        show in proptest::option::of(0..4_usize),
        status in proptest::option::of("[^\\s\\pC]\\PC{0,8}[^\\s\\pC]"),
        nick in proptest::option::of("[a-zé]{1,10}"),
        priority: i8,
        stamp in proptest::option::of(0..4_000_000_000_000_i64),
        expires in proptest::option::of(0..4_000_000_000_000_i64),
    ) {
        let shows = [Show::Chat, Show::Away, Show::Xa, Show::Dnd];
        let show = show.map(|number| shows[number]);
        let kind = match kind {
            0 => PresenceKind::Available(PresenceState { show, status, priority }),
            1 => PresenceKind::Unavailable { status },
            2 => PresenceKind::Subscribe,
            3 => PresenceKind::Subscribed,
            4 => PresenceKind::Unsubscribe,
            _ => PresenceKind::Unsubscribed,
        };
        let presence = CarriedPresence {
            kind,
            id: None,
            stamp: stamp.map(Timestamp::from_millis),
            expires: expires.map(Timestamp::from_millis),
            nick,
        };
        let letter = letter("presence.x", &[carried::presence(&presence)]);
        let written = to_mail::of(Format::Xmpp).write(&letter).unwrap();
        prop_assert_eq!(taken(&read(&written)).unwrap(), vec![Carried::Presence(Box::new(presence))]);
    }

    #[test]
    fn no_octets_make_the_reader_fall(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mail = read(&mail_with(&octets));
        if mail.carried.is_some() {
            let _ = taken(&mail);
        }
    }
}
