//! The scheduler of the local users' presence towards contacts at other gateways: which mail is due to whom, and when.
//!
//! An XMPP server sends one presence stanza for each resource of a user and each contact, a thousand for one change where
//! the user has a thousand contacts. Mail must not: one mail goes to each mail domain with all its contacts in the
//! envelope, the last state within [`Timing::debounce`] wins, and one mail goes to a domain in [`Timing::spacing`], but
//! that `unavailable` is never held up beyond the debounce. Each says until when it holds, and is repeated before that.
//! (Where the admin has not said that one gateway serves a domain, `decide::roster::presence` makes a mail for each.)
//!
//! What was said is kept for each contact by itself: a user who blocks one contact (XEP-0191) or shows itself to one only
//! (RFC 6121 §4.6) is not gone, or there, for the others. Where several resources of a user are there, the contact sees
//! the one with the highest priority, then the most available, then the one that spoke last (RFC 6121 §4.7.2.3 and §8.5.2
//! leave that to the server).
//!
//! A pure state machine: the time comes in. [`Instant`] says when something is due, [`Timestamp`] is what contacts read.

mod domain_batch;
mod fanout;
mod pool;
#[cfg(test)]
mod tests;

use crate::core::address::MailAddress;
use crate::core::limits;
use crate::core::record::{Announced, PresenceState};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use domain_batch::{BatchedContact, DomainBatch, Resource};
use fanout::announcements;
pub use fanout::{Announcement, Fanout};
use jid::{BareJid, Jid};
use pool::Pool;
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The generation of what is only remembered from before a restart: older than all that is said.
const REMEMBERED: u32 = 0;

/// How presence is spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long a change waits for the next one, which replaces it.
    pub debounce: Duration,
    /// At most one mail for each user and mail domain in this time; `unavailable` does not wait for it.
    pub spacing: Duration,
    /// How long a mail holds. It is repeated after three quarters of that, up to a tenth earlier: at another moment for
    /// each user.
    pub expires: Duration,
}

/// See the module.
#[derive(Debug)]
pub struct PresenceScheduler {
    timing: Timing,
    users: BTreeMap<BareJid, User>,
    /// When which batch is next due.
    agenda: BTreeSet<DueSlot>,
    states: Pool<PresenceState>,
    names: Pool<str>,
    /// Contacts of all users, and their resources.
    load: usize,
    /// Counts what was said.
    order: u64,
    /// The connection to the XMPP server.
    generation: u32,
    /// Everybody who was probed has answered or will not.
    is_settled: bool,
    /// The highest number that a user had of whom nothing is kept.
    floor: Timestamp,
    refused: u64,
}

/// A moment, the user, the mail domain.
type DueSlot = (Instant, BareJid, Box<str>);

/// Of a user with contacts.
#[derive(Debug)]
struct User {
    /// By mail domain.
    batches: BTreeMap<Box<str>, DomainBatch>,
    /// Contacts, and their resources.
    load: usize,
    /// Of the last mail.
    sequence: Timestamp,
    /// Until when the last mail holds that did not say `unavailable`.
    expires: Timestamp,
}

impl PresenceScheduler {
    /// An empty scheduler.
    pub fn new(timing: Timing) -> Self {
        Self {
            timing,
            users: BTreeMap::new(),
            agenda: BTreeSet::new(),
            states: Pool::default(),
            names: Pool::default(),
            load: 0,
            order: 0,
            generation: REMEMBERED.saturating_add(1),
            is_settled: true,
            floor: Timestamp::default(),
            refused: 0,
        }
    }

    /// A presence stanza of a user's resource to one contact, who is at another gateway and has the user's subscription
    /// `from`. `None`: unavailable; from a bare JID, all its resources are.
    ///
    /// What would be too much ([`limits::PRESENCE_LOAD_MAX`] and others) is not taken, and counted in
    /// [`PresenceScheduler::refused`]. A status is cut at [`limits::PRESENCE_STATUS_OCTETS_MAX`].
    pub fn update(
        &mut self,
        from: &Jid,
        contact: &MailAddress,
        state: Option<PresenceState>,
        now: Instant,
    ) {
        let user = from.to_bare();
        let name = from.resource().map(|resource| resource.as_str());
        let Some(state) = state else {
            if self.contact(&user, contact).is_some() {
                self.edit(&user, contact, now, None, |contact| {
                    contact.falls_silent(name);
                });
            }
            return;
        };
        if !self.has_room(&user, contact, name) {
            self.refused = self.refused.saturating_add(1);
            return;
        }
        self.order = self.order.saturating_add(1);
        let resource = Resource {
            name: name.map(|name| self.names.share(name)),
            state: self.states.share(shortened(state)),
            generation: self.generation,
            order: self.order,
        };
        self.edit(&user, contact, now, None, |contact| {
            contact.speaks(resource);
        });
    }

