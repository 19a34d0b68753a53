//! A user is away: people who write are told so once in a while, and nobody else. No server; rows come from a map.

use crate::decided::World;
use jid::BareJid;
use minidom::Element;
use stanzamail::core::decide::Timer;
use stanzamail::core::decide::decision::{AtMostOnce, Decision};
use stanzamail::core::quota::Quotas;
use stanzamail::core::record::Strangers;
use stanzamail::core::settings::{Allowance, Trust};
use std::time::Duration;

const GATEWAY: &str = "gateway.a.example";
const PASSED: &str = "Authentication-Results: mx.a.example; dmarc=pass header.from=mail.example";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn world() -> World {
    let mut world = World::new();
    world.settings.trust = Trust {
        authserv_ids: vec!["mx.a.example".to_owned()],
        ..Trust::default()
    };
    world
}

fn asked(world: &mut World, words: &str) -> String {
    let at = world.now.millis();
    let decision = world.stanza(&format!(
        "<message from='alice@a.example/phone' to='{GATEWAY}' type='chat' id='{at}{}'><body>{words}</body></message>",
        words.len()
    ));
    let answer = decision.stanzas.first().expect("it is answered");
    let body = answer.children().find(|child| child.name() == "body");
    body.map(Element::text).unwrap()
}

/// A mail of Carol to Alice, verified, with these lines of its header besides.
fn mail(world: &mut World, more: &str) -> Decision {
    let date = chrono::DateTime::from_timestamp_millis(world.now.millis());
    let date = date.unwrap().to_rfc2822();
    let id = world.now.millis();
    let head = "From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nSubject: Lunch\n";
    let mut lines: Vec<String> =
        format!("{PASSED}\n{head}Message-ID: <{id}@mail.example>\nDate: {date}")
            .lines()
            .map(str::to_owned)
            .collect();
    // A line of the same name takes the other's place.
    for line in more.lines() {
        let name = line.split(':').next().unwrap();
        lines.retain(|known| known.split(':').next() != Some(name));
        lines.push(line.to_owned());
    }
    lines.retain(|line| !line.ends_with(": -"));
    world.wait(Duration::from_secs(1));
    world.mail(&format!("{}\n\nShall we meet?\n", lines.join("\n")))
}

fn answers(decision: &Decision) -> &[AtMostOnce] {
    &decision.at_most_once
}

/// As the shell does where the user may send it.
fn accept(world: &mut World, decision: &Decision) {
    for one in answers(decision) {
        world.context.apply(std::slice::from_ref(&one.written));
    }
}

