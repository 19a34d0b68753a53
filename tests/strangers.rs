//! Mails of people with whom the user has had nothing to do: marked once, or kept until the user accepts them. No server; rows
//! come from a map.

use crate::decided::World;
use minidom::Element;
use stanzamail::core::address::MailAddress;
use stanzamail::core::context::{Need, Row, Write};
use stanzamail::core::decide::decision::{Decision, Fate, Left};
use stanzamail::core::quota::{Conversation, Demand, Demands};
use stanzamail::core::record::{Contact, Pair, PairOrigin, Strangers, Subscription};
use stanzamail::core::settings::Trust;
use stanzamail::inbound::Verdict;
use std::time::Duration;

const EVE: &str = "eve\\40mail.example@gateway.a.example";
const GATEWAY: &str = "gateway.a.example";
/// As whom it asks for an answer.
const HELPER: &str = "help@gateway.a.example";
const FIRST: &str = "[“Eve Stranger” <eve@mail.example> writes to you for the first time.]";
const UNVERIFIED: &str = "[Unverified sender. This is said once a day.]";
const PASSED: &str = "Authentication-Results: mx.a.example; dmarc=pass header.from=mail.example";

fn world(strangers: Strangers) -> World {
    let mut world = World::new();
    world.settings.strangers = strangers;
    let alice = jid::BareJid::new("alice@a.example").unwrap();
    let none = Row::Contacts(Vec::new());
    world.context.insert(Need::ContactsOf(alice), Some(none));
    world
}

/// A mail of Eve to Alice.
fn of_eve(id: &str, more: &str, text: &str) -> String {
    format!(
        "From: Eve Stranger <eve@mail.example>\nTo: alice@chat.a.example\nMessage-ID: <{id}@mail.example>\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\n{more}\n{text}\n"
    )
    .replace("\n\n\n", "\n\n")
}

fn bodies(decision: &Decision) -> Vec<(String, String)> {
    let messages = decision
        .stanzas
        .iter()
        .filter(|one| one.name() == "message");
    let body = |one: &Element| {
        let body = one.children().find(|child| child.name() == "body");
        let from = one.attr("from").unwrap_or_default().to_owned();
        (from, body.map(Element::text).unwrap_or_default())
    };
    messages.map(body).collect()
}

fn presences(decision: &Decision) -> Vec<(String, String)> {
    let presences = decision.stanzas.iter();
    let presences = presences.filter(|one| one.name() == "presence");
    let one = |one: &Element| {
        let kind = one.attr("type").unwrap_or_default().to_owned();
        let status = one.children().find(|child| child.name() == "status");
        (kind, status.map(Element::text).unwrap_or_default())
    };
    presences.map(one).collect()
}

/// Alice says something, to the gateway or to a contact.
fn says(world: &mut World, to: &str, words: &str) -> Decision {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let id = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    world.stanza(&format!(
        "<message from='alice@a.example/phone' to='{to}' type='chat' id='s{id}'><body>{words}</body></message>"
    ))
}

fn asked(world: &mut World, words: &str) -> String {
    let decision = says(world, GATEWAY, words);
    bodies(&decision).remove(0).1
}

fn shows(world: &mut World, kind: &str) -> Decision {
    world.stanza(&format!(
        "<presence from='alice@a.example/phone' to='{EVE}' type='{kind}'/>"
    ))
}

fn contact(world: &mut World, mail: &str) -> Contact {
    let (user, mail) = (
        jid::BareJid::new("alice@a.example").unwrap(),
        MailAddress::parse(mail).unwrap(),
    );
    let row = world.ask(|decider| decider.rows.contact(&user, &mail).map(|row| row.cloned()));
    row.unwrap_or_default()
}

