//! The task tree: opens the state, starts every room, waits for a signal, and stops them in the order in which nothing is
//! lost: the mailboxes first; then contacts elsewhere are told that our users go, and the mail transactions end; then the
//! stream.
//!
//! A part that fails takes the others with it, since they are joined by channels, and all are started again: see [`Round`].
//! Store and spool stay open. What was not settled stays in the spool, from which the next round takes its jobs, as after
//! a kill. A disk that fails ends the process.

mod configured;
mod handover;
mod pages;
mod reload;
mod reserved;
mod restarts;
mod round;
mod signals;
mod stopped;
mod upkeep;
mod watchdog;

use crate::config::{self, Config};
use crate::control;
use crate::control::queue::{Readers, RunningParts, WaitingItems};
use crate::core::context::Write;
use crate::core::quota::SharedQuotas;
use crate::core::record::{Pair, PairOrigin};
use crate::core::settings::Settings;
use crate::core::time::Timestamp;
use crate::core::xml;
use crate::failpoints;
use crate::imap::{self};
use crate::pipeline::{self, Fatal, FileUploader, Inputs, Pipeline, Stream, read_batches};
use crate::smtp::{self};
use crate::store::in_hand::InHand;
use crate::store::originals::{Folder, Originals};
use crate::store::quarantine::Quarantine;
use crate::store::signing_key::{self};
use crate::store::spool::Spool;
use crate::store::{self, Store, StoreError};
use crate::xmpp::{self};
use configured::meanings;
pub use configured::{mailbox_config, smtp_config, xmpp_config};
use minidom::Element;
use reload::Current;
pub use reload::Reload;
use restarts::{RESTARTS_MAX, Restarts, WITHIN};
use round::{LAST_WORDS, Round, Tasks, WIND_DOWN};
pub use signals::Signals;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
pub use stopped::{FailedPart, Stopped};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use watchdog::Watchdog;

/// Stanzas that were read and not yet decided about; then the stream waits.
const STREAM_EVENTS: usize = 1024;
/// Batches of mails that were read and not yet decided about.
const READ_BATCHES: usize = 2;
/// Outcomes that were not yet decided about.
const SETTLES: usize = 1024;

