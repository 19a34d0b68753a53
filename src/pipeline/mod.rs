//! The one loop around the core: take a batch of events, decide each, make the results durable, and only then answer.
//!
//! Decisions are made one after the other, so that each sees what the one before has changed; the cost of making them
//! durable is shared by the batch. The orders of acknowledgement are written here and nowhere else:
//!
//! * stanza → mail: the mail lies in the spool, fsynced; then the store's rows; then the answers. A crash in between
//!   leaves a mail that goes out under the same Message-ID when the stanza is retried.
//! * mail → stanza: its files are put where the user can fetch them ([`FileUploader`]), and it is kept as it came, where its users are not
//!   shown all of it ([`Originals`]); then the stanzas leave, then a ping to the server on the same stream; its answer proves that they were
//!   taken. Only then the rows, among them the dedupe key and the cursor; then the mailbox is told. A crash in between
//!   repeats the stanzas with the same ids.
//! * outcome of a mail → error, receipt or notice: as for a mail; then the file leaves the spool.
//! * a user is forgotten: the mails that wait leave the spool, then the rows go, some at a time, then what is kept of mails. A crash
//!   in between leaves the rest, which is asked for again.
//! * mail → an answer that nobody may get twice: the row that says that it was written; then the mail lies in the spool. A crash in
//!   between loses the answer.
//! * an approval that a mail asks for and a presence that is due: the mail lies in the spool, then the rows.
//!
//! What happens at a time rather than at an event is in [`timers`].

mod arrivals;
mod commit;
mod decided;
mod export;
mod files;
mod forget;
mod operations;
mod poison;
mod portion;
mod reading;
mod recipients;
mod stream;
mod timers;
mod waiting;

pub use export::UserExporter;
pub use files::{FileUploader, NotFetched, OwnFiles, UploadService};
pub use forget::Forgetter;
#[cfg(test)]
pub(crate) use operations::no_commands;
pub use operations::{Commands, Operations, Returns};
pub use poison::{Unread, stanza_key, stanza_note};
pub use reading::{ReadBatch, read_again, read_batches};
pub use recipients::answer_recipients;
pub use stream::Stream;

use crate::core::address::MailAddress;
use crate::core::context::{Context, Write};
use crate::core::decide::decision::{Decision, PresenceUpdate};
use crate::core::decide::delivery::outcome;
use crate::core::decide::{AnnounceReason, Decider};
use crate::core::from_stanza;
use crate::core::id::JobId;
use crate::core::job::{ComposedMail, Job};
use crate::core::notice;
use crate::core::outcome::JobVerdict;
use crate::core::quota::SharedQuotas;
use crate::core::settings::Settings;
use crate::core::time::Timestamp;
use crate::core::to_stanza::Condition;
use crate::core::xml;
use crate::failpoints;
use crate::panics;
use crate::smtp::{Queue, Settle, Settled};
use crate::store::in_hand::{EventsInHand, InHand, Suspicion};
use crate::store::originals::Originals;
use crate::store::quarantine::Quarantine;
use crate::store::spool::{Spool, SpoolError};
use crate::store::{Store, StoreError};
use crate::xmpp::{Link, XmppEvent};
use decided::{Undecided, or_by_defect};
use jid::BareJid;
use minidom::Element;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use timers::Timers;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Stanzas and outcomes that are decided in one go.
const EVENTS_PER_BATCH: usize = 128;
/// What stanzas that are decided in one go have together, in octets, but for the last of them.
const OCTETS_PER_BATCH: usize = 4 * 1024 * 1024;
/// After which pause the server is asked again to confirm what it did not confirm.
const PROVE_AGAIN: Duration = Duration::from_secs(5);
/// How long the server may take to close the stream when the gateway stops.
const CLOSE_WAIT: Duration = Duration::from_secs(5);
/// Contacts that are announced in one go, and rows that are read in one go at the start.
const ROWS_PER_PAGE: usize = 500;
/// How long what is to be said at a stop may take to be sent.
const FAREWELL_WAIT: Duration = Duration::from_secs(5);

/// What a mailbox means to decisions.
#[derive(Clone, Debug, Default)]
pub struct MailboxMeaning {
    /// All in it is for this user.
    pub bound: Option<BareJid>,
    /// The address that is its login name, if that is one.
    pub own: Option<MailAddress>,
    /// Mails over this size were fetched without their body, in octets.
    pub octets_max: usize,
    /// Headers that are believed to hold the envelope recipient.
    pub recipient_headers: Vec<String>,
}

