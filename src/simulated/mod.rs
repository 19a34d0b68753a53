//! A world in one thread: the gateway's shell between simulated servers, on a simulated network, in simulated time. What
//! happens in it follows from a seed, faults included, so a seed that fails fails again:
//!
//! ```text
//! STANZAMAIL_SEEDS=20000 cargo test --lib simulated      many of them (`make chaos`)
//! STANZAMAIL_SEED=1234 RUST_LOG=stanzamail=debug cargo test --lib one_seed -- --ignored --nocapture
//!                                                        one of them, with all that happened and the gateway's log
//! ```
//!
//! For five minutes users and contacts write to each other while connections break and freeze, servers go away, refuse, fall
//! silent and number their mails anew, and the gateway is killed and stopped. Then all is well again, and everything must
//! come to rest: see `World::judge`.

mod at_work;
mod gateway;
mod mail;
pub(crate) mod network;
mod store;
mod xmpp;

pub(crate) use network::is_here;

use gateway::{Gateway, IMAP_PORT, SMTP_PORT, XMPP_PORT};
use mail::MailServers;
use network::dice;
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::process::{Command, Output};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use xmpp::XmppServer;

/// Messages and mails of each conversation of a short life.
const MESSAGES: usize = 10;
/// And conversations.
const CONVERSATIONS: usize = 3;
/// How long there are faults, for each message of a conversation: five minutes in a short life.
const FAULTS_EACH: Duration = Duration::from_secs(30);
/// The longest pause between two of them, in milliseconds.
const FAULT_PAUSE_MAX: u64 = 20_000;
/// How long it may take then until nothing is left to do: some pauses between attempts are long.
const REST_WITHIN: Duration = Duration::from_secs(6 * 3600);
/// How long nothing may happen then.
const REST: Duration = Duration::from_secs(900);
/// 22 November 2026, 12:00 UTC.
const BEGIN: Duration = Duration::from_secs(1_795_348_800);
const TODAY: &str = "22-Nov-2026 12:00:00 +0000";
/// A short life has a few hundred lines, a long one millions.
const LINES_KEPT: usize = 200_000;
/// The seed of the long life.
const LONG_SEED: u64 = 7;
/// Seeds in the ordinary tests.
const SEEDS: u64 = 200;

