//! B: hostile XMPP. What one user of the server can write, decided without a server.

use super::dice::{Dice, cases, visible};
use super::house::{ALICE, CAROL, House, NS, fields_and_body, message, written};
use stanzamail::core::address::{address_of_node, contact_jid};
use stanzamail::core::limits;
use stanzamail::core::quota::Quotas;
use stanzamail::core::settings::Allowance;
use stanzamail::core::text::clean;
use stanzamail::core::{from_mail, settings};
use stanzamail::xmpp::codec::Decoder;
use stanzamail::xmpp::guard::{Frame, Limit, XmppGuard};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const NICK: &str = "http://jabber.org/protocol/nick";

/// Pushes octets as the kernel hands them over, and counts the frames of each kind.
fn guarded(guard: &mut XmppGuard, octets: &[u8]) -> (usize, usize) {
    let (mut whole, mut over) = (0, 0);
    for mut piece in octets.chunks(64 * 1024) {
        while !piece.is_empty() {
            let (taken, frame) = guard.push(piece).expect("no fault");
            piece = &piece[taken..];
            match frame {
                Some(Frame::Element(frame)) => {
                    Decoder::default().parse(&frame).expect("it can be read");
                    whole += 1;
                }
                Some(Frame::OverLimit(_)) => over += 1,
                Some(Frame::StreamEnd) => panic!("the stream goes on"),
                None => {}
            }
        }
    }
    (whole, over)
}

#[test]
fn b2_every_depth_is_taken_or_refused_and_none_overflows_the_stack() {
    let mut guard = XmppGuard::new();
    // Every depth around the limit, then ever greater ones; the parser runs on a stack of the size that a worker has.
    let greater = [500, 1_000, 3_000, 4_000, 10_000, 30_000, 100_000];
    let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let tried = worker.spawn(move || {
        for depth in (1..=200).chain(greater) {
            let xml = format!("{}{}<ok/>", "<x>".repeat(depth), "</x>".repeat(depth));
            let fits = depth <= limits::STANZA_DEPTH_MAX;
            let expected = if fits { (2, 0) } else { (1, 1) };
            assert_eq!(guarded(&mut guard, xml.as_bytes()), expected, "{depth}");
        }
    });
    tried.unwrap().join().expect("the stack is great enough");
}

#[test]
fn b2_looking_costs_little_for_each_octet() {
    let message = format!(
        "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='1'><body>{}</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>",
        "What people write to each other, &amp; no more. ".repeat(10)
    );
    let octets = message.repeat(2_000).into_bytes();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let (mut guard, mut rest, began) = (XmppGuard::new(), &octets[..], Instant::now());
        while !rest.is_empty() {
            rest = &rest[guard.push(rest).unwrap().0..];
        }
        best = best.min(began.elapsed());
    }
    let each = best.as_secs_f64() * 1e9 / octets.len() as f64;
    eprintln!("B2: {each:.2} ns an octet over {} octets", octets.len());
    // An unoptimised build on a busy machine.
    let most = if cfg!(debug_assertions) { 150.0 } else { 5.0 };
    assert!(each < most, "{each:.1} ns an octet");
}

#[test]
fn b3_a_hundred_thousand_attributes_or_children_are_skipped_and_told_in_numbers() {
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
    for (limit, xml) in [
        (Limit::Attributes, format!("<m id='1'><x{attributes}/></m>")),
        (
            Limit::AttributesInAll,
            format!(
                "<m id='1'>{}</m>",
                "<x a='' b='' c='' d='' e=''/>".repeat(20_000)
            ),
        ),
        (
            Limit::Elements,
            format!("<m id='1'>{}</m>", "<x/>".repeat(100_000)),
        ),
        (
            Limit::Octets,
            format!("<m id='1'>{}</m>", "y".repeat(50_000_000)),
        ),
        (
            Limit::AttributeOctets,
            format!(
                "<m id='1'>{}</m>",
                format!("<x a='{}'/>", "y".repeat(5_000)).repeat(10_000)
            ),
        ),
    ] {
        let mut guard = XmppGuard::new();
        let (taken, frame) = guard.push(xml.as_bytes()).unwrap();
        assert_eq!(taken, xml.len());
        let Some(Frame::OverLimit(over)) = frame else {
            panic!("{limit:?}")
        };
        assert_eq!(over.limit, limit);
        assert_eq!(over.start_tag, b"<m id='1'>", "it can be answered");
        assert_eq!(guarded(&mut guard, b"<ok/>"), (1, 0), "the stream goes on");
    }
}

