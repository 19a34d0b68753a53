//! Format `chat`: who is written to in it, and what its fields may do. What mails and stanzas look like is in
//! `tests/data/pairs/delta-chat`.

use crate::decided::World;
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::decide::lookup;
use stanzamail::core::from_mail;
use stanzamail::core::record::Format;
use stanzamail::core::settings::{PeerSettings, Trust};
use std::time::Duration;

const PASSED: &str = "Authentication-Results: mx.a.example; dmarc=pass header.from=mail.example\n";
const CAROL: &str = "carol\\40mail.example@gateway.a.example";
const CHAT: &str = "Chat-Version: 1.0\n";

fn new_world() -> World {
    let mut world = World::new();
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    world
}

/// A mail of carol's to alice, written now.
fn mail(world: &mut World, id: &str, fields: &str, text: &str) -> Decision {
    world.wait(Duration::from_secs(60));
    let date = chrono::DateTime::from_timestamp_millis(world.now.millis()).unwrap();
    world.mail(&format!(
        "{fields}From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <{id}@localhost>\nDate: {}\n\n{text}\n",
        date.to_rfc2822()
    ))
}

fn format(world: &mut World) -> Format {
    let carol = "carol@mail.example".parse().unwrap();
    world.ask(|decider| lookup::format_of(decider, &carol))
}

fn shown(decision: &Decision) -> String {
    decision.stanzas.iter().map(String::from).collect()
}

fn with(fields: &[&str]) -> String {
    fields.concat()
}

#[test]
fn the_format_follows_the_last_verified_mail_of_a_person() {
    let mut world = new_world();
    for (fields, expected) in [
        (with(&[CHAT]), Format::Mail),
        (
            with(&[PASSED, CHAT, "List-Id: <l.example>\n"]),
            Format::Mail,
        ),
        (
            with(&[PASSED, CHAT, "Auto-Submitted: auto-replied\n"]),
            Format::Mail,
        ),
        (with(&[PASSED, CHAT]), Format::Chat),
        // Nobody else takes that back, and no machine.
        (String::new(), Format::Chat),
        (
            with(&[PASSED, "Auto-Submitted: auto-replied\n"]),
            Format::Chat,
        ),
        (with(&[PASSED]), Format::Mail),
        (with(&[PASSED, CHAT]), Format::Chat),
        // Another gateway says more.
        (with(&[PASSED, CHAT, "XMPP-Bridge: v=1\n"]), Format::Xmpp),
    ] {
        let id = format!("{:?}-{}", world.now.millis(), fields.len());
        mail(&mut world, &id, &fields, "Hi");
        assert_eq!(format(&mut world), expected, "{fields}");
    }
}

#[test]
fn of_a_mail_that_is_too_big_the_header_says_so() {
    let raw = format!("{CHAT}From: carol@mail.example\r\n\r\n").replace('\n', "\r\n");
    for is_header_only in [true, false] {
        let mail = from_mail::read(raw.as_bytes(), &[], is_header_only).unwrap();
        assert!(mail.chat.is_some());
    }
}

#[test]
fn what_the_admin_said_is_not_learned_away() {
    for said in [Format::Mail, Format::Chat] {
        let mut world = new_world();
        world.settings.peers = vec![PeerSettings {
            who: "mail.example".parse().unwrap(),
            format: Some(said),
            key: None,
        }];
        for fields in [with(&[PASSED, CHAT]), PASSED.to_owned()] {
            mail(&mut world, &fields.len().to_string(), &fields, "Hi");
            assert_eq!(format(&mut world), said);
        }
    }
}

#[test]
fn e33_an_edit_changes_a_message_of_the_same_verified_sender_alone() {
    let edit = "Chat-Edit: <1@localhost>\n";
    let changed = |fields: &str, from: &str, of: &str| {
        let mut world = new_world();
        mail(&mut world, "1", &with(&[PASSED, CHAT]), "Hi");
        let raw = format!("{fields}{CHAT}Chat-Edit: <{of}@localhost>\n");
        world.wait(Duration::from_secs(60));
        let decision = world.mail(&format!(
            "{raw}From: {from}\nTo: alice@chat.a.example\nMessage-ID: <2@localhost>\n\n> Hi\n\n✏️Ho\n"
        ));
        let shown = shown(&decision);
        assert!(shown.contains("Ho"), "nothing is lost: {shown}");
        shown.contains("<replace ")
    };
    let carol = "carol@mail.example";
    assert!(changed(PASSED, carol, "1"));
    assert!(!changed("", carol, "1"), "nobody says whose it is");
    assert!(!changed(PASSED, "dave@mail.example", "1"), "another sender");
    assert!(!changed(PASSED, carol, "3"), "nobody knows what");
    let bulk = with(&[PASSED, "Precedence: bulk\n"]);
    assert!(!changed(&bulk, carol, "1"), "a list");
    // What the user wrote is not theirs to change.
    let mut world = new_world();
    mail(&mut world, "1", &with(&[PASSED, CHAT]), "Hi");
    let sent = world.stanza(&format!(
        "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='a1'><body>Mine</body></message>"
    ));
    let own = with(&[
        PASSED,
        CHAT,
        "Chat-Edit: ",
        &sent.mails[0].job.message_id.in_brackets(),
        "\n",
    ]);
    let decision = mail(&mut world, "2", &own, "✏️Yours");
    assert!(!shown(&decision).contains("<replace "));
    // Nor is it an edit without a text, or in a program that is none.
    for (fields, text) in [
        (with(&[PASSED, CHAT, edit]), "> Hi\n\n✏️"),
        (with(&[PASSED, edit]), "Ho"),
    ] {
        let decision = mail(&mut world, &text.len().to_string(), &fields, text);
        assert!(!shown(&decision).contains("<replace "), "{fields}");
    }
}

