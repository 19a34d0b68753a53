//! TCP in a simulated world: octets take their time, connections freeze and break, hosts are there or not. Outside of one,
//! in every other test, TCP is the system's.

use crate::system::Acknowledge;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, ReadHalf, WriteHalf,
    duplex,
};
use tokio::net::{ToSocketAddrs, lookup_host, tcp};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// What is between two ends besides what is under way.
const SOCKET_OCTETS: usize = 16 * 1024;
/// The longest time that octets are under way, in milliseconds.
const LATENCY_MAX: u64 = 20;
/// The most octets that are under way together.
const PIECE_MAX: u64 = 1400;

thread_local! {
    static NETWORK: RefCell<Option<Rc<RefCell<Network>>>> = const { RefCell::new(None) };
}

/// Who listens, and what is connected.
#[derive(Default)]
struct Network {
    hosts: BTreeMap<u16, Host>,
}

struct Host {
    accept: mpsc::UnboundedSender<DuplexStream>,
    /// A host that is down refuses connections.
    is_up: bool,
    /// Breaks every connection that was made so far.
    cut: CancellationToken,
    /// Until when nothing passes.
    frozen: watch::Sender<Instant>,
}

/// Below a number, which is not 0.
pub(crate) fn dice(below: u64) -> u64 {
    seeded::random() % below
}

/// Begins a world on this thread.
pub(super) fn begin() {
    NETWORK.set(Some(Rc::default()));
}

/// Whether this thread is in a simulated world.
pub(crate) fn is_here() -> bool {
    NETWORK.with_borrow(Option::is_some)
}

fn with_host<T>(port: u16, work: impl FnOnce(&mut Host) -> T) -> T {
    let network = NETWORK.with_borrow(Clone::clone).expect("a world");
    let mut network = network.borrow_mut();
    work(network.hosts.get_mut(&port).expect("a host"))
}

/// A host that is up, and its connections as they come.
pub(super) fn listen(port: u16) -> mpsc::UnboundedReceiver<DuplexStream> {
    let (accept, accepted) = mpsc::unbounded_channel();
    let host = Host {
        accept,
        is_up: true,
        cut: CancellationToken::new(),
        frozen: watch::channel(Instant::now()).0,
    };
    let network = NETWORK.with_borrow(Clone::clone).expect("a world");
    network.borrow_mut().hosts.insert(port, host);
    accepted
}

/// Breaks every connection to a host; octets that are under way are lost.
pub(super) fn cut(port: u16) {
    with_host(port, |host| std::mem::take(&mut host.cut).cancel());
}

/// Whether connections are accepted; going down breaks those that are there.
pub(super) fn set_up(port: u16, is_up: bool) {
    with_host(port, |host| host.is_up = is_up);
    if !is_up {
        cut(port);
    }
}

/// Nothing passes for a while, in either direction, and nobody is told.
pub(super) fn freeze(port: u16, time: Duration) {
    with_host(port, |host| host.frozen.send_replace(Instant::now() + time));
}

async fn dial(port: u16) -> io::Result<DuplexStream> {
    sleep(Duration::from_millis(dice(LATENCY_MAX))).await;
    with_host(port, |host| {
        if !host.is_up {
            return Err(ErrorKind::ConnectionRefused.into());
        }
        let (ours, near) = duplex(SOCKET_OCTETS);
        let (far, theirs) = duplex(SOCKET_OCTETS);
        let (near_read, near_write) = tokio::io::split(near);
        let (far_read, far_write) = tokio::io::split(far);
        for (from, to) in [(near_read, far_write), (far_read, near_write)] {
            let (cut, frozen) = (host.cut.clone(), host.frozen.subscribe());
            tokio::spawn(async move { cut.run_until_cancelled(carry(from, to, frozen)).await });
        }
        let _ = host.accept.send(theirs);
        Ok(ours)
    })
}

async fn carry(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    frozen: watch::Receiver<Instant>,
) {
    let mut octets = vec![0; PIECE_MAX as usize];
    loop {
        let piece = dice(PIECE_MAX) as usize;
        let read = from.read(&mut octets[..=piece]).await;
        let Ok(count @ 1..) = read else { break };
        sleep(Duration::from_millis(dice(LATENCY_MAX))).await;
        loop {
            let until = *frozen.borrow();
            if until <= Instant::now() {
                break;
            }
            sleep_until(until).await;
        }
        if to.write_all(&octets[..count]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// A connection of either world.
#[derive(Debug)]
pub(crate) enum TcpStream {
    System(tokio::net::TcpStream),
    Simulated(DuplexStream),
}

/// What is read of one.
#[derive(Debug)]
pub(crate) enum OwnedReadHalf {
    System(tcp::OwnedReadHalf),
    Simulated(ReadHalf<DuplexStream>),
}

/// What is written to one.
#[derive(Debug)]
pub(crate) enum OwnedWriteHalf {
    System(tcp::OwnedWriteHalf),
    Simulated(WriteHalf<DuplexStream>),
}

impl TcpStream {
    pub(crate) async fn connect(to: impl ToSocketAddrs) -> io::Result<Self> {
        if !is_here() {
            return Ok(Self::System(tokio::net::TcpStream::connect(to).await?));
        }
        let address = lookup_host(to).await?.next();
        let port = address.ok_or(ErrorKind::AddrNotAvailable)?.port();
        Ok(Self::Simulated(dial(port).await?))
    }

    pub(crate) fn set_nodelay(&self, is_set: bool) -> io::Result<()> {
        match self {
            Self::System(stream) => stream.set_nodelay(is_set),
            Self::Simulated(_) => Ok(()),
        }
    }

    pub(crate) fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        match self {
            Self::System(stream) => {
                let (read, write) = stream.into_split();
                (OwnedReadHalf::System(read), OwnedWriteHalf::System(write))
            }
            Self::Simulated(stream) => {
                let (read, write) = tokio::io::split(stream);
                let read = OwnedReadHalf::Simulated(read);
                (read, OwnedWriteHalf::Simulated(write))
            }
        }
    }
}

impl Acknowledge for TcpStream {
    fn acknowledge(&self) {
        if let Self::System(stream) = self {
            stream.acknowledge();
        }
    }
}

impl Acknowledge for OwnedReadHalf {
    fn acknowledge(&self) {
        if let Self::System(half) = self {
            half.acknowledge();
        }
    }
}

impl OwnedWriteHalf {
    pub(crate) fn forget(self) {
        if let Self::System(half) = self {
            half.forget();
        }
    }
}

macro_rules! reads {
    ($type:ty) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::System(stream) => Pin::new(stream).poll_read(cx, buf),
                    Self::Simulated(stream) => Pin::new(stream).poll_read(cx, buf),
                }
            }
        }
    };
}

macro_rules! writes {
    ($type:ty) => {
        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    Self::System(stream) => Pin::new(stream).poll_write(cx, buf),
                    Self::Simulated(stream) => Pin::new(stream).poll_write(cx, buf),
                }
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::System(stream) => Pin::new(stream).poll_flush(cx),
                    Self::Simulated(stream) => Pin::new(stream).poll_flush(cx),
                }
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::System(stream) => Pin::new(stream).poll_shutdown(cx),
                    Self::Simulated(stream) => Pin::new(stream).poll_shutdown(cx),
                }
            }
        }
    };
}

reads!(TcpStream);
writes!(TcpStream);
reads!(OwnedReadHalf);
writes!(OwnedWriteHalf);
