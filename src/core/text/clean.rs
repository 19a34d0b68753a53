//! What may not pass: characters that XML, a header or a terminal cannot carry.

/// Text for a stanza or a mail's body: line ends as `\n`, without what XML 1.0 forbids (NUL, other C0 controls, U+FFFE,
/// U+FFFF) and without DEL and the C1 controls, which XML allows and terminals obey.
pub fn for_xml(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => {
                rest.next_if_eq(&'\n');
                clean.push('\n');
            }
            '\u{85}' => clean.push('\n'),
            '\u{7F}'..='\u{9F}' => {}
            c if is_xml_char(c) => clean.push(c),
            _ => {}
        }
    }
    clean
}

/// One line for a header or a name: no control characters, runs of white space as one space, nothing that reorders or
/// hides what stands beside it, at most `chars_max` characters.
pub fn for_header(text: &str, chars_max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(chars_max));
    let mut chars = 0_usize;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = !line.is_empty();
            continue;
        }
        if !is_xml_char(c) || is_bidi_control(c) || is_invisible(c) {
            continue;
        }
        let needed = if gap { 2 } else { 1 };
        if chars.saturating_add(needed) > chars_max {
            break;
        }
        if gap {
            line.push(' ');
            gap = false;
        }
        line.push(c);
        chars = chars.saturating_add(needed);
    }
    line
}

/// What could forge a line or control a terminal: controls (C0, DEL, C1), separators of lines, and what changes the direction
/// of writing (UAX #9).
pub fn is_dangerous(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line for a log or a terminal: what is dangerous stands there as `\u{1b}`, `\n` and so on.
pub fn one_line(text: &str) -> String {
    escaped(text, is_dangerous)
}

/// The same for a text of several lines and columns.
pub fn for_terminal(text: &str) -> String {
    escaped(text, |c| is_dangerous(c) && !matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, is_dangerous: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_dangerous(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// For a log: of each local part of an address only its first character. Who is meant can be guessed by those who know
/// them, and read by nobody else.
pub fn shorten_addresses(text: &str) -> String {
    let mut parts = text.split('@').peekable();
    let mut short = String::with_capacity(text.len());
    while let Some(part) = parts.next() {
        let is_before_at = parts.peek().is_some();
        let start = part
            .rfind(is_around_address)
            .map_or(0, |at| at.saturating_add(1));
        match part.get(start..).and_then(|local| local.chars().next()) {
            Some(first) if is_before_at => {
                short.push_str(part.get(..start).unwrap_or_default());
                short.push(first);
                short.push_str("…@");
            }
            _ => {
                short.push_str(part);
                short.push_str(if is_before_at { "@" } else { "" });
            }
        }
    }
    short
}

/// ASCII characters at which an address in a text begins or ends.
fn is_around_address(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '"' | ',' | ';' | ':')
}

/// XML 1.0 §2.2 Char.
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// Marks, embeddings, overrides and isolates, with which a name can be made to look like another.
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{061C}')
}

/// Characters without width, with which two names can differ unseen. The joiners U+200C and U+200D are not among them:
/// Persian and emoji are written with them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Characters that are drawn as a gap and are no white space: the Braille pattern without dots, and the fillers of Hangul.
pub fn is_drawn_as_gap(c: char) -> bool {
    matches!(
        c,
        '\u{115F}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}'
    )
}

/// Whether nobody sees anything of a text.
pub fn is_blank(text: &str) -> bool {
    let is_nothing = |c: char| c.is_whitespace() || is_drawn_as_gap(c);
    text.chars()
        .all(|c| is_nothing(c) || is_bidi_control(c) || is_invisible(c))
}

/// The beginning of `text`, at most `octets_max` octets, never half a character.
pub fn cut(text: &str, octets_max: usize) -> &str {
    text.get(..text.floor_char_boundary(octets_max))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_in_a_log_the_domain_remains() {
        for (text, short) in [
            (
                "mail to carol@mail.example failed",
                "mail to c…@mail.example failed",
            ),
            (
                "<carol@x.example>: no <a@b>,zoë@y",
                "<c…@x.example>: no <a…@b>,z…@y",
            ),
            ("nothing", "nothing"),
            ("@ and @x", "@ and @x"),
            (
                "carol\\40mail.example@gateway.example",
                "c…@gateway.example",
            ),
        ] {
            assert_eq!(shorten_addresses(text), short);
        }
    }

    #[test]
    fn what_xml_forbids_is_dropped_and_every_line_end_is_one() {
        assert_eq!(
            for_xml("a\0b\u{1}\u{1b}c\u{FFFE}\u{FFFF}d\u{9b}e\u{7f}"),
            "abcde"
        );
        assert_eq!(for_xml("a\r\nb\rc\n\rd\u{85}e\r"), "a\nb\nc\n\nd\ne\n");
        assert_eq!(
            for_xml("tab\there \u{FFFD} 👍🏽\u{200d}"),
            "tab\there \u{FFFD} 👍🏽\u{200d}"
        );
    }

    #[test]
    fn a_header_is_one_line_without_tricks() {
        assert_eq!(
            for_header(" Eve\r\nBcc: x \t\u{a0} y\u{2028}z ", 80),
            "Eve Bcc: x y z"
        );
        assert_eq!(
            for_header("photo\u{202e}gnp.exe\u{200b}\u{feff}", 80),
            "photognp.exe"
        );
        assert_eq!(for_header("👩\u{200d}🚀", 80), "👩\u{200d}🚀");
    }

    #[test]
    fn a_header_has_no_more_characters_than_asked_and_ends_in_none_of_white_space() {
        assert_eq!(for_header("äö ü", 3), "äö");
        assert_eq!(for_header("äö ü", 4), "äö ü");
        assert_eq!(for_header("abc", 0), "");
    }

    #[test]
    fn a_cut_never_halves_a_character() {
        assert_eq!(cut("aä", 2), "a");
        assert_eq!(cut("aä", 3), "aä");
        assert_eq!(cut("aä", 99), "aä");
    }
}
