//! Reactions: an emoji about another mail, as RFC 9078 has it and as Gmail writes it beside.

use super::mime::MailPart;
use crate::core::text::clean;
use serde::Deserialize;

/// What Gmail calls its own form: `{"version":1,"emoji":"👍"}`.
const GMAIL: &str = "text/vnd.google.email-reaction+json";
/// Parts of a mail among which a reaction is looked for.
const PARTS_MAX: usize = 10;
/// One reaction, in characters: a family of four with skin tones has 11.
const EMOJI_CHARS_MAX: usize = 16;
/// Reactions of one mail.
const EMOJI_MAX: usize = 5;
/// A part that holds one, in octets.
const OCTETS_MAX: usize = 512;
/// A text that says the same for people, in octets: in Gmail's there are a sentence and a link.
const WORDS_OCTETS_MAX: usize = 1024;

#[derive(Deserialize)]
struct OfGmail {
    emoji: String,
}

/// The emoji by which a mail reacts to the one that it answers; empty where it does not.
pub(super) fn read(part: &MailPart<'_>) -> Vec<String> {
    let is_multipart = part
        .media_type()
        .is_some_and(|media_type| media_type.starts_with("multipart/"));
    if !is_multipart {
        return of_part(part);
    }
    // One more than is looked at: what was not looked at may say something.
    let children = part.parts(PARTS_MAX.saturating_add(1));
    let children: Vec<MailPart<'_>> = children.into_iter().map(MailPart::read).collect();
    let mut found = children.iter().take(PARTS_MAX).map(of_part);
    let Some(emoji) = found.find(|emoji| !emoji.is_empty()) else {
        return Vec::new();
    };
    // What else says something is not to be lost. In an alternative it says the same in a few words, with the emoji; only Gmail's
    // need not have it.
    let is_of_gmail = |child: &MailPart<'_>| child.media_type().as_deref() == Some(GMAIL);
    let is_of_gmail = children.iter().any(is_of_gmail);
    let says_it = |child: &MailPart<'_>| {
        let has_it = |text: &str| emoji.iter().any(|one| text.contains(one.as_str()));
        let has_it = || has_it(&String::from_utf8_lossy(&child.decoded()));
        child.octets() <= WORDS_OCTETS_MAX && (is_of_gmail || has_it())
    };
    let is_plain = |child: &&MailPart<'_>| {
        child.media_type().as_deref() == Some("text/plain") && of_part(child).is_empty()
    };
    let is_alternative = part.media_type().as_deref() == Some("multipart/alternative")
        && children.iter().filter(is_plain).all(says_it)
        && !children.iter().any(is_file);
    let is_beside = |child: &MailPart<'_>| {
        of_part(child).is_empty() && !child.decoded().trim_ascii().is_empty()
    };
    let is_all = children.len() <= PARTS_MAX
        && !children
            .iter()
            .any(|child| is_beside(child) || is_file(child));
    match is_alternative || is_all {
        true => emoji,
        false => Vec::new(),
    }
}

/// A file is something, whatever is in it: one of white space, too.
fn is_file(part: &MailPart<'_>) -> bool {
    of_part(part).is_empty() && (part.is_attachment() || part.file_name().is_some())
}

/// Whether a mail is a reaction without any: Delta Chat takes back what it said before.
pub(super) fn is_empty(part: &MailPart<'_>) -> bool {
    part.media_type().as_deref() == Some("text/plain")
        && part.disposition_is("reaction")
        && part.decoded().trim_ascii().is_empty()
}

fn of_part(part: &MailPart<'_>) -> Vec<String> {
    let media_type = part.media_type().unwrap_or_default();
    let is_gmail = media_type == GMAIL;
    let is_reaction = is_gmail || (media_type == "text/plain" && part.disposition_is("reaction"));
    if !is_reaction || part.octets() > OCTETS_MAX {
        return Vec::new();
    }
    let decoded = part.decoded();
    let Ok(text) = std::str::from_utf8(&decoded) else {
        return Vec::new();
    };
    let written = match is_gmail {
        true => serde_json::from_str(text).map(|one: OfGmail| one.emoji),
        false => Ok(text.to_owned()),
    };
    let written = written.unwrap_or_default();
    let all: Vec<String> = written
        .split_whitespace()
        .take(EMOJI_MAX.saturating_add(1))
        .map(|one| clean::for_header(one, EMOJI_CHARS_MAX))
        .collect();
    match all.len() <= EMOJI_MAX && all.iter().all(|one| is_emoji(one)) {
        true => all,
        false => Vec::new(),
    }
}

