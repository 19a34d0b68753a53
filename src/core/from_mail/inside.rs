//! What is in an attachment. A big one is not taken out of its mail: it is decoded piece by piece, whenever it is wanted.

use super::mime::MailPart;
use super::raw::{RawMail, RawPieces};
use super::transfer_encoding::{base64_of, is_base64};
use std::io;
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
    Base64(RawMail, Range<usize>),
}

impl Inside {
    /// Its length in octets.
    pub fn length(&self) -> usize {
        match self {
            Self::Octets(octets) => octets.len(),
            Self::Base64(mail, place) => {
                let here = mail.octets().get(place.clone()).unwrap_or_default();
                let here = here.iter().filter(|octet| is_base64(**octet)).count();
                let spilled = usize::try_from(mail.spilled_digits(place)).unwrap_or(usize::MAX);
                // Padding is to the letter as well.
                let groups = here.saturating_add(spilled) / 4;
                let rest = here.saturating_add(spilled) % 4;
                groups
                    .saturating_mul(3)
                    .saturating_add(rest.saturating_mul(3) / 4)
            }
        }
    }

    /// All of it, a piece after the other.
    pub fn pieces(&self) -> Pieces {
        Pieces(match self {
            Self::Octets(octets) => PiecesOf::Octets(Arc::clone(octets), 0),
            Self::Base64(mail, place) => {
                PiecesOf::Base64(mail.pieces_of(place.clone()), Vec::new())
            }
        })
    }

    /// All of it at once.
    ///
    /// # Errors
    /// [`io::Error`]: it lies on the disk, and cannot be read.
    pub fn whole(&self) -> io::Result<Arc<Vec<u8>>> {
        match self {
            Self::Octets(octets) => Ok(Arc::clone(octets)),
            Self::Base64(..) => {
                let mut all = Vec::with_capacity(self.length());
                for piece in self.pieces() {
                    all.extend_from_slice(&piece?);
                }
                Ok(all.into())
            }
        }
    }
}

/// The pieces of an attachment, in order.
#[derive(Clone, Debug)]
pub struct Pieces(PiecesOf);

#[derive(Clone, Debug)]
enum PiecesOf {
    /// With where the next piece begins.
    Octets(Arc<Vec<u8>>, usize),
    /// With the digits that are not yet decoded.
    Base64(RawPieces, Vec<u8>),
}

impl Iterator for Pieces {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            PiecesOf::Octets(octets, at) => {
                let end = at.saturating_add(PIECE_OCTETS).min(octets.len());
                let piece = octets.get(*at..end)?;
                *at = end;
                (!piece.is_empty()).then(|| Ok(piece.to_vec()))
            }
            PiecesOf::Base64(encoded, digits) => {
                while digits.len() < PIECE_DIGITS {
                    match encoded.next() {
                        Some(Ok(piece)) => {
                            let piece = piece.iter().filter(|octet| !octet.is_ascii_whitespace());
                            digits.extend(piece);
                        }
                        Some(Err(error)) => return Some(Err(error)),
                        None => break,
                    }
                }
                let rest = digits.split_off(PIECE_DIGITS.min(digits.len()));
                let piece = std::mem::replace(digits, rest);
                (!piece.is_empty()).then(|| Ok(base64_of(&piece)))
            }
        }
    }
}

/// Whether what is in attachments is kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Contents<'a> {
    /// Their sizes alone.
    Measured,
    /// All of it, where it lies in this mail or beside it.
    Kept(&'a RawMail),
}

impl Contents<'_> {
    pub(super) fn of(self, part: &MailPart<'_>) -> Option<Inside> {
        let Self::Kept(mail) = self else {
            return None;
        };
        Some(match part.base64_in(mail.octets()) {
            Some(place) => Inside::Base64(mail.clone(), place),
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
            let encoded = Inside::Base64(RawMail::from(mail), 6..end);
            for inside in [encoded, Inside::Octets(octets.clone().into())] {
                assert_eq!(inside.length(), length);
                let pieces = || inside.pieces().map(Result::unwrap);
                assert!(pieces().all(|piece| piece.len() <= PIECE_OCTETS));
                let all: Vec<u8> = pieces().flatten().collect();
                assert!(
                    all == octets && *inside.whole().unwrap() == octets,
                    "{length}"
                );
            }
        }
    }
}
