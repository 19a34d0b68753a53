//! A15: the XMPP server freezes (SIGSTOP) without closing a connection. The gateway finds out within 90 seconds, and is
//! there again soon after the server is; what was accepted meanwhile is delivered.
//!
//! The short form passes time thirty times faster.

use std::time::{Duration, Instant};

use super::is_long;
use super::servers::{Flavour, PATIENCE};
use super::wires::hurried;

const HURRY: u32 = 30;
/// Until the server is found dead.
const FOUND: Duration = Duration::from_secs(90);
/// From the freezing until the gateway is online again, where the server is well when it is found dead.
const BACK: Duration = Duration::from_secs(120);
/// What a busy machine takes besides.
const SLACK: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prosody() {
    freezes(Flavour::Prosody, "alice").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ejabberd() {
    freezes(Flavour::Ejabberd, "bob").await;
}

async fn freezes(flavour: Flavour, name: &str) {
    let hurry = if is_long() { 1 } else { HURRY };
    let world = hurried(flavour, hurry).await;
    let user = world.login(name).await;
    let address = format!("{name}@{}", world.mail_domain());

    // The last word of the server: its silence begins with the freezing, however long the login took.
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    user.iq("get", Some(&world.xmpp.gateway), ping).await;
    world.xmpp.pause();
    let frozen = Instant::now();
    world
        .carol_sends(
            &[&address],
            "From: carol@mail.example\nMessage-ID: <1@x>\n\nmeanwhile\n",
        )
        .await;
    let log = async |text: &str, times: usize, limit: Duration| {
        while world.gateway.log().matches(text).count() < times {
            assert!(frozen.elapsed() < limit, "no {text:?} within {limit:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    log("has been silent for", 1, FOUND / hurry + SLACK).await;
    let found = frozen.elapsed();
    assert!(found >= FOUND / hurry * 9 / 10, "{found:?}");
    world.xmpp.resume();
    let limit = found + (BACK - FOUND) / hurry + SLACK;
    log("logged in to the XMPP server", 2, limit).await;
    let back = frozen.elapsed();
    println!("{flavour:?}: found dead after {found:?}, online again after {back:?}");

    tokio::time::timeout(PATIENCE, user.next_message_saying("meanwhile"))
        .await
        .expect("what came meanwhile is delivered");
}
