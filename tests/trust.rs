//! What a mail may do, by what our own mail server says about its sender.

mod decided;

use decided::{arrived, decided, settings};
use minidom::Element;
use stanzamail::core::context::{Context, Missing, Write};
use stanzamail::core::decide::incoming::{Arrived, Fate};
use stanzamail::core::decide::{self, Decision};
use stanzamail::core::settings::{Settings, Speak, Trust};
use stanzamail::core::time::Timestamp;
use stanzamail::core::{from_mail, from_stanza};

const PASSED: &str = "mx.a.example; dmarc=pass header.from=mail.example";
const FAILED: &str = "mx.a.example; dmarc=fail header.from=mail.example";
const NONE: &str = "mx.a.example; dmarc=none header.from=mail.example";
const FORGED: &str = "mx.mail.example; dmarc=pass header.from=mail.example";
const TOLD: &str = "A mail that claims to be from carol@mail.example failed authentication and lies in the mailbox.";

/// The gateway of a.example, whose mail server is mx.a.example, and its rows in memory.
struct World {
    settings: Settings,
    context: Context,
    bound: Option<jid::BareJid>,
    now: Timestamp,
}

impl World {
    fn new(speak: Speak) -> Self {
        let mut settings = settings();
        settings.trust = Trust {
            authserv_ids: vec!["mx.a.example".to_owned()],
            speak,
            ..Trust::default()
        };
        Self {
            settings,
            context: Context::new(),
            bound: None,
            now: Timestamp::from_xep0082("2026-11-22T12:00:00Z").unwrap(),
        }
    }

    fn ask<T>(
        &mut self,
        decide: impl Fn(&Settings, &Context, Timestamp) -> Result<T, Missing>,
    ) -> T {
        let (settings, now) = (&self.settings, self.now);
        decided(&mut self.context, |context| decide(settings, context, now))
    }

    /// Alice invites carol.
    fn invite(&mut self) {
        let xml = "<stream xmlns='jabber:component:accept'><presence type='subscribe' from='alice@a.example' to='carol\\40mail.example@gateway.a.example'/></stream>";
        let stream: Element = xml.parse().unwrap();
        let stanza = from_stanza::read(stream.children().next().unwrap().clone()).unwrap();
        let decision =
            self.ask(|settings, context, now| decide::stanza(settings, context, &stanza, now));
        assert_eq!(decision.mails.len(), 1);
        self.context.apply(&decision.writes);
    }

    fn mail(&mut self, header: &str) -> (Decision, Fate) {
        let raw = format!("{header}\r\n\r\nHello\r\n");
        let mail = from_mail::read(raw.as_bytes(), &self.settings.recipient_headers, false);
        let (mail, bound) = (mail.unwrap(), self.bound.clone());
        let arrived = Arrived {
            bound: bound.as_ref(),
            ..arrived(&mail, raw.as_bytes())
        };
        let (decision, fate) = self.ask(|settings, context, now| {
            decide::incoming::decide(settings, context, &arrived, now)
        });
        self.context.apply(&decision.writes);
        (decision, fate)
    }

    /// Carol's mail to alice with these fields on top.
    fn carol(&mut self, fields: &[&str]) -> (Decision, Fate) {
        self.mail(&carol(fields))
    }
}

fn carol(fields: &[&str]) -> String {
    let top: String = fields
        .iter()
        .map(|field| format!("Authentication-Results: {field}\r\n"))
        .collect();
    format!(
        "{top}From: carol@mail.example\r\nTo: alice@chat.a.example\r\nMessage-ID: <1@mail.example>"
    )
}

fn body(stanza: &Element) -> String {
    let body = stanza.children().find(|child| child.name() == "body");
    body.map(Element::text).unwrap_or_default()
}

/// From whom the user gets what.
fn shown(decision: &Decision) -> Vec<(String, String)> {
    let messages = decision.stanzas.iter();
    messages
        .filter(|stanza| stanza.name() == "message")
        .map(|stanza| {
            let from = stanza.attr("from").unwrap_or_default();
            let name = if from == "gateway.a.example" {
                "gateway"
            } else {
                "carol"
            };
            (name.to_owned(), body(stanza))
        })
        .collect()
}

fn one(from: &str, text: &str) -> Vec<(String, String)> {
    vec![(from.to_owned(), text.to_owned())]
}

#[test]
fn a_verified_sender_is_shown_as_such() {
    for speak in [Speak::Mark, Speak::Require] {
        let (decision, fate) = World::new(speak).carol(&[PASSED, FAILED]);
        assert_eq!(shown(&decision), one("carol", "Hello"));
        assert_eq!(fate, Fate::Handled);
    }
}

#[test]
fn an_unverified_sender_is_marked_or_held_as_configured() {
    for fields in [
        &[][..],
        &[FORGED],
        &[NONE],
        &[NONE, PASSED],
        &[FORGED, NONE],
    ] {
        let (decision, fate) = World::new(Speak::Mark).carol(fields);
        assert_eq!(
            (shown(&decision), fate),
            (one("carol", "[unverified sender]\nHello"), Fate::Handled),
            "{fields:?}"
        );
        let (decision, fate) = World::new(Speak::Require).carol(fields);
        let told = TOLD.replace("failed authentication", "could not be authenticated");
        assert_eq!(
            (shown(&decision), fate),
            (one("gateway", &told), Fate::Left)
        );
    }
}

