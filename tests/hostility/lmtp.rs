//! D13, D14: whoever can connect to the gateway's LMTP port says there what he likes.

use super::dice::{Dice, cases};
use stanzamail::inbound::{Batch, InboundMail, RecipientQuery, Verdict};
use stanzamail::lmtp::{self, LmtpConfig, LmtpListener};
use stanzamail::net::listen;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const OCTETS_MAX: usize = 1024 * 1024;
/// Unoptimised, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A listener as the gateway has it, with one user, alice; what it would show her comes out here.
struct Server {
    port: u16,
    mails: mpsc::UnboundedReceiver<InboundMail>,
    stop: CancellationToken,
}

impl Server {
    async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ask, mut asked) = mpsc::channel::<RecipientQuery>(1);
        tokio::spawn(async move {
            while let Some(asked) = asked.recv().await {
                let user = jid::BareJid::new("alice@a.example").unwrap();
                let is_alice = asked.address.local() == "alice";
                let _ = asked.answer.send(is_alice.then_some(user));
            }
        });
        let (batches, mut handed) = mpsc::channel::<Batch>(1);
        let (seen, mails) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(batch) = handed.recv().await {
                let verdicts = vec![Verdict::Handled; batch.mails.len()];
                batch.mails.into_iter().for_each(|mail| {
                    let _ = seen.send(mail);
                });
                let _ = batch.answer.send(verdicts);
            }
        });
        let config = LmtpConfig {
            name: "gateway.a.example".to_owned(),
            octets_max: OCTETS_MAX,
            spill_folder: std::env::temp_dir(),
            is_online: Arc::new(|| true),
            asked: ask,
            timings: lmtp::LmtpTimings::default(),
        };
        let stop = CancellationToken::new();
        tokio::spawn(lmtp::run(
            LmtpListener::over(listen::Listener::Tcp(listener)),
            config,
            batches,
            stop.clone(),
        ));
        Server { port, mails, stop }
    }

    async fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).await.unwrap())
    }

    /// Says it all, closes, and gives back what was answered. The server may have had enough before.
    async fn hears(&self, says: &[u8]) -> String {
        let (mut reader, mut writer) = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .unwrap()
            .into_split();
        let say = async {
            let _ = writer.write_all(says).await;
            let _ = writer.shutdown().await;
        };
        let mut replies = Vec::new();
        let answers = async { tokio::join!(say, reader.read_to_end(&mut replies)) };
        let ended = tokio::time::timeout(PATIENCE, answers).await;
        assert!(ended.is_ok(), "the server did not end the conversation");
        String::from_utf8(replies).expect("replies are ASCII")
    }

    async fn an_honest_client_is_served(&mut self) {
        let said = self.hears(honest("Hello").as_bytes()).await;
        assert!(said.contains("250 2.0.0 the message is with"), "{said}");
        let mail = self.mails.recv().await.unwrap();
        assert!(mail.raw.octets().ends_with(b"\r\n\r\nHello\r\n"));
    }
}

fn honest(text: &str) -> String {
    format!("{BEGIN}From: carol@mail.example\r\n\r\n{text}\r\n.\r\nQUIT\r\n")
}

const BEGIN: &str =
    "LHLO mx\r\nMAIL FROM:<carol@mail.example>\r\nRCPT TO:<alice@chat.a.example>\r\nDATA\r\n";

