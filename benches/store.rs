//! How fast the store is, with as many pairs as `cargo bench --bench store -- PAIRS` says (1,000,000 by default); and what
//! it takes for each message that is remembered, of which `cargo bench --bench store -- messages` is a part by itself (with fewer
//! of them than 200,000: `-- messages 50000`), as `-- in-hand` is of what it costs to note what is in hand.
//!
//! Each line is a figure; the table at the end compares them with what they must not exceed or with the bare disk.

mod common;

use common::Table;
use jid::BareJid;
use stanzamail::core::address::MailAddress;
use stanzamail::core::context::{Need, Write};
use stanzamail::core::id::{MessageId, StanzaId, ThreadId};
use stanzamail::core::record::{Answerable, Direction, Message, Pair, PairOrigin, Sent, Thread};
use stanzamail::core::time::Timestamp;
use stanzamail::pipeline::stanza_key;
use stanzamail::store::in_hand::InHand;
use stanzamail::store::{self, Store};
use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PAIRS: usize = 1_000_000;
const BATCH: usize = 1000;
const LOOKUPS: usize = 100_000;
/// Messages that are remembered, in all where no other number is given, and in one commit.
const MESSAGES: usize = 200_000;
const MESSAGES_AT_ONCE: usize = 20;
/// Start to ready.
const OPEN_TARGET: Duration = Duration::from_millis(300);
const IMPORT_TARGET: Duration = Duration::from_secs(60);
const LOOKUP_P50_TARGET: Duration = Duration::from_micros(50);
const LOOKUP_P99_TARGET: Duration = Duration::from_micros(500);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, path] = arguments.as_slice()
        && command == "open"
    {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        return runtime.block_on(open_and_measure(Path::new(path)));
    }
    let count = arguments.iter().find_map(|text| text.parse().ok());
    if let [command, path, count] = arguments.as_slice()
        && command == "remember"
    {
        let runtime = tokio::runtime::Runtime::new()?;
        return runtime.block_on(remember_and_measure(Path::new(path), count.parse()?));
    }
    if arguments.iter().any(|text| text == "messages") {
        return remember_elsewhere(count.unwrap_or(MESSAGES));
    }
    if arguments.iter().any(|text| text == "in-hand") {
        let runtime = tokio::runtime::Runtime::new()?;
        return runtime.block_on(in_hand());
    }
    remember_elsewhere(MESSAGES)?;
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(measure(folder.path(), count.unwrap_or(PAIRS)))
}

async fn measure(path: &Path, count: usize) -> Result<()> {
    let mut table = Table::default();
    let disk = bare_disk(path)?;
    let path = path.join("store");
    open_elsewhere(&path, "an empty store, new")?;
    open_elsewhere(&path, "an empty store")?;
    let store = store::open(&path)?;
    import(&store, count, &mut table).await?;
    lookups(&store, count, &mut table).await?;
    let store = Arc::new(store);
    for tasks in [1, 8, 64] {
        commits(&store, tasks, disk, &mut table).await?;
    }
    println!("size on disk: {} MiB", store.size_on_disk().await? >> 20);
    println!("memory after import: {} MiB", resident_mib()?);
    let started = Instant::now();
    drop(store);
    println!("close: {:?}", started.elapsed());
    let full = open_elsewhere(&path, "the full store")?;
    let what = format!("store: opened with {count} pairs");
    target(&mut table, &what, &[full], OPEN_TARGET);
    table.print();
    Ok(())
}

