//! One user's contacts at one mail domain: what each was told, what it is to be told, and when the next mail may go.

use super::{Timing, later};
use crate::core::address::MailAddress;
use crate::core::record::{PresenceState, Show};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What one of the user's resources said to one contact.
#[derive(Debug)]
pub(super) struct Resource {
    /// `None` for the user's bare JID, and for what is only remembered from before a restart.
    pub(super) name: Option<Arc<str>>,
    pub(super) state: Arc<PresenceState>,
    /// The connection to the XMPP server on which it was said.
    pub(super) generation: u32,
    /// Counts what was said, whoever said it.
    pub(super) order: u64,
}

/// One contact of one user.
#[derive(Debug, Default)]
pub(super) struct BatchedContact {
    /// `None`: unavailable, or nothing yet, which means the same to it.
    pub(super) told: Option<Arc<PresenceState>>,
    resources: Vec<Resource>,
}

impl BatchedContact {
    /// A resource is available.
    pub(super) fn speaks(&mut self, resource: Resource) {
        self.resources
            .retain(|known| known.name.as_deref() != resource.name.as_deref());
        // Most users have one resource, and a vector that grows by itself begins with room for four.
        self.resources.reserve_exact(1);
        self.resources.push(resource);
    }

    /// A resource is unavailable; without a name, all of them are.
    pub(super) fn falls_silent(&mut self, name: Option<&str>) {
        self.resources
            .retain(|known| name.is_some() && known.name.as_deref() != name);
    }

    /// Whether the resource is one of those that are available.
    pub(super) fn knows(&self, name: Option<&str>) -> bool {
        self.resources
            .iter()
            .any(|known| known.name.as_deref() == name)
    }

    /// How many resources are available.
    pub(super) fn resources(&self) -> usize {
        self.resources.len()
    }

    /// What the contact is to see: the resource that the user is best reached at. While a new connection is probed, who
    /// spoke on it counts before all who spoke only earlier.
    pub(super) fn folded(&self) -> Option<&Arc<PresenceState>> {
        self.resources
            .iter()
            .max_by_key(|resource| {
                let state = &resource.state;
                let availability = availability(state.show);
                (
                    resource.generation,
                    state.priority,
                    availability,
                    resource.order,
                )
            })
            .map(|resource| &resource.state)
    }

    /// Nothing to remember and nothing to tell.
    fn is_at_rest(&self) -> bool {
        self.resources.is_empty() && self.told.is_none()
    }

    fn tally(&self) -> Tally {
        if self.is_at_rest() {
            return Tally::default();
        }
        let folded = self.folded();
        let pending = self.told.as_ref() != folded;
        Tally {
            load: self.resources.len().saturating_add(1),
            pending: usize::from(pending),
            gone: usize::from(pending && folded.is_none()),
            told: usize::from(self.told.is_some()),
        }
    }
}

/// RFC 6121 §4.7.2.1, the most available first.
fn availability(show: Option<Show>) -> u8 {
    match show {
        Some(Show::Chat) => 4,
        None => 3,
        Some(Show::Away) => 2,
        Some(Show::Xa) => 1,
        Some(Show::Dnd) => 0,
    }
}

/// Counts over the contacts of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Contacts and their resources.
    load: usize,
    /// Contacts that know something else than what they are to know.
    pending: usize,
    /// Those of them that are to learn that the user is gone.
    gone: usize,
    /// Contacts that believe the user to be available.
    told: usize,
}

impl Tally {
    fn with(self, other: Self) -> Self {
        Self {
            load: self.load.saturating_add(other.load),
            pending: self.pending.saturating_add(other.pending),
            gone: self.gone.saturating_add(other.gone),
            told: self.told.saturating_add(other.told),
        }
    }

    fn without(self, other: Self) -> Self {
        Self {
            load: self.load.saturating_sub(other.load),
            pending: self.pending.saturating_sub(other.pending),
            gone: self.gone.saturating_sub(other.gone),
            told: self.told.saturating_sub(other.told),
        }
    }
}

