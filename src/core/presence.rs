//! The board of the local users' presence towards contacts at other gateways: which mail is due to whom, and when.
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

mod lane;
mod pool;
#[cfg(test)]
mod tests;

use crate::core::address::MailAddress;
use crate::core::limits;
use crate::core::record::{Announced, PresenceState};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use jid::{BareJid, Jid};
use lane::{Contact, Lane, Resource};
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

/// All mails of one user that are due at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fanout {
    /// Whose presence.
    pub user: BareJid,
    /// Its number, higher than that of every mail before; the same in all these mails.
    pub sequence: Timestamp,
    /// Until when the mails hold.
    pub expires: Timestamp,
    /// At least one, as the board gives it.
    pub mails: Vec<Announcement>,
    /// What to remember for [`Board::restore`], to be made durable together with the mails. Contacts that were told at
    /// different times are one here: `at` is of the first, so that it is repeated in time, `expires` of the last.
    pub announced: Announced,
}

/// One mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Where it goes.
    pub domain: String,
    /// `None`: unavailable.
    pub state: Option<PresenceState>,
    /// Its recipients, all of this domain: at least one, at most [`limits::PRESENCE_RECIPIENTS_MAX`].
    pub contacts: Vec<MailAddress>,
}

/// See the module.
#[derive(Debug)]
pub struct Board {
    timing: Timing,
    users: BTreeMap<BareJid, User>,
    /// When which lane is next due.
    agenda: BTreeSet<Slot>,
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
type Slot = (Instant, BareJid, Box<str>);

/// Of a user with contacts.
#[derive(Debug)]
struct User {
    /// By mail domain.
    lanes: BTreeMap<Box<str>, Lane>,
    /// Contacts, and their resources.
    load: usize,
    /// Of the last mail.
    sequence: Timestamp,
    /// Until when the last mail holds that did not say `unavailable`.
    expires: Timestamp,
}

impl Board {
    /// An empty board.
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
    /// [`Board::refused`]. A status is cut at [`limits::PRESENCE_STATUS_OCTETS_MAX`].
    pub fn said(
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
    pub fn forget(&mut self, user: &BareJid, contact: &MailAddress) {
        let lane = self
            .users
            .get_mut(user)
            .and_then(|known| known.lanes.get_mut(contact.domain()));
        if let Some(lane) = lane {
            let before = lane.load();
            lane.forget(contact);
            self.weigh(user, contact.domain(), before);
            self.plan(user, contact.domain(), None);
        }
    }

    /// Nothing is known of this user any more, and nobody is told anything, not even `unavailable`: what was told is over when its
    /// time is.
    pub fn forget_user(&mut self, user: &BareJid) {
        let Some(known) = self.users.remove(user) else {
            return;
        };
        for (domain, lane) in known.lanes {
            if let Some(at) = lane.scheduled {
                self.agenda.remove(&(at, user.clone(), domain));
            }
        }
        self.load = self.load.saturating_sub(known.load);
        self.floor = self.floor.max(known.sequence);
    }

    /// The contact no longer knows what it was told: where the user is available, it hears so again.
    pub fn again(&mut self, user: &BareJid, contact: &MailAddress, now: Instant) {
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
    /// the same; nothing is sent to them before [`Board::settle`] unless the user says something else.
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

    /// The XMPP server is connected anew and everybody is probed: who spoke so far counts until [`Board::settle`], and
    /// afterwards only if it has spoken again. Until then nothing is repeated, since it is only remembered.
    pub fn forget_resources(&mut self) {
        self.generation = self.generation.saturating_add(1);
        self.is_settled = false;
    }

    /// Who was probed and has not answered by now is gone.
    pub fn settle(&mut self, now: Instant) {
        self.is_settled = true;
        let mut lanes = Vec::new();
        for (user, known) in &mut self.users {
            for (domain, lane) in &mut known.lanes {
                let before = lane.load();
                lane.settle(self.generation, now);
                lanes.push((user.clone(), domain.clone(), before));
            }
        }
        for (user, domain, before) in lanes {
            self.weigh(&user, &domain, before);
            self.plan(&user, &domain, Some(now));
        }
    }

    /// When [`Board::due`] next has something to do. It may turn out to be no mail.
    pub fn next_due(&self) -> Option<Instant> {
        self.agenda.first().map(|(at, ..)| *at)
    }

    /// What is to be mailed now, by user; taken as sent.
    pub fn due(&mut self, now: Instant, wall: Timestamp) -> Vec<Fanout> {
        let mut mails: BTreeMap<BareJid, Vec<Announcement>> = BTreeMap::new();
        for (_, user, domain) in self.take_slots(now) {
            let of_lane = self.mail(&user, &domain, now);
            if !of_lane.is_empty() {
                mails.entry(user).or_default().extend(of_lane);
            }
        }
        mails
            .into_iter()
            .map(|(user, mails)| self.fanout(user, mails, Some(now), wall))
            .collect()
    }

    /// At stop: `unavailable` for all who believe a user to be available. The board is empty afterwards.
    pub fn farewell(&mut self, wall: Timestamp) -> Vec<Fanout> {
        let mut mails = Vec::new();
        for (user, known) in std::mem::take(&mut self.users) {
            self.floor = self.floor.max(known.sequence);
            let of_user: Vec<_> = known
                .lanes
                .iter()
                .flat_map(|(domain, lane)| {
                    let told = lane.contacts().filter(|(_, one)| one.told.is_some());
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

    fn contact(&self, user: &BareJid, contact: &MailAddress) -> Option<&Contact> {
        let lane = self.users.get(user)?.lanes.get(contact.domain())?;
        lane.contact(contact)
    }

    /// Whether this resource of the user may be kept for this contact.
    fn has_room(&self, user: &BareJid, contact: &MailAddress, name: Option<&str>) -> bool {
        let known = self.contact(user, contact);
        if known.is_some_and(|contact| contact.knows(name)) {
            return true;
        }
        let of_user = self.users.get(user).map_or(0, |known| known.load);
        known.map_or(0, Contact::resources) < limits::PRESENCE_RESOURCES_MAX
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
        edit: impl FnOnce(&mut Contact),
    ) {
        let floor = self.floor;
        let known = match self.users.get_mut(user) {
            Some(known) => known,
            None => self.users.entry(user.clone()).or_insert(User {
                lanes: BTreeMap::new(),
                load: 0,
                sequence: floor,
                expires: Timestamp::default(),
            }),
        };
        let lane = match known.lanes.get_mut(contact.domain()) {
            Some(lane) => lane,
            None => known.lanes.entry(contact.domain().into()).or_default(),
        };
        let before = lane.load();
        lane.edit(contact, now, edit);
        if let Some(refresh) = refresh {
            lane.refresh_by(refresh);
        }
        self.weigh(user, contact.domain(), before);
        self.plan(user, contact.domain(), None);
    }

    /// Keeps the sums over a lane that weighed `before`.
    fn weigh(&mut self, user: &BareJid, domain: &str, before: usize) {
        let Some(known) = self.users.get_mut(user) else {
            return;
        };
        let after = known.lanes.get(domain).map_or(0, Lane::load);
        known.load = known.load.saturating_sub(before).saturating_add(after);
        self.load = self.load.saturating_sub(before).saturating_add(after);
    }

    /// Puts a lane where it belongs in the agenda, or drops it where nothing of it is needed any more.
    fn plan(&mut self, user: &BareJid, domain: &str, now: Option<Instant>) {
        let Some(known) = self.users.get_mut(user) else {
            return;
        };
        let Some(lane) = known.lanes.get_mut(domain) else {
            return;
        };
        let is_over = lane.is_over(now);
        let due = lane.due(self.timing, self.is_settled).filter(|_| !is_over);
        if due != lane.scheduled {
            if let Some(at) = lane.scheduled {
                self.agenda.remove(&(at, user.clone(), domain.into()));
            }
            if let Some(at) = due {
                self.agenda.insert((at, user.clone(), domain.into()));
            }
            lane.scheduled = due;
        }
        if is_over {
            known.lanes.remove(domain);
        }
        if known.lanes.is_empty() {
            self.floor = self.floor.max(known.sequence);
            self.users.remove(user);
        }
    }

    fn take_slots(&mut self, now: Instant) -> Vec<Slot> {
        let mut slots = Vec::new();
        while self.agenda.first().is_some_and(|(at, ..)| *at <= now) {
            slots.extend(self.agenda.pop_first());
        }
        slots
    }

    /// What is due of one lane, which is no longer in the agenda.
    fn mail(&mut self, user: &BareJid, domain: &str, now: Instant) -> Vec<Announcement> {
        let refresh = self.refresh(user);
        let lane = self
            .users
            .get_mut(user)
            .and_then(|known| known.lanes.get_mut(domain));
        let Some(lane) = lane else {
            return Vec::new();
        };
        lane.scheduled = None;
        let before = lane.load();
        let mut mailing = lane.mail(now, self.timing, self.is_settled, refresh);
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
            announced,
        }
    }

    /// When that mail went which is the next to be repeated; now where there is none.
    fn oldest(&self, user: &BareJid, now: Instant, wall: Timestamp) -> Timestamp {
        let lanes = self.users.get(user).map(|known| known.lanes.values());
        let next = lanes.and_then(|lanes| lanes.filter_map(Lane::refresh_at).min());
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
        let contacts = self.lanes.values().flat_map(Lane::contacts);
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
fn remember(contact: &mut Contact, state: Arc<PresenceState>) {
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

/// One mail for each [`limits::PRESENCE_RECIPIENTS_MAX`] contacts.
fn announcements(
    domain: &str,
    state: Option<&PresenceState>,
    contacts: Vec<MailAddress>,
) -> Vec<Announcement> {
    contacts
        .chunks(limits::PRESENCE_RECIPIENTS_MAX)
        .map(|contacts| Announcement {
            domain: domain.to_owned(),
            state: state.cloned(),
            contacts: contacts.to_vec(),
        })
        .collect()
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