#[test]
fn a_person_is_told_once_in_seven_days() {
    let mut world = world();
    assert!(
        answers(&mail(&mut world, "")).is_empty(),
        "nobody asked for it"
    );
    let said = asked(&mut world, "away I am in the *mountains*.");
    assert!(
        said.contains("at most once in 7 days")
            && said.ends_with("write: back\nThe answer says: “I am in the *mountains*.”"),
        "{said}"
    );
    assert!(asked(&mut world, "options").starts_with("You are away:"));

    let first = mail(&mut world, "");
    let [answer] = answers(&first) else {
        panic!("{:?}", first.at_most_once);
    };
    let job = &answer.mail.job;
    assert_eq!(job.from, None, "no reverse path");
    assert_eq!(job.to[0].to_string(), "carol@mail.example");
    assert!(job.origin.is_none() && job.silent, "nobody is told of it");
    let text = String::from_utf8(answer.mail.bytes.clone()).unwrap();
    for line in [
        "From: alice <alice@chat.a.example>\r\n",
        "To: carol@mail.example\r\n",
        "Subject: Auto: Lunch\r\n",
        "In-Reply-To: <",
        "References: <",
        "Auto-Submitted: auto-replied\r\n",
        "I am in the *mountains*.\r\n\r\n[A program answers in place of alice, at most once in 7 days.]",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    // What was not accepted is written again, under the same name.
    accept(&mut world, &first);
    assert!(answers(&mail(&mut world, "")).is_empty());
    // Somebody else is told.
    let others = "From: dave@mail.example";
    let other = mail(&mut world, others);
    assert_eq!(
        answers(&other)[0].mail.job.to[0].to_string(),
        "dave@mail.example"
    );

    world.wait(DAY * 7 - Duration::from_secs(60));
    assert!(answers(&mail(&mut world, "")).is_empty());
    world.wait(Duration::from_secs(60));
    assert_eq!(answers(&mail(&mut world, "")).len(), 1);
    let said = asked(&mut world, "back");
    assert!(said.starts_with("Welcome back."), "{said}");
    assert!(answers(&mail(&mut world, "")).is_empty());
    assert!(asked(&mut world, "back").starts_with("You were not away"));
    assert!(!asked(&mut world, "options").contains("You are away"));
}

#[test]
fn c3_c4_nobody_else_is_told() {
    let mut world = world();
    asked(&mut world, "away");
    for more in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "Precedence: junk",
        "List-Id: <news.mail.example>",
        "List-Unsubscribe: <https://mail.example/>",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
        // Somebody else's, who did not write it.
        "Return-Path: <victim@other.example>",
        "From: noreply@mail.example",
        "From: mailer-daemon@mail.example",
        "From: news-owner@mail.example",
        "From: DoNotReply@mail.example",
        "From: shop-no_reply+17@mail.example",
        // A program that does not say that it is one.
        "Subject: Automatic reply: Lunch",
        "Subject: [Ticket#4711] Lunch",
        "X-OTRS-Loop: yes",
        // Nobody says whose it is.
        "Authentication-Results: mx.a.example; dmarc=none",
        "Authentication-Results: mx.a.example; dmarc=fail header.from=mail.example",
        "Authentication-Results: mx.evil.example; dmarc=pass header.from=mail.example",
        "From: carol@other.example",
        // A copy that somebody has sent on, or that a list sends to all of its own.
        "To: somebody@mail.example\nDelivered-To: alice@chat.a.example",
        // From before, and of nobody knows when.
        "Date: Sun, 1 Nov 2026 12:00:00 +0000",
        "Date: -",
        // Another gateway.
        "From: dave@mail.example\nXMPP-Bridge: v=1",
    ] {
        let decision = mail(&mut world, more);
        assert!(answers(&decision).is_empty(), "{more}");
    }
    // And then she is, so that it was not for want of anything else.
    assert_eq!(answers(&mail(&mut world, "")).len(), 1);

    // Who is blocked, and who waits to be accepted.
    asked(&mut world, "block carol@mail.example");
    assert!(answers(&mail(&mut world, "")).is_empty());
    world.settings.strangers = Strangers::Request;
    let eve = mail(&mut world, "From: eve@mail.example");
    assert!(answers(&eve).is_empty());
}

#[test]
fn it_ends_by_itself_after_the_last_day() {
    let mut world = world(); // on November 22nd, 2026
    let said = asked(&mut world, "Away until 2026-11-24: Gone fishing");
    assert!(
        said.contains("until 2026-11-24") && said.ends_with("The answer says: “Gone fishing”"),
        "{said}"
    );
    assert!(asked(&mut world, "options").starts_with("You are away until 2026-11-24 (Tue):"));
    world.wait(DAY * 2);
    let last = mail(&mut world, "");
    assert_eq!(answers(&last).len(), 1);
    world.wait(DAY);
    assert!(answers(&mail(&mut world, "")).is_empty());
    assert!(asked(&mut world, "back").starts_with("You were not away"));

    for typed in [
        "2026-11-24",
        "until 2026-13-01 x",
        "2026-11-1 x",
        "until",
        "2027-12-31",
        "until Fryday x",
    ] {
        let said = asked(&mut world, &format!("away {typed}"));
        assert!(
            said.contains("is no day of the coming year"),
            "{typed}: {said}"
        );
    }
    assert!(asked(&mut world, &format!("away {}", "x".repeat(1_001))).contains("more than 1000"));
    assert!(answers(&mail(&mut world, "")).is_empty());
    // Today is one, and so is a day without a word before it.
    let said = asked(&mut world, "away 2026-11-25");
    assert!(said.contains("until 2026-11-25"), "{said}");
}