#[test]
fn b4_entities_doctypes_instructions_and_comments_never_reach_a_parser() {
    let bomb: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    for xml in [
        format!("<!DOCTYPE lolz [<!ENTITY l0 \"lol\">{bomb}]><message><body>&l9;</body></message>"),
        "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>".to_owned(),
        "<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'>".to_owned(),
        "<message><!DOCTYPE x><body/></message>".to_owned(),
        "<message><?php evil ?></message>".to_owned(),
        "<?xml version='1.1'?>".to_owned(),
        "<message><!-- a comment --></message>".to_owned(),
    ] {
        let fault = XmppGuard::new().push(xml.as_bytes()).unwrap_err();
        assert_eq!(fault.condition(), "restricted-xml", "{xml}");
    }
    // Entities that nobody declared pass the guard, which reads no text; the parser knows the five of XML and no others.
    for entity in [
        "&l9;", "&e;", "&nbsp;", "&#0;", "&#xD800;", "&#x1F4A9", "&amp",
    ] {
        let xml = format!("<message><body>{entity}</body></message>");
        assert!(Decoder::default().parse(xml.as_bytes()).is_err(), "{xml}");
    }
    let five = "<message><body>&lt;&gt;&amp;&apos;&quot;&#x1F4A9;</body></message>";
    let read = Decoder::default().parse(five.as_bytes()).unwrap();
    assert_eq!(read.children().next().unwrap().text(), "<>&'\"\u{1F4A9}");
}

/// B5, B6 and B7 of one message: anything in every place where a user can put a text.
#[test]
fn b5_b6_b7_no_text_breaks_a_mail_adds_a_field_or_ends_it() {
    let mut dice = Dice::new(5);
    let usual = usual_fields();
    let mut house = House::new();
    let mut sent = 0;
    for case in 0..cases(1_000) {
        if case % 500 == 0 {
            house = House::new();
        }
        let (body, subject, nick) = (dice.text(20), dice.text(6), dice.text(4));
        let (thread, id) = (dice.text(3), format!("{case}{}", dice.text(3)));
        let stanza = message(
            &id,
            &[
                ("body", NS, &body),
                ("subject", NS, &subject),
                ("thread", NS, &thread),
                ("nick", NICK, &nick),
            ],
        );
        let decision = house.element(stanza);
        for answer in &decision.stanzas {
            written(answer);
        }
        let [mail] = &decision.mails[..] else {
            assert!(decision.mails.is_empty());
            continue;
        };
        sent += 1;
        assert_eq!(mail.job.to.len(), 1, "{body:?} {nick:?}");
        assert_eq!(mail.job.to[0].to_string(), "carol@mail.example");
        is_one_mail(
            &mail.bytes,
            &usual,
            &format!("{subject:?} {nick:?} {thread:?} {id:?}"),
        );
        let read = from_mail::read(&mail.bytes, &settings::default_recipient_headers(), false);
        let text = read.expect("our own mail can be read").text;
        // A subject that stands alone is what is said.
        let said = match clean::for_xml(&body).trim().is_empty() {
            true => clean::for_header(&subject, limits::HEADER_TEXT_CHARS_MAX),
            false => body,
        };
        assert_eq!(visible(&text), visible(&said), "{said:?}");
    }
    eprintln!("B5, B6, B7: {sent} mails of {} stanzas", cases(1_000));
    assert!(sent > cases(1_000) * 8 / 10, "{sent}");
}

/// The fields of ordinary messages: a first one, and one that follows in its thread.
fn usual_fields() -> BTreeSet<String> {
    let mut house = House::new();
    let mut names = BTreeSet::new();
    for id in ["1", "2"] {
        let stanza = message(
            id,
            &[
                ("body", NS, &format!("Hello é {id}")),
                ("subject", NS, "Plans"),
                ("thread", NS, "t"),
                ("nick", NICK, "Alice"),
            ],
        );
        let decision = house.element(stanza);
        names.extend(fields_and_body(&decision.mails[0].bytes).0);
    }
    names
}

