//! Why a gateway ends.

use super::restarts::{RESTARTS_MAX, WITHIN};
use crate::panics;
use crate::pipeline::Fatal;
use crate::store::StoreError;
use crate::store::signing_key::SigningKeyError;
use crate::store::spool::SpoolError;
use std::any::Any;

/// Why the gateway could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The store cannot be opened, or failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The spool cannot be opened.
    #[error("{0}")]
    Spool(#[from] SpoolError),
    /// Our own key cannot be read.
    #[error("{0}")]
    Key(#[from] SigningKeyError),
    /// The store failed while the gateway ran.
    #[error("{0}")]
    Failed(#[from] Fatal),
    /// A part ended that runs as long as the gateway.
    #[error(transparent)]
    Part(#[from] FailedPart),
    /// And that again and again.
    #[error(
        "{failed}; the parts of the gateway were started again {RESTARTS_MAX} times in {} minutes, so it ends",
        WITHIN.as_secs() / 60
    )]
    Again {
        /// The last one.
        failed: FailedPart,
    },
    /// The system refuses something that a start needs.
    #[error("{0}")]
    System(String),
}

/// A part of the gateway ended though nobody asked it to.
#[derive(Debug, thiserror::Error)]
#[error(
    "the part “{part}” ended unexpectedly ({why}); this is a defect, please report it with the log"
)]
pub struct FailedPart {
    pub(super) part: &'static str,
    pub(super) why: String,
}

impl FailedPart {
    pub(super) fn of(part: &'static str, panic: &(dyn Any + Send)) -> Self {
        let why = panics::words_of(panic);
        Self { part, why }
    }
}
