//! What is in an attachment. A big one is not taken out of its mail: it is decoded piece by piece, whenever it is wanted.

use super::mime::MailPart;
use super::transfer_encoding::base64_of;
use std::ops::Range;
use std::sync::Arc;

/// What is decoded at a time, in octets, a multiple of three.
const PIECE_OCTETS: usize = 48 * 1024;
/// Digits of base64 that make so much.
const PIECE_DIGITS: usize = PIECE_OCTETS / 3 * 4;

/// What is in an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inside {
    /// This.
    Octets(Arc<Vec<u8>>),
    /// What is here in its mail, which is base64 to the letter.
    Base64(Arc<Vec<u8>>, Range<usize>),
}

impl Inside {
    /// Its length in octets.
    pub fn length(&self) -> usize {
        match self {
            Self::Octets(octets) => octets.len(),
            Self::Base64(..) => self.pieces().map(|piece| piece.len()).sum(),
        }
    }

    /// All of it, a piece after the other.
    pub fn pieces(&self) -> Pieces {
        Pieces {
            inside: self.clone(),
            at: 0,
        }
    }

    /// All of it at once.
    pub fn whole(&self) -> Arc<Vec<u8>> {
        match self {
            Self::Octets(octets) => Arc::clone(octets),
            Self::Base64(..) => {
                let mut all = Vec::with_capacity(self.length());
                for piece in self.pieces() {
                    all.extend_from_slice(&piece);
                }
                all.into()
            }
        }
    }
}

/// The pieces of an attachment, in order.
#[derive(Clone, Debug)]
pub struct Pieces {
    inside: Inside,
    /// Where in what it is made of.
    at: usize,
}

impl Iterator for Pieces {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let (rest, octets_max) = match &self.inside {
            Inside::Octets(octets) => (octets.get(self.at..)?, PIECE_OCTETS),
            Inside::Base64(mail, place) => {
                let encoded = mail.get(place.clone())?;
                (encoded.get(self.at..)?, PIECE_DIGITS)
            }
        };
        let is_octets = matches!(self.inside, Inside::Octets(_));
        let mut piece = Vec::with_capacity(octets_max.min(rest.len()));
        let mut used = 0_usize;
        for octet in rest {
            used = used.saturating_add(1);
            if is_octets || !octet.is_ascii_whitespace() {
                piece.push(*octet);
            }
            if piece.len() == octets_max {
                break;
            }
        }
        self.at = self.at.saturating_add(used);
        match is_octets {
            _ if piece.is_empty() => None,
            true => Some(piece),
            false => Some(base64_of(&piece)),
        }
    }
}

/// Whether what is in attachments is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents<'a> {
    /// Their sizes alone.
    Measured,
    /// All of it, where it lies in this mail or beside it.
    Kept(&'a Arc<Vec<u8>>),
}

impl Contents<'_> {
    pub(super) fn of(self, part: &MailPart<'_>) -> Option<Inside> {
        let Self::Kept(mail) = self else {
            return None;
        };
        Some(match part.base64_in(mail) {
            Some(place) => Inside::Base64(Arc::clone(mail), place),
            None => Inside::Octets(part.decoded().into_owned().into()),
        })
    }

    /// Of what was taken out of something else.
    pub(super) fn beside(self, octets: Vec<u8>) -> Option<Inside> {
        matches!(self, Self::Kept(_)).then(|| Inside::Octets(octets.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn pieces_are_all_of_it_whatever_its_length() {
        for length in [
            0,
            1,
            2,
            3,
            PIECE_OCTETS - 1,
            PIECE_OCTETS,
            3 * PIECE_OCTETS + 1,
        ] {
            let octets: Vec<u8> = (0..length).map(|at| (at / 3) as u8).collect();
            let digits = STANDARD.encode(&octets);
            let lines = digits.as_bytes().chunks(76);
            let lines: Vec<u8> = lines.flat_map(|line| [line, b"\r\n"].concat()).collect();
            let mail = [b"before", lines.as_slice(), b"after"].concat();
            let end = mail.len() - 5;
            let encoded = Inside::Base64(mail.into(), 6..end);
            for inside in [encoded, Inside::Octets(octets.clone().into())] {
                assert_eq!(inside.length(), length);
                assert!(inside.pieces().all(|piece| piece.len() <= PIECE_OCTETS));
                let all: Vec<u8> = inside.pieces().flatten().collect();
                assert!(all == octets && *inside.whole() == octets, "{length}");
            }
        }
    }
}
