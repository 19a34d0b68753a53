//! How mails call their authors: by what their own cards say, for which their server is asked when they turn to the gateway.

use crate::decided::World;
use stanzamail::core::address::MailAddress;
use stanzamail::core::context::Write;
use stanzamail::core::decide::Decision;
use stanzamail::core::record::{Pair, PairOrigin};
use stanzamail::core::settings::OwnNames;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
static NEXT: AtomicU32 = AtomicU32::new(0);
/// What Adam says where it does not matter what.
const WORDS: &str = "<body>Hi</body>";

struct Asked(World);

impl Asked {
    fn new() -> Self {
        let mut world = World::new();
        world.settings.own_names = OwnNames::Card;
        Self(world)
    }

    fn wait(&mut self, time: Duration) {
        self.0.wait(time);
    }

    fn stanza(&mut self, xml: &str) -> Decision {
        self.0.stanza(xml)
    }

    fn message(&mut self, to: &str, children: &str) -> Decision {
        // The same words once more are another message.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        self.stanza(&format!(
            "<message from='adam@a.example/phone' to='{to}' type='chat' id='{id}'>{children}</message>"
        ))
    }

    /// Adam does something in the conversation with Carol; the ids of the questions that follow.
    fn says(&mut self, children: &str) -> Vec<String> {
        questions(&self.message("carol\\40mail.example@gateway.a.example", children))
    }

    /// Who the mail is from that Adam's message becomes.
    fn from(&mut self, children: &str) -> String {
        let children = format!("<body>Hello</body>{children}");
        let decision = self.message("carol\\40mail.example@gateway.a.example", &children);
        let mail = String::from_utf8(decision.mails[0].bytes.clone()).unwrap();
        let from = mail.lines().find(|line| line.starts_with("From: "));
        from.unwrap()["From: ".len()..].to_owned()
    }

    fn answer(&mut self, from: &str, id: &str, kind: &str, card: &str) -> Decision {
        self.stanza(&format!(
            "<iq type='{kind}' from='{from}' to='gateway.a.example' id='{id}'>{card}</iq>"
        ))
    }

    /// Adam's server is asked, and answers.
    fn learn(&mut self, card: &str) {
        let asked = self.says(WORDS);
        self.answer("adam@a.example", &asked[0], "result", &vcard(card));
    }
}

fn vcard(inner: &str) -> String {
    format!("<vCard xmlns='vcard-temp'>{inner}</vCard>")
}

/// Questions for Adam's card.
fn questions(decision: &Decision) -> Vec<String> {
    let asked = decision.stanzas.iter().filter(|stanza| {
        stanza.attr("to") == Some("adam@a.example")
            && stanza.attr("type") == Some("get")
            && stanza.get_child("vCard", "vcard-temp").is_some()
    });
    asked
        .map(|stanza| stanza.attr("id").unwrap().to_owned())
        .collect()
}

#[test]
fn who_has_asked_for_help_is_named_in_the_first_mail() {
    let mut world = Asked::new();
    let asked = questions(&world.message("gateway.a.example", "<body>help</body>"));
    let card = vcard("<FN>Adam Smith</FN><NICKNAME>ad</NICKNAME>");
    world.answer("adam@a.example", &asked[0], "result", &card);
    assert_eq!(world.from(""), "\"Adam Smith\" <adam@chat.a.example>");
}

#[test]
fn a_message_waits_for_no_name_and_the_next_has_it() {
    let mut world = Asked::new();
    let decision = world.message(
        "carol\\40mail.example@gateway.a.example",
        "<body>Hello</body>",
    );
    assert_eq!(decision.mails.len(), 1);
    let asked = questions(&decision);
    world.answer(
        "adam@a.example",
        &asked[0],
        "result",
        &vcard("<FN>Adam</FN>"),
    );
    assert_eq!(world.from(""), "Adam <adam@chat.a.example>");
}

