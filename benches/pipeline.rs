//! The figures of docs/PERFORMANCE.md: the gateway between real servers, against the same servers without it, in one run.
//!
//! `make bench`, or `cargo bench --bench pipeline -- out in delay memory start` for some of them. A ratio says more than
//! a rate: both sides of it share the machine, its disk and whatever else runs there.

mod common;
#[path = "../tests/servers/mod.rs"]
mod servers;
#[path = "../tests/scenarios/world.rs"]
mod world;

use common::{Lines, Table, is_wanted, middle, rate, spread, text_of};
use servers::frames::{Frame, Frames};
use servers::process::program;
use servers::stanza::{contact, escape};
use servers::{Gateway, MailOptions, PASSWORD, PATIENCE, SECRET, XmppClient, XmppServer};
use std::fmt::Write as _;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use world::{Options, World};
use xmpp_parsers::component::Handshake;

/// Messages from XMPP to mail in one round.
const OUT: usize = 5_000;
/// Mails from mail to XMPP in one round.
const IN: usize = 10_000;
/// Rounds of a throughput; the middle one counts.
const ROUNDS: usize = 3;
/// Contacts and senders that the messages are spread over.
const CONTACTS: usize = 50;
/// Single messages whose delay is measured; half as many mails, since IMAP servers tell of each with half a second of
/// delay.
const SINGLES: usize = 200;
/// Before a single message that is to be alone.
const ALONE: Duration = Duration::from_millis(150);
/// Names other builds of the gateway, for example of before a change, to be measured in turns with this one: paths with colons
/// between them. A row says the name of the file. A script that sets something and becomes the gateway is one as well.
const OTHER_BUILD: &str = "STANZAMAIL_BENCH_OTHER";
/// Names the build that is measured instead of the one that came with this bench.
const THIS_BUILD: &str = "STANZAMAIL_BENCH_THIS";
/// Pairs in the store that a start has to open.
const PAIRS: usize = 1_000_000;
/// The same with few pairs, for what their number costs.
const FEW_PAIRS: usize = 1_000;
/// Starts whose time is measured.
const STARTS: usize = 5;
/// How long a round may take.
const ROUND_LIMIT: Duration = Duration::from_secs(300);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    runtime.block_on(async {
        let mut table = Table::default();
        if is_wanted("out") {
            out(&mut table, 200).await;
            out(&mut table, 2_000).await;
        }
        if is_wanted("in") {
            incoming(&mut table).await;
        }
        if is_wanted("lmtp") {
            by_lmtp(&mut table).await;
        }
        if is_wanted("delay") {
            delay_out(&mut table).await;
            delay_in(&mut table).await;
        }
        if is_wanted("memory") {
            memory(&mut table).await;
        }
        if is_wanted("start") {
            start(&mut table).await;
        }
        table.print();
    });
}

// --- the world -------------------------------------------------------------------------------------------------------

/// Postfix as in production where we are root, and everything of the mailbox is read.
fn options() -> Options {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|of| {
        use std::os::unix::fs::MetadataExt;
        of.uid() == 0
    });
    let mail = MailOptions::default();
    Options {
        mailbox: "first_start = \"all\"\n".to_owned(),
        mail: if is_root { mail.native() } else { mail },
        ..Options::default()
    }
}

async fn prepared() -> World {
    let mut world = World::prepare(servers::Flavour::Prosody, options()).await;
    world.gateway = fresh_of(&this_build(), &world);
    world
}

/// A new gateway with an empty store between the same servers.
fn fresh_of(program: &str, world: &World) -> Gateway {
    let ports = (world.mail.smtp_port, world.mail.imap_port);
    Gateway::prepare(program, &world::config(&world.xmpp, ports, &options()))
}

/// The builds that are measured in turns, each with what its rows say of it.
fn builds() -> Vec<(String, String)> {
    let others = std::env::var(OTHER_BUILD).unwrap_or_default();
    let others = others.split(':').filter(|path| !path.is_empty());
    let named = others.map(|path| {
        let name = std::path::Path::new(path).file_name().unwrap_or_default();
        (format!(", {}", name.to_string_lossy()), path.to_owned())
    });
    named.chain([(String::new(), this_build())]).collect()
}

