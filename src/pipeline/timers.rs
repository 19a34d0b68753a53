//! What happens at a time: a presence is due to be told, or one that was heard is over.

use super::poison::nothing_of;
use super::{Decided, FAREWELL_WAIT, Fatal, Pipeline, ROWS_PER_PAGE, Stream, joined, or_by_defect};
use crate::core::address::MailAddress;
use crate::core::context::{Context, Write};
use crate::core::decide::decision::{Decision, PresenceUpdate};
use crate::core::decide::{AnnounceReason, Decider, Timer, lookup};
use crate::core::id::{MessageId, StanzaId};
use crate::core::language::Language;
use crate::core::limits;
use crate::core::notice;
use crate::core::presence::{Fanout, PresenceScheduler, Timing};
use crate::core::record::{Announced, Contact};
use crate::core::settings::PresenceSettings;
use crate::core::time::Timestamp;
use crate::core::to_stanza;
use crate::store::Store;
use jid::BareJid;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// How long an XMPP server that was just reached may take to say who is there, besides what its contacts need.
const ANSWERS_WAIT: Duration = Duration::from_secs(10);
/// For each contact that it is asked about.
const ANSWER_WAIT: Duration = Duration::from_millis(1);
/// How long our users are taken to be where they were while the XMPP server is gone: a restart takes less.
const ABSENCE_WAIT: Duration = Duration::from_secs(300);
/// No wait is longer than this part of the time for which contacts believe what they were told, since nothing is repeated
/// meanwhile.
const WAITS_IN_EXPIRES: u32 = 8;
/// Presences of contacts that end in one go.
const ENDS_PER_BATCH: usize = 500;
/// The longest sleep: a clock that is set is noticed after it.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// A local user and a contact.
type UserAndContact = (BareJid, MailAddress);

/// What waits for its time. All of it can be made again from the store and by asking the XMPP server.
pub(super) struct Timers {
    /// Our users.
    scheduler: PresenceScheduler,
    /// What the scheduler has given and is not told yet: some contacts at a time, so that nothing else waits for all of them.
    untold: VecDeque<Fanout>,
    /// When what users heard of contacts is over, the earliest first, and the same by user and contact.
    ends: BTreeSet<(Timestamp, UserAndContact)>,
    end_of: HashMap<UserAndContact, Timestamp>,
    /// When the XMPP server has said who is there, or has been gone for too long.
    answers_until: Option<Instant>,
    wait_max: Duration,
    is_stopped: bool,
}

impl Timers {
    pub(super) fn new(presence: &PresenceSettings) -> Self {
        Self {
            scheduler: PresenceScheduler::new(Timing {
                debounce: presence.debounce,
                spacing: presence.spacing,
                expires: presence.expires,
            }),
            untold: VecDeque::new(),
            ends: BTreeSet::new(),
            end_of: HashMap::new(),
            answers_until: None,
            wait_max: presence.expires / WAITS_IN_EXPIRES,
            is_stopped: false,
        }
    }

    /// Nothing more is told to contacts elsewhere.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Takes in what decisions say of our users.
    pub(super) fn take(&mut self, said: Vec<PresenceUpdate>) {
        let now = Instant::now().into_std();
        let refused = self.scheduler.refused();
        for one in said {
            match one {
                PresenceUpdate::Presence {
                    from,
                    contact,
                    state,
                } => self.scheduler.update(&from, &contact, state, now),
                PresenceUpdate::Again { user, contact } => {
                    self.scheduler.invalidate(&user, &contact, now)
                }
                PresenceUpdate::Forget { user, contact } => self.scheduler.remove(&user, &contact),
            }
        }
        let refused = self.scheduler.refused().saturating_sub(refused);
        if refused > 0 {
            tracing::warn!(
                stanzas = refused,
                "more presence than can be kept: not told to contacts"
            );
        }
    }

    /// Nothing more is told of this user. What the user has heard of contacts ends by itself.
    pub(super) fn forget(&mut self, user: &BareJid) {
        self.scheduler.remove_user(user);
        self.untold.retain(|fanout| fanout.user != *user);
    }

    /// Takes in what users heard of contacts.
    pub(super) fn track_expiries(&mut self, writes: &[Write]) {
        for write in writes {
            if let Write::Contact(user, mail, contact) = write {
                self.track_expiry(user, mail, contact);
            }
        }
    }