/// What it costs to note a message in hand, alone and among as many as are taken together, beside one write that is
/// durable: each message needs two of those or a part of them.
async fn in_hand() -> Result<()> {
    const ROUNDS: usize = 20_000;
    let folder = tempfile::tempdir_in(".")?;
    let disk = bare_disk(folder.path())?;
    let (in_hand, _) = InHand::of_store(folder.path(), Timestamp::from_secs(1));
    let stanza = minidom::Element::builder("message", "jabber:component:accept")
        .attr("from".try_into()?, "alice@a.example/phone")
        .attr("to".try_into()?, "carol\\40mail.example@mail.a.example")
        .append(
            minidom::Element::builder("body", "jabber:component:accept").append("x".repeat(200)),
        )
        .build();
    for together in [1, 16, 128] {
        let started = Instant::now();
        for _ in 0..ROUNDS / together {
            let keys: Vec<_> = (0..together).map(|_| stanza_key(&stanza)).collect();
            let held = in_hand.take(&keys).await;
            held.waits();
            held.done();
        }
        let each = started.elapsed() / u32::try_from(ROUNDS / together * together)?;
        let part = each.as_secs_f64() / disk.as_secs_f64();
        println!("in hand, {together} together: {each:.1?} for each message, {part:.4} of a sync");
    }
    Ok(())
}

/// Appends and fdatasync alone: what no store can be faster than.
fn bare_disk(path: &Path) -> Result<Duration> {
    let mut file = std::fs::File::create(path.join("bare"))?;
    let mut times = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        file.write_all(&[1; 512])?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    Ok(show("bare append and fdatasync", &mut times))
}

async fn import(store: &impl Store, count: usize, table: &mut Table) -> Result<()> {
    let started = Instant::now();
    for first in (0..count).step_by(BATCH) {
        let batch = (first..count.min(first + BATCH)).map(|n| Ok(Write::Pair(pair(n)?)));
        let batch: Result<Vec<Write>> = batch.collect();
        store.commit(Timestamp::from_secs(1), batch?).await?;
    }
    let took = started.elapsed();
    println!("import of {count} pairs, {BATCH} a commit: {took:?}");
    let what = format!("store: import of {count} pairs");
    target(table, &what, &[took], IMPORT_TARGET);
    Ok(())
}

async fn lookups(store: &impl Store, count: usize, table: &mut Table) -> Result<()> {
    let mut times = Vec::with_capacity(LOOKUPS);
    for n in 0..LOOKUPS {
        // A fixed walk that meets the pairs in no order.
        let pair = pair(n.wrapping_mul(2_654_435_761) % count)?;
        let need = match n % 2 {
            0 => Need::PairOf(pair.jid),
            _ => Need::HolderOf(pair.mail),
        };
        let started = Instant::now();
        let found = store.load(std::slice::from_ref(&need)).await?;
        times.push(started.elapsed());
        if !matches!(found.as_slice(), [Some(_)]) {
            return Err(format!("{need:?} was not found").into());
        }
    }
    show("lookup by either side", &mut times);
    let slowest = [at(&times, 99)];
    target(
        table,
        "store: a lookup, p50 (p99)",
        &times,
        LOOKUP_P50_TARGET,
    );
    target(table, "store: a lookup, p99", &slowest, LOOKUP_P99_TARGET);
    Ok(())
}

