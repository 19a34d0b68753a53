//! What a user reads of a mail that can be read whole elsewhere.

use crate::core::language::{Language, say};
use std::sync::OnceLock;

/// The digits with which its address ends.
const DIGITS: usize = 32;

/// Where the whole of a mail can be read, below what is shown of it.
pub fn whole_mail(language: Language, url: &str) -> String {
    say!(language, "whole-mail", url = url)
}

/// Whether a line is one of [`whole_mail`], in any language. Whoever has its address can read the mail, so that it is not sent on
/// in a quotation; nor is what is left of it where a client quotes no more than so many characters (Converse.js).
pub fn is_whole_mail_line(line: &str) -> bool {
    static BEGINNINGS: OnceLock<Vec<String>> = OnceLock::new();
    let beginnings = BEGINNINGS.get_or_init(|| {
        let beginning = |language| whole_mail(language, "").trim_end().to_owned();
        Language::all().map(beginning).collect()
    });
    let line = line.trim();
    let mut addresses = beginnings
        .iter()
        .filter_map(|begins| line.strip_prefix(begins));
    addresses.any(|address| {
        let id = address.rsplit_once("/m/");
        let is_spaced = address.starts_with([' ', '\u{a0}', '\u{202f}']);
        let is_id =
            |id: &str| id.len() == DIGITS && id.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_spaced && (id.is_some_and(|(_, id)| is_id(id)) || is_beginning(address.trim_start()))
    })
}

/// Whether this is an address that was cut short.
fn is_beginning(address: &str) -> bool {
    let is_of = |scheme: &str, cut: &str| scheme.starts_with(cut) || cut.starts_with(scheme);
    address.strip_suffix('…').is_some_and(|cut| {
        let is_address = is_of("https://", cut) || is_of("http://", cut);
        is_address && !cut.contains(char::is_whitespace)
    })
}

/// A text without such lines in what it quotes; as it is, where it says nothing else: then the address itself is what it says.
pub fn without_whole_mail(text: &str) -> String {
    let is_link = |line: &str| {
        line.starts_with('>') && is_whole_mail_line(line.trim_start_matches(['>', ' ']))
    };
    let lines = text.split_inclusive('\n').filter(|line| !is_link(line));
    let rest: String = lines.collect();
    match rest.trim().is_empty() {
        true => text.to_owned(),
        false => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_known_again_and_no_other() {
        let line = whole_mail(
            Language::ENGLISH,
            "https://mail.example.org/x/m/0123456789abcdef0123456789abcdef",
        );
        assert!(is_whole_mail_line(&line) && is_whole_mail_line(&format!(" {line}\n")));
        for length in "The whole mail: ".len()..line.len() {
            let cut = format!("{}…", line.get(..length).unwrap());
            assert!(is_whole_mail_line(&cut), "{cut}");
        }
        for other in [
            "The whole mail: https://mail.example.org/m/0123",
            "The whole mail: no",
            "The whole mail: no…",
            "The whole mail: https://mail.example.org is what I mean…",
            "x https://mail.example.org/m/0123456789abcdef0123456789abcdef",
        ] {
            assert!(!is_whole_mail_line(other), "{other}");
        }
        let quoting = format!("> Great\n> {line}\n\nYes\n{line}");
        assert_eq!(
            without_whole_mail(&quoting),
            format!("> Great\n\nYes\n{line}")
        );
        let alone = format!("> {line}\n");
        assert_eq!(without_whole_mail(&alone), alone);
    }
}
