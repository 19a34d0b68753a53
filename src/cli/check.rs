//! `stanzamail check`: tries everything that the configuration names, one line each.

use crate::config::{self, Config, ConfigErrors};
use crate::core::record::Format;
use crate::{control, imap, smtp, supervisor, xmpp};
use clap::Args;
use jid::{BareJid, DomainRef, NodePart};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How long a server may take for one answer: a person waits for it. The gateway itself waits for longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// `stanzamail check`.
#[derive(Clone, Debug, Args)]
pub(super) struct CheckArgs {
    /// Try only the store, while no gateway runs; where it is damaged, set it aside and make a new one of all that is left
    #[arg(long)]
    pub(super) repair: bool,
    /// With --repair: rows for the new store, of `stanzamail map export`
    #[arg(long, value_name = "FILE", requires = "repair")]
    pub(super) from: Option<PathBuf>,
}

/// What was tried, and what came of it.
#[derive(Debug)]
struct Line {
    /// `store /var/lib/stanzamail`.
    what: String,
    /// What was found; or what is wrong and what to do.
    result: Result<String, String>,
}

impl Line {
    fn new(what: impl Into<String>, result: Result<String, String>) -> Self {
        Self {
            what: what.into(),
            result,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            Ok(found) => write!(f, "ok     {}: {found}", self.what),
            Err(wrong) => write!(f, "WRONG  {}: {wrong}", self.what),
        }
    }
}

/// Prints a line as soon as it is known: a probe may take seconds.
#[derive(Debug, Default)]
struct Report {
    wrong: usize,
}

