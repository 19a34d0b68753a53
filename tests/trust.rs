//! What a mail may do, by what our own mail server says about its sender.

use crate::decided::World;
use minidom::Element;
use stanzamail::core::authentication::{self, SenderVerdict};
use stanzamail::core::context::Write;
use stanzamail::core::decide::decision::{Decision, Fate};
use stanzamail::core::settings::{Speak, Trust};
use stanzamail::core::{from_mail, limits};

const PASSED: &str = "mx.a.example; dmarc=pass header.from=mail.example";
const FAILED: &str = "mx.a.example; dmarc=fail header.from=mail.example";
const NONE: &str = "mx.a.example; dmarc=none header.from=mail.example";
const FORGED: &str = "mx.mail.example; dmarc=pass header.from=mail.example";
const TOLD: &str = "A mail that claims to be from carol@mail.example failed authentication and lies in the mailbox.";

/// The gateway of a.example, whose mail server is mx.a.example.
fn new_world(speak: Speak) -> World {
    let mut world = World::new();
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        speak,
        ..Trust::default()
    };
    world
}

trait Senders {
    /// Alice invites carol.
    fn invite(&mut self);
    /// A mail with this header.
    fn headed(&mut self, header: &str) -> (Decision, Fate);
    /// Carol's mail to alice with these fields on top.
    fn carol(&mut self, fields: &[&str]) -> (Decision, Fate);
}

impl Senders for World {
    fn invite(&mut self) {
        let decision = self.stanza("<presence type='subscribe' from='alice@a.example' to='carol\\40mail.example@gateway.a.example'/>");
        assert_eq!(decision.mails.len(), 1);
    }

    fn headed(&mut self, header: &str) -> (Decision, Fate) {
        let raw = format!("{header}\r\n\r\nHello\r\n");
        self.raw_mail(raw.as_bytes()).unwrap()
    }

