//! The address of a whole mail, which stands below what is shown of one: whoever has it can read the mail. What a client quotes of that
//! line goes to no other gateway either, and what the stanza says of its body by the places of characters (XEP-0428) is right without it.

use crate::core::notice::is_whole_mail_line;
use minidom::Element;
use rxml::{Namespace, xml_ncname};
use std::ops::Range;

/// XEP-0428.
const FALLBACK: &str = "urn:xmpp:fallback:0";
/// XEP-0461.
const REPLY: &str = "urn:xmpp:reply:0";

/// A text without such lines in what it quotes; as it is, where it says nothing else. And where the characters stood that are left out.
fn without(text: &str, quoted: &[Range<usize>]) -> (String, Vec<Range<usize>>) {
    let (mut rest, mut gone, mut at) = (String::new(), Vec::new(), 0_usize);
    for line in text.split_inclusive('\n') {
        let end = at.saturating_add(line.chars().count());
        let is_quoted = line.starts_with('>')
            || quoted
                .iter()
                .any(|range| range.start <= at && at < range.end);
        match is_quoted && is_whole_mail_line(line.trim_start_matches(['>', ' '])) {
            true => gone.push(at..end),
            false => rest.push_str(line),
        }
        at = end;
    }
    match rest.trim().is_empty() {
        true => (text.to_owned(), Vec::new()),
        false => (rest, gone),
    }
}

/// The body of a stanza without them.
pub(crate) fn said(stanza: &Element, body: &str) -> String {
    without(body, &quoted(stanza)).0
}

/// The ranges of its body that only quote.
fn quoted(message: &Element) -> Vec<Range<usize>> {
    let fallbacks = message.children().filter(|child| {
        child.is("fallback", FALLBACK) && child.attr("for").is_none_or(|of| of == REPLY)
    });
    let bodies = fallbacks.flat_map(|fallback| fallback.children());
    bodies.filter_map(range).collect()
}

fn range(body: &Element) -> Option<Range<usize>> {
    let place = |name: &str| body.attr(name)?.parse::<usize>().ok();
    Some(place("start")?..place("end")?)
}

/// The message that another gateway gets.
pub(crate) fn cut(message: &mut Element) {
    let quoted = quoted(message);
    let namespace = message.ns();
    let mut gone_first = None;
    for child in message.children_mut() {
        if !child.is("body", namespace.as_str()) {
            continue;
        }
        let (text, gone) = without(&child.text(), &quoted);
        if !gone.is_empty() {
            child.take_nodes();
            child.append_text_node(text);
        }
        gone_first.get_or_insert(gone);
    }
    let gone = gone_first.unwrap_or_default();
    if gone.is_empty() {
        return;
    }
    for fallback in message.children_mut() {
        if !fallback.is("fallback", FALLBACK) {
            continue;
        }
        for body in fallback.children_mut() {
            if let Some(range) = range(body) {
                let [start, end] = [range.start, range.end].map(|place| moved(place, &gone));
                let names = [xml_ncname!("start"), xml_ncname!("end")];
                for (name, place) in names.into_iter().zip([start, end]) {
                    body.set_attr(Namespace::NONE, name.to_ncname(), place.to_string());
                }
            }
        }
    }
}

/// Where a character stands once those before it are gone.
fn moved(place: usize, gone: &[Range<usize>]) -> usize {
    let before = gone.iter().map(|gone| {
        let end = gone.end.min(place);
        end.saturating_sub(gone.start)
    });
    place.saturating_sub(before.fold(0, usize::saturating_add))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_parsers::ns;

    const LINK: &str =
        "The whole mail: https://mail.a.example/x/m/0123456789abcdef0123456789abcdef";

    /// What another gateway gets of it: the bodies, and the ranges of what only quotes.
    fn sent(bodies: &[&str], range: Option<(usize, usize)>) -> (Vec<String>, Vec<(usize, usize)>) {
        let bodies = bodies.iter().map(|body| {
            let body = body.replace('>', "&gt;");
            format!("<body>{body}</body>")
        });
        let range = range.map(|(start, end)| {
            format!("<fallback xmlns='{FALLBACK}' for='{REPLY}'><body start='{start}' end='{end}'/></fallback>")
        });
        let message = format!(
            "<message xmlns='{}'>{}{}</message>",
            ns::DEFAULT_NS,
            bodies.collect::<String>(),
            range.unwrap_or_default()
        );
        let mut message: Element = message.parse().unwrap();
        cut(&mut message);
        let bodies = message.children().filter(|child| child.name() == "body");
        let ranges = quoted(&message).into_iter();
        let ranges = ranges.map(|range| (range.start, range.end)).collect();
        (bodies.map(Element::text).collect(), ranges)
    }

    #[test]
    fn the_line_goes_and_what_quotes_still_does() {
        let quote = format!("> Grüße\n> {LINK}\n");
        let length = quote.chars().count();
        let (said, ranges) = sent(&[&format!("{quote}Yes")], Some((0, length)));
        assert_eq!(said, ["> Grüße\nYes"]);
        assert_eq!(ranges, [(0, 8)]);
        // All that a client quotes, without a mark of its own.
        let quote = format!("{LINK}\n");
        let body = format!("{quote}Yes");
        let (said, ranges) = sent(&[&body], Some((0, quote.len())));
        assert_eq!((said, ranges), (vec!["Yes".to_owned()], vec![(0, 0)]));
        // Behind it.
        let body = format!("> {LINK}\nYes\n> so");
        let start = body.len() - 4;
        let (said, ranges) = sent(&[&body], Some((start, body.len())));
        assert_eq!((said, ranges), (vec!["Yes\n> so".to_owned()], vec![(4, 8)]));
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for body in [
            "Yes",
            "> Great\nYes",
            &format!("Look:\n{LINK}"),
            &format!("> {LINK}"),
            "",
        ] {
            let (said, ranges) = sent(&[body], Some((0, 1)));
            assert_eq!((said, ranges), (vec![body.to_owned()], vec![(0, 1)]));
        }
        // Ranges that are none.
        for range in [(5, 2), (usize::MAX, 0), (0, usize::MAX)] {
            let body = format!("> {LINK}\nYes");
            assert_eq!(sent(&[&body], Some(range)).0, ["Yes"]);
        }
        assert_eq!(sent(&[], Some((0, 1))).0, [""; 0]);
    }
}
