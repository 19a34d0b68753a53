//! Parsing unit, mail side: the bytes of a mail become a typed value. Nothing is decided here and nothing is looked up.

mod attachment;
mod automatic;
mod body;
mod bounce;
mod delivery;
mod disposition;
mod header;
mod mime;
mod report;

pub use attachment::{Attachment, attachment_line};
pub use automatic::{Automatic, Report};
pub use delivery::{Action, DeliveryReport, Reported};
pub use disposition::{Disposition, DispositionKind};
pub(crate) use mime::split_header;

use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::signature::{self, Signed};
use crate::core::text::subject;
use crate::core::time::Timestamp;
use mail_parser::{HeaderName, Message};
use minidom::Element;

/// What a mail says, as far as the gateway understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The Message-ID, or a hash of the bytes where there is none that can be used.
    pub message_id: MessageId,
    /// The first address of `From`; `None` where there is none that can be read.
    pub from: Option<Person>,
    /// More than one `From` header, or more than one address in it, or one that readers could take for another: a
    /// forger's trick, never believed.
    pub several_from: bool,
    /// Fields that say to whom a mail is, when it was written, what it is called and how it is to be read stand there
    /// more than once (RFC 5322 §3.6): a signature is about the lowest of them, and not every reader takes that one.
    pub has_doubled_fields: bool,
    /// A DKIM signature covers only the beginning of the body, or not all fields that say to whom and when: others can
    /// add to what it covers.
    pub is_signed_in_part: bool,
    /// `Authentication-Results`, unfolded, the topmost first. Anybody can write one: see [`crate::core::authentication`].
    pub authentication: Vec<String>,
    /// `To`, in order, members of groups among them.
    pub to: Vec<Person>,
    /// `Cc`, in order, members of groups among them.
    pub cc: Vec<Person>,
    /// `Reply-To`, in order. A wish of the author, not an identity.
    pub reply_to: Vec<Person>,
    /// Envelope recipients: for each of the configured headers that is there, in their order, its topmost value.
    pub envelope_to: Vec<Vec<MailAddress>>,
    /// The `Date` header, if it can be read.
    pub date: Option<Timestamp>,
    /// The subject as written, decoded and cleaned; `None` where empty.
    pub subject: Option<String>,
    /// The subject without reply and forward prefixes; `None` where nothing remains.
    pub base_subject: Option<String>,
    /// `In-Reply-To`, in order, at most 100.
    pub in_reply_to: Vec<MessageId>,
    /// `References`, in order, at most 100.
    pub references: Vec<MessageId>,
    /// The text for a chat, cleaned: valid in XML 1.0, lines ended by `\n`, no white space at their ends but for a
    /// signature separator (`-- `). Empty where there is none.
    pub text: String,
    /// The text is shorter than what the mail holds, because of a limit.
    pub text_cut: bool,
    /// What else the mail holds.
    pub attachments: Vec<Attachment>,
    /// The root of the stanzas that the mail carries (RFC 3923), for [`crate::core::carried::read`]. Nothing in it is
    /// verified, least of all an address.
    pub carried: Option<Element>,
    /// Why a part that should hold stanzas could not be read; for the log.
    pub carried_problem: Option<String>,
    /// The mail, or what an automatic mail reports or answers, is one that only gateways read
    /// ([`MessageId::is_machine`]). Not for mail from people.
    pub about_machine: bool,
    /// What the mail answers is one that only gateways read. A person may have found it, or a program answers everything
    /// and does not say that it is one.
    pub answers_machine: bool,
    /// Why nothing may be answered automatically (RFC 3834 §2); `None` for mail from a person.
    pub automatic: Option<Automatic>,
    /// The mail is a multipart/report (RFC 6522).
    pub report: Option<Report>,
    /// What the mail reports of the delivery of another one.
    pub delivery: Option<DeliveryReport>,
    /// What the mail reports that somebody did with another one.
    pub disposition: Option<Disposition>,
    /// The mail came through a list or is other bulk mail (List-*, Precedence).
    pub bulk: bool,
    /// `XMPP-Bridge-Hops`; 0 where absent, the highest number where it is none.
    pub hops: u32,
    /// `Return-Path: <>`.
    pub null_return_path: bool,
    /// The topmost `Return-Path`, where it holds an address: the reverse path, as the last mail server writes it (RFC 5321
    /// §4.4).
    pub return_path: Option<MailAddress>,
    /// `XMPP-Bridge`, cleaned: `v=1` from another gateway.
    pub bridge: Option<String>,
    /// `Jabber-ID` (RFC 7259), cleaned. For display only, never an identity.
    pub jabber_id: Option<String>,
    /// The signature of another gateway, good or bad; `None` where there is none. It means nothing before
    /// [`Signed::verify`].
    pub signature: Option<Signed>,
}

/// A name and an address as a header holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address.
    pub address: MailAddress,
    /// The display name, decoded and cleaned; `None` where it only repeats the address.
    pub name: Option<String>,
}

