//! What becomes of stanzas, mails and outcomes, decision by decision, with no server: rows come from a map.

use crate::decided::{World, arrived};
use jid::BareJid;
use minidom::Element;
use stanzamail::core::context::Write;
use stanzamail::core::decide::decision::{Decision, Fate};
use stanzamail::core::decide::inbound::arrived::Wait;
use stanzamail::core::from_mail;
use stanzamail::core::outcome::{JobVerdict, Outcome, Reply};
use stanzamail::core::record::{Bulk, Pair, PairOrigin, Quotes, Subscription};
use stanzamail::core::settings::{Receipts, Trust};
use stanzamail::core::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

const DEFERRED: JobVerdict = JobVerdict::Deferred {
    next: Timestamp::from_secs(2_000_000_000),
};

fn chat(id: &str, body: &str) -> String {
    format!(
        "<message from='alice@a.example/phone' to='carol\\40mail.example@gateway.a.example' type='chat' id='{id}'><body>{body}</body></message>"
    )
}

fn reply(code: u16, enhanced: (u16, u16, u16)) -> Reply {
    Reply {
        code: Some(code),
        enhanced: Some(enhanced),
        text: "the server's words".to_owned(),
    }
}

fn mail_text(decision: &Decision) -> String {
    String::from_utf8(decision.mails.first().expect("one mail").bytes.clone()).unwrap()
}

fn header<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
    mail.split("\r\n\r\n")
        .next()?
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn condition(stanza: &Element) -> String {
    let error = stanza
        .children()
        .find(|child| child.name() == "error")
        .expect("an error");
    error.children().next().unwrap().name().to_owned()
}

fn body(stanza: &Element) -> String {
    stanza
        .children()
        .find(|child| child.name() == "body")
        .map(Element::text)
        .unwrap_or_default()
}

#[test]
fn a_message_becomes_a_mail_from_the_users_mapped_address() {
    let decision = World::new().stanza(&chat("1", "Hello"));
    let mail = mail_text(&decision);
    assert_eq!(header(&mail, "From"), Some("alice <alice@chat.a.example>"));
    assert_eq!(header(&mail, "To"), Some("carol@mail.example"));
    assert_eq!(header(&mail, "Subject"), Some("Chat with alice"));
    assert_eq!(header(&mail, "Jabber-ID"), Some("alice@a.example"));
    assert_eq!(header(&mail, "XMPP-Bridge"), Some("v=1"));
    assert!(mail.ends_with("\r\n\r\nHello"), "{mail}");
    let job = &decision.mails[0].job;
    assert_eq!(
        job.from.as_ref().unwrap().to_string(),
        "alice@chat.a.example"
    );
    assert!(decision.stanzas.is_empty());
}

#[test]
fn the_same_stanza_twice_is_one_mail_and_another_text_under_its_id_is_another() {
    let mut world = World::new();
    let first = world.stanza(&chat("1", "Hello"));
    assert_eq!(world.stanza(&chat("1", "Hello")).mails.len(), 0);
    let other = world.stanza(&chat("1", "Something else"));
    assert_ne!(first.mails[0].job.message_id, other.mails[0].job.message_id);
}

#[test]
fn a_retried_stanza_has_the_same_message_id_when_the_rows_were_lost() {
    let first = World::new().stanza(&chat("1", "Hello"));
    let second = World::new().stanza(&chat("1", "Hello"));
    assert_eq!(first.mails[0].job.id, second.mails[0].job.id);
}

#[test]
fn an_outsider_may_not_send() {
    let decision = World::new().stanza("<message from='mallory@evil.example/x' to='carol\\40mail.example@gateway.a.example' type='chat' id='1'><body>Buy</body></message>");
    assert!(decision.mails.is_empty() && decision.writes.is_empty());
    assert_eq!(condition(&decision.stanzas[0]), "forbidden");
}

#[test]
fn what_is_encrypted_end_to_end_is_refused_even_with_a_body() {
    let decision = World::new().stanza("<message from='alice@a.example/x' to='carol\\40mail.example@gateway.a.example' id='1'><body>I sent you an OMEMO message</body><encrypted xmlns='eu.siacs.conversations.axolotl'/></message>");
    assert!(decision.mails.is_empty());
    assert_eq!(condition(&decision.stanzas[0]), "not-acceptable");
}

#[test]
fn errors_receipts_and_chat_states_become_nothing() {
    for xml in [
        "<message from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='error' id='1'><body>x</body></message>",
        "<message from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
        "<message from='alice@a.example' to='carol\\40mail.example@gateway.a.example' id='2'><received xmlns='urn:xmpp:receipts' id='1'/></message>",
        "<iq from='alice@a.example' to='gateway.a.example' type='result' id='3'/>",
        "<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='error'/>",
    ] {
        let decision = World::new().stanza(xml);
        assert!(
            decision.mails.is_empty() && decision.stanzas.is_empty() && decision.writes.is_empty(),
            "{xml}"
        );
    }
}

#[test]
fn a_forwarded_message_inside_is_never_believed() {
    let decision = World::new().stanza("<message from='alice@a.example' to='carol\\40mail.example@gateway.a.example' id='1'><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='bob@a.example' to='x\\40y.example@gateway.a.example'><body>forged</body></message></forwarded></received></message>");
    assert!(decision.mails.is_empty());
}

#[test]
fn a_contact_that_is_no_address_is_named() {
    let decision = World::new().stanza("<message from='alice@a.example' to='carol@gateway.a.example' id='1'><body>x</body></message>");
    assert_eq!(condition(&decision.stanzas[0]), "jid-malformed");
    assert!(String::from(&decision.stanzas[0]).contains("carol\\40mail.example@gateway.a.example"));
}

#[test]
fn a_user_keeps_the_form_of_a_contact_that_it_used_first() {
    let mut world = World::new();
    world.stanza("<message from='alice@a.example' to='carol%mail.example@gateway.a.example' id='1'><body>x</body></message>");
    let (decision, fate) = world.arrives("From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n");
    assert_eq!(fate, Fate::Handled);
    assert_eq!(
        decision.stanzas[0].attr("from"),
        Some("carol%mail.example@gateway.a.example")
    );
    let (decision, _) = world.arrives("From: Carol <carol@mail.example>\nTo: bob@chat.a.example\nMessage-ID: <2@mail.example>\n\nHi\n");
    assert_eq!(
        decision.stanzas[0].attr("from"),
        Some("carol\\40mail.example@gateway.a.example")
    );
}

#[test]
fn threads_are_kept_in_both_directions() {
    let mut world = World::new();
    let out = world.stanza(&chat("1", "Hello"));
    let id = out.mails[0].job.message_id.in_brackets();
    let (answer, _) = world.arrives(&format!("From: carol@mail.example\nTo: alice@chat.a.example\nSubject: Re: Chat with alice\nMessage-ID: <c1@mail.example>\nIn-Reply-To: {id}\nReferences: {id}\n\nHi Alice\n"));
    assert_eq!(body(&answer.stanzas[0]), "Hi Alice");
    assert!(
        answer.stanzas[0]
            .children()
            .all(|child| child.name() != "subject")
    );
    let again = mail_text(&world.stanza(&chat("2", "How are you?")));
    assert_eq!(header(&again, "Subject"), Some("Re: Chat with alice"));
    assert_eq!(header(&again, "In-Reply-To"), Some("<c1@mail.example>"));
    assert!(again.contains("c1@mail.example"));
    let (opened, _) = world.arrives("From: carol@mail.example\nTo: alice@chat.a.example\nSubject: Lunch?\nMessage-ID: <c2@mail.example>\n\nToday?\n");
    assert_eq!(body(&opened.stanzas[0]), "*Lunch?*\nToday?");
    let lunch = mail_text(&world.stanza(&chat("3", "Yes")));
    assert_eq!(header(&lunch, "Subject"), Some("Re: Lunch?"));
}

