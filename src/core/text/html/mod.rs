//! HTML mail as text for a chat.

mod hidden;
mod inked;
mod link;
mod page;
mod part;
mod styled;
mod tokens;

use crate::core::limits::{HTML_DEPTH_MAX, HTML_OCTETS_MAX};
use crate::core::text::clean;
use crate::core::text::quotes::{LinePlace, Marked};
use hidden::{Hidden, HiddenEnd};
use inked::{Font, Inked};
use page::{Cell, Mark, TextPage};
use part::HtmlParts;
use std::borrow::Cow;
use styled::Styled;
use tokens::{Tag, Token, Tokens};

/// Readable text: paragraphs, lists, quotes (`> `) and link targets kept, scripts, styles and hidden parts left out.
/// Nothing is ever fetched. `true` where a limit cut it.
///
/// The HTML is read in one pass without a tree, because those who write it also choose its nesting.
pub fn to_text(html: &str) -> (String, bool) {
    let (text, is_cut) = read(html);
    (text.into_string(), is_cut)
}

/// The same, and where each line stood.
pub fn read(html: &str) -> (Marked, bool) {
    let page = read_page(html);
    (page.text, page.is_cut)
}

/// What is read of a page.
pub struct ReadPage {
    /// Its text, and where each line stood.
    pub text: Marked,
    /// A limit cut it.
    pub is_cut: bool,
    /// It has words that are not shown.
    pub hides_words: bool,
}

/// The same, with what it hides.
pub fn read_page(html: &str) -> ReadPage {
    read_by(html, HtmlReader::default())
}

/// The same of a page beside which no text says the same: what is bold, italic or code in it is marked as in a chat
/// (XEP-0393).
pub fn read_alone(html: &str) -> ReadPage {
    let reader = HtmlReader {
        styled: Some(Styled::default()),
        ..HtmlReader::default()
    };
    read_by(html, reader)
}

fn read_by(html: &str, mut reader: HtmlReader) -> ReadPage {
    let start = clean::cut(html, HTML_OCTETS_MAX);
    for token in Tokens::new(start) {
        reader.take(token);
    }
    reader.end_link();
    reader.page.end_style();
    reader.page.strike(false);
    ReadPage {
        text: tidy(&reader.page),
        is_cut: start.len() < html.len(),
        hides_words: reader.hides_words,
    }
}

/// Valid in XML, no white space at line ends and never more than one blank line, which preformatted text may have.
fn tidy(page: &TextPage) -> Marked {
    let mut tidy = Marked::default();
    let mut blanks = 0_usize;
    let mut begun = false;
    for (line, place, ink) in page.lines() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = styled::line(line, place);
        let line = line.as_ref();
        let clean = match line.bytes().all(|b| matches!(b, b' '..=b'~')) {
            true => Cow::Borrowed(line),
            false => Cow::Owned(clean::for_xml(line)),
        };
        for line in clean.split('\n').map(str::trim_end) {
            if line.is_empty() {
                blanks = usize::from(begun);
                continue;
            }
            if blanks > 0 {
                tidy.push("", LinePlace::Written);
            }
            tidy.push_inked(line, place, ink);
            (blanks, begun) = (0, true);
        }
    }
    tidy
}

/// What is open where the reader is.
#[derive(Default)]
struct HtmlReader {
    page: TextPage,
    hidden: Option<Hidden>,
    hides_words: bool,
    link: Option<HtmlLink>,
    tables: Vec<HtmlTable>,
    preformatted: usize,
    /// Of the last paragraph: 1 if it is but a line.
    margin: usize,
    parts: HtmlParts,
    inked: Inked,
    /// `None` where nobody wants to know.
    styled: Option<Styled>,
}

struct HtmlLink {
    href: String,
    start: Mark,
    has_image: bool,
}

#[derive(Default)]
struct HtmlTable {
    /// Where the open cell began.
    cell: Option<Mark>,
    /// The row has a cell to the left, on the same line.
    has_neighbour: bool,
    /// Cells were seen beside each other: it is a table, and not a frame around paragraphs.
    is_grid: bool,
}

