//! A TCP proxy that stands between two programs and disturbs them on command: a bad network on loopback.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use super::process::Port;

/// Of each connection so much is remembered in each direction.
const REMEMBERED_OCTETS: usize = 64 * 1024;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the one who connects to the server.
    Up,
    /// Back.
    Down,
}

/// What the network does. It concerns connections that stand and new ones alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Network {
    /// Everything passes.
    #[default]
    Passes,
    /// Every piece comes so much later.
    Late(Duration),
    /// So many octets a second pass in each direction.
    Slow(usize),
    /// Half-open: nobody is told anything. What is sent is taken and never arrives, new connections are accepted. When
    /// the network is well again the connections from before are reset.
    Swallows,
    /// The same, and connections from before stay like this for ever: a firewall that has forgotten them.
    Forgets,
    /// Nothing passes and nothing is lost; new connections are accepted. When the network is well again, what was under
    /// way arrives.
    Halts,
    /// The same, and whoever asks for a new connection gets no answer at all.
    BlackHole,
    /// Connections are reset, new ones refused.
    Refuses,
}

impl Network {
    fn listens(self) -> bool {
        !matches!(self, Network::BlackHole | Network::Refuses)
    }

    fn halts(self) -> bool {
        matches!(self, Network::Halts | Network::BlackHole)
    }
}

/// One connection that was made through the proxy.
#[derive(Clone, Debug)]
pub struct Carried {
    pub began: Instant,
    /// What was passed on in each direction.
    pub up: Vec<u8>,
    pub down: Vec<u8>,
    /// The proxy has reset it at the octet that was asked for.
    pub was_cut: bool,
}

/// The proxy; its connections end when it is dropped.
pub struct Proxy {
    port: Port,
    network: watch::Sender<Network>,
    listening: watch::Receiver<Option<Network>>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    target: u16,
    /// The next connection is reset after so many octets in this direction.
    next_cut: Mutex<Option<(Way, usize)>>,
    carried: Mutex<Vec<Carried>>,
    open: AtomicUsize,
    /// Octets that went to who connects.
    down: AtomicUsize,
    /// Goes up when all connections are to be reset.
    resets: watch::Sender<usize>,
}

/// Why a connection is reset.
enum Reset {
    AtTheOctet,
    Otherwise,
}

impl Proxy {
    /// Stands before the server at this port.
    pub async fn before(target: u16) -> Proxy {
        Proxy::at(Port::free(), target).await
    }

    /// The same at a port that somebody was told before.
    pub async fn at(port: Port, target: u16) -> Proxy {
        let (network, seen) = watch::channel(Network::Passes);
        let (told, mut listening) = watch::channel(None);
        let shared = Arc::new(Shared {
            target,
            next_cut: Mutex::default(),
            carried: Mutex::default(),
            open: AtomicUsize::new(0),
            down: AtomicUsize::new(0),
            resets: watch::channel(0).0,
        });
        let task = tokio::spawn(listen(port.number(), seen, told, shared.clone()));
        listening
            .wait_for(Option::is_some)
            .await
            .expect("the proxy runs");
        Proxy {
            port,
            network,
            listening,
            shared,
            task,
        }
    }

    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// From now on the network is like this; returns when it is.
    pub async fn becomes(&self, next: Network) {
        let before = self.network.send_replace(next);
        if before == Network::Swallows || next == Network::Refuses {
            self.reset_all();
        }
        let mut listening = self.listening.clone();
        listening
            .wait_for(|now| *now == Some(next))
            .await
            .expect("the proxy runs");
    }

    /// The next connection is reset (RST) after so many octets in this direction; with 0, as soon as it stands. Those
    /// after it are not.
    pub fn reset_next(&self, way: Way, octets: usize) {
        *self.shared.next_cut.lock().unwrap() = Some((way, octets));
    }

    /// Resets all connections that stand.
    pub fn reset_all(&self) {
        self.shared.resets.send_modify(|count| *count += 1);
    }

    /// Connections that stand.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Every connection so far, in the order in which they were made.
    pub fn carried(&self) -> Vec<Carried> {
        self.shared.carried.lock().unwrap().clone()
    }

    /// Octets that went to who connects so far, over all connections.
    pub fn octets_down(&self) -> usize {
        self.shared.down.load(Ordering::SeqCst)
    }

    /// How many connections there were so far.
    pub fn count(&self) -> usize {
        self.shared.carried.lock().unwrap().len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.reset_all();
    }
}

async fn listen(
    port: u16,
    mut network: watch::Receiver<Network>,
    told: watch::Sender<Option<Network>>,
    shared: Arc<Shared>,
) {
    loop {
        let now = *network.borrow_and_update();
        if now.listens() {
            let listener = listener(port, 1024).await;
            accept(&listener, &mut network, &told, &shared).await;
        } else if now == Network::BlackHole {
            let (_listener, _fillers) = deaf(port).await;
            told.send_replace(Some(now));
            let _ = network.changed().await;
        } else {
            told.send_replace(Some(now));
            let _ = network.changed().await;
        }
    }
}

