//! Parsing unit, mail side: the bytes of a mail become a typed value. Nothing is decided here and nothing is looked up.

mod attached_part;
pub(crate) mod attachment;
mod automatic;
mod avatar;
mod body;
mod bounce;
mod calendar;
mod card;
mod chat;
mod content;
mod delivery;
mod delivery_status;
mod disposition;
mod enclosed;
mod encoded_word;
mod external;
mod header;
mod inside;
mod keyed;
mod machine;
pub(crate) mod mime;
mod mime_field;
mod pictures;
mod pieces;
mod raw;
mod reaction;
mod repair;
mod report;
mod smime;
mod spill;
mod stub;
mod tnef;
mod transfer_encoding;

pub use attachment::{Attachment, attachment_line, attachment_lines, file_name};
pub use automatic::{Automatic, ReportType};
pub use avatar::ShownPicture;
pub use chat::ChatHeaders;
pub use delivery::{DeliveryAction, DeliveryReport, Reported};
pub use disposition::{Disposition, DispositionKind};
pub use enclosed::Enclosed;
pub use inside::{Inside, Pieces};
pub(crate) use mime::split_header;
pub use pieces::{Piece, pieces, repaired};
pub use raw::{RawMail, RawPieces, SpillFile};
pub use spill::MailSplitter;

use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::limits;
#[cfg(doc)]
use crate::core::name;
use crate::core::notice::KeptAt;
use crate::core::signature::{self, Signed};
use crate::core::text::quotes::{self, KnownPerson, QuoteContext};
use crate::core::text::subject;
use crate::core::text::{self, clean};
use crate::core::time::Timestamp;
use mail_parser::{HeaderName, Message};
use minidom::Element;
use std::borrow::Cow;
use std::io;
use std::ops::Range;

