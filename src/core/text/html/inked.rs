//! What HTML says by the look of words: that they are struck out, that letters stand for symbols, or, by their colour, that
//! they answer what stands around them.

use super::hidden::is_void;
use super::tokens::Tag;
use crate::core::text::quotes::Ink;

/// Nesting of such elements that is kept track of.
const DEPTH_MAX: usize = 50;

/// Elements that say something whatever their attributes are.
const BY_NAME: [&str; 4] = ["s", "del", "strike", "a"];

/// A font in which letters are pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    /// Any with letters.
    Letters,
    /// Wingdings: Outlook writes `:-)` as a J in it.
    Wingdings,
    /// Symbol, in which Word writes the dots of its lists.
    Symbol,
}

/// An element, and how many of its name are open, itself among them.
struct InkedElement {
    name: String,
    is_struck: bool,
    font: Option<Font>,
    ink: Option<Ink>,
    depth: usize,
}

/// The elements that are open and say something by their look.
#[derive(Default)]
pub(super) struct Inked(Vec<InkedElement>);

impl Inked {
    /// Takes a start tag.
    pub(super) fn start(&mut self, tag: &Tag) {
        if is_void(&tag.name) {
            return;
        }
        let is_plain = tag.is_bare() && !BY_NAME.contains(&tag.name.as_str());
        let (is_struck, font, ink) = if is_plain {
            (false, None, None)
        } else {
            let style = TagStyle::of(tag);
            (style.strikes(tag), style.font(tag), style.ink(tag))
        };
        let says_something = is_struck || font.is_some() || ink.is_some();
        if says_something && self.0.len() < DEPTH_MAX {
            self.0.push(InkedElement {
                name: tag.name.clone(),
                is_struck,
                font,
                ink,
                depth: 1,
            });
        } else if let Some(open) = self.0.last_mut().filter(|open| open.name == tag.name) {
            open.depth = open.depth.saturating_add(1);
        }
    }

    /// Takes an end tag. One that is missing is made up for by the next one outside.
    pub(super) fn end(&mut self, name: &str) {
        let Some(at) = self.0.iter().rposition(|open| open.name == name) else {
            return;
        };
        self.0.truncate(at.saturating_add(1));
        if let Some(open) = self.0.last_mut() {
            open.depth = open.depth.saturating_sub(1);
            if open.depth == 0 {
                self.0.pop();
            }
        }
    }

    /// Whether what stands here is struck out.
    pub(super) fn is_struck(&self) -> bool {
        self.0.iter().any(|open| open.is_struck)
    }

    /// The colour here. That of a link says nothing.
    pub(super) fn ink(&self) -> Ink {
        if self.0.iter().any(|open| open.name == "a") {
            return Ink::Unknown;
        }
        let inks = self.0.iter().rev().filter_map(|open| open.ink);
        inks.into_iter().next().unwrap_or(Ink::Plain)
    }

    /// The font here.
    pub(super) fn font(&self) -> Font {
        let fonts = self.0.iter().rev().filter_map(|open| open.font);
        fonts.into_iter().next().unwrap_or(Font::Letters)
    }
}

/// The style of a tag in lower case.
pub(super) struct TagStyle(String);

impl TagStyle {
    pub(super) fn of(tag: &Tag) -> Self {
        let style = tag.attribute("style").unwrap_or_default();
        Self(style.to_ascii_lowercase())
    }

    /// The last value of one of these properties.
    pub(super) fn value(&self, names: &[&str]) -> Option<&str> {
        let declarations = self.0.split(';').filter_map(|one| one.split_once(':'));
        let mut values = declarations.filter(|(name, _)| names.contains(&name.trim()));
        values.next_back().map(|(_, value)| value)
    }

    fn strikes(&self, tag: &Tag) -> bool {
        matches!(tag.name.as_str(), "s" | "del" | "strike") || self.0.contains("line-through")
    }

    /// The font that a tag names, if any.
    fn font(&self, tag: &Tag) -> Option<Font> {
        let face = tag.attribute("face").map(str::to_ascii_lowercase);
        let family = match &face {
            Some(face) => face,
            None => self.value(&["font-family", "font"])?,
        };
        let first = family.split(',').next().unwrap_or_default();
        Some(match () {
            () if first.contains("wingdings") => Font::Wingdings,
            () if first.trim_matches([' ', '"', '\'']) == "symbol" => Font::Symbol,
            () => Font::Letters,
        })
    }

    /// The colour that a tag names, if any.
    fn ink(&self, tag: &Tag) -> Option<Ink> {
        if tag.name == "a" {
            return Some(Ink::Unknown);
        }
        let named = || tag.attribute("color");
        ink(self.value(&["color"]).or_else(named)?)
    }
}

