//! The page of a mail: all of it, as it was sent, for whoever has its link.
//!
//! What a stranger has written stands in the page as text, escaped ([`escape`]), and the HTML of the mail in a frame of its own
//! ([`tamed`]), where nothing runs and nothing is loaded from elsewhere before the reader asks for that. Both rest on the header
//! fields with which the server sends them; what is done here is done besides.

pub mod escape;
pub mod tamed;
pub mod write;

use crate::core::file;
use crate::core::from_mail::{self, ParsedMail, Person, Piece};
use crate::core::id::OriginalId;
use crate::core::language::{Language, say};
use crate::core::text::{clean, size};
use crate::core::time::Timestamp;
use escape::escaped;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Text that the page shows, in octets; all of it is in the file.
const TEXT_OCTETS_MAX: usize = 1024 * 1024;
/// Header fields that it shows, in octets.
const HEADER_OCTETS_MAX: usize = 64 * 1024;
/// People that it names in one line.
const PEOPLE_MAX: usize = 50;
/// Files that it lists.
const FILES_MAX: usize = 200;

/// What the page looks like. The server sends its hash along, so that nothing else can change how it looks.
pub const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--soft:#8882}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:52rem;padding:1rem;overflow-wrap:anywhere}\
h1{font-size:1.4rem;line-height:1.25;margin:.2rem 0 1rem}\
h2{font-size:1.05rem;margin:1.5rem 0 .5rem}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .75rem;margin:0}\
dt{opacity:.75}dd{margin:0}\
pre{white-space:pre-wrap;font:inherit;margin:0;padding:.75rem;background:var(--soft);border-radius:.5rem}\
pre.fields{font:.8rem/1.4 ui-monospace,monospace}\
iframe{box-sizing:border-box;width:100%;height:75vh;height:75svh;border:1px solid var(--line);border-radius:.5rem;background:#fff;color-scheme:light;resize:vertical}\
ul{list-style:none;margin:0;padding:0}\
li{padding:.35rem 0;border-bottom:1px solid var(--line)}\
summary{cursor:pointer;padding:.5rem 0}\
a{padding:.3rem 0}\
:focus-visible{outline:3px solid;outline-offset:2px}\
.when{white-space:nowrap}\
.note{font-size:.875rem;opacity:.8}";

/// A file of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFile {
    /// Safe in any folder.
    pub name: String,
    /// By what is in it.
    pub media_type: String,
    /// All of it.
    pub octets: Vec<u8>,
}

/// The page. `id` is what its address ends with; `until` is when it goes; `is_remote`: pictures from elsewhere are asked for.
pub fn page(
    language: Language,
    raw: &[u8],
    id: &OriginalId,
    until: Timestamp,
    is_remote: bool,
) -> String {
    let mail = from_mail::read(raw, &[], false).ok();
    let repaired = from_mail::repaired(raw);
    let pieces = from_mail::pieces(&repaired);
    let id = id.as_str();
    let subject = mail.as_ref().and_then(|mail| mail.subject.clone());
    let subject = subject.unwrap_or_else(|| say!(language, "page-without-subject"));
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\">",
        language.tag()
    );
    let _ = write!(
        html,
        "<title>{}</title><style>{STYLE}</style></head>\n<body><main>\n<h1 dir=\"auto\">{}</h1>\n",
        escaped(&subject),
        escaped(&subject)
    );
    fields(language, &mut html, mail.as_ref());
    let _ = writeln!(
        html,
        "<p class=\"note\">{}</p>",
        escaped(&say!(language, "page-until", when = day_of(until)))
    );
    let has_page = page_of(&pieces).is_some();
    if has_page {
        frame(language, &mut html, id, is_remote);
    }
    text(
        language,
        &mut html,
        &text_of(&pieces, mail.as_ref()),
        has_page,
    );
    files(language, &mut html, id, &pieces);
    let (header, _) = from_mail::split_header(raw);
    let header = clean::for_xml(&String::from_utf8_lossy(header));
    let _ = write!(
        html,
        "<details><summary>{}</summary><pre class=\"fields\" dir=\"auto\">{}</pre></details>\n\
         <p><a href=\"{id}/mail.eml\" download>{}</a></p>\n</main></body></html>\n",
        escaped(&say!(language, "page-all-fields")),
        escaped(clean::cut(header.trim_end(), HEADER_OCTETS_MAX)),
        escaped(&say!(language, "page-as-file"))
    );
    html
}

/// The HTML of a mail, for the frame; `None` where it has none.
pub fn document(raw: &[u8]) -> Option<String> {
    let repaired = from_mail::repaired(raw);
    let pieces = from_mail::pieces(&repaired);
    let page = page_of(&pieces)?;
    let named = pieces.iter().enumerate();
    let named: BTreeMap<&str, usize> = named
        .filter_map(|(place, piece)| Some((piece.content_id.as_deref()?, place)))
        .collect();
    Some(tamed::tamed(&page.text(), |content_id| {
        named.get(content_id).copied()
    }))
}