fn shows(world: &mut World, resource: &str, content: &str) -> Decision {
    world.stanza(&format!(
        "<presence from='alice@a.example/{resource}' to='help@{GATEWAY}'{content}</presence>"
    ))
}

#[test]
fn a_status_answers_where_the_user_has_chosen_so() {
    let mut world = world();
    let xa = "><show>xa</show><status>On Corfu</status>";
    let said = asked(&mut world, "options");
    assert!(said.contains("set away-on-xa on or off"), "{said}");
    // Nobody has chosen it.
    assert!(shows(&mut world, "desk", xa).writes.is_empty());
    assert!(answers(&mail(&mut world, "")).is_empty());

    let at = "<message from='alice@a.example/phone' to='gateway.a.example' type='chat' id='on1'><body>set away-on-xa on</body></message>";
    let chosen = world.stanza(at);
    let kinds = chosen.stanzas.iter().filter(|one| one.name() == "presence");
    let kinds: Vec<_> = kinds
        .map(|one| (one.attr("from").unwrap(), one.attr("type").unwrap()))
        .collect();
    let helper = "help@gateway.a.example";
    assert_eq!(kinds, [(helper, "subscribe")]);
    let allowed = shows(&mut world, "phone", " type='subscribed'>");
    assert_eq!(allowed.stanzas[0].attr("type"), Some("probe"));
    shows(&mut world, "phone", ">");
    shows(&mut world, "desk", xa);
    assert!(
        answers(&mail(&mut world, "")).is_empty(),
        "the phone is there"
    );
    shows(&mut world, "phone", " type='unavailable'>");
    assert!(asked(&mut world, "options").starts_with("You are away, as your status says"));
    // The same once more is nothing new; what one contact is shown alone is nobody else's.
    assert!(shows(&mut world, "desk", xa).writes.is_empty());
    world.stanza(
        "<presence from='alice@a.example/desk' to='carol\\40mail.example@gateway.a.example'/>",
    );
    assert!(answers(&mail(&mut world, "List-Id: <x.example>")).is_empty());
    let answered = mail(&mut world, "");
    let letter = String::from_utf8(answers(&answered)[0].mail.bytes.clone()).unwrap();
    assert!(letter.contains("On Corfu"), "{letter}");
    accept(&mut world, &answered);
    assert!(answers(&mail(&mut world, "")).is_empty());
    world.wait(7 * DAY);
    shows(&mut world, "desk", ">");
    assert!(answers(&mail(&mut world, "")).is_empty(), "back again");
    // Whoever says so in a chat is back, whatever the status says.
    shows(&mut world, "desk", xa);
    assert!(asked(&mut world, "back").starts_with("Welcome back"));
    assert!(answers(&mail(&mut world, "")).is_empty());
    // A server says the same again when it is asked.
    assert!(shows(&mut world, "desk", xa).writes.is_empty());
    assert!(answers(&mail(&mut world, "")).is_empty(), "nothing new");
    // Whoever shows the gateway nothing any more says nothing by what was shown.
    shows(&mut world, "desk", "><show>xa</show><status>Ill</status>");
    assert!(asked(&mut world, "options").starts_with("You are away, as your status says"));
    // Until a planned absence begins, nobody may say that nobody is answered.
    let planned = asked(&mut world, "away from tomorrow");
    assert!(
        planned.contains("Until then your status decides."),
        "{planned}"
    );
    assert!(!answers(&mail(&mut world, "From: ivan@mail.example")).is_empty());
    asked(&mut world, "back");
    shows(&mut world, "desk", " type='unsubscribed'>");
    assert!(!asked(&mut world, "options").starts_with("You are away"));
    assert!(answers(&mail(&mut world, "")).is_empty(), "not shown");
    let off = asked(&mut world, "set away-on-xa off");
    assert!(off.contains("answer nobody"), "{off}");
    assert!(shows(&mut world, "desk", xa).writes.is_empty());
}

