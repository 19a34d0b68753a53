//! Postfix: takes mail from the gateway and from people, gives it to Dovecot.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::START;
use super::mail::{CatchAll, Dkim, MailOptions, Ports};
use super::process::{Folder, Process, Rights, answers, program, render, root};
use super::tls::Certificates;

pub struct Postfix {
    folder: Folder,
    ports: [u16; 3],
    native: bool,
    process: Option<Process>,
}

impl Postfix {
    /// Writes configuration and tables.
    pub(super) fn prepare(
        options: &MailOptions,
        ports: &Ports,
        tls: &Certificates,
        policy: u16,
        dkim: Option<&Dkim>,
    ) -> Postfix {
        assert!(
            options.verified.is_none() || !options.native || options.dkim,
            "a native Postfix has no script that could state the origin of a mail"
        );
        assert!(
            !options.native || root(),
            "a native Postfix needs root: its master refuses any other account"
        );
        let folder = Folder::new("postfix");
        let numbers = [&ports.smtp, &ports.submission, &ports.smtps].map(|port| port.number());
        for name in ["conf", "spool", "data"] {
            folder.create(name);
        }
        folder.write(
            "conf/main.cf",
            &main_cf(&folder, options, ports, tls, policy),
        );
        folder.write(
            "conf/master.cf",
            &master_cf(
                &folder.path().to_string_lossy(),
                numbers,
                options,
                ports.hop.number(),
                dkim,
            ),
        );
        folder.write("forged", &forged(options));
        folder.write("mailboxes", &mailboxes(options));
        folder.write("aliases", &aliases(options));
        folder.write("transport", &transport(options, ports.lmtp.number()));
        if !options.native {
            folder.hand_over();
        }
        Postfix {
            folder,
            ports: numbers,
            native: options.native,
            process: None,
        }
    }

    /// Starts it and waits until it answers.
    pub async fn up(&mut self) {
        assert!(self.process.is_none(), "Postfix runs already");
        if !self.native {
            program("faked-tcp"); // says so if it is missing
        }
        // The key of a daemon that is gone.
        let _ = std::fs::remove_file(self.folder.join("faked.key"));
        let rights = if self.native {
            Rights::Own
        } else {
            Rights::Dropped
        };
        let mut process = Process::start("postfix", &self.folder, self.command(), rights);
        let ports = self.ports;
        process
            .ready(START, |_| ports.into_iter().all(answers))
            .await;
        // An open port is the master's alone: it has to have started who greets there.
        for port in &ports[..2] {
            let greeted = timeout(START, greets(*port)).await;
            assert_eq!(
                greeted,
                Ok(true),
                "Postfix greets at {port}: {}",
                self.log()
            );
        }
        self.process = Some(process);
    }

    fn command(&self) -> Command {
        let mode = if self.native { "native" } else { "fakeroot" };
        let mut command = Command::new("sh");
        command
            .args(["-c", include_str!("config/postfix.sh"), "sh"])
            .arg(program("master"));
        command.arg(mode);
        command
    }

    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Duration::from_secs(5)).await;
        }
    }

    /// Where its configuration, data and logs are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it has no mail. Looked at twice: a mail goes from one folder to the next.
    pub(super) fn is_empty(&self) -> bool {
        let folders = ["maildrop", "incoming", "active", "deferred", "incoming"];
        let is_empty = |name: &&str| files_below(&self.folder.join("spool").join(name)) == 0;
        folders.iter().all(is_empty) && folders.iter().all(is_empty)
    }

    /// What it did with each mail, in syslog's form.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("mail.log")).unwrap_or_default()
    }
}

/// Whether it answers at the port as an SMTP server, and is left in peace after that.
async fn greets(port: u16) -> bool {
    let greeted = async {
        let mut stream = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?);
        let mut said = String::new();
        stream.read_line(&mut said).await?;
        stream.write_all(b"QUIT\r\n").await?;
        stream.read_line(&mut said).await?;
        std::io::Result::Ok(said)
    };
    greeted
        .await
        .is_ok_and(|said| said.starts_with("220") && said.contains("\n221"))
}

fn files_below(folder: &Path) -> usize {
    let count = |entry: std::fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => files_below(&entry.path()),
        _ => 1,
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(count).sum()
}