/// A file of a mail, by its place among all parts.
pub fn file(raw: &[u8], place: usize) -> Option<PageFile> {
    let repaired = from_mail::repaired(raw);
    let pieces = from_mail::pieces(&repaired);
    let piece = pieces.get(place)?;
    let octets = piece.content();
    let media_type = file::media_type(&octets, &piece.media_type);
    Some(PageFile {
        name: file::name(piece.name.as_deref(), &media_type),
        media_type,
        octets,
    })
}

fn page_of<'a, 'b>(pieces: &'a [Piece<'b>]) -> Option<&'a Piece<'b>> {
    let mut pages = pieces.iter().filter(|one| one.is_body);
    pages.find(|one| one.media_type == "text/html")
}

/// The plain texts; of a mail that has none, what the chat shows.
fn text_of(pieces: &[Piece<'_>], mail: Option<&ParsedMail>) -> String {
    let is_text = |one: &&Piece<'_>| one.is_body && one.media_type == "text/plain";
    let texts = pieces.iter().filter(is_text);
    let texts: Vec<String> = texts.map(|one| clean::for_xml(&one.text())).collect();
    let text = texts.join("\n");
    match mail {
        Some(mail) if text.trim().is_empty() => mail.text.clone(),
        _ => text,
    }
}

fn fields(language: Language, html: &mut String, mail: Option<&ParsedMail>) {
    let Some(mail) = mail else { return };
    html.push_str("<dl>");
    let from = match (&mail.from, &mail.from_words) {
        (Some(person), _) => person_in_html(person),
        (None, Some(words)) => format!("<bdi>{}</bdi>", escaped(words)),
        (None, None) => String::new(),
    };
    field(html, &say!(language, "page-from"), &from);
    field(
        html,
        &say!(language, "page-to"),
        &people(language, &mail.to),
    );
    field(
        html,
        &say!(language, "page-cc"),
        &people(language, &mail.cc),
    );
    let when = |day: String| format!("<span class=\"when\">{}</span>", escaped(&day));
    let date = mail.date.map(day_of).map(when).unwrap_or_default();
    field(html, &say!(language, "page-date"), &date);
    html.push_str("</dl>\n");
}

fn field(html: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let name = escaped(name);
        let _ = write!(html, "<dt>{name}</dt><dd>{value}</dd>");
    }
}

fn people(language: Language, people: &[Person]) -> String {
    let shown: Vec<String> = people.iter().take(PEOPLE_MAX).map(person_in_html).collect();
    let more = people.len().saturating_sub(shown.len());
    let shown = shown.join(", ");
    match more {
        0 => shown,
        more => format!(
            "{shown} {}",
            escaped(&say!(language, "page-and-more", more = more))
        ),
    }
}

/// Whatever direction a name is written in, what stands beside it stays in its place.
fn person_in_html(person: &Person) -> String {
    let address = escaped(&person.address.for_people());
    match &person.name {
        Some(name) => format!("<bdi>{}</bdi> &lt;<bdi>{address}</bdi>&gt;", escaped(name)),
        None => format!("<bdi>{address}</bdi>"),
    }
}

/// `2026-11-22 16:30 UTC`.
fn day_of(time: Timestamp) -> String {
    let text = time.to_xep0082().unwrap_or_default();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(hour)) => format!("{day} {hour} UTC"),
        _ => String::new(),
    }
}

fn frame(language: Language, html: &mut String, id: &str, is_remote: bool) {
    let title = escaped(&say!(language, "page-as-sent"));
    let _ = writeln!(
        html,
        "<section aria-labelledby=\"sent\"><h2 id=\"sent\">{title}</h2>"
    );
    let (address, offer) = match is_remote {
        true => (
            format!("{id}/html?remote"),
            format!(
                "<a href=\"{id}\">{}</a>",
                say!(language, "page-hide-remote")
            ),
        ),
        false => (
            format!("{id}/html"),
            format!(
                "<a href=\"{id}?remote\">{}</a> {}",
                say!(language, "page-show-remote"),
                say!(language, "page-remote-tells")
            ),
        ),
    };
    let _ = write!(
        html,
        "<p class=\"note\">{offer}</p>\n<iframe src=\"{address}\" title=\"{title}\" referrerpolicy=\"no-referrer\" \
         sandbox=\"allow-popups allow-popups-to-escape-sandbox\"></iframe></section>\n"
    );
}

fn text(language: Language, html: &mut String, text: &str, is_folded: bool) {
    let shown = clean::cut(text.trim_end(), TEXT_OCTETS_MAX);
    if shown.trim().is_empty() {
        return;
    }
    let pre = format!("<pre dir=\"auto\">{}</pre>", escaped(shown));
    let _ = match is_folded {
        true => writeln!(
            html,
            "<details><summary>{}</summary>{pre}</details>",
            escaped(&say!(language, "page-as-text"))
        ),
        false => writeln!(
            html,
            "<section aria-labelledby=\"text\"><h2 id=\"text\">{}</h2>{pre}</section>",
            escaped(&say!(language, "page-text"))
        ),
    };
    if shown.len() < text.trim_end().len() {
        let _ = writeln!(
            html,
            "<p class=\"note\">{}</p>",
            escaped(&say!(language, "page-text-cut"))
        );
    }
}