fn is_one_mail(mail: &[u8], usual: &BTreeSet<String>, of: &str) {
    for pair in mail.windows(2) {
        assert!(pair[1] != b'\n' || pair[0] == b'\r', "a bare LF: {of}");
        assert!(pair[0] != b'\r' || pair[1] == b'\n', "a bare CR: {of}");
    }
    let (names, _) = fields_and_body(mail);
    let each: BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!(each.len(), names.len(), "a field twice: {names:?} {of}");
    assert!(each.is_subset(usual), "{names:?} {of}");
    assert!(mail.windows(998).all(|line| line.contains(&b'\n')), "{of}");
}

#[test]
fn b8_no_two_contacts_are_one_mailbox_but_for_the_forms_that_are_documented() {
    let mut dice = Dice::new(8);
    let gateway = House::new().settings.gateway;
    let mut holders: BTreeMap<String, String> = BTreeMap::new();
    let pieces = [
        "carol",
        "CAROL",
        "\\40",
        "\\5c",
        "\\20",
        "\\22",
        "\\2f",
        "%",
        "!",
        "+",
        ".",
        "..",
        "mail.example",
        "MAIL.example",
        "mail.example.",
        "b\u{fc}cher.example",
        "xn--bcher-kva.example",
        "[127.0.0.1]",
        "\u{ff21}",
        "\u{212a}",
        "\u{df}",
        "ss",
        "\\\\40",
        "\\5c40",
        "a",
    ];
    let mut taken = 0;
    for _ in 0..cases(5_000) {
        let count = 1 + dice.below(5);
        let node: String = (0..count).map(|_| *dice.pick(&pieces)).collect();
        let long = dice.below(50) == 0;
        let node = if long { node.repeat(40) } else { node };
        let Ok(jid) = jid::BareJid::new(&format!("{node}@gateway.a.example")) else {
            continue;
        };
        let node = jid.node().unwrap().to_string();
        let Ok(address) = address_of_node(&node) else {
            continue;
        };
        assert!(address.local().len() <= 250 && address.domain().len() <= 255);
        taken += 1;
        let Ok(own) = contact_jid(&address, &gateway) else {
            continue;
        };
        let own = own.to_string();
        // Whoever writes it differently is led to the one JID that the contact answers from.
        let before = holders.insert(address.key().to_owned(), own.clone());
        assert!(before.is_none_or(|before| before == own), "{address} {own}");
    }
    assert!(taken > cases(5_000) / 50, "{taken}");
    let distinct: BTreeSet<_> = holders.values().collect();
    assert_eq!(distinct.len(), holders.len(), "two mailboxes of one JID");
    // What old mailers took for a route is a name like any other, at the domain behind the last sign.
    for (node, is) in [
        (
            "eve%evil.example%mail.example",
            Some("\"eve%evil.example\"@mail.example"),
        ),
        ("carol%mail.example", Some("carol@mail.example")),
        ("carol\\40mail.example.", Some("carol@mail.example")),
        (
            "carol\\40evil.example\\40mail.example",
            Some("\"carol@evil.example\"@mail.example"),
        ),
        ("@evil.example:carol\\40mail.example", None),
    ] {
        let found = address_of_node(node)
            .ok()
            .map(|address| address.to_string());
        let found = found.map(|text| text.replace('"', ""));
        let is = is.map(|text| text.replace('"', ""));
        assert!(found.is_none() || found == is, "{node}: {found:?}");
    }
}

/// Everything that carries the words of somebody else inside a stanza.
fn wrappings() -> Vec<String> {
    let inner = "<message xmlns='jabber:client' from='adam@a.example/x' to='carol\\40mail.example@gateway.a.example' type='chat' id='w'><body>WRAPPED</body></message>";
    let forwarded = format!("<forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded>");
    [
        format!("<sent xmlns='urn:xmpp:carbons:2'>{forwarded}</sent>"),
        format!("<received xmlns='urn:xmpp:carbons:2'>{forwarded}</received>"),
        format!("<result xmlns='urn:xmpp:mam:2' queryid='q' id='i'>{forwarded}</result>"),
        format!("<result xmlns='urn:xmpp:mam:tmp' id='i'>{forwarded}</result>"),
        format!("<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'><item>{inner}</item></items></event>"),
        format!("<delegation xmlns='urn:xmpp:delegation:2'>{forwarded}</delegation>"),
        format!("<privilege xmlns='urn:xmpp:privilege:2'>{forwarded}</privilege>"),
        format!("<x xmlns='urn:unknown'>{inner}</x>"),
        inner.to_owned(),
    ]
    .to_vec()
}

