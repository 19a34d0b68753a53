//! How a command reaches a running gateway: a unix socket in the store's folder, for the gateway's user only, with one
//! JSON object a line each way.
//!
//! ```text
//! > {"do":"add","jid":"alice@a.example","mail":"alice@chat.a.example"}
//! < {"is":"pairs","pairs":[{"jid":"alice@a.example","mail":"alice@chat.a.example","name":null,…}]}
//! > {"do":"remove","side":"nobody@a.example"}
//! < {"is":"refused","done":0,"reason":"no pair has nobody@a.example as its JID or its address"}
//! ```
//!
//! Where no gateway runs, a command opens the store and calls [`answer`] itself, so that both ways say the same.

mod client;
mod connection;
pub mod queue;
pub mod users;

use crate::config::Fingerprints;
use crate::core::address::{AddressPattern, MailAddress};
use crate::core::context::{Need, Row, Write};
use crate::core::record::{Format, Pair, PairOrigin, Peer, PeerOrigin};
use crate::core::time::Timestamp;
use crate::net::unix;
use crate::pipeline::UploadService;
use crate::store::tables::{Record, RowPlace};
use crate::store::{Store, StoreError};
pub use client::{ControlClient, ControlError};
use connection::{ControlLimits, ControlShared};
use jid::BareJid;
use queue::{QueueItem, WaitingItems};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Rows in one request or answer.
pub const ROWS_MAX: usize = 1000;
/// How long to wait before connections are taken again, when the system has no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What a command asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum ControlRequest {
    /// Whether a gateway answers. [`Response::Pong`].
    Ping,
    /// With what a gateway runs. [`Response::Running`].
    Running,
    /// How it is. [`Response::Status`].
    Status,
    /// Has the configuration read again. [`Response::Done`].
    Reload,
    /// Changes how much is logged, until the configuration is read again. [`Response::Done`].
    Log {
        /// `error`, `warn`, `info`, `debug` or `trace`.
        level: String,
    },
    /// What the upload service of an XMPP server does for the gateway. [`Response::Upload`].
    Upload {
        /// The domain of the server.
        server: String,
    },
    /// Saves a pair of the admin. [`Response::Pairs`] with it.
    Add {
        /// The JID.
        jid: BareJid,
        /// Its address.
        mail: MailAddress,
        /// The name shown with it.
        #[serde(default)]
        name: Option<String>,
    },
    /// Forgets a pair. [`Response::Pairs`] with it.
    Remove {
        /// Its JID or its address.
        side: String,
    },
    /// Finds pairs. [`Response::Pairs`] with none, one, or two where one's JID is the other's address.
    Find {
        /// A JID or an address.
        side: String,
    },
    /// A page of the pairs in the order of their JIDs. [`Response::Pairs`].
    List {
        /// The last JID of the page before.
        #[serde(default)]
        after: Option<BareJid>,
    },
    /// Saves rows, at most [`ROWS_MAX`], all in one commit. [`Response::Imported`]. Where one is refused, those before
    /// it are saved and those after it are not.
    Import {
        /// The rows.
        #[serde(deserialize_with = "some_rows")]
        rows: Vec<Record>,
    },
    /// A page of all rows. [`Response::Rows`].
    Export {
        /// Those of this user alone.
        #[serde(default)]
        user: Option<BareJid>,
        /// The last place of the page before.
        #[serde(default)]
        after: Option<RowPlace>,
    },
    /// A page of the formats, in a fixed order. [`Response::Peers`].
    Peers {
        /// Whom the last one of the page before is about.
        #[serde(default)]
        after: Option<AddressPattern>,
    },
    /// Saves the admin's word on a format. [`Response::Peers`] with it.
    SetPeer {
        /// An address or a domain.
        who: AddressPattern,
        /// How mails to it are to be written.
        format: Format,
    },
    /// Forgets a format, the admin's or a learned one. [`Response::Peers`] with it.
    RemovePeer {
        /// An address or a domain.
        who: AddressPattern,
    },
    /// A page of the mails that wait, in the order of their acceptance. [`Response::Queue`].
    Queue {
        /// The place of the last one of the page before.
        #[serde(default)]
        after: Option<u64>,
    },
    /// What is in quarantine, the oldest first, all of it. [`Response::Queue`].
    Quarantine,
    /// One that waits, or is in quarantine. [`Response::Shown`].
    ShowOne {
        /// Its id.
        id: String,
        /// All of it, not the header alone.
        body: bool,
    },
    /// Tries one now, or all that wait. [`Response::Queue`] with it, or [`Response::Retried`].
    Retry {
        /// Its id.
        #[serde(default)]
        id: Option<String>,
    },
    /// Something about users. [`Response::Users`].
    Users(users::UsersQuery),
    /// Takes one out. [`Response::Queue`] with it.
    DropOne {
        /// Its id.
        id: String,
        /// Its sender is not told.
        silent: bool,
    },
}

