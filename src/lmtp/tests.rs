//! Conversations with a client that may say anything, over a pipe; what the pipeline answers is scripted.

use super::*;
use crate::core::decide::decision::Left;
use crate::core::quota::{Conversation, Demand, Demands};
use crate::net::listen::Listen;
use jid::BareJid;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::task::JoinHandle;

const OCTETS_MAX: usize = 1_000_000;

/// A server with two users, alice and bob, and a client of it.
struct Talk {
    client: BufReader<DuplexStream>,
    /// What the pipeline will answer; with none left, it handles everything. `None` drops the batch.
    verdicts: Arc<Mutex<VecDeque<Option<Verdict>>>>,
    mails: mpsc::UnboundedReceiver<InboundMail>,
    is_online: Arc<AtomicBool>,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

fn user(name: &str) -> BareJid {
    BareJid::new(&format!("{name}@a.example")).unwrap()
}

impl Talk {
    fn new() -> Self {
        let (client, server) = duplex(16 * 1024);
        let (ask, mut asked) = mpsc::channel::<RecipientQuery>(1);
        tokio::spawn(async move {
            while let Some(asked) = asked.recv().await {
                let local = asked.address.local().to_owned();
                match local.as_str() {
                    "broken" => drop(asked.answer),
                    "alice" | "bob" => drop(asked.answer.send(Some(user(&local)))),
                    _ => drop(asked.answer.send(None)),
                }
            }
        });
        let verdicts: Arc<Mutex<VecDeque<Option<Verdict>>>> = Arc::default();
        let scripted = Arc::clone(&verdicts);
        let (batches, mut handed) = mpsc::channel::<Batch>(1);
        let (seen, mails) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(batch) = handed.recv().await {
                let next = scripted.lock().unwrap().pop_front();
                let verdict = next.unwrap_or(Some(Verdict::Handled));
                assert_eq!(batch.source, SOURCE);
                assert!(batch.cursor.is_none() && batch.may_wait);
                let count = batch.mails.len();
                batch
                    .mails
                    .into_iter()
                    .for_each(|mail| seen.send(mail).unwrap());
                if let Some(verdict) = verdict {
                    let _ = batch.answer.send(vec![verdict; count]);
                }
            }
        });
        let is_online = Arc::new(AtomicBool::new(true));
        let online = Arc::clone(&is_online);
        let config = LmtpConfig {
            name: "mail.a.example".to_owned(),
            octets_max: OCTETS_MAX,
            spill_folder: std::env::temp_dir(),
            is_online: Arc::new(move || online.load(Ordering::Relaxed)),
            asked: ask,
            timings: LmtpTimings::default(),
        };
        let stop = CancellationToken::new();
        let server = tokio::spawn(converse(server, config, batches, stop.clone()));
        Self {
            client: BufReader::new(client),
            verdicts,
            mails,
            is_online,
            stop,
            server,
        }
    }

    async fn greeted() -> Self {
        let mut talk = Self::new();
        talk.hears("220 mail.a.example LMTP Stanzamail").await;
        talk.says("LHLO mx.a.example\r\n").await;
        for line in [
            "250-mail.a.example",
            "250-PIPELINING",
            "250-ENHANCEDSTATUSCODES",
            "250-8BITMIME",
            "250-SMTPUTF8",
            "250 SIZE 100000",
        ] {
            talk.hears(line).await;
        }
        talk
    }

    async fn says(&mut self, text: impl AsRef<[u8]>) {
        self.client.write_all(text.as_ref()).await.unwrap();
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.client.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    async fn hears(&mut self, beginning: &str) {
        let line = self.line().await;
        assert!(line.starts_with(beginning), "{line:?}, not {beginning:?}");
    }

    async fn asks(&mut self, command: &str, beginning: &str) {
        self.says(format!("{command}\r\n")).await;
        let line = self.line().await;
        assert!(line.starts_with(beginning), "{command}: {line:?}");
    }

    async fn begins_a_mail_to(&mut self, recipients: &[&str]) {
        self.asks("MAIL FROM:<carol@mail.example>", "250 2.1.0")
            .await;
        for recipient in recipients {
            self.asks(&format!("RCPT TO:<{recipient}>"), "250 2.1.5")
                .await;
        }
        self.asks("DATA", "354 ").await;
    }
}