fn this_build() -> String {
    std::env::var(THIS_BUILD).unwrap_or_else(|_| world::PROGRAM.to_owned())
}

/// What a log gains; a program's whole log is long.
struct Tail {
    file: PathBuf,
    at: u64,
    rest: String,
}

impl Tail {
    fn of(file: PathBuf) -> Tail {
        let at = std::fs::metadata(&file).map_or(0, |file| file.len());
        let rest = String::new();
        Tail { file, at, rest }
    }

    /// How many new lines have this text.
    fn count(&mut self, text: &str) -> usize {
        let mut news = Vec::new();
        if let Ok(mut file) = std::fs::File::open(&self.file)
            && file.seek(SeekFrom::Start(self.at)).is_ok()
        {
            let _ = file.read_to_end(&mut news);
        }
        self.at += news.len() as u64;
        self.rest.push_str(&String::from_utf8_lossy(&news));
        let end = self.rest.rfind('\n').map_or(0, |end| end + 1);
        let lines: String = self.rest.drain(..end).collect();
        lines.lines().filter(|line| line.contains(text)).count()
    }

    async fn wait(&mut self, text: &str, count: usize, tick: Duration) {
        let (end, mut seen) = (Instant::now() + ROUND_LIMIT, 0);
        while seen < count {
            seen += self.count(text);
            assert!(Instant::now() < end, "{seen} of {count} times “{text}”");
            tokio::time::sleep(tick).await;
        }
    }
}

fn log_of(gateway: &Gateway) -> Tail {
    Tail::of(gateway.folder().join("output.log"))
}

// --- from XMPP to mail -----------------------------------------------------------------------------------------------

async fn out(table: &mut Table, octets: usize) {
    let mut world = prepared().await;
    let alice = world.login("alice").await;
    let builds = builds();
    let (mut rates, mut bare) = (vec![Vec::new(); builds.len()], Vec::new());
    for round in 0..ROUNDS {
        bare.push(smtp_source(&world, octets).await);
        for ((_, program), rates) in builds.iter().zip(&mut rates) {
            world.gateway = fresh_of(program, &world);
            world.gateway.start_again().await;
            rates.push(send_many(&world, &alice, octets, round, OUT).await);
            world.gateway.terminate().await;
        }
    }
    for ((build, _), rates) in builds.iter().zip(&rates) {
        let what = format!("messages of {octets} B accepted by SMTP{build}");
        table.rate(&what, rates, &bare, 0.9);
    }
}

/// From the first stanza to the last `250` that the gateway has read.
async fn send_many(
    world: &World,
    alice: &XmppClient,
    octets: usize,
    round: usize,
    count: usize,
) -> f64 {
    let mut log = log_of(&world.gateway);
    let text = text_of(octets);
    let started = Instant::now();
    for first in (0..count).step_by(100) {
        let mut xml = String::new();
        for n in first..count.min(first + 100) {
            let to = escape(&world.contact(&format!("c{}@sink.example", n % CONTACTS)));
            let _ = write!(
                xml,
                "<message type='chat' to='{to}' id='m{octets}-{round}-{n}'><body>{n} {text}</body></message>"
            );
        }
        alice.send(xml).await;
    }
    log.wait("mail delivered", count, Duration::from_millis(10))
        .await;
    rate(count, started.elapsed())
}

/// As many mails by Postfix' own load generator over as many connections, kept.
async fn smtp_source(world: &World, octets: usize) -> f64 {
    let from_to = ["-f", "alice@chat.a.example", "-t", "c@sink.example"];
    load(&from_to, world.mail.smtp_port, octets).await
}

