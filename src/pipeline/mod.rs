//! The one loop around the core: take a batch of events, decide each, make the results durable, and only then answer.
//!
//! Decisions are made one after the other, so that each sees what the one before has changed; the cost of making them
//! durable is shared by the batch. The orders of acknowledgement are written here and nowhere else:
//!
//! * stanza → mail: the mail lies in the spool, fsynced; then the store's rows; then the answers. A crash in between
//!   leaves a mail that goes out under the same Message-ID when the stanza is retried.
//! * mail → stanza: the stanzas leave, then a ping to the server on the same stream; its answer proves that they were
//!   taken. Only then the rows, among them the dedupe key and the cursor; then the mailbox is told. A crash in between
//!   repeats the stanzas with the same ids.
//! * outcome of a mail → error, receipt or notice: as for a mail; then the file leaves the spool.
//! * an approval that a mail asks for and a presence that is due: the mail lies in the spool, then the rows.
//!
//! What happens at a time rather than at an event is in [`clockwork`].

mod arrivals;
mod clockwork;
mod poison;
mod stream;

pub use arrivals::{ReadBatch, read_again, read_batches};
pub use poison::{Unread, stanza_note};
pub use stream::Stream;

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::{self, Decision, Said, settle, subscription};
use crate::core::from_stanza;
use crate::core::job::Mail;
use crate::core::notice;
use crate::core::outcome;
use crate::core::quota::Quotas;
use crate::core::settings::Settings;
use crate::core::time::Timestamp;
use crate::core::to_stanza::Condition;
use crate::crash;
use crate::smtp::{Queue, Settle, Settled};
use crate::store::quarantine::Quarantine;
use crate::store::spool::{Spool, SpoolError};
use crate::store::{Store, StoreError};
use crate::xmpp::{Link, XmppEvent};
use clockwork::Clockwork;
use jid::BareJid;
use minidom::Element;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Stanzas and outcomes that are decided in one go.
const EVENTS_PER_BATCH: usize = 128;
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
}

/// What the loop works with.
pub struct Pipeline<S: Store> {
    /// What decisions depend on.
    pub settings: Settings,
    /// What everybody has used of what they may.
    pub quotas: Mutex<Quotas>,
    /// By the mailbox's name.
    pub mailboxes: BTreeMap<String, MailboxMeaning>,
    /// Durable state.
    pub store: Arc<S>,
    /// What the core failed on.
    pub quarantine: Arc<Quarantine>,
    /// Mails that wait to be sent.
    pub spool: Arc<Spool>,
    /// Who sends them.
    pub queue: Queue,
    /// The way to the XMPP server.
    pub link: Link,
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
    pub async fn run(self, inputs: &mut Inputs, stops: Stops) -> Result<(), Fatal> {
        let Inputs {
            xmpp: stream,
            mails,
            settles: outcomes,
        } = inputs;
        let mut settles = Vec::with_capacity(EVENTS_PER_BATCH);
        let mut clock = Clockwork::new(&self.settings.presence);
        self.wind_up(&mut clock).await?;
        while !stops.disk_failed.is_cancelled() {
            let online = self.link.online();
            if online && !settles.is_empty() {
                self.settles(stream, &mut settles).await?;
            }
            let due = clock.next_due();
            let is_unproved = online && !settles.is_empty();
            tokio::select! {
                () = stops.disk_failed.cancelled() => {}
                () = stops.sent.cancelled() => return self.say_goodbye(stream, clock).await,
                () = stops.leaving.cancelled(), if !clock.is_stopped() => self.leave(&mut clock).await?,
                is_up = stream.next() => {
                    if !is_up { return Ok(()) }
                    self.xmpp_events(&mut clock, stream).await?;
                }
                Some(batch) = mails.recv(), if online => self.mails(stream, &mut clock, batch).await?,
                () = clockwork::sleep_until(due) => self.on_time(&mut clock).await?,
                // What the server did not confirm stays in `settles` for the next round, which must not wait for news: a
                // server that was silent for a while may have none.
                () = tokio::time::sleep(PROVE_AGAIN), if is_unproved => {}
                _ = outcomes.recv_many(&mut settles, EVENTS_PER_BATCH), if online && !outcomes.is_closed() => {}
            }
        }
        Ok(())
    }

    async fn say_goodbye(&self, stream: &mut Stream, mut clock: Clockwork) -> Result<(), Fatal> {
        self.announce(subscription::farewell_of).await?;
        self.close_stream.cancel();
        // What the server sends until it closes the stream too is still accepted.
        let rest = async {
            loop {
                if !stream.next().await {
                    return Ok(());
                }
                self.xmpp_events(&mut clock, stream).await?;
            }
        };
        tokio::time::timeout(CLOSE_WAIT, rest)
            .await
            .unwrap_or(Ok(()))
    }

