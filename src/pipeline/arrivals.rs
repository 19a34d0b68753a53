//! Mails: read beside the loop, decided in it, delivered in portions, and disposed of by the mailbox at last.

use super::clockwork::Clockwork;
use super::poison::Unread;
use super::{Fatal, MailboxMeaning, Pipeline, Stream, full_or_fatal, joined, log_notes};
use crate::core::context::{Context, Write};
use crate::core::decide::incoming::{Arrived, Fate};
use crate::core::decide::{self, Decision};
use crate::core::from_mail;
use crate::core::quota::Conversation;
use crate::core::record::Cursor;
use crate::core::time::Timestamp;
use crate::crash;
use crate::imap::{self, Batch, Fetched, Verdict};
use crate::store::Store;
use crate::system;
use minidom::Element;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Stanzas that mails become before they are sent, but for those of the last mail among them.
const STANZAS_PER_PORTION: usize = 1_000;

/// A batch whose mails were read.
#[derive(Debug)]
pub struct ReadBatch {
    batch: Batch,
    mails: Vec<Result<from_mail::Mail, Unread>>,
    /// It comes from an admin and not from the mailbox, whose cursor stays where it is.
    is_again: bool,
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
        let Ok(done) = system::blocking(move || read_batch(batch, &mailboxes)).await else {
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
    let read = |mail: &Fetched| {
        // A parser that panics on one mail must not take the others with it.
        let read = crash::caught(|| from_mail::read(&mail.raw, headers, mail.header_only));
        read.map_err(Unread::Poison)?.map_err(Unread::Unreadable)
    };
    let mails = batch.mails.iter().map(read).collect();
    ReadBatch {
        batch,
        mails,
        is_again: false,
    }
}

/// A mail that an admin has taken out of the quarantine, and where the verdict on it will come.
pub fn read_again(
    mailbox: String,
    mail: Fetched,
    mailboxes: &BTreeMap<String, MailboxMeaning>,
) -> (ReadBatch, oneshot::Receiver<Vec<Verdict>>) {
    let (answer, answered) = oneshot::channel();
    let batch = Batch {
        mailbox,
        mails: vec![mail],
        cursor: Cursor {
            uid_validity: 0,
            uid_next: 0,
            since: Timestamp::default(),
            again: None,
        },
        waiting: BTreeSet::new(),
        may_wait: false,
        is_kept: false,
        answer,
    };
    let read = ReadBatch {
        is_again: true,
        ..read_batch(batch, mailboxes)
    };
    (read, answered)
}

impl<S: Store> Pipeline<S> {
    /// In portions, so that mails to many users do not hold everything that they become in memory at once.
    pub(super) async fn mails(
        &self,
        stream: &mut Stream,
        clock: &mut Clockwork,
        read: ReadBatch,
    ) -> Result<(), Fatal> {
        let now = Timestamp::now();
        let mut verdicts = Vec::with_capacity(read.mails.len());
        let mut portion = Portion::default();
        let mut waiting = read.batch.waiting.clone();
        for (fetched, mail) in read.batch.mails.iter().zip(&read.mails) {
            let verdict = self
                .mail(&mut portion, &mut waiting, &read.batch, fetched, mail, now)
                .await?;
            verdicts.push(verdict);
            // Where the answer is dropped, the mailbox hands the same mails over again.
            if portion.is_full() && !self.deliver(stream, clock, &mut portion, None, now).await? {
                return Ok(());
            }
        }
        let mut cursor = read.batch.cursor;
        if read.batch.is_kept {
            let uids = read.batch.mails.iter().map(|mail| mail.uid);
            cursor = imap::held(cursor, uids.zip(&verdicts));
        }
        let cursor = Write::Cursor(read.batch.mailbox.clone(), cursor);
        let cursor = (!read.is_again).then_some(cursor);
        if self
            .deliver(stream, clock, &mut portion, cursor, now)
            .await?
        {
            crash::point("pipeline: rows of mails committed, mailbox not yet told");
            let _ = read.batch.answer.send(verdicts);
        }
        Ok(())
    }