/// What a mail says, as far as the gateway understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedMail {
    /// The Message-ID, or a hash of the bytes where there is none that can be used.
    pub message_id: MessageId,
    /// A hash of date, subject and body: what tells two mails apart that have one Message-ID.
    pub digest: String,
    /// The first address of `From`; `None` where there is none that can be read.
    pub from: Option<Person>,
    /// What `From` says, where no address in it can be read.
    pub from_words: Option<String>,
    /// More than one `From` header, or more than one address in it, or one that readers could take for another: a
    /// forger's trick, never believed.
    pub several_from: bool,
    /// However `From` is written, there is but one address in it. Where it has several all the same (`Meier, Carol <c@d>`), it
    /// is nobody's trick, and yet not believed.
    pub has_one_address: bool,
    /// Fields that say to whom a mail is, when it was written, what it is called and how it is to be read stand there
    /// more than once (RFC 5322 §3.6): a signature is about the lowest of them, and not every reader takes that one.
    pub has_doubled_fields: bool,
    /// A DKIM signature covers only the beginning of the body, or not all fields that say to whom and when: others can
    /// add to what it covers.
    pub is_signed_in_part: bool,
    /// What did not fit into a limit; `None` where all that decisions rest on was read. Whoever writes a mail chooses what
    /// does not fit, so what was cut is never believed.
    pub cut: Option<Truncated>,
    /// `Authentication-Results`, unfolded, the topmost first. Anybody can write one: see `core::authentication`.
    pub authentication: Vec<String>,
    /// `To`, in order, members of groups among them.
    pub to: Vec<Person>,
    /// `Cc`, in order, members of groups among them.
    pub cc: Vec<Person>,
    /// `Reply-To`, in order. A wish of the author, not an identity.
    pub reply_to: Vec<Person>,
    /// Envelope recipients: for each of the configured headers that is there, in their order, its topmost value.
    pub envelope_to: Vec<Vec<MailAddress>>,
    /// The recipients in the envelope itself, where a mail server handed the mail over with it (RFC 2033): nothing in the header
    /// says better for whom it is. Not read from the mail.
    pub envelope: Option<Vec<MailAddress>>,
    /// The `Date` header, if it can be read.
    pub date: Option<Timestamp>,
    /// When our own mail server took the mail: what the topmost `Received` says (RFC 5321 §4.4).
    pub received: Option<Timestamp>,
    /// The subject as written, decoded and cleaned; `None` where empty.
    pub subject: Option<String>,
    /// The subject without reply and forward prefixes; `None` where nothing remains.
    pub base_subject: Option<String>,
    /// There is no text, and the subject says so (`<EOM>`).
    pub is_subject_all: bool,
    /// `In-Reply-To`, in order, at most 100.
    pub in_reply_to: Vec<MessageId>,
    /// `References`, in order, at most 100.
    pub references: Vec<MessageId>,
    /// The text for a chat, cleaned: valid in XML 1.0, lines ended by `\n`, no white space at their ends but for a
    /// signature separator (`-- `). Empty where there is none.
    pub text: String,
    /// The same without the history that it quotes and without signature, where one of them was certain enough to be cut.
    /// Empty where there is nothing besides but attachments.
    pub own_text: Option<String>,
    /// The text is shorter than what the mail holds, because of a limit.
    pub text_cut: bool,
    /// The text was made of a page that shows more than words, or a line stands in it in place of what is encrypted.
    pub is_simplified: bool,
    /// What else the mail holds.
    pub attachments: Vec<Attachment>,
    /// Files in the text itself.
    pub enclosed: Enclosed,
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
    /// A program wrote it that does not say so: an absence note, the receipt of a ticket, a challenge.
    pub is_of_machine: bool,
    /// The mail is a multipart/report (RFC 6522).
    pub report: Option<ReportType>,
    /// What the mail reports of the delivery of another one.
    pub delivery: Option<DeliveryReport>,
    /// What the mail reports that somebody did with another one.
    pub disposition: Option<Disposition>,
    /// Emoji by which the mail reacts to the one that it answers (RFC 9078, or as Gmail writes them). The text says the same.
    pub reaction: Vec<String>,
    /// The mail takes such a reaction back: one without emoji, and nothing else.
    pub takes_reaction_back: bool,
    /// What it says as a line of a chat; `None` where its program does not say that it is one.
    pub chat: Option<ChatHeaders>,
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
    /// The picture that it shows of its author. Whoever passes a mail on can add one: `decide/inbound/profile` says when it is
    /// believed.
    pub avatar: Option<ShownPicture>,
    /// `Jabber-ID` (RFC 7259), cleaned. For display only, never an identity.
    pub jabber_id: Option<String>,
    /// The signature of another gateway, good or bad; `None` where there is none. It means nothing before
    /// [`Signed::verify`].
    pub signature: Option<Signed>,
}

impl ParsedMail {
    /// Where the whole of it lies: a mail that was handed over is nowhere else.
    pub fn kept(&self) -> KeptAt {
        match self.envelope {
            Some(_) => KeptAt::Nowhere,
            None => KeptAt::Mailbox,
        }
    }

    /// Whether all that it says is encrypted (RFC 3156).
    pub fn is_encrypted(&self) -> bool {
        let mut attachments = self.attachments.iter();
        let is_encrypted = |one: &Attachment| one.media_type == "multipart/encrypted";
        clean::is_blank(&self.text) && attachments.any(is_encrypted)
    }

    /// When it was written: the time of its `Date`, unless that is far from when it came. Where nothing says when it came, a
    /// time of years ago is that of a clock that was never set.
    pub fn written(&self, now: Timestamp) -> Option<Timestamp> {
        let apart = |one: Timestamp, other: Timestamp| one.since(other).max(other.since(one));
        match (self.date, self.received) {
            (Some(date), Some(received)) if apart(date, received) <= limits::DATE_OFF_MAX => {
                Some(date)
            }
            (date, None) => date.filter(|date| now.since(*date) <= limits::DATE_AGE_MAX),
            (_, received) => received,
        }
    }
}

/// What of a mail is longer than is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncated {
    /// The header ([`limits::MAIL_HEADER_OCTETS_MAX`]): nobody knows what else it says, or how often.
    Header,
    /// A list of recipients.
    Recipients,
}

/// A name and an address as a header holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address.
    pub address: MailAddress,
    /// The display name, decoded and cleaned; `None` where it only repeats the address, or is another one ([`name::shown`]).
    pub name: Option<String>,
}

