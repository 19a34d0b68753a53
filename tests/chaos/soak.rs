//! A22: hours of work. Messages go both ways at ten a second while people come and go, subscribe, write to nobody and send
//! what cannot be read, and while the servers around the gateway are restarted in turns. In the end nothing is lost, and
//! memory, open files and threads are what they were: one process life, so the gateway itself is not restarted.
//!
//! `STANZAMAIL_SOAK=120` says for how many minutes (`make soak`); from an hour on it is judged how memory grows. It is to be
//! flat once the gateway forgets as many messages as come, which takes 90 days; so it remembers for a sixth of that time only.
//! Without the variable the short form runs, which sees only what grows fast: a connection or a thread that every restart
//! leaves behind, tens of kilobytes that every message does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use minidom::Element;
use tokio::sync::RwLock;
use tokio::time::{interval, sleep};

use super::counting::message_ids_by_text;
use super::servers::stanza::{
    bare, body, contact, error_condition, escape, find, from, kind_of, parse, stanza_id,
};
use super::servers::{Flavour, Gateway, MailOptions, MailServer, XmppClient, XmppServer, submit};
use super::vitals::{Vitals, growth_an_hour};
use super::world::{Options, World};

/// Between two messages of one direction.
const PAUSE: Duration = Duration::from_millis(100);
/// After this time a client sends again what got no answer.
const CLIENT_WAIT: Duration = Duration::from_secs(5);
/// The people on the other side.
const CONTACTS: usize = 10;
/// One message in so many goes to nobody, one stanza and one mail to so many cannot be read.
const ONE_IN: usize = 20;
/// From the last message until everything is there, and until the gateway rests.
const SETTLE_WAIT: Duration = Duration::from_secs(90);

/// Of the log of a run that does not settle, as many lines are shown: half an hour of them.
const LOG_LINES: usize = 5000;

/// As examples/stanzamail.service has it.
const OF_THE_UNIT: [(&str, &str); 2] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "131072"),
];
/// So much of the long form is remembered, so that its second half begins long after the first was forgotten.
const REMEMBERED_PART: u32 = 6;
/// But never less: what is sent again is to be known, and what was sent last is waited for for so long.
const REMEMBERED_MIN: Duration = Duration::from_secs(150);
/// How much memory may grow in an hour of the long form, after its first half.
const GROWTH_MAX: f64 = 1.0;
/// In less time that cannot be told from what comes and goes.
const JUDGED_MIN: Duration = Duration::from_secs(3600);
/// How much it may grow in the second half of the short form, in MB: as much as 60 kilobytes for each message or mail.
/// One to three were seen, since the store has not yet filled its cache.
const SHORT_GROWTH_MAX: f64 = 8.0;

/// Of what length a run is.
#[derive(Clone, Copy)]
struct Length {
    all: Duration,
    between_faults: Duration,
    between_samples: Duration,
    between_subscriptions: Duration,
    /// For how long the gateway knows what it has handled, in the long form.
    remembered: Option<Duration>,
}

impl Length {
    fn wanted() -> Length {
        let Ok(minutes) = std::env::var("STANZAMAIL_SOAK") else {
            return Length {
                all: Duration::from_secs(14),
                between_faults: Duration::from_secs(4),
                between_samples: Duration::from_millis(250),
                between_subscriptions: Duration::from_secs(5),
                remembered: None,
            };
        };
        let minutes: u64 = minutes.parse().expect("STANZAMAIL_SOAK=120, in minutes");
        let all = Duration::from_secs(60 * minutes);
        Length {
            all,
            between_faults: Duration::from_secs(100),
            between_samples: Duration::from_secs(5),
            between_subscriptions: Duration::from_secs(30),
            remembered: Some(REMEMBERED_MIN.max(all / REMEMBERED_PART)),
        }
    }

