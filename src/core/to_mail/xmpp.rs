//! Format `xmpp`: the text for whoever reads the mail with a mail client, and beside it the stanza itself for another
//! gateway (RFC 3923). In a reaction its emoji stand as a part of their own as well, which some mail clients understand
//! (RFC 9078).

use super::plain::{PAGE, Text, page, plain};
use super::{MailFormat, UnwritableMail, boundary, content_type, headers, part, unwritable};
use crate::core::carried;
use crate::core::limits;
use crate::core::message::{Act, OutboundMail};
use crate::core::text::clean;
use crate::core::xml;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};

/// The longest reaction, in characters; each emoji may be of ten.
const REACTION_CHARS_MAX: usize = 100;

/// For another gateway.
#[derive(Debug)]
pub struct XmppFormat;

impl MailFormat for XmppFormat {
    fn name(&self) -> &'static str {
        "xmpp"
    }

    /// A letter without stanzas, or with bigger ones than the other gateway would take, is written as text only.
    fn write(&self, letter: &OutboundMail) -> Result<Vec<u8>, UnwritableMail> {
        if letter.carried.is_empty() {
            return plain(letter);
        }
        let stanzas = xml::write(&carried::root(&letter.carried))
            .map_err(|error| UnwritableMail::Other(error.to_string()))?;
        if stanzas.len() > limits::CARRIED_OCTETS_MAX {
            return plain(letter);
        }
        // The library puts in each CR by itself and moves all that follows: many lines would cost their square.
        let stanzas = stanzas.replace('\n', "\r\n");
        let boundary = boundary(&letter.message_id);
        let mut parts = MultiPart::builder()
            .header(content_type(&format!(
                "multipart/alternative; boundary=\"{boundary}\""
            ))?)
            .build();
        if let Some(Act::Reaction(emoji)) = &letter.act
            && let Some(reaction) = reaction(emoji)
        {
            parts = parts.singlepart(reaction);
        }
        let text = Text::of(letter);
        parts = parts.singlepart(part(text.content_type, text.text, &boundary)?);
        // Of an invitation, of which nobody knows whether a person gets it.
        if let Some(page) = letter.page.as_ref().and_then(|_| page(letter)) {
            parts = parts.singlepart(part(PAGE, page, &boundary)?);
        }
        parts = parts.singlepart(part(STANZAS, stanzas, &boundary)?);
        Ok(headers(letter)?
            .multipart(parts)
            .map_err(unwritable)?
            .formatted())
    }
}

const STANZAS: &str = "application/xmpp+xml; charset=utf-8";

/// RFC 9078 §2. `None` where nothing of it can be shown.
fn reaction(emoji: &str) -> Option<SinglePart> {
    let emoji = clean::for_header(emoji, REACTION_CHARS_MAX);
    let text = content_type("text/plain; charset=utf-8").ok()?;
    (!emoji.is_empty()).then(|| {
        SinglePart::builder()
            .header(text)
            .header(Reaction)
            .body(emoji)
    })
}

/// `Content-Disposition: reaction`, which the library does not know.
#[derive(Clone)]
pub(super) struct Reaction;

impl Header for Reaction {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Disposition")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "reaction".to_owned())
    }
}
