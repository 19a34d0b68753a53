//! The disk is full: no file can grow, as seen by the gateway (RLIMIT_FSIZE, which needs no root). Alice is told that her
//! message was not taken; when there is room again, it goes through. And the same on a small disk that is really full.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use super::counting::{
    becomes_read, carol_goes_on_sending, carol_sends, eventually, ids_by_text, mails,
    one_name_each, receives_all_within, texts,
};
use super::files_of_a_user_are_attached::{has_file, of_file, put};
use super::servers::process::{Folder, program};
use super::servers::stanza::{error_condition, error_text, stanza_id};
use super::servers::{Flavour, Gateway, PATIENCE, XmppClient};
use super::small_disk::SmallDisk;
use super::world::{Options, PROGRAM, World, config};

/// From when there is room again.
const RECOVERY: Duration = Duration::from_secs(10);
/// More than the store has room for in what it took of the disk before.
const MAILS: usize = 400;
/// As many of them come before the disk is full.
const BEFORE: usize = 20;

#[tokio::test]
async fn and_goes_on_when_there_is_room() {
    let folder = Folder::new("wrapper");
    let mut world = on_a_disk_that_can_be_full(&folder).await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    alice.send_message(&world.carol(), "Is there room?").await;
    inbox.wait_mail_saying("Is there room?").await;

    room(&world.gateway, "512");
    is_refused(&alice, &world, "And now?").await;

    room(&world.gateway, "unlimited");
    let freed = Instant::now();
    alice.send_message(&world.carol(), "And then?").await;
    inbox.wait_mail_saying("And then?").await;
    assert!(freed.elapsed() < RECOVERY, "{:?}", freed.elapsed());
    assert_eq!(inbox.count().await, 2);
    assert!(world.gateway.running());
}

