//! What is bold, italic or code in a page, as a chat writes it (XEP-0393): only where it is certain that it is read so there, and
//! that it was meant. Marks of their own kind are put around such words while the page is read, since whether they stand in a
//! line with other words is known only at its end. A whole line in bold is a heading, or somebody's habit: nothing of it is
//! marked, and neither is what has a mark of styling anywhere on its line.

use super::inked::TagStyle;
use super::tokens::Tag;
use crate::core::text::quotes::LinePlace;
use std::borrow::Cow;

/// Elements that are open at a time and kept track of.
const DEPTH_MAX: usize = 50;
/// Elements within a line that may style what is in them, by their name or by their look. A block that does is a heading.
const ELEMENTS: [&str; 9] = [
    "b", "strong", "i", "em", "code", "tt", "kbd", "span", "font",
];
/// Characters of a span. What is longer is no emphasis.
const CHARS_MAX: usize = 100;

/// Where a span begins and ends while the page is read: characters that are none (Unicode §23.7).
const BEGINS: [char; 3] = ['\u{fdd0}', '\u{fdd2}', '\u{fdd4}'];
const ENDS: [char; 3] = ['\u{fdd1}', '\u{fdd3}', '\u{fdd5}'];
/// As which marks they stand then.
const MARKS: [char; 3] = ['*', '_', '`'];
/// What means something in a chat.
const STYLING: [char; 4] = ['*', '_', '`', '~'];

/// How words are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Bold.
    Strong = 0,
    /// Italic.
    Emphasis = 1,
    /// As a program has it.
    Code = 2,
}

impl Style {
    /// By its look, where it has one; else by its name: Google Docs puts all that it copies into a `b` that is not bold.
    fn of(tag: &Tag) -> Option<Self> {
        let style = TagStyle::of(tag);
        let said = |name: &str| {
            let value = style.value(&[name])?;
            let value = value.split('!').next().unwrap_or_default().trim();
            Some(value.to_owned())
        };
        let weight = said("font-weight");
        let slant = said("font-style");
        let is_bold = |weight: &String| matches!(weight.as_str(), "bold" | "700" | "800" | "900");
        let is_slanted = |slant: &String| matches!(slant.as_str(), "italic" | "oblique");
        let by_name = match tag.name.as_str() {
            "b" | "strong" if weight.is_none() => Some(Self::Strong),
            "i" | "em" if slant.is_none() => Some(Self::Emphasis),
            "code" | "tt" | "kbd" => Some(Self::Code),
            _ => None,
        };
        by_name
            .or_else(|| weight.filter(is_bold).map(|_| Self::Strong))
            .or_else(|| slant.filter(is_slanted).map(|_| Self::Emphasis))
    }

    /// What is written before it.
    pub(super) fn begin(self) -> char {
        BEGINS.get(self as usize).copied().unwrap_or_default()
    }

    /// What is written behind it.
    pub(super) fn end(self) -> char {
        ENDS.get(self as usize).copied().unwrap_or_default()
    }
}

/// An element of [`ELEMENTS`], by its place there, and what it makes of what is in it.
struct StyledElement {
    name: usize,
    style: Option<Style>,
}

/// The elements that are open and may style what is in them.
#[derive(Default)]
pub(super) struct Styled {
    open: Vec<StyledElement>,
    /// Within these, so many more that nobody keeps track of.
    more: usize,
}

impl Styled {
    /// Takes a start tag.
    pub(super) fn start(&mut self, tag: &Tag) {
        let Some(name) = place(&tag.name) else {
            return;
        };
        if self.open.len() >= DEPTH_MAX {
            self.more = self.more.saturating_add(1);
            return;
        }
        let style = Style::of(tag);
        self.open.push(StyledElement { name, style });
    }

    /// Takes an end tag.
    pub(super) fn end(&mut self, name: &str) {
        let Some(name) = place(name) else {
            return;
        };
        if self.more > 0 {
            self.more = self.more.saturating_sub(1);
            return;
        }
        if let Some(last) = self.open.iter().rposition(|one| one.name == name) {
            self.open.remove(last);
        }
    }

    /// How words are written here: as the outermost element has it.
    pub(super) fn style(&self) -> Option<Style> {
        self.open.iter().find_map(|one| one.style)
    }
}

fn place(name: &str) -> Option<usize> {
    ELEMENTS.iter().position(|one| *one == name)
}