#[test]
fn b9_what_is_wrapped_in_a_stanza_is_never_mailed() {
    for wrapped in wrappings() {
        for (outer, mails) in [("", 0), ("<body>mine</body>", 1)] {
            let mut house = House::new();
            let xml = format!(
                "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='1'>{outer}{wrapped}</message>"
            );
            let decision = house.stanza(&xml);
            assert_eq!(decision.mails.len(), mails, "{xml}");
            for mail in &decision.mails {
                let text = String::from_utf8_lossy(&mail.bytes);
                assert!(
                    !text.contains("WRAPPED") && !text.contains("adam"),
                    "{text}"
                );
                assert!(text.contains("alice@chat.a.example"), "{text}");
            }
        }
    }
}

/// What a user passes on (XEP-0297) is quoted with its author's JID, as the user's own words: in the text, and nowhere else.
#[test]
fn b9_what_a_user_forwards_is_a_quotation() {
    let forwarded = "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='adam@a.example/x' to='bob@a.example' type='chat' id='w'><body>WRAPPED\nFrom: adam</body></message></forwarded>";
    for (outer, own) in [("", ""), ("<body>mine</body>", "mine\n")] {
        let mut house = House::new();
        let decision = house.stanza(&format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='1'>{outer}{forwarded}</message>"
        ));
        assert_eq!(decision.mails.len(), 1);
        let read = from_mail::read(&decision.mails[0].bytes, &[], false).unwrap();
        let quoted = "Forwarded message from adam@a.example:\n> WRAPPED\n> From: adam";
        assert_eq!(read.text, format!("{own}{quoted}"));
        let from = read.from.unwrap().address;
        assert_eq!(from.to_string(), "alice@chat.a.example");
        assert!(read.reply_to.is_empty() && read.cc.is_empty());
    }
}

/// The same to a contact with a gateway of its own, whose mails carry stanzas.
#[test]
fn b9_what_is_wrapped_does_not_travel_to_another_gateway_either() {
    for wrapped in wrappings() {
        let mut house = House::new();
        house.settings.peers = vec![stanzamail::core::settings::PeerSettings {
            who: "mail.example".parse().unwrap(),
            format: Some(stanzamail::core::record::Format::Xmpp),
            key: None,
        }];
        let xml = format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='1'><body>mine</body>{wrapped}</message>"
        );
        let decision = house.stanza(&xml);
        assert_eq!(decision.mails.len(), 1);
        let read = from_mail::read(&decision.mails[0].bytes, &[], false).unwrap();
        let all = format!("{read:?}");
        assert!(!all.contains("WRAPPED") && !all.contains("adam"), "{all}");
    }
}

#[test]
fn b10_whoever_is_not_a_user_of_this_server_sends_nothing() {
    let mut house = House::new();
    let strangers = [
        "eve@b.example/x",
        "eve@a.example.evil.example/x",
        "alice@xa.example/x",
        "b.example/x",
        "eve\\40a.example@b.example",
        "carol\\40mail.example@gateway.a.example",
        "gateway.a.example",
        "eve@[::1]",
        "alice@chat.a.example/x",
    ];
    let mut refused = 0;
    let tries = cases(4_000);
    for number in 0..tries {
        let from = strangers[number % strangers.len()];
        let to = match number % 3 {
            0 => CAROL.to_owned(),
            1 => format!("dave{number}\\40mail.example@gateway.a.example"),
            _ => "gateway.a.example".to_owned(),
        };
        let xml = match number % 4 {
            0 | 1 => format!(
                "<message from='{from}' to='{to}' id='{number}'><body>spam</body></message>"
            ),
            2 => format!(
                "<message from='{from}' to='{to}' id='{number}'><addresses xmlns='http://jabber.org/protocol/address'><address type='bcc' uri='mailto:dave@mail.example'/></addresses><body>spam</body></message>"
            ),
            _ => format!("<presence from='{from}' to='{to}' type='subscribe'/>"),
        };
        let decision = house.stanza(&xml);
        assert!(
            decision.mails.is_empty() && decision.writes.is_empty(),
            "{xml}"
        );
        assert!(decision.stanzas.len() <= 1, "{xml}");
        refused += decision
            .stanzas
            .iter()
            .filter(|answer| written(answer).contains("<forbidden"))
            .count();
    }
    eprintln!("B10: {tries} stanzas of strangers, 0 mails, {refused} times forbidden");
    assert_eq!(refused, tries);
}