    fn carol(&mut self, fields: &[&str]) -> (Decision, Fate) {
        self.headed(&carol(fields))
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
        let (decision, fate) = new_world(speak).carol(&[PASSED, FAILED]);
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
        let (decision, fate) = new_world(Speak::Mark).carol(fields);
        assert_eq!(
            (shown(&decision), fate),
            (
                one(
                    "carol",
                    "[Unverified sender. This is said once a day.]\nHello"
                ),
                Fate::Handled
            ),
            "{fields:?}"
        );
        let (decision, fate) = new_world(Speak::Require).carol(fields);
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
    let (decision, _) = new_world(Speak::Mark).headed(&header);
    assert_eq!(
        shown(&decision),
        one(
            "carol",
            "[Unverified sender. This is said once a day.]\n*Lunch*\nHello"
        )
    );
}

#[test]
fn a_sender_who_failed_is_held_and_the_user_is_told_once() {
    for speak in [Speak::Mark, Speak::Require] {
        let mut world = new_world(speak);
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

/// Users cannot open the mailbox of the gateway.
#[test]
fn who_is_told_of_a_held_mail_is_told_whom_to_ask() {
    let mut world = new_world(Speak::Mark);
    world.settings.contact_addresses = vec!["xmpp:admin@a.example".to_owned()];
    let told = format!(
        "{TOLD} If you cannot open that mailbox, ask whoever runs this gateway: xmpp:admin@a.example"
    );
    let (decision, fate) = world.carol(&[FAILED]);
    let body = decision.stanzas[0]
        .children()
        .find(|one| one.name() == "body");
    assert_eq!((body.unwrap().text(), fate), (told, Fate::Left));
}

#[test]
fn two_authors_are_held_whatever_is_said_about_them() {
    for from in [
        "From: carol@mail.example\r\nFrom: eve@evil.example",
        "From: carol@mail.example, eve@evil.example",
        "From: x: carol@mail.example, eve@evil.example;",
    ] {
        let header = carol(&[PASSED]).replace("From: carol@mail.example", from);
        let (decision, fate) = new_world(Speak::Mark).headed(&header);
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
    let (decision, _) = new_world(Speak::Mark).headed(&header);
    let message = &decision.stanzas[0];
    assert_eq!(
        message.attr("from"),
        Some("eve\\40evil.example@gateway.a.example")
    );
    assert_eq!(
        body(message),
        "[Unverified sender. This is said once a day.]\nHello"
    );
}

#[test]
fn only_a_verified_sender_accepts_an_invitation() {
    for (field, accepts) in [
        (PASSED, true),
        (NONE, false),
        (FORGED, false),
        (FAILED, false),
    ] {
        let mut world = new_world(Speak::Mark);
        world.invite();
        let (decision, _) = world.carol(&[field]);
        let is_pair = |write: &Write| matches!(write, Write::Pair(_));
        let is_granted = |stanza: &Element| stanza.attr("type") == Some("subscribed");
        assert_eq!(decision.writes.iter().any(is_pair), accepts, "{field}");
        assert_eq!(decision.stanzas.iter().any(is_granted), accepts, "{field}");
        // It was not used up: the true answer still counts.
        let (decision, _) = world.carol(&[PASSED]);
        assert_eq!(decision.stanzas.iter().any(is_granted), !accepts, "{field}");
    }
}

#[test]
fn a_forger_who_knows_the_message_id_takes_nothing_away() {
    for field in [FAILED, NONE] {
        let mut world = new_world(Speak::Mark);
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
        (
            NONE,
            one(
                "carol",
                "[Unverified sender. This is said once a day.]\nHello",
            ),
        ),
        (FAILED, one("gateway", TOLD)),
    ] {
        let mut world = new_world(Speak::Mark);
        world.bound = Some(jid::BareJid::new("alice@a.example").unwrap());
        let (decision, _) = world.carol(&[field]);
        assert_eq!(shown(&decision), expected);
    }
}

#[test]
fn where_nobody_is_to_be_believed_or_nobody_asks_all_are_shown() {
    let mut nobody = new_world(Speak::Mark);
    nobody.settings.trust.authserv_ids.clear();
    for mut world in [new_world(Speak::Off), nobody] {
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
    for (field, by_gateway, start) in [
        (
            NONE,
            false,
            "[A mail from 😀@mail.example, whose address cannot be a JID; you cannot answer it from here.]\n[Unverified sender. This is said once a day.]\nHello",
        ),
        (FAILED, true, "A mail that claims"),
    ] {
        let header = carol(&[field]).replace("From: carol@mail.example", from);
        let (decision, _) = new_world(Speak::Mark).headed(&header);
        let message = &decision.stanzas[0];
        assert_eq!(
            message.attr("from") == Some("gateway.a.example"),
            by_gateway
        );
        assert!(body(message).starts_with(start), "{decision:?}");
    }
}

/// So many octets of fields that mean nothing.
fn junk(octets: usize) -> String {
    let field = |number: usize| format!("X-Junk-{number}: {}\r\n", "j".repeat(900));
    (0..octets.div_ceil(900)).map(field).collect()
}

/// E6: what stands behind the part of a header that is read is not believed to be nothing: not by who is verified, nor by who
/// failed, nor by who is nobody.
#[test]
fn e6_a_header_that_is_cut_is_held_whatever_stands_in_its_first_part() {
    let hidden = [
        "From: eve@evil.example",
        "List-Id: <l.mail.example>",
        "DKIM-Signature: v=1; d=mail.example; l=10; h=Subject; b=x",
        "X: y",
    ];
    for field in hidden {
        for speak in [Speak::Mark, Speak::Require] {
            for top in [&[PASSED][..], &[NONE], &[FAILED], &[]] {
                let header = format!("{}\r\n{}{field}", carol(top), junk(270_000));
                let mut world = new_world(speak);
                world.invite();
                let (decision, fate) = world.headed(&header);
                let told = TOLD.replace(
                    "failed authentication",
                    "has a header that is too long to be checked",
                );
                assert_eq!(shown(&decision), one("gateway", &told), "{field} {top:?}");
                assert_eq!(fate, Fate::Left);
                assert_eq!(decision.writes.len(), 1, "{:?}", decision.writes);
            }
        }
    }
    // As long as it may be, it counts as it stands there.
    let header = format!("{}\r\n{}X: y", carol(&[PASSED]), junk(240_000));
    let (decision, _) = new_world(Speak::Mark).headed(&header);
    assert_eq!(shown(&decision), one("carol", "Hello"));
}

/// E6: of a mail whose body is over the limit the mail server gives so many octets of the header.
#[test]
fn e6_a_header_that_was_cut_on_its_way_here_is_held_as_well() {
    let whole = format!("{}\r\n{}\r\n", carol(&[PASSED]), junk(300_000));
    let verdict = |raw: &[u8]| {
        let mail = from_mail::read(raw, &[], true).unwrap();
        authentication::verdict(&mail, &["mx.a.example".to_owned()])
    };
    let limit = limits::MAIL_HEADER_OCTETS_MAX;
    assert_eq!(verdict(&whole.as_bytes()[..limit]), SenderVerdict::Failed);
    assert_eq!(verdict(whole.as_bytes()), SenderVerdict::Failed);
    let short = format!("{}\r\n\r\n", carol(&[PASSED]));
    assert_eq!(verdict(short.as_bytes()), SenderVerdict::Verified);
}

/// E6: a list that is cut says nothing of who is on it.
#[test]
fn e6_more_recipients_than_are_read_are_not_verified() {
    for (count, is_verified) in [(1000, true), (1001, false)] {
        for name in ["To", "Cc"] {
            let list: Vec<String> = (0..count).map(|n| format!("u{n}@c.example")).collect();
            let field = format!("{name}: {}", list.join(",\r\n "));
            let header = carol(&[PASSED]).replace("To: alice@chat.a.example", &field)
                + "\r\nDelivered-To: alice@chat.a.example";
            let (decision, _) = new_world(Speak::Mark).headed(&header);
            let text = &shown(&decision)[0].1;
            let is_marked = text.starts_with("[Unverified sender. This is said once a day.]\n");
            assert!(text.ends_with("Hello"), "{text}");
            assert_eq!(!is_marked, is_verified, "{count} {name}");
        }
    }
}

/// E6: a field of our own mail server that is too long, or is not among those that are looked at, may say that the mail failed.
#[test]
fn e6_results_that_are_not_read_are_no_better_than_those_that_failed() {
    let long = format!("{FAILED}; dkim=fail reason=\"{}\"", "x".repeat(17_000));
    let foreign = "mx.evil.example; none";
    let mut many = vec![foreign; 20];
    many.push(FAILED);
    for fields in [&[long.as_str()][..], &[&long, PASSED], &many] {
        let (decision, fate) = new_world(Speak::Mark).carol(fields);
        assert_eq!((shown(&decision), fate), (one("gateway", TOLD), Fate::Left));
    }
    let mut few = vec![foreign; 19];
    few.push(PASSED);
    few.push(foreign);
    let (decision, _) = new_world(Speak::Mark).carol(&few);
    assert_eq!(shown(&decision), one("carol", "Hello"));
}

/// E6: who asks waits for an answer that was read.
#[test]
fn e6_a_mail_that_was_not_read_whole_answers_no_invitation() {
    let mut world = new_world(Speak::Mark);
    world.invite();
    let long = "\r\nMIME-Version: 1.0\r\n\r\nbob wrote:\r\n> Hello\r\n".to_owned();
    let (decision, _) = world.headed(&format!(
        "{}{long}{}\r\nno",
        carol(&[PASSED]),
        "> quoted\r\n".repeat(20_000)
    ));
    let is_presence = |stanza: &Element| stanza.name() == "presence";
    assert!(!decision.stanzas.iter().any(is_presence));
    let header = carol(&[PASSED]).replace("<1@", "<2@");
    let (decision, _) = world.headed(&header);
    assert!(decision.stanzas.iter().any(is_presence));
}
