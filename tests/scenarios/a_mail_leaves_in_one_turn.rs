//! To a server that takes mails by their length (CHUNKING), a mail is one write and one wait; to one that does not, it goes as
//! ever. `STANZAMAIL_MESSAGES=1000` measures both by turns.

use super::counting::mails;
use super::servers::MailOptions;
use super::world::{Options, World};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);

fn messages() -> usize {
    let wanted = std::env::var("STANZAMAIL_MESSAGES").ok();
    wanted.and_then(|count| count.parse().ok()).unwrap_or(30)
}

/// Postfix with this in its configuration, and a gateway.
async fn world(postfix: &str) -> World {
    let options = Options {
        mail: MailOptions::default().postfix(postfix),
        ..Options::default()
    };
    World::with(options).await
}

/// How many mails were accepted in a second.
async fn burst(world: &World, count: usize) -> f64 {
    let alice = world.login("alice").await;
    let to = world.carol();
    let message =
        |number| format!("<message to='{to}' id='b{number}'><body>mail {number}</body></message>");
    let all: String = (0..count).map(message).collect();
    let began = Instant::now();
    alice.send(all).await;
    while world.mail.attempts_for("carol@mail.example") < count {
        assert!(began.elapsed() < LIMIT, "{}", world.mail.postfix.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    let inbox = world.mailbox("carol@mail.example").await;
    while inbox.count().await < count {
        assert!(began.elapsed() < LIMIT, "{}", world.mail.postfix.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut texts: Vec<String> = inbox
        .all()
        .await
        .iter()
        .map(|one| one.body().trim().to_owned())
        .collect();
    let mut expected = mails(0..count);
    texts.sort();
    expected.sort();
    assert_eq!(texts, expected);
    rate
}

#[tokio::test]
async fn where_the_server_can_and_as_ever_where_it_cannot() {
    for _ in 0..if messages() > 100 { 3 } else { 1 } {
        for (postfix, by, not) in [
            ("# as it is", " bdat=", " data="),
            ("smtpd_discard_ehlo_keywords = chunking", " data=", " bdat="),
        ] {
            let mut world = world(postfix).await;
            let rate = burst(&world, messages()).await;
            world.gateway.terminate().await;
            // Postfix counts the commands of a connection when it ends.
            let is_end = |line: &&str| line.contains("disconnect from") && line.contains(" mail=");
            let began = Instant::now();
            let mut log = world.mail.postfix.log();
            while !log.lines().any(|line| is_end(&line)) {
                assert!(began.elapsed() < LIMIT, "{log}");
                tokio::time::sleep(Duration::from_millis(20)).await;
                log = world.mail.postfix.log();
            }
            let mut ends = log.lines().filter(is_end);
            let by_it = |line: &str| line.contains(by) && !line.contains(not);
            assert!(ends.all(by_it), "{log}");
            println!("{by}: {rate:.0} mails a second");
        }
    }
}
