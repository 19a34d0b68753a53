//! Stanzas and mails on which the gateway failed by a defect of its own: set aside, for the admin and for whoever mends
//! it. Nothing depends on them; those concerned were told.
//!
//! ```text
//! <store>/quarantine/<id>      one line of JSON (a [`Note`]), a line feed, and the stanza as XML or the mail
//! <store>/quarantine/<id>.new  being written
//! ```
//! The id is a hash of the content: what fails a second time is there once. What is over the limits goes, the oldest first.

use crate::core::address::MailAddress;
use crate::core::id::{JobId, MessageId};
use crate::core::time::Timestamp;
use crate::store::handles;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The most that is kept.
pub const COUNT_MAX: usize = 1000;
/// The most that is kept, in octets.
pub const OCTETS_MAX: u64 = 256 * 1024 * 1024;
/// The longest note that is read, in octets.
const NOTE_OCTETS_MAX: u64 = 64 * 1024;

/// What was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuarantineKind {
    /// A stanza from the XMPP server.
    Stanza,
    /// A mail from a mailbox.
    Mail,
}

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it is.
    pub kind: QuarantineKind,
    /// When it was set aside.
    pub at: Timestamp,
    /// What the gateway said when it failed.
    pub why: String,
    /// Who sent it, as it says; empty where that could not be read.
    pub from: String,
    /// For whom it is, likewise.
    pub to: String,
    /// Of a mail: the mailbox in which it lies, or by which other way it came.
    pub mailbox: Option<String>,
    /// Of a mail that a mail server handed over: the recipients in its envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Vec<String>>,
    /// Of a mail: its size there, in octets.
    pub octets: u64,
    /// Of a mail: the content is its header alone.
    pub header_only: bool,
}

impl Note {
    /// The recipients in the envelope of a mail that a mail server handed over.
    pub fn envelope(&self) -> Option<Vec<MailAddress>> {
        let recipients = self.envelope.as_ref()?;
        Some(recipients.iter().filter_map(|to| to.parse().ok()).collect())
    }
}

/// One of them, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedEvent {
    /// Its name here.
    pub id: JobId,
    /// What is known of it.
    pub note: Note,
    /// Of its content.
    pub octets: u64,
}

/// The folder. Its functions block.
#[derive(Debug)]
pub struct Quarantine {
    folder: PathBuf,
    count_max: usize,
    /// Held while something is written.
    turn: Mutex<()>,
}

impl Quarantine {
    /// The quarantine of the store in this folder. It is made when it is first needed.
    pub fn of_store(store: &Path) -> Self {
        Self {
            folder: store.join("quarantine"),
            count_max: COUNT_MAX,
            turn: Mutex::new(()),
        }
    }

    /// Keeps this; answers how much is kept now.
    ///
    /// # Errors
    /// [`io::Error`]: it is not kept.
    pub fn put(&self, note: &Note, content: &[u8]) -> io::Result<usize> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let path = self.path(&id_of(note.kind, content));
        let new = path.with_extension("new");
        let mut octets = serde_json::to_vec(note)?;
        octets.push(b'\n');
        octets.extend_from_slice(content);
        let mut writing = OpenOptions::new();
        writing.write(true).create(true).truncate(true).mode(0o600);
        let mut file = handles::patiently(|| writing.open(&new))?;
        file.write_all(&octets)?;
        file.sync_data()?;
        fs::rename(&new, &path)?;
        self.make_room(&path)
    }

    /// All of it, the oldest first. What cannot be read is left out.
    ///
    /// # Errors
    /// [`io::Error`]: the folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<QuarantinedEvent>> {
        let mut all: Vec<QuarantinedEvent> = self
            .ids()?
            .into_iter()
            .filter_map(|id| {
                let (note, _, octets) = self.open(&id).ok()?;
                Some(QuarantinedEvent { id, note, octets })
            })
            .collect();
        all.sort_by(|a, b| a.note.at.cmp(&b.note.at).then_with(|| a.id.cmp(&b.id)));
        Ok(all)
    }

    /// One of them with its content; `None` where it is not there.
    ///
    /// # Errors
    /// [`io::Error`]: it is there and cannot be read.
    pub fn read(&self, id: &JobId) -> io::Result<Option<(QuarantinedEvent, Vec<u8>)>> {
        let (note, mut rest, octets) = match self.open(id) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut content = Vec::new();
        rest.read_to_end(&mut content)?;
        let id = id.clone();
        Ok(Some((QuarantinedEvent { id, note, octets }, content)))
    }

    /// Forgets one of them; false where it is not there.
    ///
    /// # Errors
    /// [`io::Error`]: it is still there.
    pub fn remove(&self, id: &JobId) -> io::Result<bool> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            removed => removed.map(|()| true),
        }
    }

    fn path(&self, id: &JobId) -> PathBuf {
        self.folder.join(id.as_str())
    }

    fn ids(&self) -> io::Result<Vec<JobId>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let id = |entry: fs::DirEntry| JobId::parse(entry.file_name().to_str()?);
        Ok(entries.flatten().filter_map(id).collect())
    }

    /// The note, what is behind it, and how many octets that has.
    fn open(&self, id: &JobId) -> io::Result<(Note, BufReader<File>, u64)> {
        let file = File::open(self.path(id))?;
        let octets = file.metadata()?.len();
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        (&mut reader)
            .take(NOTE_OCTETS_MAX)
            .read_until(b'\n', &mut line)?;
        let note = serde_json::from_slice(&line)?;
        let before = u64::try_from(line.len()).unwrap_or(u64::MAX);
        Ok((note, reader, octets.saturating_sub(before)))
    }

    /// Removes the oldest beyond the limits, never the one that has just come. Answers how many are left.
    fn make_room(&self, newest: &Path) -> io::Result<usize> {
        let mut files = Vec::new();
        for path in self.ids()?.iter().map(|id| self.path(id)) {
            if let Ok(data) = fs::metadata(&path) {
                files.push((data.modified()?, data.len(), path));
            }
        }
        files.sort();
        let mut count = files.len();
        let mut octets: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if count <= self.count_max && octets <= OCTETS_MAX {
                break;
            }
            if path != newest {
                fs::remove_file(&path)?;
                count = count.saturating_sub(1);
                octets = octets.saturating_sub(len);
            }
        }
        Ok(count)
    }
}

