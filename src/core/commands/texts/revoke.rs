//! What is said of links that are revoked.

use crate::core::language::{Language, say};

/// They are dead.
pub(crate) fn revoked(language: Language, count: usize, is_all: bool) -> String {
    let all = if is_all { "yes" } else { "no" };
    say!(language, "revoke-done", count = count, all = all)
}

/// There was nothing of the last mail from this address; older ones may have links.
pub(crate) fn none_of_last(language: Language, mail: &str) -> String {
    say!(language, "revoke-last-none", mail = mail)
}

/// The disk does not do it.
pub(crate) fn failed(language: Language) -> String {
    say!(language, "revoke-failed")
}
