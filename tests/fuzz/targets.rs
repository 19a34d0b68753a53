//! What is fuzzed: everything that reads octets from outside, and every way there and back. A target fails by panicking.
//!
//! [`TARGETS`] is run for a short time by `tests/fuzz/main.rs` in every test, and for as long as one likes by libFuzzer
//! (`make fuzz`), which finds its own way into the code.

use stanzamail::config::Config;
use stanzamail::core::address::{MailAddress, address_of_node, contact_jid};
use stanzamail::core::context::{Context, Missing, Write};
use stanzamail::core::decide::Decider;
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::decide::inbound::arrived::Arrived;
use stanzamail::core::id::{MessageId, StanzaId, ThreadId};
use stanzamail::core::message::{OutboundMail, Party, Recipient};
use stanzamail::core::record::{Direction, Format, Message, Sent};
use stanzamail::core::rules::Rules;
use stanzamail::core::settings::{Settings, StanzaTrust, Users};
use stanzamail::core::text::clean;
use stanzamail::core::time::Timestamp;
use stanzamail::core::{authentication, carried, from_mail, from_stanza, signature, to_mail, xml};
use stanzamail::inbound::{Batch, RecipientQuery, Verdict};
use stanzamail::lmtp::{self, LmtpConfig};
use stanzamail::smtp::reply::{LINES_MAX, ReplyReader};
use stanzamail::store::spool::Spool;
use stanzamail::xmpp::codec::{Decoder, encode};
use stanzamail::xmpp::guard::XmppGuard;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 16] = [
    ("guard", guard),
    ("stanza", stanza),
    ("from_stanza", from_stanza),
    ("from_mail", from_mail),
    ("to_mail", to_mail),
    ("to_stanza", to_stanza),
    ("address", address),
    ("delivery_report", delivery_report),
    ("disposition_report", disposition_report),
    ("authentication_results", authentication_results),
    ("configuration", configuration),
    ("spool_file", spool_file),
    ("carried", carried),
    ("signature", signature),
    ("smtp_reply", smtp_reply),
    ("lmtp", lmtp),
];

/// Runs one of them.
#[allow(dead_code)] // libFuzzer's binaries do, one each
pub fn run(name: &str, data: &[u8]) {
    if let Some((_, target)) = TARGETS.iter().find(|(one, _)| *one == name) {
        target(data);
    }
}

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn settings() -> &'static Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    SETTINGS.get_or_init(|| {
        let domain = |name: &str| jid::DomainPart::new(name).unwrap().into_owned();
        let rule = (
            "{local}@a.example".to_owned(),
            "{local}@chat.a.example".to_owned(),
        );
        let users = Users {
            domains: vec![domain("a.example")],
            jids: Vec::new(),
            admins: Vec::new(),
        };
        let rules = Rules::new(&[rule]).unwrap();
        let mut settings = Settings::with_defaults(domain("gateway.a.example"), rules, users);
        settings.trust.stanza = StanzaTrust::Off;
        settings
    })
}

fn decided<T>(decide: impl Fn(&Context) -> Result<T, Missing>) -> T {
    decided_with(&[], decide)
}

fn decided_with<T>(rows: &[Write], decide: impl Fn(&Context) -> Result<T, Missing>) -> T {
    let mut context = Context::new();
    context.apply(rows);
    loop {
        match decide(&context) {
            Ok(decision) => return decision,
            Err(Missing(needs)) => needs
                .into_iter()
                .for_each(|need| context.insert(need, None)),
        }
    }
}

/// Whatever is decided can be sent: its stanzas can be written and read again, its mails are mails.
fn can_be_sent(decision: &Decision) {
    for stanza in &decision.stanzas {
        let mut octets = Vec::new();
        if encode(stanza, &mut octets).is_ok() {
            Decoder::default()
                .parse(&octets)
                .expect("what is written can be read");
        }
    }
    for mail in &decision.mails {
        one_mail(&mail.bytes);
    }
}