    /// What the stream has in hand.
    async fn xmpp_events(&self, clock: &mut Clockwork, stream: &mut Stream) -> Result<(), Fatal> {
        let mut elements = Vec::with_capacity(stream.in_hand.len());
        for event in &stream.in_hand {
            match event {
                XmppEvent::Stanza(element) => elements.push(element),
                XmppEvent::Online => {
                    self.stanzas(clock, std::mem::take(&mut elements)).await?;
                    tracing::info!(domain = %self.settings.gateway, "attached to the XMPP server");
                    clock.forget_resources();
                    let contacts = self.announce(subscription::greeting_of).await?;
                    clock.expect_answers(contacts);
                }
                XmppEvent::Offline { .. } if clock.is_stopped() => {}
                XmppEvent::Offline { reason } => {
                    self.stanzas(clock, std::mem::take(&mut elements)).await?;
                    tracing::warn!(%reason, "the XMPP server is gone; connecting again");
                    clock.lose_sight();
                }
            }
        }
        self.stanzas(clock, elements).await?;
        stream.in_hand.clear();
        Ok(())
    }

    async fn stanzas(&self, clock: &mut Clockwork, elements: Vec<&Element>) -> Result<(), Fatal> {
        if elements.is_empty() {
            return Ok(());
        }
        let now = Timestamp::now();
        let mut context = Context::new();
        let mut decided = Vec::with_capacity(elements.len());
        for element in elements {
            let decision = self.stanza(&mut context, element, now).await?;
            decided.push(decision);
        }
        let (decided, spool) = self.accept(decided).await;
        let (writes, answers, said) = joined(decided);
        crash::point("pipeline: mails accepted, rows not yet committed");
        clock.heard(&writes);
        self.commit(now, writes).await?;
        crash::point("pipeline: rows of stanzas committed, not yet answered");
        clock.take(said);
        self.answer(answers).await;
        spool
    }

    async fn stanza(
        &self,
        context: &mut Context,
        element: &Element,
        now: Timestamp,
    ) -> Result<Decided, Fatal> {
        let stanza = match crash::caught(|| from_stanza::read(element.clone())) {
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
            crash::poison(|| poison::text_of(element));
            decide::stanza(&self.settings, context, &stanza, now)
        };
        let decision = match self.decided(context, decide).await? {
            Ok(decision) => {
                let refusal = self.quotas().refusal(&stanza, &decision, now);
                if refusal.is_some() {
                    tracing::debug!(user = %stanza.from, "has used what one user may");
                }
                refusal.unwrap_or(decision)
            }
            Err(why) => return Ok(self.set_stanza_aside(element, &why).await),
        };
        context.apply(&decision.writes);
        log_notes(&decision);
        let refusal = (!decision.mails.is_empty())
            .then(|| Decision::refuse(&stanza, Condition::ResourceConstraint, &notice::no_room()));
        Ok(Decided { refusal, decision })
    }

    /// Puts the mails of a batch into the spool. Where it cannot take them, their senders are told and nothing is kept.
    /// A disk that fails, other than one that is full, ends the gateway when they were told.
    async fn accept(&self, decided: Vec<Decided>) -> (Vec<Decision>, Result<(), Fatal>) {
        let mails = decided
            .iter()
            .flat_map(|one| one.decision.mails.iter().cloned())
            .collect();
        let decisions = decided.into_iter();
        let error = match self.spooled(mails).await {
            Ok(()) => return (decisions.map(|one| one.decision).collect(), Ok(())),
            Err(error) => error,
        };
        tracing::error!(%error, "the spool cannot take mails: their senders are told to try again later");
        let refused = decisions.map(|one| one.refusal.unwrap_or(one.decision));
        (refused.collect(), full_or_fatal(error))
    }

    /// Puts mails into the spool, all or none, and hands them to the queue.
    async fn spooled(&self, mut mails: Vec<Mail>) -> Result<(), SpoolError> {
        if mails.is_empty() {
            return Ok(());
        }
        for mail in &mut mails {
            mail.job.sequence = self.spool.next_sequence();
        }
        self.spool.accept(mails.clone()).await?;
        for mail in mails {
            self.queue.push(mail.job, Some(mail.bytes));
        }
        Ok(())
    }