#[test]
fn the_first_mail_of_a_stranger_is_marked_once() {
    let mut world = world(Strangers::Mark);
    let first = world.mail(&of_eve("1", "", "Hello"));
    assert_eq!(
        bodies(&first),
        [(EVE.to_owned(), format!("{FIRST}\nHello"))]
    );
    let second = world.mail(&of_eve("2", "", "Hello again"));
    assert_eq!(bodies(&second)[0].1, "Hello again");

    // A list is marked as such; of it no contact is left.
    let list = "List-Id: <news.mail.example>\n";
    let news = |id: &str| of_eve(id, list, "Buy").replace("eve@", "news@");
    let first = bodies(&world.mail(&news("3")));
    let mark =
        "[“Eve Stranger” <news@mail.example> writes to many, and to you for the first time.]";
    assert_eq!(first[0].1, format!("{mark}\nBuy"));
    assert_eq!(bodies(&world.mail(&news("4")))[0].1, "Buy");
    assert_eq!(contact(&mut world, "news@mail.example"), Contact::default());
}

#[test]
fn whoever_the_user_knows_is_no_stranger() {
    for strangers in [Strangers::Mark, Strangers::Request, Strangers::Hold] {
        let mut world = world(strangers);
        let sent = says(&mut world, EVE, "Hi Eve");
        let id = sent.mails[0].job.message_id.to_string();
        let answer = world.mail(&of_eve("1", "", "Hi Alice"));
        assert_eq!(bodies(&answer)[0].1, "Hi Alice");
        // Dave has it from Eve, and answers.
        let answers = format!("In-Reply-To: <{id}>\n");
        let mail = of_eve("2", &answers, "Me too").replace("eve@", "dave@");
        assert_eq!(bodies(&world.mail(&mail))[0].1, "Me too");
        // A user of the gateway writes by mail, through the mail server or through the gateway.
        world.settings.trust.authserv_ids = vec!["mx.a.example".to_owned()];
        let passed = PASSED.replace("mail.example", "chat.a.example") + "\n";
        let mail =
            of_eve("3", &passed, "Lunch?").replace("eve@mail.example", "adam@chat.a.example");
        assert_eq!(bodies(&world.mail(&mail))[0].1, "Lunch?");
        let sent = of_user_here(&mut world, "abel", "alice", "Tea?");
        let shown = bodies(&world.mail(&sent)).pop().unwrap().1;
        assert!(shown.ends_with("\nTea?"), "{shown}");
        assert!(!shown.contains("first time"), "{shown}");
    }
}

/// A mail that a user of the gateway has sent through it to another one's address.
fn of_user_here(world: &mut World, from: &str, to: &str, words: &str) -> String {
    let sent = world.stanza(&format!(
        "<message from='{from}@a.example/x' to='{to}\\40chat.a.example@{GATEWAY}' type='chat' id='h1'><body>{words}</body></message>"
    ));
    String::from_utf8(sent.mails[0].bytes.clone()).unwrap()
}

/// Of any address that a rule makes a user of anybody can write; so it excuses only whose it is.
#[test]
fn an_address_of_the_own_domain_excuses_no_stranger() {
    for strangers in [Strangers::Request, Strangers::Hold] {
        for asked in [false, true] {
            let mut world = world(strangers);
            if asked {
                world.settings.trust.authserv_ids = vec!["mx.a.example".to_owned()];
            }
            let forged = |id: &str, local: &str| {
                of_eve(id, "", "Win!")
                    .replace("eve@mail.example", &format!("{local}@chat.a.example"))
            };
            let waits = |world: &mut World, mail: &str, from: &str| {
                let shown = bodies(&world.mail(mail));
                assert!(!shown.iter().any(|(_, body)| body == "Win!"), "{shown:?}");
                let from = format!("{from}@chat.a.example");
                assert!(contact(world, &from).request.is_some(), "{from}");
            };
            waits(&mut world, &forged("1", "nobody"), "nobody");
            // The id of a mail to somebody else, or of somebody else's, proves nothing.
            let sent = of_user_here(&mut world, "abel", "adam", "Tea?");
            let id = sent.lines().find(|line| line.starts_with("Message-ID:"));
            let id = id.unwrap().trim_start_matches("Message-ID:").trim();
            for local in ["abel", "ben"] {
                let mail = forged("2", local).replace("<2@mail.example>", id);
                waits(&mut world, &mail, local);
            }
        }
    }
}