thread_local! {
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The wall clock of a world.
fn clock() -> Duration {
    BEGIN + BEGAN.get().map_or(Duration::ZERO, |began| began.elapsed())
}

/// What has happened, for the eye and for comparing two runs: the last [`LINES_KEPT`] of it.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<VecDeque<String>>>);

impl Trace {
    fn add(&self, what: &str) {
        let at = (clock() - BEGIN).as_millis();
        let mut lines = self.0.lock().unwrap();
        lines.push_back(format!("{at:>9} {what}"));
        if lines.len() > LINES_KEPT {
            lines.pop_front();
        }
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().cloned().collect()
    }
}

/// Who writes to whom, both ways, and how much.
struct Plan {
    conversations: Vec<(String, String)>,
    messages: usize,
}

impl Plan {
    fn of(conversations: usize, messages: usize) -> Self {
        // Some have the user in common, some the contact.
        let pair = |n: usize| (format!("user{}", n / 2), format!("contact{}", n % 3));
        Self {
            conversations: (0..conversations).map(pair).collect(),
            messages,
        }
    }

    /// Contacts' mails, or users' messages.
    fn texts(&self, of_contacts: bool) -> impl Iterator<Item = String> {
        let text = move |user: &str, contact: &str, number: usize| match of_contacts {
            true => format!("{contact} to {user}: {number}"),
            false => format!("{user} to {contact}: {number}"),
        };
        let all = move |(user, contact): &(String, String)| {
            let texts = (0..self.messages).map(|number| text(user, contact, number));
            texts.collect::<Vec<_>>()
        };
        self.conversations.iter().flat_map(all)
    }
}

struct World {
    plan: Plan,
    trace: Trace,
    xmpp: XmppServer,
    mail: MailServers,
    gateway: Gateway,
}

impl World {
    fn begin(trace: Trace, plan: Plan) -> Self {
        BEGAN.set(Some(Instant::now()));
        network::begin();
        let mailbox = match dice(3) {
            0 => "after = \"delete\"",
            1 => "after = \"keep\"",
            _ => "after = \"seen\"",
        };
        // In some worlds mails come faster than they may be shown, by either limit, and wait.
        let any = "\"unlimited\"";
        let shown = [["2", any], [any, "2"], [any, any]][dice(3) as usize];
        // In most of them lines in one go are one mail.
        let gather = ["0s", "10s", "60s"][dice(3) as usize];
        Self {
            plan,
            xmpp: XmppServer::start(trace.clone()),
            mail: MailServers::start(trace.clone()),
            gateway: Gateway::new(mailbox, shown, gather),
            trace,
        }
    }

    /// People write, things break; then everything comes to rest, or this panics.
    async fn live(&mut self) {
        let mut people = JoinSet::new();
        let messages = self.plan.messages;
        for pair in &self.plan.conversations {
            let (xmpp, mail) = (self.xmpp.clone(), self.mail.clone());
            let (one, other) = (self.trace.clone(), self.trace.clone());
            people.spawn(xmpp::converse(xmpp, one, pair.clone(), messages));
            people.spawn(mail::write(mail, other, pair.clone(), messages));
        }
        self.gateway.start();
        let end = Instant::now() + FAULTS_EACH * u32::try_from(messages).unwrap();
        let mut faults = 0;
        while Instant::now() < end {
            sleep(Duration::from_millis(dice(FAULT_PAUSE_MAX))).await;
            self.fault().await;
            faults += 1;
        }
        self.trace
            .add(&format!("all is well, after {faults} faults"));
        self.mail.be_well();
        let rests = Instant::now() + REST_WITHIN;
        while !people.is_empty() || !self.is_done() {
            while people.try_join_next().is_some_and(|ended| ended.is_ok()) {}
            let is_late = Instant::now() >= rests;
            assert!(!is_late, "it does not come to rest: {}", self.open());
            sleep(Duration::from_secs(30)).await;
        }
        self.trace.add("everything is done");
        // What could not be proved is repeated, once more at the most.
        sleep(REST).await;
        let (before, arrived) = (self.xmpp.came().counts, self.mail.arrived().count);
        sleep(REST).await;
        assert_eq!(before, self.xmpp.came().counts, "messages come for ever");
        assert_eq!(arrived, self.mail.arrived().count, "mails come for ever");
        self.gateway.stop().await;
        self.judge();
    }

    /// One thing goes wrong.
    async fn fault(&mut self) {
        let port = [XMPP_PORT, SMTP_PORT, IMAP_PORT][dice(3) as usize];
        let seconds = Duration::from_millis(dice(30_000));
        match dice(12) {
            0..3 => {
                self.trace.add(&format!("connections to {port} break"));
                network::cut(port);
            }
            3..5 => {
                let long = seconds * 5;
                self.trace.add(&format!("{port} freezes for {long:?}"));
                network::freeze(port, long);
            }
            5 | 6 => {
                self.trace.add(&format!("{port} is down for {seconds:?}"));
                network::set_up(port, false);
                sleep(seconds).await;
                network::set_up(port, true);
            }
            7 | 8 => {
                self.trace.add("the gateway is killed");
                self.gateway.crash().await;
                sleep(seconds / 10).await;
                self.gateway.start();
            }
            9 => {
                self.trace.add("the gateway stops");
                self.gateway.stop().await;
                self.gateway.start();
            }
            10 => {
                let what = match self.mail.number_anew() {
                    true => "the mailbox is numbered anew",
                    false => "connections to the mailbox break",
                };
                self.trace.add(what);
                network::cut(IMAP_PORT);
            }
            _ => self.mail.trouble(),
        }
    }

    /// Everybody has got or knows everything, and nothing waits.
    fn is_done(&self) -> bool {
        self.gateway.waiting() == 0 && self.unread().is_empty()
    }

    /// Contacts' texts that no user has seen.
    fn unread(&self) -> Vec<String> {
        self.xmpp.with_came(|came| {
            let texts = self.plan.texts(true);
            texts.filter(|text| !came.ids.contains_key(text)).collect()
        })
    }

    fn open(&self) -> String {
        let came = self.xmpp.came();
        format!(
            "{} mails wait; {} receipts, {} errors; not shown: {:?}",
            self.gateway.waiting(),
            came.receipts.len(),
            came.errors.len(),
            self.unread()
        )
    }

    /// What must be true of every world: each message has arrived or its sender was told, no receipt is false, everything
    /// has one name, nothing overtakes what was written before, and nothing waits or was set aside.
    fn judge(&self) {
        let (came, arrived) = (self.xmpp.came(), self.mail.arrived());
        for text in self.plan.texts(false) {
            let id = text.replace(" to ", "-").replace(": ", "-");
            let has_arrived = arrived.ids.contains_key(&text);
            let has_receipt = came.receipts.contains(&id);
            assert!(!has_receipt || has_arrived, "a false receipt for {id}");
            let is_told = came.errors.contains(&id);
            let taken_back = came.taken_back.get(&id);
            assert!(
                has_arrived || is_told || taken_back.is_some(),
                "{id} is lost"
            );
            let is_in_time = taken_back == Some(&true) && !came.not_taken_back.contains(&id);
            assert!(!(is_in_time && has_arrived), "{id} was taken back in time");
        }
        assert!(arrived.doubled.is_empty(), "{:?}", arrived.doubled);
        one_each(&arrived.ids, "Message-IDs");
        one_each(&came.ids, "stanza ids");
        in_order(&arrived.texts);
        in_order(&came.texts);
        assert_eq!(self.gateway.waiting(), 0, "mails wait");
        assert_eq!(self.gateway.set_aside(), 0, "something was set aside");
    }
}

fn one_each(names: &BTreeMap<String, std::collections::BTreeSet<String>>, what: &str) {
    let several: Vec<_> = names.iter().filter(|(_, names)| names.len() != 1).collect();
    assert!(several.is_empty(), "several {what}: {several:?}");
}

/// Of each conversation, as the texts name it.
fn in_order(texts: &[String]) {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        let (conversation, number) = text.split_once(": ").unwrap();
        let number: usize = number.parse().unwrap();
        let before = last.insert(conversation, number);
        assert!(
            before.is_none_or(|before| before < number),
            "{text} comes after {before:?}"
        );
    }
}