/// What a mail takes along besides those who are to learn that the user is gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Along {
    Nothing,
    /// Who knows something else than what it is to know.
    Changed,
    /// All, before what they know expires.
    All,
}

/// The contacts of a mailing, by what they are told.
pub(super) type Mailing = Vec<(Option<Arc<PresenceState>>, Vec<MailAddress>)>;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct DomainBatch {
    contacts: BTreeMap<MailAddress, BatchedContact>,
    tally: Tally,
    /// Since when something is pending.
    changed_since: Option<Instant>,
    /// Since when somebody is to learn that the user is gone.
    gone_since: Option<Instant>,
    /// From when on a mail may go that does not say `unavailable`. `None`: from ever.
    free_at: Option<Instant>,
    /// When those who believe the user to be available are to hear it again.
    refresh_at: Option<Instant>,
    /// The place in the agenda.
    pub(super) scheduled: Option<Instant>,
}

impl DomainBatch {
    pub(super) fn contact(&self, address: &MailAddress) -> Option<&BatchedContact> {
        self.contacts.get(address)
    }

    pub(super) fn contacts(&self) -> impl Iterator<Item = (&MailAddress, &BatchedContact)> {
        self.contacts.iter()
    }

    /// When those who believe the user to be available are to hear it again.
    pub(super) fn refresh_at(&self) -> Option<Instant> {
        self.refresh_at
    }

    /// Contacts and their resources.
    pub(super) fn load(&self) -> usize {
        self.tally.load
    }

    /// Changes one contact, which is made where there is none and dropped where nothing is left of it.
    pub(super) fn edit(
        &mut self,
        address: &MailAddress,
        now: Instant,
        edit: impl FnOnce(&mut BatchedContact),
    ) {
        if let Some(contact) = self.contacts.get_mut(address) {
            let before = contact.tally();
            edit(contact);
            let after = contact.tally();
            self.tally = self.tally.without(before).with(after);
            if contact.is_at_rest() {
                self.contacts.remove(address);
            }
        } else {
            let mut contact = BatchedContact::default();
            edit(&mut contact);
            if !contact.is_at_rest() {
                self.tally = self.tally.with(contact.tally());
                self.contacts.insert(address.clone(), contact);
            }
        }
        self.keep_time(Some(now));
    }

    /// Drops one contact, told or not.
    pub(super) fn remove(&mut self, address: &MailAddress) {
        if let Some(contact) = self.contacts.remove(address) {
            self.tally = self.tally.without(contact.tally());
            self.keep_time(None);
        }
    }

    /// Who believes the user to be available hears it again by then.
    pub(super) fn refresh_by(&mut self, at: Instant) {
        if self.tally.told > 0 {
            self.refresh_at = Some(self.refresh_at.map_or(at, |known| known.min(at)));
        }
    }

    /// Who has not spoken since `generation` began is gone.
    pub(super) fn probe_done(&mut self, generation: u32, now: Instant) {
        for contact in self.contacts.values_mut() {
            contact
                .resources
                .retain(|resource| resource.generation >= generation);
        }
        self.recount(now);
    }

    fn recount(&mut self, now: Instant) {
        self.contacts.retain(|_, contact| !contact.is_at_rest());
        self.tally = self
            .contacts
            .values()
            .fold(Tally::default(), |sum, contact| sum.with(contact.tally()));
        self.keep_time(Some(now));
    }

    /// A wait begins with the first who waits and ends with the last. `now` may be missing where nobody can have begun.
    fn keep_time(&mut self, now: Option<Instant>) {
        let kept = |since: Option<Instant>, count: usize| since.or(now).filter(|_| count > 0);
        self.changed_since = kept(self.changed_since, self.tally.pending);
        self.gone_since = kept(self.gone_since, self.tally.gone);
        self.refresh_at = self.refresh_at.filter(|_| self.tally.told > 0);
    }

