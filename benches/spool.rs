//! What it costs to accept a mail into the spool and to forget it: mails of 2,200 octets, so many by themselves at the same time.
//!
//! `cargo bench --bench spool`. Each line is a figure.

use rustix::time::{ClockId, clock_gettime};
use stanzamail::core::address::MailAddress;
use stanzamail::core::id::{JobId, MessageId};
use stanzamail::core::job::{ComposedMail, Job};
use stanzamail::core::time::Timestamp;
use stanzamail::store::spool::Spool;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Mails of one round.
const MAILS: u64 = 3_000;
/// Octets of one.
const OCTETS: usize = 2_200;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    for at_once in [1, 5, 16] {
        runtime.block_on(round(at_once));
    }
}

async fn round(at_once: u64) {
    let folder = tempfile::tempdir_in("target").expect("there is room");
    let (spool, _) = Spool::open(folder.path()).expect("it is new");
    let spool = Arc::new(spool);
    let (began, cpu) = (Instant::now(), processor());
    let (user, system) = times();
    let workers = (0..at_once).map(|worker| {
        let spool = Arc::clone(&spool);
        tokio::spawn(async move {
            let mut took = Vec::new();
            for number in (worker..MAILS).step_by(usize::try_from(at_once).unwrap_or(1)) {
                let mail = mail(number);
                let job = mail.job.clone();
                let began = Instant::now();
                spool.accept(vec![mail]).await.expect("the disk is good");
                took.push(began.elapsed());
                spool.remove(&job).await.expect("the disk is good");
            }
            took
        })
    });
    let workers: Vec<_> = workers.collect();
    let mut took = Vec::new();
    for worker in workers {
        took.extend(worker.await.expect("it does not panic"));
    }
    let elapsed = began.elapsed();
    took.sort();
    let of = |part: f64| took[(took.len() as f64 * part) as usize];
    let each = |time: Duration| time.as_secs_f64() * 1e6 / MAILS as f64;
    let (user_now, system_now) = times();
    println!(
        "{at_once:2} at once: {:6.0} mails a second; accepted after {:?} (p50), {:?} (p99); {:.0} µs of processor a mail, of which {:.0} of the system, {:.0} user",
        MAILS as f64 / elapsed.as_secs_f64(),
        of(0.5),
        of(0.99),
        each(processor() - cpu),
        each(system_now - system),
        each(user_now - user),
    );
}

fn processor() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or(0),
        time.tv_nsec.try_into().unwrap_or(0),
    )
}

/// Of user and system, by proc(5), in hundredths of a second.
fn times() -> (Duration, Duration) {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = text.rsplit(')').next().unwrap_or_default();
    let words: Vec<u64> = rest
        .split_whitespace()
        .map(|word| word.parse().unwrap_or(0))
        .collect();
    let time = |at: usize| Duration::from_millis(10 * words.get(at).copied().unwrap_or(0));
    (time(11), time(12))
}

fn mail(number: u64) -> ComposedMail {
    let message_id = MessageId::parse(&format!("m{number}@chat.a.example")).expect("it is one");
    let address = |text: &str| MailAddress::parse(text).expect("it is one");
    let job = Job {
        id: JobId::derive(&message_id),
        message_id,
        ordering_key: format!("alice {}", number % 7),
        sequence: number,
        from: Some(address("alice@chat.a.example")),
        to: vec![address("carol@mail.example")],
        origin: None,
        accepted: Timestamp::from_secs(1),
        attempts: 0,
        next_attempt: Timestamp::from_secs(1),
        delay_told: false,
        last_reply: None,
        certain: true,
        silent: false,
        expires: None,
        replaceable: false,
        files: Vec::new(),
        draft: None,
    };
    let bytes = vec![b'x'; OCTETS];
    ComposedMail { job, bytes }
}