/// Lives a world on a thread of its own; answers what happened, and whether it ended well. In a process it is the same
/// again only if it is the first one there: what is made once for all threads has taken its random numbers by the second.
fn live(seed: u64, plan: Plan) -> (Vec<String>, bool) {
    let trace = Trace::default();
    let of_thread = trace.clone();
    let thread = std::thread::spawn(move || {
        seeded::this_thread(seed, clock);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async { World::begin(of_thread, plan).live().await });
    });
    let is_well = thread.join().is_ok();
    (trace.lines(), is_well)
}

/// What the world of this seed says in a process of its own.
fn world_of(seed: u64, more: &[(&str, usize)]) -> Output {
    let this = std::env::current_exe().expect("we run");
    let test = "simulated::the_world_of_one_seed";
    let run = Command::new(this)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("STANZAMAIL_SEED", seed.to_string())
        .envs(more.iter().map(|(name, value)| (name, value.to_string())))
        .output();
    run.expect("the tests can be run again")
}

fn number_in<T: FromStr<Err: Debug>>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect(variable))
}

#[test]
#[ignore = "replays the world of STANZAMAIL_SEED"]
fn the_world_of_one_seed() {
    let Some(seed) = number_in("STANZAMAIL_SEED") else {
        return;
    };
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let log = tracing_subscriber::fmt().with_env_filter(filter);
        log.without_time().init();
    }
    let conversations = number_in("STANZAMAIL_CONVERSATIONS").unwrap_or(CONVERSATIONS);
    let messages = number_in("STANZAMAIL_MESSAGES").unwrap_or(MESSAGES);
    let (lines, is_well) = live(seed, Plan::of(conversations, messages));
    println!("{}", lines.join("\n"));
    assert!(is_well, "the world of seed {seed} ends badly");
}

#[test]
fn whatever_breaks_everybody_gets_everything_in_order_or_is_told() {
    let seeds = number_in("STANZAMAIL_SEEDS").unwrap_or(SEEDS);
    let (next, bad) = (AtomicU64::new(1), Mutex::new(Vec::new()));
    let live_some = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > seeds {
                return;
            }
            let output = world_of(seed, &[]);
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                eprintln!("STANZAMAIL_SEED={seed}: {said}");
                bad.lock().unwrap().push(seed);
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(live_some))));
    let bad = bad.into_inner().unwrap();
    assert!(bad.is_empty(), "these worlds end badly: {bad:?}");
}

#[test]
fn a_seed_replays_exactly() {
    let lines = |seed| {
        let said = world_of(seed, &[]).stdout;
        let said = String::from_utf8_lossy(&said).into_owned();
        let is_event = |line: &&str| line.starts_with(' ');
        let lines = said.lines().filter(is_event).map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    for seed in [1, 2, 3] {
        let (once, again) = (lines(seed), lines(seed));
        let differ = once.iter().zip(&again).find(|(one, other)| one != other);
        assert_eq!((differ, once.len()), (None, again.len()));
        assert!(once.len() > 100, "{once:?}");
    }
    assert_ne!(lines(1), lines(2));
}

/// Few worlds with much in them: `STANZAMAIL_MESSAGES=10000` is the long form. In the world of this seed handled mails are
/// deleted. Where they stay and the mailbox is rebuilt, a start begins to read all of it again until that is through once: in
/// a mailbox of half a million mails that takes longer than the gateway lives here.
#[test]
fn nothing_overtakes_in_fifty_long_conversations() {
    let messages = number_in("STANZAMAIL_MESSAGES").unwrap_or(20);
    let size = [
        ("STANZAMAIL_CONVERSATIONS", 50),
        ("STANZAMAIL_MESSAGES", messages),
    ];
    let output = world_of(LONG_SEED, &size);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "STANZAMAIL_SEED={LONG_SEED}: {said}"
    );
}
