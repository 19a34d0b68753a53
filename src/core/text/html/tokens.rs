//! HTML as a stream of tags and texts, in one pass and without a tree: whatever the nesting, the cost is the length.
//! What is no HTML is read as a browser would (WHATWG HTML §13.2.5), as far as it matters for a text.

use encoding_rs::WINDOWS_1252;
use mail_parser::decoders::html::add_html_token;
use std::borrow::Cow;

/// Attributes that a text depends on; the others are not kept.
const ATTRIBUTES: [&str; 14] = [
    "href", "alt", "style", "class", "hidden", "width", "height", "start", "src", "id", "name",
    "type", "face", "color",
];
/// Elements whose content is no markup and not shown.
const RAW_TEXT: [&str; 8] = [
    "script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp",
];
/// The longest name of a character reference is `CounterClockwiseContourIntegral`.
const REFERENCE_OCTETS_MAX: usize = 32;
/// Names that stand without a semicolon, too (WHATWG HTML §13.5), sorted.
const OPEN_NAMES: [&str; 106] = [
    "AElig", "AMP", "Aacute", "Acirc", "Agrave", "Aring", "Atilde", "Auml", "COPY", "Ccedil",
    "ETH", "Eacute", "Ecirc", "Egrave", "Euml", "GT", "Iacute", "Icirc", "Igrave", "Iuml", "LT",
    "Ntilde", "Oacute", "Ocirc", "Ograve", "Oslash", "Otilde", "Ouml", "QUOT", "REG", "THORN",
    "Uacute", "Ucirc", "Ugrave", "Uuml", "Yacute", "aacute", "acirc", "acute", "aelig", "agrave",
    "amp", "aring", "atilde", "auml", "brvbar", "ccedil", "cedil", "cent", "copy", "curren", "deg",
    "divide", "eacute", "ecirc", "egrave", "eth", "euml", "frac12", "frac14", "frac34", "gt",
    "iacute", "icirc", "iexcl", "igrave", "iquest", "iuml", "laquo", "lt", "macr", "micro",
    "middot", "nbsp", "not", "ntilde", "oacute", "ocirc", "ograve", "ordf", "ordm", "oslash",
    "otilde", "ouml", "para", "plusmn", "pound", "quot", "raquo", "reg", "sect", "shy", "sup1",
    "sup2", "sup3", "szlig", "thorn", "times", "uacute", "ucirc", "ugrave", "uml", "uuml",
    "yacute", "yen", "yuml",
];
/// The longest of them.
const OPEN_NAME_OCTETS_MAX: usize = 6;

/// Most references are one of these: they are not looked up among all two thousand.
const COMMON_NAMES: [(&str, char); 6] = [
    ("nbsp", '\u{a0}'),
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
];

/// A piece of HTML.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text with its character references, see [`decode_references`].
    Text(&'a str),
    /// `<a href="…">`.
    Start(Tag),
    /// `</a>`: the name in lower case.
    End(String),
}

/// A start tag.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tag {
    /// In lower case.
    pub name: String,
    attributes: Vec<(&'static str, String)>,
}

impl Tag {
    /// The value of an attribute, decoded; empty where it has none.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether it has no attribute that a text depends on.
    pub(super) fn is_bare(&self) -> bool {
        self.attributes.is_empty()
    }

    /// Takes an attribute that a text depends on. The first of two with the same name counts.
    fn add(&mut self, name: &str, value: &str) {
        let known = ATTRIBUTES
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(name));
        if let Some(name) = known
            && self.attribute(name).is_none()
        {
            self.attributes.push((name, decode(value, true)));
        }
    }
}

