//! The task tree: opens the state, starts every room, waits for a signal, and stops them in the order in which nothing is
//! lost: the mailboxes first; then contacts elsewhere are told that our users go, and the mail transactions end; then the
//! stream.
//!
//! A part that fails takes the others with it, since they are joined by channels, and all are started again: see [`Round`].
//! Store and spool stay open. What was not settled stays in the spool, from which the next round takes its jobs, as after
//! a kill. A disk that fails ends the process.

mod restarts;
mod watchdog;

use crate::config::{self, Config};
use crate::control;
use crate::control::queue::{Running, Waiting};
use crate::core::context::Write;
use crate::core::quota::Quotas;
use crate::core::record::{Pair, PairOrigin};
use crate::core::settings::Settings;
use crate::core::time::Timestamp;
use crate::core::xml;
use crate::crash;
use crate::imap::{self, MailboxConfig};
use crate::pipeline::{self, Fatal, Inputs, MailboxMeaning, Pipeline, Stops, Stream, read_batches};
use crate::smtp::{self, SmtpConfig, TimeLimits};
use crate::store::quarantine::Quarantine;
use crate::store::signing_key::{self, SigningKeyError};
use crate::store::sled::SledStore;
use crate::store::spool::{Spool, SpoolError};
use crate::store::{Store, StoreError};
use crate::xmpp::{self, XmppConfig};
use futures::FutureExt;
use minidom::Element;
use restarts::{RESTARTS_MAX, Restarts, WITHIN};
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use watchdog::Watchdog;

/// Stanzas that were read and not yet decided about; then the stream waits.
const STREAM_EVENTS: usize = 1024;
/// Batches of mails that were read and not yet decided about.
const READ_BATCHES: usize = 2;
/// Outcomes that were not yet decided about.
const SETTLES: usize = 1024;
/// How long the other parts may take to end after one has failed: longer than mail transactions and the stream may.
const WIND_DOWN: Duration = Duration::from_secs(20);
/// How long the other parts may take to end after the disk has failed.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// How often what is to be forgotten is looked for, at least.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// And so many times within the time for which it is remembered.
const FORGET_TIMES: u32 = 10;

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
    #[error(transparent)]
    Part(#[from] Failed),
    /// And that again and again.
    #[error(
        "{failed}; the parts of the gateway were started again {RESTARTS_MAX} times in {} minutes, so it ends",
        WITHIN.as_secs() / 60
    )]
    Again {
        /// The last one.
        failed: Failed,
    },
    /// The system refuses something that a start needs.
    #[error("{0}")]
    System(String),
}

/// A part of the gateway ended though nobody asked it to.
#[derive(Debug, thiserror::Error)]
#[error(
    "the part “{part}” ended unexpectedly ({why}); this is a defect, please report it with the log"
)]
pub struct Failed {
    part: &'static str,
    why: String,
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
    let mut parts = Parts::open(&config).await?;
    let stop = CancellationToken::new();
    let signal = stop.clone();
    let signals = signals()?;
    tokio::spawn(async move {
        signals.await;
        tracing::info!("stopping");
        signal.cancel();
    });
    let mut restarts = Restarts::default();
    loop {
        let failed = match parts.run(&config, &stop).await {
            Err(Stopped::Part(failed)) if !stop.is_cancelled() => failed,
            ended => return ended,
        };
        let Some((count, pause)) = restarts.another(Instant::now()) else {
            return Err(Stopped::Again { failed });
        };
        tracing::error!(
            "{failed}; all parts are started again in {} ms, for the {count}. time of {RESTARTS_MAX} in {} minutes",
            pause.as_millis(),
            WITHIN.as_secs() / 60
        );
        if stop
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_none()
        {
            return Ok(());
        }
        parts.jobs = parts.spool.jobs().await?;
    }
}

/// The state, opened.
struct Parts {
    watchdog: Watchdog,
    store: Arc<SledStore>,
    spool: Arc<Spool>,
    quarantine: Arc<Quarantine>,
    jobs: Vec<crate::core::job::Brief>,
    /// Stanzas that a round before this one has read and not decided about.
    left: Vec<Element>,
    /// Among them is what that round had in hand when it failed.
    repeats: bool,
}

