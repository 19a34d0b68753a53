//! Takes connections, so many at a time.

use super::reply;
use super::session::{self, SessionShared};
use crate::net::listen::{self, Listen};
use crate::net::{Io, tcp};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Connections at a time. Postfix makes 20 (`lmtp_destination_concurrency_limit`), Exim and Dovecot fewer.
const CONNECTIONS_MAX: usize = 100;
/// How long to wait before connections are taken again, when the system has no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What is read of whatever answers, in octets.
const GREETING_OCTETS_MAX: u64 = 512;

/// Why nobody can connect.
#[derive(Debug, thiserror::Error)]
#[error(
    "LMTP cannot listen at {listen} ({error}); see listen of [lmtp], and whether something else is there"
)]
pub struct LmtpError {
    listen: Listen,
    error: io::Error,
}

/// Who answers where a gateway is to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// A gateway.
    Gateway,
    /// Nobody, and one can listen there.
    Free,
    /// Somebody else, with these words.
    Other(String),
}

/// Looks who answers, for a check of the configuration.
///
/// # Errors
/// [`LmtpError`]: nobody answers, and nobody can listen there.
pub async fn look(listen: &Listen, limit: Duration) -> Result<Occupant, LmtpError> {
    let greeting = async {
        let stream: Box<dyn Io> = match listen {
            Listen::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Listen::Tcp(address) => {
                let connected = tcp::connect(address, limit).await;
                Box::new(connected.map_err(io::Error::other)?)
            }
        };
        let mut line = Vec::new();
        let mut reader = BufReader::new(stream).take(GREETING_OCTETS_MAX);
        reader.read_until(b'\n', &mut line).await?;
        Ok::<Vec<u8>, io::Error>(line)
    };
    match timeout(limit, greeting).await {
        Ok(Ok(line)) => Ok(match String::from_utf8_lossy(&line).trim() {
            said if said.ends_with(reply::GREETING) => Occupant::Gateway,
            said => Occupant::Other(format!("it says “{said}”")),
        }),
        Err(_) => Ok(Occupant::Other("it says nothing".to_owned())),
        Ok(Err(_)) => LmtpListener::bind(listen).await.map(|bound| {
            drop(bound);
            // The socket that was made to see whether it can be.
            if let Listen::Unix(path) = listen {
                let _ = std::fs::remove_file(path);
            }
            Occupant::Free
        }),
    }
}

/// A socket at which mail servers connect.
#[derive(Debug)]
pub struct LmtpListener(listen::Listener);

impl LmtpListener {
    /// Opens it. A socket that a gateway has left there is replaced.
    ///
    /// # Errors
    /// [`LmtpError`].
    pub async fn bind(listen: &Listen) -> Result<Self, LmtpError> {
        let bound = listen::Listener::bind(listen).await.map(Self);
        bound.map_err(|error| LmtpError {
            listen: listen.clone(),
            error,
        })
    }

    /// One that listens already.
    pub fn over(listener: listen::Listener) -> Self {
        Self(listener)
    }

    /// Serves until `stop`, and then those who are within a mail.
    pub(super) async fn serve(self, house: Arc<SessionShared>, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                // One that panicked has hurt nobody else.
                Some(_) = connections.join_next() => continue,
                accepted = self.0.accept() => accepted,
            };
            match accepted {
                Ok(stream) if connections.len() < CONNECTIONS_MAX => {
                    let (house, stop) = (Arc::clone(&house), stop.clone());
                    connections.spawn(session::converse(stream, house, stop));
                }
                Ok(stream) if connections.len() < CONNECTIONS_MAX.saturating_mul(2) => {
                    connections.spawn(session::refuse(stream, reply::BUSY));
                }
                Ok(stream) => drop(stream),
                Err(error) => {
                    tracing::warn!(%error, "no connection could be taken by LMTP");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self);
        while connections.join_next().await.is_some() {}
    }
}