#[test]
fn the_mark_stands_above_a_subject() {
    let header = carol(&[]) + "\r\nSubject: Lunch";
    let (decision, _) = World::new(Speak::Mark).mail(&header);
    assert_eq!(
        shown(&decision),
        one("carol", "[unverified sender]\n*Lunch*\nHello")
    );
}

#[test]
fn a_sender_who_failed_is_held_and_the_user_is_told_once() {
    for speak in [Speak::Mark, Speak::Require] {
        let mut world = World::new(speak);
        for fields in [&[FAILED][..], &[FAILED, PASSED], &[FORGED, FAILED]] {
            let (decision, fate) = world.carol(fields);
            let expected = if fields.len() == 1 {
                one("gateway", TOLD)
            } else {
                Vec::new()
            };
            assert_eq!(
                (shown(&decision), fate),
                (expected, Fate::Left),
                "{fields:?}"
            );
            assert!(
                decision.mails.is_empty(),
                "whoever is behind it is not answered"
            );
        }
    }
}

#[test]
fn two_authors_are_held_whatever_is_said_about_them() {
    for from in [
        "From: carol@mail.example\r\nFrom: eve@evil.example",
        "From: carol@mail.example, eve@evil.example",
        "From: x: carol@mail.example, eve@evil.example;",
    ] {
        let header = carol(&[PASSED]).replace("From: carol@mail.example", from);
        let (decision, fate) = World::new(Speak::Mark).mail(&header);
        assert_eq!(
            (shown(&decision), fate),
            (one("gateway", TOLD), Fate::Left),
            "{from}"
        );
    }
}

#[test]
fn the_name_of_a_sender_is_not_its_address() {
    let header = carol(&[PASSED]).replace(
        "From: carol@mail.example",
        "From: \"carol@mail.example\" <eve@evil.example>",
    );
    let (decision, _) = World::new(Speak::Mark).mail(&header);
    let message = &decision.stanzas[0];
    assert_eq!(
        message.attr("from"),
        Some("eve\\40evil.example@gateway.a.example")
    );
    assert_eq!(body(message), "[unverified sender]\nHello");
}

#[test]
fn only_a_verified_sender_accepts_an_invitation() {
    for (field, accepts) in [
        (PASSED, true),
        (NONE, false),
        (FORGED, false),
        (FAILED, false),
    ] {
        let mut world = World::new(Speak::Mark);
        world.invite();
        let (decision, _) = world.carol(&[field]);
        let is_pair = |write: &Write| matches!(write, Write::Pair(_));
        let is_presence = |stanza: &Element| stanza.name() == "presence";
        assert_eq!(decision.writes.iter().any(is_pair), accepts, "{field}");
        assert_eq!(decision.stanzas.iter().any(is_presence), accepts, "{field}");
        // It was not used up: the true answer still counts.
        let (decision, _) = world.carol(&[PASSED]);
        assert_eq!(
            decision.stanzas.iter().any(is_presence),
            !accepts,
            "{field}"
        );
    }
}

#[test]
fn a_forger_who_knows_the_message_id_takes_nothing_away() {
    for field in [FAILED, NONE] {
        let mut world = World::new(Speak::Mark);
        let (forged, _) = world.carol(&[field]);
        let (genuine, _) = world.carol(&[PASSED]);
        assert_eq!(shown(&genuine), one("carol", "Hello"), "{field}");
        let id = |decision: &Decision| decision.stanzas[0].attr("id").map(str::to_owned);
        assert_ne!(
            id(&forged),
            id(&genuine),
            "a client may drop what has a known id"
        );
        let (replayed, _) = world.carol(&[NONE]);
        assert_eq!(shown(&replayed), []);
    }
}

#[test]
fn a_bound_mailbox_believes_no_more_than_others() {
    for (field, expected) in [
        (PASSED, one("carol", "Hello")),
        (NONE, one("carol", "[unverified sender]\nHello")),
        (FAILED, one("gateway", TOLD)),
    ] {
        let mut world = World::new(Speak::Mark);
        world.bound = Some(jid::BareJid::new("alice@a.example").unwrap());
        let (decision, _) = world.carol(&[field]);
        assert_eq!(shown(&decision), expected);
    }
}

#[test]
fn where_nobody_is_to_be_believed_or_nobody_asks_all_are_shown() {
    let mut nobody = World::new(Speak::Mark);
    nobody.settings.trust.authserv_ids.clear();
    for mut world in [World::new(Speak::Off), nobody] {
        world.invite();
        let (decision, fate) = world.carol(&[FAILED]);
        assert_eq!(
            (shown(&decision), fate),
            (one("carol", "Hello"), Fate::Handled)
        );
        let is_pair = |write: &Write| matches!(write, Write::Pair(_));
        assert!(decision.writes.iter().any(is_pair));
    }
}

#[test]
fn a_sender_who_cannot_be_a_jid_is_marked_and_held_like_others() {
    let from = "From: 😀@mail.example";
    for (field, start) in [
        (NONE, "[unverified sender]\n"),
        (FAILED, "A mail that claims"),
    ] {
        let header = carol(&[field]).replace("From: carol@mail.example", from);
        let (decision, _) = World::new(Speak::Mark).mail(&header);
        let message = &decision.stanzas[0];
        assert_eq!(message.attr("from"), Some("gateway.a.example"));
        assert!(body(message).starts_with(start), "{decision:?}");
    }
}
