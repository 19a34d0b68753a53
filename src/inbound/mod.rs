//! What every way in for mail hands to the pipeline, and what it hears of it: a [`Batch`] of mails, and one [`Verdict`] for
//! each. A way in (`imap`, `lmtp`) knows these words and nothing of the pipeline, and the pipeline nothing of ways in: another
//! one is a room that sends batches.
//!
//! The way in has the mail until it has the verdict. What has no verdict was not handled, and comes again.

mod spill;

use crate::core::address::MailAddress;
pub use crate::core::decide::decision::Left;
use crate::core::decide::decision::{Decision, Fate};
use crate::core::from_mail::RawMail;
use crate::core::id::JobId;
use crate::core::quota::{Conversation, Demands};
use crate::core::record::Cursor;
use crate::core::time::Timestamp;
use jid::BareJid;
pub use spill::MailTaker;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::oneshot;

/// A mail as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundMail {
    /// Names it for as long as it is in hand: the same when it comes again, and no other mail's.
    pub key: JobId,
    /// Its UID in the mailbox; 0, which no mail has (RFC 3501 §2.3.1.1), where it lies in none.
    pub uid: u32,
    /// Size of the whole mail in octets.
    pub octets: u64,
    /// The mail, or its header alone. All who need it share it.
    pub raw: RawMail,
    /// Whether `raw` is the header alone, of at most 256 KiB, because the mail is too big or its body cannot be read.
    pub header_only: bool,
    /// When it reached the mailbox (INTERNALDATE), where it lies in one.
    pub internal_date: Option<Timestamp>,
    /// The recipients in the envelope (RFC 5321 §2.3.1), where the mail server itself handed it over with them. Then nothing in
    /// the header is asked for whom it is.
    pub envelope: Option<Vec<MailAddress>>,
}

/// Mails to be handled together, in this order.
#[derive(Debug)]
pub struct Batch {
    /// Where they come from: the name of the mailbox, or of another way in.
    pub source: String,
    /// The mails. There may be none: then only the cursor is to be committed.
    pub mails: Vec<InboundMail>,
    /// Up to where a mailbox is read when this batch is done. Commit it together with what became of the mails, before
    /// answering.
    pub cursor: Option<Cursor>,
    /// Conversations of which mails wait: [`Verdict::Later`]. What comes in them after those waits behind them.
    pub waiting: BTreeSet<Conversation>,
    /// Of mails that have waited and may be shown now, by their UIDs: in which conversations. That was counted before they
    /// were fetched.
    pub admitted: BTreeMap<u32, BTreeSet<Conversation>>,
    /// Whether mails may wait.
    pub may_wait: bool,
    /// Whether the mailbox itself does not tell which mails are handled. Then commit the cursor only up to the first of
    /// these that waits ([`held`]): a crash would forget it.
    pub is_kept: bool,
    /// Takes one verdict for each mail, in the same order. Dropped: not handled, the same mails come again later.
    pub answer: oneshot::Sender<Vec<Verdict>>,
}

impl Batch {
    /// One without a cursor, of which mails may wait, and where the verdicts will come.
    pub fn new(source: &str, mails: Vec<InboundMail>) -> (Self, oneshot::Receiver<Vec<Verdict>>) {
        let (answer, answered) = oneshot::channel();
        let batch = Self {
            source: source.to_owned(),
            mails,
            cursor: None,
            waiting: BTreeSet::new(),
            admitted: BTreeMap::new(),
            may_wait: true,
            is_kept: false,
            answer,
        };
        (batch, answered)
    }
}

/// What the pipeline did with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is dealt with for good.
    Handled,
    /// It is not for us or not shown: a mailbox keeps it, a mail server that handed it over hears why.
    Left(Left),
    /// The same for these of its users: the others have it.
    LeftBy(Left, BTreeSet<BareJid>),
    /// It waits, since these get no more for now: bring it again when there is room for it.
    Later(Demands),
}

impl Verdict {
    /// By what was decided. Nobody else has what was handed over: that comes again for whom it was not taken and for who waits.
    pub fn of(decision: &mut Decision, fate: Fate, waits: Demands, is_handed_over: bool) -> Self {
        let left = decision.left.unwrap_or(Left::SetAside);
        let mut left_by = std::mem::take(&mut decision.left_by);
        match fate {
            Fate::Handled => Self::Handled,
            Fate::Left if left_by.is_empty() => Self::Left(left),
            Fate::Left => Self::LeftBy(left, left_by),
            Fate::Later if is_handed_over && !left_by.is_empty() => {
                left_by.extend(waits.into_keys().map(|one| one.user));
                Self::LeftBy(left, left_by)
            }
            Fate::Later => Self::Later(waits),
        }
    }
}

/// The cursor, but before the first mail that waits.
pub fn held<'a>(cursor: Cursor, verdicts: impl Iterator<Item = (u32, &'a Verdict)>) -> Cursor {
    let waiting = verdicts.filter(|(_, verdict)| matches!(verdict, Verdict::Later(_)));
    waiting.fold(cursor, |cursor, (uid, _)| cursor.before(uid))
}

/// Somebody asks whose address this is, before a mail is taken (RFC 5321 §3.3).
#[derive(Debug)]
pub struct RecipientQuery {
    /// The address.
    pub address: MailAddress,
    /// Takes the user; `None` where nobody has it. Dropped: that cannot be said now.
    pub answer: oneshot::Sender<Option<BareJid>>,
}