#[test]
fn a_request_is_asked_once_and_accepting_shows_all_that_came() {
    let mut world = world(Strangers::Request);
    let first = world.mail(&of_eve(
        "1",
        "Subject: Your house\n",
        "I want to buy it.\nSoon.",
    ));
    let told = bodies(&first);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, HELPER);
    assert!(
        told[0].1.starts_with(
            "“Eve Stranger” <eve@mail.example> would like to write to you: “Your house – I want to buy it. Soon.”."
        ),
        "{}",
        told[0].1
    );
    let status =
        "eve@mail.example would like to write to you: “Your house – I want to buy it. Soon.”";
    assert_eq!(
        presences(&first),
        [("subscribe".to_owned(), status.to_owned())]
    );
    world.wait(Duration::from_secs(3600));
    assert!(
        world
            .mail(&of_eve("2", "", "Are you there?"))
            .stanzas
            .is_empty()
    );
    // A mail that comes again is kept once.
    assert!(
        world
            .mail(&of_eve("2", "", "Are you there?"))
            .stanzas
            .is_empty()
    );
    let list = asked(&mut world, "requests");
    assert!(list.starts_with("One person would like"), "{list}");
    assert!(
        list.contains("“Eve Stranger” · eve@mail.example · “Your house – I want to buy it. Soon.” · 2 mails · written today at 12:00 UTC"),
        "{list}"
    );
    assert!(!asked(&mut world, "contacts").contains("eve@"));

    let accepted = shows(&mut world, "subscribed");
    let shown = bodies(&accepted);
    let texts: Vec<&str> = shown.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(
        texts,
        ["*Your house*\nI want to buy it.\nSoon.", "Are you there?"]
    );
    assert!(shown.iter().all(|(from, _)| from == EVE));
    for message in accepted
        .stanzas
        .iter()
        .filter(|one| one.name() == "message")
    {
        let delay = message
            .get_child("delay", "urn:xmpp:delay")
            .expect("it is late");
        assert!(
            delay
                .attr("stamp")
                .unwrap()
                .starts_with("2026-11-22T12:00:00"),
            "{delay:?}"
        );
        assert_eq!(message.attr("to"), Some("alice@a.example"));
    }
    assert_eq!(presences(&accepted), []);
    // What was shown does not stay in the store beside it.
    let rows = accepted.writes.iter().filter_map(|write| match write {
        Write::Message(row) => Some(row.sent.kept.len()),
        _ => None,
    });
    assert_eq!(rows.collect::<Vec<_>>(), [0, 0]);
    let known = contact(&mut world, "eve@mail.example");
    assert_eq!(
        (known.subscription, known.request),
        (Subscription::From, None)
    );
    assert!(asked(&mut world, "requests").starts_with("Nobody waits"));
    assert_eq!(
        bodies(&world.mail(&of_eve("3", "", "Thanks")))[0].1,
        "Thanks"
    );
}

#[test]
fn answering_accepts_and_takes_the_question_back() {
    let mut world = world(Strangers::Request);
    world.mail(&of_eve("1", "", "Hello"));
    let answered = says(&mut world, EVE, "Who are you?");
    assert_eq!(answered.mails.len(), 1);
    assert_eq!(bodies(&answered), [(EVE.to_owned(), "Hello".to_owned())]);
    assert_eq!(
        presences(&answered),
        [("unsubscribe".to_owned(), String::new())]
    );
    assert!(!contact(&mut world, "eve@mail.example").pending_in);
    // What the client says of the question afterwards changes nothing.
    assert!(shows(&mut world, "unsubscribed").stanzas.is_empty());
    assert_eq!(bodies(&world.mail(&of_eve("2", "", "Eve")))[0].1, "Eve");
}

#[test]
fn who_is_refused_is_not_shown_and_may_be_accepted_later() {
    for by_command in [true, false] {
        let mut world = world(Strangers::Request);
        world.mail(&of_eve("1", "", "Hello"));
        match by_command {
            true => {
                let decision = says(&mut world, GATEWAY, "refuse eve@mail.example");
                assert!(bodies(&decision)[0].1.contains("nobody is told"));
                assert_eq!(presences(&decision)[0].0, "unsubscribe");
            }
            false => assert!(shows(&mut world, "unsubscribed").stanzas.is_empty()),
        }
        assert!(world.mail(&of_eve("2", "", "Hello?")).stanzas.is_empty());
        assert!(asked(&mut world, "requests").starts_with("Nobody waits"));
        let accepted = says(&mut world, GATEWAY, "accept eve@mail.example");
        let shown = bodies(&accepted);
        assert!(
            shown[0].1.ends_with(
                "What was written to you is in your conversation. What was written while you had refused it is not kept."
            ),
            "{shown:?}"
        );
        assert_eq!(shown[1], (EVE.to_owned(), "Hello".to_owned()));
        assert_eq!(
            bodies(&world.mail(&of_eve("3", "", "At last")))[0].1,
            "At last"
        );
    }
}

