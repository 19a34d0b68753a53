//! Packaging unit, mail side. Headers are built by the mail library from typed values; no text of a stanza reaches a
//! header except cleaned and encoded. A format is one file that implements [`MailFormat`].

mod attached;
mod chat;
mod invitation;
mod noted;
mod plain;
mod report;
mod xmpp;

pub use attached::{AttachedFile, Base64Lines, attached};
pub use chat::ChatFormat;
pub use invitation::invitation;
pub use noted::noted;
pub use plain::{PlainFormat, plain};
pub use report::{Undelivered, diagnostic, undelivered};
pub use xmpp::XmppFormat;

use crate::core::address::{LOCAL_PART_OCTETS_MAX, MailAddress};
use crate::core::id::{JobId, MessageId};
use crate::core::message::{OutboundMail, Recipient, Role};
use crate::core::record::Format;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use lettre::message::header::{
    ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0, To,
};
use lettre::message::{Body, Mailbox, Mailboxes, MessageBuilder, SinglePart};
use std::time::{Duration, SystemTime};

/// Header by which two gateways find each other.
pub const BRIDGE: HeaderName = HeaderName::new_from_ascii_str("XMPP-Bridge");
/// How many gateways a mail has passed.
pub const HOPS: HeaderName = HeaderName::new_from_ascii_str("XMPP-Bridge-Hops");
/// The sender's bare JID (RFC 7259).
pub const JABBER_ID: HeaderName = HeaderName::new_from_ascii_str("Jabber-ID");
/// RFC 3834 §5.
pub const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
/// RFC 8098 §2.1.
const NOTIFICATION_TO: HeaderName = HeaderName::new_from_ascii_str("Disposition-Notification-To");
/// A PNG of 48 by 48 pixels, as mail programs have it among themselves.
const FACE: HeaderName = HeaderName::new_from_ascii_str("Face");
const TO: HeaderName = HeaderName::new_from_ascii_str("To");
const CC: HeaderName = HeaderName::new_from_ascii_str("Cc");
/// Octets of a line that is folded where it can be (RFC 5322 §2.1.1).
const LINE: usize = 78;

/// A letter that cannot be written as a mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnwritableMail {
    /// An address that the mail library refuses.
    #[error("the address {0} cannot stand in a mail")]
    Address(String),
    /// Anything else that the mail library refuses.
    #[error("the message cannot be written as a mail: {0}")]
    Other(String),
}

/// A way to write mails for one kind of contact.
pub trait MailFormat: Sync {
    /// As the configuration names it.
    fn name(&self) -> &'static str;

    /// The mail as it goes over the wire: line ends are CRLF, every line is 7-bit ASCII but for addresses and names of
    /// internationalized mail.
    ///
    /// # Errors
    /// [`UnwritableMail`] names what the mail library refused.
    fn write(&self, letter: &OutboundMail) -> Result<Vec<u8>, UnwritableMail>;
}

/// The implementation of a format.
pub fn of(format: Format) -> &'static dyn MailFormat {
    match format {
        Format::Mail => &PlainFormat,
        Format::Xmpp => &XmppFormat,
        Format::Chat => &ChatFormat,
    }
}

fn headers(letter: &OutboundMail) -> Result<MessageBuilder, UnwritableMail> {
    let mut builder = lettre::Message::builder()
        .header(MIME_VERSION_1_0)
        .from(mailbox(&letter.from.mail, letter.from.name.as_deref())?)
        .subject(clean::for_header(
            // What looks like an encoded word (RFC 2047) and is none would be read as one.
            &letter.subject.replace("=?", "= ?"),
            crate::core::limits::HEADER_TEXT_CHARS_MAX,
        ))
        .date(system_time(letter.date))
        .message_id(Some(letter.message_id.in_brackets()))
        .envelope(placeholder_envelope(letter)?);
    builder = recipients(builder, &letter.to)?;
    if let Some(id) = &letter.in_reply_to {
        builder = builder.in_reply_to(id.in_brackets());
    }
    if !letter.references.is_empty() {
        let ids: Vec<String> = letter
            .references
            .iter()
            .map(MessageId::in_brackets)
            .collect();
        builder = builder.references(ids.join(" "));
    }
    if letter.automatic {
        builder = builder.raw_header(raw(AUTO_SUBMITTED, "auto-generated"));
    }
    if let Some(face) = letter.from.face.as_deref().filter(|_| !letter.automatic) {
        builder = builder.raw_header(picture(face));
    }
    if letter.answers_automatically {
        builder = builder.raw_header(raw(AUTO_SUBMITTED, "auto-replied"));
    }
    // What is not ASCII could only stand there encoded, which no address may be.
    if letter.notify_read && !letter.from.mail.needs_smtputf8() {
        builder = builder.raw_header(raw(NOTIFICATION_TO, &letter.from.mail.to_string()));
    }
    let builder = builder.raw_header(raw(JABBER_ID, letter.from.jid.as_str()));
    Ok(builder
        .raw_header(raw(BRIDGE, "v=1"))
        .raw_header(raw(HOPS, "1")))
}

