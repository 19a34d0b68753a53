//! Attacks that succeeded once, by the numbers of table E: what the gateway decides, with its rows in memory.

use super::house::{ALICE, CAROL, House, NS};
use super::process::peak_memory;
use super::servers::mail::CatchAll;
use super::servers::stanza::body;
use super::world::{Options, World};
use minidom::Element;
use stanzamail::core::address::MailAddress;
use stanzamail::core::context::Write;
use stanzamail::core::decide::decision::{Decision, Fate};
use stanzamail::core::limits::{MAIL_USERS_MAX, REPORT_NOTES_MAX};
use stanzamail::core::quota::Quotas;
use stanzamail::core::record::{Pair, PairOrigin};
use stanzamail::core::settings::Allowance;
use stanzamail::xmpp::codec::Decoder;
use std::time::{Duration, Instant};

/// What a decision cost: how often it was asked, and for how many rows.
struct Cost {
    rounds: usize,
    rows: usize,
}

/// What is done, and what it cost.
fn counted<T>(house: &mut House, done: impl FnOnce(&mut House) -> T) -> (T, Cost) {
    (house.rounds, house.rows) = (0, 0);
    let done = done(house);
    let (rounds, rows) = (house.rounds, house.rows);
    (done, Cost { rounds, rows })
}

fn mail(house: &mut House, raw: &str) -> (Decision, Fate, Cost) {
    let ((decision, fate), cost) = counted(house, |house| house.raw_mail(raw.as_bytes()).unwrap());
    (decision, fate, cost)
}

fn stanza(house: &mut House, xml: &str) -> (Decision, Cost) {
    counted(house, |house| house.stanza(xml))
}

/// A multipart/report about these recipients, to these users.
fn report(to: &str, envelope: &str, recipients: usize, about: &str) -> String {
    let groups: String = (0..recipients)
        .map(|n| {
            format!(
                "Original-Recipient: rfc822;o{n}@x.example\r\nFinal-Recipient: rfc822;f{n}@y.example\r\n\
                 Action: failed\r\nStatus: 5.1.1\r\n\r\n"
            )
        })
        .collect();
    format!(
        "{envelope}From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nMessage-ID: <r@mx.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n{groups}\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{about}>\r\n\r\n--b--\r\n"
    )
}

fn users(count: usize) -> String {
    let users: Vec<_> = (0..count).map(|n| format!("u{n}@chat.a.example")).collect();
    users.join(",\r\n ")
}

fn bodies(decision: &Decision) -> Vec<String> {
    let bodies = decision
        .stanzas
        .iter()
        .filter_map(|stanza| stanza.get_child("body", NS));
    bodies.map(Element::text).collect()
}

/// The recipients of the only mail.
fn to(decision: &Decision) -> Vec<String> {
    let [mail] = decision.mails.as_slice() else {
        panic!("{decision:?}");
    };
    mail.job.to.iter().map(ToString::to_string).collect()
}

#[test]
fn e1_a_report_to_hundreds_about_hundreds_costs_what_one_of_one_does() {
    for recipients in [1, 100, 1000] {
        for (to, envelope) in [
            (users(1), ""),
            (users(400), ""),
            (users(400), "Delivered-To: a+b@chat.a.example\r\n"),
            (users(400), "Delivered-To: alice@chat.a.example\r\n"),
        ] {
            let (decision, _, cost) = mail(
                &mut House::new(),
                &report(&to, envelope, recipients, "nobodys@chat.a.example"),
            );
            // Four users, two addresses for each of a hundred recipients; then it is shown to fifty, who see of fifty others
            // how they know them.
            assert!(cost.rounds <= 16, "{} rounds", cost.rounds);
            assert!(cost.rows <= 4_500, "{} rows", cost.rows);
            assert!(decision.stanzas.len() <= MAIL_USERS_MAX);
        }
    }
}

#[test]
fn e1_a_report_about_a_message_is_told_once_for_each_who_got_it_and_noted_in_a_few_lines() {
    let mut house = House::new();
    let (sent, _) = stanza(&mut house, &message("m1", "Hi", &["dave@mail.example"]));
    let about = sent.mails[0].job.message_id.to_string();
    let raw = report("alice@chat.a.example", "", 100, &about);
    let (decision, _, cost) = mail(&mut house, &raw);
    let errors = decision
        .stanzas
        .iter()
        .filter(|one| one.attr("type") == Some("error"));
    assert!((1..=2).contains(&errors.count()), "{decision:?}");
    assert!(decision.notes.len() <= REPORT_NOTES_MAX + 1);
    assert!(
        cost.rounds <= 6 && cost.rows < 40,
        "{} {}",
        cost.rounds,
        cost.rows
    );
}

