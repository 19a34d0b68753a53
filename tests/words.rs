//! What is understood of what users say to the gateway, and what they are told that they could not know: in which languages, in
//! which order, and where nothing would come of it. No server; rows come from a map.

use crate::decided::World;
use jid::BareJid;
use minidom::Element;
use stanzamail::core::decide::Timer;
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::language::Language;
use stanzamail::core::settings::Trust;
use std::time::Duration;

const GATEWAY: &str = "gateway.a.example";
const HELPER: &str = "help@gateway.a.example";
const EVE: &str = "eve\\40evil.example@gateway.a.example";

fn body_of(message: &Element) -> String {
    let body = message.children().find(|child| child.name() == "body");
    body.map(Element::text).unwrap_or_default()
}

/// Says something in a language, or in none.
fn says(world: &mut World, to: &str, lang: &str, words: &str) -> (Decision, String) {
    world.wait(Duration::from_secs(1));
    says_as(world, "alice@a.example", to, (lang, words))
}

fn says_as(world: &mut World, user: &str, to: &str, said: (&str, &str)) -> (Decision, String) {
    let (id, (lang, words)) = (world.now.millis(), said);
    let lang = match lang {
        "" => String::new(),
        lang => format!(" xml:lang='{lang}'"),
    };
    let decision = world.stanza(&format!(
        "<message from='{user}/phone' to='{to}' type='chat' id='{id}'{lang}><body>{words}</body></message>"
    ));
    let said = decision.stanzas.first().map(body_of).unwrap_or_default();
    (decision, said)
}

fn told(decision: &Decision, admin: &BareJid) -> usize {
    let to = |one: &&Element| one.attr("to") == Some(admin.as_str());
    decision.stanzas.iter().filter(to).count()
}

#[test]
fn words_are_understood_in_the_chosen_language_in_that_of_the_message_and_in_english() {
    let mut world = World::new();
    says(&mut world, GATEWAY, "", "set language fr");
    for (lang, words) in [
        ("", "mon adresse"),
        ("", "my address"),
        ("de", "meine adresse"),
        ("de", "mon adresse"),
        ("de", "my address"),
        ("es", "mi dirección"),
    ] {
        let (_, said) = says(&mut world, GATEWAY, lang, words);
        assert!(said.contains("alice@chat.a.example"), "{words}: {said}");
        assert!(!said.contains("Your") && !said.contains("Deine"), "{said}");
    }
    let (_, said) = says(&mut world, GATEWAY, "es", "meine adresse");
    assert!(!said.contains("alice@chat.a.example"), "{said}");
    // Words behind a command as well.
    let (_, said) = says(
        &mut world,
        GATEWAY,
        "de",
        "abwesend bis morgen Ich bin am See",
    );
    assert!(
        said.contains("2026-11-23") && said.contains("Ich bin am See"),
        "{said}"
    );
    let (_, said) = says(
        &mut world,
        GATEWAY,
        "de",
        "blockiere eve@evil.example werbung",
    );
    assert!(said.contains("envoie du spam"), "{said}");
}

#[test]
fn help_is_short_and_names_what_nobody_would_guess() {
    for language in Language::all() {
        let mut world = World::new();
        let (_, said) = says(&mut world, GATEWAY, language.tag(), "help");
        for there in ["spam", "away-on-xa on", "set language", "@mail.example"] {
            let there = there.replace("set language", "language ");
            let russian = there.replace("spam", "спам");
            assert!(
                said.contains(&there) || said.contains(&russian),
                "{there} in {said}"
            );
        }
        let adds = ["add ", "hinzufügen ", "ajoute ", "añade ", "добавь "];
        assert!(adds.iter().any(|word| said.contains(word)), "{said}");
        assert!(said.lines().count() <= 25, "{said}");
    }
}

#[test]
fn spam_is_said_before_or_behind_whom_and_in_the_conversation() {
    let mut world = World::new();
    let admin = BareJid::new("adam@a.example").unwrap();
    world.settings.users.admins = vec![admin.clone()];
    for (place, words) in [
        "block spam eve@evil.example",
        "block spam: eve@evil.example",
        "block eve@evil.example spam",
        "block eve@evil.example - Spam!",
    ]
    .into_iter()
    .enumerate()
    {
        let (decision, said) = says(&mut world, GATEWAY, "", words);
        let is_first = place == 0;
        assert_eq!(told(&decision, &admin), usize::from(is_first), "{words}");
        let expected = match is_first {
            true => "is told that eve@evil.example sends spam",
            false => "You have reported eve@evil.example already",
        };
        assert!(said.contains(expected), "{words}: {said}");
    }
    let mut world = World::new();
    world.settings.users.admins = vec![admin.clone()];
    let (decision, said) = says(&mut world, EVE, "", "/block spam");
    assert!(decision.mails.is_empty() && told(&decision, &admin) == 1);
    assert!(said.contains("eve@evil.example sends spam"), "{said}");
    // Anything else is no word about this contact: where to say it is told, and nothing is done.
    for words in [
        "/block spammers",
        "/block dave@evil.example spam",
        "/unblock spam",
    ] {
        let (decision, said) = says(&mut world, EVE, "", words);
        assert!(
            decision.mails.is_empty() && decision.writes.is_empty(),
            "{words}"
        );
        assert!(said.contains(HELPER), "{words}: {said}");
    }
}