impl Parts {
    async fn open(config: &Config) -> Result<Self, Stopped> {
        let path = &config.store.path;
        let store = Arc::new(SledStore::open(path)?);
        if store.is_big() {
            check_rows(Arc::clone(&store));
        }
        save_pairs(&*store, config).await?;
        let (spool, jobs) = Spool::open(&path.join("spool"))?;
        if !jobs.is_empty() {
            tracing::info!(
                mails = jobs.len(),
                "the spool holds mails from before; they are sent now"
            );
        }
        let watchdog = Watchdog::start().map_err(|error| {
            Stopped::System(format!("the watchdog has no thread to run in: {error}"))
        })?;
        Ok(Self {
            watchdog,
            store,
            spool: Arc::new(spool),
            quarantine: Arc::new(Quarantine::of_store(path)),
            jobs,
            left: Vec::new(),
            repeats: false,
        })
    }

    /// Runs all parts until `stop`, or until one of them fails.
    async fn run(&mut self, config: &Config, stop: &CancellationToken) -> Result<(), Stopped> {
        let mut tasks = Tasks {
            running: JoinSet::new(),
            watchdog: self.watchdog.clone(),
        };
        let round = Round::new(stop);
        let (xmpp_events, events) = mpsc::channel(STREAM_EVENTS);
        let stanzas = xmpp_events.downgrade();
        let (link, connector) = xmpp::connect(xmpp_config(config), xmpp_events);
        let (settle, settles) = mpsc::channel(SETTLES);
        let smtp = smtp::Connector::new(smtp_config(config))
            .map_err(|error| Stopped::System(error.to_string()))?;
        let (queue, sender) = smtp::Queue::start(
            smtp,
            Arc::clone(&self.spool),
            std::mem::take(&mut self.jobs),
            config.delivery.expire,
            settle,
        );
        let (read, mails) = mpsc::channel(READ_BATCHES);
        let mailboxes = meanings(config);
        let again = read.downgrade();
        let end = &round.end;
        let opened = start_mailboxes(&mut tasks, config, &*self.store, &mailboxes, read, end)?;
        announce_ready(link.clone(), opened, end.clone());
        let age = crash::remember(config.store.remember);
        forget_old(Arc::clone(&self.store), age, end.clone());
        retry_when_asked(queue.clone(), end.clone())?;
        tasks.spawn("xmpp", connector.run(round.close_stream.clone()));
        tasks.spawn("smtp", sender.run(round.stop_sending.clone()));
        let waiting = Running {
            queue: queue.clone(),
            spool: Arc::clone(&self.spool),
            stanzas,
            mails: again,
            mailboxes: mailboxes.clone(),
        };
        let waiting = Waiting::running(Arc::clone(&self.quarantine), waiting);
        let socket = config.store.path.join("control.sock");
        let commands = answer_commands(socket, Arc::clone(&self.store), waiting, end.clone());
        tasks.spawn("control", commands);
        let settings = self.settings(config)?;
        let pipeline = Pipeline {
            quotas: Mutex::new(Quotas::new(&settings.allowance)),
            settings,
            mailboxes,
            store: Arc::clone(&self.store),
            quarantine: Arc::clone(&self.quarantine),
            spool: Arc::clone(&self.spool),
            queue,
            link,
            close_stream: round.close_stream.clone(),
            stop_sending: round.stop_sending.clone(),
        };
        let mut inputs = Inputs {
            xmpp: Stream::new(events, std::mem::take(&mut self.left)),
            mails,
            settles,
        };
        let running = pipeline.run(&mut inputs, round.stops(stop));
        let result = round
            .supervise(&mut tasks, running, self.disk_failed(), stop)
            .await;
        self.wind_down(&result, tasks, inputs).await;
        result
    }