async fn load(options: &[&str], port: u16, octets: usize) -> f64 {
    let mut command = std::process::Command::new(program("smtp-source"));
    let (count, length) = (OUT.to_string(), octets.to_string());
    command.args(["-d", "-s", "5", "-m", &count, "-l", &length]);
    command.args(options).arg(format!("inet:127.0.0.1:{port}"));
    let started = Instant::now();
    let run = tokio::task::spawn_blocking(move || command.status()).await;
    let is_done = run.is_ok_and(|status| status.is_ok_and(|status| status.success()));
    assert!(is_done, "smtp-source failed");
    rate(OUT, started.elapsed())
}

// --- from mail to XMPP -----------------------------------------------------------------------------------------------

async fn incoming(table: &mut Table) {
    let mut world = prepared().await;
    let bridge = format!("bridge@{}", world.mail_domain());
    let mut imap = Imap::open(world.mail.imap_port, &bridge).await;
    imap.append(IN, 1_000).await;
    let alice = world.login("alice").await;
    let builds = builds();
    let (mut fetched, mut forwarded) = (Vec::new(), Vec::new());
    let mut rates = vec![Vec::new(); builds.len()];
    for _ in 0..ROUNDS {
        fetched.push(imap.fetch_all().await);
        forwarded.push(forward(&world.xmpp, &alice).await);
        for ((_, program), rates) in builds.iter().zip(&mut rates) {
            imap.command("UID STORE 1:* -FLAGS.SILENT (\\Seen)").await;
            world.gateway = fresh_of(program, &world);
            let before = alice.count_messages();
            world.gateway.launch();
            rates.push(first_to_last(&alice, before, IN).await);
            world.gateway.terminate().await;
        }
    }
    eprintln!(
        "FETCH {:.0}/s, component to client {:.0}/s",
        middle(&fetched),
        middle(&forwarded)
    );
    let slower = if middle(&fetched) < middle(&forwarded) {
        &fetched
    } else {
        &forwarded
    };
    for ((build, _), rates) in builds.iter().zip(&rates) {
        let what = format!("mails of 1 kB delivered to a client{build}");
        table.rate(&what, rates, slower, 0.5);
    }
}

/// The rate at which messages arrive, from the first to the last. `before` are those that were there when nobody had begun
/// to send: the first may arrive before anybody looks.
async fn first_to_last(client: &XmppClient, before: usize, count: usize) -> f64 {
    client.wait_for_messages(before + 1, ROUND_LIMIT).await;
    let (started, already) = (Instant::now(), client.count_messages() - before);
    client.wait_for_messages(before + count, ROUND_LIMIT).await;
    rate(count - already, started.elapsed())
}

/// Messages of the same size by a component that does nothing else.
async fn forward(server: &XmppServer, client: &XmppClient) -> f64 {
    let mut component = Component::open(server).await;
    let from = escape(&contact("carol@mail.example", &server.gateway));
    let (to, text) = (client.bare().to_owned(), text_of(1_000));
    let send = async {
        for first in (0..IN).step_by(100) {
            let mut xml = String::new();
            for n in first..first + 100 {
                let _ = write!(
                    xml,
                    "<message type='chat' from='{from}' to='{to}' id='b{n}'><body>{text}</body></message>"
                );
            }
            component
                .stream
                .write_all(xml.as_bytes())
                .await
                .expect("Prosody reads");
        }
    };
    let before = client.count_messages();
    let ((), rate) = tokio::join!(send, first_to_last(client, before, IN));
    component.close().await;
    rate
}

// --- delay -----------------------------------------------------------------------------------------------------------

/// From a message to its receipt, which the gateway gives after the `250`; without the way to it and back, and without
/// the mail transaction itself. *Alone*: the one before is long over. *Back to back*: as soon as the receipt is there.
async fn delay_out(table: &mut Table) {
    let mut world = prepared().await;
    let alice = world.login("alice").await;
    let way = echoes(&world.xmpp, &alice).await;
    let transaction = transactions(world.mail.smtp_port).await;
    let ((way_50, way_99), (mail, mail_99)) = (spread(&way), spread(&transaction));
    eprintln!("way p50 {way_50:.1} p99 {way_99:.1}; transaction p50 {mail:.1} p99 {mail_99:.1}");
    let builds = builds();
    for (kind, pause) in [("alone", ALONE), ("back to back", Duration::ZERO)] {
        for (build, program) in &builds {
            world.gateway = fresh_of(program, &world);
            world.gateway.start_again().await;
            let (all, all_99) = spread(&receipts(&world, &alice, pause).await);
            table.row([
                format!(
                    "delay of a message, its mail taken, its receipt, {kind}{build}, p50 (p99)"
                ),
                format!("{all:.1} ms ({all_99:.1})"),
                format!(
                    "{:.1} ms ({:.1}) without the gateway",
                    way_50 + mail,
                    way_99 + mail_99
                ),
                format!("{:+.1} ms", all - way_50 - mail),
                "3 ms".to_owned(),
            ]);
            world.gateway.terminate().await;
        }
    }
}