#[test]
fn what_is_held_waits_until_the_user_asks() {
    let mut world = world(Strangers::Mark);
    let set = asked(&mut world, "set strangers hold");
    assert!(set.contains("wait until you ask by “requests”"), "{set}");
    let first = world.mail(&of_eve("1", "", "Hello"));
    assert_eq!(presences(&first), []);
    let told = bodies(&first);
    assert!(
        told[0].0 == HELPER && told[0].1.ends_with("write here: requests"),
        "{told:?}"
    );
    // Once a day, whoever waits.
    let dave = of_eve("2", "", "Hello").replace("eve@", "dave@");
    assert!(world.mail(&dave).stanzas.is_empty());
    let list = asked(&mut world, "requests");
    assert!(
        list.starts_with("2 people would like") && list.contains("dave@mail.example"),
        "{list}"
    );
    assert!(world.mail(&of_eve("3", "", "Hello?")).stanzas.is_empty());
    let accepted = bodies(&says(&mut world, GATEWAY, "accept eve@mail.example"));
    assert_eq!(accepted.len(), 3, "{accepted:?}");
    // Blocking is refusing.
    says(&mut world, GATEWAY, "block dave@mail.example");
    assert!(asked(&mut world, "requests").starts_with("Nobody waits"));
    let unblocked = bodies(&says(&mut world, GATEWAY, "unblock dave@mail.example"));
    assert_eq!(unblocked.len(), 2, "{unblocked:?}");
}

#[test]
fn who_waits_is_shown_where_strangers_are_shown_again() {
    for way in ["show", "mark", "show eve@mail.example", "configured"] {
        let mut world = world(Strangers::Request);
        world.mail(&of_eve("1", "", "First"));
        world.mail(&of_eve("2", "", "Second"));
        world.wait(Duration::from_secs(3600));
        match way {
            "configured" => world.settings.strangers = Strangers::Show,
            way => {
                asked(&mut world, &format!("set strangers {way}"));
            }
        }
        let shown = world.mail(&of_eve("3", "", "Third"));
        let told = bodies(&shown);
        let texts: Vec<&str> = told.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["First", "Second", "Third"], "{way}");
        assert!(told.iter().all(|(from, _)| from == EVE));
        // What the client was asked is answered.
        assert_eq!(presences(&shown)[0].0, "unsubscribe", "{way}");
        let known = contact(&mut world, "eve@mail.example");
        assert_eq!((known.request, known.pending_in), (None, false));
        assert!(!known.is_accepted, "nobody has accepted her");
        assert!(asked(&mut world, "requests").starts_with("Nobody waits"));
        // Neither again by a mail that comes once more nor by another one.
        assert!(world.mail(&of_eve("3", "", "Third")).stanzas.is_empty());
        assert_eq!(bodies(&world.mail(&of_eve("4", "", "Fourth"))).len(), 1);
        // And waits again where the user wants that.
        asked(&mut world, "set strangers hold");
        asked(&mut world, "set strangers hold eve@mail.example");
        assert!(
            !bodies(&world.mail(&of_eve("5", "", "Fifth")))
                .iter()
                .any(|(from, _)| from == EVE)
        );
    }
    // Of whom more came than is kept it is said.
    let mut world = world(Strangers::Hold);
    for number in 0..12 {
        world.mail(&of_eve(&format!("e{number}"), "", "Hello"));
    }
    world.settings.strangers = Strangers::Mark;
    let (decision, fate) = world.arrives(&of_eve("e12", "", "Hello"));
    assert_eq!(fate, Fate::Handled);
    let told = bodies(&decision);
    assert_eq!(told.len(), 12, "{told:?}");
    let (from, said) = &told[11];
    assert!(
        from == HELPER
            && said.contains("The 10 mails that were kept")
            && said.contains("2 more were not kept"),
        "{said}"
    );
}

