//! Up to where a mailbox is read: pure arithmetic of UIDVALIDITY, UIDNEXT and UIDs (RFC 3501 §2.3.1.1).

use super::FirstStart;
use crate::core::record::{Again, Cursor};
use crate::core::time::Timestamp;
use std::time::Duration;

/// How much older than [`Cursor::since`] a mail may be and still be read again after the UIDs have changed: clocks of
/// mail servers are off, and moving a mailbox to another server may round its dates. The dedupe by Message-ID keeps
/// what was handled from being handled twice.
const SLACK: Duration = Duration::from_secs(24 * 3600);

/// What the server says of the folder when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) uid_validity: u32,
    /// The UID that the next mail will have at least; 1 where the server does not say and there are no mails.
    pub(super) uid_next: u32,
}

/// Where reading stands, beside what the store knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// What a restart would begin with.
    stored: Option<Cursor>,
    /// What is read next; `None` until the folder is opened for the first time ever.
    reading: Option<Cursor>,
    /// Whether the whole mailbox is read again. Until that is through, `stored` keeps what it was and has beside it how far
    /// that has come, so that a restart in the middle goes on, and knows that old mails are not to be delivered.
    again: bool,
}

impl Position {
    /// What the store knows.
    pub(super) fn of_store(stored: Option<Cursor>) -> Self {
        Self {
            stored,
            reading: stored,
            again: false,
        }
    }

    /// Where to read on in a folder that was just opened.
    ///
    /// - Never read: from the next mail, or from the first ([`FirstStart`]).
    /// - Another UIDVALIDITY, or a UIDNEXT below what was read: the UIDs mean other mails now (a restored backup, a
    ///   mailbox made anew). Everything is read again, from where that has come to if it had begun; mails older than the
    ///   gateway are dropped by [`Position::wants`].
    /// - Else: on from where it was.
    pub(super) fn enter(&mut self, selected: Selected, first_start: FirstStart, now: Timestamp) {
        let Some(known) = self.reading else {
            self.reading = Some(first(selected, first_start, now));
            return;
        };
        let is_same = |uid_validity: u32, uid_next: u32| {
            uid_validity == selected.uid_validity && uid_next <= selected.uid_next
        };
        // Where reading again had begun, a mailbox that has grown meanwhile may look like the one before.
        if known.again.is_none() && is_same(known.uid_validity, known.uid_next) {
            return;
        }
        let begun = known.again.map(|it| (it.uid_validity, it.uid_next));
        let uid_next = begun.filter(|(validity, next)| is_same(*validity, *next));
        self.again = true;
        self.reading = Some(Cursor {
            uid_validity: selected.uid_validity,
            uid_next: uid_next.map_or(1, |begun| begun.1),
            since: known.since,
            again: None,
        });
    }

    /// What is read next.
    fn reading(&self) -> Cursor {
        self.reading.unwrap_or(Cursor {
            uid_validity: 0,
            uid_next: 1,
            since: Timestamp::from_millis(0),
            again: None,
        })
    }

    /// The first UID that was not yet read.
    pub(super) fn next(&self) -> u32 {
        self.reading().uid_next
    }

    /// To which UIDs this position belongs; 0, which no folder has, before the folder was opened.
    pub(super) fn uid_validity(&self) -> u32 {
        self.reading().uid_validity
    }

    /// Whether the store knows where a restart would begin.
    pub(super) fn is_stored(&self) -> bool {
        self.stored.is_some()
    }

    /// Whether the whole mailbox is being read again.
    pub(super) fn again(&self) -> bool {
        self.again
    }

    /// Whether a mail that stands at or after the position is to be handed over.
    pub(super) fn wants(&self, internal_date: Option<Timestamp>) -> bool {
        let is_old = |date: Timestamp| date.plus(SLACK) < self.reading().since;
        !(self.again && internal_date.is_some_and(is_old))
    }

    /// Whether a mail before the position may have been handled by this gateway: it came no earlier than the gateway.
    /// INTERNALDATE has whole seconds.
    pub(super) fn is_ours(&self, internal_date: Option<Timestamp>) -> bool {
        let since = self.reading().since;
        internal_date.is_none_or(|date| date.plus(Duration::from_secs(1)) > since)
    }

    /// From when on mails may have been handled by this gateway, with slack.
    pub(super) fn ours_since(&self) -> Timestamp {
        let slack = i64::try_from(SLACK.as_millis()).unwrap_or(0);
        let since = self.reading().since.millis();
        Timestamp::from_millis(since.saturating_sub(slack).max(0))
    }