/// Whoever wrote so was told that “spam” is no mail address, or no command.
#[test]
fn who_names_nobody_or_no_command_is_told_how_spam_is_reported() {
    let mut world = World::new();
    let example = |said: &str| said.ends_with("Write for example: block spam eve@mail.example");
    for words in ["block spam", "Block junk!", "/block spam"] {
        let (decision, said) = says(&mut world, GATEWAY, "", words);
        assert!(example(&said), "{words}: {said}");
        assert!(decision.writes.is_empty() && decision.notes.is_empty());
    }
    let (_, said) = says(&mut world, GATEWAY, "de", "blockiere spam");
    assert!(said.ends_with("blockiere spam eve@mail.example"), "{said}");
    for words in [
        "spam eve@evil.example",
        "Spam: eve@evil.example",
        "спам eve@evil.example",
    ] {
        let (decision, said) = says(&mut world, GATEWAY, "", words);
        assert!(
            said.contains("block spam eve@evil.example"),
            "{words}: {said}"
        );
        assert!(decision.mails.is_empty() && decision.writes.is_empty());
    }
    for words in ["spam", "spam eggs", "spam eve@evil.example and eggs"] {
        let (_, said) = says(&mut world, GATEWAY, "", words);
        assert!(!said.contains("block spam"), "{words}: {said}");
    }
}

/// The question of “forget me” is answered by its own words, so that nothing is deleted by a slip.
#[test]
fn yes_and_no_alone_do_nothing_and_say_what_would() {
    let mut world = World::new();
    says(&mut world, GATEWAY, "", "forget me");
    for (lang, words, ends) in [
        ("", "yes", "write: forget me yes"),
        ("", "Yes!", "write: forget me yes"),
        ("de", "ja", "schreib: vergiss mich ja"),
        ("de", "yes", "schreib: vergiss mich ja"),
    ] {
        let (decision, said) = says(&mut world, GATEWAY, lang, words);
        assert!(
            decision.operation.is_none() && said.ends_with(ends),
            "{said}"
        );
    }
    let (decision, said) = says(&mut world, GATEWAY, "en", "no.");
    assert!(
        decision.operation.is_none() && said.starts_with("Nothing was done"),
        "{said}"
    );
}

#[test]
fn the_help_names_the_page_on_which_an_address_is_typed() {
    let mut world = World::new();
    let (_, said) = says(&mut world, GATEWAY, "", "help");
    assert!(!said.contains("/write"), "{said}");
    world.settings.write_page = Some("https://mail.a.example/write".to_owned());
    for (lang, words) in [("", "help"), ("de", "hilfe"), ("ru", "помощь")] {
        let (_, said) = says(&mut world, GATEWAY, lang, words);
        assert!(said.ends_with(": https://mail.a.example/write"), "{said}");
    }
}

#[test]
fn b12_many_users_of_one_server_do_not_flood_administrators() {
    let mut world = World::new();
    let admin = BareJid::new("adam@a.example").unwrap();
    world.settings.users.admins = vec![admin.clone()];
    world
        .settings
        .users
        .domains
        .push(jid::DomainPart::new("b.example").unwrap().into_owned());
    let rules = [
        (
            "{local}@a.example".to_owned(),
            "{local}@chat.a.example".to_owned(),
        ),
        (
            "{local}@b.example".to_owned(),
            "{local}@chat.b.example".to_owned(),
        ),
    ];
    world.settings.rules = stanzamail::core::rules::Rules::new(&rules).unwrap();
    let reports = |world: &mut World, user: String| {
        let of_it = format!("block eve{}@evil.example spam", world.now.millis());
        let (decision, said) = says_as(world, &user, GATEWAY, ("", &of_it));
        assert!(said.contains("sends spam"), "{said}");
        assert_eq!(decision.notes.len(), 1, "all are in the log");
        told(&decision, &admin)
    };
    let of_many: usize = (0..50)
        .map(|number| reports(&mut world, format!("u{number}@a.example")))
        .sum();
    assert_eq!(of_many, 1);
    assert_eq!(
        reports(&mut world, "bob@b.example".to_owned()),
        1,
        "another server"
    );
    world.wait(Duration::from_secs(61));
    assert_eq!(reports(&mut world, "u50@a.example".to_owned()), 1);
}

