//! Message styling (XEP-0393) as HTML, for the part of a mail that stands beside the text as it was typed. Only what is certain
//! is styled: the mark at the end of a word's middle is none, though the XEP takes it for one, for it may be a name with
//! underscores. What is styled loses its marks; all else stays as it is.
//!
//! The time is that of the text's length: no style can lie in one of its own kind, and quotations are looked into no deeper
//! than [`QUOTE_DEPTH_MAX`].

use std::fmt::Write;

/// Quotations in quotations; deeper ones stay text.
const QUOTE_DEPTH_MAX: usize = 10;

/// The line before and after text that is shown as it is.
const FENCE: &str = "```";

/// Each mark, and the element that it stands for.
const MARKS: [(u8, &str); 4] = [(b'*', "strong"), (b'_', "em"), (b'~', "s"), (b'`', "code")];

/// A page that is longer, in octets, is none: text that only looks like that grows by it, and the text is there anyway.
const PAGE_OCTETS_MAX: usize = 512 * 1024;

/// The page; `None` where nothing of the text is styled.
pub fn html(text: &str) -> Option<String> {
    let mut page = StyledPage {
        html: String::with_capacity(text.len().saturating_mul(2)),
        is_styled: false,
    };
    let lines: Vec<&str> = text.split('\n').collect();
    page.blocks(&lines, 0);
    let is_page = page.is_styled && page.html.len() <= PAGE_OCTETS_MAX;
    is_page.then(|| {
        format!(
            "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n{}</body></html>\n",
            page.html
        )
    })
}

struct StyledPage {
    html: String,
    is_styled: bool,
}

impl StyledPage {
    fn blocks(&mut self, lines: &[&str], depth: usize) {
        let last_fence = lines.iter().rposition(|line| is_fence_end(line));
        let mut rest = lines.iter().enumerate();
        while let Some((index, line)) = rest.next() {
            let is_code = line.starts_with(FENCE) && last_fence.is_some_and(|last| last > index);
            if is_code {
                let code = rest.by_ref().map(|(_, line)| *line);
                self.code(code.take_while(|line| !is_fence_end(line)));
            } else if line.starts_with('>') && depth < QUOTE_DEPTH_MAX {
                let all = lines.get(index..).unwrap_or_default();
                let quoted: Vec<&str> = all.iter().map_while(|line| quoted(line)).collect();
                for _ in 1..quoted.len() {
                    rest.next();
                }
                self.is_styled = true;
                self.html.push_str(
                    "<blockquote style=\"margin:0 0 0 0.5em;padding-left:0.5em;border-left:2px solid #ccc\">\n",
                );
                self.blocks(&quoted, depth.saturating_add(1));
                self.html.push_str("</blockquote>\n");
            } else {
                self.html.push_str("<div>");
                match line.trim().is_empty() {
                    true => self.html.push_str("<br>"),
                    false => StyledLine::of(line).spans(self, 0..line.len()),
                }
                self.html.push_str("</div>\n");
            }
        }
    }

    fn code<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        self.is_styled = true;
        self.html.push_str("<pre>");
        for line in lines {
            escape(&mut self.html, line);
            self.html.push('\n');
        }
        self.html.push_str("</pre>\n");
    }

    /// Text without marks, in which links are links and spaces stay.
    fn text(&mut self, text: &str) {
        for (place, word) in text.split(' ').enumerate() {
            if place > 0 {
                // Of several, and at the beginning, HTML shows none.
                let before = [" ", "&nbsp;", "<div>"];
                let is_lost = before.iter().any(|before| self.html.ends_with(before));
                self.html.push_str(if is_lost { "&nbsp;" } else { " " });
            }
            self.word(word);
        }
    }

    fn word(&mut self, word: &str) {
        let start = word.trim_start_matches(['(', '<', '"']);
        let link = start.trim_end_matches([')', '>', '"', '.', ',', ';', ':', '!', '?']);
        let is_link = ["https://", "http://"].iter().any(|scheme| {
            let rest = link.strip_prefix(scheme);
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()))
        });
        let (before, after) = match is_link {
            true => (
                word.len().saturating_sub(start.len()),
                start.len().saturating_sub(link.len()),
            ),
            false => (word.len(), 0),
        };
        escape(&mut self.html, word.get(..before).unwrap_or_default());
        if is_link {
            self.html.push_str("<a href=\"");
            escape(&mut self.html, link);
            self.html.push_str("\">");
            escape(&mut self.html, link);
            self.html.push_str("</a>");
            let end = word.len().saturating_sub(after);
            escape(&mut self.html, word.get(end..).unwrap_or_default());
        }
    }
}

/// One line, and where in it each mark may end a span: no white space before it.
struct StyledLine<'a> {
    text: &'a str,
    ends: [Vec<usize>; MARKS.len()],
}

impl<'a> StyledLine<'a> {
    fn of(text: &'a str) -> Self {
        let mut ends: [Vec<usize>; MARKS.len()] = Default::default();
        let mut is_after_space = true;
        for (at, c) in text.char_indices() {
            let mark = MARKS.iter().position(|(mark, _)| char::from(*mark) == c);
            if let Some(ends) = mark.and_then(|mark| ends.get_mut(mark))
                && !is_after_space
            {
                ends.push(at);
            }
            is_after_space = c.is_whitespace();
        }
        Self { text, ends }
    }

