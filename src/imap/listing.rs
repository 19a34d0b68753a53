//! Which mails are next: a list that is filled from the mailbox piece by piece, so that a mailbox of millions costs no
//! more memory than one of thousands, and from which batches are taken.

use super::cursor::Position;
use super::fetch::{self, ListedMail, uid_sets};
use super::session::ImapSession;
use super::{BATCH_MAILS_MAX, BATCH_OCTETS_MAX, HEADER_OCTETS_MAX, ImapError};
use std::collections::VecDeque;

/// How many UIDs are listed at a time.
const WINDOW: u32 = 2_000;
/// The same, where most of the UIDs are of mails long gone.
const WINDOW_MAX: u32 = 1 << 20;

/// How many leftovers are listed at a time.
const LEFTOVERS_PIECE: usize = 1_000;

/// The mails that are still to be handed over, in the order of their UIDs.
#[derive(Debug)]
pub(super) struct Listing {
    listed: VecDeque<ListedMail>,
    source: Source,
}

/// Where the list is filled from.
#[derive(Debug)]
enum Source {
    /// Mails at and after the cursor.
    New {
        /// All below is listed.
        next: u32,
        /// UIDNEXT as it was when the folder was opened.
        end: u32,
        /// How many UIDs to list next.
        window: u32,
    },
    /// These, from before the cursor.
    Leftovers(VecDeque<u32>),
}

impl Listing {
    /// Mails at and after `next`; `end` is UIDNEXT as it was when the folder was opened.
    pub(super) fn of_new(next: u32, end: u32) -> Self {
        Self {
            listed: VecDeque::new(),
            source: Source::New {
                next,
                end,
                window: WINDOW,
            },
        }
    }

    /// The mails of these UIDs, from before the cursor.
    pub(super) fn of_leftovers(uids: Vec<u32>) -> Self {
        Self {
            listed: VecDeque::new(),
            source: Source::Leftovers(uids.into()),
        }
    }

    /// Below which UID all mails were taken. `None` for leftovers, which do not move the cursor.
    pub(super) fn taken_below(&self) -> Option<u32> {
        match self.source {
            Source::Leftovers(_) => None,
            Source::New { next, .. } => Some(self.listed.front().map_or(next, |mail| mail.uid)),
        }
    }

    /// The UID of the next mail.
    pub(super) fn front(&self) -> Option<u32> {
        self.listed.front().map(|mail| mail.uid)
    }

    /// Takes the mails of one batch: at most [`BATCH_MAILS_MAX`] and [`BATCH_OCTETS_MAX`], but at least one, and none
    /// after `last`.
    pub(super) fn take(&mut self, whole_octets_max: u64, last: Option<u32>) -> Vec<ListedMail> {
        let mut batch: Vec<ListedMail> = Vec::new();
        let mut octets: u64 = 0;
        while let Some(mail) = self.listed.front() {
            let cost = if mail.octets > whole_octets_max {
                HEADER_OCTETS_MAX
            } else {
                mail.octets
            };
            octets = octets.saturating_add(cost);
            let fits = batch.len() < BATCH_MAILS_MAX
                && octets <= BATCH_OCTETS_MAX
                && last.is_none_or(|last| mail.uid <= last);
            if !fits && !batch.is_empty() {
                break;
            }
            batch.extend(self.listed.pop_front());
        }
        batch
    }

    /// Lists more, if nothing is left of what was. Afterwards the list is empty only if there are no more mails.
    ///
    /// # Errors
    /// Any means that the session must be dropped.
    pub(super) async fn fill(
        &mut self,
        session: &mut ImapSession,
        wanted: impl Fn(&ListedMail) -> bool + Send,
    ) -> Result<(), ImapError> {
        while self.listed.is_empty() {
            let (mails, is_end) = self.source.list(session).await?;
            self.listed.extend(mails.into_iter().filter(&wanted));
            if is_end {
                break;
            }
        }
        Ok(())
    }
}