/// Reads a mail. `header_only`: the body was not fetched because the mail is over the limit; then the text is empty and
/// `text_cut` is set. `recipient_headers` are the names of the headers that are believed to hold the envelope
/// recipient, in the order in which they are looked at.
///
/// # Errors
/// [`UnreadableMail`] says why not even a header could be read.
pub fn read(
    raw: &[u8],
    recipient_headers: &[String],
    header_only: bool,
) -> Result<ParsedMail, UnreadableMail> {
    let repaired = repair::repaired(raw);
    let raw = repaired.as_ref();
    let part = mime::MailPart::read(raw);
    let charset = encoded_word::first_charset(split_header(raw).0);
    let header = part
        .header()
        .ok_or_else(|| UnreadableMail("it has no header".to_owned()))?;
    let body = if header_only {
        body::MailBody {
            cut: true,
            ..body::MailBody::default()
        }
    } else {
        body::read(&part, &circumstances(header), charset.as_deref())
    };
    let signature = signature::read(raw, header_names(header), header_only);
    let mail = ParsedMail {
        signature,
        avatar: avatar::read(&part, header),
        cut: cut(raw, &part, header, header_only),
        ..mail(raw, header, recipient_headers, body)
    };
    Ok(match header_only {
        true => as_chat(mail, &part, header),
        false => {
            // Beside stanzas it is one of those.
            let is_alone = mail.carried.is_none() && mail.carried_problem.is_none();
            let reaction = match is_alone {
                true => reaction::read(&part),
                false => Vec::new(),
            };
            let takes_reaction_back = is_alone && reaction::is_empty(&part);
            let mail = ParsedMail {
                reaction,
                takes_reaction_back,
                ..mail
            };
            with_reports(as_chat(mail, &part, header), &part, header)
        }
    })
}

/// The same of a mail of which [`unless_read`] knows.
///
/// # Errors
/// As of [`read`].
pub fn read_raw(
    raw: &RawMail,
    recipient_headers: &[String],
    header_only: bool,
) -> Result<ParsedMail, UnreadableMail> {
    let mail = read(raw.octets(), recipient_headers, header_only)?;
    let Some(digest) = raw.digest().filter(|_| !header_only) else {
        return Ok(mail);
    };
    let files = attachments(raw).into_iter().map(|file| file.content);
    let mut told = mail.attachments;
    for (told, content) in told.iter_mut().zip(files) {
        // Of all others the length was known as it is.
        if let Some(inside @ Inside::Base64(..)) = content {
            told.octets = inside.length();
        }
    }
    Ok(ParsedMail {
        digest: digest.to_owned(),
        attachments: told,
        ..mail
    })
}

/// The attachments of a mail that was read before, in the same order, with what is in them.
pub fn attachments(raw: &RawMail) -> Vec<Attachment> {
    // What is only left out of it stands at its beginning.
    let (mail, begin) = match repair::repaired(raw.octets()) {
        Cow::Borrowed(rest) => (raw.clone(), raw.octets().len().saturating_sub(rest.len())),
        Cow::Owned(repaired) => (RawMail::from(repaired), 0),
    };
    let read = mail.octets().get(begin..).unwrap_or_default();
    let part = mime::MailPart::read(read);
    let charset = encoded_word::first_charset(split_header(read).0);
    let circumstances = part.header().map(circumstances).unwrap_or_default();
    let contents = inside::Contents::Kept(&mail);
    body::read_with(&part, &circumstances, charset.as_deref(), contents).attachments
}

/// The mail as it came from [`MailSplitter`], as long as nobody reads what of it is spilled but as octets of a file; else all of it in memory.
///
/// # Errors
/// [`io::Error`]: what is spilled cannot be read.
pub fn unless_read(raw: RawMail) -> io::Result<RawMail> {
    if raw.is_whole() {
        return Ok(raw);
    }
    match digest_of_spilled(&raw)? {
        Some(digest) => Ok(raw.with_digest(digest)),
        None => raw.whole(),
    }
}

