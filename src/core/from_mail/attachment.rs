//! Parts that are not shown as text, and how they are named to a person.

use crate::core::text::clean;

/// The longest file name, in octets.
const NAME_OCTETS_MAX: usize = 120;
/// The longest ending of a file name that is kept when the name is cut, in octets.
const ENDING_OCTETS_MAX: usize = 12;

/// A part that is not shown as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The file name: a base name, cleaned, at most 120 octets. Of a mail in the mail, its subject.
    pub name: Option<String>,
    /// Media type in lower case, e.g. `image/png`.
    pub media_type: String,
    /// Decoded size in octets; of a mail or a multipart the size as it was sent.
    pub octets: usize,
}

/// What a person is told of an attachment in one line, e.g. `[image photo.jpg, 24 KB]`, `[encrypted message, 4 KB]`.
pub fn attachment_line(attachment: &Attachment) -> String {
    let kind = kind_of(&attachment.media_type);
    let size = size_for_people(attachment.octets);
    match &attachment.name {
        Some(name) => format!("[{kind} {name}, {size}]"),
        None => format!("[{kind}, {size}]"),
    }
}

/// A word of everyday language for a media type.
fn kind_of(media_type: &str) -> &'static str {
    match media_type {
        "text/calendar" | "application/ics" => "calendar invitation",
        "text/vcard" | "text/x-vcard" | "text/directory" => "contact card",
        "text/html" | "application/xhtml+xml" => "web page",
        "multipart/encrypted" | "application/pgp-encrypted" => "encrypted message",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "S/MIME message",
        "application/pgp-keys" => "OpenPGP key",
        "application/pgp-signature"
        | "application/pkcs7-signature"
        | "application/x-pkcs7-signature" => "signature",
        "application/ms-tnef" | "application/vnd.ms-tnef" => "Outlook attachments",
        "message/rfc822" | "message/global" => "mail",
        "message/delivery-status" | "message/global-delivery-status" => "delivery report",
        "message/disposition-notification" | "message/global-disposition-notification" => {
            "read receipt"
        }
        "text/rfc822-headers" | "message/global-headers" => "header of the mail",
        "application/xmpp+xml" => "chat message",
        "application/pdf" => "PDF",
        "application/zip"
        | "application/gzip"
        | "application/x-tar"
        | "application/x-7z-compressed" => "archive",
        other => kind_of_family(other),
    }
}

fn kind_of_family(media_type: &str) -> &'static str {
    match media_type.split('/').next() {
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        Some("text") => "text",
        Some("message" | "multipart") => "message",
        _ => "file",
    }
}

/// A size in the unit that a person would choose, rounded up: `312 bytes`, `24 KB`, `1.5 MB`.
fn size_for_people(octets: usize) -> String {
    const KB: usize = 1024;
    const MB: usize = KB * KB;
    match octets {
        0..KB => format!("{octets} bytes"),
        KB..MB => format!("{} KB", octets.div_ceil(KB)),
        _ => {
            let tenths = octets.saturating_mul(10).div_ceil(MB);
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

/// A base name that can stand in a text and in a folder: nothing that separates paths, no controls, nothing that
/// reorders, no dots in front. `None` where nothing remains.
pub fn file_name(written: &str) -> Option<String> {
    let base = written.rsplit(['/', '\\']).next()?;
    one_name(base)
}

/// The name of a mail inside a mail: its subject, in which slashes are ordinary.
pub fn name_of_mail(subject: &str) -> Option<String> {
    one_name(subject)
}

fn one_name(text: &str) -> Option<String> {
    let name: String = clean::for_header(text, usize::MAX)
        .chars()
        .map(|c| {
            if matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') {
                '_'
            } else {
                c
            }
        })
        .collect();
    let name = name
        .trim_start_matches(['.', ' '])
        .trim_end_matches(['.', ' ']);
    (!name.is_empty()).then(|| shortened(name))
}

/// At most [`NAME_OCTETS_MAX`] octets, with the ending that says what kind of file it is.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_OCTETS_MAX {
        return name.to_owned();
    }
    let ending = name
        .rfind('.')
        .and_then(|dot| name.get(dot..))
        .filter(|ending| ending.len() <= ENDING_OCTETS_MAX)
        .unwrap_or_default();
    let start = clean::cut(name, NAME_OCTETS_MAX.saturating_sub(ending.len()));
    format!("{}{ending}", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: Option<&str>, media_type: &str, octets: usize) -> String {
        attachment_line(&Attachment {
            name: name.map(str::to_owned),
            media_type: media_type.to_owned(),
            octets,
        })
    }

    #[test]
    fn an_attachment_is_named_in_everyday_words() {
        assert_eq!(
            line(Some("photo.jpg"), "image/jpeg", 24 * 1024),
            "[image photo.jpg, 24 KB]"
        );
        assert_eq!(
            line(Some("invite.ics"), "text/calendar", 2049),
            "[calendar invitation invite.ics, 3 KB]"
        );
        assert_eq!(
            line(None, "multipart/encrypted", 4000),
            "[encrypted message, 4 KB]"
        );
        assert_eq!(line(None, "application/x-unheard-of", 0), "[file, 0 bytes]");
        assert_eq!(line(None, "video/mp4", 1_572_864), "[video, 1.5 MB]");
        assert_eq!(line(None, "nonsense", 1023), "[file, 1023 bytes]");
    }

    #[test]
    fn file_names_lose_their_paths_and_tricks() {
        for (written, name) in [
            ("photo.jpg", Some("photo.jpg")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\Eve\\a b.doc", Some("a b.doc")),
            ("..", None),
            ("", None),
            ("x/", None),
            (" \u{202e}gnp.exe\0\r\n", Some("gnp.exe")),
            (".profile", Some("profile")),
            ("a:b?.txt. ", Some("a_b_.txt")),
            ("\u{200b}", None),
        ] {
            assert_eq!(file_name(written).as_deref(), name, "{written:?}");
        }
        assert_eq!(name_of_mail("Re: 1/2").as_deref(), Some("Re_ 1_2"));
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = file_name(&format!("{}.tar.gz", "ä".repeat(200))).unwrap();
        assert!(name.len() <= 120 && name.ends_with(".gz"), "{name}");
        let name = file_name(&format!("a.{}", "b".repeat(10_000))).unwrap();
        assert_eq!(name.len(), 120);
    }
}
