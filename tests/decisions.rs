//! What becomes of stanzas, mails and outcomes, decision by decision, with no server: rows come from a map.

mod decided;

use decided::{arrived, decided, settings};
use minidom::Element;
use stanzamail::core::context::{Context, Missing, Write};
use stanzamail::core::decide::incoming::{Arrived, Fate};
use stanzamail::core::decide::settle;
use stanzamail::core::decide::{self, Decision};
use stanzamail::core::outcome::{Outcome, Reply, Verdict};
use stanzamail::core::record::{Pair, PairOrigin, Subscription};
use stanzamail::core::settings::{Bulk, Receipts, Settings};
use stanzamail::core::time::Timestamp;
use stanzamail::core::{from_mail, from_stanza};
use std::time::Duration;

const DEFERRED: Verdict = Verdict::Deferred {
    next: Timestamp::from_secs(2_000_000_000),
};

/// The gateway of a.example with one rule, its rows in memory, and a clock that the test moves.
struct World {
    settings: Settings,
    context: Context,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let settings = settings();
        Self {
            settings,
            context: Context::new(),
            now: Timestamp::from_xep0082("2026-11-22T12:00:00Z").unwrap(),
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    fn ask<T>(
        &mut self,
        decide: impl Fn(&Settings, &Context, Timestamp) -> Result<T, Missing>,
    ) -> T {
        let (settings, now) = (&self.settings, self.now);
        decided(&mut self.context, |context| decide(settings, context, now))
    }

    fn stanza(&mut self, xml: &str) -> Decision {
        let decision = match from_stanza::read(element(xml)) {
            Ok(stanza) => {
                self.ask(|settings, context, now| decide::stanza(settings, context, &stanza, now))
            }
            Err(malformed) => Decision::answer(malformed.answer.map(|answer| *answer)),
        };
        self.context.apply(&decision.writes);
        decision
    }

    fn mail(&mut self, mail: &str) -> (Decision, Fate) {
        let raw = mail.replace('\n', "\r\n");
        let read =
            from_mail::read(raw.as_bytes(), &self.settings.recipient_headers, false).unwrap();
        let arrived = arrived(&read, raw.as_bytes());
        let (decision, fate) = self.ask(|settings, context, now| {
            decide::incoming::decide(settings, context, &arrived, now)
        });
        self.context.apply(&decision.writes);
        (decision, fate)
    }

    fn outcome(
        &mut self,
        job: &stanzamail::core::job::Job,
        outcome: Outcome,
        verdict: Verdict,
    ) -> Decision {
        let attempt: Vec<_> = job
            .to
            .iter()
            .map(|mail| (mail.clone(), outcome.clone()))
            .collect();
        let decision = self.ask(|settings, context, now| {
            settle::decide(settings, context, job, &attempt, verdict, now)
        });
        self.context.apply(&decision.writes);
        decision
    }
}

#[test]
fn a_mail_to_a_thousand_users_is_decided_in_a_few_rounds() {
    let mut world = World::new();
    let to: Vec<_> = (0..1000).map(|n| format!("u{n}@chat.a.example")).collect();
    let raw = format!(
        "From: carol@mail.example\r\nTo: {}\r\nMessage-ID: <m@mail.example>\r\n\r\nHello\r\n",
        to.join(",\r\n ")
    );
    let mail = from_mail::read(raw.as_bytes(), &[], false).unwrap();
    let arrived = arrived(&mail, raw.as_bytes());
    let rounds = std::cell::Cell::new(0);
    let (decision, _) = world.ask(|settings, context, now| {
        rounds.set(rounds.get() + 1);
        decide::incoming::decide(settings, context, &arrived, now)
    });
    assert_eq!(decision.stanzas.len(), 1000);
    assert!(rounds.get() < 20, "{}", rounds.get());
}

fn element(xml: &str) -> Element {
    format!("<stream xmlns='jabber:component:accept'>{xml}</stream>")
        .parse::<Element>()
        .unwrap()
        .children()
        .next()
        .unwrap()
        .clone()
}

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
    let (decision, fate) = world.mail("From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n");
    assert_eq!(fate, Fate::Handled);
    assert_eq!(
        decision.stanzas[0].attr("from"),
        Some("carol%mail.example@gateway.a.example")
    );
    let (decision, _) = world.mail("From: Carol <carol@mail.example>\nTo: bob@chat.a.example\nMessage-ID: <2@mail.example>\n\nHi\n");
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
    let (answer, _) = world.mail(&format!("From: carol@mail.example\nTo: alice@chat.a.example\nSubject: Re: Chat with alice\nMessage-ID: <c1@mail.example>\nIn-Reply-To: {id}\nReferences: {id}\n\nHi Alice\n"));
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
    let (opened, _) = world.mail("From: carol@mail.example\nTo: alice@chat.a.example\nSubject: Lunch?\nMessage-ID: <c2@mail.example>\n\nToday?\n");
    assert_eq!(body(&opened.stanzas[0]), "*Lunch?*\nToday?");
    let lunch = mail_text(&world.stanza(&chat("3", "Yes")));
    assert_eq!(header(&lunch, "Subject"), Some("Re: Lunch?"));
}