#[test]
fn e2_a_mail_whose_envelope_recipient_is_nobody_is_nobodys_whomever_its_header_names() {
    for envelope in ["a+b@chat.a.example", "who?@chat.a.example"] {
        let raw = format!(
            "Delivered-To: {envelope}\r\nFrom: eve@evil.example\r\nTo: {}\r\nCc: {}\r\n\
             Message-ID: <m@evil.example>\r\n\r\nHi\r\n",
            users(1000),
            users(1000)
        );
        let (decision, fate, cost) = mail(&mut House::new(), &raw);
        assert_eq!(fate, Fate::Left);
        assert!(decision.stanzas.is_empty() && decision.writes.is_empty());
        assert!(cost.rows < 10, "{}", cost.rows);
    }
}

#[test]
fn e2_a_mail_goes_to_fifty_users_and_says_so_where_its_header_names_more() {
    let raw = format!(
        "From: eve@evil.example\r\nTo: {}\r\nCc: {}\r\nMessage-ID: <m@evil.example>\r\n\r\nHi\r\n",
        users(1000),
        users(2000)
    );
    let (decision, fate, cost) = mail(&mut House::new(), &raw);
    assert_eq!(fate, Fate::Handled);
    assert_eq!(decision.stanzas.len(), MAIL_USERS_MAX);
    assert!(decision.writes.len() <= 4 * MAIL_USERS_MAX);
    assert!(
        decision
            .notes
            .iter()
            .any(|note| note.contains("950 more local users"))
    );
    assert!(decision.notes.len() <= 5, "{:?}", decision.notes);
    assert!(cost.rounds <= 12, "{}", cost.rounds);
    // The mailbox that everybody's mail is led into says nothing by its own address.
    let raw = raw.replace("From: ", "Delivered-To: bridge@other.example\r\nFrom: ");
    assert_eq!(
        mail(&mut House::new(), &raw).0.stanzas.len(),
        MAIL_USERS_MAX
    );
}

#[test]
fn e3_a_list_of_thousands_is_counted_before_anybody_in_it_is_looked_up() {
    for count in [51, 500, 1_000] {
        let list: Vec<_> = (0..count).map(|n| format!("{n}@x.example")).collect();
        let list: Vec<_> = list.iter().map(String::as_str).collect();
        let (decision, cost) = stanza(&mut House::new(), &message("m1", "Hi", &list));
        assert!(decision.mails.is_empty());
        assert_eq!(decision.stanzas[0].attr("type"), Some("error"));
        assert!(cost.rows < 10, "{}", cost.rows);
    }
    let far_too_many = message("m1", "Hi", &["a@x.example"; 4_000]);
    let refused = Decoder::default().parse(far_too_many.as_bytes());
    assert!(refused.is_err(), "so many are not even read");
    let fits: Vec<_> = (0..49).map(|n| format!("{n}@x.example")).collect();
    let fits: Vec<_> = fits.iter().map(String::as_str).collect();
    let (decision, cost) = stanza(&mut House::new(), &message("m1", "Hi", &fits));
    assert_eq!(to(&decision).len(), 50);
    assert!(cost.rounds <= 10, "{}", cost.rounds);
}

#[test]
fn e3_refused_messages_are_answered_as_often_as_requests() {
    let mut house = House::new();
    house.quotas = Some(Quotas::new(&Allowance::default()));
    let list: Vec<_> = (0..51).map(|n| format!("{n}@x.example")).collect();
    let list: Vec<_> = list.iter().map(String::as_str).collect();
    let answered = (0..10_000)
        .map(|n| house.stanza(&message(&format!("m{n}"), "Hi", &list)))
        .filter(|decision| !decision.stanzas.is_empty());
    assert_eq!(answered.count(), 2_001, "and one that says so");
    let adam = message("m", "Hi", &[]).replace(ALICE, "adam@a.example/phone");
    assert_eq!(house.stanza(&adam).mails.len(), 1);
}