fn files(language: Language, html: &mut String, id: &str, pieces: &[Piece<'_>]) {
    let all = || {
        pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| !piece.is_body)
    };
    let count = all().count();
    if count == 0 {
        return;
    }
    let _ = write!(
        html,
        "<section aria-labelledby=\"files\"><h2 id=\"files\">{}</h2><ul>",
        escaped(&say!(language, "page-files"))
    );
    for (place, piece) in all().take(FILES_MAX) {
        let name = file::name(piece.name.as_deref(), &piece.media_type);
        let size = size::in_words(language, piece.octets() as u64);
        let _ = write!(
            html,
            "<li><a href=\"{id}/part/{place}\" download><bdi>{}</bdi></a> <span class=\"note\">{size}</span></li>",
            escaped(&name)
        );
    }
    html.push_str("</ul>");
    if count > FILES_MAX {
        let _ = write!(
            html,
            "<p class=\"note\">{}</p>",
            escaped(&say!(language, "page-more-files"))
        );
    }
    html.push_str("</section>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn shown(raw: &str) -> String {
        shown_in(Language::ENGLISH, raw)
    }

    fn shown_in(language: Language, raw: &str) -> String {
        let id = OriginalId::parse(ID).unwrap();
        page(
            language,
            raw.as_bytes(),
            &id,
            Timestamp::from_secs(1_800_000_000),
            false,
        )
    }

    const HOSTILE: &str = "From: \"<script>alert(1)</script>\" <carol@mail.example>\r\n\
        To: \"\\\"><img src=x onerror=alert(2)>\" <alice@chat.a.example>\r\n\
        Subject: </title><script>alert(3)</script>\r\nX-Own: <script>alert(4)</script>\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\n</pre><script>alert(5)</script>\r\n\
        --b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=\"\\\"onclick=alert(6) <svg onload=alert(7)>.html\"\r\n\r\n<script>alert(8)</script>\r\n--b--\r\n";

    #[test]
    fn nothing_that_a_stranger_writes_is_markup() {
        let page = shown(HOSTILE);
        for bad in ["<script", "<img", "<svg", "</pre><s", "</title><sc"] {
            assert!(!page.contains(bad), "{bad} in {page}");
        }
        assert!(page.contains("&lt;script&gt;alert(5)"));
        // Every quotation mark is the page's own.
        assert!(page.contains(&format!("<a href=\"{ID}/part/1\" download><bdi>")));
        assert!(!page.contains("\"onclick"));
    }

    #[test]
    fn all_of_the_mail_is_there() {
        let raw = "From: Carol <carol@mail.example>\r\nTo: alice@chat.a.example, dave@d.example\r\nDate: Mon, 2 Nov 2026 10:15:00 +0000\r\n\
            Subject: Re: Lunch\r\nContent-Type: multipart/related; boundary=b\r\n\r\n\
            --b\r\nContent-Type: text/html\r\n\r\n<p>Great</p><img src=\"cid:1@c\">\r\n\
            --b\r\nContent-Type: image/png\r\nContent-ID: <1@c>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n";
        let page = shown(raw);
        for there in [
            "<h1 dir=\"auto\">Re: Lunch</h1>",
            "<bdi>Carol</bdi> &lt;<bdi>carol@mail.example</bdi>&gt;",
            "<bdi>dave@d.example</bdi>",
            "2026-11-02 10:15 UTC",
            &format!("<iframe src=\"{ID}/html\""),
            "sandbox=\"allow-popups allow-popups-to-escape-sandbox\"",
            &format!("href=\"{ID}?remote\""),
            "<summary>As plain text</summary>",
            &format!("href=\"{ID}/part/1\" download><bdi>image.png</bdi>"),
            &format!("href=\"{ID}/mail.eml\""),
            "2027-01-15 08:00 UTC",
        ] {
            assert!(page.contains(there), "{there} in {page}");
        }
        let document = document(raw.as_bytes()).unwrap();
        assert!(
            document.contains("<p>Great</p><img src=\"part/1\">"),
            "{document}"
        );
        let file = file(raw.as_bytes(), 1).unwrap();
        assert_eq!(
            (file.name.as_str(), file.media_type.as_str()),
            ("image.png", "image/png")
        );
        assert_eq!(super::file(raw.as_bytes(), 9), None);
    }

    #[test]
    fn a_page_is_in_the_language_of_its_user() {
        let german = Language::of_tag("de").unwrap();
        let page = shown_in(german, "From: Carol <carol@mail.example>\r\n\r\nHallo\r\n");
        for there in ["<html lang=\"de\">", "<dt>Von</dt>", "Alle Kopfzeilen"] {
            assert!(page.contains(there), "{there} in {page}");
        }
    }

    #[test]
    fn a_mail_of_which_nothing_can_be_read_has_a_page() {
        for raw in ["", "\r\n", "x", "\0\0\0", "From: \r\n\r\n"] {
            let page = shown(raw);
            assert!(
                page.contains("mail.eml") && page.ends_with("</html>\n"),
                "{raw:?}"
            );
            assert_eq!(document(raw.as_bytes()), None);
        }
    }
}
