//! The figures of docs/PERFORMANCE.md for several gateways that mail joins.
//!
//! `make bench`, or `cargo bench --bench two_gateways -- delay thousand storm` for some of them.

#[path = "../tests/scenarios/acquainted.rs"]
mod acquainted;
mod common;
#[path = "../tests/servers/mod.rs"]
mod servers;
#[path = "../tests/scenarios/storm.rs"]
mod storm;
#[path = "../tests/scenarios/world.rs"]
mod world;

use acquainted::Friends;
use common::{Lines, Table, is_wanted, spread};
use servers::stanza::{escape, stanza_id};
use servers::{CatchAll, PASSWORD, XmppClient};
use std::time::{Duration, Instant};
use storm::{Size, Storm, Toll};
use world::{Pair, PairOptions, Quartet, QuartetOptions};

/// Messages whose delay is measured, and as many bare mails.
const MESSAGES: usize = 300;
/// One in this time, give or take a quarter.
const PACE: Duration = Duration::from_millis(200);
/// How often a user with a thousand contacts logs in.
const LOGINS: usize = 5;
/// How long anything of many parts may take.
const LIMIT: Duration = Duration::from_secs(300);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    runtime.block_on(async {
        let mut table = Table::default();
        if is_wanted("delay") {
            delay(&mut table).await;
        }
        if is_wanted("thousand") {
            thousand(&mut table).await;
        }
        if is_wanted("storm") {
            login_storm(&mut table).await;
        }
        table.print();
    });
}

// --- a message from one system to the other --------------------------------------------------------------------------

/// From Alice's client on Prosody to Bob's on ejabberd; and from a client of the mail server to one that waits at Bob's
/// gateway's mailbox, for the mail that such a message becomes.
async fn delay(table: &mut Table) {
    let mut options = PairOptions::default();
    options.a = options.a.config(&format_of("chat.b.example"));
    options.b = options.b.config(&format_of("chat.a.example"));
    let mut pair = Pair::with(options).await;
    let (alice, bob) = (pair.a.login("alice").await, pair.b.login("bob").await);
    send(&alice, &pair.bob(), "warm-up").await;
    bob.next_message_from(&pair.alice()).await;

    let sending = async {
        let mut sent = Vec::new();
        let start = Instant::now();
        for number in 0..MESSAGES {
            tokio::time::sleep_until(moment(start, number).into()).await;
            sent.push(Instant::now());
            send(&alice, &pair.bob(), &format!("m{number}")).await;
        }
        sent
    };
    let (sent, seen) = tokio::join!(sending, arrivals(&bob));
    let times: Vec<Duration> = sent
        .iter()
        .zip(seen)
        .map(|(sent, seen)| seen - *sent)
        .collect();

    tokio::join!(pair.a.gateway.terminate(), pair.b.gateway.terminate());
    let bare = bare_delays(&pair).await;
    let ((all, all_99), (mail, mail_99)) = (spread(&times), spread(&bare));
    table.row([
        "delay of a message, Prosody → ejabberd, p50 (p99)".to_owned(),
        format!("{all:.0} ms ({all_99:.0})"),
        format!("{mail:.0} ms ({mail_99:.0})"),
        format!("{:+.0} ms", all - mail),
        "–".to_owned(),
    ]);
}

fn format_of(domain: &str) -> String {
    format!("[[peer]]\ndomain = \"{domain}\"\nformat = \"xmpp\"\n")
}

/// Not in step with anything.
fn moment(start: Instant, number: usize) -> Instant {
    let slack = PACE / 2 * u32::try_from(number * 37 % 101).unwrap_or(0) / 100;
    start + PACE * u32::try_from(number).unwrap_or(u32::MAX) + slack
}

async fn send(client: &XmppClient, to: &str, id: &str) {
    let to = escape(to);
    client
        .send(format!(
            "<message type='chat' to='{to}' id='{id}'><body>This is what {id} says, in a line of some words.</body>\
             </message>"
        ))
        .await;
}

/// When each message came, by its number.
async fn arrivals(client: &XmppClient) -> Vec<Instant> {
    let mut seen = vec![None; MESSAGES];
    while seen.iter().any(Option::is_none) {
        let message = client
            .expect(|stanza| stanza.name() == "message", LIMIT)
            .await;
        let number = stanza_id(&message)
            .strip_prefix('m')
            .and_then(|id| id.parse::<usize>().ok());
        if let Some(seen) = number.and_then(|number| seen.get_mut(number)) {
            seen.get_or_insert(Instant::now());
        }
    }
    seen.into_iter().flatten().collect()
}

/// The same mail, from the moment at which it is handed over on a kept connection to the one at which IDLE tells of it.
async fn bare_delays(pair: &Pair) -> Vec<Duration> {
    let bridge = pair.b.account();
    let mailbox = pair.mail.bridge(&pair.b.mail_domain()).await;
    let mail = String::from_utf8_lossy(&mailbox.wait_for(1).await.remove(0).raw).into_owned();
    let before = mailbox.count().await;
    let at = mail.find("MIME-Version:").expect("a mail of the gateway");
    let mail = mail[at..].replace("\r\n", "\n").replace('\n', "\r\n");

    let mut imap = Lines::open(pair.mail.imap_port).await;
    imap.until("* OK").await;
    imap.say(&format!("x LOGIN {bridge} {PASSWORD}\r\n")).await;
    imap.until("x OK").await;
    imap.say("x SELECT INBOX\r\n").await;
    imap.until("x OK").await;
    imap.say("x IDLE\r\n").await;
    imap.until("+ ").await;
    let seeing = async {
        let mut seen = Vec::new();
        while seen.len() < MESSAGES {
            let line = imap.until_with("EXISTS").await;
            let count = line
                .split(' ')
                .nth(1)
                .and_then(|count| count.parse::<usize>().ok());
            let new = count.map_or(0, |count| count.saturating_sub(before));
            seen.resize(new.max(seen.len()), Instant::now());
        }
        seen
    };
    let (sent, seen) = tokio::join!(hand_over(pair.mail.smtp_port, &mail), seeing);
    sent.iter()
        .zip(seen)
        .map(|(sent, seen)| seen - *sent)
        .collect()
}

