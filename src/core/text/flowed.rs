//! format=flowed (RFC 3676).

/// Most characters of a line that [`wrap`] makes, its trailing space included. RFC 3676 §4.2 allows 78; the mail library
/// encodes ASCII text as quoted-printable where a line has more than 73, and people may look at the source of a mail.
const LINE_CHARS_MAX: usize = 72;
/// The signature separator (§4.3), the one line that ends in a space and does not flow.
const SIGNATURE: &str = "-- ";

/// Joins the lines of a format=flowed text (`delsp`: the DelSp parameter, §4.1), with quotes and signature kept as lines.
/// A quoted paragraph becomes one line after as many `>` as it was deep, and a space. Lines end in `\n`.
pub fn unwrap(text: &str, delsp: bool) -> String {
    let mut plain = String::with_capacity(text.len());
    // The quote depth of a line that flows on into the next one.
    let mut open: Option<usize> = None;
    for (number, line) in lines(text).enumerate() {
        let (depth, content) = split_quote(line);
        let content = content.strip_prefix(' ').unwrap_or(content);
        let is_signature = content == SIGNATURE;
        if open != Some(depth) || is_signature {
            if number > 0 {
                plain.push('\n');
            }
            push_quote(&mut plain, depth, content);
        }
        let flows = content.ends_with(' ') && !is_signature;
        plain.push_str(match content.strip_suffix(' ') {
            Some(without) if flows && delsp => without,
            _ => content,
        });
        open = flows.then_some(depth);
    }
    plain
}

/// Breaks long lines so that none has more than 72 characters where a space allows it, space-stuffed (§4.2, §4.4). `None`
/// where no line is long: then the text needs no format=flowed. White space at line ends is not kept, as it would mean
/// something else. Lines end in `\n`.
pub fn wrap(text: &str) -> Option<String> {
    if lines(text).all(|line| line.chars().count() <= LINE_CHARS_MAX) {
        return None;
    }
    let mut wrapped = String::with_capacity(text.len().saturating_add(text.len() / 32));
    for (number, line) in lines(text).enumerate() {
        if number > 0 {
            wrapped.push('\n');
        }
        let line = if line == SIGNATURE {
            line
        } else {
            line.trim_end_matches(' ')
        };
        wrap_line(&mut wrapped, line);
    }
    Some(wrapped)
}

/// The lines of a text, without their ends; a text that ends in a line end has an empty last line.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// The number of `>` that a line begins with, and what follows them.
fn split_quote(line: &str) -> (usize, &str) {
    let content = line.trim_start_matches('>');
    (line.len().saturating_sub(content.len()), content)
}

fn push_quote(text: &mut String, depth: usize, content: &str) {
    text.extend(std::iter::repeat_n('>', depth));
    if depth > 0 && !content.is_empty() {
        text.push(' ');
    }
}

/// The quote of a line as [`unwrap`] writes it: `>> text`. Anything else that begins with `>` (`>_<`) is text.
fn quote_as_written(line: &str) -> (usize, &str) {
    match split_quote(line) {
        (depth, "") => (depth, ""),
        (depth, content) if depth > 0 && content.len() > 1 => match content.strip_prefix(' ') {
            Some(content) => (depth, content),
            None => (0, line),
        },
        _ => (0, line),
    }
}

/// Writes one line of the text as lines that flow.
fn wrap_line(wrapped: &mut String, line: &str) {
    let (depth, mut rest) = quote_as_written(line);
    loop {
        let stuffing = depth > 0 && !rest.is_empty() || needs_stuffing(rest, depth);
        let room = LINE_CHARS_MAX
            .saturating_sub(depth)
            .saturating_sub(usize::from(stuffing));
        let (piece, next) = split_to_flow(rest, room);
        wrapped.extend(std::iter::repeat_n('>', depth));
        if stuffing {
            wrapped.push(' ');
        }
        wrapped.push_str(piece);
        match next {
            Some(next) => rest = next,
            None => return,
        }
        wrapped.push('\n');
    }
}

/// §4.4. `From ` is stuffed as well, because some servers put a `>` before it.
fn needs_stuffing(content: &str, depth: usize) -> bool {
    depth == 0
        && (content.starts_with(' ') || content.starts_with('>') || content.starts_with("From "))
}

/// Splits after the last space within `room` characters, else after the first one at all. The second half is never
/// empty, and the first is never a signature separator.
fn split_to_flow(text: &str, room: usize) -> (&str, Option<&str>) {
    if text.chars().nth(room).is_none() {
        return (text, None);
    }
    let mut split = None;
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count >= room && split.is_some() {
            break;
        }
        let end = at.saturating_add(c.len_utf8());
        if c == ' ' && end < text.len() && text.get(..end) != Some(SIGNATURE) {
            split = text.split_at_checked(end);
        }
    }
    match split {
        Some((piece, next)) => (piece, Some(next)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_end_in_a_space_flow_on() {
        assert_eq!(
            unwrap("one \r\ntwo \r\nthree\r\nfour\r\n", false),
            "one two three\nfour\n"
        );
        assert_eq!(unwrap("one \n\ntwo", false), "one \ntwo");
    }

    #[test]
    fn delsp_deletes_the_space_at_which_a_line_was_broken() {
        assert_eq!(unwrap("日本 \n語", true), "日本語");
        assert_eq!(unwrap("with  \nspace", true), "with space");
    }

    #[test]
    fn quotes_flow_within_their_depth_only() {
        assert_eq!(
            unwrap("> one \n> two\n>> deep \n> less\nown", false),
            "> one two\n>> deep \n> less\nown"
        );
        assert_eq!(unwrap(">\n>> x", false), ">\n>> x");
    }

    #[test]
    fn stuffing_is_taken_off() {
        assert_eq!(
            unwrap(" >_<\n  indented\n From here", false),
            ">_<\n indented\nFrom here"
        );
    }

    #[test]
    fn a_signature_separator_neither_flows_nor_is_flowed_into() {
        assert_eq!(unwrap("bye \n-- \nCarol", false), "bye \n-- \nCarol");
    }

    #[test]
    fn short_lines_need_no_wrapping() {
        assert_eq!(wrap("short\n> quote\n-- \nme"), None);
        assert_eq!(wrap(&"x".repeat(72)), None);
    }

    #[test]
    fn no_line_is_longer_than_72_where_there_is_a_space() {
        let text = format!(
            "{}\n> {}",
            "wörd ".repeat(60).trim_end(),
            "q ".repeat(90).trim_end()
        );
        let wrapped = wrap(&text).unwrap();
        assert!(
            wrapped.lines().all(|line| line.chars().count() <= 72),
            "{wrapped}"
        );
        assert!(wrapped.lines().count() < 12, "{wrapped}");
        assert_eq!(unwrap(&wrapped, false), text);
    }

    #[test]
    fn what_would_be_misread_is_stuffed() {
        let long = "word ".repeat(20);
        let text = format!("{long}end\n>_<\n  indented\nFrom here\n>> quoted\n>\n-- \nme");
        let wrapped = wrap(&text).unwrap();
        for line in [
            " >_<",
            "   indented",
            " From here",
            ">> quoted",
            ">",
            "-- ",
            "me",
        ] {
            assert!(
                wrapped.lines().any(|one| one == line),
                "{line:?} in {wrapped:?}"
            );
        }
        assert_eq!(unwrap(&wrapped, false), text);
    }

    #[test]
    fn no_piece_of_a_paragraph_looks_like_a_signature_separator() {
        let text = format!("-- {}", "x".repeat(100));
        assert_eq!(wrap(&text).as_deref(), Some(text.as_str()));
    }
}