/// The three that stopped the program for good: a report of 19 KB about a hundred to four hundred; mails to two thousand
/// names; a message of 171 KB to four thousand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e1_e2_e3_while_they_come_another_user_is_served() {
    let mut world = World::with(Options {
        mail: Options::default().mail.catch_all(CatchAll::Keep),
        ..Options::default()
    })
    .await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    let inbox = world.mailbox("carol@mail.example").await;
    let carol = world.carol();
    adam.send_message(&carol, "before").await;
    inbox.wait_mail_saying("before").await;
    let pid = world.gateway.pid().to_string();
    let before = peak_memory(&pid);
    let nobody = format!("a+b@{}", world.mail_domain());

    let raw = report(&users(400), "", 100, "nobodys@chat.a.example");
    world
        .carol_sends(&[&nobody], &raw.replace("\r\n", "\n"))
        .await;
    for number in 0..25 {
        let raw = format!(
            "From: carol@mail.example\nTo: {}\nCc: {}\nMessage-ID: <{number}@evil.example>\n\nHi\n",
            users(1000).replace('\r', ""),
            users(1000).replace("u", "v").replace('\r', "")
        );
        world.carol_sends(&[&nobody], &raw).await;
    }
    let list: String = (0..1_000)
        .map(|n| format!("<address type='to' uri='mailto:{n}@x.yz'/>"))
        .collect();
    for number in 0..10 {
        alice
            .send(format!(
                "<message to='{carol}' id='e{number}'><body>Hi</body>\
                 <addresses xmlns='http://jabber.org/protocol/address'>{list}</addresses></message>"
            ))
            .await;
    }
    let began = Instant::now();
    adam.send_message(&carol, "meanwhile").await;
    inbox.wait_mail_saying("meanwhile").await;
    let waited = began.elapsed();
    world.bridge().await.wait_for(26).await;
    let carol_writes = format!(
        "From: carol@mail.example\nTo: adam@{domain}\nMessage-ID: <x@mail.example>\n\nafterwards\n",
        domain = world.mail_domain()
    );
    world
        .carol_sends(&[&format!("adam@{}", world.mail_domain())], &carol_writes)
        .await;
    let shown = adam.next_message_from(&carol).await;
    assert_eq!(body(&shown).as_deref(), Some("afterwards"));
    let more = peak_memory(&pid).saturating_sub(before) / 1024;
    eprintln!("E1 to E3: another user waited {waited:.1?}; {more} MiB more at most");
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    assert!(more < 64, "{more} MiB");
    assert!(world.gateway.running());
}

/// A message to Carol, and by XEP-0033 to others.
fn message(id: &str, body: &str, others: &[&str]) -> String {
    let others: String = others
        .iter()
        .map(|other| format!("<address type='to' uri='mailto:{other}'/>"))
        .collect();
    format!(
        "<message xmlns='{NS}' from='{ALICE}' to='{CAROL}' id='{id}' type='chat'><body>{body}</body>\
         <addresses xmlns='http://jabber.org/protocol/address'>{others}</addresses></message>"
    )
}

fn from(sender: &str, id: &str) -> String {
    format!(
        "From: {sender}\r\nTo: alice@chat.a.example\r\nMessage-ID: <{id}>\r\n\r\nHello from {sender}\r\n"
    )
}

#[test]
fn e4_the_contact_of_a_conversation_is_the_one_that_the_stanza_is_to() {
    for list in [
        ["dave@mail.example", "carol@mail.example"],
        ["carol@mail.example", "dave@mail.example"],
    ] {
        let mut house = House::new();
        let (sent, _) = stanza(&mut house, &message("m1", "Hi", &list));
        assert_eq!(to(&sent), ["carol@mail.example", "dave@mail.example"]);
        let (shown, ..) = mail(&mut house, &from("dave@mail.example", "d1@mail.example"));
        let dave = "dave\\40mail.example@gateway.a.example";
        assert_eq!(shown.stanzas[0].attr("from"), Some(dave));
        let answer = message("m2", "To Dave", &[]).replace(CAROL, dave);
        assert_eq!(to(&stanza(&mut house, &answer).0), ["dave@mail.example"]);
    }
}

#[test]
fn e4_a_store_that_has_one_contact_under_the_jid_of_another_is_mended_when_it_is_read() {
    let mut house = House::new();
    stanza(&mut house, &message("m1", "Hi", &[]));
    let alice = jid::BareJid::new("alice@a.example").unwrap();
    let [carol, dave] =
        ["carol", "dave"].map(|name| MailAddress::parse(&format!("{name}@mail.example")).unwrap());
    let wrong = house
        .context
        .contact(&alice, &carol)
        .unwrap()
        .unwrap()
        .clone();
    house.context.apply(&[Write::Contact(alice, dave, wrong)]);
    let (shown, ..) = mail(&mut house, &from("dave@mail.example", "d1@mail.example"));
    let from = shown.stanzas[0].attr("from");
    assert_eq!(from, Some("dave\\40mail.example@gateway.a.example"));
}

