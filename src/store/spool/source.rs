//! A mail as octets in memory and in files. A mail with files has tens of megabytes: it goes into the spool and out of it in blocks,
//! of which one is in memory at a time.

use crc32fast::Hasher;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// How much is read of a file at a time, in octets.
const BLOCK_OCTETS: usize = 64 * 1024;
/// What is said of a file that changed.
const CHANGED: &str = "what is read does not match its checksum";

/// A mail, or a part of one, that is read as often as one likes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MailSource {
    pieces: Vec<SourcePiece>,
    octets: u64,
    /// The CRC-32 of all of it, from when it was written.
    sum: u32,
    /// What is damaged is read as it is.
    is_unchecked: bool,
}

#[derive(Clone, Debug)]
enum SourcePiece {
    Memory(Arc<Vec<u8>>),
    /// So many octets from there. Who writes the file never changes them; that its name is removed does not matter.
    File(Arc<File>, u64, u64),
}

impl SourcePiece {
    fn octets(&self) -> u64 {
        match self {
            Self::Memory(octets) => u64::try_from(octets.len()).unwrap_or(u64::MAX),
            Self::File(_, _, octets) => *octets,
        }
    }
}

impl From<Vec<u8>> for MailSource {
    fn from(octets: Vec<u8>) -> Self {
        let sum = crc32fast::hash(&octets);
        Self::with_sum(octets, sum)
    }
}

impl MailSource {
    /// In memory, with a checksum from when it was whole.
    pub(super) fn with_sum(octets: Vec<u8>, sum: u32) -> Self {
        let piece = SourcePiece::Memory(Arc::new(octets));
        Self {
            octets: piece.octets(),
            pieces: vec![piece],
            sum,
            is_unchecked: false,
        }
    }

    /// So many octets of a file, from there, with a checksum from when they were written.
    pub(super) fn of_file(file: Arc<File>, from: u64, octets: u64, sum: u32) -> Self {
        Self {
            pieces: vec![SourcePiece::File(file, from, octets)],
            octets,
            sum,
            is_unchecked: false,
        }
    }

    /// So many octets of a file, and what follows them; the checksum is that of both.
    pub(super) fn of_file_and(file: Arc<File>, octets: u64, rest: Self, sum: u32) -> Self {
        let mut pieces = vec![SourcePiece::File(file, 0, octets)];
        pieces.extend(rest.pieces);
        Self {
            pieces,
            octets: octets.saturating_add(rest.octets),
            sum,
            is_unchecked: false,
        }
    }

    /// The same, and where it does not match its checksum, that is no error.
    pub(super) fn unchecked(self) -> Self {
        Self {
            is_unchecked: true,
            ..self
        }
    }

