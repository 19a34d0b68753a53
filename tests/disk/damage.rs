//! Files of the store are damaged at random. The gateway's program finds each damage, says what to do, and does it; the
//! queue and the ids are those from before.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use stanzamail::core::context::Write;
use stanzamail::core::record::Cursor;
use stanzamail::store::Store;
use stanzamail::store::spool::Spool;

use super::process::Folder;
use super::state::{MAILBOX, config, cursor, mail, pair, rows, save, seen, spool};
use super::{Dice, each, size, state};

const WAITING: u64 = 12;
/// Rows of each kind.
const ROWS: u64 = 150;
/// To repair a store with 10,000 mails in its queue.
const REPAIR_LIMIT: Duration = Duration::from_secs(30);

/// A store that was in use for a while, and what is known of it.
struct Model {
    folder: Folder,
    rows: BTreeSet<String>,
    /// What an export half way had.
    exported: BTreeSet<String>,
    id_key: [u8; 32],
    cursor: Cursor,
}

impl Model {
    fn new(waiting: u64) -> Model {
        let folder = Folder::new("model");
        let (store, export) = (folder.create("store"), folder.join("export.jsonl"));
        fs::set_permissions(&store, fs::Permissions::from_mode(0o700)).unwrap();
        let (queue, _) = spool(&store.join("spool"));
        for first in (0..waiting).step_by(100) {
            let mails = (first..waiting.min(first + 100)).map(mail).collect();
            runtime().block_on(queue.accept(mails)).unwrap();
        }
        let mut exported = BTreeSet::new();
        // Opened several times, so that there are snapshots.
        for round in 0..3 {
            let opened = state::store(&store).unwrap();
            for number in round * ROWS / 3..(round + 1) * ROWS / 3 {
                let writes: Vec<Write> = vec![pair(number), seen(number), cursor(number)];
                save(&opened, writes);
            }
            if round == 1 {
                exported.extend(rows(&opened));
                fs::write(&export, rows(&opened).join("\n")).unwrap();
            }
        }
        let opened = state::store(&store).unwrap();
        Model {
            rows: rows(&opened).into_iter().collect(),
            exported,
            id_key: opened.id_key(),
            cursor: state::wait(opened.cursor(MAILBOX)).unwrap().unwrap(),
            folder,
        }
    }

    /// A copy to be damaged.
    fn copy(&self) -> Copy {
        let folder = Folder::new("copy");
        copy(&self.folder.join("store"), &folder.join("store"));
        let file = folder.write("stanzamail.toml", &config(&folder.join("store")));
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        Copy { folder }
    }
}

struct Copy {
    folder: Folder,
}

impl Copy {
    fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_stanzamail"))
            .arg("--config")
            .arg(self.folder.join("stanzamail.toml"))
            .args(arguments)
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code().is_some() && !words.contains("panicked"),
            "{arguments:?}: {}, {words}",
            output.status
        );
        output
    }

    /// The rows, or why the store cannot be used.
    fn export(&self) -> Result<BTreeSet<String>, String> {
        let output = self.run(&["map", "export"]);
        match output.status.success() {
            true => Ok(lines(&output.stdout)),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Files of the store, without the queue.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.store()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                match entry.file_type().unwrap().is_dir() {
                    true if entry.file_name() == "spool" => {}
                    true => folders.push(entry.path()),
                    false => files.push(entry.path()),
                }
            }
        }
        files.sort();
        files
    }
}

#[test]
fn a_damaged_store_is_found_out_and_repaired_and_the_queue_is_whole() {
    let model = Model::new(WAITING);
    let [whole, repaired, salvaged] = each(size().damages, |seed| {
        let copy = model.copy();
        let done = damage(&copy, &mut Dice::of(seed + 1));
        println!("{seed}: {done}");
        let counted = match copy.export() {
            Ok(rows) => {
                assert_eq!(
                    rows, model.rows,
                    "{seed} opened in silence, with other rows"
                );
                [1, 0, 0]
            }
            Err(words) => {
                let says = |text: &str| assert!(words.contains(text), "{text}: {words}");
                says(&copy.store().display().to_string());
                says("check --repair");
                [0, 1, is_repaired(&model, &copy, seed % 2 == 0)]
            }
        };
        the_queue_is_whole(&copy, WAITING);
        counted
    });
    let rows = model.rows.len() * repaired.max(1);
    println!(
        "{whole} damages did not matter, {repaired} were repaired with {:.0} % of their rows",
        100.0 * salvaged as f64 / rows as f64
    );
}

