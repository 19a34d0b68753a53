//! A report that a mail could not be delivered (RFC 3464, RFC 6522), in three parts: for people, for programs, and the
//! header of what was not delivered.

use super::{AUTO_SUBMITTED, UnwritableMail, content_type, mailbox, raw, system_time, unwritable};
use crate::core::address::MailAddress;
use crate::core::id::{JobId, MessageId};
use crate::core::language::Language;
use crate::core::limits::{HEADER_TEXT_CHARS_MAX, REPLY_TEXT_CHARS_MAX};
use crate::core::notice;
use crate::core::outcome::EnhancedCode;
use crate::core::record::{Answerable, Message};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use lettre::message::header::{
    Date, From, Headers, MIME_VERSION_1_0, MessageId as MessageIdHeader, Subject, To,
};
use lettre::message::{Mailboxes, MultiPart, SinglePart};

/// From whom reports are (RFC 3834 §2 has it as a name that nobody answers).
const MAILER: &str = "MAILER-DAEMON";

/// A mail that could not be delivered, and why.
#[derive(Clone, Debug)]
pub struct Undelivered<'a> {
    /// Of the words for people.
    pub language: Language,
    /// Of the report.
    pub message_id: MessageId,
    /// Of the report.
    pub date: Timestamp,
    /// The gateway's domain (Reporting-MTA).
    pub reporter: &'a str,
    /// The mail, as the message that it became.
    pub message: &'a Message,
    /// To whom the report goes.
    pub answerable: &'a Answerable,
    /// Who did not get the mail.
    pub recipient: &'a MailAddress,
    /// RFC 3463.
    pub status: EnhancedCode,
    /// From [`diagnostic`].
    pub diagnostic: String,
    /// For people.
    pub words: String,
}

/// What the XMPP server said, for programs (RFC 3464 §2.3.6): a type of our own, since there is none for XMPP.
pub fn diagnostic(condition: &str, text: Option<&str>) -> String {
    let text = clean::for_header(text.unwrap_or_default(), REPLY_TEXT_CHARS_MAX);
    // RFC 3464 §2.1.2: what is not ASCII cannot stand here. It is in the words for people.
    let ascii: String = text
        .chars()
        .map(|c| if c.is_ascii() { c } else { '?' })
        .collect();
    format!("x-xmpp; {condition} {ascii}").trim_end().to_owned()
}

/// The mail.
///
/// # Errors
/// [`UnwritableMail`] names what the mail library refused.
pub fn undelivered(report: &Undelivered<'_>) -> Result<Vec<u8>, UnwritableMail> {
    let mailer = MailAddress::parse(&format!("{MAILER}@{}", report.recipient.domain()))
        .map_err(|error| UnwritableMail::Other(error.to_string()))?;
    let sender = mailbox(&report.answerable.reverse_path, None)?;
    let envelope = lettre::address::Envelope::new(None, vec![sender.email.clone()]);
    let mut mail = lettre::Message::builder()
        .header(MIME_VERSION_1_0)
        .from(mailbox(
            &mailer,
            Some(&notice::returned_from(report.language)),
        )?)
        .to(sender)
        .subject(notice::returned_subject(report.language))
        .date(system_time(report.date))
        .message_id(Some(report.message_id.in_brackets()))
        .envelope(envelope.map_err(unwritable)?)
        .raw_header(raw(AUTO_SUBMITTED, "auto-replied"));
    if let Some(about) = named(report) {
        mail = mail.in_reply_to(about.clone()).references(about);
    }
    let boundary = format!("=_{}", JobId::derive(&report.message_id).as_str());
    let is_ascii = report.recipient.to_string().is_ascii();
    let (status_type, header_type) = match is_ascii {
        true => ("message/delivery-status", "text/rfc822-headers"),
        // RFC 6533 §3.
        false => ("message/global-delivery-status", "message/global-headers"),
    };
    let parts = MultiPart::builder()
        .header(content_type(&format!(
            "multipart/report; report-type=delivery-status; boundary=\"{boundary}\""
        ))?)
        .build()
        .singlepart(part(
            "text/plain; charset=utf-8",
            report.words.replace('\n', "\r\n"),
        )?)
        .singlepart(part(status_type, fields(report, is_ascii))?)
        .singlepart(part(header_type, header(report)?)?);
    Ok(mail.multipart(parts).map_err(unwritable)?.formatted())
}

fn part(media_type: &str, text: String) -> Result<SinglePart, UnwritableMail> {
    Ok(SinglePart::builder()
        .header(content_type(media_type)?)
        .body(text))
}

/// The Message-ID of what was not delivered; `None` where it has none of its own.
fn named(report: &Undelivered<'_>) -> Option<String> {
    let id = &report.message.message_id;
    (!id.is_made_up()).then(|| id.in_brackets())
}

/// RFC 3464 §2.2 and §2.3. `X-Original-Message-ID` is what others write, and read, where no header comes back.
fn fields(report: &Undelivered<'_>, is_ascii: bool) -> String {
    let kind = if is_ascii { "rfc822" } else { "utf-8" };
    let (class, subject, detail) = report.status;
    let named = named(report).map(|id| format!("X-Original-Message-ID: {id}\r\n"));
    format!(
        "Reporting-MTA: dns; {}\r\n{}\r\n\
         Final-Recipient: {kind}; {}\r\n\
         Action: failed\r\n\
         Status: {class}.{subject}.{detail}\r\n\
         Diagnostic-Code: {}\r\n",
        report.reporter,
        named.unwrap_or_default(),
        report.recipient,
        report.diagnostic
    )
}

/// What is known of the header of the mail, written anew.
fn header(report: &Undelivered<'_>) -> Result<String, UnwritableMail> {
    let mut header = Headers::new();
    let all = |address| mailbox(address, None).map(Mailboxes::from);
    header.set(From::from(all(&report.message.contact)?));
    header.set(To::from(all(report.recipient)?));
    if let Some(subject) = &report.answerable.subject {
        header.set(Subject::from(clean::for_header(
            subject,
            HEADER_TEXT_CHARS_MAX,
        )));
    }
    if let Some(date) = report.answerable.date {
        header.set(Date::new(system_time(date)));
    }
    if let Some(id) = named(report) {
        header.set(MessageIdHeader::from(id));
    }
    Ok(header.to_string())
}