#[test]
fn nothing_of_who_is_not_accepted_is_shown_by_original() {
    let mut world = world(Strangers::Hold);
    world.mail(&of_eve("1", "", "Secret"));
    for refused in [false, true] {
        if refused {
            says(&mut world, GATEWAY, "refuse eve@mail.example");
        }
        let by_command = asked(&mut world, "original eve@mail.example");
        let in_conversation = bodies(&says(&mut world, EVE, "/original")).remove(0).1;
        for said in [by_command, in_conversation] {
            let why = match refused {
                true => "You have refused eve@mail.example",
                false => "eve@mail.example waits for you to accept it",
            };
            assert!(
                said.starts_with(why) && said.contains("accept eve@mail.example"),
                "{said}"
            );
            assert!(!said.contains("Secret"), "{said}");
        }
    }
}

#[test]
fn a_request_says_that_its_sender_is_not_verified() {
    let mut world = world(Strangers::Request);
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    let first = world.mail(&of_eve("1", "", "Hello"));
    let doubt = "Nobody could verify that this is from eve@mail.example.";
    assert!(bodies(&first)[0].1.ends_with(doubt), "{first:?}");
    assert_eq!(
        presences(&first)[0].1,
        format!("eve@mail.example would like to write to you: “Hello”. {doubt}")
    );
    let list = asked(&mut world, "requests");
    assert!(
        list.contains("“Hello” · unverified sender · one mail"),
        "{list}"
    );
    world.mail(&of_eve("2", &format!("{PASSED}\n"), "It is me"));
    let list = asked(&mut world, "requests");
    assert!(list.contains("“Hello” · 2 mails"), "{list}");
    // Of who is verified nothing of that is said.
    let dave = of_eve("3", &format!("{PASSED}\n"), "Hello").replace("eve@", "dave@");
    let first = world.mail(&dave);
    assert!(!bodies(&first)[0].1.contains("verify"), "{first:?}");
    assert!(!presences(&first)[0].1.contains("verify"), "{first:?}");
}

#[test]
fn what_strangers_are_called_passes_for_no_line_of_the_gateway() {
    let boss = "The Boss · by mail · verified” · last message today";
    let mail = |id: &str| {
        of_eve(id, "Subject: Hi” · 9 mails\n", "Hello")
            .replace("Eve Stranger", &format!("\"{boss}\""))
    };
    let mut world = world(Strangers::Hold);
    world.mail(&mail("1"));
    let named = "“The Boss - by mail - verified\" - last message today” · eve@mail.example · ";
    let list = asked(&mut world, "requests");
    assert!(
        list.contains(&format!("{named}“Hi\" - 9 mails – Hello” · one mail")),
        "{list}"
    );
    says(&mut world, GATEWAY, "accept eve@mail.example");
    let list = asked(&mut world, "contacts");
    assert!(list.contains(named), "{list}");
}

#[test]
fn whose_mails_wait_is_not_removed() {
    let mut world = world(Strangers::Hold);
    world.mail(&of_eve("1", "", "Hello"));
    world.mail(&of_eve("2", "", "Hello?"));
    let said = asked(&mut world, "remove eve@mail.example");
    assert!(
        said.starts_with("2 mails of eve@mail.example wait")
            && said.contains("accept eve@mail.example"),
        "{said}"
    );
    let accepted = bodies(&says(&mut world, GATEWAY, "accept eve@mail.example"));
    assert_eq!(accepted.len(), 3, "{accepted:?}");
    assert!(asked(&mut world, "remove eve@mail.example").contains("is forgotten"));
}

#[test]
fn whom_the_user_has_refused_is_listed_as_such() {
    let mut world = world(Strangers::Hold);
    world.mail(&of_eve("1", "", "Hello"));
    let options = asked(&mut world, "options eve@mail.example");
    assert!(
        options.starts_with("How mails of eve@mail.example"),
        "{options}"
    );
    says(&mut world, GATEWAY, "refuse eve@mail.example");
    let list = asked(&mut world, "contacts");
    assert!(
        list.contains("eve@mail.example") && list.contains("· blocked"),
        "{list}"
    );
    let options = asked(&mut world, "options eve@mail.example");
    assert!(
        options.starts_with("eve@mail.example is blocked"),
        "{options}"
    );
}

