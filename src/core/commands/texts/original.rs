//! What is said of mails as they came.

use super::moment;
use crate::core::language::{Language, say};
use crate::core::time::Timestamp;

/// Nothing has come.
pub(crate) fn none(language: Language, mail: &str) -> String {
    say!(language, "no-mail-known", mail = mail)
}

/// The user has not accepted who wrote it, or has refused them.
pub(crate) fn unaccepted(language: Language, mail: &str, is_refused: bool) -> String {
    match is_refused {
        true => say!(language, "original-refused", mail = mail),
        false => say!(language, "original-waits", mail = mail),
    }
}

/// None ever is.
pub(crate) fn none_kept(language: Language) -> String {
    say!(language, "no-mails-kept")
}

/// Above one whose sender nobody could verify.
pub(crate) fn unverified(language: Language) -> String {
    say!(language, "unverified-original")
}

/// The chat has all of it.
pub(crate) fn whole(language: Language, mail: &str, at: Timestamp, now: Timestamp) -> String {
    let moment = moment(language, at, now);
    say!(language, "mail-shown-whole", mail = mail, moment = moment)
}

/// It is not there.
pub(crate) fn not_kept(language: Language, mail: &str) -> String {
    say!(language, "mail-not-kept", mail = mail)
}
