//! What became of a mail, as mail servers report it: the fields of RFC 3464, or, from programs without them, a text.

use super::bounce;
use super::report::{Group, Parts};
use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::limits;
use crate::core::outcome::{Reply, enhanced_code};
use crate::core::text::clean;

/// A server's words, in characters: as many as are kept of an SMTP reply.
const WORDS_CHARS_MAX: usize = 500;
/// The type before a diagnostic (`smtp;`, `X-Postfix;`), in octets.
const TYPE_OCTETS_MAX: usize = 30;

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
    pub action: Action,
    /// Why: the code, the enhanced code and the words.
    pub reply: Reply,
    /// The server that said so.
    pub remote: Option<String>,
}

/// RFC 3464 §2.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
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

impl Action {
    fn parse(text: &str) -> Option<Self> {
        let word = text.split([' ', '(', ';']).next().unwrap_or_default();
        match word.to_ascii_lowercase().as_str() {
            "failed" => Some(Self::Failed),
            "delayed" => Some(Self::Delayed),
            "delivered" => Some(Self::Delivered),
            "relayed" => Some(Self::Relayed),
            "expanded" => Some(Self::Expanded),
            _ => None,
        }
    }
}

/// What else is known of the mail that may be a report.
pub struct Circumstances<'a> {
    /// Its text.
    pub text: &'a str,
    /// `X-Failed-Recipients`, which Exim and Gmail write.
    pub failed: Vec<MailAddress>,
    /// What it says that it answers.
    pub answers: Vec<MessageId>,
    /// A mail server wrote it: from whom else a text is no report.
    pub is_from_server: bool,
}

/// The report that these parts make, or this text.
pub fn read(parts: &Parts, known: &Circumstances<'_>) -> Option<DeliveryReport> {
    let groups = parts.delivery.as_ref();
    let report = groups.and_then(|groups| of_fields(groups, parts, known));
    match report {
        None if known.is_from_server => bounce::read(parts, known),
        report => report,
    }
}

fn of_fields(groups: &[Group], parts: &Parts, known: &Circumstances<'_>) -> Option<DeliveryReport> {
    let recipients = groups.iter().filter_map(reported);
    let recipients = recipients.take(limits::REPORT_RECIPIENTS_MAX).collect();
    let of_mail = |name: &str| groups.first().and_then(|group| group.get(name));
    let envelope_id = of_mail("original-envelope-id");
    let named = [of_mail("x-original-message-id"), envelope_id];
    let named = named.into_iter().flatten().filter_map(in_mail_form);
    let report = DeliveryReport {
        about: about(parts, named.chain(known.answers.iter().cloned())),
        envelope_id: envelope_id.map(|id| clean::for_header(id, limits::HEADER_TEXT_CHARS_MAX)),
        recipients,
        original_to: original_to(parts),
    };
    (!report.recipients.is_empty()).then_some(report)
}

/// An envelope's id is any text; ours is the Message-ID.
fn in_mail_form(id: &str) -> Option<MessageId> {
    MessageId::parse(id).filter(|id| id.as_str().contains('@'))
}

/// The Message-ID of what came back, then others.
pub(super) fn about(parts: &Parts, others: impl Iterator<Item = MessageId>) -> Vec<MessageId> {
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

pub(super) fn original_to(parts: &Parts) -> Vec<MailAddress> {
    let returned = parts.returned.as_ref();
    returned.map_or_else(Vec::new, |returned| returned.to.clone())
}

/// RFC 3464 §2.3. A group without an action is that of the whole report.
fn reported(group: &Group) -> Option<Reported> {
    let action = Action::parse(group.get("action")?)?;
    let diagnostic = group.get("diagnostic-code").unwrap_or_default();
    let status = group.get("status").unwrap_or_default();
    let remote = group.get("remote-mta").map(without_type);
    Some(Reported {
        original: group.address("original-recipient"),
        last: group.address("final-recipient"),
        action,
        reply: reply(status, without_type(diagnostic)),
        remote: remote
            .map(|name| clean::for_header(name, limits::HEADER_TEXT_CHARS_MAX))
            .filter(|name| !name.is_empty()),
    })
}

/// Without `smtp;` in front, if it is that.
fn without_type(text: &str) -> &str {
    let is_type = |kind: &str| {
        kind.len() <= TYPE_OCTETS_MAX
            && kind
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    match text.split_once(';') {
        Some((kind, rest)) if is_type(kind.trim()) => rest.trim(),
        _ => text.trim(),
    }
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
    let says_more = |status: &(u16, u16, u16)| (status.1, status.2) != (0, 0) || is_all;
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
    enhanced: Option<(u16, u16, u16)>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_and_the_words_of_a_diagnostic_are_told_apart() {
        #[rustfmt::skip]
        let table = [
            ("5.1.1", "smtp; 550 5.1.1 <c@d.example>: User unknown", Some(550), Some((5, 1, 1)), "<c@d.example>: User unknown"),
            ("5.0.0", "smtp; 550 5.1.1 User unknown", Some(550), Some((5, 1, 1)), "User unknown"),
            ("5.0.0 (permanent failure)", "smtp; 550 User unknown", Some(550), None, "User unknown"),
            ("5.4.4", "X-Postfix; Host or domain name not found", None, Some((5, 4, 4)), "Host or domain name not found"),
            ("5.1.10", "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", Some(550), Some((5, 1, 10)), "RESOLVER.ADR.RecipientNotFound; Recipient not found"),
            ("5.1.1", "smtp; 550-5.1.1 No such account. Try 550-5.1.1 again, or 550 5.1.1 not.", Some(550), Some((5, 1, 1)), "No such account. Try again, or not."),
            ("", "smtp; 550-go 550-away 550 now", Some(550), None, "go away 550 now"),
            ("4.4.1", "X-Postfix; connect to mx: Connection refused", None, Some((4, 4, 1)), "connect to mx: Connection refused"),
            ("5.1.1", "550 #5.1.1 nobody", Some(550), Some((5, 1, 1)), "nobody"),
            ("5.2.2", "", None, Some((5, 2, 2)), ""),
            ("x", "5500 apples; or 12", None, None, "5500 apples; or 12"),
            ("9.9.9", "smtp; 550", Some(550), None, ""),
        ];
        for (status, diagnostic, code, enhanced, text) in table {
            let read = reply(status, without_type(diagnostic));
            let expected = Reply {
                code,
                enhanced,
                text: text.to_owned(),
            };
            assert_eq!(read, expected, "{status} {diagnostic}");
        }
    }

    #[test]
    fn an_envelope_id_is_a_mails_id_only_where_it_has_that_form() {
        assert_eq!(in_mail_form("0123abcd"), None);
        assert_eq!(in_mail_form("a b@c.example"), None);
        let id = in_mail_form("a@b.example").unwrap();
        assert_eq!(id.as_str(), "a@b.example");
    }
}
