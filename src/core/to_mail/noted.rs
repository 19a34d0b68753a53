//! What is said to whom a mail goes, behind the text of a mail that is written already.

use super::attached::{boundary_of, is_named, unsigned_fields};
use super::part;
use crate::core::from_mail::{decoded_body, split_header};

/// The types of a mail that has nothing but its text.
const TEXT: &str = "text/plain";
const STYLED: &str = "multipart/alternative";

/// The same mail with this behind its text; where that is styled, as a part of its own behind both. `None` where the mail is signed,
/// since that would be wrong then, or has more than a text.
pub fn noted(mail: &[u8], note: &str) -> Option<Vec<u8>> {
    let (header, body) = split_header(mail);
    let fields = unsigned_fields(header)?;
    let kind = fields
        .iter()
        .find(|field| is_named(field, b"content-type:"))?;
    let kind = String::from_utf8_lossy(kind);
    let (_, kind) = kind.split_once(':')?;
    let kind = kind.replace("\r\n", "");
    let kind = kind.trim();
    let is = |media_type: &str| {
        let start = kind.get(..media_type.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(media_type))
    };
    let boundary = boundary_of(mail);
    let is_content = |field: &&Vec<u8>| is_named(field, b"content-");
    let mut octets: Vec<u8> = fields.iter().filter(|field| !is_content(field)).fold(
        Vec::with_capacity(mail.len()),
        |mut octets, field| {
            octets.extend_from_slice(field);
            octets
        },
    );
    if is(TEXT) {
        let text = decoded_body(mail).replace("\r\n", "\n");
        let text = format!("{}\n\n{note}", text.trim_end()).replace('\n', "\r\n");
        let text = part(kind, text, &boundary).ok()?.formatted();
        octets.extend_from_slice(text.trim_ascii_end());
        octets.extend_from_slice(b"\r\n");
        return Some(octets);
    }
    if !is(STYLED) {
        return None;
    }
    let note = part(
        "text/plain; charset=utf-8",
        note.replace('\n', "\r\n"),
        &boundary,
    )
    .ok()?;
    let begins =
        format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n");
    octets.extend_from_slice(begins.as_bytes());
    for field in fields.iter().filter(is_content) {
        octets.extend_from_slice(field);
    }
    octets.extend_from_slice(b"\r\n");
    octets.extend_from_slice(body.strip_prefix(b"\r\n").unwrap_or(body));
    octets.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    octets.extend_from_slice(note.formatted().trim_ascii_end());
    octets.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::from_mail;
    use crate::core::signature;

    const HEAD: &str =
        "From: alice@chat.a.example\r\nSubject: A very\r\n long one\r\nMIME-Version: 1.0\r\n";
    const NOTE: &str = "[film.mp4 (2 GB) ist zu groß.]\n[b.png auch.]";

    #[test]
    fn the_note_stands_behind_the_text_and_nothing_else_changes() {
        for (kind, body) in [
            ("text/plain; charset=utf-8", "https://u.a.example/film.mp4"),
            (
                "text/plain; charset=utf-8;\r\n format=flowed",
                "Look \r\nhere: https://u.a.example/film.mp4",
            ),
        ] {
            let mail = format!(
                "{HEAD}Content-Type: {kind}\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{body}\r\n"
            );
            let with = noted(mail.as_bytes(), NOTE).unwrap();
            assert!(with.is_ascii(), "{}", String::from_utf8_lossy(&with));
            let read = from_mail::read(&with, &[], false).unwrap();
            assert!(
                read.text.starts_with(&body.replace("\r\n", "")),
                "{}",
                read.text
            );
            assert!(
                read.text.ends_with(&format!("/film.mp4\n\n{NOTE}")),
                "{}",
                read.text
            );
            assert_eq!(read.subject.as_deref(), Some("A very long one"));
            assert!(read.attachments.is_empty());
        }
        let styled = format!(
            "{HEAD}Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nLook\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>Look</b>\r\n--b--\r\n"
        );
        let with = noted(styled.as_bytes(), NOTE).unwrap();
        let read = from_mail::read(&with, &[], false).unwrap();
        assert!(
            read.text.starts_with("Look") && read.text.ends_with(NOTE),
            "{}",
            read.text
        );
        assert!(read.attachments.is_empty(), "{:?}", read.attachments);
    }

    #[test]
    fn what_is_signed_or_has_more_than_a_text_stays_as_it_is() {
        let plain = format!("{HEAD}Content-Type: text/plain\r\n\r\nx\r\n");
        let signed = format!("{}: x\r\n{plain}", signature::FIELD);
        let other = plain.replace("text/plain", "multipart/report; boundary=b");
        for mail in [signed.as_str(), other.as_str(), ""] {
            assert_eq!(noted(mail.as_bytes(), NOTE), None);
        }
    }
}
