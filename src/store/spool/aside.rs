//! What cannot be read, kept for the admin.

use super::replay::Damage;
use super::{SpoolError, broken};
use crate::core::id::JobId;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The first word of a file of a mail, as it is kept here and was before there was a journal (see [`super::old`]).
pub(super) const MAGIC: &str = "stanzamail";
/// The version of that format.
pub(super) const VERSION: u32 = 1;

/// The folder for it.
#[derive(Clone, Debug)]
pub(super) struct Aside(PathBuf);

impl Aside {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// Moves a file there that is none of the spool's.
    pub(super) fn file(&self, path: &Path, why: &str) -> Result<(), SpoolError> {
        let to = self.0.join(path.file_name().unwrap_or_default());
        fs::rename(path, &to).map_err(broken("move", path))?;
        tracing::error!(file = %to.display(), "a file in the spool is damaged and was set aside, it is not sent: {why}");
        Ok(())
    }

    /// Copies a record of a mail, in the format of a file for each mail, which people can read.
    pub(super) fn record(&self, id: &JobId, job: &[u8], mail: &[u8]) {
        self.keep(id.as_str(), &framed(job, mail));
    }

    /// Copies what cannot be read of a segment, and says so, but once.
    pub(super) fn damage(&self, folder: &Path, damage: &Damage) {
        let path = damage.segment.path(folder);
        let id = damage.key.and_then(super::record::id_of);
        let name = match &id {
            Some(id) => id.to_string(),
            None => format!("{:016x}-{}", damage.segment.number, damage.octets.start),
        };
        if self.0.join(&name).exists() {
            return;
        }
        let whose = id.map_or(String::new(), |id| format!(", of the mail {id}"));
        tracing::error!(
            file = %path.display(),
            "octets {} to {} of the spool's journal are damaged{whose}, and were set aside as {name}: {}",
            damage.octets.start,
            damage.octets.end,
            damage.why
        );
        let read = || {
            let file = File::open(&path)?;
            let end = damage.octets.end.min(file.metadata()?.len());
            let length = end.saturating_sub(damage.octets.start);
            let mut octets = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            file.read_exact_at(&mut octets, damage.octets.start)?;
            Ok::<_, io::Error>(octets)
        };
        match read() {
            Ok(octets) => self.keep(&name, &octets),
            Err(error) => tracing::error!("what is damaged cannot be copied: {error}"),
        }
    }

    /// As far as there is room.
    fn keep(&self, name: &str, octets: &[u8]) {
        let mut new = OpenOptions::new();
        new.write(true).create(true).truncate(true).mode(0o600);
        let path = self.0.join(name);
        let kept = new.open(&path).and_then(|mut file| file.write_all(octets));
        if let Err(error) = kept {
            tracing::error!(file = %path.display(), "what is damaged cannot be copied: {error}");
        }
    }
}

/// A file of this format.
pub(super) fn framed(job: &[u8], mail: &[u8]) -> Vec<u8> {
    let first_line = format!(
        "{MAGIC} {VERSION} {} {} {:08x} {:08x}\n",
        job.len(),
        mail.len(),
        crc32fast::hash(job),
        crc32fast::hash(mail)
    );
    [first_line.as_bytes(), job, b"\n", mail].concat()
}
