//! The words by which something is said in a message, in the language of whoever says it or in English.

use super::listed;
use crate::core::language::Language;

/// Words of the user's language, and those of English, which work in every language.
pub(super) fn both(language: Language, of: fn(Language) -> String) -> Vec<String> {
    let mut words = listed(&of(language));
    words.extend(listed(&of(Language::ENGLISH)));
    words
}

/// What stands behind these words, where a text begins with them.
pub(super) fn after<'a>(body: &'a str, words: &str) -> Option<&'a str> {
    let mut rest = body;
    for (number, word) in words.split(' ').enumerate() {
        let text = rest.trim_start();
        if number > 0 && text.len() == rest.len() {
            return None;
        }
        let mut chars = text.char_indices();
        for expected in word.chars() {
            let (_, found) = chars.next()?;
            if !found.to_lowercase().eq(expected.to_lowercase()) {
                return None;
            }
        }
        rest = chars.as_str();
    }
    let is_end = |c: char| c.is_whitespace() || ".!?:,".contains(c);
    rest.chars().next().is_none_or(is_end).then_some(rest)
}
