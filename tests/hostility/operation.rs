//! D6, D8, D10 and C15 on the program itself: what it says, who can listen, whom it listens to, while it works.

use super::dice::visible;
use super::servers::stanza::body;
use super::servers::{Flavour, MailServer, PASSWORD, SECRET, XmppServer};
use super::world::{Options, World, config};
use base64::Engine;
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a stranger writes to whoever reads logs.
const HOSTILE: &str =
    "a\u{1b}[2J\u{9b}31m\u{7}\u{202e}\u{2028}\u{7f}b 2026-01-01T00:00:00Z ERROR forged";

/// TLS and logins on both sides, and every word in the log.
fn secure(xmpp: &XmppServer, mail: &MailServer) -> String {
    let ca = format!("ca_file = {:?}", mail.ca_file);
    let options = Options {
        smtp: format!(
            "username = \"bridge@chat.{}\"\npassword = \"{PASSWORD}\"\n{ca}",
            xmpp.domain
        ),
        mailbox: ca,
        more: "[log]\nlevel = \"trace\"".to_owned(),
        ..Options::default()
    };
    config(xmpp, (mail.smtps_port, mail.imaps_port), &options)
        .replace("tls = \"none\"", "tls = \"implicit\"")
        .replace("host = \"127.0.0.1\"", "host = \"localhost\"")
}

#[tokio::test]
async fn c15_d6_d8_d10_a_conversation_at_trace_tells_no_secret_and_opens_no_door() {
    let mut world = World::prepare(Flavour::Prosody, Options::default()).await;
    world
        .gateway
        .write_config(&secure(&world.xmpp, &world.mail));
    world.gateway.environment(&[("RUST_LOG", "trace")]);
    world.gateway.start_again().await;
    let tracker = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    tracker
        .set_nonblocking(true)
        .expect("it can be asked without waiting");
    let link = format!(
        "http://{}/pixel.png",
        tracker.local_addr().expect("an address")
    );

    converse(&world, &link).await;
    world.gateway.restart().await;

    listens_only_on_its_own_socket(
        world.gateway.pid(),
        &world.gateway.folder().join("store/control.sock"),
    );
    says_nothing_of_itself_in(world.gateway.pid());
    others_can_open_nothing(&world.gateway.folder().join("store"));
    let export = world.gateway.folder().join("pairs.jsonl");
    let done = world
        .gateway
        .command(&["map", "export", &export.to_string_lossy()])
        .await;
    assert!(done.status.success(), "{done:?}");
    assert_eq!(mode(&export), 0o600, "an export says who writes to whom");
    for command in [
        &["check"][..],
        &["queue", "list"],
        &["peer", "list"],
        &["map", "list"],
        &["key"],
    ] {
        let output = world.gateway.command(command).await;
        no_secret_in(&output.stdout, "a command");
        no_secret_in(&output.stderr, "a command");
    }
    assert!(tracker.accept().is_err(), "B13: somebody followed a link");
    let log = fs::read(world.gateway.folder().join("output.log")).expect("there is a log");
    no_secret_in(&log, "the log");
    is_tame(&log);
    eprintln!(
        "D6, C15: {} octets of log, no secret and no control among them",
        log.len()
    );
}

/// Words that are to be seen in no log and on no terminal, in both directions.
async fn converse(world: &World, link: &str) {
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    let nasty: String = HOSTILE.chars().filter(|c| !c.is_control()).collect();
    alice
        .send(format!(
            "<message to='{}' type='chat' id='{nasty}'><body>Hello {link}</body><subject>{nasty}</subject><thread>{nasty}</thread><nick xmlns='http://jabber.org/protocol/nick'>{nasty}&#13;&#10;x</nick><x xmlns='jabber:x:oob'><url>{link}</url></x></message>",
            world.carol()
        ))
        .await;
    inbox.wait_mail(|mail| mail.text().contains("Hello")).await;
    alice
        .send(format!(
            "<message to='{nasty}@{}' type='chat'><body>x</body></message>",
            world.xmpp.gateway
        ))
        .await;
    let encoded = base64::engine::general_purpose::STANDARD.encode(HOSTILE);
    let word = format!("=?utf-8?b?{encoded}?=");
    for (number, recipient) in ["alice@chat.a.example", "nobody@elsewhere.example"]
        .iter()
        .enumerate()
    {
        let mail = format!(
            "From: {word} <carol@mail.example>\nTo: {recipient}\nSubject: {word}\nMessage-ID: <{number}\u{202e}@mail.example>\n\
             In-Reply-To: <a\u{1b}[2J@b>\nContent-Type: text/html; charset=\"\u{1b}[2J\"\n\n<p>Shown <img src='{link}'> {number}</p>\n"
        );
        world
            .bridge()
            .await
            .append(
                format!(
                    "Delivered-To: {recipient}\r\n{}",
                    mail.replace('\n', "\r\n")
                ),
                &[],
            )
            .await;
    }
    let shown = alice.next_message_from(&world.carol()).await;
    assert!(
        visible(&body(&shown).unwrap()).contains("Shown"),
        "{shown:?}"
    );
    world.gateway.wait_log("is left in the mailbox").await;
    let denied = "550 5.7.1 \u{1b}[2Jno\u{202e}";
    world.mail.refuse("dave@mail.example", denied);
    alice
        .send_message(&world.contact("dave@mail.example"), "Refused")
        .await;
    alice.next_error().await;
}

