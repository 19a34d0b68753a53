//! A10, A11: the network between the gateway and its servers is late and slow, or swallows what is sent, or is a black
//! hole. Nothing is lost, and what is new goes its way soon after the network is well again.

use std::time::{Duration, Instant};

use super::is_long;
use super::servers::{Flavour, Network, PATIENCE};
use super::wires::{Talk, wired};

/// How much faster time limits pass in the short form: the XMPP server is found dead after 1.5 s instead of 90.
const HURRY: u32 = 60;
/// For how long the network is broken.
const BROKEN: Duration = Duration::from_secs(180);
/// Until when what is new has come after the network was mended.
const WELL_AGAIN: Duration = Duration::from_secs(60);
/// What the servers and a busy machine take besides.
const SLACK: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_is_late_and_slow() {
    let latency = Duration::from_millis(if is_long() { 5000 } else { 100 });
    // Not Prosody: where its parser is expat 2.6 or later (Debian 13), the end of a stanza that comes in small pieces is
    // read only once more octets follow (lua-expat does not call XML_SetReparseDeferralEnabled).
    let networks = [
        (Flavour::Prosody, Network::Late(latency)),
        (Flavour::Ejabberd, Network::Slow(1024)),
    ];
    for (flavour, network) in networks {
        let (world, wires) = wired(flavour, 1).await;
        let mut talk = Talk::of(&world).await;
        wires.become_(network).await;
        talk.alice_sends(0).await;
        talk.carol_sends(&world, 0).await;
        let limit = if is_long() { 60 * PATIENCE } else { PATIENCE };
        let took = talk.complete_within(&world, limit).await;
        println!("{network:?}: {:.1} s both ways", took.as_secs_f64());
        wires.become_(Network::Passes).await;
        let again = talk.is_accounted_for(&world).await;
        println!("{again} came again under the same name");
    }
}

/// Too slow for anything to be said in time: what is given up must not be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_lets_an_octet_through_in_a_second() {
    breaks(Network::Slow(if is_long() { 1 } else { 60 })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_halts() {
    breaks(Network::Halts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_swallows_everything() {
    breaks(Network::Swallows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_is_a_black_hole() {
    breaks(Network::BlackHole).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_refuses() {
    breaks(Network::Refuses).await;
}

/// A11: in the middle of IDLE the connection is forgotten, and nobody ever says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_has_forgotten_the_connection_to_the_imap_server() {
    let hurry = if is_long() { 1 } else { HURRY };
    let (world, wires) = wired(Flavour::Prosody, hurry).await;
    let mut talk = Talk::of(&world).await;
    talk.carol_sends(&world, 0).await;
    talk.complete(&world).await;
    // By then one IDLE lasts as long as it may.
    tokio::time::sleep(BROKEN / hurry).await;
    wires.imap.becomes(Network::Forgets).await;
    talk.carol_sends(&world, 1).await;
    wires.imap.becomes(Network::Passes).await;
    let limit = WELL_AGAIN / hurry + SLACK;
    let took = talk.complete_within(&world, limit).await;
    println!(
        "seen {:.1} s after the network was well again",
        took.as_secs_f64()
    );
    assert_eq!(talk.is_accounted_for(&world).await, 0);
}

async fn breaks(how: Network) {
    let hurry = if is_long() { 1 } else { HURRY };
    let (world, wires) = wired(Flavour::Prosody, hurry).await;
    let mut talk = Talk::of(&world).await;
    talk.alice_sends(0).await;
    talk.carol_sends(&world, 0).await;
    talk.complete(&world).await;

    wires.become_(how).await;
    talk.alice_sends(1).await;
    talk.carol_sends(&world, 1).await;
    tokio::time::sleep(BROKEN / hurry).await;
    wires.become_(Network::Passes).await;

    let well = Instant::now();
    talk.alice_sends(2).await;
    talk.carol_sends(&world, 2).await;
    let limit = if is_long() { WELL_AGAIN } else { PATIENCE / 2 };
    talk.complete_within(&world, limit).await;
    let took = well.elapsed();
    let again = talk.is_accounted_for(&world).await;
    println!(
        "{how:?} for {:?}: all there after {:.1} s, {again} came again under the same name",
        BROKEN / hurry,
        took.as_secs_f64()
    );
}