#[test]
fn a_day_is_named_as_people_name_it() {
    for (language, words, expected) in [
        ("en", "until friday I ski", Some("I ski")),
        ("en", "until the 24.12. I ski", Some("I ski")),
        ("en", "until tomorrow", None),
        ("de", "bis Freitag: Ski", Some("Ski")),
        ("de", "bis zum 24.12.2026 Ski", Some("Ski")),
        ("fr", "jusqu'à vendredi ski", Some("ski")),
        ("es", "hasta el viernes esquí", Some("esquí")),
        ("ru", "до пятницы лыжи", Some("лыжи")),
    ] {
        let mut world = world();
        asked(&mut world, &format!("set language {language}"));
        world.wait(Duration::from_secs(1));
        let said = asked(&mut world, &format!("away {words}"));
        let options = world
            .context
            .own_options(&"alice@a.example".parse().unwrap(), None);
        let away = options.unwrap().away;
        let away = away.unwrap_or_else(|| panic!("{words}: {said}"));
        let until = away.until.unwrap_or_else(|| panic!("{words}: {said}"));
        assert!(until > world.now, "{words}");
        assert_eq!(away.text.as_deref(), expected, "{words}: {said}");
    }
    let mut world = world();
    for words in [
        "away until 31.2.",
        "away until someday",
        "away until 1.1.26",
    ] {
        let said = asked(&mut world, words);
        assert!(
            said.contains("is no day of the coming year"),
            "{words}: {said}"
        );
    }
    // Its name alone is one, and a sentence is none.
    let said = asked(&mut world, "away Friday");
    assert!(said.contains("answered until 20"), "{said}");
    let said = asked(&mut world, "away Friday is for skiing");
    assert!(said.contains("“Friday is for skiing”"), "{said}");
}

/// Whoever lets a client say something else all the time.
#[test]
fn b11_a_status_that_changes_all_the_time_is_written_down_now_and_then_and_asked_for_later() {
    let mut world = world();
    world.quotas = Some(Quotas::new(&Allowance::default()));
    asked(&mut world, "set away-on-xa on");
    shows(&mut world, "phone", " type='subscribed'>");
    let mut writes = 0;
    for number in 0..1_000 {
        let xa = format!("><show>xa</show><status>{number}</status>");
        writes += shows(&mut world, "desk", &xa).writes.len();
        world.wait(Duration::from_millis(100));
    }
    // As many as at once, and those that came back in the 100 seconds.
    assert!((30..=41).contains(&writes), "{writes}");
    let now = world.now;
    let alice = BareJid::new("alice@a.example").unwrap();
    let quotas = world.quotas.as_mut().unwrap();
    let due = quotas
        .unheard_due()
        .expect("what was not heard is asked for");
    assert!(due <= now.plus(Duration::from_secs(60)));
    assert!(
        quotas
            .take_unheard(due.plus(Duration::from_secs(1)))
            .contains(&alice)
    );
    assert_eq!(quotas.unheard_due(), None);
    world.wait(Duration::from_secs(60));
    let probe = world.decide(move |decider| decider.timer(Timer::Status(&alice)));
    assert_eq!(probe.stanzas[0].attr("type"), Some("probe"));
    // What the server answers then is what holds.
    shows(
        &mut world,
        "desk",
        "><show>xa</show><status>On Corfu</status>",
    );
    let said = asked(&mut world, "options");
    assert!(said.contains("“On Corfu”"), "{said}");
}

