//! Mails that were read: decided about, delivered in portions, and disposed of by the mailbox at last.

use super::decided::Undecided;
use super::poison::{DEADLY, Unread};
use super::portion::{DecidedMails, Portion, TakenMails};
use super::reading::{MailRead, ReadBatch};
use super::timers::Timers;
use super::{Fatal, Pipeline, Stream, files, full_or_fatal, joined, log_notes};
use crate::core::context::{Context, Write};
use crate::core::decide::Decider;
use crate::core::decide::decision::{Decision, Fate};
use crate::core::decide::inbound::arrived::{Arrived, Wait};
use crate::core::file;
use crate::core::from_mail;
use crate::core::id::JobId;
use crate::core::quota::{Conversation, Demand, Demands};
use crate::core::time::Timestamp;
use crate::failpoints;
use crate::inbound::{self, Batch, InboundMail, Left, Verdict};
use crate::store::Store;
use crate::store::in_hand::{EventsInHand, Suspicion};
use crate::system;
use jid::BareJid;
use minidom::Element;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Mails that are decided about while those before them are delivered. The simulated worlds are to have that in every flood.
const MAILS_AT_ONCE: usize = if cfg!(test) { 3 } else { 50 };

impl<S: Store> Pipeline<S> {
    /// In portions, so that mails to many users do not hold everything that they become in memory at once.
    pub(super) async fn mails(
        &self,
        stream: &mut Stream,
        timers: &mut Timers,
        read: ReadBatch,
    ) -> Result<(), Fatal> {
        let keys: Vec<JobId> = read
            .batch
            .mails
            .iter()
            .map(|mail| mail.key.clone())
            .collect();
        let mut progress = Progress::of(&read.batch, read.mails, &keys);
        let mut end = 0_usize;
        for run in self.in_hand.runs(&keys) {
            end = end.saturating_add(run.len());
            // Once also where there are no mails: there is a cursor.
            loop {
                if !self.portion(end, &mut progress, stream, timers).await? {
                    // The answer is dropped, and the mailbox hands the same mails over again.
                    return Ok(());
                }
                if progress.verdicts.len() >= end {
                    break;
                }
            }
        }
        failpoints::point("pipeline: rows of mails committed, mailbox not yet told");
        let verdicts = progress.verdicts;
        self.forget_files(&keys, &verdicts);
        let _ = read.batch.answer.send(verdicts);
        Ok(())
    }

    /// Delivers until the portion is full, or the run at its end; false where it has to be done again. Three things go on at once, each of which waits for another than
    /// the others: some mails are with the XMPP server, the rows of those before them become durable, and those that come next are
    /// decided about.
    async fn portion(
        &self,
        end: usize,
        progress: &mut Progress<'_>,
        stream: &mut Stream,
        timers: &mut Timers,
    ) -> Result<bool, Fatal> {
        let now = progress.now;
        progress.portion = Portion::default();
        let keys = progress.next_keys(end);
        // Else who waits to read a suspect alone would wait for us, and we for the mail.
        progress.first = match keys {
            [] => None,
            _ => progress.next_mail().await,
        };
        let mut held = self.in_hand.take(keys).await;
        if !self.decide_about(keys, progress, &held).await? {
            return Ok(false);
        }
        let mut before: Option<(TakenMails, EventsInHand)> = None;
        loop {
            let next = progress.next_keys(end);
            let those = progress.portion.take();
            let rest = async {
                if let Some((taken, their)) = before.take() {
                    self.commit_taken(timers, taken, now).await?;
                    self.is_innocent(their);
                }
                // Not before the disk is through: until then nobody is at work on them.
                let next_held = held.and(next);
                let is_decided = self.decide_about(next, progress, &next_held).await?;
                Ok::<_, Fatal>(is_decided.then_some(next_held))
            };
            let (taken, decided) = tokio::join!(self.hand_over(stream, those, now), rest);
            let (Some(taken), Some(next_held)) = (taken?, decided?) else {
                return Ok(false);
            };
            if next.is_empty() {
                let cursor = progress.cursor();
                self.commit_taken(timers, TakenMails { cursor, ..taken }, now)
                    .await?;
                self.is_innocent(held);
                return Ok(true);
            }
            before = Some((taken, held));
            held = next_held;
        }
    }

