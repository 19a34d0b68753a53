//! Attacks of table E that succeeded once, on the machine itself: sockets, file handles, folders and files.

use super::process::memory_of;
use super::servers::Gateway;
use super::servers::PATIENCE;
use super::servers::stanza::{kind_of, stanza_id};
use super::world::{Options, PROGRAM, World, config};
use minidom::Element;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How many files the gateway has open.
fn handles(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .count()
}

/// From now on it may have so many open.
fn allow_handles(pid: u32, count: usize) {
    let (pid, limit) = (format!("--pid={pid}"), format!("--nofile={count}:"));
    let done = Command::new("prlimit").args([pid, limit]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// Idle commands, unfinished requests, and then a process that can open nothing for some seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e19_commands_and_a_lack_of_file_handles_end_nothing() {
    let mut world = World::start().await;
    let (alice, carol) = (world.login("alice").await, world.carol());
    let inbox = world.mailbox("carol@mail.example").await;
    alice.send_message(&carol, "before").await;
    inbox.wait_mail_saying("before").await;
    let pid = world.gateway.pid();
    allow_handles(pid, handles(pid) + 40);

    let socket = world.gateway.folder().join("store/control.sock");
    let idle: Vec<_> = (0..80)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    let mut turned_away = 0;
    for mut stream in &idle {
        stream
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let mut said = String::new();
        let _ = stream.read_to_string(&mut said);
        turned_away += usize::from(said.contains("16 commands are connected"));
    }
    assert_eq!(turned_away, 64);
    let output = world.gateway.command(&["queue", "list"]).await;
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(why.contains("16 commands are connected"), "{why}");
    alice.send_message(&carol, "meanwhile").await;
    inbox.wait_mail_saying("meanwhile").await;
    drop(idle);

    // Requests of 60 MB that do not end.
    let before = memory_of(pid);
    let whole = vec![b' '; 60 << 20];
    let held: Vec<_> = std::thread::scope(|scope| {
        let fill = || {
            let mut stream = UnixStream::connect(&socket).unwrap();
            stream
                .set_write_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            let _ = stream.write_all(&whole);
            stream
        };
        let all: Vec<_> = (0..8).map(|_| scope.spawn(fill)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let grown = memory_of(pid).saturating_sub(before) / 1024;
    assert!(grown < 160, "{grown} MiB");
    drop(held);

    // Whatever is to be opened now has no handle, for longer than a second.
    allow_handles(pid, 3);
    let message = format!(
        "<message to='{carol}' type='chat' id='h1'><body>without a handle</body><request xmlns='urn:xmpp:receipts'/></message>"
    );
    alice.send(message).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(world.gateway.running(), "it has ended");
    allow_handles(pid, 1024);
    inbox.wait_mail_saying("without a handle").await;
    let receipt = |stanza: &Element| {
        stanza
            .children()
            .any(|child| child.name() == "received" && child.attr("id") == Some("h1"))
    };
    alice.expect(receipt, PATIENCE).await;
    let errors = alice.received();
    let errors = errors.iter().filter(|stanza| kind_of(stanza) == "error");
    assert_eq!(errors.map(stanza_id).count(), 0);
    assert_eq!(world.gateway.pid(), pid);
    eprintln!(
        "E19: {turned_away} of 80 turned away; 8 requests of 60 MiB take {grown} MiB; 2 s without a handle"
    );
}

/// What is no export: it ends, takes no memory, and says so without a control character.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e21_whatever_is_imported_the_command_ends_and_controls_no_terminal() {
    let world = World::start().await;
    let folder = world.gateway.folder().to_owned();
    let pipe = folder.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let written = |name: &str, content: &[u8]| {
        let file = folder.join(name);
        std::fs::write(&file, content).unwrap();
        file.display().to_string()
    };
    let nasty = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\r";
    let jid = written(
        "jid.csv",
        format!("{nasty},carol@mail.example\n").as_bytes(),
    );
    let json = written("json", format!("{{\"kind\":\"{nasty}\"}}\n").as_bytes());
    let escaped = written("escaped", b"{\"kind\":\"\\u001b]0;owned\\u0007\"}\n");
    let long = written("long", &[b'x'; 3 << 20]);
    let named = written(&format!("named {nasty}"), b"nothing\n");
    let pipe = pipe.display().to_string();
    let cases = [
        ("/dev/zero", "is no regular file"),
        ("/dev/tty", "is no regular file"),
        (&*pipe, "is no regular file"),
        ("/", "is no regular file"),
        (&*long, "line 1: it has more than 1048576 octets"),
        (&*jid, "line 1: "),
        (&*json, "line 1: "),
        (&*escaped, "line 1: "),
        (&*named, "line 1: "),
        (&*format!("/nowhere/{nasty}"), "No such file"),
    ];
    for (file, expected) in cases {
        let arguments = ["map", "import", file];
        let output = tokio::time::timeout(PATIENCE, world.gateway.command(&arguments));
        let output = output
            .await
            .unwrap_or_else(|_| panic!("{file} is waited for"));
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(
            !output.status.success() && said.contains(expected),
            "{file}: {said}"
        );
        let controls = said
            .trim_end_matches('\n')
            .chars()
            .any(|c| c.is_control() || c == '\u{202e}');
        assert!(!controls && output.stdout.is_empty(), "{file}: {said:?}");
    }

    let mut endless = Command::new(PROGRAM);
    endless
        .arg("--config")
        .arg(world.gateway.config())
        .args(["map", "import", "-"]);
    endless.stdin(std::fs::File::open("/dev/zero").unwrap());
    let endless = endless
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&endless.stderr).contains("line 1: it has more than"));

    // A name that is in the store already, in an export and in a list.
    let bell = written("bell", "{\"kind\":\"pair\",\"jid\":\"x@a.example\",\"mail\":\"x@m.example\",\"name\":\"a\u{7f}\u{9b}31m\u{202e}b\"}\n".as_bytes());
    assert!(
        world
            .gateway
            .command(&["map", "import", &bell])
            .await
            .status
            .success()
    );
    for command in [&["map", "export"][..], &["map", "list", "--json"]] {
        let output = world.gateway.command(command).await;
        let said = String::from_utf8(output.stdout).expect("text");
        assert!(
            !said
                .chars()
                .any(|c| c.is_control() && c != '\n' || c == '\u{202e}'),
            "{said:?}"
        );
        let row = said
            .lines()
            .find(|line| line.contains("x@m.example"))
            .expect("the pair");
        let row: serde_json::Value = serde_json::from_str(row).expect("it is JSON");
        assert_eq!(row["name"], "a\u{7f}\u{9b}31m\u{202e}b");
    }

    // A configuration without an end.
    let endless = Command::new(PROGRAM)
        .args(["--config", "/dev/zero", "check"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&endless.stdout).into_owned();
    assert!(said.contains("is no regular file"), "{said}");
}

/// Somebody removes the store's folder and starts another gateway there, while the first one runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e24_a_gateway_whose_store_is_gone_ends_and_leaves_the_new_one_alone() {
    let mut world = World::start().await;
    let (alice, carol) = (world.login("alice").await, world.carol());
    let inbox = world.mailbox("carol@mail.example").await;
    alice.send_message(&carol, "before").await;
    inbox.wait_mail_saying("before").await;

    let store = world.gateway.folder().join("store");
    let aside = world.gateway.folder().join("aside");
    std::fs::rename(&store, &aside).unwrap();
    let ports = (world.mail.smtp_port, world.mail.imap_port);
    let same = config(&world.xmpp, ports, &Options::default())
        .replace("@DIR@/store", &store.display().to_string());
    let mut second = Gateway::prepare(PROGRAM, &same);
    second.launch();
    assert!(world.gateway.died(PATIENCE).await, "the first one goes on");
    let log = world.gateway.log();
    let end = log.lines().next_back().unwrap_or_default();
    assert!(
        end.contains("was removed or replaced while the gateway ran"),
        "{end}"
    );
    second.wait_ready().await;
    alice.send_message(&carol, "after").await;
    inbox.wait_mail_saying("after").await;

    // The new store is whole, and is not the old one's.
    second.restart().await;
    assert!(!second.log().contains("damaged"), "{}", second.log());
    let key = |folder: &std::path::Path| {
        let anchor = std::fs::read_to_string(folder.join("anchor")).unwrap();
        let json = anchor.split_once('\n').unwrap().1.to_owned();
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["id_key"].clone()
    };
    assert_ne!(key(&store), key(&aside));
    second.terminate().await;
    // And the old one can be put back.
    std::fs::remove_dir_all(&store).unwrap();
    std::fs::rename(&aside, &store).unwrap();
    world.gateway.start_again().await;
    alice.send_message(&carol, "at last").await;
    inbox.wait_mail_saying("at last").await;
}