/// People count the days: what they say of that was once mailed to others as their words, and the answers had no end.
#[test]
fn days_and_weeks_are_counted_from_today() {
    for (language, words, day, text) in [
        ("en", "away 3 days: I ski", "2026-11-25 (Wed)", "I ski"),
        ("en", "away for 3 days I ski", "2026-11-25 (Wed)", "I ski"),
        (
            "en",
            "away for the next 2 weeks, I ski",
            "2026-12-06 (Sun)",
            "I ski",
        ),
        (
            "en",
            "I'm away for a week I ski",
            "2026-11-29 (Sun)",
            "I ski",
        ),
        (
            "en",
            "I’m away until 24.12. I ski",
            "2026-12-24 (Thu)",
            "I ski",
        ),
        ("de", "abwesend 3 Tage Ski", "2026-11-25 (Mi)", "Ski"),
        (
            "de",
            "ich bin im Urlaub für eine Woche: Ski",
            "2026-11-29 (So)",
            "Ski",
        ),
        (
            "es",
            "estoy fuera 3 días esquí",
            "2026-11-25 (mié)",
            "esquí",
        ),
        (
            "es",
            "ausente durante una semana esquí",
            "2026-11-29 (dom)",
            "esquí",
        ),
        (
            "fr",
            "je suis absente pendant 3 jours ski",
            "2026-11-25 (mer",
            "ski",
        ),
        (
            "fr",
            "en vacances pour une semaine ski",
            "2026-11-29 (dim",
            "ski",
        ),
        ("ru", "меня нет 3 дня лыжи", "2026-11-25 (ср)", "лыжи"),
        (
            "ru",
            "меня не будет на неделю лыжи",
            "2026-11-29 (вс)",
            "лыжи",
        ),
    ] {
        let mut world = world();
        asked(&mut world, &format!("set language {language}"));
        world.wait(Duration::from_secs(1));
        let said = asked(&mut world, words);
        assert!(said.contains(day), "{words}: {said}");
        let options = world
            .context
            .own_options(&"alice@a.example".parse().unwrap(), None);
        let away = options.unwrap().away;
        let away = away.unwrap_or_else(|| panic!("{words}: {said}"));
        assert_eq!(away.text.as_deref(), Some(text), "{words}: {said}");
    }
    let mut world = world();
    // What counts nothing is a text, and what is too far away is refused.
    for text in ["for Christmas", "a bit tired", "for the week-end", "weeks"] {
        let said = asked(&mut world, &format!("away {text}"));
        assert!(said.contains(&format!("says: “{text}”")), "{said}");
        world.wait(Duration::from_secs(1));
    }
    for words in [
        "400 days",
        "99999999999999999999 days",
        "3 ducks",
        "for 100 weeks",
    ] {
        let said = asked(&mut world, &format!("away {words}"));
        assert!(said.contains("is no day of the coming year"), "{said}");
        world.wait(Duration::from_secs(1));
    }
}

#[test]
fn the_answer_names_the_weekday_and_options_the_words() {
    let mut world = world();
    for (words, day) in [
        ("away til monday I ski", "2026-11-23 (Mon)"),
        ("away until 24 December I ski", "2026-12-24 (Thu)"),
        ("away till December 24th: I ski", "2026-12-24 (Thu)"),
        ("away 24 December I ski", "2026-12-24 (Thu)"),
        ("away 2026-11-24 I ski", "2026-11-24 (Tue)"),
    ] {
        let said = asked(&mut world, words);
        assert!(said.contains(&format!("until {day}")), "{words}: {said}");
        assert!(
            said.ends_with("The answer says: “I ski”"),
            "{words}: {said}"
        );
        let options = asked(&mut world, "options");
        assert!(
            options.starts_with(&format!("You are away until {day}:")),
            "{options}"
        );
        assert!(options.contains("The answer says: “I ski”\n"), "{options}");
        world.wait(Duration::from_secs(1));
    }
    // A month begins a text as well.
    let said = asked(&mut world, "away March madness, back soon");
    assert!(said.contains("“March madness, back soon”"), "{said}");
    let said = asked(&mut world, "away until December");
    assert!(said.contains("“December” is no day"), "{said}");
}

