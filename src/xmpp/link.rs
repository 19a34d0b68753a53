//! Keeps a component stream up, and is what the rest of the gateway holds of it.

use super::bounce;
use super::codec;
use super::event::{Question, SendError, XmppConfig, XmppEvent, XmppTimings};
use super::guard::{Frame, ReadError};
use super::session::{self, SessionEnd, XmppSession};
use super::stream::{Account, XmppConnection, XmppLoginError};
use crate::net::backoff::{Backoff, jittered, shown};
use crate::net::trouble::OngoingTrouble;
use minidom::Element;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A handle on the stream: sends on whichever connection is up.
#[derive(Clone, Debug)]
pub struct Link {
    current: watch::Receiver<Option<Arc<XmppSession>>>,
    trouble: watch::Receiver<Option<OngoingTrouble>>,
    epoch: Arc<AtomicU64>,
    barrier_limit: Duration,
    domain: Arc<str>,
}

impl Link {
    /// Whether a connection is up.
    pub fn online(&self) -> bool {
        self.current.borrow().is_some()
    }

    /// Waits until a connection is up; for ever if [`XmppConnector::run`] has ended.
    pub async fn wait_online(&self) {
        let mut current = self.current.clone();
        if current.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Why no connection is up, as far as an attempt has shown.
    pub fn trouble(&self) -> watch::Receiver<Option<OngoingTrouble>> {
        self.trouble.clone()
    }

    /// The component's domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// How many logins there have been; the same number before and after means the same connection.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Sends stanzas in this order and returns when the kernel has taken them, which says nothing about the server: see
    /// [`Self::barrier_in`]. What XML cannot carry is replaced; a stanza that cannot be written at all, or is too big
    /// for a server, is logged and left out.
    ///
    /// # Errors
    /// [`SendError::Offline`] or [`SendError::Lost`].
    pub async fn send(&self, stanzas: Vec<Element>) -> Result<(), SendError> {
        self.session()?.write(encode_all(&stanzas)).await
    }

    /// Waits until the server has taken all that was sent before on this connection. That is when it answers a ping
    /// (XEP-0199) sent after it, with a result or an error: a stream is processed in order (RFC 6120 §10.1).
    ///
    /// The answer comes by the reader, which waits while nobody takes its events: do not wait for a barrier in the task
    /// that takes them.
    ///
    /// # Errors
    /// [`SendError`]; after [`XmppTimings::barrier`] at the latest.
    pub async fn barrier(&self) -> Result<(), SendError> {
        self.session()?.ping(self.barrier_limit).await
    }

    /// [`Self::barrier`] for what was sent while [`Self::epoch`] was `epoch`.
    ///
    /// # Errors
    /// [`SendError::Lost`] where that connection is no more; else as [`Self::barrier`].
    pub async fn barrier_in(&self, epoch: u64) -> Result<(), SendError> {
        match self.session() {
            Ok(session) if session.epoch == epoch => session.ping(self.barrier_limit).await,
            _ => Err(SendError::Lost),
        }
    }

    /// Sends stanzas and waits until the server has taken them: [`Self::send`] and [`Self::barrier`] on one connection.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn deliver(&self, stanzas: Vec<Element>) -> Result<(), SendError> {
        let session = self.session()?;
        session.write(encode_all(&stanzas)).await?;
        session.ping(self.barrier_limit).await
    }

    /// Asks a question on whichever connection is up, and waits for its answer, which may be an error. As for
    /// [`Self::barrier`], do not wait in the task that takes the events.
    ///
    /// # Errors
    /// [`SendError`]; after `limit` at the latest.
    pub async fn ask(&self, question: Question, limit: Duration) -> Result<Element, SendError> {
        self.session()?.ask(question, limit).await
    }

    fn session(&self) -> Result<Arc<XmppSession>, SendError> {
        self.current.borrow().clone().ok_or(SendError::Offline)
    }
}

fn encode_all(stanzas: &[Element]) -> Vec<u8> {
    let mut octets = Vec::new();
    for stanza in stanzas {
        if let Err(error) = codec::encode(stanza, &mut octets) {
            let to = bounce::domain_of(stanza.attr("to").unwrap_or("?"));
            let id = stanza.attr("id").unwrap_or_default();
            tracing::error!(name = stanza.name(), to, id, %error, "a stanza was not sent");
        }
    }
    octets
}

/// Makes a handle, and the task that keeps it connected.
pub fn connect(config: XmppConfig, events: mpsc::Sender<XmppEvent>) -> (Link, XmppConnector) {
    let (current, seen) = watch::channel(None);
    let trouble = watch::Sender::default();
    let epoch = Arc::new(AtomicU64::new(0));
    let link = Link {
        current: seen,
        trouble: trouble.subscribe(),
        epoch: Arc::clone(&epoch),
        barrier_limit: config.timings.barrier,
        domain: config.domain.as_str().into(),
    };
    let connector = XmppConnector {
        config,
        events,
        current,
        trouble,
        epoch,
    };
    (link, connector)
}

/// Logs in once and closes again, for a check of the configuration. A gateway that is running as this component is told
/// apart as [`XmppLoginError::Conflict`] by Prosody; with its `kick_old` it is thrown out for a moment, and ejabberd sends
/// some of its stanzas here.
///
/// # Errors
/// [`XmppLoginError`].
pub async fn try_login(config: &XmppConfig) -> Result<(), XmppLoginError> {
    let mut connection = config.account().login(config.timings.login).await?;
    let close = async {
        connection.writer.write(b"</stream:stream>").await?;
        while !matches!(
            connection.frames.next().await?,
            Some(Frame::StreamEnd) | None
        ) {}
        Ok::<(), ReadError>(())
    };
    // The login is what was asked about.
    let _ = tokio::time::timeout(config.timings.close, close).await;
    Ok(())
}

