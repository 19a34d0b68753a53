//! Whether two templates can produce the same address: is the intersection of two small regular languages empty?

use std::collections::BTreeSet;

/// A template as a regular expression: the atoms in a row.
pub(super) type Pattern = Vec<Atom>;

/// One atom of a [`Pattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Atom {
    /// This character, once.
    One(char),
    /// Characters of this class, at least one.
    Many(Class),
}

/// What a placeholder can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The node of a JID: everything but `@`.
    Node,
    /// An encoded node: `a-z 0-9 . - _`.
    EncodedNode,
    /// A domain in A-labels: `a-z 0-9 . -`.
    Domain,
}

impl Class {
    pub(super) fn has(self, c: char) -> bool {
        match self {
            Self::Node => c != '@',
            Self::EncodedNode => c == '_' || Self::Domain.has(c),
            Self::Domain => matches!(c, 'a'..='z' | '0'..='9' | '.' | '-'),
        }
    }
}

/// Whether some text matches both: walks the product of the two automata, whose states are pairs of positions.
pub(super) fn overlap(one: &[Atom], other: &[Atom]) -> bool {
    let mut seen = BTreeSet::from([(0, 0)]);
    let mut open = vec![(0, 0)];
    while let Some((i, j)) = open.pop() {
        if i == one.len() && j == other.len() {
            return true;
        }
        for (a, next_i) in steps(one, i) {
            for (b, next_j) in steps(other, j) {
                if share_a_character(a, b) && seen.insert((next_i, next_j)) {
                    open.push((next_i, next_j));
                }
            }
        }
    }
    false
}

/// The atoms that may take the next character when `at` atoms have had theirs, and the position after it.
fn steps(pattern: &[Atom], at: usize) -> impl Iterator<Item = (Atom, usize)> {
    let again = at
        .checked_sub(1)
        .and_then(|last| pattern.get(last))
        .filter(|atom| matches!(atom, Atom::Many(_)))
        .map(|atom| (*atom, at));
    let next = pattern.get(at).map(|atom| (*atom, at.saturating_add(1)));
    again.into_iter().chain(next)
}

fn share_a_character(a: Atom, b: Atom) -> bool {
    match (a, b) {
        (Atom::One(c), Atom::One(d)) => c == d,
        (Atom::One(c), Atom::Many(class)) | (Atom::Many(class), Atom::One(c)) => class.has(c),
        // Every class has the letters.
        (Atom::Many(_), Atom::Many(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        text.chars()
            .map(|c| match c {
                'L' => Atom::Many(Class::EncodedNode),
                'D' => Atom::Many(Class::Domain),
                'N' => Atom::Many(Class::Node),
                c => Atom::One(c),
            })
            .collect()
    }

    #[test]
    fn overlaps_are_found_and_only_they() {
        for (one, other, expected) in [
            ("L@x", "im.L@x", true),
            ("L@x", "L@y", false),
            ("L@D", "L@a.example", true),
            ("im.L@x", "L.im@x", true),
            ("b+L@x", "L@x", false),
            ("b+L_D@x", "b+L@x", true),
            ("a.L@x", "b.L@x", false),
            ("chat.D", "D", true),
            ("D.chat", "chat.D", true),
            ("aLb", "ab", false),
            ("aLb", "aab", true),
            ("N@x", "zoë@x", true),
            ("N@x", "L@x", true),
        ] {
            assert_eq!(
                overlap(&pattern(one), &pattern(other)),
                expected,
                "{one} {other}"
            );
            assert_eq!(
                overlap(&pattern(other), &pattern(one)),
                expected,
                "{other} {one}"
            );
        }
    }

    fn matches(pattern: &[Atom], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((Atom::One(c), rest)), Some((d, after))) => c == d && matches(rest, after),
            (Some((Atom::Many(class), rest)), Some((c, after))) => {
                class.has(*c) && (matches(rest, after) || matches(pattern, after))
            }
            _ => false,
        }
    }

    fn texts(length: usize) -> Vec<Vec<char>> {
        (0..length).fold(vec![Vec::new()], |texts, _| {
            texts
                .into_iter()
                .flat_map(|text| {
                    ['a', 'b', '_', '+'].map(|c| {
                        let mut longer = text.clone();
                        longer.push(c);
                        longer
                    })
                })
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn agrees_with_trying_every_short_text(one in "[abLD_+]{1,3}", other in "[abLD_+]{1,3}") {
            // A shortest common text of two patterns of three atoms has at most five characters.
            let (one, other) = (pattern(&one), pattern(&other));
            let tried = (1..=5).flat_map(texts).any(|text| matches(&one, &text) && matches(&other, &text));
            prop_assert_eq!(overlap(&one, &other), tried);
        }
    }
}
