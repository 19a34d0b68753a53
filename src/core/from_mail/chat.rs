//! A mail of a program that shows mails as a chat: Delta Chat, or another that writes `Chat-Version` (COI).

use super::header;
use super::mime::MailPart;
use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::text::chat;
use mail_parser::Message;

/// What such a mail says beside its text. Anybody can write all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatHeaders {
    /// The mail whose text this one changes (`Chat-Edit`), and the new text.
    pub edit: Option<(MessageId, String)>,
    /// Its author wants to be told when it was read.
    pub asks_read: bool,
}

/// Whether it is one.
pub(super) fn is_one(header: &Message<'_>) -> bool {
    header::raw_value(header, "Chat-Version").is_some_and(|version| !version.is_empty())
}

/// What it says. `text` is all of its text.
pub(super) fn read(
    part: &MailPart<'_>,
    header: &Message<'_>,
    (from, text): (Option<&MailAddress>, &str),
) -> ChatHeaders {
    let asks = header::raw_value(header, "Chat-Disposition-Notification-To");
    let asks = header::addresses_in(&asks.unwrap_or_default());
    ChatHeaders {
        edit: edits(part, header).and_then(|of| Some((of, chat::edited(text)?))),
        asks_read: from.is_some() && asks.first() == from,
    }
}

/// In the first part, where older versions write it and all believe it; else in the header, where newer ones do.
fn edits(part: &MailPart<'_>, header: &Message<'_>) -> Option<MessageId> {
    let is_mixed = part.media_type().as_deref() == Some("multipart/mixed");
    let first = part.parts(1).into_iter().next().filter(|_| is_mixed);
    let inner = first.map(MailPart::read);
    let of_part = inner.as_ref().and_then(MailPart::header);
    let headers = of_part.into_iter().chain([header]);
    let mut named = headers.filter_map(|header| header::raw_value(header, "Chat-Edit"));
    named.next().and_then(|id| MessageId::parse(&id))
}
