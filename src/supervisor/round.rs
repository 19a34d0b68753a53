//! One round of all parts: they are started together, and where one of them fails, all end.

use super::stopped::{FailedPart, Stopped};
use super::watchdog::Watchdog;
use crate::failpoints;
use crate::panics;
use crate::pipeline::{Fatal, Stops};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long the other parts may take to end after one has failed: longer than mail transactions and the stream may.
pub(super) const WIND_DOWN: Duration = Duration::from_secs(20);
/// How long the other parts may take to end after the disk has failed.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(300);

/// What ends the parts of one round, each at its time.
pub(super) struct Round {
    /// Mailboxes, commands, and what else can end at any time.
    pub(super) end: CancellationToken,
    pub(super) stop_sending: CancellationToken,
    /// The last mail transaction has ended.
    pub(super) sent: CancellationToken,
    pub(super) close_stream: CancellationToken,
    pub(super) disk_failed: CancellationToken,
}

impl Round {
    pub(super) fn new(stop: &CancellationToken) -> Self {
        Self {
            end: stop.child_token(),
            stop_sending: CancellationToken::new(),
            sent: CancellationToken::new(),
            close_stream: CancellationToken::new(),
            disk_failed: CancellationToken::new(),
        }
    }

    pub(super) fn stops(&self, stop: &CancellationToken) -> Stops {
        Stops {
            leaving: stop.clone(),
            sent: self.sent.clone(),
            disk_failed: self.disk_failed.clone(),
        }
    }

    /// Waits for the pipeline. It stops when the running mail transactions have ended and their outcomes are told: `sent`.
    /// Where a part ends while nobody asked it to, the others end as at a stop, as far as they can do without it, so that
    /// as little as possible is repeated.
    pub(super) async fn supervise(
        &self,
        tasks: &mut Tasks,
        pipeline: impl Future<Output = Result<(), Fatal>>,
        disk_failed: impl Future<Output = Fatal>,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        let pipeline = failpoints::part("pipeline", pipeline);
        let pipeline = tasks.watchdog.watch("pipeline", pipeline);
        let pipeline = AssertUnwindSafe(pipeline).catch_unwind();
        tokio::pin!(pipeline, disk_failed);
        let mut failed: Option<FailedPart> = None;
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
            Err(panic) => failed = failed.or_else(|| Some(FailedPart::of("pipeline", &*panic))),
            Ok(result) => result?,
        }
        // The stream has ended, which ends the pipeline, but why?
        while failed.is_none() && !stop.is_cancelled() {
            failed = match tasks.running.join_next().await {
                Some(Ok(ended)) => Some(ended.failed()).filter(|_| ended.part == "xmpp"),
                Some(Err(_)) => None,
                None => Some(
                    EndedPart {
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
pub(super) struct EndedPart {
    part: &'static str,
    /// What its panic said.
    panic: Option<String>,
}

impl EndedPart {
    fn is_asked(&self, stop: &CancellationToken) -> bool {
        self.panic.is_none() && stop.is_cancelled()
    }

    fn failed(&self) -> FailedPart {
        let why = self.panic.clone();
        FailedPart {
            part: self.part,
            why: why.unwrap_or_else(|| "without a reason".to_owned()),
        }
    }
}

/// The parts that run beside the pipeline.
pub(super) struct Tasks {
    pub(super) running: JoinSet<EndedPart>,
    pub(super) watchdog: Watchdog,
}

impl Tasks {
    pub(super) fn watched_by(watchdog: &Watchdog) -> Self {
        Self {
            running: JoinSet::new(),
            watchdog: watchdog.clone(),
        }
    }

    pub(super) fn spawn(
        &mut self,
        part: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let watchdog = self.watchdog.clone();
        self.running.spawn(async move {
            let task = watchdog.watch(part, failpoints::part(part, task));
            let panic = AssertUnwindSafe(task).catch_unwind().await.err();
            let panic = panic.map(|panic| panics::words_of(&*panic));
            EndedPart { part, panic }
        });
    }
}
