use super::*;
use crate::core::record::Show;
use proptest::prelude::*;

const TIMING: Timing = Timing {
    debounce: Duration::from_secs(3),
    spacing: Duration::from_secs(30),
    expires: Duration::from_secs(3600),
};
/// Milliseconds.
const SECOND: u64 = 1000;
const WALL: i64 = 1_790_000_000_000;

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

fn mail(text: &str) -> MailAddress {
    text.parse().unwrap()
}

fn state(show: Option<Show>, priority: i8) -> PresenceState {
    PresenceState {
        show,
        status: None,
        priority,
    }
}

fn online() -> Option<PresenceState> {
    Some(PresenceState::default())
}

fn status(text: &str) -> Option<PresenceState> {
    Some(PresenceState {
        status: Some(text.to_owned()),
        ..PresenceState::default()
    })
}

/// What was said to a contact, as a naive observer keeps it.
#[derive(Clone)]
struct Said {
    state: PresenceState,
    order: u64,
    /// Not said again since the last new connection.
    is_stale: bool,
}

/// What a contact believes.
#[derive(Clone)]
struct View {
    state: Option<PresenceState>,
    expires: Timestamp,
}

type Key = (BareJid, MailAddress);

/// A scheduler with a clock, its contacts, and an observer who checks all that comes out.
struct World {
    scheduler: PresenceScheduler,
    start: Instant,
    /// Milliseconds since the start.
    now: u64,
    said: BTreeMap<Key, BTreeMap<String, Said>>,
    views: BTreeMap<Key, View>,
    gone_since: BTreeMap<Key, u64>,
    there_since: BTreeMap<Key, u64>,
    /// Those of whom a restart has lost what they were told: at the latest the repetition puts it right.
    mistaken_until: BTreeMap<Key, u64>,
    sequences: BTreeMap<BareJid, Timestamp>,
    last_mails: BTreeMap<(BareJid, String), u64>,
    announced: BTreeMap<BareJid, Announced>,
    order: u64,
    is_settled: bool,
    settled_at: u64,
    /// When, to which domain, what, to how many.
    mails: Vec<(u64, String, Option<PresenceState>, usize)>,
}

impl World {
    fn new() -> Self {
        Self {
            scheduler: PresenceScheduler::new(TIMING),
            start: Instant::now(),
            now: 0,
            said: BTreeMap::new(),
            views: BTreeMap::new(),
            gone_since: BTreeMap::new(),
            there_since: BTreeMap::new(),
            mistaken_until: BTreeMap::new(),
            sequences: BTreeMap::new(),
            last_mails: BTreeMap::new(),
            announced: BTreeMap::new(),
            order: 0,
            is_settled: true,
            settled_at: 0,
            mails: Vec::new(),
        }
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_millis(self.now)
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(WALL).plus(Duration::from_millis(self.now))
    }

    fn says(&mut self, from: &str, contact: &str, state: Option<PresenceState>) {
        let (from, contact) = (jid(from), mail(contact));
        let now = self.instant();
        self.scheduler.update(&from, &contact, state.clone(), now);
        let key = (from.to_bare(), contact);
        let known = self.said.entry(key.clone()).or_default();
        let name = from.resource().map(|name| name.as_str().to_owned());
        match (state, name) {
            (Some(state), name) => {
                self.order += 1;
                let said = Said {
                    state,
                    order: self.order,
                    is_stale: false,
                };
                known.insert(name.unwrap_or_default(), said);
            }
            (None, Some(name)) => drop(known.remove(&name)),
            (None, None) => known.clear(),
        }
        self.note_gone(&key);
    }

    fn forgets(&mut self, user: &str, contact: &str) {
        let key = (jid(user).to_bare(), mail(contact));
        self.scheduler.remove(&key.0, &key.1);
        self.said.remove(&key);
        self.views.remove(&key);
        self.gone_since.remove(&key);
        self.there_since.remove(&key);
    }

    fn reconnects(&mut self) {
        self.scheduler.forget_resources();
        self.is_settled = false;
        let all = self.said.values_mut().flat_map(BTreeMap::values_mut);
        all.for_each(|said| said.is_stale = true);
    }