/// A text without what is written around spans.
pub(super) fn bare(text: &str) -> Cow<'_, str> {
    let is_ours = |c: char| BEGINS.contains(&c) || ENDS.contains(&c);
    match text.contains(is_ours) {
        true => Cow::Owned(text.replace(is_ours, "")),
        false => Cow::Borrowed(text),
    }
}

/// A line as it stands in a chat.
pub(super) fn line(line: &str, place: LinePlace) -> Cow<'_, str> {
    let bare = bare(line);
    if matches!(bare, Cow::Borrowed(_)) {
        return bare;
    }
    match marked(line) {
        Some(marked) if place == LinePlace::Written && !bare.contains(STYLING) => {
            Cow::Owned(marked)
        }
        _ => bare,
    }
}

/// The line with its marks, those that are certain; `None` where nothing stands outside of them.
fn marked(line: &str) -> Option<String> {
    let mut marked = String::with_capacity(line.len());
    let mut is_mixed = false;
    let mut rest = line;
    while let Some(at) = rest.find(BEGINS) {
        let (before, from) = rest.split_at(at);
        is_mixed |= before.contains(char::is_alphanumeric);
        marked.push_str(before);
        let begin = from.chars().next()?;
        let style = BEGINS.iter().position(|one| *one == begin)?;
        let inner = from.get(begin.len_utf8()..)?;
        let end = *ENDS.get(style)?;
        let (inner, behind) = inner.split_once(end)?;
        let is_first = before.is_empty() && marked.is_empty();
        let is_after_space = before.ends_with(' ');
        let after = behind.chars().next();
        let is_in_word = after.is_some_and(|c| c.is_alphanumeric() || c == ':');
        let is_certain = (is_first || is_after_space)
            && !is_in_word
            && !inner.ends_with(':')
            && !inner.contains(BEGINS)
            && inner.contains(char::is_alphanumeric)
            && inner.trim() == inner
            && inner.chars().take(CHARS_MAX.saturating_add(1)).count() <= CHARS_MAX;
        let mark = MARKS.get(style).filter(|_| is_certain);
        marked.extend(mark);
        marked.push_str(inner);
        marked.extend(mark);
        rest = behind;
    }
    is_mixed |= rest.contains(char::is_alphanumeric);
    marked.push_str(rest);
    (is_mixed && !marked.contains(ENDS)).then_some(marked)
}

#[cfg(test)]
mod tests {
    use crate::core::text::html::read_alone;
    use proptest::prelude::*;

    fn text(html: &str) -> String {
        read_alone(html).text.into_string()
    }

    #[test]
    fn what_is_meant_and_certain_is_marked() {
        for (html, shown) in [
            ("<p>That is <b>really</b> it", "That is *really* it"),
            ("a <strong> b</strong>, <em>c d</em>.", "a *b*, _c d_."),
            ("Run <code>make x</code>!", "Run `make x`!"),
            ("<i>No</i> and <i>no</i>", "_No_ and _no_"),
            ("so <b>a <i>b</i> c</b> d", "so *a b c* d"),
            (
                "see <a href='https://a.example/'><b>it</b></a>, <b>a.example</b>",
                "see *it* (https://a.example/), *a.example*",
            ),
            ("<ul><li><b>one</b> of two</ul>", "- *one* of two"),
            ("a <b>one<br>two</b> c", "a *one*\n*two* c"),
            // By their look alone, as many programs write it.
            ("a <span style='font-weight:700'>b</span> c", "a *b* c"),
            (
                "a <span style='color: red; FONT-WEIGHT: Bold !important'>b</span> <span>c</span>",
                "a *b* c",
            ),
            (
                "a <font style='font-style:italic;'>b <span>c</span> d</font> e",
                "a _b c d_ e",
            ),
            (
                "a <span style='text-decoration:line-through'>b</span> c",
                "a ~b~ c",
            ),
            (
                "<b style='font-weight:normal'>a <span style='font-weight:700'>b</span> c</b> d",
                "a *b* c d",
            ),
            (
                "a <span><span style='font-weight:900'>b</span></span> c",
                "a *b* c",
            ),
        ] {
            assert_eq!(text(html), shown, "{html}");
        }
    }