#[test]
fn a_contact_is_called_what_the_users_own_mails_say() {
    let mut world = world(Strangers::Show);
    let jid = jid::BareJid::new(EVE).unwrap();
    let mail = MailAddress::parse("eve@mail.example").unwrap();
    let pair = |origin| Pair {
        jid: jid.clone(),
        mail: mail.clone(),
        name: Some("Vera Verified".to_owned()),
        origin,
        saved: stanzamail::core::time::Timestamp::default(),
    };
    // Another user has added her.
    world
        .context
        .apply(&[Write::Pair(pair(PairOrigin::Verified))]);
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    let card = |world: &mut World| {
        let card = world.stanza(&format!(
            "<iq from='alice@a.example/x' to='{EVE}' type='get' id='1'><vCard xmlns='vcard-temp'/></iq>"
        ));
        String::from(&card.stanzas[0])
    };
    let found = |world: &mut World, typed: &str| {
        let found = world.stanza(&format!(
            "<iq from='alice@a.example/x' to='{GATEWAY}' type='set' id='1'><query xmlns='jabber:iq:search'><email>{typed}</email></query></iq>"
        ));
        String::from(&found.stanzas[0])
    };
    assert!(!card(&mut world).contains("Vera"));
    assert!(!found(&mut world, "eve@mail.example").contains("Vera"));
    world.mail(&of_eve("1", "", "Hello"));
    let list = asked(&mut world, "contacts");
    assert!(
        list.contains("• eve@mail.example · ") && !list.contains("verified"),
        "{list}"
    );
    world.mail(&of_eve("2", &format!("{PASSED}\n"), "Hello"));
    let list = asked(&mut world, "contacts");
    assert!(
        list.contains("• “Eve Stranger” · eve@mail.example · ") && list.contains("· verified"),
        "{list}"
    );
    assert!(card(&mut world).contains("Eve Stranger"));
    assert!(found(&mut world, "stranger").contains("Eve Stranger"));
    // What an administrator says is so for all.
    world.context.apply(&[Write::Pair(pair(PairOrigin::Admin))]);
    assert!(asked(&mut world, "contacts").contains("“Vera Verified”"));
    assert!(card(&mut world).contains("Vera Verified"));
}

#[test]
fn only_words_accept_and_no_reaction() {
    let mut world = world(Strangers::Hold);
    world.mail(&of_eve("1", "", "Hello"));
    let reaction = world.stanza(&format!(
        "<message from='alice@a.example/phone' to='{EVE}' type='chat' id='r1'>\
         <reactions xmlns='urn:xmpp:reactions:0' id='x1'><reaction>👍</reaction></reactions></message>"
    ));
    assert_eq!(bodies(&reaction), []);
    let known = contact(&mut world, "eve@mail.example");
    assert!(known.request.is_some() && !known.is_acquainted());
    assert!(world.mail(&of_eve("2", "", "Hello?")).stanzas.is_empty());
    assert_eq!(bodies(&says(&mut world, EVE, "Hi")).len(), 2);
}

#[test]
fn nobody_is_accepted_of_whom_nothing_is_known() {
    let mut world = world(Strangers::Hold);
    let decision = says(&mut world, GATEWAY, "accept nobody@mail.example");
    assert!(
        bodies(&decision)[0]
            .1
            .starts_with("nobody@mail.example does not wait for you.")
    );
    assert!(
        decision
            .writes
            .iter()
            .all(|write| !matches!(write, Write::Contact(..)))
    );
    assert_eq!(
        contact(&mut world, "nobody@mail.example"),
        Contact::default()
    );
}

