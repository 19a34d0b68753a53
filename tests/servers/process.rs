//! Ports, folders, and programs that end with the test.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The account that servers run as when the tests run as root; `tests/install.sh` creates it.
const ACCOUNT: &str = "stanzamail-test";
/// How often a condition is looked at while a test waits.
const TICK: Duration = Duration::from_millis(15);
/// How long a program may take to stop after SIGSTOP.
const STOPS_WITHIN: Duration = Duration::from_secs(5);

// --- ports -----------------------------------------------------------------------------------------------------------

/// A TCP port of 127.0.0.1 that is ours for as long as this value lives, also while no server listens on it.
pub struct Port {
    number: u16,
    /// The same number in UDP: a lock that other test processes see, and that no crash can leave behind.
    _claim: UdpSocket,
}

impl Port {
    /// Claims a free port. The range lies below the kernel's ephemeral ports, so that no outgoing connection takes it
    /// while a server is being restarted.
    pub fn free() -> Port {
        const RANGE: std::ops::Range<u16> = 12_000..32_000;
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let start = (std::process::id() % u32::from(RANGE.end - RANGE.start)) as u16;
        for _ in RANGE {
            let step = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(start);
            if let Some(port) = Port::claim(RANGE.start + step % (RANGE.end - RANGE.start)) {
                return port;
            }
        }
        panic!(
            "no free port between {} and {} on 127.0.0.1",
            RANGE.start, RANGE.end
        );
    }

    fn claim(number: u16) -> Option<Port> {
        let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, number)).ok()?;
        Some(Port {
            number,
            _claim: claim,
        })
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}

/// Whether somebody listens at the port.
pub fn answers(port: u16) -> bool {
    std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

// --- folders ---------------------------------------------------------------------------------------------------------

/// A folder below `$TMPDIR/stanzamail-tests-PID/`, removed when dropped.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn new(name: &str) -> Folder {
        static NUMBER: AtomicU16 = AtomicU16::new(0);
        let root = std::env::temp_dir().join(format!("stanzamail-tests-{}", std::process::id()));
        let path = root.join(format!("{name}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir_all(&path)
            .unwrap_or_else(|e| panic!("cannot create {}: {e}", path.display()));
        // The unprivileged account has to get through, whatever the umask is.
        for folder in [&root, &path] {
            let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
        }
        Folder { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Creates a folder in it and returns its path.
    pub fn create(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(&path)
            .unwrap_or_else(|e| panic!("cannot create {}: {e}", path.display()));
        path
    }

    /// Writes a file in it and returns its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, text).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
        path
    }

    /// Gives all of it to the account that servers run as.
    pub fn hand_over(&self) {
        if let Some(account) = account() {
            hand_over(&self.path, account);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if kept() {
            eprintln!("kept: {}", self.path.display());
            return;
        }
        // Once more if a program that is just dying has written a last file.
        for _ in 0..5 {
            if fs::remove_dir_all(&self.path).is_ok() {
                break;
            }
            sleep(TICK);
        }
        // Succeeds for the last folder only.
        if let Some(root) = self.path.parent() {
            let _ = fs::remove_dir(root);
        }
    }
}

fn hand_over(path: &Path, account: (u32, u32)) {
    let _ = chown(path, Some(account.0), Some(account.1));
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            hand_over(&entry.path(), account);
        }
    }
}

fn kept() -> bool {
    std::env::var_os("STANZAMAIL_TEST_KEEP").is_some()
}

/// Fills a template: each `@KEY@` becomes its value. A key left over is an error of the harness.
pub fn render(template: &str, values: &[(&str, &str)]) -> String {
    let filled = values
        .iter()
        .fold(template.to_owned(), |text, (key, value)| {
            text.replace(&format!("@{key}@"), value)
        });
    let unfilled = filled
        .split('@')
        .find(|word| word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
    assert!(
        unfilled.is_none(),
        "the template's @{}@ has no value",
        unfilled.unwrap_or_default()
    );
    filled
}

// --- programs --------------------------------------------------------------------------------------------------------

/// Where `tests/install.sh` puts what is no package of Debian.
pub fn cache() -> PathBuf {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or(home);
    let cache = cache.unwrap_or_else(|| "/var/cache".into());
    cache.join("stanzamail-test")
}

/// Finds a program, also in the folders that are only in root's PATH.
pub fn program(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| {
        panic!("{name} is not installed: run `make deps`, which installs what the tests need")
    })
}

/// The same, if it is there.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default()
        + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/lib/postfix/sbin";
    path.split(':')
        .map(|folder| Path::new(folder).join(name))
        .find(|file| file.is_file())
}

