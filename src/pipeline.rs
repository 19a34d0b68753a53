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

use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::incoming::{Arrived, Fate};
use crate::core::decide::{self, Decision, settle, subscription};
use crate::core::from_mail::{self, Unreadable};
use crate::core::from_stanza;
use crate::core::job::Mail;
use crate::core::notice;
use crate::core::outcome;
use crate::core::settings::Settings;
use crate::core::time::Timestamp;
use crate::core::to_stanza::Condition;
use crate::imap::{Batch, Verdict};
use crate::smtp::{Queue, Settle, Settled};
use crate::store::spool::{Spool, SpoolError};
use crate::store::{Store, StoreError};
use crate::xmpp::{Link, XmppEvent};
use jid::BareJid;
use minidom::Element;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Stanzas and outcomes that are decided in one go.
const EVENTS_PER_BATCH: usize = 128;
/// Events that are taken aside while an answer is awaited; then the stream waits.
const EVENTS_ASIDE_MAX: usize = 20_000;
/// How long the server may take to close the stream when the gateway stops.
const CLOSE_WAIT: Duration = Duration::from_secs(5);
/// Contacts that are announced in one go.
const CONTACTS_PER_PAGE: usize = 500;

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
    pub xmpp: mpsc::Receiver<XmppEvent>,
    /// From the mailboxes, already read.
    pub mails: mpsc::Receiver<ReadBatch>,
    /// From the SMTP queue.
    pub settles: mpsc::Receiver<Settle>,
}

/// Events of the stream. The reader that passes them on also reads the answers to pings, so while the loop waits for such
/// an answer it goes on taking events.
struct Stream {
    events: mpsc::Receiver<XmppEvent>,
    waiting: VecDeque<XmppEvent>,
}

impl Stream {
    /// At least one event, at most [`EVENTS_PER_BATCH`]; none when the stream has ended for good.
    async fn next(&mut self) -> Vec<XmppEvent> {
        let mut taken: Vec<XmppEvent> = Vec::with_capacity(EVENTS_PER_BATCH);
        let held = self.waiting.len().min(EVENTS_PER_BATCH);
        taken.extend(self.waiting.drain(..held));
        if taken.is_empty() {
            self.events.recv_many(&mut taken, EVENTS_PER_BATCH).await;
        }
        taken
    }

    /// Takes events aside while `work` goes on.
    async fn aside<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                event = self.events.recv(), if self.waiting.len() < EVENTS_ASIDE_MAX => match event {
                    Some(event) => self.waiting.push_back(event),
                    None => return work.await,
                },
            }
        }
    }
}

/// A batch whose mails were read.
#[derive(Debug)]
pub struct ReadBatch {
    batch: Batch,
    mails: Vec<Result<from_mail::Mail, Unreadable>>,
}

/// What the loop works with.
pub struct Pipeline<S: Store> {
    /// What decisions depend on.
    pub settings: Settings,
    /// By the mailbox's name.
    pub mailboxes: BTreeMap<String, MailboxMeaning>,
    /// Durable state.
    pub store: Arc<S>,
    /// Mails that wait to be sent.
    pub spool: Arc<Spool>,
    /// Who sends them.
    pub queue: Queue,
    /// The way to the XMPP server.
    pub link: Link,
    /// Closes it, when everything was said.
    pub close_stream: CancellationToken,
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

/// Reads the mails of each batch beside the loop, on a thread of their own: parsing is work for a processor.
pub async fn read_batches(
    mailboxes: BTreeMap<String, MailboxMeaning>,
    mut batches: mpsc::Receiver<Batch>,
    read: mpsc::Sender<ReadBatch>,
) {
    let mailboxes = Arc::new(mailboxes);
    while let Some(batch) = batches.recv().await {
        let mailboxes = Arc::clone(&mailboxes);
        let Ok(done) = tokio::task::spawn_blocking(move || read_batch(batch, &mailboxes)).await
        else {
            continue;
        };
        if read.send(done).await.is_err() {
            return;
        }
    }
}

fn read_batch(batch: Batch, mailboxes: &BTreeMap<String, MailboxMeaning>) -> ReadBatch {
    let none = Vec::new();
    let headers = mailboxes
        .get(&batch.mailbox)
        .map_or(&none, |meaning| &meaning.recipient_headers);
    let read = |mail: &crate::imap::Fetched| {
        // A parser that panics on one mail must not take the others with it.
        std::panic::catch_unwind(|| from_mail::read(&mail.raw, headers, mail.header_only))
            .unwrap_or_else(|_| Err(Unreadable("its parser gave up".to_owned())))
    };
    let mails = batch.mails.iter().map(read).collect();
    ReadBatch { batch, mails }
}

impl<S: Store> Pipeline<S> {
    /// Runs until `stop`; then says goodbye for every contact.
    ///
    /// # Errors
    /// [`Fatal`]: the store failed.
    pub async fn run(self, inputs: Inputs, stop: CancellationToken) -> Result<(), Fatal> {
        let Inputs {
            xmpp,
            mut mails,
            settles: mut outcomes,
        } = inputs;
        let mut stream = Stream {
            events: xmpp,
            waiting: VecDeque::new(),
        };
        let mut settles = Vec::with_capacity(EVENTS_PER_BATCH);
        loop {
            let online = self.link.online();
            if online && !settles.is_empty() {
                self.settles(&mut stream, &mut settles).await?;
            }
            tokio::select! {
                () = stop.cancelled() => break,
                events = stream.next() => {
                    if events.is_empty() { return Ok(()) }
                    self.xmpp_events(events).await?;
                }
                Some(batch) = mails.recv(), if online => self.mails(&mut stream, batch).await?,
                // What the server did not confirm stays in `settles` for the next round.
                _ = outcomes.recv_many(&mut settles, EVENTS_PER_BATCH), if online && !outcomes.is_closed() => {}
            }
        }
        self.say_goodbye(stream).await
    }

