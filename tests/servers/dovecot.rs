//! Dovecot: mailboxes by IMAP, deliveries by LMTP, passwords for Postfix.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::mail::{CatchAll, MailOptions, Ports};
use super::process::{Folder, Process, Rights, account_names, answers, program, render};
use super::tls::Certificates;
use super::{PASSWORD, START};

/// Mails that were put into a mailbox without a delivery agent: each has a name of its own.
static DEPOSITED: AtomicUsize = AtomicUsize::new(0);

pub struct Dovecot {
    folder: Folder,
    ports: [u16; 4],
    process: Option<Process>,
}

impl Dovecot {
    /// Writes configuration and accounts.
    pub(super) fn prepare(options: &MailOptions, ports: &Ports, tls: &Certificates) -> Dovecot {
        let folder = Folder::new("dovecot");
        let (user, group) = account_names();
        let numbers =
            [&ports.imap, &ports.imaps, &ports.lmtp, &ports.sasl].map(|port| port.number());
        let [imap, imaps, lmtp, sasl] = numbers.map(|port| port.to_string());
        // Port 9: nobody gives tokens.
        let tokens = options.tokens.unwrap_or(9).to_string();
        let config = render(
            &in_its_language(include_str!("config/dovecot.conf")),
            &[
                ("DIR", &folder.path().to_string_lossy()),
                ("USER", &user),
                ("GROUP", &group),
                ("CERTIFICATE", &tls.certificate.to_string_lossy()),
                ("KEY", &tls.key.to_string_lossy()),
                ("IMAP", &imap),
                ("IMAPS", &imaps),
                ("LMTP", &lmtp),
                ("SASL", &sasl),
                ("TOKENS", &tokens),
                ("MORE", &options.dovecot.join("\n")),
            ],
        );
        folder.write("dovecot.conf", &config);
        folder.write("oauth2.conf", &oauth2(&tokens));
        folder.write(
            "users",
            &options
                .mailboxes()
                .iter()
                .map(|address| account(&folder, address))
                .collect::<String>(),
        );
        folder.write("catchall", &catch_all(&folder, options));
        for name in ["run", "state", "mail"] {
            folder.create(name);
        }
        folder.hand_over();
        Dovecot {
            folder,
            ports: numbers,
            process: None,
        }
    }

    /// Starts it and waits until it answers.
    pub async fn up(&mut self) {
        assert!(self.process.is_none(), "Dovecot runs already");
        let mut command = Command::new(program("dovecot"));
        command
            .arg("-F")
            .arg("-c")
            .arg(self.folder.join("dovecot.conf"));
        let mut process = Process::start("dovecot", &self.folder, command, Rights::Dropped);
        let ports = self.ports;
        process
            .ready(START, |_| ports.into_iter().all(answers))
            .await;
        self.process = Some(process);
    }

    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Duration::from_secs(5)).await;
        }
    }

    /// Removes the file that says which mail has which UID. Dovecot must not run.
    pub fn forget_uids(&self, address: &str) {
        for entry in std::fs::read_dir(maildir(&self.folder, address))
            .expect("the mailbox was opened once")
            .flatten()
        {
            if entry.file_name().to_string_lossy().starts_with("dovecot") {
                std::fs::remove_file(entry.path()).expect("Dovecot's own files can be removed");
            }
        }
    }

    /// Puts mails into a mailbox all at once, as a delivery agent does that writes Maildirs itself.
    pub fn deposit(&self, address: &str, mails: &[String]) {
        let maildir = maildir(&self.folder, address);
        for mail in mails {
            let number = DEPOSITED.fetch_add(1, Ordering::Relaxed);
            // Dovecot gives out UIDs in the order of the names.
            let name = format!("1700000000.M{number:06}P1.burst");
            let (tmp, new) = (
                maildir.join("tmp").join(&name),
                maildir.join("new").join(&name),
            );
            std::fs::write(&tmp, mail.replace('\n', "\r\n")).expect("the mailbox was opened once");
            std::fs::rename(tmp, new).expect("a Maildir has a folder for what is new");
        }
    }

    /// Where its configuration, data and logs are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("dovecot.log")).unwrap_or_default()
    }
}

/// `2.3` (Debian 12) or `2.4` (Debian 13). Each has a configuration language that the other refuses.
pub fn language() -> &'static str {
    static FOUND: OnceLock<&str> = OnceLock::new();
    FOUND.get_or_init(|| {
        let output = Command::new(program("dovecot")).arg("--version").output();
        let output = output.expect("Dovecot says its version");
        let version = String::from_utf8_lossy(&output.stdout).into_owned();
        match version.get(..4) {
            Some("2.3.") => "2.3",
            Some("2.4.") => "2.4",
            _ => panic!("the tests know Dovecot 2.3 and 2.4; this is {version:?}"),
        }
    })
}

/// Without the lines of the other language. `2.4|mail_path = …` is of one, a line without a mark is of both.
fn in_its_language(config: &str) -> String {
    let lines = config
        .lines()
        .filter_map(|line| match line.split_once('|') {
            Some((mark @ ("2.3" | "2.4"), line)) => (mark == language()).then_some(line),
            _ => Some(line),
        });
    lines.map(|line| format!("{line}\n")).collect()
}

/// What 2.3 has in a file of its own.
fn oauth2(port: &str) -> String {
    format!(
        "introspection_mode = auth\nintrospection_url = http://127.0.0.1:{port}/\n\
         username_attribute = username\nactive_attribute = active\nactive_value = true\n"
    )
}

/// `user:password:uid:gid:gecos:home:shell:extra`
fn account(folder: &Folder, address: &str) -> String {
    format!(
        "{address}:{{PLAIN}}{PASSWORD}::::{}::\n",
        home(folder, address).display()
    )
}

/// Any other address of a gateway's domain is the mailbox `bridge@<domain>`, as Dovecot sees it.
fn catch_all(folder: &Folder, options: &MailOptions) -> String {
    let line = |domain: &String| {
        let bridge = format!("bridge@{domain}");
        format!(
            "{domain}:::::{}::user={bridge}\n",
            home(folder, &bridge).display()
        )
    };
    let domains = options
        .gateway_domains
        .iter()
        .filter(|_| options.catch_all == CatchAll::Keep);
    domains.map(line).collect()
}

fn home(folder: &Folder, address: &str) -> PathBuf {
    folder.join("mail").join(address)
}

fn maildir(folder: &Folder, address: &str) -> PathBuf {
    home(folder, address).join("Maildir")
}