    /// Decides about these mails, or about the first of them, where those are much. False where they were not read. What remains
    /// then is to wait for disks and servers, also for those who have the mails before these.
    async fn decide_about(
        &self,
        keys: &[JobId],
        progress: &mut Progress<'_>,
        held: &EventsInHand,
    ) -> Result<bool, Fatal> {
        let batch = progress.batch;
        let fetched = batch.mails.iter().skip(progress.verdicts.len());
        for (key, fetched) in keys.iter().zip(fetched) {
            let Some(mail) = progress.next_mail().await else {
                return Ok(false);
            };
            let one = One {
                batch,
                fetched,
                key,
            };
            let verdict = self.mail(progress, &one, &mail).await?;
            progress.verdicts.push(verdict);
            if progress.portion.is_full() {
                break;
            }
            // What is delivered meanwhile goes on.
            tokio::task::yield_now().await;
        }
        held.waits();
        Ok(true)
    }

    async fn mail(
        &self,
        progress: &mut Progress<'_>,
        one: &One<'_>,
        mail: &MailRead,
    ) -> Result<Verdict, Fatal> {
        let (now, portion, waiting) = (progress.now, &mut progress.portion, &mut progress.waiting);
        let One { batch, fetched, .. } = one;
        let mail = match mail {
            Ok(mail) => mail,
            Err(unread) => return self.not_read(portion, one, unread, now).await,
        };
        let known = self.files.as_ref().and_then(|files| files.known(one.key));
        let arrived = Arrived {
            files: files::of(known.as_ref(), self.may_put(one)),
            ..self.arrived(batch, fetched, mail)
        };
        let context = &mut portion.context;
        let mut decided = self.arrival(context, &arrived, now).await;
        let (mut waits, mut why) = (Demands::new(), BTreeMap::new());
        if let (Ok((decision, _)), true) = (&decided, batch.may_wait)
            && decision.held.is_empty()
        {
            let admitted = batch.admitted.get(&fetched.uid);
            (waits, why) = self.who_waits(waiting, admitted, decision, now);
        }
        if !waits.is_empty() {
            let arrived = Arrived {
                waits: Some(&why),
                ..arrived
            };
            decided = self.arrival(context, &arrived, now).await;
        }
        if let Ok((decision, _)) = &decided
            && self.is_put_off(waiting, (one, mail), decision, &mut waits)
        {
            return Ok(Verdict::Later(waits));
        }
        if let Ok((decision, _)) = &decided
            && !self.keep_original(fetched, decision, now).await
        {
            let arrived = Arrived {
                waits: (!why.is_empty()).then_some(&why),
                may_be_kept: false,
                ..arrived
            };
            decided = self.arrival(context, &arrived, now).await;
        }
        let (mut decision, fate) = match decided {
            Ok(decided) => decided,
            Err(Undecided::Fatal(fatal)) => return Err(fatal),
            Err(Undecided::Defect(why)) => {
                self.set_mail_aside(&batch.source, fetched, Some(mail), &why)
                    .await;
                let told = self.tell_of_failure(context, &arrived, now).await?;
                (told, Fate::Left)
            }
        };
        self.at_most_once(portion, &mut decision, now);
        self.told_of_held(portion, &mut decision, now);
        log_notes(&decision);
        let is_handed_over = mail.envelope.is_some();
        let verdict = Verdict::of(&mut decision, fate, waits, is_handed_over);
        portion.add(decision);
        Ok(verdict)
    }