#[test]
fn the_same_mail_twice_is_one_stanza_and_a_replay_has_the_same_id() {
    let mail =
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n";
    let mut world = World::new();
    let (first, _) = world.arrives(mail);
    let (second, fate) = world.arrives(mail);
    assert!(second.stanzas.is_empty());
    assert_eq!(fate, Fate::Handled);
    let (replay, _) = World::new().arrives(mail);
    assert_eq!(first.stanzas[0].attr("id"), replay.stanzas[0].attr("id"));
}

#[test]
fn a_mail_without_a_message_id_is_known_by_its_bytes() {
    let mail = "From: carol@mail.example\nTo: alice@chat.a.example\n\nHi\n";
    let mut world = World::new();
    assert_eq!(world.arrives(mail).0.stanzas.len(), 1);
    assert_eq!(world.arrives(mail).0.stanzas.len(), 0);
    assert_eq!(
        world
            .arrives("From: carol@mail.example\nTo: alice@chat.a.example\n\nHi again\n")
            .0
            .stanzas
            .len(),
        1
    );
}

/// By a list and directly, by a mail server that lost its answer, with a Message-ID and without: each mail is shown once to
/// each recipient, whichever copy comes first.
#[test]
fn of_all_copies_of_a_mail_one_is_shown_to_each_recipient() {
    let id = "Message-ID: <1@mail.example>\n";
    let copy = |before: &str, id: &str, to: &str| {
        format!("{before}From: carol@mail.example\nTo: {to}@chat.a.example\n{id}\nHi\n")
    };
    let direct = copy("", id, "alice");
    let by_list = copy(
        "Received: from list.example; Sun, 22 Nov 2026 12:00:01 +0000\n\
         Delivered-To: alice@chat.a.example\nList-Id: <friends.list.example>\n",
        id,
        "friends",
    );
    let by_another_way = copy(
        "Received: from mx2.mail.example; Sun, 22 Nov 2026 12:00:09 +0000\n",
        id,
        "alice",
    );
    let to_bob = copy("Delivered-To: bob@chat.a.example\n", id, "alice");
    let nameless = copy("", "", "alice");
    for turn in 0..5 {
        let mut copies = [&direct, &by_list, &by_another_way, &to_bob, &nameless];
        copies.rotate_left(turn);
        let mut world = World::new();
        let mut shown: Vec<String> = Vec::new();
        for mail in copies.iter().chain(&copies) {
            let stanzas = world.arrives(mail).0.stanzas;
            let to = |stanza: &minidom::Element| stanza.attr("to").map(str::to_owned);
            shown.extend(stanzas.iter().filter_map(to));
        }
        shown.sort();
        let expected = ["alice@a.example", "alice@a.example", "bob@a.example"];
        assert_eq!(shown, expected, "beginning with copy {turn}");
    }
}

#[test]
fn the_envelope_recipient_comes_before_the_header() {
    let (decision, _) = World::new().arrives("Delivered-To: bob@chat.a.example\nFrom: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n");
    let to: Vec<_> = decision
        .stanzas
        .iter()
        .filter_map(|stanza| stanza.attr("to"))
        .collect();
    assert_eq!(to, ["bob@a.example"]);
}

#[test]
fn a_mail_for_two_users_is_delivered_to_both_and_shows_each_the_other() {
    let (decision, _) = World::new().arrives("From: carol@mail.example\nTo: alice@chat.a.example, bob@chat.a.example\nCc: Dave <dave@mail.example>\nMessage-ID: <1@mail.example>\n\nHi\n");
    assert_eq!(decision.stanzas.len(), 2);
    let xml = String::from(&decision.stanzas[0]);
    assert!(
        xml.contains("bob@a.example") && xml.contains("dave\\40mail.example@gateway.a.example"),
        "{xml}"
    );
}

#[test]
fn an_answer_goes_to_the_author_and_one_to_all_to_those_whom_the_text_names() {
    let mut world = World::new();
    let (decision, _) = world.arrives("From: carol@mail.example\nTo: alice@chat.a.example, adam@chat.a.example\nCc: Dave <dave@mail.example>\nMessage-ID: <1@mail.example>\n\nHi\n");
    let shown = decision.stanzas[0].get_child("body", "jabber:component:accept");
    assert_eq!(
        shown.unwrap().text(),
        "To: you, adam@a.example, Dave (dave@mail.example)\nHi"
    );
    let id = decision.stanzas[0].attr("id").unwrap().to_owned();
    let mut answer = |id: &str, body: &str, reply: &str| {
        let reply = format!("<reply xmlns='urn:xmpp:reply:0' id='{reply}'/>");
        let answer = chat(id, body).replace("</message>", &format!("{reply}</message>"));
        let mail = world.stanza(&answer).mails.remove(0);
        let to: Vec<_> = mail.job.to.iter().map(ToString::to_string).collect();
        (to, String::from_utf8(mail.bytes.to_vec()).unwrap())
    };
    assert_eq!(answer("1", "Only for you", &id).0, ["carol@mail.example"]);
    let all = [
        "carol@mail.example",
        "adam@chat.a.example",
        "dave@mail.example",
    ];
    for (number, reply) in [("2", id.as_str()), ("3", "of nobody")] {
        let (to, text) = answer(number, "/all Hello everybody", reply);
        if reply == id {
            assert_eq!(to, all);
            assert!(
                text.contains("\r\nHello everybody") && !text.contains("/all"),
                "{text}"
            );
        }
    }
}

#[test]
fn the_word_to_all_is_found_below_a_quotation_and_in_a_correction_and_stays_here() {
    let mut world = World::new();
    let (decision, _) = world.arrives("From: carol@mail.example\nTo: alice@chat.a.example, adam@chat.a.example\nCc: Dave <dave@mail.example>\nMessage-ID: <1@mail.example>\n\nTea?\n");
    let id = decision.stanzas[0].attr("id").unwrap().to_owned();
    let with = |id: &str, body: &str, more: &str| {
        chat(id, body).replace("</message>", &format!("{more}</message>"))
    };
    let mut sent = |stanza: &str| {
        let mail = world.stanza(stanza).mails.remove(0);
        (
            mail.job.to.len(),
            String::from_utf8(mail.bytes.to_vec()).unwrap(),
        )
    };
    let reply = format!(
        "<reply xmlns='urn:xmpp:reply:0' id='{id}'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='7'/></fallback>"
    );
    let (to, text) = sent(&with("q1", "&gt; Tea?\n/all I bring tee", &reply));
    assert_eq!(to, 3, "{text}");
    assert!(
        text.contains("> Tea?\r\n\r\nI bring tee") && !text.contains("/all"),
        "{text}"
    );
    let correction = |id: &str| format!("<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>");
    for (id, body) in [("q2", "/all I bring tea"), ("q3", "I bring tea")] {
        let (to, text) = sent(&with(id, body, &correction("q1")));
        assert_eq!(to, 3, "{text}");
        assert!(
            text.contains("I bring tea") && text.contains("I bring tee"),
            "{text}"
        );
        assert!(!text.contains("/all"), "{text}");
    }
    let (to, _) = sent(&chat("q4", "Only for you"));
    assert_eq!(to, 1);
    let (to, text) = sent(&with("q5", "Just you", &correction("q4")));
    assert_eq!(to, 1, "{text}");
    let refused = world.stanza(&chat("q6", " /all "));
    assert!(refused.mails.is_empty());
    let why = String::from(&refused.stanzas[0]);
    assert!(why.contains("Write behind /all"), "{why}");
}

