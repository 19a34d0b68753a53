//! Format `mail`: text/plain in UTF-8, flowed where a line is long (RFC 3676).

use super::{MailFormat, Unwritable, content_type, headers, unwritable};
use crate::core::parcel::Letter;
use crate::core::text::flowed;

/// For people with a mail client.
#[derive(Debug)]
pub struct Plain;

impl MailFormat for Plain {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn write(&self, letter: &Letter) -> Result<Vec<u8>, Unwritable> {
        plain(letter)
    }
}

/// The mail as text only.
///
/// # Errors
/// [`Unwritable`] names what the mail library refused.
pub fn plain(letter: &Letter) -> Result<Vec<u8>, Unwritable> {
    let text = Text::of(letter);
    let mail = headers(letter)?
        .header(content_type(text.content_type)?)
        .body(text.text);
    Ok(mail.map_err(unwritable)?.formatted())
}

/// The text of a letter as it stands in a mail.
pub struct Text {
    /// Lines end in CRLF.
    pub text: String,
    pub content_type: &'static str,
}

impl Text {
    pub fn of(letter: &Letter) -> Self {
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
