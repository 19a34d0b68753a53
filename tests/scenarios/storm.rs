//! A login storm: many users of one system come online at once, each with contacts on three others; then some change
//! their presence, some come and go within a moment, and about half of them leave, with a word or without. What the
//! contacts are shown in the end, and what their gateways remember, has to be the truth.

#![allow(dead_code)]

use super::acquainted::{self, Friends};
use super::servers::stanza::{bare, child_text, from, kind_of};
use super::servers::{CatchAll, XmppClient};
use super::world::{Quartet, QuartetOptions, Side};
use futures::stream::StreamExt;
use minidom::Element;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Logins that are on their way at one time.
const LOGINS_AT_ONCE: usize = 100;
/// How often what is seen is compared with what is true.
const LOOK: Duration = Duration::from_millis(100);
/// The domains of the three systems.
const SYSTEMS: [&str; 3] = ["b.example", "c.example", "d.example"];

/// How big it is.
#[derive(Clone)]
pub struct Size {
    /// Users of A.
    pub users: usize,
    /// Contacts of each.
    pub contacts: usize,
    /// People who log in at each of B, C and D. A user's contacts are some of them.
    pub people: usize,
    /// Sections of the configuration.
    pub config: String,
    /// How long each part may take.
    pub patience: Duration,
}

/// What somebody is shown of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Available, with this `<show/>`.
    There(String),
    Gone,
}

/// What a part of the storm cost.
#[derive(Clone, Copy, Debug)]
pub struct Toll {
    /// Until the XMPP server had taken all that the users did.
    pub done: Duration,
    /// From the beginning until every contact was shown the truth.
    pub took: Duration,
    /// Presence changes, each counted for each contact that has to see it.
    pub changes: usize,
    /// Presence stanzas that the XMPP server gave to the gateway of A: changes, what came and went in between, and the
    /// probes of those who come online.
    pub stanzas: usize,
    /// Mails that left it.
    pub mails: usize,
    /// Processor time of the gateway of A.
    pub processor: Duration,
    /// Its memory afterwards, KiB.
    pub memory: u64,
}

/// What a user does after the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Stays,
    /// `dnd`.
    Changes,
    /// Goes and is back before anybody is told.
    Flaps,
    /// With a word.
    Leaves,
    /// The connection is cut.
    Vanishes,
    /// Goes, comes, goes.
    Hesitates,
}

impl Part {
    /// About half of them leave.
    fn of(user: usize) -> Part {
        use Part::{Changes, Flaps, Hesitates, Leaves, Stays, Vanishes};
        let parts = [Stays, Leaves, Changes, Vanishes, Flaps, Hesitates];
        parts[scattered(user) % parts.len()]
    }

    fn ends_as(self) -> Option<Shown> {
        match self {
            Part::Stays | Part::Flaps => None,
            Part::Changes => Some(Shown::There("dnd".into())),
            Part::Leaves | Part::Vanishes | Part::Hesitates => Some(Shown::Gone),
        }
    }

    /// What the gateway is given of it for each contact.
    fn stanzas(self) -> usize {
        match self {
            Part::Stays => 0,
            Part::Changes | Part::Leaves | Part::Vanishes => 1,
            // Who comes online probes.
            Part::Flaps => 3,
            Part::Hesitates => 4,
        }
    }
}

/// The same in every run, and in no order.
fn scattered(number: usize) -> usize {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 40).expect("24 bits are a number")
}

struct User {
    /// Bare JID.
    jid: String,
    contacts: Vec<String>,
    client: Option<XmppClient>,
    truth: Shown,
    part: Part,
}

/// Somebody elsewhere, with what this client is shown.
struct Person {
    jid: String,
    seen: Seen,
    reader: JoinHandle<()>,
}

/// By the JID by which this client knows them, and since when.
type Seen = Arc<Mutex<HashMap<String, (Shown, Instant)>>>;

impl Person {
    async fn login(side: &Side, jid: &str) -> Person {
        let client = side.login(jid).await;
        let seen = Seen::default();
        let reader = tokio::spawn(look(client, seen.clone()));
        Person {
            jid: jid.into(),
            seen,
            reader,
        }
    }

