//! Addresses without surprises between two gateways: whatever they look like, each user sees one contact, and what cannot
//! be mapped is told.

use super::*;
use stanzamail::core::address::contact_jid;
use stanzamail::core::context::Write;
use stanzamail::core::record::{Pair, PairOrigin};
use stanzamail::core::rules::Rules;

const A: &str = "alice@chat.a.example";
const TEXT: &str = "<message type='chat' id='1'><body>Hello</body></message>";

/// One user of a gateway with one rule, and the other one's address.
fn side(user: &str, rule: (&str, &str), other: &str) -> Side {
    let (name, domain) = user.split_once('@').unwrap();
    let mut side = Side::new(domain, name, other);
    side.gateway.settings.rules = Rules::new(&[(rule.0.to_owned(), rule.1.to_owned())]).unwrap();
    let gateway = side.gateway.settings.gateway.clone();
    if let Ok(contact) = contact_jid(&other.parse().unwrap(), &gateway) {
        side.contact = contact.to_string();
    }
    side
}

fn alice(other: &str) -> Side {
    side(
        "alice@a.example",
        ("{local}@a.example", "{local}@chat.a.example"),
        other,
    )
}

fn bob() -> Side {
    side(
        "bob@b.example",
        ("{local}@b.example", "{local}@chat.b.example"),
        A,
    )
}

impl Side {
    /// As `map add` does.
    fn map(&mut self, jid: &str, mail: &str) {
        self.gateway.context.apply(&[Write::Pair(Pair {
            jid: jid.parse().unwrap(),
            mail: mail.parse().unwrap(),
            name: None,
            origin: PairOrigin::Admin,
            saved: start(),
        })]);
    }

    /// The one JID under which the user has seen the contact.
    fn one_contact(&self) -> String {
        let mut jids: Vec<_> = self
            .seen
            .iter()
            .map(|stanza| stanza.attr("from").unwrap().split('/').next().unwrap())
            .collect();
        jids.dedup();
        assert_eq!(jids.len(), 1, "{jids:?}");
        jids[0].to_owned()
    }
}

fn one(mut mails: Vec<OnTheWay>) -> OnTheWay {
    assert_eq!(mails.len(), 1);
    mails.remove(0)
}

/// Requests, approvals, presence and words, each way; to nobody but the other.
fn meet(a: &mut Side, b: &mut Side) {
    let mut now = start();
    for _ in 0..2 {
        let request = one(a.manages("subscribe", now));
        b.gets(&request, now);
        assert_eq!(b.last().attr("type"), Some("subscribe"), "{}", a.other);
        let answer = one(b.manages("subscribed", now));
        a.gets(&answer, now);
        b.says("<presence><show>away</show></presence>", now);
        now = now.plus(Duration::from_secs(60));
        let presence = one(b.on_time(now));
        a.gets(&presence, now);
        assert_eq!(a.last().name(), "presence");
        assert!(a.last().children().any(|child| child.text() == "away"));
        let message = one(a.says(TEXT, now));
        b.gets(&message, now);
        assert_eq!(
            (b.last().name(), b.last().attr("id")),
            ("message", Some("1"))
        );
        std::mem::swap(a, b);
    }
    for side in [a, b] {
        let contact: jid::BareJid = side.contact.parse().unwrap();
        assert_eq!(side.one_contact(), contact.as_str());
        side.seen.clear();
    }
}

#[test]
fn users_meet_whatever_their_addresses_look_like() {
    let b_rule = ("{local}@b.example", "{local}@chat.b.example");
    for (user, rule, address) in [
        ("bob@b.example", b_rule, "Bob@Chat.B.EXAMPLE"),
        (
            "bob@b.example",
            ("{local}@b.example", "IM.{local}@B.Example"),
            "im.bob@b.example",
        ),
        (
            "o\\27brien@b.example",
            b_rule,
            "o_-5c-27brien@chat.b.example",
        ),
        (
            "tim\\20burton@b.example",
            b_rule,
            "tim_-5c-20burton@chat.b.example",
        ),
        ("a\\2fb@b.example", b_rule, "a_-5c-2fb@chat.b.example"),
        ("jörg@b.example", b_rule, "j_-c3b6-rg@chat.b.example"),
        (
            "bob@bücher.example",
            ("{local}@bücher.example", "{local}@chat.bücher.example"),
            "bob@chat.xn--bcher-kva.example",
        ),
        (
            "bob@bücher.example",
            ("{local}@{domain}", "{local}@chat.{domain}"),
            "bob@chat.BÜCHER.example",
        ),
    ] {
        meet(
            &mut alice(address).knows_the_format(),
            &mut side(user, rule, A).knows_the_format(),
        );
    }
}

#[test]
fn pairs_meet_whatever_their_addresses_look_like() {
    for address in [
        "o'brien@chat.b.example",
        "a/b@chat.b.example",
        "a&b@chat.b.example",
        "jörg@chat.b.example",
        "jörg@chat.bücher.example",
        "100%@chat.b.example",
        "c=at+tag@chat.b.example",
    ] {
        let mut b = bob().knows_the_format();
        b.map("bob@b.example", address);
        let mut a = alice(address).knows_the_format();
        meet(&mut a, &mut b);
    }
}

