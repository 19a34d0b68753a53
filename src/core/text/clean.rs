//! What may not pass: characters that XML or a header cannot carry.

/// Drops what XML 1.0 forbids (NUL, other controls, U+FFFE, U+FFFF) and makes every line end `\n`.
pub fn for_xml(text: &str) -> String {
    let normalised = text.replace("\r\n", "\n").replace('\r', "\n");
    normalised.chars().filter(|c| is_xml_char(*c)).collect()
}

/// One line for a header or a name: no control characters (C0, C1), runs of white space as one space, no bidirectional
/// overrides, at most `chars_max` characters.
pub fn for_header(text: &str, chars_max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(chars_max.saturating_mul(4)));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let word: String = word
            .chars()
            .filter(|c| is_xml_char(*c) && !is_bidi_control(*c))
            .collect();
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    line.chars()
        .take(chars_max)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

/// XML 1.0 §2.2 Char.
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// Embeddings, overrides and isolates, with which a name can be made to look like another.
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{061C}')
}