    fn track_expiry(&mut self, user: &BareJid, mail: &MailAddress, contact: &Contact) {
        let heard = contact.heard.as_ref();
        let end = heard.and_then(|heard| heard.state.as_ref().map(|_| heard.expires));
        let relation = (user.clone(), mail.clone());
        let before = match end {
            Some(end) => {
                self.ends.insert((end, relation.clone()));
                self.end_of.insert(relation.clone(), end)
            }
            None => self.end_of.remove(&relation),
        };
        if let Some(before) = before.filter(|before| Some(*before) != end) {
            self.ends.remove(&(before, relation));
        }
    }

    /// The XMPP server is there again; nobody knows who has left it meanwhile.
    pub(super) fn forget_resources(&mut self) {
        self.scheduler.forget_resources();
    }

    /// The XMPP server is gone: nothing more is said of who was there, and if it stays away, they are gone with it.
    pub(super) fn server_lost(&mut self) {
        self.scheduler.forget_resources();
        self.answers_until = Instant::now().checked_add(ABSENCE_WAIT.min(self.wait_max));
    }

    /// It was asked about so many contacts.
    pub(super) fn expect_answers(&mut self, contacts: usize) {
        let each = u32::try_from(contacts).unwrap_or(u32::MAX);
        let wait = ANSWERS_WAIT.min(self.wait_max);
        let wait = wait.saturating_add(ANSWER_WAIT.saturating_mul(each));
        self.answers_until = Instant::now().checked_add(wait);
    }

    /// When something is due; `None` where nothing is to be awaited.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let end = wall(self.ends.first().map(|(end, _)| *end));
        if self.is_stopped {
            return end;
        }
        if !self.untold.is_empty() {
            return Some(Instant::now());
        }
        let scheduled = self.scheduler.next_due().map(Instant::from_std);
        [end, scheduled, self.answers_until]
            .into_iter()
            .flatten()
            .min()
    }

    /// Asks the scheduler what is due.
    fn look(&mut self) {
        if self.is_stopped {
            return;
        }
        let now = Instant::now();
        if self.answers_until.is_some_and(|until| until <= now) {
            self.answers_until = None;
            self.scheduler.probe_done(now.into_std());
        }
        let due = self.scheduler.due(now.into_std(), Timestamp::now());
        self.tell(due);
    }

    fn tell(&mut self, fanouts: Vec<Fanout>) {
        let shares = fanouts.into_iter().flat_map(Fanout::into_shares);
        self.untold.extend(shares);
    }

    /// What is told next: at most [`limits::PRESENCE_RECIPIENTS_MAX`] contacts. Who was not to be told any more meanwhile is left
    /// out, but for who is to hear that the user is gone, whom the scheduler does not keep.
    fn next_told(&mut self) -> Vec<Fanout> {
        let (mut told, mut room) = (Vec::new(), limits::PRESENCE_RECIPIENTS_MAX);
        while let Some(next) = self.untold.front()
            && let Some(left) = room.checked_sub(next.contacts())
            && let Some(mut fanout) = self.untold.pop_front()
        {
            room = left;
            for mail in &mut fanout.mails {
                let (user, is_gone) = (&fanout.user, mail.state.is_none());
                mail.contacts
                    .retain(|contact| is_gone || self.scheduler.tells(user, contact));
            }
            told.push(fanout);
        }
        told
    }

    fn ended(&mut self, now: Timestamp) -> Vec<UserAndContact> {
        let mut over = Vec::new();
        while over.len() < ENDS_PER_BATCH
            && self.ends.first().is_some_and(|(end, _)| *end <= now)
            && let Some((_, relation)) = self.ends.pop_first()
        {
            self.end_of.remove(&relation);
            over.push(relation);
        }
        over
    }
}

/// When the clock on the wall says so; it is looked at again within a minute.
pub(super) fn wall(due: Option<Timestamp>) -> Option<Instant> {
    let wait = due?.since(Timestamp::now()).min(SLEEP_MAX);
    Instant::now().checked_add(wait)
}

/// Never, where nothing is due.
pub(super) async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