const MAIL: &str = "From: carol@mail.example\r\n\r\nHello\r\n.\r\n";

#[tokio::test]
async fn each_recipient_gets_an_answer_and_the_mail_its_envelope() {
    let mut talk = Talk::greeted().await;
    talk.begins_a_mail_to(&["alice@chat.a.example", "bob@chat.a.example"])
        .await;
    talk.says("From: carol@mail.example\r\n\r\n..Hello\r\n.\r\n")
        .await;
    talk.hears("250 2.0.0").await;
    talk.hears("250 2.0.0").await;
    let mail = talk.mails.recv().await.unwrap();
    assert_eq!(
        String::from_utf8(mail.raw.octets().to_vec()).unwrap(),
        "Return-Path: <carol@mail.example>\r\nFrom: carol@mail.example\r\n\r\n.Hello\r\n"
    );
    let envelope = ["alice@chat.a.example", "bob@chat.a.example"];
    let envelope = envelope.map(|one| one.parse().unwrap()).to_vec();
    assert_eq!(mail.envelope, Some(envelope));
    // A report has no reverse path, and a new mail no recipients of the one before.
    talk.asks("DATA", "503 5.5.1").await;
    talk.asks("MAIL FROM:<> BODY=8BITMIME SMTPUTF8 SIZE=20", "250")
        .await;
    talk.asks("DATA", "503 5.5.1").await;
    talk.asks("RCPT TO:<bob@chat.a.example>", "250").await;
    talk.asks("DATA", "354").await;
    talk.says(MAIL).await;
    talk.hears("250 2.0.0").await;
    let mail = talk.mails.recv().await.unwrap();
    assert!(mail.raw.octets().starts_with(b"Return-Path: <>\r\n"));
    talk.asks("QUIT", "221 2.0.0").await;
    assert_eq!(talk.line().await, "");
    talk.server.await.unwrap();
}

#[tokio::test]
async fn of_a_big_file_only_the_beginning_is_in_memory() {
    let mut talk = Talk::greeted().await;
    talk.begins_a_mail_to(&["alice@chat.a.example"]).await;
    let header = "Message-ID: <a@b.example>\r\nContent-Type: application/zip\r\n\
                  Content-Transfer-Encoding: base64\r\n\r\n";
    let mail = format!(
        "{header}{}",
        format!("{}\r\n", "QUJD".repeat(19)).repeat(9_000)
    );
    talk.says(&format!("{mail}.\r\n")).await;
    talk.hears("250 2.0.0").await;
    let taken = talk.mails.recv().await.unwrap();
    assert!(!taken.raw.is_whole() && taken.raw.octets().len() < 450_000);
    let path = "Return-Path: <carol@mail.example>\r\n";
    assert_eq!(
        taken.octets,
        u64::try_from(path.len() + mail.len()).unwrap()
    );
    let whole = taken.raw.whole().unwrap();
    assert!(whole.octets() == [path, mail.as_str()].concat().as_bytes());
}