fn away_of(world: &World) -> Option<stanzamail::core::record::Away> {
    let alice = BareJid::new("alice@a.example").unwrap();
    world.context.own_options(&alice, None).unwrap().away
}

/// Who said so a day before was away at once.
#[test]
fn an_absence_may_begin_later() {
    let mut world = world(); // on Sunday, November 22nd, 2026
    let said = asked(&mut world, "away from tomorrow until friday: I ski");
    assert!(
        said.contains("from 2026-11-23 (Mon) until 2026-11-27 (Fri)")
            && said.ends_with("The answer says: “I ski”"),
        "{said}"
    );
    let options = asked(&mut world, "options");
    assert!(
        options.starts_with(
            "You will be away from 2026-11-23 (Mon) until 2026-11-27 (Fri): who writes"
        ),
        "{options}"
    );
    assert!(options.contains("The answer says: “I ski”\n"), "{options}");
    assert!(answers(&mail(&mut world, "")).is_empty(), "not yet");
    world.wait(Duration::from_secs(12 * 3600));
    assert_eq!(answers(&mail(&mut world, "")).len(), 1);
    assert!(asked(&mut world, "options").starts_with("You are away until 2026-11-27 (Fri):"));
    world.wait(4 * DAY);
    assert_eq!(answers(&mail(&mut world, "")).len(), 1);
    world.wait(DAY);
    assert!(answers(&mail(&mut world, "")).is_empty(), "over");
    // It is called off before it begins.
    asked(&mut world, "away from tomorrow until friday");
    let said = asked(&mut world, "back");
    assert!(said.starts_with("It is called off"), "{said}");
    world.wait(DAY);
    assert!(answers(&mail(&mut world, "")).is_empty());
    assert!(asked(&mut world, "back").starts_with("You were not away"));
}