/// No bare line ends, nothing but one header and one body, and it reads as what it is.
fn one_mail(bytes: &[u8]) {
    for pair in bytes.windows(2) {
        assert!(pair[1] != b'\n' || pair[0] == b'\r', "a bare LF");
        assert!(pair[0] != b'\r' || pair[1] == b'\n', "a bare CR");
    }
    from_mail::read(bytes, &[], false).expect("a mail that can be read");
}

/// The guard cuts out frames, and what it lets through the parser reads or refuses.
fn guard(data: &[u8]) {
    let (mut guard, mut rest, mut decoder) = (XmppGuard::new(), data, Decoder::default());
    while !rest.is_empty() {
        match guard.push(rest) {
            Ok((taken, frame)) => {
                rest = rest.get(taken..).unwrap_or_default();
                if let Some(stanzamail::xmpp::guard::Frame::Element(octets)) = frame {
                    let _ = decoder.parse(&octets);
                } else if taken == 0 {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

/// A stanza that can be read can be written, and is the same again.
fn stanza(data: &[u8]) {
    let Ok(element) = Decoder::default().parse(data) else {
        return;
    };
    let mut octets = Vec::new();
    if encode(&element, &mut octets).is_ok() {
        let again = Decoder::default()
            .parse(&octets)
            .expect("what is written can be read");
        let mut twice = Vec::new();
        encode(&again, &mut twice).expect("what was written once can be written again");
        assert_eq!(octets, twice);
    }
}

fn from_stanza(data: &[u8]) {
    let inner = String::from_utf8_lossy(data);
    for (open, close) in [
        (
            "<message from='alice@a.example/x' to='carol%mail.example@gateway.a.example' id='1'>",
            "</message>",
        ),
        (
            "<presence from='alice@a.example' to='bob\\40b.example@gateway.a.example'>",
            "</presence>",
        ),
        (
            "<iq from='alice@a.example/x' to='gateway.a.example' id='1' type='get'>",
            "</iq>",
        ),
        ("", ""),
    ] {
        let Ok(element) = Decoder::default().parse(format!("{open}{inner}{close}").as_bytes())
        else {
            continue;
        };
        if let Ok(stanza) = from_stanza::read(element) {
            can_be_sent(&decided(|context| {
                Decider::new(settings(), context, NOW).stanza(&stanza)
            }));
        }
    }
}

/// Whatever a report is about, Alice has sent it.
fn from_mail(data: &[u8]) {
    let Ok(mail) = from_mail::read(data, &settings().recipient_headers, false) else {
        return;
    };
    let alice = jid::BareJid::new("alice@a.example").unwrap();
    let arrived = Arrived {
        mail: &mail,
        octets: data.len() as u64,
        over: None,
        bound: Some(&alice),
        waits: None,
        may_be_kept: false,
        own: None,
        files: stanzamail::core::file::Files::Named,
    };
    let delivery = mail.delivery.iter().flat_map(|report| &report.about);
    let disposition = mail.disposition.iter().flat_map(|report| &report.about);
    let sent: Vec<Write> = delivery
        .chain(disposition)
        .map(|id| Write::Message(sent(&alice, id)))
        .collect();
    let decide = |context: &Context| Decider::new(settings(), context, NOW).mail(&arrived);
    let (decision, _) = decided_with(&sent, decide);
    can_be_sent(&decision);
}

fn sent(alice: &jid::BareJid, id: &MessageId) -> Message {
    Message {
        message_id: id.clone(),
        stanza_id: StanzaId::parse("m1").unwrap(),
        user: alice.clone(),
        resource: None,
        contact: MailAddress::parse("carol@mail.example").unwrap(),
        thread: ThreadId::derive(id),
        direction: Direction::Out,
        at: NOW,
        digest: String::new(),
        others: Vec::new(),
        sent: Sent::default(),
        answerable: None,
        within: None,
    }
}

/// Text of a stanza in every field of a mail: none of it becomes a header of its own.
fn to_mail(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let address = |text: &str| MailAddress::parse(text).unwrap();
    let from = Party {
        jid: jid::BareJid::new("alice@a.example").unwrap(),
        mail: address("alice@chat.a.example"),
        name: Some(text.clone()),
        face: None,
    };
    let id = MessageId::parse("1@chat.a.example").unwrap();
    let mut letter = OutboundMail::plain(from, id, text.clone(), clean::for_xml(&text), NOW);
    letter.to.push(Recipient {
        role: stanzamail::core::message::Role::To,
        mail: address("carol@mail.example"),
        name: Some(text.clone()),
    });
    for format in [Format::Mail, Format::Xmpp, Format::Chat] {
        let Ok(bytes) = to_mail::of(format).write(&letter) else {
            continue;
        };
        one_mail(&bytes);
        let mail = from_mail::read(&bytes, &[], false).unwrap();
        assert_eq!(
            mail.from.map(|from| from.address),
            Some(address("alice@chat.a.example"))
        );
        assert_eq!(mail.to.len(), 1);
        assert!(mail.cc.is_empty() && mail.in_reply_to.is_empty() && !mail.several_from);
        assert_eq!(mail.message_id.as_str(), "1@chat.a.example");
    }
}

/// Text of a mail in every field of a stanza: always valid XML.
fn to_stanza(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mail = format!(
        "From: =?utf-8?Q?{}?= <carol@mail.example>\r\nTo: alice@chat.a.example\r\nSubject: {}\r\nMessage-ID: <1@mail.example>\r\n\r\n{text}",
        text.lines().next().unwrap_or_default(),
        text.lines().last().unwrap_or_default()
    );
    from_mail(mail.as_bytes());
}

/// An address that can be a contact is the same address again.
fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = address_of_node(&text);
    if let Ok(address) = MailAddress::parse(&text) {
        let again = MailAddress::parse(&address.to_string()).expect("written as it is read");
        assert_eq!(address, again);
        if let Ok(jid) = contact_jid(&address, &settings().gateway) {
            let node = jid.node().expect("a contact has a node");
            assert_eq!(address_of_node(node.as_str()).as_ref(), Ok(&address));
        }
    }
}

fn delivery_report(data: &[u8]) {
    report("delivery-status", "message/delivery-status", data);
}

fn disposition_report(data: &[u8]) {
    report(
        "disposition-notification",
        "message/disposition-notification",
        data,
    );
}

fn report(kind: &str, media_type: &str, data: &[u8]) {
    let head = format!(
        "From: MAILER-DAEMON@b.example\r\nTo: alice@chat.a.example\r\nMessage-ID: <2@b.example>\r\nIn-Reply-To: <1@chat.a.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n--b\r\n\r\nIt failed.\r\n--b\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    let mail = [head.as_bytes(), data, b"\r\n--b--\r\n"].concat();
    from_mail(&mail);
}

fn authentication_results(data: &[u8]) {
    let _ = authentication::parse(&String::from_utf8_lossy(data));
}

fn configuration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Err(errors) = Config::parse(Path::new("/nowhere/stanzamail.toml"), &text, None) {
        assert!(!errors.to_string().is_empty());
    }
}

fn spool_file(data: &[u8]) {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path();
    let (journal, queue) = (folder.join("journal"), folder.join("queue"));
    std::fs::create_dir_all(&journal).unwrap();
    std::fs::create_dir_all(&queue).unwrap();
    std::fs::write(queue.join("0123456789abcdef0123456789abcdef"), data).unwrap();
    // A segment whose records begin with these octets, and one after it, so that what cannot be read of it is damaged.
    for number in 1..=2 {
        let name = format!("{number:016x}-6d616e7a61747301");
        std::fs::write(journal.join(name), data).unwrap();
    }
    let _ = Spool::look(folder);
    let _ = Spool::look_at_mails(folder);
}

/// What one gateway takes out of a mail, another would take out of what it writes.
fn carried(data: &[u8]) {
    let Ok(root) = xml::read(data) else {
        return;
    };
    let written = xml::write(&root).expect("what was read can be written");
    let again = xml::read(written.as_bytes()).expect("what was written can be read");
    assert_eq!(again, root);
    let _ = carried::read(&root);
}

fn signature(data: &[u8]) {
    let field = String::from_utf8_lossy(data).replace(['\r', '\n'], " ");
    let mail = format!(
        "{}: {field}\r\nFrom: bob@chat.b.example\r\nTo: alice@chat.a.example\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\
         Message-ID: <1@chat.b.example>\r\n\r\nHello\r\n",
        signature::FIELD
    );
    let key = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        .parse()
        .unwrap();
    let mail = from_mail::read(mail.as_bytes(), &[], false).unwrap();
    if let Some(signed) = mail.signature {
        assert!(
            signed.verify(&key, "chat.b.example", NOW).is_err(),
            "nobody has signed this"
        );
    }
}

/// Each reply is within the limits and of one text line for a user; the reader ends or has taken all.
fn smtp_reply(data: &[u8]) {
    let (mut reader, mut rest) = (ReplyReader::default(), data);
    while let Ok((taken, reply)) = reader.push(rest) {
        rest = rest.get(taken..).expect("no more is taken than there is");
        let Some(reply) = reply else {
            assert!(rest.is_empty());
            return;
        };
        assert!(taken > 0 && (1..=LINES_MAX).contains(&reply.lines.len()));
        assert!((200..560).contains(&reply.code));
        let text = reply.to_reply().text;
        assert!(text.chars().count() <= 500 && !text.chars().any(char::is_control));
    }
}

/// Whatever a client says is answered in lines with codes, and only what was asked for with DATA is a mail.
fn lmtp(data: &[u8]) {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
    }
    let (replies, mails) = RUNTIME.with(|runtime| runtime.block_on(lmtp_conversation(data)));
    let replies = String::from_utf8(replies).expect("replies are ASCII");
    for line in replies.lines() {
        let (code, _) = line.split_at_checked(3).expect("a reply has a code");
        assert!(code.bytes().all(|digit| digit.is_ascii_digit()), "{line}");
    }
    let begun = replies.lines().filter(|line| line.starts_with("354"));
    assert!(begun.count() >= mails.len());
    for mail in mails {
        assert!(mail.starts_with(b"Return-Path: <"));
    }
}

async fn lmtp_conversation(data: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (client, server) = tokio::io::duplex(64 * 1024);
    let (ask, mut asked) = mpsc::channel::<RecipientQuery>(1);
    let (batches, mut handed) = mpsc::channel::<Batch>(1);
    let config = LmtpConfig {
        name: "gateway.a.example".to_owned(),
        octets_max: 4096,
        spill_folder: std::env::temp_dir(),
        is_online: Arc::new(|| true),
        asked: ask,
        timings: lmtp::LmtpTimings::default(),
    };
    let serving = lmtp::converse(server, config, batches, Default::default());
    let answering = async {
        while let Some(asked) = asked.recv().await {
            let user = jid::BareJid::new("alice@a.example").unwrap();
            let is_known = asked.address.domain() == "chat.a.example";
            let _ = asked.answer.send(is_known.then_some(user));
        }
    };
    let deciding = async {
        let mut mails = Vec::new();
        while let Some(batch) = handed.recv().await {
            let verdicts = vec![Verdict::Handled; batch.mails.len()];
            mails.extend(
                batch
                    .mails
                    .into_iter()
                    .map(|mail| mail.raw.octets().to_vec()),
            );
            let _ = batch.answer.send(verdicts);
        }
        mails
    };
    let talking = async {
        let (mut reader, mut writer) = tokio::io::split(client);
        let says = async {
            let begin =
                b"LHLO c\r\nMAIL FROM:<c@d.example>\r\nRCPT TO:<alice@chat.a.example>\r\nDATA\r\n";
            let _ = writer.write_all(begin).await;
            let _ = writer.write_all(data).await;
            let _ = writer.shutdown().await;
        };
        let mut replies = Vec::new();
        let (_, read) = tokio::join!(says, reader.read_to_end(&mut replies));
        read.expect("a pipe can be read");
        replies
    };
    let ((), (), mails, replies) = tokio::join!(serving, answering, deciding, talking);
    (replies, mails)
}