#[test]
fn a_multicast_is_one_mail_and_bcc_is_in_the_envelope_only() {
    let decision = World::new().stanza("<message from='alice@a.example' to='gateway.a.example' id='1'><body>All hands</body><addresses xmlns='http://jabber.org/protocol/address'><address type='to' jid='carol\\40mail.example@gateway.a.example'/><address type='cc' uri='mailto:dave@mail.example'/><address type='bcc' jid='erin\\40mail.example@gateway.a.example'/></addresses></message>");
    assert_eq!(decision.mails.len(), 1);
    let mail = mail_text(&decision);
    assert_eq!(header(&mail, "To"), Some("carol@mail.example"));
    assert_eq!(header(&mail, "Cc"), Some("dave@mail.example"));
    assert!(!mail.contains("erin"));
    assert_eq!(decision.mails[0].job.to.len(), 3);
}

#[test]
fn a_request_becomes_one_invitation_and_any_mail_of_theirs_accepts() {
    let mut world = World::new();
    let subscribe = "<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='subscribe' id='s1'/>";
    let asked = world.stanza(subscribe);
    assert_eq!(
        header(&mail_text(&asked), "Auto-Submitted"),
        Some("auto-generated")
    );
    world.wait(Duration::from_secs(6 * 24 * 3600));
    assert!(
        world.stanza(subscribe).mails.is_empty(),
        "no second invitation within a week"
    );
    let (answer, _) = world.arrives("From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi Alice!\n");
    let kinds: Vec<_> = answer
        .stanzas
        .iter()
        .map(|stanza| (stanza.name(), stanza.attr("type")))
        .collect();
    assert_eq!(
        kinds,
        [
            ("presence", Some("subscribed")),
            ("presence", None),
            ("message", Some("chat")),
            ("iq", Some("get")) // whether she has a name in the roster
        ]
    );
    let pair = answer
        .writes
        .iter()
        .find_map(|write| {
            if let Write::Pair(pair) = write {
                Some(pair)
            } else {
                None
            }
        })
        .unwrap();
    assert_eq!(
        (pair.origin, pair.name.as_deref()),
        (PairOrigin::Verified, Some("Carol"))
    );
    let probe = world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='probe'/>");
    assert!(String::from(&probe.stanzas[0]).contains("by e-mail"));
    let leave = world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='unsubscribe'/>");
    assert_eq!(leave.stanzas.len(), 2);
    let probe = world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='probe'/>");
    assert_eq!(probe.stanzas[0].attr("type"), Some("unsubscribed"));
}

#[test]
fn the_one_word_no_refuses_and_an_automatic_answer_does_not_accept() {
    let mut world = World::new();
    world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='subscribe'/>");
    let (vacation, _) = world.arrives("From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\nAuto-Submitted: auto-replied\n\nI am away.\n");
    assert!(
        vacation
            .stanzas
            .iter()
            .all(|stanza| stanza.name() != "presence")
    );
    let (no, _) = world.arrives("From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <2@mail.example>\n\nNo.\n\n> Hello, alice would like to chat\n");
    assert_eq!(no.stanzas[0].attr("type"), Some("unsubscribed"));
    assert!(
        no.writes
            .iter()
            .all(|write| !matches!(write, Write::Pair(_)))
    );
}

#[test]
fn own_mail_that_comes_back_and_mail_through_too_many_gateways_is_dropped() {
    let mut world = World::new();
    let out = world.stanza(&chat("1", "Hello"));
    let id = out.mails[0].job.message_id.in_brackets();
    let (back, _) = world.arrives(&format!("Delivered-To: alice@chat.a.example\nFrom: alice@chat.a.example\nTo: carol@mail.example\nMessage-ID: {id}\n\nHello\n"));
    assert!(back.stanzas.is_empty());
    let (far, fate) = world.arrives("From: carol@mail.example\nTo: alice@chat.a.example\nXMPP-Bridge-Hops: 6\nMessage-ID: <9@mail.example>\n\nHi\n");
    assert!(far.stanzas.is_empty() && fate == Fate::Left);
}

#[test]
fn mail_for_nobody_is_left_in_the_mailbox() {
    let (decision, fate) = World::new().arrives(
        "From: carol@mail.example\nTo: someone@else.example\nMessage-ID: <1@mail.example>\n\nHi\n",
    );
    assert!(decision.stanzas.is_empty() && decision.writes.is_empty());
    assert_eq!(fate, Fate::Left);
}

#[test]
fn list_mail_is_shown_or_a_headline_or_dropped_and_changes_no_conversation() {
    let mail = "From: news@mail.example\nTo: alice@chat.a.example\nList-Id: <news.mail.example>\nMessage-ID: <1@mail.example>\n\nNews\n";
    for (policy, kind) in [(Bulk::Show, "chat"), (Bulk::Headline, "headline")] {
        let mut world = World::new();
        assert_eq!(world.settings.bulk, Bulk::Show);
        world.settings.bulk = policy;
        let (shown, _) = world.arrives(mail);
        assert_eq!(shown.stanzas[0].attr("type"), Some(kind));
        let is_contact = |write: &Write| matches!(write, Write::Contact(..));
        assert!(!shown.writes.iter().any(is_contact));
    }
    let mut world = World::new();
    world.settings.bulk = Bulk::Drop;
    let (dropped, fate) = world.arrives(mail);
    assert!(dropped.stanzas.is_empty() && fate == Fate::Handled);
}

#[test]
fn whoever_it_is_from_a_mail_is_shown() {
    let carol = "carol\\40mail.example@gateway.a.example";
    for (from, expected) in [
        ("Meier, Carol <carol@mail.example>", Some(carol)),
        ("carol@mail.example office@mail.example", Some(carol)),
        ("Carol carol@mail.example", Some(carol)),
        ("Carol <carol@mail.example", Some(carol)),
        (
            "<carol@mail.example>, Dave <dave@mail.example>",
            Some(carol),
        ),
        ("mailto:carol@mail.example", Some(carol)),
        ("", None),
        ("root (Cron Daemon)", None),
        ("MAILER-DAEMON <>", None),
        ("Printer in the hall", None),
    ] {
        let mail = format!(
            "From: {from}\nTo: alice@chat.a.example\nSubject: Cellar\nMessage-ID: <1@x>\n\nWater!\n"
        );
        let mut world = World::new();
        let (decision, fate) = world.arrives(&mail);
        assert_eq!(fate, Fate::Handled, "{from}");
        let [shown] = decision.stanzas.as_slice() else {
            panic!("{from}: {} stanzas", decision.stanzas.len());
        };
        let text = body(shown);
        assert!(text.ends_with("*Cellar*\nWater!"), "{from}: {text}");
        let sender = shown.attr("from").unwrap();
        match expected {
            Some(expected) => assert_eq!(sender, expected, "{from}"),
            None => {
                assert!(sender.starts_with("unanswerable-"), "{from}: {sender}");
                assert!(
                    text.contains(if from.is_empty() {
                        "does not say"
                    } else {
                        from
                    }),
                    "{text}"
                );
            }
        }
        assert!(
            world.arrives(&mail).0.stanzas.is_empty(),
            "{from}: it is shown twice"
        );
        // To nobody here: neither is it shown.
        let other = mail.replace("alice@chat.a.example", "x@other.example");
        let (decision, fate) = World::new().arrives(&other);
        assert!(decision.stanzas.is_empty() && fate == Fate::Left, "{from}");
    }
}

