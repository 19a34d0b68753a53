//! Connections, once for all protocols: what every client of a server does before it says its first word, and what it
//! does when that fails.
//!
//! A name becomes a TCP connection ([`tcp`]), that becomes TLS or a sentence about what is wrong with the certificate
//! ([`tls`]), a name and a password or a
//! token become a login ([`sasl`]), failures become pauses ([`backoff`]) and a sentence for whoever asks ([`trouble`]), and
//! what may take how long is declared in one way ([`limits`]). [`listen`] is where a gateway listens, [`unix`] how it makes a
//! socket for that.
//!
//! `xmpp`, `smtp` and `imap` use it and do none of it themselves; it knows none of them, nor any other room but `system`.

pub mod backoff;
pub mod limits;
pub mod listen;
pub mod sasl;
pub mod tcp;
pub mod tls;
pub mod trouble;
pub(crate) mod unix;

use std::fmt::Debug;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection: TCP, or TLS over it.
pub trait Io: AsyncRead + AsyncWrite + Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Io for T {}
