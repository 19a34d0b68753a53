//! E7 and E16: much mail for one user, between a real Prosody, Postfix and Dovecot.

use super::reading::{hears, verified};
use super::servers::stanza::{body, from};
use super::servers::{Flavour, Proxy, XmppClient};
use super::world::{Options, World};
use std::time::{Duration, Instant};

/// A mail of a sender who was invented for it.
fn invented(number: usize, rest: &str) -> String {
    format!(
        "Delivered-To: alice@chat.a.example\nFrom: x{number}@random{number}.example\nTo: alice@chat.a.example\n\
         Message-ID: <{number}@random{number}.example>\n{rest}\n"
    )
}

/// Servers, and a gateway that reads its mailbox through a proxy, which counts.
async fn counted(more: &str) -> (World, Proxy) {
    let options = Options {
        more: more.to_owned(),
        ..Options::default()
    };
    let world = World::prepare(Flavour::Prosody, options).await;
    let imap = Proxy::before(world.mail.imap_port).await;
    let config = std::fs::read_to_string(world.gateway.config()).expect("it was prepared");
    let port = |number: u16| format!("port = {number}\n");
    let config = config.replace(&port(world.mail.imap_port), &port(imap.port()));
    world.gateway.write_config(&config);
    (world.started().await, imap)
}

/// E7: 150 mails of 1 MB, of which six are shown in a minute. What waits is not fetched before there is room for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e7_mails_that_wait_are_fetched_when_they_are_shown() {
    const MAILS: usize = 150;
    const LOOK: Duration = Duration::from_secs(20);
    // Files would be fetched with their mails when these are shown, and once more when they are up.
    let more = "[limits]\nshown_per_minute = 6\n\n[http]\nfiles = false";
    let (world, imap) = counted(more).await;
    let alice = world.login("alice").await;
    let megabyte = format!("{}\n", "x".repeat(76)).repeat(13_000);
    let mail = |number| {
        let rest = format!(
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nbait {number}\n--b\n\
             Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n{megabyte}\n--b--\n"
        );
        invented(number, &rest)
    };
    let mails: Vec<String> = (0..MAILS).map(mail).collect();
    world.mail.dovecot.deposit("bridge@chat.a.example", &mails);
    hears(&alice, "More mails come for you").await;
    // Until all of them were looked at.
    // Until all of them were looked at.
    let began = Instant::now();
    let mut before = 0;
    while imap.octets_down() < MAILS * megabyte.len() || imap.octets_down() > before + 4_000_000 {
        assert!(
            began.elapsed() < Duration::from_secs(180),
            "{before} octets"
        );
        before = imap.octets_down();
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    let (before, processor) = (imap.octets_down(), world.gateway.processor());
    tokio::time::sleep(LOOK).await;
    let read = imap.octets_down() - before;
    let processor = world.gateway.processor().saturating_sub(processor);
    eprintln!(
        "E7: {MAILS} mails of 1 MB wait: {} KB from IMAP in 20 s, {processor:.1?} of a processor",
        read / 1000
    );
    // Two or three of them are shown meanwhile.
    assert!(read < 5_000_000, "{read} octets read");
    let texts = || super::counting::texts(&alice).len();
    let shown = texts();
    super::counting::eventually("they follow", async || texts() > shown + 1).await;
}

const TRUST: &str = "[trust]\nauthserv_ids = [\"mx.test\"]";

/// Alice has written to Carol.
async fn acquainted(world: &World) -> XmppClient {
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    alice.send_message(&world.carol(), "Hello Carol").await;
    inbox.wait_mail_saying("Hello Carol").await;
    alice
}

/// E16: 400 mails of as many senders, and 100 that pretend to be Carol's: her own is shown at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e16_the_mail_of_a_contact_waits_for_no_invented_sender() {
    let limits = "[limits]\nshown_per_minute = 120\nshown_per_minute_from_one = 60";
    let (world, _imap) = counted(&format!("{TRUST}\n\n{limits}")).await;
    let alice = acquainted(&world).await;
    let bait = |number| invented(number, &format!("\nbait {number}"));
    let forged = |number| {
        invented(number, &format!("\nforged {number}"))
            .replace(&format!("x{number}@random{number}"), "carol@mail")
            .replace("Message-ID: <", "Message-ID: <forged.")
    };
    let mails: Vec<String> = (0..400).map(bait).chain((0..100).map(forged)).collect();
    world.mail.dovecot.deposit("bridge@chat.a.example", &mails);
    hears(&alice, "More mails come for you").await;
    let bridge = world.bridge().await;
    let began = Instant::now();
    let mail = verified("carol@mail.example", "e16", "", "from Carol herself");
    bridge.append(mail.replace('\n', "\r\n"), &[]).await;
    let shown = hears(&alice, "from Carol herself").await;
    let waited = began.elapsed();
    let before = super::counting::texts(&alice)
        .iter()
        .filter(|text| text.contains("bait") || text.contains("forged"))
        .count();
    eprintln!(
        "E16: a verified mail of a contact came after {waited:.1?}; {before} of 500 others were shown by then"
    );
    assert_eq!(from(&shown), world.carol());
    assert!(waited < Duration::from_secs(15), "{waited:?}");
    assert!(before < 200, "{before}");
}

/// E16: of 150 mails that failed authentication the user is told once, and how many they were at the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e16_of_many_forged_mails_one_is_told() {
    let (mut world, _imap) = counted(TRUST).await;
    let alice = acquainted(&world).await;
    let failed = |number: usize| {
        let mail = invented(number, "\nbait");
        format!(
            "Authentication-Results: mx.test; dmarc=fail header.from=random{number}.example\n{mail}"
        )
    };
    let mails: Vec<String> = (0..150).map(failed).collect();
    world.mail.dovecot.deposit("bridge@chat.a.example", &mails);
    let bridge = world.bridge().await;
    let mail = verified("carol@mail.example", "e16", "", "after all of them");
    bridge.append(mail.replace('\n', "\r\n"), &[]).await;
    hears(&alice, "after all of them").await;
    super::counting::eventually("all of them are marked", async || {
        let mails = bridge.all().await;
        let is_left =
            |flags: &Vec<String>| flags.iter().any(|flag| flag.starts_with("$Stanzamail"));
        mails.iter().filter(|mail| is_left(&mail.flags)).count() == 150
    })
    .await;
    let told = |words: &str| {
        let received = alice.received();
        let is_told = |one: &&minidom::Element| body(one).is_some_and(|body| body.contains(words));
        received.iter().filter(is_told).count()
    };
    assert_eq!(told("failed authentication and lies in the mailbox"), 1);
    assert_eq!(told("more mails whose senders"), 0, "within an hour");
    world.gateway.terminate().await;
    hears(&alice, "149 more mails whose senders are in doubt").await;
}