/// Where events come from.
#[derive(Debug)]
pub struct Inputs {
    /// From the XMPP server.
    pub xmpp: Stream,
    /// From the mailboxes, already read.
    pub mails: mpsc::Receiver<ReadBatch>,
    /// From the SMTP queue.
    pub settles: mpsc::Receiver<Settle>,
    /// What was done about mails that wait, and what the loop has to do of it.
    pub operations: Returns,
    /// What decisions depend on from now on, where the configuration was read again.
    pub settings: watch::Receiver<Settings>,
}

/// What the loop works with.
pub struct Pipeline<S: Store> {
    /// What decisions depend on.
    pub settings: Settings,
    /// What everybody has used of what they may.
    pub quotas: SharedQuotas,
    /// By the mailbox's name, or that of another way in.
    pub mailboxes: BTreeMap<String, MailboxMeaning>,
    /// Durable state.
    pub store: Arc<S>,
    /// What the core failed on.
    pub quarantine: Arc<Quarantine>,
    /// What the process would die of, if it does.
    pub in_hand: Arc<InHand>,
    /// Mails that wait to be sent.
    pub spool: Arc<Spool>,
    /// Who sends them.
    pub queue: Queue,
    /// What is done about mails that wait.
    pub operations: Operations,
    /// The way to the XMPP server.
    pub link: Link,
    /// Who puts files of mails where users can fetch them; `None`: they are named.
    pub files: Option<FileUploader>,
    /// Where mails are kept as they came; `None`: nowhere.
    pub originals: Option<Arc<Originals>>,
    /// Closes it, when everything was said.
    pub close_stream: CancellationToken,
    /// Ends the sending of mails, when everything was said there.
    pub stop_sending: CancellationToken,
}

/// When to stop: the gateway is to leave, and, later, the last mail transaction has ended.
#[derive(Clone, Debug)]
pub struct Stops {
    /// No more is taken up; contacts elsewhere are told that our users go.
    pub leaving: CancellationToken,
    /// All outcomes are there.
    pub sent: CancellationToken,
    /// Nothing may be acknowledged any more: what is in hand is the last.
    pub disk_failed: CancellationToken,
}

/// The disk failed: nothing may be acknowledged any more, so the process ends and is started anew.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// Under the store.
    #[error("{0}; nothing can be accepted until that is mended, so the gateway stops")]
    Store(#[from] StoreError),
    /// Under the spool.
    #[error("{0}; nothing can be accepted until that is mended, so the gateway stops")]
    Spool(SpoolError),
}

impl<S: Store> Pipeline<S> {
    /// Runs until both of `stops`; then says goodbye for every contact.
    ///
    /// # Errors
    /// [`Fatal`]: the store failed.
    pub async fn run(mut self, inputs: &mut Inputs, stops: Stops) -> Result<(), Fatal> {
        let Inputs {
            xmpp: stream,
            mails,
            settles: outcomes,
            operations: Returns { done, forgets },
            settings,
        } = inputs;
        let mut settles = Vec::with_capacity(EVENTS_PER_BATCH);
        let mut timers = Timers::new(&self.settings.presence);
        self.complete_rows().await?;
        self.restore(&mut timers).await?;
        while !stops.disk_failed.is_cancelled() {
            let online = self.link.online();
            if online && !settles.is_empty() {
                self.settles(stream, &mut settles).await?;
            }
            let due = timers.next_due();
            let held_due = timers::wall(self.quotas.lock().held_due());
            let unheard_due = timers::wall(self.quotas.lock().unheard_due());
            let is_unproved = online && !settles.is_empty();
            tokio::select! {
                () = stops.disk_failed.cancelled() => {}
                () = stops.sent.cancelled() => return self.say_goodbye(stream, timers).await,
                () = stops.leaving.cancelled(), if !timers.is_stopped() => self.leave(&mut timers).await?,
                is_up = stream.next() => {
                    if !is_up { return Ok(()) }
                    self.by_newest(settings).xmpp_events(&mut timers, stream).await?;
                }
                Some(batch) = mails.recv(), if online => self.by_newest(settings).mails(stream, &mut timers, batch).await?,
                Some(done) = done.recv(), if online => self.by_newest(settings).operation_done(&mut timers, done).await?,
                Some(step) = forgets.recv() => self.forget_some(&mut timers, step).await?,
                Ok(()) = settings.changed() => self.take_settings(settings),
                () = timers::sleep_until(due) => self.on_time(&mut timers).await?,
                () = timers::sleep_until(held_due), if online => self.tell_of_held(stream, false).await,
                () = timers::sleep_until(unheard_due), if online => self.ask_for_statuses().await?,
                // What the server did not confirm stays in `settles` for the next round, which must not wait for news: a
                // server that was silent for a while may have none.
                () = tokio::time::sleep(PROVE_AGAIN), if is_unproved => {}
                _ = outcomes.recv_many(&mut settles, EVENTS_PER_BATCH), if online && !outcomes.is_closed() => {}
            }
        }
        Ok(())
    }

