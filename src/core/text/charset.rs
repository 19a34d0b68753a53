//! Bytes of a mail as text: the label is believed where the bytes agree with it.

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

/// How far into HTML a `<meta charset>` is looked for, in octets (WHATWG HTML §13.2.3.2 asks for it in the first 1024).
const META_OCTETS_MAX: usize = 1024;

/// Decodes a text. `label` is the charset parameter of its Content-Type.
///
/// Where the label is missing, unknown, or refuted by the bytes, they are UTF-8 if they are valid UTF-8, ISO-2022-JP if
/// they have its escape sequences, else windows-1252. What even that cannot decode becomes U+FFFD. A byte order mark
/// is not part of the text.
pub fn decode(label: Option<&str>, bytes: &[u8]) -> String {
    let label = label.map(str::trim).unwrap_or_default();
    let text = if says_nothing(label) {
        unlabelled(bytes)
    } else if let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) {
        labelled(encoding, label, bytes)
    } else if let Some(decode) = charset_decoder(label.as_bytes()) {
        // UTF-7 and code pages, which mails have and the web has not.
        decode(bytes)
    } else {
        unlabelled(bytes)
    };
    match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// The charset that an HTML document names for itself, for a part whose Content-Type names none.
pub fn html_label(html: &[u8]) -> Option<String> {
    first_label(html.get(..META_OCTETS_MAX).unwrap_or(html))
}

/// The first `charset=…` in these bytes, in lower case.
pub fn first_label(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let (_, value) = text.split_once("charset=")?;
    let label: String = value
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    (!label.is_empty()).then_some(label)
}

/// Labels that stand for "not known" (RFC 1428), and US-ASCII, under which anything is sent.
fn says_nothing(label: &str) -> bool {
    [
        "",
        "unknown-8bit",
        "x-unknown",
        "us-ascii",
        "ascii",
        "binary",
        "8bit",
        "default",
    ]
    .iter()
    .any(|known| label.eq_ignore_ascii_case(known))
}

