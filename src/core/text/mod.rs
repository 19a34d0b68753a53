//! Text on its way between mail and XMPP.

pub mod charset;
pub mod chat;
pub mod clean;
pub mod flowed;
pub mod html;
pub mod quotes;
pub mod size;
pub mod styling;
pub mod subject;