    /// What comes after the log has said that the configuration was read again is decided by that one, also where both
    /// are ready in the same turn of the loop.
    fn by_newest(&mut self, settings: &mut watch::Receiver<Settings>) -> &mut Self {
        if settings.has_changed().unwrap_or(false) {
            self.take_settings(settings);
        }
        self
    }

    /// Between two events, so that each is decided about by one configuration.
    fn take_settings(&mut self, settings: &mut watch::Receiver<Settings>) {
        self.settings = settings.borrow_and_update().clone();
        self.quotas.lock().change(&self.settings.allowance);
    }

    async fn say_goodbye(&self, stream: &mut Stream, mut timers: Timers) -> Result<(), Fatal> {
        if self.link.online() {
            self.tell_of_held(stream, true).await;
        }
        self.announce(AnnounceReason::Left).await?;
        self.close_stream.cancel();
        // What the server sends until it closes the stream too is still accepted.
        let rest = async {
            loop {
                if !stream.next().await {
                    return Ok(());
                }
                self.xmpp_events(&mut timers, stream).await?;
            }
        };
        tokio::time::timeout(CLOSE_WAIT, rest)
            .await
            .unwrap_or(Ok(()))
    }

    /// What the stream has in hand.
    async fn xmpp_events(&self, timers: &mut Timers, stream: &mut Stream) -> Result<(), Fatal> {
        let mut elements = Vec::with_capacity(stream.in_hand.len());
        let mut octets = 0_usize;
        for event in &stream.in_hand {
            match event {
                XmppEvent::Stanza(element) => {
                    elements.push(element);
                    octets = octets.saturating_add(xml::weight(element));
                    if octets >= OCTETS_PER_BATCH {
                        self.stanzas(timers, std::mem::take(&mut elements)).await?;
                        octets = 0;
                    }
                }
                XmppEvent::Online => {
                    self.stanzas(timers, std::mem::take(&mut elements)).await?;
                    tracing::info!(domain = %self.settings.gateway, "attached to the XMPP server");
                    timers.forget_resources();
                    let contacts = self.announce(AnnounceReason::Back).await?;
                    timers.expect_answers(contacts);
                }
                XmppEvent::Offline { .. } if timers.is_stopped() => {}
                XmppEvent::Offline { reason } => {
                    self.stanzas(timers, std::mem::take(&mut elements)).await?;
                    tracing::warn!(%reason, "the XMPP server is gone; connecting again");
                    timers.server_lost();
                }
            }
        }
        self.stanzas(timers, elements).await?;
        stream.in_hand.clear();
        Ok(())
    }

    async fn stanzas(&self, timers: &mut Timers, elements: Vec<&Element>) -> Result<(), Fatal> {
        let keys: Vec<JobId> = elements.iter().map(|one| stanza_key(one)).collect();
        let mut elements = elements.into_iter();
        for run in self.in_hand.runs(&keys) {
            let held = self.in_hand.take(run).await;
            let together = elements.by_ref().take(run.len());
            let is_aside = self.stanzas_together(timers, together.zip(run), &held);
            if !is_aside.await? {
                held.done();
            }
        }
        Ok(())
    }

    /// Answers whether one of them was set aside.
    async fn stanzas_together(
        &self,
        timers: &mut Timers,
        elements: impl Iterator<Item = (&Element, &JobId)>,
        held: &EventsInHand,
    ) -> Result<bool, Fatal> {
        let now = Timestamp::now();
        let mut context = Context::new();
        let (mut decided, mut is_aside) = (Vec::new(), false);
        for (element, key) in elements {
            let is_deadly = self.in_hand.standing(key) != Suspicion::Fine;
            decided.push(match is_deadly {
                true => self.set_stanza_aside(element, poison::DEADLY).await,
                false => self.stanza(&mut context, element, now).await?,
            });
            is_aside |= is_deadly;
        }
        held.waits();
        let made = self
            .make_durable(timers, now, context.kept(), decided)
            .await;
        made.map(|()| is_aside)
    }

    /// What was decided about stanzas: the mails, the rows, the answers. The queue kept some mails until then.
    async fn make_durable(
        &self,
        timers: &mut Timers,
        now: Timestamp,
        kept: Vec<JobId>,
        decided: Vec<Decided>,
    ) -> Result<(), Fatal> {
        let (decided, spool) = self.accept(decided).await;
        self.let_go(kept);
        let (writes, answers, said) = joined(decided);
        failpoints::point("pipeline: mails accepted, rows not yet committed");
        timers.track_expiries(&writes);
        self.commit(now, writes).await?;
        failpoints::point("pipeline: rows of stanzas committed, not yet answered");
        timers.take(said);
        self.answer(answers, timers.is_stopped()).await;
        spool
    }