fn codes(said: &str) -> Vec<&str> {
    said.lines().filter_map(|line| line.get(..3)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_no_lmtp_client_gets_more_than_its_part() {
    let mut server = Server::start().await;
    // A line without an end, and lines that are no commands.
    let said = server.hears(&vec![b'x'; 50 * OCTETS_MAX]).await;
    assert_eq!(codes(&said), ["220"], "{said}");
    let said = server.hears("XYZZY\r\n".repeat(1000).as_bytes()).await;
    assert_eq!(codes(&said).len(), 21, "it is sent away after 20");
    assert!(said.trim_end().contains("421 4.7.0"), "{said}");
    // Who guesses addresses.
    let guesses: String = (0..1000)
        .map(|n| format!("RCPT TO:<a{n}@chat.a.example>\r\n"))
        .collect();
    let said = server
        .hears(format!("LHLO mx\r\nMAIL FROM:<>\r\n{guesses}").as_bytes())
        .await;
    let told = codes(&said).iter().filter(|code| **code == "550").count();
    assert_eq!(told, 19, "and hears then that there were too many");
    // A mail over the limit is read to its end, and the next one is taken.
    let big = "x".repeat(40 * OCTETS_MAX);
    let said = server
        .hears(format!("{BEGIN}{big}\r\n.\r\n{}", honest("Hello")).as_bytes())
        .await;
    assert!(
        said.contains("552 5.3.4") && said.contains("250 2.0.0 the"),
        "{said}"
    );
    server.mails.recv().await.unwrap();
    // Half a mail is none.
    let said = server.hears(format!("{BEGIN}From: c").as_bytes()).await;
    assert_eq!(codes(&said).last(), Some(&"354"));
    server.an_honest_client_is_served().await;
    assert!(server.mails.try_recv().is_err(), "and no other mail");
    server.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_who_holds_connections_is_told_that_they_are_too_many() {
    let mut server = Server::start().await;
    let mut held = Vec::new();
    let refused = loop {
        let mut client = server.connect().await;
        let mut line = String::new();
        client.read_line(&mut line).await.unwrap();
        if line.starts_with("421 4.3.2") {
            break held.len();
        }
        assert!(line.starts_with("220") && held.len() < 1000, "{line}");
        held.push(client);
    };
    assert_eq!(refused, 100);
    drop(held);
    // They are noticed to be gone one after the other.
    let served = async {
        while !server.hears(b"QUIT\r\n").await.starts_with("220") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, served).await.is_ok());
    server.an_honest_client_is_served().await;
}

/// What other servers have taken for the end of a mail (CVE-2023-51764 and its like).
#[tokio::test(flavor = "multi_thread")]
async fn d14_no_mail_ends_before_its_end() {
    let mut server = Server::start().await;
    let second = "MAIL FROM:<boss@a.example>\r\nRCPT TO:<alice@chat.a.example>\r\nDATA\r\nFrom: boss@a.example\r\n\r\nPay\r\n.\r\n";
    let ends = [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r\n.\r",
        "\r.\r",
        "\r.\r\n",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        "\r\n.\r\r\n",
        "\r\n. \r\n",
        "\r\n..\r\n",
        "\r\r\n.\n",
        "\n\r.\r\n",
    ];
    let mut count = 0;
    for end in ends {
        let text = format!("{BEGIN}From: carol@mail.example\r\n\r\nHello{end}{second}QUIT\r\n");
        let said = server.hears(text.as_bytes()).await;
        let taken = codes(&said).iter().filter(|code| **code == "354").count();
        assert_eq!(taken, 1, "{end:?}: {said}");
        let mail = server.mails.recv().await.unwrap();
        let raw = String::from_utf8(mail.raw.octets().to_vec()).unwrap();
        assert!(raw.starts_with("Return-Path: <carol@mail.example>\r\n"));
        assert!(
            raw.contains("boss@a.example") && raw.ends_with("Pay\r\n"),
            "{end:?}"
        );
        count += 1;
    }
    assert_eq!(count, ends.len());
    assert!(server.mails.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_whatever_is_said_the_next_client_is_served() {
    let mut server = Server::start().await;
    let pieces: [&[u8]; 16] = [
        b"LHLO mx\r\n",
        b"MAIL FROM:<carol@mail.example>\r\n",
        b"MAIL FROM:<\"a b\\\"\"@[127.0.0.1]> SIZE=7 BODY=8BITMIME\r\n",
        b"RCPT TO:<alice@chat.a.example>\r\n",
        b"RCPT TO:<@a,@b:alice@chat.a.example>\r\n",
        b"RCPT TO:<\xff\xfe@x>\r\n",
        b"DATA\r\n",
        b".\r\n",
        b"..\r\n",
        b"\r\n.\r\n",
        b"BDAT 5\r\nhello",
        b"RSET\r\n",
        b"\0\0\0\r\n",
        b"\n",
        b"\r",
        b"AUTH PLAIN AGEAYg==\r\n",
    ];
    let mut dice = Dice::new(0x13);
    for _ in 0..cases(300) {
        let mut says = Vec::new();
        for _ in 0..dice.below(20) {
            says.extend_from_slice(pieces[dice.below(pieces.len())]);
        }
        let said = server.hears(&says).await;
        let is_reply = |line: &str| {
            line.split_at_checked(3)
                .is_some_and(|(code, _)| code.bytes().all(|digit| digit.is_ascii_digit()))
        };
        assert!(said.lines().all(is_reply), "{said}");
    }
    while server.mails.try_recv().is_ok() {}
    server.an_honest_client_is_served().await;
}
