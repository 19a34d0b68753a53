//! What is said to a server and what it answers, in step (RFC 5321 §2.1 calls it a dialog): nothing is said while something
//! is left that the server has said unasked. Such words would be taken for the answer to what is said next, and somebody
//! between us and the server may have put them there before TLS began (the STARTTLS injection of CVE-2011-0411 and its
//! kind).

use crate::core::outcome::Reply;
use crate::smtp::reply::{ReplyError, ReplyReader, ServerReply};
use std::io;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How much is read at a time, in octets.
const READ_OCTETS: usize = 4096;

/// Why a dialog does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialogError {
    /// The connection broke.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server ended it without a word.
    #[error("it closed the connection")]
    Closed,
    /// What came is no reply.
    #[error("{0}")]
    NoReply(#[from] ReplyError),
    /// The server said something that was not asked.
    #[error("it spoke without being asked")]
    Unasked,
    /// The answer is no (4yz, 5yz).
    #[error("{} {}", .0.code.unwrap_or(0), .0.text)]
    Refused(Reply),
    /// The answer is to another question.
    #[error("it answered {} {}", .0.code.unwrap_or(0), .0.text)]
    OutOfStep(Reply),
}

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Dialog<S> {
    stream: S,
    /// What was read last; before `at`, it was looked at.
    read: Vec<u8>,
    at: usize,
    replies: ReplyReader,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialog<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            read: Vec::new(),
            at: 0,
            replies: ReplyReader::default(),
        }
    }

    /// The next reply. If the future is dropped before it is ready, the dialog must be, too.
    pub(super) async fn reply(&mut self) -> Result<ServerReply, DialogError> {
        loop {
            let unread = self.read.get(self.at..).unwrap_or_default();
            let (taken, reply) = self.replies.push(unread)?;
            self.at = self.at.saturating_add(taken);
            if let Some(reply) = reply {
                return Ok(reply);
            }
            self.read.clear();
            self.at = 0;
            self.read.reserve(READ_OCTETS);
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(DialogError::Closed);
            }
        }
    }

    /// The next reply, which is of this class (RFC 5321 §4.2.1): 2 or 3, else it is an error.
    pub(super) async fn reply_of_class(&mut self, class: u16) -> Result<ServerReply, DialogError> {
        let reply = self.reply().await?;
        match reply.code / 100 {
            found if found == class => Ok(reply),
            4 | 5 => Err(DialogError::Refused(reply.to_reply())),
            _ => Err(DialogError::OutOfStep(reply.to_reply())),
        }
    }

    /// Says something: whole lines, or a part of a mail.
    pub(super) async fn say(&mut self, octets: &[u8]) -> Result<(), DialogError> {
        self.nothing_is_left()?;
        self.stream.write_all(octets).await?;
        // What TLS has encrypted and the kernel had no room for.
        Ok(self.stream.flush().await?)
    }

    /// Whether the server has neither said anything unasked nor ended the connection, as far as that is known here.
    pub(super) async fn is_quiet(&mut self) -> bool {
        if self.nothing_is_left().is_err() {
            return false;
        }
        self.read.clear();
        self.at = 0;
        // What comes is kept, and nobody waits for it.
        let reading = std::pin::pin!(self.stream.read_buf(&mut self.read));
        matches!(futures::poll!(reading), Poll::Pending)
    }

    /// Says something, and reads the first reply to it.
    pub(super) async fn ask(&mut self, octets: &[u8]) -> Result<ServerReply, DialogError> {
        self.say(octets).await?;
        self.reply().await
    }

    /// The stream, for another protocol than SMTP.
    pub(super) fn into_stream(self) -> Result<S, DialogError> {
        self.nothing_is_left()?;
        Ok(self.stream)
    }

    fn nothing_is_left(&self) -> Result<(), DialogError> {
        match self.at < self.read.len() {
            true => Err(DialogError::Unasked),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn with(said: &[u8]) -> Dialog<tokio::io::DuplexStream> {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(said).await.unwrap();
        // What we say goes nowhere.
        tokio::spawn(async move { tokio::io::copy(&mut theirs, &mut tokio::io::sink()).await });
        Dialog::new(ours)
    }

    #[tokio::test]
    async fn several_replies_in_one_piece_are_read_one_after_the_other() {
        let mut dialog = with(b"250 a\r\n250-b\r\n250 c\r\n354 d\r\n").await;
        let codes = [(250, "a"), (250, "b c"), (354, "d")];
        for (code, text) in codes {
            let reply = dialog.reply().await.unwrap();
            assert_eq!((reply.code, reply.lines.join(" ").as_str()), (code, text));
        }
        assert!(dialog.say(b"NOOP\r\n").await.is_ok());
    }

    #[tokio::test]
    async fn to_whoever_speaks_unasked_nothing_is_said() {
        for left in ["250 b\r\n", "2", "\r\n"] {
            let mut dialog = with(format!("250 a\r\n{left}").as_bytes()).await;
            dialog.reply_of_class(2).await.unwrap();
            let error = dialog.say(b"MAIL FROM:<>\r\n").await.unwrap_err();
            assert!(matches!(error, DialogError::Unasked), "{error}");
            assert!(dialog.into_stream().is_err());
        }
    }

    #[tokio::test]
    async fn an_answer_of_another_class_is_an_error_that_says_which() {
        let said = [
            ("354 go on\r\n", "it answered 354 go on"),
            ("451 4.3.0 later\r\n", "451 later"),
            ("554 no\r\n", "554 no"),
            ("ok\r\n", "it does not speak SMTP: “ok”"),
        ];
        for (said, expected) in said {
            let error = with(said.as_bytes())
                .await
                .reply_of_class(2)
                .await
                .unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let (ours, theirs) = tokio::io::duplex(64);
        drop(theirs);
        let error = Dialog::new(ours).reply().await.unwrap_err();
        assert_eq!(error.to_string(), "it closed the connection");
    }
}