#[test]
fn a_period_is_named_as_people_name_it() {
    let (mon, tue) = ("2026-11-23", "2026-11-24");
    for (language, words, from, last, text) in [
        ("en", "from tomorrow", mon, "", ""),
        ("en", "from tomorrow on", mon, "", ""),
        ("en", "from tomorrow I ski", mon, "", "I ski"),
        ("en", "tomorrow until friday", mon, "2026-11-27", ""),
        ("en", "from today until friday x", "", "2026-11-27", "x"),
        ("en", "from 2026-11-20 to friday x", "", "2026-11-27", "x"),
        (
            "en",
            "from friday until monday",
            "2026-11-27",
            "2026-11-30",
            "",
        ),
        (
            "en",
            "24 December - 2 January x",
            "2026-12-24",
            "2027-01-02",
            "x",
        ),
        (
            "en",
            "2026-12-24 - 2027-01-02 x",
            "2026-12-24",
            "2027-01-02",
            "x",
        ),
        (
            "en",
            "from 24 to 31 December, x",
            "2026-12-24",
            "2026-12-31",
            "x",
        ),
        ("en", "from Tuesday for a week: x", tue, "2026-11-30", "x"),
        ("en", "next week: x", mon, "2026-11-29", "x"),
        ("en", "from next week until 3 Dec", mon, "2026-12-03", ""),
        ("en", "until next week I ski", "", mon, "I ski"),
        (
            "de",
            "von morgen bis Freitag: Ski",
            mon,
            "2026-11-27",
            "Ski",
        ),
        (
            "de",
            "vom 24. bis 31. Dezember Ski",
            "2026-12-24",
            "2026-12-31",
            "Ski",
        ),
        ("de", "ab nächster Woche Ski", mon, "", "Ski"),
        ("de", "bis nächste Woche", "", mon, ""),
        (
            "fr",
            "à partir de demain jusqu'à vendredi",
            mon,
            "2026-11-27",
            "",
        ),
        (
            "fr",
            "du 24 décembre au 2 janvier ski",
            "2026-12-24",
            "2027-01-02",
            "ski",
        ),
        ("fr", "jusqu'à la semaine prochaine", "", mon, ""),
        ("es", "desde mañana hasta el viernes", mon, "2026-11-27", ""),
        (
            "es",
            "del 24 de diciembre al 2 de enero x",
            "2026-12-24",
            "2027-01-02",
            "x",
        ),
        ("es", "hasta la próxima semana", "", mon, ""),
        ("ru", "с завтрашнего дня до пятницы", mon, "2026-11-27", ""),
        (
            "ru",
            "с 24 декабря по 2 января лыжи",
            "2026-12-24",
            "2027-01-02",
            "лыжи",
        ),
        ("ru", "до следующей недели", "", mon, ""),
    ] {
        let mut world = world();
        asked(&mut world, &format!("set language {language}"));
        world.wait(Duration::from_secs(1));
        let command = match language {
            "en" => "away",
            "de" => "abwesend",
            "fr" => "absence",
            "es" => "ausencia",
            _ => "меня нет",
        };
        let said = asked(&mut world, &format!("{command} {words}"));
        let away = away_of(&world).unwrap_or_else(|| panic!("{words}: {said}"));
        let day = |at: Option<stanzamail::core::time::Timestamp>, back| {
            let at = at.map(|at| at.millis() - back);
            at.map(|at| chrono::DateTime::from_timestamp_millis(at).unwrap())
                .map_or(String::new(), |at| at.format("%Y-%m-%d").to_string())
        };
        assert_eq!(day(away.from, 0), from, "{words}: {said}");
        assert_eq!(day(away.until, 1), last, "{words}: {said}");
        assert_eq!(away.text.unwrap_or_default(), text, "{words}: {said}");
        for day in [from, last] {
            assert!(said.contains(day), "{words}: {said}");
        }
    }
    let mut world = world();
    for (words, hint) in [
        ("from someday until friday", "“someday” is no day"),
        ("from 31.2. until friday", "“31.2.” is no day"),
        ("from tomorrow until someday", "“someday” is no day"),
        ("friday until someday", "“someday” is no day"),
        ("from 2028-01-01", "“2028-01-01” is no day"),
        ("2026-12-24 - 2026-12-01", "is before the first"),
        ("from 2026-11-01 until 2026-11-03", "“2026-11-03” is no day"),
    ] {
        let said = asked(&mut world, &format!("away {words}"));
        assert!(said.contains(hint), "{words}: {said}");
        assert!(said.contains("Write it like this: away "), "{said}");
        assert_eq!(away_of(&world), None, "{words}");
        world.wait(Duration::from_secs(1));
    }
    // What names no day is a text.
    for text in ["from home", "from my desk to my bed", "Friday to ski"] {
        let said = asked(&mut world, &format!("away {text}"));
        assert!(said.contains(&format!("says: “{text}”")), "{said}");
        assert_eq!(away_of(&world).unwrap().from, None);
        world.wait(Duration::from_secs(1));
    }
}

