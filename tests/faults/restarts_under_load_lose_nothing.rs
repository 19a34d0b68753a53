//! A11, A14: the IMAP server and the XMPP server are restarted again and again while messages go both ways. Nothing that
//! was accepted is lost, the gateway is there again within five seconds, and does not hammer at a server that is away.
//!
//! `STANZAMAIL_CHAOS` makes it 50 restarts of Dovecot and 100 of each XMPP server.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::counting::{
    carol_goes_on_sending, eventually, ids_by_text, logins, mail_to, message_ids_by_text,
    one_name_each, receives_all_within,
};
use super::is_long;
use super::servers::{Flavour, PATIENCE, XmppClient, submit};
use super::wires::receipts;
use super::world::{Options, World};

/// Between two mails.
const PAUSE: Duration = Duration::from_millis(10);
/// Until the gateway is there again when the server listens. Beside other tests the server itself takes some of that, which begins
/// when it listens and not when it can answer (6.7 s were seen); who waits for longer has lost count of its attempts.
fn back() -> Duration {
    Duration::from_secs(if is_long() { 5 } else { 15 })
}
/// Messages and mails for each restart.
const EACH: usize = 10;

/// A11.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_dovecot() {
    let restarts = if is_long() { 50 } else { 4 };
    let mails: Vec<String> = (0..restarts * 100).map(|n| format!("mail {n}")).collect();
    let mut world = World::start().await;
    let alice = world.login("alice").await;
    let began = Instant::now();
    let sending = carol_goes_on_sending(&world, mails.clone(), PAUSE);
    for _ in 0..restarts {
        world.mail.restart_dovecot().await;
        tokio::time::sleep(PAUSE * 50).await;
    }
    let restarted = Instant::now();
    sending.await.expect("Carol could send all");
    receives_all_within(&alice, &mails, Duration::from_secs(60)).await;
    let took = restarted.elapsed();
    one_name_each(&ids_by_text(&alice), "stanza ids");
    println!(
        "{restarts} restarts of Dovecot in {:.0} s, {} mails: 0 lost, all there {:.1} s after the last",
        began.elapsed().as_secs_f64(),
        mails.len(),
        took.as_secs_f64()
    );
}

/// A14.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_prosody() {
    restart_xmpp(World::start().await, if is_long() { 100 } else { 5 }).await;
}

/// A14.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ejabberd() {
    let world = World::on(Flavour::Ejabberd, Options::default()).await;
    restart_xmpp(world, if is_long() { 100 } else { 2 }).await;
}

/// One user sends, the other is away and finds everything when it logs in: a message that the server has taken for
/// somebody whose connection it closes is the server's to lose.
async fn restart_xmpp(mut world: World, restarts: usize) {
    let (sender, reader) = match world.xmpp.flavour {
        Flavour::Prosody => ("alice", "adam"),
        Flavour::Ejabberd => ("bob", "beth"),
    };
    let mut receipts_so_far = BTreeSet::new();
    let mut slowest = Duration::ZERO;
    for restart in 0..restarts {
        let user = world.login(sender).await;
        let numbers = restart * EACH..(restart + 1) * EACH;
        let mails = carol_writes(&world, reader, numbers.clone());
        for number in numbers {
            send(&user, &world.carol(), number).await;
        }
        // In the middle of it.
        mails.await.expect("Postfix takes them");
        receipts_so_far.extend(receipts(&user));
        world.xmpp.stop().await;
        receipts_so_far.extend(receipts(&user));
        world.xmpp.start_again().await;
        let listens = Instant::now();
        eventually("the gateway has logged in again", async || {
            logins(&world.gateway.log()) == restart + 2
        })
        .await;
        slowest = slowest.max(listens.elapsed());
    }
    assert!(slowest < back(), "{slowest:?}");
    all_get_receipts(&world, sender, restarts * EACH, receipts_so_far).await;

    // Shown where the test fails: what the server gave back, and what it says of itself.
    let log = world.gateway.log();
    for line in log.lines().filter(|line| line.contains("came back")) {
        println!("{line}");
    }
    let log = world.xmpp.log();
    for line in log
        .lines()
        .filter(|line| line.contains("[warn") || line.contains("[error"))
    {
        println!("{line}");
    }
    let user = world.login(reader).await;
    let mails: Vec<String> = (0..restarts * EACH).map(|n| format!("mail {n}")).collect();
    receives_all_within(&user, &mails, Duration::from_secs(60)).await;
    one_name_each(&ids_by_text(&user), "stanza ids");
    let arrived = message_ids_by_text(&world.carol_has().await);
    one_name_each(&arrived, "Message-IDs");
    let lost = (0..restarts * EACH).filter(|n| !arrived.contains_key(&format!("message {n}")));
    assert_eq!(lost.count(), 0);
    let pause = shortest_pause(&world.gateway.log());
    assert!(pause >= Duration::from_millis(950), "{pause:?}");
    println!(
        "{restarts} restarts, {} messages each way: 0 lost, the slowest return {slowest:?} after the server listened, the \
         shortest pause between two connections {pause:?}",
        restarts * EACH
    );
}

fn carol_writes(
    world: &World,
    reader: &str,
    numbers: std::ops::Range<usize>,
) -> tokio::task::JoinHandle<()> {
    let port = world.mail.smtp_port;
    let address = format!("{reader}@{}", world.mail_domain());
    tokio::spawn(async move {
        for number in numbers {
            let mail = mail_to(&address, &format!("mail {number}"));
            submit(port, "carol@mail.example", &[&address], mail)
                .await
                .expect("Postfix takes Carol's mail");
        }
    })
}

async fn send(user: &XmppClient, carol: &str, number: usize) {
    user.send(format!(
        "<message type='chat' to='{carol}' id='m-{number}'><body>message {number}</body>\
         <request xmlns='urn:xmpp:receipts'/></message>"
    ))
    .await;
}

/// A client sends again what got no receipt; each receipt so far is true.
async fn all_get_receipts(world: &World, name: &str, count: usize, before: BTreeSet<usize>) {
    let arrived = message_ids_by_text(&world.carol_has().await);
    let is_there = |number: &usize| arrived.contains_key(&format!("message {number}"));
    assert!(
        before.iter().all(is_there),
        "a receipt for what did not arrive"
    );
    let user = world.login(name).await;
    let end = Instant::now() + PATIENCE;
    loop {
        let have: BTreeSet<usize> = before.union(&receipts(&user)).copied().collect();
        let missing: Vec<usize> = (0..count).filter(|number| !have.contains(number)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "no receipts for {missing:?}");
        for number in missing {
            send(&user, &world.carol(), number).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Between two events in the log that are connections or attempts at one.
fn shortest_pause(log: &str) -> Duration {
    let is_try = |line: &&str| {
        line.contains("logged in to the XMPP server")
            || line.contains("no connection to the XMPP server at")
            || line.contains("during the login")
    };
    let times: Vec<_> = log
        .lines()
        .filter(is_try)
        .map(|line| {
            let stamp = line.split_whitespace().next().expect("a line has a time");
            chrono::DateTime::parse_from_rfc3339(stamp).expect("of RFC 3339")
        })
        .collect();
    assert!(times.len() > 2);
    let pauses = times.windows(2).map(|pair| (pair[1] - pair[0]).to_std());
    pauses
        .map(Result::unwrap_or_default)
        .min()
        .unwrap_or_default()
}