    fn restarts(&mut self) {
        self.scheduler = PresenceScheduler::new(TIMING);
        self.reconnects();
        self.last_mails.clear();
        for (user, announced) in &self.announced {
            let contacts = self.said.keys().filter(|(one, _)| one == user);
            let contacts: Vec<_> = contacts.map(|(_, contact)| contact.clone()).collect();
            for contact in &contacts {
                let key = (user.clone(), contact.clone());
                if self.believes(&key) != announced.state {
                    self.mistaken_until.insert(key, self.now + 2733 * SECOND);
                }
            }
            let (now, wall) = (self.instant(), self.wall());
            self.scheduler.restore(user, announced, contacts, now, wall);
        }
    }

    fn settles(&mut self) {
        let now = self.instant();
        self.scheduler.probe_done(now);
        self.is_settled = true;
        self.settled_at = self.now;
        for known in self.said.values_mut() {
            known.retain(|_, said| !said.is_stale);
        }
        self.gone_since.clear();
        for key in self.said.keys().cloned().collect::<Vec<_>>() {
            self.note_gone(&key);
        }
    }

    fn note_gone(&mut self, key: &Key) {
        if self.fold(key).is_some() {
            self.gone_since.remove(key);
            self.there_since.entry(key.clone()).or_insert(self.now);
        } else {
            self.there_since.remove(key);
            self.gone_since.entry(key.clone()).or_insert(self.now);
        }
    }

    /// What the contact is to see, said once more and otherwise than in the scheduler.
    fn fold(&self, key: &Key) -> Option<PresenceState> {
        let mut said: Vec<_> = self.said.get(key)?.values().cloned().collect();
        if said.iter().any(|said| !said.is_stale) {
            said.retain(|said| !said.is_stale);
        }
        let shows = [
            Some(Show::Chat),
            None,
            Some(Show::Away),
            Some(Show::Xa),
            Some(Show::Dnd),
        ];
        let place = |said: &Said| shows.iter().position(|show| *show == said.state.show);
        said.sort_by_key(|said| {
            (
                -i16::from(said.state.priority),
                place(said),
                -(said.order as i64),
            )
        });
        said.first().map(|said| said.state.clone())
    }

    /// What the contact believes now.
    fn view(&self, user: &str, contact: &str) -> Option<PresenceState> {
        self.believes(&(jid(user).to_bare(), mail(contact)))
    }

    fn believes(&self, key: &Key) -> Option<PresenceState> {
        let view = self.views.get(key)?;
        view.state.clone().filter(|_| view.expires > self.wall())
    }

    fn passes(&mut self, millis: u64) {
        let end = self.now + millis;
        let mut rounds = 0;
        while let Some(at) = self.scheduler.next_due() {
            let at = u64::try_from(at.duration_since(self.start).as_millis()).unwrap();
            if at > end {
                break;
            }
            rounds += 1;
            assert!(rounds < 100_000, "the scheduler does not come to rest");
            self.now = self.now.max(at);
            self.looks();
        }
        self.now = end;
        self.looks();
    }

    fn looks(&mut self) {
        let fanouts = self.scheduler.due(self.instant(), self.wall());
        for fanout in fanouts {
            self.takes(fanout);
        }
        if !self.is_settled {
            return;
        }
        for (key, since) in &self.gone_since {
            let is_late = self.now >= since + 3 * SECOND;
            assert!(!is_late || self.believes(key).is_none(), "{key:?} not told");
        }
        // What was not repeated while it was unsettled is repeated within one spacing and one debounce.
        for (key, since) in &self.there_since {
            let is_late = self.now > since.max(&self.settled_at) + 33 * SECOND;
            let is_mistaken = self
                .mistaken_until
                .get(key)
                .is_some_and(|until| self.now < *until);
            let is_told = self.believes(key).is_some() || is_mistaken;
            assert!(!is_late || is_told, "{key:?} has expired");
        }
    }

    fn number(&mut self, user: &BareJid, sequence: Timestamp) {
        let last = self.sequences.insert(user.clone(), sequence);
        assert!(last.is_none_or(|last| last < sequence));
        assert!(sequence >= self.wall());
    }

