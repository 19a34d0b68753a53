//! How the demo is printed: a step, who does what, and the bytes of it behind a rule, XMPP and mail in two colours.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use crate::servers::PASSWORD;
use crate::stage::{CAROL, Mail, Stage, System};

/// A stanza longer than this is broken between its elements.
const WIDTH: usize = 100;

const BOLD: &str = "1";
const RED: &str = "1;31";
const GREEN: &str = "32";
const XMPP: &str = "36";
const MAIL: &str = "33";
const PLAIN: &str = "2";

static COLOURS: LazyLock<bool> =
    LazyLock::new(|| std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none());

/// Nobody is told if nobody reads.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn colour(text: &str, code: &str) -> String {
    match *COLOURS {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}

pub fn title(text: &str) {
    line(&format!("\n{}", colour(text, BOLD)));
}

/// A new step of the story.
pub fn step(number: usize, text: &str) {
    let heading = format!("{number}. {text}");
    let rule = "─".repeat(heading.chars().count());
    line(&format!("\n{}\n{rule}", colour(&heading, BOLD)));
}

/// What is to be seen next.
pub fn says(text: &str) {
    line(&format!("\n   {text}"));
}

/// The same, with the time that it took.
pub fn says_after(text: &str, time: Duration) {
    says(&format!("{text}, {} ms later", time.as_millis()));
}

pub fn stanza(xml: &str) {
    block("xmpp", XMPP, broken(xml).lines());
}

pub fn mail(raw: &[u8]) {
    let text = String::from_utf8_lossy(raw).replace('\r', "");
    block("mail", MAIL, text.trim_end().lines());
}

fn block<'a>(label: &str, code: &str, lines: impl Iterator<Item = &'a str>) {
    let rule = colour(&format!("{label} │"), code);
    for text in lines {
        line(format!("   {rule} {}", visible(text)).trim_end());
    }
}

/// What came from the net does not steer the terminal.
fn visible(text: &str) -> String {
    let shown = |c: char| {
        if c.is_control() && c != '\t' {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// The same without what mail servers wrote on the way, and with the first line only of a signature: `…` stands for it.
pub fn mail_in_short(raw: &[u8]) {
    let text = String::from_utf8_lossy(raw).replace('\r', "");
    let (header, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let (mut lines, mut keep) = (vec!["…".to_owned()], false);
    for line in header.lines() {
        let is_signature = line.starts_with("XMPP-Bridge-Signature:");
        match line.starts_with([' ', '\t']) {
            true if keep => lines.push(line.to_owned()),
            true => {}
            false => {
                keep = !is_signature && !TRACE.iter().any(|name| line.starts_with(name));
                let shown = format!("{line}{}", if is_signature { " …" } else { "" });
                lines.extend((keep || is_signature).then_some(shown));
            }
        }
    }
    lines.push(String::new());
    lines.extend(body.trim_end().lines().map(str::to_owned));
    block("mail", MAIL, lines.iter().map(String::as_str));
}

/// What mail servers write on the way.
const TRACE: [&str; 5] = [
    "Return-Path:",
    "Delivered-To:",
    "Received:",
    "X-Original-To:",
    "Envelope-To:",
];

pub fn configuration(what: &str, file: &Path) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    says(what);
    lines_of_configuration(&text);
}

pub fn lines_of_configuration(text: &str) {
    block("toml", PLAIN, text.lines());
}

pub fn log_line(text: &str) {
    block("log ", PLAIN, text.lines());
}

/// A command and what it prints.
pub fn command(line: &str, printed: &str) {
    let lines = std::iter::once(format!("$ {line}"));
    let lines: Vec<String> = lines.chain(printed.lines().map(str::to_owned)).collect();
    block("sh  ", PLAIN, lines.iter().map(String::as_str));
}

pub fn good(text: &str) {
    line(&format!("\n{} {text}", colour("✓", GREEN)));
}

pub fn failure(text: &str) {
    line(&format!("\n{} {text}", colour("✗", RED)));
}

/// The end of a gateway's log, where a step failed.
pub fn log(gateway: &str, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    says(&format!("The last words of {gateway}:"));
    block(
        "log ",
        PLAIN,
        lines[lines.len().saturating_sub(40)..].iter().copied(),
    );
}

/// A line between any two elements, the inner ones indented. Nothing else is changed.
fn broken(xml: &str) -> String {
    if xml.chars().count() <= WIDTH {
        return xml.to_owned();
    }
    let mut lines = Vec::new();
    let mut depth = 0_usize;
    let pieces = xml.replace("><", ">\0<");
    for piece in pieces.split('\0') {
        let ends = piece.matches("</").count();
        let closes = ends + piece.matches("/>").count();
        let opens = piece.matches('<').count() - ends;
        if piece.starts_with("</") {
            depth = depth.saturating_sub(1);
            lines.push("  ".repeat(depth) + piece);
            continue;
        }
        lines.push("  ".repeat(depth) + piece);
        depth = (depth + opens).saturating_sub(closes);
    }
    lines.join("\n")
}

/// For the user's own clients.
pub fn accounts(stage: &Stage, theirs: &System) {
    let password = PASSWORD;
    let (smtp, imap) = stage.mail.ports();
    let login = CAROL.replace('@', "%40");
    title("It stays up, until Enter, Ctrl-C or SIGTERM. For your own clients, on this machine:");
    let (alice, bob) = ("alice", "bob");
    account(
        &stage.ours,
        [alice, "adam"],
        &theirs.address(bob, &stage.mail),
    );
    account(
        theirs,
        [bob, "beth"],
        &stage.ours.address(alice, &stage.mail),
    );
    line(&format!(
        "
   Mail   {CAROL}, login name {CAROL}, password {password}
          IMAP 127.0.0.1, port {imap}, no TLS
          SMTP 127.0.0.1, port {smtp}, no TLS, no login; e.g.
          mutt -e 'set smtp_url=smtp://127.0.0.1:{smtp} from={CAROL} imap_pass={password} ssl_starttls=no ssl_force_tls=no' -f imap://{login}@127.0.0.1:{imap}/{}
          In the XMPP clients: {} and {}",
        tls(&stage.mail),
        stage.ours.contact(CAROL),
        theirs.contact(CAROL),
    ));
    for system in [&stage.ours, theirs] {
        files(system);
    }
}

/// The users of a system, and whom they may write to at the other one.
fn account(system: &System, [user, other]: [&str; 2], friend: &str) {
    let (c2s, domain) = (system.xmpp.c2s_port, system.xmpp.domain.as_str());
    let (server, friend) = (system.xmpp.flavour.name(), system.contact(friend));
    line(&format!(
        "
   XMPP   {user}@{domain} and {other}@{domain}, password {PASSWORD}
          {server} at 127.0.0.1, port {c2s}, no TLS; e.g. in profanity:
          /connect {user}@{domain} server 127.0.0.1 port {c2s} tls disable
          /msg {friend} Hello
          In Gajim: Advanced Settings, that host and port, type PLAIN. Dino takes no host and no port."
    ));
}

fn files(system: &System) {
    line(&format!(
        "
   Files  {}
          {}
          {} --config {} check",
        system.gateway.config().display(),
        system.gateway.folder().join("output.log").display(),
        crate::program().display(),
        system.gateway.config().display(),
    ));
}

fn tls(mail: &Mail) -> String {
    match mail {
        Mail::GreenMail(_) => String::new(),
        Mail::Dovecot(server) => format!(
            "
          or with TLS: IMAP {}, SMTP {} (login as for IMAP); the authority is {}",
            server.imaps_port,
            server.smtps_port,
            server.ca_file.display()
        ),
    }
}