/// From each message to its receipt, with a pause before it.
async fn receipts(world: &World, alice: &XmppClient, pause: Duration) -> Vec<Duration> {
    let to = world.contact("c@sink.example");
    let before = alice.count_messages();
    let mut times = Vec::new();
    for n in 0..SINGLES {
        tokio::time::sleep(pause).await;
        let id = format!("d{before}-{n}");
        let started = Instant::now();
        alice.send(question(&to, &id)).await;
        // The gateway may say more than that.
        let is_receipt = |stanza: &minidom::Element| {
            let received = stanza.get_child("received", "urn:xmpp:receipts");
            received.is_some_and(|received| received.attr("id") == Some(&id))
        };
        alice.expect(is_receipt, PATIENCE).await;
        times.push(started.elapsed());
    }
    times
}

fn question(to: &str, id: &str) -> String {
    let (to, text) = (escape(to), text_of(200));
    format!(
        "<message type='chat' to='{to}' id='{id}'><body>{id} {text}</body><request xmlns='urn:xmpp:receipts'/></message>"
    )
}

/// From the client to a component and back.
async fn echoes(server: &XmppServer, client: &XmppClient) -> Vec<Duration> {
    let mut component = Component::open(server).await;
    let (from, to) = (server.gateway.clone(), client.jid.clone());
    let asked = contact("c@sink.example", &server.gateway);
    let before = client.count_messages();
    let mut times = Vec::new();
    for n in 0..SINGLES {
        let started = Instant::now();
        client.send(question(&asked, &format!("e{n}"))).await;
        component.stanza().await;
        let answer = format!(
            "<message from='{from}' to='{to}'><received xmlns='urn:xmpp:receipts' id='e{n}'/></message>"
        );
        component
            .stream
            .write_all(answer.as_bytes())
            .await
            .expect("Prosody reads");
        client.wait_for_messages(before + n + 1, PATIENCE).await;
        times.push(started.elapsed());
    }
    component.close().await;
    times
}

/// Mail transactions one after the other on a kept connection, with PIPELINING as the gateway does it.
async fn transactions(port: u16) -> Vec<Duration> {
    let mut smtp = Lines::open(port).await;
    smtp.until("220 ").await;
    smtp.say("EHLO bench.example\r\n").await;
    smtp.until("250 ").await;
    let mut times = Vec::new();
    let mail = format!(
        "Subject: bench\r\nMessage-ID: <x@bench.example>\r\n\r\n{}\r\n.\r\n",
        text_of(200)
    );
    for _ in 0..SINGLES {
        let started = Instant::now();
        smtp.say("MAIL FROM:<alice@chat.a.example>\r\nRCPT TO:<c@sink.example>\r\nDATA\r\n")
            .await;
        smtp.until("354 ").await;
        smtp.say(&mail).await;
        smtp.until("250 ").await;
        times.push(started.elapsed());
    }
    times
}

/// From the moment at which Dovecot tells another connection of the mail to its stanza at the client.
async fn delay_in(table: &mut Table) {
    for (build, program) in builds() {
        let mut world = prepared().await;
        world.gateway = fresh_of(&program, &world);
        world.gateway.start_again().await;
        delay_in_of(table, &world, &build).await;
        world.gateway.terminate().await;
    }
}

