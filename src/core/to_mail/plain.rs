//! Format `mail`: text/plain in UTF-8, flowed where a line is long (RFC 3676), and HTML beside it where it is styled.

use super::{MailFormat, UnwritableMail, boundary, content_type, headers, part, unwritable};
use crate::core::message::OutboundMail;
use crate::core::text::{flowed, styling};
use lettre::message::MultiPart;

pub(super) const PAGE: &str = "text/html; charset=utf-8";

/// For people with a mail client.
#[derive(Debug)]
pub struct PlainFormat;

impl MailFormat for PlainFormat {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn write(&self, letter: &OutboundMail) -> Result<Vec<u8>, UnwritableMail> {
        plain(letter)
    }
}

/// The mail without anything for programs: its text as it was typed, and beside it, where that is styled, a page that shows
/// how (RFC 2046 §5.1.4).
///
/// # Errors
/// [`UnwritableMail`] names what the mail library refused.
pub fn plain(letter: &OutboundMail) -> Result<Vec<u8>, UnwritableMail> {
    let (headers, text) = (headers(letter)?, Text::of(letter));
    let mail = match page(letter) {
        None => headers
            .header(content_type(text.content_type)?)
            .body(text.text),
        Some(page) => {
            let boundary = boundary(&letter.message_id);
            let alternative = format!("multipart/alternative; boundary=\"{boundary}\"");
            let parts = MultiPart::builder()
                .header(content_type(&alternative)?)
                .build()
                .singlepart(part(text.content_type, text.text, &boundary)?)
                .singlepart(part(PAGE, page, &boundary)?);
            headers.multipart(parts)
        }
    };
    Ok(mail.map_err(unwritable)?.formatted())
}

/// The page beside the text of a letter, where it has one. Lines end in CRLF.
pub(super) fn page(letter: &OutboundMail) -> Option<String> {
    let styled = || {
        letter
            .is_styled
            .then(|| styling::html(&letter.text))
            .flatten()
    };
    let page = letter.page.clone().or_else(styled)?;
    Some(page.replace('\n', "\r\n"))
}

/// The text of a letter as it stands in a mail.
pub(super) struct Text {
    /// Lines end in CRLF.
    pub text: String,
    pub content_type: &'static str,
}

impl Text {
    pub(super) fn of(letter: &OutboundMail) -> Self {
        let (text, content_type) = match flowed::wrap(&letter.text) {
            Some(wrapped) => (wrapped, "text/plain; charset=utf-8; format=flowed"),
            None => (letter.text.clone(), "text/plain; charset=utf-8"),
        };
        Self {
            text: text.replace('\n', "\r\n"),
            content_type,
        }
    }
}