    async fn stanza(
        &self,
        context: &mut Context,
        element: &Element,
        now: Timestamp,
    ) -> Result<Decided, Fatal> {
        let stanza = match panics::caught(|| from_stanza::read(element.clone())) {
            Ok(Ok(stanza)) => stanza,
            Err(why) => return Ok(self.set_stanza_aside(element, &why).await),
            Ok(Err(malformed)) => {
                tracing::debug!(why = %malformed.why, "a malformed stanza was refused");
                return Ok(Decided {
                    refusal: None,
                    decision: Decision::answer(malformed.answer.map(|answer| *answer)),
                });
            }
        };
        let decide = |context: &Context| {
            failpoints::poison(|| poison::text_of(element));
            Decider::new(&self.settings, context, now).stanza(&stanza)
        };
        let decision = match self.decided_of_waiting(context, decide).await {
            // What an operation costs was taken when it was asked for.
            Ok(decision) if context.told().is_some() => decision,
            Ok(decision) => {
                let refusal = self.quotas.lock().refusal(&stanza, &decision, now);
                if refusal.is_some() {
                    tracing::debug!(user = %stanza.from, "has used what one user may");
                }
                refusal.unwrap_or(decision)
            }
            Err(Undecided::Defect(why)) => return Ok(self.set_stanza_aside(element, &why).await),
            Err(Undecided::Fatal(fatal)) => return Err(fatal),
        };
        if let Some(ended) = self.ended(context, &decision, now) {
            return Ok(Decided {
                refusal: None,
                decision: ended,
            });
        }
        let decision = match decision.operation.clone() {
            None => decision,
            Some(operation) => match self.begins(context, element, operation) {
                true => Decision::nothing(),
                false => {
                    let decided = self.decided_of_waiting(context, decide).await;
                    let decided = or_by_defect(decided, |_| Decision::nothing())?;
                    self.ended(context, &decided, now);
                    decided
                }
            },
        };
        context.tell(None);
        decision.apply_to(context);
        let is_noted = !decision.mails.is_empty() || decision.notes.is_empty();
        if is_noted || self.quotas.lock().may_note(&stanza.from.to_bare(), now) {
            log_notes(&decision);
        }
        let refusal = (!decision.mails.is_empty()).then(|| {
            Decision::refuse(
                &stanza,
                decision.language,
                Condition::ResourceConstraint,
                &notice::no_room(decision.language),
            )
        });
        Ok(Decided { refusal, decision })
    }

    /// Puts the mails of a batch into the spool. Where it cannot take them, their senders are told and nothing is kept.
    /// A disk that fails, other than one that is full, ends the gateway when they were told.
    async fn accept(&self, decided: Vec<Decided>) -> (Vec<Decision>, Result<(), Fatal>) {
        let withdrawn = decided.iter().flat_map(|one| &one.decision.withdrawn);
        let withdrawn: Vec<Job> = withdrawn.cloned().collect();
        let mails = decided.iter().flat_map(|one| one.decision.mails.iter());
        let mails = waiting::last_versions(mails, &withdrawn);
        let mut spooled = self.spooled(mails).await;
        self.change_leaving(&decided);
        let decisions = decided.into_iter();
        if !withdrawn.is_empty() {
            spooled = spooled.and(self.take_back(&withdrawn).await);
        }
        let error = match spooled {
            Ok(()) => return (decisions.map(|one| one.decision).collect(), Ok(())),
            Err(error) => error,
        };
        tracing::error!(%error, "the spool cannot take mails: their senders are told to try again later");
        let refused = decisions.map(|one| one.refusal.unwrap_or(one.decision));
        (refused.collect(), full_or_fatal(error))
    }

    /// Puts mails into the spool, all or none, and hands them to the queue.
    async fn spooled(&self, mut mails: Vec<ComposedMail>) -> Result<(), SpoolError> {
        if mails.is_empty() {
            return Ok(());
        }
        // One that has a sequence takes the place of itself.
        for mail in mails.iter_mut().filter(|mail| mail.job.sequence == 0) {
            mail.job.sequence = self.spool.next_sequence();
        }
        self.spool.accept(mails.clone()).await?;
        for mail in mails {
            self.queue.push(mail.job, Some(mail.bytes));
        }
        Ok(())
    }

