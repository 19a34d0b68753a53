//! Proof that nothing is left running: what was started, by process id and port, and whether it is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::servers::process::answers;

/// How long a program may take to end after it was told to.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Watch {
    /// Below it lies everything that the servers write.
    folder: PathBuf,
    /// Process id and start time to name.
    seen: BTreeMap<(u32, u64), String>,
    ports: BTreeSet<u16>,
}

/// A line of the process table.
struct Running {
    pid: u32,
    parent: u32,
    group: u32,
    /// With the process id, it is nobody else.
    started: u64,
    name: String,
    at_home: bool,
}

impl Watch {
    pub fn new() -> Watch {
        let name = format!("stanzamail-tests-{}", std::process::id());
        Watch {
            folder: std::env::temp_dir().join(name),
            seen: BTreeMap::new(),
            ports: BTreeSet::new(),
        }
    }

    /// Notes what runs now: our children and theirs, whoever is in a process group of theirs, and whoever works in one
    /// of our folders.
    pub fn note(&mut self, ports: Vec<u16>) {
        self.ports.extend(ports);
        let table = self.table();
        let mut ours = BTreeSet::from([std::process::id()]);
        loop {
            let groups: BTreeSet<u32> = table
                .iter()
                .filter(|r| ours.contains(&r.pid) && r.group == r.pid && !r.is_this())
                .map(|r| r.group)
                .collect();
            let before = ours.len();
            let belongs =
                |r: &&Running| r.at_home || ours.contains(&r.parent) || groups.contains(&r.group);
            let more: Vec<u32> = table.iter().filter(belongs).map(|r| r.pid).collect();
            ours.extend(more);
            if ours.len() == before {
                break;
            }
        }
        for running in table {
            if ours.contains(&running.pid) && !running.is_this() {
                self.seen
                    .insert((running.pid, running.started), running.name);
            }
        }
    }

    /// Waits until all of it is gone. In words, what was, or what still is.
    pub async fn nothing_left(&mut self) -> Result<String, String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = self.left();
            if left.is_empty() {
                return Ok(format!(
                    "nothing is left running: {} processes have ended, {} ports are closed, {} is gone",
                    self.seen.len(),
                    self.ports.len(),
                    self.folder.display()
                ));
            }
            if Instant::now() > end {
                return Err(format!("left behind: {}", left.join(", ")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn left(&self) -> Vec<String> {
        let kept = std::env::var_os("STANZAMAIL_TEST_KEEP").is_some();
        let running = self
            .table()
            .into_iter()
            .filter(|r| !r.is_this())
            .filter(|r| r.at_home || self.seen.contains_key(&(r.pid, r.started)))
            .map(|r| format!("process {} ({})", r.pid, r.name));
        let open = self.ports.iter().filter(|port| answers(**port));
        let folder = self.folder.exists() && !kept;
        running
            .chain(open.map(|port| format!("port {port}")))
            .chain(folder.then(|| self.folder.display().to_string()))
            .collect()
    }

    fn table(&self) -> Vec<Running> {
        let folder = self.folder.to_string_lossy().into_owned();
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Running::read(pid, &folder))
            .collect()
    }
}

impl Running {
    /// proc_pid_stat(5). A zombie does not run any more.
    fn read(pid: u32, folder: &str) -> Option<Running> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (head, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        if fields.first() == Some(&"Z") {
            return None;
        }
        // A folder that was removed has " (deleted)" after its name here.
        let cwd = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        let works_in = format!("{}/", cwd.to_string_lossy().trim_end_matches(" (deleted)"));
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let home = format!("{folder}/");
        let names_it = String::from_utf8_lossy(&command).contains(&home);
        Some(Running {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
            name: head.split_once('(')?.1.to_owned(),
            at_home: works_in.starts_with(&home) || names_it,
        })
    }

    fn is_this(&self) -> bool {
        self.pid == std::process::id()
    }
}
