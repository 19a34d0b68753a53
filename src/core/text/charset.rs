//! Bytes of a mail as text: the label is believed where the bytes agree with it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    EUC_KR, Encoding, GBK, ISO_2022_JP, ISO_8859_2, ISO_8859_4, ISO_8859_5, ISO_8859_6, ISO_8859_7,
    ISO_8859_8, ISO_8859_8_I, ISO_8859_13, ISO_8859_15, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257,
};
use mail_parser::decoders::charsets::map::charset_decoder;

/// How far into HTML a `<meta charset>` is looked for, in octets (WHATWG HTML §13.2.3.2 asks for it in the first 1024).
const META_OCTETS_MAX: usize = 1024;

/// Decodes a text. `label` is the charset parameter of its Content-Type.
///
/// Where the label is missing, unknown, or refuted by the bytes, they are UTF-8 if they are valid UTF-8, ISO-2022-JP if
/// they have its escape sequences, else windows-1252. What even that cannot decode becomes U+FFFD. A byte order mark
/// is not part of the text.
pub fn decode(label: Option<&str>, bytes: &[u8]) -> String {
    decode_with(label, None, bytes)
}

/// The same; `guess` is the charset of something near it, for a text that says nothing of its own.
pub fn decode_with(label: Option<&str>, guess: Option<&str>, bytes: &[u8]) -> String {
    let label = label.map(str::trim).unwrap_or_default();
    let label = alias(label);
    let label = label.as_str();
    let text = if says_nothing(label) {
        unlabelled(guess, bytes)
    } else if let Some(text) = seven_bit(label, bytes) {
        text
    } else if let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) {
        labelled(encoding, label, bytes)
    } else if let Some(decode) = charset_decoder(label.as_bytes()) {
        // UTF-7 and code pages, which mails have and the web has not.
        decode(bytes)
    } else {
        unlabelled(guess, bytes)
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

/// What programs call a charset by a number or a name of their own (Windows code pages, Apple, old Unix).
fn alias(label: &str) -> String {
    let lower = label.to_ascii_lowercase();
    let lower = lower.trim_matches(['"', '\'']);
    let digits = lower.trim_start_matches(|c: char| !c.is_ascii_digit());
    let name = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_page = matches!(
        name,
        "cp" | "cp-"
            | "cp_"
            | "win"
            | "win-"
            | "windows"
            | "windows_"
            | "ms"
            | "x-cp"
            | "ansi-"
            | "ibm-"
    );
    match (is_page, digits) {
        (true, "932" | "943") => return "shift_jis".to_owned(),
        (true, "936") => return "gbk".to_owned(),
        (true, "949") => return "euc-kr".to_owned(),
        (true, "950") => return "big5".to_owned(),
        (true, "65001") => return "utf-8".to_owned(),
        (true, "874") => return "windows-874".to_owned(),
        (true, number) if number.len() == 4 && number.starts_with("125") => {
            return format!("windows-{number}");
        }
        _ => {}
    }
    let known = match lower {
        "macroman" | "mac-roman" | "x-mac-roman" | "applemac" => "macintosh",
        "eucjp" | "ujis" => "euc-jp",
        "euckr" | "ks_c_5601" | "ks-c-5601-1987" | "uhc" | "johab" => "euc-kr",
        "euccn" | "euc-cn" => "gbk",
        "euctw" | "big-5" | "big5hkscs" => "big5",
        "sjis" | "shift-jis" | "ms932" => "shift_jis",
        "ansi" | "latin-1" | "iso-latin-1" | "8859-1" | "iso8859_1" => "windows-1252",
        "utf" | "utf_8" | "utf-8-sig" | "utf8mb4" | "unicode-1-1-utf-8" => "utf-8",
        "koi8" | "koi" => "koi8-r",
        "tis620" => "windows-874",
        other => other,
    };
    known.to_owned()
}

/// Korean and Chinese in seven bits, which browsers no longer read: ISO-2022-KR (RFC 1557) and HZ (RFC 1843).
fn seven_bit(label: &str, bytes: &[u8]) -> Option<String> {
    let (encoding, raised) = match label {
        "iso-2022-kr" | "csiso2022kr" => (EUC_KR, raised_by_shifts(bytes)),
        "hz-gb-2312" | "hz" => (GBK, raised_by_tildes(bytes)),
        _ => return None,
    };
    let (text, _) = encoding.decode_without_bom_handling(&raised);
    Some(text.into_owned())
}

/// SO begins two-octet characters, and SI or the end of the line ends them.
fn raised_by_shifts(bytes: &[u8]) -> Vec<u8> {
    let mut raised = Vec::with_capacity(bytes.len());
    let mut is_shifted = false;
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            0x1b if after.starts_with(b"$)C") => rest = after.get(3..).unwrap_or_default(),
            0x0e => is_shifted = true,
            0x0f => is_shifted = false,
            b'\n' => {
                is_shifted = false;
                raised.push(b'\n');
            }
            0x21..=0x7e if is_shifted => raised.push(byte | 0x80),
            _ => raised.push(*byte),
        }
    }
    raised
}

