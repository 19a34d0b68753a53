//! B3, B11 and C6 on the program itself: much at once, from one user or for one user.

use super::dice::cases;
use super::process::peak_memory;
use super::servers::stanza::body;
use super::world::World;
use std::time::{Duration, Instant};

/// A message as wide as the guard lets through: what takes most memory when it is read.
fn widest(carol: &str, number: usize) -> String {
    let attributes: String = (0..200).map(|n| format!(" a{n}=''")).collect();
    let element = format!("<x xmlns='urn:x'{attributes}/>");
    let elements = element.repeat(200_000 / element.len());
    format!(
        "<message to='{carol}' type='chat' id='w{number}'><body>wide {number}</body>{elements}</message>"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_b11_one_user_floods_and_another_is_served() {
    let world = World::start().await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    let inbox = world.mailbox("carol@mail.example").await;
    let carol = world.carol();
    adam.send_message(&carol, "before").await;
    inbox.wait_mail_saying("before").await;
    let pid = world.gateway.pid().to_string();
    let before = peak_memory(&pid);

    const WIDE: usize = 25;
    for number in 0..WIDE {
        alice.send(widest(&carol, number)).await;
    }
    let began = Instant::now();
    adam.send_message(&carol, "meanwhile").await;
    inbox.wait_mail_saying("meanwhile").await;
    let waited = began.elapsed();
    inbox.wait_for(WIDE + 2).await;
    let used = world.gateway.processor();
    let wide = peak_memory(&pid).saturating_sub(before) / 1024;
    eprintln!(
        "B3: {WIDE} messages of 200 KB and 26,400 attributes: {wide} MiB more at most, {used:?} of a processor; another user waited {waited:.1?}"
    );

    const PRESENCES: usize = 1_000;
    for number in 0..PRESENCES {
        let to = world.contact(&format!("c{}@mail.example", number % 100));
        alice
            .send_presence(&to, ["", "unavailable", "probe"][number % 3])
            .await;
    }
    let began = Instant::now();
    adam.send_message(&carol, "after").await;
    inbox.wait_mail_saying("after").await;
    eprintln!(
        "B11: {PRESENCES} presences; another user waited {:.1?} behind them",
        began.elapsed()
    );
    assert_eq!(inbox.count().await, WIDE + 3, "no mail of a presence");
    is_idle_soon(&world).await;
    assert!(wide < 200, "{wide} MiB");
}

/// Within five seconds it uses no more than a twentieth of a processor.
async fn is_idle_soon(world: &World) {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let before = world.gateway.processor();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let used = world.gateway.processor().saturating_sub(before);
        if used <= Duration::from_millis(50) {
            return;
        }
        assert!(Instant::now() < end, "still busy: {used:?} in a second");
    }
}

/// C6: who gets very much mail gets all of it; who gets one mail behind it waits for as long as that takes to read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c6_much_mail_for_one_user_is_all_shown_and_others_wait_no_longer_than_it_takes() {
    let mut world = World::start().await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    let mails = cases(300).min(50_000);
    world.gateway.terminate().await;
    let bridge = world.bridge().await;
    let mail = |to: &str, number: usize| {
        format!(
            "Delivered-To: {to}@chat.a.example\r\nFrom: carol@mail.example\r\nTo: {to}@chat.a.example\r\nMessage-ID: <{number}.{to}@mail.example>\r\n\r\nmail {number}\r\n"
        )
    };
    for number in 0..mails {
        bridge.append(mail("alice", number), &[]).await;
    }
    bridge.append(mail("adam", 1), &[]).await;

    let began = Instant::now();
    world.gateway.launch();
    let limit = Duration::from_secs(30 + mails as u64 / 50);
    let shown = adam
        .wait(|stanza| body(stanza).as_deref() == Some("mail 1"), limit)
        .await;
    let waited = began.elapsed();
    shown.expect("Adam gets his mail");
    let last = format!("mail {}", mails - 1);
    let all = alice
        .wait(|stanza| body(stanza).as_ref() == Some(&last), limit)
        .await;
    all.expect("Alice gets all of hers");
    let each = mails as f64 / waited.as_secs_f64();
    eprintln!(
        "C6: {mails} mails for one user, the next user's waited {waited:.1?} behind them ({each:.0} mails a second)"
    );
    assert!(alice.count_messages() >= mails);
}
