//! What became of a mail.

use super::{ended, quoted, words};
use crate::core::language::{Language, say};
use crate::core::limits;
use crate::core::outcome::Reply;
use crate::core::text::clean;
use crate::core::to_stanza::Condition;

/// How it is noted that the administrator took a mail out of the queue; its sender reads that in words.
pub const DROPPED: &str = "it was dropped by the administrator of the e-mail gateway";
/// The same of a mail server that nobody could speak to.
pub const UNREACHED: &str = "the gateway's mail server cannot be reached";

/// As a sentence chooses by it.
fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

/// Mail was refused for good.
pub fn refused(language: Language, mail: &str, reply: &Reply, certain: bool) -> String {
    let why = words(language, reply);
    let certain = yes(certain);
    say!(
        language,
        "refused",
        certain = certain,
        mail = mail,
        why = why
    )
}

/// A message that was not delivered, as its contact says it: plain words first, then what the mail server said.
pub fn undelivered(language: Language, excerpt: &str, condition: Condition, why: &str) -> String {
    let reason = match condition {
        Condition::ItemNotFound => say!(language, "undelivered-no-address"),
        Condition::ResourceConstraint => say!(language, "undelivered-mailbox-full"),
        Condition::NotAcceptable => say!(language, "undelivered-too-big"),
        Condition::Forbidden => say!(language, "undelivered-not-allowed"),
        Condition::RemoteServerTimeout => say!(language, "undelivered-too-long"),
        _ => say!(language, "undelivered-other"),
    };
    match excerpt {
        "" => say!(language, "undelivered", reason = reason, why = why),
        excerpt => say!(
            language,
            "undelivered-excerpt",
            excerpt = quoted(language, excerpt),
            reason = reason,
            why = why
        ),
    }
}

/// A mail server reports that it could not deliver what it had taken. `forwarded` is where the mail had gone from there.
pub fn not_delivered(
    language: Language,
    mail: &str,
    forwarded: Option<&str>,
    reply: &Reply,
) -> String {
    match forwarded {
        Some(other) => say!(
            language,
            "forwarded-not-delivered",
            mail = mail,
            other = other,
            why = words(language, reply)
        ),
        None => refused(language, mail, reply, true),
    }
}

/// What the sender of a mail reads that the XMPP server could not take.
pub fn returned(
    language: Language,
    mail: &str,
    condition: Condition,
    text: Option<&str>,
) -> String {
    let why = match condition {
        Condition::ItemNotFound => say!(language, "returned-no-user"),
        Condition::ServiceUnavailable => say!(language, "returned-no-user-or-away"),
        Condition::Gone | Condition::Redirect => say!(language, "returned-moved"),
        Condition::RecipientUnavailable => say!(language, "returned-away"),
        Condition::ResourceConstraint => say!(language, "returned-no-room"),
        Condition::RemoteServerNotFound => say!(language, "returned-no-server"),
        Condition::RemoteServerTimeout => say!(language, "returned-silent-server"),
        Condition::Forbidden
        | Condition::NotAllowed
        | Condition::NotAuthorized
        | Condition::PolicyViolation
        | Condition::RegistrationRequired
        | Condition::SubscriptionRequired => say!(language, "returned-not-allowed"),
        _ => say!(language, "returned-other"),
    };
    let condition = condition.name();
    let said = text.map(|text| say!(language, "returned-said", words = quoted(language, text)));
    let parts = [
        Some(say!(
            language,
            "returned",
            mail = mail,
            why = why,
            condition = condition
        )),
        said,
        Some(say!(language, "returned-footer")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("{}\n", parts.join("\n\n"))
}

/// The subject of that report.
pub fn returned_subject(language: Language) -> String {
    say!(language, "returned-subject")
}

/// From whom it is, as people read it.
pub fn returned_from(language: Language) -> String {
    say!(language, "returned-from")
}

/// A mail server reports that what it had taken is late.
pub fn late(language: Language, mail: &str, reply: &Reply) -> String {
    let why = ended(&words(language, reply));
    say!(language, "late", mail = mail, why = why)
}

/// Why a mail has not left: what the mail server said last.
fn last_words(language: Language, reply: Option<&Reply>) -> String {
    reply.map_or_else(
        || say!(language, "not-reached"),
        |reply| words(language, reply),
    )
}

/// Mail was given up after a long time.
pub fn expired(
    language: Language,
    mail: &str,
    days: u64,
    reply: Option<&Reply>,
    certain: bool,
) -> String {
    let why = last_words(language, reply);
    say!(
        language,
        "expired",
        certain = yes(certain),
        mail = mail,
        days = days,
        why = why
    )
}

/// Mail is late.
pub fn delayed(language: Language, mail: &str, hours: u64, reply: Option<&Reply>) -> String {
    let why = ended(&last_words(language, reply));
    say!(language, "delayed", mail = mail, hours = hours, why = why)
}

/// Status of a contact whose mail gets through.
pub fn status_available(language: Language) -> String {
    say!(language, "status-available")
}

/// Status of a contact whose mail does not get through.
pub fn status_trouble(language: Language, text: &str) -> String {
    let why = clean::for_header(text, limits::HEADER_TEXT_CHARS_MAX);
    say!(language, "status-trouble", why = why)
}
