//! What is said to who writes nothing but yes or no.

use super::brief;
use crate::core::language::{Language, say};

/// An answer to a question that nobody remembers. `command`: what would be an answer to the last that there may have been.
pub(crate) fn yes_alone(language: Language, typed: &str, command: &str) -> String {
    say!(
        language,
        "yes-alone",
        typed = brief(typed.trim()),
        command = command
    )
}

/// The same, where it is no.
pub(crate) fn no_alone(language: Language) -> String {
    say!(language, "no-alone")
}