    /// Waits until the other parts have ended.
    async fn wind_down(&mut self, result: &Result<(), Stopped>, mut tasks: Tasks, inputs: Inputs) {
        let limit = match result {
            // Nothing that they could still do may be acknowledged.
            Err(Stopped::Failed(_)) => LAST_WORDS,
            Err(Stopped::Part(_)) => {
                let Inputs { xmpp, settles, .. } = inputs;
                drop(settles);
                self.keep(xmpp.left().await);
                WIND_DOWN
            }
            _ => Duration::MAX,
        };
        let all = async { while tasks.running.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(limit, all).await;
        tasks.running.shutdown().await;
    }

    /// Ready when the disk below store or spool has failed, whoever noticed that.
    fn disk_failed(&self) -> impl Future<Output = Fatal> + use<> {
        let (store, spool) = (self.store.failed(), self.spool.failed());
        async move {
            tokio::select! {
                error = store => error.into(),
                error = spool => Fatal::Spool(error),
            }
        }
    }

    fn settings(&self, config: &Config) -> Result<Settings, Stopped> {
        let mut settings = config.settings(self.store.id_key());
        settings.remembered = crash::remember(settings.remembered);
        if settings.peers.iter().any(|peer| peer.key.is_some()) {
            settings.signer = Some(signing_key::open(&config.store.path)?);
        }
        Ok(settings)
    }

    /// The next round takes up again what a failed one had in hand; but not twice, since it may be the cause.
    fn keep(&mut self, (in_hand, waiting): (Vec<Element>, Vec<Element>)) {
        let has_repeated = std::mem::replace(&mut self.repeats, !in_hand.is_empty());
        if !has_repeated {
            self.left.extend(in_hand);
        } else if !in_hand.is_empty() {
            self.repeats = false;
            let why = "the gateway failed twice with this in hand";
            for element in &in_hand {
                let content = xml::write(element).unwrap_or_default();
                let note = pipeline::stanza_note(element, why);
                if let Err(error) = self.quarantine.put(&note, content.as_bytes()) {
                    tracing::error!(%error, "a stanza could not be kept");
                }
            }
            tracing::error!(
                stanzas = in_hand.len(),
                "{why}: set aside (`stanzamail queue list` shows them)"
            );
        }
        self.left.extend(waiting);
    }
}

/// What ends the parts of one round, each at its time.
struct Round {
    /// Mailboxes, commands, and what else can end at any time.
    end: CancellationToken,
    stop_sending: CancellationToken,
    /// The last mail transaction has ended.
    sent: CancellationToken,
    close_stream: CancellationToken,
    disk_failed: CancellationToken,
}

impl Round {
    fn new(stop: &CancellationToken) -> Self {
        Self {
            end: stop.child_token(),
            stop_sending: CancellationToken::new(),
            sent: CancellationToken::new(),
            close_stream: CancellationToken::new(),
            disk_failed: CancellationToken::new(),
        }
    }

    fn stops(&self, stop: &CancellationToken) -> Stops {
        Stops {
            leaving: stop.clone(),
            sent: self.sent.clone(),
            disk_failed: self.disk_failed.clone(),
        }
    }

    /// Waits for the pipeline. It stops when the running mail transactions have ended and their outcomes are told: `sent`.
    /// Where a part ends while nobody asked it to, the others end as at a stop, as far as they can do without it, so that
    /// as little as possible is repeated.
    async fn supervise(
        &self,
        tasks: &mut Tasks,
        pipeline: impl Future<Output = Result<(), Fatal>>,
        disk_failed: impl Future<Output = Fatal>,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        let pipeline = crash::part("pipeline", pipeline);
        let pipeline = tasks.watchdog.watch("pipeline", pipeline);
        let pipeline = AssertUnwindSafe(pipeline).catch_unwind();
        tokio::pin!(pipeline, disk_failed);
        let mut failed: Option<Failed> = None;
        let mut give_up = Instant::now() + Duration::from_secs(u32::MAX.into());
        let result = loop {
            tokio::select! {
                done = &mut pipeline => break done,
                error = &mut disk_failed => {
                    // What it is about can still be refused.
                    self.disk_failed.cancel();
                    let _ = tokio::time::timeout(LAST_WORDS, &mut pipeline).await;
                    break Ok(Err(error));
                }
                Some(ended) = tasks.running.join_next() => {
                    let Ok(ended) = ended else { continue };
                    if ended.part == "smtp" {
                        self.sent.cancel();
                    }
                    if failed.is_none() && !(ended.is_asked(stop)) {
                        failed = Some(ended.failed());
                        give_up = Instant::now() + WIND_DOWN;
                        self.end.cancel();
                        self.stop_sending.cancel();
                    }
                }
                () = tokio::time::sleep_until(give_up) => break Ok(Ok(())),
            }
        };
        self.end.cancel();
        self.stop_sending.cancel();
        self.close_stream.cancel();
        match result {
            Err(panic) => failed = failed.or_else(|| Some(Failed::of("pipeline", &*panic))),
            Ok(result) => result?,
        }
        // The stream has ended, which ends the pipeline, but why?
        while failed.is_none() && !stop.is_cancelled() {
            failed = match tasks.running.join_next().await {
                Some(Ok(ended)) => Some(ended.failed()).filter(|_| ended.part == "xmpp"),
                Some(Err(_)) => None,
                None => Some(
                    Ended {
                        part: "pipeline",
                        panic: None,
                    }
                    .failed(),
                ),
            };
        }
        failed.map_or(Ok(()), |failed| Err(failed.into()))
    }
}

/// A part that has ended.
struct Ended {
    part: &'static str,
    /// What its panic said.
    panic: Option<String>,
}

impl Ended {
    fn is_asked(&self, stop: &CancellationToken) -> bool {
        self.panic.is_none() && stop.is_cancelled()
    }