    #[test]
    fn what_is_not_is_as_it_was() {
        for (html, shown) in [
            ("<b>All of it</b>", "All of it"),
            ("<p style='font-weight:bold'>All of it</p>", "All of it"),
            (
                "<span style='font-weight:bold'>All of it</span>",
                "All of it",
            ),
            (
                "a <span style='font-weight:400'>b</span> <i style='font-style:normal'>c</i>",
                "a b c",
            ),
            ("a <span style='font-weight:bolder'>b</span> c", "a b c"),
            ("a <span style='x-font-weight:bold'>b</span> c", "a b c"),
            ("a <span style='font-weight:bold'>b</span>c d", "a bc d"),
            (
                "<h1>A <b>title</b></h1><b>x<br>y z</b>",
                "A *title*\n\nx\ny z",
            ),
            ("<b>From:</b> Bob<br><b>To</b>: you", "From: Bob\nTo: you"),
            ("foo<b>bar</b> baz", "foobar baz"),
            ("a <b>b</b>ar", "a bar"),
            ("2 * 3 is <b>six</b>", "2 * 3 is six"),
            ("a <b>b_c</b> d", "a b_c d"),
            (
                "see https://a.example/_x_ <b>now</b>",
                "see https://a.example/_x_ now",
            ),
            ("a <s>b</s> <b>c</b>", "a ~b~ c"),
            ("a <b> </b><b>!</b> c", "a ! c"),
            ("a \u{fdd0}b\u{fdd1} &#xfdd0;c&#64977; d", "a b c d"),
            (
                "<div class=gmail_signature>Bob, <b>boss</b></div>",
                "Bob, boss",
            ),
            ("<blockquote type=cite>a <b>b</b></blockquote>", "> a b"),
        ] {
            assert_eq!(text(html), shown, "{html}");
        }
    }

    /// XEP-0393 §6.2, for one line: what each mark styles.
    fn spans(line: &str) -> Vec<(char, String)> {
        let chars: Vec<char> = line.chars().collect();
        let (mut found, mut at) = (Vec::new(), 0);
        while at < chars.len() {
            let c = chars[at];
            let begins = super::STYLING.contains(&c)
                && (at == 0 || chars[at - 1].is_whitespace())
                && chars.get(at + 1).is_some_and(|next| !next.is_whitespace());
            let end = (at + 2..chars.len())
                .find(|end| begins && chars[*end] == c && !chars[*end - 1].is_whitespace());
            match end {
                Some(end) => {
                    found.push((c, chars[at + 1..end].iter().collect()));
                    at = end + 1;
                }
                None => at += 1,
            }
        }
        found
    }

    proptest! {
        /// Each mark that is written is read as the span that it was, and no word is lost.
        #[test]
        fn what_is_marked_is_read_as_it_was_meant(
            words in proptest::collection::vec(("[a-z*_.:( ]{0,6}", 0..4_usize, "[ ,]?"), 1..8)
        ) {
            let tags = ["", "b", "i", "code"];
            let html: String = words
                .iter()
                .map(|(word, tag, behind)| match tags[*tag] {
                    "" => format!("{word}{behind}"),
                    tag => format!("<{tag}>{word}</{tag}>{behind}"),
                })
                .collect();
            let (styled, plain) = (text(&html), super::super::to_text(&html).0);
            let marks = ['*', '_', '`'];
            if styled != plain {
                let meant: Vec<(char, String)> = words
                    .iter()
                    .filter(|(_, tag, _)| *tag > 0)
                    .map(|(word, tag, _)| (marks[*tag - 1], word.split_whitespace().collect::<Vec<_>>().join(" ")))
                    .collect();
                let read = spans(&styled);
                prop_assert!(!read.is_empty(), "{styled}");
                let all = format!("{meant:?}");
                for (mark, inner) in &read {
                    let is_meant = meant.iter().any(|(kind, word)| kind == mark && inner.contains(word.as_str()));
                    prop_assert!(is_meant, "{styled} reads {mark} {inner}, meant {all}");
                }
                let without: String = styled.chars().filter(|c| !marks.contains(c)).collect();
                prop_assert_eq!(without, plain);
            }
        }
    }

    #[test]
    fn e30_a_line_of_spans_takes_no_longer_than_others() {
        let line = "<b>a</b> x <i>b</i>".repeat(20_000);
        assert!(text(&line).contains("*a*"));
        let open = "<b>a ".repeat(50_000);
        assert!(!text(&open).contains('*'));
    }
}
