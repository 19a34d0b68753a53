//! `stanzamail check`: tries everything that the configuration names, one line each.

mod configured;
mod dns;
mod lmtp;
mod mail;
mod own_mail;
mod pages;
mod running;
mod send;
mod store;

use crate::config::{Config, ConfigErrors};
use crate::core::text::clean;
use clap::Args;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::timeout;

/// How long a server may take for one answer: a person waits for it. The gateway itself waits for longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long all answers of one server may take, however steadily they come.
const ALL_OF_IT: Duration = Duration::from_secs(90);

/// `stanzamail check`.
#[derive(Clone, Debug, Args)]
pub(super) struct CheckArgs {
    /// Check only the store, while no gateway runs; if it is damaged, set it aside and make a new one of all that is left
    #[arg(long)]
    pub(super) repair: bool,
    /// With --repair: rows for the new store, from `stanzamail map export`
    #[arg(long, value_name = "FILE", requires = "repair")]
    pub(super) from: Option<PathBuf>,
    /// Also send a mail to a made-up user of each rule, wait for it in the mailbox, look at its header, and delete it
    #[arg(long, conflicts_with = "repair")]
    pub(super) send: bool,
}

/// What came of trying something.
#[derive(Clone, Debug, PartialEq, Eq)]
enum CheckResult {
    /// What was found.
    Ok(String),
    /// What is allowed, and perhaps not meant.
    Note(String),
    /// What is wrong and what to do.
    Wrong(String),
}

impl From<Result<String, String>> for CheckResult {
    fn from(result: Result<String, String>) -> Self {
        result.map_or_else(Self::Wrong, Self::Ok)
    }
}

/// What was tried, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CheckLine {
    /// `store /var/lib/stanzamail`.
    what: String,
    finding: CheckResult,
}

impl CheckLine {
    fn new(what: impl Into<String>, finding: impl Into<CheckResult>) -> Self {
        let (what, finding) = (what.into(), finding.into());
        Self { what, finding }
    }

    fn ok(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(what, CheckResult::Ok(found.into()))
    }

    fn note(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(what, CheckResult::Note(found.into()))
    }

    fn wrong(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(what, CheckResult::Wrong(why.into()))
    }
}

impl fmt::Display for CheckLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, says) = match &self.finding {
            CheckResult::Ok(says) => ("ok   ", says),
            CheckResult::Note(says) => ("note ", says),
            CheckResult::Wrong(says) => ("WRONG", says),
        };
        // What servers say stands in it.
        let line = format!("{word}  {}: {says}", self.what);
        f.write_str(&clean::one_line(&line))
    }
}

/// Prints a line as soon as it is known: a probe may take seconds.
#[derive(Debug, Default)]
struct CheckReport {
    wrong: usize,
}

impl CheckReport {
    fn add(&mut self, line: &CheckLine) {
        // Who has stopped reading, or has no room, misses the rest.
        let _ = writeln!(io::stdout(), "{line}");
        if matches!(line.finding, CheckResult::Wrong(_)) {
            self.wrong = self.wrong.saturating_add(1);
        }
    }

    fn exit_code(&self) -> ExitCode {
        if self.wrong == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Tries everything and prints a line for each; ends with 1 if anything is wrong. With `send`, a mail to each domain is sent
/// and awaited, too.
pub(super) async fn run(path: &Path, config: Result<Config, ConfigErrors>, send: bool) -> ExitCode {
    let mut report = CheckReport::default();
    let config = match config {
        Ok(config) => config,
        Err(errors) => {
            for error in errors.first() {
                let wrong = format!("{}:{error}", path.display());
                report.add(&CheckLine::wrong("configuration", wrong));
            }
            if let Some(more) = errors.more() {
                report.add(&CheckLine::wrong("configuration", more));
            }
            return report.exit_code();
        }
    };
    report.add(&CheckLine::ok("configuration", path.display().to_string()));
    for line in configured::lines(&config) {
        report.add(&line);
    }
    let store = store::line(&config.store.path);
    report.add(&store);
    for line in running::lines(&config, &store).await {
        report.add(&line);
    }
    let addresses = mail::made_up(&config);
    for address in &addresses {
        report.add(&dns::line(address.domain()).await);
    }
    report.add(&in_time("SMTP", mail::submission(&config, &addresses)).await);
    for mailbox in &config.mailbox {
        let what = format!("IMAP {}", mailbox.name());
        let read = async { Ok(mail::reading(mailbox, &config).await) };
        match timeout(ALL_OF_IT, read)
            .await
            .unwrap_or_else(|_| Err(late(&what)))
        {
            Ok(lines) => lines.iter().for_each(|line| report.add(line)),
            Err(line) => report.add(&line),
        }
    }
    if let Some(lmtp) = &config.lmtp {
        report.add(&in_time("LMTP", lmtp::line(lmtp)).await);
    }
    if let Some(line) = pages::line(&config).await {
        report.add(&line);
    }
    if send {
        for address in &addresses {
            let what = format!("a mail to {address}");
            report.add(&in_time(&what, send::line(&config, address)).await);
        }
    }
    report.exit_code()
}

async fn in_time(what: &str, line: impl Future<Output = CheckLine>) -> CheckLine {
    timeout(ALL_OF_IT, line)
        .await
        .unwrap_or_else(|_| late(what))
}

fn late(what: &str) -> CheckLine {
    let seconds = ALL_OF_IT.as_secs();
    CheckLine::wrong(
        what,
        format!(
            "did not finish within {seconds} s, though the server goes on answering; look at its log"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_line_is_told_from_a_right_one() {
        let mut report = CheckReport::default();
        report.add(&CheckLine::ok("a", "b"));
        report.add(&CheckLine::note("a", "b"));
        assert_eq!(CheckLine::note("a", "b").to_string(), "note   a: b");
        assert_eq!(report.exit_code(), ExitCode::SUCCESS);
        let wrong = CheckLine::wrong("a", "b; do c");
        report.add(&wrong);
        assert_eq!(wrong.to_string(), "WRONG  a: b; do c");
        assert_eq!(report.exit_code(), ExitCode::FAILURE);
    }

    #[test]
    fn words_of_a_server_stay_in_their_line() {
        let line = CheckLine::wrong("a", "550 no\nok     all is well\u{1b}[2J");
        assert_eq!(line.to_string().lines().count(), 1);
        assert!(!line.to_string().contains('\u{1b}'));
    }
}