    fn takes(&mut self, fanout: Fanout) {
        self.number(&fanout.user, fanout.sequence);
        assert!(!fanout.mails.is_empty());
        assert_eq!(fanout.expires, self.wall().plus(TIMING.expires));
        assert_shares(&fanout);
        let announced = fanout.announced.expect("what to remember");
        assert_eq!(announced.sequence, fanout.sequence);
        let mut domains = BTreeMap::new();
        for mail in fanout.mails {
            assert!((1..=limits::PRESENCE_RECIPIENTS_MAX).contains(&mail.contacts.len()));
            self.mails.push((
                self.now,
                mail.domain.clone(),
                mail.state.clone(),
                mail.contacts.len(),
            ));
            *domains.entry(mail.domain.clone()).or_insert(false) |= mail.state.is_some();
            for contact in mail.contacts {
                assert_eq!(contact.domain(), mail.domain);
                let key = (fanout.user.clone(), contact);
                assert!(self.said.contains_key(&key), "{key:?} is forgotten");
                let view = View {
                    state: mail.state.clone(),
                    expires: fanout.expires,
                };
                self.views.insert(key, view);
            }
        }
        domains.retain(|_, is_available| *is_available);
        for domain in domains.into_keys() {
            let key = (fanout.user.clone(), domain);
            let last = self.last_mails.insert(key, self.now);
            let is_free = last.is_none_or(|last| last + 30 * SECOND <= self.now);
            assert!(is_free, "two mails within the spacing");
        }
        self.announced.insert(fanout.user, announced);
    }

    fn assert_all_told(&self) {
        for key in self.said.keys() {
            assert_eq!(self.believes(key), self.fold(key), "{key:?}");
        }
    }
}

#[test]
fn a_thousand_contacts_at_one_domain_are_one_mail_and_one_more_recipient_is_a_second() {
    for (contacts, mails) in [(1000, 1), (1001, 2)] {
        let mut world = World::new();
        for number in 0..contacts {
            world.says("a@x.example/r", &format!("c{number}@b.example"), online());
        }
        world.passes(2 * SECOND + 999);
        assert!(world.mails.is_empty());
        world.passes(1);
        assert_eq!(world.mails.len(), mails);
        world.assert_all_told();
    }
}

#[test]
fn the_last_state_within_the_debounce_wins_and_the_next_waits_for_the_spacing() {
    let mut world = World::new();
    world.says("a@x.example/r", "c@b.example", status("one"));
    world.passes(2 * SECOND);
    world.says("a@x.example/r", "c@b.example", status("two"));
    world.passes(SECOND);
    assert_eq!(world.view("a@x.example", "c@b.example"), status("two"));
    world.says("a@x.example/r", "c@b.example", status("three"));
    world.passes(20 * SECOND);
    world.says("a@x.example/r", "c@b.example", status("four"));
    world.passes(9 * SECOND + 999);
    assert_eq!(world.mails.len(), 1);
    world.passes(1);
    assert_eq!(world.view("a@x.example", "c@b.example"), status("four"));
    assert_eq!(world.mails.len(), 2);
}

#[test]
fn unavailable_waits_for_the_debounce_and_not_for_the_spacing() {
    let mut world = World::new();
    world.says("a@x.example/r", "c@b.example", online());
    world.passes(4 * SECOND);
    world.says("a@x.example/r", "c@b.example", None);
    world.passes(3 * SECOND);
    assert_eq!(world.view("a@x.example", "c@b.example"), None);
    assert_eq!(world.mails.len(), 2);
}

#[test]
fn who_comes_back_waits_for_the_spacing_and_who_waits_is_not_held_up_by_others() {
    let mut world = World::new();
    world.says("a@x.example/r", "c@b.example", online());
    world.says("a@x.example/r", "d@b.example", online());
    world.passes(100 * SECOND);
    world.says("a@x.example/r", "c@b.example", None);
    world.passes(4 * SECOND);
    world.says("a@x.example/r", "c@b.example", online());
    world.passes(20 * SECOND);
    world.says("a@x.example/r", "d@b.example", None);
    world.passes(8 * SECOND + 999);
    let moments: Vec<_> = world.mails.iter().map(|mail| mail.0).collect();
    assert_eq!(moments, [3 * SECOND, 103 * SECOND, 127 * SECOND]);
    world.passes(1);
    assert_eq!(world.mails.last().unwrap().0, 133 * SECOND);
    world.assert_all_told();
}

#[test]
fn who_goes_and_comes_back_within_the_debounce_sends_nothing() {
    let mut world = World::new();
    world.says("a@x.example/r", "c@b.example", online());
    world.passes(60 * SECOND);
    for _ in 0..10 {
        world.says("a@x.example/r", "c@b.example", None);
        world.passes(2 * SECOND + 999);
        world.says("a@x.example/r2", "c@b.example", online());
        world.says("a@x.example/r2", "c@b.example", None);
        world.says("a@x.example/r", "c@b.example", online());
        world.passes(5 * SECOND);
    }
    assert_eq!(world.mails.len(), 1);
    world.says("a@x.example/r", "c@b.example", online());
    assert!(world.scheduler.next_due().unwrap() > world.instant() + Duration::from_secs(2000));
}

