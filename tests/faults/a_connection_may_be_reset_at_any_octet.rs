//! A10: the connection to a server is reset after any number of octets in either direction. Nothing is lost, nothing
//! comes under two names, and the gateway holds on to nothing of the connections that were cut.
//!
//! The short form cuts where the phases end and at some other octets, the long one at every octet up to 4096, as far as the
//! conversation goes, or at each `STANZAMAIL_STEP`th of them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::counting::eventually;
use super::is_long;
use super::servers::proxy::Carried;
use super::servers::{Flavour, Proxy, Way};
use super::wires::{Talk, Wires, open_files, wired};
use super::world::World;

/// The last octet at which a connection is cut.
const OCTETS_MAX: usize = 4096;
/// By what the pauses before a new IMAP or XMPP connection are shorter, which double with each cut: up to 300 ms.
const HURRY: u32 = 200;
/// A server's end of a connection may outlive ours by as much.
const FILES_SLACK: usize = 4;

/// Who sends something after each cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sends {
    Messages,
    Mails,
    Both,
}

/// Where a conversation that nobody disturbed is worth cutting.
type Ends = fn(&Carried) -> Vec<(Way, usize)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_the_smtp_server() {
    let ends = |clean: &Carried| {
        let up = String::from_utf8_lossy(&clean.up).into_owned();
        // `BDAT 1234 LAST`, and so many octets (RFC 3030).
        let begin = up.find("BDAT ").expect("a mail was sent") + 5;
        let (octets, _) = up[begin..].split_once(" LAST\r\n").expect("in one chunk");
        let mail = begin + octets.len() + " LAST\r\n".len();
        let end = mail + octets.parse::<usize>().expect("it has a length");
        let commands = ends_of(&clean.up, "\r\n")
            .into_iter()
            .filter(|at| *at < mail);
        let up = commands.chain([mail, mail + 1, end - 3, end - 2, end - 1, end]);
        let mut cuts: Vec<_> = up.map(|at| (Way::Up, at)).collect();
        cuts.extend(
            ends_of(&clean.down, "\r\n")
                .into_iter()
                .map(|at| (Way::Down, at)),
        );
        cuts
    };
    resets(20, |wires| &wires.smtp, ends, Sends::Messages).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_the_imap_server() {
    resets(
        HURRY,
        |wires| &wires.imap,
        |clean| both(clean, "\r\n"),
        Sends::Mails,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_the_xmpp_server() {
    resets(
        HURRY,
        |wires| &wires.xmpp,
        |clean| both(clean, ">"),
        Sends::Both,
    )
    .await;
}

async fn resets(hurry: u32, wire: fn(&Wires) -> &Proxy, ends: Ends, sends: Sends) {
    let (world, wires) = wired(Flavour::Prosody, hurry).await;
    let (mut talk, wire) = (Talk::of(&world).await, wire(&wires));
    // One conversation that begins anew and that nobody disturbs.
    wire.reset_all();
    exchange(&mut talk, &world, sends, 0).await;
    let clean = wire.carried().pop().expect("the gateway is connected");
    let files = open_files(&world);

    let most = if sends == Sends::Messages { 24 } else { 8 };
    let cuts = cuts(ends(&clean), most);
    let (began, connections) = (Instant::now(), wire.count());
    let mut happened = 0;
    for (number, (way, octets)) in (1..).zip(&cuts) {
        let before = wire.count();
        wire.reset_next(*way, *octets);
        wire.reset_all();
        exchange(&mut talk, &world, sends, number).await;
        happened += wire.carried()[before..]
            .iter()
            .filter(|one| one.was_cut)
            .count();
    }
    let again = talk.is_accounted_for(&world).await;
    println!(
        "{} cuts, {happened} of them within the conversation, {:.0} s: 0 lost, {again} came again under the same name, {} \
         connections",
        cuts.len(),
        began.elapsed().as_secs_f64(),
        wire.count() - connections
    );
    assert!(happened > cuts.len() / 4, "{happened} of {}", cuts.len());
    eventually("the gateway has closed what was cut", async || {
        open_files(&world) <= files + FILES_SLACK
    })
    .await;
}

async fn exchange(talk: &mut Talk, world: &World, sends: Sends, number: usize) {
    if sends != Sends::Mails {
        talk.alice_sends(number).await;
    }
    if sends != Sends::Messages {
        talk.carol_sends(world, number).await;
    }
    let took = talk.complete(world).await;
    assert!(took < Duration::from_secs(15), "number {number}: {took:?}");
}

/// The octets behind each of these.
fn ends_of(octets: &[u8], end: &str) -> Vec<usize> {
    let text = String::from_utf8_lossy(octets);
    text.match_indices(end)
        .map(|(at, _)| at + end.len())
        .collect()
}

fn both(clean: &Carried, end: &str) -> Vec<(Way, usize)> {
    let up = ends_of(&clean.up, end).into_iter().map(|at| (Way::Up, at));
    let down = ends_of(&clean.down, end)
        .into_iter()
        .map(|at| (Way::Down, at));
    up.chain(down).collect()
}

/// The short form takes the ends, or some of them where there are many, and others spread over all.
fn cuts(ends: Vec<(Way, usize)>, ends_most: usize) -> Vec<(Way, usize)> {
    let ways = [Way::Up, Way::Down];
    let last = ends.iter().map(|(_, at)| *at).max().unwrap_or(0);
    if is_long() {
        let step = std::env::var("STANZAMAIL_STEP").ok();
        let step = step.map_or(1, |text| text.parse().expect("STANZAMAIL_STEP=12"));
        return (0..=OCTETS_MAX.min(last))
            .step_by(step)
            .flat_map(|octets| ways.map(|way| (way, octets)))
            .collect();
    }
    let mut cuts = BTreeSet::new();
    for (way, at) in ends.iter().step_by(ends.len().div_ceil(ends_most)) {
        cuts.insert((*way == Way::Down, *at));
        cuts.insert((*way == Way::Down, at - 1));
    }
    for number in 0..8 {
        cuts.insert((number % 2 == 1, last * number / 8));
    }
    let way = |is_down: bool| ways[usize::from(is_down)];
    cuts.into_iter().map(|(down, at)| (way(down), at)).collect()
}