fn labelled(encoding: &'static Encoding, label: &str, bytes: &[u8]) -> String {
    if encoding == UTF_16LE || encoding == UTF_16BE {
        return utf16(label, bytes);
    }
    if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        return text.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

fn unlabelled(bytes: &[u8]) -> String {
    if is_iso_2022_jp(bytes)
        && let Some(text) = ISO_2022_JP.decode_without_bom_handling_and_without_replacement(bytes)
    {
        return text.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => match Encoding::for_bom(bytes) {
            Some((encoding, _)) if encoding != UTF_8 => encoding.decode(bytes).0.into_owned(),
            _ => WINDOWS_1252
                .decode_without_bom_handling(bytes)
                .0
                .into_owned(),
        },
    }
}

/// The escape sequences that switch to JIS X 0208 (RFC 1468).
fn is_iso_2022_jp(bytes: &[u8]) -> bool {
    bytes
        .windows(3)
        .any(|three| matches!(three, b"\x1b$B" | b"\x1b$@"))
}

/// UTF-16 by its byte order mark; without one, by where most zero octets are, else big-endian (RFC 2781 §4.3). Text that
/// holds no zero octet and is valid UTF-8 was labelled wrongly: what declares itself UTF-16 in a `<meta>` never is.
fn utf16(label: &str, bytes: &[u8]) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    if !bytes.contains(&0)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return text.to_owned();
    }
    let encoding = if label.eq_ignore_ascii_case("utf-16le") {
        UTF_16LE
    } else if label.eq_ignore_ascii_case("utf-16be") {
        UTF_16BE
    } else {
        utf16_byte_order(bytes)
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn utf16_byte_order(bytes: &[u8]) -> &'static Encoding {
    let pairs = || bytes.chunks_exact(2);
    let big = pairs().filter(|pair| pair.first() == Some(&0)).count();
    let little = pairs().filter(|pair| pair.last() == Some(&0)).count();
    if little > big { UTF_16LE } else { UTF_16BE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_believed_where_the_bytes_agree() {
        for (label, bytes, text) in [
            ("windows-1251", &b"\xcf\xf0\xe8\xe2\xe5\xf2"[..], "Привет"),
            ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
            (" KOI8-U ", b"\xf0\xd2\xc9\xd7\xa6\xd4", "Привіт"),
            ("iso-2022-jp", b"\x1b$B%O%m!<\x1b(B!", "ハロー!"),
            ("gb18030", b"\xc4\xe3\xba\xc3\x81\x30\x84\x36", "你好¥"),
            ("gb2312", b"\xc4\xe3\xba\xc3", "你好"),
            ("big5", b"\xa7\x41\xa6\x6e", "你好"),
            ("euc-kr", b"\xbe\xc8\xb3\xe7", "안녕"),
            ("shift_jis", b"\x83n\x83\x8d\x81[", "ハロー"),
            ("iso-8859-1", b"caf\xe9 \x80", "café €"),
            ("iso-8859-15", b"\xa4", "€"),
            ("utf-8", "zoë".as_bytes(), "zoë"),
            ("utf-7", b"Hi +ZeVnLIqe-!", "Hi 日本語!"),
            ("ibm850", b"\x9b", "ø"),
        ] {
            assert_eq!(decode(Some(label), bytes), text, "{label}");
        }
    }

    #[test]
    fn utf_16_is_read_in_either_byte_order_and_not_where_it_is_none() {
        assert_eq!(decode(Some("utf-16"), b"\xff\xfeh\0i\0"), "hi");
        assert_eq!(decode(Some("utf-16"), b"\xfe\xff\0h\0i"), "hi");
        assert_eq!(decode(Some("utf-16"), b"\0h\0i"), "hi");
        assert_eq!(decode(Some("utf-16"), b"h\0i\0"), "hi");
        assert_eq!(decode(Some("utf-16le"), b"\xe5\x65"), "\u{65e5}");
        assert_eq!(decode(Some("utf-16"), "<p>zoë".as_bytes()), "<p>zoë");
    }

    #[test]
    fn without_a_label_utf_8_goes_before_windows_1252() {
        for label in [
            None,
            Some(""),
            Some("unknown-8bit"),
            Some("x-unknown"),
            Some("us-ascii"),
            Some("nonsense"),
        ] {
            assert_eq!(decode(label, "zoë 👍".as_bytes()), "zoë 👍");
            assert_eq!(decode(label, b"caf\xe9 \x93x\x94"), "café “x”");
            assert_eq!(decode(label, b"\x1b$B%O%m!<\x1b(B"), "ハロー");
        }
    }

    #[test]
    fn a_label_that_the_bytes_refute_gives_way_to_utf_8() {
        assert_eq!(decode(Some("gb2312"), "日 é".as_bytes()), "日 é");
        assert_eq!(decode(Some("euc-kr"), "日 é".as_bytes()), "日 é");
    }

    #[test]
    fn what_cannot_be_decoded_becomes_replacement_characters() {
        assert_eq!(
            decode(Some("utf-8"), b"a\xff\xfeb\xc3"),
            "a\u{FFFD}\u{FFFD}b\u{FFFD}"
        );
        assert_eq!(decode(Some("euc-jp"), b"a\xffb"), "a\u{FFFD}b");
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        assert_eq!(decode(Some("utf-8"), b"\xef\xbb\xbfhi"), "hi");
        assert_eq!(decode(None, b"\xef\xbb\xbfhi"), "hi");
        assert_eq!(decode(None, b"\xff\xfeh\0i\0"), "hi");
    }

    #[test]
    fn html_names_its_own_charset() {
        assert_eq!(
            html_label(b"<html><meta charset='KOI8-R'>").as_deref(),
            Some("koi8-r")
        );
        assert_eq!(
            html_label(
                b"<meta http-equiv=Content-Type content=\"text/html; charset=windows-1251\">"
            )
            .as_deref(),
            Some("windows-1251")
        );
        assert_eq!(html_label(b"<p>charset</p>"), None);
    }
}