async fn delay_in_of(table: &mut Table, world: &World, build: &str) {
    let alice = world.login("alice").await;
    let bridge = format!("bridge@{}", world.mail_domain());
    let mut imap = Imap::open(world.mail.imap_port, &bridge).await;
    imap.lines.say("i IDLE\r\n").await;
    imap.lines.until("+ ").await;
    let mut times = Vec::new();
    for n in 0..SINGLES / 2 {
        world
            .carol_sends(&["alice@chat.a.example"], &mail(n, 1_000))
            .await;
        imap.lines.until_with("EXISTS").await;
        let told = Instant::now();
        alice.wait_for_messages(n + 1, PATIENCE).await;
        times.push(told.elapsed());
    }
    let (p50, p99) = spread(&times);
    table.row([
        format!("delay of a mail, from IMAP telling of it to the message{build}, p50 (p99)"),
        format!("{p50:.1} ms ({p99:.1})"),
        "0".to_owned(),
        format!("{p50:+.1} ms"),
        "5 ms".to_owned(),
    ]);
}

// --- by LMTP ---------------------------------------------------------------------------------------------------------

/// Five connections hand mails over to the gateway, and to Dovecot, by LMTP; then single ones, from the final dot.
async fn by_lmtp(table: &mut Table) {
    let options = Options::by_lmtp();
    let port = options.lmtp.as_ref().expect("it has one").number();
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let to = "alice@chat.a.example";
    let (mut taken, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let bridge = format!("bridge@{}", world.mail_domain());
        let options = ["-L", "-f", "carol@mail.example", "-t", &bridge];
        bare.push(load(&options, world.mail.lmtp_port, 1_000).await);
        let before = alice.count_messages();
        let options = ["-L", "-f", "carol@mail.example", "-t", to];
        taken.push(load(&options, port, 1_000).await);
        alice.wait_for_messages(before + OUT, ROUND_LIMIT).await;
    }
    table.rate("mails of 1 kB taken by LMTP", &taken, &bare, 1.0);
    let mut lines = Lines::open(port).await;
    lines.until("220 ").await;
    lines.say("LHLO bench\r\n").await;
    lines.until("250 ").await;
    let (mut told, mut there) = (Vec::new(), Vec::new());
    for n in 0..SINGLES {
        tokio::time::sleep(ALONE).await;
        let before = alice.count_messages();
        lines
            .say(&format!(
                "MAIL FROM:<c@mail.example>\r\nRCPT TO:<{to}>\r\nDATA\r\n"
            ))
            .await;
        lines.until("354 ").await;
        lines.say(&mail(n, 1_000)).await;
        let started = Instant::now();
        lines.say(".\r\n").await;
        let arrived = async {
            alice.wait_for_messages(before + 1, PATIENCE).await;
            started.elapsed()
        };
        let taken = async {
            lines.until("250 2.0.0").await;
            started.elapsed()
        };
        let (arrived, taken) = tokio::join!(arrived, taken);
        there.push(arrived);
        told.push(taken);
    }
    for (what, times) in [("the message at the client", &there), ("the reply", &told)] {
        let (p50, p99) = spread(times);
        table.row([
            format!("delay of a mail by LMTP, from the final dot to {what}, p50 (p99)"),
            format!("{p50:.1} ms ({p99:.1})"),
            "0".to_owned(),
            format!("{p50:+.1} ms"),
            "10 ms".to_owned(),
        ]);
    }
}

// --- memory and start ------------------------------------------------------------------------------------------------

async fn memory(table: &mut Table) {
    for (build, program) in builds() {
        let mut world = prepared().await;
        world.gateway = fresh_of(&program, &world);
        world.gateway.start_again().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        memory_row(table, &format!("memory, idle{build}"), &world.gateway);
        let alice = world.login("alice").await;
        send_many(&world, &alice, 1_000, 0, IN).await;
        let what = format!("memory, after 10,000 messages{build}");
        memory_row(table, &what, &world.gateway);
        let bridge = format!("bridge@{}", world.mail_domain());
        let mut imap = Imap::open(world.mail.imap_port, &bridge).await;
        let before = alice.count_messages();
        imap.append(IN, 1_000).await;
        alice.wait_for_messages(before + IN, ROUND_LIMIT).await;
        let what = format!("memory, after 10,000 mails more{build}");
        memory_row(table, &what, &world.gateway);
        world.gateway.terminate().await;
    }
}