#[test]
fn gateways_on_one_mail_domain_tell_each_other_by_address() {
    let a_rule = ("{local}@{domain}", "im-a+{local}_{domain}@provider.example");
    let b_rule = ("{local}@{domain}", "im-b+{local}_{domain}@provider.example");
    let (a_mail, b_mail) = (
        "im-a+alice_a.example@provider.example",
        "im-b+bob_b.example@provider.example",
    );
    let mut a = side("alice@a.example", a_rule, b_mail);
    let mut b = side("bob@b.example", b_rule, a_mail);
    let now = start();
    // What Carol writes, who has a mailbox there, shows nothing of Bob.
    let top = "Delivered-To: im-a+alice_a.example@provider.example\r\nAuthentication-Results: mx.test; dkim=pass header.d=provider.example\r\n";
    let carol = format!("{top}From: carol@provider.example\r\nTo: {a_mail}\r\n\r\nHello\r\n");
    a.gets_raw(carol.as_bytes(), now);
    a.seen.clear();
    let words = one(b.says(&TEXT.replace("'1'", "'0'"), now));
    assert!(
        !String::from_utf8(words.bytes.clone())
            .unwrap()
            .contains("application/xmpp+xml")
    );
    a.gets(&words, now);
    a.seen.clear();
    b.gets(&one(a.says(&TEXT.replace("'1'", "'0'"), now)), now);
    b.seen.clear();
    meet(&mut a, &mut b);
    let to_carol = one(a.says_to(
        "carol\\40provider.example@gateway.a.example",
        "<message id='c'><body>Hello</body></message>",
        now,
    ));
    assert!(
        !String::from_utf8(to_carol.bytes)
            .unwrap()
            .contains("application/xmpp+xml")
    );
}

#[test]
fn who_writes_a_percent_sign_sees_it_everywhere() {
    let percent = "bob%chat.b.example@gateway.a.example";
    let mut a = alice("bob@chat.b.example").knows_the_format();
    a.contact = percent.to_owned();
    meet(&mut a, &mut bob().knows_the_format());
}

#[test]
fn the_form_of_the_roster_is_the_one_that_stays() {
    let percent = "bob%chat.b.example@gateway.a.example";
    let escaped = "bob\\40chat.b.example@gateway.a.example";
    let (mut a, mut b) = (
        alice("bob@chat.b.example").knows_the_format(),
        bob().knows_the_format(),
    );
    let now = start();
    // Only words were exchanged under the one form: the other, which goes into the roster, takes its place.
    a.says_to(percent, &TEXT.replace("'1'", "'0'"), now);
    a.contact = escaped.to_owned();
    meet(&mut a, &mut b);
    // Then there is an entry in the roster, and a second one would never show anything.
    assert!(
        a.says_to(percent, "<presence type='subscribe'/>", now)
            .is_empty()
    );
    let refused = a.last();
    assert_eq!(refused.attr("type"), Some("error"));
    assert_eq!(refused.attr("from"), Some(percent));
    let why = error_text(refused);
    assert!(why.contains(escaped), "{why}");
    a.seen.clear();
    // Words reach Bob by either, and his come from the one.
    assert_eq!(
        a.says_to(percent, &TEXT.replace("'1'", "'2'"), now).len(),
        1
    );
    let answer = one(b.says(&TEXT.replace("'1'", "'3'"), now));
    a.gets(&answer, now);
    assert_eq!(a.one_contact(), escaped);
}

fn error_text(stanza: &Element) -> String {
    let error = stanza
        .children()
        .find(|child| child.name() == "error")
        .unwrap();
    let text = error.children().find(|child| child.name() == "text");
    text.map(Element::text).unwrap_or_default()
}

#[test]
fn who_has_no_address_is_told_so_for_words_and_for_requests() {
    for format in [Some(Format::Xmpp), None] {
        let mut a = alice("bob@chat.b.example");
        a.gateway.settings.rules = Rules::new(&[]).unwrap();
        if format.is_some() {
            a = a.knows_the_format();
        }
        for stanza in [TEXT, "<presence type='subscribe'/>"] {
            assert!(a.says(stanza, start()).is_empty());
            let told = a.last();
            assert_eq!(told.attr("type"), Some("error"));
            let error = told
                .children()
                .find(|child| child.name() == "error")
                .unwrap();
            assert!(
                error.children().any(|child| child.name() == "not-allowed"),
                "{told:?}"
            );
            assert_eq!(
                error_text(told),
                "There is no mail address for alice@a.example; ask the administrator of the e-mail gateway to add a rule or a pair for it."
            );
        }
        assert!(!a.row().pending_out, "nothing was asked");
    }
}