#[test]
fn the_same_mail_twice_is_one_stanza_and_a_replay_has_the_same_id() {
    let mail =
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n";
    let mut world = World::new();
    let (first, _) = world.mail(mail);
    let (second, fate) = world.mail(mail);
    assert!(second.stanzas.is_empty());
    assert_eq!(fate, Fate::Handled);
    let (replay, _) = World::new().mail(mail);
    assert_eq!(first.stanzas[0].attr("id"), replay.stanzas[0].attr("id"));
}

#[test]
fn a_mail_without_a_message_id_is_known_by_its_bytes() {
    let mail = "From: carol@mail.example\nTo: alice@chat.a.example\n\nHi\n";
    let mut world = World::new();
    assert_eq!(world.mail(mail).0.stanzas.len(), 1);
    assert_eq!(world.mail(mail).0.stanzas.len(), 0);
    assert_eq!(
        world
            .mail("From: carol@mail.example\nTo: alice@chat.a.example\n\nHi again\n")
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
            let stanzas = world.mail(mail).0.stanzas;
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
    let (decision, _) = World::new().mail("Delivered-To: bob@chat.a.example\nFrom: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n");
    let to: Vec<_> = decision
        .stanzas
        .iter()
        .filter_map(|stanza| stanza.attr("to"))
        .collect();
    assert_eq!(to, ["bob@a.example"]);
}

#[test]
fn a_mail_for_two_users_is_delivered_to_both_and_shows_each_the_other() {
    let (decision, _) = World::new().mail("From: carol@mail.example\nTo: alice@chat.a.example, bob@chat.a.example\nCc: Dave <dave@mail.example>\nMessage-ID: <1@mail.example>\n\nHi\n");
    assert_eq!(decision.stanzas.len(), 2);
    let xml = String::from(&decision.stanzas[0]);
    assert!(
        xml.contains("bob@a.example") && xml.contains("dave\\40mail.example@gateway.a.example"),
        "{xml}"
    );
}

#[test]
fn who_answers_a_mail_to_several_answers_all() {
    let mut world = World::new();
    let (decision, _) = world.mail("From: carol@mail.example\nTo: alice@chat.a.example\nCc: Dave <dave@mail.example>\nMessage-ID: <1@mail.example>\n\nHi\n");
    let id = decision.stanzas[0].attr("id").unwrap().to_owned();
    let answer = world.stanza(&format!("<message from='alice@a.example' to='carol\\40mail.example@gateway.a.example' id='1'><body>Hello all</body><reply xmlns='urn:xmpp:reply:0' id='{id}'/></message>"));
    let to: Vec<_> = answer.mails[0]
        .job
        .to
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(to, ["carol@mail.example", "dave@mail.example"]);
    let plain = world.stanza(&chat("2", "Only for you"));
    assert_eq!(plain.mails[0].job.to.len(), 1);
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
    let (answer, _) = world.mail("From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi Alice!\n");
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
            ("message", Some("chat"))
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
    let (vacation, _) = world.mail("From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\nAuto-Submitted: auto-replied\n\nI am away.\n");
    assert!(
        vacation
            .stanzas
            .iter()
            .all(|stanza| stanza.name() != "presence")
    );
    let (no, _) = world.mail("From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <2@mail.example>\n\nNo.\n\n> Hello, alice would like to chat\n");
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
    let (back, _) = world.mail(&format!("Delivered-To: alice@chat.a.example\nFrom: alice@chat.a.example\nTo: carol@mail.example\nMessage-ID: {id}\n\nHello\n"));
    assert!(back.stanzas.is_empty());
    let (far, fate) = world.mail("From: carol@mail.example\nTo: alice@chat.a.example\nXMPP-Bridge-Hops: 6\nMessage-ID: <9@mail.example>\n\nHi\n");
    assert!(far.stanzas.is_empty() && fate == Fate::Left);
}

#[test]
fn mail_for_nobody_is_left_in_the_mailbox() {
    let (decision, fate) = World::new().mail(
        "From: carol@mail.example\nTo: someone@else.example\nMessage-ID: <1@mail.example>\n\nHi\n",
    );
    assert!(decision.stanzas.is_empty() && decision.writes.is_empty());
    assert_eq!(fate, Fate::Left);
}

#[test]
fn list_mail_is_a_headline_or_dropped_and_changes_no_conversation() {
    let mail = "From: news@mail.example\nTo: alice@chat.a.example\nList-Id: <news.mail.example>\nMessage-ID: <1@mail.example>\n\nNews\n";
    let mut world = World::new();
    let (shown, _) = world.mail(mail);
    assert_eq!(shown.stanzas[0].attr("type"), Some("headline"));
    assert!(
        shown
            .writes
            .iter()
            .all(|write| !matches!(write, Write::Contact(..)))
    );
    let mut world = World::new();
    world.settings.bulk = Bulk::Drop;
    let (dropped, fate) = world.mail(mail);
    assert!(dropped.stanzas.is_empty() && fate == Fate::Handled);
}

#[test]
fn an_empty_mail_is_never_silence() {
    let (decision, _) = World::new().mail(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\n\n",
    );
    assert_eq!(body(&decision.stanzas[0]), "[empty mail]");
}

#[test]
fn an_old_mail_carries_its_date() {
    let (decision, _) = World::new().mail("From: carol@mail.example\nTo: alice@chat.a.example\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nMessage-ID: <1@mail.example>\n\nHi\n");
    assert!(
        String::from(&decision.stanzas[0]).contains("stamp='2026-11-22T10:00:00Z'"),
        "{}",
        String::from(&decision.stanzas[0])
    );
    let (decision, _) = World::new().mail("From: carol@mail.example\nTo: alice@chat.a.example\nDate: Sun, 22 Nov 2026 11:59:30 +0000\nMessage-ID: <2@mail.example>\n\nHi\n");
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
        let told = world.outcome(&job, Outcome::Refused(reply(code, enhanced)), Verdict::Done);
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
        Verdict::Done,
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
                Verdict::Done
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
    world.outcome(&job, refused, Verdict::Done);
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
    let end = world.outcome(&job, later, Verdict::Expired);
    assert_eq!(condition(&end.stanzas[0]), "remote-server-timeout");
    assert!(String::from(&end.stanzas[0]).contains("may not have been delivered"));
}

#[test]
fn a_contact_is_away_while_mail_does_not_get_through() {
    let mut world = World::new();
    world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='subscribe'/>");
    world.mail(
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
        Verdict::Done,
    );
    assert!(String::from(&well.stanzas[0]).contains("by e-mail"));
}

#[test]
fn a_mail_that_an_administrator_dropped_is_told_of_and_says_nothing_of_its_contact() {
    let mut world = World::new();
    world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='subscribe'/>");
    world.mail(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <1@mail.example>\n\nHi\n",
    );
    let job = world.stanza(&chat("1", "Hello")).mails[0].job.clone();
    let dropped = Reply {
        code: None,
        enhanced: None,
        text: stanzamail::core::notice::DROPPED.to_owned(),
    };
    let told = world.outcome(&job, Outcome::Refused(dropped), Verdict::Done);
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
        let arrived = Arrived {
            mail: &mail,
            octets: 0,
            over: None,
            bound: None,
            waits: None,
            own: None,
        };
        let decision = world.ask(|settings, context, now| {
            decide::incoming::not_shown(settings, context, &arrived, now)
        });
        world.context.apply(&decision.writes);
        decision
    };
    let told = not_shown(&mut world, "1");
    assert_eq!(told.stanzas[0].attr("from"), Some("gateway.a.example"));
    let text = body(&told.stanzas[0]);
    assert!(text.starts_with("A mail from carol@mail.example could not be shown:"));
    assert!(not_shown(&mut world, "1").stanzas.is_empty());
    assert!(not_shown(&mut world, "presence.1").stanzas.is_empty());
    // When the defect is mended, the mail is shown after all.
    let (shown, _) = world.mail(
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
    let (to_bob, _) = world.mail(
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