#[test]
fn who_comes_and_goes_within_the_debounce_was_never_there() {
    let mut world = World::new();
    world.says("a@x.example/r", "c@b.example", online());
    world.passes(2 * SECOND);
    world.says("a@x.example/r", "c@b.example", None);
    world.passes(7200 * SECOND);
    assert!(world.mails.is_empty());
    assert!(world.scheduler.users.is_empty() && world.scheduler.load == 0);
}

#[test]
fn the_contact_sees_the_resource_that_the_user_is_best_reached_at() {
    let mut world = World::new();
    let user = jid("a@x.example").to_bare();
    let contact = mail("c@b.example");
    let steps = [
        ("desk", state(None, -1), "desk"),
        ("tv", state(Some(Show::Dnd), 0), "tv"),
        ("phone", state(Some(Show::Xa), 0), "phone"),
        ("watch", state(Some(Show::Away), 0), "watch"),
        ("car", state(None, 0), "car"),
        ("pad", state(Some(Show::Chat), 0), "pad"),
        ("late", state(Some(Show::Chat), 0), "late"),
        ("desk", state(None, -2), "late"),
        ("tv", state(Some(Show::Dnd), 1), "tv"),
    ];
    for (resource, mut state, best) in steps {
        state.status = Some(resource.to_owned());
        world.says(
            &format!("a@x.example/{resource}"),
            "c@b.example",
            Some(state),
        );
        let seen = world.scheduler.state_of(&user, &contact).unwrap();
        assert_eq!(seen.status.as_deref(), Some(best));
    }
    world.says("a@x.example/tv", "c@b.example", None);
    let seen = world.scheduler.state_of(&user, &contact).unwrap();
    assert_eq!(seen.status.as_deref(), Some("late"));
    world.says("a@x.example", "c@b.example", None);
    assert_eq!(world.scheduler.state_of(&user, &contact), None);
}

#[test]
fn a_user_who_is_gone_for_one_contact_is_there_for_the_others() {
    let mut world = World::new();
    for contact in ["c@b.example", "d@b.example", "e@b.example"] {
        world.says("a@x.example/r", contact, online());
    }
    world.passes(60 * SECOND);
    world.says("a@x.example/r", "d@b.example", None);
    world.says("a@x.example/r", "e@b.example", status("for you"));
    world.passes(60 * SECOND);
    assert_eq!(world.view("a@x.example", "c@b.example"), online());
    assert_eq!(world.view("a@x.example", "d@b.example"), None);
    assert_eq!(world.view("a@x.example", "e@b.example"), status("for you"));
    assert_eq!(world.mails.len(), 3, "one for each domain and state");
    assert_eq!(world.announced.values().next().unwrap().state, online());
}

#[test]
fn a_new_contact_of_a_user_who_is_there_gets_a_mail_of_its_own() {
    let mut world = World::new();
    world.says("a@x.example/r", "c@b.example", online());
    world.passes(10 * SECOND);
    world.says("a@x.example/r", "d@b.example", online());
    world.says("a@x.example/r", "e@other.example", online());
    world.passes(3 * SECOND);
    assert_eq!(world.view("a@x.example", "e@other.example"), online());
    assert_eq!(world.view("a@x.example", "d@b.example"), None);
    world.passes(20 * SECOND);
    assert_eq!(world.mails.last().unwrap().3, 1);
    world.assert_all_told();
}

#[test]
fn a_contact_that_is_forgotten_gets_nothing_more_and_does_not_hold_the_others_up() {
    let mut world = World::new();
    world.says("a@x.example/r", "c@b.example", online());
    world.says("a@x.example/r", "d@b.example", online());
    world.forgets("a@x.example", "d@b.example");
    world.passes(60 * SECOND);
    world.forgets("a@x.example", "c@b.example");
    world.passes(7200 * SECOND);
    assert_eq!(world.mails.len(), 1);
    assert!(world.scheduler.users.is_empty() && world.scheduler.agenda.is_empty());
    assert_eq!(world.scheduler.load, 0);
}

#[test]
fn a_subscription_that_is_taken_back_and_renewed_does_not_get_around_the_spacing() {
    let mut world = World::new();
    for _ in 0..20 {
        world.says("a@x.example/r", "c@b.example", online());
        world.passes(4 * SECOND);
        world.forgets("a@x.example", "c@b.example");
    }
    assert!(world.mails.len() <= 3, "{}", world.mails.len());
}

