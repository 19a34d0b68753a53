//! The power fails at a random moment while mails are accepted and rows are committed. Whatever of the unsynced changes
//! has reached the disk, a start finds all that was called durable.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use stanzamail::core::id::JobId;
use stanzamail::core::record::Pair;
use stanzamail::core::time::Timestamp;
use stanzamail::store::repair::repair;
use stanzamail::store::spool::Spool;
use stanzamail::store::{Store, StoreError};

use super::image::Image;
use super::process::Folder;
use super::state::{MAILBOX, accept_long, cursor, long_mail, mail, pair, save, seen, spool};
use super::trace::{CALLS, Trace};
use super::{Dice, each, size, state};

const WRITER: &str = "STANZAMAIL_TEST_WRITES_TO";
/// Mails and commits of one run.
const ROUNDS: u64 = 120;
/// How many rounds a mail waits that is removed at all.
const STAY_FOR: u64 = 10;
/// So often a mail comes that is too long to be in memory; its number is that of the round and this.
const LONG_EVERY: u64 = 30;
const LONG_FROM: u64 = 100_000;

/// Not a test by itself: the process that the next one watches. Says each thing when it was told that it is durable.
#[test]
fn accepts_and_commits_until_it_is_done() {
    let Some(folder) = std::env::var_os(WRITER) else {
        return;
    };
    let folder = Path::new(&folder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let remove = |queue: &Spool, number: u64| {
        println!("removing {number} ");
        let removed = runtime.block_on(queue.remove(&mail(number).job));
        removed.unwrap();
    };
    for start in 0..3 {
        let store = state::store(folder).unwrap();
        let (queue, _) = spool(&folder.join("spool"));
        for number in start * ROUNDS / 3..(start + 1) * ROUNDS / 3 {
            // Two mails at a time.
            let mails = vec![mail(2 * number), mail(2 * number + 1)];
            runtime.block_on(queue.accept(mails)).unwrap();
            println!("accepted {number} ");
            save(&store, vec![pair(number), seen(number), cursor(number)]);
            println!("committed {number} ");
            if number % LONG_EVERY == 5 {
                let mut long = long_mail(LONG_FROM + number);
                runtime.block_on(accept_long(&queue, &long));
                println!("long {number} ");
                long.0.attempts = 1;
                runtime.block_on(queue.update(&long.0)).unwrap();
            }
            if number % 4 == 3 {
                let mut job = mail(2 * number - 3).job;
                job.attempts = 1;
                runtime.block_on(queue.update(&job)).unwrap();
                remove(&queue, 2 * number - 2);
            }
            // Of four mails one stays, so that segments leave and what stays is moved on.
            if let Some(earlier) = number.checked_sub(STAY_FOR) {
                remove(&queue, 2 * earlier + 1);
                if earlier % 2 == 1 {
                    remove(&queue, 2 * earlier);
                }
            }
        }
    }
}

#[test]
fn after_a_power_cut_all_that_was_durable_is_there() {
    let folder = Folder::new("power");
    let (root, log) = (folder.create("store"), folder.join("trace"));
    let root = root.canonicalize().unwrap();
    let name = "power::accepts_and_commits_until_it_is_done";
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-y", "-xx", "-s", "10000000", "--seccomp-bpf"])
        .args(["-e", &format!("trace={CALLS}"), "-e", "signal=none", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(WRITER, &root)
        .output()
        .expect("strace is there (tests/install.sh)");
    assert!(traced.status.success(), "{traced:?}");
    let trace = Trace::read(&std::fs::read_to_string(&log).unwrap(), &root);
    let first = trace
        .said
        .iter()
        .find(|(_, text)| text.contains("accepted 0 "));
    let first = first.expect("the writer has said something").0;

    let all = Said::until(&trace, trace.end);
    assert_eq!(all.long.len(), 4, "long mails were among them");
    let cuts = size().cuts;
    let [repaired, ..] = each(cuts, |seed| {
        let mut dice = Dice::of(seed + 1);
        let cut = first + dice.below(trace.end - first);
        let image = Folder::new("image");
        Image::at(&trace, cut, &mut dice).write(&root, &image.join("store"));
        println!("{seed}: cut at {cut} of {}", trace.end);
        [
            is_all_there(&image.join("store"), &Said::until(&trace, cut)),
            0,
            0,
        ]
    });
    println!(
        "{cuts} power cuts in {} calls, {} syncs: nothing lost, {repaired} had to be repaired",
        trace.ops.len(),
        trace.syncs.len()
    );
}

/// What the writer had said when the power failed.
#[derive(Default)]
struct Said {
    accepted: BTreeSet<u64>,
    committed: BTreeSet<u64>,
    removing: BTreeSet<u64>,
    long: BTreeSet<u64>,
}

impl Said {
    fn until(trace: &Trace, cut: usize) -> Said {
        let mut said = Said::default();
        for (_, text) in trace.said.iter().filter(|(began, _)| *began < cut) {
            let words: Vec<&str> = text.split_whitespace().collect();
            for pair in words.windows(2) {
                let Ok(number) = pair[1].parse() else {
                    continue;
                };
                match pair[0] {
                    "accepted" => said.accepted.insert(number),
                    "committed" => said.committed.insert(number),
                    "removing" => said.removing.insert(number),
                    "long" => said.long.insert(number),
                    _ => continue,
                };
            }
        }
        said
    }
}

/// Answers how often it had to be repaired.
fn is_all_there(folder: &Path, said: &Said) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (queue, jobs) = spool(&folder.join("spool"));
    let ids: BTreeSet<JobId> = jobs.iter().map(|job| job.id.clone()).collect();
    for number in said.accepted.iter().flat_map(|n| [2 * n, 2 * n + 1]) {
        let mail = mail(number);
        let may_be_gone = said.removing.contains(&number);
        assert!(
            may_be_gone || ids.contains(&mail.job.id),
            "mail {number} is lost"
        );
    }
    for number in &said.long {
        let (job, _) = long_mail(LONG_FROM + number);
        assert!(ids.contains(&job.id), "long mail {number} is lost");
    }
    // Nor is there anything torn among them.
    for job in &jobs {
        let read = runtime.block_on(queue.read_mail(job));
        let read = read.expect("what is queued is whole");
        let is_long = job.sequence >= LONG_FROM;
        assert!(!is_long || read == long_mail(job.sequence).1);
    }
    let damaged = std::fs::read_dir(folder.join("spool/damaged")).unwrap();
    assert_eq!(damaged.count(), 0, "a file was in the queue that is none");

    let mut repaired = 0;
    let store = match state::store(folder) {
        Err(StoreError::Damaged { cause, .. }) => {
            println!("damaged: {cause}");
            repair(folder, &[MAILBOX.to_owned()], Vec::new(), Timestamp::now()).unwrap();
            repaired = 1;
            state::store(folder).unwrap()
        }
        opened => opened.expect("it opens or is damaged"),
    };
    let pairs: Vec<Pair> = state::wait(store.pairs(None, usize::MAX)).unwrap();
    let jids: BTreeSet<String> = pairs.iter().map(|pair| pair.jid.to_string()).collect();
    for number in &said.committed {
        assert!(
            jids.contains(&format!("u{number:06}@a.example")),
            "row {number} is lost"
        );
    }
    if let Some(last) = said.committed.last() {
        let cursor = state::wait(store.cursor(MAILBOX))
            .unwrap()
            .expect("it was committed");
        let is_not_before = u64::from(cursor.uid_next) > *last;
        assert!(is_not_before, "{cursor:?} after {last}");
        let is_not_beyond = u64::from(cursor.uid_next) <= last + 2;
        assert!(is_not_beyond, "{cursor:?} after {last}");
    }
    repaired
}
