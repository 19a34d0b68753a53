//! The server: pages of mails, and files of mails, for whoever has the address of one; and a page that says to everybody by which
//! JID a mail address is written to. Behind a reverse proxy, which has the certificate.
//!
//! Whoever connects is a stranger: so many connections at a time, so much time for a request and for an answer, so much of a
//! header; no body is read. What is not there, no longer there or asked for wrongly is one answer.

mod answer;
mod body;
mod write_page;

#[cfg(test)]
mod tests;

use crate::core::id::OriginalId;
use crate::core::language::Language;
use crate::core::time::Timestamp;
use crate::net::limits::time_limits;
use crate::net::listen::Listener;
use crate::system;
pub use answer::ABOUT;
use answer::{PageRequest, PageResponse, language_of};
use body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use write_page::AddressFormRequest;
pub use write_page::WritePage;

/// Connections at a time; others wait until the system takes no more.
const CONNECTIONS_MAX: usize = 200;
/// The header of a request, in octets.
const HEADER_OCTETS_MAX: usize = 16 * 1024;
/// Fields of the header of a request.
const FIELDS_MAX: usize = 64;
/// Mails that are read at the same time: each takes some times its size.
const READ_MAX: usize = 2;
/// What answers that are under way have together, in KiB.
const ROOM_KIBIBYTES: u32 = 64 * 1024;
/// Of this, answers about one mail: whoever has one address takes half of it at the most.
const ROOM_OF_ONE_KIBIBYTES: u32 = ROOM_KIBIBYTES / 2;
/// Of a file, what tells of which kind it is, in octets.
const BEGINNING_OCTETS: usize = 16 * 1024;
/// How long to wait before connections are taken again, when the system has no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

time_limits! {
    /// How long things may take.
    pub struct HttpTimings {
        /// Until a request is there, and the next one on the same connection.
        request: Duration::from_secs(20),
        /// Until there is room for an answer.
        room: Duration::from_secs(10),
        /// For a connection, with all its answers.
        connection: Duration::from_secs(10 * 60),
        /// For those that are under way when the gateway stops.
        farewell: Duration::from_secs(2),
    }
}

/// A mail or a file that is kept.
#[derive(Debug)]
pub struct ServedMail {
    /// As it came, open.
    pub file: File,
    /// Its size, in octets.
    pub octets: u64,
    /// Until when.
    pub until: Timestamp,
}

impl ServedMail {
    /// All of it. Blocks.
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut raw = Vec::with_capacity(usize::try_from(self.octets).unwrap_or_default());
        self.file.read_to_end(&mut raw)?;
        Ok(raw)
    }

    /// What tells what kind of file it is. Blocks.
    fn beginning(&self) -> io::Result<Vec<u8>> {
        let octets = usize::try_from(self.octets).unwrap_or(BEGINNING_OCTETS);
        let mut beginning = vec![0; octets.min(BEGINNING_OCTETS)];
        self.file.read_exact_at(&mut beginning, 0)?;
        Ok(beginning)
    }
}

/// Where mails are kept, or files: blocks. `None`: there is none of this name, or none any more.
pub type PageSource = Arc<dyn Fn(&OriginalId) -> Option<ServedMail> + Send + Sync>;

/// What is served.
#[derive(Clone)]
pub struct ServerConfig {
    /// The address under which users reach it, without a slash at its end.
    pub public_url: String,
    /// The mails.
    pub mails: PageSource,
    /// Files of mails.
    pub files: PageSource,
    /// The language of who accepts none that is spoken here.
    pub language: Language,
    /// The page on which an address is typed; `None`: there is none.
    pub write_page: Option<WritePage>,
    /// Time limits.
    pub timings: HttpTimings,
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}

/// What all connections share.
struct ServerShared {
    config: ServerConfig,
    /// The path of the public address: a proxy may leave it in front.
    prefix: String,
    readers: Arc<Semaphore>,
    room: Arc<Semaphore>,
    taken: Arc<RoomOfMails>,
}

