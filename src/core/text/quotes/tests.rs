use super::attribution::KnownPerson;
use super::*;

fn circumstances(subject: &str, answers: bool) -> QuoteContext {
    let alice = KnownPerson::new("Alice@chat.example.org", Some("Alice Berg"));
    QuoteContext::new(Some(subject), answers, vec![alice])
}

fn plain(text: &str, circumstances: &QuoteContext) -> Option<String> {
    own(&Marked::plain(text.to_owned()), circumstances).map(|own| own.text)
}

#[test]
fn what_remains_is_empty_only_where_nothing_else_was_there() {
    let answer = circumstances("Re: x", true);
    let only =
        "On Mon, Nov 2, 2026 at 10:15 AM Alice Berg <alice@chat.example.org> wrote:\n> Nine?";
    assert_eq!(plain(only, &answer).as_deref(), Some(""));
    assert_eq!(plain("Yes.", &answer), None);
    assert_eq!(plain("", &answer), None);
    assert_eq!(plain("-- \nCarol", &answer).as_deref(), Some(""));
}

/// What looks like a signature and goes on in its author's words is none.
#[test]
fn what_goes_on_is_no_signature() {
    let alone = circumstances("x", false);
    for text in [
        "The options:\n-- \none\n-- \ntwo\n-- \nthree",
        "Ok\n\nSent from my phone so I cannot open the file",
        "Ok\n\nSent from my iPhone is what you asked for: the code is 1234",
        "Ok\n\nGet Outlook for iOS because you need it",
    ] {
        assert_eq!(plain(text, &alone), None, "{text}");
    }
    for text in [
        "Ok\n\nSent from my iPhone",
        "Ok\n\nGet Outlook for iOS<https://aka.ms/o0ukef>",
        "Ok\n-- \nCarol\n-- \nA list",
    ] {
        let shown = plain(text, &alone).unwrap();
        assert!(
            shown.starts_with("Ok") && shown.len() < text.len(),
            "{shown}"
        );
    }
}

#[test]
fn the_subject_says_whether_a_mail_answers_or_sends_on() {
    for (subject, answers, is_answer, is_forward) in [
        ("Re: x", false, true, false),
        ("x", true, true, false),
        ("x", false, false, false),
        ("Fwd: x", true, false, true),
        ("[list] WG: x", true, false, true),
        ("Re: Fwd: x", false, true, false),
        ("I: x", true, false, true),
    ] {
        let circumstances = circumstances(subject, answers);
        assert_eq!(
            (circumstances.is_answer, circumstances.is_forward),
            (is_answer, is_forward),
            "{subject}"
        );
    }
}

#[test]
fn whose_name_it_is_needs_every_word_of_it() {
    let alice = KnownPerson::new("alice@chat.example.org", Some("Alice Berg"));
    for text in [
        "berg, alice wrote",
        "<alice@chat.example.org>",
        "on monday alice berg wrote",
    ] {
        assert!(alice.is_named_in(text), "{text}");
    }
    for text in ["alice wrote", "alicebergs", "alice@chat.example", ""] {
        assert!(!alice.is_named_in(text), "{text}");
    }
    assert!(!KnownPerson::default().is_named_in("anything"));
}

#[test]
fn texts_below_each_other_keep_where_their_lines_stood() {
    let mut html = Marked::default();
    html.push("words", LinePlace::Written);
    html.push("quoted", LinePlace::Quotation);
    let mut all = Marked::plain("one\ntwo\n".to_owned());
    all.append(&html);
    all.append(&Marked::plain("three\nfour".to_owned()));
    assert_eq!(all.as_str(), "one\ntwo\n\nwords\nquoted\n\nthree\nfour");
    let places: Vec<LinePlace> = all.lines().iter().map(|line| line.place).collect();
    let any = LinePlace::Any;
    assert_eq!(
        places,
        [
            any,
            any,
            any,
            LinePlace::Written,
            LinePlace::Quotation,
            any,
            any,
            any
        ]
    );
    let mut first = Marked::default();
    first.append(&html);
    assert_eq!(first, html);
}

#[test]
fn a_mail_that_answers_nothing_loses_only_what_is_beyond_doubt() {
    let new = circumstances("x", false);
    let certain = "Look.\n\nOn Mon, Nov 2, 2026 at 10:15 AM Dan <dan@mail.example> wrote:\n> Nine?";
    assert_eq!(plain(certain, &new).as_deref(), Some("Look."));
    let quoted = "Look.\n\nAlice Berg wrote:\n> Nine?";
    assert_eq!(plain(quoted, &new), None);
    assert_eq!(
        plain(quoted, &circumstances("Re: x", false)).as_deref(),
        Some("Look.")
    );
}