#[test]
fn what_cannot_be_read_as_one_address_is_never_believed() {
    let mut world = World::new();
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.test".to_owned()],
        ..Trust::default()
    };
    for from in [
        "Meier, Carol <carol@mail.example>",
        "Carol cora@mail.example",
        "root",
    ] {
        let mail = format!(
            "Authentication-Results: mx.test; dmarc=pass header.from=mail.example\nFrom: {from}\n\
             To: alice@chat.a.example\nMessage-ID: <{}@x>\n\nHi\n",
            from.len()
        );
        let shown = world.arrives(&mail).0.stanzas;
        assert!(
            body(&shown[0]).contains("[Unverified sender. This is said once a day.]"),
            "{from}: {}",
            body(&shown[0])
        );
    }
}

#[test]
fn another_mail_under_a_message_id_that_was_used_is_another_mail() {
    let mail = |date: &str, subject: &str, text: &str| {
        format!(
            "From: shop@mail.example\nTo: alice@chat.a.example\nDate: Sun, 22 Nov 2026 {date} +0000\nSubject: {subject}\n\
             Message-ID: <same@mail.example>\n\n{text}\n"
        )
    };
    let mut world = World::new();
    let mut ids = std::collections::BTreeSet::new();
    for mail in [
        mail("10:00:00", "InboundMessage 1", "It comes."),
        mail("11:00:00", "InboundMessage 1", "It comes."),
        mail("10:00:00", "InboundMessage 2", "It comes."),
        mail("10:00:00", "InboundMessage 1", "It is there."),
    ] {
        let shown = world.arrives(&mail).0.stanzas;
        assert_eq!(shown.len(), 1, "{mail}");
        assert!(
            ids.insert(shown[0].attr("id").unwrap().to_owned()),
            "{mail}"
        );
        assert!(
            world.arrives(&mail).0.stanzas.is_empty(),
            "the same once more"
        );
        let by_another_way = format!("Received: from b.example\n{mail}\n\n");
        assert!(
            world.arrives(&by_another_way).0.stanzas.is_empty(),
            "{by_another_way}"
        );
    }
}

#[test]
fn an_answer_goes_where_its_recipient_wants_answers() {
    let shop = "shop\\40mail.example@gateway.a.example";
    let mail = |id: &str, more: &str| {
        format!(
            "From: shop@mail.example\nTo: alice@chat.a.example\nSubject: Order\nMessage-ID: <{id}@x>\n{more}\nDone.\n"
        )
    };
    let answer = |id: &str| {
        format!(
            "<message from='alice@a.example/phone' to='{shop}' type='chat' id='{id}'><body>{id}</body></message>"
        )
    };
    let to = |decision: &Decision| decision.mails[0].job.to[0].to_string();
    let mut world = World::new();
    world.arrives(&mail("1", "Reply-To: Help <help@mail.example>\n"));
    let first = world.stanza(&answer("one"));
    assert_eq!(to(&first), "help@mail.example");
    let written = String::from_utf8_lossy(&first.mails[0].bytes).into_owned();
    assert!(written.contains("To: help@mail.example"), "{written}");
    assert_eq!(first.stanzas.len(), 1);
    assert_eq!(first.stanzas[0].attr("from"), Some(shop));
    assert!(body(&first.stanzas[0]).contains("goes to help@mail.example"));
    let second = world.stanza(&answer("two"));
    assert_eq!(to(&second), "help@mail.example");
    assert!(second.stanzas.is_empty(), "it is said once");
    // Until a mail says something else.
    world.arrives(&mail("2", "In-Reply-To: <1@x>\n"));
    assert_eq!(to(&world.stanza(&answer("three"))), "shop@mail.example");
    for no in [
        "Reply-To: shop@mail.example\n",
        "Reply-To: adam@chat.a.example\n",
        "Reply-To: denied@evil.example\n",
        "Reply-To: nonsense\n",
        "List-Id: <l.mail.example>\nCc: l@mail.example\nReply-To: l@mail.example\n",
    ] {
        let mut world = World::new();
        world.settings.contacts.deny = vec!["evil.example".parse().unwrap()];
        world.arrives(&mail("1", no));
        let sent = world.stanza(&answer("one"));
        assert_eq!(to(&sent), "shop@mail.example", "{no}");
        assert!(sent.stanzas.is_empty(), "{no}");
    }
    // A list that writes as itself names the author.
    let mut world = World::new();
    world.arrives(&mail(
        "1",
        "List-Id: <l.mail.example>\nReply-To: Carol <carol@mail.example>\n",
    ));
    let thread = world.context.contact(
        &"alice@a.example".parse().unwrap(),
        &"shop@mail.example".parse().unwrap(),
    );
    assert!(thread.is_ok());
    // Whoever is not verified, where that is asked for, leads no answer away.
    let mut world = World::new();
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.test".to_owned()],
        ..Trust::default()
    };
    world.arrives(&mail("1", "Reply-To: eve@evil.example\n"));
    assert_eq!(to(&world.stanza(&answer("one"))), "shop@mail.example");
}

/// As GitHub and hosts of guests have them.
#[test]
fn an_address_that_is_longer_than_it_may_be_is_read_and_answered() {
    let long = format!("reply+{}@mail.example", "A1b2".repeat(25));
    let mut world = World::new();
    let mail = format!(
        "From: Guest <{long}>\nTo: alice@chat.a.example\nMessage-ID: <1@x>\n\nWe arrive at six.\n"
    );
    let shown = world.arrives(&mail).0.stanzas;
    let contact = shown[0].attr("from").unwrap().to_owned();
    assert_eq!(
        contact.to_lowercase(),
        format!("{}@gateway.a.example", long.replace('@', "\\40")).to_lowercase()
    );
    let answer = format!(
        "<message from='alice@a.example/phone' to='{contact}' type='chat' id='2'><body>Good</body></message>"
    );
    let decision = world.stanza(&answer);
    let [mail] = decision.mails.as_slice() else {
        panic!("{:?}", decision.stanzas);
    };
    assert_eq!(
        mail.job.to[0].to_string().to_lowercase(),
        long.to_lowercase()
    );
    // No user is given such an address.
    let node = "a".repeat(80);
    let stanza = chat("3", "Hi").replace("alice@", &format!("{node}@"));
    assert!(world.stanza(&stanza).mails.is_empty());
}

#[test]
fn quoted_history_is_cut_unless_the_configuration_keeps_it() {
    let mail = "From: carol@mail.example\nTo: alice@chat.a.example\nSubject: Re: Lunch\nMessage-ID: <1@mail.example>\n\nGreat\n\n\
        On Mon, Nov 2, 2026 at 10:15 AM Alice <alice@chat.a.example> wrote:\n> At noon?\n";
    let shown = World::new().arrives(mail).0;
    assert_eq!(body(&shown.stanzas[0]), "*Lunch*\nGreat");
    let mut world = World::new();
    world.settings.quotes = Quotes::Keep;
    assert_eq!(
        body(&world.arrives(mail).0.stanzas[0]),
        "*Lunch*\nGreat\n\nOn Mon, Nov 2, 2026 at 10:15 AM Alice <alice@chat.a.example> wrote:\n> At noon?"
    );
}

#[test]
fn an_empty_mail_is_never_silence() {
    for text in ["", "\u{200b}\u{202e}"] {
        let (decision, _) = World::new().arrives(&format!(
            "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\
             Content-Type: text/plain; charset=utf-8\n\n{text}\n\n"
        ));
        assert_eq!(body(&decision.stanzas[0]), "[empty mail]");
    }
}