    async fn settles(&self, stream: &mut Stream, settles: &mut Vec<Settle>) -> Result<(), Fatal> {
        let key = |settle: &Settle| JobId::of_name(&["outcome", settle.job.id.as_str()]);
        let keys: Vec<JobId> = settles.iter().map(key).collect();
        for run in self.in_hand.runs(&keys) {
            let held = self.in_hand.take(run).await;
            if !self.settles_together(stream, settles, run, &held).await? {
                return Ok(()); // Asked again when the stream is back: the files stay in the spool until then.
            }
            held.done();
        }
        Ok(())
    }

    /// So many of the first, by their keys. False where it has to be done again.
    async fn settles_together(
        &self,
        stream: &mut Stream,
        settles: &mut Vec<Settle>,
        run: &[JobId],
        held: &EventsInHand,
    ) -> Result<bool, Fatal> {
        let now = Timestamp::now();
        let mut context = Context::new();
        let mut decided = Vec::with_capacity(run.len());
        for (settle, key) in settles.iter().zip(run) {
            decided.push(match self.in_hand.standing(key) {
                Suspicion::Fine => self.settle(&mut context, settle, now).await?,
                _ => poison::nothing_of_job(settle)(poison::DEADLY.to_owned()),
            });
        }
        held.waits();
        let (writes, stanzas, _) = joined(decided);
        if !self.prove(stream, stanzas).await {
            return Ok(false);
        }
        failpoints::point("pipeline: receipts taken by the server, rows not yet committed");
        self.commit(now, writes).await?;
        failpoints::point("pipeline: rows of outcomes committed, mail still there");
        for settle in settles.drain(..run.len().min(settles.len())) {
            let is_deferred = matches!(settle.verdict, JobVerdict::Deferred { .. });
            let delay_told = is_deferred && outcome::is_delay_due(&self.settings, &settle.job, now);
            let _ = settle.done.send(Settled { delay_told });
        }
        Ok(true)
    }

    async fn settle(
        &self,
        context: &mut Context,
        settle: &Settle,
        now: Timestamp,
    ) -> Result<Decision, Fatal> {
        let decide = |context: &Context| {
            failpoints::poison(|| format!("{:?}", settle.attempt));
            Decider::new(&self.settings, context, now).outcome(
                &settle.job,
                &settle.attempt,
                settle.verdict,
            )
        };
        let decided = self.decided(context, decide).await;
        let decision = or_by_defect(decided, poison::nothing_of_job(settle))?;
        context.apply(&decision.writes);
        log_notes(&decision);
        Ok(decision)
    }

    async fn answer(&self, stanzas: Vec<Element>, is_stopped: bool) {
        let count = stream::said_once(&stanzas);
        match self.link.send(stanzas).await {
            // The stream was closed by us; whoever waits for an answer asks again.
            Err(error) if is_stopped => {
                tracing::debug!(%error, "answers were not sent any more");
            }
            Err(error) if count == 0 => {
                tracing::debug!(%error, "presence was not sent");
            }
            Err(error) => tracing::warn!(
                %error, count,
                "answers to users were lost with the stream to the XMPP server: who asked sees none and may ask again"
            ),
            Ok(()) => {}
        }
    }

    /// Sends, and waits for the proof that the server has taken it.
    async fn prove(&self, stream: &mut Stream, stanzas: Vec<Element>) -> bool {
        if stanzas.is_empty() {
            return true;
        }
        let sent = stream.aside(self.link.deliver(stanzas)).await;
        if let Err(error) = &sent {
            tracing::warn!(%error, "the XMPP server did not confirm; the same will be sent again");
        }
        sent.is_ok()
    }
}

/// A full disk is waited out, and so is that everything is open that may be.
fn full_or_fatal(error: SpoolError) -> Result<(), Fatal> {
    match error {
        SpoolError::Full { .. } | SpoolError::NoHandle { .. } => Ok(()),
        error => Err(Fatal::Spool(error)),
    }
}

/// A decision, and what becomes of it if its mails find no room in the spool.
struct Decided {
    decision: Decision,
    refusal: Option<Decision>,
}

fn joined(decisions: Vec<Decision>) -> (Vec<Write>, Vec<Element>, Vec<PresenceUpdate>) {
    let (mut writes, mut stanzas, mut said) = (Vec::new(), Vec::new(), Vec::new());
    for decision in decisions {
        writes.extend(decision.writes);
        stanzas.extend(decision.stanzas);
        said.extend(decision.presence);
    }
    (writes, stanzas, said)
}

fn log_notes(decision: &Decision) {
    for note in &decision.notes {
        tracing::info!("{note}");
    }
}