/// The tokens of a piece of HTML. Comments (with all that hides in Outlook's conditional ones), declarations and the
/// content of scripts and styles are not among them.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    /// Nothing is copied but names and the attributes that a text depends on.
    pub(super) fn new(html: &'a str) -> Self {
        Self { rest: html }
    }

    /// Takes everything up to `length` octets, or all there is.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes everything up to the first character that `stop` accepts.
    fn take_until(&mut self, stop: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(stop).unwrap_or(self.rest.len()))
    }

    /// Skips everything up to and with `end`, or all there is.
    fn skip_past(&mut self, end: &str) {
        let length = self
            .rest
            .find(end)
            .map(|at| at.saturating_add(end.len()))
            .unwrap_or(self.rest.len());
        self.take(length);
    }

    /// What begins with `<`; `None` for what is not shown.
    fn markup(&mut self) -> Option<Token<'a>> {
        let mut inner = self.rest.chars();
        inner.next();
        match (inner.next(), inner.next()) {
            (Some('/'), Some(c)) if c.is_ascii_alphabetic() => Some(self.end_tag()),
            (Some(c), _) if c.is_ascii_alphabetic() => self.start_tag().map(Token::Start),
            (Some('!'), Some('-')) if self.rest.starts_with("<!--") => {
                // From the dashes on, because `<!-->` is a whole comment.
                self.take(2);
                self.skip_past("-->");
                None
            }
            (Some('!' | '?' | '/'), _) => {
                self.skip_past(">");
                None
            }
            _ => Some(Token::Text(self.take(1))),
        }
    }

    fn end_tag(&mut self) -> Token<'a> {
        self.take(2);
        let name = self.tag_name();
        self.skip_past(">");
        Token::End(name)
    }

    /// `None` where the text ends before the tag does.
    fn start_tag(&mut self) -> Option<Tag> {
        self.take(1);
        let mut tag = Tag {
            name: self.tag_name(),
            ..Tag::default()
        };
        loop {
            self.take_until(|c| !c.is_ascii_whitespace() && c != '/');
            match self.rest.chars().next() {
                None => return None,
                Some('>') => break,
                Some(_) => self.read_attribute(&mut tag),
            }
        }
        self.take(1);
        if RAW_TEXT.contains(&tag.name.as_str()) {
            self.skip_raw_text(&tag.name);
        }
        Some(tag)
    }

    fn tag_name(&mut self) -> String {
        self.take_until(|c| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
            .to_ascii_lowercase()
    }

    fn read_attribute(&mut self, tag: &mut Tag) {
        // An `=` in the first place is part of the name.
        let first = usize::from(self.rest.starts_with('='));
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
        let length = self
            .rest
            .get(first..)
            .and_then(|rest| rest.find(ends))
            .map_or(self.rest.len(), |at| at.saturating_add(first));
        let name = self.take(length);
        self.take_until(|c| !c.is_ascii_whitespace());
        let value = if self.rest.starts_with('=') {
            self.take(1);
            self.take_until(|c| !c.is_ascii_whitespace());
            self.attribute_value()
        } else {
            ""
        };
        tag.add(name, value);
    }

    fn attribute_value(&mut self) -> &'a str {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let Some(quote) = quote else {
            return self.take_until(|c| c.is_ascii_whitespace() || c == '>');
        };
        self.take(1);
        let value = self.take_until(|c| c == quote);
        self.take(1);
        value
    }

    /// Skips to the end tag of an element whose content is no markup.
    fn skip_raw_text(&mut self, name: &str) {
        while !self.rest.is_empty() {
            let end = self.rest.find("</").unwrap_or(self.rest.len());
            self.take(end);
            let after = self.rest.get(2..).unwrap_or_default();
            let found = after.get(..name.len());
            if found.is_some_and(|found| found.eq_ignore_ascii_case(name)) {
                return;
            }
            self.take(2);
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        while !self.rest.is_empty() {
            if !self.rest.starts_with('<') {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                return Some(Token::Text(self.take(end)));
            }
            if let Some(token) = self.markup() {
                return Some(token);
            }
        }
        None
    }
}

/// The text with its character references (`&eacute;`, `&#8364;`, `&#x20AC;`) decoded; what is none stays as it is.
pub(super) fn decode_references(text: &str) -> Cow<'_, str> {
    match text.contains('&') {
        true => Cow::Owned(decode(text, false)),
        false => Cow::Borrowed(text),
    }
}

/// In an attribute, `?a=1&copy=2` is an address and no copyright sign.
fn decode(text: &str, is_attribute: bool) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let name_octets = after
            .bytes()
            .take(REFERENCE_OCTETS_MAX)
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'#')
            .count();
        let (name, end) = after.split_at_checked(name_octets).unwrap_or(("", after));
        if push_reference(&mut decoded, name, end.starts_with(';')) {
            rest = end.strip_prefix(';').unwrap_or(end);
            continue;
        }
        let is_address = is_attribute && end.starts_with('=');
        let open = open_name(name)
            .filter(|open| !is_address && (!is_attribute || open.len() == name.len()))
            .filter(|open| push_reference(&mut decoded, open, true));
        if open.is_none() {
            decoded.push('&');
        }
        let used = open.map_or(0, str::len);
        rest = after.get(used..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded
}