    fn is_long(&self) -> bool {
        self.remembered.is_some()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_hours_of_work_memory_files_and_tasks_are_as_they_were() {
    let length = Length::wanted();
    let soak = Soak::start(length).await;
    sleep(Duration::from_secs(1)).await;
    let before = Vitals::of(soak.gateway.pid());

    let samples = tokio::select! {
        samples = soak.works() => samples,
        () = soak.reads() => unreachable!("people read for as long as others write"),
    };
    soak.settles().await;
    soak.nothing_is_lost().await;
    let after = soak.rests(before).await;
    let grown = Grown::over(&samples);
    soak.report(before, after, &grown);
    if length.is_long() {
        soak.has_forgotten();
        let is_judged = length.all >= JUDGED_MIN;
        assert!(!is_judged || grown.an_hour <= GROWTH_MAX, "{grown}");
    }
    assert!(length.is_long() || grown.all <= SHORT_GROWTH_MAX, "{grown}");
}

/// What became of memory in the second half.
struct Grown {
    all: f64,
    an_hour: f64,
}

impl Grown {
    fn over(samples: &[(Duration, Vitals)]) -> Grown {
        let half = &samples[samples.len() / 2..];
        let (first, last) = (half[0].1, half[half.len() - 1].1);
        Grown {
            all: last.megabytes() - first.megabytes(),
            an_hour: growth_an_hour(half),
        }
    }
}

impl std::fmt::Display for Grown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (all, an_hour) = (self.all, self.an_hour);
        write!(
            f,
            "memory grew by {all:.1} MB in the second half, {an_hour:.1} MB an hour"
        )
    }
}

/// The gateway, the servers around it, and the people.
struct Soak {
    length: Length,
    gateway: Gateway,
    /// Locked for writing while Prosody is restarted.
    house: RwLock<House>,
    mail: tokio::sync::Mutex<MailServer>,
    smtp_port: u16,
    /// Locked for writing while Postfix is away.
    postfix: RwLock<()>,
    ledger: Mutex<Ledger>,
    began: Instant,
}

/// Alice, who sends, and Adam, who reads.
struct House {
    prosody: XmppServer,
    alice: XmppClient,
    adam: XmppClient,
}

/// What was sent and what became of it.
#[derive(Default)]
struct Ledger {
    /// Of Alice's messages those that were not answered, and when they were sent last.
    waiting: BTreeMap<usize, Instant>,
    messages: usize,
    repeated: usize,
    refused: usize,
    /// Mails to Adam.
    mails: usize,
    /// By number: under which stanza id it came.
    shown: BTreeMap<usize, String>,
    shown_again: usize,
    asked: usize,
    /// Whom Alice was shown, since they have accepted.
    friends: BTreeSet<String>,
    faults: usize,
}