    async fn say_goodbye(&self, mut stream: Stream) -> Result<(), Fatal> {
        self.announce(subscription::farewell_of).await?;
        self.close_stream.cancel();
        // What the server sends until it closes the stream too is still accepted.
        let rest = async {
            loop {
                let events = stream.next().await;
                if events.is_empty() {
                    return Ok(());
                }
                self.xmpp_events(events).await?;
            }
        };
        tokio::time::timeout(CLOSE_WAIT, rest)
            .await
            .unwrap_or(Ok(()))
    }

    async fn xmpp_events(&self, events: Vec<XmppEvent>) -> Result<(), Fatal> {
        let mut elements = Vec::with_capacity(events.len());
        for event in events {
            match event {
                XmppEvent::Stanza(element) => elements.push(element),
                XmppEvent::Online => {
                    self.stanzas(std::mem::take(&mut elements)).await?;
                    tracing::info!(domain = %self.settings.gateway, "attached to the XMPP server");
                    self.announce(subscription::presence_of).await?;
                }
                XmppEvent::Offline { reason } => {
                    tracing::warn!(%reason, "the XMPP server is gone; connecting again")
                }
            }
        }
        self.stanzas(elements).await
    }

    async fn stanzas(&self, elements: Vec<Element>) -> Result<(), Fatal> {
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
        let (writes, answers) = joined(decided);
        self.commit(now, writes).await?;
        self.answer(answers).await;
        spool
    }

    async fn stanza(
        &self,
        context: &mut Context,
        element: Element,
        now: Timestamp,
    ) -> Result<Decided, Fatal> {
        let stanza = match from_stanza::read(element) {
            Ok(stanza) => stanza,
            Err(malformed) => {
                tracing::debug!(why = %malformed.why, "a malformed stanza was refused");
                return Ok(Decided {
                    refusal: None,
                    decision: Decision::answer(malformed.answer.map(|answer| *answer)),
                });
            }
        };
        let decision = self
            .decided(context, |context| {
                decide::stanza(&self.settings, context, &stanza, now)
            })
            .await?;
        context.apply(&decision.writes);
        log_notes(&decision);
        let refusal = (!decision.mails.is_empty())
            .then(|| Decision::refuse(&stanza, Condition::ResourceConstraint, &notice::no_room()));
        Ok(Decided { refusal, decision })
    }

    /// Puts the mails of a batch into the spool. Where it cannot take them, their senders are told and nothing is kept.
    /// A disk that fails, other than one that is full, ends the gateway when they were told.
    async fn accept(&self, decided: Vec<Decided>) -> (Vec<Decision>, Result<(), Fatal>) {
        let mut mails: Vec<Mail> = decided
            .iter()
            .flat_map(|one| one.decision.mails.iter().cloned())
            .collect();
        for mail in &mut mails {
            mail.job.sequence = self.spool.next_sequence();
        }
        let decisions = decided.into_iter();
        if mails.is_empty() {
            return (decisions.map(|one| one.decision).collect(), Ok(()));
        }
        let error = match self.spool.accept(mails.clone()).await {
            Ok(()) => {
                for mail in mails {
                    self.queue.push(mail.job, Some(mail.bytes));
                }
                return (decisions.map(|one| one.decision).collect(), Ok(()));
            }
            Err(error) => error,
        };
        tracing::error!(%error, "the spool cannot take mails: their senders are told to try again later");
        let refused = decisions.map(|one| one.refusal.unwrap_or(one.decision));
        let result = match error {
            SpoolError::Full { .. } => Ok(()),
            error => Err(Fatal::Spool(error)),
        };
        (refused.collect(), result)
    }

