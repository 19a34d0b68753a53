//! A big mail arrives with its text and its attachment named, fast and in little memory; a mail over the limit is
//! announced.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::servers::stanza::body;
use super::servers::{Gateway, MailOptions};
use super::world::{Options, World};

const MIB: usize = 1024 * 1024;
/// What a small virtual server can spare.
const MEMORY_MAX_KIB: u64 = 200 * 1024;

#[tokio::test]
async fn twenty_megabytes_arrive() {
    let options = Options {
        mail: MailOptions::default().postfix("message_size_limit = 50000000"),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;

    world
        .carol_sends(&["alice@chat.a.example"], &with_attachment(15 * MIB))
        .await;
    let start = Instant::now();
    let message = alice.next_message_from(&world.carol()).await;

    let expected = "*Plans*\nThe plans are attached.\n[PDF plans.pdf, 15 MB: the server takes no file over 10 MB; the file is in the mailbox]";
    assert_eq!(body(&message).as_deref(), Some(expected));
    let (took, peak) = (start.elapsed(), peak_memory(&world.gateway));
    println!(
        "a mail of 20 MB: shown after {took:?}, the gateway took {} MB at most",
        peak / 1024
    );
    // Unoptimised: 5 s alone, more than 10 beside other tests.
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(peak < MEMORY_MAX_KIB, "{peak} KiB");
}

#[tokio::test]
async fn more_than_the_limit_is_announced() {
    let options = Options {
        more: "[mail]\noctets_max = \"1 MiB\"".into(),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;

    world
        .carol_sends(&["alice@chat.a.example"], &with_attachment(2 * MIB))
        .await;
    let text = body(&alice.next_message_from(&world.carol()).await).expect("it has a body");
    assert_eq!(
        text,
        "*Plans*\n[This mail has 2.8 MB, more than the 1 MB that the gateway reads. It lies in the mailbox.]"
    );
    let kept = world.bridge().await.all().await;
    assert!(kept[0].raw.len() > 2 * MIB, "the mail lies there whole");
}

fn with_attachment(octets: usize) -> String {
    let mut mail = String::from(
        "From: Carol <carol@mail.example>\nTo: alice@chat.a.example\nSubject: Plans\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=frontier\n\n\
         --frontier\nContent-Type: text/plain; charset=utf-8\n\nThe plans are attached.\n\
         --frontier\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=plans.pdf\n\
         Content-Transfer-Encoding: base64\n\n",
    );
    let line = STANDARD.encode([b'%'; 57]) + "\n";
    mail.push_str(&line.repeat(octets / 57));
    mail.push_str(&STANDARD.encode(vec![b'%'; octets % 57]));
    mail.push_str("\n--frontier--\n");
    mail
}

/// The most that was ever in use (VmHWM), KiB.
fn peak_memory(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid()))
        .expect("the gateway runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .expect("Linux counts it")
}
