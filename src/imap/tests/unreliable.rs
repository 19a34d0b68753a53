//! A12, A16: servers whose answers break off anywhere, that lie about their numbers or begin to count anew, and that say
//! nothing for long. With `STANZAMAIL_CHAOS` set, every octet and a hundred new numberings.

use super::*;
use std::collections::BTreeMap;

fn is_long() -> bool {
    std::env::var_os("STANZAMAIL_CHAOS").is_some()
}

/// Where each of the mails from 1 to `count` ends in the answer to a FETCH of all.
fn ends_in_fetch(count: u32) -> Vec<usize> {
    let octets = |number: u32| {
        let raw = mail(number);
        let before = format!(
            "* {number} FETCH (UID {number} BODY[] {{{}}}\r\n",
            raw.len()
        );
        before.len() + raw.len() + ")\r\n".len()
    };
    let mut end = 0;
    let ends = (1..=count).map(octets).map(|octets| {
        end += octets;
        end
    });
    ends.collect()
}

/// What a gateway has got of 50 mails whose first fetch was answered so; every mail once, in order, is what it must be.
async fn all_fifty_come(fault: Fault) {
    let told = format!("{:?}", std::mem::discriminant(&fault));
    let fake = Fake::start().await;
    fake.deliver(1..=50);
    fake.fault("UID FETCH 1:50 (UID BODY", fault);
    let mut gateway = Gateway::start(config(&fake, After::Keep), None);
    gateway.handle_until(50).await;
    assert_eq!(gateway.seen, mails(1..=50), "{told}");
    assert_eq!((gateway.repeats, gateway.stored.unwrap().uid_next), (0, 51));
}

/// A12: at each octet of an answer with 50 mails the connection ends.
#[tokio::test]
async fn a12_a_fetch_of_fifty_mails_that_ends_at_any_octet_skips_and_repeats_nothing() {
    let ends = ends_in_fetch(50);
    let tagged = "S5 OK done\r\n".len();
    let all = ends.last().unwrap() + tagged;
    // The short form: around the end of every tenth mail, and every 127th octet.
    let is_near = |cut: &usize| {
        let near = |end: &usize| cut.abs_diff(*end) <= 2;
        ends.iter().step_by(10).any(near) || cut.is_multiple_of(127) || all - cut <= tagged
    };
    let cuts: Vec<usize> = (0..all).filter(|cut| is_long() || is_near(cut)).collect();
    for cut in &cuts {
        all_fifty_come(Fault::Cut(*cut)).await;
    }
    println!(
        "{} cuts of {all} octets: 0 mails skipped, 0 repeated",
        cuts.len()
    );
}

/// A12: after each of the 50 mails the server says no, or goodbye, or what nobody understands.
#[tokio::test]
async fn a12_a_no_or_a_bye_after_any_mail_of_a_fetch_skips_and_repeats_nothing() {
    let ends = ends_in_fetch(50);
    let step = if is_long() { 1 } else { 10 };
    for words in [
        "%T NO [SERVERBUG] sorry\r\n",
        "%T BAD what\r\n",
        "* BYE see you\r\n",
        "* NO nonsense\r\n* 3 (((\r\n",
        "* BYE\r\n%T OK done\r\n",
    ] {
        for end in ends.iter().step_by(step) {
            all_fifty_come(Fault::Breaks(*end, words.to_owned())).await;
        }
        // In the middle of a literal.
        all_fifty_come(Fault::Breaks(ends[20] - 10, words.to_owned())).await;
    }
}

/// A12: what is moved away and marked is not forgotten either, wherever the answer to that ends.
#[tokio::test]
async fn a12_an_answer_to_a_move_that_ends_at_any_octet_leaves_no_mail_behind() {
    for cut in 0..60 {
        let fake = Fake::start().await;
        fake.deliver(1..=3);
        fake.fault("UID MOVE", Fault::Cut(cut));
        let mut gateway = Gateway::start(config(&fake, After::Move("Done".to_owned())), None);
        gateway
            .handle_while_not(|| fake.state().mails.is_empty() && !fake.state().moved.is_empty())
            .await;
        gateway.handle_until(3).await;
        assert_eq!(gateway.seen, mails(1..=3), "cut at {cut}");
    }
}

/// A12: the mailbox gets new UIDs again and again while mail comes, sometimes with lower numbers, sometimes on a server
/// that does not say which number is next. What comes again is the same mail to the last octet, so that it is known
/// by its Message-ID.
#[tokio::test]
async fn a12_mails_that_are_numbered_anew_again_and_again_are_all_read_and_are_the_same() {
    let (changes, each) = if is_long() { (100, 10) } else { (12, 10) };
    let fake = Fake::start().await;
    let mut settings = config(&fake, After::Keep);
    settings.idle = false;
    let mut gateway = Gateway::start(settings, Some(cursor(7, 1)));
    let mut seen: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for change in 0..changes {
        fake.deliver(change * each + 1..=change * each + each);
        // Some changes come in the middle of what the one before began.
        if change % 3 != 2 {
            read_until(&mut gateway, &mut seen, ((change + 1) * each) as usize).await;
        }
        let mut state = fake.state();
        let (validity, first) = match change % 4 {
            0 => (state.uid_validity + 1, 1),
            1 => (state.uid_validity + 1, 5000 - change),
            // The same validity with lower numbers, which is forbidden and seen.
            2 => (state.uid_validity, 1),
            _ => (state.uid_validity - 1, 1 + change),
        };
        state.tells_uid_next = change % 2 == 0;
        state.renumber(validity, first);
        state.faults.push_back(("", Fault::Cut(0)));
    }
    let all = changes * each;
    read_until(&mut gateway, &mut seen, all as usize).await;
    let expected: BTreeSet<Vec<u8>> = mails(1..=all).into_iter().map(String::into_bytes).collect();
    assert!(seen.keys().eq(expected.iter()), "0 lost, 0 changed");
    let again: usize = seen.values().map(|times| times - 1).sum();
    println!("{changes} changes, {all} mails: 0 lost; read {again} times again, each the same");
}

async fn read_until(gateway: &mut Gateway, seen: &mut BTreeMap<Vec<u8>, usize>, different: usize) {
    while seen.len() < different {
        let batch = gateway.next().await;
        let verdicts = vec![Verdict::Handled; batch.mails.len()];
        gateway.stored = batch.cursor;
        for mail in batch.mails {
            *seen.entry(mail.raw.octets().to_vec()).or_default() += 1;
        }
        let _ = batch.answer.send(verdicts);
    }
}

/// A16: a quarter of an hour in which nothing comes passes on one connection.
#[tokio::test]
async fn a16_a_quarter_of_an_hour_without_mail_is_no_reason_to_connect_again() {
    tokio::time::pause();
    let (_stopped, held) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || held.recv_timeout(Duration::from_secs(60)));
    let fake = Fake::start().await;
    let mut settings = config(&fake, After::Keep);
    settings.timings = ImapTimings::default();
    let mut gateway = Gateway::start(settings, Some(cursor(7, 1)));
    for _ in 0..900 {
        tokio::time::advance(Duration::from_secs(1)).await;
        let moment = || std::thread::sleep(Duration::from_millis(3));
        tokio::task::spawn_blocking(moment).await.unwrap();
    }
    fake.deliver([1]);
    while gateway.seen.is_empty() {
        tokio::time::advance(Duration::from_millis(5)).await;
        if let Ok(batch) = gateway.batches.try_recv() {
            gateway.handle(batch, Verdict::Handled);
        }
    }
    assert_eq!(fake.state().connections, 1);
}
