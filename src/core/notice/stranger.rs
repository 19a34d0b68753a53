//! What is said of people with whom the user has had nothing to do, and of mails that nobody could verify.

use super::{in_quotes, quoted};
use crate::core::language::{Language, say};

/// On top of the first mail of a stranger.
pub fn first_mail(language: Language, name: Option<&str>, mail: &str) -> String {
    say!(language, "first-mail", who = who(language, name, mail))
}

/// On top of the first mail from a list, or of one that went to many.
pub fn first_bulk_mail(language: Language, name: Option<&str>, mail: &str) -> String {
    say!(language, "first-bulk-mail", who = who(language, name, mail))
}

/// On top of the first mail of a day whose sender is not verified.
pub fn unverified(language: Language) -> String {
    say!(language, "unverified")
}

/// On top of an answer to a request of the user's, which it would accept if anybody could verify it.
pub fn unverified_answer(language: Language, mail: &str) -> String {
    say!(language, "unverified-answer", mail = mail)
}

/// A stranger has written, and waits to be accepted. `preview` is how the mail begins.
pub fn request(language: Language, name: Option<&str>, mail: &str, preview: &str) -> String {
    let who = who(language, name, mail);
    match preview {
        "" => say!(language, "stranger-asks", who = who, mail = mail),
        preview => say!(
            language,
            "stranger-asks-saying",
            who = who,
            mail = mail,
            preview = quoted(language, preview)
        ),
    }
}

/// Whoever this is: clients do not show what somebody is called who is in no roster.
fn who(language: Language, name: Option<&str>, mail: &str) -> String {
    match name {
        Some(name) => format!("{} <{mail}>", in_quotes(language, name)),
        None => mail.to_owned(),
    }
}

/// The same in a line, with the client's own buttons beside it.
pub fn request_status(language: Language, mail: &str, preview: &str) -> String {
    match preview {
        "" => say!(language, "status-stranger-asks", mail = mail),
        preview => say!(
            language,
            "status-stranger-asks-saying",
            mail = mail,
            preview = quoted(language, preview)
        ),
    }
}

/// Beside a request of which nobody could verify whose it is.
pub fn unverified_stranger(language: Language, mail: &str) -> String {
    say!(language, "unverified-stranger", mail = mail)
}

/// What waited of a stranger is shown, and mails of that stranger that came meanwhile were not kept.
pub fn released(language: Language, mail: &str, shown: usize, left: u32) -> String {
    let said = [
        say!(language, "request-accepted", mail = mail),
        say!(language, "request-shown", count = shown),
        say!(language, "request-left", count = left),
    ];
    said.join(" ")
}

/// In place of a status where an answer could not be verified.
pub fn unverified_status(language: Language, mail: &str) -> String {
    say!(language, "status-unverified-answer", mail = mail)
}

/// Strangers wait whom the user is not asked about.
pub fn strangers_wait(language: Language) -> String {
    say!(language, "strangers-wait")
}
