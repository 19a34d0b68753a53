//! What a chat shows of answers as mail programs write them: the author's own words. Every shape is made in every
//! language; `cases` has those that there is one of.

mod cases;
mod languages;
mod shapes;

use super::processor;
use languages::LANGUAGES;
use shapes::SHAPES;
use stanzamail::core::from_mail;
use stanzamail::core::settings::default_recipient_headers;

/// A mail and what of it is to be seen.
pub struct Case {
    pub name: String,
    pub mail: String,
    pub shown: String,
}

/// What the chat shows of a mail's text, with quotations cut, and all of it.
fn shown(mail: &str) -> (String, String) {
    let mail = mail.replace('\n', "\r\n");
    let mail = from_mail::read(mail.as_bytes(), &default_recipient_headers(), false).unwrap();
    let own = mail.own_text.unwrap_or_else(|| mail.text.clone());
    (own, mail.text)
}

/// Lines broken by the author's program are no difference.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn every_shape() -> Vec<Case> {
    let languages = LANGUAGES.iter();
    languages
        .flat_map(|language| {
            SHAPES
                .iter()
                .map(|(name, shape)| shape.case(name, language))
        })
        .collect()
}

fn wrong(cases: &[Case]) -> Vec<String> {
    let is_wrong = |case: &&Case| words(&shown(&case.mail).0) != words(&case.shown);
    cases
        .iter()
        .filter(is_wrong)
        .map(|case| {
            format!(
                "{}: {:?} and not {:?}",
                case.name,
                shown(&case.mail).0,
                case.shown
            )
        })
        .collect()
}

#[test]
fn of_an_answer_its_own_words_are_shown_in_every_language_and_program() {
    let cases = every_shape();
    assert!(cases.len() >= 250, "{}", cases.len());
    let wrong = wrong(&cases);
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_single_shape_is_shown_as_expected() {
    let cases = cases::all();
    assert!(cases.len() >= 60, "{}", cases.len());
    let wrong = wrong(&cases);
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// The author's five letters and what else is shown of them: the most visible fault of a gateway.
#[test]
fn of_an_answer_of_five_letters_five_letters_are_shown() {
    let english = &LANGUAGES[0];
    let mut before = Vec::new();
    let mut after = Vec::new();
    for (name, shape) in SHAPES {
        let (own, all) = shown(&shape.mail(english, "Great"));
        assert_eq!(own, "Great", "{name}");
        before.push(all.len());
        after.push(own.len());
    }
    before.sort_unstable();
    after.sort_unstable();
    let middle = before.len() / 2;
    println!(
        "median of {} programs: {} octets, cut {}",
        before.len(),
        before[middle],
        after[middle]
    );
    assert!(before[middle] > 100 && after[middle] == 5);
}

/// Nothing of what somebody wrote is ever lost for nothing: whatever the mail, something is shown where there was something.
#[test]
fn e30_no_beginning_of_a_mail_is_shown_as_nothing() {
    for case in every_shape().iter().step_by(7).chain(&cases::all()) {
        let lines: Vec<&str> = case.mail.lines().collect();
        for end in (1..lines.len()).step_by(3) {
            let (own, all) = shown(&lines[..end].join("\n"));
            assert!(
                !own.is_empty() || all.is_empty() || case.mail.contains("attachment"),
                "{} at {end}",
                case.name
            );
        }
    }
}

/// Twice the mail takes twice as long, whoever wrote it.
#[test]
fn e30_hostile_quotations_take_no_longer_than_others() {
    let pieces = [
        "> x\n",
        "On Mon, Nov 2, 2026 at 10:15 Alice Berg <alice@chat.example.org> wrote:\n",
        "From: a@b\nSent: 1\nTo: b\nSubject: c\n\n",
        "-- \n",
        "---\nwww.avast.com\n",
        "a:\n",
        "________________________________________\nunsubscribe\n",
        "Sent from my iPhone\n",
        "-----Original Message-----\n>\n",
        "inline in red see below\n",
        "[Carol\n",
        ">>> a 02.11.2026 10:15 >>\n",
        "<p>From: a<p style='color:#00f'>b",
        "<p>a<font color=red><a>b</font>",
    ];
    for piece in pieces {
        let mail = |octets: usize| {
            let head = "From: Carol <c@mail.example>\nTo: Alice Berg <alice@chat.example.org>\nSubject: Re: x\nIn-Reply-To: <1@x>\n";
            let begin = match piece.starts_with('<') {
                true => "Content-Type: text/html\n\nHi<div id=appendonsend></div>",
                false => "\nHi\n",
            };
            format!("{head}{begin}{}", piece.repeat(octets / piece.len()))
        };
        let time = |octets: usize| {
            let mail = mail(octets);
            let before = processor::of_thread();
            shown(&mail);
            processor::of_thread().saturating_sub(before)
        };
        time(10_000);
        let long = time(800_000);
        assert!(long.as_secs_f64() < 5.0, "{piece:?} took {long:?}");
    }
}
