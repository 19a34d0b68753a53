//! The loop: connect, hand over what is there, wait for more; after any error, connect again.

use super::cursor::Position;
use super::fetch::{self, FetchPart, ListedMail};
use super::listing::{Listing, is_wanted};
use super::session::ImapSession;
use super::suspects::Suspects;
use super::waiting::WaitingMails;
use super::{After, ImapError, MailboxConfig, connect, dispose, idle, key};
use crate::core::quota::SharedQuotas;
use crate::core::record::Cursor;
use crate::core::time::Timestamp;
use crate::failpoints;
use crate::inbound::{Batch, InboundMail, Verdict, held};
use crate::net::backoff::{Backoff, shown};
use crate::net::trouble::OngoingTrouble;
use futures::FutureExt;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How many times in a row a server may refuse to say which mails were not disposed of until it is read without that.
const LEFTOVERS_REFUSED_MAX: u32 = 5;

/// How many handled mails are disposed of together while more are waiting. Dovecot reads a whole Maildir for each
/// EXPUNGE and MOVE, which takes 0.3 s in one of 10,000 mails, however many of them are expunged.
const DISPOSAL_MAILS: usize = 2_000;

/// The longest sleep between two looks: servers close connections that are silent for longer.
const POLL_MAX: Duration = Duration::from_secs(5 * 60);

/// Where it is said how the reading goes.
#[derive(Debug, Default)]
pub struct Reports {
    /// True once the folder is open and the store knows where reading began: what arrives from then on is delivered, whatever
    /// happens. How much already waits there makes no difference, or a start would take as long as a flood lasts.
    pub was_open: watch::Sender<bool>,
    /// Why it is not being read now.
    pub trouble: watch::Sender<Option<OngoingTrouble>>,
}

async fn read_for_ever(mut reader: MailboxReader) -> Infallible {
    let timings = reader.config.timings;
    let mut backoff = Backoff::new(timings.retry, timings.retry_max);
    loop {
        let error = reader.session_until_error().await;
        reader.suspects.session_ended();
        // A server that lets us in and drops us at once is not well.
        let lasted = reader.opened.take().map(|opened| opened.elapsed());
        if lasted.is_some_and(|lasted| lasted > backoff.next()) {
            backoff.reset();
        }
        // A login that worked once is refused now: most likely the server is only starting.
        let wait = if error.needs_a_person() && !*reader.reports.was_open.borrow() {
            backoff.pause_longest()
        } else {
            backoff.pause()
        };
        tracing::warn!(mailbox = %reader.config.name, %error, retry_in = shown(wait), "the mailbox is not being read");
        OngoingTrouble::again(&reader.reports.trouble, &error);
        sleep(wait).await;
    }
}

/// Reads a mailbox, over one connection after the other.
pub struct MailboxReader {
    config: MailboxConfig,
    batches: mpsc::Sender<Batch>,
    position: Position,
    /// Since when the folder is open.
    opened: Option<Instant>,
    reports: Reports,
    /// The batch that the pipeline is at work on.
    outstanding: Option<Outstanding>,
    /// What is handled or left, committed, and not yet disposed of on this connection.
    handled: Vec<u32>,
    left: Vec<u32>,
    /// What was left, on servers that keep no keywords.
    left_unmarked: BTreeSet<u32>,
    /// Whether the server refused to dispose of some mails.
    has_undisposed: bool,
    /// How many times in a row it refused to say which ones.
    leftovers_refused: u32,
    /// Mails before the cursor that wait, and for whom.
    waiting: WaitingMails,
    quotas: SharedQuotas,
    suspects: Suspects,
    /// The wait after a batch that was not handled.
    retry: Backoff,
    /// How long the next IDLE lasts: [`super::ImapTimings::idle_first`] after a batch, four times as long after each in which nothing
    /// came.
    idle_for: Duration,
}

/// A batch that is not answered yet.
struct Outstanding {
    answer: oneshot::Receiver<Vec<Verdict>>,
    uids: Vec<u32>,
    next: u32,
    cursor: Cursor,
}

/// A batch before it is handed over.
struct Ready {
    mails: Vec<InboundMail>,
    /// Below which UID all mails are handled when it is.
    next: u32,
}

