//! Mail that no person wrote, or that came to many (RFC 3834, RFC 2369, RFC 2919).

use super::header::{raw_value, raw_values};
use crate::core::id::MessageId;
use mail_parser::{Message, MimeHeaders};

/// Why a mail is automatic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Automatic {
    /// Auto-Submitted: auto-replied, or what answering programs wrote before RFC 3834.
    Replied,
    /// Auto-Submitted: auto-generated or another value, Precedence, a report.
    Generated,
    /// X-Auto-Response-Suppress alone: the program of a person may write it, who wants no automatic answer.
    Suppressed,
}

/// What a multipart/report reports (RFC 6522).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportType {
    /// What became of a mail (RFC 3464).
    Delivery,
    /// What its recipient did with it (RFC 8098).
    Disposition,
    /// Anything else: feedback (RFC 5965), statistics.
    Other,
}

/// Fields that answering programs added before RFC 3834. Their mere presence says it.
const REPLY_FIELDS: [&str; 3] = ["X-Autoreply", "X-Autorespond", "X-Auto-Reply"];
/// How the fields begin that only mail to many has (RFC 2369 §3, RFC 2919; RFC 3834 §2 means all of them).
const LIST_FIELDS: &str = "List-";

/// Whether a program wrote the mail, and why it is thought so (RFC 3834 §2).
pub(super) fn automatic(message: &Message<'_>, sender: Option<&str>) -> Option<Automatic> {
    let precedence = keyword(message, "Precedence");
    let submitted = raw_values(message, "Auto-Submitted")
        .map(|value| first_word(&value))
        .find(|word| word != "no");
    if submitted.as_deref() == Some("auto-replied")
        || precedence.as_deref() == Some("auto_reply")
        || REPLY_FIELDS
            .iter()
            .any(|name| keyword(message, name).is_some_and(|word| word != "no"))
    {
        return Some(Automatic::Replied);
    }
    let is_generated = submitted.is_some()
        || matches!(precedence.as_deref(), Some("bulk" | "junk" | "list"))
        || report(message).is_some()
        || sender.is_some_and(is_mailer);
    let is_suppressed =
        || keyword(message, "X-Auto-Response-Suppress").is_some_and(|word| word != "none");
    match is_generated {
        true => Some(Automatic::Generated),
        false => is_suppressed().then_some(Automatic::Suppressed),
    }
}

/// Whether the mail came through a list or to many at once.
pub(super) fn is_bulk(message: &Message<'_>) -> bool {
    let is_of_list = |name: &str| {
        let start = name.get(..LIST_FIELDS.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(LIST_FIELDS))
    };
    let mut fields = message.headers().iter();
    fields.any(|field| is_of_list(field.name()))
        || keyword(message, "Precedence")
            .is_some_and(|word| matches!(word.as_str(), "bulk" | "list" | "junk"))
}

/// What the mail reports, if it is a report.
pub(super) fn report(message: &Message<'_>) -> Option<ReportType> {
    let content_type = message.content_type()?;
    let is_report = content_type.ctype().eq_ignore_ascii_case("multipart")
        && content_type
            .subtype()
            .is_some_and(|subtype| subtype.eq_ignore_ascii_case("report"));
    let kind = || {
        content_type
            .attribute("report-type")
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    is_report.then(|| match kind().as_str() {
        "delivery-status" => ReportType::Delivery,
        "disposition-notification" => ReportType::Disposition,
        _ => ReportType::Other,
    })
}

/// Fields in which a report or an answer names the mail that it is about: its own, those of a header that it quotes, and
/// that of RFC 8098 §3.2.5.
const ID_FIELDS: [&[u8]; 4] = [
    b"message-id",
    b"in-reply-to",
    b"references",
    b"original-message-id",
];

/// Whether an id of a mail that only gateways read stands in such a field anywhere in these octets: in the header, in a
/// part, or in quoted text. Linear in their length.
pub(super) fn names_machine_mail(raw: &[u8]) -> bool {
    let mut in_id_field = false;
    raw.split(|b| *b == b'\n').any(|line| {
        let line = without_quote(line);
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            in_id_field = is_id_field(line);
        }
        in_id_field && holds_machine_id(line)
    })
}

/// Without the `> ` before a quoted line.
fn without_quote(line: &[u8]) -> &[u8] {
    match line.strip_prefix(b">") {
        Some(quoted) => quoted.strip_prefix(b" ").unwrap_or(quoted),
        None => line,
    }
}

fn is_id_field(line: &[u8]) -> bool {
    ID_FIELDS.iter().any(|name| {
        let (start, rest) = line.split_at_checked(name.len()).unwrap_or_default();
        start.eq_ignore_ascii_case(name) && rest.trim_ascii_start().starts_with(b":")
    })
}

fn holds_machine_id(line: &[u8]) -> bool {
    line.split(|b| *b == b'<').skip(1).any(|id| {
        MessageId::MACHINE_PREFIXES
            .iter()
            .any(|prefix| id.starts_with(prefix.as_bytes()))
    })
}

/// Whether a program says that it wrote the mail by itself (RFC 3834 §5.1).
pub(super) fn is_generated(message: &Message<'_>) -> bool {
    keyword(message, "Auto-Submitted").as_deref() == Some("auto-generated")
}

/// Local parts from which only programs write (RFC 3834 §2).
pub(super) fn is_mailer(local: &str) -> bool {
    local.eq_ignore_ascii_case("mailer-daemon")
}