/// No more than may come at once and one: with that one the request is refused.
fn some_rows<'de, D: Deserializer<'de>>(rows: D) -> Result<Vec<Record>, D::Error> {
    struct RowsVisitor;
    impl<'de> Visitor<'de> for RowsVisitor {
        type Value = Vec<Record>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("rows")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
            let mut rows = Vec::new();
            while rows.len() <= ROWS_MAX
                && let Some(row) = all.next_element()?
            {
                rows.push(row);
            }
            while all.next_element::<IgnoredAny>()?.is_some() {}
            Ok(rows)
        }
    }
    rows.deserialize_seq(RowsVisitor)
}

/// What a command is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Response {
    /// A gateway answers.
    Pong {
        /// Its version.
        version: String,
    },
    /// A gateway runs.
    Running {
        /// Whether it is attached to the XMPP server now.
        is_attached: bool,
        /// Of the configuration that holds.
        fingerprints: Fingerprints,
    },
    /// How it is.
    Status {
        /// Of the program that answers.
        version: String,
        /// A gateway runs.
        is_running: bool,
        /// It is attached to the XMPP server now.
        is_attached: bool,
        /// Mails that wait to be sent.
        waiting: usize,
        /// What is in quarantine.
        quarantined: usize,
        /// Servers that it needs and does not reach.
        #[serde(default)]
        troubles: Vec<ServerTrouble>,
    },
    /// It is done, and there is nothing to be said of it.
    Done,
    /// What was found.
    Upload {
        /// Of the server that was named.
        service: UploadService,
    },
    /// These pairs.
    Pairs {
        /// At most [`ROWS_MAX`]; a page with none is the last.
        pairs: Vec<Pair>,
    },
    /// These formats.
    Peers {
        /// At most [`ROWS_MAX`]; a page with none is the last.
        peers: Vec<Peer>,
    },
    /// What was asked about users.
    Users(users::UsersAnswer),
    /// These rows.
    Rows {
        /// At most [`ROWS_MAX`]; a page with none is the last.
        rows: Vec<(RowPlace, Record)>,
    },
    /// These wait.
    Queue {
        /// At most [`ROWS_MAX`]; a page with none is the last.
        items: Vec<QueueItem>,
    },
    /// One that waits.
    Shown {
        /// What is known of it, with names.
        facts: Vec<(String, String)>,
        /// The mail or its header, or the stanza: see [`queue::content_of`].
        content: String,
    },
    /// All that wait are tried.
    Retried {
        /// How many.
        count: usize,
        /// Now; else when a gateway is started.
        is_running: bool,
    },
    /// All rows are saved and survive a power cut.
    Imported {
        /// How many.
        count: usize,
    },
    /// It was not done.
    Refused {
        /// How many rows of the request were saved nevertheless.
        #[serde(default)]
        done: usize,
        /// A sentence that says why.
        reason: String,
    },
}

/// A server that is not reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerTrouble {
    /// Which.
    pub server: NeededServer,
    /// For how long.
    pub secs: u64,
    /// A sentence that says why.
    pub why: String,
}

/// What a server is needed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum NeededServer {
    /// It has the users.
    XmppServer,
    /// It takes mails that are sent.
    MailServer,
    /// It has a mailbox.
    Mailbox {
        /// As in the configuration.
        name: String,
    },
}

impl Response {
    fn refused(reason: impl ToString) -> Self {
        Self::Refused {
            done: 0,
            reason: reason.to_string(),
        }
    }
}