/// `~{` begins two-octet characters, and `~}` or the end of the line ends them.
fn raised_by_tildes(bytes: &[u8]) -> Vec<u8> {
    let mut raised = Vec::with_capacity(bytes.len());
    let mut is_shifted = false;
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after.first()) {
            (b'~', Some(b'{')) => is_shifted = true,
            (b'~', Some(b'}')) => is_shifted = false,
            (b'~', Some(b'~')) if !is_shifted => raised.push(b'~'),
            (b'~', Some(b'\n')) => {}
            (b'\n', _) => {
                is_shifted = false;
                raised.push(b'\n');
                continue;
            }
            (0x21..=0x7d, _) if is_shifted => {
                raised.push(byte | 0x80);
                continue;
            }
            _ => {
                raised.push(*byte);
                continue;
            }
        }
        rest = after.get(1..).unwrap_or_default();
    }
    raised
}

/// What is valid UTF-8 beyond ASCII is UTF-8: by chance, text of another charset is not.
fn as_utf8(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_ascii()).then(|| text.to_owned())
}

/// What browsers take it for.
fn detected(bytes: &[u8]) -> String {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn labelled(encoding: &'static Encoding, label: &str, bytes: &[u8]) -> String {
    if encoding == UTF_16LE || encoding == UTF_16BE {
        return utf16(label, bytes);
    }
    if encoding.is_single_byte()
        && let Some(text) = as_utf8(bytes)
    {
        return text;
    }
    if encoding == UTF_8
        && let Some(text) = not_utf8(bytes)
    {
        return text;
    }
    if encoding == ISO_2022_JP && is_iso_2022_jp(bytes) {
        return iso_2022_jp(bytes);
    }
    let encoding = meant(encoding, bytes);
    if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        return text.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Seven bits have no such octets.
        Err(_) if encoding == ISO_2022_JP && !is_iso_2022_jp(bytes) => detected(bytes),
        Err(_) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// Of what is called UTF-8 and is none: what it is, unless it is UTF-8 with a few octets that went wrong.
fn not_utf8(bytes: &[u8]) -> Option<String> {
    if std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let lossy = String::from_utf8_lossy(bytes);
    let wrong = lossy.chars().filter(|c| *c == '\u{FFFD}').count();
    let right = lossy
        .chars()
        .filter(|c| !c.is_ascii())
        .count()
        .saturating_sub(wrong);
    (wrong > right.saturating_mul(4)).then(|| detected(bytes))
}

fn unlabelled(guess: Option<&str>, bytes: &[u8]) -> String {
    if bytes.is_ascii() && is_iso_2022_jp(bytes) {
        return iso_2022_jp(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => match Encoding::for_bom(bytes) {
            Some((encoding, _)) if encoding != UTF_8 => encoding.decode(bytes).0.into_owned(),
            _ => guessed(guess, bytes).unwrap_or_else(|| detected(bytes)),
        },
    }
}

/// By the charset of something near it, where that can be.
fn guessed(guess: Option<&str>, bytes: &[u8]) -> Option<String> {
    let encoding = Encoding::for_label_no_replacement(alias(guess?).as_bytes())?;
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(text.into_owned())
}

/// The escape sequences that switch to JIS X 0208 (RFC 1468).
fn is_iso_2022_jp(bytes: &[u8]) -> bool {
    let mut escapes = bytes.split(|b| *b == 0x1b).skip(1);
    bytes.contains(&0x1b) && escapes.any(|rest| rest.starts_with(b"$B") || rest.starts_with(b"$@"))
}

/// Programs that join texts leave one escape sequence behind another, which browsers call an error.
fn iso_2022_jp(bytes: &[u8]) -> String {
    const ESCAPE_OCTETS: usize = 3;
    let mut rest = bytes;
    let mut joined = Vec::with_capacity(bytes.len());
    while let Some(at) = rest.iter().position(|b| *b == 0x1b) {
        let (before, escape) = rest.split_at(at);
        joined.extend_from_slice(before);
        let is_idle = escape.get(ESCAPE_OCTETS) == Some(&0x1b);
        let length = if is_idle { ESCAPE_OCTETS } else { 1 };
        let (taken, after) = escape.split_at_checked(length).unwrap_or((escape, &[]));
        joined.extend_from_slice(if is_idle { &[] } else { taken });
        rest = after;
    }
    joined.extend_from_slice(rest);
    ISO_2022_JP
        .decode_without_bom_handling(&joined)
        .0
        .into_owned()
}

/// What programs of Windows mean by the name of a standard, where the octets are those that the standard gives no character.
fn meant(encoding: &'static Encoding, bytes: &[u8]) -> &'static Encoding {
    let twins = [
        (ISO_8859_2, WINDOWS_1250),
        (ISO_8859_4, WINDOWS_1257),
        (ISO_8859_5, WINDOWS_1251),
        (ISO_8859_6, WINDOWS_1256),
        (ISO_8859_7, WINDOWS_1253),
        (ISO_8859_8, WINDOWS_1255),
        (ISO_8859_8_I, WINDOWS_1255),
        (ISO_8859_13, WINDOWS_1257),
        (ISO_8859_15, WINDOWS_1252),
    ];
    let is_none = |b: &u8| matches!(b, 0x80..=0x9f) && *b != 0x85;
    let twin = twins.iter().find(|(standard, _)| *standard == encoding);
    match twin.filter(|_| bytes.iter().any(is_none)) {
        Some((_, windows)) => windows,
        None => encoding,
    }
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
    fn names_that_only_programs_give_are_understood() {
        use encoding_rs::{BIG5, EUC_JP, MACINTOSH, SHIFT_JIS, WINDOWS_1251};
        for (labels, encoding, text) in [
            (&["cp932", "sjis", "CP943"][..], SHIFT_JIS, "明日の朝"),
            (&["cp949", "euckr", "uhc"], EUC_KR, "안녕하세요"),
            (&["cp950", "big-5"], BIG5, "明天早上"),
            (&["cp936", "euccn"], GBK, "明天早上"),
            (
                &["cp1251", "cp-1251", "win-1251", "windows1251", "x-cp1251"],
                WINDOWS_1251,
                "Завтра",
            ),
            (&["macroman"], MACINTOSH, "Größe"),
            (&["eucjp"], EUC_JP, "明日の朝"),
        ] {
            for label in labels {
                let (bytes, _, _) = encoding.encode(text);
                assert_eq!(decode(Some(label), &bytes), text, "{label}");
            }
        }
    }

    #[test]
    fn seven_bit_charsets_of_korea_and_china_are_read() {
        let korean = b"\x1b$)C\x0e>H3g\x0f, Kim\n\x0e>H3g\n-";
        assert_eq!(decode(Some("ISO-2022-KR"), korean), "안녕, Kim\n안녕\n-");
        let chinese = b"~{C wLl~} at ~~9~\n, ~{C wLl\nx";
        let read = decode(Some("HZ-GB-2312"), &chinese[..]);
        assert!(read.contains(" at ~9, ") && read.ends_with("\nx"), "{read}");
        assert_eq!(decode(Some("hz"), b"~{VPND~}"), "中文");
        for bytes in [&b"\x1b$)"[..], b"\x0e\x0e!", b"~", b"~{", b""] {
            decode(Some("iso-2022-kr"), bytes);
            decode(Some("hz"), bytes);
        }
    }

    #[test]
    fn the_octets_are_believed_before_the_label() {
        let text = "Schöne Grüße – Zoë 👍";
        for label in ["iso-8859-1", "windows-1252", "koi8-r", "windows-1251"] {
            assert_eq!(decode(Some(label), text.as_bytes()), text, "{label}");
        }
        let (latin, _, _) = encoding_rs::WINDOWS_1252.encode("Schöne Grüße, Frühstück");
        assert_eq!(decode(Some("utf-8"), &latin), "Schöne Grüße, Frühstück");
        let russian = "Завтра в девять утра у входа, как мы договорились вчера.";
        let (bytes, _, _) = encoding_rs::KOI8_R.encode(russian);
        assert_eq!(decode(None, &bytes), russian);
        // Japanese in seven bits, by a label that a program writes under whatever it sends.
        let (bytes, _, _) =
            encoding_rs::SHIFT_JIS.encode("次のあて先へのメッセージは送信できませんでした。");
        assert_eq!(
            decode(Some("iso-2022-jp"), &bytes),
            "次のあて先へのメッセージは送信できませんでした。"
        );
        assert_eq!(
            decode(Some("iso-2022-jp"), b"\x1b$B%O\xe9\x1b(B"),
            "ハ\u{FFFD}"
        );
        // A letter that was damaged changes no charset.
        assert_eq!(
            decode(Some("utf-8"), b"Gr\xc3\xbc\xc3\x9fe, Z\xff\xc3\xab"),
            "Grüße, Z\u{FFFD}ë"
        );
    }

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
            decode(Some("utf-8"), "aäöü\u{0}".as_bytes().get(..6).unwrap()),
            "aäö\u{FFFD}"
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

    #[test]
    fn an_escape_right_behind_another_is_none() {
        let twice = b"\x1b$B2q5D$O\x1b(B\x1b$BL@F|\x1b(B.";
        for label in [Some("iso-2022-jp"), None] {
            assert_eq!(decode(label, twice), "会議は明日.", "{label:?}");
            assert_eq!(decode(label, b"\x1b$B2q\x1b(B\x1b"), "会\u{FFFD}");
        }
    }

    #[test]
    fn what_a_standard_leaves_out_is_of_windows() {
        for (label, octets, text) in [
            ("iso-8859-15", b"5 \x80".as_slice(), "5 €"),
            ("iso-8859-15", b"5 \xa4", "5 €"),
            ("iso-8859-2", b"P\xf8\xed\x9at\xed \x96 \x9e", "Příští – ž"),
            ("iso-8859-2", b"\xb9\xbe", "šž"),
            ("iso-8859-7", b"\x93\xe1\x94", "“α”"),
        ] {
            assert_eq!(decode(Some(label), octets), text, "{label} {octets:x?}");
        }
    }
}