    /// Decides about a mail. `waiting` are the conversations of which mails wait.
    async fn mail(
        &self,
        portion: &mut Portion,
        waiting: &mut BTreeSet<Conversation>,
        batch: &Batch,
        fetched: &Fetched,
        mail: &Result<from_mail::Mail, Unread>,
        now: Timestamp,
    ) -> Result<Verdict, Fatal> {
        let mail = match mail {
            Ok(mail) => mail,
            Err(unread) => {
                let told = self.unread(&batch.mailbox, fetched, unread).await;
                portion.decisions.extend(told);
                return Ok(Verdict::Left);
            }
        };
        let arrived = self.arrived(batch, fetched, mail);
        let context = &mut portion.context;
        let mut decided = self.arrival(context, &arrived, now).await?;
        let mut waits = BTreeSet::new();
        if let (Ok((decision, _)), true) = (&decided, batch.may_wait) {
            waits = self.who_waits(waiting, decision, now);
        }
        if !waits.is_empty() {
            let users = waits.iter().map(|one| one.user.clone()).collect();
            let arrived = Arrived {
                waits: Some(&users),
                ..arrived
            };
            decided = self.arrival(context, &arrived, now).await?;
        }
        let (decision, fate) = match decided {
            Ok(decided) => decided,
            Err(why) => {
                self.set_mail_aside(&batch.mailbox, fetched, Some(mail), &why)
                    .await;
                let told = self.tell_of_failure(context, &arrived, now).await?;
                (told, Fate::Left)
            }
        };
        context.apply(&decision.writes);
        log_notes(&decision);
        portion.decisions.push(decision);
        Ok(match fate {
            Fate::Handled => Verdict::Handled,
            Fate::Left => Verdict::Left,
            Fate::Later => Verdict::Later(waits),
        })
    }

    async fn arrival(
        &self,
        context: &mut Context,
        arrived: &Arrived<'_>,
        now: Timestamp,
    ) -> Result<Result<(Decision, Fate), String>, Fatal> {
        let decide = |context: &Context| {
            crash::poison(|| arrived.mail.text.clone());
            decide::incoming::decide(&self.settings, context, arrived, now)
        };
        self.decided(context, decide).await
    }

    /// Which of the conversations that a decision goes on with get no more for now; so do those in which it would be out of
    /// its order. They join `waiting`.
    fn who_waits(
        &self,
        waiting: &mut BTreeSet<Conversation>,
        decision: &Decision,
        now: Timestamp,
    ) -> BTreeSet<Conversation> {
        // By whether there is something to read; a receipt costs nothing, but does not overtake either.
        let mut all: BTreeMap<Conversation, bool> = BTreeMap::new();
        for message in decision.stanzas.iter().filter(|one| is_message(one)) {
            if let Some(conversation) = Conversation::of(message) {
                let is_read = message.children().any(|child| child.name() == "body");
                *all.entry(conversation).or_default() |= is_read;
            }
        }
        let mut quotas = self.quotas();
        let mut waits = |one: &Conversation, is_read: bool| {
            waiting.contains(one) || is_read && !quotas.show(one, now)
        };
        let waits: BTreeSet<Conversation> = all
            .into_iter()
            .filter_map(|(one, is_read)| waits(&one, is_read).then_some(one))
            .collect();
        waiting.extend(waits.iter().cloned());
        waits
    }

    /// Delivers what mails become, and empties the portion. False where it has to be done again.
    async fn deliver(
        &self,
        stream: &mut Stream,
        clock: &mut Clockwork,
        portion: &mut Portion,
        cursor: Option<Write>,
        now: Timestamp,
    ) -> Result<bool, Fatal> {
        let decisions = std::mem::take(portion).decisions;
        let answers = decisions.iter().flat_map(|one| one.mails.iter().cloned());
        if let Err(error) = self.spooled(answers.collect()).await {
            tracing::error!(%error, "the spool cannot take an answer to a mail; the mail is read again");
            return full_or_fatal(error).map(|()| false);
        }
        let (mut writes, stanzas, said) = joined(decisions);
        crash::point("pipeline: mails decided, stanzas not yet sent");
        if !self.prove(stream, stanzas).await {
            return Ok(false);
        }
        crash::point("pipeline: stanzas taken by the server, rows not yet committed");
        clock.heard(&writes);
        writes.extend(cursor);
        self.commit(now, writes).await?;
        clock.take(said);
        Ok(true)
    }

    fn arrived<'a>(
        &'a self,
        batch: &Batch,
        fetched: &Fetched,
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
            waits: None,
            own: meaning.and_then(|meaning| meaning.own.as_ref()),
        }
    }
}

/// An error is an answer that the user waits for.
fn is_message(stanza: &Element) -> bool {
    stanza.name() == "message" && stanza.attr("type") != Some("error")
}

/// Mails that were decided about and are not yet delivered, and the rows that they have seen.
#[derive(Default)]
struct Portion {
    decisions: Vec<Decision>,
    context: Context,
}

impl Portion {
    fn is_full(&self) -> bool {
        let stanzas = self.decisions.iter().map(|one| one.stanzas.len());
        stanzas.sum::<usize>() >= STANZAS_PER_PORTION
    }
}
