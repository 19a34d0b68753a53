//! The picture that a mail shows of its author: `Face`, a small PNG in the header, and Delta Chat's `Chat-User-Avatar`.

use super::header;
use super::mime::MailPart;
use crate::core::avatar::Avatar;
use mail_parser::Message;

/// A PNG in base64.
const FACE: &str = "Face";
/// `base64:` and a picture, or `0`, where there is none any more.
const CHAT: &str = "Chat-User-Avatar";
/// So many fields of one name are looked at.
const FIELDS_MAX: usize = 3;

/// What a mail says of its author's picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownPicture {
    /// This is it.
    Picture(Avatar),
    /// There is none any more.
    Nothing,
}

/// Delta Chat writes its field into the first part, as a mail server could change the header, and its newest versions into the
/// header.
pub(super) fn read(part: &MailPart<'_>, header: &Message<'_>) -> Option<ShownPicture> {
    let is_mixed = part.media_type().as_deref() == Some("multipart/mixed");
    let first = match is_mixed {
        true => part.parts(1),
        false => Vec::new(),
    };
    let first = first.first().map(|first| MailPart::read(first));
    let of_part = first.as_ref().and_then(MailPart::header).and_then(of_chat);
    of_part
        .or_else(|| of_chat(header))
        .or_else(|| of_face(header))
}

fn of_chat(header: &Message<'_>) -> Option<ShownPicture> {
    let mut values = header::raw_values(header, CHAT).take(FIELDS_MAX);
    values.find_map(|value| match value.trim() {
        "0" => Some(ShownPicture::Nothing),
        value => Avatar::of_base64(value.strip_prefix("base64:")?).map(ShownPicture::Picture),
    })
}

fn of_face(header: &Message<'_>) -> Option<ShownPicture> {
    let values = header::raw_values(header, FACE).take(FIELDS_MAX);
    let mut faces = values.filter_map(|value| Avatar::of_base64(&value));
    faces.find(Avatar::is_face).map(ShownPicture::Picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::from_mail;

    /// A PNG of 48 by 48 pixels, black.
    const BLACK: &str = "iVBORw0KGgoAAAANSUhEUgAAADAAAAAwAQAAAAB/ecQqAAAADUlEQVR42mNgGAXUBAABUAABNLg62QAAAABJRU5ErkJggg==";
    /// One of 64 by 64, as it begins.
    const BIG: &str = "iVBORw0KGgoAAAANSUhEUgAAAEAAAABA";

    fn of(mail: &str) -> Option<ShownPicture> {
        let mail = mail.replace('\n', "\r\n");
        from_mail::read(mail.as_bytes(), &[], false).unwrap().avatar
    }

    fn pixels(shown: Option<ShownPicture>) -> Option<usize> {
        match shown? {
            ShownPicture::Picture(avatar) => Some(avatar.width),
            ShownPicture::Nothing => Some(0),
        }
    }

    #[test]
    fn a_face_is_read_however_it_is_folded() {
        let (start, end) = BLACK.split_at(60);
        for fields in [
            format!("Face: {BLACK}\n"),
            format!("FACE: {start}\n {end}\n"),
            format!("Face:\n {start}\n\t{end}\n"),
            format!("Face: nothing\nFace: {BLACK}\n"),
        ] {
            let mail = format!("From: c@d.example\n{fields}\nHi\n");
            assert_eq!(pixels(of(&mail)), Some(48), "{fields}");
        }
        for field in ["", "Face: 0\n", "X-Face: abc\n", "Face:\n"] {
            assert_eq!(of(&format!("From: c@d.example\n{field}\nHi\n")), None);
        }
        assert_eq!(
            of(&format!("From: c@d.example\nFace: {BIG}\n\nHi\n")),
            None,
            "it is no face"
        );
    }

    #[test]
    fn delta_chats_picture_is_read_where_it_writes_it() {
        let top = |value: &str| {
            of(&format!(
                "From: c@d.example\nChat-Version: 1.0\nChat-User-Avatar: {value}\n\nHi\n"
            ))
        };
        assert_eq!(pixels(top(&format!("base64:{BIG}"))), Some(64));
        assert_eq!(pixels(top("0")), Some(0));
        for nothing in ["", "1", "base64:", "avatar.png", BIG] {
            assert_eq!(top(nothing), None, "{nothing}");
        }
        let (start, end) = BIG.split_at(9);
        let part = |kind: &str| {
            of(&format!(
                "From: c@d.example\nContent-Type: multipart/{kind}; boundary=b\n\n--b\nChat-User-Avatar: base64:{start}\n {end}\nContent-Type: text/plain\n\nHi\n--b\nChat-User-Avatar: 0\n\nHo\n--b--\n"
            ))
        };
        assert_eq!(pixels(part("mixed")), Some(64));
        assert_eq!(part("alternative"), None);
    }
}