impl HtmlReader {
    fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Text(text) if self.hidden.is_some() => {
                let has_word = || tokens::decode_references(text).contains(char::is_alphanumeric);
                self.hides_words = self.hides_words || has_word();
            }
            Token::Text(text) => self.text(&styled::bare(&tokens::decode_references(text))),
            Token::Start(tag) => self.start(&tag),
            Token::End(name) => self.end(&name),
        }
    }

    fn text(&mut self, text: &str) {
        self.page.strike(self.inked.is_struck());
        let styled = self.styled.as_ref().filter(|_| self.preformatted == 0);
        self.page.style = styled.and_then(Styled::style);
        self.page.ink = self.inked.ink();
        let font = self.inked.font();
        if font != Font::Letters {
            let pictures: String = text.chars().map(|c| inked::shown(font, c)).collect();
            return self.page.flow(&pictures);
        }
        if self.preformatted > 0 {
            self.page.preformatted(text);
        } else {
            self.page.flow(text);
        }
    }

    fn start(&mut self, tag: &Tag) {
        if let Some(hidden) = &mut self.hidden {
            if hidden.start(&tag.name) {
                return;
            }
            self.hidden = None;
        }
        if hidden::is_hidden(tag) {
            if !hidden::is_void(&tag.name) {
                self.hidden = Some(Hidden::new(tag));
            }
            return;
        }
        self.show_start(tag);
    }

    fn show_start(&mut self, tag: &Tag) {
        let is_begun = self.parts.start(tag);
        self.inked.start(tag);
        if let Some(styled) = &mut self.styled {
            styled.start(tag);
        }
        if is_begun && tag.name != "span" {
            self.page.block(1);
        }
        self.page.place = self.parts.place();
        match tag.name.as_str() {
            "br" => self.page.line_break(),
            "hr" => self.rule(),
            "img" => self.image(tag),
            "a" => self.begin_link(tag),
            "blockquote" => self.page.begin_quote(!is_indent(tag)),
            "ul" | "menu" | "dir" => self.page.begin_list(None),
            "ol" => self.page.begin_list(Some(first_number(tag))),
            "li" => self.page.begin_item(),
            "pre" => {
                self.page.block(2);
                self.preformatted = self.preformatted.saturating_add(1);
            }
            "table" => self.begin_table(),
            "tr" => self.end_row(),
            "td" | "th" => self.begin_cell(),
            "p" => {
                self.margin = if has_no_margin(tag) { 1 } else { 2 };
                self.page.block(self.margin);
            }
            name => self.page_block(name),
        }
    }

    fn end(&mut self, name: &str) {
        if let Some(hidden) = &mut self.hidden {
            match hidden.end(name) {
                HiddenEnd::Inner => return,
                HiddenEnd::Hidden => {
                    self.hidden = None;
                    return;
                }
                HiddenEnd::Outer => self.hidden = None,
            }
        }
        self.show_end(name);
        self.parts.end(name);
        self.inked.end(name);
        if let Some(styled) = &mut self.styled {
            styled.end(name);
        }
        self.page.place = self.parts.place();
    }

    fn show_end(&mut self, name: &str) {
        match name {
            "a" => self.end_link(),
            "blockquote" => self.page.end_quote(),
            "ul" | "menu" | "dir" | "ol" => self.page.end_list(),
            "pre" => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.page.block(2);
            }
            "table" => self.end_table(),
            "tr" => self.end_row(),
            "td" | "th" => self.end_cell(),
            "p" => self.page.block(self.margin),
            name => self.page_block(name),
        }
    }

    /// The edge of an element that has nothing more to it than its edges.
    fn page_block(&mut self, name: &str) {
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" | "figure" => self.page.block(2),
            "div" | "section" | "article" | "header" | "footer" | "main" | "nav" | "aside"
            | "address" | "center" | "form" | "fieldset" | "body" | "html" | "dt" | "dd"
            | "option" | "caption" | "tbody" | "thead" | "tfoot" | "figcaption" => {
                self.page.block(1);
            }
            _ => {}
        }
    }

    fn rule(&mut self) {
        self.page.block(2);
        self.page.flow("---");
        self.page.block(2);
    }

    fn image(&mut self, tag: &Tag) {
        self.page.flow(tag.attribute("alt").unwrap_or_default());
        if let Some(link) = &mut self.link {
            link.has_image = true;
        }
    }

    fn begin_link(&mut self, tag: &Tag) {
        self.end_link();
        self.link = tag.attribute("href").map(|href| HtmlLink {
            href: href.to_owned(),
            start: self.page.mark(),
            has_image: false,
        });
    }

    /// Writes where the link leads, if its text does not say so. A link around nothing leads nobody anywhere.
    fn end_link(&mut self) {
        let Some(link) = self.link.take() else { return };
        let text = styled::bare(self.page.since(link.start));
        let is_empty = text.is_empty();
        match link::target_beside(&text, &link.href) {
            Some(target) if !is_empty => self.page.append(&format!(" ({target})")),
            Some(target) if link.has_image => self.page.flow(&target),
            _ => {}
        }
    }

    fn begin_table(&mut self) {
        self.page.block(1);
        if self.tables.len() < HTML_DEPTH_MAX {
            self.tables.push(HtmlTable::default());
        }
    }

    fn end_table(&mut self) {
        self.end_cell();
        self.tables.pop();
        self.page.end_row(false);
    }

    fn end_row(&mut self) {
        self.end_cell();
        let is_grid = self.tables.last_mut().is_some_and(|table| {
            table.has_neighbour = false;
            table.is_grid
        });
        self.page.end_row(is_grid);
    }

    fn begin_cell(&mut self) {
        self.end_cell();
        let mark = self.page.mark();
        let Some(table) = self.tables.last_mut() else {
            return self.page.block(1);
        };
        table.cell = Some(mark);
        if table.has_neighbour {
            table.is_grid = true;
            self.page.begin_cell(Cell::Beside);
        } else if table.is_grid {
            self.page.begin_cell(Cell::First);
        }
    }

    /// A cell of one line has its neighbour beside it, a longer one below it.
    fn end_cell(&mut self) {
        let Some(table) = self.tables.last_mut() else {
            return;
        };
        let Some(start) = table.cell.take() else {
            return;
        };
        if self.page.since(start).is_empty() {
            return;
        }
        table.has_neighbour = self.page.is_one_line_since(start);
        if !table.has_neighbour {
            self.page.block(1);
        }
    }
}