    fn quotas(&self) -> std::sync::MutexGuard<'_, Quotas> {
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn settles(&self, stream: &mut Stream, settles: &mut Vec<Settle>) -> Result<(), Fatal> {
        let now = Timestamp::now();
        let mut context = Context::new();
        let mut decided = Vec::with_capacity(settles.len());
        for settle in settles.iter() {
            let decision = self.settle(&mut context, settle, now).await?;
            decided.push(decision);
        }
        let (writes, stanzas, _) = joined(decided);
        if !self.prove(stream, stanzas).await {
            return Ok(()); // Asked again when the stream is back: the files stay in the spool until then.
        }
        crash::point("pipeline: receipts taken by the server, rows not yet committed");
        self.commit(now, writes).await?;
        crash::point("pipeline: rows of outcomes committed, file still there");
        for settle in settles.drain(..) {
            let is_deferred = matches!(settle.verdict, outcome::Verdict::Deferred { .. });
            let delay_told = is_deferred && settle::is_delay_due(&self.settings, &settle.job, now);
            let _ = settle.done.send(Settled { delay_told });
        }
        Ok(())
    }

    async fn settle(
        &self,
        context: &mut Context,
        settle: &Settle,
        now: Timestamp,
    ) -> Result<Decision, Fatal> {
        let decide = |context: &Context| {
            crash::poison(|| format!("{:?}", settle.attempt));
            settle::decide(
                &self.settings,
                context,
                &settle.job,
                &settle.attempt,
                settle.verdict,
                now,
            )
        };
        let decided = self.decided(context, decide).await?;
        let decision = decided.unwrap_or_else(|why| {
            tracing::error!(job = %settle.job.id, "the gateway failed on what became of a mail, which is a defect, please report it: nobody is told ({why})");
            Decision::nothing()
        });
        context.apply(&decision.writes);
        log_notes(&decision);
        Ok(decision)
    }

    /// Asks a decision until it has all the rows that it needs. A defect in it concerns nothing but what is decided about:
    /// then the answer is what the panic said.
    async fn decided<T>(
        &self,
        context: &mut Context,
        decide: impl Fn(&Context) -> Result<T, Missing>,
    ) -> Result<Result<T, String>, Fatal> {
        loop {
            let needs = match crash::caught(|| decide(context)) {
                Err(why) => return Ok(Err(why)),
                Ok(Ok(decision)) => return Ok(Ok(decision)),
                Ok(Err(Missing(needs))) => needs,
            };
            let rows = self.store.load(&needs).await?;
            for (need, row) in needs.into_iter().zip(rows) {
                context.insert(need, row);
            }
        }
    }

    /// Commits. A pair that somebody else took in the meantime is left out; the rest holds.
    async fn commit(&self, now: Timestamp, mut writes: Vec<Write>) -> Result<(), Fatal> {
        if writes.is_empty() {
            return Ok(());
        }
        match self.store.commit(now, writes.clone()).await {
            Err(error @ StoreError::Held { .. }) => {
                tracing::warn!(%error, "a verified pair was not saved");
                writes.retain(|write| !matches!(write, Write::Pair(_)));
                Ok(self.store.commit(now, writes).await?)
            }
            other => Ok(other?),
        }
    }

    async fn answer(&self, stanzas: Vec<Element>) {
        if let Err(error) = self.link.send(stanzas).await {
            tracing::warn!(%error, "answers were lost with the stream to the XMPP server");
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

    /// Sends what there is to say of every contact; answers how many contacts there are.
    async fn announce(&self, of: WordsOf) -> Result<usize, Fatal> {
        let mut after: Option<(BareJid, MailAddress)> = None;
        let (now, mut count) = (Timestamp::now(), 0_usize);
        loop {
            let page = self.store.contacts(
                after.as_ref().map(|(user, mail)| (user, mail)),
                ROWS_PER_PAGE,
            )?;
            count = count.saturating_add(page.len());
            let mut context = Context::new();
            let mut stanzas = Vec::new();
            for (user, mail, contact) in &page {
                let decide =
                    |context: &Context| of(&self.settings, context, user, mail, contact, now);
                let words = self.decided(&mut context, decide).await?;
                stanzas.extend(words.unwrap_or_else(poison::nothing_of(user)));
            }
            if !stanzas.is_empty() {
                self.answer(stanzas).await;
            }
            match page.into_iter().next_back() {
                Some((user, mail, _)) => after = Some((user, mail)),
                None => return Ok(count),
            }
        }
    }
}

type WordsOf = fn(
    &Settings,
    &Context,
    &BareJid,
    &MailAddress,
    &crate::core::record::Contact,
    Timestamp,
) -> Result<Vec<Element>, Missing>;

/// A full disk is waited out.
fn full_or_fatal(error: SpoolError) -> Result<(), Fatal> {
    match error {
        SpoolError::Full { .. } => Ok(()),
        error => Err(Fatal::Spool(error)),
    }
}

/// A decision, and what becomes of it if its mails find no room in the spool.
struct Decided {
    decision: Decision,
    refusal: Option<Decision>,
}

fn joined(decisions: Vec<Decision>) -> (Vec<Write>, Vec<Element>, Vec<Said>) {
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