#[test]
fn b10_nobody_registers_and_so_nobody_becomes_a_user() {
    let mut house = House::new();
    for payload in [
        "<query xmlns='jabber:iq:register'/>",
        "<query xmlns='jabber:iq:register'><username>eve</username></query>",
        "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#add-user' action='execute'/>",
    ] {
        for from in ["eve@b.example/x", "alice@a.example/x"] {
            let xml = format!(
                "<iq type='set' id='1' from='{from}' to='gateway.a.example'>{payload}</iq>"
            );
            let decision = house.stanza(&xml);
            assert!(decision.writes.is_empty() && decision.mails.is_empty());
            let refused = match (payload.starts_with("<command"), from) {
                (false, _) => "<service-unavailable",
                (true, "alice@a.example/x") => "<item-not-found",
                (true, _) => "<forbidden",
            };
            assert!(written(&decision.stanzas[0]).contains(refused), "{xml}");
        }
    }
}

#[test]
fn b11_a_flood_of_presence_has_no_more_answers_than_the_rfc_wants_and_no_mail() {
    let mut house = House::new();
    let kinds = [
        "",
        "type='unavailable'",
        "type='probe'",
        "type='unsubscribe'",
        "type='subscribed'",
        "type='unsubscribed'",
        "type='error'",
    ];
    let tries = cases(5_000);
    let mut answers = 0;
    for number in 0..tries {
        let kind = kinds[number % kinds.len()];
        let to = format!("c{}\\40mail.example@gateway.a.example", number % 1_000);
        let decision = house.stanza(&format!(
            "<presence from='alice@a.example/p{}' to='{to}' {kind}/>",
            number % 10
        ));
        assert!(decision.mails.is_empty());
        // RFC 6121 §3.3.3: who unsubscribes is told so, and sees the contact go.
        let most = if kind.contains("'unsubscribe'") { 2 } else { 1 };
        assert!(
            decision.stanzas.len() <= most,
            "{kind}: {}",
            decision.stanzas.len()
        );
        answers += decision.stanzas.len();
    }
    eprintln!("B11: {tries} presences, {answers} answers, 0 mails");
}

