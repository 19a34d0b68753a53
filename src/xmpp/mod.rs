//! The XMPP side of the shell: one component stream (XEP-0114) to one server, kept up for as long as the gateway runs.
//!
//! In the order in which octets flow: [`stream`] connects and logs in; [`guard`] cuts what arrives into first-level
//! elements before any XML parser sees it, so that no user can bring the stream or the process down; [`codec`] turns
//! octets into elements and back; [`bounce`] answers what was cut away; `session` reads and writes one connection,
//! where `ping` asks whether the server is still there; [`link`] keeps a connection up and is what the rest of the
//! gateway holds. [`event`] has what all of these say to each other.
//!
//! XEP-0114 has no acknowledgements: [`Link::barrier`] makes up for it.

pub mod bounce;
pub mod codec;
pub mod event;
pub mod guard;
pub mod link;
mod ping;
mod question;
mod session;
pub mod stream;
#[cfg(test)]
mod tests;

pub use event::{Question, SendError, XmppConfig, XmppEvent, XmppTimings};
pub use link::{Link, XmppConnector, connect, try_login};
pub use stream::XmppLoginError;
