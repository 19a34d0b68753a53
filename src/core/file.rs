//! Files on their way: what is told of one that is up, and why one is not.

use crate::core::from_mail::attachment;
use crate::core::text::clean;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jid::BareJid;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;

/// Files of one mail that are uploaded; the others are named.
pub const FILES_PER_MAIL_MAX: usize = 20;
/// Files of one message that are attached.
pub const FILES_PER_MESSAGE_MAX: usize = 10;
/// What one file that is attached may have, in octets, whatever the mail server takes. It leaves a third bigger, in base64.
pub const ATTACHED_OCTETS_MAX: u64 = 20 * 1024 * 1024;
/// What a mail has besides its files, at most about so much, in octets.
const REST_OCTETS: u64 = 256 * 1024;
/// So much of a file tells what it is and how big the picture is, in octets: before that of a photo stand up to 64 KiB about
/// the camera, several times.
const START_OCTETS: usize = 256 * 1024;
/// The longest address of a file, in octets.
const URL_OCTETS_MAX: usize = 4096;

/// A file that lies where its URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    /// Where.
    pub url: String,
    /// The file's name, safe in any folder.
    pub name: String,
    /// The media type, by what the file holds.
    pub media_type: String,
    /// Its size in octets.
    pub octets: usize,
    /// Its SHA-256, in base64.
    pub sha256: String,
    /// Width and height of a picture, in pixels.
    pub pixels: Option<(usize, usize)>,
}

impl Hosted {
    /// What is told of a file that lies at an address.
    pub fn of(url: String, name: &str, media_type: &str, facts: &FileFacts) -> Self {
        Self {
            url,
            name: name.to_owned(),
            octets: facts.octets,
            sha256: facts.sha256.clone(),
            pixels: pixels(&facts.start).filter(|_| media_type.starts_with("image/")),
            media_type: media_type.to_owned(),
        }
    }
}

/// What is known of a file of which all was seen once, a piece after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Its size in octets.
    pub octets: usize,
    /// Its SHA-256, in base64.
    pub sha256: String,
    /// Its first octets, which tell what it is.
    pub start: Vec<u8>,
}

impl FileFacts {
    /// Of all of its pieces.
    ///
    /// # Errors
    /// Of the first that cannot be read.
    pub fn of(pieces: impl Iterator<Item = io::Result<Vec<u8>>>) -> io::Result<Self> {
        let (mut octets, mut digest, mut start) = (0_usize, Sha256::new(), Vec::new());
        for piece in pieces {
            let piece = piece?;
            octets = octets.saturating_add(piece.len());
            digest.update(&piece);
            let room = START_OCTETS.saturating_sub(start.len()).min(piece.len());
            start.extend_from_slice(piece.get(..room).unwrap_or_default());
        }
        Ok(Self {
            octets,
            sha256: STANDARD.encode(digest.finalize()),
            start,
        })
    }
}

/// Why a file is not up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotHosted {
    /// It is not one for people, or there is nobody who would take it: it is named, and no more is said.
    Named,
    /// The server takes none of this size; the most that it takes, in octets, where it says that.
    TooLarge(Option<u64>),
    /// The server does not take it: its words.
    Refused(String),
    /// The server did not answer.
    Silent,
    /// The user has had all that one user gets in a day.
    OverLimit,
    /// As many of the same mail are up as one mail gets.
    PerMail,
}

/// What became of a file of a mail.
pub type UploadOutcome = Result<Hosted, NotHosted>;

/// What a decision knows of the files of a mail.
#[derive(Clone, Copy, Debug, Default)]
pub enum Files<'a> {
    /// They are named, and that is all.
    #[default]
    Named,
    /// They could be put somewhere: a decision says for whom ([`Upload`]).
    Wanted,
    /// That was done: what became of each, in the order of the mail.
    Known(&'a [UploadOutcome]),
}

