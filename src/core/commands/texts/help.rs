//! What is said around the list of commands.

use crate::core::language::{Language, say};

/// What is shown before the list of commands.
pub(crate) fn before(language: Language) -> String {
    say!(language, "help-before")
}

/// What is shown after it.
pub(crate) fn after(language: Language, has_originals: bool) -> String {
    let originals = if has_originals { "yes" } else { "no" };
    say!(language, "help-after", originals = originals)
}

/// The page on which a mail address is typed.
pub(crate) fn write_page(language: Language, link: &str) -> String {
    say!(language, "help-write-page", link = link)
}