    /// What is written for users is among the mails where they may send it, with the rows that have to be there first; then the rows
    /// are as they will be.
    fn at_most_once(&self, portion: &mut Portion, decision: &mut Decision, now: Timestamp) {
        for one in std::mem::take(&mut decision.at_most_once) {
            if !self.quotas.lock().take_mail(&one.user, &one.mail, now) {
                let note = "an automatic answer is not sent: its user has sent all that one may";
                decision.notes.push(note.to_owned());
                continue;
            }
            portion.decided.first.push(one.written.clone());
            decision.writes.push(one.written);
            decision.mails.push(one.mail);
        }
        portion.context.apply(&decision.writes);
    }

    /// A mail of which nothing is known, or only its header.
    async fn not_read(
        &self,
        portion: &mut Portion,
        one: &One<'_>,
        unread: &Unread,
        now: Timestamp,
    ) -> Result<Verdict, Fatal> {
        let One { batch, fetched, .. } = one;
        if let Unread::Deadly(Some(header)) = unread {
            let told = self.deadly(&mut portion.context, batch, fetched, header, now);
            let told = told.await?;
            portion.context.apply(&told.writes);
            portion.add(told);
            return Ok(Verdict::Left(Left::SetAside));
        }
        let told = self.unread(&batch.source, fetched, unread).await;
        told.into_iter().for_each(|told| portion.add(told));
        Ok(Verdict::Left(match unread {
            Unread::Unreadable(_) => Left::Unreadable,
            _ => Left::SetAside,
        }))
    }

    /// A mail of which the process has died twice. Who it is for is told.
    async fn deadly(
        &self,
        context: &mut Context,
        batch: &Batch,
        fetched: &InboundMail,
        header: &from_mail::ParsedMail,
        now: Timestamp,
    ) -> Result<Decision, Fatal> {
        self.set_mail_aside(&batch.source, fetched, Some(header), DEADLY)
            .await;
        let arrived = self.arrived(batch, fetched, header);
        self.tell_of_failure(context, &arrived, now).await
    }

    async fn arrival(
        &self,
        context: &mut Context,
        arrived: &Arrived<'_>,
        now: Timestamp,
    ) -> Result<(Decision, Fate), Undecided> {
        let decide = |context: &Context| {
            failpoints::poison(|| arrived.mail.text.clone());
            Decider::new(&self.settings, context, now).mail(arrived)
        };
        self.decided(context, decide).await
    }