#[test]
fn e5_who_has_the_old_address_of_a_contact_is_not_the_contact() {
    let boss = jid::BareJid::new("boss@gateway.a.example").unwrap();
    let pair = |mail: &str| {
        Write::Pair(Pair {
            jid: boss.clone(),
            mail: MailAddress::parse(mail).unwrap(),
            name: None,
            origin: PairOrigin::Admin,
            saved: House::new().now,
        })
    };
    let (old, new) = ("boss@old.example", "boss@new.example");
    let mut house = House::new();
    house.context.apply(&[pair(old)]);
    let (shown, ..) = mail(&mut house, &from(old, "1@old.example"));
    assert_eq!(shown.stanzas[0].attr("from"), Some(boss.as_str()));
    house
        .context
        .apply(&[Write::RemovePair(boss.clone()), pair(new)]);
    let (shown, ..) = mail(&mut house, &from(old, "2@old.example"));
    let escaped = "boss\\40old.example@gateway.a.example";
    assert_eq!(shown.stanzas[0].attr("from"), Some(escaped));
    let (shown, ..) = mail(&mut house, &from(new, "3@new.example"));
    assert_eq!(shown.stanzas[0].attr("from"), Some(boss.as_str()));
    let answer = message("m1", "Hi", &[]).replace(CAROL, boss.as_str());
    assert_eq!(to(&stanza(&mut house, &answer).0), [new]);
    let subscribe = format!(
        "<presence xmlns='{NS}' from='alice@a.example' to='{escaped}' type='subscribe' id='s'/>"
    );
    // Whoever has written is added without a mail.
    let (added, ..) = stanza(&mut house, &subscribe);
    let is_added = |stanza: &minidom::Element| {
        stanza.attr("type") == Some("subscribed") && stanza.attr("from") == Some(escaped)
    };
    assert!(added.mails.is_empty() && added.stanzas.iter().any(is_added));
}

/// A mail to Alice and forty-eight others.
fn bait() -> String {
    let others: Vec<_> = (0..48).map(|n| format!("s{n}@x.example")).collect();
    format!(
        "From: carol@mail.example\r\nTo: alice@chat.a.example\r\nCc: {}\r\nMessage-ID: <bait@mail.example>\r\n\r\nHi\r\n",
        others.join(", ")
    )
}

fn answer(id: &str, body: &str, shown: &Decision) -> String {
    let reply = shown.stanzas[0].attr("id").unwrap();
    let reply = format!("<reply xmlns='urn:xmpp:reply:0' id='{reply}'/></message>");
    message(id, body, &[]).replace("</message>", &reply)
}

#[test]
fn e8_whom_an_answer_to_all_reaches_for_the_first_time_counts_as_new() {
    let mut house = House::new();
    let (shown, ..) = mail(&mut house, &bait());
    house.quotas = Some(Quotas::new(&Allowance {
        strangers_per_day: Some(3),
        ..Allowance::default()
    }));
    let refused = house.stanza(&answer("m1", "/all Hi", &shown));
    assert!(refused.mails.is_empty());
    assert_eq!(refused.stanzas[0].attr("type"), Some("error"));
    let alone = house.stanza(&answer("m2", "Hi", &shown));
    assert_eq!(to(&alone), ["carol@mail.example"]);
}

#[test]
fn e9_nobody_is_written_to_whom_the_text_did_not_name() {
    let mut house = House::new();
    let (shown, ..) = mail(&mut house, &bait());
    let text = &bodies(&shown)[0];
    let (alone, _) = stanza(&mut house, &answer("m1", "Between us", &shown));
    assert_eq!(to(&alone), ["carol@mail.example"]);
    let (all, _) = stanza(&mut house, &answer("m2", "/all Hello", &shown));
    for address in to(&all).iter().filter(|to| *to != "carol@mail.example") {
        assert!(
            text.contains(address.as_str()),
            "{address} is not in {text}"
        );
    }
    // What does not fit into the text is said, and cannot be answered.
    let others: Vec<_> = (0..60).map(|n| format!("s{n}@x.example")).collect();
    let raw = bait()
        .replace("Cc: ", &format!("Cc: {}, ", others.join(", ")))
        .replace("bait@", "b2@");
    let (shown, ..) = mail(&mut house, &raw);
    assert!(
        bodies(&shown)[0].contains(" more\n"),
        "{:?}",
        bodies(&shown)
    );
    let (refused, _) = stanza(&mut house, &answer("m3", "/all Hello", &shown));
    assert!(refused.mails.is_empty());
}

#[test]
fn e11_a_report_says_nothing_of_whom_the_message_did_not_go_to() {
    let mut house = House::new();
    let boss = message("m0", "Hi", &[]).replace("carol", "boss2");
    stanza(&mut house, &boss);
    let (sent, _) = stanza(&mut house, &message("m1", "Hi", &["dave@mail.example"]));
    let about = sent.mails[0].job.message_id.to_string();
    let raw = report("alice@chat.a.example", "", 1, &about)
        .replace("o0@x.example", "boss2@mail.example")
        .replace("f0@y.example", "boss2@mail.example");
    let (decision, ..) = mail(&mut house, &raw);
    let told: Vec<String> = decision.stanzas.iter().map(String::from).collect();
    assert!(!told.concat().contains("boss2"), "{told:?}");
    assert!(told.concat().contains("one of its recipients"), "{told:?}");
    let is_contact = |write: &&Write| matches!(write, Write::Contact(..));
    assert_eq!(decision.writes.iter().find(is_contact), None);
    assert!(!told.iter().any(|stanza| stanza.starts_with("<presence")));
}
