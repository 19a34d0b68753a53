//! The text of a mail that is a line of a chat, as Delta Chat writes and reads it.

/// Stands in front of a text that takes the place of another one.
const PENCIL: &str = "\u{270F}\u{FE0F}";
/// Begins the line over the footer, in which everybody has the same words under each message.
const FOOTER: &str = "-- ";
/// A line of the user's own that begins as the footer does.
const DASHES: &str = "--";
const GUARDED: &str = "-\u{200B}-";

/// The text with its own lines guarded that would be taken for the beginning of a footer.
pub fn guarded(text: &str) -> String {
    let lines = text.split('\n');
    joined(lines.map(|line| {
        line.strip_prefix(DASHES)
            .map_or(("", line), |rest| (GUARDED, rest))
    }))
}

/// The lines, each with what stands in front of it. A text may have very many.
fn joined<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut all = String::new();
    for (number, (front, line)) in lines.enumerate() {
        if number > 0 {
            all.push('\n');
        }
        all.push_str(front);
        all.push_str(line);
    }
    all
}

/// What its author says: the text without footer and guards. Empty where there is nothing else.
pub fn said(text: &str) -> String {
    let own = text.split('\n').take_while(|line| *line != FOOTER);
    let mut said = joined(own.map(|line| {
        line.strip_prefix(GUARDED)
            .map_or(("", line), |rest| (DASHES, rest))
    }));
    said.truncate(said.trim_end().len());
    said
}

/// A text that takes the place of one that began so.
pub fn edit(before: &str, text: &str) -> String {
    match before.is_empty() {
        true => format!("{PENCIL}{text}"),
        false => format!("> {before}\n\n{PENCIL}{text}"),
    }
}

/// The text that takes the place of another one, without the quotation of that; `None` where nothing is left.
pub fn edited(text: &str) -> Option<String> {
    let is_quoted = |line: &&str| line.starts_with('>');
    let quoted = text.split_inclusive('\n').take_while(is_quoted);
    let quoted: usize = quoted.map(str::len).sum();
    let own = text.get(quoted..).unwrap_or_default();
    let own = own.trim();
    let own = own.strip_prefix(PENCIL).unwrap_or(own).trim();
    (!own.is_empty()).then(|| own.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_is_cut_and_what_looks_like_one_is_not() {
        assert_eq!(said("Hi\n\n-- \nSent by me"), "Hi");
        assert_eq!(said("-- \nSent by me"), "");
        for text in ["--\nHi\n-- \nthere", "a\n--x\n", "Hi", "", "> a\n\nb"] {
            let sent = format!("{}\n\n-- \nSent by me", guarded(text));
            assert_eq!(said(&sent), text.trim_end(), "{text:?}");
            assert!(!guarded(text).split('\n').any(|line| line == FOOTER));
        }
    }

    #[test]
    fn an_edit_is_the_new_text_alone() {
        for (before, text) in [("wordl", "world"), ("", "world"), ("a", "> b\n\nc")] {
            assert_eq!(edited(&edit(before, text)).as_deref(), Some(text));
        }
        assert_eq!(
            edited("> old\n\n\u{270F}\u{FE0F}new").as_deref(),
            Some("new")
        );
        assert_eq!(edited("> old\n\n\u{270F}\u{FE0F}"), None);
        assert_eq!(edited(""), None);
    }
}