/// Takes connections for as long as the network lets anybody connect.
async fn accept(
    listener: &TcpListener,
    network: &mut watch::Receiver<Network>,
    told: &watch::Sender<Option<Network>>,
    shared: &Arc<Shared>,
) {
    loop {
        let now = *network.borrow_and_update();
        if !now.listens() {
            return;
        }
        told.send_replace(Some(now));
        tokio::select! {
            _ = network.changed() => {}
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                tokio::spawn(carry(client, network.clone(), shared.clone()));
            }
        }
    }
}

/// At our port. The listener from before may still be open for a moment, in a child of this process that another test has
/// just forked and that has not become another program yet.
async fn listener(port: u16, backlog: u32) -> TcpListener {
    let end = Instant::now() + PATIENCE;
    loop {
        match listener_now(port, backlog) {
            Ok(listener) => return listener,
            Err(error) => assert!(Instant::now() < end, "our port is free: {error}"),
        }
        sleep(Duration::from_millis(5)).await;
    }
}

fn listener_now(port: u16, backlog: u32) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(backlog)
}

/// A listener whose queue is full: the kernel drops whatever else asks for a connection.
async fn deaf(port: u16) -> (TcpListener, Vec<TcpStream>) {
    let listener = listener(port, 0).await;
    let mut fillers = Vec::new();
    while let Ok(filler) = timeout(
        Duration::from_millis(50),
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)),
    )
    .await
    {
        fillers.extend(filler);
    }
    (listener, fillers)
}

async fn carry(mut client: TcpStream, network: watch::Receiver<Network>, shared: Arc<Shared>) {
    let cut = shared.next_cut.lock().unwrap().take();
    let number = {
        let mut carried = shared.carried.lock().unwrap();
        carried.push(Carried {
            began: Instant::now(),
            up: Vec::new(),
            down: Vec::new(),
            was_cut: false,
        });
        carried.len() - 1
    };
    let mut resets = shared.resets.subscribe();
    shared.open.fetch_add(1, Ordering::SeqCst);
    let target = (Ipv4Addr::LOCALHOST, shared.target);
    let end = match TcpStream::connect(target).await {
        Err(_) => Err(Reset::Otherwise),
        Ok(mut server) => {
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            let pump = |way| Pump {
                way,
                cut: cut.filter(|cut| cut.0 == way).map(|cut| cut.1),
                network: network.clone(),
                is_forgotten: false,
                shared: &shared,
                number,
            };
            let up = pump(Way::Up).run(from_client, to_server);
            let down = pump(Way::Down).run(from_server, to_client);
            let end = tokio::select! {
                end = async { tokio::try_join!(up, down) } => end.map(|_| ()),
                _ = resets.changed() => Err(Reset::Otherwise),
            };
            if end.is_err() {
                let _ = server.set_zero_linger();
            }
            end
        }
    };
    if let Err(reset) = end {
        let _ = client.set_zero_linger();
        shared.carried.lock().unwrap()[number].was_cut = matches!(reset, Reset::AtTheOctet);
    }
    drop(client);
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

/// One direction of one connection.
struct Pump<'a> {
    way: Way,
    cut: Option<usize>,
    network: watch::Receiver<Network>,
    is_forgotten: bool,
    shared: &'a Shared,
    number: usize,
}

impl Pump<'_> {
    async fn run(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Reset> {
        let (mut buffer, mut passed) = (vec![0; 16 * 1024], 0);
        loop {
            if self.cut == Some(passed) {
                return Err(Reset::AtTheOctet);
            }
            let now = *self.network.borrow_and_update();
            self.is_forgotten |= now == Network::Forgets;
            if now.halts() {
                let _ = self.network.changed().await;
                continue;
            }
            let most = match now {
                Network::Slow(rate) => (rate / 20).max(1),
                _ => buffer.len(),
            };
            let most = self.cut.map_or(most, |cut| most.min(cut - passed));
            let read = tokio::select! {
                read = from.read(&mut buffer[..most]) => read.map_err(|_| Reset::Otherwise)?,
                _ = self.network.changed() => continue,
            };
            if read == 0 {
                let _ = to.shutdown().await;
                return Ok(());
            }
            match now {
                _ if self.is_forgotten => continue,
                Network::Swallows => continue,
                Network::Late(latency) => sleep(latency).await,
                Network::Slow(rate) => {
                    sleep(Duration::from_secs_f64(read as f64 / rate as f64)).await;
                }
                _ => {}
            }
            // Before it is passed on: who has got the octets finds them here.
            self.remember(&buffer[..read]);
            to.write_all(&buffer[..read])
                .await
                .map_err(|_| Reset::Otherwise)?;
            passed += read;
        }
    }

    fn remember(&self, octets: &[u8]) {
        if self.way == Way::Down {
            self.shared.down.fetch_add(octets.len(), Ordering::SeqCst);
        }
        let mut carried = self.shared.carried.lock().unwrap();
        let one = &mut carried[self.number];
        let memory = match self.way {
            Way::Up => &mut one.up,
            Way::Down => &mut one.down,
        };
        let room = REMEMBERED_OCTETS.saturating_sub(memory.len());
        memory.extend_from_slice(&octets[..octets.len().min(room)]);
    }
}