/// The same octets for somebody else are another mail: its files, and what became of it, are not those of the first.
#[tokio::test]
async fn a_mail_is_known_again_by_what_it_is_and_by_whom_it_is_for() {
    let mut talk = Talk::greeted().await;
    let mut keys = Vec::new();
    for to in [
        "alice@chat.a.example",
        "bob@chat.a.example",
        "alice@chat.a.example",
    ] {
        talk.begins_a_mail_to(&[to]).await;
        talk.says(MAIL).await;
        talk.hears("250 2.0.0").await;
        keys.push(talk.mails.recv().await.unwrap().key);
    }
    assert_eq!(keys[0], keys[2]);
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn what_is_said_in_one_piece_is_answered_in_order() {
    let mut talk = Talk::new();
    talk.hears("220 ").await;
    let commands = "LHLO mx\r\nMAIL FROM:<c@d.example>\r\nRCPT TO:<nobody@a.example>\r\nRCPT TO:<alice@a.example>\r\n";
    talk.says(format!("{commands}DATA\r\n")).await;
    for _ in 0..6 {
        talk.hears("250").await;
    }
    for code in ["250 2.1.0", "550 5.1.1", "250 2.1.5", "354"] {
        talk.hears(code).await;
    }
    // And the next mail behind the end of the first.
    talk.says(format!(
        "{MAIL}{}DATA\r\n",
        commands.split_once('\n').unwrap().1
    ))
    .await;
    for code in ["250 2.0.0", "250 2.1.0", "550 5.1.1", "250 2.1.5", "354"] {
        talk.hears(code).await;
    }
    talk.says(MAIL).await;
    talk.hears("250 2.0.0").await;
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_a_mail_is_said_to_whom_it_concerns() {
    let mut talk = Talk::greeted().await;
    let conversation = Conversation {
        user: user("bob"),
        contact: BareJid::new("c@mail.a.example").unwrap(),
        is_believed: true,
    };
    let later = Demands::from([(conversation, Demand::default())]);
    for (verdict, replies) in [
        (Some(Verdict::Handled), ["250 2.0.0", "250 2.0.0"]),
        (Some(Verdict::Later(later)), ["250 2.0.0", "450 4.2.1"]),
        (None, ["451 4.3.0", "451 4.3.0"]),
        (Some(Verdict::Left(Left::Nobody)), ["550 5.1.1"; 2]),
        (Some(Verdict::Left(Left::Denied)), ["550 5.7.1"; 2]),
        (Some(Verdict::Left(Left::Unaccepted)), ["450 4.7.1"; 2]),
        (
            Some(Verdict::LeftBy(
                Left::Unaccepted,
                BTreeSet::from([user("bob")]),
            )),
            ["250 2.0.0", "450 4.7.1"],
        ),
        (Some(Verdict::Left(Left::Loop)), ["554 5.4.6"; 2]),
        (Some(Verdict::Left(Left::Forged)), ["550 5.7.1"; 2]),
        (Some(Verdict::Left(Left::Unverified)), ["550 5.7.1"; 2]),
        (Some(Verdict::Left(Left::TooBig)), ["552 5.3.4"; 2]),
        (Some(Verdict::Left(Left::Unreadable)), ["554 5.6.0"; 2]),
        (Some(Verdict::Left(Left::SetAside)), ["554 5.3.0"; 2]),
    ] {
        // One that waits is brought again, and then again by the mail server.
        let is_later = matches!(verdict, Some(Verdict::Later(_)));
        let times = if is_later { 100 } else { 1 };
        let scripted = std::iter::repeat_n(verdict, times);
        *talk.verdicts.lock().unwrap() = scripted.collect();
        talk.begins_a_mail_to(&["alice@a.example", "bob@a.example"])
            .await;
        talk.says(MAIL).await;
        for reply in replies {
            talk.hears(reply).await;
        }
    }
}

/// Its files are put up meanwhile.
#[tokio::test(start_paused = true)]
async fn a_mail_that_waits_for_a_moment_is_brought_again() {
    let mut talk = Talk::greeted().await;
    let later = Some(Verdict::Later(Demands::new()));
    talk.verdicts.lock().unwrap().extend([later.clone(), later]);
    talk.begins_a_mail_to(&["alice@a.example"]).await;
    talk.says(MAIL).await;
    talk.hears("250 2.0.0").await;
    let first = talk.mails.recv().await.unwrap();
    for _ in 0..2 {
        assert_eq!(talk.mails.recv().await.unwrap(), first);
    }
}

#[tokio::test]
async fn without_an_xmpp_server_or_a_directory_nothing_is_taken_for_now() {
    let mut talk = Talk::greeted().await;
    talk.is_online.store(false, Ordering::Relaxed);
    talk.asks("MAIL FROM:<c@d.example>", "451 4.3.2").await;
    talk.is_online.store(true, Ordering::Relaxed);
    talk.asks("MAIL FROM:<c@d.example>", "250").await;
    talk.asks("RCPT TO:<broken@a.example>", "451 4.3.0").await;
}

#[tokio::test]
async fn what_is_not_offered_and_what_is_no_command_is_refused() {
    let mut talk = Talk::new();
    talk.hears("220").await;
    talk.asks("MAIL FROM:<c@d.example>", "503").await;
    talk.asks("EHLO mx", "500 5.5.1").await;
    talk.asks("LHLO mx", "250-").await;
    for _ in 0..5 {
        talk.hears("250").await;
    }
    for (command, code) in [
        ("RCPT TO:<alice@a.example>", "503 5.5.1"),
        ("STARTTLS", "502 5.5.1"),
        ("BDAT 5 LAST", "502 5.5.1"),
        ("VRFY alice", "252 2.0.0"),
        ("HELP", "214 2.0.0"),
        ("NOOP", "250 2.0.0"),
        ("RSET", "250 2.0.0"),
        ("XYZZY", "500 5.5.2"),
        ("MAIL FROM:c@d.example", "501"),
        ("MAIL FROM:<c@d.example> BODY=BINARYMIME", "555 5.5.4"),
        ("MAIL FROM:<c@d.example> X=Y", "555 5.5.4"),
        ("MAIL FROM:<c@d.example> SIZE=1000001", "552 5.3.4"),
        ("MAIL FROM:<c@d.example> SIZE=100000", "250"),
        ("MAIL FROM:<c@d.example>", "503"),
        ("RCPT TO:<>", "501"),
        ("RCPT TO:<alice>", "501 5.1.3"),
        ("RCPT TO:<alice@a.example> NOTIFY=NEVER", "555 5.5.4"),
    ] {
        talk.asks(command, code).await;
    }
    talk.says("NOOP\n").await;
    talk.hears("500 5.5.2").await;
    talk.says([b'x'; 10_000]).await;
    talk.says("\r\n").await;
    talk.hears("500 5.5.6").await;
    talk.asks("NOOP", "250").await;
}

#[tokio::test]
async fn who_guesses_addresses_or_says_nothing_sensible_is_sent_away() {
    for (command, code, count) in [
        ("RCPT TO:<x@a.example>", "550 5.1.1", 20),
        ("XYZZY", "500", 20),
    ] {
        let mut talk = Talk::greeted().await;
        talk.asks("MAIL FROM:<c@d.example>", "250").await;
        for _ in 1..count {
            talk.asks(command, code).await;
        }
        talk.asks(command, "421 4.7.0").await;
        assert_eq!(talk.line().await, "");
    }
}

#[tokio::test]
async fn a_mail_has_so_many_recipients_and_octets() {
    let mut talk = Talk::greeted().await;
    talk.asks("MAIL FROM:<c@d.example>", "250").await;
    for _ in 0..50 {
        talk.asks("RCPT TO:<alice@a.example>", "250").await;
    }
    talk.asks("RCPT TO:<alice@a.example>", "452 4.5.3").await;
    talk.asks("DATA", "354").await;
    talk.says("x".repeat(OCTETS_MAX)).await;
    talk.says("\r\n.\r\n").await;
    for _ in 0..50 {
        talk.hears("552 5.3.4").await;
    }
    assert!(talk.mails.try_recv().is_err());
    talk.begins_a_mail_to(&["alice@a.example"]).await;
    talk.says("x".repeat(OCTETS_MAX - 2)).await;
    talk.says("\r\n.\r\n").await;
    talk.hears("250 2.0.0").await;
}

#[tokio::test]
async fn at_a_stop_a_mail_gets_its_answer_and_who_waits_is_told() {
    let mut talk = Talk::greeted().await;
    talk.begins_a_mail_to(&["alice@a.example"]).await;
    talk.says(MAIL).await;
    talk.hears("250").await;
    talk.stop.cancel();
    talk.hears("421 4.3.2").await;
    assert_eq!(talk.line().await, "");
    talk.server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_is_silent_is_left() {
    let mut talk = Talk::greeted().await;
    talk.hears("421 4.4.2").await;
    let mut talk = Talk::greeted().await;
    talk.begins_a_mail_to(&["alice@a.example"]).await;
    talk.says("Subject: half of a").await;
    talk.hears("421 4.4.2").await;
    assert_eq!(talk.line().await, "");
    assert!(talk.mails.try_recv().is_err());
}

#[tokio::test]
async fn what_mails_have_together_is_limited() {
    let (ask, _asked) = mpsc::channel(1);
    let config = LmtpConfig {
        name: String::new(),
        octets_max: 1024,
        spill_folder: std::env::temp_dir(),
        is_online: Arc::new(|| true),
        asked: ask,
        timings: LmtpTimings::default(),
    };
    let (house, _handed) = house(config);
    let all = u32::try_from(ROOM_KIBIBYTES).unwrap();
    let taken = Arc::clone(&house.room).try_acquire_many_owned(all);
    assert!(taken.is_ok());
    let (client, server) = duplex(1024);
    let mut config = house.config.clone();
    let (ask, mut asked) = mpsc::channel::<RecipientQuery>(1);
    config.asked = ask;
    let house = Arc::new(SessionShared {
        config,
        hand_over: house.hand_over.clone(),
        room: Arc::clone(&house.room),
    });
    tokio::spawn(session::converse(server, house, CancellationToken::new()));
    tokio::spawn(async move {
        while let Some(asked) = asked.recv().await {
            let _ = asked.answer.send(Some(user("alice")));
        }
    });
    let mut client = BufReader::new(client);
    let all =
        format!("LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<alice@a.example>\r\nDATA\r\n{MAIL}QUIT\r\n");
    client.write_all(all.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    let mut line = String::new();
    while client.read_line(&mut line).await.unwrap() > 0 {
        said.push(std::mem::take(&mut line));
    }
    assert!(
        said.iter().any(|line| line.starts_with("452 4.3.1")),
        "{said:?}"
    );
}

/// With the permissions that its group needs, in the place of what a gateway that was killed has left.
#[tokio::test]
async fn a_unix_socket_is_listened_at_and_looked_at() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp.sock");
    let listen = Listen::Unix(path.clone());
    let limit = Duration::from_secs(10);
    assert_eq!(look(&listen, limit).await.unwrap(), Occupant::Free);
    assert!(!path.exists(), "a look leaves nothing");
    drop(LmtpListener::bind(&listen).await.unwrap());
    assert!(path.exists(), "as after a kill");
    let listener = LmtpListener::bind(&listen).await.unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let (ask, _asked) = mpsc::channel(1);
    let config = LmtpConfig {
        name: "mail.a.example".to_owned(),
        octets_max: OCTETS_MAX,
        spill_folder: std::env::temp_dir(),
        is_online: Arc::new(|| true),
        asked: ask,
        timings: LmtpTimings::default(),
    };
    let (batches, _handed) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(run(listener, config, batches, stop.clone()));
    assert_eq!(look(&listen, limit).await.unwrap(), Occupant::Gateway);
    let taken = LmtpListener::bind(&listen).await.unwrap_err().to_string();
    assert!(taken.contains("another gateway answers"), "{taken}");
    stop.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn somebody_else_at_the_place_is_seen() {
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = Listen::Tcp(other.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = other.accept().await {
            let _ = stream.write_all(b"220 mx.example ESMTP\r\n").await;
        }
    });
    let found = look(&listen, Duration::from_secs(10)).await.unwrap();
    let said = "it says “220 mx.example ESMTP”".to_owned();
    assert_eq!(found, Occupant::Other(said));
    let taken = LmtpListener::bind(&listen).await.unwrap_err().to_string();
    assert!(taken.contains("see listen of [lmtp]"), "{taken}");
}