impl Files<'_> {
    /// What became of one.
    pub fn outcome(&self, index: usize) -> &UploadOutcome {
        match self {
            Self::Known(outcomes) => outcomes.get(index).unwrap_or(&Err(NotHosted::Named)),
            Self::Named | Self::Wanted => &Err(NotHosted::Named),
        }
    }

    /// Those that are up, each with its place in the mail.
    pub fn hosted(&self) -> impl Iterator<Item = (usize, &Hosted)> {
        let outcomes = match self {
            Self::Known(outcomes) => *outcomes,
            Self::Named | Self::Wanted => &[],
        };
        let each = outcomes.iter().enumerate();
        each.filter_map(|(index, outcome)| Some((index, outcome.as_ref().ok()?)))
    }
}

/// The files of a mail are to be put where the user can fetch them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Who asks the server for a place: each contact has a quota of its own there.
    pub contact: BareJid,
    /// Whose server is asked.
    pub user: BareJid,
}

/// A file that a user sends, as its stanza tells of it. Nothing of that is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLink {
    /// Where it lies.
    pub url: String,
    /// What it is called, safe in any folder.
    pub name: Option<String>,
    /// What it is to people, where the client says more than that it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant: Option<FileMeaning>,
}

/// What a file is to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileMeaning {
    /// A voice message: a sound that is played in the conversation (XEP-0447 §3.1, `disposition`), of so many milliseconds where
    /// that is said (XEP-0446, `length`).
    Voice(Option<u32>),
    /// XEP-0449. The message's words stand for the picture where that is not shown.
    Sticker,
}

impl FileLink {
    /// Its name, else the last piece of its address.
    pub fn name(&self) -> String {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        let last = percent_decode_str(path.rsplit('/').next().unwrap_or_default());
        let of_path = || attachment::file_name(&last.decode_utf8_lossy());
        self.name
            .clone()
            .or_else(of_path)
            .unwrap_or_else(|| "file".to_owned())
    }
}

/// The address of a file as a server gives it, if it is one that can be shown.
pub fn url(written: &str) -> Option<String> {
    let is_web = written.starts_with("https://") || written.starts_with("http://");
    let is_plain = written.chars().all(|c| c.is_ascii_graphic());
    (is_web && is_plain && written.len() <= URL_OCTETS_MAX).then(|| written.to_owned())
}

/// What a file is: by its octets where they tell, else as it was called.
pub fn media_type(octets: &[u8], called: &str) -> String {
    let called = called.trim().to_ascii_lowercase();
    let is_named = !matches!(called.as_str(), "" | "application/octet-stream");
    match infer::get(octets).map(|found| found.mime_type()) {
        // A document is an archive of a certain kind, which the name tells.
        Some("application/zip" | "application/x-ole-storage" | "text/xml" | "text/html")
            if is_named && !is_picture(&called) =>
        {
            called
        }
        // Of what has sound alone, too, the octets say that it is a film.
        Some(film) if film.starts_with("video/") && called.starts_with("audio/") => called,
        Some(found) => found.to_owned(),
        None if is_picture(&called) => "application/octet-stream".to_owned(),
        None if is_named => called,
        None => "application/octet-stream".to_owned(),
    }
}

/// Pictures of kinds that have a beginning of their own.
fn is_picture(media_type: &str) -> bool {
    matches!(
        media_type,
        "image/png"
            | "image/jpeg"
            | "image/jpg"
            | "image/gif"
            | "image/webp"
            | "image/bmp"
            | "image/tiff"
    )
}

/// Width and height of a picture.
pub fn pixels(octets: &[u8]) -> Option<(usize, usize)> {
    let size = imagesize::blob_size(octets).ok()?;
    (size.width > 0 && size.height > 0).then_some((size.width, size.height))
}

/// A name for a file that has none, with the ending that its media type has.
pub fn name(written: Option<&str>, media_type: &str) -> String {
    let ending = ending(media_type);
    match written {
        Some(name) if media_type.starts_with("message/") && !name.ends_with(".eml") => {
            format!("{name}.eml")
        }
        Some(name) => name.to_owned(),
        None => format!("{}.{ending}", family(media_type)),
    }
}

fn family(media_type: &str) -> &'static str {
    match media_type.split('/').next() {
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        Some("message") => "mail",
        _ => "file",
    }
}

