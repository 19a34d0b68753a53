//! One connection from its login to its end: a task that writes, a loop that reads.

use super::bounce::{self, BounceReason};
use super::codec::{self, Decoder};
use super::event::{Question, SendError, XmppConfig, XmppEvent};
use super::guard::{Fault, Frame, FrameReader, ReadError};
use super::ping::Pings;
use super::question::Questions;
use super::stream::{StreamReader, StreamWriter, XmppConnection};
use minidom::Element;
use rxml::xml_ncname;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncBufRead;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use xmpp_parsers::ns;
use xmpp_parsers::stream_error::{DefinedCondition, StreamError};

/// Writes that may wait for the socket. A write is all stanzas of one [`super::Link::send`].
const OUTBOX_WRITES: usize = 256;
/// Writes that are joined into one call to the kernel.
const JOINED_WRITES: usize = 64;
/// How long the writer has for its last words after the reader has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The same sender is named in the log at most once within this time.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(600);
/// Senders that are remembered for that.
const COMPLAINTS_MAX: usize = 1024;

/// What the writer is given.
enum WriterItem {
    /// Octets of whole stanzas, and whom to tell when the kernel has them.
    Octets(Vec<u8>, Option<oneshot::Sender<()>>),
    /// The last words of the stream, after all that was given before.
    Close(String),
}

/// The sending side of one logged-in connection.
#[derive(Debug)]
pub(super) struct XmppSession {
    /// Which login this is, from 1.
    pub(super) epoch: u64,
    /// Cancelled when the connection has ended.
    pub(super) ended: CancellationToken,
    outbox: mpsc::Sender<WriterItem>,
    pings: Pings,
    questions: Questions,
}

impl XmppSession {
    /// Gives octets of whole stanzas to the kernel, after all that was given before.
    pub(super) async fn write(&self, octets: Vec<u8>) -> Result<(), SendError> {
        let (written, is_written) = oneshot::channel();
        let outgoing = WriterItem::Octets(octets, Some(written));
        self.outbox
            .send(outgoing)
            .await
            .map_err(|_| SendError::Lost)?;
        is_written.await.map_err(|_| SendError::Lost)
    }

    /// Sends a ping and waits for any answer to it.
    pub(super) async fn ping(&self, limit: Duration) -> Result<(), SendError> {
        let (id, answered) = self.pings.begin();
        let octets = self.pings.encode(&id).ok_or(SendError::Lost)?;
        let exchange = async {
            self.write(octets).await?;
            answered.await.map_err(|_| SendError::Lost)
        };
        let outcome = tokio::select! {
            outcome = timeout(limit, exchange) => outcome.unwrap_or(Err(SendError::NoAnswer(limit))),
            () = self.ended.cancelled() => Err(SendError::Lost),
        };
        self.pings.forget(&id);
        outcome
    }

    /// Asks somebody something and waits for the answer, a result or an error.
    pub(super) async fn ask(
        &self,
        question: Question,
        limit: Duration,
    ) -> Result<Element, SendError> {
        let (id, answered) = self.questions.begin(&question.to);
        let iq = Element::builder("iq", ns::COMPONENT)
            .attr(xml_ncname!("type").to_ncname(), "get")
            .attr(xml_ncname!("id").to_ncname(), id.as_str())
            .attr(xml_ncname!("from").to_ncname(), question.from)
            .attr(xml_ncname!("to").to_ncname(), question.to)
            .append(question.payload)
            .build();
        let mut octets = Vec::new();
        let exchange = async {
            codec::encode(&iq, &mut octets).map_err(|_| SendError::Lost)?;
            self.write(octets).await?;
            answered.await.map_err(|_| SendError::Lost)
        };
        let outcome = tokio::select! {
            outcome = timeout(limit, exchange) => outcome.unwrap_or(Err(SendError::NoAnswer(limit))),
            () = self.ended.cancelled() => Err(SendError::Lost),
        };
        self.questions.forget(&id);
        outcome
    }

    /// Sends a ping whose only purpose is that something comes back.
    fn provoke(&self) {
        let (id, _) = self.pings.begin();
        if let Some(octets) = self.pings.encode(&id) {
            // A full outbox is as good: the server is not reading, and will be found dead.
            let _ = self.outbox.try_send(WriterItem::Octets(octets, None));
        }
    }