impl<S: Store> Pipeline<S> {
    /// What the last process knew.
    pub(super) async fn restore(&self, timers: &mut Timers) -> Result<(), Fatal> {
        let announced = self.announced().await?;
        let mut told: HashMap<BareJid, Vec<MailAddress>> = HashMap::new();
        let mut after: Option<UserAndContact> = None;
        loop {
            let from = after.as_ref().map(|(user, contact)| (user, contact));
            let page = self.store.contacts(from, ROWS_PER_PAGE).await?;
            after = page
                .last()
                .map(|(user, mail, _)| (user.clone(), mail.clone()));
            if after.is_none() {
                break;
            }
            let mut context = Context::new();
            for (user, mail, contact) in page {
                timers.track_expiry(&user, &mail, &contact);
                let format = |context: &Context| {
                    lookup::format_of(
                        Decider::new(&self.settings, context, Timestamp::now()),
                        &mail,
                    )
                };
                if contact.subscription.has_from()
                    && announced.contains_key(&user)
                    && let decided = self.decided(&mut context, format).await
                    && or_by_defect(decided.map(|format| format.features().presence), |_| false)?
                {
                    told.entry(user).or_default().push(mail);
                }
            }
        }
        for (user, announced) in announced {
            let contacts = told.remove(&user).unwrap_or_default();
            let (now, wall) = (Instant::now().into_std(), Timestamp::now());
            timers
                .scheduler
                .restore(&user, &announced, contacts, now, wall);
        }
        timers.server_lost();
        Ok(())
    }

    async fn announced(&self) -> Result<HashMap<BareJid, Announced>, Fatal> {
        let mut announced = HashMap::new();
        let mut after: Option<BareJid> = None;
        loop {
            let page = self.store.announced(after.as_ref(), ROWS_PER_PAGE).await?;
            after = page.last().map(|(user, _)| user.clone());
            announced.extend(page);
            if after.is_none() {
                return Ok(announced);
            }
        }
    }

    /// Does what is due.
    pub(super) async fn on_time(&self, timers: &mut Timers) -> Result<(), Fatal> {
        timers.look();
        let told = timers.next_told();
        self.tell(timers, told).await?;
        let now = Timestamp::now();
        let mut context = Context::new();
        let mut decisions = Vec::new();
        for (user, contact) in timers.ended(now) {
            let decide = |context: &Context| {
                Decider::new(&self.settings, context, now).timer(Timer::Expired(&user, &contact))
            };
            let decided = self.decided(&mut context, decide).await;
            decisions.push(or_by_defect(decided, nothing_of(&user))?);
        }
        let (writes, stanzas, _) = joined(decisions);
        if !stanzas.is_empty() {
            self.answer(stanzas, timers.is_stopped()).await;
        }
        self.commit(now, writes).await
    }

    /// In which language a user is told what nothing is decided about; where that cannot be said, in the configuration's.
    async fn language_of(&self, user: &BareJid) -> Language {
        let now = Timestamp::now();
        let decide = |context: &Context| {
            Decider::new(&self.settings, context, now)
                .about(user)
                .map(|one| one.language)
        };
        let found = self.decided(&mut Context::new(), decide).await;
        found.unwrap_or(self.settings.language)
    }

    /// Tells users how many mails were not shown to them since they were told of one. At the end everybody is told, since a
    /// new process knows nothing of it.
    pub(super) async fn tell_of_held(&self, stream: &mut Stream, is_end: bool) {
        let now = Timestamp::now();
        let due = self.quotas.lock().take_held(now, is_end);
        let gateway = self.settings.gateway.as_str();
        let mut languages = Vec::new();
        for (user, _) in &due {
            languages.push(self.language_of(user).await);
        }
        let notice = |((user, count), language): (&(BareJid, usize), Language)| {
            let key = MessageId::of_raw(format!("held at {}", now.millis()).as_bytes());
            let id = StanzaId::derive(&key, user, "");
            let body = notice::held_as_well(language, *count);
            to_stanza::notice(language, (gateway, user.as_str()), id.as_str(), &body)
        };
        let notices = due.iter().zip(languages).map(notice).collect();
        if !self.prove(stream, notices).await {
            let mut quotas = self.quotas.lock();
            for (user, count) in due {
                quotas.held(&user, count, false, now);
            }
        }
    }