fn digest_of_spilled(raw: &RawMail) -> io::Result<Option<String>> {
    let Cow::Borrowed(repaired) = repair::repaired(raw.octets()) else {
        return Ok(None);
    };
    let part = mime::MailPart::read(repaired);
    let Some(header) = part.header() else {
        return Ok(None);
    };
    // A made-up id and a signature are about all of it.
    let is_about_all = header::message_ids(header, HeaderName::MessageId).is_empty()
        || header::raw_value(header, signature::FIELD).is_some();
    let files = attachments(raw).into_iter().filter(|file| {
        spill::is_file(&file.media_type) && !tnef::is_tnef(&file.media_type, file.name.as_deref())
    });
    let places: Vec<Range<usize>> = files
        .filter_map(|file| match file.content {
            Some(Inside::Base64(_, place)) => Some(place),
            _ => None,
        })
        .collect();
    if is_about_all || body::may_be_words(&part) || !raw.is_spilled_from(&places) {
        return Ok(None);
    }
    let (header, body) = split_header(repaired);
    let end = raw.octets().len();
    let body = raw.pieces_of(end.saturating_sub(body.len())..end);
    repair::digest_of(header, body).map(Some)
}

/// The text of a mail of one part, as it was written before it was encoded.
pub(crate) fn decoded_body(raw: &[u8]) -> String {
    String::from_utf8_lossy(&mime::MailPart::read(raw).decoded()).into_owned()
}

/// What the header says of what the text quotes.
fn circumstances(header: &Message<'_>) -> QuoteContext {
    let to = header::people(header, HeaderName::To);
    let cc = header::people(header, HeaderName::Cc);
    let people = to.iter().chain(&cc).take(quotes::KNOWN_MAX);
    let known =
        people.map(|person| KnownPerson::new(&person.address.to_string(), person.name.as_deref()));
    let names_others = [HeaderName::InReplyTo, HeaderName::References]
        .into_iter()
        .any(|name| !header::message_ids(header, name).is_empty());
    let subject = header::text(header, HeaderName::Subject);
    let author = header::from(header).map(|person| {
        let address = person.address.to_string();
        KnownPerson::new(&address, person.name.as_deref())
    });
    QuoteContext::new(subject.as_deref(), names_others, known.collect())
        .by(author.unwrap_or_default())
}

/// Of a mail whose body was not fetched, the header may have been cut on the way: then no blank line follows (RFC 3501 §6.4.5).
fn cut(
    raw: &[u8],
    part: &mime::MailPart<'_>,
    header: &Message<'_>,
    header_only: bool,
) -> Option<Truncated> {
    let ends = split_header(raw).0.len() < raw.len();
    let is_full = raw.len() >= limits::MAIL_HEADER_OCTETS_MAX;
    if part.is_cut() || (header_only && is_full && !ends) {
        return Some(Truncated::Header);
    }
    header::has_more_people(header).then_some(Truncated::Recipients)
}

/// The same without the footer that stands under each line of a chat, in which there is no history either: who wants to quote
/// does so on purpose.
fn as_chat(mail: ParsedMail, part: &mime::MailPart<'_>, header: &Message<'_>) -> ParsedMail {
    if !chat::is_one(header) {
        return mail;
    }
    let said = text::chat::said(&mail.text);
    let from = mail.from.as_ref().map(|from| &from.address);
    let chat = chat::read(part, header, (from, &said));
    let is_all = said.is_empty() && mail.attachments.is_empty();
    ParsedMail {
        chat: Some(chat),
        text: if is_all { mail.text } else { said },
        own_text: None,
        ..mail
    }
}