    fn failed(&self) -> Failed {
        let why = self.panic.clone();
        Failed {
            part: self.part,
            why: why.unwrap_or_else(|| "without a reason".to_owned()),
        }
    }
}

impl Failed {
    fn of(part: &'static str, panic: &(dyn Any + Send)) -> Self {
        let why = crash::words_of(panic);
        Self { part, why }
    }
}

/// The parts that run beside the pipeline.
struct Tasks {
    running: JoinSet<Ended>,
    watchdog: Watchdog,
}

impl Tasks {
    fn spawn(&mut self, part: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let watchdog = self.watchdog.clone();
        self.running.spawn(async move {
            let task = watchdog.watch(part, crash::part(part, task));
            let panic = AssertUnwindSafe(task).catch_unwind().await.err();
            let panic = panic.map(|panic| crash::words_of(&*panic));
            Ended { part, panic }
        });
    }
}

/// Where the socket cannot be made, the gateway runs without.
async fn answer_commands(
    socket: PathBuf,
    store: Arc<SledStore>,
    waiting: Waiting,
    end: CancellationToken,
) {
    if let Err(error) = control::serve(&socket, store, Arc::new(waiting), end.clone()).await {
        tracing::error!(%error, "commands cannot reach this gateway");
        end.cancelled().await;
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
        tasks.spawn(
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

/// Damage that it finds ends the gateway as a disk that fails.
fn check_rows(store: Arc<SledStore>) {
    tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        if store.check_rows().is_ok() {
            tracing::info!(took = ?began.elapsed(), "the store is whole");
        }
    });
}

fn forget_old(store: Arc<SledStore>, age: Duration, stop: CancellationToken) {
    let every = age.checked_div(FORGET_TIMES).unwrap_or(age);
    let every = every.min(FORGET_EVERY);
    let again_and_again = async move {
        loop {
            tokio::time::sleep(every).await;
            let store = Arc::clone(&store);
            let forgotten = tokio::task::spawn_blocking(move || {
                store.note_progress()?;
                store.forget_older(Timestamp::now(), age)
            })
            .await;
            match forgotten {
                Ok(Ok(0)) => {}
                Ok(Ok(rows)) => tracing::info!(rows, "forgot what is older than {}", in_days(age)),
                Ok(Err(error)) => tracing::error!(%error, "old rows cannot be forgotten"),
                Err(error) => tracing::error!(%error, "old rows cannot be forgotten"),
            }
        }
    };
    tokio::spawn(async move { stop.run_until_cancelled(again_and_again).await });
}

fn in_days(time: Duration) -> String {
    const DAY: u64 = 24 * 3600;
    match time.as_secs() {
        seconds if seconds % DAY == 0 => format!("{} days", seconds / DAY),
        seconds => format!("{seconds} seconds"),
    }
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
        timings: xmpp::Timings::default().each(crash::hurry),
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
        limits: TimeLimits::default().each(crash::hurry),
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
        timings: imap::Timings::default().each(crash::hurry),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_how_old_what_was_forgotten_is() {
        assert_eq!(in_days(Duration::from_secs(90 * 86_400)), "90 days");
        assert_eq!(in_days(Duration::from_secs(86_401)), "86401 seconds");
    }

    #[test]
    fn what_was_in_hand_at_two_failures_is_set_aside_and_the_rest_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (spool, jobs) = Spool::open(&folder.path().join("spool")).unwrap();
        let mut parts = Parts {
            watchdog: Watchdog::default(),
            store: Arc::new(SledStore::open(folder.path()).unwrap()),
            spool: Arc::new(spool),
            quarantine: Arc::new(Quarantine::of_store(folder.path())),
            jobs,
            left: Vec::new(),
            repeats: false,
        };
        let message = |id: &str| {
            let xml = format!("<message xmlns='jabber:component:accept' id='{id}'/>");
            xml::read(xml.as_bytes()).unwrap()
        };
        let ids = |parts: &mut Parts| -> Vec<String> {
            let left = std::mem::take(&mut parts.left);
            let id = |one: &Element| one.attr("id").unwrap_or_default().to_owned();
            left.iter().map(id).collect()
        };
        parts.keep((vec![message("1")], vec![message("2")]));
        assert_eq!(ids(&mut parts), ["1", "2"]);
        parts.keep((vec![message("1")], vec![message("2")]));
        assert_eq!(ids(&mut parts), ["2"]);
        let kept = parts.quarantine.list().unwrap();
        assert!(kept[0].note.why.contains("failed twice") && kept.len() == 1);
        parts.keep((Vec::new(), vec![message("3")]));
        parts.keep((vec![message("4")], Vec::new()));
        assert_eq!(ids(&mut parts), ["3", "4"]);
    }
}
