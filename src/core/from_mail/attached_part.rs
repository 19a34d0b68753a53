//! What an attachment is, by the part of the mail that holds it.

use super::attachment::{Attachment, file_name};
use super::calendar::{self, Meeting};
use super::card;
use super::content::{known_by_start, subject_of};
use super::inside::Contents;
use super::mime::MailPart;
use crate::core::text::{charset, clean};

/// A picture that the text shows, in octets: a bigger one is worth a line of its own.
const ORNAMENT_OCTETS_MAX: usize = 20 * 1024;
/// RFC 6838 §4.2: 127 characters for a type and for a subtype.
pub(super) const MEDIA_TYPE_CHARS_MAX: usize = 255;

/// As a part of a mail is.
pub(super) fn attachment_of(
    part: &MailPart<'_>,
    media_type: String,
    contents: Contents<'_>,
) -> Attachment {
    let name = part.file_name().and_then(file_name);
    let octets = part.octets();
    let is_ornament = media_type.starts_with("image/")
        && octets <= ORNAMENT_OCTETS_MAX
        && part.has_content_id()
        && !part.is_attachment();
    Attachment {
        meeting: meeting(part, &media_type),
        card: card::card(part, &media_type, name.as_deref()),
        media_type: match known_by_start(part, &media_type) {
            Some(known) => known.to_owned(),
            None => clean::for_header(&media_type, MEDIA_TYPE_CHARS_MAX),
        },
        is_ornament,
        content: contents.of(part),
        ..Attachment::new(name.or_else(|| subject_of(part, &media_type)), octets)
    }
}

/// What of a calendar matters.
fn meeting(part: &MailPart<'_>, media_type: &str) -> Option<Meeting> {
    if !is_calendar(media_type) {
        return None;
    }
    let content_type = part.content_type();
    let parameter = |name| content_type.and_then(|one| one.attribute(name));
    let calendar = charset::decode(parameter("charset").or(Some("utf-8")), &part.decoded());
    calendar::meeting(&calendar, parameter("method"))
}

pub(super) fn is_calendar(media_type: &str) -> bool {
    matches!(media_type, "text/calendar" | "application/ics")
}
