//! What stands in a mail for what only chat programs show as such.

use crate::core::language::{Language, say};

/// Above a message that is sent on: whose it was, and when, as far as the client says so.
pub fn forwarded(language: Language, from: Option<&str>, stamp: Option<&str>) -> String {
    match (from, stamp) {
        (Some(from), Some(stamp)) => {
            say!(language, "forwarded-from-at", from = from, stamp = stamp)
        }
        (Some(from), None) => say!(language, "forwarded-from", from = from),
        (None, Some(stamp)) => say!(language, "forwarded-at", stamp = stamp),
        (None, None) => say!(language, "forwarded"),
    }
}

/// An invitation to a room.
pub fn room(language: Language, room: &str) -> String {
    say!(language, "room-invitation", room = room)
}

/// The room's password.
pub fn password(language: Language, password: &str) -> String {
    say!(language, "room-password", password = password)
}

/// Above what not everybody wants to read.
pub fn spoiler(language: Language) -> String {
    say!(language, "spoiler")
}