fn memory_row(table: &mut Table, what: &str, gateway: &Gateway) {
    let mebibytes = gateway.memory() as f64 / 1024.0;
    table.row([
        what.to_owned(),
        format!("{mebibytes:.1} MiB"),
        "–".to_owned(),
        "–".to_owned(),
        "25 MiB".to_owned(),
    ]);
}

async fn start(table: &mut Table) {
    let (mut world, _) = with_pairs(FEW_PAIRS).await;
    world.gateway.start_again().await;
    let few = cost(&world).await;
    world.gateway.terminate().await;
    let (mut world, took) = with_pairs(PAIRS).await;
    let mut times = Vec::new();
    for number in 0..STARTS {
        // Before the start: what it says at once counts.
        let mut log = log_of(&world.gateway);
        let started = Instant::now();
        world.gateway.launch();
        log.wait(" ready", 1, Duration::from_millis(1)).await;
        times.push(started.elapsed());
        if number + 1 < STARTS {
            world.gateway.terminate().await;
        }
    }
    memory_row(table, "memory with 1,000,000 pairs", &world.gateway);
    let (p50, p99) = spread(&times);
    table.row([
        "start to ready with 1,000,000 pairs, middle (worst)".to_owned(),
        format!("{:.2} s ({:.2})", p50 / 1e3, p99 / 1e3),
        format!("import {took:.0} s"),
        "–".to_owned(),
        "0.3 s".to_owned(),
    ]);
    let many = cost(&world).await;
    memory_row(
        table,
        "memory with 1,000,000 pairs, 5,000 contacts later",
        &world.gateway,
    );
    table.row([
        "processor time of a message to a new contact, with 1,000,000 pairs".to_owned(),
        format!("{:.0} µs", many * 1e6),
        format!("{:.0} µs with 1,000", few * 1e6),
        format!("{:.2}", many / few),
        "1.1".to_owned(),
    ]);
    world.gateway.terminate().await;
}

/// A world whose gateway has so many pairs and has not been started, and the seconds that their import took.
async fn with_pairs(count: usize) -> (World, f64) {
    let world = prepared().await;
    let csv = world.gateway.folder().join("pairs.csv");
    let mut text = String::new();
    for n in 0..count {
        let _ = writeln!(
            text,
            "user{n:07}@chat.example,first.last{n:07}@mail.example,User {n}"
        );
    }
    std::fs::write(&csv, text).expect("the gateway's folder can be written");
    let started = Instant::now();
    let csv = csv.to_string_lossy();
    let import = world.gateway.command(&["map", "import", &csv]).await;
    let said = String::from_utf8_lossy(&import.stderr);
    assert!(import.status.success(), "{said}");
    (world, started.elapsed().as_secs_f64())
}

/// What a message to a contact of whom nothing is known costs the gateway of its processor's time, in seconds: their addresses lie
/// all over the pairs. Once what a start does beside its work is done.
async fn cost(world: &World) -> f64 {
    let alice = world.login("alice").await;
    let mut before = world.gateway.processor();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = world.gateway.processor();
        if now - before < Duration::from_millis(50) {
            break;
        }
        before = now;
    }
    let mut log = log_of(&world.gateway);
    let before = world.gateway.processor();
    for first in (0..OUT).step_by(100) {
        let mut xml = String::new();
        for n in first..first + 100 {
            let to = format!("first.last{:07}.x@sink.example", n * 199);
            let to = escape(&world.contact(&to));
            let _ = write!(
                xml,
                "<message type='chat' to='{to}' id='cost{n}'><body>{n}</body></message>"
            );
        }
        alice.send(xml).await;
    }
    log.wait("mail delivered", OUT, Duration::from_millis(10))
        .await;
    (world.gateway.processor() - before).as_secs_f64() / OUT as f64
}

