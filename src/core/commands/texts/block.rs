//! What is said of spam that is reported.

use crate::core::commands::listed;
use crate::core::language::{Language, say};

/// Whether this word says that it is spam.
pub(crate) fn is_spam(language: Language, word: &str) -> bool {
    let word = word.to_lowercase();
    let mut words = listed(&say!(language, "spam-words"));
    words.extend(listed(&say!(Language::ENGLISH, "spam-words")));
    words.contains(&word)
}

/// What a form calls it.
pub(crate) fn reports(language: Language) -> String {
    say!(language, "report-spam")
}

/// To who has reported an address.
pub(crate) fn reported(language: Language, mail: &str) -> String {
    say!(language, "spam-reported", mail = mail)
}

/// To administrators.
pub(crate) fn told(language: Language, user: &str, mail: &str) -> String {
    say!(language, "spam-told", user = user, mail = mail)
}
