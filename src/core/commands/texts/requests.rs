//! What is said of people who wait to be accepted.

use super::of_others;
use crate::core::language::{Language, say};
use crate::core::text::clean;

/// Of how a mail begins, in characters.
const PREVIEW_CHARS_MAX: usize = 120;

/// Nobody waits.
pub(crate) fn nothing(language: Language) -> String {
    say!(language, "requests-none")
}

/// Before the list; `example` is the address of the first.
pub(crate) fn waiting(language: Language, count: usize, is_full: bool, example: &str) -> String {
    let full = if is_full { "yes" } else { "no" };
    say!(
        language,
        "requests-waiting",
        count = count,
        full = full,
        mail = example
    )
}

/// How many mails are kept of one.
pub(crate) fn mails(language: Language, kept: usize, left: u32) -> String {
    let mails = match kept {
        0 => say!(language, "request-answered"),
        kept => say!(language, "request-mails", count = kept),
    };
    match left {
        0 => mails,
        left => say!(language, "request-mails-left", mails = mails, count = left),
    }
}

/// How the first mail begins.
pub(crate) fn preview(language: Language, text: &str) -> String {
    of_others(language, &clean::for_header(text, PREVIEW_CHARS_MAX))
}

/// Beside who waits, where nobody could verify whose the last mail is.
pub(crate) fn unverified(language: Language) -> String {
    say!(language, "request-unverified")
}

/// A contact that cannot be forgotten while mails of it wait.
pub(crate) fn remove_waits(language: Language, mail: &str, count: usize) -> String {
    say!(language, "removed-waits", mail = mail, count = count)
}

/// One of those that may be chosen.
pub(crate) fn choice(people: &str, preview: &str) -> String {
    match preview {
        "" => people.to_owned(),
        preview => format!("{people}: {preview}"),
    }
}

/// Somebody is accepted, of whom so many mails were kept and so many not; of what came while they were refused nothing was.
pub(crate) fn accepted(
    language: Language,
    mail: &str,
    (shown, left): (usize, u32),
    was_refused: bool,
) -> String {
    let shown = (shown > 0).then(|| say!(language, "request-shown", count = shown));
    let left = (left > 0).then(|| say!(language, "request-left", count = left));
    let missed = was_refused.then(|| say!(language, "request-missed"));
    let said = [
        Some(say!(language, "request-accepted", mail = mail)),
        shown,
        left,
        missed,
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    said.join(" ")
}

/// Somebody whose answer could not be verified is believed by the user.
pub(crate) fn confirmed(language: Language, mail: &str) -> String {
    say!(language, "request-confirmed", mail = mail)
}

/// Somebody who needs no accepting.
pub(crate) fn accepted_already(language: Language, mail: &str) -> String {
    say!(language, "request-accepted-already", mail = mail)
}

/// Somebody is refused.
pub(crate) fn refused(language: Language, mail: &str) -> String {
    say!(language, "request-refused", mail = mail)
}

/// An answer is not believed.
pub(crate) fn not_believed(language: Language, mail: &str) -> String {
    say!(language, "request-not-believed", mail = mail)
}

/// Somebody who does not wait.
pub(crate) fn does_not_wait(language: Language, mail: &str) -> String {
    say!(language, "request-unknown", mail = mail)
}