async fn hand_over(port: u16, mail: &str) -> Vec<Instant> {
    let mut smtp = Lines::open(port).await;
    smtp.until("220 ").await;
    smtp.say("EHLO bench.example\r\n").await;
    smtp.until("250 ").await;
    let (start, mut sent) = (Instant::now(), Vec::new());
    for number in 0..MESSAGES {
        tokio::time::sleep_until(moment(start, number).into()).await;
        sent.push(Instant::now());
        smtp.say("MAIL FROM:<alice@chat.a.example>\r\nRCPT TO:<bob@chat.b.example>\r\nDATA\r\n")
            .await;
        smtp.until("354 ").await;
        let id = format!("Message-ID: <{number}.");
        let mail = mail.replacen("Message-ID: <", &id, 1);
        smtp.say(&format!("{mail}\r\n.\r\n")).await;
        smtp.until("250 ").await;
    }
    sent
}

// --- presence --------------------------------------------------------------------------------------------------------

/// A user with a thousand contacts on three systems logs in: until one of them sees it.
async fn thousand(table: &mut Table) {
    let mut friends = Friends::default();
    friends.both_ways("alice@a.example", "bob@b.example");
    for number in 1..1000 {
        let domain = ["b.example", "c.example", "d.example"][number % 3];
        friends.one_way("alice@a.example", &format!("n{number}@{domain}"));
    }
    let spacing = QuartetOptions::default().config("[presence]\nspacing = \"1s\"\n");
    let mut options = friends.in_rosters(spacing);
    options.mail = options.mail.catch_all(CatchAll::Alias);
    let mut quartet = Quartet::prepare(options).await;
    friends.in_stores(&quartet).await;
    quartet.start_gateways().await;
    let bob = quartet.b.login("bob").await;
    let alice_jid = quartet.b.contact_at(&quartet.a, "alice");
    bob.next_presence_from(&alice_jid, "unavailable").await;
    let (mut coming, mut going) = (Vec::new(), Vec::new());
    let before = quartet.left(&quartet.a).len();
    for _ in 0..LOGINS {
        let started = Instant::now();
        let alice = quartet.a.login("alice").await;
        bob.next_presence_from(&alice_jid, "").await;
        coming.push(started.elapsed());
        tokio::time::sleep(Duration::from_secs(2)).await;
        let started = Instant::now();
        drop(alice);
        bob.next_presence_from(&alice_jid, "unavailable").await;
        going.push(started.elapsed());
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let mails = quartet.left(&quartet.a).len() - before;
    for (what, times) in [("comes online", coming), ("goes offline", going)] {
        let (middle, worst) = spread(&times);
        table.row([
            format!("a user with 1,000 contacts on 3 systems {what} → seen, middle (worst)"),
            format!("{:.1} s ({:.1})", middle / 1e3, worst / 1e3),
            "debounce 3 s".to_owned(),
            format!("{:.1} mails", mails as f64 / (2 * LOGINS) as f64),
            "3 mails".to_owned(),
        ]);
    }
}

/// 1,000 users with 50 contacts each, on three systems with 20 people each; the presence settings are the usual ones.
async fn login_storm(table: &mut Table) {
    let size = Size {
        users: 1_000,
        contacts: 50,
        people: 20,
        config: String::new(),
        patience: LIMIT,
    };
    let most = 3 * size.users;
    let mut storm = Storm::brewing(size).await;
    let idle = storm.quartet.a.gateway.memory();
    eprintln!("memory before: {:.1} MiB", idle as f64 / 1024.0);
    let coming = storm.all_log_in().await;
    storm_rows(table, "1,000 users log in, 50 contacts each", &coming, most);
    assert!(coming.mails <= most);
    let going = storm.half_leave().await;
    let most = 3 * storm.changed();
    storm_rows(
        table,
        "half of them leave, others come and go",
        &going,
        most,
    );
    assert!(going.mails <= most);
    storm.is_remembered().await;
    let mails = storm.quartet.left(&storm.quartet.a).len();
    eprintln!("everybody is shown the truth, and remembers it; {mails} mails in all");
}

fn storm_rows(table: &mut Table, what: &str, toll: &Toll, most: usize) {
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    table.row([
        format!("{what} → all {} changes seen", toll.changes),
        seconds(toll.took),
        format!("logins {}", seconds(toll.done)),
        "–".to_owned(),
        "–".to_owned(),
    ]);
    table.row([
        format!("{what}: mails (for a presence change of a contact)"),
        format!(
            "{} ({:.3})",
            toll.mails,
            toll.mails as f64 / toll.changes as f64
        ),
        "–".to_owned(),
        "–".to_owned(),
        format!("{most}"),
    ]);
    let per_thousand = toll.processor.as_secs_f64() * 1e6 / toll.stanzas as f64;
    table.row([
        format!("{what}: processor time for 1,000 presence stanzas"),
        format!("{per_thousand:.0} ms ({} stanzas)", toll.stanzas),
        "–".to_owned(),
        "–".to_owned(),
        "–".to_owned(),
    ]);
    table.row([
        format!("{what}: memory of the gateway"),
        format!("{:.1} MiB", toll.memory as f64 / 1024.0),
        "–".to_owned(),
        "–".to_owned(),
        "–".to_owned(),
    ]);
}