impl Report {
    fn add(&mut self, line: &Line) {
        println!("{line}");
        if line.result.is_err() {
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

/// Tries everything and prints a line for each; ends with 1 if anything is wrong.
pub(super) async fn run(path: &Path, config: Result<Config, ConfigErrors>) -> ExitCode {
    let mut report = Report::default();
    match config {
        Ok(config) => {
            report.add(&Line::new("configuration", Ok(path.display().to_string())));
            for line in rules(&config) {
                report.add(&line);
            }
            // That nothing is verified is a choice, though not a good one.
            let trust = config.trust.meaning(&config.peer);
            report.add(&Line::new("trust", Ok(trust.unwrap_or_else(|open| open))));
            for peer in &config.peer {
                report.add(&other_side(peer));
            }
            report.add(&store(&config.store.path));
            probe(&config, &mut report).await;
        }
        Err(errors) => {
            for error in &errors.errors {
                let wrong = format!("{}:{error}", path.display());
                report.add(&Line::new("configuration", Err(wrong)));
            }
        }
    }
    report.exit_code()
}

/// Tries what lies on the network.
async fn probe(config: &Config, report: &mut Report) {
    report.add(&component(config).await);
    report.add(&submission(config).await);
    for mailbox in &config.mailbox {
        report.add(&reading(mailbox, config.mail.octets_max).await);
    }
}

/// A second login under the same name would take the place of a running gateway, or half of its stanzas.
async fn component(config: &Config) -> Line {
    let what = format!("component {} at {}", config.xmpp.domain, config.xmpp.server);
    let socket = config.store.path.join(super::door::SOCKET);
    match control::Client::connect(&socket) {
        Ok(Some(_)) => return Line::new(what, Ok("a gateway is running with it".to_owned())),
        Ok(None) => {}
        // Whether one runs cannot be seen.
        Err(error) => return Line::new(what, Err(format!("was not tried: {error}"))),
    }
    let login = xmpp::try_login(&supervisor::xmpp_config(config)).await;
    Line::new(
        what,
        login
            .map(|()| "the server takes the secret".to_owned())
            .map_err(|error| error.to_string()),
    )
}

async fn submission(config: &Config) -> Line {
    let what = format!("SMTP {}:{}", config.smtp.host, config.smtp.port);
    let mut smtp = supervisor::smtp_config(config);
    smtp.limits.connect = PATIENCE;
    smtp.limits.command = PATIENCE;
    let result = smtp::probe(smtp).await;
    let silent = matches!(result, Err(smtp::ConnectError::Silent { .. }));
    Line::new(
        what,
        result
            .map(|found| offered(&found))
            .map_err(|error| with_hint(error.to_string(), silent)),
    )
}

/// Two that each wait for the other to begin: the usual reason for silence.
fn with_hint(wrong: String, silent: bool) -> String {
    match silent {
        true => format!("{wrong}; does tls = \"…\" suit the port?"),
        false => wrong,
    }
}

/// What the mail server can do, and what it means that it cannot.
fn offered(found: &smtp::Capabilities) -> String {
    let size = match found.size {
        None => "no SIZE (mails that are too big are refused late)".to_owned(),
        Some(0) => "SIZE without a limit".to_owned(),
        Some(octets) => format!("SIZE up to {octets} octets"),
    };
    let dsn = if found.dsn {
        "DSN"
    } else {
        "no DSN (bounces say less)"
    };
    let utf8 = if found.smtputf8 {
        "SMTPUTF8"
    } else {
        "no SMTPUTF8 (addresses beyond ASCII are refused)"
    };
    format!("it lets us in; {size}, {dsn}, {utf8}")
}

async fn reading(mailbox: &config::Mailbox, octets_max: usize) -> Line {
    let what = format!("IMAP {}:{}, {}", mailbox.host, mailbox.port, mailbox.name());
    let mut imap = supervisor::mailbox_config(mailbox, octets_max);
    imap.timings.connect = PATIENCE;
    imap.timings.silence = PATIENCE;
    let result = imap::probe(&imap).await;
    let silent = matches!(result, Err(imap::ImapError::Silent(_)));
    Line::new(
        what,
        result
            .map(|found| readable(&found, mailbox))
            .map_err(|error| with_hint(error.to_string(), silent)),
    )
}

fn readable(found: &imap::Capabilities, mailbox: &config::Mailbox) -> String {
    let idle = if found.idle {
        "IDLE".to_owned()
    } else {
        format!("no IDLE (looked at every {:?})", mailbox.poll)
    };
    let uidplus = if found.uidplus {
        "UIDPLUS"
    } else {
        "no UIDPLUS (mails are flagged as deleted, not removed)"
    };
    let moving = if found.mov {
        "MOVE"
    } else {
        "no MOVE (mails are copied and deleted)"
    };
    let keywords = if found.keywords {
        "keywords"
    } else {
        "no keywords (mail for nobody is looked at again at each start)"
    };
    format!(
        "{} mails; {idle}, {uidplus}, {moving}, {keywords}",
        found.exists
    )
}

/// Everyone who may use the gateway needs a mail address: shown by an example for each domain.
fn rules(config: &Config) -> Vec<Line> {
    let of_domains = config.users.domains.iter().map(|domain| {
        let example = example(domain).and_then(|user| Some((config.rules().mail_of(&user)?, user)));
        let result = match example {
            Some((mail, user)) => Ok(format!("{user} has the address {mail}")),
            None => Err("no rule gives its users mail addresses; add an [[address]], or a [[pair]] for each of them".to_owned()),
        };
        Line::new(format!("users of {domain}"), result)
    });
    let of_jids = config.users.jids.iter().map(|jid| {
        let pair = config.pair.iter().find(|pair| pair.jid == *jid);
        let mail = pair
            .map(|pair| pair.mail.clone())
            .or_else(|| config.rules().mail_of(jid));
        let result = match mail {
            Some(mail) => Ok(format!("has the address {mail}")),
            None => Err(
                "has no mail address; add a [[pair]], or an [[address]] for its domain".to_owned(),
            ),
        };
        Line::new(format!("user {jid}"), result)
    });
    of_domains.chain(of_jids).collect()
}

/// What the configuration says of a peer; its key, to be compared with what `stanzamail key` prints there.
fn other_side(peer: &config::Peer) -> Line {
    let format = match peer.format {
        Some(Format::Mail) => "format mail",
        Some(Format::Xmpp) => "format xmpp",
        None => "the format that its mails show",
    };
    let key = match peer.key {
        Some(key) => format!("signed with {key}"),
        None => "not signed".to_owned(),
    };
    Line::new(format!("peer {}", peer.who), Ok(format!("{format}, {key}")))
}

fn example(domain: &DomainRef) -> Option<BareJid> {
    let node = NodePart::new("alice").ok()?;
    Some(BareJid::from_parts(Some(&node), domain))
}

/// The store's folder: there, ours, and closed to others; or about to be made.
fn store(path: &Path) -> Line {
    let what = format!("store {}", path.display());
    let result = match std::fs::metadata(path) {
        Ok(folder) if !folder.is_dir() => {
            Err("is not a folder; remove it, or give another store.path".to_owned())
        }
        Ok(folder) => open_to_others(&folder).map_or_else(
            || can_write(path),
            |mode| {
                Err(format!(
                    "others may look into it (mode {mode:04o}); chmod 700 {}",
                    path.display()
                ))
            },
        ),
        Err(_) if path.parent().is_some_and(Path::is_dir) => {
            Ok("will be made at the first start".to_owned())
        }
        Err(error) => Err(format!(
            "cannot be reached ({error}); make it for the gateway's user: install -d -m 700 {}",
            path.display()
        )),
    };
    Line::new(what, result)
}

fn can_write(folder: &Path) -> Result<String, String> {
    let file = folder.join(format!("check.{}", std::process::id()));
    std::fs::write(&file, b"")
        .and_then(|()| std::fs::remove_file(&file))
        .map(|()| "can be written".to_owned())
        .map_err(|error| format!("cannot be written ({error}); run this as the gateway's user, and give the folder to it"))
}

/// The mode of a folder that others than its owner may enter or read.
#[cfg(unix)]
fn open_to_others(folder: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = folder.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Elsewhere folders have no such mode.
#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_folder_of_the_store_must_be_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        assert_eq!(
            store(&path).result.unwrap(),
            "will be made at the first start"
        );
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let wrong = store(&path).result.unwrap_err();
        assert!(wrong.contains("(mode 0755); chmod 700 "), "{wrong}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(store(&path).result.unwrap(), "can be written");
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
        std::fs::write(path.join("file"), b"").unwrap();
        assert!(
            store(&path.join("file"))
                .result
                .unwrap_err()
                .contains("is not a folder")
        );
        assert!(
            store(&path.join("a/b"))
                .result
                .unwrap_err()
                .contains("install -d -m 700")
        );
    }

    #[test]
    fn a_peer_is_shown_with_the_whole_of_its_key() {
        let key = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let mut peer = config::Peer {
            who: "chat.b.example".parse().unwrap(),
            format: Some(Format::Xmpp),
            key: Some(key.parse().unwrap()),
        };
        assert_eq!(
            other_side(&peer).to_string(),
            format!("ok     peer chat.b.example: format xmpp, signed with {key}")
        );
        (peer.format, peer.key) = (None, None);
        assert!(
            other_side(&peer)
                .to_string()
                .ends_with("the format that its mails show, not signed")
        );
    }

    #[test]
    fn a_wrong_line_is_told_from_a_right_one() {
        let mut report = Report::default();
        report.add(&Line::new("a", Ok("b".to_owned())));
        assert_eq!(report.exit_code(), ExitCode::SUCCESS);
        let wrong = Line::new("a", Err("b; do c".to_owned()));
        report.add(&wrong);
        assert_eq!(wrong.to_string(), "WRONG  a: b; do c");
        assert_eq!(report.exit_code(), ExitCode::FAILURE);
    }
}