    /// Keeps a mail as it came, where a decision says so. False where that is not possible.
    async fn keep_original(
        &self,
        fetched: &InboundMail,
        decision: &Decision,
        now: Timestamp,
    ) -> bool {
        let (Some(originals), false) = (&self.originals, decision.originals.is_empty()) else {
            return true;
        };
        let originals = Arc::clone(originals);
        let (wanted, raw) = (decision.originals.clone(), fetched.raw.clone());
        let kept = system::blocking(move || originals.keep(&wanted, &raw, now)).await;
        match kept {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a mail cannot be kept, although the chat shows less than all of it");
                false
            }
            Err(_) => false,
        }
    }

    fn may_put(&self, one: &One<'_>) -> bool {
        self.files.is_some() && one.batch.may_wait && !one.fetched.header_only
    }

    /// Of mails that do not come again.
    fn forget_files(&self, keys: &[JobId], verdicts: &[Verdict]) {
        let is_done = |verdict: &Verdict| !matches!(verdict, Verdict::Later(_));
        let done = keys.iter().zip(verdicts);
        let done = done.filter(|(_, verdict)| is_done(verdict));
        if let Some(files) = &self.files {
            files.forget(done.map(|(key, _)| key));
        }
    }

    /// Has the files of a mail put up, and the mail wait for that. What it takes of what its users are shown was counted, so
    /// that it takes nothing when it comes again.
    fn is_put_off(
        &self,
        waiting: &mut BTreeSet<Conversation>,
        (one, mail): (&One<'_>, &from_mail::ParsedMail),
        decision: &Decision,
        waits: &mut Demands,
    ) -> bool {
        let (Some(files), Some(upload)) = (&self.files, &decision.upload) else {
            return false;
        };
        if !files.may_be_put(upload) {
            return false;
        }
        let counted = demands_of(decision).into_iter().map(|(one, demand)| {
            let messages = 0;
            (one, Demand { messages, ..demand })
        });
        let counted: Demands = counted.collect();
        waiting.extend(counted.keys().cloned());
        let conversations = counted.keys().cloned().collect();
        let is_only_here = files::is_only_here(mail, Timestamp::now());
        files.begin(
            one.key.clone(),
            (&one.fetched.raw, is_only_here),
            upload.clone(),
            conversations,
        );
        waits.extend(counted);
        true
    }

    /// Which of the conversations that a decision goes on with get no more for now; so do those in which it would be out of
    /// its order. They join `waiting`. Those in which it is `admitted` have counted it.
    fn who_waits(
        &self,
        waiting: &mut BTreeSet<Conversation>,
        admitted: Option<&BTreeSet<Conversation>>,
        decision: &Decision,
        now: Timestamp,
    ) -> (Demands, BTreeMap<BareJid, Wait>) {
        let mut all = demands_of(decision);
        let mut quotas = self.quotas.lock();
        let mut why = BTreeMap::new();
        for (one, demand) in &all {
            let is_admitted = admitted.is_some_and(|admitted| admitted.contains(one));
            let wait = match waiting.contains(one) || quotas.is_held(one) {
                true => Wait::Behind,
                false if is_admitted || quotas.show(one, *demand, now) => continue,
                false => Wait::OverLimit,
            };
            let known = why.entry(one.user.clone()).or_insert(wait);
            *known = wait.max(*known);
        }
        // It waits for a user as a whole, and nothing of its author overtakes it meanwhile.
        all.retain(|one, _| why.contains_key(&one.user));
        waiting.extend(all.keys().cloned());
        (all, why)
    }

    /// Who was told within the last hour that a mail is not shown is not told of this one; it is counted.
    fn told_of_held(&self, portion: &mut Portion, decision: &mut Decision, now: Timestamp) {
        let quotas = self.quotas.lock();
        for user in &decision.held {
            let held = portion.decided.held.entry(user.clone()).or_default();
            held.mails = held.mails.saturating_add(1);
            if portion.told.contains(user) || quotas.is_told_of_held(user, now) {
                let is_to = |stanza: &Element| stanza.attr("to") == Some(user.as_str());
                decision.stanzas.retain(|stanza| !is_to(stanza));
            } else {
                held.is_told = true;
                portion.told.insert(user.clone());
            }
        }
    }

    /// Has the XMPP server take what mails have become; `None` where it has to be done again.
    async fn hand_over(
        &self,
        stream: &mut Stream,
        those: DecidedMails,
        now: Timestamp,
    ) -> Result<Option<TakenMails>, Fatal> {
        self.commit(now, those.first).await?;
        let answers = those.decisions.iter();
        let answers = answers.flat_map(|one| one.mails.iter().cloned());
        if let Err(error) = self.spooled(answers.collect()).await {
            tracing::error!(%error, "the spool cannot take an answer to a mail; the mail is read again");
            return full_or_fatal(error).map(|()| None);
        }
        let (writes, stanzas, said) = joined(those.decisions);
        failpoints::point("pipeline: mails decided, stanzas not yet sent");
        let is_taken = self.prove(stream, stanzas).await;
        Ok(is_taken.then_some(TakenMails {
            writes,
            said,
            held: those.held,
            cursor: None,
        }))
    }

    /// Makes durable what was handed over.
    async fn commit_taken(
        &self,
        timers: &mut Timers,
        taken: TakenMails,
        now: Timestamp,
    ) -> Result<(), Fatal> {
        failpoints::point("pipeline: stanzas taken by the server, rows not yet committed");
        let mut writes = taken.writes;
        timers.track_expiries(&writes);
        writes.extend(taken.cursor);
        self.commit(now, writes).await?;
        timers.take(taken.said);
        let mut quotas = self.quotas.lock();
        for (user, held) in taken.held {
            quotas.held(&user, held.mails, held.is_told, now);
        }
        Ok(())
    }

    /// The process is alive, and these are done.
    fn is_innocent(&self, held: EventsInHand) {
        let is_fine = |key: &JobId| self.in_hand.standing(key) == Suspicion::Fine;
        if held.keys().iter().all(is_fine) {
            held.done();
        }
    }

    fn arrived<'a>(
        &'a self,
        batch: &Batch,
        fetched: &InboundMail,
        mail: &'a from_mail::ParsedMail,
    ) -> Arrived<'a> {
        let meaning = self.mailboxes.get(&batch.source);
        Arrived {
            mail,
            octets: fetched.octets,
            over: fetched
                .header_only
                .then(|| meaning.map_or(0, |meaning| meaning.octets_max)),
            bound: meaning.and_then(|meaning| meaning.bound.as_ref()),
            waits: None,
            files: file::Files::Named,
            may_be_kept: self.originals.is_some() && !fetched.header_only,
            own: meaning.and_then(|meaning| meaning.own.as_ref()),
        }
    }
}