    /// The contact no longer gets the user's presence: nothing more is sent to it, not even `unavailable`.
    pub fn remove(&mut self, user: &BareJid, contact: &MailAddress) {
        let batch = self
            .users
            .get_mut(user)
            .and_then(|known| known.batches.get_mut(contact.domain()));
        if let Some(batch) = batch {
            let before = batch.load();
            batch.remove(contact);
            self.weigh(user, contact.domain(), before);
            self.plan(user, contact.domain(), None);
        }
    }

    /// Nothing is known of this user any more, and nobody is told anything, not even `unavailable`: what was told is over when its
    /// time is.
    pub fn remove_user(&mut self, user: &BareJid) {
        let Some(known) = self.users.remove(user) else {
            return;
        };
        for (domain, batch) in known.batches {
            if let Some(at) = batch.scheduled {
                self.agenda.remove(&(at, user.clone(), domain));
            }
        }
        self.load = self.load.saturating_sub(known.load);
        self.floor = self.floor.max(known.sequence);
    }

    /// The contact no longer knows what it was told: where the user is available, it hears so again.
    pub fn invalidate(&mut self, user: &BareJid, contact: &MailAddress, now: Instant) {
        let known = self.contact(user, contact);
        if known.is_some_and(|contact| contact.folded().is_some()) {
            self.edit(user, contact, now, None, |contact| contact.told = None);
        }
    }

    /// What the contact is to see of the user now.
    #[cfg(test)]
    fn state_of(&self, user: &BareJid, contact: &MailAddress) -> Option<PresenceState> {
        let state = self.contact(user, contact)?.folded()?;
        Some(PresenceState::clone(state))
    }

    /// Higher than every number before, whatever the clock says.
    fn next_sequence(&self, user: &BareJid, wall: Timestamp) -> Timestamp {
        let last = self.users.get(user).map_or(self.floor, |it| it.sequence);
        wall.max(last.plus(Duration::from_millis(1)))
    }

    /// At start: what the user's contacts were told before this process. All of `contacts` are taken to have been told
    /// the same; nothing is sent to them before [`PresenceScheduler::probe_done`] unless the user says something else.
    pub fn restore(
        &mut self,
        user: &BareJid,
        announced: &Announced,
        contacts: impl IntoIterator<Item = MailAddress>,
        now: Instant,
        wall: Timestamp,
    ) {
        self.is_settled = false;
        self.floor = self.floor.max(announced.sequence);
        let state = announced.state.clone();
        let Some(state) = state.filter(|_| announced.expires > wall) else {
            return;
        };
        let state = self.states.share(state);
        let age = wall.since(announced.at);
        let refresh = later(now, self.refresh(user).saturating_sub(age));
        for contact in contacts {
            if !self.has_room(user, &contact, None) {
                self.refused = self.refused.saturating_add(1);
                continue;
            }
            let state = Arc::clone(&state);
            self.edit(user, &contact, now, Some(refresh), |contact| {
                remember(contact, state);
            });
        }
        if let Some(known) = self.users.get_mut(user) {
            known.sequence = known.sequence.max(announced.sequence);
            known.expires = known.expires.max(announced.expires);
        }
    }

    /// The XMPP server is connected anew and everybody is probed: who spoke so far counts until [`PresenceScheduler::probe_done`], and
    /// afterwards only if it has spoken again. Until then nothing is repeated, since it is only remembered.
    pub fn forget_resources(&mut self) {
        self.generation = self.generation.saturating_add(1);
        self.is_settled = false;
    }

    /// Who was probed and has not answered by now is gone.
    pub fn probe_done(&mut self, now: Instant) {
        self.is_settled = true;
        let mut batches = Vec::new();
        for (user, known) in &mut self.users {
            for (domain, batch) in &mut known.batches {
                let before = batch.load();
                batch.probe_done(self.generation, now);
                batches.push((user.clone(), domain.clone(), before));
            }
        }
        for (user, domain, before) in batches {
            self.weigh(&user, &domain, before);
            self.plan(&user, &domain, Some(now));
        }
    }

    /// When [`PresenceScheduler::due`] next has something to do. It may turn out to be no mail.
    pub fn next_due(&self) -> Option<Instant> {
        self.agenda.first().map(|(at, ..)| *at)
    }

    /// What is to be mailed now, by user; taken as sent.
    pub fn due(&mut self, now: Instant, wall: Timestamp) -> Vec<Fanout> {
        let mut mails: BTreeMap<BareJid, Vec<Announcement>> = BTreeMap::new();
        for (_, user, domain) in self.take_slots(now) {
            let of_batch = self.mail(&user, &domain, now);
            if !of_batch.is_empty() {
                mails.entry(user).or_default().extend(of_batch);
            }
        }
        mails
            .into_iter()
            .map(|(user, mails)| self.fanout(user, mails, Some(now), wall))
            .collect()
    }