#[test]
fn who_is_away_where_nobody_can_be_verified_is_told_so() {
    let mut world = World::new();
    let but = "But nobody is answered as things are";
    let (_, said) = says(&mut world, GATEWAY, "", "away I ski");
    assert!(said.contains(but) && said.contains("[trust]"), "{said}");
    let (_, said) = says(&mut world, GATEWAY, "", "options");
    assert!(said.contains(but) && said.contains("“I ski”"), "{said}");
    world.settings.contact_addresses = vec!["mailto:admin@a.example".to_owned()];
    let (_, said) = says(&mut world, GATEWAY, "", "set away-on-xa on");
    assert!(
        said.contains(but) && said.contains("mailto:admin@a.example"),
        "{said}"
    );
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    for words in ["away I ski", "options", "set away-on-xa on"] {
        let (_, said) = says(&mut world, GATEWAY, "", words);
        assert!(!said.contains(but), "{words}: {said}");
    }
}

fn presence(world: &mut World, to: &str, kind: &str) -> Decision {
    world.stanza(&format!(
        "<presence from='alice@a.example' to='{to}' type='{kind}'/>"
    ))
}

#[test]
fn a_status_that_may_not_be_seen_is_told_once_and_taken_back() {
    let mut world = World::new();
    let (_, said) = says(&mut world, GATEWAY, "", "set away-on-xa on");
    assert!(said.contains("allow that in your chat program"), "{said}");
    // So a server acknowledges a request that nobody has answered.
    assert!(
        presence(&mut world, HELPER, "unavailable")
            .writes
            .is_empty()
    );
    let waits = "the gateway does not see your status: allow the contact request of help@";
    let (_, said) = says(&mut world, GATEWAY, "", "options");
    assert!(said.contains(waits), "{said}");
    // Who has not answered is not asked again and again what holds: servers answer that by a refusal.
    let alice = BareJid::new("alice@a.example").unwrap();
    let asked = world.decide(move |decider| decider.timer(Timer::Status(&alice)));
    assert!(asked.stanzas.is_empty() && asked.writes.is_empty());
    // Who has taken something else out of the list of contacts has refused nothing.
    assert!(
        presence(&mut world, GATEWAY, "unsubscribed")
            .writes
            .is_empty()
    );
    let refused = presence(&mut world, HELPER, "unsubscribed");
    let said: Vec<String> = refused.stanzas.iter().map(body_of).collect();
    assert!(
        said[0].starts_with("The gateway may not see your status"),
        "{said:?}"
    );
    assert!(
        presence(&mut world, HELPER, "unsubscribed")
            .stanzas
            .is_empty(),
        "said once"
    );
    let (_, said) = says(&mut world, GATEWAY, "", "options");
    assert!(
        said.contains("away-on-xa · off") && !said.contains(waits),
        "{said}"
    );

    says(&mut world, GATEWAY, "", "set away-on-xa on");
    let allowed = presence(&mut world, HELPER, "subscribed");
    assert_eq!(allowed.stanzas[0].attr("type"), Some("probe"));
    let (_, said) = says(&mut world, GATEWAY, "", "options");
    assert!(!said.contains(waits), "{said}");
    let (_, said) = says(&mut world, GATEWAY, "", "set away-on-xa on");
    assert!(!said.contains("allow that"), "it is allowed: {said}");
}

#[test]
fn who_is_forgotten_is_not_watched_any_more() {
    let mut world = World::new();
    let alice = BareJid::new("alice@a.example").unwrap();
    let of = alice.clone();
    let gone = world.decide(move |decider| decider.timer(Timer::UserForgotten(&of)));
    assert!(gone.stanzas.is_empty(), "who was never asked");
    says(&mut world, GATEWAY, "", "set away-on-xa on");
    let gone = world.decide(move |decider| decider.timer(Timer::UserForgotten(&alice)));
    let [unsubscribe] = gone.stanzas.as_slice() else {
        panic!("{:?}", gone.stanzas);
    };
    assert_eq!(unsubscribe.attr("type"), Some("unsubscribe"));
    assert_eq!(unsubscribe.attr("from"), Some(HELPER));
}