#[test]
fn a_contact_whose_address_cannot_be_a_jid_is_read_and_told_apart() {
    // JIDs do not tell it from strasse.
    let address = "straße@chat.b.example";
    let mut b = bob().knows_the_format();
    b.map("bob@b.example", address);
    let mut a = alice(address).knows_the_format();
    let now = start();
    let mail = one(b.says(TEXT, now));
    assert!(a.gets(&mail, now).is_empty());
    let shown = a.one_contact();
    assert!(shown.starts_with("unanswerable-") && shown.ends_with("@gateway.a.example"));
    let body = a
        .last()
        .children()
        .find(|child| child.name() == "body")
        .unwrap()
        .text();
    assert!(body.contains(address) && body.contains("Hello"), "{body}");
    let shown = a.seen.len();
    let request = one(b.manages("subscribe", now));
    assert!(a.gets(&request, now).is_empty());
    assert_eq!(a.seen.len(), shown + 1, "she is told that he asks");
    let withdrawn = one(b.manages("unsubscribe", now));
    assert!(a.gets(&withdrawn, now).is_empty());
    assert_eq!(
        a.seen.len(),
        shown + 1,
        "and nothing of what she cannot answer anyway"
    );
}

#[test]
fn two_users_of_one_gateway_have_the_same_contact() {
    let mut a = alice("bob@chat.b.example").knows_the_format();
    let mut b = bob().knows_the_format();
    let now = start();
    let (alice, adam) = ("alice@a.example", "adam@a.example");
    let names = [
        (
            alice,
            "bob%chat.b.example@gateway.a.example",
            "alice\\40chat.a.example@gateway.b.example",
        ),
        (
            adam,
            "bob\\40chat.b.example@gateway.a.example",
            "adam\\40chat.a.example@gateway.b.example",
        ),
    ];
    for (user, bob, of_user) in names {
        a.user = user.to_owned();
        let request = one(a.says_to(bob, "<presence type='subscribe'/>", now));
        assert!(b.gets(&request, now).is_empty());
        assert_eq!(b.last().attr("from"), Some(of_user));
        let answer = one(b.says_to(of_user, "<presence type='subscribed'/>", now));
        a.gets(&answer, now);
        b.says_to(of_user, "<presence/>", now);
    }
    a.seen.clear();
    let now = now.plus(Duration::from_secs(60));
    let presence = one(b.on_time(now));
    assert!(a.gets(&presence, now).is_empty());
    assert!(a.gets(&presence, now).is_empty(), "the copy for the other");
    let mut seen: Vec<_> = a
        .seen
        .iter()
        .map(|it| (it.attr("to"), it.attr("from")))
        .collect();
    seen.sort_by_key(|(to, _)| *to != Some(alice));
    let expected: Vec<_> = names
        .iter()
        .map(|(user, bob, _)| (*user, format!("{bob}/mail")))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(user, bob)| (Some(*user), Some(bob.as_str())))
        .collect();
    assert_eq!(seen, expected);
    // One of them goes; the other stays.
    a.user = alice.to_owned();
    let gone = one(a.says_to(names[0].1, "<presence type='unsubscribe'/>", now));
    b.gets(&gone, now);
    b.says_to(names[1].2, "<presence><show>dnd</show></presence>", now);
    let now = now.plus(Duration::from_secs(60));
    let presence = one(b.on_time(now));
    let text = String::from_utf8(presence.bytes).unwrap();
    assert!(text.contains("adam@chat.a.example") && !text.contains("alice@chat.a.example"));
}

#[test]
fn a_user_with_a_new_address_is_found_under_both_and_asked_for_under_the_new_one() {
    let (mut a, mut b) = (
        alice("bob@chat.b.example").knows_the_format(),
        bob().knows_the_format(),
    );
    meet(&mut a, &mut b);
    a.map("alice@a.example", "alicia@chat.a.example");
    let now = start().plus(Duration::from_secs(7200));
    // What Bob writes to the old address reaches her.
    let words = one(b.says(&TEXT.replace("'1'", "'old'"), now));
    a.gets(&words, now);
    assert_eq!(a.last().attr("id"), Some("old"));
    // He knows nobody of the new one, until he asks.
    a.says("<presence><show>dnd</show></presence>", now);
    let now = now.plus(Duration::from_secs(60));
    let presence = one(a.on_time(now));
    b.other = "alicia@chat.a.example".to_owned();
    b.gets(&presence, now);
    assert!(b.seen.is_empty());
    b.contact = "alicia\\40chat.a.example@gateway.b.example".to_owned();
    let request = one(b.manages("subscribe", now));
    let answer = one(a.gets(&request, now));
    b.gets(&answer, now);
    let types: Vec<_> = b.seen.iter().map(|seen| seen.attr("type")).collect();
    assert_eq!(
        types,
        [Some("subscribed"), Some("unavailable"), Some("subscribe")]
    );
    let granted = one(b.manages("subscribed", now));
    a.gets(&granted, now);
    let now = now.plus(Duration::from_secs(60));
    let presence = one(a.on_time(now));
    b.gets(&presence, now);
    assert!(b.last().children().any(|child| child.text() == "dnd"));
    assert_eq!(b.one_contact(), b.contact);
}