impl MailboxReader {
    /// `start` is what the store has; `quotas` say when mails that wait may be shown.
    pub fn new(
        config: MailboxConfig,
        start: Option<Cursor>,
        quotas: SharedQuotas,
        batches: mpsc::Sender<Batch>,
        reports: Reports,
    ) -> Self {
        let timings = config.timings;
        Self {
            config,
            batches,
            position: Position::of_store(start),
            opened: None,
            reports,
            outstanding: None,
            handled: Vec::new(),
            left: Vec::new(),
            left_unmarked: BTreeSet::new(),
            has_undisposed: false,
            leftovers_refused: 0,
            waiting: WaitingMails::default(),
            quotas,
            suspects: Suspects::default(),
            retry: Backoff::new(timings.retry, timings.retry_max),
            idle_for: timings.idle_first,
        }
    }

    /// Reads the mailbox until `stop` is cancelled or nobody takes batches any more. Any error drops the connection, and
    /// another is made after a wait; a stop drops it too, in the middle of whatever it does: what was handled and not
    /// disposed of is found at the next start.
    pub async fn run(self, stop: CancellationToken) {
        let gone = self.batches.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = gone.closed() => {}
            never = read_for_ever(self) => match never {},
        }
    }

    /// One connection, from its beginning to its end. imap-proto can panic on what a server sends (it slices a text
    /// after a response code by octets); that ends the connection, not the gateway.
    async fn session_until_error(&mut self) -> ImapError {
        match AssertUnwindSafe(self.session()).catch_unwind().await {
            Ok(Ok(never)) => match never {},
            Ok(Err(error)) => error,
            Err(_) => ImapError::NotImap("the reader of responses panicked".to_owned()),
        }
    }

    async fn session(&mut self) -> Result<Infallible, ImapError> {
        let mut session = connect::open(&self.config).await?;
        let selected = session.select(&self.config).await?;
        dispose::prepare(&mut session, &self.config).await?;
        self.settle_batch_of_last_session(&mut session).await?;
        self.enter(selected);
        self.hand_over_leftovers(&mut session).await?;
        loop {
            self.hand_over_new(&mut session, selected.uid_next).await?;
            if self.has_undisposed {
                self.hand_over_leftovers(&mut session).await?;
            }
            self.wait(&mut session).await?;
        }
    }

    fn enter(&mut self, selected: super::cursor::Selected) {
        self.opened = Some(Instant::now());
        let uid_validity = self.position.uid_validity();
        self.position
            .enter(selected, self.config.first_start, Timestamp::now());
        let is_other = self.position.uid_validity() != uid_validity;
        if is_other {
            self.left_unmarked.clear();
        }
        // Reading again covers the whole mailbox. Else what waits has not changed, and is not fetched to find that out.
        if is_other || self.position.again() {
            self.waiting = WaitingMails::default();
        }
        tracing::info!(
            mailbox = %self.config.name,
            next = self.position.next(),
            uid_next = selected.uid_next,
            reading_again = self.position.again(),
            "reading the mailbox"
        );
        self.reports.trouble.send_replace(None);
        self.open_if_stored();
    }

    /// Not before a cursor is stored: a kill until then would forget where the gateway began.
    fn open_if_stored(&self) {
        if self.position.is_stored() {
            self.reports.was_open.send_replace(true);
        }
    }

    /// The connection ended while the pipeline was at work. Its answer says where to go on. Its mails are not disposed
    /// of here: what their UIDs mean now is not certain, and they are found as leftovers.
    async fn settle_batch_of_last_session(
        &mut self,
        session: &mut ImapSession,
    ) -> Result<(), ImapError> {
        let is_handled = self.settle(session).await?;
        self.waiting.end(false);
        self.handled.clear();
        self.left.clear();
        if is_handled {
            return Ok(());
        }
        self.pause(session).await
    }

    /// Mails before the cursor that were not disposed of.
    async fn hand_over_leftovers(&mut self, session: &mut ImapSession) -> Result<(), ImapError> {
        self.has_undisposed = false;
        // Reading again covers the whole mailbox.
        while !self.position.again() {
            let found = dispose::leftovers(session, &self.config.after, &self.position).await;
            let uids = match found {
                Err(error @ ImapError::Refused { .. }) => return self.without_leftovers(error),
                other => other?,
            };
            self.leftovers_refused = 0;
            let is_waiting = |uid: &u32| self.waiting.contains(*uid);
            let uids = uids.into_iter().filter(|uid| !is_waiting(uid)).collect();
            let mut listing = Listing::of_leftovers(uids);
            if self.drain(session, &mut listing).await? {
                break;
            }
        }
        Ok(())
    }

    /// The server does not say which mails were not disposed of. As long as it may be well again soon the connection ends, for
    /// some of them may wait, and nothing new may overtake those. A server that never says it is read all the same.
    fn without_leftovers(&mut self, error: ImapError) -> Result<(), ImapError> {
        self.leftovers_refused = self.leftovers_refused.saturating_add(1);
        if !self.is_kept() && self.leftovers_refused < LEFTOVERS_REFUSED_MAX {
            return Err(error);
        }
        tracing::warn!(mailbox = %self.config.name, %error, "the server does not say which mails were not disposed of; new mail may overtake mails that wait");
        Ok(())
    }

    /// Brings mails that wait, as many as may be shown now, when it is time to look.
    async fn hand_over_waiting(&mut self, session: &mut ImapSession) -> Result<(), ImapError> {
        // Reading again covers the whole mailbox.
        let rest = self.waiting.rest(self.waiting_pause());
        if rest.is_none_or(|rest| !rest.is_zero()) || self.position.again() {
            return Ok(());
        }
        let first = self
            .waiting
            .begin(&mut self.quotas.lock(), Timestamp::now());
        if first.is_empty() {
            return Ok(());
        }
        let mut listing = Listing::of_leftovers(first);
        let is_handled = self.drain(session, &mut listing).await?;
        self.waiting.end(is_handled);
        if let Some(more) = self.waiting.take_more() {
            match self.is_kept() {
                true => self.position.back_to(more),
                false => self.has_undisposed = true,
            }
        }
        let cursor = self.cursor_at(self.position.next());
        if self.is_kept() && !self.position.has_stored(cursor) {
            self.hand_over_cursor(session).await?;
        }
        Ok(())
    }

    /// Files are up in a moment, or are up already; room for more mails comes with the minutes.
    fn waiting_pause(&self) -> Duration {
        let timings = &self.config.timings;
        match self.quotas.lock().is_any_held() || self.waiting.is_any_counted() {
            true => timings.files,
            false => timings.waiting,
        }
    }

    /// Whether the mailbox itself does not tell which mails are handled: then all before the cursor are, and it stays before
    /// those that wait.
    fn is_kept(&self) -> bool {
        self.config.after == After::Keep
    }

    fn cursor_at(&self, next: u32) -> Cursor {
        let waiting = self.is_kept().then(|| self.waiting.first()).flatten();
        self.position.cursor_at(next, waiting)
    }

    /// All mails from the cursor on, until no more are there. `end` is UIDNEXT as it was when the folder was opened.
    async fn hand_over_new(
        &mut self,
        session: &mut ImapSession,
        end: u32,
    ) -> Result<(), ImapError> {
        loop {
            self.hand_over_waiting(session).await?;
            let mut listing = Listing::of_new(self.position.next(), end);
            if !self.drain(session, &mut listing).await? {
                continue;
            }
            let next = listing.taken_below().unwrap_or(0);
            if self.position.reached_end(next).is_some() {
                self.hand_over_cursor(session).await?;
            } else if !session.changed {
                return Ok(());
            }
        }
    }

    /// Has the cursor stored by a batch without mails.
    async fn hand_over_cursor(&mut self, session: &mut ImapSession) -> Result<(), ImapError> {
        let ready = Ready {
            mails: Vec::new(),
            next: self.position.next(),
        };
        self.hand_over(session, ready).await?;
        if self.settle(session).await? {
            return Ok(());
        }
        self.pause(session).await
    }

    /// Hands over all mails of a listing; answers false as soon as a batch was not handled, after a wait. While the
    /// pipeline is at work on one batch the next is fetched, but it is not handed over before that one is handled: its
    /// cursor would pass over mails that were not.
    async fn drain(
        &mut self,
        session: &mut ImapSession,
        listing: &mut Listing,
    ) -> Result<bool, ImapError> {
        let mut ready = self.fetch(session, listing).await?;
        let mut is_handled = true;
        while let (true, Some(batch)) = (is_handled, ready.take()) {
            self.hand_over(session, batch).await?;
            ready = self.fetch(session, listing).await?;
            is_handled = self.settle(session).await?;
            if self.handled.len() >= DISPOSAL_MAILS {
                self.dispose(session).await?;
            }
        }
        self.dispose(session).await?;
        if !is_handled {
            self.pause(session).await?;
        }
        Ok(is_handled)
    }

    /// Fetches the next batch of a listing; `None` where there are no more mails.
    async fn fetch(
        &mut self,
        session: &mut ImapSession,
        listing: &mut Listing,
    ) -> Result<Option<Ready>, ImapError> {
        loop {
            let is_leftover = listing.taken_below().is_none();
            let (position, left) = (self.position, &self.left_unmarked);
            let wanted = |mail: &ListedMail| {
                is_wanted(mail, &position, is_leftover) && !left.contains(&mail.uid)
            };
            listing.fill(session, wanted).await?;
            let Some(first) = listing.front() else {
                return Ok(None);
            };
            let last = self.suspects.last_with(first);
            let listed = listing.take(self.config.whole_octets_max(), last);
            let mails = self.fetch_mails(session, &listed).await?;
            if !mails.is_empty() {
                let next = listing.taken_below().unwrap_or(0);
                return Ok(Some(Ready { mails, next }));
            }
        }
    }

    async fn fetch_mails(
        &mut self,
        session: &mut ImapSession,
        listed: &[ListedMail],
    ) -> Result<Vec<InboundMail>, ImapError> {
        if let (Some(first), Some(last)) = (listed.first(), listed.last()) {
            self.suspects.begin(first.uid..=last.uid);
        }
        let (whole, headers): (Vec<ListedMail>, Vec<ListedMail>) =
            listed.iter().partition(|mail| self.is_read_whole(mail));
        let mut mails = self.fetch_part(session, &whole, FetchPart::Whole).await?;
        mails.extend(
            self.fetch_part(session, &headers, FetchPart::Header)
                .await?,
        );
        self.suspects.end();
        mails.sort_by_key(|mail| mail.uid);
        let missing = listed.len().saturating_sub(mails.len());
        if missing > 0 {
            tracing::info!(mailbox = %self.config.name, missing, "mails were expunged by another client before they were read");
        }
        Ok(mails)
    }

    async fn fetch_part(
        &self,
        session: &mut ImapSession,
        listed: &[ListedMail],
        part: FetchPart,
    ) -> Result<Vec<InboundMail>, ImapError> {
        let folder = &self.config.spill_folder;
        let mut found = fetch::mails(session, listed, part, folder).await?;
        let validity = self.position.uid_validity();
        let fetched = listed.iter().filter_map(|mail| {
            // The NIL or the nothing that some servers give for a mail that is gone (RFC 2180 §4.1).
            let raw = found.remove(&mail.uid).filter(|raw| raw.length() > 0)?;
            Some(InboundMail {
                key: key(&self.config.name, validity, mail.uid),
                envelope: None,
                uid: mail.uid,
                octets: mail.octets,
                raw,
                header_only: part == FetchPart::Header,
                internal_date: mail.internal_date,
            })
        });
        Ok(fetched.collect())
    }

    fn is_read_whole(&self, mail: &ListedMail) -> bool {
        if self.suspects.is_hopeless(mail.uid) {
            tracing::error!(mailbox = %self.config.name, uid = mail.uid, "the mail cannot be fetched; trying its header alone. If this repeats, move the mail away with a mail client");
            return false;
        }
        mail.octets <= self.config.whole_octets_max()
    }

    /// Gives a batch to the pipeline, however long it takes to accept it.
    async fn hand_over(
        &mut self,
        session: &mut ImapSession,
        ready: Ready,
    ) -> Result<(), ImapError> {
        let keepalive = session.timings().keepalive;
        let permit = loop {
            tokio::select! {
                permit = self.batches.reserve() => break permit.map_err(|_| ImapError::Stopping)?,
                () = sleep(keepalive) => session.noop().await?,
            }
        };
        self.idle_for = self.config.timings.idle_first;
        let (answer, answered) = oneshot::channel();
        let cursor = self.cursor_at(ready.next);
        let uids: Vec<u32> = ready.mails.iter().map(|mail| mail.uid).collect();
        let admitted = self.waiting.admitted(&uids);
        self.outstanding = Some(Outstanding {
            answer: answered,
            uids,
            next: ready.next,
            cursor,
        });
        failpoints::point("imap: fetched, not yet handed over");
        permit.send(Batch {
            source: self.config.name.clone(),
            mails: ready.mails,
            cursor: Some(cursor),
            waiting: self.waiting.conversations(),
            admitted,
            may_wait: !self.position.again(),
            is_kept: self.is_kept(),
            answer,
        });
        Ok(())
    }

    /// Waits for the pipeline's answer, if one is due, and moves the cursor. Answers whether the batch was handled.
    async fn settle(&mut self, session: &mut ImapSession) -> Result<bool, ImapError> {
        let keepalive = session.timings().keepalive;
        let Some(outstanding) = &mut self.outstanding else {
            return Ok(true);
        };
        let answer = loop {
            tokio::select! {
                answer = &mut outstanding.answer => break answer,
                () = sleep(keepalive) => session.noop().await?,
            }
        };
        let settled = self.outstanding.take();
        if let (Some(batch), Ok(verdicts)) = (settled, &answer) {
            self.retry.reset();
            let uids = || batch.uids.iter().copied().zip(verdicts);
            let cursor = match self.is_kept() {
                true => held(batch.cursor, uids()),
                false => batch.cursor,
            };
            self.position.advance(batch.next, cursor);
            self.open_if_stored();
            for (uid, verdict) in uids() {
                self.waiting.remove(uid);
                match verdict {
                    Verdict::Handled => self.handled.push(uid),
                    Verdict::Left(_) | Verdict::LeftBy(..) => self.left.push(uid),
                    Verdict::Later(those) => self.waiting.add(uid, those.clone()),
                }
            }
        }
        Ok(answer.is_ok())
    }

    /// Disposes of what was handled and committed.
    async fn dispose(&mut self, session: &mut ImapSession) -> Result<(), ImapError> {
        let handled = std::mem::take(&mut self.handled);
        let left = std::mem::take(&mut self.left);
        if !session.keeps_keyword {
            self.left_unmarked.extend(&left);
        }
        if !handled.is_empty() {
            failpoints::point("imap: handled, not yet disposed of");
        }
        let disposed = dispose::handled(session, &self.config.after, &handled).await;
        self.allow_refusal(disposed)?;
        let marked = dispose::left(session, &left).await;
        self.allow_refusal(marked)
    }

    /// A server that does not let us dispose of mails (no quota, no right) must not keep us from reading the next ones.
    fn allow_refusal(&mut self, result: Result<(), ImapError>) -> Result<(), ImapError> {
        match result {
            Err(error @ ImapError::Refused { .. }) => {
                tracing::warn!(mailbox = %self.config.name, %error, "handled mails stay where they are for now");
                self.has_undisposed = true;
                Ok(())
            }
            other => other,
        }
    }

    /// Waits before mails that were not handled are tried again.
    async fn pause(&mut self, session: &mut ImapSession) -> Result<(), ImapError> {
        let wait = self.retry.pause();
        tracing::debug!(mailbox = %self.config.name, ?wait, "mails were not handled and are tried again");
        let keepalive = session.timings().keepalive;
        let end = Instant::now() + wait;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            sleep(rest.min(keepalive)).await;
            session.noop().await?;
            if rest <= keepalive {
                return Ok(());
            }
        }
    }

    /// Until there may be new mail.
    async fn wait(&mut self, session: &mut ImapSession) -> Result<(), ImapError> {
        let rest = self.waiting.rest(self.waiting_pause());
        let rest = rest.unwrap_or(POLL_MAX);
        if self.config.idle && session.offers("IDLE") && !session.idle_refused {
            let limit = self.idle_for.min(session.timings().idle);
            self.idle_for = limit.saturating_mul(4);
            return idle::idle(session, limit.min(rest)).await;
        }
        sleep(self.config.poll.min(POLL_MAX).min(rest)).await;
        Ok(())
    }
}
