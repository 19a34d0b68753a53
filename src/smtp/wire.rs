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
/// The longest line of a reply, in octets. RFC 5321 §4.5.3.1.5 has 512; lettre takes 1,000, but only looks when the line has
/// ended, and keeps all of it until then.
const LINE_OCTETS_MAX: usize = 4 * 1024;
/// Lines of one reply. `EHLO` has about twenty; lettre reads all lines of a reply again with each further one.
const REPLY_LINES_MAX: usize = 200;
/// What lettre reads as the greeting of a connection whose real greeting was read here.
const GREETING_WAS_READ: &[u8] = b"220 TLS\r\n";

/// What is read of a stream at a time, in octets.
const READ_OCTETS: usize = 4096;

/// A stream as lettre takes it. Two things would make lettre take the connection for lost and never see what the server
/// says, be it a refusal, be it that it has taken the mail: octets above 127 that are no UTF-8, which become `?`; and a
/// code alone, to which clients must be prepared (RFC 5321 §4.2), and which gets a space.
#[derive(Debug)]
pub(super) struct Wire<S> {
    /// What was read, or is to be read before anything of the stream; of it, all before `at` was handed on.
    replies: Vec<u8>,
    at: usize,
    stream: S,
    peer: SocketAddr,
    limits: Replies,
}

impl<S> Wire<S> {
    /// A stream on which the server speaks first.
    pub(super) fn fresh(stream: S, peer: SocketAddr) -> Self {
        Self {
            replies: Vec::new(),
            at: 0,
            stream,
            peer,
            limits: Replies::default(),
        }
    }

    /// A stream after STARTTLS: no second greeting comes (RFC 3207 §4.2).
    pub(super) fn upgraded(stream: S, peer: SocketAddr) -> Self {
        Self {
            replies: GREETING_WAS_READ.to_vec(),
            ..Self::fresh(stream, peer)
        }
    }

    fn keep(&mut self, octet: u8) -> io::Result<()> {
        if self.limits.line == 3 && octet == b'\r' {
            self.replies.push(b' ');
        }
        let octet = if octet.is_ascii() { octet } else { b'?' };
        self.replies.push(octet);
        self.limits.observe(octet)
    }
}

/// Where in a reply the octets that were read so far end.
#[derive(Debug, Default)]
struct Replies {
    /// Octets of the present line.
    line: usize,
    /// Whether another line of the same reply follows the present one.
    goes_on: bool,
    /// Lines of the present reply.
    lines: usize,
}

impl Replies {
    /// Counts an octet of a reply, and fails where the reply has no end.
    fn observe(&mut self, octet: u8) -> io::Result<()> {
        self.line = self.line.saturating_add(1);
        match (octet, self.line) {
            (b'\n', _) => {
                self.lines = if self.goes_on {
                    self.lines.saturating_add(1)
                } else {
                    0
                };
                (self.line, self.goes_on) = (0, false);
            }
            (b'-', 4) => self.goes_on = true,
            _ => {}
        }
        if self.line > LINE_OCTETS_MAX || self.lines > REPLY_LINES_MAX {
            return Err(io::Error::other("the server's reply is too long"));
        }
        Ok(())
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
        if self.at >= self.replies.len() {
            let mut octets = [0; READ_OCTETS];
            let mut read = ReadBuf::new(&mut octets);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
            self.replies.clear();
            self.at = 0;
            for octet in read.filled() {
                self.keep(*octet)?;
            }
        }
        let rest = self.replies.get(self.at..).unwrap_or_default();
        let fits = rest.len().min(buf.remaining());
        buf.put_slice(rest.get(..fits).unwrap_or_default());
        self.at = self.at.saturating_add(fits);
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