#[test]
fn b12_a_request_is_answered_once_and_a_command_is_of_who_began_it() {
    let mut house = House::new();
    let payloads = [
        (
            "get",
            "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        ),
        (
            "get",
            "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>",
        ),
        (
            "set",
            "<command xmlns='http://jabber.org/protocol/commands' node='reload' action='execute'/>",
        ),
        (
            "set",
            "<command xmlns='http://jabber.org/protocol/commands' node='reload' sessionid='1' action='next'/>",
        ),
        (
            "set",
            "<command xmlns='http://jabber.org/protocol/commands' node='reload' sessionid='1' action='complete'/>",
        ),
        (
            "set",
            "<command xmlns='http://jabber.org/protocol/commands' node='write' sessionid='1' action='complete'><x xmlns='jabber:x:data' type='submit'><field var='step'><value>1</value></field><field var='address'><value>carol@mail.example</value></field><field var='text'><value>spam</value></field></x></command>",
        ),
        ("get", "<query xmlns='jabber:iq:search'/>"),
        ("set", "<query xmlns='jabber:iq:private'/>"),
        ("get", "<query xmlns='jabber:iq:roster'/>"),
        ("get", "<ping xmlns='urn:xmpp:ping'/>"),
    ];
    let tries = cases(2_000);
    let mut commands = 0;
    for number in 0..tries {
        let (kind, payload) = payloads[number % payloads.len()];
        let from = ["alice@a.example/x", "eve@b.example/x", "admin@a.example/x"][number % 3];
        let xml = format!(
            "<iq type='{kind}' id='{number}' from='{from}' to='gateway.a.example'>{payload}</iq>"
        );
        let decision = house.stanza(&xml);
        assert!(decision.mails.is_empty() && decision.writes.is_empty());
        assert_eq!(decision.stanzas.len(), 1, "{xml}");
        if payload.starts_with("<command") {
            let refused = match (from, payload.contains("node='write'")) {
                ("eve@b.example/x", _) => "<forbidden",
                (_, true) => "<bad-sessionid",
                (_, false) => "<item-not-found",
            };
            assert!(written(&decision.stanzas[0]).contains(refused), "{xml}");
            commands += 1;
        }
    }
    eprintln!("B12: {tries} requests, one answer each; {commands} of {commands} commands refused");
}

#[test]
fn b12_who_floods_with_requests_gets_twenty_answers_a_second_and_pays_alone() {
    let mut house = House::new();
    house.quotas = Some(Quotas::new(&house.settings.allowance));
    let vcard = |from: &str, number: usize| {
        format!(
            "<iq type='get' id='{number}' from='{from}' to='{CAROL}'><vCard xmlns='vcard-temp'/></iq>"
        )
    };
    let answers = |house: &mut House, from: &str, count: usize| {
        let answers = (0..count).map(|number| {
            let decision = house.stanza(&vcard(from, number));
            decision.stanzas.iter().map(written).collect::<String>()
        });
        let answers: Vec<_> = answers.filter(|answer| !answer.is_empty()).collect();
        let is_result = |answer: &&String| answer.contains("type='result'");
        let results = answers.iter().filter(is_result).count();
        (results, answers.len() - results)
    };
    assert_eq!(answers(&mut house, ALICE, 1_000), (1_000, 0), "a roster");
    assert_eq!(answers(&mut house, ALICE, 3_000), (1_000, 1));
    for _ in 0..20 {
        house.now = house.now.plus(Duration::from_secs(1));
        assert_eq!(answers(&mut house, ALICE, 100), (20, 1));
    }
    assert_eq!(answers(&mut house, "adam@a.example/x", 100), (100, 0));
}

#[test]
fn b10_a_user_sends_exactly_as_much_as_is_allowed_and_is_told_why_not_more() {
    let mut house = House::new();
    house.quotas = Some(Quotas::new(&Allowance {
        sent_per_hour: Some(500),
        ..Allowance::default()
    }));
    let (tries, mut sent, mut refused) = (10_000, 0, 0);
    for number in 0..tries {
        let to = format!("c{}\\40mail.example@gateway.a.example", number % 50);
        let xml = format!(
            "<message from='{ALICE}' to='{to}' type='chat' id='{number}'><body>{number}</body></message>"
        );
        let decision = house.stanza(&xml);
        sent += decision.mails.len();
        let answer = decision.stanzas.iter().map(written).collect::<String>();
        let is_refusal =
            answer.contains("<policy-violation") && answer.contains("500 mails in an hour");
        refused += usize::from(is_refusal);
        assert_eq!(is_refusal, decision.mails.is_empty(), "{answer}");
    }
    assert_eq!((sent, refused), (500, tries - 500));

    // Whoever is refused has lost nothing: the same message goes through when its time has come.
    house.now = house.now.plus(Duration::from_secs(8));
    let xml = format!(
        "<message from='{ALICE}' to='{CAROL}' type='chat' id='9999'><body>9999</body></message>"
    );
    assert_eq!(house.stanza(&xml).mails.len(), 1);
    eprintln!("B10: of {tries} messages of one user {sent} were mails, {refused} were refused");
}

#[test]
fn b10_spam_needs_many_new_addresses_and_gets_few() {
    let mut house = House::new();
    house.quotas = Some(Quotas::new(&Allowance {
        strangers_per_day: Some(20),
        ..Allowance::default()
    }));
    let mails = |house: &mut House, xml: &str| house.stanza(xml).mails.len();
    let message = |to: usize, id: &str| {
        format!(
            "<message from='{ALICE}' to='c{to}\\40mail.example@gateway.a.example' type='chat' id='{id}'><body>{id}</body></message>"
        )
    };
    let known = (0..10)
        .map(|to| mails(&mut house, &message(to, "first")))
        .sum::<usize>();
    assert_eq!(known, 10);
    // Five of them in one message, and invitations, count as well.
    let list: String = (10..15)
        .map(|to| format!("<address type='bcc' uri='mailto:c{to}@mail.example'/>"))
        .collect();
    let many = format!(
        "<message from='{ALICE}' to='gateway.a.example' id='many'><body>spam</body><addresses xmlns='http://jabber.org/protocol/address'>{list}</addresses></message>"
    );
    assert_eq!(mails(&mut house, &many), 1);
    let invited: usize = (100..200)
        .map(|to| {
            let xml = format!(
                "<presence from='alice@a.example' to='c{to}\\40mail.example@gateway.a.example' type='subscribe'/>"
            );
            mails(&mut house, &xml)
        })
        .sum();
    assert_eq!(invited, 5);
    assert_eq!(mails(&mut house, &message(300, "more")), 0);
    // To those whom she knows she writes as before, and what she takes back is taken back.
    assert_eq!(mails(&mut house, &message(3, "again")), 1);
    let xml = format!("<presence from='alice@a.example' to='{CAROL}' type='unsubscribe'/>");
    let decision = house.stanza(&xml);
    assert!(
        !decision
            .stanzas
            .iter()
            .any(|answer| written(answer).contains("policy-violation"))
    );
}

#[test]
fn b10_one_address_and_one_domain_get_and_send_no_more_than_is_allowed() {
    let mut house = House::new();
    house.quotas = Some(Quotas::new(&Allowance {
        sent_per_hour: Some(200),
        sent_per_hour_to_one: Some(100),
        sent_per_hour_by_all: Some(250),
        ..Allowance::default()
    }));
    // How many of a thousand were sent, and the words of the last refusal.
    let sends = |house: &mut House, from: &str, to: &str| {
        let (mut sent, mut why) = (0, String::new());
        for number in 0..1_000 {
            let xml = format!(
                "<message from='{from}@a.example/x' to='{to}\\40mail.example@gateway.a.example' type='chat' \
                 id='{to}{number}'><body>{number}</body></message>"
            );
            let decision = house.stanza(&xml);
            sent += decision.mails.len();
            if decision.mails.is_empty() {
                why = decision.stanzas.iter().map(written).collect();
            }
        }
        assert!(why.contains("<policy-violation"), "{why}");
        (sent, why)
    };
    let (sent, why) = sends(&mut house, "alice", "carol");
    assert!(
        sent == 100 && why.contains("100 mails in an hour to one address"),
        "{sent} {why}"
    );
    // Nobody else pays for that: neither Alice's other contacts nor other users who write to Carol.
    let (sent, why) = sends(&mut house, "alice", "dave");
    assert!(
        sent == 100 && why.contains("200 mails in an hour, each recipient"),
        "{sent} {why}"
    );
    let (sent, why) = sends(&mut house, "adam", "carol");
    let is_of_all = why.contains("The users of a.example may send 250 mails in an hour together");
    assert!(sent == 50 && is_of_all, "{sent} {why}");
}

/// Links into the own network, in every spelling.
fn addresses_to_reach() -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "0",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "169.254.169.254",
        "[fe80::1]",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "[fc00::1]",
        "metadata.google.internal",
        "127.0.0.1.nip.io",
        "user@127.0.0.1",
    ];
    let schemes = ["http", "https", "file"];
    let pairs = hosts
        .iter()
        .flat_map(|host| schemes.map(|scheme| format!("{scheme}://{host}/a.png")));
    pairs.collect()
}

