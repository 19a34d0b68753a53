//! The gateway's shell in a simulated world, put together as `supervisor` does it. Its disk survives a crash.

use super::store::{self, SimulatedStore};
use crate::config::Config;
use crate::core::quota::SharedQuotas;
use crate::core::time::Timestamp;
use crate::imap;
use crate::pipeline::{Inputs, MailboxMeaning, Operations, Pipeline, Stops, Stream, read_batches};
use crate::smtp;
use crate::store::Store;
use crate::store::in_hand::InHand;
use crate::store::quarantine::Quarantine;
use crate::store::spool::{Spool, SpoolError};
use crate::supervisor::{mailbox_config, smtp_config, xmpp_config};
use crate::xmpp;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

pub(super) const XMPP_PORT: u16 = 5347;
pub(super) const SMTP_PORT: u16 = 25;
pub(super) const IMAP_PORT: u16 = 143;

/// A gateway that can be stopped, killed and started again.
pub(super) struct Gateway {
    disk: Arc<Disk>,
    running: Option<(JoinHandle<()>, CancellationToken)>,
}

/// What survives.
pub(super) struct Disk {
    folder: TempDir,
    store: Arc<store::Disk>,
    config: Config,
}

impl Gateway {
    /// One that does not run yet.
    pub(super) fn new(mailbox: &str, shown: [&str; 2], gather: &str) -> Self {
        // In memory where that is possible: whether a file is durable is not what is simulated.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => TempDir::new_in(memory),
            false => TempDir::new(),
        };
        let folder = folder.unwrap();
        let config = config(folder.path(), mailbox, shown, gather);
        let disk = Disk {
            folder,
            store: Arc::default(),
            config,
        };
        Self {
            disk: Arc::new(disk),
            running: None,
        }
    }

    pub(super) fn start(&mut self) {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(Arc::clone(&self.disk), stop.clone()));
        self.running = Some((task, stop));
    }

    /// Ends as by a power cut.
    pub(super) async fn crash(&mut self) {
        if let Some((task, _)) = self.running.take() {
            task.abort();
            let _ = task.await;
        }
    }

    /// Ends as at SIGTERM.
    pub(super) async fn stop(&mut self) {
        if let Some((task, stop)) = self.running.take() {
            stop.cancel();
            task.await.expect("the gateway ends without a panic");
        }
    }

    /// Mails that wait in the spool.
    pub(super) fn waiting(&self) -> usize {
        Spool::look(&self.disk.folder.path().join("spool")).map_or(0, |jobs| jobs.len())
    }

    /// What it has noted of what it is at work on.
    pub(super) fn in_hand(&self) -> String {
        std::fs::read_to_string(self.disk.folder.path().join("in-hand")).unwrap()
    }

    /// What the core failed on, and mails that cannot be read.
    pub(super) fn set_aside(&self) -> usize {
        let folder = self.disk.folder.path();
        let count = |name| std::fs::read_dir(folder.join(name)).map_or(0, Iterator::count);
        count("quarantine") + count("spool/damaged")
    }
}

fn config(
    folder: &Path,
    mailbox: &str,
    [shown, shown_from_one]: [&str; 2],
    gather: &str,
) -> Config {
    let text = format!(
        r#"
[xmpp]
server = "127.0.0.1:{XMPP_PORT}"
domain = "mail.a.example"
secret = "secret"

[[address]]
jid = "{{local}}@a.example"
mail = "{{local}}@chat.a.example"

[smtp]
host = "127.0.0.1"
port = {SMTP_PORT}
tls = "none"

[[mailbox]]
host = "127.0.0.1"
port = {IMAP_PORT}
tls = "none"
username = "bridge@chat.a.example"
password = "secret"
first_start = "all"
{mailbox}

[contacts]
strangers = "show"

[messages]
gather = "{gather}"

[store]
path = "{}"

[limits]
sent_per_hour = "unlimited"
sent_per_hour_to_one = "unlimited"
sent_per_hour_by_all = "unlimited"
new_contacts_per_day = "unlimited"
shown_per_minute = {shown}
shown_per_minute_from_one = {shown_from_one}
"#,
        folder.display()
    );
    Config::parse(Path::new("simulated.toml"), &text, None).unwrap()
}