/// Where a numbered list begins.
fn first_number(tag: &Tag) -> i64 {
    tag.attribute("start")
        .and_then(|number| number.trim().parse().ok())
        .unwrap_or(1)
}

/// What editors make of the indent button.
fn is_indent(blockquote: &Tag) -> bool {
    style_of(blockquote).contains("border:none")
}

/// Paragraphs of Outlook and of others that are lines, not paragraphs.
fn has_no_margin(paragraph: &Tag) -> bool {
    if paragraph.is_bare() {
        return false;
    }
    let is_outlook = paragraph
        .attribute("class")
        .is_some_and(|class| class.starts_with("Mso") || class.contains("elementToProof"));
    let style = style_of(paragraph);
    is_outlook || style.contains("margin:0") || style.contains("margin-bottom:0")
}

/// The style without white space.
fn style_of(tag: &Tag) -> String {
    let style = tag.attribute("style").unwrap_or_default();
    style.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::processor;

    fn text(html: &str) -> String {
        to_text(html).0
    }

    #[test]
    fn what_is_struck_out_is_not_said() {
        for (html, shown) in [
            (
                "Meet at <del>nine</del> <ins>ten</ins>, <s>Monday</s> Tuesday.",
                "Meet at ~nine~ ten, ~Monday~ Tuesday.",
            ),
            ("<strike> a <b>b</b> </strike>c", "~a b~ c"),
            (
                "<span style='text-decoration:line-through'>a <span>b</span> c</span> d",
                "~a b c~ d",
            ),
            ("<s>one<br>two</s><p>three", "~one~\n~two~\n\nthree"),
            ("<s></s>a<s> </s>b", "a b"),
            ("<s>a <s>b</s> c</s> d", "~a b c~ d"),
            ("a <s>b", "a ~b~"),
            ("<p><s>a</p><p>b</s>c", "~a~\n\n~b~c"),
            (
                "<a href='https://x.example/'><s>old</s></a> new",
                "~old~ (https://x.example/) new",
            ),
        ] {
            assert_eq!(text(html), shown, "{html}");
        }
    }

    #[test]
    fn letters_of_a_symbol_font_are_pictures() {
        for (html, shown) in [
            (
                "Good <span style='font-family:Wingdings'>J</span> Joe",
                "Good ☺ Joe",
            ),
            ("a <font face=Wingdings>\u{e0}</font> b", "a → b"),
            (
                "<span style='font-family:\"Wingdings 2\"'><span style='font-family:Arial'>J</span>L</span>",
                "J☹",
            ),
            (
                "<span style='mso-list:Ignore;font-family:Symbol'>\u{b7}<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp; </span></span>one",
                "• one",
            ),
            ("<span style='font-family:Wingdings'>\u{f04a}</span>", "☺"),
        ] {
            assert_eq!(text(html), shown, "{html}");
        }
    }

    #[test]
    fn what_stands_in_for_sound_and_scripts_is_not_shown() {
        assert_eq!(
            text(
                "<p>Listen</p><audio src=x>no audio</audio><noscript>please <b>enable</b></noscript>b<video><p>x</video>"
            ),
            "Listen\n\nb"
        );
    }

    #[test]
    fn paragraphs_have_a_blank_line_and_divisions_a_new_one() {
        assert_eq!(
            text("<p>one<p>two</p><div>three</div><div>four<br></div><div><br></div>five"),
            "one\n\ntwo\n\nthree\nfour\n\nfive"
        );
        assert_eq!(text("a<br><br><br><br>b"), "a\n\nb");
        assert_eq!(text("  a \n b<b> c</b>d <i>e </i> f "), "a b cd e f");
    }

    #[test]
    fn paragraphs_of_outlook_are_lines() {
        let html = "<p class=MsoNormal>Hi,<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>see you.</p><p class=MsoNormal>Bob</p>";
        assert_eq!(text(html), "Hi,\n\nsee you.\nBob");
    }

    #[test]
    fn lists_are_marked_numbered_and_indented() {
        let html = "Buy:<ul><li><p>milk</p></li><li>bread<ol start=3><li>dark<li>light</ol></li></ul>Thanks";
        assert_eq!(
            text(html),
            "Buy:\n\n- milk\n- bread\n  3. dark\n  4. light\n\nThanks"
        );
        assert_eq!(text("<ul><li>one<br>more</ul>"), "- one\n  more");
    }

    #[test]
    fn quotes_are_marked_by_their_depth() {
        let html = "Yes.<blockquote type=cite><p>You said</p><p>two</p><blockquote>deep</blockquote></blockquote>End";
        assert_eq!(
            text(html),
            "Yes.\n\n> You said\n>\n> two\n>\n>> deep\n\nEnd"
        );
        assert_eq!(
            text("<blockquote style='margin:0 0 0 40px; border: none'>indented</blockquote>"),
            "indented"
        );
    }

    #[test]
    fn a_link_shows_where_it_leads() {
        let html = "<a href='https://evil.example/x'>https://bank.example</a> <a href='https://a.example/'>a.example</a>, <a href=\"https://b.example/?a=1&amp;b=2\"> click <b>here</b> </a>.";
        assert_eq!(
            text(html),
            "https://bank.example (https://evil.example/x) a.example, click here (https://b.example/?a=1&b=2) ."
        );
        assert_eq!(
            text("<a href='https://c.example/ok'><img src=button.png></a>"),
            "https://c.example/ok"
        );
        assert_eq!(
            text("<a href='https://c.example/'></a>x<a name=top>y</a>"),
            "xy"
        );
    }

    #[test]
    fn what_is_hidden_is_not_shown() {
        for hidden in [
            "<div style='display:none'>x<div>y</div>z</div>",
            "<div style=' Display : NONE !important; color:red'>x</div>",
            "<span hidden>x</span>",
            "<span style='mso-hide:all'>x</span>",
            "<div style='max-height:0;overflow:hidden'>x</div>",
            "<img src=t.gif width=1 height=1 alt=x>",
            "<img style='display:none' alt=x>",
            "<script>x</script><style>x</style><title>x</title><svg><text>x</text></svg>",
            "<!--[if mso]>x<![endif]-->",
            "<p style='display:none'>x",
        ] {
            assert_eq!(
                text(&format!("<p>a</p>{hidden}<p>b</p>")),
                "a\n\nb",
                "{hidden}"
            );
        }
    }

    #[test]
    fn of_hidden_words_it_is_known_that_they_are_there() {
        for (html, hides) in [
            ("<p style='display:none'>x</p>", true),
            ("<p style='display:none'>&nbsp;&zwnj;</p>a", false),
            ("<style>p { }</style>a", false),
        ] {
            assert_eq!(read_page(html).hides_words, hides, "{html}");
        }
    }

    #[test]
    fn a_hidden_part_ends_where_what_encloses_it_ends() {
        let html = "<table><tr><td>a<span style='display:none'>x</td><td>b</td></tr></table>c";
        assert_eq!(text(html), "a | b\nc");
    }

    #[test]
    fn tables_are_rows_of_cells() {
        let html = "<table><tr><th>Item</th><th>Price</th></tr><tr><td><p>Tea</p></td><td></td><td><p>2 €</p></td></tr></table><p>Bye</p>";
        assert_eq!(text(html), "Item | Price\nTea | 2 €\n\nBye");
        let layout = "<table><tr><td><table><tr><td>Logo</td></tr><tr><td><p>Hello</p><p>World</p></td></tr></table></td><td>aside</td></tr></table>";
        assert_eq!(text(layout), "Logo\n\nHello\n\nWorld\n\naside");
    }

    #[test]
    fn images_are_shown_by_their_alternative_text() {
        assert_eq!(text("Hi <img alt='😀' src=cid:1><img src=x>!"), "Hi 😀!");
    }

    #[test]
    fn preformatted_text_keeps_its_lines_and_indents() {
        assert_eq!(
            text("<pre>\nfn main() {\n    <b>run</b>();  \n}\n\n\n\nend</pre>"),
            "fn main() {\n    run();\n}\n\nend"
        );
    }

    #[test]
    fn no_preview_padding_and_no_break_space_remain() {
        assert_eq!(
            text("Hi&nbsp;you&zwnj;&nbsp;&#847;&zwnj; &nbsp;&#847;\u{200c}&nbsp; there"),
            "Hi you\u{200c} there"
        );
    }

    #[test]
    fn html_over_the_limit_is_cut() {
        let html = "<p>word ".repeat(HTML_OCTETS_MAX / 8 + 1);
        let (text, cut) = to_text(&html);
        assert!(cut);
        assert!(text.len() < HTML_OCTETS_MAX);
        assert!(!to_text("x").1);
    }

    #[test]
    fn hostile_nesting_costs_no_more_than_its_length() {
        let before = processor::of_thread();
        for piece in [
            "<div>",
            "<blockquote>",
            "<ul><li>",
            "<table><tr><td>",
            "<a href=x>",
            "<b",
            "<!--",
            "</x>",
            "<p hidden>",
            "<x y",
            "&",
            "<td>x",
            "<div style=display:none><i>",
            "<script>",
            "</script",
            "<pre>\n",
            "<a b=c ",
        ] {
            let (text, _) = to_text(&piece.repeat(HTML_OCTETS_MAX / piece.len()));
            assert!(text.len() <= HTML_OCTETS_MAX * 4, "{piece}");
        }
        let distinct: String = (0..100_000).map(|n| format!("a{n} ")).collect();
        to_text(&format!("<a {distinct}>x"));
        let took = processor::of_thread().saturating_sub(before);
        assert!(took.as_secs() < 30, "{took:?}");
    }
}