/// Who is over the limit is told that mails wait; who waits behind another mail of the conversation has been told by that one.
#[test]
fn that_mails_wait_is_said_to_whoever_is_over_the_limit_alone() {
    let alice: BareJid = "alice@a.example".parse().unwrap();
    let raw = b"From: carol@mail.example\r\nTo: alice@chat.a.example\r\nMessage-ID: <1@mail.example>\r\n\r\nHi\r\n";
    for (wait, is_told) in [(Wait::OverLimit, true), (Wait::Behind, false)] {
        let waits: &BTreeMap<_, _> = Box::leak(Box::new(BTreeMap::from([(alice.clone(), wait)])));
        let mut world = World::new();
        let arrived = world.mail_with(raw, |arrived| arrived.waits = Some(waits));
        let (decision, fate) = arrived.unwrap();
        assert_eq!(fate, Fate::Later);
        assert_eq!(decision.stanzas.len(), usize::from(is_told), "{wait:?}");
        let told: String = decision.stanzas.iter().map(body).collect();
        assert!(!told.contains("Hi"), "{told}");
    }
}

/// News from nobody are dropped only by who wants none, and letters from nobody never.
#[test]
fn bulk_mail_without_a_sender_is_dropped_where_bulk_mail_is() {
    for (precedence, bulk, is_shown) in [
        ("bulk", Bulk::Drop, false),
        ("bulk", Bulk::Show, true),
        ("normal", Bulk::Drop, true),
    ] {
        let mut world = World::new();
        world.settings.bulk = bulk;
        let (decision, fate) = world.arrives(&format!(
            "From: undisclosed\nTo: alice@chat.a.example\nPrecedence: {precedence}\nMessage-ID: <1@mail.example>\n\nHi\n"
        ));
        assert_eq!(fate, Fate::Handled);
        assert_eq!(!decision.stanzas.is_empty(), is_shown, "{precedence}");
    }
}

#[test]
fn an_old_mail_carries_its_date() {
    let (decision, _) = World::new().arrives("From: carol@mail.example\nTo: alice@chat.a.example\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nMessage-ID: <1@mail.example>\n\nHi\n");
    assert!(
        String::from(&decision.stanzas[0]).contains("stamp='2026-11-22T10:00:00Z'"),
        "{}",
        String::from(&decision.stanzas[0])
    );
    let (decision, _) = World::new().arrives("From: carol@mail.example\nTo: alice@chat.a.example\nDate: Sun, 22 Nov 2026 11:59:30 +0000\nMessage-ID: <2@mail.example>\n\nHi\n");
    assert!(!String::from(&decision.stanzas[0]).contains("delay"));
}

#[test]
fn refusals_become_errors_with_the_condition_of_their_code() {
    for (code, enhanced, expected) in [
        (550, (5, 1, 1), "item-not-found"),
        (552, (5, 2, 2), "resource-constraint"),
        (552, (5, 3, 4), "not-acceptable"),
        (550, (5, 7, 1), "forbidden"),
        (554, (5, 0, 0), "undefined-condition"),
    ] {
        let mut world = World::new();
        let job = world.stanza(&chat("1", "Hello")).mails[0].job.clone();
        let told = world.outcome(
            &job,
            Outcome::Refused(reply(code, enhanced)),
            JobVerdict::Done,
        );
        let error = &told.stanzas[0];
        assert_eq!(condition(error), expected);
        assert_eq!(error.attr("id"), Some("1"));
        assert_eq!(error.attr("to"), Some("alice@a.example/phone"));
        assert_eq!(
            error.attr("from"),
            Some("carol\\40mail.example@gateway.a.example")
        );
        assert!(String::from(error).contains("the server's words"));
    }
}

#[test]
fn a_receipt_is_given_when_the_server_has_taken_the_mail_and_only_then() {
    let asked = chat("r1", "Hello").replace(
        "</message>",
        "<request xmlns='urn:xmpp:receipts'/></message>",
    );
    let mut world = World::new();
    let decision = world.stanza(&asked);
    assert!(decision.stanzas.is_empty());
    let job = decision.mails[0].job.clone();
    let late = world.outcome(
        &job,
        Outcome::Retry {
            reply: reply(451, (4, 7, 1)),
            certain: true,
        },
        DEFERRED,
    );
    assert!(late.stanzas.is_empty());
    let told = world.outcome(
        &job,
        Outcome::Delivered(reply(250, (2, 0, 0))),
        JobVerdict::Done,
    );
    assert!(String::from(&told.stanzas[0]).contains("received"));
    // It may have ended with the connection over which the message came: who sends it again gets it again.
    let again = world.stanza(&asked.replace("alice@a.example/phone", "alice@a.example/desk"));
    assert!(again.mails.is_empty());
    let again = String::from(&again.stanzas[0]);
    assert!(again.contains("received") && again.contains("/desk") && again.contains("r1"));
    world.settings.receipts = Receipts::Off;
    assert!(world.stanza(&asked).stanzas.is_empty());
    assert!(
        world
            .outcome(
                &job,
                Outcome::Delivered(reply(250, (2, 0, 0))),
                JobVerdict::Done
            )
            .stanzas
            .is_empty()
    );
}

#[test]
fn who_sends_again_what_failed_is_told_so_and_gets_no_receipt_for_what_still_waits() {
    let asked = chat("r1", "Hello").replace(
        "</message>",
        "<request xmlns='urn:xmpp:receipts'/></message>",
    );
    let mut world = World::new();
    let job = world.stanza(&asked).mails[0].job.clone();
    assert!(world.stanza(&asked).stanzas.is_empty(), "it still waits");
    let refused = Outcome::Refused(reply(550, (5, 1, 1)));
    world.outcome(&job, refused, JobVerdict::Done);
    let again = world.stanza(&asked);
    assert!(again.mails.is_empty());
    assert_eq!(condition(&again.stanzas[0]), "undefined-condition");
}

#[test]
fn a_late_mail_is_told_once_and_a_mail_given_up_is_an_error() {
    let mut world = World::new();
    let mut job = world.stanza(&chat("1", "Hello")).mails[0].job.clone();
    let later = Outcome::Retry {
        reply: reply(451, (4, 7, 1)),
        certain: true,
    };
    world.wait(Duration::from_secs(5 * 3600));
    let told = world.outcome(&job, later.clone(), DEFERRED);
    assert!(
        body(&told.stanzas[0]).contains("still waiting after 5 hours"),
        "{}",
        body(&told.stanzas[0])
    );
    job.delay_told = true;
    assert!(
        world
            .outcome(&job, later.clone(), DEFERRED)
            .stanzas
            .is_empty()
    );
    job.certain = false;
    let end = world.outcome(&job, later, JobVerdict::Expired);
    assert_eq!(condition(&end.stanzas[0]), "remote-server-timeout");
    assert!(String::from(&end.stanzas[0]).contains("may not have been delivered"));
}

#[test]
fn a_contact_is_away_while_mail_does_not_get_through() {
    let mut world = World::new();
    world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='subscribe'/>");
    world.arrives(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n",
    );
    let job = world.stanza(&chat("1", "Hello")).mails[0].job.clone();
    let late = world.outcome(
        &job,
        Outcome::Retry {
            reply: reply(451, (4, 7, 1)),
            certain: true,
        },
        DEFERRED,
    );
    assert!(String::from(&late.stanzas[0]).contains("<show>away</show>"));
    let well = world.outcome(
        &job,
        Outcome::Delivered(reply(250, (2, 0, 0))),
        JobVerdict::Done,
    );
    assert!(String::from(&well.stanzas[0]).contains("by e-mail"));
}