/// Reads what the mail reports of other mails, if a program wrote it.
fn with_reports(
    mut mail: ParsedMail,
    part: &mime::MailPart<'_>,
    header: &Message<'_>,
) -> ParsedMail {
    let sender = mail.from.as_ref().map(|person| person.address.local());
    let failed = header::raw_value(header, "X-Failed-Recipients");
    let is_mailer = sender.is_some_and(automatic::sends_bounces)
        || mail
            .from_words
            .as_deref()
            .is_some_and(automatic::names_mailer);
    // An absence note has a null path, too, and quotes what it answers.
    let is_answer = mail.automatic == Some(Automatic::Replied);
    let is_from_server = is_mailer
        || failed.is_some()
        || !is_answer && (mail.null_return_path || automatic::is_generated(header) && !mail.bulk);
    if mail.report.is_none() && !is_from_server && !mail.null_return_path {
        return mail;
    }
    let parts = report::parts(part);
    let answers = mail.in_reply_to.first().into_iter();
    let answers: Vec<MessageId> = answers.chain(mail.references.last()).cloned().collect();
    mail.disposition = disposition::read(&parts, &answers);
    mail.delivery = delivery_status::read(
        &parts,
        &delivery::ReportContext {
            text: &mail.text,
            subject: mail.subject.as_deref().unwrap_or_default(),
            is_from_server: is_from_server || mail.null_return_path,
            // What a recipient did, or thinks of it, is no delivery.
            ours: match mail.report {
                None if is_from_server => keyed::ids(part),
                Some(ReportType::Delivery) => keyed::ids(part),
                Some(ReportType::Other) if is_mailer => keyed::ids(part),
                _ => Vec::new(),
            },
            failed: header::addresses_in(&failed.unwrap_or_default()),
            answers,
        },
    );
    mail
}

fn mail(
    raw: &[u8],
    message: &Message<'_>,
    recipient_headers: &[String],
    body: body::MailBody,
) -> ParsedMail {
    let from = header::from(message);
    let automatic =
        automatic::automatic(message, from.as_ref().map(|person| person.address.local()));
    let return_path = header::raw_value(message, "Return-Path");
    let null_return_path = return_path.as_deref().is_some_and(|path| path == "<>");
    let subject = header::text(message, HeaderName::Subject);
    let is_blank = body.text.is_empty() && body.attachments.is_empty();
    let only = subject.as_deref().filter(|_| is_blank);
    let only = only.and_then(subject::without_end_mark);
    let return_paths = header::addresses_in(&return_path.unwrap_or_default());
    let (in_reply_to, references) = header::answered(message);
    let answered = in_reply_to.first().or(references.last());
    ParsedMail {
        digest: repair::digest(raw),
        message_id: message_id(raw, message),
        from_words: header::from_words(message).filter(|_| from.is_none()),
        several_from: header::has_several_from(message),
        has_one_address: header::has_one_address(message),
        has_doubled_fields: header::has_doubled_fields(message),
        is_signed_in_part: header::is_signed_in_part(message),
        cut: None,
        authentication: header::authentication(message),
        to: header::people(message, HeaderName::To),
        cc: header::people(message, HeaderName::Cc),
        reply_to: header::people(message, HeaderName::ReplyTo),
        envelope_to: header::envelope_recipients(message, recipient_headers),
        envelope: None,
        date: header::date(message),
        received: header::received(message),
        base_subject: base_subject(only.or(subject.as_deref())),
        is_subject_all: only.is_some(),
        is_of_machine: machine::wrote(message, subject.as_deref()),
        subject,
        answers_machine: answered.is_some_and(MessageId::is_machine),
        in_reply_to,
        references,
        text: body.text,
        own_text: body.own,
        text_cut: body.cut,
        is_simplified: body.is_simplified,
        attachments: body.attachments,
        enclosed: body.enclosed,
        carried: body.carried,
        carried_problem: body.carried_problem,
        about_machine: (automatic.is_some() || null_return_path)
            && automatic::names_machine_mail(raw),
        automatic,
        report: automatic::report(message),
        delivery: None,
        disposition: None,
        reaction: Vec::new(),
        takes_reaction_back: false,
        chat: None,
        bulk: automatic::is_bulk(message),
        hops: hops(message),
        null_return_path,
        return_path: return_paths.into_iter().next(),
        bridge: header::line(message, "XMPP-Bridge"),
        avatar: None,
        jabber_id: header::line(message, "Jabber-ID"),
        signature: None,
        from,
    }
}

fn base_subject(subject: Option<&str>) -> Option<String> {
    let base = subject.map(subject::base)?;
    (!base.is_empty()).then(|| base.to_owned())
}

/// The first that it has, else one of its octets.
fn message_id(raw: &[u8], message: &Message<'_>) -> MessageId {
    let ids = header::message_ids(message, HeaderName::MessageId);
    let first = ids.into_iter().next();
    first.unwrap_or_else(|| MessageId::of_raw(raw))
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
pub struct UnreadableMail(pub String);