#[tokio::test]
async fn and_leaves_mail_in_the_mailbox() {
    let folder = Folder::new("wrapper");
    let mut world = on_a_disk_that_can_be_full(&folder).await;
    let alice = world.login("alice").await;
    let bridge = world.bridge().await;

    room(&world.gateway, "512");
    carol_sends(&world, &["while the disk is full"]).await;
    bridge.wait_for(1).await;
    // What it cannot store it must not go on from: it ends, and whoever runs it starts it anew.
    assert_ne!(world.gateway.wait().await, 0);
    assert!(!bridge.all().await[0].flags.contains(&"\\Seen".to_owned()));

    let before = cursor(&world).await;
    world.gateway.start_again().await;
    alice.next_message_saying("while the disk is full").await;
    let began = Instant::now();
    while cursor(&world).await <= before {
        assert!(began.elapsed() < PATIENCE, "the cursor was advanced before");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn and_goes_on_when_a_disk_that_was_really_full_has_room() {
    let (world, disk) = SmallDisk::under(Options::default()).await;
    let mut world = world.started().await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    alice.send_message(&world.carol(), "Is there room?").await;
    inbox.wait_mail_saying("Is there room?").await;

    disk.fill();
    is_refused(&alice, &world, "And now?").await;

    disk.free();
    let freed = Instant::now();
    alice.send_message(&world.carol(), "And then?").await;
    inbox.wait_mail_saying("And then?").await;
    assert!(freed.elapsed() < RECOVERY, "{:?}", freed.elapsed());
    assert_eq!(inbox.count().await, 2);
    assert!(world.gateway.running());
}

/// A user's file lies on the disk while it is fetched. While there is no room for it, its mail waits, and it loses nothing.
#[tokio::test]
async fn and_a_file_waits_until_it_has_room() {
    let (world, disk) = SmallDisk::under(fetching()).await;
    let mut world = world.started().await;
    let alice = world.login("alice").await;
    let file: Vec<u8> = (0..1_000_000).map(|at| (at / 3) as u8).collect();
    let url = put(&alice, "a.example", &file).await;
    // Its mail is accepted, and there is nobody to tell how much it may have.
    world.mail.stop_postfix().await;
    alice.send(of_file(&world.carol(), "f1", &url)).await;
    it_waits(&world).await;

    disk.fill();
    world.mail.start_postfix().await;
    let log = "a file for a mail waits: the disk of the spool is full";
    eventually(log, async || world.gateway.log().contains(log)).await;
    assert!(world.gateway.running());

    disk.free();
    let inbox = world.mailbox("carol@mail.example").await;
    assert!(has_file(&inbox.wait_for(1).await[0], &file));
    let left = disk.names_in("spool");
    assert!(
        !left.iter().any(|name| name.contains("fetched")),
        "{left:?}"
    );
}

/// The same where the room ends while it is fetched.
#[tokio::test]
async fn and_a_file_that_loses_its_room_on_the_way_is_fetched_again() {
    let folder = Folder::new("wrapper");
    let world = wrapped(&folder, "trap '' XFSZ", fetching()).await;
    let mut world = world.started().await;
    let alice = world.login("alice").await;
    let file: Vec<u8> = (0..1_000_000).map(|at| (at / 3) as u8).collect();
    let url = put(&alice, "a.example", &file).await;
    world.mail.stop_postfix().await;
    alice.send(of_file(&world.carol(), "f1", &url)).await;
    it_waits(&world).await;

    room(&world.gateway, "300000");
    world.mail.start_postfix().await;
    let log = "a file for a mail has no room on the disk";
    eventually(log, async || world.gateway.log().contains(log)).await;
    room(&world.gateway, "unlimited");
    let inbox = world.mailbox("carol@mail.example").await;
    assert!(has_file(&inbox.wait_for(1).await[0], &file));
    assert!(world.gateway.running());
}

fn fetching() -> Options {
    Options {
        more: "[http]\nfetch_from = [\"127.0.0.1\"]\n".to_owned(),
        ..Options::default()
    }
}

async fn it_waits(world: &World) {
    eventually("the mail waits", async || {
        let listed = world.gateway.command(&["queue", "list"]).await;
        String::from_utf8_lossy(&listed.stdout).contains("carol@mail.example")
    })
    .await;
}

/// The store has room in what it took of the disk before, so it goes on for a while.
#[tokio::test]
async fn and_leaves_in_the_mailbox_what_a_really_full_disk_cannot_take() {
    let (world, disk) = SmallDisk::under(Options::default()).await;
    let mut world = world.started().await;
    let alice = world.login("alice").await;
    let mails = mails(0..MAILS);
    carol_sends(&world, &mails[..BEFORE]).await;
    receives_all_within(&alice, &mails[..BEFORE], PATIENCE).await;
    // A mail is marked when the store knows that it is handled, which is a moment after it is shown.
    becomes_read(&world.bridge().await).await;

    disk.fill();
    let rest = mails[BEFORE..].to_vec();
    let sending = carol_goes_on_sending(&world, rest, Duration::from_millis(5));
    assert_ne!(world.gateway.wait().await, 0);
    sending.await.expect("Postfix takes them");
    let log = world.gateway.log();
    assert!(log.contains("No space left on device"), "{log}");

    disk.free();
    let (next, shown) = (cursor(&world).await, texts(&alice));
    let in_mailbox = world.bridge().await.all().await;
    let passed_over: Vec<_> = in_mailbox
        .iter()
        .filter(|mail| u64::from(mail.uid) < next)
        .map(|mail| mail.body().trim().to_owned())
        .filter(|text| !shown.contains(text))
        .collect();
    assert!(passed_over.is_empty(), "{passed_over:?}");
    assert!((2..=MAILS as u64).contains(&next), "{next}");

    let freed = Instant::now();
    world.gateway.start_again().await;
    receives_all_within(&alice, &mails, RECOVERY).await;
    one_name_each(&ids_by_text(&alice), "stanza ids");
    println!(
        "the cursor was after {} of {MAILS} mails when the disk was full; all were there {:.1} s after the next start",
        next - 1,
        freed.elapsed().as_secs_f64()
    );
}

#[tokio::test]
async fn and_a_log_that_cannot_be_written_stops_nobody() {
    let folder = Folder::new("wrapper");
    let options = Options {
        mailbox: "first_start = \"all\"".into(),
        ..Options::default()
    };
    let mut world = wrapped(&folder, "exec 2>/dev/full", options).await;
    let alice = world.login("alice").await;
    world.gateway.launch();

    carol_sends(&world, &["Hello Alice"]).await;
    alice.next_message_saying("Hello Alice").await;
    alice.send_message(&world.carol(), "Hello Carol").await;
    let inbox = world.mailbox("carol@mail.example").await;
    inbox.wait_mail_saying("Hello Carol").await;
    assert_eq!(world.gateway.terminate().await, 0);
    assert_eq!(world.gateway.log(), "");
}

/// Alice is told that there is no room for what she writes.
async fn is_refused(alice: &XmppClient, world: &World, text: &str) {
    let id = alice.send_message(&world.carol(), text).await;
    let error = alice
        .expect(|stanza| stanza_id(stanza) == id, PATIENCE)
        .await;
    assert_eq!(
        error_condition(&error).as_deref(),
        Some("resource-constraint")
    );
    let words = error_text(&error).unwrap();
    assert!(words.contains("disk is full"), "{words}");
}

/// Up to which UID the mailbox was read. The first look at a mailbox notes it, which may come after `ready`.
async fn cursor(world: &World) -> u64 {
    let began = Instant::now();
    loop {
        let output = world.gateway.command(&["map", "export"]).await;
        let rows = String::from_utf8_lossy(&output.stdout).into_owned();
        let row = rows.lines().find(|row| row.contains("\"kind\":\"cursor\""));
        if let Some(row) = row {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            return row["uid_next"].as_u64().unwrap();
        }
        assert!(began.elapsed() < PATIENCE, "there is no cursor: {rows}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// A gateway which is told of a full disk as one on a full disk is: by an error, not by SIGXFSZ.
async fn on_a_disk_that_can_be_full(folder: &Folder) -> World {
    let world = wrapped(folder, "trap '' XFSZ", Options::default()).await;
    world.started().await
}

/// A gateway that is not started yet, and then by a shell that does something before.
async fn wrapped(folder: &Folder, before: &str, options: Options) -> World {
    let mut world = World::prepare(Flavour::Prosody, options.clone()).await;
    let script = format!("#!/bin/sh\n{before}\nexec {PROGRAM} \"$@\"\n");
    let wrapper = folder.write("stanzamail", &script);
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ports = (world.mail.smtp_port, world.mail.imap_port);
    world.gateway = Gateway::prepare(wrapper, &config(&world.xmpp, ports, &options));
    world
}

/// From now on no file of the gateway may become longer than that.
fn room(gateway: &Gateway, octets: &str) {
    let status = Command::new(program("prlimit"))
        .arg("--pid")
        .arg(gateway.pid().to_string())
        .arg(format!("--fsize={octets}:unlimited"))
        .status();
    assert!(status.is_ok_and(|status| status.success()));
}
