//! What users can ask the gateway for, through each of its doors: by message, by a client's menu (XEP-0050), by its search
//! (XEP-0055). No server; rows come from a map.

use crate::decided::World;
use jid::BareJid;
use minidom::Element;
use stanzamail::core::address::MailAddress;
use stanzamail::core::context::{Context, Need, Row, Write};
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::id::{OriginalId, StanzaId};
use stanzamail::core::job::Job;
use stanzamail::core::operation::{
    ExportedAs, ExportedData, JobChange, JobStage, JobWish, Links, Operation, OperationResult,
    OriginalText, WaitingJob,
};
use stanzamail::core::outcome::{JobVerdict, Outcome, Reply};
use stanzamail::core::quota::Quotas;
use stanzamail::core::record::{Contact, Pair, PairOrigin};
use stanzamail::core::settings::{Allowance, OwnNames};
use stanzamail::core::time::Timestamp;
use stanzamail::core::traces::{RowCounts, Traces};
use std::time::Duration;

const GATEWAY: &str = "gateway.a.example";
const CAROL: &str = "carol\\40mail.example@gateway.a.example";
const COMMANDS: &str = "http://jabber.org/protocol/commands";
const FORM: &str = "jabber:x:data";
const LINK: &str = "xmpp:carol%5C40mail.example@gateway.a.example?message";

trait Asks {
    /// Says something to the gateway and reads what it says.
    fn says(&mut self, to: &str, id: &str, body: &str) -> (Decision, String);
    /// Asks by a request for the answer's payload.
    fn asks(&mut self, to: &str, from: &str, payload: &str) -> Element;
    fn asks_with(&mut self, to: &str, from: &str, payload: &str) -> (Decision, Element);
    /// One request of a session of alice's phone.
    fn command(&mut self, attributes: &str, fields: &[(&str, &str)]) -> (Decision, Element);
}

impl Asks for World {
    fn says(&mut self, to: &str, id: &str, body: &str) -> (Decision, String) {
        let decision = self.stanza(&format!(
            "<message from='alice@a.example/phone' to='{to}' type='chat' id='{id}'><body>{body}</body></message>"
        ));
        let answer = decision.stanzas.first().expect("it is answered");
        assert_eq!(answer.attr("type"), Some("chat"), "{answer:?}");
        assert_eq!(answer.attr("from"), Some(to));
        assert_eq!(answer.attr("to"), Some("alice@a.example"));
        let body = body_of(answer);
        (decision, body)
    }

    fn asks(&mut self, to: &str, from: &str, payload: &str) -> Element {
        self.asks_with(to, from, payload).1
    }

    fn asks_with(&mut self, to: &str, from: &str, payload: &str) -> (Decision, Element) {
        let kind = if payload.contains("#info'") || payload.contains("#items'") {
            "get"
        } else {
            "set"
        };
        let decision = self.stanza(&format!(
            "<iq from='{from}' to='{to}' type='{kind}' id='i1'>{payload}</iq>"
        ));
        let answer = decision
            .stanzas
            .first()
            .expect("each request is answered")
            .clone();
        let payload = match answer.attr("type") {
            Some("result") => answer.children().next().expect("it has content").clone(),
            _ => answer,
        };
        (decision, payload)
    }