/// Listens at once, and answers requests until `stop` when the future runs. A socket that a killed gateway left is replaced.
///
/// # Errors
/// [`io::Error`] where the socket cannot be made, or another process answers on it.
pub fn begin<S: Store>(
    path: &Path,
    store: Arc<S>,
    waiting: Arc<WaitingItems>,
    stop: CancellationToken,
) -> io::Result<impl Future<Output = ()> + Send + use<S>> {
    begin_within(
        path,
        ControlShared::new(store, waiting, ControlLimits::default()),
        stop,
    )
}

/// The same as one future.
///
/// # Errors
/// As [`begin`].
pub async fn serve<S: Store>(
    path: &Path,
    store: Arc<S>,
    waiting: Arc<WaitingItems>,
    stop: CancellationToken,
) -> io::Result<()> {
    begin(path, store, waiting, stop)?.await;
    Ok(())
}

fn begin_within<S: Store>(
    path: &Path,
    shared: ControlShared<S>,
    stop: CancellationToken,
) -> io::Result<impl Future<Output = ()> + Send + use<S>> {
    let listener = unix::listen(path, 0o600)?;
    tracing::info!(path = %path.display(), "the control socket accepts commands");
    let (path, shared) = (path.to_owned(), Arc::new(shared));
    Ok(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) if connections.len() < shared.limits.connections => {
                        connections.spawn(connection::serve(stream, Arc::clone(&shared)));
                    }
                    Ok((stream, _)) => connection::turn_away(stream, &shared.limits),
                    Err(error) => {
                        tracing::warn!(%error, "a command could not connect");
                        let _ = stop.run_until_cancelled(tokio::time::sleep(ACCEPT_PAUSE)).await;
                    }
                }
            }
        }
        let _ = std::fs::remove_file(path);
    })
}

/// Does what is asked.
pub async fn answer<S: Store>(
    store: &S,
    waiting: &WaitingItems,
    request: ControlRequest,
) -> Response {
    let answered = match request {
        ControlRequest::Ping => Ok(Response::Pong {
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }),
        ControlRequest::Running => Ok(waiting.status()),
        ControlRequest::Status => Ok(waiting.facts().await),
        ControlRequest::Reload => Ok(waiting.reload()),
        ControlRequest::Log { level } => Ok(waiting.log(&level)),
        ControlRequest::Upload { server } => Ok(waiting.upload(&server).await),
        ControlRequest::Add { jid, mail, name } => add(store, jid, mail, name).await,
        ControlRequest::Remove { side } => remove(store, &side).await,
        ControlRequest::Find { side } => find(store, &side)
            .await
            .map(|pairs| Response::Pairs { pairs }),
        ControlRequest::List { after } => store
            .pairs(after.as_ref(), ROWS_MAX)
            .await
            .map(|pairs| Response::Pairs { pairs }),
        ControlRequest::Import { rows } => import(store, rows).await,
        ControlRequest::Export { user, after } => {
            let rows = match user {
                Some(user) => store.page_of(&user, after.as_ref(), ROWS_MAX).await,
                None => store.page(None, after.as_ref(), ROWS_MAX).await,
            };
            rows.map(|rows| Response::Rows { rows })
        }
        ControlRequest::Peers { after } => store
            .peers(after.as_ref(), ROWS_MAX)
            .await
            .map(|peers| Response::Peers { peers }),
        ControlRequest::SetPeer { who, format } => set_peer(store, who, format).await,
        ControlRequest::RemovePeer { who } => remove_peer(store, who).await,
        ControlRequest::Queue { after } => Ok(waiting.list(after).await),
        ControlRequest::Quarantine => Ok(waiting.quarantined()),
        ControlRequest::ShowOne { id, body } => Ok(waiting.show(&id, body).await),
        ControlRequest::Retry { id } => Ok(waiting.retry(id.as_deref()).await),
        ControlRequest::Users(asked) => users::answer(store, waiting, asked).await,
        ControlRequest::DropOne { id, silent } => Ok(waiting.drop_one(&id, silent).await),
    };
    answered.unwrap_or_else(Response::refused)
}

