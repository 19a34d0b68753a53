//! The parts of a mail that have no parts, each as it was sent: for who is to see all of it.

use super::attachment;
use super::mime::MailPart;
use super::repair;
use crate::core::limits;
use crate::core::text::{charset, flowed};
use mail_parser::MimeHeaders;
use std::borrow::Cow;

/// The longest Content-ID that is known, in octets.
const CONTENT_ID_OCTETS_MAX: usize = 250;

/// A mail with what is known to be broken in it mended, for [`pieces`].
pub fn repaired(raw: &[u8]) -> Cow<'_, [u8]> {
    repair::repaired(raw)
}

/// A part that has no parts.
pub struct Piece<'a> {
    part: MailPart<'a>,
    /// In lower case; `text/plain` where it names none (RFC 2045 §5.2).
    pub media_type: String,
    /// The file name: a base name, cleaned, at most 120 octets.
    pub name: Option<String>,
    /// By what a page can name it (RFC 2392), without angle brackets.
    pub content_id: Option<String>,
    /// It is one of the texts that a reader is shown, not a file.
    pub is_body: bool,
}

impl Piece<'_> {
    /// How many octets it has, without its encoding.
    pub fn octets(&self) -> usize {
        self.part.octets()
    }

    /// What is in it.
    pub fn content(&self) -> Vec<u8> {
        self.part.decoded().into_owned()
    }

    /// A text, in whatever charset it is.
    pub fn text(&self) -> String {
        let octets = self.part.decoded_text();
        let label = self
            .part
            .content_type()
            .and_then(|content_type| content_type.attribute("charset"))
            .map(str::to_owned);
        let is_html = self.media_type == "text/html";
        let label = label.or_else(|| charset::html_label(&octets).filter(|_| is_html));
        let text = charset::decode(label.as_deref(), &octets);
        match self.part.parameter_is("format", "flowed") && !is_html {
            true => flowed::unwrap(&text, self.part.parameter_is("delsp", "yes")),
            false => text,
        }
    }
}

/// All of a mail's, in their order; a mail in the mail is one of them. Not more than [`limits::MIME_PARTS_MAX`].
pub fn pieces(mail: &[u8]) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut left = limits::MIME_PARTS_MAX;
    // The next one last.
    let mut waiting = vec![(MailPart::read(mail), 0_usize)];
    while let Some((part, depth)) = waiting.pop() {
        let media_type = part.media_type();
        let is_multipart = media_type
            .as_deref()
            .is_some_and(|one| one.starts_with("multipart/"));
        let parts = match is_multipart && depth < limits::MIME_DEPTH_MAX {
            true => part.parts(left),
            false => Vec::new(),
        };
        left = left.saturating_sub(parts.len());
        if parts.is_empty() {
            found.push(piece(part, media_type));
        }
        let below = parts.into_iter().rev().map(MailPart::read);
        waiting.extend(below.map(|part| (part, depth.saturating_add(1))));
    }
    found
}

fn piece(part: MailPart<'_>, media_type: Option<String>) -> Piece<'_> {
    let media_type = media_type.unwrap_or_else(|| "text/plain".to_owned());
    let name = part.file_name().and_then(attachment::file_name);
    let content_id = part.header().and_then(|header| header.content_id());
    let content_id = content_id.map(|id| id.trim().trim_matches(['<', '>']).to_owned());
    let is_text = matches!(media_type.as_str(), "text/plain" | "text/html");
    Piece {
        is_body: is_text && !part.is_attachment() && name.is_none(),
        content_id: content_id.filter(|id| !id.is_empty() && id.len() <= CONTENT_ID_OCTETS_MAX),
        media_type,
        name,
        part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_are_there_in_their_order() {
        let mail = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/related; boundary=b\r\n\r\n\
            --b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<b>M=FCller</b>\r\n\
            --b\r\nContent-Type: image/png; name=\"../x.png\"\r\nContent-ID: <1@c>\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\n\
            --a\r\n\r\nhello\r\n--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n--a--\r\n";
        let mail = repaired(mail.as_bytes());
        let all = pieces(&mail);
        let types: Vec<_> = all.iter().map(|one| one.media_type.as_str()).collect();
        assert_eq!(
            types,
            ["text/html", "image/png", "text/plain", "message/rfc822"]
        );
        assert_eq!(all[0].text().trim_end(), "<b>Müller</b>");
        assert_eq!(all[1].content(), [0, 1, 2]);
        assert_eq!(all[1].name.as_deref(), Some("x.png"));
        assert_eq!(all[1].content_id.as_deref(), Some("1@c"));
        let bodies: Vec<_> = all.iter().map(|one| one.is_body).collect();
        assert_eq!(bodies, [true, false, true, false]);
    }

    #[test]
    fn parts_within_parts_have_an_end() {
        let mut mail = "Content-Type: text/plain\r\n\r\nx".to_owned();
        for depth in 0..200 {
            mail = format!(
                "Content-Type: multipart/mixed; boundary=b{depth}x\r\n\r\n--b{depth}x\r\n{mail}\r\n--b{depth}x--\r\n"
            );
        }
        assert_eq!(pieces(mail.as_bytes()).len(), 1);
        let many = "--b\r\n\r\nx\r\n".repeat(20_000);
        let many = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{many}--b--\r\n");
        assert!(pieces(many.as_bytes()).len() <= limits::MIME_PARTS_MAX);
    }
}
