//! Which mails are kept as they came: those of which the chat shows less than all.

use crate::decided::{World, settings};
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::decide::inbound::arrived::Arrived;
use stanzamail::core::file::{Files, Hosted};
use stanzamail::core::from_mail::ParsedMail;
use stanzamail::core::language::Language;
use stanzamail::core::record::Quotes;
use stanzamail::core::settings::Settings;
use stanzamail::core::time::Timestamp;

const TEXT: &str = "Content-Type: text/plain; charset=utf-8\r\n\r\n";
const QUOTING: &str = "Great\r\n\r\nOn Mon, Nov 2, 2026 at 10:15 AM alice <alice@chat.a.example>\r\nwrote:\r\n\r\n> Nine?\r\n>\r\n";

/// A mail of carol's with this behind its first fields.
fn raw(rest: &str) -> String {
    format!(
        "From: Carol <carol@mail.example>\r\nTo: alice@chat.a.example\r\nMessage-ID: <1@mail.example>\r\n\
         Subject: Re: Lunch\r\nIn-Reply-To: <0@chat.a.example>\r\nMIME-Version: 1.0\r\n{rest}"
    )
}

fn decision(settings: &Settings, raw: &str, more: impl Fn(&mut Arrived<'_>)) -> Decision {
    let mut world = World::with(settings.clone(), Timestamp::from_secs(1_800_000_000));
    let arrived = world.mail_with(raw.as_bytes(), |arrived| {
        arrived.may_be_kept = true;
        more(arrived);
    });
    arrived.unwrap().0
}

fn kept(rest: &str) -> bool {
    !decision(&settings(), &raw(rest), |_| {})
        .originals
        .is_empty()
}

fn parts(kind: &str, parts: &[&str]) -> String {
    let parts: String = parts
        .iter()
        .map(|part| format!("--b\r\n{part}\r\n"))
        .collect();
    format!("Content-Type: multipart/{kind}; boundary=b\r\n\r\n{parts}--b--\r\n")
}

#[test]
fn what_is_shown_whole_is_not_kept() {
    for rest in [
        format!("{TEXT}Great\r\n"),
        parts(
            "alternative",
            &[
                &format!("{TEXT}Great"),
                "Content-Type: text/html\r\n\r\n<p>Great</p><img src=x>",
            ],
        ),
        "Content-Type: text/html\r\n\r\n<div>Great</div>".to_owned(),
    ] {
        assert!(!kept(&rest), "{rest}");
    }
}

#[test]
fn what_is_cut_simplified_or_only_named_is_kept() {
    for rest in [
        format!("{TEXT}{QUOTING}"),
        format!("{TEXT}{}", "many words ".repeat(20_000)),
        "Content-Type: text/html\r\n\r\n<p>Great</p><img src='cid:1'>".to_owned(),
        parts(
            "mixed",
            &[
                &format!("{TEXT}Great"),
                "Content-Type: application/pdf; name=plan.pdf\r\n\r\n%PDF",
            ],
        ),
    ] {
        assert!(kept(&rest), "{rest}");
    }
    // Who wants to read the history reads it.
    let keep = Settings {
        quotes: Quotes::Keep,
        ..settings()
    };
    let whole = decision(&keep, &raw(&format!("{TEXT}{QUOTING}")), |_| {});
    assert!(whole.originals.is_empty());
}

/// The only file of a mail is up, where its messages say.
fn hosted(name: &str) -> Files<'static> {
    let up = Hosted {
        url: format!("https://upload.a.example/1/{name}"),
        name: name.to_owned(),
        media_type: "application/octet-stream".to_owned(),
        octets: 4,
        sha256: String::new(),
        pixels: None,
    };
    // Of a decision, not of its test.
    Files::Known(Box::leak(Box::new([Ok(up)])))
}

#[test]
fn a_picture_without_words_is_no_empty_mail() {
    let picture = "Content-Type: image/png; name=lake.png\r\n\r\nPNG";
    for (mail, said) in [
        (raw(picture), "*Lunch*"),
        (
            raw(picture).replace("Subject: Re: Lunch\r\n", ""),
            "https://upload.a.example/1/lake.png",
        ),
    ] {
        let decision = decision(&settings(), &mail, |arrived| {
            arrived.files = hosted("lake.png")
        });
        let bodies = decision.stanzas.iter().flat_map(minidom::Element::children);
        let body = bodies
            .filter(|child| child.name() == "body")
            .map(minidom::Element::text)
            .next();
        assert_eq!(body.as_deref(), Some(said), "{mail}");
    }
}

#[test]
fn a_file_that_is_up_is_not_only_named_and_what_cannot_be_kept_is_not() {
    let mail = raw(&parts(
        "mixed",
        &[
            &format!("{TEXT}Great"),
            "Content-Type: application/pdf; name=plan.pdf\r\n\r\n%PDF",
        ],
    ));
    let up = decision(&settings(), &mail, |arrived| {
        arrived.files = hosted("plan.pdf")
    });
    assert!(up.originals.is_empty());
    let full = decision(&settings(), &mail, |arrived| arrived.may_be_kept = false);
    assert!(full.originals.is_empty() && !full.stanzas.is_empty());
}

