//! Who is invited, what the invitation says, and what follows it.

use crate::decided::World;
use stanzamail::core::context::Write;
use stanzamail::core::decide::Decision;
use stanzamail::core::settings::Trust;
use std::time::Duration;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

fn subscribe(world: &mut World) -> Decision {
    world.stanza("<presence from='alice@a.example' to='carol\\40mail.example@gateway.a.example' type='subscribe' id='s'/>")
}

fn says(world: &mut World, text: &str) -> String {
    let decision = world.stanza(&format!(
        "<message from='alice@a.example/here' to='carol\\40mail.example@gateway.a.example' type='chat'><body>{text}</body></message>"
    ));
    mail_of(&decision)
}

fn mail_of(decision: &Decision) -> String {
    assert_eq!(decision.mails.len(), 1, "{decision:?}");
    String::from_utf8(decision.mails[0].bytes.clone()).unwrap()
}

fn header<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = mail.lines().take_while(|line| !line.is_empty());
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The text as it is read: quoted-printable and flowed lines joined.
fn text(mail: &str) -> String {
    let mail = mail.replace("=\r\n", "").replace(" \r\n", " ");
    mail.replace("\r\n", "\n")
}

fn carol(fields: &str, text: &str) -> String {
    format!("From: Carol <carol@mail.example>\nTo: alice@chat.a.example\n{fields}\n\n{text}\n")
}

fn kinds(decision: &Decision) -> Vec<(&str, Option<&str>)> {
    let stanzas = decision.stanzas.iter();
    stanzas
        .map(|stanza| (stanza.name(), stanza.attr("type")))
        .collect()
}

#[test]
fn who_has_written_is_asked_nothing() {
    let mut world = World::new();
    world.mail(&carol("Message-ID: <1@mail.example>", "Hello Alice"));
    let granted = subscribe(&mut world);
    assert!(granted.mails.is_empty());
    assert_eq!(
        kinds(&granted),
        [
            ("presence", Some("subscribed")),
            ("presence", None),
            ("iq", Some("get")) // whether she has a name in the roster
        ]
    );
    let pairs = granted
        .writes
        .iter()
        .filter(|write| matches!(write, Write::Pair(_)));
    assert_eq!(pairs.count(), 1, "as where an invitation is accepted");
    let again = subscribe(&mut world);
    assert!(again.mails.is_empty());
    assert_eq!(kinds(&again), kinds(&granted)[..2]);
}

#[test]
fn who_has_refused_or_is_a_machine_or_in_doubt_is_invited() {
    for fields in [
        "Auto-Submitted: auto-replied\nMessage-ID: <1@mail.example>",
        "Precedence: bulk\nMessage-ID: <1@mail.example>",
    ] {
        let mut world = World::new();
        world.mail(&carol(fields, "I am away"));
        assert_eq!(subscribe(&mut world).mails.len(), 1, "{fields}");
    }
    let mut world = World::new();
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.test".to_owned()],
        ..Trust::default()
    };
    world.mail(&carol("Message-ID: <1@mail.example>", "Who knows who I am"));
    assert_eq!(subscribe(&mut world).mails.len(), 1);

    let mut world = World::new();
    subscribe(&mut world);
    world.mail(&carol("Message-ID: <1@mail.example>", "No."));
    world.wait(WEEK);
    assert_eq!(
        subscribe(&mut world).mails.len(),
        1,
        "she may be asked again"
    );
    world.mail(&carol(
        "Message-ID: <2@mail.example>",
        "No, but I have a question",
    ));
    world.mail(&carol("Message-ID: <3@mail.example>", "Here it is"));
    let granted = subscribe(&mut world);
    assert!(granted.mails.is_empty(), "{granted:?}");
}

#[test]
fn a_message_after_an_invitation_is_not_about_it() {
    let mut world = World::new();
    let invitation = mail_of(&subscribe(&mut world));
    let invited = header(&invitation, "Message-ID").unwrap().to_owned();
    let first = says(&mut world, "Hello");
    assert_eq!(header(&first, "Subject"), Some("Chat with alice"));
    assert_eq!(header(&first, "In-Reply-To"), None);

    let answer = carol(
        &format!(
            "Message-ID: <1@mail.example>\nIn-Reply-To: {invited}\nSubject: Re: alice would like to chat with you"
        ),
        "With pleasure",
    );
    let answer = world.mail(&answer);
    let message = answer
        .stanzas
        .iter()
        .find(|stanza| stanza.name() == "message")
        .unwrap();
    let shown = String::from(message);
    assert!(!shown.contains("would like to chat"), "{shown}");

    let second = says(&mut world, "Fine");
    assert_eq!(header(&second, "Subject"), Some("Chat with alice"));
    assert_eq!(header(&second, "In-Reply-To"), Some("<1@mail.example>"));
    let third = says(&mut world, "When?");
    assert_eq!(header(&third, "Subject"), Some("Re: Chat with alice"));
}

#[test]
fn an_invitation_says_who_runs_this_and_names_no_address_that_takes_no_mail() {
    let mut world = World::new();
    let invitation = mail_of(&subscribe(&mut world));
    let own = text(&invitation);
    let own = own.split("Hello,").nth(1).unwrap();
    let own = own.split("\n--").next().unwrap();
    assert!(!own.contains("alice@a.example"), "{own}");
    assert!(own.contains("mails from alice@chat.a.example."), "{own}");
    assert!(own.contains("the one word no"), "{own}");
    assert!(!own.contains("service of"), "{own}");
    let mut world = World::new();
    world.settings.organisation = Some("Example Ltd".to_owned());
    let invitation = text(&mail_of(&subscribe(&mut world)));
    assert!(
        invitation.contains("This is a service of Example Ltd."),
        "{invitation}"
    );
}
