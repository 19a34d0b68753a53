//! What is said of mails that are not shown since their sender is in doubt.

use super::KeptAt;
use crate::core::language::{Language, say};

/// Why a mail is not shown whose sender is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldReason {
    /// Its sender failed authentication.
    Failed,
    /// Nobody verified its sender, where that is required.
    Unverified,
    /// Its header is longer than is read.
    Unread,
}

/// In place of a mail whose sender is in doubt; `None`: not even an address of it could be read. Users may be unable to open the
/// mailbox in which it lies: `contacts`, where who runs the gateway can be reached.
pub fn held(
    language: Language,
    mail: Option<&str>,
    (why, kept): (HoldReason, KeptAt),
    contacts: &[String],
) -> String {
    let in_mailbox = kept == KeptAt::Mailbox && !contacts.is_empty();
    let said = held_where(language, mail, why, kept);
    match in_mailbox {
        true => {
            let ask = say!(language, "held-ask", who = contacts.join(", "));
            format!("{said} {ask}")
        }
        false => said,
    }
}

fn held_where(language: Language, mail: Option<&str>, why: HoldReason, kept: KeptAt) -> String {
    let mail = mail.map(str::to_owned);
    let mail = mail.unwrap_or_else(|| say!(language, "nobody-to-be-read"));
    let kept = kept.key();
    match why {
        HoldReason::Failed => say!(language, "held-failed", mail = mail, kept = kept),
        HoldReason::Unverified => say!(language, "held-unverified", mail = mail, kept = kept),
        HoldReason::Unread => say!(language, "held-unread", mail = mail, kept = kept),
    }
}

/// Of mails whose senders are in doubt, after the first of an hour.
pub fn held_as_well(language: Language, count: usize) -> String {
    say!(language, "held-as-well", count = count)
}
