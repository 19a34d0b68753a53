//! That every language says all that English says, with the same arguments, and that nothing is said by any other way: what
//! users read is in `src/core/language/*.ftl`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What stands behind the name of a command in the ids of its sentences.
const OF_COMMANDS: [&str; 4] = ["title", "words", "example", "help"];

/// The arguments of each sentence.
type Sentences = BTreeMap<String, BTreeSet<String>>;

/// A file of sentences, read by the letter and not by Fluent's own parser, which the unit tests ask.
fn sentences(text: &str) -> Sentences {
    let mut sentences = Sentences::new();
    let mut id = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let begins = line.starts_with(|c: char| c.is_ascii_lowercase());
        if let Some((name, _)) = line.split_once(" =").filter(|_| begins) {
            id = name.to_owned();
            let twice = sentences.insert(id.clone(), BTreeSet::new());
            assert!(twice.is_none(), "{id} is there twice");
        }
        let names = line.split('$').skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
            rest[..end.unwrap_or(rest.len())].to_owned()
        });
        sentences.entry(id.clone()).or_default().extend(names);
    }
    sentences.remove("");
    sentences
}

fn languages() -> BTreeMap<String, Sentences> {
    let folder = Path::new(ROOT).join("src/core/language");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let all: BTreeMap<String, Sentences> = files
        .map(|path| {
            assert_eq!(path.extension().unwrap(), "ftl", "{}", path.display());
            let tag = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (tag, sentences(&std::fs::read_to_string(&path).unwrap()))
        })
        .collect();
    assert!(all.contains_key("en") && all.contains_key("de"));
    all
}

#[test]
fn every_file_is_a_language_that_is_spoken() {
    use stanzamail::core::language::Language;
    let spoken: BTreeSet<String> = Language::all().map(|one| one.tag().to_owned()).collect();
    let files: BTreeSet<String> = languages().into_keys().collect();
    assert_eq!(files, spoken, "src/core/language.rs lists the files");
}

#[test]
fn every_language_has_all_sentences_with_the_same_arguments() {
    let all = languages();
    let english = &all["en"];
    for (tag, own) in &all {
        let ids = |of: &Sentences| of.keys().cloned().collect::<BTreeSet<_>>();
        let (wanted, there) = (ids(english), ids(own));
        let lacking: Vec<_> = wanted.difference(&there).collect();
        let strange: Vec<_> = there.difference(&wanted).collect();
        assert!(lacking.is_empty(), "{tag}.ftl lacks {lacking:?}");
        assert!(strange.is_empty(), "only {tag}.ftl has {strange:?}");
        for (id, arguments) in own {
            assert_eq!(
                arguments, &english[id],
                "the arguments of {id} in {tag}.ftl"
            );
        }
    }
}

/// Every file of `src`, without its tests.
fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
                let path = path.strip_prefix(ROOT).unwrap().to_owned();
                files.push((path, code.to_owned()));
            }
        }
    }
    let mut files = Vec::new();
    collect(&Path::new(ROOT).join("src"), &mut files);
    files
}

/// What stands in the brackets that open where `text` begins.
fn in_brackets(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut in_text = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => in_text = !in_text,
            '(' if !in_text => depth += 1,
            ')' if !in_text => {
                depth -= 1;
                if depth == 0 {
                    return &text[1..at];
                }
            }
            _ => {}
        }
    }
    panic!("{text:.60} does not end");
}