    fn gone_at(&self, timing: Timing) -> Option<Instant> {
        self.gone_since.map(|since| later(since, timing.debounce))
    }

    fn changed_at(&self, timing: Timing) -> Option<Instant> {
        let since = self
            .changed_since
            .filter(|_| self.tally.pending > self.tally.gone)?;
        Some(later(since, timing.debounce)).max(self.free_at)
    }

    /// Not before it is known of everybody whether the user is gone, so that nobody who comes back in time is left out.
    fn refresh_due_at(&self, timing: Timing) -> Option<Instant> {
        Some(self.refresh_at?)
            .max(self.free_at)
            .max(self.gone_at(timing))
    }

    /// When there is next something to do. While a new connection is probed, nothing is said again on the strength of
    /// what is only remembered.
    pub(super) fn due(&self, timing: Timing, is_settled: bool) -> Option<Instant> {
        let refresh = self.refresh_due_at(timing).filter(|_| is_settled);
        // An empty batch stays until its last mail no longer holds up the next one.
        let end = self.free_at.filter(|_| self.contacts.is_empty());
        [self.gone_at(timing), self.changed_at(timing), refresh, end]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether nothing of the batch is needed any more. `now` may be missing: then its last mail still is.
    pub(super) fn is_over(&self, now: Option<Instant>) -> bool {
        let is_free = match (self.free_at, now) {
            (None, _) => true,
            (Some(at), now) => now.is_some_and(|now| at <= now),
        };
        self.contacts.is_empty() && is_free
    }

    /// Takes what is due. Whoever believes the user to be available then hears it again after `refresh`.
    pub(super) fn mail(
        &mut self,
        now: Instant,
        timing: Timing,
        is_settled: bool,
        refresh: Duration,
    ) -> Mailing {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let gone = is_due(self.gone_at(timing));
        let is_free = self.free_at.is_none_or(|at| at <= now);
        let along = if is_settled && is_due(self.refresh_due_at(timing)) {
            Along::All
        } else if is_due(self.changed_at(timing)) || (gone && is_free) {
            // What waits out its debounce goes along with what does not, which would hold it up for the whole spacing.
            Along::Changed
        } else {
            Along::Nothing
        };
        if !gone && along == Along::Nothing {
            return Mailing::new();
        }
        let mailing = self.take(gone, along);
        self.recount(now);
        if mailing.is_empty() {
            return mailing;
        }
        let available = mailing.iter().filter(|(state, _)| state.is_some());
        let told: usize = available.map(|(_, contacts)| contacts.len()).sum();
        // Who waits already is not made to wait longer by others who are told that the user is gone.
        let waits = self.tally.pending > self.tally.gone || is_due(self.refresh_at);
        if told > 0 || !waits {
            self.free_at = Some(later(now, timing.spacing));
        }
        let all = told >= self.tally.told;
        let next = Some(later(now, refresh)).filter(|_| self.tally.told > 0);
        self.refresh_at = self.refresh_at.filter(|_| !all).or(next);
        mailing
    }

    /// Marks all who are mailed as told.
    fn take(&mut self, gone: bool, along: Along) -> Mailing {
        let mut mailing = Mailing::new();
        let mut places: HashMap<Option<Arc<PresenceState>>, usize> = HashMap::new();
        for (address, contact) in &mut self.contacts {
            let state = contact.folded().cloned();
            let differs = contact.told != state;
            let goes = match along {
                _ if state.is_none() => gone && differs,
                Along::Nothing => false,
                Along::Changed => differs,
                Along::All => true,
            };
            if !goes {
                continue;
            }
            let place = *places.entry(state.clone()).or_insert(mailing.len());
            match mailing.get_mut(place) {
                Some((_, addresses)) => addresses.push(address.clone()),
                None => mailing.push((state.clone(), vec![address.clone()])),
            }
            contact.told = state;
        }
        mailing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_with_one_resource_is_72_octets_beside_its_address() {
        assert_eq!(size_of::<BatchedContact>() + size_of::<Resource>(), 72);
    }
}