/// The spool of a gateway that was killed is locked until the last of its tasks is gone.
async fn opened(path: &Path) -> (Spool, Vec<crate::core::job::Brief>) {
    loop {
        match Spool::open(path) {
            Err(SpoolError::InUse(_)) => sleep(Duration::from_millis(1)).await,
            other => return other.unwrap(),
        }
    }
}

async fn run(disk: Arc<Disk>, stop: CancellationToken) {
    let (config, path) = (&disk.config, disk.folder.path());
    let store = Arc::new(SimulatedStore::open(Arc::clone(&disk.store)));
    let (spool, jobs) = opened(&path.join("spool")).await;
    let spool = Arc::new(spool);
    let (sent, close_stream, stop_sending) =
        <(CancellationToken, CancellationToken, CancellationToken)>::default();
    let mut tasks = JoinSet::new();
    let (xmpp_events, events) = mpsc::channel(1024);
    let (link, connector) = xmpp::connect(xmpp_config(config), xmpp_events);
    let (settle, settles) = mpsc::channel(1024);
    let smtp = smtp::SmtpConnector::new(smtp_config(config)).unwrap();
    let expire = config.delivery.expire;
    let (queue, sender) = smtp::Queue::start(smtp, Arc::clone(&spool), jobs, expire, settle);
    let (in_hand, _) = InHand::of_store(path, Timestamp::now());
    let (read, mails) = mpsc::channel(2);
    let settings = config.settings(store.id_key());
    let quotas = SharedQuotas::new(&settings.allowance);
    let mut mailboxes = BTreeMap::new();
    for mailbox in &config.mailbox {
        let meaning = MailboxMeaning {
            octets_max: config.mail.octets_max,
            recipient_headers: mailbox.recipient_headers.clone(),
            ..MailboxMeaning::default()
        };
        mailboxes.insert(mailbox.name(), meaning);
        let mailbox = mailbox_config(mailbox, config);
        let cursor = store.cursor(&mailbox.name).await.unwrap();
        let (batches, fetched) = mpsc::channel(1);
        let reports = imap::Reports::default();
        let (quotas, stop) = (quotas.clone(), stop.clone());
        tasks.spawn(imap::MailboxReader::new(mailbox, cursor, quotas, batches, reports).run(stop));
        tasks.spawn(read_batches(
            mailboxes.clone(),
            Arc::clone(&in_hand),
            fetched,
            read.clone(),
        ));
    }
    drop(read);
    tasks.spawn(connector.run(close_stream.clone()));
    let (all_sent, stopping) = (sent.clone(), stop_sending.clone());
    tasks.spawn(async move {
        sender.run(stopping).await;
        all_sent.cancel();
    });
    let commands = crate::pipeline::no_commands();
    let exporter = crate::pipeline::UserExporter::of(&store, None, None);
    let (operations, returns) = Operations::of(queue.clone(), [None, None], commands, exporter);
    let pipeline = Pipeline {
        operations,
        quotas,
        settings,
        mailboxes,
        store,
        quarantine: Arc::new(Quarantine::of_store(path)),
        in_hand,
        spool,
        queue,
        link,
        files: None,
        originals: None,
        close_stream,
        stop_sending,
    };
    let mut inputs = Inputs {
        xmpp: Stream::new(events, Vec::new()),
        mails,
        settles,
        operations: returns,
        settings: watch::channel(pipeline.settings.clone()).1,
    };
    let leaving = stop;
    let stops = Stops {
        leaving,
        sent,
        disk_failed: CancellationToken::new(),
    };
    pipeline.run(&mut inputs, stops).await.unwrap();
    drop(inputs);
    while tasks.join_next().await.is_some() {}
}