    fn command(&mut self, attributes: &str, fields: &[(&str, &str)]) -> (Decision, Element) {
        self.asks_with(
            GATEWAY,
            "alice@a.example/phone",
            &format!(
                "<command xmlns='{COMMANDS}' {attributes}>{}</command>",
                form(fields)
            ),
        )
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    if fields.is_empty() {
        return String::new();
    }
    let fields = fields
        .iter()
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"));
    let fields: String = fields.collect();
    format!("<x xmlns='{FORM}' type='submit'>{fields}</x>")
}

fn body_of(message: &Element) -> String {
    let mut children = message.children();
    children
        .find(|child| child.name() == "body")
        .map(Element::text)
        .unwrap_or_default()
}

fn mail_text(decision: &Decision) -> String {
    String::from_utf8(decision.mails[0].bytes.clone()).unwrap()
}

fn condition(answer: &Element) -> String {
    let error = answer.children().find(|child| child.name() == "error");
    let mut all = error.iter().flat_map(|error| error.children());
    all.find(|child| child.name() != "text")
        .map(|child| child.name().to_owned())
        .unwrap_or_default()
}

/// The values of a form by the names of its fields.
fn value(command: &Element, var: &str) -> Option<String> {
    let form = command.get_child("x", FORM)?;
    let mut fields = form
        .children()
        .filter(|child| child.attr("var") == Some(var));
    Some(fields.next()?.get_child("value", FORM)?.text())
}

fn note(command: &Element) -> String {
    command
        .get_child("note", COMMANDS)
        .map(Element::text)
        .unwrap_or_default()
}

#[test]
fn an_address_with_a_text_is_written_to() {
    for to in [GATEWAY, "help@gateway.a.example"] {
        let mut world = World::new();
        let (decision, answer) = world.says(to, "m1", "carol@mail.example hello\nthere");
        assert!(answer.contains(LINK), "{answer}");
        assert!(answer.lines().any(|line| line == CAROL), "{answer}");
        let mail = mail_text(&decision);
        assert!(mail.contains("To: carol@mail.example\r\n"), "{mail}");
        assert!(mail.ends_with("hello\r\nthere"), "{mail}");
        assert!(
            mail.contains("From: alice <alice@chat.a.example>"),
            "{mail}"
        );
        // The conversation appears where the user can go on.
        let begins = &decision.stanzas[1];
        assert_eq!(begins.attr("from"), Some(CAROL));
        assert!(body_of(begins).contains("“hello there”"), "{begins:?}");
        // The same message once more is the same mail, already sent.
        let (again, _) = world.says(to, "m1", "carol@mail.example hello\nthere");
        assert!(again.mails.is_empty());
        let ids = |decision: &Decision| -> Vec<Option<String>> {
            let ids = decision
                .stanzas
                .iter()
                .map(|stanza| stanza.attr("id").map(str::to_owned));
            ids.collect()
        };
        assert_eq!(ids(&again), ids(&decision));
    }
}

#[test]
fn what_the_mail_server_refuses_is_told_by_the_contact() {
    let mut world = World::new();
    let (decision, _) = world.says(GATEWAY, "m1", "carol@mail.example hello");
    let origin = decision.mails[0].job.origin.clone().unwrap();
    assert_eq!(
        origin.user.as_str(),
        "alice@a.example",
        "no client waits for an error"
    );
    assert_eq!(origin.contact.as_str(), CAROL);
}

#[test]
fn an_address_alone_opens_the_conversation_and_mails_nothing() {
    let (decision, answer) = World::new().says(GATEWAY, "m1", "mailto:carol@mail.example");
    assert!(decision.mails.is_empty() && decision.writes.is_empty());
    assert!(answer.contains(LINK), "{answer}");
    assert_eq!(decision.stanzas[1].attr("from"), Some(CAROL));
}

#[test]
fn whoever_shares_the_server_is_named_and_not_mailed() {
    let mut world = World::new();
    let (decision, answer) = world.says(GATEWAY, "m1", "adam@chat.a.example hello");
    assert!(decision.mails.is_empty());
    assert!(answer.contains("xmpp:adam@a.example?message"), "{answer}");
    let (decision, answer) = world.says(GATEWAY, "m2", "alice@chat.a.example hello");
    assert!(
        decision.mails.is_empty() && answer.contains("your own"),
        "{answer}"
    );
}

#[test]
fn words_are_answered_by_words_and_never_by_an_error() {
    let mut world = World::new();
    let (_, help) = world.says("help@gateway.a.example", "m1", "help");
    for example in ["carol@mail.example Hello!", "my address", "contacts"] {
        assert!(help.contains(example), "{help}");
    }
    let (_, address) = world.says(GATEWAY, "m2", "My address?");
    assert!(address.contains("alice@chat.a.example"), "{address}");
    let (decision, lost) = world.says(GATEWAY, "m3", "good weather");
    assert!(
        lost.contains("“good weather”") && lost.contains("Nothing was sent"),
        "{lost}"
    );
    assert!(decision.mails.is_empty());
    for (body, words) in [
        ("carol@ hello", "carol@"),
        ("write", "carol@mail.example"),
        ("a@b@c", "a@b@c"),
    ] {
        let (decision, answer) = world.says(GATEWAY, "m4", body);
        assert!(decision.mails.is_empty());
        assert!(answer.contains(words), "{answer}");
    }
    world.settings.contacts.deny = vec!["mail.example".parse().unwrap()];
    let (decision, answer) = world.says(GATEWAY, "m5", "carol@mail.example hello");
    assert!(
        decision.mails.is_empty() && answer.contains("does not allow"),
        "{answer}"
    );
}

#[test]
fn what_is_no_talk_is_not_answered() {
    let mut world = World::new();
    for stanza in [
        "<message from='alice@a.example/x' to='gateway.a.example' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
        "<message from='alice@a.example/x' to='help@gateway.a.example' type='chat'><received xmlns='urn:xmpp:receipts' id='1'/></message>",
        "<message from='alice@a.example/x' to='gateway.a.example' type='error' id='1'><body>help</body></message>",
    ] {
        assert!(world.stanza(stanza).stanzas.is_empty(), "{stanza}");
    }
    // A stranger gets an error, which no program answers: two that talk to each other would never end.
    let outsider = world.stanza("<message from='m@evil.example/x' to='help@gateway.a.example' type='chat' id='1'><body>help</body></message>");
    assert_eq!(condition(&outsider.stanzas[0]), "forbidden");
}

#[test]
fn who_wants_a_receipt_gets_one() {
    let decision = World::new().stanza("<message from='alice@a.example/x' to='gateway.a.example' type='chat' id='r1'><body>help</body><request xmlns='urn:xmpp:receipts'/></message>");
    assert_eq!(decision.stanzas.len(), 2);
    assert!(String::from(&decision.stanzas[0]).contains("<received"));
}

#[test]
fn who_has_used_all_is_told_in_words() {
    let mut world = World::new();
    world.quotas = Some(Quotas::new(&Allowance {
        sent_per_hour: Some(1),
        ..Allowance::default()
    }));
    world.says(GATEWAY, "m1", "carol@mail.example hello");
    let refusal = world.stanza("<message from='alice@a.example/phone' to='gateway.a.example' type='chat' id='m2'><body>carol@mail.example hello</body></message>");
    assert!(refusal.mails.is_empty());
    let answer = &refusal.stanzas[0];
    assert_eq!(answer.attr("type"), Some("chat"));
    assert!(body_of(answer).contains("1 mails in an hour"), "{answer:?}");
}

#[test]
fn a_command_causes_no_more_than_a_message_may() {
    let mut world = World::new();
    world.quotas = Some(Quotas::new(&Allowance {
        sent_per_hour: Some(2),
        strangers_per_day: Some(3),
        ..Allowance::default()
    }));
    for (number, is_sent) in [(1, true), (2, true), (3, false)] {
        let address = format!("c{number}@mail.example");
        let (_, form) = world.command("node='write'", &[]);
        let session = form.attr("sessionid").unwrap().to_owned();
        let of = format!("node='write' sessionid='{session}' action='complete'");
        let filled = [("step", "1"), ("address", &address), ("text", "hello")];
        let (decision, answer) = world.command(&of, &filled);
        assert_eq!(!decision.mails.is_empty(), is_sent, "{address}");
        let answer = String::from(&answer);
        assert_eq!(answer.contains("policy-violation"), !is_sent, "{answer}");
    }
    // Rows are not to be had without limit either.
    let (decision, _) = world.says(GATEWAY, "b1", "block d1@mail.example");
    assert!(!decision.writes.is_empty());
    let (decision, said) = world.says(GATEWAY, "b2", "block d2@mail.example");
    assert!(decision.writes.is_empty(), "{said}");
    assert!(said.contains("3 new addresses in a day"), "{said}");
}

#[test]
fn contacts_are_listed_with_what_is_known_of_them() {
    let mut world = World::new();
    let alice = BareJid::new("alice@a.example").unwrap();
    world
        .context
        .insert(Need::ContactsOf(alice), Some(Row::Contacts(Vec::new())));
    let (_, none) = world.says(GATEWAY, "m0", "contacts");
    assert!(none.contains("no mail contacts yet"), "{none}");
    world.says(GATEWAY, "m1", "carol@mail.example hello");
    world.says(GATEWAY, "m2", "bob@mail.example hello");
    let (_, list) = world.says(GATEWAY, "m3", "contacts");
    assert!(list.starts_with("You have 2 mail contacts."), "{list}");
    let line = |list: &str| {
        let line = list
            .lines()
            .find(|line| line.contains("carol@mail.example"));
        line.unwrap_or_default().to_owned()
    };
    let carol =
        format!("• carol@mail.example · {CAROL} · by mail · last message today at 12:00 UTC");
    assert_eq!(line(&list), carol);
    // What she calls herself, that her last mail was verified, and the day in words.
    let jid = BareJid::new(CAROL).unwrap();
    let carol = MailAddress::parse("carol@mail.example").unwrap();
    let pair = Pair {
        jid: jid.clone(),
        mail: carol.clone(),
        name: Some("Carol of another user".to_owned()),
        origin: PairOrigin::Verified,
        saved: world.now,
    };
    let alice = BareJid::new("alice@a.example").unwrap();
    let known = world.ask(|decider| Ok(decider.rows.contact(&alice, &carol)?.cloned()));
    let known = Contact {
        name: Some("Carol Miller".to_owned()),
        is_verified: true,
        ..known.unwrap()
    };
    let known = Write::Contact(alice, carol, known);
    world.context.apply(&[Write::Pair(pair), known]);
    for (days, said) in [
        (1, "yesterday at 12:00 UTC"),
        (3, "on Sunday at 12:00 UTC"),
        (30, "on 22 November 2026"),
    ] {
        let now = world.now;
        world.now = now.plus(Duration::from_secs(days * 24 * 3600));
        let (_, list) = world.says(GATEWAY, &format!("d{days}"), "contacts");
        world.now = now;
        let carol = format!(
            "• “Carol Miller” · carol@mail.example · {CAROL} · by mail · verified · last message {said}"
        );
        assert_eq!(line(&list), carol);
    }
    let (_, table) = world.command("node='contacts' action='execute'", &[]);
    assert_eq!(table.attr("status"), Some("completed"));
    let form = table.get_child("x", FORM).unwrap();
    // A field for each: several clients show nothing of a table.
    let fields = form.children().filter(|child| child.name() == "field");
    let labels: Vec<_> = fields.filter_map(|field| field.attr("label")).collect();
    assert_eq!(labels, ["bob@mail.example", "“Carol Miller”"]);
    assert!(String::from(form).contains(CAROL));
}

/// A user to whom thousands of strangers have written still finds the one friend behind all of them in the alphabet.
#[test]
fn acquaintances_come_before_strangers_and_what_is_left_out_is_said() {
    let mut world = World::new();
    let alice = BareJid::new("alice@a.example").unwrap();
    let stranger = |number: usize| {
        let mail = MailAddress::parse(&format!("a{number:04}@mail.example")).unwrap();
        let name = Some(format!("Stranger {number}"));
        (
            mail,
            Contact {
                name,
                ..Contact::default()
            },
        )
    };
    let zoe = MailAddress::parse("zoe@mail.example").unwrap();
    let friend = Contact {
        is_written_to: true,
        name: Some("Zoë Friend".to_owned()),
        ..Contact::default()
    };
    let list = |strangers: usize| {
        let strangers = (0..strangers).map(stranger);
        strangers.chain([(zoe.clone(), friend.clone())]).collect()
    };
    let need = || Need::ContactsOf(alice.clone());
    world
        .context
        .insert(need(), Some(Row::Contacts(list(1_500))));
    let (_, said) = world.says(GATEWAY, "m1", "contacts");
    assert!(
        said.starts_with("You have 1501 mail contacts; here are 100"),
        "{said}"
    );
    let first = said.lines().nth(1).unwrap();
    assert!(first.contains("“Zoë Friend” · zoe@mail.example"), "{first}");
    assert_eq!(said.lines().count(), 101);
    let search = |world: &mut World, typed: &str| {
        let form = form(&[("email", typed)]);
        let query = format!("<query xmlns='jabber:iq:search'>{form}</query>");
        let answer = world.asks(GATEWAY, "alice@a.example/x", &query);
        let form = answer.get_child("x", FORM).unwrap().clone();
        let items = form
            .children()
            .filter(|child| child.name() == "item")
            .count();
        (items, String::from(&form))
    };
    let (items, found) = search(&mut world, "friend");
    assert!(items == 1 && found.contains("zoe@mail.example"), "{found}");
    let (items, found) = search(&mut world, "stranger 149");
    assert!(items == 11 && !found.contains("more than these"), "{found}");
    let (items, found) = search(&mut world, "stranger");
    assert!(
        items == 100 && found.contains("There are more than these"),
        "{found}"
    );
    // What nobody looks through is said, too.
    world.context = Context::new();
    world
        .context
        .insert(need(), Some(Row::Contacts(list(2_000))));
    let (_, said) = world.says(GATEWAY, "m2", "contacts");
    assert!(
        said.starts_with("You have more than 2000 mail contacts"),
        "{said}"
    );
}

#[test]
fn the_service_browser_shows_the_helper_and_the_commands() {
    let mut world = World::new();
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let found = world.asks(GATEWAY, "alice@a.example/x", items);
    let jids: Vec<_> = found
        .children()
        .filter_map(|item| item.attr("jid"))
        .collect();
    assert_eq!(jids[0], "help@gateway.a.example");
    let at_node =
        format!("<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>");
    let found = world.asks(GATEWAY, "alice@a.example/x", &at_node);
    let nodes: Vec<_> = found
        .children()
        .filter_map(|item| item.attr("node"))
        .collect();
    assert_eq!(
        nodes,
        [
            "write",
            "my-address",
            "my-name",
            "contacts",
            "remove",
            "original",
            "revoke",
            "requests",
            "accept",
            "refuse",
            "block",
            "unblock",
            "waiting",
            "cancel",
            "send-now",
            "where",
            "away",
            "back",
            "options",
            "set",
            "export",
            "forget-me",
            "help"
        ]
    );
    for node in nodes {
        let info = format!("<query xmlns='http://jabber.org/protocol/disco#info' node='{node}'/>");
        let info = String::from(&world.asks("help@gateway.a.example", "alice@a.example/x", &info));
        assert!(
            info.contains("command-node") && info.contains(COMMANDS),
            "{info}"
        );
    }
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    for (jid, category) in [(GATEWAY, "gateway"), ("help@gateway.a.example", "client")] {
        let info = String::from(&world.asks(jid, "alice@a.example/x", info));
        assert!(info.contains(&format!("category='{category}'")), "{info}");
        assert!(
            info.contains(COMMANDS) && info.contains("jabber:iq:search"),
            "{info}"
        );
    }
    let outsider = world.asks(GATEWAY, "m@evil.example/x", items);
    assert_eq!(outsider.children().count(), 0, "{outsider:?}");
}

#[test]
fn b12_a_form_that_is_shown_again_is_no_longer_than_it_was() {
    let mut world = World::new();
    let (_, first) = world.command("node='write' action='execute'", &[]);
    let session = first.attr("sessionid").unwrap().to_owned();
    let text = format!("Hi{}Bye", "\n".repeat(100_000));
    let fields = [
        ("step", "0"),
        ("address", "carol@mail.example"),
        ("text", text.as_str()),
    ];
    let next = format!("node='write' sessionid='{session}' action='next'");
    let (_, second) = world.command(&next, &fields);
    assert_eq!(value(&second, "step").as_deref(), Some("1"));
    assert!(String::from(&second).len() < text.len() + 10_000);
    let form = second.children().find(|child| child.name() == "x").unwrap();
    let field = form
        .children()
        .find(|field| field.attr("var") == Some("text"));
    let lines: Vec<String> = field.unwrap().children().map(Element::text).collect();
    assert_eq!(lines.join("\n"), text, "nothing of it is lost");
}

#[test]
fn a_form_leads_to_the_conversation_in_two_steps_and_back() {
    let mut world = World::new();
    let (_, first) = world.command("node='write' action='execute'", &[]);
    assert_eq!(first.attr("status"), Some("executing"));
    let session = first.attr("sessionid").unwrap().to_owned();
    let of = |action: &str| format!("node='write' sessionid='{session}' action='{action}'");
    assert_eq!(value(&first, "step").as_deref(), Some("0"));

    let (_, empty) = world.command(&of("next"), &[("step", "0"), ("address", " ")]);
    assert!(note(&empty).contains("Mail address"), "{empty:?}");
    let (_, wrong) = world.command(&of("next"), &[("step", "0"), ("address", "carol")]);
    assert_eq!(wrong.attr("status"), Some("executing"));
    assert!(note(&wrong).contains("carol"), "{wrong:?}");
    assert_eq!(
        value(&wrong, "address").as_deref(),
        Some("carol"),
        "not to be typed again"
    );

    let (_, second) = world.command(
        &of("next"),
        &[("step", "0"), ("address", "carol@mail.example")],
    );
    assert_eq!(value(&second, "step").as_deref(), Some("1"));
    assert_eq!(
        value(&second, "address").as_deref(),
        Some("carol@mail.example")
    );
    let (_, back) = world.command(
        &of("prev"),
        &[
            ("step", "1"),
            ("address", "carol@mail.example"),
            ("text", "Hi"),
        ],
    );
    assert_eq!(value(&back, "step").as_deref(), Some("0"));
    assert_eq!(
        value(&back, "text").as_deref(),
        Some("Hi"),
        "kept, though not shown"
    );

    let filled = [
        ("step", "1"),
        ("address", "carol@mail.example"),
        ("text", "Hi"),
    ];
    let (decision, done) = world.command(&of("complete"), &filled);
    assert_eq!(done.attr("status"), Some("completed"));
    assert_eq!(value(&done, "jid").as_deref(), Some(CAROL));
    assert_eq!(value(&done, "link").as_deref(), Some(LINK));
    assert!(mail_text(&decision).ends_with("Hi"));
    let (again, _) = world.command(&of("complete"), &filled);
    assert!(again.mails.is_empty(), "a session sends once");

    let (decision, over) = world.command(&of("cancel"), &filled);
    assert_eq!(over.attr("status"), Some("canceled"));
    assert!(decision.mails.is_empty());
}

#[test]
fn a_session_belongs_to_one_client_one_command_and_one_hour() {
    let mut world = World::new();
    let (_, first) = world.command("node='write'", &[]);
    let session = first.attr("sessionid").unwrap().to_owned();
    let filled = form(&[
        ("step", "1"),
        ("address", "carol@mail.example"),
        ("text", "Hi"),
    ]);
    let ask = |world: &mut World, from: &str, node: &str, session: &str, action: &str| {
        let payload = format!(
            "<command xmlns='{COMMANDS}' node='{node}' sessionid='{session}' action='{action}'>{filled}</command>"
        );
        let (decision, answer) = world.asks_with(GATEWAY, from, &payload);
        (decision.mails.len(), String::from(&answer))
    };
    let alice = "alice@a.example/phone";
    let forged = format!("{}x", &session[..session.len() - 1]);
    for (from, node, session, action, expected) in [
        (
            "adam@a.example/phone",
            "write",
            session.as_str(),
            "complete",
            "bad-sessionid",
        ),
        (
            "alice@a.example/desk",
            "write",
            session.as_str(),
            "complete",
            "bad-sessionid",
        ),
        (
            alice,
            "contacts",
            session.as_str(),
            "complete",
            "bad-sessionid",
        ),
        (alice, "write", forged.as_str(), "complete", "bad-sessionid"),
        (alice, "write", "", "complete", "bad-sessionid"),
        (alice, "write", "1-2", "complete", "bad-sessionid"),
        (alice, "write", session.as_str(), "drop", "bad-action"),
        (
            alice,
            "unheard-of",
            session.as_str(),
            "complete",
            "item-not-found",
        ),
        (
            "m@evil.example/x",
            "write",
            session.as_str(),
            "complete",
            "forbidden",
        ),
    ] {
        let (mails, answer) = ask(&mut world, from, node, session, action);
        assert_eq!(mails, 0, "{expected}");
        assert!(answer.contains(expected), "{answer}");
    }
    world.now = world.now.plus(Duration::from_secs(3601));
    let (mails, answer) = ask(&mut world, alice, "write", &session, "complete");
    assert_eq!(mails, 0);
    assert!(answer.contains("session-expired"), "{answer}");
}

#[test]
fn hostile_forms_find_nothing_behind_the_steps() {
    let mut world = World::new();
    let (_, first) = world.command("node='write'", &[]);
    let session = first.attr("sessionid").unwrap().to_owned();
    let of = format!("node='write' sessionid='{session}' action='complete'");
    for fields in [
        vec![("step", "99999999999999999999"), ("address", "")],
        vec![("step", "-1")],
        vec![("step", "1"), ("text", "Hi")],
        vec![
            ("step", "7"),
            ("address", "carol@mail.example&#10;Bcc: eve@evil.example"),
            ("text", "Hi"),
        ],
        vec![("address", "alice@chat.a.example"), ("is_admin", "1")],
    ] {
        let (decision, answer) = world.command(&of, &fields);
        assert!(decision.mails.is_empty(), "{fields:?}");
        assert_eq!(answer.name(), "command", "{answer:?}");
    }
}

#[test]
fn a_search_finds_an_address_and_own_contacts_only() {
    let mut world = World::new();
    let alice = BareJid::new("alice@a.example").unwrap();
    let adam = BareJid::new("adam@a.example").unwrap();
    for user in [alice, adam] {
        world
            .context
            .insert(Need::ContactsOf(user), Some(Row::Contacts(Vec::new())));
    }
    world.says(GATEWAY, "m1", "carol@mail.example hello");
    let mut found = |from: &str, typed: &str| {
        let query = format!("<query xmlns='jabber:iq:search'><email>{typed}</email></query>");
        let answer = world.asks(GATEWAY, from, &query);
        let jids = answer
            .children()
            .filter_map(|item| item.attr("jid").map(str::to_owned));
        jids.collect::<Vec<_>>()
    };
    assert_eq!(found("alice@a.example/x", "CAROL"), [CAROL]);
    assert_eq!(
        found("alice@a.example/x", "dave@mail.example"),
        ["dave\\40mail.example@gateway.a.example"]
    );
    assert_eq!(
        found("adam@a.example/x", "carol"),
        [""; 0],
        "not what others know"
    );
    assert_eq!(found("alice@a.example/x", ""), [""; 0]);
    let by_form = format!(
        "<query xmlns='jabber:iq:search'>{}</query>",
        form(&[("email", "carol")])
    );
    let answer = String::from(&world.asks(GATEWAY, "alice@a.example/x", &by_form));
    assert!(
        answer.contains(CAROL) && answer.contains("<reported>"),
        "{answer}"
    );
}

#[test]
fn whoever_is_blocked_is_not_seen_and_not_told() {
    let mut world = World::new();
    let mail = |id: &str| {
        format!(
            "From: Eve <eve@mail.example>\r\nTo: alice@chat.a.example\r\nMessage-ID: <{id}@mail.example>\r\n\r\nBuy {id}\r\n"
        )
    };
    let arrives = |world: &mut World, id: &str| {
        let decision = world.mail(&mail(id));
        assert!(decision.mails.is_empty());
        decision.stanzas.len()
    };
    assert_eq!(arrives(&mut world, "1"), 1);
    let (_, answer) = world.says(GATEWAY, "b1", "block eve@mail.example");
    assert!(answer.contains("unblock eve@mail.example"), "{answer}");
    assert_eq!(arrives(&mut world, "2"), 0);
    let (decision, answer) = world.says(GATEWAY, "b2", "eve@mail.example hello");
    assert!(
        decision.mails.is_empty() && answer.contains("You have blocked"),
        "{answer}"
    );
    let refused = world.stanza("<message from='alice@a.example/x' to='eve\\40mail.example@gateway.a.example' id='b3'><body>x</body></message>");
    assert_eq!(condition(&refused.stanzas[0]), "not-acceptable");
    world.says(GATEWAY, "b4", "unblock eve@mail.example");
    assert_eq!(arrives(&mut world, "3"), 1);
    let (_, answer) = world.says(GATEWAY, "b5", "unblock eve@mail.example");
    assert!(answer.contains("is not blocked"), "{answer}");
    // Nobody becomes an acquaintance by that: the first message still counts as one to a stranger.
    world.says(GATEWAY, "b6", "block dave@mail.example");
    world.says(GATEWAY, "b7", "unblock dave@mail.example");
    let (decision, _) = world.says(GATEWAY, "b8", "dave@mail.example hello");
    assert_eq!(decision.strangers, 1);
}

#[test]
fn options_are_of_one_contact_or_of_all_and_hold_at_once() {
    let mut world = World::new();
    let shown = |world: &mut World, from: &str, id: &str| {
        let raw = format!(
            "From: <{from}>\r\nTo: alice@chat.a.example\r\nMessage-ID: <{id}@mail.example>\r\n\r\nGreat\r\n\r\n\
             On Mon, Nov 2, 2026 at 10:15 AM alice <alice@chat.a.example> wrote:\r\n\r\n> Shall we meet?\r\n"
        );
        let decision = world.mail(&raw);
        body_of(&decision.stanzas[0]).contains("Shall we meet")
    };
    assert!(!shown(&mut world, "carol@mail.example", "1"));
    let (_, answer) = world.says(GATEWAY, "o1", "set quotes keep carol@mail.example");
    assert!(
        answer.contains("are shown") && answer.contains("carol@mail.example"),
        "{answer}"
    );
    assert!(shown(&mut world, "carol@mail.example", "2"));
    assert!(!shown(&mut world, "dave@mail.example", "3"));
    world.says(GATEWAY, "o2", "Set quotes KEEP");
    assert!(shown(&mut world, "dave@mail.example", "4"));
    let (_, answer) = world.says(GATEWAY, "o3", "options");
    assert!(
        answer.contains("quotes · keep") && answer.contains("bulk · show"),
        "{answer}"
    );
    world.says(GATEWAY, "o4", "set quotes cut carol@mail.example");
    assert!(!shown(&mut world, "carol@mail.example", "5"));
    let (_, answer) = world.says(GATEWAY, "o5", "options carol@mail.example");
    assert!(answer.contains("your choice for this contact"), "{answer}");
    world.says(GATEWAY, "o6", "set quotes default carol@mail.example");
    assert!(shown(&mut world, "carol@mail.example", "6"));
    world.says(GATEWAY, "o7", "set quotes default");
    assert!(!shown(&mut world, "carol@mail.example", "7"));
    for (said, answer) in [
        ("set", "set quotes keep carol@mail.example"),
        ("set quotes", "Write for example: set quotes cut"),
        (
            "set colour red",
            "no option; there is quotes, bulk, gather, strangers, away-on-xa or language",
        ),
        ("set quotes show", "no value of quotes; write cut or keep"),
        (
            "set quotes keep adam@chat.a.example",
            "no mail comes from there",
        ),
        ("set quotes keep nobody", "nobody"),
    ] {
        let (decision, found) = world.says(GATEWAY, "o8", said);
        assert!(found.contains(answer), "{said}: {found}");
        assert!(decision.writes.is_empty(), "{said}");
    }
}

#[test]
fn mails_call_the_user_as_the_user_wants() {
    let mut world = World::new();
    let from = |world: &mut World, id: &str| {
        let (decision, _) = world.says(GATEWAY, id, "carol@mail.example Hello");
        let mail = mail_text(&decision);
        let from = mail.lines().find(|line| line.starts_with("From: "));
        from.unwrap().to_owned()
    };
    assert_eq!(from(&mut world, "n1"), "From: alice <alice@chat.a.example>");
    let (_, answer) = world.says(GATEWAY, "n2", "My name is Alice Liddell");
    assert!(
        answer.contains("Alice Liddell <alice@chat.a.example>"),
        "{answer}"
    );
    assert_eq!(
        from(&mut world, "n3"),
        "From: \"Alice Liddell\" <alice@chat.a.example>"
    );
    for name in ["bob@bank.example", "Bob &lt;bob@bank.example&gt;"] {
        let (decision, answer) = world.says(GATEWAY, "n4", &format!("call me {name}"));
        assert!(answer.contains("cannot be your name"), "{answer}");
        assert!(decision.writes.is_empty());
    }
    world.says(GATEWAY, "n5", "set quotes keep");
    world.says(GATEWAY, "n6", "my name is default");
    assert_eq!(from(&mut world, "n7"), "From: alice <alice@chat.a.example>");
    let (_, answer) = world.says(GATEWAY, "n8", "options");
    assert!(answer.contains("quotes · keep"), "{answer}");
}

#[test]
fn options_are_changed_by_a_form_with_what_there_is_to_choose() {
    let mut world = World::new();
    let (_, asked) = world.command("node='set' action='execute'", &[]);
    let form = String::from(&asked);
    assert!(
        form.contains("type=\"list-single\"") || form.contains("type='list-single'"),
        "{form}"
    );
    assert!(form.contains("<option"), "{form}");
    let session = asked.attr("sessionid").unwrap().to_owned();
    let go_on = format!("node='set' sessionid='{session}' action='complete'");
    let (decision, wrong) = world.command(&go_on, &[("option", "quotes"), ("value", "drop")]);
    assert_eq!(wrong.attr("status"), Some("executing"));
    assert!(decision.writes.is_empty() && note(&wrong).contains("no value of quotes"));
    let (decision, done) = world.command(&go_on, &[("option", "bulk"), ("value", "drop")]);
    assert_eq!(done.attr("status"), Some("completed"));
    assert_eq!(decision.writes.len(), 1);
    assert!(note(&done).contains("are not shown"), "{done:?}");
}

#[test]
fn a_cancelled_form_does_nothing_whatever_stands_in_it() {
    let mut world = World::new();
    let (_, asked) = world.command("node='write' action='execute'", &[]);
    let session = asked.attr("sessionid").unwrap();
    let fields = form(&[
        ("step", "1"),
        ("address", "carol@mail.example"),
        ("text", "Hi"),
    ]);
    let cancelled = fields.replace("type='submit'", "type='cancel'");
    let (decision, answer) = world.asks_with(
        GATEWAY,
        "alice@a.example/phone",
        &format!(
            "<command xmlns='{COMMANDS}' node='write' sessionid='{session}' action='complete'>{cancelled}</command>"
        ),
    );
    assert_eq!(answer.attr("status"), Some("canceled"));
    assert!(decision.mails.is_empty());
}

#[test]
fn a_command_without_an_id_is_another_one_each_time() {
    let mut world = World::new();
    let said = "<message from='alice@a.example/phone' to='gateway.a.example'><body>carol@mail.example ok then</body></message>";
    assert_eq!(world.stanza(said).mails.len(), 1);
    world.now = world.now.plus(Duration::from_secs(1));
    assert_eq!(world.stanza(said).mails.len(), 1);
}

#[test]
fn a_command_is_neither_corrected_nor_taken_back() {
    let mut world = World::new();
    world.says(GATEWAY, "c1", "dave@mail.example I pay 500");
    for change in [
        "<body>carol@mail.example I pay 5</body><replace xmlns='urn:xmpp:message-correct:0' id='c1'/>",
        "<retract xmlns='urn:xmpp:message-retract:1' id='c1'/>",
    ] {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/phone' to='{GATEWAY}' type='chat' id='c2'>{change}</message>"
        ));
        assert!(decision.mails.is_empty());
        let answer = body_of(&decision.stanzas[0]);
        assert!(answer.contains("cannot be corrected"), "{answer}");
    }
}