impl XmppConfig {
    fn account(&self) -> Account<'_> {
        Account {
            server: &self.server,
            domain: &self.domain,
            secret: &self.secret,
            tls: self.tls.then_some(self.ca_file.as_deref()),
            connect: self.timings.connect,
        }
    }
}

/// Keeps a [`Link`] connected.
#[derive(Debug)]
pub struct XmppConnector {
    config: XmppConfig,
    events: mpsc::Sender<XmppEvent>,
    current: watch::Sender<Option<Arc<XmppSession>>>,
    trouble: watch::Sender<Option<OngoingTrouble>>,
    epoch: Arc<AtomicU64>,
}

impl XmppConnector {
    /// Connects, logs in and reads, again and again, until `stop` is cancelled or nobody takes the events. Then writes
    /// what was handed over, closes the stream and waits a little for the server to do so too, while it still passes
    /// on what arrives.
    pub async fn run(self, stop: CancellationToken) {
        let mut pace = Pace::new(self.config.timings);
        let mut last_failure = String::new();
        loop {
            let login = self.config.account().login(self.config.timings.login);
            let pause = tokio::select! {
                () = stop.cancelled() => return,
                login = login => match login {
                    Ok(connection) => {
                        last_failure.clear();
                        let began = Instant::now();
                        let ended = self.serve(connection, &stop).await;
                        let pause = pace.after_session(&ended, began.elapsed());
                        self.report_end(&ended, pause, &stop).await;
                        match ended {
                            SessionEnd::Stopped | SessionEnd::NobodyListens => return,
                            _ => pause,
                        }
                    }
                    Err(error) => {
                        let pause = pace.after_login(&error);
                        log_failure(&error, pause, &mut last_failure);
                        OngoingTrouble::again(&self.trouble, &error);
                        pause
                    }
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn serve(&self, connection: XmppConnection, stop: &CancellationToken) -> SessionEnd {
        let epoch = self.epoch.load(Ordering::Acquire).saturating_add(1);
        let running = session::start(connection, &self.config, epoch, self.events.clone());
        self.epoch.store(epoch, Ordering::Release);
        self.current
            .send_replace(Some(Arc::clone(&running.session)));
        self.trouble.send_replace(None);
        tracing::info!(domain = %self.config.domain, server = %self.config.server, "logged in to the XMPP server");
        let withdraw = || drop(self.current.send_replace(None));
        running.run(stop, withdraw).await
    }

    async fn report_end(&self, ended: &SessionEnd, pause: Duration, stop: &CancellationToken) {
        let reason = ended.to_string();
        OngoingTrouble::again(&self.trouble, &reason);
        match ended {
            SessionEnd::Stopped => tracing::info!("disconnected from the XMPP server"),
            SessionEnd::Replaced => {
                tracing::error!(%reason, retry_in = shown(pause), "another process took this component's place at the XMPP server")
            }
            _ => {
                tracing::warn!(%reason, retry_in = shown(pause), "the XMPP connection is lost; connecting again")
            }
        }
        let told = self.events.send(XmppEvent::Offline { reason });
        tokio::select! {
            _ = told => {}
            // Whoever stops us may have stopped taking events.
            () = stopped_for(stop, self.config.timings.close) => {}
        }
    }
}

async fn stopped_for(stop: &CancellationToken, grace: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(grace).await;
}

/// The same failure again and again is told once.
fn log_failure(error: &XmppLoginError, pause: Duration, last: &mut String) {
    let (sentence, retry_in) = (error.to_string(), shown(pause));
    match (is_for_an_admin(error), sentence == *last) {
        (_, true) => tracing::debug!(retry_in, "{sentence}"),
        (true, false) => tracing::error!(retry_in, "{sentence}"),
        (false, false) => tracing::warn!(retry_in, "{sentence}"),
    }
    *last = sentence;
}

fn is_for_an_admin(error: &XmppLoginError) -> bool {
    matches!(
        error,
        XmppLoginError::NotAuthorized { .. }
            | XmppLoginError::HostUnknown { .. }
            | XmppLoginError::Trust(_)
            | XmppLoginError::Certificate { .. }
            | XmppLoginError::NotXmpp { .. }
    )
}

/// How long to wait before the next connection.
#[derive(Debug)]
struct Pace {
    timings: XmppTimings,
    backoff: Backoff,
}

impl Pace {
    fn new(timings: XmppTimings) -> Self {
        Self {
            timings,
            backoff: Backoff::new(timings.retry_min, timings.retry_max),
        }
    }

    fn after_login(&mut self, error: &XmppLoginError) -> Duration {
        match error {
            // A proxy before the server accepts and closes for as long as the server is away.
            XmppLoginError::Unreachable { .. }
            | XmppLoginError::Conflict { .. }
            | XmppLoginError::Closed { .. } => self.pause(self.timings.retry_soon),
            _ if is_for_an_admin(error) => jittered(self.timings.retry_admin),
            _ => self.pause(self.timings.retry_max),
        }
    }

    /// A connection that has stood for a while starts from the shortest pause again; one that ends as soon as it stands
    /// does not, else two gateways that throw each other out would do so once a second.
    fn after_session(&mut self, ended: &SessionEnd, lasted: Duration) -> Duration {
        if lasted >= self.timings.retry_max {
            self.backoff.reset();
        }
        match ended {
            SessionEnd::Replaced | SessionEnd::StreamError(_) => self.pause(self.timings.retry_max),
            _ => self.pause(self.timings.retry_soon),
        }
    }

    fn pause(&mut self, most: Duration) -> Duration {
        jittered(self.backoff.step().min(most))
    }
}