// --- bare connections ------------------------------------------------------------------------------------------------

/// The bridge's mailbox, opened without a library.
struct Imap {
    lines: Lines,
}

impl Imap {
    async fn open(port: u16, user: &str) -> Imap {
        let mut imap = Imap {
            lines: Lines::open(port).await,
        };
        imap.lines.until("* OK").await;
        imap.command(&format!("LOGIN {user} {PASSWORD}")).await;
        imap.command("SELECT INBOX").await;
        imap
    }

    async fn command(&mut self, command: &str) {
        self.lines.say(&format!("x {command}\r\n")).await;
        self.lines.until("x OK").await;
    }

    /// Mails in the mailbox, as Postfix would have it put them there.
    async fn append(&mut self, count: usize, octets: usize) {
        for first in (0..count).step_by(500) {
            let mut text = "x APPEND INBOX".to_owned();
            for n in first..first + 500 {
                let mail = mail(n, octets);
                let _ = write!(text, " {{{}+}}\r\n{mail}", mail.len());
            }
            text.push_str("\r\n");
            self.lines.say(&text).await;
            self.lines.until("x OK").await;
        }
    }

    /// The rate at which the server gives all mails.
    async fn fetch_all(&mut self) -> f64 {
        let started = Instant::now();
        self.command("UID FETCH 1:* BODY.PEEK[]").await;
        rate(IN, started.elapsed())
    }
}

/// A mail to alice of about that many octets, with CRLF.
fn mail(n: usize, octets: usize) -> String {
    let head = format!(
        "Delivered-To: alice@chat.a.example\r\nReceived: by mail.example; Thu, 1 Jan 2026 12:00:00 +0000\r\n\
         From: Carol Number {of} <carol{of}@mail.example>\r\nTo: alice@chat.a.example\r\nSubject: Number {n}\r\n\
         Message-ID: <{n}.{octets}@mail.example>\r\nDate: Thu, 1 Jan 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n",
        of = n % CONTACTS
    );
    let mut mail = head;
    while mail.len() < octets {
        mail.push_str(&text_of(70));
        mail.push_str("\r\n");
    }
    mail
}

/// A component that does nothing by itself.
struct Component {
    stream: TcpStream,
    frames: Frames,
}

impl Component {
    async fn open(server: &XmppServer) -> Component {
        let stream = TcpStream::connect(("127.0.0.1", server.component_port)).await;
        let stream = stream.expect("Prosody listens for components");
        stream.set_nodelay(true).expect("a socket takes options");
        let mut component = Component {
            stream,
            frames: Frames::default(),
        };
        let open = format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' to='{}'>",
            server.gateway
        );
        component
            .stream
            .write_all(open.as_bytes())
            .await
            .expect("Prosody reads");
        let Frame::Header(header) = component.frame().await else {
            panic!("Prosody sent no header");
        };
        let id = header
            .split(" id=")
            .nth(1)
            .and_then(|rest| rest.split(['\'', '"']).nth(1));
        let proof =
            Handshake::from_stream_id_and_password(id.unwrap_or_default().to_owned(), SECRET);
        let proof = String::from(&minidom::Element::from(proof));
        component
            .stream
            .write_all(proof.as_bytes())
            .await
            .expect("Prosody reads");
        component.stanza().await;
        component
    }

    async fn stanza(&mut self) -> String {
        match self.frame().await {
            Frame::Stanza(xml) => xml,
            other => panic!("Prosody sent {other:?}"),
        }
    }

    async fn frame(&mut self) -> Frame {
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some(frame) = self.frames.next() {
                return frame;
            }
            let read = self.stream.read(&mut buffer).await.unwrap_or(0);
            assert!(read > 0, "Prosody closed the connection of the component");
            self.frames.push(&buffer[..read]);
        }
    }

    /// Closes, so that the gateway can take its place.
    async fn close(mut self) {
        let _ = self.stream.write_all(b"</stream:stream>").await;
        let mut rest = [0; 1024];
        while self.stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    }
}
