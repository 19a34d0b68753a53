//! Files over HTTP (RFC 9110, RFC 9112): fetched from where users have put them, and put where the XMPP server says.
//!
//! What is fetched has an address that somebody wrote into a message. So it is looked at before anything is connected to
//! ([`guard`]), at each redirect again, and nothing is ever sent along that says who asks: no cookies, no login.
//!
//! And the other way round: whole mails as pages, for whoever has the address of one ([`server`]).

pub mod client;
pub mod file_body;
pub mod guard;
pub mod server;

pub use client::{Error, FetchLimits, Fetched, HttpClient, Put, Taker, host, origin};
pub use file_body::FileBody;
