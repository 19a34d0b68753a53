//! A mail as it came. Most of a big file in it may be spilled: it lies somewhere else than in memory.

use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// What is read of a mail at a time, in octets.
const PIECE_OCTETS: usize = 64 * 1024;

/// Where spilled octets lie.
pub trait SpillFile: Debug + Send + Sync {
    /// Reads so many, from this place on.
    ///
    /// # Errors
    /// [`io::Error`]: of the file, or it is shorter than that.
    fn read_at(&self, place: u64, octets: &mut [u8]) -> io::Result<()>;
}

/// Whole lines of base64 that are not in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpilledLines {
    /// Where in what is in memory they belong.
    pub(super) at: usize,
    /// Where they begin in the file.
    pub(super) place: u64,
    /// How long they are with their ends.
    pub(super) octets: u64,
    /// How many digits they have.
    pub(super) digits: u64,
}

/// What of a mail is spilled.
#[derive(Debug)]
struct Spill {
    /// In their order.
    lines: Vec<SpilledLines>,
    file: Arc<dyn SpillFile>,
    /// Of all of the mail ([`super::ParsedMail::digest`]).
    digest: String,
}

/// A mail as it came. Copies share what is in memory.
#[derive(Clone, Debug)]
pub struct RawMail {
    octets: Arc<Vec<u8>>,
    spill: Option<Arc<Spill>>,
}

impl From<Vec<u8>> for RawMail {
    fn from(octets: Vec<u8>) -> Self {
        Self {
            octets: octets.into(),
            spill: None,
        }
    }
}

impl PartialEq for RawMail {
    fn eq(&self, other: &Self) -> bool {
        self.octets == other.octets
            && self.lines() == other.lines()
            && self.digest() == other.digest()
    }
}

impl Eq for RawMail {}

impl RawMail {
    /// One of which lines are spilled.
    pub(super) fn spilled(
        octets: Vec<u8>,
        lines: Vec<SpilledLines>,
        file: Arc<dyn SpillFile>,
    ) -> Self {
        let digest = String::new();
        Self {
            octets: octets.into(),
            spill: Some(Arc::new(Spill {
                lines,
                file,
                digest,
            })),
        }
    }

    pub(super) fn with_digest(self, digest: String) -> Self {
        let spill = self.spill.map(|spill| {
            Arc::new(Spill {
                lines: spill.lines.clone(),
                file: Arc::clone(&spill.file),
                digest,
            })
        });
        Self { spill, ..self }
    }

    /// What of it is in memory: all, unless [`RawMail::is_whole`] says no.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Whether nothing of it is spilled.
    pub fn is_whole(&self) -> bool {
        self.spill.is_none()
    }

    /// How long all of it is, in octets.
    pub fn length(&self) -> u64 {
        let spilled = self.lines().iter().map(|lines| lines.octets);
        let here = u64::try_from(self.octets.len()).unwrap_or(u64::MAX);
        spilled.fold(here, u64::saturating_add)
    }

    /// All of it, a piece after the other.
    pub fn pieces(&self) -> RawPieces {
        self.pieces_of(0..self.octets.len())
    }

    /// All that belongs to a part of what is in memory.
    pub(super) fn pieces_of(&self, range: Range<usize>) -> RawPieces {
        let is_before = |lines: &SpilledLines| lines.at < range.start;
        RawPieces {
            next: self.lines().partition_point(is_before),
            mail: self.clone(),
            range,
            spilled: None,
        }
    }

    /// All of it in memory.
    ///
    /// # Errors
    /// [`io::Error`]: of the file.
    pub fn whole(&self) -> io::Result<Self> {
        if self.is_whole() {
            return Ok(self.clone());
        }
        let length = usize::try_from(self.length()).unwrap_or(0);
        let mut all = Vec::with_capacity(length);
        for piece in self.pieces() {
            all.extend_from_slice(&piece?);
        }
        Ok(all.into())
    }

    /// Of the lines that are spilled out of a part of what is in memory, the digits.
    pub(super) fn spilled_digits(&self, range: &Range<usize>) -> u64 {
        let lines = self.lines().iter().filter(|lines| lies_in(lines, range));
        lines.fold(0, |sum, lines| sum.saturating_add(lines.digits))
    }

    /// Whether all that is spilled belongs to one of these parts.
    pub(super) fn is_spilled_from(&self, ranges: &[Range<usize>]) -> bool {
        let is_in_one = |lines: &SpilledLines| ranges.iter().any(|range| lies_in(lines, range));
        self.lines().iter().all(is_in_one)
    }

    /// Of one that is not whole.
    pub(super) fn digest(&self) -> Option<&str> {
        self.spill.as_deref().map(|spill| spill.digest.as_str())
    }

    fn lines(&self) -> &[SpilledLines] {
        self.spill.as_deref().map_or(&[], |spill| &spill.lines)
    }
}

/// They are never the first or the last of a part.
fn lies_in(lines: &SpilledLines, range: &Range<usize>) -> bool {
    range.start < lines.at && lines.at < range.end
}

/// A mail or a part of one, piece by piece.
#[derive(Clone, Debug)]
pub struct RawPieces {
    mail: RawMail,
    /// What is left of what is in memory.
    range: Range<usize>,
    /// Which of the spilled lines come next.
    next: usize,
    /// What is left of those that are read, in the file.
    spilled: Option<Range<u64>>,
}

impl RawPieces {
    fn next_spilled(&mut self, left: Range<u64>) -> io::Result<Vec<u8>> {
        let length = left.end.saturating_sub(left.start);
        let length = usize::try_from(length)
            .unwrap_or(PIECE_OCTETS)
            .min(PIECE_OCTETS);
        let mut piece = vec![0; length];
        if let Some(spill) = &self.mail.spill {
            spill.file.read_at(left.start, &mut piece)?;
        }
        let read = u64::try_from(length).unwrap_or(u64::MAX);
        let rest = left.start.saturating_add(read)..left.end;
        self.spilled = (!rest.is_empty()).then_some(rest);
        Ok(piece)
    }
}

impl Iterator for RawPieces {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let lines = self.mail.lines().get(self.next).copied();
        let lines = lines.filter(|lines| lines.at <= self.range.end);
        if self.spilled.is_none()
            && let Some(lines) = lines
            && lines.at == self.range.start
        {
            self.next = self.next.saturating_add(1);
            self.spilled = Some(lines.place..lines.place.saturating_add(lines.octets));
        }
        if let Some(left) = self.spilled.take() {
            return Some(self.next_spilled(left));
        }
        let begin = self.range.start;
        let end = lines.map_or(self.range.end, |lines| lines.at);
        let end = end.min(begin.saturating_add(PIECE_OCTETS));
        let piece = self.mail.octets.get(begin..end)?;
        self.range.start = end;
        (!piece.is_empty()).then(|| Ok(piece.to_vec()))
    }
}
