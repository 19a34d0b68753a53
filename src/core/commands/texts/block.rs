//! What is said of spam that is reported.

use crate::core::commands::listed;
use crate::core::commands::words::is_said;
use crate::core::language::{Language, Understood, say};

/// Whether this word says that it is spam.
pub(crate) fn is_spam(understood: Understood, word: &str) -> bool {
    is_said(word, understood, |language| say!(language, "spam-words"))
}

/// The first of these words.
pub(crate) fn spam(language: Language) -> String {
    let words = say!(language, "spam-words");
    listed(&words).into_iter().next().unwrap_or_default()
}

/// What a form calls it.
pub(crate) fn reports(language: Language) -> String {
    say!(language, "report-spam")
}

/// To who has reported an address.
pub(crate) fn reported(language: Language, mail: &str) -> String {
    say!(language, "spam-reported", mail = mail)
}

/// To who has done so before.
pub(crate) fn reported_already(language: Language, mail: &str) -> String {
    say!(language, "spam-reported-already", mail = mail)
}

/// To administrators.
pub(crate) fn told(language: Language, user: &str, mail: &str) -> String {
    say!(language, "spam-told", user = user, mail = mail)
}