#[test]
fn rows_for_people_of_whom_nothing_is_known_count_as_new_contacts() {
    let mut world = World::new();
    for (number, (said, is_new)) in [
        ("block a@mail.example", 1),
        ("block a@mail.example", 0),
        ("set quotes keep b@mail.example", 1),
        ("set bulk drop b@mail.example", 0),
        ("set quotes keep", 0),
    ]
    .into_iter()
    .enumerate()
    {
        let (decision, _) = world.says(GATEWAY, &format!("r{number}"), said);
        assert_eq!(decision.strangers, is_new, "{said}");
    }
}

/// Alice's queue as the shell would show it: the mail of a message to Carol, tried three times in vain, and one to Dave.
fn two_that_wait(world: &mut World) -> [Job; 2] {
    let mut jobs = Vec::new();
    for (id, said) in [
        ("w1", "carol@mail.example The first"),
        ("w2", "dave@mail.example The second"),
    ] {
        let (decision, _) = world.says(GATEWAY, id, said);
        jobs.push(decision.mails[0].job.clone());
    }
    let [mut first, mut second]: [Job; 2] = jobs.try_into().unwrap();
    second.next_attempt = world.now;
    first.attempts = 3;
    first.next_attempt = world.now.plus(Duration::from_secs(3600));
    first.last_reply = Some(Reply {
        code: Some(450),
        enhanced: Some((4, 2, 0)),
        text: "mailbox is busy".to_owned(),
    });
    let all = [first, second];
    let waiting = all.clone().map(|job| WaitingJob {
        job,
        stage: JobStage::Waits,
    });
    wait_for(world, "alice@a.example", waiting.to_vec());
    all
}

