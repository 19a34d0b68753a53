//! The quotation with which an answer begins, where the answer stands below it.

/// A longer line over a quotation is a sentence, in characters.
const INTRODUCTION_CHARS_MAX: usize = 400;

/// What a text quotes before its author's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leading {
    /// Without marks.
    pub quoted: String,
    /// How many characters of the text that is, with the line over it and the blank lines below.
    pub chars: usize,
}

/// The quotation that a text begins with; `None` where there is none, or another one below, or nothing else.
pub fn leading(text: &str) -> Option<Leading> {
    let mut lines = text.split_inclusive('\n').peekable();
    let mut leading = Leading {
        quoted: String::new(),
        chars: 0,
    };
    let is_blank = |line: &&str| line.trim().is_empty();
    let is_quoted = |line: &&str| line.starts_with('>');
    let introduction = lines.next_if(|line| {
        line.trim_end().ends_with([':', '：']) && line.chars().count() <= INTRODUCTION_CHARS_MAX
    });
    let mut before = introduction.map_or(0, |line| line.chars().count());
    while let Some(blank) = lines.next_if(is_blank) {
        before = before.saturating_add(blank.chars().count());
    }
    while let Some(line) = lines.next_if(is_quoted) {
        leading.chars = leading.chars.saturating_add(line.chars().count());
        let line = line.strip_prefix('>').unwrap_or(line);
        leading
            .quoted
            .push_str(line.strip_prefix(' ').unwrap_or(line));
    }
    if leading.chars == 0 {
        return None;
    }
    leading.chars = leading.chars.saturating_add(before);
    while let Some(blank) = lines.next_if(is_blank) {
        leading.chars = leading.chars.saturating_add(blank.chars().count());
    }
    let is_answered = lines.peek().is_some();
    (is_answered && !lines.any(|line| is_quoted(&line))).then_some(leading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_above_the_answer_is_found_with_what_belongs_to_it() {
        for (text, quoted, own) in [
            ("> Lunch?\n\nYes.", "Lunch?\n", "Yes."),
            (
                "On Monday, Zoë wrote:\n\n> Lunch?\n>\n>> Or not?\n\nYes.\nBye",
                "Lunch?\n\n> Or not?\n",
                "Yes.\nBye",
            ),
            (">Lunch?\nYes.", "Lunch?\n", "Yes."),
        ] {
            let found = leading(text).unwrap();
            assert_eq!(found.quoted, quoted, "{text}");
            let rest: String = text.chars().skip(found.chars).collect();
            assert_eq!(rest, own, "{text}");
        }
        for text in [
            "Yes.\n> Lunch?\n",
            "> Lunch?\n",
            "> Lunch?\nYes.\n> Where?\nHere.",
            "Dear Zoë,\n> Lunch?\nYes.",
            "He said:\nlunch.",
            "",
        ] {
            assert_eq!(leading(text), None, "{text}");
        }
    }
}