    /// At stop: `unavailable` for all who believe a user to be available. The scheduler is empty afterwards.
    pub fn farewell(&mut self, wall: Timestamp) -> Vec<Fanout> {
        let mut mails = Vec::new();
        for (user, known) in std::mem::take(&mut self.users) {
            self.floor = self.floor.max(known.sequence);
            let of_user: Vec<_> = known
                .batches
                .iter()
                .flat_map(|(domain, batch)| {
                    let told = batch.contacts().filter(|(_, one)| one.told.is_some());
                    let contacts = told.map(|(address, _)| address.clone()).collect();
                    announcements(domain, None, contacts)
                })
                .collect();
            mails.push((user, of_user));
        }
        self.agenda.clear();
        self.load = 0;
        mails
            .into_iter()
            .filter(|(_, mails)| !mails.is_empty())
            .map(|(user, mails)| self.fanout(user, mails, None, wall))
            .collect()
    }

    /// How many stanzas were not taken because it would have been too much.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Whether the contact gets the user's presence.
    pub fn tells(&self, user: &BareJid, contact: &MailAddress) -> bool {
        self.contact(user, contact).is_some()
    }

    fn contact(&self, user: &BareJid, contact: &MailAddress) -> Option<&BatchedContact> {
        let batch = self.users.get(user)?.batches.get(contact.domain())?;
        batch.contact(contact)
    }

    /// Whether this resource of the user may be kept for this contact.
    fn has_room(&self, user: &BareJid, contact: &MailAddress, name: Option<&str>) -> bool {
        let known = self.contact(user, contact);
        if known.is_some_and(|contact| contact.knows(name)) {
            return true;
        }
        let of_user = self.users.get(user).map_or(0, |known| known.load);
        known.map_or(0, BatchedContact::resources) < limits::PRESENCE_RESOURCES_MAX
            && of_user < limits::PRESENCE_USER_LOAD_MAX
            && self.load < limits::PRESENCE_LOAD_MAX
    }

    /// Changes one contact of one user; what it is told, it hears again by `refresh`.
    fn edit(
        &mut self,
        user: &BareJid,
        contact: &MailAddress,
        now: Instant,
        refresh: Option<Instant>,
        edit: impl FnOnce(&mut BatchedContact),
    ) {
        let floor = self.floor;
        let known = match self.users.get_mut(user) {
            Some(known) => known,
            None => self.users.entry(user.clone()).or_insert(User {
                batches: BTreeMap::new(),
                load: 0,
                sequence: floor,
                expires: Timestamp::default(),
            }),
        };
        let batch = match known.batches.get_mut(contact.domain()) {
            Some(batch) => batch,
            None => known.batches.entry(contact.domain().into()).or_default(),
        };
        let before = batch.load();
        batch.edit(contact, now, edit);
        if let Some(refresh) = refresh {
            batch.refresh_by(refresh);
        }
        self.weigh(user, contact.domain(), before);
        self.plan(user, contact.domain(), None);
    }

    /// Keeps the sums over a batch that weighed `before`.
    fn weigh(&mut self, user: &BareJid, domain: &str, before: usize) {
        let Some(known) = self.users.get_mut(user) else {
            return;
        };
        let after = known.batches.get(domain).map_or(0, DomainBatch::load);
        known.load = known.load.saturating_sub(before).saturating_add(after);
        self.load = self.load.saturating_sub(before).saturating_add(after);
    }

    /// Puts a batch where it belongs in the agenda, or drops it where nothing of it is needed any more.
    fn plan(&mut self, user: &BareJid, domain: &str, now: Option<Instant>) {
        let Some(known) = self.users.get_mut(user) else {
            return;
        };
        let Some(batch) = known.batches.get_mut(domain) else {
            return;
        };
        let is_over = batch.is_over(now);
        let due = batch.due(self.timing, self.is_settled).filter(|_| !is_over);
        if due != batch.scheduled {
            if let Some(at) = batch.scheduled {
                self.agenda.remove(&(at, user.clone(), domain.into()));
            }
            if let Some(at) = due {
                self.agenda.insert((at, user.clone(), domain.into()));
            }
            batch.scheduled = due;
        }
        if is_over {
            known.batches.remove(domain);
        }
        if known.batches.is_empty() {
            self.floor = self.floor.max(known.sequence);
            self.users.remove(user);
        }
    }

    fn take_slots(&mut self, now: Instant) -> Vec<DueSlot> {
        let mut slots = Vec::new();
        while self.agenda.first().is_some_and(|(at, ..)| *at <= now) {
            slots.extend(self.agenda.pop_first());
        }
        slots
    }