fn main_cf(
    folder: &Folder,
    options: &MailOptions,
    ports: &Ports,
    tls: &Certificates,
    policy: u16,
) -> String {
    let script = format!("check_policy_service inet:127.0.0.1:{policy}");
    // Postfix warns of what stands there twice, in each of its processes; and a master that finds the socket of its log full
    // before it has started who reads that waits for ever.
    let template: String = include_str!("config/postfix-main.cf")
        .lines()
        .filter(|line| {
            !options
                .postfix
                .iter()
                .any(|more| name_of(more) == name_of(line))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    render(
        &template,
        &[
            ("DIR", &folder.path().to_string_lossy()),
            (
                "ENVIRONMENT",
                if options.native {
                    ""
                } else {
                    "LD_PRELOAD FAKEROOTKEY"
                },
            ),
            ("DOMAINS", &options.domains().join(" ")),
            ("LMTP", &ports.lmtp.number().to_string()),
            ("SASL", &ports.sasl.number().to_string()),
            (
                "LIMIT",
                if options.catch_all == CatchAll::Keep {
                    "1"
                } else {
                    "50"
                },
            ),
            ("SCRIPT", if options.native { "" } else { &script }),
            ("CERTIFICATE", &tls.certificate.to_string_lossy()),
            ("KEY", &tls.key.to_string_lossy()),
            (
                "ORIGIN",
                match (&options.verified, options.dkim) {
                    (Some(_), false) => &script,
                    _ => "",
                },
            ),
            ("MORE", &options.postfix.join("\n")),
        ],
    )
}

/// The parameter that a line of main.cf sets.
fn name_of(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    (!name.starts_with('#')).then(|| name.trim())
}

fn master_cf(
    directory: &str,
    [smtp, submission, smtps]: [u16; 3],
    options: &MailOptions,
    hop: u16,
    dkim: Option<&Dkim>,
) -> String {
    let mut strangers = String::new();
    if options.verified.is_some() {
        strangers.push_str("  -o cleanup_service_name=wary\n");
    }
    let (mut people, mut hops) = (String::new(), String::new());
    if let Some(dkim) = dkim {
        strangers.push_str(&format!("  -o smtpd_milters={}\n", dkim.verifying()));
        people = format!(
            "  -o smtpd_milters={}\n  -o content_filter=smtp:[127.0.0.1]:{hop}\n  \
             -o receive_override_options=no_address_mappings\n",
            dkim.signing()
        );
        // The script was asked at the first hop.
        hops = format!(
            "127.0.0.1:{hop} inet n - n - - smtpd\n  -o syslog_name=postfix/hop\n  \
             -o smtpd_recipient_restrictions=\n  -o smtpd_end_of_data_restrictions=\n{strangers}"
        );
    }
    render(
        include_str!("config/postfix-master.cf"),
        &[
            ("SMTP", &smtp.to_string()),
            ("SUBMISSION", &submission.to_string()),
            ("SMTPS", &smtps.to_string()),
            ("STRANGERS", &strangers),
            ("PEOPLE", &people),
            ("HOP", &hops),
            ("DIR", directory),
        ],
    )
}

/// Header fields that only we write.
fn forged(options: &MailOptions) -> String {
    let ids = options.verified.iter().map(|id| escape(id));
    ids.map(|id| format!("/^Authentication-Results:\\s*{id}([\\s;]|$)/ IGNORE\n"))
        .collect()
}

/// Regular expressions of the addresses that exist.
fn mailboxes(options: &MailOptions) -> String {
    let person = |address: &String| {
        let (local, domain) = address
            .split_once('@')
            .expect("a person has a mail address");
        format!("/^{}(\\+.*)?@{}$/ ok\n", escape(local), escape(domain))
    };
    let domain = |domain: &String| format!("/@{}$/ ok\n", escape(domain));
    options
        .people
        .iter()
        .map(person)
        .chain(options.gateway_domains.iter().map(domain))
        .collect()
}

fn aliases(options: &MailOptions) -> String {
    let domains = options
        .gateway_domains
        .iter()
        .filter(|_| options.catch_all == CatchAll::Alias);
    domains
        .map(|domain| format!("/@{}$/ bridge@{domain}\n", escape(domain)))
        .collect()
}

fn transport(options: &MailOptions, lmtp: u16) -> String {
    let of_gateway = options.gateway_domains.first().zip(options.gateway_lmtp);
    let of_gateway =
        of_gateway.map(|(domain, port)| format!("{domain} lmtp:inet:127.0.0.1:{port}\n"));
    format!(
        "sink.example discard:\nbounce.example lmtp:inet:127.0.0.1:{lmtp}\ndefer.example smtp:[127.0.0.1]:1\n{}",
        of_gateway.unwrap_or_default()
    )
}

/// Makes an address a regular expression that matches only itself.
fn escape(text: &str) -> String {
    let special = |c: char| !(c.is_ascii_alphanumeric() || "-_@".contains(c));
    text.chars()
        .flat_map(|c| special(c).then_some('\\').into_iter().chain([c]))
        .collect()
}