fn id_of(kind: QuarantineKind, content: &[u8]) -> JobId {
    let kind = match kind {
        QuarantineKind::Stanza => "stanza",
        QuarantineKind::Mail => "mail",
    };
    JobId::of_name(&["quarantine", kind, MessageId::of_raw(content).as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn note(kind: QuarantineKind, at: i64) -> Note {
        Note {
            kind,
            at: Timestamp::from_secs(at),
            why: "index out of bounds\nindeed".to_owned(),
            from: "alice@a.example/phone".to_owned(),
            to: "carol".to_owned(),
            mailbox: None,
            envelope: None,
            octets: 0,
            header_only: false,
        }
    }

    #[test]
    fn what_is_put_is_there_once_for_the_owner_only_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::of_store(folder.path());
        assert_eq!(quarantine.list().unwrap(), []);
        let content = b"<message>\n</message>";
        assert_eq!(
            quarantine
                .put(&note(QuarantineKind::Stanza, 1), content)
                .unwrap(),
            1
        );
        assert_eq!(
            quarantine
                .put(&note(QuarantineKind::Stanza, 9), content)
                .unwrap(),
            1
        );
        assert_eq!(
            quarantine
                .put(&note(QuarantineKind::Mail, 5), content)
                .unwrap(),
            2
        );
        let kept = quarantine.list().unwrap();
        let times: Vec<_> = kept.iter().map(|one| one.note.at.millis()).collect();
        assert_eq!(times, [5000, 9000]);
        let (read, octets) = quarantine.read(&kept[1].id).unwrap().unwrap();
        assert_eq!((&read, octets.as_slice()), (&kept[1], content.as_slice()));
        assert_eq!(read.octets, 20);
        let path = quarantine.path(&read.id);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&quarantine.folder), 0o700);
        assert!(quarantine.remove(&read.id).unwrap());
        assert!(!quarantine.remove(&read.id).unwrap());
        assert_eq!(quarantine.read(&read.id).unwrap(), None);
    }

    #[test]
    fn only_so_many_are_kept_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine {
            count_max: 5,
            ..Quarantine::of_store(folder.path())
        };
        let put = |n: i64| {
            quarantine
                .put(&note(QuarantineKind::Stanza, n), n.to_string().as_bytes())
                .unwrap()
        };
        put(-1);
        let first = quarantine.list().unwrap().remove(0).id;
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        let file = File::options().write(true).open(quarantine.path(&first));
        file.unwrap().set_modified(long_ago).unwrap();
        for n in 0..4 {
            put(n);
        }
        assert!(quarantine.read(&first).unwrap().is_some());
        assert_eq!(put(4), 5);
        assert!(quarantine.read(&first).unwrap().is_none());
    }
}
