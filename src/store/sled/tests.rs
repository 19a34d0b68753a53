use super::*;
use crate::core::address::AddressPattern;
use crate::core::limits::FORGOTTEN_AT_ONCE;
use crate::core::record::{Format, Peer, PeerOrigin};
use crate::store::conformance::{self, at, exported, mail, message, pair, user};
use crate::store::tables::ContactRecord;
use crate::store::transfer;
use crate::store::{MemoryStore, codec, index};
use jid::BareJid;
use proptest::prelude::*;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// As far as it goes, on a runtime of its own.
fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(work)
}

fn save(store: &SledStore, writes: Vec<Write>) {
    wait(store.commit(at(0), writes)).unwrap();
}

#[tokio::test]
async fn sled_is_a_store() {
    let folder = folder();
    let count = std::cell::Cell::new(0);
    conformance::run(|| {
        count.set(count.get() + 1);
        SledStore::open(&folder.path().join(count.get().to_string())).unwrap()
    })
    .await;
}

#[test]
fn what_was_saved_is_there_after_reopening() {
    let folder = folder();
    let store = SledStore::open(folder.path()).unwrap();
    save(
        &store,
        vec![Write::Pair(pair("a@a.example", "a@b.example"))],
    );
    save(&store, vec![Write::Message(message("x@y", "1", 1))]);
    let (rows, id_key) = (wait(exported(&store, 10)), store.id_key());
    assert_ne!(id_key, [0; 32]);
    drop(store);
    let store = SledStore::open(folder.path()).unwrap();
    assert_eq!((wait(exported(&store, 10)), store.id_key()), (rows, id_key));
    let other = SledStore::open(&folder.path().join("other")).unwrap();
    assert_ne!(other.id_key(), id_key);
}

/// Made in November 2026, and closed, by the program of that time.
#[test]
fn a_store_of_a_former_version_opens_as_it_is() {
    let folder = folder();
    let old = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/store"));
    std::fs::create_dir(folder.path().join("db")).unwrap();
    for file in ["anchor", "commits", "lock", "db/conf", "db/db"] {
        std::fs::copy(old.join(file), folder.path().join(file)).unwrap();
    }
    let rows = std::fs::read_to_string(old.join("rows.jsonl")).unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let found = wait(exported(&store, 100)).into_iter();
    let found: String = found
        .map(|record| transfer::to_line(&record).unwrap() + "\n")
        .collect();
    assert_eq!(found, rows);
    assert_eq!(store.id_key()[..4], [126, 218, 30, 24]);
    let cursor = wait(store.cursor("INBOX")).unwrap().unwrap();
    assert_eq!(cursor.uid_next, 42);
    // The message had another stanza id before, and is found by both until that is old.
    let copies = rows_of(&store, tables::BY_STANZA);
    assert_eq!((copies, rows_of(&store, tables::BY_TIME)), (2, 4));
    // Nothing was written so far. What is written first says that an older program cannot read it any more.
    let format = |store: &SledStore| store.0.raw(tables::FORMAT_KEY).unwrap().unwrap()[3];
    assert_eq!(format(&store), 1);
    wait(store.verify()).unwrap();
    assert_eq!(
        (format(&store), store.0.raw(tables::CONVERT_KEY)),
        (2, Ok(None))
    );
    assert_new(&store);
    let converted = wait(exported(&store, 100)).into_iter();
    let converted: String = converted
        .map(|record| transfer::to_line(&record).unwrap() + "\n")
        .collect();
    assert_eq!(converted, rows);
    assert_eq!((copies, rows_of(&store, tables::BY_TIME)), (2, 4));
    let now = Timestamp::from_secs(1_800_000_000);
    assert_eq!(wait(store.forget_older(now, Duration::ZERO)), Ok(3));
    assert_eq!(rows_of(&store, tables::BY_STANZA), 0);
    save(&store, vec![Write::Message(message("x@y", "1", 1))]);
    drop(store);
    SledStore::check(folder.path()).unwrap();
}

#[test]
fn a_store_is_opened_once() {
    let folder = folder();
    let store = SledStore::open(folder.path()).unwrap();
    let second = SledStore::open(folder.path()).unwrap_err();
    assert!(matches!(second, StoreError::InUse(_)), "{second}");
    drop(store);
    SledStore::open(folder.path()).unwrap();
}