/// Answers how many of the rows are there again.
fn is_repaired(model: &Model, copy: &Copy, with_export: bool) -> usize {
    let export = model.folder.join("export.jsonl").display().to_string();
    let output = match with_export {
        true => copy.run(&["check", "--repair", "--from", &export]),
        false => copy.run(&["check", "--repair"]),
    };
    let (said, words) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{said}{words}");
    assert!(said.contains(&format!("{WAITING} mails wait")), "{said}");
    let rows = copy.export().expect("what was repaired opens");
    let is_cursor = |row: &&String| row.contains("\"kind\":\"cursor\"");
    for row in &rows {
        let is_known = model.rows.contains(row) || model.exported.contains(row);
        assert!(is_known || is_cursor(&row), "{row} was never there");
    }
    let missing = model.exported.iter().filter(|row| !is_cursor(row));
    let missing: Vec<_> = missing.filter(|row| !rows.contains(*row)).collect();
    assert!(
        !with_export || missing.is_empty(),
        "not imported: {missing:?}"
    );
    let opened = state::store(&copy.store()).unwrap();
    let cursor = state::wait(opened.cursor(MAILBOX))
        .unwrap()
        .expect("mail is read on");
    let is_earlier = cursor.uid_validity == 0 || cursor.uid_next <= model.cursor.uid_next;
    assert!(is_earlier, "mails are passed over: {cursor:?}");
    let is_same = opened.id_key() == model.id_key;
    assert!(is_same || said.contains("key of derived ids"), "{said}");
    rows.intersection(&model.rows).count()
}

fn the_queue_is_whole(copy: &Copy, mails: u64) {
    let (queue, jobs) = spool(&copy.store().join("spool"));
    assert_eq!(u64::try_from(jobs.len()).unwrap(), mails);
    for number in 0..mails {
        let mail = mail(number);
        let read = runtime().block_on(queue.read_mail(&mail.job));
        assert_eq!(read.unwrap(), mail.bytes);
    }
}

/// Damages one file or two; answers how.
fn damage(copy: &Copy, dice: &mut Dice) -> String {
    let mut done = Vec::new();
    for _ in 0..1 + dice.below(8) / 7 {
        // The log is where it hurts; the small files beside it have their turn as well.
        let files = copy.files();
        let log = copy.store().join("db/db");
        let file = match log.exists() && dice.below(10) < 6 {
            true => log,
            false => dice.one_of(&files).clone(),
        };
        let how = damage_file(&file, dice);
        done.push(format!("{}: {how}", file.file_name().unwrap().display()));
    }
    done.join(", ")
}

fn damage_file(path: &Path, dice: &mut Dice) -> String {
    let len = usize::try_from(fs::metadata(path).unwrap().len()).unwrap();
    // What is in use is at the beginning of the log; the rest of its first segments is empty.
    let used = match dice.below(2) {
        0 => len,
        _ => len.min(40_000),
    };
    let at = dice.below(used.max(1));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let overwrite = |at: usize, octets: &[u8]| {
        file.write_all_at(octets, u64::try_from(at).unwrap())
            .unwrap();
    };
    match dice.below(6) {
        0 => {
            let mut octet = [0];
            let _ = file.read_at(&mut octet, u64::try_from(at).unwrap());
            overwrite(at, &[octet[0] ^ (1 << dice.below(8))]);
            format!("a bit flipped at {at}")
        }
        1 => {
            file.set_len(u64::try_from(at).unwrap()).unwrap();
            format!("cut at {at}")
        }
        2 => {
            fs::remove_file(path).unwrap();
            "deleted".to_owned()
        }
        3 => {
            let page = at / 4096 * 4096;
            overwrite(page, &vec![0; 4096.min(len - page)]);
            format!("a page of zeros at {page}")
        }
        4 => {
            let noise: Vec<u8> = (0..64)
                .map(|_| u8::try_from(dice.below(256)).unwrap())
                .collect();
            overwrite(at, &noise);
            format!("noise at {at}")
        }
        _ => {
            file.set_len(0).unwrap();
            "emptied".to_owned()
        }
    }
}

#[test]
fn a_store_with_a_long_queue_is_repaired_soon() {
    let mails = size().mails;
    let model = Model::new(mails);
    let copy = model.copy();
    let log = OpenOptions::new()
        .write(true)
        .open(copy.store().join("db/db"))
        .unwrap();
    log.write_all_at(&[0xa5; 9000], 0).unwrap();
    assert!(copy.export().is_err());
    let began = Instant::now();
    let output = copy.run(&["check", "--repair"]);
    let took = began.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains(&format!("{mails} mails wait")), "{said}");
    assert!(took < REPAIR_LIMIT, "{took:?}");
    copy.export().expect("what was repaired opens");
    let jobs = Spool::look(&copy.store().join("spool")).unwrap();
    assert_eq!(u64::try_from(jobs.len()).unwrap(), mails);
    println!("repaired in {took:?}, with {mails} mails in the queue");
}

fn lines(octets: &[u8]) -> BTreeSet<String> {
    String::from_utf8_lossy(octets)
        .lines()
        .map(str::to_owned)
        .collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            // Segments do not change any more.
            false if from.ends_with("spool/journal") => fs::hard_link(entry.path(), &to).unwrap(),
            false => fs::copy(entry.path(), &to).map(|_| ()).unwrap(),
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}