/// What answers that are under way take of the room, by their mail.
#[derive(Default)]
struct RoomOfMails {
    kibibytes: Mutex<HashMap<OriginalId, u32>>,
    /// Somebody takes less.
    freed: Notify,
}

/// What an answer about a mail takes, until it is sent or nobody wants it any more.
struct TakenRoom {
    id: OriginalId,
    kibibytes: u32,
    of: Arc<RoomOfMails>,
}

impl Drop for TakenRoom {
    fn drop(&mut self) {
        {
            let mut taken = self.of.all();
            if let Some(all) = taken.get_mut(&self.id) {
                *all = all.saturating_sub(self.kibibytes);
                if *all == 0 {
                    taken.remove(&self.id);
                }
            }
        }
        self.of.freed.notify_waiters();
    }
}

impl RoomOfMails {
    fn all(&self) -> MutexGuard<'_, HashMap<OriginalId, u32>> {
        self.kibibytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether answers about this mail take so much that nothing more is read for one.
    fn is_full_of(&self, id: &OriginalId) -> bool {
        let all = self.all();
        let taken = all.get(id);
        taken.is_some_and(|taken| *taken >= ROOM_OF_ONE_KIBIBYTES / 2)
    }

    /// Counts so much for a mail, if it may have that: an answer that is alone has what it needs.
    fn take(self: &Arc<Self>, id: &OriginalId, kibibytes: u32) -> Option<TakenRoom> {
        let mut all = self.all();
        let before = all.get(id).copied().unwrap_or(0);
        let sum = before.saturating_add(kibibytes);
        if before > 0 && sum > ROOM_OF_ONE_KIBIBYTES {
            return None;
        }
        all.insert(id.clone(), sum);
        Some(TakenRoom {
            id: id.clone(),
            kibibytes,
            of: Arc::clone(self),
        })
    }
}