/// Colours by names that people choose; others are as good as black.
const COLOURS: [(&str, [u8; 3]); 14] = [
    ("red", [255, 0, 0]),
    ("darkred", [139, 0, 0]),
    ("maroon", [128, 0, 0]),
    ("blue", [0, 0, 255]),
    ("darkblue", [0, 0, 139]),
    ("navy", [0, 0, 128]),
    ("green", [0, 128, 0]),
    ("darkgreen", [0, 100, 0]),
    ("orange", [255, 165, 0]),
    ("purple", [128, 0, 128]),
    ("magenta", [255, 0, 255]),
    ("fuchsia", [255, 0, 255]),
    ("brown", [165, 42, 42]),
    ("teal", [0, 128, 128]),
];

/// `red`, `#f00`, `#FF0000`, `rgb(255, 0, 0)`.
fn ink(value: &str) -> Option<Ink> {
    let value = value.trim().trim_end_matches("!important").trim_end();
    let value = value.to_ascii_lowercase();
    if matches!(value.as_str(), "inherit" | "currentcolor" | "") {
        return None;
    }
    if let Some((_, colour)) = COLOURS.iter().find(|(name, _)| *name == value) {
        return Some(Ink::of(*colour));
    }
    let three = |parts: Vec<u8>| <[u8; 3]>::try_from(parts).ok();
    let channels = value
        .strip_prefix("rgb(")
        .or_else(|| value.strip_prefix("rgba("));
    let colour = match channels {
        Some(rest) => {
            let numbers = rest
                .split([',', ' ', ')', '/'])
                .filter(|one| !one.is_empty());
            three(numbers.take(3).map_while(|one| one.parse().ok()).collect())
        }
        None => {
            let digits = value.strip_prefix('#').unwrap_or(&value).as_bytes();
            let number = |pair: &[u8]| {
                let pair = std::str::from_utf8(pair).ok()?;
                u8::from_str_radix(pair, 16).ok()
            };
            match digits.len() {
                3 => three(
                    digits
                        .iter()
                        .map_while(|one| number(&[*one, *one]))
                        .collect(),
                ),
                6 => three(digits.chunks(2).map_while(number).collect()),
                _ => None,
            }
        }
    };
    Some(colour.map_or(Ink::Plain, Ink::of))
}

/// What a letter of such a font looks like; as it is where it is no picture that is known.
pub(super) fn shown(font: Font, c: char) -> char {
    match (font, c) {
        (Font::Wingdings, 'J') => '☺',
        (Font::Wingdings, 'K') => '😐',
        (Font::Wingdings, 'L') => '☹',
        (Font::Wingdings, 'C') => '👍',
        (Font::Wingdings, 'D') => '👎',
        (Font::Wingdings, 'E') => '👈',
        (Font::Wingdings, 'F') => '👉',
        (Font::Wingdings, 'A') => '✌',
        (Font::Wingdings, '(') => '☎',
        (Font::Wingdings, '*') => '✉',
        (Font::Wingdings, '\u{df}') => '←',
        (Font::Wingdings, '\u{e0}') => '→',
        (Font::Wingdings, '\u{e1}') => '↑',
        (Font::Wingdings, '\u{e2}') => '↓',
        (Font::Wingdings, '\u{e7}' | '\u{ef}') => '⇐',
        (Font::Wingdings, '\u{e8}' | '\u{f0}') => '⇒',
        (Font::Wingdings, '\u{f3}') => '⇔',
        (Font::Wingdings, '\u{fb}') => '✗',
        (Font::Wingdings, '\u{fc}') => '✓',
        (Font::Wingdings, '\u{fd}') => '☒',
        (Font::Wingdings, '\u{fe}') => '☑',
        (Font::Wingdings, '\u{a7}' | 'n') => '▪',
        (Font::Wingdings, '\u{a8}' | 'o' | 'q') => '☐',
        (Font::Wingdings, '\u{d8}') => '➢',
        (Font::Wingdings, 'v') => '❖',
        (Font::Symbol, '\u{b7}') => '•',
        (Font::Symbol, '\u{de}') => '⇒',
        (Font::Symbol, '\u{ae}') => '→',
        (Font::Symbol, '\u{b3}') => '≥',
        (Font::Symbol, '\u{a3}') => '≤',
        (Font::Symbol, '\u{b9}') => '≠',
        // Word puts them where no letter is, too.
        (Font::Wingdings | Font::Symbol, '\u{f020}'..='\u{f0ff}') => {
            let code = u32::from(c).saturating_sub(0xf000);
            char::from_u32(code).map_or(c, |c| shown(font, c))
        }
        _ => c,
    }
}
