//! Files that are put into a mail that is written already. They may have tens of megabytes: what is made here is what stands around
//! them, and their lines piece by piece.

use super::chat::CHAT_VERSION;
use super::content_type;
use crate::core::file::{FileLink, FileMeaning};
use crate::core::from_mail::{decoded_body, split_header};
use crate::core::signature;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::ContentTransferEncoding;
use lettre::message::{Attachment, Body};
use sha2::{Digest, Sha256};

/// The octets of a line of base64 with 76 digits (RFC 2045 §6.8).
const LINE_OCTETS: usize = 57;
/// So much of a file tells what it is, in octets.
const START_OCTETS: usize = 64 * 1024;

/// A file for a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFile {
    /// As the message told of it. Its URL leaves the text, where that was all of it.
    pub link: FileLink,
    /// What it is.
    pub media_type: String,
}

/// Makes of a file the lines of base64 that stand in a mail, while it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base64Lines {
    octets: usize,
    start: Vec<u8>,
    /// Less than a line.
    rest: Vec<u8>,
}

impl Base64Lines {
    /// Takes the next of it, and answers the lines that are whole now.
    pub fn take(&mut self, octets: &[u8]) -> String {
        self.octets = self.octets.saturating_add(octets.len());
        let room = START_OCTETS.saturating_sub(self.start.len());
        let start = octets.get(..room.min(octets.len()));
        self.start.extend_from_slice(start.unwrap_or_default());
        self.rest.extend_from_slice(octets);
        let whole = self.rest.len() / LINE_OCTETS * LINE_OCTETS;
        let rest = self.rest.split_off(whole);
        lines_of(&std::mem::replace(&mut self.rest, rest))
    }

    /// The last of them; of an empty file one that is empty.
    pub fn end(&mut self) -> String {
        match self.octets {
            0 => "\r\n".to_owned(),
            _ => lines_of(&std::mem::take(&mut self.rest)),
        }
    }

    /// How many octets came.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// The first of them, which tell what it is.
    pub fn start(&self) -> &[u8] {
        &self.start
    }
}

fn lines_of(octets: &[u8]) -> String {
    let mut lines = String::new();
    for line in octets.chunks(LINE_OCTETS) {
        STANDARD.encode_string(line, &mut lines);
        lines.push_str("\r\n");
    }
    lines
}

/// The same mail with files: what it was is the first part (RFC 2046 §5.1.3), unless it says nothing but where they lie. Delta Chat is
/// told of a voice message and of a sticker that they are some.
/// What stands before the lines of each file, and what stands behind those of the last one.
/// `None` where the mail is signed, since that would be wrong then, or has no header.
pub fn attached(mail: &[u8], files: &[AttachedFile]) -> Option<(Vec<Vec<u8>>, Vec<u8>)> {
    let (header, body) = split_header(mail);
    let is_content = |field: &[u8]| is_named(field, b"content-");
    let fields = unsigned_fields(header)?;
    let body = body.strip_prefix(b"\r\n").unwrap_or(body);
    let boundary = boundary_of(mail);
    let mut before = Vec::new();
    for field in fields.iter().filter(|field| !is_content(field)) {
        before.extend_from_slice(field);
    }
    let meant = match files {
        [alone]
            if fields
                .iter()
                .any(|field| is_named(field, CHAT_VERSION.as_bytes())) =>
        {
            meant(alone)
        }
        _ => None,
    };
    before.extend_from_slice(
        meant
            .iter()
            .flat_map(chat_fields)
            .collect::<String>()
            .as_bytes(),
    );
    let kind = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n");
    before.extend_from_slice(kind.as_bytes());
    let says_where = |text: &str| {
        let mut words = text.split_whitespace();
        words.all(|word| files.iter().any(|file| file.link.url == word))
    };
    if meant != Some(FileMeaning::Sticker) && !says_where(&decoded_body(mail)) {
        before.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        for field in fields.iter().filter(|field| is_content(field)) {
            before.extend_from_slice(field);
        }
        before.extend_from_slice(b"\r\n");
        before.extend_from_slice(body);
        before.extend_from_slice(b"\r\n");
    }
    let mut stretches = Vec::new();
    for file in files {
        before.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        before.extend_from_slice(&part_header(file)?);
        stretches.push(std::mem::take(&mut before));
    }
    before.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Some((stretches, before))
}

