//! What became of a mail, as mail servers report it, however they write it.

use super::report::ReportParts;
use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::outcome::{EnhancedCode, Reply, enhanced_code};
use crate::core::text::clean;

/// A server's words, in characters: as many as are kept of an SMTP reply.
const WORDS_CHARS_MAX: usize = 500;

/// A report on the delivery of a mail (RFC 3464). Anybody can write one: it means something only where it names a mail of
/// ours by an id that nobody else could know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The ids by which it may name the mail, the surest first: the Message-ID of what came back, the envelope's id
    /// (RFC 3461 §4.4), what the report says that it answers.
    pub about: Vec<MessageId>,
    /// The envelope's id as it stands there.
    pub envelope_id: Option<String>,
    /// What became of whom; never empty.
    pub recipients: Vec<Reported>,
    /// `To` of the mail that came back.
    pub original_to: Vec<MailAddress>,
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// As we named it (Original-Recipient).
    pub original: Option<MailAddress>,
    /// As the last server named it (Final-Recipient); another address where the mail was forwarded.
    pub last: Option<MailAddress>,
    /// What became of it.
    pub action: DeliveryAction,
    /// Why: the code, the enhanced code and the words.
    pub reply: Reply,
    /// The server that said so.
    pub remote: Option<String>,
}

/// RFC 3464 §2.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryAction {
    /// Given up.
    Failed,
    /// Not delivered yet, still tried.
    Delayed,
    /// In the mailbox.
    Delivered,
    /// Handed to a server that does not report.
    Relayed,
    /// Handed to the members of a list or to several addresses.
    Expanded,
}

/// What else is known of the mail that may be a report.
pub(super) struct ReportContext<'a> {
    /// Its text.
    pub text: &'a str,
    /// Its subject.
    pub subject: &'a str,
    /// Message-IDs of our own form in it.
    pub ours: Vec<MessageId>,
    /// `X-Failed-Recipients`, which Exim and Gmail write.
    pub failed: Vec<MailAddress>,
    /// What it says that it answers.
    pub answers: Vec<MessageId>,
    /// A mail server wrote it: from whom else a text is no report.
    pub is_from_server: bool,
}

/// The Message-ID of what came back, then others.
pub(super) fn about(
    parts: &ReportParts,
    others: impl Iterator<Item = MessageId>,
) -> Vec<MessageId> {
    let returned = parts.returned.as_ref();
    let first = returned.and_then(|returned| returned.message_id.clone());
    let mut about: Vec<MessageId> = Vec::new();
    for id in first.into_iter().chain(others) {
        if !about.contains(&id) {
            about.push(id);
        }
    }
    about
}

pub(super) fn original_to(parts: &ReportParts) -> Vec<MailAddress> {
    let returned = parts.returned.as_ref();
    returned.map_or_else(Vec::new, |returned| returned.to.clone())
}

/// The reply that a status and a diagnostic stand for. Of two codes the one that says more counts: Exim gives 5.0.0 as the
/// status of everything.
pub(super) fn reply(status: &str, diagnostic: &str) -> Reply {
    let status = enhanced_code(status.split([' ', '(']).next().unwrap_or_default());
    let (code, rest) = match code(diagnostic) {
        Some((code, rest)) => (Some(code), rest),
        None => (None, diagnostic),
    };
    let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
    let found = enhanced_code(word.trim_start_matches('#'));
    let text = if found.is_some() { after } else { rest };
    let is_all = code.is_none() && found.is_none();
    let says_more = |status: &EnhancedCode| (status.1, status.2) != (0, 0) || is_all;
    Reply {
        code,
        enhanced: status.filter(says_more).or(found),
        text: clean::for_header(&joined_lines(text, code, word, found), WORDS_CHARS_MAX),
    }
}

/// The reply code with which a text begins, and what follows it (RFC 5321 §4.2).
pub(super) fn code(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(3)?;
    let is_code = digits.starts_with(['2', '4', '5']) && digits.bytes().all(|b| b.is_ascii_digit());
    let rest = match rest.chars().next() {
        None => Some(rest),
        Some(' ' | '-') => rest.get(1..),
        Some(_) => None,
    };
    is_code.then_some((digits.parse().ok()?, rest?.trim_start()))
}

/// A reply of several lines, which a field holds as one: each line began with the codes.
fn joined_lines(
    text: &str,
    code: Option<u16>,
    word: &str,
    enhanced: Option<EnhancedCode>,
) -> String {
    let Some(code) = code else {
        return text.to_owned();
    };
    match enhanced {
        Some(_) => text
            .replace(&format!("{code}-{word} "), "")
            .replace(&format!("{code} {word} "), ""),
        None => text.replace(&format!(" {code}-"), " "),
    }
}