#[test]
fn no_more_is_kept_than_a_few_mails_of_few_people() {
    let mut world = world(Strangers::Hold);
    let mail = |world: &mut World, mail: &str| world.arrives(mail);
    for number in 0..12 {
        let (decision, fate) = mail(&mut world, &of_eve(&format!("e{number}"), "", "Hello"));
        let is_kept = number < 10;
        assert_eq!(
            fate,
            if is_kept { Fate::Handled } else { Fate::Left },
            "{number}"
        );
        assert_eq!(decision.left, (!is_kept).then_some(Left::Unaccepted));
    }
    // It comes again, and would be shown to whom it is for by then.
    for number in 0..100 {
        let eve = format!("eve{number}@");
        let (_, fate) = mail(&mut world, &of_eve(&eve, "", "Hello").replace("eve@", &eve));
        assert_eq!(
            fate,
            if number < 99 {
                Fate::Handled
            } else {
                Fate::Left
            },
            "{number}"
        );
    }
    let list = asked(&mut world, "requests");
    assert!(
        list.starts_with("100 people would like to write to you. Of more than these"),
        "{list}"
    );
    assert!(
        list.contains("10 mails, and 2 that are not kept here"),
        "{list}"
    );
    let accepted = bodies(&says(&mut world, GATEWAY, "accept eve@mail.example"));
    assert_eq!(accepted.len(), 11);
    assert!(
        accepted[0].1.contains("2 more were not kept here"),
        "{accepted:?}"
    );
    let (decision, _) = mail(&mut world, &of_eve("e11", "", "Hello"));
    assert_eq!(
        bodies(&decision).len(),
        1,
        "what was left is shown when it comes again"
    );
}

/// What is said of a mail to several is true of those alone of whom it is.
#[test]
fn e36_of_a_mail_to_several_it_is_said_for_whom_it_is_not_kept() {
    let mut world = world(Strangers::Hold);
    let bob = jid::BareJid::new("bob@a.example").unwrap();
    let none = Row::Contacts(Vec::new());
    world.context.insert(Need::ContactsOf(bob), Some(none));
    for number in 0..10 {
        world.mail(&of_eve(&format!("e{number}"), "", "Hello"));
    }
    let both = of_eve("both", "", "Hello").replace("To: alice@", "To: bob@chat.a.example, alice@");
    let (decision, fate) = world.arrives(&both);
    assert_eq!((fate, decision.left), (Fate::Left, Some(Left::Unaccepted)));
    let left_by: Vec<_> = decision.left_by.iter().map(ToString::to_string).collect();
    assert_eq!(left_by, ["alice@a.example"]);

    // Bob is shown no more for the moment: then a mail that was handed over comes again for both, and is not lost for Alice.
    let conversation = Conversation {
        user: "bob@a.example".parse().unwrap(),
        contact: EVE.parse().unwrap(),
        is_believed: false,
    };
    let waits = || Demands::from([(conversation.clone(), Demand::default())]);
    let verdict = |is_handed_over| {
        let mut decision = decision.clone();
        Verdict::of(&mut decision, Fate::Later, waits(), is_handed_over)
    };
    assert_eq!(verdict(false), Verdict::Later(waits()));
    let both = ["alice@a.example", "bob@a.example"].map(|one| one.parse().unwrap());
    let both = Verdict::LeftBy(Left::Unaccepted, both.into());
    assert_eq!(verdict(true), both);
}

#[test]
fn that_a_sender_is_not_verified_is_said_once_a_day() {
    let mut world = world(Strangers::Show);
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    let passed = format!("{PASSED}\n");
    let mut shown = |id: &str, more: &str, hours: u64| {
        world.wait(Duration::from_secs(hours * 3600));
        bodies(&world.mail(&of_eve(id, more, "Hello"))).remove(0).1
    };
    let marked = format!("{UNVERIFIED}\nHello");
    assert_eq!(shown("1", "", 0), marked);
    assert_eq!(shown("2", "", 1), "Hello");
    assert_eq!(shown("3", "", 24), marked);
    // After one that was verified, what is not says so again.
    assert_eq!(shown("4", &passed, 1), "Hello");
    assert_eq!(shown("5", "", 0), marked);
    assert_eq!(shown("6", "", 1), "Hello");
    // Of news nothing is remembered.
    for id in ["7", "8"] {
        let news = of_eve(id, "List-Id: <a.mail.example>\n", "Hello").replace("eve@", "news@");
        assert_eq!(bodies(&world.mail(&news))[0].1, marked);
    }
}

