//! GreenMail: an IMAP and SMTP server in Java, all in memory. Other than Dovecot it has no CONDSTORE, no STARTTLS and no
//! catch-all, takes every recipient, and changes every UIDVALIDITY when it is restarted.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::mail_client::{Refusal, submit};
use super::mailbox::Mailbox;
use super::process::{Folder, Port, Process, Rights, answers, cache, find, program};
use super::{PASSWORD, START};

/// Said once more in `tests/install.sh`, which fetches it.
const JAR: &str = "greenmail-standalone-2.1.13.jar";

/// A running GreenMail. Logins are mail addresses; a person with another address gets an account at the first mail,
/// whose password is the address.
pub struct GreenMail {
    pub smtp_port: u16,
    pub smtps_port: u16,
    pub imap_port: u16,
    pub imaps_port: u16,
    users: Vec<String>,
    process: Option<Process>,
    folder: Folder,
    _ports: [Port; 4],
}

impl GreenMail {
    /// Starts it with these mail addresses as users, all with [`PASSWORD`]. `bridge+x@…` goes to `bridge@…`.
    pub async fn start(users: &[&str]) -> GreenMail {
        let ports = [Port::free(), Port::free(), Port::free(), Port::free()];
        let [smtp_port, smtps_port, imap_port, imaps_port] = ports.each_ref().map(Port::number);
        let folder = Folder::new("greenmail");
        std::fs::copy(jar(), folder.join(JAR)).expect("GreenMail's jar can be copied");
        folder.hand_over();
        let users = users.iter().map(|user| (*user).to_owned()).collect();
        let mut server = GreenMail {
            smtp_port,
            smtps_port,
            imap_port,
            imaps_port,
            users,
            process: None,
            folder,
            _ports: ports,
        };
        server.up().await;
        server
    }

    /// Whether `tests/install.sh` had a reason to fetch it, and could.
    pub fn installed() -> bool {
        find("java").is_some() && jar_path().is_file()
    }

    async fn up(&mut self) {
        let mut command = Command::new(program("java"));
        let services = [
            ("smtp", self.smtp_port),
            ("smtps", self.smtps_port),
            ("imap", self.imap_port),
            ("imaps", self.imaps_port),
        ];
        command.args([
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xshare:auto",
        ]);
        command.args(services.map(|(name, port)| format!("-Dgreenmail.{name}.port={port}")));
        command.args(services.map(|(name, _)| format!("-Dgreenmail.{name}.hostname=127.0.0.1")));
        command.arg(format!("-Dgreenmail.users={}", self.accounts()));
        // The option's name says the reverse of what it does: with it, `+detail` is cut off.
        command.args([
            "-Dgreenmail.users.login=email",
            "-Dgreenmail.sieve.ignore.detail=true",
        ]);
        command.args(["-Dgreenmail.startup.timeout=20000", "-jar", JAR]);
        let mut process = Process::start("greenmail", &self.folder, command, Rights::Dropped);
        let ports = services.map(|(_, port)| port);
        // It listens first and makes its users then.
        let (imap, last) = (self.imap_port, self.users.last());
        let takes = || last.is_none_or(|user| takes_login(imap, user));
        process
            .ready(START, |_| ports.into_iter().all(answers) && takes())
            .await;
        self.process = Some(process);
    }

    /// `local:password@domain`, with commas between.
    fn accounts(&self) -> String {
        let account = |user: &String| {
            let (local, domain) = user.split_once('@').expect("a user is a mail address");
            format!("{local}:{PASSWORD}@{domain}")
        };
        self.users.iter().map(account).collect::<Vec<_>>().join(",")
    }

    /// Stops and starts it: every mail is gone, every UIDVALIDITY is another one.
    pub async fn restart(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Duration::from_secs(5)).await;
        }
        self.up().await;
    }

    pub async fn mailbox(&self, address: &str) -> Mailbox {
        Mailbox::open(self.imap_port, address, PASSWORD).await
    }

    pub async fn submit(
        &self,
        from: &str,
        to: &[&str],
        raw: impl AsRef<[u8]>,
    ) -> Result<String, Refusal> {
        submit(self.smtp_port, from, to, raw).await
    }

    pub fn log(&self) -> String {
        self.process
            .as_ref()
            .map(Process::output)
            .unwrap_or_default()
    }
}

/// Where `tests/install.sh` put it.
fn jar() -> PathBuf {
    let jar = jar_path();
    assert!(
        jar.is_file(),
        "{} is missing: run `MAIL=greenmail make deps`, which fetches it",
        jar.display()
    );
    jar
}

fn jar_path() -> PathBuf {
    cache().join(JAR)
}

/// Whether a user can log in by IMAP.
fn takes_login(port: u16, user: &str) -> bool {
    let try_it = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "a LOGIN \"{user}\" \"{PASSWORD}\"\r\n")?;
        for line in BufReader::new(stream).lines() {
            if let Some(result) = line?.strip_prefix("a ") {
                return Ok(result.starts_with("OK"));
            }
        }
        Ok(false)
    };
    try_it().unwrap_or(false)
}
