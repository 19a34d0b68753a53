//! Many phrases looked for at once, at the cost of the text and not of their number.

use std::collections::HashMap;

/// In scripts from here on nothing stands between words.
const SCRIPTS_WITHOUT_SPACES: char = '\u{2e80}';

/// Phrases in lower case.
pub(super) struct Phrases {
    /// By their first word.
    by_word: HashMap<&'static str, Vec<&'static str>>,
    /// Of scripts that put nothing between words.
    anywhere: Vec<&'static str>,
}

impl Phrases {
    /// The entries of tables, between which `|` stands.
    pub(super) fn new(tables: impl IntoIterator<Item = &'static str>) -> Self {
        let mut phrases = Self {
            by_word: HashMap::new(),
            anywhere: Vec::new(),
        };
        for phrase in tables.into_iter().flat_map(|table| table.split('|')) {
            match words(phrase).next() {
                Some((_, word)) if !word.starts_with(|c| c >= SCRIPTS_WITHOUT_SPACES) => {
                    phrases.by_word.entry(word).or_default().push(phrase);
                }
                _ => phrases.anywhere.push(phrase),
            }
        }
        phrases
    }

    /// Whether one stands in a text in lower case, between characters that are no letters.
    pub(super) fn stand_in(&self, text: &str) -> bool {
        let stands_at = |(at, word): (usize, &str)| {
            let rest = text.get(at..).unwrap_or_default();
            let is_here = |phrase: &&'static str| {
                let after = rest.strip_prefix(*phrase);
                after.is_some_and(|after| !after.starts_with(is_of_word))
            };
            let known = self.by_word.get(word);
            known.is_some_and(|known| known.iter().any(is_here))
        };
        words(text).any(stands_at) || self.anywhere.iter().any(|phrase| text.contains(phrase))
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() && c < SCRIPTS_WITHOUT_SPACES
}

/// The words of a text, and where each begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0_usize;
    text.split(|c: char| !c.is_alphanumeric())
        .map(move |word| {
            let start = at;
            let end = start.saturating_add(word.len());
            // What divides two words is one character.
            let width = text.get(end..).and_then(|rest| rest.chars().next());
            at = end.saturating_add(width.map_or(0, char::len_utf8));
            (start, word)
        })
        .filter(|(_, word)| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_stands_between_what_is_no_letter() {
        let phrases = Phrases::new(["in red|a écrit|s.u.", "写道|ниже"]);
        for text in [
            "it is in red.",
            "alice a écrit :",
            "x (s.u.)",
            "于2026写道：",
            "см. ниже",
            "–in red",
        ] {
            assert!(phrases.stand_in(text), "{text}");
        }
        for text in ["in redder", "begin red", "a écrite", "", "нижек", "写"] {
            assert!(!phrases.stand_in(text), "{text}");
        }
    }
}
