//! The HTML of a mail, for a frame in which nothing runs and nothing is loaded (`Content-Security-Policy` with `sandbox`). What is
//! taken out here is what such a frame would still obey: elements by which a document says whom it tells what, connects to others before it
//! is asked, goes elsewhere by itself, or changes what its links mean.

use crate::core::text::clean;
use percent_encoding::percent_decode_str;

/// Elements that are made unknown ones.
const UNKNOWN: [&str; 3] = ["meta", "link", "base"];
/// Links lead into a tab of their own: the frame shows nothing but the mail.
const BASE: &str = "<base target=\"_blank\">";
/// How pictures are named that lie in the mail (RFC 2392).
const CID: &str = "cid:";
/// The longest name of one that is looked up, in octets.
const NAME_OCTETS_MAX: usize = 1000;
/// Names that are looked up.
const NAMES_MAX: usize = 2000;

/// The document. `place` finds a part by its Content-ID.
pub fn tamed(html: &str, place: impl Fn(&str) -> Option<usize>) -> String {
    let html = html.trim_start_matches('\u{feff}').trim_start();
    let start = doctype_end(html);
    let (doctype, rest) = html.split_at_checked(start).unwrap_or(("", html));
    let mut document = String::with_capacity(html.len().saturating_add(BASE.len()));
    document.push_str(doctype);
    document.push_str(BASE);
    let mut rest = with_unknown(rest);
    rest = with_pictures(&rest, place);
    document.push_str(&rest);
    document
}

/// Where the document begins behind its type, which has to be in front.
fn doctype_end(html: &str) -> usize {
    const DOCTYPE: &str = "<!doctype";
    let begins = html
        .get(..DOCTYPE.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(DOCTYPE));
    match html.find('>') {
        Some(end) if begins => end.saturating_add(1),
        _ => 0,
    }
}

fn with_unknown(html: &str) -> String {
    let mut all = String::with_capacity(html.len());
    let mut pieces = html.split('<');
    all.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        all.push('<');
        let begins = |name: &&str| {
            let begin = piece.get(..name.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(name))
        };
        if UNKNOWN.iter().any(begins) {
            all.push_str("x-");
        }
        all.push_str(piece);
    }
    all
}

/// With the addresses of pictures that lie in the mail: those of their parts.
fn with_pictures(html: &str, place: impl Fn(&str) -> Option<usize>) -> String {
    let lower = html.to_ascii_lowercase();
    let mut all = String::with_capacity(html.len());
    let mut done = 0_usize;
    for (at, _) in lower.match_indices(CID).take(NAMES_MAX) {
        let start = at.saturating_add(CID.len());
        let (Some(before), Some(rest)) = (html.get(done..at), html.get(start..)) else {
            continue;
        };
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')');
        let rest = clean::cut(rest, NAME_OCTETS_MAX);
        let end = rest.find(is_end).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        let place = place(&percent_decode_str(name).decode_utf8_lossy());
        if let Some(place) = place {
            all.push_str(before);
            all.push_str(&format!("part/{place}"));
            done = start.saturating_add(end);
        }
    }
    all.push_str(html.get(done..).unwrap_or_default());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> String {
        tamed(html, |id| (id == "1@c").then_some(7))
    }

    #[test]
    fn what_a_frame_would_obey_is_unknown() {
        for (html, expected) in [
            (
                "<META http-equiv=refresh content='0;url=//e'>x",
                "<x-META http-equiv=refresh content='0;url=//e'>x",
            ),
            (
                "<link rel=preconnect href=//e>",
                "<x-link rel=preconnect href=//e>",
            ),
            ("<base href=//e>", "<x-base href=//e>"),
            ("<a><<LINK>", "<a><<x-LINK>"),
            // It does not run there, and as an unknown element its text would be shown.
            ("<script>1</script>", "<script>1</script>"),
            ("<", "<"),
            ("1 < 2", "1 < 2"),
        ] {
            assert_eq!(of(html), format!("{BASE}{expected}"));
        }
    }

    #[test]
    fn the_type_of_the_document_stays_in_front() {
        assert_eq!(
            of("\u{feff} <!DOCTYPE html><p>x"),
            format!("<!DOCTYPE html>{BASE}<p>x")
        );
        assert_eq!(of("<!doctype"), format!("{BASE}<!doctype"));
    }

    #[test]
    fn pictures_of_the_mail_are_its_parts() {
        for (html, expected) in [
            ("<img src=\"cid:1@c\">", "<img src=\"part/7\">"),
            ("<img src=CID:1%40c>", "<img src=part/7>"),
            (
                "<p style='background:url(cid:1@c)'>",
                "<p style='background:url(part/7)'>",
            ),
            ("<img src='cid:2@c'>", "<img src='cid:2@c'>"),
            ("ä cid:1@c cid:", "ä part/7 cid:"),
        ] {
            assert_eq!(of(html), format!("{BASE}{expected}"));
        }
    }
}