#[test]
fn what_contacts_know_is_repeated_before_it_expires_and_for_each_user_at_another_moment() {
    let mut world = World::new();
    for user in 0..200 {
        world.says(&format!("u{user}@x.example/r"), "c@b.example", online());
    }
    world.passes(3 * SECOND);
    world.mails.clear();
    world.passes(2429 * SECOND);
    assert!(world.mails.is_empty(), "nine tenths of three quarters");
    world.passes(271 * SECOND);
    let moments: BTreeSet<_> = world.mails.iter().map(|mail| mail.0).collect();
    assert_eq!(world.mails.len(), 200);
    assert!(moments.len() > 80, "{}", moments.len());
    for _ in 0..100 {
        world.passes(200 * SECOND);
        world.assert_all_told();
    }
}

#[test]
fn a_mail_to_one_contact_does_not_put_off_the_repetition_for_the_others() {
    for restarts in [false, true] {
        let mut world = World::new();
        world.says("a@x.example/r", "c@b.example", online());
        world.passes(2000 * SECOND);
        world.says("a@x.example/r", "d@b.example", online());
        world.passes(60 * SECOND);
        if restarts {
            world.restarts();
            world.settles();
            world.says("a@x.example/r", "c@b.example", online());
            world.says("a@x.example/r", "d@b.example", online());
        }
        for _ in 0..100 {
            world.passes(100 * SECOND);
            world.assert_all_told();
        }
        assert!(world.mails.len() < 8, "{}", world.mails.len());
    }
}

#[test]
fn after_a_restart_who_answers_the_probe_sends_nothing_and_who_does_not_is_gone() {
    let mut world = World::new();
    for user in ["a@x.example", "b@x.example"] {
        world.says(&format!("{user}/r"), "c@b.example", online());
        world.says(&format!("{user}/r"), "d@d.example", online());
    }
    world.passes(60 * SECOND);
    world.mails.clear();
    world.restarts();
    world.passes(SECOND);
    world.says("a@x.example/r", "c@b.example", online());
    world.says("a@x.example/r", "d@d.example", online());
    world.passes(60 * SECOND);
    assert!(
        world.mails.is_empty(),
        "nobody is gone before it is settled"
    );
    world.settles();
    world.passes(2 * SECOND + 999);
    assert!(world.mails.is_empty());
    world.passes(SECOND);
    assert_eq!(world.mails.len(), 2);
    assert_eq!(world.view("b@x.example", "c@b.example"), None);
    world.assert_all_told();
}

#[test]
fn what_had_expired_before_a_restart_is_not_taken_back() {
    let mut world = World::new();
    world.says("a@x.example/r", "c@b.example", online());
    world.passes(60 * SECOND);
    world.mails.clear();
    world.now += 3600 * SECOND;
    world.restarts();
    world.settles();
    world.passes(60 * SECOND);
    assert!(world.mails.is_empty());
    world.says("a@x.example/r", "c@b.example", online());
    world.passes(3 * SECOND);
    assert_eq!(world.mails.len(), 1);
}

#[test]
fn on_a_new_connection_who_has_spoken_counts_and_nothing_is_repeated_before_it_is_settled() {
    let mut world = World::new();
    world.says("a@x.example/phone", "c@b.example", Some(state(None, 5)));
    world.says("a@x.example/desk", "c@b.example", Some(state(None, 0)));
    world.passes(60 * SECOND);
    world.reconnects();
    world.mails.clear();
    world.passes(3000 * SECOND);
    assert!(world.mails.is_empty());
    world.says("a@x.example/desk", "c@b.example", Some(state(None, 0)));
    world.passes(3 * SECOND);
    assert_eq!(
        world.view("a@x.example", "c@b.example"),
        Some(state(None, 0))
    );
    world.settles();
    world.passes(600 * SECOND);
    assert_eq!(world.mails.len(), 1);
    assert_eq!(
        world.view("a@x.example", "c@b.example"),
        Some(state(None, 0))
    );
}

