//! B3, B11 and C6 on the program itself: much at once, from one user or for one user.

use super::counting::{
    becomes_empty, eventually, ids_by_text, mails as numbered, one_name_each, receives_all_within,
    texts,
};
use super::dice::cases;
use super::process::peak_memory;
use super::world::{Options, World};
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};

/// A message as wide as the guard lets through: what takes most memory when it is read.
fn widest(carol: &str, number: usize) -> String {
    let attributes: String = (0..200).map(|n| format!(" a{n}=''")).collect();
    let element = format!("<x xmlns='urn:x'{attributes}/>");
    let elements = element.repeat(4_000 / 201);
    let text = "y".repeat(150_000);
    format!(
        "<message to='{carol}' type='chat' id='w{number}'><body>wide {number}</body>{elements}<x xmlns='urn:y'>{text}</x></message>"
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
        "B3: {WIDE} messages of 180 KB and 3,800 attributes: {wide} MiB more at most, {used:?} of a processor; another user waited {waited:.1?}"
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
    world.mail.hands_all_on().await;
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

const MOVED: &str = "after = \"move\"\nmove_to = \"Handled\"";
const KEPT: &str = "after = \"keep\"";
/// Mails in a minute, by either limit.
const PER_MINUTE: usize = 600;

/// C6: who gets more mail than is shown in a minute gets the rest of it later, in its order, and is told so once; others get
/// theirs at once, also while the flood comes in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c6_much_mail_for_one_user_waits_and_nobody_elses_does() {
    let limits =
        format!("shown_per_minute = {PER_MINUTE}\nshown_per_minute_from_one = \"unlimited\"");
    flood(MOVED, &limits, "carol", "adam").await;
}

/// C6: the same of one sender; what others write to that user is shown at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c6_much_mail_of_one_sender_waits_and_nobody_elses_does() {
    let limits =
        format!("shown_per_minute = \"unlimited\"\nshown_per_minute_from_one = {PER_MINUTE}");
    flood(MOVED, &limits, "dave", "alice").await;
}

/// C6: the same where the mailbox does not tell which mails are handled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c6_much_mail_waits_where_mails_are_kept() {
    let limits =
        format!("shown_per_minute = {PER_MINUTE}\nshown_per_minute_from_one = \"unlimited\"");
    flood(KEPT, &limits, "carol", "adam").await;
}

/// Carol floods Alice; meanwhile somebody writes to somebody.
async fn flood(mailbox: &str, limits: &str, from: &str, to: &str) {
    const AT_ONCE: usize = 20;
    const PAUSE: Duration = Duration::from_millis(100);
    let mut world = World::with(Options {
        mailbox: mailbox.to_owned(),
        more: format!("[limits]\n{limits}"),
        ..Options::default()
    })
    .await;
    let (alice, adam) = (world.login("alice").await, world.login("adam").await);
    let mails = cases(800).min(50_000);
    let bridge = world.bridge().await;
    let flooding = async {
        for start in (0..mails).step_by(AT_ONCE) {
            let numbers = start..(start + AT_ONCE).min(mails);
            let mail = |number| mail("carol", "alice", number, &format!("mail {number}"));
            let raw: Vec<String> = numbers.map(mail).collect();
            world.mail.dovecot.deposit("bridge@chat.a.example", &raw);
            tokio::time::sleep(PAUSE).await;
        }
    };
    let reader = if to == "alice" { &alice } else { &adam };
    let probes = async |numbers: Range<usize>| {
        let mut waits = Vec::new();
        for number in numbers {
            let sent = Instant::now();
            let text = format!("probe {number}");
            bridge.append(mail(from, to, number, &text), &[]).await;
            reader.next_message_saying(&text).await;
            waits.push(sent.elapsed());
            tokio::time::sleep(PAUSE * 3).await;
        }
        waits.sort_unstable();
        waits
    };
    // How long one takes where nothing else happens: more than usual on a machine that has other work.
    const BEFORE: usize = 3;
    let alone = probes(0..BEFORE).await[BEFORE / 2];
    let began = Instant::now();
    let during = probes(BEFORE..BEFORE + (mails / 100).max(8));
    let ((), waits) = tokio::join!(flooding, during);
    let worst = waits[(waits.len() * 99).div_ceil(100) - 1];
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    let flooded = || {
        let mut known = BTreeSet::new();
        let mut texts = texts(&alice);
        texts.retain(|text| !text.starts_with("probe") && known.insert(text.clone()));
        texts
    };
    let shown = flooded().len();
    eprintln!(
        "C6: {mails} mails of one sender for one user in {:.0} s, of which {shown} were shown then; p99 of {} mails from \
         {from} to {to}: {worst:.1?}, alone {alone:.1?}",
        minutes * 60.0,
        waits.len()
    );
    let bound = (PER_MINUTE as f64 * (1.0 + minutes)) as usize + 2;
    assert!(shown <= bound, "{shown} mails shown, {bound} allowed");
    let usual = Duration::from_secs(if cfg!(debug_assertions) { 6 } else { 2 });
    assert!(worst < usual.max(alone * 12), "{worst:?}, alone {alone:?}");

    // A flood that takes hours to be shown is not waited for.
    let rest = Duration::from_secs((mails.saturating_sub(PER_MINUTE) * 60 / PER_MINUTE) as u64);
    if rest > Duration::from_secs(600) {
        return;
    }
    let some = shown + 50;
    eventually("some of those that waited follow", async || {
        flooded().len() > some
    })
    .await;
    // Those that still wait are found again in the mailbox.
    world.gateway.kill9();
    world.gateway.start_again().await;
    let wanted = numbered(0..mails);
    receives_all_within(&alice, &wanted, rest + Duration::from_secs(60)).await;
    one_name_each(&ids_by_text(&alice), "stanza ids");
    let (notices, shown): (Vec<_>, Vec<_>) = flooded()
        .into_iter()
        .partition(|text| text.starts_with("More mails come for you"));
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(shown, wanted, "in order");
    if mailbox == MOVED {
        becomes_empty(&bridge).await;
    }
}

fn mail(from: &str, to: &str, number: usize, text: &str) -> String {
    format!(
        "Delivered-To: {to}@chat.a.example\nFrom: {from}@mail.example\nTo: {to}@chat.a.example\nMessage-ID: <{number}.{to}@{from}.example>\n\n{text}\n"
    )
}
