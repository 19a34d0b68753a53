//! What a part holds, whatever it is called.

use super::attachment;
use super::mime::MailPart;

/// The source of a page begins so, in characters.
const HTML_BEGIN_CHARS: usize = 16;
/// Of what is called text so much is looked at, in octets, to see whether it is.
const BINARY_OCTETS_MAX: usize = 4096;
/// Of so many octets of a text one may be a control character.
const BINARY_SHARE: usize = 10;
/// However short it is, so many may be.
const ODD_OCTETS_MAX: usize = 4;
/// What begins that a page shows beside words.
const SIGHTS: [&str; 11] = [
    "<img", "<svg", "<image", "<picture", "<object", "<embed", "<iframe", "<video", "<audio",
    "<input", "<script",
];

/// Whether what is called text is the source of a page: it begins and ends with a tag, and has one that pages have.
pub(super) fn is_html_source(text: &str) -> bool {
    let mut text = text.trim();
    while let Some((_, rest)) = text
        .strip_prefix("<!--")
        .and_then(|rest| rest.split_once("-->"))
    {
        text = rest.trim_start();
    }
    let begin: String = text.chars().take(HTML_BEGIN_CHARS).collect();
    let begin = begin.to_ascii_lowercase();
    let tags = [
        "<html",
        "<!doctype html",
        "<body",
        "<div",
        "<p>",
        "<p ",
        "<table",
        "<span",
        "<head",
    ];
    text.ends_with('>') && tags.iter().any(|tag| begin.starts_with(tag))
}

/// Whether what is called text is none, but a picture or a program.
pub(super) fn is_binary(part: &MailPart<'_>, octets: &[u8]) -> bool {
    let start = octets.get(..BINARY_OCTETS_MAX).unwrap_or(octets);
    let is_wide = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    // ISO-2022 has ESC, SO and SI.
    let is_odd = |b: &&u8| matches!(b, 0..=8 | 0x10..=0x1a | 0x1c..=0x1f);
    let odd = start.iter().filter(is_odd).count();
    let charset = part.content_type().and_then(|one| one.attribute("charset"));
    let is_wide =
        is_wide || charset.is_some_and(|charset| charset.contains("16") || charset.contains("32"));
    let is_no_text = start.contains(&0) || std::str::from_utf8(octets).is_err();
    is_no_text && odd > (start.len() / BINARY_SHARE).max(ODD_OCTETS_MAX) && !is_wide
}

/// What a file is that is called nothing in particular, or a text, and begins as a picture, a sound, a film or a PDF.
pub(super) fn known_by_start(part: &MailPart<'_>, media_type: &str) -> Option<&'static str> {
    let is_unsaid = matches!(media_type, "application/octet-stream" | "text/plain");
    let found = is_unsaid.then(|| infer::get(&part.start())).flatten()?;
    let found = found.mime_type();
    let kinds = ["image/", "audio/", "video/", "application/pdf"];
    kinds
        .iter()
        .any(|kind| found.starts_with(kind))
        .then_some(found)
}

/// The name of a mail inside the mail.
pub(super) fn subject_of(part: &MailPart<'_>, media_type: &str) -> Option<String> {
    if !is_mail(media_type) {
        return None;
    }
    let bytes = part.decoded();
    let inner = MailPart::read(&bytes);
    inner.header()?.subject().and_then(attachment::name_of_mail)
}

fn is_mail(media_type: &str) -> bool {
    matches!(media_type, "message/rfc822" | "message/global")
}

/// Whether there is something in a page beside words: a picture, or what only scripts fill. One without is empty, however
/// many tags it has.
pub(super) fn shows_more_than_words(source: &str) -> bool {
    let begins = |at: usize, words: &str| {
        let here = source.get(at..at.saturating_add(words.len()));
        here.is_some_and(|here| here.eq_ignore_ascii_case(words))
    };
    let (mut titles, mut ends) = (0_usize, 0_usize);
    for (at, _) in source.match_indices('<') {
        if SIGHTS.iter().any(|sight| begins(at, sight)) {
            return true;
        }
        titles = titles.saturating_add(usize::from(begins(at, "<title")));
        ends = ends.saturating_add(usize::from(begins(at, "</title")));
    }
    // A title that nothing ends hides all words.
    titles > ends || source.contains("background")
}

/// Whether octets of no type are words.
pub(super) fn is_text(part: &MailPart<'_>) -> bool {
    let octets = part.decoded();
    let is_text = std::str::from_utf8(&octets)
        .is_ok_and(|text| !text.trim().is_empty() && is_without_controls(text));
    is_text && part.file_name().is_none()
}

/// Whether what they begin with can be the beginning of words.
pub(super) fn begins_as_text(part: &MailPart<'_>) -> bool {
    let start = part.start();
    let begins = match std::str::from_utf8(&start) {
        Ok(text) => is_without_controls(text),
        // Its last letter goes on behind it.
        Err(error) if error.error_len().is_none() => {
            let whole = start.get(..error.valid_up_to()).unwrap_or_default();
            is_without_controls(&String::from_utf8_lossy(whole))
        }
        Err(_) => false,
    };
    begins && part.file_name().is_none()
}

fn is_without_controls(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || c.is_whitespace())
}

/// The second part of a multipart/signed (RFC 3156 §5, RFC 8551 §3.5.3).
pub(super) fn is_signature(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/pgp-signature"
            | "application/pkcs7-signature"
            | "application/x-pkcs7-signature"
    )
}

/// Text types that, among alternatives, say the same again. An invitation or a contact card says more.
pub(super) fn is_another_form(media_type: &str) -> bool {
    media_type.starts_with("text/")
        && !matches!(
            media_type,
            "text/calendar" | "text/vcard" | "text/x-vcard" | "text/directory"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_stand_behind_comments() {
        for source in [
            "<html><p>a</p></html>",
            "<!-- a\n -->\n<!-- b --> <DIV>a</DIV>",
        ] {
            assert!(is_html_source(source), "{source}");
        }
        for text in [
            "<!-- a -->",
            "<html> is a tag",
            "<!-- open <div>a</div>",
            "",
        ] {
            assert!(!is_html_source(text), "{text}");
        }
    }

    #[test]
    fn a_page_without_words_and_pictures_is_blank() {
        for blank in [
            "<html><style>p { color: red }</style><body><p>&nbsp;</p><br></body></html>",
            "<!-- words --><title>words</title><div></div>",
            " \n",
        ] {
            assert!(!shows_more_than_words(blank), "{blank}");
        }
        for more in [
            "<p><IMG src=x></p>",
            "<title>open",
            "<table background='x'>",
        ] {
            assert!(shows_more_than_words(more), "{more}");
        }
    }

    #[test]
    fn a_picture_is_no_text() {
        let is_picture = |charset: &str, octets: &[u8]| {
            let header = format!("Content-Type: text/plain; charset={charset}\r\n\r\n");
            is_binary(&MailPart::read(header.as_bytes()), octets)
        };
        let picture = b"GIF89a\x01\0\x01\0\0\0\0,\0\x02\x04";
        assert!(is_picture("utf-8", picture));
        assert!(!is_picture("utf-16", b"H\0i\0"));
        assert!(!is_picture("utf-8", b"\xff\xfeH\0i\0"));
        assert!(!is_picture(
            "utf-8",
            b"Hi\0, a zero came between these words."
        ));
        assert!(!is_picture("iso-2022-jp", b"\x1b$B8+@Q\x1b(B"));
        assert!(!is_picture("utf-8", b"\x01\x02\x03"));
        assert!(!is_picture("utf-8", b""));
    }
}