    /// Answers from inside the reader. It must not wait for the writer: the server may be waiting for the reader
    /// before it reads on (ejabberd does), so an answer that finds no room is dropped.
    async fn answer(&self, octets: Vec<u8>) {
        if let Err(mpsc::error::TrySendError::Full(again)) =
            self.outbox.try_send(WriterItem::Octets(octets, None))
        {
            tokio::task::yield_now().await;
            if self.outbox.try_send(again).is_err() {
                tracing::debug!("an error stanza was dropped: the XMPP server reads too slowly");
            }
        }
    }

    async fn close(&self, fault: Option<Fault>) {
        let error = fault.map(|fault| {
            let (condition, ns) = (fault.condition(), ns::XMPP_STREAMS);
            format!("<stream:error><{condition} xmlns='{ns}'/></stream:error>")
        });
        let last_words = error.unwrap_or_default() + "</stream:stream>";
        let _ = timeout(LAST_WORDS, self.outbox.send(WriterItem::Close(last_words))).await;
    }
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionEnd {
    #[error("the gateway is stopping")]
    Stopped,
    #[error("nobody takes the gateway's events any more")]
    NobodyListens,
    #[error("the XMPP server closed the stream")]
    Closed,
    #[error("the connection to the XMPP server was cut")]
    Cut,
    #[error("the XMPP server has been silent for {0} s, and did not answer a ping")]
    Silent(u64),
    #[error("another connection has taken the place of this one: is there a second gateway?")]
    Replaced,
    #[error("the XMPP server ended the stream with {0}")]
    StreamError(String),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("writing to the XMPP server failed: {0}")]
    Write(io::Error),
}

impl SessionEnd {
    fn fault(&self) -> Option<Fault> {
        match self {
            Self::Read(ReadError::Fault(fault)) => Some(*fault),
            _ => None,
        }
    }
}

/// A session together with the halves that run it.
pub(super) struct RunningSession {
    pub(super) session: Arc<XmppSession>,
    inbound: Inbound,
    frames: FrameReader<StreamReader>,
    writer: AbortOnDropHandle<io::Result<()>>,
    close_limit: Duration,
}

/// Starts to write; [`RunningSession::run`] starts to read.
pub(super) fn start(
    connection: XmppConnection,
    config: &XmppConfig,
    epoch: u64,
    events: mpsc::Sender<XmppEvent>,
) -> RunningSession {
    let (outbox, queue) = mpsc::channel(OUTBOX_WRITES);
    let session = Arc::new(XmppSession {
        epoch,
        ended: CancellationToken::new(),
        outbox,
        pings: Pings::new(config),
        questions: Questions::default(),
    });
    let write_all = write(connection.writer, queue, config.timings.write);
    RunningSession {
        inbound: Inbound::new(config, Arc::clone(&session), events),
        session,
        frames: connection.frames,
        writer: AbortOnDropHandle::new(tokio::spawn(write_all)),
        close_limit: config.timings.close,
    }
}

impl RunningSession {
    /// Reads until the connection ends, or `stop` is cancelled and the server has closed in turn. `withdraw` is called
    /// when nothing more should be sent.
    pub(super) async fn run(mut self, stop: &CancellationToken, withdraw: impl Fn()) -> SessionEnd {
        let read = self.inbound.read_all(&mut self.frames);
        tokio::pin!(read);
        let ended = tokio::select! {
            ended = &mut read => ended,
            // What was read must not be lost: the reader goes on, also to find the server's reason.
            written = &mut self.writer => {
                withdraw();
                let reason = timeout(self.close_limit, &mut read).await;
                reason.unwrap_or_else(|_| SessionEnd::Write(write_error(written)))
            }
            () = stop.cancelled() => {
                withdraw();
                self.session.close(None).await;
                let _ = timeout(self.close_limit, &mut read).await;
                SessionEnd::Stopped
            }
        };
        withdraw();
        self.session.close(ended.fault()).await;
        if !self.writer.is_finished() {
            let _ = timeout(LAST_WORDS, &mut self.writer).await;
        }
        self.session.ended.cancel();
        ended
    }
}