impl Source {
    /// Lists the next piece; answers whether it was the last.
    async fn list(
        &mut self,
        session: &mut ImapSession,
    ) -> Result<(Vec<ListedMail>, bool), ImapError> {
        match self {
            Self::New { next, end, window } if *next < *end => {
                let last = next.saturating_add(*window).min(*end).saturating_sub(1);
                let range = *next..=last;
                let set = [format!("{next}:{last}")];
                let mails = fetch::list(session, &set, |uid| range.contains(&uid)).await?;
                *next = last.saturating_add(1);
                *window = next_window(*window, mails.len());
                Ok((mails, false))
            }
            Self::New { next, .. } => {
                let mails = list_from(session, *next).await?;
                if let Some(last) = mails.last() {
                    *next = last.uid.saturating_add(1);
                }
                Ok((mails, true))
            }
            Self::Leftovers(uids) => {
                let piece = LEFTOVERS_PIECE.min(uids.len());
                let asked: Vec<u32> = uids.drain(..piece).collect();
                let is_asked = |uid: u32| asked.binary_search(&uid).is_ok();
                let mails = fetch::list(session, &uid_sets(&asked), is_asked).await?;
                Ok((mails, uids.is_empty()))
            }
        }
    }
}

/// What came since the folder was opened. `next:*` also answers the last mail where there is no newer one, and it is an
/// error on some servers where there is none at all.
async fn list_from(session: &mut ImapSession, next: u32) -> Result<Vec<ListedMail>, ImapError> {
    session.noop().await?;
    // Whatever is told of from here on may not be in the answer, and is looked for again before the next IDLE.
    session.changed = false;
    if session.exists == 0 {
        return Ok(Vec::new());
    }
    fetch::list(session, &[format!("{next}:*")], |uid| uid >= next).await
}

/// Twice as wide where few mails were found, so that UIDs in the billions are passed over in some thousand steps.
fn next_window(window: u32, found: usize) -> u32 {
    if found < usize::try_from(WINDOW / 4).unwrap_or(0) {
        window.saturating_mul(2).min(WINDOW_MAX)
    } else {
        WINDOW
    }
}

/// Whether a mail is to be handed over at all. Whoever wants to see a mail again that was left removes the keyword.
pub(super) fn is_wanted(mail: &ListedMail, position: &Position, is_leftover: bool) -> bool {
    let in_time = if is_leftover {
        position.is_ours(mail.internal_date)
    } else {
        position.wants(mail.internal_date)
    };
    in_time && !mail.is_left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(sizes: &[u64]) -> Listing {
        let mut listing = Listing::of_new(1, 1);
        listing.listed = (1..)
            .zip(sizes)
            .map(|(uid, octets)| ListedMail {
                uid,
                octets: *octets,
                internal_date: None,
                is_left: false,
            })
            .collect();
        listing.source = Source::New {
            next: 1000,
            end: 1000,
            window: WINDOW,
        };
        listing
    }

    fn uids(batch: &[ListedMail]) -> Vec<u32> {
        batch.iter().map(|mail| mail.uid).collect()
    }

    #[test]
    fn a_batch_ends_at_its_octets_and_always_has_one_mail() {
        let mib = 1024 * 1024;
        let mut listing = listing(&[20 * mib, 5 * mib, 3 * mib, 1]);
        assert_eq!(uids(&listing.take(32 * mib, None)), [1]);
        assert_eq!(listing.taken_below(), Some(2));
        assert_eq!(uids(&listing.take(32 * mib, None)), [2, 3]);
        assert_eq!(uids(&listing.take(32 * mib, None)), [4]);
        assert_eq!(listing.taken_below(), Some(1000));
    }

    #[test]
    fn a_batch_ends_at_200_mails_and_at_the_last_wanted() {
        let mut listing = listing(&[10; 300]);
        assert_eq!(listing.take(100, Some(3)).len(), 3);
        assert_eq!(listing.take(100, None).len(), 200);
    }

    #[test]
    fn mails_of_which_only_the_header_is_read_count_as_their_header() {
        let mut listing = listing(&[u64::MAX; 100]);
        assert_eq!(listing.take(100, None).len(), 32);
    }
}