/// Words are no reaction, whatever they call themselves: they are shown as words.
fn is_emoji(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_alphabetic() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mail: &str) -> Vec<String> {
        let mail = mail.replace('\n', "\r\n");
        read(&MailPart::read(mail.as_bytes()))
    }

    const GMAILS: &str = "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nCarol reacted\n--b\nContent-Type: text/vnd.google.email-reaction+json; charset=utf-8\nContent-Transfer-Encoding: base64\n\neyJ2ZXJzaW9uIjoxLCJlbW9qaSI6IvCfkY0ifQ==\n--b\nContent-Type: text/html\n\n<p>Carol reacted</p>\n--b--\n";

    #[test]
    fn both_forms_are_read() {
        assert_eq!(of(GMAILS), ["👍"]);
        let rfc =
            "Content-Type: text/plain; charset=utf-8\nContent-Disposition: reaction\n\n👍 ❤️\n";
        assert_eq!(of(rfc), ["👍", "❤️"]);
        let inside = |beside: &str| {
            format!(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n{rfc}--b\nContent-Type: {beside}\n--b--\n"
            )
        };
        assert_eq!(of(&inside("text/plain\n\n")), ["👍", "❤️"]);
        // Words and files beside it are not lost for it.
        assert_eq!(of(&inside("text/plain\n\nNo, do not pay\n")), [""; 0]);
        assert_eq!(of(&inside("application/pdf\n\n%PDF-1.7\n")), [""; 0]);
        // A file of white space is one as well.
        for beside in [
            "text/plain\nContent-Disposition: attachment; filename=blank.txt\n\n   \n",
            "text/plain; name=blank.txt\n\n",
            "application/octet-stream\nContent-Disposition: attachment\n\n\n",
        ] {
            assert_eq!(of(&inside(beside)), [""; 0], "{beside}");
        }
        let blanks = "text/plain\n\n\n--b\nContent-Type: ".repeat(PARTS_MAX);
        assert_eq!(of(&inside(&format!("{blanks}text/plain\n\nNo\n"))), [""; 0]);
        // Nor is what an alternative says that is something else.
        let other = |words: &str| {
            let plain = format!("Content-Type: text/plain; charset=utf-8\n\n{words}\n");
            of(&format!(
                "Content-Type: multipart/alternative; boundary=b\n\n--b\n{plain}--b\n{rfc}--b--\n"
            ))
        };
        assert_eq!(other("👍 to “Lunch?”"), ["👍", "❤️"]);
        assert_eq!(other("I shall pay 100"), [""; 0]);
        assert_eq!(other(&format!("👍 {}", "and words ".repeat(200))), [""; 0]);
        assert!(
            of(&GMAILS.replace(
                "Carol reacted\n--b",
                &"Carol reacted\n--b".replace("reacted", &"words ".repeat(200))
            ))
            .is_empty()
        );
        let more =
            "Content-Type: text/plain\nContent-Disposition: reaction\n\n👍 👍 👍 👍 👍 but no\n";
        assert_eq!(of(more), [""; 0]);
    }

    #[test]
    fn one_without_emoji_takes_it_back() {
        let is_back = |mail: &str| is_empty(&MailPart::read(mail.as_bytes()));
        assert!(is_back(
            "Content-Type: text/plain\nContent-Disposition: reaction\n\n \n"
        ));
        assert!(!is_back(
            "Content-Type: text/plain\nContent-Disposition: reaction\n\nno\n"
        ));
        assert!(!is_back("Content-Type: text/plain\n\n"));
    }

    #[test]
    fn what_is_no_emoji_is_no_reaction() {
        let rfc = |text: &str| {
            of(&format!(
                "Content-Type: text/plain; charset=utf-8\nContent-Disposition: reaction\n\n{text}\n"
            ))
        };
        for text in ["", "yes", "👍 see https://evil.example", &"👍".repeat(400)] {
            assert!(rfc(text).is_empty(), "{text}");
        }
        assert!(
            of(&GMAILS.replace("eyJ2ZXJzaW9uIjoxLCJlbW9qaSI6IvCfkY0ifQ==", "bm90aGluZw=="))
                .is_empty()
        );
        assert!(of("Content-Type: text/plain; charset=utf-8\n\n👍\n").is_empty());
    }
}
