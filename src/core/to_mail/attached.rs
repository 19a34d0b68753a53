//! Files that are put into a mail that is written already.

use super::content_type;
use crate::core::file::FileLink;
use crate::core::from_mail::{decoded_body, split_header};
use crate::core::signature;
use lettre::message::Attachment;
use sha2::{Digest, Sha256};

/// A file for a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFile {
    /// As the message told of it. Its URL leaves the text, where that was all of it.
    pub link: FileLink,
    /// What it is.
    pub media_type: String,
    /// All of it.
    pub octets: Vec<u8>,
}

/// The same mail with files: what it was is the first part (RFC 2046 §5.1.3), unless it says nothing but where they lie.
/// `None` where the mail is signed, since that would be wrong then, or has no header.
pub fn attached(mail: &[u8], files: &[AttachedFile]) -> Option<Vec<u8>> {
    let (header, body) = split_header(mail);
    let is_content = |field: &[u8]| is_named(field, b"content-");
    let fields = fields_of(header);
    if fields.is_empty()
        || fields
            .iter()
            .any(|field| is_named(field, signature::FIELD.as_bytes()))
    {
        return None;
    }
    let body = body.strip_prefix(b"\r\n").unwrap_or(body);
    let boundary = boundary_of(mail);
    let mut all = Vec::new();
    for field in fields.iter().filter(|field| !is_content(field)) {
        all.extend_from_slice(field);
    }
    let kind = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n");
    all.extend_from_slice(kind.as_bytes());
    let says_where = |text: &str| {
        let mut words = text.split_whitespace();
        words.all(|word| files.iter().any(|file| file.link.url == word))
    };
    if !says_where(&decoded_body(mail)) {
        all.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        for field in fields.iter().filter(|field| is_content(field)) {
            all.extend_from_slice(field);
        }
        all.extend_from_slice(b"\r\n");
        all.extend_from_slice(body);
        all.extend_from_slice(b"\r\n");
    }
    for file in files {
        all.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        all.extend_from_slice(&part(file)?);
        all.extend_from_slice(b"\r\n");
    }
    all.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Some(all)
}

fn part(file: &AttachedFile) -> Option<Vec<u8>> {
    let other = || content_type("application/octet-stream");
    let kind = content_type(&file.media_type).or_else(|_| other()).ok()?;
    let part = Attachment::new(file.link.name()).body(file.octets.clone(), kind);
    Some(part.formatted())
}

/// Nobody who writes a text can know it beforehand.
fn boundary_of(mail: &[u8]) -> String {
    let digest = Sha256::digest(mail);
    let digits: String = digest
        .iter()
        .take(16)
        .map(|octet| format!("{octet:02x}"))
        .collect();
    format!("=_{digits}")
}

fn is_named(field: &[u8], name: &[u8]) -> bool {
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

    fn file(name: &str, octets: &[u8]) -> AttachedFile {
        AttachedFile {
            link: FileLink {
                url: format!("https://u.a.example/{name}"),
                name: Some(name.to_owned()),
            },
            media_type: "image/png".to_owned(),
            octets: octets.to_vec(),
        }
    }

    fn mail(text: &str) -> Vec<u8> {
        let header = "From: alice@chat.a.example\r\nSubject: A very\r\n long one\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable";
        format!("{header}\r\n\r\n{text}\r\n").into_bytes()
    }

    #[test]
    fn a_mail_keeps_its_header_and_its_text_and_gets_its_files() {
        let files = [
            file("föö \"1\".png", b"\x89PNG one"),
            file("2.png", &[0; 10_000]),
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
        let attachments = from_mail::attachments(&with);
        let names: Vec<_> = attachments.iter().map(|one| one.name.as_deref()).collect();
        assert_eq!(names, [Some("föö _1_.png"), Some("2.png")]);
        let contents = attachments.into_iter().map(|one| one.content.unwrap());
        assert!(contents.eq(files.map(|file| file.octets)));
    }

    #[test]
    fn a_text_that_only_says_where_the_file_lies_goes() {
        let with = attached(&mail("https://u.a.example/2.png"), &[file("2.png", b"x")]).unwrap();
        assert!(
            !String::from_utf8(with.clone())
                .unwrap()
                .contains("https://")
        );
        let read = from_mail::read(&with, &[], false).unwrap();
        assert_eq!((read.text.as_str(), read.attachments.len()), ("", 1));
        let with = attached(&mail("https://u.a.example/other"), &[file("2.png", b"x")]).unwrap();
        assert!(
            from_mail::read(&with, &[], false)
                .unwrap()
                .text
                .contains("other")
        );
    }

    #[test]
    fn what_is_signed_stays_as_it_is() {
        let signed = [
            format!("{}: x\r\n", signature::FIELD).as_bytes(),
            &mail("x"),
        ]
        .concat();
        assert_eq!(attached(&signed, &[file("2.png", b"x")]), None);
        assert_eq!(attached(b"", &[]), None);
    }
}