    /// Asks the XMPP server for the status of those whose clients have said more of it than was written down.
    pub(super) async fn ask_for_statuses(&self) -> Result<(), Fatal> {
        let now = Timestamp::now();
        let due = self.quotas.lock().take_unheard(now);
        let (mut stanzas, mut writes) = (Vec::new(), Vec::new());
        for user in due {
            let decide = |context: &Context| {
                Decider::new(&self.settings, context, now).timer(Timer::Status(&user))
            };
            let asked = self.decided(&mut Context::new(), decide).await;
            let asked = or_by_defect(asked, nothing_of(&user))?;
            stanzas.extend(asked.stanzas);
            writes.extend(asked.writes);
        }
        self.commit(now, writes).await?;
        if !stanzas.is_empty() {
            self.answer(stanzas, false).await;
        }
        Ok(())
    }

    /// Sends what there is to say of every contact; answers how many contacts there are.
    pub(super) async fn announce(&self, why: AnnounceReason) -> Result<usize, Fatal> {
        let mut after: Option<(BareJid, MailAddress)> = None;
        let (now, mut count) = (Timestamp::now(), 0_usize);
        let mut last: Option<BareJid> = None;
        loop {
            let from = after.as_ref().map(|(user, mail)| (user, mail));
            let page = self.store.contacts(from, ROWS_PER_PAGE).await?;
            count = count.saturating_add(page.len());
            let mut context = Context::new();
            let (mut stanzas, mut writes) = (Vec::new(), Vec::new());
            for (user, mail, contact) in &page {
                let relation = (user, mail, contact);
                let is_first = last.as_ref() != Some(user);
                if is_first && why == AnnounceReason::Back {
                    let decide = |context: &Context| {
                        Decider::new(&self.settings, context, now).timer(Timer::Status(user))
                    };
                    let status = self.decided(&mut context, decide).await;
                    let status = or_by_defect(status, nothing_of(user))?;
                    stanzas.extend(status.stanzas);
                    writes.extend(status.writes);
                }
                last = Some(user.clone());
                let decide = |context: &Context| {
                    Decider::new(&self.settings, context, now).timer(Timer::Server(why, relation))
                };
                let words = self.decided(&mut context, decide).await;
                let words = or_by_defect(words, nothing_of(user))?;
                stanzas.extend(words.stanzas);
            }
            if !writes.is_empty() {
                self.commit(now, writes).await?;
            }
            if !stanzas.is_empty() {
                self.answer(stanzas, why == AnnounceReason::Left).await;
            }
            match page.into_iter().next_back() {
                Some((user, mail, _)) => after = Some((user, mail)),
                None => return Ok(count),
            }
        }
    }

    /// Contacts elsewhere are told that our users go; then no more mails are sent.
    pub(super) async fn leave(&self, timers: &mut Timers) -> Result<(), Fatal> {
        timers.is_stopped = true;
        let farewells = timers.scheduler.farewell(Timestamp::now());
        timers.tell(farewells);
        let has_farewells = self.queue.send_drafts().await > 0 || !timers.untold.is_empty();
        while !timers.untold.is_empty() {
            let told = timers.next_told();
            self.tell(timers, told).await?;
        }
        let (queue, stop_sending) = (self.queue.clone(), self.stop_sending.clone());
        tokio::spawn(async move {
            if has_farewells && !queue.drained(FAREWELL_WAIT).await {
                tracing::info!("some mails stay in the spool; they are sent at the next start");
            }
            stop_sending.cancel();
        });
        Ok(())
    }

    /// A presence that finds no room in the spool is told with the next change, or when it is refreshed.
    async fn tell(&self, timers: &mut Timers, fanouts: Vec<Fanout>) -> Result<(), Fatal> {
        let now = Timestamp::now();
        let mut context = Context::new();
        let mut decided = Vec::with_capacity(fanouts.len());
        for mut fanout in fanouts {
            self.leave_people_out(timers, &mut context, &mut fanout)
                .await?;
            let decide = |context: &Context| {
                Decider::new(&self.settings, context, now).timer(Timer::Announce(&fanout))
            };
            let made = self.decided(&mut context, decide).await;
            let decision = or_by_defect(made, nothing_of(&fanout.user))?;
            super::log_notes(&decision);
            decided.push(Decided {
                decision,
                refusal: Some(Decision::nothing()),
            });
        }
        let (decided, spool) = self.accept(decided).await;
        let (writes, ..) = joined(decided);
        self.commit(now, writes).await?;
        spool
    }