/// The fields of a header; `None` where the mail is signed, or there are none.
pub(super) fn unsigned_fields(header: &[u8]) -> Option<Vec<Vec<u8>>> {
    let fields = fields_of(header);
    let is_signature = |field: &Vec<u8>| is_named(field, signature::FIELD.as_bytes());
    let is_signed = fields.is_empty() || fields.iter().any(is_signature);
    (!is_signed).then_some(fields)
}

/// What a file is to people, if it is of that kind.
fn meant(file: &AttachedFile) -> Option<FileMeaning> {
    let kind = match file.link.meant? {
        FileMeaning::Voice(_) => "audio/",
        FileMeaning::Sticker => "image/",
    };
    file.link
        .meant
        .filter(|_| file.media_type.starts_with(kind))
}

/// As Delta Chat says it.
fn chat_fields(meant: &FileMeaning) -> Vec<String> {
    match meant {
        FileMeaning::Sticker => vec!["Chat-Content: sticker\r\n".to_owned()],
        FileMeaning::Voice(length) => {
            let length = length.map(|length| format!("Chat-Duration: {length}\r\n"));
            let voice = "Chat-Voice-Message: 1\r\n".to_owned();
            [voice].into_iter().chain(length).collect()
        }
    }
}

/// The header of a part, with the blank line that ends it.
fn part_header(file: &AttachedFile) -> Option<Vec<u8>> {
    let other = || content_type("application/octet-stream");
    let kind = content_type(&file.media_type).or_else(|_| other()).ok()?;
    let nothing = Body::dangerous_pre_encoded(Vec::new(), ContentTransferEncoding::Base64);
    let part = Attachment::new(file.link.name()).body(nothing, kind);
    let formatted = part.formatted();
    Some([formatted.trim_ascii_end(), b"\r\n\r\n"].concat())
}

/// Nobody who writes a text can know it beforehand.
pub(super) fn boundary_of(mail: &[u8]) -> String {
    let digest = Sha256::digest(mail);
    let digits: String = digest
        .iter()
        .take(16)
        .map(|octet| format!("{octet:02x}"))
        .collect();
    format!("=_{digits}")
}

