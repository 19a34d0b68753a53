//! Big files, both ways and to a browser, and what the gateway takes of memory for that.

use super::files_of_a_mail_arrive::{file, mail};
use super::files_of_a_user_are_attached::{of_file, put};
use super::servers::stanza::body;
use super::servers::{Gateway, MailOptions, PATIENCE, Port, Uploads, XmppClient};
use super::world::{Options, World};
use minidom::Element;
use stanzamail::core::from_mail;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const MEBIBYTE: usize = 1024 * 1024;
const BIG: usize = 25 * MEBIBYTE;
/// What may be attached.
const ATTACHED: usize = 19 * MEBIBYTE;
/// What a browser may take of memory, however big the file is.
const LITTLE: u64 = 20 * 1024;
/// What a file takes on its way into the chat, however big it is.
const SHOWING: u64 = 12 * 1024;
/// What a file takes on its way into a mail, however big it is.
const ATTACHING: u64 = 10 * 1024;

/// What the process has, and the most that it had since [`Memory::forget`], in KiB.
struct Memory(u32);

impl Memory {
    fn of(gateway: &Gateway) -> Self {
        Self(gateway.pid())
    }

    fn field(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("Linux counts it")
    }

    fn now(&self) -> u64 {
        self.field("VmRSS:")
    }

    fn peak(&self) -> u64 {
        self.field("VmHWM:")
    }

    /// From now on (proc_pid_clear_refs(5)).
    fn forget(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.0), "5").expect("Linux takes it");
    }

    /// When nothing is under way, what it has.
    async fn idle(&self) -> u64 {
        let mut before = self.now();
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = self.now();
            if now.abs_diff(before) < 256 {
                self.forget();
                return now;
            }
            before = now;
        }
    }
}

fn options(refuse_uploads: bool, http: &str) -> Options {
    let uploads = Uploads {
        mebibytes_max: 30,
        ..Uploads::default()
    };
    Options {
        mail: MailOptions::default().postfix("message_size_limit = 60000000"),
        more: format!(
            "[http]\nfetch_from = [\"127.0.0.1\"]\n{http}\n[mail]\noctets_max = \"48 MiB\"\n"
        ),
        refuse_uploads,
        uploads,
        ..Options::default()
    }
}

/// A file that the gateway keeps is read while it is sent: a browser, and one that stops in the middle, take next to nothing.
#[tokio::test]
async fn to_a_browser() {
    let port = Port::free();
    let number = port.number();
    let http =
        format!("listen = \"127.0.0.1:{number}\"\npublic_url = \"http://127.0.0.1:{number}\"");
    let world = World::with(options(true, &http)).await;
    let alice = world.login("alice").await;
    let to = "alice@chat.a.example";
    let big = octets_of(BIG);
    let files: [(&str, &str, &[u8]); 1] = [("a.bin", "application/x-own", &big)];
    world
        .carol_sends(&[to], &mail(to, "big", "Look", &files))
        .await;
    alice.next_message_saying("Look").await;
    let message = alice.next_message_from(&world.carol()).await;
    let memory = Memory::of(&world.gateway);
    let idle = memory.idle().await;
    let url = body(&message).expect("an address");
    let mut stopped: Vec<TcpStream> = Vec::new();
    for _ in 0..20 {
        let mut tcp = asked(&url);
        let mut beginning = [0; 4096];
        tcp.read_exact(&mut beginning).unwrap();
        stopped.push(tcp);
    }
    assert!(file(&message).octets == big);
    let taken = memory.peak().saturating_sub(idle);
    println!("25 MiB to a browser, with 20 that stop in the middle: {taken} KiB over {idle}");
    assert!(taken <= LITTLE, "{taken} KiB");
}

fn asked(url: &str) -> TcpStream {
    let rest = url.strip_prefix("http://").expect("no TLS in tests");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut tcp = TcpStream::connect(host).expect("the gateway is there");
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(tcp, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    tcp
}

fn octets_of(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place / 7) as u8).collect()
}

/// What a file takes of memory from the mailbox to the upload service, in KiB.
async fn into_chat(world: &World, alice: &XmppClient, big: &[u8]) -> u64 {
    let to = "alice@chat.a.example";
    let memory = Memory::of(&world.gateway);
    let idle = memory.idle().await;
    let (id, text) = (
        format!("big{}", big.len()),
        format!("Look at {}", big.len()),
    );
    let files: [(&str, &str, &[u8]); 1] = [("a.bin", "application/x-own", big)];
    world
        .carol_sends(&[to], &mail(to, &id, &text, &files))
        .await;
    // One without anything in it is only named, below the text.
    let is_it = |stanza: &Element| body(stanza).is_some_and(|body| body.starts_with(&text));
    alice.expect(is_it, PATIENCE).await;
    if !big.is_empty() {
        let message = alice.next_message_from(&world.carol()).await;
        assert!(file(&message).octets == big);
    }
    let taken = memory.peak().saturating_sub(idle);
    println!(
        "{} octets into the chat: {taken} KiB over {idle}",
        big.len()
    );
    taken
}

/// What a file takes of memory from the upload service into a mail, in KiB.
async fn into_mail(world: &World, alice: &XmppClient, attached: &[u8]) -> u64 {
    let memory = Memory::of(&world.gateway);
    let idle = memory.idle().await;
    let inbox = world.mailbox("carol@mail.example").await;
    let before = inbox.all().await.len();
    if attached.is_empty() {
        alice.send_message(&world.carol(), "Nothing").await;
    } else {
        let url = put(alice, "a.example", attached).await;
        let id = format!("attached{before}");
        alice.send(of_file(&world.carol(), &id, &url)).await;
    }
    let mails = inbox.wait_for(before + 1).await;
    let mail = mails[before].raw.clone();
    let files = from_mail::attachments(&mail.into());
    let contents = files.into_iter().filter_map(|file| file.content);
    let contents: Vec<u8> = contents
        .flat_map(|inside| inside.whole().unwrap().to_vec())
        .collect();
    assert!(contents == attached, "it is attached as it is");
    let taken = memory.peak().saturating_sub(idle);
    println!(
        "{} octets into a mail: {taken} KiB over {idle}",
        attached.len()
    );
    taken
}

/// Each by a gateway that had nothing to do before, so that no room is left of other work.
#[tokio::test]
async fn twenty_five_mebibytes_into_the_chat() {
    let world = World::with(options(false, "")).await;
    let alice = world.login("alice").await;
    let taken = into_chat(&world, &alice, &octets_of(BIG)).await;
    assert!(taken <= SHOWING, "{taken} KiB");
}

/// As much as may be attached.
#[tokio::test]
async fn nineteen_mebibytes_into_a_mail() {
    let world = World::with(options(false, "")).await;
    let alice = world.login("alice").await;
    let taken = into_mail(&world, &alice, &octets_of(ATTACHED)).await;
    assert!(taken <= ATTACHING, "{taken} KiB");
}

/// For docs/PERFORMANCE.md: `cargo test --release --test scenarios -- --ignored --nocapture of_every_size`.
#[tokio::test]
#[ignore = "a measurement"]
async fn of_every_size() {
    for octets in [0, MEBIBYTE, 5 * MEBIBYTE, BIG] {
        let world = World::with(options(false, "")).await;
        let alice = world.login("alice").await;
        into_chat(&world, &alice, &octets_of(octets)).await;
        let world = World::with(options(false, "")).await;
        let alice = world.login("alice").await;
        into_mail(&world, &alice, &octets_of(octets.min(ATTACHED))).await;
    }
}
