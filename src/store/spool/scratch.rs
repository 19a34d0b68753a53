//! Parts of mails that are being put together, before these are in the journal. They may have tens of megabytes, so they lie in files
//! without names: a process that dies leaves nothing behind.

use super::source::MailSource;
use super::{SpoolError, broken};
use crate::failpoints::{self, DiskStep};
use crate::store::handles;
use crate::system::{self, has_room};
use crc32fast::Hasher;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// So much of a part stays in memory, in octets: most are smaller, and need no file.
const MEMORY_OCTETS: usize = 256 * 1024;

/// Where such parts lie: in the folder of the spool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scratch {
    folder: Arc<Path>,
}

impl Scratch {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Whether the disk has room for so many octets, and as many in the journal.
    pub fn has_room(&self, octets: u64) -> bool {
        has_room(&self.folder, octets.saturating_mul(2))
    }

    /// For a part.
    pub fn file(&self) -> ScratchFile {
        ScratchFile {
            scratch: self.clone(),
            memory: Vec::new(),
            file: None,
            written: 0,
            sum: Hasher::new(),
        }
    }

    /// A file without a name.
    fn make(&self) -> Result<File, SpoolError> {
        let made = failpoints::disk(DiskStep::Write)
            .and_then(|()| handles::patiently(|| tempfile::tempfile_in(&self.folder)));
        made.map_err(broken("make a file in", &self.folder))
    }
}

/// A part that comes piece by piece.
#[derive(Debug)]
pub struct ScratchFile {
    scratch: Scratch,
    /// What came last.
    memory: Vec<u8>,
    /// What came before.
    file: Option<Arc<File>>,
    written: u64,
    /// Of all that came.
    sum: Hasher,
}

impl ScratchFile {
    /// Takes the next of it.
    ///
    /// # Errors
    /// [`SpoolError`]: the disk does not take it. It is of no use then.
    pub async fn take(&mut self, octets: &[u8]) -> Result<(), SpoolError> {
        self.sum.update(octets);
        self.memory.extend_from_slice(octets);
        if self.memory.len() <= MEMORY_OCTETS {
            return Ok(());
        }
        let (scratch, file, at) = (self.scratch.clone(), self.file.take(), self.written);
        let memory = std::mem::take(&mut self.memory);
        let written = system::blocking(move || {
            let file = match file {
                Some(file) => file,
                None => Arc::new(scratch.make()?),
            };
            let written = failpoints::disk(DiskStep::Write);
            let written = written.and_then(|()| file.write_all_at(&memory, at));
            written.map_err(broken("write", &scratch.folder))?;
            Ok((file, memory))
        });
        let written = written.await;
        let folder = &self.scratch.folder;
        let (file, memory) =
            written.map_err(|error| broken("write", folder)(io::Error::other(error)))??;
        let length = u64::try_from(memory.len()).unwrap_or(u64::MAX);
        self.written = self.written.saturating_add(length);
        (self.file, self.memory) = (Some(file), memory);
        self.memory.clear();
        Ok(())
    }

    /// All of it.
    pub fn done(self) -> MailSource {
        let rest = MailSource::from(self.memory);
        match self.file {
            None => rest,
            Some(file) => MailSource::of_file_and(file, self.written, rest, self.sum.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_small_stays_in_memory_and_no_name_is_left_of_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(dir.path());
        for (octets, at_once, is_in_memory) in [
            (0, 1, true),
            (MEMORY_OCTETS, 10_000, true),
            (MEMORY_OCTETS + 1, 10_000, false),
            (3_000_000, 7_777, false),
            (3_000_000, 3_000_000, false),
        ] {
            let all: Vec<u8> = (0..octets).map(|at| (at / 3) as u8).collect();
            let mut file = scratch.file();
            for piece in all.chunks(at_once) {
                file.take(piece).await.unwrap();
                assert!(file.memory.len() <= MEMORY_OCTETS.max(at_once));
            }
            let source = file.done();
            assert_eq!(source.octets(), u64::try_from(octets).unwrap());
            assert!(source.is_whole().unwrap() && source.whole().unwrap() == all);
            assert_eq!(source.into_memory().is_ok(), is_in_memory, "{octets}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn where_no_file_can_be_made_that_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = Scratch::new(&dir.path().join("gone")).file();
        file.take(&[7; MEMORY_OCTETS]).await.unwrap();
        let taken = file.take(b"x").await;
        assert!(matches!(taken, Err(SpoolError::Broken { .. })), "{taken:?}");
    }
}