/// How far a batch is.
struct Progress<'a> {
    batch: &'a Batch,
    mails: mpsc::UnboundedReceiver<MailRead>,
    /// The first of those, where it was waited for.
    first: Option<MailRead>,
    keys: &'a [JobId],
    now: Timestamp,
    verdicts: Vec<Verdict>,
    portion: Portion,
    /// The conversations of which mails wait.
    waiting: BTreeSet<Conversation>,
}

impl<'a> Progress<'a> {
    fn of(batch: &'a Batch, mails: mpsc::UnboundedReceiver<MailRead>, keys: &'a [JobId]) -> Self {
        Self {
            batch,
            mails,
            first: None,
            keys,
            now: Timestamp::now(),
            verdicts: Vec::with_capacity(keys.len()),
            portion: Portion::default(),
            waiting: batch.waiting.clone(),
        }
    }

    /// `None` where it was not read.
    async fn next_mail(&mut self) -> Option<MailRead> {
        match self.first.take() {
            Some(first) => Some(first),
            None => self.mails.recv().await,
        }
    }

    /// Of the mails that are decided about next in this portion.
    fn next_keys(&self, end: usize) -> &'a [JobId] {
        let from = self.verdicts.len();
        let to = match self.portion.is_full() {
            true => from,
            false => end.min(from.saturating_add(MAILS_AT_ONCE)),
        };
        self.keys.get(from..to).unwrap_or_default()
    }

    /// Up to where the mailbox is read, when all is done.
    fn cursor(&self) -> Option<Write> {
        let is_all = self.verdicts.len() == self.keys.len();
        is_all
            .then(|| cursor_of(self.batch, &self.verdicts))
            .flatten()
    }
}

/// A mail of a batch.
struct One<'a> {
    batch: &'a Batch,
    fetched: &'a InboundMail,
    /// Its name among what is in hand.
    key: &'a JobId,
}

/// What a decision takes in each of the conversations that it goes on with.
fn demands_of(decision: &Decision) -> Demands {
    let mut all = Demands::new();
    for message in decision.stanzas.iter().filter(|one| is_message(one)) {
        if let Some(conversation) = Conversation::of(message, decision.is_believed) {
            let is_read = message.children().any(|child| child.name() == "body");
            let is_acquainted = decision.acquainted.contains(&conversation.user);
            let demand = all.entry(conversation).or_default();
            demand.is_acquainted = is_acquainted;
            demand.messages = demand.messages.saturating_add(usize::from(is_read));
        }
    }
    all
}

/// Up to where the mailbox is read then.
fn cursor_of(batch: &Batch, verdicts: &[Verdict]) -> Option<Write> {
    let mut cursor = batch.cursor?;
    if batch.is_kept {
        let uids = batch.mails.iter().map(|mail| mail.uid);
        cursor = inbound::held(cursor, uids.zip(verdicts));
    }
    Some(Write::Cursor(batch.source.clone(), cursor))
}

/// An error is an answer that the user waits for.
fn is_message(stanza: &Element) -> bool {
    stanza.name() == "message" && stanza.attr("type") != Some("error")
}