#[test]
fn a_store_of_a_newer_program_is_refused_and_left_alone() {
    let folder = folder();
    let store = SledStore::open(folder.path()).unwrap();
    let newer = (tables::FORMAT + 1).to_be_bytes();
    store.0.db.insert(tables::FORMAT_KEY, &newer).unwrap();
    drop(store);
    for _ in 0..2 {
        match SledStore::open(folder.path()).unwrap_err() {
            StoreError::Newer { found, known, .. } => assert_eq!(found, known + 1),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn after_much_was_written_the_next_start_finds_a_new_snapshot() {
    let folder = folder();
    let snapshots_after = |octets: usize| {
        let store = SledStore::open(folder.path()).unwrap();
        let before = snapshot_in(folder.path());
        let mut much = message("x@y", "1", 1);
        much.digest = "x".repeat(octets / 100);
        for n in 0..100 {
            much.resource = jid::Jid::new(&format!("alice@a.example/{n}")).ok();
            save(&store, vec![Write::Message(much.clone())]);
        }
        drop(store);
        (before, snapshot_in(folder.path()))
    };
    drop(SledStore::open(folder.path()).unwrap());
    let (before, after) = snapshots_after(100_000);
    assert_eq!(before, after);
    let (before, after) = snapshots_after(9_000_000);
    assert_ne!(before, after);
    SledStore::open(folder.path()).unwrap();
}

/// A folder with a store that was opened twice, so that it has a snapshot.
fn folder_with_snapshot() -> tempfile::TempDir {
    let folder = folder();
    for name in ["a", "b"] {
        let store = SledStore::open(folder.path()).unwrap();
        let (jid, mail) = (format!("{name}@a.example"), format!("{name}@b.example"));
        save(&store, vec![Write::Pair(pair(&jid, &mail))]);
    }
    folder
}

fn snapshot_in(folder: &Path) -> std::path::PathBuf {
    std::fs::read_dir(folder.join("db"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("/snap."))
        .unwrap()
}

#[test]
fn a_damaged_snapshot_is_put_aside_and_nothing_is_lost() {
    let folder = folder_with_snapshot();
    std::fs::write(snapshot_in(folder.path()), b"damaged, and long enough").unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    assert_eq!(wait(store.pairs(None, 10)).unwrap().len(), 2);
}

#[test]
fn an_unfinished_snapshot_is_removed() {
    let folder = folder_with_snapshot();
    let unfinished = folder.path().join("db/snap.FFFFFFFFFFFFFFFF.generating");
    std::fs::write(&unfinished, b"half").unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    assert_eq!(wait(store.pairs(None, 10)).unwrap().len(), 2);
    assert!(!unfinished.exists());
}

#[test]
fn a_damaged_log_gives_a_sentence_that_says_what_to_do() {
    let folder = folder_with_snapshot();
    let log = folder.path().join("db/db");
    let length = usize::try_from(std::fs::metadata(&log).unwrap().len()).unwrap();
    std::fs::write(&log, vec![0xa5; length]).unwrap();
    std::fs::remove_file(snapshot_in(folder.path())).unwrap();
    std::fs::write(folder.path().join("db/conf"), b"not sled's").unwrap();
    let error = SledStore::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("check --repair"), "{error}");
    assert_eq!(std::fs::read(&log).unwrap().len(), length);
}

#[test]
fn a_store_whose_log_was_emptied_is_not_taken_for_a_new_one() {
    let folder = folder_with_snapshot();
    std::fs::remove_dir_all(folder.path().join("db")).unwrap();
    for _ in 0..2 {
        let error = SledStore::open(folder.path()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_store_is_for_its_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("new/store");
    let _store = SledStore::open(&path).unwrap();
    for made in [path.join("db"), path.clone()] {
        let mode = std::fs::metadata(made).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_want_one_address_at_once_do_not_both_get_it() {
    let folder = folder();
    let store = std::sync::Arc::new(SledStore::open(folder.path()).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = std::sync::Arc::clone(&store);
        tasks.spawn(async move {
            let wanted = pair(&format!("u{n}@a.example"), &format!("m{}@b.example", n % 4));
            store.commit(at(1), vec![Write::Pair(wanted)]).await.is_ok()
        });
    }
    let won = tasks.join_all().await.into_iter().filter(|won| *won);
    assert_eq!(won.count(), 4);
    assert_eq!(store.pairs(None, 100).await.unwrap().len(), 4);
}

#[test]
fn a_format_that_never_was_is_damage() {
    let folder = folder();
    let store = SledStore::open(folder.path()).unwrap();
    store
        .0
        .db
        .insert(tables::FORMAT_KEY, &0_u32.to_be_bytes())
        .unwrap();
    drop(store);
    let error = SledStore::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

const WRITER: &str = "STANZAMAIL_TEST_WRITES_TO";

/// The process that the next test kills. Says each commit that it was told is durable.
#[test]
#[ignore = "the child process of the next test"]
fn writes_until_it_is_killed() {
    let path = std::env::var_os(WRITER).expect("the next test says where");
    let store = SledStore::open(Path::new(&path)).unwrap();
    let first = wait(store.pairs(None, usize::MAX)).unwrap().len();
    for n in first.. {
        let both = vec![
            Write::Pair(pair(
                &format!("u{n:09}@a.example"),
                &format!("m{n}@b.example"),
            )),
            Write::Message(message(&format!("x{n}@y"), &n.to_string(), 1)),
        ];
        save(&store, both);
        println!("durable {n}");
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill_and_no_batch_is_half_there() {
    let folder = folder();
    for round in 0..5_u64 {
        let name = "store::sled::tests::writes_until_it_is_killed";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--ignored", "--nocapture"])
            .env(WRITER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = |line: &String| line.rsplit_once("durable ").map(|(_, n)| n.to_owned());
        let mut durable: Option<String> = None;
        for line in lines.by_ref().map_while(Result::ok) {
            durable = said(&line).or(durable);
            if durable.is_some() {
                break;
            }
        }
        std::thread::sleep(Duration::from_millis(20 + 37 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        durable = lines
            .map_while(Result::ok)
            .filter_map(|l| said(&l))
            .last()
            .or(durable);
        let durable: usize = durable.unwrap().trim().parse().unwrap();

        let store = SledStore::open(folder.path()).unwrap();
        let pairs = wait(store.pairs(None, usize::MAX)).unwrap();
        assert!(
            pairs.len() > durable,
            "{} pairs, {durable} was durable",
            pairs.len()
        );
        for n in 0..pairs.len() {
            let sample = message(&format!("x{n}@y"), &n.to_string(), 1);
            let names = [
                Need::HolderOf(mail(&format!("m{n}@b.example"))),
                Need::Stanza(sample.user.clone(), sample.contact, sample.stanza_id),
                Need::Message(sample.message_id, sample.user),
            ];
            for need in names {
                assert!(store.0.row(&need).unwrap().is_some(), "{need:?}");
            }
        }
    }
}

const FILLED: &str = "STANZAMAIL_TEST_FILLS";
/// Commits of rows with some 20 KB together: 20 of sled's buffers.
const FILLING: usize = 500;
/// What they take at most, KiB: 9,300 where sled's buffers are freed at once, and 15,200 where they are freed now and then.
const FREED_SOON: u64 = 12 * 1024;

/// A process of its own, since memory is counted by process. Says how much it has taken at most, in KiB, beyond that at the start.
#[test]
#[ignore = "the child process of the next test"]
fn fills_a_store() {
    let path = std::env::var_os(FILLED).expect("the next test says where");
    let store = SledStore::open(Path::new(&path)).unwrap();
    let before = memory();
    let mut most = 0;
    for n in 0..FILLING {
        let rows = (0..20).map(|m| {
            let mut row = message(&format!("x{n}.{m}@y"), &format!("{n}.{m}"), 1);
            row.digest = "x".repeat(1_000);
            Write::Message(row)
        });
        save(&store, rows.collect());
        most = most.max(memory());
    }
    println!("memory {}", most.saturating_sub(before));
}

/// What of this process's memory is its own (RssAnon), KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn what_sled_has_replaced_is_freed_soon() {
    let folder = folder();
    let name = "store::sled::tests::fills_a_store";
    let child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .env(FILLED, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let most = said.lines().find_map(|l| l.rsplit_once("memory "));
    let (_, most) = most.unwrap_or_else(|| panic!("{said}"));
    let most: u64 = most.trim().parse().unwrap();
    assert!(most < FREED_SOON, "{most} KiB");
}

/// Changes rows as no version of this program does now.
fn change(store: &SledStore, what: impl FnOnce(&mut Staged<'_>)) {
    let mut order = store.0.order.write().unwrap();
    let mut batch = Staged::on(&store.0);
    what(&mut batch);
    batch.finish(&mut order).unwrap();
}

/// The octets of a record of format 1.
fn formerly(record: &Record) -> Vec<u8> {
    let mut json = serde_json::to_value(record).unwrap();
    json.as_object_mut().unwrap().remove("kind");
    [vec![1], serde_json::to_vec(&json).unwrap()].concat()
}

/// Makes every row one of format 1. Each second copy of a message is one, and has a place in the index by time, as the first programs
/// gave it one when they saved it; so has each thread, by its very time.
fn write_as_formerly(store: &SledStore) {
    let tags = Table::ALL.iter().map(|table| table.tag());
    let tags = tags.chain([tables::BY_STANZA]);
    let rows = tags.flat_map(|tag| store.0.page(tag, None, usize::MAX).unwrap());
    let keys: Vec<_> = rows.map(|(key, _)| key).collect();
    change(store, |batch| {
        for key in keys {
            let record = batch.record(&key).unwrap().unwrap();
            batch.changed.insert(key.to_vec(), Some(formerly(&record)));
            let is_copy = key.first() == Some(&tables::BY_STANZA);
            if is_copy || matches!(record, Record::Thread(_)) {
                batch.remove(index::place_of(&record, &key).unwrap());
                let place = index::time_key(record.time().unwrap(), &key);
                batch.changed.insert(place, Some(Vec::new()));
            }
        }
    });
    store.0.db.insert(tables::CONVERT_KEY, &[]).unwrap();
}

/// No row is of format 1, and none leads nowhere.
fn assert_new(store: &SledStore) {
    for row in store.0.db.iter() {
        let (key, value) = row.unwrap();
        let tag = key[0];
        if tag == tables::BY_TIME {
            let row = index::row_of_time_key(&key).unwrap();
            assert!(store.0.raw(row).unwrap().is_some(), "{key:?}");
        } else if ![tables::META, tables::BY_MAIL].contains(&tag) {
            assert!(!codec::is_old(&value), "{key:?}");
            assert!(store.0.record(&key).unwrap().is_some(), "{key:?}");
        }
    }
}

fn rows_of(store: &SledStore, tag: u8) -> usize {
    store.0.page(tag, None, usize::MAX).unwrap().len()
}

#[test]
fn rows_of_a_former_version_are_forgotten_and_none_of_them_takes_a_new_one_along() {
    let folder = folder();
    let store = SledStore::open(folder.path()).unwrap();
    for (id, stanza) in [("x@y", "1"), ("z@y", "2")] {
        save(&store, vec![Write::Message(message(id, stanza, 10))]);
    }
    assert_eq!(rows_of(&store, tables::BY_TIME), 2);
    write_as_formerly(&store);
    assert_eq!(rows_of(&store, tables::BY_TIME), 4);
    // One of the names is taken before, one after what had it is forgotten.
    save(&store, vec![Write::Message(message("new@y", "1", 20))]);
    assert_eq!(rows_of(&store, tables::BY_TIME), 4);
    assert_eq!(
        wait(store.forget_older(at(30), Duration::from_secs(15))),
        Ok(2)
    );
    assert_eq!(rows_of(&store, tables::BY_TIME), 1);
    save(&store, vec![Write::Message(message("newer@y", "2", 20))]);
    assert_eq!(
        wait(store.forget_older(at(30), Duration::from_secs(15))),
        Ok(0)
    );
    assert_eq!(rows_of(&store, tables::BY_STANZA), 2);
    drop(store);
    let store = SledStore::open(folder.path()).unwrap();
    assert_eq!(wait(store.forget_older(at(30), Duration::ZERO)), Ok(2));
    for tag in [tables::BY_TIME, tables::BY_STANZA, Table::Message.tag()] {
        assert_eq!(rows_of(&store, tag), 0);
    }
}

#[test]
fn what_a_former_version_left_behind_when_it_forgot_is_in_nobodys_way() {
    let folder = folder();
    let store = SledStore::open(folder.path()).unwrap();
    let old = message("x@y", "1", 10);
    save(&store, vec![Write::Message(old.clone())]);
    change(&store, |batch| {
        let key = Record::Message(old.clone()).key();
        batch.remove(index::time_key(old.at, &key));
        batch.remove(key);
        let copy = formerly(&Record::Message(old.clone()));
        batch.changed.insert(tables::stanza_key(&old), Some(copy));
    });
    let by_stanza = Need::Stanza(old.user.clone(), old.contact.clone(), old.stanza_id.clone());
    assert_eq!(store.0.row(&by_stanza), Ok(Some(Row::Message(old))));
    assert_eq!(wait(store.forget_older(at(30), Duration::ZERO)), Ok(0));
    save(&store, vec![Write::Message(message("z@y", "1", 20))]);
    assert_eq!(wait(store.forget_older(at(30), Duration::ZERO)), Ok(1));
    assert_eq!(store.0.row(&by_stanza), Ok(None));
    drop(store);
    SledStore::open(folder.path()).unwrap();
}

/// Former versions took the Kelvin sign for a K: what they kept of karl@ may name the other one.
#[test]
fn e20_rows_of_a_former_version_belong_to_the_address_by_which_they_lie() {
    let folder = folder();
    let store = SledStore::open(folder.path()).unwrap();
    let (karl, kelvin) = (mail("karl@b.example"), mail("\u{212A}arl@b.example"));
    let (who, jid) = (user("alice@a.example"), user("k\\40b.example@g.a.example"));
    let others = ["adam@b.example", "zoe@b.example"].map(mail);
    for other in &others {
        let contact = Write::Contact(who.clone(), other.clone(), conformance::contact(1));
        save(&store, vec![contact]);
    }
    change(&store, |batch| {
        let contact = ContactRecord {
            user: who.clone(),
            mail: kelvin.clone(),
            contact: conformance::contact(1),
        };
        let peer = conformance::peer("\u{212A}arl@b.example", Format::Xmpp, PeerOrigin::Admin);
        let pair = pair(jid.as_str(), "\u{212A}arl@b.example");
        let rows = [
            (
                tables::contact_key(&who, &karl),
                formerly(&Record::Contact(contact)),
            ),
            (
                tables::peer_key(&"karl@b.example".parse().unwrap()),
                formerly(&Record::Peer(peer)),
            ),
            (tables::pair_key(&jid), formerly(&Record::Pair(pair))),
            (tables::holder_key(&karl), jid.as_str().into()),
        ];
        let rows = rows.map(|(key, value)| (key, Some(value)));
        batch.changed.extend(rows);
    });
    // Page by page, and none is passed over.
    let mut after: Option<(BareJid, MailAddress)> = None;
    let mut found = Vec::new();
    loop {
        let page = after.as_ref().map(|(user, mail)| (user, mail));
        let page = wait(store.contacts(page, 1)).unwrap();
        let Some((user, mail, _)) = page.into_iter().next() else {
            break;
        };
        found.push(mail.clone());
        after = Some((user, mail));
    }
    assert_eq!(found, [others[0].clone(), karl.clone(), others[1].clone()]);
    assert_eq!(wait(store.peers(None, 9)).unwrap()[0].who.key(), karl.key());
    for (address, is_known) in [(&karl, true), (&kelvin, false)] {
        let row = store.0.row(&Need::Contact(who.clone(), address.clone()));
        assert_eq!(row.unwrap().is_some(), is_known);
        assert_eq!(store.0.row(&Need::HolderOf(address.clone())), Ok(None));
    }
    save(
        &store,
        vec![Write::Pair(pair("x@g.a.example", "karl@b.example"))],
    );
    assert!(store.0.row(&Need::HolderOf(karl)).unwrap().is_some());
}

#[test]
fn what_is_saved_again_as_it_is_is_not_written_again() {
    let folder = folder();
    let store = SledStore::open(folder.path()).unwrap();
    let row = message("x@y", "1", 10);
    let written = || store.0.snapshot.octets();
    save(&store, vec![Write::Message(row.clone())]);
    let once = written();
    save(&store, vec![Write::Message(row.clone())]);
    assert_eq!(written(), once);
    let mut taken = row;
    taken.sent.taken = true;
    save(&store, vec![Write::Message(taken)]);
    assert_eq!(rows_of(&store, tables::BY_TIME), 1);
    assert!(once < written() && written() < 2 * once);
}

fn any_write() -> impl Strategy<Value = Write> {
    let small = 0..4_u8;
    (0..11_u8, small.clone(), small.clone(), small, 0..50_i64).prop_map(|(kind, a, b, c, time)| {
        let who = user(&format!("u{a}@a.example"));
        let address = mail(&format!("{}{b}@m.example", if c == 0 { "M" } else { "m" }));
        let mut row = message(&format!("x{c}@y"), &format!("s{b}"), time);
        row.user = who.clone();
        match kind {
            0 | 1 => Write::Pair(pair(who.as_str(), &address.to_string())),
            2 => Write::RemovePair(who),
            3 => Write::Contact(who, address, conformance::contact(time)),
            4 => Write::RemoveContact(who, address),
            5 => Write::Message(row),
            6 => Write::Seen(who, row.message_id, at(time)),
            7 => Write::Peer(any_peer(address, b, c)),
            8 => Write::RemovePeer(any_peer(address, b, c).who),
            9 => Write::Announced(who, conformance::announced(time)),
            _ => Write::Thread(
                who,
                address,
                row.thread,
                crate::core::record::Thread {
                    references: vec![row.message_id],
                    subject: None,
                    last: at(time),
                    is_invitation: false,
                    answers: None,
                },
            ),
        }
    })
}

fn any_peer(address: MailAddress, b: u8, c: u8) -> Peer {
    let origins = [PeerOrigin::Admin, PeerOrigin::Learned];
    let who = match b {
        0 => "m.example".to_owned(),
        _ => address.to_string(),
    };
    conformance::peer(&who, Format::Xmpp, origins[usize::from(c % 2)])
}

/// All that is read beside an export.
fn read_aside<S: Store>(store: &S) -> String {
    let addresses = (0..4).map(|n| mail(&format!("m{n}@m.example")));
    let peers = addresses.map(|address| Need::Peer(AddressPattern::Address(address)));
    let names = (0..16).map(|n| {
        let sample = message("x@y", &format!("s{}", n % 4), 0);
        let who = user(&format!("u{}@a.example", n / 4));
        Need::Stanza(who, sample.contact, sample.stanza_id)
    });
    let needs: Vec<Need> = peers.chain(names).collect();
    let rows = wait(store.load(&needs)).unwrap();
    let peers = wait(store.peers(None, 9)).unwrap();
    let announced = wait(store.announced(None, 9)).unwrap();
    format!("{rows:?} {peers:?} {announced:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn sled_and_memory_are_the_same_store(
        batches in prop::collection::vec(prop::collection::vec(any_write(), 1..5), 1..25),
        ages in prop::collection::vec(0..60_u64, 25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = folder();
        let store = SledStore::open(folder.path()).unwrap();
        let model = MemoryStore::default();
        for (number, (batch, age)) in batches.into_iter().zip(ages).enumerate() {
            let expected = runtime.block_on(model.commit(at(0), batch.clone()));
            prop_assert_eq!(runtime.block_on(store.commit(at(0), batch)), expected);
            if number % 3 == 1 {
                write_as_formerly(&store);
            }
            if number % 5 == 2 {
                wait(store.verify()).unwrap();
                assert_new(&store);
            }
            let age = Duration::from_secs(age);
            prop_assert_eq!(wait(store.forget_older(at(60), age)), wait(model.forget_older(at(60), age)));
            prop_assert_eq!(wait(exported(&store, 3)), wait(exported(&model, 100)));
            prop_assert_eq!(read_aside(&store), read_aside(&model));
        }
        // The index by time leads to every row that it should, and to nothing else.
        let age = Duration::ZERO;
        prop_assert_eq!(wait(store.forget_older(at(60), age)), wait(model.forget_older(at(60), age)));
        prop_assert_eq!(store.0.page(tables::BY_TIME, None, 10).unwrap().len(), 0);
        prop_assert_eq!(store.0.page(tables::BY_STANZA, None, 10).unwrap().len(), 0);
    }
}

/// `cargo test --release --lib sled::tests::how_long_forgetting -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "measures"]
async fn how_long_forgetting_a_user_takes_and_how_long_a_step() {
    let count: i64 = std::env::var("ROWS").map_or(200_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    let rows = |range: std::ops::Range<i64>| {
        range.map(|number| {
            let message =
                conformance::message(&format!("{number}@y"), &format!("s{number}"), number);
            Write::Message(message)
        })
    };
    let begun = Instant::now();
    for start in (0..count).step_by(1000) {
        let commit = store.commit(conformance::at(1), rows(start..start + 1000).collect());
        commit.await.unwrap();
    }
    println!("{count} messages in {:?}", begun.elapsed());
    let user = conformance::user("alice@a.example");
    let begun = Instant::now();
    println!(
        "{:?} counted in {:?}",
        store.rows_of(&user).await,
        begun.elapsed()
    );
    let (begun, mut longest, mut steps) = (Instant::now(), Duration::ZERO, 0);
    loop {
        let step = Instant::now();
        let gone = store
            .forget_some_of(&user, FORGOTTEN_AT_ONCE)
            .await
            .unwrap();
        longest = longest.max(step.elapsed());
        steps += 1;
        if gone.is_all {
            break;
        }
    }
    println!(
        "forgotten in {:?}, {steps} steps of up to {longest:?}",
        begun.elapsed()
    );
}