pub(super) fn is_named(field: &[u8], name: &[u8]) -> bool {
    let start = field.get(..name.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// The fields of a header with their folds and line ends.
fn fields_of(header: &[u8]) -> Vec<Vec<u8>> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        let goes_on = line.starts_with(b" ") || line.starts_with(b"\t");
        match fields.last_mut().filter(|_| goes_on) {
            Some(field) => field.extend_from_slice(line),
            None if line.trim_ascii().is_empty() => {}
            None => fields.push(line.to_vec()),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::from_mail;

    fn file(name: &str) -> AttachedFile {
        AttachedFile {
            link: FileLink {
                url: format!("https://u.a.example/{name}"),
                name: Some(name.to_owned()),
                meant: None,
            },
            media_type: "image/png".to_owned(),
        }
    }

    /// As it comes, so many octets at a time.
    fn encoded(octets: &[u8], at_once: usize) -> (Base64Lines, String) {
        let (mut file, mut lines) = (Base64Lines::default(), String::new());
        for piece in octets.chunks(at_once) {
            lines.push_str(&file.take(piece));
        }
        lines.push_str(&file.end());
        (file, lines)
    }

    /// The whole mail.
    fn attached(mail: &[u8], files: &[(AttachedFile, &[u8])]) -> Option<Vec<u8>> {
        let told: Vec<_> = files.iter().map(|(file, _)| file.clone()).collect();
        let (before, end) = super::attached(mail, &told)?;
        assert_eq!(before.len(), files.len());
        let parts = before.into_iter().zip(files);
        let parts = parts
            .map(|(before, (_, octets))| [before, encoded(octets, 1000).1.into_bytes()].concat());
        Some(parts.chain([end]).collect::<Vec<_>>().concat())
    }

    #[test]
    fn a_file_is_the_same_in_whatever_pieces_it_comes() {
        for length in [0, 1, 56, 57, 58, 114, 5_000] {
            let octets: Vec<u8> = (0..length).map(|at| (at / 3) as u8).collect();
            let (whole, lines) = encoded(&octets, 5_000);
            assert_eq!((whole.octets(), whole.start()), (length, octets.as_slice()));
            assert!(lines.ends_with("\r\n") && lines.lines().all(|line| line.len() <= 76));
            let decoded = STANDARD.decode(lines.replace("\r\n", "")).unwrap();
            assert_eq!(decoded, octets);
            for at_once in [1, 7, 57, 100] {
                assert_eq!(encoded(&octets, at_once).1, lines, "{at_once}");
            }
        }
    }

    fn mail(text: &str) -> Vec<u8> {
        let header = "From: alice@chat.a.example\r\nSubject: A very\r\n long one\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable";
        format!("{header}\r\n\r\n{text}\r\n").into_bytes()
    }

    #[test]
    fn a_mail_keeps_its_header_and_its_text_and_gets_its_files() {
        let files: [(AttachedFile, &[u8]); 3] = [
            (file("föö \"1\".png"), b"\x89PNG one"),
            (file("2.png"), &[0; 10_000]),
            (file("3.png"), b""),
        ];
        let with = attached(&mail("Look:=20here"), &files).unwrap();
        let text = String::from_utf8(with.clone()).unwrap();
        assert!(
            text.lines().all(|line| line.len() <= 998) && text.is_ascii(),
            "{text}"
        );
        let lone = with
            .windows(2)
            .filter(|two| two[1] == b'\n' && two[0] != b'\r');
        assert_eq!(lone.count(), 0);
        let read = from_mail::read(&with, &[], false).unwrap();
        assert_eq!(read.text, "Look: here");
        assert_eq!(read.subject.as_deref(), Some("A very long one"));
        let attachments = from_mail::attachments(&with.into());
        let names: Vec<_> = attachments.iter().map(|one| one.name.as_deref()).collect();
        assert_eq!(names, [Some("föö _1_.png"), Some("2.png"), Some("3.png")]);
        let contents = attachments.into_iter().map(|one| one.content.unwrap());
        let contents = contents.map(|one| one.whole().unwrap().to_vec());
        assert!(contents.eq([b"\x89PNG one".to_vec(), vec![0; 10_000], Vec::new()]));
    }

    #[test]
    fn a_text_that_only_says_where_the_file_lies_goes() {
        let with = attached(&mail("https://u.a.example/2.png"), &[(file("2.png"), b"x")]).unwrap();
        assert!(
            !String::from_utf8(with.clone())
                .unwrap()
                .contains("https://")
        );
        let read = from_mail::read(&with, &[], false).unwrap();
        assert_eq!((read.text.as_str(), read.attachments.len()), ("", 1));
        let with = attached(&mail("https://u.a.example/other"), &[(file("2.png"), b"x")]).unwrap();
        assert!(
            from_mail::read(&with, &[], false)
                .unwrap()
                .text
                .contains("other")
        );
    }

    #[test]
    fn delta_chat_is_told_what_a_file_is_to_people() {
        let chat = [b"Chat-Version: 1.0\r\n", mail("Hm").as_slice()].concat();
        let with = |mail: &[u8], meant, media_type: &str| {
            let mut one = file("1.bin");
            one.link.meant = Some(meant);
            one.media_type = media_type.to_owned();
            String::from_utf8(attached(mail, &[(one, b"x")]).unwrap()).unwrap()
        };
        let voice = FileMeaning::Voice(Some(2500));
        let said = with(&chat, voice, "audio/ogg");
        let (header, _) = said.split_once("\r\n\r\n").unwrap();
        assert!(header.contains("\r\nChat-Voice-Message: 1\r\nChat-Duration: 2500\r\n"));
        assert!(said.contains("Hm"));
        assert!(!with(&chat, FileMeaning::Voice(None), "audio/ogg").contains("Chat-Duration"));
        let sticker = with(&chat, FileMeaning::Sticker, "image/webp");
        assert!(sticker.contains("\r\nChat-Content: sticker\r\n") && !sticker.contains("Hm"));
        // What it is not it is not called, and people with mail programs are told nothing that none of these knows.
        for plain in [
            with(&chat, voice, "video/mp4"),
            with(&chat, FileMeaning::Sticker, "text/html"),
            with(&mail("Hm"), voice, "audio/ogg"),
            with(&mail("Hm"), FileMeaning::Sticker, "image/png"),
        ] {
            let is_told = ["Chat-Content", "Chat-Voice"].map(|name| plain.contains(name));
            assert_eq!(is_told, [false, false], "{plain}");
        }
        assert!(with(&chat, FileMeaning::Sticker, "text/html").contains("Hm"));
    }

    #[test]
    fn what_is_signed_stays_as_it_is() {
        let signed = [
            format!("{}: x\r\n", signature::FIELD).as_bytes(),
            &mail("x"),
        ]
        .concat();
        assert_eq!(attached(&signed, &[(file("2.png"), b"x")]), None);
        assert_eq!(attached(b"", &[]), None);
    }
}