    /// What this client is shown of a user, and since when.
    fn shown(&self, user: &str) -> Option<(Shown, Instant)> {
        lock(&self.seen)
            .get(&acquainted::jid(&self.jid, user))
            .cloned()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn look(client: XmppClient, seen: Seen) {
    let any = |stanza: &Element| stanza.name() == "presence";
    while !client.closed() {
        let Some(stanza) = client.wait(any, Duration::from_secs(3600)).await else {
            continue;
        };
        let show = child_text(&stanza, "show").unwrap_or_default();
        let shown = match kind_of(&stanza).as_str() {
            "" => Shown::There(show),
            "unavailable" => Shown::Gone,
            _ => continue,
        };
        let user = bare(&from(&stanza)).to_owned();
        lock(&seen).insert(user, (shown, Instant::now()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Four systems whose people know each other.
pub struct Storm {
    pub quartet: Quartet,
    size: Size,
    users: Vec<User>,
    people: HashMap<String, Person>,
}

impl Storm {
    /// All gateways run and those elsewhere are online, which the gateway of A knows; of the users of A nobody is.
    pub async fn brewing(size: Size) -> Storm {
        let names: Vec<String> = (0..size.people * SYSTEMS.len())
            .map(|n| format!("p{}@{}", n / SYSTEMS.len(), SYSTEMS[n % SYSTEMS.len()]))
            .collect();
        let users: Vec<User> = (0..size.users)
            .map(|number| User::new(number, &names, size.contacts))
            .collect();
        let mut friends = Friends::default();
        for user in &users {
            for contact in &user.contacts {
                friends.both_ways(&user.jid, contact);
            }
        }
        let mut options = QuartetOptions::default().config(&size.config);
        options.mail = options.mail.catch_all(CatchAll::Alias);
        for jid in users.iter().map(|user| &user.jid).chain(&names) {
            let is_here = |domain: &String| jid.ends_with(&format!("@{domain}"));
            let side = options
                .sides
                .iter_mut()
                .find(|side| is_here(&side.xmpp.domains[0]));
            let side = side.expect("there are four domains");
            side.xmpp = side.xmpp.clone().user(jid);
        }
        let mut quartet = Quartet::prepare(friends.in_rosters(options)).await;
        friends.in_stores(&quartet).await;
        quartet.start_gateways_within(size.patience).await;
        let mut people = HashMap::new();
        for jid in names {
            people.insert(
                jid.clone(),
                Person::login(side_of(&quartet, &jid), &jid).await,
            );
        }
        let storm = Storm {
            quartet,
            size,
            users,
            people,
        };
        storm.is_known_at_a().await;
        storm
    }

    /// The gateway of A has heard of everybody elsewhere, so that nothing else than the storm is measured.
    async fn is_known_at_a(&self) {
        let there = Some(Shown::There(String::new()));
        let knows = |rows: Heard| {
            let all = self.users.iter().flat_map(|user| {
                user.contacts
                    .iter()
                    .map(|contact| (user.jid.clone(), acquainted::address(contact)))
            });
            all.map(|relation| rows.get(&relation).cloned())
                .all(|shown| shown == there)
        };
        let end = Instant::now() + self.size.patience;
        while !knows(heard(&self.quartet.a).await) {
            assert!(
                Instant::now() < end,
                "the gateway of A has not heard of all"
            );
            tokio::time::sleep(10 * LOOK).await;
        }
    }

    /// Everybody logs in, a third of them being away at once.
    pub async fn all_log_in(&mut self) -> Toll {
        let before = Meter::read(&self.quartet);
        let server = &self.quartet.a;
        let logins = self
            .users
            .iter_mut()
            .enumerate()
            .map(async |(number, user)| {
                let client = server.login(&user.jid).await;
                if number % 3 == 0 {
                    client.send("<presence><show>away</show></presence>").await;
                    user.truth = Shown::There("away".into());
                } else {
                    user.truth = Shown::There(String::new());
                }
                user.client = Some(client);
            });
        futures::stream::iter(logins)
            .buffer_unordered(LOGINS_AT_ONCE)
            .collect::<Vec<()>>()
            .await;
        let away = self.users.len().div_ceil(3);
        let changes = self.users.len() * self.size.contacts;
        let stanzas = 2 * changes + away * self.size.contacts;
        self.toll(before, changes, stanzas).await
    }

    /// Everybody plays a part: see [`Part`].
    pub async fn half_leave(&mut self) -> Toll {
        let before = Meter::read(&self.quartet);
        for user in &mut self.users {
            user.plays().await;
        }
        let each = self.size.contacts;
        let changed = self
            .users
            .iter()
            .filter(|user| user.part.ends_as().is_some());
        let changes = changed.count() * each;
        let stanzas = self.users.iter().map(|user| user.part.stanzas() * each);
        let stanzas = stanzas.sum();
        self.toll(before, changes, stanzas).await
    }

    /// Waits until everybody is shown the truth.
    async fn toll(&self, before: Meter, changes: usize, stanzas: usize) -> Toll {
        let done = before.at.elapsed();
        let end = Instant::now() + self.size.patience;
        let last = loop {
            match self.seen_since() {
                Ok(last) => break last,
                Err(lie) => assert!(Instant::now() < end, "{lie}"),
            }
            tokio::time::sleep(LOOK).await;
        };
        let after = Meter::read(&self.quartet);
        Toll {
            done,
            took: last.max(before.at) - before.at,
            changes,
            stanzas,
            mails: after.mails - before.mails,
            processor: after.processor.saturating_sub(before.processor),
            memory: self.quartet.a.gateway.memory(),
        }
    }

    /// Since when everybody is shown the truth, or who is not.
    fn seen_since(&self) -> Result<Instant, String> {
        let mut last = None;
        let mut lies = 0;
        let mut lie = String::new();
        for user in &self.users {
            for contact in &user.contacts {
                match self.people[contact].shown(&user.jid) {
                    Some((shown, since)) if shown == user.truth => last = last.max(Some(since)),
                    other => {
                        lies += 1;
                        let (user, truth, part) = (&user.jid, &user.truth, user.part);
                        lie = format!(
                            "{lies} are wrong: {user} ({part:?}) is {truth:?}, {contact} sees {other:?}"
                        );
                    }
                }
            }
        }
        match last {
            Some(last) if lies == 0 => Ok(last),
            _ => Err(lie),
        }
    }

    /// What the gateways elsewhere remember is the truth, too.
    pub async fn is_remembered(&self) {
        let end = Instant::now() + self.size.patience;
        for side in [&self.quartet.b, &self.quartet.c, &self.quartet.d] {
            while let Some(lie) = self.first_lie(side, &heard(side).await) {
                assert!(Instant::now() < end, "{lie}");
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    fn first_lie(&self, side: &Side, rows: &Heard) -> Option<String> {
        let at = format!("@{}", side.xmpp.domain);
        for user in &self.users {
            for contact in user
                .contacts
                .iter()
                .filter(|contact| contact.ends_with(&at))
            {
                let heard = rows.get(&(contact.clone(), acquainted::address(&user.jid)));
                if heard != Some(&user.truth) {
                    let (user, truth) = (&user.jid, &user.truth);
                    return Some(format!(
                        "{user} is {truth:?}, {contact} is remembered to know {heard:?}"
                    ));
                }
            }
        }
        None
    }

    /// Users whose contacts have something to learn from [`Storm::half_leave`].
    pub fn changed(&self) -> usize {
        let changed = self
            .users
            .iter()
            .filter(|user| user.part.ends_as().is_some());
        changed.count()
    }
}

impl User {
    fn new(number: usize, people: &[String], contacts: usize) -> User {
        let first = scattered(number);
        let contact = |n: usize| people[(first + n) % people.len()].clone();
        User {
            jid: format!("u{number}@a.example"),
            contacts: (0..contacts).map(contact).collect(),
            client: None,
            truth: Shown::Gone,
            part: Part::of(number),
        }
    }

    async fn plays(&mut self) {
        const GO: &str = "<presence type='unavailable'/>";
        let client = self.client.as_ref().expect("everybody has logged in");
        let back = match &self.truth {
            Shown::There(show) if !show.is_empty() => {
                format!("<presence><show>{show}</show></presence>")
            }
            _ => "<presence/>".to_owned(),
        };
        match self.part {
            Part::Stays => {}
            Part::Changes => client.send("<presence><show>dnd</show></presence>").await,
            Part::Flaps => client.send(format!("{GO}{back}")).await,
            Part::Hesitates => client.send(format!("{GO}{back}{GO}")).await,
            Part::Leaves => client.send(format!("{GO}</stream:stream>")).await,
            Part::Vanishes => self.client = None,
        }
        if let Some(truth) = self.part.ends_as() {
            self.truth = truth;
        }
    }
}

/// What is counted of the gateway of A.
struct Meter {
    at: Instant,
    mails: usize,
    processor: Duration,
}

impl Meter {
    fn read(quartet: &Quartet) -> Meter {
        Meter {
            at: Instant::now(),
            mails: quartet.left(&quartet.a).len(),
            processor: quartet.a.gateway.processor(),
        }
    }
}

/// By user and address of the contact: what the user's gateway has heard.
type Heard = HashMap<(String, String), Shown>;

async fn heard(side: &Side) -> Heard {
    let output = side.gateway.command(&["map", "export"]).await;
    assert!(output.status.success(), "{output:?}");
    let rows = String::from_utf8(output.stdout).expect("an export is text");
    let rows = rows
        .lines()
        .map(|row| serde_json::from_str::<serde_json::Value>(row).expect("a row is JSON"));
    let contacts = rows.filter(|row| row["kind"] == "contact");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    contacts
        .map(|row| {
            let state = &row["heard"]["state"];
            let shown = match state.is_null() {
                true => Shown::Gone,
                false => Shown::There(text(&state["show"])),
            };
            ((text(&row["user"]), text(&row["mail"])), shown)
        })
        .collect()
}

fn side_of<'a>(quartet: &'a Quartet, jid: &str) -> &'a Side {
    let sides = [&quartet.a, &quartet.b, &quartet.c, &quartet.d];
    let is_here = |side: &&&Side| jid.ends_with(&format!("@{}", side.xmpp.domain));
    sides.iter().find(is_here).expect("there are four domains")
}
