//! The octets between us and the server, before and below the SMTP client: what TLS needs, and STARTTLS.
//!
//! STARTTLS is done here and not by lettre, which keeps what a man in the middle sent in plain text behind the server's
//! `220` and takes it for the server's word once TLS is up (the STARTTLS injection of CVE-2011-0411 and its kind).

use crate::core::outcome::Reply;
use crate::smtp::outcome;
use crate::system::TcpStream;
use lettre::transport::smtp::client::AsyncTokioStream;
use lettre::transport::smtp::extension::ClientId;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// The longest reply in plain text that is read, in octets.
const REPLY_OCTETS_MAX: usize = 16 * 1024;
/// What lettre reads as the greeting of a connection whose real greeting was read here.
const GREETING_WAS_READ: &[u8] = b"220 TLS\r\n";

/// A stream as lettre takes it. Octets above 127 in replies become `?`: lettre would take the connection for lost where
/// they are no UTF-8, and never see the refusal in it.
#[derive(Debug)]
pub(super) struct Wire<S> {
    /// What is read before anything of the stream.
    greeting: &'static [u8],
    stream: S,
    peer: SocketAddr,
}

impl<S> Wire<S> {
    /// A stream on which the server speaks first.
    pub(super) fn fresh(stream: S, peer: SocketAddr) -> Self {
        Self {
            greeting: b"",
            stream,
            peer,
        }
    }

    /// A stream after STARTTLS: no second greeting comes (RFC 3207 §4.2).
    pub(super) fn upgraded(stream: S, peer: SocketAddr) -> Self {
        Self {
            greeting: GREETING_WAS_READ,
            stream,
            peer,
        }
    }
}

/// Why there was no way from plain text to TLS.
#[derive(Debug)]
pub(super) enum StartTlsError {
    Io(io::Error),
    Refused(Reply),
    NotOffered,
    Injected,
}

impl From<io::Error> for StartTlsError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Leads a connection in plain text to where TLS begins (RFC 3207).
pub(super) async fn ask_for_tls(tcp: &mut TcpStream, helo: &ClientId) -> Result<(), StartTlsError> {
    positive_reply(tcp).await?;
    tcp.write_all(format!("EHLO {helo}\r\n").as_bytes()).await?;
    let lines = positive_reply(tcp).await?;
    let offers = |line: &String| line.trim().eq_ignore_ascii_case("STARTTLS");
    if !lines.iter().skip(1).any(offers) {
        return Err(StartTlsError::NotOffered);
    }
    tcp.write_all(b"STARTTLS\r\n").await?;
    positive_reply(tcp).await.map(|_| ())
}

/// The lines of the next reply. More than one reply is one too many: nothing was asked that it could answer.
async fn positive_reply(tcp: &mut TcpStream) -> Result<Vec<String>, StartTlsError> {
    let mut read = Vec::new();
    while !ends_a_reply(&read) {
        if tcp.read_buf(&mut read).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if read.len() > REPLY_OCTETS_MAX {
            return Err(io::Error::other("the server's reply is too long").into());
        }
    }
    let text = String::from_utf8_lossy(&read);
    let mut lines = Vec::new();
    for line in text.lines() {
        if lines.last().is_some_and(|(_, last)| *last) {
            return Err(StartTlsError::Injected);
        }
        let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
        let code = code.ok_or_else(|| io::Error::other("the server does not speak SMTP"))?;
        lines.push(((code, line.get(4..).unwrap_or_default()), is_last(line)));
    }
    let texts = lines.iter().map(|((_, text), _)| (*text).to_owned());
    match lines.first() {
        Some(((code, _), _)) if code / 100 != 2 => {
            let text = texts.collect::<Vec<_>>().join(" ");
            Err(StartTlsError::Refused(outcome::reply(*code, &text)))
        }
        _ => Ok(texts.collect()),
    }
}

/// Whether the octets end with the last line of a reply (RFC 5321 §4.2.1).
fn ends_a_reply(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    text.ends_with('\n') && text.lines().last().is_some_and(is_last)
}

/// Whether no line of the same reply follows this one.
fn is_last(line: &str) -> bool {
    line.as_bytes().get(3) != Some(&b'-')
}

impl<S> AsyncTokioStream for Wire<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.greeting.is_empty() {
            let fits = self.greeting.len().min(buf.remaining());
            let (now, later) = self.greeting.split_at(fits);
            buf.put_slice(now);
            self.greeting = later;
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        for octet in buf.filled_mut().iter_mut().skip(before) {
            if !octet.is_ascii() {
                *octet = b'?';
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
