//! A12: the mailbox gets another UIDVALIDITY again and again, as a restored backup has, while mails come. None is lost,
//! and none comes under another stanza id; what was shown is not shown again.
//!
//! The long form is 100 changes with 1,000 mails.

use std::time::{Duration, Instant};

use super::counting::{carol_sends, ids_by_text, mails, one_name_each, receives_all_within, texts};
use super::is_long;
use super::world::{Options, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_no_mail_is_lost_or_shown_twice() {
    let (changes, each) = if is_long() { (100, 10) } else { (4, 20) };
    let options = Options {
        mailbox: "after = \"keep\"".into(),
        ..Options::default()
    };
    let mut world = World::with(options).await;
    let alice = world.login("alice").await;
    let began = Instant::now();
    for change in 0..changes {
        let numbers = change * each..(change + 1) * each;
        carol_sends(&world, &mails(numbers)).await;
        world.mail.change_uidvalidity("bridge@chat.a.example").await;
    }
    let all = mails(0..changes * each);
    receives_all_within(&alice, &all, Duration::from_secs(120)).await;
    carol_sends(&world, &mails(changes * each..changes * each + 1)).await;
    alice
        .next_message_saying(&format!("mail {}", changes * each))
        .await;
    let shown = texts(&alice);
    one_name_each(&ids_by_text(&alice), "stanza ids");
    println!(
        "{changes} changes of UIDVALIDITY, {} mails, {:.0} s: 0 lost, {} shown again under the same id",
        shown.len(),
        began.elapsed().as_secs_f64(),
        shown.len() - all.len() - 1
    );
}
