//! What goes wrong with the spool.

use crate::core::id::JobId;
use crate::store::handles;
use std::io;
use std::path::Path;

/// Of an error that concerns what is read, and nothing that was written.
pub(super) const READING: &str = "read";

/// What went wrong with the spool, and who can mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// No space left (or no quota): nothing was accepted, and it may be tried again.
    #[error("the disk is full, {path} cannot be written; free some space there")]
    Full {
        /// What was written.
        path: String,
    },
    /// No file handle was free for some time: nothing was accepted, and it may be tried again.
    #[error(
        "there is no file handle left to open {path}; look what has so many open, or allow more (LimitNOFILE= of the service)"
    )]
    NoHandle {
        /// What was to be opened.
        path: String,
    },
    /// The disk or its file system fails: what was written may be lost, so nothing more may be accepted.
    #[error("cannot {doing} {path}: {cause}; check the disk and the permissions of the spool")]
    Broken {
        /// A verb.
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// The system's words.
        cause: String,
    },
    /// Another process has the spool open.
    #[error("the spool {0} is in use by another process; is a gateway running already?")]
    InUse(String),
    /// A file was written by a newer version.
    #[error(
        "{path} has format {found}, this program knows formats up to {known}; use a newer stanzamail"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its format.
        found: u32,
        /// The newest format of such files that this program knows.
        known: u32,
    },
    /// A mail is not what was written.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file in which it lies.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// This job is not there: it was settled, or an admin removed it.
    #[error("the mail {0} is no longer in the spool")]
    Gone(JobId),
    /// What is there belongs to a later job with the same id.
    #[error("the mail {0} was replaced by a newer one")]
    Replaced(JobId),
}

impl SpoolError {
    /// Whether it concerns what is read, and nothing that was written.
    pub(super) fn is_of_what_is_read(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Broken { doing, .. } => *doing == READING,
            _ => false,
        }
    }
}

pub(super) fn gone_or_broken(path: &Path, error: io::Error) -> SpoolError {
    let id = path
        .file_name()
        .and_then(|name| JobId::parse(name.to_str()?));
    match (error.kind(), id) {
        (io::ErrorKind::NotFound, Some(id)) => SpoolError::Gone(id),
        _ => broken(READING, path)(error),
    }
}

pub(super) fn broken(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.display().to_string();
    move |error| {
        if is_full(&error) {
            SpoolError::Full { path }
        } else if handles::are_none_left(&error) {
            SpoolError::NoHandle { path }
        } else {
            let cause = error.to_string();
            SpoolError::Broken { doing, path, cause }
        }
    }
}

/// A limit on the size of files ends when somebody lifts it, like a quota.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

pub(super) fn damaged(path: &Path, why: impl ToString) -> SpoolError {
    SpoolError::Damaged {
        path: path.display().to_string(),
        why: why.to_string(),
    }
}
