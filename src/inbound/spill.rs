//! A mail as it comes from the mail server. What of it may be spilled ([`MailSplitter`]) goes into a file without a name, which is
//! gone with the mail, and with the process.

use crate::core::from_mail::{self, MailSplitter, RawMail, SpillFile};
use crate::system::has_room;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So much waits in memory before it is written, in octets.
const WRITTEN_AT_ONCE: usize = 256 * 1024;
/// What others need of the disk more than this does, in octets.
const ROOM_MIN: u64 = 256 * 1024 * 1024;

/// Takes one mail. Its calls block.
#[derive(Debug)]
pub struct MailTaker {
    splitter: MailSplitter,
    folder: PathBuf,
    file: Option<Arc<UnnamedFile>>,
}

/// A file that no folder knows.
#[derive(Debug)]
struct UnnamedFile(File);

impl SpillFile for UnnamedFile {
    fn read_at(&self, place: u64, octets: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(octets, place)
    }
}

impl MailTaker {
    /// One that writes to the disk of this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            splitter: MailSplitter::default(),
            folder,
            file: None,
        }
    }

    /// On whose disk it writes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The next octets of the mail.
    ///
    /// # Errors
    /// [`io::Error`]: what was written of it cannot be read again.
    pub fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.splitter.take(piece);
        match self.splitter.to_spill().len() > WRITTEN_AT_ONCE {
            true => self.write(),
            false => Ok(()),
        }
    }

    /// How much of it is in memory, in octets.
    pub fn in_memory(&self) -> usize {
        self.splitter.kept()
    }

    /// All of the mail was taken.
    ///
    /// # Errors
    /// As of [`MailTaker::take`].
    pub fn into_mail(mut self) -> io::Result<RawMail> {
        if !self.splitter.to_spill().is_empty() {
            self.write()?;
        }
        let file = self.spill_file();
        from_mail::unless_read(self.splitter.into_mail(file))
    }

    fn write(&mut self) -> io::Result<()> {
        let written = self.try_to_write();
        let Err(error) = written else {
            self.splitter.is_spilled();
            return Ok(());
        };
        tracing::info!(folder = %self.folder.display(), %error, "a mail with a big file stays in memory");
        let file = self.spill_file();
        let splitter = std::mem::take(&mut self.splitter);
        self.splitter = splitter.without_spill(file)?;
        self.file = None;
        Ok(())
    }

    fn try_to_write(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => {
                if !has_room(&self.folder, ROOM_MIN) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                let file = Arc::new(UnnamedFile(tempfile::tempfile_in(&self.folder)?));
                Arc::clone(self.file.insert(file))
            }
        };
        (&file.0).write_all(self.splitter.to_spill())
    }

    fn spill_file(&self) -> Option<Arc<dyn SpillFile>> {
        let file = self.file.as_ref();
        file.map(|file| Arc::clone(file) as Arc<dyn SpillFile>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn mail_with_file(octets: usize) -> String {
        let digits = STANDARD.encode(vec![7; octets]);
        let lines = digits.as_bytes().chunks(76);
        let lines: String = lines
            .map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap()))
            .collect();
        format!(
            "Message-ID: <a@b.example>\r\nContent-Type: application/zip\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{lines}"
        )
    }

    fn taken(mail: &str, folder: &Path) -> RawMail {
        let mut taker = MailTaker::new(folder.to_owned());
        for piece in mail.as_bytes().chunks(100_000) {
            taker.take(piece).unwrap();
            assert!(!folder.exists() || taker.in_memory() < 900_000);
        }
        taker.into_mail().unwrap()
    }

    #[test]
    fn a_big_file_lies_in_a_file_without_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let mail = mail_with_file(5_000_000);
        let raw = taken(&mail, folder.path());
        assert!(!raw.is_whole() && raw.octets().len() < 500_000);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(raw.whole().unwrap().octets() == mail.as_bytes());
    }

    #[test]
    fn where_nothing_can_be_written_it_stays_in_memory() {
        let folder = tempfile::tempdir().unwrap().path().join("gone");
        let mail = mail_with_file(2_000_000);
        let raw = taken(&mail, &folder);
        assert!(raw.is_whole() && raw.octets() == mail.as_bytes());
    }
}
