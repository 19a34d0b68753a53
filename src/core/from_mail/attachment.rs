//! Parts that are not shown as text, and how they are named to a person.

use super::calendar::Meeting;
use super::card::AttachedCard;
use super::inside::Inside;
use crate::core::language::{Language, Sentence, say};
use crate::core::text::{clean, size};

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
    /// What of a calendar matters.
    pub meeting: Option<Meeting>,
    /// What of a contact card matters.
    pub card: Option<AttachedCard>,
    /// A picture that belongs to the look of the text: the logos of a signature.
    pub is_ornament: bool,
    /// What is in it, where that was asked for ([`super::attachments`]).
    pub content: Option<Inside>,
}

impl Attachment {
    /// Whether it is told in words, wherever the file itself is.
    pub fn is_in_words(&self) -> bool {
        self.meeting.is_some() || self.card.is_some()
    }

    /// A file of which no more is known.
    pub fn new(name: Option<String>, octets: usize) -> Self {
        Self {
            name,
            media_type: "application/octet-stream".to_owned(),
            octets,
            meeting: None,
            card: None,
            is_ornament: false,
            content: None,
        }
    }
}

/// What a person is told of the attachments, a line each, of at most `max`, and of how many no line tells. Ornaments
/// have one line together. With each, why there is no more of it than that.
pub fn attachment_lines(
    language: Language,
    attachments: &[(&Attachment, Option<String>)],
    max: usize,
) -> (Vec<String>, usize) {
    let ornaments = || attachments.iter().filter(|(one, _)| one.is_ornament);
    let count = ornaments().count();
    let octets = ornaments().fold(0_usize, |sum, (one, _)| sum.saturating_add(one.octets));
    let are_together = count > 1;
    let alone = attachments
        .iter()
        .filter(|(one, _)| !(one.is_ornament && are_together));
    let more = alone.clone().count().saturating_sub(max);
    let mut lines: Vec<String> = alone
        .take(max)
        .map(|(one, why)| attachment_line(language, one, why.as_deref()))
        .collect();
    if are_together {
        lines.push(say!(
            language,
            "small-pictures",
            count = count,
            size = size_in_words(language, octets)
        ));
    }
    (lines, more)
}

/// What a person is told of an attachment in one line, e.g. `[image photo.jpg, 24 KB]`, `[encrypted message, 4 KB]`, and why
/// there is no more of it than this line, where that is to be said.
pub fn attachment_line(language: Language, attachment: &Attachment, why: Option<&str>) -> String {
    let kind = kind_of(&attachment.media_type).in_language(language);
    let size = size_in_words(language, attachment.octets);
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    if let Some(meeting) = &attachment.meeting {
        return format!("[{}]", meeting.in_words(language));
    }
    if let Some(card) = &attachment.card {
        let kind = Sentence("file-contact").in_language(language);
        return format!("[{kind}: {}{why}]", card.in_words());
    }
    match &attachment.name {
        Some(name) => format!("[{kind} {name}, {size}{why}]"),
        None => format!("[{kind}, {size}{why}]"),
    }
}

/// A word of everyday language for a media type.
fn kind_of(media_type: &str) -> Sentence {
    match media_type {
        "text/calendar" | "application/ics" => Sentence("file-calendar"),
        "text/vcard" | "text/x-vcard" | "text/directory" => Sentence("file-contact"),
        "text/html" | "application/xhtml+xml" => Sentence("file-page"),
        "multipart/encrypted" | "application/pgp-encrypted" => Sentence("file-encrypted"),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => Sentence("file-smime"),
        "application/pgp-keys" => Sentence("file-openpgp-key"),
        "application/pgp-signature"
        | "application/pkcs7-signature"
        | "application/x-pkcs7-signature" => Sentence("file-signature"),
        "application/ms-tnef" | "application/vnd.ms-tnef" => Sentence("file-tnef"),
        "message/rfc822" | "message/global" => Sentence("file-mail"),
        "message/partial" => Sentence("file-partial"),
        "message/delivery-status" | "message/global-delivery-status" => {
            Sentence("file-delivery-report")
        }
        "message/disposition-notification" | "message/global-disposition-notification" => {
            Sentence("file-read-receipt")
        }
        "text/rfc822-headers" | "message/global-headers" => Sentence("file-header"),
        "application/xmpp+xml" => Sentence("file-chat-message"),
        "application/pdf" => Sentence("file-pdf"),
        "application/zip"
        | "application/gzip"
        | "application/x-tar"
        | "application/x-7z-compressed" => Sentence("file-archive"),
        other => kind_of_family(other),
    }
}

fn kind_of_family(media_type: &str) -> Sentence {
    match media_type.split('/').next() {
        Some("image") => Sentence("file-image"),
        Some("audio") => Sentence("file-audio"),
        Some("video") => Sentence("file-video"),
        Some("text") => Sentence("file-text"),
        Some("message" | "multipart") => Sentence("file-message"),
        _ => Sentence("file-other"),
    }
}

fn size_in_words(language: Language, octets: usize) -> String {
    size::in_words(language, u64::try_from(octets).unwrap_or(u64::MAX))
}

/// A base name that can stand in a text and in a folder: nothing that separates paths, no controls, nothing that
/// reorders, no dots in front. `None` where nothing remains.
pub fn file_name(written: &str) -> Option<String> {
    let base = written.rsplit(['/', '\\']).next()?;
    one_name(base)
}

/// The name of a mail inside a mail: its subject, in which slashes are ordinary.
pub(crate) fn name_of_mail(subject: &str) -> Option<String> {
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
        let attachment = Attachment {
            media_type: media_type.to_owned(),
            ..Attachment::new(name.map(str::to_owned), octets)
        };
        attachment_line(Language::ENGLISH, &attachment, None)
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
    fn the_logos_of_a_signature_have_one_line() {
        let logo = Attachment {
            is_ornament: true,
            ..Attachment::new(Some("image001.png".to_owned()), 600)
        };
        let plan = Attachment::new(Some("plan.pdf".to_owned()), 20);
        let lines = |all: &[Attachment]| {
            let all: Vec<_> = all.iter().map(|one| (one, None)).collect();
            attachment_lines(Language::ENGLISH, &all, 1)
        };
        let all = [logo.clone(), plan.clone(), logo.clone(), plan.clone()];
        assert_eq!(
            lines(&all),
            (
                vec![
                    "[file plan.pdf, 20 bytes]".to_owned(),
                    "[2 small pictures, 2 KB]".to_owned()
                ],
                1
            )
        );
        assert_eq!(lines(&[logo]).0, ["[file image001.png, 600 bytes]"]);
        assert_eq!(lines(&[]), (Vec::new(), 0));
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