fn ending(media_type: &str) -> String {
    let known = match media_type {
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "text/plain" => "txt",
        "text/calendar" => "ics",
        "text/vcard" | "text/x-vcard" | "text/directory" => "vcf",
        "message/rfc822" | "message/global" => "eml",
        "audio/mpeg" => "mp3",
        "audio/x-wav" => "wav",
        "application/octet-stream" => "bin",
        other => {
            let subtype = other.rsplit('/').next().unwrap_or_default();
            let subtype = subtype.trim_start_matches("x-");
            let is_short = subtype.len() <= 5 && subtype.bytes().all(|b| b.is_ascii_alphanumeric());
            match is_short && !subtype.is_empty() {
                true => subtype,
                false => "bin",
            }
        }
    };
    clean::for_header(known, 8)
}

/// What all files of one mail may have together, in octets, where the mail server takes mails of this size (RFC 1870).
pub fn attached_max(size: Option<u64>) -> u64 {
    // Each 57 octets are a line of 78.
    let room = |size: u64| size.saturating_sub(REST_OCTETS) / 78 * 57;
    let size = size.filter(|size| *size > 0);
    size.map_or(ATTACHED_OCTETS_MAX, |size| {
        room(size).min(ATTACHED_OCTETS_MAX)
    })
}

/// Parts that only programs need, or that nobody could open.
pub fn is_for_people(media_type: &str) -> bool {
    !media_type.starts_with("multipart/")
        && !matches!(
            media_type,
            "application/pgp-encrypted"
                | "application/pgp-signature"
                | "application/pkcs7-signature"
                | "application/x-pkcs7-signature"
                | "application/pkcs7-mime"
                | "application/x-pkcs7-mime"
                | "application/xmpp+xml"
                | "message/delivery-status"
                | "message/global-delivery-status"
                | "message/disposition-notification"
                | "message/global-disposition-notification"
                | "message/external-body"
                | "message/partial"
                | "text/rfc822-headers"
                | "message/global-headers"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x20\x08\x06\0\0\0";

    #[test]
    fn a_file_is_what_its_octets_say_and_not_what_it_is_called() {
        for (octets, called, expected) in [
            (PNG, "application/octet-stream", "image/png"),
            (PNG, "text/html", "image/png"),
            (b"<html><script>", "image/png", "text/html"),
            (
                b"MZ\x90\0",
                "image/jpeg",
                "application/vnd.microsoft.portable-executable",
            ),
            (b"%PDF-1.7\n", "application/x-pdf", "application/pdf"),
            (b"hello", "text/plain", "text/plain"),
            (b"hello", "", "application/octet-stream"),
            (
                b"PK\x03\x04\0\0\0\0",
                "application/vnd.oasis.opendocument.text",
                "application/vnd.oasis.opendocument.text",
            ),
            (
                b"PK\x03\x04\0\0\0\0",
                "application/octet-stream",
                "application/zip",
            ),
        ] {
            assert_eq!(media_type(octets, called), expected, "{called}");
        }
        assert_eq!(pixels(PNG), Some((16, 32)));
        assert_eq!(pixels(b"hello"), None);
        assert_eq!(pixels(&PNG[..12]), None);
    }

    #[test]
    fn each_file_has_a_name_with_an_ending() {
        for (written, media_type, expected) in [
            (Some("a.png"), "image/png", "a.png"),
            (None, "image/jpeg", "image.jpg"),
            (None, "audio/ogg", "audio.ogg"),
            (None, "application/x-unheard-of-until-now", "file.bin"),
            (None, "nonsense", "file.bin"),
            (None, "text/calendar", "file.ics"),
            (Some("Lunch"), "message/rfc822", "Lunch.eml"),
            (None, "message/rfc822", "mail.eml"),
        ] {
            assert_eq!(name(written, media_type), expected, "{media_type}");
        }
    }

    #[test]
    fn an_address_is_one_of_the_web_and_nothing_else() {
        assert!(url("https://a.example/x%20y.png").is_some());
        for bad in [
            "file:///etc/passwd",
            "https://a.example/x y",
            "https://a.example/\n",
            "javascript:alert(1)",
            &format!("https://a.example/{}", "x".repeat(5000)),
        ] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }
}
