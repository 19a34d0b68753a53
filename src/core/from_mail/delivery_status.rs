//! Reports on the delivery of a mail: the fields of RFC 3464, or, from programs without them, a text.

use super::bounce;
use super::delivery::{
    DeliveryAction, DeliveryReport, ReportContext, Reported, about, original_to, reply,
};
use super::report::{Group, ReportParts};
use crate::core::id::MessageId;
use crate::core::limits;
use crate::core::text::clean;

/// The type before a diagnostic (`smtp;`, `X-Postfix;`), in octets.
const TYPE_OCTETS_MAX: usize = 30;

/// The report that these parts make, or this text.
pub(super) fn read(parts: &ReportParts, known: &ReportContext<'_>) -> Option<DeliveryReport> {
    let groups = parts.delivery.as_ref();
    let report = groups.and_then(|groups| of_fields(groups, parts, known));
    let report = match report {
        None if known.is_from_server => bounce::read(parts, known),
        report => report,
    };
    let mut report = report.or_else(|| bounce::of_any_program(parts, known))?;
    let is_success = |one: &Reported| one.action == DeliveryAction::Delivered;
    // A success counts only where the fields, or the copy, name the mail.
    let is_of_failure = !report.recipients.iter().any(is_success);
    for id in known.ours.iter().filter(|_| is_of_failure) {
        if !report.about.contains(id) {
            report.about.push(id.clone());
        }
    }
    Some(report)
}

fn of_fields(
    groups: &[Group],
    parts: &ReportParts,
    known: &ReportContext<'_>,
) -> Option<DeliveryReport> {
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

/// RFC 3464 §2.3. A group without an action is that of the whole report.
fn reported(group: &Group) -> Option<Reported> {
    let action = action(group.get("action")?)?;
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

/// RFC 3464 §2.3.3.
fn action(text: &str) -> Option<DeliveryAction> {
    let word = text.split([' ', '(', ';']).next().unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "failed" => Some(DeliveryAction::Failed),
        "delayed" => Some(DeliveryAction::Delayed),
        "delivered" => Some(DeliveryAction::Delivered),
        "relayed" => Some(DeliveryAction::Relayed),
        "expanded" => Some(DeliveryAction::Expanded),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::outcome::Reply;

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