#[test]
fn all_that_a_user_does_asks_and_nothing_that_a_client_does() {
    for (asks, xml) in [
        (
            0,
            "<iq type='get' id='1' from='adam@a.example/x' to='gateway.a.example'><ping xmlns='urn:xmpp:ping'/></iq>",
        ),
        (
            0,
            "<iq type='get' id='1' from='adam@a.example/x' to='carol\\40mail.example@gateway.a.example'><vCard xmlns='vcard-temp'/></iq>",
        ),
        (
            1,
            "<message from='adam@a.example/x' to='carol\\40mail.example@gateway.a.example' type='chat' xml:lang='de'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
        ),
        (
            0,
            "<message from='adam@a.example/x' to='carol\\40mail.example@gateway.a.example' type='chat' xml:lang='de'><received xmlns='urn:xmpp:receipts' id='1'/></message>",
        ),
        (
            1,
            "<message from='adam@a.example/x' to='carol\\40mail.example@gateway.a.example' type='chat' id='m'><body>Hi</body></message>",
        ),
        (
            1,
            "<iq type='set' id='1' from='adam@a.example/x' to='gateway.a.example'><command xmlns='http://jabber.org/protocol/commands' node='help'/></iq>",
        ),
        (
            1,
            "<presence type='subscribe' from='adam@a.example' to='carol\\40mail.example@gateway.a.example'/>",
        ),
        (
            0,
            "<presence from='adam@a.example/x' to='carol\\40mail.example@gateway.a.example'/>",
        ),
        (
            0,
            "<presence type='probe' from='adam@a.example' to='carol\\40mail.example@gateway.a.example'/>",
        ),
    ] {
        let decision = Asked::new().stanza(xml);
        assert_eq!(questions(&decision).len(), asks, "{xml}");
        // Who was forgotten is not remembered for that.
        assert_eq!(decision.writes.is_empty(), asks == 0, "{xml}");
    }
    // Of whom something is stored the card is kept up to date by what clients do.
    let mut world = Asked::new();
    world.learn("<FN>Adam</FN>");
    world.wait(DAY);
    let composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
    assert_eq!(world.says(composing).len(), 1);
    let outsider = "<message from='eve@evil.example/x' to='carol\\40mail.example@gateway.a.example'><body>Hi</body></message>";
    let decision = Asked::new().stanza(outsider);
    let asked = decision
        .stanzas
        .iter()
        .filter(|stanza| stanza.name() == "iq");
    assert_eq!(asked.count(), 0);
    assert!(decision.writes.is_empty());
}

#[test]
fn the_server_is_asked_once_a_day_and_sooner_where_it_said_nothing() {
    let mut world = Asked::new();
    assert_eq!(world.says(WORDS).len(), 1);
    assert_eq!(world.says(WORDS).len(), 0);
    world.wait(Duration::from_secs(10 * 60));
    let asked = world.says(WORDS);
    assert_eq!(asked.len(), 1, "no answer has come");
    world.answer(
        "adam@a.example",
        &asked[0],
        "result",
        &vcard("<FN>Adam</FN>"),
    );
    world.wait(DAY - Duration::from_secs(1));
    assert_eq!(world.says(WORDS).len(), 0);
    world.wait(Duration::from_secs(1));
    let asked = world.says(WORDS);
    assert_eq!(asked.len(), 1);
    assert_eq!(
        world.from(""),
        "Adam <adam@chat.a.example>",
        "until another one comes"
    );
    world.answer("adam@a.example", &asked[0], "result", &vcard(""));
    assert_eq!(world.from(""), "adam <adam@chat.a.example>");
}

#[test]
fn an_error_says_that_there_is_no_card_or_nothing() {
    for (condition, name) in [
        ("item-not-found", "adam"),
        ("service-unavailable", "Adam"),
        ("remote-server-timeout", "Adam"),
    ] {
        let mut world = Asked::new();
        world.learn("<FN>Adam</FN>");
        world.wait(DAY);
        let asked = world.says(WORDS);
        let error = format!(
            "<error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
        );
        let decision = world.answer("adam@a.example", &asked[0], "error", &error);
        assert!(
            decision.stanzas.is_empty() && decision.mails.is_empty(),
            "{decision:?}"
        );
        assert_eq!(world.from(""), format!("{name} <adam@chat.a.example>"));
        world.wait(DAY - Duration::from_secs(1));
        assert_eq!(
            world.says(WORDS).len(),
            0,
            "{condition} is an answer as well"
        );
    }
}

