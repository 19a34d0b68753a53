//! LMTP, where it is configured: its socket, whose address one is, and the way of its mails to the pipeline.

use super::{StateParts, Stopped, Tasks};
use crate::config::Config;
use crate::core::settings::Settings;
use crate::failpoints;
use crate::lmtp::{self, LmtpConfig, LmtpListener};
use crate::pipeline::{MailboxMeaning, ReadBatch, answer_recipients, read_batches};
use crate::store::Store;
use crate::store::in_hand::InHand;
use crate::xmpp::Link;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Addresses that were asked about and not yet looked up.
const ASKED: usize = 64;

/// What it works with.
pub(super) struct Handover<S: Store> {
    store: Arc<S>,
    settings: watch::Receiver<Settings>,
    meanings: BTreeMap<String, MailboxMeaning>,
    in_hand: Arc<InHand>,
    link: Link,
    read: mpsc::Sender<ReadBatch>,
    stop: CancellationToken,
}

impl<S: Store> StateParts<S> {
    pub(super) fn handover(
        &self,
        settings: &watch::Receiver<Settings>,
        meanings: &BTreeMap<String, MailboxMeaning>,
        link: &Link,
        read: &mpsc::Sender<ReadBatch>,
        stop: &CancellationToken,
    ) -> Handover<S> {
        Handover {
            store: Arc::clone(&self.store),
            settings: settings.clone(),
            meanings: meanings.clone(),
            in_hand: Arc::clone(&self.in_hand),
            link: link.clone(),
            read: read.clone(),
            stop: stop.clone(),
        }
    }
}

impl<S: Store> Handover<S> {
    /// Starts it. Whoever connects from now on is answered.
    pub(super) async fn start(self, tasks: &mut Tasks, config: &Config) -> Result<(), Stopped> {
        let Some(lmtp) = &config.lmtp else {
            return Ok(());
        };
        let listener = LmtpListener::bind(&lmtp.listen).await;
        let listener = listener.map_err(|error| Stopped::System(error.to_string()))?;
        tracing::info!(listen = %lmtp.listen, "mail is taken by LMTP");
        let (ask, asked) = mpsc::channel(ASKED);
        let (batches, handed) = mpsc::channel(1);
        let link = self.link;
        let config = LmtpConfig {
            name: config.xmpp.domain.to_string(),
            octets_max: config.mail.octets_max,
            spill_folder: config.store.path.clone(),
            is_online: Arc::new(move || link.online()),
            asked: ask,
            timings: lmtp::LmtpTimings::default().each(failpoints::hurry),
        };
        tasks.spawn("lmtp", lmtp::run(listener, config, batches, self.stop));
        // These end with it, which is no failure: they are not among the tasks.
        tokio::spawn(answer_recipients(self.settings, self.store, asked));
        tokio::spawn(read_batches(self.meanings, self.in_hand, handed, self.read));
        Ok(())
    }
}