/// Reads a mail. `header_only`: the body was not fetched because the mail is over the limit; then the text is empty and
/// `text_cut` is set. `recipient_headers` are the names of the headers that are believed to hold the envelope
/// recipient, in the order in which they are looked at.
///
/// # Errors
/// [`Unreadable`] says why not even a header could be read.
pub fn read(
    raw: &[u8],
    recipient_headers: &[String],
    header_only: bool,
) -> Result<Mail, Unreadable> {
    let part = mime::Part::read(raw);
    let header = part
        .header()
        .ok_or_else(|| Unreadable("it has no header".to_owned()))?;
    let body = if header_only {
        body::Body {
            cut: true,
            ..body::Body::default()
        }
    } else {
        body::read(&part)
    };
    let signature = signature::read(raw, header_names(header), header_only);
    let mail = Mail {
        signature,
        ..mail(raw, header, recipient_headers, body)
    };
    Ok(match header_only {
        true => mail,
        false => with_reports(mail, &part, header),
    })
}

/// Reads what the mail reports of other mails, if a program wrote it.
fn with_reports(mut mail: Mail, part: &mime::Part<'_>, header: &Message<'_>) -> Mail {
    let sender = mail.from.as_ref().map(|person| person.address.local());
    let is_from_server = mail.null_return_path || sender.is_some_and(automatic::is_mailer);
    let failed = header::raw_value(header, "X-Failed-Recipients");
    if mail.report.is_none() && !is_from_server && failed.is_none() {
        return mail;
    }
    let parts = report::parts(part);
    let answers = mail.in_reply_to.first().into_iter();
    let answers: Vec<MessageId> = answers.chain(mail.references.last()).cloned().collect();
    mail.disposition = disposition::read(&parts, &answers);
    mail.delivery = delivery::read(
        &parts,
        &delivery::Circumstances {
            text: &mail.text,
            is_from_server: is_from_server || failed.is_some(),
            failed: header::addresses_in(&failed.unwrap_or_default()),
            answers,
        },
    );
    mail
}

fn mail(raw: &[u8], message: &Message<'_>, recipient_headers: &[String], body: body::Body) -> Mail {
    let from = header::from(message);
    let automatic =
        automatic::automatic(message, from.as_ref().map(|person| person.address.local()));
    let return_path = header::raw_value(message, "Return-Path");
    let null_return_path = return_path.as_deref().is_some_and(|path| path == "<>");
    let subject = header::text(message, HeaderName::Subject);
    let line = |name| header::raw_value(message, name).and_then(|value| header::some_text(&value));
    let in_reply_to = header::message_ids(message, HeaderName::InReplyTo);
    let references = header::message_ids(message, HeaderName::References);
    let answered = in_reply_to.first().or(references.last());
    Mail {
        message_id: header::message_ids(message, HeaderName::MessageId)
            .into_iter()
            .next()
            .unwrap_or_else(|| MessageId::of_raw(raw)),
        several_from: header::has_several_from(message),
        has_doubled_fields: header::has_doubled_fields(message),
        is_signed_in_part: header::is_signed_in_part(message),
        authentication: header::authentication(message),
        to: header::people(message, HeaderName::To),
        cc: header::people(message, HeaderName::Cc),
        reply_to: header::people(message, HeaderName::ReplyTo),
        envelope_to: header::envelope_recipients(message, recipient_headers),
        date: header::date(message),
        base_subject: subject
            .as_deref()
            .map(subject::base)
            .filter(|base| !base.is_empty())
            .map(str::to_owned),
        subject,
        answers_machine: answered.is_some_and(MessageId::is_machine),
        in_reply_to,
        references,
        text: body.text,
        text_cut: body.cut,
        attachments: body.attachments,
        carried: body.carried,
        carried_problem: body.carried_problem,
        about_machine: (automatic.is_some() || null_return_path)
            && automatic::names_machine_mail(raw),
        automatic,
        report: automatic::report(message),
        delivery: None,
        disposition: None,
        bulk: automatic::is_bulk(message),
        hops: hops(message),
        null_return_path,
        return_path: header::addresses_in(&return_path.unwrap_or_default())
            .into_iter()
            .next(),
        bridge: line("XMPP-Bridge"),
        jabber_id: line("Jabber-ID"),
        signature: None,
        from,
    }
}

/// The fields that are read, in order: a signature must be about just these.
fn header_names<'a>(message: &'a Message<'_>) -> impl Iterator<Item = &'a str> {
    message.headers().iter().map(|header| header.name())
}

/// The highest `XMPP-Bridge-Hops`: whoever adds a lower one does not break the counter.
fn hops(message: &Message<'_>) -> u32 {
    header::raw_values(message, "XMPP-Bridge-Hops")
        .map(|value| value.parse().unwrap_or(u32::MAX))
        .max()
        .unwrap_or(0)
}

/// Not even the header of a mail could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mail cannot be read: {0}")]
pub struct Unreadable(pub String);