#[test]
fn only_the_users_server_answers_and_only_what_was_asked() {
    let mut world = Asked::new();
    let asked = world.says(WORDS).remove(0);
    let forged = vcard("<FN>Eve</FN>");
    for (from, id) in [
        ("adam@a.example/phone", asked.as_str()),
        ("beth@a.example", &asked),
        ("adam@b.example", &asked),
        ("adam@a.example", "card.1"),
        ("adam@a.example", "card."),
    ] {
        let decision = world.answer(from, id, "result", &forged);
        assert!(
            decision.writes.is_empty() && decision.stanzas.is_empty(),
            "{from} {id}"
        );
    }
    let own = vcard("<FN>Adam</FN>");
    world.answer("adam@a.example", &asked, "result", &own);
    let decision = world.answer("adam@a.example", &asked, "result", &forged);
    assert!(decision.writes.is_empty(), "it was answered");
    assert_eq!(world.from(""), "Adam <adam@chat.a.example>");
}

#[test]
fn what_somebody_said_goes_before_the_card() {
    let mut world = Asked::new();
    world.learn("<FN>Adam Smith</FN>");
    let nick = "<nick xmlns='http://jabber.org/protocol/nick'>Addy</nick>";
    assert_eq!(world.from(nick), "Addy <adam@chat.a.example>");
    world.0.context.apply(&[Write::Pair(Pair {
        jid: "adam@a.example".parse().unwrap(),
        mail: MailAddress::parse("adam@chat.a.example").unwrap(),
        name: Some("A. Smith".to_owned()),
        origin: PairOrigin::Admin,
        saved: world.0.now,
    })]);
    assert_eq!(world.from(""), "\"A. Smith\" <adam@chat.a.example>");
    let decision = world.message(
        "gateway.a.example",
        "<body>my name is Adam the First</body>",
    );
    assert!(questions(&decision).is_empty());
    assert_eq!(world.from(nick), "\"Adam the First\" <adam@chat.a.example>");
    world.wait(DAY);
    assert_eq!(
        world.says(WORDS).len(),
        0,
        "who has chosen a name is not asked for"
    );
    world.message("gateway.a.example", "<body>my name is default</body>");
    assert_eq!(world.says(WORDS).len(), 1);
}

#[test]
fn e23_a_card_is_a_strangers_text() {
    let mut world = Asked::new();
    world.learn(&format!("<FN>{}</FN>", "x".repeat(1000)));
    let user = "adam@a.example".parse().unwrap();
    let options = world.0.context.own_options(&user, None).unwrap();
    let name = options.card.and_then(|card| card.name).unwrap();
    assert_eq!(name, "x".repeat(80));
    for (card, name) in [
        ("<FN>Eve &lt;eve@evil.example&gt;</FN>", "adam"),
        (
            "<FN>eve@evil.example</FN><N><FAMILY>Smith</FAMILY><GIVEN>Adam</GIVEN></N>",
            "\"Adam Smith\"",
        ),
        ("<FN> </FN><NICKNAME>ad</NICKNAME>", "ad"),
        ("<FN>\u{2800}</FN>", "adam"),
        (
            "<FN>Adam\u{202E}&#10;Bcc: x</FN>",
            "=?utf-8?b?QWRhbSBCY2M6IHg=?=",
        ),
        ("<FN>bank.example</FN>", "\"bank example\""),
        ("<FN xmlns='urn:other'>Eve</FN>", "adam"),
        ("", "adam"),
    ] {
        let mut world = Asked::new();
        world.learn(card);
        assert_eq!(
            world.from(""),
            format!("{name} <adam@chat.a.example>"),
            "{card}"
        );
    }
}

#[test]
fn others_who_have_the_mail_go_by_their_own_names() {
    let mut world = Asked::new();
    world.learn("<FN>Adam Smith</FN>");
    let mail = "From: Carol <carol@mail.example>\nTo: alice@chat.a.example, Addy <adam@chat.a.example>, beth@chat.a.example\nMessage-ID: <1@mail.example>\n\nHello all\n";
    let shown = world.0.mail(mail);
    let to_alice = shown.stanzas.iter().find(|stanza| {
        stanza.name() == "message" && stanza.attr("to").is_some_and(|to| to.starts_with("alice@"))
    });
    let text = to_alice
        .unwrap()
        .get_child("body", "jabber:component:accept")
        .unwrap();
    let first = text.text().lines().next().unwrap().to_owned();
    assert_eq!(
        first,
        "To: you, Adam Smith (adam@a.example), beth@a.example"
    );
}

#[test]
fn who_does_not_want_it_asks_nobody() {
    let mut world = Asked::new();
    world.0.settings.own_names = OwnNames::Off;
    assert_eq!(world.says(WORDS).len(), 0);
    assert_eq!(world.from(""), "adam <adam@chat.a.example>");
}