/// User and group of [`ACCOUNT`] if we are root, else nothing.
fn account() -> Option<(u32, u32)> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1));
    if effective != Some("0") {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = accounts.lines().find_map(|line| {
        let mut fields = line
            .strip_prefix(ACCOUNT)?
            .strip_prefix(':')?
            .split(':')
            .skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Some(ids.unwrap_or_else(|| {
        panic!("the account {ACCOUNT} is missing: run `make deps`, which creates it")
    }))
}

/// Whether the tests run as root.
pub fn root() -> bool {
    account().is_some()
}

/// Names of the user and the group that servers run as.
pub fn account_names() -> (String, String) {
    let name = |flag: &str| {
        let output = Command::new("id").arg(flag).output().expect("`id` runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    if root() {
        (ACCOUNT.into(), ACCOUNT.into())
    } else {
        (name("-un"), name("-gn"))
    }
}

/// Which account a program runs as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Ours: what the test itself runs as.
    Own,
    /// The unprivileged account if we are root.
    Dropped,
}

/// A running program with all of its children, and its log.
pub struct Process {
    name: String,
    child: Child,
    /// Ends the program should this process be killed, when no Drop runs.
    watchdog: Child,
    log: PathBuf,
    status: Option<ExitStatus>,
    /// The group was killed: its number may belong to somebody else by now.
    buried: bool,
}

impl Process {
    /// Starts the program in the folder. Its output goes to `output.log` there.
    pub fn start(name: &str, folder: &Folder, command: Command, rights: Rights) -> Process {
        Process::start_in(name, folder, folder.path(), command, rights)
    }

    /// The same with another folder to work in.
    pub fn start_in(
        name: &str,
        folder: &Folder,
        place: &Path,
        mut command: Command,
        rights: Rights,
    ) -> Process {
        let log = folder.join("output.log");
        let output = open_log(&log);
        if let (Rights::Dropped, Some((user, group))) = (rights, account()) {
            command.uid(user).gid(group);
        }
        let child = command
            .current_dir(place)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file can be opened twice"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|e| panic!("{name} could not be started ({command:?}): {e}"));
        let watchdog = watch(child.id(), folder.path());
        Process {
            name: name.into(),
            child,
            watchdog,
            log,
            status: None,
            buried: false,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The whole output so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Sends a signal, such as `TERM`, `STOP`, `CONT`, to the program and all of its group.
    pub fn signal(&self, signal: &str) {
        if self.status.is_none() {
            signal_group(self.child.id(), signal);
        }
    }

    /// Stops the program and its group, and waits until no thread of it goes on: on a busy machine that takes a moment.
    pub fn pause(&self) {
        self.signal("STOP");
        let began = Instant::now();
        while self.status.is_none() && self.works() && began.elapsed() < STOPS_WITHIN {
            sleep(Duration::from_millis(1));
        }
    }

    /// Whether one of its threads has not stopped (proc_pid_stat(5): what follows the name in parentheses).
    fn works(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let is_at_work = |thread: fs::DirEntry| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
            !state.is_empty() && !state.starts_with(['T', 't', 'Z'])
        };
        threads.is_ok_and(|threads| threads.flatten().any(is_at_work))
    }

    /// How the program ended, or `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }

    /// Waits until the condition holds. Fails the test if the program ends before, or the time is up.
    pub async fn ready(&mut self, limit: Duration, mut condition: impl FnMut(&Process) -> bool) {
        let end = Instant::now() + limit;
        while !condition(self) {
            if let Some(status) = self.ended() {
                panic!(
                    "{} ended while starting ({status})\n{}",
                    self.name,
                    self.tails()
                );
            }
            assert!(
                Instant::now() < end,
                "{} was not ready within {limit:?}\n{}",
                self.name,
                self.tails()
            );
            tokio::time::sleep(TICK).await;
        }
    }

    /// Waits for the program to end by itself.
    pub async fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + limit;
        while self.ended().is_none() && Instant::now() < end {
            tokio::time::sleep(TICK).await;
        }
        self.status
    }

    /// SIGTERM, then SIGKILL if the program still runs after `limit`.
    pub async fn stop(&mut self, limit: Duration) -> Option<ExitStatus> {
        signal_one(self.child.id(), "TERM", self.status);
        self.wait(limit).await;
        self.kill();
        self.status
    }

    /// SIGKILL to the program and its group, at once.
    pub fn kill(&mut self) {
        if std::mem::replace(&mut self.buried, true) {
            return;
        }
        // Before the wait: until then the number belongs to nobody else.
        signal_group(self.child.id(), "KILL");
        if self.status.is_none() {
            self.status = self.child.wait().ok();
        }
    }

    /// The last lines of every log in the program's folder.
    fn tails(&self) -> String {
        let folder = self.log.parent().unwrap_or(Path::new("."));
        let files = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        let logs = files.filter(|file| file.extension().is_some_and(|end| end == "log"));
        logs.map(|log| format!("--- {}\n{}\n", log.display(), tail(&log, 25)))
            .collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            // A stopped program (SIGSTOP) would never see the SIGTERM.
            signal_group(self.child.id(), "CONT");
            signal_one(self.child.id(), "TERM", None);
            // Its data go with it: no need to wait for an orderly end.
            let end = Instant::now() + Duration::from_millis(150);
            while self.ended().is_none() && Instant::now() < end {
                sleep(TICK);
            }
        }
        self.kill();
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }
}

fn open_log(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap_or_else(|e| panic!("cannot open {}: {e}", path.display()))
}

/// The last lines of a file.
pub fn tail(file: &Path, count: usize) -> String {
    let text = String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Starts a shell that waits for the end of its standard input, which only we hold open, and then ends the group and
/// removes every folder of ours: there is nobody left to do it.
fn watch(group: u32, folder: &Path) -> Child {
    const SCRIPT: &str = r#"read -r _
        kill -s CONT -- "-$1"; kill -s TERM "$1"; sleep 2; kill -s KILL -- "-$1"
        [ -n "$STANZAMAIL_TEST_KEEP" ] || { rm -rf -- "$2"; sleep 1; rm -rf -- "$2"; }"#;
    let all_of_ours = folder
        .parent()
        .expect("every folder lies in that of this process");
    Command::new("sh")
        .args(["-c", SCRIPT, "stanzamail-test-watchdog", &group.to_string()])
        .arg(all_of_ours)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell starts")
}

fn signal_one(pid: u32, signal: &str, status: Option<ExitStatus>) {
    if status.is_none() {
        kill_command(signal, &pid.to_string());
    }
}

fn signal_group(pid: u32, signal: &str) {
    kill_command(signal, &format!("-{pid}"));
}

/// By the shell's own `kill`: the standard library has none, and the crate forbids unsafe code.
fn kill_command(signal: &str, target: &str) {
    let _ = Command::new("sh")
        .args(["-c", r#"kill -s "$1" -- "$2""#, "kill", signal, target])
        .stderr(Stdio::null())
        .status();
}