    async fn mails(&self, stream: &mut Stream, read: ReadBatch) -> Result<(), Fatal> {
        let now = Timestamp::now();
        let mut context = Context::new();
        let mut verdicts = Vec::with_capacity(read.mails.len());
        let (mut writes, mut stanzas) = (Vec::new(), Vec::new());
        for (fetched, mail) in read.batch.mails.iter().zip(&read.mails) {
            let mail = match mail {
                Ok(mail) => mail,
                Err(error) => {
                    tracing::warn!(mailbox = %read.batch.mailbox, uid = fetched.uid, %error, "left in the mailbox");
                    verdicts.push(Verdict::Left);
                    continue;
                }
            };
            let arrived = self.arrived(&read.batch, fetched, mail);
            let decide = |context: &Context| {
                decide::incoming::decide(&self.settings, context, &arrived, now)
            };
            let (decision, fate) = self.decided(&mut context, decide).await?;
            context.apply(&decision.writes);
            log_notes(&decision);
            writes.extend(decision.writes);
            stanzas.extend(decision.stanzas);
            verdicts.push(if fate == Fate::Handled {
                Verdict::Handled
            } else {
                Verdict::Left
            });
        }
        if !self.prove(stream, stanzas).await {
            return Ok(()); // The answer is dropped: the mailbox hands the same mails over again.
        }
        writes.push(Write::Cursor(read.batch.mailbox.clone(), read.batch.cursor));
        self.commit(now, writes).await?;
        let _ = read.batch.answer.send(verdicts);
        Ok(())
    }

    fn arrived<'a>(
        &'a self,
        batch: &Batch,
        fetched: &crate::imap::Fetched,
        mail: &'a from_mail::Mail,
    ) -> Arrived<'a> {
        let meaning = self.mailboxes.get(&batch.mailbox);
        Arrived {
            mail,
            octets: fetched.octets,
            over: fetched
                .header_only
                .then(|| meaning.map_or(0, |meaning| meaning.octets_max)),
            bound: meaning.and_then(|meaning| meaning.bound.as_ref()),
            own: meaning.and_then(|meaning| meaning.own.as_ref()),
        }
    }

    async fn settles(&self, stream: &mut Stream, settles: &mut Vec<Settle>) -> Result<(), Fatal> {
        let now = Timestamp::now();
        let mut context = Context::new();
        let mut decided = Vec::with_capacity(settles.len());
        for settle in settles.iter() {
            let decision = self.settle(&mut context, settle, now).await?;
            decided.push(decision);
        }
        let (writes, stanzas) = joined(decided);
        if !self.prove(stream, stanzas).await {
            return Ok(()); // Asked again when the stream is back: the files stay in the spool until then.
        }
        self.commit(now, writes).await?;
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
            settle::decide(
                &self.settings,
                context,
                &settle.job,
                &settle.attempt,
                settle.verdict,
                now,
            )
        };
        let decision = self.decided(context, decide).await?;
        context.apply(&decision.writes);
        log_notes(&decision);
        Ok(decision)
    }

    /// Asks a decision until it has all the rows that it needs.
    async fn decided<T>(
        &self,
        context: &mut Context,
        decide: impl Fn(&Context) -> Result<T, Missing>,
    ) -> Result<T, Fatal> {
        loop {
            let need = match decide(context) {
                Ok(decision) => return Ok(decision),
                Err(Missing(need)) => *need,
            };
            let row = self
                .store
                .load(std::slice::from_ref(&need))
                .await?
                .pop()
                .flatten();
            context.insert(need, row);
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

    /// Sends a presence for every contact that has one to show.
    async fn announce(&self, of: PresenceOf) -> Result<(), Fatal> {
        let mut after: Option<(BareJid, MailAddress)> = None;
        loop {
            let page = self.store.contacts(
                after.as_ref().map(|(user, mail)| (user, mail)),
                CONTACTS_PER_PAGE,
            )?;
            let mut context = Context::new();
            let mut stanzas = Vec::new();
            for (user, mail, contact) in &page {
                let decide = |context: &Context| of(&self.settings, context, user, mail, contact);
                stanzas.extend(self.decided(&mut context, decide).await?);
            }
            if !stanzas.is_empty() {
                self.answer(stanzas).await;
            }
            match page.into_iter().next_back() {
                Some((user, mail, _)) => after = Some((user, mail)),
                None => return Ok(()),
            }
        }
    }
}

type PresenceOf = fn(
    &Settings,
    &Context,
    &BareJid,
    &MailAddress,
    &crate::core::record::Contact,
) -> Result<Option<Element>, Missing>;

/// A decision, and what becomes of it if its mails find no room in the spool.
struct Decided {
    decision: Decision,
    refusal: Option<Decision>,
}

fn joined(decisions: Vec<Decision>) -> (Vec<Write>, Vec<Element>) {
    let (mut writes, mut stanzas) = (Vec::new(), Vec::new());
    for decision in decisions {
        writes.extend(decision.writes);
        stanzas.extend(decision.stanzas);
    }
    (writes, stanzas)
}

fn log_notes(decision: &Decision) {
    for note in &decision.notes {
        tracing::info!("{note}");
    }
}