#[test]
fn an_answer_that_nobody_could_verify_can_be_accepted() {
    for by_command in [true, false] {
        let mut world = world(Strangers::Show);
        world.settings.trust = Trust {
            authserv_ids: vec!["mx.a.example".to_owned()],
            ..Trust::default()
        };
        shows(&mut world, "subscribe");
        let answer = world.mail(&of_eve("1", "", "With pleasure"));
        let text = &bodies(&answer)[0].1;
        assert!(
            text.contains("write to the gateway: accept eve@mail.example]\nWith pleasure"),
            "{text}"
        );
        assert_eq!(presences(&answer)[0].0, "subscribe");
        // Not again, and a client that repeats its own request accepts nothing.
        assert_eq!(presences(&world.mail(&of_eve("2", "", "Hello?"))), []);
        shows(&mut world, "subscribe");
        assert!(contact(&mut world, "eve@mail.example").pending_out);
        assert!(
            asked(&mut world, "requests").contains("an answer to you, which nobody could verify")
        );
        let accepted = match by_command {
            true => says(&mut world, GATEWAY, "accept eve@mail.example"),
            false => shows(&mut world, "subscribed"),
        };
        let kinds: Vec<String> = presences(&accepted)
            .into_iter()
            .map(|(kind, _)| kind)
            .collect();
        let expected: &[&str] = match by_command {
            true => &["unsubscribe", "subscribed", ""],
            false => &["subscribed", ""],
        };
        assert_eq!(kinds, expected);
        let known = contact(&mut world, "eve@mail.example");
        assert!(known.subscription.has_to() && !known.pending_out && known.request.is_none());
    }
}

#[test]
fn a_verified_answer_ends_the_question_about_one_that_was_not() {
    let mut world = world(Strangers::Show);
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    shows(&mut world, "subscribe");
    world.mail(&of_eve("1", "", "Yes"));
    let verified = world.mail(&of_eve("2", &format!("{PASSED}\n"), "It is me"));
    let kinds: Vec<String> = presences(&verified)
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(kinds, ["subscribed", "", "unsubscribe"]);
    assert!(asked(&mut world, "requests").starts_with("Nobody waits"));
    let known = contact(&mut world, "eve@mail.example");
    assert!(known.subscription.has_to() && !known.pending_in);
    // Refusing what could not be verified leaves the request as it is.
    let mut world = self::world(Strangers::Show);
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    shows(&mut world, "subscribe");
    world.mail(&of_eve("1", "", "Yes"));
    let refused = asked(&mut world, "refuse eve@mail.example");
    assert!(
        refused.starts_with("Your contact request to eve@mail.example stays open"),
        "{refused}"
    );
    let known = contact(&mut world, "eve@mail.example");
    assert!(known.pending_out && !known.is_blocked);
}

/// Whoever asks is named by the helper, in whose words nothing of theirs stands but between marks that it cannot end.
#[test]
fn what_a_stranger_writes_reads_as_no_words_of_the_helper() {
    let mut world = world(Strangers::Request);
    let said = |world: &mut World, from: &str, text: &str| {
        let mail = of_eve(&from.len().to_string(), "", text);
        let mail = mail.replace("Eve Stranger <eve@mail.example>", from);
        let told = bodies(&world.mail(&mail));
        assert!(told.len() == 1 && told[0].0 == HELPER, "{from}: {told:?}");
        told[0].1.clone()
    };
    let text = "”. Your mailbox is full, write here: accept ceo@bank.example “";
    let name = "”. Your mailbox is full “";
    let told = said(&mut world, &format!("\"{name}\" <eve@mail.example>"), text);
    let count = |mark: char| told.chars().filter(|c| *c == mark).count();
    assert_eq!((count('“'), count('”')), (2, 2), "{told}");
    // A space that is none; others of the kind make no JID.
    let local = "Your mailbox is full. Write to eve".replace(' ', "\u{2800}");
    let told = said(&mut world, &format!("{local}@mail.example"), "Hello");
    let quoted = format!("\"{local}\"@mail.example");
    assert!(
        told.starts_with(&format!("{quoted} would like to write to you")),
        "{told}"
    );
    assert!(told.contains(&format!("accept {quoted}")), "{told}");
}
