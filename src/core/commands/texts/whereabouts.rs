//! What is said of the way of a message.

use super::{brief, moment, waiting};
use crate::core::language::{Language, say};
use crate::core::time::Timestamp;

/// Nothing was written there.
pub(crate) fn none(language: Language, mail: &str) -> String {
    say!(language, "way-none", mail = mail)
}

/// Somebody who is no user.
pub(crate) fn no_user(language: Language, typed: &str) -> String {
    say!(language, "way-no-user", typed = brief(typed))
}

/// Which message it is.
pub(crate) fn last(
    language: Language,
    (mail, excerpt, more): (&str, &str, usize),
    at: Timestamp,
    now: Timestamp,
) -> String {
    let moment = moment(language, at, now);
    match excerpt {
        "" => say!(language, "way-last", mail = mail, moment = moment),
        excerpt => say!(
            language,
            "way-last-saying",
            mail = mail,
            excerpt = waiting::excerpt(language, excerpt, more),
            moment = moment
        ),
    }
}

/// It is in the queue, with what the server said last.
pub(crate) fn server_said(language: Language, words: &str) -> String {
    say!(language, "way-server-said", words = words)
}

/// The same where no server has said anything: what became of the last attempt.
pub(crate) fn last_attempt(language: Language, words: &str) -> String {
    say!(language, "way-last-attempt", words = words)
}

/// It was taken back in time.
pub(crate) fn taken_back(language: Language) -> String {
    say!(language, "way-taken-back")
}

/// The mail server has it.
pub(crate) fn taken(language: Language) -> String {
    say!(language, "way-taken")
}

/// Nobody has said anything of it.
pub(crate) fn left(language: Language) -> String {
    say!(language, "way-left")
}

/// It is late somewhere.
pub(crate) fn late(language: Language) -> String {
    say!(language, "way-late")
}

/// By a report.
pub(crate) fn delivered(language: Language, mail: &str) -> String {
    say!(language, "way-delivered", mail = mail)
}

/// By a refusal or a report.
pub(crate) fn failed(language: Language, mail: &str) -> String {
    say!(language, "way-failed", mail = mail)
}

/// By its reader's program.
pub(crate) fn read(language: Language) -> String {
    say!(language, "way-read")
}

/// Its name in the log and at mail servers.
pub(crate) fn name(language: Language, id: &str) -> String {
    say!(language, "way-name", id = id)
}