async fn add<S: Store>(
    store: &S,
    jid: BareJid,
    mail: MailAddress,
    name: Option<String>,
) -> Result<Response, StoreError> {
    let now = Timestamp::now();
    let wanted = Pair {
        jid: jid.clone(),
        mail,
        name,
        origin: PairOrigin::Admin,
        saved: now,
    };
    store.commit(now, vec![Write::Pair(wanted)]).await?;
    let pairs = load_pairs(store, &[Need::PairOf(jid)]).await?;
    Ok(Response::Pairs { pairs })
}

async fn remove<S: Store>(store: &S, side: &str) -> Result<Response, StoreError> {
    let pairs = find(store, side).await?;
    match pairs.as_slice() {
        [] => Ok(Response::refused(format!(
            "no pair has {side} as its JID or its address"
        ))),
        [pair] => remove_pair(store, pair).await,
        // The first has it as its JID. If its address does not name it alone either, as after the two were swapped and then
        // written rightly, nothing would, so that the JID has to.
        [first, _, ..] if find(store, &first.mail.to_string()).await?.len() > 1 => {
            remove_pair(store, first).await
        }
        [first, second, ..] => Ok(Response::refused(format!(
            "{side} is a side of two pairs, {} = {} and {} = {}; name the one by its other side",
            first.jid, first.mail, second.jid, second.mail
        ))),
    }
}

async fn remove_pair<S: Store>(store: &S, pair: &Pair) -> Result<Response, StoreError> {
    let gone = Write::RemovePair(pair.jid.clone());
    store.commit(Timestamp::now(), vec![gone]).await?;
    Ok(Response::Pairs {
        pairs: vec![pair.clone()],
    })
}

/// The pairs with this JID or this address: at most two, and one where both are the same.
async fn find<S: Store>(store: &S, side: &str) -> Result<Vec<Pair>, StoreError> {
    let by_jid = BareJid::new(side).ok().map(Need::PairOf);
    let by_mail = MailAddress::parse(side).ok().map(Need::HolderOf);
    let needs: Vec<Need> = by_jid.into_iter().chain(by_mail).collect();
    let mut pairs = load_pairs(store, &needs).await?;
    pairs.dedup();
    Ok(pairs)
}

async fn load_pairs<S: Store>(store: &S, needs: &[Need]) -> Result<Vec<Pair>, StoreError> {
    let rows = store.load(needs).await?.into_iter().flatten();
    Ok(rows
        .filter_map(|row| match row {
            Row::Pair(pair) => Some(pair),
            _ => None,
        })
        .collect())
}

async fn set_peer<S: Store>(
    store: &S,
    who: AddressPattern,
    format: Format,
) -> Result<Response, StoreError> {
    let now = Timestamp::now();
    let peer = Peer {
        who,
        format,
        origin: PeerOrigin::Admin,
        since: now,
    };
    store.commit(now, vec![Write::Peer(peer.clone())]).await?;
    let peers = vec![peer];
    Ok(Response::Peers { peers })
}

async fn remove_peer<S: Store>(store: &S, who: AddressPattern) -> Result<Response, StoreError> {
    let rows = store.load(&[Need::Peer(who.clone())]).await?;
    let Some(Some(Row::Peer(peer))) = rows.into_iter().next() else {
        return Ok(Response::refused(format!("no format is saved for {who}")));
    };
    let gone = Write::RemovePeer(who);
    store.commit(Timestamp::now(), vec![gone]).await?;
    let peers = vec![peer];
    Ok(Response::Peers { peers })
}

async fn import<S: Store>(store: &S, rows: Vec<Record>) -> Result<Response, StoreError> {
    let count = rows.len();
    if count > ROWS_MAX {
        return Ok(Response::refused(format!(
            "more rows came at once than {ROWS_MAX}; send them in several requests"
        )));
    }
    let now = Timestamp::now();
    let writes: Vec<Write> = rows.into_iter().map(Write::from).collect();
    match store.commit(now, writes.clone()).await {
        Ok(()) => Ok(Response::Imported { count }),
        Err(StoreError::Held { .. }) => Ok(import_up_to_the_refused(store, now, writes).await),
        Err(error) => Err(error),
    }
}

