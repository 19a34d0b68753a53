//! Mails of a batch are read beside the loop.

use super::MailboxMeaning;
use super::poison::Unread;
use crate::core::from_mail::{self, RawMail};
use crate::core::id::JobId;
use crate::failpoints;
use crate::inbound::{Batch, InboundMail, Verdict};
use crate::panics;
use crate::store::in_hand::{EventsInHand, InHand, Suspicion};
use crate::system;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Mails that are read in one go. As many as are decided about in one go.
const READ_AT_ONCE: usize = if cfg!(test) { 3 } else { 50 };

/// What a mail says, or why nobody knows.
pub(super) type MailRead = Result<from_mail::ParsedMail, Unread>;

/// A batch whose mails are being read.
#[derive(Debug)]
pub struct ReadBatch {
    pub(super) batch: Batch,
    /// They come one after the other. It ends too early by a defect alone: then the batch comes again.
    pub(super) mails: mpsc::UnboundedReceiver<MailRead>,
}

/// Reads the mails of each batch beside the loop, on a thread of their own: parsing is work for a processor. Where some are read,
/// they are decided about while the rest is read.
pub async fn read_batches(
    mailboxes: BTreeMap<String, MailboxMeaning>,
    in_hand: Arc<InHand>,
    mut batches: mpsc::Receiver<Batch>,
    read: mpsc::Sender<ReadBatch>,
) {
    while let Some(batch) = batches.recv().await {
        let headers = headers_of(&mailboxes, &batch.source);
        let unread = batch.mails.clone();
        let (out, mails) = mpsc::unbounded_channel();
        if read.send(ReadBatch { batch, mails }).await.is_err() {
            return;
        }
        read_noted(unread, headers, &in_hand, &out).await;
    }
}

/// Reads mails, with a note of what is being read. They end by a defect.
async fn read_noted(
    unread: Vec<InboundMail>,
    headers: Vec<String>,
    in_hand: &Arc<InHand>,
    out: &mpsc::UnboundedSender<MailRead>,
) -> Option<()> {
    let keys: Vec<JobId> = unread.iter().map(|mail| mail.key.clone()).collect();
    let headers = Arc::new(headers);
    let mut unread = unread.into_iter();
    for run in in_hand.runs(&keys) {
        let mut held: Option<EventsInHand> = None;
        for keys in run.chunks(READ_AT_ONCE) {
            let standings: Vec<Suspicion> = keys.iter().map(|key| in_hand.standing(key)).collect();
            held = Some(match held {
                Some(before) => before.and(keys),
                None => in_hand.take(keys).await,
            });
            let mails: Vec<InboundMail> = unread.by_ref().take(keys.len()).collect();
            let (headers, out) = (Arc::clone(&headers), out.clone());
            let reading = system::blocking(move || {
                for (mail, standing) in mails.iter().zip(standings) {
                    // Whoever decides may have given up.
                    let _ = out.send(read(mail, &headers, standing));
                }
            });
            reading.await.ok()?;
        }
    }
    Some(())
}

/// The header fields that name the recipients of mails from here.
fn headers_of(mailboxes: &BTreeMap<String, MailboxMeaning>, source: &str) -> Vec<String> {
    let meaning = mailboxes.get(source);
    meaning.map_or_else(Vec::new, |meaning| meaning.recipient_headers.clone())
}

fn read(mail: &InboundMail, headers: &[String], standing: Suspicion) -> MailRead {
    // A parser that panics on one mail must not take the others with it.
    let read = |raw: &RawMail, header_only| {
        panics::caught(|| {
            failpoints::deadly("reading", || {
                String::from_utf8_lossy(raw.octets()).into_owned()
            });
            from_mail::read_raw(raw, headers, header_only)
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
            let (header, _) = from_mail::split_header(mail.raw.octets());
            let read = read(&header.to_vec().into(), true)
                .ok()
                .and_then(Result::ok);
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
    let (out, mails) = mpsc::unbounded_channel();
    let _ = out.send(read(&mail, &headers_of(mailboxes, source), Suspicion::Fine));
    let (batch, answered) = Batch::new(source, vec![mail]);
    let batch = Batch {
        may_wait: false,
        ..batch
    };
    (ReadBatch { batch, mails }, answered)
}
