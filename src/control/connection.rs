//! One command's connection: requests are read within limits and answered.

use super::{Response, answer, queue::WaitingItems};
use crate::store::Store;
use serde::Serialize;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Octets for which a request asks at once.
const STEP: usize = 64 * 1024;

/// What commands may take of the gateway.
#[derive(Clone, Copy, Debug)]
pub(super) struct ControlLimits {
    /// Connections at the same time: an admin has a few shells.
    pub connections: usize,
    /// Requests that are read and not yet answered, of all connections together, in octets. One may have them all:
    /// [`super::ROWS_MAX`] messages with all that they may hold.
    pub octets: usize,
    /// How long one request may take to arrive, and its answer to be taken.
    pub request: Duration,
    /// How long a connection may be silent between requests: an export goes into a pager.
    pub silence: Duration,
}

impl Default for ControlLimits {
    fn default() -> Self {
        Self {
            connections: 16,
            octets: 64 * 1024 * 1024,
            request: Duration::from_secs(60),
            silence: Duration::from_secs(3600),
        }
    }
}

/// What connections share.
pub(super) struct ControlShared<S> {
    pub store: Arc<S>,
    pub waiting: Arc<WaitingItems>,
    pub limits: ControlLimits,
    /// In [`STEP`]s.
    room: Arc<Semaphore>,
}

impl<S> ControlShared<S> {
    pub(super) fn new(store: Arc<S>, waiting: Arc<WaitingItems>, limits: ControlLimits) -> Self {
        let room = Arc::new(Semaphore::new(limits.octets.div_ceil(STEP)));
        Self {
            store,
            waiting,
            limits,
            room,
        }
    }
}

/// A request, and its part of the room.
struct QueuedRequest {
    line: Vec<u8>,
    room: Vec<OwnedSemaphorePermit>,
}

/// Why no further request is read.
enum ConnectionEnd {
    /// The other side is gone, or silent.
    Gone,
    /// It is told why.
    Refused(String),
}

/// Answers requests until the connection ends.
pub(super) async fn serve<S: Store>(mut stream: UnixStream, shared: Arc<ControlShared<S>>) {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    loop {
        let asked = request(&mut reader, &shared.room, &shared.limits).await;
        let (response, is_last) = match &asked {
            Ok(asked) => (answered(&asked.line, &shared).await, false),
            Err(ConnectionEnd::Refused(why)) => (Response::refused(why), true),
            Err(ConnectionEnd::Gone) => return,
        };
        let line = line_of(&response);
        let written = tokio::time::timeout(shared.limits.request, writer.write_all(&line)).await;
        if is_last || !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}

async fn answered<S: Store>(line: &[u8], shared: &ControlShared<S>) -> Response {
    match serde_json::from_slice(line) {
        Ok(request) => answer(shared.store.as_ref(), &shared.waiting, request).await,
        Err(error) => Response::refused(format!(
            "the gateway does not understand the request ({error}); has it the version of this program?"
        )),
    }
}

/// One line. Its time begins with its first octet.
async fn request(
    reader: &mut (impl AsyncBufRead + Unpin),
    room: &Arc<Semaphore>,
    limits: &ControlLimits,
) -> Result<QueuedRequest, ConnectionEnd> {
    let mut asked = QueuedRequest {
        line: Vec::new(),
        room: Vec::new(),
    };
    let mut until = Instant::now() + limits.silence;
    loop {
        let read = tokio::time::timeout_at(until, reader.fill_buf()).await;
        let octets = match read {
            Ok(Ok(octets)) if !octets.is_empty() => octets,
            Err(_) if !asked.line.is_empty() => {
                let within = limits.request.as_secs();
                let why = format!("the request did not end within {within} seconds; ask again");
                return Err(ConnectionEnd::Refused(why));
            }
            _ => return Err(ConnectionEnd::Gone),
        };
        if asked.line.is_empty() {
            until = Instant::now() + limits.request;
        }
        let end = octets.iter().position(|octet| *octet == b'\n');
        let taken = end.map_or(octets.len(), |end| end.saturating_add(1));
        let length = asked.line.len().saturating_add(taken);
        while asked.room.len().saturating_mul(STEP) < length {
            let Ok(step) = Arc::clone(room).try_acquire_owned() else {
                let max = limits.octets;
                let why = format!(
                    "more than {max} octets of requests come at once; ask again when other commands are done, with fewer rows"
                );
                return Err(ConnectionEnd::Refused(why));
            };
            asked.room.push(step);
        }
        asked.line.extend(octets.iter().take(taken));
        reader.consume(taken);
        if end.is_some() {
            return Ok(asked);
        }
    }
}

/// Tells a connection that there are too many, without waiting for anything.
pub(super) fn turn_away(stream: UnixStream, limits: &ControlLimits) {
    let count = limits.connections;
    let response = Response::refused(format!(
        "{count} commands are connected to the gateway already; end some of them, and ask again"
    ));
    // What does not fit at once is not worth a wait: the other side sees that the connection ends.
    let _ = stream
        .into_std()
        .and_then(|mut stream| stream.write_all(&line_of(&response)));
}

pub(super) fn line_of(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}
