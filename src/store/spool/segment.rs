//! The files of the journal: how they are named, and the one that is written to.

use super::record::{Encoded, HEAD_OCTETS, RecordKind};
use super::{SpoolError, broken, is_full};
use crate::failpoints::{self, DiskStep};
use crate::store::handles;
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How much room a new segment is given at first, in octets.
const ROOM_MIN: u64 = 64 * 1024;
/// How much it is given more at a time at most. To overwrite zeros costs a sync half the time that it takes where the
/// file grows or was only allocated (fallocate): there is nothing to be noted about the file itself.
const ROOM_MORE_MAX: u64 = 1024 * 1024;

/// The name of a segment: its number in the order in which they are written, and what each of its records begins with,
/// which nobody can guess who writes the mails in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) number: u64,
    pub(super) salt: u64,
}

impl Name {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (number, salt) = text.split_once('-')?;
        let hex = |digits: &str| u64::from_str_radix(digits, 16).ok();
        let name = Self {
            number: hex(number)?,
            salt: hex(salt)?,
        };
        (name.file() == text).then_some(name)
    }

    pub(super) fn file(self) -> String {
        format!("{:016x}-{:016x}", self.number, self.salt)
    }

    pub(super) fn path(self, folder: &Path) -> PathBuf {
        folder.join(self.file())
    }
}

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct Tail {
    file: File,
    path: PathBuf,
    /// Until that it is there is durable: open, so that it can be synced when there is no file handle left.
    folder: Option<File>,
    pub(super) name: Name,
    /// Where the next record goes.
    pub(super) end: u64,
    /// Up to where there is room.
    room: u64,
    /// Up to where all is durable.
    durable: u64,
    /// Where the note ends that says so, if that is the last that was written.
    noted: u64,
}

impl Tail {
    /// A new segment with room for so much, beside its first record.
    pub(super) fn make(folder: &Path, number: u64, octets: u64) -> Result<Self, SpoolError> {
        let mut salt = [0; 8];
        let random = SystemRandom::new().fill(&mut salt);
        random
            .map_err(|_| broken("make a name in", folder)(io::Error::other("no random numbers")))?;
        // Never one that a stretch of zeros begins with.
        let salt = u64::from_le_bytes(salt) | 1;
        let name = Name { number, salt };
        let path = name.path(folder);
        let opened = handles::patiently(|| File::open(folder));
        let folder = opened.map_err(broken("open", folder))?;
        let mut new = OpenOptions::new();
        new.read(true).write(true).create_new(true).mode(0o600);
        let file = failpoints::disk(DiskStep::Write);
        let file = file.and_then(|()| handles::patiently(|| new.open(&path)));
        let file = file.map_err(broken("make", &path))?;
        let mut tail = Self {
            file,
            path,
            folder: Some(folder),
            name,
            end: 0,
            room: 0,
            durable: 0,
            noted: 0,
        };
        if let Err(error) = tail.grow(HEAD_OCTETS.saturating_add(octets)) {
            let _ = fs::remove_file(&tail.path);
            return Err(error);
        }
        Ok(tail)
    }

    /// Writes its first record: of the segment before it, which is durable now, the number and where it ends.
    pub(super) fn begin(&mut self, before: (u64, u64)) -> Result<(), SpoolError> {
        let mut octets = Vec::new();
        let begin = Encoded::bare(RecordKind::Begin, 0, before.0);
        begin.write_front(self.name.salt, 0, before.1, &mut octets);
        self.write(&octets)
    }

    /// Whether something was written that is not durable yet.
    pub(super) fn is_unsynced(&self) -> bool {
        self.durable < self.end && self.noted < self.end
    }

    /// Whether its last record says that all of it is durable.
    pub(super) fn is_noted(&self) -> bool {
        self.noted == self.end
    }

    /// Up to where all is durable, as the next record says.
    pub(super) fn durable(&self) -> u64 {
        self.durable
    }

    /// Sees that there is room for so many octets more.
    pub(super) fn grow(&mut self, octets: u64) -> Result<(), SpoolError> {
        let wanted = self.end.saturating_add(octets);
        if wanted <= self.room {
            return Ok(());
        }
        let more = self.room.clamp(ROOM_MIN, ROOM_MORE_MAX);
        // Behind a mail that has a segment of its own there must be room for the note that it is durable: a start that does not know
        // that takes what is damaged for what was never accepted.
        let noted = wanted.saturating_add(HEAD_OCTETS);
        let generous = noted.max(self.room.saturating_add(more));
        let grown = failpoints::disk(DiskStep::Write).and_then(|()| match self.fill(generous) {
            Err(error) if is_full(&error) => {
                self.shorten()?;
                self.fill(wanted)
            }
            filled => filled,
        });
        grown.map_err(|error| {
            let _ = self.shorten();
            broken("write", &self.path)(error)
        })
    }

