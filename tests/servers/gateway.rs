//! The program under test, as a process of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::process::{Folder, Process, Rights, tail};

/// What the gateway logs once it is online and every mailbox is selected.
const READY: &str = "ready";

/// A gateway with its configuration, store and spool in a folder of its own.
pub struct Gateway {
    binary: PathBuf,
    environment: Vec<(String, String)>,
    process: Option<Process>,
    folder: Folder,
}

impl Gateway {
    /// Writes the configuration (TOML; `@DIR@` becomes the gateway's folder), starts the program and waits for its
    /// `ready`. `binary` is `env!("CARGO_BIN_EXE_stanzamail")` in a test.
    pub async fn start(binary: impl AsRef<Path>, config: &str) -> Gateway {
        let mut gateway = Gateway::prepare(binary, config);
        gateway.start_again().await;
        gateway
    }

    /// The same without starting it: for commands, or for a start that has to fail.
    pub fn prepare(binary: impl AsRef<Path>, config: &str) -> Gateway {
        let folder = Folder::new("gateway");
        private(folder.path(), 0o700);
        let gateway = Gateway {
            binary: binary.as_ref().into(),
            environment: Vec::new(),
            process: None,
            folder,
        };
        gateway.write_config(config);
        gateway
    }

    /// Replaces the configuration; [`Gateway::restart`] makes it count.
    pub fn write_config(&self, config: &str) {
        let text = config.replace("@DIR@", &self.folder.path().to_string_lossy());
        private(&self.folder.write("stanzamail.toml", &text), 0o600);
    }

    /// The next starts have these environment variables besides the usual ones.
    pub fn environment(&mut self, variables: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.environment = variables.iter().map(owned).collect();
    }

    /// Waits until it has ended by itself, whichever way; false where it has not.
    pub async fn died(&mut self, limit: Duration) -> bool {
        let process = self.process.as_mut().expect("the gateway was launched");
        let has_died = process.wait(limit).await.is_some();
        if has_died {
            self.process = None;
        }
        has_died
    }

    /// Adds whole sections to the configuration.
    pub fn add_config(&self, sections: &str) {
        let before = fs::read_to_string(self.config()).expect("we wrote it");
        self.write_config(&format!("{before}\n{sections}\n"));
    }

    /// The line for the `[[peer]]` of another gateway that `stanzamail key` prints.
    pub async fn key(&self) -> String {
        let output = self.command(&["key"]).await;
        assert!(output.status.success(), "stanzamail key: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Starts it and waits for its `ready`.
    pub async fn start_again(&mut self) {
        self.launch();
        self.wait_ready().await;
    }

    /// Starts it and does not wait.
    pub fn launch(&mut self) {
        assert!(self.process.is_none(), "the gateway runs already");
        let before = self.log().len();
        let mut command = self.command_line(&["run"]);
        command.env(
            "RUST_LOG",
            std::env::var("RUST_LOG").unwrap_or_else(|_| "info,stanzamail=debug".into()),
        );
        command.envs(self.environment.iter().cloned());
        self.process = Some(Process::start(
            "the gateway",
            &self.folder,
            command,
            Rights::Own,
        ));
        fs::write(self.folder.join("started-at"), before.to_string())
            .expect("the folder can be written");
    }

    /// Waits for the `ready` of the newest start.
    pub async fn wait_ready(&mut self) {
        self.wait_ready_within(PATIENCE).await;
    }

    /// The same where there is much to begin with.
    pub async fn wait_ready_within(&mut self, limit: Duration) {
        let start = fs::read_to_string(self.folder.join("started-at"))
            .ok()
            .and_then(|at| at.parse().ok())
            .unwrap_or(0);
        let process = self.process.as_mut().expect("the gateway was launched");
        process
            .ready(limit, |process| {
                process
                    .output()
                    .get(start..)
                    .is_some_and(|log| log.contains(READY))
            })
            .await;
    }

    /// SIGKILL, at once.
    pub fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// SIGTERM. Returns the exit code; fails the test if the program has to be killed.
    pub async fn terminate(&mut self) -> i32 {
        let process = self.process.take().expect("the gateway runs");
        process.signal("TERM");
        self.code(process).await
    }

    /// Waits until the program ends by itself, and returns its exit code.
    pub async fn wait(&mut self) -> i32 {
        let process = self.process.take().expect("the gateway was launched");
        self.code(process).await
    }

    async fn code(&self, mut process: Process) -> i32 {
        let status = process.wait(PATIENCE).await;
        let code = status.and_then(|status| status.code());
        code.unwrap_or_else(|| {
            panic!(
                "the gateway did not end within {PATIENCE:?} ({status:?})\n{}",
                self.tail()
            )
        })
    }

    /// SIGTERM and start.
    pub async fn restart(&mut self) {
        self.terminate().await;
        self.start_again().await;
    }

    /// SIGSTOP.
    pub fn pause(&self) {
        let process = self.process.as_ref();
        process.expect("the gateway runs").pause();
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Any signal by its name, such as `HUP`.
    pub fn signal(&self, signal: &str) {
        self.process
            .as_ref()
            .expect("the gateway runs")
            .signal(signal);
    }

    pub fn running(&mut self) -> bool {
        self.process
            .as_mut()
            .is_some_and(|process| process.ended().is_none())
    }

    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("the gateway runs").pid()
    }

    /// Memory in use (VmRSS), KiB.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok())
            .expect("the gateway runs")
    }

    /// Processor time so far, of all its threads, in steps of 10 ms (proc_pid_stat(5): utime and stime).
    pub fn processor(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        // The name may hold anything; what follows its bracket begins with the third field.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields);
        let ticks = fields.map(|fields| {
            let times = fields.split_whitespace().skip(11).take(2);
            times.filter_map(|time| time.parse::<u64>().ok()).sum()
        });
        Duration::from_millis(10 * ticks.unwrap_or(0))
    }

    /// Runs a subcommand with the same configuration: `stanzamail --config X map list`.
    pub async fn command(&self, arguments: &[&str]) -> Output {
        let mut command = self.command_line(arguments);
        let run = tokio::task::spawn_blocking(move || command.output()).await;
        run.expect("the thread ends")
            .unwrap_or_else(|e| panic!("{} cannot be run: {e}", self.binary.display()))
    }

    fn command_line(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .current_dir(self.folder.path());
        command.env("NO_COLOR", "1").env("RUST_BACKTRACE", "1");
        command
    }

    pub fn config(&self) -> PathBuf {
        self.folder.join("stanzamail.toml")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything logged so far, over all starts.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_file()).unwrap_or_default()).into_owned()
    }

    /// Waits until a line logged so far contains the text.
    pub async fn wait_log(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(
                Instant::now() < end,
                "the gateway did not log {text:?} within {PATIENCE:?}\n{}",
                self.tail()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("output.log")
    }

    fn tail(&self) -> String {
        tail(&self.log_file(), 40)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the gateway's last words\n{}", self.tail());
        }
    }
}

fn private(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file has a mode");
}