/// What is said of a beginning that people name so.
#[test]
fn a_beginning_is_named_as_people_name_it() {
    let (mon, fri) = ("2026-11-23", "2026-11-27");
    for (language, words, from, last, text) in [
        ("en", "from tomorrow on until friday: x", mon, fri, "x"),
        ("en", "from tomorrow onwards", mon, "", ""),
        ("en", "from tomorrow on a boat", mon, "", "on a boat"),
        ("en", "from now until friday x", "", fri, "x"),
        ("en", "now I ski", "", "", "now I ski"),
        ("en", "now", "", "", "now"),
        ("de", "von morgen an bis Freitag: x", mon, fri, "x"),
        ("de", "von morgen an", mon, "", ""),
        ("de", "ab sofort bis Freitag x", "", fri, "x"),
        ("es", "a partir de mañana en adelante", mon, "", ""),
        ("es", "desde ahora hasta el viernes", "", fri, ""),
        ("fr", "dès maintenant jusqu'à vendredi", "", fri, ""),
        // That is over, and no beginning that is to come.
        ("fr", "depuis lundi", "", "", "depuis lundi"),
        ("ru", "с сегодняшнего дня до пятницы", "", fri, ""),
        ("ru", "на следующей неделе", mon, "2026-11-29", ""),
        ("ru", "на следующую неделю лыжи", mon, "2026-11-29", "лыжи"),
        ("ru", "на неделю лыжи", "", "2026-11-29", "лыжи"),
    ] {
        let mut world = world();
        asked(&mut world, &format!("set language {language}"));
        world.wait(Duration::from_secs(1));
        let command = match language {
            "en" => "away",
            "de" => "abwesend",
            "fr" => "absence",
            "es" => "ausencia",
            _ => "меня нет",
        };
        let said = asked(&mut world, &format!("{command} {words}"));
        let away = away_of(&world).unwrap_or_else(|| panic!("{words}: {said}"));
        let day = |at: Option<stanzamail::core::time::Timestamp>, back| {
            let at = at.map(|at| at.millis() - back);
            at.map(|at| chrono::DateTime::from_timestamp_millis(at).unwrap())
                .map_or(String::new(), |at| at.format("%Y-%m-%d").to_string())
        };
        let found = (day(away.from, 0), day(away.until, 1));
        let text = (away.text.unwrap_or_default(), text.to_owned());
        assert_eq!(
            (found.0.as_str(), found.1.as_str()),
            (from, last),
            "{words}: {said}"
        );
        assert_eq!(text.0, text.1, "{words}: {said}");
    }
}

/// The form `away` with these fields, filled in and sent.
fn filled(world: &mut World, until: &str, text: &str) -> String {
    let mut asked = |inner: &str, attributes: &str| {
        let decision = world.stanza(&format!(
            "<iq from='alice@a.example/phone' to='{GATEWAY}' type='set' id='i1'><command xmlns='http://jabber.org/protocol/commands' node='away' {attributes}>{inner}</command></iq>"
        ));
        String::from(decision.stanzas.first().expect("it is answered"))
    };
    let form = asked("", "action='execute'");
    let session = form
        .split("sessionid=\"")
        .nth(1)
        .or_else(|| form.split("sessionid='").nth(1));
    let session = session.unwrap_or_else(|| panic!("{form}"));
    let session = session.split(['"', '\'']).next().unwrap();
    let form = format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='until'><value>{until}</value></field><field var='text'><value>{text}</value></field></x>"
    );
    asked(&form, &format!("action='complete' sessionid='{session}'"))
}

/// What stood in the field for the text was read as a part of the other: an absence of now was one of later.
#[test]
fn in_a_form_no_day_is_read_out_of_the_text() {
    for (until, text, from, last) in [
        ("2026-12-24", "for 2 weeks I ski", "", "2026-12-24"),
        ("2026-12-24", "until then write to Bob", "", "2026-12-24"),
        ("tomorrow", "- Alice", "", "2026-11-23"),
        ("24 December", "2027 I am back", "", "2026-12-24"),
        (
            "from tomorrow until friday",
            "I ski",
            "2026-11-23",
            "2026-11-27",
        ),
        ("from tomorrow", "until then write to Bob", "2026-11-23", ""),
        ("next week", "I ski", "", "2026-11-23"),
    ] {
        let mut world = world();
        let said = filled(&mut world, until, text);
        let away = away_of(&world).unwrap_or_else(|| panic!("{until} {text}: {said}"));
        let day = |at: Option<stanzamail::core::time::Timestamp>, back| {
            let at = at.map(|at| at.millis() - back);
            at.map(|at| chrono::DateTime::from_timestamp_millis(at).unwrap())
                .map_or(String::new(), |at| at.format("%Y-%m-%d").to_string())
        };
        let found = (day(away.from, 0), day(away.until, 1));
        assert_eq!(
            (found.0.as_str(), found.1.as_str()),
            (from, last),
            "{until} {text}: {said}"
        );
        assert_eq!(away.text.as_deref(), Some(text), "{until}: {said}");
    }
}