    /// What to store when all before `next` is handled, but for mails of which only the store will know: the first of them.
    pub(super) fn cursor_at(&self, next: u32, first_waiting: Option<u32>) -> Cursor {
        match self.stored {
            Some(stored) if self.again => {
                let reading = self.at(next);
                let again = Some(Again {
                    uid_validity: reading.uid_validity,
                    uid_next: reading.uid_next,
                });
                Cursor { again, ..stored }
            }
            _ => {
                let cursor = self.at(next);
                first_waiting.map_or(cursor, |first| cursor.before(first))
            }
        }
    }

    /// Whether the store knows this one.
    pub(super) fn has_stored(&self, cursor: Cursor) -> bool {
        self.stored == Some(cursor)
    }

    /// This mail and all after it are read once more.
    pub(super) fn back_to(&mut self, uid: u32) {
        self.reading = self.reading.map(|reading| reading.before(uid));
    }

    /// All before `next` is handled, and the store has `cursor`.
    pub(super) fn advance(&mut self, next: u32, cursor: Cursor) {
        self.reading = Some(self.at(next));
        self.stored = Some(cursor);
    }

    /// There are no more mails below `next`: those between are expunged or not wanted. Answers the cursor that must be
    /// stored even though no mail carries it: without it a restart would take another first start for the first one,
    /// or read everything again.
    pub(super) fn reached_end(&mut self, next: u32) -> Option<Cursor> {
        let reading = self.at(next);
        self.reading = Some(reading);
        self.again = false;
        let is_stored = self.stored.is_some_and(|stored| {
            let is_same = stored.uid_validity == reading.uid_validity;
            is_same && stored.uid_next <= reading.uid_next && stored.again.is_none()
        });
        (!is_stored).then_some(reading)
    }

    /// What is read next does not go back by what was handled.
    fn at(&self, next: u32) -> Cursor {
        let reading = self.reading();
        Cursor {
            uid_next: next.max(reading.uid_next),
            ..reading
        }
    }
}