/// To and Cc as given; Bcc never. Where nobody is named, the empty group of RFC 5322 §A.1.3 says so.
fn recipients(
    mut builder: MessageBuilder,
    to: &[Recipient],
) -> Result<MessageBuilder, UnwritableMail> {
    let (mut all, mut copies) = (Mailboxes::new(), Mailboxes::new());
    for recipient in to {
        let field = match recipient.role {
            Role::To => &mut all,
            Role::Cc => &mut copies,
            Role::Bcc => continue,
        };
        field.push(mailbox(&recipient.mail, recipient.name.as_deref())?);
    }
    let names_nobody = all.iter().chain(copies.iter()).next().is_none();
    if names_nobody {
        return Ok(builder.raw_header(raw(TO, "undisclosed-recipients:;")));
    }
    for (name, mailboxes) in [(TO, all), (CC, copies)] {
        if mailboxes.iter().next().is_some() {
            builder = builder.raw_header(folded(name, mailboxes));
        }
    }
    Ok(builder)
}

/// The library folds no list of addresses, and a mail server breaks a line over 998 octets (RFC 5322 §2.1.1) wherever it
/// ends, be it within an address. Each mailbox is written by the library.
fn folded(name: HeaderName, mailboxes: Mailboxes) -> HeaderValue {
    let (all, start) = (mailboxes.to_string(), format!("{}: ", &*name));
    let mut field = start.clone();
    for (place, mailbox) in mailboxes.into_iter().enumerate() {
        let mut alone = Headers::new();
        alone.set(To::from(Mailboxes::from(mailbox)));
        let alone = alone.to_string();
        let written = alone.strip_prefix("To: ").unwrap_or_default().trim_end();
        if place > 0 {
            let line = field.rsplit('\n').next().map_or(0, str::len);
            let next = written.lines().next().map_or(0, str::len);
            let fits = line.saturating_add(", ,".len()).saturating_add(next) <= LINE;
            field.push_str(if fits { ", " } else { ",\r\n " });
        }
        field.push_str(written);
    }
    let value = field.strip_prefix(&start).unwrap_or_default().to_owned();
    HeaderValue::dangerous_new_pre_encoded(name, all, value)
}

/// The library wants a transaction with each message; ours is in the job, with the Bcc recipients.
fn placeholder_envelope(
    letter: &OutboundMail,
) -> Result<lettre::address::Envelope, UnwritableMail> {
    let to: Result<Vec<_>, _> = letter
        .to
        .iter()
        .map(|recipient| lettre_address(&recipient.mail))
        .collect();
    lettre::address::Envelope::new(None, to?).map_err(unwritable)
}

fn mailbox(address: &MailAddress, name: Option<&str>) -> Result<Mailbox, UnwritableMail> {
    let name = name.map(|name| clean::for_header(name, crate::core::limits::HEADER_TEXT_CHARS_MAX));
    Ok(Mailbox::new(
        name.filter(|name| !name.is_empty()),
        lettre_address(address)?,
    ))
}

fn lettre_address(address: &MailAddress) -> Result<lettre::Address, UnwritableMail> {
    let written = address.to_string();
    match (written.parse(), written.rsplit_once('@')) {
        (Ok(address), _) => Ok(address),
        // Only the library's limit of 64 octets refuses it; the mail server may not.
        (Err(_), Some((local, domain))) if is_long(address) => {
            Ok(lettre::Address::new_dangerous(local, domain))
        }
        (Err(_), _) => Err(UnwritableMail::Address(written)),
    }
}

/// Whether an address is one that nothing is wrong with but its length.
fn is_long(address: &MailAddress) -> bool {
    let start: String = address.local().chars().take(10).collect();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    address.local().len() > LOCAL_PART_OCTETS_MAX
        && address.local().chars().all(is_plain)
        && !address.local().contains("..")
        && !start.starts_with('.')
        && !address.local().ends_with('.')
}

/// The picture of the sender, in base64, which the library does not fold: where there is no space, it knows no place for it.
fn picture(face: &str) -> HeaderValue {
    let digits: Vec<char> = face.chars().filter(char::is_ascii_graphic).collect();
    let lines = digits.chunks(LINE.saturating_sub("Face: ".len()));
    let lines: Vec<String> = lines.map(|line| line.iter().collect()).collect();
    HeaderValue::dangerous_new_pre_encoded(FACE, face.to_owned(), lines.join("\r\n "))
}

fn raw(name: HeaderName, value: &str) -> HeaderValue {
    HeaderValue::new(name, clean::for_header(value, 900))
}

fn system_time(time: Timestamp) -> SystemTime {
    // The library's Date cannot be before 1970 or after 9999.
    let millis = u64::try_from(time.millis())
        .unwrap_or(0)
        .min(253_402_300_799_000);
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn content_type(text: &str) -> Result<ContentType, UnwritableMail> {
    ContentType::parse(text).map_err(|error| UnwritableMail::Other(error.to_string()))
}

fn unwritable(error: lettre::error::Error) -> UnwritableMail {
    UnwritableMail::Other(error.to_string())
}

/// The same for the same mail. `=_` never stands in quoted-printable or base64 (RFC 2045 §6.7).
fn boundary(id: &MessageId) -> String {
    format!("=_{}", JobId::derive(id).as_str())
}

/// A part on lines of 7-bit ASCII: as it is where that will do, else in the encoding that is shorter. A text that holds the
/// boundary is encoded too.
fn part(media_type: &str, text: String, boundary: &str) -> Result<SinglePart, UnwritableMail> {
    let body = if text.contains(boundary) {
        Body::new_with_encoding(text, ContentTransferEncoding::Base64)
            .map_err(|_| UnwritableMail::Other("its text cannot be encoded".to_owned()))?
    } else {
        Body::new(text)
    };
    Ok(SinglePart::builder()
        .header(content_type(media_type)?)
        .body(body))
}