/// Serves until `stop`.
pub async fn run(listener: Listener, config: ServerConfig, stop: CancellationToken) {
    let room = usize::try_from(ROOM_KIBIBYTES).unwrap_or(Semaphore::MAX_PERMITS);
    let house = Arc::new(ServerShared {
        prefix: answer::path_of(&config.public_url),
        config,
        readers: Arc::new(Semaphore::new(READ_MAX)),
        room: Arc::new(Semaphore::new(room)),
        taken: Arc::default(),
    });
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            // One that panicked has hurt nobody else.
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => accepted,
        };
        match accepted {
            Ok(stream) => {
                let (house, stop) = (Arc::clone(&house), stop.clone());
                connections.spawn(house.converse(TokioIo::new(stream), stop));
            }
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken by HTTP");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

impl ServerShared {
    async fn converse<S>(self: Arc<Self>, stream: S, stop: CancellationToken)
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin,
    {
        let timings = self.config.timings;
        let service = service_fn(move |request: Request<Incoming>| {
            let house = Arc::clone(&self);
            let page = house.config.write_page.as_ref();
            let language = language_of(&request, house.config.language);
            let writing =
                page.and_then(|_| AddressFormRequest::of(&request, &house.prefix, language));
            let asked = PageRequest::of(&request, &house.prefix, language);
            async move {
                Ok::<_, Infallible>(match writing {
                    Some(writing) => house.address_form(writing).await,
                    None => house.answer(asked).await,
                })
            }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(timings.request)
            .max_buf_size(HEADER_OCTETS_MAX)
            .max_headers(FIELDS_MAX);
        let mut connection = pin!(http.serve_connection(stream, service));
        let served = tokio::select! {
            served = timeout(timings.connection, connection.as_mut()) => served,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                timeout(timings.farewell, connection.as_mut()).await
            }
        };
        // No word of an address: whoever has one can read the mail.
        match served {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a connection by HTTP ended badly"),
            Err(_) => tracing::debug!("a connection by HTTP took too long"),
        }
    }

    /// The page on which an address is typed. A code takes the processor's time as reading a mail does, so that it takes a place
    /// of those who read.
    async fn address_form(&self, writing: AddressFormRequest) -> Response<Body> {
        let readers = Arc::clone(&self.readers).acquire_owned();
        let (Ok(Ok(reader)), Some(page)) = (
            timeout(self.config.timings.room, readers).await,
            self.config.write_page.clone(),
        ) else {
            return PageResponse::busy().into_response(());
        };
        let made = system::blocking(move || (writing.answer(&page), reader)).await;
        match made {
            Ok((answer, _reader)) => self.sent(answer, None).await,
            Err(_) => PageResponse::busy().into_response(()),
        }
    }

    async fn answer(&self, asked: Result<PageRequest, PageResponse>) -> Response<Body> {
        let asked = match asked {
            Ok(asked) => Arc::new(asked),
            Err(answer) => return self.sent(answer, None).await,
        };
        let mut patience = pin!(tokio::time::sleep(self.config.timings.room));
        loop {
            // From now on: what is freed while somebody reads counts, too.
            let freed = self.taken.freed.notified();
            if let Some(answer) = self.tried(&asked).await {
                return answer;
            }
            tokio::select! {
                () = freed => {}
                () = patience.as_mut() => return PageResponse::busy().into_response(()),
            }
        }
    }

    /// The answer; `None` where other answers about the same mail take their part of the room. A browser asks for all pictures of a
    /// mail at once, and for none a second time: those that do not fit wait, and keep no reader meanwhile.
    async fn tried(&self, asked: &Arc<PageRequest>) -> Option<Response<Body>> {
        let Ok(Ok(reader)) = timeout(
            self.config.timings.room,
            Arc::clone(&self.readers).acquire_owned(),
        )
        .await
        else {
            return Some(PageResponse::busy().into_response(()));
        };
        if self.taken.is_full_of(asked.id()) {
            return None;
        }
        let (answer, reader) = self.found(Arc::clone(asked), reader).await;
        let taken = self.taken.take(asked.id(), kibibytes(answer.room()))?;
        let answer = self.sent(answer, Some(taken)).await;
        // Not before: what was read is in memory, and all that wait for room would be.
        drop(reader);
        Some(answer)
    }

    /// The answer, and the place of who has read for it.
    async fn found(
        &self,
        asked: Arc<PageRequest>,
        reader: OwnedSemaphorePermit,
    ) -> (PageResponse, Option<OwnedSemaphorePermit>) {
        let kept = match asked.is_file() {
            true => &self.config.files,
            false => &self.config.mails,
        };
        let (kept, base) = (Arc::clone(kept), self.base(&asked));
        // Whoever goes away meanwhile keeps the place until it is read.
        let read = system::blocking(move || {
            let answer = kept(&asked.id).and_then(|mail| {
                asked.answer(mail, &base).unwrap_or_else(|error| {
                    tracing::warn!(%error, "what is kept of a mail cannot be read");
                    None
                })
            });
            (answer.unwrap_or_else(PageResponse::not_found), reader)
        });
        match read.await {
            Ok((answer, reader)) => (answer, Some(reader)),
            Err(_) => (PageResponse::not_found(), None),
        }
    }

    /// What is sent, where there is room for it in time.
    async fn sent(&self, answer: PageResponse, taken: Option<TakenRoom>) -> Response<Body> {
        let room = Arc::clone(&self.room).acquire_many_owned(kibibytes(answer.room()));
        match timeout(self.config.timings.room, room).await {
            Ok(Ok(permit)) => answer.into_response((permit, taken)),
            _ => PageResponse::busy().into_response(()),
        }
    }

    /// The address of what belongs to a mail.
    fn base(&self, asked: &PageRequest) -> String {
        format!("{}/m/{}", self.config.public_url, asked.id.as_str())
    }
}

/// What so many octets take of the room.
fn kibibytes(octets: usize) -> u32 {
    let kibibytes = u32::try_from(octets / 1024).unwrap_or(u32::MAX);
    kibibytes.saturating_add(1).min(ROOM_KIBIBYTES)
}