#[test]
fn a_mail_that_an_administrator_dropped_is_told_of_and_says_nothing_of_its_contact() {
    let mut world = World::new();
    world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='subscribe'/>");
    world.arrives(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n",
    );
    let job = world.stanza(&chat("1", "Hello")).mails[0].job.clone();
    let dropped = Reply {
        code: None,
        enhanced: None,
        text: stanzamail::core::notice::DROPPED.to_owned(),
    };
    let told = world.outcome(&job, Outcome::Refused(dropped), JobVerdict::Done);
    let presence = |stanza: &&minidom::Element| stanza.name() == "presence";
    assert_eq!(told.stanzas.iter().filter(presence).count(), 0);
    assert_eq!(condition(&told.stanzas[0]), "undefined-condition");
    let text = String::from(&told.stanzas[0]);
    assert!(text.contains("was dropped by the administrator"), "{text}");
    let is_contact = |write: &Write| matches!(write, Write::Contact(..));
    assert!(!told.writes.iter().any(is_contact), "it is not away");
}

#[test]
fn a_mail_that_could_not_be_shown_is_told_of_once_and_only_to_people() {
    let mut world = World::new();
    let not_shown = |world: &mut World, id: &str| {
        let raw = format!(
            "From: carol@mail.example\r\nTo: alice@chat.a.example\r\nMessage-ID: <{id}@mail.example>\r\n\r\nHi\r\n"
        );
        let mail = from_mail::read(raw.as_bytes(), &[], false).unwrap();
        let arrived = arrived(&mail, raw.as_bytes());
        world.decide(|decider| decider.failed_mail(&arrived))
    };
    let told = not_shown(&mut world, "1");
    assert_eq!(told.stanzas[0].attr("from"), Some("gateway.a.example"));
    let text = body(&told.stanzas[0]);
    assert!(text.starts_with("A mail from carol@mail.example could not be shown:"));
    assert!(not_shown(&mut world, "1").stanzas.is_empty());
    assert!(not_shown(&mut world, "presence.1").stanzas.is_empty());
    // When the defect is mended, the mail is shown after all.
    let (shown, _) = world.arrives(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n",
    );
    assert_eq!(body(&shown.stanzas[0]), "Hi");
}

#[test]
fn an_explicit_pair_comes_before_the_rule_and_guards_its_address() {
    let mut world = World::new();
    let pair = |jid: &str, mail: &str| {
        let (jid, mail) = (jid.parse().unwrap(), mail.parse().unwrap());
        Write::Pair(Pair {
            jid,
            mail,
            name: None,
            origin: PairOrigin::Admin,
            saved: Timestamp::default(),
        })
    };
    world.context.apply(&[
        pair("alice@a.example", "a.liddell@wonder.example"),
        pair("bob@a.example", "dave@chat.a.example"),
    ]);
    let decision = world.stanza(&chat("1", "Hello"));
    assert_eq!(
        decision.mails[0].job.from.as_ref().unwrap().to_string(),
        "a.liddell@wonder.example"
    );
    let taken = world.stanza("<message from='dave@a.example' to='carol\\40mail.example@gateway.a.example' id='1'><body>x</body></message>");
    assert_eq!(condition(&taken.stanzas[0]), "not-allowed");
    let (to_bob, _) = world.arrives(
        "From: carol@mail.example\nTo: dave@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n",
    );
    assert_eq!(to_bob.stanzas[0].attr("to"), Some("bob@a.example"));
}

#[test]
fn carriage_returns_in_nick_and_subject_add_no_header() {
    let decision = World::new().stanza("<message from='alice@a.example' to='carol\\40mail.example@gateway.a.example' id='1'><subject>Hi&#13;&#10;Bcc: eve@evil.example</subject><body>a&#13;.&#13;b</body><nick xmlns='http://jabber.org/protocol/nick'>Eve&#13;&#10;X-Evil: yes</nick></message>");
    let mail = mail_text(&decision);
    assert_eq!(header(&mail, "Bcc"), None);
    assert_eq!(header(&mail, "X-Evil"), None);
    assert!(!mail.replace("\r\n", "").contains(['\r', '\n']), "{mail:?}");
    assert_eq!(decision.mails[0].job.to.len(), 1);
}