    /// A contact may have become one with a mail program since it was first told.
    async fn leave_people_out(
        &self,
        timers: &mut Timers,
        context: &mut Context,
        fanout: &mut Fanout,
    ) -> Result<(), Fatal> {
        for mail in &mut fanout.mails {
            let contacts = std::mem::take(&mut mail.contacts);
            let formats = |context: &Context| {
                let decider = Decider::new(&self.settings, context, Timestamp::now());
                Context::all(&contacts, |contact| lookup::format_of(decider, contact))
            };
            let formats = self.decided(context, formats).await;
            let formats = or_by_defect(formats, nothing_of(&fanout.user))?;
            for (contact, format) in contacts.into_iter().zip(formats) {
                match format.features().presence {
                    true => mail.contacts.push(contact),
                    false => timers.scheduler.remove(&fanout.user, &contact),
                }
            }
        }
        fanout.mails.retain(|mail| !mail.contacts.is_empty());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::{Heard, PresenceState};
    use crate::core::time::clock;
    use std::cell::Cell;
    use std::rc::Rc;

    /// A18: the end of a presence is told once, by the wall clock, which is looked at again within a minute.
    #[tokio::test]
    async fn a18_a_clock_that_jumps_ends_no_presence_twice_and_makes_none_wait_without_looking() {
        let wall = Rc::new(Cell::new(Timestamp::from_secs(1_790_000_000)));
        let reading = Rc::clone(&wall);
        clock::set(move || reading.get());
        let mut timers = Timers::new(&PresenceSettings::default());
        let hour = Duration::from_secs(3600);
        let heard = Heard {
            sequence: wall.get(),
            expires: wall.get().plus(hour),
            state: Some(PresenceState::default()),
        };
        let contact = Contact {
            heard: Some(heard),
            ..Contact::default()
        };
        let (user, mail): UserAndContact = (
            "alice@a.example".parse().unwrap(),
            "bob@b.example".parse().unwrap(),
        );
        let day = 24 * 3600;
        let soon = || Instant::now() + SLEEP_MAX;
        timers.track_expiries(&[Write::Contact(user.clone(), mail.clone(), contact.clone())]);
        assert!(timers.next_due().is_some_and(|due| due <= soon()));
        for (jump, ends) in [(-day, 0), (-day, 0), (3 * day, 1), (-2 * day, 0), (day, 0)] {
            let then = wall.get().millis() + jump * 1000;
            wall.set(Timestamp::from_millis(then));
            let is_looked_at = timers.next_due().is_none_or(|due| due <= soon());
            assert!(is_looked_at, "{jump}");
            assert_eq!(timers.ended(wall.get()).len(), ends, "{jump}");
            timers.look();
            assert!(timers.next_told().is_empty());
        }
    }

    /// Ten thousand contacts that are told by a mail each are told some at a time, and nobody whom the user took leave of
    /// meanwhile.
    #[test]
    fn many_contacts_are_told_some_at_a_time() {
        let mut timers = Timers::new(&PresenceSettings::default());
        let user: BareJid = "alice@a.example".parse().unwrap();
        let address = |number: usize| MailAddress::parse(&format!("c@d{number}.example")).unwrap();
        let from = "alice@a.example/phone".parse().unwrap();
        let now = Instant::now().into_std();
        for number in 0..2_500 {
            let state = Some(PresenceState::default());
            timers.scheduler.update(&from, &address(number), state, now);
        }
        let later = now + Duration::from_secs(3600);
        let due = timers.scheduler.due(later, Timestamp::now());
        timers.tell(due);
        assert!(timers.next_due().is_some_and(|due| due <= Instant::now()));
        let told = |timers: &mut Timers| {
            let told = timers.next_told();
            let contacts: usize = told.iter().map(Fanout::contacts).sum();
            let remembered = told.iter().filter(|one| one.announced.is_some()).count();
            (contacts, remembered)
        };
        assert_eq!(told(&mut timers), (1_000, 0));
        let waits = timers.untold[0].mails[0].contacts[0].clone();
        timers.scheduler.remove(&user, &waits);
        assert_eq!(told(&mut timers), (999, 0));
        assert_eq!(told(&mut timers), (500, 1));
        assert_eq!(told(&mut timers), (0, 0));

        let farewell = timers.scheduler.farewell(Timestamp::now());
        timers.tell(farewell);
        assert_eq!(
            told(&mut timers),
            (1_000, 0),
            "who the scheduler does not keep"
        );
        timers.forget(&user);
        assert_eq!(told(&mut timers), (0, 0), "a user who is forgotten");
    }
}