/// The sentences that the program asks for, by `say!` and by `Sentence`.
fn asked() -> Sentences {
    let mut asked = Sentences::new();
    for (path, code) in sources() {
        for call in code
            .split("say!")
            .skip(1)
            .filter(|call| call.starts_with('('))
        {
            let call = in_brackets(call);
            if call.contains("$crate") {
                continue;
            }
            let mut parts = call.splitn(3, '"');
            let (Some(_), Some(id), rest) = (parts.next(), parts.next(), parts.next()) else {
                // In a comment.
                continue;
            };
            let mut depth = 0_i32;
            let mut names = BTreeSet::new();
            // `name = value`, outside of all brackets.
            for piece in rest.unwrap_or_default().split_inclusive(['(', ')', ',']) {
                if depth == 0
                    && let Some((name, _)) = piece.split_once(" = ")
                {
                    names.insert(name.trim().to_owned());
                }
                depth += match piece.chars().last() {
                    Some('(') => 1,
                    Some(')') => -1,
                    _ => 0,
                };
            }
            asked.entry(id.to_owned()).or_insert(names);
        }
        for sentence in code.split("Sentence(\"").skip(1) {
            let id = sentence.split('"').next().unwrap_or_default();
            asked.entry(id.to_owned()).or_default();
        }
        let is_command = path.starts_with("src/core/commands");
        let named = code.split("fn name(&self) -> &'static str {").skip(1);
        let listed = code.split("Admin {\n        name: ").skip(1);
        // Those that are one type, each a static.
        let of_a_kind = code.split(" {\n    name: \"").skip(1);
        let of_a_kind = of_a_kind.map(|rest| rest.split('"').next().unwrap_or_default());
        for name in of_a_kind.filter(|_| is_command) {
            for what in ["title", "words", "example", "help"] {
                asked.entry(format!("{name}-{what}")).or_default();
            }
        }
        for name in named.chain(listed).filter(|_| is_command) {
            let Some(name) = name.trim_start().strip_prefix('"') else {
                continue;
            };
            let name = name.split('"').next().unwrap_or_default();
            for what in OF_COMMANDS {
                asked.entry(format!("{name}-{what}")).or_default();
            }
        }
    }
    assert!(asked.len() > 200, "they are found");
    asked
}

#[test]
fn every_sentence_is_asked_for_with_what_it_needs_and_none_is_left_over() {
    let english = &languages()["en"];
    let asked = asked();
    for (id, given) in &asked {
        let wanted = english.get(id);
        assert_eq!(
            Some(given),
            wanted,
            "the arguments of {id}; None: en.ftl lacks it"
        );
    }
    let over: Vec<_> = english
        .keys()
        .filter(|id| !asked.contains_key(*id))
        .collect();
    assert!(over.is_empty(), "nobody says {over:?}");
}

/// What of `core` says something to people, and what there begins like a sentence and is none.
const SAYS: [&str; 11] = [
    "commands/",
    "decide/",
    "notice",
    "from_mail/attachment",
    "from_mail/calendar",
    "page",
    "text/size",
    "quota.rs",
    "to_mail/",
    "to_stanza",
    "carried/",
];

/// Texts of several words that begin as a sentence does are sentences. What only an administrator reads, in the log, begins small.
#[test]
fn no_sentence_is_built_elsewhere() {
    let mut found = Vec::new();
    let mut looked_at = 0;
    for (path, code) in sources() {
        let Ok(name) = path.strip_prefix("src/core") else {
            continue;
        };
        let name = name.to_str().unwrap();
        if !SAYS.iter().any(|one| name.starts_with(one)) {
            continue;
        }
        looked_at += 1;
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let code: Vec<&str> = lines.collect();
        for text in code.join("\n").split('"').skip(1).step_by(2) {
            let text = text.trim_start_matches(['[', '“', '(']);
            let begins = text.starts_with(|c: char| c.is_uppercase());
            let is_sentence = text.split_once(' ').is_some_and(|(first, rest)| {
                first.chars().all(char::is_alphabetic) && rest.starts_with(char::is_alphabetic)
            });
            if begins && is_sentence {
                found.push(format!("{name}: {text}"));
            }
        }
    }
    assert!(looked_at > 50, "they are found");
    assert!(
        found.is_empty(),
        "these belong to src/core/language/*.ftl:\n{}",
        found.join("\n")
    );
}

mod told {
    use crate::decided::World;
    use minidom::Element;
    use stanzamail::core::decide::decision::Decision;
    use stanzamail::core::language::Language;

    const CAROL: &str = "carol\\40mail.example@gateway.a.example";

    fn body(element: &Element) -> String {
        let body = element.children().find(|child| child.name() == "body");
        body.map(Element::text).unwrap_or_default()
    }

