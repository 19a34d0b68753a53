//! The task tree: opens the state, starts every room, waits for a signal, and stops them in the order in which nothing is
//! lost: the mailboxes first; then contacts elsewhere are told that our users go, and the mail transactions end; then the
//! stream.

use crate::config::{self, Config};
use crate::control;
use crate::core::context::Write;
use crate::core::limits::REMEMBERED;
use crate::core::record::{Pair, PairOrigin};
use crate::core::time::Timestamp;
use crate::imap::{self, MailboxConfig};
use crate::pipeline::{Fatal, Inputs, MailboxMeaning, Pipeline, Stops, read_batches};
use crate::smtp::{self, SmtpConfig};
use crate::store::signing_key::{self, SigningKeyError};
use crate::store::sled::SledStore;
use crate::store::spool::{Spool, SpoolError};
use crate::store::{Store, StoreError};
use crate::xmpp::{self, XmppConfig};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Stanzas that were read and not yet decided about; then the stream waits.
const STREAM_EVENTS: usize = 1024;
/// Batches of mails that were read and not yet decided about.
const READ_BATCHES: usize = 2;
/// Outcomes that were not yet decided about.
const SETTLES: usize = 1024;
/// How often what is older is looked for.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// Why the gateway could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The store cannot be opened, or failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The spool cannot be opened.
    #[error("{0}")]
    Spool(#[from] SpoolError),
    /// Our own key cannot be read.
    #[error("{0}")]
    Key(#[from] SigningKeyError),
    /// The store failed while the gateway ran.
    #[error("{0}")]
    Failed(#[from] Fatal),
    /// A part ended that runs as long as the gateway.
    #[error(
        "the part “{0}” ended unexpectedly{1}; this is a defect, please report it with the log"
    )]
    Part(&'static str, String),
    /// The system refuses something that a start needs.
    #[error("{0}")]
    System(String),
}

/// Runs the gateway until SIGTERM or SIGINT.
///
/// # Errors
/// [`Stopped`] says why it could not start or had to stop.
pub async fn run(config: Config) -> Result<(), Stopped> {
    match config.trust.meaning(&config.peer) {
        Ok(meaning) => tracing::info!("{meaning}"),
        Err(meaning) => tracing::warn!("{meaning}"),
    }
    let parts = Parts::open(&config).await?;
    let stop = CancellationToken::new();
    let signal = stop.clone();
    let signals = signals()?;
    tokio::spawn(async move {
        signals.await;
        tracing::info!("stopping");
        signal.cancel();
    });
    parts.run(config, stop).await
}

/// The state, opened.
struct Parts {
    store: Arc<SledStore>,
    spool: Arc<Spool>,
    jobs: Vec<crate::core::job::Job>,
}

impl Parts {
    async fn open(config: &Config) -> Result<Self, Stopped> {
        let path = &config.store.path;
        let store = Arc::new(SledStore::open(path)?);
        save_pairs(&*store, config).await?;
        let (spool, jobs) = Spool::open(&path.join("spool"))?;
        if !jobs.is_empty() {
            tracing::info!(
                mails = jobs.len(),
                "the spool holds mails from before; they are sent now"
            );
        }
        Ok(Self {
            store,
            spool: Arc::new(spool),
            jobs,
        })
    }

    async fn run(self, config: Config, stop: CancellationToken) -> Result<(), Stopped> {
        let mut tasks: Tasks = JoinSet::new();
        let (xmpp_events, xmpp) = mpsc::channel(STREAM_EVENTS);
        let (link, connector) = xmpp::connect(xmpp_config(&config), xmpp_events);
        let (settle, settles) = mpsc::channel(SETTLES);
        let smtp = smtp::Connector::new(smtp_config(&config))
            .map_err(|error| Stopped::System(error.to_string()))?;
        let (queue, sender) = smtp::Queue::start(
            smtp,
            Arc::clone(&self.spool),
            self.jobs,
            config.delivery.expire,
            settle,
        );
        let (read, mails) = mpsc::channel(READ_BATCHES);
        let mailboxes = meanings(&config);
        let opened = start_mailboxes(&mut tasks, &config, &*self.store, &mailboxes, read, &stop)?;
        announce_ready(link.clone(), opened, stop.clone());
        forget_old(Arc::clone(&self.store), stop.clone());
        retry_when_asked(queue.clone(), stop.clone())?;

        let close_stream = CancellationToken::new();
        let stop_sending = CancellationToken::new();
        let sent = CancellationToken::new();
        spawn(&mut tasks, "xmpp", connector.run(close_stream.clone()));
        spawn(&mut tasks, "smtp", sender.run(stop_sending.clone()));
        let socket = config.store.path.join("control.sock");
        let (store, stop_control) = (Arc::clone(&self.store), stop.clone());
        spawn(&mut tasks, "control", async move {
            if let Err(error) = control::serve(&socket, store, stop_control).await {
                tracing::error!(%error, "commands cannot reach this gateway");
            }
        });
        let mut settings = config.settings(self.store.id_key());
        if settings.peers.iter().any(|peer| peer.key.is_some()) {
            settings.signer = Some(signing_key::open(&config.store.path)?);
        }
        let pipeline = Pipeline {
            settings,
            mailboxes,
            store: Arc::clone(&self.store),
            spool: self.spool,
            queue,
            link,
            close_stream: close_stream.clone(),
            stop_sending: stop_sending.clone(),
        };
        let running = pipeline.run(
            Inputs {
                xmpp,
                mails,
                settles,
            },
            Stops {
                leaving: stop.clone(),
                sent: sent.clone(),
            },
        );
        let result = supervise(&mut tasks, running, &stop, &sent).await;
        stop.cancel();
        stop_sending.cancel();
        close_stream.cancel();
        while tasks.join_next().await.is_some() {}
        result
    }
}

type Tasks = JoinSet<&'static str>;

fn spawn(tasks: &mut Tasks, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(async move {
        task.await;
        name
    });
}

/// Waits for the pipeline. It stops when the running mail transactions have ended and their outcomes are told: `sent`. A
/// part that ends while nobody asked it to ends the gateway: whoever runs it starts it anew.
async fn supervise(
    tasks: &mut Tasks,
    pipeline: impl Future<Output = Result<(), Fatal>>,
    stop: &CancellationToken,
    sent: &CancellationToken,
) -> Result<(), Stopped> {
    tokio::pin!(pipeline);
    loop {
        tokio::select! {
            result = &mut pipeline => return Ok(result?),
            ended = tasks.join_next(), if !tasks.is_empty() => match ended {
                Some(Ok(name)) if !stop.is_cancelled() => return Err(Stopped::Part(name, String::new())),
                Some(Ok("smtp")) => sent.cancel(),
                Some(Err(error)) => return Err(Stopped::Part("task", format!(" ({error})"))),
                _ => {}
            },
        }
    }
}

/// The pairs of the configuration are part of the directory.
async fn save_pairs(store: &impl Store, config: &Config) -> Result<(), StoreError> {
    let now = Timestamp::now();
    for pair in &config.pair {
        let (jid, mail) = (pair.jid.clone(), pair.mail.clone());
        let pair = Pair {
            jid,
            mail,
            name: None,
            origin: PairOrigin::Admin,
            saved: now,
        };
        store.commit(now, vec![Write::Pair(pair)]).await?;
    }
    Ok(())
}

fn start_mailboxes(
    tasks: &mut Tasks,
    config: &Config,
    store: &impl Store,
    meanings: &BTreeMap<String, MailboxMeaning>,
    read: mpsc::Sender<crate::pipeline::ReadBatch>,
    stop: &CancellationToken,
) -> Result<Vec<watch::Receiver<bool>>, StoreError> {
    let mut opened = Vec::new();
    for mailbox in &config.mailbox {
        let mailbox = mailbox_config(mailbox, config.mail.octets_max);
        let cursor = store.cursor(&mailbox.name)?;
        let (batches, fetched) = mpsc::channel(1);
        let (open, is_open) = watch::channel(false);
        opened.push(is_open);
        spawn(
            tasks,
            "imap",
            imap::run(mailbox, cursor, batches, open, stop.clone()),
        );
        // Ends with its mailbox, which is no failure: it is not among the tasks.
        tokio::spawn(read_batches(meanings.clone(), fetched, read.clone()));
    }
    Ok(opened)
}

/// Says once that everything that the configuration names is connected: what tests and people wait for.
fn announce_ready(
    link: xmpp::Link,
    mut opened: Vec<watch::Receiver<bool>>,
    stop: CancellationToken,
) {
    let all = async move {
        link.wait_online().await;
        for mailbox in &mut opened {
            if mailbox.wait_for(|open| *open).await.is_err() {
                return;
            }
        }
        tracing::info!(mailboxes = opened.len(), "ready");
    };
    tokio::spawn(async move { stop.run_until_cancelled(all).await });
}

fn forget_old(store: Arc<SledStore>, stop: CancellationToken) {
    let hourly = async move {
        loop {
            tokio::time::sleep(FORGET_EVERY).await;
            let store = Arc::clone(&store);
            let forgotten = tokio::task::spawn_blocking(move || {
                store.forget_older(Timestamp::now(), REMEMBERED)
            })
            .await;
            match forgotten {
                Ok(Ok(0)) => {}
                Ok(Ok(rows)) => tracing::info!(rows, "forgot what is older than 90 days"),
                Ok(Err(error)) => tracing::error!(%error, "old rows cannot be forgotten"),
                Err(error) => tracing::error!(%error, "old rows cannot be forgotten"),
            }
        }
    };
    tokio::spawn(async move { stop.run_until_cancelled(hourly).await });
}

/// SIGUSR1: an admin has mended something and does not want to wait for the next attempts.
fn retry_when_asked(queue: smtp::Queue, stop: CancellationToken) -> Result<(), Stopped> {
    let mut asked = signal(SignalKind::user_defined1()).map_err(no_signals)?;
    let retry = async move {
        while asked.recv().await.is_some() {
            tracing::info!(mails = queue.depth(), "asked to try all waiting mails now");
            queue.flush_now();
        }
    };
    tokio::spawn(async move { stop.run_until_cancelled(retry).await });
    Ok(())
}

fn no_signals(error: std::io::Error) -> Stopped {
    Stopped::System(format!("signals cannot be received: {error}"))
}

fn signals() -> Result<impl Future<Output = ()> + Send + 'static, Stopped> {
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The stream's part of the configuration.
pub fn xmpp_config(config: &Config) -> XmppConfig {
    XmppConfig {
        server: config.xmpp.server.to_string(),
        domain: config.xmpp.domain.clone(),
        secret: config.xmpp.secret.clone(),
        ping_target: config.xmpp.ping.clone(),
        timings: xmpp::Timings::default(),
    }
}

/// The mail server's part of the configuration.
pub fn smtp_config(config: &Config) -> SmtpConfig {
    let smtp = &config.smtp;
    SmtpConfig {
        ca_file: smtp.ca_file.clone(),
        username: smtp.username.clone(),
        password: smtp.password.clone(),
        connections: smtp.connections,
        ..SmtpConfig::new(&smtp.host, smtp.port, smtp.tls, &smtp.helo)
    }
}

/// A mailbox's part of the configuration.
pub fn mailbox_config(mailbox: &config::Mailbox, octets_max: usize) -> MailboxConfig {
    MailboxConfig {
        name: mailbox.name(),
        host: mailbox.host.clone(),
        port: mailbox.port,
        tls: mailbox.tls,
        ca_file: mailbox.ca_file.clone(),
        username: mailbox.username.clone(),
        password: mailbox.password.clone(),
        folder: mailbox.folder.clone(),
        idle: mailbox.idle,
        poll: mailbox.poll,
        after: mailbox.after.clone(),
        octets_max,
        first_start: mailbox.first_start,
        timings: imap::Timings::default(),
    }
}

fn meanings(config: &Config) -> BTreeMap<String, MailboxMeaning> {
    let meaning = |mailbox: &config::Mailbox| MailboxMeaning {
        bound: mailbox.user.clone(),
        own: mailbox.username.parse().ok(),
        octets_max: config.mail.octets_max,
        recipient_headers: mailbox.recipient_headers.clone(),
    };
    config
        .mailbox
        .iter()
        .map(|mailbox| (mailbox.name(), meaning(mailbox)))
        .collect()
}