fn first(selected: Selected, first_start: FirstStart, now: Timestamp) -> Cursor {
    let (uid_next, since) = match first_start {
        FirstStart::New => (selected.uid_next, now),
        FirstStart::All => (1, Timestamp::from_millis(0)),
    };
    Cursor {
        uid_validity: selected.uid_validity,
        uid_next,
        since,
        again: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;
    const START: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn selected(uid_validity: u32, uid_next: u32) -> Selected {
        Selected {
            uid_validity,
            uid_next,
        }
    }

    fn cursor(uid_validity: u32, uid_next: u32) -> Cursor {
        Cursor {
            uid_validity,
            uid_next,
            since: START,
            again: None,
        }
    }

    /// What is stored while it is read again.
    fn begun(uid_validity: u32, uid_next: u32, again: (u32, u32)) -> Cursor {
        let (validity, next) = again;
        let again = Again {
            uid_validity: validity,
            uid_next: next,
        };
        Cursor {
            again: Some(again),
            ..cursor(uid_validity, uid_next)
        }
    }

    fn enter(stored: Option<Cursor>, selected: Selected) -> Position {
        let mut position = Position::of_store(stored);
        position.enter(selected, FirstStart::New, START);
        position
    }

    fn days_before_start(days: i64) -> Option<Timestamp> {
        Some(Timestamp::from_secs(1_790_000_000 - days * DAY))
    }

    #[test]
    fn the_first_start_begins_with_the_next_mail() {
        let mut position = enter(None, selected(7, 42));
        assert_eq!(position.next(), 42);
        // Nothing came: the store must learn of it all the same, or mail that comes while the gateway is down is lost.
        assert_eq!(position.reached_end(42), Some(cursor(7, 42)));
    }

    #[test]
    fn the_first_start_with_all_begins_with_the_first_mail_however_old() {
        let mut position = Position::of_store(None);
        position.enter(selected(7, 42), FirstStart::All, START);
        assert_eq!(position.next(), 1);
        assert!(position.wants(days_before_start(5000)));
        assert!(position.is_ours(days_before_start(5000)));
    }

    #[test]
    fn a_restart_goes_on_from_the_store_and_commits_nothing_by_itself() {
        let mut position = enter(Some(cursor(7, 42)), selected(7, 50));
        assert_eq!(position.next(), 42);
        assert!(
            position.wants(days_before_start(5)),
            "moved here by a person"
        );
        assert_eq!(position.cursor_at(45, None), cursor(7, 45));
        assert_eq!(position.reached_end(50), None);
        assert_eq!(position.next(), 50);
    }

    #[test]
    fn another_uidvalidity_reads_everything_again_but_not_what_is_older_than_the_gateway() {
        let position = enter(Some(cursor(7, 42)), selected(8, 100));
        assert_eq!(position.next(), 1);
        assert!(position.wants(days_before_start(0)));
        assert!(position.wants(days_before_start(1)), "a day of slack");
        assert!(!position.wants(days_before_start(2)));
        assert!(position.wants(None));
    }

    #[test]
    fn a_lower_uidnext_reads_everything_again() {
        assert_eq!(enter(Some(cursor(7, 42)), selected(7, 41)).next(), 1);
        assert_eq!(enter(Some(cursor(7, 42)), selected(7, 42)).next(), 42);
    }

    #[test]
    fn reading_again_goes_on_after_a_restart_and_old_mails_stay_out_until_it_is_through() {
        let mut position = enter(Some(cursor(7, 42)), selected(8, 100));
        let in_between = position.cursor_at(60, None);
        assert_eq!(in_between, begun(7, 42, (8, 60)));
        position.advance(60, in_between);
        for mut position in [position, enter(Some(in_between), selected(8, 110))] {
            assert_eq!((position.next(), position.again()), (60, true));
            assert!(!position.wants(days_before_start(2)));
            assert_eq!(position.cursor_at(70, None), begun(7, 42, (8, 70)));
            assert_eq!(position.reached_end(110), Some(cursor(8, 110)));
            assert!(position.wants(days_before_start(2)));
            position.advance(110, cursor(8, 110));
            assert_eq!(position.reached_end(110), None);
        }
    }

    #[test]
    fn what_was_read_again_counts_only_for_the_same_uids() {
        let in_between = begun(7, 42, (8, 60));
        for other in [selected(9, 100), selected(8, 59), selected(7, 100)] {
            let position = enter(Some(in_between), other);
            assert_eq!((position.next(), position.again()), (1, true), "{other:?}");
        }
    }

    /// A backup was restored without another UIDVALIDITY, and there were more mails again than before when the gateway came back.
    #[test]
    fn a_mailbox_that_has_grown_while_it_was_read_again_is_read_on_from_there() {
        let mut position = enter(Some(cursor(7, 42)), selected(7, 30));
        let in_between = position.cursor_at(20, None);
        assert_eq!(in_between, begun(7, 42, (7, 20)));
        let mut position_after = enter(Some(in_between), selected(7, 50));
        assert_eq!((position_after.next(), position_after.again()), (20, true));
        assert_eq!(position_after.reached_end(50), Some(cursor(7, 50)));
        position.advance(20, in_between);
        assert_eq!(position.reached_end(30), Some(cursor(7, 30)));
    }

    #[test]
    fn a_cursor_of_a_former_version_is_read_and_written_as_it_was() {
        let json = r#"{"uid_validity":7,"uid_next":42,"since":1790000000000}"#;
        let read: Cursor = serde_json::from_str(json).unwrap();
        assert_eq!(read, cursor(7, 42));
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        let in_between = serde_json::to_string(&begun(7, 42, (8, 60))).unwrap();
        assert_eq!(
            serde_json::from_str::<Cursor>(&in_between).unwrap().again,
            Some(Again {
                uid_validity: 8,
                uid_next: 60
            })
        );
    }

    #[test]
    fn a_reconnect_goes_on_in_the_middle_of_reading_again() {
        let mut position = enter(Some(cursor(7, 42)), selected(8, 100));
        position.advance(60, position.cursor_at(60, None));
        position.enter(selected(8, 101), FirstStart::New, START);
        assert_eq!((position.next(), position.again()), (60, true));
    }

    #[test]
    fn the_cursor_never_goes_back() {
        let mut position = enter(Some(cursor(7, 42)), selected(7, 50));
        assert_eq!(position.cursor_at(1, None), cursor(7, 42));
        position.advance(1, cursor(7, 42));
        position.reached_end(1);
        assert_eq!(position.next(), 42);
    }

    #[test]
    fn what_came_before_the_gateway_is_none_of_its_leftovers() {
        let position = enter(None, selected(7, 42));
        assert!(position.is_ours(Some(START)));
        assert!(!position.is_ours(Some(Timestamp::from_secs(1_790_000_000 - 2))));
        assert!(position.ours_since() <= START);
    }
}