/// Local parts from which bounces come; people use some of them as well.
pub(super) fn sends_bounces(local: &str) -> bool {
    let letters = local.chars().filter(char::is_ascii_alphanumeric);
    let local: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    matches!(
        local.as_str(),
        "mailerdaemon"
            | "postmaster"
            | "maildelivery"
            | "maildeliverysystem"
            | "maildeliverysubsystem"
    )
}

/// Whether a `From` without an address is one of them: `MAILER-DAEMON <>`.
pub(super) fn names_mailer(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    words.trim() == "<>" || words.contains("mailer-daemon") || words.contains("postmaster")
}

/// The first word of the topmost field of this name, in lower case; `None` where there is no such field.
fn keyword(message: &Message<'_>, name: &str) -> Option<String> {
    raw_value(message, name).map(|value| first_word(&value))
}

/// Up to a parameter, a comment or a comma.
fn first_word(value: &str) -> String {
    value
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '(' | ','))
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    fn of(header: &str) -> (Option<Automatic>, bool) {
        let mail = read(format!("{header}\r\n\r\nx\r\n").as_bytes(), &[], false).unwrap();
        (mail.automatic, mail.bulk)
    }

    #[test]
    fn mail_from_a_person_is_not_automatic() {
        for header in [
            "From: a@b.example",
            "Auto-Submitted: no",
            "Auto-Submitted: No (a person)",
            "X-Auto-Response-Suppress: None",
            "X-Autoreply: no",
            "Listen: x",
            "Precedence: first-class",
            "Content-Type: multipart/mixed; report-type=delivery-status",
        ] {
            assert_eq!(of(header), (None, false), "{header}");
        }
    }

    #[test]
    fn answers_of_programs_are_told_from_what_they_write_unasked() {
        for header in [
            "Auto-Submitted: auto-replied",
            "AUTO-SUBMITTED: Auto-Replied; owner-email=x",
            "Precedence: auto_reply",
            "X-Autoreply: yes",
            "X-Autorespond: vacation",
        ] {
            assert_eq!(of(header), (Some(Automatic::Replied), false), "{header}");
        }
        for header in [
            "Auto-Submitted: auto-generated",
            "Auto-Submitted: no\r\nAuto-Submitted: auto-notified",
            "Auto-Submitted:",
            "From: MAILER-DAEMON@b.example",
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b",
        ] {
            assert_eq!(of(header), (Some(Automatic::Generated), false), "{header}");
        }
    }

    #[test]
    fn who_asks_for_silence_may_be_a_person() {
        let header = "X-Auto-Response-Suppress: DR, OOF, AutoReply";
        assert_eq!(of(header), (Some(Automatic::Suppressed), false));
        let both = format!("{header}\r\nAuto-Submitted: auto-generated");
        assert_eq!(of(&both), (Some(Automatic::Generated), false));
    }

    #[test]
    fn lists_and_bulk_mail_are_told_by_their_fields() {
        for header in [
            "List-Id: <x.example>",
            "list-unsubscribe: <mailto:x@y.example>",
            "List-Post: NO",
            "LIST-HELP: <mailto:x@y.example>",
        ] {
            assert_eq!(of(header), (None, true), "{header}");
        }
        for header in [
            "Precedence: bulk",
            "Precedence: LIST",
            "Precedence: junk (x)",
        ] {
            assert_eq!(of(header), (Some(Automatic::Generated), true), "{header}");
        }
    }

    #[test]
    fn mail_about_mail_of_gateways_is_told_from_mail_about_mail_of_people() {
        let about = |header: &str, text: &str| {
            let mail = format!("From: a@b.example\r\n{header}\r\n\r\n{text}\r\n");
            read(mail.as_bytes(), &[], false).unwrap().about_machine
        };
        let report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b";
        for text in [
            "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <presence.1@a.example>",
            "message-id:<subscription.1@a.example>",
            "> Message-Id : <presence.1@a.example>",
            "Original-Message-ID: <presence.1@a.example>",
            "References: <1@a.example>\r\n <2@a.example>\r\n\t<presence.1@a.example>",
        ] {
            assert!(about(report, text), "{text}");
        }
        for text in [
            "Message-ID: <1@a.example>\r\nSubject: <presence.1@a.example>",
            "see <presence.1@a.example>",
            "Message-ID: <my.presence.1@a.example>",
            "X-Message-ID: <presence.1@a.example>",
        ] {
            assert!(!about(report, text), "{text}");
        }
        let answer = "In-Reply-To: <presence.1@a.example>";
        assert!(about(
            &format!("Auto-Submitted: auto-replied\r\n{answer}"),
            "away"
        ));
        assert!(about(&format!("Return-Path: <>\r\n{answer}"), "away"));
        assert!(!about(answer, "a person asks what this mail was"));
    }

    #[test]
    fn reports_say_what_they_report() {
        let report = |kind: &str| {
            let header =
                format!("Content-Type: Multipart/Report; Report-Type=\"{kind}\"; boundary=b");
            read(format!("{header}\r\n\r\n").as_bytes(), &[], true)
                .unwrap()
                .report
        };
        assert_eq!(report("Delivery-Status"), Some(ReportType::Delivery));
        assert_eq!(
            report("disposition-notification"),
            Some(ReportType::Disposition)
        );
        assert_eq!(report("tlsrpt"), Some(ReportType::Other));
    }
}