fn write_error(written: Result<io::Result<()>, tokio::task::JoinError>) -> io::Error {
    match written {
        Ok(Err(error)) => error,
        Ok(Ok(())) => io::Error::from(io::ErrorKind::WriteZero),
        Err(panicked) => io::Error::other(panicked),
    }
}

/// Writes what the queue brings, joined where it brings much, until it brings the last words.
async fn write(
    mut socket: StreamWriter,
    mut queue: mpsc::Receiver<WriterItem>,
    limit: Duration,
) -> io::Result<()> {
    let mut batch = Vec::with_capacity(JOINED_WRITES);
    while queue.recv_many(&mut batch, JOINED_WRITES).await > 0 {
        let (octets, waiting, closes) = join(&mut batch);
        timeout(limit, socket.write(&octets))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        for written in waiting {
            // Whoever gave up waiting does not need to know.
            let _ = written.send(());
        }
        if closes {
            socket.forget();
            return Ok(());
        }
    }
    Ok(())
}

/// One piece of all octets up to the last words, and who waits for them.
fn join(batch: &mut Vec<WriterItem>) -> (Vec<u8>, Vec<oneshot::Sender<()>>, bool) {
    let (mut joined, mut waiting, mut closes) = (Vec::new(), Vec::new(), false);
    for outgoing in batch.drain(..) {
        match outgoing {
            _ if closes => {}
            WriterItem::Octets(octets, written) => {
                match joined.is_empty() {
                    true => joined = octets,
                    false => joined.extend_from_slice(&octets),
                }
                waiting.extend(written);
            }
            WriterItem::Close(last_words) => {
                joined.extend_from_slice(last_words.as_bytes());
                closes = true;
            }
        }
    }
    (joined, waiting, closes)
}

/// The reading side of one connection.
struct Inbound {
    session: Arc<XmppSession>,
    events: mpsc::Sender<XmppEvent>,
    decoder: Decoder,
    domain: String,
    ping_after: Duration,
    dead_after: Duration,
    complaints: Complaints,
}

impl Inbound {
    fn new(
        config: &XmppConfig,
        session: Arc<XmppSession>,
        events: mpsc::Sender<XmppEvent>,
    ) -> Self {
        Self {
            session,
            events,
            decoder: Decoder::default(),
            domain: config.domain.to_string(),
            ping_after: config.timings.ping_after,
            dead_after: config.timings.dead_after,
            complaints: Complaints::default(),
        }
    }

    async fn read_all<R: AsyncBufRead + Unpin>(
        &mut self,
        frames: &mut FrameReader<R>,
    ) -> SessionEnd {
        if self.events.send(XmppEvent::Online).await.is_err() {
            return SessionEnd::NobodyListens;
        }
        loop {
            let handled = match self.next_frame(frames).await {
                Ok(frame) => self.take(frame).await,
                Err(ended) => Err(ended),
            };
            if let Err(ended) = handled {
                return ended;
            }
        }
    }

    /// The next frame. After a while without one a ping provokes one; where it does not, the server is dead. What
    /// counts are whole frames: neither white space nor a stanza without an end proves that anything is answered.
    async fn next_frame<R: AsyncBufRead + Unpin>(
        &self,
        frames: &mut FrameReader<R>,
    ) -> Result<Frame, SessionEnd> {
        let frame = match timeout(self.ping_after, frames.next()).await {
            Ok(frame) => frame,
            Err(_) => {
                self.session.provoke();
                let silent = self.ping_after.saturating_add(self.dead_after).as_secs();
                timeout(self.dead_after, frames.next())
                    .await
                    .map_err(|_| SessionEnd::Silent(silent))?
            }
        };
        frame?.ok_or(SessionEnd::Cut)
    }

    async fn take(&mut self, frame: Frame) -> Result<(), SessionEnd> {
        match frame {
            Frame::Element(octets) => match self.decoder.parse(&octets) {
                Ok(element) => return self.take_element(element).await,
                Err(error) => {
                    let text = "The gateway cannot read this stanza: it is not well-formed XML.";
                    self.refuse(&octets, BounceReason::Unreadable, text, &error.to_string())
                        .await;
                }
            },
            Frame::OverLimit(over) => {
                let text = over.to_string();
                self.refuse(&over.start_tag, BounceReason::Policy, &text, &text)
                    .await;
            }
            Frame::StreamEnd => return Err(SessionEnd::Closed),
        }
        Ok(())
    }

