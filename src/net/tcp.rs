//! From a name to a TCP connection.

use crate::system::{Acknowledge, OwnedReadHalf, OwnedWriteHalf, TcpStream};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{ToSocketAddrs, lookup_host};
use tokio::time::timeout;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum TcpError {
    /// The resolver did not answer.
    #[error("its name was not looked up within {} s", .0.as_secs_f32())]
    LookUp(Duration),
    /// There is no such name, or nobody who knows.
    #[error("its name cannot be resolved: {0}")]
    Name(io::Error),
    /// The resolver knows the name and no address.
    #[error("its name has no address")]
    NoAddress,
    /// No address answered.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// The system's words: refused, no route.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl TcpError {
    /// Whether it is the name, and nothing of the server was seen.
    pub(crate) fn is_about_the_name(&self) -> bool {
        matches!(self, Self::LookUp(_) | Self::Name(_) | Self::NoAddress)
    }
}

/// Connects to the first address that answers. Each has the whole time limit, and so has the look-up of the name: a dead
/// IPv6 route does not hide a live IPv4 one.
///
/// # Errors
/// [`TcpError`], of the last address.
pub(crate) async fn connect(
    to: impl ToSocketAddrs,
    limit: Duration,
) -> Result<TcpStream, TcpError> {
    let addresses = look_up(to, limit).await?;
    let mut last = TcpError::NoAddress;
    for address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // All protocols here write what they have to say at once. Without this, the second of two writes waits
                // for an acknowledgement, which the other side delays by 40 ms.
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Ok(Err(error)) => last = error.into(),
            Err(_) => last = TcpError::Silent(limit),
        }
    }
    Err(last)
}

/// The addresses of a host, for whoever wants to look at them before it connects.
///
/// # Errors
/// [`TcpError`].
pub(crate) async fn look_up(
    host: impl ToSocketAddrs,
    limit: Duration,
) -> Result<Vec<SocketAddr>, TcpError> {
    let addresses = timeout(limit, lookup_host(host))
        .await
        .map_err(|_| TcpError::LookUp(limit))?
        .map_err(TcpError::Name)?;
    Ok(addresses.collect())
}

/// A connection on which what is read is acknowledged at once: for a protocol in which the other side speaks unasked. Where
/// that side's TCP has Nagle's algorithm on, as Prosody's listener for components has, each small thing
/// that it says waits for the acknowledgement of the one before, and the system here holds that back for 40 ms. SMTP and IMAP
/// need no such thing: there the next command carries the acknowledgement.
#[derive(Debug)]
pub(crate) struct Prompt<S>(S);

impl<S> Prompt<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self(socket)
    }
}

impl Prompt<TcpStream> {
    pub(crate) fn into_split(self) -> (Prompt<OwnedReadHalf>, OwnedWriteHalf) {
        let (reader, writer) = self.0.into_split();
        (Prompt(reader), writer)
    }
}

impl<S: AsyncRead + Acknowledge + Unpin> AsyncRead for Prompt<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let socket = &mut self.get_mut().0;
        let before = buf.filled().len();
        let polled = Pin::new(&mut *socket).poll_read(cx, buf);
        if buf.filled().len() > before {
            socket.acknowledge();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prompt<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_nobody_has_is_told_from_a_server_that_is_down() {
        let limit = Duration::from_secs(10);
        let unknown = connect(("stanzamail.invalid", 25), limit)
            .await
            .unwrap_err();
        assert!(unknown.is_about_the_name(), "{unknown}");
        let down = connect(("127.0.0.1", 1), limit).await.unwrap_err();
        assert!(!down.is_about_the_name(), "{down}");
    }

    use tokio::net::TcpListener;

    const LIMIT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn an_address_that_refuses_does_not_hide_one_that_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let live = listener.local_addr().unwrap();
        let dead: SocketAddr = "127.0.0.1:1".parse().unwrap();
        assert!(connect(&[dead, live][..], LIMIT).await.is_ok());
        let error = connect(&[dead, dead][..], LIMIT).await.unwrap_err();
        assert!(matches!(error, TcpError::Io(_)), "{error}");
        let error = connect(&[][..], LIMIT).await.unwrap_err();
        assert_eq!(error.to_string(), "its name has no address");
    }

    /// A listener whose queue is full answers nobody.
    #[tokio::test]
    async fn an_address_that_is_silent_does_not_either_and_is_given_up_in_time() {
        let full = tokio::net::TcpSocket::new_v4().unwrap();
        full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = full.listen(0).unwrap();
        let silent = full.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(Ok(tcp)) = timeout(LIMIT, TcpStream::connect(silent)).await {
            waiting.push(tcp);
            assert!(waiting.len() < 100, "the queue is never full");
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let live = listener.local_addr().unwrap();
        assert!(connect(&[silent, live][..], LIMIT).await.is_ok());
        let error = connect(silent, LIMIT).await.unwrap_err();
        assert_eq!(error.to_string(), "no answer within 0.2 s");
    }

    /// What the kernel would do with the next acknowledgement; a read changes it, and writing changes it back.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_is_read_is_acknowledged_at_once() {
        use rustix::net::sockopt::{set_tcp_quickack, tcp_quickack};
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ours = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut theirs, _) = listener.accept().await.unwrap();
        let mut prompt = Prompt::new(ours);
        for is_prompt in [false, true] {
            set_tcp_quickack(&prompt.0, false).unwrap();
            theirs.write_all(b"<iq/>").await.unwrap();
            let mut octets = [0; 5];
            let read = match is_prompt {
                true => prompt.read_exact(&mut octets).await,
                false => prompt.0.read_exact(&mut octets).await,
            };
            assert_eq!(read.unwrap(), 5);
            assert_eq!(tcp_quickack(&prompt.0).unwrap(), is_prompt);
        }
    }
}