#[test]
fn requests_are_answered_or_refused() {
    let mut world = World::new();
    let info = world.stanza("<iq from='alice@a.example/x' to='gateway.a.example' type='get' id='1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    assert!(String::from(&info.stanzas[0]).contains("smtp"));
    let jid = world.stanza("<iq from='alice@a.example/x' to='gateway.a.example' type='set' id='2'><query xmlns='jabber:iq:gateway'><prompt>carol@mail.example</prompt></query></iq>");
    assert!(String::from(&jid.stanzas[0]).contains("carol\\40mail.example@gateway.a.example"));
    let card = world.stanza("<iq from='alice@a.example/x' to='carol\\40mail.example@gateway.a.example' type='get' id='3'><vCard xmlns='vcard-temp'/></iq>");
    assert!(String::from(&card.stanzas[0]).contains("<USERID>carol@mail.example</USERID>"));
    let unknown = world.stanza("<iq from='alice@a.example/x' to='gateway.a.example' type='set' id='4'><query xmlns='urn:example:unknown'/></iq>");
    assert_eq!(condition(&unknown.stanzas[0]), "service-unavailable");
    let outsider = world.stanza("<iq from='m@evil.example/x' to='carol\\40mail.example@gateway.a.example' type='get' id='5'><vCard xmlns='vcard-temp'/></iq>");
    assert_eq!(condition(&outsider.stanzas[0]), "forbidden");
}

#[test]
fn subscription_states_are_of_two_halves() {
    assert_eq!(Subscription::of(true, true), Subscription::Both);
    assert!(Subscription::To.has_to() && !Subscription::To.has_from());
}

/// E6: a list that is cut says so.
#[test]
fn e6_attachments_that_are_not_named_are_counted() {
    let part = "--b\nContent-Type: image/png; name=a.png\n\nx\n";
    for (count, last) in [
        (50, "[image a.png, 1 bytes]"),
        (60, "[and 10 more; they lie in the mailbox]"),
    ] {
        let (decision, _) = World::new().arrives(&format!(
            "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{}--b--\n",
            part.repeat(count)
        ));
        let text = body(&decision.stanzas[0]);
        assert_eq!(text.matches("[image").count(), 50);
        assert_eq!(text.lines().last(), Some(last));
    }
}

/// What a server would get.
fn octets(stanza: &Element) -> usize {
    let mut octets = Vec::new();
    stanzamail::xmpp::codec::encode(stanza, &mut octets).expect("a stanza that is sent");
    octets.len()
}

/// E10: a text that takes more where it is escaped is cut by what it takes, and says so.
#[test]
fn e10_no_mail_is_lost_because_its_text_grows_when_it_is_written() {
    for (piece, count) in [
        ("<", 200_000),
        ("&", 102_400),
        (">\n", 51_200),
        ("&\u{20ac}<", 40_000),
        ("plain words ", 20_000),
    ] {
        let names: Vec<String> = (0..60)
            .map(|n| format!("\"{}\" <{n}@{}.example>", "<&'".repeat(83), "d".repeat(60)))
            .collect();
        let mail = format!(
            "From: carol@mail.example\nTo: alice@chat.a.example\nCc: {}\nMessage-ID: <1@mail.example>\nContent-Type: text/plain; charset=utf-8\n\n{}\n",
            names.join(",\n "),
            piece.repeat(count)
        );
        let (decision, fate) = World::new().arrives(&mail);
        assert_eq!((decision.stanzas.len(), fate), (1, Fate::Handled));
        let message = &decision.stanzas[0];
        assert!(octets(message) <= 256 * 1024);
        let text = body(message);
        assert!(
            text.len() > 20_000 && text.contains("[The text goes on;"),
            "{piece}"
        );
        assert!(String::from(message).contains("<addresses"), "{piece}");
    }
}

/// E10: what another gateway carries is as big as it may be, and others got it as well.
#[test]
fn e10_no_carried_message_is_lost_because_others_got_it_as_well() {
    let others: Vec<String> = (0..49)
        .map(|n| format!("\"{}\" <{n}@{}.example>", "<&'".repeat(83), "d".repeat(60)))
        .collect();
    let mail = |room: usize| {
        format!(
            "Authentication-Results: mx.a.example; dmarc=pass header.from=mail.example\nFrom: carol@mail.example\nTo: alice@chat.a.example\nCc: {}\nDate: Sun, 22 Nov 2026 11:59:59 +0000\nMessage-ID: <1@mail.example>\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nwords\n--b\nContent-Type: application/xmpp+xml\n\n<xmpp xmlns='jabber:client'><message id='c1'><body>{}</body></message></xmpp>\n--b--\n",
            others.join(",\n "),
            "&amp;".repeat((200 * 1024 - room) / 5)
        )
    };
    for (room, has_names) in [(30, false), (100_000, true)] {
        let mut world = World::new();
        world.settings.trust.authserv_ids = vec!["mx.a.example".to_owned()];
        let (decision, fate) = world.arrives(&mail(room));
        assert_eq!((decision.stanzas.len(), fate), (1, Fate::Handled));
        let message = &decision.stanzas[0];
        assert_eq!(message.attr("id"), Some("c1"), "it was carried");
        assert!(octets(message) > 100_000);
        let xml = String::from(message);
        assert_eq!(xml.matches("<address ").count(), 49);
        assert_eq!(xml.contains("desc="), has_names);
    }
}

/// E12: what a stranger writes comes from the gateway in no case; not even where they cannot be a contact.
#[test]
fn e12_a_sender_who_cannot_be_a_jid_does_not_speak_as_the_gateway() {
    let mut world = World::new();
    let mail = |from: &str| {
        format!(
            "From: {from}\nTo: alice@chat.a.example\nSubject: E-mail gateway: action required\nMessage-ID: <1@mail.example>\n\nLog in at https://evil.example/\n"
        )
    };
    let mut jids = std::collections::BTreeSet::new();
    for from in [
        "\u{17f}@evil.example",
        "\u{212a}arl@mail.example",
        "😀@mail.example",
    ] {
        let (decision, _) = world.arrives(&mail(from));
        let message = &decision.stanzas[0];
        let jid = message.attr("from").unwrap().to_owned();
        assert!(jid.starts_with("unanswerable-") && jid.ends_with("@gateway.a.example"));
        assert!(
            body(message).starts_with(&format!("[A mail from {from}, whose")),
            "{from}"
        );
        assert!(
            body(message)
                .ends_with("*E-mail gateway: action required*\nLog in at https://evil.example/")
        );
        let answer = |kind: &str, id: &str| {
            format!("<{kind} from='alice@a.example/x' to='{jid}' {id}><body>What?</body></{kind}>")
        };
        let refused = world.stanza(&answer("message", "id='1'"));
        assert!(refused.mails.is_empty());
        assert_eq!(condition(&refused.stanzas[0]), "service-unavailable");
        assert!(String::from(&refused.stanzas[0]).contains("answer by a mail program"));
        let refused = world.stanza(&answer("presence", "type='subscribe'"));
        assert!(
            refused.mails.is_empty() && condition(&refused.stanzas[0]) == "service-unavailable"
        );
        jids.insert(jid);
    }
    assert_eq!(jids.len(), 3, "each has its own");
    let (again, _) = world.arrives(&mail("😀@mail.example").replace("<1@", "<2@"));
    assert!(jids.contains(again.stanzas[0].attr("from").unwrap()));
}

/// E12: a server's words are theirs, and they cannot end the marks around them.
#[test]
fn e12_a_servers_words_are_quoted_wherever_a_user_reads_them() {
    let words = "5.1.1” Write to boss@evil.example instead. “";
    let reply = Reply {
        text: words.to_owned(),
        ..reply(550, (5, 1, 1))
    };
    let quoted = "550 5.1.1 “5.1.1\" Write to boss@evil.example instead. \"”";
    for verdict in [JobVerdict::Done, JobVerdict::Expired] {
        let mut world = World::new();
        world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='subscribe'/>");
        world.arrives("From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n");
        let job = world.stanza(&chat("1", "Hello")).mails[0].job.clone();
        let outcome = match verdict {
            JobVerdict::Done => Outcome::Refused(reply.clone()),
            _ => Outcome::Retry {
                reply: reply.clone(),
                certain: true,
            },
        };
        let told = world.outcome(&job, outcome, verdict);
        let told: Vec<String> = told.stanzas.iter().map(Element::text_of_all).collect();
        let told = told.join("\n");
        assert!(
            told.contains(&format!("mail does not get through: {quoted}")),
            "{told}"
        );
        assert_eq!(told.matches(quoted).count(), 2, "{told}");
    }
}

trait TextOfAll {
    fn text_of_all(&self) -> String;
}

impl TextOfAll for Element {
    fn text_of_all(&self) -> String {
        let own = self.text();
        self.children()
            .fold(own, |all, child| all + "\n" + &child.text_of_all())
    }
}

/// E17: a client that counts its messages from 1 says “ok” again, on another day: it is another message.
#[test]
fn e17_the_same_id_and_the_same_text_on_another_day_is_another_message() {
    let mut world = World::new();
    let mut names = std::collections::BTreeSet::new();
    let hour = Duration::from_secs(3600);
    for day in 0..40 {
        let other = world.stanza(&chat("1", &format!("day {day}")));
        let sent = world.stanza(&chat("1", "ok"));
        assert_eq!(sent.mails.len(), 1, "day {day}");
        for decision in [&other, &sent] {
            names.insert(decision.mails[0].job.message_id.clone());
        }
        for _ in 0..3 {
            world.wait(Duration::from_secs(900));
            assert_eq!(
                world.stanza(&chat("1", "ok")).mails.len(),
                0,
                "it was sent again"
            );
        }
        world.wait(24 * hour);
    }
    assert_eq!(names.len(), 80, "each mail has its own name");
}

/// E17: where the rows were lost in a crash, it comes out the same.
#[test]
fn e17_a_stanza_that_is_sent_again_after_a_crash_is_the_same_mail() {
    let mut world = World::new();
    for day in 0..3 {
        let before = world.context.clone();
        let first = world.stanza(&chat("1", "ok"));
        world.context = before;
        world.wait(Duration::from_secs(60));
        let again = world.stanza(&chat("1", "ok"));
        assert_eq!(first.mails[0].job.id, again.mails[0].job.id, "day {day}");
        world.wait(Duration::from_secs(24 * 3600));
    }
}

/// E17: an origin-id is never given twice, so whoever has it says the same, whenever that is.
#[test]
fn e17_an_origin_id_names_one_message_for_as_long_as_it_is_remembered() {
    let mut world = World::new();
    let asked = chat("1", "ok").replace(
        "</message>",
        "<origin-id xmlns='urn:xmpp:sid:0' id='de305d54-75b4'/></message>",
    );
    assert_eq!(world.stanza(&asked).mails.len(), 1);
    world.wait(Duration::from_secs(80 * 24 * 3600));
    assert_eq!(world.stanza(&asked).mails.len(), 0);
}

/// E17: a subject is something to read, though nothing follows it; of what is no message it is not.
#[test]
fn e17_a_subject_alone_becomes_a_mail_or_an_error() {
    let message = |to: &str, more: &str| {
        format!(
            "<message type='chat' from='alice@a.example/x' to='{to}' id='1'><subject>Lunch at one?</subject>{more}</message>"
        )
    };
    let carol = "carol\\40mail.example@gateway.a.example";
    let active = "<active xmlns='http://jabber.org/protocol/chatstates'/>";
    for more in ["", "<body> </body>", active] {
        let decision = World::new().stanza(&message(carol, more));
        let mail = mail_text(&decision);
        assert_eq!(header(&mail, "Subject"), Some("Lunch at one?"), "{more}");
        assert!(mail.ends_with("\r\n\r\nLunch at one?"), "{mail}");
        assert!(
            decision.mails[0].job.origin.is_some(),
            "its sender is told what becomes of it"
        );
    }
    for more in [
        "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
        "<received xmlns='urn:xmpp:receipts' id='m1'/>",
        "<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>",
    ] {
        assert!(World::new().stanza(&message(carol, more)).mails.is_empty());
    }
    let refused = World::new().stanza(&message("carol@gateway.a.example", ""));
    assert_eq!(condition(&refused.stanzas[0]), "jid-malformed");
}

/// E18: a user writes to an address of the own domain that is nobody's. The mail server hands it to the gateway.
#[test]
fn e18_who_writes_to_nobody_at_the_own_domain_is_told_so() {
    let to_nobody = |kind: &str, id: &str, more: &str| {
        format!(
            "<{kind} from='alice@a.example/phone' to='a+b\\40chat.a.example@gateway.a.example' id='{id}' {more}"
        )
    };
    for envelope in [
        "Delivered-To: a+b@chat.a.example\n",
        "X-Original-To: A+B@chat.a.example\n",
        "",
    ] {
        let mut world = World::new();
        let sent = world.stanza(&to_nobody(
            "message",
            "1",
            "type='chat'><body>Hi</body></message>",
        ));
        let came = format!("{envelope}{}", mail_text(&sent).replace("\r\n", "\n"));
        let (decision, fate) = world.arrives(&came);
        assert_eq!(fate, Fate::Left);
        let error = &decision.stanzas[0];
        assert_eq!(condition(error), "item-not-found");
        assert_eq!(error.attr("to"), Some("alice@a.example/phone"));
        assert_eq!(error.attr("id"), Some("1"));
        assert!(
            error
                .text_of_all()
                .contains("The message to a+b@chat.a.example was not delivered:")
        );
        assert!(decision.mails.is_empty());
        let (again, _) = world.arrives(&came);
        assert!(again.stanzas.is_empty(), "once");
    }
    // Of several, those to whom it was.
    let mut world = World::new();
    let list = "type='chat'><body>All</body><addresses xmlns='http://jabber.org/protocol/address'><address type='to' uri='mailto:carol@mail.example'/><address type='cc' uri='mailto:bob@chat.a.example'/></addresses></message>";
    let sent = world.stanza(&to_nobody("message", "2", list));
    let (decision, _) = world.arrives(&format!(
        "Delivered-To: a+b@chat.a.example\n{}",
        mail_text(&sent)
            .replace("\r\n", "\n")
            .replace("bob@chat", "x+y@chat")
    ));
    let told: Vec<String> = decision.stanzas.iter().map(Element::text_of_all).collect();
    assert_eq!(told.len(), 2, "an error, and a ping after it: {told:?}");
    assert!(told[0].contains("a+b@chat.a.example"));
    // A request is refused.
    let mut world = World::new();
    let asked = world.stanza(&to_nobody("presence", "3", "type='subscribe'/>"));
    let (decision, _) = world.arrives(&format!(
        "Delivered-To: a+b@chat.a.example\n{}",
        mail_text(&asked).replace("\r\n", "\n")
    ));
    assert_eq!(
        (decision.stanzas[0].name(), condition(&decision.stanzas[0])),
        ("presence", "item-not-found".to_owned())
    );
    let is_pending =
        |write: &Write| matches!(write, Write::Contact(_, _, contact) if contact.pending_out);
    assert!(!decision.writes.iter().any(is_pending) && decision.writes.len() == 1);
}

/// E18: whoever pretends to be a user causes nothing.
#[test]
fn e18_a_forged_mail_to_nobody_tells_nobody() {
    let mut world = World::new();
    world.stanza(&chat("1", "Hello"));
    let (decision, fate) = world.arrives("Delivered-To: a+b@chat.a.example\nFrom: alice@chat.a.example\nTo: a+b@chat.a.example\nMessage-ID: <guess@chat.a.example>\n\nHi\n");
    assert!(decision.stanzas.is_empty() && decision.writes.is_empty() && fate == Fate::Left);
}

/// E23: what our users call themselves goes out under the same rule.
#[test]
fn e23_a_mail_names_its_author_by_no_other_address() {
    for (nick, from) in [
        ("Alice L.", "\"Alice L.\" <alice@chat.a.example>"),
        (
            "alice@a.example",
            // As the mail library writes it.
            "=?utf-8?b?YWxpY2VAYS5leGFtcGxl?= <alice@chat.a.example>",
        ),
        ("ceo@bank.example", "alice <alice@chat.a.example>"),
        ("Bank.example", "\"Bank example\" <alice@chat.a.example>"),
    ] {
        let named =
            format!("<nick xmlns='http://jabber.org/protocol/nick'>{nick}</nick></message>");
        let message = chat("1", "Hello").replace("</message>", &named);
        let mail = mail_text(&World::new().stanza(&message));
        assert_eq!(header(&mail, "From"), Some(from), "{nick}");
    }
}

/// E23: so does what they have registered.
#[test]
fn e23_a_local_part_is_a_strangers_text() {
    for (local, name) in [
        ("ceo\\40bank.example", "ceo_-5c-40bank.example"),
        ("www.bank.example", "\"www bank example\""),
        // As the mail library writes it.
        ("o\\27hara", "=?utf-8?b?bydoYXJh?="),
        ("max.m", "max.m"),
    ] {
        let message = chat("1", "Hello").replace("alice@", &format!("{local}@"));
        let mail = mail_text(&World::new().stanza(&message));
        let from = header(&mail, "From").unwrap();
        assert!(from.starts_with(&format!("{name} <")), "{local}: {from}");
        assert!(
            !header(&mail, "Subject").unwrap().contains("ceo@bank"),
            "{mail}"
        );
    }
}

/// E23: a sender calls somebody else what the user calls a friend.
#[test]
fn e23_who_else_has_a_mail_goes_by_a_name_only_where_the_user_knows_them_by_it() {
    let mut world = World::new();
    let mail = |world: &mut World, from: &str, cc: &str, id: &str| {
        let raw = format!(
            "From: {from}\nTo: alice@chat.a.example\nCc: {cc}\nMessage-ID: <{id}@mail.example>\n\nHi\n"
        );
        let decision = world.mail(&raw);
        let text = body(decision.stanzas.first().unwrap());
        text.lines().next().unwrap().to_owned()
    };
    let (dave, eve) = ("Dave <dave@mail.example>", "Dave <eve@evil.example>");
    // Both have written, and call themselves so; Dave alone was written to.
    mail(&mut world, dave, "", "1");
    mail(&mut world, eve, "", "2");
    world.stanza(&chat("1", "Hi").replace("carol", "dave"));
    let line = mail(
        &mut world,
        "carol@mail.example",
        &format!("{dave}, {eve}"),
        "3",
    );
    assert_eq!(line, "To: you, Dave, Dave (eve@evil.example)");
    let line = mail(
        &mut world,
        "carol@mail.example",
        "Boss <dave@mail.example>",
        "4",
    );
    assert_eq!(line, "To: you, Boss (dave@mail.example)");
}