/// The longest of the oldest names with which this begins.
fn open_name(name: &str) -> Option<&str> {
    let mut starts = (2..=OPEN_NAME_OCTETS_MAX)
        .rev()
        .filter_map(|length| name.get(..length));
    starts.find(|start| OPEN_NAMES.binary_search(start).is_ok())
}

/// Writes what `name` stands for between `&` and `;`; false where it is nothing. Without the `;` (`closed` is false) only numbers
/// are something.
fn push_reference(decoded: &mut String, name: &str, closed: bool) -> bool {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        let shown = code.ok().map(numeric);
        decoded.extend(shown);
        return shown.is_some();
    }
    if !closed || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return false;
    }
    if let Some((_, shown)) = COMMON_NAMES.iter().find(|(common, _)| *common == name) {
        decoded.push(*shown);
        return true;
    }
    let written = format!("&{name};");
    let mut shown = String::new();
    add_html_token(&mut shown, written.as_bytes(), false);
    let is_known = shown != written;
    if is_known {
        decoded.push_str(&shown);
    }
    is_known
}

/// Numbers from 128 to 159 mean windows-1252 (WHATWG HTML §13.2.5.80), for mails that were written so.
fn numeric(code: u32) -> char {
    let shown = match u8::try_from(code) {
        Ok(byte @ 0x80..=0x9F) => {
            let octets = [byte];
            let (decoded, _) = WINDOWS_1252.decode_without_bom_handling(&octets);
            decoded.chars().next()
        }
        _ => char::from_u32(code).filter(|c| *c != '\0'),
    };
    shown.unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> Vec<String> {
        Tokens::new(html)
            .map(|token| match token {
                Token::Text(text) => text.to_owned(),
                Token::Start(tag) => format!("<{} {:?}>", tag.name, tag.attributes),
                Token::End(name) => format!("</{name}>"),
            })
            .collect()
    }

    #[test]
    fn attributes_are_read_however_they_are_quoted() {
        assert_eq!(
            shown("<A HREF = 'x>y' ALT=z/ onclick=\"a>b\" hidden>t</A >"),
            [
                r#"<a [("href", "x>y"), ("alt", "z/"), ("hidden", "")]>"#,
                "t",
                "</a>"
            ]
        );
        assert_eq!(shown("<a href=1 href=2 =x=y/>"), [r#"<a [("href", "1")]>"#]);
    }

    #[test]
    fn comments_declarations_and_raw_text_are_no_tokens() {
        assert_eq!(
            shown(
                "<!DOCTYPE html>a<!-- <b> -->b<!--[if mso]><p>x</p><![endif]-->c<![if !mso]>d<![endif]><!-->e<?x?>f"
            ),
            ["a", "b", "c", "d", "e", "f"]
        );
        assert_eq!(
            shown("<Script>if (a</b>) {'</scrip>'}</SCRIPT x>b"),
            ["<script []>", "</script>", "b"]
        );
    }

    #[test]
    fn what_is_no_markup_is_text() {
        assert_eq!(
            shown("1 < 2 <3 </> <"),
            ["1 ", "<", " 2 ", "<", "3 ", " ", "<"]
        );
        assert_eq!(shown("cut <a href='x"), ["cut "]);
        assert_eq!(shown("cut <!-- x"), ["cut "]);
    }

    #[test]
    fn references_are_decoded() {
        assert_eq!(
            decode_references(
                "&lt;&eacute;&#8364;&#x1F44D;&#150;&amp;lt; &nbsp &copy; AT&T &unknown; &#0; &#xD800; &"
            ),
            "<é€👍–&lt; \u{a0} © AT&T &unknown; \u{FFFD} \u{FFFD} &"
        );
    }

    #[test]
    fn the_oldest_names_need_no_semicolon_but_in_an_address() {
        assert!(OPEN_NAMES.is_sorted());
        assert_eq!(
            decode_references("caf&eacute &copy2026 &notit; &szlig&auml; &AMP &a &ensp x&yen"),
            "café ©2026 ¬it; ßä & &a &ensp x¥"
        );
        assert_eq!(
            shown("<a href='?a&copy=1&reg=2&amp=3&lt' alt='&eacute &copy2'>"),
            [r#"<a [("href", "?a&copy=1&reg=2&amp=3<"), ("alt", "é &copy2")]>"#]
        );
    }
}