/// A correction has a text and nothing else.
#[test]
fn e35_an_edit_that_says_more_than_a_text_is_a_message() {
    let edit = "Chat-Edit: <1@localhost>\n";
    let long = "word ".repeat(60_000);
    let file = "begin 644 cat.jpg\n#0V%T\n`\nend";
    let attached = "Content-Type: multipart/mixed; boundary=b\n";
    let parts = "--b\nContent-Type: text/plain\n\nHo\n--b\nContent-Type: application/pdf; name=a.pdf\n\n%PDF\n--b--";
    for (fields, text, seen) in [
        ("", long.as_str(), "word word"),
        ("", file, "cat.jpg"),
        (attached, parts, "a.pdf"),
    ] {
        let mut world = new_world();
        mail(&mut world, "1", &with(&[PASSED, CHAT]), "Hi");
        let decision = mail(&mut world, "2", &with(&[PASSED, CHAT, edit, fields]), text);
        let shown = shown(&decision);
        assert!(
            !shown.contains("<replace ") && shown.contains(seen),
            "{seen}"
        );
    }
}

#[test]
fn e33_that_it_was_read_is_told_once_and_to_its_author_alone() {
    let asks = |from: &str| format!("{CHAT}Chat-Disposition-Notification-To: {from}\n");
    for (fields, is_asked) in [
        (with(&[PASSED, &asks("carol@mail.example")]), true),
        (with(&[PASSED, &asks("eve@evil.example")]), false),
        (asks("carol@mail.example"), false),
        (with(&[PASSED, CHAT]), false),
    ] {
        let mut world = new_world();
        mail(&mut world, "0", &with(&[PASSED, CHAT]), "I use Delta Chat");
        let decision = mail(&mut world, "1", &fields, "Hi");
        assert_eq!(
            shown(&decision).contains("<markable "),
            is_asked,
            "{fields}"
        );
        let id = decision.stanzas[0].attr("id").unwrap().to_owned();
        let read = format!(
            "<message from='alice@a.example/x' to='{CAROL}' id='d1'><displayed xmlns='urn:xmpp:chat-markers:0' id='{id}'/></message>"
        );
        let told = world.stanza(&read).mails;
        assert_eq!(told.len(), usize::from(is_asked), "{fields}");
        if let Some(told) = told.first() {
            assert_eq!(told.job.from, None, "no report comes back");
            let raw = String::from_utf8_lossy(&told.bytes);
            assert!(raw.contains("Original-Message-ID: <1@localhost>"), "{raw}");
        }
        assert!(world.stanza(&read).mails.is_empty());
    }
}

#[test]
fn what_its_fields_cannot_say_is_said_in_words() {
    let mut world = new_world();
    mail(&mut world, "1", &with(&[PASSED, CHAT]), "Hi");
    let said = |world: &mut World, content: &str| {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/x' to='{CAROL}' type='chat' id='a{}'>{content}</message>",
            content.len()
        ));
        let raw = String::from_utf8_lossy(&decision.mails[0].bytes).into_owned();
        assert!(raw.contains("Chat-Version: 1.0"), "{raw}");
        from_mail::read(raw.as_bytes(), &[], false).unwrap()
    };
    let unknown =
        "<reactions xmlns='urn:xmpp:reactions:0' id='nobody'><reaction>👍</reaction></reactions>";
    let words = said(&mut world, unknown);
    assert!(
        words.reaction.is_empty() && words.text.contains('👍'),
        "{words:?}"
    );
    let unknown = "<body>New</body><replace xmlns='urn:xmpp:message-correct:0' id='nobody'/>";
    let words = said(&mut world, unknown);
    assert_eq!(words.chat.unwrap().edit, None);
    assert_eq!(words.text, "New");
}

#[test]
fn of_an_encrypted_mail_the_user_is_told_once_what_that_means() {
    let encrypted = "MIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n";
    let body = "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n--b--";
    let told = |decision: &Decision| shown(decision).contains("This mail is encrypted");
    let mut world = new_world();
    let unverified = mail(&mut world, "0", encrypted, body);
    assert!(!told(&unverified) && shown(&unverified).contains("encrypted message"));
    let fields = with(&[PASSED, encrypted]);
    assert!(told(&mail(&mut world, "1", &fields, body)));
    let again = mail(&mut world, "2", &fields, body);
    assert!(!told(&again) && shown(&again).contains("encrypted message"));
}