#[test]
fn b13_a_link_into_ones_own_network_stays_a_text() {
    let links = addresses_to_reach();
    for link in &links {
        let mut house = House::new();
        let xml = format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='1'><body>{link}</body><x xmlns='jabber:x:oob'><url>{link}</url></x></message>"
        );
        let decision = house.stanza(&xml);
        let read = from_mail::read(&decision.mails[0].bytes, &[], false).unwrap();
        assert!(read.text.contains(link.as_str()), "{}", read.text);
        assert!(read.attachments.is_empty());
    }
    eprintln!("B13: {} links stayed texts", links.len());
}

#[test]
fn b15_what_is_encrypted_end_to_end_is_refused_whatever_stands_beside_it() {
    for encrypted in [
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>eA==</payload></encrypted>",
        "<encrypted xmlns='urn:xmpp:omemo:1'/>",
        "<encrypted xmlns='urn:xmpp:omemo:2'><header/><payload>eA==</payload></encrypted>",
        "<openpgp xmlns='urn:xmpp:openpgp:0'>eA==</openpgp>",
        "<x xmlns='jabber:x:encrypted'>eA==</x>",
        "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0'/>",
    ] {
        for beside in [
            "",
            "<body>I sent you an encrypted message</body>",
            "<body>?OTR:AAMC</body><store xmlns='urn:xmpp:hints'/>",
        ] {
            let mut house = House::new();
            let xml = format!(
                "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='1'>{encrypted}{beside}</message>"
            );
            let decision = house.stanza(&xml);
            assert!(decision.mails.is_empty(), "{xml}");
            let told = written(&decision.stanzas[0]);
            assert!(
                told.contains("<not-acceptable") && told.contains("switch encryption off"),
                "{told}"
            );
        }
    }
}