    /// Writes what stands in this range, which begins the line or follows a mark.
    fn spans(&self, page: &mut StyledPage, range: std::ops::Range<usize>) {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let (mut plain, mut may_begin) = (range.start, true);
        let mut skip_to = range.start;
        for (offset, c) in text.char_indices() {
            let at = range.start.saturating_add(offset);
            if at < skip_to {
                continue;
            }
            let found = may_begin.then(|| self.span(c, at, range.end)).flatten();
            if let Some((mark, end)) = found {
                page.text(self.text.get(plain..at).unwrap_or_default());
                self.element(page, mark, at.saturating_add(1)..end);
                skip_to = end.saturating_add(1);
                plain = skip_to;
            }
            may_begin = c.is_whitespace();
        }
        page.text(self.text.get(plain..range.end).unwrap_or_default());
    }

    fn element(&self, page: &mut StyledPage, mark: usize, inner: std::ops::Range<usize>) {
        let (mark, element) = MARKS.get(mark).copied().unwrap_or((b'*', "strong"));
        page.is_styled = true;
        let _ = write!(page.html, "<{element}>");
        match mark {
            b'`' => escape(&mut page.html, self.text.get(inner).unwrap_or_default()),
            _ => self.spans(page, inner),
        }
        let _ = write!(page.html, "</{element}>");
    }

    /// Which mark this is, and where the span that it begins ends; `None` where none is certain to.
    fn span(&self, c: char, at: usize, end: usize) -> Option<(usize, usize)> {
        let mark = MARKS.iter().position(|(mark, _)| char::from(*mark) == c)?;
        let first = at.saturating_add(1);
        let begins = self.text.get(first..)?.chars().next()?;
        if begins.is_whitespace() || begins == c {
            return None;
        }
        let ends = self.ends.get(mark)?;
        let place = ends.partition_point(|one| *one <= first);
        let last = ends.get(place).copied().filter(|last| *last < end)?;
        let after = self.text.get(last.saturating_add(1)..)?.chars().next();
        let is_in_word = after.is_some_and(|after| after.is_alphanumeric() || after == c);
        (!is_in_word).then_some((mark, last))
    }
}

fn is_fence_end(line: &str) -> bool {
    line.trim_end() == FENCE
}

/// The line without its mark of a quotation.
fn quoted(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('>')?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands on the page, without what is around it.
    fn body(text: &str) -> Option<String> {
        let page = html(text)?;
        let body = page.split_once("<body>\n")?.1.split_once("</body>")?.0;
        Some(body.replace("<div>", "").replace("</div>\n", "|"))
    }

    #[test]
    fn what_is_marked_is_styled() {
        for (text, shown) in [
            ("*bold*", "<strong>bold</strong>|"),
            ("a _b c_, d", "a <em>b c</em>, d|"),
            ("~no~ yes", "<s>no</s> yes|"),
            ("run `rm -rf *`!", "run <code>rm -rf *</code>!|"),
            (
                "*_both_ of them*",
                "<strong><em>both</em> of them</strong>|",
            ),
            ("*a* *b*", "<strong>a</strong> <strong>b</strong>|"),
            ("one\n\n*two*", "one|<br>|<strong>two</strong>|"),
            ("*Ü <b>&\"*", "<strong>Ü &lt;b&gt;&amp;&quot;</strong>|"),
        ] {
            assert_eq!(body(text).as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn what_is_not_certain_is_text() {
        for text in [
            "",
            "plain",
            "2*3*4",
            "snake_case_name",
            "_private_name",
            "__init__",
            "* a list",
            "* a *",
            "*not\nclosed*",
            "**",
            "***",
            "* *",
            "~/a ~/b",
            "**bold**",
            "(*bold*)",
            "```\nnever closed",
            "https://a.example/_b_",
        ] {
            assert_eq!(html(text), None, "{text}");
        }
    }

    #[test]
    fn blocks_are_blocks() {
        let shown = body("Carol wrote:\n> Lunch?\n>> *No*\n\nYes").unwrap();
        assert_eq!(shown.matches("<blockquote").count(), 2, "{shown}");
        assert!(shown.contains("Lunch?|") && shown.contains("<strong>No</strong>|"));
        assert!(shown.ends_with("</blockquote>\n<br>|Yes|"), "{shown}");
        let shown = body("```rust\nlet *a* = 1 < 2;\n  b\n```\nso").unwrap();
        assert_eq!(shown, "<pre>let *a* = 1 &lt; 2;\n  b\n</pre>\nso|");
        let deep = format!("{} x", ">".repeat(30));
        let shown = body(&deep).unwrap();
        assert_eq!(shown.matches("<blockquote").count(), QUOTE_DEPTH_MAX);
        assert!(shown.contains("&gt;&gt; x"), "{shown}");
    }

    #[test]
    fn a_link_is_one_where_something_is_styled() {
        let shown = body("*See* (https://a.example/?b=1&c=\"2\").").unwrap();
        let link = "https://a.example/?b=1&amp;c=&quot;2";
        let link = format!("(<a href=\"{link}\">{link}</a>&quot;).");
        assert!(shown.contains(&link), "{shown}");
        assert_eq!(html("https://a.example/"), None);
        let shown = body("*a* javascript:alert(1) https://\"onx=").unwrap();
        assert!(!shown.contains("href"), "{shown}");
    }

    #[test]
    fn spaces_stay() {
        assert_eq!(
            body("  *a*   b").as_deref(),
            Some("&nbsp;&nbsp;<strong>a</strong> &nbsp;&nbsp;b|")
        );
    }

    #[test]
    fn e30_a_text_of_marks_takes_no_longer_than_others() {
        for text in [
            "*a ", "*", "*_~`", "> ", ">\n", "```\n", "*a_b ", "` `a", "_a*",
        ] {
            let long = text.repeat(100_000 / text.len());
            let page = html(&long).unwrap_or_default();
            assert!(page.len() < PAGE_OCTETS_MAX + 1024, "{text}");
        }
    }
}
