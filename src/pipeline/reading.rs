//! Mails of a batch are read beside the loop.

use super::MailboxMeaning;
use super::poison::Unread;
use crate::core::from_mail;
use crate::core::id::JobId;
use crate::failpoints;
use crate::inbound::{Batch, InboundMail, Verdict};
use crate::panics;
use crate::store::in_hand::{InHand, Suspicion};
use crate::system;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A batch whose mails were read.
#[derive(Debug)]
pub struct ReadBatch {
    pub(super) batch: Batch,
    pub(super) mails: Vec<Result<from_mail::ParsedMail, Unread>>,
}

/// Reads the mails of each batch beside the loop, on a thread of their own: parsing is work for a processor.
pub async fn read_batches(
    mailboxes: BTreeMap<String, MailboxMeaning>,
    in_hand: Arc<InHand>,
    mut batches: mpsc::Receiver<Batch>,
    read: mpsc::Sender<ReadBatch>,
) {
    let mailboxes = Arc::new(mailboxes);
    while let Some(batch) = batches.recv().await {
        let Some(done) = read_noted(batch, &mailboxes, &in_hand).await else {
            continue;
        };
        if read.send(done).await.is_err() {
            return;
        }
    }
}

/// Reads a batch, with a note of what is being read. `None` by a defect: then it comes again.
async fn read_noted(
    batch: Batch,
    mailboxes: &Arc<BTreeMap<String, MailboxMeaning>>,
    in_hand: &Arc<InHand>,
) -> Option<ReadBatch> {
    let mut done = ReadBatch {
        mails: Vec::with_capacity(batch.mails.len()),
        batch,
    };
    let keys = done.keys();
    for run in in_hand.runs(&keys) {
        let standings: Vec<Suspicion> = run.iter().map(|key| in_hand.standing(key)).collect();
        let mailboxes = Arc::clone(mailboxes);
        let held = in_hand.take(run).await;
        let read = system::blocking(move || {
            done.read(&standings, &mailboxes);
            done
        });
        done = read.await.ok()?;
        drop(held);
    }
    Some(done)
}

impl ReadBatch {
    /// The names of its mails in [`InHand`].
    pub(super) fn keys(&self) -> Vec<JobId> {
        let mails = self.batch.mails.iter();
        mails.map(|mail| mail.key.clone()).collect()
    }

    /// Reads so many more of its mails.
    fn read(&mut self, standings: &[Suspicion], mailboxes: &BTreeMap<String, MailboxMeaning>) {
        let none = Vec::new();
        let headers = mailboxes
            .get(&self.batch.source)
            .map_or(&none, |meaning| &meaning.recipient_headers);
        let unread = self.batch.mails.iter().skip(self.mails.len());
        for (mail, standing) in unread.zip(standings) {
            self.mails.push(read(mail, headers, *standing));
        }
    }
}

fn read(
    mail: &InboundMail,
    headers: &[String],
    standing: Suspicion,
) -> Result<from_mail::ParsedMail, Unread> {
    // A parser that panics on one mail must not take the others with it.
    let read = |octets: &[u8], header_only| {
        panics::caught(|| {
            failpoints::deadly("reading", || String::from_utf8_lossy(octets).into_owned());
            from_mail::read(octets, headers, header_only)
        })
    };
    let with_envelope = |read| from_mail::ParsedMail {
        envelope: mail.envelope.clone(),
        ..read
    };
    match standing {
        Suspicion::Fine => {
            let read = read(&mail.raw, mail.header_only).map_err(Unread::Poison)?;
            read.map(with_envelope).map_err(Unread::Unreadable)
        }
        Suspicion::Deadly => {
            let (header, _) = from_mail::split_header(&mail.raw);
            let read = read(header, true).ok().and_then(Result::ok);
            let read = read.map(with_envelope).map(Box::new);
            Err(Unread::Deadly(read))
        }
        Suspicion::Unreadable => Err(Unread::Deadly(None)),
    }
}

/// A mail that an admin has taken out of the quarantine, and where the verdict on it will come.
pub fn read_again(
    source: &str,
    mail: InboundMail,
    mailboxes: &BTreeMap<String, MailboxMeaning>,
) -> (ReadBatch, oneshot::Receiver<Vec<Verdict>>) {
    let (batch, answered) = Batch::new(source, vec![mail]);
    let mut again = ReadBatch {
        mails: Vec::new(),
        batch: Batch {
            may_wait: false,
            ..batch
        },
    };
    again.read(&[Suspicion::Fine], mailboxes);
    (again, answered)
}