/// Runs the gateway until SIGTERM or SIGINT. At SIGHUP it reads its configuration again.
///
/// # Errors
/// [`Stopped`] says why it could not start or had to stop.
pub async fn run(config: Config, reload: Reload, signals: Signals) -> Result<(), Stopped> {
    say_who_is_believed(&config);
    let mut parts = StateParts::open(&config, store::open(&config.store.path)?).await?;
    let stop = CancellationToken::new();
    let asked = signals.obeyed(stop.clone(), Arc::clone(&parts.retry));
    let current = Current::new(&config, Arc::clone(&parts.store), &reload)?;
    reload::when_asked(asked, Arc::clone(&current), reload, stop.clone());
    let mut restarts = Restarts::default();
    loop {
        let failed = match parts.run(&current, &stop).await {
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

fn say_who_is_believed(config: &Config) {
    for note in config.notes() {
        tracing::warn!("configuration, line {note}");
    }
    match config.trust.meaning(&config.peer) {
        Ok(meaning) => tracing::info!("{meaning}"),
        Err(meaning) => tracing::warn!("{meaning}"),
    }
}

/// The state, opened.
struct StateParts<S> {
    watchdog: Watchdog,
    store: Arc<S>,
    spool: Arc<Spool>,
    quarantine: Arc<Quarantine>,
    in_hand: Arc<InHand>,
    originals: Option<Arc<Originals>>,
    own_files: Option<Arc<Originals>>,
    jobs: Vec<crate::core::job::Brief>,
    /// Stanzas that a round before this one has read and not decided about.
    left: Vec<Element>,
    /// Among them is what that round had in hand when it failed.
    repeats: bool,
    /// All waiting mails are to be tried now.
    retry: Arc<Notify>,
}

impl<S: Store> StateParts<S> {
    async fn open(config: &Config, store: S) -> Result<Self, Stopped> {
        let (path, store) = (&config.store.path, Arc::new(store));
        verify(Arc::clone(&store));
        save_pairs(&*store, config).await?;
        reserved::tell(config, &store).await?;
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
            in_hand: taken_up(path),
            originals: originals_of(config, Folder::Mails)?,
            own_files: originals_of(config, Folder::Files)?,
            jobs,
            left: Vec::new(),
            repeats: false,
            retry: Arc::default(),
        })
    }

    /// Runs all parts until `stop`, or until one of them fails.
    async fn run(
        &mut self,
        current: &Arc<Current<S>>,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        let (config, changed) = (&current.config(), current.settings());
        let (mut tasks, round) = (Tasks::watched_by(&self.watchdog), Round::new(stop));
        let (xmpp_events, events) = mpsc::channel(STREAM_EVENTS);
        let (stanzas, (settle, settles)) = (xmpp_events.downgrade(), mpsc::channel(SETTLES));
        let (link, connector) = xmpp::connect(xmpp_config(config), xmpp_events);
        let (queue, sender) = self.start_queue(config, settle)?;
        let (read, mails) = mpsc::channel(READ_BATCHES);
        let (mailboxes, again) = (meanings(config), read.downgrade());
        let (end, settings) = (&round.end, changed.borrow().clone());
        let quotas = SharedQuotas::new(&settings.allowance);
        let handover = self.handover(&changed, &mailboxes, &link, &read, end);
        let begun = self.start_mailboxes(&mut tasks, config, &quotas, read, end);
        let (opened, readers) = begun.await?;
        handover.start(&mut tasks, config).await?;
        self.look_after(config, &queue, end);
        self.start_pages(&mut tasks, config, end).await?;
        tasks.spawn("xmpp", connector.run(round.close_stream.clone()));
        let files = self.files(config, &link, &quotas, end);
        let sender = sender.attaching(files.as_ref().map(FileUploader::attacher));
        tasks.spawn("smtp", sender.run(round.stop_sending.clone()));
        let (operations, returns) = self.operations(config, queue.clone(), current.commands());
        let running = RunningParts {
            forgetter: operations.forgetter(),
            queue: queue.clone(),
            mail_server: Arc::new(smtp::IdleProbe::new(smtp_config(config))),
            spool: Arc::clone(&self.spool),
            stanzas,
            mails: again,
            mailboxes: mailboxes.clone(),
            readers,
            itself: current.itself(link.clone()),
            in_hand: Arc::clone(&self.in_hand),
            files: files.clone(),
        };
        self.start_control(&mut tasks, config, running, end);
        announce_ready(link.clone(), opened, end.clone());
        let pipeline = Pipeline {
            operations,
            files,
            originals: self.originals.clone(),
            quotas,
            settings,
            mailboxes,
            store: Arc::clone(&self.store),
            quarantine: Arc::clone(&self.quarantine),
            in_hand: Arc::clone(&self.in_hand),
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
            operations: returns,
            settings: changed,
        };
        let running = pipeline.run(&mut inputs, round.stops(stop));
        let disk = self.disk_failed();
        let result = round.supervise(&mut tasks, running, disk, stop).await;
        self.wind_down(&result, tasks, inputs).await;
        result
    }

    /// Mails and files of mails.
    fn kept(&self) -> [Option<Arc<Originals>>; 2] {
        [self.originals.clone(), self.own_files.clone()]
    }

    /// What is done now and then, or when it is asked for.
    fn look_after(&self, config: &Config, queue: &smtp::Queue, end: &CancellationToken) {
        upkeep::begin(&self.store, config.store.remember, end);
        upkeep::forget_originals(&self.store, [&self.originals, &self.own_files], end);
        retry_when_asked(queue.clone(), Arc::clone(&self.retry), end.clone());
    }

    fn start_control(
        &self,
        tasks: &mut Tasks,
        config: &Config,
        running: RunningParts,
        end: &CancellationToken,
    ) {
        let waiting = WaitingItems::running(Arc::clone(&self.quarantine), running);
        let socket = config.store.path.join("control.sock");
        let store = Arc::clone(&self.store);
        match control::begin(&socket, store, Arc::new(waiting), end.clone()) {
            Ok(commands) => tasks.spawn("control", commands),
            // The gateway runs without.
            Err(error) => tracing::error!(%error, "commands cannot reach this gateway"),
        }
    }

    fn start_queue(
        &mut self,
        config: &Config,
        settle: mpsc::Sender<smtp::Settle>,
    ) -> Result<(smtp::Queue, smtp::Runner), Stopped> {
        let smtp = smtp::SmtpConnector::new(smtp_config(config))
            .map_err(|error| Stopped::System(error.to_string()))?;
        Ok(smtp::Queue::start(
            smtp,
            Arc::clone(&self.spool),
            std::mem::take(&mut self.jobs),
            config.delivery.expire,
            settle,
        ))
    }

    async fn start_mailboxes(
        &self,
        tasks: &mut Tasks,
        config: &Config,
        quotas: &SharedQuotas,
        read: mpsc::Sender<crate::pipeline::ReadBatch>,
        stop: &CancellationToken,
    ) -> Result<(Vec<watch::Receiver<bool>>, Readers), StoreError> {
        let meanings = meanings(config);
        let (mut opened, mut readers) = (Vec::new(), Vec::new());
        for mailbox in &config.mailbox {
            let mailbox = mailbox_config(mailbox, config);
            let cursor = self.store.cursor(&mailbox.name).await?;
            let (batches, fetched) = mpsc::channel(1);
            let reports = imap::Reports::default();
            opened.push(reports.was_open.subscribe());
            readers.push((mailbox.name.clone(), reports.trouble.subscribe()));
            tasks.spawn(
                "imap",
                imap::MailboxReader::new(mailbox, cursor, quotas.clone(), batches, reports)
                    .run(stop.clone()),
            );
            let in_hand = Arc::clone(&self.in_hand);
            // Ends with its mailbox, which is no failure: it is not among the tasks.
            tokio::spawn(read_batches(
                meanings.clone(),
                in_hand,
                fetched,
                read.clone(),
            ));
        }
        Ok((opened, readers))
    }

    /// Waits until the other parts have ended.
    async fn wind_down(&mut self, result: &Result<(), Stopped>, mut tasks: Tasks, inputs: Inputs) {
        let Inputs {
            xmpp,
            mails,
            settles,
            ..
        } = inputs;
        // Who has handed mails over hears that nobody takes them any more.
        drop(mails);
        let limit = match result {
            // Nothing that they could still do may be acknowledged.
            Err(Stopped::Failed(_)) => LAST_WORDS,
            Err(Stopped::Part(_)) => {
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
    fn disk_failed(&self) -> impl Future<Output = Fatal> + use<S> {
        let (store, spool) = (self.store.failed(), self.spool.failed());
        async move {
            tokio::select! {
                error = store => error.into(),
                error = spool => Fatal::Spool(error),
            }
        }
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

/// Where mails are kept as they came, or files of mails, which takes somebody who gives them out. What is there of a configuration that
/// kept them goes with one that keeps none.
fn originals_of(config: &Config, folder: Folder) -> Result<Option<Arc<Originals>>, Stopped> {
    let path = &config.store.path;
    let is_served = folder == Folder::Mails || config.http.listen.is_some();
    let opened = match config.originals().filter(|_| is_served) {
        Some(limits) => {
            Originals::of_folder(path, folder, limits).map(|opened| Some(Arc::new(opened)))
        }
        None => {
            if let Err(error) = Originals::forget_all(path, folder) {
                let path = path.display();
                tracing::warn!(%error, %path, "kept mails are no longer wanted, and cannot be deleted; delete them by hand");
            }
            Ok(None)
        }
    };
    opened.map_err(|error| {
        Stopped::System(format!(
            "what is kept of mails in {} cannot be used: {error}",
            path.display()
        ))
    })
}

/// What the last process may have died of.
fn taken_up(store: &Path) -> Arc<InHand> {
    let (in_hand, died) = InHand::of_store(store, Timestamp::now());
    if died > 0 {
        tracing::warn!(
            "the last process died with {died} mails, stanzas or results of mails in hand; each of them is taken alone now, \
             and one of which the process dies again is set aside (`stanzamail queue list` will show it)"
        );
    }
    in_hand
}

fn settings_of(config: &Config, store: &impl Store) -> Result<Settings, Stopped> {
    let mut settings = config.settings(store.id_key());
    settings.remembered = failpoints::remember(settings.remembered);
    if settings.peers.iter().any(|peer| peer.key.is_some()) {
        settings.signer = Some(signing_key::open(&config.store.path)?);
    }
    Ok(settings)
}

/// The pairs of the configuration are part of the directory.
async fn save_pairs(store: &impl Store, config: &Config) -> Result<(), StoreError> {
    let now = Timestamp::now();
    let pair = |pair: &config::PairSection| {
        Write::Pair(Pair {
            jid: pair.jid.clone(),
            mail: pair.mail.clone(),
            name: None,
            origin: PairOrigin::Admin,
            saved: now,
        })
    };
    // All or none.
    store
        .commit(now, config.pair.iter().map(pair).collect())
        .await
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

/// Damage that it finds ends the gateway as a disk that fails: see [`Store::failed`].
fn verify<S: Store>(store: Arc<S>) {
    tokio::spawn(async move { store.verify().await });
}

/// An admin has mended something and does not want to wait for the next attempts.
fn retry_when_asked(queue: smtp::Queue, asked: Arc<Notify>, stop: CancellationToken) {
    let retry = async move {
        loop {
            asked.notified().await;
            tracing::info!(mails = queue.depth(), "asked to try all waiting mails now");
            queue.flush_now();
        }
    };
    tokio::spawn(async move { stop.run_until_cancelled(retry).await });
}

fn no_signals(error: std::io::Error) -> Stopped {
    Stopped::System(format!("signals cannot be received: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[test]
    fn what_was_in_hand_at_two_failures_is_set_aside_and_the_rest_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (spool, jobs) = Spool::open(&folder.path().join("spool")).unwrap();
        let mut parts = StateParts {
            watchdog: Watchdog::default(),
            store: Arc::new(MemoryStore::default()),
            spool: Arc::new(spool),
            quarantine: Arc::new(Quarantine::of_store(folder.path())),
            in_hand: taken_up(folder.path()),
            originals: None,
            own_files: None,
            jobs,
            left: Vec::new(),
            repeats: false,
            retry: Arc::default(),
        };
        let message = |id: &str| {
            let xml = format!("<message xmlns='jabber:component:accept' id='{id}'/>");
            xml::read(xml.as_bytes()).unwrap()
        };
        let ids = |parts: &mut StateParts<MemoryStore>| -> Vec<String> {
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
