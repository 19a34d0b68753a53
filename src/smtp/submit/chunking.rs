//! Mails by BDAT (RFC 3030): one write where the server takes several commands at once, and no promise less than with DATA.

use super::tests::{connected, connected_impatiently, letters, sent};
use super::*;
use crate::smtp::connect::SmtpConnector;
use crate::smtp::fake::{BARE, CHUNKING, Fake, PIPELINING, Say, mail};
use crate::smtp::{SmtpConfig, TlsMode};
use std::sync::atomic::AtomicUsize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const BARE_CHUNKING: &str = "250-fake\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 SIZE 100000\r\n";
/// Each way in which CHUNKING is offered.
const OFFERS: [&str; 2] = [CHUNKING, BARE_CHUNKING];

/// A server that refuses and defers by the recipient's name.
fn by_name(offer: &'static str) -> impl Fn(usize, &str) -> Say + Send + Sync + 'static {
    move |_, line| match line {
        _ if line.starts_with("EHLO") => Say::Reply(offer),
        _ if line.starts_with("MAIL FROM:<bad") => Say::Reply("550 5.7.1 not you\r\n"),
        _ if line.starts_with("RCPT TO:<none") => Say::Reply("550 5.1.1 unknown\r\n"),
        _ if line.starts_with("RCPT TO:<later") => Say::Reply("450 4.2.0 greylisted\r\n"),
        _ if line.starts_with('.') && line.contains("Subject: spam") => {
            Say::Reply("554 5.7.1 spam\r\n")
        }
        _ => Say::Usual,
    }
}

#[tokio::test]
async fn every_recipient_has_its_own_result_and_the_connection_is_kept() {
    for offer in OFFERS {
        let fake = Fake::start(by_name(offer)).await;
        let mut c = connected(&fake).await;
        let usable = |letters: &str| (letters.to_owned(), ConnectionState::Usable);
        let three = ["a@x.example", "none@x.example", "later@x.example"];
        assert_eq!(sent(&mut c, "one", &three).await, usable("DFR"));
        let nobody = ["none@x.example", "later@x.example"];
        assert_eq!(sent(&mut c, "two", &nobody).await, usable("FR"));
        assert_eq!(sent(&mut c, "spam", &three).await, usable("FFR"));
        assert_eq!(sent(&mut c, "four", &["a@x.example"]).await, usable("D"));
        let mut bad = mail("five", "queue", 1, &["a@x.example", "b@x.example"]);
        bad.job.from = Some(MailAddress::parse("bad@x.example").unwrap());
        let submitted = c.submit(&bad.job, &bad.bytes).await;
        let all = (letters(&submitted.attempt), submitted.connection);
        assert_eq!(all, usable("FF"));
        assert_eq!(sent(&mut c, "six", &["a@x.example"]).await, usable("D"));
        assert_eq!(fake.connections(), 1);
        assert!(fake.seen_with("DATA").is_empty());
        // A mail that goes ahead goes to a server that took nobody as well, which takes it from nobody to nobody.
        let mails = if offer == CHUNKING { 6 } else { 4 };
        assert_eq!(fake.seen_with(".").len(), mails, "{:?}", fake.seen());
        // After each chunk that was refused, and where a transaction was left open.
        let resets = if offer == CHUNKING { 3 } else { 2 };
        assert_eq!(fake.seen_with("RSET").len(), resets, "{:?}", fake.seen());
    }
}

#[tokio::test]
async fn the_mail_arrives_as_it_is_with_line_ends_that_are_whole() {
    for offer in OFFERS {
        let fake = Fake::start(by_name(offer)).await;
        let one = mail("one", "queue", 1, &["a@x.example"]);
        let sly = b".first\n.\nMAIL FROM:<x@x>\r.\r\n..two\r\n.";
        let submitted = connected(&fake).await.submit(&one.job, sly).await;
        assert_eq!(letters(&submitted.attempt), "D");
        let on_the_wire = "..first\r\n.\r\nMAIL FROM:<x@x>\r\n.\r\n..two\r\n.\r\n";
        assert_eq!(fake.seen_with("."), [on_the_wire]);
        let line = format!("BDAT {} LAST", on_the_wire.len() - 1);
        assert_eq!(fake.seen_with("BDAT"), [line]);
    }
}

/// As after the dot: whoever may have the mail is not said to have none.
#[tokio::test]
async fn silence_is_doubt_from_the_moment_at_which_the_mail_is_under_way() {
    let phases = [
        (CHUNKING, "MAIL", "U", ConnectionState::Closed),
        (CHUNKING, "RCPT", "U", ConnectionState::Closed),
        (CHUNKING, ".", "U", ConnectionState::Closed),
        (BARE_CHUNKING, "MAIL", "R", ConnectionState::Stale),
        (BARE_CHUNKING, "RCPT", "R", ConnectionState::Stale),
        (BARE_CHUNKING, ".", "U", ConnectionState::Closed),
    ];
    for say in [Say::Hang, Say::Close, Say::Reply("nonsense\r\n")] {
        for (offer, phase, expected, state) in phases {
            let fake = Fake::start(move |n, line| match line.starts_with(phase) {
                true => say,
                false => by_name(offer)(n, line),
            })
            .await;
            let mut c = connected_impatiently(&fake).await;
            let result = sent(&mut c, "one", &["a@x.example"]).await;
            assert_eq!(result, (expected.to_owned(), state), "{offer} {phase}");
        }
    }
}

#[tokio::test]
async fn what_was_refused_before_the_silence_stays_refused() {
    for offer in OFFERS {
        let fake = Fake::start(move |n, line| match line.starts_with('.') {
            true => Say::Close,
            false => by_name(offer)(n, line),
        })
        .await;
        let to = ["none@x.example", "a@x.example"];
        let result = sent(&mut connected(&fake).await, "one", &to).await;
        assert_eq!(result, ("FU".to_owned(), ConnectionState::Closed));
    }
}

#[tokio::test]
async fn a_server_that_closes_with_421_has_taken_nothing() {
    for phase in ["MAIL", "RCPT", "."] {
        for offer in OFFERS {
            let fake = Fake::start(move |n, line| match line.starts_with(phase) {
                true => Say::Last("421 4.3.2 closing\r\n"),
                false => by_name(offer)(n, line),
            })
            .await;
            let result = sent(&mut connected(&fake).await, "one", &["a@x.example"]).await;
            let state = if phase == "." {
                ConnectionState::Closed
            } else {
                ConnectionState::Stale
            };
            assert_eq!(result, ("R".to_owned(), state), "{phase}");
        }
    }
}

/// A kept connection that the server has closed is no doubt about the next mail.
#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_seen_before_anything_is_said() {
    for last in ["250 2.0.0 ok\r\n", "250 2.0.0 ok\r\n421 4.4.2 idle\r\n"] {
        let fake = Fake::start(move |n, line| match line.starts_with('.') {
            true => Say::Last(last),
            false => by_name(CHUNKING)(n, line),
        })
        .await;
        let mut c = connected(&fake).await;
        assert_eq!(sent(&mut c, "one", &["a@x.example"]).await.0, "D");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let result = sent(&mut c, "two", &["a@x.example"]).await;
        assert_eq!(result, ("R".to_owned(), ConnectionState::Stale));
        assert_eq!(fake.seen_with("MAIL").len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_what_it_offers_is_left_and_asked_by_data_then() {
    for offer in OFFERS {
        let fake = Fake::start(move |n, line| match line.starts_with('.') {
            true if n == 1 => Say::Reply("502 5.5.2 command not recognized\r\n"),
            _ => by_name(offer)(n, line),
        })
        .await;
        let connector = SmtpConnector::new(fake.config()).unwrap();
        let mut c = connector.connect().await.unwrap();
        let result = sent(&mut c, "one", &["a@x.example"]).await;
        assert_eq!(result, ("R".to_owned(), ConnectionState::Closed));
        let mut c = connector.connect().await.unwrap();
        let result = sent(&mut c, "one", &["a@x.example"]).await;
        assert_eq!(result, ("D".to_owned(), ConnectionState::Usable));
        assert_eq!(fake.seen_with("DATA").len(), 1);
    }
}

/// What is left of a transaction would become part of the next one, whose mail may be under way already.
#[tokio::test]
async fn a_server_that_does_not_forget_is_left() {
    for offer in [CHUNKING, BARE_CHUNKING, PIPELINING, BARE] {
        let fake = Fake::start(move |n, line| match line {
            "RSET" => Say::Reply("502 5.5.1 not implemented\r\n"),
            _ => by_name(offer)(n, line),
        })
        .await;
        let mut c = connected(&fake).await;
        let result = sent(&mut c, "one", &["later@x.example"]).await;
        assert_eq!(result, ("R".to_owned(), ConnectionState::Closed), "{offer}");
    }
}

/// Answers each line only when nothing more comes; answers how many times it had to.
async fn answer_late(listener: TcpListener, octets: usize) -> usize {
    let (mut tcp, _) = listener.accept().await.unwrap();
    tcp.write_all(b"220 x\r\n").await.unwrap();
    let (mut read, mut turns, mut heard) = (vec![0; 256 * 1024], 0, 0);
    loop {
        let mut came = Vec::new();
        let mut pause = Duration::from_secs(5);
        while let Ok(Ok(count @ 1..)) = timeout(pause, tcp.read(&mut read)).await {
            came.extend_from_slice(&read[..count]);
            pause = Duration::from_millis(30);
        }
        if came.is_empty() {
            return turns;
        }
        turns += 1;
        heard += came.len();
        let text = String::from_utf8(came).unwrap();
        let commands = text.lines().take_while(|line| !line.is_empty());
        let replies: String = commands
            .filter_map(|line| match line.get(..4) {
                Some("EHLO") => Some("250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"),
                Some("MAIL" | "RCPT") => Some("250 ok\r\n"),
                Some("BDAT") if octets <= heard => Some("250 taken\r\n"),
                _ => None,
            })
            .collect();
        tcp.write_all(replies.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_mail_is_one_turn_and_a_big_one_waits_for_its_recipients() {
    for (octets, expected) in [(2_000, 2), (32 * 1024, 2), (32 * 1024 + 1, 3)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = SmtpConfig::new("127.0.0.1", port, TlsMode::Plain, "gateway.example");
        let server = tokio::spawn(answer_late(listener, octets));
        let mut c = SmtpConnector::new(config).unwrap().connect().await.unwrap();
        let mut one = mail("one", "queue", 1, &["a@x.example", "b@x.example"]);
        one.bytes.resize(octets - 2, b'x');
        one.bytes.extend(b"\r\n");
        let submitted = c.submit(&one.job, &one.bytes).await;
        assert_eq!(letters(&submitted.attempt), "DD");
        drop(c);
        assert_eq!(server.await.unwrap(), expected, "{octets} octets");
    }
}

#[tokio::test]
async fn a_server_that_stops_reading_in_the_middle_has_not_taken_the_mail() {
    let fake = Fake::start(|n, line| match line {
        _ if line.starts_with("RCPT") => Say::ReplyAndHang("250 ok\r\n"),
        _ => by_name(CHUNKING)(n, line),
    })
    .await;
    let mut c = connected_impatiently(&fake).await;
    c.capabilities.size = None;
    let mut big = mail("big", "queue", 1, &["a@x.example"]);
    big.bytes.resize(24 * 1024 * 1024, b'x');
    let submitted = c.submit(&big.job, &big.bytes).await;
    let result = (letters(&submitted.attempt), submitted.connection);
    assert_eq!(result, ("R".to_owned(), ConnectionState::Closed));
}

/// Who finds no room is left for a further transaction, as with DATA.
#[tokio::test]
async fn who_finds_no_room_is_left_for_a_further_transaction() {
    for offer in OFFERS {
        let count = AtomicUsize::new(0);
        let fake = Fake::start(move |n, line| {
            if line.starts_with("RCPT") && count.fetch_add(1, Ordering::SeqCst) >= 2 {
                return Say::Reply("452 4.5.3 Error: too many recipients\r\n");
            }
            by_name(offer)(n, line)
        })
        .await;
        let to = ["a@x.example", "b@x.example", "c@x.example"];
        let mail = mail("one", "queue", 1, &to);
        let submitted = connected(&fake).await.submit(&mail.job, &mail.bytes).await;
        assert_eq!(letters(&submitted.attempt), "DD");
        assert_eq!(submitted.left.len(), 1);
    }
}