    async fn take_element(&mut self, element: Element) -> Result<(), SessionEnd> {
        if element.is("error", ns::STREAM) {
            return Err(stream_error(element));
        }
        let is_stanza = element.has_ns(ns::COMPONENT)
            && matches!(element.name(), "message" | "presence" | "iq");
        if !is_stanza {
            tracing::debug!(name = element.name(), ns = %element.ns(), "the server sent what is no stanza");
            return Ok(());
        }
        if self.session.pings.take_answer(&element) {
            return Ok(());
        }
        let Some(element) = self.session.questions.take_answer(element) else {
            return Ok(());
        };
        // When the events are not taken this waits, and with it the server: TCP carries the pressure back.
        self.events
            .send(XmppEvent::Stanza(element))
            .await
            .map_err(|_| SessionEnd::NobodyListens)
    }

    /// Tells the sender of a stanza that it is not taken in, and the log why.
    async fn refuse(&mut self, start_tag: &[u8], refusal: BounceReason, text: &str, why: &str) {
        let start = codec::parse_start_tag(start_tag).ok();
        let sender = start.as_ref().and_then(|start| start.attr("from"));
        if self.complaints.may_complain(sender.unwrap_or_default()) {
            let domain = bounce::domain_of(sender.unwrap_or("?"));
            tracing::warn!(of = domain, why, "a stanza was refused");
        }
        let answer = start
            .as_ref()
            .and_then(|start| bounce::error_stanza(start, refusal, text, &self.domain));
        let mut octets = Vec::new();
        if answer.is_some_and(|answer| codec::encode(&answer, &mut octets).is_ok()) {
            self.session.answer(octets).await;
        }
    }
}

/// `<conflict/>` on a running stream means that the server has let someone else in.
fn stream_error(element: Element) -> SessionEnd {
    match StreamError::try_from(element) {
        Ok(error) => match error.condition {
            DefinedCondition::Conflict => SessionEnd::Replaced,
            DefinedCondition::SystemShutdown | DefinedCondition::Reset => SessionEnd::Closed,
            _ => SessionEnd::StreamError(error.to_string()),
        },
        Err(unreadable) => SessionEnd::StreamError(unreadable.to_string()),
    }
}

/// Who was complained about lately, so that one sender cannot fill the log.
#[derive(Debug, Default)]
struct Complaints(HashMap<String, Instant>);

impl Complaints {
    fn may_complain(&mut self, sender: &str) -> bool {
        let sender = sender.split_once('/').map_or(sender, |(bare, _)| bare);
        let lately = |at: &Instant| at.elapsed() < COMPLAINT_INTERVAL;
        if self.0.get(sender).is_some_and(lately) {
            return false;
        }
        if self.0.len() >= COMPLAINTS_MAX {
            self.0.clear();
        }
        self.0.insert(sender.to_owned(), Instant::now());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6120 §4.4: nothing is sent on a stream that was closed, and nobody is told that it was.
    #[test]
    fn nothing_follows_the_last_words() {
        let octets = |text: &str| text.as_bytes().to_vec();
        let (written, told) = oneshot::channel();
        let (late, never_told) = oneshot::channel();
        let mut batch = vec![
            WriterItem::Octets(octets("<a/>"), None),
            WriterItem::Octets(octets("<b/>"), Some(written)),
            WriterItem::Close("</stream:stream>".to_owned()),
            WriterItem::Octets(octets("<c/>"), Some(late)),
            WriterItem::Close("</stream:stream>".to_owned()),
        ];
        let (joined, waiting, closes) = join(&mut batch);
        assert_eq!(joined, b"<a/><b/></stream:stream>");
        assert!(closes && batch.is_empty() && waiting.len() == 1);
        drop(waiting);
        let never = [told, never_told].map(|mut one| one.try_recv().is_err());
        assert_eq!(never, [true, true]);
    }
}