impl Soak {
    async fn start(length: Length) -> Soak {
        let mail = MailOptions {
            people: (0..CONTACTS).map(address).collect(),
            ..MailOptions::default()
        };
        let options = Options {
            mailbox: "after = \"delete\"".to_owned(),
            mail,
            ..Options::default()
        };
        let mut world = World::prepare(Flavour::Prosody, options).await;
        // The times of rest are shorter where nobody can wait for them.
        let knob = match length.remembered {
            Some(time) => ("STANZAMAIL_REMEMBER", time.as_secs().to_string()),
            None => ("STANZAMAIL_HURRY", "4".to_owned()),
        };
        let knob = (knob.0, knob.1.as_str());
        let variables = [&[("RUST_LOG", "info"), knob], &OF_THE_UNIT[..]].concat();
        world.gateway.environment(&variables);
        let world = world.started().await;
        let (alice, adam) = (world.login("alice").await, world.login("adam").await);
        Soak {
            length,
            gateway: world.gateway,
            house: RwLock::new(House {
                prosody: world.xmpp,
                alice,
                adam,
            }),
            smtp_port: world.mail.smtp_port,
            mail: tokio::sync::Mutex::new(world.mail),
            postfix: RwLock::new(()),
            ledger: Mutex::default(),
            began: Instant::now(),
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.began.elapsed() >= self.length.all
    }

    /// All that happens until the time is over.
    async fn works(&self) -> Vec<(Duration, Vitals)> {
        let people = async {
            tokio::join!(
                self.alice_sends(),
                self.contacts_send(),
                self.alice_comes_and_goes(),
                self.subscribes()
            )
        };
        let (_, (), samples) = tokio::join!(people, self.faults(), self.samples());
        samples
    }

    // --- the load ----------------------------------------------------------------------------------------------------

    async fn alice_sends(&self) {
        let mut clock = interval(PAUSE);
        while !self.is_over() {
            clock.tick().await;
            let number = self.ledger().messages;
            self.ledger().messages += 1;
            self.say(number).await;
            if number % ONE_IN == 1 {
                let house = self.house.read().await;
                let to = contact(&address(number % CONTACTS), &house.prosody.gateway);
                house.alice.send(odd_stanza(number / ONE_IN, &to)).await;
            }
            self.say_again().await;
        }
    }

    /// Alice sends a message, or the same once more.
    async fn say(&self, number: usize) {
        let house = self.house.read().await;
        let to = contact(&recipient(number), &house.prosody.gateway);
        let to = escape(&to);
        let stanza = format!(
            "<message type='chat' to='{to}' id='m-{number}'><body>message {number}</body>\
             <request xmlns='urn:xmpp:receipts'/></message>"
        );
        house.alice.send(stanza).await;
        self.ledger().waiting.insert(number, Instant::now());
    }

    /// As clients do: what got no answer.
    async fn say_again(&self) {
        let is_late =
            |(number, sent): (&usize, &Instant)| (sent.elapsed() > CLIENT_WAIT).then_some(*number);
        let late: Vec<usize> = self.ledger().waiting.iter().filter_map(is_late).collect();
        for number in late {
            self.ledger().repeated += 1;
            self.say(number).await;
        }
    }

    async fn contacts_send(&self) {
        let mut clock = interval(PAUSE);
        while !self.is_over() {
            clock.tick().await;
            let number = self.ledger().mails;
            let from = address(number % CONTACTS);
            self.submit(&from, "adam", &mail(number)).await;
            self.ledger().mails += 1;
            if number % ONE_IN == 1 {
                self.submit(&from, "adam", &odd_mail(number / ONE_IN)).await;
            }
        }
    }

    /// Until Postfix has taken it. Where that takes too long the same mail is sent once more, as mail programs do.
    async fn submit(&self, from: &str, to: &str, mail: &str) {
        let to = format!("{to}@chat.a.example");
        loop {
            let _up = self.postfix.read().await;
            let (port, from, to, mail) = (
                self.smtp_port,
                from.to_owned(),
                to.clone(),
                mail.as_bytes().to_vec(),
            );
            let submitted =
                tokio::spawn(async move { submit(port, &from, &[to.as_str()], mail).await });
            if submitted.await.is_ok_and(|answer| answer.is_ok()) {
                return;
            }
        }
    }

    async fn alice_comes_and_goes(&self) {
        let mut clock = interval(Duration::from_secs(1));
        let shows = ["away", "chat", "dnd", "xa"];
        for show in shows.iter().cycle() {
            clock.tick().await;
            if self.is_over() {
                return;
            }
            let house = self.house.read().await;
            let presence = format!("<presence><show>{show}</show></presence>");
            house.alice.send(presence).await;
        }
    }

    /// Alice asks a contact, who answers; the contact before it leaves her roster.
    async fn subscribes(&self) {
        let mut clock = interval(self.length.between_subscriptions);
        for number in 0.. {
            clock.tick().await;
            if self.is_over() {
                return;
            }
            let friend = |number: usize| format!("c0+friend{number}@mail.example");
            let new = friend(number);
            {
                let house = self.house.read().await;
                let jid = |address: &str| escape(&contact(address, &house.prosody.gateway));
                let mut stanzas = format!("<presence type='subscribe' to='{}'/>", jid(&new));
                if let Some(old) = number.checked_sub(1) {
                    stanzas.push_str(&leaves_the_roster(&jid(&friend(old)), old));
                }
                house.alice.send(stanzas).await;
            }
            self.ledger().asked += 1;
            sleep(PAUSE * 10).await;
            let mail = format!("From: {new}\nTo: alice@chat.a.example\n\nWith pleasure.\n");
            self.submit(&new, "alice", &mail).await;
        }
    }

    // --- faults ------------------------------------------------------------------------------------------------------

    /// One server after the other is restarted.
    async fn faults(&self) {
        let mut clock = interval(self.length.between_faults);
        clock.tick().await;
        let count = self.length.all.div_duration_f64(self.length.between_faults) as usize;
        for number in 0..count {
            clock.tick().await;
            match number % 3 {
                0 => self.prosody_starts_again().await,
                1 => self.mail.lock().await.restart_dovecot().await,
                _ => self.postfix_is_away().await,
            }
            self.ledger().faults += 1;
        }
    }

    async fn postfix_is_away(&self) {
        let _away = self.postfix.write().await;
        let mut mail = self.mail.lock().await;
        mail.stop_postfix().await;
        sleep(PAUSE * 20).await;
        mail.start_postfix().await;
    }

    /// Adam goes offline before, so that Prosody keeps what comes for him: what it has taken for somebody whose connection
    /// it closes is its own to lose.
    async fn prosody_starts_again(&self) {
        let mut house = self.house.write().await;
        house.adam.send("<presence type='unavailable'/>").await;
        let ping = "<ping xmlns='urn:xmpp:ping'/>";
        house.adam.iq("get", None, ping).await;
        self.reads_all(&house).await;
        house.prosody.restart().await;
        house.alice = house.prosody.login("alice").await;
        house.adam = house.prosody.login("adam").await;
    }

    // --- what people see ---------------------------------------------------------------------------------------------

    async fn reads(&self) {
        loop {
            {
                let house = self.house.read().await;
                self.reads_all(&house).await;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn reads_all(&self, house: &House) {
        for person in [&house.alice, &house.adam] {
            while let Some(stanza) = person.wait(|_| true, Duration::ZERO).await {
                self.ledger().note(&stanza);
            }
        }
    }

    // --- what is measured --------------------------------------------------------------------------------------------

    async fn samples(&self) -> Vec<(Duration, Vitals)> {
        let mut clock = interval(self.length.between_samples);
        let mut samples: Vec<(Duration, Vitals)> = Vec::new();
        while !self.is_over() {
            clock.tick().await;
            let vitals = Vitals::of(self.gateway.pid());
            if self.length.is_long() && samples.len().is_multiple_of(60) {
                self.tell(vitals);
            }
            samples.push((self.began.elapsed(), vitals));
        }
        samples
    }

    fn tell(&self, vitals: Vitals) {
        let minutes = self.began.elapsed().as_secs() / 60;
        let (ledger, stored) = (self.ledger(), self.stored());
        println!(
            "after {minutes} min: {vitals}; {} messages, {} mails, {} faults, {stored:.1} MB in the store",
            ledger.messages, ledger.mails, ledger.faults
        );
    }

    /// The size of the database, in MB.
    fn stored(&self) -> f64 {
        let folder = self.gateway.folder().join("store/db");
        let files = std::fs::read_dir(folder).expect("the store is there");
        let octets = files
            .flatten()
            .filter_map(|file| file.metadata().ok())
            .map(|file| file.len())
            .sum::<u64>();
        octets as f64 / 1e6
    }

    // --- the end -----------------------------------------------------------------------------------------------------

    /// All that was sent is answered and all mails are shown.
    async fn settles(&self) {
        let end = Instant::now() + SETTLE_WAIT;
        loop {
            {
                let house = self.house.read().await;
                self.reads_all(&house).await;
            }
            self.say_again().await;
            let open = self.ledger().open();
            let Some(open) = open else { return };
            let is_late = Instant::now() >= end;
            assert!(
                !is_late,
                "not within {SETTLE_WAIT:?}: {open}\n{}",
                self.end_of_log()
            );
            sleep(PAUSE).await;
        }
    }

    /// What the gateway said last.
    fn end_of_log(&self) -> String {
        let log = self.gateway.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// What has a receipt lies in its mailbox, under one Message-ID.
    async fn nothing_is_lost(&self) {
        let mut arrived = BTreeMap::new();
        self.mail.lock().await.hands_all_on().await;
        for number in 0..CONTACTS {
            let mailbox = self.mail.lock().await.mailbox(&address(number)).await;
            arrived.extend(message_ids_by_text(&mailbox.all().await));
        }
        let messages = self.ledger().messages;
        let lost: Vec<usize> = (0..messages)
            .filter(|number| !is_refused(*number))
            .filter(|number| !arrived.contains_key(&format!("message {number}")))
            .collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        let ours = arrived
            .iter()
            .filter(|(text, _)| text.starts_with("message "));
        let several: Vec<_> = ours.filter(|(_, ids)| ids.len() > 1).collect();
        assert!(several.is_empty(), "several Message-IDs: {several:?}");
        assert!(!self.ledger().friends.is_empty(), "nobody has accepted");
    }

    /// Else the second half was no steady state.
    fn has_forgotten(&self) {
        let log = self.gateway.log();
        let times = log.matches("forgot what is older than").count();
        assert!(times >= 5, "it forgot {times} times");
    }

    /// Waits until the gateway has as few files and threads as before.
    async fn rests(&self, before: Vitals) -> Vitals {
        let end = Instant::now() + SETTLE_WAIT;
        loop {
            let now = Vitals::of(self.gateway.pid());
            if now.files <= before.files && now.threads <= before.threads {
                return now;
            }
            assert!(Instant::now() < end, "before: {before}; after: {now}");
            sleep(PAUSE).await;
        }
    }

    fn report(&self, before: Vitals, after: Vitals, grown: &Grown) {
        let ledger = self.ledger();
        println!(
            "{:.1} min, {} messages ({} sent again by their client, {} refused) and {} mails ({} shown again), {} of {} \
             subscriptions, {} restarts of servers: 0 lost; before: {before}; after: {after}; {grown}; {:.1} MB in the store",
            self.began.elapsed().as_secs_f64() / 60.0,
            ledger.messages,
            ledger.repeated,
            ledger.refused,
            ledger.mails,
            ledger.shown_again,
            ledger.friends.len(),
            ledger.asked,
            ledger.faults,
            self.stored(),
        );
    }
}

impl Ledger {
    fn note(&mut self, stanza: &Element) {
        match (stanza.name(), kind_of(stanza).as_str()) {
            ("message", "error") => self.note_error(stanza),
            ("message", _) => {
                if let Some(receipt) = find(stanza, "received", "urn:xmpp:receipts") {
                    self.note_receipt(number_of(receipt.attr("id").unwrap_or_default(), "m-"));
                } else {
                    self.note_mail(stanza);
                }
            }
            ("presence", "") if from(stanza).contains("+friend") => {
                self.friends.insert(bare(&from(stanza)).to_owned());
            }
            _ => {}
        }
    }

    fn note_receipt(&mut self, number: Option<usize>) {
        let number = number.expect("a receipt for what Alice sent");
        assert!(!is_refused(number), "a receipt for what was refused");
        self.waiting.remove(&number);
    }

    /// Of errors those count that are the mail server's words. Others are from Prosody while the gateway is away, and about
    /// what cannot be read.
    fn note_error(&mut self, stanza: &Element) {
        let Some(number) = number_of(&stanza_id(stanza), "m-") else {
            return;
        };
        let condition = error_condition(stanza).unwrap_or_default();
        // The second is the answer to who repeats it.
        let is_refusal = condition == "item-not-found" || condition == "undefined-condition";
        if is_refusal {
            assert!(is_refused(number), "refused: {}", String::from(stanza));
            self.refused += usize::from(self.waiting.remove(&number).is_some());
        }
    }

    fn note_mail(&mut self, stanza: &Element) {
        let text = body(stanza).unwrap_or_default();
        let Some(number) = number_of(&text, "mail ") else {
            return;
        };
        let id = stanza_id(stanza);
        if let Some(before) = self.shown.insert(number, id.clone()) {
            assert_eq!(before, id, "mail {number} came under two stanza ids");
            self.shown_again += 1;
        }
    }

    /// What is not answered and not shown, if anything is.
    fn open(&self) -> Option<String> {
        let unread = self.mails - self.shown.len();
        let is_open = !self.waiting.is_empty() || unread > 0;
        let waiting: Vec<&usize> = self.waiting.keys().take(10).collect();
        is_open.then(|| {
            format!(
                "{} messages without an answer, such as {waiting:?}; {unread} mails that nobody saw",
                self.waiting.len()
            )
        })
    }
}

fn number_of(text: &str, begin: &str) -> Option<usize> {
    text.strip_prefix(begin)?.parse().ok()
}

fn address(number: usize) -> String {
    format!("c{number}@mail.example")
}

/// Whether Alice's message of this number goes to nobody.
fn is_refused(number: usize) -> bool {
    number.is_multiple_of(ONE_IN)
}

fn recipient(number: usize) -> String {
    if is_refused(number) {
        "nobody@mail.example".to_owned()
    } else {
        address(number % CONTACTS)
    }
}

fn mail(number: usize) -> String {
    let from = address(number % CONTACTS);
    format!(
        "From: {from}\nTo: adam@chat.a.example\nMessage-ID: <{number}@mail.example>\n\nmail {number}\n"
    )
}

fn leaves_the_roster(jid: &str, number: usize) -> String {
    format!(
        "<iq type='set' id='leaves-{number}'><query xmlns='jabber:iq:roster'>\
         <item jid='{jid}' subscription='remove'/></query></iq>"
    )
}

/// What no client sends.
fn odd_stanza(number: usize, to: &str) -> String {
    let deep = ("<a>".repeat(100), "</a>".repeat(100));
    let attributes: String = (0..400).map(|n| format!("a{n}='' ")).collect();
    match number % 6 {
        0 => format!("<message to='{to}' id='odd'>{}{}</message>", deep.0, deep.1),
        1 => format!("<message to='{to}' id='odd' {attributes}><body>wide</body></message>"),
        2 => format!("<message to='{to}' id='odd'><body>one</body><body>two</body></message>"),
        3 => format!("<presence to='{to}' type='bogus'/>"),
        4 => format!("<iq to='{to}' type='set' id='odd'><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>"),
        _ => format!(
            "<message to='{to}' id='odd' type='chat'><body>{}</body></message>",
            "long ".repeat(30_000)
        ),
    }
}

/// What no mail program sends.
fn odd_mail(number: usize) -> String {
    let head = format!(
        "From: c0@mail.example\nTo: adam@chat.a.example\nMessage-ID: <odd-{number}@mail.example>\n"
    );
    match number % 4 {
        0 => {
            format!("{head}Content-Type: multipart/mixed; boundary=b\n\n--b\nno header\n--b\n\n--b")
        }
        1 => format!("{head}Content-Type: text/plain; charset=none\n\n\u{e9}\u{1}=?utf-8?q?\n"),
        2 => {
            format!("{head}Subject: =?utf-8?b?/////?=\nContent-Transfer-Encoding: base64\n\n***\n")
        }
        _ => head + "\n",
    }
}

#[test]
fn every_odd_stanza_is_one_for_an_xml_parser() {
    for number in 0..6 {
        let stanza = odd_stanza(number, "c\\40mail.example@gateway.a.example");
        assert!(parse(&stanza).is_some(), "{stanza}");
    }
}
