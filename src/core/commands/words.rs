//! The words by which something is said in a message, in the languages in which it is understood.

use super::listed;
use crate::core::language::{Language, Understood};

/// The words of all languages in which somebody is understood.
pub(super) fn in_all(understood: Understood, of: fn(Language) -> String) -> Vec<String> {
    let words = understood.all().map(of);
    words.flat_map(|words| listed(&words)).collect()
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
            if !typed(found)
                .to_lowercase()
                .eq(typed(expected).to_lowercase())
            {
                return None;
            }
        }
        rest = chars.as_str();
    }
    let is_end = |c: char| c.is_whitespace() || ".!?:,".contains(c);
    rest.chars().next().is_none_or(is_end).then_some(rest)
}

/// Telephones type another apostrophe than keyboards.
fn typed(c: char) -> char {
    if c == '’' { '\'' } else { c }
}

/// Whether a text is one of these words and no more.
pub(super) fn is_said(text: &str, understood: Understood, of: impl Fn(Language) -> String) -> bool {
    let text = text.trim().trim_end_matches(['.', '!']).to_lowercase();
    let words = understood.all().map(of);
    let mut words = words.flat_map(|words| listed(&words));
    words.any(|word| word.to_lowercase() == text)
}
