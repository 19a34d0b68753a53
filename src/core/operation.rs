//! What a decision has done that is neither a mail nor a row nor a stanza: about mails that wait, or as an administrator. What comes of it is known only
//! afterwards: the shell does it, and then the same stanza is decided about once more, knowing that (`Context::told`).

use crate::core::address::MailAddress;
use crate::core::from_mail::{Attachment, Enclosed};
use crate::core::id::OriginalId;
use crate::core::job::Job;
use crate::core::language::Language;
use crate::core::time::Timestamp;
use crate::core::traces::Traces;
use std::collections::BTreeMap;

/// A job of the queue, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingJob {
    /// The job.
    pub job: Job,
    /// What it waits for.
    pub stage: JobStage,
}

/// What a job waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStage {
    /// Its next attempt.
    Waits,
    /// The end of an attempt.
    UnderWay,
    /// That those are told whom the last attempt concerns.
    Settling,
}

/// What became of a wish about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobChange {
    /// It is done.
    Done,
    /// It cannot be done at this stage.
    Not(JobStage),
    /// There is no such job.
    Unknown,
    /// Its file cannot be read at the moment.
    Unreadable,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// About a mail that the core has found to be of who asks.
    Mail {
        /// As it was when it was asked for.
        job: Box<Job>,
        /// What is wanted.
        wish: JobWish,
    },
    /// A mail that was kept as it came is read.
    Original(OriginalId),
    /// Links of who asks are dead from now on.
    Revoke(Links),
    /// A command of an administrator, as it would be typed: `queue`, `show`, `--`, `3fa9…`.
    Admin {
        /// Its words.
        words: Vec<String>,
        /// In which it was asked for: it may be about who asks, of whom no choice is known when it is done.
        language: Language,
    },
    /// All that is stored of who asks is given out to them: of nobody else, for nobody is named.
    Export {
        /// Their address, which no row may have.
        mail: Option<MailAddress>,
        /// What each kind of its parts is, in the user's language.
        about: BTreeMap<&'static str, String>,
    },
    /// All that is stored of who asks is forgotten: of nobody else, for nobody is named.
    Forget {
        /// In which it was asked for; what was chosen is forgotten when it is done.
        language: Language,
    },
}

impl Operation {
    /// In which language it was asked for, where that may be forgotten when it is done. What was typed is read once more then, and
    /// means nothing in another one.
    pub fn language(&self) -> Option<Language> {
        match self {
            Self::Admin { language, .. } | Self::Forget { language } => Some(*language),
            Self::Mail { .. } | Self::Original(_) | Self::Revoke(_) | Self::Export { .. } => None,
        }
    }
}

/// Which links: to pages of mails, and to files that the gateway keeps itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Links {
    /// All.
    All,
    /// These, as far as they are of who asks.
    These(Vec<OriginalId>),
}

/// What a mail says that is kept as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginalText {
    /// Its subject, where it has one.
    pub subject: Option<String>,
    /// In words, with all that it quotes.
    pub text: String,
    /// It goes on, beyond what is read.
    pub is_cut: bool,
    /// Its files, without what is in them.
    pub files: Vec<Attachment>,
    /// Files in the text itself.
    pub enclosed: Enclosed,
}

/// All that is stored of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedData {
    /// How many lines it has.
    pub count: usize,
    /// There is more, for which there is no room.
    pub is_cut: bool,
    /// Where it is.
    pub told: ExportedAs,
}

/// How it is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportedAs {
    /// As a file.
    Link {
        /// Its address.
        link: String,
        /// Until when it is there.
        until: Timestamp,
    },
    /// As messages.
    Messages(Vec<String>),
}

/// What is wanted of a mail that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobWish {
    /// It leaves the queue without being sent; only who asks is told.
    TakeBack,
    /// It is tried now.
    SendNow,
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationResult {
    /// By the queue.
    Changed(JobChange),
    /// All that the mail says, in words; `None` where it is not kept.
    Original(Option<OriginalText>),
    /// How many links there were; `None` where the disk failed, and some may still be there.
    Revoked(Option<usize>),
    /// What the command has printed, or why it was refused.
    Said(Result<String, String>),
    /// What is stored of who asked; `None`: it cannot be read, or there is no room for it.
    Exported(Option<ExportedData>),
    /// What was forgotten.
    Forgotten(Traces),
    /// Nothing was begun: too much is being done, or the gateway stops.
    Busy,
}