/// In shares it is the same, none of them is too large, and what to remember comes with the last.
fn assert_shares(fanout: &Fanout) {
    let shares = fanout.clone().into_shares();
    let sizes = shares.iter().map(Fanout::contacts);
    assert!(
        sizes
            .clone()
            .all(|size| (1..=limits::PRESENCE_RECIPIENTS_MAX).contains(&size))
    );
    assert_eq!(sizes.sum::<usize>(), fanout.contacts());
    let (last, others) = shares.split_last().expect("a share");
    assert_eq!(last.announced, fanout.announced);
    assert!(others.iter().all(|share| share.announced.is_none()));
    let of = |share: &Fanout| (share.user.clone(), share.sequence, share.expires);
    assert!(shares.iter().all(|share| of(share) == of(fanout)));
    let mails: Vec<_> = shares.into_iter().flat_map(|share| share.mails).collect();
    assert_eq!(mails, fanout.mails);
}

#[test]
fn at_stop_all_who_were_told_available_are_told_unavailable_and_nobody_else() {
    let mut world = World::new();
    world.says("a@x.example/r", "c@b.example", online());
    world.says("a@x.example/r", "d@d.example", online());
    world.says("b@x.example/r", "c@b.example", online());
    world.passes(60 * SECOND);
    world.says("b@x.example/r", "c@b.example", None);
    world.passes(60 * SECOND);
    world.says("b@x.example/r", "e@b.example", online());
    for fanout in world.scheduler.farewell(world.wall()) {
        assert_eq!(fanout.user.as_str(), "a@x.example");
        assert_eq!(fanout.announced.as_ref().unwrap().state, None);
        assert_eq!(fanout.mails.len(), 2);
        world.takes(fanout);
    }
    assert!(world.views.values().all(|view| view.state.is_none()));
    assert_eq!(world.scheduler.next_due(), None);
    assert!(world.scheduler.farewell(world.wall()).is_empty());
}

#[test]
fn numbers_rise_when_the_clock_is_set_back_and_when_a_user_was_dropped_in_between() {
    let (user, contact) = (jid("a@x.example/r"), mail("c@b.example"));
    let mut scheduler = PresenceScheduler::new(TIMING);
    let (mut now, mut last) = (Instant::now(), Timestamp::default());
    for round in 0..10_i64 {
        let state = online().filter(|_| round % 2 == 0);
        scheduler.update(&user, &contact, state, now);
        now += Duration::from_secs(100);
        let wall = Timestamp::from_millis(WALL - round * 1_000_000);
        let fanouts = scheduler.due(now, wall);
        assert_eq!(fanouts.len(), 1);
        assert!(fanouts[0].sequence > last);
        last = fanouts[0].sequence;
        now += Duration::from_secs(100);
        assert!(scheduler.due(now, wall).is_empty());
        assert_eq!(scheduler.users.is_empty(), round % 2 == 1);
    }
}

#[test]
fn too_much_is_refused_and_counted_and_all_that_was_taken_can_be_taken_back() {
    let now = Instant::now();
    let mut scheduler = PresenceScheduler::new(TIMING);
    for resource in 0..200 {
        let from = jid(&format!("a@x.example/{resource}"));
        scheduler.update(&from, &mail("c@b.example"), online(), now);
    }
    assert_eq!(scheduler.refused(), 100);
    assert_eq!(scheduler.load, 101);
    for contact in 0..limits::PRESENCE_USER_LOAD_MAX {
        let contact = mail(&format!("c{contact}@b.example"));
        scheduler.update(&jid("a@x.example/0"), &contact, online(), now);
    }
    assert!(scheduler.load <= limits::PRESENCE_USER_LOAD_MAX + 1);
    scheduler.update(&jid("b@x.example/0"), &mail("c@b.example"), online(), now);
    assert_eq!(scheduler.users.len(), 2);
    let refused = scheduler.refused();
    scheduler.update(
        &jid("a@x.example/0"),
        &mail("c@b.example"),
        status("new"),
        now,
    );
    assert_eq!(
        scheduler.refused(),
        refused,
        "a resource that is kept may change"
    );
    for (user, contacts) in [("a@x.example", 20_000), ("b@x.example", 0)] {
        scheduler.update(&jid(user), &mail("c@b.example"), None, now);
        for contact in 0..contacts {
            let contact = mail(&format!("c{contact}@b.example"));
            scheduler.update(&jid(user), &contact, None, now);
        }
    }
    assert_eq!(scheduler.load, 0);
    assert!(scheduler.users.is_empty() && scheduler.agenda.is_empty());
}

#[test]
fn a_long_status_is_cut() {
    let mut world = World::new();
    let long = "ü".repeat(5000);
    let now = world.instant();
    world.scheduler.update(
        &jid("a@x.example/r"),
        &mail("c@b.example"),
        status(&long),
        now,
    );
    let seen = world
        .scheduler
        .state_of(&jid("a@x.example").to_bare(), &mail("c@b.example"));
    assert_eq!(seen, status(&"ü".repeat(512)));
}