    /// One behind the other.
    pub fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut pieces, mut octets, mut sum) = (Vec::new(), 0_u64, Hasher::new());
        for part in parts {
            sum.combine(&Hasher::new_with_initial_len(part.sum, part.octets));
            octets = octets.saturating_add(part.octets);
            pieces.extend(part.pieces);
        }
        Self {
            pieces,
            octets,
            sum: sum.finalize(),
            is_unchecked: false,
        }
    }

    /// How many octets it has.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Its checksum, from when it was written.
    pub(super) fn sum(&self) -> u32 {
        self.sum
    }

    /// Its octets, where all of them are in memory; else it stays as it is.
    ///
    /// # Errors
    /// Itself.
    pub fn into_memory(self) -> Result<Vec<u8>, Self> {
        match self.pieces.as_slice() {
            [SourcePiece::Memory(_)] => {}
            _ => return Err(self),
        }
        match self.pieces.into_iter().next() {
            Some(SourcePiece::Memory(octets)) => {
                Ok(Arc::try_unwrap(octets).unwrap_or_else(|octets| octets.to_vec()))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Reads it from its beginning, a block at a time.
    pub fn reader(&self) -> SourceReader {
        let is_read = |piece: &SourcePiece| matches!(piece, SourcePiece::File(..));
        let is_checked = !self.is_unchecked && self.pieces.iter().any(is_read);
        SourceReader {
            source: self.clone(),
            piece: 0,
            at: 0,
            left: self.octets,
            sum: is_checked.then(Hasher::new),
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// It cannot be read, or does not match its checksum.
    pub fn whole(&self) -> io::Result<Vec<u8>> {
        let mut octets = Vec::with_capacity(usize::try_from(self.octets).unwrap_or(0));
        let mut reader = self.reader();
        while reader.append_next(&mut octets)? {}
        Ok(octets)
    }

    /// Whether it matches its checksum, wherever it lies.
    ///
    /// # Errors
    /// It cannot be read. That its end is missing is none.
    pub(super) fn is_whole(&self) -> io::Result<bool> {
        if let [SourcePiece::Memory(octets)] = self.pieces.as_slice() {
            return Ok(crc32fast::hash(octets) == self.sum);
        }
        let (mut sum, mut block) = (Hasher::new(), Vec::new());
        let mut reader = self.clone().unchecked().reader();
        loop {
            match reader.append_next(&mut block) {
                Ok(true) => sum.update(&block),
                Ok(false) => return Ok(sum.finalize() == self.sum),
                Err(error) if is_damage(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
            block.clear();
        }
    }
}

/// Whether that is said of octets that are not those that were written.
pub(super) fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

/// A mail that is read.
#[derive(Debug)]
pub struct SourceReader {
    source: MailSource,
    /// Which piece is read, and how much of it was.
    piece: usize,
    at: u64,
    left: u64,
    /// Of what was read.
    sum: Option<Hasher>,
}

impl SourceReader {
    /// Appends the next block; false where there is none. The last one comes only where all of it matches the checksum, so that whoever
    /// holds the end of it back passes nothing on that is not what was written.
    ///
    /// # Errors
    /// It cannot be read, or does not match. What was appended then is of no use.
    pub fn append_next(&mut self, to: &mut Vec<u8>) -> io::Result<bool> {
        let before = to.len();
        while let Some(piece) = self.source.pieces.get(self.piece) {
            let rest = piece.octets().saturating_sub(self.at);
            if rest == 0 {
                (self.piece, self.at) = (self.piece.saturating_add(1), 0);
                continue;
            }
            let most = usize::try_from(rest).unwrap_or(usize::MAX);
            let count = most.min(BLOCK_OCTETS);
            match piece {
                SourcePiece::Memory(octets) => {
                    let from = usize::try_from(self.at).unwrap_or(usize::MAX);
                    let block = octets.get(from..from.saturating_add(count));
                    to.extend_from_slice(block.unwrap_or_default());
                }
                SourcePiece::File(file, from, _) => {
                    to.resize(before.saturating_add(count), 0);
                    let block = to.get_mut(before..).unwrap_or_default();
                    file.read_exact_at(block, from.saturating_add(self.at))?;
                }
            }
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            self.at = self.at.saturating_add(count);
            self.left = self.left.saturating_sub(count);
            return self.checked(to.get(before..).unwrap_or_default());
        }
        Ok(false)
    }

    fn checked(&mut self, block: &[u8]) -> io::Result<bool> {
        let Some(sum) = &mut self.sum else {
            return Ok(true);
        };
        sum.update(block);
        if self.left == 0 && sum.clone().finalize() != self.source.sum {
            return Err(io::Error::new(io::ErrorKind::InvalidData, CHANGED));
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_file(octets: &[u8]) -> (File, MailSource) {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&[b"before", octets, b"behind"].concat(), 0)
            .unwrap();
        let read = Arc::new(file.try_clone().unwrap());
        let length = octets.len().try_into().unwrap();
        let source = MailSource::of_file(read, 6, length, crc32fast::hash(octets));
        (file, source)
    }

    #[test]
    fn pieces_are_one_mail_with_one_checksum() {
        let octets: Vec<u8> = (0..400_000_u32).map(|at| (at / 3) as u8).collect();
        let (start, rest) = octets.split_at(1_000);
        let (middle, end) = rest.split_at(2 * BLOCK_OCTETS);
        let source = MailSource::joined([
            start.to_vec().into(),
            in_file(middle).1,
            Vec::new().into(),
            MailSource::joined([in_file(end).1, b"x".to_vec().into()]),
        ]);
        let all = [octets.as_slice(), b"x"].concat();
        assert_eq!(source.octets(), 400_001);
        assert_eq!(source.sum(), crc32fast::hash(&all));
        assert!(source.whole().unwrap() == all && source.is_whole().unwrap());
        let source = source.into_memory().unwrap_err();
        assert!(source.whole().unwrap() == all, "it can be read again");
        assert_eq!(MailSource::from(all.clone()).into_memory().unwrap(), all);
        assert!(MailSource::joined([]).whole().unwrap().is_empty());
    }

    #[test]
    fn what_has_changed_never_comes_to_its_end() {
        let octets = vec![7; 3 * BLOCK_OCTETS + 5];
        let (file, source) = in_file(&octets);
        file.write_all_at(&[8], 6 + 70_000).unwrap();
        let (mut read, mut reader) = (Vec::new(), source.reader());
        let mut blocks = 0;
        let error = loop {
            match reader.append_next(&mut read) {
                Ok(true) => blocks += 1,
                Ok(false) => panic!("it came to its end"),
                Err(error) => break error,
            }
        };
        assert!(is_damage(&error), "{error}");
        assert_eq!(blocks, 3, "all but the last one");
        assert!(!source.is_whole().unwrap());
        let as_it_is = source.clone().unchecked().whole().unwrap();
        assert_eq!((as_it_is.len(), as_it_is[70_000]), (octets.len(), 8));
        file.set_len(100_000).unwrap();
        assert!(is_damage(&source.whole().unwrap_err()));
        assert!(!source.is_whole().unwrap());
    }
}