fn wait_for(world: &mut World, user: &str, waiting: Vec<WaitingJob>) {
    let user = BareJid::new(user).unwrap();
    world
        .context
        .insert(Need::WaitingOf(user), Some(Row::Waiting(waiting)));
}

#[test]
fn what_waits_for_more_lines_leaves_soon() {
    let mut world = World::new();
    let (decision, _) = world.says(GATEWAY, "w1", "carol@mail.example The first");
    let waiting = WaitingJob {
        job: decision.mails[0].job.clone(),
        stage: JobStage::Waits,
    };
    wait_for(&mut world, "alice@a.example", vec![waiting]);
    let (_, said) = world.says(GATEWAY, "q1", "waiting");
    assert!(
        said.contains("not tried yet, leaves today at 12:00 UTC"),
        "{said}"
    );
}

#[test]
fn what_waits_is_shown_with_the_mail_servers_words() {
    let mut world = World::new();
    let [first, second] = two_that_wait(&mut world);
    let (decision, said) = world.says(GATEWAY, "q1", "waiting");
    assert!(decision.operation.is_none());
    let [first, second] = [first, second].map(|job| job.id.as_str()[..6].to_owned());
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0].starts_with("2 of your mails wait.")
            && lines[0].contains(&format!("cancel {first}")),
        "{said}"
    );
    assert_eq!(
        lines[1],
        format!(
            "• {first} · to carol@mail.example · “The first” · written today at 12:00 UTC · tried 3 times, again today at 13:00 UTC · 450 4.2.0 “mailbox is busy”"
        )
    );
    assert_eq!(
        lines[2],
        format!(
            "• {second} · to dave@mail.example · “The second” · written today at 12:00 UTC · not tried yet, its turn comes"
        )
    );
    let (_, none) = World::new().says(GATEWAY, "q2", "What waits?");
    assert!(none.starts_with("Nothing waits"), "{none}");
}

#[test]
fn a_mail_that_waits_is_taken_back_or_tried_and_its_user_told_what_came_of_it() {
    let mut world = World::new();
    let [first, _] = two_that_wait(&mut world);
    let short = first.id.as_str()[..6].to_owned();
    for (said, wish, told, answer) in [
        (
            "Cancel",
            JobWish::TakeBack,
            OperationResult::Changed(JobChange::Done),
            "taken back; it was not sent",
        ),
        (
            "take back",
            JobWish::TakeBack,
            OperationResult::Changed(JobChange::Not(JobStage::UnderWay)),
            "on its way at this moment",
        ),
        (
            "send now",
            JobWish::SendNow,
            OperationResult::Changed(JobChange::Done),
            "is tried now",
        ),
        (
            "send now",
            JobWish::SendNow,
            OperationResult::Changed(JobChange::Unknown),
            "does not wait any more",
        ),
        (
            "cancel",
            JobWish::TakeBack,
            OperationResult::Busy,
            "too much to do",
        ),
    ] {
        let xml = format!(
            "<message from='alice@a.example/phone' to='{GATEWAY}' type='chat' id='c1'><body>{said} {short}</body></message>"
        );
        let asked = world.stanza(&xml);
        assert!(
            asked.stanzas.is_empty() && asked.mails.is_empty(),
            "nothing is said before it is done"
        );
        let operation = asked.operation.expect("something is to be done");
        let Operation::Mail { job, wish: wanted } = &operation else {
            panic!("{operation:?}");
        };
        assert_eq!((&job.id, *wanted), (&first.id, wish));
        let is_busy = told == OperationResult::Busy;
        world.context.tell(Some((operation, told)));
        let decision = world.stanza(&xml);
        world.context.tell(None);
        assert!(decision.operation.is_none());
        let words = body_of(&decision.stanzas[0]);
        assert!(
            words.contains(answer) && (is_busy || words.contains("carol@mail.example")),
            "{said}: {words}"
        );
    }
}

/// An invitation that was taken back does not keep anybody from inviting again.
#[test]
fn whoever_takes_an_invitation_back_may_invite_again() {
    let mut world = World::new();
    let subscribe =
        format!("<presence from='alice@a.example' to='{CAROL}' type='subscribe' id='s1'/>");
    let asked = world.stanza(&subscribe);
    let job = asked.mails[0].job.clone();
    assert!(world.stanza(&subscribe).mails.is_empty(), "once a week");
    let stage = JobStage::Waits;
    wait_for(
        &mut world,
        "alice@a.example",
        vec![WaitingJob {
            job: job.clone(),
            stage,
        }],
    );
    let cancel = format!(
        "<message from='alice@a.example/phone' to='{GATEWAY}' type='chat' id='c1'><body>cancel {}</body></message>",
        &job.id.as_str()[..6]
    );
    let operation = world
        .stanza(&cancel)
        .operation
        .expect("it is to be cancelled");
    world
        .context
        .tell(Some((operation, OperationResult::Changed(JobChange::Done))));
    world.stanza(&cancel);
    world.context.tell(None);
    assert_eq!(world.stanza(&subscribe).mails.len(), 1);
}

/// Not even whether there is such a mail.
#[test]
fn mails_of_others_are_not_there() {
    let mut world = World::new();
    let [first, second] = two_that_wait(&mut world);
    wait_for(&mut world, "adam@a.example", Vec::new());
    let whole = first.id.as_str();
    let mut answers = std::collections::BTreeSet::new();
    let unknown = "0123456789abcdef0123456789abcdef";
    for (id, typed) in [whole, &whole[..6], second.id.as_str(), unknown, "%", ""]
        .iter()
        .enumerate()
    {
        for command in ["cancel", "send now"] {
            let decision = world.stanza(&format!(
                "<message from='adam@a.example/x' to='{GATEWAY}' type='chat' id='h{id}{command}'><body>{command} {typed}</body></message>"
            ));
            assert!(
                decision.operation.is_none() && decision.writes.is_empty(),
                "{typed}"
            );
            let words = body_of(&decision.stanzas[0]);
            match typed.is_empty() {
                true => assert!(words.contains("Which mail?"), "{words}"),
                false => drop(answers.insert(words.replace(typed, "X"))),
            }
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    // Nor by a form that was made by hand.
    let command = |attributes: &str| {
        format!(
            "<command xmlns='{COMMANDS}' node='cancel' {attributes}>{}</command>",
            form(&[("mail", whole)])
        )
    };
    let (decision, done) =
        world.asks_with(GATEWAY, "adam@a.example/x", &command("action='complete'"));
    assert!(decision.operation.is_none());
    assert!(
        note(&done).contains("None of your mails that wait is called"),
        "{done:?}"
    );
}

#[test]
fn a_form_names_the_mails_that_wait_and_needs_none_where_all_have_left() {
    let mut world = World::new();
    let [first, _] = two_that_wait(&mut world);
    let (_, asked) = world.command("node='cancel' action='execute'", &[]);
    let shown = String::from(&asked);
    let short = &first.id.as_str()[..6];
    assert!(
        shown.contains(&format!("<value>{short}</value>")),
        "{shown}"
    );
    assert!(
        shown.contains("to carol@mail.example: “The first”"),
        "{shown}"
    );
    let session = asked.attr("sessionid").unwrap().to_owned();
    let go_on = format!("node='cancel' sessionid='{session}' action='complete'");
    let xml = format!(
        "<iq from='alice@a.example/phone' to='{GATEWAY}' type='set' id='i1'><command xmlns='{COMMANDS}' {go_on}>{}</command></iq>",
        form(&[("mail", short)])
    );
    let decision = world.stanza(&xml);
    assert!(
        decision.stanzas.is_empty(),
        "it is answered when it is done"
    );
    let told = OperationResult::Changed(JobChange::Done);
    world
        .context
        .tell(Some((decision.operation.unwrap(), told)));
    let (_, done) = world.command(&go_on, &[("mail", short)]);
    assert_eq!(done.attr("status"), Some("completed"));
    assert!(note(&done).contains("is taken back"), "{done:?}");
    let mut other = World::new();
    let (_, none) = other.command("node='send-now' action='execute'", &[]);
    assert_eq!(none.attr("status"), Some("completed"));
    assert!(note(&none).contains("Nothing waits"), "{none:?}");
}

#[test]
fn commands_of_administrators_are_for_them_alone() {
    let mut world = World::new();
    let alice = BareJid::new("alice@a.example").unwrap();
    // Who administers and is no user gets in nowhere.
    let mallory = BareJid::new("mallory@evil.example").unwrap();
    world.settings.users.admins = vec![alice, mallory];
    let nodes = |world: &mut World, who: &str| {
        let query =
            format!("<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>");
        let found = world.asks(GATEWAY, who, &query);
        let nodes = found
            .children()
            .filter_map(|item| item.attr("node").map(str::to_owned));
        nodes.collect::<Vec<_>>()
    };
    let of_users = nodes(&mut world, "adam@a.example/x");
    assert!(
        !of_users
            .iter()
            .any(|node| node.starts_with("queue") || node == "status"),
        "{of_users:?}"
    );
    assert!(nodes(&mut world, "mallory@evil.example/x").is_empty());
    let of_admins = nodes(&mut world, "alice@a.example/x");
    assert_eq!(of_admins[..of_users.len()], of_users);
    assert_eq!(of_admins.len(), of_users.len() + 19);
    for node in &of_admins[of_users.len()..] {
        let info = format!("<query xmlns='http://jabber.org/protocol/disco#info' node='{node}'/>");
        let hidden = world.asks(GATEWAY, "adam@a.example/x", &info);
        assert_eq!(condition(&hidden), "item-not-found", "{node}");
        let command = format!("<command xmlns='{COMMANDS}' node='{node}' action='execute'/>");
        let (decision, refused) = world.asks_with(GATEWAY, "adam@a.example/x", &command);
        assert_eq!(condition(&refused), "item-not-found", "{node}");
        assert!(decision.operation.is_none());
        let shown = world.asks(GATEWAY, "alice@a.example/x", &info);
        assert!(String::from(&shown).contains("command-node"), "{node}");
    }
    let say = |who: &str, words: &str| {
        format!(
            "<message from='{who}/x' to='{GATEWAY}' type='chat' id='s1'><body>{words}</body></message>"
        )
    };
    for words in [
        "queue list",
        "status",
        "map list",
        "queue drop 3f",
        "reload",
        "users forget alice@a.example",
    ] {
        let decision = world.stanza(&say("adam@a.example", words));
        assert!(decision.operation.is_none());
        let said = body_of(&decision.stanzas[0]);
        assert!(said.contains("is no command here"), "{said}");
        assert!(!said.contains("queue drop ID"), "{said}");
    }
    let help = world.stanza(&say("alice@a.example", "help"));
    assert!(body_of(&help.stanzas[0]).contains("queue drop ID"));
}

/// No setting of the gateway makes it speak German where a client asks for that.
#[test]
fn options_say_that_the_language_is_that_of_the_client() {
    let mut world = World::new();
    let (_, said) = world.says(GATEWAY, "o1", "options");
    let line = said.lines().last().unwrap();
    assert!(line.contains("English · the gateway's default"), "{line}");
    for (number, (typed, words)) in [
        ("hallo", "carol@mail.example"),
        ("optionen", "Deutsch · Sprache deines Chat-Programms"),
        ("setze language de", "Deutsch"),
        ("optionen", "Deutsch · von dir gewählt"),
    ]
    .into_iter()
    .enumerate()
    {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/x' to='{GATEWAY}' type='chat' id='l{number}' xml:lang='de'>\
             <body>{typed}</body></message>"
        ));
        let said = body_of(&decision.stanzas[0]);
        assert!(said.lines().last().unwrap().contains(words), "{said}");
    }
}

#[test]
fn help_says_one_line_of_one_command() {
    for (language, typed, begins) in [
        ("en", "help away", "• away until 2026-12-24"),
        ("en", "Help: set?", "• set quotes keep"),
        ("en", "help vacation", "• away until 2026-12-24"),
        ("de", "hilfe vergiss mich", "• vergiss mich – "),
        ("de", "help away", "• abwesend bis "),
        ("es", "ayuda bloquear", "• bloquea eve@mail.example – "),
    ] {
        let mut world = World::new();
        world.says(GATEWAY, "l1", &format!("set language {language}"));
        let (_, said) = world.says(GATEWAY, "h1", typed);
        assert!(said.starts_with(begins) && !said.contains('\n'), "{said}");
    }
    // Of what is for administrators, or does nothing here, nothing is said; and another word is no command.
    let mut world = World::new();
    world.settings.keeps_originals = false;
    for (number, typed) in [
        "help queue drop",
        "help original",
        "help me",
        "help away now",
    ]
    .iter()
    .enumerate()
    {
        let (_, said) = world.says(GATEWAY, &format!("h{number}"), typed);
        assert!(said.contains("is no command here"), "{typed}: {said}");
    }
}

