//! A picture that somebody shows of themselves (XEP-0084). It is never decoded here: what it is and how big is read from how it
//! begins, and what is drawn of it is up to the client that draws it.

use crate::core::file;
use crate::core::limits::{AVATAR_OCTETS_MAX, AVATAR_PIXELS_MAX, FACE_OCTETS_MAX, FACE_PIXELS_MAX};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use imagesize::ImageType;
use ring::digest;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Whether the padding is there is nobody's concern.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A picture within the limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Avatar {
    /// The SHA-1 of its octets, in hexadecimal digits: what XEP-0084 and XEP-0153 call it by.
    pub id: String,
    /// What it is.
    pub media_type: MediaType,
    /// How many octets.
    pub octets: usize,
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// In base64, without white space.
    pub data: String,
}

/// What every client can show, and what cannot move or run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaType {
    /// `image/png`
    Png,
    /// `image/jpeg`
    Jpeg,
}

impl MediaType {
    /// As it stands in a `Content-Type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

impl Avatar {
    /// Reads a picture; `None` where it is none that is shown: neither PNG nor JPEG, or over a limit.
    pub fn of(octets: &[u8]) -> Option<Self> {
        if octets.len() > AVATAR_OCTETS_MAX {
            return None;
        }
        let media_type = match imagesize::image_type(octets).ok()? {
            ImageType::Png => MediaType::Png,
            ImageType::Jpeg => MediaType::Jpeg,
            _ => return None,
        };
        let (width, height) = file::pixels(octets)?;
        (width.max(height) <= AVATAR_PIXELS_MAX).then(|| Self {
            id: sha1(octets),
            media_type,
            octets: octets.len(),
            width,
            height,
            data: BASE64.encode(octets),
        })
    }

    /// The same of one in base64, wherever its lines are broken.
    pub fn of_base64(text: &str) -> Option<Self> {
        let is_of_it = |c: &char| !c.is_ascii_whitespace();
        // Four for three, and the padding.
        let most = AVATAR_OCTETS_MAX.saturating_mul(4).div_ceil(3);
        let most = most.saturating_add(2);
        let written = text.chars().filter(is_of_it).take(most.saturating_add(1));
        let written: String = written.collect();
        if written.len() > most {
            return None;
        }
        Self::of(&BASE64.decode(written).ok()?)
    }

    /// Whether it may stand in a mail's header as a `Face`: the convention has PNG of 48 by 48 pixels, in a field of 998 octets
    /// at most.
    pub fn is_face(&self) -> bool {
        self.media_type == MediaType::Png
            && self.width.max(self.height) <= FACE_PIXELS_MAX
            && self.octets <= FACE_OCTETS_MAX
    }
}

/// In hexadecimal digits. Nothing relies on nobody's finding two pictures with one: they would have it as their own picture.
fn sha1(octets: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, octets);
    let mut digits = String::with_capacity(40);
    for octet in digest.as_ref() {
        let _ = write!(digits, "{octet:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a PNG of this size, with so many octets in all.
    fn png(width: u32, height: u32, octets: usize) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend(width.to_be_bytes());
        png.extend(height.to_be_bytes());
        png.resize(octets.max(png.len()), 0);
        png
    }

    #[test]
    fn a_picture_is_known_by_its_octets() {
        let octets = png(48, 48, 100);
        let avatar = Avatar::of(&octets).unwrap();
        assert_eq!((avatar.width, avatar.height, avatar.octets), (48, 48, 100));
        assert_eq!(avatar.media_type.as_str(), "image/png");
        assert_eq!(BASE64.decode(&avatar.data).unwrap(), octets);
        let folded: String = avatar.data.chars().flat_map(|c| [c, '\n', ' ']).collect();
        assert_eq!(Avatar::of_base64(&folded), Some(avatar.clone()));
        let unpadded = avatar.data.trim_end_matches('=');
        assert_eq!(Avatar::of_base64(unpadded), Some(avatar));
        // The example of the standard.
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn c16_what_is_too_big_or_no_picture_is_none() {
        assert!(Avatar::of(&png(AVATAR_PIXELS_MAX as u32, 1, AVATAR_OCTETS_MAX)).is_some());
        for hostile in [
            png(AVATAR_PIXELS_MAX as u32 + 1, 1, 100),
            png(1, u32::MAX, 100),
            png(0, 48, 100),
            png(48, 48, AVATAR_OCTETS_MAX + 1),
            b"GIF89a\x30\0\x30\0".to_vec(),
            b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>".to_vec(),
            b"\x89PNG\r\n\x1a\n".to_vec(),
            b"\xff\xd8\xff\xe0\xff\xff".to_vec(),
            vec![],
        ] {
            assert_eq!(Avatar::of(&hostile), None, "{hostile:?}");
            assert_eq!(Avatar::of_base64(&BASE64.encode(&hostile)), None);
        }
        assert_eq!(Avatar::of_base64("not base64"), None);
        assert_eq!(Avatar::of_base64(&"A".repeat(10_000_000)), None);
    }

    #[test]
    fn a_face_is_a_small_png() {
        let is_face = |octets: Vec<u8>| Avatar::of(&octets).unwrap().is_face();
        assert!(is_face(png(48, 48, FACE_OCTETS_MAX)));
        assert!(!is_face(png(49, 48, 100)));
        assert!(!is_face(png(48, 48, FACE_OCTETS_MAX + 1)));
    }
}
