//! What is said of mails that wait.

use super::{brief, moment};
use crate::core::language::{Language, say};
use crate::core::operation::{JobChange, JobStage};
use crate::core::time::Timestamp;

/// All has left.
pub(crate) fn nothing(language: Language) -> String {
    say!(language, "nothing-waits")
}

/// In place of a text: the mail asks for a subscription.
pub(crate) fn request(language: Language) -> String {
    say!(language, "a-request")
}

/// Before the list; `example` names the first of them.
pub(crate) fn waiting(language: Language, shown: usize, all: usize, example: &str) -> String {
    match shown >= all {
        true => say!(language, "mails-waiting", count = all, example = example),
        false => say!(
            language,
            "mails-waiting-more",
            count = shown,
            example = example
        ),
    }
}

/// Recipients: the first, and how many others there are.
pub(crate) fn people(language: Language, first: &str, others: usize) -> String {
    match others {
        0 => first.to_owned(),
        others => say!(language, "people", first = first, others = others),
    }
}

/// For whom it is.
pub(crate) fn to(language: Language, people: &str) -> String {
    say!(language, "waiting-to", people = people)
}

/// How it begins, and how many lines follow the first.
pub(crate) fn excerpt(language: Language, text: &str, more: usize) -> String {
    match text {
        "" => String::new(),
        text => say!(language, "excerpt", text = text, more = more),
    }
}

/// One of those that may be chosen.
pub(crate) fn choice(language: Language, people: &str, excerpt: &str) -> String {
    let to = to(language, people);
    match excerpt {
        "" => to,
        excerpt => format!("{to}: {excerpt}"),
    }
}

/// Since when it waits.
pub(crate) fn since(language: Language, at: Timestamp, now: Timestamp) -> String {
    say!(
        language,
        "waiting-since",
        moment = moment(language, at, now)
    )
}

/// For what it waits.
pub(crate) fn next(
    language: Language,
    (stage, attempts): (JobStage, u32),
    at: Timestamp,
    now: Timestamp,
) -> String {
    let tried = match attempts {
        0 => say!(language, "not-tried"),
        attempts => say!(language, "tried-times", count = attempts),
    };
    let moment = moment(language, at, now);
    match stage {
        JobStage::Waits if at <= now => say!(language, "turn-comes", tried = tried),
        JobStage::Waits if attempts == 0 => {
            say!(language, "leaves-at", tried = tried, moment = moment)
        }
        JobStage::Waits => say!(language, "again-at", tried = tried, moment = moment),
        JobStage::UnderWay => say!(language, "under-way"),
        JobStage::Settling => say!(language, "just-ended"),
    }
}

/// It is not sent.
pub(crate) fn taken_back(language: Language, people: &str, certain: bool) -> String {
    match certain {
        true => say!(language, "taken-back", people = people),
        false => say!(language, "taken-back-uncertain", people = people),
    }
}

/// Its turn is now.
pub(crate) fn tried(language: Language, people: &str) -> String {
    say!(language, "tried-now", people = people)
}

/// Nothing was done.
pub(crate) fn unchanged(language: Language, people: &str, change: JobChange) -> String {
    match change {
        JobChange::Not(JobStage::UnderWay | JobStage::Waits) => {
            say!(language, "unchanged-under-way", people = people)
        }
        JobChange::Not(JobStage::Settling) => say!(language, "unchanged-settling", people = people),
        JobChange::Unreadable => say!(language, "unchanged-unreadable", people = people),
        JobChange::Unknown | JobChange::Done => say!(language, "unchanged-gone", people = people),
    }
}

/// No mail of the user is called so; whether one of somebody else is, is not said.
pub(crate) fn none(language: Language, typed: &str) -> String {
    say!(language, "none-waits-called", typed = brief(typed))
}

/// Not enough was typed.
pub(crate) fn several(language: Language, typed: &str) -> String {
    say!(language, "several-wait-called", typed = brief(typed))
}

/// Nothing was begun.
pub(crate) fn busy(language: Language) -> String {
    say!(language, "busy")
}