/// A sequence of numbers that looks random and is the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % n
    }
}

/// Users with 50 contacts each at three domains.
struct Storm {
    scheduler: PresenceScheduler,
    start: Instant,
    contacts: Vec<MailAddress>,
    users: Vec<Jid>,
    /// What each user said last.
    last: Vec<Option<PresenceState>>,
    views: HashMap<(String, String), Option<PresenceState>>,
    mails: HashMap<(String, String), usize>,
}

impl Storm {
    fn new(users: usize) -> Self {
        let contact = |number: usize| mail(&format!("c{number}@d{}.example", number % 3));
        Self {
            scheduler: PresenceScheduler::new(TIMING),
            start: Instant::now(),
            contacts: (0..50).map(contact).collect(),
            users: (0..users)
                .map(|number| jid(&format!("u{number}@x.example/r")))
                .collect(),
            last: vec![None; users],
            views: HashMap::new(),
            mails: HashMap::new(),
        }
    }

    fn says(&mut self, user: usize, state: Option<PresenceState>, at: u64) {
        let now = self.start + Duration::from_millis(at);
        for contact in &self.contacts {
            self.scheduler
                .update(&self.users[user], contact, state.clone(), now);
        }
        self.last[user] = state;
    }

    fn runs_until(&mut self, at: u64) {
        let end = self.start + Duration::from_millis(at);
        while let Some(due) = self.scheduler.next_due().filter(|due| *due <= end) {
            let millis = i64::try_from((due - self.start).as_millis()).unwrap();
            let wall = Timestamp::from_millis(WALL + millis);
            for fanout in self.scheduler.due(due, wall) {
                for mail in fanout.mails {
                    let key = (fanout.user.to_string(), mail.domain);
                    *self.mails.entry(key).or_default() += 1;
                    for contact in mail.contacts {
                        let key = (fanout.user.to_string(), contact.to_string());
                        self.views.insert(key, mail.state.clone());
                    }
                }
            }
        }
    }

    fn assert_all_told(&self) {
        for (user, last) in self.users.iter().zip(&self.last) {
            for contact in &self.contacts {
                let key = (user.to_bare().to_string(), contact.to_string());
                assert_eq!(self.views.get(&key).cloned().flatten(), *last);
            }
        }
    }
}

#[test]
fn a_thousand_users_who_log_in_within_a_second_are_three_thousand_mails() {
    let mut storm = Storm::new(1000);
    for user in 0..1000 {
        storm.runs_until(user as u64);
        storm.says(user, status(&format!("at desk {}", user % 7)), user as u64);
    }
    storm.runs_until(600 * SECOND);
    assert_eq!(storm.mails.values().sum::<usize>(), 3000);
    storm.assert_all_told();
}

#[test]
fn users_who_flap_twenty_times_in_a_minute_send_a_bounded_number_of_mails() {
    let mut storm = Storm::new(1000);
    let mut dice = Dice(7);
    let mut changes: Vec<_> = (0..20_000)
        .map(|number| (dice.below(60 * SECOND), number % 1000, dice.below(3)))
        .collect();
    changes.sort_unstable();
    for (at, user, what) in changes {
        storm.runs_until(at);
        let text = if what == 1 { "here" } else { "there" };
        storm.says(user, status(text).filter(|_| what > 0), at);
    }
    storm.runs_until(600 * SECOND);
    storm.assert_all_told();
    // The minute and its last spacing have room for four mails that are not `unavailable`, at 0, 30, 60 and 90 s; each
    // may be followed by one that is.
    assert!(storm.mails.values().all(|mails| *mails <= 2 * 4));
    let sum: usize = storm.mails.values().sum();
    println!("{sum} mails for 1,000,000 stanzas");
    assert!(sum <= 1000 * 3 * 8);
}

/// One random thing that happens, and how long until the next.
type Event = (u8, u8, u8, u8, u8, u64);

fn events() -> impl Strategy<Value = Vec<Event>> {
    let wait = prop_oneof![
        4 => 0..SECOND,
        4 => 0..5 * SECOND,
        2 => 0..40 * SECOND,
        1 => 0..4000 * SECOND,
    ];
    let event = (0..24_u8, 0..2_u8, 0..4_u8, 0..3_u8, 0..6_u8, wait);
    proptest::collection::vec(event, 1..60)
}