    fn says(world: &mut World, id: &str, lang: &str, said: &str) -> (Decision, String) {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/phone' to='gateway.a.example' type='chat' id='{id}'{lang}>\
             <body>{said}</body></message>"
        ));
        let answer = body(&decision.stanzas[0]);
        (decision, answer)
    }

    #[test]
    fn in_the_language_that_was_chosen_else_in_that_of_the_stanza() {
        let mut world = World::new();
        let (_, answer) = says(&mut world, "1", "", "my address");
        assert!(answer.starts_with("Your mail address is"), "{answer}");
        let (_, answer) = says(&mut world, "2", " xml:lang='de-AT'", "meine Adresse");
        assert!(answer.starts_with("Deine Mailadresse ist"), "{answer}");
        // What the client sent last is remembered; another stanza that says nothing is answered in it.
        let (_, answer) = says(&mut world, "3", "", "my address");
        assert!(answer.starts_with("Deine Mailadresse ist"), "{answer}");
        // English words work in every language, and a choice goes before what clients send.
        let (_, answer) = says(&mut world, "4", " xml:lang='de'", "set language en");
        assert_eq!(
            answer,
            "From now on, what this gateway says to you is in English."
        );
        let (_, answer) = says(&mut world, "5", " xml:lang='de'", "my address");
        assert!(answer.starts_with("Your mail address is"), "{answer}");
        let (_, answer) = says(&mut world, "6", " xml:lang='de'", "set language default");
        assert_eq!(
            answer,
            "Deine Wahl ist zurückgenommen, es gilt wieder die Sprache deines Chat-Programms: was dieses Gateway dir schreibt, \
             ist Deutsch."
        );
        let (_, answer) = says(&mut world, "7", "", "options");
        assert!(answer.contains("language · de"), "{answer}");
    }

    #[test]
    fn a_language_is_chosen_by_its_name_in_any_language() {
        let mut world = World::new();
        let chosen = [
            ("Deutsch", "de"),
            ("french", "fr"),
            ("Español", "es"),
            ("русский", "ru"),
            ("englisch", "en"),
        ];
        for (name, tag) in chosen {
            says(&mut world, name, "", &format!("set language {name}"));
            let (_, answer) = says(&mut world, &format!("{name}?"), "", "options");
            assert!(
                answer.contains(&format!("language · {tag}")),
                "{name}: {answer}"
            );
        }
        let (_, answer) = says(&mut world, "x", "", "set language Klingon");
        assert!(answer.contains("write en, de, fr, es or ru"), "{answer}");
    }

    #[test]
    fn what_nobody_speaks_is_answered_in_that_of_the_configuration() {
        let mut world = World::new();
        for (id, lang) in [("1", "tlh"), ("2", ""), ("3", "'"), ("4", "x-klingon")] {
            let lang = format!(" xml:lang=\"{lang}\"");
            let (decision, answer) = says(&mut world, id, &lang, "my address");
            assert!(answer.starts_with("Your mail address is"), "{answer}");
            assert!(decision.writes.is_empty(), "nothing is kept of {lang}");
        }
        world.settings.language = Language::of_tag("de").unwrap();
        let (_, answer) = says(&mut world, "5", " xml:lang='tlh'", "my address");
        assert!(answer.starts_with("Deine Mailadresse ist"), "{answer}");
    }

    #[test]
    fn a_mail_is_told_of_in_the_language_of_the_last_message() {
        let mut world = World::new();
        let sent = world.stanza(&format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='1' xml:lang='de'><body>Hallo</body></message>"
        ));
        assert_eq!(sent.mails.len(), 1);
        let mail = "From: Carol <carol@mail.example>\r\nTo: alice@chat.a.example, dave@mail.example\r\nMessage-ID: <1@mail.example>\r\n\r\nHallo\r\n";
        let told = world.mail(mail);
        let text = body(&told.stanzas[0]);
        assert!(text.starts_with("An: dich, dave@mail.example\n"), "{text}");
        let again = mail.replace("<1@", "<2@").replace("Hallo", "");
        let told = world.mail(&again);
        let text = body(&told.stanzas[0]);
        assert!(text.ends_with("[leere Mail]"), "{text}");
    }

    #[test]
    fn a_bounce_and_an_invitation_to_a_meeting_are_told_in_the_language_of_the_user() {
        let mut world = World::new();
        let sent = world.stanza(&format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='1' xml:lang='de'><body>Hallo</body></message>"
        ));
        let id = sent.mails[0].job.message_id.in_brackets();
        let bounce = format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mail.example\r\nTo: alice@chat.a.example\r\nMessage-ID: <b@mail.example>\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822;carol@mail.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             \r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {id}\r\n\r\n--b--\r\n"
        );
        let told = world.mail(&bounce);
        let told: Vec<String> = told.stanzas.iter().map(String::from).collect();
        assert!(told.concat().contains("wurde nicht zugestellt"), "{told:?}");
        let meeting = "From: Carol <carol@mail.example>\r\nTo: alice@chat.a.example\r\nMessage-ID: <3@mail.example>\r\n\
            Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Dach\r\n\
            DTSTART;VALUE=DATE:20261204\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let told = body(&world.mail(meeting).stanzas[0]);
        assert!(
            told.contains("[Einladung: Dach, Fr, 4. Dez. 2026]"),
            "{told}"
        );
    }

    #[test]
    fn forms_and_errors_are_in_the_language_of_the_request() {
        let mut world = World::new();
        let asked = world.stanza(
            "<iq from='alice@a.example/phone' to='gateway.a.example' type='set' id='1' xml:lang='de'>\
             <command xmlns='http://jabber.org/protocol/commands' node='write' action='execute'/></iq>",
        );
        let form = String::from(&asked.stanzas[0]);
        assert!(
            form.contains("<title>An eine Mailadresse schreiben</title>"),
            "{form}"
        );
        assert!(form.contains("label='Mailadresse'"), "{form}");
        // An error, in which no client speaks but the user reads.
        let refused = world.stanza(
            "<message from='alice@a.example/phone' to='nobody@gateway.a.example' type='chat' id='2' xml:lang='de'><body>x</body></message>",
        );
        let refused = String::from(&refused.stanzas[0]);
        assert!(refused.contains("hat nicht die Form"), "{refused}");
        let items = world.stanza(
            "<iq from='alice@a.example/phone' to='gateway.a.example' type='get' id='3' xml:lang='de'>\
             <query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
        );
        let items = String::from(&items.stanzas[0]);
        assert!(
            items.contains("E-Mail-Helfer") && items.contains("Meine Mailkontakte"),
            "{items}"
        );
    }

    #[test]
    fn who_waits_is_told_of_and_accepted_in_the_language_of_the_user() {
        let mut world = World::new();
        let lang = " xml:lang='de'";
        let (_, answer) = says(&mut world, "1", lang, "setze strangers hold");
        assert!(
            answer.ends_with("warten, bis du mit „anfragen“ danach fragst."),
            "{answer}"
        );
        let mail = "From: Eve <eve@mail.example>\r\nTo: alice@chat.a.example\r\nMessage-ID: <1@mail.example>\r\n\r\nHallo\r\n";
        let told = body(&world.mail(mail).stanzas[0]);
        assert!(told.ends_with("schreib hier: anfragen"), "{told}");
        let (_, answer) = says(&mut world, "2", lang, "anfragen");
        assert!(
            answer.starts_with("Eine Person möchte dir schreiben"),
            "{answer}"
        );
        let (_, answer) = says(&mut world, "3", lang, "annehmen eve@mail.example");
        assert_eq!(
            answer,
            "Mails von eve@mail.example werden dir ab jetzt angezeigt. Was dir geschrieben wurde, steht in deiner Unterhaltung."
        );
        let hilfe = says(&mut world, "4", lang, "hilfe").1;
        assert!(
            hilfe.ends_with("wird nie gesendet; alles andere geht an dein Gegenüber."),
            "{hilfe}"
        );
    }
}
