//! What is said of a user who wants to be forgotten.

use crate::core::language::{Language, say};
use crate::core::traces::Traces;

/// What would be done, and how it is asked for.
pub(crate) fn sure(language: Language) -> String {
    say!(language, "forget-me-sure")
}

/// To who does not want it.
pub(crate) fn kept(language: Language) -> String {
    say!(language, "forget-me-kept")
}

/// It is done: what there was, and what there is elsewhere.
pub(crate) fn forgotten(language: Language, gone: &Traces) -> String {
    if gone.is_empty() {
        return say!(language, "forget-me-nothing");
    }
    let rows = &gone.rows;
    let kept = gone.originals.saturating_add(gone.files);
    let kept = kept.saturating_add(rows.avatars);
    let mut lines = vec![say!(
        language,
        "forget-me-done",
        contacts = rows.contacts,
        messages = rows.messages,
        threads = rows.threads,
        options = rows.options,
        marks = rows.seen,
        kept = kept,
        waiting = gone.waiting
    )];
    if gone.under_way > 0 {
        lines.push(say!(
            language,
            "forget-me-under-way",
            count = gone.under_way
        ));
    }
    lines.push(say!(language, "forget-me-left"));
    lines.join("\n")
}
