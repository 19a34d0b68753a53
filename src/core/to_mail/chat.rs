//! Format `chat`: what Delta Chat writes where it does not encrypt, and what it understands. A mail is a line of a chat, so it
//! has nothing beside its text: no HTML, and no flowed lines. What is done to another mail stands in fields.

use super::xmpp::Reaction;
use super::{
    AUTO_SUBMITTED, MailFormat, UnwritableMail, boundary, content_type, headers, part, raw,
    unwritable,
};
use crate::core::message::{Act, OutboundMail};
use crate::core::text::chat;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};

/// Whoever writes it shows mails as a chat (COI).
pub(super) const CHAT_VERSION: &str = "Chat-Version";
/// Who is told that the mail was read: its author, or nobody.
const CHAT_NOTIFICATION_TO: HeaderName =
    HeaderName::new_from_ascii_str("Chat-Disposition-Notification-To");
const TEXT: &str = "text/plain; charset=utf-8";

/// For Delta Chat without encryption.
#[derive(Debug)]
pub struct ChatFormat;

impl MailFormat for ChatFormat {
    fn name(&self) -> &'static str {
        "chat"
    }

    fn write(&self, letter: &OutboundMail) -> Result<Vec<u8>, UnwritableMail> {
        let quiet = OutboundMail {
            notify_read: false,
            ..letter.clone()
        };
        let mut headers =
            headers(&quiet)?.raw_header(raw(HeaderName::new_from_ascii_str(CHAT_VERSION), "1.0"));
        let author = &letter.from.mail;
        if letter.notify_read && !author.needs_smtputf8() {
            headers = headers.raw_header(raw(CHAT_NOTIFICATION_TO, &author.to_string()));
        }
        let text = chat::guarded(&letter.text);
        let mail = match &letter.act {
            None => headers
                .header(content_type(TEXT)?)
                .body(text.replace('\n', "\r\n")),
            Some(Act::Reaction(emoji)) => headers
                .header(content_type(TEXT)?)
                .header(Reaction)
                .body(emoji.clone()),
            Some(Act::Edit { of, before }) => {
                // Delta Chat believes the field in a part alone, for it may be a protected one.
                let edit = SinglePart::builder()
                    .header(content_type(TEXT)?)
                    .header(Edits(of.in_brackets()))
                    .body(chat::edit(before, &text).replace('\n', "\r\n"));
                let boundary = boundary(&letter.message_id);
                let mixed = format!("multipart/mixed; boundary=\"{boundary}\"");
                let parts = MultiPart::builder().header(content_type(&mixed)?).build();
                headers.multipart(parts.singlepart(edit))
            }
            Some(Act::Read(of)) => {
                let boundary = boundary(&letter.message_id);
                let report = format!(
                    "multipart/report; report-type=disposition-notification; boundary=\"{boundary}\""
                );
                // RFC 8098 §3.2.
                let fields = format!(
                    "Final-Recipient: rfc822;{author}\r\nOriginal-Message-ID: {}\r\nDisposition: manual-action/MDN-sent-automatically; displayed\r\n",
                    of.in_brackets()
                );
                let parts = MultiPart::builder().header(content_type(&report)?).build();
                let parts = parts
                    .singlepart(part(TEXT, text.replace('\n', "\r\n"), &boundary)?)
                    .singlepart(part("message/disposition-notification", fields, &boundary)?);
                headers
                    .raw_header(raw(AUTO_SUBMITTED, "auto-replied"))
                    .multipart(parts)
            }
        };
        Ok(mail.map_err(unwritable)?.formatted())
    }
}

/// `Chat-Edit`: the mail that is changed.
#[derive(Clone)]
struct Edits(String);

impl Header for Edits {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Chat-Edit")
    }

    fn parse(value: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(value.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}