#[test]
fn what_was_typed_wrongly_is_asked_about_and_sends_nothing() {
    let mut world = World::new();
    world.settings.keeps_originals = false;
    for (number, (typed, said)) in [
        ("hlep", "Did you mean “help”?"),
        ("my adress", "Did you mean “my address”?"),
        ("gather off", "Did you mean “set gather off”?"),
        ("language de", "Did you mean “set language de”?"),
        (
            "Quotes keep carol@mail.example",
            "Did you mean “set Quotes keep carol@mail.example”?",
        ),
        ("strangers came and went today", "To write to somebody:"),
        (
            "carol@mail.example, dave@mail.example Hello both",
            "one address at a time",
        ),
        (
            "write to carol@mail.example and dave@mail.example Hello",
            "one address at a time",
        ),
        ("original carol@mail.example", "keeps no whole mails"),
        ("revoke carol@mail.example", "keeps no whole mails"),
        ("my name is \u{2060}", "nothing of it is seen"),
        (
            "my name is carol@mail.example",
            "the address of somebody else",
        ),
        ("options", "“options carol@mail.example” shows"),
    ]
    .into_iter()
    .enumerate()
    {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/x' to='{GATEWAY}' type='chat' id='t{number}'><body>{typed}</body></message>"
        ));
        assert!(
            decision.mails.is_empty() && decision.operation.is_none(),
            "{typed}"
        );
        let answer = body_of(&decision.stanzas[0]);
        assert!(answer.contains(said), "{typed}: {answer}");
        assert!(!answer.contains("• original"), "{typed}: {answer}");
    }
    let help = format!(
        "<message from='alice@a.example/x' to='{GATEWAY}' type='chat' id='h'><body>help</body></message>"
    );
    let help = body_of(&world.stanza(&help).stanzas[0]);
    assert!(
        help.contains("• contacts") && !help.contains("original"),
        "{help}"
    );
}

#[test]
fn an_administrator_reads_what_the_command_line_prints() {
    let mut world = World::new();
    world.settings.users.admins = vec![BareJid::new("alice@a.example").unwrap()];
    for (said, typed) in [
        ("Status", "status"),
        ("queue", "queue list"),
        ("queue show 3f --body", "queue show -- 3f --body"),
        ("queue drop 3f silent", "queue drop --silent -- 3f"),
        (
            "map add bob@a.example bob@mail.example Bob the Builder",
            "map add --name=Bob the Builder -- bob@a.example bob@mail.example",
        ),
        ("peer set -x xmpp", "peer set -- -x xmpp"),
        ("log level debug", "log-level -- debug"),
        ("users", "users list"),
        ("users show bob@a.example", "users show -- bob@a.example"),
        ("users forget --help", "users forget -- --help"),
    ] {
        let xml = format!(
            "<message from='alice@a.example/x' to='{GATEWAY}' type='chat' id='s1'><body>{said}</body></message>"
        );
        let asked = world.stanza(&xml);
        assert!(asked.stanzas.is_empty());
        let Some(Operation::Admin { words, language }) = asked.operation else {
            panic!("{said}");
        };
        assert_eq!(words.join(" "), typed);
        for (told, answer) in [
            (Ok("one\ttwo\n".to_owned()), "one · two"),
            (Err("no such thing".to_owned()), "no such thing"),
        ] {
            let operation = Operation::Admin {
                words: words.clone(),
                language,
            };
            world
                .context
                .tell(Some((operation, OperationResult::Said(told))));
            let decision = world.stanza(&xml);
            world.context.tell(None);
            assert!(decision.operation.is_none());
            assert_eq!(body_of(&decision.stanzas[0]), answer);
        }
    }
    let (_, lacks) = world.says(GATEWAY, "s2", "queue show");
    assert!(lacks.contains("queue show ID"), "{lacks}");
}

/// Of the last mail, whatever was written since; by a name that nobody else can ask for.
#[test]
fn the_whole_of_the_last_mail_is_asked_for() {
    let mut world = World::new();
    let raw = |id: u8| {
        format!(
            "From: Carol <carol@mail.example>\r\nTo: alice@chat.a.example\r\nMessage-ID: <{id}@mail.example>\r\nIn-Reply-To: <0@mail.example>\r\n\r\nGreat {id}\r\n\r\n\
             On Mon, Nov 2, 2026 at 10:15 AM alice <alice@chat.a.example> wrote:\r\n\r\n> all of it\r\n"
        )
    };
    let mut ids = Vec::new();
    for id in [1, 2] {
        let decision = world.mail(&raw(id));
        ids.push(decision.stanzas[0].attr("id").unwrap().to_owned());
    }
    world.says(GATEWAY, "m1", "carol@mail.example Fine");
    let alice = BareJid::new("alice@a.example").unwrap();
    let last = StanzaId::parse(&ids[1]).unwrap();
    let expected = Operation::Original(OriginalId::derive(&world.settings.id_key, &alice, &last));
    let ask = |who: &str| {
        format!(
            "<message from='{who}/x' to='{GATEWAY}' type='chat' id='o1'><body>original carol@mail.example</body></message>"
        )
    };
    let asked = world.stanza(&ask("alice@a.example"));
    assert_eq!(asked.operation, Some(expected.clone()));
    assert!(asked.stanzas.is_empty());
    for (told, words) in [
        (
            Some(OriginalText {
                text: "Great 2\n> all of it".to_owned(),
                ..OriginalText::default()
            }),
            "Great 2\n> all of it",
        ),
        (
            None,
            "The whole of the last mail from carol@mail.example is not kept here.",
        ),
    ] {
        world
            .context
            .tell(Some((expected.clone(), OperationResult::Original(told))));
        let decision = world.stanza(&ask("alice@a.example"));
        world.context.tell(None);
        let said = body_of(&decision.stanzas[0]);
        assert!(said.contains(words), "{said}");
    }
    let other = world.stanza(&ask("adam@a.example"));
    assert!(other.operation.is_none());
    assert!(body_of(&other.stanzas[0]).contains("No mail from carol@mail.example"));
}

/// By the address of the contact, in the conversation with it, by the link itself, wherever that was copied from; and all of them.
#[test]
fn links_are_revoked() {
    let mut world = World::new();
    let raw = "From: Carol <carol@mail.example>\r\nTo: alice@chat.a.example\r\nMessage-ID: <1@mail.example>\r\nIn-Reply-To: <0@mail.example>\r\n\r\nGreat\r\n\r\n\
             On Mon, Nov 2, 2026 at 10:15 AM alice <alice@chat.a.example> wrote:\r\n\r\n> all of it\r\n";
    let shown = world.mail(raw);
    let last = StanzaId::parse(shown.stanzas[0].attr("id").unwrap()).unwrap();
    let alice = BareJid::new("alice@a.example").unwrap();
    let page = OriginalId::derive(&world.settings.id_key, &alice, &last);
    let of_page = Operation::Revoke(Links::These(vec![page]));
    const ID: &str = "0123456789abcdef0123456789abcdef";
    let of_link = Operation::Revoke(Links::These(vec![OriginalId::parse(ID).unwrap()]));
    let all = Operation::Revoke(Links::All);
    let mut says = |to: &str, body: &str, told: Option<(&Operation, Option<usize>)>| {
        let told =
            told.map(|(operation, count)| (operation.clone(), OperationResult::Revoked(count)));
        world.context.tell(told);
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/x' to='{to}' type='chat' id='r1'><body>{body}</body></message>"
        ));
        assert!(decision.mails.is_empty(), "{body}");
        decision
    };
    for (to, body, operation) in [
        (GATEWAY, "revoke carol@mail.example".to_owned(), &of_page),
        (CAROL, "/revoke".to_owned(), &of_page),
        (
            GATEWAY,
            format!("revoke https://mail.a.example/m/{ID}"),
            &of_link,
        ),
        (
            GATEWAY,
            format!("revoke The whole mail: https://mail.a.example/x/m/{ID}"),
            &of_link,
        ),
        (
            GATEWAY,
            format!("revoke https://mail.a.example/f/{ID}/a%20photo.png"),
            &of_link,
        ),
        (GATEWAY, "revoke all".to_owned(), &all),
    ] {
        let asked = says(to, &body, None);
        assert_eq!(asked.operation.as_ref(), Some(operation), "{body}");
        assert!(asked.stanzas.is_empty(), "{body}");
    }
    for (operation, count, words) in [
        (&of_link, Some(1), "That link is dead"),
        (&of_link, Some(0), "leads to nothing of yours"),
        (&of_link, Some(3), "3 links are dead"),
        (&of_link, None, "could not delete it"),
        (&all, Some(1), "Your link is dead"),
        (&all, Some(0), "There was no link of yours"),
        (&all, Some(7), "Your 7 links are dead"),
    ] {
        let link = format!("revoke https://mail.a.example/m/{ID}");
        let told = says(GATEWAY, &link, Some((operation, count)));
        assert!(told.operation.is_none());
        let said = body_of(&told.stanzas[0]);
        assert!(said.contains(words), "{said}");
    }
    // Who named a contact is not told of a link: the last mail has none, and one before it may.
    for (to, body) in [(GATEWAY, "revoke carol@mail.example"), (CAROL, "/revoke")] {
        for (count, words) in [
            (0, "The last mail from carol@mail.example has no link"),
            (1, "That link is dead"),
        ] {
            let told = says(to, body, Some((&of_page, Some(count))));
            assert!(told.operation.is_none());
            let said = body_of(&told.stanzas[0]);
            assert!(said.contains(words), "{said}");
        }
    }
    // Nothing of somebody else's is named: the store looks whose it is.
    for no_link in [ID.to_owned(), format!("/m/{ID}0"), "/m/0123".to_owned()] {
        assert_eq!(OriginalId::in_link(&no_link), None, "{no_link}");
    }
}

#[test]
fn a_mail_that_was_shown_whole_is_asked_of_nobody() {
    let mut world = World::new();
    let raw = b"From: carol@mail.example\r\nTo: alice@chat.a.example\r\nMessage-ID: <1@mail.example>\r\n\r\nGreat\r\n";
    world.raw_mail(raw).unwrap();
    // In another conversation by now.
    world.now = world.now.plus(Duration::from_secs(24 * 3600));
    world.says(GATEWAY, "m1", "carol@mail.example Fine");
    let (_, said) = world.says(GATEWAY, "o1", "original carol@mail.example");
    let words = "came yesterday at 12:00 UTC and is in your conversation as it is";
    assert!(said.contains(words), "{said}");
}

#[test]
fn two_words_are_for_the_gateway_in_a_conversation_and_no_more() {
    let mut world = World::new();
    let mut says = |id: &str, body: &str| {
        world.stanza(&format!(
            "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='{id}'><body>{body}</body></message>"
        ))
    };
    for (id, body, words) in [
        ("1", "/Help ", "• carol@mail.example Hello!"),
        ("2", "/original", "No mail from carol@mail.example"),
    ] {
        let decision = says(id, body);
        assert!(decision.mails.is_empty(), "{body}");
        let answer = &decision.stanzas[0];
        assert_eq!(answer.attr("from"), Some(CAROL));
        assert!(body_of(answer).contains(words), "{answer:?}");
    }
    for (id, body) in [
        ("3", "help"),
        ("4", " /help me"),
        ("5", "/organ"),
        ("6", " /contacts"),
    ] {
        assert_eq!(says(id, body).mails.len(), 1, "{body}");
    }
}

#[test]
fn a_contact_is_forgotten_with_what_was_chosen_for_it() {
    let mut world = World::new();
    let (_, said) = world.says(GATEWAY, "r0", "remove carol@mail.example");
    assert_eq!(said, "carol@mail.example is none of your contacts.");
    world.says(GATEWAY, "r1", "carol@mail.example Hello");
    world.says(GATEWAY, "r2", "set quotes keep carol@mail.example");
    world.stanza(&format!(
        "<presence from='alice@a.example' to='{CAROL}' type='subscribe'/>"
    ));
    let (decision, said) = world.says(GATEWAY, "r3", "remove carol@mail.example");
    assert!(
        said.starts_with("carol@mail.example is forgotten here."),
        "{said}"
    );
    let ends = |one: &&Element| one.attr("type") == Some("unsubscribed");
    assert_eq!(decision.stanzas.iter().filter(ends).count(), 1);
    let (_, said) = world.says(GATEWAY, "r4", "options carol@mail.example");
    assert!(!said.contains("your choice for this contact"), "{said}");
    world.says(GATEWAY, "r5", "block carol@mail.example");
    let (_, said) = world.says(GATEWAY, "r6", "remove carol@mail.example");
    assert!(
        said.contains("write first: unblock carol@mail.example"),
        "{said}"
    );
}