    /// What is due of one batch, which is no longer in the agenda.
    fn mail(&mut self, user: &BareJid, domain: &str, now: Instant) -> Vec<Announcement> {
        let refresh = self.refresh(user);
        let batch = self
            .users
            .get_mut(user)
            .and_then(|known| known.batches.get_mut(domain));
        let Some(batch) = batch else {
            return Vec::new();
        };
        batch.scheduled = None;
        let before = batch.load();
        let mut mailing = batch.mail(now, self.timing, self.is_settled, refresh);
        mailing.sort_by_key(|(state, _)| state.is_some());
        self.weigh(user, domain, before);
        self.plan(user, domain, Some(now));
        mailing
            .into_iter()
            .flat_map(|(state, contacts)| announcements(domain, state.as_deref(), contacts))
            .collect()
    }

    /// Numbers the mails of one user.
    fn fanout(
        &mut self,
        user: BareJid,
        mails: Vec<Announcement>,
        now: Option<Instant>,
        wall: Timestamp,
    ) -> Fanout {
        let sequence = self.next_sequence(&user, wall);
        let expires = wall.plus(self.timing.expires);
        let at = now.map_or(wall, |now| self.oldest(&user, now, wall));
        let (mut state, mut held) = (None, expires);
        match self.users.get_mut(&user) {
            Some(known) => {
                known.sequence = sequence;
                if mails.iter().any(|mail| mail.state.is_some()) {
                    known.expires = expires;
                }
                state = known.mostly_told();
                if state.is_some() {
                    held = known.expires;
                }
            }
            None => self.floor = sequence,
        }
        let announced = Announced {
            sequence,
            at,
            expires: held,
            state,
        };
        Fanout {
            user,
            sequence,
            expires,
            mails,
            announced: Some(announced),
        }
    }

    /// When that mail went which is the next to be repeated; now where there is none.
    fn oldest(&self, user: &BareJid, now: Instant, wall: Timestamp) -> Timestamp {
        let batches = self.users.get(user).map(|known| known.batches.values());
        let next = batches.and_then(|batches| batches.filter_map(DomainBatch::refresh_at).min());
        let Some(next) = next else {
            return wall;
        };
        let left = next.saturating_duration_since(now);
        let age = self.refresh(user).saturating_sub(left);
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(wall.millis().saturating_sub(age))
    }

    /// How long after a mail the next one says the same: three quarters of what it holds, up to a tenth earlier.
    fn refresh(&self, user: &BareJid) -> Duration {
        let hash = Sha256::digest(user.as_str().as_bytes());
        let number = hash.iter().take(4).fold(0_u64, |number, octet| {
            number.saturating_mul(256).saturating_add(u64::from(*octet))
        });
        let permille = 1000_u64.saturating_sub(number % 101);
        let millis = u64::try_from(self.timing.expires.as_millis()).unwrap_or(u64::MAX);
        let millis = (millis / 4).saturating_mul(3) / 1000;
        Duration::from_millis(millis.saturating_mul(permille)).max(Duration::from_secs(1))
    }
}

impl User {
    /// What most of those contacts were told who believe the user to be available. One that was told something else is
    /// told the right thing at the next change or repetition; one that was told `unavailable` by itself is told it again
    /// after a restart, which is better than one that is never told.
    fn mostly_told(&self) -> Option<PresenceState> {
        let mut counts: HashMap<&PresenceState, (usize, Reverse<usize>)> = HashMap::new();
        let contacts = self.batches.values().flat_map(DomainBatch::contacts);
        let told = contacts.filter_map(|(_, contact)| contact.told.as_deref());
        for (place, state) in told.enumerate() {
            let count = counts.entry(state).or_insert((0, Reverse(place)));
            count.0 = count.0.saturating_add(1);
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        most.map(|(state, _)| state.clone())
    }
}

/// What a contact was told before a restart holds until the user says something.
fn remember(contact: &mut BatchedContact, state: Arc<PresenceState>) {
    contact.told = Some(Arc::clone(&state));
    if contact.resources() == 0 {
        contact.speaks(Resource {
            name: None,
            state,
            generation: REMEMBERED,
            order: 0,
        });
    }
}

fn shortened(mut state: PresenceState) -> PresenceState {
    let max = limits::PRESENCE_STATUS_OCTETS_MAX;
    if let Some(status) = state.status.as_mut().filter(|status| status.len() > max) {
        *status = clean::cut(status, max).to_owned();
    }
    state
}

/// `at` plus `by`, or `at` where no clock goes that far.
fn later(at: Instant, by: Duration) -> Instant {
    at.checked_add(by).unwrap_or(at)
}