/// One of these rows is refused, so that none was saved: saves those before it.
async fn import_up_to_the_refused<S: Store>(
    store: &S,
    now: Timestamp,
    writes: Vec<Write>,
) -> Response {
    let count = writes.len();
    for (done, write) in writes.into_iter().enumerate() {
        if let Err(error) = store.commit(now, vec![write]).await {
            let reason = error.to_string();
            return Response::Refused { done, reason };
        }
    }
    Response::Imported { count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::fake;
    use crate::store::MemoryStore;
    use crate::store::conformance::{mail, pair, user, who};
    use crate::store::spool::Spool;
    use std::io::{BufRead as _, ErrorKind, Write as _};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream as BlockingStream;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    async fn start(path: &Path) -> (CancellationToken, tokio::task::JoinHandle<io::Result<()>>) {
        let (stop, path) = (CancellationToken::new(), path.to_owned());
        let store = Arc::new(MemoryStore::default());
        let (token, socket) = (stop.clone(), path.clone());
        let waiting = resting(&socket);
        let task = tokio::spawn(async move { serve(&socket, store, waiting, token).await });
        while ControlClient::connect(&path).unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (stop, task)
    }

    fn resting(socket: &Path) -> Arc<WaitingItems> {
        Arc::new(WaitingItems::resting(socket.parent().unwrap()))
    }

    async fn ask(path: &Path, requests: Vec<ControlRequest>) -> Vec<Response> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || {
            let mut client = ControlClient::connect(&path).unwrap().unwrap();
            let ask = |request| client.ask(request).unwrap();
            requests.iter().map(ask).collect()
        })
        .await
        .unwrap()
    }

    fn reason(response: &Response) -> &str {
        match response {
            Response::Refused { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_gateway_answers_on_its_socket_until_it_stops() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        // What a killed gateway leaves.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(ControlClient::connect(&path).unwrap().is_none());
        let (stop, task) = start(&path).await;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let pong = ask(&path, vec![ControlRequest::Ping]).await;
        assert_eq!(pong, [Response::Pong { version }]);
        let store = Arc::new(MemoryStore::default());
        let second = serve(&path, store, resting(&path), stop.clone()).await;
        assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
        stop.cancel();
        task.await.unwrap().unwrap();
        assert!(!path.exists());
    }

    /// What waits while no gateway runs: page by page, each mail once.
    #[tokio::test]
    async fn the_queue_at_rest_is_listed_page_by_page() {
        let folder = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(&folder.path().join("spool")).unwrap();
        let wait = |number: usize| {
            let number = u64::try_from(number).unwrap();
            fake::mail(&format!("m{number}"), "lane", number, &["carol@x.example"])
        };
        let mails = (1..=ROWS_MAX + 1).map(wait);
        spool.accept(mails.collect()).await.unwrap();
        drop(spool);
        let (waiting, mut places) = (WaitingItems::resting(folder.path()), Vec::new());
        for wanted in [ROWS_MAX, 1, 0] {
            let after = places.last().copied();
            let Response::Queue { items } = waiting.list(after).await else {
                panic!("no list after {after:?}");
            };
            assert_eq!(items.len(), wanted);
            places.extend(items.iter().map(|item| item.place));
        }
        places.dedup();
        assert!(places.is_sorted() && places.len() == ROWS_MAX + 1);
    }

    #[tokio::test]
    async fn what_is_no_request_is_refused_and_the_connection_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let _running = start(&path).await;
        let mut stream = UnixStream::connect(&path).await.unwrap();
        let wrong = b"nonsense\n{\"do\":\"fly\"}\n{\"do\":\"ping\"}\nhalf a line";
        stream.write_all(wrong).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        let kinds: Vec<_> = said.lines().map(|line| line.get(..10)).collect();
        assert_eq!(kinds.len(), 3, "{said}");
        assert!(said.lines().take(2).all(|line| line.contains("refused")));
        assert!(said.ends_with("\"}\n") && said.contains("pong"), "{said}");
    }

    /// A gateway with room for two connections and 200 KB of requests, which waits for a tenth of a second.
    async fn small(path: &Path) {
        let limits = ControlLimits {
            connections: 2,
            octets: 200_000,
            request: Duration::from_millis(100),
            silence: Duration::from_millis(500),
        };
        let shared = ControlShared::new(Arc::new(MemoryStore::default()), resting(path), limits);
        let socket = path.to_owned();
        tokio::spawn(async move {
            let stop = CancellationToken::new();
            begin_within(&socket, shared, stop).unwrap().await;
        });
        while BlockingStream::connect(path).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn said(stream: &mut UnixStream) -> String {
        let mut octets = vec![0; 4096];
        let length = stream.read(&mut octets).await.unwrap_or_default();
        String::from_utf8_lossy(&octets[..length]).into_owned()
    }

    #[tokio::test]
    async fn e19_too_many_commands_are_told_so_and_the_next_ones_are_served() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        small(&path).await;
        let mut held = Vec::new();
        while held.len() < 2 {
            let mut stream = UnixStream::connect(&path).await.unwrap();
            if stream.write_all(b"{\"do\":\"ping\"}\n").await.is_ok()
                && said(&mut stream).await.contains("pong")
            {
                held.push(stream);
            }
        }
        let refused = &ask(&path, vec![ControlRequest::Ping]).await[0];
        assert!(
            reason(refused).starts_with("2 commands are connected"),
            "{refused:?}"
        );
        // One that says nothing more makes room for others.
        drop(held.pop());
        let mut silent = held.pop().unwrap();
        assert_eq!(said(&mut silent).await, "", "it is closed after a time");
        for _ in 0..5 {
            let pong = &ask(&path, vec![ControlRequest::Ping]).await[0];
            assert!(matches!(pong, Response::Pong { .. }), "{pong:?}");
        }
    }

    #[tokio::test]
    async fn e19_requests_that_never_end_hold_neither_memory_nor_connections() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        small(&path).await;
        let half = async |octets: usize| {
            let mut stream = UnixStream::connect(&path).await.unwrap();
            stream.write_all(&vec![b' '; octets]).await.unwrap();
            stream
        };
        let mut slow = half(10).await;
        assert!(said(&mut slow).await.contains("did not end within"));
        let mut much = half(190_000).await;
        let mut more = half(190_000).await;
        let answers = [said(&mut much).await, said(&mut more).await];
        let over = |answer: &&String| answer.contains("200000 octets of requests come at once");
        assert_eq!(answers.iter().filter(over).count(), 1, "{answers:?}");
        // What was held is free again.
        let mut whole = vec![b' '; 190_000];
        whole.extend_from_slice(b"{\"do\":\"ping\"}\n");
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(&whole).await.unwrap();
        assert!(said(&mut stream).await.contains("pong"));
    }

    #[tokio::test]
    async fn pairs_are_added_found_listed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let _running = start(&path).await;
        let add = |jid, address| ControlRequest::Add {
            jid: user(jid),
            mail: mail(address),
            name: None,
        };
        let side = |side: &str| side.to_owned();
        let answers = ask(
            &path,
            vec![
                add("alice@a.example", "alice@m.example"),
                add("bob@a.example", "ALICE@m.example"),
                add("alice@m.example", "other@m.example"),
                ControlRequest::Find {
                    side: side("alice@m.example"),
                },
                ControlRequest::Remove {
                    side: side("alice@m.example"),
                },
                ControlRequest::Remove {
                    side: side("other@m.example"),
                },
                ControlRequest::List { after: None },
                ControlRequest::List {
                    after: Some(user("alice@a.example")),
                },
                ControlRequest::Remove {
                    side: side("nobody"),
                },
            ],
        )
        .await;
        let sides = |response: &Response| match response {
            Response::Pairs { pairs } => pairs
                .iter()
                .map(|p| format!("{}={}", p.jid, p.mail))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let [alice, other] = [
            "alice@a.example=alice@m.example",
            "alice@m.example=other@m.example",
        ];
        assert_eq!(sides(&answers[0]), [alice]);
        assert!(reason(&answers[1]).contains("map remove alice@a.example"));
        assert_eq!(sides(&answers[2]), [other]);
        assert_eq!(sides(&answers[3]), [other, alice]);
        assert!(reason(&answers[4]).contains("two pairs"));
        assert_eq!(sides(&answers[5]), [other]);
        assert_eq!(sides(&answers[6]), [alice]);
        assert!(sides(&answers[7]).is_empty());
        assert!(reason(&answers[8]).contains("no pair has nobody"));
    }

    /// Somebody has written the two sides of a pair the wrong way round, and then the right way.
    #[tokio::test]
    async fn a_pair_that_no_side_names_alone_is_removed_by_its_jid() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let _running = start(&path).await;
        let add = |jid: &str, address: &str| ControlRequest::Add {
            jid: user(jid),
            mail: mail(address),
            name: None,
        };
        let answers = ask(
            &path,
            vec![
                add("alice@m.example", "alice@a.example"),
                add("alice@a.example", "alice@m.example"),
                ControlRequest::Remove {
                    side: "alice@m.example".to_owned(),
                },
                ControlRequest::List { after: None },
            ],
        )
        .await;
        let jids = |response: &Response| match response {
            Response::Pairs { pairs } => {
                pairs.iter().map(|p| p.jid.to_string()).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(jids(&answers[2]), ["alice@m.example"]);
        assert_eq!(jids(&answers[3]), ["alice@a.example"]);
    }

    #[tokio::test]
    async fn formats_are_saved_as_the_admins_listed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let _running = start(&path).await;
        let set = |name, format| ControlRequest::SetPeer {
            who: who(name),
            format,
        };
        let answers = ask(
            &path,
            vec![
                set("chat.b.example", Format::Mail),
                set("Bob@chat.b.example", Format::Mail),
                set("bob@chat.b.example", Format::Xmpp),
                ControlRequest::Peers { after: None },
                ControlRequest::Peers {
                    after: Some(who("bob@chat.b.example")),
                },
                ControlRequest::RemovePeer {
                    who: who("BOB@chat.b.example"),
                },
                ControlRequest::RemovePeer {
                    who: who("bob@chat.b.example"),
                },
            ],
        )
        .await;
        let shown = |response: &Response| match response {
            Response::Peers { peers } => peers
                .iter()
                .map(|peer| format!("{} {} {}", peer.who, peer.format, peer.origin))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let bob = "bob@chat.b.example xmpp admin";
        assert_eq!(shown(&answers[2]), [bob]);
        let domain = "chat.b.example mail admin";
        assert_eq!(shown(&answers[3]), [bob, domain]);
        assert_eq!(shown(&answers[4]), [domain]);
        assert_eq!(shown(&answers[5]), [bob]);
        assert!(reason(&answers[6]).contains("for bob@chat.b.example"));
        let mut stream = BlockingStream::connect(&path).unwrap();
        let wrong = b"{\"do\":\"setpeer\",\"who\":\"a b\",\"format\":\"mail\"}\n";
        stream.write_all(wrong).unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let mut said = String::new();
            io::BufReader::new(stream).read_line(&mut said).unwrap();
            said
        });
        assert!(read.await.unwrap().contains("is not a domain name"));
    }

    #[tokio::test]
    async fn an_import_is_saved_up_to_the_row_that_is_refused() {
        let store = MemoryStore::default();
        let waiting = WaitingItems::resting(Path::new("/nonexistent"));
        let row = |jid, address| Record::Pair(pair(jid, address));
        let rows = vec![
            row("a@a.example", "a@m.example"),
            row("b@a.example", "b@m.example"),
            row("c@a.example", "a@m.example"),
            row("d@a.example", "d@m.example"),
        ];
        let response = answer(
            &store,
            &waiting,
            ControlRequest::Import { rows: rows.clone() },
        )
        .await;
        assert!(
            matches!(response, Response::Refused { done: 2, .. }),
            "{response:?}"
        );
        assert_eq!(store.pairs(None, 9).await.unwrap().len(), 2);
        let good = vec![rows[0].clone(), rows[3].clone()];
        let response = answer(&store, &waiting, ControlRequest::Import { rows: good }).await;
        assert_eq!(response, Response::Imported { count: 2 });
        let many = vec![rows[0].clone(); ROWS_MAX + 1];
        let response = answer(&store, &waiting, ControlRequest::Import { rows: many }).await;
        assert!(reason(&response).contains("than 1000; send them"));
    }
}