fn happens(world: &mut World, (what, user, contact, resource, which, _): Event) {
    let user = ["a@x.example", "b@x.example"][usize::from(user)];
    let contact =
        ["c@b.example", "d@b.example", "e@b.example", "f@d.example"][usize::from(contact)];
    let from = format!("{user}/r{resource}");
    let states = [
        state(None, 0),
        state(Some(Show::Away), 0),
        state(Some(Show::Away), 1),
        state(Some(Show::Chat), -1),
        state(Some(Show::Dnd), 1),
        state(None, 1),
    ];
    let state = Some(states[usize::from(which)].clone());
    match what {
        0..=5 => world.says(&from, contact, state),
        6..=9 => {
            for contact in ["c@b.example", "d@b.example", "e@b.example", "f@d.example"] {
                world.says(&from, contact, state.clone().filter(|_| what < 8));
            }
        }
        10..=13 => world.says(&from, contact, None),
        14 => world.says(user, contact, None),
        15 => world.says(user, contact, state),
        16 => world.forgets(user, contact),
        17 | 18 => world.reconnects(),
        19 => world.restarts(),
        _ => world.settles(),
    }
}

#[test]
fn a_user_who_is_forgotten_is_told_of_no_more_and_nobody_else_is_forgotten() {
    let mut scheduler = PresenceScheduler::new(TIMING);
    let (now, wall) = (Instant::now(), Timestamp::from_millis(WALL));
    let user = |name: &str| jid(name).to_bare();
    for from in ["a@x.example/r", "b@x.example/r"] {
        for contact in ["c@y.example", "d@y.example", "e@z.example"] {
            scheduler.update(&jid(from), &mail(contact), online(), now);
        }
    }
    let all = scheduler.load;
    scheduler.remove_user(&user("a@x.example"));
    scheduler.remove_user(&user("nobody@x.example"));
    assert_eq!(scheduler.load, all / 2);
    let fanouts = scheduler.due(now + Duration::from_secs(10), wall);
    let users: Vec<_> = fanouts.iter().map(|one| one.user.as_str()).collect();
    assert_eq!(users, ["b@x.example"]);
    // Not even that the user goes, and nothing is repeated.
    scheduler.remove_user(&user("b@x.example"));
    assert_eq!((scheduler.load, scheduler.next_due()), (0, None));
    assert!(scheduler.farewell(wall).is_empty());
    // What is said of the user later has a higher number than all before.
    scheduler.update(&jid("b@x.example/r"), &mail("c@y.example"), online(), now);
    let again = scheduler.due(now + Duration::from_secs(10), wall);
    assert!(again[0].sequence > fanouts[0].sequence);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_happens_in_the_end_every_contact_knows_what_it_is_to_know(events in events()) {
        let mut world = World::new();
        for event in events {
            happens(&mut world, event);
            world.passes(event.5);
        }
        world.settles();
        world.passes(4000 * SECOND);
        world.assert_all_told();
        world.passes(20_000 * SECOND);
        world.assert_all_told();
        let load: usize = world.scheduler.users.values().map(|user| user.load).sum();
        prop_assert_eq!(load, world.scheduler.load);
    }
}

/// `cargo test --release --lib presence -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn how_long_a_stanza_takes_and_how_much_a_contact() {
    let memory = || {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let mut scheduler = PresenceScheduler::new(TIMING);
    let (from, now) = (jid("a@x.example/r"), Instant::now());
    let thousand: Vec<_> = (0..1000)
        .map(|number| mail(&format!("somebody{number}@chat.b.example")))
        .collect();
    for round in 0..3 {
        let start = Instant::now();
        for contact in &thousand {
            scheduler.update(&from, contact, status(&format!("round {round}")), now);
        }
        println!("1,000 contacts: {:?}", start.elapsed());
    }
    let later = now + Duration::from_secs(100);
    let start = Instant::now();
    let fanouts = scheduler.due(later, Timestamp::from_millis(WALL));
    println!("{} mail: {:?}", fanouts[0].mails.len(), start.elapsed());
    let before = memory();
    for user in 0..1000 {
        let from = jid(&format!("user{user}@x.example/Conversations.a1b2"));
        for contact in thousand.iter().take(50) {
            scheduler.update(&from, contact, status("at my desk"), now);
        }
    }
    println!("{} octets a contact", (memory() - before) / 50_000);
    let start = Instant::now();
    let fanouts = scheduler.due(later, Timestamp::from_millis(WALL));
    println!("{} users: {:?}", fanouts.len(), start.elapsed());
}
