//! What is said of what is stored of a user.

use super::away::day;
use crate::core::language::{Language, Sentence, say};
use crate::core::time::Timestamp;
use std::collections::BTreeMap;

/// What each part of it is, by its kind.
static ABOUT: [(&str, Sentence); 11] = [
    ("user", Sentence("export-about-user")),
    ("waiting", Sentence("export-about-waiting")),
    ("kept", Sentence("export-about-kept")),
    ("pair", Sentence("export-about-pair")),
    ("options", Sentence("export-about-options")),
    ("contact", Sentence("export-about-contact")),
    ("thread", Sentence("export-about-thread")),
    ("message", Sentence("export-about-message")),
    ("seen", Sentence("export-about-seen")),
    ("announced", Sentence("export-about-announced")),
    ("avatar", Sentence("export-about-avatar")),
];

/// It is a file.
pub(crate) fn link(language: Language, link: &str, until: Timestamp) -> String {
    let day = day(until).unwrap_or_default();
    say!(language, "export-link", link = link, day = day)
}

/// It is these messages.
pub(crate) fn messages(language: Language, count: usize) -> String {
    say!(language, "export-messages", count = count)
}

/// There is more.
pub(crate) fn cut(language: Language) -> String {
    say!(language, "export-cut")
}

/// It cannot be read.
pub(crate) fn failed(language: Language) -> String {
    say!(language, "export-failed")
}

/// What stands in it, for who reads it later.
pub(crate) fn about(language: Language) -> BTreeMap<&'static str, String> {
    let said = ABOUT.iter();
    said.map(|(kind, sentence)| (*kind, sentence.in_language(language)))
        .collect()
}