    fn fill(&mut self, to: u64) -> io::Result<()> {
        let missing = to.saturating_sub(self.room);
        let zeros = vec![0; usize::try_from(missing.min(ROOM_MORE_MAX)).unwrap_or(0)];
        let mut at = self.room;
        while at < to {
            let some = usize::try_from(to.saturating_sub(at)).unwrap_or(usize::MAX);
            let piece = zeros.get(..some.min(zeros.len())).unwrap_or(&zeros);
            self.file.write_all_at(piece, at)?;
            at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(0));
        }
        self.room = to;
        Ok(())
    }

    /// Gives back the room behind the end, and whatever was written there in vain.
    fn shorten(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.room = self.end;
        Ok(())
    }

    /// Appends, where [`Tail::grow`] has made room. Nothing of it stays if it fails.
    fn write(&mut self, octets: &[u8]) -> Result<(), SpoolError> {
        self.append(|appended| appended.put(octets))
    }

    /// The same with what comes piece by piece.
    pub(super) fn append(
        &mut self,
        write: impl FnOnce(&mut Appended<'_>) -> Result<(), SpoolError>,
    ) -> Result<(), SpoolError> {
        let mut appended = Appended {
            file: &self.file,
            path: &self.path,
            end: self.end,
        };
        match write(&mut appended) {
            Ok(()) => {
                self.end = appended.end;
                Ok(())
            }
            Err(error) => {
                self.shorten().map_err(broken("write", &self.path))?;
                Err(error)
            }
        }
    }

    /// Makes all durable that was written. Where that fails it is not known what is, and never will be: what was not
    /// durable before is taken back, lest the next start believe what the kernel shows and the disk does not have.
    pub(super) fn sync(&mut self) -> Result<(), SpoolError> {
        let mut synced = failpoints::disk(DiskStep::Sync).and_then(|()| self.file.sync_data());
        if let Some(folder) = &self.folder {
            synced = synced.and_then(|()| failpoints::disk(DiskStep::Sync));
            synced = synced.and_then(|()| folder.sync_all());
        }
        if let Err(error) = synced {
            self.end = self.durable;
            let _ = self.shorten();
            // Were it for want of room: what was written before is not there any more either.
            return Err(SpoolError::Broken {
                doing: "sync",
                path: self.path.display().to_string(),
                cause: error.to_string(),
            });
        }
        self.folder = None;
        self.durable = self.end;
        Ok(())
    }

    /// Makes an end of it: nothing is written to it any more, and all in it is durable.
    pub(super) fn seal(&mut self) -> Result<(), SpoolError> {
        self.shorten().map_err(broken("shorten", &self.path))?;
        match self.is_unsynced() {
            true => self.sync(),
            false => Ok(()),
        }
    }

    /// Notes that all of it is durable, if there is room for the note. It may be lost.
    pub(super) fn note_durable(&mut self) {
        if self.is_unsynced() || self.is_noted() || self.end.saturating_add(HEAD_OCTETS) > self.room
        {
            return;
        }
        let mut octets = Vec::new();
        let note = Encoded::bare(RecordKind::Synced, 0, 0);
        note.write_front(self.name.salt, self.end, self.durable, &mut octets);
        if self.write(&octets).is_ok() {
            self.noted = self.end;
        }
    }
}

/// What is being written behind the end of a segment, and belongs to it when all of it is written.
pub(super) struct Appended<'a> {
    file: &'a File,
    path: &'a Path,
    /// Where the next piece goes.
    pub(super) end: u64,
}

impl Appended<'_> {
    pub(super) fn put(&mut self, octets: &[u8]) -> Result<(), SpoolError> {
        let written = failpoints::disk(DiskStep::Write);
        let written = written.and_then(|()| self.file.write_all_at(octets, self.end));
        written.map_err(broken("write", self.path))?;
        let length = u64::try_from(octets.len()).unwrap_or(0);
        self.end = self.end.saturating_add(length);
        Ok(())
    }
}