#[test]
fn b16_errors_results_and_receipts_are_never_answered() {
    let conditions = [
        "bad-request",
        "conflict",
        "feature-not-implemented",
        "forbidden",
        "gone",
        "internal-server-error",
        "item-not-found",
        "jid-malformed",
        "not-acceptable",
        "not-allowed",
        "not-authorized",
        "policy-violation",
        "recipient-unavailable",
        "redirect",
        "registration-required",
        "remote-server-not-found",
        "remote-server-timeout",
        "resource-constraint",
        "service-unavailable",
        "subscription-required",
        "undefined-condition",
        "unexpected-request",
    ];
    let mut tried = 0;
    for condition in conditions {
        let error = format!(
            "<error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
        );
        for to in [
            CAROL,
            "gateway.a.example",
            "nobody@gateway.a.example",
            "%@gateway.a.example",
        ] {
            for xml in [
                format!(
                    "<message type='error' from='alice@a.example/p' to='{to}' id='1'><body>x</body>{error}</message>"
                ),
                format!(
                    "<presence type='error' from='alice@a.example/p' to='{to}'>{error}</presence>"
                ),
                format!("<iq type='error' from='alice@a.example/p' to='{to}' id='1'>{error}</iq>"),
                format!("<iq type='result' from='alice@a.example/p' to='{to}' id='1'/>"),
                format!("<message type='error' from='eve@b.example/p' to='{to}'>{error}</message>"),
                format!("<message type='error' to='{to}'>{error}</message>"),
                format!(
                    "<message from='alice@a.example/p' to='{to}' id='2'><received xmlns='urn:xmpp:receipts' id='1'/></message>"
                ),
                format!(
                    "<message from='alice@a.example/p' to='{to}' id='2'><received xmlns='urn:xmpp:receipts' id='1'/><request xmlns='urn:xmpp:receipts'/></message>"
                ),
            ] {
                let mut house = House::new();
                let decision = house.stanza(&xml);
                assert!(
                    decision.stanzas.is_empty(),
                    "{xml}\n{}",
                    written(&decision.stanzas[0])
                );
                assert!(decision.mails.is_empty(), "{xml}");
                tried += 1;
            }
        }
    }
    eprintln!("B16: {tried} stanzas, none answered");
}

/// B16: what a client sends again, from an archive or after a lost connection, is the same mail.
#[test]
fn b16_what_is_replayed_is_one_mail() {
    let mut house = House::new();
    let mut mails = 0;
    for delay in [
        "",
        "<delay xmlns='urn:xmpp:delay' stamp='2026-11-22T11:00:00Z'/>",
    ] {
        for from in ["alice@a.example/phone", "alice@a.example/desk"] {
            let xml = format!(
                "<message from='{from}' to='{CAROL}' type='chat' id='1'><body>once</body><origin-id xmlns='urn:xmpp:sid:0' id='o'/>{delay}</message>"
            );
            mails += house.stanza(&xml).mails.len();
        }
    }
    assert_eq!(mails, 1);
}
