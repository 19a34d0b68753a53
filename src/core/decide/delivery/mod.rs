//! From outcomes: what became of a mail, and who is told.

pub mod outcome;
pub mod returned;
pub(crate) mod status;
