//! What is said of what is stored of a user.

use super::away::day;
use crate::core::language::{Language, say};
use crate::core::time::Timestamp;

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