fn no_secret_in(octets: &[u8], what: &str) {
    let text = String::from_utf8_lossy(octets);
    let engine = base64::engine::general_purpose::STANDARD;
    let login = format!("\0bridge@chat.a.example\0{PASSWORD}");
    let forms = [
        PASSWORD.to_owned(),
        SECRET.to_owned(),
        engine.encode(PASSWORD),
        engine.encode(SECRET),
        engine.encode(login),
    ];
    for form in forms {
        assert!(!text.contains(&form), "{form} is in {what}: {text}");
    }
}

/// Nothing that forges a line or moves a cursor.
fn is_tame(log: &[u8]) {
    let text = std::str::from_utf8(log).expect("the log is a text");
    for line in text.lines() {
        let bad = |c: char| {
            c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!line.contains(bad), "{line:?}");
        assert!(
            !line.trim_start().starts_with("2026-01-01T00:00:00Z"),
            "{line:?}"
        );
    }
}

/// By the inodes of its open sockets (proc_pid_net(5)).
fn listens_only_on_its_own_socket(pid: u32, socket: &Path) {
    let mut own = BTreeSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("it runs")
        .flatten()
    {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        let inode = target
            .to_str()
            .and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']'));
        own.extend(inode.map(str::to_owned));
    }
    let table =
        |name: &str| fs::read_to_string(format!("/proc/{pid}/net/{name}")).unwrap_or_default();
    for (name, listening) in [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")] {
        for line in table(name).lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            let is_open = fields.get(3) == Some(&listening)
                && fields.get(9).is_some_and(|inode| own.contains(*inode));
            assert!(!is_open, "it listens: {line}");
        }
    }
    // While others open and close sockets, the kernel's list may miss one: it is not read at one moment.
    let accepting = || {
        let unix = table("unix");
        let lines = unix.lines().filter(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            fields.get(3) == Some(&"00010000")
                && fields.get(6).is_some_and(|inode| own.contains(*inode))
        });
        lines.count()
    };
    let most = (0..20).map(|_| accepting()).max();
    assert_eq!(most, Some(1), "one socket accepts: the one for commands");
    assert_eq!(mode(socket), 0o600);
}

fn says_nothing_of_itself_in(pid: u32) {
    let line = fs::read(format!("/proc/{pid}/cmdline")).expect("it runs");
    no_secret_in(&line, "the command line");
    let filter = fs::read_to_string(format!("/proc/{pid}/coredump_filter")).expect("it runs");
    assert_eq!(
        filter.trim_matches(['0', '\n']),
        "",
        "a core dump would hold memory: {filter}"
    );
}

fn others_can_open_nothing(store: &Path) {
    assert_eq!(mode(store), 0o700, "nobody else gets in");
    let (mut closed, mut by_folder, mut folders) = (0, 0, vec![store.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it is ours").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
            match mode(&entry.path()) & 0o077 {
                0 => closed += 1,
                _ => by_folder += 1,
            }
        }
    }
    eprintln!(
        "D10: {closed} files and folders for their owner only; {by_folder} by the folder that they are in"
    );
    assert!(closed > 3);
}

fn mode(path: &Path) -> u32 {
    let found = fs::symlink_metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    found.permissions().mode() & 0o777
}