#[test]
fn what_became_of_a_message_is_said_to_its_author_and_to_administrators() {
    let mut world = World::new();
    let (_, said) = world.says(GATEWAY, "w0", "where carol@mail.example");
    assert!(
        said.starts_with("No message to carol@mail.example is known"),
        "{said}"
    );
    world.stanza(&format!(
        "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='c1'><body>Lunch?</body></message>"
    ));
    let (_, said) = world.says(GATEWAY, "w1", "where carol@mail.example");
    let words =
        "The last message to carol@mail.example, “Lunch?”, was accepted here today at 12:00 UTC:\n";
    assert!(
        said.starts_with(words) && said.contains("Its Message-ID is "),
        "{said}"
    );
    let of = "where of alice@a.example carol@mail.example";
    let (_, said) = world.says(GATEWAY, "w2", of);
    assert!(!said.contains("Lunch"), "{said}");
    world.settings.users.admins = vec![BareJid::new("alice@a.example").unwrap()];
    let (_, said) = world.says(GATEWAY, "w3", of);
    assert!(said.starts_with(words), "{said}");
    let (_, said) = world.says(
        GATEWAY,
        "w4",
        "where of eve@elsewhere.example carol@mail.example",
    );
    assert!(said.contains("is no user of this gateway"), "{said}");
}

/// The message itself stands in the conversation with the gateway, where no answer can show it.
#[test]
fn an_answer_to_what_was_written_by_the_gateway_answers_the_line_that_begins_the_conversation() {
    let mut world = World::new();
    let (sent, _) = world.says(GATEWAY, "w1", "carol@mail.example Shall we have lunch?");
    let is_begin = |one: &&Element| one.attr("from") == Some(CAROL);
    let begin = sent.stanzas.iter().find(is_begin).unwrap();
    let begin = begin.attr("id").unwrap().to_owned();
    let mail = sent.mails[0].job.message_id.clone();
    let answer = world.mail(&format!(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <a1@mail.example>\n\
         In-Reply-To: <{mail}>\nReferences: <{mail}>\n\n\
         On 11/22/26 12:00, alice wrote:\n> Shall we have lunch?\n\nGladly!\n"
    ));
    let words = answer
        .stanzas
        .iter()
        .find(|one| body_of(one).contains("Gladly!"));
    let reply = words
        .unwrap()
        .children()
        .find(|child| child.name() == "reply");
    assert_eq!(reply.unwrap().attr("id"), Some(begin.as_str()));
}

/// Some clients show that a message failed, and not the reason in the error.
#[test]
fn where_says_why_a_message_was_refused() {
    let mut world = World::new();
    let sent = world.stanza(&format!(
        "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='c1'><body>Lunch?</body></message>"
    ));
    let refused = Outcome::Refused(Reply {
        code: Some(550),
        text: "no such user here".to_owned(),
        ..Reply::default()
    });
    world.outcome(&sent.mails[0].job, refused, JobVerdict::Done);
    let (_, said) = world.says(GATEWAY, "w1", "where carol@mail.example");
    let fate: Vec<&str> = said.lines().skip(1).collect();
    assert_eq!(fate.len(), 2, "the reason, and the Message-ID: {said}");
    assert!(
        fate[0].contains("was not delivered: 550 “no such user here”"),
        "{said}"
    );
}

fn gone() -> Traces {
    Traces {
        rows: RowCounts {
            contacts: 3,
            options: 2,
            messages: 12,
            threads: 4,
            seen: 9,
            presence: 1,
            pairs: 1,
            avatars: 0,
        },
        waiting: 5,
        under_way: 0,
        originals: 6,
        files: 7,
    }
}

/// It is asked for twice, it is done for whom the stanza comes from, and nothing is noted of somebody who was just forgotten.
#[test]
fn who_wants_to_be_forgotten_says_so_twice_and_reads_what_was_deleted() {
    let mut world = World::new();
    world.settings.own_names = OwnNames::Card;
    let say = |words: &str| {
        format!(
            "<message from='alice@a.example/phone' to='{GATEWAY}' type='chat' id='f1' xml:lang='de'><body>{words}</body></message>"
        )
    };
    for words in [
        "forget me",
        "vergiss mich",
        "delete my data?",
        "forget me adam@a.example",
    ] {
        let asked = world.stanza(&say(words));
        assert!(asked.operation.is_none(), "{words}");
        let said = body_of(&asked.stanzas[0]);
        assert!(
            said.ends_with("schreib: vergiss mich ja"),
            "{words}: {said}"
        );
    }
    for words in ["forget me no", "vergiss mich nein", "Vergiss mich Nein!"] {
        let kept = world.stanza(&say(words));
        assert!(
            kept.operation.is_none() && kept.writes.is_empty(),
            "{words}"
        );
        let said = body_of(&kept.stanzas[0]);
        assert!(
            said.starts_with("Es wurde nichts gelöscht."),
            "{words}: {said}"
        );
    }
    // Somebody else's address is a contact of one's own at most.
    let other = world.stanza(&say("forget adam@a.example"));
    assert!(other.operation.is_none());
    for (words, traces, answer) in [
        (
            "vergiss mich ja",
            gone(),
            "Kontakte: 3; Nachrichten: 12; Unterhaltungen: 4; was du gewählt hast: 2; Merkzeichen erledigter Mails: 9; aufbewahrte Mails und Dateien: 13; wartende Mails: 5.\nZugestellte Mails",
        ),
        (
            "Forget me YES!",
            Traces {
                under_way: 2,
                ..gone()
            },
            "gerade unterwegs sind: 2.\nZugestellte",
        ),
        (
            "vergiss mich Ja.",
            Traces::default(),
            "Über dich war nichts gespeichert.",
        ),
    ] {
        let asked = world.stanza(&say(words));
        assert!(asked.mails.is_empty() && asked.stanzas.iter().all(|one| one.name() == "iq"));
        let operation = asked.operation.expect("it is to be done");
        assert!(
            matches!(operation, Operation::Forget { .. }),
            "{operation:?}"
        );
        world.context = Context::new();
        world
            .context
            .tell(Some((operation, OperationResult::Forgotten(traces))));
        let decision = world.stanza(&say(words));
        world.context.tell(None);
        let said = body_of(&decision.stanzas[0]);
        assert!(said.contains(answer), "{said}");
        assert!(decision.operation.is_none());
        let rows = format!("{:?}", decision.writes);
        assert!(
            !rows.contains("alice"),
            "no row of somebody who was forgotten: {rows}"
        );
        assert_eq!(decision.stanzas.len(), 1, "nor a question for a name");
    }
    let asked = world.stanza(&say("forget me yes"));
    world.context.tell(
        asked
            .operation
            .map(|operation| (operation, OperationResult::Busy)),
    );
    let busy = world.stanza(&say("forget me yes"));
    world.context.tell(None);
    assert!(!body_of(&busy.stanzas[0]).contains("gelöscht"), "{busy:?}");
}

/// What was chosen is forgotten by the time when the words are read once more.
#[test]
fn the_answer_to_who_is_forgotten_is_in_the_language_that_was_chosen() {
    for (language, asks, answer) in [
        ("de", "vergiss mich", "Kontakte: 3;"),
        ("fr", "oublie-moi", "contacts : 3"),
        ("es", "olvídame", "contactos: 3"),
        ("ru", "забудь меня", "контакты: 3"),
    ] {
        let mut world = World::new();
        let (_, chosen) = world.says(GATEWAY, "l1", &format!("set language {language}"));
        assert!(!chosen.is_empty());
        let (_, sure) = world.says(GATEWAY, "f1", asks);
        let yes = sure.rsplit(": ").next().unwrap().trim().to_owned();
        assert!(yes.starts_with(asks), "{sure}");
        let said = format!(
            "<message from='alice@a.example/phone' to='{GATEWAY}' type='chat' id='f2'><body>{yes}</body></message>"
        );
        let operation = world.stanza(&said).operation.expect("it is to be done");
        world.context = Context::new();
        world
            .context
            .tell(Some((operation, OperationResult::Forgotten(gone()))));
        let told = body_of(&world.stanza(&said).stanzas[0]);
        assert!(
            told.to_lowercase().contains(&answer.to_lowercase()),
            "{told}"
        );
    }
}

/// The contact has begun another subject since.
#[test]
fn where_finds_the_last_message_also_in_a_thread_before_the_last() {
    let mut world = World::new();
    let carol = "carol\\40mail.example@gateway.a.example";
    world.stanza(&format!(
        "<message from='alice@a.example/phone' to='{carol}' type='chat' id='1'><body>Are you there?</body></message>"
    ));
    world.wait(std::time::Duration::from_secs(60));
    world.arrives(
        "From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nMessage-ID: <new@mail.example>\n\
         Subject: Something else\n\nHello\n",
    );
    let (_, said) = world.says(GATEWAY, "w", "where carol@mail.example");
    assert!(said.contains("Are you there?"), "{said}");
    world.stanza(&format!(
        "<message from='alice@a.example/phone' to='{carol}' type='chat' id='2'><body>Yes, else</body></message>"
    ));
    let (_, said) = world.says(GATEWAY, "w2", "where carol@mail.example");
    assert!(said.contains("Yes, else"), "{said}");
}

#[test]
fn a_form_that_says_away_reads_its_day_by_name_and_asks_where_it_is_none() {
    let mut world = World::new();
    let mut filled = |until: &str| {
        let (_, begun) = world.command("node='away' action='execute'", &[]);
        let session = begun.attr("sessionid").unwrap().to_owned();
        let attributes = format!("node='away' sessionid='{session}' action='complete'");
        let (_, answer) = world.command(&attributes, &[("until", until), ("text", "In Rome")]);
        String::from(&answer)
    };
    let said = filled("friday");
    assert!(
        said.contains("is answered until 20") && said.contains("“In Rome”"),
        "{said}"
    );
    let said = filled("soon");
    assert!(said.contains("“soon” is no day"), "{said}");
}

#[test]
fn a_menu_asks_before_it_forgets() {
    let mut world = World::new();
    let (_, begun) = world.command("node='forget-me' action='execute'", &[]);
    let session = begun.attr("sessionid").unwrap().to_owned();
    let shown = String::from(&begun);
    assert!(
        shown.contains("It cannot be undone") && shown.contains("<value>yes</value>"),
        "{shown}"
    );
    let attributes = format!("node='forget-me' sessionid='{session}' action='complete'");
    for fields in [
        &[("sure", "")][..],
        &[("step", "0")],
        &[("sure", "perhaps")],
    ] {
        let (decision, again) = world.command(&attributes, fields);
        assert!(decision.operation.is_none());
        assert_eq!(again.attr("status"), Some("executing"), "{again:?}");
    }
    let mut other = World::new();
    let (_, begun) = other.command("node='forget-me' action='execute'", &[]);
    let session = begun.attr("sessionid").unwrap();
    let of_other = format!("node='forget-me' sessionid='{session}' action='complete'");
    let (decision, kept) = other.command(&of_other, &[("sure", "no")]);
    assert!(decision.operation.is_none());
    assert_eq!(kept.attr("status"), Some("completed"));
    assert!(note(&kept).starts_with("Nothing is deleted."), "{kept:?}");
    let xml = format!(
        "<iq from='alice@a.example/phone' to='{GATEWAY}' type='set' id='i1'><command xmlns='{COMMANDS}' {attributes}>{}</command></iq>",
        form(&[("sure", "yes")])
    );
    let decision = world.stanza(&xml);
    assert!(decision.stanzas.is_empty());
    world.context.tell(
        decision
            .operation
            .map(|operation| (operation, OperationResult::Forgotten(gone()))),
    );
    let done = world.stanza(&xml);
    let command = done.stanzas[0].children().next().unwrap();
    assert_eq!(command.attr("status"), Some("completed"));
    assert!(note(command).contains("Contacts: 3;"), "{command:?}");
    // The form of another client is none.
    world.context.tell(None);
    let other = world.stanza(&xml.replace("alice@a.example/phone", "adam@a.example/x"));
    assert!(other.operation.is_none());
}

