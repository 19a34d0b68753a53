//! Which elements of an HTML mail are not meant to be seen.

use super::tokens::Tag;
use std::collections::HashMap;

/// Elements that are never text for a person, or stand in for what a mail program does not show.
const NEVER_SHOWN: [&str; 9] = [
    "svg", "math", "template", "object", "xml", "audio", "video", "canvas", "noscript",
];
/// Elements without content and without an end tag (WHATWG HTML §13.1.2).
const VOID: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];
/// An end tag of one of these ends whatever was left open inside.
const ENCLOSING: [&str; 9] = [
    "td", "th", "tr", "tbody", "table", "div", "center", "body", "html",
];

/// Whether a tag begins something that a mail program would not show.
pub(super) fn is_hidden(tag: &Tag) -> bool {
    if NEVER_SHOWN.contains(&tag.name.as_str()) {
        return true;
    }
    if tag.is_bare() {
        return false;
    }
    tag.attribute("hidden").is_some()
        || tag.attribute("style").is_some_and(hides)
        || tag.name == "img" && is_pixel(tag)
}

/// Whether an element of this name has no content.
pub(super) fn is_void(name: &str) -> bool {
    VOID.contains(&name)
}

/// An image that only counts who opens the mail.
fn is_pixel(image: &Tag) -> bool {
    let is_tiny = |name| {
        let length = image.attribute(name).unwrap_or_default().trim();
        matches!(length.trim_end_matches("px"), "0" | "1" | "2")
    };
    is_tiny("width") || is_tiny("height")
}

/// Declarations that take an element out of sight. `font-size:0` is not among them: frames of newsletters have it, and
/// their content has its own size.
fn hides(style: &str) -> bool {
    style.split(';').any(|declaration| {
        let declaration: String = declaration
            .chars()
            .filter(|c| !c.is_whitespace())
            .flat_map(char::to_lowercase)
            .collect();
        let declaration = declaration.trim_end_matches("!important");
        matches!(
            declaration,
            "display:none"
                | "visibility:hidden"
                | "mso-hide:all"
                | "opacity:0"
                | "max-height:0"
                | "max-height:0px"
        )
    })
}

/// A hidden element that is open, and what is open inside it.
pub(super) struct Hidden {
    name: String,
    open: HashMap<String, u32>,
}

impl Hidden {
    /// The element that this tag begins.
    pub(super) fn new(tag: &Tag) -> Self {
        Self {
            name: tag.name.clone(),
            open: HashMap::from([(tag.name.clone(), 1)]),
        }
    }

    /// Takes a start tag; `false` where it ends the hidden element because HTML lets its end tag be left out.
    pub(super) fn start(&mut self, name: &str) -> bool {
        if self.is_ended_by(name) {
            return false;
        }
        if !is_void(name) {
            let count = self.open.entry(name.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
        true
    }

    fn is_ended_by(&self, name: &str) -> bool {
        let has_none = |inner: &str| self.open.get(inner).copied().unwrap_or(0) == 0;
        match self.name.as_str() {
            "p" => matches!(
                name,
                "p" | "div" | "table" | "ul" | "ol" | "blockquote" | "hr"
            ),
            "li" => name == "li" && has_none("ul") && has_none("ol"),
            "td" | "th" => matches!(name, "td" | "th" | "tr") && has_none("table"),
            "tr" => name == "tr" && has_none("table"),
            _ => false,
        }
    }

    /// Takes an end tag and says what it ends.
    pub(super) fn end(&mut self, name: &str) -> HiddenEnd {
        match self.open.get_mut(name) {
            Some(count) if *count > 0 => {
                *count = count.saturating_sub(1);
                if *count == 0 && name == self.name {
                    HiddenEnd::Hidden
                } else {
                    HiddenEnd::Inner
                }
            }
            _ if ENCLOSING.contains(&name) => HiddenEnd::Outer,
            _ => HiddenEnd::Inner,
        }
    }
}

/// What an end tag inside a hidden element ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HiddenEnd {
    /// Something inside, or nothing.
    Inner,
    /// The hidden element.
    Hidden,
    /// An element around the hidden one, and so both.
    Outer,
}
