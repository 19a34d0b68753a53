//! Mails that are not in memory.

use super::tests::{connected, connected_impatiently, letters};
use super::*;
use crate::smtp::fake::{BARE, CHUNKING, Fake, PIPELINING, Say, mail};
use crate::store::spool::{MailSource, Scratch, Spool};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

const TO: &[&str] = &["a@x.example"];
/// So much of a mail is read at a time (`store/spool/source`).
const BLOCK: usize = 64 * 1024;

fn offering(offer: &'static str) -> impl Fn(usize, &str) -> Say + Send + Sync + 'static {
    move |_, line| match line.starts_with("EHLO") {
        true => Say::Reply(offer),
        false => Say::Usual,
    }
}

/// In a file.
async fn in_file(scratch: &Scratch, octets: &[u8]) -> MailSource {
    let mut file = scratch.file();
    for piece in octets.chunks(50_000) {
        file.take(piece).await.unwrap();
    }
    let source = file.done().into_memory();
    source.expect_err("it is in a file")
}

/// Lines that begin with dots and bare line ends, each over the border of two blocks.
fn sly() -> Vec<u8> {
    let mut octets = b"Subject: x\r\n\r\n.first\n.\r\n".to_vec();
    let borders = [
        "\r\n.\r\n",
        "\n.\n",
        "\r.\r",
        "\r\n.",
        "\r\n",
        "\r\r\n..",
        ".\r\n.",
    ];
    for (index, border) in borders.iter().cycle().take(3 * borders.len()).enumerate() {
        let end = (index + 1) * BLOCK - index % border.len();
        octets.resize(end, b'x');
        octets.extend_from_slice(border.as_bytes());
    }
    octets.extend_from_slice("é\n.".as_bytes());
    octets
}

/// What a server has of it, which it takes by DATA or by BDAT.
async fn received(offer: &'static str, source: MailSource) -> (String, Vec<String>) {
    let fake = Fake::start(offering(offer)).await;
    let mut c = connected(&fake).await;
    c.capabilities.size = None;
    let long = LongMail::of(source).await.unwrap();
    let submitted = c.submit_long(&mail("one", "queue", 1, TO).job, &long).await;
    assert_eq!(letters(&submitted.attempt), "D");
    assert_eq!(submitted.connection, ConnectionState::Usable);
    // Nothing of it was taken for a command.
    let small = mail("two", "queue", 2, TO);
    let submitted = c.submit(&small.job, &small.bytes).await;
    assert_eq!(letters(&submitted.attempt), "D");
    let mut mails = fake.seen_with(".");
    assert_eq!(mails.len(), 2);
    (mails.remove(0)[1..].to_owned(), fake.seen())
}

#[tokio::test]
async fn it_arrives_as_it_is_by_either_way() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    let octets = sly();
    let source = in_file(&spool.scratch(), &octets).await;
    let whole = content::whole_lines(&octets).into_owned();
    let whole = String::from_utf8(whole).unwrap();
    for offer in [BARE, PIPELINING] {
        let (got, seen) = received(offer, source.clone()).await;
        assert!(seen.iter().any(|line| line == "1 DATA"));
        assert!(seen.iter().any(|line| line.contains("BODY=8BITMIME")));
        // With the dots that the server takes away again.
        assert!(
            got.lines()
                .all(|line| !line.starts_with('.') || line.starts_with(".."))
        );
        let lines = got.split_inclusive("\r\n");
        let got: String = lines
            .map(|line| line.strip_prefix('.').unwrap_or(line))
            .collect();
        assert!(got == whole, "{offer}");
    }
    let (got, seen) = received(CHUNKING, source).await;
    let line = format!("1 BDAT {} LAST", whole.len());
    assert!(seen.contains(&line), "{line}");
    assert!(got == whole);
}

/// What was read is not what was accepted: the server does not get the end, so it takes nothing.
#[tokio::test]
async fn one_that_is_damaged_meanwhile_is_not_taken() {
    for offer in [BARE, PIPELINING, CHUNKING] {
        for harm in [damage, cut_off] {
            let dir = tempfile::tempdir().unwrap();
            let (spool, _) = Spool::open(dir.path()).unwrap();
            let mut one = mail("one", "queue", 1, TO);
            one.bytes.resize(30 * BLOCK, b'x');
            spool.accept(vec![one.clone()]).await.unwrap();
            let source = spool.open_mail(&one.job).await.unwrap();
            let long = LongMail::of(source).await.unwrap();
            let segment = std::fs::read_dir(dir.path().join("journal"))
                .unwrap()
                .next();
            harm(&segment.unwrap().unwrap().path());
            let fake = Fake::start(offering(offer)).await;
            let mut c = connected_impatiently(&fake).await;
            c.capabilities.size = None;
            let submitted = c.submit_long(&one.job, &long).await;
            assert_eq!(letters(&submitted.attempt), "R", "{offer}");
            assert_eq!(submitted.connection, ConnectionState::Closed);
            drop(c);
            assert!(
                fake.seen_with(".").is_empty(),
                "the server has not taken it"
            );
        }
    }
}

fn damage(segment: &Path) {
    let file = OpenOptions::new().write(true).open(segment).unwrap();
    let at = u64::try_from(20 * BLOCK).unwrap();
    file.write_all_at(b"y", at).unwrap();
}

fn cut_off(segment: &Path) {
    let file = OpenOptions::new().write(true).open(segment).unwrap();
    file.set_len(u64::try_from(20 * BLOCK).unwrap()).unwrap();
}