/// XEP-0077 §3.2, as clients say it that a gateway is taken out of.
/// What there is of somebody can be seen and removed, whoever the configuration allows by now.
#[test]
fn who_is_denied_by_now_can_be_removed_and_not_written_to() {
    let mut world = World::new();
    world.says(GATEWAY, "1", "carol@mail.example Hello");
    world.settings.contacts.deny = vec!["mail.example".parse().unwrap()];
    let (_, shown) = world.says(GATEWAY, "2", "options carol@mail.example");
    assert!(shown.contains("carol@mail.example"), "{shown}");
    for (id, words) in [
        ("3", "carol@mail.example Are you there?"),
        ("4", "carol@mail.example"),
    ] {
        let (decision, why) = world.says(GATEWAY, id, words);
        assert!(decision.mails.is_empty());
        assert!(why.contains("not allow"), "{why}");
    }
    // Nobody learns what there is of others.
    let (_, why) = world.says(GATEWAY, "5", "options dave@mail.example");
    assert!(why.contains("not allow"), "{why}");
    let (_, gone) = world.says(GATEWAY, "6", "remove carol@mail.example");
    assert!(gone.contains("carol@mail.example"), "{gone}");
    let (_, why) = world.says(GATEWAY, "7", "remove carol@mail.example");
    assert!(why.contains("not allow"), "{why}");
}

#[test]
fn who_removes_a_registration_is_forgotten() {
    let mut world = World::new();
    let ask = |from: &str, to: &str, kind: &str, inner: &str| {
        format!(
            "<iq from='{from}/x' to='{to}' type='{kind}' id='r1'><query xmlns='jabber:iq:register'>{inner}</query></iq>"
        )
    };
    for (from, to, kind, inner) in [
        ("eve@evil.example", GATEWAY, "set", "<remove/>"),
        ("alice@a.example", CAROL, "set", "<remove/>"),
        ("alice@a.example", GATEWAY, "get", "<remove/>"),
        (
            "alice@a.example",
            GATEWAY,
            "set",
            "<username>bob</username><remove/>",
        ),
        (
            "alice@a.example",
            GATEWAY,
            "set",
            "<remove/><username>bob</username>",
        ),
        ("alice@a.example", GATEWAY, "set", "<remove xmlns='other'/>"),
        ("alice@a.example", GATEWAY, "set", ""),
    ] {
        let refused = world.stanza(&ask(from, to, kind, inner));
        assert!(refused.operation.is_none(), "{from} {inner}");
        assert_eq!(
            refused.stanzas[0].attr("type"),
            Some("error"),
            "{from} {inner}"
        );
    }
    let xml = ask("alice@a.example", GATEWAY, "set", "<remove/>");
    for told in [OperationResult::Forgotten(gone()), OperationResult::Busy] {
        let asked = world.stanza(&xml);
        assert!(asked.stanzas.is_empty());
        let is_done = told != OperationResult::Busy;
        world
            .context
            .tell(asked.operation.map(|operation| (operation, told)));
        let done = world.stanza(&xml);
        world.context.tell(None);
        let kind = if is_done { "result" } else { "error" };
        assert_eq!(done.stanzas[0].attr("type"), Some(kind));
        assert!(!format!("{:?}", done.writes).contains("alice"));
    }
}

/// Who does not know what there is gets a line or two; all commands are for who asks for them.
#[test]
fn what_is_no_command_is_answered_by_a_line_or_two() {
    let mut world = World::new();
    for body in ["stop", "spam", "tell me more", "carol"] {
        let (decision, said) = world.says(GATEWAY, "u1", body);
        assert!(decision.mails.is_empty());
        let begins = format!("“{body}” is no command here. Nothing was sent to anybody.\n");
        assert!(said.starts_with(&begins), "{said}");
        assert!(
            said.ends_with("carol@mail.example Hello! “help” lists everything."),
            "{said}"
        );
        assert_eq!(said.lines().count(), 2, "{said}");
    }
    for (body, words) in [
        ("hi", "Hello! This is the e-mail gateway."),
        ("Good morning!", "Hello! This is the e-mail gateway."),
        ("thank you", "You are welcome."),
        ("Thanks!!", "You are welcome."),
    ] {
        let (_, said) = world.says(GATEWAY, "u2", body);
        assert!(said.starts_with(words), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let (_, help) = world.says(GATEWAY, "u3", "help");
    assert!(help.lines().count() > 15, "{help}");
}

#[test]
fn what_people_write_of_themselves_works() {
    let mut world = World::new();
    for (body, mails, words) in [
        ("send mail to carol@mail.example", 0, LINK),
        ("new message to carol@mail.example", 0, LINK),
        ("add carol@mail.example", 0, LINK),
        ("Invite: Carol &lt;carol@mail.example&gt;", 0, LINK),
        ("my mail address", 0, "alice@chat.a.example"),
        ("What is my address?", 0, "alice@chat.a.example"),
        ("show contacts", 0, "no mail contacts yet"),
        ("list contacts", 0, "no mail contacts yet"),
        ("how many mails wait?", 0, "Nothing waits"),
        ("delete carol@mail.example", 0, "is none of your contacts"),
        ("email carol@mail.example hi", 1, LINK),
        ("new message to carol@mail.example hi", 1, LINK),
        (
            "block Carol &lt;carol@mail.example&gt;",
            0,
            "Mails of carol@mail.example are not shown to you",
        ),
    ] {
        let (decision, said) = world.says(GATEWAY, body.split(' ').next().unwrap(), body);
        assert_eq!(decision.mails.len(), mails, "{body}");
        assert!(said.contains(words), "{body}: {said}");
    }
    let german = world.stanza(&format!(
        "<message from='alice@a.example/x' to='{GATEWAY}' type='chat' id='d1' xml:lang='de'><body>Füge hinzu: dave@mail.example</body></message>"
    ));
    assert!(german.mails.is_empty());
    assert!(body_of(&german.stanzas[0]).contains("xmpp:dave%5C40mail.example@"));
}

/// Nobody is written to by guess.
#[test]
fn how_to_write_to_an_address_is_said_where_it_stands_in_other_words() {
    let mut world = World::new();
    let offered = "To write to carol@mail.example, send: carol@mail.example your text";
    for body in [
        "Carol &lt;carol@mail.example&gt; hello",
        "please tell carol@mail.example that I am late",
        "add carol@mail.example to my friends",
    ] {
        let (decision, said) = world.says(GATEWAY, "o1", body);
        assert!(decision.mails.is_empty() && decision.writes.is_empty());
        assert!(said.ends_with(offered), "{said}");
    }
    let both = "tell carol@mail.example and dave@mail.example";
    let (_, said) = world.says(GATEWAY, "o2", both);
    assert!(said.ends_with("“help” lists everything."), "{said}");
}

#[test]
fn a_contact_may_be_named_in_short_and_is_asked_about() {
    let mut world = World::new();
    let contact = |mail: &str, name: &str, is_written_to: bool| {
        let contact = Contact {
            is_written_to,
            name: Some(name.to_owned()),
            ..Contact::default()
        };
        (MailAddress::parse(mail).unwrap(), contact)
    };
    let contacts = vec![
        contact("carol@mail.example", "Carol Miller", true),
        contact("carol@other.example", "dave", false),
        contact("dave@mail.example", "D", true),
        contact("dave@other.example", "D", true),
    ];
    let alice = BareJid::new("alice@a.example").unwrap();
    world
        .context
        .insert(Need::ContactsOf(alice), Some(Row::Contacts(contacts)));
    for (body, example) in [
        ("remove carol", "remove carol@mail.example"),
        ("Block Carol", "block carol@mail.example"),
        ("unblock carol", "unblock carol@mail.example"),
        ("where carol miller", "where carol@mail.example"),
        ("original “Carol”", "original carol@mail.example"),
        ("accept carol", "accept carol@mail.example"),
        ("options carol", "options carol@mail.example"),
        (
            "set quotes keep carol",
            "set quotes keep carol@mail.example",
        ),
        ("write carol hello", "write carol@mail.example hello"),
    ] {
        let (decision, said) = world.says(GATEWAY, "s1", body);
        assert!(decision.writes.is_empty() && decision.mails.is_empty());
        let words = format!("Did you mean carol@mail.example? Then send: {example}");
        assert!(said.ends_with(&words), "{body}: {said}");
    }
    // Of two that are called so, and of nobody.
    for body in ["remove dave", "remove zoe"] {
        let (_, said) = world.says(GATEWAY, "s2", body);
        assert!(said.ends_with("is not of the form name@domain."), "{said}");
    }
}

/// A command that was meant for the gateway is not mailed to a contact.
#[test]
fn a_command_behind_a_slash_is_not_mailed() {
    let mut world = World::new();
    let mut says = |id: &str, attributes: &str, body: &str| {
        world.stanza(&format!(
            "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='{id}'{attributes}><body>{body}</body></message>"
        ))
    };
    let german = " xml:lang='de'";
    for (id, attributes, body) in [
        ("1", "", "/contacts"),
        ("2", "", "/waiting"),
        ("3", "", "/help me"),
        ("4", "", "/Send now 3fa91c"),
        ("5", "", "/block eve@mail.example"),
        ("6", german, "/kontakte"),
        ("7", german, "/contacts"),
    ] {
        let decision = says(id, attributes, body);
        assert!(
            decision.mails.is_empty() && decision.strangers == 0,
            "{body}"
        );
        let answer = &decision.stanzas[0];
        assert_eq!(answer.attr("from"), Some(CAROL));
        let said = body_of(answer);
        assert!(said.contains(body), "{said}");
        assert!(
            said.contains(":\nxmpp:help@gateway.a.example?message"),
            "{said}"
        );
    }
    // Nor is a slip, and one of another language.
    for (id, attributes, body, meant) in [
        ("s1", "", "/waitng", "waiting"),
        ("s2", "", "/contcts", "contacts"),
        ("s3", " xml:lang='fr'", "/kontakte", "kontakte"),
        ("s4", german, "/orignal", "original"),
    ] {
        let decision = says(id, attributes, body);
        assert!(decision.mails.is_empty(), "{body}");
        let said = body_of(&decision.stanzas[0]);
        assert!(said.contains(body) && said.contains(meant), "{said}");
    }
    for (id, body) in [
        ("8", " /contacts"),
        ("s5", "/home/alice"),
        ("s6", "/s/tuseday/tuesday"),
        ("s7", "/waitng\nfor you"),
        ("s8", "/waitng for godot"),
        ("9", "/me waves"),
        ("10", "/contacts\nare people"),
        ("11", "/etc/hosts"),
        ("12", "//contacts"),
        ("13", "contacts"),
    ] {
        assert_eq!(says(id, " xml:lang='en'", body).mails.len(), 1, "{body}");
    }
    // What is corrected as the gateway advises was never mailed, and is new to whoever reads it.
    let corrected = world.stanza(&format!(
        "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='1c'><body> /contacts</body><replace xmlns='urn:xmpp:message-correct:0' id='1'/></message>"
    ));
    let mail = mail_text(&corrected);
    assert!(
        mail.contains(" /contacts") && !mail.contains("Correction"),
        "{mail}"
    );
    // What needs a contact and nothing else is done for this one.
    for (id, body, words) in [
        (
            "14",
            "/where",
            "The last message to carol@mail.example, “/contacts”",
        ),
        (
            "15",
            "/options",
            "How mails of carol@mail.example are shown",
        ),
        ("16", "/block", "Mails of carol@mail.example are not shown"),
    ] {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='{id}' xml:lang='en'><body>{body}</body></message>"
        ));
        assert!(decision.mails.is_empty(), "{body}");
        let said = body_of(&decision.stanzas[0]);
        assert!(said.starts_with(words), "{said}");
    }
}