/// The name is a secret of this gateway, the same each time, and another one for each user and each gateway.
#[test]
fn the_same_mail_has_the_same_name_again_and_nobody_can_guess_it() {
    let both = raw(&format!("{TEXT}{QUOTING}")).replace("To: ", "To: adam@chat.a.example, ");
    let names = |settings: &Settings| -> Vec<String> {
        let decision = decision(settings, &both, |_| {});
        let names = decision.originals.iter();
        names.map(|one| one.id.as_str().to_owned()).collect()
    };
    let here = names(&settings());
    assert_eq!(here.len(), 2);
    assert_ne!(here[0], here[1]);
    assert_eq!(here, names(&settings()));
    let other = Settings {
        id_key: [9; 32],
        ..settings()
    };
    assert!(names(&other).iter().all(|name| !here.contains(name)));
}

/// Below what is shown, and nowhere where all is shown.
#[test]
fn the_address_of_its_page_is_the_last_line() {
    let settings = Settings {
        pages: Some("https://mail.a.example/x".to_owned()),
        ..settings()
    };
    let text = |rest: &str| {
        let decision = decision(&settings, &raw(rest), |_| {});
        let bodies = decision.stanzas.iter().flat_map(minidom::Element::children);
        let mut bodies = bodies.filter(|child| child.name() == "body");
        let body = bodies.next().expect("a body").text();
        (body, decision.originals)
    };
    let (body, originals) = text(&format!("{TEXT}{QUOTING}"));
    let line = format!(
        "The whole mail: https://mail.a.example/x/m/{}",
        originals[0].id.as_str()
    );
    assert_eq!(body, format!("*Lunch*\nGreat\n{line}"));
    let (body, originals) = text(&format!("{TEXT}Great\r\n"));
    assert_eq!((body.as_str(), originals.len()), ("*Lunch*\nGreat", 0));
}

/// Users cannot open the mailbox of a whole domain: where they have a page, nothing sends them there.
#[test]
fn where_a_mail_has_a_page_nothing_speaks_of_the_mailbox() {
    let parts_of_many: Vec<String> = (0..60)
        .map(|n| format!("Content-Type: application/pdf; name={n}.pdf\r\n\r\n%PDF"))
        .collect();
    let parts_of_many: Vec<&str> = parts_of_many.iter().map(String::as_str).collect();
    for rest in [
        format!("{TEXT}{}", "many words ".repeat(60_000)),
        parts("mixed", &parts_of_many),
    ] {
        for pages in [None, Some("https://pages.a.example".to_owned())] {
            let settings = Settings {
                pages: pages.clone(),
                ..settings()
            };
            let decision = decision(&settings, &raw(&rest), |_| {});
            let text: String = decision.stanzas.iter().map(String::from).collect();
            let page = "The whole mail: https://";
            assert_eq!(text.contains(page), pages.is_some(), "{text}");
            assert_eq!(text.contains("mailbox"), pages.is_none(), "{text}");
        }
    }
}

/// What stands in place of a file in a text is said in the language of who reads it, as all else is.
#[test]
fn a_file_in_the_text_is_named_in_the_users_language() {
    let mail = raw(&format!(
        "{TEXT}Here\r\n\r\nbegin 644 plan.txt\r\n#0V%T\r\n`\r\nend\r\nBye\r\n"
    ));
    for (tag, line) in [
        ("en", "[file plan.txt, 3 bytes]"),
        ("de", "[Datei plan.txt, 3 Byte]"),
    ] {
        let settings = Settings {
            language: Language::of_tag(tag).unwrap(),
            ..settings()
        };
        let decision = decision(&settings, &mail, |_| {});
        let bodies = decision.stanzas.iter().flat_map(minidom::Element::children);
        let mut bodies = bodies.filter(|child| child.name() == "body");
        let body = bodies.next().expect("a body").text();
        assert!(body.ends_with(&format!("Here\n\n{line}\nBye")), "{body}");
    }
}

/// What lies here is not said to be lost, in whatever way the mail came.
#[test]
fn of_what_is_kept_nothing_says_that_it_is_not() {
    let long = raw(&format!("{TEXT}{}", "many words ".repeat(60_000)));
    let file = raw(&parts(
        "mixed",
        &[
            &format!("{TEXT}Great"),
            "Content-Type: application/pdf; name=plan.pdf\r\n\r\n%PDF",
        ],
    ));
    for (mail, may_be_kept, says, says_not) in [
        (&long, true, "the whole mail has", "not kept"),
        (&long, false, "and is not kept.]", "The whole mail: "),
        (&file, true, "plan.pdf", "not kept"),
    ] {
        let settings = Settings {
            pages: Some("https://pages.a.example".to_owned()),
            ..settings()
        };
        let decision = decision(&settings, mail, |arrived| {
            arrived.may_be_kept = may_be_kept;
            // A mail server hands it over: it lies in no mailbox.
            let handed_over = ParsedMail {
                envelope: Some(
                    arrived
                        .mail
                        .to
                        .iter()
                        .map(|one| one.address.clone())
                        .collect(),
                ),
                ..arrived.mail.clone()
            };
            arrived.mail = Box::leak(Box::new(handed_over));
        });
        let text: String = decision.stanzas.iter().map(String::from).collect();
        assert!(text.contains(says) && !text.contains(says_not));
        assert_eq!(text.contains("The whole mail: https://"), may_be_kept);
    }
}
