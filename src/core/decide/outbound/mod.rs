//! From messages of local users: a message for contacts becomes one mail.

pub(crate) mod chat;
pub(crate) mod elsewhere;
pub(crate) mod fields;
pub(crate) mod gather;
pub(crate) mod gesture;
pub(crate) mod identity;
pub(crate) mod outgoing;
pub(crate) mod quoted_link;
pub(crate) mod receipt;
pub(crate) mod recipients;
pub(crate) mod rows;
pub(crate) mod undo;
pub(crate) mod unsupported;
pub(crate) mod wordless;