/// What is said to the gateway as to a person is not carried out by guess.
#[test]
fn a_sentence_is_asked_about() {
    let mut world = World::new();
    let table = [
        (
            "en",
            "My name is Bob and I need help with my account",
            "for example: my name is Alice",
        ),
        (
            "en",
            "my name is Bob and I am late",
            "for example: my name is Alice",
        ),
        (
            "en",
            "call me when you have an hour",
            "for example: my name is Alice",
        ),
        (
            "de",
            "ich heiße Bob und brauche Hilfe",
            "zum Beispiel: ich heiße Alice",
        ),
        (
            "fr",
            "je m'appelle Bob et je suis en retard",
            "par exemple : mon nom est Alice",
        ),
        (
            "es",
            "me llamo Bob y necesito ayuda",
            "por ejemplo: mi nombre es Alice",
        ),
        (
            "ru",
            "меня зовут Боб и мне нужна помощь",
            "например: меня зовут Alice",
        ),
        (
            "en",
            "mail carol@mail.example about the invoice",
            "send: carol@mail.example your text",
        ),
        (
            "en",
            "write to carol@mail.example that I am late",
            "send: carol@mail.example your text",
        ),
        (
            "en",
            "email <carol@mail.example> if you can",
            "send: carol@mail.example your text",
        ),
        (
            "de",
            "schreib an carol@mail.example dass ich komme",
            "sende: carol@mail.example dein Text",
        ),
        (
            "de",
            "write carol@mail.example to say hello",
            "sende: carol@mail.example dein Text",
        ),
        (
            "fr",
            "écris à carol@mail.example que je viens",
            "envoie : carol@mail.example ton texte",
        ),
        (
            "es",
            "escribe a carol@mail.example sobre la cena",
            "envía: carol@mail.example tu texto",
        ),
        (
            "ru",
            "напиши carol@mail.example о встрече",
            "отправь: carol@mail.example твой текст",
        ),
    ];
    for (number, (language, body, words)) in table.into_iter().enumerate() {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/phone' to='{GATEWAY}' type='chat' id='s{number}' xml:lang='{language}'><body>{}</body></message>",
            body.replace('<', "&lt;")
        ));
        let said = body_of(&decision.stanzas[0]);
        assert!(said.contains(words), "{body}: {said}");
        assert!(decision.mails.is_empty(), "{body}");
        let is_named = |write: &Write| matches!(write, Write::Options(_, None, options) if options.name.is_some());
        assert!(!decision.writes.iter().any(is_named), "{body}");
    }
    for name in [
        "Bob",
        "María del Carmen de la Cruz",
        "José Ortega y Gasset",
        "Tim and Tina",
    ] {
        let (_, said) = world.says(GATEWAY, name, &format!("my name is {name}"));
        assert!(said.contains(&format!("{name} <")), "{said}");
    }
    for (body, text) in [
        ("carol@mail.example about the invoice", "about the invoice"),
        ("write to carol@mail.example That is fine", "That is fine"),
        ("mail carol@mail.example thanks!", "thanks!"),
    ] {
        let (decision, _) = world.says(GATEWAY, body, body);
        assert!(mail_text(&decision).contains(text), "{body}");
    }
}

#[test]
fn an_answer_advises_what_was_wanted() {
    let mut world = World::new();
    let (_, said) = world.says(GATEWAY, "a1", "accept nobody@x.example");
    assert!(said.ends_with("send: nobody@x.example your text"), "{said}");
    let (decision, said) = world.says(GATEWAY, "a2", "block carol@mail.example please");
    assert!(
        said.starts_with("Mails of carol@mail.example are not"),
        "{said}"
    );
    assert_eq!(decision.writes.len(), 1);
    for body in ["my name is \"Bob\" &lt;x@y&gt;", "my name is x@y"] {
        let (decision, said) = world.says(GATEWAY, body, body);
        assert!(said.contains("the address of somebody else"), "{said}");
        assert!(decision.writes.is_empty());
    }
    // What turns around what stands behind it is not shown again.
    let (_, begun) = world.command("node='block' action='execute'", &[]);
    let session = begun.attr("sessionid").unwrap().to_owned();
    let attributes = format!("node='block' sessionid='{session}' action='complete'");
    let (_, refused) = world.command(&attributes, &[("address", "evil\u{202E}gro.elpmaxe@moc")]);
    let refused = String::from(&refused);
    assert!(
        refused.contains("evil") && !refused.contains('\u{202E}'),
        "{refused}"
    );
}

#[test]
fn a_jid_of_this_server_without_a_mail_address_is_not_mailed_to() {
    let mut world = World::new();
    let (decision, said) = world.says(GATEWAY, "j1", "bob@a.example hi");
    assert!(decision.mails.is_empty() && decision.writes.is_empty());
    assert!(
        said.starts_with("bob@a.example belongs to this chat server."),
        "{said}"
    );
    assert!(said.contains("xmpp:bob@a.example?message"), "{said}");
    let contact = "bob\\40a.example@gateway.a.example";
    assert!(said.contains(contact), "{said}");
    // Who means the mail address is not kept from it, and not asked again.
    let (decision, _) = world.says(GATEWAY, "j2", &format!("{contact} hi"));
    assert_eq!(decision.mails.len(), 1);
    let (decision, _) = world.says(GATEWAY, "j3", "bob@a.example hi again");
    assert_eq!(decision.mails.len(), 1);
}

#[test]
fn what_is_wrong_or_missing_is_named() {
    let mut world = World::new();
    for (body, words) in [
        (
            "set strangers",
            "strangers takes mark, show, request or hold, or default. Write for example: set strangers mark",
        ),
        (
            "carol@mail,example hi",
            "“mail,example” is not a domain name.",
        ),
        (
            "set language default",
            "Your choice is taken back. From now on, what this gateway says to you is in English, the gateway's default.",
        ),
        (
            "set quotes default carol@mail.example",
            "Your choice for carol@mail.example is taken back. From now on, quoted history and signatures below an answer are not shown there, as for all your contacts.",
        ),
        (
            "where carol@mail.example",
            "No message to carol@mail.example is known here.",
        ),
    ] {
        let (decision, said) = world.says(GATEWAY, "n1", body);
        assert!(decision.mails.is_empty());
        assert_eq!(said, words);
    }
}

/// What is answered while three lines wait in one mail, of which the queue says this.
fn asked_while_lines_wait(body: &str, change: impl Fn(&mut Job)) -> String {
    let mut world = World::new();
    world.waits = true;
    let mut job = None;
    for id in ["1", "2", "3"] {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='{id}'><body>Line {id}</body></message>"
        ));
        job = decision.mails.into_iter().next().map(|mail| mail.job);
    }
    let mut job = job.unwrap();
    change(&mut job);
    let stage = JobStage::Waits;
    wait_for(
        &mut world,
        "alice@a.example",
        vec![WaitingJob { job, stage }],
    );
    world.says(GATEWAY, "q1", body).1
}

#[test]
fn a_mail_that_waits_is_named_by_all_its_lines_and_by_who_said_why() {
    for body in ["waiting", "where carol@mail.example"] {
        let said = asked_while_lines_wait(body, |_| ());
        assert!(said.contains("“Line 1” and 2 more lines"), "{said}");
    }
    for (lines, words) in [(2, "“Line 1” and 1 more line ·"), (1, "“Line 1” ·")] {
        let said = asked_while_lines_wait("waiting", |job| {
            job.draft.as_mut().unwrap().lines.truncate(lines);
        });
        assert!(said.contains(words), "{said}");
    }
    for (code, text, words) in [
        (
            None,
            "the gateway's mail server cannot be reached",
            "\nThe last attempt failed: the mail server could not be reached\n",
        ),
        (
            Some(450),
            "4.2.0 busy",
            "\nThe mail server says: 450 “4.2.0 busy”\n",
        ),
    ] {
        let said = asked_while_lines_wait("where carol@mail.example", |job| {
            job.last_reply = Some(Reply {
                code,
                text: text.to_owned(),
                ..Reply::default()
            });
        });
        assert!(said.contains(words), "{said}");
    }
}

/// As a file, or as messages; of nobody else, whoever is named.
#[test]
fn a_user_is_given_all_that_is_stored() {
    let mut world = World::new();
    for words in ["export adam@a.example", "export of goods"] {
        let (decision, _) = world.says(GATEWAY, "e0", words);
        assert!(decision.operation.is_none(), "{words}");
    }
    let export = "<message from='alice@a.example/x' to='gateway.a.example' type='chat' id='e1'><body>export</body></message>";
    let asked = world.stanza(export);
    let operation = asked.operation.expect("it is to be done");
    let mail = Some("alice@chat.a.example".parse().unwrap());
    assert!(
        matches!(&operation, Operation::Export { mail: of, about } if *of == mail && about.len() == 11)
    );
    let mut told = |told: OperationResult| {
        world.context.tell(Some((operation.clone(), told)));
        let decision = world.stanza(export);
        world.context.tell(None);
        let bodies: Vec<String> = decision.stanzas.iter().map(body_of).collect();
        bodies
    };
    let data = |told, is_cut| {
        let count = 2;
        let data = ExportedData {
            count,
            is_cut,
            told,
        };
        OperationResult::Exported(Some(data))
    };
    let link = ExportedAs::Link {
        link: "https://mail.a.example/f/1/stanzamail.json".to_owned(),
        until: Timestamp::from_secs(1_790_000_000),
    };
    let said = told(data(link, false));
    assert_eq!(said.len(), 1);
    assert!(
        said[0].ends_with("until 2026-09-21: https://mail.a.example/f/1/stanzamail.json"),
        "{said:?}"
    );
    let parts = ["{\"kind\":\"user\"}", "{\"kind\":\"contact\"}"].map(str::to_owned);
    let said = told(data(ExportedAs::Messages(parts.to_vec()), true));
    let [first, rest @ ..] = said.as_slice() else {
        panic!("nothing is said");
    };
    assert!(
        first.contains("in 2 messages.\nIt is more than fits"),
        "{first}"
    );
    assert_eq!(rest, parts);
    let said = told(OperationResult::Exported(None));
    assert!(said[0].starts_with("What is stored about you cannot be read"));
    let said = told(OperationResult::Busy);
    assert!(said[0].starts_with("The gateway has too much to do"));
}

#[test]
fn spam_is_reported_to_administrators_once_in_a_while() {
    let mut world = World::new();
    let admin = BareJid::new("adam@a.example").unwrap();
    world.settings.users.admins = vec![admin.clone()];
    let told = |decision: &Decision| {
        let to = |one: &&Element| one.attr("to") == Some(admin.as_str());
        let told: Vec<String> = decision.stanzas.iter().filter(to).map(body_of).collect();
        told
    };
    let (plain, _) = world.says(GATEWAY, "s0", "block mallory@evil.example");
    assert!(told(&plain).is_empty() && plain.notes.is_empty());
    let (decision, said) = world.says(GATEWAY, "s1", "block eve@evil.example spam");
    assert!(
        said.contains("Whoever runs this gateway is told that eve@evil.example"),
        "{said}"
    );
    assert_eq!(decision.notes.len(), 1);
    let words = told(&decision);
    assert!(
        words[0].starts_with("alice@a.example has blocked eve@evil.example"),
        "{words:?}"
    );
    // Again, and another one: in the log alone.
    let (again, _) = world.says(GATEWAY, "s2", "block eve@evil.example, spam!");
    assert!(told(&again).is_empty() && again.notes.is_empty());
    let (other, said) = world.says(GATEWAY, "s3", "block dave@evil.example: SPAM");
    assert!(said.contains("dave@evil.example sends spam"), "{said}");
    assert!(told(&other).is_empty() && other.notes.len() == 1);
    world.wait(Duration::from_secs(11 * 60));
    let (later, _) = world.says(GATEWAY, "s4", "block zoe@evil.example spam");
    assert_eq!(told(&later).len(), 1);
    // Who is called so is no spam.
    let (_, said) = world.says(GATEWAY, "s5", "block spam");
    assert!(!said.contains("sends spam"), "{said}");
}

#[test]
fn the_name_of_a_contact_alone_is_answered_with_how_to_write_to_them() {
    let mut world = World::new();
    let (_, said) = World::new().says(GATEWAY, "n0", "frank");
    assert!(!said.contains("Did you mean"), "{said}");
    let alice = BareJid::new("alice@a.example").unwrap();
    let none = Some(Row::Contacts(Vec::new()));
    world.context.insert(Need::ContactsOf(alice.clone()), none);
    for (mail, name) in [
        ("frank@mail.example", None),
        ("fm@mail.example", Some("Frank Meier")),
        ("carol@mail.example", Some("Carol")),
    ] {
        let contact = Contact {
            name: name.map(str::to_owned),
            is_written_to: true,
            ..Contact::default()
        };
        let write = Write::Contact(alice.clone(), mail.parse().unwrap(), contact);
        world.context.apply(&[write]);
    }
    let (decision, said) = world.says(GATEWAY, "n1", "Carol");
    assert!(
        said.ends_with("Then send: write carol@mail.example"),
        "{said}"
    );
    assert!(decision.mails.is_empty());
    let (_, said) = world.says(GATEWAY, "n2", "frank?");
    assert!(
        said.contains("fm@mail.example or frank@mail.example"),
        "{said}"
    );
    for (id, words) in [
        ("n3", "frank and carol are here"),
        ("n4", "hello"),
        ("n5", "meier, no"),
    ] {
        let (_, said) = world.says(GATEWAY, id, words);
        assert!(!said.contains("Did you mean"), "{words}: {said}");
    }
}
