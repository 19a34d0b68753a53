//! Where a gateway listens: a unix socket or a TCP port.

use super::{Io, unix};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::{TcpListener, UnixListener};

/// Of the socket: its owner and its group, which is that of the folder where that has the bit (`chmod g+s`).
const SOCKET_MODE: u32 = 0o660;

/// Where others connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A unix socket.
    Unix(PathBuf),
    /// A port of this machine.
    Tcp(SocketAddr),
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "{address}"),
        }
    }
}

/// A socket at which connections arrive.
#[derive(Debug)]
pub enum Listener {
    /// A unix socket.
    Unix(UnixListener),
    /// A port of this machine.
    Tcp(TcpListener),
}

impl Listener {
    /// Opens it. A socket that a gateway has left there is replaced.
    ///
    /// # Errors
    /// [`io::Error`]: somebody answers there, or the system refuses.
    pub async fn bind(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Unix(path) => unix::listen(path, SOCKET_MODE).map(Self::Unix),
            Listen::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
        }
    }

    /// The next connection.
    ///
    /// # Errors
    /// [`io::Error`]: the system has no handle for it, or it has gone already.
    pub async fn accept(&self) -> io::Result<Box<dyn Io>> {
        Ok(match self {
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Replies are written at once, and the next one must not wait for an acknowledgement.
                let _ = stream.set_nodelay(true);
                Box::new(stream)
            }
        })
    }
}