/// Small commits by many tasks at once share their syncs.
async fn commits(
    store: &Arc<impl Store>,
    tasks: usize,
    disk: Duration,
    table: &mut Table,
) -> Result<()> {
    const EACH: usize = 200;
    let started = Instant::now();
    let mut set = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let store = Arc::clone(store);
        set.spawn(async move {
            let mut times = Vec::with_capacity(EACH);
            for n in 0..EACH {
                let started = Instant::now();
                let user = BareJid::new(&format!("task{task}@a.example"))?;
                let mail = MailAddress::parse(&format!("c{n}@mail.example"))?;
                let write = Write::Contact(user, mail, Default::default());
                store.commit(Timestamp::from_secs(1), vec![write]).await?;
                times.push(started.elapsed());
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = set.join_next().await {
        times.extend(done?.map_err(|e| e.to_string())?);
    }
    let took = started.elapsed();
    let each = took / u32::try_from(times.len())?;
    show(&format!("durable commit, {tasks} tasks"), &mut times);
    table.row([
        format!("store: time for each durable commit, {tasks} tasks at once"),
        format!("{each:.1?}"),
        format!("{disk:.1?} for a bare fdatasync"),
        format!("{:.2}", each.as_secs_f64() / disk.as_secs_f64()),
        "–".to_owned(),
    ]);
    Ok(())
}

/// Opens the store in a process of its own, so that its memory is seen alone.
fn open_elsewhere(path: &Path, what: &str) -> Result<Duration> {
    let output = Command::new(std::env::current_exe()?)
        .arg("open")
        .arg(path)
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let (micros, memory) = text
        .trim()
        .split_once(' ')
        .ok_or("the process said nothing")?;
    let took = Duration::from_micros(micros.parse()?);
    println!("open {what}: {took:?}, memory {memory} MiB");
    Ok(took)
}

async fn open_and_measure(path: &Path) -> Result<()> {
    let started = Instant::now();
    let store = store::open(path)?;
    let took = started.elapsed();
    store.pairs(None, 1).await?;
    println!("{} {}", took.as_micros(), resident_mib()?);
    Ok(())
}

/// In a process of its own, so that its memory is seen alone.
fn remember_elsewhere(count: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let output = Command::new(std::env::current_exe()?)
        .arg("remember")
        .arg(folder.path().join("store"))
        .arg(count.to_string())
        .output()?;
    print!("{}", String::from_utf8(output.stdout)?);
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

/// What the second half of many messages takes, and what it takes to forget and replace the first: by turns one that was
/// sent, whose row is written once more when the mail server has taken it, and one that has come.
async fn remember_and_measure(path: &Path, count: usize) -> Result<()> {
    let store = store::open(path)?;
    let half = count / 2;
    remember(&store, 0..half).await?;
    let (memory, disk) = (resident_octets()?, store.size_on_disk().await?);
    remember(&store, half..count).await?;
    let each = |after: u64, before: u64| (after.saturating_sub(before)) / (half as u64);
    println!(
        "{count} messages: {} octets of memory and {} on disk for each; {} and {} MiB",
        each(resident_octets()?, memory),
        each(store.size_on_disk().await?, disk),
        resident_octets()? >> 20,
        store.size_on_disk().await? >> 20
    );
    for turn in 2..8 {
        let from = turn * half;
        for first in (from..from + half).step_by(half / 10) {
            let now = first + half / 10;
            remember(&store, first..now).await?;
            let age = Duration::from_secs(count as u64);
            store.forget_older(at_second(now), age).await?;
        }
        println!(
            "the last {count} of {}: {} MiB of memory, {} on disk",
            from + half,
            resident_octets()? >> 20,
            store.size_on_disk().await? >> 20
        );
    }
    Ok(())
}

async fn remember(store: &impl Store, numbers: std::ops::Range<usize>) -> Result<()> {
    for first in numbers.clone().step_by(MESSAGES_AT_ONCE) {
        let batch = first..numbers.end.min(first + MESSAGES_AT_ONCE);
        let mut writes = Vec::new();
        let mut taken = Vec::new();
        for n in batch {
            let message = message(n)?;
            let thread = Thread {
                references: vec![message.message_id.clone()],
                subject: Some("Chat with Alice".to_owned()),
                last: message.at,
                is_invitation: false,
                answers: None,
            };
            let (user, mail) = (message.user.clone(), message.contact.clone());
            writes.push(Write::Thread(user, mail, message.thread.clone(), thread));
            match message.direction {
                Direction::In => {
                    // What tells mails apart is more than their Message-IDs.
                    let id = MessageId::of_raw(message.message_id.as_str().as_bytes());
                    writes.push(Write::Seen(message.user.clone(), id, message.at));
                }
                Direction::Out => {
                    let mut again = message.clone();
                    again.sent.taken = true;
                    taken.push(Write::Message(again));
                }
            }
            writes.push(Write::Message(message));
        }
        store.commit(at_second(first), writes).await?;
        store.commit(at_second(first), taken).await?;
    }
    Ok(())
}

fn at_second(n: usize) -> Timestamp {
    Timestamp::from_secs(1_790_000_000_i64.saturating_add_unsigned(n as u64))
}

/// Of one of 500 users, each of whom writes with 10 contacts. Its names are no counters, as in life: those that the gateway makes
/// are hashes in hexadecimal digits, those of others anything.
fn message(n: usize) -> Result<Message> {
    let mixed = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (user, number) = (n % 500, n / 500 % 10);
    let name = format!("{mixed:016x}{:016x}", mixed.rotate_left(29) ^ n as u64);
    let user = format!("user{user:03}@a.example");
    let contact = MailAddress::parse(&format!("first.last{number}@mail.example"))?;
    let excerpt = format!("How the message number {n} begins, in words");
    let (message_id, stanza_id, resource, answerable) = match n % 2 {
        0 => {
            let id = format!("{name}{:08x}@chat.a.example", n);
            let resource = format!("{user}/phone.{}", n % 7).parse()?;
            (id, uuid(&name), Some(resource), None)
        }
        _ => {
            let answerable = Answerable {
                reverse_path: contact.clone(),
                subject: Some("Re: Chat with Alice".to_owned()),
                date: Some(at_second(n)),
            };
            let id = format!("CAJ{}X+z@mail.example", name.to_uppercase());
            (id, name.clone(), None, Some(Box::new(answerable)))
        }
    };
    let stanza_id = StanzaId::parse(&stanza_id).ok_or("no id")?;
    let is_out = resource.is_some();
    Ok(Message {
        message_id: MessageId::parse(&message_id).ok_or("no id")?,
        sent: Sent {
            id: is_out.then(|| stanza_id.clone()),
            excerpt,
            ..Sent::default()
        },
        stanza_id,
        thread: ThreadId::parse(&uuid(&format!("{:032x}", n % 5000))).ok_or("no id")?,
        user: BareJid::new(&user)?,
        resource,
        contact,
        direction: match is_out {
            true => Direction::Out,
            false => Direction::In,
        },
        at: at_second(n),
        digest: name.chars().take(16).collect(),
        others: Vec::new(),
        answerable,
        within: None,
    })
}

/// A UUID as clients write it, of 32 hexadecimal digits.
fn uuid(digits: &str) -> String {
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    let parts = parts.map(|part| digits.get(part).unwrap_or_default());
    parts.join("-")
}

fn resident_octets() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = text.split(' ').nth(1).ok_or("no resident size")?.parse()?;
    Ok(pages * 4096)
}

fn pair(n: usize) -> Result<Pair> {
    Ok(Pair {
        jid: BareJid::new(&format!("user{n:07}@chat.example"))?,
        mail: MailAddress::parse(&format!("first.last{n:07}@mail.example"))?,
        name: Some(format!("User Number {n}")),
        origin: PairOrigin::Admin,
        saved: Timestamp::from_secs(1_790_000_000),
    })
}

fn resident_mib() -> Result<u64> {
    Ok(resident_octets()? >> 20)
}

/// Prints the spread; answers with the middle.
fn show(what: &str, times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let [p50, p99] = [at(times, 50), at(times, 99)];
    println!("{what}: p50 {p50:?}, p99 {p99:?}, n {}", times.len());
    p50
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    let position = sorted.len().saturating_mul(percent) / 100;
    sorted.get(position).copied().unwrap_or_default()
}

/// A row of sorted times: the middle, of several with the slowest hundredth, beside what it must not exceed.
fn target(table: &mut Table, what: &str, times: &[Duration], target: Duration) {
    let is = at(times, 50);
    let slowest = match times {
        [_] => String::new(),
        _ => format!(" ({:.1?})", at(times, 99)),
    };
    table.row([
        what.to_owned(),
        format!("{is:.1?}{slowest}"),
        "–".to_owned(),
        format!("{:.2} of the goal", is.as_secs_f64() / target.as_secs_f64()),
        format!("{target:?}"),
    ]);
}
